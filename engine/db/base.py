"""Metadata, naming convention and the column types that behave alike on SQLite and PostgreSQL.

Amounts are NUMERIC on PostgreSQL and scaled whole numbers on SQLite, whose NUMERIC is a binary float: triggers and
CHECKs must add and compare them exactly. They are multiplied and divided in Python only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, LargeBinary, MetaData, Numeric, Text, Uuid
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql import operators
from sqlalchemy.types import TypeDecorator, TypeEngine

from engine import values

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_once",
        "ck": "%(table_name)s_%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_fk",
        "pk": "%(table_name)s_pk",
    }
)


class Base(DeclarativeBase):
    """For data modules that prefer mapped classes; engine tables are plain `Table` objects on the same metadata."""

    metadata = metadata


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Id(TypeDecorator[UUID]):
    """An application-made UUID: uuid on PostgreSQL, 16 bytes on SQLite."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(LargeBinary(16) if dialect.name == "sqlite" else Uuid())

    def process_bind_param(self, value: UUID | str | None, dialect: Dialect) -> Any:
        return _id_bytes(value) if dialect.name == "sqlite" else _id(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        return _id_read(value)

    # twenty values of a row may be ids or instants: one call for each, not three
    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        return _id_bytes if dialect.name == "sqlite" else _id

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        return _id_read if dialect.name == "sqlite" else None


def _id(value: UUID | str | None) -> UUID | None:
    return value if value is None or isinstance(value, UUID) else UUID(value)


def _id_bytes(value: UUID | str | None) -> bytes | None:
    return None if value is None else value.bytes if isinstance(value, UUID) else UUID(value).bytes


def _id_read(value: Any) -> UUID | None:
    return UUID(bytes=value) if isinstance(value, bytes) else value


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant: timestamptz on PostgreSQL, microseconds since 1970 on SQLite. Naive ones are refused."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return _micros_or_none(value) if dialect.name == "sqlite" else _aware(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return _instant_read(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        return _micros_or_none if dialect.name == "sqlite" else _aware

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        return _instant_read


def _aware(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise TypeError(f"{value!r} is naive; instants carry a zone")
    return value


def _micros_or_none(value: datetime | None) -> int | None:
    return None if value is None else to_micros(value)


def _instant_read(value: Any) -> datetime | None:
    if value is None:
        return None
    return from_micros(value) if isinstance(value, int) else value.astimezone(UTC)


def to_micros(value: datetime) -> int:
    """Microseconds since 1970, exact. Raises TypeError for a naive one."""
    if value.tzinfo is None:
        raise TypeError(f"{value!r} is naive; instants carry a zone")
    since = value - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_micros(value: int) -> datetime:
    """Aware UTC."""
    return _EPOCH + timedelta(microseconds=value)


class Scaled(TypeDecorator[Decimal]):
    """An exact decimal with `scale` places. Refuses floats and values with more places: rounding happens earlier."""

    impl = Numeric
    cache_ok = True

    def __init__(self, precision: int, scale: int) -> None:
        super().__init__(precision, scale)
        self.precision, self.scale = precision, scale

    class Comparator(TypeDecorator.Comparator[Decimal]):
        """No `*` and `/` in SQL: on SQLite the scales would multiply."""

        def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
            _refuse_scaling(op)
            return super().operate(op, *other, **kwargs)

        def reverse_operate(self, op: Any, other: Any, **kwargs: Any) -> Any:
            _refuse_scaling(op)
            return super().reverse_operate(op, other, **kwargs)

    comparator_factory = Comparator

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(Numeric(self.precision, self.scale))

    def process_bind_param(self, value: Decimal | int | str | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if isinstance(value, float):
            raise TypeError(f"{value!r} is a float; pass a Decimal")
        number = Decimal(value)
        exact = number.quantize(Decimal(1).scaleb(-self.scale))
        if exact != number:
            raise ValueError(f"{number} has more than {self.scale} decimals; round where it is computed")
        if abs(exact) >= Decimal(10) ** (self.precision - self.scale):
            raise ValueError(f"{number} has more than {self.precision - self.scale} digits before the point")
        return int(exact.scaleb(self.scale)) if dialect.name == "sqlite" else exact

    def process_literal_param(self, value: Any, dialect: Dialect) -> str:
        return str(self.process_bind_param(value, dialect))

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        if isinstance(value, Decimal) and dialect.name != "sqlite":
            return value
        return Decimal(value).scaleb(-self.scale) if dialect.name == "sqlite" else Decimal(value)


def _refuse_scaling(op: Any) -> None:
    if op in (operators.mul, operators.truediv, operators.floordiv, operators.mod):
        raise TypeError("scaled columns are multiplied and divided in Python, not in SQL")


def Money() -> Scaled:  # noqa: N802 - reads like a column type
    """An amount, always beside its currency."""
    return Scaled(18, 2)


def Price() -> Scaled:  # noqa: N802
    """A unit price or unit cost."""
    return Scaled(18, 6)


def Quantity() -> Scaled:  # noqa: N802
    """Stock, ordered, worked days."""
    return Scaled(18, 4)


def Rate() -> Scaled:  # noqa: N802
    """Tax, discount, tolerance, probability."""
    return Scaled(9, 6)


class JsonText(TypeDecorator[Any]):
    """Values (see `engine.values`) as canonical JSON text: jsonb would reorder keys and turn numbers into floats."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return _json_text(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        return _json_text

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return _json_read(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        return _json_read


def _json_text(value: Any) -> str | None:
    return None if value is None else values.stored_json(value)


def _json_read(value: str | None) -> Any:
    return None if value is None else values.load_json(value)


class Digest(TypeDecorator[bytes]):
    """32 bytes of SHA-256."""

    impl = LargeBinary(32)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> None:
        """Both drivers take bytes as they are."""


@dataclass(frozen=True, slots=True)
class RecordInfo:
    """`Table.info["record"]`: how a table is shown on the record pages.

    `columns`: (column, zh, en) in order of display. `search`: text columns. `title`: the column that names a row.
    `master`: whether rows are edited on record pages; documents are made by processes only.
    """

    zh: str
    en: str
    columns: tuple[tuple[str, str, str], ...]
    title: str
    search: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    """names of detail tables with a foreign key to this one"""
    master: bool = False
    capability: str = "records"
