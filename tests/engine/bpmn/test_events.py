# ruff: noqa: E501 - drawings read better in one line
"""Start, catch, throw, boundary and end events: messages, timers, errors, termination."""

from datetime import UTC, datetime, timedelta

import pytest

from engine import bpmn
from engine.bpmn import steps
from engine.errors import NoSuchStart
from tests.engine.bpmn.drawing import (
    END,
    MONDAY,
    START,
    Play,
    boundary,
    catch,
    drawing,
    error,
    error_event,
    errors,
    extensions,
    flows,
    mapping,
    message,
    message_event,
    program,
    script,
    service,
    timer,
    user,
)


def guarded(*events: str, roots: str = "", more: str = "", lines: tuple[str, ...] = ()) -> bytes:
    """start, user task `t` with boundary events that lead to the user task `late`, end."""
    body = START + user("t") + "".join(events) + user("late") + END + more
    keys = [event.split('id="', 1)[1].split('"', 1)[0] for event in events]
    return drawing(body + flows("start t end", *(f"{key} late" for key in keys), *lines), roots)


# ---------------------------------------------------------------- messages


def test_message_catch_waits_under_the_name_and_the_typed_key_and_takes_the_payload():
    xml = drawing(START + catch("c", message_event("paid")) + END + flows("start c end"), message("paid"))
    play = Play(xml, {"order": "12"})
    (fact,) = play.all(steps.SubscriptionOpened)
    assert (fact.subscribed, fact.name, fact.key) == ("message", "paid", '"12"')
    assert Play(xml, {"order": 12}).all(steps.SubscriptionOpened)[0].key == "12"

    play.deliver("c", amount=5, note=None)

    assert play.step.ended == "completed"
    assert play.variables == {"order": "12", "amount": 5, "note": None}


def test_output_mapping_of_a_catch_event_keeps_the_rest_of_the_payload_out():
    event = f'<intermediateCatchEvent id="c">{extensions(mapping(out_paid="= amount > 1"))}{message_event("m")}</intermediateCatchEvent>'
    play = Play(drawing(START + event + END + flows("start c end"), message("m", None)))

    play.deliver("c", amount=5)

    assert play.variables == {"paid": True}


def test_a_null_correlation_key_is_an_incident_and_resume_subscribes():
    xml = drawing(START + catch("c", message_event("m")) + END + flows("start c end"), message("m"))
    play = Play(xml)
    assert play.incidents == {"c": "correlation-key-null"}
    assert play.detail("c")["expression"] == "order"

    play.resume("c", order=3)

    assert play.all(steps.SubscriptionOpened)[0].key == "3"


def test_receive_task_catches_a_message_and_can_carry_boundary_events():
    body = START + '<receiveTask id="r" messageRef="m"/>' + boundary("late", "r", timer("P1D")) + user("call") + END
    play = Play(drawing(body + flows("start r end", "late call"), message("m")), {"order": 1})
    assert play.waits == ["late", "r"]

    play.deliver("r")

    assert play.step.ended == "completed"


def test_thrown_messages_go_out_with_their_mapped_payload_when_nothing_else_is_ready():
    throw = f'<intermediateThrowEvent id="th">{extensions(mapping(in_total="= n * 2"))}{message_event("m")}</intermediateThrowEvent>'
    body = START + '<parallelGateway id="f"/>' + throw + script("s", "1", "x") + END
    play = Play(drawing(body + flows("start f th end", "f s end"), message("m", "= n")), {"n": 4})

    (fact,) = play.all(steps.MessageThrown)
    assert (fact.name, fact.key, fact.payload) == ("m", "4", {"total": 8})
    assert play.path.index("s") < play.path.index("th")


def test_message_end_event_throws_and_ends():
    end = f'<endEvent id="e">{message_event("m")}</endEvent>'
    play = Play(drawing(START + end + flows("start e"), message("m", None)))

    assert (play.step.ended, play.all(steps.MessageThrown)[0].name) == ("completed", "m")


