"""A new approval before anybody has drawn it: a form of a few fields, one approval by the manager, an end."""

import json
import re
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from engine.errors import N_

TYPES = {
    "text": N_("Text"), "long": N_("Long text"), "money": N_("Amount of money"), "number": N_("Number"),
    "date": N_("Date"), "choice": N_("One of several"), "yes": N_("Yes or no"), "files": N_("Files"),
}  # fmt: skip
"""What a field may be, and what that is called."""
_COMPONENTS: dict[str, dict[str, Any]] = {
    "text": {"type": "textfield", "validate": {"maxLength": 200}},
    "long": {"type": "textarea", "validate": {"maxLength": 2000}},
    "money": {"type": "number", "decimalDigits": 2, "validate": {"min": 0.01, "max": 9_999_999}},
    "number": {"type": "number"},
    "date": {"type": "datetime", "subtype": "date"},
    "choice": {"type": "select"},
    "yes": {"type": "checkbox"},
    "files": {"type": "filepicker", "multiple": True},
}
_KEYS = {
    "金额": "amount", "事由": "reason", "原因": "reason", "日期": "date", "类别": "category", "类型": "kind",
    "备注": "note", "附件": "files", "数量": "quantity", "部门": "department", "名称": "name", "地点": "place",
    "开始日期": "starts", "结束日期": "ends", "天数": "days", "说明": "text", "单价": "price", "供应商": "supplier",
    "客户": "customer",
}  # fmt: skip
"""Keys of labels that many forms have; the others are numbered."""
_TAKEN = frozenset(("process", "approval", "task", "item"))
SUMMARY = 4
"""fields that lists show"""

_DRAWING = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:troika="urn:troika:bpmn:1.0" id="definitions_{key}" targetNamespace="urn:troika:processes">
  <bpmn:process id="{key}" name={name} isExecutable="true" troika:category="{area}">
    <bpmn:extensionElements>
      {english}<troika:numbering pattern="SP{{yyyyMMdd}}{{seq:4}}" period="day"/>
      <troika:title value={title}/>
      {summary}<troika:fields default="read"/>
    </bpmn:extensionElements>
    <bpmn:startEvent id="submitted" name="申请已提交">
      <bpmn:extensionElements>
        <troika:label lang="en">Request submitted</troika:label>
        <zeebe:formDefinition formId="{form}"/>
      </bpmn:extensionElements>
      <bpmn:outgoing>submitted_to_manager</bpmn:outgoing>
    </bpmn:startEvent>
    <bpmn:userTask id="manager" name="上级审批">
      <bpmn:extensionElements>
        <troika:label lang="en">Manager approves</troika:label>
        <zeebe:userTask/>
        <zeebe:formDefinition formId="{form}"/>
        <zeebe:taskSchedule dueDate="= now() + duration(&quot;P3D&quot;)"/>
        <troika:assignment strategy="initiatorManager" level="1"/>
        <troika:approval mode="any" onReject="end"/>
      </bpmn:extensionElements>
      <bpmn:incoming>submitted_to_manager</bpmn:incoming>
      <bpmn:outgoing>manager_to_done</bpmn:outgoing>
    </bpmn:userTask>
    <bpmn:endEvent id="done" name="已通过">
      <bpmn:extensionElements>
        <troika:label lang="en">Approved</troika:label>
      </bpmn:extensionElements>
      <bpmn:incoming>manager_to_done</bpmn:incoming>
    </bpmn:endEvent>
    <bpmn:sequenceFlow id="submitted_to_manager" sourceRef="submitted" targetRef="manager"/>
    <bpmn:sequenceFlow id="manager_to_done" sourceRef="manager" targetRef="done"/>
  </bpmn:process>
  <bpmndi:BPMNDiagram id="{key}_diagram">
    <bpmndi:BPMNPlane id="{key}_plane" bpmnElement="{key}">
      <bpmndi:BPMNShape id="submitted_di" bpmnElement="submitted">
        <dc:Bounds x="160" y="102" width="36" height="36"/>
        <bpmndi:BPMNLabel><dc:Bounds x="146" y="142" width="66" height="14"/></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="manager_di" bpmnElement="manager"><dc:Bounds x="260" y="80" width="100" height="80"/></bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="done_di" bpmnElement="done">
        <dc:Bounds x="424" y="102" width="36" height="36"/>
        <bpmndi:BPMNLabel><dc:Bounds x="422" y="142" width="40" height="14"/></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="submitted_to_manager_di" bpmnElement="submitted_to_manager"><di:waypoint x="196" y="120"/><di:waypoint x="260" y="120"/></bpmndi:BPMNEdge>
      <bpmndi:BPMNEdge id="manager_to_done_di" bpmnElement="manager_to_done"><di:waypoint x="360" y="120"/><di:waypoint x="424" y="120"/></bpmndi:BPMNEdge>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""  # noqa: E501 - an XML file


@dataclass(frozen=True, slots=True)
class NewField:
    """A field as people describe it. `options`: what a choice offers."""

    label: str
    type: str
    required: bool = False
    options: tuple[str, ...] = ()


def blank_form(form_id: str, fields: list[NewField]) -> bytes:
    """A form-js form of these fields, one below the other."""
    components = []
    for key, field in zip(_keys(fields), fields, strict=True):
        shape = _COMPONENTS[field.type]
        component = {**shape, "id": f"Field_{key}", "key": key, "label": field.label}
        component["validate"] = {**shape.get("validate", {}), **({"required": True} if field.required else {})}
        if field.type == "choice":
            component["values"] = [{"label": option, "value": option} for option in field.options]
        components.append(component)
    document = {"id": form_id, "type": "default", "schemaVersion": 18, "components": components}
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def blank_approval(key: str, name: str, english: str, area: str, form_id: str, shown: list[str]) -> bytes:
    """A drawing that can be deployed as it is: the requester's manager decides. `shown`: fields that lists show."""
    label = f'<troika:label lang="en">{escape(english)}</troika:label>\n      ' if english else ""
    summary = f"<troika:summary fields={quoteattr(' '.join(shown[:SUMMARY]))}/>\n      " if shown else ""
    said = "".join(char for char in name if char not in '"\\')
    title = quoteattr(f'= process.initiator.name + "的{said}"')
    return _DRAWING.format(
        key=key, name=quoteattr(name), english=label, area=area, form=form_id, summary=summary, title=title
    ).encode("utf-8")


def _keys(fields: list[NewField]) -> list[str]:
    found: list[str] = []
    for number, field in enumerate(fields, 1):
        plain = re.sub(r"[^a-z0-9]+", "_", field.label.lower()).strip("_") if field.label.isascii() else ""
        key = _KEYS.get(field.label, plain if plain and plain[0].isalpha() and plain not in _TAKEN else "")
        found.append(key if key and key not in found else f"field_{number}")
    return found
