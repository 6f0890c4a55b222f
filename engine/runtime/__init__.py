"""What runs: start and steer instances; for rooms above: resume waits and settle steps."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from engine import (
    approvals,
    audit,
    bpmn,
    calls,
    crash,
    history,
    identity,
    incidents,
    pickers,
    policy,
    repository,
    uploads,
    values,
)
from engine.bpmn.program import Program
from engine.bpmn.steps import Step
from engine.db import rows
from engine.db.instance import Instance, Status
from engine.db.instance import instance as instance_table
from engine.db.job import IncidentKind, JobState, job
from engine.errors import (
    N_,
    BusinessError,
    BusinessKeyTaken,
    CannotChoose,
    InstanceOver,
    MoveRefused,
    NothingToCompensate,
    NotResolvable,
    Suspended,
    WaitNotOpen,
)
from engine.findings import Finding, errors_of
from engine.ids import uuid7
from engine.operations import Operation, OperationCall
from engine.runtime import later, numbering, previewing, proof, rejecting, settling
from engine.runtime.codec import Beside
from engine.runtime.environment import env, load, stored
from engine.runtime.previewing import (
    PreviewStep,
    Route,
    Typed,
    preview,
    preview_instance,
    require_selection,
    selectable,
)
from engine.runtime.rejecting import waits
from engine.runtime.reopening import rounds_of
from engine.runtime.settling import describe, empty, settle
from engine.runtime.views import InstanceView, instance_view
from engine.runtime.watching import Watcher, watching
from engine.unit_of_work import UnitOfWork
from engine.values import Values

__all__ = [
    "InstanceView",
    "PreviewStep",
    "Route",
    "Typed",
    "Watcher",
    "activate",
    "cancel",
    "compensate",
    "deliver",
    "elapse",
    "empty",
    "env",
    "fail",
    "finish_ad_hoc",
    "hold",
    "instance_view",
    "load",
    "locked",
    "perform",
    "preview",
    "preview_instance",
    "ready",
    "refuse",
    "reject",
    "require_selection",
    "resolve",
    "resume",
    "retry_job",
    "rounds_of",
    "selectable",
    "set_variables",
    "settle",
    "start",
    "start_ad_hoc",
    "suspend",
    "waits",
    "watching",
    "without_row",
]

_taken = select(instance_table.c.id).where(
    instance_table.c.process_key == bindparam("of_process"),
    instance_table.c.business_key == bindparam("of_key"),
    instance_table.c.status.in_((int(Status.RUNNING), int(Status.SUSPENDED), int(Status.DRAFT))),
)
_revive = job.update().where(job.c.id == bindparam("row"), job.c.state == int(JobState.DEAD))
LIVE = (Status.RUNNING, Status.SUSPENDED)


def start(
    uow: UnitOfWork,
    key: str,
    variables: Values,
    *,
    business_key: str | None = None,
    definition_id: UUID | None = None,
    start: str | None = None,
    trigger: Values | None = None,
    instance_id: UUID | None = None,
    department: str | None = None,
    approvers: Mapping[str, Sequence[Any]] | None = None,
    number: str | None = None,
    submission: int = 1,
    resubmits_id: UUID | None = None,
) -> Instance:
    """Start the latest version of process `key`, or version `definition_id`.

    `variables`: values by name, already validated by the start form. `start`: the start event, when it is not the
    none start; `trigger`: what came with it. `instance_id`: promised to a message with a key.
    `department`: key of the one for which the requester asks, when he works in several; `approvers`: people by element
    id, for the nodes that ask whom the requester selects. `number`, `submission`: of the request `resubmits_id` that it
    takes up again.

    Raises ProcessNotDeployed, ProcessRetired, BusinessKeyTaken, NoSuchStart, InvalidValue, CannotChoose,
    NobodyCanBeAsked.
    """
    info = repository.latest_active(uow, key) if definition_id is None else repository.definition(uow, definition_id)
    program = repository.program(uow, info.id)
    if business_key is not None:
        uow.alone(f"business key {info.key} {business_key}")
        if uow.execute(_taken, {"of_process": info.key, "of_key": business_key}).first():
            raise BusinessKeyTaken(process=info.key, business_key=business_key)
    instance = rows.born(instance_id or uuid7(), info.id, info.key, uow.actor.user_id, uow.now)
    instance.business_key = business_key
    instance.number, instance.submission, instance.resubmits_id = number, submission, resubmits_id
    if number is None and program.numbering is not None:
        numbering.draw(uow, program.numbering, instance)
    starter = uow.actor.user_id
    initiator = None if starter is None else identity.context_of(uow, starter, department)
    instance.cache["beside"] = Beside(initiator, by_key=instance_id is not None)
    if starter is not None:

        def first(unborn: Instance) -> Step:
            known = env(uow, unborn)
            return bpmn.begin(
                program, str(info.id), variables, now=uow.now, env=known, start=start, trigger=trigger
            )  # fmt: skip

        previewing.refuse_blocked(uow, instance, program, first, approvers or {})
    uow.add_instance(instance)
    history.record(
        uow, instance, "instance.started",
        data={"process": info.key, "version": info.version, "number": instance.number, "business_key": business_key,
              history.SHAPE: audit.SHAPE,
              **({"submission": submission, "resubmits": str(resubmits_id)} if resubmits_id is not None else {})},
    )  # fmt: skip
    if approvers:
        _check_entitled(uow, program, approvers)
        approvals.select_people(uow, instance, program, "initiatorSelect", approvers)
    if program.start_form is not None:
        form = repository.form(uow, program.start_form, info.id)
        pickers.freeze(uow, instance.id, form, variables)
        uploads.claim(uow, instance, form, variables)
    step = bpmn.begin(
        program, str(info.id), variables, now=uow.now, env=env(uow, instance), start=start,
        trigger=trigger,
    )  # fmt: skip
    instance.title, instance.state = info.name, step.state
    describe(uow, instance)
    settle(uow, instance, step)
    crash.here("start")
    return instance


def resume(
    uow: UnitOfWork,
    instance: Instance,
    token: int,
    outputs: Values | None = None,
    *,
    outcome: Values | None = None,
    local: bool = False,
) -> None:
    """Answer the wait of `token` and write down what follows. `outcome`: what `approval.<node>` shows from now on.

    Raises WaitNotOpen when somebody was faster, Suspended, InstanceOver.
    """
    _require_running(uow, instance)
    step = bpmn.complete(
        load(uow, instance), token, outputs or {}, now=uow.now, env=env(uow, instance),
        local=local, outcome=outcome,
    )  # fmt: skip
    _settle_open(uow, instance, token, step)
    crash.here("complete")


def perform(
    uow: UnitOfWork, instance: Instance, token: int, node: str, operation: Operation, inputs: Values, key: UUID
) -> None:
    """Perform an in-process operation for a job whose row is gone already, and go on with its answer or refusal.

    Raises WaitNotOpen, PolicyHold, InvalidInput, IdempotencyMismatch, and whatever the operation raises.
    """
    _require_running(uow, instance)
    state = load(uow, instance)
    if not bpmn.is_open(state, token):
        raise WaitNotOpen(instance=instance.number or instance.id, token=token)
    without_row(instance, token)
    try:
        outputs = calls.perform(uow, operation, inputs, OperationCall(key, instance.id, node), instance)
    except BusinessError as error:
        step = settling.refused(uow, instance, token, error)
    else:
        step = settling.complete(uow, instance, token, outputs)
    settle(uow, instance, step)


def refuse(uow: UnitOfWork, instance: Instance, token: int, error: BusinessError) -> None:
    """The other party of an external operation said no. Raises WaitNotOpen, Suspended, InstanceOver."""
    _require_running(uow, instance)
    load(uow, instance)
    _settle_open(uow, instance, token, settling.refused(uow, instance, token, error))


def elapse(uow: UnitOfWork, instance: Instance, token: int) -> None:
    """A timer is due. Raises WaitNotOpen, Suspended, InstanceOver."""
    _require_running(uow, instance)
    step = bpmn.elapse(load(uow, instance), token, now=uow.now, env=env(uow, instance))
    _settle_open(uow, instance, token, step)


def reschedule(uow: UnitOfWork, instance: Instance, token: int, due: datetime, counted: Values) -> None:
    """A timer that waits is due at another moment, also while the instance is suspended."""
    step = bpmn.reschedule(load(uow, instance), token, due, counted, now=uow.now, env=env(uow, instance))
    _settle_open(uow, instance, token, step)


def deliver(uow: UnitOfWork, instance: Instance, token: int, payload: Values) -> bool:
    """A message or signal has come for `token`. False: nobody waits there any more."""
    if instance.status not in LIVE or not bpmn.is_open(load(uow, instance), token):
        return False
    _require_running(uow, instance)
    settle(uow, instance, bpmn.deliver(instance.state, token, payload, now=uow.now, env=env(uow, instance)))
    return True


def fail(uow: UnitOfWork, instance: Instance, token: int, code: str, detail: Values, job_id: UUID) -> bool:
    """No further try of a job: an incident at its token, which stays. False: nobody waits there any more."""
    if instance.status not in LIVE or not bpmn.is_open(load(uow, instance), token):
        return False
    instance.cache["failing_job"] = job_id
    step = bpmn.fail(instance.state, token, code, values.normalise(detail), now=uow.now, env=env(uow, instance))
    settle(uow, instance, step)
    return True


def without_row(instance: Instance, token: int) -> None:
    """The job row of `token` is gone already; `settle` need not remove it."""
    instance.cache.setdefault("without_row", set()).add(token)


def reject(uow: UnitOfWork, instance: Instance, token: int) -> None:
    """End a request that was not agreed to at `token`, where the drawing says that this is the end.

    In a called process the caller may catch it as error `troika.rejected`.
    """
    _require_running(uow, instance)
    settle(uow, instance, bpmn.reject(load(uow, instance), token, now=uow.now, env=env(uow, instance)))


def hold(
    uow: UnitOfWork, instance: Instance, token: int, then: str, changed: Values, outcome: Values
) -> None:  # fmt: skip
    """The rejection at `token` waits for the other branches; `changed`: what was written with it."""
    _require_running(uow, instance)
    state = load(uow, instance)
    if changed:
        scope = state.tokens[token].scope.id
        settle(uow, instance, bpmn.set_variables(state, scope, changed, now=uow.now, env=env(uow, instance)))
    settle(uow, instance, rejecting.hold(uow, instance, token, then, outcome))


def ready(uow: UnitOfWork, instance: Instance, token: int) -> str | None:
    """What a rejection that was held does now: end or initiator; None: it waits again, or nothing waits there."""
    then = rejecting.ready(uow, instance, token)
    if then is None:
        settle(uow, instance, Step(load(uow, instance), []))
    return then


def cancel(uow: UnitOfWork, instance_id: UUID, reason: str, *, status: Status = Status.TERMINATED) -> Instance:
    """End the instance from outside; everything that waits is closed, every approval is void.

    `status`: terminated, withdrawn, voided or rejected.

    Raises InstanceOver.
    """
    instance = locked(uow, instance_id)
    history.record(uow, instance, "instance.cancelled", texts={"reason": reason})
    code = "" if status is Status.TERMINATED else status.name.lower()
    settle(uow, instance, bpmn.cancel(load(uow, instance), code, now=uow.now, env=env(uow, instance)))
    return instance


def suspend(uow: UnitOfWork, instance_id: UUID, reason: str) -> Instance:
    """Accept nothing until `activate`; jobs and timers stand still. Raises InstanceOver."""
    instance = locked(uow, instance_id)
    if instance.status is Status.RUNNING:
        instance.status = Status.SUSPENDED
        later.freeze(uow, instance)
        history.record(uow, instance, "instance.suspended", texts={"reason": reason})
    return instance


def activate(uow: UnitOfWork, instance_id: UUID) -> Instance:
    """Let a suspended instance go on; timers that fell due meanwhile fire now. Raises InstanceOver."""
    instance = locked(uow, instance_id)
    if instance.status is Status.SUSPENDED:
        instance.status = Status.RUNNING
        later.thaw(uow, instance)
        history.record(uow, instance, "instance.activated")
    return instance


def set_variables(uow: UnitOfWork, instance_id: UUID, variables: Values, *, reason: str, scope: int = 0) -> Instance:
    """Write variables as an administrator; the reason stays on record.

    Raises InstanceOver, ReservedName; MoveRefused with the way round an approval that they would open.
    """
    instance = locked(uow, instance_id)
    history.record(uow, instance, "variables.set", data={"names": sorted(variables)}, texts={"reason": reason})
    written, known = values.normalise(variables), env(uow, instance)
    step = bpmn.set_variables(load(uow, instance), scope, written, now=uow.now, env=known)
    _require_proof(uow, instance, step)
    settle(uow, instance, step)
    return instance


def start_ad_hoc(uow: UnitOfWork, instance_id: UUID, scope: int, node: str) -> Instance:
    """Start one more activity of the ad-hoc sub-process that runs as `scope`.

    Raises InstanceOver, Suspended, NotActivatable; WaitNotOpen when nothing is started there any more.
    """
    instance = locked(uow, instance_id)
    _require_running(uow, instance)
    step = bpmn.activate(load(uow, instance), scope, node, now=uow.now, env=env(uow, instance))
    _settle_open(uow, instance, scope, step)
    history.record(uow, instance, "ad_hoc.started", node=node)
    return instance


def finish_ad_hoc(uow: UnitOfWork, instance_id: UUID, scope: int) -> Instance:
    """Start nothing more there: it ends when nothing in it is active. Raises as `start_ad_hoc`."""
    instance = locked(uow, instance_id)
    _require_running(uow, instance)
    state = load(uow, instance)
    node = state.scopes[scope].unit.id if scope in state.scopes else None
    _settle_open(uow, instance, scope, bpmn.finish(state, scope, now=uow.now, env=env(uow, instance)))
    history.record(uow, instance, "ad_hoc.finished", node=node)
    return instance


def compensate(uow: UnitOfWork, instance_id: UUID, reason: str, *, activity: str | None = None) -> Instance:
    """Undo what has completed in the process itself, newest first: one activity, or all. The rest goes on.

    Raises InstanceOver, Suspended; NothingToCompensate.
    """
    instance = locked(uow, instance_id)
    _require_running(uow, instance)
    step = bpmn.compensate(load(uow, instance), 0, activity, now=uow.now, env=env(uow, instance))
    if step.stale:
        raise NothingToCompensate(instance=instance.number or instance.id, activity=activity or "*")
    history.record(uow, instance, "compensation.asked", node=activity, texts={"reason": reason})
    settle(uow, instance, step)
    return instance


def resolve(
    uow: UnitOfWork, incident_id: UUID, variables: Values | None = None, *, happened: bool | None = None,
    outputs: Values | None = None,
) -> None:  # fmt: skip
    """Set what is stuck going again, after writing `variables` (a repair).

    An outcome that is unknown needs an answer first: `happened` with its `outputs`, or not, then it is called again.
    Raises NotFound, NotResolvable, InstanceOver, Suspended; MoveRefused with the way round an approval that `variables`
    would open.
    """
    found = incidents.get_open(uow, incident_id)
    if found.instance_id is None:
        if found.job_id is not None:
            retry_job(uow, found.job_id)
        incidents.resolve(uow, None, incident_id, "retried")
        return
    instance = locked(uow, found.instance_id)
    found = incidents.get_open(uow, incident_id)  # again behind the lock: somebody may have been faster
    _require_running(uow, instance)
    if found.kind is IncidentKind.OUTCOME_UNKNOWN and found.job_id is not None:
        if happened is None:
            raise NotResolvable(incident=incident_id, reason="somebody must say whether it happened")
        calls.settle_unknown(uow, found.job_id, (outputs or {}) if happened else None)
        variables = None
    if found.job_id is not None and not variables:
        # the same job under the same key: what it did already is not done again
        retry_job(uow, found.job_id)
        incidents.resolve(uow, instance, incident_id, "retried")
        return
    if found.number is None:
        raise NotResolvable(incident=incident_id, reason="nothing in the process waits for it")
    incidents.resolve(uow, instance, incident_id, "repaired" if variables else "resumed")
    if variables:
        history.record(uow, instance, "variables.set", data={"names": sorted(variables), "reason": "repair"})
    step = bpmn.resume(
        load(uow, instance), found.number, values.normalise(variables or {}), now=uow.now, env=env(uow, instance)
    )
    if variables:
        _require_proof(uow, instance, step)
    settle(uow, instance, step)


def retry_job(uow: UnitOfWork, job_id: UUID) -> None:
    """Give a dead job all its attempts again, from now on."""
    fresh = {"state": int(JobState.LIVE), "attempts": 0, "visible_at": uow.now, "lock_token": None}
    uow.queue(_revive, {"row": job_id, **fresh})
    uow.wake_runners()


def locked(uow: UnitOfWork, instance_id: UUID) -> Instance:
    """The instance, locked and still alive. Raises NotFound, InstanceOver."""
    instance = uow.lock_instance(instance_id)
    if instance.status not in LIVE:
        raise InstanceOver(instance=instance.number or instance.id)
    return instance


def _require_proof(uow: UnitOfWork, instance: Instance, step: Step) -> None:
    """Of what a person has written by hand the drawing, which was proved, knows nothing. What was so before is no
    reason: the gate holds it, and a repair must be possible."""
    found = [] if step.ended is not None else errors_of(proof.prove(uow, instance, step.state))
    before = {_about(one) for one in errors_of(proof.prove(uow, instance, stored(uow, instance)))} if found else set()
    if refused := [one for one in found if _about(one) not in before]:
        raise MoveRefused(refused)


def _about(finding: Finding) -> tuple[Any, ...]:
    return finding.rule, finding.element_id, str(finding.facts.get("policy"))


def _require_running(uow: UnitOfWork, instance: Instance) -> None:
    if instance.status is Status.SUSPENDED:
        raise Suspended(instance=instance.number or instance.id)
    if instance.status not in LIVE:
        raise InstanceOver(instance=instance.number or instance.id)


def _check_entitled(uow: UnitOfWork, program: Program, nodes: Iterable[str]) -> None:
    """The requester does not choose who judges him where being asked is all that an approval takes."""
    for node in (program.nodes.get(key) for key in nodes):
        provides = None if node is None or node.human is None else node.human.provides
        if node is not None and provides is not None and policy.leaves_open(uow, provides):
            why = N_("this approval counts towards a payment, and no policy says who may give it")
            raise CannotChoose(task=node.name, reason=why)


def _settle_open(uow: UnitOfWork, instance: Instance, token: int, step: Step) -> None:
    if step.stale:
        raise WaitNotOpen(instance=instance.number or instance.id, token=token)
    settle(uow, instance, step)
