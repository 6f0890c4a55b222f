"""What is stuck on its way out goes on with the values that it had inside."""

import pytest

from engine import bpmn, dmn
from engine.bpmn import steps
from tests.engine.bpmn.drawing import (
    END,
    MONDAY,
    START,
    Play,
    boundary,
    catch,
    drawing,
    element,
    error,
    error_event,
    escalation,
    escalation_event,
    extensions,
    flows,
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
from tests.engine.bpmn.test_data import OBJECT, RESULT, into, io, out_of, task
from tests.engine.bpmn.test_event_sub_processes import handler
from tests.engine.bpmn.test_tasks import LIMITS

INSIDE = mapping(in_a="= 5")
ADDED = out_of("out_a out_b", "Result", "<transformation>a + b</transformation>")
PAYLOAD = mapping(out_told="= a")
"""`a` is read from what came, and is not known outside."""


def asks(*drawn, key="t"):
    """`t`, and behind `key` a flow whose condition reads a value of its inside, and one that is missing."""
    return START + END + "".join(drawn) + flows("start t", f"{key} end ? a = 5 and ready")


def stuck(play, key, **repair):
    """`key` is stuck at its flow; it goes on when what is missing has been written."""
    assert play.incidents == {key: "condition-not-boolean"}
    assert play.detail(key)["read"] == {"a": "number", "ready": "missing"}
    visits = len(play.all(steps.NodeEntered))

    play.resume(key, other=1)
    assert play.incidents == {key: "condition-not-boolean"}
    assert play.detail(key)["read"] == {"a": "number", "ready": "missing"}

    play.resume(key, ready=True, **repair)
    assert play.incidents == {}
    assert play.step.ended == "completed"
    assert [fact.node for fact in play.all(steps.NodeEntered)[visits:]] == ["end"], "only its flow is taken"
    assert "a" not in play.variables


PASSED = {
    "script": (script("t", "a * 2", "r", in_a="= 5"), ""),
    "none throw event": (element("intermediateThrowEvent", "t", INSIDE), ""),
    "message throw event": (throw("t", message_event("m"), INSIDE), message("m", None)),
    "signal throw event": (throw("t", signal_event("s"), INSIDE), signal("s")),
    "escalation throw event": (throw("t", escalation_event("E"), INSIDE), escalation("E")),
    "compensation throw event": (throw("t", "<compensateEventDefinition/>", INSIDE), ""),
    "compensation that nobody waits for": (
        throw("t", '<compensateEventDefinition waitForCompletion="false"/>', INSIDE),
        "",
    ),
    "send task": (element("sendTask", "t", INSIDE, messageRef="m"), message("m", None)),
}


@pytest.mark.parametrize("kind", PASSED)
def test_what_is_passed_through_keeps_its_inputs(kind):
    drawn, roots = PASSED[kind]
    stuck(Play(drawing(asks(drawn), roots)), "t")


@pytest.mark.parametrize("tag", ["task", "manualTask"])
def test_what_does_nothing_keeps_the_data_it_was_given(tag):
    play = Play(drawing(OBJECT + asks(task(io("a"), into("Order", "in_a"), tag=tag))), {"order": 5})
    stuck(play, "t")


def test_a_decision_keeps_its_inputs():
    called = '<zeebe:calledDecision decisionId="limit" resultVariable="who"/>'
    drawn = element("businessRuleTask", "t", called, mapping(in_a="= 5", in_amount="= 1"))
    stuck(Play(drawing(asks(drawn)), decisions=lambda _: dmn.read(LIMITS).model), "t")


WAITED = {
    "user task": (user("t", in_a="= 5"), "", lambda play: play.complete("t")),
    "service task": (service("t", in_a="= 5"), "", lambda play: play.complete("t", x=1)),
    "receive task": (
        element("receiveTask", "t", INSIDE, messageRef="m"),
        message("m", None),
        lambda play: play.deliver("t"),
    ),
    "catch event": (
        f'<intermediateCatchEvent id="t">{extensions(INSIDE)}{message_event("m")}</intermediateCatchEvent>',
        message("m", None),
        lambda play: play.deliver("t"),
    ),
}


@pytest.mark.parametrize("kind", WAITED)
def test_what_has_waited_keeps_its_inputs(kind):
    drawn, roots, done = WAITED[kind]
    play = Play(drawing(asks(drawn), roots))
    done(play)
    stuck(play, "t")


TOLD = extensions(PAYLOAD) + message_event("m")
COME = {
    "boundary event": user("t") + boundary("e", "t", message_event("m"), True, PAYLOAD),
    "boundary event beside": user("t") + boundary("e", "t", message_event("m"), False, PAYLOAD),
    "event behind a gateway": '<eventBasedGateway id="t"/>' + catch("e", TOLD) + catch("late", timer("PT1H"))
    + flows("t e", "t late end"),
}  # fmt: skip


@pytest.mark.parametrize("kind", COME)
def test_an_event_that_has_come_keeps_what_it_brought(kind):
    play = Play(drawing(asks(COME[kind], key="e"), message("m", None)))
    play.deliver("e", a=5)
    if kind == "boundary event beside":
        play.complete("t")
    stuck(play, "e")
    assert play.variables["told"] == 5


def test_what_an_error_brought_is_kept_where_it_was_caught():
    play = Play(drawing(asks(service("t"), boundary("e", "t", error_event("E"), True, PAYLOAD), key="e"), error("E")))
    play.throw("t", "E", a=5)
    stuck(play, "e")


@pytest.mark.parametrize("host", ["subProcess", "callActivity"])
def test_a_scope_that_has_ended_is_not_run_again(host):
    inner = '<startEvent id="begin"/>' + script("s", "2", "r") + flows("begin s")
    drawn = element("subProcess", "t", INSIDE, inner=inner)
    if host == "callActivity":
        drawn = element("callActivity", "t", '<zeebe:calledElement processId="c"/>', INSIDE)
    body = START + END + drawn + flows("start t", "t end ? r = 2 and ready")
    play = Play(drawing(body), others={"c": program(drawing(inner, process_id="c"))})
    assert play.incidents == {"t": "condition-not-boolean"}

    play.resume("t", ready=True)

    assert play.step.ended == "completed"
    assert play.path.count("s") == 1


@pytest.mark.parametrize("order", ["true", "false"])
def test_a_loop_that_has_ended_keeps_its_collection(order):
    loop = (
        f'<multiInstanceLoopCharacteristics isSequential="{order}">'
        + extensions(
            '<zeebe:loopCharacteristics inputCollection="= [1, 2]" inputElement="x" outputCollection="rs" '
            'outputElement="= r"/>'
        )
        + "</multiInstanceLoopCharacteristics>"
    )
    drawn = element("scriptTask", "t", '<zeebe:script expression="= x + a" resultVariable="r"/>', INSIDE, inner=loop)
    play = Play(drawing(START + END + drawn + flows("start t", "t end ? rs = [6, 7] and ready")))
    assert play.incidents == {"t": "condition-not-boolean"}

    play.resume("t", ready=True)

    assert (play.step.ended, play.variables) == ("completed", {"rs": [6, 7], "ready": True})


def test_a_round_that_cannot_say_whether_the_loop_is_over_keeps_what_it_has_worked_out():
    loop = (
        "<multiInstanceLoopCharacteristics>"
        + extensions('<zeebe:loopCharacteristics inputCollection="= [1, 2]" inputElement="x"/>')
        + "<completionCondition>= a = 5 and x = 1 and ready</completionCondition></multiInstanceLoopCharacteristics>"
    )
    drawn = element("scriptTask", "t", '<zeebe:script expression="= x + a" resultVariable="r"/>', INSIDE, inner=loop)
    play = Play(drawing(START + END + drawn + flows("start t end")))
    assert play.detail("t")["read"] == {"a": "number", "ready": "missing", "x": "number"}

    play.resume("t", ready=True)

    assert play.step.ended == "completed"


def test_an_activity_that_cannot_say_whether_it_was_enough_keeps_its_inputs():
    inner = script("s", "a", "r", in_a="= 5") + "<completionCondition>= a = 5 and ready</completionCondition>"
    play = Play(drawing(START + END + element("adHocSubProcess", "t", inner=inner) + flows("start t end")))
    assert play.detail("s")["read"] == {"a": "number", "ready": "missing"}

    play.resume("s", ready=True)

    assert (play.step.ended, play.path.count("s")) == ("completed", 1)


# ---------------------------------------------------------------- what lacks a required output


def test_a_result_that_came_with_an_incomplete_one_is_not_lost():
    play = Play(drawing(START + task(io("", "b")) + END + flows("start t end")))
    play.complete("t", beside=1)
    assert play.incidents == {"t": "data-output-missing"}

    play.resume("t", b=2)

    assert (play.step.ended, play.variables) == ("completed", {"beside": 1})


def test_an_incomplete_result_that_was_stored_before_goes_on():
    """It lay among what the step was given."""
    play = Play(drawing(RESULT + START + task(io("", "a b"), ADDED) + END + flows("start t end")))
    play.complete("t", a=1)
    document = bpmn.dump(play.state)
    ((_, stored),) = document["tokens"]
    assert stored.pop("results") == {"a": 1}
    stored["vars"] = {"a": 1}

    state = bpmn.load(document, lambda _: play.program)
    (incident,) = state.incidents
    step = bpmn.resume(state, incident, {"b": 2}, now=MONDAY, env=play.env)

    assert (step.ended, bpmn.variables(step.state)) == ("completed", {"result": 3})


LACKING = '<dataOutput id="out_b" name="b"/>' + out_of("out_b", "Result") + (
    "<outputSet><dataOutputRefs>out_b</dataOutputRefs></outputSet>"
)  # fmt: skip
"""An event that must bring `b`."""


@pytest.mark.parametrize(
    "drawn",
    [
        catch("e", LACKING + message_event("m")) + flows("start e end"),
        '<eventBasedGateway id="t"/>' + catch("e", LACKING + message_event("m")) + catch("late", timer("PT1H"))
        + flows("start t e end", "t late end"),
        user("t") + f'<boundaryEvent id="e" attachedToRef="t">{LACKING}{message_event("m")}</boundaryEvent>'
        + flows("start t end", "e end"),
    ],
)  # fmt: skip
def test_an_event_that_lacks_what_it_must_bring_is_repaired_where_it_is(drawn):
    play = Play(drawing(OBJECT + RESULT + START + END + drawn, message("m", None)))
    play.deliver("e", x=1, y=2)
    assert play.incidents == {"e": "data-output-missing"}

    play.resume("e", b=3)

    assert (play.step.ended, play.variables) == ("completed", {"order": None, "result": 3})


def test_a_start_event_that_lacks_what_it_must_bring_is_repaired_where_it_is():
    begin = f'<startEvent id="e">{LACKING}{message_event("m")}</startEvent>'
    play = Play(drawing(RESULT + begin + END + flows("e end"), message("m", None)), start="e", trigger={"x": 1, "y": 2})
    assert play.incidents == {"e": "data-output-missing"}

    play.resume("e", b=3)

    assert (play.step.ended, play.variables) == ("completed", {"result": 3})


def test_an_event_sub_process_that_lacks_what_it_must_be_told_begins_when_it_is_repaired():
    body = START + user("t") + END + flows("start t end") + handler("h", message_event("m"), start=LACKING)
    play = Play(drawing(RESULT + body, message("m", None)))
    play.deliver("h_start", x=1, y=2)
    assert play.incidents == {"h": "data-output-missing"}

    play.resume("h", b=3)

    assert play.step.ended == "completed"


def test_an_event_sub_process_that_lacks_an_input_keeps_what_its_start_event_brought():
    needs = io("need") + into("Order", "in_need")
    body = START + user("t") + END + flows("start t end") + handler(
        "h", message_event("m"), script("s", "told", "result"), "h_start s h_end", needs
    )  # fmt: skip
    play = Play(drawing(OBJECT + RESULT + body, message("m", None)))
    play.deliver("h_start", told=7)
    assert play.incidents == {"h": "data-input-missing"}

    play.resume("h", order=1)

    assert (play.step.ended, play.variables["result"]) == ("completed", 7)
