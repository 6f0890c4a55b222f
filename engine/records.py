"""Read-only lists of what the data modules keep: any table that says in `table.info["record"]` how it is shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Select, String, Table, Text, cast, or_, select

from engine.db.base import Id, RecordInfo, metadata
from engine.errors import N_, InvalidValue, NotFound, Title
from engine.unit_of_work import UnitOfWork

MOST_ON_A_PAGE = 200


@dataclass(frozen=True, slots=True)
class RecordTable:
    """A table as the record pages name it.

    `columns`: (name, zh, en) in order of display; `states`: column -> word -> (zh, en) of what it may hold.
    """

    name: str
    module: str
    zh: str
    en: str
    columns: tuple[tuple[str, str, str], ...]
    title: str
    lines: tuple[str, ...]
    capability: str
    searchable: bool
    states: Mapping[str, Mapping[str, tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Record:
    """A row. `values`: every column by name; `instance_id`: the process instance that made it, if the table says."""

    id: Any
    title: str
    values: Mapping[str, Any]
    instance_id: UUID | None


@dataclass(frozen=True, slots=True)
class RecordPage:
    """`next`: cursor of the page after this one, None on the last."""

    table: RecordTable
    items: list[Record]
    next: str | None


@dataclass(frozen=True, slots=True)
class RecordView:
    """One record with its detail rows by table."""

    table: RecordTable
    record: Record
    lines: dict[str, tuple[RecordTable, list[Record]]]


def tables(uow: UnitOfWork) -> list[RecordTable]:
    """All tables with a record page, by module and name."""
    return [_describe(table, info) for table, info in _all()]


def list_(
    uow: UnitOfWork, table: str, *, search: str | None = None, cursor: str | None = None, limit: int = 50
) -> RecordPage:
    """A page of a table, newest first (keys sort by time of birth). `search`: a part of a text column or a number.

    Raises NotFound for a table without a page, InvalidValue for a cursor that is none.
    """
    shown, info = _find(table)
    limit = min(max(limit, 1), MOST_ON_A_PAGE)
    key = _key(shown)
    query = select(shown).order_by(key.desc()).limit(limit + 1)
    if search and search.strip():
        query = query.where(matching(shown, info, search.strip()))
    if cursor:
        query = query.where(key < _read_cursor(key, cursor))
    rows = uow.execute(query).all()
    described = _describe(shown, info)
    items = [_record(shown, info, row._mapping) for row in rows[:limit]]
    return RecordPage(described, items, str(items[-1].id) if len(rows) > limit else None)


def read(uow: UnitOfWork, table: str, record_id: Any) -> RecordView:
    """One record with its lines. Raises NotFound."""
    shown, info = _find(table)
    key = _key(shown)
    row = uow.execute(select(shown).where(key == _read_cursor(key, str(record_id)))).first()
    if row is None:
        raise NotFound(kind=Title(info.en, {"zh": info.zh, "en": info.en}), key=record_id)
    lines = {}
    for name in info.lines:
        detail = metadata.tables[name]
        detail_info = detail.info.get("record") or _plain(detail)
        found = uow.execute(_lines(shown, detail, row._mapping[key.name])).all()
        lines[name] = (
            _describe(detail, detail_info),
            [_record(detail, detail_info, line._mapping) for line in found],
        )
    return RecordView(_describe(shown, info), _record(shown, info, row._mapping), lines)


def titles(uow: UnitOfWork, subjects: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What those records are called, by (table, key as text); one that is no record, or there no more, is left out."""
    wanted: dict[str, set[str]] = {}
    for name, key in subjects:
        wanted.setdefault(name, set()).add(key)
    found: dict[tuple[str, str], str] = {}
    for table, info in _all():
        column = _key(table)
        asked = [
            _read_cursor(column, one) for one in wanted.get(table.name, ())
            if column.type.python_type is str or is_key(one)
        ]  # fmt: skip
        if asked:
            query = select(column, table.c[info.title]).where(column.in_(asked))
            rows: list[Any] = list(uow.execute(query))
            found |= {(table.name, str(key)): str(title) for key, title in rows if title is not None}
    return found


