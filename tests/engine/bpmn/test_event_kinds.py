"""Signals, escalations, conditions, links, several triggers in one event, and how instances begin (10.5, 13.5)."""

from datetime import timedelta

import pytest

from engine import bpmn
from engine.bpmn import steps
from engine.errors import NoSuchStart
from tests.engine.bpmn.drawing import (
    END,
    START,
    Play,
    boundary,
    catch,
    condition,
    drawing,
    element,
    error,
    error_event,
    errors,
    escalation,
    escalation_event,
    flows,
    link,
    mapping,
    message,
    message_event,
    program,
    script,
    service,
    signal,
    signal_event,
    throw,
    timer,
    user,
)


def sub(key: str, body: str) -> str:
    return f'<subProcess id="{key}" name="{key}">{body}</subProcess>'


def end(key: str, definition: str = "") -> str:
    return f'<endEvent id="{key}" name="{key}">{definition}</endEvent>'


FORK = START + '<parallelGateway id="fork"/>'


# ---------------------------------------------------------------- signals


@pytest.mark.parametrize("order", ["fork throw end_t|fork wait after", "fork wait after|fork throw end_t"])
def test_signal_reaches_every_wait_of_its_own_instance_whatever_the_drawing_order(order):
    body = (
        FORK + throw("throw", signal_event("go"), mapping(in_amount="= amount * 2")) + catch("wait", signal_event("go"))
        + user("after") + end("end_t") + flows("start fork", *order.split("|"))
    )  # fmt: skip
    play = Play(drawing(body, signal("go")), {"amount": 4})

    assert play.waits == ["after"]
    assert play.variables == {"amount": 8}
    assert [(fact.name, fact.payload) for fact in play.all(steps.SignalThrown)] == [("go", {"amount": 8})]


def test_signal_from_outside_is_delivered_to_boundary_events_of_both_kinds():
    def case(interrupting: bool) -> Play:
        body = (
            START + user("t") + boundary("b", "t", signal_event("go"), interrupting) + user("after") + END
            + flows("start t end", "b after end")
        )  # fmt: skip
        play = Play(drawing(body, signal("go")))
        play.deliver("b", reason="r")
        return play

    assert case(True).waits == ["after"]
    beside = case(False)
    assert beside.waits == ["after", "b", "t"]
    beside.deliver("b")
    assert beside.waits == ["after", "after", "b", "t"]


def test_signal_end_event_of_a_sub_process_is_caught_by_an_event_sub_process_around_it():
    inner = element("startEvent", "s") + end("ring", signal_event("alarm")) + flows("s ring")
    handler = (
        f'<subProcess id="h" triggeredByEvent="true"><startEvent id="hs">{signal_event("alarm")}</startEvent>'
        f'{user("tidy")}{end("he")}{flows("hs tidy he")}</subProcess>'
    )  # fmt: skip
    body = START + sub("part", inner) + user("never") + END + flows("start part never end") + handler
    play = Play(drawing(body, signal("alarm")))

    assert play.waits == ["tidy"]
    assert "never" not in play.path


def test_signal_name_may_be_an_expression_and_a_missing_one_is_an_incident():
    roots = '<signal id="sig" name="= kind"/>'
    body = START + catch("c", signal_event("sig")) + END + flows("start c end")

    assert Play(drawing(body, roots), {"kind": "red"}).all(steps.SubscriptionOpened)[0].name == "red"
    stuck = Play(drawing(body, roots))
    assert stuck.incidents == {"c": "signal-name-missing"}
    stuck.resume("c", kind="blue")
    assert stuck.all(steps.SubscriptionOpened)[0].name == "blue"


def test_signal_that_nobody_waits_for_is_lost():
    body = START + throw("t", signal_event("go")) + catch("c", signal_event("go")) + END + flows("start t c end")

    assert Play(drawing(body, signal("go"))).waits == ["c"]


# ---------------------------------------------------------------- escalation


