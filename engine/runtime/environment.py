"""What the machine may look up while it moves: the reserved context, `latest` references, the calendar, the people."""

from typing import Any
from uuid import UUID

from engine import bpmn, identity, repository, workdays
from engine.bpmn.program import Program
from engine.db import rows
from engine.db.instance import Instance
from engine.errors import StaleInstance
from engine.runtime import codec
from engine.runtime.codec import Beside
from engine.runtime.watching import watcher
from engine.unit_of_work import UnitOfWork
from engine.values import Values


def env(uow: UnitOfWork, instance: Instance, version: int | None = None) -> bpmn.Env:
    """For one verb on the locked `instance`. `version`: that it will follow, when that one is not deployed yet."""
    known = instance.cache.get("env")
    if known is None:
        known = instance.cache["env"] = bpmn.Env(
            process=process_context(uow, instance, version),
            programs=lambda key: _latest(uow, key),
            decisions=lambda key: repository.decision(uow, key),
            zone=uow.settings.timezone,
            calendar=workdays.Asked(uow),
            people=identity.Directory(uow),
            calendars=lambda key: workdays.calendar(uow, key),
            judged=None if (looking := watcher()) is None else looking.judged,
        )
    found: bpmn.Env = known
    return found


def process_context(uow: UnitOfWork, instance: Instance, version: int | None = None) -> Values:
    """`process` as expressions read it. `version`: instead of that of its definition."""
    if version is None:
        version = repository.definition(uow, instance.definition_id).version
    return {
        "id": instance.process_key,
        "key": instance.process_key,
        "instance_id": str(instance.id),
        "business_key": instance.business_key,
        "number": instance.number,
        "version": version,
        "started_at": instance.created_at,
        "initiator": beside(uow, instance).initiator,
    }


def beside(uow: UnitOfWork, instance: Instance) -> Beside:
    """What is kept beside the state."""
    if "beside" not in instance.cache:
        load(uow, instance)
    found: Beside = instance.cache["beside"]
    return found


def load(uow: UnitOfWork, instance: Instance) -> Any:
    """The live state of the instance, read from its rows the first time."""
    while instance.state is None:
        try:
            instance.state, instance.cache["beside"] = _decoded(uow, instance)
        except StaleInstance:
            # only a page gets here, which locks nothing: it looks again
            fresh = rows.read(uow, instance.id)
            if fresh.version == instance.version:
                raise
            instance.stored, instance.version = fresh.stored, fresh.version
    return instance.state


def stored(uow: UnitOfWork, instance: Instance) -> Any:
    """The state of the instance as it was before anything was done to it."""
    return _decoded(uow, instance)[0]


def _program(uow: UnitOfWork, definition_id: str) -> Program:
    return repository.program(uow, UUID(definition_id))


def _latest(uow: UnitOfWork, key: str) -> tuple[str, Program]:
    definition_id, program = repository.program_by_key(uow, key)
    return str(definition_id), program


def _decoded(uow: UnitOfWork, instance: Instance) -> Any:
    return codec.decode(
        instance.stored, lambda definition_id: _program(uow, definition_id),
        lambda scopes: rows.parts(uow, instance, scopes),
    )  # fmt: skip
