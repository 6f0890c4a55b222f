"""Lists of work: to do, done, requested. Keyset pages, capped counts; rows of the inbox exist exactly while somebody
may act, so its query filters nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    TextClause,
    TextualSelect,
    and_,
    bindparam,
    column,
    or_,
    select,
    text,
)

from engine import forms, identity, repository
from engine.approvals import rounds
from engine.approvals.rounds import WORDS
from engine.bpmn.steps import FieldRule
from engine.db.base import Id, from_micros, to_micros
from engine.db.definition import definition
from engine.db.identity import user_account
from engine.db.instance import Status, instance
from engine.db.task import NO_DUE, Box, ItemDecision, ItemKind, ItemStatus, RoundStatus, user_task, work_item
from engine.errors import N_, InvalidValue, Phrase
from engine.identity import Group
from engine.tasks import filtering, substituting, titles
from engine.tasks.filtering import Filter
from engine.unit_of_work import UnitOfWork

MOST_ON_A_PAGE = 100
COUNT_LIMIT = 1000
"""Counts end one above; pages then show "1000+"."""
CHUNKS = (200, 1800)
"""How many entries a search reads at a time: what matches often is found among few."""
HIGHEST_RANK = 1000
_PLACES = "places of the inbox"
SORTS = ("due", "newest", "waiting", "priority")


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
    returned: bool
    """somebody sent it back to here"""
    urged_at: datetime | None
    draft: bool
    """something was typed and kept"""
    version: int
    kind: str = "normal"
    """why it is asked: normal, sign_before, sign_after, sign_parallel, advice, copy"""
    urges: int = 0
    batch: bool = False
    group_name_en: str = ""
    """the drawing lets it be agreed to from the list"""
    unconfirmed: bool = False
    """a substitute has decided it: the principal has to confirm"""


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
    """An instance that the actor started or looks after. `waiting`: (name, labels by language) of its open tasks."""

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
    starter_name: str = ""
    starter_name_en: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """`next`: cursor of the page after this one, None on the last."""

    items: list[Any]
    next: str | None


class Key(NamedTuple):
    """Where an item stands in a list. `rank`: what the order puts first, 0 where it has nothing of the kind."""

    rank: int
    due_key: int
    work_item_id: UUID


def inbox(
    uow: UnitOfWork,
    box: str = "todo",
    *,
    cursor: str | None = None,
    limit: int = 20,
    sort: str = "due",
    process: str | None = None,
    node: str | None = None,
    requester: UUID | None = None,
    due: str | None = None,
    waiting_days: int | None = None,
    returned: bool = False,
    text: str | None = None,
) -> Page:
    """Open work of the actor. `box`: todo (his, his groups', as substitute) | claimable | drafts (what he began to
    type). `sort`: due | newest | waiting (longest first) | priority.

    With a filter (see `Filter`) a page may end early and still have a `next`: the search reads CHUNKS of entries.
    Raises InvalidValue for a box, sort, filter or cursor that is none.
    """
    if sort not in SORTS:
        raise InvalidValue(expected=Phrase(N_("one of {words}"), words=", ".join(SORTS)), found=sort)
    limit = min(max(limit, 1), MOST_ON_A_PAGE)
    places = _places(uow, box)
    after = read_cursor(cursor)
    only = Filter(process, node, requester, due, waiting_days, returned, text)
    covered = substituting.only_covered(uow) if box == "todo" and len(places) > 1 else None
    if only.empty and box != "drafts" and covered is None:
        keys = _keys(uow, places, sort, after, limit + 1)
        items = _describe(uow, [key.work_item_id for key in keys[:limit]])
        return Page(items, write_cursor(keys[limit - 1]) if len(keys) > limit else None)
    matching = filtering.matcher(uow, only)
    if covered is not None:
        matching = and_(covered, matching)
    if box == "drafts":
        matching = and_(work_item.c.draft.is_not(None), matching)
    last = filtering.due_before(uow, due) if sort == "due" else None
    ends = NO_DUE if last is None else to_micros(last) // 1000
    return _search(uow, places, sort, after, limit, matching, ends, text or "")


def place_of(uow: UnitOfWork, work_item_id: UUID) -> dict[str, str]:
    """By sort the cursor from which the lists go on behind an item, also when it has left them; {}: no such item."""
    row = uow.read_one(_place, {"of": work_item_id})
    if row is None:
        return {}
    due_key = rounds.due_key(row.due_at)
    rank = 100 - (50 if row.priority is None else row.priority)
    keys = {"due": Key(0, due_key, work_item_id), "priority": Key(rank, due_key, work_item_id)}
    return {sort: write_cursor(keys.get(sort, Key(0, 0, work_item_id))) for sort in SORTS}


def count(uow: UnitOfWork) -> dict[str, int]:
    """Entries per box, one more than COUNT_LIMIT where there are more: todo, of these claimable, and unread copies."""
    boxes = _counts(uow, [*_places(uow, "todo"), *_places(uow, "copied")])
    counts = {
        "todo": boxes[Box.TODO] + boxes[Box.CLAIMABLE],
        "claimable": boxes[Box.CLAIMABLE],
        "copied": boxes[Box.COPIED],
    }
    return {name: min(number, COUNT_LIMIT + 1) for name, number in counts.items()}


def done(
    uow: UnitOfWork, *, cursor: str | None = None, limit: int = 20, process: str | None = None, text: str | None = None
) -> Page:
    """已办: what the actor decided, newest first; of one process, or with `text` in title or number."""
    limit = min(max(limit, 1), MOST_ON_A_PAGE)
    query = _done.where(work_item.c.decided_by == uow.actor.user_id, *_about(process, text)).limit(limit + 1)
    after = read_cursor(cursor)
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
    items = [item for item in items if reads(item, text)]
    return Page(items, None if last is None else write_cursor(Key(0, to_micros(last.decided_at), last.id)))


def requested(
    uow: UnitOfWork, *, cursor: str | None = None, limit: int = 20, process: str | None = None,
    text: str | None = None, status: str | None = None,
) -> Page:  # fmt: skip
    """我发起的: instances that the actor started, newest first, drafts only by `status` (a word of `Status`)."""
    mine = instance.c.starter_id == uow.actor.user_id
    return _requests(uow, [mine, _in_status(status), *_about(process, text)], cursor, limit)


def managed(
    uow: UnitOfWork, *, cursor: str | None = None, limit: int = 20, text: str | None = None, status: str | None = None
) -> Page:
    """我管理的: instances of processes that name a group of the actor as managers, newest first, no drafts."""
    of_mine = instance.c.definition_id.in_(repository.managed(uow))
    drafts = instance.c.status != int(Status.DRAFT)
    return _requests(uow, [of_mine, drafts, _in_status(status), *_about(None, text)], cursor, limit)


def _requests(uow: UnitOfWork, wanted: list[ColumnElement[bool]], cursor: str | None, limit: int) -> Page:
    limit = min(max(limit, 1), MOST_ON_A_PAGE)
    query = _requested.where(*wanted).limit(limit + 1)
    after = read_cursor(cursor)
    if after is not None:
        query = query.where(instance.c.id < after.work_item_id)
    rows = uow.execute(query).all()
    waiting = _waiting(uow, [row.id for row in rows[:limit]])
    items = [
        RequestItem(
            row.id, row.definition_id, row.number, row.title, row.summary, row.process_key, row.process_name,
            Status(row.status).name.lower(), row.created_at, row.ended_at, tuple(waiting.get(row.id, ())),
            row.starter_name or "", row.starter_name_en or "",
        )
        for row in rows[:limit]
    ]  # fmt: skip
    return Page(items, write_cursor(Key(0, 0, rows[limit - 1].id)) if len(rows) > limit else None)


def reads(item: Any, wanted: str | None) -> bool:
    """Whether a line shows what was searched for: to find it in a title that its reader may not see would tell him."""
    return not wanted or wanted.casefold() in f"{item.title}\n{item.number or ''}".casefold()


def _about(process: str | None, text: str | None) -> list[ColumnElement[bool]]:
    found = [instance.c.process_key == process] if process else []
    return [*found, filtering.about(text)] if text else found


def _in_status(word: str | None) -> ColumnElement[bool]:
    if not word:
        return instance.c.status != int(Status.DRAFT)
    if word.upper() not in Status.__members__:
        raise InvalidValue(
            expected=Phrase(N_("one of {words}"), words=", ".join(name.lower() for name in Status.__members__)),
            found=word,
        )
    return instance.c.status == int(Status[word.upper()])


# ---------------------------------------------------------------- whose work


def _places(uow: UnitOfWork, box: str) -> list[tuple[UUID, Box]]:
    """(principal, box) of every list that makes up the actor's; looked up once where nothing can change."""
    known: list[tuple[UUID, Box]] | None = uow.cache.get((_PLACES, box)) if uow.read_only else None
    if known is None:
        known = uow.cache[_PLACES, box] = _places_now(uow, box)
    return known


