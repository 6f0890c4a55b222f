"""What the designer edits: drafts are rows, so that several web processes and two analysts can work on them.

`draft.report`: what an import said about the drawing, until somebody puts it away; NULL for one that was drawn here.
`draft.base_version`: of a form, its newest version when the draft was saved; one that was deployed later overtook it.
"""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, SmallInteger, String, Table, Text

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
    Column("base_version", Integer, nullable=False, server_default="0"),
)

draft_lock = Table(
    "draft_lock",
    metadata,
    Column("path", String(300), primary_key=True),
    Column("holder", Id, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)
"""who edits a draft; a lease that is not renewed is over"""

draft_revision = Table(
    "draft_revision",
    metadata,
    Column("id", Id, primary_key=True),
    Column("path", String(300), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("aside", Boolean, nullable=False),
    Column("saved_by", Id),
    Column("saved_at", UtcDateTime, nullable=False),
    Index("ix_draft_revision_path", "path", "id"),
)
"""what a draft was; `aside`: what somebody could not save because another one had"""

draft_comment = Table(
    "draft_comment",
    metadata,
    Column("id", Id, primary_key=True),
    Column("path", String(300), nullable=False),
    Column("element", String(200), nullable=False),
    Column("thread_id", Id),
    Column("text", Text, nullable=False),
    Column("author_id", Id),
    Column("created_at", UtcDateTime, nullable=False),
    Column("resolved_by", Id),
    Column("resolved_at", UtcDateTime),
    Index("ix_draft_comment_path", "path", "id"),
)
"""what is said about elements of a drawing; `thread_id`: of an answer, the comment that it answers"""

reviewed_area = Table(
    "reviewed_area",
    metadata,
    Column("area", String(100), primary_key=True),
    Column("set_by", Id),
    Column("set_at", UtcDateTime, nullable=False),
)
"""areas that publish only what a second person has approved"""

draft_review = Table(
    "draft_review",
    metadata,
    Column("path", String(300), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("state", String(20), nullable=False),
    Column("asked_by", Id, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("note", Text, nullable=False),
    Column("decided_by", Id),
    Column("decided_at", UtcDateTime),
    Column("opinion", Text, nullable=False),
)
"""the last review of a draft; `digest`: of everything that is published with it"""
