"""The gate of payments lets no approval count of whoever confirmed the bank details, where policies keep him apart."""

from alembic import op

revision = "0563"
down_revision = "0562"
branch_labels = None
depends_on = None

_BEHIND = """AND NOT EXISTS (SELECT 1 FROM erp_payee_account_version v
          JOIN user_account e ON e.id IN (v.created_by, v.called_by)
          WHERE v.id = NEW.payee_account_version_id AND e.person_id IN (g.person_id, g.principal_person_id))"""
_NAMED = {
    "sqlite": "min('payee_bank_confirmer' IN (SELECT value FROM json_each(p.statement, '$.distinct')))",
    "postgresql": "bool_and(coalesce(p.statement::jsonb -> 'distinct' @> '\"payee_bank_confirmer\"', false))::integer",
}
_MORE = """ AND coalesce((SELECT {named}
          FROM erp_payee_account_version v JOIN user_account e ON e.id = v.confirmed_by
          JOIN policy_version p ON p.class = 'payment.execute' AND p.state = 'active' AND p.valid_from <= c.cleared_at
            AND replace(p.statement, '"approval":"' || g.capability || '"', '') <> p.statement
          WHERE v.id = NEW.payee_account_version_id AND e.person_id IN (g.person_id, g.principal_person_id)), 0) = 0"""
_MADE = {
    "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = 'payment_gate'",
    "postgresql": "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = 'payment_gate'",
}


def upgrade() -> None:
    """As `erp.models.guards` makes it."""
    connection = op.get_bind()
    dialect = connection.dialect.name
    made = connection.exec_driver_sql(_MADE[dialect]).scalar_one()
    if made.count(_BEHIND) != 1:
        raise RuntimeError(f"payment_gate: expected '{_BEHIND}' once, found it {made.count(_BEHIND)} times")
    if dialect == "sqlite":
        connection.exec_driver_sql("DROP TRIGGER payment_gate")
    connection.exec_driver_sql(made.replace(_BEHIND, _BEHIND + _MORE.format(named=_NAMED[dialect])))
