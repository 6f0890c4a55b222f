"""Letting others know: copy_to 抄送 with a read receipt, and urge 催办."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, select, update

from engine import history, identity, repository
from engine.approvals import copies, rounds
from engine.db.instance import instance as instance_table
from engine.db.task import ItemKind, ItemStatus, RoundStatus, user_task, work_item
from engine.errors import (
    N_,
    Forbidden,
    InstanceOver,
    InvalidValue,
    NotFound,
    NotYourTask,
    Phrase,
    Suspended,
    UrgedAlready,
)
from engine.runtime import LIVE
from engine.tasks.erasing import refuse_erased
from engine.tasks.repeating import made_before, remember
from engine.tasks.working import may_see
from engine.unit_of_work import UnitOfWork

MOST_COPIES = 100

_copy = select(work_item).where(work_item.c.id == bindparam("of"), work_item.c.kind == int(ItemKind.COPY))
_set_copy = update(work_item).where(work_item.c.id == bindparam("item_id"))
_starter = select(instance_table.c.starter_id).where(instance_table.c.id == bindparam("of"))
_seat = (
    select(work_item.c.user_task_id)
    .where(
        work_item.c.instance_id == bindparam("of"),
        work_item.c.user_task_id.is_not(None),
        (work_item.c.assignee_id == bindparam("who")) | (work_item.c.decided_by == bindparam("who")),
    )
    .order_by(work_item.c.id.desc())
    .limit(1)
)
_waiting = (
    select(work_item.c.id, work_item.c.assignee_id, work_item.c.group_id, work_item.c.urged_at, work_item.c.urges,
           user_task.c.node)
    .join(user_task, user_task.c.id == work_item.c.user_task_id)
    .where(
        work_item.c.instance_id == bindparam("of"), work_item.c.status == int(ItemStatus.TODO),
        work_item.c.kind != int(ItemKind.COPY), user_task.c.status == int(RoundStatus.OPEN),
    )
    .order_by(work_item.c.id)
)  # fmt: skip
_urge = update(work_item).where(work_item.c.id == bindparam("item_id"))


def copy_to(
    uow: UnitOfWork, instance_id: UUID, people: Sequence[str | UUID], reason: str = "", *, again: bool = False,
    idempotency_key: str | None = None,
) -> list[UUID]:  # fmt: skip
    """抄送: `people` get a copy that they may read, once each; `again` makes one that was read unread.

    They see what the sender sees at his task. Returns the ids of the copies. Raises Forbidden, InvalidValue,
    NotPossibleNow (it was erased).
    """
    instance = uow.lock_instance(instance_id)
    sender = uow.actor.user_id
    if sender is None or not may_see(uow, instance_id):
        raise Forbidden(actor=_name(uow), act=N_("send copies of this instance"))
    refuse_erased(uow, instance, N_("send a copy"))
    users = [identity.user(uow, key) for key in dict.fromkeys(people)]
    if not 0 < len(users) <= MOST_COPIES:
        raise InvalidValue(expected=Phrase(N_("1 to {limit} people"), limit=MOST_COPIES), found=str(len(users)))
    if gone := [user.name for user in users if not user.active]:
        raise InvalidValue(expected=N_("people whose account is in use"), found=", ".join(gone))
    if made_before(uow, "copy_to", instance_id, idempotency_key) is not None:
        return [row.id for row in copies.of(uow, instance_id) if row.assignee_id in {user.id for user in users}]
    made = copies.send(
        uow, instance, [user.id for user in users], seat_of(uow, instance_id, sender), reason, again=again
    )
    remember(uow, "copy_to", instance_id, idempotency_key, instance_id, instance_id)
    return made


def seat_of(uow: UnitOfWork, instance_id: UUID, person_id: UUID) -> UUID | None:
    """The round under whose permissions this person lets others read: the last one in which he was asked."""
    row = uow.read_one(_seat, {"of": instance_id, "who": person_id})
    return row.user_task_id if row else None


def read_copy(uow: UnitOfWork, copy_id: UUID) -> datetime:
    """The reader has opened his copy; returns when he did first. Raises NotFound, NotYourTask."""
    uow.lock_instance_of(copy_id)
    row = uow.read_one(_copy, {"of": copy_id})
    if row is None:
        raise NotFound(kind="copy", key=copy_id)
    if row.assignee_id != uow.actor.user_id:
        names = identity.names(uow, [row.assignee_id])
        raise NotYourTask(task=N_("copy"), assignee=names.get(row.assignee_id, ""))
    if row.status == ItemStatus.READ:
        seen: datetime = row.first_seen_at
        return seen
    uow.queue(_set_copy, {"item_id": row.id, "status": int(ItemStatus.READ), "first_seen_at": uow.now})
    rounds.leave_inbox(uow, [row.id])
    instance = uow.lock_instance(row.instance_id)
    history.record(uow, instance, "copy.read", data={"copy": str(row.id)})
    return uow.now


def urge(uow: UnitOfWork, instance_id: UUID, *, idempotency_key: str | None = None) -> int:
    """催办: by the requester or who looks after it, everybody who is asked now, each once within `urge_every_minutes`.

    Returns how many were urged. Raises UrgedAlready, Forbidden, InstanceOver, Suspended, InvalidValue.
    """
    instance = uow.lock_instance(instance_id)
    if instance.status not in LIVE:
        raise InstanceOver(instance=instance.number or instance.id)
    if instance.status.name == "SUSPENDED":
        raise Suspended(instance=instance.number or instance.id)
    asks = uow.actor.user_id
    if asks is None or (asks != instance.starter_id and not repository.manages(uow, instance)):
        raise Forbidden(actor=_name(uow), act=N_("urge those who are asked"))
    if made_before(uow, "urge", instance_id, idempotency_key) is not None:
        return 0
    waiting = uow.read(_waiting, {"of": instance_id})
    if not waiting:
        raise InvalidValue(expected=N_("somebody who is asked now"), found=N_("nobody"))
    pause = timedelta(minutes=uow.settings.urge_every_minutes)
    due = [row for row in waiting if row.urged_at is None or row.urged_at + pause <= uow.now]
    if not due:
        raise UrgedAlready(until=min(row.urged_at for row in waiting) + pause)
    for row in due:
        uow.queue(_urge, {"item_id": row.id, "urged_at": uow.now, "urges": (row.urges or 0) + 1})
    history.record(
        uow, instance, "task.urged",
        data={"items": [str(row.id) for row in due], "nodes": sorted({row.node for row in due})},
    )  # fmt: skip
    remember(uow, "urge", instance_id, idempotency_key, instance_id, instance_id)
    return len(due)


def _name(uow: UnitOfWork) -> str:
    return next(iter(identity.names(uow, [uow.actor.user_id]).values()), "Nobody")
