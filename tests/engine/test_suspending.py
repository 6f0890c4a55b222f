"""A suspended instance keeps what comes for it until it is activated; cancelled, it gives a message back."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from engine import batches, bpmn, incidents, jobs, messages, modification, runtime
from engine.db.effect import EffectStatus, effect
from engine.db.instance import Status
from engine.db.job import JobState, job
from engine.db.subscription import MessageState, message
from engine.dispatch import housekeeping
from engine.errors import MoveRefused
from engine.unit_of_work import ENGINE
from tests.engine.bpmn.drawing import (
    END,
    START,
    boundary,
    catch,
    drawing,
    error,
    error_event,
    flows,
    message_event,
    service,
    timer,
    user,
)
from tests.engine.bpmn.drawing import message as drawn_message
from tests.engine.test_migration import planned
from tests.engine.test_runtime import status, tallies
from tests.factories import begun, complete, deploy, look_at, straight


def suspend(engine, instance):
    with engine.unit_of_work(ENGINE) as uow:
        runtime.suspend(uow, instance, "asked by audit")


def activate(engine, instance):
    with engine.unit_of_work(ENGINE) as uow:
        runtime.activate(uow, instance)


def open_incidents(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return [found.code for found in incidents.list_open(uow)]


@pytest.fixture
def partner(engine):
    """The other party: runs `during` while it is being asked; answers `reply`."""
    asked = {"count": 0, "reply": "ok", "during": lambda: None}

    def answer(request):
        asked["count"] += 1
        asked["during"]()
        return httpx.Response(200, json=asked["reply"])

    engine.transport = httpx.MockTransport(answer)
    object.__setattr__(engine.settings, "outbound_allow", "partner.example")
    return asked


@pytest.mark.parametrize("operation", ["test.tell", "test.wire"])
def test_an_answer_that_comes_during_suspension_is_kept_and_used_once(engine, partner, operation):
    deploy(engine, straight(service("ask", operation, in_text="= word", out_said="= answer")))
    instance = begun(engine, word="hello")
    partner["during"] = lambda: suspend(engine, instance)

    jobs.run_due(engine)

    assert status(engine, instance) is Status.SUSPENDED
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(effect.c.status)).scalar() == EffectStatus.DONE
    assert jobs.run_due(engine) == 0

    activate(engine, instance)
    jobs.run_due(engine)

    assert partner["count"] == 1
    view = look_at(engine, instance)
    assert (view.instance.status, view.variables["said"]) == (Status.COMPLETED, "ok")
    assert open_incidents(engine) == []


def test_a_refusal_that_comes_during_suspension_is_thrown_after_it(engine, partner):
    deploy(
        engine,
        drawing(
            START + service("ask", "test.tell", in_text="= word") + boundary("no", "ask", error_event("TEST.NO"))
            + user("think") + END + flows("start ask end", "no think end"),
            error("TEST.NO"),
        ),
    )  # fmt: skip
    instance = begun(engine, word="hello")
    partner["reply"] = "no"
    partner["during"] = lambda: suspend(engine, instance)
    jobs.run_due(engine)

    activate(engine, instance)
    jobs.run_due(engine)

    assert partner["count"] == 1
    assert look_at(engine, instance).markers == {"think": "active"}


def test_an_answer_that_comes_after_suspension_and_activation_is_used_too(engine, partner):
    deploy(engine, straight(service("ask", "test.wire", in_text="= word", out_said="= answer")))
    instance = begun(engine, word="hello")

    def hiccup():
        suspend(engine, instance)
        activate(engine, instance)

    partner["during"] = hiccup
    jobs.run_due(engine)

    assert partner["count"] == 1
    assert look_at(engine, instance).variables["said"] == "ok"
    assert open_incidents(engine) == []


def test_a_message_for_a_suspended_instance_waits_with_it(engine, clock):
    """However long: what it says is forgotten after it has been received only."""
    deploy(engine, straight(catch("c", message_event("paid")), roots=drawn_message("paid")))
    instance = begun(engine, order=7)
    suspend(engine, instance)

    with engine.unit_of_work(ENGINE) as uow:
        messages.correlate(uow, "paid", 7)
    jobs.run_due(engine)

    assert open_incidents(engine) == []
    assert status(engine, instance) is Status.SUSPENDED
    clock.advance(housekeeping.REMEMBERED + timedelta(days=1))
    with engine.unit_of_work(ENGINE) as uow:
        housekeeping.forget_messages(uow)
    activate(engine, instance)
    jobs.run_due(engine)
    assert status(engine, instance) is Status.COMPLETED
    with engine.unit_of_work(ENGINE) as uow:
        housekeeping.forget_messages(uow)
        assert uow.execute(select(message.c.id)).all() == []


def test_a_message_on_its_way_to_a_suspended_instance_that_is_cancelled_goes_back(engine):
    deploy(engine, straight(catch("c", message_event("paid")), roots=drawn_message("paid")))
    instance = begun(engine, order=7)
    suspend(engine, instance)
    with engine.unit_of_work(ENGINE) as uow:
        messages.correlate(uow, "paid", 7)
    jobs.run_due(engine)

    with engine.unit_of_work(ENGINE) as uow:
        runtime.cancel(uow, instance, "a double")
    jobs.run_due(engine)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(message.c.state)).scalars().all() == [MessageState.WAITING]
        assert uow.execute(select(job.c.id)).all() == []


def test_nothing_is_performed_while_an_administrator_writes_into_a_suspended_instance(engine):
    met = "<conditionalEventDefinition><condition>= ready</condition></conditionalEventDefinition>"
    deploy(engine, straight(catch("c", met), service("work", "test.tally")))
    instance = begun(engine, ready=False)
    suspend(engine, instance)

    with engine.unit_of_work(ENGINE) as uow:
        runtime.set_variables(uow, instance, {"ready": True}, reason="delivered by hand")
    jobs.run_due(engine)

    assert tallies(engine) == {}
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(job.c.state, job.c.attempts)).all() == [(JobState.SUSPENDED, 0)]
    activate(engine, instance)
    jobs.run_due(engine)
    assert tallies(engine) == {"tally": 1}
    assert status(engine, instance) is Status.COMPLETED


def test_a_timer_that_fell_due_during_suspension_fires_once_after_it(engine, clock):
    guard = boundary("late", "approve", timer("PT1H"), False) + '<endEvent id="x"/>' + flows("late x")
    deploy(engine, straight(user("approve"), more=guard))
    instance = begun(engine)
    suspend(engine, instance)
    clock.advance(timedelta(hours=5))
    assert jobs.run_due(engine) == 0

    activate(engine, instance)

    assert jobs.run_due(engine) == 1
    assert look_at(engine, instance).markers == {"approve": "active"}
    complete(engine, instance, "approve")
    assert status(engine, instance) is Status.COMPLETED


# ---------------------------------------------------------------- moved while it stands still


def moved(engine, instance, away, *placings):
    token = next(key for key, node, _ in waiting(engine, instance) if node == away)
    with engine.unit_of_work(ENGINE) as uow:
        plan = bpmn.Modification((token,), placings)
        modification.modify(uow, instance, plan, reason="by hand", accept_warnings=True)


def waiting(engine, instance):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return bpmn.waits(runtime.instance_view(uow, instance).state)


def test_a_call_under_way_is_not_moved_away_while_its_instance_stands_still(engine, partner):
    deploy(engine, straight(service("ask", "test.wire", in_text="= word", out_said="= answer"), user("b")))
    instance = begun(engine, word="hello")

    def during():
        suspend(engine, instance)
        with pytest.raises(MoveRefused, match="being performed just now"):
            moved(engine, instance, "ask", bpmn.Placing("ask"))

    partner["during"] = during
    jobs.run_due(engine)
    activate(engine, instance)
    jobs.run_due(engine)

    assert partner["count"] == 1
    assert [node for _, node, _ in waiting(engine, instance)] == ["b"]


def test_nothing_outside_is_called_for_a_token_that_is_put_where_an_instance_stands_still(engine, partner):
    deploy(engine, straight(user("a"), service("ask", "test.tell", in_text="= word", out_said="= answer")))
    instance = begun(engine, word="hello")
    suspend(engine, instance)

    moved(engine, instance, "a", bpmn.Placing("ask"))
    jobs.run_due(engine)
    assert partner["count"] == 0

    activate(engine, instance)
    jobs.run_due(engine)
    assert partner["count"] == 1


def test_a_message_goes_back_when_the_instance_that_stands_still_is_moved_away_from_it(engine):
    deploy(engine, straight(catch("c", message_event("paid")), user("x"), roots=drawn_message("paid")))
    instance = begun(engine, order=7)
    suspend(engine, instance)
    with engine.unit_of_work(ENGINE) as uow:
        messages.correlate(uow, "paid", 7)
    jobs.run_due(engine)

    moved(engine, instance, "c", bpmn.Placing("x", "after"))
    jobs.run_due(engine)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(message.c.state)).scalars().all() == [MessageState.WAITING]


def test_a_batch_reaches_an_instance_that_was_suspended_after_it_was_made(engine):
    deploy(engine, straight(user("a")))
    instance = begun(engine)
    deploy(engine, straight(user("a"), user("b")))
    plan = planned(engine)
    with engine.unit_of_work(ENGINE) as uow:
        key = batches.create(uow, plan, reason="by hand")
    suspend(engine, instance)

    jobs.run_due(engine)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert batches.get(uow, key).done
