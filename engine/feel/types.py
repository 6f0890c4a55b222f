"""Types: what `instance of`, typed parameters and DMN item definitions check, and the few conversions between them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from engine.feel import nodes as n
from engine.feel import temporal
from engine.feel.diagnostics import FeelSyntaxError, NoValue
from engine.feel.parser import TYPE_NAMES, parse
from engine.feel.values import FarDate, Range, describe, kind_of

DEPTH_LIMIT = 50

SIMPLE = frozenset(
    (
        "number", "string", "boolean", "date", "time", "date and time", "days and time duration",
        "years and months duration",
    )
)  # fmt: skip
ALIASES = {
    "dateTime": "date and time",
    "dayTimeDuration": "days and time duration",
    "yearMonthDuration": "years and months duration",
    "duration": "days and time duration",
    "any": "Any",
}


@dataclass(frozen=True, slots=True)
class Type:
    """`kind`: a simple kind, Any, Null, list, context, range, function. `allowed`: a further test of a value."""

    kind: str
    arguments: tuple["Type", ...] = ()
    members: tuple[tuple[str, "Type"], ...] | None = None
    result: "Type | None" = None
    allowed: Callable[[Any], bool] | None = None
    name: str = ""
    resolve: "Callable[[], Type] | None" = None
    """For a named type that may refer to itself: looked up when it is used."""
    options: tuple[Any, ...] | None = None
    """The only values, where they are known; `allowed` judges, this is for checks of texts and for editors."""

    def __str__(self) -> str:
        if self.name:
            return self.name
        return f"{self.kind}<{', '.join(map(str, self.arguments))}>" if self.arguments else self.kind


ANY = Type("Any")
_MEMBER_KINDS = {"time offset": "days and time duration", "timezone": "string"}


def simple(name: str) -> Type | None:
    """The type of a built-in name, None when there is none."""
    name = ALIASES.get(name, name)
    if name in SIMPLE or name in ("Any", "Null"):
        return Type(name)
    if name in ("list", "range", "function", "context"):
        return Type(name)
    return None


def of_node(node: n.TypeNode, named: Mapping[str, Type]) -> Type | None:
    """The type that a text names, None when there is none. `named`: types of the user, by name."""
    arguments = [of_node(argument, named) for argument in node.arguments]
    members = [(name, of_node(member, named)) for name, member in node.members]
    result = of_node(node.result, named) if node.result is not None else None
    if None in arguments or any(member is None for _, member in members):
        return None
    plain = named.get(node.name) or simple(node.name)
    if plain is None or (node.result is not None and result is None):
        return None
    if not (arguments or members or result):
        return plain
    return Type(
        plain.kind,
        tuple(argument for argument in arguments if argument is not None),
        tuple((name, member) for name, member in members if member is not None) if members else None,
        result,
    )


def read(text: str, named: Mapping[str, Type] | None = None) -> Type:
    """The type of a text such as `list<number>`; Any for one that names no type."""
    node = _named_by(text)
    return (node is not None and of_node(node, named or {})) or ANY


@lru_cache(maxsize=1_000)
def _named_by(text: str) -> n.TypeNode | None:
    try:
        node = parse(f"null instance of {text}", TYPE_NAMES, False)
    except FeelSyntaxError:
        return None
    return node.type if isinstance(node, n.InstanceOf) else None


def list_of(item: Type) -> Type:
    """`list<item>`."""
    return Type("list", (item,))


def resolved(of: Type) -> Type:
    """The type that a reference stands for."""
    for _ in range(DEPTH_LIMIT):
        if of.resolve is None:
            return of
        of = of.resolve()
    return ANY


def conforms(value: Any, of: Type, depth: int = 0) -> bool:
    """Whether `value` may stand at a place of this type, allowed values included; null may at any."""
    of = resolved(of)
    if value is None:
        return True
    if depth > DEPTH_LIMIT:
        return False
    return _conforms_kind(value, of, depth) and (of.allowed is None or of.allowed(value))


def _conforms_kind(value: Any, of: Type, depth: int) -> bool:
    kind = kind_of(value)
    if of.kind == "Any":
        return True
    if kind != of.kind:
        return False
    if kind == "list":
        return not of.arguments or all(conforms(item, of.arguments[0], depth + 1) for item in value)
    if kind == "context":
        return of.members is None or all(
            name in value and conforms(value[name], member, depth + 1) for name, member in of.members
        )
    if kind == "range":
        return not of.arguments or _conforms_range(value, of.arguments[0], depth)
    if kind == "function":
        return _conforms_function(value, of)
    return True


def _conforms_range(value: Range, of: Type, depth: int) -> bool:
    return conforms(value.low, of, depth + 1) and conforms(value.high, of, depth + 1)


def _conforms_function(value: Any, of: Type) -> bool:
    if of.result is None and not of.arguments:
        return True
    if len(value.parameters) != len(of.arguments):
        return False
    types = value.types or (None,) * len(value.parameters)
    return all(
        mine is None or is_subtype(theirs, mine) for theirs, mine in zip(of.arguments, types, strict=False)
    ) and (of.result is None or of.result.kind == "Any" or value.result is None or is_subtype(value.result, of.result))


def is_subtype(narrow: Type, wide: Type) -> bool:
    """Whether every value of `narrow` is one of `wide`."""
    narrow, wide = resolved(narrow), resolved(wide)
    if wide.kind == "Any" or narrow.kind == "Null":
        return True
    if narrow.kind != wide.kind:
        return False
    if wide.members is not None:
        mine = dict(narrow.members or ())
        return all(name in mine and is_subtype(mine[name], member) for name, member in wide.members)
    return all(map(is_subtype, narrow.arguments, wide.arguments))


def is_instance(value: Any, of: Type) -> bool:
    """`value instance of type`: null is an instance of Null only, allowed values do not matter (TCK 0070)."""
    of = resolved(of)
    if value is None:
        return of.kind == "Null"
    return conforms(value, replace(of, allowed=None))


def convert(value: Any, of: Type, name: str) -> Any:
    """`value` for a place of this type: as it is, out of or into a one-item list, a date as its midnight in UTC.

    Raises NoValue. `name`: of the place, for the diagnostic. Cf. DMN 1.5, 10.3.2.9.4.
    """
    if conforms(value, of):
        return value
    target = resolved(of)
    if isinstance(value, list) and len(value) == 1 and target.kind != "list" and conforms(value[0], of):
        return value[0]
    if target.kind == "list" and not isinstance(value, list) and conforms([value], of):
        return [value]
    if target.kind == "date and time" and isinstance(value, date | FarDate):
        return temporal.combine(value, temporal.MIDNIGHT_UTC)
    raise NoValue("result-type", name=name, found=describe(value), expected=str(of))


def item_of(of: Type) -> Type:
    """What a list or range holds; Any where that is not known."""
    return resolved(of.arguments[0]) if of.arguments else ANY


def members_of(of: Type) -> dict[str, Type]:
    """What can follow a dot: the members of a context, of the items of a list, of a moment, duration or range."""
    of = resolved(of)
    if of.kind == "list":
        return members_of(item_of(of))
    if of.kind == "range":
        end = of.arguments[0] if of.arguments else ANY
        return {"start": end, "end": end, "start included": Type("boolean"), "end included": Type("boolean")}
    if of.kind == "context":
        return dict(of.members or ())
    return {name: Type(_MEMBER_KINDS.get(name, "number")) for name in temporal.MEMBERS.get(of.kind, {})}


def common(found: Sequence[Type]) -> Type:
    """The type of a value that may be any of these."""
    known = [of for of in map(resolved, found) if of.kind != "Null"]
    if not known:
        return Type("Null") if found else ANY
    first, *rest = known
    if all(of == first for of in rest):
        return first
    if all(of.kind == first.kind for of in rest):
        if first.kind == "list":
            return list_of(common([item_of(of) for of in known]))
        return Type(first.kind)
    return ANY


def named(of: Type, name: str) -> Type:
    """The same type under a name."""
    return replace(of, name=name)
