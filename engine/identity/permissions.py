"""Groups, their members, and what they allow in the product itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, insert, or_, select

from engine import history, ids
from engine.db.identity import membership, user_account, user_group
from engine.errors import N_, AlreadyExists, Forbidden, NotFound, Phrase, Term, Title
from engine.identity.people import SCOPE, User, as_id, names, of_row, select_users, user
from engine.unit_of_work import UnitOfWork

_GROUPS = "groups of"
_groups_of = (
    select(user_group)
    .join(membership, membership.c.group_id == user_group.c.id)
    .where(membership.c.user_id == bindparam("who"))
    .order_by(user_group.c.key)
)
_group_of_key = select(user_group).where(user_group.c.key == bindparam("called"))
_group_of_id = select(user_group).where(
    or_(user_group.c.key == bindparam("called"), user_group.c.id == bindparam("of"))
)
_groups_named = select(user_group).where(
    or_(
        user_group.c.key.in_(bindparam("called", expanding=True)),
        user_group.c.id.in_(bindparam("of", expanding=True)),
    )
)


@dataclass(frozen=True, slots=True)
class Group:
    """A set of people with capabilities in the product itself."""

    id: UUID
    key: str
    name: str
    name_en: str
    capabilities: frozenset[str]

    @property
    def title(self) -> Title:
        """As of a `User`."""
        return Title.english(self.name, self.name_en)


def create_group(uow: UnitOfWork, key: str, name: str, *, name_en: str = "", capabilities: str = "") -> Group:
    """A new group. `capabilities`: words separated by spaces. Raises AlreadyExists."""
    if uow.execute(select(user_group.c.id).where(user_group.c.key == key)).first():
        raise AlreadyExists(kind="group", key=key)
    row = {"id": ids.uuid7(), "key": key, "name": name, "name_en": name_en, "capabilities": capabilities}
    uow.execute(insert(user_group), row)
    history.act(uow, SCOPE, "group.created", {"group": key, "capabilities": capabilities})
    return group(uow, key)


def group(uow: UnitOfWork, key: str | UUID) -> Group:
    """By key or id. Raises NotFound."""
    found = find_groups(uow, [key])
    if not found:
        raise NotFound(kind="group", key=str(key))
    return found[0]


def find_groups(uow: UnitOfWork, references: Iterable[Any]) -> list[Group]:
    """The groups that `references` (keys, ids, id texts) name, in their order; what names none is left out."""
    wanted = [str(reference) for reference in references if reference]
    if not wanted:
        return []
    rows: Sequence[Any]
    if len(wanted) == 1:  # most tasks ask one group
        key = as_id(wanted[0])
        rows = (
            uow.read(_group_of_key, {"called": wanted[0]})
            if key is None
            else uow.read(_group_of_id, {"called": wanted[0], "of": key})
        )
    else:
        keys = [key for key in map(as_id, wanted) if key is not None]
        rows = uow.execute(_groups_named, {"called": wanted, "of": keys}).all()
    by_text = {str(row.id): row for row in rows} | {row.key: row for row in rows}
    found = {row.id: _group(row) for text in wanted if (row := by_text.get(text)) is not None}
    return list(found.values())


def groups(uow: UnitOfWork) -> list[Group]:
    """All groups by key."""
    return [_group(row) for row in uow.execute(select(user_group).order_by(user_group.c.key))]


def add_member(uow: UnitOfWork, group_key: str | UUID, user_key: str | UUID) -> None:
    """Once is enough: a second time changes nothing."""
    target, person = group(uow, group_key), user(uow, user_key)
    link = and_(membership.c.group_id == target.id, membership.c.user_id == person.id)
    if uow.execute(select(membership.c.user_id).where(link)).first():
        return
    uow.execute(insert(membership), {"group_id": target.id, "user_id": person.id})
    history.act(uow, SCOPE, "group.member_added", {"group": target.key, "user": str(person.id)})


def remove_member(uow: UnitOfWork, group_key: str | UUID, user_key: str | UUID) -> None:
    """Takes effect at the next click: permissions and group tasks are looked up then."""
    target, person = group(uow, group_key), user(uow, user_key)
    uow.execute(delete(membership).where(membership.c.group_id == target.id, membership.c.user_id == person.id))
    history.act(uow, SCOPE, "group.member_removed", {"group": target.key, "user": str(person.id)})


def groups_of(uow: UnitOfWork, user_id: UUID) -> list[Group]:
    """The groups of a user, by key; asked once where nothing can change."""
    known: list[Group] | None = uow.cache.get((_GROUPS, user_id)) if uow.read_only else None
    if known is None:
        known = uow.cache[_GROUPS, user_id] = [_group(row) for row in uow.read(_groups_of, {"who": user_id})]
    return known


def members_of(uow: UnitOfWork, group_ids: Sequence[UUID]) -> list[User]:
    """Active members, by login."""
    rows = uow.execute(
        select_users()
        .where(
            user_account.c.disabled_at.is_(None),
            user_account.c.id.in_(select(membership.c.user_id).where(membership.c.group_id.in_(group_ids))),
        )
        .order_by(user_account.c.login)
    )
    return [of_row(row) for row in rows]


def capabilities_of(uow: UnitOfWork, user_id: UUID) -> frozenset[str]:
    """What the groups of a user allow him in the product itself."""
    return frozenset(word for group in groups_of(uow, user_id) for word in group.capabilities)


def may(uow: UnitOfWork, capability: str) -> bool:
    """Whether the actor has the capability; `admin` includes every other.

    The engine itself, the command line and jobs have no user and may do everything; a page without a user nothing.
    """
    if uow.actor.user_id is None:
        return uow.actor.source in ("system", "cli", "job")
    return bool(capabilities_of(uow, uow.actor.user_id) & {capability, "admin"})


def people_who_may(uow: UnitOfWork, capability: str) -> list[User]:
    """Active people whose groups have the capability, or `admin`, by login."""
    wanted = {capability, "admin"}
    return members_of(uow, [group.id for group in groups(uow) if group.capabilities & wanted])


def require(uow: UnitOfWork, capability: str) -> None:
    """Raises Forbidden unless `may`."""
    if not may(uow, capability):
        known = names(uow, [uow.actor.user_id])
        act = Phrase(N_("do what needs the permission “{code}”"), code=Term("right", capability))
        raise Forbidden(actor=next(iter(known.values()), "Nobody"), act=act)


def _group(row: Any) -> Group:
    return Group(row.id, row.key, row.name, row.name_en, frozenset(row.capabilities.split()))
