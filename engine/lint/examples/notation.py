"""Two small drawings in one text: what only the wrong one has is marked by `-`, what only the right one has by `+`.

```
  start begun 已提交|Submitted
  user check 审核|Check @finance [troika:x="1"]
      <zeebe:taskSchedule dueDate="P3D"/>
- end done 已完成|Done
  begun > check > done
```

A line is an element (kind, id, name in both languages, `@` the group that does it, attributes; `{` opens what is inside
of it, `}` closes it), a flow `a > b : 是|Yes ? amount > 5` with id a_b, unless
`id = ` stands before it, an association `a ~ b`, what an element holds
(`<`), a message with its correlation key (`message name ? order_id`), something else at the root of the file (`!`), or
the process itself, which is added where no line says it.
"""

import re
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

from engine.bpmn.imports import layout
from engine.bpmn.imports.report import Collector
from engine.bpmn.imports.writing import to_bytes
from engine.bpmn.parser.xml import parse

WRONG, RIGHT = "-", "+"
KINDS = {
    "start": "startEvent", "end": "endEvent", "catch": "intermediateCatchEvent", "throw": "intermediateThrowEvent",
    "boundary": "boundaryEvent", "user": "userTask", "service": "serviceTask", "script": "scriptTask",
    "rule": "businessRuleTask", "send": "sendTask", "receive": "receiveTask", "manual": "manualTask",
    "call": "callActivity", "sub": "subProcess", "transaction": "transaction", "adhoc": "adHocSubProcess",
    "xor": "exclusiveGateway", "and": "parallelGateway", "or": "inclusiveGateway", "complex": "complexGateway",
    "events": "eventBasedGateway", "process": "process",
}  # fmt: skip
_HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
    'xmlns:troika="urn:troika:bpmn:1.0" '
    'id="definitions" targetNamespace="urn:troika:example">'
)
_PROCESS = "process p 示例|Example"
_ELEMENT = re.compile(
    r"(?P<kind>\w+) (?P<id>\w+)(?: (?P<name>[^@\[{]+?))?(?: @(?P<who>\w+))?(?: \[(?P<more>.*)\])?(?P<open> \{)?"
)
_FLOW = re.compile(r"(?:(?P<id>\w+) = )?(?P<way>\w+(?: > \w+)+)(?: : (?P<name>[^?]+?))?(?: \? (?P<condition>.+))?")
_MESSAGE = re.compile(r"message (?P<name>\w+) \? (?P<key>.+)")
_LINK = re.compile(r"(\w+) ~ (\w+)")
_LAST = ("<association ", "<completionCondition>")
"""What the schema wants behind everything else"""
_EXTENSION = ("<zeebe:", "</zeebe:", "<troika:", "</troika:")


class WrongNotation(ValueError):
    """A line that means nothing."""


def drawing(text: str, side: str) -> bytes:
    """The wrong or the right one (`side`) of the two drawings, as BPMN with a diagram. Raises WrongNotation."""
    meant = [line for line in text.splitlines() if line.strip() and line[0] not in {WRONG, RIGHT} - {side}]
    lines = [line.removeprefix(side).strip() for line in meant]
    if not any(line.startswith("process ") for line in lines):
        lines = [_PROCESS, *lines]
    root = parse(_File().written(lines).encode(), "")
    for _ in range(2):  # a flow that crosses a border is drawn only between what stands there already
        layout.complete(root, Collector())
    return to_bytes(root)


@dataclass(slots=True, eq=False)
class _Element:
    tag: str
    opened: str
    extensions: list[str] = field(default_factory=list)
    inner: list[str] = field(default_factory=list)

    def written(self) -> str:
        said = f"<extensionElements>{''.join(self.extensions)}</extensionElements>" if self.extensions else ""
        inner = "".join(sorted(self.inner, key=lambda part: [part.startswith(last) for last in reversed(_LAST)]))
        return f"{self.opened}{said}{inner}</{self.tag}>"


class _File:
    """`around`: the process and the sub-processes that are open; `last`: the element that the next line may fill."""

    def __init__(self) -> None:
        self.roots: list[str] = []
        self.around: list[_Element] = []
        self.last: _Element | None = None

    def written(self, lines: list[str]) -> str:
        for line in lines:
            self._read(line)
        self._close()
        return "".join([_HEAD, *self.roots, *(process.written() for process in self.around), "</definitions>"])

    def _read(self, line: str) -> None:
        if line.startswith("<"):
            holder = self.last or self.around[-1]
            (holder.extensions if line.startswith(_EXTENSION) else holder.inner).append(line)
            return
        self._close()
        if line == "}":
            self.last = self.around.pop()
        elif line.startswith("!"):
            self.roots.append(line[1:].strip())
        elif found := _MESSAGE.fullmatch(line):
            self.roots.append(_message(found))
        elif found := _LINK.fullmatch(line):
            self.around[-1].inner.append(_association(found))
        elif found := _FLOW.fullmatch(line):
            self.around[-1].inner.extend(_flows(found))
        elif (found := _ELEMENT.fullmatch(line)) and found["kind"] in KINDS:
            self._begin(_element(found), opens=bool(found["open"]))
        else:
            raise WrongNotation(line)

    def _begin(self, element: _Element, *, opens: bool) -> None:
        if element.tag == "process":
            self.roots.extend(process.written() for process in self.around)
            self.around = [element]
        elif opens:
            self.around.append(element)
        self.last = element

    def _close(self) -> None:
        """What was filled goes into what is around it."""
        if self.last is not None and self.last not in self.around:
            self.around[-1].inner.append(self.last.written())
        self.last = None


def _association(found: re.Match[str]) -> str:
    source, target = found.groups()
    return f'<association id="{source}_{target}" sourceRef="{source}" targetRef="{target}"/>'


def _message(found: re.Match[str]) -> str:
    name, key = found["name"], escape(found["key"])
    said = f'<extensionElements><zeebe:subscription correlationKey="= {key}"/></extensionElements>'
    return f'<message id="{name}" name="{name}">{said}</message>'


def _element(found: re.Match[str]) -> _Element:
    tag, more = KINDS[found["kind"]], found["more"] or ""
    if tag == "process" and "isExecutable" not in more:
        more += ' isExecutable="true"'
    name, label = _named(found["name"])
    made = _Element(tag, f'<{tag} id="{found["id"]}"{name}{" " + more if more else ""}>')
    made.extensions += [label] if label else []
    if found["who"]:
        made.extensions.append(f'<zeebe:assignmentDefinition candidateGroups="{found["who"]}"/>')
    return made


def _flows(found: re.Match[str]) -> list[str]:
    name, label = _named(found["name"])
    said = f"<extensionElements>{label}</extensionElements>" if label else ""
    condition = found["condition"]
    asked = f"<conditionExpression>= {escape(condition, quote=False)}</conditionExpression>" if condition else ""
    return [
        f'<sequenceFlow id="{found["id"] or f"{source}_{target}"}"{name} sourceRef="{source}" targetRef="{target}">'
        f"{said}{asked}</sequenceFlow>"
        for source, target in pairwise(found["way"].split(" > "))
    ]


def _named(name: str | None) -> tuple[str, str]:
    """The attribute, and the label in English."""
    if not name or name == "-":
        return "", ""
    chinese, _, english = name.partition("|")
    label = f'<troika:label lang="en">{escape(english)}</troika:label>' if english else ""
    return f' name="{escape(chinese)}"', label
