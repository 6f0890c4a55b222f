"""Fixtures that every room uses: a clock that stands still, an engine on each database."""

import gc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, text

from engine import scenarios
from engine.clock import FrozenClock
from engine.db.connections import MEMORY
from engine.identity import signing_in
from engine.policy import checker
from engine.process_engine import ProcessEngine
from engine.runtime import previewing
from engine.scenarios import World, worlds
from engine.settings import Settings
from tests.lending import Lender
from tests.postgres import Server

MONDAY_MORNING = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
"""09:00 in Shanghai."""
PATIENT = 60_000
"""Milliseconds: on a busy machine a click must not turn into a job by itself."""

MINUTE = 60.0

# the same examples every time, so that a change is judged by what it changes; `make fuzz` looks for new ones
_calm = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("suite", derandomize=True, database=None, **_calm)
settings.register_profile("explore", print_blob=True, **_calm)
settings.load_profile("suite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that no worker waits for it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """What is loaded by now stays until the end: looking for what it no longer needs took a seventh of the time. What a
    test leaves behind is looked for more rarely than after each 700 things.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture
def clock() -> FrozenClock:
    """Stands at 2026-11-23 01:00 UTC until it is moved."""
    return FrozenClock(MONDAY_MORNING)


@pytest.fixture(scope="session", autouse=True)
def slow_hasher() -> Iterator[PasswordHasher]:
    """What hashes passwords in the product; tests have one that takes a thousandth of its time."""
    with pytest.MonkeyPatch.context() as patch:
        slow = signing_in._hasher
        quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(signing_in, "_hasher", quick)
        patch.setattr(signing_in, "_NOBODY", quick.hash("nobody has this password"))
        yield slow


@pytest.fixture(scope="session", autouse=True)
def unhurried() -> Iterator[None]:
    """What somebody waits for is cut short by a clock in the product; a busy machine must not turn a test red."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(previewing, "MOST_SECONDS", MINUTE)
        patch.setattr(checker, "SECONDS", MINUTE)
        yield


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, clock: FrozenClock) -> Iterator[ProcessEngine]:
    """An empty database with the whole schema: SQLite in memory, then PostgreSQL."""
    yield from request.getfixturevalue(f"_{request.param}").lend(clock)


@pytest.fixture(scope="session")
def _sqlite() -> Iterator[Lender]:
    """A database in memory."""
    lender = Lender(Settings(database_url=MEMORY, inline_ms=PATIENT))
    yield lender
    lender.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL of our own, without fsync, started once."""
    server = Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _postgresql(postgres_server: Server) -> Iterator[Lender]:
    """Its database `postgres`."""
    lender = Lender(Settings(database_url=postgres_server.url(), inline_ms=PATIENT))
    yield lender
    lender.close()


@pytest.fixture
def postgres_database(postgres_server: Server, _postgresql: Lender) -> Iterator[str]:
    """The url of an empty database; what a test leaves in it is thrown away."""
    yield postgres_server.url()
    _postgresql.put_back()


LIBRARY = Path(__file__).parents[1]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def company(request: pytest.FixtureRequest, clock: FrozenClock) -> Iterator[World]:
    """The demo company with the whole library deployed, on both databases; each test finds it untouched."""
    whole: World = request.getfixturevalue("whole_company")
    lender, people = request.getfixturevalue(f"_company_{request.param}")
    for opened in lender.lend(clock):
        yield World(opened, clock, people, whole.beginning)


@pytest.fixture(scope="session")
def whole_company() -> World:
    """The demo company in memory on that Monday, made once; tests work with copies."""
    return worlds.build(LIBRARY, MONDAY_MORNING)


@pytest.fixture(scope="session")
def stage() -> World:
    """The demo company in memory on the day on which scenarios begin, made once; whoever acts on it, puts it back."""
    return worlds.build(LIBRARY, scenarios.NOW)


@pytest.fixture(scope="session")
def _company_sqlite(whole_company: World) -> Iterator[tuple[Lender, dict[str, UUID]]]:
    settings = Settings(database_url=MEMORY, library=LIBRARY, inline_ms=PATIENT)
    lender = Lender(settings, whole_company.beginning)
    yield lender, whole_company.people
    lender.close()


@pytest.fixture(scope="session")
def _company_postgresql(postgres_server: Server) -> Iterator[tuple[Lender, dict[str, UUID]]]:
    admin = create_engine(postgres_server.url("template1"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE company"))
    admin.dispose()
    settings = Settings(database_url=postgres_server.url("company"), library=LIBRARY, inline_ms=PATIENT)
    lender = Lender(settings)
    clock = FrozenClock(MONDAY_MORNING)
    people = worlds.furnish(lender.fill(clock), clock, LIBRARY)
    lender.keep()
    yield lender, people
    lender.close()
