"""What the designer edits: drafts are rows, so that several web processes and two analysts can work on them.

`report`: what an import said about the drawing, until somebody puts it away; NULL for one that was drawn here.
"""

from sqlalchemy import Column, Integer, LargeBinary, SmallInteger, String, Table, Text

from engine.db.base import Id, JsonText, UtcDateTime, metadata

draft = Table(
    "draft",
    metadata,
    Column("path", String(300), primary_key=True),
    Column("kind", SmallInteger, nullable=False),
    Column("key", String(200), nullable=False),
    Column("name", Text, nullable=False, default=""),
    Column("content", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("saved_by", Id),
    Column("saved_at", UtcDateTime, nullable=False),
    Column("report", JsonText),
)
