"""A step becomes rows in one place: what opens is written, what closes is taken away, in one transaction."""

import threading
from datetime import timedelta
from xml.sax.saxutils import quoteattr

import pytest
from sqlalchemy import select

from engine import history, identity, incidents, jobs, repository, runtime, workdays
from engine.db.counter import counter
from engine.db.effect import effect
from engine.db.instance import Status
from engine.db.job import incident
from engine.errors import BusinessKeyTaken, InstanceOver, ProcessNotDeployed, ProcessRetired, Suspended, WaitNotOpen
from engine.unit_of_work import ENGINE
from tests.engine.bpmn.drawing import (
    END,
    START,
    boundary,
    drawing,
    element,
    error,
    error_event,
    flows,
    service,
    timer,
    user,
)
from tests.factories import (
    BEHAVIOUR,
    RESULT_TOLD,
    ann,
    begun,
    complete,
    deploy,
    inbox_size,
    look_at,
    open_rows,
    straight,
    token_at,
    waits_of,
)

MINI = drawing(
    START
    + service("prepare", "test.tally", in_name="prepare")
    + user("approve")
    + '<exclusiveGateway id="agreed" name="agreed" default="agreed_end"/>'
    + service("pay", "test.tally", in_name="pay")
    + END
    + flows("start prepare approve agreed", "agreed pay ? ok = true", "agreed end", "pay end")
)


@pytest.fixture(autouse=True)
def _steady():
    BEHAVIOUR.clear()
    yield
    BEHAVIOUR.clear()


