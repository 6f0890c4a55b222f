"""Departments, who leads and belongs to them, and the management line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, delete, func, insert, select, update

from engine import history, ids
from engine.db.identity import org_unit, user_account, user_org_unit
from engine.errors import N_, AlreadyExists, InvalidValue, NotFound, Title
from engine.identity.people import SCOPE, User, as_id, find, of_row, reference_text, select_users, user
from engine.identity.permissions import group, groups_of
from engine.unit_of_work import UnitOfWork

LONGEST_LINE = 20
_REMEMBERED = (f"{__name__}.units",)


@dataclass(frozen=True, slots=True)
class OrgUnit:
    """A department."""

    id: UUID
    key: str
    name: str
    name_en: str
    parent_id: UUID | None
    leader_id: UUID | None

    @property
    def title(self) -> Title:
        """As of a `User`."""
        return Title.english(self.name, self.name_en)


def create_org_unit(
    uow: UnitOfWork,
    key: str,
    name: str,
    *,
    name_en: str = "",
    parent: str | UUID | None = None,
    leader: str | UUID | None = None,
) -> OrgUnit:
    """A new department. Raises AlreadyExists, NotFound."""
    if uow.execute(select(org_unit.c.id).where(org_unit.c.key == key)).first():
        raise AlreadyExists(kind="department", key=key)
    row = {
        "id": ids.uuid7(), "key": key, "name": name, "name_en": name_en,
        "parent_id": None if parent is None else find_org_unit(uow, parent).id,
        "leader_id": None if leader is None else user(uow, leader).id,
    }  # fmt: skip
    uow.cache.pop(_REMEMBERED, None)
    uow.execute(insert(org_unit), row)
    history.act(uow, SCOPE, "org_unit.created", {"org_unit": key})
    return find_org_unit(uow, key)


def set_leader(uow: UnitOfWork, unit_key: str | UUID, leader: str | UUID | None) -> None:
    """Open tasks do not move; the next round asks the new leader."""
    unit = find_org_unit(uow, unit_key)
    leader_id = None if leader is None else user(uow, leader).id
    uow.cache.pop(_REMEMBERED, None)
    uow.execute(update(org_unit).where(org_unit.c.id == unit.id).values(leader_id=leader_id))
    history.act(uow, SCOPE, "org_unit.leader_set", {"org_unit": unit.key, "leader": str(leader_id)})


def find_org_unit(uow: UnitOfWork, key: str | UUID) -> OrgUnit:
    """By key or id. Raises NotFound."""
    found = key if isinstance(key, UUID) else as_id(key)
    known: dict[str | UUID, OrgUnit] | None = uow.cache.get(_REMEMBERED)
    if known is not None and (key if found is None else found) in known:
        return known[key if found is None else found]
    condition = org_unit.c.key == key if found is None else org_unit.c.id == found
    row = uow.execute(select(org_unit).where(condition)).one_or_none()
    if row is None:
        raise NotFound(kind="department", key=str(key))
    return _org_unit(row)


def org_units(uow: UnitOfWork) -> list[OrgUnit]:
    """All departments by key."""
    known: dict[str | UUID, OrgUnit] | None = uow.cache.get(_REMEMBERED)
    if known is not None:
        return list(dict.fromkeys(known.values()))
    return [_org_unit(row) for row in uow.execute(select(org_unit).order_by(org_unit.c.key))]


def remember(uow: UnitOfWork, known: Iterable[OrgUnit]) -> None:
    """All departments, for whoever looks them up in this transaction."""
    uow.cache[_REMEMBERED] = {name: unit for unit in known for name in (unit.key, unit.id)}


def company_of(uow: UnitOfWork, user_id: UUID) -> str | None:
    """The key of the topmost department above somebody, None for whoever belongs to none."""
    unit_id, key, visited = user(uow, user_id).org_unit_id, None, set()
    while unit_id is not None and unit_id not in visited:
        visited.add(unit_id)
        unit = find_org_unit(uow, unit_id)
        unit_id, key = unit.parent_id, unit.key
    return key


def department_members(uow: UnitOfWork, unit_id: UUID) -> list[User]:
    """Active people of one department, by login; sub-departments are not included."""
    rows = uow.execute(
        select_users()
        .where(user_account.c.org_unit_id == unit_id, user_account.c.disabled_at.is_(None))
        .order_by(user_account.c.login)
    )
    return [of_row(row) for row in rows]


def holders_of(uow: UnitOfWork, positions: Sequence[str]) -> list[User]:
    """Active people who hold one of the positions, by login."""
    rows = uow.execute(
        select_users()
        .where(user_account.c.position.in_(positions), user_account.c.disabled_at.is_(None))
        .order_by(user_account.c.login)
    )
    return [of_row(row) for row in rows]


def positions(uow: UnitOfWork) -> dict[str, str]:
    """Every position that an active person holds -> its name in English, "" where none is said."""
    rows = uow.execute(
        select(user_account.c.position, func.max(user_account.c.position_en).label("english"))
        .where(user_account.c.position != "", user_account.c.disabled_at.is_(None))
        .group_by(user_account.c.position)
        .order_by(user_account.c.position)
    )
    return {row.position: row.english for row in rows}


def manager_of(uow: UnitOfWork, user_id: UUID) -> User | None:
    """The named manager, else the leader of the department; whoever leads it himself has the next one upwards."""
    return next(iter(management_line(uow, user_id, 1)), None)


def management_line(uow: UnitOfWork, user_id: UUID, levels: int = LONGEST_LINE) -> list[User]:
    """The managers upwards, nearest first, at most `levels`; a circle ends the line."""
    line: list[User] = []
    seen = {user_id}
    person = user(uow, user_id)
    while len(line) < min(levels, LONGEST_LINE):
        above = _next_above(uow, person, seen)
        if above is None:
            break
        seen.add(above.id)
        line.append(above)
        person = above
    return line


def units_above(uow: UnitOfWork, unit_id: UUID | None) -> list[OrgUnit]:
    """The department and those above it, nearest first; a circle ends the line."""
    found: dict[UUID, OrgUnit] = {}
    while unit_id is not None and unit_id not in found:
        unit = found[unit_id] = find_org_unit(uow, unit_id)
        unit_id = unit.parent_id
    return list(found.values())


def join_department(uow: UnitOfWork, user_key: str | UUID, unit_key: str | UUID) -> None:
    """兼职: the person works in this department as well; once is enough."""
    person, unit = user(uow, user_key), find_org_unit(uow, unit_key)
    link = and_(user_org_unit.c.user_id == person.id, user_org_unit.c.org_unit_id == unit.id)
    if uow.execute(select(user_org_unit.c.user_id).where(link)).first():
        return
    uow.execute(insert(user_org_unit), {"user_id": person.id, "org_unit_id": unit.id})
    history.act(uow, SCOPE, "user.department_joined", {"user": str(person.id), "org_unit": unit.key})


def leave_department(uow: UnitOfWork, user_key: str | UUID, unit_key: str | UUID) -> None:
    """Undo `join_department`; instances that were started for it go on."""
    person, unit = user(uow, user_key), find_org_unit(uow, unit_key)
    link = and_(user_org_unit.c.user_id == person.id, user_org_unit.c.org_unit_id == unit.id)
    uow.execute(delete(user_org_unit).where(link))
    history.act(uow, SCOPE, "user.department_left", {"user": str(person.id), "org_unit": unit.key})


def departments_of(uow: UnitOfWork, user_key: str | UUID) -> list[OrgUnit]:
    """His own department first, then those in which he works as well, by key."""
    person = user(uow, user_key)
    own = [] if person.org_unit_id is None else [find_org_unit(uow, person.org_unit_id)]
    also = select(user_org_unit.c.org_unit_id).where(user_org_unit.c.user_id == person.id)
    rows = uow.execute(select(org_unit).where(org_unit.c.id.in_(also)).order_by(org_unit.c.key))
    return own + [unit for row in rows if (unit := _org_unit(row)).id != person.org_unit_id]


def leaders_of(uow: UnitOfWork, unit_id: UUID | None) -> list[User]:
    """Leaders of the department and of those above it, nearest first; a vacant one is skipped, nobody comes twice."""
    found: dict[UUID, User] = {}
    visited: set[UUID] = set()
    while unit_id is not None and unit_id not in visited:
        visited.add(unit_id)
        unit = find_org_unit(uow, unit_id)
        if unit.leader_id is not None and unit.leader_id not in found:
            found[unit.leader_id] = user(uow, unit.leader_id)
        unit_id = unit.parent_id
    return list(found.values())


def context_of(uow: UnitOfWork, user_id: UUID, department: str | None = None) -> dict[str, Any]:
    """A person as FEEL sees him: id, login, name, department (key), department_name, position, manager (login).

    `department`: in which of his departments he acts, his own one without it. Raises InvalidValue.
    """
    person = user(uow, user_id)
    unit = None if person.org_unit_id is None else find_org_unit(uow, person.org_unit_id)
    if department is not None and (unit is None or department != unit.key):
        known = {one.key: one for one in departments_of(uow, person.id)}
        if department not in known:
            raise InvalidValue(expected=N_("one of the departments of the requester"), found=department)
        unit = known[department]
    manager = manager_of(uow, person.id)
    return {
        "id": str(person.id),
        "login": person.login,
        "name": person.name,
        "department": unit.key if unit else None,
        "department_name": unit.name if unit else None,
        "position": person.position,
        "manager": manager.login if manager else None,
    }


class Directory:
    """What FEEL asks about people. `person`: a login, an id, or a person as FEEL sees him. Both raise NotFound."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def belongs(self, person: Any, department: str) -> bool:
        """Whether one of his departments is this one or lies below it."""
        wanted = find_org_unit(self._uow, department)
        return any(
            wanted in units_above(self._uow, unit.id) for unit in departments_of(self._uow, self._known(person).id)
        )

    def has_role(self, person: Any, role: str) -> bool:
        """Whether he is in this group."""
        return group(self._uow, role) in groups_of(self._uow, self._known(person).id)

    def _known(self, person: Any) -> User:
        found = find(self._uow, [person])
        if not found:
            raise NotFound(kind="user", key=str(reference_text(person) or person))
        return found[0]


def _org_unit(row: Row[Any]) -> OrgUnit:
    return OrgUnit(row.id, row.key, row.name, row.name_en, row.parent_id, row.leader_id)


def _next_above(uow: UnitOfWork, person: User, seen: set[UUID]) -> User | None:
    if person.manager_id is not None:
        return None if person.manager_id in seen else user(uow, person.manager_id)
    return next((leader for leader in leaders_of(uow, person.org_unit_id) if leader.id not in seen), None)
