"""Engines for one test each on databases that stay open: opening one costs more than most tests.

A database is put back by comparing it with its beginning, so that a test pays only for what it has written.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from engine.clock import Clock
from engine.process_engine import ProcessEngine
from engine.settings import Settings

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

    def lend(self, clock: Clock) -> Iterator[ProcessEngine]:
        """One engine; what is done with it is undone afterwards."""
        if self._beginning is not None:
            self._owner.restore(self._beginning)
        engine = _Lent(self._owner, clock, dict(self._remembered))
        yield engine
        if self._tables is not None:
            busy: Any = self._owner._writer.pool
            assert busy.checkedout() == 0, "expected every thread of the test to have ended, found open connections"
            self.put_back()
        self._remembered |= {key: value for key, value in engine.cache.items() if key[0] != FLEETING}

    def fill(self, clock: Clock) -> ProcessEngine:
        """An engine to make the beginning with; `keep` says when it is complete."""
        return _Lent(self._owner, clock, {})

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

    def close(self) -> None:
        """Nobody needs it any more."""
        if self._tables is not None:
            self._tables.close()
        self._owner.dispose()


class _Lent(ProcessEngine):
    """An engine on the connections of another one."""

    def __init__(self, owner: ProcessEngine, clock: Clock, remembered: dict[Any, Any]) -> None:
        super().__init__(replace(owner.settings), clock=clock)  # its own: tests turn settings of theirs
        self._writer, self._reader = owner._writer, owner._reader
        self.cache = remembered

    def dispose(self) -> None:
        """The owner closes them."""


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
        self.keep()

    def keep(self) -> None:
        """What is there now is the beginning."""
        with self._connection.transaction():
            self._connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(self._schema))
            self._connection.execute(sql.SQL("CREATE SCHEMA {}").format(self._schema))
            counts = {name: self._copy(name) for name in self._names}
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

    def close(self) -> None:
        """Nobody needs it any more."""
        self._connection.close()

    def _copy(self, name: str) -> int:
        """How many rows there are."""
        here, kept = sql.Identifier(name), sql.SQL(".").join((self._schema, sql.Identifier(name)))
        self._connection.execute(sql.SQL("CREATE TABLE {} AS TABLE {}").format(kept, here), prepare=False)
        columns = self._connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
            " AND attgenerated = ''", [name],
        ).fetchall()  # fmt: skip
        listed = sql.SQL(", ").join(sql.Identifier(column) for (column,) in columns)
        ((count,),) = self._connection.execute(sql.SQL("SELECT count(*) FROM {}").format(kept), prepare=False)
        self._refill.pop(name, None)
        if count:
            self._refill[name] = sql.SQL("INSERT INTO {0} ({1}) SELECT {1} FROM {2}").format(here, listed, kept)
        return int(count)

    def _transaction(self) -> int:
        ((number,),) = self._connection.execute("SELECT pg_current_xact_id()::text::bigint")
        return int(number)
