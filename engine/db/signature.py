"""Signatures: each belongs to one decision; people may keep one of theirs to sign with."""

from enum import IntEnum

from sqlalchemy import Column, ForeignKey, Index, SmallInteger, Table, Text

from engine.db.base import Digest, Id, UtcDateTime, metadata


class SignatureKind(IntEnum):
    """How somebody signed; values are append-only."""

    DRAWN = 1
    TYPED = 2
    STORED = 3


signature = Table(
    "signature",
    metadata,
    Column("id", Id, primary_key=True),
    Column("work_item_id", Id, nullable=False, unique=True),  # never two decisions with one signature
    Column("instance_id", Id, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("signer_id", Id, nullable=False),
    Column("signer_name", Text, nullable=False),  # as it was then
    Column("content", Digest, ForeignKey("blob.digest"), nullable=False),
    Column("form_digest", Digest, nullable=False),
    Column("seal", Digest, nullable=False),  # over decision, form and picture: see `engine/tasks/signatures.py`
    Column("at", UtcDateTime, nullable=False),
)
Index("signature_instance", signature.c.instance_id)
Index("signature_content", signature.c.content)

stored_signature = Table(
    "stored_signature",
    metadata,
    Column("user_id", Id, ForeignKey("user_account.id"), primary_key=True),
    Column("content", Digest, ForeignKey("blob.digest"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
