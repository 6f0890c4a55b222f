"""Constraints of BPMN 2.0.2 beyond its schema: for each a drawing that breaks it, and one that keeps it."""

import re
from pathlib import Path

import pytest

from engine import bpmn, lint
from engine.bpmn import imports
from engine.bpmn.parser.constraints import events
from engine.findings import Level
from tests.counting import lines
from tests.engine.bpmn.drawing import HEAD, drawing, flows

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "conformance" / "data"
ENDS = '<startEvent id="s"/><endEvent id="e"/>'


def event(tag: str, key: str, *kinds: str, attributes: str = "", refs: str = "") -> str:
    inner = "".join(f'<{kind}EventDefinition id="{key}_{kind}" {refs}/>' for kind in kinds)
    return f'<{tag} id="{key}" {attributes}>{inner}</{tag}>'


def task(key: str, inner: str = "", tag: str = "task", attributes: str = "") -> str:
    return f'<{tag} id="{key}" {attributes}>{inner}</{tag}>'


def chain(inner: str, *more: str, key: str = "a") -> str:
    """Start -> the element -> end."""
    return ENDS + inner + flows(f"s {key} e", *more)


def boundary(kind: str, attributes: str = "", host: str = "a") -> str:
    return event("boundaryEvent", "b", kind, attributes=f'attachedToRef="{host}" {attributes}')


def collaboration(*flow: str, process: str = chain(task("a")), multiplicity: str = "") -> bytes:
    messages = "".join(
        f'<messageFlow id="m{number}" sourceRef="{ends.split()[0]}" targetRef="{ends.split()[1]}"/>'
        for number, ends in enumerate(flow)
    )
    return (
        f'{HEAD}<collaboration id="c"><participant id="us" processRef="p">{multiplicity}</participant>'
        f'<participant id="them"/>{messages}</collaboration><process id="p" isExecutable="true">{process}</process>'
        "</definitions>"
    ).encode()


def io(inputs: str = "", outputs: str = "", prefix: str = "", data: str = "") -> str:
    """An ioSpecification with one set each; `inputs` and `outputs` name the item of each, `-` is none."""
    parts, sets = [], []
    for side, items in (("Input", inputs.split()), ("Output", outputs.split())):
        keys = [f"{prefix}{side.lower()}{number}" for number, _ in enumerate(items)]
        for key, item in zip(keys, items, strict=True):
            subject = "" if item == "-" else f'itemSubjectRef="{item}"'
            parts.append(f'<data{side} id="{key}" {subject} {data}/>')
        refs = "".join(f"<data{side}Refs>{key}</data{side}Refs>" for key in keys)
        sets.append(f"<{side.lower()}Set>{refs}</{side.lower()}Set>")
    return f"<ioSpecification>{''.join(parts)}{''.join(sets)}</ioSpecification>"


ITEMS = '<itemDefinition id="text" structureRef="T"/><itemDefinition id="sum" structureRef="N"/>'
ROOTS = ITEMS + (
    '<itemDefinition id="list" structureRef="T" isCollection="true"/><message id="note" name="note" itemRef="text"/>'
    '<interface id="i" name="i"><operation id="send" name="send"><inMessageRef>note</inMessageRef>'
    "<outMessageRef>note</outMessageRef></operation></interface>"
)
DATA = '<dataObject id="d" itemSubjectRef="{0}"/><dataObjectReference id="dr" dataObjectRef="d"/>'


def arrow(item: str, inner: str = "<sourceRef>dr</sourceRef>", tail: str = "") -> str:
    """A task that reads a data object of type `item` as a text."""
    association = f'<dataInputAssociation id="x">{inner}<targetRef>input0</targetRef>{tail}</dataInputAssociation>'
    return chain(task("a", io("text") + association)) + DATA.format(item)


def multiple(inner: str, spec: str = io("text -")) -> str:
    return chain(task("a", f"{spec}<multiInstanceLoopCharacteristics>{inner}</multiInstanceLoopCharacteristics>"))


