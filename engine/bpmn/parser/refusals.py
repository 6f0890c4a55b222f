"""A closed world: every BPMN element and attribute that is not listed here as executed or as mere drawing is refused.

Each refusal names the element, the reason and what to draw instead. The tables are also what the documentation of
supported elements is made of.
"""

from collections.abc import Iterator

from engine.bpmn.model import FLOW_NODES
from engine.bpmn.parser.globals import TASKS
from engine.bpmn.parser.xml import BPMN, TROIKA, XSI, ZEEBE, Element, local_name, local_ref, namespace
from engine.errors import N_
from engine.findings import Finding, Level

ANY = "*"  # every value of the attribute is fine: it is executed, or it is only drawing

_ACTIVITY = {"default": ANY, "startQuantity": ANY, "completionQuantity": ANY, "isForCompensation": ANY}
_GATEWAY = {"gatewayDirection": ANY}
_DATA = {"isCollection": ANY, "itemSubjectRef": ANY}
_EXPRESSION = {"language": ANY, "evaluatesToTypeRef": ANY, f"{{{XSI}}}type": ANY}

ATTRIBUTES: dict[str, dict[str, str]] = {
    "process": {"isExecutable": ANY, "isClosed": ANY, "processType": ANY, "definitionalCollaborationRef": ANY},
    "task": _ACTIVITY,
    "manualTask": _ACTIVITY,
    "userTask": {**_ACTIVITY, "implementation": ANY},
    "serviceTask": {**_ACTIVITY, "implementation": ANY},
    "sendTask": {**_ACTIVITY, "implementation": ANY, "messageRef": ANY},
    "receiveTask": {**_ACTIVITY, "implementation": ANY, "messageRef": ANY, "instantiate": ANY},
    "scriptTask": {**_ACTIVITY, "scriptFormat": ANY},
    "businessRuleTask": {**_ACTIVITY, "implementation": ANY},
    "callActivity": {**_ACTIVITY, "calledElement": ANY},
    "subProcess": {**_ACTIVITY, "triggeredByEvent": ANY},
    "adHocSubProcess": {
        **_ACTIVITY,
        "triggeredByEvent": "false",
        "ordering": ANY,
        "cancelRemainingInstances": ANY,
    },
    "transaction": {**_ACTIVITY, "triggeredByEvent": "false", "method": ANY},
    "exclusiveGateway": {**_GATEWAY, "default": ANY},
    "inclusiveGateway": {**_GATEWAY, "default": ANY},
    "parallelGateway": _GATEWAY,
    "complexGateway": {**_GATEWAY, "default": ANY},
    "activationCondition": _EXPRESSION,
    "eventBasedGateway": {**_GATEWAY, "instantiate": ANY, "eventGatewayType": ANY},
    "startEvent": {"isInterrupting": ANY, "parallelMultiple": ANY},
    "endEvent": {},
    "intermediateCatchEvent": {"parallelMultiple": ANY},
    "intermediateThrowEvent": {},
    "boundaryEvent": {"attachedToRef": ANY, "cancelActivity": ANY, "parallelMultiple": ANY},
    "sequenceFlow": {"sourceRef": ANY, "targetRef": ANY, "isImmediate": ANY},
    "conditionExpression": _EXPRESSION,
    "messageEventDefinition": {"messageRef": ANY},
    "timerEventDefinition": {},
    "errorEventDefinition": {"errorRef": ANY},
    "terminateEventDefinition": {},
    "signalEventDefinition": {"signalRef": ANY},
    "escalationEventDefinition": {"escalationRef": ANY},
    "conditionalEventDefinition": {},
    "condition": _EXPRESSION,
    "linkEventDefinition": {},
    "source": {},
    "target": {},
    "timeDate": _EXPRESSION,
    "timeDuration": _EXPRESSION,
    "timeCycle": _EXPRESSION,
    "script": {},
    "eventDefinitionRef": {},
    "compensateEventDefinition": {"activityRef": ANY, "waitForCompletion": ANY},
    "cancelEventDefinition": {},
    "standardLoopCharacteristics": {"testBefore": ANY, "loopMaximum": ANY},
    "loopCondition": _EXPRESSION,
    "multiInstanceLoopCharacteristics": {
        "isSequential": ANY,
        "behavior": ANY,
        "oneBehaviorEventRef": ANY,
        "noneBehaviorEventRef": ANY,
    },
    "loopCardinality": _EXPRESSION,
    "loopDataInputRef": {},
    "loopDataOutputRef": {},
    "inputDataItem": {"isCollection": ANY, "itemSubjectRef": ANY},
    "outputDataItem": {"isCollection": ANY, "itemSubjectRef": ANY},
    "completionCondition": _EXPRESSION,
    "complexBehaviorDefinition": {},
    "event": {},
    "dataObject": _DATA,
    "dataObjectReference": {**_DATA, "dataObjectRef": ANY},
    "property": _DATA,
    "ioSpecification": {},
    "dataInput": _DATA,
    "dataOutput": _DATA,
    "inputSet": {},
    "outputSet": {},
    "dataInputRefs": {},
    "optionalInputRefs": {},
    "dataOutputRefs": {},
    "optionalOutputRefs": {},
    "dataInputAssociation": {},
    "dataOutputAssociation": {},
    "sourceRef": {},
    "targetRef": {},
    "assignment": {},
    "transformation": _EXPRESSION,
    "from": _EXPRESSION,
    "to": _EXPRESSION,
    "globalTask": {},
    "globalUserTask": {"implementation": ANY},
    "globalManualTask": {},
    "globalScriptTask": {"scriptLanguage": ANY},
    "globalBusinessRuleTask": {"implementation": ANY},
}
"""Executed elements, and for each of their attributes the one value that is executed."""

