"""The values of FEEL in Python: kinds, numbers of 34 digits, ranges, functions, dates beyond the calendar of Python."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from typing import Any

from engine.feel.diagnostics import NoValue
from engine.feel.evaluation import check_text
from engine.feel.nanoseconds import NanoDateTime, NanoTime, nanos_of
from engine.values import YearsMonths, duration_text

DIGITS = 34
CONTEXT = Context(
    prec=DIGITS, rounding=ROUND_HALF_EVEN, Emin=-6143, Emax=6144, traps=[InvalidOperation, DivisionByZero, Overflow]
)
"""IEEE decimal128 (DMN 1.5, 10.3.2.3.1). Never the context of the thread: every operation names this one."""
INT_LIMIT = 10**DIGITS

NUMBER, STRING, BOOLEAN, NULL = "number", "string", "boolean", "null"
DATE, TIME, DATE_TIME = "date", "time", "date and time"
DAYS_TIME, YEARS_MONTHS = "days and time duration", "years and months duration"
LIST, CONTEXT_KIND, RANGE, FUNCTION = "list", "context", "range", "function"


@dataclass(frozen=True, slots=True)
class FarDate:
    """A date before year 1 or after year 9999 (proleptic Gregorian, year 0 exists)."""

    year: int
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class FarDateTime:
    """A date and time whose date is a FarDate."""

    date: FarDate
    time: time


@dataclass(frozen=True, slots=True)
class Range:
    """`[low..high]` and its open forms; an end of None is unbounded, as in `< 5`."""

    low: Any
    high: Any
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True, eq=False, slots=True)
class Function:
    """Something that can be called. `call(arguments, run)`: arguments in the order of `parameters`."""

    name: str
    parameters: tuple[str, ...]
    call: Callable[[Sequence[Any], Any], Any]
    types: tuple[Any, ...] = ()
    result: Any = None
    variadic: bool = False


_KINDS: dict[type, str] = {
    type(None): NULL,
    bool: BOOLEAN,
    int: NUMBER,
    Decimal: NUMBER,
    str: STRING,
    date: DATE,
    FarDate: DATE,
    time: TIME,
    NanoTime: TIME,
    datetime: DATE_TIME,
    NanoDateTime: DATE_TIME,
    FarDateTime: DATE_TIME,
    timedelta: DAYS_TIME,
    YearsMonths: YEARS_MONTHS,
    list: LIST,
    dict: CONTEXT_KIND,
    Range: RANGE,
    Function: FUNCTION,
}


def kind_of(value: Any) -> str:
    """The FEEL kind of `value`, "null" for None."""
    kind = _KINDS.get(type(value))
    return kind if kind is not None else _kind_of_subclass(value)


def _kind_of_subclass(value: Any) -> str:
    for base in type(value).__mro__:
        if base in _KINDS:
            return _KINDS[base]
    if isinstance(value, Mapping):
        return CONTEXT_KIND
    if hasattr(value, "parameters") and callable(getattr(value, "call", None)):
        return FUNCTION
    return "unknown"


def from_outside(value: Any) -> Any:
    """A float as the number that its text says; NaN and infinities are null; anything else as it is."""
    number = Decimal(repr(value))
    return number if number.is_finite() else None


# ---------------------------------------------------------------- numbers


def whole(number: Decimal) -> Any:
    """`number` as int when it is integral and short enough, so that the next operation is fast."""
    if number.is_finite() and number == number.to_integral_value() and -INT_LIMIT < number < INT_LIMIT:
        return int(number)
    return number


def round_int(number: int) -> Any:
    """An int result beyond 34 digits, rounded to 34."""
    if -INT_LIMIT < number < INT_LIMIT:
        return number
    return CONTEXT.plus(Decimal(number))


def as_decimal(number: int | Decimal) -> Decimal:
    """For the methods of the context."""
    return number if type(number) is Decimal else Decimal(number)


def arithmetic(operation: Callable[[Decimal, Decimal], Decimal], left: Any, right: Any) -> Any:
    """`operation` of the context on two numbers; overflow and the like raise NoValue."""
    try:
        return operation(as_decimal(left), as_decimal(right))
    except DecimalException as error:
        raise NoValue("out-of-range", what="number", found=type(error).__name__) from None


def number_text(number: int | Decimal) -> str:
    """Plain digits, no exponent."""
    return format(number, "f") if type(number) is Decimal else str(int(number))


def as_index(number: Any) -> int | None:
    """A number that is whole, as int; None for anything else."""
    if type(number) is int:
        return number
    if type(number) is Decimal and number == number.to_integral_value() and abs(number) < INT_LIMIT:
        return int(number)
    return None


def describe(value: Any) -> str:
    """A short text for diagnostics: the kind, and the value when it is short and simple."""
    kind = kind_of(value)
    if kind == NUMBER and abs(value) >= INT_LIMIT:
        return f"{kind} {CONTEXT.plus(as_decimal(value))}"
    if kind in (NUMBER, BOOLEAN):
        return f"{kind} {text_of(value)}"
    if kind == STRING and len(value) <= 40:
        return f'{kind} "{value}"'
    return kind


# ---------------------------------------------------------------- text


def text_of(value: Any) -> str:
    """As the function `string` writes it: bare at the top, quoted inside of lists and contexts. Raises OverBudget."""
    if isinstance(value, str):
        return value
    parts = Pieces()
    _write(value, parts)
    return "".join(parts)


class Pieces(list[str]):
    """The pieces of a text that is not yet too long."""

    length = 0

    def add(self, part: str) -> None:
        """One more piece. Raises OverBudget."""
        self.length += len(part)
        check_text(self.length)
        self.append(part)


def _write(value: Any, parts: Pieces) -> None:
    match kind_of(value):
        case "list":
            parts.add("[")
            for number, item in enumerate(value):
                if number:
                    parts.add(", ")
                _write(item, parts)
            parts.add("]")
        case "context":
            parts.add("{")
            for number, (key, item) in enumerate(value.items()):
                parts.add(f"{', ' if number else ''}{_key_text(key)}: ")
                _write(item, parts)
            parts.add("}")
        case _:
            parts.add(_simple_text(value))


def _simple_text(value: Any) -> str:
    match kind_of(value):
        case "null":
            return "null"
        case "boolean":
            return "true" if value else "false"
        case "number":
            return number_text(value)
        case "string":
            return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
        case "range":
            return _range_text(value)
        case "function":
            return f"function({', '.join(value.parameters)})"
        case "days and time duration":
            return duration_text(value)
        case "years and months duration":
            return str(value)
    return moment_text(value)


def _key_text(key: str) -> str:
    return key if all(part.isidentifier() for part in key.split(" ")) else '"' + key.replace('"', '\\"') + '"'


def _range_text(value: Range) -> str:
    if value.low is None and value.high is not None:
        return f"{'<=' if value.high_closed else '<'} {_simple_text(value.high)}"
    if value.high is None and value.low is not None:
        return f"{'>=' if value.low_closed else '>'} {_simple_text(value.low)}"
    return (
        f"{'[' if value.low_closed else '('}{_simple_text(value.low)}.."
        f"{_simple_text(value.high)}{']' if value.high_closed else ')'}"
    )


def moment_text(value: Any) -> str:
    """ISO 8601 for dates, times and dates with times; a zone id after `@`."""
    if isinstance(value, datetime):
        return f"{value.date().isoformat()}T{_clock_text(value.timetz())}"
    if isinstance(value, time):
        return _clock_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, FarDateTime):
        return f"{moment_text(value.date)}T{_clock_text(value.time)}"
    if isinstance(value, FarDate):
        return f"{'-' if value.year < 0 else ''}{abs(value.year):04d}-{value.month:02d}-{value.day:02d}"
    return str(value)


def _clock_text(value: time) -> str:
    text = f"{value.hour:02d}:{value.minute:02d}:{value.second:02d}"
    fraction = value.microsecond * 1_000 + nanos_of(value)
    if fraction:
        text += f".{fraction:09d}".rstrip("0")
    zone = value.tzinfo
    if zone is None:
        return text
    name = getattr(zone, "key", None)
    if name is not None:
        return f"{text}@{name}"
    offset = zone.utcoffset(None)
    return text + offset_text(offset if offset is not None else timedelta())


def offset_text(offset: timedelta) -> str:
    """`Z`, `+08:00` or `-01:30:15`."""
    if not offset:
        return "Z"
    sign = "-" if offset < timedelta() else "+"
    seconds = abs(offset.days * 86_400 + offset.seconds)
    text = f"{sign}{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"
    return f"{text}:{seconds % 60:02d}" if seconds % 60 else text
