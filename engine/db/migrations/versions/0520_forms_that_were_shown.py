"""A decision keeps which form was on the page; what was decided before does not, and is looked up in its history."""
# ruff: noqa: S608 - DDL, built from constants of this file

import sqlalchemy as sa
from alembic import op

revision = "0520"
down_revision = "0510"
branch_labels = None
depends_on = None

_KEPT = (
    "id user_task_id instance_id parent_id supersedes_id kind seq weight assignee_id group_id owner_id "
    "on_behalf_of_id status decision decision_source decided_by decided_person_id decided_at form_digest "
    "subject_type subject_id subject_digest evidence_id added_by due_at first_seen_at urged_at "
    "idempotency_key created_at version group_mode urges signature_id confirm_until confirm_else "
    "answered_at answered_by answer_key shown_form"
).split()
_ERASABLE = ("opinion", "opinion_salt", "reason", "draft")


def upgrade() -> None:
    op.add_column("work_item", sa.Column("shown_form", sa.LargeBinary(32)))
    connection = op.get_bind()
    lite = connection.dialect.name == "sqlite"
    differs = "IS NOT" if lite else "IS DISTINCT FROM"
    new, old = (", ".join(f"{row}.{name}" for name in _KEPT) for row in ("NEW", "OLD"))
    changed = f"({new}) {differs} ({old})" + "".join(
        f" OR (NEW.{name} {differs} OLD.{name} AND NEW.{name} IS NOT NULL)" for name in _ERASABLE
    )
    condition = f"OLD.status IN (4, 5) AND ({changed})"
    if lite:
        connection.exec_driver_sql("DROP TRIGGER work_item_frozen")
        connection.exec_driver_sql(
            f"CREATE TRIGGER work_item_frozen BEFORE UPDATE ON work_item WHEN {condition} "
            "BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END"
        )
        return
    connection.exec_driver_sql(
        "CREATE OR REPLACE FUNCTION work_item_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        f"  IF {condition} THEN RAISE EXCEPTION 'POLICY.APPEND_ONLY' USING errcode = '23514'; END IF;\n"
        "  RETURN NEW;\nEND $$"
    )
