"""Runner threads do what is due, at once after a commit, and stop without losing anything."""

import dataclasses
import threading
import time

import pytest
from sqlalchemy import select

from engine import jobs, operations
from engine.clock import SystemClock
from engine.db.counter import counter
from engine.db.subscription import MessageState, message
from engine.dispatch import Runners, housekeeping
from engine.dispatch import threads as threads_module
from engine.messages import correlate
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from engine.unit_of_work import ENGINE
from tests.engine.bpmn.drawing import service
from tests.engine.test_jobs import asynchronous
from tests.factories import begun, deploy, straight

GATE = threading.Event()
ENTERED = threading.Event()


@operations.operation("test.slow", outputs={})
def slow(uow, *, seconds: int = 5) -> dict:
    """Wait for the test."""
    ENTERED.set()
    GATE.wait(seconds)
    return {}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def running(request, tmp_path):
    """An engine on a file or server with a real clock, and its runners, not yet started."""
    embedded = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/t.db" if embedded else request.getfixturevalue("postgres_database")
    settings = Settings(
        database_url=url, shutdown_grace_seconds=5, anchor_sink=f"file:{tmp_path}/outside",
        anchor_key=f"{tmp_path}/anchor.key",
    )  # fmt: skip
    engine = ProcessEngine(settings, clock=SystemClock())
    if embedded:
        engine.create_schema()
    runners = Runners(engine, 2)
    GATE.clear()
    ENTERED.clear()
    yield engine, runners
    GATE.set()
    runners.stop()
    engine.dispose()


def until(question, seconds=10):
    end = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.01)


def tallies(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return sorted(uow.execute(select(counter.c.value)).scalars())


def test_work_is_done_without_being_asked(running):
    engine, runners = running
    runners.start()
    deploy(engine, straight(asynchronous(service("work", "test.tally", in_name="= name"))))
    for number in range(10):
        begun(engine, name=f"n{number}")

    until(lambda: tallies(engine) == [1] * 10)
    until(lambda: not jobs.any_due(engine))


def test_commit_wakes_an_idle_runner(running, monkeypatch):
    engine, runners = running
    monkeypatch.setattr(threads_module, "BUSY", 30.0)
    deploy(engine, straight(asynchronous(service("work", "test.tally"))))
    runners.start()
    time.sleep(0.2)
    begun(engine)

    until(lambda: tallies(engine) == [1], seconds=5)


def test_stop_gives_back_what_was_not_begun_and_lets_the_rest_end(running):
    engine, runners = running
    deploy(engine, straight(asynchronous(service("work", "test.slow"))))
    for _ in range(6):
        begun(engine)
    runners.start()
    ENTERED.wait(5)
    threading.Timer(0.3, GATE.set).start()

    assert runners.stop()
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        left = jobs.list_(uow)
    assert left
    assert [(job.attempts, job.running) for job in left] == [(0, False)] * len(left)


def test_duties_come_round(engine, clock, tmp_path):
    engine.settings = dataclasses.replace(
        engine.settings, anchor_sink=f"file:{tmp_path}/outside", anchor_key=f"{tmp_path}/anchor.key"
    )
    with engine.unit_of_work(ENGINE) as uow:
        correlate(uow, "paid", "A-1")
    clock.advance(housekeeping.REMEMBERED / 2)
    housekeeping.run(engine)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(message.c.state)).scalars().all() == [MessageState.EXPIRED]

    clock.advance(housekeeping.REMEMBERED)
    housekeeping.run(engine)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(message.c.state)).scalars().all() == []
