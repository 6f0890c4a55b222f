"""What runs: one row per process instance; called processes are scopes of its state, not rows of their own."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from engine.db.base import Digest, Id, JsonText, Scaled, UtcDateTime, metadata


class Status(IntEnum):
    """Of an instance; values are append-only."""

    RUNNING = 0
    SUSPENDED = 1
    COMPLETED = 2
    TERMINATED = 3
    REJECTED = 4
    WITHDRAWN = 5
    VOIDED = 6
    DRAFT = 7
    FAILED = 8


instance = Table(
    "instance",
    metadata,
    Column("id", Id, primary_key=True),
    Column("definition_id", Id, ForeignKey("definition.id"), nullable=False),
    Column("process_key", String(200), nullable=False),
    Column("number", String(60)),
    Column("business_key", String(200)),
    Column("title", Text, nullable=False, default=""),
    Column("summary", JsonText),
    Column("starter_id", Id),
    Column("status", SmallInteger, nullable=False),
    Column("incidents", SmallInteger, nullable=False, default=0),
    Column("version", Integer, nullable=False, default=1),
    Column("history_seq", Integer, nullable=False, default=0),
    Column("history_hash", Digest, nullable=False),
    Column("codec", SmallInteger, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("ended_code", String(200)),
    Column("erased_at", UtcDateTime),  # when what people wrote in it was erased
    Column("series", String(200)),  # in which `number` is unique: a pattern, a process, or a process in a company
    Column("submission", Integer, nullable=False, default=1, server_default="1"),
    Column("resubmits_id", Id),  # the withdrawn instance that this one takes up again
)
Index(
    "instance_business_key",
    instance.c.process_key,
    instance.c.business_key,
    unique=True,
    sqlite_where=text("business_key IS NOT NULL AND status IN (0, 1, 7)"),
    postgresql_where=text("business_key IS NOT NULL AND status IN (0, 1, 7)"),
)
Index(
    "instance_number",
    instance.c.series,
    instance.c.number,
    unique=True,
    sqlite_where=text("series IS NOT NULL"),
    postgresql_where=text("series IS NOT NULL"),
)
Index(
    "instance_live",
    instance.c.definition_id,
    instance.c.id,
    sqlite_where=text("status IN (0, 1)"),
    postgresql_where=text("status IN (0, 1)"),
)
Index("instance_trouble", instance.c.id, sqlite_where=text("incidents > 0"), postgresql_where=text("incidents > 0"))
Index("instance_mine", instance.c.starter_id, instance.c.id)
Index("instance_process", instance.c.process_key, instance.c.id)

instance_scope = Table(
    "instance_scope",
    metadata,
    Column("instance_id", Id, ForeignKey("instance.id", ondelete="CASCADE"), primary_key=True),
    Column("scope", Integer, primary_key=True),
    Column("codec", SmallInteger, nullable=False),
    Column("state", LargeBinary, nullable=False),
)

instance_field = Table(
    "instance_field",
    metadata,
    Column("instance_id", Id, ForeignKey("instance.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("text_value", Text),
    Column("number_value", Scaled(24, 6)),
    Column("time_value", UtcDateTime),
)
Index("instance_field_text", instance_field.c.name, instance_field.c.text_value, instance_field.c.instance_id)
Index("instance_field_number", instance_field.c.name, instance_field.c.number_value, instance_field.c.instance_id)

# how records and words that were picked in forms were called when they were
instance_label = Table(
    "instance_label",
    metadata,
    Column("instance_id", Id, ForeignKey("instance.id", ondelete="CASCADE"), primary_key=True),
    Column("labels", JsonText, nullable=False),  # {source: {path of the field: {value: [name, English name]}}}
)


@dataclass(slots=True)
class Instance:
    """A locked row in memory: changed by verbs, written once by `runtime` or the end of the unit of work."""

    id: UUID
    definition_id: UUID
    process_key: str
    number: str | None
    business_key: str | None
    title: str
    summary: Any
    starter_id: UUID | None
    status: Status
    incidents: int
    version: int
    history_seq: int
    history_hash: bytes
    codec: int
    stored: bytes
    """the state as it lies in the row"""
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
    ended_code: str | None = None
    submission: int = 1
    resubmits_id: UUID | None = None
    state: Any = None
    """the live `bpmn.State`, loaded by `runtime` when first needed"""
    series: str | None = None
    """where the number was drawn; written with a new row only"""
    new: bool = False
    dirty: bool = False
    parts: dict[int, bytes | None] = field(default_factory=dict)
    """rows of large values to write, by scope; None: the row goes"""
    parts_stored: set[int] = field(default_factory=set)
    """scopes that have such a row"""
    cache: dict[str, Any] = field(default_factory=dict)
