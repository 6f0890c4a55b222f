"""Functions of Camunda 8 that are not in DMN: drawings made there use them."""

import base64
import json
from decimal import Decimal
from typing import Any

from engine.errors import N_
from engine.feel.builtins.patterns import pattern_for
from engine.feel.builtins.registry import builtin
from engine.feel.diagnostics import NoValue
from engine.feel.values import Pieces, describe, kind_of, number_text, text_of


@builtin("is defined(value: any) -> boolean", extra=True)
def is_defined(value: Any) -> bool:
    """Whether it is not null."""
    return value is not None


@builtin("get or else(value: any, default: any) -> any", extra=True)
def get_or_else(value: Any, default: Any) -> Any:
    """The default for null."""
    return default if value is None else value


@builtin("assert(value: any, condition: any, cause: string?) -> type of value", extra=True)
def assertion(value: Any, condition: Any, cause: str = "") -> Any:
    """The value when the condition is true."""
    if condition is not True:
        raise NoValue("assertion", cause=cause)
    return value


@builtin("is blank(string: string) -> boolean", extra=True)
def is_blank(text: str) -> bool:
    """Only white space."""
    return not text.strip()


@builtin("trim(string: string) -> string", extra=True)
def trim(text: str) -> str:
    """Without white space at both ends."""
    return text.strip()


@builtin("extract(string: string, pattern: string) -> list<string>", extra=True)
def extract(text: str, pattern: str) -> list[str]:
    """All matches."""
    return [match[0] for match in pattern_for(text, pattern).finditer(text)]


@builtin("to base64(value: string) -> string", extra=True)
def to_base64(text: str) -> str:
    """Of its UTF-8."""
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


@builtin("to json(value: any) -> string", extra=True)
def to_json(value: Any) -> str:
    """Numbers keep all their digits; dates, times and durations become texts. Null for functions and ranges."""
    pieces = Pieces()
    _write_json(value, pieces)
    return "".join(pieces)


def _write_json(value: Any, pieces: Pieces) -> None:
    match kind_of(value):
        case "null" | "boolean" | "string":
            pieces.add(json.dumps(value, ensure_ascii=False))
        case "number":
            pieces.add(number_text(value))
        case "list":
            pieces.add("[")
            for number, item in enumerate(value):
                pieces.add("," if number else "")
                _write_json(item, pieces)
            pieces.add("]")
        case "context":
            pieces.add("{")
            for number, (key, item) in enumerate(value.items()):
                pieces.add(f"{',' if number else ''}{json.dumps(key, ensure_ascii=False)}:")
                _write_json(item, pieces)
            pieces.add("}")
        case "function" | "range":
            raise NoValue(
                "bad-argument", function="to json", parameter="value", expected=N_("data"), found=describe(value)
            )
        case _:
            pieces.add(json.dumps(text_of(value)))


@builtin("from json(value: string) -> any", extra=True)
def from_json(text: str) -> Any:
    """Null for what is not JSON."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise NoValue("invalid-literal", function="from json", found=text[:40]) from None


def _refuse(name: str) -> None:
    raise ValueError(name)
