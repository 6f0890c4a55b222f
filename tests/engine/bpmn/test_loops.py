# ruff: noqa: E501 - drawings read better in one line
"""Loop markers: multi-instance in parallel and in sequence, standard loops."""

import pytest

from engine import bpmn
from engine.bpmn import steps
from engine.bpmn.machine.loops import INSTANCES_LIMIT
from tests.counting import lines
from tests.engine.bpmn.drawing import (
    END,
    MONDAY,
    START,
    Play,
    boundary,
    drawing,
    error,
    error_event,
    errors,
    escaped,
    extensions,
    flows,
    mapping,
    message,
    program,
    script,
    service,
    timer,
    user,
)


def multiple(inner: str = "", *, sequential: bool = False, done: str = "", **zeebe: str) -> str:
    """A multi-instance marker; `zeebe`: attributes of zeebe:loopCharacteristics."""
    attributes = "".join(f' {name}="{escaped(value)}"' for name, value in zeebe.items())
    given = extensions(f"<zeebe:loopCharacteristics{attributes}/>") if zeebe else ""
    condition = f"<completionCondition>= {escaped(done)}</completionCondition>" if done else ""
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">{given}{inner}{condition}'
        "</multiInstanceLoopCharacteristics>"
    )


def standard(condition: str = "", **attributes: str) -> str:
    written = "".join(f' {name}="{value}"' for name, value in attributes.items())
    inner = f"<loopCondition>= {escaped(condition)}</loopCondition>" if condition else ""
    return f"<standardLoopCharacteristics{written}>{inner}</standardLoopCharacteristics>"


def cardinality(text: str) -> str:
    return f"<loopCardinality>= {escaped(text)}</loopCardinality>"


def marked(activity: str, marker: str) -> str:
    """`activity` with a loop marker, where the schema wants it."""
    head, _, tail = activity.rpartition("</")
    place = head.find("</extensionElements>")
    at = head.index(">") + 1 if place < 0 else place + len("</extensionElements>")
    return f"{head[:at]}{marker}{head[at:]}</{tail}"


def around(activity: str, *more: str, lines: tuple[str, ...] = ("start t end",)) -> bytes:
    return drawing(START + activity + "".join(more) + END + flows(*lines))


OVER_ITEMS = {"inputCollection": "= items", "inputElement": "item"}
COLLECTING = {**OVER_ITEMS, "outputCollection": "results", "outputElement": "= double"}
DOUBLE = script("t", "item * 2", "double")


# ---------------------------------------------------------------- multi-instance, parallel


def test_parallel_multi_instance_opens_one_work_item_for_each_element_at_once():
    play = Play(around(marked(user("t"), multiple(**OVER_ITEMS))), {"items": ["a", "b", "c"]})

    assert play.waits == ["t", "t", "t"]
    seen = {index: play.state.tokens[token].scope.vars for index, token in play.turns("t").items()}
    assert seen == {1: {"item": "a"}, 2: {"item": "b"}, 3: {"item": "c"}}

    play.complete_turn("t", 2)
    play.complete_turn("t", 1)
    assert play.step.ended is None
    play.complete_turn("t", 3)
    assert play.step.ended == "completed"


def test_the_output_collection_has_the_order_of_the_input_and_appears_only_at_the_end():
    collect = {**OVER_ITEMS, "outputCollection": "answers", "outputElement": "= answer"}
    play = Play(around(marked(user("t"), multiple(**collect)), user("u"), lines=("start t u end",)), {"items": [1, 2]})

    play.complete_turn("t", 2, answer="second")
    assert "answers" not in play.variables
    inside = bpmn.variables(play.state, play.state.tokens[play.turns("t")[1]].scope.id)
    assert inside["answers"] == [None, "second"]

    play.complete_turn("t", 1, answer="first")
    assert play.variables == {"items": [1, 2], "answers": ["first", "second"]}


