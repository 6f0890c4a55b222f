"""Messages find their waiter whoever comes first, once; what starts a process follows the newest version."""

import threading
from datetime import timedelta

from sqlalchemy import func, select

from engine import jobs, messages, runtime
from engine.db.instance import Status, instance
from engine.db.subscription import MessageState, message
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from engine.unit_of_work import ENGINE
from tests.engine.bpmn.drawing import (
    END,
    START,
    boundary,
    catch,
    drawing,
    flows,
    message_event,
    service,
    timer,
    user,
)
from tests.engine.bpmn.drawing import (
    message as message_root,
)
from tests.factories import ann, begun, deploy, look_at, open_rows, straight, waits_of

WAITS = straight(catch("hear", message_event("paid")), roots=message_root("paid", "= order"))


def send(engine, name, key, payload=None, **options):
    with engine.unit_of_work(ENGINE) as uow:
        return messages.correlate(uow, name, key, payload, **options)


def states(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return [MessageState(value) for value in uow.execute(select(message.c.state).order_by(message.c.id)).scalars()]


def status(engine, key):
    return look_at(engine, key).instance.status


def test_message_wakes_the_one_who_waits_for_its_key(engine):
    deploy(engine, WAITS)
    mine, other = begun(engine, order="A-1"), begun(engine, order="A-2")
    assert open_rows(engine, mine) == waits_of(engine, mine)

    send(engine, "paid", "A-1", {"amount": 5})
    jobs.run_due(engine)

    assert (status(engine, mine), status(engine, other)) == (Status.COMPLETED, Status.RUNNING)
    assert look_at(engine, mine).variables["amount"] == 5
    assert open_rows(engine, mine) == set()


def test_message_that_comes_first_waits_for_its_reader(engine):
    deploy(engine, WAITS)
    send(engine, "paid", "A-1")
    mine = begun(engine, order="A-1")
    jobs.run_due(engine)

    assert status(engine, mine) is Status.COMPLETED
    assert states(engine) == [MessageState.DELIVERED]


def test_number_and_text_are_different_keys(engine):
    deploy(engine, WAITS)
    mine = begun(engine, order=7)
    send(engine, "paid", "7")
    jobs.run_due(engine)
    assert status(engine, mine) is Status.RUNNING

    send(engine, "paid", 7)
    jobs.run_due(engine)
    assert status(engine, mine) is Status.COMPLETED


def test_same_message_again_changes_nothing(engine):
    deploy(engine, WAITS)
    first = send(engine, "paid", "A-1", message_id="bank-77", source="bank")
    again = send(engine, "paid", "A-1", message_id="bank-77", source="bank")

    assert first == again
    assert states(engine) == [MessageState.WAITING]


def test_message_wakes_the_oldest_waiter_of_a_process_only(engine):
    deploy(engine, WAITS)
    first, second = begun(engine, order="A-1"), begun(engine, order="A-1")
    send(engine, "paid", "A-1")
    jobs.run_due(engine)

    assert (status(engine, first), status(engine, second)) == (Status.COMPLETED, Status.RUNNING)


def test_expired_message_is_not_delivered(engine, clock):
    deploy(engine, WAITS)
    send(engine, "paid", "A-1", ttl=timedelta(minutes=5))
    clock.advance(timedelta(minutes=6))
    mine = begun(engine, order="A-1")
    jobs.run_due(engine)
    assert status(engine, mine) is Status.RUNNING

    with engine.unit_of_work(ENGINE) as uow:
        messages.expire(uow)
    assert states(engine) == [MessageState.EXPIRED]


def test_message_whose_waiter_is_gone_waits_for_the_next(engine):
    deploy(engine, WAITS)
    first = begun(engine, order="A-1")
    send(engine, "paid", "A-1")
    with engine.unit_of_work(ENGINE) as uow:
        runtime.cancel(uow, first, "given up")
    jobs.run_due(engine)
    assert states(engine) == [MessageState.WAITING]

    second = begun(engine, order="A-1")
    jobs.run_due(engine)
    assert status(engine, second) is Status.COMPLETED


def test_listening_boundary_event_takes_every_message(engine):
    deploy(
        engine,
        drawing(
            START + user("work") + boundary("news", "work", message_event("paid"), False)
            + service("note", "test.tally") + END + flows("start work end", "news note end"),
            message_root("paid", "= order"),
        ),
    )  # fmt: skip
    mine = begun(engine, order="A-1")
    for number in range(3):
        send(engine, "paid", "A-1", {"number": number})
    jobs.run_due(engine)

    assert look_at(engine, mine).variables["tally"] == 3
    assert open_rows(engine, mine) == waits_of(engine, mine)


def test_interrupting_message_takes_the_task_away(engine):
    deploy(
        engine,
        drawing(
            START + user("work") + boundary("cancel", "work", message_event("paid")) + END
            + flows("start work end", "cancel end"),
            message_root("paid", "= order"),
        ),
    )  # fmt: skip
    mine = begun(engine, order="A-1")
    send(engine, "paid", "A-1")
    jobs.run_due(engine)

    assert status(engine, mine) is Status.COMPLETED
    assert open_rows(engine, mine) == set()


def test_one_process_throws_and_another_catches(engine):
    throws = straight(
        '<intermediateThrowEvent id="tell" name="tell"><extensionElements>'
        '<zeebe:publishMessage correlationKey="= order"/></extensionElements>'
        f"{message_event('paid')}</intermediateThrowEvent>",
        process_id="thrower", roots=message_root("paid", "= order"),
    )  # fmt: skip
    deploy(engine, WAITS)
    mine = begun(engine, order="A-1")
    deploy(engine, throws)
    begun(engine, "thrower", order="A-1", amount=3)
    jobs.run_due(engine)

    assert status(engine, mine) is Status.COMPLETED


STARTED = drawing(
    f'<startEvent id="ordered" name="ordered">{message_event("order")}</startEvent>' + user("check") + END
    + flows("ordered check end"),
    message_root("order", None),
)  # fmt: skip


def count(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return uow.execute(select(func.count()).select_from(instance)).scalar()


def test_message_starts_the_newest_version_once(engine):
    ann(engine)
    deploy(engine, STARTED)
    deploy(engine, STARTED.replace(b'name="check"', b'name="check it"'))
    send(engine, "order", None, {"item": "pen"})
    jobs.run_due(engine)

    assert count(engine) == 1
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        key = uow.execute(select(instance.c.id)).scalar()
    view = look_at(engine, key)
    assert (view.definition.version, view.variables) == (2, {"item": "pen"})


def test_start_timer_fires_once_per_turn_and_follows_the_newest_version(engine, clock):
    daily = drawing(
        f'<startEvent id="nightly" name="nightly">{timer("R/P1D", "timeCycle")}</startEvent>'
        + service("tidy", "test.tally") + END + flows("nightly tidy end")
    )  # fmt: skip
    deploy(engine, daily)
    clock.advance(timedelta(hours=12))
    deploy(engine, daily.replace(b'name="tidy"', b'name="tidy up"'))
    clock.advance(timedelta(hours=13))
    jobs.run_due(engine)
    assert count(engine) == 1

    clock.advance(timedelta(days=3))
    jobs.run_due(engine)
    assert count(engine) == 2  # what was missed is made up for once
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert len(jobs.list_(uow)) == 1


def test_publisher_and_subscriber_never_miss_each_other(postgres_database):
    engine = ProcessEngine(Settings(database_url=postgres_database, inline_ms=60_000))
    deploy(engine, WAITS)
    begun(engine, order="warm")
    keys = [f"K{number}" for number in range(20)]
    started = []

    def publish():
        for key in keys:
            send(engine, "paid", key)

    def subscribe():
        for key in keys:
            started.append(begun(engine, order=key))

    threads = [threading.Thread(target=publish), threading.Thread(target=subscribe)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    jobs.run_due(engine)

    assert [status(engine, key) for key in started] == [Status.COMPLETED] * 20
    engine.dispose()


def test_two_answers_at_once_count_once(engine):
    deploy(engine, WAITS)
    mine = begun(engine, order="A-1")
    send(engine, "paid", "A-1", {"n": 1})
    send(engine, "paid", "A-1", {"n": 2})
    jobs.run_due(engine)

    assert look_at(engine, mine).variables["n"] == 1
    assert states(engine) == [MessageState.DELIVERED, MessageState.WAITING]
