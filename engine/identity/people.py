"""Accounts as everybody looks them up: by id, login or what a form says; kept for the rest of the transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, or_, select, update

from engine.db.identity import user_account
from engine.errors import NotFound, Title
from engine.unit_of_work import UnitOfWork

SCOPE = "identity"
LONGEST_LOGIN = 60
_CACHED = f"{__name__}.user"
_UNKNOWN = object()
_USER_COLUMNS = (
    "id", "login", "name", "name_en", "email", "person_id", "org_unit_id", "position", "position_en", "manager_id",
    "locale", "demo", "disabled_at", "session_epoch",
)  # fmt: skip
_user_columns = attrgetter(*_USER_COLUMNS)


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
    def title(self) -> Title:
        """The name as a fact, in the reader's language where it is shown."""
        return Title.english(self.name, self.name_en)

    @property
    def active(self) -> bool:
        """Whether the account may be asked and may log in."""
        return self.disabled_at is None


def select_users() -> Select[Any]:
    """Of the columns of a `User`."""
    return select(*(user_account.c[name] for name in _USER_COLUMNS))


_user_of_login = select_users().where(user_account.c.login == bindparam("called"))
_user_of_id = select_users().where(
    or_(user_account.c.login == bindparam("called"), user_account.c.id == bindparam("of"))
)
_users_named = select_users().where(
    or_(
        user_account.c.login.in_(bindparam("called", expanding=True)),
        user_account.c.id.in_(bindparam("of", expanding=True)),
    )
)


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
    query = select_users().where(user_account.c.login > after).order_by(user_account.c.login).limit(limit)
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
    return [of_row(row) for row in uow.execute(query)]


def names(uow: UnitOfWork, user_ids: Iterable[UUID | None]) -> dict[UUID, Title]:
    """Names by id, for lists and as facts."""
    wanted = {key for key in user_ids if key is not None}
    if not wanted:
        return {}
    columns = (user_account.c.id, user_account.c.name, user_account.c.name_en)
    rows = uow.execute(select(*columns).where(user_account.c.id.in_(wanted)))
    return {row.id: Title.english(row.name, row.name_en) for row in rows}


def enabled(uow: UnitOfWork, user_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Those accounts of `user_ids` that are not disabled, and are not until the end of this unit of work."""
    query = select(user_account.c.id).where(user_account.c.id.in_(list(user_ids)), user_account.c.disabled_at.is_(None))
    return frozenset(uow.execute(query.order_by(user_account.c.id).with_for_update(read=True)).scalars())


def persons(uow: UnitOfWork, user_ids: Iterable[UUID | None]) -> dict[UUID, UUID | None]:
    """The natural person of each account: separation of duties compares these."""
    wanted = {key for key in user_ids if key is not None}
    if not wanted:
        return {}
    rows = uow.execute(select(user_account.c.id, user_account.c.person_id).where(user_account.c.id.in_(wanted)))
    return {row.id: row.person_id for row in rows}


def accounts_of(uow: UnitOfWork, user_id: UUID) -> set[UUID]:
    """The account, and those of the same natural person."""
    person = select(user_account.c.person_id).where(user_account.c.id == user_id).scalar_subquery()
    return {user_id, *uow.execute(select(user_account.c.id).where(user_account.c.person_id == person)).scalars()}


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


def remember(uow: UnitOfWork, known: Iterable[User]) -> None:
    """Accounts that were read, for whoever looks them up in this transaction."""
    for person in known:
        uow.cache[_CACHED, str(person.id)] = uow.cache[_CACHED, person.login] = person


def forget(uow: UnitOfWork) -> None:
    """An account is about to change."""
    for key in [key for key in uow.cache if key[0] == _CACHED]:
        del uow.cache[key]


def change(uow: UnitOfWork, user_id: UUID, **values: Any) -> None:
    """Columns of one account."""
    forget(uow)
    uow.execute(update(user_account).where(user_account.c.id == user_id).values(**values))


def of_row(row: Any) -> User:
    """The account in a row of `select_users`."""
    return User(*_user_columns(row))


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
        person = of_row(row)
        found[str(person.id)] = found[person.login] = person
    uow.cache |= {(_CACHED, text): found.get(text) for text in texts}
    uow.cache |= {(_CACHED, text): person for text, person in found.items()}
    return found
