"""Equality, order, membership and arithmetic. What has no value raises NoValue."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any

from engine.errors import N_, Phrase
from engine.feel import temporal
from engine.feel.diagnostics import NoValue, OverBudget
from engine.feel.evaluation import CHARACTERS_A_STEP, ITEMS_A_STEP, LENGTH_LIMIT, check_text, spend
from engine.feel.values import (
    CONTEXT,
    CONTEXT_KIND,
    DATE,
    DATE_TIME,
    DAYS_TIME,
    LIST,
    NUMBER,
    RANGE,
    STRING,
    TIME,
    YEARS_MONTHS,
    FarDate,
    Range,
    arithmetic,
    as_decimal,
    as_index,
    describe,
    kind_of,
    round_int,
    whole,
)
from engine.values import YearsMonths

EXPONENT_LIMIT = 10_000
MONTHS_LIMIT = 10**15
NUMBER_TYPES = frozenset((int, Decimal))
MOMENTS = frozenset((DATE, TIME, DATE_TIME))
DURATIONS = frozenset((DAYS_TIME, YEARS_MONTHS))


def _mismatch(operator: str, left: Any, right: Any) -> NoValue:
    return NoValue("type-mismatch", operator=operator, left=describe(left), right=describe(right))


# ---------------------------------------------------------------- equality and order


def equal(left: Any, right: Any) -> bool:
    """`=`: null equals only null. Raises NoValue for two kinds."""
    if left is None or right is None:
        return left is right
    kind = kind_of(left)
    if kind != kind_of(right):
        raise _mismatch("=", left, right)
    if kind == LIST:
        spend(1 + len(left) // ITEMS_A_STEP)
        return len(left) == len(right) and all(map(same, left, right))
    if kind == CONTEXT_KIND:
        spend(1 + len(left) // ITEMS_A_STEP)
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if kind == RANGE:
        return (
            left.low_closed is right.low_closed
            and left.high_closed is right.high_closed
            and same(left.low, right.low)
            and same(left.high, right.high)
        )
    if kind in (TIME, DATE_TIME):
        return temporal.instant(left) == temporal.instant(right)
    return bool(left == right)


def same(left: Any, right: Any) -> bool:
    """`equal`, and values of two kinds are just not the same."""
    if type(left) is type(right) and type(left) in (int, str, bool):
        return bool(left == right)
    try:
        return equal(left, right)
    except NoValue:
        return False


def key_of(value: Any) -> Any:
    """A hashable key: two values have equal keys when they are the `same`. `1` and `true` differ."""
    kind = kind_of(value)
    match kind:
        case "list":
            spend(1 + len(value) // ITEMS_A_STEP)
            return kind, tuple(map(key_of, value))
        case "range":
            return kind, key_of(value.low), key_of(value.high), value.low_closed, value.high_closed
        case "context":
            spend(1 + len(value) // ITEMS_A_STEP)
            return kind, frozenset((name, key_of(item)) for name, item in value.items())
        case "time" | "date and time":
            return kind, *temporal.instant(value)
        case "function":
            return kind, id(value)
    return kind, value


def not_equal(left: Any, right: Any) -> bool:
    """`!=`."""
    return not equal(left, right)


def _order_keys(operator: str, left: Any, right: Any) -> tuple[Any, Any]:
    kind = kind_of(left)
    if kind == kind_of(right):
        if kind in (NUMBER, STRING, DAYS_TIME, YEARS_MONTHS):
            return left, right
        if kind == DATE:
            if isinstance(left, FarDate) or isinstance(right, FarDate):
                return temporal.day_number(left), temporal.day_number(right)
            return left, right
        if kind in (TIME, DATE_TIME):
            (left_zoned, left_nanos), (right_zoned, right_nanos) = temporal.instant(left), temporal.instant(right)
            if left_zoned == right_zoned:
                return left_nanos, right_nanos
    raise _mismatch(operator, left, right)


def _ordering(symbol: str, compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def operate(left: Any, right: Any) -> bool:
        kind = type(left)
        if kind is type(right) and (kind is int or kind is Decimal or kind is str):
            return compare(left, right)
        return compare(*_order_keys(symbol, left, right))

    return operate


less = _ordering("<", lt)
less_equal = _ordering("<=", le)
greater = _ordering(">", gt)
greater_equal = _ordering(">=", ge)

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": equal,
    "!=": not_equal,
    "<": less,
    "<=": less_equal,
    ">": greater,
    ">=": greater_equal,
}


def between(value: Any, low: Any, high: Any) -> bool | None:
    """`value between low and high`, both included."""
    return conjunction((_attempt(greater_equal, value, low), _attempt(less_equal, value, high)))


def _attempt(operate: Callable[[Any, Any], bool], left: Any, right: Any) -> bool | None:
    try:
        return operate(left, right)
    except NoValue:
        return None


# ---------------------------------------------------------------- membership


def in_range(value: Any, limits: Range) -> bool | None:
    """Whether `value` lies within; null when it cannot be compared."""
    above: bool | None = True
    below: bool | None = True
    if limits.low is not None:
        above = _attempt(greater_equal if limits.low_closed else greater, value, limits.low)
    if limits.high is not None:
        below = _attempt(less_equal if limits.high_closed else less, value, limits.high)
    return conjunction((above, below))


def is_in(value: Any, test: Any) -> bool | None:
    """`value in test`: a range, a list (of ranges and values), or an equal value."""
    if type(test) is Range:
        return same(value, test) if type(value) is Range else in_range(value, test)
    if isinstance(test, list):
        if isinstance(value, list) and same(value, test):
            return True
        spend(len(test) // ITEMS_A_STEP)
        return disjunction(_is_item(value, item) for item in test)
    return equal(value, test)


def _is_item(value: Any, item: Any) -> bool | None:
    if type(item) is Range and type(value) is not Range:
        return in_range(value, item)
    if isinstance(item, list):
        return is_in(value, item)
    return same(value, item)


def conjunction(values: Iterable[bool | None]) -> bool | None:
    """Three-valued and."""
    result: bool | None = True
    for value in values:
        if value is False:
            return False
        if value is not True:
            result = None
    return result


def quantify(every: bool, results: list[Any]) -> bool | None:
    """`every` or `some` over the results of their conditions. Raises NoValue for one that is no boolean."""
    for result in results:
        if result is not None and result is not True and result is not False:
            raise NoValue("not-a-boolean", operator="every" if every else "some", found=describe(result))
    return conjunction(results) if every else disjunction(results)


def disjunction(values: Iterable[bool | None]) -> bool | None:
    """Three-valued or."""
    result: bool | None = False
    for value in values:
        if value is True:
            return True
        if value is not False:
            result = None
    return result


# ---------------------------------------------------------------- arithmetic


def add(left: Any, right: Any) -> Any:
    """`+`: numbers, texts, moments and durations."""
    if type(left) is int and type(right) is int:
        return round_int(left + right)
    if type(left) in NUMBER_TYPES and type(right) in NUMBER_TYPES:
        return arithmetic(CONTEXT.add, left, right)
    kinds = kind_of(left), kind_of(right)
    if kinds == (STRING, STRING):
        length = len(left) + len(right)
        if length >= CHARACTERS_A_STEP:
            check_text(length)
            spend(length // CHARACTERS_A_STEP)
        return left + right
    if kinds[0] in DURATIONS and kinds[1] in MOMENTS:
        return _move(right, left, "+", 1)
    if kinds[0] in MOMENTS and kinds[1] in DURATIONS:
        return _move(left, right, "+", 1)
    if kinds[0] == kinds[1] and kinds[0] in DURATIONS:
        return _add_durations(left, right)
    raise _mismatch("+", left, right)


def _add_durations(left: Any, right: Any) -> Any:
    if isinstance(left, YearsMonths):
        return _months(left.months + right.months)
    return temporal.duration_of_micros(temporal.micros_of(left) + temporal.micros_of(right))


def _months(months: int) -> YearsMonths:
    if abs(months) > MONTHS_LIMIT:
        raise NoValue("out-of-range", what="duration", found=Phrase(N_("more than {limit} months"), limit=MONTHS_LIMIT))
    return YearsMonths(months)


def _move(moment: Any, duration: Any, symbol: str, sign: int) -> Any:
    if isinstance(duration, YearsMonths):
        if kind_of(moment) == TIME:
            raise _mismatch(symbol, moment, duration)
        return temporal.add_months(moment, sign * duration.months)
    return temporal.add_duration(moment, sign * duration)


def subtract(left: Any, right: Any) -> Any:
    """`-`: numbers, durations, a moment and a duration, two moments."""
    if type(left) is int and type(right) is int:
        return round_int(left - right)
    kinds = kind_of(left), kind_of(right)
    if kinds == (NUMBER, NUMBER):
        return arithmetic(CONTEXT.subtract, left, right)
    if kinds[0] in MOMENTS and kinds[1] in DURATIONS:
        return _move(left, right, "-", -1)
    if kinds[0] == kinds[1] and kinds[0] in DURATIONS:
        return _add_durations(left, negate(right))
    if kinds[0] in MOMENTS and kinds[1] in MOMENTS:
        return _difference(left, right, kinds)
    raise _mismatch("-", left, right)


def _difference(left: Any, right: Any, kinds: tuple[str, str]) -> timedelta:
    if kinds == (DATE_TIME, DATE):
        right = _midnight_utc(right)
    elif kinds == (DATE, DATE_TIME):
        left = _midnight_utc(left)
    elif kinds[0] != kinds[1]:
        raise _mismatch("-", left, right)
    result = temporal.difference(left, right)
    if result is None:
        raise _mismatch("-", left, right)
    return result


def _midnight_utc(day: date | FarDate) -> Any:
    return temporal.combine(day, temporal.MIDNIGHT_UTC)


def multiply(left: Any, right: Any) -> Any:
    """`*`: numbers, a number and a duration."""
    if type(left) is int and type(right) is int:
        return round_int(left * right)
    if type(left) in NUMBER_TYPES and type(right) in NUMBER_TYPES:
        return arithmetic(CONTEXT.multiply, left, right)
    kinds = kind_of(left), kind_of(right)
    if kinds[0] == NUMBER and kinds[1] in DURATIONS:
        return _scale(right, CONTEXT.multiply, left)
    if kinds[1] == NUMBER and kinds[0] in DURATIONS:
        return _scale(left, CONTEXT.multiply, right)
    raise _mismatch("*", left, right)


def divide(left: Any, right: Any) -> Any:
    """`/`: numbers, a duration by a number, two durations of one kind."""
    kinds = kind_of(left), kind_of(right)
    if kinds == (NUMBER, NUMBER):
        return quotient(left, right)
    if kinds[0] in DURATIONS and kinds[1] == NUMBER:
        if not right:
            raise NoValue("division-by-zero")
        return _scale(left, CONTEXT.divide, right)
    if kinds[0] == kinds[1] and kinds[0] in DURATIONS:
        return quotient(_size(left), _size(right))
    raise _mismatch("/", left, right)


def quotient(left: int | Decimal, right: int | Decimal) -> Any:
    """The quotient of two numbers, as int when it is whole."""
    if not right:
        raise NoValue("division-by-zero")
    return whole(arithmetic(CONTEXT.divide, left, right))


def _size(duration: Any) -> int:
    return duration.months if isinstance(duration, YearsMonths) else temporal.micros_of(duration)


def _scale(duration: Any, operation: Callable[[Decimal, Decimal], Decimal], number: Any) -> Any:
    size = int(arithmetic(operation, _size(duration), number))
    return _months(size) if isinstance(duration, YearsMonths) else temporal.duration_of_micros(size)


def power(left: Any, right: Any) -> Any:
    """`**`: numbers only."""
    if kind_of(left) != NUMBER or kind_of(right) != NUMBER:
        raise _mismatch("**", left, right)
    if abs(right) > EXPONENT_LIMIT:
        raise OverBudget(N_("as exponent"), EXPONENT_LIMIT)
    if not left and right <= 0:
        if not right:
            return 1
        raise NoValue("division-by-zero")
    return whole(arithmetic(CONTEXT.power, left, right))


def negate(value: Any) -> Any:
    """Unary minus: numbers and durations."""
    kind = kind_of(value)
    if kind == NUMBER:
        return -value if type(value) is int else CONTEXT.minus(as_decimal(value))
    if kind == DAYS_TIME:
        return -value
    if kind == YEARS_MONTHS:
        return YearsMonths(-value.months)
    raise NoValue("operand", operator="-", found=describe(value))


ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "**": power,
}

# ---------------------------------------------------------------- ranges


def make_range(low: Any, high: Any, low_closed: bool, high_closed: bool) -> Range:
    """A bounded range. Raises NoValue when its ends are null or cannot be ordered."""
    if low is None or high is None or kind_of(low) != kind_of(high):
        raise _mismatch("..", low, high)
    less_equal(low, high)
    return Range(low, high, low_closed, high_closed)


def test_as_range(operator: str, value: Any) -> Range:
    """`< 5` as a value: a range with an open end."""
    match operator:
        case "<":
            return Range(None, value, False, False)
        case "<=":
            return Range(None, value, False, True)
        case ">":
            return Range(value, None, False, False)
        case ">=":
            return Range(value, None, True, False)
        case "=":
            return Range(value, value, True, True)
    raise NoValue("operand", operator=operator, found=N_("no left side"))


def expand(low: Any, high: Any) -> list[Any]:
    """Whole numbers or days from `low` to `high`, downwards when `high` is smaller."""
    if kind_of(low) == DATE and kind_of(high) == DATE:
        first, last = temporal.day_number(low), temporal.day_number(high)
        return [temporal.date_of_number(number) for number in _steps(first, last)]
    first_index, last_index = as_index(low), as_index(high)
    if first_index is None or last_index is None:
        raise NoValue("not-a-list", found=f"{describe(low)}..{describe(high)}")
    return list(_steps(first_index, last_index))


def _steps(first: int, last: int) -> range:
    step = 1 if first <= last else -1
    steps = range(first, last + step, step)
    if abs(last - first) >= LENGTH_LIMIT:
        raise OverBudget(N_("items"), LENGTH_LIMIT)
    return steps


def items_of(value: Any) -> list[Any]:
    """What a `for` goes through: a list, a bounded range of whole numbers or days, or the one value."""
    if isinstance(value, list):
        return value
    if type(value) is Range:
        items = expand(value.low, value.high)
        return items[0 if value.low_closed else 1 : None if value.high_closed else -1]
    if value is None:
        raise NoValue("not-a-list", found="null")
    return [value]
