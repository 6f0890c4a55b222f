"""Functions on lists."""

from collections import Counter
from functools import cmp_to_key
from typing import Any

from engine.errors import N_
from engine.feel import operators
from engine.feel.builtins.registry import builtin
from engine.feel.diagnostics import NoValue
from engine.feel.evaluation import ITEMS_A_STEP, check_length, spend
from engine.feel.values import CONTEXT, Function, as_decimal, as_index, describe, kind_of, whole


def _listed(function: str, items: Any) -> list[Any]:
    if not isinstance(items, list):
        raise NoValue("bad-argument", function=function, parameter="list", expected="list", found=describe(items))
    return items


def _numbers(function: str, items: Any) -> list[Any]:
    for item in _listed(function, items):
        if kind_of(item) != "number":
            raise NoValue("bad-argument", function=function, parameter="list", expected="number", found=describe(item))
    result: list[Any] = items
    return result


def _position(position: Any, count: int) -> int:
    """0-based index of a 1-based position. Raises NoValue."""
    index = as_index(position)
    if index is not None and 1 <= index <= count:
        return index - 1
    if index is not None and -count <= index <= -1:
        return count + index
    raise NoValue("index-out-of-range", index=describe(position), count=count)


@builtin("list contains(list: list, element: any) -> boolean")
def list_contains(items: list[Any], element: Any) -> bool:
    """Null is found, too."""
    return any(operators.same(item, element) for item in items)


@builtin("count(list: list) -> number")
def count(items: list[Any]) -> int:
    """Nulls count."""
    return len(items)


def _extreme(function: str, items: Any, before: Any) -> Any:
    _listed(function, items)
    if not items:
        return None
    best = items[0]
    if kind_of(best) == "null":
        raise NoValue("bad-argument", function=function, parameter="list", expected=N_("values"), found="null")
    before(best, best)
    for item in items[1:]:
        if before(item, best):
            best = item
    return best


@builtin("min(*list: any) -> item of list")
def minimum(items: Any) -> Any:
    """Null for an empty list and for values without an order."""
    return _extreme("min", items, operators.less)


@builtin("max(*list: any) -> item of list")
def maximum(items: Any) -> Any:
    """Null for an empty list and for values without an order."""
    return _extreme("max", items, operators.greater)


@builtin("sum(*list: any) -> item of list")
def total(items: Any) -> Any:
    """Of numbers or of durations; null for an empty list."""
    _listed("sum", items)
    if not items:
        return None
    result = items[0]
    kind = kind_of(result)
    for item in items:
        if kind_of(item) != kind or kind not in ("number", *operators.DURATIONS):
            raise NoValue("bad-argument", function="sum", parameter="list", expected="number", found=describe(item))
    for item in items[1:]:
        result = operators.add(result, item)
    return result


@builtin("mean(*list: any) -> item of list")
def mean(items: Any) -> Any:
    """Null for an empty list."""
    return operators.divide(total(items), len(items)) if _listed("mean", items) else None


@builtin("product(*list: any) -> number")
def product(items: Any) -> Any:
    """Null for an empty list."""
    if not _numbers("product", items):
        return None
    result = items[0]
    for item in items[1:]:
        result = operators.multiply(result, item)
    return result


@builtin("median(*list: any) -> number")
def median(items: Any) -> Any:
    """The middle one, or the mean of the two in the middle; null for an empty list."""
    ordered = sorted(_numbers("median", items))
    if not ordered:
        return None
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return operators.quotient(operators.add(ordered[half - 1], ordered[half]), 2)


@builtin("stddev(*list: any) -> number")
def standard_deviation(items: Any) -> Any:
    """Of a sample; null for fewer than two numbers."""
    numbers = [as_decimal(item) for item in _numbers("stddev", items)]
    if len(numbers) < 2:
        return None
    average = operators.divide(total(numbers), len(numbers))
    deviations = [operators.subtract(number, average) for number in numbers]
    squares = total([operators.multiply(deviation, deviation) for deviation in deviations])
    return whole(CONTEXT.sqrt(as_decimal(operators.quotient(squares, len(numbers) - 1))))


@builtin("mode(*list: any) -> list<number>")
def mode(items: Any) -> list[Any]:
    """The most frequent numbers, ascending."""
    counts = Counter(_numbers("mode", items))
    most = max(counts.values(), default=0)
    return sorted(number for number, times in counts.items() if times == most)


@builtin("sublist(list: list, start position: number, length: number?) -> type of list")
def sublist(items: list[Any], start: Any, length: Any = None) -> list[Any]:
    """Null for a start outside or a length that reaches beyond the end."""
    begin = _position(start, len(items))
    if length is None:
        return items[begin:]
    size = as_index(length)
    if size is None or size < 0 or begin + size > len(items):
        raise NoValue("out-of-range", what="length", found=describe(length))
    return items[begin : begin + size]


