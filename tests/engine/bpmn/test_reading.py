# ruff: noqa: E501 - drawings read better in one line
"""What is read, what is refused and how it is said."""

import pytest

from engine import bpmn
from engine.bpmn.model import Retention
from engine.bpmn.parser import refusals, xml
from engine.findings import Level
from tests.counting import calls
from tests.engine.bpmn.drawing import (
    END,
    HEAD,
    START,
    boundary,
    catch,
    drawing,
    element,
    errors,
    extensions,
    flows,
    message,
    message_event,
    program,
    service,
    timer,
    user,
)


def around(body: str, roots: str = "") -> bytes:
    return drawing(START + user("t") + END + flows("start t end") + body, roots)


# ---------------------------------------------------------------- bad files


@pytest.mark.parametrize("key", ["Start", "End", "p.EndJoin"])
def test_no_id_is_taken_from_the_analyst(key):
    """The reader's own parts are called so too."""
    xml = drawing(START + f'<userTask id="{key}"/>' + END + flows(f"start {key} end"))

    assert set(program(xml).nodes) == {"start", key, "end"}


@pytest.mark.parametrize(
    "data", [b" " * 5_000_001, HEAD.encode() + b"</definitions>", HEAD.encode() + b"<process/></definitions>"]
)
def test_a_finding_about_a_whole_file_names_a_line(data):
    assert [finding.line is not None for finding in bpmn.read(data).findings] == [True]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "xml-not-well-formed"),
        (b"\x00\x01\x02", "xml-not-well-formed"),
        (b"<definitions", "xml-not-well-formed"),
        (drawing(START)[:-20], "xml-not-well-formed"),
        (b'<!DOCTYPE d [<!ENTITY x "y">]><d>&x;</d>', "xml-doctype"),
        (b'<!DOCTYPE d SYSTEM "http://127.0.0.1/x.dtd"><d/>', "xml-doctype"),
        (b"<html/>", "not-bpmn"),
        (
            HEAD.encode() + b"<process id='p'>" + b"<a>" * 150 + b"</a>" * 150 + b"</process></definitions>",
            "xml-too-complex",
        ),
        (HEAD.encode() + b"<message/>" * 50_001 + b"</definitions>", "xml-too-complex"),
        (b" " * 5_000_001, "xml-too-large"),
        (drawing(START + '<task id="start"/>'), "duplicate-id"),
    ],
)
def test_what_is_no_safe_drawing_is_refused_with_one_finding(data, rule):
    reading = bpmn.read(data, "bad.bpmn")

    assert reading.definition is None
    assert [(finding.rule, finding.level) for finding in reading.findings] == [(rule, Level.ERROR)]
    assert str(reading.findings[0]).startswith("bad.bpmn")


def test_entities_are_never_expanded(tmp_path):
    (tmp_path / "secret").write_text("secret")
    bomb = b'<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + drawing(START).split(b"\n", 1)[1]
    external = f'<!DOCTYPE d [<!ENTITY x SYSTEM "{tmp_path}/secret">]>'.encode() + drawing("&x;").split(b"\n", 1)[1]

    for data in (bomb, external):
        reading = bpmn.read(data)
        assert [finding.rule for finding in reading.findings] == ["xml-doctype"]
        assert "secret" not in str(reading)


def test_what_breaks_the_schema_is_an_error_with_its_line():
    xml_bytes = around('<sequenceFlow id="f" sourceRef="t"/>')

    found = [finding for finding in bpmn.read(xml_bytes).findings if finding.rule == "schema"]

    assert found
    assert found[0].line is not None


def test_other_encodings_and_prefixes_are_read():
    text = drawing(START + user("任务") + END + flows("start 任务 end")).decode()
    utf16 = text.replace("UTF-8", "UTF-16").encode("utf-16")
    prefixed = (
        text.replace('xmlns="http', 'xmlns:bpmn="http').replace("<", "<bpmn:").replace("<bpmn:/", "</bpmn:")
        .replace("<bpmn:zeebe", "<zeebe").replace("</bpmn:zeebe", "</zeebe").replace("<bpmn:?", "<?")
    )  # fmt: skip

    for data in (utf16, prefixed.encode(), b"\xef\xbb\xbf" + text.encode()):
        assert list(program(data).nodes) == ["start", "任务", "end"]


