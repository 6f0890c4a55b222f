"""Tokens moved by hand: `goto` goes back and leaves a marking that the drawing could have reached; `modify` cancels
and starts as an administrator says.

`goto` takes away everything that follows from the target and nothing else. Branches that do not follow from it live
on; what they had brought to a join that has fired since is given back to that join, so that they are not done again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.bpmn import undoing
from engine.bpmn.machine import activities, loops
from engine.bpmn.machine.core import Run
from engine.bpmn.machine.evaluation import Env, Stuck, admitted
from engine.bpmn.machine.verbs import MOVES
from engine.bpmn.program import (
    BOUNDARY,
    CATCH,
    EVENT_BASED,
    EVENT_SUB,
    JOB,
    SUB,
    WORK,
    Context,
    Node,
    ScopeProgram,
)
from engine.bpmn.state import RESTORED, Entry, Scope, State, Token
from engine.bpmn.steps import ArrivalRestored, ArrivalWithdrawn, Moved, Step
from engine.errors import N_, MoveRefused
from engine.findings import Finding, Level
from engine.values import Values

_WAITS = (WORK, JOB, CATCH, EVENT_BASED)


# ---------------------------------------------------------------- back, and only to where the drawing has been


@dataclass(frozen=True, slots=True)
class Return:
    """What going back to a node would do. `scope`: where; `killed`: tokens; `withdrawn`, `restored`: flows of joins;
    `undone`: elements that are compensated first, newest first."""

    scope: int
    node: str
    killed: tuple[int, ...]
    withdrawn: tuple[str, ...]
    restored: tuple[str, ...]
    refused: tuple[Finding, ...] = ()
    undone: tuple[str, ...] = ()


def returning(
    state: State, tokens: Iterable[int], target: str, passed: int, irreversible: Iterable[str] = (),
    compensate: bool = False,
) -> Return:  # fmt: skip
    """What `goto` would do, with every reason against it; nothing is changed."""
    wanted = [state.tokens[token] for token in tokens if token in state.tokens]
    if not wanted or state.status != "active":
        return Return(0, target, (), (), (), (_finding(target, _GONE),))
    if any(token.host for token in wanted):
        return Return(0, target, (), (), (), (_finding(target, _GUARD),))
    places = [_place(state, token, target) for token in wanted]
    scopes = {scope.id for scope, _, _ in places if scope is not None}
    scope, node, _ = places[0]
    if scope is None or node is None or len(scopes) != 1 or any(place[0] is None for place in places):
        return Return(0, target, (), (), (), (_finding(target, _ELSEWHERE),))
    origins = [place[2] for place in places]
    return _Going(state, scope, node, origins, passed, tuple(irreversible), compensate).look()


def goto(
    state: State, tokens: Sequence[int], target: str, passed: int, *, now: datetime, env: Env,
    irreversible: Iterable[str] = (), compensate: bool = False,
) -> Step:  # fmt: skip
    """Take `tokens` back to element `target`, which was last left by fact number `passed`.

    `compensate`: what has completed since then behind the target and can be undone is undone first, newest first.
    `irreversible`: elements whose effect since then cannot be taken back, as the caller knows them; one that is not
    undone is a refusal.
    Raises MoveRefused with every reason: the target waits or is the start, lies before each token in its own scope or
    in a living one around it, outside every open block or in the same branch.
    """
    going = returning(state, tokens, target, passed, irreversible, compensate)
    if going.refused:
        raise MoveRefused(list(going.refused))
    run = Run(state, now, env)
    scope = state.scopes[going.scope]
    node = scope.program.nodes[going.node]
    origin = tuple(dict.fromkeys(state.tokens[token].node.id for token in going.killed))
    for key in going.killed:
        if compensate:
            undoing.fold(run, state.tokens[key])
        _take_away(run, state.tokens[key])
    for flow in going.withdrawn:
        _withdraw(run, scope, flow)
    for flow in going.restored:
        scope.held[flow] = scope.held.get(flow, 0) + 1
        scope.held_total += 1
        scope.live += 1
        run.facts.append(ArrivalRestored(run.number(), flow, scope.id))
    after = node.scope.routes.down[node.index] | 1 << node.index
    for other in scope.unit.nodes:
        if after >> other.index & 1:
            scope.last.pop(other.id, None)
            scope.fired.pop(other.id, None)
    left = [token.node.id for token in state.tokens.values() if token.scope is scope and after >> token.node.index & 1]
    if left:
        raise RuntimeError(f"expected nothing behind {target} after going back to it, found tokens at {left}")
    _put(run, scope, node, origin, first=undoing.region(scope, node, passed) if compensate else None)
    return _go(run)


class _Going:
    """One look at going back to `target` from the nodes `origins` of its scope."""

    def __init__(
        self, state: State, scope: Scope, target: Node, origins: list[Token], passed: int,
        irreversible: tuple[str, ...], compensate: bool,
    ) -> None:  # fmt: skip
        self.state = state
        self.scope = scope
        self.target = target
        self.origins = origins
        self.passed = passed
        self.irreversible = irreversible
        self.compensate = compensate
        self.routes = target.scope.routes
        self.after = self.routes.down[target.index] | 1 << target.index

    def look(self) -> Return:
        here = [token for token in self.state.tokens.values() if token.scope is self.scope and not token.host]
        if any(token.stage == "begin" for token in here):  # its node stands in an event sub-process, not here
            unbegun = _finding(self.target.id, _NOT_BEGUN, scope=self.scope.unit.id)
            return Return(self.scope.id, self.target.id, (), (), (), (unbegun,))
        killed = [token for token in here if self.after >> token.node.index & 1]
        flows = self.scope.program.flows
        withdrawn = [flow for flow in self.scope.held if self._follows(flows[flow].source)]
        arrived = [flows[flow].source for flow in withdrawn]
        region = undoing.region(self.scope, self.target, self.passed)
        undone = [entry.node.id for entry in undoing.entries(region, killed)] if self.compensate else []
        refused = [*self._reasons(here, killed, arrived), *self._lasting(region, killed)]
        restored: list[str] = []
        if not any(token.node is self.target for token in here):
            restored, unpassed = self._arrivals([*(token.node for token in killed), *arrived])
            refused += [_finding(self.target.id, _NOT_PASSED, join=place) for place in unpassed]
        return Return(
            self.scope.id, self.target.id, tuple(token.id for token in killed), tuple(withdrawn), tuple(restored),
            tuple(refused), tuple(undone),
        )  # fmt: skip

    def _lasting(self, region: undoing.Region, killed: list[Token]) -> Iterator[Finding]:
        """What would not be undone."""
        undone: set[str] = set()
        if self.compensate:
            undone.update(undoing.nodes(undoing.entries(region, killed)))
            for token in killed:
                yield from (_finding(element, _DONE_INSIDE) for element in undoing.unfoldable(token))
        for element in self.irreversible:
            if element not in undone:
                yield _finding(self.target.id, _IRREVERSIBLE, element=element)

    def _arrivals(self, taken: list[Node]) -> tuple[list[str], list[str]]:
        """(flows that joins get back, forks and joins that were not passed by way of the target since then)."""
        nodes, flows = self.scope.program.nodes, self.scope.program.flows
        restored: list[str] = []
        unpassed: list[str] = []
        fired: set[int] = set()
        for join, (seq, consumed) in self.scope.last.items():
            if seq > self.passed and self._follows(nodes[join]):
                for flow in consumed:
                    fired.update(fork for fork, _ in self.routes.contexts.get(flows[flow].source.index, ()))
                kept = [flow for flow in consumed if not self._follows(flows[flow].source)]
                restored += kept
                if kept == list(consumed):  # an inclusive split has chosen otherwise since then
                    unpassed.append(join)
        own = self.routes.contexts.get(self.target.index, ())
        names = {node.index: node.id for node in self.scope.unit.nodes}
        for node in taken:
            for fork, _ in own[_shared(own, self.routes.contexts.get(node.index, own)) :]:
                if fork not in fired:  # its block was closed on another way, or was not entered this time
                    unpassed.append(names.get(fork, self.scope.unit.id))  # several starts fork as well
        return restored, list(dict.fromkeys(unpassed))

    def _follows(self, node: Node) -> bool:
        return bool(self.after >> node.index & 1)

    def _reasons(self, here: list[Token], killed: list[Token], arrived: list[Node]) -> Iterator[Finding]:
        target, routes = self.target, self.routes
        if target.op not in _WAITS and target not in self.scope.unit.starts:
            yield _finding(target.id, _NO_WAIT)
        elif any(edge.source.op == EVENT_BASED for edge in target.incoming):
            yield _finding(target.id, _BEHIND_GATEWAY)
        for token in self.origins:
            if not self._follows(token.node):
                sibling = _siblings(routes.contexts.get(target.index), routes.contexts.get(token.node.index))
                yield _finding(target.id, _SIBLING if sibling else _NOT_BEFORE, origin=token.node.id)
        for token in killed:
            if token.undo is not None:
                yield _finding(token.node.id, _BEING_UNDONE)
        if routes.tangled & self.after and not self._leads_in():
            yield _finding(target.id, _TANGLED)
        nodes = [*(token.node for token in killed), *arrived]
        if not self._in_blocks(nodes) and not self._dominates([*(token.node for token in here), *self._sources()]):
            yield _finding(target.id, _NO_BLOCKS)

    def _leads_in(self) -> bool:
        """Whether every way into the tangled loops behind the target leads through it, and none of them round it."""
        bit, tangled = 1 << self.target.index, self.routes.tangled & self.after
        inside = [index for index in self.routes.down if tangled >> index & 1]
        return not tangled & bit and all(self.routes.dominators.get(index, 0) & bit for index in inside)

    def _in_blocks(self, nodes: list[Node]) -> bool:
        """Whether everything that is taken away stands in blocks, none of them a branch beside the target's."""
        own = self.routes.contexts.get(self.target.index)
        if own is None:
            return False
        others = [self.routes.contexts.get(node.index) for node in nodes]
        return all(other is not None and not _siblings(own, other) for other in others)

    def _dominates(self, nodes: list[Node]) -> bool:
        """Without blocks: every live token has passed the target, and the target was not passed twice."""
        bit = 1 << self.target.index
        known = self.target.index in self.routes.contexts
        return (known or len(nodes) == 1) and all(self.routes.dominators.get(node.index, 0) & bit for node in nodes)

    def _sources(self) -> list[Node]:
        flows = self.scope.program.flows
        return [flows[flow].source for flow, count in self.scope.held.items() for _ in range(count)]


