"""Compensation: what has completed is undone in reverse, one handler after the other; transactions that cancel.

BPMN 2.0.2, 10.7 and 13.5.5. A token that compensates carries an `Undo` and hosts the handler that runs. An entry of a
log is removed when its handler starts, so that nothing is undone twice.
"""

from engine.bpmn.machine import events
from engine.bpmn.machine.core import Run
from engine.bpmn.machine.evaluation import Stuck
from engine.bpmn.program import Edge, Node
from engine.bpmn.state import Entry, Scope, Token, Undo
from engine.bpmn.steps import Compensated, NodeLeft
from engine.values import Values


def throw(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """Compensation waits until no other token is ready: what is about to complete does so first."""
    run.late.append((_throw, (scope, node, edge)))


def cancel(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """A cancel end event: everything in the transaction stops, its work is undone, the cancel boundary goes on."""
    token = run.enter(scope, node)
    run.map_in(scope, node)
    run.facts.append(NodeLeft(run.number(), token, node.id, scope.id, node.type, "completed"))
    run.cancel_scope(scope, keep=True)
    scope.live = 1
    _begin(run, scope, node, token, Undo(scope.id, None, token, "cancel"))


def compensate(run: Run, scope: Scope, activity: str | None) -> bool:
    """Undo what has completed in `scope`, beside everything that runs there. False: there is nothing to undo."""
    newest = _newest(scope, Undo(scope.id, activity, run.state.n + 1, "end"))
    if newest is None:
        return False
    scope.live += 1
    token = run.number()
    _begin(run, scope, scope.log[newest].node, token, Undo(scope.id, activity, token, "end"))
    return True


def undo(run: Run, scope: Scope, node: Node, token: int, order: Undo) -> bool:
    """Undo what `order` says before token number `token` is placed at `node`. False: there is nothing to undo."""
    if _newest(run.state.scopes[order.scope], order) is None:
        return False
    scope.live += 1
    _begin(run, scope, node, token, order)
    return True


def undone(run: Run, scope: Scope) -> None:
    """A handler, or a restored scope whose own log is empty now, is over: the next one."""
    host = run.state.tokens[scope.token]
    assert host.undo is not None  # noqa: S101 - it compensates
    run.drop(scope, "completed")
    host.inside = None
    run.facts.append(Compensated(run.number(), host.undo.now, "ended"))
    _advance(run, host)


# ---------------------------------------------------------------- inside


def _throw(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    token = run.enter(scope, node)
    local = run.map_in(scope, node)
    event = node.event
    assert event is not None  # noqa: S101 - compiled
    owner = scope
    if scope.kind == "handler" and scope.parent is not None:
        owner = scope.parent  # an event sub-process undoes the scope around it
    if event.wait:
        _begin(run, scope, node, token, Undo(owner.id, event.activity, token, "go"), local)
        return
    beside = run.number()
    run.depart(scope, node, token, local)
    if _newest(owner, Undo(owner.id, event.activity, beside, "end")) is not None:
        scope.live += 1
        _begin(run, scope, node, beside, Undo(owner.id, event.activity, beside, "end"))


def _begin(run: Run, scope: Scope, node: Node, token: int, undo: Undo, local: Values | None = None) -> None:
    host = run.wait(scope, node, "scope", token, local)
    host.undo = undo
    _advance(run, host)


def _advance(run: Run, host: Token) -> None:
    """Start the handler of the newest entry that is left, or go on."""
    undo = host.undo
    assert undo is not None  # noqa: S101 - the caller's token compensates
    owner = run.state.scopes[undo.scope]
    newest = _newest(owner, undo)
    if newest is not None:
        run.dirty.add(owner.id)
        entry = owner.log.pop(newest)
        undo.now = entry.node.id
        _start(run, owner, host, entry)
        return
    scope, node = host.scope, host.node
    run.close(host, "completed")
    match undo.then:
        case "go":
            try:
                run.depart(scope, node, host.id, host.vars)
            except Stuck as stuck:
                run.stick(scope, node, stuck, host)
        case "end":
            run.consume(scope)
        case "arrive":
            run.queue.append((scope, node, None))
        case "leave":
            run.pass_by(scope, node)
        case _:
            scope.live = 0
            events.leave_transaction(run, scope)


def _newest(owner: Scope, undo: Undo) -> int | None:
    """Place in the log."""
    for place in range(len(owner.log) - 1, -1, -1):
        entry = owner.log[place]
        meant = undo.activity in (None, entry.node.id) and (undo.region is None or entry.node.id in undo.region)
        if meant and undo.after < entry.seq < undo.before:
            return place
    return None


def _start(run: Run, owner: Scope, host: Token, entry: Entry) -> None:
    run.facts.append(Compensated(run.number(), entry.node.id, "started"))
    handler = entry.node.handler
    if handler is not None:
        assert handler.undo is not None  # noqa: S101 - compiled
        scope = Scope(
            run.number(), "compensation", owner.program, owner.definition_id, handler.undo, owner, host.id
        )  # fmt: skip
        scope.vars = entry.vars
        scope.live = 1
        _open(run, scope, host, handler)
        run.queue.append((scope, handler.undo.starts[0], None))
        return
    called = entry.node.call is not None
    unit = entry.program.root if called else entry.node.inner
    assert unit is not None  # noqa: S101 - only scopes are logged without a handler
    kind = "restored call" if called else "restored"
    scope = Scope(run.number(), kind, entry.program, entry.definition_id, unit, owner, host.id)
    scope.vars, scope.log = entry.vars, entry.log
    _open(run, scope, host, entry.node)
    if unit.compensation is not None:
        events.open_handler(run, scope, unit.compensation, {})
    else:
        compensate(run, scope, None)


def _open(run: Run, scope: Scope, host: Token, node: Node) -> None:
    host.inside = scope
    scope.within = host.scope
    run.add_scope(scope, node)
