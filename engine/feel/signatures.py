"""What operators and built-in functions make of types."""

from collections.abc import Callable

from engine.feel import types
from engine.feel.builtins.registry import Overload, Parameter
from engine.feel.operators import DURATIONS, MOMENTS
from engine.feel.types import ANY, Type, common, item_of, list_of
from engine.feel.values import DATE, DATE_TIME, DAYS_TIME, LIST, NUMBER, STRING, TIME, YEARS_MONTHS

UNKNOWN = frozenset(("Any", "Null"))
"""Kinds that a check cannot judge by."""


def arithmetic(operator: str, left: Type, right: Type) -> Type | None:
    """The type of the result, None where there never is one."""
    kinds = left.kind, right.kind
    if "Null" in kinds:
        return None
    if "Any" in kinds:
        return ANY
    if kinds == (NUMBER, NUMBER):
        return Type(NUMBER)
    found = _TEMPORAL[operator](*kinds) if operator in _TEMPORAL else None
    return None if found is None else Type(found)


def _plus(left: str, right: str) -> str | None:
    if left == right and left in (STRING, *DURATIONS):
        return left
    if left in DURATIONS:
        left, right = right, left
    return left if _moves(left, right) else None


def _minus(left: str, right: str) -> str | None:
    if left == right and left in DURATIONS:
        return left
    if _moves(left, right):
        return left
    dates = {left, right} <= {DATE, DATE_TIME}
    return DAYS_TIME if dates or left == right == TIME else None


def _moves(moment: str, duration: str) -> bool:
    return moment in MOMENTS and duration in DURATIONS and not (moment == TIME and duration == YEARS_MONTHS)


def _times(left: str, right: str) -> str | None:
    if left == NUMBER:
        left, right = right, left
    return left if left in DURATIONS and right == NUMBER else None


def _over(left: str, right: str) -> str | None:
    if left not in DURATIONS:
        return None
    return left if right == NUMBER else NUMBER if left == right else None


_TEMPORAL: dict[str, Callable[[str, str], str | None]] = {"+": _plus, "-": _minus, "*": _times, "/": _over}


# ---------------------------------------------------------------- built-in functions

_Arranged = list[tuple[Parameter, Type]]


def arranged(overload: Overload, arguments: list[Type], names: list[str] | None) -> _Arranged | None:
    """Each argument with its parameter, None when they do not fit by number or name."""
    parameters = overload.parameters
    if names is not None:
        given = dict(zip(names, arguments, strict=True))
        left_out = [parameter for parameter in parameters if parameter.name not in given]
        if len(given) != len(names) or len(given) + len(left_out) != len(parameters):
            return None
        if any(not parameter.optional for parameter in left_out):
            return None
        return [(parameter, given[parameter.name]) for parameter in parameters if parameter.name in given]
    if overload.variadic:
        if not arguments:
            return None
        one_list = len(arguments) == 1 and arguments[0].kind in (LIST, *UNKNOWN)
        return [(parameters[0], arguments[0] if one_list else list_of(common(arguments)))]
    if overload.tail:
        fixed = len(parameters) - 1
        if len(arguments) <= fixed:
            return None
        return [*zip(parameters, arguments[:fixed], strict=False), (parameters[-1], ANY)]
    required = sum(not parameter.optional for parameter in parameters)
    if not required <= len(arguments) <= len(parameters):
        return None
    return list(zip(parameters, arguments, strict=False))


def fits(parameter: Parameter, of: Type) -> bool:
    """Whether a value of this type can be one of the parameter, out of or into a one-item list."""
    kinds = parameter.kinds
    if kinds is None or of.kind == "Any" or of.kind in kinds:
        return True
    if of.kind == "Null":
        return "null" in kinds
    if "list" in kinds:
        return True
    return of.kind == LIST and (item_of(of).kind in UNKNOWN or item_of(of).kind in kinds)


def result(overload: Overload, arranged: _Arranged) -> Type:
    how, _, of = overload.result.partition(" of ")
    if of and how in ("type", "item"):
        argument = next((found for parameter, found in arranged if parameter.name == of), ANY)
        return item_of(argument) if how == "item" else argument
    return types.read(overload.result)
