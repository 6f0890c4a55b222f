"""How long ended requests stay (troika:retention): what is over, who still holds it, and erasing it.

Erased is what people wrote: the form, opinions, reasons, comments. Facts and their digests stay, and attachments with
them: the record proves itself as before. A request on which a payment stands stays whole.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, bindparam, cast, delete, func, select, update

from engine import history, identity, repository, runtime
from engine.bpmn import timers
from engine.db import rows
from engine.db.definition import Kind
from engine.db.definition import definition as definition_table
from engine.db.instance import instance, instance_field, instance_label
from engine.db.policy import clearance, policy_grant
from engine.db.task import task_comment, work_item
from engine.errors import N_, Forbidden, InvalidValue, NotPossibleNow, Phrase
from engine.tasks.erasing import erase_opinion, erase_text, written
from engine.tasks.working import may_see
from engine.unit_of_work import UnitOfWork

RELEASED, ERASED = "retention.released", "retention.erased"
_ACTS = (RELEASED, ERASED, "text.erased", "opinion.erased")
"""acts of keeping and erasing: why they were done stays"""
MOST = 200
_kept_for = select(definition_table.c.id, definition_table.c.meta).where(
    definition_table.c.kind == int(Kind.PROCESS), cast(definition_table.c.meta, Text).contains('"retention"')
)
_ended = (
    select(instance.c.id, instance.c.number, instance.c.title, instance.c.process_key, instance.c.ended_at)
    .where(
        instance.c.definition_id == bindparam("of"), instance.c.ended_at.is_not(None), instance.c.remove_at.is_(None)
    )
    .order_by(instance.c.ended_at)
    .limit(MOST)
)  # fmt: skip
_erased_at = select(instance.c.remove_at).where(instance.c.id == bindparam("of"))
_proofs = tuple(
    select(func.count()).select_from(table).where(table.c.instance_id == bindparam("of"))
    for table in (policy_grant, clearance)
)
_opinion = (
    select(work_item.c.id)
    .where(
        work_item.c.instance_id == bindparam("of"), work_item.c.opinion.is_not(None),
        work_item.c.decided_at.is_not(None),
    )
    .limit(1)
)  # fmt: skip
_unspoken = (
    update(work_item)
    .where(work_item.c.instance_id == bindparam("of"), work_item.c.decided_at.is_(None))
    .values(opinion=None, opinion_salt=None, draft=None)
)
_mark = update(instance).where(instance.c.id == bindparam("row")).values(remove_at=bindparam("at"))
_silence = (
    update(task_comment).where(task_comment.c.instance_id == bindparam("of")).values(text="", mentions=None)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long a request is kept. `until` None: it has not ended. `legal`: the group that must release it, `released`:
    it has; `needed`: a payment or another guarded operation stands on it.
    """

    instance_id: UUID
    number: str | None
    title: str
    process_key: str
    ended_at: datetime | None
    until: datetime | None
    legal: str | None
    released: bool
    needed: bool
    erased_at: datetime | None = None

    @property
    def held(self) -> bool:
        """Its group has not released it."""
        return self.legal is not None and not self.released


def over(uow: UnitOfWork) -> list[Keeping]:
    """Requests whose time is over and that hold something still, by process, the longest ended first; at most MOST of
    each version.
    """
    found = []
    for version in uow.execute(_kept_for).all():
        for row in uow.execute(_ended, {"of": version.id}).all():
            kept = _keeping(uow, row, version.meta["retention"])
            if kept.until is None or kept.until > uow.now:
                break
            found.append(kept)
    return sorted(found, key=lambda one: one.process_key)


def keeping(uow: UnitOfWork, instance_id: UUID) -> Keeping | None:
    """Of one request; None where its process says nothing. Raises NotFound."""
    row = rows.read(uow, instance_id)
    said = repository.definition(uow, row.definition_id).meta.get("retention")
    if not said:
        return None
    return _keeping(uow, row, said)


def erased(uow: UnitOfWork, instance_id: UUID) -> bool:
    """Whether nothing of its forms is left."""
    return uow.execute(_erased_at, {"of": instance_id}).scalar() is not None


def may_release(uow: UnitOfWork, instance_id: UUID) -> bool:
    """Whether `release` is open to the actor now."""
    kept = keeping(uow, instance_id)
    if kept is None or kept.until is None or kept.until > uow.now or kept.erased_at is not None:
        return False
    return kept.held and _of_legal(uow, kept) and may_see(uow, instance_id)


