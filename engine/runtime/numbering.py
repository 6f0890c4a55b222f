"""Process numbers such as BX202611230001, drawn in the transaction that starts the instance."""

import re
from datetime import datetime

from sqlalchemy import bindparam, select

from engine import counters, identity
from engine.bpmn.model import NUMBER_PART, Numbering
from engine.db.instance import Instance, instance
from engine.unit_of_work import UnitOfWork

_DATES = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "yyyyMM": "%Y%m", "yyyyMMdd": "%Y%m%d"}
_PERIODS = {"day": "%Y%m%d", "month": "%Y%m", "year": "%Y", "never": "all"}
NOBODY = "none"
"""The company of whoever belongs to no department."""

_taken = select(instance.c.id).where(
    instance.c.series == bindparam("in_series"), instance.c.number == bindparam("of_number")
)


def draw(uow: UnitOfWork, numbering: Numbering, drawn_for: Instance) -> None:
    """Give an instance the next number of the pattern; it begins again with each period, in the zone of business dates.

    A number that was given stays taken, whatever becomes of its instance.
    """
    today = uow.now.astimezone(uow.settings.zone)
    company = _company(uow, drawn_for) if "entity" in (numbering.scope, *_parts(numbering.pattern)) else ""
    series = numbering.pattern if numbering.scope == "global" else drawn_for.process_key
    if numbering.scope == "entity":
        series = f"{series}:{company}"
    period = f"number:{series}:{today.strftime(_PERIODS[numbering.period])}"[:120]
    drawn = counters.next_number(uow, period)
    number = _fill(numbering.pattern, today, drawn, company)
    # another version, or another process with this pattern, may have counted these numbers in another period
    while uow.read_one(_taken, {"in_series": series[:200], "of_number": number}):
        number = _fill(numbering.pattern, today, counters.next_number(uow, period), company)
    drawn_for.number, drawn_for.series = number, series[:200]


def _parts(pattern: str) -> list[str]:
    return [part[1] for part in NUMBER_PART.finditer(pattern)]


def _fill(pattern: str, today: datetime, drawn: int, company: str) -> str:
    def text_of(part: re.Match[str]) -> str:
        if part[1] == "seq":
            return str(drawn).zfill(int(part[2] or 1))
        return company.upper() if part[1] == "entity" else today.strftime(_DATES[part[1]])

    return NUMBER_PART.sub(text_of, pattern)


def _company(uow: UnitOfWork, drawn_for: Instance) -> str:
    """The key of the topmost organisation unit above the requester."""
    if drawn_for.starter_id is None:
        return NOBODY
    return identity.company_of(uow, drawn_for.starter_id) or NOBODY
