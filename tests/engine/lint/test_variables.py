"""What the expressions of a drawing may read, with the types that forms, operations, scripts and loops give."""

import json
import sys

from engine import bpmn, forms, lint
from engine.lint import KnownThings
from engine.lint.variables import variables_of
from engine.operations import Operation, Parameter

FORM = {
    "type": "default", "id": "oa/order", "schemaVersion": 18,
    "components": [
        {"type": "textfield", "key": "customer.name", "id": "f1", "label": "客户"},
        {"type": "datetime", "subtype": "date", "key": "due", "id": "f2", "label": "日期", "dateLabel": "日期"},
        {"type": "select", "key": "kind", "id": "f3", "label": "类别",
         "values": [{"label": "一", "value": "a"}, {"label": "二", "value": "b"}]},
        {"type": "dynamiclist", "path": "lines", "id": "f4", "label": "明细", "components": [
            {"type": "number", "key": "qty", "id": "f5", "label": "数量"},
            {"type": "number", "key": "price", "id": "f6", "label": "单价"},
        ]},
        {"type": "expression", "key": "total", "id": "f7", "expression": "=sum(lines.price)"},
    ],
}  # fmt: skip
PRICE = Operation(
    name="crm.price", function=lambda uow, *, party: {}, parameters=(Parameter("party", str, "id", True),), doc="",
    labels={}, outputs={"price_id": "id", "prices": "list<number>"}, errors=(), effect="write",
)  # fmt: skip
DRAWING = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
             xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="definitions" targetNamespace="urn:troika:test">
  <process id="sample" name="示例" isExecutable="true">
    <startEvent id="start" name="已提交">
      <extensionElements><zeebe:formDefinition formId="oa/order"/></extensionElements>
    </startEvent>
    <serviceTask id="price" name="定价"><extensionElements>
      <zeebe:taskDefinition type="crm.price"/>
      <zeebe:ioMapping><zeebe:input source="= customer.name" target="party"/></zeebe:ioMapping>
    </extensionElements></serviceTask>
    <scriptTask id="add" name="合计"><extensionElements>
      <zeebe:script expression="= for l in lines return l.qty * l.price" resultVariable="amounts"/>
    </extensionElements></scriptTask>
    <scriptTask id="each" name="逐行"><extensionElements>
      <zeebe:script expression="= line.qty + loopCounter" resultVariable="one"/>
    </extensionElements>
    <multiInstanceLoopCharacteristics><extensionElements>
      <zeebe:loopCharacteristics inputCollection="= lines" inputElement="line" outputCollection="all"
                                 outputElement="= one"/>
    </extensionElements></multiInstanceLoopCharacteristics></scriptTask>
    <endEvent id="end" name="已完成"/>
    <sequenceFlow id="f1" sourceRef="start" targetRef="price"/>
    <sequenceFlow id="f2" sourceRef="price" targetRef="add"/>
    <sequenceFlow id="f3" sourceRef="add" targetRef="each"/>
    <sequenceFlow id="f4" sourceRef="each" targetRef="end"/>
  </process>
</definitions>"""


def checked(drawing, form=True):
    resources = {"sample.bpmn": drawing.encode(), "forms/oa/order.json": json.dumps(FORM).encode()}
    if not form:
        del resources["forms/oa/order.json"]
    return resources, {PRICE.name: PRICE}


def test_every_source_gives_its_types():
    found = lint.variables(*checked(DRAWING))["sample"]

    assert found.closed
    types = {name: str(of) for name, of in found.types.items()}
    assert {name: types[name] for name in ("due", "kind", "lines", "total", "price_id", "prices", "party")} == {
        "due": "date", "kind": "string", "lines": "list<context>", "total": "number", "price_id": "string",
        "prices": "list<number>", "party": "string",
    }  # fmt: skip
    assert (types["amounts"], types["line"], types["one"], types["all"]) == (
        "list<number>", "context", "number", "list<number>",
    )  # fmt: skip
    assert found.types["kind"].options == ("a", "b")
    assert dict(found.types["customer"].members or ())["name"].kind == "string"
    assert found.origins["amounts"] == "add"


def test_a_right_drawing_has_no_remark_and_each_slip_has_one():
    slips = {
        "line.qty + loopCounter": "line.qyt + loopCounter",
        "l.qty * l.price": "l.qty * l.prise",
        "= customer.name": "= customer.nmae",
        'inputCollection="= lines"': 'inputCollection="= lins"',
    }

    def remarks(drawing):
        return [str(item) for item in lint.check(*checked(drawing)) if item.rule == "expression-valid"]

    assert remarks(DRAWING) == []
    for right, wrong in slips.items():
        assert "Did you mean" in remarks(DRAWING.replace(right, wrong))[0]


def test_a_deployed_form_is_known():
    resources, catalog = checked(DRAWING, form=False)
    full, _ = checked(DRAWING)
    form = forms.read(full["forms/oa/order.json"], "forms/oa/order.json").form
    from_files = lint.variables(full, catalog)["sample"]

    assert not lint.variables(resources, catalog)["sample"].closed
    known = KnownThings(form=lambda key: form if key == "oa/order" else None)
    assert lint.variables(resources, catalog, known)["sample"].types == from_files.types


def test_names_are_known_while_the_drawing_does_not_compile():
    broken = DRAWING.replace('<sequenceFlow id="f4" sourceRef="each" targetRef="end"/>', "").replace(
        'zeebe:script expression="= for', 'zeebe:script expression="= fur'
    )

    assert "due" in lint.variables(*checked(broken))["sample"].types


def test_names_are_looked_for_once_and_not_at_each_expression(monkeypatch):
    looked_for = []
    module = sys.modules[variables_of.__module__]  # its name is that of the verb
    monkeypatch.setattr(module, "long_names", lambda scope: looked_for.append(len(scope)) or frozenset())

    lint.variables(*checked(DRAWING))

    assert len(looked_for) == 3


def test_a_drawing_that_was_read_is_not_read_again(monkeypatch):
    resources, catalog = checked(DRAWING.replace("customer.name", "customer.nmae"))
    expected = lint.check(resources, catalog)
    assert "expression-valid" in {finding.rule for finding in expected}
    readings = {"sample.bpmn": bpmn.read(resources["sample.bpmn"], "sample.bpmn")}

    monkeypatch.setattr(bpmn, "read", lambda *_: 1 / 0)

    assert lint.check(resources, catalog, readings=readings) == expected
