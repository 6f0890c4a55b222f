"""The drawing that a new process starts with: submitted, one step, done. The step is empty or an approval."""

from xml.sax.saxutils import escape, quoteattr

SUMMARY = 4
"""fields that lists show"""

_DRAWING = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:troika="urn:troika:bpmn:1.0" id="definitions_{key}" targetNamespace="urn:troika:processes">
  <bpmn:process id="{key}" name={name} isExecutable="true" troika:category="{area}">
{process}    <bpmn:startEvent id="submitted" name="申请已提交">
      <bpmn:extensionElements>
        <troika:label lang="en">Request submitted</troika:label>{form}
      </bpmn:extensionElements>
      <bpmn:outgoing>submitted_to_{step}</bpmn:outgoing>
    </bpmn:startEvent>
    <bpmn:userTask id="{step}" name="{step_name}">
      <bpmn:extensionElements>
        <troika:label lang="en">{step_english}</troika:label>
        <zeebe:userTask/>{form}{asked}
      </bpmn:extensionElements>
      <bpmn:incoming>submitted_to_{step}</bpmn:incoming>
      <bpmn:outgoing>{step}_to_done</bpmn:outgoing>
    </bpmn:userTask>
    <bpmn:endEvent id="done" name="{done}">
      <bpmn:extensionElements>
        <troika:label lang="en">{done_english}</troika:label>
      </bpmn:extensionElements>
      <bpmn:incoming>{step}_to_done</bpmn:incoming>
    </bpmn:endEvent>
    <bpmn:sequenceFlow id="submitted_to_{step}" sourceRef="submitted" targetRef="{step}"/>
    <bpmn:sequenceFlow id="{step}_to_done" sourceRef="{step}" targetRef="done"/>
  </bpmn:process>
  <bpmndi:BPMNDiagram id="{key}_diagram">
    <bpmndi:BPMNPlane id="{key}_plane" bpmnElement="{key}">
      <bpmndi:BPMNShape id="submitted_di" bpmnElement="submitted">
        <dc:Bounds x="160" y="102" width="36" height="36"/>
        <bpmndi:BPMNLabel><dc:Bounds x="146" y="142" width="66" height="14"/></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="{step}_di" bpmnElement="{step}"><dc:Bounds x="260" y="80" width="100" height="80"/></bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="done_di" bpmnElement="done">
        <dc:Bounds x="424" y="102" width="36" height="36"/>
        <bpmndi:BPMNLabel><dc:Bounds x="422" y="142" width="40" height="14"/></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="submitted_to_{step}_di" bpmnElement="submitted_to_{step}"><di:waypoint x="196" y="120"/><di:waypoint x="260" y="120"/></bpmndi:BPMNEdge>
      <bpmndi:BPMNEdge id="{step}_to_done_di" bpmnElement="{step}_to_done"><di:waypoint x="360" y="120"/><di:waypoint x="424" y="120"/></bpmndi:BPMNEdge>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""  # noqa: E501 - an XML file
_ASKED = """
        <zeebe:taskSchedule dueDate="= now() + duration(&quot;P3D&quot;)"/>
        <troika:assignment strategy="initiatorManager" level="1"/>
        <troika:approval mode="any" onReject="end"/>"""


def blank_drawing(key: str, name: str, area: str) -> bytes:
    """A valid drawing of process `key`; its step still has to be assigned."""
    return _DRAWING.format(
        key=key, name=quoteattr(name), area=area, process="", form="", step="handle", step_name="办理",
        step_english="Handle", asked="", done="已办结", done_english="Done",
    ).encode("utf-8")  # fmt: skip


def blank_approval(key: str, name: str, english: str, area: str, form_id: str, shown: list[str]) -> bytes:
    """A drawing that can be deployed as it is: the requester's manager decides. `shown`: fields that lists show."""
    said = "".join(char for char in name if char not in '"\\')
    title = quoteattr(f'= process.initiator.name + "的{said}"')
    lines = [
        f'<troika:label lang="en">{escape(english)}</troika:label>' if english else "",
        '<troika:numbering pattern="SP{yyyyMMdd}{seq:4}" period="day"/>',
        f"<troika:title value={title}/>",
        f"<troika:summary fields={quoteattr(' '.join(shown[:SUMMARY]))}/>" if shown else "",
        '<troika:fields default="read"/>',
    ]
    inside = "".join(f"\n      {line}" for line in lines if line)
    return _DRAWING.format(
        key=key, name=quoteattr(name), area=area, step="manager", step_name="上级审批",
        process=f"    <bpmn:extensionElements>{inside}\n    </bpmn:extensionElements>\n",
        form=f'\n        <zeebe:formDefinition formId="{form_id}"/>', step_english="Manager approves",
        asked=_ASKED, done="已通过", done_english="Approved",
    ).encode("utf-8")  # fmt: skip
