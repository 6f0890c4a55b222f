"""What of a drawing is known before anything moves: what leads where, what lies behind what, where people send it."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from engine.bpmn.model import TASKS, EventDefinition
from engine.bpmn.outcomes import asked_about
from engine.policy.abstraction import NOT_TOLD, Place, System
from engine.policy.regions import reads_outcome, truth
from engine.policy.space.states import AT_ONCE, WORDS
from engine.policy.subjects import read_by

MOST_ASKED = 4
"""approvals of one condition; one that asks more may hold its gateway up"""


class Layout:
    """Of one system. `inner`: what is inside of each place that holds something; `asked`: number of each approval whose
    outcome a condition asks for."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.inner = {
            place.id: frozenset(inside.id for inside in system.inside(place))
            for place in system.places.values()
            if place.holds_inside
        }
        self._within = within(system)
        self._tied = any(
            place.node.type == "inclusiveGateway" and len(place.incoming) > 1 for place in system.places.values()
        )
        """whether something waits for what may still come"""
        self._order: dict[str, dict[str, int]] = {}
        self._downs: dict[str, set[str]] = {}
        self._around: dict[str, dict[str, frozenset[str]]] = {}
        self._before: dict[str, set[str]] = {name: set() for name in system.places}
        """place -> where a token may have been just before"""
        asked: dict[str, set[str]] = {}
        for place in system.places.values():
            for flow, _ in place.outgoing:
                for name in reads_outcome(flow.condition):
                    asked.setdefault(place.prefix + name, set()).add(place.id)
        self.asked = {name: index for index, name in enumerate(sorted(asked)) if name in system.places}
        self._readers = {name: frozenset(readers) for name, readers in asked.items() if name in self.asked}
        self._asked_about = {prefix: asked_about(process) for prefix, process in system.processes.items()}
        self._at_once = {place.id for place in system.places.values() if self._happens_within_a_step(place)}
        self._waits_for_conditions = {place.id for place in system.places.values() if self._is_ready(place)}
        """where a token goes on by itself once a condition is true"""
        self._unheard = {place.id for place in system.places.values() if self._is_unheard(place)}

    def behind(self, name: str) -> set[str]:
        """What lies after a place and in it, when no loop is gone round."""
        after = {name, *self._down(name)}
        return after | {inner for one in after for inner in self.inner.get(one, ())}

    def _down(self, target: str) -> set[str]:
        """What lies after a place in its scope when no loop is gone round."""
        if target not in self._downs:
            self._downs[target] = self._followed(target)
        return self._downs[target]

    def _followed(self, target: str) -> set[str]:
        place = self.system.places[target]
        scope = place.parent.id if place.parent is not None else ""
        if scope not in self._order:
            self._order[scope] = _ordered([one for one in self.system.places.values() if one.parent is place.parent])
        order = self._order[scope]
        seen: set[str] = set()
        todo = [target]
        while todo:
            here = todo.pop()
            for name in _following(self.system.places[here]):
                if name not in seen and order[name] > order[here]:
                    seen.add(name)
                    todo.append(name)
        return seen

    def leading_to(self, guarded: Iterable[str]) -> set[str]:
        """Where a token may still come to one of these places."""
        return places_before(self._before, guarded)

    def _lies_before(self, target: str, place: Place) -> bool:
        """Whether a place lies behind `target`, or in what lies there."""
        goal = self.system.places[target]
        return self._lies_around(goal.parent, place) and any(
            around.parent is goal.parent and around.id in self._down(target)
            for around in (place, *scopes_around(place))
        )

    def _lies_around(self, container: Place | None, place: Place) -> bool:
        return (
            container is place.parent or container is None or any(above is container for above in scopes_around(place))
        )

    def _joins(self, place: Place) -> bool:
        return place.node.type in ("parallelGateway", "inclusiveGateway") and len(place.incoming) > 1

    def _source(self, name: str, flow: str) -> str:
        for place in self.system.places.values():
            if any(out.id == flow and target == name for out, target in place.outgoing):
                return place.id
        return ""

    def _flows_to(self, join: Place) -> dict[str, frozenset[str]]:
        """Place -> the flows of a join that a token there can come by, without passing the join."""
        if join.id not in self._around:
            found: dict[str, set[str]] = {}
            for source in self.system.places.values():
                for flow, target in source.outgoing:
                    if target == join.id and source is not join:
                        for name in self._back_from(source, join):
                            found.setdefault(name, set()).add(flow.id)
            self._around[join.id] = {name: frozenset(flows) for name, flows in found.items()}
        return self._around[join.id]

    def _back_from(self, source: Place, join: Place) -> set[str]:
        """Every place from which a token can come to `source`, itself included."""
        seen = {source.id}
        todo = [source.id]
        while todo:
            name = todo.pop()
            for other in self.system.places.values():
                ways = {target for _, target in other.outgoing} | set(other.boundaries)
                if name in ways and other is not join and other.id not in seen:
                    seen.add(other.id)
                    todo.append(other.id)
        return seen

    # ------------------------------------------------------------ events

    def _events(self, name: str) -> list[EventDefinition]:
        return self.system.places[name].node.events

    def _root_handlers(self) -> list[Place]:
        return [handler for handler in self.system.handlers if handler.parent is None]

    def _interrupts(self, handler: Place) -> bool:
        return any(self.system.places[start].node.interrupting for start in handler.starts)

    def _is_unheard(self, place: Place) -> bool:
        """Whether an event waits for an error or escalation that nothing in its scope throws by itself. At a task it is
        taken as drawn."""
        events = self._caught(place)
        attached = place.node.attached_to
        scope = place.parent if attached is None else self.system.places[place.prefix + attached]
        if scope is not None and not scope.holds_inside:
            return False
        if not events or any(event.kind not in ("error", "escalation") for event in events):
            return False
        inside = self.system.places.values() if scope is None else [scope, *self.system.inside(scope)]
        own = set(self.system.inside(place))
        return not any(_throws(one) for one in inside if one not in own)

    def _caught(self, place: Place) -> list[EventDefinition]:
        """What a boundary event or an event sub-process waits for."""
        if place.node.triggered_by_event:
            return [event for start in place.starts for event in self._events(start)]
        return self._events(place.id) if place.node.attached_to is not None else []

    def _is_ready(self, place: Place) -> bool:
        after = [self.system.places[target].node for _, target in place.outgoing]
        caught = [place.node] if place.node.type == "intermediateCatchEvent" else after
        return place.node.type in ("intermediateCatchEvent", "eventBasedGateway") and any(
            event.kind == "conditional" for node in caught for event in node.events
        )

    def _happens_within_a_step(self, place: Place) -> bool:
        """Whether an event may be caught while the machine moves: a variable is written, something is thrown."""
        thrown = {
            event.kind for one in self.system.places.values() if one.node.type in ("intermediateThrowEvent", "endEvent")
            for event in one.node.events
        }  # fmt: skip
        return any(event.kind in ({"conditional"} | thrown & {"signal", "escalation"}) for event in self._caught(place))

    # ------------------------------------------------------------ where people send it

    def _on_reject(self, place: Place) -> str:
        approval = place.node.extensions.approval
        asked = place.node.id in self._asked_about[place.prefix]
        return (approval.on_reject if approval else None) or ("flow" if asked else "end")

    def _back(self, place: Place, on_reject: str) -> list[str]:
        """Where a rejection sends the request back to; nowhere when it ends there."""
        if on_reject == "end":
            return []
        if on_reject == "initiator":
            return self._requests(place)
        target = place.prefix + on_reject.removeprefix("return:")
        known = target in self.system.places and (target == place.id or self._lies_before(target, place))
        return [target] if known else []

    def sent_back(self, place: Place, word: str) -> list[str]:
        """Where it goes back to from there by "return" or "reject"."""
        return self._returns(place) if word == "return" else self._back(place, self._on_reject(place))

    def _ways_back(self, place: Place) -> list[str]:
        approval, returns = place.node.extensions.approval, sent_back_to(place)
        rejected = approval.on_reject if approval is not None and approval.on_reject else "flow"
        found = self._returns(place) if returns else []
        return found if rejected in ("flow", "end") else [*found, *self._back(place, rejected)]

    def _requests(self, place: Place) -> list[str]:
        return [
            found.id for found in self.system.places.values()
            if found.prefix == place.prefix and found.node.extensions.request
        ]  # fmt: skip

    def _returns(self, place: Place) -> list[str]:
        """Every place where its people, or a time limit, may send it back to, whether it has been passed or not."""
        return self._meant_by(place, sent_back_to(place))

    def _meant_by(self, place: Place, words: Iterable[str]) -> list[str]:
        """Where it goes back to by these words: initiator, previous, any, or the id of an element."""
        found: dict[str, None] = {}
        for word in words:
            if word == "initiator":
                found |= dict.fromkeys(self._requests(place))
            elif word in ("previous", "any"):
                found |= dict.fromkeys(
                    other.id for other in self.system.places.values()
                    if other.node.type == "userTask" and other.prefix == place.prefix
                )  # fmt: skip
            elif place.prefix + word in self.system.places:
                found[place.prefix + word] = None
        return [name for name in found if self._lies_before(name, place)]


