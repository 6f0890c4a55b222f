"""Who edits a draft just now: a courtesy between people. Who may write is decided by the version of the draft."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine import history
from engine.db.draft import draft_lock
from engine.unit_of_work import UnitOfWork

LEASE = timedelta(seconds=60)
"""after that long without a sign of life somebody else may edit"""

_one = select(draft_lock).where(draft_lock.c.path == bindparam("of"))
_change = update(draft_lock).where(draft_lock.c.path == bindparam("of"))
_remove = delete(draft_lock).where(draft_lock.c.path == bindparam("of"), draft_lock.c.holder == bindparam("who"))


@dataclass(frozen=True, slots=True)
class Lock:
    """Somebody edits."""

    holder: UUID
    since: datetime


def holder(uow: UnitOfWork, path: str) -> Lock | None:
    """Who edits the draft at `path`; None when nobody does."""
    row = uow.execute(_one, {"of": path}).first()
    return None if row is None or row.until <= uow.now else Lock(row.holder, row.since)


def hold(uow: UnitOfWork, path: str, *, take: bool = False) -> Lock:
    """Edit, or go on: the lock that stands then, which is another person's when he edits. `take`: even so.

    The draft need not be there yet.
    """
    me = _me(uow)
    row = {"path": path, "holder": me, "since": uow.now, "until": uow.now + LEASE}
    dialect = postgresql if uow.connection.dialect.name == "postgresql" else sqlite
    made = dialect.insert(draft_lock).values(row).on_conflict_do_nothing().returning(draft_lock.c.path)
    if uow.execute(made).first() is not None:
        return Lock(me, uow.now)
    found = uow.execute(_one.with_for_update(), {"of": path}).one_or_none()
    if found is None:  # let go while this transaction waited for the row
        return hold(uow, path, take=take)
    if found.holder == me and found.until > uow.now:
        uow.execute(_change.values(until=uow.now + LEASE), {"of": path})
        return Lock(me, found.since)
    if found.until > uow.now and not take:
        return Lock(found.holder, found.since)
    uow.execute(_change.values({name: row[name] for name in ("holder", "since", "until")}), {"of": path})
    if found.until > uow.now:
        history.act(uow, "draft", "draft.taken_over", {"path": path, "from": str(found.holder)})
    return Lock(me, uow.now)


def let_go(uow: UnitOfWork, path: str) -> None:
    """Stop editing; nothing happens when somebody else has taken over."""
    uow.execute(_remove, {"of": path, "who": _me(uow)})


def _me(uow: UnitOfWork) -> UUID:
    me = uow.actor.user_id
    assert me is not None  # noqa: S101 - people edit, the engine does not
    return me