def tallies(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return dict(uow.execute(select(counter.c.name, counter.c.value)).all())


def kinds(engine, instance_id):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return [(entry.kind, entry.node) for entry in history.timeline(uow, instance_id)]


def status(engine, instance_id):
    return look_at(engine, instance_id).instance.status


def test_operations_run_in_the_click_that_reaches_them(engine):
    deploy(engine, MINI)
    instance = begun(engine)

    assert tallies(engine) == {"prepare": 1}
    assert look_at(engine, instance).markers == {"approve": "active"}
    assert open_rows(engine, instance) == waits_of(engine, instance)
    assert inbox_size(engine) == 1

    complete(engine, instance, "approve", ok=True)

    assert tallies(engine) == {"prepare": 1, "pay": 1}
    assert status(engine, instance) is Status.COMPLETED
    assert open_rows(engine, instance) == set()
    assert inbox_size(engine) == 0


def test_history_tells_the_story_once(engine):
    deploy(engine, MINI)
    instance = begun(engine)
    complete(engine, instance, "approve", ok=False)

    assert kinds(engine, instance) == [
        ("instance.started", None),
        ("node.left", "start"),
        ("operation.performed", "prepare"),
        ("variables.changed", None),
        ("node.left", "prepare"),
        ("task.opened", "approve"),
        ("variables.changed", None),
        ("node.left", "approve"),
        ("node.left", "agreed"),
        ("node.left", "end"),
        ("instance.ended", None),
    ]


def test_visit_knows_when_it_began(engine, clock):
    deploy(engine, MINI)
    began = clock.now()
    instance = begun(engine)
    clock.advance(timedelta(hours=3))
    complete(engine, instance, "approve", ok=False)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        visits = {entry.node: entry for entry in history.timeline(uow, instance) if entry.started_at}
    assert (visits["approve"].started_at, visits["approve"].at) == (began, clock.now())
    assert set(visits) == {"start", "prepare", "approve", "end"}


def test_start_and_completion_keep_their_budget_of_statements(engine):
    reading = MINI.replace(b"test.tally", b"test.look").replace(b'target="name"', b'target="value"')
    for drawn, most in ((reading, (10, 7)), (MINI, (18, 13))):
        deploy(engine, drawn)
        begun(engine)  # programs are compiled once per process
        actor = ann(engine)
        with engine.unit_of_work(actor) as uow:
            instance = runtime.start(uow, "p", {})
            uow.finish()
            started = uow.statements
        with engine.unit_of_work(actor) as uow:
            held = uow.lock_instance(instance.id)
            runtime.resume(uow, held, token_of(held, "approve", uow), {"ok": True})
            uow.finish()
            completed = uow.statements

        assert (started <= most[0], completed <= most[1]) == (True, True), (started, completed)


def token_of(instance, node, uow):
    state = runtime.load(uow, instance)
    return next(token.id for token in state.tokens.values() if token.node.id == node)


def test_refusal_of_an_operation_is_caught_by_the_drawing_and_undoes_its_rows(engine):
    deploy(
        engine,
        drawing(
            START
            + service("reserve", "test.tally", in_refuse="= true")
            + boundary("short", "reserve", error_event("TEST.REFUSED"))
            + user("replenish")
            + END
            + flows("start reserve end", "short replenish end"),
            error("TEST.REFUSED"),
        ),
    )
    instance = begun(engine)

    assert tallies(engine) == {}
    assert look_at(engine, instance).markers == {"replenish": "active"}


def test_uncaught_refusal_is_an_incident_that_goes_away_when_it_is_repaired(engine):
    deploy(engine, straight(service("reserve", "test.tally", in_refuse="= refuse")))
    instance = begun(engine, refuse=True)
    view = look_at(engine, instance)
    assert [found.code for found in view.incidents] == ["error-uncaught"]
    assert view.instance.incidents == 1
    assert view.markers == {"reserve": "incident"}

    with engine.unit_of_work(ENGINE) as uow:
        runtime.resolve(uow, view.incidents[0].id, {"refuse": False})

    assert status(engine, instance) is Status.COMPLETED
    assert look_at(engine, instance).instance.incidents == 0
    assert tallies(engine) == {"tally": 1}


def test_failing_operation_keeps_the_click_and_becomes_a_job(engine, clock):
    deploy(engine, straight(user("approve"), service("work", "test.unsteady")))
    instance = begun(engine)
    BEHAVIOUR["raise"] = RuntimeError("printer on fire")
    complete(engine, instance, "approve")

    assert tallies(engine) == {}
    assert look_at(engine, instance).markers == {"work": "active"}
    assert open_rows(engine, instance) == waits_of(engine, instance)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (job,) = jobs.list_(uow, instance_id=instance)
    assert (job.handler, job.attempts, job.last_error) == ("test.unsteady", 1, "RuntimeError: printer on fire")
    assert jobs.run_due(engine) == 0

    BEHAVIOUR.clear()
    clock.advance(timedelta(minutes=2))
    assert jobs.run_due(engine) == 1 + RESULT_TOLD
    assert status(engine, instance) is Status.COMPLETED
    assert tallies(engine) == {"unsteady": 1}


def test_broken_condition_is_an_incident_and_the_instance_goes_on_after_repair(engine):
    deploy(engine, MINI)
    instance = begun(engine)
    complete(engine, instance, "approve", ok="perhaps")
    view = look_at(engine, instance)
    assert view.incidents[0].detail["expression"]

    with engine.unit_of_work(ENGINE) as uow:
        runtime.resolve(uow, view.incidents[0].id, {"ok": True})

    assert tallies(engine) == {"prepare": 1, "pay": 1}


def test_boundary_timer_takes_the_task_away(engine, clock):
    deploy(
        engine,
        drawing(
            START + user("approve") + boundary("late", "approve", timer("PT1H")) + user("hurry") + END
            + flows("start approve end", "late hurry end")
        ),
    )  # fmt: skip
    instance = begun(engine)
    assert open_rows(engine, instance) == waits_of(engine, instance)
    assert inbox_size(engine) == 1

    clock.advance(timedelta(hours=2))
    assert jobs.run_due(engine) == 1

    assert look_at(engine, instance).markers == {"hurry": "active"}
    assert open_rows(engine, instance) == waits_of(engine, instance)
    assert inbox_size(engine) == 1


def test_completing_in_time_takes_the_timer_away(engine, clock):
    deploy(
        engine,
        drawing(
            START + user("approve") + boundary("late", "approve", timer("PT1H")) + END
            + flows("start approve end", "late end")
        ),
    )  # fmt: skip
    instance = begun(engine)
    complete(engine, instance, "approve")

    clock.advance(timedelta(hours=2))
    assert jobs.run_due(engine) == 0
    assert status(engine, instance) is Status.COMPLETED
    assert open_rows(engine, instance) == set()


def test_repeating_timer_fires_from_its_schedule(engine, clock):
    deploy(
        engine,
        drawing(
            START + user("approve") + boundary("remind", "approve", timer("R3/PT1H", "timeCycle"), False)
            + service("note", "test.tally") + END + flows("start approve end", "remind note end")
        ),
    )  # fmt: skip
    instance = begun(engine)
    for _ in range(5):
        clock.advance(timedelta(hours=1, minutes=1))
        jobs.run_due(engine)

    assert tallies(engine) == {"tally": 3}
    assert look_at(engine, instance).markers == {"approve": "active"}
    assert open_rows(engine, instance) == waits_of(engine, instance)


def test_spent_budget_goes_on_in_a_job(engine):
    many = [service(f"s{number}", "test.tally") for number in range(12)]
    deploy(engine, straight(*many))
    object.__setattr__(engine.settings, "inline_nodes", 5)
    object.__setattr__(engine.settings, "inline_ms", 10_000)
    instance = begun(engine)

    assert tallies(engine) == {"tally": 5}
    assert jobs.run_due(engine) == 2 + RESULT_TOLD
    assert tallies(engine) == {"tally": 12}
    assert status(engine, instance) is Status.COMPLETED


def test_cancel_takes_everything_away(engine):
    deploy(
        engine,
        drawing(
            START + '<parallelGateway id="fork" name="fork"/>' + user("a") + user("b")
            + boundary("late", "a", timer("PT1H")) + END + flows("start fork a end", "fork b end", "late end")
        ),
    )  # fmt: skip
    instance = begun(engine)
    assert len(open_rows(engine, instance)) == 3

    with engine.unit_of_work(ENGINE) as uow:
        runtime.cancel(uow, instance, "ordered twice")

    assert status(engine, instance) is Status.TERMINATED
    assert open_rows(engine, instance) == set()
    assert inbox_size(engine) == 0
    with pytest.raises(InstanceOver), engine.unit_of_work(ENGINE) as uow:
        runtime.cancel(uow, instance, "again")


def test_suspended_instance_accepts_nothing_and_its_timers_stand_still(engine, clock):
    deploy(
        engine,
        drawing(
            START + user("approve") + boundary("late", "approve", timer("PT1H")) + END
            + flows("start approve end", "late end")
        ),
    )  # fmt: skip
    instance = begun(engine)
    with engine.unit_of_work(ENGINE) as uow:
        runtime.suspend(uow, instance, "asked by audit")
    clock.advance(timedelta(hours=2))

    assert jobs.run_due(engine) == 0
    with pytest.raises(Suspended):
        complete(engine, instance, "approve")

    with engine.unit_of_work(ENGINE) as uow:
        runtime.activate(uow, instance)
    assert jobs.run_due(engine) == 1 + RESULT_TOLD
    assert status(engine, instance) is Status.COMPLETED


def test_second_answer_to_one_wait_changes_nothing(engine):
    deploy(engine, straight(user("approve"), user("check")))
    instance = begun(engine)
    token = token_at(engine, instance, "approve")
    complete(engine, instance, "approve")

    with pytest.raises(WaitNotOpen), engine.unit_of_work(ENGINE) as uow:
        runtime.resume(uow, uow.lock_instance(instance), token, {})
    assert look_at(engine, instance).markers == {"check": "active"}


def test_business_key_is_unique_among_the_living(engine):
    deploy(engine, straight(user("approve")))
    actor = ann(engine)
    with engine.unit_of_work(actor) as uow:
        first = runtime.start(uow, "p", {}, business_key="SO-1").id
    with pytest.raises(BusinessKeyTaken), engine.unit_of_work(actor) as uow:
        runtime.start(uow, "p", {}, business_key="SO-1")

    complete(engine, first, "approve")
    with engine.unit_of_work(actor) as uow:
        runtime.start(uow, "p", {}, business_key="SO-1")


def test_numbers_and_titles_follow_the_drawing(engine):
    head = (
        '<extensionElements><troika:numbering pattern="BX{yyyyMMdd}{seq:4}" period="day" scope="process"/>'
        '<troika:title value="= process.number + &quot; of &quot; + process.initiator.name"/></extensionElements>'
    )
    deploy(engine, drawing(head + START + user("approve") + END + flows("start approve end")))
    begun(engine)
    instance = look_at(engine, begun(engine)).instance

    assert instance.number == "BX202611230002"
    assert instance.title == "BX202611230002 of Ann"


def test_a_title_asks_the_directory_and_the_calendar(engine):
    asked = 'if has role(clerk, "managers") then string(work days between(@"2026-11-20", @"2026-11-24")) else "nobody"'
    title = f"<extensionElements><troika:title value={quoteattr(f'= {asked}')}/></extensionElements>"
    ann(engine)
    with engine.unit_of_work(ENGINE) as uow:
        workdays.ensure_cn(uow)
        identity.create_group(uow, "managers", "经理")
        identity.add_member(uow, "managers", "ann")
    deploy(engine, drawing(title + START + user("approve") + END + flows("start approve end")))

    assert look_at(engine, begun(engine, clerk="ann")).instance.title == "2"


NOT_THERE = {
    'belongs to("ann", "nope")': "belongs to: there is no department 'nope'.",
    'has role("ann", "nope")': "has role: there is no group 'nope'.",
    'has role("nobody", "managers")': "has role: there is no user 'nobody'.",
}


def test_an_incident_says_whom_a_condition_asked_for_in_vain(engine):
    ann(engine)
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "managers", "经理")
    for number, (asked, says) in enumerate(NOT_THERE.items()):
        gate = element("exclusiveGateway", "g", default="g_end")
        lines = flows("start g end", f"g u ? {asked}", "u end")
        deploy(engine, drawing(START + gate + user("u") + END + lines, process_id=f"p{number}"))
        begun(engine, f"p{number}")
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            (row,) = uow.execute(select(incident).order_by(incident.c.id.desc()).limit(1))

        template, facts = incidents.sentences(row.code, row.detail)[-1]
        assert template.format(**facts).startswith(f"{says} Correct the name")


