"""Blueprints of the API: numbers of a JSON body stay exact, what cannot be read is refused like any other input."""

import re
from collections.abc import Iterator
from typing import Any, NoReturn

from flask import Request
from flask_babel import gettext
from flask_smorest import Blueprint as OfSmorest
from marshmallow import ValidationError, missing
from webargs.flaskparser import FlaskParser

from engine.errors import N_, EngineError, InvalidValue
from engine.values import from_json

SAID = (
    N_("Missing data for required field."), N_("Unknown field."), N_("Field may not be null."), N_("Invalid value."),
    N_("Invalid input type."), N_("Invalid type."), N_("Invalid input."), N_("Not a valid string."),
    N_("Not a valid utf-8 string."), N_("Not a valid integer."), N_("Not a valid number."), N_("Number too large."),
    N_("Special numeric values (nan or infinity) are not permitted."), N_("Not a valid boolean."),
    N_("Not a valid UUID."), N_("Not a valid list."), N_("Not a valid mapping type."), N_("Not a valid datetime."),
    N_("Not a valid aware datetime."), N_("Not a valid date."), N_("Not a valid time."),
    N_("Not a valid email address."), N_("Must be one of: {choices}."),
    N_("Must be greater than or equal to {min} and less than or equal to {max}."),
    N_("Must be greater than or equal to {min}."), N_("Must be less than or equal to {max}."),
    N_("Shorter than minimum length {min}."), N_("Longer than maximum length {max}."),
    N_("Length must be between {min} and {max}."), N_("Length must be {equal}."),
)  # fmt: skip
"""what marshmallow says, in its words; what stands in braces is filled in there, the longer ones first"""
_PATTERNS = [
    (text, re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.*)", re.escape(text)), re.DOTALL))
    for text in SAID
    if "{" in text
]


class NotAsDescribed(EngineError):
    """A request that is not of the shape that its address takes. `errors`: field -> what is wrong with it."""

    message = N_("Expected what this address takes, found something else in: {fields}.")
    hint = N_("What it takes is described in /api/v1/openapi.json.")
    status = 422

    def __init__(self, errors: dict[str, list[str]]) -> None:
        self.errors = errors
        super().__init__(fields=", ".join(errors))


class ExactParser(FlaskParser):
    """Reads decimals as decimals."""

    def _raw_load_json(self, req: Request) -> Any:
        body = req.get_data(cache=True)
        if not req.is_json or not body:
            return missing
        try:
            return from_json(body)
        except (ValueError, RecursionError):
            raise InvalidValue(expected=N_("a JSON document"), found=N_("something else")) from None

    def handle_error(self, error: ValidationError, *_: Any, **__: Any) -> NoReturn:
        found = (line for told in error.messages_dict.values() for line in _told("", told))
        raise NotAsDescribed({name: [said(text) for text in texts] for name, texts in found}) from None


def said(text: str) -> str:
    """What marshmallow says, in the reader's language."""
    for template, pattern in _PATTERNS:
        if found := pattern.fullmatch(text):
            return str(gettext(template)).format(**found.groupdict())
    return str(gettext(text))


def _told(name: str, found: Any) -> Iterator[tuple[str, list[str]]]:
    """(field, texts) of what a schema says; fields of fields after a dot."""
    if not isinstance(found, dict):
        yield name, [str(text) for text in found]
        return
    for key, inner in found.items():
        yield from _told(f"{name}.{key}".lstrip(".") if key != "_schema" else name, inner)


class Blueprint(OfSmorest):
    """One group of addresses."""

    ARGUMENTS_PARSER = ExactParser()