def _siblings(one: Context | None, other: Context | None) -> bool:
    """Whether two nodes stand in different branches of one fork."""
    for (fork, branches), (its_fork, its_branches) in zip(one or (), other or (), strict=False):
        if fork != its_fork:
            return False
        if branches != its_branches:
            return not branches & its_branches
    return False


def _shared(one: Context, other: Context) -> int:
    """How many blocks are around both, branches of one fork that were joined in between included."""
    count = 0
    for (fork, branches), (its_fork, its_branches) in zip(one, other, strict=False):
        if fork != its_fork or branches & its_branches != branches:
            break
        count += 1
        if branches != its_branches:
            break
    return count


def _place(state: State, token: Token, target: str) -> tuple[Scope | None, Node | None, Token]:
    """The scope around `token` in which `target` lies, and the token of that scope which `token` lives under."""
    scope = token.scope
    while True:
        node = scope.program.nodes.get(target)
        if node is not None and node.scope is scope.unit:
            return scope, node, token
        if scope.parent is None:
            return None, None, token
        token = state.tokens[scope.token]
        scope = token.scope


# ---------------------------------------------------------------- forward, aside, away: as an administrator says


@dataclass(frozen=True, slots=True)
class Placing:
    """Start `before` or `after` a node. `scope`: which one, where several are open; None: the only one, or a new one.

    `variables` are written where they belong, seen from that scope.
    """

    node: str
    where: str = "before"
    scope: int | None = None
    variables: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Modification:
    """`cancel`: numbers of waiting tokens, with everything inside; `start`: where tokens begin.

    `compensate`: what has completed where the tokens begin or behind, and can be undone, is undone first.
    """

    cancel: tuple[int, ...] = ()
    start: tuple[Placing, ...] = ()
    compensate: bool = False


