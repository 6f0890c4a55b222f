"""Leases: a job belongs to its runner until `visible_at`; the token fences off whoever comes too late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, bindparam, delete, select, text, update

from engine import crash
from engine.db.base import UtcDateTime
from engine.db.job import JobKind, job
from engine.ids import uuid7
from engine.process_engine import ProcessEngine
from engine.unit_of_work import ENGINE, UnitOfWork

_due = (
    select(job.c.id)
    .where(job.c.state == text("0"), job.c.visible_at <= bindparam("at"))
    .order_by(job.c.visible_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
    .cte("due")
)
_look = select(job.c.id).where(job.c.state == text("0"), job.c.visible_at <= bindparam("at")).limit(1)
_claim = (
    update(job)
    .where(job.c.id == _due.c.id)
    .values(
        visible_at=bindparam("until", type_=UtcDateTime),
        attempts=job.c.attempts + 1,
        lock_token=bindparam("lease"),
        lock_owner=bindparam("owner"),
    )
    .returning(
        job.c.id, job.c.kind, job.c.handler, job.c.instance_id, job.c.token, job.c.payload, job.c.attempts, job.c.retry
    )
)
_mine = (job.c.id == bindparam("row"), job.c.lock_token == bindparam("lease"))
_extend = update(job).where(*_mine).values(visible_at=bindparam("until", type_=UtcDateTime))
_release = (
    update(job)
    .where(*_mine)
    .values(visible_at=bindparam("until", type_=UtcDateTime), lock_token=None, attempts=job.c.attempts - 1)
)
_hasten = (
    update(job)
    .where(job.c.id == bindparam("row"), job.c.lock_token.is_(None))
    .values(visible_at=bindparam("until", type_=UtcDateTime))
)
_fence = delete(job).where(*_mine)


class Fenced(Exception):
    """The lease was lost: somebody else owns the job now, or nobody wants it any more. Change nothing."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that is ours until its lease ends. `attempts` counts this one."""

    id: UUID
    kind: JobKind
    handler: str
    instance_id: UUID | None
    token: int | None
    payload: dict[str, Any]
    attempts: int
    retry: str
    lease: UUID

    @property
    def lease_key(self) -> tuple[UUID, UUID]:
        """Tells this claim from a later one of the same job."""
        return self.id, self.lease


def any_due(engine: ProcessEngine) -> bool:
    """Whether there is anything to claim; read-only, so that an idle runner disturbs nobody."""
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return uow.execute(_look, {"at": uow.now}).first() is not None


def claim(engine: ProcessEngine, owner: str, limit: int = 1) -> list[Claimed]:
    """Take up to `limit` due jobs, oldest first, in a transaction of its own. `owner`: for people who look."""
    lease = uuid7()
    with engine.unit_of_work(ENGINE) as uow:
        binds = {
            "at": uow.now, "most": limit, "until": uow.now + engine.settings.lease, "lease": lease, "owner": owner
        }  # fmt: skip
        rows = uow.execute(_claim, binds).all()
    crash.here("claim")
    return [
        Claimed(
            row.id, JobKind(row.kind), row.handler, row.instance_id, row.token, row.payload, row.attempts, row.retry,
            lease,
        )
        for row in rows
    ]  # fmt: skip


def extend(engine: ProcessEngine, claimed: Sequence[Claimed]) -> list[Claimed]:
    """Keep the leases for another while; returns the jobs that are lost."""
    with engine.unit_of_work(ENGINE) as uow:
        return [item for item in claimed if not keep(uow, item)]


def release(engine: ProcessEngine, claimed: Sequence[Claimed], *, after: timedelta = timedelta()) -> None:
    """Give back jobs that were not begun, or that met trouble which is nobody's failure: no attempt is used."""
    with engine.unit_of_work(ENGINE) as uow:
        for item in claimed:
            uow.execute(_release, {"row": item.id, "lease": item.lease, "until": uow.now + after})
    crash.here("release")


def give_back(uow: UnitOfWork, claimed: Claimed) -> None:
    """No attempt is used; due again at once."""
    uow.execute(_release, {"row": claimed.id, "lease": claimed.lease, "until": uow.now})


def hasten(uow: UnitOfWork, claimed: Claimed) -> bool:
    """Due again at once, if the lease was taken away while the job was running and nobody has it now: its instance was
    suspended. False: somebody else has it, or nobody wants it any more."""
    return _rows(uow.execute(_hasten, {"row": claimed.id, "until": uow.now})) == 1


def keep(uow: UnitOfWork, claimed: Claimed) -> bool:
    """Extend one lease; False: it is lost."""
    binds = {"row": claimed.id, "lease": claimed.lease, "until": uow.now + uow.settings.lease}
    return _rows(uow.execute(_extend, binds)) == 1


def fence(uow: UnitOfWork, claimed: Claimed) -> None:
    """The job is done in this transaction, if it is still ours. Raises Fenced."""
    if _rows(uow.execute(_fence, {"row": claimed.id, "lease": claimed.lease})) != 1:
        raise Fenced


def _rows(result: Any) -> int:
    return cast("CursorResult[Any]", result).rowcount
