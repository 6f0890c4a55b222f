"""Preview 流程预测: the run's own code on a copy. Approvals are assumed agreed, reading operations are really called,
the others answer nothing: what depends on them is possible, not certain. Nothing is written.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter, thread_time
from typing import Any
from uuid import UUID

from engine import bpmn, calls, dmn, forms, identity, operations, reasons, repository
from engine.approvals import automatic, candidates, choices, copies, rounds
from engine.approvals.automatic import Automatic
from engine.approvals.candidates import Asking, Candidate
from engine.approvals.choices import Selection
from engine.approvals.ledger import Outcome
from engine.bpmn.program import CALL, DECISION, JOB, SCRIPT, MappingLine, Node, Program
from engine.bpmn.state import State
from engine.bpmn.steps import (
    Assignment,
    DecisionEvaluated,
    Fact,
    FlowTaken,
    IncidentRaised,
    InstanceEnded,
    JobOpened,
    NodeEntered,
    ScopeOpened,
    Step,
    SubscriptionOpened,
    TimerArmed,
    Work,
    WorkOpened,
)
from engine.db import rows
from engine.db.instance import Instance
from engine.db.task import RoundStatus, Source
from engine.errors import N_, BusinessError, CannotChoose, EngineError, NobodyCanBeAsked
from engine.identity import User
from engine.ids import uuid7
from engine.operations import Operation, UnknownOperation
from engine.runtime import rejecting, reopening, returning
from engine.runtime.codec import Beside, Held
from engine.runtime.environment import beside, env, load
from engine.runtime.reopening import rounds_of
from engine.unit_of_work import UnitOfWork
from engine.values import Values

MOST_STEPS = 500
MOST_SECONDS = 0.3
"""of computing; a machine that is busy with something else gets `PATIENCE` times as long"""
PATIENCE = 10
NO_NUMBER = "…"
"""stands for the number that a request will have: drawing it would use it up"""
CERTAIN, POSSIBLE, UNKNOWN = "certain", "possible", "unknown"
BY_DRAWING = ("initiator", "initiatorManager", "initiatorDeptLeader", "managerChain", "user", "users", "groups", "role",
              "userGroup", "position", "deptLeader", "deptMember")  # fmt: skip
"""strategies that look at the requester and the organisation only"""
EVERYBODY = ("all", "sequential")
"""modes in which everybody who is asked has to agree"""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A person, or a group whose members may claim, with the reason."""

    id: UUID
    name: str
    reason: str
    group: bool = False


@dataclass(frozen=True, slots=True)
class PreviewStep:
    """A task on the way. `status`: certain; possible where something is not known yet; unknown behind a place where
    the prediction cannot go on.

    `selection`: somebody chooses its people, and has to do so first if it `needs_selection`. `skipped_because`: a rule
    answers without them. `people_known` False: they depend on what is not known yet. `copies`: who reads along.
    """

    element: str
    name: str
    labels: dict[str, str]
    mode: str
    people: tuple[Foreseen, ...]
    status: str
    needs_selection: bool = False
    skipped_because: str | None = None
    due: datetime | None = None
    people_known: bool = True
    selection: Selection | None = None
    copies: tuple[Foreseen, ...] = ()
    refused: EngineError | None = None
    """why nobody can be asked there"""
    depends: tuple[str, ...] = ()
    """fields that are not filled in yet, on which it depends whether this is reached, or who is asked"""
    blocks_start: bool = False
    """nobody is left to ask, and the drawing says that such a request is not accepted"""


