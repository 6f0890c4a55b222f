"""Employees: taken on once, known by their user."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from engine import counters
from engine.errors import BusinessError
from engine.modules.oa.models.employee import employee
from engine.modules.oa.rows import rows
from engine.operations import operation
from engine.unit_of_work import UnitOfWork


@operation(
    "oa.create_employee", zh="新增员工", en="Create employee",
    outputs={"employee_id": "id", "no": "string", "existing": "boolean"},
)  # fmt: skip
def create_employee(
    uow: UnitOfWork, *, name: str, user_id: UUID | None = None, org_unit_id: UUID | None = None, position: str = "",
    manager_user_id: UUID | None = None, hired: date | None = None, grade: str = "staff",
) -> dict[str, Any]:  # fmt: skip
    """Take somebody on. A user is one employee: asked again, it is `existing`."""
    known = None if user_id is None else rows.find(uow, select(employee).where(employee.c.user_id == user_id))
    if known is not None:
        return {"employee_id": known.id, "no": known.no, "existing": True}
    manager = None if manager_user_id is None else of_user(uow, manager_user_id).id
    no = f"E{counters.next_number(uow, 'oa/employee'):04d}"
    employee_id = rows.add(
        uow, employee, no=no, name=name, user_id=user_id, org_unit_id=org_unit_id, position=position,
        manager_id=manager, grade=grade, hired=hired or uow.now.astimezone(uow.settings.zone).date(),
    )  # fmt: skip
    return {"employee_id": employee_id, "no": no, "existing": False}


def of_user(uow: UnitOfWork, user_id: UUID) -> Any:
    """The employee behind a user. Raises OA.NOT_EMPLOYED."""
    found = rows.find(uow, select(employee).where(employee.c.user_id == user_id, employee.c.left_on.is_(None)))
    if found is None:
        raise BusinessError("OA.NOT_EMPLOYED", user_id=str(user_id))
    return found