# ---------------------------------------------------------------- nothing is lost, nothing is ignored


def test_every_node_is_read_even_when_no_flow_reaches_it():
    reading = bpmn.read(around('<task id="alone"/><subProcess id="s"><task id="inside"/></subProcess>'))

    assert [node.id for node in reading.definition.processes[0].all_nodes()] == [
        "start",
        "t",
        "end",
        "alone",
        "s",
        "inside",
    ]


def test_nodes_and_flows_without_an_id_get_one_from_their_tag_and_place():
    body = '<startEvent id="s"/><task/><task/><sequenceFlow sourceRef="s" targetRef="x"/><task id="x"/>'

    process = bpmn.read(drawing(body)).definition.processes[0]

    assert list(process.nodes) == ["s", "task_1", "task_2", "x"]
    assert [flow.id for flow in process.flows] == ["s__x__0"]


REFUSED = {
    '<subProcess id="s"><startEvent id="x"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></startEvent></subProcess>': "event-position",
    '<intermediateCatchEvent id="x"><messageEventDefinition/></intermediateCatchEvent>': "reference-missing",
    '<transaction id="x"/>': "scope-empty",
    '<adHocSubProcess id="s"><startEvent id="x"/><task id="y"/></adHocSubProcess>': "ad-hoc-content",
    '<task id="x"><standardLoopCharacteristics/></task>': "loop-without-end",
    '<task id="x"><multiInstanceLoopCharacteristics/></task>': "multi-instance-count",
    '<task id="x" isForCompensation="true"/>': "compensation-handler-unused",
    '<task id="x" startQuantity="0"/>': "quantity-wrong",
    '<task id="x"><potentialOwner id="o"/></task>': "potential-owner-not-executed",
    '<subProcess id="x" triggeredByEvent="true"><task id="y"/></subProcess>': "event-sub-process-start",
    '<subProcess id="s"><receiveTask id="x" messageRef="m" instantiate="true"/></subProcess>': "instantiate-inside",
    '<eventBasedGateway id="x" eventGatewayType="Parallel"/>': "event-gateway-parallel",
    f'<startEvent id="x" parallelMultiple="true">{message_event("m")}{timer("PT1H")}</startEvent>': "parallel-multiple-not-executed",
    '<intermediateThrowEvent id="x"><signalEventDefinition/></intermediateThrowEvent>': "reference-missing",
    '<intermediateThrowEvent id="x"><linkEventDefinition name="l"/></intermediateThrowEvent>': "link-unmatched",
    '<intermediateCatchEvent id="x"><conditionalEventDefinition/></intermediateCatchEvent>': "condition-missing",
    '<endEvent id="x"><compensateEventDefinition activityRef="end"/></endEvent>': "compensation-activity-unknown",
    '<endEvent id="x"><cancelEventDefinition/></endEvent>': "cancel-position",
    f'<endEvent id="x">{timer("PT1H")}</endEvent>': "event-position",
    '<intermediateCatchEvent id="x"/>': "event-position",
    '<intermediateCatchEvent id="x"><errorEventDefinition/></intermediateCatchEvent>': "event-position",
    '<endEvent id="x"><errorEventDefinition/><terminateEventDefinition/></endEvent>': "multiple-event-not-executed",
    '<boundaryEvent id="x" attachedToRef="start"><errorEventDefinition/></boundaryEvent>': "boundary-unattached",
    '<scriptTask id="x" scriptFormat="python"><script>import os</script></scriptTask>': "script-language",
    '<scriptTask id="x" scriptFormat="feel"><script>1 + 1</script></scriptTask>': "script-without-result",
    '<receiveTask id="x"/>': "message-missing",
    f'<intermediateCatchEvent id="x">{message_event("nobody")}</intermediateCatchEvent>': "reference-unresolved",
    '<intermediateCatchEvent id="x"><timerEventDefinition/></intermediateCatchEvent>': "timer-empty",
    '<serviceTask id="x"/>': "operation-missing",
    '<sendTask id="x"/>': "message-missing",
    '<businessRuleTask id="x"/>': "decision-missing",
    '<callActivity id="x"/>': "called-process-missing",
}