def test_names_of_an_output_element_belong_to_each_instance():
    play = Play(around(marked(DOUBLE, multiple(**COLLECTING))), {"items": [1, 2, 3], "double": "outside"})
    assert play.variables == {"items": [1, 2, 3], "double": "outside", "results": [2, 4, 6]}


def test_input_and_output_mappings_belong_to_each_instance():
    task = service("t", in_amount="= item + loopCounter", out_answer="= given")
    collect = {**OVER_ITEMS, "outputCollection": "answers", "outputElement": "= answer"}
    play = Play(around(marked(task, multiple(**collect))), {"items": [10, 20]})
    assert [fact.inputs for fact in play.all(steps.JobOpened)] == [{"amount": 11}, {"amount": 22}]

    play.complete_turn("t", 1, given="x", other="lost")
    play.complete_turn("t", 2, given="y")

    assert play.variables == {"items": [10, 20], "answers": ["x", "y"]}


def test_a_cardinality_needs_no_collection():
    play = Play(around(marked(user("t"), multiple(cardinality("n + 1")))), {"n": 2})
    assert play.waits == ["t"] * 3


@pytest.mark.parametrize("sequential", [False, True])
def test_nothing_to_go_through_completes_at_once_with_an_empty_list(sequential):
    play = Play(around(marked(DOUBLE, multiple(sequential=sequential, **COLLECTING))), {"items": []})
    assert (play.step.ended, play.variables["results"]) == ("completed", [])


@pytest.mark.parametrize(
    ("given", "code"),
    [(None, "multi-instance-not-a-list"), ({"a": 1}, "multi-instance-not-a-list"), ("x", "multi-instance-not-a-list")],
)
def test_what_is_no_list_is_an_incident_that_can_be_repaired(given, code):
    play = Play(around(marked(DOUBLE, multiple(**COLLECTING))), {"items": given})
    assert play.incidents == {"t": code}

    play.resume("t", items=[4])
    assert (play.step.ended, play.variables["results"]) == ("completed", [8])


@pytest.mark.parametrize("number", ["-1 * 2", "1.5", "null", '"3"', "true", "[50]", "{n: 1}", 'duration("P1D")'])
def test_a_number_of_instances_that_is_no_whole_number_is_an_incident(number):
    play = Play(around(marked(DOUBLE, multiple(cardinality(number)))))
    assert play.incidents == {"t": "multi-instance-not-a-number"}


def test_more_instances_than_the_limit_are_an_incident_before_anything_opens():
    play = Play(around(marked(user("t"), multiple(cardinality(str(INSTANCES_LIMIT + 1))))))
    assert play.incidents == {"t": "multi-instance-limit"}
    assert play.all(steps.WorkOpened) == []


def test_a_completion_condition_sees_the_counters_and_the_values_of_the_instance_that_has_just_ended():
    done = 'answer = "no" or numberOfCompletedInstances / numberOfInstances >= 0.5'
    collect = {**OVER_ITEMS, "outputCollection": "answers", "outputElement": "= answer"}
    play = Play(around(marked(user("t"), multiple(done=done, **collect))), {"items": [1, 2, 3, 4]})

    play.complete_turn("t", 4, answer="yes")
    assert play.step.ended is None
    play.complete_turn("t", 2, answer="yes")

    assert play.step.ended == "completed"
    assert play.variables["answers"] == [None, "yes", None, "yes"]
    assert sorted(fact.outcome for fact in play.all(steps.WorkClosed)) == ["cancelled"] * 2 + ["completed"] * 2


def test_both_spellings_of_every_counter_are_readable_and_count_what_is_over():
    names = ("Instances", "ActiveInstances", "CompletedInstances", "TerminatedInstances")
    seen = ", ".join(f"{prefix}{name}" for prefix in ("nrOf", "numberOf") for name in names)
    task = script("t", f"[loopCounter, {seen}]", "seen")
    collect = {**OVER_ITEMS, "outputCollection": "log", "outputElement": "= seen"}
    play = Play(around(marked(task, multiple(sequential=True, **collect))), {"items": ["a", "b"]})
    assert play.variables["log"] == [[1, *(2, 1, 0, 0) * 2], [2, *(2, 1, 1, 0) * 2]]


