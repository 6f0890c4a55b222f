"""Who is there: accounts, passwords, groups, the organisation and its management line, substitution, permissions."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Row, Select, and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine import history, ids, outbox
from engine.db.identity import (
    login_failure,
    membership,
    org_unit,
    substitution,
    user_account,
    user_group,
    user_org_unit,
)
from engine.errors import (
    N_,
    AlreadyExists,
    Forbidden,
    InvalidSubstitution,
    InvalidValue,
    LoginLocked,
    NotFound,
    Phrase,
    WeakPassword,
)
from engine.process_engine import ProcessEngine
from engine.unit_of_work import ENGINE, UnitOfWork
from engine.values import sha256

PASSWORD_LENGTH = 8
LONGEST_LOGIN = 60
FREE_ATTEMPTS = 5
FIRST_LOCK = timedelta(seconds=30)
LONGEST_LOCK = timedelta(minutes=15)
STRANGERS_KEPT = timedelta(days=1)
"""how long wrong passwords for a login that nobody can use are counted"""
LONGEST_LINE = 20
LONGEST_ALONE = timedelta(days=30)
"""a substitution for longer needs the word of the principal's manager"""
LARGEST_AMOUNT = Decimal(10) ** 18

SCOPE = "identity"
ORDINARY = frozenset(("records", "reports", "finance", "hr", "messages.send"))
"""capabilities of people at their daily work; who has any other is privileged, and his signing in is on record"""

# OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# verified for unknown logins too, so that the time of an answer does not tell which logins exist
_NOBODY = _hasher.hash("nobody has this password")


@dataclass(frozen=True, slots=True)
class User:
    """An account. `person_id`: the natural person behind it, None for service accounts."""

    id: UUID
    login: str
    name: str
    name_en: str
    email: str
    person_id: UUID | None
    org_unit_id: UUID | None
    position: str
    position_en: str
    manager_id: UUID | None
    locale: str
    demo: bool
    disabled_at: datetime | None
    session_epoch: int

    @property
    def active(self) -> bool:
        """Whether the account may be asked and may log in."""
        return self.disabled_at is None


@dataclass(frozen=True, slots=True)
class Group:
    """A set of people with capabilities in the product itself."""

    id: UUID
    key: str
    name: str
    name_en: str
    capabilities: frozenset[str]


@dataclass(frozen=True, slots=True)
class OrgUnit:
    """A department."""

    id: UUID
    key: str
    name: str
    name_en: str
    parent_id: UUID | None
    leader_id: UUID | None


@dataclass(frozen=True, slots=True)
class Substitution:
    """`substitute_id` may act for `principal_id` in [valid_from, valid_to).

    `scope`: all | processes | categories, with the keys in `names`. `max_amount`: requests over it stay with the
    principal; `include_open` False: so does what was asked before it began. `state`: pending (his manager has to say
    yes) | active | refused | revoked. `confirm`: what the substitute decides counts when the principal has confirmed
    it; `unconfirmed`: without an answer in time it stands | falls. `keep_copy`: the principal gets a copy of what the
    substitute decides. `judged_by`, `judged_at`, `judged_reason`: who said yes or no to a pending one.
    """

    id: UUID
    principal_id: UUID
    substitute_id: UUID
    valid_from: datetime
    valid_to: datetime
    reason: str
    scope: str = "all"
    names: tuple[str, ...] = ()
    max_amount: Decimal | None = None
    include_open: bool = True
    state: str = "active"
    confirm: bool = False
    unconfirmed: str = "falls"
    keep_copy: bool = False
    judged_by: UUID | None = None
    judged_at: datetime | None = None
    judged_reason: str | None = None
    ended_at: datetime | None = None
    told_at: datetime | None = None

    @property
    def over_at(self) -> datetime:
        """When nobody acts by it any more."""
        return self.valid_to if self.ended_at is None else min(self.ended_at, self.valid_to)

    @property
    def limited(self) -> bool:
        """Whether some work of the principal is not the substitute's."""
        return self.scope != "all" or self.max_amount is not None or not self.include_open

    def covers(self, process_key: str, category: str, amount: Any = None, since: datetime | None = None) -> bool:
        """Whether work of this kind is the substitute's too. `since`: when the principal was asked."""
        named = {"processes": process_key, "categories": category}.get(self.scope)
        if named is not None and named not in self.names:
            return False
        if not self.include_open and since is not None and since < self.valid_from:
            return False
        return self.max_amount is None or not isinstance(amount, Decimal | int) or amount <= self.max_amount


