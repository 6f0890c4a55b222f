"""Demo rows of this module: employees, leave types, a year of leave; made with the module's own operations."""

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from engine import workdays
from engine.clock import FrozenClock
from engine.db.identity import org_unit
from engine.ids import named
from engine.modules.oa.demo_people import demo_data
from engine.modules.oa.models.leave import leave_type
from engine.modules.oa.operations import employees, leave
from engine.operations import OperationCall
from engine.unit_of_work import UnitOfWork

Factory = Callable[[str | None], AbstractContextManager[UnitOfWork]]
Progress = Callable[[int, int], None]

TYPES = (
    ("annual", "年假", "Annual leave", True), ("sick", "病假", "Sick leave", False),
    ("personal", "事假", "Personal leave", False), ("marriage", "婚假", "Marriage leave", False),
    ("maternity", "产假", "Maternity leave", False), ("paternity", "陪产假", "Paternity leave", False),
    ("bereavement", "丧假", "Bereavement leave", False),
)  # fmt: skip
ENTITLED = {"executive": 15, "director": 12, "manager": 10, "staff": 7}


def load_people(
    uow_factory: Factory, people: dict[str, UUID], clock: FrozenClock, seed: int, size: str, progress: Progress,
    facts: dict[str, Any],
) -> None:  # fmt: skip
    """Employees of all accounts, what leave they may take, and what they took in the last year."""
    today = clock.now()
    chosen = random.Random(f"{seed}/oa/employees")  # noqa: S311 - the same rows for the same seed
    day = today.date()
    with uow_factory("hr") as uow:
        workdays.ensure_cn(uow)
        uow.execute(
            insert(leave_type),
            [
                {"id": named(seed, "leave_type", code), "code": code, "name_zh": zh, "name_en": en, "limited": limited}
                for code, zh, en, limited in TYPES
            ],
        )
        units = {row.key: row.id for row in uow.execute(select(org_unit.c.key, org_unit.c.id))}
        for person in demo_data().people:
            employees.create_employee(
                uow, name=person.name, user_id=people[person.login], org_unit_id=units.get(person.org_unit),
                position=person.position, manager_user_id=people[person.manager] if person.manager else None,
                hired=date(chosen.randint(2014, 2024), chosen.randint(1, 12), chosen.randint(1, 28)),
                grade=person.grade,
            )  # fmt: skip
            for year in (day.year - 1, day.year, day.year + 1):
                leave.grant_leave(
                    uow, user_id=people[person.login], leave_type="annual", year=year,
                    days=Decimal(ENTITLED[person.grade]),
                )  # fmt: skip
    if size != "tiny":
        _history(uow_factory, people, clock, seed, progress)
    clock.move_to(today)


def _history(uow_factory: Factory, people: dict[str, UUID], clock: FrozenClock, seed: int, progress: Progress) -> None:
    today = clock.now()
    chosen = random.Random(f"{seed}/oa/leave")  # noqa: S311 - the same rows for the same seed
    logins = sorted(people)
    for month in range(12, 0, -1):
        clock.move_to(today - timedelta(days=30 * month))
        with uow_factory("hr") as uow:
            for number in range(6):
                login = chosen.choice(logins)
                starts = clock.now().date() + timedelta(days=chosen.randint(1, 28))
                kind = chosen.choice(("annual", "annual", "annual", "sick", "personal"))
                asked = {
                    "user_id": people[login], "leave_type": kind, "starts": starts,
                    "ends": starts + timedelta(days=chosen.choice((0, 0, 1, 2, 4))), "end_half": chosen.random() < 0.2,
                }  # fmt: skip
                seen = leave.check_leave(uow, **asked)
                if seen["enough"] and not seen["overlaps"] and seen["days"]:
                    call = OperationCall(named(seed, "leave", month, number))
                    leave.book_leave(uow, **asked, call=call)
        progress(13 - month, 12)


STAGES = ((10, "员工与假期", "Employees and leave", load_people),)
