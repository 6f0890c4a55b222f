"""What a requester or an administrator does with a whole request: withdraw 撤回, void 作废, cancel 终止, wake 唤醒."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import bindparam, select

from engine import history, identity, policy, repository, runtime
from engine.bpmn.program import WORK
from engine.db import rows
from engine.db.instance import Instance, Status
from engine.db.task import ItemDecision, Source, user_task, work_item
from engine.errors import N_, NotFound, NotPossibleNow, OpinionRequired, Phrase
from engine.runtime import waking
from engine.tasks import drafting
from engine.tasks.erasing import erased
from engine.tasks.working import may_see
from engine.unit_of_work import UnitOfWork
from engine.values import blank

WAKING_STANDS = timedelta(days=7)
"""how long a second person may confirm that a rejected request is woken"""

_decisions = (
    select(work_item.c.decided_at, work_item.c.decision, user_task.c.spec)
    .join(user_task, user_task.c.id == work_item.c.user_task_id)
    .where(
        work_item.c.instance_id == bindparam("of"), work_item.c.decision_source == int(Source.HUMAN),
        work_item.c.confirm_until.is_(None) | work_item.c.answered_at.is_not(None),
        work_item.c.decision.in_((ItemDecision.AGREED, ItemDecision.REJECTED, ItemDecision.ABSTAINED)),
        work_item.c.voided_at.is_(None),
    )
    .order_by(work_item.c.decided_at)
)  # fmt: skip
_within = re.compile(r"approvedWithin:P(\d+)D")


@dataclass(frozen=True, slots=True)
class Woken:
    """`confirmed`: the second person was heard and the request runs again; else another one has to confirm."""

    instance_id: UUID
    confirmed: bool


def acts(uow: UnitOfWork, instance_id: UUID) -> tuple[str, ...]:
    """What the actor may do with the request as a whole now. Raises NotFound."""
    instance = rows.read(uow, instance_id)
    return tuple(act for act, refusal in _ACTS.items() if refusal(uow, instance) is None)


def withdraw(uow: UnitOfWork, instance_id: UUID, reason: str = "") -> UUID | None:
    """撤回: the request ends, its requester gets a draft that is submitted again under the same number.

    Returns the id of the draft. Raises NotPossibleNow with the reason, OperationRunning, NotFound.
    """
    instance = _allowed(uow, instance_id, "withdraw")
    drafting.check_nothing_runs(uow, instance)
    draft_id = drafting.keep(uow, instance)
    runtime.cancel(uow, instance_id, reason.strip(), status=Status.WITHDRAWN)
    return draft_id


def void(uow: UnitOfWork, instance_id: UUID, reason: str) -> None:
    """作废: the request never counted; its number is not used again.

    Raises NotPossibleNow, OpinionRequired, OperationRunning, NotFound.
    """
    instance = _allowed(uow, instance_id, "void", reason)
    if not repository.manages(uow, instance):
        drafting.check_nothing_runs(uow, instance)
    runtime.cancel(uow, instance_id, reason.strip(), status=Status.VOIDED)


def cancel(uow: UnitOfWork, instance_id: UUID, reason: str) -> None:
    """终止, by an administrator. Raises as `void`."""
    _allowed(uow, instance_id, "cancel", reason)
    runtime.cancel(uow, instance_id, reason.strip())


def suspend(uow: UnitOfWork, instance_id: UUID, reason: str) -> None:
    """挂起, by an administrator. Raises as `void`."""
    _allowed(uow, instance_id, "suspend", reason)
    runtime.suspend(uow, instance_id, reason.strip())


def activate(uow: UnitOfWork, instance_id: UUID) -> None:
    """恢复, by an administrator. Raises NotPossibleNow, NotFound."""
    _allowed(uow, instance_id, "activate")
    runtime.activate(uow, instance_id)


def wake(uow: UnitOfWork, instance_id: UUID, reason: str) -> Woken:
    """唤醒: a rejected request goes on at its last task, in a new round. One administrator asks, another one confirms.

    Earlier approvals stay void. Raises NotPossibleNow, OpinionRequired, NotFound, MoveRefused for a policy.
    """
    instance = _allowed(uow, instance_id, "wake", reason)
    asked = history.timeline(uow, instance_id, kind="waking.asked", limit=10_000)
    standing = [
        fact for fact in asked
        if instance.ended_at is not None and fact.at >= max(instance.ended_at, uow.now - WAKING_STANDS)
    ]  # fmt: skip
    me = identity.persons(uow, [uow.actor.user_id, *(fact.actor_id for fact in standing)])
    mine = me.get(uow.actor.user_id) if uow.actor.user_id is not None else None
    others = [fact for fact in standing if fact.actor_id is not None and me.get(fact.actor_id) not in (None, mine)]
    if mine is None or not others:
        history.record(uow, instance, "waking.asked", texts={"reason": reason.strip()})
        return Woken(instance_id, False)
    policy.undo_all(uow, instance.id, "rejected before it was woken")
    told = {"asked": others[-1].seq}
    history.record(uow, instance, "waking.confirmed", data=told, texts={"reason": reason.strip()})
    waking.wake(uow, instance, _last_node(uow, instance))
    return Woken(instance_id, True)


# ---------------------------------------------------------------- who, when


def _allowed(uow: UnitOfWork, instance_id: UUID, act: str, reason: str | None = None) -> Instance:
    instance = uow.lock_instance(instance_id)
    if not may_see(uow, instance_id):
        raise NotFound(kind="instance", key=instance_id)
    refusal = _ACTS[act](uow, instance)
    if refusal is not None:
        raise NotPossibleNow(act=_WORDS[act], instance=instance.number or instance.id, reason=refusal)
    if reason is not None and blank(reason):
        raise OpinionRequired(task=instance.title)
    return instance


def _withdrawal(uow: UnitOfWork, instance: Instance) -> str | None:
    if not _requester(uow, instance):
        return N_("only its requester may do that")
    if instance.status is not Status.RUNNING:
        return _state(instance)
    until = repository.program(uow, instance.definition_id).withdraw
    if until == "never":
        return N_("its drawing does not allow it")
    decided = [row for row in uow.execute(_decisions, {"of": instance.id}).all() if not row.spec.get("request")]
    if until == "beforeFirstDecision" and decided:
        return N_("somebody has decided already")
    within = _within.fullmatch(until)
    agreed = [row.decided_at for row in decided if row.decision == ItemDecision.AGREED]
    if within is not None and agreed and uow.now > agreed[0] + timedelta(days=int(within[1])):
        return Phrase(N_("it was approved more than {days} days ago"), days=within[1])
    return _effects(uow, instance)


def _voiding(uow: UnitOfWork, instance: Instance) -> str | None:
    if instance.status not in runtime.LIVE:
        return _state(instance)
    if repository.manages(uow, instance):
        return None
    if not _requester(uow, instance):
        return N_("only its requester or an administrator may do that")
    if instance.status is Status.SUSPENDED:
        return _state(instance)
    return _withdrawal(uow, instance)


def _cancelling(uow: UnitOfWork, instance: Instance) -> str | None:
    if not repository.manages(uow, instance):
        return N_("only an administrator may do that")
    return _state(instance) if instance.status not in runtime.LIVE else None


def _suspending(uow: UnitOfWork, instance: Instance) -> str | None:
    return _cancelling(uow, instance) or (_state(instance) if instance.status is not Status.RUNNING else None)


def _activating(uow: UnitOfWork, instance: Instance) -> str | None:
    return _cancelling(uow, instance) or (_state(instance) if instance.status is not Status.SUSPENDED else None)


def _waking(uow: UnitOfWork, instance: Instance) -> str | None:
    if not repository.manages(uow, instance):
        return N_("only an administrator may do that")
    if instance.status is not Status.REJECTED:
        return N_("it was not rejected")
    if erased(uow, instance.id):
        return N_("it was erased already")
    if _last_node(uow, instance) is None:
        return N_("its last task does not stand in the process itself")
    return None


def _copying(uow: UnitOfWork, instance: Instance) -> str | None:
    if not _requester(uow, instance):
        return N_("only its requester may do that")
    return N_("it was erased already") if erased(uow, instance.id) else None


_ACTS: dict[str, Callable[[UnitOfWork, Instance], str | None]] = {
    "withdraw": _withdrawal, "void": _voiding, "cancel": _cancelling, "suspend": _suspending,
    "activate": _activating, "jump": _cancelling, "wake": _waking, "copy": _copying,
}  # fmt: skip
"""Why an act on a request is not possible now, None: it is."""


_WORDS = {
    "withdraw": N_("withdraw"), "void": N_("void"), "cancel": N_("cancel"), "suspend": N_("suspend"),
    "activate": N_("resume"), "wake": N_("wake"),
}  # fmt: skip


def _requester(uow: UnitOfWork, instance: Instance) -> bool:
    return instance.starter_id is not None and instance.starter_id == uow.actor.user_id


def _state(instance: Instance) -> str:
    if instance.status is Status.SUSPENDED:
        return N_("it is suspended")
    if instance.status is Status.RUNNING:
        return N_("it is running")
    return N_("it has ended")


def _effects(uow: UnitOfWork, instance: Instance) -> str | None:
    done = drafting.lasting_effects(uow, instance.id)
    if not done:
        return None
    return Phrase(N_("'{elements}' must be taken back by the process that reverses it"), elements=", ".join(done))


def _last_node(uow: UnitOfWork, instance: Instance) -> str | None:
    """The task that was decided last, if it stands in the process itself and not inside a part of it."""
    last = max(runtime.rounds_of(uow, instance.id), key=lambda row: row.opened_seq, default=None)
    program = repository.program(uow, instance.definition_id)
    node = program.nodes.get(last.node) if last is not None and "/" not in (last.scope_path or "0") else None
    return node.id if node is not None and node.op == WORK and node.scope is program.root else None
