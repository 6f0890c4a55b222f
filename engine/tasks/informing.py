"""Telling others without deciding: comment 评论, mention, attach a file, read what belongs to an instance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select

from engine import audit, documents, history, identity, ids
from engine.approvals import copies
from engine.db.task import task_comment
from engine.documents import Document
from engine.errors import N_, ActNotOffered, FileErased, Forbidden, InvalidValue, NotFound
from engine.forms import Permissions
from engine.identity import User
from engine.tasks import opening
from engine.tasks.copying import seat_of
from engine.tasks.erasing import erased, refuse_erased
from engine.tasks.repeating import once_per_request, once_per_task
from engine.tasks.working import may_see, offered, sees, sight
from engine.unit_of_work import UnitOfWork
from engine.values import blank

LONGEST_COMMENT = 4000
MOST_NAMED = 20

_insert = insert(task_comment)
_comments = (
    select(task_comment)
    .where(
        task_comment.c.instance_id == bindparam("of"), task_comment.c.thread_id.is_(None),
        task_comment.c.id < bindparam("before"),
    )
    .order_by(task_comment.c.id.desc())
    .limit(bindparam("most"))
)  # fmt: skip
_comment = select(task_comment).where(
    task_comment.c.id == bindparam("comment"), task_comment.c.instance_id == bindparam("of"),
    task_comment.c.thread_id.is_(None),
)  # fmt: skip
_LAST = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody named in a comment. `reads`: he may see the request; else somebody who may has to let him."""

    user_id: UUID
    name: str
    reads: bool


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote beside the form."""

    id: UUID
    author_id: UUID
    author_name: str
    text: str
    at: datetime
    mentions: tuple[Mention, ...] = ()


@once_per_request
def comment(
    uow: UnitOfWork, instance_id: UUID, text: str, mentions: Sequence[str | UUID] = (), *,
    idempotency_key: str | None = None,
) -> UUID:  # fmt: skip
    """评论: allowed to everybody who may see the instance, also when it has ended. `mentions` are told of it.

    Whoever is mentioned and may not see the instance is told nothing until somebody who may has let him: `admit`.
    Raises Forbidden, InvalidValue, NotFound, NotPossibleNow (it was erased).
    """
    text = worded(text)
    instance = uow.lock_instance(instance_id)
    author = require_sight(uow, instance_id)
    refuse_erased(uow, instance, N_("comment"))
    people = named(uow, mentions) if mentions else []
    key = write(uow, instance_id, author, text, mentions=[str(user.id) for user in people])
    history.record(uow, instance, "comment.added", data={"comment": str(key)})
    told = [str(user.id) for user in people if sees(uow, instance_id, user.id)]
    if told:
        history.record(uow, instance, "people.mentioned", data={"comment": str(key), "to": told})
    return key


def admit(uow: UnitOfWork, instance_id: UUID, comment_id: UUID, person: str | UUID) -> bool:
    """Let somebody who is mentioned in a comment read the instance, by anybody who may himself: he gets a copy.

    False: he could read it already. Raises Forbidden, NotFound.
    """
    instance = uow.lock_instance(instance_id)
    reader = require_sight(uow, instance_id)
    row = uow.read_one(_comment, {"of": instance_id, "comment": comment_id})
    user = identity.user(uow, person)
    if row is None or str(user.id) not in (row.mentions or ()):
        raise NotFound(kind=N_("mention"), key=user.name)
    if sees(uow, instance_id, user.id):
        return False
    copies.send(uow, instance, [user.id], seat_of(uow, instance_id, reader), row.text[:200], fact="people.admitted")
    data = {"comment": str(comment_id), "to": [str(user.id)]}
    history.record(uow, instance, "people.mentioned", data=data)
    return True


def comments(uow: UnitOfWork, instance_id: UUID, *, before: UUID | None = None, limit: int = 100) -> list[Comment]:
    """The last comments in order of writing, or the last ones before `before`. Raises Forbidden."""
    require_sight(uow, instance_id, writing=False)
    rows = uow.execute(_comments, {"of": instance_id, "before": before or _LAST, "most": limit}).all()
    return told_of(uow, instance_id, rows[::-1])


@once_per_task
def attach(
    uow: UnitOfWork, work_item_id: UUID, name: str, content: bytes, media_type: str, *,
    idempotency_key: str | None = None,
) -> UUID:  # fmt: skip
    """A file beside the form, by whoever may act on the item; the same name again is a new version.

    Returns the document's id. Raises FileTooLarge, WrongFileType, ActNotOffered, and what `opening.begin` raises.
    """
    act = opening.begin(uow, work_item_id, proposable=True)
    if "attach" not in offered(act):
        raise ActNotOffered(act="attach", task=act.round.name, offered=", ".join(offered(act)))
    document_id = documents.store(
        uow, "instance", act.instance.id, name, content, media_type, instance_id=act.instance.id
    )
    version, row = audit.sealed_file(uow, document_id)
    history.record(
        uow, act.instance, "document.attached", node=act.round.node,
        data={"document": str(document_id), "name": name, "item": str(act.item.id), "version": version, "row": row},
    )  # fmt: skip
    return document_id


def attachments(uow: UnitOfWork, instance_id: UUID) -> Sequence[Document]:
    """The files of an instance, without those of fields that the actor may not read. Raises Forbidden."""
    require_sight(uow, instance_id, writing=False)
    allowed = sight(uow, instance_id)
    return [one for one in documents.list_(uow, "instance", instance_id) if _shown(one, allowed)]


def open_attachment(uow: UnitOfWork, document_id: UUID) -> tuple[Document, bytes]:
    """A file of an instance with its bytes. Raises NotFound, Forbidden, FileErased."""
    found, content = documents.open_(uow, document_id)
    if found.instance_id is None:
        raise NotFound(kind="attachment", key=document_id)
    require_sight(uow, found.instance_id, writing=False)
    if not _shown(found, sight(uow, found.instance_id)):
        raise Forbidden(actor=_name(uow), act=N_("see this file"))
    if found.field is not None and erased(uow, found.instance_id):
        raise FileErased(name=found.name)
    return found, content


# ---------------------------------------------------------------- what a private thread shares


def write(
    uow: UnitOfWork, instance_id: UUID, author: UUID, text: str, *, mentions: Sequence[str] = (),
    thread: UUID | None = None, visible_to: Sequence[str] = (),
) -> UUID:  # fmt: skip
    """One row; the opening one of a thread, which says who sees it, is its own thread."""
    key = ids.uuid7()
    uow.queue(
        _insert,
        {
            "id": key, "instance_id": instance_id, "author_id": author, "text": text, "at": uow.now,
            "mentions": list(mentions) or None, "thread_id": key if visible_to else thread,
            "visible_to": list(visible_to) or None,
        },
    )  # fmt: skip
    return key


def told_of(uow: UnitOfWork, instance_id: UUID, rows: Sequence[Any]) -> list[Comment]:
    """What `rows` say, with names."""
    mentioned = {UUID(key) for row in rows for key in row.mentions or ()}
    names = identity.names(uow, [*(row.author_id for row in rows), *mentioned])
    known = {key: Mention(key, names.get(key, ""), sees(uow, instance_id, key)) for key in mentioned}
    return [
        Comment(
            row.id, row.author_id, names.get(row.author_id, ""), row.text, row.at,
            tuple(known[UUID(key)] for key in row.mentions or ()),
        )
        for row in rows
    ]  # fmt: skip


def worded(text: str) -> str:
    """Without space around it. Raises InvalidValue."""
    text = text.strip()
    if blank(text) or len(text) > LONGEST_COMMENT:
        raise InvalidValue(expected=N_("a comment of 1 to 4000 characters"), found=str(len(text)))
    return text


def named(uow: UnitOfWork, people: Sequence[str | UUID]) -> list[User]:
    """Accounts in use, each once, without the actor's own. Raises InvalidValue, NotFound."""
    users = {user.id: user for user in (identity.user(uow, key) for key in people) if user.id != uow.actor.user_id}
    if not 0 < len(users) <= MOST_NAMED:
        raise InvalidValue(expected=N_("1 to 20 other people"), found=str(len(users)))
    if gone := [user.name for user in users.values() if not user.active]:
        raise InvalidValue(expected=N_("people whose account is in use"), found=", ".join(gone))
    return list(users.values())


def _shown(one: Document, allowed: Permissions) -> bool:
    return one.field is None or allowed.on(one.field) != "hidden"


def require_sight(uow: UnitOfWork, instance_id: UUID, *, writing: bool = True) -> Any:
    """The actor, who may see the instance and, for `writing`, is a person. Raises Forbidden."""
    if not may_see(uow, instance_id) or (writing and uow.actor.user_id is None):
        raise Forbidden(actor=_name(uow), act=N_("see this instance"))
    return uow.actor.user_id


def _name(uow: UnitOfWork) -> str:
    return next(iter(identity.names(uow, [uow.actor.user_id]).values()), "Nobody")