def unfit(state: State, plan: Modification) -> list[Finding]:
    """Everything that is wrong with a modification; empty when it can be carried out."""
    found = []
    for number in plan.cancel:
        token = state.tokens.get(number)
        if token is None or token.host:
            found.append(_finding(str(number), _GONE))
        elif token.undo is not None or token.scope.kind in ("compensation", *RESTORED):
            found.append(_finding(token.node.id, _BEING_UNDONE))
    for placing in plan.start:
        reason = _unplaceable(state, placing)
        if reason is not None:
            found.append(_finding(placing.node, reason))
    if not plan.cancel and not plan.start:
        found.append(_finding(None, _NOTHING))
    if plan.compensate:
        found += _not_undone(state, plan)
    return found


def undone(state: State, plan: Modification) -> list[str]:
    """Elements that `modify` would undo first, newest first; for each place where a token begins."""
    return list(dict.fromkeys(entry.node.id for _, entries in first_undone(state, plan) for entry in entries))


def first_undone(state: State, plan: Modification) -> list[tuple[undoing.Region, list[Entry]]]:
    """For each place where a token begins: what follows from there, and what of it `modify` would undo."""
    if not plan.compensate:
        return []
    found = []
    for region in _regions(state, plan):
        tokens = [
            token for token in undoing.tops(state, plan.cancel) if undoing.covering(state, token, region) is token
        ]
        found.append((region, undoing.entries(region, tokens)))
    return found


