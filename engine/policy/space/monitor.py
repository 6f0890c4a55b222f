"""The approvals that live: what gives them, what ends them, and which document they are about."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from engine.bpmn import quorum
from engine.errors import InvalidValue
from engine.policy.abstraction import NOT_TOLD, Place, System
from engine.policy.space.layout import scopes_around
from engine.policy.space.states import APART, DIGIT, READ, STALE, WORDS, Need, Slots, State, counted_by, is_marked
from engine.policy.space.tokens import Tokens
from engine.policy.subjects import Subjects, read_texts

UNCOUNTED = 1_000
"""people of an approval in which all of a group have to agree"""


class Monitor(Tokens):
    """`needs`: guarded place -> what must have been approved; `providing`: places whose approval counts, each with a
    `bit` of `State.live`, the people that it guarantees (`quorum`) and what it provides (`capabilities`)."""

    def __init__(self, system: System, needs: Mapping[str, list[Need]], subjects: Subjects) -> None:
        super().__init__(system)
        self.needs, self.subjects = needs, subjects
        places = system.places
        self.providing = [place.id for place in places.values() if place.node.extensions.policy is not None]
        self.bit = {name: 1 << index for index, name in enumerate(self.providing)}
        self.quorum = [_quorum(places[name]) for name in self.providing]
        self.capabilities = [self._provides(name) for name in self.providing]
        self._undone = {name: self._bits(self.subjects.undone.get(name, ())) for name in places}
        self._replaced = {name: self._bits(self.subjects.replaced.get(name, ())) for name in places}
        self._apart = {name: self._bits(self.subjects.apart.get(name, ())) for name in places}
        self._counts = {name: self._bits(self.subjects.counts(name, self.providing)) for name in self.needs}
        self._perhaps = {
            name: self._bits(self.subjects.perhaps_uses(name, self.providing)) & ~counts
            for name, counts in self._counts.items()
        }  # fmt: skip
        self._reads_at_once = {name for name in self.needs if self.subjects.reads_at_once(name)}
        self._parts = any(self._apart.values())
        self._forgotten: dict[str, tuple[int, int]] = {}
        for place in places.values():
            if place.repeats or place.node.type == "callActivity":
                inside = self.inner.get(place.id, frozenset())
                digits = 0
                for name, index in self.asked.items():
                    kept = place.node.type == "callActivity" or places[name].prefix == place.prefix
                    if name in inside and kept:
                        digits |= 7 << DIGIT * index
                own = self._bits(self.subjects.owned.get(place.id, ()))
                self._forgotten[place.id] = (digits, own)
        self._blurred = {
            name for name in self.asked
            if any(above.runs_beside_itself for above in scopes_around(places[name]))
        }  # fmt: skip

    def _provides(self, name: str) -> str:
        mark = self.system.places[name].node.extensions.policy
        return mark.provides if mark is not None else ""

    def _bits(self, names: Iterable[str]) -> int:
        found = 0
        for name in names:
            found |= self.bit[name]
        return found

    def people(self, name: str) -> int:
        """How many people the approval of a place guarantees."""
        return self.quorum[self.providing.index(name)] if name in self.bit else 0

    def missing(self, name: str, live: int) -> int | None:
        """Index of the first requirement of a guarded place that the approvals which live do not meet."""
        live &= self._counts[name]
        for number, need in enumerate(self.needs[name]):
            people = sum(
                self.quorum[index]
                for index, capability in enumerate(self.capabilities)
                if live >> index & 1 and need.capability in ("", capability)
            )
            if people < need.people:
                return number
        return None

    def told(self, name: str, word: str) -> str:
        """What a condition learns of an outcome."""
        return NOT_TOLD if name in self._blurred else word

    def _decided(self, state: State, place: Place, word: str, stage: str, *, by_people: bool) -> State:
        """`stage`: says whether somebody was asked about the document that is named now."""
        outcomes, live = state.outcomes, state.live
        if place.id in self.asked:
            at = DIGIT * self.asked[place.id]
            outcomes = outcomes & ~(7 << at) | WORDS.index(self.told(place.id, word)) << at
        if place.id not in self.bit:
            return State(state.tokens, outcomes, live, state.data)
        if word == "reject":
            gone = self._turned_down_with(place.id)
            alike = self._bits(self.subjects.alike(place.id))
            ended = self._ended_by_another(State(state.tokens, outcomes, live, state.data), gone & ~alike)
            return self._used(ended, gone & alike, stage)
        live &= ~self.bit[place.id]
        if by_people and not is_marked(stage):
            live |= self.bit[place.id]
        return State(state.tokens, outcomes, live, state.data)

    def _turned_down_with(self, name: str) -> int:
        """The approvals that a no there may end: whatever they provide, the document is turned down."""
        return self._bits(self.subjects.of_type(name)) if name in self.bit else 0

    # ------------------------------------------------------------ which document

    def _used(self, state: State, gone: int, stage: str) -> State:
        """Approvals end that are about the document of what is done. `stage`: whether that is the one which is named
        now, another one, or (a mark without APART) the one or the other."""
        live = state.live if is_marked(stage, APART) else state.live & ~gone
        tokens = self._released(state.tokens, gone, spared=not is_marked(stage))
        return State(tokens, state.outcomes, live, state.data)

    def _ended_by_another(self, state: State, gone: int) -> State:
        """Approvals end that may be about the document of what is done, which another name says."""
        if not gone:
            return state
        return State(self._released(state.tokens, gone), state.outcomes, state.live & ~gone, state.data)

    def _rewritten(self, state: State, replaced: int, asked: int, apart: int = 0) -> Slots:
        """Tokens when other documents may have taken the place of those that approvals are about, and surely have of
        those in `apart`: what a payment has read is about the old one, of the approvals `asked` that are open as well.
        """
        if not replaced:
            return state.tokens
        found = list(state.tokens)
        for at, slot in enumerate(state.tokens):
            place, stage = self.slots[slot]
            name = place.id
            if (stage and not stage.startswith(("!", STALE, READ))) or place.repeats:
                continue
            words = stage.split()
            if is_marked(stage):  # the one that comes now may be the old one again
                if (self._counts[name] if name in self.needs else self.bit.get(name, 0)) & replaced:
                    words = [word.removesuffix(APART) for word in words]
            elif self.bit.get(name, 0) & asked and place.node.type == "userTask":
                words.append(STALE + APART * bool(self.bit[name] & apart))
            elif name in self._reads_at_once and self._counts[name] & replaced:
                counts = self._counts[name]
                words.append(f"{READ}{state.live & counts}{APART * bool(counts & apart)}")
            else:
                continue
            found[at] = self.slot(name, " ".join(words))
        return tuple(sorted(found))

    def _released(self, tokens: Slots, gone: int, *, spared: bool = False) -> Slots:
        """Approvals that no longer live count for no payment that has begun. `spared`: those end that are about the
        document which is named now."""
        found = list(tokens)
        for at, slot in enumerate(tokens if gone else ()):
            place, stage = self.slots[slot]
            counted = counted_by(stage)
            if counted is not None and counted & gone and not (spared and is_marked(stage, APART)):
                words = [
                    f"{READ}{counted & ~gone}{APART * word.endswith(APART)}" if word.startswith(READ) else word
                    for word in stage.split()
                ]
                found[at] = self.slot(place.id, " ".join(words))
        return tuple(sorted(found)) if gone else tokens

    def _over(self, state: State, place: Place, *, by_force: bool = False) -> State:
        """A round, a call or all of a loop is over, or the next one begins.

        What was decided in a call is not known around it, nor in the next one. Of rounds the last word is known, unless
        the loop was ended by force; of instances what each of them has said.
        """
        inside, own = self._forgotten.get(place.id, (0, 0))
        outcomes = state.outcomes
        if not outcomes & inside and not state.live & own:
            return state
        loop = place.node.loop
        if place.node.type == "callActivity" and not place.repeats:
            outcomes &= ~inside
        elif loop is None or loop.kind != "standard" or by_force:
            for index in self.asked.values():
                digit = 7 << DIGIT * index
                if inside & digit and outcomes & digit:
                    outcomes = outcomes & ~digit | WORDS.index(NOT_TOLD) << DIGIT * index
        return State(self._released(state.tokens, own), outcomes, state.live & ~own, state.data)


def results_of(place: Place) -> list[tuple[str, bool]]:
    """(outcome, by a person) of an approval, with what happens by rule."""
    node = place.node
    approval = node.extensions.approval
    if approval is None or approval.mode == "inform":
        return [("handled", False)]
    results = [("agree", True), ("reject", True)]
    found = node.extensions
    timed = any(step.do == "agree" for step in found.timeout)
    if found.on_empty == "autoPass" or found.on_self == "skip" or found.skip_when or timed:
        results.append(("agree", False))
    return results


def _quorum(place: Place) -> int:
    """How many people have agreed when the approval has passed, by what is drawn.

    Where everybody of a group has to agree, their number is known at run time only, and counted there.
    """
    approval, assignees = place.node.extensions.approval, place.node.extensions.assignees
    if approval is None or approval.mode not in _OF_SEVERAL:
        return 1
    listed = read_texts(assignees.users) if assignees is not None and assignees.users and not assignees.groups else None
    if listed is None:
        return UNCOUNTED
    asked, given = set(listed), {line.name: line.value for line in approval.weights}
    parameters = {line.name: line.value for line in approval.parameters}
    if parameters.get("abstain") == "exclude" or not asked.issuperset(given):  # else it is not told whose weight it is
        return 1
    try:
        weights = quorum.counted(approval.mode, (quorum.weight(given.get(one, "1")) for one in asked))
        wanted = quorum.needed(approval.mode, weights, parameters)
    except InvalidValue:
        return 1
    if wanted is None or min(weights, default=Decimal(0)) < 1:  # who is asked beside them weighs one
        return 1
    return quorum.fewest(weights, wanted) or 1


def of_several(place: Place) -> bool:
    """Whether several people fill in a task, each of whom writes when he is done."""
    approval = place.node.extensions.approval
    return place.repeats or (approval is not None and approval.mode in _OF_SEVERAL)


_OF_SEVERAL = ("all", "sequential", "ratio", "weight")