# ---------------------------------------------------------------- logging in


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a password is the one behind `password_hash`; None: no such account, or one without a password."""

    password_hash: str | None
    right: bool


def check_password(engine: ProcessEngine, login: str, password: str) -> Checked:
    """Compare outside of every transaction, since it is slow on purpose; `authenticate` decides what it is worth.

    Raises LoginLocked.
    """
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        row: Any = uow.execute(select(user_account).where(user_account.c.login == login)).one_or_none()
        stranger = None if _usable(row) else uow.execute(_stranger(login)).one_or_none()
        _check_lock(uow, login, row if _usable(row) else stranger)
    known = row.password_hash if _usable(row) else None
    return Checked(known, _matches(known or _NOBODY, password) and known is not None)


def authenticate(uow: UnitOfWork, login: str, password: str, checked: Checked | None = None) -> User | None:
    """The user, or None for a wrong login or password. `checked`: what `check_password` found just before.

    A wrong attempt is counted, so the unit of work must commit: that is why None is returned and nothing raised.
    Raises LoginLocked after FREE_ATTEMPTS wrong ones in a row; the lock doubles from 30 s to 15 min.
    """
    row: Any = uow.execute(select(user_account).where(user_account.c.login == login).with_for_update()).one_or_none()
    if not _usable(row):
        _refuse_stranger(uow, login, None if checked else password)
        return None
    _check_lock(uow, login, row)
    if checked is not None and checked.password_hash == row.password_hash:
        right = checked.right
    else:
        right = _matches(row.password_hash, password)
    if not right:
        _change(uow, row.id, **_failed_again(uow, row))
        return None
    changed: dict[str, Any] = {"failed_logins": 0, "locked_until": None} if row.failed_logins else {}
    if _hasher.check_needs_rehash(row.password_hash):
        changed["password_hash"] = _hasher.hash(password)
    if changed:
        _change(uow, row.id, **changed)
    if capabilities_of(uow, row.id) - ORDINARY:
        history.act(uow, "session", "session.signed_in", {"user": str(row.id)})
    return _user(row)


def set_password(uow: UnitOfWork, user_id: UUID, password: str) -> None:
    """Replace the password and end all sessions of the account. Raises WeakPassword."""
    found = user(uow, user_id)
    hashed = _hash(found.login, password)
    epoch = user_account.c.session_epoch + 1
    _change(uow, found.id, password_hash=hashed, failed_logins=0, locked_until=None, session_epoch=epoch)
    history.act(uow, SCOPE, "user.password_set", {"user": str(found.id)})


# ---------------------------------------------------------------- accounts


def create_user(
    uow: UnitOfWork,
    login: str,
    name: str,
    *,
    password: str | None = None,
    name_en: str = "",
    email: str = "",
    person_id: UUID | None = None,
    service: bool = False,
    org_unit: str | UUID | None = None,
    position: str = "",
    position_en: str = "",
    manager: str | UUID | None = None,
    locale: str = "",
    demo: bool = False,
) -> User:
    """A new account. `person_id` names the person of a second account; a `service` account has none.

    Without a password nobody can log in. Raises InvalidValue for a login that cannot be, AlreadyExists, WeakPassword,
    NotFound.
    """
    _check_login(login)
    if uow.execute(select(user_account.c.id).where(user_account.c.login == login)).first():
        raise AlreadyExists(kind="user", key=login)
    key = ids.uuid7()
    row: dict[str, Any] = {
        "id": key, "login": login, "name": name, "name_en": name_en, "email": email,
        "person_id": None if service else person_id or key,
        "org_unit_id": None if org_unit is None else _unit(uow, org_unit).id,
        "position": position, "position_en": position_en,
        "manager_id": None if manager is None else user(uow, manager).id,
        "password_hash": None if password is None else _hash(login, password),
        "locale": locale, "demo": demo, "created_at": uow.now,
    }  # fmt: skip
    _forget(uow)
    uow.execute(insert(user_account), row)
    # names of people are in no chain: what is chained can never be deleted
    history.act(uow, SCOPE, "user.created", {"user": str(key), "login_digest": _digest(login).hex()})
    return user(uow, key)


def change_user(uow: UnitOfWork, user_id: UUID, **changes: Any) -> User:
    """Change name, name_en, email, position, position_en, locale, manager (login or id) or org_unit (key or id)."""
    values: dict[str, Any] = {}
    for name, value in changes.items():
        match name:
            case "name" | "name_en" | "email" | "position" | "position_en" | "locale":
                values[name] = value
            case "manager":
                values["manager_id"] = None if value is None else user(uow, value).id
            case "org_unit":
                values["org_unit_id"] = None if value is None else _unit(uow, value).id
            case _:
                raise TypeError(f"change_user() got an unexpected keyword argument {name!r}")
    found = user(uow, user_id)
    if values:
        _change(uow, found.id, **values)
        history.act(uow, SCOPE, "user.changed", {"user": str(found.id), "fields": sorted(changes)})
    return user(uow, found.id)


def disable(uow: UnitOfWork, user_id: UUID) -> None:
    """Nobody logs in with the account any more, nobody is asked through it; its name stays in history."""
    found = user(uow, user_id)
    _change(uow, found.id, disabled_at=uow.now, session_epoch=user_account.c.session_epoch + 1)
    history.act(uow, SCOPE, "user.disabled", {"user": str(found.id)})


def enable(uow: UnitOfWork, user_id: UUID) -> None:
    """Undo `disable`."""
    found = user(uow, user_id)
    _change(uow, found.id, disabled_at=None)
    history.act(uow, SCOPE, "user.enabled", {"user": str(found.id)})


def user(uow: UnitOfWork, key: str | UUID) -> User:
    """By id, id text or login. Raises NotFound."""
    found = find(uow, [key])
    if not found:
        raise NotFound(kind="user", key=str(key))
    return found[0]


def find(uow: UnitOfWork, references: Iterable[Any]) -> list[User]:
    """The users that `references` name, in their order, each once; what names nobody is left out.

    A reference is an id, an id text, a login, or a context with `id` or `login`, as FEEL and forms give them.
    """
    known: dict[str, User] = {}
    asked: list[str] = []
    wanted = [text for text in (reference_text(reference) for reference in references) if text]
    for text in wanted:
        cached = uow.cache.get((_CACHED, text), _UNKNOWN)
        if cached is _UNKNOWN:
            asked.append(text)
        elif cached is not None:
            known[text] = cached
    if asked:
        known |= _look_up(uow, asked)
    return list({known[text].id: known[text] for text in wanted if text in known}.values())


def users(uow: UnitOfWork, *, search: str = "", disabled: bool = False, after: str = "", limit: int = 50) -> list[User]:
    """Accounts by login, for lists and pickers; `after`: the last login of the page before."""
    query = _select_users().where(user_account.c.login > after).order_by(user_account.c.login).limit(limit)
    if not disabled:
        query = query.where(user_account.c.disabled_at.is_(None))
    if search:
        query = query.where(
            or_(
                *(
                    column.icontains(search, autoescape=True)
                    for column in (user_account.c.login, user_account.c.name, user_account.c.name_en)
                )
            )
        )
    return [_user(row) for row in uow.execute(query)]


def names(uow: UnitOfWork, user_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Names by id, for lists."""
    wanted = {key for key in user_ids if key is not None}
    if not wanted:
        return {}
    rows = uow.execute(select(user_account.c.id, user_account.c.name).where(user_account.c.id.in_(wanted)))
    return {row.id: row.name for row in rows}


