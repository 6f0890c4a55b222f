"""The run: ready tokens, facts, variables, waits. Pure: no clock, chance, number from outside, or call to anyone."""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from engine.bpmn import timers
from engine.bpmn.machine.evaluation import Env, Evaluation, Overtaken, Stuck, failure, types_of
from engine.bpmn.program import Edge, Event, Node, Program, ScopeProgram
from engine.bpmn.state import ON_SCOPE, Entry, Incident, Scope, State, Token
from engine.bpmn.steps import (
    Closing,
    Compensated,
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
WAITED = frozenset(("message", "timer", "signal", "conditional"))
"""Kinds of event that are waited for; the others are found by who throws them."""

Ready = tuple[Scope, Node, Edge | None]
Handler = Callable[["Run", Scope, Node, Edge | None], None]
Ending = Callable[["Run", Scope], None]


class Moves(NamedTuple):
    """What the run loop calls: what a node does, by op; joins at quiescence (True: something moved); conditions that
    read what was written; complex gateways of a scope that is about to end (True: it goes on); what the end of a scope
    does, by its kind, where it is not `end_scope`."""

    handlers: tuple[Handler, ...]
    settle: Callable[["Run"], bool]
    awake: Callable[["Run"], None]
    reset: Callable[["Run", Scope], bool]
    closings: dict[str, Ending]


class Guard(NamedTuple):
    """What `node` is about to wait for: its event number `definition`, evaluated."""

    node: Node
    definition: int
    what: Any


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

    def go(self, moves: Moves) -> None:
        """Move tokens until nothing can move: conditions that became true, ready tokens, throws, then joins."""
        handlers = moves.handlers
        queue, late, endings, touched = self.queue, self.late, self.endings, self.touched
        while True:
            while queue or endings or touched:
                if touched:
                    moves.awake(self)
                    continue
                if endings:
                    over = endings.popleft()
                    gone = over.live > 0 or self.state.scopes.get(over.id) is not over
                    if not gone and not (over.fired and moves.reset(self, over)):
                        moves.closings.get(over.kind, Run.end_scope)(self, over)
                    continue
                if self.budget == 0:
                    self.park()
                    return
                self.budget -= 1
                scope, node, edge = queue.popleft()
                if scope.held_total or scope.fired:
                    self.moved[scope.id] = scope
                try:
                    handlers[node.op](self, scope, node, edge)
                except Stuck as stuck:
                    self.stick(scope, node, stuck, by=edge)
                except Overtaken as overtaken:
                    self.leave(scope, node, self.visit, "cancelled")
                    self.pass_through(scope, overtaken.boundary, {})
            if late:
                handler, (scope, node, edge) = late.popleft()
                try:
                    handler(self, scope, node, edge)
                except Stuck as stuck:
                    self.stick(scope, node, stuck)
                except Overtaken as overtaken:
                    self.leave(scope, node, self.visit, "cancelled")
                    self.pass_through(scope, overtaken.boundary, {})
            elif self.ended is not None or not moves.settle(self):
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

    def leave(self, scope: Scope, node: Node, token: int, outcome: Closing) -> None:
        """The visit ends; what becomes of the token is said elsewhere."""
        self.facts.append(NodeLeft(self.number(), token, node.id, scope.id, node.type, outcome))

    def depart(self, scope: Scope, node: Node, token: int, local: Values | None = None) -> None:
        """The visit ends, its flows are taken. Raises Stuck with stage `leave`, which keeps `local`."""
        try:
            if scope.kind == "ad-hoc" and not node.type.endswith(("Event", "Gateway")) and self._enough(scope, local):
                self.leave(scope, node, token, "completed")
                self.consume(scope)
                return
            edges = node.out if node.plain else self.choose(scope, node, local)
        except Stuck as stuck:
            stuck.stage, stuck.local = "leave", local
            raise
        self.state.n = seq = self.state.n + 1
        self.facts.append(NodeLeft(seq, token, node.id, scope.id, node.type, "completed"))
        if not edges:
            self.consume(scope)
            return
        scope.live += len(edges) - 1
        for edge in edges:
            self.take(scope, edge)

    def _enough(self, scope: Scope, local: Values | None) -> bool:
        """After an activity of an ad-hoc sub-process: whether nothing more is to begin in it. Raises Stuck."""
        marker = scope.unit.node.ad_hoc if scope.unit.node is not None else None
        if marker is None or scope.closed or marker.completion is None:
            return scope.closed
        if not self.decided(marker.completion, self.context(scope, local)):
            return False
        if marker.cancel_remaining:
            self.cancel_scope(scope, keep=True)
            scope.live = 1
        scope.closed = True
        scope.pending.clear()
        self.dirty.add(scope.id)
        return True

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
        if not chosen and node.out:
            raise Stuck("no-outgoing-flow", "leave", **self.conditions(node, context))
        return tuple(chosen) * node.completion_quantity

    def consume(self, scope: Scope) -> None:
        """A token of `scope` is over."""
        scope.live -= 1
        if scope.live == 0:
            self.endings.append(scope)
        elif scope.held_total or scope.fired:
            self.moved[scope.id] = scope

    def finish(
        self, token: Token, results: Values | None = None, local: Values | None = None, ended: Scope | None = None
    ) -> None:  # fmt: skip
        """An activity is done: output mapping, guards, flows. `local`: what its output mapping can read besides;
        `ended`: the scope that it was."""
        scope, node = token.scope, token.node
        try:
            written = self.map_out(scope, node, {**(token.vars or {}), **(local or {})}, results)
        except Stuck as stuck:
            self.close(token, "failed")
            token.inside = None
            if stuck.code == "data-output-missing" and not _can_be_undone(ended):
                stuck.stage = "output"
                stuck.local = {**(token.vars or {}), **(local or {})}
                stuck.results = results
            self.stick(scope, node, stuck, token)
            return
        self.close(token, "completed")
        self.record(scope, node, {**(token.vars or {}), **(local or {})}, written, ended)
        try:
            self.depart(scope, node, token.id, token.vars)
        except Stuck as stuck:
            self.stick(scope, node, stuck, token)

    def conclude(self, scope: Scope, node: Node, token: int, local: Values | None, results: Values) -> None:
        """An activity that does not wait is done: output mapping, flows. Raises Stuck."""
        self.record(scope, node, local, self.map_out(scope, node, local, results))
        self.depart(scope, node, token, local)

    def record(
        self, scope: Scope, node: Node, local: Values | None, written: Values, ended: Scope | None = None
    ) -> None:  # fmt: skip
        """What an activity leaves behind when it is done: its results, and how it is compensated."""
        if scope.kind == "turn" and local and node.type != "callActivity":
            scope.vars.update(local)  # the result of a round is read from what was visible inside
            self.dirty.add(scope.id)
        if written:
            self.write(scope, written)
        if node.loop is None and (node.handler is not None or _can_be_undone(ended)):
            self._log(scope, node, ended)

    def _log(self, scope: Scope, node: Node, ended: Scope | None) -> None:
        """BPMN 2.0.2, 10.7: one entry for each completion. Those of a loop's turns stand where the loop stands."""
        values = {}
        if scope.kind == "turn" and scope.within is not None and scope.within.within is not None:
            values, scope, node = scope.readable(), scope.within.within, scope.program.nodes[node.id]
        if ended is not None and node.handler is None:
            values = {**values, **ended.vars}
        inner = ended or scope
        log = ended.log if ended is not None else []
        scope.log.append(Entry(self.number(), node, dict(values), log, inner.program, inner.definition_id))
        self.dirty.add(scope.id)
        self.facts.append(Compensated(self.number(), node.id, "logged"))

    def pass_through(self, scope: Scope, node: Node, payload: Values) -> None:
        """An event has happened: its visit begins and ends, its payload is mapped."""
        self.enter(scope, node)
        token = self.visit
        try:
            written = self.map_out(scope, node, None, payload)
        except Stuck as stuck:
            stuck.stage = "output"  # the event will not come again
            stuck.local = stuck.results = payload
            self.stick(scope, node, stuck)
            return
        if written:
            self.write(scope, written)
        try:
            self.depart(scope, node, token, payload)
        except Stuck as stuck:
            self.stick(scope, node, stuck)

    def pass_by(self, scope: Scope, node: Node) -> None:
        """A token that was placed behind `node` by hand goes on."""
        token = self.enter(scope, node)
        try:
            self.depart(scope, node, token)
        except Stuck as stuck:
            self.stick(scope, node, stuck)

    def due(self, token: Token) -> datetime:
        """When the timer `token` was scheduled."""
        return datetime.fromisoformat(token.due) if token.due is not None else self.now

    def end_scope(self, scope: Scope) -> None:
        """Nothing lives in `scope` any more: its host goes on, or the instance ends."""
        interface = scope.unit.interface
        for name in interface.yielded if interface is not None else ():
            if scope.vars.get(name) is None:
                self._stick_at_end(scope, Stuck("data-output-missing", "end", element=scope.unit.id, output=name))
                return
        self.disarm(scope)
        if scope.parent is None:
            self.end("completed", None, self.last_end())
            return
        host = self.state.tokens[scope.token]
        self.drop(scope, "completed")
        call, values = host.node.call, scope.vars
        if interface is not None:
            values = {name: values.get(name) for name in interface.outputs}
        results = values if scope.kind == "call" and call is not None and call.propagate_children else None
        self.finish(host, results, values, scope)

    def _stick_at_end(self, scope: Scope, stuck: Stuck) -> None:
        """`scope` cannot end; the token that came last is stuck, and ends it when it is resumed."""
        left = (fact.node for fact in reversed(self.facts) if isinstance(fact, NodeLeft) and fact.scope == scope.id)
        node = scope.program.nodes[next(left, scope.unit.nodes[-1].id)]
        scope.live = 1
        self.visit = self.number()
        self.stick(scope, node, stuck)

    def drop(self, scope: Scope, outcome: Closing) -> None:
        """`scope` is no more."""
        del self.state.scopes[scope.id]
        if scope.within is not None:
            del scope.within.children[scope.id]
        self.dirty.add(scope.id)
        self.facts.append(ScopeClosed(self.number(), scope.id, outcome))

    def last_end(self) -> str | None:
        """The element where the last token of the process was consumed, be it inside an event sub-process."""
        nodes = self.state.program.nodes
        handler = None
        for fact in reversed(self.facts):
            if not isinstance(fact, NodeLeft):
                continue
            if handler is not None and (fact.scope == 0 or fact.type == "endEvent"):
                return handler if fact.scope == 0 else fact.node
            if fact.scope == 0:
                if nodes[fact.node].trigger is None:
                    return fact.node
                handler = fact.node
        return handler

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

    def prepare_all(self, scope: Scope, node: Node, local: Values | None) -> list[Guard]:
        """Evaluate what the events of `node` wait for; errors and escalations wait for nothing. Raises Stuck."""
        return [
            Guard(node, number, self.prepare(scope, node, event, local))
            for number, event in enumerate(node.events)
            if event.kind in WAITED
        ]

    def prepare(self, scope: Scope, node: Node, event: Event, local: Values | None) -> Any:
        """Evaluate what `event` waits for: a Schedule, (name, key), the name of a signal, None: a condition.

        Raises Stuck.
        """
        if event.condition is not None:
            return None
        context = self.context(scope, local)
        if event.timer is not None:
            value = self.value(event.timer.slot, context)
            calendar = self.calendar(event.timer.calendar)
            try:
                return timers.arm(event.timer.kind, value, self.now, self.env.zone, calendar)
            except (timers.WrongTimer, OverflowError) as error:
                raise Stuck(
                    "timer-invalid", element=node.id, expected=str(error), expression=event.timer.slot.text,
                    read=types_of(event.timer.slot.expression, context),
                ) from None  # fmt: skip
        name = self.value(event.name, context) if event.name is not None else None
        if not isinstance(name, str) or not name:
            raise Stuck(f"{event.kind}-name-missing", element=node.id, expression=event.name.text if event.name else "")
        if event.kind == "signal":
            return name
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

    def arm(self, scope: Scope, guard: Guard, token: int, host: int = 0) -> Token:
        """Open the wait that was prepared for an event."""
        node, definition, what = guard
        if isinstance(what, timers.Schedule):
            waiting = self.wait(scope, node, "timer", token, host=host)
            waiting.definition = definition
            self.schedule(waiting, what)
        elif what is None:
            waiting = self.wait(scope, node, "condition", token, host=host)
            waiting.definition = definition
            self.state.listen(waiting)
            self.touched[token] = None
        elif isinstance(what, str):
            waiting = self.wait(scope, node, "signal", token, host=host)
            waiting.name = what
            self.state.listen(waiting)
            self.facts.append(SubscriptionOpened(self.number(), token, node.id, "signal", what))
        else:
            waiting = self.wait(scope, node, "message", token, host=host)
            name, key = what
            self.facts.append(SubscriptionOpened(self.number(), token, node.id, "message", name, key))
        waiting.definition = definition
        return waiting

    def following(self, token: Token) -> timers.Schedule | None:
        """The next firing of a cycle, None when it is exhausted or the timer fires once. Raises Stuck."""
        if token.cycle is None:
            return None
        event = token.node.events[token.definition]
        calendar = self.calendar(event.timer.calendar if event.timer is not None else None)
        try:
            return timers.again(token.cycle, self.due(token), token.left, self.now, self.env.zone, calendar)
        except timers.WrongTimer as error:
            raise Stuck("timer-invalid", element=token.node.id, expected=str(error)) from None

    def schedule(self, token: Token, schedule: timers.Schedule) -> None:
        """Set the next firing of a timer."""
        token.due = schedule.due.isoformat()
        token.left = schedule.left
        token.cycle = schedule.cycle
        event = token.node.events[token.definition]
        calendar = event.timer.calendar if event.timer is not None else None
        counted = {"calendar": calendar, **schedule.counted} if calendar and schedule.counted else {}
        self.facts.append(TimerArmed(self.number(), token.id, token.node.id, schedule.due, schedule.left, counted))

    def prepare_guards(self, scope: Scope, node: Node, local: Values | None) -> list[Guard]:
        """Evaluate what the boundary events of an activity wait for. Raises Stuck, Overtaken."""
        guards = []
        for boundary in node.boundaries:
            guards.extend(self.prepare_all(scope, boundary, local))
            if boundary.interrupting and not boundary.together:
                for event in boundary.events:
                    if event.condition is not None and self.is_true(event.condition, self.context(scope, local)):
                        raise Overtaken(boundary)
        return guards

    def arm_guards(self, scope: Scope, host: Token, guards: list[Guard]) -> None:
        """Arm them before the work begins."""
        for guard in guards:
            self.arm(scope, guard, self.number(), host.id)

    def close(self, token: Token, outcome: Closing) -> None:
        """The wait is over: its guards, its incident and itself; the visit is not left yet."""
        state = self.state
        for guard in token.guards:
            self.close(state.tokens[guard], "cancelled")
        token.guards = []
        del state.tokens[token.id]
        self.silence(token, outcome)

    def silence(self, token: Token, outcome: Closing) -> None:
        """Nothing is waited for any more."""
        state = self.state
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
            case "signal":
                state.unlisten(token)
                self.facts.append(SubscriptionClosed(self.number(), token.id, token.node.id, outcome))
            case "condition":
                state.unlisten(token)

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
                silent = token.undo is not None and token.undo.then != "go"  # it has no visit, or has left already
                if token.stage != "join" and not silent:  # a join that never fired was never entered
                    self.facts.append(
                        NodeLeft(self.number(), token.id, token.node.id, found.id, token.node.type, "cancelled")
                    )
            self.disarm(found)
            found.held.clear()
            found.fired.clear()
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
        self.declare(scope)
        self.add_scope(scope, host.node)
        self.launch(scope, start, empty)
        return scope

    def add_scope(self, scope: Scope, node: Node) -> None:
        """`scope` begins, for `node`."""
        self.state.scopes[scope.id] = scope
        if scope.within is not None:
            scope.within.children[scope.id] = scope
        self.dirty.add(scope.id)
        called = scope.definition_id if scope.kind == "call" else None
        self.facts.append(ScopeOpened(self.number(), scope.id, scope.kind, node.id, called))

    def launch(self, scope: Scope, start: Node | None = None, empty: bool = False) -> None:
        """Arm the event sub-processes of `scope`, then run its first nodes; when one cannot be armed nothing runs."""
        interface = scope.unit.interface
        for name in interface.needed if interface is not None and not empty else ():
            if scope.vars.get(name) is None:
                stuck = Stuck("data-input-missing", element=scope.unit.id, input=name)
                self.stick_at_beginning(scope, start or scope.unit.starts[0], stuck, start)
                return
        if (scope.unit.handlers and not self._arm_handlers(scope, start)) or empty:
            return
        if start is None:
            scope.live += len(scope.unit.starts)
            for node in scope.unit.starts:
                self.queue.append((scope, node, None))
            return
        scope.live += 1
        if start.incoming:
            self._begin_behind(scope, start)
        token = self.enter(scope, start)
        try:
            self.depart(scope, start, token)
        except Stuck as stuck:
            self.stick(scope, start, stuck)

    def _begin_behind(self, scope: Scope, start: Node) -> None:
        """An event-based gateway begins the instance with `start`; a parallel one waits for its other events too."""
        flow = start.incoming[0]
        gateway = flow.source
        self.leave(scope, gateway, self.enter(scope, gateway), "completed")
        self.state.n = seq = self.state.n + 1
        self.facts.append(FlowTaken(seq, flow.id, scope.id))
        if gateway.together:
            others = [edge for edge in gateway.out if edge.target is not start]
            scope.live += len(others)
            for edge in others:
                self.take(scope, edge)

    def _arm_handlers(self, scope: Scope, start: Node | None) -> bool:
        guards = []
        for handler in scope.unit.handlers:
            trigger = handler.trigger
            assert trigger is not None  # noqa: S101 - compiled
            try:
                guards.extend(self.prepare_all(scope, trigger, None))
            except Stuck as stuck:
                self.stick_at_beginning(scope, trigger, stuck, start)
                return False
        for guard in guards:
            self.arm(scope, guard, self.number(), ON_SCOPE)
        return True

    def arm_again(self, scope: Scope) -> None:
        """Arm the event sub-processes of `scope`, which ended and lives again. Raises Stuck."""
        triggers = [handler.trigger for handler in scope.unit.handlers if handler.trigger is not None]
        for guard in [guard for trigger in triggers for guard in self.prepare_all(scope, trigger, None)]:
            self.arm(scope, guard, self.number(), ON_SCOPE)

    # ------------------------------------------------------------ ends and incidents

    def stick(self, scope: Scope, node: Node, stuck: Stuck, token: Token | None = None, by: Edge | None = None) -> None:
        """The token of this visit, which came along `by`, becomes an incident; everything else goes on."""
        if token is None:
            token = self.wait(scope, node, "incident", self.visit)
        elif token.id not in self.state.tokens:
            self.state.tokens[token.id] = token
        token.wait = "incident"
        token.stage = stuck.stage
        token.vars = stuck.local
        token.results = stuck.results
        token.by = by.id if by is not None else None
        self.raise_incident(token, stuck.code, stuck.detail)

    def stick_at_beginning(self, scope: Scope, node: Node, stuck: Stuck, start: Node | None) -> None:
        """`scope` cannot begin because of `node`; when resumed it begins at `start`."""
        scope.live += 1
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


def _can_be_undone(ended: Scope | None) -> bool:
    """Whether a scope that has completed can be compensated by what it holds."""
    return ended is not None and (bool(ended.log) or ended.unit.compensation is not None)
