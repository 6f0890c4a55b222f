"""How a drawing is well drawn: what is allowed, but misleads whoever reads it, in executable processes and others."""

from collections.abc import Iterator

from engine.bpmn.model import ACTIVITIES, EVENTS, FLOW_NODES
from engine.bpmn.parser.constraints.drawing import Drawing, Violation, children, constraint, is_set, tag
from engine.bpmn.parser.xml import Element, local_name, local_ref, text_of
from engine.errors import N_
from engine.findings import Level

GATEWAYS = ("exclusiveGateway", "inclusiveGateway", "parallelGateway", "complexGateway", "eventBasedGateway")
SCOPES = ("process", "subProcess", "transaction")
DECLARED = ("message", "signal", "error", "escalation")
FORKS = ("parallelGateway", "inclusiveGateway", "complexGateway")


def _implicit_start(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a task that begins because no flow leads to it. Right: a start event leads to it."""
    for node in drawing.flow_nodes():
        name = local_name(node)
        link = name == "intermediateCatchEvent" and set(drawing.kinds(node)) == {"link"}
        begins = name in ("startEvent", "boundaryEvent") or link or _apart(node)
        if not begins and not drawing.incoming(node):
            yield Violation(
                node, N_("'{element}' begins without a start event, because no flow leads to it."),
                N_("Lead a flow from a start event to it."),
            )  # fmt: skip


def _implicit_end(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a path that just stops at a task. Right: an end event says what has been reached."""
    for node in drawing.flow_nodes():
        name, kinds = local_name(node), set(drawing.kinds(node))
        link = name == "intermediateThrowEvent" and kinds == {"link"}
        undo = name == "boundaryEvent" and "compensate" in kinds
        if name != "endEvent" and not link and not undo and not _apart(node) and not drawing.outgoing(node):
            yield Violation(
                node, N_("A path ends at '{element}' without an end event."),
                N_("Lead it to an end event, so that everybody sees what has been reached."),
            )  # fmt: skip


def _apart(node: Element) -> bool:
    """Whether nothing has to lead to or from an activity: it compensates, waits for an event, or is chosen freely."""
    free = local_name(node.getparent()) == "adHocSubProcess" and local_name(node) in ACTIVITIES
    return free or is_set(node, "isForCompensation") or is_set(node, "triggeredByEvent")


def _implicit_split(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: two flows that both leave a task. Right: a parallel gateway splits."""
    for node in drawing.all(*sorted(ACTIVITIES), *sorted(EVENTS)):
        if len(_certain(drawing, node)) > 1:
            yield Violation(
                node, N_("Several flows leave '{element}' at once, without a gateway that says so."),
                N_("Draw a parallel gateway behind it."),
            )  # fmt: skip


def _certain(drawing: Drawing, node: Element) -> list[Element]:
    """The flows that are taken whatever the data are."""
    default = local_ref(node.get("default"))
    return [
        flow for flow in drawing.outgoing(node)
        if not children(flow, "conditionExpression") and flow.get("id") != default
    ]  # fmt: skip


def _fake_join(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: two flows into one task, that look joined. Right: a gateway says whether it waits for both."""
    for node in drawing.all(*sorted(ACTIVITIES), *sorted(EVENTS - {"endEvent"})):
        if len(drawing.incoming(node)) > 1:
            yield Violation(
                node, N_("Several flows lead to '{element}', which does not wait for all of them."),
                N_("Draw a gateway before it, to say what it waits for."),
            )  # fmt: skip


def _doubled(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: two equal flows between two nodes. Right: one."""
    seen: set[tuple[str | None, str | None, str | None]] = set()
    for flow in drawing.all("sequenceFlow"):
        key = flow.get("sourceRef"), flow.get("targetRef"), text_of(flow.find(tag("conditionExpression")))
        if key in seen:
            yield Violation(
                flow, N_("Flow '{element}' repeats another flow from '{source}' to '{target}'."),
                N_("Remove one of them."), {"source": key[0], "target": key[1]},
            )  # fmt: skip
        seen.add(key)


def _unconditioned(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: of three ways out two have conditions and none is the default. Right: each has one, or is the default."""
    for node in drawing.flow_nodes():
        flows = drawing.outgoing(node)
        default = local_ref(node.get("default"))
        if default is None and not any(children(flow, "conditionExpression") for flow in flows):
            continue
        for flow in _certain(drawing, node):
            yield Violation(
                flow, N_("Flow '{element}' has no condition, though others that leave '{node}' have one."),
                N_("Write a condition, or make it the default flow."), {"node": node.get("id")},
            )  # fmt: skip


def _inclusive(drawing: Drawing) -> Iterator[Violation]:
    """Wrong, in a house without them: an inclusive gateway. Right: exclusive and parallel ones."""
    for gateway in drawing.all("inclusiveGateway"):
        yield Violation(
            gateway, N_("'{element}' is an inclusive gateway, which few readers understand."),
            N_("Use exclusive and parallel gateways."),
        )  # fmt: skip


def _complex(drawing: Drawing) -> Iterator[Violation]:
    """Wrong, in a house without them: a complex gateway. Right: exclusive and parallel ones."""
    for gateway in drawing.all("complexGateway"):
        yield Violation(
            gateway, N_("'{element}' is a complex gateway, which few readers understand."),
            N_("Use exclusive and parallel gateways."),
        )  # fmt: skip


def _join_and_fork(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: one gateway that joins and splits. Right: two gateways."""
    for gateway in drawing.all(*GATEWAYS):
        if len(drawing.incoming(gateway)) > 1 and len(drawing.outgoing(gateway)) > 1:
            yield Violation(
                gateway, N_("Gateway '{element}' both joins and splits."), N_("Draw one gateway that joins, and one "
                                                                             "behind it that splits."),
            )  # fmt: skip


def _superfluous(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: one gateway with one way in and one out. Right: none."""
    for gateway in drawing.all(*GATEWAYS):
        if len(drawing.incoming(gateway)) == len(drawing.outgoing(gateway)) == 1:
            yield Violation(
                gateway, N_("Gateway '{element}' has one way in and one out: it does nothing."), N_("Remove it."),
            )  # fmt: skip


def _termination(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a terminate end event where nothing else can be running. Right: a plain end event."""
    beside = _behind_forks(drawing)
    for scope in drawing.all(*SCOPES):
        ends = [end for end in children(scope, "endEvent") if "terminate" in drawing.kinds(end) and end not in beside]
        for end in ends if ends and not _handles(drawing, scope) else ():
            yield Violation(
                end, N_("'{element}' terminates, but nothing else can be running when it is reached."),
                N_("Use a plain end event."),
            )  # fmt: skip


def _behind_forks(drawing: Drawing) -> set[Element]:
    """Everything that can be reached from where one token becomes several: along flows, and from an activity to its
    boundary events."""
    todo = [node for node in drawing.flow_nodes() if _forks(drawing, node)]
    found = set(todo)
    while todo:
        node = todo.pop()
        targets = [drawing.get(flow.get("targetRef")) for flow in drawing.outgoing(node)]
        fresh = {
            target for target in (*targets, *drawing.boundaries(node)) if target is not None and target not in found
        }  # fmt: skip
        found |= fresh
        todo.extend(fresh)
    return found


def _forks(drawing: Drawing, node: Element) -> bool:
    if len(drawing.outgoing(node)) > 1 and (local_name(node) in FORKS or local_name(node) not in GATEWAYS):
        return True
    loose = (
        event for event in drawing.boundaries(node) if not is_set(event, "cancelActivity", "true")
    )  # fmt: skip
    return any(True for _ in loose) or (
        local_name(node) == "boundaryEvent" and not is_set(node, "cancelActivity", "true")
    )


def _handles(drawing: Drawing, scope: Element) -> bool:
    """Whether something runs beside the flow of a scope: an event sub-process, or a second implicit beginning."""
    handlers = [
        start for handler in children(scope, "subProcess") if is_set(handler, "triggeredByEvent")
        for start in children(handler, "startEvent") if not is_set(start, "isInterrupting", "true")
    ]  # fmt: skip
    nodes = [node for node in scope.iterchildren(tag("*")) if local_name(node) in FLOW_NODES]
    apart = ("startEvent", "boundaryEvent")
    begins = [
        node for node in nodes if not drawing.incoming(node) and local_name(node) not in apart and not _apart(node)
    ]  # fmt: skip
    return bool(handlers) or len(begins) > (0 if children(scope, "startEvent") else 1)


def _blank_starts(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: two start events without trigger in one scope. Right: one."""
    for scope in drawing.all(*SCOPES):
        blank = [start for start in children(scope, "startEvent") if not drawing.kinds(start)]
        for extra in blank[1:]:
            yield Violation(
                extra, N_("Expected at most one start event without trigger, but '{first}' and '{element}' are two."),
                N_("Keep one of them, or give the other a message or timer."), {"first": blank[0].get("id")},
            )  # fmt: skip


def _triggers(drawing: Drawing) -> Iterator[Violation]:
    """Wrong, in a house without them: an event with two triggers. Right: an event for each."""
    for event in drawing.all(*sorted(EVENTS)):
        kinds = drawing.kinds(event)
        if len(kinds) > 1:
            yield Violation(
                event, N_("Event '{element}' has {count} triggers: {kinds}."),
                N_("Draw one event for each trigger where that is clearer."),
                {"count": len(kinds), "kinds": ", ".join(kinds)},
            )  # fmt: skip


def _conditionless(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a conditional event without condition, even where nothing runs. Right: it says when it happens."""
    for definition in drawing.all("conditionalEventDefinition"):
        if not text_of(definition.find(tag("condition"))):
            yield Violation(
                definition, N_("Expected conditional event '{element}' to have a condition."),
                N_("Write the condition in its properties."),
            )  # fmt: skip


def _no_start(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a scope without start event. Right: one start event."""
    for scope in drawing.all(*SCOPES):
        if not children(scope, "startEvent"):
            yield Violation(
                scope, N_("Expected '{element}' to have a start event, but it has none."), N_("Draw one."),
            )  # fmt: skip


def _no_end(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a scope without end event. Right: an end event for each result."""
    for scope in drawing.all(*SCOPES):
        if not children(scope, "endEvent"):
            yield Violation(
                scope, N_("Expected '{element}' to have an end event, but it has none."), N_("Draw one."),
            )  # fmt: skip


def _disconnected(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: an element without any flow. Right: it stands in the flow."""
    for node in drawing.flow_nodes():
        undo = "compensate" in drawing.kinds(node) and local_name(node) == "boundaryEvent"
        if not undo and not _apart(node) and not drawing.incoming(node) and not drawing.outgoing(node):
            yield Violation(node, N_("No flow leads to or from '{element}'."), N_("Connect it, or remove it."))


def _unnamed(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a lane without name. Right: lanes, pools and what stands in them have names."""
    for element in drawing.all("participant", "lane", *sorted(FLOW_NODES), "sequenceFlow"):
        if not (element.get("name") or "").strip() and _needs_name(drawing, element):
            yield Violation(
                element, N_("'{element}' has no name."),
                N_("Tasks are verb and object, events are past, gateways ask a question."),
            )  # fmt: skip


def _needs_name(drawing: Drawing, element: Element) -> bool:
    name = local_name(element)
    if name in ("participant", "lane"):
        return True
    if drawing.executable(element):  # judged by a rule of lint, with what stands in its expressions
        return False
    if name == "sequenceFlow":
        return bool(children(element, "conditionExpression"))
    if name in GATEWAYS:
        return name not in ("parallelGateway", "eventBasedGateway") and len(drawing.outgoing(element)) > 1
    return name not in ("subProcess", "transaction", "adHocSubProcess")


def _declared(drawing: Drawing) -> Iterator[Element]:
    return (element for element in drawing.all(*DECLARED) if element.getparent() is drawing.root)


def _unused(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a message that no event names. Right: every message, signal, error and escalation is used."""
    used: set[str | None] = set()
    for element in drawing.root.iter(tag("*")):
        used.update(local_ref(value) for name, value in element.attrib.items() if name.endswith("Ref"))
        if local_name(element).endswith("Ref"):
            used.add(local_ref(element.text))
    for element in _declared(drawing):
        if element.get("id") not in used:
            yield Violation(
                element, N_("Nothing uses the {kind} '{name}'."), N_("Remove it, or choose it in an event."),
                {"kind": local_name(element), "name": element.get("name") or element.get("id")},
            )  # fmt: skip


def _nameless(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a message without name. Right: its name is what it is known by."""
    for element in _declared(drawing):
        code = element.get("errorCode") or element.get("escalationCode")
        blank = not (element.get("name") or "").strip()
        if blank and (element.get("name") is not None or not code):
            yield Violation(
                element, N_("The {kind} '{element}' has no name."), N_("Give it one."), {"kind": local_name(element)},
            )  # fmt: skip


def _repeated(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: two messages of one name. Right: one, named by both events."""
    seen: set[tuple[str, str]] = set()
    for element in _declared(drawing):
        key = local_name(element), element.get("name") or ""
        if key[1] and key in seen:
            yield Violation(
                element, N_("A second {kind} is called '{name}'."), N_("Use one for both, or rename it."),
                {"kind": key[0], "name": key[1]},
            )  # fmt: skip
        seen.add(key)


RULES = (
    constraint("implicit-start", None)(_implicit_start),
    constraint("implicit-end", None)(_implicit_end),
    constraint("implicit-split", None)(_implicit_split),
    constraint("fake-join", None)(_fake_join),
    constraint("duplicate-flow", Level.WARN)(_doubled),
    constraint("unconditioned-flow", None, "condition-missing")(_unconditioned),
    constraint("inclusive-gateway", None)(_inclusive),
    constraint("complex-gateway", None)(_complex),
    constraint("join-and-fork", None)(_join_and_fork),
    constraint("superfluous-gateway", Level.INFO)(_superfluous),
    constraint("superfluous-termination", Level.INFO)(_termination),
    constraint("blank-starts", Level.WARN, "second-none-start")(_blank_starts),
    constraint("several-triggers", None, "multiple-event")(_triggers),
    constraint("event-without-condition", None, "condition-missing")(_conditionless),
    constraint("start-missing", None)(_no_start),
    constraint("end-missing", None)(_no_end),
    constraint("disconnected", None)(_disconnected),
    constraint("unnamed", Level.INFO)(_unnamed),
    constraint("unused-declaration", Level.INFO)(_unused),
    constraint("nameless-declaration", Level.INFO)(_nameless),
    constraint("repeated-declaration", Level.WARN)(_repeated),
)
