"""Step templates: the newest version of each, who saved it, whether it is offered, and where drawings use it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, bindparam, select, update

from engine import bpmn, drafts, history
from engine.bpmn import element_templates
from engine.bpmn.element_templates import ElementTemplate
from engine.db.definition import DefinitionState, Kind, definition, deployment, resource
from engine.errors import N_, EngineError
from engine.findings import Finding, Level
from engine.repository import definitions
from engine.repository.reading import Reading
from engine.unit_of_work import UnitOfWork

_in_force = (
    select(
        definition.c.id, definition.c.key, definition.c.version, definition.c.category, definition.c.state,
        definition.c.deployed_at, deployment.c.deployed_by, resource.c.content, resource.c.path,
    )
    .join(resource, resource.c.id == definition.c.resource_id)
    .join(deployment, deployment.c.id == resource.c.deployment_id)
    .where(definition.c.kind == int(Kind.TEMPLATE))
    .order_by(definition.c.key, definition.c.version.desc())
)  # fmt: skip
_turn = (
    update(definition)
    .where(definition.c.id == bindparam("of"), definition.c.state != bindparam("to"))
    .values(state=bindparam("to"))
)


class WithdrawnAlready(EngineError):
    """Somebody was faster."""

    message = N_("Step template '{key}' was withdrawn already.")
    status = 409


class OfferedAlready(EngineError):
    """Somebody was faster."""

    message = N_("Step template '{key}' is offered already.")
    status = 409


@dataclass(frozen=True, slots=True)
class TemplateInfo:
    """`versions`: how many were saved; `by`: None for one that came with the library."""

    id: UUID
    template: ElementTemplate
    area: str
    path: str
    versions: int
    by: UUID | None
    at: datetime


def list_(uow: UnitOfWork, *, withdrawn: bool = False) -> list[TemplateInfo]:
    """Those that may be used, or those that were withdrawn, by area and name."""
    wanted = DefinitionState.RETIRED if withdrawn else DefinitionState.ACTIVE
    found = [info for info, state in _newest(uow) if state == wanted]
    return sorted(found, key=lambda info: (info.area, info.template.name))


def known(uow: UnitOfWork, *, withdrawn: bool = False) -> Mapping[str, ElementTemplate]:
    """As `list_`, by id."""
    return {info.template.id: info.template for info in list_(uow, withdrawn=withdrawn)}


def following(uow: UnitOfWork, area: str, template: ElementTemplate) -> tuple[str, bytes]:
    """The file to deploy for the next version of `template`; a new one lies in `area`.

    A template runs nothing: the drawing that uses it is checked, reviewed and published like any other.
    """
    before = next((info for info, _ in _newest(uow) if info.template.id == template.id), None)
    path = before.path if before is not None else f"processes/{area}/{template.id}{element_templates.ENDING}"
    version = before.template.version + 1 if before is not None else 1
    return path, element_templates.write(replace(template, version=version))


def withdraw(uow: UnitOfWork, key: str) -> None:
    """Offer it no longer; steps that were made of it stay. Raises NotFound, WithdrawnAlready."""
    if not _turned(uow, key, DefinitionState.RETIRED):
        raise WithdrawnAlready(key=key)
    history.act(uow, "deployment", "template.withdrawn", {"key": key})


def offer(uow: UnitOfWork, key: str) -> None:
    """Offer it again. Raises NotFound, OfferedAlready."""
    if not _turned(uow, key, DefinitionState.ACTIVE):
        raise OfferedAlready(key=key)
    history.act(uow, "deployment", "template.offered", {"key": key})


def _turned(uow: UnitOfWork, key: str, state: DefinitionState) -> bool:
    uow.alone("deploy")
    done = uow.execute(_turn, {"of": definitions.latest(uow, key, "template").id, "to": int(state)})
    return cast("CursorResult[Any]", done).rowcount == 1


def uses(uow: UnitOfWork) -> dict[str, list[tuple[str, str, int | None]]]:
    """Template -> (process, step, version) for each step made of it, in drafts and what is deployed without one."""
    found: dict[str, list[tuple[str, str, int | None]]] = {}
    for drawing in _drawings(uow):
        for process in drawing.processes:
            for node in process.all_nodes():
                if node.extensions.template:
                    use = (process.id, node.name or node.id, node.extensions.template_version)
                    found.setdefault(node.extensions.template, []).append(use)
    return found


def _drawings(uow: UnitOfWork) -> Iterator[bpmn.Definition]:
    drawn = [info for info in drafts.list_(uow) if info.kind == "process"]
    for info in drawn:
        reading = bpmn.read(drafts.open_(uow, info.path).content, info.path)
        if reading.definition is not None:
            yield reading.definition
    for deployed in definitions.latest_all(uow):
        if deployed.key not in {info.key for info in drawn}:
            yield definitions.drawing(uow, deployed.id)


def stale(uow: UnitOfWork, reading: Reading) -> list[Finding]:
    """Files that say something else than the newest version without a higher number: nobody would be told of them."""
    newest = {info.template.id: info.template for info, _ in _newest(uow)} if reading.of(Kind.TEMPLATE) else {}
    return [
        Finding(
            "step-template", Level.ERROR, None,
            N_("Step template {path} was changed: expected a version above {newest}, found {found}."),
            {"path": found.path, "newest": newest[found.key].version, "found": found.content.version},
            N_("Give it the next number, so that drawings are offered the change."), resource=found.path,
        )
        for found in reading.of(Kind.TEMPLATE)
        if found.key in newest and newest[found.key] != found.content
        and newest[found.key].version >= found.content.version
    ]  # fmt: skip


def _newest(uow: UnitOfWork) -> Iterator[tuple[TemplateInfo, int]]:
    seen: set[str] = set()
    for row in uow.execute(_in_force):
        if row.key in seen:
            continue
        seen.add(row.key)
        template = element_templates.read(bytes(row.content), row.path).template
        if template is not None:
            info = TemplateInfo(row.id, template, row.category, row.path, row.version, row.deployed_by, row.deployed_at)
            yield info, row.state
