"""Definition -> Program. What cannot be compiled is a finding with its element id; nothing is guessed."""

import copy
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

from engine import feel
from engine.bpmn import model, timers
from engine.bpmn.data import copies, needs
from engine.bpmn.graph import exit_mask, reach_masks, routes
from engine.bpmn.model import (
    DataItem,
    Definition,
    EventDefinition,
    Extensions,
    Mapping,
    Process,
    Scope,
    TaskDefinition,
    TimeoutStep,
)
from engine.bpmn.model import Loop as Marker
from engine.bpmn.model import Node as Drawn
from engine.bpmn.outcomes import asked_about
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
    AdHoc,
    Call,
    Declared,
    Edge,
    Event,
    Expression,
    Human,
    Job,
    Loop,
    MappingLine,
    Node,
    Program,
    Reference,
    ScopeProgram,
    Slot,
    Start,
    TimerSpec,
)
from engine.bpmn.steps import Approval, FieldRule
from engine.errors import N_, CannotCompile
from engine.findings import Finding, Level, errors_of

RESERVED = frozenset(("process", "approval"))
CHAINS = frozenset(("managerChain", "deptLeaderChain"))
"""Strategies whose people are asked one after the other unless the drawing says otherwise."""
CHOSEN = frozenset(("initiatorSelect", "previousApproverSelect"))
"""Strategies that ask whom somebody has named."""
COUNTERS = frozenset(
    (
        "loopCounter",
        *("numberOfInstances", "numberOfActiveInstances", "numberOfCompletedInstances", "numberOfTerminatedInstances"),
        *("nrOfInstances", "nrOfActiveInstances", "nrOfCompletedInstances", "nrOfTerminatedInstances"),
    )
)
"""What only a loop writes, within it."""
DEFAULT_ZONE = "UTC"  # only for checking literals; nothing is scheduled here

_OPS = {
    "task": PASS, "manualTask": PASS, "userTask": WORK, "serviceTask": JOB, "receiveTask": CATCH,
    "exclusiveGateway": EXCLUSIVE, "parallelGateway": PARALLEL, "inclusiveGateway": INCLUSIVE,
    "complexGateway": COMPLEX, "eventBasedGateway": EVENT_BASED, "subProcess": SUB,
    "transaction": SUB, "adHocSubProcess": AD_HOC,
    "callActivity": CALL, "startEvent": PASS, "intermediateCatchEvent": CATCH, "boundaryEvent": BOUNDARY,
}  # fmt: skip
_THROWS = {
    "none": END, "message": THROW, "signal": THROW, "escalation": ESCALATE, "error": END_ERROR, "terminate": TERMINATE,
    "compensate": COMPENSATE, "cancel": CANCEL,
}  # fmt: skip
_JOINS = {INCLUSIVE: 2, COMPLEX: 1}
"""gateways that ask what can still come, and how many incoming flows make them do so"""


def compile(definition: Definition, process_id: str | None = None, *, accepted: bool = False) -> Program:
    """The Program of `process_id`, or of the only executable process. Raises CannotCompile.

    `accepted`: the drawing was let in by an earlier version; what the reader says of it today does not stop it.
    """
    process = _choose(definition, process_id)
    errors = [] if accepted else errors_of(definition.findings)
    if process is None:
        raise CannotCompile(
            process_id or definition.resource, errors or [_no_process(definition, process_id)]
        )  # fmt: skip
    compiler = _Compiler(definition, process)
    program = compiler.program()
    errors += [finding for finding in errors_of(compiler.findings) if finding not in errors]
    if errors:
        raise CannotCompile(process.id, errors)
    return program


def _choose(definition: Definition, process_id: str | None) -> Process | None:
    found = [process for process in definition.executable if process_id in (None, process.id)]
    drawn = [process for process in found if not process.is_task]
    return next(iter(drawn or found)) if 1 in (len(drawn), len(found)) else None