def test_a_completion_condition_that_is_no_boolean_is_an_incident_and_counts_nothing_twice():
    play = Play(around(marked(user("t"), multiple(done="enough", **OVER_ITEMS))), {"items": [1, 2]})
    play.complete_turn("t", 1)
    assert list(play.incidents.values()) == ["condition-not-boolean"]

    stuck = next(iter(play.state.incidents))
    play._do(bpmn.resume, stuck, {"enough": False})
    assert play.step.ended is None
    play.complete_turn("t", 2)
    assert play.step.ended == "completed"


def test_boundary_events_belong_to_the_whole_and_cancel_every_instance():
    body = marked(user("t"), multiple(**OVER_ITEMS)) + boundary("late", "t", timer("P1D")) + user("u")
    play = Play(around(body, lines=("start t end", "late u end")), {"items": [1, 2, 3]})
    assert len(play.all(steps.TimerArmed)) == 1
    play.complete_turn("t", 2)

    play.elapse("late")

    assert play.waits == ["u"]
    assert [scope.kind for scope in play.state.scopes.values()] == ["process"]


def test_a_boundary_event_that_does_not_interrupt_leaves_the_instances_alone():
    body = marked(user("t"), multiple(**OVER_ITEMS)) + boundary("late", "t", timer("P1D"), False) + user("u")
    play = Play(around(body, lines=("start t end", "late u")), {"items": [1, 2]})
    play.elapse("late")
    assert play.waits == ["t", "t", "u"]


def test_an_error_of_one_instance_is_caught_at_the_whole():
    body = marked(service("t"), multiple(**OVER_ITEMS)) + boundary("b", "t", error_event("E")) + user("u")
    drawn = drawing(START + body + END + flows("start t end", "b u"), error("E"))
    play = Play(drawn, {"items": [1, 2, 3]})

    play.throw("t", "E")

    assert play.waits == ["u"]
    assert [fact.caught_by for fact in play.all(steps.ErrorThrown)] == ["b"]


def test_an_error_end_inside_an_instance_is_caught_at_the_whole():
    inside = (
        '<startEvent id="in"/><exclusiveGateway id="g" default="g_ok"/><endEvent id="ok"/>'
        f'<endEvent id="bad">{error_event("E")}</endEvent>' + flows("in g", "g bad ? item = 2", "g ok")
    )
    body = f'<subProcess id="t">{multiple(**OVER_ITEMS)}{inside}</subProcess>'
    body += boundary("b", "t", error_event("E")) + user("u")
    play = Play(drawing(START + body + END + flows("start t end", "b u"), error("E")), {"items": [1, 2, 3]})
    assert play.waits == ["u"]


def test_terminate_in_an_instance_ends_that_instance_only():
    inside = (
        '<startEvent id="in"/><exclusiveGateway id="g" default="g_a"/>' + user("a") + user("b")
        + '<endEvent id="stop"><terminateEventDefinition/></endEvent>'
        + flows("in g", "in b", "g stop ? item = 2", "g a")
    )  # fmt: skip
    body = f'<subProcess id="t">{multiple(**OVER_ITEMS)}{inside}</subProcess>'
    play = Play(around(body), {"items": [1, 2, 3]})
    assert play.waits == ["a", "a", "b", "b"]


def test_instances_of_a_sub_process_have_variables_of_their_own():
    inside = '<startEvent id="in"/>' + user("a") + script("s", "item + mine", "sum") + flows("in a s")
    collect = {**OVER_ITEMS, "outputCollection": "sums", "outputElement": "= sum"}
    body = (
        f'<subProcess id="t">{extensions(mapping(in_mine="= item * 10", out_sum="= sum"))}'
        f"{multiple(**collect)}{inside}</subProcess>"
    )
    play = Play(around(body), {"items": [1, 2]})
    play.complete_turn("a", 2)
    play.complete_turn("a", 1)
    assert play.variables == {"items": [1, 2], "sums": [11, 22]}


