"""Sub-processes and called processes: scopes, variables, errors, cancelling."""

from engine import bpmn
from engine.bpmn import steps
from tests.engine.bpmn.drawing import (
    END,
    START,
    Play,
    boundary,
    drawing,
    element,
    error,
    error_event,
    extensions,
    flows,
    mapping,
    program,
    script,
    service,
    timer,
    user,
)


def sub(key: str, inner: str, *more: str) -> str:
    return f'<subProcess id="{key}" name="{key}">{extensions(*more)}{inner}</subProcess>'


def inner(*parts: str, lines: tuple[str, ...] = ()) -> str:
    return '<startEvent id="in"/>' + "".join(parts) + '<endEvent id="out"/>' + flows(*lines)


def test_a_sub_process_runs_its_own_scope_and_then_goes_on():
    body = START + sub("s", inner(user("a"), user("b"), lines=("in a b out",))) + user("after") + END
    play = Play(drawing(body + flows("start s after end")))

    play.complete("a")
    play.complete("b", x=1)

    assert play.waits == ["after"]
    assert play.variables == {"x": 1}
    assert [fact.outcome for fact in play.all(steps.ScopeClosed)] == ["completed"]


def test_input_mapping_of_a_sub_process_is_local_and_output_mapping_brings_results_out():
    inside = inner(script("calc", "base * 2", "result"), user("look"), lines=("in calc look out",))
    body = START + sub("s", inside, mapping(in_base="= n", in_result="= 0", out_total="= result + base")) + user("t")
    play = Play(drawing(body + flows("start s t")), {"n": 5})
    scope = play.state.tokens[play.token("look")].scope.id

    assert bpmn.variables(play.state, scope) == {"n": 5, "base": 5, "result": 10}
    assert play.variables == {"n": 5}

    play.complete("look")
    assert play.variables == {"n": 5, "total": 15}


def test_a_sub_process_without_start_event_starts_every_node_that_no_flow_reaches():
    body = START + sub("s", user("a") + user("b")) + END
    play = Play(drawing(body + flows("start s end")))
    assert play.waits == ["a", "b"]

    play.complete("a")
    play.complete("b")

    assert play.step.ended == "completed"


def test_a_boundary_timer_of_a_sub_process_cancels_everything_inside_innermost_first():
    deep = sub("s2", '<startEvent id="in2"/>' + user("deep") + flows("in2 deep"))
    body = START + sub("s", inner(user("a"), deep, lines=("in a", "in s2"))) + boundary("b", "s", timer("P1D"))
    body += user("late") + END
    play = Play(drawing(body + flows("start s end", "b late")))
    assert play.waits == ["a", "b", "deep"]

    play.elapse("b")

    assert play.waits == ["late"]
    closed = [fact.node for fact in play.step.closed]
    assert closed.index("deep") < closed.index("a")
    assert len(play.state.scopes) == 1


def test_an_error_is_caught_at_the_innermost_boundary_that_fits():
    failing = sub("s2", '<startEvent id="in2"/>' + service("pay") + flows("in2 pay"))
    body = START + sub("s", inner(failing, user("beside"), lines=("in s2", "in beside")))
    body += boundary("b", "s", error_event("E1")) + user("repair") + END
    play = Play(drawing(body + flows("start s end", "b repair"), error("E1")))

    play.throw("pay", "E1", why="closed")

    assert (play.waits, play.variables) == (["repair"], {"why": "closed"})
    assert {fact.node: fact.outcome for fact in play.step.closed} == {"pay": "cancelled", "beside": "cancelled"}


def test_an_error_end_event_leaves_its_sub_process_by_the_boundary():
    inside = (
        '<startEvent id="in"/>' + user("a") + f'<endEvent id="bad">{error_event("E1")}</endEvent>' + flows("in a bad")
    )
    body = START + sub("s", inside) + boundary("b", "s", error_event("E1")) + user("repair")
    play = Play(drawing(body + flows("start s", "b repair"), error("E1")))

    play.complete("a")

    assert play.waits == ["repair"]


def test_terminate_in_a_sub_process_completes_that_sub_process_only():
    stop = '<endEvent id="stop"><terminateEventDefinition/></endEvent>'
    inside = '<startEvent id="in"/>' + user("a") + user("b") + stop + flows("in a stop", "in b")
    play = Play(drawing(START + sub("s", inside) + user("after") + flows("start s after")))

    play.complete("a")

    assert play.waits == ["after"]
    assert play.step.closed[-1].node == "b"


def test_a_sub_process_in_a_loop_gets_a_new_scope_each_round():
    body = START + '<exclusiveGateway id="m"/>' + sub("s", inner(user("a"), lines=("in a out",)))
    body += '<exclusiveGateway id="g" default="g_end"/>' + END
    play = Play(drawing(body + flows("start m s g end", "g m ? again")))

    play.complete("a", again=True)
    play.complete("a", again=False)

    assert play.step.ended == "completed"
    assert len({fact.scope for fact in play.all(steps.ScopeOpened)}) == 2


# ---------------------------------------------------------------- calls


