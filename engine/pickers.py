"""What the pickers of a form offer: records of a data module or words of the data dictionary, searched and judged."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, select

from engine import dictionaries, identity, records
from engine.db.base import Id, RecordInfo, metadata
from engine.errors import N_, Forbidden, NotFound
from engine.findings import Finding, Level
from engine.forms import Form, FormField
from engine.forms.model import PICKERS
from engine.unit_of_work import UnitOfWork
from engine.values import to_plain

MOST = 20
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """One option: what is stored, how it is called, and what tells it from others of that name."""

    value: str
    name: str
    name_en: str = ""
    note: str = ""


def search(uow: UnitOfWork, field: FormField, text: str) -> list[Choice]:
    """The first options of a picker that fit. Raises Forbidden, NotFound."""
    text = text.strip()[:_LONGEST]
    if field.type == "dictionary":
        found = dictionaries.words(uow, str(field.raw["dictionary"]), search=text, retired=False)
        return [Choice(word.value, word.name, word.name_en) for word in found[:MOST]]
    source = _source(field)
    _check(uow, source.info)
    query = select(source.table).where(*source.filter).order_by(source.title, source.key).limit(MOST)
    if text:
        query = query.where(records.matching(source.table, source.info, text))
    return [source.choice(row) for row in uow.execute(query).mappings()]


def judge(uow: UnitOfWork) -> Callable[[FormField, Any], bool]:
    """Whether a submitted value is one that the actor may choose; for `forms.validate`."""
    return lambda field, value: isinstance(value, str) and bool(_found(uow, field, {value}, offered=True))


def names(uow: UnitOfWork, field: FormField, values: Iterable[Any]) -> dict[str, Choice]:
    """How stored values are called; whoever may read the field may read that."""
    wanted = {value for value in values if isinstance(value, str) and value}
    return _found(uow, field, wanted, offered=False) if wanted else {}


def findings(uow: UnitOfWork, form: Form, resource: str) -> list[Finding]:
    """Pickers whose source there is not."""
    found = []
    for field in form.fields:
        if field.type == "record":
            try:
                _source(field)
            except NotFound as error:
                message = N_("Field '{id}' chooses among {source}, which there is not.")
                facts = {"id": field.id, "source": f"{error.facts['kind']} {error.facts['key']}"}
                found.append(Finding("form-source-unknown", Level.ERROR, field.id, message, facts,
                                     N_("Choose a table that has a page under Data, and a column of it."),
                                     resource=resource))  # fmt: skip
        elif field.type == "dictionary" and not any(
            one.key == field.raw["dictionary"] for one in dictionaries.list_(uow)
        ):
            message = N_("Field '{id}' chooses among {source}, which there is not.")
            facts = {"id": field.id, "source": f"dictionary {field.raw['dictionary']}"}
            found.append(Finding("form-source-unknown", Level.WARN, field.id, message, facts,
                                 N_("An administrator makes dictionaries."), resource=resource))  # fmt: skip
    return found


def used(form: Form) -> list[FormField]:
    """The pickers of a form."""
    return [field for field in form.fields if field.type in PICKERS]


# ---------------------------------------------------------------- private


@dataclass(frozen=True, slots=True)
class _Source:
    table: Table
    info: RecordInfo
    key: Column[Any]
    title: Column[Any]
    filter: tuple[ColumnElement[bool], ...]

    def choice(self, row: Mapping[Any, Any]) -> Choice:
        value, title = to_plain(row[self.key.name]), str(to_plain(row[self.title.name]) or "")
        english = str(row.get(f"{self.title.name}_en") or "")
        shown = [name for name in self.info.search if name not in (self.title.name, f"{self.title.name}_en")][:2]
        notes = [str(row[name]) for name in shown if row[name]]
        return Choice(str(value), title or str(value), english, " · ".join(notes))


def _source(field: FormField) -> _Source:
    """Raises NotFound for a table without a page and a column that is none of it."""
    name = str(field.raw.get("table"))
    table = metadata.tables.get(name)
    info = None if table is None else table.info.get("record")
    if table is None or not isinstance(info, RecordInfo):
        raise NotFound(kind="table", key=name)
    column = field.raw.get("valueColumn")
    shown = {one for one, _, _ in info.columns} | {*info.search}
    key = next(iter(table.primary_key.columns)) if column is None else table.c.get(str(column))
    if key is None or (column is not None and column not in shown):
        raise NotFound(kind="column", key=f"{name}.{column}")
    conditions: list[ColumnElement[bool]] = [key.is_not(None)]
    given = field.raw.get("filter")
    for of, wanted in (given if isinstance(given, dict) else {}).items():
        if of not in table.c or of not in shown:
            raise NotFound(kind="column", key=f"{name}.{of}")
        conditions.append(table.c[of] == wanted)
    return _Source(table, info, key, table.c[info.title], tuple(conditions))


def _check(uow: UnitOfWork, info: RecordInfo) -> None:
    if not identity.may(uow, info.capability):
        known = identity.names(uow, [uow.actor.user_id])
        raise Forbidden(actor=next(iter(known.values()), "Nobody"), act=N_("look up these records"))


def _found(uow: UnitOfWork, field: FormField, values: set[str], *, offered: bool) -> dict[str, Choice]:
    """`offered`: only what the actor may choose now."""
    if field.type == "dictionary":
        of = dictionaries.words(uow, str(field.raw["dictionary"]), retired=not offered)
        return {word.value: Choice(word.value, word.name, word.name_en) for word in of if word.value in values}
    source = _source(field)
    if offered and not identity.may(uow, source.info.capability):
        return {}
    keys = [value for value in values if not isinstance(source.key.type, Id) or _is_key(value)]
    query = select(source.table).where(source.key.in_(keys), *(source.filter if offered else ()))
    found = [source.choice(row) for row in uow.execute(query).mappings()] if keys else []
    return {one.value: one for one in found}


def _is_key(text: str) -> bool:
    return records.is_key(text)
