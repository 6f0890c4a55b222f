"""What the schema cannot say and the machine would not execute: events in the wrong place, flows that lead nowhere."""

from collections.abc import Iterator

from engine.bpmn.model import Flow, Node, Process, Scope
from engine.bpmn.parser.refusals import POSITIONS, STANDARD
from engine.errors import N_, Title
from engine.findings import Finding, Level

FEEL_LANGUAGES = frozenset(
    ("", "feel", "https://www.omg.org/spec/dmn/20180521/feel/", "https://www.omg.org/spec/feel/")
)
CONDITIONAL = frozenset(("exclusiveGateway", "inclusiveGateway"))
EXECUTED = frozenset().union(*POSITIONS.values())
"""Kinds that are executed somewhere; the others are refused wherever they stand."""
WAITED = frozenset(("message", "signal", "timer", "conditional"))
ALONE = frozenset(("link", "compensate", "cancel"))
"""Kinds that share an event with no other."""
CATCHING = frozenset(("intermediateCatchEvent", "receiveTask"))


def misplaced(process: Process, resource: str) -> Iterator[Finding]:
    """Findings about one executable process, sub-processes included."""
    for scope in process.all_scopes():
        inside = scope is not process
        yield from _starts(scope, process, resource, inside)
        for node in scope.nodes.values():
            yield from _node(node, scope, process, resource, inside)
        for flow in scope.flows:
            yield from _language(flow, resource)


def _starts(scope: Scope, process: Process, resource: str, inside: bool) -> Iterator[Finding]:
    host = process.node(scope.id) if inside else None
    if host is not None and host.triggered_by_event:
        yield from _handler(host, scope, resource)
        return
    nones = [node for node in scope.nodes.values() if node.type == "startEvent" and not node.events]
    for extra in nones[1:]:
        yield _finding(
            "second-none-start", extra,
            N_("Expected at most one start event without trigger, but '{first}' and '{element}' are two."),
            N_("Keep one of them, or give the other a message or timer."), resource, first=nones[0].id,
        )  # fmt: skip
    if not scope.nodes:
        yield Finding(
            "scope-empty", Level.ERROR, scope.id, N_("Expected '{element}' to contain something, but it is empty."),
            {"element": scope.id}, N_("Draw at least a start event, a task and an end event."),
            line=process.line if host is None else host.line, resource=resource,
        )  # fmt: skip
    elif not any(_may_start(node) for node in scope.nodes.values()):
        yield Finding(
            "nothing-starts", Level.ERROR, scope.id,
            N_("Expected '{element}' to have a start event, or an element that no flow leads to: nothing in it would "
               "ever begin."),
            {"element": scope.id}, N_("Draw a start event with a flow to what comes first."),
            line=process.line if host is None else host.line, resource=resource,
        )  # fmt: skip


def _may_start(node: Node) -> bool:
    if node.type == "startEvent":
        return True
    return not (node.incoming or node.type == "boundaryEvent" or node.triggered_by_event or node.for_compensation)


def _handler(host: Node, scope: Scope, resource: str) -> Iterator[Finding]:
    """An event sub-process: one start event with a trigger; no flow and no boundary event outside of it."""
    starts = [node for node in scope.nodes.values() if node.type == "startEvent"]
    if len(starts) != 1:
        yield _finding(
            "event-sub-process-start", host,
            N_("Expected the event sub-process '{element}' to have one start event, found {count}."),
            N_("Draw one start event with the trigger; several triggers need an event sub-process each."), resource,
            count=len(starts),
        )  # fmt: skip
    for flow in (*host.incoming, *host.outgoing):
        yield _finding(
            "event-sub-process-flow", host,
            N_("Flow '{flow}' leads to or from the event sub-process '{element}', which only its start event begins."),
            N_("Remove the flow."), resource, flow=flow.id,
        )  # fmt: skip
    if host.boundaries:
        yield _finding(
            "event-sub-process-boundary", host,
            N_("'{boundary}' is attached to the event sub-process '{element}', which is no activity of the flow."),
            N_("Attach it to the sub-process around, or to a task inside."), resource, boundary=host.boundaries[0],
        )  # fmt: skip


