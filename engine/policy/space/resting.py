"""Where a token comes to rest, and what is still asked for from there on: all else is passed at once or forgotten."""

from collections.abc import Iterator, Mapping
from functools import reduce
from operator import or_

from engine.bpmn.model import TASKS
from engine.policy.abstraction import Place, System
from engine.policy.space.layout import asks, beside, computes, places_before, sent_back_to
from engine.policy.space.monitor import of_several
from engine.policy.space.recalling import Recalling
from engine.policy.space.states import (
    APART,
    AT_ONCE,
    BY_THE_MACHINE,
    DIGIT,
    LATE,
    LEAVES,
    PASSED,
    YIELDS,
    Move,
    Need,
    State,
    is_marked,
    one_more,
)
from engine.policy.subjects import Subjects
from engine.policy.tracking import Tracking

_BEGIN_EMPTY = ("object", "property")
"""kinds of data at which nothing gets stuck: without a value they are null"""


class Resting(Recalling):
    """`whole`: nothing is left out but what is passed at once; without `fuse` not even that."""

    def __init__(
        self, system: System, needs: Mapping[str, list[Need]], subjects: Subjects, data: Tracking, *, whole: bool,
        fuse: bool,
    ) -> None:  # fmt: skip
        super().__init__(system, needs, subjects, data, whole=whole)
        self.fuse = fuse
        self._prepare_prospects()
        self._stays = {place.id: self._is_stop(place) for place in system.places.values()}
        self._idle = {name: self._is_idle(name) for name in system.places}
        self._ends_at_once = {name for name, place in system.places.items() if self._ends_with_its_inside(place)}
        self._forgets = {
            name for name, reach in self.recalled.items()
            if any(self._idle[one] and not self._is_passed_at_once(system.places[one])
                   for one in reach & self._after_it[name])
        }  # fmt: skip
        """tasks behind which tokens may stand that are forgotten"""
        self._landings: dict[str, tuple[tuple[int, tuple[str, ...]], ...]] = {}
        self._always = self._of_handlers()
        self._filled_in = {
            name for name, place in system.places.items()
            if place.node.type == "userTask" and (self._undone[name] or self.data.writes[name])
            and not self._may_be_left_blank(place)
        }  # fmt: skip
        for place in system.places.values():
            self.landing(place.id)
            for flow, target in place.outgoing:
                self.landing(target, flow.id)

    def _prepare_prospects(self) -> None:
        """What is still asked for from each place on before it is decided anew."""
        before = self._before
        decided: dict[str, set[str]] = {}
        written: dict[str, set[str]] = {}
        for place in self.system.places.values():
            plain = {target for _, target in place.outgoing}
            other = beside(self.system, place) | set(self._ways_back(place))
            for target in plain | other:
                before[target].add(place.id)
            if place.id in self.asked:
                decided[place.id] = plain - other
            if self.data.writes[place.id]:
                written[place.id] = plain - other
        self._reads = dict.fromkeys(self.system.places, 0)
        for asked, readers in self._readers.items():
            for name in places_before(before, readers, {asked: decided[asked]}):
                self._reads[name] |= 7 << DIGIT * self.asked[asked]
        self._wants = dict.fromkeys(self.system.places, 0)
        for number in range(len(self.data.paths)):
            asking = [name for name, read in self.data.reads.items() if number in read]
            anew = {name: targets for name, targets in written.items() if number in self.data.writes[name]}
            for name in places_before(before, asking, anew):
                self._wants[name] |= 1 << number
        self._behind = {
            place.id: (
                reduce(or_, (self._reads[target] for _, target in place.outgoing), self._reads[place.id]),
                reduce(or_, (self._wants[target] for _, target in place.outgoing), self._wants[place.id]),
            )
            for place in self.system.places.values()
        }  # fmt: skip
        """what is asked for from where a step leads that is done: it is not decided or written anew any more"""

    def _of_handlers(self) -> tuple[int, int]:
        """What event sub-processes may still ask for."""
        digits, wanted = 0, 0
        for handler in self.system.handlers:
            digits, wanted = digits | self._reads[handler.id], wanted | self._wants[handler.id]
        return digits, wanted

    def _may_be_left_blank(self, place: Place) -> bool:
        """Whether an event, or who takes back what leads there, ends a task that one person fills in: he writes when he
        is done, or not at all."""
        if place.id in self.final and not of_several(place):
            return True
        ends = any(self.system.places[name].node.interrupting for name in place.boundaries)
        return ends and place.node.extensions.approval is None and not place.repeats

    def _is_stop(self, place: Place) -> bool:
        """Whether a token rests here until something is chosen, written, approved or paid."""
        node = place.node
        if (
            place.id in self.needs or place.boundaries or place.holds_inside or place.repeats
            or self._undone[place.id] or self.data.writes[place.id] or self.data.learns(place.id)
            or node.for_compensation or not self.fuse or place.id in self._waits_for_conditions
        ):  # fmt: skip
            return True
        if node.extensions.policy is not None or node.extensions.approval is not None or sent_back_to(place):
            return True
        if self._throws_back(place) or place.id in self.recalled or place.id in self.final or self._turns_back(place):
            return True
        if node.type == "endEvent":
            return bool(node.events) or (place.parent is None and bool(self._root_handlers())) or self.whole
        if node.type == "parallelGateway":  # beside an inclusive join it matters when it forks
            return len(place.incoming) > 1 or (self._tied and len(place.outgoing) > 1)
        if node.type in ("inclusiveGateway", "complexGateway", "eventBasedGateway", "exclusiveGateway"):
            return (
                node.type == "complexGateway" or len(place.outgoing) != 1 or place.outgoing[0][0].condition is not None
                or (node.type == "inclusiveGateway" and len(place.incoming) > 1)
            )  # fmt: skip
        plain = node.type in TASKS or node.type in ("startEvent", "intermediateCatchEvent", "intermediateThrowEvent")
        return not plain or len(place.outgoing) != 1 or place.outgoing[0][0].condition is not None

    def _is_idle(self, name: str) -> bool:
        """Whether nothing that a token here can still do in its scope matters."""
        if self.whole or (self.system.places[name].parent is None and self._root_handlers()):
            return False
        return all(self._is_harmless(self.system.places[ahead]) for ahead in (name, *self._within[name]))

    def _is_harmless(self, place: Place) -> bool:
        node = place.node
        if place.id in self.needs or self._undone[place.id] or self.data.writes[place.id]:
            return False
        if self.data.tells_others(place.id):
            return False
        if node.extensions.policy is not None or node.extensions.approval is not None:
            return False
        if sent_back_to(place) or place.id in self.asked:
            return False
        if place.id in self._waits_for_conditions and any(place.id in reach for reach in self.recalled.values()):
            return False  # known is whether something waits there behind a decision
        if node.type == "endEvent":
            return not {"terminate", "error", "cancel"} & {event.kind for event in node.events}
        return node.type not in ("parallelGateway", "inclusiveGateway", "complexGateway") or len(place.incoming) < 2

    def _ends_with_its_inside(self, container: Place) -> bool:
        """Whether a place surely is over in the step in which the last token in it ends: no token that is forgotten can
        rest in it, nothing gets stuck at its end."""
        node, inside = container.node, [*self.system.inside(container)]
        if not container.starts or container.repeats or node.ad_hoc is not None:
            return False
        inner = self.system.processes.get(f"{container.id}/") or node.inner
        declared = [*node.data, *(inner.data if inner is not None else ())]
        if node.extensions.outputs or node.data_out or any(item.kind not in _BEGIN_EMPTY for item in declared):
            return False
        return (
            all(flow.condition is None for flow, _ in container.outgoing)
            and all(self._is_passed_at_once(one) for one in inside if self._idle[one.id])
            and not any(one.node.type == "complexGateway" for one in inside)
        )  # fmt: skip

    def _is_passed_at_once(self, place: Place) -> bool:
        """Whether no token ever rests there, nor in it."""
        node = place.node
        if node.type == "boundaryEvent":  # it waits as its host is active
            return not (computes(place) or asks(place) or node.extensions.outputs or node.data_out)
        if node.events or computes(place) or asks(place):
            return False
        if node.type == "subProcess":
            return self._ends_with_its_inside(place)
        if node.type == "exclusiveGateway" or (node.type == "inclusiveGateway" and len(place.incoming) < 2):
            return bool(place.outgoing)
        plain = node.type in ("startEvent", "endEvent", "parallelGateway", "intermediateThrowEvent", *AT_ONCE)
        return plain or place.id in self.data.certain

    def _begins_at_once(self, place: Place) -> bool:
        """Whether a sub-process surely begins in the step in which a token has come to it: nothing has to be computed
        for it, and nothing waits beside it or in it that may get stuck."""
        node = place.node
        inner = node.inner.data if node.inner is not None else []
        return (
            node.type in ("subProcess", "transaction") and bool(place.starts) and not place.repeats
            and not (place.boundaries or node.extensions.inputs or node.data_in)
            and all(item.kind in _BEGIN_EMPTY for item in (*node.data, *inner))
            and not any(handler.parent is place for handler in self.system.handlers)
        )  # fmt: skip

    def _is_over(self, state: State, place: Place) -> bool:
        """Whether nothing is left in an active place that ends with what is in it."""
        return place.id in self._ends_at_once and not (self._is_busy(state, place) or self._are_several(state, place))

    # ------------------------------------------------------------ where a token comes to rest

    def landing(self, name: str, flow: str = "") -> tuple[tuple[int, tuple[str, ...]], ...]:
        """Where a token rests that comes to a place, each with what it passes on the way."""
        place = self.system.places[name]
        if flow and self._joins(place):
            return ((self.slot(name, flow), ()),)
        if name not in self._landings:
            self._landings[name] = tuple(self._land(name, ()))
        return self._landings[name]

    def _land(self, name: str, passed: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...]]]:
        if self._idle[name]:
            return
        place = self.system.places[name]
        if self._stays[name] or name in passed:
            yield self.slot(name, LATE if self._waited(passed) and self._is_hasty(place) else ""), passed
            return
        for flow, target in place.outgoing:
            if self._joins(self.system.places[target]):
                if self._waited((*passed, name)):
                    self._loose.add(target)
                yield self.slot(target, flow.id), (*passed, name)
            else:
                yield from self._land(target, (*passed, name))

    def _waited(self, passed: tuple[str, ...]) -> bool:
        """Whether a token that has passed all these may still be on its way: somebody else moves it on."""
        return any(self._may_rest(self.system.places[name]) for name in passed if name not in self.data.certain)

    def _may_rest(self, place: Place) -> bool:
        kind = place.node.type
        if kind in AT_ONCE or kind == "intermediateThrowEvent":
            return computes(place)
        return kind in TASKS or kind == "intermediateCatchEvent"

    def _is_hasty(self, place: Place) -> bool:
        """Whether it matters when a token comes: the machine goes on at once, or a payment reads its document."""
        return (
            place.id in self._reads_at_once or place.id in self._waits_for_conditions
            or place.node.type.endswith(("Gateway", "endEvent")) or place.node.type in BY_THE_MACHINE
        )  # fmt: skip

    def hands_on(self, name: str) -> bool:
        """Whether nothing that a token in this place does is looked at by itself."""
        return self._idle[name] or not self._stays[name]

    def placed(self, state: State, name: str, flow: str = "") -> State:
        """One token more that comes to a place."""
        tokens = state.tokens
        for slot, _ in self.landing(name, flow):
            tokens = one_more(tokens, slot)
        return state if tokens is state.tokens else State(tokens, state.outcomes, state.live, state.data)

    def active(self, state: State, name: str, stage: str = "!") -> State:
        """One token more that rests in a place."""
        return State(one_more(state.tokens, self.slot(name, stage)), state.outcomes, state.live, state.data)

    # ------------------------------------------------------------ states

    def starts(self) -> list[State]:
        """The states in which it can begin."""
        return [self.begun_at(starts) for starts in self.system.starts]

    def begun_at(self, starts: list[str]) -> State:
        """The state in which it begins at these places."""
        state = State((), 0, 0, self.data.begun(starts))
        for start in starts:
            state = self.placed(state, start)
        return state

    def leads_on(self, state: State, wanted: set[str]) -> bool:
        """Whether something of it can come to where there is something to find."""
        if self.whole:
            return True
        if not state.tokens:
            return False
        return any(handler.id in wanted for handler in self.system.handlers) or any(
            self.slots[slot][0].id in wanted for slot in state.tokens
        )

    def kept(self, state: State) -> State:
        """Without outcomes and variables that nothing asks for any more, and without what people who have a task open
        may have written over: each of them writes when he decides, while others of the same task are still to decide.
        """
        if self.recalled:
            state = self._with_tokens(state, self._still_open(state.tokens))
        if not (state.outcomes or state.data or state.live or self._parts):
            return state
        digits, wanted = (-1, -1) if self.whole else self._always
        undone = replaced = partly = 0
        written: set[int] = set()
        for slot in state.tokens:
            name, done = self.slots[slot][0].id, self.slots[slot][1] in (LEAVES, YIELDS)
            asked, read = self._behind[name] if done else (self._reads[name], self._wants[name])
            digits, wanted = digits | asked, wanted | read
            if name in self._filled_in and not (done or self._is_mark(slot)):
                undone |= self._undone[name]
                replaced |= self._replaced[name]
                partly |= self._replaced[name] if of_several(self.slots[slot][0]) else 0
                written.update(self.data.writes[name])
        data = tuple(
            [known if wanted >> at & 1 and at not in written else whole
             for at, (known, whole) in enumerate(zip(state.data, self.data.everything, strict=True))]
        )  # fmt: skip
        parted = replaced and any(is_marked(self.slots[slot][1], APART) for slot in state.tokens)
        if not (state.outcomes & ~digits or state.live & undone or partly or parted or data != state.data):
            return state
        tokens = self._rewritten(state, replaced, partly)
        return State(tokens, state.outcomes & digits, state.live & ~undone, data)

    # ------------------------------------------------------------ what is shown

    def walk(self, origin: State, moves: list[Move]) -> list[Move]:
        """The moves on a way that begins in `origin`, with those that only hand the token on between them."""
        found: list[Move] = []
        met = {move.via for move in moves}
        begins = next((way for way in self.system.starts if self.begun_at(way) == origin), [])
        for start in begins:
            found.extend(self._handing_on(start, met))
        for move in moves:
            found.append(move)
            for flow, target in move.ways:
                found.extend(self._handing_on(target, met, flow.id))
            place = self.system.places[move.via]
            if move.word in ("begins", "again") or place.node.triggered_by_event:
                for start in place.starts:
                    found.extend(self._handing_on(start, met))
        return found

    def _handing_on(self, name: str, met: set[str], flow: str = "") -> Iterator[Move]:
        """What is passed from a place to where something happens later."""
        for slot, passed in self.landing(name, flow):
            goal = self.slots[slot][0].id
            if goal in met:
                for one, following in zip(passed, (*passed, goal)[1:], strict=True):
                    ways = tuple(way for way in self.system.places[one].outgoing if way[1] == following)
                    yield Move(one, PASSED, ways)
