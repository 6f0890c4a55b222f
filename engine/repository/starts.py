"""How deployed processes begin by themselves: message subscriptions and start timers follow the newest version."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, text, update

from engine import ids, workdays
from engine.bpmn import timers
from engine.bpmn.program import Program, Start
from engine.db.definition import Kind
from engine.db.definition import definition as definition_table
from engine.db.job import JobKind, job
from engine.db.subscription import SubscriptionKind, subscription
from engine.errors import Title
from engine.unit_of_work import UnitOfWork

_insert_job = insert(job)
_insert_subscription = insert(subscription)
_counted = select(job.c.id, job.c.payload, job.c.visible_at).where(
    job.c.calendar == bindparam("counted_by"), job.c.instance_id.is_(None), job.c.attempts == 0
)
_waiting = (
    select(definition_table.c.key, definition_table.c.name, definition_table.c.meta)
    .join(subscription, subscription.c.definition_id == definition_table.c.id)
    .where(subscription.c.kind == int(SubscriptionKind.MESSAGE), subscription.c.name == bindparam("awaited"))
    .order_by(definition_table.c.key)
)
_move = update(job).where(job.c.id == bindparam("row"), job.c.attempts == text("0"))
_KINDS = {
    "message": SubscriptionKind.MESSAGE, "signal": SubscriptionKind.SIGNAL, "conditional": SubscriptionKind.CONDITION,
}  # fmt: skip


def replace(uow: UnitOfWork, key: str, definition_id: UUID, program: Program) -> None:
    """Take over the starts of process `key` from its older versions; an unchanged timer keeps its next firing."""
    older = select(definition_table.c.id).where(
        definition_table.c.kind == int(Kind.PROCESS), definition_table.c.key == key
    )
    uow.execute(delete(subscription).where(subscription.c.definition_id.in_(older)))
    armed = uow.execute(select(job.c.id, job.c.payload).where(job.c.handler == handler_of(key))).all()
    uow.execute(delete(job).where(job.c.handler == handler_of(key)))
    known = {(row.payload["node"], row.payload["timer"]): row.payload for row in armed}
    for start in program.starts:
        if start.kind in _KINDS:
            uow.queue(
                _insert_subscription,
                {
                    "id": ids.uuid7(), "kind": int(_KINDS[start.kind]), "name": start.name or "",
                    "correlation_key": "", "instance_id": None, "token": None, "definition_id": definition_id,
                    "node": start.node, "created_at": uow.now,
                },
            )  # fmt: skip
        elif start.kind == "timer":
            kept = known.get((start.node, _text(start)))
            if kept is None:
                schedule = start.first(uow.now, uow.settings.timezone, _calendar(uow, start))
            else:
                schedule = timers.Schedule(kept["due"], kept["left"], kept["cycle"], kept.get("counted"))
            _arm(uow, key, definition_id, start, schedule)


def begun_by(uow: UnitOfWork, message: str) -> dict[str, Title]:
    """Deployed processes that begin with a message of this name -> their titles."""
    found = uow.execute(_waiting, {"awaited": message})
    return {row.key: Title(row.name, row.meta.get("labels", {})) for row in found}


def schedule_again(uow: UnitOfWork, key: str, program: Program, payload: dict[str, Any]) -> None:
    """Arm the firing after the one that `payload` describes, counted from its scheduled time."""
    if payload["cycle"] is None:
        return
    due: datetime = payload["due"]
    start = next(
        start for start in program.starts if start.node == payload["node"] and _text(start) == payload["timer"]
    )
    zone, calendar = uow.settings.timezone, _calendar(uow, start)
    coming = timers.again(payload["cycle"], due, payload["left"], uow.now, zone, calendar)
    if coming is not None:
        _arm(uow, key, UUID(payload["definition"]), start, coming)


def recount(uow: UnitOfWork, calendar: str) -> None:
    """Start timers that were counted by `calendar`, which has changed, count anew."""
    for row in uow.execute(_counted, {"counted_by": calendar}).all():
        due = timers.recount(row.payload["counted"], uow.settings.timezone, workdays.calendar(uow, calendar))
        if due != row.visible_at:
            uow.queue(_move, {"row": row.id, "visible_at": due, "payload": {**row.payload, "due": due}})


def handler_of(key: str) -> str:
    """The handler of the start timers of process `key`."""
    return f"start:{key}"


def _arm(uow: UnitOfWork, key: str, definition_id: UUID, start: Start, schedule: timers.Schedule) -> None:
    job_id = ids.named(definition_id, start.node, _text(start), schedule.due.isoformat())
    uow.queue(
        _insert_job,
        {
            "id": job_id, "instance_id": None, "token": None, "kind": int(JobKind.TIMER), "handler": handler_of(key),
            "payload": {
                "definition": str(definition_id), "node": start.node, "due": schedule.due, "left": schedule.left,
                "cycle": schedule.cycle, "timer": _text(start), "counted": schedule.counted,
            },
            "shard": job_id.bytes[0] % 64, "visible_at": schedule.due, "state": 0, "attempts": 0,
            "retry": uow.settings.job_retry, "created_at": uow.now,
            "calendar": start.timer.calendar if start.timer is not None and schedule.counted else None,
        },
    )  # fmt: skip


def _calendar(uow: UnitOfWork, start: Start) -> workdays.WorkCalendar | None:
    """Raises NotFound."""
    key = start.timer.calendar if start.timer is not None else None
    return None if key is None else workdays.calendar(uow, key)


def _text(start: Start) -> str:
    """What must be the same for a firing to stay as it is planned."""
    if start.timer is None:
        return ""
    return " ".join(filter(None, (start.timer.kind, start.timer.slot.text, start.timer.calendar)))