def _regions(state: State, plan: Modification) -> list[undoing.Region]:
    regions = [_region(state, placing) for placing in plan.start]
    return [region for region in regions if region is not None]


def _region(state: State, placing: Placing) -> undoing.Region | None:
    """None: the scope in which it begins is not open yet, or there is no such element."""
    scope = state.scopes.get(placing.scope or 0)
    node = scope.program.nodes.get(placing.node) if scope is not None else None
    if scope is None or node is None:
        return None
    open_ = [scope] if placing.scope is not None else _open(state, node.scope)
    return undoing.region(open_[0], node, itself=placing.where == "before") if open_ else None


def _not_undone(state: State, plan: Modification) -> Iterator[Finding]:
    """What has completed inside what is cancelled, and would be lost."""
    for region in _regions(state, plan):
        for token in undoing.tops(state, plan.cancel):
            top = undoing.covering(state, token, region)
            if top is token:
                yield from (_finding(element, _DONE_INSIDE) for element in undoing.unfoldable(token))
            elif top is not None and undoing.inside(top):
                yield _finding(top.node.id, _DONE_INSIDE)


def modify(state: State, plan: Modification, *, now: datetime, env: Env) -> Step:
    """Cancel and start tokens. A scope that is left empty is cancelled with its activity; an ad-hoc sub-process goes on
    with what is next, ends or waits for people, as after an activity that is done.

    Raises MoveRefused for tokens, elements or places that do not exist, and when nothing would be left at all.
    """
    wrong = unfit(state, plan)
    if wrong:
        raise MoveRefused(wrong)
    run = Run(state, now, env)
    doomed = [state.tokens[number] for number in plan.cancel]
    origin = tuple(dict.fromkeys(token.node.id for token in doomed))
    regions = _regions(state, plan) if plan.compensate else []
    folding = {token.id for token in doomed if any(undoing.covering(state, token, one) is token for one in regions)}
    starts = []
    for placing in plan.start:
        scope = _scope_for(run, placing)
        scope.live += 1  # it may be the only one in there
        starts.append((scope, placing))
    for token in doomed:
        if token.id in state.tokens:
            if token.id in folding:
                undoing.fold(run, token)
            _take_away(run, token)
    _prune(run)
    for scope, placing in starts:
        if state.scopes.get(scope.id) is not scope:
            raise MoveRefused([_finding(placing.node, _CANCELLED_TOO)])
        scope.live -= 1
        if placing.variables:
            run.write(scope, admitted(placing.variables))
        region = _region(state, placing) if plan.compensate else None
        _put(run, scope, scope.program.nodes[placing.node], origin, placing.where == "after", region)
    return _go(run)


