"""Events: waiting for them, throwing them, what happens when they fire, and how errors find their catcher."""

from collections.abc import Iterable
from typing import NamedTuple

from engine.bpmn import timers
from engine.bpmn.machine.core import Run
from engine.bpmn.machine.evaluation import Stuck
from engine.bpmn.program import Edge, Node
from engine.bpmn.state import ON_SCOPE, Scope, Token
from engine.bpmn.steps import Closing, ErrorThrown, FlowTaken, MessageThrown, NodeLeft, TimerArmed
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
    found = catcher(run, scope, "error", code)
    run.facts.append(ErrorThrown(run.number(), node.id, code, found.node.id if found else None))
    if found is None:
        run.cancel_scope(run.state.root, keep=True)
        run.end("failed", code, node.id)
        return
    _caught(run, found, {}, "failed")


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
    if token.host == ON_SCOPE:
        _fire_handler(run, token, payload)
        return
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


class Catcher(NamedTuple):
    """Who catches an error or escalation: `node`, a boundary event of `host` or the start of an event sub-process, in
    `scope`."""

    scope: Scope
    node: Node
    host: Token | None


def catcher(run: Run, scope: Scope, kind: str, code: str, host: Token | None = None) -> Catcher | None:
    """Who catches `kind` with `code`, from the inside out: the event sub-processes of a scope, then the boundary events
    of the activity around it; at each level the exact code before any code.

    Nothing is caught by the event sub-process that throws it, nor by its neighbours when it interrupted their scope.
    """
    barred: Node | None = None
    while True:
        if host is not None:
            found = _matching(host.node.boundaries, kind, code)
            if found is not None:
                return Catcher(scope, found, host)
        if scope.unit.handlers and not (barred is not None and barred.interrupting):
            found = _matching(_triggers(scope, barred), kind, code)
            if found is not None:
                return Catcher(scope, found, None)
        if scope.parent is None:
            return None
        host = run.state.tokens[scope.token]
        barred = host.node.trigger
        scope = host.scope


def throw_error(run: Run, token: Token, code: str, payload: Values) -> bool:
    """An operation or a person throws a BPMN error at `token`. False: nobody catches it."""
    found = catcher(run, token.scope, "error", code, token)
    run.facts.append(ErrorThrown(run.number(), token.node.id, code, found.node.id if found else None))
    if found is None:
        return False
    _caught(run, found, payload, "failed")
    return True


def open_handler(run: Run, scope: Scope, handler: Node, payload: Values) -> None:
    """An event sub-process begins in `scope`; what its start event brought is its own data."""
    trigger = handler.trigger
    assert trigger is not None and handler.inner is not None  # noqa: S101, PT018 - compiled
    scope.live += 1
    token = run.enter(scope, handler)
    try:
        values = {**(run.map_in(scope, handler) or {}), **run.map_out(scope, trigger, None, payload)}
    except Stuck as stuck:
        run.stick(scope, handler, stuck)
        return
    host = run.wait(scope, handler, "scope", token)
    run.open_scope("handler", host, scope.program, scope.definition_id, handler.inner, values, trigger)


def handler_again(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """An event sub-process whose beginning was stuck: its event has happened already."""
    scope.live -= 1
    open_handler(run, scope, node, {})


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
    """A non-interrupting boundary event: a new token beside the activity."""
    scope, node = token.scope, token.node
    if not _goes_on(run, token):
        run.state.tokens[token.host].guards.remove(token.id)
        run.close(token, "completed")
    scope.live += 1
    run.pass_through(scope, node, payload)


def _fire_handler(run: Run, token: Token, payload: Values) -> None:
    """The start of an event sub-process: in place of everything in its scope, or beside it."""
    scope, trigger = token.scope, token.node
    assert trigger.scope.node is not None  # noqa: S101 - an event sub-process
    if trigger.interrupting or not _goes_on(run, token):
        scope.armed.remove(token.id)
        run.close(token, "completed")
    if trigger.interrupting:
        run.cancel_scope(scope, keep=True)
    open_handler(run, scope, trigger.scope.node, payload)


def _goes_on(run: Run, token: Token) -> bool:
    """Whether a non-interrupting event stays armed: a message does, a timer only while its cycle lasts."""
    if token.wait != "timer":
        return True
    if token.cycle is None:
        return False
    following = timers.again(token.cycle, run.due(token), token.left, run.now, run.env.zone)
    if following is None:
        return False
    run.schedule(token, following)
    return True


def _matching(nodes: Iterable[Node], kind: str, code: str) -> Node | None:
    catching = [(node, node.event.code) for node in nodes if node.event is not None and node.event.kind == kind]
    for wanted in (code, None):
        for node, caught in catching:
            if caught == wanted:
                return node
    return None


def _triggers(scope: Scope, barred: Node | None) -> list[Node]:
    return [
        handler.trigger
        for handler in scope.unit.handlers
        if handler.trigger is not None and handler.trigger is not barred
    ]


def _caught(run: Run, found: Catcher, payload: Values, outcome: Closing) -> None:
    """The catcher interrupts: its activity or its scope is cancelled, and its own way begins."""
    if found.host is not None:
        _interrupt(run, found.host, found.node, payload, outcome)
        return
    assert found.node.scope.node is not None  # noqa: S101 - an event sub-process
    run.cancel_scope(found.scope, keep=True)
    open_handler(run, found.scope, found.node.scope.node, payload)


def _interrupt(run: Run, host: Token, boundary: Node, payload: Values, outcome: Closing) -> None:
    """The activity of `host` is cancelled; its token goes on from the boundary event."""
    scope = host.scope
    run.cancel_visit(host, outcome)
    run.pass_through(scope, boundary, payload)
