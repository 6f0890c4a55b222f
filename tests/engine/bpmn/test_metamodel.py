"""Each element and attribute of the standard's metamodel is executed, shown only or refused by name: none is lost."""

import pytest

from engine import bpmn
from engine.bpmn.parser import coverage, metamodel
from engine.bpmn.parser.coverage import Standing
from engine.bpmn.parser.metamodel import Child
from engine.bpmn.parser.refusals import ATTRIBUTES, CONTAINERS, DRAWN_ATTRIBUTES
from tests.engine.bpmn.specimens import fingerprint, places, specimen, values

PROCESS = (Child("process", "tProcess"),)


def name_of(path):
    return "/".join(child.tag for child in path)


def standings():
    """Every place in a process, with what the tables say about it; parts of what is shown or refused left out."""
    for path in places():
        found = [Standing.EXECUTED]
        for child in path[1:]:
            found.append(coverage.standing(found[-1], child.tag))
        demanded = path[-1].least  # stands in every specimen of its holder and is judged with it
        if set(found[:-1]) <= {Standing.EXECUTED, Standing.CONDITIONAL} and not demanded:
            yield path, found[-1]


PLACES = list(standings())


def judged(xml):
    """Rule, element and line of every error, e.g. of the schema."""
    return {(found.rule, found.element_id, found.line) for found in bpmn.read(xml).findings if found.level == "error"}


def names(errors, path, xml):
    """Whether one of `errors` points at the last element of `path` or at one that holds it."""
    line = next(number for number, text in enumerate(xml.decode().split("\n"), 1) if f"<{path[-1].tag}" in text)
    ids = {f"s{depth}" for depth in range(1, len(path))} | {"p"}
    return any(element in ids or at == line for _, element, at in errors)


def test_the_schema_is_read_whole():
    elements = metamodel.elements()

    assert len(elements) > 150
    assert {"adHocSubProcess", "implicitThrowEvent", "complexBehaviorDefinition", "participant"} <= set(elements)
    assert "flowElement" not in elements, "abstract elements stand in no file"
    assert set(elements) - {row.element for row in coverage.rows()} == {"definitions"}
    assert len(PLACES) > 350


@pytest.mark.parametrize("path", [path for path, _ in PLACES], ids=name_of)
def test_specimens_fit_the_schema(path):
    assert "schema" not in {rule for rule, _, _ in judged(specimen(path))}


@pytest.mark.parametrize(
    ("path", "how"), PLACES, ids=lambda value: name_of(value) if isinstance(value, tuple) else value
)
def test_no_element_is_silently_dropped(path, how):
    xml, without = specimen(path), specimen(path[:-1])
    errors = judged(xml)
    changed = fingerprint(xml) != fingerprint(without)

    match how:
        case Standing.EXECUTED:
            said = path[-1].tag in CONTAINERS  # they say something by what they hold, which is looked at by itself
            assert changed or said or names(errors, path, xml), "neither executed nor refused"
        case Standing.SHOWN:
            assert not changed, "shown only, but it changes what happens"
            assert {rule for rule, _, _ in errors} <= {rule for rule, _, _ in judged(without)}
        case Standing.CONDITIONAL:
            assert names(errors, path, xml) or not changed
        case _:
            assert names(errors, path, xml), "not executed, and not a word about it"
            assert {rule for rule, _, _ in errors} - {rule for rule, _, _ in judged(without)}


def attributes():
    seen = set()
    for path, how in [(PROCESS, Standing.EXECUTED), *PLACES]:
        if how is not Standing.EXECUTED or path[-1].type not in metamodel.types():
            continue
        for attribute in metamodel.types()[path[-1].type].attributes.values():
            for value in values(attribute):
                if attribute.name not in ("id", "name") and (path[-1].tag, attribute.name, value) not in seen:
                    seen.add((path[-1].tag, attribute.name, value))
                    yield path, attribute, value


@pytest.mark.parametrize(
    ("path", "attribute", "value"),
    list(attributes()),
    ids=lambda value: getattr(value, "name", None) or str(value)[-30:],
)
def test_no_attribute_is_silently_dropped(path, attribute, value):
    xml, without = specimen(path, attribute, value), specimen(path)
    changed = fingerprint(xml) != fingerprint(without)

    if attribute.name in DRAWN_ATTRIBUTES and attribute.name in ATTRIBUTES[path[-1].tag]:
        assert not changed
    else:
        assert changed or names(judged(xml), path, xml) or xml == without


def test_the_table_of_elements_is_fresh():
    text = coverage.README.read_text(encoding="utf-8")

    assert coverage.table() in text, "run: python -m engine.bpmn.parser.coverage"
