"""kill -9 at every named point while 200 orders are under way: nothing is lost, nothing happens twice."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from engine import crash
from engine.process_engine import ProcessEngine
from engine.settings import Settings

ROOT = Path(__file__).parents[2]
ORDERS = 200
HITS = {
    "commit.before": 60, "commit.after": 60, "start": 12, "complete": 20, "settle": 60, "effect.before": 90,
    "effect.after": 90, "claim": 15, "execute": 4, "external.started": 2, "external.answered": 2, "timer": 3,
    "message": 15, "message.published": 2, "release": 3, "deploy": 1,
}  # fmt: skip
"""Which visit of a point is the last one: deep enough that orders are under way, and over all points in all STATES."""
STATES = {"person", "correlation", "service", "timer", "message"}
"""as `orders.states` tells them; which of them a single kill meets, the race of the runners decides"""


def sweep(workload: str, url: str, outside: Path, orders: int, *points: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.sweep", workload, url, str(outside), str(orders), *points],
        cwd=ROOT, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    report: dict[str, Any] = json.loads(done.stdout)
    report["log"] = done.stderr[-4000:]
    return report


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where the machine has one: what a killed process has written is there either way."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        yield tmp_path
        return
    with TemporaryDirectory(prefix="troika-faults-", dir=memory) as folder:
        yield Path(folder)


def a_file(folder: Path) -> str:
    url = f"sqlite:///{folder}/orders.db"
    engine = ProcessEngine(Settings(database_url=url))
    engine.create_schema()
    engine.dispose()
    return url


@pytest.mark.faults
@pytest.mark.slow
@pytest.mark.main_job
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_killed_at_every_point_every_order_ends_once(request, room, database):
    url = a_file(room) if database == "sqlite" else request.getfixturevalue("postgres_database")
    points = [f"{point}:{HITS[point]}" for point in crash.POINTS]

    report = sweep("tests.faults.orders", url, room / "outside.db", ORDERS, *points)

    assert report["broken"] == [], report["log"]
    assert report["died"] == points  # a point that was never reached proves nothing
    left = [set(states) - {"ended"} for states in report["under_way"].values()]
    assert sum(map(bool, left)) > len(left) / 2  # what a kill undoes may have been all that there was
    assert set().union(*left) >= STATES


@pytest.mark.faults
@pytest.mark.slow
def test_the_sweep_finds_an_effect_that_happens_twice(room):
    url, outside = a_file(room), room / "outside.db"

    report = sweep("tests.faults.careless", url, outside, 1, "external.answered")

    assert report["died"] == ["external.answered"]
    assert report["broken"] == ["expected 1 effects outside, found 2"], report["log"]
