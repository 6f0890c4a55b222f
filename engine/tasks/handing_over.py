"""Handing a task to somebody else: transfer 转办."""

from uuid import UUID

from engine import history, identity
from engine.approvals import rounds
from engine.db.task import ItemKind, ItemStatus
from engine.errors import N_, ActNotOffered, CannotTransfer
from engine.identity import User
from engine.tasks import opening
from engine.tasks.opening import Act
from engine.tasks.repeating import once_per_task
from engine.tasks.working import offered, succeed
from engine.unit_of_work import UnitOfWork

MOST_TRANSFERS = 5


@once_per_task
def transfer(
    uow: UnitOfWork, work_item_id: UUID, to: str | UUID, reason: str, *, idempotency_key: str | None = None
) -> UUID:
    """转办: `to` (login or id) decides instead; the owner stays on record. Returns the id of the new item.

    Raises CannotTransfer, ActNotOffered, NotFound, and what `opening.begin` raises.
    """
    act = opening.begin(uow, work_item_id)
    if "transfer" not in offered(act):
        raise ActNotOffered(act="transfer", task=act.round.name, offered=", ".join(offered(act)))
    person = identity.user(uow, to)
    _check(act, person, reason)
    made = succeed(
        act, assignee_id=person.id, group_id=None, reason=reason.strip(), draft=None,
        owner_id=act.item.owner_id or act.actor_id,
    )  # fmt: skip
    history.record(
        uow, act.instance, "task.transferred", node=act.round.node,
        data={"task": str(act.round.id), "item": str(made), "to": str(person.id)}, texts={"reason": reason.strip()},
    )  # fmt: skip
    return made


def _check(act: Act, to: User, reason: str) -> None:
    def refuse(why: str) -> CannotTransfer:
        return CannotTransfer(task=act.round.name, to=to.name, reason=why)

    if not reason.strip():
        raise refuse(N_("a reason is required"))
    if not to.active:
        raise refuse(N_("the account is disabled"))
    for item in act.items:
        voting = item.kind != ItemKind.ADVICE and item.status in (*rounds.OPEN, ItemStatus.DECIDED)
        if voting and item.assignee_id == to.id:
            raise refuse(N_("this person is on the task already"))
    if act.work.capability is not None and act.instance.starter_id is not None:
        persons = identity.persons(act.uow, [act.instance.starter_id])
        if to.person_id is None or to.person_id == persons.get(act.instance.starter_id):
            raise refuse(N_("the requester may not approve his own request"))
    if _length(act) >= MOST_TRANSFERS:
        raise refuse(N_("it was handed over too often already"))


def _length(act: Act) -> int:
    """How many times the item has changed hands."""
    by_id = {item.id: item for item in act.items}
    length, current = 0, act.item
    while current.supersedes_id in by_id:
        current = by_id[current.supersedes_id]
        length += current.assignee_id is not None and current.status == ItemStatus.SUPERSEDED
    return length
