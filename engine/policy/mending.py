"""Quick fixes: what the designer can change at once against a way round, where its shape is known."""

from collections.abc import Iterator

from engine.errors import N_
from engine.findings import AUTOMATIC, Fix
from engine.policy.search import PASSED, Move, Space, Violation
from engine.policy.telling import named

READ_ONLY = "field-read-only"
CHECKED = "add-outcome-check"


def fixes(space: Space, violation: Violation) -> tuple[Fix, ...]:
    """Each once, in the order in which the way comes to it; none in called processes, which have drawings of their own.

    A fix takes away this way; the next check says whether there is another one.
    """
    found: dict[tuple[str, str, str], Fix] = {}
    moves = [move for move in violation.moves if move.word != PASSED]
    for at, move in enumerate(moves):
        place = space.system.places[move.via]
        if place.prefix:
            continue
        for fix in (*_automatic(space, move), *_read_only(space, move), *_checked(space, moves, at)):
            found.setdefault((fix.id, fix.element_id, fix.subject), fix)
    return tuple(found.values())


def _automatic(space: Space, move: Move) -> Iterator[Fix]:
    """An approval passes without anybody."""
    node = space.system.places[move.via].node
    if move.word == "passes" and node.extensions.policy is not None:
        yield Fix(AUTOMATIC, node.id, N_("Take away what lets '{name}' pass without anybody"), {"name": named(node)})


def _read_only(space: Space, move: Move) -> Iterator[Fix]:
    """A form writes which document the approvals are about."""
    place = space.system.places[move.via]
    if place.node.type != "userTask" or not place.node.extensions.form:
        return
    for name in sorted(space.subjects.documents() & space.subjects.written(place.id)):
        facts = {"name": named(place.node), "field": space.subjects.labels.get(name, name)}
        yield Fix(READ_ONLY, place.node.id, N_("Let '{name}' only read '{field}'"), facts, name)


def _checked(space: Space, moves: list[Move], at: int) -> Iterator[Fix]:
    """A rejection goes on at a gateway by a flow that does not ask for the outcome."""
    approval = space.system.places[moves[at].via]
    if moves[at].word != "reject" or approval.node.extensions.policy is None:
        return
    for move in moves[at + 1 :]:
        place = space.system.places[move.via]
        if place.node.type != "exclusiveGateway" or len(move.ways) != 1 or place.prefix:
            continue
        flow = move.ways[0][0]
        if not flow.is_default and flow.condition is not None:
            message = N_("Let '{flow}' also ask that '{name}' was approved")
            yield Fix(CHECKED, flow.id, message, {"flow": named(flow), "name": named(approval.node)}, approval.node.id)
        return
