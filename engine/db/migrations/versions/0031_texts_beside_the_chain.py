"""What people write with an act stands beside the chain, under a salted digest; so does the salt of an opinion."""
# ruff: noqa: S608 - DDL, built from constants of this file

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id

revision = "0031"
down_revision = "0028"
branch_labels = None
depends_on = None

_FROZEN = (
    "id user_task_id instance_id parent_id supersedes_id kind seq weight assignee_id group_id "
    "owner_id on_behalf_of_id status decision decision_source decided_by decided_person_id "
    "decided_at draft form_digest subject_type subject_id subject_digest evidence_id added_by "
    "due_at first_seen_at urged_at idempotency_key created_at version group_mode urges signature_id "
    "confirm_until confirm_else answered_at answered_by answer_key"
).split()
_WORD = "POLICY.APPEND_ONLY"


def upgrade() -> None:
    op.create_table(
        "history_text",
        sa.Column("instance_id", Id, primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("text", sa.Text),
        sa.Column("salt", sa.LargeBinary(16)),
    )
    op.add_column("work_item", sa.Column("opinion_salt", sa.LargeBinary(16)))
    connection = op.get_bind()
    lite = connection.dialect.name == "sqlite"
    differs = "IS NOT" if lite else "IS DISTINCT FROM"
    if lite:
        connection.exec_driver_sql("DROP TRIGGER work_item_frozen")
    new, old = (", ".join(f"{row}.{name}" for name in _FROZEN) for row in ("NEW", "OLD"))
    erased = "".join(
        f" OR (NEW.{name} {differs} OLD.{name} AND NEW.{name} IS NOT NULL)"
        for name in ("opinion", "opinion_salt", "reason")
    )
    _guard("work_item_frozen", "work_item", "UPDATE", f"OLD.status IN (4, 5) AND (({new}) {differs} ({old}){erased})",
           new=lite)  # fmt: skip
    kept = "(NEW.instance_id, NEW.seq, NEW.name) {} (OLD.instance_id, OLD.seq, OLD.name)".format(differs)
    _guard("history_text_frozen", "history_text", "UPDATE",
           f"{kept} OR NEW.text IS NOT NULL OR NEW.salt IS NOT NULL")  # fmt: skip
    _guard("history_text_kept", "history_text", "DELETE", "true")


def _guard(name: str, table: str, event: str, condition: str, *, new: bool = True) -> None:
    """As `guards_policy` makes it. `new` False: on PostgreSQL the trigger stands and calls the function."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{_WORD}'); END"
        )
        return
    connection.exec_driver_sql(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        f"  IF {condition} THEN RAISE EXCEPTION '{_WORD}' USING errcode = '23514'; END IF;\n"
        f"  RETURN {'OLD' if event == 'DELETE' else 'NEW'};\nEND $$"
    )
    if new:
        connection.exec_driver_sql(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
        )
