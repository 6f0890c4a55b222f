"""Explicit-state search: can a guarded operation be reached without a live human yes whose outcome was checked?

State = tokens x outcomes of approvals x live approvals. Breadth first, so that a counter-example is a shortest one.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from engine.bpmn.model import Definition, Flow, Node, Process
from engine.errors import N_
from engine.findings import Finding, Level
from engine.policy.abstraction import Callees, Place, System, build, read_by, reads_outcome, truth, written
from engine.policy.statement import MUST_BE_POLICED, Policy

Way = tuple[Flow, str]
"""A flow and the place it leads to."""

BUDGET = 50_000
MANY = 2
"""A place with this many tokens stands for any larger number."""
HELD = "held"
"""stage of an approval that was rejected and waits for the other branches"""
REJECTED = "troika.rejected"
"""the error that a called process throws whose rejection ends it"""


class Guarded(Protocol):
    """What the checker needs to know about an operation."""

    @property
    def guarded_by(self) -> str | None:
        """Class of operations that policies speak about."""

    @property
    def outputs(self) -> Mapping[str, str]:
        """What it writes without an output mapping: name -> type."""


class State(NamedTuple):
    """`tokens`: (place, stage, count); stage "!" active, followed by the ids of timers beside it that have run out,
    HELD, else the flow it came by where a join has to know it, and "" everywhere else.

    `outcomes`: (approval, agree | reject). `live`: (approval, place of the operation that has used it up or "").
    """

    tokens: tuple[tuple[str, str, int], ...]
    outcomes: tuple[tuple[str, str], ...]
    live: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Need:
    operation_class: str
    capabilities: tuple[str, ...]
    policy: str
    """every one of them; empty: any capability will do"""


def prove(
    definition: Definition,
    catalog: Mapping[str, Any],
    *,
    policies: Iterable[Policy] = (),
    callees: Callees = lambda caller, node: None,
    process_id: str | None = None,
    begin: "Callable[[System], list[State]] | None" = None,
) -> list[Finding]:
    """Findings for every guarded operation of `definition` that can be reached without its approvals.

    `process_id`: only of this process. `begin`: from these states instead of its starts, for an instance that runs.

    `catalog`: operations by name. `policies`: those in force. `callees`: the process that a call activity would run;
    where it says none, the one of the same file. Requirements with a `when` are left to the gate.
    """
    listed = list(policies)
    own = {process.id: process for process in definition.processes}

    def follow(caller: Process, node: Node) -> Process | None:
        return callees(caller, node) or (own.get(node.call.process_id) if node.call is not None else None)

    return [
        finding
        for process in definition.executable
        if process_id in (None, process.id)
        for finding in _prove(process, catalog, listed, follow, definition.resource, begin)
    ]


def _prove(
    process: Process, catalog: Mapping[str, Any], policies: list[Policy], callees: Callees,
    resource: str, begin: "Callable[[System], list[State]] | None",
) -> list[Finding]:  # fmt: skip
    system = build(process, callees)
    needs = {
        place.id: need for place in system.places.values() if (need := _need(place, catalog, policies)) is not None
    }
    if not needs:
        return []
    system.unread.extend(
        (place.node.id, "compensation") for place in _handlers(system) if _matters(system, place, needs)
    )
    search = _Search(system, needs, catalog)
    violations = search.run(begin(system) if begin is not None else None)
    level = {
        place: Level.ERROR if need.operation_class in MUST_BE_POLICED else Level.WARN for place, need in needs.items()
    }
    findings = [
        Finding(
            "policy-approval-missing",
            level[place],
            system.places[place].node.id,
            N_("{policy}: '{name}' can be reached without {capability}: {path}."),
            {
                "policy": needs[place].policy,
                "name": system.places[place].node.name or system.places[place].node.id,
                "capability": missing,
                "path": " → ".join(path),
            },
            N_("Draw an approval that provides it on every way there, and let a gateway ask for its outcome."),
            line=system.places[place].node.line,
            path=tuple(path),
            resource=resource,
        )
        for place, (missing, path) in violations.items()
    ]
    worst = Level.ERROR if Level.ERROR in level.values() else Level.WARN
    for element, what in system.unread:
        findings.append(
            Finding(
                "policy-unproved", worst, element,
                N_("Approve before pay cannot be proved: '{element}' ({what}) is not understood by the check."),
                {"element": element, "what": what},
                N_("Draw it with elements that are supported, or take it out of processes that pay."),
                resource=resource,
            )
        )  # fmt: skip
    if search.spent:
        findings.append(
            Finding(
                "policy-unproved", worst, None,
                N_("Approve before pay cannot be proved: the drawing has too many independent branches."),
                hint=N_("Join branches earlier, or move some into a called process."), resource=resource,
            )
        )  # fmt: skip
    return findings


def _handlers(system: System) -> Iterator[Place]:
    return (place for place in system.places.values() if place.node.for_compensation)


def _matters(system: System, handler: Place, needs: Mapping[str, _Need]) -> bool:
    """Whether a handler of compensation does something that policies speak about."""
    return any(
        place.id in needs or place.node.extensions.approval is not None for place in (handler, *system.inside(handler))
    )


def _need(place: Place, catalog: Mapping[str, Any], policies: list[Policy]) -> _Need | None:
    task = place.node.extensions.task
    operation: Guarded | None = None if task is None else catalog.get(task.type)
    if operation is None or operation.guarded_by is None:
        return None
    applying = [policy for policy in policies if policy.on == operation.guarded_by]
    wanted = {need.approval for policy in applying for need in policy.approvals if need.when is None}
    if not wanted and operation.guarded_by not in MUST_BE_POLICED:
        return None
    name = ", ".join(policy.id for policy in applying) or operation.guarded_by
    return _Need(operation.guarded_by, tuple(sorted(wanted)), name)


class _Search:
    """One breadth-first search from all ways to begin; `spent` when the budget ran out."""

    def __init__(self, system: System, needs: Mapping[str, _Need], catalog: Mapping[str, Any]) -> None:
        self.undone_by = _undone_by(system, catalog)
        self.system = system
        self.needs = needs
        self.spent = False
        self.asked = {
            place.prefix + name
            for place in system.places.values()
            for flow, _ in place.outgoing
            for name in reads_outcome(flow.condition)
        }
        self.reach = _reachable(system)
        self.inner = {
            place.id: frozenset(inside.id for inside in system.inside(place))
            for place in system.places.values()
            if place.holds_inside
        }

    def run(self, origins: "list[State] | None" = None) -> dict[str, tuple[str, list[str]]]:
        """Place of a guarded operation -> (missing capability, shortest path of element ids)."""
        found: dict[str, tuple[str, list[str]]] = {}
        before: dict[State, tuple[State | None, str]] = {}
        queue: deque[State] = deque()
        if origins is None:
            origins = []
            for starts in self.system.starts:
                begun = State((), (), frozenset())
                for start in starts:
                    begun = added(begun, start, "")
                origins.append(begun)
        for state in origins:
            if state not in before:
                before[state] = (None, "")
                queue.append(state)
        while queue:
            if len(before) > BUDGET:
                self.spent = True
                break
            state = queue.popleft()
            for via, following in self._steps(state):
                if via in self.needs and via not in found:
                    missing = self._missing(via, state)
                    if missing is not None:
                        found[via] = (missing, _path(before, state, via))
                if following not in before:
                    before[following] = (state, via)
                    queue.append(following)
        return found

    def _missing(self, place: str, state: State) -> str | None:
        need = self.needs[place]
        live = {
            self.system.places[approval].node.extensions.policy.provides  # type: ignore[union-attr]
            for approval, used in state.live
            if used != place
        }
        if not need.capabilities:
            return None if live else N_("an approval")
        return next((capability for capability in need.capabilities if capability not in live), None)

    # ------------------------------------------------------------ transitions

    def _steps(self, state: State) -> Iterator[tuple[str, State]]:
        for name, stage, _ in state.tokens:
            place = self.system.places[name]
            kind = place.node.type
            if stage.startswith("!"):
                yield from self._leave_activity(state, place, stage)
            elif stage == HELD:
                yield from self._held(state, place)
            elif stage == "":
                yield from self._arrive(state, place, kind)
            elif stage == place.incoming[0]:  # of the tokens at a join, one looks after all
                yield from self._join(state, place)
        for handler in self.system.handlers:
            if self._is_alive(state, handler.parent):
                yield from self._handle(state, handler)

    def _is_alive(self, state: State, container: Place | None) -> bool:
        if container is None:
            return bool(state.tokens)
        return any(name == container.id and stage.startswith("!") for name, stage, _ in state.tokens)

    def _handle(self, state: State, handler: Place) -> Iterator[tuple[str, State]]:
        """An event sub-process begins: in place of everything around it, or beside it."""
        if any(self.system.places[start].node.interrupting for start in handler.starts):
            everything = self.inner[handler.parent.id] if handler.parent else frozenset(self.system.places)
            state = _without(state, everything)
        elif (handler.id, "!", MANY) in state.tokens:
            return
        for start in handler.starts:
            yield handler.id, added(added(state, handler.id, "!"), start, "")

    def _join(self, state: State, place: Place) -> Iterator[tuple[str, State]]:
        arrived = {stage for name, stage, _ in state.tokens if name == place.id}
        if arrived >= set(place.incoming):
            joined = [state]
            for flow in place.incoming:
                joined = [taken for one in joined for taken in _fewer(one, place.id, flow)]
            for taken in joined:
                yield place.id, self._flow_on(taken, place.outgoing)

    def _arrive(self, state: State, place: Place, kind: str) -> Iterator[tuple[str, State]]:
        match kind:
            case "endEvent":
                yield from self._end(state, place)
            case "inclusiveGateway" if len(place.incoming) > 1 and self._others_can_come(state, place):
                return
            case "exclusiveGateway" | "inclusiveGateway" | "parallelGateway" | "eventBasedGateway" | "complexGateway":
                for taken in _fewer(state, place.id, "", all_of_them=kind == "inclusiveGateway"):
                    if kind == "complexGateway":
                        yield place.id, taken  # absorbed
                    for targets in self._branches(state, place, kind):
                        yield place.id, self._flow_on(taken, targets)
            case _ if place.holds_inside or place.boundaries or place.repeats:
                for taken in _fewer(state, place.id, ""):
                    entered = added(taken, place.id, "!")
                    if place.repeats or place.node.ad_hoc is not None or not place.starts:
                        yield place.id, entered
                    for inside in self._begun(entered, place):
                        yield place.id, inside
            case _:
                for taken in _fewer(state, place.id, ""):
                    yield from self._finish(taken, place)

    def _leave_activity(self, state: State, place: Place, stage: str) -> Iterator[tuple[str, State]]:
        inside = self.inner.get(place.id, frozenset())
        busy = any(name in inside for name, _, _ in state.tokens)
        if place.node.ad_hoc is not None:
            for start in place.starts:
                yield place.id, added(state, start, "")
        if not busy and place.repeats:
            yield from ((place.id, again) for again in self._begun(state, place))
            if not place.holds_inside:
                yield place.id, self._done(state, place)
        if not busy or place.may_stop_early:
            for taken in _fewer(_without(state, inside), place.id, stage):
                if place.repeats:  # what it does is done turn by turn
                    after = self._written(taken, place)
                    yield from (("", self._flow_on(after, ways)) for ways in self._branches(after, place, ""))
                else:
                    yield from self._finish(taken, place)
        for boundary in place.boundaries:
            event = self.system.places[boundary]
            if {"cancel", "compensate"} & {caught.kind for caught in event.node.events}:
                continue  # the end events of a transaction lead to the one, nothing comes out of the other
            if event.node.interrupting:
                for taken in _fewer(state, place.id, stage):
                    yield boundary, self._happened(_without(taken, inside), event)
            elif _happens_again(event):
                yield boundary, self._happened(state, event)
            elif boundary not in (spent := stage.split()[1:]):
                ran_out = " ".join(["!", *sorted([*spent, boundary])])
                for taken in _fewer(state, place.id, stage):
                    yield boundary, self._happened(added(taken, place.id, ran_out), event)

    def _begun(self, state: State, place: Place) -> Iterator[State]:
        """The inside of a sub-process or call begins: at one of its start events, or at all that no flow leads to."""
        if place.node.ad_hoc is not None or not place.starts:
            return
        events = [[start] for start in place.starts if self.system.places[start].node.type == "startEvent"]
        for starts in events or [place.starts]:
            begun = state
            for start in starts * (MANY if place.runs_beside_itself else 1):
                begun = added(begun, start, "")
            yield begun

    def _done(self, state: State, place: Place) -> State:
        """What an activity does is done: a guarded operation has used up the approvals."""
        state = self._written(state, place)
        if place.id not in self.needs:
            return state
        return state._replace(live=frozenset((approval, used or place.id) for approval, used in state.live))

    def _written(self, state: State, place: Place) -> State:
        """Approvals end with a write that changes which document they are about."""
        undone = self.undone_by[place.id]
        if not undone:
            return state
        return state._replace(live=frozenset(entry for entry in state.live if entry[0] not in undone))

    def _finish(self, state: State, place: Place) -> Iterator[tuple[str, State]]:
        """A node is done and its token leaves; an approval with each of its results."""
        state = self._done(state, place)
        approval = place.node.extensions.approval
        if place.node.type != "userTask" or (approval is None and place.node.extensions.policy is None):
            for targets in self._branches(state, place, place.node.type):
                yield place.id, self._flow_on(state, targets)
            return
        for word, human in _results(place):
            following = self._decided(state, place, word, human)
            if word == "reject" and self._on_reject(place) != "flow":
                yield from self._rejected(following, place)
                if approval is not None and _waits_for_others(place):
                    yield place.id, added(following, place.id, HELD)
                continue
            for targets in self._branches(following, place, place.node.type):
                yield place.id, self._flow_on(following, targets)

    def _on_reject(self, place: Place) -> str:
        approval = place.node.extensions.approval
        return (approval.on_reject if approval else None) or ("flow" if place.id in self.asked else "end")

    def _held(self, state: State, place: Place) -> Iterator[tuple[str, State]]:
        """A rejection that waits acts at any time, or is overtaken by an event at its boundary."""
        for taken in _fewer(state, place.id, HELD):
            yield from self._rejected(taken, place)
        for boundary in place.boundaries:
            event = self.system.places[boundary]
            left = _fewer(state, place.id, HELD) if event.node.interrupting else iter([state])
            yield from ((boundary, self._happened(taken, event)) for taken in left)

    def _rejected(self, state: State, place: Place) -> Iterator[tuple[str, State]]:
        """What a rejection does whose token does not leave on a flow."""
        on_reject = self._on_reject(place)
        if on_reject == "end":
            yield from self._ended(state, place)
            return
        targets_back = self._back(place, on_reject)
        for target in targets_back:
            yield place.id, added(state, target, "")
        if not targets_back or on_reject == "initiator":  # it may end there as well, with a draft
            yield place.id, State((), state.outcomes, state.live)

    def _ended(self, state: State, place: Place) -> Iterator[tuple[str, State]]:
        """Everything is over, but for what catches the error of a called process."""
        call = place.parent
        while call is not None and call.node.type != "callActivity":
            call = call.parent
        if call is None:
            yield place.id, State((), state.outcomes, state.live)
        else:
            yield from self._propagate(state, place, REJECTED, call)

    def _back(self, place: Place, on_reject: str) -> list[str]:
        """Where a rejection sends the request back to."""
        if on_reject == "initiator":
            return [
                found.id for found in self.system.places.values()
                if found.prefix == place.prefix and found.node.extensions.request
            ]  # fmt: skip
        target = place.prefix + on_reject.removeprefix("return:")
        return [target] if target in self.system.places else []

    def _decided(self, state: State, place: Place, word: str, human: bool) -> State:
        outcomes = dict(state.outcomes)
        if place.id in self.asked:
            outcomes[place.id] = word
        live = frozenset(entry for entry in state.live if entry[0] != place.id)
        if word == "reject" and place.node.extensions.policy is not None:
            provides = place.node.extensions.policy.provides
            live = frozenset(
                entry
                for entry in live
                if self.system.places[entry[0]].node.extensions.policy.provides != provides  # type: ignore[union-attr]
            )
        elif human and place.node.extensions.policy is not None:
            live |= {(place.id, "")}
        return State(state.tokens, tuple(sorted(outcomes.items())), live)

    def _branches(self, state: State, place: Place, kind: str) -> Iterator[list[Way]]:
        """The sets of flows that may be taken when a token leaves."""
        if kind == "eventBasedGateway" and not place.node.together:
            yield from ([way] for way in place.outgoing)
            return
        if kind in ("parallelGateway", "eventBasedGateway"):
            yield place.outgoing
            return
        known = {
            name.removeprefix(place.prefix): word for name, word in state.outcomes if name.startswith(place.prefix)
        }
        always, perhaps, fallback, sure = [], [], None, False
        for way in place.outgoing:
            flow, _ = way
            if flow.is_default:
                fallback = way
                continue
            value = True if flow.condition is None else truth(flow.condition, known)
            if kind == "exclusiveGateway":
                if value is False:
                    continue
                yield [way]
                if value is True:
                    return
            elif value is True:
                always.append(way)
                sure = sure or flow.condition is not None
            elif value is None:
                perhaps.append(way)
        if kind == "exclusiveGateway":
            if fallback is not None:
                yield [fallback]
            return
        for bits in range(2 ** len(perhaps)):
            chosen = always + [way for index, way in enumerate(perhaps) if bits >> index & 1]
            if len(chosen) > len(always) or sure or fallback is None:
                yield chosen
            else:
                yield [*chosen, fallback]

    def _end(self, state: State, place: Place) -> Iterator[tuple[str, State]]:
        kinds = {event.kind for event in place.node.events}
        for taken in _fewer(state, place.id, ""):
            if "terminate" in kinds:
                inside = self.inner[place.parent.id] if place.parent else frozenset(self.system.places)
                yield place.id, _without(taken, inside)
            elif "error" in kinds:
                yield from self._throw(taken, place)
            elif "cancel" in kinds and place.parent is not None:
                yield place.id, self._cancelled(taken, place.parent)
            else:
                yield place.id, taken

    def _cancelled(self, state: State, transaction: Place) -> State:
        """A transaction is left by its cancel boundary event."""
        gone = _without(state, self.inner[transaction.id] | {transaction.id})
        for boundary in transaction.boundaries:
            event = self.system.places[boundary]
            if any(caught.kind == "cancel" for caught in event.node.events):
                gone = self._happened(gone, event)
        return gone

    def _throw(self, state: State, place: Place) -> Iterator[tuple[str, State]]:
        """An error is caught by the nearest scope with a handler; uncaught, everything stops."""
        code = next((event.code for event in place.node.events if event.kind == "error"), None)
        yield from self._propagate(state, place, code, None)

    def _propagate(
        self, state: State, place: Place, code: str | None, thrower: Place | None
    ) -> Iterator[tuple[str, State]]:
        """The error leaves `place`, or the activity `thrower` around it, whose inside catches nothing."""
        above, left = thrower or place.parent, None
        while True:
            inside = above is not None and above is thrower
            for handler in [] if inside else self._handlers_beside(above, left):
                if any(_catches(self.system.places[start], code) for start in handler.starts):
                    yield from ((place.id, caught) for _, caught in self._handle(state, handler))
                    return
            if above is None:
                break
            for boundary in above.boundaries:
                event = self.system.places[boundary]
                if _catches(event, code):
                    gone = _without(state, self.inner[above.id] | {above.id})
                    yield place.id, self._happened(gone, event)
                    return
            above, left = above.parent, above
        yield place.id, State((), state.outcomes, state.live)

    def _handlers_beside(self, above: Place | None, left: Place | None) -> list[Place]:
        """The event sub-processes in `above` that can still begin when an error has left `left`, which may be one."""
        went_out = left.starts if left is not None and left.node.triggered_by_event else ()
        if any(self.system.places[start].node.interrupting for start in went_out):
            return []
        return [handler for handler in self.system.handlers if handler.parent is above and handler is not left]

    def _others_can_come(self, state: State, place: Place) -> bool:
        return any(name != place.id and place.id in self.reach[name] for name, _, _ in state.tokens)

    def _happened(self, state: State, event: Place) -> State:
        """A boundary event writes what it brought, and goes on."""
        return self._flow_on(self._written(state, event), event.outgoing)

    def _flow_on(self, state: State, ways: list[Way]) -> State:
        for flow, name in ways:
            target = self.system.places[name]
            joins = target.node.type == "parallelGateway" and len(target.incoming) > 1
            state = added(state, name, flow.id if joins else "")
        return state


def _undone_by(system: System, catalog: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Place -> the approvals about a document that is another one when the place is done."""
    subjects = {
        place.id: (place.prefix, read_by(place.node.extensions.policy.subject))
        for place in system.places.values()
        if place.node.extensions.policy is not None
    }
    found = {}
    for place in system.places.values():
        names = written(place.node, catalog)
        found[place.id] = frozenset(
            approval for approval, (prefix, read) in subjects.items() if prefix == place.prefix and names & read
        )
    return found


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


