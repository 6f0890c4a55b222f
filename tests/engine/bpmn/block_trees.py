"""Random block-structured processes: a tree of steps, the file that it stands for, and the tree that cards make."""

from dataclasses import dataclass, field

from hypothesis import strategies as st

from engine.bpmn.outline import Card, Outline, Path

STEPS = {
    "approval": '<troika:assignment strategy="initiatorManager"/><troika:approval onReject="{reject}"/>',
    "task": '<zeebe:userTask/><zeebe:assignmentDefinition assignee="= process.initiator"/>',
    "copy": '<zeebe:taskDefinition type="notification.notify"/>',
    "script": '<zeebe:script expression="= 1" resultVariable="{id}_result"/>',
}
TAGS = {"approval": "userTask", "task": "userTask", "copy": "serviceTask", "script": "scriptTask"}
BLOCKS = {"condition": "exclusiveGateway", "inclusive": "inclusiveGateway", "parallel": "parallelGateway"}
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" \
xmlns:troika="urn:troika:bpmn:1.0" xmlns:other="urn:other" id="definitions" targetNamespace="urn:test">
  <!-- kept -->
  <bpmn:process id="tree" name="Tree" isExecutable="true">
    <bpmn:documentation>what it is for</bpmn:documentation>
    <bpmn:extensionElements><other:word meaning="unknown"><other:inner/></other:word></bpmn:extensionElements>
"""


def trees(depth: int = 3) -> st.SearchStrategy:
    """A path: steps ("task",), approvals with what a rejection does, blocks with the paths of their branches."""
    steps = st.sampled_from(
        [("task",), ("copy",), ("script",), ("approval", "end"), ("approval", "flow end"), ("approval", "request")]
    )
    if depth == 0:
        return st.lists(steps, max_size=2)
    inner = trees(depth - 1)
    # a rejection behind a join of all branches would starve it: what ends is only drawn where one branch is taken
    apart = st.tuples(st.just("condition"), st.lists(inner, min_size=2, max_size=3))
    plain = st.lists(st.sampled_from([("task",), ("copy",), ("script",), ("approval", "end")]), max_size=2)
    together = st.tuples(st.sampled_from(["parallel", "inclusive"]), st.lists(plain, min_size=2, max_size=3))
    return st.lists(st.one_of(steps, apart, together), max_size=3)


@dataclass
class _Writer:
    nodes: list[str] = field(default_factory=list)
    flows: list[tuple[str, str, str]] = field(default_factory=list)
    count: int = 0
    corrected: bool = False

    def key(self, kind: str) -> str:
        self.count += 1
        return f"{kind}_{self.count}"

    def node(self, tag: str, key: str, inside: str = "", attributes: str = "") -> str:
        inner = f"<bpmn:extensionElements>{inside}</bpmn:extensionElements>" if inside else ""
        self.nodes.append(f'<bpmn:{tag} id="{key}" name="{key}"{attributes}>{inner}</bpmn:{tag}>')
        return key

    def flow(self, source: str, target: str, condition: str = "") -> str:
        key = f"flow_{source}_{target}_{len(self.flows)}"
        self.flows.append((key, source, target, condition))
        return key

    def path(self, before: str, tree: list, condition: str = "") -> tuple[str, str]:
        """(last node, condition of the flow that leaves it) after `tree`."""
        for step in tree:
            before, condition = self.step(before, step, condition)
        return before, condition

    def step(self, before: str, step: tuple, condition: str) -> tuple[str, str]:
        if step[0] in BLOCKS:
            return self.block(before, step, condition)
        key = self.key(step[0])
        reject = "end" if step[-1] == "end" else "flow"
        self.node(TAGS[step[0]], key, STEPS[step[0]].format(id=key, reject=reject))
        self.flow(before, key, condition)
        if step[0] != "approval" or reject == "end":
            return key, ""
        gate = self.key("agrees")
        self.flow(key, gate)
        end = "correct" if step[1] == "request" else self.node("endEvent", self.key("rejected"))
        self.corrected |= step[1] == "request"
        otherwise = self.flow(gate, end)
        self.node("exclusiveGateway", gate, attributes=f' default="{otherwise}"')
        return gate, f'= approval.{key}.outcome = "agree"'

    def block(self, before: str, step: tuple, condition: str) -> tuple[str, str]:
        gate = self.key(step[0])
        join = f"{gate}_join"
        self.flow(before, gate, condition)
        last = ""
        for number, branch in enumerate(step[1]):
            asked = f"= process.number = &quot;{number}&quot;" if step[0] != "parallel" and number else ""
            at = len(self.flows)
            end, then = self.path(gate, branch, asked)
            self.flow(end, join, then)
            last = self.flows[at][0] if not asked else last
        default = f' default="{last}"' if step[0] != "parallel" else ""
        self.node(BLOCKS[step[0]], gate, attributes=default)
        self.node(BLOCKS[step[0]], join)
        return join, ""


def to_bpmn(tree: list) -> bytes:
    """The file of a tree, not drawn; with words that nobody here knows."""
    writer = _Writer()
    writer.node("startEvent", "start")
    last, condition = writer.path("start", [("task",), *tree])
    writer.node("endEvent", "done")
    writer.flow(last, "done", condition)
    if writer.corrected:
        asked = '<zeebe:userTask/><zeebe:assignmentDefinition assignee="= process.initiator"/>'
        writer.node("userTask", "correct", asked, ' troika:request="true"')
        writer.flow("correct", "task_1")
    flows = [
        f'<bpmn:sequenceFlow id="{key}" name="{key}" sourceRef="{source}" targetRef="{target}">'
        + (f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{condition}</bpmn:conditionExpression>'
           if condition else "") + "</bpmn:sequenceFlow>"
        for key, source, target, condition in writer.flows
    ]  # fmt: skip
    body = "\n".join(f"    {line}" for line in [*writer.nodes, *flows])
    return f"{HEAD}{body}\n  </bpmn:process>\n</bpmn:definitions>\n".encode()


def tree_of(drawn: Outline) -> list:
    """What the cards say, as a tree; without the start, the first task and the end."""
    assert drawn.path is not None, drawn.obstacles
    return _path(drawn.path)[2:-1]


def _path(path: Path) -> list:
    return [_step(card) for card in path.cards]


def _step(card: Card) -> tuple:
    if card.branches:
        return card.kind, [_path(branch) for branch in card.branches]
    if card.kind != "approval":
        return (card.kind,)
    if card.rejected is None:
        return "approval", "end"
    return "approval", "request" if card.rejected.leads == "back" else "flow end"
