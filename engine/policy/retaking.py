"""Decisions that people may take back (取回) while the machine is led along a way: which, from where, until when."""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from engine.bpmn.program import Node
from engine.bpmn.state import Scope, State, Token


class Decision(NamedTuple):
    """`seq`: of the fact with which it was made; `before`: tokens at which people had been asked before, who may decide
    without making it final; `final`: what people have decided who did: place and number of the fact."""

    node: str
    scope: int
    seq: int
    before: frozenset[int]
    final: frozenset[tuple[str, int]] = frozenset()


def made(token: Token, seq: int, asked: Iterable[int]) -> Decision | None:
    """What was decided at `token`, while people are `asked` at others; None: it cannot be taken back."""
    human = token.node.human
    if human is None or human.recall == "never":
        return None
    return Decision(token.node.id, token.scope.id, seq, frozenset(asked) - {token.id})


def open_still(decisions: Iterable[Decision], token: int) -> tuple[Decision, ...]:
    """Those that are not final for good when somebody sends it back at `token`."""
    return tuple(one for one in decisions if token in one.before)


def made_final(decisions: Iterable[Decision], token: int, place: str, seq: int) -> Iterator[Decision]:
    """They are final, as long as that stands, when somebody has decided at `token`."""
    for one in decisions:
        yield one if token in one.before else one._replace(final=one.final | {(place, seq)})


def void_again(decisions: Iterable[Decision], undone: Collection[str], since: int) -> Iterator[Decision]:
    """When what was decided in these places since then is void."""
    for one in decisions:
        yield one._replace(final=frozenset(
            (place, seq) for place, seq in one.final if place not in undone or seq < since
        ))  # fmt: skip


def beside(decisions: Iterable[Decision], state: State, done: str) -> tuple[Decision, ...]:
    """Those that are not final when what is done at element `done` lasts."""
    found = []
    for one in decisions:
        scope, node = _place(one, state)
        place = scope.program.nodes.get(done) if scope is not None else None
        while place is not None and scope is not None and place.scope is not scope.unit:
            place = place.scope.node
        if place is not None and scope is not None and node is not None:
            found += [] if scope.unit.routes.down[node.index] >> place.index & 1 else [one]
    return tuple(found)


def waiting(decision: Decision, state: State) -> list[int]:
    """The tokens behind it in its scope, which are taken back."""
    scope, node = _place(decision, state)
    if scope is None or node is None:
        return []
    behind = scope.unit.routes.down[node.index]
    return [
        token.id for token in state.tokens.values()
        if token.scope is scope and not token.host and behind >> token.node.index & 1
    ]  # fmt: skip


def _place(decision: Decision, state: State) -> tuple[Scope | None, Node | None]:
    scope = state.scopes.get(decision.scope)
    node = scope.program.nodes.get(decision.node) if scope is not None else None
    return (scope, node) if scope is not None and node is not None and node.scope is scope.unit else (None, None)
