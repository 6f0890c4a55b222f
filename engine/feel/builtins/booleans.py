"""Functions on booleans, and the identity of values."""

from typing import Any

from engine.feel import operators
from engine.feel.builtins.registry import builtin
from engine.feel.diagnostics import NoValue
from engine.feel.temporal import instant, offset_of
from engine.feel.values import describe, kind_of, moment_text


@builtin("not(negand: any) -> boolean")
def negation(value: Any) -> bool:
    """Null for anything but a boolean."""
    if isinstance(value, bool):
        return not value
    raise NoValue("not-a-boolean", operator="not", found=describe(value))


@builtin("is(value1: any?, value2: any?) -> boolean")
def identical(left: Any = None, right: Any = None) -> bool:
    """The same kind and the same value, the form of the zone included."""
    kind = kind_of(left)
    if kind != kind_of(right):
        return False
    if kind in ("time", "date and time"):
        return moment_text(left) == moment_text(right) or (
            _zone(left) == _zone(right) and offset_of(left) == offset_of(right) and instant(left) == instant(right)
        )
    return operators.same(left, right)


def _zone(value: Any) -> str | None:
    zone = getattr(value, "tzinfo", None)
    return getattr(zone, "key", None)


def _booleans(items: Any, function: str) -> list[Any]:
    if not isinstance(items, list):
        raise NoValue("bad-argument", function=function, parameter="list", expected="list", found=describe(items))
    for item in items:
        if item is not None and not isinstance(item, bool):
            raise NoValue("bad-argument", function=function, parameter="list", expected="boolean", found=describe(item))
    return items


@builtin("all(*list: any) -> boolean")
def every(items: Any) -> bool | None:
    """Three-valued and; true for an empty list."""
    return operators.conjunction(_booleans(items, "all"))


@builtin("any(*list: any) -> boolean")
def some(items: Any) -> bool | None:
    """Three-valued or; false for an empty list."""
    return operators.disjunction(_booleans(items, "any"))
