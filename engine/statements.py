"""SQL compiled once: how its values are bound and its rows are read, without SQLAlchemy's work at each statement."""

import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import count
from operator import itemgetter
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from psycopg import RawCursor
from sqlalchemy import DateTime, Select, SelectBase, TableClause, TextClause, func
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import visitors

_ROWS_AT_ONCE = 1000
"""PostgreSQL takes 65,535 parameters per statement"""
_KEYS_AT_ONCE = 500
One = TypeVar("One")
_NAMED = re.compile(r"%\((\w+)\)s")
_CLOCK = func.statement_timestamp(type_=DateTime(timezone=True)).label("database_clock")


def in_parts(many: Iterable[One]) -> Iterator[list[One]]:
    """Some hundred at a time: no database takes an `IN` or an INSERT of any length."""
    every = list(many)
    return (every[first : first + _KEYS_AT_ONCE] for first in range(0, len(every), _KEYS_AT_ONCE))


class Writing:
    """An INSERT, UPDATE or DELETE of one table, for one set of columns."""

    __slots__ = ("_bind", "_inserts", "_numbered", "_sqlite", "sql", "table")

    def __init__(self, statement: Any, columns: Sequence[str], dialect: Dialect) -> None:
        compiled = _compile(statement, dialect, column_keys=list(columns))
        self.sql = str(compiled)
        self.table: str = statement.table.name
        # more rows are more tuples of the same statement; SQLite repeats by itself
        self._inserts: bool = statement.is_insert and self.sql.endswith(")") and " ON CONFLICT " not in self.sql
        self._sqlite = dialect.name == "sqlite"
        self._numbered: dict[int, str] = {}
        defaults = {column.key: _constant(column) for column in compiled.insert_prefetch}
        self._bind, needed = _binder(compiled, dialect, defaults)
        for name in needed:
            if name not in columns:
                raise TypeError(f"{self.table}: no value for {name}")

    def send(self, driver: Any, rows: Sequence[Mapping[str, Any]]) -> Any:
        """The driver's cursor; its `rowcount` is valid when a pipeline is over."""
        bind = self._bind
        if self._sqlite:
            cursor = driver.cursor()
            if len(rows) == 1:
                cursor.execute(self.sql, bind(rows[0]))
            else:
                cursor.executemany(self.sql, [bind(row) for row in rows])
            return cursor
        cursor = RawCursor(driver)  # takes $1: no text is parsed again
        if len(rows) == 1:
            cursor.execute(self._text(1), bind(rows[0]))
        elif self._inserts and len(rows) <= _ROWS_AT_ONCE:
            cursor.execute(self._text(len(rows)), [value for row in rows for value in bind(row)])
        else:
            cursor.executemany(self._text(1), [bind(row) for row in rows])
        return cursor

    def _text(self, rows: int) -> str:
        known = self._numbered.get(rows)
        if known is None:
            head, word, values = self.sql.partition(" VALUES ") if self._inserts else (self.sql, "", "")
            known = self._numbered[rows] = _number(head + word + ", ".join([values] * rows))
        return known


class Reading:
    """A SELECT. `tables`: whose rows it looks at, None when it holds text that could name any."""

    __slots__ = ("_bind", "_clock", "_dialect", "_make", "_shapes", "_sql", "_types", "locks", "tables")

    def __init__(self, statement: SelectBase, dialect: Dialect, *, locks: bool, clock: bool) -> None:
        self.tables = tables_read(statement)
        self.locks = locks and locking(statement)
        if not self.locks:
            statement = unlocked(statement)
        columns = list(statement.selected_columns)
        self._types = [column.type for column in columns]
        self._make = _row_of([str(column.key) for column in columns])
        self._shapes: list[tuple[int, Callable[[Any], Any]]] | None = None
        self._clock = clock and isinstance(statement, Select)
        if self._clock:
            statement = statement.add_columns(_CLOCK)  # type: ignore[attr-defined]
        compiled = _compile(statement, dialect)
        self._dialect = dialect
        self._sql = str(compiled) if dialect.name == "sqlite" else _number(str(compiled))
        self._bind, _ = _binder(compiled, dialect, {})

    def ask(self, driver: Any, parameters: Mapping[str, Any]) -> tuple[list[Any], datetime | None]:
        """The rows as named tuples, and the database's clock if it was asked for and there is a row to carry it."""
        cursor = driver.cursor() if self._dialect.name == "sqlite" else RawCursor(driver)
        cursor.execute(self._sql, self._bind(parameters))
        found = cursor.fetchall()
        shapes = self._shapes
        if shapes is None:
            shapes = self._shapes = self._shaping(cursor.description or ())
        told = found[0][-1] if self._clock and found else None
        make = self._make
        if not shapes and not self._clock:
            return [make(values) for values in found], None
        rows = []
        for values in found:
            shaped = list(values[:-1] if self._clock else values)
            for place, shape in shapes:
                shaped[place] = shape(shaped[place])
            rows.append(make(shaped))
        return rows, told

    def _shaping(self, description: Sequence[Any]) -> list[tuple[int, Callable[[Any], Any]]]:
        """What turns a driver's value into ours, by place; the driver's type codes are known from its first answer."""
        made = (
            kind.dialect_impl(self._dialect).result_processor(self._dialect, told[1])
            for kind, told in zip(self._types, description, strict=False)
        )
        return [(place, shape) for place, shape in enumerate(made) if shape is not None]


