"""Databases to measure on: SQLite in a file with full synchronisation, and a PostgreSQL of our own with fsync."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from engine.clock import Clock
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from tests.postgres import Server


@contextmanager
def sqlite(clock: Clock | None = None, **settings: Any) -> Iterator[ProcessEngine]:
    """A file with WAL and synchronous=FULL."""
    with tempfile.TemporaryDirectory() as folder:
        engine = ProcessEngine(Settings(database_url=f"sqlite:///{Path(folder) / 'bench.db'}", **settings), clock=clock)
        engine.create_schema()
        yield engine
        engine.dispose()


@contextmanager
def postgresql(clock: Clock | None = None, **settings: Any) -> Iterator[ProcessEngine]:
    """A cluster of its own, durable as in production."""
    server = Server(durable=True)
    server.start()
    try:
        engine = ProcessEngine(Settings(database_url=server.url(), **settings), clock=clock)
        engine.create_schema()
        yield engine
        engine.dispose()
    finally:
        server.stop()


DATABASES = {"sqlite": sqlite, "postgresql": postgresql}


def size(engine: ProcessEngine) -> int:
    """Bytes that the database occupies."""
    reader = create_engine(engine.settings.database_url)
    with reader.connect() as connection:
        if engine.dialect == "sqlite":
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
            pages = connection.execute(text("PRAGMA page_count")).scalar_one()
            unit = connection.execute(text("PRAGMA page_size")).scalar_one()
            found = int(pages) * int(unit)
        else:
            found = int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    reader.dispose()
    return found
