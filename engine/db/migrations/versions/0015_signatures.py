"""Decisions are signed by hand, and people keep a signature."""

import sqlalchemy as sa
from alembic import op
from engine.db.base import Digest, Id, UtcDateTime

revision = "0015"
down_revision = "0016"
branch_labels = None
depends_on = None

_FROZEN = """
id user_task_id instance_id parent_id supersedes_id kind seq weight assignee_id group_id owner_id
on_behalf_of_id status decision decision_source decided_by decided_person_id decided_at opinion draft
form_digest subject_type subject_id subject_digest evidence_id reason added_by due_at first_seen_at
urged_at idempotency_key created_at version group_mode urges signature_id
"""


def upgrade() -> None:
    op.add_column("work_item", sa.Column("signature_id", Id))
    _freeze_again()
    op.create_table(
        "signature",
        sa.Column("id", Id, primary_key=True),
        sa.Column("work_item_id", Id, nullable=False),
        sa.Column("instance_id", Id, nullable=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("signer_id", Id, nullable=False),
        sa.Column("signer_name", sa.Text, nullable=False),
        sa.Column("content", Digest, sa.ForeignKey("blob.digest"), nullable=False),
        sa.Column("form_digest", Digest, nullable=False),
        sa.Column("seal", Digest, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("work_item_id"),
    )
    op.create_index("signature_instance", "signature", ["instance_id"])
    op.create_index("signature_content", "signature", ["content"])
    op.create_table(
        "stored_signature",
        sa.Column("user_id", Id, sa.ForeignKey("user_account.id"), primary_key=True),
        sa.Column("content", Digest, sa.ForeignKey("blob.digest"), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    _keep_signatures()


def _freeze_again() -> None:
    """The guard of decided rows compares the new column too."""
    names = _FROZEN.split()
    new, old = (", ".join(f"{row}.{name}" for name in names) for row in ("NEW", "OLD"))
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER work_item_frozen")
        op.execute(
            "CREATE TRIGGER work_item_frozen BEFORE UPDATE ON work_item WHEN OLD.status IN (4, 5) AND "
            f"({new}) IS NOT ({old}) BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END"
        )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION work_item_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        f"  IF OLD.status IN (4, 5) AND ({new}) IS DISTINCT FROM ({old}) THEN "
        "RAISE EXCEPTION 'POLICY.APPEND_ONLY' USING errcode = '23514'; END IF;\n"
        "  RETURN NEW;\nEND $$"
    )


def _keep_signatures() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER signature_no_{verb} BEFORE {verb.upper()} ON signature "
                "BEGIN SELECT RAISE(ABORT, 'signature is append-only'); END"
            )
        return
    op.execute(
        "CREATE TRIGGER signature_append_only BEFORE UPDATE OR DELETE ON signature "
        "FOR EACH ROW EXECUTE FUNCTION append_only()"
    )
