"""Activities with a loop marker: a body around rounds (standard) or instances (multi-instance), each a `turn`.

BPMN 2.0.2, 13.3.6 and 13.3.7. Boundary events belong to the body. A turn keeps only what differs from the body: its
element, its counter, its own results; what is done costs the same whatever the number of instances.
"""

from decimal import Decimal

from engine.bpmn.machine import events
from engine.bpmn.machine.core import Run
from engine.bpmn.machine.evaluation import Stuck, failure
from engine.bpmn.program import Edge, Event, Expression, Loop, Node
from engine.bpmn.state import Progress, Scope, Token
from engine.values import Values

INSTANCES_LIMIT = 10_000


def begin(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """Evaluate what the loop goes through, arm its boundary events, open its first turns."""
    loop = _loop(node)
    token = run.enter(scope, node)
    context = run.context(scope)
    progress = _progress(run, loop, context)
    goes_on = progress.total > 0
    if loop.test_before:
        goes_on = _holds(run, loop.condition, {**context, "loopCounter": 0})
    guards = run.prepare_guards(scope, node, None) if node.boundaries and run.adopted is None else []
    host = run.wait(scope, node, "scope", token)
    run.arm_guards(scope, host, guards)
    assert node.turn is not None  # noqa: S101 - compiled
    body = Scope(run.number(), "loop", scope.program, scope.definition_id, node.turn, scope, host.id)
    body.progress = progress
    host.inside = body
    run.add_scope(body, node)
    if not goes_on:
        _finish(run, body)
    elif loop.kind == "parallel":
        for index in range(1, progress.total + 1):
            _open(run, body, host, index)
        progress.items = None
    else:
        _open(run, body, host, 1)


def turn_over(run: Run, turn: Scope) -> None:
    """A round or instance has ended: count it, collect its result, and see whether the loop goes on."""
    body, node = turn.parent, turn.unit.node
    assert body is not None and node is not None  # noqa: S101, PT018 - a turn has both
    loop, progress = _loop(node), body.progress
    assert progress is not None  # noqa: S101 - a loop has it
    before = (progress.active, progress.completed)
    progress.active, progress.completed = progress.active - 1, progress.completed + 1
    try:
        sent = _thrown(run, loop, progress, turn, node)
        over = _collect(run, loop, progress, turn, body)
    except Stuck as stuck:
        progress.active, progress.completed = before
        stuck.stage = "turn"
        turn.live = 1
        run.visit = run.number()
        run.stick(turn, turn.unit.starts[0], stuck)
        return
    _keep_approvals(loop, turn, body)
    run.drop(turn, "completed")
    body.live -= 1
    for event, name, key in sent:
        events.send(run, body, node, event, name, key)
        if run.state.scopes.get(body.id) is not body:
            return  # its own boundary event has interrupted the whole
    if over:
        _finish(run, body)
    elif loop.kind != "parallel":
        _open(run, body, run.state.tokens[body.token], turn.index + 1)


def terminate(run: Run, turn: Scope) -> None:
    """An instance of a multi-instance is taken out by hand: it counts as terminated and leaves no result.

    The loop goes on with its next one or is over. Raises Stuck when its completion condition cannot be decided.
    """
    body, node = turn.parent, turn.unit.node
    assert body is not None and node is not None  # noqa: S101, PT018 - a turn has both
    loop, progress = _loop(node), body.progress
    assert progress is not None  # noqa: S101 - a loop has it
    progress.active, progress.terminated = progress.active - 1, progress.terminated + 1
    over = _all_over(progress)
    if loop.completion is not None and _holds(run, loop.completion, run.context(turn)):
        over = True
    run.drop(turn, "cancelled")
    body.live -= 1
    if over:
        _finish(run, body)
    elif loop.kind != "parallel":
        _open(run, body, run.state.tokens[body.token], turn.index + 1)


def _loop(node: Node) -> Loop:
    assert node.loop is not None  # noqa: S101 - compiled
    return node.loop


def _progress(run: Run, loop: Loop, context: Values) -> Progress:
    """Evaluated once, in the enclosing scope. Raises Stuck."""
    if loop.kind == "standard":
        return Progress(1, None, None)
    items = None
    if loop.collection is not None:
        items, diagnostics = run.evaluate(loop.collection, context)
        if not isinstance(items, list):
            raise Stuck("multi-instance-not-a-list", **failure(loop.collection, context, items, diagnostics))
        total = len(items)
    else:
        assert loop.cardinality is not None  # noqa: S101 - the parser demands one of them
        number, diagnostics = run.evaluate(loop.cardinality, context)
        if isinstance(number, bool) or not isinstance(number, int | Decimal) or number != int(number) or number < 0:
            raise Stuck("multi-instance-not-a-number", **failure(loop.cardinality, context, number, diagnostics))
        total = int(number)
    if total > INSTANCES_LIMIT:
        raise Stuck("multi-instance-limit", found=total, limit=INSTANCES_LIMIT)
    return Progress(total, items, [None] * total if loop.result is not None else None)


def _open(run: Run, body: Scope, host: Token, index: int) -> None:
    turn = Scope(run.number(), "turn", body.program, body.definition_id, body.unit, body, host.id)
    turn.index = index
    loop, progress = _loop(host.node), body.progress
    assert progress is not None  # noqa: S101 - a loop has it
    turn.vars = dict.fromkeys(loop.private)
    if loop.item is not None and progress.items is not None:
        turn.vars[loop.item] = progress.items[index - 1]
    turn.live = 1
    body.live += 1
    progress.active += 1
    run.dirty.add(body.id)
    run.add_scope(turn, host.node)
    run.queue.append((turn, body.unit.starts[0], None))


def _collect(run: Run, loop: Loop, progress: Progress, turn: Scope, body: Scope) -> bool:
    """Take the result of a turn and throw what its completion throws. True: the loop is over. Raises Stuck."""
    if loop.kind == "standard":
        if loop.maximum is not None and turn.index >= loop.maximum:
            return True
        context = {**run.context(body), "loopCounter": turn.index}
        return not _holds(run, loop.condition, context)
    context = run.context(turn)
    if loop.element is not None and progress.results is not None:
        progress.results[turn.index - 1], _ = run.evaluate(loop.element, context)
        run.dirty.add(body.id)
    if loop.completion is not None and _holds(run, loop.completion, context):
        return True
    return _all_over(progress)


def _all_over(progress: Progress) -> bool:
    return progress.completed + progress.terminated == progress.total


def _thrown(
    run: Run, loop: Loop, progress: Progress, turn: Scope, node: Node
) -> list[tuple[Event, str, str | None]]:  # fmt: skip
    """What the completion of an instance throws. Raises Stuck."""
    if not loop.thrown or (loop.once and progress.completed > 1):
        return []
    context = run.context(turn)
    return [
        (event, *events.addressed(run, turn, node, event, None))
        for condition, event in loop.thrown
        if _holds(run, condition, context)
    ]


def _holds(run: Run, condition: Expression | None, context: Values) -> bool:
    return condition is None or run.decided(condition, context, "enter")


def _keep_approvals(loop: Loop, turn: Scope, body: Scope) -> None:
    """What was decided in a turn is known behind the loop: of rounds the last word, of instances each rejection."""
    for name, outcome in turn.approval.items():
        known = body.approval.get(name)
        if loop.kind == "standard" or known is None or known.get("outcome") != "reject":
            body.approval = {**body.approval, name: outcome}


def _finish(run: Run, body: Scope) -> None:
    """The body is over: what still runs in it is cancelled, the collection leaves it, the activity goes on."""
    progress, host = body.progress, run.state.tokens[body.token]
    assert progress is not None  # noqa: S101 - a loop has it
    if body.children:
        progress.terminated += progress.active
        progress.active = 0
        run.cancel_scope(body, keep=True)
    run.drop(body, "completed")
    host.inside = None
    scope = host.scope
    if body.approval:
        home = scope.home()
        home.approval = {**home.approval, **body.approval}
        run.dirty.add(home.id)
    result = _loop(host.node).result
    if result is not None:
        run.write(scope, {result: progress.results}, new=scope)
    run.finish(host)
