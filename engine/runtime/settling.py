"""settle(): the one place where a Step becomes rows, and waits that need nobody are answered at once."""

from collections import deque
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete
from sqlalchemy.exc import DBAPIError

from engine import approvals, bpmn, calls, crash, history, incidents, operations, policy, repository, retrying, values
from engine.bpmn.program import CALL
from engine.bpmn.steps import (
    ArrivalRestored,
    ArrivalWithdrawn,
    Compensated,
    DecisionEvaluated,
    Diagnostic,
    ErrorThrown,
    EscalationThrown,
    Fact,
    FlowTaken,
    IncidentRaised,
    IncidentResolved,
    InstanceEnded,
    JobClosed,
    JobOpened,
    MessageThrown,
    Migrated,
    Moved,
    NodeEntered,
    NodeLeft,
    ScopeOpened,
    SignalThrown,
    Step,
    SubscriptionClosed,
    SubscriptionOpened,
    TimerArmed,
    TimerDisarmed,
    VariablesChanged,
    WorkClosed,
    WorkOpened,
)
from engine.db.instance import Instance, Status
from engine.db.job import IncidentKind, JobKind
from engine.db.subscription import subscription
from engine.errors import BusinessError, EngineError, StaleInstance
from engine.ids import uuid7
from engine.operations import Operation, OperationCall, UnknownOperation
from engine.runtime import codec, correlation, following, later, previewing, rejecting, reopening
from engine.runtime.environment import beside, env, load
from engine.runtime.watching import watcher
from engine.unit_of_work import UnitOfWork

_unsubscribe = delete(subscription).where(
    subscription.c.instance_id == bindparam("of"), subscription.c.token == bindparam("waiting")
)
_ENDED_BY_PEOPLE = {
    "rejected": Status.REJECTED,
    "withdrawn": Status.WITHDRAWN,
    "voided": Status.VOIDED,
}
_INCIDENT_KINDS = {
    "retries-spent": IncidentKind.RETRIES_SPENT,
    "outcome-unknown": IncidentKind.OUTCOME_UNKNOWN,
    "policy-hold": IncidentKind.POLICY_HOLD,
    "poison": IncidentKind.POISON,
}
_QUIET = ("exclusiveGateway", "inclusiveGateway", "parallelGateway", "complexGateway", "eventBasedGateway")


def settle(uow: UnitOfWork, instance: Instance, step: Step) -> None:
    """Write a step down. The caller holds the lock on `instance`; nothing is committed here."""
    pending: deque[WorkOpened | JobOpened] = deque()  # waits that need nobody, oldest first
    opened: list[SubscriptionOpened] = []
    instance.cache.setdefault("without_row", set())
    answers, began, looking = 0, perf_counter(), watcher()
    while True:
        instance.state = step.state
        if looking is not None:
            looking.stepped(instance, step)
        for fact in step.facts:
            if _apply(uow, instance, fact, opened):
                pending.append(fact)  # type: ignore[arg-type]
        while pending and not bpmn.is_open(step.state, pending[0].token):
            pending.popleft()  # an earlier answer has cancelled it: do not run it
        at_rest = instance.status is Status.SUSPENDED  # an administrator moves it: nothing is performed
        if not pending or at_rest or answers >= uow.settings.inline_nodes or _spent(uow, began):
            break
        answers += 1
        step = answer(uow, instance, pending.popleft())
    for fact in pending:  # the rest goes on in jobs
        if bpmn.is_open(step.state, fact.token):
            _postpone(uow, instance, fact)
    rejecting.look(uow, instance)
    describe(uow, instance)
    crash.here("settle")
    _store(uow, instance)
    correlation.take_waiting(uow, instance, [fact for fact in opened if bpmn.is_open(instance.state, fact.token)])


def empty(uow: UnitOfWork, instance: Instance) -> None:
    """Take away what an ended instance holds of its forms: variables, title, summary. What it did stays."""
    for scope in load(uow, instance).scopes.values():
        scope.vars, scope.log, scope.progress = {}, [], None
    instance.title, instance.summary = "", None
    _store(uow, instance)


