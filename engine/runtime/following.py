"""Rows follow their instance to another version: what waits at an element that has another id now."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update

from engine import history, repository
from engine.bpmn.program import Program
from engine.bpmn.steps import Migrated
from engine.db.instance import Instance
from engine.db.job import incident, job
from engine.db.task import RoundStatus, future_approver, user_task
from engine.unit_of_work import UnitOfWork

_round = update(user_task).where(
    user_task.c.instance_id == bindparam("of"), user_task.c.token == bindparam("waiting"), user_task.c.status == 0
)
_rounds = select(
    user_task.c.id, user_task.c.node, user_task.c.status, user_task.c.scope_path, user_task.c.guarded
).where(user_task.c.instance_id == bindparam("of"))  # fmt: skip
_rename = update(user_task).where(user_task.c.id == bindparam("row"))
_chosen = select(future_approver).where(future_approver.c.instance_id == bindparam("of"))
_forget = delete(future_approver).where(
    future_approver.c.instance_id == bindparam("of"), future_approver.c.node == bindparam("at_node")
)
_choose = insert(future_approver)
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
    data: dict[str, Any] = {"scope": fact.scope, "from": fact.source, "to": fact.target, "tokens": tokens,
                            "renamed": [list(pair) for pair in fact.renamed]}  # fmt: skip
    history.record(uow, instance, "instance.migrated", data=data)
    if fact.renamed:
        program = repository.program(uow, UUID(fact.source))
        _rename_rounds(uow, instance, fact.scope, program, dict(fact.renamed))
        _rename_chosen(uow, instance, fact.scope, dict(fact.renamed))
    for token, _, node in fact.tokens:
        uow.queue(_round, {"of": instance.id, "waiting": token, "node": node})
        for row in uow.execute(_jobs, {"of": instance.id, "waiting": token}).all():
            if "node" in row.payload:
                uow.queue(_job, {"row": row.id, "payload": {**row.payload, "node": node}})
        held = instance.state.tokens.get(token)
        if held is not None and held.incident:
            uow.queue(_incident, {"of": instance.id, "numbered": held.incident, "node": node})


def _rename_rounds(uow: UnitOfWork, instance: Instance, scope: int, program: Program, names: dict[str, str]) -> None:
    """Rounds are found by their element and the activities around it later: who decided there, and what it permits."""
    for row in uow.execute(_rounds, {"of": instance.id}).all():
        path, own = _followed(row.scope_path, scope, program, names)
        node = names.get(row.node, row.node) if own and row.status != RoundStatus.OPEN else row.node
        changed = {"node": node, "scope_path": path}
        if own and isinstance(row.guarded, dict):  # of a return that is to come straight back
            changed["guarded"] = row.guarded | {"target": names.get(row.guarded["target"], row.guarded["target"])}
        if any(getattr(row, name) != value for name, value in changed.items()):
            uow.queue(_rename, {"row": row.id, **changed})


def _followed(
    path: str | None, scope: int, program: Program, names: dict[str, str]
) -> tuple[str | None, bool]:  # fmt: skip
    """(the path with the new names, whether it ends in the process that followed and not in one that it calls).

    `program`: the old version of what begins with `scope`. An old round has no path: nobody knows of any call.
    """
    if path is None:
        return None, True
    parts = [part.partition("@") for part in path.split("/")]
    numbers = [number for number, _, _ in parts]
    if str(scope) not in numbers:
        return path, False
    own = True
    found = ["".join(part) for part in parts]
    for place in range(numbers.index(str(scope)) + 1, len(parts)):
        number, _, told = parts[place]
        activity, mark, turn = told.partition("#")
        found[place] = f"{number}@{names.get(activity, activity)}{mark}{turn}"
        node = program.nodes.get(activity)
        if node is None or node.call is not None:
            own = False
            break
    return "/".join(found), own


def _rename_chosen(uow: UnitOfWork, instance: Instance, scope: int, names: dict[str, str]) -> None:
    """Whom somebody has chosen for an element that has not opened yet is asked there all the same."""
    known = instance.state.program.nodes
    rows = [
        row for row in uow.execute(_chosen, {"of": instance.id}).mappings()
        if row["node"] in names and (scope == 0 or row["node"] not in known)
    ]  # fmt: skip
    for node in {name for row in rows for name in (row["node"], names[row["node"]])}:
        uow.queue(_forget, {"of": instance.id, "at_node": node})
    if rows:
        uow.flush()
    for row in rows:
        uow.queue(_choose, {**row, "node": names[row["node"]]})