def test_start_of_the_unknown_and_of_the_retired_is_refused(engine):
    actor = ann(engine)
    with pytest.raises(ProcessNotDeployed), engine.unit_of_work(actor) as uow:
        runtime.start(uow, "nothing", {})
    deploy(engine, MINI)
    with engine.unit_of_work(ENGINE) as uow:
        repository.retire(uow, "p")
    with pytest.raises(ProcessRetired), engine.unit_of_work(actor) as uow:
        runtime.start(uow, "p", {})


def test_read_operation_leaves_no_effect_row_and_a_write_leaves_one(engine):
    deploy(engine, straight(service("look", "test.look", in_value="= 1"), service("count", "test.tally")))
    begun(engine)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(effect.c.operation)).scalars().all() == ["test.tally"]


def test_wrong_inputs_are_an_incident_at_once(engine):
    deploy(engine, straight(service("count", "test.tally", in_name="= amount")))
    instance = begun(engine, amount=7)

    view = look_at(engine, instance)
    assert [(found.code, found.node) for found in view.incidents] == [("invalid_input", "count")]
    with engine.unit_of_work(ENGINE) as uow:
        runtime.resolve(uow, view.incidents[0].id, {"amount": "seven"})
    assert tallies(engine) == {"seven": 1}


def test_variables_set_by_an_administrator_are_on_record(engine):
    deploy(engine, MINI)
    instance = begun(engine)
    with engine.unit_of_work(ENGINE) as uow:
        runtime.set_variables(uow, instance, {"ok": True}, reason="typing error")

    assert look_at(engine, instance).variables["ok"] is True
    assert ("variables.set", None) in kinds(engine, instance)


