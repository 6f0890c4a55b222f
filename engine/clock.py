"""The one source of time outside the database: aware UTC, and a clock that stands still for tests."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time; `frozen` clocks override the database's own."""

    frozen: bool

    def now(self) -> datetime:
        """Aware UTC."""


class SystemClock:
    """The machine's clock."""

    frozen = False

    def now(self) -> datetime:
        """Aware UTC, microseconds."""
        return datetime.now(UTC)


class FrozenClock:
    """Stands still until it is moved. For tests, scenarios, replays and demo data."""

    frozen = True

    def __init__(self, at: datetime) -> None:
        self._at = _aware(at)

    def now(self) -> datetime:
        """The instant it was last moved to."""
        return self._at

    def move_to(self, at: datetime) -> None:
        """Stand at `at`, which may lie in the past."""
        self._at = _aware(at)

    def advance(self, by: timedelta) -> None:
        """Move on by `by`."""
        self._at += by


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"expected an aware datetime, found {at!r}")
    return at.astimezone(UTC)
