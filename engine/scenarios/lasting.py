"""All scenarios of a process played at once, and the last time of it kept: of its draft, of each version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, insert, select, update

from engine import drafts, repository, runtime
from engine.db.scenario import scenario_run
from engine.errors import restored, stored
from engine.scenarios import SUFFIX, Result, Scenario, World, coverage, play
from engine.scenarios.coverage import Coverage, Part
from engine.scenarios.tracing import Trace
from engine.unit_of_work import UnitOfWork

DRAFT = 0
"""the version of what is drawn and not deployed"""

_MILLISECOND = timedelta(milliseconds=1)
_higher = scenario_run.alias("higher")
_newest = select(func.max(_higher.c.version)).where(_higher.c.process == scenario_run.c.process).scalar_subquery()
_last = select(scenario_run).where((scenario_run.c.version == DRAFT) | (scenario_run.c.version == _newest))
_of = select(scenario_run).where(scenario_run.c.process == bindparam("named"))
_insert = insert(scenario_run)
_publish = (
    update(scenario_run)
    .where(scenario_run.c.process == bindparam("named"), scenario_run.c.version == DRAFT)
    .values(version=bindparam("made"), digest=bindparam("as_digest"))
)
_forget = delete(scenario_run).where(
    scenario_run.c.process == bindparam("named"), scenario_run.c.version == bindparam("at")
)


@dataclass(frozen=True, slots=True)
class Played:
    """How each scenario went, in the order of the file, and what all of them went through."""

    results: tuple[Result, ...]
    covered: Coverage

    @property
    def failed(self) -> list[Result]:
        """Those that did not go as told."""
        return [one for one in self.results if not one.passed]


@dataclass(frozen=True, slots=True)
class Run(Played):
    """The last time. `version`: of the process, or DRAFT; `ran_by` None: by the installation."""

    process: str
    version: int
    digest: str
    ran_at: datetime
    ran_by: UUID | None


def play_all(world: World, process: str, stories: Sequence[Scenario]) -> Played:
    """Play them in a world of their own, and see where they come through."""
    trace = Trace()
    with runtime.watching(trace):
        results = tuple(play(stories, world))
    with world.engine.unit_of_work(world.actor(None), read_only=True) as uow:
        program = repository.program(uow, repository.latest(uow, process).id)
        asked = dict.fromkeys(reference.id for reference in program.decisions() if reference.id)
        models = [(decision, repository.decision(uow, decision)) for decision in asked]
    return Played(results, coverage.of(program, trace.acts, models))


def digest_of(files: Mapping[str, bytes], drawing: str, told: str) -> str:
    """Of what is tried: the drawing, `files` beside it that differ from what is deployed, and what is told."""
    return drafts.reviewing.digest_of({**files, beside(drawing): told.encode()})


def beside(drawing: str) -> str:
    """The path of the scenarios of a drawing."""
    return drawing.removesuffix(".bpmn") + SUFFIX


def deployed(uow: UnitOfWork, drawing: str) -> str:
    """The scenarios of a drawing as deployed last, else as they lie in the library; "" when there are none."""
    stored_ones = repository.scenarios_at(uow, beside(drawing))
    if stored_ones is not None:
        return stored_ones.decode("utf-8")
    file = uow.settings.library / beside(drawing)
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def keep(uow: UnitOfWork, process: str, version: int, digest: str, played: Played) -> None:
    """In the place of what was kept of this version, or of the draft. Nothing is kept where nothing was played."""
    uow.alone(f"scenarios {process}")
    _clear(uow, process, version)
    if played.results:
        row = {
            "process": process, "version": version, "digest": digest, "ran_by": uow.actor.user_id, "ran_at": uow.now,
            "results": [
                [stored(one.name), stored(one.failure), one.took // _MILLISECOND] for one in played.results
            ],
            "covered": _plain(played.covered),
        }  # fmt: skip
        uow.execute(_insert, row)


def published(uow: UnitOfWork, process: str, tried: str, version: int, digest: str) -> None:
    """The draft became `version`, which is `digest`: what its scenarios gave is true of that if `tried` was tried."""
    uow.alone(f"scenarios {process}")
    run = of(uow, process).get(DRAFT)
    if run is None or run.digest != tried:
        _clear(uow, process, DRAFT)
        return
    _clear(uow, process, version)
    uow.execute(_publish, {"named": process, "made": version, "as_digest": digest})


def of(uow: UnitOfWork, process: str) -> dict[int, Run]:
    """Of one process, by version."""
    return {row.version: _run(row) for row in uow.execute(_of, {"named": process})}


def last(uow: UnitOfWork) -> dict[tuple[str, int], Run]:
    """Of every process the draft's, and that of the newest version that was tried, by process and version."""
    return {(row.process, row.version): _run(row) for row in uow.execute(_last)}


def _clear(uow: UnitOfWork, process: str, version: int) -> None:
    uow.execute(_forget, {"named": process, "at": version})


def _run(row: Any) -> Run:
    covered = {name: _part(row.covered[name]) for name in ("flows", "outcomes")}
    rules = {name: _part(told) for name, told in row.covered["rules"].items()}
    return Run(
        tuple(
            Result(row.process, restored(name), restored(failure), int(took) * _MILLISECOND)
            for name, failure, took in row.results
        ),
        Coverage(**covered, nodes=tuple(row.covered["nodes"]), rules=rules),
        row.process, row.version, row.digest, row.ran_at, row.ran_by,
    )  # fmt: skip


def _part(told: Sequence[Sequence[str]]) -> Part:
    return Part(tuple(told[0]), tuple(told[1]))


def _plain(found: Coverage) -> dict[str, Any]:
    def halves(part: Part) -> list[list[str]]:
        return [list(part.covered), list(part.missing)]

    return {
        "flows": halves(found.flows), "outcomes": halves(found.outcomes), "nodes": list(found.nodes),
        "rules": {name: halves(part) for name, part in found.rules.items()},
    }  # fmt: skip
