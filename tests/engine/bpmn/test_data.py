# ruff: noqa: E501 - drawings read better in one line
"""Data objects, properties, inputs and outputs: what they are called, what arrows copy, what is refused."""

import json
from decimal import Decimal

import pytest
from lxml import etree

from engine import bpmn
from engine.bpmn import steps
from engine.bpmn.imports import translate
from engine.bpmn.parser.data import readable
from engine.errors import NoSuchStart
from engine.findings import Level
from tests.engine.bpmn.drawing import (
    END,
    HEAD,
    MONDAY,
    START,
    Play,
    boundary,
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
    script,
    service,
    user,
)


def io(inputs="", outputs="", optional=""):
    """Data inputs and outputs `a b` with the ids `in_a`, `out_b`; `optional`: which of them are."""
    parts, sets = "", ""
    for word, prefix, names in (("Input", "in", inputs), ("Output", "out", outputs)):
        refs = ""
        for name in names.split():
            parts += f'<data{word} id="{prefix}_{name}" name="{name}"/>'
            refs += f"<data{word}Refs>{prefix}_{name}</data{word}Refs>"
        refs += "".join(
            f"<optional{word}Refs>{prefix}_{name}</optional{word}Refs>"
            for name in names.split()
            if name in optional.split()
        )
        sets += f"<{word.lower()}Set>{refs}</{word.lower()}Set>"
    return f"<ioSpecification>{parts}{sets}</ioSpecification>"


def arrow(way, source, target, inner=""):
    refs = "".join(f"<sourceRef>{part}</sourceRef>" for part in source.split())
    key = f"{way}_{source.replace(' ', '_')}_{target}"
    return f'<data{way}Association id="{key}">{refs}<targetRef>{target}</targetRef>{inner}</data{way}Association>'


def into(source, target, inner=""):
    return arrow("Input", source, target, inner)


def out_of(source, target, inner=""):
    return arrow("Output", source, target, inner)


def assign(source, target):
    return f"<assignment><from>{source}</from><to>{target}</to></assignment>"


def task(*inner, key="t", tag="userTask", more=(), **attributes):
    more = more or ('<zeebe:assignmentDefinition candidateGroups="staff"/>',) if tag == "userTask" else more
    return element(tag, key, *more, inner="".join(inner), **attributes)


def around(*body, task_id="t", roots=""):
    return drawing("".join(body[:-1]) + START + body[-1] + END + flows(f"start {task_id} end"), roots)


OBJECT = '<dataObject id="Order" name="order"/>'
RESULT = '<dataObject id="Result" name="result"/>'


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ('<dataObject id="d" name="order"/>', "order"),
        ('<dataObject id="d" name="订单"/>', "订单"),
        ('<dataObject id="d" name=" order "/>', "order"),
        ('<dataObject id="d"/>', "d"),
        ('<dataObject id="d" name="purchase order"/>', "d"),
        ('<dataObject id="d" name="date"/>', "d"),
        ('<dataObject id="d" name="order.total"/>', "d"),
        ('<dataObject id="sid-12.3" name="a b"/>', "sid_12_3"),
        ('<dataObject id="d"/><dataObjectReference id="r" name="order" dataObjectRef="d"/>', "order"),
        ('<dataObject id="d"/><dataObjectReference id="r" name="the order" dataObjectRef="d"/><dataObjectReference id="q" name="order" dataObjectRef="d"/>', "order"),
        ('<dataObject id="d" name="order"/><dataObjectReference id="r" name="other" dataObjectRef="d"/>', "order"),
        ('<dataObjectReference id="r" name="order"/>', "order"),
        ('<property id="x" name="order"/>', "order"),
    ],
)  # fmt: skip
def test_a_data_element_is_a_variable_called_as_drawn_if_that_can_be_read_else_by_its_id(data, name):
    properties = data if data.startswith("<property") else ""
    body = (
        properties
        + ("" if properties else data)
        + START
        + script("t", f"{name} = null", "empty")
        + END
        + flows("start t end")
    )
    play = Play(drawing(body))

    assert readable(name)
    assert play.variables == {name: None, "empty": True}


