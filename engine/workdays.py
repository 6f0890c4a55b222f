"""Working days and hours: a weekly pattern, and the days that differ (holidays, 调休 make-up days) as rows."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import chinese_calendar
from sqlalchemy import bindparam, delete, insert, select, update

from engine import history, ids
from engine.db.calendar import work_calendar, work_calendar_day
from engine.errors import N_, InvalidValue, NotFound, Phrase
from engine.unit_of_work import UnitOfWork

Hours = tuple[tuple[time, time], ...]

CN = "cn"
CN_WEEK = "1-5 09:00-12:00,13:00-18:00"
LONGEST_YEARS = 30
FIRST_YEAR = 2025
"""before it nothing is counted"""
_WARN_FROM_MONTH = 11
MOST_DAYS = 2000
"""in one file"""
KINDS = ("off", "work", "half", "none")
"""a day off, a make-up day, a day with hours of its own, a day that follows the week again"""
HALVES = ("am", "pm")
"""of the hours that the week gives the day"""
_NOON = time(12)
_WORDS = {
    "休": "off", "放假": "off", "班": "work", "调休": "work", "上班": "work", "": "none", "半天": "half",
    "上午": "half am", "下午": "half pm", "am": "half am", "pm": "half pm",
}  # fmt: skip

_of_key = select(work_calendar).where(work_calendar.c.key == bindparam("of"))
_days = select(work_calendar_day).where(work_calendar_day.c.calendar_id == bindparam("of")).order_by("date")
_one_day = delete(work_calendar_day).where(
    work_calendar_day.c.calendar_id == bindparam("of"), work_calendar_day.c.date == bindparam("at")
)


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Plain data. `week`: hours by ISO weekday (1 = Monday). `days`: dates that differ: their hours, which may be none,
    `am` or `pm` of what the week gives them, or all of it (`True`, a make-up day)."""

    name: str
    zone: ZoneInfo
    week: Mapping[int, Hours]
    days: Mapping[date, bool | str | Hours] = field(default_factory=dict)

    def is_workday(self, day: date) -> bool:
        """Whether anybody works on `day`."""
        return bool(self.hours(day))

    def hours(self, day: date) -> Hours:
        """The working hours of `day`; a make-up day on a weekend has those of the first working weekday."""
        works = self.days.get(day)
        regular = self.week.get(day.isoweekday(), ())
        if works is None:
            return regular
        if isinstance(works, tuple):
            return works
        if not works:
            return ()
        whole = regular or next(self.week[weekday] for weekday in sorted(self.week) if self.week[weekday])
        return whole if works is True else _half(whole, works)

    def add(self, start: datetime, duration: timedelta) -> datetime:
        """`start` (aware) plus working time, in UTC.

        Whole days are working days and keep the wall time, at most until the last closing of the day that they lead to;
        the rest consumes working hours. A start outside working hours first rolls to the next opening. Raises
        InvalidValue for a negative duration.
        """
        if duration < timedelta(0):
            raise InvalidValue(expected=N_("a duration forwards"), found=str(duration))
        local = self._roll(_local(start, self.zone))
        for _ in range(duration.days):
            local = datetime.combine(self._next_workday(local.date()), local.time())
        if duration.days:
            local = self._within(local)
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

    def _within(self, local: datetime) -> datetime:
        """The wall time of another day in the hours of this one: its next opening, or its last closing."""
        day = local.date()
        for opens, closes in self.hours(day):
            if local.time() <= closes:
                return max(local, datetime.combine(day, opens))
        return datetime.combine(day, self.hours(day)[-1][1])

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
        raise InvalidValue(
            expected=Phrase(N_("a working day within {limit} years"), limit=LONGEST_YEARS),
            found=Phrase(N_("none after {day}"), day=day),
        )


@dataclass(frozen=True, slots=True)
class DayChange:
    """A day that differs from the week of its calendar, or no longer does. `kind`: one of KINDS.

    `hours`: of a half day, am | pm | 09:00-12:00.
    """

    day: date
    kind: str
    note: str = ""
    hours: str = ""


@dataclass(frozen=True, slots=True)
class DayLine:
    """A line of a file: its change, or the message (with `found`) that says why there is none."""

    number: int
    text: str
    change: DayChange | None
    message: str = ""
    found: str = ""


def read_week(text: str) -> dict[int, Hours]:
    """`1-5 09:00-12:00,13:00-18:00; 6 09:00-12:00` as hours by ISO weekday. Raises InvalidValue."""
    week: dict[int, Hours] = {}
    for part in text.split(";"):
        found = re.fullmatch(r"\s*([1-7])(?:-([1-7]))?\s+([0-9:,\- ]+)", part)
        if found is None:
            raise InvalidValue(expected=Phrase(N_("a week such as '{week}'"), week=CN_WEEK), found=text)
        first, last = int(found[1]), int(found[2] or found[1])
        hours = _read_hours(found[3], text)
        for weekday in range(first, last + 1):
            week[weekday] = hours
    if not any(week.values()):
        raise InvalidValue(expected=N_("at least one working hour in a week"), found=text)
    return week


