"""What already happened under a key, with its answer: the record that makes a repeated call harmless."""

from enum import IntEnum

from sqlalchemy import Column, Index, SmallInteger, String, Table

from engine.db.base import Digest, Id, JsonText, UtcDateTime, metadata


class EffectStatus(IntEnum):
    """`started` without an end means: outcome unknown."""

    STARTED = 0
    DONE = 1
    BUSINESS_ERROR = 2
    UNKNOWN = 3


effect = Table(
    "effect",
    metadata,
    Column("key", Id, primary_key=True),
    Column("operation", String(120), nullable=False),
    Column("instance_id", Id),
    Column("node", String(200)),
    Column("request_hash", Digest, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("response", JsonText),
    Column("error_code", String(120)),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
)
Index("effect_instance", effect.c.instance_id)