def persons(uow: UnitOfWork, user_ids: Iterable[UUID | None]) -> dict[UUID, UUID | None]:
    """The natural person of each account: separation of duties compares these."""
    wanted = {key for key in user_ids if key is not None}
    if not wanted:
        return {}
    rows = uow.execute(select(user_account.c.id, user_account.c.person_id).where(user_account.c.id.in_(wanted)))
    return {row.id: row.person_id for row in rows}


def context_of(uow: UnitOfWork, user_id: UUID, department: str | None = None) -> dict[str, Any]:
    """A person as FEEL sees him: id, login, name, department (key), department_name, position, manager (login).

    `department`: in which of his departments he acts, his own one without it. Raises InvalidValue.
    """
    person = user(uow, user_id)
    unit = None if person.org_unit_id is None else _unit(uow, person.org_unit_id)
    if department is not None and (unit is None or department != unit.key):
        known = {one.key: one for one in departments_of(uow, person.id)}
        if department not in known:
            raise InvalidValue(expected="one of the departments of the requester", found=department)
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


# ---------------------------------------------------------------- groups and permissions


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
        _select_users()
        .where(
            user_account.c.disabled_at.is_(None),
            user_account.c.id.in_(select(membership.c.user_id).where(membership.c.group_id.in_(group_ids))),
        )
        .order_by(user_account.c.login)
    )
    return [_user(row) for row in rows]


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


def require(uow: UnitOfWork, capability: str) -> None:
    """Raises Forbidden unless `may`."""
    if not may(uow, capability):
        known = names(uow, [uow.actor.user_id])
        act = Phrase(N_("do what needs the permission “{code}”"), code=capability)
        raise Forbidden(actor=next(iter(known.values()), "Nobody"), act=act)