def test_message_start_takes_what_triggered_it_and_only_it():
    event = f'<startEvent id="told">{message_event("m")}</startEvent>'
    xml = drawing(event + user("a") + START + user("b") + flows("told a", "start b"), message("m"))
    compiled = program(xml)
    assert [(start.node, start.kind, start.name) for start in compiled.starts] == [
        ("told", "message", "m"),
        ("start", "none", None),
    ]

    play = Play(compiled, start="told", trigger={"order": 9})
    assert (play.waits, play.variables) == (["a"], {"order": 9})
    assert Play(compiled).waits == ["b"]


def test_a_process_without_a_none_start_cannot_be_started_without_its_trigger():
    event = f'<startEvent id="told">{message_event("m")}</startEvent>'
    compiled = program(drawing(event + END + flows("told end"), message("m")))

    for start in (None, "end", "nowhere"):
        with pytest.raises(NoSuchStart):
            bpmn.begin(compiled, "d", {}, now=MONDAY, env=bpmn.Env(), start=start)


# ---------------------------------------------------------------- timers


@pytest.mark.parametrize(
    ("kind", "text", "due"),
    [
        ("timeDuration", "PT2H", MONDAY + timedelta(hours=2)),
        ("timeDuration", '= duration("P1D")', MONDAY + timedelta(days=1)),
        ("timeDuration", '= duration("P1M")', datetime(2026, 12, 23, 1, 0, tzinfo=UTC)),
        ("timeDuration", "= wait", MONDAY + timedelta(minutes=30)),
        ("timeDate", "2026-12-24T18:00:00+08:00", datetime(2026, 12, 24, 10, 0, tzinfo=UTC)),
        ("timeDate", "2026-12-24T18:00:00", datetime(2026, 12, 24, 10, 0, tzinfo=UTC)),
        ("timeDate", '= date("2026-12-24")', datetime(2026, 12, 23, 16, 0, tzinfo=UTC)),
        ("timeDuration", "PT0S", MONDAY),
    ],
)
def test_timer_is_due_at_a_date_or_after_a_duration(kind, text, due):
    xml = drawing(START + catch("c", timer(text, kind)) + END + flows("start c end"))
    play = Play(xml, {"wait": timedelta(minutes=30)})

    (fact,) = play.all(steps.TimerArmed)
    assert (fact.due, fact.left) == (due, 0)

    play.elapse("c")
    assert play.step.ended == "completed"


def test_a_timer_that_cannot_be_read_is_refused_when_literal_and_an_incident_when_computed():
    def waiting(text: str) -> bytes:
        return drawing(START + catch("c", timer(text)) + END + flows("start c end"))

    assert errors(waiting("two days")) == {"timer-wrong": "c"}
    play = Play(waiting("= days"), {"days": 2})
    assert play.incidents == {"c": "timer-invalid"}

    play.resume("c", days=timedelta(days=2))
    assert play.all(steps.TimerArmed)[0].due == MONDAY + timedelta(days=2)


def test_a_cycle_on_a_catch_event_lets_one_token_pass_each_time_until_it_is_exhausted():
    xml = drawing(
        START + catch("c", timer("R3/PT1H", "timeCycle")) + script("s", "1", "x") + END + flows("start c s end")
    )
    play = Play(xml)

    for passed, left in ((1, 1), (2, 0)):
        play.elapse("c")
        assert (play.path.count("s"), play.all(steps.TimerArmed)[-1].left) == (passed, left)
    play.elapse("c")

    assert (play.step.ended, play.path.count("s")) == ("completed", 3)


def test_a_cycle_counts_from_the_scheduled_time_and_skips_what_lies_in_the_past():
    event = boundary("tick", "t", timer("R/PT1H", "timeCycle"), False)
    play = Play(guarded(event))

    play.elapse("tick", after=timedelta(hours=4, minutes=20))

    assert play.all(steps.TimerArmed)[-1].due == MONDAY + timedelta(hours=5)
    assert play.all(steps.TimerArmed)[-1].left is None


