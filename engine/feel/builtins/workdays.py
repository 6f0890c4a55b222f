"""Work days and work time, on the calendar that the environment of the evaluation provides."""

from datetime import date, datetime, timedelta
from typing import Any

from engine.feel.builtins.registry import builtin
from engine.feel.diagnostics import NoValue
from engine.feel.values import FarDate, FarDateTime, as_index, describe


def _calendar(run: Any, function: str, *moments: Any) -> Any:
    if run.calendar is None:
        raise NoValue("no-environment", function=function, missing="a work calendar")
    for moment in moments:
        if isinstance(moment, FarDate | FarDateTime):
            raise NoValue("out-of-range", what="date", found=describe(moment))
    return run.calendar


def _day(moment: Any) -> date:
    day: date = moment.date() if isinstance(moment, datetime) else moment
    return day


@builtin("work days between(from: moment, to: moment)", needs_run=True, extra=True)
def work_days_between(start: Any, end: Any, *, run: Any) -> Any:
    """Work days after `from` up to `to`; negative backwards."""
    return _calendar(run, "work days between", start, end).days_between(_day(start), _day(end))


@builtin("add work days(date: moment, n: number)", needs_run=True, extra=True)
def add_work_days(start: Any, count: Any, *, run: Any) -> Any:
    """The n-th work day after the date; a date and time keeps its time."""
    days = as_index(count)
    if days is None:
        raise NoValue("out-of-range", what="n", found=describe(count))
    day = _calendar(run, "add work days", start).add_days(_day(start), days)
    return datetime.combine(day, start.timetz()) if isinstance(start, datetime) else day


@builtin("add work time(date and time: date and time, duration: days and time duration)", needs_run=True, extra=True)
def add_work_time(start: Any, duration: timedelta, *, run: Any) -> Any:
    """Later by this much of working hours."""
    return _calendar(run, "add work time", start).add_time(start, duration)
