"""Numbers of requests are unique in their series; those of earlier requests stay as they are."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("instance", recreate="auto") as table:
        table.add_column(sa.Column("series", sa.String(200)))
    op.create_index(
        "instance_number", "instance", ["series", "number"], unique=True,
        sqlite_where=sa.text("series IS NOT NULL"), postgresql_where=sa.text("series IS NOT NULL"),
    )
