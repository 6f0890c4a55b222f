"""Asking somebody's advice without giving the task away: delegate 委派, hand_back 交回."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, update

from engine import audit, history, identity, ids
from engine.approvals import rounds, timeouts
from engine.db.task import ItemDecision, ItemKind, ItemStatus, Source, work_item
from engine.errors import N_, ActNotOffered, CannotDelegate, OpinionRequired
from engine.tasks import opening
from engine.tasks.opening import Act
from engine.tasks.repeating import once_per_task
from engine.tasks.working import offered
from engine.unit_of_work import UnitOfWork
from engine.values import blank

_insert_item = insert(work_item)
_set_status = (
    update(work_item)
    .where(work_item.c.id == bindparam("item_id"), work_item.c.status == bindparam("was"))
    .values(version=work_item.c.version + 1)
)
_advise = update(work_item).where(work_item.c.id == bindparam("item_id"), work_item.c.status == int(ItemStatus.TODO))


@once_per_task
def delegate(
    uow: UnitOfWork, work_item_id: UUID, to: str | UUID, question: str, *, version: int | None = None,
    idempotency_key: str | None = None,
) -> UUID:  # fmt: skip
    """委派: `to` (login or id) is asked for advice, which is never a vote; the item stays the actor's.

    Returns the id of the adviser's item. Raises CannotDelegate, ActNotOffered, and what `opening.begin` raises.
    """
    act = opening.begin(uow, work_item_id, version=version)
    if "delegate" not in offered(act):
        raise ActNotOffered(act="delegate", task=act.round.name, offered=", ".join(offered(act)))
    person = identity.user(uow, to)
    _check(act, person, question)
    row = {
        "id": ids.uuid7(), "user_task_id": act.round.id, "instance_id": act.instance.id, "parent_id": act.item.id,
        "kind": int(ItemKind.ADVICE), "seq": act.item.seq, "assignee_id": person.id, "group_id": None,
        "owner_id": person.id, "status": int(ItemStatus.TODO), "reason": question.strip(), "added_by": act.actor_id,
        "due_at": act.item.due_at, "created_at": uow.now,
    }  # fmt: skip
    _move(act, act.item, ItemStatus.ADVISING)
    rounds.leave_inbox(uow, [act.item.id])
    uow.queue(_insert_item, row)
    rounds.put_into_inbox(uow, [row])
    timeouts.arm(uow, act.instance.id, act.round.token, act.work, [row["id"]])
    history.record(
        uow, act.instance, "task.delegated", node=act.round.node,
        data={"task": str(act.round.id), "item": str(row["id"]), "to": str(person.id), **rounds.asks([row])},
        texts={"question": question.strip()},
    )  # fmt: skip
    made: UUID = row["id"]
    return made


@once_per_task
def hand_back(
    uow: UnitOfWork, work_item_id: UUID, opinion: str = "", *, version: int | None = None,
    idempotency_key: str | None = None,
) -> UUID:  # fmt: skip
    """交回: the adviser gives his `opinion`, or the owner of the item takes it back without one.

    Returns the id of the item that may be decided again. Raises OpinionRequired and what `opening.begin` raises.
    """
    act = opening.begin(uow, work_item_id, version=version, states=(ItemStatus.TODO, ItemStatus.ADVISING))
    if "hand_back" not in offered(act):
        raise ActNotOffered(act="hand_back", task=act.round.name, offered=", ".join(offered(act)))
    if act.item.kind == ItemKind.ADVICE:
        owner = _owner(act)
        _give(act, opinion.strip(), idempotency_key)
    else:
        owner = act.item
        for item in act.items:
            if item.parent_id == owner.id and item.kind == ItemKind.ADVICE and item.status == ItemStatus.TODO:
                _move(act, item, ItemStatus.CANCELLED)
                rounds.leave_inbox(uow, [item.id])
        history.record(
            uow, act.instance, "task.taken_back", node=act.round.node,
            data={"task": str(act.round.id), "item": str(owner.id)},
        )  # fmt: skip
    _move(act, owner, ItemStatus.TODO)
    rounds.put_into_inbox(uow, [vars(owner) if isinstance(owner, SimpleNamespace) else owner])
    return UUID(str(owner.id))


def _owner(act: Act) -> Any:
    """Whose item it is now: he may have handed it over meanwhile."""
    owner = next(item for item in act.items if item.id == act.item.parent_id)
    while (heir := next((item for item in act.items if item.supersedes_id == owner.id), None)) is not None:
        owner = heir
    return owner


def _check(act: Act, to: identity.User, question: str) -> None:
    def refuse(why: str) -> CannotDelegate:
        return CannotDelegate(task=act.round.name, to=to.name, reason=why)

    if blank(question):
        raise refuse(N_("a question is required"))
    if not to.active:
        raise refuse(N_("the account is disabled"))
    if to.id == act.actor_id or to.id == act.item.assignee_id:
        raise refuse(N_("this person is on the task already"))


def _give(act: Act, opinion: str, key: str | None) -> None:
    if blank(opinion):
        raise OpinionRequired(task=act.round.name)
    digest, salt = history.seal(opinion)  # not the text: it may have to be erased one day
    row: dict[str, Any] = {
        "item_id": act.item.id, "status": int(ItemStatus.DECIDED), "decision": int(ItemDecision.ADVISED),
        "decision_source": int(Source.HUMAN), "decided_by": act.actor_id, "decided_person_id": act.person_id,
        "decided_at": act.uow.now, "opinion": opinion, "opinion_salt": salt, "on_behalf_of_id": act.behalf,
        "idempotency_key": key, "shown_form": opening.digest_of_form(act),
        "version": act.item.version + 1, "draft": None,
    }  # fmt: skip
    act.uow.queue(_advise, row, expect=1)
    rounds.leave_inbox(act.uow, [act.item.id])
    history.record(
        act.uow, act.instance, "task.advised", node=act.round.node,
        data={
            "task": str(act.round.id), "item": str(act.item.id), "opinion_digest": digest,
            "row": audit.sealed_item(act.item, row),
        },
    )  # fmt: skip


def _move(act: Act, item: Any, to: ItemStatus) -> None:
    act.uow.queue(_set_status, {"item_id": item.id, "was": int(item.status), "status": int(to)}, expect=1)
    item.status = to
