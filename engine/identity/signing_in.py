"""Passwords: compared outside of transactions, counted and locked when they are wrong."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Select, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine import history
from engine.db.identity import login_failure, user_account
from engine.errors import LoginLocked, WeakPassword
from engine.identity.people import SCOPE, User, change, of_row, user
from engine.identity.permissions import capabilities_of
from engine.process_engine import ProcessEngine
from engine.unit_of_work import ENGINE, UnitOfWork
from engine.values import sha256

PASSWORD_LENGTH = 8
FREE_ATTEMPTS = 5
FIRST_LOCK = timedelta(seconds=30)
LONGEST_LOCK = timedelta(minutes=15)
STRANGERS_KEPT = timedelta(days=1)
"""how long wrong passwords for a login that nobody can use are counted"""
ORDINARY = frozenset(("records", "reports", "finance", "hr", "messages.send"))
"""capabilities of people at their daily work; who has any other is privileged, and his signing in is on record"""
# OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# verified for unknown logins too, so that the time of an answer does not tell which logins exist
_NOBODY = _hasher.hash("nobody has this password")


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
        change(uow, row.id, **_failed_again(uow, row))
        return None
    changed: dict[str, Any] = {"failed_logins": 0, "locked_until": None} if row.failed_logins else {}
    if _hasher.check_needs_rehash(row.password_hash):
        changed["password_hash"] = _hasher.hash(password)
    if changed:
        change(uow, row.id, **changed)
    if capabilities_of(uow, row.id) - ORDINARY:
        history.act(uow, "session", "session.signed_in", {"user": str(row.id)})
    return of_row(row)


def set_password(uow: UnitOfWork, user_id: UUID, password: str) -> None:
    """Replace the password and end all sessions of the account. Raises WeakPassword."""
    found = user(uow, user_id)
    hashed = hash_of(found.login, password)
    epoch = user_account.c.session_epoch + 1
    change(uow, found.id, password_hash=hashed, failed_logins=0, locked_until=None, session_epoch=epoch)
    history.act(uow, SCOPE, "user.password_set", {"user": str(found.id)})


def _matches(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _usable(row: Any) -> bool:
    """Whether anybody can log in with the account."""
    return row is not None and row.password_hash is not None and row.disabled_at is None


def _refuse_stranger(uow: UnitOfWork, login: str, password: str | None) -> None:
    """A login that nobody can use is counted and locked like any other. `password`: None when it was compared."""
    known = uow.execute(_stranger(login).with_for_update()).one_or_none()
    _check_lock(uow, login, known)
    if password is not None:
        _matches(_NOBODY, password)
    row = {"login_digest": digest_of(login), **_failed_again(uow, known), "last_at": uow.now}
    if known is not None:
        uow.execute(update(login_failure).where(login_failure.c.login_digest == row["login_digest"]).values(row))
        return
    uow.execute(delete(login_failure).where(login_failure.c.last_at < uow.now - STRANGERS_KEPT))
    made: Any = postgresql.insert if uow.connection.dialect.name == "postgresql" else sqlite.insert
    uow.execute(made(login_failure).values(row).on_conflict_do_nothing())


def _stranger(login: str) -> Select[Any]:
    return select(login_failure).where(login_failure.c.login_digest == digest_of(login))


def digest_of(login: str) -> bytes:
    """What stands for a login where names of people must not be."""
    return sha256(login.encode("utf-8", "surrogatepass"))


def _check_lock(uow: UnitOfWork, login: str, row: Any) -> None:
    if row is not None and row.locked_until is not None and row.locked_until > uow.now:
        raise LoginLocked(login=login, until=row.locked_until)


def _failed_again(uow: UnitOfWork, row: Any) -> dict[str, Any]:
    failed = (row.failed_logins if row is not None else 0) + 1
    over = failed - FREE_ATTEMPTS
    lock = uow.now + min(FIRST_LOCK * 2 ** min(over, 10), LONGEST_LOCK) if over >= 0 else None
    return {"failed_logins": failed, "locked_until": lock}


def hash_of(login: str, password: str) -> str:
    """A new password, ready to be stored. Raises WeakPassword."""
    if len(password) < PASSWORD_LENGTH or password.casefold() == login.casefold():
        raise WeakPassword(length=PASSWORD_LENGTH)
    return _hasher.hash(password)
