"""Numbers without gaps, drawn in the caller's transaction."""

from sqlalchemy import BigInteger, Column, String, Table

from engine.db.base import metadata

counter = Table(
    "counter",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
