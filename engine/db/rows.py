"""The instance row: locked once, changed in memory, written once with its version checked."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update

from engine.db.instance import Instance, Status, instance
from engine.db.task import work_item
from engine.errors import NotFound
from engine.unit_of_work import UnitOfWork

_COLUMNS = (
    instance.c.id, instance.c.definition_id, instance.c.process_key, instance.c.number, instance.c.business_key,
    instance.c.title, instance.c.summary, instance.c.starter_id, instance.c.status, instance.c.incidents,
    instance.c.version, instance.c.history_seq, instance.c.history_hash, instance.c.codec, instance.c.state,
    instance.c.created_at, instance.c.updated_at, instance.c.ended_at, instance.c.ended_code,
)  # fmt: skip
_read = select(*_COLUMNS).where(instance.c.id == bindparam("wanted"))
_lock = _read.with_for_update()
_lock_of_item = (
    select(*_COLUMNS)
    .where(
        instance.c.id == select(work_item.c.instance_id).where(work_item.c.id == bindparam("item")).scalar_subquery()
    )
    .with_for_update()
)
_insert = insert(instance)
_update = update(instance).where(instance.c.id == bindparam("row"), instance.c.version == bindparam("read_version"))
_CHANGING = (
    "definition_id", "number", "business_key", "title", "summary", "status", "incidents", "history_seq",
    "history_hash", "codec", "updated_at", "ended_at", "ended_code",
)  # fmt: skip


class Rows:
    """How the unit of work locks and writes instances."""

    def lock(self, uow: UnitOfWork, instance_id: UUID) -> Instance:
        """Raises NotFound."""
        row = uow.read_one(_lock, {"wanted": instance_id})
        if row is None:
            raise NotFound(kind="instance", key=instance_id)
        return _instance(row)

    def lock_of_item(self, uow: UnitOfWork, item_id: UUID) -> Instance:
        """Of a work item, which never changes its instance. Raises NotFound."""
        row = uow.read_one(_lock_of_item, {"item": item_id})
        if row is None:
            raise NotFound(kind="task", key=item_id)
        return _instance(row)

    def write(self, uow: UnitOfWork, row: Instance) -> None:
        """Queue the row. An instance that is new is inserted, a changed one updated; the version counts up."""
        values: dict[str, Any] = {name: getattr(row, name) for name in _CHANGING}
        values |= {"status": int(row.status), "state": row.stored}
        if row.new:
            values |= {
                "id": row.id, "process_key": row.process_key, "starter_id": row.starter_id,
                "version": row.version, "created_at": row.created_at, "series": row.series,
            }  # fmt: skip
            uow.queue(_insert, values)
            row.new = False
        else:
            values |= {"updated_at": max(uow.now, row.updated_at), "version": row.version + 1}
            values |= {"row": row.id, "read_version": row.version}
            uow.queue(_update, values, expect=1)
            row.version += 1
        row.dirty = False


def read(uow: UnitOfWork, instance_id: UUID) -> Instance:
    """The instance as it is now, not locked: for pages. Raises NotFound."""
    row = uow.read_one(_read, {"wanted": instance_id})
    if row is None:
        raise NotFound(kind="instance", key=instance_id)
    return _instance(row)


def _instance(row: Any) -> Instance:
    return Instance(
        id=row.id, definition_id=row.definition_id, process_key=row.process_key, number=row.number,
        business_key=row.business_key, title=row.title, summary=row.summary, starter_id=row.starter_id,
        status=Status(row.status), incidents=row.incidents, version=row.version, history_seq=row.history_seq,
        history_hash=row.history_hash, codec=row.codec, stored=row.state, created_at=row.created_at,
        updated_at=row.updated_at, ended_at=row.ended_at, ended_code=row.ended_code,
    )  # fmt: skip


def born(id: UUID, definition_id: UUID, process_key: str, starter_id: UUID | None, at: datetime) -> Instance:
    """A row that is not yet stored."""
    return Instance(
        id=id, definition_id=definition_id, process_key=process_key, number=None, business_key=None, title="",
        summary=None, starter_id=starter_id, status=Status.RUNNING, incidents=0, version=1, history_seq=0,
        history_hash=bytes(32), codec=1, stored=b"{}", created_at=at, updated_at=at, new=True,
    )  # fmt: skip
