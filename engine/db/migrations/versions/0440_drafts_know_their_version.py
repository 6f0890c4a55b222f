"""A draft of a form says which version was the newest when it was saved: by time, equal instants cannot be told apart."""

import sqlalchemy as sa
from alembic import op

revision = "0440"
down_revision = "0430"
branch_labels = None
depends_on = None

_FORM = 3


def upgrade() -> None:
    op.add_column("draft", sa.Column("base_version", sa.Integer, nullable=False, server_default="0"))
    draft = sa.table("draft", *(sa.column(name) for name in ("kind", "key", "saved_at", "base_version")))
    definition = sa.table("definition", *(sa.column(name) for name in ("kind", "key", "version", "deployed_at")))
    newest = (
        sa.select(sa.func.coalesce(sa.func.max(definition.c.version), 0))
        .where(
            definition.c.kind == _FORM, definition.c.key == draft.c.key,
            definition.c.deployed_at <= draft.c.saved_at,
        )
        .scalar_subquery()
    )  # fmt: skip
    op.execute(sa.update(draft).where(draft.c.kind == _FORM).values(base_version=newest))
