"""A decision over many rows of data: what each row gives, which rules it hits, and which rules no row hits."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.dmn import model as m
from engine.dmn.evaluation import DecisionFailed, decide
from engine.dmn.inputs import Field, below, inputs
from engine.dmn.program import expressions_in
from engine.errors import N_, EngineError
from engine.feel import FeelSyntaxError, evaluate, operators
from engine.feel.temporal import read_date, read_date_time, read_duration, read_time
from engine.feel.values import describe, text_of
from engine.values import YearsMonths

ROWS_LIMIT = 100_000
COLUMNS_LIMIT = 200
CELL_LIMIT = 10_000
"""characters"""
EXPECTED = "expected"
"""Heading of a column that holds the result that a row should have; `expected.x` for one of several outputs.

A row whose cell is empty expects nothing; `=null` expects null."""
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_YES = frozenset(("true", "yes", "y", "是", "真"))
_NO = frozenset(("false", "no", "n", "否", "假"))


class DataTooBig(EngineError):
    """More rows, columns or characters than one simulation takes."""

    message = N_("Expected at most {limit} {what}, found more.")
    hint = N_("Split the file and simulate the parts one by one.")
    status = 413


class NoColumn(EngineError):
    """Not a single column of the data belongs to an input."""

    message = N_("Expected columns named {expected}, found {found}.")
    hint = N_("The first row holds the names of the inputs.")
    status = 422


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row has no result, or not the expected one; `facts` fill `message`."""

    message: str
    facts: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message.format(**self.facts)