def test_multi_instance_inside_multi_instance():
    inner = marked(script("x", "i * j", "p"), multiple(
        inputCollection="= [1, 2]", inputElement="j", outputCollection="row", outputElement="= p"))  # fmt: skip
    body = (
        f'<subProcess id="t">{multiple(inputCollection="= [3, 4]", inputElement="i", outputCollection="table", outputElement="= row")}'
        f'<startEvent id="in"/>{inner}{flows("in x")}</subProcess>'
    )
    play = Play(around(body))
    assert play.variables["table"] == [[3, 6], [4, 8]]


def test_a_multi_instance_call_runs_the_called_process_for_each_element():
    called = program(drawing(START + user("a") + END + flows("start a end"), process_id="q"))
    task = f'<callActivity id="t">{extensions(mapping(in_n="= item"), _called("q"))}{multiple(**OVER_ITEMS)}</callActivity>'
    play = Play(around(task), {"items": [5, 6]}, others={"q": called})
    assert [fact.scope_kind for fact in play.all(steps.ScopeOpened)].count("call") == 2
    play.complete("a")
    play.complete("a")
    assert play.step.ended == "completed"


def _called(key: str) -> str:
    return f'<zeebe:calledElement processId="{key}" propagateAllParentVariables="false"/>'


def test_a_receive_task_waits_once_for_each_instance():
    task = '<receiveTask id="t" messageRef="m">' + multiple(**OVER_ITEMS) + "</receiveTask>"
    play = Play(drawing(START + task + END + flows("start t end"), message("m", "= item")), {"items": ["a", "b"]})
    assert [fact.key for fact in play.all(steps.SubscriptionOpened)] == ['"a"', '"b"']


def test_an_approval_inside_instances_is_known_to_its_own_instance_only():
    inside = (
        '<startEvent id="in"/>' + user("ask", "<troika:approval onReject=\"flow\"/>")
        + '<exclusiveGateway id="g" default="g_no"/>' + user("yes") + user("no")
        + flows("in ask g", 'g yes ? approval.ask.outcome = "agree"', "g no")
    )  # fmt: skip
    body = f'<subProcess id="t">{multiple(**OVER_ITEMS)}{inside}</subProcess>'
    play = Play(around(body, user("after"), lines=("start t after",)), {"items": [1, 2]})

    first, second = play.turns("ask")[1], play.turns("ask")[2]
    play._do(bpmn.complete, second, {}, outcome={"outcome": "agree"})
    play._do(bpmn.complete, first, {}, outcome={"outcome": "reject"})

    assert play.turns("yes").keys() == {2}
    assert play.turns("no").keys() == {1}
    play.complete("no")
    play.complete("yes")
    assert bpmn.state.approvals(play.state)["ask"] == {"outcome": "reject"}, "behind the whole, a rejection prevails"


# ---------------------------------------------------------------- multi-instance, in sequence


def test_sequential_multi_instance_opens_the_next_when_the_one_before_is_done():
    play = Play(around(marked(user("t"), multiple(sequential=True, **OVER_ITEMS))), {"items": ["a", "b"]})
    assert [list(play.turns("t")), play.waits] == [[1], ["t"]]

    play.write(items=["changed"])
    play.complete("t")
    assert play.state.tokens[play.turns("t")[2]].scope.vars == {"item": "b"}

    play.complete("t")
    assert play.step.ended == "completed"


def test_a_completion_condition_ends_a_sequence_early():
    marker = multiple(sequential=True, done='answer = "no"', **OVER_ITEMS)
    play = Play(around(marked(user("t"), marker)), {"items": ["a", "b", "c"]})
    play.complete("t", answer="yes")
    play.complete("t", answer="no")
    assert play.step.ended == "completed"
    assert len(play.all(steps.WorkOpened)) == 2


