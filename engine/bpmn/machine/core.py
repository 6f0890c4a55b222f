"""The run: ready tokens, facts, variables, waits. Pure: no clock, chance, number from outside, or call to anyone."""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

from engine.bpmn import timers
from engine.bpmn.machine.evaluation import Env, Evaluation, Stuck, failure, types_of
from engine.bpmn.program import Edge, Event, Node, Program, ScopeProgram
from engine.bpmn.state import ON_SCOPE, Incident, Scope, State, Token
from engine.bpmn.steps import (
    Closing,
    FlowTaken,
    IncidentRaised,
    IncidentResolved,
    InstanceEnded,
    JobClosed,
    NodeEntered,
    NodeLeft,
    ScopeClosed,
    ScopeOpened,
    Step,
    SubscriptionClosed,
    SubscriptionOpened,
    TimerArmed,
    TimerDisarmed,
    WorkClosed,
)
from engine.values import Values, canonical_json, encode, normalise

STEP_BUDGET = 200_000
WAITED = frozenset(("message", "timer"))
"""Kinds of event that come from outside; the others are found by who throws them."""

Ready = tuple[Scope, Node, Edge | None]
Handler = Callable[["Run", Scope, Node, Edge | None], None]
Ending = Callable[["Run", Scope], None]


class Run(Evaluation):
    """One verb at work on one state."""

    __slots__ = ("adopted", "budget", "ended", "endings", "late", "moved", "queue", "visit")

    def __init__(self, state: State, now: datetime, env: Env) -> None:
        super().__init__(state, now, env)
        self.queue: deque[Ready] = deque()
        self.late: deque[tuple[Handler, Ready]] = deque()
        self.endings: deque[Scope] = deque()
        self.budget = STEP_BUDGET
        self.ended: str | None = None
        self.visit = 0
        self.adopted: list[int] | None = None
        self.moved: dict[int, Scope] = {}
        """scopes with tokens at joins in which something has moved: only there a join can have become ready"""

    def step(self) -> Step:
        """What happened."""
        return Step(self.state, self.facts, self.ended, False, frozenset(self.dirty))

    def go(self, handlers: tuple[Handler, ...], settle: Callable[["Run"], bool], closings: dict[str, Ending]) -> None:
        """Move tokens until nothing can move: ready ones first, then throws, then inclusive joins.

        `closings`: what the end of a scope does, by its kind, where it is not `end_scope`.
        """
        queue, late, endings = self.queue, self.late, self.endings
        while True:
            while queue or endings:
                if endings:
                    over = endings.popleft()
                    if over.live == 0 and self.state.scopes.get(over.id) is over:
                        closings.get(over.kind, Run.end_scope)(self, over)
                    continue
                if self.budget == 0:
                    self.park()
                    return
                self.budget -= 1
                scope, node, edge = queue.popleft()
                if scope.held_total:
                    self.moved[scope.id] = scope
                try:
                    handlers[node.op](self, scope, node, edge)
                except Stuck as stuck:
                    self.stick(scope, node, stuck, by=edge)
            if late:
                handler, (scope, node, edge) = late.popleft()
                try:
                    handler(self, scope, node, edge)
                except Stuck as stuck:
                    self.stick(scope, node, stuck)
            elif self.ended is not None or not settle(self):
                return

    def park(self) -> None:
        """The budget is spent: every ready token becomes an incident that `resume` can set going again."""
        ready = [*self.queue, *(entry for _, entry in self.late)]
        self.queue.clear()
        self.late.clear()
        for scope, node, edge in ready:
            self.enter(scope, node)
            self.stick(scope, node, Stuck("step-budget", limit=STEP_BUDGET), by=edge)

    # ------------------------------------------------------------ tokens in motion

    def enter(self, scope: Scope, node: Node) -> int:
        """A visit begins; its number."""
        state = self.state
        self.visit = token = state.n + 1
        state.n = token + 1
        self.facts.append(NodeEntered(token + 1, token, node.id, scope.id, node.type))
        return token

    def take(self, scope: Scope, edge: Edge) -> None:
        """A token goes along `edge`."""
        self.state.n = seq = self.state.n + 1
        self.facts.append(FlowTaken(seq, edge.id, scope.id))
        self.queue.append((scope, edge.target, edge))

    def depart(self, scope: Scope, node: Node, token: int, local: Values | None = None) -> None:
        """The visit ends, its flows are taken. Raises Stuck with stage `leave`."""
        edges = node.out if node.plain else self.choose(scope, node, local)
        self.state.n = seq = self.state.n + 1
        self.facts.append(NodeLeft(seq, token, node.id, scope.id, node.type, "completed"))
        if not edges:
            self.consume(scope)
            return
        scope.live += len(edges) - 1
        for edge in edges:
            self.take(scope, edge)

    def choose(self, scope: Scope, node: Node, local: Values | None) -> tuple[Edge, ...]:
        """Flows without a condition, each conditional one that is true, else the default one."""
        context = self.context(scope, local)
        chosen = []
        conditional = False
        for edge in node.out:
            if edge.condition is None:
                chosen.append(edge)
            elif self.holds(edge, context, "leave"):
                chosen.append(edge)
                conditional = True
        if not conditional and node.default is not None:
            chosen.append(node.default)
        if not chosen:
            raise Stuck("no-outgoing-flow", "leave", **self.conditions(node, context))
        return tuple(chosen)

    def consume(self, scope: Scope) -> None:
        """A token of `scope` is over."""
        scope.live -= 1
        if scope.live == 0:
            self.endings.append(scope)
        elif scope.held_total:
            self.moved[scope.id] = scope

    def finish(self, token: Token, results: Values | None = None, local: Values | None = None) -> None:
        """An activity is done: output mapping, guards, flows. `local`: what its output mapping can read besides."""
        scope, node = token.scope, token.node
        try:
            written = self.map_out(scope, node, {**(token.vars or {}), **(local or {})}, results)
        except Stuck as stuck:
            self.close(token, "failed")
            self.stick(scope, node, stuck, token)
            return
        self.close(token, "completed")
        self.record(scope, node, {**(token.vars or {}), **(local or {})}, written)
        try:
            self.depart(scope, node, token.id, token.vars)
        except Stuck as stuck:
            self.stick(scope, node, stuck, token)

    def conclude(self, scope: Scope, node: Node, token: int, local: Values | None, results: Values) -> None:
        """An activity that does not wait is done: output mapping, flows. Raises Stuck."""
        self.record(scope, node, local, self.map_out(scope, node, local, results))
        self.depart(scope, node, token, local)

    def record(self, scope: Scope, node: Node, local: Values | None, written: Values) -> None:
        """What an activity leaves behind when it is done."""
        if scope.kind == "turn" and local and node.type != "callActivity":
            scope.vars.update(local)  # the result of a round is read from what was visible inside
            self.dirty.add(scope.id)
        if written:
            self.write(scope, written)

    def pass_through(self, scope: Scope, node: Node, payload: Values) -> None:
        """An event has happened: its visit begins and ends, its payload is mapped."""
        self.enter(scope, node)
        token = self.visit
        try:
            written = self.map_out(scope, node, None, payload)
            if written:
                self.write(scope, written)
            self.depart(scope, node, token, payload)
        except Stuck as stuck:
            stuck.stage = "leave"  # the event will not come again
            self.stick(scope, node, stuck)

    def due(self, token: Token) -> datetime:
        """When the timer `token` was scheduled."""
        return datetime.fromisoformat(token.due) if token.due is not None else self.now

    def end_scope(self, scope: Scope) -> None:
        """Nothing lives in `scope` any more: its host goes on, or the instance ends."""
        self.disarm(scope)
        if scope.parent is None:
            self.end("completed", None, self.last_end())
            return
        host = self.state.tokens[scope.token]
        self.drop(scope, "completed")
        call = host.node.call
        results = scope.vars if scope.kind == "call" and call is not None and call.propagate_children else None
        self.finish(host, results, scope.vars)

    def drop(self, scope: Scope, outcome: Closing) -> None:
        """`scope` is no more."""
        del self.state.scopes[scope.id]
        if scope.parent is not None:
            del scope.parent.children[scope.id]
        self.dirty.add(scope.id)
        self.facts.append(ScopeClosed(self.number(), scope.id, outcome))

    def last_end(self) -> str | None:
        """The element where the last token of the process was consumed."""
        for fact in reversed(self.facts):
            if isinstance(fact, NodeLeft) and fact.scope == 0:
                return fact.node
        return None

    # ------------------------------------------------------------ waits

    def wait(
        self, scope: Scope, node: Node, kind: str, token: int, local: Values | None = None, host: int = 0
    ) -> Token:
        """Token number `token` begins to wait."""
        waiting = Token(token, scope, node, kind, host)
        waiting.vars = local
        self.state.tokens[token] = waiting
        self.dirty.add(scope.id)
        if host == ON_SCOPE:
            scope.armed.append(token)
        elif host:
            self.state.tokens[host].guards.append(token)
        elif self.adopted is not None:
            waiting.guards, self.adopted = self.adopted, None
            for guard in waiting.guards:
                self.state.tokens[guard].host = token
        return waiting

    def prepare(self, scope: Scope, node: Node, event: Event, local: Values | None) -> Any:
        """Evaluate what `event` waits for: a Schedule, or (name, key). Raises Stuck."""
        context = self.context(scope, local)
        if event.timer is not None:
            value = self.value(event.timer.slot, context)
            try:
                return timers.arm(event.timer.kind, value, self.now, self.env.zone)
            except (timers.WrongTimer, OverflowError) as error:
                raise Stuck(
                    "timer-invalid", element=node.id, expected=str(error), expression=event.timer.slot.text,
                    read=types_of(event.timer.slot.expression, context),
                ) from None  # fmt: skip
        name = self.value(event.name, context) if event.name is not None else None
        if not isinstance(name, str) or not name:
            raise Stuck("message-name-missing", element=node.id, expression=event.name.text if event.name else "")
        return name, self.correlation_key(node, event, context)

    def correlation_key(self, node: Node, event: Event, context: Values) -> str | None:
        """Canonical text of the key's value with its type; None when the drawing has no key. Raises Stuck for null."""
        if event.key is None:
            return None
        value = self.value(event.key, context)
        if value is None:
            detail = failure(event.key.expression, context, value, []) if event.key.expression is not None else {}
            raise Stuck("correlation-key-null", element=node.id, **detail)
        return canonical_json(encode(value)).decode()

    def arm(self, scope: Scope, node: Node, prepared: Any, token: int, host: int = 0) -> Token:
        """Open the wait that was prepared for an event."""
        if isinstance(prepared, timers.Schedule):
            waiting = self.wait(scope, node, "timer", token, host=host)
            self.schedule(waiting, prepared)
            return waiting
        waiting = self.wait(scope, node, "message", token, host=host)
        name, key = prepared
        self.facts.append(SubscriptionOpened(self.number(), token, node.id, "message", name, key))
        return waiting

    def schedule(self, token: Token, schedule: timers.Schedule) -> None:
        """Set the next firing of a timer."""
        token.due = schedule.due.isoformat()
        token.left = schedule.left
        token.cycle = schedule.cycle
        self.facts.append(TimerArmed(self.number(), token.id, token.node.id, schedule.due, schedule.left))

    def prepare_guards(self, scope: Scope, node: Node, local: Values | None) -> list[tuple[Node, Any]]:
        """Evaluate what the boundary events of an activity wait for; errors wait for nothing."""
        return [
            (boundary, self.prepare(scope, boundary, boundary.event, local))
            for boundary in node.boundaries
            if boundary.event is not None and boundary.event.kind in WAITED
        ]

    def arm_guards(self, scope: Scope, host: Token, prepared: list[tuple[Node, Any]]) -> None:
        """Arm them before the work begins."""
        for boundary, what in prepared:
            self.arm(scope, boundary, what, self.number(), host.id)

    def close(self, token: Token, outcome: Closing) -> None:
        """The wait is over: its guards, its incident and itself; the visit is not left yet."""
        state = self.state
        for guard in token.guards:
            self.close(state.tokens[guard], "cancelled")
        token.guards = []
        del state.tokens[token.id]
        self.dirty.add(token.scope.id)
        if token.incident:
            self.resolve(token, outcome)
        match token.wait:
            case "work":
                self.facts.append(WorkClosed(self.number(), token.id, token.node.id, outcome))
            case "job":
                self.facts.append(JobClosed(self.number(), token.id, token.node.id, outcome))
            case "timer":
                self.facts.append(TimerDisarmed(self.number(), token.id, token.node.id, outcome))
            case "message":
                self.facts.append(SubscriptionClosed(self.number(), token.id, token.node.id, outcome))

    def resolve(self, token: Token, outcome: Closing) -> None:
        """The incident of a token is over."""
        key, token.incident = token.incident, 0
        del self.state.incidents[key]
        self.facts.append(IncidentResolved(self.number(), key, token.id, token.node.id, outcome))

    def cancel_visit(self, token: Token, outcome: Closing = "cancelled") -> None:
        """End an activity from outside, with everything inside it."""
        if token.inside is not None:
            self.cancel_scope(token.inside)
        self.close(token, outcome)
        self.facts.append(NodeLeft(self.number(), token.id, token.node.id, token.scope.id, token.node.type, outcome))

    def cancel_scope(self, scope: Scope, keep: bool = False) -> None:
        """End everything in `scope`, innermost first; the scope itself too unless `keep`."""
        doomed = [scope]
        for found in doomed:
            doomed.extend(found.children.values())
        keys: dict[int, list[Token]] = {found.id: [] for found in doomed}
        for token in self.state.tokens.values():
            if not token.host and token.scope.id in keys:
                keys[token.scope.id].append(token)
        ready = [entry for entry in self.queue if entry[0].id not in keys]
        throws = [entry for entry in self.late if entry[1][0].id not in keys]
        self.queue.clear()
        self.queue.extend(ready)
        self.late.clear()
        self.late.extend(throws)
        for found in reversed(doomed):
            for token in keys[found.id]:
                self.close(token, "cancelled")
                self.facts.append(
                    NodeLeft(self.number(), token.id, token.node.id, found.id, token.node.type, "cancelled")
                )
            self.disarm(found)
            found.held.clear()
            found.held_total = found.live = 0
            if found is not scope or not keep:
                self.drop(found, "cancelled")

    def disarm(self, scope: Scope) -> None:
        """Nothing starts the event sub-processes of `scope` any more."""
        for key in scope.armed:
            self.close(self.state.tokens[key], "cancelled")
        scope.armed.clear()

    def open_scope(
        self, kind: str, host: Token, program: Program, definition_id: str, unit: ScopeProgram, values: Values,
        start: Node | None = None, empty: bool = False,
    ) -> Scope:  # fmt: skip
        """A sub-process, event sub-process or call begins: at its starts, or at event `start` which has happened.

        `empty`: nothing runs in it yet; the caller places tokens.
        """
        scope = Scope(self.number(), kind, program, definition_id, unit, host.scope, host.id)
        host.inside = scope
        scope.vars = values
        self.add_scope(scope, host.node)
        self.launch(scope, start, empty)
        return scope

    def add_scope(self, scope: Scope, node: Node) -> None:
        """`scope` begins, for `node`."""
        self.state.scopes[scope.id] = scope
        if scope.parent is not None:
            scope.parent.children[scope.id] = scope
        self.dirty.add(scope.id)
        called = scope.definition_id if scope.kind == "call" else None
        self.facts.append(ScopeOpened(self.number(), scope.id, scope.kind, node.id, called))

    def launch(self, scope: Scope, start: Node | None = None, empty: bool = False) -> None:
        """Arm the event sub-processes of `scope`, then run its first nodes; when one cannot be armed nothing runs."""
        if (scope.unit.handlers and not self._arm_handlers(scope, start)) or empty:
            return
        if start is None:
            scope.live = len(scope.unit.starts)
            for node in scope.unit.starts:
                self.queue.append((scope, node, None))
            return
        scope.live = 1
        token = self.enter(scope, start)
        try:
            self.depart(scope, start, token)
        except Stuck as stuck:
            stuck.stage = "leave"
            self.stick(scope, start, stuck)

    def _arm_handlers(self, scope: Scope, start: Node | None) -> bool:
        prepared = []
        for handler in scope.unit.handlers:
            trigger = handler.trigger
            assert trigger is not None and trigger.event is not None  # noqa: S101, PT018 - compiled
            if trigger.event.kind in WAITED:
                try:
                    prepared.append((trigger, self.prepare(scope, trigger, trigger.event, None)))
                except Stuck as stuck:
                    self.stick_at_beginning(scope, trigger, stuck, start)
                    return False
        for trigger, what in prepared:
            self.arm(scope, trigger, what, self.number(), ON_SCOPE)
        return True

    # ------------------------------------------------------------ ends and incidents

    def stick(self, scope: Scope, node: Node, stuck: Stuck, token: Token | None = None, by: Edge | None = None) -> None:
        """The token of this visit, which came along `by`, becomes an incident; everything else goes on."""
        if token is None:
            token = self.wait(scope, node, "incident", self.visit)
        elif token.id not in self.state.tokens:
            self.state.tokens[token.id] = token
        token.wait = "incident"
        token.stage = stuck.stage
        token.by = by.id if by is not None else None
        self.raise_incident(token, stuck.code, stuck.detail)

    def stick_at_beginning(self, scope: Scope, node: Node, stuck: Stuck, start: Node | None) -> None:
        """`scope` cannot begin because of `node`; when resumed it begins at `start`."""
        scope.live = 1
        self.visit = self.number()
        stuck.stage = "begin"
        self.stick(scope, node, stuck)
        self.state.tokens[self.visit].by = start.id if start is not None else None

    def raise_incident(self, token: Token, code: str, detail: Values) -> None:
        """Record why `token` is stuck."""
        incident = Incident(self.number(), token.id, code, normalise(detail))
        token.incident = incident.id
        self.state.incidents[incident.id] = incident
        self.dirty.add(token.scope.id)
        self.facts.append(IncidentRaised(self.number(), incident.id, token.id, token.node.id, code, incident.detail))

    def end(self, how: str, code: str | None = None, node: str | None = None) -> None:
        """The instance is over."""
        self.state.status = self.ended = how
        self.queue.clear()
        self.late.clear()
        self.endings.clear()
        self.dirty.add(0)
        self.facts.append(InstanceEnded(self.number(), how, code, node))
