"""Loops, compensation and ad-hoc sub-processes become rows: what opens is written, what closes is taken away."""

import pytest

from engine import history, lint, runtime
from engine.db.instance import Status
from engine.errors import NotActivatable, NothingToCompensate, WaitNotOpen
from engine.unit_of_work import ENGINE
from tests.engine.bpmn.drawing import END, START, error, error_event, flows, service, user
from tests.engine.bpmn.drawing import boundary as attached
from tests.engine.bpmn.test_ad_hoc import MANUAL, ad_hoc
from tests.engine.bpmn.test_compensation import drawing, ending, undoing, undone_by
from tests.engine.bpmn.test_loops import OVER_ITEMS, marked, multiple
from tests.factories import BEHAVIOUR, ann, begun, complete, deploy, look_at, open_rows, waits_of


@pytest.fixture(autouse=True)
def _steady():
    BEHAVIOUR.clear()
    yield
    BEHAVIOUR.clear()


def kinds(engine, instance_id, *wanted):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return [(entry.kind, entry.node) for entry in history.timeline(uow, instance_id) if entry.kind in wanted]


def test_instances_of_a_user_task_open_and_close_their_rows(engine):
    marker = multiple(done="numberOfCompletedInstances = 2", **OVER_ITEMS)
    deploy(engine, drawing(START + marked(user("t"), marker) + user("after") + END + flows("start t after end")))
    instance = begun(engine, items=["a", "b", "c"])
    assert len(open_rows(engine, instance)) == 3
    assert open_rows(engine, instance) == waits_of(engine, instance)

    complete(engine, instance, "t")
    assert len(open_rows(engine, instance)) == 2
    complete(engine, instance, "t")

    assert {kind for _, kind in open_rows(engine, instance)} == {"work"} or len(open_rows(engine, instance)) == 1
    assert open_rows(engine, instance) == waits_of(engine, instance)
    assert [node for _, node, _ in look_at(engine, instance).waits] == ["after"]


def test_a_failed_capture_cancels_the_shipment_and_then_releases_the_stock(engine):
    def step(name, **more):
        return service(name, "test.tally", in_name=f'= "{name}"', **more)

    body = START + step("reserve") + step("ship") + step("capture", in_refuse="= true")
    body += undone_by("reserve", "release") + undone_by("ship", "cancel")
    body += undoing(step("release")) + undoing(step("cancel"))
    body += attached("failed", "capture", error_event("TEST.REFUSED")) + '<endEvent id="paid"/>' + ending()
    deploy(engine, drawing(body + flows("start reserve ship capture paid", "failed end"), error("TEST.REFUSED")))

    instance = begun(engine)

    assert look_at(engine, instance).instance.status is Status.COMPLETED
    called = [
        node for kind, node in kinds(engine, instance, "node.left") if node in ("reserve", "ship", "cancel", "release")
    ]
    assert called == ["reserve", "ship", "cancel", "release"]
    assert kinds(engine, instance, "compensation.started", "compensation.ended") == [
        ("compensation.started", "ship"), ("compensation.ended", "ship"),
        ("compensation.started", "reserve"), ("compensation.ended", "reserve"),
    ]  # fmt: skip


def test_an_administrator_compensates_and_the_rest_goes_on(engine):
    body = START + user("a") + undone_by("a", "undo") + undoing(user("undo")) + user("b") + END
    deploy(engine, drawing(body + flows("start a b end")))
    instance = begun(engine)
    with pytest.raises(NothingToCompensate), engine.unit_of_work(ann(engine)) as uow:
        runtime.compensate(uow, instance, "sent back")
    complete(engine, instance, "a")

    with engine.unit_of_work(ann(engine)) as uow:
        runtime.compensate(uow, instance, "sent back")

    assert sorted(node for _, node, _ in look_at(engine, instance).waits) == ["b", "undo"]
    assert open_rows(engine, instance) == waits_of(engine, instance)


def test_people_start_activities_of_an_ad_hoc_sub_process_until_it_is_enough(engine):
    deploy(
        engine,
        drawing(START + ad_hoc(user("a") + user("b"), MANUAL) + user("after") + END + flows("start s after end")),
    )
    instance = begun(engine)
    (choice,) = look_at(engine, instance).choices
    assert (choice.element, choice.activities) == ("s", (("a", "a"), ("b", "b")))
    assert open_rows(engine, instance) == set()

    with engine.unit_of_work(ann(engine)) as uow:
        runtime.start_ad_hoc(uow, instance, choice.scope, "b")
    complete(engine, instance, "b")
    with pytest.raises(NotActivatable), engine.unit_of_work(ann(engine)) as uow:
        runtime.start_ad_hoc(uow, instance, choice.scope, "after")
    with engine.unit_of_work(ann(engine)) as uow:
        runtime.finish_ad_hoc(uow, instance, choice.scope)
    with pytest.raises(WaitNotOpen), engine.unit_of_work(ann(engine)) as uow:
        runtime.finish_ad_hoc(uow, instance, choice.scope)

    assert [node for _, node, _ in look_at(engine, instance).waits] == ["after"]
    assert kinds(engine, instance, "ad_hoc.started", "ad_hoc.finished") == [
        ("ad_hoc.started", "b"),
        ("ad_hoc.finished", "s"),
    ]


def test_compensation_and_ad_hoc_sub_processes_are_drawn_without_the_ends_that_others_need():
    body = START + user("a") + undone_by("a", "undo") + undoing(user("undo")) + ad_hoc(user("b"), MANUAL) + END
    found = lint.check({"p.bpmn": drawing(body + flows("start a s end"))}, {})

    ends = ("start-event-required", "end-event-required", "reachable")
    assert [(finding.rule, finding.element_id) for finding in found if finding.rule in ends] == []