def test_a_name_that_cannot_be_read_is_told():
    reading = bpmn.read(around('<dataObject id="d" name="purchase order"/>', user("t")))

    (finding,) = [found for found in reading.findings if found.rule == "data-name-unreadable"]
    assert (finding.level, finding.facts["name"]) == (Level.INFO, "d")


def test_what_an_instance_is_started_with_is_in_its_data_objects():
    play = Play(around(OBJECT, RESULT, user("t")), {"order": 5})
    assert play.variables == {"order": 5, "result": None}


@pytest.mark.parametrize(("text", "value"), [("new", "new"), ("= 5", 5), ("= [1, 2]", [1, 2]), ("= 1 / 0", None)])
def test_a_data_object_may_begin_with_a_value(text, value):
    object_ = f'<dataObject id="d" name="x"><extensionElements><troika:initial value="{text}"/></extensionElements></dataObject>'

    assert Play(around(object_, user("t"))).variables == {"x": value}
    assert Play(around(object_, user("t")), {"x": 7}).variables == {"x": 7}


def test_each_round_of_a_sub_process_has_data_objects_of_its_own():
    inner = (
        '<dataObject id="n" name="n"/>'
        + script("a", "if n = null then 1 else n + 1", "n")
        + script("b", "append(seen, n)", "seen")
        + flows("a b")
    )
    body = element("subProcess", "sub", inner='<standardLoopCharacteristics loopMaximum="3"/>' + inner)
    play = Play(around(body, task_id="sub"), {"seen": []})
    assert play.variables == {"seen": [1, 1, 1]}


# ---------------------------------------------------------------- the life cycle of an activity


def test_data_inputs_reach_an_operation_and_properties_do_not():
    body = element(
        "serviceTask", "t", '<zeebe:taskDefinition type="erp.do"/>', mapping(in_twice="= amount * 2"),
        inner=io("amount", "done") + '<property id="note" name="note"/>' + into("Order", "in_amount") + out_of("out_done", "Result"),
    )  # fmt: skip
    play = Play(around(OBJECT, RESULT, body), {"order": 4})

    (job,) = play.all(steps.JobOpened)
    assert job.inputs == {"amount": 4, "twice": 8}, "associations come before the input mapping"
    play.complete("t", done=True, other=1, note=2)
    assert play.variables == {"order": 4, "result": True}


def test_the_output_mapping_comes_before_the_output_associations():
    body = element(
        "serviceTask", "t", '<zeebe:taskDefinition type="erp.do"/>', mapping(out_result="= 1", out_both="= done"),
        inner=io("", "done") + out_of("out_done", "Result"),
    )  # fmt: skip
    play = Play(around(RESULT, body))
    play.complete("t", done=2)
    assert play.variables == {"result": 2, "both": 2}


def test_a_task_whose_data_goes_nowhere_keeps_it():
    play = Play(around(task(io("", "done", "done"), '<property id="note" name="note"/>')))
    play.complete("t", done=1, note=2, free=3)
    assert play.variables == {"free": 3}


def test_an_undefined_task_hands_its_input_on():
    body = task(io("x", "x"), into("Order", "in_x"), out_of("out_x", "Result"), tag="task")
    assert Play(around(OBJECT, RESULT, body), {"order": 3}).variables == {"order": 3, "result": 3}


def test_the_result_of_a_script_without_a_variable_is_the_one_data_output():
    body = task(
        io("", "twice"),
        out_of("out_twice", "Result"),
        "<script>order * 2</script>",
        tag="scriptTask",
        scriptFormat="feel",
    )
    assert Play(around(OBJECT, RESULT, body), {"order": 3}).variables == {"order": 3, "result": 6}


