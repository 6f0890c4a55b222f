"""Private threads beside a request: consult 沟通. Their members read them, and audit; nobody else does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from engine import history, identity
from engine.approvals import copies
from engine.db.instance import Status
from engine.db.task import task_comment
from engine.errors import N_, InstanceOver, NotFound, Suspended
from engine.runtime import LIVE
from engine.tasks.copying import seat_of
from engine.tasks.erasing import refuse_erased
from engine.tasks.informing import Comment, named, require_sight, told_of, worded, write
from engine.tasks.repeating import once_per_request
from engine.tasks.working import sees
from engine.unit_of_work import UnitOfWork

AUDIT = "audit"
"""the capability that reads every thread"""

_threads = (
    select(task_comment)
    .where(task_comment.c.instance_id == bindparam("of"), task_comment.c.thread_id.is_not(None))
    .order_by(task_comment.c.id)
)


@dataclass(frozen=True, slots=True)
class Consultation:
    """A thread. `members`, whoever opened it first, and their names; `mine`: the actor may write into it."""

    id: UUID
    members: tuple[UUID, ...]
    people: tuple[str, ...]
    messages: tuple[Comment, ...]
    mine: bool


@once_per_request
def consult(
    uow: UnitOfWork, instance_id: UUID, people: Sequence[str | UUID], text: str, *, idempotency_key: str | None = None
) -> UUID:
    """沟通: ask `people` something in private, by anybody who may see the instance while it runs.

    Whoever of them cannot see it gets a copy; that he reads along is no secret, what is said is. Returns the id of the
    thread. Raises Forbidden, InvalidValue, NotFound, InstanceOver, Suspended.
    """
    text = worded(text)
    instance = uow.lock_instance(instance_id)
    opener = require_sight(uow, instance_id)
    if instance.status not in LIVE:
        raise InstanceOver(instance=instance.number or instance.id)
    if instance.status is Status.SUSPENDED:
        raise Suspended(instance=instance.number or instance.id)
    users = named(uow, people)
    new = [user.id for user in users if not sees(uow, instance_id, user.id)]
    if new:
        copies.send(uow, instance, new, seat_of(uow, instance_id, opener), "", fact="people.admitted")
    members = [str(opener), *(str(user.id) for user in users)]
    thread = write(uow, instance_id, opener, text, visible_to=members)
    history.record(uow, instance, "consultation.opened", data={"thread": str(thread)})
    return thread


@once_per_request
def answer(
    uow: UnitOfWork, instance_id: UUID, thread_id: UUID, text: str, *, idempotency_key: str | None = None
) -> UUID:
    """A further message of a member, also when the instance has ended. Raises NotFound for everybody else,
    NotPossibleNow (it was erased).
    """
    text = worded(text)
    instance = uow.lock_instance(instance_id)
    if not any(thread.id == thread_id and thread.mine for thread in consultations(uow, instance_id)):
        raise NotFound(kind=N_("conversation"), key=thread_id)
    refuse_erased(uow, instance, N_("answer"))
    made = write(uow, instance_id, require_sight(uow, instance_id), text, thread=thread_id)
    history.record(uow, instance, "consultation.answered", data={"thread": str(thread_id)})
    return made


def consultations(uow: UnitOfWork, instance_id: UUID) -> list[Consultation]:
    """Those that the actor may read, in order of opening. Raises Forbidden."""
    require_sight(uow, instance_id, writing=False)
    rows = uow.read(_threads, {"of": instance_id})
    reads_all = bool(rows) and identity.may(uow, AUDIT)
    found = []
    for opening in (row for row in rows if row.id == row.thread_id):
        mine = str(uow.actor.user_id) in opening.visible_to
        if mine or reads_all:
            said = told_of(uow, instance_id, [row for row in rows if row.thread_id == opening.id])
            found.append(_thread(uow, opening, said, mine))
    return found


def _thread(uow: UnitOfWork, opening: Any, said: Sequence[Comment], mine: bool) -> Consultation:
    members = tuple(UUID(key) for key in opening.visible_to)
    names = identity.names(uow, members)
    return Consultation(opening.id, members, tuple(names.get(key, "") for key in members), tuple(said), mine)
