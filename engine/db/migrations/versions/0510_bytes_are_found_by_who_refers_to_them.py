"""What refers to bytes is found by their digest: whether nothing does any more is asked whenever a file goes."""

from alembic import op

revision = "0510"
down_revision = "0500"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One index."""
    op.create_index("document_version_digest", "document_version", ["digest"])