@pytest.mark.parametrize(("body", "rule"), REFUSED.items())
def test_what_would_not_be_executed_is_refused_by_id_with_reason_and_hint(body, rule):
    reading = bpmn.read(around(body, message("m")), "p.bpmn")
    found = [finding for finding in reading.findings if finding.level is Level.ERROR]
    if not found:
        assert errors(around(body, message("m"))) == {rule: "x"}
        return

    assert (rule, "x") in [(finding.rule, finding.element_id) for finding in found]
    for finding in found:
        assert "{" not in str(finding)
        assert finding.hint
        assert finding.line


def test_flows_that_cannot_be_followed_are_refused():
    assert errors(around(flows("t start"))) == {"flow-into-start": "start"}
    assert errors(around(flows("end t"))) == {"flow-out-of-end": "end"}
    assert errors(around(flows("t nowhere"))) == {"flow-dangling": "t_nowhere"}
    inside = '<subProcess id="s"><task id="i"/></subProcess>'
    assert errors(around(inside + flows("t i"))) == {"flow-dangling": "t_i"}
    assert errors(around(boundary("b", "t", timer("P1D")) + flows("b end", "t b"))) == {"flow-into-start": "b"}
    assert errors(around('<startEvent id="second"/>')) == {"second-none-start": "second"}


def test_conditions_in_another_language_are_refused():
    body = around('<sequenceFlow id="f" sourceRef="t" targetRef="end"><conditionExpression language="juel">${x}'
                  "</conditionExpression></sequenceFlow>")  # fmt: skip

    assert errors(body)["condition-language"] == "f"


def test_extension_words_that_mean_nothing_are_refused_with_a_suggestion():
    def refused(tag: str, *more: str, **attributes: str) -> list[str]:
        reading = bpmn.read(around(element(tag, "x", *more, **attributes)))
        return [str(finding) for finding in reading.findings if finding.level is Level.ERROR]

    (typo,) = refused("userTask", '<troika:aproval mode="any"/>')
    assert "extension-unknown" in typo
    assert "Did you mean 'approval'?" in typo
    (wrong,) = refused("userTask", '<troika:approval mode="vote"/>')
    assert "extension-wrong-value" in wrong
    (misplaced,) = refused("task", '<troika:approval mode="any"/>')
    assert "extension-unknown" in misplaced
    (empty,) = refused("userTask", "<zeebe:formDefinition/>")
    assert "extension-incomplete" in empty
    (listener,) = refused("userTask", '<zeebe:taskListeners><zeebe:taskListener eventType="x"/></zeebe:taskListeners>')
    assert "taskListeners" in listener
    (attribute,) = refused("userTask", troika__requst="true")
    assert "Did you mean 'request'?" in attribute
    (misspelt,) = refused("userTask", '<troika:approval mode="ratio" treshold="2/3"/>')
    assert "Did you mean 'threshold'?" in misspelt
    (returned,) = refused("userTask", '<troika:approval onReject="return:"/>')
    assert "one of end, flow, initiator, return:<element>" in returned
    (nowhere,) = refused("userTask", '<troika:return targets="any" resubmit="straight"/>')
    assert "one of backToMe, stepwise" in nowhere
    (never,) = refused("userTask", '<troika:recall until="always"/>')
    assert "beforeNextSeen" in never
    (climbing,) = refused("userTask", '<troika:assignment strategy="managerChain" onMissingLevel="jump"/>')
    assert "one of climb, empty, skip" in climbing
    (limit,) = refused("userTask", '<troika:timeout><troika:step after="P1D" do="shout"/></troika:timeout>')
    assert "one of agree, escalate, reject, remind, return, transfer" in limit
    (asks,) = refused("userTask", '<troika:assignment strategy="formUser"/>')
    assert "'field'" in asks
    (lane,) = refused("userTask", "<troika:lane/>")
    assert "extension-unknown" in lane


