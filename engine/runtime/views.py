"""One instance as pages show it: header, where its tokens are, its variables, its open incidents."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from engine import bpmn, incidents, repository
from engine.bpmn.state import State
from engine.db import rows
from engine.db.instance import Instance
from engine.incidents import Incident
from engine.repository import DefinitionInfo
from engine.runtime.environment import load
from engine.unit_of_work import UnitOfWork
from engine.values import Values


@dataclass(frozen=True, slots=True)
class InstanceView:
    """`markers`: element id -> active | incident. `waits`: (token, element id, kind). `choices`: startable by hand."""

    instance: Instance
    definition: DefinitionInfo
    state: State
    variables: Values
    markers: dict[str, str]
    waits: list[tuple[int, str, str]]
    incidents: list[Incident]
    approvals: dict[str, Any]
    choices: list[bpmn.Choice]


def instance_view(uow: UnitOfWork, instance_id: UUID) -> InstanceView:
    """The instance as it is now, not locked. Raises NotFound."""
    instance = rows.read(uow, instance_id)
    state = load(uow, instance)
    return InstanceView(
        instance=instance,
        definition=repository.definition(uow, instance.definition_id),
        state=state,
        variables=bpmn.variables(state),
        markers=bpmn.markers(state),
        waits=bpmn.waits(state),
        incidents=incidents.list_open(uow, instance_id=instance_id),
        approvals=state.root.approval,
        choices=bpmn.choices(state),
    )
