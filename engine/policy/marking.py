"""The state of a running instance as the checker's first state: what can still happen from here."""

from collections.abc import Iterable, Iterator

from engine.bpmn.program import PARALLEL
from engine.bpmn.state import Scope, Token
from engine.bpmn.state import State as Running
from engine.policy.abstraction import Place, System
from engine.policy.checker import BUDGET, State, Way, added

Grant = tuple[str, str]
"""(element id of the approval, capability) of a yes that is still live."""
_LEAVING = ("leave", "split", "output")
"""what a token is stuck at when its element is not performed again"""
Marks = tuple[tuple[str, str], ...]
"""(place, stage) of each token that one token becomes."""


def states(system: System, running: Running, granted: Iterable[Grant]) -> list[State]:
    """Where the tokens stand, what was decided, which approvals live.

    A token that is stuck on its way out, be it for want of a data output, may leave on any flow, as may one that was
    placed behind an element and waits until something is undone: the element is not performed any more; one that was
    placed before it has not begun.
    Tokens that the system has no place for (deeper calls) are left out; the system lists them as unread. Above BUDGET
    states the rest of the tokens is left out: the search does not even begin with so many, and says that nothing is
    proved.
    """
    prefixes = {scope.id: _prefix(scope, running) for scope in running.scopes.values()}
    state = State((), _outcomes(running, prefixes), _live(system, granted))
    ways: list[list[Marks]] = []
    for token in running.tokens.values():
        place = system.places.get(prefixes[token.scope.id] + token.node.id)
        if place is not None and token.counts:
            ways.append(list(_stands(system, place, token)))
    for scope in running.scopes.values():
        for flow, count in scope.held.items():
            target = scope.program.flows[flow].target
            name = prefixes[scope.id] + target.id
            if name in system.places:
                ways += [[((name, flow if target.op == PARALLEL else ""),)]] * count
    found = {state: None}
    for way in ways:
        found = {_placed(before, marks): None for before in found for marks in way}
        if len(found) > BUDGET:
            break
    return list(found)


def _prefix(scope: Scope, running: Running) -> str:
    if scope.parent is None:
        return ""
    outside = _prefix(scope.parent, running)
    return f"{outside}{running.tokens[scope.token].node.id}/" if scope.kind == "call" else outside


def _placed(state: State, marks: Marks) -> State:
    for name, stage in marks:
        state = added(state, name, stage)
    return state


def _stands(system: System, place: Place, token: Token) -> Iterator[Marks]:
    """Each way in which the token may go on."""
    then = token.undo.then if token.undo is not None else ""
    if token.stage == "end":
        yield ()  # it ends its scope, nothing else
    elif token.stage in _LEAVING or then == "leave":
        arriving = [_arriving(system, way) for way in place.outgoing]
        kind = place.node.type
        if kind != "parallelGateway":
            yield from ((mark,) for mark in arriving)
        if len(arriving) != 1 and kind not in ("exclusiveGateway", "eventBasedGateway"):
            yield tuple(arriving)
    elif then == "arrive":
        yield ((place.id, ""),)
    else:
        yield ((place.id, "!" if place.holds_inside or place.boundaries else ""),)


def _arriving(system: System, way: Way) -> tuple[str, str]:
    flow, name = way
    target = system.places[name]
    joins = target.node.type == "parallelGateway" and len(target.incoming) > 1
    return name, flow.id if joins else ""


def _outcomes(running: Running, prefixes: dict[int, str]) -> tuple[tuple[str, str], ...]:
    found = {
        prefixes[scope.id] + node: said["outcome"]
        for scope in running.scopes.values()
        for node, said in scope.approval.items() if isinstance(said, dict) and isinstance(said.get("outcome"), str)
    }  # fmt: skip
    return tuple(sorted(found.items()))


def _live(system: System, granted: Iterable[Grant]) -> frozenset[tuple[str, str]]:
    wanted = set(granted)
    return frozenset(
        (place.id, "")
        for place in system.places.values()
        if place.node.extensions.policy is not None and (place.node.id, place.node.extensions.policy.provides) in wanted
    )
