"""Areas that publish only what a second person has approved, and the reviews of drafts."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id, UtcDateTime

revision = "0340"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reviewed_area",
        sa.Column("area", sa.String(100), primary_key=True),
        sa.Column("set_by", Id),
        sa.Column("set_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "draft_review",
        sa.Column("path", sa.String(300), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("asked_by", Id, nullable=False),
        sa.Column("asked_at", UtcDateTime, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("decided_by", Id),
        sa.Column("decided_at", UtcDateTime),
        sa.Column("opinion", sa.Text, nullable=False),
    )