def _node(node: Node, scope: Scope, process: Process, resource: str, inside: bool) -> Iterator[Finding]:
    yield from _flows(node, resource)
    if node.type.endswith("Event"):
        yield from _event(node, scope, process, resource, inside)
    elif node.type.endswith("Gateway"):
        yield from _gateway(node, scope, resource)
    if node.default is not None and node.default not in {flow.id for flow in node.outgoing}:
        yield _finding(
            "default-unknown", node,
            N_("The default flow '{flow}' of '{element}' is not one of its outgoing flows."),
            N_("Choose the default flow again."), resource, flow=node.default,
        )  # fmt: skip
    if node.type == "receiveTask":
        yield from _instantiating(node, scope, resource)
    if node.type == "receiveTask" and node.message is None:
        yield _finding(
            "message-missing", node, N_("Expected '{element}' to name a message, but it names none."),
            N_("Choose or create the message in its properties."), resource,
        )  # fmt: skip
    if node.type == "scriptTask":
        yield from _script(node, resource)


def _flows(node: Node, resource: str) -> Iterator[Finding]:
    if node.type in ("startEvent", "boundaryEvent"):
        for flow in node.incoming:
            yield _finding(
                "flow-into-start", node, N_("Flow '{flow}' leads into '{element}', which no flow can reach."),
                N_("Lead the flow to the element behind it."), resource, flow=flow.id,
            )  # fmt: skip
    if node.type == "endEvent":
        for flow in node.outgoing:
            yield _finding(
                "flow-out-of-end", node, N_("Flow '{flow}' leaves the end event '{element}'."),
                N_("Use an intermediate event, or remove the flow."), resource, flow=flow.id,
            )  # fmt: skip
    if node.type == "boundaryEvent" and not node.outgoing and "compensate" not in [e.kind for e in node.events]:
        yield _finding(
            "boundary-leads-nowhere", node,
            N_("Boundary event '{element}' has no outgoing flow: what it catches is lost."),
            N_("Draw what happens then, at least an end event."), resource, level=Level.WARN,
        )  # fmt: skip


def _event(node: Node, scope: Scope, process: Process, resource: str, inside: bool) -> Iterator[Finding]:
    place = node.type
    if node.type == "startEvent" and inside:
        host = process.node(scope.id)
        handler = host is not None and host.triggered_by_event
        place = "startEvent in event subProcess" if handler else "startEvent in subProcess"
    executed = POSITIONS.get(place, frozenset())
    kinds = [event.kind for event in node.events] or ["none"]
    for kind in kinds:
        if kind not in STANDARD[place]:
            yield _finding(
                "event-position", node,
                N_("A {kind} event cannot stand as {place} ('{element}')."),
                N_("Executed there: {allowed}."), resource,
                kind=kind, place=place, allowed=", ".join(sorted(executed)) or "-",
            )  # fmt: skip
        elif kind in EXECUTED and kind not in executed:
            yield _finding(
                "event-not-executed", node,
                N_("A {kind} event as {place} ('{element}') is not executed."),
                N_("Executed there: {allowed}."), resource,
                kind=kind, place=place, allowed=", ".join(sorted(executed)) or "-",
            )  # fmt: skip
    if len(kinds) > 1:
        yield from _multiple(node, kinds, place, resource)
    for event in node.events:
        if event.kind == "conditional" and event.condition is None:
            yield _finding(
                "condition-missing", node, N_("Expected conditional event '{element}' to have a condition."),
                N_("Write the condition in its properties."), resource,
            )  # fmt: skip
    if "link" in kinds:
        yield from _link(node, scope, resource)
    if "error" in kinds and not node.interrupting and node.type in ("boundaryEvent", "startEvent"):
        yield _finding(
            "error-not-interrupting", node, N_("Error event '{element}' must interrupt its activity."),
            N_("Remove cancelActivity=\"false\" or isInterrupting=\"false\"."), resource,
        )  # fmt: skip
    if node.type == "boundaryEvent":
        host = scope.nodes.get(node.attached_to or "")
        if host is None or not host.is_activity:
            yield _finding(
                "boundary-unattached", node,
                N_("Boundary event '{element}' is attached to '{host}', which is no activity of its scope."),
                N_("Attach it to a task, sub-process or call."), resource, host=node.attached_to or "",
            )  # fmt: skip


