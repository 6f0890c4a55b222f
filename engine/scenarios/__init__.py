"""Scenarios: stories with an expected end beside every process, told in YAML, run on an engine in memory."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from engine.errors import EngineError, Phrase, Title
from engine.scenarios import world as worlds
from engine.scenarios.running import Failed, Run, reason_of
from engine.scenarios.stage import Stage
from engine.scenarios.words import NOW, Scenario, WrongScenario, read
from engine.scenarios.world import World

__all__ = ["NOW", "Result", "Scenario", "Stage", "World", "WrongScenario", "find", "play", "read", "run", "worlds"]

SUFFIX = ".scenarios.yml"


@dataclass(frozen=True, slots=True)
class Result:
    """How one scenario went. `failure`: what was expected and what was found, empty when it passed."""

    process: str
    name: Title
    failure: Phrase
    took: timedelta

    @property
    def passed(self) -> bool:
        """Whether everything was as told."""
        return not self.failure


def find(library: Path, process: str | None = None) -> list[Scenario]:
    """The scenarios of the library, or of one process. Raises WrongScenario."""
    found = []
    for file in sorted((library / "processes").rglob(f"*{SUFFIX}")):
        stem = file.name.removesuffix(SUFFIX)
        if process in (None, stem):
            found += read(file.read_bytes(), file.name, stem)
    return found


def run(
    source: Path | str, library: Path, *, resources: dict[str, bytes] | None = None, process: str = ""
) -> list[Result]:
    """Run a scenario file (path) or text in the world of `library`. `resources`: drawings on trial, by library path.

    Raises WrongScenario, DeploymentRefused.
    """
    if isinstance(source, Path):
        stories = read(source.read_bytes(), source.name, source.name.removesuffix(SUFFIX))
    else:
        stories = read(source, "scenarios", process)
    return list(play(stories, worlds.build(library, NOW, resources=resources)))


def play(stories: Iterable[Scenario], world: World) -> Iterator[Result]:
    """Run scenarios one after the other, each from the world's beginning."""
    for story in stories:
        began = time.perf_counter()
        failure = Phrase("")
        try:
            Run(world, story).go()
        except Failed as failed:
            failure = failed.told
        except EngineError as error:
            failure = Phrase("{code}: {why}", code=error.code, why=reason_of(error))
        yield Result(story.process, story.name, failure, timedelta(seconds=time.perf_counter() - began))
