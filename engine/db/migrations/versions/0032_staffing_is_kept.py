"""What there is to be said of the people of each policy is kept, with since when."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id, JsonText, UtcDateTime

revision = "0032"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "policy_staffing",
        sa.Column("id", Id, primary_key=True),
        sa.Column("policy_id", sa.String(60), nullable=False),
        sa.Column("mark", sa.String(400), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("sentence", JsonText, nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime),
    )
    op.create_index("policy_staffing_policy", "policy_staffing", ["policy_id", "ended_at"])
    op.create_table(
        "policy_look",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("looked_at", UtcDateTime, nullable=False),
        sa.Column("tips", JsonText, nullable=False),
    )
