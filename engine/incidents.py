"""What a person must decide: opened with the fact that stopped the work, closed with an answer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update

from engine import history
from engine.db.instance import Instance
from engine.db.instance import instance as instance_table
from engine.db.job import IncidentKind, incident
from engine.errors import N_, EngineError, Listed, NotFound, NotResolvable, Phrase, PolicyHold, restored, stored
from engine.feel.diagnostics import MESSAGES
from engine.ids import uuid7
from engine.unit_of_work import UnitOfWork

REASONS_SHOWN = 3

_insert = insert(incident)
_close = update(incident).where(incident.c.id == bindparam("row"), incident.c.resolved_at.is_(None))
_open_of_number = select(incident.c.id).where(
    incident.c.instance_id == bindparam("of"),
    incident.c.number == bindparam("numbered"),
    incident.c.resolved_at.is_(None),
)
_open_of_instance = select(incident.c.id).where(
    incident.c.instance_id == bindparam("of"), incident.c.resolved_at.is_(None)
)


@dataclass(frozen=True, slots=True)
class Incident:
    """One row. `number`: of the machine's incident inside the instance, None when only the job is stuck."""

    id: UUID
    instance_id: UUID | None
    job_id: UUID | None
    number: int | None
    node: str | None
    kind: IncidentKind
    code: str
    message: str
    detail: dict[str, Any]
    created_at: datetime
    resolved_at: datetime | None
    resolution: str | None


def raise_incident(
    uow: UnitOfWork,
    instance: Instance | None,
    kind: IncidentKind,
    code: str,
    message: str,
    *,
    node: str | None = None,
    number: int | None = None,
    job_id: UUID | None = None,
    detail: dict[str, Any] | None = None,
) -> UUID:
    """Open an incident; the list of the cockpit and the instance's badge show it."""
    key = uuid7()
    uow.queue(
        _insert,
        {
            "id": key, "instance_id": None if instance is None else instance.id, "job_id": job_id, "number": number,
            "node": node, "kind": int(kind), "code": code, "message": message[:2000], "detail": detail or {},
            "created_at": uow.now,
        },
    )  # fmt: skip
    if instance is not None:
        instance.incidents += 1
        # with what a person typed in it, it may be: it may be erased
        history.record(
            uow, instance, "incident.raised", node=node, data={"code": code}, texts={"message": message[:2000]}
        )  # fmt: skip
    return key


def detail_of(error: Exception, operation: str) -> dict[str, Any]:
    """What an exception leaves in an incident: its English text, and what a page needs to translate it."""
    detail: dict[str, Any] = {"operation": operation, "message": str(error)[:2000], "error": type(error).__name__}
    if isinstance(error, PolicyHold):
        detail["sentences"] = [*([text, _texts(facts)] for text, facts in error.reasons), [error.hint, {}]]
    elif isinstance(error, EngineError):
        detail["sentences"] = [[error.message, _texts(error.facts)], [error.hint, _texts(error.facts)]]
    return detail


