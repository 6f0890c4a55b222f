"""Checkpoints keep their leaves and the next key; verifications are on record."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Digest, Id, JsonText, UtcDateTime

revision = "0018"
down_revision = "0015"
branch_labels = None
depends_on = None

_GONE = "audit_anchor is append-only"
_COLUMNS = "number at previous leaves root key signature next_key next_signature".split()
_NEW, _OLD = (", ".join(f"{row}.{name}" for name in _COLUMNS) for row in ("NEW", "OLD"))
_SQLITE = (
    "CREATE TRIGGER audit_anchor_frozen BEFORE UPDATE ON audit_anchor "
    f"WHEN ({_NEW}) IS NOT ({_OLD}) BEGIN SELECT RAISE(ABORT, '{_GONE}'); END",
    f"CREATE TRIGGER audit_anchor_kept BEFORE DELETE ON audit_anchor BEGIN SELECT RAISE(ABORT, '{_GONE}'); END",
    "CREATE TRIGGER audit_leaf_no_update BEFORE UPDATE ON audit_leaf "
    "BEGIN SELECT RAISE(ABORT, 'audit_leaf is append-only'); END",
    "CREATE TRIGGER audit_leaf_no_delete BEFORE DELETE ON audit_leaf "
    "BEGIN SELECT RAISE(ABORT, 'audit_leaf is append-only'); END",
)
_POSTGRESQL = (
    "CREATE OR REPLACE FUNCTION audit_anchor_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
    f"  IF TG_OP = 'DELETE' OR ({_NEW}) IS DISTINCT FROM ({_OLD}) THEN "
    f"RAISE EXCEPTION '{_GONE}'; END IF;\n  RETURN NEW;\nEND $$",
    "CREATE TRIGGER audit_anchor_frozen BEFORE UPDATE OR DELETE ON audit_anchor "
    "FOR EACH ROW EXECUTE FUNCTION audit_anchor_frozen()",
    "CREATE OR REPLACE FUNCTION audit_leaf_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
    "  RAISE EXCEPTION 'audit_leaf is append-only';\nEND $$",
    "CREATE TRIGGER audit_leaf_kept BEFORE UPDATE OR DELETE ON audit_leaf "
    "FOR EACH ROW EXECUTE FUNCTION audit_leaf_kept()",
)


def upgrade() -> None:
    op.add_column("audit_anchor", sa.Column("next_key", sa.Text))
    op.add_column("audit_anchor", sa.Column("next_signature", sa.LargeBinary))
    op.create_table(
        "audit_leaf",
        sa.Column("number", sa.Integer, sa.ForeignKey("audit_anchor.number"), primary_key=True, autoincrement=False),
        sa.Column("stream", sa.String(80), primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("tip", Digest, nullable=False),
    )
    op.create_index("audit_leaf_stream", "audit_leaf", ["stream", "number"])
    op.create_table(
        "audit_check",
        sa.Column("id", Id, primary_key=True),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("finished_at", UtcDateTime),
        sa.Column("exit", sa.SmallInteger),
        sa.Column("result", JsonText),
        sa.Column("asked_by", Id),
    )
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)
