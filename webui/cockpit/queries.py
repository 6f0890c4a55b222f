"""What operators look at: plain SELECTs over the engine's tables, a page at a time by key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, select, tuple_

from engine import history
from engine.db.audit import audit, audit_text
from engine.db.definition import Kind, definition
from engine.db.identity import user_account
from engine.db.instance import Status, instance
from engine.db.job import JobState, incident, job
from engine.unit_of_work import UnitOfWork

PAGE = 25
_LIVE = (Status.RUNNING, Status.SUSPENDED)


def instances(uow: UnitOfWork, *, process: str = "", status: str = "", text: str = "", trouble: bool = False,
              before: UUID | None = None) -> tuple[Sequence[Any], UUID | None]:  # fmt: skip
    """Newest first; the second value is the key to go on from."""
    query = _instances.where(instance.c.status != Status.DRAFT).order_by(instance.c.id.desc()).limit(PAGE + 1)
    if process:
        query = query.where(instance.c.process_key == process)
    if status in Status.__members__:
        query = query.where(instance.c.status == Status[status])
    if text:
        query = query.where(
            instance.c.title.icontains(text, autoescape=True)
            | (instance.c.number == text)
            | (instance.c.business_key == text)
        )
    if trouble:
        query = query.where(instance.c.incidents > 0)
    if before is not None:
        query = query.where(instance.c.id < before)
    return _paged(uow, query)


def incidents(uow: UnitOfWork, *, before: UUID | None = None) -> tuple[Sequence[Any], UUID | None]:
    """Open ones, newest first, with their instance."""
    query = _incidents.order_by(incident.c.id.desc()).limit(PAGE + 1)
    return _paged(uow, query if before is None else query.where(incident.c.id < before))


def incidents_of(uow: UnitOfWork, instance_id: UUID) -> Sequence[Any]:
    """Open ones of one instance."""
    return uow.execute(_incidents.where(incident.c.instance_id == instance_id).order_by(incident.c.id)).all()


def jobs(uow: UnitOfWork, *, state: str = "", instance_id: UUID | None = None, before: UUID | None = None
         ) -> tuple[Sequence[Any], UUID | None]:  # fmt: skip
    """Newest first, each with the title and number of its instance, and with what its open incident says."""
    query = _jobs.order_by(job.c.id.desc()).limit(PAGE + 1)
    if state in JobState.__members__:
        query = query.where(job.c.state == JobState[state])
    if instance_id is not None:
        query = query.where(job.c.instance_id == instance_id)
    return _paged(uow, query if before is None else query.where(job.c.id < before))


def overview(uow: UnitOfWork) -> Sequence[Any]:
    """Per deployed process: latest version, how many instances run and how many are in trouble."""
    live, troubled = instance.c.status.in_(_LIVE), instance.c.incidents > 0
    counts = (
        select(
            instance.c.process_key,
            func.count().label("running"),
            func.sum(case((troubled, 1), else_=0)).label("troubled"),
        )
        .where(live)
        .group_by(instance.c.process_key)
        .subquery()
    )
    latest = (
        select(definition.c.key, func.max(definition.c.version).label("version"))
        .where(definition.c.kind == Kind.PROCESS)
        .group_by(definition.c.key)
        .subquery()
    )
    query = (
        select(definition.c.id, definition.c.key, definition.c.name, definition.c.meta, definition.c.version,
               definition.c.deployed_at, counts.c.running, counts.c.troubled)
        .join(latest, (latest.c.key == definition.c.key) & (latest.c.version == definition.c.version))
        .outerjoin(counts, counts.c.process_key == definition.c.key)
        .where(definition.c.kind == Kind.PROCESS)
        .order_by(definition.c.key)
    )  # fmt: skip
    return uow.execute(query).all()


def backlog(uow: UnitOfWork) -> dict[str, Any]:
    """Jobs that are due or dead, and how long the oldest due one has waited."""
    due = job.c.visible_at <= uow.now
    row = uow.execute(
        select(
            func.count().filter(job.c.state == JobState.LIVE, due).label("due"),
            func.count().filter(job.c.state == JobState.LIVE, ~due).label("later"),
            func.count().filter(job.c.state == JobState.DEAD).label("dead"),
            func.min(job.c.visible_at).filter(job.c.state == JobState.LIVE, due).label("oldest"),
        )
    ).one()
    return dict(row._mapping)


@dataclass(frozen=True, slots=True)
class Done:
    """An act outside instances. `name`: of who did it. `data`: with what people have written, or that it is erased."""

    scope: str
    seq: int
    at: datetime
    kind: str
    name: str | None
    name_en: str
    data: dict[str, Any]


def acts(uow: UnitOfWork, *, limit: int = 100) -> list[Done]:
    """What was done outside instances, newest first."""
    query = (
        select(
            audit.c.scope,
            audit.c.seq,
            audit.c.at,
            audit.c.kind,
            audit.c.data,
            user_account.c.name,
            user_account.c.name_en,
        )
        .outerjoin(user_account, user_account.c.id == audit.c.actor_id)
        .order_by(audit.c.at.desc(), audit.c.scope, audit.c.seq.desc())
        .limit(limit)
    )
    found = [
        Done(row.scope, row.seq, row.at, row.kind, row.name, row.name_en or "", dict(row.data))
        for row in uow.execute(query)
    ]
    places = [(one.scope, one.seq) for one in found if history.TEXTS in one.data]
    written: dict[str, dict[tuple[int, str], str | None]] = {}
    if places:
        of = select(audit_text.c.scope, audit_text.c.seq, audit_text.c.name, audit_text.c.text)
        for row in uow.execute(of.where(tuple_(audit_text.c.scope, audit_text.c.seq).in_(places))):
            written.setdefault(row.scope, {})[row.seq, row.name] = row.text
    for one in found:
        history.tell(one.data, one.seq, written.get(one.scope, {}))
    return found


def _paged(uow: UnitOfWork, query: Select[Any]) -> tuple[Sequence[Any], UUID | None]:
    rows = uow.execute(query).all()
    return rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None


_instances = (
    select(
        instance.c.id, instance.c.process_key, instance.c.number, instance.c.business_key, instance.c.title,
        instance.c.status, instance.c.incidents, instance.c.created_at, instance.c.ended_at,
        definition.c.name.label("process_name"), definition.c.meta, definition.c.version,
        user_account.c.name, user_account.c.name_en,
    )
    .join(definition, definition.c.id == instance.c.definition_id)
    .outerjoin(user_account, user_account.c.id == instance.c.starter_id)
)  # fmt: skip
_jobs = (
    select(
        job, instance.c.title, instance.c.number, instance.c.process_key, incident.c.code, incident.c.detail,
        incident.c.message,
    )
    .outerjoin(instance, instance.c.id == job.c.instance_id)
    .outerjoin(incident, (incident.c.job_id == job.c.id) & incident.c.resolved_at.is_(None))
)  # fmt: skip
_incidents = (
    select(incident, instance.c.title, instance.c.number, instance.c.process_key, instance.c.definition_id)
    .outerjoin(instance, instance.c.id == incident.c.instance_id)
    .where(incident.c.resolved_at.is_(None))
)
