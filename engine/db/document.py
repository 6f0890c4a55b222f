"""Every file: bytes once by hash, versions that are never overwritten, bound to a task, an instance or a record."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from engine.db.base import Digest, Id, UtcDateTime, metadata

blob = Table(
    "blob",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("media_type", String(120), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

document = Table(
    "document",
    metadata,
    Column("id", Id, primary_key=True),
    Column("instance_id", Id),
    Column("owner_type", String(60), nullable=False),
    Column("owner_id", Id, nullable=False),
    Column("name", Text, nullable=False),
    Column("current_version", Integer, nullable=False),
    Column("created_by", Id),
    Column("created_at", UtcDateTime, nullable=False),
    Column("field", Text),  # dotted path of the form's field that it was brought in; null: beside the form
)
Index("document_owner", document.c.owner_type, document.c.owner_id)
Index("document_instance", document.c.instance_id)

document_version = Table(
    "document_version",
    metadata,
    Column("document_id", Id, ForeignKey("document.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("digest", Digest, ForeignKey("blob.digest"), nullable=False),
    Column("uploaded_by", Id),
    Column("uploaded_at", UtcDateTime, nullable=False),
)
Index("document_version_digest", document_version.c.digest)
