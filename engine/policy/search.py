"""Explicit-state search: can a guarded operation be reached without a live human yes whose outcome was checked?

State = tokens x outcomes of approvals x live approvals. Breadth first, so that a counter-example is a shortest one.
What cannot change the answer is left out before: nodes that only hand a token on are passed at once, tokens that can
neither pay, approve, stop nor join anything are forgotten, outcomes that nothing asks for any more as well.
"""

from bisect import insort
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from time import thread_time
from typing import NamedTuple

from engine.bpmn.model import TASKS, EventDefinition, Flow
from engine.policy.abstraction import NOT_TOLD, Place, System, reads_outcome
from engine.policy.regions import Masks, merged
from engine.policy.subjects import Subjects, read_texts
from engine.policy.tracking import Tracking

Way = tuple[Flow, str]
"""A flow and the place it leads to."""
Slots = tuple[int, ...]

BUDGET = 100_000
MANY = 2
"""A place with this many tokens stands for any larger number."""
WORDS = ("", "agree", "reject", "handled", NOT_TOLD)
PASSED = "passed"
"""word of a move that only hands the token on"""
HELD = "held"
"""stage of an approval that was rejected and waits for the other branches"""
STALE = "~"
"""mark of an open approval: it is about a document that another one has replaced since it was asked"""
READ = "="
"""mark of a guarded operation that has begun, followed by the approvals that lived, when its document was replaced"""
APART = "/"
"""ends a mark STALE or READ: the document that is named now is surely another one; without, it may be the same again"""
LOGGED = "&"
"""stage of a handler of compensation: what it undoes has completed; followed by its place in the log, but where it is
there many times"""
UNDOING, BESIDE = "undoing", "undoing beside"
"""stages of what throws compensation: it waits until everything is undone, or has gone on"""
UNDOES = "undoes"
"""word of a move that begins a handler of compensation"""
REJECTED = "troika.rejected"
"""the error that a called process throws whose rejection ends it"""
DIGIT = 3
"""bits of an outcome"""
UNCOUNTED = 1_000
"""people of an approval in which all of a group have to agree"""
SURE, BY_ITSELF, OUTSIDE = range(3)
WAYS_OF_JOINS = 4
"""Joins with more arrivals than this to be given back after a return are given all of them or none."""


class Effort(NamedTuple):
    """How much is looked at before a search is given up. `seconds`: of the processor, so that what else the machine
    does changes no verdict."""

    states: int
    seconds: float


DEPLOYING = Effort(BUDGET, 2.0)
DRAWING = Effort(20_000, 0.2)


class State(NamedTuple):
    """`tokens`: numbers of slots, sorted, each up to MANY times. `outcomes`: a digit of WORDS for each approval that
    is asked for. `live`: a bit for each approval whose yes can still be used. `data`: the regions in which each
    variable may lie that is tracked."""

    tokens: Slots
    outcomes: int
    live: int
    data: Masks = ()


class Move(NamedTuple):
    """`via`: id of the place where something happened; `word`: what, if it could have been something else; `ways`: the
    flows that were taken; `counted`: the approvals of a guarded operation whose document was replaced behind it."""

    via: str
    word: str = ""
    ways: tuple[Way, ...] = ()
    counted: int | None = None


class Violation(NamedTuple):
    """`missing`: index of the requirement that is not met; `origin`, `moves`: a shortest way to where it happens."""

    missing: int
    origin: State
    moves: list[Move]


@dataclass(slots=True)
class Found:
    """What a search found. `violations`: by the place that may run; `spent`: the
    budget ran out, with the branches that were alive most often; `seen`: every state."""

    violations: dict[str, Violation] = field(default_factory=dict)
    spent: bool = False
    wide: list[str] = field(default_factory=list)
    seen: Mapping[State, object] = field(default_factory=dict)
    seconds: float = 0.0


class Need(NamedTuple):
    """`capability` "": any will do. `people`: how many the approvals must guarantee."""

    policy: str
    capability: str
    people: int = 1

    @property
    def shown(self) -> str:
        """As people read it."""
        return f"{self.capability} ({self.people})" if self.people > 1 else self.capability


