"""Bound facts as people know them: a payee by its name, an invoice by its number, a kind by its word."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from engine import identity, operations, records
from engine.db.base import metadata
from engine.errors import Listed, Phrase, Term, Title
from engine.unit_of_work import UnitOfWork

_NOTHING = "–"
_VERSIONS = ("payee_bank_version", "version")
"""facts that number the versions of something, which approvers are shown as v1, v2"""


def difference(
    uow: UnitOfWork, subject_type: str, approved: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, Listed]:
    """What has changed of a document, as it was `approved` and as it is `now`."""
    changed = [name for name in sorted(approved.keys() | now.keys()) if approved.get(name) != now.get(name)]
    before, after = (
        {name: _named(uow, subject_type, name, values.get(name)) for name in changed} for values in (approved, now)
    )
    for name in changed:
        if str(before[name]) == str(after[name]):  # two rows that are called alike
            before[name], after[name] = (
                Phrase("{name} ({value})", name=said[name], value=_plain(values.get(name)))
                for said, values in ((before, approved), (after, now))
            )

    def told(values: Mapping[str, Any]) -> Listed:
        return Listed(Phrase("{fact} {value}", fact=Term("fact", name), value=values[name]) for name in changed)

    return {"approved": told(before), "now": told(after)}


def _named(uow: UnitOfWork, subject_type: str, fact: str, value: Any) -> Any:
    """The names of the rows that a fact refers to, the word for a state, else the value itself."""
    reader = operations.subject_reader(subject_type)
    columns = () if reader is None else dict(reader.refers).get(fact, ())
    if columns:
        keys = value if isinstance(value, list) else [value]
        names = _names(uow, columns, keys)
        return _plain([names.get(key, key) for key in keys])
    if fact in _VERSIONS and value is not None:
        return f"v{value}"
    labels = records.states(subject_type, fact).get(value) if isinstance(value, str) else None
    return _plain(value) if labels is None else Title(value, dict(zip(("zh", "en"), labels, strict=True)))


def _names(uow: UnitOfWork, columns: Iterable[str], keys: Iterable[Any]) -> dict[str, str]:
    """Of rows, by key; those that are gone have none."""
    wanted = [found for key in keys if (found := identity.as_id(str(key))) is not None]
    names: dict[str, str] = {}
    for name in columns:
        of, _, column = name.partition(".")
        table = metadata.tables[of]
        rows = uow.execute(select(table.c.id, table.c[column].label("name")).where(table.c.id.in_(wanted)))
        names |= {str(row.id): str(row.name) for row in rows}
    return names


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return Listed(value) or _NOTHING
    return _NOTHING if value is None else value
