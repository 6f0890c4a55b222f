"""The instance row: locked once, changed in memory, written once with its version checked."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update

from engine.db.instance import Instance, Status, instance, instance_scope
from engine.db.task import work_item
from engine.errors import NotFound, StaleInstance
from engine.unit_of_work import UnitOfWork

_COLUMNS = (
    instance.c.id, instance.c.definition_id, instance.c.process_key, instance.c.number, instance.c.business_key,
    instance.c.title, instance.c.summary, instance.c.starter_id, instance.c.status, instance.c.incidents,
    instance.c.version, instance.c.history_seq, instance.c.history_hash, instance.c.codec, instance.c.state,
    instance.c.created_at, instance.c.updated_at, instance.c.ended_at, instance.c.ended_code, instance.c.submission,
    instance.c.resubmits_id,
)  # fmt: skip
# a draft has no token, no number and no chain of facts: nothing but `starting` knows it
_read = select(*_COLUMNS).where(instance.c.id == bindparam("wanted"), instance.c.status != int(Status.DRAFT))
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
_part = (instance_scope.c.instance_id == bindparam("of")) & (instance_scope.c.scope == bindparam("of_scope"))
_insert_part = insert(instance_scope)
_update_part = update(instance_scope).where(_part)
_delete_part = delete(instance_scope).where(_part)
_parts = (
    select(instance_scope.c.scope, instance_scope.c.state)
    .join(instance, instance.c.id == instance_scope.c.instance_id)
    .where(instance_scope.c.instance_id == bindparam("of"), instance.c.version == bindparam("at_version"))
)
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
                "submission": row.submission, "resubmits_id": row.resubmits_id,
            }  # fmt: skip
            uow.queue(_insert, values)
            row.new = False
        else:
            values |= {"updated_at": max(uow.now, row.updated_at), "version": row.version + 1}
            values |= {"row": row.id, "read_version": row.version}
            uow.queue(_update, values, expect=1)
            row.version += 1
        self._write_parts(uow, row)
        row.dirty = False

    def _write_parts(self, uow: UnitOfWork, row: Instance) -> None:
        """Queue the rows of large values that are not as they were."""
        for scope, content in row.parts.items():
            if content is not None:
                part = {"of_scope": scope, "of": row.id, "codec": row.codec, "state": content}
                known = scope in row.parts_stored
                uow.queue(_update_part if known else _insert_part, part if known else _inserted(part))
                row.parts_stored.add(scope)
            elif scope in row.parts_stored:
                uow.queue(_delete_part, {"of_scope": scope, "of": row.id})
                row.parts_stored.discard(scope)
        row.parts.clear()


def read(uow: UnitOfWork, instance_id: UUID) -> Instance:
    """The instance as it is now, not locked: for pages. Raises NotFound."""
    row = uow.read_one(_read, {"wanted": instance_id})
    if row is None:
        raise NotFound(kind="instance", key=instance_id)
    return _instance(row)


def parts(uow: UnitOfWork, row: Instance, scopes: list[int]) -> dict[int, bytes]:
    """The large values of these scopes, as they lie beside this version of the row.

    Raises StaleInstance when somebody has written the instance since it was read.
    """
    found = {one.scope: bytes(one.state) for one in uow.read(_parts, {"of": row.id, "at_version": row.version})}
    if sorted(found) != scopes:
        raise StaleInstance(instance=row.number or row.id)
    row.parts_stored = set(found)
    return found


def _inserted(part: dict[str, Any]) -> dict[str, Any]:
    return {"instance_id": part["of"], "scope": part["of_scope"], "codec": part["codec"], "state": part["state"]}


def _instance(row: Any) -> Instance:
    return Instance(
        id=row.id, definition_id=row.definition_id, process_key=row.process_key, number=row.number,
        business_key=row.business_key, title=row.title, summary=row.summary, starter_id=row.starter_id,
        status=Status(row.status), incidents=row.incidents, version=row.version, history_seq=row.history_seq,
        history_hash=row.history_hash, codec=row.codec, stored=row.state, created_at=row.created_at,
        updated_at=row.updated_at, ended_at=row.ended_at, ended_code=row.ended_code,
        submission=row.submission, resubmits_id=row.resubmits_id,
    )  # fmt: skip


def born(id: UUID, definition_id: UUID, process_key: str, starter_id: UUID | None, at: datetime) -> Instance:
    """A row that is not yet stored."""
    return Instance(
        id=id, definition_id=definition_id, process_key=process_key, number=None, business_key=None, title="",
        summary=None, starter_id=starter_id, status=Status.RUNNING, incidents=0, version=1, history_seq=0,
        history_hash=bytes(32), codec=1, stored=b"{}", created_at=at, updated_at=at, new=True,
    )  # fmt: skip
