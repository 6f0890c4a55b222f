"""Numbers without gaps, drawn in the caller's transaction: process numbers, voucher and invoice numbers."""

from sqlalchemy import bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.db.counter import counter
from engine.unit_of_work import UnitOfWork

_draw = (
    update(counter)
    .where(counter.c.name == bindparam("drawn"))
    .values(value=counter.c.value + 1)
    .returning(counter.c.value)
)


def next_number(uow: UnitOfWork, name: str) -> int:
    """The next whole number of series `name`, from 1. The series stays locked until the end: draw late."""
    drawn = uow.execute(_draw, {"drawn": name}).scalar()
    if drawn is None:
        drawn = _begin(uow, name)
    return int(drawn)


def _begin(uow: UnitOfWork, name: str) -> int:
    # two who begin a series at once: the second waits here for the first
    if uow.dialect == "postgresql":
        uow.execute(postgresql.insert(counter).values(name=name, value=0).on_conflict_do_nothing())
    else:
        uow.execute(sqlite.insert(counter).values(name=name, value=0).on_conflict_do_nothing())
    return int(uow.execute(_draw, {"drawn": name}).scalar_one())
