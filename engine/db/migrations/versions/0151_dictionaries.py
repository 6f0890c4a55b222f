"""Administrators keep lists of words that forms offer."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import UtcDateTime

revision = "0151"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dictionary",
        sa.Column("key", sa.String(60), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "dictionary_entry",
        sa.Column("dictionary_key", sa.String(60), sa.ForeignKey("dictionary.key"), primary_key=True),
        sa.Column("value", sa.String(60), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("retired", sa.Boolean, nullable=False),
    )