@pytest.mark.parametrize("text", ["R0/PT1H", "PT1H", "R3/PT0S", "R3", "R3/PT1H/PT1H", "0 9 * * *"])
def test_a_cycle_that_would_never_or_always_fire_is_refused(text):
    assert errors(guarded(boundary("tick", "t", timer(text, "timeCycle"), False))) == {"timer-wrong": "tick"}


# ---------------------------------------------------------------- boundary events


def test_interrupting_timer_takes_the_work_away_and_goes_its_own_way():
    play = Play(guarded(boundary("b", "t", timer("P3D"))))

    play.elapse("b")

    assert play.waits == ["late"]
    assert [(type(fact).__name__, fact.node, fact.outcome) for fact in play.step.closed] == [
        ("TimerDisarmed", "b", "completed"),
        ("WorkClosed", "t", "cancelled"),
    ]


def test_completing_the_work_disarms_its_boundary_events():
    play = Play(
        guarded(boundary("b", "t", timer("P3D")), boundary("c", "t", message_event("m")), roots=message("m", None))
    )

    play.complete("t")

    assert play.step.ended == "completed"
    assert {fact.node: fact.outcome for fact in play.step.closed} == {
        "t": "completed",
        "b": "cancelled",
        "c": "cancelled",
    }


def test_non_interrupting_timer_fires_once_beside_the_work():
    play = Play(guarded(boundary("b", "t", timer("P1D"), False)))

    play.elapse("b")
    assert play.waits == ["late", "t"]

    play.complete("t")
    assert play.step.ended is None
    play.complete("late")
    assert play.step.ended == "completed"


def test_non_interrupting_message_may_come_again():
    play = Play(guarded(boundary("b", "t", message_event("m"), False), roots=message("m", None)))

    play.deliver("b", n=1)
    play.deliver("b", n=2)

    assert play.waits == ["b", "late", "late", "t"]
    assert play.variables == {"n": 2}


def test_the_first_of_two_events_wins_and_the_second_is_stale():
    play = Play(
        guarded(boundary("b", "t", timer("P1D")), boundary("c", "t", message_event("m")), roots=message("m", None))
    )
    slower = play.token("c")

    play.elapse("b")

    assert bpmn.deliver(play.state, slower, {}, now=play.now, env=play.env).stale


def test_boundary_events_are_armed_before_the_work_begins_and_an_unreadable_one_is_an_incident():
    play = Play(guarded(boundary("b", "t", timer("= wait"))), {"wait": "soon"})
    assert (play.incidents, play.all(steps.WorkOpened)) == ({"t": "timer-invalid"}, [])
    assert play.detail("t")["element"] == "b"

    play.resume("t", wait=timedelta(hours=1))

    kinds = [type(fact) for fact in play.step.opened]
    assert kinds == [steps.TimerArmed, steps.WorkOpened]


def test_a_job_that_is_asked_for_again_keeps_its_boundary_timers():
    body = START + service("s") + boundary("b", "s", timer("P1D")) + user("late") + END
    play = Play(drawing(body + flows("start s end", "b late")))
    timer_token = play.token("b")
    play.fail("s")

    play.resume("s")

    assert play.token("b") == timer_token
    play.elapse("b")
    assert play.waits == ["late"]


def test_a_timer_that_failed_outside_is_shown_as_an_incident_and_announced_again():
    play = Play(guarded(boundary("b", "t", timer("P1D"), False)))
    play.fail("b", "down")
    assert bpmn.markers(play.state) == {"t": "active", "b": "incident"}

    play.resume("b")

    assert [(type(fact), fact.node) for fact in play.step.opened] == [(steps.TimerArmed, "b")]
    play.elapse("b")
    assert play.waits == ["late", "t"]


