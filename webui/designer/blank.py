"""The drawing that a new process starts with: submitted, one step, done."""

from xml.sax.saxutils import quoteattr

_DRAWING = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:troika="urn:troika:bpmn:1.0" id="definitions_{key}" targetNamespace="urn:troika">
  <bpmn:process id="{key}" name={name} isExecutable="true" troika:category="{area}">
    <bpmn:startEvent id="submitted" name="已提交">
      <bpmn:outgoing>to_handle</bpmn:outgoing>
    </bpmn:startEvent>
    <bpmn:userTask id="handle" name="办理">
      <bpmn:extensionElements><zeebe:userTask /></bpmn:extensionElements>
      <bpmn:incoming>to_handle</bpmn:incoming>
      <bpmn:outgoing>to_done</bpmn:outgoing>
    </bpmn:userTask>
    <bpmn:endEvent id="done" name="已办结">
      <bpmn:incoming>to_done</bpmn:incoming>
    </bpmn:endEvent>
    <bpmn:sequenceFlow id="to_handle" sourceRef="submitted" targetRef="handle" />
    <bpmn:sequenceFlow id="to_done" sourceRef="handle" targetRef="done" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="diagram">
    <bpmndi:BPMNPlane id="plane" bpmnElement="{key}">
      <bpmndi:BPMNShape id="submitted_shape" bpmnElement="submitted">
        <dc:Bounds x="160" y="102" width="36" height="36" />
        <bpmndi:BPMNLabel><dc:Bounds x="158" y="145" width="40" height="14" /></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="handle_shape" bpmnElement="handle"><dc:Bounds x="260" y="80" width="100" height="80" /></bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="done_shape" bpmnElement="done">
        <dc:Bounds x="424" y="102" width="36" height="36" />
        <bpmndi:BPMNLabel><dc:Bounds x="422" y="145" width="40" height="14" /></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="to_handle_edge" bpmnElement="to_handle"><di:waypoint x="196" y="120" /><di:waypoint x="260" y="120" /></bpmndi:BPMNEdge>
      <bpmndi:BPMNEdge id="to_done_edge" bpmnElement="to_done"><di:waypoint x="360" y="120" /><di:waypoint x="424" y="120" /></bpmndi:BPMNEdge>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""  # noqa: E501 - an XML file


def blank_drawing(key: str, name: str, area: str) -> bytes:
    """A valid drawing of process `key`; its step still has to be assigned."""
    return _DRAWING.format(key=key, name=quoteattr(name), area=area).encode("utf-8")