def escalating(catcher: str, where: str = "end", interrupting: bool = True) -> Play:
    thrower = (
        end("e", escalation_event("LATE")) if where == "end" else throw("e", escalation_event("LATE")) + user("on")
        + end("f") + flows("e on f")
    )  # fmt: skip
    inner = element("startEvent", "s") + thrower + flows("s e")
    body = (
        START + sub("part", inner) + boundary("b", "part", catcher, interrupting) + user("told") + user("after") + END
        + flows("start part after end", "b told end")
    )  # fmt: skip
    return Play(drawing(body, escalation("LATE") + escalation("OTHER")))


def test_escalation_interrupts_or_runs_beside_as_its_boundary_event_says():
    assert escalating(escalation_event("LATE"), "throw").waits == ["told"]
    assert escalating(escalation_event("LATE"), "throw", interrupting=False).waits == ["on", "told"]
    assert escalating(escalation_event(None), "end", interrupting=False).waits == ["after", "told"]


def test_uncaught_escalation_lets_its_thrower_go_on():
    play = escalating(escalation_event("OTHER"), "throw")

    assert play.waits == ["on"]
    assert [(fact.code, fact.caught_by) for fact in play.all(steps.EscalationThrown)] == [("LATE", None)]


def test_escalation_is_caught_by_the_event_sub_process_of_its_own_scope_first():
    handler = (
        f'<subProcess id="h" triggeredByEvent="true"><startEvent id="hs" isInterrupting="false">'
        f'{escalation_event("LATE")}</startEvent>{user("note")}{end("he", escalation_event("LATE"))}'
        f'{flows("hs note he")}</subProcess>'
    )  # fmt: skip
    inner = (
        element("startEvent", "s") + throw("e", escalation_event("LATE"), mapping(in_days="= 3")) + user("on")
        + end("f") + flows("s e on f") + handler
    )  # fmt: skip
    body = (
        START + sub("part", inner) + boundary("b", "part", escalation_event(None), False) + user("told") + END
        + flows("start part end", "b told end")
    )  # fmt: skip
    play = Play(drawing(body, escalation("LATE")))
    assert play.waits == ["note", "on"]
    assert bpmn.variables(play.state, play.state.tokens[play.token("note")].scope.id) == {"days": 3}

    play.complete("note")

    assert play.waits == ["on", "told"], "a handler does not catch its own escalation"


def test_a_person_or_operation_can_escalate_and_the_activity_goes_on():
    def case(interrupting: bool) -> Play:
        body = (
            START + user("t") + boundary("b", "t", escalation_event("LATE"), interrupting) + user("told") + END
            + flows("start t end", "b told end")
        )  # fmt: skip
        play = Play(drawing(body, escalation("LATE")))
        play.escalate("t", "LATE", days=2)
        return play

    assert case(False).waits == ["t", "told"]
    assert case(True).waits == ["told"]
    assert case(True).variables == {"days": 2}


# ---------------------------------------------------------------- conditions


def test_conditional_catch_waits_for_a_write_that_makes_it_true():
    body = START + catch("c", condition("amount > 10")) + user("t") + END + flows("start c t end")
    play = Play(drawing(body), {"amount": 1})
    assert play.waits == ["c"]

    play.write(amount=5)
    play.write(other=50)
    assert play.waits == ["c"]
    play.write(amount=11)

    assert play.waits == ["t"]
    assert Play(drawing(body), {"amount": 11}).waits == ["t"], "looked at when it is armed, too"


def test_null_in_a_conditional_event_is_false():
    body = START + catch("c", condition("missing > 10")) + END + flows("start c end")

    play = Play(drawing(body))
    assert (play.waits, play.incidents) == (["c"], {})
    play.write(missing=20)
    assert play.step.ended == "completed"


def test_condition_that_is_true_at_once_overtakes_the_work():
    for task in (user("t"), service("t"), script("t", "1", "x"), element("task", "t")):
        body = (
            START + task + boundary("b", "t", condition("urgent")) + user("after") + END
            + flows("start t end", "b after end")
        )  # fmt: skip
        play = Play(drawing(body), {"urgent": True})

        assert play.waits == ["after"]
        assert "x" not in play.variables
        assert not play.all(steps.WorkClosed)
        assert not play.all(steps.JobOpened)
        assert [fact.outcome for fact in play.all(steps.NodeLeft) if fact.node == "t"] == ["cancelled"]


