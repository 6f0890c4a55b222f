"""How many approvals a task can give: a policy may ask for more people than its drawing does."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select

from engine.bpmn import quorum
from engine.db.task import ItemKind, ItemStatus, user_task, work_item
from engine.errors import N_, Term, Title
from engine.unit_of_work import UnitOfWork

_FULL = N_(
    "{policy}: approvals of '{task}' that count: {found}; it gives no more. Whoever draws the process can have more "
    "people approve there, or a controller change the policy."
)
_round = select(user_task.c.mode, user_task.c.name, user_task.c.spec).where(user_task.c.id == bindparam("of"))
_asked = select(work_item.c.weight).where(
    work_item.c.user_task_id == bindparam("of"),
    work_item.c.kind == int(ItemKind.NORMAL),
    work_item.c.status != int(ItemStatus.SUPERSEDED),  # handed on: whoever has it now has an item of his own
)


def gives_more(uow: UnitOfWork, task_id: UUID, standing: Mapping[UUID, int]) -> bool:
    """Whether a task could give more approvals, asked again, than count already (`standing`: persons by task)."""
    found = uow.read_one(_round, {"of": task_id})
    return standing.get(task_id, 0) < (1 if found is None else _most(uow, task_id, found))


def _most(uow: UnitOfWork, task_id: UUID, found: Row[Any]) -> int:
    """Of those who are asked, how many can have agreed when the round is over."""
    weights: list[Decimal] = [row.weight for row in uow.read(_asked, {"of": task_id})]
    parameters = found.spec["approval"][1] if "approval" in found.spec else {}
    if parameters.get("hearAll") in (True, "true"):
        return len(weights)
    wanted = quorum.needed(found.mode, weights, parameters)
    return 1 if wanted is None else quorum.most(quorum.counted(found.mode, weights), wanted) or 0


def full(uow: UnitOfWork, policy_id: str, standing: Mapping[UUID, int]) -> Iterable[tuple[str, dict[str, Any]]]:
    """In words which tasks of `standing` can give no more, where all of them are so."""
    if any(gives_more(uow, task_id, standing) for task_id in standing):
        return
    for task_id, found in standing.items():
        row = uow.read_one(_round, {"of": task_id})
        task = Title(row.name, dict(row.spec.get("labels", {})))
        yield _FULL, {"policy": Term("policy", policy_id), "task": task, "found": found}
