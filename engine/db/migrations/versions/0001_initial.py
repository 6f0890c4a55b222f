"""The first schema: explicit DDL per dialect beside this file."""

from alembic import op
from engine.db import schema
from engine.db.migrations.upgrading import read_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    for statement in read_sql("0001_initial", connection.dialect.name):
        connection.exec_driver_sql(statement.replace("%", "%%") if connection.dialect.name != "sqlite" else statement)
    schema.seed(connection)