def called(inputs: str, start: str = '<startEvent id="s2"/>') -> str:
    """A process with one text as its input, and what a call gives it."""
    return (
        f'{HEAD}{ITEMS}<process id="q" isExecutable="true">{io("text", prefix="q_")}{start}<endEvent id="e2"/>'
        f'{flows("s2 e2")}</process><process id="p" isExecutable="true">'
        + chain(task("a", io(inputs), "callActivity", 'calledElement="q"'))
        + "</process></definitions>"
    )


def service(binding: str) -> bytes:
    return (
        f'{HEAD}{ROOTS}<process id="p" isExecutable="true"><supportedInterfaceRef>i</supportedInterfaceRef>'
        f"{io('text', 'text sum')}{binding}{chain(task('a'))}</process></definitions>"
    ).encode()


def inside(inner: str, tag: str = "subProcess", attributes: str = "") -> str:
    return chain(task("a", inner, tag, attributes))


def link(tag: str, key: str, name: str, inner: str = "") -> str:
    return f'<{tag} id="{key}"><linkEventDefinition id="{key}_l" name="{name}">{inner}</linkEventDefinition></{tag}>'


THROW, CATCH = "intermediateThrowEvent", "intermediateCatchEvent"
FORMAL = '<{0} xsi:type="tFormalExpression">{1}</{0}>'
GATEWAY = '<exclusiveGateway id="g" {}/>'
WAITS = event(CATCH, "t", "timer") + event(CATCH, "u", "signal")
CONDITION = "<conditionExpression>= x</conditionExpression>"
HANDLER = task("h", event("startEvent", "hs", "signal") + '<endEvent id="he"/>' + flows("hs he"), "subProcess",
               'triggeredByEvent="true"')  # fmt: skip
LOOSE = HANDLER.replace('<signalEventDefinition id="hs_signal" />', "")


def drawn(**boxes: tuple[int, int, int, int]) -> bytes:
    """A start event `s` and a task `t` with shapes at these places."""
    shapes = "".join(
        f'<di:BPMNShape id="{key}_di" bpmnElement="{key}">'
        f'<dc:Bounds x="{x}" y="{y}" width="{width}" height="{height}"/></di:BPMNShape>'
        for key, (x, y, width, height) in boxes.items()
    )
    return (
        f'{HEAD}<process id="p" isExecutable="true"><startEvent id="s"/><task id="t"/></process>'
        '<di:BPMNDiagram xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" id="d"'
        f' xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"><di:BPMNPlane id="pl" bpmnElement="p">{shapes}'
        "</di:BPMNPlane></di:BPMNDiagram></definitions>"
    ).encode()


