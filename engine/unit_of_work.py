"""Who acts, when, and where it is written: the first argument of every verb, and one transaction."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Executable, Result, Select, event
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine.errors import StaleInstance
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.db.instance import Instance

LOCK_ORDER = (
    "instance", "instance_scope", "instance_field", "user_task", "work_item", "inbox", "task_comment", "job",
    "subscription", "message", "incident", "effect", "history", "policy_version", "policy_grant", "clearance",
    "clearance_grant", "blob", "document", "document_version",
)  # fmt: skip
_RANK = {table: rank for rank, table in enumerate(LOCK_ORDER)}


@dataclass(frozen=True)
class Actor:
    """Who acts. `user_id` None: the engine itself. `source`: web, api, cli, job or system, kept in every fact."""

    user_id: UUID | None
    on_behalf_of: UUID | None = None
    source: str = "web"


ENGINE = Actor(None, source="system")


_threads = threading.local()


def transaction_open() -> bool:
    """Whether this thread is inside a transaction: then nothing may be said to the outside."""
    return bool(getattr(_threads, "units", 0))


class InstanceRows(Protocol):
    """How an instance row is locked and written; the tables live a floor above."""

    def lock(self, uow: "UnitOfWork", instance_id: UUID) -> "Instance":
        """Raises NotFound."""

    def write(self, uow: "UnitOfWork", instance: "Instance") -> None:
        """Queue the INSERT of a new row or the UPDATE of a changed one."""


class UnitOfWork:
    """One transaction. Opened and closed by `ProcessEngine.unit_of_work`; verbs never commit.

    Writes are queued and sent together in lock order; every read sends them first. `statements` counts what was sent.
    """

    def __init__(
        self,
        connection: Connection,
        actor: Actor,
        settings: Settings,
        rows: InstanceRows,
        clock: Callable[["UnitOfWork"], datetime],
        shared: dict[Any, Any],
        *,
        read_only: bool,
    ) -> None:
        self.connection = connection
        self.actor = actor
        self.settings = settings
        self.read_only = read_only
        self.instance: Instance | None = None
        self.cache: dict[Any, Any] = {}
        """for rooms that read the same rows several times in one transaction"""
        self.shared = shared
        """of the process: what never changes, e.g. compiled programs by definition id"""
        self.woken = False
        self.statements = 0
        self.after: list[Callable[[], None]] = []
        self._rows = rows
        self._clock = clock
        self._now: datetime | None = None
        self._queue: list[_Entry] = []
        self._session: Session | None = None
        _threads.units = getattr(_threads, "units", 0) + 1

    @property
    def now(self) -> datetime:
        """The database's clock at the first question, aware UTC; the same until the end."""
        if self._now is None:
            self._now = self._clock(self)
        return self._now

    @now.setter
    def now(self, at: datetime) -> None:
        if self._now is None:
            self._now = at

    def execute(self, statement: Executable, parameters: Any = None) -> Result[Any]:
        """Send the queue, then `statement`; a read-only unit of work locks nothing."""
        self.flush()
        self.statements += 1
        if self.read_only and isinstance(statement, Select) and statement._for_update_arg is not None:
            # subjects of approvals are read with a lock by verbs, and without one by the pages that show them
            statement = statement._clone()
            statement._for_update_arg = None
        return self.connection.execute(statement, parameters)

    def queue(
        self, statement: Executable, rows: Mapping[str, Any] | Sequence[Mapping[str, Any]], expect: int | None = None
    ) -> None:
        """Write `rows` at the next flush. `expect`: rows that must be hit in all, else StaleInstance.

        `statement` is an INSERT, UPDATE or DELETE of one table kept as a module constant: it is compiled once.
        """
        listed = [rows] if isinstance(rows, Mapping) else list(rows)
        if listed:
            self._queue.append(_Entry(_prepare(statement, listed[0], self.connection.dialect), listed, expect))

    def flush(self) -> None:
        """Send what is queued, in lock order, then what the session holds."""
        if self.instance is not None and self.instance.new and self._queue:
            self._rows.write(self, self.instance)
        self._send()
        if self._session is not None:
            self._session.flush()

    def finish(self) -> None:
        """The last flush: the instance row goes with it."""
        if self.instance is not None and (self.instance.new or self.instance.dirty):
            self._rows.write(self, self.instance)
        self.flush()
        if self.instance is not None and self.instance.dirty:  # the session's events may have written facts
            self._rows.write(self, self.instance)
            self._send()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part that may fail alone: an exception undoes it and is raised again."""
        self.flush()
        self._leave_session()
        locked = self.instance
        chain = (locked.history_seq, locked.history_hash) if locked is not None else None
        nested = self.connection.begin_nested()
        try:
            yield
            self.flush()
            self._leave_session()
        except BaseException:
            self._queue.clear()
            self._leave_session()
            if nested.is_active:
                nested.rollback()
            if locked is not None and chain is not None:
                locked.history_seq, locked.history_hash = chain
            raise
        nested.commit()

    @property
    def session(self) -> Session:
        """An ORM session on the same transaction, for data modules; a savepoint begins with a fresh one."""
        if self._session is None:
            self._session = Session(self.connection, join_transaction_mode="rollback_only", expire_on_commit=False)
            event.listen(self._session, "do_orm_execute", lambda _state: self._send())
            event.listen(self._session, "before_flush", lambda *_: self._send())
        return self._session

    def lock_instance(self, instance_id: UUID) -> "Instance":
        """The instance row, locked until the end. One per unit of work. Raises NotFound."""
        if self.instance is not None:
            if self.instance.id == instance_id:
                return self.instance
            raise RuntimeError("two instances in one unit of work: what one wants from another is a job")
        self.flush()
        self.instance = self._rows.lock(self, instance_id)
        return self.instance

    def add_instance(self, instance: "Instance") -> None:
        """A new instance, written with the first flush and held until the end."""
        if self.instance is not None:
            raise RuntimeError("two instances in one unit of work: what one wants from another is a job")
        self.instance = instance

    def after_commit(self, action: Callable[[], None]) -> None:
        """Call `action` when everything is stored; nothing durable may hang on it."""
        self.after.append(action)

    def wake_runners(self) -> None:
        """After the commit: there is a job that is due now."""
        self.woken = True

    def close(self) -> None:
        """Drop what was not written; the transaction is ended by whoever opened it."""
        self._queue.clear()
        self._leave_session()
        _threads.units -= 1

    def _leave_session(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _send(self) -> None:
        if not self._queue:
            return
        entries, self._queue = self._queue, []
        entries.sort(key=lambda entry: entry.prepared.rank)  # stable: the order of writing holds inside a table
        merged: list[_Entry] = []
        for entry in entries:
            last = merged[-1] if merged else None
            if last is not None and last.prepared is entry.prepared and last.expect is None and entry.expect is None:
                last.rows.extend(entry.rows)
            else:
                merged.append(entry)
        driver: Any = self.connection.connection.driver_connection
        dialect = self.connection.dialect
        try:
            if len(merged) > 1 and dialect.name == "postgresql":
                with driver.pipeline():
                    cursors = [self._write(driver, entry) for entry in merged]
            else:
                cursors = [self._write(driver, entry) for entry in merged]
        except dialect.loaded_dbapi.Error as error:
            raise DBAPIError.instance(None, None, error, dialect.loaded_dbapi.Error, dialect=dialect) from error
        for entry, cursor in zip(merged, cursors, strict=True):
            _check(entry, cursor)

    def _write(self, driver: Any, entry: "_Entry") -> Any:
        self.statements += 1
        prepared = entry.prepared
        cursor = driver.cursor()
        parameters = [prepared.parameters(row) for row in entry.rows]
        if len(parameters) == 1:
            cursor.execute(prepared.sql, parameters[0])
        else:
            cursor.executemany(prepared.sql, parameters)
        return cursor


# ---------------------------------------------------------------- statements, compiled once


@dataclass(slots=True)
class _Entry:
    prepared: "_Prepared"
    rows: list[Mapping[str, Any]]
    expect: int | None


class _Prepared:
    """The SQL of one statement for one set of columns, and how its values are bound."""

    __slots__ = ("_binds", "_positional", "rank", "sql")

    def __init__(self, statement: Any, columns: Sequence[str], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(columns))
        if compiled.post_compile_params or compiled.literal_execute_params:
            raise TypeError("a queued statement cannot carry a list of values; use execute()")
        self.sql = str(compiled)
        self.rank = _RANK.get(statement.table.name, len(_RANK))
        self._positional = bool(compiled.positional)
        defaults = {column.key: _constant(column) for column in compiled.insert_prefetch}
        names = compiled.positiontup if self._positional else list(compiled.binds)
        self._binds: list[tuple[str, str, Callable[[Any], Any] | None, Any]] = []
        for name in names:
            bind = compiled.binds[name]
            if bind.required and bind.key not in columns:
                raise TypeError(f"{statement.table.name}: no value for {bind.key}")
            processor = bind.type.dialect_impl(dialect).bind_processor(dialect)
            default = defaults.get(bind.key, bind.value)
            self._binds.append((name, bind.key, processor, default))

    def parameters(self, row: Mapping[str, Any]) -> Any:
        """Driver values of one row."""
        values = []
        for _, key, processor, default in self._binds:
            value = row.get(key, default)
            values.append(value if processor is None else processor(value))
        if self._positional:
            return values
        return {bind[0]: value for bind, value in zip(self._binds, values, strict=True)}


def _constant(column: Any) -> Any:
    if not column.default.is_scalar:
        raise TypeError(f"{column} has a computed default; give the value")
    return column.default.arg


_prepared: "WeakKeyDictionary[Any, dict[tuple[str, frozenset[str]], _Prepared]]" = WeakKeyDictionary()


def _prepare(statement: Any, row: Mapping[str, Any], dialect: Dialect) -> _Prepared:
    known = _prepared.get(statement)
    if known is None:
        known = _prepared[statement] = {}
    key = (dialect.name, frozenset(row))
    found = known.get(key)
    if found is None:
        found = known[key] = _Prepared(statement, list(row), dialect)
    return found


def _check(entry: _Entry, cursor: Any) -> None:
    if entry.expect is not None and cursor.rowcount != entry.expect:
        raise StaleInstance(instance=entry.rows[0].get("instance_id", entry.rows[0].get("id", "?")))
