"""Rows follow their instance to another version: what waits at an element that has another id now."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from engine import history
from engine.bpmn.steps import Migrated
from engine.db.instance import Instance
from engine.db.job import incident, job
from engine.db.task import user_task
from engine.unit_of_work import UnitOfWork

_round = update(user_task).where(
    user_task.c.instance_id == bindparam("of"), user_task.c.token == bindparam("waiting"), user_task.c.status == 0
)
_closed = select(user_task.c.id, user_task.c.node).where(
    user_task.c.instance_id == bindparam("of"), user_task.c.status != 0
)
_rename = update(user_task).where(user_task.c.id == bindparam("row"))
_jobs = select(job.c.id, job.c.payload).where(job.c.instance_id == bindparam("of"), job.c.token == bindparam("waiting"))
_job = update(job).where(job.c.id == bindparam("row"))
_incident = update(incident).where(
    incident.c.instance_id == bindparam("of"), incident.c.number == bindparam("numbered"),
    incident.c.resolved_at.is_(None),
)  # fmt: skip


def follow(uow: UnitOfWork, instance: Instance, fact: Migrated) -> None:
    """The process itself (scope 0) or a called one has moved to version `fact.target`."""
    if fact.scope == 0:
        instance.definition_id = UUID(fact.target)
    tokens = [[token, before, after] for token, before, after in fact.tokens]
    data: dict[str, Any] = {"scope": fact.scope, "from": fact.source, "to": fact.target, "tokens": tokens}
    history.record(uow, instance, "instance.migrated", data=data)
    _rename_closed(uow, instance, dict(fact.renamed))
    for token, _, node in fact.tokens:
        uow.queue(_round, {"of": instance.id, "waiting": token, "node": node})
        for row in uow.execute(_jobs, {"of": instance.id, "waiting": token}).all():
            if "node" in row.payload:
                uow.queue(_job, {"row": row.id, "payload": {**row.payload, "node": node}})
        held = instance.state.tokens.get(token)
        if held is not None and held.incident:
            uow.queue(_incident, {"of": instance.id, "numbered": held.incident, "node": node})


def _rename_closed(uow: UnitOfWork, instance: Instance, names: dict[str, str]) -> None:
    """Rounds that are over are found by their element later: who decided there, and what it permits."""
    if not names:
        return
    for row in uow.execute(_closed, {"of": instance.id}).all():
        if row.node in names:
            uow.queue(_rename, {"row": row.id, "node": names[row.node]})
