"""Who acts, when, and where it is written: the first argument of every verb, and one transaction."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from sqlalchemy import (
    Connection,
    DateTime,
    Executable,
    NestedTransaction,
    Result,
    SelectBase,
    Text,
    bindparam,
    event,
    func,
    select,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine.errors import StaleInstance
from engine.settings import Settings
from engine.statements import Writing, locking, reading, tables_read, unlocked, writing

if TYPE_CHECKING:
    from engine.db.instance import Instance

LOCK_ORDER = (
    "instance", "instance_scope", "instance_field", "instance_label", "user_task", "work_item", "inbox", "task_comment",
    "job",
    "subscription", "message", "incident", "effect", "history", "history_text", "policy_version", "policy_grant",
    "clearance", "clearance_grant", "blob", "document", "document_version",
)  # fmt: skip
TRIAL = "trial"
"""in `shared`: nothing that this engine does outlives it"""
_RANK = {table: rank for rank, table in enumerate(LOCK_ORDER)}
_LAST = len(_RANK)
_clock_of_database = select(func.statement_timestamp(type_=DateTime(timezone=True)))
_ALONE = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("called", type_=Text), 0)))


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

    def lock_of_item(self, uow: "UnitOfWork", item_id: UUID) -> "Instance":
        """Raises NotFound."""

    def write(self, uow: "UnitOfWork", instance: "Instance") -> None:
        """Queue the INSERT of a new row or the UPDATE of a changed one."""


class UnitOfWork:
    """One transaction. Opened and closed by `ProcessEngine.unit_of_work`; verbs never commit.

    Writes are queued and sent together in lock order; every read sends them first. `statements` counts what was sent.
    `clock`: what tells the time, None: the database.
    """

    def __init__(
        self,
        connection: Connection,
        actor: Actor,
        settings: Settings,
        rows: InstanceRows,
        clock: Callable[[], datetime] | None,
        shared: dict[Any, Any],
        *,
        read_only: bool,
    ) -> None:
        self._connection = connection
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
        self._dialect = connection.dialect
        self._clock = clock
        self._now: datetime | None = None
        self._queue: list[_Entry] = []
        self._parts: list[_Part] = []
        self._session: Session | None = None
        _threads.units = getattr(_threads, "units", 0) + 1

    @property
    def now(self) -> datetime:
        """The database's clock at the first question, aware UTC; the same until the end."""
        if self._now is None:
            self._now = self._ask_the_time() if self._clock is None else self._clock()
        return self._now

    @property
    def connection(self) -> Connection:
        """The transaction's connection, for what `execute` and `queue` cannot say."""
        self._open_parts()
        return self._connection

    @property
    def dialect(self) -> str:
        """Sqlite | postgresql"""
        return self._dialect.name

    def execute(self, statement: Executable, parameters: Any = None) -> Result[Any]:
        """Send `statement`, after the queued writes that it could see; a read-only unit of work locks nothing."""
        locks = locking(statement)
        if locks or not isinstance(statement, SelectBase):
            self.flush()
        elif self._queue or self._session is not None:
            self._show(tables_read(statement))
        self._open_parts()
        self.statements += 1
        if self.read_only and locks:
            # subjects of approvals are read with a lock by verbs, and without one by the pages that show them
            statement = unlocked(statement)
        return self._connection.execute(statement, parameters)

    def read(self, statement: SelectBase, parameters: Mapping[str, Any] | None = None) -> list[Any]:
        """The rows of a SELECT as named tuples; sent as `execute` sends it, without SQLAlchemy's work per statement.

        `statement` is kept as a module constant and holds no list of values. The first row also tells the time.
        """
        tells = self._now is None and self._clock is None
        query = reading(statement, self._dialect, locks=not self.read_only, clock=tells)
        if query.locks:
            self.flush()
        else:
            self._show(query.tables)
        self._open_parts()
        self.statements += 1
        try:
            rows, told = query.ask(self._connection.connection.driver_connection, parameters or {})
        except self._dialect.loaded_dbapi.Error as error:
            raise self._as_ours(error) from error
        if told is not None:
            self._now = told.astimezone(UTC)
        return rows

    def read_one(self, statement: SelectBase, parameters: Mapping[str, Any] | None = None) -> Any:
        """The first row that `read` finds, or None."""
        rows = self.read(statement, parameters)
        return rows[0] if rows else None

    def queue(
        self, statement: Executable, rows: Mapping[str, Any] | Sequence[Mapping[str, Any]], expect: int | None = None
    ) -> None:
        """Write `rows` at the next flush. `expect`: rows that must be hit in all, else StaleInstance.

        `statement` is an INSERT, UPDATE or DELETE of one table kept as a module constant: it is compiled once.
        """
        listed: list[Mapping[str, Any]] = [rows] if isinstance(rows, dict | Mapping) else list(rows)
        if listed:
            self._queue.append(_Entry(writing(statement, listed[0], self._dialect), listed, expect))

    def flush(self) -> None:
        """Send what is queued, in lock order, then what the session holds."""
        self._send_all()
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
        """A part that may fail alone: an exception undoes it and is raised again.

        The database hears of it only when something is sent inside.
        """
        if self._session is not None:
            self.flush()
            self._leave_session()
        locked = self.instance
        chain = (locked.history_seq, locked.history_hash) if locked is not None else None
        known = dict(self.cache)
        part = _Part(len(self._queue))
        self._parts.append(part)
        try:
            yield
            if part.nested is not None or len(self._queue) > part.mark:
                self.flush()  # a write that fails belongs to its part
                self._leave_session()
        except BaseException:
            self._parts.remove(part)
            del self._queue[part.mark :]
            self.cache = known  # what was read inside may be undone
            self._leave_session()
            if part.nested is not None and part.nested.is_active:
                self.statements += 1
                part.nested.rollback()
            if locked is not None and chain is not None:
                locked.history_seq, locked.history_hash = chain
            raise
        self._parts.remove(part)
        if part.nested is not None:
            self.statements += 1
            part.nested.commit()

    @property
    def session(self) -> Session:
        """An ORM session on the same transaction, for data modules; a savepoint begins with a fresh one."""
        if self._session is None:
            self._open_parts()
            self._session = Session(self._connection, join_transaction_mode="rollback_only", expire_on_commit=False)
            event.listen(self._session, "do_orm_execute", lambda _state: self._send_all())
            event.listen(self._session, "before_flush", lambda *_: self._send_all())
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

    def lock_instance_of(self, item_id: UUID) -> "Instance":
        """The instance of a work item, locked until the end, found by the statement that locks it. Raises NotFound."""
        if self.instance is None:
            self.flush()
            self.instance = self._rows.lock_of_item(self, item_id)
        return self.instance

    def alone(self, name: str) -> None:
        """Wait until nobody else is between here and the commit under `name`; ask before reading what it guards."""
        if self.dialect == "postgresql":  # SQLite has one writer at a time anyway
            self.execute(_ALONE, {"called": name})

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

    def _ask_the_time(self) -> datetime:
        self._open_parts()
        self.statements += 1
        told: datetime = self._connection.execute(_clock_of_database).scalar_one()
        return told.astimezone(UTC)

    def _leave_session(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _send_all(self) -> None:
        if self._queue:
            self._open_parts()
            self._write_new_instance()
            self._send()

    def _open_parts(self) -> None:
        """Tell the database about the parts that have begun; what was queued before a part is sent before it."""
        for part in self._parts:
            if part.nested is None:
                before = part.mark
                if self._write_new_instance():
                    self._queue.insert(0, self._queue.pop())
                    before += 1
                self._send(before)
                sent = part.mark
                for other in self._parts:
                    other.mark = max(0, other.mark - sent)
                self.statements += 1
                part.nested = self._connection.begin_nested()

    def _write_new_instance(self) -> bool:
        if self.instance is None or not self.instance.new:
            return False
        self._rows.write(self, self.instance)
        return True

    def _show(self, tables: frozenset[str] | None) -> None:
        """Send what a question about `tables` could see; None: about any."""
        if self._queue and (tables is None or any(entry.writing.table in tables for entry in self._queue)):
            self.flush()
        elif self._session is not None:
            self._session.flush()

    def _send(self, first: int | None = None) -> None:
        count = len(self._queue) if first is None else first
        if not count:
            return
        entries, self._queue = self._queue[:count], self._queue[count:]
        # stable: the order of writing holds inside a table
        entries.sort(key=lambda entry: _RANK.get(entry.writing.table, _LAST))
        merged: list[_Entry] = []
        for entry in entries:
            last = merged[-1] if merged else None
            if last is not None and last.writing is entry.writing and last.expect is None and entry.expect is None:
                last.rows.extend(entry.rows)
            else:
                merged.append(entry)
        self.statements += len(merged)
        driver: Any = self._connection.connection.driver_connection
        try:
            if len(merged) > 1 and self._dialect.name == "postgresql":
                with driver.pipeline():
                    cursors = [entry.writing.send(driver, entry.rows) for entry in merged]
            else:
                cursors = [entry.writing.send(driver, entry.rows) for entry in merged]
        except self._dialect.loaded_dbapi.Error as error:
            raise self._as_ours(error) from error
        for entry, cursor in zip(merged, cursors, strict=True):
            _check(entry, cursor)

    def _as_ours(self, error: Any) -> BaseException:
        """An error of the driver as SQLAlchemy raises it; a lost connection does not go back to the pool."""
        errors = self._dialect.loaded_dbapi.Error
        lost = self._dialect.is_disconnect(error, self._connection.connection.dbapi_connection, None)
        if lost:
            self._connection.invalidate(error)
        ours: BaseException = DBAPIError.instance(
            None, None, error, errors, connection_invalidated=lost, dialect=self._dialect
        )
        return ours


@dataclass(slots=True, eq=False)
class _Part:
    """`mark`: how many entries of the queue stand before it; `nested`: its SAVEPOINT, once the database knows it."""

    mark: int
    nested: NestedTransaction | None = None


@dataclass(slots=True)
class _Entry:
    writing: Writing
    rows: list[Mapping[str, Any]]
    expect: int | None


def _check(entry: _Entry, cursor: Any) -> None:
    if entry.expect is not None and cursor.rowcount != entry.expect:
        raise StaleInstance(instance=entry.rows[0].get("instance_id", entry.rows[0].get("id", "?")))
