"""The relations of points and ranges (DMN 1.5, table 78)."""

from collections.abc import Callable
from typing import Any

from engine.feel.builtins.registry import builtin
from engine.feel.operators import greater as gt
from engine.feel.operators import in_range, less, same
from engine.feel.values import Range

POINT = "number|string|temporal|duration"


def _before(left: Any, right: Any) -> bool:
    """Whether the low end of `right` lies behind the high end of `left`."""
    if left.high is None or right.low is None:
        return False
    if less(left.high, right.low):
        return True
    return not (left.high_closed and right.low_closed) and same(left.high, right.low)


def _as_range(value: Any) -> Range:
    return value if isinstance(value, Range) else Range(value, value, True, True)


def _inside(point: Any, limits: Range) -> bool:
    return in_range(point, limits) is True


def starts_later(left: Range, right: Range) -> int:
    """-1, 0 or 1: where the low end of `left` lies against that of `right`; None is minus infinity."""
    if left.low is None or right.low is None:
        return (right.low is None) - (left.low is None)
    if same(left.low, right.low):
        return int(right.low_closed) - int(left.low_closed)
    return 1 if gt(left.low, right.low) else -1


def ends_later(left: Range, right: Range) -> int:
    """-1, 0 or 1: where the high end of `left` lies against that of `right`; None is infinity."""
    if left.high is None or right.high is None:
        return (left.high is None) - (right.high is None)
    if same(left.high, right.high):
        return int(left.high_closed) - int(right.high_closed)
    return 1 if gt(left.high, right.high) else -1


def _overlap(left: Range, right: Range) -> bool:
    return not _before(left, right) and not _before(right, left)


def _declare(name: str, first: str, second: str, relation: Callable[[Any, Any], bool]) -> None:
    one = {"range": "range", POINT: "point"}[first]
    other = {"range": "range", POINT: "point"}[second]
    names = (one, other) if one != other else (f"{one}1", f"{other}2")
    builtin(f"{name}({names[0]}: {first}, {names[1]}: {second}) -> boolean")(relation)


for _first in (POINT, "range"):
    for _second in (POINT, "range"):
        _declare("before", _first, _second, lambda a, b: _before(_as_range(a), _as_range(b)))
        _declare("after", _first, _second, lambda a, b: _before(_as_range(b), _as_range(a)))

_declare("meets", "range", "range", lambda a, b: a.high_closed and b.low_closed and same(a.high, b.low))
_declare("met by", "range", "range", lambda a, b: a.low_closed and b.high_closed and same(a.low, b.high))
_declare("overlaps", "range", "range", _overlap)
_declare(
    "overlaps before",
    "range",
    "range",
    lambda a, b: _overlap(a, b) and starts_later(a, b) < 0 and ends_later(a, b) <= 0,
)
_declare(
    "overlaps after",
    "range",
    "range",
    lambda a, b: _overlap(a, b) and starts_later(a, b) > 0 and ends_later(a, b) >= 0,
)
_declare("finishes", POINT, "range", lambda a, b: b.high_closed and same(a, b.high))
_declare("finishes", "range", "range", lambda a, b: ends_later(a, b) == 0 and starts_later(a, b) >= 0)
_declare("finished by", "range", POINT, lambda a, b: a.high_closed and same(b, a.high))
_declare("finished by", "range", "range", lambda a, b: ends_later(a, b) == 0 and starts_later(a, b) <= 0)
_declare("includes", "range", POINT, lambda a, b: _inside(b, a))
_declare("includes", "range", "range", lambda a, b: starts_later(a, b) <= 0 and ends_later(a, b) >= 0)
_declare("during", POINT, "range", _inside)
_declare("during", "range", "range", lambda a, b: starts_later(a, b) >= 0 and ends_later(a, b) <= 0)
_declare("starts", POINT, "range", lambda a, b: b.low_closed and same(a, b.low))
_declare("starts", "range", "range", lambda a, b: starts_later(a, b) == 0 and ends_later(a, b) <= 0)
_declare("started by", "range", POINT, lambda a, b: a.low_closed and same(b, a.low))
_declare("started by", "range", "range", lambda a, b: starts_later(a, b) == 0 and ends_later(a, b) >= 0)
_declare("coincides", POINT, POINT, lambda a, b: same(a, b))
_declare("coincides", "range", "range", lambda a, b: same(a, b))
