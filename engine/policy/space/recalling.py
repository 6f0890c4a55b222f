"""Decisions that people may take back (取回), until somebody who was asked later has decided or it is paid behind them.

A decision that can be taken back is kept beside the tokens, at its task. Kept is what can make a difference: something
is written, thrown or completed behind the task before the next person decides, or what was decided there is asked
elsewhere.
"""

from collections.abc import Mapping

from engine.policy.abstraction import Place, System
from engine.policy.space.layout import scopes_around
from engine.policy.space.monitor import results_of
from engine.policy.space.states import DECIDED, EARLIER, FINAL, Need, Slots, State, one_more
from engine.policy.space.voiding import Voiding, may_be_taken_back
from engine.policy.subjects import Subjects
from engine.policy.tracking import Tracking


class Recalling(Voiding):
    """`data`: the variables that are told apart. `recalled`: task whose decision is kept -> where its token may get
    before that is final; `final`: where somebody decides, or something is done that lasts, after which it is."""

    def __init__(
        self, system: System, needs: Mapping[str, list[Need]], subjects: Subjects, data: Tracking, *, whole: bool
    ) -> None:  # fmt: skip
        super().__init__(system, needs, subjects)
        self.data, self.whole = data, whole
        self.recalled: dict[str, set[str]] = {}
        self.final: set[str] = set()
        self._lasting = {name for name in system.places if name in needs or subjects.lasts(name)}
        for place in system.places.values():
            if may_be_taken_back(place):
                reach = self._before_the_next(place)
                if whole or self._makes_a_difference(place, reach):
                    self.recalled[place.id] = reach
                    self.final |= {name for name in reach if self._is_final(name)}
        self._after_it = {name: frozenset(self.behind(name)) - {name} for name in self.recalled}

    def _before_the_next(self, task: Place) -> set[str]:
        """Where its token may get, with what is inside, before somebody else decides or what is done lasts."""
        seen: set[str] = set()
        todo = [target for _, target in task.outgoing]
        while todo:
            name = todo.pop()
            if name in seen or name == task.id:
                continue
            seen |= {name, *self.inner.get(name, ())}
            place = self.system.places[name]
            todo += place.boundaries
            if not self._is_final(name) or name in self.may_be_void[task.id] or self._passes_by_rule(place):
                todo += [target for _, target in place.outgoing]
        return seen

    def _turns_back(self, place: Place) -> bool:
        """Whether a token may rest there behind a decision, and leads to what lies before that."""
        behind = any(place.id in reach for reach in self.recalled.values())
        return behind and any(target not in self._down(place.id) for _, target in place.outgoing)

    def _is_final(self, name: str) -> bool:
        return self.system.places[name].node.type == "userTask" or name in self._lasting

    def _makes_a_difference(self, task: Place, reach: set[str]) -> bool:
        if self._tied or any(self._does_something(name) for name in (task.id, *reach)):
            return True
        behind = self.behind(task.id)
        return any(not self._readers[name] <= behind for name in behind if name in self._readers)

    def _does_something(self, name: str) -> bool:
        place = self.system.places[name]
        throws = place.node.type in ("intermediateThrowEvent", "endEvent") and bool(place.node.events)
        return bool(
            throws or name in self.handlers or self._undone[name] or self._replaced[name] or self.data.writes[name]
            or self.data.learns(name) or self.data.tells_others(name)
        )  # fmt: skip

    # ------------------------------------------------------------ what is kept

    def _decided_by_people(self, state: State, task: Place, word: str = "") -> State:
        """Somebody has decided: he can take that back; whoever had decided before he was asked cannot any more."""
        if task.node.type != "userTask":
            return state
        state = self._final_by(state, task, word)
        return self.may_be_recalled(state, task) if task.id in self.recalled else state

    def may_be_recalled(self, state: State, task: Place) -> State:
        """What was decided at a task may be taken back."""
        plain, earlier, final = (self.slot(task.id, stage) for stage in (DECIDED, EARLIER, FINAL))
        beside = earlier in state.tokens or any(self._is_asked(slot, task) for slot in state.tokens)
        left = [slot for slot in state.tokens if slot not in (plain, earlier, final)]
        return self._with_tokens(state, tuple(sorted([*left, earlier if beside else plain])))

    def may_be_recalled_again(self, state: State, task: Place) -> State:
        """What was decided at a task may be taken back once what has made it final is void."""
        if not self.may_be_void[task.id]:
            return state
        return self._with_tokens(state, one_more(state.tokens, self.slot(task.id, FINAL)))

    def _final_by(self, state: State, task: Place, word: str) -> State:
        """Final is what was decided before somebody was asked at `task`, who has decided; for good where he has sent it
        back, which stands whatever becomes void. `word`: what was decided."""
        if not self.recalled or self.decides_by_rule(task, word):
            return state
        for_good = word == "return" or (word == "reject" and self._on_reject(task) not in ("flow", "end"))
        kept = []
        for slot in state.tokens:
            place, stage = self.slots[slot]
            if stage not in (DECIDED, FINAL) or not self._are_in_line(place, task):
                kept.append(slot)
            elif not for_good and task.id in self.may_be_void[place.id]:
                kept.append(self.slot(place.id, FINAL))
        return self._with_tokens(state, tuple(sorted(kept)))

    def _void_again(self, tokens: Slots, undone: frozenset[str]) -> Slots:
        """With decisions that may be taken back again because what was decided in places `undone` is void."""
        found = list(tokens)
        for at, slot in enumerate(tokens):
            place, stage = self.slots[slot]
            if stage == FINAL and not self.may_be_void[place.id].isdisjoint(undone):
                found[at] = self.slot(place.id, DECIDED)
        return tuple(sorted(found))

    def _is_asked(self, slot: int, task: Place) -> bool:
        """Whether somebody is asked there who may decide before or after `task` on the same way."""
        place = self.slots[slot][0]
        return place.node.type == "userTask" and not self._is_mark(slot) and self._are_in_line(place, task)

    def _are_in_line(self, one: Place, other: Place) -> bool:
        return one.id in self._within[other.id] or other.id in self._within[one.id]

    def _final_by_effect(self, tokens: Slots, paid: Place) -> Slots:
        """Without decisions that came before what is done now to last, but for those in branches beside it."""
        return tuple(
            slot for slot in tokens
            if not self.slots[slot][1].startswith(DECIDED) or self._is_beside(self.slots[slot][0], paid)
        )  # fmt: skip

    def _is_beside(self, task: Place, paid: Place) -> bool:
        inside = task.parent is None or paid.id in self.inner[task.parent.id]
        return inside and task.prefix == paid.prefix and paid.id not in self._after_it[task.id]

    def _still_open(self, tokens: Slots) -> Slots:
        """Without decisions in what is over."""
        active = {self.slots[slot][0].id for slot in tokens if self.slots[slot][1].startswith("!")}
        return tuple(
            slot for slot in tokens
            if not self.slots[slot][1].startswith(DECIDED)
            or all(above.id in active for above in scopes_around(self.slots[slot][0]))
        )  # fmt: skip

    def _with_tokens(self, state: State, tokens: Slots) -> State:
        return state if tokens == state.tokens else State(tokens, state.outcomes, state.live, state.data)

    # ------------------------------------------------------------ what is done though nobody decides

    def _passes_by_rule(self, task: Place) -> bool:
        """Whether its token may go on though nobody has decided there."""
        if task.node.type != "userTask":
            return False
        return any(
            self.decides_by_rule(task, word) or (word == "agree" and not human) for word, human in results_of(task)
        )

    def decides_by_rule(self, task: Place, word: str) -> bool:
        """Whether nobody may have decided what looks as if a person had."""
        found = task.node.extensions
        timed = {step.do for step in found.timeout}
        nobody = (found.on_empty or "").partition(":")[0]
        if word in ("return", "reject"):
            return word in timed or (word == "reject" and nobody == "autoReject")
        if found.approval is None or found.approval.mode == "inform":
            skipped = nobody in ("autoPass", "autoReject") or found.on_self == "skip" or found.skip_when
            return bool(skipped or timed & {"agree", "reject"})
        dedupe = found.dedupe or self.system.processes[task.prefix].extensions.dedupe or "none"
        return word == "agree" and dedupe != "none" and found.policy is None