@pytest.mark.parametrize(
    "inside",
    [
        '<timerEventDefinition><extensionElements><troika:calendar name="cn"/></extensionElements><timeDuration>PT1H</timeDuration></timerEventDefinition>',
        '<timerEventDefinition troika:calendar="cn"><timeDuration>PT1H</timeDuration></timerEventDefinition>',
        '<timerEventDefinition zeebe:retries="3"><timeDuration>PT1H</timeDuration></timerEventDefinition>',
    ],
)
def test_our_words_where_nobody_reads_them_are_refused(inside):
    assert errors(around(catch("x", inside))) == {"extension-unknown": "x"}


def test_extensions_of_other_products_are_kept_and_reported_but_do_not_stop_a_deployment():
    xml_bytes = around("").replace(
        b"<extensionElements>", b'<extensionElements><other:thing xmlns:other="urn:other" a="1"/>', 1
    )

    reading = bpmn.read(xml_bytes)

    assert [(finding.rule, finding.level) for finding in reading.findings] == [("foreign-extension", Level.INFO)]
    bpmn.compile(reading.definition)


def test_the_multi_instance_marker_of_an_approval_is_presentation():
    marker = '<multiInstanceLoopCharacteristics isSequential="false"/>'
    assert errors(around(element("userTask", "x", '<troika:approval mode="all"/>', inner=marker))) == {}

    counted = "<multiInstanceLoopCharacteristics><completionCondition>= true</completionCondition></multiInstanceLoopCharacteristics>"
    refused = errors(around(element("userTask", "x", '<troika:approval mode="all"/>', inner=counted)))
    assert refused == {"approval-completion-condition": "x"}


def test_data_objects_lanes_and_annotations_are_drawing():
    body = """<laneSet id="ls"><lane id="l" name="财务"><flowNodeRef>t</flowNodeRef></lane></laneSet>
    <dataObject id="o"/><dataObjectReference id="r" dataObjectRef="o"/><textAnnotation id="a"><text>x</text></textAnnotation>
    <association id="as" sourceRef="t" targetRef="a"/>"""

    reading = bpmn.read(around(body))

    assert reading.findings == []
    assert reading.definition.processes[0].nodes["t"].lane == "财务"


def test_the_name_of_an_operation_is_drawing_until_it_is_bound_to_an_implementation():
    def thrown(bound: str) -> dict:
        roots = message("m", None) + f'<interface id="i" name="i"><operation id="op" name="op"{bound}>'
        roots += "<inMessageRef>m</inMessageRef></operation></interface>"
        definition = '<messageEventDefinition messageRef="m"><operationRef>op</operationRef></messageEventDefinition>'
        return errors(around(f'<intermediateThrowEvent id="x">{definition}</intermediateThrowEvent>', roots))

    assert thrown("") == {}
    assert thrown(' implementationRef="soap"') == {"operation-ref-not-executed": "x"}


def test_black_box_and_not_executable_processes_are_read_but_not_judged():
    other = '<process id="other" isExecutable="false"><complexGateway id="x"/></process>'
    reading = bpmn.read(around("").replace(b"</process>", b"</process>" + other.encode()))

    assert [process.id for process in reading.definition.executable] == ["p"]
    assert bpmn.compile(reading.definition).process_id == "p"
    assert errors(around("").replace(b'isExecutable="true"', b"")) == {"nothing-executable": "p"}


def test_each_executable_process_of_a_file_compiles_by_its_id():
    two = around("").replace(
        b"</definitions>", b'<process id="q" isExecutable="true"><startEvent id="qs"/></process></definitions>'
    )

    assert program(two, "q").process_id == "q"
    assert errors(two) == {"process-not-found": None}


# ---------------------------------------------------------------- the program


