"""Carry a running instance over to another version: every token, scope, held arrival and armed event to its
counterpart, or nothing at all and every reason at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.bpmn.comparison import calls, kind_of, listens_to
from engine.bpmn.machine import gateways, verbs
from engine.bpmn.machine.core import WAITED, Guard, Run
from engine.bpmn.machine.evaluation import Env, Stuck
from engine.bpmn.program import PARALLEL, Node, Program, ScopeProgram
from engine.bpmn.state import ON_SCOPE, RESTORED, ROOTS, Entry, Scope, State, Token, check, unit_of
from engine.bpmn.steps import Migrated, Step
from engine.errors import N_, MoveRefused
from engine.findings import Finding, Level
from engine.values import Values


@dataclass(frozen=True, slots=True)
class Plan:
    """Old id -> new id of elements and flows. `reassign`: open user tasks are asked again, with what the new version
    says; `recompute`: timers are counted anew from now. Otherwise both stay as they are."""

    nodes: Mapping[str, str]
    flows: Mapping[str, str] = field(default_factory=dict)
    reassign: bool = False
    recompute: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Where the scopes of one version go."""

    plan: Plan
    definition_id: str
    program: Program


_UNDOING = ("compensation", *RESTORED)
"""Kinds of scope in which something is undone."""

Targets = Mapping[Any, Target | None]
"""By definition id of the old version; called processes have their own entry, or stay where they are. An entry by the
number of a call scope goes before: calls of one version may part."""


def target_of(scope: Scope, targets: Targets) -> Target | None:
    """Where a scope goes; None: it stays."""
    root = _root(scope).id
    return targets[root] if root in targets else targets.get(scope.definition_id)


def obstacles(state: State, targets: Targets) -> list[Finding]:
    """Why the instance cannot follow; empty when it can."""
    found: dict[tuple[str, str | None], Finding] = {}
    for finding in _obstacles(state, targets):
        found.setdefault((finding.rule, finding.element_id), finding)
    return list(found.values())


def migrate(state: State, targets: Targets, *, now: datetime, env: Env) -> Step:
    """Carry every scope of a version in `targets` over. Raises MoveRefused with everything in the way.

    Waits keep their numbers. What must be opened anew gets a new number: messages with another name or key, service
    tasks that call something else, and what the plan asks for. Events that are new around an activity or in a scope
    are armed, those that are gone are disarmed. What would break an invariant of the state is refused as well.
    """
    blocked = obstacles(state, targets)
    if blocked:
        raise MoveRefused(blocked)
    run = Run(state, now, env)
    nodes = {token.id: token.node for token in state.tokens.values()}
    units = {scope.id: scope.unit for scope in state.scopes.values()}
    plans = {scope.id: target.plan for scope in state.scopes.values() if (target := target_of(scope, targets))}
    run.facts.extend(_relabel(run, targets))
    try:
        for scope in list(state.scopes.values()):
            if scope.id in plans:
                _rearm(run, scope, units[scope.id], nodes, plans[scope.id])
        for token in list(state.tokens.values()):
            if token.scope.id in plans and not token.host and token.id in nodes:
                _renew(run, token, nodes, plans[token.scope.id])
    except Stuck as stuck:
        raise MoveRefused([_finding(stuck.detail.get("element"), _CANNOT_WAIT, code=stuck.code)]) from None
    for scope in list(state.scopes.values()):
        _fire_complete(run, scope)
    run.go(verbs.MOVES)
    broken = check(state)
    if broken:
        raise MoveRefused([_finding(None, _BROKEN, what=what) for what in broken])
    return run.step()


# ---------------------------------------------------------------- what is in the way