def writing(statement: Any, row: Mapping[str, Any], dialect: Dialect) -> Writing:
    """`statement` for rows with the columns of `row`. Statements are module constants, so they are kept for ever."""
    key = (statement, dialect.name, tuple(row))
    found = _writings.get(key)
    if found is None:
        found = _writings[key] = Writing(statement, key[2], dialect)
    return found


def reading(statement: SelectBase, dialect: Dialect, *, locks: bool, clock: bool) -> Reading:
    """`statement`, with its locks or without; `clock`: the first row brings the time of the database."""
    key = (statement, dialect.name, locks, clock)
    found = _readings.get(key)
    if found is None:
        found = _readings[key] = Reading(statement, dialect, locks=locks, clock=clock)
    return found


def locking(statement: Any) -> bool:
    """Whether it is a SELECT … FOR UPDATE."""
    return isinstance(statement, Select) and statement._for_update_arg is not None


def unlocked(statement: Any) -> Any:
    """The same question without FOR UPDATE."""
    if locking(statement):
        statement = statement._clone()
        statement._for_update_arg = None
    return statement


def tables_read(statement: SelectBase) -> frozenset[str] | None:
    """Names of the tables that a SELECT looks at; None when it holds text that could name any."""
    if statement not in _reads:
        names: set[str] = set()
        text = False
        for element in visitors.iterate(statement):
            if isinstance(element, TableClause):
                names.add(element.name)
            text = text or isinstance(element, TextClause)
        _reads[statement] = None if text else frozenset(names)
    return _reads[statement]


_writings: dict[tuple[Any, str, tuple[str, ...]], Writing] = {}
_readings: dict[tuple[Any, str, bool, bool], Reading] = {}
_reads: "WeakKeyDictionary[Any, frozenset[str] | None]" = WeakKeyDictionary()


# ---------------------------------------------------------------- private


def _compile(statement: Any, dialect: Dialect, **options: Any) -> Any:
    compiled: Any = statement.compile(dialect=dialect, **options)
    if compiled.post_compile_params or compiled.literal_execute_params:
        raise TypeError("a statement compiled once cannot carry a list of values; use execute()")
    return compiled


def _binder(
    compiled: Any, dialect: Dialect, defaults: Mapping[str, Any]
) -> tuple[Callable[[Mapping[str, Any]], list[Any]], set[str]]:
    """Driver values of one row in the order of the SQL; and the names that every row must give."""
    names: Iterable[str] = compiled.positiontup if compiled.positional else _NAMED.findall(str(compiled))
    binds = [compiled.binds[name] for name in names]
    needed = {bind.key for bind in binds if bind.required and bind.key not in defaults}
    constants = {bind.key: defaults.get(bind.key, bind.value) for bind in binds if bind.key not in needed}
    made = ((place, bind.type.dialect_impl(dialect).bind_processor(dialect)) for place, bind in enumerate(binds))
    shapes = [(place, shape) for place, shape in made if shape is not None]
    return partial(_bind, _taker([bind.key for bind in binds]), constants, shapes), needed


def _bind(
    take: Callable[[Mapping[str, Any]], Iterable[Any]],
    constants: Mapping[str, Any],
    shapes: Sequence[tuple[int, Callable[[Any], Any]]],
    row: Mapping[str, Any],
) -> list[Any]:
    values = list(take({**constants, **row} if constants else row))
    for place, shape in shapes:
        values[place] = shape(values[place])
    return values


def _taker(keys: Sequence[str]) -> Callable[[Mapping[str, Any]], Iterable[Any]]:
    if len(keys) > 1:
        return itemgetter(*keys)
    return lambda row: [row[key] for key in keys]


def _row_of(names: Sequence[str]) -> Callable[[Iterable[Any]], Any]:
    factory: Any = namedtuple  # the names are data
    make: Callable[[Iterable[Any]], Any] = factory("Row", names)._make
    return make


def _number(sql: str) -> str:
    """With the numbered parameters of PostgreSQL."""
    number = count(1)
    return _NAMED.sub(lambda _: f"${next(number)}", sql).replace("%%", "%")


def _constant(column: Any) -> Any:
    if not column.default.is_scalar:
        raise TypeError(f"{column} has a computed default; give the value")
    return column.default.arg
