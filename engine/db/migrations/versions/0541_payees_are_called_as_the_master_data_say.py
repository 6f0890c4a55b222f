"""Payee accounts and open payment requests name the payee by the master data, no longer as somebody typed him."""

from alembic import op

revision = "0541"
down_revision = "0540"
branch_labels = None
depends_on = None

_MASTER = {"supplier": "erp_supplier", "employee": "user_account"}
_NAME = "SELECT m.name FROM {table} m WHERE m.id = {owner}"


def upgrade() -> None:
    """An account of nobody keeps what it was called."""
    for kind, table in _MASTER.items():
        name = _NAME.format(table=table, owner="erp_payee_account.owner_id")
        op.execute(
            f"UPDATE erp_payee_account SET owner_name = ({name}) WHERE owner_kind = '{kind}' AND EXISTS ({name})"
        )
    op.execute(
        "UPDATE erp_payment_request SET payee_name = (SELECT a.owner_name FROM erp_payee_account_version v "
        "JOIN erp_payee_account a ON a.id = v.account_id WHERE v.id = erp_payment_request.payee_account_version_id) "
        "WHERE status IN ('draft', 'submitted')"
    )
