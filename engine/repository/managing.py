"""Who looks after the requests of a process: groups that its drawing names (`troika:managers`), and the operators."""

from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, select

from engine import identity
from engine.db.definition import Kind
from engine.db.definition import definition as definition_table
from engine.repository.definitions import definition
from engine.unit_of_work import UnitOfWork

ADMINISTER = "cockpit"
"""the capability that looks after every request"""
# the text is where it may be named: a group that starts processes may be called `managers`
_said = select(definition_table.c.id, definition_table.c.meta).where(
    definition_table.c.kind == int(Kind.PROCESS), cast(definition_table.c.meta, Text).contains('"managers"')
)


def manages(uow: UnitOfWork, instance: Any) -> bool:
    """Whether the actor looks after the request (`definition_id`, `starter_id`): an operator, or of a group that its
    version names and not the one who made it.
    """
    return identity.may(uow, ADMINISTER) or (
        uow.actor.user_id is not None and named(uow, instance, uow.actor.user_id) and not _own(uow, instance)
    )


def named(uow: UnitOfWork, instance: Any, person_id: UUID) -> bool:
    """Whether somebody is of a group that the version of the request names."""
    groups: list[str] = definition(uow, instance.definition_id).meta.get("managers", [])
    return bool(groups) and not _keys(uow, person_id).isdisjoint(groups)


def managed(uow: UnitOfWork) -> list[UUID]:
    """The versions of processes whose requests the actor looks after because they name one of his groups."""
    mine = set() if uow.actor.user_id is None else _keys(uow, uow.actor.user_id)
    return [row.id for row in uow.execute(_said) if not mine.isdisjoint(row.meta.get("managers", ()))] if mine else []


def _keys(uow: UnitOfWork, person_id: UUID) -> set[str]:
    return {word for group in identity.groups_of(uow, person_id) for word in (group.key, str(group.id))}


def _own(uow: UnitOfWork, instance: Any) -> bool:
    """Accounts of one person are one person."""
    pair = [key for key in (uow.actor.user_id, instance.starter_id) if key is not None]
    people = identity.persons(uow, pair)
    return len(pair) == 2 and (pair[0] == pair[1] or people.get(pair[0]) == people.get(pair[1]) is not None)
