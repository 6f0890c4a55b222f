"""What-if: policies held against what was cleared before, with the approvals that there were then."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, or_, select

from engine.db.policy import clearance, policy_grant
from engine.errors import BusinessError, EngineError
from engine.operations import Facts
from engine.policy import gate, grants
from engine.policy.gate import Reason, Situation
from engine.policy.grants import Document
from engine.policy.statement import Policy
from engine.unit_of_work import UnitOfWork

DAYS = 90

_used = (
    select(
        clearance.c.id, clearance.c.instance_id, clearance.c.operation, clearance.c.subject_type,
        clearance.c.subject_id, clearance.c.subject_digest, clearance.c.amount, clearance.c.currency,
        clearance.c.requester_id, clearance.c.cleared_at, clearance.c.facts,
        clearance.c.operation_class.label("operation_class"),
    )
    .where(clearance.c.state == "used", clearance.c.cleared_at >= bindparam("since"))
    .order_by(clearance.c.cleared_at)
)  # fmt: skip
_then = select(policy_grant).where(
    policy_grant.c.subject_type == bindparam("of_type"), policy_grant.c.subject_id == bindparam("of_id"),
    policy_grant.c.granted_at <= bindparam("at_time"),
    or_(
        policy_grant.c.state == "active", policy_grant.c.state == "consumed",
        policy_grant.c.state_at >= bindparam("at_time"),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Past:
    """A guarded operation that ran. `reasons`: why it would be held, as (template, facts); empty: it would run."""

    clearance_id: UUID
    instance_id: UUID
    operation: str
    subject_type: str
    subject_id: str
    amount: Decimal
    currency: str
    cleared_at: datetime
    reasons: tuple[Reason, ...]


def replay_cleared(uow: UnitOfWork, policies: Sequence[Policy], days: int = DAYS) -> list[Past]:
    """Every guarded operation of the last `days`, oldest first, as `policies` would judge it.

    Facts and approvals are those of its time. What an approval does not bind (state, people named by the document) is
    read as it is now.
    """
    classes = {policy.on for policy in policies}
    found = []
    for row in uow.read(_used, {"since": uow.now - timedelta(days=days)}):
        if row.operation_class in classes and row.facts is not None:
            found.append(_judged(uow, row, policies))
    return found


def _judged(uow: UnitOfWork, row: Any, policies: Sequence[Policy]) -> Past:
    on = row.operation_class
    now = _now(uow, row)
    facts = replace(now, values=row.facts)
    then = Document(row.subject_type, row.subject_id, facts, row.subject_digest)
    live = uow.read(_then, {"of_type": row.subject_type, "of_id": row.subject_id, "at_time": row.cleared_at})
    situation = Situation(
        found=then, live=live, instance_id=row.instance_id, at=row.cleared_at, amount=row.amount,
        roles=grants.roles_of(uow, then, None, [row.instance_id]) | {"requester": frozenset((row.requester_id,))},
        total=lambda policy, sums: gate.total(uow, policy, sums, then, row.cleared_at, row.id),
        undone=lambda _: False,
    )  # fmt: skip
    reasons = [
        reason for policy in policies if policy.on == on for reason in gate.judge(uow, policy, situation).reasons
    ]
    return Past(
        row.id, row.instance_id, row.operation, row.subject_type, row.subject_id, row.amount, row.currency,
        row.cleared_at, tuple(reasons),
    )  # fmt: skip


def _now(uow: UnitOfWork, row: Any) -> Facts:
    """The document as it is now; nothing where it is gone."""
    try:
        return grants.document(uow, row.subject_type, row.subject_id).facts
    except (EngineError, BusinessError):
        return Facts({})
