"""Work days and work time, on the calendar that the environment of the evaluation provides.

The calendar has `is_workday(date)` and `add(aware datetime, timedelta)`, as `engine.workdays.WorkCalendar`.
"""

from datetime import date, datetime, timedelta
from typing import Any

from engine.errors import N_, InvalidValue
from engine.feel.builtins.registry import builtin
from engine.feel.diagnostics import NoValue
from engine.feel.temporal import read_zone
from engine.feel.values import FarDate, FarDateTime, as_index, describe

DAY = timedelta(days=1)
DAYS_LIMIT = 36_600


def _calendar(run: Any, function: str, *moments: Any) -> Any:
    if run.calendar is None:
        raise NoValue("no-environment", function=function, missing=N_("a work calendar"))
    for moment in moments:
        if isinstance(moment, FarDate | FarDateTime):
            raise NoValue("out-of-range", what="date", found=describe(moment))
    return run.calendar


def _day(moment: Any) -> date:
    day: date = moment.date() if isinstance(moment, datetime) else moment
    return day


@builtin("work days between(from: moment, to: moment) -> number", asks="calendar", extra=True)
def work_days_between(start: Any, end: Any, *, run: Any) -> int:
    """Work days after `from` up to and with `to`; negative backwards."""
    calendar = _calendar(run, "work days between", start, end)
    first, last = sorted((_day(start), _day(end)))
    if (last - first).days > DAYS_LIMIT:
        raise NoValue("out-of-range", what="days", found=str((last - first).days))
    count = 0
    while first < last:
        first += DAY
        run.spend()
        count += calendar.is_workday(first)
    return count if _day(start) <= _day(end) else -count


@builtin("add work days(date: moment, n: number) -> type of date", asks="calendar", extra=True)
def add_work_days(start: Any, count: Any, *, run: Any) -> Any:
    """The n-th work day after the date, before it when negative; a date and time keeps its time."""
    calendar = _calendar(run, "add work days", start)
    days = as_index(count)
    if days is None or abs(days) > DAYS_LIMIT:
        raise NoValue("out-of-range", what="n", found=describe(count))
    day, step, left = _day(start), DAY if days > 0 else -DAY, abs(days)
    try:
        while left:
            day += step
            run.spend()
            left -= calendar.is_workday(day)
    except OverflowError:
        raise NoValue("out-of-range", what="date", found=str(day)) from None
    return datetime.combine(day, start.timetz()) if isinstance(start, datetime) else day


@builtin(
    "add work time(date and time: date and time, duration: days and time duration) -> date and time",
    asks="calendar",
    extra=True,
)
def add_work_time(start: Any, duration: timedelta, *, run: Any) -> Any:
    """Later by this much of working hours, in the zone of the start; a local one is taken in the caller's zone."""
    calendar = _calendar(run, "add work time", start)
    zone = start.tzinfo or read_zone(run.zone)
    if zone is None:
        raise NoValue("no-environment", function="add work time", missing=N_("a time zone"))
    try:
        moved = calendar.add(start.replace(tzinfo=zone), duration).astimezone(zone)
    except InvalidValue as error:
        raise NoValue("out-of-range", what="duration", found=str(error.facts["found"])) from None
    return moved if start.tzinfo is not None else moved.replace(tzinfo=None)
