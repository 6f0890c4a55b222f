"""What the machine cannot see of a move by hand: approvals that would be missing, calls that are under way."""

from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, exists, or_, select

from engine import operations, policy, repository
from engine.bpmn.model import Node, Process
from engine.bpmn.state import State
from engine.bpmn.steps import JobClosed, Step
from engine.db.effect import EffectStatus, effect
from engine.db.instance import Instance
from engine.db.job import JobKind, job
from engine.db.policy import policy_grant
from engine.db.task import RoundStatus, Source, user_task, work_item
from engine.errors import N_
from engine.findings import Finding, Level
from engine.unit_of_work import UnitOfWork

# the element as it is called now: a grant keeps the name of the day on which it was given
_granted = (
    select(user_task.c.node, policy_grant.c.capability, policy_grant.c.subject_id)
    .join(user_task, user_task.c.id == policy_grant.c.user_task_id)
    .where(
        policy_grant.c.instance_id == bindparam("of"),
        policy_grant.c.state == "active",
        policy_grant.c.expires_at > bindparam("at"),
    )
)
_asked = select(user_task.c.token, user_task.c.spec).where(
    user_task.c.instance_id == bindparam("of"), user_task.c.closed_at.is_(None)
)
_rounds = select(
    user_task.c.id, user_task.c.node, user_task.c.opened_seq, user_task.c.passed_seq, user_task.c.status,
    user_task.c.parked_by,
    exists().where(
        work_item.c.user_task_id == user_task.c.id, work_item.c.decided_at.is_not(None),
        work_item.c.decision_source == int(Source.HUMAN),
    ).label("human"),
).where(user_task.c.instance_id == bindparam("of"), user_task.c.voided_at.is_(None))  # fmt: skip
# a lease may be gone, taken by a suspension: what has begun and was not answered may happen all the same
_held = (
    select(job.c.token)
    .outerjoin(effect, effect.c.key == job.c.id)
    .where(
        job.c.instance_id == bindparam("of"),
        job.c.kind == int(JobKind.SERVICE),
        or_(
            and_(job.c.lock_token.is_not(None), job.c.visible_at > bindparam("at")),
            effect.c.status == int(EffectStatus.STARTED),
        ),
    )
)


def prove(
    uow: UnitOfWork, instance: Instance, state: State, renamed: dict[str, str] | None = None,
    candidate: repository.Candidate | None = None,
) -> list[Finding]:  # fmt: skip
    """What the policy check finds from the marking of `state`, with the approvals of `instance` that still live.

    `renamed`: old id -> new id of elements, of a migration that is about to be written. `candidate`: the definition of
    `state`, when it is not deployed.
    """
    if candidate is None:
        meant = repository.References(uow)
        drawing = meant.drawing(repository.definition(uow, UUID(state.definition_id)))
    else:
        meant, drawing = candidate.references(uow), candidate.drawing
    names = renamed or {}
    decided, final = _takeable(uow, instance)
    granted = [
        (names.get(row.node, row.node), row.capability, row.subject_id)
        for row in uow.execute(_granted, {"of": instance.id, "at": uow.now})
    ]
    return policy.prove(
        drawing, operations.catalog(), policies=policy.in_force(uow), process_id=state.program.process_id,
        callees=_Running(state, meant), forms=meant.form, decisions=meant.decision,
        begin=partial(
            policy.states, running=state, granted=granted, asked=_documents(uow, instance),
            decided=[names.get(node, node) for node in decided], final=[names.get(node, node) for node in final],
        ),
    )  # fmt: skip


def _takeable(uow: UnitOfWork, instance: Instance) -> tuple[list[str], list[str]]:
    """Elements whose decision may be taken back, as nobody who was asked later has decided; and those where somebody
    has, which going back may make void."""
    rows = uow.execute(_rounds, {"of": instance.id}).all()
    returned = {row.id for row in rows if row.status == RoundStatus.RETURNED}
    decided, final = [], []
    for row in rows:
        if row.passed_seq is None or row.parked_by is not None:
            continue
        later = [one for one in rows if one.human and one.opened_seq >= row.passed_seq]
        standing = [one for one in later if one.parked_by not in returned]
        if not standing:
            decided.append(row.node)
        elif not any(_stands(one) for one in standing):
            final.append(row.node)
    return decided, final


def _stands(row: Any) -> bool:
    """Whether what was decided in a round is never void: it was sent back, or somebody has taken his decision back."""
    return row.parked_by is not None or (row.passed_seq is None and row.status != RoundStatus.OPEN)


def _documents(uow: UnitOfWork, instance: Instance) -> dict[int, str | None]:
    """Token of each approval that is open -> the document about which somebody is asked."""
    rows = uow.execute(_asked, {"of": instance.id})
    return {row.token: row.spec["capability"][1] for row in rows if row.spec.get("capability")}


def under_way(uow: UnitOfWork, instance: Instance, step: Step) -> list[Finding]:
    """A job that the step takes away, but that a runner is working on: its effect may happen all the same."""
    closed = {fact.token: fact.node for fact in step.facts if isinstance(fact, JobClosed)}
    if not closed:
        return []
    held = uow.execute(_held, {"of": instance.id, "at": uow.now}).scalars()
    return [
        Finding("move-refused", Level.ERROR, closed[token], _UNDER_WAY, {"element": closed[token]})
        for token in held if token in closed
    ]  # fmt: skip


def at_work(uow: UnitOfWork, instance: Instance, state: State) -> list[str]:
    """Elements that a runner is working on: their effects may happen whatever becomes of the instance."""
    held = uow.execute(_held, {"of": instance.id, "at": uow.now}).scalars()
    return sorted({state.tokens[token].node.id for token in held if token in state.tokens})


class _Running:
    """What a call activity runs now; where it does not run, what it would run."""

    def __init__(self, state: State, meant: repository.References) -> None:
        self._meant = meant
        self._open = {
            (scope.parent.program.process_id, state.tokens[scope.token].node.id): UUID(scope.definition_id)
            for scope in state.scopes.values() if scope.kind == "call" and scope.parent is not None
        }  # fmt: skip

    def __call__(self, caller: Process, node: Node) -> Process | None:
        entered = self._open.get((caller.id, node.id))
        return self._meant.callee(caller, node) if entered is None else self._meant.at(entered)


_UNDER_WAY = N_("'{element}' is being performed just now: try again in a moment.")
