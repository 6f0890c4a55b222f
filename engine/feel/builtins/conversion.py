"""Functions that make one kind of value of another."""

import re
from datetime import timedelta
from typing import Any

from engine.feel import nodes as n
from engine.feel import operators, temporal
from engine.feel.builtins.registry import builtin
from engine.feel.diagnostics import FeelSyntaxError, NoValue
from engine.feel.parser import parse, read_number
from engine.feel.values import Range, as_index, kind_of, text_of, whole

_NUMBER = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def _unreadable(function: str, text: Any) -> NoValue:
    return NoValue("invalid-literal", function=function, found=str(text)[:40])


@builtin("number(from: string) -> number")
def number(text: str) -> Any:
    """`-1.5e3`; null for anything else."""
    if _NUMBER.fullmatch(text) is None:
        raise _unreadable("number", text)
    value = read_number(text.lstrip("-"))
    if value is None:
        raise _unreadable("number", text)
    return operators.negate(value) if text.startswith("-") else value


@builtin("number(from: string, grouping separator: string|null, decimal separator: string|null) -> number")
def number_with_separators(text: str, grouping: str | None, point: str | None) -> Any:
    """Grouping is a space, comma or period; the decimal separator a comma or period, another one."""
    if grouping not in (None, " ", ",", ".") or point not in (None, ",", ".") or (grouping and grouping == point):
        raise _unreadable("number", text)
    if grouping:
        text = text.replace(grouping, "")
    return number(text.replace(point, ".") if point else text)


@builtin("number(from: number) -> number")
def number_of_number(value: Any) -> Any:
    """As it is."""
    return value


@builtin("string(from: any) -> string")
def string(value: Any) -> str | None:
    """Null for null."""
    return None if value is None else text_of(value)


# ---------------------------------------------------------------- dates and times


@builtin("date(from: string) -> date")
def date_of_text(text: str) -> Any:
    """`2026-01-31`."""
    day = temporal.read_date(text)
    if day is None:
        raise _unreadable("date", text)
    return day


@builtin("date(from: moment) -> date")
def date_of_moment(value: Any) -> Any:
    """The date of a date and time."""
    return temporal.date_part(value)


@builtin("date(year: number, month: number, day: number) -> date")
def date_of_parts(year: Any, month: Any, day: Any) -> Any:
    """Null when there is no such day."""
    parts = [as_index(part) for part in (year, month, day)]
    made = temporal.make_date(*parts) if None not in parts else None  # type: ignore[arg-type]
    if made is None:
        raise NoValue("out-of-range", what="date", found=f"{text_of(year)}-{text_of(month)}-{text_of(day)}")
    return made


@builtin("date and time(from: string) -> date and time")
def date_time_of_text(text: str) -> Any:
    """`2026-01-31T10:00:00@Asia/Shanghai`."""
    value = temporal.read_date_time(text)
    if value is None:
        raise _unreadable("date and time", text)
    return value


@builtin("date and time(date: moment, time: time) -> date and time")
def date_time_of_parts(day: Any, clock: Any) -> Any:
    """The date of the first, the time and zone of the second."""
    return temporal.combine(temporal.date_part(day), clock)


@builtin("date and time(from: date and time, timezone: string) -> date and time")
def date_time_in_zone(moment: Any, name: str) -> Any:
    """The same instant in another zone."""
    zone = temporal.read_zone(name)
    if zone is None or getattr(moment, "tzinfo", None) is None:
        raise _unreadable("date and time", name)
    return moment.astimezone(zone)


@builtin(
    "date and time(year: number, month: number, day: number, hour: number, minute: number, second: number,"
    " offset: days and time duration|null?) -> date and time"
)
def date_time_of_numbers(
    year: Any, month: Any, day: Any, hour: Any, minute: Any, second: Any, offset: timedelta | None = None
) -> Any:
    """With an offset from UTC, or local."""
    return temporal.combine(date_of_parts(year, month, day), time_of_numbers(hour, minute, second, offset))