def _multiple(node: Node, kinds: list[str], place: str, resource: str) -> Iterator[Finding]:
    yield _finding(
        "multiple-event", node,
        N_("Event '{element}' has {count} triggers: {kinds}."),
        N_("Draw one event for each trigger where that is clearer."), resource, level=Level.INFO,
        count=len(kinds), kinds=", ".join(kinds),
    )  # fmt: skip
    alone = sorted(ALONE.intersection(kinds))
    if alone or {"error", "terminate"} <= set(kinds):
        yield _finding(
            "multiple-event-not-executed", node,
            N_("In event '{element}' {kind} stands beside other triggers, which is not executed."),
            N_("Draw an event of its own for it."), resource, kind=alone[0] if alone else "terminate",
        )  # fmt: skip
    if node.together and (place == "startEvent" or not set(kinds) <= WAITED):
        yield _finding(
            "parallel-multiple-not-executed", node,
            N_("Event '{element}' cannot wait for all of its triggers: {kinds}."),
            N_("Remove parallelMultiple, or use messages, signals, timers and conditions inside a running process."),
            resource, kinds=", ".join(kinds),
        )  # fmt: skip


def _link(node: Node, scope: Scope, resource: str) -> Iterator[Finding]:
    """One catching link of a name, at least one throwing, in one scope; a flow on one side only."""
    name = node.events[0].name
    same = [
        other for other in scope.nodes.values() for event in other.events
        if event.kind == "link" and event.name == name and other is not node
    ]  # fmt: skip
    throws = node.type == "intermediateThrowEvent"
    others = [other for other in same if (other.type == "intermediateThrowEvent") is not throws]
    if not name or not others or (throws and len(others) > 1):
        yield _finding(
            "link-unmatched", node,
            N_("Expected one catching link event named '{link}' for '{element}' and a throwing one, "
               "in the same process or sub-process."),
            N_("Give both link events the same name; one name has one catching event."), resource, link=name or "",
        )  # fmt: skip
    for flow in node.outgoing if throws else node.incoming:
        yield _finding(
            "link-flow", node, N_("Flow '{flow}' stands on the side of link event '{element}' that the link replaces."),
            N_("Remove the flow, or use an intermediate event without link."), resource, flow=flow.id,
        )  # fmt: skip


def _gateway(node: Node, scope: Scope, resource: str) -> Iterator[Finding]:
    if node.type in CONDITIONAL and len(node.outgoing) > 1:
        for flow in node.outgoing:
            if flow.condition is None and flow.id != node.default:
                yield Finding(
                    "condition-missing", Level.ERROR, flow.id,
                    N_("Flow '{element}' of gateway '{gateway}' has no condition and is not its default flow."),
                    {"element": flow.id, "gateway": node.id}, N_("Write a condition, or make it the default flow."),
                    line=flow.line, resource=resource,
                )  # fmt: skip
    if node.type == "parallelGateway":
        for flow in node.outgoing:
            if flow.condition is not None:
                yield _finding(
                    "parallel-condition-ignored", node,
                    N_("The condition on flow '{flow}' is ignored: parallel gateway '{element}' takes every flow."),
                    N_("Remove the condition, or use an inclusive gateway."), resource, level=Level.WARN, flow=flow.id,
                )  # fmt: skip
    if node.type == "eventBasedGateway":
        yield from _event_based(node, scope, resource)


