"""The title of a request for one reader: who may not see what it is made of reads the name of the process instead."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from engine import repository
from engine.forms import Permissions
from engine.unit_of_work import Actor, UnitOfWork


def shown(uow: UnitOfWork, definition_id: UUID, title: str, process_name: str, allowed: Permissions) -> str:
    """`title` as it is stored, or `process_name` when it is made of a field that `allowed` hides."""
    if allowed.default != "hidden" and "hidden" not in allowed.by_path.values():
        return title
    read = repository.program(uow, definition_id).title_reads
    return process_name if any(allowed.on(name) == "hidden" for name in read) else title


@contextmanager
def reading_as(uow: UnitOfWork, user_id: UUID) -> Iterator[None]:
    """What is asked in this block is what `user_id` may see: a notice is written for him by nobody in particular."""
    actor, uow.actor = uow.actor, Actor(user_id, source=uow.actor.source)
    try:
        yield
    finally:
        uow.actor = actor
