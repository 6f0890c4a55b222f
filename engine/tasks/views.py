"""Lists that a person saves: a box with filters and an order under a name of his own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update

from engine import ids
from engine.db.view import inbox_view
from engine.errors import N_, InvalidValue, NotFound, Phrase
from engine.unit_of_work import UnitOfWork

LONGEST_NAME = 60
MOST = 30
_of_person = (
    select(inbox_view.c.id, inbox_view.c.name, inbox_view.c.query)
    .where(inbox_view.c.user_id == bindparam("who"))
    .order_by(inbox_view.c.created_at, inbox_view.c.id)
)
_insert = insert(inbox_view)
_change = update(inbox_view).where(inbox_view.c.id == bindparam("of"))


@dataclass(frozen=True, slots=True)
class View:
    """A saved list. `query`: the parts of its address by name."""

    id: UUID
    name: str
    query: dict[str, str]


def views(uow: UnitOfWork) -> list[View]:
    """Of the actor, in the order in which he made them."""
    return [View(row.id, row.name, dict(row.query)) for row in uow.read(_of_person, {"who": uow.actor.user_id})]


def save_view(uow: UnitOfWork, name: str, query: Mapping[str, str]) -> View:
    """Under `name`; the same name again changes it. Raises InvalidValue."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise InvalidValue(
            expected=Phrase(N_("a name of 1 to {limit} characters"), limit=LONGEST_NAME), found=str(len(name))
        )
    known = views(uow)
    found = next((view for view in known if view.name == name), None)
    if found is not None:
        uow.queue(_change, {"of": found.id, "query": dict(query)})
        return View(found.id, name, dict(query))
    if len(known) >= MOST:
        raise InvalidValue(expected=Phrase(N_("at most {limit} saved lists"), limit=MOST), found=str(MOST + 1))
    made = View(ids.uuid7(), name, dict(query))
    row: dict[str, Any] = {
        "id": made.id, "user_id": uow.actor.user_id, "name": name, "query": made.query, "created_at": uow.now,
    }  # fmt: skip
    uow.queue(_insert, row)
    return made


def remove_view(uow: UnitOfWork, view_id: UUID) -> None:
    """Raises NotFound, also for one of somebody else."""
    if view_id not in [view.id for view in views(uow)]:
        raise NotFound(kind="saved list", key=str(view_id))
    uow.execute(delete(inbox_view).where(inbox_view.c.id == view_id))
