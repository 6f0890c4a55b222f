"""Handing a task to somebody else: transfer 转办."""

from uuid import UUID

from engine import history, identity, policy
from engine.approvals import automatic, rounds
from engine.db.task import ItemKind, ItemStatus
from engine.errors import N_, ActNotOffered, CannotTransfer, NotFound
from engine.identity import User
from engine.tasks import opening
from engine.tasks.opening import Act
from engine.tasks.repeating import once_per_task
from engine.tasks.working import offered, succeed
from engine.unit_of_work import UnitOfWork
from engine.values import blank

MOST_TRANSFERS = 5


@once_per_task
def transfer(
    uow: UnitOfWork, work_item_id: UUID, to: str | UUID, reason: str, *, version: int | None = None,
    idempotency_key: str | None = None,
) -> UUID:  # fmt: skip
    """转办: `to` (login or id) decides instead; the owner stays on record. Returns the id of the new item.

    Raises CannotTransfer, ActNotOffered, NotFound, and what `opening.begin` raises.
    """
    act = opening.begin(uow, work_item_id, version=version)
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
        data={"task": str(act.round.id), "item": str(made), "to": str(person.id), "asks": {str(made): str(person.id)}},
        texts={"reason": reason.strip()},
    )  # fmt: skip
    return made


def hindrance(act: Act, to: User) -> CannotTransfer | None:
    """Why the item cannot become his: rules of the task and of policies, as at a click; None: it can."""
    if not to.active:
        return _refusal(act, to, N_("the account is disabled"))
    if act.item.kind == ItemKind.ADVICE:
        return None
    for item in act.items:
        voting = item.kind != ItemKind.ADVICE and item.status in (*rounds.OPEN, ItemStatus.DECIDED)
        if voting and item.voided_at is None and item.assignee_id == to.id:
            return _refusal(act, to, N_("this person is on the task already"))
    capability, starter = act.work.capability, act.instance.starter_id
    in_place = act.item.reason in automatic.IN_PLACE
    kept_from_him = capability is not None or in_place or act.work.on_self != "ask"
    requester = identity.persons(act.uow, [starter]).get(starter) if kept_from_him and starter is not None else None
    if requester is not None and to.person_id == requester:
        return _refusal(act, to, N_("the requester may not approve his own request"))
    if capability is None:
        return None
    try:
        document = policy.document(act.uow, capability.subject_type, capability.subject)
    except NotFound:
        return _refusal(act, to, N_("the document that is approved cannot be found"))
    reason = policy.objection(act.uow, act.instance, capability, document, to.id, None)
    return None if reason is None else _refusal(act, to, reason)


def _check(act: Act, to: User, reason: str) -> None:
    if blank(reason):
        raise _refusal(act, to, N_("a reason is required"))
    refused = hindrance(act, to)
    if refused is not None:
        raise refused
    if _length(act) >= MOST_TRANSFERS:
        raise _refusal(act, to, N_("it was handed over too often already"))


def _refusal(act: Act, to: User, why: str) -> CannotTransfer:
    return CannotTransfer(task=act.round.name, to=to.name, reason=why)


def _length(act: Act) -> int:
    """How many times the item has changed hands."""
    by_id = {item.id: item for item in act.items}
    length, current = 0, act.item
    while current.supersedes_id in by_id:
        current = by_id[current.supersedes_id]
        length += current.assignee_id is not None and current.status == ItemStatus.SUPERSEDED
    return length
