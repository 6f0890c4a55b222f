"""The text beside a decision may be erased, and never changed: its digest is in the chain."""
# ruff: noqa: S608 - DDL, built from constants of this file

from alembic import op

revision = "0250"
down_revision = "0021"
branch_labels = None
depends_on = None

_COLUMNS = (
    "id user_task_id instance_id parent_id supersedes_id kind seq weight assignee_id group_id "
    "owner_id on_behalf_of_id status decision decision_source decided_by decided_person_id "
    "decided_at draft form_digest subject_type subject_id subject_digest evidence_id reason added_by "
    "due_at first_seen_at urged_at idempotency_key created_at version group_mode urges signature_id "
    "confirm_until confirm_else answered_at answered_by answer_key"
).split()
_NEW, _OLD = (", ".join(f"{row}.{name}" for name in _COLUMNS) for row in ("NEW", "OLD"))


def upgrade() -> None:
    connection = op.get_bind()
    lite = connection.dialect.name == "sqlite"
    differs = "IS NOT" if lite else "IS DISTINCT FROM"
    frozen = (
        f"OLD.status IN (4, 5) AND (({_NEW}) {differs} ({_OLD}) "
        f"OR (NEW.opinion {differs} OLD.opinion AND NEW.opinion IS NOT NULL))"
    )
    if lite:
        connection.exec_driver_sql("DROP TRIGGER work_item_frozen")
        connection.exec_driver_sql(
            f"CREATE TRIGGER work_item_frozen BEFORE UPDATE ON work_item WHEN {frozen} "
            "BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END"
        )
        return
    connection.exec_driver_sql(
        "CREATE OR REPLACE FUNCTION work_item_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        f"  IF {frozen} THEN RAISE EXCEPTION 'POLICY.APPEND_ONLY' USING errcode = '23514'; END IF;\n"
        "  RETURN NEW;\nEND $$"
    )