def _obstacles(state: State, targets: Targets) -> Iterator[Finding]:
    if state.definition_id not in targets and not any(
        target_of(scope, targets) is not None for scope in state.scopes.values()
    ):
        yield _finding(None, _NOT_OF_IT)
    for scope in state.scopes.values():
        target = target_of(scope, targets)
        if target is None:
            continue
        unit = _unit(scope, target)
        if scope.kind in _UNDOING:
            yield _finding(scope.unit.id, _BEING_UNDONE)
        yield from _logged(scope.log, {**targets, scope.definition_id: target})
        yield from (_finding(key, _LOST) for key in scope.pending if key not in target.plan.nodes)
        for flow in scope.held:
            yield from _held(scope, flow, target)
        for token in state.tokens.values():
            if token.scope is scope and token.undo is not None:
                yield _finding(token.node.id, _BEING_UNDONE)
            elif token.scope is scope and unit is not None and not _guards(token):
                yield from _token(token, target, unit)


def _logged(log: list[Entry], targets: Targets) -> Iterator[Finding]:
    """What has completed and may be undone later."""
    for entry in log:
        target = targets.get(entry.definition_id)
        other = _counterpart(entry.node, target) if target is not None else entry.node
        if other is None or kind_of(other) != kind_of(entry.node):
            yield _finding(entry.node.id, _LOST_ENTRY)
        elif (other.handler is None) != (entry.node.handler is None):
            yield _finding(entry.node.id, _OTHER_UNDOING)
        yield from _logged(entry.log, targets)


def _guards(token: Token) -> bool:
    """A boundary event or the start of an event sub-process: without a counterpart it is disarmed."""
    return token.host != 0


def _token(token: Token, target: Target, unit: ScopeProgram) -> Iterator[Finding]:
    node = token.node
    other = _counterpart(node, target)
    if other is None:
        yield _finding(node.id, _LOST)
    elif _kind(other, token) != _kind(node, token):
        yield _finding(node.id, _OTHER_KIND, other=other.id)
    elif unit_of(token, other) is not unit and not _in_turn(token, other, unit):
        yield _finding(node.id, _OTHER_SCOPE, other=other.id)
    elif token.stage == "begin" and token.by is not None:
        start = token.scope.program.nodes[token.by]
        begins = _counterpart(start, target)
        if begins is None or begins.scope is not unit or kind_of(begins) != kind_of(start):
            yield _finding(start.id, _LOST)
    elif token.wait == "gate" and not any(_counterpart(edge.target, target) is not None for edge in node.out):
        yield _finding(node.id, _LOST_EVENTS)


def _kind(node: Node, token: Token) -> Any:
    """In a turn the element stands without its marker."""
    return kind_of(node.turn.starts[0]) if token.scope.kind == "turn" and node.turn is not None else kind_of(node)


def _in_turn(token: Token, other: Node, unit: ScopeProgram) -> bool:
    return token.scope.kind == "turn" and other.turn is unit


def _held(scope: Scope, flow: str, target: Target) -> Iterator[Finding]:
    join = scope.program.flows[flow].target
    other = _counterpart(join, target)
    if other is None:
        yield _finding(join.id, _LOST)
    elif kind_of(other) != kind_of(join):
        yield _finding(join.id, _OTHER_KIND, other=other.id)
    else:
        arrives = target.program.flows.get(target.plan.flows.get(flow, ""))
        if arrives is None or arrives.target is not other:
            yield _finding(flow, _LOST_ARRIVAL, join=join.id)


def _counterpart(node: Node, target: Target) -> Node | None:
    return target.program.nodes.get(target.plan.nodes.get(node.id, ""))


def _unit(scope: Scope, target: Target) -> ScopeProgram | None:
    """What the scope becomes; None when its activity has no counterpart, which its own token reports."""
    if scope.kind in ROOTS:
        return target.program.root
    assert scope.unit.node is not None  # noqa: S101 - only roots have none
    other = _counterpart(scope.unit.node, target)
    if other is None:
        return None
    return other.turn if scope.kind in ("loop", "turn") else other.inner


# ---------------------------------------------------------------- carrying over


