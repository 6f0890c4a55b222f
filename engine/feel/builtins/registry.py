"""How a built-in function is declared: by signature, `@builtin("contains(string: string, match: string) -> boolean")`.

A type may be a union `a|b`; `any` takes everything, null too. A trailing `?` may be left out
(null is then still no argument, unless the type says `|null`). `*list: any` takes one list
or several items, `item...: any` all the rest. Several declarations of one name are its overloads, tried in order.
A result is a type, `type of x` (that of the argument for parameter x) or `item of x` (that of its items).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from engine.feel.diagnostics import NoValue
from engine.feel.values import Function, describe, kind_of

F = TypeVar("F", bound=Callable[..., Any])

TABLE: dict[str, Function] = {}
EXTRAS: set[str] = set()
"""Names that are not in DMN: an editor marks them."""
ASKS: dict[str, str] = {}
"""Name -> what of its surroundings it asks, "clock", "people" or "calendar": the answer may change meanwhile."""

_CALLS: dict[str, "BuiltIn"] = {}
_UNIONS = {
    "duration": ("days and time duration", "years and months duration"),
    "moment": ("date", "date and time"),
    "temporal": ("date", "date and time", "time"),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `kinds` is None when it takes anything."""

    name: str
    kinds: frozenset[str] | None
    optional: bool
    expected: str


@dataclass(frozen=True, slots=True)
class Overload:
    """One declaration."""

    parameters: tuple[Parameter, ...]
    variadic: bool
    """One parameter: a list, or its items as arguments."""
    tail: bool
    """The last parameter takes all the rest of the arguments as a list."""
    needs_run: bool
    function: Callable[..., Any]
    result: str
    """The text behind `->`; for whoever reads declarations, a call does not look at it."""


class BuiltIn:
    """The overloads of one name; callable like any other function of FEEL."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.overloads: list[Overload] = []

    def __call__(self, arguments: Sequence[Any], run: Any) -> Any:
        return self.invoke(list(arguments), None, run)

    def invoke(self, arguments: list[Any], names: list[str] | None, run: Any) -> Any:
        """The value of the first overload that takes these arguments. Raises NoValue."""
        for argument in arguments:
            run.charge(argument)
        result = self._value(arguments, names, run)
        run.charge(result)
        return result

    def _value(self, arguments: list[Any], names: list[str] | None, run: Any) -> Any:
        reason: NoValue | None = None
        for exact in (True, False):
            for overload in self.overloads:
                values = _arrange(overload, arguments, names)
                if values is None:
                    continue
                fitted = _fit(overload, values, exact)
                if isinstance(fitted, list):
                    if overload.needs_run:
                        return overload.function(*fitted, run=run)
                    return overload.function(*fitted)
                reason = reason or self._mismatch(fitted, values)
        if reason is not None:
            raise reason
        found = ", ".join(names) if names is not None else str(len(arguments))
        raise NoValue("wrong-arguments", function=self.name, found=found)

    def _mismatch(self, wrong: tuple[Parameter, Any], values: list[Any]) -> NoValue:
        del values
        parameter, value = wrong
        return NoValue(
            "bad-argument",
            function=self.name,
            parameter=parameter.name,
            expected=parameter.expected,
            found=describe(value),
        )


def builtin(
    signature: str, *, needs_run: bool = False, asks: str | None = None, extra: bool = False
) -> Callable[[F], F]:
    """Register the decorated function for `signature`. `extra`: not in DMN. `needs_run`: takes `run` by keyword, as
    whatever `asks` for something does."""
    call, _, result = signature.partition(" -> ")
    name, _, rest = call.rstrip(")").partition("(")
    parameters = tuple(_parameter(part) for part in rest.split(", ")) if rest else ()
    variadic, tail = rest.startswith("*"), "..." in rest

    def register(function: F) -> F:
        calls = _CALLS.get(name)
        if calls is None:
            calls = _CALLS[name] = BuiltIn(name)
            names = tuple(parameter.name for parameter in parameters)
            TABLE[name] = Function(name, names, calls, variadic=variadic)
        calls.overloads.append(Overload(parameters, variadic, tail, needs_run or asks is not None, function, result))
        if asks is not None:
            ASKS[name] = asks
        if extra:
            EXTRAS.add(name)
        return function

    return register


def _parameter(text: str) -> Parameter:
    name, _, expected = text.lstrip("*").replace("...", "").partition(": ")
    optional = expected.endswith("?")
    expected = expected.rstrip("?")
    if expected == "any":
        return Parameter(name, None, optional, expected)
    kinds = frozenset(kind for part in expected.split("|") for kind in _UNIONS.get(part, (part,)))
    return Parameter(name, kinds, optional, expected)


def _arrange(overload: Overload, arguments: list[Any], names: list[str] | None) -> list[Any] | None:
    """Arguments in the order of the parameters, None when they do not fit by number or name."""
    parameters = overload.parameters
    if names is not None:
        return _arrange_named(overload, dict(zip(names, arguments, strict=True)), len(names))
    if overload.variadic:
        if not arguments:
            return None
        if len(arguments) == 1 and (arguments[0] is None or isinstance(arguments[0], list)):
            return arguments
        return [list(arguments)]
    if overload.tail:
        fixed = len(parameters) - 1
        return [*arguments[:fixed], arguments[fixed:]] if len(arguments) > fixed else None
    if len(arguments) > len(parameters):
        return None
    if any(not parameter.optional for parameter in parameters[len(arguments) :]):
        return None
    return arguments


def _arrange_named(overload: Overload, given: dict[str, Any], count: int) -> list[Any] | None:
    if len(given) != count or not given.keys() <= {parameter.name for parameter in overload.parameters}:
        return None
    values = []
    for parameter in overload.parameters:
        if parameter.name in given:
            values.append(given[parameter.name])
        elif parameter.optional:
            if any(later.name in given for later in overload.parameters[len(values) + 1 :]):
                values.append(None)
            else:
                break
        else:
            return None
    if overload.tail:
        values[-1] = [values[-1]]
    return values


def _fit(overload: Overload, values: list[Any], exact: bool) -> list[Any] | tuple[Parameter, Any]:
    """The values, converted out of or into one-item lists unless `exact`; or what does not fit."""
    fitted = []
    for parameter, value in zip(overload.parameters, values, strict=False):
        kinds = parameter.kinds
        if kinds is None or kind_of(value) in kinds:
            fitted.append(value)
        elif exact or value is None:
            return parameter, value
        elif "list" in kinds:
            fitted.append([value])
        elif isinstance(value, list) and len(value) == 1 and kind_of(value[0]) in kinds:
            fitted.append(value[0])
        else:
            return parameter, value
    return fitted