def write_week(week: Mapping[int, Hours]) -> str:
    """As `read_week` reads it, weekdays with the same hours together."""
    spans: list[tuple[int, int, str]] = []
    for weekday in sorted(week):
        text = write_hours(week[weekday])
        if spans and spans[-1][2] == text and spans[-1][1] == weekday - 1:
            spans[-1] = (spans[-1][0], weekday, text)
        elif text:
            spans.append((weekday, weekday, text))
    return "; ".join(f"{first}-{last} {text}" if last > first else f"{first} {text}" for first, last, text in spans)


def write_hours(hours: Hours) -> str:
    """`09:00-12:00,13:00-18:00`; empty for none."""
    return ",".join(f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in hours)


def read_half(text: str) -> str:
    """The hours of a half day, am | pm | 09:00-12:00, as they are kept. Raises InvalidValue."""
    plain = text.strip().lower()
    return plain if plain in HALVES else write_hours(_read_hours(plain, text or "–"))


class Asked:
    """The calendar that FEEL asks, read when it is asked first."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def is_workday(self, day: date) -> bool:
        """As WorkCalendar."""
        return calendar(self._uow).is_workday(day)

    def add(self, start: datetime, duration: timedelta) -> datetime:
        """As WorkCalendar."""
        return calendar(self._uow).add(start, duration)


def changed(calendar: WorkCalendar, changes: Sequence[DayChange], week: str = "") -> WorkCalendar:
    """The calendar as it will be with `changes`, and with `week` in place of its own. Raises InvalidValue."""
    days = dict(calendar.days)
    for change in changes:
        days.pop(change.day, None)
        if change.kind != "none":
            days[change.day] = _works(change)
    return replace(calendar, days=days, week=read_week(week) if week else calendar.week)


# ---------------------------------------------------------------- rows


def calendar(uow: UnitOfWork, key: str = CN) -> WorkCalendar:
    """The calendar with its days; read once per unit of work. Raises NotFound."""
    cached = uow.cache.get((__name__, key))
    if isinstance(cached, WorkCalendar):
        return cached
    row = _existing(uow, key)
    differing = {day.day: _works(day) for day in days(uow, key)}
    made = WorkCalendar(row.name, ZoneInfo(row.timezone), read_week(row.week), differing)
    uow.cache[(__name__, key)] = made
    return made


def ensure_cn(uow: UnitOfWork) -> None:
    """The Chinese calendar with the published holidays from 2025 on; an existing one is left as it is.

    A year without rows follows the weekly pattern.
    """
    if uow.execute(_of_key, {"of": CN}).first():
        return
    key = ids.uuid7()
    row = {"id": key, "key": CN, "name": "中国大陆", "timezone": "Asia/Shanghai", "week": CN_WEEK}
    uow.execute(insert(work_calendar), row)
    known = sorted({day.year for day in chinese_calendar.holidays if day.year >= FIRST_YEAR})
    found = [change for year in known for change in published(year)]
    uow.execute(insert(work_calendar_day), [_row(key, change) for change in found])


def published(year: int) -> list[DayChange]:
    """Holidays and make-up days of `year` in mainland China; empty when they are not known."""
    off = [
        DayChange(day, "off", chinese_calendar.Holiday(name).chinese)
        for day, name in chinese_calendar.holidays.items()
        if day.year == year
    ]
    made_up = [DayChange(day, "work", "调休") for day in chinese_calendar.workdays if day.year == year]
    return sorted(off + made_up, key=lambda change: change.day)


def calendars(uow: UnitOfWork) -> list[tuple[str, str]]:
    """Key and name of each."""
    query = select(work_calendar.c.key, work_calendar.c.name).order_by(work_calendar.c.key)
    return [(row.key, row.name) for row in uow.execute(query)]


def days(uow: UnitOfWork, key: str) -> list[DayChange]:
    """The days of a calendar that differ from its week, by date. Raises NotFound."""
    found = uow.execute(_days, {"of": _existing(uow, key).id})
    return [DayChange(row.date, row.kind, row.note, row.hours) for row in found]


def missing_year(uow: UnitOfWork, today: date, key: str = CN) -> int | None:
    """Next year, from November on, while `key` has no day of it. None without such a calendar."""
    row = uow.execute(_of_key, {"of": key}).one_or_none()
    if today.month < _WARN_FROM_MONTH or row is None:
        return None
    coming = today.year + 1
    return None if any(day.day.year == coming for day in days(uow, key)) else coming


def change_days(uow: UnitOfWork, key: str, changes: Sequence[DayChange]) -> int:
    """Let days differ from the week, or follow it again; each change is an act on record.

    Returns how many were really changed. Due dates and timers that are set already stay: `recounting.change` moves them
    too. Raises NotFound.
    """
    calendar_id = _existing(uow, key).id
    before = {day.day: day for day in days(uow, key)}
    uow.cache.pop((__name__, key), None)
    changed = 0
    for change in changes:
        old = before.get(change.day, DayChange(change.day, "none"))
        if change == old:
            continue
        uow.execute(_one_day, {"of": calendar_id, "at": change.day})
        before.pop(change.day, None)
        if change.kind != "none":
            uow.execute(insert(work_calendar_day), _row(calendar_id, change))
            before[change.day] = change
        data = {"calendar": key, "date": change.day, "from": old.kind, "to": change.kind, "note": change.note}
        if old.hours or change.hours:
            data |= {"hours_from": old.hours, "hours_to": change.hours}
        history.act(uow, "calendar", "calendar.day_changed", data)
        changed += 1
    return changed


def change_week(uow: UnitOfWork, key: str, week: str) -> bool:
    """Other hours for the days of the week, an act on record; False: they were the same. As `change_days` otherwise.

    Raises NotFound, InvalidValue.
    """
    row = _existing(uow, key)
    plain = write_week(read_week(week))
    if plain == write_week(read_week(row.week)):
        return False
    uow.cache.pop((__name__, key), None)
    uow.execute(update(work_calendar).where(work_calendar.c.id == row.id), {"week": plain})
    data = {"calendar": key, "from": row.week, "to": plain}
    history.act(uow, "calendar", "calendar.week_changed", data)
    return True


def read_days(text: str) -> list[DayLine]:
    """Lines `date,kind,note` of a CSV file, each with its change or with why it is refused; a heading is left out.

    kind: off | work | half am | half pm | half 13:00-17:00 | none, or 休 | 班 | 上午 | 下午.

    Raises InvalidValue for more than MOST_DAYS lines.
    """
    found: list[DayLine] = []
    seen: set[date] = set()
    for number, cells in enumerate(csv.reader(text.lstrip("\ufeff").splitlines()), 1):
        if not any(cell.strip() for cell in cells) or (number == 1 and cells[0].strip().lower() in ("date", "日期")):
            continue
        if len(found) == MOST_DAYS:
            raise InvalidValue(expected=Phrase(N_("at most {limit} lines"), limit=MOST_DAYS), found=number)
        line = _read_line(number, [cell.strip() for cell in cells], seen)
        if line.change is not None:
            seen.add(line.change.day)
        found.append(line)
    return found


def _read_line(number: int, cells: list[str], seen: set[date]) -> DayLine:
    shown = ",".join(cells)
    try:
        day = date.fromisoformat(cells[0].replace("/", "-"))
    except ValueError:
        return DayLine(number, shown, None, N_("Expected a date such as 2027-01-01, found {found}."), cells[0])
    word = cells[1].lower() if len(cells) > 1 else ""
    kind, _, hours = _WORDS.get(word, word).partition(" ")
    if kind not in KINDS or len(cells) < 2 or (hours and kind != "half"):
        return DayLine(number, shown, None, N_("Expected off, work, half or none after the date, found {found}."), word)
    if kind == "half":
        try:
            hours = read_half(hours)
        except InvalidValue:
            message = N_("Expected half am, half pm or half 09:00-12:00 after the date, found {found}.")
            return DayLine(number, shown, None, message, word)
    if day in seen:
        return DayLine(number, shown, None, N_("Expected each date once, found {found} again."), day.isoformat())
    return DayLine(number, shown, DayChange(day, kind, ",".join(cells[2:]) if kind != "none" else "", hours))


def write_days(changes: Sequence[DayChange]) -> str:
    """`changes` as the text that `read_days` reads."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(
        (change.day, f"{change.kind} {change.hours}".strip(), change.note) for change in changes
    )
    return out.getvalue()