def test_non_interrupting_condition_fires_on_each_change_from_false_to_true():
    body = (
        START + user("t") + boundary("b", "t", condition("level > 3"), False) + user("call") + END
        + flows("start t end", "b call end")
    )  # fmt: skip
    play = Play(drawing(body), {"level": 1})

    for level, calls in ((4, 1), (5, 1), (2, 1), (9, 2)):
        play.write(level=level)
        assert play.waits.count("call") == calls, level


def test_condition_is_looked_at_between_two_writes_of_one_step():
    body = (
        START + script("up", "10", "level") + script("down", "0", "level") + user("t") + END
        + flows("start up down t end")
        + f'<subProcess id="h" triggeredByEvent="true"><startEvent id="hs" isInterrupting="false">'
        f'{condition("level > 3")}</startEvent>{user("seen")}{end("he")}{flows("hs seen he")}</subProcess>'
    )  # fmt: skip

    assert Play(drawing(body), {"level": 0}).waits == ["hs", "seen", "t"]


def test_condition_sees_only_writes_in_scopes_around_it():
    inner = element("startEvent", "s") + catch("c", condition("n = 1")) + end("e") + flows("s c e")
    body = START + sub("part", inner) + END + flows("start part end")
    play = Play(drawing(body))
    scope = next(scope for scope in play.state.scopes.values() if scope.kind == "sub")

    play.write(scope.id, n=0)
    play.write(n=1)
    assert play.waits == ["c"], "the own variable of the sub-process hides the outer one"
    play.write(scope.id, n=1)
    assert play.step.ended == "completed"


def test_interrupting_conditional_event_sub_process():
    body = (
        START + user("t") + END + flows("start t end")
        + f'<subProcess id="h" triggeredByEvent="true"><startEvent id="hs">{condition("stopped")}</startEvent>'
        f'{user("tidy")}{end("he")}{flows("hs tidy he")}</subProcess>'
    )  # fmt: skip
    play = Play(drawing(body))
    play.write(stopped=True)
    assert play.waits == ["tidy"]
    assert Play(drawing(body), {"stopped": True}).waits == ["tidy"]


def test_condition_reads_the_outcome_of_an_approval():
    body = (
        FORK + user("ask") + catch("c", condition('approval.ask.outcome = "reject"')) + user("no") + user("on") + END
        + flows("start fork ask on end", "fork c no end")
    )  # fmt: skip
    play = Play(drawing(body))

    play.complete("ask", {"outcome": "reject"})

    assert play.waits == ["no", "on"]


# ---------------------------------------------------------------- links


def test_link_events_jump_within_their_scope_and_a_join_behind_counts_them():
    body = (
        START + '<inclusiveGateway id="split"/>' + throw("t1", link("A")) + throw("t2", link("A"))
        + catch("c", link("A")) + user("x") + '<inclusiveGateway id="join"/>' + user("y") + END
        + flows("start split", "split t1 ? a", "split x ? b", "split t2 ? d", "c join", "x join", "join y end")
    )  # fmt: skip
    play = Play(drawing(body), {"a": True, "b": True, "d": False})
    assert play.waits == ["x"], "the join waits for x"

    play.complete("x")

    assert play.waits == ["y"]
    assert "c" in play.path


def test_links_that_do_not_match_are_refused():
    roots = ""

    def wrong(*parts: str, lines: str = "start t end") -> dict:
        return errors(drawing(START + user("t") + END + "".join(parts) + flows(*lines.split("|")), roots))

    assert "link-unmatched" in wrong(throw("a", link("A")), catch("b", link("B")), lines="start t a|b end")
    two = wrong(throw("a", link("A")), catch("b", link("A")), catch("c", link("A")), lines="start t a|b end|c end")
    assert "link-unmatched" in two
    inside = sub("s", catch("b", link("A")) + end("e") + flows("b e"))
    assert "link-unmatched" in wrong(throw("a", link("A")), inside, lines="start t a")
    assert "link-flow" in wrong(throw("a", link("A")), catch("b", link("A")), lines="start t a end|b end")


# ---------------------------------------------------------------- several triggers in one event


def waiting(together: bool) -> Play:
    definitions = message_event("m") + signal_event("s") + timer("PT1H")
    node = catch("c", definitions)
    if together:
        node = node.replace("<intermediateCatchEvent", '<intermediateCatchEvent parallelMultiple="true"')
    body = START + node + user("after") + END + flows("start c after end")
    return Play(drawing(body, message("m", None) + signal("s")))