# ---------------------------------------------------------------- standard loop


def test_a_standard_loop_runs_once_and_again_while_its_condition_holds():
    play = Play(around(marked(script("t", "n + 1", "n"), standard("n < 3"))), {"n": 7})
    assert play.variables == {"n": 8}

    play = Play(around(marked(script("t", "n + 1", "n"), standard("n < 3"))), {"n": 0})
    assert play.variables == {"n": 3}


def test_tested_before_it_may_not_run_at_all():
    marker = standard("n < 3", testBefore="true")
    play = Play(around(marked(script("t", "n + 1", "n"), marker)), {"n": 7})
    assert play.variables == {"n": 7}
    assert play.step.ended == "completed"


@pytest.mark.parametrize("before", ["true", "false"])
def test_the_loop_counter_says_how_many_rounds_are_over(before):
    marker = standard("loopCounter < 3", testBefore=before)
    play = Play(around(marked(script("t", "append(seen, loopCounter)", "seen"), marker)), {"seen": []})
    assert play.variables == {"seen": [1, 2, 3]}


def test_a_maximum_ends_a_loop_whose_condition_still_holds():
    marker = standard("true", loopMaximum="4")
    play = Play(around(marked(script("t", "n + 1", "n"), marker)), {"n": 0})
    assert play.variables == {"n": 4}


def test_a_maximum_alone_is_a_number_of_rounds():
    play = Play(around(marked(user("t"), standard(loopMaximum="2"))))
    play.complete("t")
    assert play.waits == ["t"]
    play.complete("t")
    assert play.step.ended == "completed"


def test_the_condition_of_a_loop_reads_the_scope_around_it():
    task = service("t", out_ready="= answer")
    play = Play(around(marked(task, standard("not(ready)"))), {"ready": False})
    play.complete("t", answer=False)
    play.complete("t", answer=True)
    assert (play.step.ended, play.variables) == ("completed", {"ready": True})


def test_a_loop_condition_that_is_no_boolean_is_an_incident():
    play = Play(around(marked(user("t"), standard("again"))))
    play.complete("t")
    assert play.incidents == {"t": "condition-not-boolean"}

    play.resume("t", again=True)
    assert play.waits == ["t"]
    play.complete("t", again=False)
    assert play.step.ended == "completed"


def test_a_loop_that_never_ends_stops_at_the_budget_of_a_step(monkeypatch):
    monkeypatch.setattr("engine.bpmn.machine.core.STEP_BUDGET", 5_000)
    play = Play(around(marked(script("t", "1", "n"), standard("true"))))
    assert set(play.incidents.values()) == {"step-budget"}


def test_of_rounds_the_last_approval_counts_behind_the_loop():
    inside = '<startEvent id="in"/>' + user("ask", '<troika:approval onReject="flow"/>') + flows("in ask")
    body = f'<subProcess id="t">{standard("again")}{inside}</subProcess>'
    play = Play(around(body, user("after"), lines=("start t after",)))
    play.complete("ask", {"outcome": "reject"}, again=True)
    play.complete("ask", {"outcome": "agree"}, again=False)
    assert bpmn.state.approvals(play.state)["ask"] == {"outcome": "agree"}


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("marker", "rule"),
    [
        (standard(), "loop-without-end"),
        (standard("true", loopMaximum="0"), "loop-maximum-wrong"),
        (standard("true", loopMaximum="-3"), "loop-maximum-wrong"),
        (standard("n <"), "expression-invalid"),
        ("<standardLoopCharacteristics><loopCondition language='groovy'>n</loopCondition></standardLoopCharacteristics>",
         "loop-language"),
        (multiple(), "multi-instance-count"),
        (multiple(cardinality("2"), **OVER_ITEMS), "multi-instance-count"),
        (multiple(cardinality("-1")), "multi-instance-negative"),
        (multiple(**{**OVER_ITEMS, "inputElement": "process"}), "reserved-name"),
        (multiple(**{**OVER_ITEMS, "outputCollection": "all"}), "extension-incomplete"),
        (multiple(**OVER_ITEMS, colour="red"), "extension-unknown"),
        (multiple(**OVER_ITEMS).replace("isSequential", 'behavior="Some" isSequential'), "schema"),
    ],
)  # fmt: skip
def test_a_loop_marker_that_cannot_run_is_refused(marker, rule):
    assert rule in errors(around(marked(user("t"), marker)))


