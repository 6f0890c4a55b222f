"""What happens to tokens: they leave on flows, are caught by events, sent back, or end with what is around them."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from engine.policy.abstraction import Place, System
from engine.policy.beside import Beside
from engine.policy.regions import Masks, merged
from engine.policy.space.choosing import Choice
from engine.policy.space.layout import places_before, scopes_around
from engine.policy.space.resting import Resting
from engine.policy.space.states import (
    BESIDE,
    DIGIT,
    LEAVES,
    MANY,
    UNDOING,
    WORDS,
    Move,
    Need,
    Slots,
    State,
    Way,
    one_less,
    one_more,
)
from engine.policy.subjects import Subjects
from engine.policy.tracking import Tracking

WAYS_OF_JOINS = 4
"""Joins with more arrivals than this to be given back after a return are given all of them or none."""


class Moving(Resting):
    """What an activity, a gateway or an event does with the token that comes out of it. `anew`: from the beginning; of
    a request that runs, an event that another version brings may wait though its condition is true."""

    def __init__(
        self, system: System, needs: Mapping[str, list[Need]], subjects: Subjects, data: Tracking, *, whole: bool,
        fuse: bool, anew: bool,
    ) -> None:  # fmt: skip
        super().__init__(system, needs, subjects, data, whole=whole, fuse=fuse)
        self._anew = anew
        self._repaired_unseen = {number for name, idle in self._idle.items() if idle for number in data.repaired[name]}
        """variables that somebody may write where a token is forgotten"""
        self._beside, self._passed = Beside(system), dict[tuple[str, str], bool]()
        self._cache: dict[tuple[str, str, bool, int, Masks], tuple[list[tuple[tuple[Way, ...], Masks]], bool]] = {}

    def _moved(
        self, state: State, place: Place, ways: tuple[Way, ...], word: str = "", *, logs: bool = True
    ) -> tuple[Move, State]:  # fmt: skip
        tokens = state.tokens
        for flow, name in ways:
            for slot, _ in self.landing(name, flow.id):
                tokens = one_more(tokens, slot)
        if self.handlers and logs:
            tokens = self._logged(tokens, place)
        return Move(place.id, word, ways), State(tokens, state.outcomes, state.live, state.data)

    def _left(self, state: State, place: Place, word: str = "", *, was: str = "") -> Iterator[tuple[Move, State]]:
        """The token leaves a step that is done, or a gateway, or gets stuck at the conditions of its flows. `was`:
        LEAVES or YIELDS, where it has been stuck so far."""
        ways, sure = self._chosen(place, place.node.type, state.outcomes, state.data, stuck=was == LEAVES)
        for chosen, data in ways:
            known = state if data is state.data else State(state.tokens, state.outcomes, state.live, data)
            yield self._moved(known, place, chosen, word, logs=was != LEAVES)
        if not sure and was != LEAVES:
            yield self._moved(self.active(state, place.id, LEAVES), place, (), word)

    def _chosen(
        self, place: Place, kind: str, outcomes: int, data: Masks, *, stuck: bool = False
    ) -> tuple[list[tuple[tuple[Way, ...], Masks]], bool]:  # fmt: skip
        """(the sets of flows, each with what is known then; whether what is known says for sure which)"""
        key = (place.id, kind, stuck, outcomes, data)
        if key not in self._cache:
            choice = Choice(self.data, place, self._known(place, outcomes), stuck=stuck)
            self._cache[key] = (list(choice.of(kind, data)), choice.sure)
        return self._cache[key]

    def _known(self, place: Place, outcomes: int) -> dict[str, str]:
        told = {
            name.removeprefix(place.prefix): WORDS[outcomes >> DIGIT * index & 7]
            for name, index in self.asked.items() if name.startswith(place.prefix)
        }  # fmt: skip
        return {name: word for name, word in told.items() if word}

    # ------------------------------------------------------------ what is done

    def _done(self, state: State, place: Place, stage: str = "") -> State:
        """What an activity does is done, and it has written."""
        return self._paid(self._written(state, place), place, stage)

    def _paid(self, state: State, place: Place, stage: str) -> State:
        """A guarded operation has used up the approvals, and nothing that led to it is taken back."""
        if place.id in self._lasting:
            state = self._with_tokens(state, self._final_by_effect(state.tokens, place))
        if place.id not in self.needs:
            return state
        return self._used(self._ended_by_another(state, self._perhaps[place.id]), self._counts[place.id], stage)

    def _written(self, state: State, place: Place) -> State:
        """Approvals end with a write that changes which document they are about; what is known of variables as well."""
        data = self.data.forgotten(place.id, state.data)
        undone = self._undone[place.id]
        replaced = self._replaced[place.id]
        tokens = self._rewritten(state, replaced, replaced, self._apart[place.id])
        if not state.live & undone and data is state.data and tokens is state.tokens:
            return state
        return State(tokens, state.outcomes, state.live & ~undone, data)

    def _begun(self, state: State, place: Place) -> Iterator[State]:
        """The inside of a sub-process or call begins: at one of its start events, or at all that no flow leads to."""
        if place.node.ad_hoc is not None or not place.starts:
            return
        state = self._over(state, place)
        if place.node.type == "callActivity" and self.handlers and not self._are_several(state, place):
            logged = self._not_logged(state.tokens, self.inner[place.id])
            state = State(logged, state.outcomes, state.live, state.data)
        events = [[start] for start in place.starts if self.system.places[start].node.type == "startEvent"]
        for starts in events or [list(place.starts)]:
            for times in (1, MANY) if place.runs_beside_itself else (1,):
                begun = state
                for start in starts * times:
                    begun = self.placed(begun, start)
                yield begun

    # ------------------------------------------------------------ events

    def _happened(self, state: State, event: Place) -> Iterator[tuple[Move, State]]:
        """A boundary event writes what it brought, and goes on."""
        return self._left(self._written(state, event), event)

    def _when(self, state: State, name: str, repaired: Iterable[int] = ()) -> Iterator[State]:
        """The state when an event happens, as its condition says. `repaired`: variables that somebody may write."""
        if not self.data.follows(name):
            yield state
            return
        known = list(state.data)
        for number in repaired:
            known[number] = self.data.everything[number]
        for data in self.data.happens(name, tuple(known))[0]:
            yield state if data == state.data else State(state.tokens, state.outcomes, state.live, data)

    def _at_rest(self, state: State) -> list[State]:
        """What is known while the machine waits: no condition is true for which a token waits, or something that would
        begin in place of everything, or of what it stands beside."""
        known = [state.data]
        waiting = [
            handler.starts[0] for handler in self.system.handlers
            if self._interrupts(handler) and self._waits_in(state, handler.parent)
        ]  # fmt: skip
        for slot in dict.fromkeys(state.tokens):
            place, stage = self.slots[slot]
            if stage == "" and place.node.type == "intermediateCatchEvent" and place.id in self._waits_for_conditions:
                waiting.append(place.id)
            if stage.startswith("!") and not self._is_over(state, place):
                waiting += [name for name in place.boundaries if self.system.places[name].node.interrupting]
        for name in waiting if self._anew else ():
            known = [data for one in known for data in self.data.happens(name, one)[1]]
        if known == [state.data]:
            return [state]
        return [State(state.tokens, state.outcomes, state.live, data) for data in merged(known)]

    def _waits_in(self, state: State, scope: Place | None) -> bool:
        """Whether the event sub-processes of a scope surely wait: it is under way, nothing in it ends or is undone."""
        if any(self.slots[slot][1] in (UNDOING, BESIDE) for slot in state.tokens) or self._is_taken_over(state, scope):
            return False
        if scope is None:
            return self._is_alive(state, scope)
        alone = scope.node.ad_hoc is None and not self._are_several(state, scope)
        return alone and self._is_alive(state, scope) and self._is_busy(state, scope)

    def _handle(self, state: State, handler: Place, word: str = "") -> Iterator[tuple[Move, State]]:
        """An event sub-process begins: in place of everything around it, or beside it."""
        if self._interrupts(handler):
            before = self._emptied(state, handler.parent)
        elif state.tokens.count(self.slot(handler.id, "!")) >= MANY:
            return
        else:
            before = [state]
        for one in before:
            for start in handler.starts:
                yield Move(handler.id, word), self.placed(self.active(one, handler.id), start)

    def _torn_down(self, state: State, container: Place) -> list[State]:
        """A place ends with everything in it; where several of it may be active, one of them."""
        inside = self._without(state, self.inner[container.id])
        left = tuple(slot for slot in inside.tokens if not self._is_active(slot, container))
        found = [State(left, state.outcomes, state.live, state.data)]
        if self._are_several(state, container):
            for slot in dict.fromkeys(state.tokens):
                if self._is_active(slot, container):
                    found += [
                        State(tokens, state.outcomes, state.live, state.data) for tokens in one_less(state.tokens, slot)
                    ]
        return [self._over(one, container, by_force=True) for one in found]

    def _cancelled(self, state: State, place: Place, transaction: Place) -> Iterator[tuple[Move, State]]:
        """A transaction is left by its cancel boundary event."""
        found = self._torn_down(state, transaction)
        for boundary in transaction.boundaries:
            event = self.system.places[boundary]
            if any(caught.kind == "cancel" for caught in event.node.events):
                found = [after for gone in found for _, after in self._happened(gone, event)]
        yield from ((Move(place.id), one) for one in found)

    def _throw(self, state: State, place: Place) -> Iterator[tuple[Move, State]]:
        """An error is caught by the nearest scope with a handler; uncaught, everything stops."""
        code = next((event.code for event in place.node.events if event.kind == "error"), None)
        yield from self._propagate(state, place, code, None)

    def _propagate(
        self, state: State, place: Place, code: str | None, thrower: Place | None, word: str = ""
    ) -> Iterator[tuple[Move, State]]:
        """The error leaves `place`, or the activity `thrower` around it, whose inside catches nothing."""
        above, left = thrower or place.parent, None
        while True:
            inside = above is not None and above is thrower
            for handler in [] if inside else self._handlers_beside(above, left):
                if any(_catches(self.system.places[start], code) for start in handler.starts):
                    yield from ((Move(place.id, word), caught) for _, caught in self._handle(state, handler))
                    return
            if above is None:
                break
            for boundary in above.boundaries:
                event = self.system.places[boundary]
                if _catches(event, code):
                    for gone in self._torn_down(state, above):
                        for move, after in self._happened(gone, event):
                            yield Move(place.id, word, move.ways), after
                    return
            above, left = above.parent, above
        yield Move(place.id, word), State((), 0, state.live, state.data)

    def _handlers_beside(self, above: Place | None, left: Place | None) -> list[Place]:
        """The event sub-processes in `above` that can still begin when an error has left `left`, which may be one."""
        if left is not None and left.node.triggered_by_event and self._interrupts(left):
            return []
        return [handler for handler in self.system.handlers if handler.parent is above and handler is not left]

    # ------------------------------------------------------------ going back

    def _may_have_passed(self, place: Place, goal: Place) -> bool:
        """Whether people can have done what they are sent back to, which an event beside it may have ended instead."""
        if place is goal or goal.repeats or goal.node.extensions.request or not goal.boundaries:
            return True
        key = (place.id, goal.id)
        if key not in self._passed:
            before = places_before(self._before, [place.id])
            self._passed[key] = any(target in before for _, target in goal.outgoing) or self._beside.may(goal, place)
        return self._passed[key]

    def _recalled(self, state: State, slot: int, task: Place) -> Iterator[tuple[Move, State]]:
        """Whoever has decided takes it back while something waits behind it, and is asked again."""
        if task.id in self._forgets or any(self._waits_behind(other, task) for other in state.tokens):
            for tokens in one_less(state.tokens, slot):
                yield from self._sent_back(self._with_tokens(state, tokens), task, task.id, "recall")

    def _waits_behind(self, slot: int, task: Place) -> bool:
        """Whether a token may wait there behind a task, other than for the tokens that a join waits for."""
        place, stage = self.slots[slot]
        held = stage in place.incoming and place.id not in self._loose
        return place.id in self._after_it[task.id] and not held and not self._is_mark(slot)

    def _sent_back(self, state: State, place: Place, target: str, word: str) -> Iterator[tuple[Move, State]]:
        """Everything that follows from the target is taken away with its approvals, joins get back what they had."""
        goal = self.system.places[target]
        if not self._lies_around(goal.parent, place) or not self._may_have_passed(place, goal):
            return
        gone = frozenset(self.behind(target))
        taken = [slot for slot in state.tokens if self.slots[slot][0].id in gone and not self._is_mark(slot)]
        undoing = (self.slots[slot][0] for slot in taken if self.slots[slot][1] in (UNDOING, BESIDE))
        if any(one.parent is goal.parent for one in undoing):
            return  # what undoes something is not taken away
        kept = self._without(state, gone)
        own = 7 << DIGIT * self.asked[target] if target in self.asked else 0
        digits, undone = 0, self._bits(name for name in self.bit if name in gone)
        for name, index in self.asked.items():
            if name in gone:
                digits |= 7 << DIGIT * index
        moved = self.active(kept, target) if goal.boundaries or goal.holds_inside else self.placed(kept, target)
        for given in self._given_back(state, goal, [*taken, *([self.slot(place.id, "")] if place is not goal else ())]):
            tokens = moved.tokens
            for slot in given:
                tokens = one_more(tokens, slot)
            tokens = self._void_again(self._released(tokens, undone), gone - {target} if word == "recall" else gone)
            # what was decided before the target was passed last still stands
            for outcomes in dict.fromkeys((state.outcomes & ~digits, state.outcomes & ~own)):
                for live in dict.fromkeys((state.live & ~undone, state.live & ~self.bit.get(target, 0))):
                    if self.whole or live == state.live & ~undone:
                        yield Move(place.id, word), State(tokens, outcomes, live, state.data)

    def _given_back(self, state: State, goal: Place, taken: list[int]) -> Iterator[Slots]:
        """What joins behind a place hold of other branches: what has come, or what they had before they let it on. That
        they have not done while all of the branch that is taken away still leads to them."""
        behind = {goal.id, *self._down(goal.id)}
        others = {
            self.slot(name, flow): self.system.places[name]
            for name in behind
            for flow in self.system.places[name].incoming
            if self._joins(self.system.places[name]) and self._source(name, flow) not in behind
        }
        held = [slot for slot in state.tokens if slot in others]
        origins = [self.slots[slot][0] for slot in taken if slot not in others]
        perhaps = [
            slot for slot, join in others.items()
            if slot not in held and self._may_have_let_on(join, goal, origins)
        ]  # fmt: skip
        choices: Iterable[tuple[bool, ...]] = product((False, True), repeat=len(perhaps))
        if len(perhaps) > WAYS_OF_JOINS:
            choices = [(False,) * len(perhaps), (True,) * len(perhaps)]
        for choice in choices:
            yield (*held, *(slot for slot, again in zip(perhaps, choice, strict=True) if again))

    def _may_have_let_on(self, join: Place, goal: Place, origins: list[Place]) -> bool:
        if goal.id in self._forgets:
            return True
        stands = [next((one for one in (origin, *scopes_around(origin)) if one.parent is goal.parent), origin)
                  for origin in origins]  # fmt: skip
        return any(one is not join and join.id not in self._down(one.id) for one in stands)


def _catches(place: Place, code: str | None) -> bool:
    return any(event.kind == "error" and event.code in (None, code) for event in place.node.events)
