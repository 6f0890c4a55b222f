"""Saying who will be asked later on: set_future 改后续审批人, and what an approver selects when he agrees."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from engine import identity, repository
from engine.approvals import choices
from engine.approvals.choices import Selection
from engine.bpmn.program import Program
from engine.db.instance import Instance, Status
from engine.db.task import ItemKind, ItemStatus, RoundStatus, user_task, work_item
from engine.errors import N_, CannotChoose, Forbidden, InstanceOver, Suspended
from engine.runtime import LIVE
from engine.tasks.opening import Act
from engine.tasks.repeating import made_before, remember
from engine.unit_of_work import UnitOfWork

_seats = (
    select(user_task.c.spec)
    .join(work_item, work_item.c.user_task_id == user_task.c.id)
    .where(
        user_task.c.instance_id == bindparam("of"), user_task.c.status == int(RoundStatus.OPEN),
        work_item.c.assignee_id == bindparam("who"), work_item.c.status == int(ItemStatus.TODO),
        work_item.c.kind < int(ItemKind.ADVICE),  # who gives advice or reads a copy is not asked
    )
)  # fmt: skip
_opened = select(user_task.c.node).where(user_task.c.instance_id == bindparam("of")).distinct()


def set_future(
    uow: UnitOfWork, instance_id: UUID, node: str, people: Sequence[str | UUID], *, adds: bool = True,
    idempotency_key: str | None = None,
) -> None:  # fmt: skip
    """改后续审批人: `people` are asked at `node` as well, or (`adds` False) in place of those whom the drawing asks.

    By who is asked at a node that lists `changeFuture`, or the cockpit. Where the approval counts towards a payment
    people may only be added. Raises CannotChoose, Forbidden, InstanceOver, Suspended.
    """
    instance = uow.lock_instance(instance_id)
    if instance.status not in LIVE:
        raise InstanceOver(instance=instance.number or instance.id)
    if instance.status is Status.SUSPENDED:
        raise Suspended(instance=instance.number or instance.id)
    if made_before(uow, "set_future", instance_id, idempotency_key) is not None:
        return
    _check_seat(uow, instance)
    program = repository.program(uow, instance.definition_id)
    found = program.nodes.get(node)
    if found is None or found.human is None or not found.human.chosen:
        raise CannotChoose(task=node, reason=N_("the process has no such task"))
    if found.human.provides and not adds:
        raise CannotChoose(task=found.name, reason=N_("this approval counts towards a payment: people are only added"))
    choices.keep(uow, instance, node, choices.users_named(uow, found.name, people), adds=adds)
    remember(uow, "set_future", instance_id, idempotency_key, instance_id, instance_id)


def select_next(act: Act, given: Mapping[str, Sequence[Any]]) -> None:
    """Whom the approver has chosen for later nodes of his process, as their range allows. Raises CannotChoose."""
    choices.select_people(act.uow, act.instance, _program(act), "previousApproverSelect", given)


def to_select(act: Act) -> list[Selection]:
    """Nodes not reached yet whose people an approver before them chooses, without those chosen already."""
    wanted = choices.selections(_program(act), "previousApproverSelect")
    if not wanted:
        return []
    reached = {row.node for row in act.uow.read(_opened, {"of": act.instance.id})}
    named = choices.all_of(act.uow, act.instance.id)
    return [selection for selection in wanted if selection.node not in reached and selection.node not in named]


def _program(act: Act) -> Program:
    return repository.program(act.uow, act.instance.definition_id)


def _check_seat(uow: UnitOfWork, instance: Instance) -> None:
    rows = uow.read(_seats, {"of": instance.id, "who": uow.actor.user_id})
    if any(row.spec.get("buttons", {}).get("changeFuture") == "true" for row in rows):
        return
    if not identity.may(uow, "cockpit"):
        names = identity.names(uow, [uow.actor.user_id])
        raise Forbidden(actor=next(iter(names.values()), "Nobody"), act=N_("choose who is asked later"))