# ---------------------------------------------------------------- places


def asks(place: Place) -> bool:
    """Whether its flows may hold it up: their conditions ask for a value that may be missing, or none may be true."""
    conditions = [flow.condition for flow, _ in place.outgoing if not flow.is_default]
    asked = [one for one in conditions if one is not None]
    return bool(asked) and not (len(asked) < len(place.outgoing) and all(map(_is_told, asked)))


def _is_told(condition: str) -> bool:
    """Whether it asks what was decided, and nothing else, and says yes or no whatever that is."""
    if not read_by(condition.strip().removeprefix("=")) <= {"approval"}:
        return False
    approvals = sorted(reads_outcome(condition))
    decided = product(WORDS[: WORDS.index(NOT_TOLD)], repeat=len(approvals))
    return len(approvals) <= MOST_ASKED and all(
        truth(condition, dict(zip(approvals, words, strict=True))) is not None for words in decided
    )


def computes(place: Place) -> bool:
    """Whether it may be stuck at what it is given, or at the name or key of what it throws."""
    node = place.node
    key = node.extensions.publish_key
    throws = any(
        event.kind in ("message", "signal") and ((event.name or "=").startswith("=") or event.correlation_key or key)
        for event in node.events
    )
    return bool(throws or node.extensions.inputs or node.data_in or node.data)


