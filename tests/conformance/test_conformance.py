"""One drawing for each element and each workflow pattern; the file beside it says what has to happen, in order."""

import re
from pathlib import Path

import pytest
import yaml

from engine import bpmn
from engine.bpmn.parser import coverage
from engine.bpmn.parser.coverage import Standing
from tests.conformance.playing import perform

HERE = Path(__file__).parent
TOLD = sorted(HERE.rglob("*.yml"))
DRAWN = sorted(HERE.rglob("*.bpmn"))


def name_of(path):
    return path.stem


@pytest.mark.conformance
@pytest.mark.parametrize("path", TOLD, ids=name_of)
def test_drawing_runs_as_told(path):
    told = yaml.safe_load(path.read_text(encoding="utf-8"))

    happened = perform(path.with_suffix(".bpmn"), told)

    assert happened["trace"] == told["trace"]
    assert (happened["ends"], happened["waits"]) == (told.get("ends"), told.get("waits", []))
    assert {name: happened["values"].get(name) for name in told.get("values", {})} == told.get("values", {})
    assert happened["incidents"] == told.get("incidents", {})
    assert happened["thrown"] == told.get("thrown", happened["thrown"])


@pytest.mark.parametrize("path", DRAWN, ids=name_of)
def test_drawing_is_named_like_its_file_and_told(path):
    reading = bpmn.read(path.read_bytes(), path.name)

    assert [process.id for process in reading.definition.executable] == [path.stem]
    told = [yaml.safe_load(other.read_text(encoding="utf-8")) for other in TOLD if other.parent == path.parent]
    assert path.with_suffix(".yml") in TOLD or any(path.stem in other.get("calls", ()) for other in told)


def test_every_executed_element_is_drawn_here():
    drawn = {tag for path in DRAWN for tag in re.findall(r"<(\w+)", path.read_text(encoding="utf-8"))}

    executed = {row.element for row in coverage.rows() if row.standing is Standing.EXECUTED}

    assert executed - drawn == set()


def test_every_executed_event_is_drawn_where_it_may_stand():
    drawn = set()
    for path in DRAWN:
        for process in bpmn.read(path.read_bytes()).definition.processes:
            for node in process.all_nodes():
                host = next((other for other in process.all_nodes() if other.id == node.scope), None)
                inside = " in event subProcess" if host is not None and host.triggered_by_event else ""
                place = node.type + (inside if node.type == "startEvent" else "")
                drawn |= {(place, event.kind) for event in node.events} or {(place, "none")}

    asked = {(place, kind) for place, kinds in coverage.POSITIONS.items() for kind in kinds}

    assert asked - drawn - {("startEvent in subProcess", "none")} == set()


def test_every_control_flow_pattern_is_drawn_or_its_absence_explained():
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    drawn = {int(path.stem[3:5]) for path in (HERE / "patterns").glob("wcp*.yml")}
    absent = {int(number) for number in re.findall(r"^\| WCP-(\d+) ", readme, re.MULTILINE)}

    assert drawn & absent == set()
    assert drawn | absent == set(range(1, 44))
