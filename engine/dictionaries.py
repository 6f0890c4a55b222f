"""The data dictionary: lists of words with their names in both languages, which forms offer by `dictionary`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, insert, or_, select, update

from engine import history
from engine.db.dictionary import dictionary, dictionary_entry
from engine.errors import N_, InvalidValue, NotFound
from engine.unit_of_work import UnitOfWork
from engine.values import blank

_KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")
_all = select(dictionary).order_by(dictionary.c.key)
_entries = (
    select(dictionary_entry)
    .where(dictionary_entry.c.dictionary_key == bindparam("of"))
    .order_by(dictionary_entry.c.position, dictionary_entry.c.value)
)
_last = select(func.coalesce(func.max(dictionary_entry.c.position), 0).label("last")).where(
    dictionary_entry.c.dictionary_key == bindparam("of")
)


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A list of words."""

    key: str
    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Word:
    """One of them. `retired`: offered no more; what was stored keeps it."""

    value: str
    name: str
    name_en: str
    retired: bool


def list_(uow: UnitOfWork) -> list[Dictionary]:
    """All of them by key."""
    return [Dictionary(row.key, row.name, row.name_en) for row in uow.execute(_all)]


def get(uow: UnitOfWork, key: str) -> Dictionary:
    """Raises NotFound."""
    found = next((one for one in list_(uow) if one.key == key), None)
    if found is None:
        raise NotFound(kind="dictionary", key=key)
    return found


def words(uow: UnitOfWork, key: str, *, search: str = "", retired: bool = True) -> list[Word]:
    """The words of a dictionary in their order; `search`: a part of value or name."""
    query = _entries
    if search:
        columns = (dictionary_entry.c.value, dictionary_entry.c.name, dictionary_entry.c.name_en)
        query = query.where(or_(*(column.icontains(search, autoescape=True) for column in columns)))
    if not retired:
        query = query.where(dictionary_entry.c.retired.is_(False))
    return [Word(row.value, row.name, row.name_en, row.retired) for row in uow.execute(query, {"of": key})]


def create(uow: UnitOfWork, key: str, name: str, name_en: str = "", entries: Sequence[tuple[str, str, str]] = ()
           ) -> None:  # fmt: skip
    """A new dictionary with (value, name, English name). Raises InvalidValue."""
    if not _KEY.fullmatch(key):
        raise InvalidValue(expected=N_("a key of small letters, digits and _"), found=key[:80] or N_("nothing"))
    if blank(name):
        raise InvalidValue(expected=N_("a name"), found=N_("nothing"))
    if any(one.key == key for one in list_(uow)):
        raise InvalidValue(expected=N_("a key that no dictionary has"), found=key)
    row = {"key": key, "name": name.strip(), "name_en": name_en.strip(), "created_at": uow.now}
    uow.execute(insert(dictionary), row)
    history.act(uow, "settings", "dictionary.created", {"dictionary": key})
    for value, word, word_en in entries:
        put(uow, key, value, word, word_en)


def put(uow: UnitOfWork, key: str, value: str, name: str, name_en: str = "") -> None:
    """Add a word at the end, or name one anew. Raises NotFound, InvalidValue."""
    get(uow, key)
    value, name = value.strip(), name.strip()
    if not value or len(value) > 60 or not value.isprintable() or not name:
        raise InvalidValue(
            expected=N_("a value of at most 60 characters and a name"), found=f"{value[:80]} {name[:80]}"
        )
    names = {"name": name, "name_en": name_en.strip()}
    of = (dictionary_entry.c.dictionary_key == key) & (dictionary_entry.c.value == value)
    if any(one.value == value for one in words(uow, key)):
        uow.execute(update(dictionary_entry).where(of).values(**names))
    else:
        place = uow.execute(_last, {"of": key}).scalar_one() + 1
        row = {"dictionary_key": key, "value": value, **names, "position": place, "retired": False}
        uow.execute(insert(dictionary_entry), row)
    history.act(uow, "settings", "dictionary.word", {"dictionary": key, "value": value, **names})


def retire(uow: UnitOfWork, key: str, value: str, retired: bool = True) -> None:
    """Offer a word no more, or again. Raises NotFound."""
    of = (dictionary_entry.c.dictionary_key == key) & (dictionary_entry.c.value == value)
    if not any(one.value == value for one in words(uow, key)):
        raise NotFound(kind="word", key=f"{key} {value}")
    uow.execute(update(dictionary_entry).where(of).values(retired=retired))
    history.act(uow, "settings", "dictionary.retired", {"dictionary": key, "value": value, "retired": retired})
