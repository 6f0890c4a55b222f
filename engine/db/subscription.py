"""Who waits for what, what arrived before anybody waited, and the locks that order the two."""

from enum import IntEnum

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from engine.db.base import Id, JsonText, UtcDateTime, metadata


class SubscriptionKind(IntEnum):
    """Messages go to one waiter, signals to all. STARTED (token 0): the instance was started by this message and key,
    and no other of its process is, while it runs. CONDITION: a start event whose condition is looked at when asked."""

    MESSAGE = 1
    SIGNAL = 2
    STARTED = 3
    CONDITION = 4


WAITING_TOKEN = (SubscriptionKind.MESSAGE, SubscriptionKind.SIGNAL)
"""Kinds that stand for a token of an instance, or for a start event"""


class MessageState(IntEnum):
    """Of a buffered message."""

    WAITING = 0
    DELIVERED = 1
    EXPIRED = 2


CORRELATION_BUCKETS = 1024

subscription = Table(
    "subscription",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", SmallInteger, nullable=False),
    Column("name", String(200), nullable=False),
    Column("correlation_key", Text, nullable=False, default=""),
    Column("instance_id", Id),
    Column("token", Integer),
    Column("definition_id", Id),
    Column("node", String(200)),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint("(instance_id IS NULL) = (token IS NULL)", name="token_of_instance"),
    CheckConstraint("(definition_id IS NULL) = (node IS NULL)", name="node_of_definition"),
    CheckConstraint("(instance_id IS NULL) <> (definition_id IS NULL)", name="one_waiter"),
)
Index("subscription_match", subscription.c.kind, subscription.c.name, subscription.c.correlation_key, subscription.c.id)
Index("subscription_instance", subscription.c.instance_id)
Index(
    "subscription_start",
    subscription.c.kind,
    subscription.c.name,
    subscription.c.definition_id,
    subscription.c.node,
    unique=True,
    sqlite_where=text("definition_id IS NOT NULL"),
    postgresql_where=text("definition_id IS NOT NULL"),
)

message = Table(
    "message",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("correlation_key", Text, nullable=False, default=""),
    Column("source", String(120), nullable=False),
    Column("message_id", String(200), nullable=False),
    Column("payload", JsonText, nullable=False),
    Column("state", SmallInteger, nullable=False, default=0),
    Column("received_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    UniqueConstraint("source", "message_id"),
)
Index(
    "message_waiting",
    message.c.name,
    message.c.correlation_key,
    message.c.id,
    sqlite_where=text("state = 0"),
    postgresql_where=text("state = 0"),
)
Index("message_expiry", message.c.expires_at)

# an instance that took it, or that it started: what it said is erased with the instance
message_receiver = Table(
    "message_receiver",
    metadata,
    Column("message_id", Id, primary_key=True),
    Column("instance_id", Id, primary_key=True),
)
Index("message_receiver_instance", message_receiver.c.instance_id)

correlation_lock = Table(
    "correlation_lock", metadata, Column("bucket", SmallInteger, primary_key=True, autoincrement=False)
)
