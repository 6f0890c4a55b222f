"""Events: waiting for them, throwing them, what happens when they fire, and who catches errors and escalations."""

from collections.abc import Iterable
from typing import NamedTuple

from engine.bpmn.machine.core import Run
from engine.bpmn.machine.evaluation import Stuck, given
from engine.bpmn.program import Edge, Event, Node
from engine.bpmn.state import ON_SCOPE, RESTORED, Scope, Token
from engine.bpmn.steps import (
    Closing,
    Diagnostic,
    ErrorThrown,
    EscalationThrown,
    FlowTaken,
    MessageThrown,
    SignalThrown,
    TimerArmed,
)
from engine.values import Values


def catch(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """An intermediate event or receive task waits; with several definitions each of them is a guard."""
    token = run.enter(scope, node)
    local = run.map_in(scope, node)
    waits = run.prepare_all(scope, node, local)
    guards = run.prepare_guards(scope, node, local) if node.boundaries and run.adopted is None else []
    if len(waits) == 1:
        waiting = run.arm(scope, waits[0], token)
        waiting.vars = local
    else:
        waiting = run.wait(scope, node, "events", token, local)
        run.arm_guards(scope, waiting, waits)
    if guards:
        run.arm_guards(scope, waiting, guards)


def throw(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """Throws wait until no other token is ready: whoever is about to wait for it does so first."""
    run.late.append((_throw, (scope, node, edge)))


def escalate(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """An escalation alone goes to its catcher at once."""
    _throw(run, scope, node, edge)


def end(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """A none end event consumes its token."""
    token = run.enter(scope, node)
    run.map_in(scope, node)
    run.depart(scope, node, token)


def end_error(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """An error end event: the nearest catcher takes it, else the instance fails."""
    token = run.enter(scope, node)
    local = run.map_in(scope, node)
    run.leave(scope, node, token, "completed")
    _raise(run, scope, node, node.event, local)


def terminate(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """Everything in this scope is over; the scope itself completes."""
    token = run.enter(scope, node)
    run.map_in(scope, node)
    run.leave(scope, node, token, "completed")
    _terminate(run, scope, node)


def fire(run: Run, token: Token, payload: Values) -> None:
    """What `token` waited for has come."""
    if token.node.together:
        came = _came(run, token, payload)
        if came is None:
            return
        payload = came
    host = run.state.tokens[token.host] if token.host > 0 else None
    if token.host == ON_SCOPE:
        _fire_handler(run, token, payload)
    elif host is None:
        _fire_catch(run, token, payload)
    elif host.wait == "events" and host.node is token.node:
        run.close(token, "completed")
        host.guards.remove(token.id)
        run.finish(host, payload)
    elif host.wait == "gate":
        _fire_behind_gateway(run, host, token, payload)
    elif token.node.interrupting:
        run.close(token, "completed")
        host.guards.remove(token.id)
        _interrupt(run, host, token.node, payload, "cancelled")
    else:
        _fire_beside(run, token, payload)


def awake(run: Run) -> None:
    """Conditions that read what was just written: fire those that have become true."""
    touched = list(run.touched)
    run.touched.clear()
    for key in touched:
        token = run.state.tokens.get(key)
        if token is None or token.wait != "condition":
            continue
        condition = token.node.events[token.definition].condition
        assert condition is not None  # noqa: S101 - a token that waits for a condition
        local = run.state.tokens[token.host].vars if token.host > 0 else None
        held, token.held = token.held, run.is_true(condition, run.context(token.scope, local))
        if held != token.held:
            run.dirty.add(token.scope.id)
        if token.held and not held:
            fire(run, token, {})


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

    Nothing is caught by the event sub-process that throws it, nor by its neighbours when it interrupted their scope,
    nor by those of a transaction that is being cancelled.
    """
    barred: Node | None = None
    over = False
    while True:
        if host is not None:
            found = _matching(host.node.boundaries, kind, code)
            if found is not None:
                return Catcher(scope, found, host)
        if scope.unit.handlers and scope.kind not in RESTORED and not over:
            found = _matching(_triggers(scope, barred), kind, code)
            if found is not None:
                return Catcher(scope, found, None)
        if scope.parent is None:
            return None
        host = run.state.tokens[scope.token]
        barred = host.node.trigger
        cancelled = host.undo is not None and host.undo.then == "cancel"
        over = cancelled or (barred is not None and barred.interrupting)
        scope = host.scope


def leave_transaction(run: Run, scope: Scope) -> None:
    """A transaction has been cancelled and undone: its cancel boundary event goes on."""
    host = run.state.tokens[scope.token]
    if host.scope.kind == "turn":  # the boundary events of a loop guard the whole
        host = run.state.tokens[host.scope.token]
    _interrupt(run, host, next(node for node in host.node.boundaries if _is(node, "cancel")), {}, "cancelled")


def throw_error(run: Run, token: Token, code: str, payload: Values) -> bool:
    """An operation or a person throws a BPMN error at `token`. False: nobody catches it."""
    found = catcher(run, token.scope, "error", code, token)
    run.facts.append(ErrorThrown(run.number(), token.node.id, code, found.node.id if found else None))
    if found is None:
        return False
    _caught(run, found, payload, "failed")
    return True


def throw_escalation(run: Run, scope: Scope, node: Node, code: str, payload: Values, host: Token | None = None) -> bool:
    """An escalation leaves `node`, or the activity `host`. False: its catcher has interrupted the thrower."""
    found = catcher(run, scope, "escalation", code, host)
    run.facts.append(EscalationThrown(run.number(), node.id, code, found.node.id if found else None))
    if found is None:
        return True
    if found.node.interrupting:
        _caught(run, found, payload, "cancelled")
        return False
    if found.host is not None:
        found.scope.live += 1
        run.pass_through(found.scope, found.node, payload)
    else:
        assert found.node.scope.node is not None  # noqa: S101 - an event sub-process
        open_handler(run, found.scope, found.node.scope.node, payload)
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
        stuck.results = payload
        run.stick(scope, handler, stuck)
        return
    host = run.wait(scope, handler, "scope", token)
    run.open_scope("handler", host, scope.program, scope.definition_id, handler.inner, values, trigger)


def handler_again(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """An event sub-process whose beginning was stuck: its event has happened already."""
    scope.live -= 1
    open_handler(run, scope, node, {})


# ---------------------------------------------------------------- throwing


def _throw(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """Everything that a throw or end event throws, in order; what ends its scope comes last."""
    token = run.enter(scope, node)
    local = run.map_in(scope, node)
    if node.boundaries:
        run.prepare_guards(scope, node, local)
    sent = [(event, *addressed(run, scope, node, event, local)) for event in node.events]
    payload = given(node, local)
    signals = []
    for event, name, key in sent:
        if event.kind == "message":
            run.facts.append(MessageThrown(run.number(), node.id, name, key, payload, event.ttl_seconds))
        elif event.kind == "signal":
            signals.append(name)
            run.facts.append(SignalThrown(run.number(), node.id, name, payload))
    escalations = [event.code or "" for event in node.events if event.kind == "escalation"]
    last = next((event for event in node.events if event.kind in ("error", "terminate")), None)
    if last is not None or any(not _goes_past(run, scope, code) for code in escalations):
        run.leave(scope, node, token, "completed")
    else:
        if node.handler is not None:
            run.record(scope, node, local, {})
        _depart(run, scope, node, token, local)
    for code in escalations:
        if not throw_escalation(run, scope, node, code, payload):
            last = None
            break
    if last is not None and last.kind == "error":
        _raise(run, scope, node, last, local)
    elif last is not None:
        _terminate(run, scope, node)
    for name in signals:  # last: whoever hears it in a scope that is over would be gone anyway
        _broadcast(run, name, payload)


def send(run: Run, scope: Scope, node: Node, event: Event, name: str, key: str | None) -> None:
    """`event`, `addressed` before, leaves an activity around `scope`: its own boundary events come first."""
    match event.kind:
        case "message":
            run.facts.append(MessageThrown(run.number(), node.id, name, key, {}, event.ttl_seconds))
        case "signal":
            run.facts.append(SignalThrown(run.number(), node.id, name, {}))
            _broadcast(run, name, {})
        case "escalation":
            throw_escalation(run, scope, node, event.code or "", {})
        case _:
            _raise(run, scope, node, event, None)


def addressed(run: Run, scope: Scope, node: Node, event: Event, local: Values | None) -> tuple[str, str | None]:
    """Name and key of a message or signal. Raises Stuck."""
    if event.kind not in ("message", "signal"):
        return "", None
    context = run.context(scope, local)
    name = run.value(event.name, context) if event.name is not None else None
    if not isinstance(name, str) or not name:
        raise Stuck(f"{event.kind}-name-missing", expression=event.name.text if event.name else "")
    return name, run.correlation_key(node, event, context)


def _depart(run: Run, scope: Scope, node: Node, token: int, local: Values | None) -> None:
    """What was thrown is thrown: a flow that cannot be chosen is an incident behind it."""
    try:
        run.depart(scope, node, token, local)
    except Stuck as stuck:
        run.stick(scope, node, stuck)


def _goes_past(run: Run, scope: Scope, code: str) -> bool:
    """Whether the thrower of an escalation goes on."""
    found = catcher(run, scope, "escalation", code)
    return found is None or not found.node.interrupting


def _broadcast(run: Run, name: str, payload: Values) -> None:
    """Everybody in this instance who waits for the signal now."""
    for key in list(run.state.listening.get(name, ())):
        token = run.state.tokens.get(key)
        if token is not None and token.wait == "signal":
            fire(run, token, payload)


def _raise(run: Run, scope: Scope, node: Node, event: Event | None, local: Values | None) -> None:
    code = (event.code if event is not None else None) or ""
    found = catcher(run, scope, "error", code)
    run.facts.append(ErrorThrown(run.number(), node.id, code, found.node.id if found else None))
    if found is None:
        run.cancel_scope(run.state.root, keep=True)
        run.end("failed", code, node.id)
        return
    _caught(run, found, given(node, local), "failed")


def _terminate(run: Run, scope: Scope, node: Node) -> None:
    run.cancel_scope(scope, keep=True)
    if scope.parent is None:
        run.end("terminated", None, node.id)
    else:
        run.endings.append(scope)


# ---------------------------------------------------------------- firing


def _came(run: Run, token: Token, payload: Values) -> Values | None:
    """One event of a parallel multiple has come: None while another one is missing, else what all of them brought."""
    others = run.state.tokens[token.host].guards if token.host > 0 else token.scope.armed
    family = [run.state.tokens[key] for key in others if run.state.tokens[key].node is token.node]
    if any(other.wait != "met" for other in family if other is not token):
        run.silence(token, "completed")
        token.wait, token.due, token.name, token.vars = "met", None, None, payload
        return None
    brought: Values = {}
    for other in sorted(family, key=lambda other: other.definition):
        brought.update(payload if other is token else other.vars or {})
    for other in family:
        if other is not token:
            others.remove(other.id)
            run.close(other, "completed")
    return brought


def _fire_catch(run: Run, token: Token, payload: Values) -> None:
    following = run.following(token)
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
    run.leave(scope, gate.node, gate.id, "completed")
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
    """Whether a non-interrupting event stays armed: a timer only while its cycle lasts, a parallel multiple anew."""
    if token.node.together:
        _arm_anew(run, token)
        return False
    if token.wait != "timer":
        return True
    following = run.following(token)
    if following is None:
        return False
    run.schedule(token, following)
    return True


def _arm_anew(run: Run, token: Token) -> None:
    """All events of a parallel multiple are waited for once more."""
    host = run.state.tokens[token.host] if token.host > 0 else None
    try:
        guards = run.prepare_all(token.scope, token.node, host.vars if host is not None else None)
    except Stuck as stuck:
        run.facts.append(Diagnostic(run.number(), token.node.id, "event-not-armed-again", {"reason": stuck.code}))
        return
    for guard in guards:
        run.arm(token.scope, guard, run.number(), token.host)


def _matching(nodes: Iterable[Node], kind: str, code: str) -> Node | None:
    catching = [(node, event.code) for node in nodes for event in node.events if event.kind == kind]
    for wanted in (code, None):
        for node, caught in catching:
            if caught == wanted:
                return node
    return None


def _is(node: Node, kind: str) -> bool:
    return node.event is not None and node.event.kind == kind


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
