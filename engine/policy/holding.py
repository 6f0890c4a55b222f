"""What the gate holds: looked at again when somebody asks or when a yes for its document appears, else escalated."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, bindparam, insert, select, update

from engine import audit, history, identity, ids, workdays
from engine.db.instance import Instance
from engine.db.job import JobKind, JobState, job
from engine.db.policy import policy_hold
from engine.errors import PolicyHold, restored, stored
from engine.unit_of_work import UnitOfWork

RECHECK = "policy.recheck"
ESCALATE = "policy.escalate"
USED = "policy.used"
"""job that tells an instance what another one has done with its approvals"""
PATIENCE = 3
"""working days after which somebody above is told"""
TOLD = ("policy", "audit")
"""capabilities of those who are told"""
_RETRY = "PT10S,PT1M,PT10M,PT1H"

_insert = insert(policy_hold)
_insert_job = insert(job)
_again = (
    update(policy_hold)
    .where(policy_hold.c.job_id == bindparam("row"))
    .values(times=policy_hold.c.times + 1, reasons=bindparam("why"), looked_at=bindparam("at_time"), ended_at=None)
)
_end = update(policy_hold).where(policy_hold.c.job_id == bindparam("row"), policy_hold.c.ended_at.is_(None))
_escalated = (
    update(policy_hold)
    .where(
        policy_hold.c.job_id == bindparam("row"), policy_hold.c.ended_at.is_(None), policy_hold.c.escalated_at.is_(None)
    )
    .values(escalated_at=bindparam("at_time"))
)
_open = (
    select(policy_hold)
    .join(job, job.c.id == policy_hold.c.job_id)
    .where(policy_hold.c.ended_at.is_(None), job.c.state == int(JobState.DEAD))
    .order_by(policy_hold.c.held_at)
)
_of_subject = _open.where(
    policy_hold.c.subject_type == bindparam("of_type"), policy_hold.c.subject_id == bindparam("of_id")
)
_of_instance = _open.where(policy_hold.c.instance_id == bindparam("of"))
_by_job = _open.where(policy_hold.c.job_id == bindparam("row"))


@dataclass(frozen=True, slots=True)
class Hold:
    """A guarded operation that waits. `reasons`: (template, facts) each; `times`: how often the gate has refused."""

    job_id: UUID
    instance_id: UUID | None
    node: str | None
    operation: str
    operation_class: str
    subject_type: str
    subject_id: str
    reasons: tuple[tuple[str, dict[str, Any]], ...]
    times: int
    held_at: datetime
    escalated_at: datetime | None


def note(uow: UnitOfWork, error: PolicyHold, job_id: UUID, instance: Instance | None, node: str | None) -> None:
    """Write down that the gate has refused the operation of a job, for whichever time."""
    why = [[text, {name: stored(value) for name, value in facts.items()}] for text, facts in error.reasons]
    again = uow.execute(_again, {"row": job_id, "why": why, "at_time": uow.now})
    data: dict[str, Any]
    if cast("CursorResult[Any]", again).rowcount:
        data = {"operation": str(error.facts["operation"]), "job": str(job_id), "row": audit.sealed_hold(uow, job_id)}
        _record(uow, instance, "policy.held_again", node, data)
        return
    subject_type, subject_id = error.subject
    uow.execute(
        _insert,
        {
            "job_id": job_id, "instance_id": None if instance is None else instance.id, "node": node,
            "operation": str(error.facts["operation"]), "operation_class": error.operation_class,
            "subject_type": subject_type, "subject_id": subject_id, "reasons": why, "times": 1, "held_at": uow.now,
            "looked_at": uow.now,
        },
    )  # fmt: skip
    data = {"operation": str(error.facts["operation"]), "subject": f"{subject_type} {subject_id}",
            "tell": told(uow, TOLD), "job": str(job_id), "row": audit.sealed_hold(uow, job_id)}  # fmt: skip
    _record(uow, instance, "policy.held", node, data)
    _queue(uow, ESCALATE, job_id, None if instance is None else instance.id, _patience(uow))


def end(uow: UnitOfWork, job_id: UUID) -> None:
    """The gate lets it pass."""
    uow.queue(_end, {"row": job_id, "ended_at": uow.now})


def stir(uow: UnitOfWork, subject_type: str, subject_id: str) -> None:
    """Have what is held about a document looked at again, each by a job of its own instance."""
    for row in uow.read(_of_subject, {"of_type": subject_type, "of_id": subject_id}):
        _queue(uow, RECHECK, row.job_id, row.instance_id, uow.now)
        uow.wake_runners()


def open_holds(uow: UnitOfWork) -> list[Hold]:
    """What is held now, the oldest first."""
    return [_hold(row) for row in uow.read(_open)]


def holds_of(uow: UnitOfWork, instance_id: UUID) -> list[Hold]:
    """What is held of one request, the oldest first."""
    return [_hold(row) for row in uow.read(_of_instance, {"of": instance_id})]


def of_job(uow: UnitOfWork, job_id: UUID) -> Hold | None:
    """The open hold of a job."""
    row = uow.read_one(_by_job, {"row": job_id})
    return None if row is None else _hold(row)


def escalate(uow: UnitOfWork, instance: Instance | None, job_id: UUID) -> bool:
    """Tell controllers and auditors of a hold that nobody has ended; once. False: there is nothing to tell."""
    hold = of_job(uow, job_id)
    if hold is None or hold.escalated_at is not None:
        return False
    uow.execute(_escalated, {"row": job_id, "at_time": uow.now})
    data = {"operation": hold.operation, "subject": f"{hold.subject_type} {hold.subject_id}",
            "held_at": hold.held_at.isoformat(), "tell": told(uow, TOLD), "job": str(job_id),
            "at": audit.instant(uow.now)}  # fmt: skip
    _record(uow, instance, "policy.escalated", hold.node, data)
    return True


def _record(uow: UnitOfWork, instance: Instance | None, kind: str, node: str | None, data: dict[str, Any]) -> None:
    if instance is not None:
        history.record(uow, instance, kind, node=node, data=data)
    else:
        history.act(uow, "policy", kind, data)


def watchers(uow: UnitOfWork) -> list[str]:
    """Ids of those who look after policies, or read the record."""
    return told(uow, TOLD)


def told(uow: UnitOfWork, words: Iterable[str]) -> list[str]:
    """Ids of the active members of groups that have one of these keys or capabilities."""
    wanted = set(words)
    groups = [group.id for group in identity.groups(uow) if group.key in wanted or group.capabilities & wanted]
    return [str(user.id) for user in identity.members_of(uow, groups)] if groups else []


def _patience(uow: UnitOfWork) -> datetime:
    workdays.ensure_cn(uow)
    return workdays.calendar(uow).add(uow.now, timedelta(days=PATIENCE))


def _queue(uow: UnitOfWork, handler: str, job_id: UUID, instance_id: UUID | None, at: datetime) -> None:
    queue(uow, handler, {"job": str(job_id)}, instance_id, at)


def tell_instance(uow: UnitOfWork, instance_id: UUID, kind: str, fact: dict[str, Any]) -> None:
    """No transaction writes into two instances: a job tells the other one what became of its approvals."""
    queue(uow, USED, {"instance": str(instance_id), "kind": kind, "fact": fact}, None, uow.now)
    uow.wake_runners()


def note_used(uow: UnitOfWork, instance: Instance, payload: Mapping[str, Any]) -> None:
    """In the chain of the instance that approved: what another one has done with it, as `tell_instance` was told."""
    # jobs of before name no kind
    history.record(uow, instance, payload.get("kind", "approval.used"), data=dict(payload["fact"]))


def queue(uow: UnitOfWork, handler: str, payload: dict[str, Any], instance_id: UUID | None, at: datetime) -> None:
    """A job of this room."""
    key = ids.uuid7()
    uow.queue(
        _insert_job,
        {
            "id": key, "instance_id": instance_id, "token": None, "kind": int(JobKind.MAINTENANCE), "handler": handler,
            "payload": payload, "shard": key.bytes[-1] % 64, "visible_at": at, "state": 0, "attempts": 0,
            "retry": _RETRY, "last_error": None, "created_at": uow.now,
        },
    )  # fmt: skip


def _hold(row: Any) -> Hold:
    return Hold(
        row.job_id, row.instance_id, row.node, row.operation, row.operation_class, row.subject_type, row.subject_id,
        tuple((text, {name: restored(value) for name, value in facts.items()}) for text, facts in row.reasons),
        row.times, row.held_at, row.escalated_at,
    )  # fmt: skip