@dataclass(frozen=True, slots=True)
class Row:
    """`number`: that of the line in the file, headings are line 1. `rules`: (table id, number from 1) in order.

    `passed`: None without an expected result.
    """

    number: int
    value: Any
    rules: tuple[tuple[str, int], ...] = ()
    problems: tuple[Problem, ...] = ()
    passed: bool | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many rows hit a rule. `owner`: the decision of its table."""

    table: str
    owner: str
    rule: str
    number: int
    hits: int


@dataclass(frozen=True, slots=True)
class Simulation:
    """`used`: headings that are inputs; `missing`: inputs without a column (null); `ignored`: the other headings."""

    rows: tuple[Row, ...]
    coverage: tuple[Coverage, ...]
    used: tuple[str, ...]
    missing: tuple[str, ...]
    ignored: tuple[str, ...]

    @property
    def failed(self) -> int:
        """Rows with a problem."""
        return sum(bool(row.problems) for row in self.rows)

    @property
    def unhit(self) -> tuple[Coverage, ...]:
        """Rules that no row hit."""
        return tuple(rule for rule in self.coverage if not rule.hits)


def simulate(
    model: m.Model,
    decision: str,
    lines: Iterable[Sequence[Any]],
    *,
    now: datetime | None = None,
    zone: str = "Asia/Shanghai",
    rows_limit: int = ROWS_LIMIT,
    keep_empty: bool = False,
) -> Simulation:
    """`lines`: the headings, then one line for each row; texts are read by the type of their input.

    A heading is the name of an input, its label, or a path into it (`order.amount`). A text that begins with `=` is
    FEEL. Empty lines are left out unless `keep_empty`. Raises DecisionFailed, DataTooBig, NoColumn.
    """
    if not isinstance(model.find(decision), m.Decision | m.Service):
        raise DecisionFailed(decision=decision, reason=N_("there is no such decision"))
    rows = iter(lines)
    heading = [str(cell).strip() if cell is not None else "" for cell in next(rows, ())]
    if len(heading) > COLUMNS_LIMIT:
        raise DataTooBig(limit=COLUMNS_LIMIT, what=N_("columns"))
    wanted = inputs(model, decision)
    columns = _columns(heading, wanted)
    if wanted and not columns:
        found = ", ".join(name for name in heading if name) or "–"
        raise NoColumn(expected=", ".join(of.name for of in wanted), found=found[:CELL_LIMIT])
    expected = {place: name for place, name in enumerate(heading) if name == EXPECTED or name.startswith("expected.")}
    made: list[Row] = []
    for number, line in enumerate(rows, 2):
        if not keep_empty and not any(cell not in (None, "") for cell in line):
            continue
        if len(made) >= rows_limit:
            raise DataTooBig(limit=rows_limit, what=N_("rows"))
        made.append(_row(model, decision, number, line, columns, expected, now, zone))
    given = {of.name for of in columns.values()}
    return Simulation(
        tuple(made),
        tuple(_coverage(model, decision, made)),
        tuple(heading[place] for place in columns),
        tuple(of.name for of in wanted if of.name not in given),
        tuple(name for place, name in enumerate(heading) if name and place not in columns and place not in expected),
    )


def read_value(raw: Any, of: str) -> Any:
    """A cell as a value of a FEEL type; "" for an input without one. Raises ValueError for one that is none.

    Numbers, dates and booleans of a spreadsheet are taken as they are; empty cells are null.
    """
    if raw is None or raw == "":
        return None
    if isinstance(raw, str):
        return _read_text(raw.strip(), of)
    if isinstance(raw, float):
        raw = Decimal(repr(raw))
        raw = int(raw) if raw == raw.to_integral_value() else raw
    if isinstance(raw, datetime) and (of == "date" or (not of and raw.time() == time())):
        raw = raw.date()
    if of == "string" and not isinstance(raw, bool):
        return text_of(raw)
    if not of or describe_type(raw) == of or (of == "date and time" and isinstance(raw, date)):
        return raw
    raise ValueError(of)


def describe_type(value: Any) -> str:
    """The FEEL type of a value."""
    return describe(value).partition(" ")[0] if isinstance(value, int | Decimal | str | bool) else _KINDS[type(value)]


_KINDS: Mapping[type, str] = {
    datetime: "date and time", date: "date", time: "time", timedelta: "days and time duration",
    YearsMonths: "years and months duration",
}  # fmt: skip


def _read_text(text: str, of: str) -> Any:
    if len(text) > CELL_LIMIT:
        raise ValueError(of)
    if text.startswith("="):
        return _read_feel(text[1:])
    match of:
        case "string":
            return text
        case "number":
            return _read_number(text.replace(",", ""))
        case "boolean":
            return _read_boolean(text)
        case "date":
            return _not_none(read_date("-".join(f"{part:0>2}" for part in text.replace("/", "-").split("-"))), of)
        case "time":
            return _not_none(read_time(text), of)
        case "date and time":
            return _not_none(read_date_time(text.replace(" ", "T")), of)
        case "days and time duration" | "years and months duration":
            return _not_none(read_duration(text), of)
    if _NUMBER.fullmatch(text):
        return _read_number(text)
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return (read_date(text) if _DAY.fullmatch(text) else None) or text


def _read_feel(text: str) -> Any:
    try:
        result = evaluate(text, {})
    except FeelSyntaxError:
        raise ValueError(text) from None
    if result.value is None and result.diagnostics:
        raise ValueError(text)
    return result.value


def _read_number(text: str) -> Any:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if not value.is_finite() or abs(value.adjusted()) > _MOST_DIGITS:
        raise ValueError(text)
    return int(value) if value == value.to_integral_value() else value


_MOST_DIGITS = 300


def _read_boolean(text: str) -> bool:
    word = text.lower()
    if word not in _YES | _NO:
        raise ValueError(text)
    return word in _YES


def _not_none(value: Any, of: str) -> Any:
    if value is None:
        raise ValueError(of)
    return value


def _columns(heading: Sequence[str], wanted: Sequence[Field]) -> dict[int, Field]:
    """Place in the line -> the input that stands there; deeper paths of an input without a type of their own too."""
    by_name = {of.name: of for of in wanted} | {of.label: of for of in wanted if of.label}
    roots = {of.name.partition(".")[0] for of in wanted}
    columns = {}
    for place, name in enumerate(heading):
        of = by_name.get(name)
        if of is None and "." in name and name.partition(".")[0] in roots:
            of = Field(name, "")
        if of is not None:
            columns[place] = of
    return columns


def _row(
    model: m.Model, decision: str, number: int, line: Sequence[Any], columns: Mapping[int, Field],
    expected: Mapping[int, str], now: datetime | None, zone: str,
) -> Row:  # fmt: skip
    given: dict[str, Any] = {}
    problems = []
    for place, of in columns.items():
        raw = line[place] if place < len(line) else None
        try:
            _put(given, of.name, read_value(raw, of.type))
        except ValueError:
            message = N_("{column}: expected {expected}, found {found}.")
            facts = {"column": of.name, "expected": of.type or "FEEL", "found": str(raw)[:200]}
            problems.append(Problem(message, facts))
    if problems:
        return Row(number, None, problems=tuple(problems))
    try:
        decided = decide(model, decision, given, now=now, zone=zone)
    except DecisionFailed as error:
        return Row(number, None, problems=(Problem(error.message, error.facts),))
    rules = tuple((hit.table.id, place) for hit in decided.hits for place in hit.numbers)
    if decided.value is None and not (decided.hits and not decided.hits[-1].numbers):
        problems = [Problem(found.message, found.facts) for found in decided.diagnostics]
    passed, wrong = _compare(decided.value, line, expected)
    return Row(number, decided.value, rules, (*problems, *wrong), passed)


def _compare(value: Any, line: Sequence[Any], expected: Mapping[int, str]) -> tuple[bool | None, list[Problem]]:
    wrong = []
    stated = {place: name for place, name in expected.items() if place < len(line) and line[place] not in (None, "")}
    for place, name in stated.items():
        raw = line[place]
        member = name.partition(".")[2]
        found = value.get(member) if member and isinstance(value, dict) else value
        try:
            wanted = read_value(raw, describe_type(found) if isinstance(found, str | bool | date) else "")
        except ValueError:
            wanted = raw
        if not operators.same(found, wanted):
            message = N_("{column}: expected {expected}, found {found}.")
            facts = {"column": name, "expected": _shown(wanted), "found": _shown(found)}
            wrong.append(Problem(message, facts))
    return (not wrong if stated else None), wrong


def _shown(value: Any) -> str:
    return text_of([value])[1:-1][:200]


def _put(given: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for name in parents:
        inner = given.setdefault(name, {})
        given = inner if isinstance(inner, dict) else {}
    given[last] = value


def _coverage(model: m.Model, decision: str, rows: Sequence[Row]) -> Iterable[Coverage]:
    """Every rule of every table that the decision may come to."""
    hits = Counter(rule for row in rows for rule in set(row.rules))
    element = model.find(decision)
    for found in below(model, element) if element is not None else ():
        for table in expressions_in(found):
            if isinstance(table, m.DecisionTable):
                for number, rule in enumerate(table.rules, 1):
                    yield Coverage(table.id, found.name, rule.id, number, hits[table.id, number])