def test_a_program_tells_what_it_uses_and_how_it_starts():
    body = (
        element("startEvent", "start", '<zeebe:formDefinition formId="oa/claim"/>')
        + service("s", "erp.pay", in_a="= 1", in_b="= 2", out_c="= x")
        + element("userTask", "t", '<zeebe:formDefinition formId="oa/fin"/>')
        + f'<startEvent id="each">{timer("R/P1D", "timeCycle")}</startEvent>'
        + END
        + flows("start s t end", "each t")
    )
    head = extensions(
        '<zeebe:versionTag value="3"/>',
        '<troika:label lang="en">Claim</troika:label>',
        '<troika:numbering pattern="BX{seq:4}" period="day"/>',
        '<troika:title value="= process.initiator.name + &quot; &quot; + string(amount)"/>',
        '<troika:summary fields="amount reason"/>',
        '<troika:starters groups="staff"/>',
        '<troika:managers groups="hr, finance"/>',
        '<troika:print template="oa/paper"/>',
        '<troika:retention after="P10Y" legal="finance"/>',
    )
    compiled = program(drawing(head + body, attributes='troika:category="oa"'))

    assert (compiled.process_id, compiled.name, compiled.labels) == ("p", "P", {"en": "Claim"})
    assert (compiled.version_tag, compiled.category, compiled.start_form) == ("3", "oa", "oa/claim")
    assert compiled.numbering.pattern == "BX{seq:4}"
    assert (compiled.summary, compiled.starters) == (("amount", "reason"), {"groups": ["staff"]})
    assert (compiled.managers, compiled.print_form) == (("hr", "finance"), "oa/paper")
    assert compiled.retention == Retention("P10Y", "finance")
    assert compiled.operations() == (bpmn.OperationUse("s", "erp.pay", ("a", "b"), ("c",)),)
    assert compiled.forms() == ("oa/claim", "oa/fin")
    assert [(start.node, start.kind) for start in compiled.starts] == [("start", "none"), ("each", "timer")]


def test_every_executed_element_and_event_position_has_a_compiled_meaning():
    inside = {"startEvent in subProcess", "startEvent in event subProcess"}
    assert set(refusals.POSITIONS) <= {*refusals.ATTRIBUTES, *inside}
    assert xml.SIZE_LIMIT == 5_000_000
    both = message("m", None) + '<error id="e" errorCode="E"/><signal id="s" name="s"/>'
    body = START + user("t") + END + flows("start t end")
    for kind in sorted(refusals.POSITIONS["boundaryEvent"]):
        definition = {
            "message": message_event("m"),
            "timer": timer("P1D"),
            "error": '<errorEventDefinition errorRef="e"/>',
            "signal": '<signalEventDefinition signalRef="s"/>',
            "escalation": "<escalationEventDefinition/>",
            "conditional": "<conditionalEventDefinition><condition>= true</condition></conditionalEventDefinition>",
            "cancel": "<cancelEventDefinition/>",
            "compensate": "<compensateEventDefinition/>",
        }
        more = flows("b end")
        drawn = (
            body.replace(user("t"), '<transaction id="t"><task id="u"/></transaction>') if kind == "cancel" else body
        )
        if kind == "compensate":
            more = '<task id="h" isForCompensation="true"/><association id="a" sourceRef="b" targetRef="h"/>'
        program(drawing(drawn + boundary("b", "t", definition[kind]) + more, both))
    program(drawing(START + catch("c", message_event("m")) + END + flows("start c end"), both))


def test_a_chain_of_tasks_is_read_and_compiled_in_linear_time():
    """In calls, which are the same on every machine, of what reads and compiles."""

    def cost(count: int) -> int:
        keys = [f"t{number}" for number in range(count)]
        data = drawing(START + "".join(f'<task id="{key}"/>' for key in keys) + flows(f"start {' '.join(keys)}"))
        return calls(lambda: program(data))

    cost(10)  # what is made once
    small, large = cost(200), cost(2_000)

    assert small > 2_000
    assert large < 11 * small


def test_a_scope_in_which_nothing_would_begin_is_refused():
    loop = user("a") + user("b") + flows("a b a")

    assert errors(drawing(loop)) == {"nothing-starts": "p"}
    inner = f'<subProcess id="s" name="s">{loop}</subProcess>'
    assert errors(drawing(START + END + inner + flows("start s end"))) == {"nothing-starts": "s"}


def test_a_compensation_start_in_a_plain_sub_process_is_refused():
    inner = element("startEvent", "undo", inner="<compensateEventDefinition/>") + user("a") + flows("undo a")
    outer = f'<subProcess id="outer"><subProcess id="s">{inner}</subProcess></subProcess>'

    assert errors(drawing(START + END + outer + flows("start outer end"))) == {"event-position": "undo"}
