"""Exclusive, parallel, inclusive and event-based gateways; joins at quiescence."""

from engine.bpmn.machine.core import Run
from engine.bpmn.machine.evaluation import Stuck
from engine.bpmn.program import INCLUSIVE, Edge, Node
from engine.bpmn.state import Scope
from engine.bpmn.steps import NodeLeft


def exclusive(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """The first flow whose condition is true, in document order; else the default flow."""
    token = run.enter(scope, node)
    if node.plain:
        run.depart(scope, node, token)
        return
    context = run.context(scope)
    chosen = None
    for out in node.out:
        if out.condition is None or run.holds(out, context):
            chosen = out
            break
    if chosen is None:
        chosen = node.default
    if chosen is None:
        raise Stuck("no-condition-true", **run.conditions(node, context))
    run.facts.append(NodeLeft(run.number(), token, node.id, scope.id, node.type, "completed"))
    run.take(scope, chosen)


def parallel(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """Joins one token of each incoming flow, then takes every outgoing flow. Surplus tokens stay."""
    incoming = node.incoming
    if len(incoming) > 1:
        _hold(run, scope, edge)
        held = scope.held
        for flow in incoming:
            if flow.id not in held:
                return
        _consume(run, scope, incoming)
    run.depart(scope, node, run.enter(scope, node))


def inclusive(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """A split chooses at once; a join waits until nothing else moves (`settle`)."""
    if len(node.incoming) > 1:
        _hold(run, scope, edge)
        return
    split(run, scope, node)


def event_based(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """Arms every event behind it; the first that comes wins."""
    token = run.enter(scope, node)
    prepared = []
    for out in node.out:
        event = out.target.event
        assert event is not None  # noqa: S101 - the parser checks it
        prepared.append((out.target, run.prepare(scope, out.target, event, None)))
    host = run.wait(scope, node, "gate", token)
    run.arm_guards(scope, host, prepared)


def settle(run: Run) -> bool:
    """Nothing can move: fire one inclusive join that can, else name joins that wait in vain. True: something moved."""
    moved = [scope for _, scope in sorted(run.moved.items()) if scope.held]
    for scope in moved:
        if scope.unit.inclusive and _fire_inclusive(run, scope):
            return True
    for scope in moved:
        if scope.live == scope.held_total:
            _starved(run, scope)
    run.moved.clear()
    return False


def release(run: Run, scope: Scope, node: Node) -> None:
    """Fire a join with what has arrived: the answer to an incident `join-starved`."""
    _consume(run, scope, tuple(flow for flow in node.incoming if flow.id in scope.held))
    if node.op == INCLUSIVE:
        split(run, scope, node)
    else:
        run.depart(scope, node, run.enter(scope, node))


def _fire_inclusive(run: Run, scope: Scope) -> bool:
    """BPMN 2.0.2, 13.4: enabled unless a token could still reach an empty flow, but no flow that holds one."""
    held = scope.held
    flows = 0
    for key in held:
        flows |= 1 << scope.program.flows[key].index
    for token in run.state.tokens.values():
        if token.scope is scope and token.counts:
            flows |= token.node.exits
    for node in scope.unit.nodes:
        if node.op != INCLUSIVE or not node.reach:
            continue
        empty = arrived = 0
        for flow, mask in zip(node.incoming, node.reach, strict=True):
            if flow.id in held:
                arrived |= mask
            else:
                empty |= mask
        if arrived and not flows & empty & ~arrived:
            _consume(run, scope, tuple(flow for flow in node.incoming if flow.id in held))
            try:
                split(run, scope, node)
            except Stuck as stuck:
                run.stick(scope, node, stuck)
            return True
    return False


def split(run: Run, scope: Scope, node: Node) -> None:
    """Every outgoing flow of an inclusive gateway whose condition is true; else the default flow."""
    token = run.enter(scope, node)
    if node.plain:
        run.depart(scope, node, token)
        return
    context = run.context(scope)
    chosen = [out for out in node.out if out.condition is None or run.holds(out, context, "split")]
    if not chosen and node.default is not None:
        chosen = [node.default]
    if not chosen:
        raise Stuck("no-condition-true", "split", **run.conditions(node, context))
    run.facts.append(NodeLeft(run.number(), token, node.id, scope.id, node.type, "completed"))
    scope.live += len(chosen) - 1
    for out in chosen:
        run.take(scope, out)


def _hold(run: Run, scope: Scope, edge: Edge | None) -> None:
    assert edge is not None  # noqa: S101 - a join is reached by a flow
    scope.held[edge.id] = scope.held.get(edge.id, 0) + 1
    scope.held_total += 1
    run.moved[scope.id] = scope
    run.dirty.add(scope.id)
    if run.state.incidents:
        _revive(run, scope, edge.target)


def _consume(run: Run, scope: Scope, flows: tuple[Edge, ...]) -> None:
    """Take one token of each of `flows`; one lives on."""
    held = scope.held
    run.dirty.add(scope.id)
    if run.state.incidents:
        _revive(run, scope, flows[0].target)
    scope.last[flows[0].target.id] = (run.state.n, tuple([flow.id for flow in flows]))
    for flow in flows:
        if held[flow.id] == 1:
            del held[flow.id]
        else:
            held[flow.id] -= 1
    scope.held_total -= len(flows)
    scope.live -= len(flows) - 1


def _revive(run: Run, scope: Scope, node: Node) -> None:
    """The join moves again: it is not starved any more."""
    for token in list(run.state.tokens.values()):
        if token.stage == "join" and token.node is node and token.scope is scope:
            run.close(token, "completed")


def _starved(run: Run, scope: Scope) -> None:
    """Only held tokens are left in `scope`: no flow can ever bring the others."""
    joins = {scope.program.flows[key].target.id: scope.program.flows[key].target for key in scope.held}
    known = {token.node.id for token in run.state.tokens.values() if token.scope is scope and token.stage == "join"}
    for key, node in joins.items():
        if key not in known:
            missing = [flow.id for flow in node.incoming if flow.id not in scope.held]
            code = "inclusive-join-deadlock" if node.op == INCLUSIVE else "join-starved"
            token = run.wait(scope, node, "incident", run.number())
            token.stage = "join"
            run.raise_incident(token, code, {"missing": missing})
