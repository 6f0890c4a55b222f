"""What a claimed job does, and what becomes of it when it fails."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import bindparam, update
from sqlalchemy.exc import DBAPIError

from engine import (
    audit,
    batches,
    calls,
    crash,
    incidents,
    messages,
    notices,
    operations,
    outbox,
    policy,
    recounting,
    repository,
    retrying,
    runtime,
    tasks,
)
from engine.db import rows
from engine.db.base import UtcDateTime
from engine.db.instance import Instance, Status
from engine.db.job import IncidentKind, JobKind, JobState, job
from engine.errors import (
    BusinessError,
    EngineError,
    NotFound,
    OutboundRefused,
    OutcomeUnknown,
    PolicyHold,
    StaleInstance,
    Suspended,
)
from engine.jobs.leasing import Claimed, Fenced, claim, fence, give_back, hasten, keep, release
from engine.notices import hooks
from engine.operations import Operation, OperationCall
from engine.outbound import Outbound, OutboundFailed
from engine.process_engine import ProcessEngine
from engine.runtime import later, rejecting
from engine.unit_of_work import Actor, UnitOfWork
from engine.values import Values

RUNNER = Actor(None, source="job")
UPSTAIRS: dict[str, Callable[[ProcessEngine], Callable[[UnitOfWork], None]]] = {}
"""Maintenance that a room above does, by handler: it looks, and gives back what is to be written."""
_TROUBLE = timedelta(seconds=1)
_TRANSIENT = ("40001", "40P01", "55P03", "57014", "57P01", "08006")
"""SQLSTATE: serialisation, deadlock, lock timeout, cancelled, server stopping, connection lost"""

_mine = (job.c.id == bindparam("row"), job.c.lock_token == bindparam("lease"))
_again = update(job).where(*_mine).values(visible_at=bindparam("until", type_=UtcDateTime), lock_token=None)
_bury = update(job).where(*_mine).values(state=int(JobState.DEAD), lock_token=None)


class Result(StrEnum):
    """What became of a job."""

    DONE = "done"
    RETRY = "retry"
    DEAD = "dead"
    FENCED = "fenced"
    RELEASED = "released"


def execute(engine: ProcessEngine, claimed: Claimed) -> Result:
    """Run a claimed job in this thread; whatever goes wrong is written down, nothing is raised but lost databases."""
    if claimed.attempts > len(retrying.delays(claimed.retry)) + 1:
        return _give_up(engine, claimed, "poison", RuntimeError("the runner died each time"), IncidentKind.POISON)
    try:
        _run(engine, claimed)
    except Fenced:
        return Result.FENCED
    except Suspended:
        return _wait_with_instance(engine, claimed)
    except notices.NotYet as error:
        release(engine, [claimed], after=error.pause)
        return Result.RELEASED
    except PolicyHold as error:
        return _give_up(engine, claimed, "policy-hold", error, IncidentKind.POLICY_HOLD)
    except OutcomeUnknown as error:
        return _give_up(engine, claimed, "outcome-unknown", error, IncidentKind.OUTCOME_UNKNOWN)
    except Exception as error:
        if is_trouble(error):
            release(engine, [claimed], after=_TROUBLE)
            return Result.RELEASED
        return fail(engine, claimed, error)
    return Result.DONE


def fail(engine: ProcessEngine, claimed: Claimed, error: Exception) -> Result:
    """Plan another try, or open an incident: at once for what another try cannot help, else when tries are spent."""
    if isinstance(error, EngineError) and error.status < 500:
        return _give_up(engine, claimed, error.code, error, IncidentKind.PROCESS)
    pause = retrying.pause(claimed.retry, claimed.attempts, claimed.id)
    if pause is None:
        return _give_up(engine, claimed, "retries-spent", error, IncidentKind.RETRIES_SPENT)
    with engine.unit_of_work(RUNNER) as uow:
        binds = {"row": claimed.id, "lease": claimed.lease, "until": uow.now + pause, "last_error": _text(error)}
        uow.execute(_again, binds)
    return Result.RETRY


def run_due(engine: ProcessEngine, *, limit: int = 1000) -> int:
    """Work off everything that is due now, in this thread; returns how many jobs were run."""
    done = 0
    while done < limit:
        claimed = claim(engine, "run_due", min(20, limit - done))
        if not claimed:
            break
        for item in claimed:
            execute(engine, item)
        done += len(claimed)
    return done


def is_trouble(error: Exception) -> bool:
    """Whether the database is to blame, and nobody's attempt."""
    if isinstance(error, StaleInstance):
        return True
    if not isinstance(error, DBAPIError):
        return False
    locked = "database is locked" in str(error.orig)
    return error.connection_invalidated or locked or getattr(error.orig, "sqlstate", None) in _TRANSIENT


