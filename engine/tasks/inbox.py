"""Lists of work: to do, done, requested. Keyset pages, capped counts; rows of the inbox exist exactly while somebody
may act, so its query filters nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, TextClause, and_, bindparam, or_, select, text

from engine import forms, identity
from engine.approvals.rounds import WORDS
from engine.bpmn.steps import FieldRule
from engine.db.base import from_micros, to_micros
from engine.db.definition import definition
from engine.db.identity import user_account
from engine.db.instance import Status, instance
from engine.db.task import NO_DUE, Box, ItemDecision, ItemKind, RoundStatus, user_task, work_item
from engine.errors import InvalidValue
from engine.tasks import titles
from engine.unit_of_work import UnitOfWork

MOST_ON_A_PAGE = 100
COUNT_LIMIT = 1000
"""Counts end here; pages show "999+"."""
CHUNK = 200
MOST_READ = 2000


@dataclass(frozen=True, slots=True)
class InboxItem:
    """One line of the list. `mine`: assigned to the actor himself; otherwise a group's, or of `principal`."""

    work_item_id: UUID
    user_task_id: UUID | None
    instance_id: UUID
    definition_id: UUID
    number: str | None
    title: str
    summary: Any
    task_name: str
    labels: dict[str, str]
    node: str
    process_key: str
    process_name: str
    starter_name: str
    starter_name_en: str
    created_at: datetime
    due_at: datetime | None
    priority: int
    round: int
    claimable: bool
    mine: bool
    principal: str | None
    """whose substitute the actor is here"""
    assignee_name: str | None
    """the group or person it stands under"""
    kind: str = "normal"
    """why it is asked: normal, sign_before, sign_after, sign_parallel, advice, copy"""
    urges: int = 0
    batch: bool = False
    """the drawing lets it be agreed to from the list"""


@dataclass(frozen=True, slots=True)
class DoneItem:
    """A decision of the actor."""

    work_item_id: UUID
    instance_id: UUID
    definition_id: UUID
    number: str | None
    title: str
    task_name: str
    labels: dict[str, str]
    node: str
    process_key: str
    process_name: str
    starter_name: str
    starter_name_en: str
    decision: str
    opinion: str | None
    decided_at: datetime
    status: str


