"""The smallest files that hold one element or attribute of the standard, made from its schema."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import quoteattr

from engine import bpmn
from engine.bpmn.parser.metamodel import Attribute, Child, types
from engine.errors import CannotCompile
from tests.engine.bpmn.drawing import HEAD, script, user

ROOTS = (
    '<itemDefinition id="item"/>'
    '<message id="message" name="asked"/><message id="message_2" name="answered"/>'
    '<signal id="signal" name="alarm"/><error id="error" errorCode="E1"/><error id="error_2" errorCode="E2"/>'
    '<escalation id="escalation" escalationCode="X1"/><escalation id="escalation_2" escalationCode="X2"/>'
    '<interface id="interface" name="i" implementationRef="i"><operation id="operation" name="o"'
    ' implementationRef="o"><inMessageRef>message</inMessageRef></operation></interface>'
    '<dataStore id="store" name="store"/><category id="category"><categoryValue id="value"/></category>'
    '<resource id="resource" name="r"><resourceParameter id="parameter" name="rp"/></resource>'
    '<correlationProperty id="property" name="cp"><correlationPropertyRetrievalExpression messageRef="message">'
    "<messagePath>= x</messagePath></correlationPropertyRetrievalExpression></correlationProperty>"
    '<messageEventDefinition id="definition" messageRef="message"/>'
)
PROCESS = (
    '<dataObject id="data"/>'
    '<startEvent id="start" name="start"/>'
    + user("work")
    + script("script", "1", "x")
    + '<endEvent id="end" name="end"/>'
    '<sequenceFlow id="start_work" sourceRef="start" targetRef="work"/>'
    '<sequenceFlow id="work_script" sourceRef="work" targetRef="script"/>'
    '<sequenceFlow id="script_end" sourceRef="script" targetRef="end"/>'
)
"""What is drawn around a specimen, so that whatever it refers to is there."""

REFERENCES = {
    "sourceRef": "work", "targetRef": "end", "attachedToRef": "work", "activityRef": "work", "default": "work_script",
    "messageRef": "message_2", "inMessageRef": "message", "outMessageRef": "message_2", "signalRef": "signal",
    "errorRef": "error_2", "escalationRef": "escalation_2", "operationRef": "operation", "dataObjectRef": "data",
    "dataStoreRef": "store", "itemSubjectRef": "item", "structureRef": "item", "categoryValueRef": "value",
    "resourceRef": "resource", "parameterRef": "parameter", "eventDefinitionRef": "definition",
    "noneBehaviorEventRef": "definition", "oneBehaviorEventRef": "definition", "incoming": "start_work",
    "outgoing": "work_script", "calledElement": "other", "flowNodeRef": "work", "correlationPropertyRef": "property",
    "interfaceRef": "interface", "supportedInterfaceRef": "interface",
}  # fmt: skip
TEXTS = {
    "timeDate": "2026-12-01T00:00:00Z", "timeDuration": "PT1H", "timeCycle": "R3/PT1H", "loopCardinality": "= 2",
    "script": "1",
}  # fmt: skip
BOUND = {"sendTask": {"messageRef": "message"}, "callActivity": {"calledElement": "called"}}
CALLED = '<extensionElements><zeebe:taskDefinition type="x"/></extensionElements>'
"""Without one of these an activity has nothing to do, and is refused whatever else it says."""
Path = tuple[Child, ...]


def places() -> Iterator[Path]:
    """Every place of an element within a process: the shortest chain of elements for each pair of type and child."""
    seen: set[tuple[str, str]] = set()
    todo: list[Path] = [(Child("process", "tProcess"),)]
    for path in todo:
        if path[-1].type not in types():
            continue
        for child in types()[path[-1].type].children:
            if (path[-1].type, child.tag) not in seen:
                seen.add((path[-1].type, child.tag))
                todo.append((*path, child))
    yield from todo[1:]


def specimen(path: Path, attribute: Attribute | None = None, value: str = "") -> bytes:
    """A file with the elements of `path`, the last one carrying `attribute`; each on a line of its own."""
    inner, held = "", None
    for depth in range(len(path) - 1, 0, -1):
        inner = _written(path[depth], f"s{depth}", held, inner, _given(attribute, value, held))
        held = path[depth]
    own = {"isExecutable": "true", **_given(attribute, value, held)}
    order = [child.tag for child in types()["tProcess"].children]
    early = held is not None and order.index(held.tag) <= order.index("laneSet")
    body = f"{inner}\n{PROCESS}" if early else f"{PROCESS}\n{inner}"
    return f'{HEAD}{ROOTS}<process id="p"{_attributes(own)}>\n{body}\n</process></definitions>'.encode()


def values(attribute: Attribute) -> list[str]:
    """What `attribute` can be besides its default: each word of an enumeration, the other truth, another number."""
    if attribute.values:
        return [value for value in attribute.values if value != attribute.default]
    match attribute.type:
        case "boolean":
            return ["false" if attribute.default == "true" else "true"]
        case "integer":
            return ["2"]
        case "QName" | "IDREF":
            return [REFERENCES.get(attribute.name, "end")]
        case "anyURI":
            return ["urn:other"]
    return ["other"]


def fingerprint(xml: bytes) -> Any:
    """Everything that a compiled file says, without lines; the findings when it cannot be compiled."""
    reading = bpmn.read(xml)
    assert reading.definition is not None
    try:
        return _plain(bpmn.compile(reading.definition, "p"), {})
    except CannotCompile as refused:
        return sorted((finding.rule, finding.element_id or "") for finding in refused.findings)


def _given(attribute: Attribute | None, value: str, held: Child | None) -> dict[str, str]:
    return {attribute.name: value} if attribute is not None and held is None else {}


def _written(child: Child, key: str, held: Child | None, inner: str, given: dict[str, str]) -> str:
    kind = types().get(child.type)
    if kind is None:
        return f"\n<{child.tag}>{REFERENCES.get(child.tag, 'work')}</{child.tag}>"
    attributes = {"id": key} if "id" in kind.attributes else {}
    attributes |= BOUND.get(child.tag, {})
    for attribute in kind.attributes.values():
        if attribute.required:
            attributes[attribute.name] = REFERENCES.get(attribute.name, "x")
    parts = []
    for part in kind.children:
        if part.tag == "extensionElements" and child.tag in ("serviceTask", "businessRuleTask"):
            parts.append(CALLED)
        elif held is not None and (part.tag, part.type) == (held.tag, held.type):
            parts.append(inner)
            parts.extend(_written(part, f"{key}_{n}", None, "", {}) for n in range(1, part.least))
        else:
            parts.extend(_written(part, f"{key}_{part.tag}_{n}", None, "", {}) for n in range(part.least))
    text = TEXTS.get(child.tag, "= true" if "xpression" in child.type else "") if not parts else ""
    return f"\n<{child.tag}{_attributes({**attributes, **given})}>{text}{''.join(parts)}</{child.tag}>"


def _attributes(given: dict[str, str]) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in given.items())


def _plain(value: Any, seen: dict[int, int]) -> Any:
    if isinstance(value, str | int | float | bool | None | bytes):
        return value
    if id(value) in seen:
        return f"#{seen[id(value)]}"
    seen[id(value)] = len(seen)
    if isinstance(value, dict):
        return {str(key): _plain(item, seen) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, seen) for item in value]
    if callable(value) or not type(value).__module__.startswith("engine.bpmn"):
        return repr(value) if isinstance(value, Decimal | datetime | timedelta) else type(value).__name__
    names = {name for part in type(value).__mro__ for name in getattr(part, "__slots__", ())} | set(
        getattr(value, "__dict__", ())
    )
    held = {name: getattr(value, name, None) for name in sorted(names) if name != "line"}
    return {type(value).__name__: {name: _plain(item, seen) for name, item in held.items()}}
