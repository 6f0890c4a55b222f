"""Comments name people, and some stand in private threads."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id, JsonText

revision = "0014"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("task_comment", sa.Column("mentions", JsonText))
    op.add_column("task_comment", sa.Column("thread_id", Id))
    op.add_column("task_comment", sa.Column("visible_to", JsonText))
    inside = sa.text("thread_id IS NOT NULL")
    op.create_index(
        "task_comment_threads", "task_comment", ["instance_id", "id"], sqlite_where=inside, postgresql_where=inside
    )
