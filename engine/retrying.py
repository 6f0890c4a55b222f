"""What a retry text means: `R5/PT1M` is five more attempts a minute apart, `PT10S,PT1M` one more after each."""

import re
from datetime import timedelta
from functools import lru_cache
from uuid import UUID

from engine.errors import WrongRetry

_REPEAT = re.compile(r"R(\d{1,3})/(.+)")
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


@lru_cache(maxsize=256)
def delays(text: str) -> tuple[timedelta, ...]:
    """The pause before each further attempt; empty: one attempt only. Raises WrongRetry."""
    repeat = _REPEAT.fullmatch(text.strip())
    if repeat:
        return (_duration(repeat[2], text),) * int(repeat[1])
    return tuple(_duration(part.strip(), text) for part in text.split(",") if part.strip())


def pause(text: str, attempts: int, key: UUID) -> timedelta | None:
    """How long to wait after attempt number `attempts` (from 1); None when they are spent.

    ± 10 % by `key`, so that jobs which failed together do not come back together. Raises WrongRetry.
    """
    known = delays(text)
    if attempts > len(known):
        return None
    return known[attempts - 1] * (1 + (key.int % 2001 - 1000) / 10_000)


def _duration(text: str, whole: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    if found is None or text in ("P", "PT"):
        raise WrongRetry(found=whole)
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
