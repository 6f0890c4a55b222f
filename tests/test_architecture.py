"""The house stands as it is drawn: floors, docstrings, ids, owners."""

import ast
import configparser
import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine import crash
from engine.db.migrations import upgrading
from engine.settings import Settings

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for folder in ("engine", "webui") for path in (ROOT / folder).rglob("*.py")
                 if "node_modules" not in path.parts)  # fmt: skip
DRAWINGS = sorted((ROOT / "processes").rglob("*.bpmn"))
# a scenario puts its watcher in the place of the function; the call itself still takes the door
CALLABLE_BY = {"engine/calls.py", "engine/operations.py", "engine/scenarios/running.py"}


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def test_imports_only_point_down():
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_module_says_in_one_line_what_it_is_for(path):
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert doc, "no docstring"
    assert len(doc.splitlines()[0]) > 10


def test_migrations_stand_in_one_line():
    """`head` finds more than one end where two follow the same."""
    assert list((ROOT / "engine/db/migrations/versions").glob(f"{upgrading.head()}_*.py"))


def test_only_the_one_door_runs_the_function_of_an_operation():
    through = re.compile(r"\boperation\.function\b")
    found = {name_of(path) for path in SOURCES if through.search(path.read_text(encoding="utf-8"))}
    assert found <= CALLABLE_BY


def test_every_point_at_which_the_process_may_die_is_one_that_the_fault_tests_arm():
    named = re.compile(r'crash\.here\("([^"]+)"\)')
    found = {point for path in SOURCES for point in named.findall(path.read_text(encoding="utf-8"))}
    assert found == set(crash.POINTS)


def test_nothing_supplied_is_evaluated_or_unpickled():
    forbidden = re.compile(r"\b(eval|exec)\(|\bimport pickle|\bfrom pickle")
    assert [name_of(path) for path in SOURCES if forbidden.search(path.read_text(encoding="utf-8"))] == []


def test_browser_tests_wait_for_functions():
    """A wait for an expression that has to look twice evaluates text, which the site forbids its scripts."""
    expression = re.compile(r'wait_for_function\(\s*f?"(?![^"]*=>)')
    tests = (ROOT / "tests").rglob("*.py")
    assert [name_of(path) for path in tests if expression.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("path", DRAWINGS, ids=name_of)
def test_process_is_named_like_its_file_and_has_scenarios(path):
    content = path.read_text(encoding="utf-8")
    assert re.search(rf'<(\w+:)?process [^>]*\bid="{path.stem}"', content), "the file stem is the id"
    assert path.with_name(f"{path.stem}.scenarios.yml").is_file()


@pytest.mark.parametrize("area", sorted({path.parent for path in DRAWINGS}), ids=name_of)
def test_area_says_who_owns_its_processes(area):
    readme = (area / "README.md").read_text(encoding="utf-8")
    for drawing in area.glob("*.bpmn"):
        assert drawing.stem in readme


def test_no_text_stands_inside_of_an_f_string_where_no_catalogue_finds_it():
    hidden = [
        f"{name_of(path)}:{call.lineno}" for path in SOURCES
        for text in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text) if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        and call.func.id in ("gettext", "_", "N_") and isinstance(call.args[0], ast.Constant)
    ]  # fmt: skip
    assert hidden == []


def test_readme_lists_every_setting_and_no_other():
    listed = re.findall(r"^\| `TROIKA_(\w+)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == [field.name.upper() for field in dataclasses.fields(Settings)]


def test_every_package_asked_for_is_pinned_and_explained():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    asked = setup["options"]["install_requires"].split() + setup["options.extras_require"]["assets"].split()
    asked += setup["options.extras_require"]["test"].split()
    names = [re.sub(r"\[.*\]", "", name).lower().replace("_", "-") for name in asked]
    locked = (ROOT / "requirements.lock").read_text(encoding="utf-8").lower().replace("_", "-")
    assert [name for name in names if not re.search(rf"^{re.escape(name)}==", locked, re.MULTILINE)] == []
    table = (ROOT / "README.md").read_text(encoding="utf-8").lower()
    stubs = ("types-", "lxml-stubs", "pytest-xdist")  # come with what they serve
    assert [name for name in names if name not in table and not name.startswith(stubs)] == []