DRAWINGS: dict[str, tuple[str | bytes, str | bytes]] = {
    "standard-quantity": (
        chain(task("a", attributes='completionQuantity="-5"')), chain(task("a", attributes='startQuantity="2"')),
    ),
    "standard-event-sub-process": (chain(task("a")) + LOOSE, chain(task("a")) + HANDLER),
    "standard-ad-hoc": (
        inside('<startEvent id="x"/>' + task("y"), "adHocSubProcess"), inside(task("y"), "adHocSubProcess"),
    ),
    "standard-multi-instance": (multiple(""), multiple("<loopCardinality>3</loopCardinality>")),
    "standard-multi-instance-data": (
        multiple("<loopDataInputRef>input7</loopDataInputRef>"),
        multiple('<loopDataInputRef>input0</loopDataInputRef><inputDataItem id="x" itemSubjectRef="text"/>'),
    ),
    "standard-script-format": (
        chain(task("a", "<script>x</script>", "scriptTask")),
        chain(task("a", "<script>x</script>", "scriptTask", 'scriptFormat="feel"')),
    ),
    "standard-instantiate": (
        chain(task("a", "", "receiveTask", 'instantiate="true" messageRef="note"')),
        task("a", "", "receiveTask", 'instantiate="true" messageRef="note"'),
    ),
    "standard-compensation": (
        chain(task("a") + boundary("compensate") + task("u"), "u e")
        + '<association id="x" sourceRef="b" targetRef="u"/>',
        chain(task("a") + boundary("compensate") + task("u", attributes='isForCompensation="true"'))
        + '<association id="x" sourceRef="b" targetRef="u"/>',
    ),
    "standard-process-type": (
        drawing(chain(task("a")), attributes='processType="Public"'),
        drawing(chain(task("a")), attributes='processType="Private"'),
    ),
    "standard-choreography": (
        f'{HEAD}<globalConversation id="g"><choreographyRef>c</choreographyRef></globalConversation>'
        '<choreography id="c"/></definitions>',
        f'{HEAD}<globalConversation id="g"/><choreography id="c"/></definitions>',
    ),
    "standard-conversation": tuple(
        f'{HEAD}<collaboration id="c"><callConversation id="x" calledCollaborationRef="{called}"/></collaboration>'
        '<choreography id="g"/><globalConversation id="k"/></definitions>'
        for called in "gk"
    ),
    "standard-called-process": (
        called("text", event("startEvent", "s2", "message", refs='messageRef="note"')), called("text"),
    ),
    "standard-event-kind": (
        '<startEvent id="s"/>' + event("endEvent", "e", "timer") + flows("s e"),
        '<startEvent id="s"/>' + event("endEvent", "e", "terminate") + flows("s e"),
    ),
    "standard-event-flow": (chain(task("a") + task("z"), "z s"), chain(task("a") + boundary("timer"), "b e")),
    "standard-event-unconnected": (chain(task("a")) + '<endEvent id="f"/>', chain(task("a"))),
    "standard-start-and-end": ('<startEvent id="s"/>' + task("a") + flows("s a"), task("a")),
    "standard-escalation-code": (
        chain(event(THROW, "a", "escalation")),
        drawing(
            chain(event(THROW, "a", "escalation", refs='escalationRef="late"')),
            '<escalation id="late" escalationCode="LATE"/>',
        ),
    ),
    "standard-condition": (
        chain(event(CATCH, "a", "conditional")),
        chain(f'<{CATCH} id="a"><conditionalEventDefinition><condition>= x</condition></conditionalEventDefinition>'
              f"</{CATCH}>"),
    ),
    "standard-link": (
        ENDS + link(THROW, "a", "x") + link(CATCH, "b", "y") + flows("s a", "b e"),
        ENDS + link(THROW, "a", "x") + link(CATCH, "b", "x") + flows("s a", "b e"),
    ),
    "standard-link-ends": (
        ENDS + link(THROW, "a", "x") + link(CATCH, "b", "x") + flows("s a", "b e"),
        ENDS + link(THROW, "a", "x", "<target>b_l</target>") + link(CATCH, "b", "x", "<source>a_l</source>")
        + flows("s a", "b e"),
    ),
    "standard-message": (
        chain(event(CATCH, "a", "message")), chain(event(CATCH, "a", "message", refs='messageRef="note"')),
    ),
    "standard-operation": (
        chain(event(CATCH, "a", "message", refs='messageRef="note"')),
        chain(f'<{CATCH} id="a"><messageEventDefinition messageRef="note"><operationRef>send</operationRef>'
              f"</messageEventDefinition></{CATCH}>"),
    ),
    "standard-event-data": tuple(
        chain(f'<{CATCH} id="a"><dataOutput id="o" itemSubjectRef="{item}"/><outputSet>'
              f'<dataOutputRefs>o</dataOutputRefs></outputSet><messageEventDefinition messageRef="note"/></{CATCH}>')
        for item in ("sum", "text")
    ),
    "standard-definition-shared": (
        chain(event(THROW, "a", "signal") + event(CATCH, "z"), "a z").replace(
            f'<{CATCH} id="z" >', f'<{CATCH} id="z" ><eventDefinitionRef>a_signal</eventDefinitionRef>'
        ),
        chain(event(THROW, "a", "signal")),
    ),
    "standard-flow-ends": (
        chain(task("a") + '<textAnnotation id="t"/>', "a t"), chain(task("a") + '<textAnnotation id="t"/>'),
    ),
    "standard-flow-listed": (
        chain(task("a", "<incoming>s_a</incoming>")),
        task("a", "<outgoing>a_b</outgoing>") + task("b", "<incoming>a_b</incoming>") + flows("a b"),
    ),
    "standard-conditional-flow": (
        ENDS + task("a") + flows("s a", "a e ? x"), ENDS + task("a") + task("b") + flows("s a b e", "a e ? x"),
    ),
    "standard-default-flow": (
        chain(task("a", attributes='default="s_a"')), chain(task("a", attributes='default="a_e"')),
    ),
    "standard-immediate": (
        ENDS + '<sequenceFlow id="f" sourceRef="s" targetRef="e" isImmediate="false"/>',
        ENDS + '<sequenceFlow id="f" sourceRef="s" targetRef="e" isImmediate="true"/>',
    ),
    "standard-unconnected": (chain(task("a")) + task("z"), chain(task("a"))),
    "standard-gateway-direction": (
        ENDS + GATEWAY.format('gatewayDirection="Converging"') + task("z") + flows("s g e", "g z ? x"),
        ENDS + GATEWAY.format('gatewayDirection="Diverging"') + task("z") + flows("s g e", "g z ? x"),
    ),
    "standard-gateway-pointless": (
        ENDS + GATEWAY.format("") + flows("s g e"), ENDS + GATEWAY.format("") + task("z") + flows("s g e", "g z ? x"),
    ),
    "standard-event-gateway": (
        ENDS + '<eventBasedGateway id="g"/>' + WAITS + task("z") + flows("s g t e", "g u e", "g z e"),
        ENDS + '<eventBasedGateway id="g"/>' + WAITS + flows("s g t e", "g u e"),
    ),
    "standard-message-flow-pools": (collaboration("a us"), collaboration("a them")),
    "standard-message-flow-ends": (collaboration("them e"), collaboration("them a")),
    "standard-multiplicity": (
        collaboration(multiplicity='<participantMultiplicity minimum="3" maximum="2"/>'),
        collaboration(multiplicity='<participantMultiplicity minimum="2" maximum="3"/>'),
    ),
    "standard-reference": (
        chain(event(CATCH, "a", "message", refs='messageRef="nobody"')),
        chain(event(CATCH, "a", "message", refs='messageRef="note"')),
    ),
    "standard-collection": (chain(task("a")) + DATA.format("list"), chain(task("a")) + DATA.format("text")),
    "standard-sub-process-data": (inside(io("text") + task("y")), inside(task("y"))),
    "standard-data-set": tuple(
        chain(task("a", io("text").replace("</inputSet>", f"<optionalInputRefs>{ref}</optionalInputRefs></inputSet>")))
        for ref in ("input7", "input0")
    ),
    "standard-data-in-set": (
        chain(task("a", io("text").replace("<dataInputRefs>input0</dataInputRefs>", ""))), chain(task("a", io("text"))),
    ),
    "standard-data-association": (arrow("sum"), arrow("text")),
    "standard-data-source": (arrow("text", ""), arrow("text")),
    "standard-message-data": tuple(
        chain(task("a", io(item), "sendTask", 'messageRef="note"')) for item in ("sum", "text")
    ),
    "standard-operation-data": tuple(
        chain(task("a", io("text", item), "serviceTask", 'operationRef="send"')) for item in ("sum", "text")
    ),
    "standard-call-data": (called("text sum"), called("text")),
    "standard-binding": (
        service('<ioBinding operationRef="send" inputDataRef="input0" outputDataRef="output1"/>'),
        service('<ioBinding operationRef="send" inputDataRef="input0" outputDataRef="output0"/>'),
    ),
    "standard-formal-expression": (
        ENDS + GATEWAY.format("") + task("z") + flows("s g e", "g z ? x"),
        ENDS + GATEWAY.format("") + task("z") + flows("s g e", "g z ? x").replace(
            "<conditionExpression>", '<conditionExpression xsi:type="tFormalExpression">'
        ),
    ),
    "standard-expression-empty": tuple(
        multiple(f'<loopDataInputRef>input0</loopDataInputRef>{FORMAL.format("completionCondition", text)}')
        for text in ("", "= x")
    ),
    "standard-ad-hoc-empty": (inside("", "adHocSubProcess"), inside(task("y"), "adHocSubProcess")),
    "implicit-start": (task("a") + '<endEvent id="e"/>' + flows("a e"), chain(task("a"))),
    "implicit-end": ('<startEvent id="s"/>' + task("a") + flows("s a"), chain(task("a"))),
    "implicit-split": (chain(task("a") + task("z"), "a z e"), chain(task("a") + task("z"), "a z ? x")),
    "fake-join": (chain(task("a") + task("z"), "s z a"), chain(task("a") + task("z"), "s z e")),
    "duplicate-flow": (
        chain(task("a")) + '<sequenceFlow id="f" sourceRef="a" targetRef="e"/>',
        chain(task("a")) + '<sequenceFlow id="f" sourceRef="s" targetRef="e"/>',
    ),
    "unconditioned-flow": (
        ENDS + GATEWAY.format("") + task("z") + flows("s g e", "g z ? x"),
        ENDS + GATEWAY.format('default="g_e"') + task("z") + flows("s g e", "g z ? x"),
    ),
    "inclusive-gateway": ('<inclusiveGateway id="g"/>', '<exclusiveGateway id="g"/>'),
    "complex-gateway": ('<complexGateway id="g"/>', '<exclusiveGateway id="g"/>'),
    "join-and-fork": (
        ENDS + GATEWAY.format("") + task("z") + flows("s g e", "z g z"), ENDS + GATEWAY.format("") + flows("s g e"),
    ),
    "superfluous-gateway": (
        ENDS + GATEWAY.format("") + flows("s g e"), ENDS + GATEWAY.format("") + task("z") + flows("s g e", "g z"),
    ),
    "superfluous-termination": (
        ENDS + GATEWAY.format("") + event("endEvent", "t", "terminate") + flows("s g e", "g t"),
        ENDS + '<parallelGateway id="g"/>' + event("endEvent", "t", "terminate") + flows("s g e", "g t"),
    ),
    "blank-starts": (
        chain(task("a")) + '<startEvent id="s2"/>', chain(task("a")) + event("startEvent", "s2", "timer"),
    ),
    "several-triggers": (event(CATCH, "a", "timer", "signal"), event(CATCH, "a", "timer")),
    "event-without-condition": (
        drawing(event(CATCH, "a", "conditional")).replace(b'isExecutable="true"', b'isExecutable="false"'),
        event(CATCH, "a", "timer"),
    ),
    "start-missing": (task("a"), '<startEvent id="s"/>'),
    "end-missing": (task("a"), '<endEvent id="e"/>'),
    "disconnected": (chain(task("a")) + task("z"), chain(task("a"))),
    "unnamed": (
        '<laneSet id="ls"><lane id="l"/></laneSet>' + task("a"),
        '<laneSet id="ls"><lane id="l" name="L"/></laneSet>' + task("a"),
    ),
    "unused-declaration": (
        drawing(chain(task("a")), '<signal id="x" name="x"/>'),
        drawing(chain(event(CATCH, "a", "signal", refs='signalRef="x"')), '<signal id="x" name="x"/>'),
    ),
    "nameless-declaration": (
        drawing(task("a"), '<signal id="x"/>'), drawing(task("a"), '<error id="x" errorCode="E"/>'),
    ),
    "repeated-declaration": (
        drawing(task("a"), '<signal id="x" name="x"/><signal id="y" name="x"/>'),
        drawing(task("a"), '<signal id="x" name="x"/><message id="y" name="x"/>'),
    ),
    "not-drawn": (drawn(s=(0, 0, 36, 36)), drawn(s=(0, 0, 36, 36), t=(90, 0, 100, 80))),
    "overlapping": (drawn(s=(0, 0, 36, 36), t=(30, 0, 100, 80)), drawn(s=(0, 0, 36, 36), t=(90, 0, 100, 80))),
    "unusual-size": (drawn(s=(0, 0, 36, 36), t=(90, 0, 120, 80)), drawn(s=(0, 0, 36, 36), t=(90, 0, 100, 80))),
}  # fmt: skip


