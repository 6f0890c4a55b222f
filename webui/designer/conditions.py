"""Conditions as rows of field, comparison and value: from FEEL, to FEEL, and in words.

What people can build here is shown as rows whoever wrote it; anything else stays text.
"""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from flask_babel import gettext

from engine import feel
from engine.bpmn import outline

OPERATORS = {"=": "=", "!=": "≠", ">": ">", ">=": "≥", "<": "<", "<=": "≤"}
"""FEEL and how it is shown."""
ROWS = 3
"""rows that the page offers"""

_ROW = re.compile(
    r"""\s*(?P<name>[^\W\d][\w.]*)\s*(?P<operator>!=|>=|<=|=|>|<)\s*
    (?:"(?P<text>(?:[^"\\]|\\.)*)"|(?P<number>-?\d+(?:\.\d+)?)|(?P<flag>true|false)|date\("(?P<date>[\d-]+)"\))\s*""",
    re.VERBOSE,
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Row:
    """`field` `operator` `value`; the value as people type it."""

    field: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Field:
    """What a condition may ask about. `type`: as FEEL calls it; `options`: value -> words."""

    key: str
    label: str
    type: str
    options: dict[str, str]


def rows_of(text: str | None) -> list[Row] | None:
    """The rows of a condition; None when it says more than rows can."""
    rest = (text or "").strip().removeprefix("=")
    found: list[Row] = []
    while rest.strip():
        match = _ROW.match(rest)
        if match is None:
            return None
        value = next(match[name] for name in ("text", "number", "flag", "date") if match[name] is not None)
        if match["text"] is not None:
            value = feel.unescape(value)
        found.append(Row(match["name"], match["operator"], value))
        rest = rest[match.end() :]
        if rest and not rest.startswith("and "):
            return None
        rest = rest.removeprefix("and ")
        if not rest.strip() and text is not None and text.rstrip().endswith("and"):
            return None
    return found


def feel_of(rows: list[Row], fields: dict[str, Field]) -> str:
    """The rows as FEEL, each value written as the type of its field asks for."""
    parts = [f"{row.field} {row.operator} {_literal(row, fields.get(row.field))}" for row in rows]
    return f"= {' and '.join(parts)}" if parts else ""


def same(text: str, stored: str) -> bool:
    """Whether two conditions say the same in rows, whatever spaces they are written with."""
    return text == stored or (rows_of(text) is not None and rows_of(text) == rows_of(stored) and bool(stored.strip()))


def words_of(text: str | None, fields: dict[str, Field], names: dict[str, str]) -> str:
    """A condition as people say it. `names`: of elements, for outcomes of approvals."""
    outcome = outline.verdict(text)
    if outcome is not None:
        said = gettext("agreed") if outcome[1] == "agree" else gettext("rejected")
        return f"{names.get(outcome[0], outcome[0])} {said}"
    rows = rows_of(text)
    if not rows:
        return (text or "").strip().removeprefix("=").strip()
    return f" {gettext('and')} ".join(_said(row, fields.get(row.field)) for row in rows)


def _said(row: Row, field: Field | None) -> str:
    flags = {"true": gettext("yes"), "false": gettext("no")}
    value = field.options.get(row.value, row.value) if field is not None else row.value
    return f"{field.label if field else row.field} {OPERATORS[row.operator]} {flags.get(value, value)}"


def _literal(row: Row, field: Field | None) -> str:
    value, kind = row.value.strip(), field.type if field is not None else ""
    if kind == "number" or (not kind and _is_number(value)):
        return value if _is_number(value) else feel.quoted(value)
    if kind == "boolean" or (not kind and value in ("true", "false")):
        return value if value in ("true", "false") else feel.quoted(value)
    if kind == "date" and _DATE.fullmatch(value):
        return f'date("{value}")'
    return feel.quoted(value)


def _is_number(value: str) -> bool:
    try:
        return Decimal(value).is_finite() and "e" not in value.lower() and not value.startswith("+")
    except InvalidOperation:
        return False