def release(uow: UnitOfWork, instance_id: UUID, reason: str) -> None:
    """By one of the group that the process names as `legal`: what it holds may be erased. Once its time is over.

    Raises NotPossibleNow, Forbidden, InvalidValue.
    """
    found = uow.lock_instance(instance_id)
    kept = _due(uow, instance_id, N_("release"), reason)
    if not _of_legal(uow, kept) or not may_see(uow, instance_id):
        raise Forbidden(actor=_name(uow), act=N_("release what is kept"))
    if kept.released:
        raise _refused(N_("release"), kept, N_("it was released already"))
    history.record(uow, found, RELEASED, texts={"reason": reason.strip()})


def erase_request(uow: UnitOfWork, instance_id: UUID, reason: str) -> None:
    """Erase what people wrote in a request whose time is over. By an administrator; the reason stays on record.

    Raises NotPossibleNow (kept still, held, or a payment stands on it), Forbidden, InvalidValue.
    """
    identity.require(uow, "admin")
    found = uow.lock_instance(instance_id)
    kept = _due(uow, instance_id, N_("erase"), reason)
    if kept.held:
        raise _refused(N_("erase"), kept, Phrase(N_("group '{group}' has not released it"), group=kept.legal))
    if kept.needed:
        raise _refused(N_("erase"), kept, N_("a payment or another guarded operation stands on it"))
    own = {act.seq for act in history.timeline(uow, instance_id, limit=100_000) if act.kind in _ACTS}
    texts = {seq for seq, _, _ in written(uow, instance_id)} - own
    for seq in sorted(texts):
        erase_text(uow, instance_id, seq, reason)
    opinions = 0
    while (item := uow.execute(_opinion, {"of": instance_id}).scalar()) is not None:
        erase_opinion(uow, item, reason)
        opinions += 1
    uow.execute(_unspoken, {"of": instance_id})
    runtime.empty(uow, found)
    uow.execute(_silence, {"of": instance_id})
    for table in (instance_field, instance_label):
        uow.execute(delete(table).where(table.c.instance_id == instance_id))
    uow.execute(_mark, {"row": instance_id, "at": uow.now})
    data = {"texts": len(texts), "opinions": opinions, "until": kept.until.isoformat() if kept.until else None}
    history.record(uow, found, ERASED, data=data, texts={"reason": reason.strip()})


# ---------------------------------------------------------------- private


def _keeping(uow: UnitOfWork, row: Any, said: list[Any]) -> Keeping:
    after, legal = said
    duration = timers.duration_of(after)
    until = None
    if row.ended_at is not None and duration is not None:
        until = timers.later(row.ended_at, duration, uow.settings.timezone)
    of = {"of": row.id}
    return Keeping(
        row.id, row.number, row.title, row.process_key, row.ended_at, until, legal,
        legal is not None and bool(history.timeline(uow, row.id, kind=RELEASED)),
        any(uow.execute(proof, of).scalar() for proof in _proofs), uow.execute(_erased_at, of).scalar(),
    )  # fmt: skip


def _of_legal(uow: UnitOfWork, kept: Keeping) -> bool:
    actor = uow.actor.user_id
    return actor is not None and repository.keeps(uow, rows.read(uow, kept.instance_id), actor)


def _due(uow: UnitOfWork, instance_id: UUID, act: str, reason: str) -> Keeping:
    """How a request is kept whose time is over and that is not erased yet."""
    if not reason.strip():
        raise InvalidValue(expected=N_("a reason"), found=N_("none"))
    kept = keeping(uow, instance_id)
    if kept is None:
        raise NotPossibleNow(act=act, instance=instance_id, reason=N_("its process does not say how long it is kept"))
    if kept.until is None:
        raise _refused(act, kept, N_("it has not ended"))
    if kept.until > uow.now:
        raise _refused(act, kept, Phrase(N_("it is kept until {day}"), day=kept.until.date()))
    if kept.erased_at is not None:
        raise _refused(act, kept, N_("it was erased already"))
    return kept


def _refused(act: str, kept: Keeping, reason: str) -> NotPossibleNow:
    return NotPossibleNow(act=act, instance=kept.number or kept.instance_id, reason=reason)


def _name(uow: UnitOfWork) -> str:
    return next(iter(identity.names(uow, [uow.actor.user_id]).values()), "Nobody")
