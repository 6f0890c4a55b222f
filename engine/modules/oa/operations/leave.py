"""Leave: how many working days it is, whether they are left, book it, give it back."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select, update

from engine import counters, workdays
from engine.errors import N_, BusinessError
from engine.modules.oa.models.leave import leave, leave_balance, leave_type
from engine.modules.oa.operations.employees import of_user
from engine.modules.oa.rows import rows
from engine.operations import OperationCall, operation
from engine.unit_of_work import UnitOfWork

HALF = Decimal("0.5")
LONGEST_DAYS = 366


@operation(
    "oa.check_leave", zh="检查假期", en="Check leave", effect="read",
    outputs={"days": "number", "balance": "number", "limited": "boolean", "enough": "boolean", "overlaps": "boolean"},
    errors=("OA.NOT_EMPLOYED", "OA.LEAVE_TYPE", "DATA.INVALID"),
)  # fmt: skip
def check_leave(
    uow: UnitOfWork, *, user_id: UUID, leave_type: str, starts: date, ends: date, start_half: bool = False,
    end_half: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Working days of a leave and what is left for it. `start_half`: from noon, `end_half`: until noon.

    `balance` is null for types without one. Leave counts for the year in which it begins.
    """
    person = of_user(uow, user_id)
    kind = _kind(uow, leave_type)
    days = _days(uow, starts, ends, start_half, end_half)
    kept = _balance(uow, person.id, kind, starts.year)
    left = None if kept is None else kept.entitled - kept.used
    if kind.limited and left is None:
        left = Decimal(0)
    return {
        "days": days, "balance": left, "limited": kind.limited, "enough": left is None or days <= left,
        "overlaps": _overlaps(uow, person.id, starts, ends, start_half, end_half),
    }  # fmt: skip


@operation(
    "oa.book_leave", zh="登记请假", en="Book leave", compensated_by="oa.cancel_leave",
    outputs={"leave_id": "id", "leave_no": "string", "days": "number", "balance": "number", "existing": "boolean"},
    errors=("OA.NOT_EMPLOYED", "OA.LEAVE_TYPE", "OA.BALANCE_SHORT", "OA.LEAVE_OVERLAP", "DATA.INVALID"),
)  # fmt: skip
def book_leave(
    uow: UnitOfWork, *, user_id: UUID, leave_type: str, starts: date, ends: date, start_half: bool = False,
    end_half: bool = False, reason: str | None = None, reference: str | None = None, call: OperationCall,
) -> dict[str, Any]:  # fmt: skip
    """Put somebody on leave and use up the balance. `reference`: number of the request, booked once."""
    person = of_user(uow, user_id)
    kind = _kind(uow, leave_type)
    if reference is not None:
        known = rows.find(
            uow, select(leave).where(leave.c.source_type == "request", leave.c.source_id == reference)
        )  # fmt: skip
        if known is not None and known.employee_id == person.id:
            kept = _balance(uow, person.id, kind, known.starts.year)
            left = None if kept is None else kept.entitled - kept.used
            return {
                "leave_id": known.id, "leave_no": known.leave_no, "days": known.days, "balance": left, "existing": True,
            }  # fmt: skip
    days = _days(uow, starts, ends, start_half, end_half)
    left = _use(uow, person.id, kind, starts.year, days)
    today = uow.now.astimezone(uow.settings.zone).date()
    leave_no = f"LV-{today:%Y%m}-{counters.next_number(uow, f'oa/LV/{today:%Y%m}'):04d}"
    leave_id = rows.add(
        uow, leave, leave_no=leave_no, business_date=today, created_at=uow.now, created_by=uow.actor.user_id,
        instance_id=call.instance_id, source_type=None if reference is None else "request", source_id=reference,
        note=reason or "", employee_id=person.id, leave_type_id=kind.id, starts=starts, start_half=start_half,
        ends=ends, end_half=end_half, days=days,
    )  # fmt: skip
    return {"leave_id": leave_id, "leave_no": leave_no, "days": days, "balance": left, "existing": False}


