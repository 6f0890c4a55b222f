"""Process numbers such as BX202611230001, drawn in the transaction that starts the instance."""

import re
from datetime import datetime

from engine import counters
from engine.bpmn.model import Numbering
from engine.unit_of_work import UnitOfWork

_PART = re.compile(r"\{(yyyy|MM|dd|yyyyMM|yyyyMMdd|yy|seq)(?::(\d))?\}")
_DATES = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "yyyyMM": "%Y%m", "yyyyMMdd": "%Y%m%d"}
_PERIODS = {"day": "%Y%m%d", "month": "%Y%m", "year": "%Y", "never": "all"}


def draw(uow: UnitOfWork, numbering: Numbering, process_key: str) -> str:
    """The next number of the pattern; it begins again with each period, in the zone of business dates."""
    today = uow.now.astimezone(uow.settings.zone)
    series = process_key if numbering.scope == "process" else numbering.pattern
    drawn = counters.next_number(uow, f"number:{series}:{today.strftime(_PERIODS[numbering.period])}"[:120])
    return _PART.sub(lambda part: _fill(part, today, drawn), numbering.pattern)


def _fill(part: re.Match[str], today: datetime, drawn: int) -> str:
    if part[1] == "seq":
        return str(drawn).zfill(int(part[2] or 1))
    return today.strftime(_DATES[part[1]])
