"""Preview 流程预测: the run's own code on a copy. Approvals are assumed agreed, reading operations are really called,
the others answer nothing: what depends on them is possible, not certain. Nothing is written.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any
from uuid import UUID

from engine import bpmn, calls, forms, identity, operations, repository
from engine.approvals import automatic, candidates, rounds
from engine.approvals.automatic import Automatic
from engine.approvals.candidates import Asking, Candidate
from engine.approvals.ledger import Outcome
from engine.bpmn.program import JOB, WORK, Node, Program
from engine.bpmn.steps import (
    Fact,
    FlowTaken,
    IncidentRaised,
    InstanceEnded,
    JobOpened,
    NodeEntered,
    Step,
    SubscriptionOpened,
    TimerArmed,
    Work,
    WorkOpened,
)
from engine.db import rows
from engine.db.instance import Instance
from engine.db.task import RoundStatus
from engine.errors import BusinessError, EngineError
from engine.ids import uuid7
from engine.operations import Operation, UnknownOperation
from engine.runtime.codec import Beside
from engine.runtime.environment import env, load
from engine.runtime.returning import rounds_of
from engine.unit_of_work import UnitOfWork
from engine.values import Values

MOST_STEPS = 500
MOST_SECONDS = 0.3
CERTAIN, POSSIBLE = "certain", "possible"
SELECTED = ("initiatorSelect", "previousApproverSelect")


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A person, or a group whose members may claim, with the reason."""

    id: UUID
    name: str
    reason: str
    group: bool = False


