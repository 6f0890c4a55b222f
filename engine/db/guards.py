"""What no program may do: history, audit, signatures and what is deployed are append-only, enforced by triggers."""

from sqlalchemy import Connection

from engine.db.business import PLACE

APPEND_ONLY = ("history", "audit", "signature", "deployment", "resource")


def statements(dialect: str) -> list[str]:
    """DDL of the guards, in order."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for table in APPEND_ONLY
            for verb in ("update", "delete")
        ]
    return [
        f"CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql {PLACE} AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$",
        *(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION append_only()"
            for table in APPEND_ONLY
        ),
    ]


def create(connection: Connection) -> None:
    """Set the guards up on a new schema."""
    for statement in statements(connection.dialect.name):
        connection.exec_driver_sql(statement.replace("%", "%%") if connection.dialect.name != "sqlite" else statement)
