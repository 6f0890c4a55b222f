"""Receivers that fail are switched off; what happens meanwhile is held back."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import UtcDateTime

revision = "0029"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("webhook", sa.Column("failing_since", UtcDateTime))
    op.add_column("webhook", sa.Column("failures", sa.Integer, nullable=False, server_default="0"))
    op.add_column("webhook", sa.Column("off_at", UtcDateTime))
    op.add_column("webhook", sa.Column("off_reason", sa.Text, nullable=False, server_default=""))
    op.add_column("webhook_delivery", sa.Column("standing", sa.String(10), nullable=False, server_default=""))
