"""Who edits a draft, and what it was before. The drafts that there are begin their history as they stand."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id, UtcDateTime
from engine.ids import uuid7

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "draft_lock",
        sa.Column("path", sa.String(300), primary_key=True),
        sa.Column("holder", Id, nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.Column("until", UtcDateTime, nullable=False),
    )
    revisions = op.create_table(
        "draft_revision",
        sa.Column("id", Id, primary_key=True),
        sa.Column("path", sa.String(300), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("aside", sa.Boolean, nullable=False),
        sa.Column("saved_by", Id),
        sa.Column("saved_at", UtcDateTime, nullable=False),
    )
    op.create_index("ix_draft_revision_path", "draft_revision", ["path", "id"])
    drafts = sa.table(
        "draft", sa.column("path", sa.String), sa.column("content", sa.LargeBinary), sa.column("saved_by", Id),
        sa.column("saved_at", UtcDateTime),
    )  # fmt: skip
    found = op.get_bind().execute(sa.select(drafts)).all()
    if found:
        rows = [
            {"id": uuid7(), "path": row.path, "content": row.content, "aside": False, "saved_by": row.saved_by,
             "saved_at": row.saved_at}
            for row in found
        ]  # fmt: skip
        op.bulk_insert(revisions, rows)
