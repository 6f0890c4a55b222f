"""The drawings that are measured, written as text so that each stands whole."""

from itertools import pairwise

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
  xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"
  xmlns:troika="urn:troika:bpmn:1.0" id="definitions" targetNamespace="urn:bench">"""


def _service(node: str) -> str:
    return f"""
    <bpmn:serviceTask id="{node}" name="{node}"><bpmn:extensionElements>
      <zeebe:taskDefinition type="bench.touch"/>
      <zeebe:ioMapping><zeebe:input source="= order_id" target="order_id"/></zeebe:ioMapping>
    </bpmn:extensionElements></bpmn:serviceTask>"""


def _flow(source: str, target: str, condition: str = "") -> str:
    inner = f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{condition}</bpmn:conditionExpression>'
    return (
        f'<bpmn:sequenceFlow id="{source}_{target}" name="{target}" sourceRef="{source}" targetRef="{target}">'
        f"{inner if condition else ''}</bpmn:sequenceFlow>"
    )


MINI = (
    _HEAD
    + """
  <bpmn:process id="mini" name="mini" isExecutable="true">
    <bpmn:startEvent id="start" name="started"/>"""
    + _service("validate")
    + """
    <bpmn:userTask id="check" name="check"><bpmn:extensionElements><zeebe:userTask/>
      <zeebe:assignmentDefinition assignee="bench"/></bpmn:extensionElements></bpmn:userTask>
    <bpmn:exclusiveGateway id="large" name="large?" default="large_small"/>"""
    + _service("book")
    + """
    <bpmn:endEvent id="done" name="done"/><bpmn:endEvent id="small" name="small"/>"""
    + _flow("start", "validate")
    + _flow("validate", "check")
    + _flow("check", "large")
    + _flow("large", "book", "= amount &gt; 100")
    + _flow("large", "small")
    + _flow("book", "done")
    + "</bpmn:process></bpmn:definitions>"
).encode()


def _operator(node: str) -> str:
    return f"""
    <bpmn:serviceTask id="{node}" name="{node}"><bpmn:extensionElements>
      <spiffworkflow:serviceTaskOperator id="touch" resultVariable="{node}_result"><spiffworkflow:parameters>
        <spiffworkflow:parameter id="order_id" type="any" value="order_id"/></spiffworkflow:parameters>
      </spiffworkflow:serviceTaskOperator></bpmn:extensionElements></bpmn:serviceTask>"""


MINI_SPIFF = (
    _HEAD
    + """
  <bpmn:process id="mini" name="mini" isExecutable="true">
    <bpmn:startEvent id="start" name="started"/>"""
    + _operator("validate")
    + """
    <bpmn:userTask id="check" name="check"/>
    <bpmn:exclusiveGateway id="large" name="large?" default="large_small"/>"""
    + _operator("book")
    + """
    <bpmn:endEvent id="done" name="done"/><bpmn:endEvent id="small" name="small"/>"""
    + _flow("start", "validate")
    + _flow("validate", "check")
    + _flow("check", "large")
    + _flow("large", "book", "amount &gt; 100")
    + _flow("large", "small")
    + _flow("book", "done")
    + "</bpmn:process></bpmn:definitions>"
).encode()


LOOP = (
    _HEAD
    + """
  <bpmn:process id="loop" name="loop" isExecutable="true">
    <bpmn:startEvent id="start" name="started"/>
    <bpmn:exclusiveGateway id="again" name="again"/>
    <bpmn:userTask id="check" name="check"><bpmn:extensionElements><zeebe:userTask/>
      <zeebe:assignmentDefinition assignee="bench"/></bpmn:extensionElements></bpmn:userTask>
    <bpmn:scriptTask id="count" name="count"><bpmn:extensionElements>
      <zeebe:script expression="= n + 1" resultVariable="n"/></bpmn:extensionElements></bpmn:scriptTask>
    <bpmn:exclusiveGateway id="enough" name="enough?" default="enough_done"/>
    <bpmn:endEvent id="done" name="done"/>"""
    + _flow("start", "again")
    + _flow("again", "check")
    + _flow("check", "count")
    + _flow("count", "enough")
    + _flow("enough", "again", "= n &lt; rounds")
    + _flow("enough", "done")
    + "</bpmn:process></bpmn:definitions>"
).encode()


VARIABLES = {"order_id": "ORD-123", "amount": 500, "customer": {"name": "云途", "city": "上海"}}
"""What an instance of mini starts with."""

_DRAWN = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
  xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
  xmlns:troika="urn:troika:bpmn:1.0" id="definitions" targetNamespace="urn:bench">"""
_ROW = 20


def in_a_row(key: str, tasks: int) -> bytes:
    """A drawing of that many user tasks one after the other, in rows."""
    names = ["start", *(f"task{number}" for number in range(tasks)), "end"]
    steps, shapes, boxes = [], [], {}
    for place, name in enumerate(names):
        kind = {0: "startEvent", len(names) - 1: "endEvent"}.get(place, "userTask")
        width, height = (100, 80) if kind == "userTask" else (36, 36)
        x, y = 160 + place % _ROW * 160, 100 + place // _ROW * 140
        boxes[name] = (x, y, width, height)
        who = '<bpmn:extensionElements><zeebe:userTask/><zeebe:assignmentDefinition candidateGroups="finance"/>'
        inside = f"{who}</bpmn:extensionElements>" if kind == "userTask" else ""
        steps.append(f'<bpmn:{kind} id="{name}" name="{name}">{inside}</bpmn:{kind}>')
        shapes.append(
            f'<bpmndi:BPMNShape id="{name}_di" bpmnElement="{name}">'
            f'<dc:Bounds x="{x}" y="{y}" width="{width}" height="{height}"/></bpmndi:BPMNShape>'
        )
    for source, target in pairwise(names):
        (x, y, width, height), (to_x, to_y, _, to_height) = boxes[source], boxes[target]
        steps.append(f'<bpmn:sequenceFlow id="{source}_on" sourceRef="{source}" targetRef="{target}"/>')
        shapes.append(
            f'<bpmndi:BPMNEdge id="{source}_on_di" bpmnElement="{source}_on"><di:waypoint x="{x + width}" '
            f'y="{y + height / 2:g}"/><di:waypoint x="{to_x}" y="{to_y + to_height / 2:g}"/></bpmndi:BPMNEdge>'
        )
    drawn = f'<bpmndi:BPMNDiagram id="d"><bpmndi:BPMNPlane id="p" bpmnElement="{key}">{"".join(shapes)}'
    return (
        f'{_DRAWN}<bpmn:process id="{key}" name="{key}" isExecutable="true" troika:category="oa">{"".join(steps)}'
        f"</bpmn:process>{drawn}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram></bpmn:definitions>"
    ).encode()