def test_multiple_catch_takes_the_first_of_its_triggers():
    play = waiting(together=False)
    assert play.waits == ["c", "c", "c"]

    play.deliver("c", n=1)

    assert play.waits == ["after"]
    assert play.variables == {"n": 1}
    assert [fact.outcome for fact in play.all(steps.TimerDisarmed)] == ["cancelled"]


def test_parallel_multiple_catch_needs_all_of_its_triggers():
    play = waiting(together=True)

    play.deliver("c", n=1, a=1)
    play.elapse("c")
    assert play.waits == ["c"]
    play.deliver("c", n=2)

    assert play.waits == ["after"]
    assert play.variables == {"n": 2, "a": 1}


def test_parallel_multiple_boundary_event_beside_starts_anew():
    beside = boundary("b", "t", message_event("m") + signal_event("s"), False).replace(
        "<boundaryEvent", '<boundaryEvent parallelMultiple="true"'
    )
    body = START + user("t") + beside + user("call") + END + flows("start t end", "b call end")
    play = Play(drawing(body, message("m", None) + signal("s")))

    for calls in (0, 0, 1, 1):
        assert play.waits.count("call") == calls
        play.deliver("b")

    play.complete("t")
    assert play.waits == ["call", "call"]


def test_parallel_multiple_start_of_an_event_sub_process():
    body = (
        START + user("t") + END + flows("start t end")
        + f'<subProcess id="h" triggeredByEvent="true"><startEvent id="hs" parallelMultiple="true">{message_event("m")}'
        f'{condition("late")}</startEvent>{user("tidy")}{end("he")}{flows("hs tidy he")}</subProcess>'
    )  # fmt: skip
    play = Play(drawing(body, message("m", None)))

    play.write(late=True)
    play.write(late=False)
    assert play.waits == ["hs", "t"]
    play.deliver("hs", text="x")

    assert play.waits == ["tidy"]
    scope = play.state.tokens[play.token("tidy")].scope
    assert scope.vars == {"text": "x"}


def test_multiple_throw_and_end_throw_everything_in_order_and_end_last():
    body = (
        FORK + catch("c", signal_event("s")) + user("t") + user("u")
        + end("both", message_event("m") + signal_event("s") + "<terminateEventDefinition/>")
        + flows("start fork", "fork c t", "fork u both")
    )  # fmt: skip
    play = Play(drawing(body, message("m", None) + signal("s")))

    play.complete("u")

    thrown = [fact.kind for fact in play.facts if isinstance(fact, steps.MessageThrown | steps.SignalThrown)]
    assert thrown == ["message.thrown", "signal.thrown"]
    assert play.step.ended == "terminated"
    go_on = throw("x", message_event("m") + signal_event("s"))
    body = (
        FORK + catch("c", signal_event("s")) + user("t") + go_on + END + flows("start fork", "fork c t", "fork x end")
    )
    assert Play(drawing(body, message("m", None) + signal("s"))).waits == ["t"]


def test_kinds_that_cannot_share_an_event_are_refused():
    roots = message("m", None) + error("E")
    body = START + user("t") + END + flows("start t end")

    linked = drawing(body + throw("x", message_event("m") + link("A")), roots)
    assert errors(linked)["multiple-event-not-executed"] == "x"
    both = boundary("x", "t", message_event("m") + error_event("E")).replace("<b", '<b parallelMultiple="true"', 1)
    both = both.replace('<b parallelMultiple="true"oundaryEvent', '<boundaryEvent parallelMultiple="true"')
    assert errors(drawing(body + both, roots))["parallel-multiple-not-executed"] == "x"


# ---------------------------------------------------------------- event-based gateways


def test_event_based_gateway_waits_for_signals_and_conditions_too():
    body = (
        START + '<eventBasedGateway id="g"/>' + catch("a", signal_event("s")) + catch("b", condition("ready"))
        + catch("c", timer("PT1H")) + user("ta") + user("tb") + user("tc") + END
        + flows("start g", "g a ta end", "g b tb end", "g c tc end")
    )  # fmt: skip
    xml = drawing(body, signal("s"))
    by_signal, by_condition = Play(xml), Play(xml)

    by_signal.deliver("a")
    by_condition.write(ready=True)

    assert (by_signal.waits, by_condition.waits) == (["ta"], ["tb"])
    assert Play(xml, {"ready": True}).waits == ["tb"]


