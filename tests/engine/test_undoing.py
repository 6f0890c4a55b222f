"""An administrator moves a token back and what has completed in between is undone first; its rows follow."""

import httpx
import pytest

from engine import bpmn, jobs, modification
from engine.errors import MoveRefused
from engine.unit_of_work import ENGINE
from tests.consistency import consistent
from tests.engine.bpmn.drawing import END, START, flows, service, user
from tests.engine.bpmn.test_compensation import drawing, undoing, undone_by
from tests.engine.test_migration import facts, migrate
from tests.engine.test_runtime import tallies
from tests.factories import begun, complete, deploy, look_at, open_rows, operator, token_at, waits_of


def paying(pay: str, undo: str | None) -> bytes:
    """User task, an operation with or without its handler, user task."""
    body = START + user("first") + pay + user("last") + END + flows("start first pay last end")
    return drawing(body + (undoing(undo) + undone_by("pay", "undo") if undo is not None else ""))


TALLY = paying(service("pay", "test.tally", in_name='= "paid"'), service("undo", "test.tally", in_name='= "undone"'))
WIRE = service("pay", "test.wire", in_text='= "x"', out_said="= answer")


def plan(engine, instance, compensate=True):
    return bpmn.Modification((token_at(engine, instance, "last"),), (bpmn.Placing("first"),), compensate)


def looked(engine, instance, compensate=True):
    wanted = plan(engine, instance, compensate)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return modification.preview(uow, instance, wanted)


def moved(engine, instance):
    wanted = plan(engine, instance)
    with engine.unit_of_work(operator(engine)) as uow:
        modification.modify(uow, instance, wanted, reason="wrong amount")


def wired(engine):
    """What has been called outside is answered."""
    engine.transport = httpx.MockTransport(lambda request: httpx.Response(200, json="ok"))
    object.__setattr__(engine.settings, "outbound_allow", "partner.example")
    jobs.run_due(engine)


def test_the_operation_that_undoes_is_performed_before_the_token_arrives(engine):
    deploy(engine, TALLY)
    instance = begun(engine)
    complete(engine, instance, "first")
    assert looked(engine, instance).undone == ("pay",)
    assert looked(engine, instance, compensate=False).undone == ()

    moved(engine, instance)

    assert tallies(engine) == {"paid": 1, "undone": 1}
    assert look_at(engine, instance).markers == {"first": "active"}
    assert open_rows(engine, instance) == waits_of(engine, instance)
    assert facts(engine, instance, "modification.asked")[0].data["compensate"] is True
    assert [fact.node for fact in facts(engine, instance, "compensation.ended")] == ["pay"]
    complete(engine, instance, "first")
    complete(engine, instance, "last")
    assert consistent(engine)


def test_what_cannot_be_taken_back_and_has_no_handler_is_a_refusal(engine):
    deploy(engine, paying(WIRE, None))
    instance = begun(engine)
    complete(engine, instance, "first")
    wired(engine)

    refused = looked(engine, instance).refused

    assert [(finding.rule, finding.element_id) for finding in refused] == [("move-refused", "pay")]
    with pytest.raises(MoveRefused, match="nothing undoes it"):
        moved(engine, instance)
    assert looked(engine, instance, compensate=False).refused == ()
    assert look_at(engine, instance).markers == {"last": "active"}


def test_what_cannot_be_taken_back_is_undone_by_its_handler_as_often_as_it_was_done(engine):
    deploy(engine, paying(WIRE, service("undo", "test.tally", in_name='= "undone"')))
    instance = begun(engine)
    for times in (1, 2):
        complete(engine, instance, "first")
        wired(engine)
        moved(engine, instance)
        assert tallies(engine) == {"undone": times}
    assert look_at(engine, instance).markers == {"first": "active"}
    assert consistent(engine)


def test_what_was_performed_under_another_id_is_not_forgotten(engine):
    deploy(engine, paying(WIRE, None))
    instance = begun(engine)
    complete(engine, instance, "first")
    wired(engine)
    renamed = WIRE.replace('id="pay"', 'id="wire"')
    body = START + user("first") + renamed + user("last") + END + flows("start first wire last end")
    deploy(engine, drawing(body))

    migrate(engine, instance, choices={"pay": "wire"})

    assert [(finding.rule, finding.element_id) for finding in looked(engine, instance).refused] == [
        ("move-refused", "pay")
    ]
