"""What BPMN demands of sequence flows and gateways."""

from collections.abc import Iterator

from engine.bpmn.model import ACTIVITIES, EVENTS, FLOW_NODES
from engine.bpmn.parser.constraints.drawing import Drawing, Violation, children, constraint, is_set, named, tag
from engine.bpmn.parser.xml import Element, local_name, local_ref
from engine.errors import N_
from engine.findings import Level

GATEWAYS = ("exclusiveGateway", "inclusiveGateway", "parallelGateway", "complexGateway", "eventBasedGateway")
WAITED = frozenset(("message", "signal", "timer", "conditional"))
CHOREOGRAPHY = frozenset(("choreographyTask", "subChoreography", "callChoreography"))


def _ends(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a flow to a text, to an event sub-process or into another scope. Right: between nodes of one scope."""
    for flow in drawing.all("sequenceFlow"):
        ends = [drawing.get(flow.get(name), *FLOW_NODES, *CHOREOGRAPHY) for name in ("sourceRef", "targetRef")]
        scopes = {end.getparent() for end in ends if end is not None}
        if None in ends or len(scopes) > 1 or any(is_set(end, "triggeredByEvent") for end in ends):
            yield Violation(
                flow, N_("Expected flow '{element}' to connect two activities, events or gateways of one process or "
                         "sub-process; it leads from '{source}' to '{target}'."),
                N_("Draw the flow again."), {"source": flow.get("sourceRef"), "target": flow.get("targetRef")},
            )  # fmt: skip


def _listed(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a flow that its ends do not list. Right: `incoming` and `outgoing` repeat the flows."""
    for node in drawing.flow_nodes():
        for name, flows in (("incoming", drawing.incoming(node)), ("outgoing", drawing.outgoing(node))):
            if sorted(named(node, name)) != sorted(flow.get("id") or "" for flow in flows):
                yield Violation(
                    node, N_("The {name} elements of '{element}' do not repeat its flows: {listed} "
                             "instead of {flows}."),
                    N_("The flows rule here; a product that reads the elements needs them."),
                    {"name": name, "listed": ", ".join(named(node, name)) or "-",
                     "flows": ", ".join(flow.get("id") or "?" for flow in flows) or "-"},
                )  # fmt: skip


def _conditional(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a task whose only flow has a condition. Right: a second flow for the case that it is false."""
    for node in drawing.all(*sorted(ACTIVITIES), *sorted(EVENTS)):
        flows = drawing.outgoing(node)
        alone = len(flows) < 2 or local_name(node) in EVENTS
        for flow in flows:
            if alone and children(flow, "conditionExpression"):
                yield Violation(
                    flow, N_("Flow '{element}' has a condition, but '{node}' must be an activity with another flow "
                             "for the case that it is false."),
                    N_("Draw a gateway with a second flow, or remove the condition."), {"node": node.get("id")},
                )  # fmt: skip


def _default(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: the default flow of a gateway leaves another one. Right: one of its own."""
    for node in drawing.all(*sorted(ACTIVITIES), *GATEWAYS):
        default = local_ref(node.get("default"))
        if default is not None and default not in {flow.get("id") for flow in drawing.outgoing(node)}:
            yield Violation(
                node, N_("The default flow '{flow}' of '{element}' is not one of its outgoing flows."),
                N_("Choose the default flow again."), {"flow": default},
            )  # fmt: skip


def _immediate(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: `isImmediate="false"` in an executable process. Right: nothing can happen on a flow."""
    for flow in drawing.all("sequenceFlow"):
        if drawing.executable(flow) and flow.get("isImmediate") in ("false", "0"):
            yield Violation(
                flow, N_("Flow '{element}' is not immediate, which an executable process does not allow."),
                N_("Remove isImmediate=\"false\"."),
            )  # fmt: skip


def _unconnected(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a task without flow beside a start event. Right: every element stands in the flow."""
    for node in drawing.all(*sorted(ACTIVITIES), *GATEWAYS):
        scope = node.getparent()
        apart = is_set(node, "isForCompensation") or is_set(node, "triggeredByEvent")
        if apart or local_name(scope) == "adHocSubProcess":
            continue
        into = bool(children(scope, "startEvent")) and not drawing.incoming(node)
        out = bool(children(scope, "endEvent")) and not drawing.outgoing(node)
        if into or out:
            yield Violation(
                node, N_("Expected '{element}' to have flows to and from it, as its scope has start and end events."),
                N_("Connect it."),
            )  # fmt: skip


def _direction(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a converging gateway with two ways out. Right: the direction that is drawn."""
    for gateway in drawing.all(*GATEWAYS):
        into, out = len(drawing.incoming(gateway)), len(drawing.outgoing(gateway))
        said = gateway.get("gatewayDirection", "Unspecified")
        wrong = {"Converging": out > 1, "Diverging": into > 1, "Mixed": into < 2 or out < 2}.get(said, False)
        if wrong:
            yield Violation(
                gateway, N_("Gateway '{element}' is said to be {direction}, but has {into} ways in and {out} out."),
                N_("Remove gatewayDirection, or divide the gateway in two."),
                {"direction": said, "into": into, "out": out},
            )  # fmt: skip


def _pointless(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a gateway with one way in and one out. Right: it splits or joins."""
    for gateway in drawing.all(*GATEWAYS):
        if len(drawing.incoming(gateway)) < 2 and len(drawing.outgoing(gateway)) < 2:
            yield Violation(
                gateway, N_("Gateway '{element}' neither splits nor joins anything."),
                N_("Remove it, or draw the missing flow."),
            )  # fmt: skip


def _event_gateway(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a task behind an event-based gateway. Right: at least two catching events, or receive tasks."""
    for gateway in drawing.all("eventBasedGateway"):
        flows = drawing.outgoing(gateway)
        targets = [drawing.get(flow.get("targetRef")) for flow in flows]
        messages = any(
            target is not None and local_name(target) != "receiveTask" and "message" in drawing.kinds(target)
            for target in targets
        )  # fmt: skip
        receives = any(target is not None and local_name(target) == "receiveTask" for target in targets)
        wrong = [target for target in targets if target is None or not _waits(drawing, target)]
        conditions = any(children(flow, "conditionExpression") for flow in flows)
        if len(flows) < 2 or wrong or conditions or (messages and receives):
            yield Violation(
                gateway,
                N_("Expected at least two flows without condition from the event-based gateway '{element}', each to an "
                   "event or receive task of its own, and not message events beside receive tasks."),
                N_("Put message, signal, timer or conditional events there, or only receive "
                   "tasks instead of messages."),
            )  # fmt: skip


def _waits(drawing: Drawing, target: Element) -> bool:
    if len(drawing.incoming(target)) > 1:
        return False
    if local_name(target) == "receiveTask":
        return not drawing.boundaries(target)
    kinds = drawing.kinds(target)
    return target.tag == tag("intermediateCatchEvent") and bool(kinds) and WAITED.issuperset(kinds)


RULES = (
    constraint("standard-flow-ends", Level.WARN, "flow-dangling", "event-sub-process-flow")(_ends),
    constraint("standard-flow-listed", None)(_listed),
    constraint("standard-conditional-flow", Level.WARN)(_conditional),
    constraint("standard-default-flow", Level.WARN, "default-unknown")(_default),
    constraint("standard-immediate", Level.WARN)(_immediate),
    constraint("standard-unconnected", None)(_unconnected),
    constraint("standard-gateway-direction", Level.WARN)(_direction),
    constraint("standard-gateway-pointless", None)(_pointless),
    constraint(
        "standard-event-gateway", Level.WARN, "event-gateway-alone", "event-gateway-target",
        "event-gateway-target-shared",
    )(_event_gateway),
)  # fmt: skip
