"""Who is told what, where: preferences, robots of chat groups, and what was sent."""

from enum import IntEnum

from sqlalchemy import Boolean, Column, ForeignKey, Index, SmallInteger, String, Table, Text

from engine.db.base import Id, JsonText, UtcDateTime, metadata


class DeliveryState(IntEnum):
    """Of one notice on its way; values are append-only."""

    WAITING = 0
    SENT = 1
    DROPPED = 2


notice_preference = Table(
    "notice_preference",
    metadata,
    Column("user_id", Id, ForeignKey("user_account.id"), primary_key=True),
    Column("event", String(40), primary_key=True),
    Column("channel", String(20), primary_key=True),
    Column("wanted", Boolean, nullable=False),
)

notice_quiet = Table(
    "notice_quiet",
    metadata,
    Column("user_id", Id, ForeignKey("user_account.id"), primary_key=True),
    Column("from_time", String(5), nullable=False),  # 22:00
    Column("to_time", String(5), nullable=False),  # 08:00
)

notice_digest = Table(
    "notice_digest",
    metadata,
    Column("user_id", Id, ForeignKey("user_account.id"), primary_key=True),
    Column("every", String(10), nullable=False),  # hour | day
    Column("at_time", String(5), nullable=False),  # 09:00, of a day
)

notice_robot = Table(
    "notice_robot",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("name", Text, nullable=False),
    Column("group_id", Id, ForeignKey("user_group.id")),  # whose work it tells of; none: everybody's
    Column("events", Text, nullable=False),
    Column("url_sealed", Text, nullable=False),
    Column("secret_sealed", Text, nullable=False, default=""),
    Column("recent", JsonText, nullable=False),  # microseconds of what was sent in the last minute
    Column("created_by", Id),
    Column("created_at", UtcDateTime, nullable=False),
)

notice_delivery = Table(
    "notice_delivery",
    metadata,
    Column("id", Id, primary_key=True),  # made of event, item, recipient and channel: each is told once
    Column("instance_id", Id),  # none: of a substitution
    Column("event", String(40), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("recipient_id", Id, nullable=False),
    Column("item_id", Id),
    Column("state", SmallInteger, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("reason", Text, nullable=False, default=""),
    Column("collected", JsonText),  # what is said, of one that waits for a digest
)
Index("notice_delivery_instance", notice_delivery.c.instance_id)
Index("notice_delivery_recipient", notice_delivery.c.recipient_id, notice_delivery.c.at)