# ---------------------------------------------------------------- by kind


def _run(engine: ProcessEngine, claimed: Claimed) -> None:
    match claimed.kind:
        case JobKind.SERVICE:
            operation = operations.get(claimed.handler)
            if operation.external:
                _call_outside(engine, claimed, operation)
                return
            with _instance_of(engine, claimed) as (uow, instance, token):
                crash.here("execute")
                node, inputs = claimed.payload["node"], claimed.payload["inputs"]
                runtime.perform(uow, instance, token, node, operation, inputs, claimed.id)
        case JobKind.TIMER if claimed.instance_id is None:
            _start_by_timer(engine, claimed)
        case JobKind.TIMER:
            with _instance_of(engine, claimed) as (uow, instance, token):
                runtime.without_row(instance, token)
                runtime.elapse(uow, instance, token)
                crash.here("timer")
        case JobKind.CONTINUATION if claimed.handler == rejecting.HANDLER:
            with _instance_of(engine, claimed) as (uow, instance, token):
                tasks.reject_held(uow, instance, token)
        case JobKind.CONTINUATION:
            with _instance_of(engine, claimed) as (uow, instance, token):
                routing: Values = claimed.payload["routing"]
                patient = claimed.payload.get("patient", False)  # not in what an earlier version put there
                if claimed.payload["ends"] and patient and runtime.waits(uow, instance, token):
                    runtime.hold(uow, instance, token, "end", {}, routing)
                elif claimed.payload["ends"]:
                    runtime.reject(uow, instance, token)
                else:
                    runtime.resume(uow, instance, token, outcome=routing)
        case JobKind.MESSAGE if claimed.handler == "deliver":
            with _instance_of(engine, claimed) as (uow, instance, token):
                messages.deliver(uow, instance, token, claimed.payload)
        case JobKind.MESSAGE:
            with engine.unit_of_work(RUNNER) as uow:
                fence(uow, claimed)
                messages.run(uow, claimed.id, claimed.handler, claimed.payload)
        case JobKind.BATCH_ITEM:
            _run_item(engine, claimed)
        case JobKind.TIMEOUT if claimed.instance_id is not None:
            with engine.unit_of_work(RUNNER) as uow:
                uow.lock_instance(claimed.instance_id)
                fence(uow, claimed)
                tasks.time_out(uow, claimed.payload)
        case JobKind.EVENT if claimed.handler == outbox.SUBSTITUTION:
            with engine.unit_of_work(RUNNER) as uow:
                fence(uow, claimed)
                notices.of_substitution(uow, claimed.payload)
        case JobKind.EVENT if claimed.handler == outbox.POLICY:
            with engine.unit_of_work(RUNNER) as uow:
                fence(uow, claimed)
                notices.of_policy(uow, claimed.payload)
        case JobKind.EVENT if claimed.handler == hooks.OFF:
            with engine.unit_of_work(RUNNER) as uow:
                fence(uow, claimed)
                notices.of_receiver(uow, claimed.payload)
        case JobKind.EVENT:
            with engine.unit_of_work(RUNNER) as uow:
                fence(uow, claimed)
                notices.tell(uow, claimed.payload)
        case JobKind.MAINTENANCE if claimed.handler == recounting.RECOUNT:
            with engine.unit_of_work(RUNNER) as uow:
                if claimed.instance_id is not None:
                    uow.lock_instance(claimed.instance_id)
                fence(uow, claimed)
                recounting.run(uow, claimed.instance_id, claimed.payload)
        case JobKind.MAINTENANCE if claimed.handler in (policy.RECHECK, policy.ESCALATE):
            _look_at_hold(engine, claimed)
        case JobKind.MAINTENANCE if claimed.handler == policy.USED:
            _tell_of_use(engine, claimed)
        case JobKind.MAINTENANCE if claimed.handler == repository.RELEASE_DUE:
            _tell_keepers(engine, claimed)
        case JobKind.NOTICE if claimed.handler in notices.SENT_OUTSIDE:
            _send_notice(engine, claimed)
        case JobKind.WEBHOOK:
            _send_event(engine, claimed)
        case JobKind.NOTICE:
            with engine.unit_of_work(RUNNER) as uow:
                fence(uow, claimed)
                calls.perform(uow, operations.get(claimed.handler), claimed.payload, OperationCall(claimed.id), None)
        case JobKind.MAINTENANCE if claimed.handler == audit.CHECK:
            report = audit.run_check(engine, RUNNER)
            with engine.unit_of_work(RUNNER) as uow:
                fence(uow, claimed)
                audit.store_check(uow, UUID(claimed.payload["check"]), report)
        case JobKind.MAINTENANCE if claimed.handler in UPSTAIRS:
            write = UPSTAIRS[claimed.handler](engine)
            with engine.unit_of_work(RUNNER) as uow:
                fence(uow, claimed)
                write(uow)
        case _:
            raise RuntimeError(f"nobody runs jobs of kind {claimed.kind.name}")


