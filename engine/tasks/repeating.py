"""The same click twice: acts that make something remember its id under the idempotency key of the request."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from uuid import UUID

from sqlalchemy import bindparam, insert, select

from engine import ids
from engine.db.effect import EffectStatus, effect
from engine.db.instance import Instance
from engine.unit_of_work import UnitOfWork
from engine.values import digest

P = ParamSpec("P")
Made = TypeVar("Made", UUID, UUID | None)
Verb = Callable[Concatenate[UnitOfWork, UUID, P], Made]
"""Returns the id of what it made; None: nothing, and the next click may."""

_answer = select(effect.c.response).where(effect.c.key == bindparam("of"))
_remember = insert(effect)


def once_per_task(verb: Verb[P, Made]) -> Verb[P, Made]:
    """`verb` acts on a work item: a second click under the same `idempotency_key` gets the id that the first one made.

    The instance is locked before the answer is looked for, which another click may just be writing.
    """
    return _once(UnitOfWork.lock_instance_of, verb)


def once_per_request(verb: Verb[P, Made]) -> Verb[P, Made]:
    """As `once_per_task`, for a `verb` that acts on an instance."""
    return _once(UnitOfWork.lock_instance, verb)


def _once(lock: Callable[[UnitOfWork, UUID], Instance], verb: Verb[P, Made]) -> Verb[P, Made]:
    name = verb.__name__

    @wraps(verb)
    def act(uow: UnitOfWork, place: UUID, /, *told: P.args, **options: P.kwargs) -> Made:
        given = options.get("idempotency_key")
        key = None if given is None else str(given)
        instance = lock(uow, place)
        repeated = made_before(uow, name, place, key)
        if repeated is not None:
            return repeated
        made = verb(uow, place, *told, **options)
        if made is not None:
            remember(uow, name, place, key, instance.id, made)
        return made

    return act


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
