"""Every row of the list is tried: by the wall that stops it, and by each next one with those before it off."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.redteam import rows

TESTS = Path(__file__).parents[1]


def test_every_row_is_tried_against_each_of_its_walls():
    shown: dict[int, set[str]] = {}
    for file in sorted(TESTS.rglob("test_*.py")):
        for number, walls in marks(file):
            assert number in rows.ROWS, f"{file.name}: there is no row {number}"
            assert walls <= {*rows.ROWS[number].walls, rows.THROUGH}, f"{file.name}: row {number} names other walls"
            shown.setdefault(number, set()).update(walls)

    missing = {
        number: sorted(wanted - shown.get(number, set()))
        for number, row in rows.ROWS.items()
        if not (wanted := {*row.walls, *([] if row.impossible else [rows.THROUGH])}) <= shown.get(number, set())
    }
    assert missing == {}, "rows that no test tries against these walls"


def test_the_list_is_the_whole_list():
    assert sorted(rows.ROWS) == list(range(1, 41))


def marks(file: Path) -> Iterator[tuple[int, set[str]]]:
    """(number, walls) of every `pytest.mark.row(…)` in a file: a number or several, and names of the list."""
    text = file.read_text()
    if "mark.row(" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.row":
            number, *walls = node.args
            numbers = ast.literal_eval(number)
            for one in numbers if isinstance(numbers, tuple) else (numbers,):
                yield one, {getattr(rows, ast.unparse(wall)) for wall in walls}
