"""When a timer is due: dates, durations, cycles of ISO 8601 and cron, from literal text or from values of FEEL.

With a work calendar durations and cycles count working time, in its zone; a cron time outside working hours moves to
the next opening.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from engine.bpmn.cron import Cron, read_cron
from engine.errors import InvalidValue
from engine.feel.diagnostics import NoValue
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
    """The next firing. `left`: firings after it, None without end; `cycle`: text to go on with, None for one shot.

    `counted`: how `due` was found, for `recount`; None: it was given.
    """

    due: datetime
    left: int | None = 0
    cycle: str | None = None
    counted: dict[str, Any] | None = field(default=None, compare=False)


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
        return Schedule(later(now, read, zone, calendar), counted={"since": now, "step": read})
    if isinstance(read, Cron):
        return _next_of(read, now, zone, calendar)
    left = None if read.repeats is None else read.repeats - 1
    if read.start is not None and read.start >= now:
        return Schedule(read.start, left, read.text)
    counted = {"since": read.start or now, "step": read.step, "armed": now}
    return Schedule(recount(counted, zone, calendar), left, read.text, counted)


def again(
    cycle: str, due: datetime, left: int | None, now: datetime, zone: str, calendar: WorkTime | None = None
) -> Schedule | None:  # fmt: skip
    """The firing after `due`: counted from the scheduled time, the first that lies in the future. None: exhausted."""
    if left == 0:
        return None
    read = _cycle(cycle, zone)
    if isinstance(read, Cron):
        return _next_of(read, max(due, now), zone, calendar)
    counted = {"since": due, "step": read.step, "armed": now}
    coming = recount(counted, zone, calendar)
    if read.end is not None and coming > read.end:
        return None
    return Schedule(coming, None if left is None else left - 1, cycle, counted)


def recount(counted: Mapping[str, Any], zone: str, calendar: WorkTime | None = None) -> datetime:
    """When what was `counted` so (see Schedule) is due by `calendar`. Raises WrongTimer."""
    if "cron" in counted:
        return _next_of(_cycle(counted["cron"], zone), counted["since"], zone, calendar).due  # type: ignore[arg-type]
    due = later(counted["since"], counted["step"], zone, calendar)
    armed = counted.get("armed")  # of a cycle: what has passed by then is left out
    return due if armed is None else _first_after(due, counted["step"], armed, zone, calendar)


def later(moment: datetime, duration: Duration, zone: str, calendar: WorkTime | None = None) -> datetime:
    """`moment` plus `duration`, in UTC; months count in the calendar of `zone`. Raises WrongTimer."""
    try:
        return _later(moment, duration, zone, calendar)
    except (NoValue, OverflowError):
        found = f"{duration.months} months" if isinstance(duration, YearsMonths) else f"{duration.days} days"
        raise WrongTimer(f"a duration that ends before the year 10000, found {found}") from None


def _later(moment: datetime, duration: Duration, zone: str, calendar: WorkTime | None) -> datetime:
    if isinstance(duration, timedelta):
        return moment + duration if calendar is None else _worked(calendar, moment, duration)
    local = moment.astimezone(ZoneInfo(zone) if calendar is None else calendar.zone)
    moved = add_months(local, duration.months)
    if not isinstance(moved, datetime):
        raise OverflowError  # FEEL has years of nine digits
    moved = moved.astimezone(UTC)
    return moved if calendar is None else _worked(calendar, moved, timedelta())


def moment_of(value: Any, now: datetime, zone: str, calendar: WorkTime | None = None) -> datetime:
    """A due date: a date and time, a date (its end), or a duration from now. Raises WrongTimer."""
    duration = duration_of(value)
    if duration is not None:
        return later(now, duration, zone, calendar)
    if isinstance(value, str):
        day = read_date(value)
        if isinstance(day, date):
            value = day
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(23, 59, 59), ZoneInfo(zone)).astimezone(UTC)
    return _moment(value, zone)


def duration_of(value: Any) -> Duration | None:
    """The duration that a due date is given by; None when it is a moment."""
    if isinstance(value, str):
        read: Duration | None = read_duration(value)
        return read
    return value if isinstance(value, Duration) else None


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
    due = due if calendar is None else _worked(calendar, due, timedelta())
    return Schedule(due, None, cron.text, {"since": after, "cron": cron.text})


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
