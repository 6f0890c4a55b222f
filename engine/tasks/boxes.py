"""抄送我的: requests of which somebody sent the actor a copy."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, true

from engine.approvals.rounds import WORDS, unconfirmed
from engine.db.definition import definition
from engine.db.identity import substitution, user_account
from engine.db.instance import Status, instance
from engine.db.task import ItemDecision, ItemKind, ItemStatus, user_task, work_item
from engine.errors import Title
from engine.forms import Permissions
from engine.identity import Substitution
from engine.tasks import filtering, titles
from engine.tasks.inbox import MOST_ON_A_PAGE, Key, Page, read_cursor, reads, write_cursor
from engine.tasks.working import sights
from engine.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class CopyItem:
    """A copy that the actor got. `read_at` None: unread. `sender_name`: None where the drawing sent it."""

    work_item_id: UUID
    instance_id: UUID
    definition_id: UUID
    number: str | None
    title: str
    summary: Any
    process_key: str
    process_name: str
    starter_name: str
    starter_name_en: str
    sender_name: Title | None
    created_at: datetime
    read_at: datetime | None
    status: str


def copied(
    uow: UnitOfWork, *, cursor: str | None = None, limit: int = 20, process: str | None = None,
    text: str | None = None, unread: bool = False,
) -> Page:  # fmt: skip
    """Copies that the actor got, newest first; `unread`: without those that he has opened."""
    limit = min(max(limit, 1), MOST_ON_A_PAGE)
    after = read_cursor(cursor)
    query = _copies.where(
        work_item.c.assignee_id == uow.actor.user_id,
        instance.c.process_key == process if process else true(),
        filtering.about(text) if text else true(),
        work_item.c.status == int(ItemStatus.TODO) if unread else true(),
        work_item.c.id < after.work_item_id if after else true(),
    )
    rows = uow.execute(query.limit(limit + 1)).all()
    allowed = sights(uow, [row.instance_id for row in rows[:limit]])
    items = [item for row in rows[:limit] if reads(item := _item(uow, row, allowed[row.instance_id]), text)]
    return Page(items, write_cursor(Key(0, 0, rows[limit - 1].id)) if len(rows) > limit else None)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A copy of one request: who has it, who sent it (None: the drawing), and when it was read."""

    work_item_id: UUID
    reader_id: UUID
    reader_name: Title
    sender_name: Title | None
    created_at: datetime
    read_at: datetime | None


