"""Signals across instances, what begins an instance, and the rows of event sub-processes, on both databases."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from engine import history, identity, jobs, messages, recounting, runtime, workdays
from engine.db.instance import Status, instance
from engine.db.subscription import SubscriptionKind, subscription
from engine.db.task import user_task
from engine.unit_of_work import ENGINE
from tests.engine.bpmn.drawing import (
    END,
    START,
    boundary,
    catch,
    condition,
    drawing,
    escalation,
    escalation_event,
    flows,
    message,
    message_event,
    signal,
    signal_event,
    throw,
    timer,
    user,
)
from tests.factories import ann, begun, complete, deploy, look_at, open_rows, straight, waits_of

LISTENS = straight(catch("hear", signal_event("stop")), user("tidy"), process_id="listener", roots=signal("stop"))
STARTED = drawing(
    f'<startEvent id="called" name="called">{signal_event("stop")}</startEvent>' + user("check") + END
    + flows("called check end"),
    signal("stop"), "started",
)  # fmt: skip
THROWS = straight(
    user("now"), throw("tell", signal_event("stop"), '<zeebe:ioMapping><zeebe:input source="= why" target="why"/>'
                       "</zeebe:ioMapping>"), catch("own", signal_event("stop")),
    process_id="thrower", roots=signal("stop"),
)  # fmt: skip


def instances(engine, process):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return list(uow.execute(select(instance.c.id).where(instance.c.process_key == process)).scalars())


def nodes(engine, key):
    return sorted(node for _, node, _ in look_at(engine, key).waits)


def kinds(engine, key):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return [(fact.kind, fact.node) for fact in history.timeline(uow, key)]


def test_signal_reaches_every_other_instance_that_waits_and_starts_processes(engine):
    for drawn in (LISTENS, STARTED, THROWS):
        deploy(engine, drawn)
    ann(engine)
    one, two = begun(engine, "listener"), begun(engine, "listener")
    thrower = begun(engine, "thrower", why="flood")
    assert open_rows(engine, one) == waits_of(engine, one)

    complete(engine, thrower, "now")
    late = begun(engine, "listener")
    jobs.run_due(engine)

    assert [nodes(engine, key) for key in (one, two)] == [["tidy"], ["tidy"]]
    assert look_at(engine, one).variables["why"] == "flood"
    assert nodes(engine, late) == ["hear"], "a signal is not kept for those who come later"
    assert nodes(engine, thrower) == ["own"], "it has heard its own signal already"
    (born,) = instances(engine, "started")
    assert (nodes(engine, born), look_at(engine, born).variables) == (["check"], {"why": "flood"})
    assert open_rows(engine, one) == waits_of(engine, one)
    assert ("signal.thrown", "tell") in kinds(engine, thrower)


def test_signal_from_outside_is_broadcast(engine):
    deploy(engine, LISTENS)
    deploy(engine, STARTED)
    ann(engine)
    waiting = begun(engine, "listener")

    with engine.unit_of_work(ENGINE) as uow:
        assert messages.broadcast_signal(uow, "stop", {"why": "drill"}) == 2
    jobs.run_due(engine)

    assert nodes(engine, waiting) == ["tidy"]
    assert len(instances(engine, "started")) == 1


def test_a_new_version_takes_over_signal_and_conditional_starts(engine):
    both = drawing(
        f'<startEvent id="called" name="called">{signal_event("stop")}{condition("stock < 5")}</startEvent>'
        + user("check") + END + flows("called check end"),
        signal("stop"),
    )  # fmt: skip
    ann(engine)
    deploy(engine, both)
    deploy(engine, both.replace(b'name="check"', b'name="check it"'))

    with engine.unit_of_work(ENGINE) as uow:
        found = uow.execute(select(subscription.c.kind, subscription.c.node).order_by(subscription.c.kind)).all()
    assert [(SubscriptionKind(row.kind), row.node) for row in found] == [
        (SubscriptionKind.SIGNAL, "called"), (SubscriptionKind.CONDITION, "called"),
    ]  # fmt: skip
    with engine.unit_of_work(ENGINE) as uow:
        assert messages.evaluate_conditions(uow, {"stock": 7}) == 0
        assert messages.evaluate_conditions(uow, {"item": "pen"}) == 0
        assert messages.evaluate_conditions(uow, {"stock": 4}) == 1
    jobs.run_due(engine)
    (born,) = instances(engine, "p")
    assert (look_at(engine, born).definition.version, look_at(engine, born).variables) == (2, {"stock": 4})


def test_a_condition_that_starts_a_process_asks_the_directory_and_the_calendar(engine):
    asks = 'has role(clerk, "managers") and work days between(date("2026-11-20"), date("2026-11-23")) = 1'
    ann(engine)
    with engine.unit_of_work(ENGINE) as uow:
        workdays.ensure_cn(uow)
        identity.create_group(uow, "managers", "经理")
        identity.add_member(uow, "managers", "ann")
    begins = f'<startEvent id="told" name="told">{condition(asks)}</startEvent>'
    deploy(engine, drawing(begins + user("check") + END + flows("told check end")))

    with engine.unit_of_work(ENGINE) as uow:
        assert messages.evaluate_conditions(uow, {"clerk": "bob"}) == 0
        assert messages.evaluate_conditions(uow, {"clerk": "ann"}) == 1


HANDLED = drawing(
    START + user("work") + END + flows("start work end")
    + f'<subProcess id="asked" name="asked" triggeredByEvent="true"><startEvent id="a" name="a" isInterrupting="false">'
    f'{message_event("ask")}</startEvent>{user("reply")}<endEvent id="ae" name="ae"/>{flows("a reply ae")}</subProcess>'
    + f'<subProcess id="late" name="late" triggeredByEvent="true"><startEvent id="l" name="l">{timer("P1D")}'
    f'</startEvent>{user("chase")}<endEvent id="le" name="le"/>{flows("l chase le")}</subProcess>'
    + f'<subProcess id="off" name="off" triggeredByEvent="true"><startEvent id="o" name="o">{signal_event("stop")}'
    f'</startEvent><endEvent id="oe" name="oe"/>{flows("o oe")}</subProcess>',
    message("ask", "= order") + signal("stop"),
)  # fmt: skip


def test_rows_of_event_sub_processes_are_opened_with_their_scope_and_closed_with_it(engine):
    deploy(engine, HANDLED)
    first, second = begun(engine, order=1), begun(engine, order=2)
    assert nodes(engine, first) == ["a", "l", "o", "work"]
    assert open_rows(engine, first) == waits_of(engine, first)

    with engine.unit_of_work(ENGINE) as uow:
        messages.correlate(uow, "ask", 1, {"text": "when"})
    jobs.run_due(engine)
    assert nodes(engine, first) == ["a", "l", "o", "reply", "work"]
    assert open_rows(engine, first) == waits_of(engine, first)

    complete(engine, first, "reply")
    complete(engine, first, "work")
    assert (look_at(engine, first).instance.status, open_rows(engine, first)) == (Status.COMPLETED, set())

    with engine.unit_of_work(ENGINE) as uow:
        messages.broadcast_signal(uow, "stop")
    jobs.run_due(engine)
    assert (look_at(engine, second).instance.status, open_rows(engine, second)) == (Status.COMPLETED, set())


def test_overdue_event_sub_process_takes_the_place_of_the_work(engine, clock):
    deploy(engine, HANDLED)
    mine = begun(engine, order=1)
    clock.advance(timedelta(days=2))
    jobs.run_due(engine)

    assert nodes(engine, mine) == ["chase"]
    assert open_rows(engine, mine) == waits_of(engine, mine)
    assert ("node.left", "work") in kinds(engine, mine)


def test_condition_wakes_an_instance_when_its_variables_change(engine):
    deploy(engine, straight(catch("enough", condition("stock > 5")), user("pack")))
    mine = begun(engine, stock=1)
    assert (nodes(engine, mine), open_rows(engine, mine)) == (["enough"], set())

    with engine.unit_of_work(ENGINE) as uow:
        runtime.set_variables(uow, mine, {"stock": 6}, reason="delivery")

    assert nodes(engine, mine) == ["pack"]


def test_escalation_is_on_record_with_its_catcher(engine):
    inner = '<startEvent id="s" name="s"/><endEvent id="e" name="e">' + escalation_event("LATE") + "</endEvent>"
    deploy(
        engine,
        drawing(
            START + f'<subProcess id="part" name="part">{inner}{flows("s e")}</subProcess>'
            + boundary("b", "part", escalation_event("LATE"), False) + user("told") + END
            + flows("start part end", "b told end"),
            escalation("LATE"),
        ),
    )  # fmt: skip
    mine = begun(engine)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (fact,) = [fact for fact in history.timeline(uow, mine) if fact.kind == "escalation.thrown"]
    assert (fact.node, fact.data) == ("e", {"code": "LATE", "caught_by": "b"})


BY_MESSAGE = drawing(
    f'<startEvent id="ordered" name="ordered">{message_event("order")}</startEvent>' + user("check") + END
    + flows("ordered check end"),
    message("order", None),
)  # fmt: skip


def test_message_with_a_key_starts_the_next_instance_when_the_one_before_has_ended(engine):
    ann(engine)
    deploy(engine, BY_MESSAGE)
    for key, number in (("A", 1), ("A", 2), ("B", 3)):
        with engine.unit_of_work(ENGINE) as uow:
            messages.correlate(uow, "order", key, {"number": number})
    jobs.run_due(engine)
    assert sorted(look_at(engine, key).variables["number"] for key in instances(engine, "p")) == [1, 3]

    first = next(key for key in instances(engine, "p") if look_at(engine, key).variables["number"] == 1)
    assert open_rows(engine, first) == waits_of(engine, first)
    complete(engine, first, "check")
    jobs.run_due(engine)

    assert sorted(look_at(engine, key).variables["number"] for key in instances(engine, "p")) == [1, 2, 3]
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        started = select(func.count()).where(subscription.c.kind == int(SubscriptionKind.STARTED))
        assert uow.execute(started).scalar() == 2


def test_messages_without_a_key_start_an_instance_each(engine):
    ann(engine)
    deploy(engine, BY_MESSAGE)
    for number in (1, 2):
        with engine.unit_of_work(ENGINE) as uow:
            messages.correlate(uow, "order", None, {"number": number})
    jobs.run_due(engine)

    assert len(instances(engine, "p")) == 2


def test_receive_task_that_waits_is_preferred_to_a_start_of_the_same_process(engine):
    body = (
        f'<startEvent id="ordered" name="ordered">{message_event("order")}</startEvent>'
        + catch("more", message_event("order")) + END + START + flows("ordered end", "start more end")
    )  # fmt: skip
    ann(engine)
    deploy(engine, drawing(body, message("order", "= number")))
    mine = begun(engine, number=7)

    with engine.unit_of_work(ENGINE) as uow:
        messages.correlate(uow, "order", 7)
    jobs.run_due(engine)

    assert look_at(engine, mine).instance.status is Status.COMPLETED
    assert instances(engine, "p") == [mine]


def test_parallel_event_based_gateway_gathers_its_messages_in_one_instance(engine):
    ann(engine)
    deploy(
        engine,
        drawing(
            '<eventBasedGateway id="g" name="g" instantiate="true" eventGatewayType="Parallel"/>'
            + catch("a", message_event("offer")) + catch("b", message_event("credit")) + user("ta") + user("tb") + END
            + flows("g a ta end", "g b tb end"),
            message("offer", "= customer") + message("credit", "= customer"),
        ),
    )  # fmt: skip
    for name, customer in (("credit", "X"), ("offer", "X"), ("offer", "Y")):
        with engine.unit_of_work(ENGINE) as uow:
            messages.correlate(uow, name, customer, {"customer": customer})
    jobs.run_due(engine)

    found = {look_at(engine, key).variables["customer"]: nodes(engine, key) for key in instances(engine, "p")}
    assert found == {"X": ["ta", "tb"], "Y": ["b", "ta"]}


def test_start_timer_follows_a_cron_line_and_a_work_calendar(engine, clock):
    ann(engine)
    with engine.unit_of_work(ENGINE) as uow:
        workdays.ensure_cn(uow)
    body = (
        '<startEvent id="daily" name="daily"><extensionElements><troika:calendar name="cn"/></extensionElements>'
        f'{timer("0 0 8 * * *", "timeCycle")}</startEvent>' + user("check") + END + flows("daily check end")
    )  # fmt: skip
    deploy(engine, drawing(body))

    def due():
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            (job,) = jobs.list_(uow)
            return job.visible_at.astimezone(ZoneInfo("Asia/Shanghai"))

    first = due()
    assert (first.hour, first.minute, first.isoweekday() < 6) == (9, 0, True)
    with engine.unit_of_work(ENGINE) as uow:  # it follows when the calendar changes
        recounting.change(uow, "cn", [workdays.DayChange(first.date(), "half", hours="10:00-11:00")])
    jobs.run_due(engine)
    assert due() == first + timedelta(hours=1)
    with engine.unit_of_work(ENGINE) as uow:
        recounting.change(uow, "cn", [workdays.DayChange(first.date(), "none")])
    jobs.run_due(engine)
    assert due() == first
    clock.advance(first - engine.clock.now() + timedelta(seconds=1))
    jobs.run_due(engine)

    assert len(instances(engine, "p")) == 1
    assert due() > first


def test_due_date_of_a_task_counts_working_time(engine):
    with engine.unit_of_work(ENGINE) as uow:
        workdays.ensure_cn(uow)
    hours = ('<troika:calendar name="cn"/>', '<zeebe:taskSchedule dueDate="P1D"/>')
    deploy(engine, straight(user("t", *hours)))
    mine = begun(engine)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        due = uow.execute(select(user_task.c.due_at).where(user_task.c.instance_id == mine)).scalar()
        assert due == workdays.calendar(uow).add(uow.now, timedelta(days=1))


def test_what_comes_for_a_suspended_instance_waits_until_it_is_active_again(engine):
    deploy(engine, straight(
        catch("hear", signal_event("stop")), catch("paid", message_event("pay")),
        roots=signal("stop") + message("pay", "= order"),
    ))  # fmt: skip
    mine = begun(engine, order=1)
    with engine.unit_of_work(ENGINE) as uow:
        runtime.suspend(uow, mine, "audit")
        messages.broadcast_signal(uow, "stop", {"why": "drill"})
        messages.correlate(uow, "pay", 1)
    jobs.run_due(engine)
    assert (nodes(engine, mine), look_at(engine, mine).incidents) == (["hear"], [])

    with engine.unit_of_work(ENGINE) as uow:
        runtime.activate(uow, mine)
    jobs.run_due(engine)

    assert look_at(engine, mine).instance.status is Status.COMPLETED
    assert look_at(engine, mine).variables["why"] == "drill"