@dataclass(frozen=True, slots=True)
class PreviewStep:
    """A task on the way. `status`: certain, or possible where something is not known yet.

    `needs_selection`: somebody has to choose the people first. `skipped_because`: a rule answers without them.
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


@dataclass(frozen=True, slots=True)
class Route:
    """`complete` False: it was given up after 500 steps or 300 ms, more may follow. `ends`: the end that is reached."""

    steps: tuple[PreviewStep, ...]
    complete: bool = True
    ends: str | None = None


def preview(uow: UnitOfWork, key: str, variables: Values, *, starter_id: UUID | None = None) -> Route:
    """The way that a request of the actor, or of `starter_id`, would take with these values of its start form.

    Raises ProcessNotDeployed, ProcessRetired.
    """
    info = repository.latest_active(uow, key)
    program = repository.program(uow, info.id)
    who = starter_id or uow.actor.user_id
    instance = rows.born(uuid7(), info.id, info.key, who, uow.now)
    instance.cache["beside"] = Beside(None if who is None else identity.context_of(uow, who))
    walk = _Walk(uow, instance, program)
    return walk.go(bpmn.begin(program, str(info.id), variables, now=uow.now, env=env(uow, instance)))


def preview_instance(uow: UnitOfWork, instance_id: UUID) -> Route:
    """The way that a running request would take from where it stands; who is asked now does not appear again.

    Raises NotFound.
    """
    instance = rows.read(uow, instance_id)
    state = load(uow, instance)
    walk = _Walk(uow, instance, state.program)
    asked = {row.token: row for row in rounds_of(uow, instance_id) if row.status == RoundStatus.OPEN}
    for token in list(state.tokens.values()):
        if token.host or token.incident:
            continue
        if token.wait == "work" and token.id in asked:
            row = asked[token.id]
            work = rounds.load(row)
            walk.taint(work, token.scope.definition_id)
            walk.answers.append((token.id, walk.agreed(token.id, row.node, work, (), row.round)))
        elif token.wait == "job":
            walk.unsure(token.node)
            walk.answers.append((token.id, walk.completed(token.id)))
    return walk.go(Step(state, []))


class _Walk:
    """One way through a copy of an instance."""

    def __init__(self, uow: UnitOfWork, instance: Instance, program: Program) -> None:
        self.uow = uow
        self.instance = instance
        self.program = program
        self.steps: list[PreviewStep] = []
        self.answers: deque[tuple[int, Callable[[], Step]]] = deque()
        self.unknown: set[str] = set()
        """variables that nobody can know yet"""
        self.maybe: set[str] = set()
        """elements that are reached on some ways only"""
        self.ahead: set[str] = set()
        """elements behind a place where the walk cannot go on"""
        self.ends: str | None = None
        self.count = 0
        self.at: Node | None = None

    def go(self, step: Step) -> Route:
        began = perf_counter()
        while True:
            self.instance.state = step.state
            for fact in step.facts:
                self._look(fact)
            while self.answers and not bpmn.is_open(step.state, self.answers[0][0]):
                self.answers.popleft()
            if not self.answers:
                return self._route(complete=True)
            self.count += 1
            if self.count > MOST_STEPS or perf_counter() - began > MOST_SECONDS:
                return self._route(complete=False)
            step = self.answers.popleft()[1]()

    def _route(self, *, complete: bool) -> Route:
        seen = {step.element for step in self.steps}
        steps = list(self.steps)
        for key in sorted((self.maybe | self.ahead) - seen, key=lambda key: self.program.nodes[key].index):
            node = self.program.nodes[key]
            if node.op == WORK and node.human is not None:
                mode = node.human.approval.mode if node.human.approval else "inform"
                status = POSSIBLE if key in self.maybe else CERTAIN
                steps.append(PreviewStep(key, node.name, node.labels, mode, (), status))
        return Route(tuple(steps), complete, self.ends)

    # ------------------------------------------------------------ what happens on the way

    def _look(self, fact: Fact) -> None:
        match fact:
            case NodeEntered():
                self.at = self.program.nodes.get(fact.node)
            case FlowTaken():
                self._choice(fact.flow)
            case WorkOpened():
                self._person(fact)
            case JobOpened():
                self._operation(fact)
            case TimerArmed() if self._counts(fact.token):
                self.answers.append((fact.token, lambda: self._elapsed(fact)))
            case SubscriptionOpened() if self._counts(fact.token):
                self.unsure(self.program.nodes.get(fact.node))
                self.answers.append((fact.token, lambda: self._delivered(fact.token)))
            case IncidentRaised():
                self._stuck(self.program.nodes.get(fact.node))
            case InstanceEnded():
                self.ends = fact.node or fact.code

    def _counts(self, token: int) -> bool:
        waiting = self.instance.state.tokens.get(token)
        return waiting is not None and not waiting.host

    def _choice(self, flow: str) -> None:
        """A flow was taken: when its choice depends on what is not known, the others are possible too."""
        edge = self.program.flows.get(flow)
        if edge is None or edge.source.plain:
            return
        read = {name for out in edge.source.out if out.condition is not None for name in out.condition.names}
        if read & self.unknown:
            self._fork(_ways(edge.source))

    def unsure(self, node: Node | None) -> None:
        """Nobody knows how the activity ends: normally, or by one of its errors."""
        if node is None:
            return
        ways = _ways(node)
        ways += [out.target for guard in node.boundaries for out in guard.out if guard.interrupting]
        if len(ways) > 1:
            self._fork(ways)

    def _stuck(self, node: Node | None) -> None:
        """What lies behind cannot be evaluated, but it is drawn."""
        self.unsure(node)
        if node is not None:
            self.ahead |= {place.id for place in _reach(node, None) if place is not node}

    def _fork(self, ways: Iterable[Node]) -> None:
        ways = list(ways)
        reached: set[Node] = set()
        for way in ways:
            reached |= _reach(way, None)
        self.maybe |= {node.id for node in reached if not all(_must_pass(way, node) for way in ways)}

    def _person(self, fact: WorkOpened) -> None:
        work = fact.work
        asking = Asking(
            self.uow, self.instance, work, lambda: bpmn.variables(self.instance.state, fact.scope), fact.node
        )
        because: str | None = None
        selected = False
        found: list[Candidate] = []
        try:
            resolved = candidates.resolve(asking)
            selected = work.assignment.strategy in SELECTED and not resolved
            answer = automatic.skipped(asking) or automatic.handle(asking, resolved)
        except EngineError as error:
            because, answer = str(error), []
        if isinstance(answer, Automatic):
            because = answer.reason
        else:
            found = answer
        people = () if selected else tuple(Foreseen(one.id, one.name, one.reason, one.group) for one in found)
        status = POSSIBLE if fact.node in self.maybe else CERTAIN
        self.steps.append(
            PreviewStep(
                fact.node,
                work.name,
                dict(work.labels),
                rounds.mode_of(work),
                people,
                status,
                selected,
                because,
                work.due,
            )
        )
        self.taint(work, self.instance.state.scopes[fact.scope].definition_id)
        number = sum(step.element == fact.node for step in self.steps)
        by = [one.id for one in found if not one.group]
        self.answers.append((fact.token, self.agreed(fact.token, fact.node, work, by, number)))

    def taint(self, work: Work, definition_id: str) -> None:
        """What somebody may still write there is not known."""
        if work.form is None:
            return
        allowed = forms.permissions.of(work)
        form = repository.form(self.uow, work.form, UUID(definition_id))
        self.unknown |= {field.path.partition(".")[0] for field in form.fields if allowed.on(field.path) == "write"}

    def _operation(self, fact: JobOpened) -> None:
        try:
            operation = operations.get(fact.type)
        except UnknownOperation:
            operation = None
        if operation is not None and operation.effect == "read" and not operation.external:
            self.answers.append((fact.token, lambda: self._read(fact)))
            return
        node = self.program.nodes.get(fact.node)
        if node is not None and node.op == JOB:
            self.unknown |= {line.target[0] for line in node.outputs}
            if not node.outputs and operation is not None:
                self.unknown |= set(operation.outputs)
        self.unsure(node)
        self.answers.append((fact.token, self.completed(fact.token, self._sample(operation))))

    def _sample(self, operation: Operation | None) -> Values:
        """What an operation that is not called might answer, by the types of its catalogue."""
        now = self.uow.now
        known: Values = {"number": 1, "string": "?", "id": "?", "boolean": False, "date": now.date()}
        known["date and time"] = now
        return {name: known.get(kind) for name, kind in operation.outputs.items()} if operation is not None else {}

    # ------------------------------------------------------------ answers

    def agreed(self, token: int, node: str, work: Work, by: Iterable[UUID], number: int) -> Callable[[], Step]:
        """The round of a task passes."""
        people = list(by)
        total = max(len(people), 1)
        outcome = Outcome("passed", (), (), "previewed", total, 0, total)
        told = rounds.routing(outcome, "agree", number, people, self.uow.now) if work.approval is not None else None
        return lambda: bpmn.complete(
            self.instance.state, token, {}, now=self.uow.now, env=env(self.uow, self.instance), outcome=told
        )

    def completed(self, token: int, outputs: Values | None = None) -> Callable[[], Step]:
        """An operation answers."""
        said = outputs or {}
        return lambda: bpmn.complete(
            self.instance.state, token, said, now=self.uow.now, env=env(self.uow, self.instance)
        )

    def _read(self, fact: JobOpened) -> Step:
        state, now, known = self.instance.state, self.uow.now, env(self.uow, self.instance)
        try:
            outputs = calls.look(self.uow, operations.get(fact.type), fact.inputs)
        except BusinessError as error:
            return bpmn.throw_error(state, fact.token, error.code, {}, now=now, env=known)
        except EngineError:
            self.unsure(self.program.nodes.get(fact.node))
            return bpmn.complete(state, fact.token, {}, now=now, env=known)
        return bpmn.complete(state, fact.token, outputs, now=now, env=known)

    def _elapsed(self, fact: TimerArmed) -> Step:
        at = max(fact.due, self.uow.now)
        return bpmn.elapse(self.instance.state, fact.token, now=at, env=env(self.uow, self.instance))

    def _delivered(self, token: int) -> Step:
        return bpmn.deliver(self.instance.state, token, {}, now=self.uow.now, env=env(self.uow, self.instance))


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


def _must_pass(start: Node, node: Node) -> bool:
    """Whether every way from `start` to an end passes `node`."""
    return all(_ways(place) for place in _reach(start, node))