@contextmanager
def _instance_of(engine: ProcessEngine, claimed: Claimed) -> Iterator[tuple[UnitOfWork, Instance, int]]:
    """One transaction: the instance locked first, then the job fenced."""
    instance_id, token = _wait_of(claimed)
    with engine.unit_of_work(RUNNER) as uow:
        instance = uow.lock_instance(instance_id)
        fence(uow, claimed)
        yield uow, instance, token


def _look_at_hold(engine: ProcessEngine, claimed: Claimed) -> None:
    """Ask the gate again about what it held, or tell somebody that it is held still."""
    job_id = UUID(claimed.payload["job"])
    with engine.unit_of_work(RUNNER) as uow:
        instance = None if claimed.instance_id is None else uow.lock_instance(claimed.instance_id)
        fence(uow, claimed)
        if claimed.handler == policy.ESCALATE:
            policy.escalate(uow, instance, job_id)
            return
        found = incidents.of_job(uow, job_id)
        if found is not None and (instance is None or instance.status is Status.RUNNING):
            runtime.resolve(uow, found.id)


def _tell_of_use(engine: ProcessEngine, claimed: Claimed) -> None:
    """Write into the chain of the instance that approved; one that was purged since has none any more."""
    with engine.unit_of_work(RUNNER) as uow:
        try:
            instance = uow.lock_instance(UUID(claimed.payload["instance"]))
        except NotFound:
            fence(uow, claimed)
            return
        fence(uow, claimed)
        policy.note_used(uow, instance, claimed.payload)


def _tell_keepers(engine: ProcessEngine, claimed: Claimed) -> None:
    """The time of a request is over; one that was purged has none any more."""
    with engine.unit_of_work(RUNNER) as uow:
        with suppress(NotFound):
            tasks.tell_due(uow, UUID(claimed.payload["instance"]))
        fence(uow, claimed)


