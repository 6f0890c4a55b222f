"""Other systems are told of events."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id, UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", Id, primary_key=True),
        sa.Column("direction", sa.String(3), nullable=False),
        sa.Column("name", sa.String(80), nullable=False, unique=True),
        sa.Column("secret_sealed", sa.Text, nullable=False),
        sa.Column("former_sealed", sa.Text, nullable=False),
        sa.Column("former_until", UtcDateTime),
        sa.Column("created_by", Id),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("rotated_at", UtcDateTime),
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("id", Id, primary_key=True),
        sa.Column("event_id", Id, nullable=False),
        sa.Column("instance_id", Id, nullable=False),
        sa.Column("receiver", sa.String(80), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("type", sa.String(80), nullable=False),
        sa.Column("node", sa.String(200)),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("job_id", Id, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("status_code", sa.SmallInteger),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("tried_at", UtcDateTime),
        sa.Column("sent_at", UtcDateTime),
    )
    op.create_index("webhook_delivery_at", "webhook_delivery", ["at", "id"])
    op.create_index("webhook_delivery_instance", "webhook_delivery", ["instance_id"])
