"""Accounts are made, changed, disabled and enabled."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from engine import history, ids
from engine.db.identity import user_account
from engine.errors import N_, AlreadyExists, InvalidValue, Phrase
from engine.identity.organisation import find_org_unit
from engine.identity.people import LONGEST_LOGIN, SCOPE, User, as_id, change, forget, user
from engine.identity.signing_in import digest_of, hash_of
from engine.unit_of_work import UnitOfWork


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
        "org_unit_id": None if org_unit is None else find_org_unit(uow, org_unit).id,
        "position": position, "position_en": position_en,
        "manager_id": None if manager is None else user(uow, manager).id,
        "password_hash": None if password is None else hash_of(login, password),
        "locale": locale, "demo": demo, "created_at": uow.now,
    }  # fmt: skip
    forget(uow)
    uow.execute(insert(user_account), row)
    # names of people are in no chain: what is chained can never be deleted
    person = None if row["person_id"] is None else str(row["person_id"])
    told = {"user": str(key), "login_digest": digest_of(login).hex(), "person": person}
    history.act(uow, SCOPE, "user.created", told)
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
                values["org_unit_id"] = None if value is None else find_org_unit(uow, value).id
            case _:
                raise TypeError(f"change_user() got an unexpected keyword argument {name!r}")
    found = user(uow, user_id)
    if values:
        change(uow, found.id, **values)
        history.act(uow, SCOPE, "user.changed", {"user": str(found.id), "fields": sorted(changes)})
    return user(uow, found.id)


def disable(uow: UnitOfWork, user_id: UUID) -> None:
    """Nobody logs in with the account any more, nobody is asked through it; its name stays in history."""
    found = user(uow, user_id)
    change(uow, found.id, disabled_at=uow.now, session_epoch=user_account.c.session_epoch + 1)
    history.act(uow, SCOPE, "user.disabled", {"user": str(found.id)})


def enable(uow: UnitOfWork, user_id: UUID) -> None:
    """Undo `disable`."""
    found = user(uow, user_id)
    change(uow, found.id, disabled_at=None)
    history.act(uow, SCOPE, "user.enabled", {"user": str(found.id)})


def _check_login(login: str) -> None:
    """It names a person in drawings, forms and addresses, where an id may stand as well."""
    if not 0 < len(login) <= LONGEST_LOGIN or login != login.strip() or not login.isprintable() or as_id(login):
        raise InvalidValue(
            expected=Phrase(N_("a login of 1 to {limit} characters that is no id"), limit=LONGEST_LOGIN),
            found=repr(login[:80]),
        )
