"""Lists that a person has put together and named: a box with filters and an order."""

from sqlalchemy import Column, ForeignKey, String, Table, UniqueConstraint

from engine.db.base import Id, JsonText, UtcDateTime, metadata

inbox_view = Table(
    "inbox_view",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, ForeignKey("user_account.id"), nullable=False),
    Column("name", String(60), nullable=False),
    Column("query", JsonText, nullable=False),  # the parts of the address by name
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("user_id", "name", name="inbox_view_name"),
)
