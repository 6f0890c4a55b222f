"""When a timer is due: dates, durations, cycles of ISO 8601 and cron, from literal text or from values of FEEL.

With a work calendar durations and cycles count working time, in its zone; a cron time outside working hours moves to
the next opening.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from engine.bpmn.cron import Cron, read_cron
from engine.errors import InvalidValue
from engine.feel.temporal import add_months, read_date, read_date_time, read_duration
from engine.values import YearsMonths

Duration = timedelta | YearsMonths


class WorkTime(Protocol):
    """What a timer asks of a work calendar."""

    @property
    def zone(self) -> ZoneInfo:
        """Where its hours are."""

    def add(self, start: datetime, duration: timedelta, /) -> datetime:
        """`start` plus working time; outside working hours it begins at the next opening. Raises InvalidValue."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """`R<repeats>/<start>/<step>/<end>`; `repeats` None: for ever."""

    repeats: int | None
    step: Duration
    start: datetime | None = None
    end: datetime | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The next firing. `left`: firings after it, None without end; `cycle`: text to go on with, None for one shot."""

    due: datetime
    left: int | None = 0
    cycle: str | None = None


class WrongTimer(ValueError):
    """A value that is no date, duration or cycle; the text says what was expected."""


def read_timer(kind: str, value: Any, zone: str) -> datetime | Duration | Cycle | Cron:
    """`value` (text or a value of FEEL) as what a timer of `kind` (date, duration, cycle) needs. Raises WrongTimer."""
    match kind:
        case "date":
            return _moment(value, zone)
        case "duration":
            return _duration(value)
        case _:
            if isinstance(value, Duration):
                return Cycle(None, value, text=f"R/{_duration_text(value)}")
            return _cycle(value, zone)


def arm(kind: str, value: Any, now: datetime, zone: str, calendar: WorkTime | None = None) -> Schedule:
    """The first firing of a timer armed `now`. Raises WrongTimer."""
    read = read_timer(kind, value, zone)
    if isinstance(read, datetime):
        return Schedule(read)
    if isinstance(read, Duration):
        return Schedule(later(now, read, zone, calendar))
    if isinstance(read, Cron):
        return _next_of(read, now, zone, calendar)
    if read.start is None:
        due: datetime = later(now, read.step, zone, calendar)
    else:
        due = _first_after(read.start, read.step, now, zone, calendar) if read.start < now else read.start
    return Schedule(due, None if read.repeats is None else read.repeats - 1, read.text)


def again(
    cycle: str, due: datetime, left: int | None, now: datetime, zone: str, calendar: WorkTime | None = None
) -> Schedule | None:  # fmt: skip
    """The firing after `due`: counted from the scheduled time, the first that lies in the future. None: exhausted."""
    if left == 0:
        return None
    read = _cycle(cycle, zone)
    if isinstance(read, Cron):
        return _next_of(read, max(due, now), zone, calendar)
    coming = _first_after(later(due, read.step, zone, calendar), read.step, now, zone, calendar)
    if read.end is not None and coming > read.end:
        return None
    return Schedule(coming, None if left is None else left - 1, cycle)


def later(moment: datetime, duration: Duration, zone: str, calendar: WorkTime | None = None) -> datetime:
    """`moment` plus `duration`, in UTC; months count in the calendar of `zone`. Raises WrongTimer."""
    if isinstance(duration, timedelta):
        return moment + duration if calendar is None else _worked(calendar, moment, duration)
    local = moment.astimezone(ZoneInfo(zone) if calendar is None else calendar.zone)
    moved: datetime = add_months(local, duration.months).astimezone(UTC)
    return moved if calendar is None else _worked(calendar, moved, timedelta())


def moment_of(value: Any, now: datetime, zone: str, calendar: WorkTime | None = None) -> datetime:
    """A due date: a date and time, a date (its end), or a duration from now. Raises WrongTimer."""
    if isinstance(value, str):
        duration = read_duration(value)
        if duration is not None:
            return later(now, duration, zone, calendar)
        day = read_date(value)
        if isinstance(day, date):
            value = day
    if isinstance(value, Duration):
        return later(now, value, zone, calendar)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(23, 59, 59), ZoneInfo(zone)).astimezone(UTC)
    return _moment(value, zone)


def _moment(value: Any, zone: str) -> datetime:
    if isinstance(value, str):
        value = read_date_time(value) or read_date(value) or value
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), ZoneInfo(zone)).astimezone(UTC)
    raise WrongTimer(f"a date or a date and time, found {value!r}")


def _duration(value: Any) -> Duration:
    if isinstance(value, str):
        read = read_duration(value.strip())
        value = value if read is None else read
    if isinstance(value, Duration):
        return value
    raise WrongTimer(f"a duration such as PT2H or P3D, found {value!r}")


def _cycle(value: Any, zone: str) -> Cycle | Cron:
    expected = WrongTimer(f"a cycle such as R3/PT1H, or cron such as 0 0 9 * * MON-FRI, found {value!r}")
    if not isinstance(value, str):
        raise expected
    cron = read_cron(value)
    if cron is not None:
        return cron
    parts = value.strip().split("/")
    head, rest = parts[0], parts[1:]
    if not head.startswith("R") or not (head[1:].isdigit() or head == "R") or not 1 <= len(rest) <= 3:
        raise expected
    repeats = int(head[1:]) if head[1:] else None
    if repeats == 0:
        raise expected
    start = end = step = None
    for part in rest:
        if part.startswith(("P", "-P")):
            if step is not None:
                raise expected
            step = _duration(part)
        elif step is None and start is None:
            start = _moment(part, zone)
        elif step is not None and end is None:
            end = _moment(part, zone)
        else:
            raise expected
    if step is None or (isinstance(step, timedelta) and step <= timedelta()) or step == YearsMonths(0):
        raise expected
    return Cycle(repeats, step, start, end, value.strip())


def _first_after(
    start: datetime, step: Duration, now: datetime, zone: str, calendar: WorkTime | None = None
) -> datetime:  # fmt: skip
    if start > now:
        return start
    if isinstance(step, timedelta) and calendar is None:
        return start + ((now - start) // step + 1) * step
    while start <= now:
        start = later(start, step, zone, calendar)
    return start


def _next_of(cron: Cron, after: datetime, zone: str, calendar: WorkTime | None) -> Schedule:
    due = cron.after(after, zone if calendar is None else calendar.zone.key)
    if due is None:
        raise WrongTimer(f"a cron line with a time in the next years, found {cron.text!r}")
    return Schedule(due if calendar is None else _worked(calendar, due, timedelta()), None, cron.text)


def _worked(calendar: WorkTime, moment: datetime, duration: timedelta) -> datetime:
    try:
        return calendar.add(moment, duration)
    except InvalidValue as error:
        raise WrongTimer(str(error)) from None


def _duration_text(value: Duration) -> str:
    if isinstance(value, YearsMonths):
        return str(value)
    seconds = value.total_seconds()
    return f"PT{seconds:.6f}".rstrip("0").rstrip(".") + "S"
