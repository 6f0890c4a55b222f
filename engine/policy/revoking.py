"""Approvals lapse with what they stand on, where the settings say so: the account of who gave them, their policy."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update

from engine import audit, history, identity
from engine.db.policy import policy_grant
from engine.unit_of_work import UnitOfWork

SCOPE = "policy"


def disable_account(uow: UnitOfWork, user_id: UUID) -> int:
    """Disable an account. With `revoke_when_disabled` what it has approved, or somebody on its behalf, and is not paid
    yet has to be approved again; returns how many approvals lapsed. Raises NotFound.
    """
    identity.disable(uow, user_id)
    if not uow.settings.revoke_when_disabled:
        return 0
    given = or_(policy_grant.c.account_id == user_id, policy_grant.c.on_behalf_of_id == user_id)
    return _lapse(uow, _live(uow, given), "account disabled", {"user": str(user_id)})


def of_retired(uow: UnitOfWork, policy_id: str) -> int:
    """A policy has left without a successor. With `revoke_when_retired` approvals that were given under it and no other
    lapse; returns how many.
    """
    if not uow.settings.revoke_when_retired:
        return 0
    rows = uow.execute(select(policy_grant.c.id, policy_grant.c.policy_versions).where(_is_live)).all()
    alone = [
        row.id for row in rows
        if row.policy_versions and {name.partition("@")[0] for name in row.policy_versions} == {policy_id}
    ]  # fmt: skip
    return _lapse(uow, alone, "policy retired", {"policy": policy_id})


_is_live = policy_grant.c.state.in_(("active", "parked"))


def _live(uow: UnitOfWork, given: ColumnElement[bool]) -> list[UUID]:
    query = select(policy_grant.c.id).where(_is_live, given).order_by(policy_grant.c.id).with_for_update()
    return list(uow.execute(query).scalars())


def _lapse(uow: UnitOfWork, grants: Sequence[UUID], reason: str, about: dict[str, str]) -> int:
    if grants:
        row = update(policy_grant).where(policy_grant.c.id.in_(grants), _is_live)
        uow.execute(row.values(state="void", state_reason=reason, state_at=uow.now))
        data = {**about, "reason": reason, "grants": [str(key) for key in grants], "at": audit.instant(uow.now)}
        history.act(uow, SCOPE, "grants.revoked", data)
    return len(grants)
