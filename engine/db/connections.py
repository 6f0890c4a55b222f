"""How both databases are opened: pragmas and BEGIN IMMEDIATE on SQLite, time limits on PostgreSQL."""

import sqlite3
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.pool import StaticPool

from engine.settings import Settings

MEMORY = "sqlite:///:memory:"
_WEB_THREADS = 8
_IDLE_SECONDS = 5.0


def open_writer(settings: Settings) -> Engine:
    """The engine of units of work that write."""
    if settings.sqlite:
        engine = _open_sqlite(settings.database_url)
        event.listen(engine, "begin", _begin_immediate)
        return engine
    engine = create_engine(
        settings.database_url,
        pool_size=settings.runner_threads + _WEB_THREADS + 2,
        max_overflow=4,
        connect_args={
            "options": "-c timezone=UTC -c lock_timeout=5s -c statement_timeout=30s "
            "-c idle_in_transaction_session_timeout=30s"
        },
    )
    event.listen(engine, "checkout", partial(_ping_when_idle, engine.dialect))
    event.listen(engine, "checkin", _remember)
    return engine


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


def _ping_when_idle(dialect: Dialect, connection: Any, record: Any, _proxy: Any) -> None:
    """A connection that has lain idle may be dead; one that was used just now is not asked."""
    if monotonic() - record.info.get("used", monotonic()) < _IDLE_SECONDS:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise DisconnectionError from error


def _remember(_connection: Any, record: Any) -> None:
    record.info["used"] = monotonic()


def _query_only(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA query_only=ON")


def _begin_immediate(connection: Connection) -> None:
    _say(connection, "BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    _say(connection, "BEGIN")


def _say(connection: Connection, command: str) -> None:
    """Straight to the driver: SQLAlchemy's way takes longer than the command."""
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute(command)
    except sqlite3.Error as error:
        raise DBAPIError.instance(command, None, error, sqlite3.Error, dialect=connection.dialect) from error
