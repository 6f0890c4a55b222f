"""A request says when it was erased, and the draft that a task held when it was handed over may be erased with it.

`remove_at` sounded like a plan; nothing ever read or wrote `legal_hold`.
"""
# ruff: noqa: S608 - DDL, built from constants of this file

from alembic import op

revision = "0450"
down_revision = "0440"
branch_labels = None
depends_on = None

_KEPT = (
    "id user_task_id instance_id parent_id supersedes_id kind seq weight assignee_id group_id owner_id "
    "on_behalf_of_id status decision decision_source decided_by decided_person_id decided_at form_digest "
    "subject_type subject_id subject_digest evidence_id added_by due_at first_seen_at urged_at "
    "idempotency_key created_at version group_mode urges signature_id confirm_until confirm_else "
    "answered_at answered_by answer_key"
).split()
_ERASABLE = ("opinion", "opinion_salt", "reason", "draft")


def upgrade() -> None:
    op.execute("ALTER TABLE instance RENAME COLUMN remove_at TO erased_at")
    op.execute("ALTER TABLE instance DROP COLUMN legal_hold")
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
