"""Decisions that people may take back (取回), until somebody who was asked later has decided or it is paid behind them.

A decision that can be taken back is kept beside the tokens, at its task. Kept is what can make a difference: something
is written, thrown or completed behind the task before the next person decides, or what was decided there is asked
elsewhere.
"""

from collections.abc import Mapping

from engine.policy.abstraction import Place, System
from engine.policy.space.layout import scopes_around
from engine.policy.space.monitor import results_of
from engine.policy.space.states import DECIDED, EARLIER, Need, Slots, State
from engine.policy.space.undoing import Undoing
from engine.policy.subjects import Subjects
from engine.policy.tracking import Tracking


class Recalling(Undoing):
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
        self._void_by_rule = {
            name for place in system.places.values() for target in self._back_by_rule(place)
            for name in self._without_passing(place, target)
        }  # fmt: skip
        """what is undone when nobody sends the request back: it makes nothing final"""
        for place in system.places.values():
            if place.node.type == "userTask" and place.node.extensions.recall != "never" and not place.repeats:
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
            if not self._is_final(name) or self._passes_by_rule(place):
                todo += [target for _, target in place.outgoing]
        return seen

    def _without_passing(self, task: Place, origin: str) -> set[str]:
        """What may have been done since `origin` while a task is open, that one but in a loop."""
        seen: set[str] = set()
        todo = [origin]
        while todo:
            name = todo.pop()
            if name not in seen:
                seen |= {name, *self.inner.get(name, ())}
                place = self.system.places[name]
                todo += place.boundaries
                todo += [target for _, target in place.outgoing] if place is not task else []
        return seen if task.id in self._within[task.id] else seen - {task.id}

    def _turns_back(self, place: Place) -> bool:
        """Whether a token may rest there behind a decision, and leads to what lies before that."""
        behind = any(place.id in reach for reach in self.recalled.values())
        return behind and any(target not in self._down(place.id) for _, target in place.outgoing)

    def _is_final(self, name: str) -> bool:
        decides = self.system.places[name].node.type == "userTask" and name not in self._void_by_rule
        return decides or name in self._lasting

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

    def _decided_by_people(self, state: State, task: Place) -> State:
        """Somebody has decided: he can take that back; whoever had decided before he was asked cannot any more."""
        if task.node.type != "userTask":
            return state
        state = self._final_by(state, task)
        return self.may_be_recalled(state, task) if task.id in self.recalled else state

    def may_be_recalled(self, state: State, task: Place) -> State:
        """What was decided at a task may be taken back."""
        plain, earlier = self.slot(task.id, DECIDED), self.slot(task.id, EARLIER)
        beside = earlier in state.tokens or any(self._is_asked(slot, task) for slot in state.tokens)
        left = [slot for slot in state.tokens if slot not in (plain, earlier)]
        return self._with_tokens(state, tuple(sorted([*left, earlier if beside else plain])))

    def _final_by(self, state: State, task: Place) -> State:
        """Without decisions that came before somebody was asked at `task`, who has decided."""
        if not self.recalled or task.id in self._void_by_rule or self._decides_by_rule(task):
            return state
        return self._with_tokens(state, tuple(
            slot for slot in state.tokens
            if self.slots[slot][1] != DECIDED or not self._are_in_line(self.slots[slot][0], task)
        ))  # fmt: skip

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
        return task.node.type == "userTask" and (
            self._decides_by_rule(task) or ("agree", False) in results_of(task)
        )  # fmt: skip

    def _back_by_rule(self, task: Place) -> list[str]:
        """Where a time limit sends it back to, or rejects it; a rejection where nobody is to ask is the end."""
        found, approval = task.node.extensions, task.node.extensions.approval
        back = self._meant_by(task, [step.to or "previous" for step in found.timeout if step.do == "return"])
        rejects = any(step.do == "reject" for step in found.timeout)
        on_reject = (approval.on_reject if approval is not None else None) or "flow"
        return back + (self._back(task, on_reject) if rejects and on_reject not in ("flow", "end") else [])

    def _decides_by_rule(self, task: Place) -> bool:
        """Whether a result there that looks like a person's may be none."""
        found = task.node.extensions
        timed = {step.do for step in found.timeout}
        nobody = (found.on_empty or "").partition(":")[0]
        if found.approval is None or found.approval.mode == "inform":
            skipped = nobody in ("autoPass", "autoReject") or found.on_self == "skip" or found.skip_when
            return bool(skipped or timed & {"agree", "reject", "return"})
        dedupe = found.dedupe or self.system.processes[task.prefix].extensions.dedupe or "none"
        by_rule = nobody == "autoReject" or timed & {"reject", "return"}
        return bool(by_rule) or (dedupe != "none" and found.policy is None)
