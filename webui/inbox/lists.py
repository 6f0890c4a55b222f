"""What the address of a list asks for: a box, filters, an order; the same words in links, forms and saved lists."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from uuid import UUID

from engine import tasks
from engine.tasks import Page
from engine.unit_of_work import UnitOfWork

BOXES = ("todo", "claimable", "done", "requested", "copied", "drafts")
ORDERS = ("due", "newest", "waiting", "priority")
DUE = ("", "overdue", "today", "week", "none")
WAITING = ("", "1", "3", "7", "14", "30")
OPEN = ("todo", "claimable", "drafts")
"""boxes of tasks that the reader may act on"""
_FILTERS = ("process", "node", "requester", "due", "waiting", "returned")


@dataclass(frozen=True)
class Wanted:
    """A list. What the address does not say, or says wrongly, is the default."""

    box: str = "todo"
    process: str = ""
    node: str = ""
    requester: str = ""
    due: str = ""
    waiting: str = ""
    returned: str = ""
    text: str = ""
    sort: str = "due"
    layout: str = ""

    @classmethod
    def of(cls, args: Mapping[str, str]) -> "Wanted":
        """From the parts of an address."""
        said = {field.name: args.get(field.name, "").strip() for field in fields(cls)}
        return cls(**said).checked()

    def checked(self) -> "Wanted":
        """With defaults for what is none of the known words."""
        return replace(
            self,
            box=_one_of(self.box, BOXES), sort=_one_of(self.sort, ORDERS), due=_one_of(self.due, DUE),
            waiting=_one_of(self.waiting, WAITING), returned="1" if self.returned else "",
            layout="table" if self.layout == "table" and self.process else "",
            requester=self.requester if _key(self.requester) else "", node=self.node if self.process else "",
        )  # fmt: skip

    @property
    def query(self) -> dict[str, Any]:
        """The parts of an address that leads here, defaults left out."""
        plain = Wanted()
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in said.items() if value != getattr(plain, name)}

    @property
    def filters(self) -> int:
        """How many filters are set."""
        return sum(bool(getattr(self, name)) for name in _FILTERS)

    @property
    def narrowed(self) -> bool:
        """Whether something may be left out."""
        return bool(self.filters or self.text)


def read(uow: UnitOfWork, wanted: Wanted, cursor: str | None = None, limit: int = 20) -> Page:
    """A page of the list."""
    plain: dict[str, Any] = {
        "cursor": cursor, "limit": limit, "process": wanted.process or None, "text": wanted.text or None,
    }  # fmt: skip
    match wanted.box:
        case "done":
            return tasks.done(uow, **plain)
        case "requested":
            return tasks.requested(uow, **plain)
        case "copied":
            return tasks.copied(uow, **plain)
    return tasks.inbox(
        uow, wanted.box, sort=wanted.sort, node=wanted.node or None, requester=_key(wanted.requester),
        due=wanted.due or None, waiting_days=int(wanted.waiting or 0) or None, returned=bool(wanted.returned), **plain,
    )  # fmt: skip


def following(uow: UnitOfWork, wanted: Wanted, item: UUID) -> UUID | None:
    """The task behind `item`, which may have left the list; after the last one the first; None: there is none."""
    if wanted.box not in OPEN:
        return None
    cursor = tasks.place_of(uow, item).get(wanted.sort)
    for start in (cursor, None):
        found = [one for one in read(uow, wanted, start, 2).items if one.work_item_id != item]
        if found:
            key: UUID = found[0].work_item_id
            return key
    return None


def _one_of(said: str, known: tuple[str, ...]) -> str:
    return said if said in known else known[0]


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
