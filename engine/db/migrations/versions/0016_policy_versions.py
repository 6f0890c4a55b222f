"""Policies are proposed by one person and put in force by another; what became weaker is on record."""

import json

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id, JsonText, UtcDateTime
from engine.db.migrations.upgrading import read_sql

revision = "0016"
down_revision = "0012"
branch_labels = None
depends_on = None

_VERSIONS = sa.table("policy_version", sa.column("id", Id), sa.column("statement", sa.Text), sa.column("min_people"))
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
    for row in connection.execute(sa.select(_VERSIONS.c.id, _VERSIONS.c.statement)).all():
        people = _people(json.loads(row.statement))
        connection.execute(sa.update(_VERSIONS).where(_VERSIONS.c.id == row.id).values(min_people=people))
    for statement in read_sql("0016_policy_versions", connection.dialect.name):
        connection.exec_driver_sql(statement.replace("%", "%%") if connection.dialect.name != "sqlite" else statement)


def _people(statement: dict[str, object]) -> int:
    """How many persons it asks for whatever the facts are."""
    asked = statement.get("require")
    if "when" in statement or not isinstance(asked, list):
        return 0
    return max((int(one.get("people", 1)) for one in asked if "approval" in one and "when" not in one), default=0)
