"""Dates, times and durations: reading, the calendar beyond years 1 to 9999, arithmetic, members."""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.errors import N_
from engine.feel import nanoseconds
from engine.feel.diagnostics import NoValue
from engine.feel.nanoseconds import nanos_of, with_nanos
from engine.feel.values import CONTEXT, FarDate, FarDateTime, whole
from engine.values import YearsMonths

YEAR_LIMIT = 999_999_999
OFFSET_LIMIT_SECONDS = 18 * 3600
ANY_DAY = date(1970, 1, 1)
MIDNIGHT_UTC = time(tzinfo=UTC)

_DATE = re.compile(r"(-?)((?:[1-9]\d{4,8})|\d{4})-(\d\d)-(\d\d)", re.ASCII)
_CLOCK = re.compile(
    r"(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:(Z|z)|([+-])(\d\d):(\d\d)(?::(\d\d))?|@([A-Za-z][A-Za-z0-9_+\-/]*))?", re.ASCII
)
_DAYS_TIME = re.compile(r"(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d*)?)S)?)?", re.ASCII)
_YEARS_MONTHS = re.compile(r"(-?)P(?:(\d+)Y)?(?:(\d+)M)?", re.ASCII)

# ---------------------------------------------------------------- reading


def read_date(text: str) -> date | FarDate | None:
    """`2026-01-31`, `-0044-03-15`; None when it is not a date."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year = int(match[2])
    return make_date(-year if match[1] else year, int(match[3]), int(match[4]))


def make_date(year: int, month: int, day: int) -> date | FarDate | None:
    """A date of the proleptic Gregorian calendar, None when there is no such day."""
    if 1 <= year <= 9999:
        try:
            return date(year, month, day)
        except ValueError:
            return None
    if abs(year) > YEAR_LIMIT or not 1 <= month <= 12 or not 1 <= day <= month_days(year, month):
        return None
    return FarDate(year, month, day)


def date_of_month(like: date | FarDate, month: int, day: int) -> date | FarDate:
    """Another day of the same year, one that exists."""
    return FarDate(like.year, month, day) if isinstance(like, FarDate) else like.replace(month=month, day=day)


def month_days(year: int, month: int) -> int:
    """28 to 31."""
    return monthrange(2000 + year % 400, month)[1]


def read_zone(name: str) -> tzinfo | None:
    """An IANA zone or `Z`, None when unknown."""
    if name in ("Z", "z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def make_offset(seconds: int) -> timezone | None:
    """A fixed offset of at most 18 hours."""
    if abs(seconds) > OFFSET_LIMIT_SECONDS:
        return None
    return timezone(timedelta(seconds=seconds)) if seconds else UTC


def read_time(text: str) -> time | None:
    """`10:00:00`, with a fraction, `Z`, an offset or `@Zone/Id`; None when it is not a time."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3])
    if hour > 23 or minute > 59 or second > 59:
        return None
    zone: tzinfo | None = None
    if match[5]:
        zone = UTC
    elif match[6]:
        if int(match[8]) > 59 or int(match[9] or 0) > 59:
            return None
        seconds = int(match[7]) * 3600 + int(match[8]) * 60 + int(match[9] or 0)
        zone = make_offset(-seconds if match[6] == "-" else seconds)
    elif match[10]:
        zone = read_zone(match[10])
    if zone is None and (match[6] or match[10]):
        return None
    micros, nanos = divmod(int((match[4] or "")[:9].ljust(9, "0")), 1_000)
    return with_nanos(time(hour, minute, second, micros, zone), nanos)


def make_time(hour: int | None, minute: int | None, second: Any, offset: timedelta | None) -> time | None:
    """A time of numbers; `second` may have a fraction. None when there is no such time."""
    if hour is None or minute is None or not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second < 60):
        return None
    zone = None if offset is None else make_offset(int(offset.total_seconds()))
    if offset is not None and zone is None:
        return None
    micros, nanos = divmod(int(Decimal(second) % 1 * 1_000_000_000), 1_000)
    return with_nanos(time(hour, minute, int(second), micros, zone), nanos)


def read_date_time(text: str) -> datetime | FarDateTime | None:
    """`2026-01-31T10:00:00` with any form of time, or a date alone (midnight, local); None otherwise."""
    head, mark, tail = text.partition("T")
    day = read_date(head)
    if day is None:
        return None
    if tail.startswith("24:00:00"):
        clock = read_time(f"00{tail[2:]}")
        return None if clock is None or nanos_of_day(clock) else add_duration(combine(day, clock), timedelta(days=1))
    clock = read_time(tail) if mark else time()
    return None if clock is None else combine(day, clock)


def combine(day: date | FarDate, clock: time) -> datetime | FarDateTime:
    """A date and a time as one value."""
    if isinstance(day, FarDate):
        return FarDateTime(day, clock)
    return nanoseconds.combine(day, clock)