def test_a_transformation_comes_first_and_assignments_change_parts():
    inner = "<transformation>= {id: order, state: &quot;new&quot;}</transformation>" + assign(
        "amount * 2", "= result.total.sum"
    )
    body = task(io("", "amount"), out_of("out_amount", "Result", inner))
    play = Play(around(OBJECT, RESULT, body), {"order": 1, "result": {"old": True}})
    play.complete("t", amount=4)
    assert play.variables["result"] == {"id": 1, "state": "new", "total": {"sum": 8}}


def test_an_assignment_may_name_its_target_by_id():
    body = task(io("given"), into("Order", "in_given", assign("order.id", "in_given.key")))
    play = Play(around(OBJECT, body), {"order": {"id": 9}})
    token = play.token("t")
    assert bpmn.variables(play.state, 0, token)["given"] == {"key": 9}


def test_the_inputs_of_a_sub_process_are_its_variables_and_its_outputs_come_back():
    inner = io("x", "y") + into("Order", "in_x") + out_of("out_y", "Result") + script("a", "x + 1", "y")
    assert Play(around(OBJECT, RESULT, element("subProcess", "t", inner=inner)), {"order": 1}).variables == {
        "order": 1,
        "result": 2,
    }


def test_a_handler_of_compensation_reads_its_data():
    body = (
        OBJECT + RESULT + START + service("book") + boundary("undo", "book", "<compensateEventDefinition/>")
        + task(io("x", "y"), into("Order", "in_x"), out_of("out_y", "Result"), key="back", tag="serviceTask", more=('<zeebe:taskDefinition type="erp.undo"/>',), isForCompensation="true")
        + '<endEvent id="end"><compensateEventDefinition/></endEvent>' + flows("start book end")
        + '<association id="undoing" sourceRef="undo" targetRef="back"/>'
    )  # fmt: skip
    play = Play(drawing(body), {"order": 5})
    play.complete("book")
    assert play.all(steps.JobOpened)[-1].inputs == {"x": 5}
    play.complete("back", y=6)
    assert (play.variables, play.step.ended) == ({"order": 5, "result": 6}, "completed")


# ---------------------------------------------------------------- what is required


def test_a_required_input_without_a_value_is_an_incident_that_can_be_repaired():
    play = Play(around(OBJECT, task(io("address"), into("Order", "in_address"))))

    assert play.incidents == {"t": "data-input-missing"}
    assert play.detail("t") == {"element": "t", "input": "address"}
    play.resume("t", order="here")
    assert (play.incidents, play.variables) == ({}, {"order": "here"})


def test_a_required_output_without_a_value_keeps_the_result_and_is_repaired_without_working_again():
    play = Play(
        around(RESULT, task(io("", "a b"), out_of("out_a out_b", "Result", "<transformation>a + b</transformation>")))
    )
    play.complete("t", a=1)

    assert play.incidents == {"t": "data-output-missing"}
    assert play.detail("t") == {"element": "t", "output": "b"}
    play.resume("t", b=2)
    assert (play.variables, play.step.ended) == ({"result": 3}, "completed")
    assert len(play.all(steps.WorkOpened)) == 1


def test_a_repair_that_is_none_is_an_incident_again():
    play = Play(around(RESULT, task(io("", "a"), out_of("out_a", "Result"))))
    play.complete("t")
    play.resume("t", other=1)
    assert play.incidents == {"t": "data-output-missing"}
    play.resume("t", a=1)
    assert play.variables == {"result": 1}


def test_an_error_needs_no_output():
    body = (
        RESULT
        + START
        + task(io("", "a"), out_of("out_a", "Result"))
        + boundary("no", "t", error_event("E"))
        + END
        + flows("start t end", "no end")
    )
    play = Play(drawing(body, error("E")))
    play.throw("t", "E")
    assert (play.variables, play.step.ended) == ({"result": None}, "completed")


def test_a_process_that_lacks_an_input_begins_when_it_is_repaired():
    play = Play(drawing(io("a b", "", "b") + START + user("t") + END + flows("start t end")))

    assert play.incidents == {"start": "data-input-missing"}
    play.resume("start", b=1)
    assert play.incidents == {"start": "data-input-missing"}
    play.resume("start", a=1)
    assert (play.waits, play.variables) == (["t"], {"a": 1, "b": 1})


