"""The token machine alone, in memory and with its state stored at the wait; SpiffWorkflow's executor beside it."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from benchmarks.drawings import MINI, VARIABLES
from benchmarks.measure import rounds, table, timed
from benchmarks.peers.spiff import Peer
from engine import bpmn
from engine.bpmn import Env
from engine.bpmn.steps import WorkOpened

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
N = 500


def main() -> int:
    """Print the table."""
    sys.stdout.write(report(rounds(contestants(), 7)))
    return 0


def contestants() -> dict[str, Callable[[], dict[str, float]]]:
    """`N` instances of mini each: CPU-ms per instance."""
    return {
        "Troika, in memory": lambda: _time(_troika(stored=False)),
        "Troika, state stored at the wait": lambda: _time(_troika(stored=True)),
        "SpiffWorkflow, state stored at wait and end": lambda: _time(_spiff()),
    }


def report(figures: dict[str, dict[str, float]]) -> str:
    """Markdown."""
    return table("The machine alone: mini", ["who", "CPU ms"], [[who, row["cpu_ms"]] for who, row in figures.items()])


def _time(play: Callable[[], None]) -> dict[str, float]:
    with timed() as sample:
        for _ in range(N):
            play()
    return {"cpu_ms": sample.cpu * 1000 / N}


def _troika(*, stored: bool) -> Callable[[], None]:
    definition = bpmn.read(MINI).definition
    assert definition is not None
    program = bpmn.compile(definition)
    env = Env()

    def play() -> None:
        step = bpmn.begin(program, "mini", VARIABLES, now=NOW, env=env)
        step = _serve(step, env)
        state = step.state
        if stored:
            state = bpmn.load(json.loads(json.dumps(bpmn.dump(state))), lambda _: program)
        work = next(fact for fact in step.facts if isinstance(fact, WorkOpened))
        step = _serve(bpmn.complete(state, work.token, now=NOW, env=env), env)
        assert step.ended

    return play


def _serve(step: Any, env: Env) -> Any:
    """Answer every service task at once."""
    while True:
        job = next(
            (fact for fact in step.facts if fact.kind == "job.opened" and bpmn.is_open(step.state, fact.token)), None
        )
        if job is None:
            return step
        step = bpmn.complete(step.state, job.token, {"touched": True}, now=NOW, env=env)


def _spiff() -> Callable[[], None]:
    peer = Peer()

    def play() -> None:
        peer.complete(json.loads(json.dumps(peer.start(VARIABLES))))

    return play


if __name__ == "__main__":
    sys.exit(main())
