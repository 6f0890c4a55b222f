"""People are told, robots post to chat groups, prints can be verified."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Digest, Id, JsonText, UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice_preference",
        sa.Column("user_id", Id, sa.ForeignKey("user_account.id"), primary_key=True),
        sa.Column("event", sa.String(40), primary_key=True),
        sa.Column("channel", sa.String(20), primary_key=True),
        sa.Column("wanted", sa.Boolean, nullable=False),
    )
    op.create_table(
        "notice_quiet",
        sa.Column("user_id", Id, sa.ForeignKey("user_account.id"), primary_key=True),
        sa.Column("from_time", sa.String(5), nullable=False),
        sa.Column("to_time", sa.String(5), nullable=False),
    )
    op.create_table(
        "notice_robot",
        sa.Column("id", Id, primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("group_id", Id, sa.ForeignKey("user_group.id")),
        sa.Column("events", sa.Text, nullable=False),
        sa.Column("url_sealed", sa.Text, nullable=False),
        sa.Column("secret_sealed", sa.Text, nullable=False),
        sa.Column("recent", JsonText, nullable=False),
        sa.Column("created_by", Id),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "notice_delivery",
        sa.Column("id", Id, primary_key=True),
        sa.Column("instance_id", Id, nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("recipient_id", Id, nullable=False),
        sa.Column("item_id", Id),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("sent_at", UtcDateTime),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("notice_delivery_instance", "notice_delivery", ["instance_id"])
    op.create_index("notice_delivery_recipient", "notice_delivery", ["recipient_id", "at"])
    op.create_table(
        "print_record",
        sa.Column("code", sa.String(32), primary_key=True),
        sa.Column("instance_id", Id, nullable=False),
        sa.Column("history_seq", sa.Integer, nullable=False),
        sa.Column("history_hash", Digest, nullable=False),
        sa.Column("document_sha256", Digest, nullable=False),
        sa.Column("printed_by", Id, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    op.create_index("print_record_instance", "print_record", ["instance_id"])
