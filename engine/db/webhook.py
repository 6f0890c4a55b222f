"""Other systems that are told of events: how they know that it is us, and what was sent to them."""

from sqlalchemy import Column, Index, Integer, SmallInteger, String, Table, Text

from engine.db.base import Id, UtcDateTime, metadata

webhook = Table(
    "webhook",
    metadata,
    Column("id", Id, primary_key=True),
    Column("direction", String(3), nullable=False),  # out: we call
    Column("name", String(80), nullable=False, unique=True),
    Column("secret_sealed", Text, nullable=False),
    Column("former_sealed", Text, nullable=False, default=""),  # signs too, until the receiver knows the new one
    Column("former_until", UtcDateTime),
    Column("created_by", Id),
    Column("created_at", UtcDateTime, nullable=False),
    Column("rotated_at", UtcDateTime),
    Column("failing_since", UtcDateTime),  # nothing has arrived since; none: the last one did
    Column("failures", Integer, nullable=False, server_default="0"),  # attempts since then
    Column("off_at", UtcDateTime),  # nothing is sent until somebody switches it on
    Column("off_reason", Text, nullable=False, server_default=""),
)

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("id", Id, primary_key=True),  # made of event, receiver and address: each is told once
    Column("event_id", Id, nullable=False),
    Column("instance_id", Id, nullable=False),
    Column("receiver", String(80), nullable=False),
    Column("url", Text, nullable=False),
    Column("type", String(80), nullable=False),
    Column("node", String(200)),
    Column("body", Text, nullable=False),  # the bytes that are signed, the same at each attempt
    Column("job_id", Id, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("status_code", SmallInteger),
    Column("answer", Text, nullable=False, default=""),
    Column("at", UtcDateTime, nullable=False),
    Column("tried_at", UtcDateTime),
    Column("sent_at", UtcDateTime),
    Column("standing", String(10), nullable=False, server_default=""),  # held: its receiver is off | dropped
)
Index("webhook_delivery_at", webhook_delivery.c.at, webhook_delivery.c.id)
Index("webhook_delivery_instance", webhook_delivery.c.instance_id)
