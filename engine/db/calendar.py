"""Working hours of the week, and the days that differ: holidays and make-up days are rows."""

from sqlalchemy import Column, Date, ForeignKey, String, Table, Text

from engine.db.base import Id, metadata

work_calendar = Table(
    "work_calendar",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String(60), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("timezone", String(60), nullable=False),
    Column("week", Text, nullable=False),  # "1-5 09:00-12:00,13:00-18:00"
)

work_calendar_day = Table(
    "work_calendar_day",
    metadata,
    Column("calendar_id", Id, ForeignKey("work_calendar.id"), primary_key=True),
    Column("date", Date, primary_key=True),
    Column("kind", String(10), nullable=False),  # off | work | half
    Column("note", Text, nullable=False, default=""),
    Column("hours", String(100), nullable=False, default="", server_default=""),  # of a half day: am | pm | 09:00-12:00
)