# ---------------------------------------------------------------- the organisation


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
        "parent_id": None if parent is None else _unit(uow, parent).id,
        "leader_id": None if leader is None else user(uow, leader).id,
    }  # fmt: skip
    uow.execute(insert(org_unit), row)
    history.act(uow, SCOPE, "org_unit.created", {"org_unit": key})
    return _unit(uow, key)


def set_leader(uow: UnitOfWork, unit_key: str | UUID, leader: str | UUID | None) -> None:
    """Open tasks do not move; the next round asks the new leader."""
    unit = _unit(uow, unit_key)
    leader_id = None if leader is None else user(uow, leader).id
    uow.execute(update(org_unit).where(org_unit.c.id == unit.id).values(leader_id=leader_id))
    history.act(uow, SCOPE, "org_unit.leader_set", {"org_unit": unit.key, "leader": str(leader_id)})


def find_org_unit(uow: UnitOfWork, key: str | UUID) -> OrgUnit:
    """By key or id. Raises NotFound."""
    return _unit(uow, key)


def org_units(uow: UnitOfWork) -> list[OrgUnit]:
    """All departments by key."""
    return [_org_unit(row) for row in uow.execute(select(org_unit).order_by(org_unit.c.key))]


def company_of(uow: UnitOfWork, user_id: UUID) -> str | None:
    """The key of the topmost department above somebody, None for whoever belongs to none."""
    unit_id, key, visited = user(uow, user_id).org_unit_id, None, set()
    while unit_id is not None and unit_id not in visited:
        visited.add(unit_id)
        unit = _unit(uow, unit_id)
        unit_id, key = unit.parent_id, unit.key
    return key


def department_members(uow: UnitOfWork, unit_id: UUID) -> list[User]:
    """Active people of one department, by login; sub-departments are not included."""
    rows = uow.execute(
        _select_users()
        .where(user_account.c.org_unit_id == unit_id, user_account.c.disabled_at.is_(None))
        .order_by(user_account.c.login)
    )
    return [_user(row) for row in rows]


def holders_of(uow: UnitOfWork, positions: Sequence[str]) -> list[User]:
    """Active people who hold one of the positions, by login."""
    rows = uow.execute(
        _select_users()
        .where(user_account.c.position.in_(positions), user_account.c.disabled_at.is_(None))
        .order_by(user_account.c.login)
    )
    return [_user(row) for row in rows]


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
        unit = found[unit_id] = _unit(uow, unit_id)
        unit_id = unit.parent_id
    return list(found.values())


def join_department(uow: UnitOfWork, user_key: str | UUID, unit_key: str | UUID) -> None:
    """兼职: the person works in this department as well; once is enough."""
    person, unit = user(uow, user_key), _unit(uow, unit_key)
    link = and_(user_org_unit.c.user_id == person.id, user_org_unit.c.org_unit_id == unit.id)
    if uow.execute(select(user_org_unit.c.user_id).where(link)).first():
        return
    uow.execute(insert(user_org_unit), {"user_id": person.id, "org_unit_id": unit.id})
    history.act(uow, SCOPE, "user.department_joined", {"user": str(person.id), "org_unit": unit.key})


def leave_department(uow: UnitOfWork, user_key: str | UUID, unit_key: str | UUID) -> None:
    """Undo `join_department`; instances that were started for it go on."""
    person, unit = user(uow, user_key), _unit(uow, unit_key)
    link = and_(user_org_unit.c.user_id == person.id, user_org_unit.c.org_unit_id == unit.id)
    uow.execute(delete(user_org_unit).where(link))
    history.act(uow, SCOPE, "user.department_left", {"user": str(person.id), "org_unit": unit.key})


def departments_of(uow: UnitOfWork, user_key: str | UUID) -> list[OrgUnit]:
    """His own department first, then those in which he works as well, by key."""
    person = user(uow, user_key)
    own = [] if person.org_unit_id is None else [_unit(uow, person.org_unit_id)]
    also = select(user_org_unit.c.org_unit_id).where(user_org_unit.c.user_id == person.id)
    rows = uow.execute(select(org_unit).where(org_unit.c.id.in_(also)).order_by(org_unit.c.key))
    return own + [unit for row in rows if (unit := _org_unit(row)).id != person.org_unit_id]


