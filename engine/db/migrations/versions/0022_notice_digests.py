"""Mails of a person are collected by the hour or the day."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id, JsonText

revision = "0022"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice_digest",
        sa.Column("user_id", Id, sa.ForeignKey("user_account.id"), primary_key=True),
        sa.Column("every", sa.String(10), nullable=False),
        sa.Column("at_time", sa.String(5), nullable=False),
    )
    op.add_column("notice_delivery", sa.Column("collected", JsonText))