def describe(uow: UnitOfWork, instance: Instance) -> None:
    """Title and key fields of the instance as its variables stand now."""
    program = instance.state.program
    if program.title is None and not program.summary:
        return
    known = bpmn.variables(instance.state)
    around = env(uow, instance)
    title = program.title_of(
        known, around.process, now=uow.now, zone=around.zone, calendar=around.calendar, people=around.people
    )
    instance.title = title or instance.title
    fields = {name: known[name] for name in program.summary if name in known}
    instance.summary = {**(instance.summary or {}), **fields}


def _store(uow: UnitOfWork, instance: Instance) -> None:
    tokens = instance.state.tokens
    kept = beside(uow, instance)
    kept.since = {token: at for token, at in kept.since.items() if token in tokens}
    instance.stored, parts = codec.encode(instance.state, kept)
    instance.parts |= parts
    instance.codec, instance.dirty = codec.CODEC, True


def answer(uow: UnitOfWork, instance: Instance, fact: WorkOpened | JobOpened) -> Step:
    """Answer a wait that needs nobody."""
    if isinstance(fact, WorkOpened):
        outcome = approvals.outcome_of(uow, instance, fact.token)
        if outcome.ends_instance and outcome.patient and rejecting.waits(uow, instance, fact.token):
            return rejecting.hold(uow, instance, fact.token, "end", outcome.routing)
        if outcome.ends_instance:
            return bpmn.reject(instance.state, fact.token, now=uow.now, env=env(uow, instance))
        return complete(uow, instance, fact.token, {}, outcome.routing)
    call = OperationCall(uuid7(), instance.id, fact.node)
    try:
        outputs = calls.perform(uow, operations.get(fact.type), fact.inputs, call, instance, first=True)
    except BusinessError as error:
        return refused(uow, instance, fact.token, error)
    except StaleInstance:
        raise
    except EngineError as error:
        return failed(uow, instance, fact.token, error.code, error, fact.type)
    except Exception as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        return _try_later(uow, instance, fact, call.key, error)
    return complete(uow, instance, fact.token, outputs)


def complete(
    uow: UnitOfWork, instance: Instance, token: int, outputs: values.Values, outcome: values.Values | None = None
) -> Step:
    """The machine goes on with an answer."""
    return bpmn.complete(instance.state, token, outputs, now=uow.now, env=env(uow, instance), outcome=outcome)


def refused(uow: UnitOfWork, instance: Instance, token: int, error: BusinessError) -> Step:
    """A business refusal is a BPMN error that the drawing may catch."""
    facts = values.normalise(error.facts)
    return bpmn.throw_error(instance.state, token, error.code, facts, now=uow.now, env=env(uow, instance))


def failed(uow: UnitOfWork, instance: Instance, token: int, code: str, error: Exception, operation: str) -> Step:
    """What another try cannot help: an incident; the token stays."""
    detail = incidents.detail_of(error, operation)
    return bpmn.fail(instance.state, token, code, detail, now=uow.now, env=env(uow, instance))


def runs_inline(fact: JobOpened) -> bool:
    """Whether the operation is performed in this transaction: known, in-process, not guarded, not asynchronous."""
    try:
        operation: Operation = operations.get(fact.type)
    except UnknownOperation:
        return False
    return not (operation.external or operation.guarded_by or fact.asynchronous)


def _spent(uow: UnitOfWork, began: float) -> bool:
    return (perf_counter() - began) * 1000 > uow.settings.inline_ms


