"""Versions that were deployed before data objects were executed go on as they were."""

import pytest
from sqlalchemy import select, update

from engine import repository
from engine.db.definition import definition, resource
from engine.unit_of_work import ENGINE
from tests.engine.bpmn.drawing import element, script, user
from tests.factories import begun, deploy, look_at, straight
from tests.redteam.walls import without, without_append_only

PAPER = '<dataObject id="paper" name="order"/><dataObjectReference id="ref" dataObjectRef="paper"/>'


def drawn(data):
    """A sub-process that draws a paper and reads the variable `order` of the process."""
    inner = (
        data,
        '<startEvent id="in"/><sequenceFlow id="i" sourceRef="in" targetRef="read"/>',
        script("read", "order", "seen"),
        '<sequenceFlow id="j" sourceRef="read" targetRef="look"/>',
        user("look"),
        '<sequenceFlow id="k" sourceRef="look" targetRef="out"/><endEvent id="out"/>',
    )
    return straight(element("subProcess", "sub", inner="".join(inner)), process_id="sell")


def deployed_before(engine, xml, after=None):
    """As an earlier version of the engine left it: nothing is said of data, the file is what it was."""
    deploy(engine, xml)
    frozen, rewritten = (
        without(engine, definition, "definition_frozen"),
        without_append_only(engine, "resource", "update"),
    )
    with frozen, rewritten, engine.unit_of_work(ENGINE) as uow:
        row = uow.execute(select(definition.c.id, definition.c.meta, definition.c.resource_id)).one()
        meta = {key: value for key, value in row.meta.items() if key != "data"}
        uow.execute(update(definition).where(definition.c.id == row.id).values(meta=meta))
        if after is not None:
            uow.execute(update(resource).where(resource.c.id == row.resource_id).values(content=after))
        uow.shared.clear()
    return row.id


def seen(engine):
    view = look_at(engine, begun(engine, "sell", order="A-1"))
    return view.variables["seen"], [node for _, node, _ in view.waits]


def test_a_data_object_of_an_earlier_version_hides_no_variable(engine):
    deploy(engine, drawn(PAPER))
    assert seen(engine) == (None, ["look"])

    deployed_before(engine, drawn(PAPER))
    assert seen(engine) == ("A-1", ["look"])


@pytest.mark.parametrize(
    "data",
    [
        '<dataObject id="paper" name="approval"/><dataObjectReference id="ref" dataObjectRef="paper"/>',
        '<dataObjectReference id="ref" dataObjectRef="nowhere"/>',
    ],
    ids=["reserved name", "dangling"],
)
def test_what_is_refused_today_still_opens_when_it_was_deployed_before(engine, data):
    key = deployed_before(engine, drawn(""), drawn(data))

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert repository.program(uow, key).process_id == "sell"
    assert seen(engine) == ("A-1", ["look"])
