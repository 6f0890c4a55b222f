"""Working days and hours: a weekly pattern, and the days that differ (holidays, 调休 make-up days) as rows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, select

from engine import ids
from engine.db.calendar import work_calendar, work_calendar_day
from engine.errors import InvalidValue, NotFound
from engine.unit_of_work import UnitOfWork

Hours = tuple[tuple[time, time], ...]

CN = "cn"
CN_WEEK = "1-5 09:00-12:00,13:00-18:00"
LONGEST_YEARS = 30

# State Council notices 国办发明电〔2024〕12号 and 〔2025〕7号: (first day off, last day off, name)
_CN_HOLIDAYS = (
    ("2025-01-01", "2025-01-01", "元旦"),
    ("2025-01-28", "2025-02-04", "春节"),
    ("2025-04-04", "2025-04-06", "清明节"),
    ("2025-05-01", "2025-05-05", "劳动节"),
    ("2025-05-31", "2025-06-02", "端午节"),
    ("2025-10-01", "2025-10-08", "国庆节、中秋节"),
    ("2026-01-01", "2026-01-03", "元旦"),
    ("2026-02-15", "2026-02-23", "春节"),
    ("2026-04-04", "2026-04-06", "清明节"),
    ("2026-05-01", "2026-05-05", "劳动节"),
    ("2026-06-19", "2026-06-21", "端午节"),
    ("2026-09-25", "2026-09-27", "中秋节"),
    ("2026-10-01", "2026-10-07", "国庆节"),
)
_CN_MAKE_UP_DAYS = (
    "2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11",
    "2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Plain data. `week`: hours by ISO weekday (1 = Monday). `days`: dates that differ, True = work, False = off."""

    name: str
    zone: ZoneInfo
    week: Mapping[int, Hours]
    days: Mapping[date, bool] = field(default_factory=dict)

    def is_workday(self, day: date) -> bool:
        """Whether anybody works on `day`."""
        return bool(self.hours(day))

    def hours(self, day: date) -> Hours:
        """The working hours of `day`; a make-up day on a weekend has those of the first working weekday."""
        works = self.days.get(day)
        regular = self.week.get(day.isoweekday(), ())
        if works is None:
            return regular
        if not works:
            return ()
        return regular or next(self.week[weekday] for weekday in sorted(self.week) if self.week[weekday])

    def add(self, start: datetime, duration: timedelta) -> datetime:
        """`start` (aware) plus working time, in UTC.

        Whole days are working days and keep the wall time; the rest consumes working hours. A start outside working
        hours first rolls to the next opening. Raises InvalidValue for a negative duration.
        """
        if duration < timedelta(0):
            raise InvalidValue(expected="a duration forwards", found=str(duration))
        local = self._roll(_local(start, self.zone))
        for _ in range(duration.days):
            local = datetime.combine(self._next_workday(local.date()), local.time())
        left = timedelta(seconds=duration.seconds, microseconds=duration.microseconds)
        return self._consume(local, left).replace(tzinfo=self.zone).astimezone(UTC)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Working time from `start` to `end` (both aware); negative when `end` is earlier."""
        if end < start:
            return -self.between(end, start)
        first, last = _local(start, self.zone), _local(end, self.zone)
        total = timedelta(0)
        day = first.date()
        while day <= last.date():
            for opens, closes in self.hours(day):
                begin = max(datetime.combine(day, opens), first)
                finish = min(datetime.combine(day, closes), last)
                total += max(finish - begin, timedelta(0))
            day += timedelta(days=1)
        return total

    def count(self, first: date, last: date) -> int:
        """Working days from `first` to `last`, both included."""
        return sum(self.is_workday(first + timedelta(days=n)) for n in range((last - first).days + 1))

    def _roll(self, local: datetime) -> datetime:
        for opens, closes in self.hours(local.date()):
            if local.time() <= closes:
                return max(local, datetime.combine(local.date(), opens))
        day = self._next_workday(local.date())
        return datetime.combine(day, self.hours(day)[0][0])

    def _consume(self, local: datetime, left: timedelta) -> datetime:
        if not left:
            return local
        day = local.date()
        while True:
            for opens, closes in self.hours(day):
                begin = max(datetime.combine(day, opens), local)
                open_for = datetime.combine(day, closes) - begin
                if open_for < left:
                    left -= max(open_for, timedelta(0))
                else:
                    return begin + left
            day = self._next_workday(day)

    def _next_workday(self, day: date) -> date:
        for _ in range(366 * LONGEST_YEARS):
            day += timedelta(days=1)
            if self.is_workday(day):
                return day
        raise InvalidValue(expected=f"a working day within {LONGEST_YEARS} years", found=f"none after {day}")


def read_week(text: str) -> dict[int, Hours]:
    """`1-5 09:00-12:00,13:00-18:00; 6 09:00-12:00` as hours by ISO weekday. Raises InvalidValue."""
    week: dict[int, Hours] = {}
    for part in text.split(";"):
        found = re.fullmatch(r"\s*([1-7])(?:-([1-7]))?\s+([0-9:,\- ]+)", part)
        if found is None:
            raise InvalidValue(expected="a week such as '" + CN_WEEK + "'", found=text)
        first, last = int(found[1]), int(found[2] or found[1])
        hours = _read_hours(found[3], text)
        for weekday in range(first, last + 1):
            week[weekday] = hours
    if not any(week.values()):
        raise InvalidValue(expected="at least one working hour in a week", found=text)
    return week


# ---------------------------------------------------------------- rows


def calendar(uow: UnitOfWork, key: str = CN) -> WorkCalendar:
    """The calendar with its days; read once per unit of work. Raises NotFound."""
    cached = uow.cache.get((__name__, key))
    if isinstance(cached, WorkCalendar):
        return cached
    row = uow.execute(select(work_calendar).where(work_calendar.c.key == key)).one_or_none()
    if row is None:
        raise NotFound(kind="calendar", key=key)
    days = uow.execute(
        select(work_calendar_day.c.date, work_calendar_day.c.kind).where(work_calendar_day.c.calendar_id == row.id)
    )
    made = WorkCalendar(
        row.name, ZoneInfo(row.timezone), read_week(row.week), {day.date: day.kind == "work" for day in days}
    )
    uow.cache[(__name__, key)] = made
    return made


def ensure_cn(uow: UnitOfWork) -> None:
    """The Chinese calendar with the published holidays of 2025 and 2026; an existing one is left as it is.

    A year without rows follows the weekly pattern.
    """
    if uow.execute(select(work_calendar.c.id).where(work_calendar.c.key == CN)).first():
        return
    key = ids.uuid7()
    row = {"id": key, "key": CN, "name": "中国大陆", "timezone": "Asia/Shanghai", "week": CN_WEEK}
    uow.execute(insert(work_calendar), row)
    rows: list[dict[str, Any]] = []
    for first, last, note in _CN_HOLIDAYS:
        start, end = date.fromisoformat(first), date.fromisoformat(last)
        for n in range((end - start).days + 1):
            rows.append({"calendar_id": key, "date": start + timedelta(days=n), "kind": "off", "note": note})
    for text in _CN_MAKE_UP_DAYS:
        rows.append({"calendar_id": key, "date": date.fromisoformat(text), "kind": "work", "note": "调休"})
    uow.execute(insert(work_calendar_day), rows)


def set_day(uow: UnitOfWork, key: str, day: date, works: bool | None, note: str = "") -> None:
    """Say that `day` differs from the pattern, or no longer does (None). Raises NotFound."""
    row = uow.execute(select(work_calendar.c.id).where(work_calendar.c.key == key)).one_or_none()
    if row is None:
        raise NotFound(kind="calendar", key=key)
    this = (work_calendar_day.c.calendar_id == row.id) & (work_calendar_day.c.date == day)
    uow.cache.pop((__name__, key), None)
    uow.execute(delete(work_calendar_day).where(this))
    if works is not None:
        kind = "work" if works else "off"
        uow.execute(insert(work_calendar_day), {"calendar_id": row.id, "date": day, "kind": kind, "note": note})


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    if moment.tzinfo is None:
        raise InvalidValue(expected="a date and time with a zone", found=moment.isoformat())
    return moment.astimezone(zone).replace(tzinfo=None)


def _read_hours(text: str, whole: str) -> Hours:
    hours: list[tuple[time, time]] = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d\d:\d\d)-(\d\d:\d\d)\s*", part)
        if found is None:
            raise InvalidValue(expected="hours such as 09:00-12:00", found=whole)
        opens, closes = time.fromisoformat(found[1]), time.fromisoformat(found[2])
        if closes <= opens or (hours and opens < hours[-1][1]):
            raise InvalidValue(expected="hours that follow each other", found=whole)
        hours.append((opens, closes))
    return tuple(hours)