def instantiating(kind: str) -> bytes:
    return drawing(
        f'<eventBasedGateway id="g" instantiate="true" eventGatewayType="{kind}"/>' + catch("a", message_event("m"))
        + '<receiveTask id="b" messageRef="n"/>' + user("ta") + user("tb") + END
        + flows("g a ta end", "g b tb end"),
        message("m") + message("n"),
    )  # fmt: skip


def test_exclusive_event_based_gateway_begins_with_any_of_its_events():
    assert [(item.node, item.kind, item.name) for item in program(instantiating("Exclusive")).starts] == [
        ("a", "message", "m"), ("b", "message", "n"),
    ]  # fmt: skip
    play = Play(instantiating("Exclusive"), start="b", trigger={"order": 5})

    assert (play.waits, play.variables, play.path) == (["tb"], {"order": 5}, ["g", "b"])


def test_parallel_event_based_gateway_waits_for_its_other_events_with_the_same_key():
    play = Play(instantiating("Parallel"), start="b", trigger={"order": 5})
    assert play.waits == ["a", "tb"]
    assert [(fact.name, fact.key) for fact in play.all(steps.SubscriptionOpened)] == [("m", "5")]

    play.complete("tb")
    assert play.step.ended is None
    play.deliver("a")
    play.complete("ta")
    assert play.step.ended == "completed"


def test_what_cannot_begin_a_process_is_refused():
    parallel = instantiating("Parallel").replace(b'<messageEventDefinition messageRef="m"/>', timer("PT1H").encode())
    assert errors(parallel) == {"event-gateway-start": "g"}
    inside = instantiating("Exclusive").replace(b'<userTask id="ta"', START.encode() + b'<userTask id="ta"')
    led = inside.replace(b"</process>", b'<sequenceFlow id="x" sourceRef="start" targetRef="g"/></process>')
    assert errors(led) == {"instantiate-inside": "g"}


# ---------------------------------------------------------------- starts


def test_a_process_begins_at_the_event_that_has_come():
    body = (
        START + f'<startEvent id="by_signal">{signal_event("s")}</startEvent>'
        + f'<startEvent id="by_any">{message_event("m")}{timer("R/P1D", "timeCycle")}</startEvent>'
        + f'<startEvent id="by_condition">{condition("stock < 5")}</startEvent>'
        + '<receiveTask id="by_task" messageRef="m" instantiate="true"/>' + user("t") + END
        + flows("start t end", "by_signal t", "by_any t", "by_condition t", "by_task t")
    )  # fmt: skip
    xml = drawing(body, message("m", None) + signal("s"))

    assert [(item.node, item.kind) for item in program(xml).starts] == [
        ("start", "none"), ("by_signal", "signal"), ("by_any", "message"), ("by_any", "timer"),
        ("by_condition", "conditional"), ("by_task", "message"),
    ]  # fmt: skip
    for start in ("by_signal", "by_any", "by_condition", "by_task"):
        play = Play(xml, start=start, trigger={"n": 1})
        assert (play.path, play.waits, play.variables) == ([start], ["t"], {"n": 1})
    with pytest.raises(NoSuchStart):
        Play(xml, start="t")


# ---------------------------------------------------------------- complex gateway


def discriminator(condition: str, count: int = 3, more: str = "") -> bytes:
    tasks = [f"t{number}" for number in range(count)]
    return drawing(
        FORK + "".join(user(task) for task in tasks) + '<complexGateway id="g">' + f"<activationCondition>= {condition}"
        "</activationCondition></complexGateway>" + user("after") + END + more
        + flows("start fork", *(f"fork {task} g" for task in tasks), "g after end")
    )  # fmt: skip


def test_complex_gateway_fires_once_and_absorbs_the_rest():
    play = Play(discriminator("activationCount >= 2"))

    play.complete("t0")
    assert play.waits == ["t1", "t2"]
    play.complete("t2")
    assert play.waits == ["after", "t1"]
    play.complete("t1")
    assert play.waits == ["after"]
    play.complete("after")
    assert play.step.ended == "completed"