# ---------------------------------------------------------------- errors


def caught(*events: str) -> bytes:
    roots = error("ERP.STOCK_SHORT") + error("ERP.OTHER")
    body = START + service("s") + "".join(events) + user("short") + user("any") + END
    keys = [event.split('id="', 1)[1].split('"', 1)[0] for event in events]
    return drawing(body + flows("start s end", *(f"{key} {key.split('_')[0]}" for key in keys)), roots)


def test_a_thrown_error_is_caught_by_its_code_before_a_catch_all():
    xml = caught(boundary("any_1", "s", error_event(None)), boundary("short_1", "s", error_event("ERP.STOCK_SHORT")))

    play = Play(xml)
    play.throw("s", "ERP.STOCK_SHORT", missing=3)
    assert (play.waits, play.variables) == (["short"], {"missing": 3})
    assert [(fact.code, fact.caught_by) for fact in play.all(steps.ErrorThrown)] == [("ERP.STOCK_SHORT", "short_1")]
    assert [(fact.node, fact.outcome) for fact in play.step.closed] == [("s", "failed")]

    other = Play(xml)
    other.throw("s", "ERP.OTHER")
    assert other.waits == ["any"]


def test_an_uncaught_error_of_an_operation_is_an_incident_and_cancels_nothing():
    play = Play(caught(boundary("short_1", "s", error_event("ERP.STOCK_SHORT"))))

    play.throw("s", "ERP.OTHER", why="x")

    assert play.incidents == {"s": "error-uncaught"}
    assert play.detail("s") == {"error": "ERP.OTHER", "facts": {"why": "x"}}
    assert play.waits == ["s"]
    assert play.all(steps.ErrorThrown)[0].caught_by is None


def test_an_uncaught_error_end_event_fails_the_instance_with_its_code():
    body = START + '<parallelGateway id="f"/>' + user("t") + script("s", "1", "x")
    body += f'<endEvent id="bad">{error_event("E1")}</endEvent>'
    play = Play(drawing(body + flows("start f t", "f s bad"), error("E1")))

    assert play.step.ended == "failed"
    (ended,) = play.all(steps.InstanceEnded)
    assert (ended.how, ended.code, ended.node) == ("failed", "E1", "bad")
    assert play.all(steps.WorkClosed)[0].outcome == "cancelled"


# ---------------------------------------------------------------- ends


def test_terminate_ends_everything_in_its_scope():
    body = START + '<parallelGateway id="f"/>' + user("t") + script("s", "1", "x")
    body += '<endEvent id="stop"><terminateEventDefinition/></endEvent>'
    play = Play(drawing(body + flows("start f t", "f s stop")))

    assert play.step.ended == "terminated"
    assert play.all(steps.InstanceEnded)[0].node == "stop"
    assert play.all(steps.WorkClosed)[0].outcome == "cancelled"


def test_an_instance_ends_with_its_last_token_and_names_where():
    body = START + '<parallelGateway id="f"/>' + user("a") + user("b") + END + '<endEvent id="other"/>'
    play = Play(drawing(body + flows("start f a end", "f b other")))

    play.complete("b")
    assert play.step.ended is None
    play.complete("a")

    assert play.all(steps.InstanceEnded)[0].node == "end"


def test_cancel_closes_everything_that_was_open():
    play = Play(guarded(boundary("b", "t", timer("P3D"))))

    play.cancel("withdrawn")

    assert play.step.ended == "cancelled"
    assert play.all(steps.InstanceEnded)[0].code == "withdrawn"
    assert bpmn.cancel(play.state, now=play.now, env=play.env).stale


def test_set_variables_writes_into_one_scope():
    play = Play(guarded(boundary("b", "t", timer("P3D"))), {"a": 1})

    play.write(a=2, b=[1])

    assert play.variables == {"a": 2, "b": [1]}
    assert play.step.dirty == {0}
