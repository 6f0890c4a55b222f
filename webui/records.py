"""Read-only lists of what the data modules hold, with search, and links to the instances that made it."""

from typing import Any

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Table

from engine import records, tasks
from engine.db.base import Id, Scaled, metadata
from engine.errors import Title
from engine.records import RecordTable
from webui import access
from webui.rendering import page

blueprint = Blueprint("records", __name__, url_prefix="/records")


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Kinds of records by module, as far as the reader may open them."""
    modules: dict[str, list[RecordTable]] = {}
    for table in records.tables(g.uow):
        if access.may_read(table.capability):
            modules.setdefault(table.module.upper(), []).append(table)
    return page("records/index.html", modules=modules)


@blueprint.get("/<table>")
def rows(table: str) -> ResponseReturnValue:
    """One kind of record: search, a page at a time."""
    _check(table)
    search = request.args.get("search", "").strip()
    found = records.list_(g.uow, table, search=search or None, cursor=request.args.get("after"))
    following = url_for(".rows", table=table, search=search, after=found.next) if found.next else ""
    return page("records/rows.html", table=found.table, columns=_columns(found.table), found=found.items,
                search=search, next=following)  # fmt: skip


@blueprint.get("/<table>/<record_id>")
def record(table: str, record_id: str) -> ResponseReturnValue:
    """One record with its lines and the instance that made it."""
    _check(table)
    found = records.read(g.uow, table, record_id)
    lines = [(detail, _columns(detail), rows_of) for detail, rows_of in found.lines.values() if rows_of]
    made_by = found.record.instance_id
    return page(
        "records/record.html", table=found.table, found=found.record, columns=_columns(found.table), lines=lines,
        request_shown=made_by is not None and tasks.may_see(g.uow, made_by),
    )  # fmt: skip


def _check(name: str) -> None:
    """Before anything is looked up: a 404 would tell which records exist."""
    for table in records.tables(g.uow):
        if table.name == name and not access.may_read(table.capability):
            raise access.closed(Title(table.zh, {"en": table.en}), table.capability)


def _columns(table: RecordTable) -> list[tuple[str, dict[str, str], bool]]:
    """(column, labels by language, whether it is an amount); keys are not for people."""
    shown: Table = metadata.tables[table.name]
    return [
        (name, {"zh": zh, "en": en}, isinstance(_type(shown, name), Scaled))
        for name, zh, en in table.columns
        if not isinstance(_type(shown, name), Id)
    ]


def _type(table: Table, column: str) -> Any:
    return table.c[column].type
