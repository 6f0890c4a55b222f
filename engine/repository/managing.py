"""Who looks after the requests of a process: groups that its drawing names (`troika:managers`), and the operators."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from engine import identity
from engine.repository.definitions import definition
from engine.repository.saying import names_of_groups, versions_with
from engine.unit_of_work import UnitOfWork

ADMINISTER = "cockpit"
"""the capability that looks after every request"""


def manages(uow: UnitOfWork, instance: Any) -> bool:
    """Whether the actor looks after the request (`id`, `definition_id`, `starter_id`): an operator, or of a group that
    its version names and not the one who made it.
    """
    return bool(manages_of(uow, [instance]))


def manages_of(uow: UnitOfWork, instances: Iterable[Any]) -> set[UUID]:
    """Which of the requests the actor looks after, in as many statements as of one."""
    if identity.may(uow, ADMINISTER):
        return {one.id for one in instances}
    actor_id = uow.actor.user_id
    named = [one for one in instances if _managers(uow, one)] if actor_id is not None else []
    if actor_id is None or not named:
        return set()
    mine, people = names_of_groups(uow, actor_id), identity.persons(uow, [actor_id, *(one.starter_id for one in named)])
    own = {key for key, person in people.items() if person == people[actor_id] is not None} | {actor_id}
    return {one.id for one in named if one.starter_id not in own and not mine.isdisjoint(_managers(uow, one))}


def named(uow: UnitOfWork, instance: Any, person_id: UUID) -> bool:
    """Whether somebody is of a group that the version of the request names."""
    groups = _managers(uow, instance)
    return bool(groups) and not names_of_groups(uow, person_id).isdisjoint(groups)


def managed(uow: UnitOfWork) -> list[UUID]:
    """The versions of processes whose requests the actor looks after because they name one of his groups."""
    mine = set() if uow.actor.user_id is None else names_of_groups(uow, uow.actor.user_id)
    return (
        [row.id for row in versions_with(uow, "managers") if not mine.isdisjoint(row.meta["managers"])] if mine else []
    )


def _managers(uow: UnitOfWork, instance: Any) -> list[str]:
    found: list[str] = definition(uow, instance.definition_id).meta.get("managers", [])
    return found
