"""Every fact of an instance, chained by hash; append-only. What people wrote stands beside it, and may be erased."""

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, Text, text

from engine.db.base import Digest, Id, JsonText, UtcDateTime, metadata

history = Table(
    "history",
    metadata,
    Column("instance_id", Id, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("node", String(200)),
    Column("actor_id", Id),
    Column("on_behalf_of_id", Id),
    Column("data", JsonText),
    Column("hash", Digest, nullable=False),
    # only where the fact ends the visit of an activity or event; derived, not part of the hash
    Column("token", Integer),
    Column("definition_id", Id),
    Column("started_at", UtcDateTime),
)
Index(
    "history_actor",
    history.c.actor_id,
    history.c.at,
    sqlite_where=text("actor_id IS NOT NULL"),
    postgresql_where=text("actor_id IS NOT NULL"),
)
Index(
    "history_visit",
    history.c.definition_id,
    history.c.node,
    history.c.started_at,
    sqlite_where=text("started_at IS NOT NULL"),
    postgresql_where=text("started_at IS NOT NULL"),
)

history_text = Table(
    "history_text",
    metadata,
    Column("instance_id", Id, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("name", String(40), primary_key=True),
    # the fact carries SHA-256(salt, text); both are erased together, so that no short text is guessed from its digest
    Column("text", Text),
    Column("salt", LargeBinary(16)),
)