def _reachable(system: System) -> dict[str, frozenset[str]]:
    """From each place: where its token can still get, boundary events, insides and ends of scopes included."""
    following: dict[str, set[str]] = {}
    for place in system.places.values():
        nexts = {target for _, target in place.outgoing} | set(place.boundaries) | set(place.starts)
        if place.parent is not None:
            nexts.add(place.parent.id)
        following[place.id] = nexts
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


def added(state: State, place: str, stage: str) -> State:
    """One token more."""
    tokens = {(name, at): count for name, at, count in state.tokens}
    tokens[place, stage] = min(tokens.get((place, stage), 0) + 1, MANY)
    return _marked(state, tokens)


def _fewer(state: State, place: str, stage: str, *, all_of_them: bool = False) -> Iterator[State]:
    """One token less; from "many" that may leave many or one."""
    tokens = {(name, at): count for name, at, count in state.tokens}
    count = tokens.pop((place, stage))
    if not all_of_them and count > 1:
        yield _marked(state, {**tokens, (place, stage): count - 1})
        yield _marked(state, {**tokens, (place, stage): count})
        return
    yield _marked(state, tokens)


def _without(state: State, places: frozenset[str]) -> State:
    return state._replace(tokens=tuple(token for token in state.tokens if token[0] not in places))


def _marked(state: State, tokens: Mapping[tuple[str, str], int]) -> State:
    return state._replace(tokens=tuple(sorted((name, stage, count) for (name, stage), count in tokens.items())))


def _path(before: Mapping[State, tuple[State | None, str]], state: State, last: str) -> list[str]:
    path = [last]
    current: State | None = state
    while current is not None:
        current, via = before[current]
        if via:
            path.append(via)
    return [step.rpartition("/")[2] for step in reversed(path)]