DRAWING = frozenset(
    [
        "documentation",
        "extensionElements",
        "incoming",
        "outgoing",
        "auditing",
        "monitoring",
        "laneSet",
        "dataState",
        "dataStoreReference",
        "textAnnotation",
        "association",
        "group",
        "categoryValueRef",
        "inputSetRefs",
        "outputSetRefs",
        "supportedInterfaceRef",
    ]
)
"""Elements that say something to the reader and nothing to the engine."""

DRAWN_ATTRIBUTES = frozenset(
    [
        "definitionalCollaborationRef",
        "evaluatesToTypeRef",
        "gatewayDirection",
        "implementation",
        "isClosed",
        "isCollection",
        "isImmediate",
        "itemSubjectRef",
        "processType",
    ]
)
"""Attributes of executed elements that say something to the reader and nothing to the engine."""

ROOTS = frozenset(("process", "message", "signal", "error", "escalation"))
"""What stands beside a process and is executed where it is referred to; so are definitions of executed events."""

GLOBAL_TASKS = frozenset(TASKS)
"""Tasks that stand beside a process and are called."""

CONTAINERS = frozenset(("ioSpecification", "inputSet", "outputSet"))
"""Executed elements that say something only by what they hold."""

PRESENTATION = {"operationRef": "shown only when the operation is bound to no implementation"}
"""What is shown under a condition (`_is_presentation`), and else refused."""

EXTENDED = FLOW_NODES | {
    "process", "sequenceFlow", "multiInstanceLoopCharacteristics", "dataObject", "property"
}  # fmt: skip
"""Elements whose extensions are read; messages, which stand outside a process, are the others."""

_GENERIC_HINT = N_("Draw it with the elements of the palette.")

_WHILE = N_("Data that comes or goes while '{element}' is active is not executed.")
_WHILE_HINT = N_("Take it out of the set, and exchange it by messages or in a task of its own.")

REASONS: dict[str, tuple[str, str]] = {
    "implicitThrowEvent": (N_("Event '{element}' is not executed."), N_("Use an intermediate throw event.")),
    "whileExecutingInputRefs": (_WHILE, _WHILE_HINT),
    "whileExecutingOutputRefs": (_WHILE, _WHILE_HINT),
    "performer": (N_("The resource role of '{element}' is not executed."), N_("Use the assignment of the task.")),
    "humanPerformer": (N_("The resource role of '{element}' is not executed."), N_("Use the assignment of the task.")),
    "potentialOwner": (N_("The resource role of '{element}' is not executed."), N_("Use the assignment of the task.")),
    "resourceRole": (N_("The resource role of '{element}' is not executed."), N_("Use the assignment of the task.")),
    "operationRef": (
        N_("The web-service operation at '{element}' is not executed."),
        N_("Use a service task with an operation of the catalogue."),
    ),
    "correlationSubscription": (
        N_("The correlation subscription of '{element}' is not executed."),
        N_("Give the message a correlation key expression."),
    ),
}

_CAUGHT = ("message", "timer", "conditional", "signal")

POSITIONS: dict[str, frozenset[str]] = {
    "startEvent": frozenset(("none", *_CAUGHT)),
    "startEvent in subProcess": frozenset(("none",)),
    "startEvent in event subProcess": frozenset((*_CAUGHT, "escalation", "error", "compensate")),
    "intermediateCatchEvent": frozenset((*_CAUGHT, "link")),
    "intermediateThrowEvent": frozenset(("none", "message", "signal", "escalation", "link", "compensate")),
    "boundaryEvent": frozenset((*_CAUGHT, "escalation", "error", "compensate", "cancel")),
    "endEvent": frozenset(("none", "message", "signal", "escalation", "error", "terminate", "compensate", "cancel")),
}
"""Which kind of event is executed where."""

STANDARD: dict[str, frozenset[str]] = {
    "startEvent": frozenset(("none", *_CAUGHT)),
    "startEvent in subProcess": frozenset(("none",)),
    "startEvent in event subProcess": frozenset((*_CAUGHT, "escalation", "error", "compensate")),
    "intermediateCatchEvent": frozenset((*_CAUGHT, "link")),
    "intermediateThrowEvent": frozenset(("none", "message", "signal", "escalation", "compensate", "link")),
    "boundaryEvent": frozenset((*_CAUGHT, "escalation", "error", "compensate", "cancel")),
    "endEvent": frozenset(("none", "message", "signal", "escalation", "error", "compensate", "cancel", "terminate")),
}
"""Which kind of event BPMN 2.0.2 allows where (table 10.93): what stands elsewhere is wrong, not only not executed."""


