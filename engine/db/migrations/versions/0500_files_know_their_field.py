"""A file knows the field of the form that it was brought in. Those of before lie beside the form, and stay there."""

import sqlalchemy as sa
from alembic import op

revision = "0500"
down_revision = "0490"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column."""
    op.add_column("document", sa.Column("field", sa.Text))