def test_a_process_that_lacks_an_output_ends_when_it_is_repaired():
    play = Play(drawing(io("", "a") + START + user("t") + END + flows("start t end")))
    play.complete("t")

    assert (play.incidents, play.step.ended) == ({"end": "data-output-missing"}, None)
    play.resume("end", a=1)
    assert (play.step.ended, play.variables) == ("completed", {"a": 1})


# ---------------------------------------------------------------- calls and global tasks


CALLED = program(
    drawing(io("x hint", "y", "hint") + START + script("a", "x + 1", "y") + user("w") + END + flows("start a w end"))
)


def test_a_call_passes_only_what_the_called_process_declares():
    body = element("callActivity", "t", calledElement="c")
    play = Play(around(body), {"x": 1, "secret": 2}, others={"c": CALLED})

    called = play.state.tokens[play.token("w")].scope
    assert called.vars == {"x": 1, "y": 2, "hint": None}
    play.complete("w", own=1)
    assert play.variables == {"x": 1, "secret": 2, "y": 2}


def test_a_call_without_a_required_input_is_stuck_inside_and_can_be_repaired():
    play = Play(around(element("callActivity", "t", calledElement="c")), others={"c": CALLED})
    assert play.incidents == {"start": "data-input-missing"}
    play.resume("start", x=4)
    play.complete("w")
    assert play.variables == {"y": 5}


def test_an_association_of_a_call_may_lead_to_what_the_called_process_of_the_file_declares():
    other = '<process id="c" isExecutable="true">' + io("x", "y") + script("a", "x + 1", "y") + "</process>"
    body = task(into("Order", "in_x"), out_of("out_y", "Result"), tag="callActivity", calledElement="c")
    xml = around(OBJECT, RESULT, body, roots=other)
    reading = bpmn.read(xml)
    assert [found for found in reading.findings if found.level == "error"] == []
    play = Play(program(xml, "p"), {"order": 1}, others={"c": program(xml, "c")})
    assert play.variables == {"order": 1, "result": 2}


def globally(tag, inner="", attributes=""):
    return f'{HEAD}<{tag} id="g" name="G"{attributes}>{inner}</{tag}></definitions>'.encode()


GLOBAL_USER = extensions(
    '<zeebe:assignmentDefinition assignee="ann"/>',
    '<zeebe:formDefinition formId="leave"/>',
    '<troika:label lang="en">Ask</troika:label>',
)


def test_a_global_task_is_a_program_of_one_node_that_is_only_called():
    found = program(globally("globalUserTask", GLOBAL_USER))

    assert (found.process_id, list(found.nodes), found.starts, found.labels) == ("g", ["g"], (), {"en": "Ask"})
    assert found.forms() == ("leave",)
    with pytest.raises(NoSuchStart):
        bpmn.begin(found, "g", {}, now=MONDAY, env=bpmn.Env())


def test_a_global_user_task_asks_whom_it_says():
    play = Play(
        around(element("callActivity", "t", calledElement="g")),
        others={"g": program(globally("globalUserTask", GLOBAL_USER))},
    )

    (work,) = play.all(steps.WorkOpened)
    assert (work.node, work.work.assignment.values, work.work.form) == ("g", {"users": ["ann"]}, "leave")
    play.complete("g", answer=1)
    assert (play.path, play.variables) == (["start", "g", "t", "end"], {"answer": 1})


def test_a_global_task_in_the_file_of_its_caller_is_compiled_beside_it():
    xml = around(element("callActivity", "t", calledElement="g"), roots='<globalManualTask id="g"/>')
    assert [process.id for process in bpmn.read(xml).definition.executable] == ["g", "p"]
    assert program(xml).process_id == "p"
    assert Play(xml, others={"g": program(xml, "g")}).path == ["start", "g", "t", "end"]


