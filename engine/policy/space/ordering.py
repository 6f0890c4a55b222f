"""Branches that have nothing to do with each other: one of them goes first (partial-order reduction).

Of the branches of a parallel block, which a join ends, every way to what is behind the join takes every branch to its
end. Where none reads, writes, decides or ends what another one does, all orders lead to the same states, so that one
is enough: the moves of one branch are a persistent set (Godefroid, LNCS 1032, 1996, 4.1), and whoever looks for what
is behind the join misses nothing and still meets a shortest way there. Taken as such a block is only what is plain:
each branch comes from the fork alone and leaves to the join alone, nothing ends or sends back what is in it or in
another one, nothing guarded is done in it. Everything else is looked at in every order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import permutations

from engine.bpmn.model import TASKS
from engine.policy.abstraction import Place, System
from engine.policy.space.layout import scopes_around, waits_for_others
from engine.policy.space.moving import Moving
from engine.policy.space.states import FINAL, Need, State
from engine.policy.subjects import Subjects
from engine.policy.tracking import Tracking

_ONE_LEAVES = {"exclusiveGateway", "eventBasedGateway", "parallelGateway"}
"""of several flows: one token leaves, or a block that ends in one. Of two the join lets the first on at once, so that
in some orders only the second one does something before that"""
_TOLD = {"message", "signal", "timer"}
"""kinds of events that end nothing and begin nothing elsewhere"""


@dataclass(frozen=True, slots=True)
class _Block:
    """`branches`: the places of each, with what is inside; `flows`: by which each comes to the join; `nested`: the
    blocks in them, beside what is inside."""

    join: str
    branches: tuple[frozenset[str], ...]
    flows: tuple[str, ...]
    nested: tuple["_Block", ...]


@dataclass(slots=True)
class _Marks:
    """What a branch has to do with others: numbers of variables, bits of approvals, approvals that are decided (or
    taken back) and asked for; whether decisions are taken back in it, or something is done after which they stand."""

    reads: set[int] = field(default_factory=set)
    writes: set[int] = field(default_factory=set)
    gives: int = 0
    ends: int = 0
    decides: set[str] = field(default_factory=set)
    asks: set[str] = field(default_factory=set)
    takes_back: bool = False
    lasts: bool = False

    def disturbs(self, other: "_Marks") -> bool:
        """Whether it matters for `other` whether this one comes before it."""
        return bool(
            self.writes & (other.reads | other.writes) or self.ends & other.gives or self.decides & other.asks
            or (self.lasts and other.takes_back)
        )  # fmt: skip


class Ordering(Moving):
    """`whole`, a drawing with event sub-processes or compensation: every order is looked at."""

    def __init__(
        self, system: System, needs: Mapping[str, list[Need]], subjects: Subjects, data: Tracking, *, whole: bool,
        fuse: bool, anew: bool,
    ) -> None:  # fmt: skip
        super().__init__(system, needs, subjects, data, whole=whole, fuse=fuse, anew=anew)
        self._shapes: dict[str, _Block | None] = {}
        self.apart: list[_Block] = []
        """blocks of which one branch may go first, the outer ones before those in them"""
        for place in system.places.values() if not (whole or system.handlers or self.handlers) else ():
            block = self._block(place)
            if block is not None and self._stands_quietly(place) and self._is_free(block):
                self.apart.append(block)
        self.apart.sort(key=lambda block: -sum(map(len, block.branches)))

    def parties(self, state: State) -> list[list[int]]:
        """The tokens that have nothing to do with each other, in groups; those that wait at joins for them left out.
        One group of all where that is not known, or where going back may make void what has made a decision final."""
        parties = [list(state.tokens)]
        if len(set(state.tokens)) < len(state.tokens) or any(self.slots[slot][1] == FINAL for slot in state.tokens):
            return parties
        for block in self.apart:
            parties = [part for party in parties for part in self._parted(block, party)]
        return parties

    def _parted(self, block: _Block, party: list[int]) -> list[list[int]]:
        around = [
            slot for slot in party
            if self.slots[slot][1] == "!" and block.join in self.inner.get(self.slots[slot][0].id, ())
        ]  # fmt: skip
        found = self._by_branch(block, [slot for slot in party if slot not in around])
        if found is None:
            return [party]
        return [branch for branch in found if not all(map(self._is_mark, branch))] or [party]

    def _by_branch(self, block: _Block, slots: list[int]) -> list[list[int]] | None:
        """The tokens of each branch; None: some are elsewhere, or more are on their way than the join waits for."""
        found: list[list[int]] = [[] for _ in block.branches]
        arrived = set()
        for slot in slots:
            place, stage = self.slots[slot]
            at = next((at for at, branch in enumerate(block.branches) if place.id in branch), None)
            if at is not None:
                found[at].append(slot)
            elif place.id == block.join and stage in block.flows:
                arrived.add(block.flows.index(stage))
            else:
                return None
        scope = self.system.places[block.join].parent
        for at, branch in enumerate(found):
            under_way = [slot for slot in branch if not self._is_mark(slot)]
            own = [slot for slot in under_way if self.slots[slot][0].parent is scope]
            if (at in arrived and under_way) or not self._is_one(block, own):
                return None
        return found

    def _is_one(self, block: _Block, own: list[int]) -> bool:
        """Whether one token will come out of these, or none."""
        return len(own) < 2 or any(self._by_branch(nested, own) is not None for nested in block.nested)

    # ------------------------------------------------------------ which blocks

    def _block(self, fork: Place) -> _Block | None:
        """The block that a fork begins, if it is a plain one."""
        if fork.id not in self._shapes:
            self._shapes[fork.id] = None  # no block is in itself
            self._shapes[fork.id] = self._begun_by(fork)
        return self._shapes[fork.id]

    def _begun_by(self, fork: Place) -> _Block | None:
        if fork.node.type != "parallelGateway" or len(fork.outgoing) < 2:
            return None
        branches: list[frozenset[str]] = []
        arrived: list[tuple[str, str]] = []
        nested: list[_Block] = []
        for flow, target in fork.outgoing:
            found = self._branch(flow.id, target)
            if found is None or len(found[1]) != 1:
                return None
            branches.append(found[0])
            arrived += found[1]
            nested += found[2]
        joins, flows = {name for name, _ in arrived}, tuple(flow for _, flow in arrived)
        if len(joins) != 1 or len(set(flows)) < len(flows) or sum(map(len, branches)) > len(set().union(*branches)):
            return None
        join = self.system.places[joins.pop()]
        ends = join.node.type == "parallelGateway" and join.parent is fork.parent and set(join.incoming) == set(flows)
        return _Block(join.id, tuple(branches), flows, tuple(nested)) if ends else None

    def _branch(
        self, flow: str, target: str
    ) -> tuple[frozenset[str], set[tuple[str, str]], list[_Block]] | None:  # fmt: skip
        """The places of a branch, the joins to which it leads, each with the flow, and the blocks in it; None: it is
        not plain."""
        seen: set[str] = set()
        arrived: set[tuple[str, str]] = set()
        nested: list[_Block] = []
        entered = {flow}
        todo = [(flow, target)]
        while todo:
            flow, name = todo.pop()
            place = self.system.places[name]
            if self._joins(place):
                arrived.add((name, flow))
                continue
            if name in seen:
                continue
            if not all(map(self._is_plain, (place, *(self.system.places[one] for one in self.inner.get(name, ()))))):
                return None
            if len(place.outgoing) > 1 and place.node.type not in _ONE_LEAVES:
                return None
            seen |= {name, *self.inner.get(name, ())}
            leaving = place
            if place.node.type == "parallelGateway" and len(place.outgoing) > 1:
                block = self._block(place)
                if block is None or len(self.system.places[block.join].outgoing) > 1:
                    return None
                nested += [block, *block.nested]
                seen |= {block.join}.union(*block.branches)
                entered |= {flow.id for flow, _ in place.outgoing} | set(block.flows)
                leaving = self.system.places[block.join]
            entered |= {flow.id for flow, _ in leaving.outgoing}
            todo += [(flow.id, target) for flow, target in leaving.outgoing]
        own = self.system.places[target].parent
        outside = [
            flow for name in seen if self.system.places[name].parent is own
            for flow in self.system.places[name].incoming if flow not in entered and not self._is_within(flow, seen)
        ]  # fmt: skip
        return None if outside else (frozenset(seen), arrived, nested)

    def _is_within(self, flow: str, names: Iterable[str]) -> bool:
        return any(flow == one.id for name in names for one, _ in self.system.places[name].outgoing)

    def _is_plain(self, place: Place) -> bool:
        """Whether what happens there neither ends nor begins anything outside of its branch."""
        node = place.node
        if place.id in self.needs or place.id in self._forgets or place.id in self._waits_for_conditions:
            return False
        if place.repeats or place.boundaries or node.for_compensation or node.ad_hoc is not None:
            return False
        if self._ways_back(place) or self.back_by_rule(place) or waits_for_others(place):
            return False
        kinds = {event.kind for event in node.events}
        if node.type in ("subProcess", "callActivity"):
            return bool(place.starts)
        if node.type in ("exclusiveGateway", "parallelGateway"):
            return True
        if node.type == "eventBasedGateway":
            return not node.together
        if node.type in ("startEvent", "intermediateCatchEvent", "intermediateThrowEvent"):
            return kinds <= _TOLD
        if node.type == "endEvent":  # where all of the request ends, nothing is left to be found
            return not kinds or (kinds == {"terminate"} and place.parent is None)
        return node.type in TASKS

    def _stands_quietly(self, fork: Place) -> bool:
        """Whether nothing around a block goes on beside it, or ends it."""
        return not any(
            above.boundaries or above.repeats or above.may_stop_early or above.node.ad_hoc is not None
            or above.node.for_compensation
            for above in scopes_around(fork)
        )  # fmt: skip

    # ------------------------------------------------------------ what they have to do with each other

    def _is_free(self, block: _Block) -> bool:
        """Whether no branch has to do with another one, and nothing is taken back in one that has come to the join."""
        if block.join in self._loose and any(not branch.isdisjoint(self.recalled) for branch in block.branches):
            return False
        marks = [self._marks(branch) for branch in block.branches]
        return not (
            any(one.disturbs(other) for one, other in permutations(marks, 2))
            or any(self._makes_final(one, other) for one, other in permutations(block.branches, 2))
        )

    def _makes_final(self, branch: frozenset[str], other: frozenset[str]) -> bool:
        """Whether who decides in `branch` may make final what is decided in `other`: a loop leads from there to him,
        so that it matters who was asked first."""
        return any(
            self._are_in_line(self.system.places[name], task)
            for task in self._tasks if task.id in branch for name in other & self.recalled.keys()
        )  # fmt: skip

    def _marks(self, branch: frozenset[str]) -> _Marks:
        found = _Marks(takes_back=not branch.isdisjoint(self.recalled), lasts=not branch.isdisjoint(self._lasting))
        for name in branch:
            found.reads |= self.data.reads[name]
            found.writes.update(self.data.writes[name])
            if self.data.tells_others(name):
                found.writes |= self.data.repaired[name]
            found.gives |= self.bit.get(name, 0)
            found.ends |= self._ends(name)
            undone = {name, *(self._after_it[name] if name in self.recalled else ())}
            found.decides |= undone & self.asked.keys()
        found.asks = {asked for asked, readers in self._readers.items() if readers & branch}
        return found

    def _ends(self, name: str) -> int:
        """The approvals that may end when something is done there."""
        found = self._undone[name] | self._replaced[name] | self._apart[name] | self._turned_down_with(name)
        found |= self._forgotten.get(name, (0, 0))[1]
        if name in self.recalled:
            found |= self._bits(self._after_it[name] & self.bit.keys())
        return found
