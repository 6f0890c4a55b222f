"""A message knows which requests have received it: erasing one of them reaches what came to it from outside."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id

revision = "0550"
down_revision = "0541"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was delivered before is forgotten within three months, as always."""
    op.create_table(
        "message_receiver",
        sa.Column("message_id", Id, primary_key=True),
        sa.Column("instance_id", Id, primary_key=True),
    )
    op.create_index("message_receiver_instance", "message_receiver", ["instance_id"])