def _places_now(uow: UnitOfWork, box: str) -> list[tuple[UUID, Box]]:
    actor_id = uow.actor.user_id
    if actor_id is None:
        return []
    if box == "copied":
        return [(actor_id, Box.COPIED)]
    if box == "drafts":
        return [(actor_id, Box.TODO)]
    groups = [(group.id, Box.CLAIMABLE) for group in identity.groups_of(uow, actor_id)]
    if box == "claimable":
        return groups
    if box == "todo":
        people = [actor_id, *identity.absent_for(uow, actor_id)]
        return [(person, Box.TODO) for person in people] + groups
    raise InvalidValue(expected=Phrase(N_("one of {words}"), words="todo, claimable, copied, drafts"), found=box)


# ---------------------------------------------------------------- keys: the first n of each list, merged

# n keys of every list are enough: the key of an item is the same in each, so one of the first n overall is among the
# first n of its list. By sort: what is read of an index, what comes after a key, the order. The index of `newest` holds
# neither rank nor due date.
_ORDERS = {
    "due": ("0 AS rank, due_key", "(due_key, work_item_id) > (:due_key, :item)", "due_key, work_item_id"),
    "newest": ("0 AS rank, 0 AS due_key", "work_item_id < :item", "work_item_id DESC"),
    "waiting": ("0 AS rank, 0 AS due_key", "work_item_id > :item", "work_item_id"),
    "priority": (
        "priority_key AS rank, due_key", "(priority_key, due_key, work_item_id) > (:rank, :due_key, :item)",
        "{rank}, due_key, work_item_id",
    ),
}  # fmt: skip
_NOTHING, _EVERYTHING = UUID(int=0), UUID(int=2**128 - 1)
FIRST = {sort: Key(-1, -1, _EVERYTHING if sort == "newest" else _NOTHING) for sort in SORTS}
"""Before the first entry."""


