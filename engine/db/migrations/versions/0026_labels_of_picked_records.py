"""What was picked in a form keeps the name that it had then."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id, JsonText

revision = "0026"
down_revision = "0250"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "instance_label",
        sa.Column("instance_id", Id, sa.ForeignKey("instance.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("labels", JsonText, nullable=False),
    )