def _wait_of(claimed: Claimed) -> tuple[UUID, int]:
    if claimed.instance_id is None or claimed.token is None:
        raise RuntimeError(f"job {claimed.id} of kind {claimed.kind.name} belongs to no wait")
    return claimed.instance_id, claimed.token


def _start_by_timer(engine: ProcessEngine, claimed: Claimed) -> None:
    with engine.unit_of_work(RUNNER) as uow:
        fence(uow, claimed)
        definition = repository.definition(uow, UUID(claimed.payload["definition"]))
        repository.schedule_again(uow, definition.key, repository.program(uow, definition.id), claimed.payload)
        node = claimed.payload["node"]
        runtime.start(uow, definition.key, {}, definition_id=definition.id, start=node, trigger={})


def _call_outside(engine: ProcessEngine, claimed: Claimed, operation: Operation) -> None:
    """Three steps, so that no transaction is open during the call, and both its ends are on record."""
    instance_id, token = _wait_of(claimed)
    call = OperationCall(claimed.id, instance_id, claimed.payload["node"])
    inputs: Values = claimed.payload["inputs"]
    refusal: BusinessError | None = None
    answer: Values | None = None
    with engine.unit_of_work(RUNNER) as uow:
        if not keep(uow, claimed):
            raise Fenced
        found = rows.read(uow, instance_id)
        if found.status is Status.SUSPENDED:
            raise Suspended(instance=found.number or instance_id)
        try:
            answer = calls.begin_external(uow, operation, inputs, call)
        except BusinessError as error:
            refusal = error
    crash.here("external.started")
    stored = answer is not None or refusal is not None
    if not stored:
        http = Outbound(
            engine.settings.outbound_allow, claimed.id, banks=engine.settings.bank_hosts,
            timeout_seconds=operation.timeout_seconds, transport=engine.transport,
        )  # fmt: skip
        try:
            answer = calls.call_external(operation, inputs, http, call)
        except BusinessError as error:
            refusal = error
    crash.here("external.answered")
    try:
        with _instance_of(engine, claimed) as (uow, instance, _):
            runtime.without_row(instance, token)
            if not stored:
                _store_answer(uow, instance, operation, call, answer, refusal)
            if refusal is not None:
                runtime.refuse(uow, instance, token, refusal)
            else:
                runtime.resume(uow, instance, token, answer)
    except (Fenced, Suspended):
        if not stored:
            _keep_answer(engine, claimed, operation, call, answer, refusal)
        raise


def _send_notice(engine: ProcessEngine, claimed: Claimed) -> None:
    """Look again, send with no transaction open, write it down. A crash in between sends it again under its id."""
    with engine.unit_of_work(RUNNER) as uow:
        if not keep(uow, claimed):
            raise Fenced
        parcel = notices.prepare(uow, claimed.id, claimed.handler, claimed.payload)
        if parcel is None:
            fence(uow, claimed)
            return
    allow, banks = engine.settings.outbound_allow, engine.settings.bank_hosts
    http = Outbound(allow, claimed.id, banks=banks, timeout_seconds=10, transport=engine.transport)
    notices.send(engine.settings, http, parcel)
    with engine.unit_of_work(RUNNER) as uow:
        fence(uow, claimed)
        notices.sent(uow, parcel)


def _send_event(engine: ProcessEngine, claimed: Claimed) -> None:
    """As a notice; each attempt is written down, and the receiver knows a second one by its id."""
    delivery = UUID(claimed.payload["delivery"])
    with engine.unit_of_work(RUNNER) as uow:
        if not keep(uow, claimed):
            raise Fenced
        signed = hooks.prepare(uow, delivery)
        if signed is None:
            fence(uow, claimed)
            return
    allow, banks = engine.settings.outbound_allow, engine.settings.bank_hosts
    http = Outbound(allow, delivery, banks=banks, timeout_seconds=10, transport=engine.transport)
    try:
        answer = hooks.send(http, signed)
    except (OutboundFailed, OutboundRefused) as error:
        with engine.unit_of_work(RUNNER) as uow:
            hooks.tried(uow, delivery, error)
        raise
    with engine.unit_of_work(RUNNER) as uow:
        fence(uow, claimed)
        hooks.delivered(uow, delivery, answer)