def waits_for_others(place: Place) -> bool:
    """Whether a rejection there waits for the other branches."""
    approval = place.node.extensions.approval
    said = () if approval is None else approval.parameters
    return any((one.name, one.value) == ("branchReject", "waitOthers") for one in said)


def sent_back_to(place: Place) -> list[str]:
    """Where people, or a time limit, send it back to: initiator, previous, any, or the id of an element."""
    found = place.node.extensions
    return [*found.returns, *(step.to or "previous" for step in found.timeout if step.do == "return")]


def scopes_around(place: Place) -> Iterator[Place]:
    above = place.parent
    while above is not None:
        yield above
        above = above.parent


def _throws(place: Place) -> bool:
    """Whether somebody or something outside may throw an error or escalation there, or the drawing an escalation; the
    errors of the drawing, but for those of a handler of compensation, and what is inside a call, are followed by
    themselves."""
    node = place.node
    if node.type.endswith(("ThrowEvent", "endEvent")):
        undoes = any(above.node.for_compensation for above in scopes_around(place))
        return any(event.kind == "escalation" or (undoes and event.kind == "error") for event in node.events)
    waits = node.type in TASKS and node.type not in AT_ONCE
    return waits and node.extensions.script is None and node.extensions.decision is None


def beside(system: System, place: Place) -> set[str]:
    """Where tokens can be because of one in a place, but for its flows: its events, its inside, behind its scope."""
    found = {*place.boundaries, *place.starts}
    found |= {handler.id for handler in system.handlers if handler.parent is place}
    return found if place.parent is None else found | {place.parent.id}


def within(system: System, more: Mapping[str, set[str]] | None = None) -> dict[str, frozenset[str]]:
    """From each place: where its token can still get in its scope, boundary events and insides included, and where what
    it does leads (`more`)."""
    following: dict[str, set[str]] = {}
    for place in system.places.values():
        nexts = {target for _, target in place.outgoing} | beside(system, place) | (more or {}).get(place.id, set())
        following[place.id] = nexts - {place.parent.id} if place.parent is not None else nexts
    found = {}
    for name in following:
        seen: set[str] = set()
        todo = [name]
        while todo:
            for target in following[todo.pop()]:
                if target not in seen:
                    seen.add(target)
                    todo.append(target)
        found[name] = frozenset(seen)
    return found


def places_before(
    before: Mapping[str, set[str]], targets: Iterable[str], barred: Mapping[str, set[str]] | None = None
) -> set[str]:  # fmt: skip
    """Every place from which one of `targets` can be reached. `barred`: place -> where it leads without counting."""
    seen = set(targets)
    todo = list(seen)
    barred = barred or {}
    while todo:
        name = todo.pop()
        for earlier in before[name]:
            if earlier not in seen and name not in barred.get(earlier, ()):
                seen.add(earlier)
                todo.append(earlier)
    return seen


def _following(place: Place) -> list[str]:
    """Where a token can be next without leaving its scope."""
    return [*(target for _, target in place.outgoing), *place.boundaries]


def _ordered(places: list[Place]) -> dict[str, int]:
    """Places of one scope in reverse postorder, as the machine numbers them (`graph.routes`)."""
    known = {place.id: place for place in places}
    entering = [place for place in places if not place.incoming and place.node.attached_to is None]
    seen: set[str] = set()
    order: list[str] = []
    for origin in [*reversed(entering), *places]:
        if origin.id in seen:
            continue
        seen.add(origin.id)
        path = [(origin, iter(_following(origin)))]
        while path:
            place, targets = path[-1]
            target = next(targets, None)
            if target is None:
                order.append(place.id)
                path.pop()
            elif target not in seen:
                seen.add(target)
                path.append((known[target], iter(_following(known[target]))))
    return {name: number for number, name in enumerate(reversed(order))}