def keys_statement(dialect: str, lists: int, sort: str) -> TextClause:
    """The query of one page. PostgreSQL: one shape for any number of lists; SQLite: one SELECT per list.

    Binds: rank, due_key, item, most; `principals` and `boxes` (arrays) or principal_N and box_N.
    """
    read, after, order = _ORDERS[sort]
    inner, outer = order.format(rank="priority_key"), order.format(rank="rank")
    if dialect == "postgresql":
        return text(_LATERAL.format(read=read, after=after, inner=inner, outer=outer))
    lists_ = " UNION ALL ".join(
        _ONE_LIST.format(number=number, read=read, after=after, inner=inner) for number in range(lists)
    )
    return text(f"{lists_} ORDER BY {outer} LIMIT :most")


_LATERAL = """SELECT k.rank, k.due_key, k.work_item_id
  FROM unnest(CAST(:principals AS uuid[]), CAST(:boxes AS smallint[])) AS p (principal_id, box)
  CROSS JOIN LATERAL (
    SELECT {read}, work_item_id FROM inbox i
     WHERE i.principal_id = p.principal_id AND i.box = p.box AND {after} ORDER BY {inner} LIMIT :most) k
 ORDER BY {outer} LIMIT :most"""
_ONE_LIST = """SELECT * FROM (
    SELECT {read}, work_item_id FROM inbox
     WHERE principal_id = :principal_{number} AND box = :box_{number} AND {after} ORDER BY {inner} LIMIT :most)"""


def keys_parameters(
    dialect: str, places: Sequence[tuple[UUID, Box]], after: Key, most: int, sort: str
) -> dict[str, Any]:
    """Driver values for `keys_statement`."""
    known: dict[str, Any] = {"item": after.work_item_id, "most": most}
    if sort in ("due", "priority"):
        known["due_key"] = after.due_key
    if sort == "priority":
        known["rank"] = after.rank
    if dialect == "postgresql":
        return known | {
            "principals": [principal for principal, _ in places],
            "boxes": [int(box) for _, box in places],
        }
    known["item"] = after.work_item_id.bytes
    for n, (principal, box) in enumerate(places):
        known |= {f"principal_{n}": principal.bytes, f"box_{n}": int(box)}
    return known


def _keys(uow: UnitOfWork, places: Sequence[tuple[UUID, Box]], sort: str, after: Key | None, most: int) -> list[Key]:
    if not places:
        return []
    dialect = uow.connection.dialect.name
    shape = (dialect, len(places) if dialect == "sqlite" else 0, sort)
    known = _statements.get(shape)
    if known is None:
        columns = column("rank", Integer), column("due_key", BigInteger), column("work_item_id", Id)
        known = _statements[shape] = keys_statement(dialect, len(places), sort).columns(*columns)
    rows = uow.read(known, keys_parameters(dialect, places, after or FIRST[sort], most, sort))
    return [Key(*row) for row in rows]


_statements: dict[tuple[str, int, str], TextualSelect] = {}


