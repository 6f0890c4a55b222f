"""What people say about the elements of a drawing."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id, UtcDateTime

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "draft_comment",
        sa.Column("id", Id, primary_key=True),
        sa.Column("path", sa.String(300), nullable=False),
        sa.Column("element", sa.String(200), nullable=False),
        sa.Column("thread_id", Id),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("author_id", Id),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("resolved_by", Id),
        sa.Column("resolved_at", UtcDateTime),
    )
    op.create_index("ix_draft_comment_path", "draft_comment", ["path", "id"])
