"""Due dates and timers follow the working calendar that counted them: told beforehand, moved instance by instance."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, union, update

from engine import history, repository, runtime, workdays
from engine.approvals import rounds
from engine.bpmn import timers
from engine.db.instance import Instance
from engine.db.job import JobKind, JobState, job
from engine.db.task import RoundStatus, inbox, user_task, work_item
from engine.runtime import LIVE, later
from engine.unit_of_work import UnitOfWork
from engine.values import stored_json
from engine.workdays import DayChange, WorkCalendar

RECOUNT = "calendar.recount"
PAGE = 200
MOST_COUNTED = 5_000
"""rows that a page looks through before somebody saves"""
_UNTRIED = (job.c.attempts == 0, job.c.state.in_([int(JobState.LIVE), int(JobState.SUSPENDED)]))

_rounds = (
    select(user_task.c.id, user_task.c.node, user_task.c.due_at, user_task.c.follow_up_at, user_task.c.spec)
    .where(user_task.c.status == int(RoundStatus.OPEN), user_task.c.calendar == bindparam("counted_by"))
    .order_by(user_task.c.instance_id)
)
_jobs = (
    select(job.c.id, job.c.kind, job.c.token, job.c.payload, job.c.visible_at)
    .where(job.c.calendar == bindparam("counted_by"), *_UNTRIED)
    .order_by(job.c.instance_id)
)
_move_round = update(user_task).where(user_task.c.id == bindparam("row"))
_items = select(work_item.c.id).where(
    work_item.c.user_task_id == bindparam("row"),
    work_item.c.due_at == bindparam("was_due"),
    work_item.c.status.in_([int(status) for status in rounds.OPEN]),
)
_move_item = update(work_item).where(work_item.c.id == bindparam("row"))
_move_in_inbox = update(inbox).where(inbox.c.work_item_id == bindparam("row"))
_move_job = update(job).where(job.c.id == bindparam("row"))  # whoever has just begun it loses his lease


@dataclass(frozen=True, slots=True)
class Moves:
    """How much a change would move. `complete`: everything was looked through."""

    tasks: int
    timers: int
    complete: bool


def preview(uow: UnitOfWork, key: str, changes: Sequence[DayChange], week: str = "") -> Moves:
    """What `change` would move. Raises NotFound, InvalidValue."""
    calendar = workdays.changed(workdays.calendar(uow, key), changes, week)
    zone = uow.settings.timezone
    tasks = uow.execute(_rounds.limit(MOST_COUNTED + 1), {"counted_by": key}).all()
    jobs = uow.execute(_jobs.limit(MOST_COUNTED + 1), {"counted_by": key}).all()
    return Moves(
        sum(_moments(row, zone, calendar) != (row.due_at, row.follow_up_at) for row in tasks[:MOST_COUNTED]),
        sum(_due(row, zone, calendar) != row.visible_at for row in jobs[:MOST_COUNTED]),
        max(len(tasks), len(jobs)) <= MOST_COUNTED,
    )


def change(uow: UnitOfWork, key: str, changes: Sequence[DayChange], week: str = "") -> int:
    """Change days, or the week; jobs move what was counted by the calendar. How many days, or 1 for the week.

    Raises NotFound, InvalidValue.
    """
    count = workdays.change_days(uow, key, changes)
    if week:
        count += workdays.change_week(uow, key, week)
    if count:
        later.put(uow, JobKind.MAINTENANCE, RECOUNT, {"calendar": key})
    return count


def run(uow: UnitOfWork, instance_id: UUID | None, payload: dict[str, Any]) -> None:
    """The job: of one instance, which the caller has locked; without one, a job for each that is concerned."""
    key = payload["calendar"]
    if instance_id is not None:
        _follow(uow, instance_id, key)
        return
    after = payload.get("after")
    if after is None:
        repository.recount_starts(uow, key)
    concerned = list(_concerned(uow, key, None if after is None else UUID(after)))
    for found in concerned:
        later.put(uow, JobKind.MAINTENANCE, RECOUNT, {"calendar": key}, instance_id=found)
    if len(concerned) == PAGE:
        later.put(uow, JobKind.MAINTENANCE, RECOUNT, {"calendar": key, "after": str(concerned[-1])})


def _concerned(uow: UnitOfWork, key: str, after: UUID | None) -> Iterator[UUID]:
    of = [
        select(user_task.c.instance_id).where(
            user_task.c.status == int(RoundStatus.OPEN), user_task.c.calendar == key,
            *(() if after is None else (user_task.c.instance_id > after,)),
        ),
        select(job.c.instance_id).where(
            job.c.calendar == key, job.c.instance_id.is_not(None),
            *(() if after is None else (job.c.instance_id > after,)),
        ),
    ]  # fmt: skip
    both = union(*of).subquery()
    yield from uow.execute(select(both.c.instance_id).order_by(both.c.instance_id).limit(PAGE)).scalars()


def _follow(uow: UnitOfWork, instance_id: UUID, key: str) -> None:
    instance = uow.lock_instance(instance_id)
    if instance.status not in LIVE:
        return
    zone, calendar = uow.settings.timezone, workdays.calendar(uow, key)
    of = {"counted_by": key}
    for row in uow.execute(_rounds.where(user_task.c.instance_id == instance_id), of).all():
        _move_task(uow, instance, row, _moments(row, zone, calendar))
    for row in uow.execute(_jobs.where(job.c.instance_id == instance_id), of).all():
        due = _due(row, zone, calendar)
        if due == row.visible_at:
            continue
        if row.kind == JobKind.TIMER:
            runtime.reschedule(uow, instance, row.token, due, row.payload["counted"])
        else:
            uow.queue(_move_job, {"row": row.id, "visible_at": due, "lock_token": None})
    uow.wake_runners()


def _move_task(uow: UnitOfWork, instance: Instance, row: Any, moments: tuple[datetime | None, datetime | None]) -> None:
    due, follow_up = moments
    if moments == (row.due_at, row.follow_up_at):
        return
    uow.queue(_move_round, {"row": row.id, "due_at": due, "follow_up_at": follow_up})
    if due == row.due_at:
        return
    for item in uow.execute(_items, {"row": row.id, "was_due": row.due_at}).scalars().all():
        uow.queue(_move_item, {"row": item, "due_at": due})
        uow.queue(_move_in_inbox, {"row": item, "due_key": rounds.due_key(due)})
    history.record(
        uow, instance, "task.due_moved", node=row.node,
        data={"task": str(row.id), "calendar": row.spec["counted"]["calendar"]},
        texts={history.VALUES: stored_json({"from": row.due_at, "to": due})},
    )  # fmt: skip


def _moments(row: Any, zone: str, calendar: WorkCalendar) -> tuple[datetime | None, datetime | None]:
    """(due, follow up) of a round; what was no duration stays."""
    counted = row.spec["counted"]
    found = {name: counted[name] for name in ("due", "follow_up") if name in counted}
    due, follow_up = (
        timers.later(counted["since"], found[name], zone, calendar) if name in found else before
        for name, before in (("due", row.due_at), ("follow_up", row.follow_up_at))
    )
    return due, follow_up


def _due(row: Any, zone: str, calendar: WorkCalendar) -> datetime:
    return timers.recount(row.payload["counted"], zone, calendar)
