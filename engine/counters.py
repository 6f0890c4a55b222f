"""Numbers without gaps, drawn in the caller's transaction: process numbers, voucher and invoice numbers."""

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.db.counter import counter
from engine.unit_of_work import UnitOfWork

_last = select(counter.c.value).where(counter.c.name == bindparam("drawn")).with_for_update()
_count = update(counter).where(counter.c.name == bindparam("drawn"))
_begin = {
    "postgresql": postgresql.insert(counter).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(counter).on_conflict_do_nothing(),
}


def next_number(uow: UnitOfWork, name: str) -> int:
    """The next whole number of series `name`, from 1; nobody else draws from it until the end: draw late.

    What is rolled back takes its number with it, so a series has no gaps.
    """
    last = uow.read_one(_last, {"drawn": name})
    if last is None:
        # two who begin a series at once: the second waits here for the first
        uow.queue(_begin[uow.dialect], {"name": name, "value": 0})
        last = uow.read_one(_last, {"drawn": name})
    number = int(last.value) + 1
    uow.queue(_count, {"drawn": name, "value": number}, expect=1)
    return number
