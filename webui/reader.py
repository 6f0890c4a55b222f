"""The person who reads the page, as Flask-Login and the templates see it."""

from dataclasses import dataclass
from uuid import UUID

from flask import g
from flask_login import LoginManager, UserMixin

from engine import identity
from engine.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Reader(UserMixin):  # the library is untyped
    """An account that signed in, with what it may do; read once per request."""

    id: UUID
    login: str
    name: str
    name_en: str
    position: str
    position_en: str
    locale: str
    session_epoch: int
    capabilities: frozenset[str]

    @classmethod
    def of(cls, uow: UnitOfWork, user: identity.User) -> "Reader":
        """The reader behind account `user`."""
        return cls(
            user.id, user.login, user.name, user.name_en, user.position, user.position_en, user.locale,
            user.session_epoch, frozenset(identity.capabilities_of(uow, user.id)),
        )  # fmt: skip

    def get_id(self) -> str:
        """What the session cookie holds: a changed epoch (password, disabled) ends all sessions."""
        return f"{self.id}:{self.session_epoch}"


manager = LoginManager()


@manager.user_loader
def _load(_: str) -> Reader | None:
    """`webui/transaction.py` has read the account already."""
    reader: Reader | None = g.get("reader")
    return reader
