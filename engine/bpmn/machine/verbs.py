"""What may happen to an instance: each verb moves its state and returns a Step.

A verb owns the state that it is given and may change it in place; after an exception the caller drops it. A verb on a
wait that is closed already changes nothing and returns a stale step.
"""

from datetime import datetime
from typing import Any

from engine.bpmn.machine import activities, ad_hoc, compensation, decisions, events, gateways, loops
from engine.bpmn.machine.core import Ending, Handler, Moves, Run
from engine.bpmn.machine.evaluation import Env, Stuck, admitted
from engine.bpmn.program import (
    AD_HOC,
    BOUNDARY,
    CALL,
    CANCEL,
    CATCH,
    COMPENSATE,
    COMPLEX,
    DECISION,
    END,
    END_ERROR,
    ESCALATE,
    EVENT_BASED,
    EVENT_SUB,
    EXCLUSIVE,
    GATHER,
    INCLUSIVE,
    JOB,
    LOOP,
    PARALLEL,
    PASS,
    SCRIPT,
    SUB,
    TERMINATE,
    THROW,
    WORK,
    Edge,
    Node,
    Program,
)
from engine.bpmn.state import Scope, State, Token
from engine.bpmn.steps import Closing, NodeLeft, Step, TimerArmed, TimerDisarmed
from engine.errors import NoSuchStart, NoSuchWait, NotActivatable
from engine.values import Values, normalise


