"""What BPMN demands of events."""

from collections.abc import Iterator

from engine.bpmn.parser.constraints.drawing import Drawing, Violation, children, constraint, is_set, named, tag
from engine.bpmn.parser.refusals import STANDARD
from engine.bpmn.parser.xml import Element, local_name, local_ref, text_of
from engine.errors import N_
from engine.findings import Level

EVENTS = ("startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent")
THROWING = ("endEvent", "intermediateThrowEvent")
ALWAYS_INTERRUPTING = ("error", "cancel", "compensate")
CARRYING = {"message": ("messageRef", "itemRef"), "error": ("errorRef", "structureRef"),
            "escalation": ("escalationRef", "structureRef"), "signal": ("signalRef", "structureRef")}  # fmt: skip
"""Kinds that carry data, the attribute that names what is caught or thrown, and where that says what it carries."""


SAME_NAME_LIMIT = 100
"""Links of one name and side that are looked at."""


def _kind(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a timer at an end event. Right: a kind that table 10.93 allows there."""
    for event in drawing.all(*EVENTS):
        place = _place(event)
        if place is None:
            continue
        kinds = drawing.kinds(event) or ([] if children(event, "eventDefinitionRef") else ["none"])
        loose = not is_set(
            event, "cancelActivity" if local_name(event) == "boundaryEvent" else "isInterrupting", "true"
        )
        for kind in kinds:
            wrong = kind not in STANDARD[place] or (loose and kind in ALWAYS_INTERRUPTING)
            if wrong or (kind == "cancel" and not _in_transaction(drawing, event)):
                yield Violation(
                    event, N_("BPMN does not allow a {kind} event as {place} there ('{element}')."),
                    N_("Allowed: {allowed}. An error, cancel or compensation event always interrupts, and only a "
                       "transaction is cancelled."),
                    {"kind": kind, "place": place, "allowed": ", ".join(sorted(STANDARD[place]))},
                )  # fmt: skip


def _place(event: Element) -> str | None:
    holder = event.getparent()
    name = local_name(event)
    if name == "startEvent" and local_name(holder) != "process":
        if local_name(holder) not in ("subProcess", "transaction"):
            return None
        handler = is_set(holder, "triggeredByEvent")
        return "startEvent in event subProcess" if handler else "startEvent in subProcess"
    return name


def _in_transaction(drawing: Drawing, event: Element) -> bool:
    if local_name(event) == "boundaryEvent":
        return drawing.get(event.get("attachedToRef"), "transaction") is not None
    return any(local_name(around) == "transaction" for around in event.iterancestors())


def _forbidden_flow(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a flow into a start event or out of an end event. Right: only on the side where it can run."""
    for event in drawing.all(*EVENTS):
        name, kinds = local_name(event), drawing.kinds(event)
        into = name in ("startEvent", "boundaryEvent") or (name == "intermediateCatchEvent" and "link" in kinds)
        out = name == "endEvent" or (name == "intermediateThrowEvent" and "link" in kinds)
        out = out or (name == "boundaryEvent" and "compensate" in kinds)
        wrong = [*(drawing.incoming(event) if into else []), *(drawing.outgoing(event) if out else [])]
        listed = [*(named(event, "incoming") if into else []), *(named(event, "outgoing") if out else [])]
        for flow in dict.fromkeys([*(found.get("id") or "" for found in wrong), *listed]):
            yield Violation(
                event, N_("Flow '{flow}' stands on the side of '{element}' where BPMN allows none."),
                N_("Lead the flow to or from the element beside it."), {"flow": flow},
            )  # fmt: skip


def _missing_flow(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a start event that leads nowhere. Right: every event stands in the flow."""
    for event in drawing.all(*EVENTS):
        name, kinds = local_name(event), drawing.kinds(event)
        link = "link" in kinds
        into = name == "endEvent" or (name.startswith("intermediate") and not (link and name.endswith("CatchEvent")))
        out = name in ("startEvent", "boundaryEvent") or name.startswith("intermediate")
        silent = (link and name == "intermediateThrowEvent") or (name == "boundaryEvent" and "compensate" in kinds)
        if local_name(event.getparent()) == "adHocSubProcess":
            continue
        if (into and not drawing.incoming(event)) or (out and not silent and not drawing.outgoing(event)):
            yield Violation(
                event, N_("Expected a flow to and from the event '{element}' where its kind has one, "
                          "but one is missing."),
                N_("Connect it."),
            )  # fmt: skip


def _both_ends(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a start event in a process without end event. Right: both, or neither."""
    for scope in drawing.all("process", "subProcess", "transaction"):
        starts, ends = children(scope, "startEvent"), children(scope, "endEvent")
        if bool(starts) is not bool(ends):
            yield Violation(
                scope, N_("Expected '{element}' to have start and end events, or neither; found {starts} and {ends}."),
                N_("Draw the other, too."), {"starts": len(starts), "ends": len(ends)},
            )  # fmt: skip


def _escalation_code(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: an escalation without code is thrown. Right: its code says which one is to be caught."""
    for event in drawing.all(*THROWING):
        for definition in drawing.definitions(event) if drawing.executable(event) else ():
            if local_name(definition) == "escalationEventDefinition":
                thrown = drawing.get(definition.get("escalationRef"), "escalation")
                if thrown is None or not thrown.get("escalationCode"):
                    yield Violation(
                        event, N_("Expected '{element}' to throw an escalation with a code, but there is none."),
                        N_("Choose an escalation, and give it a code."),
                    )  # fmt: skip


def _condition(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a conditional event without condition. Right: it says when it happens."""
    for definition in drawing.all("conditionalEventDefinition"):
        if drawing.executable(definition) and not text_of(definition.find(tag("condition"))):
            yield Violation(
                definition, N_("Expected conditional event '{element}' to have a condition."),
                N_("Write the condition in its properties."),
            )  # fmt: skip


def _links(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a link whose other end stands in another sub-process.
    Right: both stand in one scope and know each other.
    """
    named_ends = _links_by_name(drawing)
    for event in drawing.all("intermediateThrowEvent", "intermediateCatchEvent"):
        throws = local_name(event) == "intermediateThrowEvent"
        mine, theirs = ("target", "source") if throws else ("source", "target")
        for link in drawing.definitions(event):
            if local_name(link) != "linkEventDefinition":
                continue
            ends = named(link, mine)
            others = [drawing.get(end, "linkEventDefinition") for end in ends] or named_ends.get(
                _end_of(link, throws), []
            )
            good = [other for other in others if other is not None and _faces(other, link, theirs)]
            if len(good) < len(others) or not good or not (ends or link.get("name")) or (throws and len(good) > 1):
                yield Violation(
                    event,
                    N_("Expected link event '{element}' to have its other end in the same process or sub-process."),
                    N_("Give both link events the same name; one name has one catching event."),
                )  # fmt: skip


End = tuple[Element, str, str | None]


def _links_by_name(drawing: Drawing) -> dict[End, list[Element]]:
    """The links of each scope, side and name."""
    found: dict[End, list[Element]] = {}
    for link in drawing.all("linkEventDefinition"):
        event = link.getparent()
        if event.getparent() is not None:
            same = found.setdefault((event.getparent(), local_name(event), link.get("name")), [])
            if len(same) < SAME_NAME_LIMIT:
                same.append(link)
    return found


def _end_of(link: Element, throws: bool) -> End:
    """Where the other end of a link would stand."""
    side = "intermediateCatchEvent" if throws else "intermediateThrowEvent"
    return link.getparent().getparent(), side, link.get("name")


def _faces(other: Element, link: Element, names: str) -> bool:
    """Whether the other end stands in the same scope, on the other side, and does not name somebody else instead."""
    if (
        other.getparent().tag == link.getparent().tag
        or other.getparent().getparent() is not link.getparent().getparent()
    ):
        return False
    listed = named(other, names)
    return not listed or link.get("id") in listed


def _link_ends(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: links that only their names connect. Right: `source` and `target` repeat it for other products."""
    for link in drawing.all("linkEventDefinition"):
        place = local_name(link.getparent())
        sources, targets = len(children(link, "source")), len(children(link, "target"))
        if (place == "intermediateCatchEvent" and not sources) or (place == "intermediateThrowEvent" and targets != 1):
            yield Violation(
                link, N_("Link event '{element}' does not name its other end with source or target."),
                N_("Export it from a product that writes them."),
            )  # fmt: skip


def _message(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a message event without message. Right: it names one."""
    for definition in drawing.all("messageEventDefinition"):
        if drawing.executable(definition) and local_ref(definition.get("messageRef")) is None:
            yield Violation(
                definition, N_("Expected message event '{element}' to name a message."),
                N_("Choose or create the message in its properties."),
            )  # fmt: skip


def _operation(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a message event without operation. Right: `operationRef`, as other products ask for."""
    for definition in drawing.all("messageEventDefinition"):
        if drawing.executable(definition) and not children(definition, "operationRef"):
            yield Violation(
                definition, N_("Message event '{element}' names no operation, as BPMN asks of executable processes."),
                N_("Nothing here needs it; a product that calls web services does."),
            )  # fmt: skip


def _data(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: an event with two triggers and one data output.
    Right: one for each, of the type that the trigger carries.
    """
    for event in drawing.all(*EVENTS):
        held = children(event, "dataInput" if local_name(event) in THROWING else "dataOutput")
        definitions = drawing.definitions(event)
        if held and len(held) != len(definitions):
            yield Violation(
                event, N_("Expected one data input or output for each trigger of '{element}', found "
                          "{found} for {count}."),
                N_("Draw one for each."), {"found": len(held), "count": len(definitions)},
            )  # fmt: skip
            continue
        for data, definition in zip(held, definitions, strict=False):
            kind = local_name(definition).removesuffix("EventDefinition")
            if kind not in CARRYING:
                continue
            ref, carries = CARRYING[kind]
            source = drawing.get(definition.get(ref), kind)
            carried = drawing.structure(source.get(carries)) if source is not None else None
            if carried is None or carried != drawing.structure(data.get("itemSubjectRef")):
                yield Violation(
                    event, N_("The data of '{element}' are described otherwise than the {kind} that carries them."),
                    N_("Give both the same item definition."), {"kind": kind},
                )  # fmt: skip


def _shared(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: an event that uses the definition inside a throwing event.
    Right: shared definitions stand by themselves.
    """
    for reference in drawing.all("eventDefinitionRef"):
        target = drawing.get(reference.text)
        if target is not None and local_name(target.getparent()) in THROWING:
            yield Violation(
                reference, N_("'{element}' uses the event definition '{ref}', which belongs to a throwing event."),
                N_("Give it a definition of its own."), {"ref": target.get("id")},
            )  # fmt: skip


RULES = (
    constraint(
        "standard-event-kind", Level.WARN, "event-position", "error-not-interrupting", "cancel-position",
        "event-not-executed",
    )(_kind),
    constraint(
        "standard-event-flow", Level.WARN, "flow-into-start", "flow-out-of-end", "link-flow",
        "compensation-handler-flow",
    )(_forbidden_flow),
    constraint("standard-event-unconnected", None, "boundary-leads-nowhere")(_missing_flow),
    constraint("standard-start-and-end", None)(_both_ends),
    constraint("standard-escalation-code", Level.WARN)(_escalation_code),
    constraint("standard-condition", Level.WARN, "condition-missing")(_condition),
    constraint("standard-link", Level.WARN, "link-unmatched")(_links),
    constraint("standard-link-ends", None)(_link_ends),
    constraint("standard-message", Level.WARN, "reference-missing")(_message),
    constraint("standard-operation", None)(_operation),
    constraint("standard-event-data", Level.WARN)(_data),
    constraint("standard-definition-shared", Level.WARN)(_shared),
)  # fmt: skip
