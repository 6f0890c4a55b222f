"""The tables of the README name tests that are there."""

import re
from pathlib import Path

from tests.engine.approvals.test_acceptance import names_in

HERE = Path(__file__)
TESTS = HERE.parents[2]


def test_every_row_is_held_by_tests_that_are_there():
    table = re.compile(r"^\| (?!act |clause |construct |---)(.+?) \|.*\| (.+) \|$", re.MULTILINE)
    rows = table.findall(HERE.with_name("README.md").read_text())
    known = {file.stem: names_in(file) for file in TESTS.rglob("test_*.py")}

    missing = [
        f"{row}: {file} {name}" for row, held in rows for file, names in re.findall(r"`(\w+)` ([\w, ]+)", held)
        for name in names.split(", ") if f"test_{name}" not in known.get(file, ())
    ]  # fmt: skip
    assert missing == []
    assert [row for row, held in rows if not re.match(r"`test_\w+` \w", held)] == []
    assert len(rows) == 18 + 16 + 8 + 16
