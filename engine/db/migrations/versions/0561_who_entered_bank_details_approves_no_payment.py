"""The gate of payments lets no approval count of whoever entered the bank details that are paid to."""

from alembic import op

revision = "0561"
down_revision = "0560"
branch_labels = None
depends_on = None

_BEHIND = {
    "sqlite": "AND g.person_id IS NOT c.executor_id",
    "postgresql": "AND g.person_id IS DISTINCT FROM c.executor_id",
}
_MORE = """ AND NOT EXISTS (SELECT 1 FROM erp_payee_account_version v
          JOIN user_account e ON e.id IN (v.created_by, v.called_by)
          WHERE v.id = NEW.payee_account_version_id AND e.person_id IN (g.person_id, g.principal_person_id))"""
_MADE = {
    "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = 'payment_gate'",
    "postgresql": "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = 'payment_gate'",
}


def upgrade() -> None:
    """As `erp.models.guards` makes it."""
    connection = op.get_bind()
    made = connection.exec_driver_sql(_MADE[connection.dialect.name]).scalar_one()
    behind = _BEHIND[connection.dialect.name]
    if made.count(behind) != 1:
        raise RuntimeError(f"payment_gate: expected '{behind}' once, found it {made.count(behind)} times")
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("DROP TRIGGER payment_gate")
    connection.exec_driver_sql(made.replace(behind, behind + _MORE))