def leaders_of(uow: UnitOfWork, unit_id: UUID | None) -> list[User]:
    """Leaders of the department and of those above it, nearest first; a vacant one is skipped, nobody comes twice."""
    found: dict[UUID, User] = {}
    visited: set[UUID] = set()
    while unit_id is not None and unit_id not in visited:
        visited.add(unit_id)
        unit = _unit(uow, unit_id)
        if unit.leader_id is not None and unit.leader_id not in found:
            found[unit.leader_id] = user(uow, unit.leader_id)
        unit_id = unit.parent_id
    return list(found.values())


# ---------------------------------------------------------------- substitution


def substitute(
    uow: UnitOfWork,
    principal: str | UUID,
    deputy: str | UUID,
    valid_from: datetime,
    valid_to: datetime,
    reason: str = "",
    *,
    scope: str = "all",
    names: Sequence[str] = (),
    max_amount: Decimal | None = None,
    include_open: bool = True,
    confirm: bool = False,
    unconfirmed: str = "falls",
    keep_copy: bool = False,
) -> Substitution:
    """代理: `deputy` sees and may do the open work of `principal` in [valid_from, valid_to); the rest as Substitution.

    Not recursive. The principal says so himself, or somebody with the capability `people`. For more than LONGEST_ALONE,
    or more than the setting `substitution_amount`, it begins when the principal's manager has said yes, who is told.
    Raises InvalidSubstitution, Forbidden.
    """
    absent, present = user(uow, principal), user(uow, deputy)
    if uow.actor.user_id != absent.id:
        require(uow, "people")
    if absent.id == present.id or (absent.person_id is not None and absent.person_id == present.person_id):
        raise InvalidSubstitution(found=N_("principal and substitute are the same person"))
    if _his_own(uow, present.id):
        raise InvalidSubstitution(found=N_("nobody makes himself the substitute of somebody else"))
    if valid_from >= valid_to:
        raise InvalidSubstitution(found=N_("it ends before it begins"))
    if not present.active:
        raise InvalidSubstitution(found=N_("the substitute is disabled"))
    if scope not in ("all", "processes", "categories") or (scope == "all") is bool(names):
        raise InvalidSubstitution(found=N_("its scope is not all, or processes or categories with their keys"))
    if max_amount is not None and not (max_amount.is_finite() and max_amount < LARGEST_AMOUNT):
        raise InvalidSubstitution(found=N_("its amount is too large"))
    if max_amount is not None and max_amount <= 0:
        raise InvalidSubstitution(found=N_("its amount is not above zero"))
    if unconfirmed not in ("stands", "falls"):
        raise InvalidSubstitution(found=N_("without an answer its decisions neither stand nor fall"))
    limit = uow.settings.amount_alone
    small = limit is None or (max_amount is not None and max_amount <= limit)
    alone = small and valid_to - valid_from <= LONGEST_ALONE
    made = Substitution(
        ids.uuid7(), absent.id, present.id, valid_from, valid_to, reason, scope, tuple(names), max_amount,
        include_open, "active" if alone else "pending", confirm, unconfirmed, keep_copy,
    )  # fmt: skip
    uow.alone(f"substitution {absent.id}")
    _check_overlap(uow, made)
    row = asdict(made) | {"names": list(made.names), "made_at": uow.now}
    row["approved_by"] = row.pop("judged_by")
    uow.execute(insert(substitution), row)
    outbox.plan_substitution(uow, made.id, *(("ended", valid_to) if alone else ("asked",)))
    history.act(
        uow, SCOPE, "substitution.created",
        {"principal": str(absent.id), "substitute": str(present.id), "scope": scope, "state": made.state},
    )  # fmt: skip
    return made


def approve_substitution(
    uow: UnitOfWork, substitution_id: UUID, *, approved: bool = True, reason: str = ""
) -> None:  # fmt: skip
    """A pending one begins, or does not, by the word of the principal's manager; a no says why.

    Raises NotFound, Forbidden, InvalidValue.
    """
    if not approved and not reason.strip():
        raise InvalidValue(expected=N_("a reason"), found=N_("none"))
    row = uow.execute(select(substitution).where(substitution.c.id == substitution_id)).one_or_none()
    if row is None or row.state != "pending":
        raise NotFound(kind="substitution to approve", key=str(substitution_id))
    if _his_own(uow, row.principal_id, row.substitute_id):
        known = names(uow, [uow.actor.user_id])
        raise Forbidden(actor=next(iter(known.values()), "Nobody"), act=N_("judge a substitution of his own"))
    if not _managed_by(uow, row.principal_id, uow.actor.user_id):
        require(uow, "people")
    state = "active" if approved else "refused"
    # ended or judged by somebody else since it was read: it must not begin
    this = update(substitution).where(substitution.c.id == substitution_id, substitution.c.state == "pending")
    told = {"approved_by": uow.actor.user_id, "judged_at": uow.now, "judged_reason": reason.strip() or None}
    changed = uow.execute(this.values(state=state, **told).returning(substitution.c.id))
    if changed.one_or_none() is None:
        raise NotFound(kind="substitution to approve", key=str(substitution_id))
    outbox.plan_substitution(uow, substitution_id, "judged")
    if approved:
        outbox.plan_substitution(uow, substitution_id, "ended", row.valid_to)
    kind = "substitution.approved" if approved else "substitution.refused"
    history.act(uow, SCOPE, kind, {"id": str(substitution_id)})


