"""Events: waiting for them, throwing them, what happens when they fire, and how errors find their catcher."""

from engine.bpmn import timers
from engine.bpmn.machine.core import Run
from engine.bpmn.machine.evaluation import Stuck
from engine.bpmn.program import Edge, Node
from engine.bpmn.state import Scope, Token
from engine.bpmn.steps import ErrorThrown, FlowTaken, MessageThrown, NodeLeft, TimerArmed
from engine.values import Values


def catch(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """An intermediate event or receive task waits."""
    token = run.enter(scope, node)
    event = node.event
    assert event is not None  # noqa: S101 - the parser checks it
    prepared = run.prepare(scope, node, event, None)
    guards = run.prepare_guards(scope, node, None) if node.boundaries else []
    waiting = run.arm(scope, node, prepared, token)
    if guards:
        run.arm_guards(scope, waiting, guards)


def throw(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """Throws wait until no other token is ready: whoever is about to wait for it does so first."""
    run.late.append((_throw, (scope, node, edge)))


def end(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """A none end event consumes its token."""
    run.depart(scope, node, run.enter(scope, node))


def end_error(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """An error end event: the nearest catcher takes it, else the instance fails."""
    token = run.enter(scope, node)
    event = node.event
    assert event is not None  # noqa: S101 - compiled
    run.facts.append(NodeLeft(run.number(), token, node.id, scope.id, node.type, "completed"))
    code = event.code or ""
    found = catcher(run, scope, code)
    if found is None:
        run.facts.append(ErrorThrown(run.number(), node.id, code, None))
        run.cancel_scope(run.state.root, keep=True)
        run.end("failed", code, node.id)
        return
    run.facts.append(ErrorThrown(run.number(), node.id, code, found[1].id))
    _interrupt(run, *found, {}, "failed")


def terminate(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """Everything in this scope is over; the scope itself completes."""
    token = run.enter(scope, node)
    run.facts.append(NodeLeft(run.number(), token, node.id, scope.id, node.type, "completed"))
    run.cancel_scope(scope, keep=True)
    if scope.parent is None:
        run.end("terminated", None, node.id)
    else:
        run.endings.append(scope)


def fire(run: Run, token: Token, payload: Values) -> None:
    """What `token` waited for has come."""
    host = run.state.tokens[token.host] if token.host else None
    if host is None:
        _fire_catch(run, token, payload)
    elif host.wait == "gate":
        _fire_behind_gateway(run, host, token, payload)
    elif token.node.interrupting:
        run.close(token, "completed")
        host.guards.remove(token.id)
        _interrupt(run, host, token.node, payload, "cancelled")
    else:
        _fire_beside(run, token, payload)


def announce(run: Run, token: Token) -> None:
    """A timer or subscription that failed outside waits again; a timer is announced once more."""
    run.resolve(token, "completed")
    if token.due is not None:
        run.facts.append(TimerArmed(run.number(), token.id, token.node.id, run.due(token), token.left))


def catcher(run: Run, scope: Scope, code: str, host: Token | None = None) -> tuple[Token, Node] | None:
    """Who catches error `code`: boundary events from the inside out, at each level the exact code before any code."""
    while True:
        if host is not None:
            errors = [node for node in host.node.boundaries if node.event is not None and node.event.kind == "error"]
            for wanted in (code, None):
                for boundary in errors:
                    if boundary.event is not None and boundary.event.code == wanted:
                        return host, boundary
        if scope.parent is None:
            return None
        host = run.state.tokens[scope.token]
        scope = host.scope


def throw_error(run: Run, token: Token, code: str, payload: Values) -> bool:
    """An operation or a person throws a BPMN error at `token`. False: nobody catches it."""
    found = catcher(run, token.scope, code, token)
    run.facts.append(ErrorThrown(run.number(), token.node.id, code, found[1].id if found else None))
    if found is None:
        return False
    _interrupt(run, *found, payload, "failed")
    return True


# ---------------------------------------------------------------- inside


def _throw(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    token = run.enter(scope, node)
    event = node.event
    assert event is not None  # noqa: S101 - compiled
    local = run.map_in(scope, node)
    context = run.context(scope, local)
    name = run.value(event.name, context) if event.name is not None else None
    if not isinstance(name, str) or not name:
        raise Stuck("message-name-missing", expression=event.name.text if event.name else "")
    key = run.correlation_key(node, event, context)
    run.facts.append(MessageThrown(run.number(), node.id, name, key, local or {}, event.ttl_seconds))
    run.depart(scope, node, token, local)


def _fire_catch(run: Run, token: Token, payload: Values) -> None:
    if token.cycle is not None:
        following = timers.again(token.cycle, run.due(token), token.left, run.now, run.env.zone)
        if following is not None:  # one token passes, the timer keeps waiting
            token.scope.live += 1
            run.schedule(token, following)
            run.pass_through(token.scope, token.node, payload)
            return
    run.finish(token, payload)


def _fire_behind_gateway(run: Run, gate: Token, token: Token, payload: Values) -> None:
    scope, node = token.scope, token.node
    run.close(token, "completed")
    gate.guards.remove(token.id)
    run.close(gate, "completed")
    run.facts.append(NodeLeft(run.number(), gate.id, gate.node.id, scope.id, gate.node.type, "completed"))
    run.facts.append(FlowTaken(run.number(), node.incoming[0].id, scope.id))
    run.pass_through(scope, node, payload)


def _fire_beside(run: Run, token: Token, payload: Values) -> None:
    """A non-interrupting boundary event: a new token beside the activity; only a cycle or a message stays armed."""
    scope, node = token.scope, token.node
    following = None
    if token.cycle is not None:
        following = timers.again(token.cycle, run.due(token), token.left, run.now, run.env.zone)
    if following is not None:
        run.schedule(token, following)
    elif token.wait == "timer":
        run.state.tokens[token.host].guards.remove(token.id)
        run.close(token, "completed")
    scope.live += 1
    run.pass_through(scope, node, payload)


def _interrupt(run: Run, host: Token, boundary: Node, payload: Values, outcome: str) -> None:
    """The activity of `host` is cancelled; its token goes on from the boundary event."""
    scope = host.scope
    run.cancel_visit(host, "failed" if outcome == "failed" else "cancelled")
    run.pass_through(scope, boundary, payload)
