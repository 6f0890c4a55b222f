"""Markers of activities that would not run as drawn: loops, compensation, transactions, token quantities."""

from collections.abc import Iterator

from engine.bpmn.model import Loop, Node, Process, Scope
from engine.bpmn.parser.structure import FEEL_LANGUAGES
from engine.errors import N_, Title
from engine.findings import Finding, Level

QUANTITY_LIMIT = 1_000
BEHAVIORS = ("All", "None", "One", "Complex")
THROWN = ("message", "signal", "escalation", "error")
"""What the completion of one instance may throw."""


def wrongly_marked(process: Process, resource: str) -> Iterator[Finding]:
    """Findings about the activities of one executable process, sub-processes included."""
    for scope in process.all_scopes():
        host = process.node(scope.id) if scope is not process else None
        for node in scope.nodes.values():
            if node.loop is not None:
                yield from _loop(node, node.loop, resource)
            if node.is_activity:
                yield from _activity(node, scope, resource)
            alone = [kind for kind in _kinds(node) if kind in ("compensate", "cancel")]
            if alone and len(node.events) > 1:
                yield _problem(
                    "compensation-among-others", node,
                    N_("Event '{element}' throws or catches {kind} together with others; it is executed alone only."),
                    N_("Draw an event of its own for it."), resource, kind=alone[0],
                )  # fmt: skip
            for event in node.events:
                if event.kind == "compensate":
                    yield from _compensation(node, event.ref, scope, host, process, resource)
                elif event.kind == "cancel":
                    yield from _cancel(node, scope, host, process, resource)


def _activity(node: Node, scope: Scope, resource: str) -> Iterator[Finding]:
    for attribute, found in (("startQuantity", node.start_quantity), ("completionQuantity", node.completion_quantity)):
        if _whole(found, 1) is None or int(found) > QUANTITY_LIMIT:
            yield _problem(
                "quantity-wrong", node,
                N_("Expected {attribute} of '{element}' to be a whole number from 1 to {limit}, found '{found}'."),
                N_("Enter how many tokens there are."), resource, attribute=attribute, found=found,
                limit=QUANTITY_LIMIT,
            )  # fmt: skip
    if node.method not in ("##Compensate", "compensate"):
        yield _problem(
            "transaction-method", node,
            N_("Transaction '{element}' uses the method '{found}'; only compensation is executed."),
            N_("Remove the method, and draw how each activity is compensated."), resource, found=node.method,
        )  # fmt: skip
    if node.ad_hoc is not None:
        yield from _ad_hoc(node, resource)
    if node.for_compensation and not node.triggered_by_event:
        yield from _handler(node, scope, resource)
    compensated = [key for key in node.boundaries if _kinds(scope.nodes[key]) == ["compensate"]]
    if len(compensated) > 1:
        yield _problem(
            "compensation-boundary-second", node,
            N_("'{element}' has {count} compensation boundary events; one is executed."),
            N_("Draw one, with a sub-process as its handler."), resource, count=len(compensated),
        )  # fmt: skip


def _ad_hoc(node: Node, resource: str) -> Iterator[Finding]:
    assert node.ad_hoc is not None  # noqa: S101 - the caller looks
    if node.ad_hoc.language.lower() not in FEEL_LANGUAGES:
        yield _problem(
            "ad-hoc-language", node,
            N_("The completion condition of '{element}' is written in '{language}'; only FEEL is executed."),
            N_("Rewrite it in FEEL."), resource, language=node.ad_hoc.language,
        )  # fmt: skip
    for inner in node.inner.nodes.values() if node.inner is not None else ():
        if inner.type in ("startEvent", "endEvent") or inner.triggered_by_event:
            yield _problem(
                "ad-hoc-content", inner,
                N_("'{element}' stands in the ad-hoc sub-process '{scope}', where nothing has a set beginning or end."),
                N_("Remove it, or draw an ordinary sub-process inside."), resource, scope=node.id,
            )  # fmt: skip


