"""What the pickers of a form offer, searched and judged: records, words of the data dictionary, people, departments."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, bindparam, insert, select, update

from engine import dictionaries, identity, records, uploads
from engine.db.base import Id, RecordInfo, metadata
from engine.db.instance import instance_label
from engine.errors import N_, Forbidden, NotFound
from engine.findings import Finding, Level
from engine.forms import Form, FormField, files
from engine.forms.files import File
from engine.forms.model import PICKERS
from engine.forms.schema import Known
from engine.unit_of_work import TRIAL, UnitOfWork
from engine.values import Values, to_plain

MOST = 20
_LONGEST = 200

_labels = select(instance_label.c.labels).where(instance_label.c.instance_id == bindparam("of"))
_labels_of = select(instance_label.c.instance_id, instance_label.c.labels).where(
    instance_label.c.instance_id.in_(bindparam("of", expanding=True))
)
_insert = insert(instance_label)
_update = update(instance_label).where(instance_label.c.instance_id == bindparam("of"))


@dataclass(frozen=True, slots=True)
class Choice:
    """One option: what is stored, how it is called, and what tells it from others of that name."""

    value: str
    name: str
    name_en: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """A value of a request. `then`: as it was called when it was submitted or decided on; `today`: None when there is
    no such option any more."""

    then: Choice
    today: Choice | None


def search(uow: UnitOfWork, field: FormField, text: str) -> list[Choice]:
    """The first options of a picker that fit. Raises Forbidden, NotFound."""
    text = text.strip()[:_LONGEST]
    if field.type == "dictionary":
        found = dictionaries.words(uow, str(field.raw["dictionary"]), search=text, retired=False)
        return [Choice(word.value, word.name, word.name_en) for word in found[:MOST]]
    if field.type == "person":
        if field.raw.get("groups"):
            members = [_person(user) for user in _members(uow, field)]
            return [one for one in members if _fits(one, text)][:MOST]
        return [_person(user) for user in identity.users(uow, search=text, limit=MOST)]
    if field.type == "department":
        units = [_department(unit) for unit in identity.org_units(uow)]
        return [one for one in units if _fits(one, text)][:MOST]
    source = _source(field)
    _check(uow, source.info)
    query = select(source.table).where(*source.filter).order_by(source.title, source.key).limit(MOST)
    if text:
        query = query.where(records.matching(source.table, source.info, text))
    return [source.choice(row) for row in uow.execute(query).mappings()]


def judge(uow: UnitOfWork, *, beside: UUID | None = None, brought_by: UUID | None = None, trial: bool = False) -> Known:
    """Whether a submitted value is one that the actor may choose; for `forms.validate`.

    `beside`, `brought_by`: where files may be besides those held for him, as of `uploads.offered`. A `trial`, and all
    that happens in memory, knows files by their names.
    """
    by_name = trial or is_trial(uow)

    def known(field: FormField, value: Any) -> bool | File:
        if field.type == "filepicker":
            return files.by_name(value) if by_name else uploads.offered(uow, value, beside, brought_by) or False
        return isinstance(value, str) and bool(_found(uow, field, {value}, offered=True))

    return known


def is_trial(uow: UnitOfWork) -> bool:
    """Whether this happens in memory only, in a scenario or in a process that is tried."""
    return TRIAL in uow.shared


def names(uow: UnitOfWork, field: FormField, values: Iterable[Any], *, offered: bool = False) -> dict[str, Choice]:
    """How values are called today. Whoever may read a field may read the names of what is stored in it; of what was
    only typed he is told no more than he may choose: `offered`."""
    wanted = _wanted(values)
    return _found(uow, field, wanted, offered=offered) if wanted else {}


def freeze(uow: UnitOfWork, instance_id: UUID, form: Form, written: Values, stored: Values | None = None) -> None:
    """Keep how everything picked in `form` is called now. `written`: what this act writes; `stored`: what stood there.

    What stood there before keeps the name that it was chosen by. The instance is locked or new.
    """
    before, after = stored or {}, {**(stored or {}), **written}
    labels: dict[str, Any] = {}
    changed = False
    for field in used(form):
        chosen, kept = _wanted(_at(after, field.path)), _wanted(_at(before, field.path))
        if not chosen:
            continue
        labels = labels or _frozen(uow, instance_id)
        known = labels.get(_name_of(field), {}).get(field.path, {})
        missing = {value for value in chosen if value not in kept or value not in known}
        for one in (_found(uow, field, missing, offered=False) if missing else {}).values():
            labels.setdefault(_name_of(field), {}).setdefault(field.path, {})[one.value] = [one.name, one.name_en]
            changed = True
    if not changed:
        return
    if uow.read_one(_labels, {"of": instance_id}) is None:
        uow.queue(_insert, {"instance_id": instance_id, "labels": labels})
    else:
        uow.queue(_update, {"of": instance_id, "labels": labels}, expect=1)


def recorded(uow: UnitOfWork, instance_id: UUID, field: FormField, values: Iterable[Any]) -> dict[str, Named]:
    """How values of a request were called; those of before names were kept, as they are called today.

    A field that a task reads under another name shows what the field it was picked in says.
    """
    wanted = _wanted(values)
    if not wanted:
        return {}
    return _named(field, wanted, _frozen(uow, instance_id), _found(uow, field, wanted, offered=False))


def recorded_in(
    uow: UnitOfWork, field: FormField, picked: Mapping[UUID, Iterable[Any]]
) -> dict[UUID, dict[str, Named]]:
    """The same of many requests at once. `picked`: the values of `field` in each."""
    wanted = {request: values for request, found in picked.items() if (values := _wanted(found))}
    if not wanted:
        return {}
    frozen = {row.instance_id: row.labels for row in uow.execute(_labels_of, {"of": list(wanted)})}
    today = _found(uow, field, set().union(*wanted.values()), offered=False)
    return {request: _named(field, values, frozen.get(request, {}), today) for request, values in wanted.items()}


def findings(uow: UnitOfWork, form: Form, resource: str) -> list[Finding]:
    """Pickers whose source there is not."""
    found = []
    for field in form.fields:
        if field.type == "record":
            try:
                _source(field)
            except NotFound as error:
                message = N_("Field '{name}' chooses among {source}, which there is not.")
                facts = {"name": field.label, "source": f"{error.facts['kind']} {error.facts['key']}"}
                found.append(Finding("form-source-unknown", Level.ERROR, field.id, message, facts,
                                     N_("Choose a table that has a page under Data, and a column of it."),
                                     resource=resource))  # fmt: skip
        elif field.type == "person" and field.raw.get("groups"):
            there = {group.key for group in identity.groups(uow)}
            for key in sorted(set(field.raw["groups"]) - there):
                message = N_("Field '{name}' chooses among {source}, which there is not.")
                facts = {"name": field.label, "source": f"group {key}"}
                found.append(Finding("form-source-unknown", Level.WARN, field.id, message, facts,
                                     N_("An administrator makes groups."), resource=resource))  # fmt: skip
        elif field.type == "dictionary" and not any(
            one.key == field.raw["dictionary"] for one in dictionaries.list_(uow)
        ):
            message = N_("Field '{name}' chooses among {source}, which there is not.")
            facts = {"name": field.label, "source": f"dictionary {field.raw['dictionary']}"}
            found.append(Finding("form-source-unknown", Level.WARN, field.id, message, facts,
                                 N_("An administrator makes dictionaries."), resource=resource))  # fmt: skip
    return found


def used(form: Form) -> list[FormField]:
    """The pickers of a form."""
    return [field for field in form.fields if field.type in PICKERS]


# ---------------------------------------------------------------- private


def _wanted(values: Iterable[Any]) -> set[str]:
    return {value for value in values if isinstance(value, str) and value}


def _named(
    field: FormField, wanted: set[str], frozen: Mapping[str, Any], today: Mapping[str, Choice]
) -> dict[str, Named]:
    of_source: dict[str, dict[str, list[str]]] = frozen.get(_name_of(field), {})
    kept = {value: texts for labels in of_source.values() for value, texts in labels.items()}
    kept |= of_source.get(field.path, {})
    found = {}
    for value in wanted:
        now = today.get(value)
        if value in kept:
            called, english = kept[value]
            then = Choice(value, called, english, now.note if now else "")
            if now is not None and now.name == then.name and not then.name_en:
                then = now  # translated since: that is no other name
            found[value] = Named(then, now)
        elif now is not None:
            found[value] = Named(now, now)
    return found


def _at(values: Any, path: str) -> list[Any]:
    """What stands at `path`, in every row of the lists on the way."""
    if isinstance(values, list):
        return [found for item in values for found in _at(item, path)]
    if not path:
        return [values]
    first, _, rest = path.partition(".")
    return _at(values.get(first), rest) if isinstance(values, dict) else []


def _name_of(field: FormField) -> str:
    """Of the source: where else the same value means the same."""
    if field.type in ("person", "department"):
        return field.type
    if field.type == "dictionary":
        return f"dictionary {field.raw['dictionary']}"
    return f"record {field.raw['table']} {field.raw.get('valueColumn') or ''}".strip()


def _frozen(uow: UnitOfWork, instance_id: UUID) -> dict[str, Any]:
    row = uow.read_one(_labels, {"of": instance_id})
    return {} if row is None else dict(row.labels)


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
    if field.type == "person":
        people = [user for user in identity.find(uow, values) if user.login in values]
        if offered and field.raw.get("groups"):
            allowed = {user.login for user in _members(uow, field)}
            people = [user for user in people if user.login in allowed]
        return {user.login: _person(user) for user in people if user.active or not offered}
    if field.type == "department":
        return {unit.key: _department(unit) for unit in identity.org_units(uow) if unit.key in values}
    source = _source(field)
    if offered and not identity.may(uow, source.info.capability):
        return {}
    keys = [value for value in values if not isinstance(source.key.type, Id) or _is_key(value)]
    query = select(source.table).where(source.key.in_(keys), *(source.filter if offered else ()))
    found = [source.choice(row) for row in uow.execute(query).mappings()] if keys else []
    return {one.value: one for one in found}


def _members(uow: UnitOfWork, field: FormField) -> list[identity.User]:
    """Whoever is in one of the groups of the field, by login."""
    groups = identity.find_groups(uow, field.raw["groups"])
    return identity.members_of(uow, [group.id for group in groups])


def _fits(one: Choice, text: str) -> bool:
    return text.casefold() in f"{one.value} {one.name} {one.name_en}".casefold()


def _person(user: identity.User) -> Choice:
    return Choice(user.login, user.name, user.name_en, user.position)


def _department(unit: identity.OrgUnit) -> Choice:
    return Choice(unit.key, unit.name, unit.name_en)


def _is_key(text: str) -> bool:
    return records.is_key(text)
