"""Steps of `troika:timeout`: one job at a time for each item that somebody is to decide, while the round is open."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, or_

from engine import ids, workdays
from engine.bpmn import timers
from engine.bpmn.steps import Work
from engine.db.job import JobKind, job
from engine.unit_of_work import UnitOfWork

_insert = insert(job)
_remove = delete(job).where(
    job.c.instance_id == bindparam("of"),
    # without an item: as earlier versions put it
    or_(job.c.handler == bindparam("handler_of"), job.c.handler.like(bindparam("items_of"))),
)
_start_over = delete(job).where(job.c.instance_id == bindparam("of"), job.c.handler == bindparam("handler_of"))


def arm(
    uow: UnitOfWork, instance_id: UUID, token: int, work: Work, item_ids: Iterable[UUID], *, again: bool = False
) -> None:  # fmt: skip
    """The first step of each item that is asked from now on. `again`: what still runs from before is forgotten."""
    if work.timeout:
        for item_id in item_ids:
            if again:
                uow.queue(_start_over, {"of": instance_id, "handler_of": _handler(token, str(item_id))})
            payload = {"item": str(item_id), "step": 0, "turn": 1, "arrived": uow.now.isoformat()}
            put(uow, instance_id, token, work, payload, uow.now)


def put(uow: UnitOfWork, instance_id: UUID, token: int, work: Work, payload: dict[str, Any], since: datetime) -> None:
    """The job of one step. `payload`: item, number of the step, how often it has been reached; `since`: counts from."""
    step = work.timeout[payload["step"]]
    counted = {name: value for name, value in payload.items() if name != "counted"}
    if step["calendar"]:
        after = timers.read_timer("duration", step["after"], uow.settings.timezone)
        counted["counted"] = {"calendar": step["calendar"], "since": since, "step": after}
    put_at(uow, instance_id, token, counted, due_at(uow, step, since), step["calendar"])


def put_at(
    uow: UnitOfWork, instance_id: UUID, token: int, payload: dict[str, Any], due: datetime, calendar: str | None = None
) -> None:  # fmt: skip
    """As `put`, at a moment that is known. `calendar`: by which it was counted."""
    uow.queue(
        _insert,
        {
            "id": ids.uuid7(), "instance_id": instance_id, "token": None, "kind": int(JobKind.TIMEOUT),
            "handler": _handler(token, payload["item"]), "payload": payload, "shard": instance_id.bytes[-1] % 64,
            "visible_at": due, "state": 0, "attempts": 0, "retry": uow.settings.job_retry, "created_at": uow.now,
            "calendar": calendar,
        },
    )  # fmt: skip


def forget(uow: UnitOfWork, instance_id: UUID, token: int, item_id: UUID) -> None:
    """Nothing falls due for this item any more."""
    uow.queue(_start_over, {"of": instance_id, "handler_of": _handler(token, str(item_id))})


def disarm(uow: UnitOfWork, instance_id: UUID, token: int) -> None:
    """The round is over: nobody is reminded any more."""
    uow.queue(_remove, {"of": instance_id, "handler_of": f"timeout/{token}", "items_of": _handler(token, "%")})


def due_at(uow: UnitOfWork, step: dict[str, Any], since: datetime) -> datetime:
    """When a step falls due, in working time where it has a calendar."""
    zone = uow.settings.timezone
    duration = timers.read_timer("duration", step["after"], zone)
    calendar = workdays.calendar(uow, step["calendar"]) if step["calendar"] else None
    return timers.later(since, duration, zone, calendar)  # type: ignore[arg-type]


def _handler(token: int, item: str) -> str:
    return f"timeout/{token}/{item}"
