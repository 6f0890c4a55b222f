"""Telling others without deciding: comment, attach a file, read what belongs to an instance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select

from engine import documents, history, identity, ids
from engine.db.task import task_comment
from engine.documents import Document
from engine.errors import N_, ActNotOffered, Forbidden, InvalidValue, NotFound
from engine.tasks import opening
from engine.tasks.repeating import made_before, remember
from engine.tasks.working import may_see, offered
from engine.unit_of_work import UnitOfWork

LONGEST_COMMENT = 4000

_insert = insert(task_comment)
_comments = (
    select(task_comment)
    .where(task_comment.c.instance_id == bindparam("of"), task_comment.c.id > bindparam("after"))
    .order_by(task_comment.c.id)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote beside the form."""

    id: UUID
    author_id: UUID
    author_name: str
    text: str
    at: datetime


def comment(uow: UnitOfWork, instance_id: UUID, text: str, *, idempotency_key: str | None = None) -> UUID:
    """评论: allowed to everybody who may see the instance, also when it has ended. Raises Forbidden, InvalidValue."""
    text = text.strip()
    if not text or len(text) > LONGEST_COMMENT:
        raise InvalidValue(expected=f"a comment of 1 to {LONGEST_COMMENT} characters", found=str(len(text)))
    instance = uow.lock_instance(instance_id)
    author = _require_sight(uow, instance_id)
    repeated = made_before(uow, "comment", instance_id, idempotency_key)
    if repeated is not None:
        return repeated
    key = ids.uuid7()
    uow.queue(_insert, {"id": key, "instance_id": instance_id, "author_id": author, "text": text, "at": uow.now})
    history.record(uow, instance, "comment.added", data={"comment": str(key)})
    remember(uow, "comment", instance_id, idempotency_key, instance_id, key)
    return key


def comments(uow: UnitOfWork, instance_id: UUID, *, after: UUID | None = None, limit: int = 100) -> list[Comment]:
    """Comments in order of writing, from the one after `after` on. Raises Forbidden."""
    _require_sight(uow, instance_id, writing=False)
    rows = uow.execute(_comments, {"of": instance_id, "after": after or UUID(int=0), "most": limit}).all()
    names = identity.names(uow, [row.author_id for row in rows])
    return [Comment(row.id, row.author_id, names.get(row.author_id, ""), row.text, row.at) for row in rows]


def attach(
    uow: UnitOfWork, work_item_id: UUID, name: str, content: bytes, media_type: str, *,
    idempotency_key: str | None = None,
) -> UUID:  # fmt: skip
    """A file beside the form, by whoever may act on the item; the same name again is a new version.

    Returns the document's id. Raises FileTooLarge, WrongFileType, ActNotOffered, and what `opening.begin` raises.
    """
    opening.lock(uow, work_item_id)
    repeated = made_before(uow, "attach", work_item_id, idempotency_key)
    if repeated is not None:
        return repeated
    act = opening.begin(uow, work_item_id)
    if "attach" not in offered(act):
        raise ActNotOffered(act="attach", task=act.round.name, offered=", ".join(offered(act)))
    document_id = documents.store(
        uow, "instance", act.instance.id, name, content, media_type, instance_id=act.instance.id
    )
    history.record(
        uow, act.instance, "document.attached", node=act.round.node,
        data={"document": str(document_id), "name": name, "item": str(act.item.id)},
    )  # fmt: skip
    remember(uow, "attach", work_item_id, idempotency_key, act.instance.id, document_id)
    return document_id


def attachments(uow: UnitOfWork, instance_id: UUID) -> Sequence[Document]:
    """The files of an instance. Raises Forbidden."""
    _require_sight(uow, instance_id, writing=False)
    return documents.list_(uow, "instance", instance_id)


def open_attachment(uow: UnitOfWork, document_id: UUID) -> tuple[Document, bytes]:
    """A file of an instance with its bytes. Raises NotFound, Forbidden."""
    found, content = documents.open_(uow, document_id)
    if found.instance_id is None:
        raise NotFound(kind="attachment", key=document_id)
    _require_sight(uow, found.instance_id, writing=False)
    return found, content


def _require_sight(uow: UnitOfWork, instance_id: UUID, *, writing: bool = True) -> Any:
    if not may_see(uow, instance_id) or (writing and uow.actor.user_id is None):
        known = identity.names(uow, [uow.actor.user_id])
        raise Forbidden(actor=next(iter(known.values()), "Nobody"), act=N_("see this instance"))
    return uow.actor.user_id
