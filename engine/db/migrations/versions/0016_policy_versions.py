"""Policies are proposed by one person and put in force by another; what became weaker is on record."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id, JsonText, UtcDateTime
from engine.db.migrations.upgrading import read_sql

revision = "0016"
down_revision = "0012"
branch_labels = None
depends_on = None

_ACTIVE = sa.text("state = 'active'")


def upgrade() -> None:
    for column in (
        sa.Column("proposed_person_id", Id),
        sa.Column("approved_person_id", Id),
        sa.Column("proposed_at", UtcDateTime),
        sa.Column("retired_by", Id),
        sa.Column("retired_person_id", Id),
        sa.Column("retire_reason", sa.Text),
        sa.Column("weakens", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("differences", JsonText),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("min_people", sa.Integer, nullable=False, server_default="0"),
        sa.Column("break_glass", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("confirmed_by", Id),
        sa.Column("confirmed_at", UtcDateTime),
        sa.Column("reviewed_by", Id),
        sa.Column("reviewed_at", UtcDateTime),
    ):
        op.add_column("policy_version", column)
    op.create_index(
        "policy_version_in_force", "policy_version", ["policy_id"], unique=True, sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    )  # fmt: skip
    connection = op.get_bind()
    for statement in read_sql("0016_policy_versions", connection.dialect.name):
        connection.exec_driver_sql(statement.replace("%", "%%") if connection.dialect.name != "sqlite" else statement)