@builtin("append(list: list, item...: any) -> list")
def append(items: list[Any], added: list[Any]) -> list[Any]:
    """The list with the items behind it."""
    return [*items, *added]


@builtin("concatenate(list...: any) -> list")
def concatenate(lists: list[Any]) -> list[Any]:
    """All lists as one; what is no list counts as one of one item."""
    result: list[Any] = []
    for items in lists:
        if items is None:
            raise NoValue("bad-argument", function="concatenate", parameter="list", expected="list", found="null")
        result += items if isinstance(items, list) else [items]
        check_length(len(result))
    return result


@builtin("insert before(list: list, position: number, newItem: any) -> list")
def insert_before(items: list[Any], position: Any, item: Any) -> list[Any]:
    """Null for a position outside."""
    index = _position(position, len(items))
    return [*items[:index], item, *items[index:]]


@builtin("remove(list: list, position: number) -> type of list")
def remove(items: list[Any], position: Any) -> list[Any]:
    """Null for a position outside."""
    index = _position(position, len(items))
    return [*items[:index], *items[index + 1 :]]


@builtin("list replace(list: list, position: number, newItem: any) -> list")
def list_replace(items: list[Any], position: Any, item: Any) -> list[Any]:
    """Null for a position outside."""
    index = _position(position, len(items))
    return [*items[:index], item, *items[index + 1 :]]


@builtin("list replace(list: list, match: function, newItem: any) -> list", needs_run=True)
def list_replace_matching(items: list[Any], match: Function, item: Any, *, run: Any) -> list[Any]:
    """Every item for which `match(old, new)` is true."""
    if len(match.parameters) != 2:
        raise NoValue("wrong-arguments", function="match", found="2")
    result = []
    for old in items:
        run.spend()
        replaces = match.call([old, item], run)
        if not isinstance(replaces, bool):
            raise NoValue("not-a-boolean", operator="match", found=describe(replaces))
        result.append(item if replaces else old)
    return result


@builtin("reverse(list: list) -> type of list")
def reverse(items: list[Any]) -> list[Any]:
    """Last one first."""
    return items[::-1]


@builtin("index of(list: list, match: any) -> list<number>")
def index_of(items: list[Any], match: Any) -> list[int]:
    """All positions."""
    return [position for position, item in enumerate(items, 1) if operators.same(item, match)]


@builtin("union(list...: any) -> list")
def union(lists: list[Any]) -> list[Any]:
    """All lists as one, each value once."""
    return distinct_values(concatenate(lists))


@builtin("distinct values(list: list) -> type of list")
def distinct_values(items: list[Any]) -> list[Any]:
    """Each value once, in the order of its first place."""
    found: dict[Any, Any] = {}
    for item in items:
        found.setdefault(operators.key_of(item), item)
    return list(found.values())


@builtin("duplicate values(list: list) -> type of list", extra=True)
def duplicate_values(items: list[Any]) -> list[Any]:
    """The values that occur more than once, each once."""
    counts = Counter(map(operators.key_of, items))
    return distinct_values([item for item in items if counts[operators.key_of(item)] > 1])


@builtin("flatten(list: list) -> list")
def flatten(items: list[Any]) -> list[Any]:
    """Lists in lists as one list."""
    result: list[Any] = []
    spend(1 + len(items) // ITEMS_A_STEP)
    waiting = [iter(items)]
    while waiting:
        for item in waiting[-1]:
            if isinstance(item, list):
                spend(1 + len(item) // ITEMS_A_STEP)
                waiting.append(iter(item))
                break
            result.append(item)
        else:
            waiting.pop()
    return result


@builtin("sort(list: list, precedes: function|null?) -> type of list", needs_run=True)
def sort(items: list[Any], precedes: Function | None = None, *, run: Any) -> list[Any]:
    """Stable; without a function by the order of the values."""
    if precedes is not None and len(precedes.parameters) != 2:
        raise NoValue("wrong-arguments", function="precedes", found="2")

    def before(left: Any, right: Any) -> bool:
        run.spend()
        result = operators.less(left, right) if precedes is None else precedes.call([left, right], run)
        if not isinstance(result, bool):
            raise NoValue("not-a-boolean", operator="precedes", found=describe(result))
        return result

    return sorted(items, key=cmp_to_key(lambda left, right: -1 if before(left, right) else int(before(right, left))))


@builtin("partition(list: list, size: number) -> list<list>", extra=True)
def partition(items: list[Any], size: Any) -> list[list[Any]]:
    """Lists of at most `size` items."""
    width = as_index(size)
    if width is None or width < 1:
        raise NoValue("out-of-range", what="size", found=describe(size))
    return [items[start : start + width] for start in range(0, len(items), width)]


@builtin("is empty(list: list) -> boolean", extra=True)
def is_empty(items: list[Any]) -> bool:
    """Whether there are no items."""
    return not items
