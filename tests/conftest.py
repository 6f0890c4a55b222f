"""Fixtures that every room uses: a clock that stands still, an engine on each database."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from engine.clock import FrozenClock
from engine.process_engine import ProcessEngine
from engine.scenarios import World, worlds
from engine.settings import Settings
from tests.postgres import Server

MONDAY_MORNING = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
"""09:00 in Shanghai."""
PATIENT = 60_000
"""Milliseconds: on a busy machine a click must not turn into a job by itself."""


@pytest.fixture
def clock() -> FrozenClock:
    """Stands at 2026-11-23 01:00 UTC until it is moved."""
    return FrozenClock(MONDAY_MORNING)


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)],
)
def engine(request: pytest.FixtureRequest, clock: FrozenClock) -> Iterator[ProcessEngine]:
    """An empty database with the whole schema: SQLite in memory, then PostgreSQL."""
    if request.param == "sqlite":
        opened = ProcessEngine.in_memory(clock, inline_ms=PATIENT)
    else:
        url = request.getfixturevalue("postgres_database")
        opened = ProcessEngine(Settings(database_url=url, inline_ms=PATIENT), clock=clock)
    yield opened
    opened.dispose()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL of our own, without fsync, started once."""
    server = Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _postgres_schema(postgres_server: Server) -> str:
    url = postgres_server.url()
    made = ProcessEngine(Settings(database_url=url))
    made.create_schema()
    made.dispose()
    return url


@pytest.fixture
def postgres_database(_postgres_schema: str) -> Iterator[str]:
    """The url of an empty database; what a test leaves in it is thrown away."""
    yield _postgres_schema
    empty(_postgres_schema)


LIBRARY = Path(__file__).parents[1]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def company(request: pytest.FixtureRequest, clock: FrozenClock) -> Iterator[World]:
    """The demo company with the whole library deployed, on both databases; each test gets its own copy."""
    whole: World = request.getfixturevalue(f"_company_{request.param}")
    if request.param == "sqlite":
        opened = ProcessEngine.in_memory(clock, library=LIBRARY, inline_ms=PATIENT)
        opened.restore(whole.beginning)
        yield World(opened, clock, whole.people, whole.beginning)
        opened.dispose()
        return
    template = whole.engine.settings.database_url
    name = "company_copy"
    _administer(request, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} TEMPLATE company")
    url = template.replace("/company?", f"/{name}?")
    opened = ProcessEngine(Settings(database_url=url, library=LIBRARY, inline_ms=PATIENT), clock=clock)
    yield World(opened, clock, whole.people, whole.beginning)
    opened.dispose()


@pytest.fixture(scope="session")
def _company_sqlite() -> World:
    return worlds.build(LIBRARY, MONDAY_MORNING)


@pytest.fixture(scope="session")
def _company_postgresql(request: pytest.FixtureRequest, postgres_server: Server, _company_sqlite: World) -> World:
    _administer(request, "CREATE DATABASE company")
    clock = FrozenClock(MONDAY_MORNING)
    engine = ProcessEngine(Settings(database_url=postgres_server.url("company"), library=LIBRARY), clock=clock)
    engine.create_schema()
    people = worlds.furnish(engine, clock, LIBRARY)
    engine.dispose()  # nobody may be connected to a template
    return World(engine, clock, people, _company_sqlite.beginning)


def _administer(request: pytest.FixtureRequest, *statements: str) -> None:
    server: Server = request.getfixturevalue("postgres_server")
    admin = create_engine(server.url("template1"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    admin.dispose()


KEPT = ("correlation_lock",)


def empty(url: str) -> None:
    """Empty the tables that hold rows; guards look away."""
    cleaner = create_engine(url)
    with cleaner.begin() as connection:
        tables = [
            name
            for name in connection.execute(
                text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            ).scalars()
            if name not in KEPT
        ]
        used = connection.execute(
            text(" UNION ALL ".join(f"(SELECT '{name}' FROM {name} LIMIT 1)" for name in tables))
        ).scalars().all()  # fmt: skip
        if used:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text(f"TRUNCATE {', '.join(used)} CASCADE"))
    cleaner.dispose()
