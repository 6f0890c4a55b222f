"""Exclusive, parallel, inclusive, complex and event-based gateways; joins at quiescence."""

from engine.bpmn.machine.core import Guard, Run
from engine.bpmn.machine.evaluation import Stuck, failure
from engine.bpmn.program import COMPLEX, GATHER, INCLUSIVE, Edge, Node
from engine.bpmn.state import Scope
from engine.bpmn.steps import NodeLeft
from engine.values import Values


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
        if len(held) < len(incoming):
            return
        for flow in incoming:
            if flow.id not in held:
                return
        _consume(run, scope, incoming)
    run.depart(scope, node, run.enter(scope, node))


def gather(run: Run, scope: Scope, node: Node, edge: Edge | None) -> bool:
    """An activity with a start quantity. True: it may start now, with tokens of any of its flows."""
    if edge is None:
        return True
    _hold(run, scope, edge)
    arrived = [flow for flow in node.incoming for _ in range(scope.held.get(flow.id, 0))]
    if len(arrived) >= node.start_quantity:
        _consume(run, scope, tuple(arrived[: node.start_quantity]))
        run.queue.append((scope, node, None))
    return False


def inclusive(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """A split chooses at once; a join waits until nothing else moves (`settle`)."""
    if len(node.incoming) > 1:
        _hold(run, scope, edge)
        return
    split(run, scope, node)


def event_based(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """Arms every event behind it; the first that comes wins."""
    token = run.enter(scope, node)
    guards: list[Guard] = []
    for out in node.out:
        guards.extend(run.prepare_all(scope, out.target, None))
    run.arm_guards(scope, run.wait(scope, node, "gate", token), guards)


def complex_(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """Counts what has come until its activation condition is true, fires, and absorbs the rest (13.4.5)."""
    if edge is None:
        split(run, scope, node)
        return
    try:
        activates = node.id not in scope.fired and _activates(run, scope, node, _waiting(scope, node) + 1)
    except Stuck:
        run.enter(scope, node)  # the token that has come is stuck by itself, and comes again when it is resumed
        raise
    _hold(run, scope, edge)
    if activates:
        _activate(run, scope, node)


def settle(run: Run) -> bool:
    """Nothing can move: fire one inclusive join that can, else name joins that wait in vain. True: something moved."""
    moved = [scope for _, scope in sorted(run.moved.items()) if scope.held or scope.fired]
    for scope in moved:
        if scope.unit.inclusive and ((scope.held and _fire_inclusive(run, scope)) or reset(run, scope)):
            return True
    for scope in moved:
        if scope.held and scope.live == scope.held_total:
            _starved(run, scope)
    run.moved.clear()
    return False


def reset(run: Run, scope: Scope) -> bool:
    """Reset one complex gateway of `scope` that has fired and expects no other token. True: there was one."""
    for key in scope.fired:
        node = scope.program.nodes[key]
        taken = scope.fired[key]
        if not _expects(run, scope, node, taken):
            rest = tuple(flow for flow in node.incoming if flow.id not in taken and flow.id in scope.held)
            del scope.fired[key]
            run.dirty.add(scope.id)
            _drop(scope, rest)
            scope.live -= len(rest) - 1  # one lives on, if a flow asks for it
            run.visit = run.number()
            try:
                start_again(run, scope, node)
            except Stuck as stuck:
                run.stick(scope, node, stuck)
            return True
    return False


def start_again(run: Run, scope: Scope, node: Node) -> None:
    """After a reset: flows whose condition asks for `waitingForStart`, then what has come meanwhile. Raises Stuck."""
    context = run.context(scope, {"waitingForStart": False})
    chosen = [
        out for out in node.out
        if out.condition is not None and "waitingForStart" in out.condition.names and run.holds(out, context, "reset")
    ]  # fmt: skip
    if chosen:
        run.leave(scope, node, run.enter(scope, node), "completed")
        scope.live += len(chosen) - 1
        for out in chosen:
            run.take(scope, out)
    else:
        run.consume(scope)
    waiting = _waiting(scope, node)
    if not waiting:
        return
    try:
        activates = _activates(run, scope, node, waiting)
    except Stuck as stuck:
        _hang(run, scope, node, stuck.code, stuck.detail)
        return
    if activates:
        _activate_alone(run, scope, node)


def release(run: Run, scope: Scope, node: Node) -> None:
    """Fire a join with what has arrived: the answer to an incident `join-starved`."""
    if node.op == COMPLEX:
        _activate_alone(run, scope, node)
        return
    _consume(run, scope, tuple(flow for flow in node.incoming if flow.id in scope.held))
    if node.op == INCLUSIVE:
        split(run, scope, node)
    elif node.op == GATHER:
        run.queue.append((scope, node, None))
    else:
        run.depart(scope, node, run.enter(scope, node))


def _fire_inclusive(run: Run, scope: Scope) -> bool:
    """BPMN 2.0.2, 13.4: enabled unless a token could still reach an empty flow, but no flow that holds one."""
    held = scope.held
    flows = _occupied(run, scope)
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
    context = run.context(scope, {"waitingForStart": True} if node.op == COMPLEX else None)
    chosen = [out for out in node.out if out.condition is None or run.holds(out, context, "split")]
    if not chosen and node.default is not None:
        chosen = [node.default]
    if not chosen:
        raise Stuck("no-condition-true", "split", **run.conditions(node, context))
    run.facts.append(NodeLeft(run.number(), token, node.id, scope.id, node.type, "completed"))
    scope.live += len(chosen) - 1
    for out in chosen:
        run.take(scope, out)


def _occupied(run: Run, scope: Scope) -> int:
    """Mask of the flows on which tokens of `scope` stand or may leave."""
    flows = 0
    for key in scope.held:
        flows |= 1 << scope.program.flows[key].index
    for token in run.state.tokens.values():
        if token.scope is scope and token.counts:
            flows |= token.node.exits
    return flows


# ---------------------------------------------------------------- complex gateways


def _waiting(scope: Scope, node: Node) -> int:
    """Tokens on all its incoming flows: `activationCount`."""
    return sum(scope.held.get(flow.id, 0) for flow in node.incoming)


def _activates(run: Run, scope: Scope, node: Node, count: int) -> bool:
    condition = node.activation
    assert condition is not None  # noqa: S101 - compiled
    context = run.context(scope, {"activationCount": count, "waitingForStart": True})
    value, diagnostics = run.evaluate(condition, context)
    if value is True or value is False:
        return bool(value)
    raise Stuck("condition-not-boolean", **failure(condition, context, value, diagnostics))


def _activate(run: Run, scope: Scope, node: Node) -> None:
    """Fire with one token of each flow that has one. Raises Stuck with stage `split`."""
    taken = tuple(flow for flow in node.incoming if flow.id in scope.held)
    _consume(run, scope, taken)
    scope.fired[node.id] = [flow.id for flow in taken]
    split(run, scope, node)


def _activate_alone(run: Run, scope: Scope, node: Node) -> None:
    try:
        _activate(run, scope, node)
    except Stuck as stuck:
        run.stick(scope, node, stuck)


def _expects(run: Run, scope: Scope, node: Node, taken: list[str]) -> bool:
    """Whether a token can still come by a flow of which none was taken, by the rule of the inclusive join."""
    empty = arrived = 0
    for flow, mask in zip(node.incoming, node.reach, strict=True):
        if flow.id in taken or flow.id in scope.held:
            arrived |= mask
        else:
            empty |= mask
    return bool(_occupied(run, scope) & empty & ~arrived)


# ---------------------------------------------------------------- tokens at joins


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
    run.dirty.add(scope.id)
    if run.state.incidents:
        _revive(run, scope, flows[0].target)
    scope.last[flows[0].target.id] = (run.state.n, tuple([flow.id for flow in flows]))
    _drop(scope, flows)
    scope.live -= len(flows) - 1


def _drop(scope: Scope, flows: tuple[Edge, ...]) -> None:
    held = scope.held
    for flow in flows:
        if held[flow.id] == 1:
            del held[flow.id]
        else:
            held[flow.id] -= 1
    scope.held_total -= len(flows)


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
            _hang(run, scope, node, code, {"missing": missing})


def _hang(run: Run, scope: Scope, node: Node, code: str, detail: Values) -> None:
    token = run.wait(scope, node, "incident", run.number())
    token.stage = "join"
    run.raise_incident(token, code, detail)
