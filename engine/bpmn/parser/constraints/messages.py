"""What BPMN demands of collaborations: pools and the messages between them."""

from collections.abc import Iterator

from engine.bpmn.parser.constraints.drawing import Drawing, Violation, constraint
from engine.bpmn.parser.xml import Element, local_name, local_ref
from engine.errors import N_
from engine.findings import Level

SENDS = ("endEvent", "intermediateThrowEvent")
RECEIVES = ("startEvent", "intermediateCatchEvent", "boundaryEvent")
ARTIFACTS = ("association", "textAnnotation", "group")


def _pools(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a message flow inside one pool. Right: between two."""
    for flow in drawing.all("messageFlow"):
        source, target = (drawing.get(flow.get(name)) for name in ("sourceRef", "targetRef"))
        pools = [_pool(drawing, end) for end in (source, target)]
        if source is target or (pools[0] is not None and pools[0] is pools[1]):
            yield Violation(
                flow, N_("Message flow '{element}' stays inside one pool."),
                N_("Use a sequence flow, or draw the other pool."),
            )  # fmt: skip


def _pool(drawing: Drawing, end: Element | None) -> Element | None:
    if end is not None and local_name(end) == "participant":
        return drawing.get(end.get("processRef"), "process")
    return drawing.process(end) if end is not None else None


def _ends(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a message flow from a start event. Right: throwing events send, catching ones with a message receive."""
    for flow in drawing.all("messageFlow"):
        for name, sides in (("sourceRef", SENDS), ("targetRef", RECEIVES)):
            end = drawing.get(flow.get(name))
            if end is None:
                continue
            kind = local_name(end)
            event = kind in SENDS or kind in RECEIVES
            if kind in ARTIFACTS or (event and (kind not in sides or "message" not in drawing.kinds(end))):
                yield Violation(
                    flow, N_("Message flow '{element}' cannot begin or end at '{end}', which sends or "
                             "receives no message "
                             "on that side."),
                    N_("Give the event a message, or lead the flow to a task or to the pool."), {"end": end.get("id")},
                )  # fmt: skip


def _conversations(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a call conversation that calls a choreography. Right: it calls a conversation or a collaboration."""
    for call in drawing.all("callConversation"):
        if drawing.get(call.get("calledCollaborationRef"), "choreography", "globalChoreographyTask") is not None:
            yield Violation(
                call, N_("'{element}' calls a choreography, but a conversation can only call a conversation."),
                N_("Choose a collaboration or a global conversation."),
            )  # fmt: skip


def _multiplicity(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: at least 3 and at most 2 participants. Right: 0 or more, and a maximum of 1 or more."""
    for found in drawing.all("participantMultiplicity"):
        least, most = _whole(found.get("minimum", "0")), _whole(found.get("maximum", "1"))
        if least is None or most is None or least < 0 or most < max(1, least):
            yield Violation(
                found, N_("Expected '{element}' to stand for 0 or more participants at least, and for 1 or more at "
                          "most; found {least} and {most}."),
                N_("Correct the two numbers."),
                {"least": found.get("minimum", "0"), "most": found.get("maximum", "1")},
            )  # fmt: skip


def _whole(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _references(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a reference to something that nobody declares. Right: what is named stands in the file."""
    for element in drawing.all(*_NAMES):
        for attribute in _NAMES[local_name(element)]:
            ref = element.get(attribute)
            if ref is not None and _is_local(drawing, element, ref) and drawing.get(ref) is None:
                yield Violation(
                    element, N_("'{element}' names '{ref}' as its {attribute}, which this file does not declare."),
                    N_("Choose again what it refers to."), {"ref": local_ref(ref), "attribute": attribute},
                )  # fmt: skip


_NAMES = {
    "participant": ("processRef",), "messageFlow": ("sourceRef", "targetRef", "messageRef"),
    "association": ("sourceRef", "targetRef"), "boundaryEvent": ("attachedToRef",), "message": ("itemRef",),
    "error": ("structureRef",), "signal": ("structureRef",), "escalation": ("structureRef",),
    "dataObjectReference": ("dataObjectRef",), "dataStoreReference": ("dataStoreRef",),
    "messageEventDefinition": ("messageRef",), "signalEventDefinition": ("signalRef",),
    "errorEventDefinition": ("errorRef",), "escalationEventDefinition": ("escalationRef",),
    "compensateEventDefinition": ("activityRef",), "sendTask": ("messageRef",),
    "receiveTask": ("messageRef",),
}  # fmt: skip


def _is_local(drawing: Drawing, element: Element, ref: str) -> bool:
    """Whether a name can only mean something of this file: a prefix of another namespace points elsewhere."""
    prefix, colon, _ = ref.strip().rpartition(":")
    return not colon or element.nsmap.get(prefix) == drawing.root.get("targetNamespace")


RULES = (
    constraint("standard-message-flow-pools", Level.WARN)(_pools),
    constraint("standard-message-flow-ends", Level.WARN)(_ends),
    constraint("standard-conversation", Level.WARN)(_conversations),
    constraint("standard-multiplicity", Level.WARN)(_multiplicity),
    constraint(
        "standard-reference", Level.WARN, "reference-unresolved", "boundary-unattached", "compensation-activity-unknown"
    )(_references),
)  # fmt: skip
