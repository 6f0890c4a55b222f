"""How many approvals a task can give: a policy may ask for more people than its drawing does."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select

from engine.db.task import ItemKind, ItemStatus, user_task, work_item
from engine.errors import N_, Term, Title
from engine.unit_of_work import UnitOfWork

_ONE = frozenset(("any", "claim", "random", "single"))
"""modes in which one person decides, whomever else is asked"""
_FULL = N_(
    "{policy}: approvals of '{task}' that count: {found}; it gives no more. Whoever draws the process can have more "
    "people approve there, or a controller change the policy."
)
_round = select(user_task.c.mode, user_task.c.name, user_task.c.spec).where(user_task.c.id == bindparam("of"))
_asked = select(func.count().label("people")).where(
    work_item.c.user_task_id == bindparam("of"),
    work_item.c.kind == int(ItemKind.NORMAL),
    work_item.c.status != int(ItemStatus.SUPERSEDED),  # handed on: whoever has it now has an item of his own
)


def gives_more(uow: UnitOfWork, task_id: UUID, standing: Mapping[UUID, int]) -> bool:
    """Whether a task could give more approvals, asked again, than count already (`standing`: persons by task)."""
    found = uow.read_one(_round, {"of": task_id})
    most = 1 if found is None or found.mode in _ONE else uow.read_one(_asked, {"of": task_id}).people
    return standing.get(task_id, 0) < most


def full(uow: UnitOfWork, policy_id: str, standing: Mapping[UUID, int]) -> Iterable[tuple[str, dict[str, Any]]]:
    """In words which tasks of `standing` can give no more, where all of them are so."""
    if any(gives_more(uow, task_id, standing) for task_id in standing):
        return
    for task_id, found in standing.items():
        row = uow.read_one(_round, {"of": task_id})
        task = Title(row.name, dict(row.spec.get("labels", {})))
        yield _FULL, {"policy": Term("policy", policy_id), "task": task, "found": found}