def test_incidents_are_listed_until_they_are_resolved(engine):
    deploy(engine, straight(service("count", "test.tally", in_name="= amount")))
    begun(engine, amount=7)
    with engine.unit_of_work(ENGINE) as uow:
        (found,) = incidents.list_open(uow, process="p")
        runtime.resolve(uow, found.id, {"amount": "x"})
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert incidents.list_open(uow) == []


def test_many_answers_to_one_instance_at_once_all_count(engine):
    branches = [user(f"u{number}") for number in range(8)]
    deploy(
        engine,
        drawing(
            START + '<parallelGateway id="fork" name="fork"/>' + '<parallelGateway id="join" name="join"/>'
            + "".join(branches) + END
            + flows("start fork", "join end", *(f"fork u{number} join" for number in range(8)))
        ),
    )  # fmt: skip
    instance = begun(engine)
    troubles = []

    def answer(number):
        try:
            complete(engine, instance, f"u{number}", **{f"v{number}": number})
        except Exception as trouble:
            troubles.append(trouble)

    threads = [threading.Thread(target=answer, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert troubles == []
    view = look_at(engine, instance)
    assert view.instance.status is Status.COMPLETED
    assert view.variables == {f"v{number}": number for number in range(8)}


def test_two_answers_to_one_wait_at_once_count_once(engine):
    deploy(engine, straight(user("approve"), service("pay", "test.tally"), user("check")))
    instance = begun(engine)
    token = token_at(engine, instance, "approve")
    lost = []

    def answer():
        try:
            with engine.unit_of_work(ENGINE) as uow:
                runtime.resume(uow, uow.lock_instance(instance), token, {})
        except WaitNotOpen as refused:
            lost.append(refused)

    threads = [threading.Thread(target=answer) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(lost) == 4
    assert tallies(engine) == {"tally": 1}


def test_sixtieth_round_of_a_loop_costs_what_the_tenth_did(engine):
    deploy(
        engine,
        drawing(
            START + user("again") + '<exclusiveGateway id="more" name="more" default="more_again"/>' + END
            + flows("start again more again", "more end ? done = true")
        ),
    )  # fmt: skip
    instance = begun(engine)
    sizes, statements = [], []
    for _ in range(60):
        with engine.unit_of_work(ENGINE) as uow:
            held = uow.lock_instance(instance)
            runtime.resume(uow, held, token_of(held, "again", uow), {})
            uow.finish()
            sizes.append(len(held.stored))
            statements.append(uow.statements)

    assert len(set(statements[1:])) == 1
    assert sizes[-1] <= sizes[9] + 20


@pytest.mark.parametrize("named", [None, 5, True, ["d"], {"id": "d"}, "gone"])
def test_a_decision_about_people_that_is_none_is_an_incident(engine, named):
    task = element("userTask", "a", '<troika:assignment strategy="decision" decisionId="= named"/>')
    deploy(engine, straight(task))

    instance = begun(engine, named=named)

    assert look_at(engine, instance).markers == {"a": "incident"}
