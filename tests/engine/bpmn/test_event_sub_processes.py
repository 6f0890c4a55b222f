"""Event sub-processes: armed before their scope runs, in its place or beside it, at every level (13.5.4)."""

from datetime import timedelta

from engine import bpmn
from engine.bpmn import steps
from tests.engine.bpmn.drawing import (
    END,
    START,
    Play,
    drawing,
    element,
    error,
    error_event,
    errors,
    extensions,
    flows,
    mapping,
    message,
    message_event,
    program,
    service,
    timer,
    user,
)


def handler(
    key: str, trigger: str, body: str = "", lines: str = "", *more: str, interrupting: bool = True, start: str = ""
) -> str:
    """An event sub-process: start `<key>_start` -> `lines` (default: straight to an end)."""
    return (
        f'<subProcess id="{key}" name="{key}" triggeredByEvent="true">{"".join(more)}'
        f'<startEvent id="{key}_start" name="{key}_start" isInterrupting="{str(interrupting).lower()}">{start}{trigger}'
        f'</startEvent>{body}<endEvent id="{key}_end" name="{key}_end"/>{flows(lines or f"{key}_start {key}_end")}'
        "</subProcess>"
    )


def with_task(key: str, trigger: str, task: str, **options: bool) -> str:
    return handler(key, trigger, user(task), f"{key}_start {task} {key}_end", **options)


def case(*handlers: str, roots: str = "") -> bytes:
    """A task to approve, beside `handlers`."""
    return drawing(START + user("approve") + END + flows("start approve end") + "".join(handlers), roots)


def test_interrupting_event_sub_process_takes_the_place_of_its_process():
    play = Play(case(with_task("cancelled", message_event("cancel"), "tidy"), roots=message("cancel")), {"order": 1})
    assert play.waits == ["approve", "cancelled_start"]

    play.deliver("cancelled_start", reason="late")

    assert play.waits == ["tidy"]
    assert play.all(steps.NodeLeft)[-1].outcome == "completed"
    assert [(fact.node, fact.outcome) for fact in play.all(steps.WorkClosed)] == [("approve", "cancelled")]
    play.complete("tidy")
    assert play.step.ended == "completed"
    assert "end" not in play.path
    assert "cancelled" in play.path


def test_non_interrupting_event_sub_process_runs_beside_and_again():
    play = Play(
        case(with_task("asked", message_event("ask"), "reply", interrupting=False), roots=message("ask")), {"order": 1}
    )

    play.deliver("asked_start", question="how much")
    play.deliver("asked_start", question="when")

    assert play.waits == ["approve", "asked_start", "reply", "reply"]
    replies = [token for token in play.state.tokens.values() if token.node.id == "reply"]
    assert [bpmn.variables(play.state, token.scope.id)["question"] for token in replies] == ["how much", "when"]
    play.complete("approve")
    assert play.step.ended is None
    play.complete("reply")
    play.complete("reply")
    assert play.step.ended == "completed"


def test_an_armed_trigger_keeps_nothing_alive():
    play = Play(case(handler("late", timer("P1D")), roots=message("ask")))

    play.complete("approve")

    assert play.step.ended == "completed"
    assert [fact.outcome for fact in play.all(steps.TimerDisarmed)] == ["cancelled"]


def test_timer_cycle_fires_beside_until_it_is_exhausted():
    play = Play(
        case(with_task("nag", "<timerEventDefinition><timeCycle>R2/PT1H</timeCycle></timerEventDefinition>", "call",
                       interrupting=False))
    )  # fmt: skip

    play.elapse("nag_start")
    play.elapse("nag_start")

    assert play.waits == ["approve", "call", "call"]


def test_sub_process_goes_on_after_its_interrupting_event_sub_process():
    inner = (
        element("startEvent", "s") + user("pick") + element("endEvent", "e") + flows("s pick e")
        + with_task("late", timer("PT1H"), "ask_for_help")
    )  # fmt: skip
    play = Play(
        drawing(START + f'<subProcess id="pack">{inner}</subProcess>' + user("ship") + END
                + flows("start pack ship end"))
    )  # fmt: skip
    assert play.waits == ["late_start", "pick"]

    play.elapse("late_start")
    assert play.waits == ["ask_for_help"]
    play.complete("ask_for_help")

    assert play.waits == ["ship"]


def test_error_is_caught_by_the_event_sub_process_before_the_boundary_event():
    inner = (
        element("startEvent", "s") + service("pay") + element("endEvent", "e") + flows("s pay e")
        + with_task("refused", error_event("NO_MONEY"), "ask")
    )  # fmt: skip
    body = (
        START + f'<subProcess id="pack">{inner}</subProcess>' + END
        + f'<boundaryEvent id="outer" attachedToRef="pack">{error_event(None)}</boundaryEvent>'
        + element("endEvent", "lost") + flows("start pack end", "outer lost")
    )  # fmt: skip
    play = Play(drawing(body, error("NO_MONEY") + error("OTHER")))

    play.throw("pay", "NO_MONEY", missing=12)
    assert play.waits == ["ask"]
    assert play.all(steps.ErrorThrown)[0].caught_by == "refused_start"
    token = play.state.tokens[play.token("ask")]
    assert bpmn.variables(play.state, token.scope.id)["missing"] == 12
    assert "missing" not in play.variables

    other = Play(drawing(body, error("NO_MONEY") + error("OTHER")))
    other.throw("pay", "OTHER")
    assert other.all(steps.ErrorThrown)[0].caught_by == "outer"
    assert other.step.ended == "completed"


