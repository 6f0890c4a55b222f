"""What BPMN demands of activities and of the processes around them."""

from collections.abc import Iterator

from engine.bpmn.model import ACTIVITIES
from engine.bpmn.parser.constraints.drawing import Drawing, Violation, children, constraint, is_set, named, tag
from engine.bpmn.parser.xml import ZEEBE, Element, local_name, local_ref, text_of
from engine.errors import N_
from engine.findings import Level

SUB_PROCESSES = ("subProcess", "transaction", "adHocSubProcess")
CHOREOGRAPHY = ("choreographyTask", "subChoreography", "callChoreography")


def _quantities(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: an activity that starts with 0 tokens. Right: 1, or more."""
    for activity in drawing.activities():
        for attribute in ("startQuantity", "completionQuantity"):
            found = (activity.get(attribute) or "1").strip()
            if not found.lstrip("+").isdigit() or int(found) < 1:
                yield Violation(
                    activity, N_("Expected {attribute} of '{element}' to be at least 1, found '{found}'."),
                    N_("Enter how many tokens there are."), {"attribute": attribute, "found": found},
                )  # fmt: skip


def _event_sub_processes(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a flow to an event sub-process, or one without trigger. Right: one start event with a trigger, no flow."""
    for scope in drawing.all("subProcess"):
        if not is_set(scope, "triggeredByEvent"):
            continue
        starts = children(scope, "startEvent")
        if drawing.incoming(scope) or drawing.outgoing(scope) or len(starts) != 1 or not drawing.kinds(starts[0]):
            yield Violation(
                scope,
                N_("Expected the event sub-process '{element}' to have no flow to or from it, and one start event with "
                   "a trigger; found {flows} flows and {starts} start events."),
                N_("Remove the flows, and draw one start event with what it waits for."),
                {"flows": len(drawing.incoming(scope) + drawing.outgoing(scope)), "starts": len(starts)},
            )  # fmt: skip


def _ad_hoc(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: an ad-hoc sub-process with a start event. Right: activities, loose or connected."""
    for scope in drawing.all("adHocSubProcess"):
        inside = [local_name(child) for child in scope.iterchildren(tag("*"))]
        wrong = [name for name in inside if name in ("startEvent", "endEvent", *CHOREOGRAPHY)]
        waiting = [event for event in children(scope, "intermediateCatchEvent") if not drawing.outgoing(event)]
        if wrong or waiting:
            yield Violation(
                scope,
                N_("Expected the ad-hoc sub-process '{element}' to hold no start or end event, and nothing that waits "
                   "without leading on; found: {found}."),
                N_("Draw the activities that can be chosen, and nothing where they begin or end."),
                {"found": ", ".join([*wrong, *(event.get("id") for event in waiting)])},
            )  # fmt: skip


def _ad_hoc_empty(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: an ad-hoc sub-process that offers nothing. Right: at least one activity."""
    for scope in drawing.all("adHocSubProcess"):
        if not ACTIVITIES.intersection(local_name(child) for child in scope.iterchildren(tag("*"))):
            yield Violation(
                scope, N_("Expected the ad-hoc sub-process '{element}' to hold at least one activity."),
                N_("Draw the activities that can be chosen."),
            )  # fmt: skip


def _multi_instance(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a multi-instance marker that does not say how often. Right: a cardinality, or a list to go through."""
    for marker in drawing.all("multiInstanceLoopCharacteristics"):
        counted = any(children(marker, name) for name in ("loopCardinality", "loopDataInputRef"))
        if (
            drawing.executable(marker)
            and not counted
            and next(marker.iter(f"{{{ZEEBE}}}loopCharacteristics"), None) is None
        ):
            yield Violation(
                marker, N_("Expected the multi-instance marker of '{element}' to say how many instances there are."),
                N_("Enter the list that it goes through, or how many instances there are."),
            )  # fmt: skip


def _multi_instance_data(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a list that is no data input of the task. Right: a data input; the item has the type of one entry."""
    for marker in drawing.all("multiInstanceLoopCharacteristics"):
        owner = marker.getparent()
        if not drawing.executable(marker):
            continue
        inputs = {found.get("id") for found in owner.iter(tag("dataInput"))}
        for ref in named(marker, "loopDataInputRef"):
            if local_name(owner) not in SUB_PROCESSES and ref not in inputs:
                yield Violation(
                    marker, N_("'{element}' goes through '{ref}', which is none of its data inputs."),
                    N_("Name a data input of the activity."), {"ref": ref},
                )  # fmt: skip
        for of, item in (("loopDataInputRef", "inputDataItem"), ("loopDataOutputRef", "outputDataItem")):
            for ref, entry in zip(named(marker, of), children(marker, item), strict=False):
                yield from _entry(drawing, marker, ref, entry)


def _entry(drawing: Drawing, marker: Element, ref: str, entry: Element) -> Iterator[Violation]:
    whole, part = drawing.data_structure(ref), drawing.structure(entry.get("itemSubjectRef"))
    item = drawing.get(entry.get("itemSubjectRef"), "itemDefinition")
    many = is_set(entry, "isCollection") or (item is not None and is_set(item, "isCollection"))
    if many or (whole is not None and part is not None and whole != part):
        yield Violation(
            marker, N_("At '{element}' one entry of '{ref}' is described as something else than an "
                       "entry of that list."),
            N_("Give the item the type of one entry."), {"ref": ref},
        )  # fmt: skip


def _script(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a script in no language. Right: `scriptFormat` says which."""
    for task in drawing.all("scriptTask"):
        if children(task, "script") and not task.get("scriptFormat"):
            yield Violation(
                task, N_("Expected '{element}' to say in which language its script is "
                         "written."), N_("Enter the format."),
            )  # fmt: skip


def _instantiating(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a flow to a receive task that begins the process. Right: nothing before it."""
    for node in drawing.all("receiveTask", "eventBasedGateway"):
        if is_set(node, "instantiate") and drawing.incoming(node):
            yield Violation(
                node, N_("'{element}' begins a process, but a flow leads to it."),
                N_("Remove the flow, or instantiate=\"true\"."),
            )  # fmt: skip


def _compensation(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a compensation event that leads to an ordinary task. Right: a task for compensation, without flows."""
    for association in drawing.all("association"):
        event = drawing.get(association.get("sourceRef"), "boundaryEvent")
        handler = drawing.get(association.get("targetRef"), *ACTIVITIES)
        if event is not None and handler is not None and "compensate" in drawing.kinds(event):
            yield from _unmarked(handler)
    facing = _facing(drawing)
    for event in drawing.all("boundaryEvent"):
        count = facing.get(event.get("id"), 0)
        if "compensate" in drawing.kinds(event) and count != 1:
            yield Violation(
                event, N_("Expected compensation event '{element}' to be associated with one activity, found {count}."),
                N_("Draw an association to the activity that undoes the work."), {"count": count},
            )  # fmt: skip
    for activity in drawing.activities():
        if is_set(activity, "isForCompensation") and (drawing.incoming(activity) or drawing.outgoing(activity)):
            yield Violation(
                activity, N_("'{element}' is for compensation, but stands in the flow."),
                N_("Remove its flows, and associate it with a compensation event."),
            )  # fmt: skip


def _facing(drawing: Drawing) -> dict[str, int]:
    """How many activities associations connect with each element."""
    found: dict[str, int] = {}
    for link in drawing.all("association"):
        ends = local_ref(link.get("sourceRef")) or "", local_ref(link.get("targetRef")) or ""
        for one, other in (ends, ends[::-1]):
            found[one] = found.get(one, 0) + (drawing.get(other, *ACTIVITIES) is not None)
    return found


def _unmarked(handler: Element) -> Iterator[Violation]:
    if not is_set(handler, "isForCompensation"):
        yield Violation(
            handler, N_("'{element}' compensates another activity, but is not marked for compensation."),
            N_("Mark it for compensation."),
        )  # fmt: skip


def _public(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a public process that is executable. Right: it describes what others see."""
    for process in drawing.all("process"):
        if process.get("processType") == "Public" and is_set(process, "isExecutable"):
            yield Violation(
                process, N_("'{element}' is public, so it cannot be executable."),
                N_("Remove the type of the process, or 'executable'."),
            )  # fmt: skip


def _choreography(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a choreography inside a process, or one that names another. Right: it stands alone."""
    for holder in drawing.all("process", *SUB_PROCESSES):
        if any(children(holder, name) for name in CHOREOGRAPHY):
            yield Violation(
                holder, N_("'{element}' holds a choreography activity, which stands in choreographies only."),
                N_("Use a task."),
            )  # fmt: skip
    for holder in drawing.all("choreography", "globalConversation"):
        if children(holder, "choreographyRef"):
            yield Violation(
                holder, N_("'{element}' names a choreography, which only a collaboration may."), N_("Remove the name."),
            )  # fmt: skip


def _called(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a call of a process that only a message starts. Right: the process has a start event without trigger."""
    for call in drawing.all("callActivity"):
        process = drawing.get(call.get("calledElement"), "process") if _local(drawing, call) else None
        starts = children(process, "startEvent") if process is not None else []
        if starts and not any(_untriggered(start) for start in starts):
            yield Violation(
                call, N_("'{element}' calls '{process}', which has no start event without a trigger."),
                N_("Draw one there."), {"process": local_ref(call.get("calledElement"))},
            )  # fmt: skip


def _local(drawing: Drawing, call: Element) -> bool:
    prefix, colon, _ = (call.get("calledElement") or "").rpartition(":")
    return not colon or call.nsmap.get(prefix) in (None, drawing.root.get("targetNamespace"))


def _untriggered(start: Element) -> bool:
    return not any(
        local_name(child).endswith("EventDefinition") or (text_of(child) and local_name(child) == "eventDefinitionRef")
        for child in start.iterchildren(tag("*"))
    )  # fmt: skip


RULES = (
    constraint("standard-quantity", Level.WARN, "quantity-wrong")(_quantities),
    constraint(
        "standard-event-sub-process", Level.WARN, "event-sub-process-start", "event-sub-process-flow", "event-position"
    )(_event_sub_processes),
    constraint("standard-ad-hoc", Level.WARN, "ad-hoc-content")(_ad_hoc),
    constraint("standard-ad-hoc-empty", Level.WARN, "scope-empty")(_ad_hoc_empty),
    constraint("standard-multi-instance", Level.WARN, "multi-instance-count")(_multi_instance),
    constraint("standard-multi-instance-data", Level.WARN)(_multi_instance_data),
    constraint("standard-script-format", Level.WARN, "script-language")(_script),
    constraint("standard-instantiate", Level.WARN, "instantiate-inside")(_instantiating),
    constraint("standard-compensation", Level.WARN, "compensation-handler-flow", "compensation-handler-missing")(
        _compensation
    ),
    constraint("standard-process-type", Level.WARN)(_public),
    constraint("standard-choreography", Level.WARN, "element-not-executed")(_choreography),
    constraint("standard-called-process", Level.WARN)(_called),
)