def test_calls_of_global_tasks_count_for_the_depth():
    """A recursion that calls a global task at each level ends at the limit, not in an endless run."""
    xml = around(element("callActivity", "t", calledElement="p"))
    play = Play(xml, others={"p": program(xml)})
    assert list(play.incidents.values()) == ["call-depth"]


@pytest.mark.parametrize(
    ("xml", "rule", "at"),
    [
        (globally("globalScriptTask", "<script>print(1)</script>", ' scriptLanguage="python"'), "script-language", "g"),
        (globally("globalBusinessRuleTask"), "decision-missing", "g"),
        (globally("globalUserTask", '<potentialOwner id="o"/>'), "potential-owner-not-executed", "g"),
        (globally("globalTask", '<extensionElements><zeebe:taskDefinition type="x"/></extensionElements>'), "extension-unknown", "g"),
        (globally("globalTask").replace(b'id="g" ', b""), "global-task-without-id", None),
    ],
)  # fmt: skip
def test_what_a_global_task_cannot_do_is_refused(xml, rule, at):
    assert errors(xml)[rule] == at


# ---------------------------------------------------------------- events


def test_a_message_start_fills_the_input_of_its_process():
    event = (
        '<startEvent id="start"><dataOutput id="o" name="body"/>'
        + out_of("o", "in_order")
        + f"<outputSet><dataOutputRefs>o</dataOutputRefs></outputSet>{message_event('asked')}</startEvent>"
    )
    xml = drawing(io("order") + event + user("t") + END + flows("start t end"), message("asked", None))
    play = Play(xml, start="start", trigger={"whatever": 3})
    assert (play.waits, play.variables) == (["t"], {"order": 3})


def test_of_several_things_that_come_a_data_output_is_the_one_with_its_name():
    event = (
        '<intermediateCatchEvent id="t"><dataOutput id="o" name="b"/>'
        + out_of("o", "Result")
        + f"<outputSet/>{message_event('asked')}</intermediateCatchEvent>"
    )
    play = Play(around(RESULT, event, roots=message("asked", None)))
    play.deliver("t", a=1, b=2)
    assert play.variables == {"result": 2}


def test_a_boundary_event_writes_what_the_error_brought():
    event = boundary(
        "no", "t", '<dataOutput id="o" name="why"/>' + out_of("o", "Result") + "<outputSet/>" + error_event("E")
    )
    play = Play(drawing(RESULT + START + service("t") + event + END + flows("start t end", "no end"), error("E")))
    play.throw("t", "E", why="short", more=1)
    assert play.variables == {"result": "short"}


def test_a_receive_task_takes_its_data_output_from_the_message():
    body = task(io("", "answer"), out_of("out_answer", "Result"), tag="receiveTask", messageRef="asked")
    play = Play(around(RESULT, body, roots=message("asked", None)))
    play.deliver("t", text="yes")
    assert play.variables == {"result": "yes"}


# ---------------------------------------------------------------- what is stored


def test_data_survives_the_stored_form_at_every_point():
    inner = OBJECT.replace("order", "inner").replace("Order", "Inner") + user("w")
    body = (
        '<property id="when" name="when"/>'
        + OBJECT
        + RESULT
        + START
        + element("subProcess", "sub", inner=inner)
        + task(io("x", "y"), '<property id="note" name="note"/>', into("Order", "in_x"), out_of("out_y", "Result"))
        + END
        + flows("start sub t end")
    )
    drawn = program(drawing(body))
    env = bpmn.Env()

    def through_bytes(state):
        return bpmn.load(json.loads(json.dumps(bpmn.dump(state)).encode()), lambda _: drawn)

    state = through_bytes(
        bpmn.begin(drawn, "d", {"order": Decimal("12.30"), "when": MONDAY}, now=MONDAY, env=env).state
    )
    ((token, _, _),) = bpmn.waits(state)
    assert bpmn.variables(state, state.tokens[token].scope.id) == {
        "order": Decimal("12.30"),
        "when": MONDAY,
        "result": None,
        "inner": None,
    }
    state = through_bytes(
        bpmn.complete(state, token, {"inner": {"a": [1]}, "order": Decimal("0.10")}, now=MONDAY, env=env).state
    )
    ((token, _, _),) = bpmn.waits(state)
    assert bpmn.variables(state, 0, token) == {
        "order": Decimal("0.10"),
        "when": MONDAY,
        "result": None,
        "x": Decimal("0.10"),
        "note": None,
        "y": None,
    }
    state = through_bytes(bpmn.complete(state, token, {"y": Decimal("7.00")}, now=MONDAY, env=env).state)
    assert bpmn.variables(state) == {"order": Decimal("0.10"), "when": MONDAY, "result": Decimal("7.00")}


