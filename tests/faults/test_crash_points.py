"""kill -9 at every named point while 200 orders are under way: nothing is lost, nothing happens twice."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine import crash
from engine.process_engine import ProcessEngine
from engine.settings import Settings

ROOT = Path(__file__).parents[2]
WORKLOAD = "tests.faults.orders"
ORDERS = 200
HITS = {"deploy": 1, "start": 20, "claim": 4, "release": 3}


@pytest.mark.faults
@pytest.mark.slow
@pytest.mark.main_job
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_killed_at_every_point_every_order_ends_once(request, tmp_path, database):
    if database == "sqlite":
        url = f"sqlite:///{tmp_path}/orders.db"
        engine = ProcessEngine(Settings(database_url=url))
        engine.create_schema()
        engine.dispose()
    else:
        url = request.getfixturevalue("postgres_database")
    points = [f"{point}:{HITS.get(point, 7)}" for point in crash.POINTS]

    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.sweep", WORKLOAD, url, str(tmp_path / "outside.db"), str(ORDERS), *points],
        cwd=ROOT, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-4000:]
    report = json.loads(done.stdout)
    assert report["broken"] == [], done.stderr[-4000:]
    assert report["died"] == points  # a point that was never reached proves nothing