def call(process_id: str = "child", *more: str, binding: str = "latest", down: str = "false", up: str = "true") -> str:
    called = (
        f'<zeebe:calledElement processId="{process_id}" bindingType="{binding}" propagateAllParentVariables="{down}"'
        f' propagateAllChildVariables="{up}"/>'
    )
    return element("callActivity", "call", called, *more)


def parent(*more: str, **options: str) -> bytes:
    return drawing(START + call("child", *more, **options) + user("after") + END + flows("start call after end"))


CHILD = drawing(START + user("work") + END + flows("start work end"), process_id="child")


def test_a_called_process_is_a_scope_of_the_caller_that_sees_nothing_but_its_inputs():
    play = Play(parent(mapping(in_n="= amount")), {"amount": 5, "secret": 1}, others={"child": program(CHILD)})
    scope = play.state.tokens[play.token("work")].scope

    assert bpmn.variables(play.state, scope.id) == {"n": 5}
    assert (scope.kind, scope.definition_id) == ("call", "child")

    play.complete("work", result=7)
    assert (play.waits, play.variables) == (["after"], {"amount": 5, "secret": 1, "n": 5, "result": 7})


def test_propagation_and_output_mapping_of_a_call_are_as_drawn():
    child = {"child": program(CHILD)}

    everything = Play(parent(down="true", up="false"), {"a": 1}, others=child)
    scope = everything.state.tokens[everything.token("work")].scope.id
    assert bpmn.variables(everything.state, scope) == {"a": 1}
    everything.complete("work", result=7)
    assert everything.variables == {"a": 1}

    mapped = Play(parent(mapping(out_total="= result + 1")), {"a": 1}, others=child)
    mapped.complete("work", result=7)
    assert mapped.variables == {"a": 1, "total": 8}


def test_approval_facts_of_a_called_process_stay_inside_it():
    play = Play(parent(), others={"child": program(CHILD)})

    play.complete("work", {"outcome": "agree"})

    assert bpmn.approvals(play.state) == {}


def test_a_pinned_call_runs_what_was_bound_and_a_process_may_call_itself():
    child = program(CHILD)
    compiled = program(parent(binding="deployment"))
    assert compiled.calls() == (bpmn.Reference("call", "child", "deployment", None),)
    assert Play(compiled).incidents == {"call": "called-process-unbound"}

    bound = compiled.bind(programs={"child": ("child v1", child)})
    play = Play(bound, others={"child v1": child})
    assert play.waits == ["work"]
    assert play.state.tokens[play.token("work")].scope.definition_id == "child v1"

    body = (
        START + '<exclusiveGateway id="g" default="g_end"/>' + call("p", mapping(in_n="= n - 1"), binding="deployment")
    )
    recursive = Play(drawing(body + END + flows("start g end", "g call ? n > 0", "call end")), {"n": 3})
    assert recursive.step.ended == "completed"
    assert len(recursive.all(steps.ScopeOpened)) == 3


def test_calls_deeper_than_the_limit_are_an_incident():
    endless = program(drawing(START + call("p", binding="deployment") + END + flows("start call end")))

    play = Play(endless)

    assert play.incidents == {"call": "call-depth"}
    assert len(play.state.scopes) == 51
    play.cancel()
    assert len(play.state.scopes) == 1


def test_a_called_process_that_is_not_deployed_is_an_incident_until_it_is():
    play = Play(parent())
    assert play.incidents == {"call": "called-process-missing"}

    play.programs["child"] = program(CHILD)
    play.resume("call")

    assert play.waits == ["work"]


def test_an_error_crosses_the_border_of_a_call():
    failing = drawing(START + service("pay") + END + flows("start pay end"), process_id="child")
    body = START + call() + boundary("b", "call", error_event("E1")) + user("repair") + END
    play = Play(drawing(body + flows("start call end", "b repair"), error("E1")), others={"child": program(failing)})

    play.throw("pay", "E1")

    assert (play.waits, len(play.state.scopes)) == (["repair"], 1)


def test_terminate_in_a_called_process_completes_the_call():
    stop = drawing(
        START + '<endEvent id="stop"><terminateEventDefinition/></endEvent>' + flows("start stop"), process_id="child"
    )

    play = Play(parent(), others={"child": program(stop)})

    assert play.waits == ["after"]


def test_markers_show_where_an_instance_stands_and_what_is_stuck():
    body = START + '<parallelGateway id="f"/>' + sub("s", inner(user("a"), lines=("in a out",))) + service("job")
    body += boundary("b", "s", timer("P1D")) + user("late") + '<parallelGateway id="j"/>' + user("x") + END
    play = Play(drawing(body + flows("start f s j end", "f job", "b late", "f x j")))
    play.fail("job")
    play.complete("x")

    assert bpmn.markers(play.state) == {"s": "active", "a": "active", "job": "incident", "j": "active"}


def test_ninety_nested_sub_processes_run_and_are_cancelled():
    body = user("deep") + '<startEvent id="in"/><endEvent id="out"/>' + flows("in deep out")
    for level in range(90):
        body = sub(f"s{level}", body)
    nested = drawing(START + body + END + flows("start s89 end"))

    play = Play(nested)
    assert len(play.state.scopes) == 91
    play.complete("deep")
    assert play.step.ended == "completed"

    cancelled = Play(nested)
    cancelled.cancel()
    assert len(cancelled.all(steps.ScopeClosed)) == 90
