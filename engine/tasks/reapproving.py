"""Having what the gate holds approved anew 重新送审: back to who approved it, with the document as it is now."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from engine import history, identity, policy, repository, runtime
from engine.approvals import rounds
from engine.db import rows
from engine.db.instance import Instance, Status
from engine.db.job import job
from engine.errors import N_, BusinessError, Forbidden, NotFound, NotHeld, NotPossibleNow, Phrase, Suspended, Title
from engine.policy import Hold
from engine.runtime import returning
from engine.runtime.returning import Back
from engine.unit_of_work import UnitOfWork

CONTROLS = "policy"
"""capability of those who look after policies"""

_token = select(job.c.token).where(job.c.id == bindparam("of"))


def approve_again(uow: UnitOfWork, job_id: UUID) -> UUID | None:
    """Ask for the approvals of a held operation again, from the first that is missing; whom the drawing names is asked.

    By the requester, a controller, or who looks after the process. The document stays as it is; what was decided since
    then no longer counts. Returns the id of an incident when nothing was done. Raises NotHeld, Forbidden, Suspended,
    NotPossibleNow, ReturnNotPossible, OperationRunning, InstanceOver.
    """
    found = policy.of_job(uow, job_id)
    if found is None or found.instance_id is None:
        raise NotHeld()
    instance = runtime.locked(uow, found.instance_id)
    if policy.of_job(uow, job_id) is None:  # another click was faster
        raise NotHeld()
    if not _entitled(uow, instance):
        name = next(iter(identity.names(uow, [uow.actor.user_id]).values()), "–")
        raise Forbidden(actor=name, act=Phrase(N_("have it approved again")))
    if instance.status is not Status.RUNNING:
        raise Suspended(instance=instance.number or instance.id)
    back = _back(uow, instance, found)
    if back is None:
        raise NotPossibleNow(
            act=N_("have approved again"), instance=instance.number or instance.id,
            reason=N_("what it lacks was not given in this request, or cannot be given by more people there"),
        )  # fmt: skip
    data = {"operation": found.operation, "subject": f"{found.subject_type} {found.subject_id}"}

    def decide() -> None:
        history.record(uow, instance, "approval.asked_again", node=back.target.node, data=data)

    return returning.go(uow, instance, back, decide)


def approvable_again(uow: UnitOfWork, found: Hold) -> Title | None:
    """What the task is called at which `approve_again` would ask; None: it is not possible, or not for the actor."""
    if found.instance_id is None:
        return None
    instance = rows.read(uow, found.instance_id)
    if instance.status is not Status.RUNNING or not _entitled(uow, instance):
        return None
    try:
        back = _back(uow, instance, found)
    except (NotFound, BusinessError):  # the document is gone
        return None
    if back is None or returning.obstacles(uow, instance, back):
        return None
    return Title(back.target.name, dict(rounds.load(back.target).labels))


def _entitled(uow: UnitOfWork, instance: Instance) -> bool:
    mine = uow.actor.user_id is not None and uow.actor.user_id == instance.starter_id
    return mine or identity.may(uow, CONTROLS) or identity.may(uow, repository.ADMINISTER) or repository.manages(
        uow, instance
    )  # fmt: skip


def _back(uow: UnitOfWork, instance: Instance, found: Hold) -> Back | None:
    """From what is held to the first round about its document that can give more than counts of its approvals now."""
    token = uow.read_one(_token, {"of": found.job_id})
    verdicts = policy.unanswered(uow, found, instance)
    lacking = [
        row for row in returning.passed(runtime.rounds_of(uow, instance.id)).values()
        if any(_answers(row, found, one.unanswered) and policy.gives_more(uow, row.id, one.standing)
               for one in verdicts)
    ]  # fmt: skip
    if token is None or not lacking:
        return None
    return Back((token.token,), min(lacking, key=lambda row: row.passed_seq), recompute=True)


def _answers(row: Any, found: Hold, wanted: frozenset[str]) -> bool:
    capability = rounds.load(row).capability
    return (
        capability is not None and capability.provides in wanted and capability.subject_type == found.subject_type
        and capability.subject is not None and policy.subject_name(capability.subject) == found.subject_id
    )  # fmt: skip