def substitutions_to_judge(uow: UnitOfWork) -> list[Substitution]:
    """Pending ones that wait for the actor's word, by start."""
    rows = uow.execute(
        select(substitution)
        .where(substitution.c.state == "pending", substitution.c.valid_to > uow.now)
        .order_by(substitution.c.valid_from, substitution.c.id)
    ).all()
    anybody = may(uow, "people")
    return [
        _substitution(row) for row in rows
        if not _his_own(uow, row.principal_id, row.substitute_id)
        and (anybody or _managed_by(uow, row.principal_id, uow.actor.user_id))
    ]  # fmt: skip


def _managed_by(uow: UnitOfWork, person_id: UUID, manager_id: UUID | None) -> bool:
    manager = manager_of(uow, person_id)
    return manager is not None and manager.id == manager_id


def _his_own(uow: UnitOfWork, *accounts: UUID) -> bool:
    """Whether one of them is the person who acts, whatever account he uses."""
    actor_id = uow.actor.user_id
    if actor_id is None:
        return False
    known = persons(uow, [actor_id, *accounts])
    me = known.get(actor_id)
    return any(account == actor_id or (me is not None and known.get(account) == me) for account in accounts)


def _check_overlap(uow: UnitOfWork, made: Substitution) -> None:
    same_time = select(substitution.c.names).where(
        substitution.c.principal_id == made.principal_id,
        substitution.c.scope == made.scope,
        substitution.c.state.in_(("active", "pending")),
        substitution.c.valid_from < made.valid_to,
        substitution.c.valid_to > made.valid_from,
    )
    for row in uow.execute(same_time):
        if made.scope == "all" or set(row.names or ()) & set(made.names):
            raise InvalidSubstitution(found=N_("it overlaps with another one of the same principal"))


def end_substitution(uow: UnitOfWork, substitution_id: UUID) -> None:
    """Takes effect at the next click; the principal is told what was decided for him. Raises NotFound, Forbidden."""
    row = uow.execute(select(substitution).where(substitution.c.id == substitution_id)).one_or_none()
    if row is None:
        raise NotFound(kind="substitution", key=str(substitution_id))
    if uow.actor.user_id != row.principal_id:
        require(uow, "people")
    if row.state not in ("active", "pending"):
        raise NotFound(kind="substitution", key=str(substitution_id))
    this = update(substitution).where(substitution.c.id == substitution_id)
    begun = row.state == "active"
    uow.execute(this.values(state="revoked", ended_at=uow.now if begun else None))
    if begun and row.valid_from < uow.now < row.valid_to:
        outbox.plan_substitution(uow, substitution_id, "ended")
    history.act(uow, SCOPE, "substitution.ended", {"principal": str(row.principal_id)})


def find_substitution(uow: UnitOfWork, substitution_id: UUID) -> Substitution:
    """Whatever its state. Raises NotFound."""
    row = uow.execute(select(substitution).where(substitution.c.id == substitution_id)).one_or_none()
    if row is None:
        raise NotFound(kind="substitution", key=str(substitution_id))
    return _substitution(row)


def refused_substitutions(uow: UnitOfWork, principal_id: UUID) -> list[Substitution]:
    """Those to which the manager said no, until the time for which they were meant is over."""
    rows = uow.execute(
        select(substitution)
        .where(
            substitution.c.principal_id == principal_id,
            substitution.c.state == "refused",
            substitution.c.valid_to > uow.now,
        )
        .order_by(substitution.c.valid_from, substitution.c.id)
    )
    return [_substitution(row) for row in rows]


def over_substitutions(uow: UnitOfWork, principal_id: UUID, limit: int = 10) -> list[Substitution]:
    """Those that were in force for the principal and are over, the last ones first."""
    rows = uow.execute(
        select(substitution)
        .where(
            substitution.c.principal_id == principal_id,
            or_(
                and_(substitution.c.state == "active", substitution.c.valid_to <= uow.now),
                and_(substitution.c.state == "revoked", substitution.c.ended_at > substitution.c.valid_from),
            ),
        )
        .order_by(substitution.c.valid_to.desc(), substitution.c.id)
        .limit(limit)
    )
    return [_substitution(row) for row in rows]