def _relabel(run: Run, targets: Targets) -> list[Migrated]:
    state = run.state
    moved: dict[int, list[tuple[int, str, str]]] = {}
    roots: list[tuple[Scope, str, Target]] = []
    watching: list[tuple[Token, Node]] = []
    units = {
        scope.id: (target, _unit(scope, target))
        for scope in state.scopes.values() if (target := target_of(scope, targets)) is not None
    }  # fmt: skip
    for token in state.tokens.values():
        if token.scope.id in units:
            target, unit = units[token.scope.id]
            other = _counterpart(token.node, target)
            if token.wait == "condition":
                state.unlisten(token)
                watching.append((token, token.node))
            if token.by is not None:
                token.by = target.plan.flows.get(token.by) or target.plan.nodes.get(token.by)
            if other is None or (_guards(token) and kind_of(other) != kind_of(token.node)):
                continue  # a guard that will be disarmed
            if other.id != token.node.id:
                moved.setdefault(_root(token.scope).id, []).append((token.id, token.node.id, other.id))
            token.node = unit.starts[0] if token.scope.kind == "turn" and unit is not None else other
    for scope in state.scopes.values():
        if scope.id not in units:
            continue
        target, unit = units[scope.id]
        assert unit is not None  # noqa: S101 - obstacles() has looked
        if scope.kind in ROOTS:
            roots.append((scope, scope.definition_id, target))
        nodes, flows = target.plan.nodes, target.plan.flows
        scope.held = {flows[flow]: count for flow, count in scope.held.items()}
        scope.last = {
            nodes[join]: (seq, tuple(flows[flow] for flow in consumed if flow in flows))
            for join, (seq, consumed) in scope.last.items() if join in nodes
        }  # fmt: skip
        scope.fired = {
            nodes[gateway]: [flows[flow] for flow in taken if flow in flows]
            for gateway, taken in scope.fired.items() if gateway in nodes
        }  # fmt: skip
        scope.pending = [nodes[key] for key in scope.pending]
        _relabel_log(scope.log, {**targets, scope.definition_id: target})
        scope.approval = {nodes.get(key, key): outcome for key, outcome in scope.approval.items()}
        scope.program, scope.definition_id, scope.unit = target.program, target.definition_id, unit
        run.declare(scope)
        run.dirty.add(scope.id)
    for token, node in watching:
        _watch(run, token, node)
    return [
        Migrated(
            run.number(),
            scope.id,
            source,
            target.definition_id,
            tuple(moved.get(scope.id, ())),
            tuple(pair for pair in target.plan.nodes.items() if pair[0] != pair[1]),
        )
        for scope, source, target in roots
    ]


def _relabel_log(log: list[Entry], targets: Targets) -> None:
    for entry in log:
        target = targets.get(entry.definition_id)
        other = _counterpart(entry.node, target) if target is not None else None
        if target is not None and other is not None:
            entry.node, entry.program, entry.definition_id = other, target.program, target.definition_id
        _relabel_log(entry.log, targets)


def _watch(run: Run, token: Token, before: Node) -> None:
    """A condition is looked at again: what it reads may have come with the version. It fires when it is true and was
    not; another one than before when it is true already."""
    run.state.listen(token)
    run.touched[token.id] = None
    events = token.node.events
    if token.definition < len(events) and listens_to(before, token.definition) != listens_to(
        token.node, token.definition
    ):
        token.held = False


def _root(scope: Scope) -> Scope:
    while scope.kind not in ROOTS and scope.parent is not None:
        scope = scope.parent
    return scope


def _rearm(run: Run, scope: Scope, unit: ScopeProgram, nodes: Mapping[int, Node], plan: Plan) -> None:
    """The armed starts of the event sub-processes of a scope that has begun and was not taken over by one of them."""
    if any(token.scope is scope and token.stage == "begin" for token in run.state.tokens.values()):
        return
    for inner in scope.children.values():
        if inner.kind == "handler" and inner.unit.node is not None and inner.unit.node.interrupting:
            return
    old = [handler.trigger for handler in unit.handlers]
    new = [handler.trigger for handler in scope.unit.handlers]
    for node, number in _changed(run, scope.armed, old, new, nodes, plan):
        _arm(run, scope, node, number, ON_SCOPE, None)


