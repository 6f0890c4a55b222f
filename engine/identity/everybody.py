"""Everybody who works here, all at once: for whoever would otherwise ask the same of each of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from engine.db.audit import audit_tip
from engine.db.identity import membership, user_account, user_group
from engine.identity import organisation, people
from engine.identity.organisation import OrgUnit, org_units
from engine.identity.people import SCOPE, User, of_row, select_users
from engine.unit_of_work import UnitOfWork

_KEPT = "everybody"
_tip = select(audit_tip.c.hash).where(audit_tip.c.scope == bindparam("of"))
_active = select_users().where(user_account.c.disabled_at.is_(None)).order_by(user_account.c.login)
_members = (
    select(user_group.c.key, membership.c.user_id)
    .join(membership, membership.c.group_id == user_group.c.id)
    .order_by(user_group.c.key)
)


@dataclass(frozen=True, slots=True)
class Everybody:
    """`people`: active accounts by login. `roles`: account -> keys of its groups, by key. `units`: departments."""

    people: tuple[User, ...]
    roles: Mapping[UUID, tuple[str, ...]]
    units: Mapping[UUID, OrgUnit]

    def above(self, unit: UUID) -> set[UUID]:
        """The departments over this one."""
        found, over = set[UUID](), self.units[unit].parent_id
        while over is not None and over not in found and over != unit:
            found.add(over)
            over = self.units[over].parent_id
        return found


def everybody(uow: UnitOfWork) -> Everybody:
    """As it is now; where nothing can change, the one that was read last is given until an act has changed people."""
    if not uow.read_only:
        return _read(uow)
    tip = uow.execute(_tip, {"of": SCOPE}).scalar()
    kept: tuple[Any, Everybody] | None = uow.shared.get(_KEPT)
    if kept is None or kept[0] != tip:
        kept = uow.shared[_KEPT] = (tip, _read(uow))
    return kept[1]


def remember(uow: UnitOfWork, known: Everybody) -> None:
    """Whoever looks up one account or department after the other in this transaction finds them without asking."""
    people.remember(uow, known.people)
    organisation.remember(uow, known.units.values())


def _read(uow: UnitOfWork) -> Everybody:
    found = tuple(of_row(row) for row in uow.execute(_active))
    active = {user.id for user in found}
    roles: dict[UUID, list[str]] = {}
    for row in uow.execute(_members):
        if row.user_id in active:
            roles.setdefault(row.user_id, []).append(row.key)
    return Everybody(
        found, MappingProxyType({key: tuple(keys) for key, keys in roles.items()}),
        MappingProxyType({unit.id: unit for unit in org_units(uow)}),
    )  # fmt: skip
