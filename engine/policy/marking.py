"""The state of a running instance as the checker's first state: what can still happen from here."""

from collections.abc import Iterable, Mapping

from engine import feel
from engine.bpmn import variables
from engine.bpmn.program import INCLUSIVE, PARALLEL
from engine.bpmn.state import Scope, Token
from engine.bpmn.state import State as Running
from engine.ids import canonical
from engine.policy.abstraction import NOT_TOLD, Place
from engine.policy.space import DIGIT, GIVES_NOTHING, LEAVES, STALE, WORDS, YIELDS, Space, State

Grant = tuple[str, str, str]
"""(element id of the approval, capability, document) of a yes that is still live."""
_STUCK = {"leave": LEAVES, "split": LEAVES, "output": YIELDS}
"""what a token is stuck at when its element is not performed again"""


def states(
    space: Space, running: Running, granted: Iterable[Grant], asked: Mapping[int, str | None] | None = None,
    decided: Iterable[str] = (), final: Iterable[str] = (),
) -> list[State]:  # fmt: skip
    """Where the tokens stand, what was decided and written, which approvals live: one state.

    `asked`: number of a token that waits for an approval -> the document about which somebody was asked; of one that
    is not in it, the one that is named now. `decided`: elements whose decision may be taken back;
    `final`: once what somebody has decided since then is void.

    A token that is stuck on its way out, be it in a gateway or for want of a data output, goes on from there, as does
    one that was placed behind an element and waits until something is undone: the element is not performed any more;
    one that was placed before it has not begun.
    Tokens that the space has no place for (deeper calls) are left out; the system lists them as unread.
    """
    places = space.system.places
    decided, final = frozenset(decided), frozenset(final)
    prefixes = {scope.id: _prefix(scope, running) for scope in running.scopes.values()}
    data = space.data.located(running.root.vars)
    state = State((), _outcomes(space, running, prefixes), _live(space, running, granted), data)
    for token in running.tokens.values():
        place = places.get(prefixes[token.scope.id] + token.node.id)
        if token.scope.kind == "turn" and token.stage is None:
            continue  # a round of a loop: the token of the loop stands for all of them
        if place is not None and token.counts and token.stage != "end":  # that one ends its scope, nothing else
            state = _placed(space, state, place, token, stale=_is_stale(place, token, running, asked or {}))
    for scope in running.scopes.values():
        for flow, count in scope.held.items():
            target = scope.program.flows[flow].target
            name = prefixes[scope.id] + target.id
            for _ in range(count if name in places else 0):
                state = space.placed(state, name, flow if target.op in (PARALLEL, INCLUSIVE) else "")
    for name in space.recalled:
        if places[name].node.id in decided:
            state = space.may_be_recalled(state, places[name])
        elif places[name].node.id in final:
            state = space.may_be_recalled_again(state, places[name])
    return [state]


def _prefix(scope: Scope, running: Running) -> str:
    if scope.parent is None:
        return ""
    outside = _prefix(scope.parent, running)
    return f"{outside}{running.tokens[scope.token].node.id}/" if scope.kind == "call" else outside


def _placed(space: Space, state: State, place: Place, token: Token, *, stale: bool) -> State:
    """With a token more. `stale`: somebody was asked there about another document than the one that is named now."""
    then = token.undo.then if token.undo is not None else ""
    if stale:
        return space.active(state, place.id, f"! {STALE}" if place.boundaries else STALE)
    asks = token.wait == "incident" and place.node.type == "exclusiveGateway"
    rules = token.wait == "incident" and place.node.type == "businessRuleTask"
    if asks or token.stage in _STUCK or then == "leave":
        return space.active(state, place.id, _STUCK.get(token.stage or "", LEAVES))
    if rules and not (place.boundaries or place.repeats):
        return space.active(state, place.id, GIVES_NOTHING)
    if then == "arrive" or not (place.holds_inside or place.boundaries or place.repeats):
        return space.placed(state, place.id)
    return space.active(state, place.id)


def _is_stale(place: Place, token: Token, running: Running, asked: Mapping[int, str | None]) -> bool:
    mark = place.node.extensions.policy
    if token.id not in asked or mark is None or place.repeats:
        return False
    named = feel.evaluate((mark.subject or "").strip().removeprefix("="), variables(running, token.scope.id, token.id))
    return asked[token.id] != (None if named.value is None else str(named.value))


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


def _live(space: Space, running: Running, granted: Iterable[Grant]) -> int:
    wanted = list(granted)
    found = 0
    for name, bit in space.bit.items():
        place = space.system.places[name]
        mark = place.node.extensions.policy
        if mark is not None:
            about = {
                document for node, approval, document in wanted if (node, approval) == (place.node.id, mark.provides)
            }
            named = _named(place, running)
            found |= bit if about and (named is None or named in about) else 0
    return found


def _named(place: Place, running: Running) -> str | None:
    """The document that an approval of the process itself names now; None where that is not known."""
    mark = place.node.extensions.policy
    local = place.node.extensions.inputs or place.node.data_in or place.node.data
    if mark is None or place.prefix or place.parent is not None or place.repeats or local:
        return None
    value = feel.evaluate((mark.subject or "").strip().removeprefix("="), variables(running, running.root.id)).value
    return None if value is None else canonical(str(value))
