"""What people say about parts of a file: threads beside it, of which it never knows."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update

from engine.db.draft import draft_comment
from engine.errors import N_, InvalidValue, NotFound
from engine.ids import uuid7
from engine.unit_of_work import UnitOfWork

LONGEST = 2000
LONGEST_ELEMENT = 200

_insert = insert(draft_comment)
_all = select(draft_comment).where(draft_comment.c.path == bindparam("of")).order_by(draft_comment.c.id)
_first = select(draft_comment).where(draft_comment.c.id == bindparam("of"), draft_comment.c.thread_id.is_(None))
_settle = update(draft_comment).where(draft_comment.c.id == bindparam("of"))


@dataclass(frozen=True, slots=True)
class Comment:
    """One remark. `thread_id`: the one that it answers; `resolved_at`: of the first of a thread, when it is settled."""

    id: UUID
    thread_id: UUID | None
    element: str
    text: str
    author_id: UUID | None
    at: datetime
    resolved_by: UUID | None
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Thread:
    """A remark with its answers, oldest first."""

    first: Comment
    answers: tuple[Comment, ...]


def say(uow: UnitOfWork, path: str, element: str, text: str) -> UUID:
    """Begin a thread about `element` (empty: about the whole file). Raises InvalidValue."""
    if len(element) > LONGEST_ELEMENT:
        raise InvalidValue(expected=N_("the id of an element"), found=element[:80])
    return _store(uow, path, element, text, None)


def answer(uow: UnitOfWork, path: str, thread_id: UUID, text: str) -> UUID:
    """Say something in a thread. Raises NotFound, InvalidValue."""
    return _store(uow, path, _get(uow, path, thread_id), text, thread_id)


def settle(uow: UnitOfWork, path: str, thread_id: UUID, *, settled: bool = True) -> None:
    """Mark a thread as resolved, or open it again. Raises NotFound."""
    _get(uow, path, thread_id)
    values = (uow.actor.user_id, uow.now) if settled else (None, None)
    uow.execute(_settle.values(resolved_by=values[0], resolved_at=values[1]), {"of": thread_id})


def threads(uow: UnitOfWork, path: str) -> list[Thread]:
    """All of a file, oldest first, those that are settled included."""
    rows = uow.execute(_all, {"of": path})
    said = [
        Comment(
            row.id, row.thread_id, row.element, row.text, row.author_id, row.created_at, row.resolved_by,
            row.resolved_at,
        )
        for row in rows
    ]  # fmt: skip
    answers: dict[UUID | None, list[Comment]] = {}
    for one in said:
        answers.setdefault(one.thread_id, []).append(one)
    return [Thread(one, tuple(answers.get(one.id, ()))) for one in answers.get(None, [])]


def counts(uow: UnitOfWork, path: str) -> dict[str, int]:
    """Threads that are not settled, by element."""
    return dict(Counter(one.first.element for one in threads(uow, path) if one.first.resolved_at is None))


def _get(uow: UnitOfWork, path: str, thread_id: UUID) -> str:
    """The element of a thread of this file."""
    row = uow.execute(_first, {"of": thread_id}).first()
    if row is None or row.path != path:
        raise NotFound(kind="comment", key=thread_id)
    element: str = row.element
    return element


def _store(uow: UnitOfWork, path: str, element: str, text: str, thread_id: UUID | None) -> UUID:
    said = text.strip()
    if not said or len(said) > LONGEST:
        raise InvalidValue(expected=N_("a text of 1 to 2000 characters"), found=str(len(said)))
    key = uuid7()
    row = {"id": key, "path": path, "element": element, "thread_id": thread_id, "text": said}
    uow.execute(_insert, row | {"author_id": uow.actor.user_id, "created_at": uow.now})
    return key