def sentences(code: str, detail: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """What happened, as (template, facts); empty when nobody knows more than the stored message."""
    if "sentences" in detail:
        return [(text, {name: restored(value) for name, value in facts.items()})
                for text, facts in detail["sentences"] if text]  # fmt: skip
    if code == "error-uncaught":
        return [
            (
                N_("No boundary event catches error {error} ({facts})."),
                {"error": detail.get("error"), "facts": _refusal(detail.get("facts"))},
            )
        ]
    if "expression" in detail and "read" in detail:
        facts = {"expression": detail["expression"], "found": detail.get("found", "null")}
        return [
            (
                N_("Expected {expression} to give something that can be used here, found {found}; it read {read}."),
                facts | {"read": _listed(detail["read"])},
            ),
            *_reasons(detail),
        ]
    return _reasons(detail)


def _reasons(detail: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Why a value is null: what the evaluation said first."""
    said = [item for item in detail.get("diagnostics") or () if item.get("code") in MESSAGES and "facts" in item]
    return [(MESSAGES[item["code"]], item["facts"]) for item in said[:REASONS_SHOWN]]


def resolve(uow: UnitOfWork, instance: Instance | None, incident_id: UUID, resolution: str) -> None:
    """Close the row; `runtime.resolve` does the work behind it. Raises NotResolvable if it is closed already."""
    uow.queue(
        _close,
        {
            "row": incident_id, "resolved_at": uow.now, "resolved_by": uow.actor.user_id,
            "resolution": resolution,
        },
    )  # fmt: skip
    if instance is not None:
        instance.incidents -= 1
        history.record(uow, instance, "incident.resolved", texts={"resolution": resolution})


def close_number(uow: UnitOfWork, instance: Instance, number: int, resolution: str) -> None:
    """Close the row of the machine's incident `number`, if it is still open."""
    found = uow.execute(_open_of_number, {"of": instance.id, "numbered": number}).scalar()
    if found is not None:
        resolve(uow, instance, found, resolution)


def close_all(uow: UnitOfWork, instance: Instance, resolution: str) -> None:
    """The instance has ended: nothing is left to decide."""
    if instance.incidents:
        for found in uow.execute(_open_of_instance, {"of": instance.id}).scalars().all():
            resolve(uow, instance, found, resolution)


def get(uow: UnitOfWork, incident_id: UUID) -> Incident:
    """Raises NotFound."""
    row = uow.execute(select(incident).where(incident.c.id == incident_id)).first()
    if row is None:
        raise NotFound(kind="incident", key=incident_id)
    return _incident(row)


def get_open(uow: UnitOfWork, incident_id: UUID) -> Incident:
    """Raises NotFound, or NotResolvable for a closed one."""
    found = get(uow, incident_id)
    if found.resolved_at is not None:
        raise NotResolvable(incident=incident_id, reason="it is resolved already")
    return found


def of_job(uow: UnitOfWork, job_id: UUID) -> Incident | None:
    """The open incident of a dead job."""
    row = uow.execute(select(incident).where(incident.c.job_id == job_id, incident.c.resolved_at.is_(None))).first()
    return None if row is None else _incident(row)


def list_open(
    uow: UnitOfWork, *, instance_id: UUID | None = None, process: str | None = None, after: UUID | None = None,
    limit: int = 50,
) -> list[Incident]:  # fmt: skip
    """Open incidents, newest first; `after`: the last id of the page before."""
    query = select(incident).where(incident.c.resolved_at.is_(None)).order_by(incident.c.id.desc()).limit(limit)
    if instance_id is not None:
        query = query.where(incident.c.instance_id == instance_id)
    if process is not None:
        query = query.join(instance_table, instance_table.c.id == incident.c.instance_id)
        query = query.where(instance_table.c.process_key == process)
    if after is not None:
        query = query.where(incident.c.id < after)
    return [_incident(row) for row in uow.execute(query)]


def _texts(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: stored(value) for name, value in facts.items()}


def _listed(facts: Any) -> str:
    named = facts.items() if isinstance(facts, dict) else ()
    return ", ".join(f"{name}: {value}" for name, value in named) or "-"


def _refusal(facts: Any) -> str:
    """What an operation says of its refusal: `expected` and `found` are words of ours, the other facts are data."""
    named = facts.items() if isinstance(facts, dict) else ()
    words = {"expected": N_("expected: {expected}"), "found": N_("found: {found}")}
    return Listed(
        Phrase(words[name], **{name: value}) if name in words else Phrase("{name}: {value}", name=name, value=value)
        for name, value in named
    ) or "-"  # fmt: skip


def _incident(row: Any) -> Incident:
    return Incident(
        row.id, row.instance_id, row.job_id, row.number, row.node, IncidentKind(row.kind), row.code, row.message,
        row.detail or {}, row.created_at, row.resolved_at, row.resolution,
    )  # fmt: skip
