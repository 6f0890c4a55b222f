"""One verb over many instances, with a result for each."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id, JsonText, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "batch",
        sa.Column("id", Id, primary_key=True),
        sa.Column("verb", sa.String(40), nullable=False),
        sa.Column("process_key", sa.String(200), nullable=False),
        sa.Column("plan", JsonText, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_by", Id),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_index("batch_process", "batch", ["process_key", "id"])
    op.create_table(
        "batch_item",
        sa.Column("batch_id", Id, sa.ForeignKey("batch.id"), primary_key=True),
        sa.Column("instance_id", Id, primary_key=True),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("findings", JsonText),
        sa.Column("finished_at", UtcDateTime),
    )
    op.create_index("batch_item_state", "batch_item", ["batch_id", "state"])