@dataclass(frozen=True, slots=True)
class Route:
    """`complete` False: it was given up after 500 steps or 300 ms, more may follow. `ends`: the end that is reached.

    `passes`, `flows`: elements and sequence flows on the way, in the order in which they were met first. `broken`: on
    the way straight back, the first round whose decisions cannot be carried.
    """

    steps: tuple[PreviewStep, ...]
    complete: bool = True
    ends: str | None = None
    passes: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    broken: UUID | None = None


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form of a task that is being filled in. `missing`: fields that are empty or wrong.

    `last`: nobody else may write in it before its round is over.
    """

    token: int
    values: Values
    missing: frozenset[str]
    last: bool


def preview(
    uow: UnitOfWork,
    key: str,
    variables: Values,
    *,
    starter_id: UUID | None = None,
    department: str | None = None,
    approvers: Mapping[str, Sequence[Any]] | None = None,
    missing: Collection[str] = (),
) -> Route:
    """The way that a request of the actor, or of `starter_id`, would take with these values of its start form.

    `department`, `approvers`: as of `start`; a selection that is not allowed is not followed. `missing`: fields that
    are not filled in yet, so that nobody knows where they lead.

    Raises ProcessNotDeployed, ProcessRetired, InvalidValue.
    """
    info = repository.latest_active(uow, key)
    program = repository.program(uow, info.id)
    instance = _unborn(uow, info, starter_id or uow.actor.user_id, department)
    walk = _Walk(uow, instance, program)
    walk.lacks(missing)
    walk.named = _selected(uow, instance, program, "initiatorSelect", approvers or {})
    return walk.go(bpmn.begin(program, str(info.id), variables, now=uow.now, env=walk.env()))


def preview_instance(
    uow: UnitOfWork, instance_id: UUID, *, typed: Typed | None = None,
    approvers: Mapping[str, Sequence[Any]] | None = None,
) -> Route:  # fmt: skip
    """The way that a running request would take from where it stands; who is asked now does not appear again.

    `typed`: what one of those who are asked has filled in so far. `approvers`: whom he has selected for the tasks that
    follow; a selection that is not allowed is not followed. Raises NotFound.
    """
    instance = rows.read(uow, instance_id)
    state = load(uow, instance)
    walk = _Walk(uow, instance, state.program)
    kept = beside(uow, instance)
    walk.ticket, walk.held = kept.ticket, dict(kept.held)
    walk.named = _selected(uow, instance, state.program, "previousApproverSelect", approvers or {})
    known = rounds_of(uow, instance_id)
    for row in returning.passed(known).values():
        if rounds.load(row).request:
            walk.correcting = state.program.nodes.get(row.node)
    asked = {row.token: row for row in known if row.status == RoundStatus.OPEN}
    for token in list(state.tokens.values()):
        if token.host or token.incident or token.id in walk.held:
            continue
        if token.wait == "work" and token.id in asked:
            row = asked[token.id]
            work = rounds.load(row)
            own = typed if typed is not None and typed.token == token.id else None
            if own is None or not own.last:
                walk.taint(work, token.scope.definition_id)
            walk.lacks(own.missing if own is not None else ())
            walk.agree(row.node, rounds.mode_of(work), walk.asked_now(row.id))
            values = own.values if own is not None else {}
            walk.answers.append((token.id, walk.agreed(token.id, row.node, work, (), row.round, values)))
        elif token.wait == "job":
            walk.unsure(token.node)
            walk.answers.append((token.id, walk.completed(token.id)))
    return walk.go(Step(state, []))


def asked_later(uow: UnitOfWork, instance: Instance, fact: WorkOpened) -> dict[UUID, str]:
    """Persons who are certain to be asked behind this task and have to agree there, with the name of that task.

    Foretold from a copy of the state, as if everybody agreed: a task whose way or whose people are not known yet does
    not count, nor does one where somebody else may agree in their place.
    """
    copied = copy(instance)
    copied.state = bpmn.load(bpmn.dump(instance.state, {}), lambda key: repository.program(uow, UUID(key)))
    copied.cache = {"beside": beside(uow, instance)}
    walk = _Walk(uow, copied, copied.state.program)
    walk.reads = False  # a click does not wait for what it may have asked already
    walk.held = dict(beside(uow, instance).held)
    asked = {row.token: row for row in rounds_of(uow, instance.id) if row.status == RoundStatus.OPEN}
    for token in list(copied.state.tokens.values()):
        if (
            token.wait != "work"
            or token.incident
            or token.id in walk.held
            or (token.id != fact.token and token.id not in asked)
        ):
            continue
        work = fact.work if token.id == fact.token else rounds.load(asked[token.id])
        walk.taint(work, token.scope.definition_id)
        walk.answers.append((token.id, walk.agreed(token.id, token.node.id, work, (), 1)))
    walk.go(Step(copied.state, []))
    found: dict[UUID, str] = {}
    for step in walk.steps:
        if step.element != fact.node and _heard(step):
            persons = (walk.persons.get(one.id) for one in step.people)
            found |= {person: step.name for person in persons if person is not None}
    return found


def refuse_blocked(
    uow: UnitOfWork, instance: Instance, program: Program, step: Callable[[Instance], Step],
    approvers: Mapping[str, Sequence[Any]],
) -> None:  # fmt: skip
    """Refuse a start that would certainly come to a task where nobody is left to ask (`blockStart`), also in a process
    that it calls.

    `step`: the first one of a request that is not born. Raises NobodyCanBeAsked.
    """
    if not _may_block(program, env(uow, instance).programs, set()):
        return
    unborn = copy(instance)
    unborn.cache = {"beside": beside(uow, instance)}
    walk = _Walk(uow, unborn, program)
    walk.named = _selected(uow, unborn, program, "initiatorSelect", approvers)
    for found in walk.go(step(unborn)).steps:
        if found.blocks_start and found.status == CERTAIN:
            raise NobodyCanBeAsked(task=found.name or found.element)


def _may_block(program: Program, latest: Callable[[str], tuple[str, Program]], seen: set[int]) -> bool:
    """Whether a task of the program, or of what it calls, refuses a start; what cannot be called does not."""
    seen.add(id(program))
    for node in program.nodes.values():
        if node.human is not None and node.human.on_empty == "blockStart":
            return True
        if node.op != CALL or node.call is None:
            continue
        if node.call.id.expression is not None:
            return True  # whatever it calls: the walk finds out
        called = program.called(node.call, node.call.id.text)
        if node.call.binding == "latest":
            try:
                called = latest(node.call.id.text)
            except (LookupError, EngineError):  # the call itself becomes an incident that says so
                continue
        if called is not None and id(called[1]) not in seen and _may_block(called[1], latest, seen):
            return True
    return False


def _heard(step: PreviewStep) -> bool:
    """Whether everybody who is asked there is certain to be asked, and has to agree."""
    asked = step.mode != "inform" and step.skipped_because is None and not step.needs_selection
    certain = step.status == CERTAIN and step.people_known
    return asked and certain and (step.mode in EVERYBODY or len(step.people) == 1)


def selectable(uow: UnitOfWork, key: str, node: str, search: str = "", *, department: str | None = None) -> list[User]:
    """Whom the actor, as the requester, may select for a node of the process. Raises CannotChoose, InvalidValue."""
    info = repository.latest_active(uow, key)
    program = repository.program(uow, info.id)
    instance = _unborn(uow, info, uow.actor.user_id, department)
    return choices.offered(uow, instance, program, "initiatorSelect", node, search)


def require_selection(
    uow: UnitOfWork, key: str, variables: Values, approvers: Mapping[str, Sequence[Any]], *,
    department: str | None = None,
) -> None:  # fmt: skip
    """Refuse a start as long as nobody is selected for a task that will certainly be reached, or somebody who may not.

    Raises CannotChoose.
    """
    info = repository.latest_active(uow, key)
    program = repository.program(uow, info.id)
    if not choices.selections(program, "initiatorSelect"):
        return
    given = {node: people for node, people in approvers.items() if people}
    instance = _unborn(uow, info, uow.actor.user_id, department)
    for node, people in given.items():
        choices.checked(uow, instance, program, "initiatorSelect", node, people)
    for step in preview(uow, key, variables, department=department, approvers=given).steps:
        asked = step.selection is not None and step.selection.strategy == "initiatorSelect"
        if asked and step.needs_selection and step.status == CERTAIN:
            raise CannotChoose(task=step.name, reason=N_("nobody is named"))


def _unborn(uow: UnitOfWork, info: repository.DefinitionInfo, who: UUID | None, department: str | None) -> Instance:
    instance = rows.born(uuid7(), info.id, info.key, who, uow.now)
    instance.cache["beside"] = Beside(None if who is None else identity.context_of(uow, who, department))
    if repository.program(uow, info.id).numbering is not None:
        instance.number = NO_NUMBER
    return instance


def _selected(
    uow: UnitOfWork, instance: Instance, program: Program, strategy: str, given: Mapping[str, Sequence[Any]]
) -> dict[str, list[Candidate]]:
    """The people who were selected so far, as far as whoever selected them may."""
    named = {}
    for node, references in given.items():
        try:
            found = choices.checked(uow, instance, program, strategy, node, references)
        except EngineError:
            continue
        named[node] = candidates.people(found, "chosen beforehand")
    return named


Answer = tuple[int, Callable[[], Step]]
"""The token that waits, and what happens when it does not any more"""


class _Walk:
    """One way through a copy of an instance."""

    def __init__(self, uow: UnitOfWork, instance: Instance, program: Program) -> None:
        self.uow = uow
        self.instance = instance
        self.program = program
        self.steps: list[PreviewStep] = []
        self.at_once: deque[Answer] = deque()
        """answers that need nobody and come before any other"""
        self.answers: deque[Answer] = deque()
        self.held: dict[int, Held] = {}
        """rejections that wait for other branches, by token"""
        self.unknown: dict[str, frozenset[str]] = {}
        """variables that nobody can know yet, with the fields, not filled in, that they come from"""
        self.guesses = False
        self.maybe: dict[Node, frozenset[str]] = {}
        """elements that are reached on some ways only, with the fields on which that depends"""
        self.forked: set[frozenset[Node]] = set()
        """ways that were told apart already"""
        self.met: set[Node | str] = set()
        """elements that something has waited at"""
        self.undecided = False
        """nobody knows whether the way led here since the last wait"""
        self.ahead: set[Node] = set()
        """elements behind a place where the walk cannot go on"""
        self.named: dict[str, list[Candidate]] = {}
        """whom the requester has selected, by element"""
        self.reads = True
        """operations that only read are called"""
        self.persons: dict[UUID, UUID | None] = {}
        """of the accounts on the way"""
        self.spares: set[int] = set()
        """numbers of steps that ask only whom no later one asks"""
        self.said_yes: list[tuple[str, frozenset[UUID], frozenset[UUID]]] = []
        """(element, accounts, persons) of those who have certainly agreed on the way, in order"""
        self.ticket: UUID | None = None
        self.broken: UUID | None = None
        """the first round on the way straight back whose decisions cannot be carried"""
        """the round that sent it back, until the way is there again"""
        self.correcting: Node | None = None
        """where the requester filled in his request"""
        self.called: dict[int, Program] = {}
        """programs of the calls on the way, by scope"""
        self.calls: list[Node] = []
        """the activities that called them"""
        self.complete = True
        self.ends: str | None = None
        self.passes: dict[str, None] = {}
        self.flows: dict[str, None] = {}
        self.count = 0
        self.at: Node | None = None

    def env(self) -> bpmn.Env:
        """What the machine may look up; where fields are not filled in it goes on with what there is."""
        known = env(self.uow, self.instance)
        return replace(known, guesses=True) if self.guesses else known

    def lacks(self, fields: Iterable[str]) -> None:
        """Somebody has still to fill these in."""
        for name in fields:
            self.unknown[name] = frozenset((name,))
            self.guesses = True

    def doubt(self, names: Iterable[str], because: Iterable[str] = ()) -> None:
        """Nobody can know these variables yet."""
        for name in names:
            self.unknown[name] = self.unknown.get(name, frozenset()) | frozenset(because)

    def because(self, names: Collection[str]) -> frozenset[str]:
        """The fields that are missing for what reads these variables."""
        return frozenset[str]().union(*(self._unknown()[name] for name in self._unknown().keys() & names))

    def go(self, step: Step) -> Route:
        began, busy = perf_counter(), thread_time()
        while True:
            self.instance.state = step.state
            self.undecided = False
            for fact in step.facts:
                self._look(fact)
            answer = self._next(step.state)
            if answer is None:
                for token in step.state.tokens.values():  # what waits for one of several events
                    if not token.host:
                        self._stuck(token.node)
                return self._route(complete=self.complete)
            self.count += 1
            late = thread_time() - busy > MOST_SECONDS or perf_counter() - began > MOST_SECONDS * PATIENCE
            if self.count > MOST_STEPS or late:
                return self._route(complete=False)
            step = answer()

    def _next(self, state: State) -> Callable[[], Step] | None:
        """What happens next: what needs nobody; a rejection that nobody is heard beside any more; what people do."""
        return _first_open(self.at_once, state) or self._released(state) or _first_open(self.answers, state)

    def _released(self, state: State) -> Callable[[], Step] | None:
        """The first rejection that has waited long enough."""
        self.held = {token: held for token, held in self.held.items() if token in state.tokens}
        for token, held in self.held.items():
            if next(rejecting.others(state, token, self.held), None) is None:
                return self._ended(token) if held.then == "end" else self._sent_back(token)
        return None

    def _sent_back(self, token: int) -> Callable[[], Step] | None:
        """A rejection goes to the requester, who may correct anything; without a place for him it ends the request."""
        if self.correcting is None:
            return self._ended(token)
        self.answers.clear()
        self.complete = False
        self.ahead |= _reach(self.correcting, None)
        return None

    def _route(self, *, complete: bool) -> Route:
        seen = {step.element for step in self.steps}
        steps = self._last_ones()
        left = [node for node in self.program.nodes.values() if node.id not in seen]
        ahead = self.maybe.keys() | self.ahead
        steps += [self._drawn(node) for node in left if node.human is not None and node in ahead]
        sure = max((number for number, step in enumerate(steps, 1) if step.status == CERTAIN), default=0)
        place = {node.id: (_corrects(node), node.index) for node in self.program.nodes.values()}
        steps[sure:] = sorted(steps[sure:], key=lambda step: place.get(step.element, (True, len(place))))
        return Route(tuple(steps), complete, self.ends, tuple(self.passes), tuple(self.flows), self.broken)

    def _drawn(self, node: Node) -> PreviewStep:
        """A task that the walk has not come to; who is asked there where the drawing alone says it."""
        human = node.human
        assert human is not None  # noqa: S101 - the caller looks
        mode = human.approval.mode if human.approval else "inform"
        status = POSSIBLE if node in self.maybe else UNKNOWN
        depends = tuple(sorted(self.maybe.get(node, ())))
        step = PreviewStep(node.id, node.name, node.labels, mode, (), status, people_known=False, depends=depends)
        computed = any(slot.expression is not None for _, slot in human.parameters)
        if status == UNKNOWN or computed or human.strategy not in BY_DRAWING:
            return step
        listed = {name: slot.text for name, slot in human.parameters}
        work = Work(node.name, Assignment(human.strategy, listed), human.approval, on_empty=human.on_empty,
                    on_self=human.on_self)  # fmt: skip
        asking = Asking(self.uow, self.instance, work, dict, node.id)
        try:
            answer = automatic.handle(asking, candidates.resolve(asking))
        except EngineError:
            return step
        if isinstance(answer, Automatic):
            return step
        people = tuple(Foreseen(one.id, one.name, one.reason, one.group) for one in answer)
        return replace(step, people=people, people_known=True)

    def _last_ones(self) -> list[PreviewStep]:
        """The steps, without those who are certain to be asked later and have to agree there (`dedupe="last"`)."""
        steps = list(self.steps)
        later: dict[UUID | None, PreviewStep] = {}
        for index in reversed(range(len(steps))):
            step = steps[index]
            if index in self.spares and step.people and step.skipped_because is None:
                again = {one.id: later.get(self.persons.get(one.id)) for one in step.people if self.persons.get(one.id)}
                spared = {key: found for key, found in again.items() if found and found.element != step.element}
                left = tuple(one for one in step.people if one.id not in spared)
                enough = not left or (step.mode == "any" and bool(spared))
                because = reasons.text("asked-later", task=next(iter(spared.values())).name) if enough else None
                steps[index] = replace(step, people=() if enough else left, skipped_because=because)
            if _heard(step):
                for one in step.people:
                    later.setdefault(self.persons.get(one.id), step)
        return steps

    # ------------------------------------------------------------ what happens on the way

    def _look(self, fact: Fact) -> None:
        match fact:
            case NodeEntered():
                self.at = self.program.nodes.get(fact.node)
                self.passes.setdefault(fact.node)
                self._computed(fact)
            case DecisionEvaluated():
                self._decided(fact)
            case FlowTaken():
                self.flows.setdefault(fact.flow)
                self._choice(fact)
            case ScopeOpened() if fact.definition is not None:
                self._call(fact)
            case WorkOpened() | JobOpened() | TimerArmed() | SubscriptionOpened() if self._back(fact):
                pass  # what lies behind was on the way already
            case WorkOpened():
                self._person(fact)
            case JobOpened():
                self._operation(fact)
            case TimerArmed() if self._counts(fact.token):
                self.answers.append((fact.token, lambda: self._elapsed(fact)))
            case SubscriptionOpened() if self._counts(fact.token):
                self.unsure(self.instance.state.tokens[fact.token].node)
                self.answers.append((fact.token, lambda: self._delivered(fact.token)))
            case IncidentRaised():
                waiting = self.instance.state.tokens.get(fact.token)
                self._stuck(self.program.nodes.get(fact.node) if waiting is None else waiting.node)
            case InstanceEnded():
                self.ends = fact.node or fact.code

    def _computed(self, fact: NodeEntered) -> None:
        """A script over what is not known gives something that is not known."""
        for program in self._programs(fact.scope):
            node = program.nodes.get(fact.node)
            if node is not None and node.op == SCRIPT and node.script is not None and node.result is not None:
                self._derived(node, node.script.names, node.result)

    def _decided(self, fact: DecisionEvaluated) -> None:
        """A decision over what is not known: its answer is not known either, the more if it found none."""
        for program in (self.program, *self.called.values()):
            node = program.nodes.get(fact.node)
            if node is None or node.op != DECISION or node.call is None or node.result is None:
                continue
            bound = program.bound_decisions
            model = bound.get(node.call.pin(fact.decision)) or bound.get(fact.decision)
            model = model or repository.decision(self.uow, fact.decision)
            read = {one.name.partition(".")[0] for one in dmn.inputs(model, fact.decision)}
            self._derived(node, read, node.result, sure=fact.result is not None or not self.guesses)

    def _derived(self, node: Node, read: Collection[str], result: str, *, sure: bool = True) -> None:
        """`result` comes from the variables `read`, through the input mappings of the activity."""
        mapped = {line.target[0]: line.source.expression.names for line in node.inputs if line.source.expression}
        names = {name for one in read for name in mapped.get(one, (one,))}
        if names & self._unknown().keys() or not sure:
            self.doubt((result,), self.because(names))

    def _back(self, fact: WorkOpened | JobOpened | TimerArmed | SubscriptionOpened) -> bool:
        """Whether a choice that nobody can foresee has led back: whoever follows it turns in a circle."""
        waiting = self.instance.state.tokens.get(fact.token)
        place = fact.node if waiting is None else waiting.node
        again = self.undecided and place in self.met
        self.met.add(place)
        return again

    def _counts(self, token: int) -> bool:
        waiting = self.instance.state.tokens.get(token)
        return waiting is not None and not waiting.host

    def _choice(self, fact: FlowTaken) -> None:
        """A flow was taken: when its choice depends on what is not known, the others are possible too."""
        for program in self._programs(fact.scope):
            edge = program.flows.get(fact.flow)
            if edge is None or edge.source.plain:
                continue
            read = {name for out in edge.source.out if out.condition is not None for name in out.condition.names}
            if read & self._unknown().keys():
                self.undecided = True
                self._fork(_ways(edge.source), self.because(read))

    def _programs(self, scope_id: int) -> list[Program]:
        """Whose elements stand in the scope; all on the way for an inner one that is over already."""
        scope = self.instance.state.scopes.get(scope_id)
        if scope is not None:
            return [scope.program]
        if scope_id in self.called:
            return [self.called[scope_id]]
        return list({id(program): program for program in (self.program, *self.called.values())}.values())

    def _call(self, fact: ScopeOpened) -> None:
        """A called process begins: what it is given of what is not known, it does not know either."""
        scope = self.instance.state.scopes.get(fact.scope)
        known = [self.program, *self.called.values()]
        entered = scope.program if scope is not None else repository.program(self.uow, UUID(fact.definition))
        self.called[fact.scope] = entered
        callers = {program.nodes[fact.node] for program in known if fact.node in program.nodes}
        self.calls += [node for node in callers if node.op == CALL]
        for node in callers:
            self._mapped(node.inputs)

    def _unknown(self) -> dict[str, frozenset[str]]:
        """What nobody can know yet, what called processes give back included."""
        before = -1
        while before != len(self.unknown):
            before = len(self.unknown)
            for node in self.calls:
                self._mapped(node.outputs)
        return self.unknown

    def _mapped(self, lines: Iterable[MappingLine]) -> None:
        for line in lines:
            names = line.source.expression.names if line.source.expression is not None else frozenset()
            found = names & self.unknown.keys()
            if found:
                self.doubt(line.target[:1], frozenset[str]().union(*(self.unknown[name] for name in found)))

    def _certain(self, fact: WorkOpened) -> bool:
        """Whether the task, and each activity around it, lies on every way."""
        scope, node = self.instance.state.scopes[fact.scope], self._node(fact)
        while node not in self.maybe:
            if scope.parent is None:
                return True
            scope, node = scope.parent, self.instance.state.tokens[scope.token].node
        return False

    def _doubts(self, fact: WorkOpened) -> frozenset[str]:
        """The fields on which it depends whether the task is reached."""
        scope, node = self.instance.state.scopes[fact.scope], self._node(fact)
        found = self.maybe.get(node, frozenset())
        while scope.parent is not None:
            scope, node = scope.parent, self.instance.state.tokens[scope.token].node
            found |= self.maybe.get(node, frozenset())
        return found

    def unsure(self, node: Node | None, because: frozenset[str] = frozenset()) -> None:
        """Nobody knows how the activity ends: normally, or by one of its errors."""
        if node is None:
            return
        ways = _ways(node)
        ways += [out.target for guard in node.boundaries for out in guard.out if guard.interrupting]
        if len(ways) > 1:
            self._fork(ways, because)

    def _stuck(self, node: Node | None) -> None:
        """What lies behind cannot be evaluated, but it is drawn."""
        self.unsure(node)
        if node is not None:
            reached = _reach(node, None)
            self.ahead |= reached - {node}
            self.ahead |= {inner for place in reached for inner in _inside(place)}

    def _fork(self, ways: Iterable[Node], because: frozenset[str] = frozenset()) -> None:
        ways = list(ways)
        key = frozenset(ways)
        if key in self.forked:
            return
        self.forked.add(key)
        reached: set[Node] = set()
        for way in ways:
            reached |= _reach(way, None)
        maybe = {node for node in reached if not all(_must_pass(way, node) for way in ways)}
        for place in maybe | {inner for node in maybe for inner in _inside(node)}:
            self.maybe[place] = self.maybe.get(place, frozenset()) | because

    def _person(self, fact: WorkOpened) -> None:
        work = fact.work
        asking = Asking(
            self.uow, self.instance, work, lambda: bpmn.variables(self.instance.state, fact.scope), fact.node
        )
        because: str | None = None
        refused: EngineError | None = None
        selection: Selection | None = None
        open_still = False
        resolved: list[Candidate] = []
        answer: list[Candidate] | Automatic = []
        read = self._read_by(fact)
        known = not read & self._unknown().keys()
        lacking = self.because(read)
        mode = rounds.mode_of(work)
        try:
            resolved = self._resolved(asking, fact)
            if work.assignment.strategy in choices.SELECTS:
                human = self._node(fact).human
                selection = choices.selection_of(fact.node, work.name, human) if human is not None else None
                open_still = not resolved
            answer = automatic.skipped(asking) or automatic.handle(asking, resolved)
        except EngineError as error:
            because, known, refused = str(error), False, error
        if open_still or (lacking and not resolved):
            answer, because, refused = [], None, None
        if isinstance(answer, list) and self._carried(fact):
            answer = Automatic(True, Source.CARRIED, "decided before, and nothing has changed")
        if isinstance(answer, list):
            answer = self._without_repeated(asking, mode, answer)
        found = [] if isinstance(answer, Automatic) else answer
        because = answer.reason if isinstance(answer, Automatic) else because
        shown = () if open_still else tuple(Foreseen(one.id, one.name, one.reason, one.group) for one in found)
        status = CERTAIN if self._certain(fact) else POSSIBLE
        depends = tuple(sorted(lacking | self._doubts(fact)))
        self.persons |= {one.id: one.person_id for one in found if not one.group}
        if automatic.may_spare(work, "last"):
            self.spares.add(len(self.steps))
        blocked = not open_still and known and not automatic.skipped(asking) and automatic.blocks(asking, resolved)
        self.steps.append(
            PreviewStep(
                fact.node, work.name, dict(work.labels), mode, shown, status, open_still, because, work.due,
                known, selection, tuple(self._copies(work)), refused, depends, blocked,
            )
        )  # fmt: skip
        self.taint(work, self.instance.state.scopes[fact.scope].definition_id)
        number = sum(step.element == fact.node for step in self.steps)
        if isinstance(answer, Automatic) and not answer.passed:
            self.at_once.append((fact.token, self._rejected(fact, work, number)))
            return
        if not open_still and status == CERTAIN and known:
            self.agree(
                fact.node, mode, [one for one in found if not one.group], whole=not any(one.group for one in found)
            )
        by = [one.id for one in found if not one.group]
        queue = self.at_once if isinstance(answer, Automatic) else self.answers
        queue.append((fact.token, self.agreed(fact.token, fact.node, work, by, number)))

    def _resolved(self, asking: Asking, fact: WorkOpened) -> list[Candidate]:
        """Whom the drawing asks here, or whom somebody has selected; after a return whoever sent it back."""
        returned = self._returned(fact)
        if returned:
            return returned
        if fact.node in self.named:
            return self.named[fact.node]
        if fact.work.assignment.strategy == "nodeApprover":
            element = str(asking.value("element") or "")
            for node, accounts, _ in reversed(self.said_yes):
                if node == element:
                    return candidates.people(
                        identity.find(self.uow, list(accounts)), reasons.text("decided-at", element=element)
                    )
        return candidates.resolve(asking)

    def _returned(self, fact: WorkOpened) -> list[Candidate]:
        if self.ticket is None:
            return []
        people = reopening.returned_by(self.uow, self.instance, fact, self.ticket)
        if people is None:
            return []
        self.ticket = None
        return list(people)

    def _carried(self, fact: WorkOpened) -> bool:
        """Whether the decisions of an earlier round stand; if they do not, no later one does."""
        if self.ticket is None:
            return False
        parked = reopening.parked_for(self.uow, self.instance, fact, self.ticket)
        if parked is None:
            return False
        earlier, items = parked
        if reopening.changed(self.uow, self.instance, fact, earlier, items) is None:
            return True
        self.ticket, self.broken = None, earlier.id
        return False

    def agree(self, node: str, mode: str, people: Sequence[Candidate], *, whole: bool = True) -> None:
        """Remember who has certainly agreed: everybody where all have to, else somebody who is alone."""
        certain = people if whole and (mode in EVERYBODY or len(people) == 1) else []
        persons = frozenset(one.person_id for one in certain if one.person_id is not None)
        self.said_yes.append((node, frozenset(one.id for one in certain), persons))

    def asked_now(self, round_id: UUID) -> list[Candidate]:
        """Who is asked in an open round."""
        items = [
            item
            for item in reopening.items_of(self.uow, round_id)
            if item.kind in rounds.TOP and item.voided_at is None
        ]
        known = identity.find(self.uow, [item.assignee_id for item in items if item.assignee_id is not None])
        return candidates.people(known, "asked") if len(known) == len(items) else []

    def _without_repeated(self, asking: Asking, mode: str, asked: list[Candidate]) -> list[Candidate] | Automatic:
        """Without those who have agreed before (`troika:dedupe`), on the way or in the request as it stands."""
        work = asking.work
        if not automatic.may_spare(work, "first", "adjacent"):
            return asked
        way = self.said_yes[-1:] if work.dedupe == "adjacent" else self.said_yes
        persons = {person for _, _, found in way for person in found}
        before = {} if way and work.dedupe == "adjacent" else automatic.repeated(asking, asked)
        left = [
            one for one in asked if one.id not in before and (one.person_id is None or one.person_id not in persons)
        ]
        enough = not left or (mode == "any" and len(left) < len(asked))
        return Automatic(True, Source.AUTO_DEDUPE, "has agreed before") if enough else left

    def _copies(self, work: Work) -> list[Foreseen]:
        found = copies.readers(self.uow, work, "enter", "pass", "end")
        return [Foreseen(user.id, user.name, "copy") for user in found]

    def _read_by(self, fact: WorkOpened) -> set[str]:
        """Variables on which it depends who is asked."""
        human = self._node(fact).human
        slots = () if human is None else human.parameters
        read = {name for _, slot in slots if slot.expression is not None for name in slot.expression.names}
        if fact.work.assignment.strategy.startswith("form"):
            read.add(str(fact.work.assignment.values.get("field") or "").partition(".")[0])
        return read

    def _node(self, fact: WorkOpened) -> Node:
        found: Node = self.instance.state.scopes[fact.scope].program.nodes[fact.node]
        return found

    def taint(self, work: Work, definition_id: str) -> None:
        """What somebody may still write there is not known."""
        if work.form is None:
            return
        allowed = forms.permissions.of(work)
        form = repository.form(self.uow, work.form, UUID(definition_id))
        self.doubt(field.path.partition(".")[0] for field in form.fields if allowed.on(field.path) == "write")

    def _operation(self, fact: JobOpened) -> None:
        try:
            operation = operations.get(fact.type)
        except UnknownOperation:
            operation = None
        node = self._job(fact)
        reads = self.reads and operation is not None and operation.effect == "read" and not operation.external
        lacking = self.because(_given(node)) if reads and node is not None else frozenset()
        if reads and operation is not None and not lacking:
            self.answers.append((fact.token, lambda: self._read(fact)))
            return
        self._not_called(fact, operation, lacking)
        self.answers.append((fact.token, self.completed(fact.token, self._sample(operation))))

    def _not_called(self, fact: JobOpened, operation: Operation | None, lacking: frozenset[str] = frozenset()) -> None:
        """Nobody knows what the operation will answer. `lacking`: the fields without which it cannot be asked."""
        node = self._job(fact)
        if node is not None and node.op == JOB:
            answers = [line.target[0] for line in node.outputs]
            if not answers and operation is not None:
                answers = list(operation.outputs)
            self.doubt(answers, lacking)
        self.unsure(node, lacking)

    def _job(self, fact: JobOpened) -> Node | None:
        return next((one.nodes[fact.node] for one in self._programs(fact.scope) if fact.node in one.nodes), None)

    def _sample(self, operation: Operation | None) -> Values:
        """What an operation that is not called might answer, by the types of its catalogue."""
        now = self.uow.now
        known: Values = {"number": 1, "string": "?", "id": "?", "boolean": False, "date": now.date()}
        known["date and time"] = now
        return {name: known.get(kind) for name, kind in operation.outputs.items()} if operation is not None else {}

    # ------------------------------------------------------------ answers

    def agreed(
        self, token: int, node: str, work: Work, by: Iterable[UUID], number: int, written: Values | None = None
    ) -> Callable[[], Step]:
        """The round of a task passes; `written`: what its people have filled in."""
        people = list(by)
        total = max(len(people), 1)
        outcome = Outcome("passed", (), (), "previewed", total, 0, total)
        told = rounds.routing(outcome, "agree", number, people, self.uow.now) if work.approval is not None else None
        values = written or {}
        return lambda: bpmn.complete(self.instance.state, token, values, now=self.uow.now, env=self.env(), outcome=told)

    def _rejected(self, fact: WorkOpened, work: Work, number: int) -> Callable[[], Step]:
        """A rule rejects without asking anybody."""
        told = rounds.routing(Outcome("failed", (), (), "previewed", 1, 1, 1), "reject", number, (), self.uow.now)
        outcome = rounds.RoundOutcome(told, rounds.on_reject_of(work), rounds.patient(work))
        if outcome.ends_instance:
            return lambda: self._held(fact.token, told) if outcome.patient else self._ended(fact.token)()
        return lambda: bpmn.complete(
            self.instance.state, fact.token, {}, now=self.uow.now, env=self.env(), outcome=told
        )

    def _held(self, token: int, told: Values) -> Step:
        """A rejection waits for the other branches, if somebody is heard in one."""
        if next(rejecting.others(self.instance.state, token, self.held), None) is None:
            return self._ended(token)()
        self.held[token] = Held("end")
        return bpmn.tell(self.instance.state, token, told, now=self.uow.now, env=self.env())

    def _ended(self, token: int) -> Callable[[], Step]:
        """A rejection ends the request, or the called process."""
        return lambda: bpmn.reject(self.instance.state, token, now=self.uow.now, env=self.env())

    def completed(self, token: int, outputs: Values | None = None) -> Callable[[], Step]:
        """An operation answers."""
        said = outputs or {}
        return lambda: bpmn.complete(self.instance.state, token, said, now=self.uow.now, env=self.env())

    def _read(self, fact: JobOpened) -> Step:
        state, now, known = self.instance.state, self.uow.now, self.env()
        try:
            outputs = calls.look(self.uow, operations.get(fact.type), fact.inputs)
        except BusinessError as error:
            return bpmn.throw_error(state, fact.token, error.code, {}, now=now, env=known)
        except EngineError:  # it asks about something that an operation before it would have made
            operation = operations.get(fact.type)
            self._not_called(fact, operation)
            return bpmn.complete(state, fact.token, self._sample(operation), now=now, env=known)
        return bpmn.complete(state, fact.token, outputs, now=now, env=known)

    def _elapsed(self, fact: TimerArmed) -> Step:
        at = max(fact.due, self.uow.now)
        return bpmn.elapse(self.instance.state, fact.token, now=at, env=self.env())

    def _delivered(self, token: int) -> Step:
        return bpmn.deliver(self.instance.state, token, {}, now=self.uow.now, env=self.env())


def _first_open(answers: deque[Answer], state: State) -> Callable[[], Step] | None:
    """Takes the first answer whose token still waits for it."""
    while answers:
        token, answer = answers.popleft()
        if bpmn.is_open(state, token):
            return answer
    return None


def _given(node: Node) -> set[str]:
    """Variables that an activity is given by its input mappings."""
    sources = [line.source.expression for line in node.inputs]
    return {name for source in sources if source is not None for name in source.names}


def _corrects(node: Node) -> bool:
    """Whether the requester corrects his request there: where everybody agrees, that comes last."""
    return node.human is not None and node.human.request


def _ways(node: Node) -> list[Node]:
    """Where flows lead to from a node, the default flow included."""
    return [out.target for out in (*node.out, *([node.default] if node.default is not None else []))]


def _reach(start: Node, without: Node | None) -> set[Node]:
    """Nodes on the ways from `start`, itself included, that do not pass `without`."""
    found: set[Node] = set()
    left: list[Any] = [start]
    while left:
        node = left.pop()
        if node is without or node in found:
            continue
        found.add(node)
        left += _ways(node)
        left += [out.target for guard in node.boundaries for out in guard.out]
    return found


def _inside(node: Node) -> Iterator[Node]:
    """The nodes of a sub-process or loop, to any depth."""
    for scope in (node.inner, node.turn):
        for place in scope.nodes if scope is not None else ():
            yield place
            yield from _inside(place)


def _must_pass(start: Node, node: Node) -> bool:
    """Whether every way from `start` to an end passes `node`."""
    return all(_ways(place) for place in _reach(start, node))