def test_a_mapping_may_not_write_what_the_loop_counts():
    assert errors(around(marked(service("t", out_loopCounter="= x"), standard("true")))) == {"reserved-name": "t"}


def test_a_marker_on_an_approval_stays_presentation():
    task = marked(user("t", "<troika:approval mode='all'/>"), multiple(**OVER_ITEMS))
    play = Play(around(task))
    assert play.waits == ["t"]


def test_standard_data_references_name_the_collection_and_the_results():
    marker = (
        "<multiInstanceLoopCharacteristics><loopDataInputRef>list</loopDataInputRef>"
        "<loopDataOutputRef>out</loopDataOutputRef>"
        '<inputDataItem id="item_1" name="item"/><outputDataItem id="item_2" name="double"/>'
        "</multiInstanceLoopCharacteristics>"
    )
    objects = '<dataObject id="list" name="items"/><dataObject id="out" name="results"/>'
    body = objects + START + marked(DOUBLE, marker) + END + flows("start t end")
    play = Play(drawing(body), {"items": [5, 6]})
    assert play.variables == {"items": [5, 6], "results": [10, 12]}


# ---------------------------------------------------------------- stored form and growth


def test_a_loop_at_rest_is_stored_and_goes_on_where_it_was():
    marker = multiple(sequential=True, **COLLECTING)
    body = marked(service("t"), marker)
    play = Play(around(body), {"items": [1, 2, 3]})
    play.complete("t", double=2)

    stored = bpmn.dump(play.state)
    again = bpmn.load(stored, play.programs.__getitem__)
    assert bpmn.dump(again) == stored
    loops = [scope for _, scope in stored["scopes"] if scope["k"] == "loop"]
    assert [scope["loop"] for scope in loops] == [
        {"n": 3, "a": 1, "c": 1, "t": 0, "items": [1, 2, 3], "out": [2, None, None]}
    ]


def test_completing_one_of_many_costs_the_same_whatever_their_number():
    drawn = program(around(marked(user("t"), multiple(**OVER_ITEMS))))

    def each(count: int) -> int:
        env = bpmn.Env()
        state = bpmn.begin(drawn, "d", {"items": list(range(count))}, now=MONDAY, env=env).state
        first, second = [token for token, _, _ in bpmn.waits(state)][:2]
        bpmn.complete(state, first, {}, now=MONDAY, env=env)
        return lines(lambda: bpmn.complete(state, second, {}, now=MONDAY, env=env))

    few, many = each(100), each(2_000)

    assert few > 100
    assert many <= few + 10


# ---------------------------------------------------------------- behavior: what a completion throws

SIGNAL = '<signal id="s" name="alarm"/><signalEventDefinition id="ring" signalRef="s"/>'


def behaving(behavior: str, events: str = "", **attributes: str) -> str:
    written = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return multiple(events, **OVER_ITEMS).replace("isSequential", f'behavior="{behavior}"{written} isSequential')


def rung(marker: str, interrupting: bool = True) -> Play:
    body = marked(user("t"), marker)
    body += boundary("b", "t", '<signalEventDefinition signalRef="s"/>', interrupting) + user("u")
    return Play(drawing(START + body + END + flows("start t end", "b u"), SIGNAL), {"items": [1, 2, 3]})


