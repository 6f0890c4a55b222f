"""Every row of the list is tried: by the wall that stops it, and by each next one with those before it off."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.redteam import rows
from tests.redteam.test_proof import DRAWINGS

TESTS = Path(__file__).parents[1]
README = Path(__file__).with_name("README.md")


def test_every_row_is_tried_against_each_of_its_walls():
    shown: dict[int, set[str]] = {}
    for test, number, walls in marks():
        assert number in rows.ROWS, f"{test}: there is no row {number}"
        assert walls <= {*rows.ROWS[number].walls, rows.THROUGH}, f"{test}: row {number} names other walls"
        shown.setdefault(number, set()).update(walls)

    missing = {
        number: sorted(wanted - shown.get(number, set()))
        for number, row in rows.ROWS.items()
        if not (wanted := {*row.walls, rows.THROUGH}) <= shown.get(number, set())
    }
    assert missing == {}, "rows that no test tries against these walls"


def test_the_list_is_the_whole_list():
    assert sorted(rows.ROWS) == list(range(1, 42))


def test_what_is_drawn_is_drawn_for_each_row_that_says_so():
    drawn = {number for test, number, _ in marks() if test == "test_proof" and number != 29}

    assert {int(name.split()[0]) for name in DRAWINGS} == drawn | {29}


def test_the_table_of_the_readme_is_what_the_tests_say():
    found: dict[int, list[str]] = {}
    for test, number, _ in marks():
        if test not in found.setdefault(number, []):
            found[number].append(test)
    lines = [
        f"| {number} | {row.attack} | {' → '.join(row.walls)} | {', '.join(f'`{test}`' for test in found[number])} |"
        for number, row in rows.ROWS.items()
    ]

    assert [line for line in README.read_text().splitlines() if line.startswith("| ") and line[2].isdigit()] == lines


def marks() -> Iterator[tuple[str, int, set[str]]]:
    """(file, number, walls) of every `pytest.mark.row(…)`: a number or several, and names of the list."""
    for file in sorted(TESTS.rglob("test_*.py")):
        text = file.read_text()
        if "mark.row(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.row":
                number, *walls = node.args
                numbers = ast.literal_eval(number)
                for one in numbers if isinstance(numbers, tuple) else (numbers,):
                    yield file.stem, one, {getattr(rows, ast.unparse(wall)) for wall in walls}