def _counts(uow: UnitOfWork, places: Sequence[tuple[UUID, Box]]) -> dict[Box, int]:
    """Entries of each box, at most one above COUNT_LIMIT, behind which no list is read; one statement."""
    if not places:
        return dict.fromkeys(Box, 0)
    dialect = uow.connection.dialect.name
    lists = {box: [principal for principal, of in places if of is box] for box in Box}
    shape = (dialect, tuple(len(principals) if dialect == "sqlite" else 0 for principals in lists.values()))
    known = _counting.get(shape)
    if known is None:
        columns = column("box", Integer), column("entries", Integer)
        known = _counting[shape] = count_statement(dialect, lists).columns(*columns)
    found = {row.box: row.entries for row in uow.read(known, count_parameters(dialect, lists))}
    return {box: found.get(int(box), 0) for box in Box}


def count_statement(dialect: str, lists: Mapping[Box, Sequence[UUID]]) -> TextClause:
    """The query of the counts: a row per box. Binds: most; of_BOX (an array), or of_BOX_N."""
    if dialect == "postgresql":
        return text(" UNION ALL ".join(_LATERAL_COUNT.format(box=int(box)) for box in Box))
    counts = []
    for box, principals in lists.items():
        rows = [_COUNTED.format(box=int(box), number=number) for number in range(len(principals))]
        if rows:
            counts.append(_ONE_COUNT.format(box=int(box), rows=" UNION ALL ".join(rows)))
    return text(" UNION ALL ".join(counts))


def count_parameters(dialect: str, lists: Mapping[Box, Sequence[UUID]]) -> dict[str, Any]:
    """Driver values for `count_statement`."""
    known: dict[str, Any] = {"most": COUNT_LIMIT + 1}
    for box, principals in lists.items():
        if dialect == "postgresql":
            known[f"of_{box}"] = principals
        else:
            known |= {f"of_{box}_{number}": principal.bytes for number, principal in enumerate(principals)}
    return known


_LATERAL_COUNT = """SELECT {box} AS box, count(*) AS entries FROM (
    SELECT 1 FROM unnest(CAST(:of_{box} AS uuid[])) AS p (principal_id) CROSS JOIN LATERAL (
      SELECT 1 FROM inbox i WHERE i.principal_id = p.principal_id AND i.box = {box} LIMIT :most) k
    LIMIT :most) AS l{box}"""
_ONE_COUNT = "SELECT {box} AS box, count(*) AS entries FROM ({rows} LIMIT :most) AS l{box}"
_COUNTED = "SELECT 1 FROM inbox WHERE principal_id = :of_{box}_{number} AND box = {box}"
_counting: dict[tuple[str, tuple[int, ...]], TextualSelect] = {}


# ---------------------------------------------------------------- searching


def _search(
    uow: UnitOfWork, places: Sequence[tuple[UUID, Box]], sort: str, after: Key | None, limit: int,
    matching: ColumnElement[bool], last: int, wanted: str,
) -> Page:  # fmt: skip
    """`last`: the due key behind which nothing matches."""
    found: list[InboxItem] = []
    place: dict[UUID, Key] = {}
    for chunk in CHUNKS:
        keys = _keys(uow, places, sort, after, chunk)
        place |= {key.work_item_id: key for key in keys}
        for item in _describe(uow, [key.work_item_id for key in keys], matching):
            if not reads(item, wanted):
                continue
            if len(found) == limit:
                return Page(found, write_cursor(place[found[-1].work_item_id]))
            found.append(item)
        if len(keys) < chunk or keys[-1].due_key > last:
            return Page(found, None)
        after = keys[-1]
    return Page(found, None if after is None else write_cursor(after))


# ---------------------------------------------------------------- lines

