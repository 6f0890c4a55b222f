"""Everything that can happen next: the relation that the search walks along."""

from collections.abc import Collection, Iterator, Mapping

from engine.policy.abstraction import Place, System
from engine.policy.space.layout import asks, computes, scopes_around, waits_for_others
from engine.policy.space.monitor import results_of
from engine.policy.space.ordering import Ordering
from engine.policy.space.states import (
    AT_ONCE,
    BESIDE,
    BY_THE_MACHINE,
    DECIDED,
    FINAL,
    GIVES_NOTHING,
    HELD,
    LATE,
    LEAVES,
    LOGGED,
    PASSED,
    READ,
    STALE,
    UNDOES,
    UNDOING,
    YIELDS,
    Move,
    Need,
    State,
    counted_by,
    one_less,
)
from engine.policy.subjects import Subjects
from engine.policy.tracking import Tracking

REJECTED = "troika.rejected"
"""the error that a called process throws whose rejection ends it"""
SURE, BY_ITSELF, OUTSIDE = range(3)


class Space(Ordering):
    """All that can happen to a process. `needs`: guarded place -> what must have been approved.

    `whole`: nothing is left out but what is passed at once; for whoever wants to see each state.
    """

    def __init__(
        self, system: System, needs: Mapping[str, list[Need]], subjects: Subjects, data: Tracking, *,
        whole: bool = False, fuse: bool = True, anew: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(system, needs, subjects, data, whole=whole, fuse=fuse, anew=anew)

    def steps(self, state: State) -> Iterator[tuple[Move, State]]:
        """Everything that can happen next. What the machine does by itself, and cannot get stuck at, comes before
        whatever people, jobs and the outside world do, but not before events that happen within a step."""
        kinds = self._first({slot: self._kind_of(*self.slots[slot], state) for slot in state.tokens}, state)
        repaired = self._repaired_unseen | {
            number
            for slot, kind in kinds.items()
            if kind != SURE
            for number in self.data.repaired[self.slots[slot][0].id]
        }
        moved = False
        for slot, kind in kinds.items():
            if kind != OUTSIDE:
                place, stage = self.slots[slot]
                for one in self._when(state, place.id, repaired) if stage == "" else [state]:
                    for step in self._of_token(one, slot):
                        moved = moved or kind == SURE
                        yield step
        waiting = [] if moved else self._at_rest(state)
        for slot, kind in kinds.items():
            place, stage = self.slots[slot]
            for one in waiting if kind == OUTSIDE else ():
                for coming in self._when(one, place.id, repaired) if stage == LATE else [one]:
                    yield from self._of_token(coming, slot)
            if self.slots[slot][1].startswith("!"):
                for name in self.slots[slot][0].boundaries:
                    for one in self._when(state, name, repaired) if name in self._at_once else ():
                        yield from self._events_beside(one, slot, (name,))
        for handler in self.system.handlers:
            if handler.id in self._unheard:
                continue
            if not self._is_alive(state, handler.parent) or self._is_taken_over(state, handler.parent):
                continue
            if handler.id in self._at_once:
                for one in self._when(state, handler.starts[0], repaired):
                    yield from self._handle(one, handler)
            else:
                for one in waiting:
                    yield from self._handle(one, handler)

    def _first(self, kinds: dict[int, int], state: State) -> dict[int, int]:
        """Of tokens that have nothing to do with each other those that go first: what the machine moves, if any is."""
        if not self.apart or len(parties := self.parties(state)) < 2:
            return kinds
        chosen = next((
            party for party in parties
            if any(kinds[slot] == SURE and next(self._of_token(state, slot), None) is not None for slot in party)
        ), parties[0])  # fmt: skip
        return {slot: kinds[slot] for slot in chosen}

    def _of_token(self, state: State, slot: int) -> Iterator[tuple[Move, State]]:
        place, stage = self.slots[slot]
        if stage.startswith(LOGGED) or stage == FINAL:
            return iter(())
        if stage.startswith(DECIDED):
            return self._recalled(state, slot, place)
        if stage in (UNDOING, BESIDE):
            return self._undo(state, slot, place, stage)
        if stage in (LEAVES, YIELDS, GIVES_NOTHING):
            return self._leave(state, slot, place, stage)
        if stage.startswith("!"):
            return self._leave_activity(state, slot, place, stage)
        if stage == HELD:
            return self._held(state, slot, place)
        if stage.startswith((STALE, READ)):
            return self._leave_task(state, slot, place, stage)
        return self._arrive(state, slot, place) if stage in ("", LATE) else self._join(state, place, stage)

    def _kind_of(self, place: Place, stage: str, state: State) -> int:
        """Who moves a token on: the machine for sure, the machine unless it gets stuck, or something outside."""
        if stage in (UNDOING, BESIDE):
            return SURE if self._undone_at_once and not asks(place) else BY_ITSELF
        if stage in (LEAVES, YIELDS, GIVES_NOTHING):
            return BY_ITSELF
        if stage.startswith("!"):
            return SURE if self._is_over(state, place) else OUTSIDE
        if stage in (HELD, LATE) or stage.startswith((LOGGED, DECIDED)) or (stage and place.id in self._loose):
            return OUTSIDE
        node = place.node
        if self._throws_back(place):
            return BY_ITSELF
        if node.type == "endEvent" or node.type == "parallelGateway":
            return BY_ITSELF if computes(place) else SURE
        if node.type in ("exclusiveGateway", "inclusiveGateway"):
            return SURE  # it is stuck in a stage of its own
        passes = node.type in AT_ONCE and not (computes(place) or place.repeats or place.boundaries)
        passes = passes or place.id in self.data.certain or self.data.is_decided(place.id, state.data)
        if self._begins_at_once(place) or (passes and self._goes_on(state, place)):
            return SURE
        if node.type in BY_THE_MACHINE or place.id in self._waits_for_conditions:
            return BY_ITSELF
        return OUTSIDE

    def _goes_on(self, state: State, place: Place) -> bool:
        """Whether its own flows surely let a step go when it is done."""
        return not asks(place) or all(
            self._chosen(place, place.node.type, state.outcomes, data)[1]
            for data in self.data.after(place.id, state.data)
        )

    def _arrive(self, state: State, slot: int, place: Place) -> Iterator[tuple[Move, State]]:
        kind = place.node.type
        if self._throws_back(place) and not any(event.kind == "cancel" for event in place.node.events):
            yield from self._thrown_back(state, slot, place)
        elif kind == "endEvent":
            yield from self._end(state, slot, place)
        elif kind.endswith("Gateway"):
            for tokens in one_less(state.tokens, slot):
                taken = State(tokens, state.outcomes, state.live, state.data)
                if kind == "complexGateway":
                    yield Move(place.id), taken  # absorbed
                yield from self._left(taken, place)
        elif place.holds_inside or place.boundaries or place.repeats:
            for tokens in one_less(state.tokens, slot):
                entered = self.active(State(tokens, state.outcomes, state.live, state.data), place.id)
                if _may_begin_idle(place):
                    yield Move(place.id, "begins"), entered
                for inside in self._begun(entered, place):
                    yield Move(place.id, "begins"), inside
        else:
            for tokens in one_less(state.tokens, slot) if self.data.may_give_nothing(place.id, state.data) else ():
                taken = State(tokens, state.outcomes, state.live, state.data)
                yield Move(place.id), self.active(taken, place.id, GIVES_NOTHING)
            yield from self._leave_task(state, slot, place, "")

    def _join(self, state: State, place: Place, stage: str) -> Iterator[tuple[Move, State]]:
        arrived = [flow for flow in place.incoming if self.slot(place.id, flow) in state.tokens]
        if arrived[0] != stage:
            return  # of the tokens at a join, one looks after all
        inclusive = place.node.type == "inclusiveGateway"
        if len(arrived) < len(place.incoming) and (not inclusive or self._expects(state, place, arrived)):
            return
        joined = [state.tokens]
        for flow in arrived:
            slot = self.slot(place.id, flow)
            joined = [taken for one in joined for taken in one_less(one, slot)]
        for tokens in joined:
            yield from self._left(State(tokens, state.outcomes, state.live, state.data), place)

    def _expects(self, state: State, place: Place, arrived: list[str]) -> bool:
        """Whether a token can still reach an empty flow of an inclusive join, but none that holds one (13.4)."""
        for slot in state.tokens:
            if self._is_mark(slot):
                continue
            other: Place | None = self.slots[slot][0]
            while other is not None and other.parent is not place.parent:
                other = other.parent
            if other is None or other is place:
                continue
            flows = self._flows_to(place).get(other.id, frozenset())
            if flows and flows.isdisjoint(arrived):
                return True
        return False

    # ------------------------------------------------------------ activities

    def _leave_task(self, state: State, slot: int, place: Place, stage: str) -> Iterator[tuple[Move, State]]:
        for tokens in one_less(state.tokens, slot):
            yield from self._finish(State(tokens, state.outcomes, state.live, state.data), place, stage)

    def _leave_activity(self, state: State, slot: int, place: Place, stage: str) -> Iterator[tuple[Move, State]]:
        busy = self._is_busy(state, place)
        if place.node.ad_hoc is not None:
            for start in place.starts:
                yield Move(place.id, "starts"), self.placed(state, start)
        if not busy and place.repeats:
            yield from ((Move(place.id, "again"), again) for again in self._begun(state, place))
            if not place.holds_inside:
                yield Move(place.id), self._done(state, place)
        if not busy or place.may_stop_early or self._are_several(state, place, inside=False):
            left = [state] if not busy else self._emptied(state, place) if place.may_stop_early else [state]
            for tokens in dict.fromkeys(tokens for one in left for tokens in one_less(one.tokens, slot)):
                taken = self._over(State(tokens, state.outcomes, state.live, state.data), place)
                if place.repeats:  # what it does is done turn by turn
                    yield from self._left(self._written(taken, place), place, "ends")
                else:
                    yield from self._finish(taken, place, stage)
        if not self._is_over(state, place):
            yield from self._events_beside(state, slot, set(place.boundaries) - self._at_once)

    def _events_beside(self, state: State, slot: int, wanted: Collection[str]) -> Iterator[tuple[Move, State]]:
        """Those of the boundary events `wanted` happen that an active place has."""
        place, stage = self.slots[slot]
        for boundary in place.boundaries:
            event = self.system.places[boundary]
            if boundary not in wanted or {"cancel", "compensate"} & {caught.kind for caught in event.node.events}:
                continue  # the end events of a transaction lead to the one, nothing comes out of the other
            if boundary in self._unheard:
                continue
            if event.node.interrupting:
                for one in self._emptied(state, place):
                    for tokens in one_less(one.tokens, slot):
                        taken = self._over(State(tokens, state.outcomes, state.live, state.data), place, by_force=True)
                        yield from self._happened(taken, event)
            elif not self._undone[boundary] and all(self._idle[target] for _, target in event.outgoing):
                continue  # nothing comes of it
            elif _happens_again(event) and not self.data.stays(boundary, place):
                yield from self._happened(state, event)
            elif boundary not in (spent := stage.split()[1:]):
                ran_out = " ".join(["!", *sorted([*spent, boundary])])
                for tokens in one_less(state.tokens, slot):
                    taken = State(tokens, state.outcomes, state.live, state.data)
                    yield from self._happened(self.active(taken, place.id, ran_out), event)

    def _finish(self, state: State, place: Place, stage: str) -> Iterator[tuple[Move, State]]:
        """A node is done and its token leaves; an approval with each of its results."""
        node, counted = place.node, counted_by(stage)
        approval = node.extensions.approval
        if node.type == "userTask":
            for target in self._returns(place):
                yield from self._sent_back(self._final_by(state, place, "return"), place, target, "return")
        if node.type != "userTask" or (approval is None and node.extensions.policy is None):
            state = self._decided_by_people(state, place)
            done = self._done(state, place, stage)
            for data in self.data.after(place.id, state.data):
                known = done if data == done.data else State(done.tokens, done.outcomes, done.live, data)
                for move, left in self._left(known, place):
                    yield move._replace(counted=counted), left
            if _has_to_give(place):
                stuck = self.active(self._paid(state, place, stage), place.id, YIELDS)
                yield Move(place.id, counted=counted), stuck
                if place.holds_inside:  # what can be undone is run again
                    yield Move(place.id, "again"), self.placed(state, place.id)
            return
        for word, human in results_of(place):
            decided = self._decided(state, place, word, stage, by_people=human)
            told = word if human or word != "agree" else "passes"
            if told != "passes":
                decided = self._decided_by_people(decided, place, word)
            following = self._written(decided, place)
            if word == "reject" and self._on_reject(place) != "flow":
                yield from self._rejected(following, place)
                if waits_for_others(place):
                    yield Move(place.id, told), self.active(following, place.id, HELD)
                continue
            yield from self._left(following, place, told)
            if _has_to_give(place):
                yield Move(place.id, told), self.active(decided, place.id, YIELDS)

    def _leave(self, state: State, slot: int, place: Place, stage: str) -> Iterator[tuple[Move, State]]:
        """A step that is done goes on when somebody has helped it on, who may write what it asks: not by itself, when
        something beside it has written that."""
        helped = self.data.repaired_at(place.id, state.data)
        if helped != state.data:
            yield Move(place.id, PASSED), State(state.tokens, state.outcomes, state.live, helped)
        if stage == GIVES_NOTHING:
            yield from self._leave_task(state, slot, place, "")
            return
        for tokens in one_less(state.tokens, slot):
            taken = State(tokens, state.outcomes, state.live, state.data)
            yield from self._left(self._written(taken, place) if stage == YIELDS else taken, place, PASSED, was=stage)

    # ------------------------------------------------------------ rejections

    def _held(self, state: State, slot: int, place: Place) -> Iterator[tuple[Move, State]]:
        """A rejection that waits acts at any time, or is overtaken by an event at its boundary."""
        for tokens in one_less(state.tokens, slot):
            taken = State(tokens, state.outcomes, state.live, state.data)
            yield from self._rejected(taken, place)
            for boundary in place.boundaries:
                event = self.system.places[boundary]
                yield from self._happened(taken if event.node.interrupting else state, event)

    def _rejected(self, state: State, place: Place) -> Iterator[tuple[Move, State]]:
        """What a rejection does whose token does not leave on a flow."""
        on_reject = self._on_reject(place)
        if on_reject == "end":
            yield from self._ended(state, place)
            return
        targets = self._back(place, on_reject)
        for target in targets:
            yield from self._sent_back(state, place, target, "reject")
        if not targets or on_reject == "initiator":  # it may end there as well, with a draft
            yield Move(place.id, "reject"), State((), 0, state.live, state.data)

    def _ended(self, state: State, place: Place) -> Iterator[tuple[Move, State]]:
        """Everything is over, but for what catches the error of a called process."""
        call = next((above for above in scopes_around(place) if above.node.type == "callActivity"), None)
        if call is None:
            yield Move(place.id, "reject"), State((), 0, state.live, state.data)
        else:
            yield from self._propagate(state, place, REJECTED, call, "reject")

    # ------------------------------------------------------------ ends and compensation

    def _end(self, state: State, slot: int, place: Place) -> Iterator[tuple[Move, State]]:
        kinds = {event.kind for event in place.node.events}
        for tokens in one_less(state.tokens, slot):
            taken = State(tokens, state.outcomes, state.live, state.data)
            if "terminate" in kinds:
                yield from ((Move(place.id), one) for one in self._emptied(taken, place.parent))
            elif "error" in kinds:
                yield from self._throw(taken, place)
            elif "cancel" in kinds and place.parent is not None:
                inside = self.inner[place.parent.id]
                logged = any(self._is_logged(one) and self.slots[one][0].id in inside for one in tokens)
                if self._undone_at_once and not logged:
                    yield from self._cancelled(taken, place, place.parent)
                    continue
                for one in self._emptied(taken, place.parent):
                    yield Move(place.id), self.active(one, place.id, UNDOING)
            else:
                yield Move(place.id), taken

    def _thrown_back(self, state: State, slot: int, place: Place) -> Iterator[tuple[Move, State]]:
        """Compensation is thrown: what has completed is undone, while the thrower waits or goes on."""
        waits = all(event.wait for event in place.node.events if event.kind == "compensate")
        for tokens in one_less(state.tokens, slot):
            taken = State(tokens, state.outcomes, state.live, state.data)
            if waits:
                yield Move(place.id, UNDOES), self.active(taken, place.id, UNDOING)
                continue
            for move, left in self._left(taken, place):
                yield move, self.active(left, place.id, BESIDE)

    def _undo(self, state: State, slot: int, place: Place, stage: str) -> Iterator[tuple[Move, State]]:
        """The handler begins of what has completed last; or nothing is left to be undone."""
        alone = sum(self.slots[other][1] in (UNDOING, BESIDE) for other in state.tokens) == 1
        if alone and any(
            self.slots[other][0].id in self._undoing_at and not self._is_mark(other) for other in state.tokens
        ):
            return
        left = [
            other for other in dict.fromkeys(state.tokens)
            if self._is_logged(other) and self._reaches(state, place, self.slots[other][0])
        ]  # fmt: skip
        newest = max((self._rank(other) for other in left), default=0)
        for other in left:
            for tokens in self._begun_to_undo(state.tokens, other) if self._rank(other) in (0, newest) else ():
                taken = State(tokens, state.outcomes, state.live, state.data)
                yield Move(place.id, UNDOES), self.placed(taken, self.slots[other][0].id)
        if left:
            return
        for tokens in one_less(state.tokens, slot):
            taken = State(tokens, state.outcomes, state.live, state.data)
            if stage == BESIDE:
                yield Move(place.id, UNDOES), taken
            elif place.parent is not None and any(event.kind == "cancel" for event in place.node.events):
                yield from self._cancelled(taken, place, place.parent)
            else:
                yield from self._left(taken, place)


def _has_to_give(place: Place) -> bool:
    """Whether it is not over without a value for something."""
    return any(item.kind == "output" and item.required for item in place.node.data)


def _may_begin_idle(place: Place) -> bool:
    """Whether it can be active before anything in it has begun: a task, an ad-hoc sub-process, a loop of no round."""
    loop = place.node.loop
    if place.node.ad_hoc is not None or not place.starts:
        return True
    if loop is None or not place.repeats:
        return False
    always = loop.condition is None or loop.condition.strip().removeprefix("=").strip() == "true"
    return loop.kind != "standard" or (loop.test_before and not always)


def _happens_again(event: Place) -> bool:
    """Whether a non-interrupting event stays armed: all but a lone timer without a cycle."""
    timers = [caught.timer for caught in event.node.events]
    return len(timers) != 1 or timers[0] is None or timers[0].kind == "cycle"
