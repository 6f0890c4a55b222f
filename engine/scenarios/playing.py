"""A process played step by step, as a person tries it: the same run as a scenario, and where it stands after each act.

Nothing is kept for whoever plays: every question brings all steps. What was played last is continued when a question
only adds to it; anything else is played from the start, and gives the same.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from engine import identity, operations, runtime
from engine.db.job import JobKind, JobState, job
from engine.db.subscription import WAITING_TOKEN, SubscriptionKind, subscription
from engine.db.task import ItemStatus, RoundStatus, user_task, work_item
from engine.errors import BusinessError, EngineError
from engine.identity import User
from engine.operations import Operation
from engine.runtime import InstanceView
from engine.scenarios.running import Failed, Run, Standing
from engine.scenarios.stage import Stage
from engine.scenarios.tracing import Answered, Called, Seen, Trace
from engine.scenarios.words import Scenario, Step
from engine.scenarios.world import World
from engine.tasks import drafting
from engine.unit_of_work import UnitOfWork
from engine.values import Values, normalise

SAMPLE_ID = "00000000-0000-7000-8000-000000000001"
_TIMED = (int(JobKind.TIMER), int(JobKind.TIMEOUT), int(JobKind.SERVICE))

_open_items = (
    select(
        work_item.c.id, work_item.c.assignee_id, work_item.c.group_id, work_item.c.status, work_item.c.reason,
        user_task.c.node, user_task.c.name, user_task.c.spec, user_task.c.mode, user_task.c.due_at,
    )
    .join(user_task, user_task.c.id == work_item.c.user_task_id)
    .where(
        work_item.c.instance_id == bindparam("of"), user_task.c.status == int(RoundStatus.OPEN),
        work_item.c.status.in_((int(ItemStatus.TODO), int(ItemStatus.WAIT))),
    )
    .order_by(user_task.c.opened_seq, work_item.c.seq)
)  # fmt: skip
_later = (
    select(job.c.kind, job.c.handler, job.c.payload, job.c.visible_at)
    .where(job.c.instance_id == bindparam("of"), job.c.state == int(JobState.LIVE), job.c.kind.in_(_TIMED))
    .order_by(job.c.visible_at)
)
_subscribed = select(
    subscription.c.kind, subscription.c.name, subscription.c.correlation_key, subscription.c.token
).where(subscription.c.instance_id == bindparam("of"), subscription.c.kind.in_([int(kind) for kind in WAITING_TOKEN]))


@dataclass(frozen=True, slots=True)
class OpenTask:
    """Somebody is asked, or will be when his turn comes (`waits`). `people`: who may act, all members of a group.

    `approval`: he decides; otherwise he does something.
    """

    item: UUID
    node: str
    name: str
    labels: dict[str, str]
    mode: str
    approval: bool
    reason: str
    waits: bool
    group: str
    people: tuple[User, ...]
    due: datetime | None


@dataclass(frozen=True, slots=True)
class Due:
    """What time brings. `what`: timer, timeout or retry."""

    node: str
    what: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Awaited:
    """A message or signal that is waited for at `node`. `key`: as it is stored, canonical JSON or empty."""

    kind: str
    name: str
    key: str
    node: str


@dataclass(frozen=True, slots=True)
class Position:
    """Where the process stands. `resubmits`: the requester has a draft of it, to submit again."""

    now: datetime
    view: InstanceView
    tasks: tuple[OpenTask, ...]
    due: tuple[Due, ...]
    awaited: tuple[Awaited, ...]
    resubmits: bool


@dataclass(frozen=True, slots=True)
class Stopped:
    """Step `number` (from 1; 0: the start) could not be done: `error` says why."""

    number: int
    error: EngineError | Failed


@dataclass
class Playing(Run):
    """A run that says after every act what it has seen."""

    sample: bool = False
    """operations answer by the types of the catalogue instead of being run; guarded ones are run all the same"""
    trace: Trace = field(default_factory=Trace)

    @property
    def seen(self) -> list[Seen]:
        """Of the start, and of each step."""
        return self.trace.acts

    def begin(self) -> None:
        """From the start form to the first rest. Raises Failed."""
        self.world.again(self.scenario.now)
        with self._looking():
            self.trace.begin()
            for step in self.scenario.background:
                self._step(step)
            self.trace.acts.clear()
            self.trace.begin()
            self._start()

    def go_on(self, step: Step) -> None:
        """One more step. Raises Failed; what it did then is not to be looked at."""
        self.scenario = replace(self.scenario, steps=(*self.scenario.steps, step))
        with self._looking():
            self.trace.begin()
            self._step(step)

    def position(self) -> Position:
        """Where it stands now."""
        resubmits = self._resubmits()
        with self.world.acting(None) as uow:
            view = runtime.instance_view(uow, self._main())
            key = view.instance.id
            return Position(
                uow.now, view, tuple(_tasks(uow, key)), tuple(_due(uow, key)), tuple(_awaited(uow, view)), resubmits
            )

    def perform(self, name: str, real: Callable[..., Any], args: tuple[Any, ...], inputs: Values) -> Any:
        """As in a scenario, and kept; what nobody has told is answered by a sample where it may not be run."""
        operation = operations.catalog()[name]
        how: Answered = "run"
        if self.stubs.get(name):
            how = "told"
        elif operation.external or (self.sample and operation.guarded_by is None):
            how = "sample"
        said = {key: value for key, value in inputs.items() if key != "call"}
        try:
            if how == "sample":
                self.calls.append((name, said))
                outputs = sample_of(operation, self.world.clock.now())
            else:
                outputs = super().perform(name, real, args, inputs)
        except BusinessError as refusal:
            self._keep(Called(name, said, how, None, refusal.code, str(refusal)))
            raise
        except Exception as error:
            self._keep(Called(name, said, how, None, type(error).__name__, str(error), broke=True))
            raise
        self._keep(Called(name, said, how, normalise(outputs or {})))
        return outputs

    def _keep(self, call: Called) -> None:
        self.trace.now.calls.append(call)

    def _resubmits(self) -> bool:
        if self.scenario.person is None:
            return False
        with self.world.engine.unit_of_work(self.world.actor(self.scenario.person), read_only=True) as uow:
            return any(draft.resubmits_id == self._main() for draft in drafting.list_(uow))

    @contextmanager
    def _looking(self) -> Iterator[None]:
        with operations.standing_in(Standing(self)), runtime.watching(self.trace):
            yield


def follow(stage: Stage, world: World, story: Scenario, *, sample: bool = False) -> tuple[Playing, Stopped | None]:
    """The story as far as it can be told in a world of `stage.trying`, and what stopped it."""
    return _followed(stage, Playing(world, replace(story, steps=()), sample=sample), story.steps)


def _followed(stage: Stage, fresh: Playing, steps: tuple[Step, ...]) -> tuple[Playing, Stopped | None]:
    run = _continued(stage.running, fresh, steps)
    stage.running = None
    number = 0
    try:
        if run is None:
            run = fresh
            run.begin()
        for number, step in enumerate(steps[len(run.scenario.steps) :], len(run.scenario.steps) + 1):  # noqa: B007 - read below
            run.go_on(step)
    except Failed as failed:
        reason = failed.__cause__ if isinstance(failed.__cause__, EngineError) else failed
        return _before(stage, fresh, steps, Stopped(number, reason))
    except EngineError as error:
        return _before(stage, fresh, steps, Stopped(number, error))
    stage.running = run
    return run, None


def _before(
    stage: Stage, fresh: Playing, steps: tuple[Step, ...], stopped: Stopped
) -> tuple[Playing, Stopped | None]:  # fmt: skip
    """The run up to the step that could not be done; not even begun when that was the start."""
    again = Playing(fresh.world, replace(fresh.scenario, steps=()), sample=fresh.sample)
    if stopped.number == 0:
        return again, stopped
    run, _ = _followed(stage, again, steps[: stopped.number - 1])
    return run, stopped


def _continued(last: Any, fresh: Playing, steps: tuple[Step, ...]) -> Playing | None:
    """What was played last, if these steps only add to it."""
    if (
        not isinstance(last, Playing)
        or last.world.beginning is not fresh.world.beginning
        or last.sample != fresh.sample
    ):
        return None
    done = last.scenario.steps
    same = replace(last.scenario, steps=()) == fresh.scenario and done == steps[: len(done)]
    return last if same else None


def sample_of(operation: Operation, now: datetime) -> Values:
    """What an operation might answer, by the types that its catalogue entry names."""
    known: Values = {
        "number": 1, "string": "sample", "id": SAMPLE_ID, "boolean": True, "date": now.date(), "date and time": now,
        "days and time duration": timedelta(days=1), "context": {},
    }  # fmt: skip
    return {
        name: [] if kind.startswith("list") else known.get(kind) for name, kind in operation.outputs.items()
    }  # fmt: skip


def duration_between(now: datetime, due: datetime) -> str:
    """As an `after` step says it, in whole seconds, rounded up."""
    left = due - now
    seconds = max(0, int(left.total_seconds()) + (1 if left.microseconds else 0))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    clock = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if n)
    return (f"P{days}D" if days else "P") + (f"T{clock}" if clock else "") if days or clock else "PT0S"


def _tasks(uow: UnitOfWork, instance_id: UUID) -> Iterator[OpenTask]:
    rows = uow.execute(_open_items, {"of": instance_id}).all()
    people = {user.id: user for user in identity.find(uow, {row.assignee_id for row in rows if row.assignee_id})}
    groups = {group.id: group for group in identity.find_groups(uow, {row.group_id for row in rows if row.group_id})}
    for row in rows:
        group = groups.get(row.group_id)
        asked = tuple(identity.members_of(uow, [group.id])) if group is not None else ()
        if row.assignee_id in people:
            asked = (people[row.assignee_id],)
        yield OpenTask(
            row.id, row.node, row.name, (row.spec or {}).get("labels") or {}, row.mode,
            bool((row.spec or {}).get("approval")), row.reason or "",
            row.status == ItemStatus.WAIT, group.key if group is not None else "", asked, row.due_at,
        )  # fmt: skip


def _due(uow: UnitOfWork, instance_id: UUID) -> Iterator[Due]:
    words = {JobKind.TIMER: "timer", JobKind.TIMEOUT: "timeout", JobKind.SERVICE: "retry"}
    for row in uow.execute(_later, {"of": instance_id}):
        yield Due(str(row.payload.get("node") or ""), words[JobKind(row.kind)], row.visible_at)


def _awaited(uow: UnitOfWork, view: InstanceView) -> Iterator[Awaited]:
    nodes = {token: node for token, node, _ in view.waits}
    for row in uow.execute(_subscribed, {"of": view.instance.id}):
        kind = SubscriptionKind(row.kind).name.lower()
        yield Awaited(kind, row.name, row.correlation_key, nodes.get(row.token, ""))