def read_duration(text: str) -> timedelta | YearsMonths | None:
    """Either kind of duration; years or months together with days or times are neither, None."""
    match = _YEARS_MONTHS.fullmatch(text)
    if match is not None and (match[2] or match[3]):
        if len(text) > 20:
            return None
        months = int(match[2] or 0) * 12 + int(match[3] or 0)
        return YearsMonths(-months if match[1] else months)
    match = _DAYS_TIME.fullmatch(text) if len(text) < 100 else None
    if match is None or not any(match[part] for part in (2, 3, 4, 5)) or text.endswith("T"):
        return None
    try:
        value = timedelta(days=int(match[2] or 0), hours=int(match[3] or 0), minutes=int(match[4] or 0)) + timedelta(
            microseconds=round(Decimal(match[5] or 0) * 1_000_000)
        )
        return -value if match[1] else value
    except OverflowError:
        return None


# ---------------------------------------------------------------- the calendar as numbers


def day_number(day: date | FarDate) -> int:
    """Days since 0001-01-01 = 1, negative before (days-from-civil)."""
    if isinstance(day, date):
        return day.toordinal()
    cycles, year = divmod(day.year, 400)
    return cycles * 146_097 + date(year + 400, day.month, day.day).toordinal() - 146_097


def date_of_number(number: int) -> date | FarDate:
    """The inverse of `day_number`. Raises NoValue beyond the years of FEEL."""
    if 1 <= number <= 3_652_059:
        return date.fromordinal(number)
    cycles, rest = divmod(number - 1, 146_097)
    day = date.fromordinal(rest + 1)
    return _checked(make_date(day.year + cycles * 400, day.month, day.day))


def _checked(day: date | FarDate | None) -> date | FarDate:
    if day is None:
        raise NoValue("out-of-range", what="date", found=N_("the year"))
    return day


