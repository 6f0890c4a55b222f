"""Functions on numbers."""

from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
)
from typing import Any

from engine.feel import operators
from engine.feel.builtins.registry import builtin
from engine.feel.diagnostics import NoValue
from engine.feel.values import CONTEXT, DIGITS, arithmetic, as_decimal, as_index, describe, whole
from engine.values import YearsMonths

SCALE_LOW, SCALE_HIGH = -6111, 6176
_WIDE = Context(prec=DIGITS + SCALE_HIGH + 100)


def _round(mode: str) -> Callable[..., Any]:
    def rounded(number: Any, scale: Any = 0) -> Any:
        digits = as_index(scale)
        if digits is None:
            digits = int(scale)
        if not SCALE_LOW <= digits <= SCALE_HIGH:
            raise NoValue("out-of-range", what="scale", found=describe(scale))
        value = as_decimal(number)
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and -exponent <= digits:
            return number
        result = value.quantize(Decimal(1).scaleb(-digits, _WIDE), rounding=mode, context=_WIDE)
        result = CONTEXT.plus(result)
        return whole(result) if digits <= 0 else result

    return rounded


builtin("decimal(n: number, scale: number) -> number")(_round(ROUND_HALF_EVEN))
builtin("floor(n: number, scale: number?) -> number")(_round(ROUND_FLOOR))
builtin("ceiling(n: number, scale: number?) -> number")(_round(ROUND_CEILING))
builtin("round up(n: number, scale: number) -> number")(_round(ROUND_UP))
builtin("round down(n: number, scale: number) -> number")(_round(ROUND_DOWN))
builtin("round half up(n: number, scale: number) -> number")(_round(ROUND_HALF_UP))
builtin("round half down(n: number, scale: number) -> number")(_round(ROUND_HALF_DOWN))


@builtin("abs(n: number) -> number")
def absolute(number: Any) -> Any:
    """Without its sign."""
    return abs(number) if type(number) is int else CONTEXT.abs(as_decimal(number))


@builtin("abs(n: duration) -> type of n")
def absolute_duration(duration: Any) -> Any:
    """Without its sign."""
    return YearsMonths(abs(duration.months)) if isinstance(duration, YearsMonths) else abs(duration)


@builtin("modulo(dividend: number, divisor: number) -> number")
def modulo(dividend: Any, divisor: Any) -> Any:
    """Dividend - divisor * floor(dividend / divisor): the sign of the divisor."""
    if not divisor:
        raise NoValue("division-by-zero")
    if type(dividend) is int and type(divisor) is int:
        return dividend % divisor
    rest = arithmetic(CONTEXT.remainder, dividend, divisor)
    if rest and (rest < 0) != (divisor < 0):
        rest = operators.add(rest, divisor)
    return whole(rest)


@builtin("sqrt(number: number) -> number")
def square_root(number: Any) -> Any:
    """Null for a negative number."""
    if number < 0:
        raise NoValue("out-of-range", what="sqrt", found=describe(number))
    return whole(CONTEXT.sqrt(as_decimal(number)))


@builtin("log(number: number) -> number")
def logarithm(number: Any) -> Any:
    """Natural; null unless positive."""
    if number <= 0:
        raise NoValue("out-of-range", what="log", found=describe(number))
    return whole(CONTEXT.ln(as_decimal(number)))


@builtin("exp(number: number) -> number")
def exponential(number: Any) -> Any:
    """E to this power."""
    if abs(number) > operators.EXPONENT_LIMIT:
        raise NoValue("out-of-range", what="exp", found=describe(number))
    return arithmetic(lambda value, _: CONTEXT.exp(value), number, 0)


@builtin("odd(number: number) -> boolean")
def is_odd(number: Any) -> bool | None:
    """Null unless whole."""
    return not is_even(number)


@builtin("even(number: number) -> boolean")
def is_even(number: Any) -> bool:
    """Null unless whole."""
    index = as_index(number)
    if index is None:
        raise NoValue("out-of-range", what="even", found=describe(number))
    return index % 2 == 0