def test_behavior_none_throws_at_every_completion_and_the_own_boundary_catches_it():
    play = rung(behaving("None", noneBehaviorEventRef="ring"), interrupting=False)
    for _ in range(3):
        play.complete("t")
    assert play.waits == ["u", "u", "u"]
    assert [fact.name for fact in play.all(steps.SignalThrown)] == ["alarm"] * 3


def test_an_interrupting_catcher_cancels_the_other_instances():
    play = rung(behaving("None", noneBehaviorEventRef="ring"))
    play.complete_turn("t", 2)
    assert play.waits == ["u"]
    assert [scope.kind for scope in play.state.scopes.values()] == ["process"]


def test_behavior_one_throws_at_the_first_completion_only():
    play = rung(behaving("One", oneBehaviorEventRef="ring"), interrupting=False)
    for _ in range(3):
        play.complete("t")
    assert play.waits == ["u"]


def complex_behavior(condition: str, event: str) -> str:
    return (
        f"<complexBehaviorDefinition><condition>= {escaped(condition)}</condition>"
        f"<event>{event}</event></complexBehaviorDefinition>"
    )


def test_behavior_complex_throws_each_event_whose_condition_holds():
    ring = '<signalEventDefinition signalRef="s"/>'
    marker = behaving(
        "Complex", complex_behavior("item = 2", ring) + complex_behavior("nrOfCompletedInstances >= 2", ring)
    )
    play = rung(marker, interrupting=False)
    play.complete_turn("t", 1)
    assert play.waits == ["b", "t", "t"]
    play.complete_turn("t", 2)
    assert play.waits == ["b", "t", "u", "u"]


@pytest.mark.parametrize(
    ("root", "event", "catching"),
    [
        ('<escalation id="x" escalationCode="X"/>', '<escalationEventDefinition escalationRef="x"/>', None),
        (error("E"), error_event("E"), None),
        (message("m", None), '<messageEventDefinition messageRef="m"/>', False),
    ],
)
def test_other_kinds_of_event_are_thrown_too(root, event, catching):
    body = marked(user("t"), behaving("Complex", complex_behavior("true", event)))
    if catching is None:
        body += boundary("b", "t", event) + user("u") + flows("b u")
    play = Play(drawing(START + body + END + flows("start t end"), root), {"items": [1, 2]})
    play.complete("t")
    if catching is None:
        assert play.waits == ["u"]
    else:
        assert [fact.name for fact in play.all(steps.MessageThrown)] == ["m"]


def test_behavior_all_throws_nothing():
    play = rung(behaving("All", noneBehaviorEventRef="ring"))
    for _ in range(3):
        play.complete("t")
    assert (play.step.ended, play.all(steps.SignalThrown)) == ("completed", [])


@pytest.mark.parametrize(
    ("marker", "rule"),
    [
        (behaving("None"), "multi-instance-event-missing"),
        (behaving("Complex"), "multi-instance-event-missing"),
        (behaving("One", oneBehaviorEventRef="nobody"), "reference-unresolved"),
        (behaving("Complex", complex_behavior("true", "<terminateEventDefinition/>")), "multi-instance-event-kind"),
    ],
)
def test_a_behavior_without_an_event_that_can_be_thrown_is_refused(marker, rule):
    assert rule in errors(around(marked(user("t"), marker)))


def test_a_document_stored_before_there_were_loops_and_logs_still_loads():
    drawn = program(around(user("t")))
    stored = {
        "v": 1, "def": "d", "n": 7, "state": "active",
        "scopes": [[0, {"k": "process", "def": "d", "vars": {"a": 1}}]],
        "tokens": [[5, {"s": 0, "at": "t", "w": "work"}]],
        "incidents": [],
    }  # fmt: skip

    state = bpmn.load(stored, lambda _: drawn)

    assert bpmn.check(state) == []
    assert bpmn.dump(state) == stored
    assert bpmn.complete(state, 5, {}, now=MONDAY, env=bpmn.Env()).ended == "completed"
