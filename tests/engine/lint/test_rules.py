"""Each rule against its valid and invalid drawings, and what check() says about whole folders."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from engine import dmn, lint
from engine.bpmn.element_templates import ElementTemplate, Setting
from engine.findings import Level
from engine.lint import KnownThings
from engine.lint.levels import WrongLevels
from engine.operations import Operation, Parameter
from tests.counting import lines
from tests.engine.bpmn.drawing import (
    END,
    START,
    catch,
    condition,
    drawing,
    extensions,
    flows,
    message,
    message_event,
    script,
    timer,
)  # fmt: skip

HERE = Path(__file__).parent
FORM = json.dumps(
    {
        "type": "default",
        "id": "oa/claim",
        "schemaVersion": 18,
        "components": [{"type": "number", "key": "amount", "id": "f1", "label": "金额"}],
    }
).encode()
RESERVE = Operation(
    name="erp.reserve_stock",
    function=lambda uow, *, order_id: {},
    parameters=(Parameter("order_id", str, "string", True),),
    doc="",
    labels={},
    outputs={"reserved": "boolean"},
    errors=("ERP.STOCK_SHORT",),
    effect="write",
)
POST = replace(RESERVE, name="net.post", parameters=(Parameter("url", str, "string", True),), external=True)
RESERVING = ElementTemplate(
    "reserve", 2, {"": "预留", "en": "Reserve"}, {}, "", "serviceTask",
    (Setting("type", "", RESERVE.name, fixed=True), Setting("retries", "", "5", fixed=True),
     Setting("input", "order_id", "= order", fixed=False)),
)  # fmt: skip
ENTER = replace(
    RESERVE, name="erp.enter", acting=("entered_by",),
    parameters=tuple(Parameter(name, str, "string", False) for name in ("entered_by", "owner_id", "who")),
)  # fmt: skip
CATALOG = {one.name: one for one in (RESERVE, POST, ENTER)}
DRAWINGS = sorted(HERE.glob("*/*.bpmn"))


def judged(path: Path) -> list:
    known = KnownThings(group=lambda key: "nobody" not in key, department=lambda key: "nobody" not in key,
                        members=lambda key: 201 if key == "everybody" else 3,
                        template={"reserve": RESERVING}.get, withdrawn={"gone": RESERVING}.get,
                        host=lambda name: "nobody" not in name, receiver=lambda name: "nobody" not in name,
                        begun_by=lambda message: {"other": "另一个"} if message == "shared" else {},
                        banks=frozenset(("bank.example",)))  # fmt: skip
    return lint.check({path.name: path.read_bytes(), "forms/oa/claim.json": FORM}, CATALOG, known=known)


def test_every_rule_has_a_wrong_and_a_right_drawing_and_says_so():
    for code, rule in lint.discovered().items():
        folder = HERE / code.replace("-", "_")
        assert (folder / "valid.bpmn").exists()
        assert (folder / "invalid.bpmn").exists()
        assert "Wrong:" in rule.doc
        assert "Right:" in rule.doc
    assert {path.parent.name.replace("_", "-") for path in DRAWINGS} == set(lint.discovered())


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_rule_finds_what_is_wrong_and_nothing_else(path):
    rule = path.parent.name.replace("_", "-")

    found = [finding for finding in judged(path) if finding.rule == rule]

    assert bool(found) == path.stem.startswith("invalid"), found
    for finding in found:
        assert finding.level is lint.discovered()[rule].level
        assert finding.resource == path.name
        assert not re.search(r"(?<!\$){\w+}", str(finding))
        assert finding.line


@pytest.mark.parametrize("path", [path for path in DRAWINGS if path.stem == "valid"], ids=lambda path: path.parent.name)
def test_a_right_drawing_can_be_deployed(path):
    assert [finding for finding in judged(path) if finding.level is Level.ERROR] == []


@pytest.mark.parametrize(
    ("asks", "found"), [
        ('approval.t.outcome = "agree"', ["ok_t"]),
        ('approval . t /* as it was */ . outcome = "agree"', ["ok_t"]),
        ('approval.t-1 = "agree"', ["ok_t"]),
        ('"approval.t" != text', []),
    ],
)  # fmt: skip
def test_an_outcome_is_read_too_early_where_the_condition_as_it_is_run_reads_it(asks, found):
    source = (HERE / "outcome_read_before_decided" / "invalid.bpmn").read_bytes()
    asked = source.replace(b'approval.t.outcome = "agree"', asks.encode())

    told = lint.check({"processes/oa/sample.bpmn": asked}, CATALOG)

    assert [one.element_id for one in told if one.rule == "outcome-read-before-decided"] == found


def test_levels_of_a_rule_can_be_set_and_a_rule_can_be_switched_off():
    content = {"a.bpmn": (HERE / "gateway_default_flow/invalid.bpmn").read_bytes()}

    assert "gateway-default-flow" in {finding.rule for finding in lint.check(content, {})}
    (softer,) = [
        finding
        for finding in lint.check(content, {}, lint.Levels({"gateway-default-flow": "warn"}))
        if finding.rule == "gateway-default-flow"
    ]
    assert softer.level is Level.WARN
    assert "gateway-default-flow" not in {
        finding.rule for finding in lint.check(content, {}, lint.Levels({"gateway-default-flow": "off"}))
    }


def test_an_area_may_weigh_a_rule_otherwise():
    levels = lint.levels_in("rules: {decision-gap: error}\nareas: {oa: {decision-gap: off}}")

    assert levels.of("decision-gap", "processes/crm/a.dmn") == "error"
    assert levels.of("decision-gap", "processes/oa/a.dmn") == "off"
    assert levels.of("decision-overlap", "processes/oa/a.dmn") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("rules: {decision-gab: error}", "decision-gab"),
        ("rules: {decision-gap: fatal}", "decision-gap: fatal"),
        ("rules: [decision-gap]", "['decision-gap']"),
        ("levels: {}", "{'levels': {}}"),
        ("areas: 5", "5"),
        ("rules: {feel-syntax: off}", "feel-syntax"),
        ("{", None),
    ],
)
def test_wrong_levels_are_refused_with_what_was_expected(text, found):
    with pytest.raises(WrongLevels) as caught:
        lint.levels_in(text)

    assert caught.value.facts["found"] == found or found is None


def test_the_shipped_levels_can_be_read():
    shipped = (HERE.parents[2] / "processes" / "lint.yml").read_text(encoding="utf-8")

    assert set(lint.levels_in(shipped).rules) == set(dmn.ANALYSIS)


def test_errors_come_first_and_nothing_is_said_twice():
    findings = judged(HERE / "reference_exists/invalid.bpmn")
    levels = [list(Level).index(finding.level) for finding in findings]

    assert levels == sorted(levels)
    assert len({str(finding) for finding in findings}) == len(findings)


def test_what_is_deployed_already_may_be_referred_to():
    content = {
        name: (HERE / f"reference_exists/invalid_{name}.bpmn").read_bytes() for name in ("call", "decision", "form")
    }
    resources = {f"{name}.bpmn": data.replace(b'"sample"', f'"{name}_p"'.encode()) for name, data in content.items()}
    known = KnownThings(frozenset(("nowhere",)), frozenset(("limit",)), frozenset(("oa/nowhere",)))

    assert "reference-exists" in {finding.rule for finding in lint.check(resources, {})}
    assert "reference-exists" not in {finding.rule for finding in lint.check(resources, {}, known=known)}


def test_a_missing_name_comes_with_the_nearest_one():
    (finding,) = [item for item in judged(HERE / "reference_exists/invalid.bpmn") if item.rule == "reference-exists"]

    assert "Did you mean 'erp.reserve_stock'?" in str(finding)


def test_files_that_cannot_be_read_are_findings_and_other_files_are_left_alone():
    resources = {"a.bpmn": b"<x", "b.dmn": b"<x", "c.json": b"{", "README.md": b"\xff", "d.scenarios.yml": b": :"}

    findings = lint.check(resources, {})

    assert {finding.resource for finding in findings} == {"a.bpmn", "b.dmn", "c.json"}
    assert all(finding.level is Level.ERROR for finding in findings)


def test_many_findings_are_gathered_in_linear_time():
    head = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:x="urn:x" targetNamespace="urn:t">'

    def cost(count: int) -> int:
        words = " ".join(f'x:word{n}="1"' for n in range(40))
        tasks = "".join(f'<manualTask id="t{n}" {words}/>' for n in range(count))
        data = f'{head}<process id="p" isExecutable="true">{tasks}</process></definitions>'.encode()
        findings = []
        run = lines(lambda: findings.extend(lint.check({"p.bpmn": data}, {})))
        assert len([finding for finding in findings if finding.rule == "foreign-extension"]) == 40 * count
        return run

    cost(1)  # what is made once
    few, many = cost(5), cost(50)

    assert few > 5_000
    assert many < 11 * few


def test_event_sub_processes_links_and_instantiating_gateways_are_ways_like_others():
    throwing = '<intermediateThrowEvent id="jump" name="去">{link}</intermediateThrowEvent>'
    catching = '<intermediateCatchEvent id="land" name="来">{link}</intermediateCatchEvent>'
    link = '<linkEventDefinition name="A"/>'
    handler = (
        '<subProcess id="late" name="超时" triggeredByEvent="true"><startEvent id="l" name="已超时">'
        f'{timer("P1D")}</startEvent><endEvent id="le" name="已处理"/>{flows("l le")}</subProcess>'
    )  # fmt: skip
    body = (
        '<eventBasedGateway id="g" instantiate="true"/>' + catch("a", message_event("m")) + catch("b", timer("P1D"))
        + throwing.format(link=link) + catching.format(link=link) + END + handler
        + flows("g a jump", "g b end", "land end")
    )  # fmt: skip

    found = lint.check({"p.bpmn": drawing(body, message("m"))}, {})

    ways = ("reachable", "start-event-required", "end-event-required", "correlation-key-required")
    assert [str(finding) for finding in found if finding.rule in ways or finding.level is Level.ERROR] == []


def test_message_that_begins_an_event_sub_process_needs_a_key():
    handler = (
        '<subProcess id="asked" name="询问" triggeredByEvent="true"><startEvent id="a" name="已询问">'
        f'{message_event("m")}</startEvent><endEvent id="ae" name="已答复"/>{flows("a ae")}</subProcess>'
    )  # fmt: skip
    body = START + END + flows("start end") + handler

    found = lint.check({"p.bpmn": drawing(body, message("m", None))}, {})

    assert ("correlation-key-required", "a") in [(finding.rule, finding.element_id) for finding in found]


def test_conditions_of_events_and_complex_gateways_are_judged():
    gateway = (
        '<complexGateway id="g" name="够了吗"><activationCondition>= activationCount &gt;= 2</activationCondition>'
        "</complexGateway>"
    )
    late = (
        '<subProcess id="h" name="超时" triggeredByEvent="true"><startEvent id="hs" name="已超时">'
        f'{condition("level + 1")}</startEvent><endEvent id="he" name="已处理"/>{flows("hs he")}</subProcess>'
    )  # fmt: skip
    body = (
        START + script("s", "1", "level") + '<parallelGateway id="f"/>' + script("a", "1", "x") + script("b", "1", "y")
        + gateway + END + flows("start s f", "f a g", "f b g", "g end") + late
    )  # fmt: skip

    found = lint.check({"p.bpmn": drawing(body)}, {})

    judged_ = [(finding.element_id, str(finding)) for finding in found if finding.rule == "expression-valid"]
    assert [element for element, _ in judged_] == ["hs"]
    assert "number" in judged_[0][1]


# ---------------------------------------------------------------- data

SPECIFIED = """<ioSpecification><dataInput id="i_a" name="a"/>
<dataInput id="i_b" name="b"/><dataOutput id="o_c" name="c"/>
<inputSet><dataInputRefs>i_a</dataInputRefs><dataInputRefs>i_b</dataInputRefs>
<optionalInputRefs>i_b</optionalInputRefs></inputSet>
<outputSet><dataOutputRefs>o_c</dataOutputRefs></outputSet></ioSpecification>"""
CALLED = drawing(SPECIFIED + START + script("s", "1", "c") + END + flows("start s end"), process_id="called")


def of_call(inner: str, attributes: str = 'calledElement="called"') -> list[str]:
    body = (
        '<dataObject id="x" name="x"/>'
        + START
        + f'<callActivity id="call" name="call" {attributes}>{inner}</callActivity>'
        + END
    )
    found = lint.check({"p.bpmn": drawing(body + flows("start call end")), "called.bpmn": CALLED}, {})
    return [str(finding) for finding in found if finding.rule == "reference-exists"]


def test_a_call_passes_what_the_called_process_requires():
    declared = """<ioSpecification><dataInput id="j" name="{name}"/>
      <inputSet><dataInputRefs>j</dataInputRefs></inputSet><outputSet/>
      </ioSpecification><dataInputAssociation><sourceRef>x</sourceRef><targetRef>j</targetRef></dataInputAssociation>"""

    assert of_call("") == [], "everything is passed"
    assert of_call(declared.format(name="a")) == []
    assert of_call(declared.format(name="z")) == [
        "p.bpmn:4:call: error reference-exists: 'call' does not pass the data input 'a', which 'called' requires. "
        "Give the call a data input of this name, and draw an arrow to it.",
        "p.bpmn:4:call: error reference-exists: 'call' declares 'z', but 'called' has no data input of this name. "
        "It has: a, b.",
    ]


def test_expressions_know_data_by_its_name():
    data = '<property id="p1" name="speed"/><dataObject id="d1" name="order"/><dataObject id="d2" name="the total"/>'
    form = extensions('<zeebe:formDefinition formId="oa/claim"/>')
    form = f'<startEvent id="start" name="start">{form}</startEvent>'
    inner = '<subProcess id="sub" name="sub"><dataObject id="d3" name="inner"/><task id="in" name="in"/></subProcess>'

    def unknown(text: str) -> list[str]:
        xml = drawing(data + form + inner + script("s", text, "x") + END + flows("start sub s end"))
        found = lint.check({"p.bpmn": xml, "forms/oa/claim.json": FORM}, {})
        return [finding.facts["variable"] for finding in found if finding.rule == "expression-valid"]

    assert unknown("[speed, order, d2, inner, amount]") == []
    assert unknown("[ordr, d1]") == ["ordr", "d1"]


def test_a_global_task_needs_neither_start_nor_end():
    xml = (
        drawing("<startEvent id='start' name='s'/>")
        .replace(b"<process ", b"<globalTask ")
        .replace(b"</process>", b"</globalTask>")
    )
    xml = xml.replace(b"<startEvent id='start' name='s'/>", b"").replace(b' isExecutable="true" ', b"")
    assert [str(finding) for finding in lint.check({"p.bpmn": xml}, {})] == []
