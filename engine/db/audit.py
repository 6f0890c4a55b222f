"""Acts outside instances (deploy, users, policies, settings), chained per scope; anchors of all chains."""

from sqlalchemy import Column, Integer, LargeBinary, String, Table, Text

from engine.db.base import Digest, Id, JsonText, UtcDateTime, metadata

audit = Table(
    "audit",
    metadata,
    Column("scope", String(60), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(60), nullable=False),
    Column("actor_id", Id),
    Column("data", JsonText, nullable=False),
    Column("hash", Digest, nullable=False),
)

audit_tip = Table(
    "audit_tip",
    metadata,
    Column("scope", String(60), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("hash", Digest, nullable=False),
)

audit_anchor = Table(
    "audit_anchor",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("previous", Digest, nullable=False),
    Column("leaves", Integer, nullable=False),
    Column("root", Digest, nullable=False),
    Column("key", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("sent_to", Text),
    Column("sent_at", UtcDateTime),
)