def _no_process(definition: Definition, process_id: str | None) -> Finding:
    return Finding(
        "process-not-found", Level.ERROR, process_id,
        N_("Expected one executable process {process}, found: {known}."),
        {"process": process_id or "", "known": ", ".join(process.id for process in definition.executable) or "-"},
        N_("Name the process that is meant."), resource=definition.resource,
    )  # fmt: skip


class _Compiler:
    def __init__(self, definition: Definition, process: Process) -> None:
        self._definition = definition
        self._process = process
        self._nodes: dict[str, Node] = {}
        self._flows: dict[str, Edge] = {}
        self._scopes: dict[str, ScopeProgram] = {}
        self._looks_ahead = any(node.extensions.buttons.get("changeFuture") == "true" for node in process.all_nodes())
        self._asked_about = asked_about(process)
        self._handlers = {node.id for node in process.all_nodes() if node.for_compensation}
        self.findings: list[Finding] = []

    def program(self) -> Program:
        process, extensions = self._process, self._process.extensions
        root = self._scope(process, None)
        self._check_ways_back()
        root.interface = needs(process, process.data, root.declared) if process.specified else None
        return Program(
            process_id=process.id,
            name=process.name or process.id,
            labels=dict(process.labels),
            documentation=process.documentation,
            root=root,
            nodes=self._nodes,
            flows=self._flows,
            scopes=self._scopes,
            starts=() if process.is_task else tuple(self._starts(process)),
            version_tag=extensions.version_tag,
            category=extensions.category,
            numbering=extensions.numbering,
            title=self._slot(process.id, process.line, extensions.title),
            summary=tuple(extensions.summary),
            starters=dict(extensions.starters),
            managers=tuple(extensions.managers),
            print_form=extensions.print_form,
            retention=extensions.retention,
            time_to_live=extensions.time_to_live,
            withdraw=extensions.withdraw or "beforeFirstDecision",
            hooks=tuple(asdict(line) for line in extensions.hooks),
            shown_forms=tuple(_shown_forms(process)),
        )

    # ------------------------------------------------------------ scopes, nodes, flows

    def _scope(self, drawn: Scope, host: Node | None) -> ScopeProgram:
        scope = ScopeProgram(drawn.id, host)
        scope.declared = tuple(self._declared(drawn, item) for item in drawn.data)
        self._scopes[drawn.id] = scope
        nodes = {key: self._node(node, scope) for key, node in drawn.nodes.items()}
        scope.nodes = tuple(nodes.values())
        scope.edges = tuple(
            self._edge(flow.id, number, flow.name, nodes[flow.source], nodes[flow.target])
            for number, flow in enumerate(drawn.flows)
            if flow.source in nodes and flow.target in nodes  # one that dangles is refused by the reader
        )
        for key, node in nodes.items():
            self._connect(node, drawn.nodes[key], nodes)
        self._link(scope, drawn)
        for key, node in nodes.items():
            self._compensate(node, drawn.nodes[key], nodes)
        scope.starts = self._entry(scope)
        scope.handlers = tuple(node for node in scope.nodes if node.op == EVENT_SUB)
        scope.compensation = next((node for node in scope.handlers if _triggered_by(node, "compensate")), None)
        joins = [node for node in scope.nodes if node.op in _JOINS and len(node.incoming) >= _JOINS[node.op]]
        scope.inclusive = bool(joins)
        for node in scope.nodes:
            node.exits = exit_mask(node)
        reach_masks(scope, joins)
        scope.routes = routes(scope)
        return scope

    def _link(self, scope: ScopeProgram, drawn: Scope) -> None:
        """Link events are connected as if a flow were drawn between them."""
        for source, target in drawn.links():
            edge = self._edge(
                f"link:{source.id}:{target.id}", len(scope.edges), "", self._nodes[source.id], self._nodes[target.id]
            )
            edge.drawn = False
            scope.edges = (*scope.edges, edge)
            edge.source.out = (edge,)
            edge.target.incoming = (*edge.target.incoming, edge)

    def _edge(self, key: str, index: int, name: str, source: Node, target: Node) -> Edge:
        edge = Edge(key, index, name, source, target)
        self._flows[key] = edge
        return edge

    def _connect(self, node: Node, drawn: Drawn, nodes: dict[str, Node]) -> None:
        edges = []
        conditional = any(flow.condition is not None and not flow.is_default for flow in drawn.outgoing)
        for flow in drawn.outgoing:
            if flow.id not in self._flows:
                continue
            edge = self._flows[flow.id]
            edge.condition_text = flow.condition
            asks = conditional and not flow.is_default and node.op not in (PARALLEL, EVENT_BASED)
            if asks and flow.condition is not None:
                edge.condition = self._expression(flow.id, flow.line, _formula(flow.condition))
            if conditional and flow.is_default and node.op not in (PARALLEL, EVENT_BASED):
                node.default = edge
            else:
                edges.append(edge)
        node.out = tuple(edges)
        node.completion_quantity = _count(drawn.completion_quantity)
        node.plain = (
            node.default is None and all(edge.condition is None for edge in edges) and node.completion_quantity == 1
        )
        node.incoming = tuple(self._flows[flow.id] for flow in drawn.incoming if flow.id in self._flows)
        node.boundaries = tuple(nodes[key] for key in drawn.boundaries)
        for boundary in node.boundaries:
            boundary.host = node

    def _compensate(self, node: Node, drawn: Drawn, nodes: dict[str, Node]) -> None:
        """A compensation boundary event: its handler runs alone, in a scope of its own."""
        if node.op != BOUNDARY or node.event is None or node.event.kind != "compensate" or node.host is None:
            return
        handler = next((nodes[key] for key in drawn.associated if key in nodes and key in self._handlers), None)
        if handler is None:
            return  # refused by the reader
        if handler.undo is None:
            handler.undo = ScopeProgram(handler.id, handler)
            alone = copy.copy(handler)
            alone.scope, alone.undo = handler.undo, None
            handler.undo.nodes = handler.undo.starts = (alone,)
        node.host.handler = handler
        if node.host.turn is not None:
            node.host.turn.starts[0].handler = handler

    def _entry(self, scope: ScopeProgram) -> tuple[Node, ...]:
        starts = [node for node in scope.nodes if node.type == "startEvent" or node.instantiate]
        nones = tuple(node for node in starts if node.event is None and not node.instantiate)
        if nones or starts:
            return nones
        handlers = self._handlers
        return tuple(
            node
            for node in scope.nodes
            if not node.incoming and node.op not in (BOUNDARY, EVENT_SUB) and node.id not in handlers
        )

    def _node(self, drawn: Drawn, scope: ScopeProgram) -> Node:
        extensions = drawn.extensions
        node = Node(
            id=drawn.id,
            index=len(self._nodes),
            type=drawn.type,
            name=drawn.name or drawn.id,
            op=_OPS.get(drawn.type, PASS),
            labels=dict(drawn.labels),
            line=drawn.line,
            scope=scope,
            interrupting=drawn.interrupting,
            inputs=(*self._mapping(drawn, copies(drawn.data_in)), *self._mapping(drawn, extensions.inputs)),
            outputs=(*self._mapping(drawn, extensions.outputs), *self._mapping(drawn, copies(drawn.data_out))),
            data=needs(drawn, drawn.data, tuple(self._declared(drawn, item) for item in drawn.data)),
        )
        self._nodes[drawn.id] = node
        node.together = drawn.together
        node.instantiate = drawn.instantiate
        if drawn.events:
            node.events = tuple(self._event(drawn, event) for event in drawn.events if event.kind != "link")
        match drawn.type:
            case "userTask":
                node.human = self._human(drawn)
            case "serviceTask":
                self._service(node, drawn)
            case "sendTask":
                self._send(node, drawn)
            case "scriptTask":
                self._script(node, drawn)
            case "businessRuleTask":
                self._decision(node, drawn)
            case "receiveTask" if drawn.message is not None:
                node.events = (self._event(drawn, drawn.message),)
            case "complexGateway":
                self._complex(node, drawn)
            case "callActivity":
                self._call(node, drawn)
            case "intermediateThrowEvent" | "endEvent":
                node.op = self._thrown(node)
            case "intermediateCatchEvent" if not node.events:
                node.op = PASS  # the end of a link
            case "subProcess" | "transaction" | "adHocSubProcess" if drawn.inner is not None:
                node.inner = self._scope(drawn.inner, node)
                if drawn.ad_hoc is not None:
                    node.ad_hoc = self._ad_hoc(drawn, drawn.ad_hoc)
                if drawn.triggered_by_event:
                    node.op = EVENT_SUB
                    node.trigger = next((inner for inner in node.inner.nodes if inner.type == "startEvent"), None)
        node.event = node.events[0] if node.events else None
        if drawn.loop is not None and drawn.extensions.approval is None:
            self._loop(node, drawn, drawn.loop)
        node.start_quantity = _count(drawn.start_quantity)
        if node.start_quantity > 1:
            node.gathered, node.op = node.op, GATHER
        return node

    def _thrown(self, node: Node) -> int:
        if not node.events:
            return PASS if node.type == "intermediateThrowEvent" else END
        kinds = {event.kind for event in node.events}
        return _THROWS.get(kinds.pop(), THROW) if len(node.events) == 1 or kinds == {"escalation"} else THROW

    def _complex(self, node: Node, drawn: Drawn) -> None:
        if drawn.activation is not None:
            node.activation = self._expression(drawn.id, drawn.line, _formula(drawn.activation))
        else:
            node.op = INCLUSIVE  # BPMN 2.0.2, 10.6.5: nothing else says when it fires

    # ------------------------------------------------------------ ad-hoc sub-processes and loops

    def _ad_hoc(self, drawn: Drawn, marker: model.AdHoc) -> AdHoc:
        return AdHoc(
            sequential=marker.ordering == "Sequential",
            cancel_remaining=marker.cancel_remaining,
            manual=drawn.extensions.activation == "manual",
            active=self._formula(drawn, drawn.extensions.active_elements),
            completion=self._formula(drawn, marker.completion),
        )

    def _loop(self, node: Node, drawn: Drawn, marker: Marker) -> None:
        """The activity becomes the loop; what it does goes into its turn."""
        expression = partial(self._formula, drawn)
        node.loop = Loop(
            marker.kind,
            condition=expression(marker.condition),
            test_before=marker.test_before,
            maximum=_count(marker.maximum) if marker.maximum is not None else None,
            cardinality=expression(marker.cardinality),
            collection=expression(marker.collection),
            item=marker.item and self._free_name(drawn, marker.item),
            result=marker.result and self._free_name(drawn, marker.result),
            element=expression(marker.element),
            completion=expression(marker.completion),
            thrown=tuple(
                (expression(condition), self._event(drawn, definition)) for condition, definition in marker.events
            ),
            once=marker.behavior == "One",
        )
        if node.loop.element is not None:
            path = node.loop.element.text.split(".")
            node.loop.private = (path[0],) if all(part.isidentifier() for part in path) else ()
        for line in (*node.inputs, *node.outputs):
            if line.target[0] in COUNTERS:
                self._reserved(drawn, line.target[0])
        turn = node.turn = ScopeProgram(drawn.id, node)
        once = copy.copy(node)
        once.loop = once.turn = None
        once.scope = turn
        turn.nodes = turn.starts = (once,)
        node.op = LOOP
        node.inputs = node.outputs = ()
        node.data = None

    def _formula(self, drawn: Drawn, text: str | None) -> Expression | None:
        return self._expression(drawn.id, drawn.line, _formula(text)) if text is not None else None

    # ------------------------------------------------------------ tasks

    def _service(self, node: Node, drawn: Drawn) -> None:
        if drawn.extensions.task is None:
            self._problem(
                drawn, "operation-missing",
                N_("Expected service task '{element}' to name an operation, but it names none."),
                N_("Choose an operation in its properties."),
            )  # fmt: skip
            return
        node.job = self._job(drawn, drawn.extensions.task)

    def _send(self, node: Node, drawn: Drawn) -> None:
        if drawn.extensions.task is not None:
            node.op = JOB
            node.job = self._job(drawn, drawn.extensions.task)
        elif drawn.message is not None:
            node.op = THROW
            node.events = (self._event(drawn, drawn.message),)
        else:
            self._problem(
                drawn, "message-missing",
                N_("Expected '{element}' to name a message or an operation, but it names none."),
                N_("Choose a message or an operation in its properties."),
            )  # fmt: skip

    def _script(self, node: Node, drawn: Drawn) -> None:
        extensions = drawn.extensions
        if extensions.task is not None:
            node.op = JOB
            node.job = self._job(drawn, extensions.task)
        elif extensions.script is not None:
            node.op = SCRIPT
            node.script = self._expression(drawn.id, drawn.line, _formula(extensions.script.expression))
            node.result = self._free_name(drawn, extensions.script.result_variable)

    def _decision(self, node: Node, drawn: Drawn) -> None:
        extensions = drawn.extensions
        if extensions.task is not None:
            node.op = JOB
            node.job = self._job(drawn, extensions.task)
        elif extensions.decision is not None:
            called = extensions.decision
            node.op = DECISION
            node.result = self._free_name(drawn, called.result_variable)
            slot = self._slot(drawn.id, drawn.line, called.decision_id)
            assert slot is not None  # noqa: S101 - the reader demands it
            node.call = Call(slot, called.binding, called.version_tag, result=called.result_variable)
        else:
            self._problem(
                drawn, "decision-missing",
                N_("Expected business rule task '{element}' to name a decision, but it names none."),
                N_("Choose a decision table in its properties."),
            )  # fmt: skip

    def _call(self, node: Node, drawn: Drawn) -> None:
        called = drawn.call
        if called is not None:
            slot = self._slot(drawn.id, drawn.line, called.process_id)
            assert slot is not None  # noqa: S101 - the reader demands it
            node.call = Call(
                slot, called.binding, called.version_tag, called.propagate_parent, called.propagate_children
            )
        else:
            self._problem(
                drawn, "called-process-missing",
                N_("Expected call activity '{element}' to name a process, but it names none."),
                N_("Choose the called process in its properties."),
            )  # fmt: skip

    def _job(self, drawn: Drawn, task: TaskDefinition) -> Job:
        slot = self._slot(drawn.id, drawn.line, task.type)
        assert slot is not None  # noqa: S101 - the reader demands it
        retry = drawn.extensions.retry
        if retry is None and task.retries is not None:
            if not task.retries.isdigit() or int(task.retries) < 1:
                self._problem(
                    drawn, "retries-wrong",
                    N_("Expected retries of '{element}' to be a whole number from 1, found '{found}'."),
                    N_("Enter how often the operation is tried in all."), found=task.retries,
                )  # fmt: skip
            else:
                retry = f"R{int(task.retries) - 1}/PT1M"
        return Job(slot, retry, drawn.extensions.asynchronous)

    def _check_ways_back(self) -> None:
        """What a task may be sent back to is there."""
        known = {"initiator", "previous", "any", *self._nodes}
        for drawn in self._process.all_nodes():
            rule = drawn.extensions.approval
            back = [*drawn.extensions.returns]
            if rule is not None and (rule.on_reject or "").startswith("return:"):
                back.append(str(rule.on_reject).removeprefix("return:"))
            back += [step.to for step in drawn.extensions.timeout if step.do == "return" and step.to is not None]
            for target in back:
                if target not in known:
                    self._problem(
                        drawn, "return-target-missing",
                        N_("'{element}' goes back to '{target}', which is not in this process."),
                        N_("Choose a task of this process, or: initiator, previous, any."), target=target,
                    )  # fmt: skip

    def _human(self, drawn: Drawn) -> Human:
        extensions = drawn.extensions
        strategy, parameters = self._assignment(drawn, extensions)
        human = Human(
            strategy=strategy,
            parameters=parameters,
            form=self._slot(drawn.id, drawn.line, extensions.form),
            fields=tuple(
                FieldRule(item.id, item.permission, item.required, item.add_rows, item.remove_rows, item.notify)
                for item in extensions.fields
            ),
            default_permission=extensions.default_permission or self._process.extensions.default_permission or "write",
            due=self._slot(drawn.id, drawn.line, extensions.due),
            follow_up=self._slot(drawn.id, drawn.line, extensions.follow_up),
            calendar=extensions.calendar or self._process.extensions.calendar,
            priority=self._slot(drawn.id, drawn.line, extensions.priority),
            buttons=dict(extensions.buttons),
            opinion=extensions.opinion or "onReject",
            phrases=tuple(extensions.phrases),
            signature=extensions.signature or "never",
            on_empty=extensions.on_empty or "processAdmin",
            on_self=extensions.on_self or "ask",
            skip=self._slot(drawn.id, drawn.line, extensions.skip_when),
            dedupe=extensions.dedupe or self._process.extensions.dedupe or "none",
            timeout=tuple(self._timeout(drawn, step) for step in extensions.timeout),
            copies=tuple(asdict(line) for line in extensions.copies),
            hooks=tuple(asdict(line) for line in extensions.hooks),
            chosen=strategy in CHOSEN or self._looks_ahead,
            request=extensions.request,
            returns=tuple(extensions.returns),
            resubmits=tuple(extensions.resubmits),
            compensate=extensions.compensates,
            recall=extensions.recall or "beforeNextDecision",
            managers=tuple(self._process.extensions.managers),
        )
        if extensions.approval is not None:
            rule = extensions.approval
            parameters_of_rule: dict[str, Any] = {item.name: item.value for item in rule.parameters}
            if rule.weights:
                parameters_of_rule["weights"] = {item.name: item.value for item in rule.weights}
            # approvals.md 3: the designer always writes it; absent, a drawing that asks for the outcome routes it
            default = "flow" if drawn.id in self._asked_about else "end"
            mode = rule.mode or ("sequential" if strategy in CHAINS else "any")
            human.approval = Approval(mode, parameters_of_rule, rule.on_reject or default)
            patient = parameters_of_rule.get("branchReject") == "waitOthers"
            if patient and human.approval.on_reject not in ("end", "initiator"):
                self._problem(
                    drawn, "branch-reject-unused",
                    N_("'{element}': branchReject=\"waitOthers\" waits before a rejection ends the request or goes"
                       " back, but onReject is '{found}'."),
                    N_("Choose onReject end or initiator, or remove branchReject."), found=human.approval.on_reject,
                )  # fmt: skip
        human.executor = extensions.executor
        if extensions.policy is not None:
            human.provides = extensions.policy.provides
            human.subject = self._slot(drawn.id, drawn.line, extensions.policy.subject)
            human.subject_type = extensions.policy.subject_type
            if extensions.approval is None:
                self._problem(
                    drawn, "policy-without-approval",
                    N_("'{element}' provides '{capability}', but it is no approval."),
                    N_("Add the approval settings, or remove the capability."), capability=human.provides,
                )  # fmt: skip
        return human

    def _timeout(self, drawn: Drawn, step: TimeoutStep) -> dict[str, Any]:
        """The step with the calendar that `work` means here."""
        found = asdict(step)
        if step.calendar == "work":
            found["calendar"] = drawn.extensions.calendar or self._process.extensions.calendar or "cn"
        try:
            timers.read_timer("duration", step.after, "UTC")
        except timers.WrongTimer:
            self._problem(
                drawn, "timeout-wrong",
                N_("Expected a time limit of '{element}' to be a duration such as PT24H or P2D, found '{found}'."),
                N_("Enter how long to wait."), found=step.after,
            )  # fmt: skip
        return found

    def _assignment(self, drawn: Drawn, extensions: Extensions) -> tuple[str, tuple[tuple[str, Slot], ...]]:
        if extensions.strategy is not None:
            return extensions.strategy.name, self._parameters(drawn, extensions.strategy.parameters)
        given = extensions.assignees
        if given is None:
            return "open", ()
        named = [("users", given.assignee), ("users", given.users), ("groups", given.groups)]
        slots = tuple(
            (name, slot) for name, text in named if (slot := self._slot(drawn.id, drawn.line, text)) is not None
        )
        if given.assignee is not None:
            return "user", slots[:1]
        if given.users is not None:
            return "users", slots
        return ("groups", slots) if slots else ("open", ())

    def _parameters(self, drawn: Drawn, parameters: Any) -> tuple[tuple[str, Slot], ...]:
        found = []
        for parameter in parameters:
            slot = self._slot(drawn.id, drawn.line, parameter.value)
            if slot is not None:
                found.append((parameter.name, slot))
        return tuple(found)

    # ------------------------------------------------------------ events

    def _event(self, drawn: Drawn, definition: EventDefinition) -> Event:
        event = Event(definition.kind, code=definition.code)
        extensions = drawn.extensions
        if definition.kind == "message":
            event.name = self._slot(drawn.id, drawn.line, definition.name)
            throws = drawn.type in ("sendTask", "intermediateThrowEvent", "endEvent")
            key = (extensions.publish_key if throws else extensions.correlation_key) or definition.correlation_key
            event.key = self._slot(drawn.id, drawn.line, key)
            if extensions.publish_ttl is not None:
                event.ttl_seconds = self._ttl(drawn, extensions.publish_ttl)
        elif definition.kind == "signal":
            event.name = self._slot(drawn.id, drawn.line, definition.name)
        elif definition.kind == "conditional" and definition.condition is not None:
            event.condition = self._expression(drawn.id, drawn.line, _formula(definition.condition))
        elif definition.kind == "compensate":
            event.activity, event.wait = definition.ref, definition.wait
        elif definition.kind == "timer" and definition.timer is not None:
            event.timer = self._timer(drawn, definition.timer.kind, definition.timer.text)
        return event

    def _ttl(self, drawn: Drawn, text: str) -> int:
        duration = self._literal_timer(drawn, "duration", text)
        return int(duration.total_seconds()) if hasattr(duration, "total_seconds") else 3600

    def _timer(self, drawn: Drawn, kind: str, text: str) -> TimerSpec | None:
        slot = self._slot(drawn.id, drawn.line, text)
        if slot is None:
            return None
        if slot.expression is None:
            self._literal_timer(drawn, kind, text)
        return TimerSpec(kind, slot, drawn.extensions.calendar or self._process.extensions.calendar)

    def _literal_timer(self, drawn: Drawn, kind: str, text: str) -> Any:
        try:
            return timers.read_timer(kind, text, DEFAULT_ZONE)
        except timers.WrongTimer as error:
            self._problem(
                drawn, "timer-wrong", N_("Timer of '{element}': expected {expected}."),
                N_("Write it in ISO 8601, or an expression after '='."), expected=str(error),
            )  # fmt: skip
            return None

    def _starts(self, process: Process) -> list[Start]:
        found: list[Start] = []
        entry = {node.id for node in self._scopes[process.id].starts}
        for node in process.nodes.values():
            compiled = self._nodes[node.id]
            form = node.extensions.form
            if node.type == "eventBasedGateway" and node.instantiate:
                for edge in compiled.out:
                    found.extend(_start(edge.target, event) for event in edge.target.events)
            elif compiled.events and (node.type == "startEvent" or node.instantiate):
                found.extend(_start(compiled, event, form) for event in compiled.events)
            elif node.type == "startEvent" or node.id in entry:
                found.append(Start(node.id, "none", form=form))
        return found

    # ------------------------------------------------------------ expressions

    def _mapping(self, drawn: Drawn, lines: list[Mapping]) -> tuple[MappingLine, ...]:
        found = []
        for line in lines:
            slot = self._slot(drawn.id, drawn.line, line.source) or Slot("")
            path = tuple(part.strip() for part in line.target.split("."))
            if not all(path):
                self._problem(
                    drawn, "mapping-target-wrong", N_("'{element}': '{found}' is not a name or a path like a.b."),
                    N_("Correct the target of the mapping."), found=line.target,
                )  # fmt: skip
                continue
            self._free_name(drawn, path[0])
            found.append(MappingLine(slot, path))
        return tuple(found)

    def _declared(self, drawn: Drawn | Scope, item: DataItem) -> Declared:
        self._free_name(drawn, item.name)
        return Declared(item.name, self._slot(item.id, item.line, item.initial))

    def _free_name(self, drawn: Drawn | Scope, name: str) -> str:
        if name in RESERVED:
            self._reserved(drawn, name)
        return name

    def _reserved(self, drawn: Drawn | Scope, name: str) -> None:
        self._problem(
            drawn, "reserved-name", N_("'{element}' writes '{found}', which only the engine writes."),
            N_("Choose another name."), found=name,
        )  # fmt: skip

    def _slot(self, element: str, line: int | None, text: str | None) -> Slot | None:
        if text is None:
            return None
        stripped = text.strip()
        if not stripped.startswith("="):
            return Slot(text)
        return Slot(text, self._expression(element, line, stripped[1:]))

    def _expression(self, element: str, line: int | None, text: str) -> Expression | None:
        try:
            return Expression(text.strip(), feel.compile(text.strip()))
        except feel.FeelSyntaxError as error:
            self.findings.append(
                Finding(
                    "expression-invalid", Level.ERROR, element,
                    N_("'{element}': the expression is not FEEL. Expected {expected} at "
                       "position {position}, found {found}: {text}"),
                    {"element": element, **error.facts}, N_("Correct the expression."),
                    line=line, resource=self._definition.resource,
                )
            )  # fmt: skip
            return None

    def _problem(self, drawn: Drawn | Scope, rule: str, message: str, hint: str, **facts: Any) -> None:
        name, line = getattr(drawn, "name", "") or drawn.id, getattr(drawn, "line", None)
        self.findings.append(
            Finding(
                rule, Level.ERROR, drawn.id, message, {"element": drawn.id, "name": name, **facts}, hint, line=line,
                resource=self._definition.resource,
            )
        )  # fmt: skip


def _shown_forms(process: Process) -> Iterator[Reference]:
    for node in process.all_nodes():
        found = node.extensions
        if found.form is not None:
            form = None if found.form.startswith("=") else found.form
            yield Reference(node.id, form, found.form_binding, found.form_tag)


def _start(node: Node, event: Event, form: str | None = None) -> Start:
    name = event.name.text if event.name is not None else None
    return Start(node.id, event.kind, name, form, event.timer, event.condition)


def _triggered_by(handler: Node, kind: str) -> bool:
    return handler.trigger is not None and handler.trigger.event is not None and handler.trigger.event.kind == kind


def _count(text: str) -> int:
    """What is no number is refused by the reader."""
    return int(text) if text.isdecimal() else 1


def _formula(text: str) -> str:
    """Slots that always hold FEEL may leave the leading `=` out."""
    return text.strip().removeprefix("=")