def _handler(node: Node, scope: Scope, resource: str) -> Iterator[Finding]:
    """BPMN 2.0.2, 10.7.1: reached by compensation alone."""
    for flow in (*node.incoming, *node.outgoing):
        yield _problem(
            "compensation-handler-flow", node,
            N_("Flow '{flow}' leads to or from '{element}', which is for compensation."),
            N_("Remove the flow, or the compensation marker."), resource, flow=flow.id,
        )  # fmt: skip
    if node.boundaries:
        yield _problem(
            "compensation-handler-boundary", node,
            N_("'{boundary}' is attached to '{element}', which is for compensation: no flow can follow it."),
            N_("Put the task into a sub-process for compensation, and attach the event there."), resource,
            boundary=node.boundaries[0],
        )  # fmt: skip
    events = [key for key in node.associated if key in scope.nodes and _kinds(scope.nodes[key]) == ["compensate"]]
    if not events:
        yield _problem(
            "compensation-handler-unused", node,
            N_("'{element}' is for compensation, but no compensation boundary event is associated with it."),
            N_("Connect it with the compensation event of the activity that it undoes."), resource,
        )  # fmt: skip


def _compensation(
    node: Node, ref: str | None, scope: Scope, host: Node | None, process: Process, resource: str
) -> Iterator[Finding]:  # fmt: skip
    if node.type == "boundaryEvent":
        found = [key for key in node.associated if key in scope.nodes and scope.nodes[key].for_compensation]
        if len(found) != 1:
            yield _problem(
                "compensation-handler-missing", node,
                N_("Expected compensation event '{element}' to be associated with one activity for compensation of its "
                   "scope, found {count}."),
                N_("Draw an association to the activity that undoes the work."), resource, count=len(found),
            )  # fmt: skip
        for flow in node.outgoing:
            yield _problem(
                "compensation-handler-flow", node,
                N_("Flow '{flow}' leads to or from '{element}', which is for compensation."),
                N_("Draw an association instead of the flow."), resource, flow=flow.id,
            )  # fmt: skip
    elif node.type == "startEvent":
        around = _around(host, process) if host is not None else None
        if around is None or around is process:
            yield _problem(
                "compensation-start-alone", node,
                N_("'{element}' compensates the process itself, which nothing can ask for."),
                N_("Put the event sub-process into the sub-process that it compensates."), resource,
            )  # fmt: skip
            return
        starts = [
            inner for other in around.nodes.values() if other.triggered_by_event and other.inner is not None
            for inner in other.inner.nodes.values() if inner.type == "startEvent" and "compensate" in _kinds(inner)
        ]  # fmt: skip
        if starts and starts[0] is not node:
            yield _problem(
                "compensation-start-second", node,
                N_("'{element}' is a second compensation event sub-process of '{scope}'; one is executed."),
                N_("Keep one of them."), resource, scope=around.id,
            )  # fmt: skip
    elif ref is not None:
        around = _around(host, process) if host is not None and host.triggered_by_event else scope
        activity = around.nodes.get(ref)
        if activity is None or not activity.is_activity or activity.for_compensation:
            yield _problem(
                "compensation-activity-unknown", node,
                N_("'{element}' compensates '{activity}', which is no activity of its scope."),
                N_("Choose an activity of the same scope, or none for all of them."), resource, activity=ref,
            )  # fmt: skip


def _cancel(
    node: Node, scope: Scope, host: Node | None, process: Process, resource: str
) -> Iterator[Finding]:  # fmt: skip
    if node.type == "boundaryEvent":
        guarded = scope.nodes.get(node.attached_to or "")
        if guarded is not None and guarded.type != "transaction":
            yield _problem(
                "cancel-position", node, N_("Cancel event '{element}' stands on '{found}', which is no transaction."),
                N_("Use an error event, or make the sub-process a transaction."), resource, found=guarded.id,
            )  # fmt: skip
    elif host is None or host.type != "transaction":
        yield _problem(
            "cancel-position", node, N_("Cancel event '{element}' stands in '{found}', which is no transaction."),
            N_("Use an error event, or make the sub-process a transaction."), resource,
            found=host.id if host is not None else process.id,
        )  # fmt: skip
    else:
        outer = _around(host, process)
        if not any("cancel" in _kinds(outer.nodes[key]) for key in host.boundaries):
            yield _problem(
                "cancel-boundary-missing", node,
                N_("'{element}' cancels transaction '{transaction}', which has no cancel boundary event."),
                N_("Attach a cancel event to the transaction, and draw what happens then."), resource,
                transaction=host.id,
            )  # fmt: skip