def date_part(value: Any) -> date | FarDate:
    """The date of a date, or of a date and time."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, FarDateTime):
        return value.date
    result: date | FarDate = value
    return result


def time_part(value: datetime | FarDateTime) -> time:
    """The time of a date and time, with its zone."""
    return value.time if isinstance(value, FarDateTime) else value.timetz()


def offset_of(value: Any) -> timedelta | None:
    """The offset from UTC of a time or a date and time; a bare time in a zone is taken on 1970-01-01."""
    if isinstance(value, FarDateTime):
        return datetime.combine(date(2000, value.date.month, min(value.date.day, 28)), value.time).utcoffset()
    if isinstance(value, time) and value.tzinfo is not None:
        return datetime.combine(ANY_DAY, value).utcoffset()
    result: timedelta | None = value.utcoffset()
    return result


def micros_of_day(clock: time) -> int:
    """0 to 86,399,999,999."""
    return ((clock.hour * 60 + clock.minute) * 60 + clock.second) * 1_000_000 + clock.microsecond


def nanos_of_day(clock: time) -> int:
    """0 to 86,399,999,999,999."""
    return micros_of_day(clock) * 1_000 + nanos_of(clock)


def micros_of(duration: timedelta) -> int:
    """Whole microseconds, exact."""
    return (duration.days * 86_400 + duration.seconds) * 1_000_000 + duration.microseconds


def instant(value: Any) -> tuple[bool, int]:
    """(has a zone, nanoseconds on the time line): what a time or a date and time is compared by."""
    offset = offset_of(value)
    if isinstance(value, time):
        nanos = nanos_of_day(value)
    else:
        nanos = day_number(date_part(value)) * 86_400_000_000_000 + nanos_of_day(time_part(value))
    return (False, nanos) if offset is None else (True, nanos - micros_of(offset) * 1_000)


# ---------------------------------------------------------------- arithmetic


def duration_of_micros(micros: int) -> timedelta:
    """Raises NoValue beyond 999,999,999 days."""
    try:
        return timedelta(microseconds=micros)
    except OverflowError:
        raise NoValue("out-of-range", what="duration", found=N_("more than 999999999 days")) from None


def add_months(value: Any, months: int) -> Any:
    """A date or a date and time `months` later; the day is clipped to the end of the month."""
    day = date_part(value)
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if abs(years) > YEAR_LIMIT:
        raise NoValue("out-of-range", what="date", found=N_("the year"))
    moved = _checked(make_date(years, month + 1, min(day.day, month_days(years, month + 1))))
    return (
        moved
        if isinstance(value, date | FarDate) and not isinstance(value, datetime)
        else combine(moved, time_part(value))
    )


def add_duration(value: Any, duration: timedelta) -> Any:
    """A date, a time or a date and time, `duration` later.

    A date moves by whole days, counted from its midnight. A date and time in a zone with an id keeps local time.
    """
    if isinstance(value, time):
        micros = (micros_of_day(value) + micros_of(duration)) % 86_400_000_000
        return with_nanos(_clock_of(micros).replace(tzinfo=value.tzinfo), nanos_of(value))
    if isinstance(value, datetime):
        try:
            return value + duration
        except OverflowError:
            return _add_far(value, duration)
    if isinstance(value, FarDateTime):
        return _add_far(value, duration)
    return date_of_number(day_number(value) + micros_of(duration) // 86_400_000_000)


def _clock_of(micros: int) -> time:
    seconds, micros = divmod(micros, 1_000_000)
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60, micros)


def _add_far(value: datetime | FarDateTime, duration: timedelta) -> datetime | FarDateTime:
    clock = time_part(value)
    micros = day_number(date_part(value)) * 86_400_000_000 + micros_of_day(clock) + micros_of(duration)
    days, rest = divmod(micros, 86_400_000_000)
    moved = _clock_of(rest).replace(tzinfo=clock.tzinfo)
    return combine(date_of_number(days), with_nanos(moved, nanos_of(clock)))


def difference(left: Any, right: Any) -> timedelta | None:
    """Left - right for two of the same kind, None when one has a zone and the other has not.

    Durations are those of Python: what is finer than a microsecond is cut off.
    """
    if type(left) is date and type(right) is date:
        return left - right
    if isinstance(left, FarDate) or isinstance(right, FarDate) or type(left) is date:
        return duration_of_micros((day_number(left) - day_number(right)) * 86_400_000_000)
    (left_zoned, left_nanos), (right_zoned, right_nanos) = instant(left), instant(right)
    if left_zoned != right_zoned:
        return None
    micros = abs(left_nanos - right_nanos) // 1_000
    return duration_of_micros(micros if left_nanos >= right_nanos else -micros)


def months_between(start: Any, end: Any) -> YearsMonths:
    """Whole months from `start` to `end`, rounded towards zero."""
    first, last = date_part(start), date_part(end)
    months = (last.year - first.year) * 12 + last.month - first.month
    if months > 0 and last.day < first.day:
        months -= 1
    elif months < 0 and last.day > first.day:
        months += 1
    return YearsMonths(months)


# ---------------------------------------------------------------- members


def weekday(day: date | FarDate) -> int:
    """Monday is 1, Sunday is 7."""
    return (day_number(day) + 6) % 7 + 1


def _zone_name(value: Any) -> str | None:
    zone = value.time.tzinfo if isinstance(value, FarDateTime) else value.tzinfo
    name: str | None = getattr(zone, "key", None)
    return name


def _seconds(clock: time) -> Any:
    return whole(CONTEXT.divide(Decimal(nanos_of_day(clock) % 60_000_000_000), Decimal(1_000_000_000)))


def _component(duration: timedelta, divisor: int, modulus: int | None) -> int:
    micros = micros_of(duration)
    size = abs(micros) // divisor
    if modulus is not None:
        size %= modulus
    return size if micros >= 0 else -size


def _duration_seconds(duration: timedelta) -> Any:
    micros = micros_of(duration)
    size = whole(CONTEXT.divide(Decimal(abs(micros) % 60_000_000), Decimal(1_000_000)))
    return size if micros >= 0 else -size


def _months_part(value: YearsMonths, divide: bool) -> int:
    size = abs(value.months) // 12 if divide else abs(value.months) % 12
    return size if value.months >= 0 else -size


_OF_DATE = {
    "year": lambda v: date_part(v).year,
    "month": lambda v: date_part(v).month,
    "day": lambda v: date_part(v).day,
    "weekday": lambda v: weekday(date_part(v)),
}
_OF_TIME = {
    "hour": lambda v: v.hour,
    "minute": lambda v: v.minute,
    "second": _seconds,
    "time offset": offset_of,
    "timezone": _zone_name,
}
_OF_DATE_TIME = {
    **_OF_DATE,
    "hour": lambda v: time_part(v).hour,
    "minute": lambda v: time_part(v).minute,
    "second": lambda v: _seconds(time_part(v)),
    "time offset": offset_of,
    "timezone": _zone_name,
}
_OF_DAYS_TIME = {
    "days": lambda v: _component(v, 86_400_000_000, None),
    "hours": lambda v: _component(v, 3_600_000_000, 24),
    "minutes": lambda v: _component(v, 60_000_000, 60),
    "seconds": _duration_seconds,
}
_OF_YEARS_MONTHS = {"years": lambda v: _months_part(v, True), "months": lambda v: _months_part(v, False)}

MEMBERS: dict[str, dict[str, Any]] = {
    "date": _OF_DATE,
    "time": _OF_TIME,
    "date and time": _OF_DATE_TIME,
    "days and time duration": _OF_DAYS_TIME,
    "years and months duration": _OF_YEARS_MONTHS,
}
"""Members by kind: name -> function of the value."""