def _event_based(node: Node, scope: Scope, resource: str) -> Iterator[Finding]:
    yield from _instantiating(node, scope, resource)
    if len(node.outgoing) < 2:
        yield _finding(
            "event-gateway-alone", node,
            N_("Expected the event-based gateway '{element}' to lead to at least two events, found {count}."),
            N_("Draw a second event, or an intermediate event without gateway."), resource, count=len(node.outgoing),
        )  # fmt: skip
    for flow in node.outgoing:
        target = scope.nodes.get(flow.target)
        link = target is not None and any(event.kind == "link" for event in target.events)
        if target is None or target.type not in CATCHING or link:
            yield _finding(
                "event-gateway-target", node,
                N_("Behind the event-based gateway '{element}' stands '{target}', which waits for nothing."),
                N_("Put a message, signal, timer or conditional event, or a receive task there."), resource,
                target=flow.target,
            )  # fmt: skip
        elif node.instantiate and not _can_begin(target, node.together):
            yield _finding(
                "event-gateway-start", node,
                N_("'{target}' behind the event-based gateway '{element}' cannot begin a process."),
                N_("Put a message event or receive task there; a signal or timer where any one event is enough."),
                resource, target=flow.target,
            )  # fmt: skip
        elif len(target.incoming) > 1 or target.boundaries or target.loop or target.start_quantity != "1":
            yield _finding(
                "event-gateway-target-shared", node,
                N_("'{target}' behind the event-based gateway '{element}' has other flows or boundary events."),
                N_("Draw an event of its own behind the gateway."), resource, target=flow.target,
            )  # fmt: skip


def _can_begin(target: Node, together: bool) -> bool:
    events = [*target.events, *([target.message] if target.message is not None else [])]
    kinds = {event.kind for event in events}
    return not target.together and kinds <= ({"message"} if together else WAITED)


def _instantiating(node: Node, scope: Scope, resource: str) -> Iterator[Finding]:
    """What begins an instance stands at the beginning of a process."""
    if node.instantiate and (node.incoming or not isinstance(scope, Process)):
        yield _finding(
            "instantiate-inside", node,
            N_("'{element}' begins a process, but a flow leads to it or it stands in a sub-process."),
            N_("Remove the flow, or instantiate=\"true\"."), resource,
        )  # fmt: skip
    if node.together and not node.instantiate and node.type == "eventBasedGateway":
        yield _finding(
            "event-gateway-parallel", node,
            N_("Event-based gateway '{element}' waits for all its events, which only one that begins a process does."),
            N_("Remove eventGatewayType=\"Parallel\", or draw a parallel gateway."), resource,
        )  # fmt: skip


def _script(node: Node, resource: str) -> Iterator[Finding]:
    if node.extensions.task is not None or node.extensions.script is not None:
        return
    if (node.script_format or "").lower() not in ("feel", "") or node.script is None or node.script_format is None:
        yield _finding(
            "script-language", node,
            N_("Script task '{element}' is written in '{language}'; only FEEL is executed."),
            N_("Choose in its properties what carries it out: an expression (FEEL) or an operation."), resource,
            language=node.script_format or "?",
        )  # fmt: skip
    else:
        yield _finding(
            "script-without-result", node, N_("Script task '{element}' does not say which variable takes its result."),
            N_("Use zeebe:script with expression and resultVariable."), resource,
        )  # fmt: skip


def _language(flow: Flow, resource: str) -> Iterator[Finding]:
    if flow.condition is not None and (flow.language or "").lower() not in FEEL_LANGUAGES:
        yield Finding(
            "condition-language", Level.ERROR, flow.id,
            N_("The condition of flow '{element}' is written in '{language}'; only FEEL is executed."),
            {"element": flow.id, "language": flow.language}, N_("Rewrite it in FEEL."),
            line=flow.line, resource=resource,
        )  # fmt: skip
    if flow.condition is not None and flow.is_default:
        yield Finding(
            "default-condition-ignored", Level.WARN, flow.id,
            N_("The condition of flow '{element}' is ignored: it is the default flow."),
            {"element": flow.id}, N_("Remove the condition."), line=flow.line, resource=resource,
        )  # fmt: skip


def _finding(
    rule: str, node: Node, message: str, hint: str, resource: str, level: Level = Level.ERROR, **facts: object
) -> Finding:
    return Finding(
        rule, level, node.id, message, {"element": node.id, "name": Title(node.name or node.id, node.labels), **facts},
        hint, line=node.line, resource=resource,
    )  # fmt: skip