def _around(host: Node, process: Process) -> Scope:
    return next(scope for scope in process.all_scopes() if host.id in scope.nodes)


def _kinds(node: Node) -> list[str]:
    return [event.kind for event in node.events]


def _loop(node: Node, loop: Loop, resource: str) -> Iterator[Finding]:
    foreign = [language for language in loop.languages if language.lower() not in FEEL_LANGUAGES]
    if foreign:
        yield _problem(
            "loop-language", node, N_("An expression of the loop marker of '{element}' is written in '{language}'; "
                                      "only FEEL is executed."),
            N_("Rewrite it in FEEL."), resource, language=foreign[0],
        )  # fmt: skip
    if loop.kind == "standard":
        yield from _standard(node, loop, resource)
    elif node.type == "userTask" and node.extensions.approval is not None:
        if loop.completion is not None:
            yield _problem(
                "approval-completion-condition", node,
                N_("The completion condition of approval '{element}' is not executed: its mode decides."),
                N_("Choose the mode of the approval, and remove the condition."), resource,
            )  # fmt: skip
    else:
        yield from _multiple(node, loop, resource)


def _standard(node: Node, loop: Loop, resource: str) -> Iterator[Finding]:
    if loop.maximum is not None and _whole(loop.maximum, 1) is None:
        yield _problem(
            "loop-maximum-wrong", node,
            N_("Expected the loop maximum of '{element}' to be a whole number from 1, found '{found}'."),
            N_("Enter how many rounds there are at most."), resource, found=loop.maximum,
        )  # fmt: skip
    elif loop.maximum is None and loop.condition is None:
        yield _problem(
            "loop-without-end", node,
            N_("Expected the loop of '{element}' to have a condition or a maximum, but it has neither."),
            N_("Enter while which condition it goes on, or how many rounds there are."), resource,
        )  # fmt: skip


def _multiple(node: Node, loop: Loop, resource: str) -> Iterator[Finding]:
    if (loop.cardinality is None) is (loop.collection is None):
        yield _problem(
            "multi-instance-count", node,
            N_("Expected multi-instance '{element}' to have one of collection and number of instances, found {count}."),
            N_("Enter the list that it goes through, or how many instances there are."), resource,
            count=2 if loop.collection is not None else 0,
        )  # fmt: skip
    literal = (loop.cardinality or "").strip().removeprefix("=").strip()
    if literal.startswith("-") and literal[1:].strip().isdigit():
        yield _problem(
            "multi-instance-negative", node,
            N_("Expected the number of instances of '{element}' to be 0 or more, found '{found}'."),
            N_("Enter how many instances there are."), resource, found=literal,
        )  # fmt: skip
    if loop.behavior not in BEHAVIORS:
        yield _problem(
            "multi-instance-behavior", node,
            N_("Expected the behavior of '{element}' to be one of {allowed}, found '{found}'."),
            N_("Choose one of them."), resource, allowed=", ".join(BEHAVIORS), found=loop.behavior,
        )  # fmt: skip
    elif loop.behavior != "All" and not loop.events:
        yield _problem(
            "multi-instance-event-missing", node,
            N_("Multi-instance '{element}' has the behavior {behavior}, but names no event that it throws."),
            N_("Choose the event, or the behavior All."), resource, behavior=loop.behavior,
        )  # fmt: skip
    for _, event in loop.events:
        if event.kind not in THROWN:
            yield _problem(
                "multi-instance-event-kind", node,
                N_("Multi-instance '{element}' throws a {kind} event; executed are: {allowed}."),
                N_("Choose one of them."), resource, kind=event.kind, allowed=", ".join(THROWN),
            )  # fmt: skip


def _whole(text: str, least: int) -> int | None:
    stripped = text.strip()
    return int(stripped) if stripped.isdigit() and int(stripped) >= least else None


def _problem(rule: str, node: Node, message: str, hint: str, resource: str, **facts: object) -> Finding:
    return Finding(
        rule, Level.ERROR, node.id, message,
        {"element": node.id, "name": Title(node.name or node.id, node.labels), **facts}, hint,
        line=node.line, resource=resource,
    )  # fmt: skip