_starter = user_account.alias("starter")
_process_name = definition.c.name.label("process_name")
_place = (
    select(work_item.c.due_at, user_task.c.priority)
    .outerjoin(user_task, user_task.c.id == work_item.c.user_task_id)
    .where(work_item.c.id == bindparam("of"))
)
_AT_ONCE = 10
_every_line = (
    select(
        work_item.c.id, work_item.c.user_task_id, work_item.c.instance_id, instance.c.definition_id,
        instance.c.number, instance.c.title, instance.c.summary, user_task.c.name.label("task_name"),
        user_task.c.spec, user_task.c.node, instance.c.process_key, _process_name,
        _starter.c.name.label("starter_name"), _starter.c.name_en.label("starter_name_en"),
        work_item.c.created_at, work_item.c.due_at, user_task.c.priority,
        user_task.c.round, work_item.c.assignee_id, work_item.c.group_id, work_item.c.kind, work_item.c.urges,
        user_task.c.cause, work_item.c.urged_at, work_item.c.draft.is_not(None).label("has_draft"),
        work_item.c.version, work_item.c.status,
    )
    .outerjoin(user_task, user_task.c.id == work_item.c.user_task_id)
    .join(instance, instance.c.id == work_item.c.instance_id)
    .join(definition, definition.c.id == instance.c.definition_id)
    .outerjoin(_starter, _starter.c.id == instance.c.starter_id)
)  # fmt: skip
_lines = _every_line.where(work_item.c.id.in_(bindparam("items", expanding=True)))
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
        _starter.c.name.label("starter_name"), _starter.c.name_en.label("starter_name_en"),
    )
    .join(definition, definition.c.id == instance.c.definition_id)
    .outerjoin(_starter, _starter.c.id == instance.c.starter_id)
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
    rows = {row.id: row for row in _rows(uow, item_ids, matching)}
    holders = identity.names(uow, [row.assignee_id for row in rows.values() if row.assignee_id != uow.actor.user_id])
    wanted = {row.group_id for row in rows.values() if row.group_id is not None}
    groups = {group.id: group for group in _own_groups(uow)} if wanted else {}
    groups |= {group.id: group for group in identity.find_groups(uow, sorted(map(str, wanted - groups.keys())))}
    return [_line(uow, rows[key], holders, groups) for key in item_ids if key in rows]


def _own_groups(uow: UnitOfWork) -> list[Group]:
    """Most items stand under these, and the page has asked for them."""
    return [] if uow.actor.user_id is None else identity.groups_of(uow, uow.actor.user_id)


def _rows(uow: UnitOfWork, item_ids: Sequence[UUID], matching: ColumnElement[bool] | None) -> Iterable[Any]:
    if matching is not None:
        return uow.execute(_lines.where(matching), {"items": item_ids})
    asked = [*item_ids, *[item_ids[-1]] * (-len(item_ids) % _AT_ONCE)]  # twice in a list is as good as once
    return uow.read(_lines_of(len(asked)), {f"item_{number}": key for number, key in enumerate(asked)})


@lru_cache
def _lines_of(places: int) -> Select[Any]:
    """The lines of as many items, compiled once for all."""
    return _every_line.where(work_item.c.id.in_([bindparam(f"item_{number}", type_=Id) for number in range(places)]))


def _line(uow: UnitOfWork, row: Any, holders: Mapping[UUID, str], groups: dict[UUID, Group]) -> InboxItem:
    group = groups.get(row.group_id)
    mine = row.assignee_id == uow.actor.user_id
    unconfirmed = row.status == ItemStatus.COUNTERSIGNING  # with signers after him it would not be in an inbox
    return InboxItem(
        row.id, row.user_task_id, row.instance_id, row.definition_id, row.number, _title(uow, row), _summary(row),
        row.task_name or row.process_name, (row.spec or {}).get("labels", {}), row.node or "", row.process_key,
        row.process_name, row.starter_name or "", row.starter_name_en or "", row.created_at, row.due_at,
        50 if row.priority is None else row.priority, row.round or 1,
        claimable=row.group_id is not None, mine=mine,
        principal=None if mine or row.assignee_id is None else holders.get(row.assignee_id),
        assignee_name=group.name if group is not None else holders.get(row.assignee_id),
        returned=row.cause == filtering.RETURNED, urged_at=row.urged_at, draft=bool(row.has_draft) and not unconfirmed,
        version=row.version, kind=ItemKind(row.kind).name.lower(), urges=row.urges or 0,
        batch=(row.spec or {}).get("buttons", {}).get("batch") == "true" and not unconfirmed, unconfirmed=unconfirmed,
        group_name_en=group.name_en if group is not None else "",
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


def write_cursor(key: Key) -> str:
    """The text that goes into the address of the next page."""
    ranked = f".{key.rank:x}" if key.rank else ""
    return f"{key.due_key:x}.{key.work_item_id.hex}{ranked}"


def read_cursor(cursor: str | None) -> Key | None:
    """Raises InvalidValue."""
    if not cursor:
        return None
    number, _, rest = cursor.partition(".")
    item, _, rank = rest.partition(".")
    try:
        key = Key(int(rank or "0", 16), int(number, 16), UUID(item))
    except ValueError:
        raise _no_cursor(cursor) from None
    if abs(key.due_key) > NO_DUE or abs(key.rank) > HIGHEST_RANK:
        raise _no_cursor(cursor)
    return key


def _no_cursor(found: str) -> InvalidValue:
    return InvalidValue(expected=N_("a cursor of this list"), found=found[:80])