def _existing(uow: UnitOfWork, key: str) -> Any:
    row = uow.execute(_of_key, {"of": key}).one_or_none()
    if row is None:
        raise NotFound(kind="calendar", key=key)
    return row


def _row(calendar_id: UUID, change: DayChange) -> dict[str, Any]:
    return {
        "calendar_id": calendar_id, "date": change.day, "kind": change.kind, "note": change.note, "hours": change.hours,
    }  # fmt: skip


def _works(change: DayChange) -> bool | str | Hours:
    """As WorkCalendar keeps it."""
    if change.kind != "half":
        return change.kind == "work"
    return change.hours if change.hours in HALVES else _read_hours(change.hours, change.hours)


def _half(hours: Hours, half: str) -> Hours:
    """What lies before noon, or behind it."""
    if half == "am":
        return tuple((opens, min(closes, _NOON)) for opens, closes in hours if opens < _NOON)
    return tuple((max(opens, _NOON), closes) for opens, closes in hours if closes > _NOON)


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    if moment.tzinfo is None:
        raise InvalidValue(expected=N_("a date and time with a zone"), found=moment.isoformat())
    return moment.astimezone(zone).replace(tzinfo=None)


def _read_hours(text: str, whole: str) -> Hours:
    hours: list[tuple[time, time]] = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d\d:\d\d)-(\d\d:\d\d)\s*", part)
        if found is None:
            raise InvalidValue(expected=N_("hours such as 09:00-12:00"), found=whole)
        opens, closes = time.fromisoformat(found[1]), time.fromisoformat(found[2])
        if closes <= opens or (hours and opens < hours[-1][1]):
            raise InvalidValue(expected=N_("hours that follow each other"), found=whole)
        hours.append((opens, closes))
    return tuple(hours)