@dataclass(frozen=True, slots=True)
class RequestItem:
    """An instance that the actor started. `waiting`: (name, labels by language) of the tasks that are open now."""

    instance_id: UUID
    definition_id: UUID
    number: str | None
    title: str
    summary: Any
    process_key: str
    process_name: str
    status: str
    created_at: datetime
    ended_at: datetime | None
    waiting: tuple[tuple[str, dict[str, str]], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """`next`: cursor of the page after this one, None on the last."""

    items: list[Any]
    next: str | None


class _Key(NamedTuple):
    due_key: int
    work_item_id: UUID


def inbox(
    uow: UnitOfWork,
    box: str = "todo",
    *,
    cursor: str | None = None,
    limit: int = 20,
    process: str | None = None,
    text: str | None = None,
    sort: str = "due",
) -> Page:
    """Open work of the actor. `box`: todo (his, his groups', as substitute), claimable, copied. `sort`: due | newest.

    With a filter (`process`: key; `text` in title or number) a page may end early and still have a `next`: the search
    reads MOST_READ entries at a time. Raises InvalidValue for a box, sort or cursor that is none.
    """
    if sort not in ("due", "newest"):
        raise InvalidValue(expected="sort: due | newest", found=sort)
    limit = min(max(limit, 1), MOST_ON_A_PAGE)
    places = _places(uow, box)
    after = _read_cursor(cursor)
    if process is None and not text:
        keys = _keys(uow, places, sort, after, limit + 1)
        items = _describe(uow, [key.work_item_id for key in keys[:limit]])
        return Page(items, _write_cursor(keys[limit - 1]) if len(keys) > limit else None)
    return _search(uow, places, sort, after, limit, _matcher(process, text), text or "")


def count(uow: UnitOfWork) -> dict[str, int]:
    """Entries per box, at most COUNT_LIMIT each."""
    places = [*_places(uow, "todo"), *_places(uow, "copied")]
    found = dict(zip(places, _counts(uow, places), strict=True))
    claimable = sum(number for (_, box), number in found.items() if box is Box.CLAIMABLE)
    copied = sum(number for (_, box), number in found.items() if box is Box.COPIED)
    return {
        "todo": min(sum(found.values()) - copied, COUNT_LIMIT),
        "claimable": min(claimable, COUNT_LIMIT),
        "copied": min(copied, COUNT_LIMIT),
    }


def done(uow: UnitOfWork, *, cursor: str | None = None, limit: int = 20) -> Page:
    """已办: what the actor decided, newest first."""
    limit = min(max(limit, 1), MOST_ON_A_PAGE)
    query = _done.where(work_item.c.decided_by == uow.actor.user_id).limit(limit + 1)
    after = _read_cursor(cursor)
    if after is not None:
        try:
            at = from_micros(after.due_key)
        except OverflowError:
            raise _no_cursor(str(cursor)) from None
        query = query.where(
            or_(
                work_item.c.decided_at < at,
                and_(work_item.c.decided_at == at, work_item.c.id > after.work_item_id),
            )
        )
    rows = uow.execute(query).all()
    items = [
        DoneItem(
            row.id, row.instance_id, row.definition_id, row.number, _title(uow, row), row.task_name,
            row.spec.get("labels", {}), row.node, row.process_key, row.process_name, row.starter_name or "",
            row.starter_name_en or "", WORDS.get(ItemDecision(row.decision), "closed"), row.opinion, row.decided_at,
            Status(row.status).name.lower(),
        )
        for row in rows[:limit]
    ]  # fmt: skip
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(items, None if last is None else _write_cursor(_Key(to_micros(last.decided_at), last.id)))


def requested(uow: UnitOfWork, *, cursor: str | None = None, limit: int = 20) -> Page:
    """我发起的: instances that the actor started, newest first."""
    limit = min(max(limit, 1), MOST_ON_A_PAGE)
    query = _requested.where(instance.c.starter_id == uow.actor.user_id).limit(limit + 1)
    after = _read_cursor(cursor)
    if after is not None:
        query = query.where(instance.c.id < after.work_item_id)
    rows = uow.execute(query).all()
    waiting = _waiting(uow, [row.id for row in rows[:limit]])
    items = [
        RequestItem(
            row.id, row.definition_id, row.number, row.title, row.summary, row.process_key, row.process_name,
            Status(row.status).name.lower(), row.created_at, row.ended_at, tuple(waiting.get(row.id, ())),
        )
        for row in rows[:limit]
    ]  # fmt: skip
    return Page(items, _write_cursor(_Key(0, rows[limit - 1].id)) if len(rows) > limit else None)


# ---------------------------------------------------------------- whose work


def _places(uow: UnitOfWork, box: str) -> list[tuple[UUID, Box]]:
    """(principal, box) of every list that makes up the actor's."""
    actor_id = uow.actor.user_id
    if actor_id is None:
        return []
    if box == "copied":
        return [(actor_id, Box.COPIED)]
    groups = [(group.id, Box.CLAIMABLE) for group in identity.groups_of(uow, actor_id)]
    if box == "claimable":
        return groups
    if box == "todo":
        people = [actor_id, *identity.absent_for(uow, actor_id)]
        return [(person, Box.TODO) for person in people] + groups
    raise InvalidValue(expected="box: todo | claimable | copied", found=box)


# ---------------------------------------------------------------- keys: the first n of each list, merged

# n keys of every list are enough: the key of an item is the same in each, so one of the first n overall is among the
# first n of its list
_ORDERS = {
    "due": ("due_key", "(due_key, work_item_id) > (:due_key, :item)", "due_key, work_item_id"),
    "newest": ("0 AS due_key", "work_item_id < :item", "work_item_id DESC"),  # its index does not hold the due date
}
_FIRST = {"due": _Key(-1, UUID(int=0)), "newest": _Key(0, UUID(int=2**128 - 1))}


def keys_statement(dialect: str, lists: int, sort: str) -> TextClause:
    """The query of one page. PostgreSQL: one shape for any number of lists; SQLite: one SELECT per list.

    Binds: due_key, item, most; `principals` and `boxes` (arrays) or principal_N and box_N.
    """
    due, after, order = _ORDERS[sort]
    if dialect == "postgresql":
        return text(_LATERAL.format(due=due, after=after, order=order))
    lists_ = " UNION ALL ".join(
        _ONE_LIST.format(number=number, due=due, after=after, order=order) for number in range(lists)
    )
    return text(f"{lists_} ORDER BY {order} LIMIT :most")


_LATERAL = """SELECT k.due_key, k.work_item_id
  FROM unnest(CAST(:principals AS uuid[]), CAST(:boxes AS smallint[])) AS p (principal_id, box)
  CROSS JOIN LATERAL (
    SELECT {due}, work_item_id FROM inbox i
     WHERE i.principal_id = p.principal_id AND i.box = p.box AND {after} ORDER BY {order} LIMIT :most) k
 ORDER BY {order} LIMIT :most"""
_ONE_LIST = """SELECT * FROM (
    SELECT {due}, work_item_id FROM inbox
     WHERE principal_id = :principal_{number} AND box = :box_{number} AND {after} ORDER BY {order} LIMIT :most)"""


def keys_parameters(
    dialect: str, places: Sequence[tuple[UUID, Box]], due_key: int, item: UUID, most: int
) -> dict[str, Any]:
    """Driver values for `keys_statement`."""
    if dialect == "postgresql":
        lists = {
            "principals": [principal for principal, _ in places],
            "boxes": [int(box) for _, box in places],
        }
        return {**lists, "due_key": due_key, "item": item, "most": most}
    numbered: dict[str, Any] = {}
    for n, (principal, box) in enumerate(places):
        numbered |= {f"principal_{n}": principal.bytes, f"box_{n}": int(box)}
    return {**numbered, "due_key": due_key, "item": item.bytes, "most": most}


def _keys(uow: UnitOfWork, places: Sequence[tuple[UUID, Box]], sort: str, after: _Key | None, most: int) -> list[_Key]:
    if not places:
        return []
    dialect = uow.connection.dialect.name
    start = after or _FIRST[sort]
    shape = (dialect, len(places) if dialect == "sqlite" else 0, sort)
    known = _statements.get(shape)
    if known is None:
        known = _statements[shape] = keys_statement(dialect, len(places), sort)
    rows = uow.execute(known, keys_parameters(dialect, places, start.due_key, start.work_item_id, most))
    return [_Key(row.due_key, key if isinstance(key := row.work_item_id, UUID) else UUID(bytes=key)) for row in rows]


_statements: dict[tuple[str, int, str], TextClause] = {}


def _counts(uow: UnitOfWork, places: Sequence[tuple[UUID, Box]]) -> list[int]:
    """Entries of each list, at most COUNT_LIMIT; one statement."""
    if not places:
        return []
    lite = uow.connection.dialect.name == "sqlite"
    known = _counting.get(len(places))
    if known is None:
        lists = " UNION ALL ".join(_ONE_COUNT.format(number=number) for number in range(len(places)))
        known = _counting[len(places)] = text(f"{lists} ORDER BY place")
    parameters: dict[str, Any] = {"most": COUNT_LIMIT}
    for number, (principal, box) in enumerate(places):
        parameters |= {f"principal_{number}": principal.bytes if lite else principal, f"box_{number}": int(box)}
    return [int(row.entries) for row in uow.execute(known, parameters)]


_ONE_COUNT = """SELECT {number} AS place, count(*) AS entries FROM (
    SELECT 1 FROM inbox WHERE principal_id = :principal_{number} AND box = :box_{number} LIMIT :most) AS l{number}"""
_counting: dict[int, TextClause] = {}


# ---------------------------------------------------------------- searching


def _matcher(process: str | None, wanted: str | None) -> ColumnElement[bool]:
    conditions = []
    if process is not None:
        conditions.append(instance.c.process_key == process)
    if wanted:
        conditions.append(
            or_(
                instance.c.title.icontains(wanted, autoescape=True),
                instance.c.number.icontains(wanted, autoescape=True),
            )
        )
    return and_(*conditions)


def _search(
    uow: UnitOfWork, places: Sequence[tuple[UUID, Box]], sort: str, after: _Key | None, limit: int,
    matching: ColumnElement[bool], wanted: str,
) -> Page:  # fmt: skip
    wanted = wanted.casefold()
    found: list[InboxItem] = []
    place: dict[UUID, _Key] = {}
    read = 0
    while read < MOST_READ:
        keys = _keys(uow, places, sort, after, CHUNK)
        read += len(keys)
        place |= {key.work_item_id: key for key in keys}
        for item in _describe(uow, [key.work_item_id for key in keys], matching):
            if wanted not in f"{item.title}\n{item.number or ''}".casefold():
                continue  # found in a title that its reader does not see: that it was found would tell
            if len(found) == limit:
                return Page(found, _write_cursor(place[found[-1].work_item_id]))
            found.append(item)
        if len(keys) < CHUNK:
            return Page(found, None)
        after = keys[-1]
    return Page(found, None if after is None else _write_cursor(after))


# ---------------------------------------------------------------- lines

_starter = user_account.alias("starter")
_process_name = definition.c.name.label("process_name")
_lines = (
    select(
        work_item.c.id, work_item.c.user_task_id, work_item.c.instance_id, instance.c.definition_id,
        instance.c.number, instance.c.title, instance.c.summary, user_task.c.name.label("task_name"),
        user_task.c.spec, user_task.c.node, instance.c.process_key, _process_name,
        _starter.c.name.label("starter_name"), _starter.c.name_en.label("starter_name_en"),
        work_item.c.created_at, work_item.c.due_at, user_task.c.priority,
        user_task.c.round, work_item.c.assignee_id, work_item.c.group_id, work_item.c.kind, work_item.c.urges,
    )
    .outerjoin(user_task, user_task.c.id == work_item.c.user_task_id)
    .join(instance, instance.c.id == work_item.c.instance_id)
    .join(definition, definition.c.id == instance.c.definition_id)
    .outerjoin(_starter, _starter.c.id == instance.c.starter_id)
    .where(work_item.c.id.in_(bindparam("items", expanding=True)))
)  # fmt: skip
_done = (
    select(
        work_item.c.id, work_item.c.instance_id, instance.c.definition_id, instance.c.number, instance.c.title,
        user_task.c.name.label("task_name"), user_task.c.spec, user_task.c.node, instance.c.process_key,
        _process_name, _starter.c.name.label("starter_name"), _starter.c.name_en.label("starter_name_en"),
        work_item.c.decision, work_item.c.opinion,
        work_item.c.decided_at, instance.c.status,
    )
    .join(user_task, user_task.c.id == work_item.c.user_task_id)
    .join(instance, instance.c.id == work_item.c.instance_id)
    .join(definition, definition.c.id == instance.c.definition_id)
    .outerjoin(_starter, _starter.c.id == instance.c.starter_id)
    .where(work_item.c.decided_at.is_not(None))
    .order_by(work_item.c.decided_at.desc(), work_item.c.id)
)  # fmt: skip
_requested = (
    select(
        instance.c.id, instance.c.definition_id, instance.c.number, instance.c.title, instance.c.summary,
        instance.c.process_key, _process_name, instance.c.status, instance.c.created_at, instance.c.ended_at,
    )
    .join(definition, definition.c.id == instance.c.definition_id)
    .order_by(instance.c.id.desc())
)  # fmt: skip
_open_tasks = (
    select(user_task.c.instance_id, user_task.c.name, user_task.c.spec)
    .where(
        user_task.c.instance_id.in_(bindparam("instances", expanding=True)),
        user_task.c.status == int(RoundStatus.OPEN),
    )
    .order_by(user_task.c.token)
)


def _describe(
    uow: UnitOfWork, item_ids: Sequence[UUID], matching: ColumnElement[bool] | None = None
) -> list[InboxItem]:
    if not item_ids:
        return []
    statement = _lines if matching is None else _lines.where(matching)
    rows = {row.id: row for row in uow.execute(statement, {"items": item_ids})}
    holders = identity.names(uow, [row.assignee_id for row in rows.values() if row.assignee_id != uow.actor.user_id])
    wanted = {str(row.group_id) for row in rows.values() if row.group_id is not None}
    groups = {group.id: group.name for group in identity.find_groups(uow, sorted(wanted))}
    return [_line(uow, rows[key], holders, groups) for key in item_ids if key in rows]


def _line(uow: UnitOfWork, row: Any, holders: dict[UUID, str], groups: dict[UUID, str]) -> InboxItem:
    mine = row.assignee_id == uow.actor.user_id
    return InboxItem(
        row.id, row.user_task_id, row.instance_id, row.definition_id, row.number, _title(uow, row), _summary(row),
        row.task_name or row.process_name, (row.spec or {}).get("labels", {}), row.node or "", row.process_key,
        row.process_name, row.starter_name or "", row.starter_name_en or "", row.created_at, row.due_at,
        50 if row.priority is None else row.priority, row.round or 1,
        claimable=row.group_id is not None, mine=mine,
        principal=None if mine or row.assignee_id is None else holders.get(row.assignee_id),
        assignee_name=groups.get(row.group_id) if row.group_id is not None else holders.get(row.assignee_id),
        kind=ItemKind(row.kind).name.lower(), urges=row.urges or 0,
        batch=(row.spec or {}).get("buttons", {}).get("batch") == "true",
    )  # fmt: skip


def _summary(row: Any) -> Any:
    """The key fields without those that the node hides."""
    if not row.summary:
        return row.summary
    if row.spec is None:
        return None
    allowed = _allowed(row)
    return {name: value for name, value in row.summary.items() if allowed.on(name) != "hidden"}


def _title(uow: UnitOfWork, row: Any) -> str:
    return titles.shown(uow, row.definition_id, row.title, row.process_name, _allowed(row))


def _allowed(row: Any) -> forms.Permissions:
    """What the node of the row lets its people see; nothing on a copy that no task sent."""
    if row.spec is None:
        return forms.permissions.HIDE_ALL
    rules = [FieldRule(*rule) for rule in row.spec.get("fields", ())]
    default = row.spec.get("default_permission", "write")
    return forms.permissions.of(SimpleNamespace(fields=rules, default_permission=default))


def _waiting(uow: UnitOfWork, instance_ids: Sequence[UUID]) -> dict[UUID, list[tuple[str, dict[str, str]]]]:
    found: dict[UUID, list[tuple[str, dict[str, str]]]] = {}
    if instance_ids:
        for row in uow.execute(_open_tasks, {"instances": instance_ids}):
            found.setdefault(row.instance_id, []).append((row.name, row.spec.get("labels", {})))
    return found


# ---------------------------------------------------------------- cursors


def _write_cursor(key: _Key) -> str:
    return f"{key.due_key:x}.{key.work_item_id.hex}"


def _read_cursor(cursor: str | None) -> _Key | None:
    if not cursor:
        return None
    number, _, item = cursor.partition(".")
    try:
        key = _Key(int(number, 16), UUID(item))
    except ValueError:
        raise _no_cursor(cursor) from None
    if abs(key.due_key) > NO_DUE:
        raise _no_cursor(cursor)
    return key


def _no_cursor(found: str) -> InvalidValue:
    return InvalidValue(expected="a cursor of this list", found=found[:80])
