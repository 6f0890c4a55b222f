"""What a task asks of whom is never rewritten: the gate relies on it. Only what goes on after it was opened moves."""

from alembic import op

revision = "0560"
down_revision = "0551"
branch_labels = None
depends_on = None

_KEPT = "id instance_id token round name form priority mode cause opened_seq created_at calendar".split()
_RESULT = "status outcome closed_at".split()
_WORDS = {
    "sqlite": (
        "IS NOT", "json_array_length(OLD.spec, '$.capability')", "json_remove({}.spec, '$.capability[3]')",
        "json_type(NEW.spec, '$.capability[3]')",
    ),
    "postgresql": (
        "IS DISTINCT FROM", "jsonb_array_length(CAST(OLD.spec AS jsonb) -> 'capability')",
        "CAST({}.spec AS jsonb) #- '{{capability,3}}'", "CAST(NEW.spec AS jsonb) #>> '{capability,3}'",
    ),
}  # fmt: skip


def upgrade() -> None:
    """As `guards_policy` makes it. A task of before may get once what its drawing says of who chose its people.

    One whose drawing was exchanged may learn that the requester does.
    """
    connection = op.get_bind()
    differs, parts, rest, chooser = _WORDS[connection.dialect.name]

    def changed(names: list[str]) -> str:
        new, old = (", ".join(f"{row}.{name}" for name in names) for row in ("NEW", "OLD"))
        return f"({new}) {differs} ({old})"

    frozen = (
        f"{changed(_KEPT)} OR (NEW.spec {differs} OLD.spec AND (OLD.status <> 0 OR {parts} {differs} 3 "
        f"AND {chooser} {differs} 'true' OR {rest.format('NEW')} {differs} {rest.format('OLD')})) "
        f"OR (OLD.status NOT IN (0, 2) AND {changed(_RESULT)}) "
        f"OR (OLD.voided_at IS NOT NULL AND NEW.voided_at {differs} OLD.voided_at)"
    )
    for name, event, condition, row in (
        ("user_task_frozen", "UPDATE", frozen, "NEW"), ("user_task_kept", "DELETE", "true", "OLD"),
    ):  # fmt: skip
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(
                f"CREATE TRIGGER {name} BEFORE {event} ON user_task WHEN {condition} "
                "BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END"
            )
            continue
        connection.exec_driver_sql(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
            f"  IF {condition} THEN RAISE EXCEPTION 'POLICY.APPEND_ONLY' USING errcode = '23514'; END IF;\n"
            f"  RETURN {row};\nEND $$"
        )
        connection.exec_driver_sql(
            f"CREATE TRIGGER {name} BEFORE {event} ON user_task FOR EACH ROW EXECUTE FUNCTION {name}()"
        )
