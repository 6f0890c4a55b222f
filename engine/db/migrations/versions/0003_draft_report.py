"""What an import said of a draft stays with it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("draft", recreate="auto") as table:
        table.add_column(sa.Column("report", sa.Text))
