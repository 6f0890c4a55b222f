"""Duties that come round: a function here is one; each may run in several processes at once without harm."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from engine import audit, messages, notices, repository
from engine.errors import EngineError
from engine.notices import hooks
from engine.process_engine import ProcessEngine
from engine.scenarios import nightly
from engine.tasks import drafting
from engine.unit_of_work import ENGINE, UnitOfWork

log = logging.getLogger("troika.housekeeping")
REMEMBERED = timedelta(days=90)
"""How long the id of a message keeps a repetition out."""


def run(engine: ProcessEngine) -> None:
    """All duties, each in a transaction of its own; one that fails keeps none of the others.

    The record is anchored first: whoever verifies it, which a runner may do at once, finds a checkpoint.
    """
    with _apart("anchor_record"):
        anchor_record(engine)
    duties = (
        expire_messages, forget_messages, forget_drafts, forget_deliveries, verify_record, watch_staffing,
        play_scenarios,
    )  # fmt: skip
    for duty in duties:
        with _apart(duty.__name__), engine.unit_of_work(ENGINE) as uow:
            duty(uow)


def expire_messages(uow: UnitOfWork) -> None:
    """Messages that nobody took in time."""
    messages.expire(uow)


def forget_messages(uow: UnitOfWork) -> None:
    """Messages that were delivered or expired long ago."""
    messages.forget(uow, uow.now - REMEMBERED)


def forget_drafts(uow: UnitOfWork) -> None:
    """Requests that somebody began to fill in long ago."""
    drafting.forget(uow)


def forget_deliveries(uow: UnitOfWork) -> None:
    """Events for other systems of long ago."""
    hooks.forget(uow)


def verify_record(uow: UnitOfWork) -> None:
    """Once a night the whole record."""
    audit.plan_check(uow)


def watch_staffing(uow: UnitOfWork) -> None:
    """Once a day, and when people, policies or drawings have changed: who can approve still."""
    worse = repository.watch_staffing(uow)
    if worse:
        notices.of_staffing(uow, worse)


def play_scenarios(uow: UnitOfWork) -> None:
    """Once a night those of everything that is deployed."""
    nightly.plan(uow)


def anchor_record(engine: ProcessEngine) -> None:
    """Every hour, and when somebody asks. Trouble with key or sink is an alarm of its own after two periods."""
    try:
        audit.anchor_when_due(engine)
    except EngineError as error:
        log.error("the record was not anchored: %s", error)


@contextmanager
def _apart(duty: str) -> Iterator[None]:
    try:
        yield
    except Exception:
        log.exception("the duty %s was not done; it comes round again", duty)
