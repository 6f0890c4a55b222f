"""kill -9 while a person agrees, sends back, adds a signer or agrees to many: before or after, never between."""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.faults.acts import EACH, POINTS

ROOT = Path(__file__).parents[2]


def swept(place: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.acts", place],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.mark.faults
@pytest.mark.approvals
@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_an_act_that_is_killed_has_happened_or_not_and_the_same_click_finishes_it(request, tmp_path, database):
    # in memory where the machine has one: what a killed process has written is there either way
    memory = Path("/dev/shm") if Path("/dev/shm").is_dir() else tmp_path
    with TemporaryDirectory(prefix="troika-acts-", dir=memory) as room:
        place = room if database == "sqlite" else request.getfixturevalue("postgres_server").url()
        done = swept(place)
    assert done.returncode == 0, done.stderr[-4000:]
    report = json.loads(done.stdout)

    assert {name: found["wrong"] for name, found in report.items()} == {name: [] for name in POINTS}
    for name, points in POINTS.items():
        everywhere = [*points, *(f"statement:{number}" for number in range(1, report[name]["statements"] + 1, EACH))]
        assert report[name]["died"] == everywhere  # a point that was never reached proves nothing
        assert sorted(point.partition(":")[0] for point in points) == report[name]["reached"]  # and none is left out
