"""Times to the nanosecond, the precision that ISO 8601 texts from elsewhere carry (DMN 1.5, 10.3.2.3.4 sets none).

They are times of Python with up to 999 nanoseconds more, so that everything which takes a time takes them; whatever
stores one keeps its microseconds. Only a text with more than six digits of a second makes one.
"""

from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Self


class NanoTime(time):
    """A time and `nanos`, 0 to 999, behind its microsecond."""

    __slots__ = ("nanos",)
    nanos: int

    def __new__(cls, *args: Any, nanos: int = 0, **named: Any) -> Self:
        """As `time`."""
        self = super().__new__(cls, *args, **named)
        self.nanos = nanos
        return self

    def replace(self, *args: Any, **named: Any) -> Self:
        """As `time.replace`; the nanoseconds stay."""
        changed = super().replace(*args, **named)
        changed.nanos = self.nanos
        return changed


class NanoDateTime(datetime):
    """A date and time with `nanos`, 0 to 999, behind its microsecond."""

    __slots__ = ("nanos",)
    nanos: int

    def __new__(cls, *args: Any, nanos: int = 0, **named: Any) -> Self:
        """As `datetime`."""
        self = super().__new__(cls, *args, **named)
        self.nanos = nanos
        return self

    def _like(self, moment: datetime) -> Self:
        like = type(self).combine(moment.date(), datetime.timetz(moment))
        like.nanos = self.nanos
        return like

    def replace(self, *args: Any, **named: Any) -> Self:
        """As `datetime.replace`; the nanoseconds stay."""
        return self._like(super().replace(*args, **named))

    def astimezone(self, tz: tzinfo | None = None) -> Self:
        """As `datetime.astimezone`; the nanoseconds stay."""
        return self._like(self._coarse().astimezone(tz))

    def timetz(self) -> time:
        """With the nanoseconds."""
        return with_nanos(super().timetz(), self.nanos)

    def __add__(self, duration: timedelta) -> Self:
        return self._like(self._coarse() + duration)

    def _coarse(self) -> datetime:
        return datetime.combine(self.date(), super().timetz())


def with_nanos(clock: time, nanos: int) -> time:
    """`clock` and that many nanoseconds; a plain time for none."""
    if not nanos:
        return clock
    return NanoTime(clock.hour, clock.minute, clock.second, clock.microsecond, clock.tzinfo, nanos=nanos)


def combine(day: date, clock: time) -> datetime:
    """`datetime.combine` that keeps the nanoseconds of `clock`."""
    if type(clock) is not NanoTime:
        return datetime.combine(day, clock)
    moment = NanoDateTime.combine(day, clock)
    moment.nanos = clock.nanos
    return moment


def nanos_of(value: Any) -> int:
    """What is behind the microsecond of a time or a date and time."""
    nanos: int = getattr(value, "nanos", 0)
    return nanos
