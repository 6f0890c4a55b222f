"""Jobs as the cockpit shows them, and the button that tries a dead one again."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from engine import incidents, runtime
from engine.db.job import JobKind, JobState, job
from engine.errors import NotFound
from engine.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class JobView:
    """One row. `running`: somebody holds its lease."""

    id: UUID
    kind: JobKind
    handler: str
    instance_id: UUID | None
    visible_at: datetime
    state: JobState
    attempts: int
    retry: str
    running: bool
    last_error: str | None
    created_at: datetime


def list_(
    uow: UnitOfWork, *, state: JobState | None = None, instance_id: UUID | None = None, limit: int = 100
) -> list[JobView]:
    """Jobs by due time, earliest first."""
    query = select(job).order_by(job.c.visible_at, job.c.id).limit(limit)
    if state is not None:
        query = query.where(job.c.state == int(state))
    if instance_id is not None:
        query = query.where(job.c.instance_id == instance_id)
    return [
        JobView(
            row.id, JobKind(row.kind), row.handler, row.instance_id, row.visible_at, JobState(row.state), row.attempts,
            row.retry, row.lock_token is not None, row.last_error, row.created_at,
        )
        for row in uow.execute(query)
    ]  # fmt: skip


def retry(uow: UnitOfWork, job_id: UUID) -> None:
    """Try a dead job again, under the same key; its incident is resolved. Raises NotFound, NotResolvable."""
    open_incident = incidents.of_job(uow, job_id)
    if open_incident is not None:
        runtime.resolve(uow, open_incident.id)
        return
    if uow.execute(select(job.c.id).where(job.c.id == job_id)).first() is None:
        raise NotFound(kind="job", key=job_id)
    runtime.retry_job(uow, job_id)