def made_by(uow: UnitOfWork, instance_id: UUID, limit: int = 50) -> list[tuple[RecordTable, Record]]:
    """The records that a process instance made, for its page."""
    found: list[tuple[RecordTable, Record]] = []
    for table, info in _all():
        if "instance_id" not in table.c:
            continue
        query = select(table).where(table.c.instance_id == instance_id).order_by(_key(table)).limit(limit)
        described = _describe(table, info)
        found += [(described, _record(table, info, row._mapping)) for row in uow.execute(query)]
    return found


def states(name: str, column: str) -> Mapping[str, tuple[str, str]]:
    """The words that a column of a table may hold, each with what it is called (zh, en); empty for any other column."""
    table = metadata.tables.get(name)
    known = {} if table is None else _states(table)
    return known.get(column, {})


# ---------------------------------------------------------------- private


def _all() -> list[tuple[Table, RecordInfo]]:
    return [
        (table, table.info["record"])
        for name, table in sorted(metadata.tables.items())
        if isinstance(table.info.get("record"), RecordInfo)
    ]


def _find(name: str) -> tuple[Table, RecordInfo]:
    table = metadata.tables.get(name)
    info = None if table is None else table.info.get("record")
    if table is None or not isinstance(info, RecordInfo):
        raise NotFound(kind="table", key=name)
    return table, info


def _plain(table: Table) -> RecordInfo:
    """A detail table that does not say how it is shown: its columns by their names."""
    names = [column.name for column in table.columns if not isinstance(column.type, Id)]
    columns = tuple((name, name, name) for name in names)
    return RecordInfo(zh=table.name, en=table.name, columns=columns, title=names[0] if names else "id")


def _describe(table: Table, info: RecordInfo) -> RecordTable:
    return RecordTable(
        table.name, table.name.partition("_")[0], info.zh, info.en, info.columns, info.title, info.lines,
        info.capability, bool(info.search),
        _states(table),
    )  # fmt: skip


def _states(table: Table) -> Mapping[str, Mapping[str, tuple[str, str]]]:
    told = [part.info["states"] for part in (*table.constraints, *table.columns) if "states" in part.info]
    return dict(told)


def _key(table: Table) -> Column[Any]:
    return next(iter(table.primary_key.columns))


def _record(table: Table, info: RecordInfo, values: Mapping[Any, Any]) -> Record:
    plain = {column.name: values[column] for column in table.columns}
    title = plain.get(info.title)
    instance_id = plain.get("instance_id")
    return Record(
        id=plain[_key(table).name],
        title="" if title is None else str(title),
        values=plain,
        instance_id=instance_id if isinstance(instance_id, UUID) else None,
    )


def matching(table: Table, info: RecordInfo, search: str) -> ColumnElement[bool]:
    """Rows that hold `search` in a text that they are found by."""
    columns = [table.c[name] for name in info.search] or [table.c[info.title]]
    return or_(
        *(
            (column if isinstance(column.type, String | Text) else cast(column, Text)).icontains(
                search, autoescape=True
            )
            for column in columns
        )
    )


def _lines(master: Table, detail: Table, key: Any) -> Select[Any]:
    for foreign in sorted(detail.foreign_keys, key=lambda one: one.parent.name):
        if foreign.column.table is master:
            order = detail.c.get("line_no", _key(detail))
            return select(detail).where(foreign.parent == key).order_by(order)
    raise LookupError(f"{detail.name} has no foreign key to {master.name}")


def _read_cursor(key: Column[Any], text: str) -> Any:
    if not isinstance(key.type, Id):
        return text
    if not is_key(text):
        raise InvalidValue(expected=N_("a key of this table"), found=text[:80])
    return UUID(text)


def is_key(text: str) -> bool:
    """Whether `text` is written like the key of a row."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True