def told_of_end(uow: UnitOfWork, substitution_id: UUID) -> bool:
    """Remember that the principal is told; False: he was before, or it goes on."""
    now = uow.now
    over = or_(substitution.c.valid_to <= now, substitution.c.state == "revoked")
    this = update(substitution).where(substitution.c.id == substitution_id, substitution.c.told_at.is_(None), over)
    return uow.execute(this.values(told_at=now).returning(substitution.c.id)).one_or_none() is not None


def substitutions(uow: UnitOfWork, user_id: UUID) -> list[Substitution]:
    """Present and future ones that the user gave or received, by start."""
    rows = uow.execute(
        select(substitution)
        .where(
            or_(substitution.c.principal_id == user_id, substitution.c.substitute_id == user_id),
            substitution.c.valid_to > uow.now,
            substitution.c.state.in_(("active", "pending")),
        )
        .order_by(substitution.c.valid_from, substitution.c.id)
    )
    return [_substitution(row) for row in rows]


def acting_for(uow: UnitOfWork, user_id: UUID) -> list[Substitution]:
    """The substitutions in force by which the user acts for others now; asked once where nothing can change."""
    known: list[Substitution] | None = uow.cache.get((_ACTING, user_id)) if uow.read_only else None
    if known is None:
        rows = uow.read(_acting_for, {"of": user_id, "at": uow.now})
        known = uow.cache[_ACTING, user_id] = [_substitution(row) for row in rows]
    return known


_ACTING = "acts for"
_GROUPS = "groups of"
_acting_for = (
    select(substitution)
    .where(
        substitution.c.substitute_id == bindparam("of"),
        substitution.c.state == "active",
        substitution.c.valid_from <= bindparam("at"),
        substitution.c.valid_to > bindparam("at"),
    )
    .order_by(substitution.c.principal_id, substitution.c.id)
)


def absent_for(uow: UnitOfWork, user_id: UUID) -> list[UUID]:
    """Whose substitute the user is now, for some of his work or for all of it."""
    return list(dict.fromkeys(rule.principal_id for rule in acting_for(uow, user_id)))


def principals_of(uow: UnitOfWork, user_id: UUID) -> list[UUID]:
    """Under which ids the user finds work: himself, his groups, and those whose substitute he is now."""
    rows = uow.execute(select(membership.c.group_id).where(membership.c.user_id == user_id))
    return [user_id, *sorted(row.group_id for row in rows), *absent_for(uow, user_id)]


# ---------------------------------------------------------------- private


def reference_text(reference: Any) -> str:
    """The login or id text in a reference, `""` for what cannot name a person."""
    if isinstance(reference, dict):
        reference = reference.get("id") or reference.get("login")
    return str(reference) if isinstance(reference, str | UUID) else ""


