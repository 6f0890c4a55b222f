# ruff: noqa: E501 - drawings read better in one line
"""Compensation and transactions: what has completed is undone, newest first."""

import re
from functools import partial

import pytest

from engine import bpmn
from engine.bpmn import steps
from tests.counting import lines
from tests.engine.bpmn.drawing import (
    END,
    MONDAY,
    START,
    Play,
    boundary,
    catch,
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
from tests.engine.bpmn.drawing import drawing as drawn
from tests.engine.bpmn.test_loops import marked, multiple, standard


def drawing(body: str, *roots: str, **more: str) -> bytes:
    """As elsewhere; the schema wants associations behind the flows."""
    associations = "".join(re.findall("<association[^>]*/>", body))
    return drawn(re.sub("<association[^>]*/>", "", body) + associations, *roots, **more)


COMPENSATE = "<compensateEventDefinition/>"


def undoing(activity: str) -> str:
    """The same activity, for compensation."""
    head, _, rest = activity.partition(" id=")
    return f'{head} isForCompensation="true" id={rest}'


def undone_by(key: str, handler: str) -> str:
    """A compensation boundary event on `key` and its association with `handler`, an activity drawn elsewhere."""
    return boundary(f"b_{key}", key, COMPENSATE) + (
        f'<association id="link_{key}" associationDirection="One" sourceRef="b_{key}" targetRef="{handler}"/>'
    )


def undoable(*keys: str) -> str:
    """Service tasks, each with a service task `undo_<key>` that undoes it."""
    return "".join(
        service(key) + undoing(service(f"undo_{key}")) + undone_by(key, f"undo_{key}") for key in keys
    )  # fmt: skip


def throwing(key: str, ref: str | None = None, wait: bool = True) -> str:
    attributes = f' activityRef="{ref}"' if ref else ""
    attributes += "" if wait else ' waitForCompletion="false"'
    return f'<intermediateThrowEvent id="{key}"><compensateEventDefinition{attributes}/></intermediateThrowEvent>'


def ending(key: str = "end", ref: str | None = None) -> str:
    attributes = f' activityRef="{ref}"' if ref else ""
    return f'<endEvent id="{key}"><compensateEventDefinition{attributes}/></endEvent>'


def phases(play: Play) -> list[str]:
    """What compensation did, without what was only logged."""
    return [f"{fact.node} {fact.phase}" for fact in play.all(steps.Compensated) if fact.phase != "logged"]


def sub(key: str, inner: str, *lines: str, kind: str = "subProcess", more: str = "") -> str:
    return f'<{kind} id="{key}">{more}<startEvent id="in_{key}"/>{inner}{flows(*lines)}</{kind}>'


# ---------------------------------------------------------------- handlers


def test_reserve_ship_capture_fails_then_cancel_the_shipment_and_release_the_stock_in_this_order():
    body = (
        START
        + undoable("reserve", "ship")
        + service("capture")
        + boundary("failed", "capture", error_event("NO_MONEY"))
    )
    body += '<endEvent id="paid"/>' + ending()
    play = Play(drawing(body + flows("start reserve ship capture paid", "failed end"), error("NO_MONEY")))
    play.complete("reserve")
    play.complete("ship")

    play.throw("capture", "NO_MONEY")
    assert play.waits == ["undo_ship"]
    play.complete("undo_ship")
    assert play.waits == ["undo_reserve"]
    play.complete("undo_reserve")

    assert play.step.ended == "completed"
    assert [fact.node for fact in play.all(steps.JobOpened)] == [
        "reserve",
        "ship",
        "capture",
        "undo_ship",
        "undo_reserve",
    ]


def test_only_what_has_completed_is_compensated():
    body = START + '<parallelGateway id="g"/>' + undoable("a", "b") + user("u") + throwing("t") + user("last") + END
    play = Play(drawing(body + flows("start g", "g a u t last", "g b end")))
    play.complete("a")
    play.complete("u")

    assert play.waits == ["b", "undo_a"]
    play.complete("undo_a")
    assert play.waits == ["b", "last"], "the running activity goes on"


def test_a_compensation_with_nothing_to_undo_goes_on():
    body = START + undoable("a") + throwing("t") + user("u") + END
    play = Play(drawing(body + flows("start t u end", "a end")))
    assert play.waits == ["a", "u"] or play.waits == ["u"]
    assert phases(play) == []


def test_a_handler_runs_once_for_each_completion_and_never_twice():
    body = START + '<exclusiveGateway id="m"/>' + undoable("a") + '<exclusiveGateway id="g" default="g_t"/>'
    body += throwing("t") + throwing("again") + END
    play = Play(drawing(body + flows("start m a g t again end", "g m ? more")))
    play.complete("a", more=True)
    play.complete("a", more=False)

    play.complete("undo_a")
    play.complete("undo_a")

    assert play.step.ended == "completed"
    assert phases(play) == ["a started", "a ended"] * 2


def test_activity_ref_undoes_that_activity_only():
    body = START + undoable("a", "b") + throwing("t", ref="a") + user("u") + END
    play = Play(drawing(body + flows("start a b t u end")))
    play.complete("a")
    play.complete("b")
    assert play.waits == ["undo_a"]
    play.complete("undo_a")
    assert play.waits == ["u"]


def test_without_waiting_the_thrower_goes_on_at_once():
    body = START + undoable("a", "b") + throwing("t", wait=False) + user("u") + END
    play = Play(drawing(body + flows("start a b t u end")))
    play.complete("a")
    play.complete("b")

    assert play.waits == ["u", "undo_b"]
    play.complete("u")
    assert play.step.ended is None
    play.complete("undo_b")
    play.complete("undo_a")
    assert play.step.ended == "completed"


def test_an_interrupted_activity_is_not_compensated():
    body = START + undoable("a") + boundary("late", "a", timer("P1D")) + throwing("t") + user("u") + END
    play = Play(drawing(body + flows("start a end", "late t u")))
    play.elapse("late")
    assert play.waits == ["u"]
    assert play.all(steps.Compensated) == []


@pytest.mark.parametrize("kind", ["scriptTask", "manualTask", "userTask", "receiveTask", "sendTask", "businessRule"])
def test_every_kind_of_activity_can_be_compensated(kind):
    activity = {
        "scriptTask": script("a", "1", "x"), "manualTask": '<manualTask id="a"/>', "userTask": user("a"),
        "receiveTask": '<receiveTask id="a" messageRef="m"/>', "sendTask": '<sendTask id="a" messageRef="m"/>',
        "businessRule": f'<businessRuleTask id="a">{extensions("<zeebe:taskDefinition type=&quot;x&quot;/>".replace("&quot;", chr(34)))}</businessRuleTask>',
    }[kind]  # fmt: skip
    body = START + activity + undone_by("a", "undo") + undoing(user("undo")) + ending()
    play = Play(drawing(body + flows("start a end"), message("m", "= 1")))
    for node in play.waits:
        if node == "a" and kind == "receiveTask":
            play.deliver(node)
        elif node == "a":
            play.complete(node)
    assert play.waits == ["undo"]


def test_a_handler_can_be_a_whole_sub_process_with_variables_of_the_scope():
    handler = undoing(sub("undo", script("x", "a + 1", "a") + user("look"), "in_undo x look"))
    body = START + script("a", "41", "a") + undone_by("a", "undo") + handler + ending()
    play = Play(drawing(body + flows("start a end")))
    assert play.variables == {"a": 42}
    play.complete("look")
    assert play.step.ended == "completed"


def test_an_error_of_a_handler_is_searched_from_the_throw_event():
    inner = undoable("a") + throwing("t") + flows("in_s a t")
    body = (
        START + f'<subProcess id="s"><startEvent id="in_s"/>{inner}</subProcess>' + boundary("b", "s", error_event("E"))
    )
    body += user("u") + END
    play = Play(drawing(body + flows("start s end", "b u"), error("E")))
    play.complete("a")

    play.throw("undo_a", "E")
    assert play.waits == ["u"]


def test_a_technical_failure_of_a_handler_is_an_incident_and_resuming_goes_on_with_the_rest():
    play = Play(drawing(START + undoable("a", "b") + ending() + flows("start a b end")))
    play.complete("a")
    play.complete("b")
    play.fail("undo_b", "printer-on-fire")
    assert play.incidents == {"undo_b": "printer-on-fire"}

    play.resume("undo_b")
    play.complete("undo_b")
    play.complete("undo_a")
    assert play.step.ended == "completed"


def test_instances_are_undone_in_reverse_with_their_own_elements():
    marker = multiple(inputCollection="= items", inputElement="item")
    undo = undoing(service("undo", in_what="= item", in_which="= loopCounter"))
    body = START + marked(service("a"), marker) + undone_by("a", "undo") + undo + ending()
    play = Play(drawing(body + flows("start a end")), {"items": ["x", "y", "z"]})
    for index in (2, 3, 1):
        play.complete_turn("a", index)

    for _ in range(3):
        play.complete("undo")
    jobs = [fact.inputs for fact in play.all(steps.JobOpened) if fact.node == "undo"]
    assert [(job["what"], job["which"]) for job in jobs] == [("x", 1), ("z", 3), ("y", 2)]


def test_rounds_of_a_loop_are_undone_one_by_one():
    body = (
        START
        + marked(service("a"), standard(loopMaximum="2"))
        + undone_by("a", "undo")
        + undoing(service("undo"))
        + ending()
    )
    play = Play(drawing(body + flows("start a end")))
    play.complete("a")
    play.complete("a")
    play.complete("undo")
    play.complete("undo")
    assert play.step.ended == "completed"


def test_a_handler_with_a_loop_marker_runs_all_of_its_rounds():
    body = (
        START
        + service("a")
        + undone_by("a", "undo")
        + undoing(marked(service("undo"), standard(loopMaximum="2")))
        + ending()
    )
    play = Play(drawing(body + flows("start a end")))
    play.complete("a")
    play.complete("undo")
    play.complete("undo")
    assert play.step.ended == "completed"


def test_cancelling_an_instance_that_compensates_closes_everything():
    play = Play(drawing(START + undoable("a") + ending() + flows("start a end")))
    play.complete("a")
    play.cancel()
    assert play.step.ended == "cancelled"


# ---------------------------------------------------------------- scopes


def test_a_sub_process_without_a_handler_is_undone_from_its_own_log_with_its_own_variables():
    inner = script("x", '"kept"', "mine", out_mine="= mine") + undoable("a", "b")
    more = extensions(mapping(in_mine="= null", out_done="= true"))
    body = START + sub("s", inner, "in_s x a b", more=more) + user("u") + ending()
    play = Play(drawing(body + flows("start s u end")))
    play.complete("a")
    play.complete("b")
    assert play.variables == {"done": True}
    play.complete("u")

    assert play.waits == ["undo_b"]
    scope = play.state.tokens[play.token("undo_b")].scope.id
    assert bpmn.variables(play.state, scope) == {"done": True, "mine": "kept"}
    play.complete("undo_b", mine="changed", note="told")
    play.complete("undo_a")
    assert play.step.ended == "completed"
    assert play.variables == {"done": True, "note": "told"}, "the snapshot does not flow back, other writes do"


def test_a_compensation_event_sub_process_undoes_its_scope_in_its_own_way():
    handler = (
        '<subProcess id="h" triggeredByEvent="true"><startEvent id="h_in">' + COMPENSATE + "</startEvent>"
        + user("ask") + throwing("rest") + flows("h_in ask rest") + "</subProcess>"
    )  # fmt: skip
    body = START + sub("s", undoable("a") + handler, "in_s a") + throwing("t") + user("u") + END
    play = Play(drawing(body + flows("start s t u end")))
    play.complete("a")

    assert play.waits == ["ask"], "the log of the scope is not undone by itself"
    play.complete("ask")
    assert play.waits == ["undo_a"], "the event sub-process asks for it"
    play.complete("undo_a")
    assert play.waits == ["u"]


def test_a_compensation_event_sub_process_is_not_started_while_its_scope_runs():
    handler = (
        '<subProcess id="h" triggeredByEvent="true"><startEvent id="h_in">'
        + COMPENSATE
        + "</startEvent>"
        + user("ask")
        + flows("h_in ask")
        + "</subProcess>"
    )
    body = START + sub("s", user("w") + handler, "in_s w") + END
    play = Play(drawing(body + flows("start s end")))
    assert play.waits == ["w"]
    play.complete("w")
    assert play.step.ended == "completed"


def test_the_boundary_handler_of_a_sub_process_comes_before_its_own_log():
    body = START + sub("s", undoable("a"), "in_s a") + undone_by("s", "undo") + undoing(user("undo")) + ending()
    play = Play(drawing(body + flows("start s end")))
    play.complete("a")
    assert play.waits == ["undo"]


def test_a_called_process_is_undone_from_its_own_log():
    called = program(drawing(START + undoable("a") + END + flows("start a end"), process_id="q"))
    call = f'<callActivity id="c">{extensions("<zeebe:calledElement processId=&quot;q&quot; propagateAllParentVariables=&quot;false&quot;/>".replace("&quot;", chr(34)), mapping(in_n="= 5"))}</callActivity>'
    body = START + call + user("u") + ending()
    play = Play(drawing(body + flows("start c u end")), others={"q": called})
    play.complete("a")
    play.complete("u")

    scope = play.state.tokens[play.token("undo_a")].scope
    assert bpmn.variables(play.state, scope.id) == {"n": 5}
    play.complete("undo_a")
    assert play.step.ended == "completed"


def test_an_event_sub_process_compensates_the_scope_around_it():
    handler = (
        '<subProcess id="h" triggeredByEvent="true"><startEvent id="h_in">' + error_event("E") + "</startEvent>"
        + throwing("t") + user("ask") + flows("h_in t ask") + "</subProcess>"
    )  # fmt: skip
    body = START + undoable("a") + service("b") + handler + END
    play = Play(drawing(body + flows("start a b end"), error("E")))
    play.complete("a")
    play.throw("b", "E")
    assert play.waits == ["undo_a"]
    play.complete("undo_a")
    assert play.waits == ["ask"]


def test_an_administrator_can_compensate_beside_everything_that_runs():
    play = Play(drawing(START + undoable("a", "b") + user("u") + END + flows("start a b u end")))
    play.complete("a")
    play.complete("b")

    play.compensate(activity="a")
    assert play.waits == ["u", "undo_a"]
    play.complete("undo_a")
    assert play.waits == ["u"]

    assert play.compensate(activity="a").stale
    play.compensate()
    assert play.waits == ["u", "undo_b"]


# ---------------------------------------------------------------- transactions


def booking(inner_end: str = "<cancelEventDefinition/>") -> bytes:
    inner = undoable("a", "b") + user("decide") + '<exclusiveGateway id="g" default="g_ok"/><endEvent id="ok"/>'
    inner += f'<endEvent id="no">{inner_end}</endEvent>' + flows("in_t a b decide g", "g no ? refused", "g ok")
    body = START + sub("t", inner, kind="transaction") + boundary("cancelled", "t", "<cancelEventDefinition/>")
    body += boundary("failed", "t", error_event("E")) + user("after") + user("sorry") + user("broken") + END
    return drawing(body + flows("start t after end", "cancelled sorry", "failed broken"), error("E"))


def test_a_transaction_that_completes_goes_on_like_a_sub_process():
    play = Play(booking())
    play.complete("a")
    play.complete("b")
    play.complete("decide", refused=False)
    assert play.waits == ["after"]


def test_a_cancelled_transaction_undoes_its_work_and_leaves_by_its_cancel_event():
    play = Play(booking())
    play.complete("a")
    play.complete("b")
    play.complete("decide", refused=True)

    play.complete("undo_b")
    play.complete("undo_a")
    assert play.waits == ["sorry"]
    assert [scope.kind for scope in play.state.scopes.values()] == ["process"]


def test_an_error_leaves_a_transaction_without_undoing_anything():
    play = Play(booking(error_event("E")))
    play.complete("a")
    play.complete("b")
    play.complete("decide", refused=True)
    assert play.waits == ["broken"]


@pytest.mark.parametrize("hazard", [True, False])
def test_the_error_of_a_handler_does_not_save_a_cancelled_transaction(hazard):
    """An event sub-process of the transaction would end it as if nothing had been cancelled."""
    saved = '<subProcess id="h" triggeredByEvent="true"><startEvent id="in_h">' + error_event(None)
    saved += "</startEvent>" + user("save") + flows("in_h save") + "</subProcess>"
    inner = undoable("a") + saved + '<endEvent id="no"><cancelEventDefinition/></endEvent>' + flows("in_t a no")
    body = START + sub("t", inner, kind="transaction") + boundary("cancelled", "t", "<cancelEventDefinition/>")
    body += user("sorry") + END + flows("start t end", "cancelled sorry")
    if hazard:
        body += boundary("hazard", "t", error_event(None)) + user("broken") + flows("hazard broken")
    play = Play(drawing(body, error("E")))
    play.complete("a")

    play.throw("undo_a", "E")

    assert play.waits == (["broken"] if hazard else ["undo_a"])
    assert play.incidents == ({} if hazard else {"undo_a": "error-uncaught"})


def test_cancel_stops_what_still_runs_in_the_transaction():
    inner = undoable("a") + user("w") + '<parallelGateway id="g"/><endEvent id="no"><cancelEventDefinition/></endEvent>'
    inner += flows("in_t g", "g w", "g a no")
    body = (
        START
        + sub("t", inner, kind="transaction")
        + boundary("c", "t", "<cancelEventDefinition/>")
        + user("sorry")
        + END
    )
    play = Play(drawing(body + flows("start t end", "c sorry")))
    assert play.waits == ["a", "w"]
    play.complete("a")
    assert play.waits == ["undo_a"]
    assert [fact.outcome for fact in play.all(steps.WorkClosed)] == ["cancelled"]
    play.complete("undo_a")
    assert play.waits == ["sorry"]


def test_a_cancelled_instance_of_a_transaction_leaves_the_whole():
    inner = service("a") + '<endEvent id="no"><cancelEventDefinition/></endEvent>' + flows("in_t a no")
    marker = multiple(inputCollection="= [1, 2]", inputElement="i")
    body = START + f'<transaction id="t">{marker}<startEvent id="in_t"/>{inner}</transaction>'
    body += boundary("c", "t", "<cancelEventDefinition/>") + user("sorry") + END
    play = Play(drawing(body + flows("start t end", "c sorry")))
    play.complete("a")
    assert play.waits == ["sorry"]


def test_a_completed_transaction_can_be_undone_later():
    body = START + sub("t", undoable("a"), "in_t a", kind="transaction") + ending()
    play = Play(drawing(body + flows("start t end")))
    play.complete("a")
    play.complete("undo_a")
    assert play.step.ended == "completed"


# ---------------------------------------------------------------- refused

HANDLER = undoing(user("h"))


@pytest.mark.parametrize(
    ("body", "rule", "element"),
    [
        (user("x") + boundary("b", "x", COMPENSATE), "compensation-handler-missing", "b"),
        (HANDLER, "compensation-handler-unused", "h"),
        (user("x") + undone_by("x", "h") + HANDLER + flows("x h"), "compensation-handler-flow", "h"),
        (user("x") + undone_by("x", "h") + HANDLER + user("y") + flows("b_x y"), "compensation-handler-flow", "b_x"),
        (user("x") + undone_by("x", "h") + HANDLER + boundary("t", "h", timer("P1D")), "compensation-handler-boundary", "h"),
        (user("x") + undone_by("x", "h") + HANDLER + boundary("c", "x", COMPENSATE), "compensation-boundary-second", "x"),
        (throwing("x", ref="nobody"), "compensation-activity-unknown", "x"),
        (user("y") + catch("e", message_event("m")) + throwing("x", ref="e"), "compensation-activity-unknown", "x"),
        (sub("s", user("y")) + throwing("x", ref="y"), "compensation-activity-unknown", "x"),
        ('<subProcess id="s" triggeredByEvent="true"><startEvent id="x">' + COMPENSATE + '</startEvent></subProcess>', "compensation-start-alone", "x"),
        ('<endEvent id="x"><cancelEventDefinition/></endEvent>', "cancel-position", "x"),
        ('<endEvent id="x"><terminateEventDefinition/>' + COMPENSATE + "</endEvent>", "compensation-among-others", "x"),
        (user("y") + boundary("x", "y", "<cancelEventDefinition/>"), "cancel-position", "x"),
        (sub("t", '<endEvent id="x"><cancelEventDefinition/></endEvent>', kind="transaction"), "cancel-boundary-missing", "x"),
        ('<transaction id="x" method="##Store"><task id="y"/></transaction>', "transaction-method", "x"),
        ('<startEvent id="x"><compensateEventDefinition/></startEvent>', "event-position", "x"),
    ],
)  # fmt: skip
def test_compensation_that_could_not_run_as_drawn_is_refused(body, rule, element):
    assert (rule, element) in errors(drawing(START + END + flows("start end") + body, message("m"))).items()


def test_a_second_compensation_event_sub_process_of_a_scope_is_refused():
    handlers = "".join(
        f'<subProcess id="h{n}" triggeredByEvent="true"><startEvent id="x{n}">{COMPENSATE}</startEvent></subProcess>'
        for n in (1, 2)
    )
    assert errors(drawing(START + sub("s", user("y") + handlers) + flows("start s"))) == {
        "compensation-start-second": "x2"
    }


# ---------------------------------------------------------------- stored form and growth


def test_a_log_is_stored_with_the_logs_inside_it():
    called = program(drawing(START + undoable("a") + END + flows("start a end"), process_id="q"))
    call = '<callActivity id="c" calledElement="q"/>'
    inner = sub("s", call + undoable("b"), "in_s c b")
    play = Play(drawing(START + inner + user("u") + ending() + flows("start s u end")), others={"q": called})
    play.complete("a")
    play.complete("b")

    stored = bpmn.dump(play.state)
    assert bpmn.dump(bpmn.load(stored, play.programs.__getitem__)) == stored
    [[_, entry]] = stored["scopes"][0][1]["log"]
    assert (entry["at"], [inner["at"] for _, inner in entry["log"]]) == ("s", ["c", "b"])
    assert entry["log"][0][1]["def"] == "q"


def test_undoing_many_completions_is_linear():
    def cost(count: int) -> int:
        marker = multiple(sequential=True, inputCollection="= items", inputElement="item")
        body = (
            START
            + marked(script("a", "item", "x"), marker)
            + undone_by("a", "undo")
            + undoing(script("undo", "item", "y"))
            + ending()
        )
        ready = program(drawing(body + flows("start a end")))
        steps = []
        begun = partial(bpmn.begin, ready, "d", {"items": list(range(count))}, now=MONDAY, env=bpmn.Env())
        made = lines(lambda: steps.append(begun()))
        assert steps[0].ended == "completed"
        return made

    few, many = cost(50), cost(500)

    assert few > 1_000
    assert many < 11 * few
