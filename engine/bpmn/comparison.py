"""What changed between two versions of a process, in the words that people and jobs notice; which element became which.

Elements are paired by id, else by a name that only one element of their kind has in the same scope; an analyst may
say otherwise. Whether an element *moved* is asked of the order among those that both versions have, so that inserting
one does not mark its neighbours.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from engine.bpmn.program import (
    BOUNDARY,
    CATCH,
    GATHER,
    LOOP,
    PASS,
    Edge,
    Expression,
    MappingLine,
    Node,
    Program,
    ScopeProgram,
    Slot,
)

_OWN = (
    "name", "labels", "job", "script", "result", "call", "events", "together", "instantiate", "interrupting",
    "activation", "ad_hoc", "inputs", "outputs", "data",
)  # fmt: skip
"""fields of a Node that say what it does; `human` is taken apart"""


@dataclass(frozen=True, slots=True)
class Difference:
    """One property of an element, before and after, as plain data. `what`: name of the property."""

    what: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """`nodes`, `flows`: old id -> new id. `changed`: by old id. `moved`: old ids in another place of the order or in
    another scope. `lost`, `added`: ids of the old and of the new version without a counterpart."""

    nodes: dict[str, str]
    flows: dict[str, str]
    changed: dict[str, tuple[Difference, ...]] = field(default_factory=dict)
    moved: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


def compare(old: Program, new: Program, choices: Mapping[str, str | None] | None = None) -> Comparison:
    """Pair the elements of two versions and say how they differ.

    `choices`: what an analyst says: old id -> new id, or None for an element that has no counterpart. A choice is kept
    as it is; whether a token may follow it is asked when an instance is carried over.
    """
    nodes = _paired(old, new, choices or {})
    taken = set(nodes.values())
    pairs = [(old.nodes[key], new.nodes[other]) for key, other in nodes.items() if other in new.nodes]
    changed = {one.id: found for one, other in pairs if (found := tuple(_differences(one, other)))}
    return Comparison(
        nodes=nodes,
        flows=_flows(old, new, nodes),
        changed=changed,
        moved=tuple(_moved(pairs)),
        lost=tuple(key for key in old.nodes if key not in nodes),
        added=tuple(key for key in new.nodes if key not in taken),
    )


def kind_of(node: Node) -> tuple[Any, ...]:
    """What must be equal for a token to go on in another element: user task to user task, message to message …"""
    if node.op == LOOP and node.loop is not None and node.turn is not None:
        return (LOOP, node.loop.kind, *kind_of(node.turn.starts[0]))
    if node.op in (CATCH, BOUNDARY):
        return (node.op, node.together, *(event.kind for event in node.events))
    if node.op == PASS:
        return (node.op, node.type)
    if node.op == GATHER:
        return (node.op, node.gathered)
    return (node.op,)


def facets(node: Node) -> dict[str, Any]:
    """What a person or a job notices of an element, as plain data by the name of the property."""
    acting = node.turn.starts[0] if node.turn is not None else node
    found = {name: _plain(getattr(acting, name)) for name in _OWN}
    found["loop"] = _plain(node.loop)
    found["quantities"] = [node.start_quantity, node.completion_quantity]
    if found["quantities"] == [1, 1]:
        del found["quantities"]
    if acting.human is not None:
        found |= {part.name: _plain(getattr(acting.human, part.name)) for part in fields(acting.human)}
    if any(edge.condition is not None for edge in node.out):
        found["conditions"] = [edge.condition_text for edge in node.out]
    return {name: value for name, value in found.items() if value not in (None, [], {}, "", False)}


def listens_to(node: Node, definition: int) -> Any:
    """What event number `definition` of `node` waits for, to see whether it must be asked anew."""
    return _plain(node.events[definition])


def calls(node: Node) -> Any:
    """What a service task would call and with what, to see whether it must be called anew."""
    return _plain((node.job, node.inputs))


# ---------------------------------------------------------------- pairs


def _paired(old: Program, new: Program, choices: Mapping[str, str | None]) -> dict[str, str]:
    nodes = {key: value for key, value in choices.items() if value is not None and key in old.nodes}
    taken = set(nodes.values())
    for key, node in old.nodes.items():
        other = new.nodes.get(key)
        if key not in choices and other is not None and key not in taken and kind_of(node) == kind_of(other):
            nodes[key] = key
            taken.add(key)
    for one, other_unit in list(_units(old, new, nodes)):
        left = [node for node in one.nodes if node.id not in nodes and node.id not in choices]
        free = [node for node in other_unit.nodes if node.id not in taken]
        for node in left:
            same = [other for other in free if _alike(node, other)]
            if len(same) == 1 and sum(_alike(twin, same[0]) for twin in left) == 1:
                nodes[node.id] = same[0].id
                taken.add(same[0].id)
    return {key: nodes[key] for key in old.nodes if key in nodes}


def _units(old: Program, new: Program, nodes: Mapping[str, str]) -> Iterator[tuple[ScopeProgram, ScopeProgram]]:
    """The process and the sub-processes that both have, pairwise."""
    yield old.root, new.root
    for key in list(nodes):
        one, other = old.nodes[key].inner, new.nodes[nodes[key]].inner if nodes[key] in new.nodes else None
        if one is not None and other is not None:
            yield one, other


def _alike(one: Node, other: Node) -> bool:
    return bool(one.name) and one.name != one.id and one.name == other.name and kind_of(one) == kind_of(other)


def _flows(old: Program, new: Program, nodes: Mapping[str, str]) -> dict[str, str]:
    """Old flow -> new flow with the same ends; the only one left on both sides of a join is the same branch."""
    found: dict[str, str] = {}
    for key, edge in old.flows.items():
        target = nodes.get(edge.target.id)
        same = new.flows.get(key)
        if same is not None and same.target.id == target:
            found[key] = key
            continue
        ends = [
            other.id for other in new.flows.values()
            if other.source.id == nodes.get(edge.source.id) and other.target.id == target
        ]  # fmt: skip
        if len(ends) == 1 and ends[0] not in found.values():
            found[key] = ends[0]
    for key, other in nodes.items():
        if other in new.nodes:
            taken = set(found.values())
            left = [edge.id for edge in old.nodes[key].incoming if edge.id not in found]
            free = [edge.id for edge in new.nodes[other].incoming if edge.id not in taken]
            if len(left) == len(free) == 1:
                found[left[0]] = free[0]
    return found


# ---------------------------------------------------------------- differences


def _differences(one: Node, other: Node) -> Iterator[Difference]:
    before, after = facets(one), facets(other)
    for what in dict.fromkeys((*before, *after)):
        if before.get(what) != after.get(what):
            yield Difference(what, before.get(what), after.get(what))


def _plain(value: Any) -> Any:
    """Compiled expressions as their text, records as what they hold."""
    match value:
        case Slot() | Expression():
            return value.text if isinstance(value, Slot) or value.text.startswith("=") else f"= {value.text}"
        case MappingLine():
            return f"{'.'.join(value.target)} <- {value.source.text}"
        case Node() | ScopeProgram() | Edge():
            return value.id
        case Mapping():
            return {str(key): _plain(part) for key, part in value.items()}
        case list() | tuple() | frozenset() | set():
            return [_plain(part) for part in value]
        case _ if is_dataclass(value):
            found = {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
            return {name: part for name, part in found.items() if part not in (None, [], {}, "", False)}
    return value


def _moved(pairs: Iterable[tuple[Node, Node]]) -> Iterator[str]:
    """As few elements as explain every change of order, in document order; first those in another scope."""
    placed = []
    for one, other in pairs:
        hosts = (one.host.id if one.host else None, other.host.id if other.host else None)
        outside = (one.scope.node and one.scope.node.id, other.scope.node and other.scope.node.id)
        if outside[0] != outside[1] and (outside[0] is None or outside[1] is None):
            yield one.id
        elif hosts[0] is None and hosts[1] is None:
            placed.append((one, other))
    turned: dict[str, set[str]] = {}
    for number, (one, other) in enumerate(placed):
        for its, thine in placed[:number]:
            if its.scope is one.scope and thine.scope is other.scope and _order(one, its) != _order(other, thine):
                turned.setdefault(one.id, set()).add(its.id)
                turned.setdefault(its.id, set()).add(one.id)
    found = set()
    while turned:
        most = max(turned, key=lambda key: len(turned[key]))
        found.add(most)
        for key in turned.pop(most):
            turned[key].discard(most)
            if not turned[key]:
                del turned[key]
    yield from (one.id for one, _ in placed if one.id in found)


def _order(one: Node, other: Node) -> tuple[bool, bool]:
    down = one.scope.routes.down
    return bool(down[one.index] >> other.index & 1), bool(down[other.index] >> one.index & 1)