def test_a_new_version_brings_its_data_objects_to_instances_that_follow():
    def sub(*data):
        return around(element("subProcess", "sub", inner="".join(data) + user("w")), task_id="sub")

    play = Play(sub(), {"order": 1})
    play.migrate(sub(OBJECT))
    play.complete("w", order=2)
    assert play.variables == {"order": 1}, "the data object of the sub-process is its own"


def test_nothing_of_it_is_lost_between_opening_and_saving():
    body = (
        OBJECT + '<dataObjectReference id="r" name="again" dataObjectRef="Order"><dataState id="s" name="paid"/></dataObjectReference>'
        '<dataStoreReference id="sr" name="store" dataStoreRef="store"/>' + START
        + task(io("a b", "c", "b"), '<property id="note" name="x"/>', into("r", "in_a"), into("Order", "in_b", "<transformation>order</transformation>"), out_of("out_c", "r", assign("c", "order.c")))
        + element("callActivity", "call", calledElement="g") + END + flows("start t call end")
    )  # fmt: skip
    xml = drawing(
        body,
        '<dataStore id="store" name="store"/>'
        + f'<globalUserTask id="g" implementation="##unspecified">{GLOBAL_USER}{io("x", "y")}</globalUserTask>',
    )
    assert errors(xml) == {}

    saved = translate(xml).xml
    assert said(saved) == said(xml)
    assert translate(saved).xml == saved


def said(xml):
    """Every element outside the drawing: name, attributes, text, in document order; the import adds zeebe:userTask."""
    root = etree.fromstring(xml)
    return [
        (part.tag, dict(part.attrib), (part.text or "").strip())
        for part in root.iter("*")
        if ("MODEL" in part.tag or "zeebe" in part.tag or "troika" in part.tag) and not part.tag.endswith("1.0}userTask")
    ]  # fmt: skip


# ---------------------------------------------------------------- what is refused


STORE = '<dataStoreReference id="store" name="store"/>'
FAR = element("subProcess", "far", inner='<dataObject id="Far" name="far"/><task id="f"/>')
NEAR = '<dataObject id="Near" name="order"/>'