def test_error_end_of_a_handler_is_searched_from_the_parent_of_its_scope():
    inner = (
        element("startEvent", "s") + service("pay") + element("endEvent", "e") + flows("s pay e")
        + f'<subProcess id="refused" triggeredByEvent="true"><startEvent id="rs">{error_event("A")}</startEvent>'
        + f'<endEvent id="re">{error_event("A")}</endEvent>{flows("rs re")}</subProcess>'
    )  # fmt: skip
    play = Play(
        drawing(
            START + f'<subProcess id="pack">{inner}</subProcess>' + END + element("endEvent", "undone")
            + f'<boundaryEvent id="outer" attachedToRef="pack">{error_event("A")}</boundaryEvent>'
            + flows("start pack end", "outer undone"),
            error("A"),
        )
    )  # fmt: skip

    play.throw("pay", "A")

    assert [fact.caught_by for fact in play.all(steps.ErrorThrown)] == ["rs", "outer"]
    assert play.path[-1] == "undone"


def test_trigger_of_a_called_process_is_armed_and_sees_its_variables():
    called = drawing(
        START + user("inside") + END + flows("start inside end")
        + with_task("halt", message_event("stop"), "tidy"), message("stop"), "callee",
    )  # fmt: skip
    calling = drawing(
        START + element("callActivity", "call", '<zeebe:calledElement processId="callee"/>') + END
        + flows("start call end")
    )  # fmt: skip
    play = Play(calling, {"order": 7}, others={"callee": program(called)})

    assert [fact.key for fact in play.all(steps.SubscriptionOpened)] == ["7"]
    play.deliver("halt_start")
    play.complete("tidy")
    assert play.step.ended == "completed"


def test_variables_of_a_message_start_are_there_when_the_event_sub_process_is_armed():
    body = (
        f'<startEvent id="begin">{message_event("new")}</startEvent>' + user("approve") + END
        + flows("begin approve end") + handler("halt", message_event("stop"))
    )  # fmt: skip
    play = Play(drawing(body, message("new", None) + message("stop")), start="begin", trigger={"order": "A1"})

    assert [fact.key for fact in play.all(steps.SubscriptionOpened)] == ['"A1"']


def test_scope_does_not_begin_before_its_event_sub_process_can_be_armed():
    play = Play(case(handler("halt", message_event("stop")), roots=message("stop")))
    assert play.incidents == {"halt_start": "correlation-key-null"}
    assert play.path == []

    play.resume("halt_start", order=3)

    assert play.waits == ["approve", "halt_start"]


def test_mapping_of_the_start_event_and_of_the_event_sub_process():
    play = Play(
        case(
            handler(
                "told", message_event("tell"), user("note"), "told_start note told_end",
                extensions(mapping(in_kind='= "phone"', out_said="= words + kind")),
                start=extensions(mapping(out_words="= text")),
            ),
            roots=message("tell"),
        ),
        {"order": 1},
    )  # fmt: skip

    play.deliver("told_start", text="yes ", noise=1)
    token = play.state.tokens[play.token("note")]
    assert token.scope.vars == {"kind": "phone", "words": "yes "}
    play.complete("note")

    assert play.step.ended == "completed"
    assert play.variables == {"order": 1, "said": "yes phone"}


def test_process_ends_where_the_handler_that_took_its_place_ends():
    play = Play(case(handler("late", timer("P1D")), handler("asked", message_event("ask"), interrupting=False),
                     roots=message("ask")), {"order": 1})  # fmt: skip
    play.deliver("asked_start")

    play.elapse("late_start")

    assert play.all(steps.InstanceEnded)[0].node == "late_end"
    normal = Play(case(handler("late", timer("P1D"))))
    normal.complete("approve")
    assert normal.all(steps.InstanceEnded)[0].node == "end"


def test_nested_handlers_are_armed_when_the_outer_one_begins():
    inner = with_task("worse", timer("PT1H"), "escalate")
    play = Play(case(handler("late", timer("P1D"), user("chase") + inner, "late_start chase late_end")))

    play.elapse("late_start")
    assert play.waits == ["chase", "worse_start"]
    play.elapse("worse_start", timedelta())

    assert play.waits == ["escalate"]


def test_event_sub_process_that_cannot_work_is_refused():
    none = '<subProcess id="h" triggeredByEvent="true"><startEvent id="hs"/><endEvent id="he"/></subProcess>'
    assert errors(case(none))["event-position"] == "hs"
    two = (
        f'<subProcess id="h" triggeredByEvent="true"><startEvent id="a">{timer("P1D")}</startEvent>'
        f'<startEvent id="b">{timer("P2D")}</startEvent></subProcess>'
    )
    assert errors(case(two))["event-sub-process-start"] == "h"
    lone = handler("h", timer("P1D"))
    assert errors(case(lone, flows("approve h")))["event-sub-process-flow"] == "h"
    attached = f'<boundaryEvent id="b" attachedToRef="h">{timer("P1D")}</boundaryEvent>'
    assert errors(case(lone, attached))["event-sub-process-boundary"] == "h"
    beside = handler("h", error_event("A"), interrupting=False)
    assert errors(case(beside, roots=error("A")))["error-not-interrupting"] == "h_start"
