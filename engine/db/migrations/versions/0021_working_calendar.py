"""Half days have hours; what was counted by a working calendar is found again when it changes."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("work_calendar_day", sa.Column("hours", sa.String(100), nullable=False, server_default=""))
    counted = {
        "job": "calendar IS NOT NULL",
        "user_task": "status = 0 AND calendar IS NOT NULL",
    }
    for table, where in counted.items():
        op.add_column(table, sa.Column("calendar", sa.String(60)))
        op.create_index(
            f"{table}_calendar", table, ["calendar", "instance_id"], sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )  # fmt: skip
