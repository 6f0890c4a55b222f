"""Functions on dates and times; the clock is that of the caller."""

from datetime import date, datetime
from typing import Any

from engine.errors import N_
from engine.feel import temporal
from engine.feel.builtins.registry import builtin
from engine.feel.diagnostics import NoValue

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def _now(run: Any, function: str) -> datetime:
    zone = temporal.read_zone(run.zone)
    if run.now is None or zone is None:
        raise NoValue("no-environment", function=function, missing=N_("a clock"))
    moment: datetime = run.now
    return moment.astimezone(zone)


@builtin("now() -> date and time", asks="clock")
def now(*, run: Any) -> datetime:
    """In the zone of the caller."""
    return _now(run, "now")


@builtin("today() -> date", asks="clock")
def today(*, run: Any) -> date:
    """In the zone of the caller."""
    return _now(run, "today").date()


@builtin("day of year(date: moment) -> number")
def day_of_year(value: Any) -> int:
    """1 to 366."""
    day = temporal.date_part(value)
    return temporal.day_number(day) - temporal.day_number(temporal.date_of_month(day, 1, 1)) + 1


@builtin("day of week(date: moment) -> string")
def day_of_week(value: Any) -> str:
    """The English name."""
    return DAYS[temporal.weekday(temporal.date_part(value)) - 1]


@builtin("month of year(date: moment) -> string")
def month_of_year(value: Any) -> str:
    """The English name."""
    return MONTHS[temporal.date_part(value).month - 1]


@builtin("week of year(date: moment) -> number")
def week_of_year(value: Any) -> int:
    """Of ISO 8601, 1 to 53."""
    day = temporal.date_part(value)
    like = date(2000 + day.year % 400, day.month, day.day)  # the calendar repeats each 400 years
    return like.isocalendar().week


@builtin("last day of month(date: moment) -> date", extra=True)
def last_day_of_month(value: Any) -> Any:
    """The date of it."""
    day = temporal.date_part(value)
    return temporal.date_of_month(day, day.month, temporal.month_days(day.year, day.month))
