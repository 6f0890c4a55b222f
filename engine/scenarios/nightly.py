"""The scenarios of everything deployed, played every night by a job, and whenever somebody asks.

A decision, a policy or a called process that has changed since shows there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID, uuid5

from sqlalchemy import bindparam, delete, func, insert, select, update

from engine import ids, jobs, repository
from engine.db.definition import definition
from engine.db.job import JobKind
from engine.db.scenario import scenario_round
from engine.errors import Title
from engine.process_engine import ProcessEngine
from engine.repository import DefinitionInfo
from engine.runtime import later
from engine.scenarios import NOW, Result, World, WrongScenario, lasting, read, stage
from engine.scenarios.coverage import Coverage, Part
from engine.scenarios.lasting import Played
from engine.scenarios.running import reason_of
from engine.unit_of_work import ENGINE, UnitOfWork

HANDLER = "scenarios.play"
NIGHT = time(3, 30)
"""of the business zone"""
LONGEST = timedelta(hours=1)
_NIGHTS = UUID("5a1d0a9e-4a0b-4b6e-8f2c-6d1f0a3c9e52")
_RETRY = "PT10M"
_newest = select(scenario_round).order_by(scenario_round.c.asked_at.desc(), scenario_round.c.id.desc()).limit(1)
_first_deployed = select(func.min(definition.c.deployed_at))
_former = delete(scenario_round)
_insert = insert(scenario_round)
_end = update(scenario_round).where(scenario_round.c.ended_at.is_(None)).values(ended_at=bindparam("now"))


@dataclass(frozen=True, slots=True)
class Round:
    """The last one. `ended_at` None: its job has not ended."""

    asked_at: datetime
    ended_at: datetime | None

    def under_way(self, now: datetime) -> bool:
        """Whether its results are to come; one that takes longer than LONGEST has failed."""
        return self.ended_at is None and now - self.asked_at < LONGEST


def plan(uow: UnitOfWork) -> bool:
    """Queue the round of this night, once; whether it was queued now. What came after the night waits for the next."""
    zone = uow.settings.zone
    local = uow.now.astimezone(zone)
    night = datetime.combine(local.date() - timedelta(days=local.time() < NIGHT), NIGHT, zone)
    if not _wanted(uow, night):
        return False
    uow.alone("scenarios")
    if not _wanted(uow, night):
        return False
    _queue(uow, uuid5(_NIGHTS, night.date().isoformat()))
    return True


def ask(uow: UnitOfWork) -> bool:
    """Queue a round now, unless one is under way; whether it was queued."""
    uow.alone("scenarios")
    found = last(uow)
    if found is not None and found.under_way(uow.now):
        return False
    _queue(uow, ids.uuid7())
    return True


def last(uow: UnitOfWork) -> Round | None:
    """None: there was none."""
    row = uow.execute(_newest).first()
    return None if row is None else Round(row.asked_at, row.ended_at)


def play(engine: ProcessEngine) -> Callable[[UnitOfWork], None]:
    """Play everything on a copy in memory; what is given back keeps the results."""
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        world = stage.copied(uow, NOW)
        told = [(info, *_deployed(uow, info)) for info in repository.latest_all(uow)]
    try:
        played = [(info, digest, _played(world, info.key, text)) for info, digest, text in told if text]
    finally:
        world.engine.dispose()

    def write(uow: UnitOfWork) -> None:
        for info, digest, found in played:
            lasting.keep(uow, info.key, info.version, digest, found)
        uow.execute(_end, {"now": uow.now})

    return write


jobs.UPSTAIRS[HANDLER] = play


def _deployed(uow: UnitOfWork, info: DefinitionInfo) -> tuple[str, str]:
    """What is tried, as a digest, and the scenarios as they were deployed last, else as they lie in the library."""
    drawing, content = repository.file(uow, info.id)
    text = lasting.deployed(uow, drawing)
    return lasting.digest_of({drawing: content}, drawing, text), text


def _played(world: World, process: str, text: str) -> Played:
    try:
        return lasting.play_all(world, process, read(text, "scenarios", process))
    except WrongScenario as error:
        nothing = Part((), ())
        return Played(
            (Result(process, Title("scenarios", {}), reason_of(error), timedelta()),), Coverage(nothing, nothing)
        )


def _wanted(uow: UnitOfWork, night: datetime) -> bool:
    first, newest = uow.execute(_first_deployed).scalar(), last(uow)
    return first is not None and first < night and (newest is None or newest.asked_at < night)


def _queue(uow: UnitOfWork, key: UUID) -> None:
    uow.execute(_former)
    uow.execute(_insert, {"id": key, "asked_by": uow.actor.user_id, "asked_at": uow.now})
    later.put(uow, JobKind.MAINTENANCE, HANDLER, {}, key=key, retry=_RETRY)
