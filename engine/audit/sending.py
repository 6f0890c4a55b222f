"""The places outside, each with what reached it last and why it fails."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from engine.db.audit import audit_sink
from engine.errors import EngineError
from engine.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Place:
    """A sink as it stood when something was last sent there. `failing_since` None: nothing is wrong, or never tried.

    `trouble`: what was wrong last, as a template, and its facts.
    """

    name: str
    number: int | None = None
    """the last checkpoint that reached it"""
    reached_at: datetime | None = None
    failing_since: datetime | None = None
    failed_at: datetime | None = None
    trouble: str = ""
    facts: dict[str, Any] | None = None


def places(uow: UnitOfWork) -> list[Place]:
    """Those of the settings, in their order."""
    known = {row.name: row for row in uow.execute(select(audit_sink))}
    return [_place(name, known.get(name)) for name in uow.settings.sinks]


def reached(uow: UnitOfWork, name: str, number: int) -> None:
    """A checkpoint lies there."""
    _keep(uow, name, {"number": number, "reached_at": uow.now, "failing_since": None, "failed_at": None,
                      "trouble": None})  # fmt: skip


def failed(uow: UnitOfWork, name: str, error: EngineError) -> None:
    """It could not be brought there; since when is kept from the first time on."""
    since = uow.execute(select(audit_sink.c.failing_since).where(audit_sink.c.name == name)).scalar()
    told = {"message": error.message, "facts": {key: str(fact) for key, fact in error.facts.items()}}
    _keep(uow, name, {"failing_since": since or uow.now, "failed_at": uow.now, "trouble": told})


def _keep(uow: UnitOfWork, name: str, changed: dict[str, Any]) -> None:
    known = uow.execute(select(audit_sink.c.name).where(audit_sink.c.name == name)).first() is not None
    uow.execute(
        update(audit_sink).where(audit_sink.c.name == name).values(**changed) if known
        else insert(audit_sink).values(name=name, **changed)
    )  # fmt: skip


def _place(name: str, row: Any) -> Place:
    if row is None:
        return Place(name)
    told = row.trouble or {}
    return Place(
        name, row.number, row.reached_at, row.failing_since, row.failed_at, told.get("message", ""), told.get("facts")
    )
