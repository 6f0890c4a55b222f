"""The same click twice: acts that make something remember its id under the idempotency key of the request."""

from uuid import UUID

from sqlalchemy import bindparam, insert, select

from engine import ids
from engine.db.effect import EffectStatus, effect
from engine.unit_of_work import UnitOfWork
from engine.values import digest

_answer = select(effect.c.response).where(effect.c.key == bindparam("of"))
_remember = insert(effect)


def made_before(uow: UnitOfWork, verb: str, place: UUID, key: str | None) -> UUID | None:
    """What this verb made at `place` (item or instance) for this actor under `key`, if it did."""
    if key is None:
        return None
    answer = uow.execute(_answer, {"of": _key(uow, verb, place, key)}).scalar()
    return None if answer is None else UUID(answer["id"])


def remember(uow: UnitOfWork, verb: str, place: UUID, key: str | None, instance_id: UUID, made: UUID) -> None:
    """So that the next click with `key` is answered in the same way."""
    if key is None:
        return
    uow.queue(
        _remember,
        {
            "key": _key(uow, verb, place, key), "operation": f"tasks.{verb}", "instance_id": instance_id,
            "request_hash": digest([verb, str(place), key]), "status": int(EffectStatus.DONE),
            "response": {"id": str(made)}, "started_at": uow.now, "finished_at": uow.now,
        },
    )  # fmt: skip


def _key(uow: UnitOfWork, verb: str, place: UUID, key: str) -> UUID:
    return ids.named("tasks", verb, place, uow.actor.user_id, key)