def test_complex_gateway_resets_when_nothing_more_can_come_and_counts_again():
    body = (
        START + '<inclusiveGateway id="or"/>' + user("a") + user("b")
        + '<complexGateway id="g"><activationCondition>= activationCount &gt;= 1</activationCondition></complexGateway>'
        + user("after") + END + '<exclusiveGateway id="x" default="x_end"/>'
        + flows("start or", "or a ? one", "or b ? two", "a g", "b g", "g after x", "x or ? again", "x end")
    )  # fmt: skip
    play = Play(drawing(body), {"one": True, "two": False, "again": True})

    play.complete("a")
    assert play.waits == ["after"]
    play.complete("after")
    assert play.waits == ["a"]
    play.complete("a")

    assert play.waits == ["after"], "it has been reset, so it fires again"


def test_complex_gateway_tells_its_reset_to_flows_that_ask_for_it():
    more = user("rest")
    xml = discriminator("activationCount >= 2", 3, more).replace(
        b'<sequenceFlow id="g_after" sourceRef="g" targetRef="after"></sequenceFlow>',
        flows("g after ? waitingForStart", "g rest ? not(waitingForStart)").encode(),
    )
    play = Play(xml)

    play.complete("t0")
    play.complete("t1")
    assert play.waits == ["after", "t2"]
    play.complete("t2")

    assert play.waits == ["after", "rest"]


def test_complex_gateway_whose_condition_is_no_boolean_is_an_incident():
    play = Play(discriminator("activationCount >= needed"))
    play.complete("t0")
    assert play.incidents == {"g": "condition-not-boolean"}

    play.resume("g", needed=1)

    assert play.waits == ["after", "t1", "t2"]


def test_tokens_that_come_to_a_complex_gateway_at_once_are_stuck_each_by_itself():
    body = FORK + script("s", "1", "x") + script("t", "2", "y") + user("after") + END
    condition = "<activationCondition>= activationCount &gt;= needed</activationCondition>"
    body += f'<complexGateway id="g">{condition}</complexGateway>'
    play = Play(drawing(body + flows("start fork s g after end", "fork t g")))
    assert [incident.code for incident in play.state.incidents.values()] == ["condition-not-boolean"] * 2

    play.resume("g", needed=2)
    play.resume("g")

    assert (play.waits, play.incidents) == (["after"], {})


def test_complex_gateway_on_a_single_way_that_waits_for_more_starves_and_can_be_released():
    condition = "<activationCondition>= activationCount &gt;= 2</activationCondition>"
    body = START + user("a") + f'<complexGateway id="g">{condition}</complexGateway>' + user("after") + END
    play = Play(drawing(body + flows("start a g after end")))
    play.complete("a")
    assert play.incidents == {"g": "join-starved"}

    play.resume("g")

    assert (play.waits, play.incidents) == (["after"], {})


def test_complex_gateway_without_activation_condition_joins_like_an_inclusive_one():
    xml = discriminator("x").replace(b"<activationCondition>= x</activationCondition>", b"")
    play = Play(xml)
    for task in ("t0", "t1", "t2"):
        assert "after" not in play.waits
        play.complete(task)
    assert play.waits == ["after"]


def test_tokens_that_never_suffice_are_shown_and_can_be_let_through():
    play = Play(discriminator("activationCount >= 4"))
    for task in ("t0", "t1", "t2"):
        play.complete(task)
    assert play.incidents == {"g": "join-starved"}

    play.resume("g")

    assert play.waits == ["after"]


# ---------------------------------------------------------------- several flows out of events


def test_several_flows_leave_events():
    body = (
        START + user("a") + user("b") + boundary("t", "a", timer("PT1H"), False) + user("c") + user("d") + END
        + flows("start a end", "start b end", "t c end", "t d end ? yes", "t end")
    )  # fmt: skip
    play = Play(drawing(body), {"yes": True})
    assert play.waits == ["a", "b", "t"]

    play.elapse("t", timedelta())

    assert play.waits == ["a", "b", "c", "d"]
