"""抄送: items that are read and never decided, one for each person and instance."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update

from engine import history, identity, ids
from engine.bpmn.steps import Work
from engine.db.instance import Instance
from engine.db.task import NO_DUE, Box, ItemKind, ItemStatus, inbox, work_item
from engine.identity import User
from engine.unit_of_work import UnitOfWork

_insert_item = insert(work_item)
_insert_inbox = insert(inbox)
_set_copy = update(work_item).where(work_item.c.id == bindparam("item_id"))
_copies = (
    select(work_item)
    .where(work_item.c.instance_id == bindparam("of"), work_item.c.kind == int(ItemKind.COPY))
    .order_by(work_item.c.id)
)


def of(uow: UnitOfWork, instance_id: UUID) -> list[Any]:
    """Rows of all copies, in the order in which they were sent."""
    return list(uow.read(_copies, {"of": instance_id}))


def send(
    uow: UnitOfWork, instance: Instance, user_ids: Sequence[UUID], round_id: UUID | None, reason: str, *,
    again: bool = False, fact: str = "copy.sent", by_drawing: bool = False,
) -> list[UUID]:  # fmt: skip
    """Copies for these accounts under the permissions of a round. Returns their ids, also of those sent before.

    `fact`: what is recorded; of a copy that is sent the recipients are told. `by_drawing`: nobody has sent it, whoever
    acts just now.
    """
    known = {row.assignee_id: row for row in of(uow, instance.id)}
    made, told = [], []
    for user_id in dict.fromkeys(user_ids):
        row = known.get(user_id)
        if row is None:
            made.append(_send(uow, instance, user_id, round_id, reason, None if by_drawing else uow.actor.user_id))
            told.append(user_id)
            continue
        made.append(row.id)
        if again and row.status == ItemStatus.READ:
            uow.queue(_set_copy, {"item_id": row.id, "status": int(ItemStatus.TODO), "first_seen_at": None})
            _show(uow, row.id, user_id)
            told.append(user_id)
    if told:
        data: dict[str, Any] = {"to": [str(user_id) for user_id in told]}
        if by_drawing:
            data["drawn"] = True
        history.record(uow, instance, fact, data=data, texts={"reason": reason.strip()})
    return made


def drawn(uow: UnitOfWork, instance: Instance, work: Work, round_id: UUID, *moments: str) -> None:
    """The copies that `troika:cc` sends at these moments: enter, pass, end."""
    for again in (False, True):
        people = readers(uow, work, *moments, again=again)
        if people:
            send(uow, instance, [user.id for user in people], round_id, work.name, again=again, by_drawing=True)


def readers(uow: UnitOfWork, work: Work, *moments: str, again: bool | None = None) -> list[User]:
    """Who reads along by `troika:cc` at these moments; `again`: only where the drawing says so, or does not."""
    found: list[User] = []
    for line in work.copies:
        if line["on"] in moments and again in (None, line.get("again", False)):
            found += [user for user in identity.find(uow, line["users"]) if user.active]
            groups = identity.find_groups(uow, line["groups"])
            if groups:
                found += identity.members_of(uow, [group.id for group in groups])
    return list({user.id: user for user in found}.values())


def _send(
    uow: UnitOfWork, instance: Instance, user_id: UUID, round_id: UUID | None, reason: str, sender_id: UUID | None
) -> UUID:  # fmt: skip
    key = ids.uuid7()
    uow.queue(
        _insert_item,
        {
            "id": key, "instance_id": instance.id, "user_task_id": round_id, "kind": int(ItemKind.COPY), "seq": 0,
            "assignee_id": user_id, "owner_id": user_id, "status": int(ItemStatus.TODO), "added_by": sender_id,
            "reason": reason.strip() or None, "created_at": uow.now,
        },
    )  # fmt: skip
    _show(uow, key, user_id)
    return key


def _show(uow: UnitOfWork, copy_id: UUID, user_id: UUID) -> None:
    row = {"principal_id": user_id, "box": int(Box.COPIED), "due_key": NO_DUE, "work_item_id": copy_id}
    uow.queue(_insert_inbox, row)
