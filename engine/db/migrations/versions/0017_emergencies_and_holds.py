"""Two people may stand in for an approval, approvals may be used in parts, and holds are rows."""

from alembic import op
from engine.db.migrations.upgrading import read_sql

revision = "0017"
down_revision = "0018"
branch_labels = None
depends_on = None

def upgrade() -> None:
    connection = op.get_bind()
    for statement in read_sql("0017_emergencies_and_holds", connection.dialect.name):
        connection.exec_driver_sql(statement.replace("%", "%%") if connection.dialect.name != "sqlite" else statement)
