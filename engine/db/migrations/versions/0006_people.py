"""Added signers know how they are counted, copies come once, approvers are chosen ahead, substitutions have a scope."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id, JsonText, Scaled, UtcDateTime

revision = "0006"
down_revision = "0003"
branch_labels = None
depends_on = None

_FROZEN = """
id user_task_id instance_id parent_id supersedes_id kind seq weight assignee_id group_id owner_id
on_behalf_of_id status decision decision_source decided_by decided_person_id decided_at opinion draft
form_digest subject_type subject_id subject_digest evidence_id reason added_by due_at first_seen_at
urged_at idempotency_key created_at version group_mode urges
"""


def upgrade() -> None:
    op.add_column("work_item", sa.Column("group_mode", sa.String(20)))
    op.add_column("work_item", sa.Column("urges", sa.Integer))
    _freeze_again()
    op.create_index(
        "work_item_copy_once", "work_item", ["instance_id", "assignee_id"], unique=True,
        sqlite_where=sa.text("kind = 5"), postgresql_where=sa.text("kind = 5"),
    )  # fmt: skip
    op.create_table(
        "future_approver",
        sa.Column("instance_id", Id, primary_key=True),
        sa.Column("node", sa.String(200), primary_key=True),
        sa.Column("user_ids", JsonText, nullable=False),
        sa.Column("adds", sa.Boolean, nullable=False),
        sa.Column("set_by", Id),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "user_org_unit",
        sa.Column("user_id", Id, sa.ForeignKey("user_account.id"), primary_key=True),
        sa.Column("org_unit_id", Id, sa.ForeignKey("org_unit.id"), primary_key=True),
    )
    for column in (
        sa.Column("scope", sa.String(20), nullable=False, server_default="all"),
        sa.Column("names", JsonText),
        sa.Column("max_amount", Scaled(24, 6)),
        sa.Column("include_open", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("confirm", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("state", sa.String(20), nullable=False, server_default="active"),
        sa.Column("made_at", UtcDateTime),
        sa.Column("approved_by", Id),
    ):
        op.add_column("substitution", column)


def _freeze_again() -> None:
    """The guard of decided rows compares the new columns too."""
    names = _FROZEN.split()
    new, old = (", ".join(f"{row}.{name}" for name in names) for row in ("NEW", "OLD"))
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER work_item_frozen")
        op.execute(
            "CREATE TRIGGER work_item_frozen BEFORE UPDATE ON work_item WHEN OLD.status IN (4, 5) AND "
            f"({new}) IS NOT ({old}) BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END"
        )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION work_item_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        f"  IF OLD.status IN (4, 5) AND ({new}) IS DISTINCT FROM ({old}) THEN "
        "RAISE EXCEPTION 'POLICY.APPEND_ONLY' USING errcode = '23514'; END IF;\n"
        "  RETURN NEW;\nEND $$"
    )