@pytest.mark.parametrize(
    ("rule", "at", "data", "body"),
    [
        ("data-name-twice", "p", OBJECT + '<dataObject id="Two" name="order"/>', user("t")),
        ("data-name-twice", "t", "", task(io("x"), '<property id="x" name="x"/>')),
        ("reserved-name", "p", '<dataObject id="a" name="approval"/>', user("t")),
        ("reserved-name", "p", '<dataObject id="process"/>', user("t")),
        ("reserved-name", "t", "", task('<property id="q" name="approval"/>')),
        ("data-reference-unknown", "t", "", task(io("x", "", "x"), into("start", "in_x"))),
        ("data-reference-unknown", "t", OBJECT, task(io("", "x"), out_of("out_x", "t"))),
        ("data-reference-unknown", "t", "", task("<ioSpecification><inputSet><dataInputRefs>no</dataInputRefs></inputSet><outputSet/></ioSpecification>")),
        ("data-store-unbound", "t", STORE, task(io("x"), into("store", "in_x"))),
        ("data-store-unbound", "t", STORE, task(io("", "x"), out_of("out_x", "store"))),
        ("data-not-visible", "t", FAR, task(io("x"), into("Far", "in_x"))),
        ("data-not-visible", "t", OBJECT, element("subProcess", "sub", inner=NEAR + task(io("x"), into("Order", "in_x")))),
        ("data-sources-several", "t", OBJECT + RESULT, task(io("x"), into("Order Result", "in_x"))),
        ("data-end-foreign", "t", OBJECT + RESULT, task(into("Order", "Result"))),
        ("data-end-foreign", "t", OBJECT + RESULT, task(out_of("Order", "Result"))),
        ("data-language", "t", OBJECT, task(io("x"), into("Order", "in_x", '<transformation language="urn:xpath">a</transformation>'))),
        ("data-language", "t", OBJECT, task(io("x"), into("Order", "in_x", '<assignment><from xsi:type="tFormalExpression" language="urn:xpath">a</from><to>x</to></assignment>'))),
        ("assignment-target", "t", OBJECT + RESULT, task(io("", "x"), out_of("out_x", "Result", assign("1", "order")))),
        ("assignment-target", "t", OBJECT + RESULT, task(io("", "x"), out_of("out_x", "Result", assign("1", "approval.t.outcome")))),
        ("assignment-target", "t", RESULT, task(io("", "x"), out_of("out_x", "Result", assign("1", "result[1]")))),
        ("assignment-target", "t", RESULT, task(io("", "x"), out_of("out_x", "Result", assign("1", "result.")))),
        ("expression-invalid", "t", RESULT, task(io("", "x"), out_of("out_x", "Result", "<transformation>1 +</transformation>"))),
        ("data-input-unfed", "t", "", task(io("x"))),
        ("data-sets", "t", "", task("<ioSpecification><inputSet/><inputSet/><outputSet/></ioSpecification>")),
        ("data-sets", "t", "", task("<ioSpecification><inputSet/><outputSet/><outputSet/></ioSpecification>")),
        ("while-executing-input-refs-not-executed", "t", "", task('<ioSpecification><dataInput id="x"/><inputSet><whileExecutingInputRefs>x</whileExecutingInputRefs></inputSet><outputSet/></ioSpecification>')),
        ("io-binding-not-executed", "p", '<ioBinding operationRef="o" inputDataRef="i" outputDataRef="u"/>', user("t")),
    ],
)  # fmt: skip
def test_data_that_would_not_be_what_is_drawn_is_refused_by_name(rule, at, data, body):
    found = errors(around(data, body))
    assert rule in found, found
    assert found[rule] == at


@pytest.mark.parametrize("body", [
    task('<property id="q" name="__targetRef_placeholder"/>', into("Order", "q"), into("store", "q")),
    task(out_of("", "Order"), out_of("", "store")),
])  # fmt: skip
def test_an_arrow_that_copies_nothing_is_drawing_also_at_a_data_store(body):
    play = Play(around(OBJECT, STORE, body), {"order": 1})
    play.complete("t", order=2, free=3)
    assert play.variables == {"order": 2, "free": 3}
    assert len(play.all(steps.WorkOpened)) == 1


def test_a_zeebe_mapping_may_fill_a_required_input():
    body = element("userTask", "t", mapping(in_x="= 5"), inner=io("x"))
    play = Play(around(body))
    assert bpmn.variables(play.state, 0, play.token("t")) == {"x": 5}


def test_the_computed_collection_of_a_loop_is_refused_where_it_is_written():
    marker = (
        "<multiInstanceLoopCharacteristics><loopDataInputRef>in_a</loopDataInputRef><loopDataOutputRef>out_b</loopDataOutputRef>"
        '<inputDataItem id="i" name="i"/><outputDataItem id="o" name="o"/></multiInstanceLoopCharacteristics>'
    )
    body = task(
        io("a", "b"), into("Order", "in_a"), out_of("out_b", "Result", "<transformation>b</transformation>"), marker
    )
    assert errors(around(OBJECT, RESULT, body)) == {"data-of-loop-computed": "t"}