def as_id(text: str) -> UUID | None:
    """The id that `text` writes, None for any other text."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _look_up(uow: UnitOfWork, texts: list[str]) -> dict[str, User]:
    """Users by id text or login, kept for the rest of the transaction, and so is that there is none."""
    if len(texts) == 1:
        key = as_id(texts[0])
        rows: Sequence[Any] = (
            uow.read(_user_of_login, {"called": texts[0]})
            if key is None
            else uow.read(_user_of_id, {"called": texts[0], "of": key})
        )
    else:
        keys = [key for key in map(as_id, texts) if key is not None]
        rows = uow.execute(_users_named, {"called": texts, "of": keys}).all()
    found = {}
    for row in rows:
        person = _user(row)
        found[str(person.id)] = found[person.login] = person
    uow.cache |= {(_CACHED, text): found.get(text) for text in texts}
    uow.cache |= {(_CACHED, text): person for text, person in found.items()}
    return found


def _forget(uow: UnitOfWork) -> None:
    """An account is about to change."""
    for key in [key for key in uow.cache if key[0] == _CACHED]:
        del uow.cache[key]


def _matches(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _check_login(login: str) -> None:
    """It names a person in drawings, forms and addresses, where an id may stand as well."""
    if not 0 < len(login) <= LONGEST_LOGIN or login != login.strip() or not login.isprintable() or as_id(login):
        raise InvalidValue(expected=f"a login of 1 to {LONGEST_LOGIN} characters that is no id", found=repr(login[:80]))


def _usable(row: Any) -> bool:
    """Whether anybody can log in with the account."""
    return row is not None and row.password_hash is not None and row.disabled_at is None


def _refuse_stranger(uow: UnitOfWork, login: str, password: str | None) -> None:
    """A login that nobody can use is counted and locked like any other. `password`: None when it was compared."""
    known = uow.execute(_stranger(login).with_for_update()).one_or_none()
    _check_lock(uow, login, known)
    if password is not None:
        _matches(_NOBODY, password)
    row = {"login_digest": _digest(login), **_failed_again(uow, known), "last_at": uow.now}
    if known is not None:
        uow.execute(update(login_failure).where(login_failure.c.login_digest == row["login_digest"]).values(row))
        return
    uow.execute(delete(login_failure).where(login_failure.c.last_at < uow.now - STRANGERS_KEPT))
    made: Any = postgresql.insert if uow.connection.dialect.name == "postgresql" else sqlite.insert
    uow.execute(made(login_failure).values(row).on_conflict_do_nothing())


def _stranger(login: str) -> Select[Any]:
    return select(login_failure).where(login_failure.c.login_digest == _digest(login))


def _digest(login: str) -> bytes:
    return sha256(login.encode("utf-8", "surrogatepass"))


def _check_lock(uow: UnitOfWork, login: str, row: Any) -> None:
    if row is not None and row.locked_until is not None and row.locked_until > uow.now:
        raise LoginLocked(login=login, until=row.locked_until)


def _failed_again(uow: UnitOfWork, row: Any) -> dict[str, Any]:
    failed = (row.failed_logins if row is not None else 0) + 1
    over = failed - FREE_ATTEMPTS
    lock = uow.now + min(FIRST_LOCK * 2 ** min(over, 10), LONGEST_LOCK) if over >= 0 else None
    return {"failed_logins": failed, "locked_until": lock}


def _hash(login: str, password: str) -> str:
    if len(password) < PASSWORD_LENGTH or password.casefold() == login.casefold():
        raise WeakPassword(length=PASSWORD_LENGTH)
    return _hasher.hash(password)


def _change(uow: UnitOfWork, user_id: UUID, **values: Any) -> None:
    _forget(uow)
    uow.execute(update(user_account).where(user_account.c.id == user_id).values(**values))


_USER_COLUMNS = (
    "id", "login", "name", "name_en", "email", "person_id", "org_unit_id", "position", "position_en", "manager_id",
    "locale", "demo", "disabled_at", "session_epoch",
)  # fmt: skip


def _select_users() -> Select[Any]:
    return select(*(user_account.c[name] for name in _USER_COLUMNS))


_CACHED = f"{__name__}.user"
_UNKNOWN = object()
_user_columns = attrgetter(*_USER_COLUMNS)
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
_user_of_login = _select_users().where(user_account.c.login == bindparam("called"))
_user_of_id = _select_users().where(
    or_(user_account.c.login == bindparam("called"), user_account.c.id == bindparam("of"))
)
_users_named = _select_users().where(
    or_(
        user_account.c.login.in_(bindparam("called", expanding=True)),
        user_account.c.id.in_(bindparam("of", expanding=True)),
    )
)


def _user(row: Any) -> User:
    return User(*_user_columns(row))


def _group(row: Any) -> Group:
    return Group(row.id, row.key, row.name, row.name_en, frozenset(row.capabilities.split()))


def _substitution(row: Row[Any]) -> Substitution:
    return Substitution(
        row.id, row.principal_id, row.substitute_id, row.valid_from, row.valid_to, row.reason, row.scope,
        tuple(row.names or ()), row.max_amount, bool(row.include_open), row.state, bool(row.confirm), row.unconfirmed,
        bool(row.keep_copy), row.approved_by, row.judged_at, row.judged_reason, row.ended_at, row.told_at,
    )  # fmt: skip


def _org_unit(row: Row[Any]) -> OrgUnit:
    return OrgUnit(row.id, row.key, row.name, row.name_en, row.parent_id, row.leader_id)


def _unit(uow: UnitOfWork, key: str | UUID) -> OrgUnit:
    found = key if isinstance(key, UUID) else as_id(key)
    condition = org_unit.c.key == key if found is None else org_unit.c.id == found
    row = uow.execute(select(org_unit).where(condition)).one_or_none()
    if row is None:
        raise NotFound(kind="department", key=str(key))
    return _org_unit(row)


def _next_above(uow: UnitOfWork, person: User, seen: set[UUID]) -> User | None:
    if person.manager_id is not None:
        return None if person.manager_id in seen else user(uow, person.manager_id)
    return next((leader for leader in leaders_of(uow, person.org_unit_id) if leader.id not in seen), None)