def file_of(body: str | bytes) -> bytes:
    if isinstance(body, bytes):
        return body
    return body.encode() if body.startswith("<?xml") else drawing(body, ROOTS)


def broken(content: bytes) -> set[str]:
    return {finding.rule for finding in bpmn.violations(content, "a.bpmn")}


def test_every_constraint_has_a_drawing_that_breaks_it_and_one_that_keeps_it():
    assert set(DRAWINGS) == set(bpmn.CONSTRAINTS)


@pytest.mark.parametrize("code", DRAWINGS)
def test_a_constraint_is_found_broken_where_it_is_and_only_there(code):
    wrong, right = (file_of(body) for body in DRAWINGS[code])

    found = [finding for finding in bpmn.violations(wrong, "a.bpmn") if finding.rule == code]

    assert found
    assert code not in broken(right)
    for finding in found:
        assert finding.level is (bpmn.CONSTRAINTS[code].level or Level.INFO)
        assert finding.element_id
        assert finding.line
        assert finding.hint
        assert not re.search(r"(?<!\$){\w+}", str(finding))
        assert finding.level is not Level.ERROR  # a file that breaks a constraint opens and runs


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        (event("startEvent", "s", "error"), "standard-event-kind"),
        (event("startEvent", "s", "escalation"), "standard-event-kind"),
        (task("a") + boundary("error", 'cancelActivity="false"'), "standard-event-kind"),
        (task("a") + boundary("cancel"), "standard-event-kind"),
        (task("a") + event("boundaryEvent", "b", attributes='attachedToRef="a"'), "standard-event-kind"),
        (event(THROW, "a", "timer"), "standard-event-kind"),
        (event(CATCH, "a", "compensate"), "standard-event-kind"),
        (task("a", event("startEvent", "x", "timer"), "subProcess"), "standard-event-kind"),
        (task("a") + boundary("compensate") + flows("b a"), "standard-event-flow"),
        ('<endEvent id="e"/>' + task("a") + flows("e a"), "standard-event-flow"),
        (task("a") + boundary("compensate"), "standard-compensation"),
        (task("a") + HANDLER + flows("a h"), "standard-event-sub-process"),
        (task("a", "<endEvent id='x'/>", "adHocSubProcess"), "standard-ad-hoc"),
        (task("a") + boundary("timer") + event("endEvent", "t", "terminate") + flows("b t"), "superfluous-termination"),
        (task("a", event("endEvent", "t", "terminate"), "subProcess"), "superfluous-termination"),
    ],
)
def test_each_way_to_break_a_constraint_is_found(inner, code):
    assert code in broken(drawing(inner))


