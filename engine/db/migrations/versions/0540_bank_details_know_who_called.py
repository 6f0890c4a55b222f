"""Bank details keep also whose act had them entered: he confirms them as little as whom the process names."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id

revision = "0540"
down_revision = "0530"
branch_labels = None
depends_on = None

_TABLE = "erp_payee_account_version"
_GUARDS = {
    "erp_payee_version_frozen": (
        ("NEW.created_at)", "NEW.created_at, NEW.called_by)"), ("OLD.created_at)", "OLD.created_at, OLD.called_by)"),
    ),
    "erp_payee_version_two_people": (("e.id = NEW.created_by", "e.id IN (NEW.created_by, NEW.called_by)"),),
}  # fmt: skip
"""what the guards of before said -> what `erp.models.guards` says"""


def upgrade() -> None:
    """The column, and the guards that read it."""
    op.add_column(_TABLE, sa.Column("called_by", Id))
    connection = op.get_bind()
    for guard, changes in _GUARDS.items():
        for name, made in _made(connection, guard):
            for was, now in changes:
                if made.count(was) != 1:
                    raise RuntimeError(f"{name}: expected '{was}' once, found it {made.count(was)} times")
                made = made.replace(was, now)
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            connection.exec_driver_sql(made)


def _made(connection: sa.Connection, guard: str) -> list[tuple[str, str]]:
    """(name, text) of each trigger of a guard, or of its function."""
    if connection.dialect.name == "sqlite":
        query = f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '{_TABLE}'"
        return [(name, text) for name, text in connection.exec_driver_sql(query).all() if name.startswith(guard)]
    query = f"SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE proname = '{guard}'"
    return [(name, text) for name, text in connection.exec_driver_sql(query).all()]
