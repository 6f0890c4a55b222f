"""Who will be asked at a node that has not opened yet, when a person says so: at the start, at a decision, or later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select

from engine import history, identity
from engine.bpmn.program import Human, Program
from engine.db.instance import Instance
from engine.db.task import future_approver, user_task
from engine.errors import N_, CannotChoose
from engine.identity import User
from engine.unit_of_work import UnitOfWork

SELECTS = ("initiatorSelect", "previousApproverSelect")
MOST = 50

_named = select(future_approver.c.user_ids, future_approver.c.adds, future_approver.c.set_by).where(
    future_approver.c.instance_id == bindparam("of"), future_approver.c.node == bindparam("at_node")
)
_all_named = select(future_approver).where(future_approver.c.instance_id == bindparam("of"))
_forget = delete(future_approver).where(
    future_approver.c.instance_id == bindparam("of"), future_approver.c.node == bindparam("at_node")
)
_insert = insert(future_approver)
_opened = select(user_task.c.node).where(user_task.c.instance_id == bindparam("of")).distinct()


@dataclass(frozen=True, slots=True)
class Named:
    """Accounts by id; `adds`: beside those whom the drawing asks, else in their place."""

    user_ids: tuple[UUID, ...]
    adds: bool
    set_by: UUID | None


@dataclass(frozen=True, slots=True)
class Selection:
    """A node whose people somebody selects. `range`: all | dept | key of a group."""

    node: str
    name: str
    strategy: str
    range: str
    least: int
    most: int


def of(uow: UnitOfWork, instance_id: UUID, node: str) -> Named | None:
    """Who was named for the node, None when nobody said anything."""
    row = uow.read_one(_named, {"of": instance_id, "at_node": node})
    return None if row is None else Named(tuple(UUID(key) for key in row.user_ids), row.adds, row.set_by)


def all_of(uow: UnitOfWork, instance_id: UUID) -> dict[str, Named]:
    """By node; for previews."""
    return {
        row.node: Named(tuple(UUID(key) for key in row.user_ids), row.adds, row.set_by)
        for row in uow.read(_all_named, {"of": instance_id})
    }


def selections(program: Program, strategy: str) -> list[Selection]:
    """The nodes of a process whose people are selected by `strategy`."""
    return [
        selection_of(node.id, node.name, node.human)
        for node in program.nodes.values()
        if node.human is not None and node.human.strategy == strategy
    ]


def select_people(
    uow: UnitOfWork, instance: Instance, program: Program, strategy: str, given: Mapping[str, Sequence[Any]]
) -> None:
    """Keep what the requester or an approver has selected, after checking range and number. Raises CannotChoose."""
    for node, users in check_people(uow, instance, program, strategy, given).items():
        keep(uow, instance, node, users, adds=False)


def check_people(
    uow: UnitOfWork, instance: Instance, program: Program, strategy: str, given: Mapping[str, Sequence[Any]]
) -> dict[str, list[User]]:
    """By node, the people who were selected. Raises CannotChoose, also for a node that has opened already."""
    people = {}
    for node, references in given.items():
        people[node] = checked(uow, instance, program, strategy, node, references)
        _check_not_reached(uow, instance, node)
    return people


def checked(
    uow: UnitOfWork, instance: Instance, program: Program, strategy: str, node: str, references: Sequence[Any]
) -> list[User]:
    """The people who were selected for a node, when they are within range and number. Raises CannotChoose."""
    selection = _of_node(program, strategy, node)
    users = _users(uow, selection.name, references)
    _check(uow, instance, selection, users)
    return users


def offered(uow: UnitOfWork, instance: Instance, program: Program, strategy: str, node: str, search: str) -> list[User]:
    """Who may be selected for a node and matches `search`. Raises CannotChoose."""
    return eligible(uow, instance, _of_node(program, strategy, node), search)


def _of_node(program: Program, strategy: str, node: str) -> Selection:
    found = next((selection for selection in selections(program, strategy) if selection.node == node), None)
    if found is None:
        raise CannotChoose(task=node, reason=N_("nobody selects its people here"))
    return found


def keep(uow: UnitOfWork, instance: Instance, node: str, users: Sequence[User], *, adds: bool) -> None:
    """Write it down; what was said before is replaced. Raises CannotChoose when the node has opened already."""
    _check_not_reached(uow, instance, node)
    uow.queue(_forget, {"of": instance.id, "at_node": node})
    uow.queue(
        _insert,
        {
            "instance_id": instance.id, "node": node, "user_ids": [str(user.id) for user in users], "adds": adds,
            "set_by": uow.actor.user_id, "at": uow.now,
        },
    )  # fmt: skip
    history.record(
        uow, instance, "approvers.chosen", node=node, data={"who": [str(user.id) for user in users], "adds": adds}
    )


def reached(uow: UnitOfWork, instance_id: UUID, node: str) -> bool:
    """Whether the node has been opened in this instance."""
    return node in {row.node for row in uow.read(_opened, {"of": instance_id})}


def _check_not_reached(uow: UnitOfWork, instance: Instance, node: str) -> None:
    if reached(uow, instance.id, node):
        raise CannotChoose(task=node, reason=N_("it has been reached already"))


def users_named(uow: UnitOfWork, task: str, references: Sequence[Any]) -> list[User]:
    """Active accounts by login or id. Raises CannotChoose naming what is none."""
    return _users(uow, task, references)


def _users(uow: UnitOfWork, task: str, references: Sequence[Any]) -> list[User]:
    if not 0 < len(references) <= MOST:
        raise CannotChoose(task=task, reason=N_("nobody is named") if not references else N_("too many people"))
    users = []
    for reference in references:
        found = identity.find(uow, [reference])
        if not found or not found[0].active:
            raise CannotChoose(task=task, reason=f"{reference}")
        users += found
    return list({user.id: user for user in users}.values())


def selection_of(node: str, name: str, human: Human) -> Selection:
    """What a node whose people are selected says about range and number."""
    given = {key: slot.text for key, slot in human.parameters}
    several = given.get("multi", "true") == "true" or "max" in given
    return Selection(
        node, name, human.strategy, given.get("range", "all"), _number(given.get("min"), 1),
        _number(given.get("max"), MOST if several else 1),
    )  # fmt: skip


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdigit() else default


def _check(uow: UnitOfWork, instance: Instance, selection: Selection, users: list[User]) -> None:
    if not selection.least <= len(users) <= selection.most:
        wanted = f"{selection.least} … {selection.most}"
        raise CannotChoose(task=selection.name, reason=f"{len(users)} ≠ {wanted}")
    if selection.range == "all":
        return
    within = {user.id for user in eligible(uow, instance, selection)}
    outside = [user.name for user in users if user.id not in within]
    if outside:
        raise CannotChoose(task=selection.name, reason=f"{', '.join(outside)} ∉ {selection.range}")


def eligible(uow: UnitOfWork, instance: Instance, selection: Selection, search: str = "") -> list[User]:
    """Active people who may be selected and match `search`; of the whole company only the first 20."""
    if selection.range == "all":
        return identity.users(uow, search=search, limit=20)
    if selection.range == "dept":
        requester = None if instance.starter_id is None else identity.user(uow, instance.starter_id)
        unit = None if requester is None else acting_unit(uow, instance, requester)
        within = [] if unit is None else identity.department_members(uow, unit)
    else:
        within = identity.members_of(uow, [identity.group(uow, selection.range).id])
    wanted = search.casefold()
    return [user for user in within if wanted in f"{user.login} {user.name} {user.name_en}".casefold()]


def acting_unit(uow: UnitOfWork, instance: Instance, requester: User) -> UUID | None:
    """The department for which the requester asks: the one that he chose at the start, else his own."""
    kept = instance.cache.get("beside")
    chosen = kept.initiator.get("department") if kept is not None and kept.initiator else None
    return requester.org_unit_id if chosen is None else identity.find_org_unit(uow, chosen).id
