"""Of each place outside, what reached it last and since when and why it fails."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import JsonText, UtcDateTime

revision = "0564"
down_revision = "0563"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of what was sent before, only its checkpoint tells."""
    op.create_table(
        "audit_sink",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer),
        sa.Column("reached_at", UtcDateTime),
        sa.Column("failing_since", UtcDateTime),
        sa.Column("failed_at", UtcDateTime),
        sa.Column("trouble", JsonText),
    )