class Space:
    """All that can happen to a process. `needs`: guarded place -> what must have been approved.

    `whole`: nothing is left out but what is passed at once; for whoever wants to see each state.
    """

    def __init__(
        self, system: System, needs: Mapping[str, list[Need]], subjects: Subjects, data: Tracking, *,
        whole: bool = False, fuse: bool = True,
    ) -> None:  # fmt: skip
        self.system, self.needs, self.subjects, self.data = system, needs, subjects, data
        self.whole, self.fuse = whole, fuse
        self.slots: list[tuple[Place, str]] = []
        self._number: dict[tuple[str, str], int] = {}
        self.inner = {
            place.id: frozenset(inside.id for inside in system.inside(place))
            for place in system.places.values()
            if place.holds_inside
        }
        self._within = _within(system)
        self._order: dict[str, dict[str, int]] = {}
        self._around: dict[str, dict[str, frozenset[str]]] = {}
        self._tied = any(
            place.node.type == "inclusiveGateway" and len(place.incoming) > 1 for place in system.places.values()
        )
        self._before: dict[str, set[str]] = {name: set() for name in system.places}
        """place -> where a token may have been just before"""
        self._prepare_approvals()
        self._prepare_undoing()
        self._prepare_prospects()
        self._stays = {place.id: self._is_stop(place) for place in system.places.values()}
        self._idle = {name: self._is_idle(name) for name in system.places}
        self._landings: dict[str, tuple[tuple[int, tuple[str, ...]], ...]] = {}
        self._cache: dict[tuple[str, int, Masks], tuple[list[tuple[tuple[Way, ...], Masks]], bool]] = {}
        self._ahead: list[tuple[int, int]] = []
        self._always = self._of_handlers()
        self._unheard = {place.id for place in system.places.values() if self._is_unheard(place)}
        self._filled_in = {
            name for name, place in system.places.items()
            if place.node.type == "userTask" and (self._undone[name] or self.data.writes[name])
        }  # fmt: skip
        self._loose: set[str] = set()
        """places to which a token may still be on its way when it is counted there"""
        for place in system.places.values():
            self.landing(place.id)
            for flow, target in place.outgoing:
                self.landing(target, flow.id)

    # ------------------------------------------------------------ what is known beforehand

    def _prepare_approvals(self) -> None:
        places = self.system.places
        asked: dict[str, set[str]] = {}
        for place in places.values():
            for flow, _ in place.outgoing:
                for name in reads_outcome(flow.condition):
                    asked.setdefault(place.prefix + name, set()).add(place.id)
        self.asked = {name: index for index, name in enumerate(sorted(asked)) if name in places}
        self.providing = [place.id for place in places.values() if place.node.extensions.policy is not None]
        self.bit = {name: 1 << index for index, name in enumerate(self.providing)}
        self.quorum = [_quorum(places[name]) for name in self.providing]
        self.capabilities = [self._provides(name) for name in self.providing]
        self._readers = {name: frozenset(readers) for name, readers in asked.items() if name in self.asked}
        self._undone = {name: self._bits(self.subjects.undone.get(name, ())) for name in places}
        self._replaced = {name: self._bits(self.subjects.replaced.get(name, ())) for name in places}
        self._apart = {name: self._bits(self.subjects.apart.get(name, ())) for name in places}
        self._counts = {name: self._bits(self.subjects.counts(name, self.providing)) for name in self.needs}
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
            if any(above.runs_beside_itself for above in _above(places[name]))
        }  # fmt: skip

    def _provides(self, name: str) -> str:
        mark = self.system.places[name].node.extensions.policy
        return mark.provides if mark is not None else ""

    def _prepare_undoing(self) -> None:
        """Which handler undoes which activity, of those that matter, and how far a throw of compensation reaches."""
        places = self.system.places
        drawn = {
            place.id: handler for place in places.values() if (handler := self._handler_of(place)) is not None
        }  # fmt: skip
        sent_back = any(place.node.extensions.compensates for place in places.values())
        shared = [handler.id for handler in drawn.values()]
        self.handlers = {
            name: handler.id for name, handler in drawn.items()
            if self.matters(handler) and not sent_back and shared.count(handler.id) == 1
            and self._can_be_followed(places[name], handler)
        }  # fmt: skip
        self._undone_in = {handler: places[name] for name, handler in self.handlers.items()}
        self._undoing_at = {
            name for handler in self.handlers.values() for name in (handler, *self.inner.get(handler, ()))
        }  # fmt: skip
        self._undone_at_once = set(drawn) == set(self.handlers)
        self._undone_by_themselves = set(drawn)
        throwing = [place.id for place in places.values() if self._throws_back(place)]
        if self.handlers:
            more: dict[str, set[str]] = {name: set() for name in places}
            for name, undoes in self.handlers.items():
                self._before[undoes] |= {name, *throwing}
                for one in (name, *throwing):
                    more[one].add(undoes)
            self._within = _within(self.system, more)

    def _handler_of(self, host: Place) -> Place | None:
        """What undoes an activity."""
        for name in host.boundaries:
            boundary = self.system.places[name]
            if any(event.kind == "compensate" for event in boundary.node.events):
                for place in self.system.places.values():
                    tied = place.node.id in boundary.node.associated or boundary.node.id in place.node.associated
                    if place.node.for_compensation and place.prefix == host.prefix and tied:
                        return place
        return None

    def _can_be_followed(self, host: Place, handler: Place) -> bool:
        """Whether a handler handles the document of the process as it is when it runs, not a copy of what was."""
        around = list(_above(host))
        plain = all(
            not (one.repeats or one.node.type == "callActivity" or one.node.extensions.inputs or one.node.data)
            for one in around
        )  # fmt: skip
        return (
            plain and not (host.repeats or handler.repeats or host.node.for_compensation)
            and not any(one.node.for_compensation or one.node.triggered_by_event for one in around)
            and all(self.subjects.is_shared(one.id) for one in (handler, *self.system.inside(handler)))
        )  # fmt: skip

    def _throws_back(self, place: Place) -> bool:
        """Whether a token that comes there undoes what has completed."""
        kinds = {event.kind for event in place.node.events}
        return bool(self.handlers) and place.node.type in ("intermediateThrowEvent", "endEvent") and bool(
            kinds & {"compensate", "cancel"}
        )  # fmt: skip

    def _bits(self, names: Iterable[str]) -> int:
        found = 0
        for name in names:
            found |= self.bit[name]
        return found

    def _is_stop(self, place: Place) -> bool:
        """Whether a token rests here until something is chosen, written, approved or paid."""
        node = place.node
        if (
            place.id in self.needs or place.boundaries or place.holds_inside or place.repeats
            or self._undone[place.id] or self.data.writes[place.id] or self.data.learns(place.id)
            or node.for_compensation or not self.fuse
        ):  # fmt: skip
            return True
        if node.extensions.policy is not None or node.extensions.approval is not None or node.extensions.returns:
            return True
        if self._throws_back(place):
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

    def _is_unheard(self, place: Place) -> bool:
        """Whether an event waits for an error or escalation that nothing in its scope throws by itself. At a task it is
        taken as drawn."""
        if place.node.triggered_by_event:
            scope, events = place.parent, [event for start in place.starts for event in self._events(start)]
        elif place.node.attached_to is not None:
            scope, events = self.system.places[place.prefix + place.node.attached_to], self._events(place.id)
        else:
            return False
        if scope is not None and not scope.holds_inside:
            return False
        if not events or any(event.kind not in ("error", "escalation") for event in events):
            return False
        inside = self.system.places.values() if scope is None else [scope, *self.system.inside(scope)]
        own = set(self.system.inside(place))
        return not any(_throws(one) for one in inside if one not in own)

    def _events(self, name: str) -> list[EventDefinition]:
        return self.system.places[name].node.events

    def _root_handlers(self) -> list[Place]:
        return [handler for handler in self.system.handlers if handler.parent is None]

    def _is_idle(self, name: str) -> bool:
        """Whether nothing that a token here can still do in its scope matters."""
        if self.whole or (self.system.places[name].parent is None and self._root_handlers()):
            return False
        return all(self._is_harmless(self.system.places[ahead]) for ahead in (name, *self._within[name]))

    def _is_harmless(self, place: Place) -> bool:
        node = place.node
        if place.id in self.needs or self._undone[place.id] or self.data.writes[place.id]:
            return False
        if node.extensions.policy is not None or node.extensions.approval is not None:
            return False
        if node.extensions.returns or place.id in self.asked:
            return False
        if node.type == "endEvent":
            return not {"terminate", "error", "cancel"} & {event.kind for event in node.events}
        return node.type not in ("parallelGateway", "inclusiveGateway", "complexGateway") or len(place.incoming) < 2

    def _of_handlers(self) -> tuple[int, int]:
        """What event sub-processes may still ask for."""
        digits, wanted = 0, 0
        for handler in self.system.handlers:
            more, read = self._looks_ahead(handler.id)
            digits, wanted = digits | more, wanted | read
        return digits, wanted

    def _looks_ahead(self, name: str) -> tuple[int, int]:
        return self._reads[name], self._wants[name]

    def _prepare_prospects(self) -> None:
        """What is still asked for from each place on before it is decided anew."""
        before = self._before
        decided: dict[str, set[str]] = {}
        written: dict[str, set[str]] = {}
        for place in self.system.places.values():
            plain = {target for _, target in place.outgoing}
            other = _beside(self.system, place) | set(self._ways_back(place))
            for target in plain | other:
                before[target].add(place.id)
            if place.id in self.asked:
                decided[place.id] = plain - other
            if self.data.writes[place.id]:
                written[place.id] = plain - other
        self._reads = dict.fromkeys(self.system.places, 0)
        for asked, readers in self._readers.items():
            for name in _behind(before, readers, {asked: decided[asked]}):
                self._reads[name] |= 7 << DIGIT * self.asked[asked]
        self._wants = dict.fromkeys(self.system.places, 0)
        for number in range(len(self.data.paths)):
            asking = [name for name, read in self.data.reads.items() if number in read]
            anew = {name: targets for name, targets in written.items() if number in self.data.writes[name]}
            for name in _behind(before, asking, anew):
                self._wants[name] |= 1 << number

    def slot(self, name: str, stage: str) -> int:
        """Number of a place and stage: "" a token has come; "!" active, followed by the ids of timers beside it that
        have run out; either with a mark STALE or READ; HELD; of a join, the flow by which a token came."""
        key = (name, stage)
        if key not in self._number:
            self._number[key] = len(self.slots)
            self.slots.append((self.system.places[name], stage))
            self._ahead.append(self._looks_ahead(name))
        return self._number[key]

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
            if self._waited(passed):
                self._loose.add(name)
            yield self.slot(name, ""), passed
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
        kinds = (self.system.places[name].node.type for name in passed if name not in self.data.certain)
        return any(kind in TASKS or kind == "intermediateCatchEvent" for kind in kinds)

    def hands_on(self, name: str) -> bool:
        """Whether nothing that a token in this place does is looked at by itself."""
        return self._idle[name] or not self._stays[name]

    def people(self, name: str) -> int:
        """How many people the approval of a place guarantees."""
        return self.quorum[self.providing.index(name)] if name in self.bit else 0

    def behind(self, name: str) -> set[str]:
        """What lies after a place and in it, when no loop is gone round."""
        after = {name, *self._down(name)}
        return after | {inner for one in after for inner in self.inner.get(one, ())}

    def placed(self, state: State, name: str, flow: str = "") -> State:
        """One token more that comes to a place."""
        tokens = state.tokens
        for slot, _ in self.landing(name, flow):
            tokens = _more(tokens, slot)
        return state if tokens is state.tokens else State(tokens, state.outcomes, state.live, state.data)

    def active(self, state: State, name: str, stage: str = "!") -> State:
        """One token more that rests in a place."""
        return State(_more(state.tokens, self.slot(name, stage)), state.outcomes, state.live, state.data)

    def matters(self, handler: Place) -> bool:
        """Whether a handler of compensation does something that policies speak about."""
        return any(
            place.id in self.needs or place.node.extensions.approval is not None or self._undone[place.id]
            for place in (handler, *self.system.inside(handler))
        )

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

    def shown(self, state: State) -> dict[tuple[str, str], int]:
        """(place, stage) -> tokens."""
        found: dict[tuple[str, str], int] = {}
        for slot in state.tokens:
            place, stage = self.slots[slot]
            found[place.id, stage] = found.get((place.id, stage), 0) + 1
        return found

    # ------------------------------------------------------------ the search

    def starts(self) -> list[State]:
        """The states in which it can begin."""
        return [self.begun_at(starts) for starts in self.system.starts]

    def begun_at(self, starts: list[str]) -> State:
        """The state in which it begins at these places."""
        state = State((), 0, 0, self.data.start)
        for start in starts:
            state = self.placed(state, start)
        return state

    def kept(self, state: State) -> State:
        """Without outcomes and variables that nothing asks for any more, and without what people who have a task open
        may have written over: each of them writes when he decides, while others of the same task are still to decide.
        """
        if not (state.outcomes or state.data or state.live or self._parts):
            return state
        digits, wanted = (-1, -1) if self.whole else self._always
        undone = replaced = partly = 0
        written: set[int] = set()
        for slot in state.tokens:
            ahead = self._ahead[slot]
            digits |= ahead[0]
            wanted |= ahead[1]
            name = self.slots[slot][0].id
            if name in self._filled_in and not self._is_logged(slot):
                undone |= self._undone[name]
                replaced |= self._replaced[name]
                partly |= self._replaced[name] if _of_several(self.slots[slot][0]) else 0
                written.update(self.data.writes[name])
        data = tuple(
            [known if wanted >> at & 1 and at not in written else whole
             for at, (known, whole) in enumerate(zip(state.data, self.data.start, strict=True))]
        )  # fmt: skip
        parted = replaced and any(_is_marked(self.slots[slot][1], APART) for slot in state.tokens)
        if not (state.outcomes & ~digits or state.live & undone or partly or parted or data != state.data):
            return state
        tokens = self._rewritten(state, replaced, partly)
        return State(tokens, state.outcomes & digits, state.live & ~undone, data)

    def search(self, origins: list[State] | None = None, effort: Effort = DEPLOYING) -> Found:
        """Walk through everything that can be reached and from which there is still something to find."""
        began = thread_time()
        found, open_to = Found(), self._leads_to(self.needs)
        before: dict[State, tuple[State, Move | None]] = {}
        worst: dict[tuple[Slots, int], list[State]] = {}
        queue: deque[State] = deque()
        for state in self.starts() if origins is None else [self.kept(origin) for origin in origins]:
            if state not in before:
                before[state] = (state, None)
                queue.append(state)
        while queue:
            if len(before) > effort.states or thread_time() - began > effort.seconds:
                found.spent, found.wide = True, self._widest(before)
                break
            state = queue.popleft()
            if not self._leads_on(state, open_to):
                continue
            for move, following in self.steps(state):
                if move.via in self.needs and not move.word and move.via not in found.violations:
                    missing = self.missing(move.via, state.live if move.counted is None else move.counted)
                    if missing is not None:
                        found.violations[move.via] = Violation(missing, *_way(before, state, move))
                        open_to = self._leads_to(name for name in self.needs if name not in found.violations)
                following = self.kept(following)
                if following in before or not self._leads_on(following, open_to):
                    continue
                like = worst.setdefault((following.tokens, following.outcomes), [])
                if any(_covers(one, following) for one in like):
                    continue
                like.append(following)
                before[following] = (state, move)
                queue.append(following)
        found.seen, found.seconds = before, thread_time() - began
        return found

    def _leads_to(self, guarded: Iterable[str]) -> set[str]:
        """Where a token may still come to one of these places."""
        return _behind(self._before, guarded)

    def _leads_on(self, state: State, wanted: set[str]) -> bool:
        """Whether something of it can come to where there is something to find."""
        if self.whole:
            return True
        if not state.tokens:
            return False
        return any(handler.id in wanted for handler in self.system.handlers) or any(
            self.slots[slot][0].id in wanted for slot in state.tokens
        )

    def _widest(self, before: Mapping[State, object]) -> list[str]:
        """Places that hold a token in most states: the branches that are independent of each other."""
        counts: dict[int, int] = {}
        for number, state in enumerate(before):
            if number > DRAWING.states // 4:
                break
            for slot in set(state.tokens):
                counts[slot] = counts.get(slot, 0) + 1
        names = dict.fromkeys(self.slots[slot][0].id for slot in sorted(counts, key=lambda slot: -counts[slot]))
        return list(names)[:4]

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

    # ------------------------------------------------------------ transitions

    def steps(self, state: State) -> Iterator[tuple[Move, State]]:
        """Everything that can happen next. What the machine does by itself, and cannot get stuck at, comes before
        whatever people, jobs and the outside world do."""
        kinds = {slot: self._kind_of(*self.slots[slot], state) for slot in state.tokens}
        moved = False
        for slot, kind in kinds.items():
            if kind != OUTSIDE:
                for step in self._of_token(state, slot):
                    moved = moved or kind == SURE
                    yield step
        if moved:
            return
        for slot, kind in kinds.items():
            if kind == OUTSIDE:
                yield from self._of_token(state, slot)
        for handler in self.system.handlers:
            if handler.id not in self._unheard and self._is_alive(state, handler.parent):
                yield from self._handle(state, handler)

    def _of_token(self, state: State, slot: int) -> Iterator[tuple[Move, State]]:
        place, stage = self.slots[slot]
        if stage.startswith(LOGGED):
            return iter(())
        if stage in (UNDOING, BESIDE):
            return self._undo(state, slot, place, stage)
        if stage.startswith("!"):
            return self._leave_activity(state, slot, place, stage)
        if stage == HELD:
            return self._held(state, slot, place)
        if stage.startswith((STALE, READ)):
            return self._leave_task(state, slot, place, stage)
        return self._arrive(state, slot, place) if stage == "" else self._join(state, place, stage)

    def _known(self, place: Place, outcomes: int) -> dict[str, str]:
        told = {
            name.removeprefix(place.prefix): WORDS[outcomes >> DIGIT * index & 7]
            for name, index in self.asked.items() if name.startswith(place.prefix)
        }  # fmt: skip
        return {name: word for name, word in told.items() if word}

    def _kind_of(self, place: Place, stage: str, state: State) -> int:
        """Who moves a token on: the machine for sure, the machine unless it gets stuck, or something outside."""
        if stage in (UNDOING, BESIDE):
            return SURE if self._undone_at_once else BY_ITSELF
        if stage.startswith("!") or stage == HELD or stage.startswith(LOGGED) or place.id in self._loose:
            return OUTSIDE
        node = place.node
        if self._throws_back(place):
            return BY_ITSELF
        if node.type == "endEvent" or node.type == "parallelGateway":
            return SURE if not node.extensions.inputs and not node.data_in else BY_ITSELF
        if node.type in ("exclusiveGateway", "inclusiveGateway"):
            return SURE if self._chosen(place, node.type, state.outcomes, state.data)[1] else BY_ITSELF
        if place.id in self.data.certain or self.data.is_decided(place.id, state.data):
            return SURE
        if node.type in ("scriptTask", "businessRuleTask", "intermediateThrowEvent", "subProcess", "transaction"):
            return BY_ITSELF
        return OUTSIDE

    def _is_alive(self, state: State, container: Place | None) -> bool:
        if container is None:
            return any(not self._is_logged(slot) for slot in state.tokens)
        return any(self.slots[slot][0] is container and self.slots[slot][1].startswith("!") for slot in state.tokens)

    def _handle(self, state: State, handler: Place, word: str = "") -> Iterator[tuple[Move, State]]:
        """An event sub-process begins: in place of everything around it, or beside it."""
        if any(self.system.places[start].node.interrupting for start in handler.starts):
            before = self._emptied(state, handler.parent)
        elif state.tokens.count(self.slot(handler.id, "!")) >= MANY:
            return
        else:
            before = [state]
        for one in before:
            for start in handler.starts:
                yield Move(handler.id, word), self.placed(self.active(one, handler.id), start)

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
            joined = [taken for one in joined for taken in _fewer(one, slot)]
        for tokens in joined:
            taken = State(tokens, state.outcomes, state.live, state.data)
            for ways, after in self._branches(taken, place, place.node.type):
                yield self._moved(after, place, ways)

    def _expects(self, state: State, place: Place, arrived: list[str]) -> bool:
        """Whether a token can still reach an empty flow of an inclusive join, but none that holds one (13.4)."""
        for slot in state.tokens:
            if self._is_logged(slot):
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

    def _arrive(self, state: State, slot: int, place: Place) -> Iterator[tuple[Move, State]]:
        kind = place.node.type
        if self._throws_back(place) and not any(event.kind == "cancel" for event in place.node.events):
            yield from self._thrown_back(state, slot, place)
        elif kind == "endEvent":
            yield from self._end(state, slot, place)
        elif kind.endswith("Gateway"):
            for tokens in _fewer(state.tokens, slot):
                taken = State(tokens, state.outcomes, state.live, state.data)
                if kind == "complexGateway":
                    yield Move(place.id), taken  # absorbed
                for ways, after in self._branches(taken, place, kind):
                    yield self._moved(after, place, ways)
        elif place.holds_inside or place.boundaries or place.repeats:
            for tokens in _fewer(state.tokens, slot):
                entered = self.active(State(tokens, state.outcomes, state.live, state.data), place.id)
                if _may_begin_idle(place):
                    yield Move(place.id, "begins"), entered
                for inside in self._begun(entered, place):
                    yield Move(place.id, "begins"), inside
        else:
            yield from self._leave_task(state, slot, place, "")

    def _leave_task(self, state: State, slot: int, place: Place, stage: str) -> Iterator[tuple[Move, State]]:
        for tokens in _fewer(state.tokens, slot):
            yield from self._finish(State(tokens, state.outcomes, state.live, state.data), place, stage)

    def _leave_activity(self, state: State, slot: int, place: Place, stage: str) -> Iterator[tuple[Move, State]]:
        inside = self.inner.get(place.id, frozenset())
        busy = any(self.slots[other][0].id in inside and not self._is_logged(other) for other in state.tokens)
        if place.node.ad_hoc is not None:
            for start in place.starts:
                yield Move(place.id, "starts"), self.placed(state, start)
        if not busy and place.repeats:
            yield from ((Move(place.id, "again"), again) for again in self._begun(state, place))
            if not place.holds_inside:
                yield Move(place.id), self._done(state, place)
        if not busy or place.may_stop_early or self._are_several(state, place, inside=False):
            left = [state] if not busy else self._emptied(state, place) if place.may_stop_early else [state]
            for tokens in dict.fromkeys(tokens for one in left for tokens in _fewer(one.tokens, slot)):
                taken = self._over(State(tokens, state.outcomes, state.live, state.data), place)
                if place.repeats:  # what it does is done turn by turn
                    for ways, after in self._branches(self._written(taken, place), place, ""):
                        yield self._moved(after, place, ways, "ends")
                else:
                    yield from self._finish(taken, place, stage)
        for boundary in place.boundaries:
            event = self.system.places[boundary]
            if {"cancel", "compensate"} & {caught.kind for caught in event.node.events}:
                continue  # the end events of a transaction lead to the one, nothing comes out of the other
            if boundary in self._unheard:
                continue
            if event.node.interrupting:
                for one in self._emptied(state, place):
                    for tokens in _fewer(one.tokens, slot):
                        taken = self._over(State(tokens, state.outcomes, state.live, state.data), place, by_force=True)
                        yield self._happened(taken, event)
            elif not self._undone[boundary] and all(self._idle[target] for _, target in event.outgoing):
                continue  # nothing comes of it
            elif _happens_again(event):
                yield self._happened(state, event)
            elif boundary not in (spent := stage.split()[1:]):
                ran_out = " ".join(["!", *sorted([*spent, boundary])])
                for tokens in _fewer(state.tokens, slot):
                    taken = State(tokens, state.outcomes, state.live, state.data)
                    yield self._happened(self.active(taken, place.id, ran_out), event)

    def _begun(self, state: State, place: Place) -> Iterator[State]:
        """The inside of a sub-process or call begins: at one of its start events, or at all that no flow leads to."""
        if place.node.ad_hoc is not None or not place.starts:
            return
        state = self._over(state, place)
        events = [[start] for start in place.starts if self.system.places[start].node.type == "startEvent"]
        for starts in events or [list(place.starts)]:
            for times in (1, MANY) if place.runs_beside_itself else (1,):
                begun = state
                for start in starts * times:
                    begun = self.placed(begun, start)
                yield begun

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

    def _done(self, state: State, place: Place, stage: str = "") -> State:
        """What an activity does is done: a guarded operation has used up the approvals."""
        state = self._written(state, place)
        return state if place.id not in self.needs else self._used(state, self._counts[place.id], stage)

    def _used(self, state: State, gone: int, stage: str) -> State:
        """Approvals end that are about the document of what is done. `stage`: whether that is the one which is named
        now, another one, or (a mark without APART) the one or the other."""
        live = state.live if _is_marked(stage, APART) else state.live & ~gone
        tokens = self._released(state.tokens, gone, spared=not _is_marked(stage))
        return State(tokens, state.outcomes, live, state.data)

    def _written(self, state: State, place: Place) -> State:
        """Approvals end with a write that changes which document they are about; what is known of variables as well."""
        data = self.data.forgotten(place.id, state.data)
        undone = self._undone[place.id]
        replaced = self._replaced[place.id]
        tokens = self._rewritten(state, replaced, replaced, self._apart[place.id])
        if not state.live & undone and data is state.data and tokens is state.tokens:
            return state
        return State(tokens, state.outcomes, state.live & ~undone, data)

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
            if _is_marked(stage):  # the one that comes now may be the old one again
                if (self._counts[name] if name in self.needs else self.bit.get(name, 0)) & replaced:
                    words = [word.removesuffix(APART) for word in words]
            elif self.bit.get(name, 0) & asked and place.node.type == "userTask":
                words.append(STALE + APART * bool(self.bit[name] & apart))
            elif name in self._reads_at_once and name not in self._loose and self._counts[name] & replaced:
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
            counted = _counted(stage)
            if counted is not None and counted & gone and not (spared and _is_marked(stage, APART)):
                words = [
                    f"{READ}{counted & ~gone}{APART * word.endswith(APART)}" if word.startswith(READ) else word
                    for word in stage.split()
                ]
                found[at] = self.slot(place.id, " ".join(words))
        return tuple(sorted(found)) if gone else tokens

    def _finish(self, state: State, place: Place, stage: str) -> Iterator[tuple[Move, State]]:
        """A node is done and its token leaves; an approval with each of its results."""
        node, counted = place.node, _counted(stage)
        approval = node.extensions.approval
        if node.type == "userTask" and node.extensions.returns:
            for target in self._returns(place):
                yield from self._sent_back(state, place, target, "return")
        if node.type != "userTask" or (approval is None and node.extensions.policy is None):
            done = self._done(state, place, stage)
            for data in self.data.after(place.id, state.data):
                known = done if data == done.data else State(done.tokens, done.outcomes, done.live, data)
                for ways, after in self._branches(known, place, node.type):
                    move, left = self._moved(after, place, ways)
                    yield move if counted is None else move._replace(counted=counted), left
            return
        for word, human in _results(place):
            following = self._written(self._decided(state, place, word, stage, by_people=human), place)
            told = word if human or word != "agree" else "passes"
            if word == "reject" and self._on_reject(place) != "flow":
                yield from self._rejected(following, place)
                if _waits_for_others(place):
                    yield Move(place.id, told), self.active(following, place.id, HELD)
                continue
            for ways, after in self._branches(following, place, node.type):
                yield self._moved(after, place, ways, told)

    def _on_reject(self, place: Place) -> str:
        approval = place.node.extensions.approval
        return (approval.on_reject if approval else None) or ("flow" if place.id in self.asked else "end")

    def _held(self, state: State, slot: int, place: Place) -> Iterator[tuple[Move, State]]:
        """A rejection that waits acts at any time, or is overtaken by an event at its boundary."""
        for tokens in _fewer(state.tokens, slot):
            taken = State(tokens, state.outcomes, state.live, state.data)
            yield from self._rejected(taken, place)
            for boundary in place.boundaries:
                event = self.system.places[boundary]
                yield self._happened(taken if event.node.interrupting else state, event)

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
        call = next((above for above in _above(place) if above.node.type == "callActivity"), None)
        if call is None:
            yield Move(place.id, "reject"), State((), 0, state.live, state.data)
        else:
            yield from self._propagate(state, place, REJECTED, call, "reject")

    def _decided(self, state: State, place: Place, word: str, stage: str, *, by_people: bool) -> State:
        """`stage`: says whether somebody was asked about the document that is named now."""
        outcomes, live = state.outcomes, state.live
        if place.id in self.asked:
            at = DIGIT * self.asked[place.id]
            outcomes = outcomes & ~(7 << at) | WORDS.index(self.told(place.id, word)) << at
        if place.id not in self.bit:
            return State(state.tokens, outcomes, live, state.data)
        if word == "reject":
            provides, gone = self._provides(place.id), self.bit[place.id]
            for index, capability in enumerate(self.capabilities):
                if capability == provides:
                    gone |= 1 << index
            alike = self._bits(self.subjects.alike(place.id))
            other = gone & ~alike
            ended = State(self._released(state.tokens, other), outcomes, live & ~other, state.data)
            return self._used(ended, gone & alike, stage)
        live &= ~self.bit[place.id]
        if by_people and not _is_marked(stage):
            live |= self.bit[place.id]
        return State(state.tokens, outcomes, live, state.data)

    def told(self, name: str, word: str) -> str:
        """What a condition learns of an outcome."""
        return NOT_TOLD if name in self._blurred else word

    # ------------------------------------------------------------ going back

    def _back(self, place: Place, on_reject: str) -> list[str]:
        """Where a rejection sends the request back to; nowhere when it ends there."""
        if on_reject == "end":
            return []
        if on_reject == "initiator":
            return self._requests(place)
        target = place.prefix + on_reject.removeprefix("return:")
        return [target] if target in self.system.places else []

    def _ways_back(self, place: Place) -> list[str]:
        approval, returns = place.node.extensions.approval, place.node.extensions.returns
        rejected = approval.on_reject if approval is not None and approval.on_reject else "flow"
        found = self._returns(place) if returns else []
        return found if rejected in ("flow", "end") else [*found, *self._back(place, rejected)]

    def _requests(self, place: Place) -> list[str]:
        return [
            found.id for found in self.system.places.values()
            if found.prefix == place.prefix and found.node.extensions.request
        ]  # fmt: skip

    def _returns(self, place: Place) -> list[str]:
        """Every place where its people may send it back to, whether it has been passed or not."""
        found: dict[str, None] = {}
        for word in place.node.extensions.returns:
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

    def _lies_before(self, target: str, place: Place) -> bool:
        """Whether a place lies behind `target`, or in what lies there."""
        goal = self.system.places[target]
        return self._lies_around(goal.parent, place) and any(
            around.parent is goal.parent and around.id in self._down(target) for around in (place, *_above(place))
        )

    def _sent_back(self, state: State, place: Place, target: str, word: str) -> Iterator[tuple[Move, State]]:
        """Everything that follows from the target is taken away with its approvals, joins get back what they had."""
        goal = self.system.places[target]
        if not self._lies_around(goal.parent, place):
            return
        behind = {target, *self._down(target)}
        gone = frozenset(self.behind(target))
        kept = self._without(state, gone)
        digits, undone = 0, self._bits(name for name in self.bit if name in gone)
        for name, index in self.asked.items():
            if name in gone:
                digits |= 7 << DIGIT * index
        moved = self.active(kept, target) if goal.boundaries or goal.holds_inside else self.placed(kept, target)
        restored = [
            self.slot(name, flow)
            for name in behind
            for flow in self.system.places[name].incoming
            if self._joins(self.system.places[name]) and self._source(name, flow) not in behind
        ]
        choices: Iterable[tuple[bool, ...]] = product((False, True), repeat=len(restored))
        if len(restored) > WAYS_OF_JOINS:
            choices = [(False,) * len(restored), (True,) * len(restored)]
        for choice in choices:
            tokens = moved.tokens
            for slot, again in zip(restored, choice, strict=True):
                tokens = _more(tokens, slot) if again else tokens
            tokens = self._released(tokens, undone)
            # what was decided before the target was passed last still stands
            for outcomes in dict.fromkeys((state.outcomes & ~digits, state.outcomes)):
                for live in dict.fromkeys((state.live & ~undone, state.live & ~self.bit.get(target, 0))):
                    if self.whole or live == state.live & ~undone:
                        yield Move(place.id, word), State(tokens, outcomes, live, state.data)

    def _joins(self, place: Place) -> bool:
        return place.node.type in ("parallelGateway", "inclusiveGateway") and len(place.incoming) > 1

    def _source(self, name: str, flow: str) -> str:
        for place in self.system.places.values():
            if any(out.id == flow and target == name for out, target in place.outgoing):
                return place.id
        return ""

    def _lies_around(self, container: Place | None, place: Place) -> bool:
        return container is place.parent or container is None or any(above is container for above in _above(place))

    def _down(self, target: str) -> set[str]:
        """What lies after a place in its scope when no loop is gone round."""
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

    # ------------------------------------------------------------ gateways

    def _branches(self, state: State, place: Place, kind: str) -> Iterator[tuple[tuple[Way, ...], State]]:
        """The sets of flows that may be taken when a token leaves, with what is known then."""
        for ways, data in self._chosen(place, kind, state.outcomes, state.data)[0]:
            yield ways, state if data is state.data else State(state.tokens, state.outcomes, state.live, data)

    def _chosen(
        self, place: Place, kind: str, outcomes: int, data: Masks
    ) -> tuple[list[tuple[tuple[Way, ...], Masks]], bool]:  # fmt: skip
        """(the sets of flows, each with what is known then; whether what is known says for sure which)"""
        key = (place.id + kind, outcomes, data)
        if key not in self._cache:
            choice = _Choice(self.data, place, self._known(place, outcomes))
            self._cache[key] = (list(choice.of(kind, data)), choice.sure)
        return self._cache[key]

    # ------------------------------------------------------------ ends and errors

    def _end(self, state: State, slot: int, place: Place) -> Iterator[tuple[Move, State]]:
        kinds = {event.kind for event in place.node.events}
        for tokens in _fewer(state.tokens, slot):
            taken = State(tokens, state.outcomes, state.live, state.data)
            if "terminate" in kinds:
                yield from ((Move(place.id), one) for one in self._emptied(taken, place.parent))
            elif "error" in kinds:
                yield from self._throw(taken, place)
            elif "cancel" in kinds and place.parent is not None:
                logged = [one for one in tokens if self._is_logged(one)
                          and self.slots[one][0].id in self.inner[place.parent.id]]  # fmt: skip
                if not logged:
                    yield from self._cancelled(taken, place, place.parent)
                for one in self._emptied(taken, place.parent) if logged else ():
                    kept = one.tokens
                    yield Move(place.id), self.active(one._replace(tokens=kept), place.id, UNDOING)
            else:
                yield Move(place.id), taken

    def _is_logged(self, slot: int) -> bool:
        return self.slots[slot][1].startswith(LOGGED)

    def _logged(self, tokens: Slots, place: Place) -> Slots:
        """An activity has completed and can be undone: by its own handler, else by those of what is in it."""
        inside, handler = self.inner.get(place.id, frozenset()), self.handlers.get(place.id)
        log = sorted((self._rank(slot), self.slots[slot][0].id) for slot in tokens if self._is_logged(slot))
        if handler is None and not any(name in inside for _, name in log):
            return tokens
        names = [name for rank, name in log if rank and name not in inside]
        many = [name for rank, name in log if not rank]
        if place.id in self._undone_by_themselves:
            many = [name for name in many if name not in inside]
        else:
            names += [name for rank, name in log if rank and name in inside]
        if handler is not None and handler not in many:
            names.append(handler)
            if names.count(handler) > MANY:
                names = [name for name in names if name != handler]
                many += [handler] * MANY
        return self._with_log(tokens, names, many)

    def _with_log(self, tokens: Slots, names: list[str], many: Iterable[str]) -> Slots:
        """`names`: in the order in which they have completed."""
        ranked = [self.slot(name, f"{LOGGED}{rank}") for rank, name in enumerate(names, 1)]
        kept = [slot for slot in tokens if not self._is_logged(slot)]
        return tuple(sorted([*kept, *ranked, *(self.slot(name, LOGGED) for name in many)]))

    def _rank(self, slot: int) -> int:
        """Place in the log; 0: anywhere."""
        return int(self.slots[slot][1].removeprefix(LOGGED) or 0)

    def _begun_to_undo(self, tokens: Slots, slot: int) -> Iterator[Slots]:
        """Without an entry of the log that is undone now."""
        log = sorted((self._rank(one), self.slots[one][0].id) for one in tokens if self._is_logged(one) and one != slot)
        names = [name for rank, name in log if rank]
        many = [name for rank, name in log if not rank]
        yield self._with_log(tokens, names, many)
        if not self._rank(slot):  # of many there may be more
            yield tokens

    def _thrown_back(self, state: State, slot: int, place: Place) -> Iterator[tuple[Move, State]]:
        """Compensation is thrown: what has completed is undone, while the thrower waits or goes on."""
        waits = all(event.wait for event in place.node.events if event.kind == "compensate")
        for tokens in _fewer(state.tokens, slot):
            taken = State(tokens, state.outcomes, state.live, state.data)
            if waits:
                yield Move(place.id, UNDOES), self.active(taken, place.id, UNDOING)
                continue
            for ways, after in self._branches(taken, place, place.node.type):
                move, left = self._moved(after, place, ways)
                yield move, self.active(left, place.id, BESIDE)

    def _undo(self, state: State, slot: int, place: Place, stage: str) -> Iterator[tuple[Move, State]]:
        """The handler begins of what has completed last; or nothing is left to be undone."""
        standing = [self.slots[other] for other in state.tokens]
        alone = sum(one in (UNDOING, BESIDE) for _, one in standing) == 1
        if alone and any(one.id in self._undoing_at and not mark.startswith(LOGGED) for one, mark in standing):
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
        for tokens in _fewer(state.tokens, slot):
            taken = State(tokens, state.outcomes, state.live, state.data)
            if stage == BESIDE:
                yield Move(place.id, UNDOES), taken
            elif place.parent is not None and any(event.kind == "cancel" for event in place.node.events):
                yield from self._cancelled(taken, place, place.parent)
            else:
                for ways, after in self._branches(taken, place, place.node.type):
                    yield self._moved(after, place, ways)

    def _reaches(self, state: State, thrower: Place, handler: Place) -> bool:
        """Whether a throw undoes what a handler is for: something that has completed in the scope around the throw."""
        host, owner = self._undone_in[handler.id], thrower.parent
        if owner is not None and owner.node.triggered_by_event:
            owner = owner.parent
        meant = {
            thrower.prefix + event.ref for event in thrower.node.events if event.kind == "compensate" and event.ref
        }
        around = [host, *_above(host)]
        if thrower.prefix != host.prefix or (owner is not None and owner not in around):
            return False
        if meant and meant.isdisjoint(one.id for one in around):
            return False
        between = around[1:] if owner is None else around[1 : around.index(owner)]
        return all(not self._is_alive(state, one) or self._are_several(state, one) for one in between)

    def _cancelled(self, state: State, place: Place, transaction: Place) -> Iterator[tuple[Move, State]]:
        """A transaction is left by its cancel boundary event."""
        for gone in self._torn_down(state, transaction):
            for boundary in transaction.boundaries:
                event = self.system.places[boundary]
                if any(caught.kind == "cancel" for caught in event.node.events):
                    gone = self._happened(gone, event)[1]
            yield Move(place.id), gone

    def _emptied(self, state: State, container: Place | None) -> list[State]:
        """Everything in a place ends; where several of it may be active at once, or only in another one of them."""
        if container is None:
            logged = tuple(slot for slot in state.tokens if self._is_logged(slot))
            return [State(logged, state.outcomes, state.live, state.data)]
        emptied = self._without(state, self.inner[container.id]) if container.holds_inside else state
        return [emptied, state] if emptied != state and self._are_several(state, container) else [emptied]

    def _torn_down(self, state: State, container: Place) -> list[State]:
        """A place ends with everything in it; where several of it may be active, one of them."""
        found = [self._without(state, self.inner[container.id] | {container.id})]
        if self._are_several(state, container):
            for slot in dict.fromkeys(state.tokens):
                place, stage = self.slots[slot]
                if place is container and stage.startswith("!"):
                    found += [
                        State(tokens, state.outcomes, state.live, state.data) for tokens in _fewer(state.tokens, slot)
                    ]
        return [self._over(one, container, by_force=True) for one in found]

    def _are_several(self, state: State, container: Place, *, inside: bool = True) -> bool:
        """Whether a place may be active more than once; `inside`: or what is in it."""
        around = [container, *_above(container)]
        if any(place.runs_beside_itself for place in (around if inside else around[1:])):
            return True
        active = [self.slots[slot][0] for slot in state.tokens if self.slots[slot][1].startswith("!")]
        return any(active.count(place) > 1 for place in around)

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
                        move, after = self._happened(gone, event)
                        yield Move(place.id, word, move.ways), after
                    return
            above, left = above.parent, above
        yield Move(place.id, word), State((), 0, state.live, state.data)

    def _handlers_beside(self, above: Place | None, left: Place | None) -> list[Place]:
        """The event sub-processes in `above` that can still begin when an error has left `left`, which may be one."""
        went_out = left.starts if left is not None and left.node.triggered_by_event else ()
        if any(self.system.places[start].node.interrupting for start in went_out):
            return []
        return [handler for handler in self.system.handlers if handler.parent is above and handler is not left]

    def _happened(self, state: State, event: Place) -> tuple[Move, State]:
        """A boundary event writes what it brought, and goes on."""
        return self._moved(self._written(state, event), event, tuple(event.outgoing))

    def _moved(self, state: State, place: Place, ways: tuple[Way, ...], word: str = "") -> tuple[Move, State]:
        tokens = state.tokens
        for flow, name in ways:
            for slot, _ in self.landing(name, flow.id):
                tokens = _more(tokens, slot)
        if self.handlers:
            tokens = self._logged(tokens, place)
        return Move(place.id, word, ways), State(tokens, state.outcomes, state.live, state.data)

    def _without(self, state: State, places: frozenset[str]) -> State:
        tokens = tuple(slot for slot in state.tokens if self._is_logged(slot) or self.slots[slot][0].id not in places)
        return State(tokens, state.outcomes, state.live, state.data)