def beside(root: Element, resource: str) -> Iterator[Finding]:
    """What stands beside the processes and cannot be executed."""
    for child in root.iterchildren(f"{{{BPMN}}}*"):
        if local_name(child) in GLOBAL_TASKS and child.get("id") is None:
            yield Finding(
                "global-task-without-id", Level.ERROR, None,
                N_("Expected the global task at line {line} to have an id, by which it is called."),
                {"line": child.sourceline}, N_("Give it an id."), line=child.sourceline, resource=resource,
            )  # fmt: skip


def refused(process: Element, resource: str) -> Iterator[Finding]:
    """Everything in the `process` element that would not be executed."""
    todo: list[tuple[Element, Element]] = [(process, process)]
    while todo:
        owner, element = todo.pop()
        tag = local_name(element)
        yield from _attributes(owner, element, tag, resource)
        children = []
        for child in element.iterchildren("*"):
            if namespace(child) != BPMN:
                yield _finding("element-unknown", owner, child,
                N_("Element '{element}' holds '{word}', which is not BPMN."),
                               N_("Put it into extensionElements."), resource, word=local_name(child))  # fmt: skip
                continue
            name = local_name(child)
            if name == "extensionElements" and tag not in EXTENDED:
                yield from _lost(owner, child, resource)
            if name in DRAWING or _is_presentation(child):
                continue
            inner_owner = child if child.get("id") and name in ATTRIBUTES and not name.endswith("Definition") else owner
            if name not in ATTRIBUTES:
                at = (
                    child if name.endswith(("Gateway", "ransaction", "Process", "Event")) and child.get("id") else owner
                )
                message, hint = REASONS.get(
                    name, (N_("Element '{element}' holds '{word}', which is not executed."), _GENERIC_HINT)
                )
                yield _finding(f"{_kebab(name)}-not-executed", at, child, message, hint, resource, word=name)
                continue
            children.append((inner_owner, child))
        todo.extend(reversed(children))


def _attributes(owner: Element, element: Element, tag: str, resource: str) -> Iterator[Finding]:
    allowed = ATTRIBUTES[tag]
    for name, value in element.attrib.items():
        if name in ("id", "name") or allowed.get(name) in (ANY, value):
            continue
        space = name[1:].partition("}")[0] if name.startswith("{") else ""
        if space == TROIKA and tag in EXTENDED:
            continue  # read by `extensions`
        if space == ZEEBE and name.rpartition("}")[2].startswith("modelerTemplate"):
            continue  # which template a designer has used
        if space in (TROIKA, ZEEBE):
            yield _finding(
                "extension-unknown", owner, element, N_("{element}: '{word}' means nothing on a {tag} here."),
                N_("Remove it, or move it to the element that it belongs to."), resource,
                word=name.rpartition("}")[2], tag=tag,
            )  # fmt: skip
            continue
        if space:
            yield Finding(
                "foreign-extension", Level.INFO, owner.get("id"),
                N_("{element}: '{word}' of another product is kept in the file, but has no effect here."),
                {"element": owner.get("id"), "word": name.rpartition("}")[2], "namespace": space},
                line=element.sourceline, resource=resource,
            )  # fmt: skip
            continue
        yield _finding(
            "attribute-not-executed", owner, element,
            N_("'{element}': {attribute}=\"{found}\" is not executed."), N_("Remove the attribute."), resource,
            attribute=name, found=value,
        )  # fmt: skip


def _lost(owner: Element, holder: Element, resource: str) -> Iterator[Finding]:
    """Our words on an element whose extensions nobody reads."""
    for child in holder.iterchildren("*"):
        if namespace(child) in (TROIKA, ZEEBE):
            yield _finding(
                "extension-unknown", owner, child, N_("{element}: '{word}' means nothing on a {tag} here."),
                N_("Remove it, or move it to the element that it belongs to."), resource,
                word=local_name(child), tag=local_name(holder.getparent()),
            )  # fmt: skip


def _is_presentation(child: Element) -> bool:
    """The name of an operation that is bound to no implementation: the message says it all."""
    return local_name(child) in PRESENTATION and not _is_bound(child)


def _is_bound(reference: Element) -> bool:
    """Whether the operation that is named is to be called somewhere, e.g. as a web service."""
    wanted = local_ref(reference.text)
    for operation in reference.getroottree().getroot().iter(f"{{{BPMN}}}operation"):
        if operation.get("id") == wanted:
            return any(part.get("implementationRef") is not None for part in (operation, operation.getparent()))
    return True


def _finding(
    rule: str, owner: Element, at: Element, message: str, hint: str, resource: str, **facts: object
) -> Finding:
    return Finding(
        rule, Level.ERROR, owner.get("id"), message, {"element": owner.get("id"), **facts}, hint,
        line=at.sourceline, resource=resource,
    )  # fmt: skip


def _kebab(name: str) -> str:
    return "".join("-" + char.lower() if char.isupper() else char for char in name).lstrip("-")
