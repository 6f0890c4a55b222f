"""Saying who will be asked later on: set_future 改后续审批人, and what an approver selects when he agrees."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from engine import identity, policy, repository, runtime
from engine.approvals import choices
from engine.approvals.choices import Selection
from engine.bpmn.program import WORK, Human, Program
from engine.db import rows
from engine.db.instance import Instance, Status
from engine.db.task import ItemKind, ItemStatus, RoundStatus, user_task, work_item
from engine.errors import N_, CannotChoose, Forbidden, InstanceOver, Suspended
from engine.identity import User
from engine.runtime import LIVE
from engine.tasks import opening
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


@dataclass(frozen=True, slots=True)
class Later:
    """A task that has not been reached. `people`: who was named for it so far, beside the drawing's or in their place.

    `only_adds`: its approval counts towards a payment.
    """

    node: str
    name: str
    labels: dict[str, str]
    people: tuple[User, ...]
    adds: bool
    only_adds: bool


def later(uow: UnitOfWork, instance_id: UUID) -> list[Later]:
    """The tasks for which `set_future` may say who is asked, in the order of the drawing. Raises NotFound."""
    program = repository.program(uow, rows.read(uow, instance_id).definition_id)
    reached = {row.node for row in uow.read(_opened, {"of": instance_id})}
    named = choices.all_of(uow, instance_id)
    people = {user.id: user for user in identity.find(uow, {key for one in named.values() for key in one.user_ids})}
    found = []
    for node in program.nodes.values():
        if node.human is None or not node.human.chosen or node.id in reached or _only_drawn(uow, node.human):
            continue
        given = named.get(node.id)
        known = tuple(people[key] for key in given.user_ids if key in people) if given else ()
        adds, only_adds = given is None or given.adds, node.human.provides is not None
        found.append(Later(node.id, node.name, dict(node.labels), known, adds, only_adds))
    return found


def may_set_future(act: Act) -> bool:
    """Whether whoever is asked here may say who is asked later: his node allows it, and somebody is still to come."""
    mine = act.item.assignee_id == act.actor_id and act.item.kind < ItemKind.ADVICE
    if not mine or act.work.buttons.get("changeFuture") != "true":
        return False
    return bool(later(act.uow, act.instance.id))


def set_future(
    uow: UnitOfWork, instance_id: UUID, node: str, people: Sequence[str | UUID], *, adds: bool = True,
    idempotency_key: str | None = None,
) -> None:  # fmt: skip
    """改后续审批人: `people` are asked at `node` as well, or (`adds` False) in place of those whom the drawing asks.

    By who is asked at a node that lists `changeFuture`, or the cockpit. Where the approval counts towards a payment
    people may only be added, and only where the policy says who is eligible. Raises CannotChoose, Forbidden,
    InstanceOver, Suspended.
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
    _check_entitling(uow, program, [node])
    if found.human.provides and not adds:
        raise CannotChoose(task=found.name, reason=N_("this approval counts towards a payment: people are only added"))
    choices.keep(uow, instance, node, choices.users_named(uow, found.name, people), adds=adds)
    remember(uow, "set_future", instance_id, idempotency_key, instance_id, instance_id)


def select_next(act: Act, given: Mapping[str, Sequence[Any]]) -> None:
    """Whom the approver has chosen for the tasks that follow, as their range allows. Raises CannotChoose.

    Where a task follows for certain and nobody has said whom it asks, he has to.
    """
    _check_entitling(act.uow, _program(act), given)
    choices.select_people(act.uow, act.instance, _program(act), "previousApproverSelect", given)
    _check_named(act)


def check_next(act: Act, given: Mapping[str, Sequence[Any]]) -> dict[str, list[str]]:
    """As `select_next`, but nothing is kept: ids of people by node, for when the decision has been confirmed."""
    _check_entitling(act.uow, _program(act), given)
    people = choices.check_people(act.uow, act.instance, _program(act), "previousApproverSelect", given)
    _check_named(act, people)
    return {node: [str(user.id) for user in users] for node, users in people.items()}


def _check_named(act: Act, given: Mapping[str, Sequence[Any]] = MappingProxyType({})) -> None:
    wanted = {selection.node for selection in to_select(act)} - set(given)
    if not wanted:
        return
    for step in runtime.preview_instance(act.uow, act.instance.id).steps:
        if step.element in wanted and step.status == "certain":
            raise CannotChoose(task=step.name, reason=N_("nobody is named"))


def to_select(act: Act) -> list[Selection]:
    """Tasks that may come next and whose people the approver before them chooses, without those chosen already and
    those whose approval counts for a policy that does not say who is eligible.
    """
    program = _program(act)
    wanted = choices.selections(program, "previousApproverSelect")
    if not wanted:
        return []
    following = _following(program, act.round.node)
    reached = {row.node for row in act.uow.read(_opened, {"of": act.instance.id})}
    named = choices.all_of(act.uow, act.instance.id)
    return [
        selection for selection in wanted
        if selection.node in following and selection.node not in reached and selection.node not in named
        and not _only_drawn(act.uow, program.nodes[selection.node].human)
    ]  # fmt: skip


def _following(program: Program, node: str) -> set[str]:
    """Tasks that are reached without another one between; from inside a sub-process, every one outside of it too."""
    start = program.nodes.get(node)
    if start is None:
        return set(program.nodes)
    left, seen, found = [start], {start}, set()
    if start.scope is not program.root:
        found |= {other.id for other in program.nodes.values() if other.scope is not start.scope}
    while left:
        place = left.pop()
        if place is not start and place.op == WORK:
            found.add(place.id)
            continue
        if place.inner is not None:
            found |= {other.id for other in place.inner.nodes}
        ahead = [out.target for out in (*place.out, *([place.default] if place.default is not None else []))]
        ahead += [out.target for guard in place.boundaries for out in guard.out]
        fresh = [other for other in ahead if other not in seen]
        seen.update(fresh)
        left += fresh
    return found


def selectable(uow: UnitOfWork, work_item_id: UUID, node: str, search: str = "") -> list[User]:
    """Whom whoever agrees to this item may select for a later node. Raises CannotChoose, NotYourTask, NotFound."""
    act = opening.look(uow, work_item_id)
    if not opening.entitled(act):
        raise opening.not_yours(act)
    return choices.offered(uow, act.instance, _program(act), "previousApproverSelect", node, search)


def _program(act: Act) -> Program:
    return repository.program(act.uow, act.instance.definition_id)


def _only_drawn(uow: UnitOfWork, human: Human | None) -> bool:
    """Whether being asked is all that an approval which counts for a policy takes: nobody is named for it but by the
    drawing.
    """
    return human is not None and human.provides is not None and not policy.entitles(uow, human.provides)


def _check_entitling(uow: UnitOfWork, program: Program, nodes: Iterable[str]) -> None:
    for found in (program.nodes.get(node) for node in nodes):
        if found is not None and _only_drawn(uow, found.human):
            why = N_("this approval counts towards a payment, and no policy says who may give it")
            raise CannotChoose(task=found.name, reason=why)


def _check_seat(uow: UnitOfWork, instance: Instance) -> None:
    rows = uow.read(_seats, {"of": instance.id, "who": uow.actor.user_id})
    if any(row.spec.get("buttons", {}).get("changeFuture") == "true" for row in rows):
        return
    if not repository.manages(uow, instance):
        names = identity.names(uow, [uow.actor.user_id])
        raise Forbidden(actor=next(iter(names.values()), "Nobody"), act=N_("choose who is asked later"))
