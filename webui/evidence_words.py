"""Evidence as it leaves the product: what it holds as a code or template stands there in both languages too."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from engine import reasons
from webui import errors, languages, route


def worded(document: dict[str, Any]) -> dict[str, Any]:
    """The same document; why somebody was asked and what the proof found have `zh` and `en` beside them."""
    definition = document["definition"]
    findings = [one | in_each(partial(errors.say_stored, one["text"], one["facts"])) for one in definition["findings"]]
    return document | {
        "definition": definition | {"findings": findings},
        "decisions": [one | {"because": _because(one["because"])} for one in document["decisions"]],
    }  # fmt: skip


def in_each(say: Callable[[], str]) -> dict[str, str]:
    """What pages say, by language."""
    told = {}
    for language in languages.LANGUAGES:
        with languages.speaking(language):
            told[language] = say()
    return told


def _because(told: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if told is None:
        return None
    return {**told, **in_each(partial(route.because, reasons.Reason(told["code"], told["values"])))}
