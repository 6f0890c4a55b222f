"""What a cell of a decision table says, in words; more than a text, a list of them or a flag stays as FEEL."""

import re
from collections.abc import Mapping

from flask_babel import gettext

_TEXT = r'"(?:[^"\\]|\\.)*"'
_TEXTS = re.compile(rf"\s*{_TEXT}(?:\s*,\s*{_TEXT})*\s*")
_NOT = re.compile(rf"\s*not\s*\(({_TEXTS.pattern})\)\s*")


def test(cell: str, words: Mapping[str, str]) -> str:
    """A condition. `words`: what the texts are called that the input may be."""
    negated = _NOT.fullmatch(cell)
    if negated is not None:
        return gettext("not %(list)s", list=_said(negated[1], words))
    known = {"": gettext("anything"), "-": gettext("anything"), "null": gettext("is empty")}
    return known.get(cell.strip()) or result(cell, words)


def result(cell: str, words: Mapping[str, str]) -> str:
    """A result. `words`: what the texts are called that it may be."""
    flags = {"true": gettext("yes"), "false": gettext("no")}
    return _said(cell, words) if _TEXTS.fullmatch(cell) else flags.get(cell.strip(), cell)


def _said(texts: str, words: Mapping[str, str]) -> str:
    found = [re.sub(r"\\(.)", r"\1", one[1:-1]) for one in re.findall(_TEXT, texts)]
    return ", ".join(words.get(one, one) for one in found)