def _apply(uow: UnitOfWork, instance: Instance, fact: Fact, opened: list[SubscriptionOpened]) -> bool:
    """Turn one fact into rows; True if the wait it opened can be answered at once."""
    without_row: set[int] = instance.cache["without_row"]
    match fact:
        case FlowTaken():
            pass
        case NodeEntered():
            beside(uow, instance).since[fact.token] = uow.now
        case NodeLeft():
            _record_visit(uow, instance, fact)
        case WorkOpened():
            return reopening.open_round(uow, instance, fact, lambda: previewing.asked_later(uow, instance, fact))
        case WorkClosed():
            approvals.close_round(uow, instance, fact)
            if fact.token in beside(uow, instance).held:
                later.remove(uow, instance, fact.token)
        case JobOpened():
            if runs_inline(fact):
                without_row.add(fact.token)
                return True
            put_service(uow, instance, fact)
        case TimerArmed():
            payload = {"node": fact.node, "due": fact.due}
            if fact.counted:
                payload["counted"] = fact.counted
            calendar = fact.counted.get("calendar")
            later.put(
                uow, JobKind.TIMER, "timer", payload, instance_id=instance.id, token=fact.token, at=fact.due,
                calendar=calendar,
            )  # fmt: skip
            texts = {history.VALUES: values.stored_json({"due": fact.due})}
            history.record(uow, instance, fact.kind, node=fact.node, texts=texts)
        case JobClosed() | TimerDisarmed():
            if fact.token not in without_row:
                later.remove(uow, instance, fact.token)
        case SubscriptionOpened():
            correlation.subscribe(uow, instance, fact)
            opened.append(fact)
            _record_with_key(uow, instance, fact)
        case SubscriptionClosed():
            uow.queue(_unsubscribe, {"of": instance.id, "waiting": fact.token})
        case MessageThrown():
            payload = {"name": fact.name, "key": fact.key, "payload": fact.payload, "ttl": fact.ttl_seconds}
            later.put(uow, JobKind.MESSAGE, "publish", {**payload, "from": str(instance.id)})
            _record_with_key(uow, instance, fact)
        case SignalThrown():
            payload = {"name": fact.name, "payload": fact.payload}
            later.put(uow, JobKind.MESSAGE, "signal", {**payload, "from": str(instance.id)})
            history.record(uow, instance, fact.kind, node=fact.node, data={"name": fact.name})
        case IncidentRaised():
            _raise(uow, instance, fact)
        case IncidentResolved():
            incidents.close_number(uow, instance, fact.incident, fact.outcome)
        case InstanceEnded():
            _end(uow, instance, fact)
        case Migrated():
            following.follow(uow, instance, fact)
        case _:
            _record_trace(uow, instance, fact)
    return False


def _record_with_key(uow: UnitOfWork, instance: Instance, fact: SubscriptionOpened | MessageThrown) -> None:
    texts = None if fact.key is None else {history.VALUES: values.stored_json({"key": fact.key})}
    history.record(uow, instance, fact.kind, node=fact.node, data={"name": fact.name}, texts=texts)


def _record_trace(uow: UnitOfWork, instance: Instance, fact: Fact) -> None:
    match fact:
        case ScopeOpened():
            if fact.scope_kind != "turn":  # the visit of its activity says it all
                data = {"scope": fact.scope, "kind": fact.scope_kind, "definition": fact.definition}
                history.record(uow, instance, fact.kind, node=fact.node, data=data)
        case Compensated():
            if fact.phase != "logged":
                history.record(uow, instance, f"compensation.{fact.phase}", node=fact.node)
        case ErrorThrown() | EscalationThrown():
            data = {"code": fact.code, "caught_by": fact.caught_by}
            history.record(uow, instance, fact.kind, node=fact.node, data=data)
        case DecisionEvaluated():
            data = {"decision": fact.decision, "rules": list(fact.rules)}
            read = {"inputs": fact.inputs, "result": fact.result, "why": list(fact.why)}
            texts = {history.VALUES: values.stored_json(read)}
            history.record(uow, instance, fact.kind, node=fact.node, data=data, texts=texts)
        case VariablesChanged():
            history.record(uow, instance, fact.kind, data={"scope": fact.scope, "names": list(fact.names)})
        case Moved():
            data = {"scope": fact.scope, "from": list(fact.origin)}
            history.record(uow, instance, fact.kind, node=fact.node, data=data)
        case ArrivalRestored() | ArrivalWithdrawn():
            history.record(uow, instance, fact.kind, data={"scope": fact.scope, "flow": fact.flow})
        case Diagnostic():
            texts = {history.VALUES: values.stored_json(fact.detail)}
            history.record(uow, instance, fact.kind, node=fact.node, data={"code": fact.code}, texts=texts)


def _record_visit(uow: UnitOfWork, instance: Instance, fact: NodeLeft) -> None:
    began = beside(uow, instance).since.pop(fact.token, uow.now)
    data = None if fact.outcome == "completed" else {"outcome": fact.outcome}
    if fact.type in _QUIET:
        history.record(uow, instance, fact.kind, node=fact.node, data=data)
    else:
        history.record(uow, instance, fact.kind, node=fact.node, data=data, token=fact.token, started_at=began)