@operation(
    "oa.cancel_leave", zh="取消请假", en="Cancel leave", outputs={"cancelled": "boolean"}, errors=("DATA.NOT_FOUND",),
)  # fmt: skip
def cancel_leave(uow: UnitOfWork, *, leave_id: UUID, reason: str = "") -> dict[str, Any]:
    """Give the days back; cancelled twice it changes nothing."""
    found = rows.get(uow, leave, leave_id, lock=True)
    if found.status == "booked":
        rows.change(uow, leave, leave_id, status="cancelled", cancelled_at=uow.now, cancel_reason=reason)
        rows.write(
            uow,
            update(leave_balance)
            .where(
                leave_balance.c.employee_id == found.employee_id,
                leave_balance.c.leave_type_id == found.leave_type_id,
                leave_balance.c.year == found.starts.year,
            )
            .values(used=leave_balance.c.used - found.days),
        )
    return {"cancelled": True}


@operation(
    "oa.grant_leave", zh="设置假期额度", en="Grant leave", outputs={"entitled": "number"},
    errors=("OA.NOT_EMPLOYED", "OA.LEAVE_TYPE", "OA.BALANCE_SHORT"),
)  # fmt: skip
def grant_leave(uow: UnitOfWork, *, user_id: UUID, leave_type: str, year: int, days: Decimal) -> dict[str, Any]:
    """Set how many days of a type somebody may take in a year. Raises OA.BALANCE_SHORT below what is used."""
    person = of_user(uow, user_id)
    kind = _kind(uow, leave_type)
    kept = _balance(uow, person.id, kind, year)
    if kept is None:
        rows.add(
            uow, leave_balance, employee_id=person.id, leave_type_id=kind.id, year=year, entitled=days,
            used=Decimal(0),
        )  # fmt: skip
    else:
        rows.change(uow, leave_balance, kept.id, entitled=days)
    return {"entitled": days}


def _kind(uow: UnitOfWork, code: str) -> Any:
    found = rows.find(uow, select(leave_type).where(leave_type.c.code == code))
    if found is None:
        raise BusinessError("OA.LEAVE_TYPE", found=code)
    return found


def _days(uow: UnitOfWork, starts: date, ends: date, start_half: bool, end_half: bool) -> Decimal:
    if ends < starts or (starts == ends and start_half and end_half) or (ends - starts).days >= LONGEST_DAYS:
        raise BusinessError(
            "DATA.INVALID", expected=N_("an end after the start, within a year"), found=f"{starts} {ends}"
        )
    calendar = workdays.calendar(uow)
    days = Decimal(calendar.count(starts, ends))
    if start_half and calendar.is_workday(starts):
        days -= HALF
    if end_half and calendar.is_workday(ends):
        days -= HALF
    return days


def _balance(uow: UnitOfWork, employee_id: UUID, kind: Any, year: int) -> Any:
    if not kind.limited:
        return None
    return rows.find(
        uow,
        select(leave_balance).where(
            leave_balance.c.employee_id == employee_id,
            leave_balance.c.leave_type_id == kind.id,
            leave_balance.c.year == year,
        ),
    )


def _use(uow: UnitOfWork, employee_id: UUID, kind: Any, year: int, days: Decimal) -> Decimal | None:
    """What is left afterwards; None for types without a balance. Raises OA.BALANCE_SHORT."""
    if not kind.limited:
        return None
    kept = _balance(uow, employee_id, kind, year)
    left: Decimal = Decimal(0) if kept is None else kept.entitled - kept.used
    if days > left:
        raise BusinessError("OA.BALANCE_SHORT", balance=left, days=days)
    if kept is not None:
        rows.change(uow, leave_balance, kept.id, used=leave_balance.c.used + days)
    return left - days


def _overlaps(
    uow: UnitOfWork, employee_id: UUID, starts: date, ends: date, start_half: bool, end_half: bool
) -> bool:  # fmt: skip
    after, before = leave.c.ends > starts, leave.c.starts < ends
    begins = or_(after, and_(leave.c.ends == starts, ~leave.c.end_half)) if start_half else leave.c.ends >= starts
    until = or_(before, and_(leave.c.starts == ends, ~leave.c.start_half)) if end_half else leave.c.starts <= ends
    found = rows.find(
        uow,
        select(leave.c.id)
        .where(leave.c.employee_id == employee_id, leave.c.status == "booked", begins, until)
        .limit(1),
    )
    return found is not None