def receipts(uow: UnitOfWork, instance_id: UUID) -> list[Receipt]:
    """The copies of an instance in the order in which they were sent."""
    return [
        Receipt(
            row.id, row.assignee_id, Title.english(row.reader, row.reader_en), _sent_by(row), row.created_at,
            row.first_seen_at,
        )
        for row in uow.read(_receipts, {"of": instance_id})
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class InMyName:
    """A decision that a substitute made for somebody. `title`: as he may read it. `waits`: to be confirmed; `void`: it
    does not count."""

    work_item_id: UUID
    instance_id: UUID
    number: str | None
    title: str
    task_name: str
    by: str
    decision: str
    opinion: str | None
    decided_at: datetime
    by_en: str = ""
    waits: bool = False
    void: bool = False


def decided_for_me(uow: UnitOfWork, limit: int = 50) -> list[InMyName]:
    """What substitutes decided in the actor's name, newest first."""
    return _in_names(uow, uow.execute(_in_my_name.limit(limit), {"who": uow.actor.user_id}).all())


def decided_by_rule(uow: UnitOfWork, rule: Substitution) -> list[InMyName]:
    """What was decided while the substitution was in force, newest first; whoever asks, the principal reads it."""
    query = _in_my_name.where(
        work_item.c.decided_by == rule.substitute_id, work_item.c.decided_at >= rule.valid_from,
        work_item.c.decided_at < rule.over_at,
    )  # fmt: skip
    rows = uow.execute(query, {"who": rule.principal_id}).all()
    with titles.reading_as(uow, rule.principal_id):
        return _in_names(uow, rows)


def _in_names(uow: UnitOfWork, rows: Sequence[Any]) -> list[InMyName]:
    allowed = sights(uow, [row.instance_id for row in rows])
    return [_in_name(uow, row, allowed[row.instance_id]) for row in rows]


def _in_name(uow: UnitOfWork, row: Any, allowed: Permissions) -> InMyName:
    open_ = unconfirmed(row)
    waits = open_ and row.status == ItemStatus.COUNTERSIGNING  # else others have closed the round meanwhile
    return InMyName(
        row.id, row.instance_id, row.number,
        titles.shown(uow, row.definition_id, row.title, row.process_name, allowed), row.task_name, row.by,
        WORDS.get(ItemDecision(row.decision), ItemDecision(row.decision).name.lower()), row.opinion, row.decided_at,
        row.by_en, waits, row.voided_at is not None or (open_ and not waits),
    )  # fmt: skip


def _item(uow: UnitOfWork, row: Any, allowed: Permissions) -> CopyItem:
    summary = {name: value for name, value in (row.summary or {}).items() if allowed.on(name) != "hidden"}
    return CopyItem(
        row.id, row.instance_id, row.definition_id, row.number,
        titles.shown(uow, row.definition_id, row.title, row.process_name, allowed), summary,
        row.process_key, row.process_name,
        row.starter_name or "", row.starter_name_en or "", _sent_by(row), row.created_at, row.first_seen_at,
        Status(row.status).name.lower(),
    )  # fmt: skip


def _sent_by(row: Any) -> Title | None:
    return None if row.sender is None else Title.english(row.sender, row.sender_en)


_starter, _sender = user_account.alias("starter"), user_account.alias("sender")
_copies = (
    select(
        work_item.c.id, work_item.c.instance_id, instance.c.definition_id, instance.c.number, instance.c.title,
        instance.c.summary, instance.c.process_key, definition.c.name.label("process_name"),
        _starter.c.name.label("starter_name"), _starter.c.name_en.label("starter_name_en"),
        _sender.c.name.label("sender"), _sender.c.name_en.label("sender_en"), work_item.c.created_at,
        work_item.c.first_seen_at, instance.c.status,
    )
    .join(instance, instance.c.id == work_item.c.instance_id)
    .join(definition, definition.c.id == instance.c.definition_id)
    .outerjoin(_starter, _starter.c.id == instance.c.starter_id)
    .outerjoin(_sender, _sender.c.id == work_item.c.added_by)
    .where(work_item.c.kind == int(ItemKind.COPY))
    .order_by(work_item.c.id.desc())
)  # fmt: skip
_receipts = (
    select(
        work_item.c.id, work_item.c.assignee_id, _starter.c.name.label("reader"), _starter.c.name_en.label("reader_en"),
        _sender.c.name.label("sender"), _sender.c.name_en.label("sender_en"),
        work_item.c.created_at, work_item.c.first_seen_at,
    )
    .join(_starter, _starter.c.id == work_item.c.assignee_id)
    .outerjoin(_sender, _sender.c.id == work_item.c.added_by)
    .where(work_item.c.instance_id == bindparam("of"), work_item.c.kind == int(ItemKind.COPY))
    .order_by(work_item.c.id)
)  # fmt: skip
_in_my_name = (  # by whom he ever chose: the index of decisions leads there
    select(
        work_item.c.id, work_item.c.instance_id, work_item.c.status, instance.c.number, instance.c.title,
        instance.c.definition_id, definition.c.name.label("process_name"),
        user_task.c.name.label("task_name"), work_item.c.voided_at, work_item.c.confirm_until, work_item.c.answered_at,
        _sender.c.name.label("by"), _sender.c.name_en.label("by_en"),
        work_item.c.decision, work_item.c.opinion, work_item.c.decided_at,
    )
    .join(user_task, user_task.c.id == work_item.c.user_task_id)
    .join(instance, instance.c.id == work_item.c.instance_id)
    .join(definition, definition.c.id == instance.c.definition_id)
    .join(_sender, _sender.c.id == work_item.c.decided_by)
    .where(
        work_item.c.decided_by.in_(
            select(substitution.c.substitute_id).where(substitution.c.principal_id == bindparam("who"))
        ),
        work_item.c.decided_at.is_not(None),
        work_item.c.on_behalf_of_id == bindparam("who"),
    )
    .order_by(work_item.c.decided_at.desc(), work_item.c.id)
)  # fmt: skip
