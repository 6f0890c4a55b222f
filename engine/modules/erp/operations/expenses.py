"""What employees spent: booked as a debt to them, paid like any other debt."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from engine.errors import N_, BusinessError
from engine.modules.erp import amounts
from engine.modules.erp.models.invoice import expense_claim, expense_line
from engine.modules.erp.operations import ledger
from engine.modules.erp.operations.context import CURRENCY, checked, document_no, head
from engine.modules.erp.operations.lines import ExpenseLine
from engine.modules.erp.operations.payables import requested
from engine.modules.erp.rows import rows
from engine.operations import OperationCall, operation
from engine.unit_of_work import UnitOfWork

_booked = select(expense_claim).where(
    expense_claim.c.source_type == bindparam("of_type"), expense_claim.c.source_id == bindparam("of_id")
)


@operation(
    "erp.book_expense_claim", zh="登记费用报销", en="Book expense claim", compensated_by="erp.cancel_expense_claim",
    outputs={"claim_id": "id", "claim_no": "string", "total": "number", "currency": "string",
             "voucher_no": "string", "existing": "boolean"},
    errors=("DATA.INVALID", "ERP.CLAIM_DIFFERS", "ERP.PERIOD_CLOSED"),
)  # fmt: skip
def book_expense_claim(
    uow: UnitOfWork, *, claimant_id: UUID, lines: list[ExpenseLine] | None = None, amount: Decimal | None = None,
    title: str | None = None, department: str | None = None, reference: str | None = None, call: OperationCall,
) -> dict[str, Any]:  # fmt: skip
    """Owe an employee (user id) what was spent, with its voucher. `lines`, or `amount` for a single one.

    `reference`: number of the request; booked again it is `existing`, with another total ERP.CLAIM_DIFFERS.
    """
    spent: list[ExpenseLine] = lines or ([{"amount": amount}] if amount is not None else [])
    if not spent or not all(_is_sound(line) for line in spent):
        raise BusinessError(
            "DATA.INVALID", expected=N_("amounts above 0 in cents, tax below them"), found=N_("others or none")
        )
    total = amounts.cents(sum((line["amount"] for line in spent), amounts.ZERO))
    tax = sum((line.get("tax") or amounts.ZERO for line in spent), amounts.ZERO)
    source = None if reference is None else ("request", checked("reference", reference, 60))
    if source is not None:
        known = uow.read_one(_booked, {"of_type": source[0], "of_id": source[1]})
        if known is not None:
            if (known.total, known.claimant_id) != (total, claimant_id) or known.cancelled_at is not None:
                raise BusinessError("ERP.CLAIM_DIFFERS", claim_no=known.claim_no, expected=known.total, found=total)
            return _facts(known.id, known.claim_no, known.total, known.voucher_no, existing=True)
    claim_no = document_no(uow, "EC")
    claim_id = rows.add(
        uow, expense_claim, claim_no=claim_no, **head(uow, call, source), claimant_id=claimant_id,
        department=department or "", title=title or "", currency=CURRENCY, total=total, open_amount=total,
    )  # fmt: skip
    rows.add_all(
        uow,
        expense_line,
        [
            {
                "claim_id": claim_id, "line_no": number, "category": line.get("category") or "other",
                "spent_on": line.get("spent_on"), "text": line.get("text") or "",
                "amount": line["amount"], "tax": line.get("tax") or amounts.ZERO,
            }
            for number, line in enumerate(spent, 1)
        ],
    )  # fmt: skip
    voucher_no = ledger.post(
        uow, "expense_claim", ("erp_expense_claim", claim_id), {"net": total - tax, "tax": tax, "gross": total},
        aux={"department": department or "", "employee": str(claimant_id)},
        summary=f"报销 {claim_no} {title or ''}".strip(),
        instance_id=call.instance_id,
    )  # fmt: skip
    rows.change(uow, expense_claim, claim_id, voucher_no=voucher_no)
    return _facts(claim_id, claim_no, total, voucher_no, existing=False)


@operation(
    "erp.cancel_expense_claim", zh="撤销费用报销", en="Cancel expense claim", outputs={"cancelled": "boolean"},
    errors=("DATA.NOT_FOUND", "ERP.ALREADY_REQUESTED", "ERP.PERIOD_CLOSED"),
)  # fmt: skip
def cancel_expense_claim(uow: UnitOfWork, *, claim_id: UUID, reason: str = "", call: OperationCall) -> dict[str, Any]:
    """Owe it no longer: red voucher. Raises ERP.ALREADY_REQUESTED while a payment of it is requested or made."""
    claim = rows.get(uow, expense_claim, claim_id, lock=True)
    if claim.cancelled_at is not None:
        return {"cancelled": True}
    if claim.open_amount < claim.total or requested(uow, "expense", claim_id):
        raise BusinessError("ERP.ALREADY_REQUESTED", document_no=claim.claim_no)
    rows.change(
        uow, expense_claim, claim_id, cancelled_at=uow.now, cancel_reason=reason, open_amount=amounts.ZERO
    )  # fmt: skip
    ledger.reverse_of(uow, "expense_claim", ("erp_expense_claim", claim_id), reason, call.instance_id)
    return {"cancelled": True}


def _is_sound(line: ExpenseLine) -> bool:
    tax = line.get("tax") or amounts.ZERO
    return amounts.is_money(line["amount"]) and 0 <= tax < line["amount"] and tax == amounts.cents(tax)


def _facts(claim_id: UUID, claim_no: str, total: Decimal, voucher_no: str | None, *, existing: bool) -> dict[str, Any]:
    return {
        "claim_id": claim_id, "claim_no": claim_no, "total": total, "currency": CURRENCY, "voucher_no": voucher_no,
        "existing": existing,
    }  # fmt: skip
