"""With what the versions came: who deployed them, when and why, and which files and versions came together."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select

from engine.db.definition import Kind, deployment, resource
from engine.db.definition import definition as definition_table
from engine.repository.definitions import DefinitionInfo, definition
from engine.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Origin:
    """The deployment of a version. `by`: None when the installation deployed it."""

    deployment_id: UUID
    at: datetime
    by: UUID | None
    note: str


_origins = (
    select(
        definition_table.c.id, deployment.c.id.label("deployment"), deployment.c.deployed_at, deployment.c.deployed_by,
        deployment.c.note,
    )
    .join(resource, resource.c.id == definition_table.c.resource_id)
    .join(deployment, deployment.c.id == resource.c.deployment_id)
    .where(definition_table.c.id.in_(bindparam("of", expanding=True)))
)  # fmt: skip
_in_file = (
    select(definition_table.c.id)
    .join(resource, resource.c.id == definition_table.c.resource_id)
    .where(resource.c.path == bindparam("of"), definition_table.c.kind == int(Kind.DECISION))
    .order_by(definition_table.c.deployed_at.desc(), definition_table.c.version.desc())
)
_scenarios = (
    select(resource.c.content)
    .join(deployment, deployment.c.id == resource.c.deployment_id)
    .where(resource.c.path == bindparam("of"), resource.c.kind == int(Kind.SCENARIOS))
    .order_by(deployment.c.deployed_at.desc())
    .limit(1)
)


def origins(uow: UnitOfWork, definition_ids: Iterable[UUID]) -> dict[UUID, Origin]:
    """How each of these versions was deployed."""
    return {
        row.id: Origin(row.deployment, row.deployed_at, row.deployed_by, row.note)
        for row in uow.execute(_origins, {"of": list(definition_ids)})
    }


def decisions_in(uow: UnitOfWork, path: str) -> list[DefinitionInfo]:
    """The versions of the decisions of one file, one for each deployment: the highest number; newest first."""
    found: dict[UUID, DefinitionInfo] = {}
    for definition_id in uow.execute(_in_file, {"of": path}).scalars():
        info = definition(uow, definition_id)
        found.setdefault(info.resource_id, info)
    return list(found.values())


def scenarios_at(uow: UnitOfWork, path: str) -> bytes | None:
    """The file of scenarios as it was deployed last; None: it never was."""
    stored = uow.execute(_scenarios, {"of": path}).scalar()
    return None if stored is None else bytes(stored)
