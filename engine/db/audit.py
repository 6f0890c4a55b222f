"""Acts outside instances (deploy, users, policies, settings), chained per scope; anchors of all chains."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, SmallInteger, String, Table, Text

from engine.db.base import Digest, Id, JsonText, UtcDateTime, metadata
from engine.db.business import guard

audit = Table(
    "audit",
    metadata,
    Column("scope", String(60), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(60), nullable=False),
    Column("actor_id", Id),
    Column("data", JsonText, nullable=False),
    Column("hash", Digest, nullable=False),
)

audit_text = Table(
    "audit_text",
    metadata,
    Column("scope", String(60), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("name", String(40), primary_key=True),
    # as in history_text: the act carries SHA-256(salt, text)
    Column("text", Text),
    Column("salt", LargeBinary(16)),
)

audit_tip = Table(
    "audit_tip",
    metadata,
    Column("scope", String(60), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("hash", Digest, nullable=False),
)

audit_anchor = Table(
    "audit_anchor",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("previous", Digest, nullable=False),
    Column("leaves", Integer, nullable=False),
    Column("root", Digest, nullable=False),
    Column("key", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("sent_to", Text),
    Column("sent_at", UtcDateTime),
    Column("next_key", Text),  # which signs from the next one on; both sign this one
    Column("next_signature", LargeBinary),
)

audit_leaf = Table(
    "audit_leaf",
    metadata,
    Column("number", Integer, ForeignKey("audit_anchor.number"), primary_key=True, autoincrement=False),
    Column("stream", String(80), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("tip", Digest, nullable=False),
)
Index("audit_leaf_stream", audit_leaf.c.stream, audit_leaf.c.number)

audit_check = Table(
    "audit_check",
    metadata,
    Column("id", Id, primary_key=True),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("exit", SmallInteger),  # of `troika audit verify`
    Column("result", JsonText),  # counts, and findings as [code, exit, place, template, facts]
    Column("asked_by", Id),
)

audit_sink = Table(
    "audit_sink",
    metadata,
    Column("name", Text, primary_key=True),
    Column("number", Integer),  # the last checkpoint that reached it
    Column("reached_at", UtcDateTime),
    Column("failing_since", UtcDateTime),
    Column("failed_at", UtcDateTime),
    Column("trouble", JsonText),  # {message, facts}
)

_GONE = "audit_anchor is append-only"
_CHANGED = (
    "(NEW.number, NEW.at, NEW.previous, NEW.leaves, NEW.root, NEW.key, NEW.signature, NEW.next_key, "
    "NEW.next_signature) {differs} (OLD.number, OLD.at, OLD.previous, OLD.leaves, OLD.root, OLD.key, OLD.signature, "
    "OLD.next_key, OLD.next_signature)"
)
guard(
    audit_anchor,
    sqlite=[
        "CREATE TRIGGER audit_anchor_frozen BEFORE UPDATE ON audit_anchor "
        f"WHEN {_CHANGED.format(differs='IS NOT')} BEGIN SELECT RAISE(ABORT, '{_GONE}'); END",
        f"CREATE TRIGGER audit_anchor_kept BEFORE DELETE ON audit_anchor BEGIN SELECT RAISE(ABORT, '{_GONE}'); END",
    ],
    postgresql=[
        "CREATE OR REPLACE FUNCTION audit_anchor_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        f"  IF TG_OP = 'DELETE' OR {_CHANGED.format(differs='IS DISTINCT FROM')} THEN "
        f"RAISE EXCEPTION '{_GONE}'; END IF;\n  RETURN NEW;\nEND $$",
        "CREATE TRIGGER audit_anchor_frozen BEFORE UPDATE OR DELETE ON audit_anchor "
        "FOR EACH ROW EXECUTE FUNCTION audit_anchor_frozen()",
    ],
)
guard(
    audit_leaf,
    sqlite=[
        f"CREATE TRIGGER audit_leaf_no_{verb} BEFORE {verb.upper()} ON audit_leaf "
        "BEGIN SELECT RAISE(ABORT, 'audit_leaf is append-only'); END"
        for verb in ("update", "delete")
    ],
    postgresql=[
        "CREATE OR REPLACE FUNCTION audit_leaf_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        "  RAISE EXCEPTION 'audit_leaf is append-only';\nEND $$",
        "CREATE TRIGGER audit_leaf_kept BEFORE UPDATE OR DELETE ON audit_leaf "
        "FOR EACH ROW EXECUTE FUNCTION audit_leaf_kept()",
    ],
)
