"""How soon approvals are decided about which a policy says how soon they should be: watched, never proved."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Text, or_, select, type_coerce

from engine.db.task import RoundStatus, user_task
from engine.policy import versions
from engine.policy.statement import Policy, Requirement
from engine.unit_of_work import UnitOfWork
from engine.values import stored_json

DAYS = 90
_DECIDED = (RoundStatus.PASSED, RoundStatus.FAILED, RoundStatus.RETURNED)


@dataclass(frozen=True, slots=True)
class Response:
    """What became of the approvals asked for in the last days. `late`: decided too late; `overdue`: wait too long.

    `decided` and `waiting` count all of them; `longest`: of those that are decided.
    """

    policy: str
    need: Requirement
    decided: int
    late: int
    waiting: int
    overdue: int
    longest: timedelta | None

    @property
    def in_time(self) -> int:
        """Decided within what the policy says."""
        return self.decided - self.late


def responses(uow: UnitOfWork, policies: Iterable[Policy] | None = None, days: int = DAYS) -> list[Response]:
    """For each approval with a time to respond: of the policies in force, or of `policies`."""
    held = versions.in_force(uow) if policies is None else policies
    return [
        _response(uow, one.id, need, need.respond_within, uow.now - timedelta(days=days))
        for one in held for need in one.asked if need.respond_within is not None
    ]  # fmt: skip


def _response(uow: UnitOfWork, policy_id: str, need: Requirement, within: timedelta, since: datetime) -> Response:
    asked = type_coerce(user_task.c.spec, Text).contains(
        f'"capability":[{stored_json(need.approval)},', autoescape=True
    )
    query = select(user_task.c.status, user_task.c.created_at, user_task.c.closed_at).where(
        asked, or_(user_task.c.created_at >= since, user_task.c.status == int(RoundStatus.OPEN))
    )
    rows = uow.execute(query).all()
    took = [row.closed_at - row.created_at for row in rows if row.status in _DECIDED and row.closed_at is not None]
    waits = [uow.now - row.created_at for row in rows if row.status == RoundStatus.OPEN]
    return Response(
        policy_id, need, len(took), sum(one > within for one in took), len(waits), sum(one > within for one in waits),
        max(took, default=None),
    )  # fmt: skip
