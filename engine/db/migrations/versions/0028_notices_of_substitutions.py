"""Notices about substitutions, which belong to no request."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id, JsonText, UtcDateTime

revision = "0028"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _build_again()
    else:
        op.alter_column("notice_delivery", "instance_id", existing_type=Id, nullable=True)


def _build_again() -> None:
    """SQLite changes no column."""
    for name in ("notice_delivery_instance", "notice_delivery_recipient"):
        op.drop_index(name, table_name="notice_delivery")
    op.rename_table("notice_delivery", "notice_delivery_before")
    op.create_table(
        "notice_delivery",
        sa.Column("id", Id, primary_key=True),
        sa.Column("instance_id", Id),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("recipient_id", Id, nullable=False),
        sa.Column("item_id", Id),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("sent_at", UtcDateTime),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("collected", JsonText),
    )
    columns = "id, instance_id, event, channel, recipient_id, item_id, state, at, sent_at, reason, collected"
    op.execute(f"INSERT INTO notice_delivery ({columns}) SELECT {columns} FROM notice_delivery_before")  # noqa: S608
    op.drop_table("notice_delivery_before")
    op.create_index("notice_delivery_instance", "notice_delivery", ["instance_id"])
    op.create_index("notice_delivery_recipient", "notice_delivery", ["recipient_id", "at"])