@pytest.mark.parametrize(
    "inner",
    [
        task("a") + boundary("timer", 'cancelActivity="false"') + task("z") + event("endEvent", "t", "terminate")
        + flows("a t", "b z"),
        task("a") + task("z") + event("endEvent", "t", "terminate") + flows("a t"),
        task("h", event("startEvent", "hs", "signal", attributes='isInterrupting="false"'), "subProcess",
             'triggeredByEvent="true"') + '<startEvent id="s"/>' + event("endEvent", "t", "terminate") + flows("s t"),
    ],
)  # fmt: skip
def test_a_termination_that_stops_something_is_not_superfluous(inner):
    assert "superfluous-termination" not in broken(drawing(inner))


def test_what_the_reader_has_said_is_not_said_again():
    content = file_of(DRAWINGS["standard-default-flow"][0])
    said = bpmn.read(content, "a.bpmn").findings

    assert "default-unknown" in {finding.rule for finding in said}
    assert "standard-default-flow" not in {finding.rule for finding in bpmn.violations(content, "a.bpmn", said)}


def test_a_process_that_is_not_executable_is_judged_too():
    content = file_of(DRAWINGS["standard-default-flow"][0]).replace(b'isExecutable="true"', b'isExecutable="false"')

    assert "standard-default-flow" in {finding.rule for finding in lint.check({"a.bpmn": content}, {})}


