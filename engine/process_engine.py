"""The database and its transactions: one unit of work per user action or job."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from httpx import BaseTransport

from engine import crash, operations
from engine.clock import Clock, SystemClock
from engine.db import schema
from engine.db.base import metadata
from engine.db.connections import MEMORY, open_reader, open_writer
from engine.db.migrations import upgrading
from engine.db.rows import Rows
from engine.settings import Settings
from engine.unit_of_work import TRIAL, Actor, UnitOfWork


class ProcessEngine:
    """An open database. `wake` is called after every commit that left work for a runner.

    Raises ValueError for a crash point (`settings.crash_at`) that does not exist.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        wake: Callable[[], None] | None = None,
        transport: BaseTransport | None = None,
    ) -> None:
        operations.load()
        if settings.crash_at:
            crash.arm(settings.crash_at)
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.wake: Callable[[], None] = wake or _nothing
        self.dialect = "sqlite" if settings.sqlite else "postgresql"
        self.transport = transport
        """how external operations reach the outside; None: the network"""
        self.cache: dict[Any, Any] = {}
        """of rooms: compiled programs, read forms and decisions; only what never changes"""
        self._writer = open_writer(settings)
        self._reader = open_reader(settings, self._writer)
        self._rows = Rows()
        # PostgreSQL tells the time with the first row; SQLite runs on this machine
        self._tell = self.clock.now if self.clock.frozen or settings.sqlite else None
        # one writer at a time: SQLite's own lock would make others sleep and poll; in memory there is one connection
        self._mutex = threading.Lock() if settings.sqlite else None
        self._in_memory = settings.database_url == MEMORY
        self._open = threading.local()

    @contextmanager
    def unit_of_work(self, actor: Actor, read_only: bool = False) -> Iterator[UnitOfWork]:
        """One transaction: stored when the block ends, undone when it raises. Nesting is an error."""
        if getattr(self._open, "unit", None) is not None:
            raise RuntimeError("a unit of work is already open in this thread")
        mutex = self._mutex if not read_only or self._in_memory else None
        if mutex is not None:
            mutex.acquire()
        try:
            with (self._reader if read_only else self._writer).connect() as connection:
                uow = UnitOfWork(
                    connection, actor, self.settings, self._rows, self._tell, self.cache, read_only=read_only
                )
                self._open.unit = uow
                connection.begin()
                try:
                    yield uow
                    if not read_only:
                        uow.finish()
                        crash.here("commit.before")
                        connection.commit()
                        crash.here("commit.after")
                finally:
                    uow.close()
                    self._open.unit = None
        finally:
            if mutex is not None:
                mutex.release()
        for action in uow.after:
            action()
        if uow.woken:
            self.wake()

    def create_schema(self) -> None:
        """All tables at once, without migrations: databases in memory and tests."""
        if self._in_memory:
            with self._writer.connect() as connection:
                target: Any = connection.connection.driver_connection
                _template().backup(target)
            return
        with self._writer.begin() as connection:
            schema.create(connection)

    def upgrade(self) -> None:
        """Bring the schema to the newest migration."""
        with self._writer.connect() as connection:
            upgrading.upgrade(connection)

    def dispose(self) -> None:
        """Close every connection."""
        self._writer.dispose()
        self._reader.dispose()

    def snapshot(self) -> sqlite3.Connection:
        """A copy of a database in memory as it is now, for `restore`."""
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        with self._writer.connect() as connection:
            source: Any = connection.connection.driver_connection
            source.backup(copy)
        return copy

    def restore(self, copy: sqlite3.Connection) -> None:
        """Put a database in memory back to `copy`; what is cached by id stays right."""
        with self._writer.connect() as connection:
            target: Any = connection.connection.driver_connection
            copy.backup(target)

    @classmethod
    def in_memory(cls, clock: Clock | None = None, **settings: Any) -> "ProcessEngine":
        """An engine on a database that dies with it: scenarios, tests, the designer's dry runs."""
        engine = cls(Settings(database_url=MEMORY, **settings), clock=clock)
        engine.cache[TRIAL] = True
        engine.create_schema()
        return engine


_templates: dict[frozenset[str], sqlite3.Connection] = {}
_templates_lock = threading.Lock()


def _template() -> sqlite3.Connection:
    """A database in memory with the schema of the loaded modules: copying it costs a tenth of creating it."""
    tables = frozenset(metadata.tables)
    with _templates_lock:
        if tables not in _templates:
            engine = open_writer(Settings(database_url=MEMORY))
            with engine.begin() as connection:
                schema.create(connection)
                made: Any = connection.connection.driver_connection
            copy = sqlite3.connect(":memory:", check_same_thread=False)
            made.backup(copy)
            engine.dispose()
            _templates[tables] = copy
        return _templates[tables]


def _nothing() -> None:
    """Nobody to wake."""
