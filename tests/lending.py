"""Engines for one test each on databases that stay open: opening one costs more than most tests.

A database is put back by comparing it with its beginning, so that a test pays only for what it has written. What many
tests begin with (`begun_once`) is made by the first of them; the others find its rows.
"""

import copy
import functools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from engine.clock import Clock
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from engine.unit_of_work import Actor, UnitOfWork

ROUNDS = 100
"""Deleted rows stay in the way until their table is truncated; that takes longer, and is done once in so many times."""
NEVER_WRITTEN = "correlation_lock"
FLEETING = "outbox"
"""What an engine remembers for a moment only; all else that it remembers is right for ever."""


class Lender:
    """One database with the whole schema. `beginning`: a database in memory to start from, in place of empty tables."""

    def __init__(self, settings: Settings, beginning: sqlite3.Connection | None = None) -> None:
        self._owner = ProcessEngine(settings)
        self._owner.create_schema()
        self._beginning = beginning or (self._owner.snapshot() if settings.sqlite else None)
        self._tables = None if settings.sqlite else Tables(settings.database_url)
        self._remembered: dict[Any, Any] = {}
        self._begun: dict[tuple[Any, ...], tuple[Any, Any]] = {}

    def lend(self, clock: Clock) -> Iterator[ProcessEngine]:
        """One engine; what is done with it is undone afterwards."""
        if self._beginning is not None:
            self._owner.restore(self._beginning)
        engine = Lent(self, self._owner, clock, dict(self._remembered))
        yield engine
        if self._tables is not None:
            busy: Any = self._owner._writer.pool
            assert busy.checkedout() == 0, "expected every thread of the test to have ended, found open connections"
            self.put_back()
        self._remembered |= {key: value for key, value in engine.cache.items() if key[0] != FLEETING}

    def fill(self, clock: Clock) -> ProcessEngine:
        """An engine to make the beginning with; `keep` says when it is complete."""
        return Lent(self, self._owner, clock, {})

    def keep(self) -> None:
        """What the database holds now is its beginning."""
        if self._tables is None:
            self._beginning = self._owner.snapshot()
        else:
            self._tables.keep()

    def put_back(self) -> None:
        """What somebody else has done with the database is undone."""
        assert self._tables is not None
        self._tables.put_back()

    def begin(self, steps: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """What `make` gives, and its rows: as it is the last of these steps that were taken since the beginning."""
        if steps not in self._begun:
            made = make()
            self._begun[steps] = made, self._owner.snapshot() if self._tables is None else self._tables.set_aside()
        else:
            made, rows = self._begun[steps]
            if self._tables is None:
                self._owner.restore(rows)
            else:
                self._tables.fetch(rows)
        return copy.copy(made)

    def close(self) -> None:
        """Nobody needs it any more."""
        if self._tables is not None:
            self._tables.close()
        self._owner.dispose()


class Lent(ProcessEngine):
    """An engine on the connections of another one.

    `steps`: of `begun_once`, since the database was as at its beginning; None when something else was written.
    """

    def __init__(self, lender: Lender, owner: ProcessEngine, clock: Clock, remembered: dict[Any, Any]) -> None:
        super().__init__(replace(owner.settings), clock=clock)  # its own: tests turn settings of theirs
        self._writer, self._reader = owner._writer, owner._reader
        self.cache = remembered
        self.lender = lender
        self.steps: tuple[Any, ...] | None = ()

    def unit_of_work(self, actor: Actor, read_only: bool = False) -> AbstractContextManager[UnitOfWork]:
        """Whatever writes ends what can be begun with."""
        if not read_only:
            self.steps = None
        return super().unit_of_work(actor, read_only)

    def dispose(self) -> None:
        """The owner closes them."""


P, T = ParamSpec("P"), TypeVar("T")


def begun_once(make: Callable[Concatenate[ProcessEngine, P], T]) -> Callable[Concatenate[ProcessEngine, P], T]:
    """For what many tests begin with: on an engine on which nothing else has happened the rows that the first one has
    made are put in, with their keys; what `make` gave is copied. It changes rows only, by `engine`, settings and clock.
    """

    @functools.wraps(make)
    def begun(engine: ProcessEngine, *given: P.args, **named: P.kwargs) -> T:
        if not isinstance(engine, Lent) or engine.steps is None:
            return make(engine, *given, **named)
        now: datetime = engine.clock.now()
        steps = (*engine.steps, (make, now, given, tuple(named.items()), repr(engine.settings)))
        made: T = engine.lender.begin(steps, lambda: make(engine, *given, **named))
        assert engine.clock.now() == now, f"expected {make.__name__} to change rows only, found the clock moved"
        engine.steps = steps
        return made

    return begun


class Tables:
    """The rows of a PostgreSQL database and those of its beginning, kept in a schema beside them; guards look away."""

    def __init__(self, url: str, schema: str = "beginning") -> None:
        self._schema = sql.Identifier(schema)
        where = make_url(url)
        # the question is the same each time: planning it for a hundred tables takes longer than answering it
        options = "-c plan_cache_mode=force_generic_plan -c session_replication_role=replica -c lock_timeout=10s"
        self._connection = psycopg.connect(
            host=str(where.query["host"]), dbname=where.database, user=where.username, options=options, autocommit=True,
            prepare_threshold=0,
        )  # fmt: skip
        named = self._connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        self._names = sorted(name for (name,) in named if name != NEVER_WRITTEN)
        self._refill: dict[str, sql.Composable] = {}
        self._rounds = 0
        self._set_aside = 0
        self.keep()

    def keep(self) -> None:
        """What is there now is the beginning."""
        with self._connection.transaction():
            self._connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(self._schema))
            self._connection.execute(sql.SQL("CREATE SCHEMA {}").format(self._schema))
            counts = {name: self._keep(name) for name in self._names}
            self._mark = self._transaction()
        self._changed = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {} FROM {} HAVING count(*) <> {} OR max(xmin::text::bigint) > %(mark)s").format(
                name, sql.Identifier(name), sql.Literal(counts[name])
            )
            for name in self._names
        )

    def put_back(self) -> None:
        """Only what has changed is written."""
        with self._connection.transaction():
            changed = [name for (name,) in self._connection.execute(self._changed, {"mark": self._mark}).fetchall()]
            if not changed:
                return
            self._rounds += 1
            if self._rounds % ROUNDS == 0:
                changed = self._names
                listed = sql.SQL(", ").join(map(sql.Identifier, changed))
                self._connection.execute(sql.SQL("TRUNCATE {}").format(listed), prepare=False)
            else:
                for name in changed:
                    self._connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
            for name in changed:
                if name in self._refill:
                    self._connection.execute(self._refill[name])
            self._mark = self._transaction()

    def set_aside(self) -> list[sql.Composable]:
        """The rows that differ from the beginning are kept as well; for `fetch`."""
        self._set_aside += 1
        with self._connection.transaction():
            statements: list[sql.Composable] = []
            for (name,) in self._connection.execute(self._changed, {"mark": self._mark}).fetchall():
                kept = sql.SQL(".").join((self._schema, sql.Identifier(f"{self._set_aside} {name}")))
                statements.append(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
                self._copy(name, kept)
                statements.append(self._insert(name, kept))
        return statements

    def fetch(self, rows: list[sql.Composable]) -> None:
        """Put in what was set aside, in place of what is there in its tables."""
        with self._connection.pipeline(), self._connection.transaction():
            for statement in rows:
                self._connection.execute(statement)

    def close(self) -> None:
        """Nobody needs it any more."""
        self._connection.close()

    def _keep(self, name: str) -> int:
        """How many rows there are at the beginning."""
        kept = sql.SQL(".").join((self._schema, sql.Identifier(name)))
        count = self._copy(name, kept)
        self._refill.pop(name, None)
        if count:
            self._refill[name] = self._insert(name, kept)
        return count

    def _copy(self, name: str, kept: sql.Composable) -> int:
        """How many rows there are."""
        create = sql.SQL("CREATE TABLE {} AS TABLE {}").format(kept, sql.Identifier(name))
        return self._connection.execute(create, prepare=False).rowcount

    def _insert(self, name: str, kept: sql.Composable) -> sql.Composable:
        columns = self._connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
            " AND attgenerated = ''", [name],
        ).fetchall()  # fmt: skip
        listed = sql.SQL(", ").join(sql.Identifier(column) for (column,) in columns)
        return sql.SQL("INSERT INTO {0} ({1}) SELECT {1} FROM {2}").format(sql.Identifier(name), listed, kept)

    def _transaction(self) -> int:
        ((number,),) = self._connection.execute("SELECT pg_current_xact_id()::text::bigint")
        return int(number)
