"""What happens later happens once: leases, fences, further tries, incidents, the outside."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update

from engine import incidents, jobs, runtime
from engine.db.counter import counter
from engine.db.effect import EffectStatus, effect
from engine.db.instance import Status
from engine.db.job import IncidentKind, JobKind, JobState, job
from engine.errors import NotFound, NotResolvable
from engine.ids import uuid7
from engine.outbound import Outbound
from engine.runtime import later
from engine.unit_of_work import ENGINE
from tests.engine.bpmn.drawing import END, START, boundary, drawing, error, error_event, flows, service, user
from tests.factories import BEHAVIOUR, RESULT_TOLD, begun, complete, deploy, look_at, open_rows, straight, waits_of


def asynchronous(element):
    """`element` in a transaction of its own."""
    return element.replace("<serviceTask ", '<serviceTask troika:async="true" ')


@pytest.fixture(autouse=True)
def _steady():
    BEHAVIOUR.clear()
    yield
    BEHAVIOUR.clear()


@pytest.fixture
def partner(engine):
    """The other party: keeps the first effect per idempotency key and counts every call."""
    calls = []

    def answer(request):
        calls.append(request.headers["Idempotency-Key"])
        reply = BEHAVIOUR.get("reply", "ok")
        if isinstance(reply, BaseException):
            raise reply
        if isinstance(reply, int):
            return httpx.Response(reply, text="trouble")
        return httpx.Response(200, json=reply)

    engine.transport = httpx.MockTransport(answer)
    object.__setattr__(engine.settings, "outbound_allow", "partner.example")
    return calls


def later_task(operation="test.unsteady", **inputs):
    """A process whose one service task is a job."""
    return straight(user("approve"), service("work", operation, **inputs))


def stuck_job(engine):
    """A job that waits for its next try."""
    deploy(engine, later_task())
    instance = begun(engine)
    BEHAVIOUR["raise"] = RuntimeError("no paper")
    complete(engine, instance, "approve")
    return instance


def only_job(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (found,) = jobs.list_(uow)
        return found


def tallies(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return dict(uow.execute(select(counter.c.name, counter.c.value)).all())


def open_incidents(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return incidents.list_open(uow)


def test_tries_are_spent_one_pause_apart_then_a_person_decides(engine, clock):
    instance = stuck_job(engine)
    for attempt in range(2, 7):
        clock.advance(timedelta(minutes=2))
        assert jobs.run_due(engine) == 1
        assert only_job(engine).attempts == attempt

    assert only_job(engine).state is JobState.DEAD
    (incident,) = open_incidents(engine)
    assert (incident.kind, incident.code, incident.node) == (IncidentKind.RETRIES_SPENT, "retries-spent", "work")
    assert look_at(engine, instance).markers == {"work": "incident"}
    assert jobs.run_due(engine) == 0

    BEHAVIOUR.clear()
    with engine.unit_of_work(ENGINE) as uow:
        jobs.retry(uow, incident.job_id)
    assert jobs.run_due(engine) == 1 + RESULT_TOLD
    assert look_at(engine, instance).instance.status is Status.COMPLETED
    assert tallies(engine) == {"unsteady": 1}
    assert open_incidents(engine) == []


def test_repair_with_variables_runs_the_node_again_with_them(engine, clock):
    deploy(engine, straight(user("approve"), service("work", "test.unsteady", in_name="= where")))
    instance = begun(engine, where="a")
    BEHAVIOUR["raise"] = RuntimeError("wrong printer")
    complete(engine, instance, "approve")
    for _ in range(5):
        clock.advance(timedelta(minutes=2))
        jobs.run_due(engine)
    BEHAVIOUR.clear()
    (incident,) = open_incidents(engine)

    with engine.unit_of_work(ENGINE) as uow:
        runtime.resolve(uow, incident.id, {"where": "b"})

    assert tallies(engine) == {"b": 1}
    assert open_rows(engine, instance) == set()
    assert look_at(engine, instance).instance.incidents == 0


def test_job_of_somebody_else_cannot_be_finished(engine, clock):
    stuck_job(engine)
    BEHAVIOUR.clear()
    clock.advance(timedelta(minutes=2))
    (zombie,) = jobs.claim(engine, "slow")
    clock.advance(timedelta(minutes=2))
    (owner,) = jobs.claim(engine, "fast")

    assert jobs.execute(engine, zombie) is jobs.Result.FENCED
    assert tallies(engine) == {}
    assert jobs.execute(engine, owner) is jobs.Result.DONE
    assert tallies(engine) == {"unsteady": 1}
    assert jobs.extend(engine, [owner]) == [owner]


def test_lease_keeps_others_away_and_is_extended(engine, clock):
    stuck_job(engine)
    clock.advance(timedelta(minutes=2))
    claimed = jobs.claim(engine, "me")
    assert jobs.claim(engine, "other") == []
    clock.advance(timedelta(seconds=50))
    assert jobs.extend(engine, claimed) == []
    clock.advance(timedelta(seconds=50))
    assert jobs.claim(engine, "other") == []


def test_released_job_has_used_no_attempt(engine, clock):
    stuck_job(engine)
    clock.advance(timedelta(minutes=2))
    jobs.release(engine, jobs.claim(engine, "me"))

    assert (only_job(engine).attempts, only_job(engine).running) == (1, False)
    assert len(jobs.claim(engine, "other")) == 1


def test_job_that_kills_its_runner_each_time_is_poison(engine, clock):
    stuck_job(engine)
    for _ in range(5):
        clock.advance(timedelta(minutes=2))
        assert len(jobs.claim(engine, "dies")) == 1
    clock.advance(timedelta(minutes=2))

    (claimed,) = jobs.claim(engine, "careful")
    assert jobs.execute(engine, claimed) is jobs.Result.DEAD
    assert [found.kind for found in open_incidents(engine)] == [IncidentKind.POISON]


def test_interrupted_job_row_is_gone_and_its_runner_fenced(engine, clock):
    instance = stuck_job(engine)
    BEHAVIOUR.clear()
    clock.advance(timedelta(minutes=2))
    (claimed,) = jobs.claim(engine, "me")
    with engine.unit_of_work(ENGINE) as uow:
        runtime.cancel(uow, instance, "not needed")

    assert jobs.execute(engine, claimed) is jobs.Result.FENCED
    assert tallies(engine) == {}


def test_asynchronous_task_is_a_job(engine):
    deploy(engine, straight(asynchronous(service("work", "test.tally"))))
    instance = begun(engine)
    assert tallies(engine) == {}
    assert open_rows(engine, instance) == waits_of(engine, instance)

    assert jobs.run_due(engine) == 1 + RESULT_TOLD
    assert tallies(engine) == {"tally": 1}


def test_refusal_in_a_job_is_caught_by_the_drawing(engine):
    deploy(
        engine,
        drawing(
            START + asynchronous(service("reserve", "test.tally", in_refuse="= true"))
            + boundary("short", "reserve", error_event("TEST.REFUSED")) + user("replenish") + END
            + flows("start reserve end", "short replenish end"),
            error("TEST.REFUSED"),
        ),
    )  # fmt: skip
    instance = begun(engine)
    jobs.run_due(engine)

    assert look_at(engine, instance).markers == {"replenish": "active"}
    assert tallies(engine) == {}


def test_outside_is_called_once_and_its_answer_is_kept(engine, partner):
    deploy(engine, straight(service("tell", "test.tell", in_text="= word", out_said="= answer")))
    BEHAVIOUR["reply"] = {"id": 7}
    instance = begun(engine, word="hello")
    key = only_job(engine).id
    jobs.run_due(engine)

    assert partner == [str(key)]
    view = look_at(engine, instance)
    assert (view.instance.status, view.variables["said"]) == (Status.COMPLETED, {"id": 7})
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        row = uow.execute(select(effect).where(effect.c.key == key)).one()
    assert (row.key, row.status, row.response) == (key, EffectStatus.DONE, {"answer": {"id": 7}})


def test_repeatable_call_is_repeated_under_the_same_key_after_a_crash(engine, partner, clock):
    deploy(engine, straight(service("tell", "test.tell", in_text="= word")))
    instance = begun(engine, word="hello")
    key = only_job(engine).id
    crash_in_the_middle(engine, key)

    jobs.run_due(engine)
    assert partner == [str(key)]
    assert look_at(engine, instance).instance.status is Status.COMPLETED


def crash_in_the_middle(engine, key):
    """As a runner leaves it that died between the call and its answer."""
    found = BEHAVIOUR.pop("reply", None)
    BEHAVIOUR["reply"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        jobs.execute(engine, jobs.claim(engine, "dies")[0])
    BEHAVIOUR.pop("reply")
    if found is not None:
        BEHAVIOUR["reply"] = found
    engine.clock.advance(timedelta(minutes=2))
    engine.transport.handler.__closure__[0].cell_contents.clear()
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(effect.c.status).where(effect.c.key == key)).scalar() == EffectStatus.STARTED


@pytest.mark.parametrize(("happened", "calls"), [(True, 0), (False, 1)])
def test_unrepeatable_call_after_a_crash_is_for_a_person(engine, partner, happened, calls):
    deploy(engine, straight(service("wire", "test.wire", in_text="= word", out_said="= answer")))
    instance = begun(engine, word="hello")
    crash_in_the_middle(engine, only_job(engine).id)

    jobs.run_due(engine)
    assert partner == []
    (incident,) = open_incidents(engine)
    assert incident.kind is IncidentKind.OUTCOME_UNKNOWN
    with pytest.raises(NotResolvable), engine.unit_of_work(ENGINE) as uow:
        runtime.resolve(uow, incident.id)

    with engine.unit_of_work(ENGINE) as uow:
        runtime.resolve(uow, incident.id, happened=happened, outputs={"answer": "ok"})
    jobs.run_due(engine)
    assert len(partner) == calls
    view = look_at(engine, instance)
    assert (view.instance.status, view.variables["said"]) == (Status.COMPLETED, "ok")


def test_refusal_of_the_other_party_is_caught_by_the_drawing(engine, partner):
    deploy(
        engine,
        drawing(
            START + service("tell", "test.tell", in_text="= word") + boundary("no", "tell", error_event("TEST.NO"))
            + user("ask") + END + flows("start tell end", "no ask end"),
            error("TEST.NO"),
        ),
    )  # fmt: skip
    BEHAVIOUR["reply"] = "no"
    instance = begun(engine, word="hello")
    jobs.run_due(engine)

    assert look_at(engine, instance).markers == {"ask": "active"}


@pytest.mark.parametrize(("reply", "state"), [(503, JobState.LIVE), (400, JobState.DEAD)])
def test_trouble_outside_is_tried_again_but_a_refused_request_is_not(engine, partner, reply, state):
    deploy(engine, straight(service("tell", "test.tell", in_text="= word")))
    BEHAVIOUR["reply"] = reply
    begun(engine, word="hello")
    jobs.run_due(engine)

    assert only_job(engine).state is state
    assert len(open_incidents(engine)) == (state is JobState.DEAD)


def test_host_that_is_not_allowed_is_an_incident(engine):
    deploy(engine, straight(service("tell", "test.tell", in_text="= word")))
    begun(engine, word="hello")
    jobs.run_due(engine)

    assert [found.code for found in open_incidents(engine)] == ["outbound_refused"]


def test_nothing_is_said_to_the_outside_inside_a_transaction(engine, partner):
    http = Outbound("partner.example", uuid7(), transport=engine.transport)
    with pytest.raises(RuntimeError), engine.unit_of_work(ENGINE):
        http.get("https://partner.example/")
    assert http.get("https://partner.example/").body == "ok"


def test_notice_is_performed_once(engine):
    with engine.unit_of_work(ENGINE) as uow:
        later.put(uow, JobKind.NOTICE, "test.tally", {"name": "notices"})

    assert jobs.run_due(engine) == 1
    assert tallies(engine) == {"notices": 1}


def test_stuck_notice_is_an_incident_without_instance_and_can_be_tried_again(engine):
    with engine.unit_of_work(ENGINE) as uow:
        later.put(uow, JobKind.NOTICE, "test.nobody", {})
    jobs.run_due(engine)
    (incident,) = open_incidents(engine)
    assert (incident.instance_id, incident.code) == (None, "unknown_operation")

    with engine.unit_of_work(ENGINE) as uow:
        uow.execute(update(job).values(handler="test.tally"))
        jobs.retry(uow, incident.job_id)
    assert jobs.run_due(engine) == 1
    assert open_incidents(engine) == []


def test_unknown_job_cannot_be_tried_again(engine):
    with pytest.raises(NotFound), engine.unit_of_work(ENGINE) as uow:
        jobs.retry(uow, uuid7())
