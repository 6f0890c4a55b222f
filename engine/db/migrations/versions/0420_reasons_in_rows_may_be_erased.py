"""The reasons that rows of policies and emergencies hold may be erased with those beside the chain, never changed."""
# ruff: noqa: S608 - DDL, built from constants of this file

from alembic import op

revision = "0420"
down_revision = "0380"
branch_labels = None
depends_on = None

_VERSION = (
    "id policy_id version class statement source proposed_by proposed_person_id proposed_at min_people break_glass"
).split()
_EMERGENCY = (
    "id policy_id policy_version_id instance_id subject_type subject_id subject_digest facts asked_by asked_person_id "
    "asked_at expires_at"
).split()
_LATER = "approved_by approved_person_id valid_from weakens".split()
_ERASED = "erased: an act on record says why"


def upgrade() -> None:
    differs = "IS NOT" if op.get_bind().dialect.name == "sqlite" else "IS DISTINCT FROM"

    def changed(names: list[str]) -> str:
        new, old = (", ".join(f"{row}.{name}" for name in names) for row in ("NEW", "OLD"))
        return f"({new}) {differs} ({old})"

    def once(*names: str) -> str:
        return f"(OLD.{names[0]} IS NOT NULL AND {changed(list(names))})"

    _replace(
        "policy_version",
        f"{changed(_VERSION)} OR NOT (NEW.state = OLD.state "
        "OR (OLD.state = 'proposed' AND NEW.state IN ('active', 'retired')) "
        "OR (OLD.state = 'active' AND NEW.state = 'retired')) "
        f"OR (OLD.state <> 'proposed' AND {changed(_LATER)}) "
        "OR (OLD.state <> 'proposed' AND NEW.reason <> OLD.reason AND NEW.reason <> '') "
        f"OR (OLD.confirmed_by IS NOT NULL AND NEW.confirmed_by {differs} OLD.confirmed_by) "
        f"OR (OLD.reviewed_by IS NOT NULL AND NEW.reviewed_by {differs} OLD.reviewed_by)",
    )
    _replace(
        "break_glass",
        f"{changed(_EMERGENCY)} OR {once('first_by', 'first_person_id', 'first_at')} "
        f"OR {once('second_by', 'second_person_id', 'second_at')} "
        f"OR {once('reviewed_by', 'reviewed_person_id', 'reviewed_at')} "
        f"OR (NEW.reason <> OLD.reason AND NEW.reason <> '{_ERASED}') "
        f"OR (OLD.reviewed_by IS NOT NULL AND NEW.review {differs} OLD.review AND NEW.review IS NOT NULL) "
        "OR NOT (NEW.state = OLD.state OR (OLD.state = 'asked' AND NEW.state IN ('signed', 'withdrawn')) "
        "OR (OLD.state = 'signed' AND NEW.state = 'reviewed'))",
    )


def _replace(table: str, condition: str) -> None:
    """As `guards_policy` makes it."""
    connection, name = op.get_bind(), f"{table}_frozen"
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql(
            f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} WHEN {condition} "
            "BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END"
        )
        return
    connection.exec_driver_sql(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        f"  IF {condition} THEN RAISE EXCEPTION 'POLICY.APPEND_ONLY' USING errcode = '23514'; END IF;\n"
        "  RETURN NEW;\nEND $$"
    )