def _store_answer(
    uow: UnitOfWork, instance: Instance, operation: Operation, call: OperationCall, answer: Values | None,
    refusal: BusinessError | None,
) -> None:  # fmt: skip
    if refusal is not None:
        calls.refuse_external(uow, refusal, call)
    else:
        calls.finish_external(uow, operation, answer or {}, call, instance)


def _keep_answer(
    engine: ProcessEngine, claimed: Claimed, operation: Operation, call: OperationCall, answer: Values | None,
    refusal: BusinessError | None,
) -> None:  # fmt: skip
    """The instance was suspended during the call: what came back is what the job finds when it goes on."""
    instance_id, _ = _wait_of(claimed)
    with engine.unit_of_work(RUNNER) as uow:
        instance = uow.lock_instance(instance_id)
        if hasten(uow, claimed):
            _store_answer(uow, instance, operation, call, answer, refusal)


def _wait_with_instance(engine: ProcessEngine, claimed: Claimed) -> Result:
    """What is due for a suspended instance waits until it is activated; no attempt is used."""
    if claimed.instance_id is None:
        raise RuntimeError(f"job {claimed.id} of kind {claimed.kind.name} belongs to no instance")
    with engine.unit_of_work(RUNNER) as uow:
        instance = uow.lock_instance(claimed.instance_id)
        give_back(uow, claimed)
        if instance.status is Status.SUSPENDED:
            later.freeze(uow, instance)
    return Result.RELEASED


def _run_item(engine: ProcessEngine, claimed: Claimed) -> None:
    """On behalf of whoever made the batch; a refusal is a result, not an incident."""
    batch_id, instance_id = UUID(claimed.payload["batch"]), claimed.instance_id
    if instance_id is None:
        raise RuntimeError(f"job {claimed.id} of a batch belongs to no instance")
    with engine.unit_of_work(RUNNER, read_only=True) as uow:
        actor = Actor(batches.get(uow, batch_id).created_by, source="job")
    try:
        with engine.unit_of_work(actor) as uow:
            uow.lock_instance(instance_id)
            fence(uow, claimed)
            batches.run_item(uow, batch_id, instance_id)
    except EngineError as error:
        if error.status >= 500 or isinstance(error, StaleInstance):
            raise
        with engine.unit_of_work(actor) as uow:
            fence(uow, claimed)
            batches.refuse_item(uow, batch_id, instance_id, error)


# ---------------------------------------------------------------- giving up


def _give_up(engine: ProcessEngine, claimed: Claimed, code: str, error: Exception, kind: IncidentKind) -> Result:
    with engine.unit_of_work(RUNNER) as uow:
        instance = None if claimed.instance_id is None else uow.lock_instance(claimed.instance_id)
        dead = uow.execute(_bury, {"row": claimed.id, "lease": claimed.lease, "last_error": _text(error)})
        if dead.rowcount != 1:  # type: ignore[attr-defined]
            return Result.FENCED
        if claimed.kind is JobKind.BATCH_ITEM and claimed.instance_id is not None:
            batches.refuse_item(uow, UUID(claimed.payload["batch"]), claimed.instance_id, error)
        detail = incidents.detail_of(error, claimed.handler)
        if isinstance(error, PolicyHold):
            policy.note_hold(uow, error, claimed.id, instance, claimed.payload.get("node"))
        raised = (
            instance is not None
            and claimed.token is not None
            and runtime.fail(uow, instance, claimed.token, code, detail, claimed.id)
        )
        if not raised:
            incidents.raise_incident(uow, instance, kind, code, str(error), job_id=claimed.id, detail=detail)
    return Result.DEAD


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:2000]
