"""What a list of open work is narrowed to, as a condition on its rows."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, true

from engine.db.instance import instance
from engine.db.task import user_task, work_item
from engine.errors import N_, InvalidValue, Phrase
from engine.unit_of_work import UnitOfWork

DUE = ("overdue", "today", "week", "none")
LONGEST_WAIT_DAYS = 3650
RETURNED = 1
"""`user_task.cause` of a round that somebody sent back to"""


@dataclass(frozen=True, slots=True)
class Filter:
    """Each part None, "" or False: everything. `due`: one of DUE; `text`: in title or number."""

    process: str | None = None
    node: str | None = None
    requester: UUID | None = None
    due: str | None = None
    waiting_days: int | None = None
    returned: bool = False
    text: str | None = None

    @property
    def empty(self) -> bool:
        """Whether everything passes."""
        return not any(getattr(self, field.name) for field in fields(self))


def matcher(uow: UnitOfWork, only: Filter) -> ColumnElement[bool]:
    """The condition on `instance`, `user_task` and `work_item`. Raises InvalidValue."""
    conditions: list[ColumnElement[bool]] = []
    if only.process:
        conditions.append(instance.c.process_key == only.process)
    if only.node:
        conditions.append(user_task.c.node == only.node)
    if only.requester:
        conditions.append(instance.c.starter_id == only.requester)
    if only.due:
        conditions.append(_due(uow, only.due))
    if only.waiting_days:
        if not 0 < only.waiting_days <= LONGEST_WAIT_DAYS:
            raise InvalidValue(
                expected=Phrase(N_("1 to {limit} days"), limit=LONGEST_WAIT_DAYS), found=str(only.waiting_days)
            )
        conditions.append(work_item.c.created_at < uow.now - timedelta(days=only.waiting_days))
    if only.returned:
        conditions.append(user_task.c.cause == RETURNED)
    if only.text:
        conditions.append(about(only.text))
    return and_(true(), *conditions)


def about(wanted: str) -> ColumnElement[bool]:
    """Title or number hold `wanted`."""
    return or_(
        instance.c.title.icontains(wanted, autoescape=True), instance.c.number.icontains(wanted, autoescape=True)
    )


def due_before(uow: UnitOfWork, due: str | None) -> datetime | None:
    """Where a list by due date may end: nothing that is due later passes. None: it has to be read to its end."""
    if due == "overdue":
        return uow.now
    return end_of_day(uow, 0 if due == "today" else 6) if due in ("today", "week") else None


def end_of_day(uow: UnitOfWork, days_ahead: int) -> datetime:
    """Midnight after the business day so many days from now."""
    local = uow.now.astimezone(uow.settings.zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight + timedelta(days=days_ahead + 1)).astimezone(uow.now.tzinfo)


def _due(uow: UnitOfWork, due: str) -> ColumnElement[bool]:
    if due not in DUE:
        raise InvalidValue(expected=Phrase(N_("one of {words}"), words=", ".join(DUE)), found=due)
    before = due_before(uow, due)
    return work_item.c.due_at.is_(None) if before is None else work_item.c.due_at < before
