"""Tasks of every kind, sub-processes and calls: what happens when a token arrives."""

from decimal import Decimal
from typing import Any

from engine.bpmn import chosen, timers
from engine.bpmn.machine import decisions
from engine.bpmn.machine.core import Run
from engine.bpmn.machine.evaluation import Stuck, failure, given
from engine.bpmn.program import Edge, Human, Node, Program, Slot
from engine.bpmn.state import Scope, Token
from engine.bpmn.steps import Assignment, Capability, JobOpened, Work, WorkOpened
from engine.errors import EngineError
from engine.values import Values

CALL_DEPTH_LIMIT = 50


def pass_on(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """Undefined and manual tasks, none events, merges: recorded, and on."""
    token = run.enter(scope, node)
    local = run.map_in(scope, node)
    if node.boundaries:
        run.prepare_guards(scope, node, local)
    if node.handler is not None or node.outputs or node.data is not None:
        run.conclude(scope, node, token, local, {})
        return
    run.depart(scope, node, token, local)


def work(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """A user task waits for people."""
    token, local, waiting = arrive(run, scope, node, "work")
    asked = _work(run, scope, node, local)
    waiting(local)
    run.facts.append(WorkOpened(run.number(), token, node.id, scope.id, asked))


def job(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """A service task waits for its operation."""
    called = node.job
    assert called is not None  # noqa: S101 - compiled
    token, local, waiting = arrive(run, scope, node, "job")
    kind = run.value(called.type, run.context(scope, local))
    if not isinstance(kind, str) or not kind:
        raise Stuck("operation-unknown", expression=called.type.text)
    waiting(local)
    run.facts.append(
        JobOpened(run.number(), token, node.id, scope.id, kind, given(node, local), called.retry, called.asynchronous)
    )


def script(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """FEEL, evaluated in the step. A null that comes from an error is an incident, not a value."""
    token = run.enter(scope, node)
    expression, result = node.script, node.result
    assert expression is not None and result is not None  # noqa: S101, PT018 - compiled
    local = run.map_in(scope, node)
    if node.boundaries:
        run.prepare_guards(scope, node, local)
    context = run.context(scope, local)
    value, diagnostics = run.evaluate(expression, context)
    if value is None and diagnostics:
        raise Stuck("expression-failed", **failure(expression, context, value, diagnostics))
    run.conclude(scope, node, token, local, {result: value})


def sub_process(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """An embedded sub-process: a scope of its own in the same program."""
    _, local, waiting = arrive(run, scope, node, "scope")
    assert node.inner is not None  # noqa: S101 - compiled
    host = waiting(None)
    run.open_scope("sub", host, scope.program, scope.definition_id, node.inner, local or {})


def call(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """A called process: a scope in the same state that runs another program and sees nothing but its inputs."""
    _, local, waiting = arrive(run, scope, node, "scope")
    called = node.call
    assert called is not None  # noqa: S101 - compiled
    context = run.context(scope, local)
    process_id = run.value(called.id, context)
    if not isinstance(process_id, str):
        raise Stuck("called-process-unknown", expression=called.id.text)
    definition_id, program = _program(run, scope, node, process_id)
    if not program.root.starts:
        raise Stuck("called-process-no-start", process=process_id)
    if _call_depth(scope) >= CALL_DEPTH_LIMIT:
        raise Stuck("call-depth", process=process_id, limit=CALL_DEPTH_LIMIT)
    values = given(node, local)
    if called.propagate_parent:
        values = given(node, {name: value for name, value in context.items() if name not in ("process", "approval")})
    interface = program.root.interface
    if interface is not None:
        values = {name: values[name] for name in interface.inputs if name in values}
    run.open_scope("call", waiting(None), program, definition_id, program.root, values)


def open_empty(run: Run, scope: Scope, node: Node) -> Scope:
    """Sub-process `node` begins without its starts: whoever moves tokens by hand places them. Raises Stuck."""
    _, local, waiting = arrive(run, scope, node, "scope")
    assert node.inner is not None  # noqa: S101 - compiled
    host = waiting(None)
    return run.open_scope("sub", host, scope.program, scope.definition_id, node.inner, local or {}, empty=True)


# ---------------------------------------------------------------- arrival


def arrive(run: Run, scope: Scope, node: Node, kind: str) -> tuple[int, Values | None, Any]:
    """Visit, input mapping, boundary events evaluated. The returned function opens the wait and arms them."""
    token = run.enter(scope, node)
    local = run.map_in(scope, node)
    guards = run.prepare_guards(scope, node, local) if node.boundaries and run.adopted is None else []

    def waiting(values: Values | None) -> Token:
        host = run.wait(scope, node, kind, token, values)
        if guards:
            run.arm_guards(scope, host, guards)
        return host

    return token, local, waiting


def _program(run: Run, scope: Scope, node: Node, process_id: str) -> tuple[str, Program]:
    assert node.call is not None  # noqa: S101 - compiled
    if node.call.binding != "latest":
        bound = scope.program.called(node.call, process_id)
        if bound is None and process_id == scope.program.process_id:
            return scope.definition_id, scope.program  # a process that calls itself stays in its version
        if bound is None:
            raise Stuck("called-process-unbound", process=process_id, binding=node.call.binding)
        return bound
    try:
        return run.env.programs(process_id)
    except (LookupError, EngineError) as error:
        raise Stuck("called-process-missing", process=process_id, reason=str(error)) from None


def _call_depth(scope: Scope) -> int:
    depth = 0
    part: Scope | None = scope
    while part is not None:
        depth += part.kind == "call"
        part = part.parent
    return depth


# ---------------------------------------------------------------- people


def _work(run: Run, scope: Scope, node: Node, local: Values | None) -> Work:
    human = node.human
    assert human is not None  # noqa: S101 - compiled
    context = run.context(scope, local)
    form = run.value(human.form, context, node, "form") if human.form is not None else None
    counted: dict[str, Any] = {}
    return Work(
        name=node.name,
        assignment=_assignment(run, node, human, context),
        approval=human.approval,
        form=form if isinstance(form, str) else None,
        fields=human.fields,
        default_permission=human.default_permission,
        due=_moment(run, human.due, context, "due-not-a-date", human.calendar, ("due", counted)),
        follow_up=_moment(
            run, human.follow_up, context, "follow-up-not-a-date", human.calendar, ("follow_up", counted)
        ),
        priority=_priority(run, human.priority, context),
        buttons={**human.buttons, **({"phrases": list(human.phrases)} if human.phrases else {})},
        opinion=human.opinion,
        signature=human.signature,
        on_empty=human.on_empty,
        on_self=human.on_self,
        skip=_skipped(run, human, context),
        dedupe=human.dedupe,
        timeout=list(human.timeout),
        copies=list(human.copies),
        hooks=list(human.hooks),
        chosen=human.chosen,
        capability=_capability(run, scope, node, human, context),
        executor=human.executor,
        labels=node.labels,
        request=human.request,
        returns=human.returns,
        resubmits=human.resubmits,
        compensate=human.compensate,
        recall=human.recall,
        managers=list(human.managers),
        counted=counted and {"calendar": human.calendar, "since": run.now, **counted},
    )


def _skipped(run: Run, human: Human, context: Values) -> str:
    """The condition under which the task is skipped, when it holds; null and anything but true do not skip it."""
    if human.skip is None or run.value(human.skip, context) is not True:
        return ""
    return human.skip.text.removeprefix("=").strip()


def _assignment(run: Run, node: Node, human: Human, context: Values) -> Assignment:
    values: dict[str, Any] = {}
    for name, slot in human.parameters:
        value = run.value(slot, context, node, "assignment")
        if name in ("users", "groups"):
            values[name] = values.get(name, []) + _people(slot, value)
        else:
            values[name] = value
    if human.strategy == "decision":
        values["decided"] = decisions.value_of(run, values.get("decisionId"), context)
    return Assignment(human.strategy, values)


def _people(slot: Slot, value: Any) -> list[Any]:
    """A list; text is split at commas when it was written as text."""
    if value is None:
        return []
    if isinstance(value, list):
        return [item for item in value if item is not None]
    if slot.expression is None and isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [value]


def _moment(
    run: Run, slot: Slot | None, context: Values, code: str, calendar: str | None, kept: tuple[str, dict[str, Any]]
) -> Any:  # fmt: skip
    """`kept`: where the duration is written that was counted by the calendar, and its name there."""
    if slot is None:
        return None
    value = run.value(slot, context)
    if value is None and slot.expression is None:
        return None
    duration = timers.duration_of(value)
    if calendar is not None and duration is not None:
        kept[1][kept[0]] = duration
    try:
        return timers.moment_of(value, run.now, run.env.zone, run.calendar(calendar))
    except (timers.WrongTimer, OverflowError) as error:
        if run.env.guesses:
            return None
        detail = failure(slot.expression, context, value, []) if slot.expression is not None else {}
        raise Stuck(code, expected=str(error), **detail) from None


def _priority(run: Run, slot: Slot | None, context: Values) -> int:
    if slot is None:
        return 50
    value = run.value(slot, context)
    if isinstance(value, str) and value.strip().isdigit():
        return min(int(value), 100)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return max(0, min(int(value), 100))
    raise Stuck("priority-not-a-number", expression=slot.text)


def _capability(run: Run, scope: Scope, node: Node, human: Human, context: Values) -> Capability | None:
    if human.provides is None:
        return None
    subject = run.value(human.subject, context, node, "policy") if human.subject is not None else None
    named = chosen.by_requester(node, scope.program.nodes, lambda key: decisions.known(run, key))
    return Capability(human.provides, None if subject is None else str(subject), human.subject_type, named)
