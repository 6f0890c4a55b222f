"""Functions on texts. Positions count characters from 1, from the end when negative."""

import re
from typing import Any

from engine.errors import N_
from engine.feel.builtins.patterns import pattern_for
from engine.feel.builtins.registry import builtin
from engine.feel.diagnostics import NoValue
from engine.feel.evaluation import check_text
from engine.feel.values import Pieces, describe


@builtin("substring(string: string, start position: number, length: number?) -> string")
def substring(text: str, start: Any, length: Any = None) -> str:
    """Null for start 0, a start outside, or a length below 1."""
    start = int(start)
    if start == 0 or abs(start) > len(text):
        raise NoValue("out-of-range", what="start position", found=describe(start))
    begin = start - 1 if start > 0 else len(text) + start
    if length is None:
        return text[begin:]
    if length < 1:
        raise NoValue("out-of-range", what="length", found=describe(length))
    return text[begin : begin + int(length)]


@builtin("string length(string: string) -> number")
def string_length(text: str) -> int:
    """Characters, not bytes."""
    return len(text)


@builtin("upper case(string: string) -> string")
def upper_case(text: str) -> str:
    """All letters large."""
    return text.upper()


@builtin("lower case(string: string) -> string")
def lower_case(text: str) -> str:
    """All letters small."""
    return text.lower()


@builtin("substring before(string: string, match: string) -> string")
def substring_before(text: str, match: str) -> str:
    """Empty when `match` does not occur."""
    head, found, _ = text.partition(match) if match else ("", "", "")
    return head if found else ""


@builtin("substring after(string: string, match: string) -> string")
def substring_after(text: str, match: str) -> str:
    """Empty when `match` does not occur; the whole text behind an empty match."""
    return text.partition(match)[2] if match else text


@builtin("contains(string: string, match: string) -> boolean")
def contains(text: str, match: str) -> bool:
    """Whether `match` occurs."""
    return match in text


@builtin("starts with(string: string, match: string) -> boolean")
def starts_with(text: str, match: str) -> bool:
    """Whether it begins so."""
    return text.startswith(match)


@builtin("ends with(string: string, match: string) -> boolean")
def ends_with(text: str, match: str) -> bool:
    """Whether it ends so."""
    return text.endswith(match)


@builtin("matches(input: string, pattern: string, flags: string|null?) -> boolean")
def matches(text: str, pattern: str, flags: str | None = None) -> bool:
    """Whether the pattern of XPath occurs anywhere."""
    return pattern_for(text, pattern, flags or "").search(text) is not None


@builtin("replace(input: string, pattern: string, replacement: string, flags: string|null?) -> string")
def replace(text: str, pattern: str, replacement: str, flags: str | None = None) -> str:
    """Every match replaced; `$1` is a group, `\\$` a dollar. Null when the pattern matches nothing at all."""
    compiled = pattern_for(text, pattern, flags or "")
    if compiled.match("") is not None:
        raise NoValue("invalid-pattern", pattern=pattern[:40], reason=N_("it matches the empty text"))
    template = _replacement(replacement, compiled.groups, pattern)
    pieces = Pieces()
    end = 0
    for match in compiled.finditer(text):
        pieces.add(text[end : match.start()])
        for part in template:
            pieces.add(part if isinstance(part, str) else match[part] or "")
        end = match.end()
    pieces.add(text[end:])
    return "".join(pieces)


def _replacement(text: str, groups: int, pattern: str) -> list[str | int]:
    parts: list[str | int] = []
    for plain, escaped, digits in re.findall(r"([^\\$]+)|\\(.?)|\$(\d*)", text, re.DOTALL):
        if plain:
            parts.append(plain)
        elif digits:
            number = digits
            while len(number) > 1 and int(number) > groups:
                number = number[:-1]
            if int(number) <= groups:
                parts.append(int(number))
            parts.append(digits[len(number) :])
        elif escaped in ("\\", "$") and escaped:
            parts.append(escaped)
        else:
            raise NoValue("invalid-pattern", pattern=pattern[:40], reason=N_("a wrong replacement"))
    return parts


@builtin("split(string: string, delimiter: string) -> list<string>")
def split(text: str, delimiter: str) -> list[str]:
    """The parts between the matches of a pattern."""
    parts, end = [], 0
    for match in pattern_for(text, delimiter).finditer(text):
        if match.end() == match.start():
            continue
        parts.append(text[end : match.start()])
        end = match.end()
    return [*parts, text[end:]]


@builtin("string join(list: list, delimiter: string|null?) -> string")
def string_join(items: list[Any], delimiter: str | None = None) -> str:
    """Nulls are left out."""
    texts = [item for item in items if item is not None]
    for item in texts:
        if not isinstance(item, str):
            raise NoValue(
                "bad-argument", function="string join", parameter="list", expected="string", found=describe(item)
            )
    joined = (delimiter or "").join(texts)
    check_text(len(joined))
    return joined