# ---------------------------------------------------------------- nodes


class _Choice:
    """Which flows leave a place, by what is known. `sure`: that says which, and nothing gets stuck."""

    def __init__(self, data: Tracking, place: Place, outcomes: Mapping[str, str]) -> None:
        self._data, self._place, self._outcomes = data, place, outcomes
        self.sure = True

    def of(self, kind: str, known: Masks) -> Iterator[tuple[tuple[Way, ...], Masks]]:
        """(the flows that are taken, what is known then)"""
        outgoing = self._place.outgoing
        if kind == "eventBasedGateway" and not self._place.node.together:
            yield from (((way,), known) for way in outgoing)
        elif kind in ("parallelGateway", "eventBasedGateway"):
            yield tuple(outgoing), known
        elif kind == "exclusiveGateway":
            yield from self._first(known)
        else:
            yield from self._every(known)

    def _judged(self, flow: Flow, known: Masks) -> Iterator[tuple[bool | None, Masks]]:
        if flow.condition is None:
            yield True, known
            return
        for value, of in self._data.judge(self._place, flow, self._outcomes, known):
            self.sure = self.sure and value is not None
            yield value, of

    def _first(self, known: Masks) -> Iterator[tuple[tuple[Way, ...], Masks]]:
        """Of an exclusive gateway: the first flow that is true, else the default one."""
        fallback, left = None, [known]
        for way in self._place.outgoing:
            if way[0].is_default:
                fallback = way
                continue
            judged = [one for masks in left for one in self._judged(way[0], masks)]
            yield from (((way,), of) for of in merged(of for value, of in judged if value is not False))
            left = merged(of for value, of in judged if value is not True)
            if not left:
                return
        if fallback is not None or not self._place.outgoing:
            yield from (((fallback,) if fallback is not None else (), of) for of in left)

    def _every(self, known: Masks) -> Iterator[tuple[tuple[Way, ...], Masks]]:
        """Every flow that is true, else the default one."""
        fallback: Way | None = None
        left: list[tuple[tuple[Way, ...], tuple[Way, ...], bool, Masks]] = [((), (), False, known)]
        for way in self._place.outgoing:
            flow = way[0]
            if flow.is_default:
                fallback = way
                continue
            following = []
            for always, perhaps, sure, masks in left:
                for value, of in self._judged(flow, masks):
                    if value is True:
                        following.append(((*always, way), perhaps, sure or flow.condition is not None, of))
                    elif value is None:
                        following.append((always, (*perhaps, way), sure, of))
                    else:
                        following.append((always, perhaps, sure, of))
            left = following
        for always, perhaps, sure, of in left:
            for bits in range(2 ** len(perhaps)):
                chosen = always + tuple(way for index, way in enumerate(perhaps) if bits >> index & 1)
                if len(chosen) > len(always) or sure or fallback is None:
                    yield chosen, of
                else:
                    yield (*chosen, fallback), of