def test_a_prefix_of_another_namespace_points_elsewhere():
    content = file_of(DRAWINGS["standard-reference"][0]).replace(b'messageRef="nobody"', b'messageRef="zeebe:nobody"')

    assert "standard-reference" not in broken(content)


def test_a_file_that_cannot_be_read_breaks_no_constraint():
    assert bpmn.violations(b"<broken") == []


def test_what_only_other_products_need_is_looked_at_when_the_library_says_so():
    content = {"a.bpmn": file_of(DRAWINGS["standard-formal-expression"][0])}

    def found(levels=None):
        return [f.level for f in lint.check(content, {}, levels) if f.rule == "standard-formal-expression"]

    assert found() == []
    assert found(lint.levels_in("rules: {standard-formal-expression: error}")) == [Level.ERROR]


def test_a_large_drawing_is_judged_in_a_time_that_grows_with_its_size(monkeypatch):
    monkeypatch.setattr(events, "SAME_NAME_LIMIT", 20)  # every fourth node is one of them

    def cost(count: int) -> int:
        links = "".join(link(THROW, f"k{n}", "x") + link(CATCH, f"c{n}", "x") for n in range(count // 4))
        ends = "".join(event("endEvent", f"e{n}", "terminate") for n in range(count // 4))
        tasks = "".join(task(f"t{n}") for n in range(count))
        line = flows("s " + " ".join(f"t{n}" for n in range(count)) + " e")
        content = drawing(ENDS + tasks + ends + links + line)
        shapes = {f"t{n}": (n * 150, 0, 100, 80) for n in range(count)}
        content = content.replace(b"</definitions>", drawn(**shapes).partition(b"</process>")[2])
        assert bpmn.violations(content)
        return lines(lambda: bpmn.violations(content))

    few, many = cost(100), cost(400)

    assert few > 10_000
    assert many < 4.2 * few


def test_the_processes_that_are_shipped_keep_every_constraint():
    files = sorted((ROOT / "processes").rglob("*.bpmn"))
    found = [
        str(finding) for path in files for finding in bpmn.violations(path.read_bytes(), path.name)
        if bpmn.CONSTRAINTS[finding.rule].level is not None
    ]  # fmt: skip

    assert files
    assert found == []


@pytest.mark.skipif(not SHARED.is_dir(), reason="the conformance material is not beside this repository")
def test_files_of_other_products_are_blamed_for_what_they_do_only():
    """Among them conditions on flows of start events, an escalation without code, and files that are wrong on purpose:
    `InvalidProcessWithDuplicateSignalNames`, `testEmptyMessageNameFails` …"""
    found: dict[str, int] = {}
    for path in sorted((SHARED / "vendor").rglob("*.bpmn*")):
        imported = imports.translate(path.read_bytes(), path.name)
        if imported.xml is None:
            continue
        for finding in bpmn.violations(imported.xml, path.name, bpmn.read(imported.xml, path.name).findings):
            if bpmn.CONSTRAINTS[finding.rule].level is not None:
                found[finding.rule] = found.get(finding.rule, 0) + 1

    assert found == {
        "standard-conditional-flow": 8, "standard-escalation-code": 1, "unnamed": 13, "unused-declaration": 9,
        "nameless-declaration": 3, "repeated-declaration": 2, "superfluous-termination": 3, "superfluous-gateway": 1,
    }  # fmt: skip
