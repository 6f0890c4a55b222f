"""Messages inside the product: the rows that module `notification` keeps, if it is there; nobody imports a module."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, func, select, update

from engine.db.base import metadata
from engine.errors import NotFound
from engine.unit_of_work import UnitOfWork


def list_(
    uow: UnitOfWork, user_id: UUID, *, unread: bool = False, after: UUID | None = None, limit: int = 30
) -> Sequence[Any]:
    """id, title, text, link, instance_id, created_at, read_at of what a person was told, newest first.

    `after`: the last id of the page before. Raises NotFound.
    """
    table = _table()
    if table is None:
        return ()
    query = select(table).where(table.c.user_id == user_id)
    query = query.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(limit)
    if unread:
        query = query.where(table.c.read_at.is_(None))
    if after is not None:
        last = get(uow, user_id, after)
        earlier = (table.c.created_at == last.created_at) & (table.c.id < last.id)
        query = query.where((table.c.created_at < last.created_at) | earlier)
    return uow.execute(query).all()


def count_unread(uow: UnitOfWork, user_id: UUID) -> int:
    """How many he has not read."""
    table = _table()
    if table is None:
        return 0
    unread = (table.c.user_id == user_id) & table.c.read_at.is_(None)
    return int(uow.execute(select(func.count()).select_from(table).where(unread)).scalar_one())


def get(uow: UnitOfWork, user_id: UUID, key: UUID) -> Any:
    """One message of this person. Raises NotFound, also for one of somebody else."""
    table = _table()
    row = None
    if table is not None:
        row = uow.execute(select(table).where(table.c.id == key, table.c.user_id == user_id)).one_or_none()
    if row is None:
        raise NotFound(kind="notice", key=key)
    return row


def read(uow: UnitOfWork, user_id: UUID, key: UUID | None = None) -> None:
    """Mark one as read; without a key all of them. Raises NotFound."""
    if key is not None:
        get(uow, user_id, key)
    table = _table()
    if table is not None:
        unread = update(table).where(table.c.user_id == user_id, table.c.read_at.is_(None)).values(read_at=uow.now)
        uow.execute(unread if key is None else unread.where(table.c.id == key))


def _table() -> Table | None:
    return metadata.tables.get("notification_notice")