def _may_begin_idle(place: Place) -> bool:
    """Whether it can be active before anything in it has begun: a task, an ad-hoc sub-process, a loop of no round."""
    loop = place.node.loop
    if place.node.ad_hoc is not None or not place.starts:
        return True
    return place.repeats and loop is not None and (loop.kind != "standard" or loop.test_before)


def _results(place: Place) -> list[tuple[str, bool]]:
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
    return len(set(listed)) if approval.mode in ("all", "sequential") else 1


def _of_several(place: Place) -> bool:
    """Whether several people fill in a task, each of whom writes when he is done."""
    approval = place.node.extensions.approval
    return place.repeats or (approval is not None and approval.mode in _OF_SEVERAL)


_OF_SEVERAL = ("all", "sequential", "ratio", "weight")


def _waits_for_others(place: Place) -> bool:
    approval = place.node.extensions.approval
    said = () if approval is None else approval.parameters
    return any((one.name, one.value) == ("branchReject", "waitOthers") for one in said)


def _happens_again(event: Place) -> bool:
    """Whether a non-interrupting event stays armed: all but a lone timer without a cycle."""
    timers = [caught.timer for caught in event.node.events]
    return len(timers) != 1 or timers[0] is None or timers[0].kind == "cycle"


def _catches(place: Place, code: str | None) -> bool:
    return any(event.kind == "error" and event.code in (None, code) for event in place.node.events)


