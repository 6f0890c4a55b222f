"""Decisions of a substitute that his principal confirms; copies, approval and end of a substitution."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id, UtcDateTime

revision = "0019"
down_revision = "0151"
branch_labels = None
depends_on = None

_FROZEN = """
id user_task_id instance_id parent_id supersedes_id kind seq weight assignee_id group_id owner_id
on_behalf_of_id status decision decision_source decided_by decided_person_id decided_at opinion draft
form_digest subject_type subject_id subject_digest evidence_id reason added_by due_at first_seen_at
urged_at idempotency_key created_at version group_mode urges signature_id confirm_until confirm_else answered_at
answered_by answer_key
"""


def upgrade() -> None:
    for name, kind in (
        ("confirm_until", UtcDateTime),
        ("confirm_else", sa.String(10)),
        ("answered_at", UtcDateTime),
        ("answered_by", Id),
        ("answer_key", sa.String(80)),
    ):
        op.add_column("work_item", sa.Column(name, kind))
    _freeze_again()
    falls = sa.Column("unconfirmed", sa.String(10), nullable=False, server_default="falls")
    op.add_column("substitution", falls)
    op.add_column("substitution", sa.Column("keep_copy", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("substitution", sa.Column("judged_at", UtcDateTime))
    op.add_column("substitution", sa.Column("judged_reason", sa.Text))
    for name in ("ended_at", "told_at"):
        op.add_column("substitution", sa.Column(name, UtcDateTime))


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
