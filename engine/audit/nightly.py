"""The whole record verified every night by a job, and whenever somebody asks; what came out stays on record."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import bindparam, insert, select, update

from engine import ids
from engine.audit import anchoring, checking, verifier
from engine.audit.checking import VerifyReport
from engine.audit.sinks import SinkUnreachable
from engine.audit.verifier import Report
from engine.db.audit import audit_check
from engine.db.job import JobKind, job
from engine.errors import Term
from engine.findings import Finding, Level
from engine.process_engine import ProcessEngine
from engine.unit_of_work import Actor, UnitOfWork

HANDLER = "audit.verify"
NIGHT = time(2, 30)
"""of the business zone"""
_NIGHTS = UUID("8d1f8f0c-7d0e-4c53-9b0b-3d9c2f5f7a11")
_RETRY = "PT10M,PT1H"
_SHOWN = 50
_insert_check = insert(audit_check)
_insert_job = insert(job)
_finish = (
    update(audit_check)
    .where(audit_check.c.id == bindparam("of"))
    .values(finished_at=bindparam("ended"), exit=bindparam("code"), result=bindparam("told"))
)


@dataclass(frozen=True, slots=True)
class Check:
    """One verification. `exit` None: it has not ended."""

    id: UUID
    started_at: datetime
    finished_at: datetime | None
    exit: int | None
    asked_by: UUID | None
    counts: dict[str, int]
    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]


def plan_check(uow: UnitOfWork) -> bool:
    """Queue the verification of this night, once; whether it was queued now."""
    zone = uow.settings.zone
    today = uow.now.astimezone(zone).date()
    night = datetime.combine(today, NIGHT, zone)
    if uow.now < night:
        today -= timedelta(days=1)
        night -= timedelta(days=1)
    key = uuid5(_NIGHTS, today.isoformat())
    newer = select(audit_check.c.id).where((audit_check.c.id == key) | (audit_check.c.started_at >= night)).limit(1)
    if uow.execute(newer).first() is not None:
        return False
    uow.alone("audit check")
    if uow.execute(newer).first() is not None:
        return False
    _queue(uow, key, None)
    return True


def ask_check(uow: UnitOfWork) -> UUID:
    """Queue a verification now."""
    key = ids.uuid7()
    _queue(uow, key, uow.actor.user_id)
    return key


def _queue(uow: UnitOfWork, key: UUID, asked_by: UUID | None) -> None:
    uow.execute(_insert_check, {"id": key, "started_at": uow.now, "asked_by": asked_by})
    uow.execute(
        _insert_job,
        {
            "id": key, "kind": int(JobKind.MAINTENANCE), "handler": HANDLER, "payload": {"check": str(key)},
            "shard": key.bytes[-1] % 64, "visible_at": uow.now, "state": 0, "attempts": 0, "retry": _RETRY,
            "created_at": uow.now,
        },
    )  # fmt: skip
    uow.wake_runners()


def run_check(engine: ProcessEngine, actor: Actor) -> VerifyReport:
    """Verify everything against what lies outside, in a transaction that only reads."""
    report = Report()
    try:
        outside = anchoring.outside(engine.settings)
    except (anchoring.CheckpointUnreadable, SinkUnreachable) as error:
        report.note("sink-unreachable", "anchors", verifier.SINK_UNREACHABLE, found=str(error))
        outside = None
    else:
        if outside is None:
            report.note("sink-unreachable", "anchors", verifier.SINK_UNREACHABLE, found=anchoring.BY_MAIL)
    with engine.unit_of_work(actor, read_only=True) as uow:
        checking.snapshot(uow)
        found = checking.verify(uow, outside=outside, overdue_after=anchoring.every(engine.settings))
    found.notes += checking.as_report(report).notes
    return found


def store_check(uow: UnitOfWork, key: UUID, report: VerifyReport) -> None:
    """What came out."""
    result: dict[str, Any] = {
        "counts": {
            name: getattr(report, name) for name in ("instances", "facts", "acts", "anchors", "payments")
        },
        "findings": [_listed(finding) for finding in report.findings[:_SHOWN]],
        "notes": [_listed(finding) for finding in report.notes[:_SHOWN]],
        "more": max(0, len(report.findings) - _SHOWN) + report.told.left_out,
    }  # fmt: skip
    uow.execute(_finish, {"of": key, "ended": uow.now, "code": report.exit, "told": result})


def _listed(finding: Finding) -> list[Any]:
    return [finding.rule, finding.element_id, finding.message, finding.facts]


def _said(facts: dict[str, Any]) -> dict[str, Any]:
    """A policy is said by its title; who verifies an export knows but its number."""
    return facts | {"policy": Term("policy", str(facts["policy"]))} if "policy" in facts else facts


def last_check(uow: UnitOfWork, *, ended: bool = True) -> Check | None:
    """The newest verification; `ended` False: also one that has not ended."""
    query = select(audit_check).order_by(audit_check.c.started_at.desc(), audit_check.c.id.desc()).limit(1)
    row = uow.execute(query.where(audit_check.c.exit.is_not(None)) if ended else query).one_or_none()
    if row is None:
        return None
    told = row.result or {}
    findings, notes = (
        tuple(Finding(rule, level, place, message, _said(facts)) for rule, place, message, facts in told.get(name, ()))
        for name, level in (("findings", Level.ERROR), ("notes", Level.INFO))
    )
    return Check(
        row.id, row.started_at, row.finished_at, row.exit, row.asked_by, told.get("counts", {}), findings, notes
    )