def _throws(place: Place) -> bool:
    """Whether somebody or something outside may throw an error or escalation there, or the drawing an escalation; the
    errors of the drawing, and what is inside a call, are followed by themselves."""
    node = place.node
    waits = node.type in TASKS and node.extensions.script is None and node.extensions.decision is None
    return waits or (
        node.type.endswith(("ThrowEvent", "endEvent")) and any(e.kind == "escalation" for e in node.events)
    )


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


def _above(place: Place) -> Iterator[Place]:
    above = place.parent
    while above is not None:
        yield above
        above = above.parent


def _beside(system: System, place: Place) -> set[str]:
    """Where tokens can be because of one in a place, but for its flows: its events, its inside, behind its scope."""
    found = {*place.boundaries, *place.starts}
    found |= {handler.id for handler in system.handlers if handler.parent is place}
    return found if place.parent is None else found | {place.parent.id}


def _behind(
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


def _within(system: System, more: Mapping[str, set[str]] | None = None) -> dict[str, frozenset[str]]:
    """From each place: where its token can still get in its scope, boundary events and insides included, and where what
    it does leads (`more`)."""
    following: dict[str, set[str]] = {}
    for place in system.places.values():
        nexts = {target for _, target in place.outgoing} | _beside(system, place) | (more or {}).get(place.id, set())
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


# ---------------------------------------------------------------- tokens


def _more(tokens: Slots, slot: int) -> Slots:
    """One token more, up to MANY."""
    if tokens.count(slot) >= MANY:
        return tokens
    listed = list(tokens)
    insort(listed, slot)
    return tuple(listed)


def _fewer(tokens: Slots, slot: int) -> Iterator[Slots]:
    """One token less; from "many" that may leave many or one."""
    at = tokens.index(slot)
    if at + 1 < len(tokens) and tokens[at + 1] == slot:
        yield tokens[:at] + tokens[at + 1 :]
        yield tokens
        return
    yield tokens[:at] + tokens[at + 1 :]


def _is_marked(stage: str, ending: str = "") -> bool:
    """Whether a token is about a document that has been replaced. `ending`: by which mark it is known."""
    return any(word.startswith((STALE, READ)) and word.endswith(ending) for word in stage.split())


def _counted(stage: str) -> int | None:
    """The approvals that lived when the document of a payment was replaced that had begun; None: it was not."""
    found = (int(word.strip(READ + APART)) for word in stage.split() if word.startswith(READ))
    return next(found, None)


def _covers(one: State, other: State) -> bool:
    """Whether all that can go wrong in `other` can in `one`: it knows less, and no approval more is live."""
    return not one.live & ~other.live and all(not b & ~a for a, b in zip(one.data, other.data, strict=True))


def _way(before: Mapping[State, tuple[State, Move | None]], state: State, last: Move) -> tuple[State, list[Move]]:
    path = [last]
    while True:
        earlier, move = before[state]
        if move is None:
            return state, path[::-1]
        path.append(move)
        state = earlier


__all__ = ["BUDGET", "DEPLOYING", "DRAWING", "MANY", "Effort", "Found", "Move", "Need", "Space", "State", "Way"]

Starts = Callable[[Space], list[State]]
"""The states from which an instance that runs can go on."""
