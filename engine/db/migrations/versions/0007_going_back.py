"""Rounds that were sent back or are kept for carrying; requests that are submitted again under their number."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Digest, Id, JsonText

revision = "0007"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("user_task", recreate="auto") as table:
        table.add_column(sa.Column("scope_path", sa.Text))
        table.add_column(sa.Column("parked_by", Id))
        table.add_column(sa.Column("ticket", sa.SmallInteger))
        table.add_column(sa.Column("guarded", JsonText))
        table.add_column(sa.Column("guarded_digest", Digest))
    with op.batch_alter_table("instance", recreate="auto") as table:
        table.add_column(sa.Column("submission", sa.Integer, nullable=False, server_default="1"))
        table.add_column(sa.Column("resubmits_id", Id))
