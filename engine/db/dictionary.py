"""The data dictionary: lists of words that forms offer, kept by administrators."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, Text

from engine.db.base import UtcDateTime, metadata

dictionary = Table(
    "dictionary",
    metadata,
    Column("key", String(60), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, default=""),
    Column("created_at", UtcDateTime, nullable=False),
)

dictionary_entry = Table(
    "dictionary_entry",
    metadata,
    Column("dictionary_key", String(60), ForeignKey("dictionary.key"), primary_key=True),
    Column("value", String(60), primary_key=True),  # what a form stores
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, default=""),
    Column("position", Integer, nullable=False),
    Column("retired", Boolean, nullable=False, default=False),  # offered no more, still known
)