def _renew(run: Run, token: Token, nodes: Mapping[int, Node], plan: Plan) -> None:
    """What guards a wait, then the wait itself."""
    before, scope = nodes[token.id], token.scope
    old, new = list(before.boundaries), list(token.node.boundaries)
    if token.wait == "gate":
        old, new = [edge.target for edge in before.out], [edge.target for edge in token.node.out]
    elif token.wait == "events":
        old, new = [before, *old], [token.node, *new]
    local = token.vars
    if token.inside is not None and token.inside.kind == "sub":
        local = token.inside.vars
    missing = _changed(run, token.guards, old, new, nodes, plan)
    if token.wait != "incident" or token.guards:  # without guards it arms them all when it is run again
        for node, number in missing:
            _arm(run, scope, node, number, token.id, local)
    if _anew(token, before, plan):
        verbs.again(run, token, "moved")


def _changed(
    run: Run, guards: list[int], old: Sequence[Node | None], new: Sequence[Node | None], nodes: Mapping[int, Node],
    plan: Plan,
) -> list[tuple[Node, int]]:  # fmt: skip
    """Closes the guards that are gone or wait for something else now; (node, number of its event) of what is to be
    armed then, in document order.

    An event that both versions have and that does not wait any more has happened already.
    """
    renewed = set()
    for key in list(guards):
        token = run.state.tokens[key]
        if token.node not in new or _anew(token, nodes[key], plan):
            guards.remove(key)
            run.close(token, "moved")
            renewed.add((token.node, token.definition))
    kinds = {plan.nodes.get(node.id): kind_of(node) for node in old if node is not None}
    return [
        (node, number)
        for node in new if node is not None
        for number, event in enumerate(node.events)
        if event.kind in WAITED and (kinds.get(node.id) != kind_of(node) or (node, number) in renewed)
    ]  # fmt: skip


def _arm(run: Run, scope: Scope, node: Node, number: int, host: int, local: Values | None) -> None:
    guard = Guard(node, number, run.prepare(scope, node, node.events[number], local))
    run.arm(scope, guard, run.number(), host)


def _anew(token: Token, before: Node, plan: Plan) -> bool:
    """Whether a wait must be opened again."""
    match token.wait:
        case "work":
            return plan.reassign
        case "job":
            return bool(calls(before) != calls(token.node))
        case "timer":
            return plan.recompute
        case "message" | "signal":
            return bool(listens_to(before, token.definition) != listens_to(token.node, token.definition))
    return False


def _fire_complete(run: Run, scope: Scope) -> None:
    """A join that has lost a branch has nothing to wait for any more."""
    if scope.held:
        run.moved[scope.id] = scope
    for node in scope.unit.nodes:
        while node.op == PARALLEL and node.incoming and all(flow.id in scope.held for flow in node.incoming):
            try:
                gateways.release(run, scope, node)
            except Stuck as stuck:
                run.stick(scope, node, stuck)


# ---------------------------------------------------------------- words

_NOT_OF_IT = N_("Expected an instance of the version that the plan is for.")
_LOST = N_("'{element}' waits, but the other version has no counterpart for it.")
_OTHER_KIND = N_("'{element}' waits, but '{other}' is an element of another kind.")
_OTHER_SCOPE = N_("'{element}' waits, but '{other}' stands in another sub-process.")
_LOST_EVENTS = N_("'{element}' waits for events, but the other version has none of them.")
_LOST_ENTRY = N_("'{element}' has completed and can be undone, but the other version has no counterpart for it.")
_OTHER_UNDOING = N_(
    "'{element}' has completed and can be undone, but the other version does not undo it in the same way."
)
_BEING_UNDONE = N_("'{element}' is being undone: wait until that is over.")
_LOST_ARRIVAL = N_("Join '{join}' holds what came on flow '{element}', but the other version has no such branch.")
_CANNOT_WAIT = N_("'{element}' cannot wait in the other version: {code}.")
_BROKEN = N_("The instance would not hold together in the other version: {what}.")


def _finding(element: str | None, message: str, **facts: Any) -> Finding:
    return Finding("migration-blocked", Level.ERROR, element, message, {"element": element or "", **facts})
