"""Cron expressions of six fields, as Zeebe and Spring read them: `second minute hour day-of-month month day-of-week`.

Fields hold `*`, `?`, numbers, ranges `1-5`, steps `*/15` and `10-40/5`, lists, names (MON, JAN), `L` for the last day
of the month. A day counts when both day fields allow it; Sunday is 0 or 7. `@hourly` … `@yearly` stand for whole lines.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_MACROS = {
    "@yearly": "0 0 0 1 1 *", "@annually": "0 0 0 1 1 *", "@monthly": "0 0 0 1 * *", "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *", "@midnight": "0 0 0 * * *", "@hourly": "0 0 * * * *",
}  # fmt: skip
_MONTHS = dict(
    zip(("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), range(1, 13), strict=True)
)
_WEEKDAYS = dict(zip(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), range(7), strict=True))
_DAYS_AHEAD = 366 * 9
"""29 February may be eight years away"""


@dataclass(frozen=True, slots=True)
class Cron:
    """The numbers that each field allows. `last`: also the last day of the month."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    last: bool
    text: str

    def after(self, moment: datetime, zone: str) -> datetime | None:
        """The first time after `moment` (aware), in UTC; None when there is none in nine years.

        A wall time that the zone skips happens when its clocks are put on.
        """
        there = ZoneInfo(zone)
        local = moment.astimezone(there)
        for ahead in range(_DAYS_AHEAD):
            day = local.date() + timedelta(days=ahead)
            if not self._allows(day):
                continue
            for at in self._times():
                found = datetime.combine(day, at, there).astimezone(UTC)
                if found > moment:
                    return found
        return None

    def _allows(self, day: date) -> bool:
        if day.month not in self.months or day.isoweekday() % 7 not in self.weekdays:
            return False
        return day.day in self.days or (self.last and day.day == monthrange(day.year, day.month)[1])

    def _times(self) -> Iterator[time]:
        for hour in self.hours:
            for minute in self.minutes:
                for second in self.seconds:
                    yield time(hour, minute, second)


def read_cron(text: str) -> Cron | None:
    """None when `text` is no cron expression."""
    fields = _MACROS.get(text.strip().lower(), text).upper().split()
    if len(fields) != 6:
        return None
    day_text = fields[3]
    last = "L" in day_text.split(",")
    plain = ",".join(part for part in day_text.split(",") if part != "L")
    try:
        weekdays = _numbers(fields[5], 0, 7, _WEEKDAYS)
        return Cron(
            seconds=tuple(sorted(_numbers(fields[0], 0, 59))),
            minutes=tuple(sorted(_numbers(fields[1], 0, 59))),
            hours=tuple(sorted(_numbers(fields[2], 0, 23))),
            days=_numbers(plain, 1, 31) if plain else frozenset(),
            months=_numbers(fields[4], 1, 12, _MONTHS),
            weekdays=frozenset(number % 7 for number in weekdays),
            last=last,
            text=text.strip(),
        )
    except ValueError:
        return None


def _numbers(field: str, least: int, most: int, names: dict[str, int] | None = None) -> frozenset[int]:
    """Raises ValueError."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step_text = part.partition("/")
        step = int(step_text) if step_text else 1
        if span in ("*", "?"):
            first, end = least, most
        else:
            low, _, high = span.partition("-")
            first = _number(low, names)
            end = _number(high, names) if high else (most if step_text else first)
        if step < 1 or not least <= first <= end <= most:
            raise ValueError(part)
        found.update(range(first, end + 1, step))
    return frozenset(found)


def _number(text: str, names: dict[str, int] | None) -> int:
    return names[text] if names is not None and text in names else int(text)
