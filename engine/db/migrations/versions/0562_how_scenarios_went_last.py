"""How the scenarios of each process went last is kept: on the draft, and on each version."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id, JsonText, UtcDateTime

revision = "0562"
down_revision = "0561"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of what was played before, nothing is known."""
    op.create_table(
        "scenario_run",
        sa.Column("process", sa.String(200), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("ran_by", Id),
        sa.Column("ran_at", UtcDateTime, nullable=False),
        sa.Column("results", JsonText, nullable=False),
        sa.Column("covered", JsonText, nullable=False),
    )
    op.create_table(
        "scenario_round",
        sa.Column("id", Id, primary_key=True),
        sa.Column("asked_by", Id),
        sa.Column("asked_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime),
    )