def _unplaceable(state: State, placing: Placing) -> str | None:
    if placing.scope is not None and placing.scope not in state.scopes:
        return _NO_SCOPE
    program = state.scopes[placing.scope or 0].program
    node = program.nodes.get(placing.node)
    if node is None:
        return _UNKNOWN
    if placing.scope is not None and state.scopes[placing.scope].unit is not node.scope:
        return _NO_SCOPE
    if placing.where == "before":
        if node.op in (BOUNDARY, EVENT_SUB) or any(edge.source.op == EVENT_BASED for edge in node.incoming):
            return _NO_PLACE
        if _joins(node):
            return _JOIN
    if placing.scope is not None:
        return None
    for unit in _around(node.scope):
        found = _open(state, unit)
        if found:
            return _AMBIGUOUS if len(found) > 1 else None
        if unit.node is not None and unit.node.op != SUB:
            return _NO_SCOPE
    return _NO_SCOPE


def _open(state: State, unit: ScopeProgram) -> list[Scope]:
    return [scope for scope in state.scopes.values() if scope.unit is unit]


def _around(unit: ScopeProgram) -> Iterator[ScopeProgram]:
    part: ScopeProgram | None = unit
    while part is not None:
        yield part
        part = part.node.scope if part.node is not None else None


def _scope_for(run: Run, placing: Placing) -> Scope:
    """The scope to start in; sub-processes around it that are not open are opened, without their own starts."""
    if placing.scope is not None:
        return run.state.scopes[placing.scope]
    node = run.state.program.nodes[placing.node]
    closed: list[ScopeProgram] = []
    for unit in _around(node.scope):
        found = _open(run.state, unit)
        if found:
            scope = found[0]
            break
        closed.append(unit)
    for unit in reversed(closed):
        assert unit.node is not None  # noqa: S101 - the root scope is open
        scope.live += 1
        try:
            scope = activities.open_empty(run, scope, unit.node)
        except Stuck as stuck:
            raise MoveRefused([_finding(unit.node.id, _STUCK, code=stuck.code)]) from None
        if scope.live:
            raise MoveRefused([_finding(unit.node.id, _STUCK, code="event sub-process")])
    return scope


def _prune(run: Run) -> None:
    """Scopes in which nothing lives any more are over without result, and so is the activity that they belong to."""
    while True:
        empty = [scope for scope in run.state.scopes.values() if scope.live == 0 and scope.kind != "ad-hoc"]
        if not empty:
            return
        for scope in empty:
            if scope.parent is None:
                raise MoveRefused([_finding(None, _NOTHING_LEFT)])
            if run.state.scopes.get(scope.id) is not scope:
                continue  # gone with the one before
            if scope.kind == "turn":
                _terminate(run, scope)
            elif scope.token in run.state.tokens:
                _take_away(run, run.state.tokens[scope.token])


# ---------------------------------------------------------------- both


def _terminate(run: Run, turn: Scope) -> None:
    """One instance of a multi-instance alone; the rounds of a standard loop follow from each other."""
    node = turn.unit.node
    if node is None or node.loop is None or node.loop.kind == "standard":
        raise MoveRefused([_finding(turn.unit.id, _IN_LOOP)])
    try:
        loops.terminate(run, turn)
    except Stuck as stuck:
        raise MoveRefused([_finding(node.id, _UNDECIDED, code=stuck.code)]) from None


