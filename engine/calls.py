"""The one door to a service operation: signature, idempotency record, policy gate, savepoint, history."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update

from engine import audit, crash, history, policy, values
from engine.db.effect import EffectStatus, effect
from engine.db.instance import Instance
from engine.errors import BusinessError, IdempotencyMismatch, OutcomeUnknown
from engine.operations import Operation, OperationCall
from engine.outbound import Outbound
from engine.unit_of_work import UnitOfWork
from engine.values import Values

_known = select(effect.c.request_hash, effect.c.status, effect.c.response, effect.c.error_code).where(
    effect.c.key == bindparam("of")
)
_insert = insert(effect)
_finish = update(effect).where(effect.c.key == bindparam("of"))


def perform(
    uow: UnitOfWork,
    operation: Operation,
    inputs: Values,
    call: OperationCall,
    instance: Instance | None,
    *,
    first: bool = False,
) -> Values:
    """Run an in-process operation under `call.key` and return its outputs; a second time, its stored answer.

    `first`: the key was made just now, so there is no stored answer to look for. Raises InvalidInput,
    IdempotencyMismatch, PolicyHold; BusinessError and whatever the operation raises, its writes undone.
    """
    if operation.external:
        raise RuntimeError(f"{operation.name} talks to the outside: begin, call, finish")
    arguments = operation.bind(inputs)
    request = _request(operation, inputs)
    recorded = operation.effect != "read"
    if recorded and not first:
        stored = uow.read_one(_known, {"of": call.key})
        if stored is not None:
            return _again(operation, call, request, stored)
    clearance: UUID | None = None
    if operation.guarded_by is not None:
        if instance is None:
            raise RuntimeError(f"{operation.name} is guarded; only a process may call it")
        clearance = policy.admit(uow, operation, arguments, call, instance)
    told = {}
    if operation.takes_call:
        approved_by = () if clearance is None else policy.approvers(uow, clearance)
        by = history.last_person(uow, instance) if operation.acting else None
        call = told["call"] = OperationCall(call.key, call.instance_id, call.element, clearance, approved_by, by)
    crash.here("effect.before")
    try:
        with uow.savepoint():
            _revoke(uow, operation, arguments, call, instance)  # a refusal takes it back: what was approved stays so
            outputs: Values = values.normalise(operation.function(uow, **arguments, **told) or {})
    except BusinessError:
        if clearance is not None:
            policy.release(uow, clearance)  # its writes are undone, the approvals stay live for another try
        raise
    if clearance is not None:
        policy.settle_clearance(uow, clearance, operation)
    crash.here("effect.after")
    if recorded:
        uow.queue(_insert, _row(uow, operation, call, request, EffectStatus.DONE, outputs))
    _record(uow, instance, "operation.performed", operation, call, clearance)
    return outputs


def look(uow: UnitOfWork, operation: Operation, inputs: Values) -> Values:
    """What a reading in-process operation says, for a preview: no record, no history.

    Raises InvalidInput, BusinessError; RuntimeError for an operation that does more than read.
    """
    if operation.external or operation.effect != "read" or operation.takes_call:
        raise RuntimeError(f"{operation.name} does more than read")
    outputs: Values = values.normalise(operation.function(uow, **operation.bind(inputs)) or {})
    return outputs


def begin_external(uow: UnitOfWork, operation: Operation, inputs: Values, call: OperationCall) -> Values | None:
    """Write down that the call is about to be made; the stored answer if it was made before.

    Raises InvalidInput, IdempotencyMismatch; BusinessError when the other party had said no; OutcomeUnknown when it was
    begun before, never answered, and may not be repeated.
    """
    operation.bind(inputs)
    request = _request(operation, inputs)
    stored = uow.read_one(_known, {"of": call.key})
    if stored is None:
        uow.queue(_insert, _row(uow, operation, call, request, EffectStatus.STARTED, None))
        return None
    if stored.status == EffectStatus.STARTED and stored.request_hash == request and operation.idempotent:
        return None
    return _again(operation, call, request, stored)


def call_external(operation: Operation, inputs: Values, http: Outbound, call: OperationCall) -> Values:
    """Make the call; no transaction is open. Raises what the operation raises."""
    arguments = operation.bind(inputs)
    if operation.takes_call:
        arguments["call"] = call
    outputs: Values = values.normalise(operation.function(http, **arguments) or {})
    return outputs


def finish_external(
    uow: UnitOfWork, operation: Operation, outputs: Values, call: OperationCall, instance: Instance | None
) -> None:
    """Store the answer."""
    uow.queue(_finish, {"of": call.key, "status": int(EffectStatus.DONE), "response": outputs, "finished_at": uow.now})
    _record(uow, instance, "operation.performed", operation, call, None)


def refuse_external(uow: UnitOfWork, error: BusinessError, call: OperationCall) -> None:
    """Store that the other party said no."""
    said_no = {"status": int(EffectStatus.BUSINESS_ERROR), "error_code": error.code, "finished_at": uow.now}
    uow.queue(_finish, {"of": call.key, "response": values.normalise(error.facts), **said_no})


def settle_unknown(uow: UnitOfWork, key: UUID, outputs: Values | None) -> None:
    """A person found out: it happened and answered `outputs`, or (None) it did not and is to be called again."""
    if outputs is None:
        uow.execute(effect.delete().where(effect.c.key == key, effect.c.status != EffectStatus.DONE))
    else:
        done = {"status": int(EffectStatus.DONE), "response": values.normalise(outputs), "finished_at": uow.now}
        uow.queue(_finish, {"of": key, **done}, expect=1)


def _revoke(
    uow: UnitOfWork, operation: Operation, arguments: Values, call: OperationCall, instance: Instance | None
) -> None:
    """Void what was approved of the documents about to be changed: grants are locked before module rows."""
    subject = operation.changes_subject
    if subject is None:
        return
    named = [arguments[subject.argument]] if operation.changed is None else operation.changed(uow, **arguments)
    for document in named:
        policy.revoke(uow, subject.type, str(document), operation.name)
        if instance is not None:
            policy.note_change(uow, instance, subject.type, document, call.element)


def _again(operation: Operation, call: OperationCall, request: bytes, stored: Any) -> Values:
    if stored.request_hash != request:
        raise IdempotencyMismatch(operation=operation.name, key=call.key)
    if stored.status == EffectStatus.BUSINESS_ERROR:
        raise BusinessError(stored.error_code, **(stored.response or {}))
    if stored.status != EffectStatus.DONE:
        raise OutcomeUnknown(operation=operation.name, key=call.key)
    answer: Values = stored.response or {}
    return answer


def _request(operation: Operation, inputs: Values) -> bytes:
    return values.digest([operation.name, inputs])


def _row(
    uow: UnitOfWork, operation: Operation, call: OperationCall, request: bytes, status: EffectStatus,
    outputs: Values | None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "key": call.key, "operation": operation.name, "instance_id": call.instance_id, "node": call.element,
        "request_hash": request, "status": int(status), "response": outputs, "started_at": uow.now,
        "finished_at": None if status is EffectStatus.STARTED else uow.now,
    }  # fmt: skip


def _record(
    uow: UnitOfWork, instance: Instance | None, kind: str, operation: Operation, call: OperationCall,
    clearance: UUID | None,
) -> None:  # fmt: skip
    data: dict[str, Any] = {"operation": operation.name, "key": str(call.key)}
    if call.states:
        data["states"] = dict(call.states)
    if instance is not None:
        if clearance is not None:
            data["clearance"] = str(clearance)
            if (paid := audit.sealed_payment(uow, clearance)) is not None:
                data["row"] = paid
        history.record(uow, instance, kind, node=call.element, data=data)
    elif call.states:
        history.act(uow, "operations", kind, data)