def put_service(
    uow: UnitOfWork, instance: Instance, fact: JobOpened, *, key: UUID | None = None, attempts: int = 0,
    **more: Any,
) -> UUID:  # fmt: skip
    """A service operation as a job; its inputs are frozen now."""
    instance.cache["without_row"].discard(fact.token)
    return later.put(
        uow, JobKind.SERVICE, fact.type, {"node": fact.node, "inputs": fact.inputs}, instance_id=instance.id,
        token=fact.token, retry=fact.retry, key=key, attempts=attempts, **more,
    )  # fmt: skip


def _postpone(uow: UnitOfWork, instance: Instance, fact: WorkOpened | JobOpened) -> None:
    if isinstance(fact, JobOpened):
        put_service(uow, instance, fact)
    else:
        outcome = approvals.outcome_of(uow, instance, fact.token)
        payload = {"routing": outcome.routing, "ends": outcome.ends_instance, "patient": outcome.patient}
        later.put(uow, JobKind.CONTINUATION, "round", payload, instance_id=instance.id, token=fact.token)


def _try_later(uow: UnitOfWork, instance: Instance, fact: JobOpened, key: UUID, error: Exception) -> Step:
    """The first attempt is used up; the wait goes on as a job, or as an incident when there is no second one."""
    pause = retrying.pause(fact.retry or uow.settings.job_retry, 1, key)
    text = f"{type(error).__name__}: {error}"[:2000]
    if pause is None:
        return failed(uow, instance, fact.token, "retries-spent", error, fact.type)
    put_service(uow, instance, fact, key=key, attempts=1, at=uow.now + pause, last_error=text)
    data = {"operation": fact.type}
    history.record(uow, instance, "operation.failed", node=fact.node, data=data, texts={"error": text})
    return Step(instance.state, [])


def _raise(uow: UnitOfWork, instance: Instance, fact: IncidentRaised) -> None:
    default = IncidentKind.EXPRESSION if "expression" in fact.detail else IncidentKind.PROCESS
    told = fact.detail.get("message") or " ".join(
        text.format(**facts) for text, facts in incidents.sentences(fact.code, fact.detail)
    )
    told = told or ", ".join(f"{name}: {value}" for name, value in fact.detail.items())
    incidents.raise_incident(
        uow, instance, _INCIDENT_KINDS.get(fact.code, default), fact.code, str(told), node=fact.node,
        number=fact.incident, job_id=instance.cache.pop("failing_job", None), detail=fact.detail,
    )  # fmt: skip


def _end(uow: UnitOfWork, instance: Instance, fact: InstanceEnded) -> None:
    match fact.how:
        case "failed":
            status = Status.FAILED
        case "cancelled":
            status = _ENDED_BY_PEOPLE.get(fact.code or "", Status.TERMINATED)
        case _:
            status = _ENDED_BY_PEOPLE.get(_last_word(fact.code or fact.node), Status.COMPLETED)
    if instance.status is Status.SUSPENDED:
        later.thaw(uow, instance)  # a message on its way to it goes back to the others
    instance.status, instance.ended_at, instance.ended_code = status, uow.now, fact.code or fact.node
    if status is not Status.COMPLETED:  # nobody pays elsewhere for what was not wanted, or came to nothing
        policy.undo_all(uow, instance.id, status.name.lower())
    elif _counts(uow, instance):
        policy.undo_rejected(uow, instance.id)
    incidents.close_all(uow, instance, "ended")
    if beside(uow, instance).by_key:
        correlation.started_has_ended(uow, instance)
    data = {"how": fact.how, "code": instance.ended_code, "status": status.name.lower()}
    history.record(uow, instance, fact.kind, data=data)
    if (over := repository.released_from(uow, instance)) is not None:
        later.put(uow, JobKind.MAINTENANCE, repository.RELEASE_DUE, {"instance": str(instance.id)}, at=over)


def _counts(uow: UnitOfWork, instance: Instance) -> bool:
    """Whether an approval in it may count for a policy, as far as its drawing says."""
    nodes = repository.program(uow, instance.definition_id).nodes.values()
    return any(node.op == CALL or (node.human is not None and node.human.provides is not None) for node in nodes)


def _last_word(node: str | None) -> str:
    """End events named `rejected`, `End_rejected`: what the requester sees."""
    return (node or "").rpartition("_")[2].lower()
