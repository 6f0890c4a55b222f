"""Whoever is asked may get a copy of the same task too: a copy is not work that is open once."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0007"
branch_labels = None
depends_on = None

_WORK = sa.text("status IN (0, 1, 2, 3) AND kind NOT IN (4, 5) AND assignee_id IS NOT NULL")


def upgrade() -> None:
    op.drop_index("work_item_once_open", "work_item")
    op.create_index(
        "work_item_once_open", "work_item", ["user_task_id", "assignee_id"], unique=True, sqlite_where=_WORK,
        postgresql_where=_WORK,
    )  # fmt: skip
