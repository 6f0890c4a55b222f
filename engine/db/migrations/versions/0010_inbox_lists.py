"""The inbox by priority, copies by person, and lists that people save."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id, JsonText, UtcDateTime

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None

_OF_TASK = """UPDATE inbox SET priority_key = COALESCE((
    SELECT 100 - t.priority FROM work_item w JOIN user_task t ON t.id = w.user_task_id
     WHERE w.id = inbox.work_item_id), 50)"""
_COPIES = sa.text("kind = 5")


def upgrade() -> None:
    op.add_column("inbox", sa.Column("priority_key", sa.SmallInteger, nullable=False, server_default=sa.text("50")))
    op.execute(_OF_TASK)
    op.create_index("inbox_priority", "inbox", ["principal_id", "box", "priority_key", "due_key", "work_item_id"])
    op.create_index(
        "work_item_copies", "work_item", ["assignee_id", sa.text("id DESC")], sqlite_where=_COPIES,
        postgresql_where=_COPIES,
    )  # fmt: skip
    op.create_table(
        "inbox_view",
        sa.Column("id", Id, primary_key=True),
        sa.Column("user_id", Id, sa.ForeignKey("user_account.id"), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("query", JsonText, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("user_id", "name", name="inbox_view_name"),
    )