def _gather(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    if gateways.gather(run, scope, node, edge):
        HANDLERS[node.gathered](run, scope, node, None)


_BY_OP: dict[int, Handler] = {
    PASS: activities.pass_on, WORK: activities.work, JOB: activities.job, SCRIPT: activities.script,
    DECISION: decisions.decide, SUB: activities.sub_process, CALL: activities.call,
    EXCLUSIVE: gateways.exclusive, PARALLEL: gateways.parallel, INCLUSIVE: gateways.inclusive,
    EVENT_BASED: gateways.event_based, CATCH: events.catch, BOUNDARY: events.catch, THROW: events.throw,
    END: events.end, END_ERROR: events.end_error, TERMINATE: events.terminate, ESCALATE: events.escalate,
    EVENT_SUB: events.handler_again, COMPLEX: gateways.complex_, LOOP: loops.begin, GATHER: _gather,
    COMPENSATE: compensation.throw, CANCEL: compensation.cancel,
    AD_HOC: ad_hoc.begin,
}  # fmt: skip
_CLOSINGS: dict[str, Ending] = {
    "turn": loops.turn_over, "ad-hoc": ad_hoc.idle, "compensation": compensation.undone,
    "restored": compensation.undone, "restored call": compensation.undone,
}  # fmt: skip
REJECTED = "troika.rejected"
"""the BPMN error of a called process that ended with a rejection"""
HANDLERS = tuple(_BY_OP[op] for op in range(len(_BY_OP)))
MOVES = Moves(HANDLERS, gateways.settle, events.awake, gateways.reset, _CLOSINGS)


def begin(
    program: Program, definition_id: str, variables: Values, *, now: datetime, env: Env,
    start: str | None = None, trigger: Values | None = None,
) -> Step:  # fmt: skip
    """A new instance at the none start event, or at start event `start` with what triggered it. Raises NoSuchStart."""
    state = State()
    run = Run(state, now, env)
    scope = Scope(0, "process", program, definition_id, program.root)
    state.scopes[0] = scope
    scope.vars = admitted(variables)
    run.declare(scope)
    run.dirty.add(0)
    at = _start(program, start)
    if at is not None and at.event is not None:
        _begin_at(run, scope, at, admitted(trigger or {}))
    else:
        run.launch(scope, at)
    return _go(run)


def complete(
    state: State, token: int, variables: Values | None = None, *, now: datetime, env: Env,
    local: bool = False, outcome: Values | None = None,
) -> Step:  # fmt: skip
    """A work item round or job is done. `outcome`: what `approval.<node>` shows from now on.

    `local`: only the output mapping of the task sees `variables`. Raises NoSuchWait for another kind of wait.
    """
    waiting = state.tokens.get(token)
    if waiting is None:
        return _stale(state)
    _expect(waiting, "work", "job")
    run = Run(state, now, env)
    if outcome is not None:
        _show(run, waiting, outcome)
    values = admitted(variables or {})
    if local:
        run.finish(waiting, None, values)
    else:
        run.finish(waiting, values)
    return _go(run)


def tell(state: State, token: int, outcome: Values, *, now: datetime, env: Env) -> Step:
    """What `approval.<node>` shows from now on, while the token stays where it is."""
    waiting = state.tokens.get(token)
    if waiting is None:
        return _stale(state)
    _expect(waiting, "work")
    run = Run(state, now, env)
    _show(run, waiting, outcome)
    return _go(run)


def reject(state: State, token: int, *, now: datetime, env: Env) -> Step:
    """Who waits here does not agree, and that is the end: of the called process, as an error that its caller may catch.

    Uncaught, or when nobody has called, the instance is over.
    """
    waiting = state.tokens.get(token)
    if waiting is None:
        return _stale(state)
    run = Run(state, now, env)
    called = waiting.scope.called()
    if called is not None and events.throw_error(run, state.tokens[called.token], REJECTED, {}):
        return _go(run)
    run.cancel_scope(state.root, keep=True)
    run.end("cancelled", "rejected")
    return run.step()


def throw_error(
    state: State, token: int, code: str, variables: Values | None = None, *, now: datetime, env: Env
) -> Step:
    """An operation or a form throws a BPMN error: the activity ends. Uncaught it is an incident, and nothing ends."""
    waiting = state.tokens.get(token)
    if waiting is None:
        return _stale(state)
    _expect(waiting, "work", "job")
    run = Run(state, now, env)
    values = admitted(variables or {})
    if not events.throw_error(run, waiting, code, values):
        _incident(run, waiting, "error-uncaught", {"error": code, "facts": values})
    return _go(run)


def escalate(
    state: State, token: int, code: str, variables: Values | None = None, *, now: datetime, env: Env
) -> Step:  # fmt: skip
    """An operation or a form throws an escalation: the activity goes on, unless its catcher interrupts it."""
    waiting = state.tokens.get(token)
    if waiting is None:
        return _stale(state)
    _expect(waiting, "work", "job")
    run = Run(state, now, env)
    events.throw_escalation(run, waiting.scope, waiting.node, code, admitted(variables or {}), waiting)
    return _go(run)


def fail(state: State, token: int, code: str, detail: Values | None = None, *, now: datetime, env: Env) -> Step:
    """A technical failure that is not tried again: an incident; the wait stays open."""
    waiting = state.tokens.get(token)
    if waiting is None:
        return _stale(state)
    run = Run(state, now, env)
    _incident(run, waiting, code, detail or {})
    return _go(run)


def deliver(state: State, token: int, payload: Values | None = None, *, now: datetime, env: Env) -> Step:
    """The message or signal of this wait has come."""
    waiting = state.tokens.get(token)
    if waiting is None or waiting.wait == "met":
        return _stale(state)
    _expect(waiting, "message", "signal")
    run = Run(state, now, env)
    events.fire(run, waiting, admitted(payload or {}))
    return _go(run)


def elapse(state: State, token: int, *, now: datetime, env: Env) -> Step:
    """The timer of this wait is due."""
    waiting = state.tokens.get(token)
    if waiting is None or waiting.wait == "met":
        return _stale(state)
    _expect(waiting, "timer")
    run = Run(state, now, env)
    try:
        events.fire(run, waiting, {})
    except Stuck as stuck:  # its next firing cannot be computed
        _incident(run, waiting, stuck.code, stuck.detail)
    return _go(run)


def reschedule(state: State, token: int, due: datetime, counted: dict[str, Any], *, now: datetime, env: Env) -> Step:
    """The timer of this wait is due at another moment, since the calendar that counts it has changed."""
    waiting = state.tokens.get(token)
    if waiting is None or waiting.wait != "timer":
        return _stale(state)
    run = Run(state, now, env)
    run.dirty.add(waiting.scope.id)
    waiting.due = due.isoformat()
    run.facts.append(TimerDisarmed(run.number(), token, waiting.node.id, "moved"))
    run.facts.append(TimerArmed(run.number(), token, waiting.node.id, due, waiting.left, counted))
    return _go(run)


def set_variables(state: State, scope: int, values: Values, *, now: datetime, env: Env) -> Step:
    """Write into one scope, as an administrator does."""
    found = state.scopes.get(scope)
    if found is None or state.status != "active":
        return _stale(state)
    run = Run(state, now, env)
    admitted_values = admitted(values)
    found.vars.update(admitted_values)
    if admitted_values:
        run.changed(scope, list(admitted_values))
    return _go(run)


def resume(state: State, incident: int, variables: Values | None = None, *, now: datetime, env: Env) -> Step:
    """Run the stuck node again, after writing `variables` (a repair) into its scope and outward."""
    found = state.incidents.get(incident)
    if found is None:
        return _stale(state)
    run = Run(state, now, env)
    token = state.tokens[found.token]
    scope, node = token.scope, token.node
    repair = admitted(variables or {})
    if token.stage == "output":  # what is repaired is the result of the activity, or what the event has brought
        run.finish(token, {**(token.results or {}), **repair})
        return _go(run)
    if token.results is not None:
        _begin_again(run, token, token.results, repair)
        return _go(run)
    if repair:
        run.write(scope, repair)
    if token.wait in ("timer", "message", "signal"):
        events.announce(run, token)
        return _go(run)
    if token.wait != "incident" or token.stage == "enter":
        again(run, token)
        return _go(run)
    stage = token.stage
    local = token.vars
    run.close(token, "completed")
    if stage == "reset":
        run.visit = run.number()
        try:
            gateways.start_again(run, scope, node)
        except Stuck as stuck:
            run.stick(scope, node, stuck)
        return _go(run)
    if stage == "begin":
        scope.live -= 1  # there may be tokens that were placed beside it by hand
        run.launch(scope, scope.program.nodes[token.by] if token.by is not None else None)
        return _go(run)
    if stage in ("turn", "end"):
        run.consume(scope)
        return _go(run)
    if stage == "join":
        gateways.release(run, scope, node)
        return _go(run)
    if stage == "leave":
        try:
            run.depart(scope, node, token.id, local)
        except Stuck as stuck:
            run.stick(scope, node, stuck, token)
        return _go(run)
    if stage == "split":
        try:
            gateways.split(run, scope, node)
        except Stuck as stuck:
            run.stick(scope, node, stuck)
    return _go(run)


def activate(state: State, scope: int, node: str, *, now: datetime, env: Env) -> Step:
    """Start an activity of an ad-hoc sub-process once more; in sequence when what runs there has ended.

    Raises NotActivatable for another kind of scope or node. Stale when the sub-process starts nothing any more.
    """
    found = state.scopes.get(scope)
    if found is None or found.closed:
        return _stale(state)
    known = {start.id: start for start in found.unit.starts} if found.kind == "ad-hoc" else {}
    if node not in known:
        raise NotActivatable(element=node, known=", ".join(known) or "-")
    run = Run(state, now, env)
    ad_hoc.activate(run, found, known[node])
    return _go(run)


def finish(state: State, scope: int, *, now: datetime, env: Env) -> Step:
    """Start nothing more in an ad-hoc sub-process: it ends when nothing in it is active. Raises NotActivatable."""
    found = state.scopes.get(scope)
    if found is None or found.closed:
        return _stale(state)
    if found.kind != "ad-hoc":
        raise NotActivatable(element=found.unit.id, known="-")
    run = Run(state, now, env)
    ad_hoc.finish(run, found)
    return _go(run)


def compensate(state: State, scope: int = 0, activity: str | None = None, *, now: datetime, env: Env) -> Step:
    """Undo what has completed in a scope, as an administrator does: one activity, or all of them in reverse.

    Beside it everything goes on. Stale when there is nothing to undo.
    """
    found = state.scopes.get(scope)
    if found is None or state.status != "active":
        return _stale(state)
    run = Run(state, now, env)
    if not compensation.compensate(run, found, activity):
        return _stale(state)
    return _go(run)


def cancel(state: State, reason: str = "", *, now: datetime, env: Env) -> Step:
    """End the instance from outside; everything that waits is closed."""
    if state.status != "active":
        return _stale(state)
    run = Run(state, now, env)
    run.cancel_scope(state.root, keep=True)
    run.end("cancelled", reason or None)
    return run.step()


# ---------------------------------------------------------------- inside


def _go(run: Run) -> Step:
    run.go(MOVES)
    return run.step()


def _show(run: Run, waiting: Token, outcome: Values) -> None:
    home = waiting.scope.home()
    home.approval = {**home.approval, waiting.node.id: normalise(outcome)}
    run.dirty.add(home.id)
    run.touch(home.id, ("approval",))


def _stale(state: State) -> Step:
    return Step(state, [], None, True)


def _expect(token: Token, *kinds: str) -> None:
    if token.wait not in kinds:
        raise NoSuchWait(token=token.id, expected=" or ".join(kinds), found=token.wait)


def _start(program: Program, start: str | None) -> Node | None:
    if start is None:
        if program.root.starts and program.starts:  # a global task is called, never begun
            return None
    else:
        if any(item.node == start for item in program.starts):
            return program.nodes[start]
    known: Any = ", ".join(f"{item.node} ({item.kind})" for item in program.starts)
    raise NoSuchStart(process=program.process_id, start=start or "without trigger", known=known or "-")


def _begin_at(run: Run, scope: Scope, start: Node, brought: Values) -> None:
    """The instance begins at an event, with what that brought."""
    try:
        written = run.map_out(scope, start, None, brought)
    except Stuck as stuck:
        stuck.results = brought
        run.stick_at_beginning(scope, start, stuck, start)
        return
    if written:
        run.write(scope, written)
    run.launch(scope, start)


def _begin_again(run: Run, token: Token, brought: Values, repair: Values) -> None:
    """An instance or event sub-process could not begin with what its start event brought: now with what is repaired of
    that; the rest of the repair is for the scope."""
    scope, node = token.scope, token.node
    start = node.trigger or node
    own = start.data.outputs if start.data is not None else ()
    outside = {name: value for name, value in repair.items() if name not in own}
    if outside:
        run.write(scope, outside)
    brought = {**brought, **{name: value for name, value in repair.items() if name in own}}
    run.close(token, "completed")
    scope.live -= 1
    if token.stage == "begin":
        _begin_at(run, scope, start, brought)
        return
    run.facts.append(NodeLeft(run.number(), token.id, node.id, scope.id, node.type, "moved"))
    events.open_handler(run, scope, node, brought)


def _incident(run: Run, token: Token, code: str, detail: Values) -> None:
    if token.incident:
        run.resolve(token, "failed")
    run.raise_incident(token, code, detail)


def again(run: Run, token: Token, outcome: Closing | None = None) -> None:
    """The node is run again under a new number; boundary events that are armed keep guarding it."""
    scope, node = token.scope, token.node
    guards, token.guards = token.guards, []
    run.close(token, outcome or ("completed" if token.wait == "incident" else "failed"))
    run.facts.append(NodeLeft(run.number(), token.id, node.id, scope.id, node.type, "moved"))
    if not guards:
        run.queue.append((scope, node, scope.program.flows[token.by] if token.by is not None else None))
        return
    run.adopted = guards
    try:
        HANDLERS[node.op](run, scope, node, None)
    except Stuck as stuck:
        run.stick(scope, node, stuck)
