"""What people write with acts outside requests stands beside the chain too, under a salted digest."""

import sqlalchemy as sa
from alembic import op

revision = "0380"
down_revision = "0340"
branch_labels = None
depends_on = None

_KEPT = "(NEW.scope, NEW.seq, NEW.name) {differs} (OLD.scope, OLD.seq, OLD.name)"
_WORD = "POLICY.APPEND_ONLY"


def upgrade() -> None:
    op.create_table(
        "audit_text",
        sa.Column("scope", sa.String(60), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("text", sa.Text),
        sa.Column("salt", sa.LargeBinary(16)),
    )
    lite = op.get_bind().dialect.name == "sqlite"
    kept = _KEPT.format(differs="IS NOT" if lite else "IS DISTINCT FROM")
    _guard("audit_text_frozen", "UPDATE", f"{kept} OR NEW.text IS NOT NULL OR NEW.salt IS NOT NULL")
    _guard("audit_text_kept", "DELETE", "true")


def _guard(name: str, event: str, condition: str) -> None:
    """As `guards_policy` makes it."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(
            f"CREATE TRIGGER {name} BEFORE {event} ON audit_text WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{_WORD}'); END"
        )
        return
    connection.exec_driver_sql(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        f"  IF {condition} THEN RAISE EXCEPTION '{_WORD}' USING errcode = '23514'; END IF;\n"
        f"  RETURN {'OLD' if event == 'DELETE' else 'NEW'};\nEND $$"
    )
    connection.exec_driver_sql(
        f"CREATE TRIGGER {name} BEFORE {event} ON audit_text FOR EACH ROW EXECUTE FUNCTION {name}()"
    )
