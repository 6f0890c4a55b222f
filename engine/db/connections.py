"""How both databases are opened: pragmas and BEGIN IMMEDIATE on SQLite, time limits on PostgreSQL."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import StaticPool

from engine.settings import Settings

MEMORY = "sqlite:///:memory:"
_WEB_THREADS = 8


def open_writer(settings: Settings) -> Engine:
    """The engine of units of work that write."""
    if settings.sqlite:
        engine = _open_sqlite(settings.database_url)
        event.listen(engine, "begin", _begin_immediate)
        return engine
    return create_engine(
        settings.database_url,
        pool_size=settings.runner_threads + _WEB_THREADS + 2,
        max_overflow=4,
        pool_pre_ping=True,
        connect_args={
            "options": "-c timezone=UTC -c lock_timeout=5s -c statement_timeout=30s "
            "-c idle_in_transaction_session_timeout=30s"
        },
    )


def open_reader(settings: Settings, writer: Engine) -> Engine:
    """The engine of read-only units of work; a database in memory has one connection for both."""
    if not settings.sqlite:
        return writer.execution_options(postgresql_readonly=True)
    if settings.database_url == MEMORY:
        return writer
    engine = _open_sqlite(settings.database_url)
    event.listen(engine, "connect", _query_only)
    event.listen(engine, "begin", _begin)
    return engine


def _open_sqlite(url: str) -> Engine:
    options: dict[str, Any] = {"connect_args": {"check_same_thread": False}}
    if url == MEMORY:
        options["poolclass"] = StaticPool
    else:
        Path(make_url(url).database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, **options)
    event.listen(engine, "connect", _pragmas)
    return engine


def _pragmas(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin deferred transactions of its own
    for pragma in (
        "busy_timeout=30000",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
        "cache_size=-65536",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _query_only(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA query_only=ON")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
