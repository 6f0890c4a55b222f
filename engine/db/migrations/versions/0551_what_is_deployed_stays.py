"""What is deployed is never rewritten: of a version only whether it starts anything still."""

from alembic import op

revision = "0551"
down_revision = "0550"
branch_labels = None
depends_on = None

_KEPT = "id kind key version name category resource_id digest meta deployed_at".split()


def upgrade() -> None:
    """As `guards` and `guards_policy` make it."""
    connection = op.get_bind()
    new, old = (", ".join(f"{row}.{name}" for name in _KEPT) for row in ("NEW", "OLD"))
    if connection.dialect.name == "sqlite":
        for table in ("deployment", "resource"):
            for verb in ("update", "delete"):
                connection.exec_driver_sql(
                    f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        for name, event, condition in (
            ("definition_frozen", "UPDATE", f"({new}) IS NOT ({old})"), ("definition_kept", "DELETE", "true"),
        ):  # fmt: skip
            connection.exec_driver_sql(
                f"CREATE TRIGGER {name} BEFORE {event} ON definition WHEN {condition} "
                "BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END"
            )
        return
    for table in ("deployment", "resource"):
        connection.exec_driver_sql(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION append_only()"
        )
    for name, event, condition, row in (
        ("definition_frozen", "UPDATE", f"({new}) IS DISTINCT FROM ({old})", "NEW"),
        ("definition_kept", "DELETE", "true", "OLD"),
    ):
        connection.exec_driver_sql(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
            f"  IF {condition} THEN RAISE EXCEPTION 'POLICY.APPEND_ONLY' USING errcode = '23514'; END IF;\n"
            f"  RETURN {row};\nEND $$"
        )
        connection.exec_driver_sql(
            f"CREATE TRIGGER {name} BEFORE {event} ON definition FOR EACH ROW EXECUTE FUNCTION {name}()"
        )
