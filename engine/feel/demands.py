"""What a condition demands of single values: enough to see that it is never true, or that another one covers it."""

from collections.abc import Mapping
from typing import Any

from engine.feel import nodes as n
from engine.feel import operators
from engine.feel.builtins.conversion import constant
from engine.feel.builtins.ranges import ends_later, starts_later
from engine.feel.diagnostics import NoValue
from engine.feel.values import Range

Demand = Range | tuple[Any, ...]
"""The values that meet it: those in the range, or those listed; none for ()."""

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}


def demands_of(node: n.Node) -> tuple[dict[str, Demand], bool]:
    """(demands by path, whether they are all that the condition asks for)."""
    match node:
        case n.Logic(operator="and"):
            return _all_of(node.operands)
        case n.Compare():
            return _of_comparison(node)
        case n.Between():
            path, low, high = path_of(node.value), constant(node.low), constant(node.high)
            if path is not None and low is not None and high is not None:
                return {path: Range(low, high, True, True)}, True
        case n.In():
            path, demand = path_of(node.value), _of_tests(node.tests)
            if path is not None and demand is not None:
                return {path: demand}, True
        case n.Name() | n.Path():
            path = path_of(node)
            if path is not None:
                return {path: (True,)}, True
        case n.Call(function=n.Name(name="not"), arguments=[negated], names=None):
            path = path_of(negated)
            if path is not None:
                return {path: (False,)}, True
    return {}, False


def path_of(node: n.Node) -> str | None:
    """`a.b.c` for a name and its members, None for anything else."""
    if isinstance(node, n.Name):
        return node.name
    if isinstance(node, n.Path):
        source = path_of(node.source)
        return None if source is None else f"{source}.{node.name}"
    return None


def covers(wide: Mapping[str, Demand], narrow: Mapping[str, Demand]) -> bool:
    """Whether all that meets `narrow` meets `wide`, both complete."""
    return all(path in narrow and _includes(demand, narrow[path]) for path, demand in wide.items())


def _all_of(operands: list[n.Node]) -> tuple[dict[str, Demand], bool]:
    found: dict[str, Demand] = {}
    complete = True
    for operand in operands:
        demands, known = demands_of(operand)
        complete = complete and known
        for path, demand in demands.items():
            found[path] = _both(found[path], demand) if path in found else demand
    return found, complete


def _of_comparison(node: n.Compare) -> tuple[dict[str, Demand], bool]:
    operator, path, other = node.operator, path_of(node.left), node.right
    if path is None:
        operator, path, other = _MIRRORED.get(operator, ""), path_of(node.right), node.left
    value = constant(other)
    if path is None or operator not in _MIRRORED:
        return {}, False
    if operator == "=" and (value is not None or _is_null(other)):
        return {path: (value,)}, True
    return ({path: operators.test_as_range(operator, value)}, True) if value is not None else ({}, False)


def _is_null(node: n.Node) -> bool:
    return isinstance(node, n.Literal) and node.value is None


def _of_tests(tests: list[n.Node]) -> Demand | None:
    if len(tests) == 1:
        (test,) = tests
        if isinstance(test, n.List):
            tests = test.items
        elif isinstance(test, n.Range):
            low, high = constant(test.low), constant(test.high)
            known = low is not None and high is not None
            return Range(low, high, test.low_closed, test.high_closed) if known else None
        elif isinstance(test, n.OperatorTest):
            value = constant(test.operand)
            known = value is not None and test.operator in _MIRRORED
            return operators.test_as_range(test.operator, value) if known else None
    values = tuple(map(constant, tests))
    return None if None in values else values


def _both(one: Demand, other: Demand) -> Demand:
    if isinstance(one, Range) and isinstance(other, Range):
        return _intersection(one, other)
    if isinstance(one, Range):
        one, other = other, one
    return tuple(value for value in one if _meets(value, other))  # type: ignore[union-attr]  # one of them is a list


def _intersection(one: Range, other: Range) -> Demand:
    try:
        low = one if starts_later(one, other) >= 0 else other
        high = one if ends_later(one, other) <= 0 else other
        if low.low is not None and high.high is not None:
            closed = low.low_closed and high.high_closed
            if not (operators.less_equal if closed else operators.less)(low.low, high.high):
                return ()
    except NoValue:  # of two kinds: no value lies in both
        return ()
    return Range(low.low, high.high, low.low_closed, high.high_closed)


def _meets(value: Any, demand: Demand) -> bool:
    if isinstance(demand, Range):
        return operators.in_range(value, demand) is True
    return any(operators.same(value, item) for item in demand)


def _includes(wide: Demand, narrow: Demand) -> bool:
    if not isinstance(narrow, Range):
        return all(_meets(value, wide) for value in narrow)
    try:
        return isinstance(wide, Range) and starts_later(wide, narrow) <= 0 and ends_later(wide, narrow) >= 0
    except NoValue:
        return False