@builtin(
    "date and time(year: number, month: number, day: number, hour: number, minute: number, second: number,"
    " timezone: string) -> date and time"
)
def date_time_of_numbers_in_zone(
    year: Any, month: Any, day: Any, hour: Any, minute: Any, second: Any, name: str
) -> Any:
    """With the id of a zone."""
    zone = temporal.read_zone(name)
    if zone is None:
        raise _unreadable("date and time", name)
    clock = time_of_numbers(hour, minute, second, None)
    return temporal.combine(date_of_parts(year, month, day), clock.replace(tzinfo=zone))


@builtin("time(from: string) -> time")
def time_of_text(text: str) -> Any:
    """`10:00:00+08:00`."""
    clock = temporal.read_time(text.removeprefix("T"))
    if clock is None:
        raise _unreadable("time", text)
    return clock


@builtin("time(from: temporal) -> time")
def time_of_moment(value: Any) -> Any:
    """The time of a date and time; midnight in UTC for a date."""
    kind = kind_of(value)
    if kind == "date":
        return temporal.MIDNIGHT_UTC
    return value if kind == "time" else temporal.time_part(value)


@builtin("time(hour: number, minute: number, second: number, offset: days and time duration|null?) -> time")
def time_of_numbers(hour: Any, minute: Any, second: Any, offset: timedelta | None = None) -> Any:
    """Null when there is no such time."""
    clock = temporal.make_time(as_index(hour), as_index(minute), second, offset)
    if clock is None:
        raise NoValue("out-of-range", what="time", found=f"{text_of(hour)}:{text_of(minute)}:{text_of(second)}")
    return clock


@builtin("duration(from: string) -> any")
def duration(text: str) -> Any:
    """`P1DT2H` or `P1Y2M`."""
    value = temporal.read_duration(text)
    if value is None:
        raise _unreadable("duration", text)
    return value


@builtin("duration(from: duration) -> type of from")
def duration_of_duration(value: Any) -> Any:
    """As it is."""
    return value


@builtin("years and months duration(from: moment, to: moment) -> years and months duration")
def years_and_months(start: Any, end: Any) -> Any:
    """Whole months between two dates."""
    return temporal.months_between(start, end)


# ---------------------------------------------------------------- ranges

_LITERAL_FUNCTIONS = {
    "date": temporal.read_date,
    "time": temporal.read_time,
    "date and time": temporal.read_date_time,
    "duration": temporal.read_duration,
}


@builtin("range(from: string) -> range")
def range_of_text(text: str) -> Range:
    """`[1..5)`: both ends literals of one kind, in order; one end may be left out if it is open."""
    text = text.strip()
    opening, body, closing = text[:1], text[1:-1], text[-1:]
    low_text, dots, high_text = body.partition("..")
    if not dots or opening not in tuple("[(]") or closing not in tuple("])["):
        raise _unreadable("range", text)
    low_closed, high_closed = opening == "[", closing == "]"
    low, high = _end(low_text, text), _end(high_text, text)
    if (low is None and high is None) or (low is None and low_closed) or (high is None and high_closed):
        raise _unreadable("range", text)
    if low is not None and high is not None and not operators.less_equal(low, high):
        raise _unreadable("range", text)
    return Range(low, high, low_closed, high_closed)


def _end(part: str, text: str) -> Any:
    """The value of a literal, None for nothing at all. Raises NoValue for anything else."""
    if not part.strip():
        return None
    try:
        tree = parse(part, _LITERAL_FUNCTIONS, False)
    except FeelSyntaxError:
        raise _unreadable("range", text) from None
    value = constant(tree)
    if value is None:
        raise _unreadable("range", text)
    return whole(value) if kind_of(value) == "number" and not isinstance(value, int) else value


def constant(tree: n.Node) -> Any:
    """The value of a literal, a negative number, or one of `date("...")` and its like; None for any other text."""
    if isinstance(tree, n.Literal):
        return tree.value
    if isinstance(tree, n.Negate) and isinstance(tree.operand, n.Literal):
        return operators.negate(tree.operand.value)
    if isinstance(tree, n.Call) and isinstance(tree.function, n.Name) and tree.function.name in _LITERAL_FUNCTIONS:
        argument = tree.arguments[0] if len(tree.arguments) == 1 else None
        if isinstance(argument, n.Literal) and isinstance(argument.value, str):
            return _LITERAL_FUNCTIONS[tree.function.name](argument.value)
    return None
