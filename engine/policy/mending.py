"""Quick fixes: what the designer can change at once against a way round, where its shape is known."""

from collections.abc import Iterator

from engine.errors import N_, Title
from engine.findings import AUTOMATIC, Fix
from engine.policy.search import Violation
from engine.policy.space import PASSED, Move, Space
from engine.policy.telling import named

READ_ONLY = "field-read-only"
CHECKED = "add-outcome-check"
ESCALATED = "timer-to-escalation"
JOINED = "add-join"


def fixes(space: Space, violation: Violation) -> tuple[Fix, ...]:
    """Each once, in the order in which the way comes to it; none in called processes, which have drawings of their own.

    A fix takes away this way; the next check says whether there is another one.
    """
    return tuple(fix for fix, where in _found(space, violation) if not where)


def elsewhere(space: Space, violation: Violation) -> tuple[Fix, Title] | None:
    """What would put it right in a process that is called, with the name of that process."""
    for fix, where in _found(space, violation):
        if where:
            process = space.system.processes[where]
            return fix, Title(process.name or process.id, process.labels)
    return None


def _found(space: Space, violation: Violation) -> Iterator[tuple[Fix, str]]:
    """(what puts it right, the prefix of the process in which that is)"""
    seen: set[tuple[str, str, str, str]] = set()
    moves = space.walk(violation.origin, violation.moves)
    for at, move in enumerate(moves):
        place = space.system.places[move.via]
        found = list(_joined(space, moves, at))
        if move.word != PASSED:
            found += [*_automatic(space, move), *_read_only(space, move), *_checked(space, moves, at)]
            found += _escalated(space, move)
        for fix in found:
            key = (place.prefix, fix.id, fix.element_id, fix.subject)
            if key not in seen:
                seen.add(key)
                yield fix, place.prefix


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
        if move.word == PASSED or place.node.type != "exclusiveGateway" or len(move.ways) != 1:
            continue
        if place.prefix != approval.prefix:
            continue
        flow = move.ways[0][0]
        if not flow.is_default and flow.condition is not None:
            message = N_("Let '{flow}' also ask that '{name}' was approved")
            yield Fix(CHECKED, flow.id, message, {"flow": named(flow), "name": named(approval.node)}, approval.node.id)
        return


def _escalated(space: Space, move: Move) -> Iterator[Fix]:
    """The time of an approval runs out, and it goes on without it."""
    event = space.system.places[move.via].node
    if event.attached_to is None or not event.interrupting or [one.kind for one in event.events] != ["timer"]:
        return
    timer, host = event.events[0].timer, space.system.places[space.system.places[move.via].prefix + event.attached_to]
    plain = timer is not None and timer.kind == "duration" and timer.text.strip().startswith("P")
    if plain and host.node.type == "userTask" and host.node.extensions.policy is not None:
        message = N_("Keep '{name}' open when the time of '{event}' runs out, and escalate it")
        yield Fix(ESCALATED, event.id, message, {"name": named(host.node), "event": named(event)}, host.node.id)


def _joined(space: Space, moves: list[Move], at: int) -> Iterator[Fix]:
    """Branches that run beside each other come together where the first one goes on, and do not wait for the others."""
    fork = space.system.places[moves[at].via]
    splits = fork.node.type != "exclusiveGateway" and all(flow.condition is None for flow, _ in fork.outgoing)
    ways = fork.outgoing if splits and fork.node.type != "eventBasedGateway" else moves[at].ways
    if len(ways) < 2:
        return
    branches = [{target, *space.behind(target)} for _, target in ways]
    for move in moves[at + 1 :]:
        place = space.system.places[move.via]
        node = place.node
        merges = node.is_activity or (node.type == "exclusiveGateway" and len(place.outgoing) == 1)
        if not merges or len(place.incoming) < 2 or place.parent is not fork.parent or place.prefix != fork.prefix:
            continue
        sources = {
            other.id for other in space.system.places.values() if any(to == place.id for _, to in other.outgoing)
        }
        met = sum(1 for branch in branches if place.id in branch)
        if met > 1 and all(any(name in branch for branch in branches) or name == fork.id for name in sources):
            yield Fix(JOINED, node.id, N_("Let '{name}' wait for all branches"), {"name": named(node)})
            return
