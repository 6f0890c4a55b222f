"""How long the ended requests of a process are kept (troika:retention), and which group then releases them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from engine.bpmn import timers
from engine.repository.definitions import definition
from engine.repository.saying import names_of_groups, versions_with
from engine.unit_of_work import UnitOfWork

_KEY = "retention"
RELEASE_DUE = "retention.due"
"""job and fact: the time of a request is over, its group is told that it may release it"""


@dataclass(frozen=True, slots=True)
class Retention:
    """Of a version. `after`: ISO 8601. `legal`: key of the group that has to release what is over."""

    definition_id: UUID
    after: str
    legal: str | None


def retentions(uow: UnitOfWork) -> list[Retention]:
    """Of every version of a process that says how long its requests are kept."""
    return [Retention(row.id, *row.meta[_KEY]) for row in versions_with(uow, _KEY)]


def retention(uow: UnitOfWork, definition_id: UUID) -> Retention | None:
    """Of one version; None: its requests are kept for good."""
    said = definition(uow, definition_id).meta.get(_KEY)
    return Retention(definition_id, *said) if said else None


def kept_until(uow: UnitOfWork, instance: Any) -> datetime | None:
    """When the time of a request (`definition_id`, `ended_at`) is over; None: it has not ended, or is kept for good, as
    by a version of before that has it kept beyond the last year there is.
    """
    said = retention(uow, instance.definition_id)
    duration = timers.duration_of(said.after) if said is not None else None
    if instance.ended_at is None or duration is None:
        return None
    try:
        return timers.later(instance.ended_at, duration, uow.settings.timezone)
    except timers.WrongTimer:
        return None


def released_from(uow: UnitOfWork, instance: Any) -> datetime | None:
    """When the group that has to release a request (`definition_id`, `ended_at`) may; None: nobody has to."""
    said = retention(uow, instance.definition_id)
    return None if said is None or said.legal is None else kept_until(uow, instance)


def keeps(uow: UnitOfWork, instance: Any, person_id: UUID) -> bool:
    """Whether somebody is of the group that releases the request, once its time is over."""
    said = retention(uow, instance.definition_id)
    if said is None or not of_group(uow, said.legal, person_id):
        return False
    until = kept_until(uow, instance)
    return until is not None and until <= uow.now


def of_group(uow: UnitOfWork, named: str | None, person_id: UUID) -> bool:
    """Whether somebody is of the group that a drawing names by key or id."""
    return named is not None and named in names_of_groups(uow, person_id)
