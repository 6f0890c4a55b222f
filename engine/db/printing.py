"""What was printed: the code on the paper leads back to how the request stood then."""

from sqlalchemy import Column, Index, Integer, String, Table

from engine.db.base import Digest, Id, UtcDateTime, metadata

print_record = Table(
    "print_record",
    metadata,
    Column("code", String(32), primary_key=True),
    Column("instance_id", Id, nullable=False),
    Column("history_seq", Integer, nullable=False),
    Column("history_hash", Digest, nullable=False),
    Column("document_sha256", Digest, nullable=False),
    Column("printed_by", Id, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
Index("print_record_instance", print_record.c.instance_id)