def _joins(node: Node) -> bool:
    return bool(node.reach) or (node.type == "parallelGateway" and len(node.incoming) > 1)


def _take_away(run: Run, token: Token) -> None:
    """One token with everything under it."""
    if token.counts:
        token.scope.live -= 1
        if token.scope.kind == "ad-hoc" and token.scope.live == 0:
            run.endings.append(token.scope)
    run.moved[token.scope.id] = token.scope
    run.cancel_visit(token, "moved")


def _withdraw(run: Run, scope: Scope, flow: str) -> None:
    count = scope.held.pop(flow)
    scope.held_total -= count
    scope.live -= count
    for _ in range(count):
        run.facts.append(ArrivalWithdrawn(run.number(), flow, scope.id))


def _put(
    run: Run, scope: Scope, node: Node, origin: tuple[str, ...], after: bool = False,
    first: undoing.Region | None = None,
) -> None:  # fmt: skip
    """A token at `node`, or behind it; when something is to be undone `first`, it comes behind that."""
    run.dirty.add(scope.id)
    run.facts.append(Moved(run.number(), scope.id, node.id, origin))
    if first is not None and undoing.undo(run, first, node, "leave" if after else "arrive"):
        return
    scope.live += 1
    if not after:
        run.queue.append((scope, node, None))
        return
    run.pass_by(scope, node)


def _go(run: Run) -> Step:
    run.go(MOVES)
    return run.step()


# ---------------------------------------------------------------- words

_GONE = N_("Expected a token that waits, but nothing waits under this number.")
_GUARD = N_("Expected a token of an activity, but this one only guards it: move the activity.")
_ELSEWHERE = N_("'{target}' lies neither in the scope of the token nor in a living one around it.")
_NO_WAIT = N_("'{target}' does not wait for anybody: go back to a task, an event or the start.")
_BEHIND_GATEWAY = N_("'{target}' waits behind an event-based gateway: go back to the gateway.")
_NOT_BEGUN = N_("'{scope}' around '{target}' has not begun yet: resume its incident.")
_SIBLING = N_("'{target}' stands in another branch than '{origin}', and both are still open.")
_NOT_BEFORE = N_("'{target}' does not come before '{origin}'.")
_NOT_PASSED = N_("The branches of '{join}' were not passed by way of '{target}' this time.")
_TANGLED = N_("'{target}' lies before a loop that can be entered in several places.")
_DONE_INSIDE = N_("Inside '{target}' something has completed that cannot be undone before it is over itself.")
_IRREVERSIBLE = N_("'{element}' has done since then what cannot be undone.")
_NO_BLOCKS = N_("The branches around '{target}' do not form blocks, so nobody can say what follows from it.")
_BEING_UNDONE = N_("'{target}' is being undone: wait until that is over.")
_NO_SCOPE = N_("Expected an open scope that holds '{target}'.")
_UNKNOWN = N_("Expected an element of the drawing, but there is no '{target}'.")
_NO_PLACE = N_("Nothing can start before '{target}': it only waits together with its activity or gateway.")
_JOIN = N_("Nothing can start before join '{target}': start after it, or after what leads to it.")
_AMBIGUOUS = N_("'{target}' is open several times: say in which scope.")
_STUCK = N_("'{target}' cannot begin: {code}.")
_NOTHING = N_("Nothing is cancelled and nothing is started.")
_IN_LOOP = N_("One round of '{target}' cannot be taken out alone: cancel all of it.")
_UNDECIDED = N_("Whether '{target}' is over without it cannot be decided: {code}.")
_NOTHING_LEFT = N_("Nothing would be left: cancel the instance instead.")
_CANCELLED_TOO = N_("'{target}' would start inside what is cancelled.")


def _finding(target: str | None, message: str, **facts: Any) -> Finding:
    return Finding("move-refused", Level.ERROR, target, message, {"target": target or "", **facts})
