"""The gate of payments asks nothing any more that a constraint, or its next question, says already."""

from alembic import op

revision = "0530"
down_revision = "0520"
branch_labels = None
depends_on = None

_SIMPLER = {
    "sqlite": (("SELECT max(1, min_people) FROM clearance", "SELECT min_people FROM clearance"),),
    "postgresql": (
        ("NOT FOUND OR c.state <> 'open'", "c.state IS DISTINCT FROM 'open'"),
        ("wanted = 0 OR good <> wanted", "good <> wanted"),
    ),
}
_MADE = {
    "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = 'payment_gate'",
    "postgresql": "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = 'payment_gate'",
}


def upgrade() -> None:
    connection = op.get_bind()
    made = connection.exec_driver_sql(_MADE[connection.dialect.name]).scalar_one()
    for was, now in _SIMPLER[connection.dialect.name]:
        if made.count(was) != 1:
            raise RuntimeError(f"payment_gate: expected '{was}' once, found it {made.count(was)} times")
        made = made.replace(was, now)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("DROP TRIGGER payment_gate")
    connection.exec_driver_sql(made)
