"""The state of a running instance as the checker's first state: what can still happen from here."""

from collections.abc import Iterable, Iterator, Mapping

from engine import feel
from engine.bpmn import variables
from engine.bpmn.program import INCLUSIVE, PARALLEL
from engine.bpmn.state import Scope, Token
from engine.bpmn.state import State as Running
from engine.policy.abstraction import NOT_TOLD, Place
from engine.policy.search import BUDGET
from engine.policy.space import DIGIT, STALE, WORDS, Space, State, Way

Grant = tuple[str, str]
"""(element id of the approval, capability) of a yes that is still live."""
_LEAVING = ("leave", "split", "output")
"""what a token is stuck at when its element is not performed again"""
Marks = tuple[tuple[str, str | None], ...]
"""(place, flow by which it comes to it; None: it is at work there; STALE: it is, but about another document than the
one that is named now) of each token that one token becomes."""


def states(
    space: Space, running: Running, granted: Iterable[Grant], most: int = BUDGET,
    asked: Mapping[int, str | None] | None = None,
) -> list[State]:  # fmt: skip
    """Where the tokens stand, what was decided and written, which approvals live.

    `asked`: number of a token that waits for an approval -> the document about which somebody was asked; of one that
    is not in it, the one that is named now.

    A token that is stuck on its way out, be it for want of a data output, may leave on any flow, as may one that was
    placed behind an element and waits until something is undone: the element is not performed any more; one that was
    placed before it has not begun.
    Tokens that the space has no place for (deeper calls) are left out; the system lists them as unread. Above `most`
    states the rest of the tokens is left out: the search does not even begin with so many, and says that nothing is
    proved.
    """
    places = space.system.places
    prefixes = {scope.id: _prefix(scope, running) for scope in running.scopes.values()}
    data = space.data.located(running.root.vars)
    state = State((), _outcomes(space, running, prefixes), _live(space, granted), data)
    ways: list[list[Marks]] = []
    for token in running.tokens.values():
        place = places.get(prefixes[token.scope.id] + token.node.id)
        if token.scope.kind == "turn" and token.stage is None:
            continue  # a round of a loop: the token of the loop stands for all of them
        if place is not None and token.counts:
            ways.append(
                list(_stands(place, token))
                if not _is_stale(place, token, running, asked or {})
                else [((place.id, STALE),)]
            )
    for scope in running.scopes.values():
        for flow, count in scope.held.items():
            target = scope.program.flows[flow].target
            name = prefixes[scope.id] + target.id
            if name in places:
                ways += [[((name, flow if target.op in (PARALLEL, INCLUSIVE) else ""),)]] * count
    found = {state: None}
    for way in ways:
        found = {_placed(space, before, marks): None for before in found for marks in way}
        if len(found) > most:
            break
    return list(found)


def _prefix(scope: Scope, running: Running) -> str:
    if scope.parent is None:
        return ""
    outside = _prefix(scope.parent, running)
    return f"{outside}{running.tokens[scope.token].node.id}/" if scope.kind == "call" else outside


def _placed(space: Space, state: State, marks: Marks) -> State:
    for name, flow in marks:
        if flow == STALE:
            place = space.system.places[name]
            state = space.active(state, name, f"! {STALE}" if place.boundaries else STALE)
        else:
            state = space.active(state, name) if flow is None else space.placed(state, name, flow)
    return state


def _is_stale(place: Place, token: Token, running: Running, asked: Mapping[int, str | None]) -> bool:
    mark = place.node.extensions.policy
    if token.id not in asked or mark is None or place.repeats:
        return False
    named = feel.evaluate((mark.subject or "").strip().removeprefix("="), variables(running, token.scope.id, token.id))
    return asked[token.id] != (None if named.value is None else str(named.value))


def _stands(place: Place, token: Token) -> Iterator[Marks]:
    """Each way in which the token may go on."""
    then = token.undo.then if token.undo is not None else ""
    if token.stage == "end":
        yield ()  # it ends its scope, nothing else
    elif token.stage in _LEAVING or then == "leave":
        arriving = [_arriving(way) for way in place.outgoing]
        kind = place.node.type
        if kind != "parallelGateway":
            yield from ((mark,) for mark in arriving)
        if len(arriving) != 1 and kind not in ("exclusiveGateway", "eventBasedGateway"):
            yield tuple(arriving)
    elif then == "arrive":
        yield ((place.id, ""),)
    else:
        yield ((place.id, None if place.holds_inside or place.boundaries or place.repeats else ""),)


def _arriving(way: Way) -> tuple[str, str]:
    flow, name = way
    return name, flow.id


def _outcomes(space: Space, running: Running, prefixes: dict[int, str]) -> int:
    """What was decided; not told where a round of a loop says something else than what is around it."""
    words: dict[str, set[str]] = {}
    for scope in running.scopes.values():
        for node, said in scope.approval.items():
            name = prefixes[scope.id] + node
            if name in space.asked and isinstance(said, dict) and said.get("outcome") in WORDS:
                words.setdefault(name, set()).add(space.told(name, said["outcome"]))
    found = 0
    for name, told in words.items():
        word = told.pop() if len(told) == 1 else NOT_TOLD
        found |= WORDS.index(word) << DIGIT * space.asked[name]
    return found


def _live(space: Space, granted: Iterable[Grant]) -> int:
    wanted = set(granted)
    found = 0
    for name, bit in space.bit.items():
        mark = space.system.places[name].node.extensions.policy
        if mark is not None and (space.system.places[name].node.id, mark.provides) in wanted:
            found |= bit
    return found
