"""Job rows: what must happen after this transaction, put there in it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, update

from engine.db.instance import Instance, Status
from engine.db.job import JobKind, JobState, job
from engine.ids import uuid7
from engine.unit_of_work import UnitOfWork

_insert = insert(job)
# services, timers and continuations end with their wait; a delivery under way gives its message back by itself
_remove = delete(job).where(
    job.c.instance_id == bindparam("of"), job.c.token == bindparam("waiting"), job.c.kind < int(JobKind.MESSAGE)
)
_freeze = (
    update(job)
    .where(
        job.c.instance_id == bindparam("of"),
        job.c.state == int(JobState.LIVE),
        job.c.kind != int(JobKind.BATCH_ITEM),  # what an administrator does to a suspended instance
    )
    .values(state=int(JobState.SUSPENDED))
)
_thaw = (
    update(job)
    .where(job.c.instance_id == bindparam("of"), job.c.state == int(JobState.SUSPENDED))
    .values(state=int(JobState.LIVE))
)


_OF_TOKENS = (JobKind.SERVICE, JobKind.TIMER, JobKind.CONTINUATION)


def put(
    uow: UnitOfWork,
    kind: JobKind,
    handler: str,
    payload: dict[str, Any],
    *,
    instance_id: UUID | None = None,
    token: int | None = None,
    at: datetime | None = None,
    retry: str | None = None,
    key: UUID | None = None,
    attempts: int = 0,
    last_error: str | None = None,
    state: JobState | None = None,
    calendar: str | None = None,
) -> UUID:
    """A job due `at` (now, when None). `key`: its id and the idempotency key of its effect.

    `state`: SUSPENDED for what comes for an instance that stands still, as it is for what its own tokens wait for;
    `thaw` sets it going. `calendar`: by which `at` was counted.
    """
    if state is None:
        state = JobState.SUSPENDED if kind in _OF_TOKENS and _stands_still(uow, instance_id) else JobState.LIVE
    job_id = key or uuid7()
    uow.queue(
        _insert,
        {
            "id": job_id, "instance_id": instance_id, "token": token, "kind": int(kind), "handler": handler,
            "payload": payload, "shard": (instance_id or job_id).bytes[-1] % 64, "visible_at": at or uow.now,
            "state": int(state), "attempts": attempts, "retry": retry or uow.settings.job_retry,
            "last_error": last_error, "created_at": uow.now, "calendar": calendar,
        },
    )  # fmt: skip
    if at is None or at <= uow.now:
        uow.wake_runners()
    return job_id


def _stands_still(uow: UnitOfWork, instance_id: UUID | None) -> bool:
    locked = uow.instance
    return locked is not None and locked.id == instance_id and locked.status is Status.SUSPENDED


def remove(uow: UnitOfWork, instance: Instance, token: int) -> None:
    """Nobody wants it any more."""
    uow.queue(_remove, {"of": instance.id, "waiting": token})


def freeze(uow: UnitOfWork, instance: Instance) -> None:
    """Suspend the live jobs of an instance; whoever holds a lease loses it."""
    uow.queue(_freeze, {"of": instance.id, "lock_token": None})


def thaw(uow: UnitOfWork, instance: Instance) -> None:
    """Let them go on."""
    uow.queue(_thaw, {"of": instance.id})
    uow.wake_runners()
