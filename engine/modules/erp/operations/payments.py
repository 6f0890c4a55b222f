"""Paying: a request names amount and payee, people approve exactly that, the payment repeats it behind the gate."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, or_, select, update

from engine.errors import N_, BusinessError
from engine.ids import uuid7
from engine.modules.erp import amounts
from engine.modules.erp.models.invoice import expense_claim, supplier_invoice
from engine.modules.erp.models.item import company
from engine.modules.erp.models.ledger import period
from engine.modules.erp.models.payee import payee_account, payee_account_version
from engine.modules.erp.models.treasury import payment, payment_request, payment_request_item
from engine.modules.erp.operations import ledger, owners
from engine.modules.erp.operations.context import business_date, document_no, head
from engine.modules.erp.operations.payables import OF, requested
from engine.modules.erp.rows import rows
from engine.operations import Facts, OperationCall, of_amount, operation, subject
from engine.unit_of_work import UnitOfWork

UNPAID = ("draft", "submitted")
LIVE = or_(*(payment_request.c.status == word for word in (*UNPAID, "paid")))

# read after the request is locked: a join inside the lock would see rows from before its wait
_bound = (
    select(
        payee_account_version.c.account_id, payee_account_version.c.version, payee_account_version.c.account_name,
        payee_account_version.c.bank_name, payee_account_version.c.account_no, payee_account_version.c.created_by,
        payee_account_version.c.called_by, payee_account_version.c.confirmed_by,
        payee_account_version.c.id.label("version_id"), payee_account.c.owner_kind, payee_account.c.owner_id,
        payee_account.c.owner_name,
        payment_request_item.c.supplier_invoice_id, payment_request_item.c.expense_claim_id,
        payment_request_item.c.document_no, select(company.c.uscc).limit(1).scalar_subquery().label("entity"),
        select(company.c.name).limit(1).scalar_subquery().label("company_name"),
        payee_account_version.c.confirmed_at, supplier_invoice.c.match_state,
        select(period.c.status).where(period.c.id == bindparam("month")).scalar_subquery().label("period_status"),
    )
    .select_from(payee_account_version)
    .join(payee_account, payee_account.c.id == payee_account_version.c.account_id)
    .outerjoin(payment_request_item, payment_request_item.c.request_id == bindparam("request"))
    .outerjoin(supplier_invoice, supplier_invoice.c.id == payment_request_item.c.supplier_invoice_id)
    .where(payee_account_version.c.id == bindparam("payee"))
    .order_by(payment_request_item.c.line_no)
)  # fmt: skip
_in_force = (
    select(payee_account_version)
    .join(payee_account, payee_account.c.id == payee_account_version.c.account_id)
    .where(
        payee_account.c.owner_kind == bindparam("kind"),
        payee_account.c.owner_id == bindparam("owner"),
        payee_account_version.c.version == payee_account.c.current_version,
    )
)
_still = (
    select(payee_account.c.id)
    .where(payee_account.c.owner_kind == bindparam("kind"), payee_account.c.owner_id == bindparam("owner"))
    .with_for_update(read=True)
)
_open_of = (
    select(payment_request.c.id)
    .join(payee_account_version, payee_account_version.c.id == payment_request.c.payee_account_version_id)
    .where(
        payee_account_version.c.account_id == bindparam("of"),
        or_(*(payment_request.c.status == word for word in UNPAID)),
    )
    .order_by(payment_request.c.id)
)
_payee = (
    select(payee_account_version, payee_account.c.owner_id, payee_account.c.current_version)
    .join(payee_account, payee_account.c.id == payee_account_version.c.account_id)
    .where(payee_account_version.c.id == bindparam("of"))
)
_asked = {
    kind: select(payment_request)
    .join(payment_request_item, payment_request_item.c.request_id == payment_request.c.id)
    .where(column == bindparam("of"), LIVE)
    for kind, column in OF.items()
}
_asked_here = {kind: query.where(payment_request.c.instance_id == bindparam("here")) for kind, query in _asked.items()}
_move = {
    kind: update(table)
    .where(table.c.id == bindparam("of"))
    .values(open_amount=table.c.open_amount + bindparam("more", type_=table.c.open_amount.type))
    for kind, table in (("supplier", supplier_invoice), ("expense", expense_claim))
}


@subject(
    "erp_payment_request", id="request_id",
    shows=("amount", "currency", "entity", "payee", "payee_bank_version", "invoices"),
    refers={
        "payee": ("erp_payee_account.owner_name",),
        "invoices": ("erp_supplier_invoice.document_no", "erp_expense_claim.claim_no"),
    },
)  # fmt: skip
def payment_facts(uow: UnitOfWork, *, request_id: UUID) -> Facts:
    """What an approval of a payment binds: amount, currency, payee, version of the bank details, documents."""
    request = rows.get(uow, payment_request, request_id, lock=True)
    month = f"{business_date(uow):%Y-%m}"
    items = uow.read(
        _bound, {"request": request_id, "payee": request.payee_account_version_id, "month": month}
    )  # fmt: skip
    payee = items[0]
    return Facts(
        values=of_amount(request.amount, request.currency) | {
            "entity": payee.entity,
            "payee": str(payee.account_id),
            "payee_bank_version": payee.version,
            "invoices": sorted(str(item.supplier_invoice_id or item.expense_claim_id) for item in items),
            "kind": request.kind,
        },
        people={
            "requester": [request.requested_by],
            "payee_bank_editor": editors(payee),
            "payee_bank_confirmer": [] if payee.confirmed_by is None else [payee.confirmed_by],
            "beneficiary": [] if request.beneficiary_id is None else [request.beneficiary_id],
        },
        display={
            N_("Payment request"): request.request_no,
            N_("Amount"): f"{request.amount:,.2f} {request.currency}",
            N_("Payee"): owners.shown(uow, payee.owner_kind, payee.owner_id, payee.owner_name),
            N_("Account name"): payee.account_name,
            N_("Bank account"): f"{payee.bank_name} {payee.account_no} (v{payee.version})",
            N_("For"): ", ".join(item.document_no for item in items),
            N_("Paying company"): f"{payee.company_name} {payee.entity}" if payee.entity else "",
        },
        version=request.version,
        state={
            "payee_bank_confirmed": payee.confirmed_at is not None,
            "payee_bank_hours": None if payee.confirmed_at is None
            else int((uow.now - payee.confirmed_at).total_seconds() // 3600),
            "match": _match([item.match_state for item in items]),
            "period_open": payee.period_status != "closed",
        },
        approved={} if payee.confirmed_by is None
        else {"payee_bank_confirmer": ("erp_payee_account_version", str(payee.version_id))},
    )  # fmt: skip


def _match(states: list[str | None]) -> str | None:
    """The least good of its invoices; None where nothing is matched, as with expenses."""
    known = [state for state in states if state is not None]
    return next((word for word in ("exception", "wait", "released", "matched") if word in known), None)


@operation(
    "erp.request_payment", zh="申请付款", en="Request payment", compensated_by="erp.cancel_payment_request",
    outputs={"request_id": "id", "request_no": "string", "kind": "string", "amount": "number", "currency": "string",
             "payee_name": "string", "payee_bank_version": "number", "existing": "boolean"},
    errors=("DATA.NOT_FOUND", "DATA.INVALID", "ERP.OVERPAY", "ERP.PAYEE_UNCONFIRMED", "ERP.INVOICE_BLOCKED"),
    acting=("requested_by",),
)  # fmt: skip
def request_payment(
    uow: UnitOfWork, *, requested_by: UUID, supplier_invoice_id: UUID | None = None, claim_id: UUID | None = None,
    amount: Decimal | None = None, call: OperationCall,
) -> dict[str, Any]:  # fmt: skip
    """Ask for the payment of a supplier's invoice or an expense claim: a draft to the payee's confirmed account.

    `requested_by`: the person whose request it is, who may neither approve nor execute it. `amount`: a part; without
    it all that is open. The same request again is `existing`. Raises ERP.OVERPAY when more is asked than is open.
    """
    if (supplier_invoice_id is None) == (claim_id is None):
        raise BusinessError("DATA.INVALID", expected=N_("an invoice or a claim"), found=N_("both or neither"))
    if supplier_invoice_id is not None:
        invoice = rows.get(uow, supplier_invoice, supplier_invoice_id, lock=True)
        if invoice.blocked:
            raise BusinessError("ERP.INVOICE_BLOCKED", document_no=invoice.document_no, state=invoice.match_state)
        document, number = invoice, invoice.document_no
        kind, owner, beneficiary = "supplier", invoice.supplier_id, None
    else:
        claim = rows.get(uow, expense_claim, claim_id, lock=True)
        document, number = claim, claim.claim_no
        kind, owner, beneficiary = "expense", claim.claimant_id, claim.claimant_id
    owner_kind = "supplier" if kind == "supplier" else "employee"
    payee_name = owners.name_of(uow, owner_kind, owner)
    known = _known(uow, kind, document.id, amount, call)
    if known is not None:
        payee = rows.get(uow, payee_account_version, known.payee_account_version_id)
        return _facts(document, kind, payee, payee_name, known.id, known.request_no, known.amount, existing=True)
    open_amount = document.open_amount - requested(uow, kind, document.id)
    asked = open_amount if amount is None else amount
    if not amounts.is_money(asked) or asked > open_amount:
        raise BusinessError("ERP.OVERPAY", document_no=number, open_amount=open_amount, asked=asked)
    payee = version_in_force(uow, owner_kind, owner, still=True)
    request_no = document_no(uow, "PAY")
    request_id = rows.add(
        uow, payment_request, request_no=request_no, **head(uow, call, (document_table(kind), document.id)), kind=kind,
        amount=asked, currency=document.currency, payee_account_version_id=payee.id, payee_name=payee_name,
        requested_by=requested_by, beneficiary_id=beneficiary, status="draft",
    )  # fmt: skip
    rows.add(
        uow, payment_request_item, request_id=request_id, line_no=1, document_no=number, amount=asked,
        supplier_invoice_id=supplier_invoice_id, expense_claim_id=claim_id,
    )  # fmt: skip
    return _facts(document, kind, payee, payee_name, request_id, request_no, amounts.cents(asked), existing=False)


@operation(
    "erp.change_payment_request", zh="修改付款申请", en="Change payment request", changes_subject=payment_facts,
    outputs={"amount": "number", "payee_bank_version": "number", "status": "string"},
    errors=("DATA.NOT_FOUND", "ERP.REQUEST_FROZEN", "ERP.OVERPAY", "ERP.PAYEE_UNCONFIRMED"),
)  # fmt: skip
def change_payment_request(uow: UnitOfWork, *, request_id: UUID, amount: Decimal | None = None) -> dict[str, Any]:
    """Back to draft, with another amount and the payee's account in force now; approvals given so far are void."""
    request = rows.get(uow, payment_request, request_id, lock=True)
    if request.status not in UNPAID:
        raise BusinessError("ERP.REQUEST_FROZEN", request_no=request.request_no, status=request.status)
    _thaw(uow, request)
    item = rows.lines(uow, payment_request_item, "request_id", request_id)[0]
    document = _document(uow, item)
    asked = request.amount if amount is None else amount
    open_amount = document.open_amount - requested(uow, request.kind, document.id) + item.amount
    if not amounts.is_money(asked) or asked > open_amount:
        raise BusinessError("ERP.OVERPAY", document_no=item.document_no, open_amount=open_amount, asked=asked)
    owner = document.supplier_id if request.kind == "supplier" else document.claimant_id
    owner_kind = "supplier" if request.kind == "supplier" else "employee"
    payee = version_in_force(uow, owner_kind, owner)
    rows.change(
        uow, payment_request, request_id, amount=asked, payee_account_version_id=payee.id,
        payee_name=owners.name_of(uow, owner_kind, owner),
    )  # fmt: skip
    rows.change(uow, payment_request_item, item.id, amount=asked)
    return {"amount": asked, "payee_bank_version": payee.version, "status": "draft"}


@operation(
    "erp.submit_payment_request", zh="提交付款申请", en="Submit payment request", outputs={"status": "string"},
    errors=("DATA.NOT_FOUND", "ERP.REQUEST_FROZEN", "ERP.PAYEE_UNCONFIRMED"),
)  # fmt: skip
def submit_payment_request(uow: UnitOfWork, *, request_id: UUID) -> dict[str, Any]:
    """Freeze it: from now on only a payment of exactly this, or a cancellation."""
    request = rows.get(uow, payment_request, request_id, lock=True)
    if request.status != "submitted":
        rows.change(uow, payment_request, request_id, status="submitted")
    return {"status": "submitted"}


@operation(
    "erp.cancel_payment_request", zh="取消付款申请", en="Cancel payment request", changes_subject=payment_facts,
    outputs={"cancelled": "boolean"}, errors=("DATA.NOT_FOUND",),
)  # fmt: skip
def cancel_payment_request(uow: UnitOfWork, *, request_id: UUID, reason: str = "") -> dict[str, Any]:
    """Withdraw it unless it is paid (`cancelled` is false then)."""
    request = rows.get(uow, payment_request, request_id, lock=True)
    if request.status in UNPAID:
        rows.change(
            uow, payment_request, request_id, status="cancelled", cancelled_at=uow.now, cancel_reason=reason
        )  # fmt: skip
    return {"cancelled": request.status != "paid"}


@operation(
    "erp.execute_payment", zh="执行付款", en="Execute payment", guarded_by="payment.execute", subject=payment_facts,
    compensated_by="erp.void_payment",
    outputs={"payment_id": "id", "payment_no": "string", "amount": "number", "currency": "string",
             "voucher_no": "string", "paid_at": "date and time"},
    errors=("DATA.NOT_FOUND", "ERP.REQUEST_DIFFERS", "ERP.ALREADY_PAID", "ERP.OVERPAY", "ERP.PERIOD_CLOSED"),
)  # fmt: skip
def execute_payment(uow: UnitOfWork, *, request_id: UUID, call: OperationCall) -> dict[str, Any]:
    """Pay a submitted request once, exactly as approved, with its voucher; the open amount of its document falls.

    Raises ERP.REQUEST_DIFFERS when it is not submitted or the payee's account has changed since. The database asks for
    the clearance again and refuses (IntegrityError POLICY.…) whatever got round the gate.
    """
    request = rows.get(uow, payment_request, request_id, lock=True)
    if request.status == "paid":
        raise BusinessError("ERP.ALREADY_PAID", request_no=request.request_no)
    payee = uow.read_one(_payee, {"of": request.payee_account_version_id})
    if request.status != "submitted" or payee.current_version != payee.version:
        raise BusinessError(
            "ERP.REQUEST_DIFFERS", request_no=request.request_no, status=request.status, approved=payee.version,
            in_force=payee.current_version,
        )  # fmt: skip
    payment_id, payment_no = uuid7(), document_no(uow, "P")
    event, aux = ("supplier_payment", "supplier") if request.kind == "supplier" else ("expense_payment", "employee")
    voucher_no = ledger.post(
        uow, event, ("erp_payment", payment_id), {"amount": request.amount}, aux={aux: str(payee.owner_id)},
        summary=f"付款 {request.payee_name} {request.request_no}", instance_id=call.instance_id,
    )  # fmt: skip
    rows.add(
        uow, payment, id=payment_id, payment_no=payment_no, request_id=request_id, clearance_id=call.clearance_id,
        instance_id=call.instance_id, amount=request.amount, currency=request.currency,
        payee_id=str(payee.account_id), payee_account_version_id=payee.id, payee_bank_version=payee.version,
        executed_by=uow.actor.user_id, executed_at=uow.now, voucher_no=voucher_no, status="ordered",
    )  # fmt: skip
    _settle(uow, request_id, -1)
    rows.change(uow, payment_request, request_id, status="paid")
    return {
        "payment_id": payment_id, "payment_no": payment_no, "amount": request.amount, "currency": request.currency,
        "voucher_no": voucher_no, "paid_at": uow.now,
    }  # fmt: skip


@operation(
    "erp.confirm_payment", zh="确认付款到账", en="Confirm payment", outputs={"status": "string"},
    errors=("DATA.NOT_FOUND", "ERP.PAYMENT_RETURNED"),
)  # fmt: skip
def confirm_payment(uow: UnitOfWork, *, payment_no: str, call: OperationCall) -> dict[str, Any]:
    """The bank says that the money has arrived."""
    done = rows.by(uow, payment, "payment_no", payment_no, lock=True)
    if done.status == "returned":
        raise BusinessError("ERP.PAYMENT_RETURNED", payment_no=payment_no)
    if done.status == "ordered":
        rows.change(uow, payment, done.id, status="confirmed")
        call.states[str(done.id)] = "confirmed"
    return {"status": "confirmed"}


@operation(
    "erp.void_payment", zh="退回付款", en="Void payment", outputs={"voided": "boolean"},
    errors=("DATA.NOT_FOUND", "ERP.PERIOD_CLOSED"),
)  # fmt: skip
def void_payment(uow: UnitOfWork, *, payment_id: UUID, reason: str = "", call: OperationCall) -> dict[str, Any]:
    """The money came back: red voucher, the document is open again. What is confirmed stays (`voided` is false)."""
    done = rows.get(uow, payment, payment_id, lock=True)
    if done.status == "ordered":
        rows.change(uow, payment, payment_id, status="returned")
        call.states[str(payment_id)] = "returned"
        _settle(uow, done.request_id, 1)
        request = rows.get(uow, payment_request, done.request_id)
        event = "supplier_payment" if request.kind == "supplier" else "expense_payment"
        ledger.reverse_of(uow, event, ("erp_payment", payment_id), reason, call.instance_id)
    return {"voided": done.status != "confirmed"}


def version_in_force(uow: UnitOfWork, owner_kind: str, owner_id: UUID, *, still: bool = False) -> Any:
    """The confirmed version of somebody's bank details that is paid to now. Raises ERP.PAYEE_UNCONFIRMED.

    `still`: others come into force only after this unit of work. Whoever confirms them cannot see a new request yet.
    """
    whose = {"kind": owner_kind, "owner": owner_id}
    if still:
        uow.read_one(_still, whose)
    found = uow.read_one(_in_force, whose)
    if found is None:
        raise BusinessError("ERP.PAYEE_UNCONFIRMED", owner_kind=owner_kind, owner_id=str(owner_id))
    return found


def editors(version: Any) -> list[UUID]:
    """Whose entry a version of bank details is: who is said to have entered it, and whose act had it entered."""
    return list(dict.fromkeys(one for one in (version.created_by, version.called_by) if one is not None))


def open_requests(uow: UnitOfWork, account_id: UUID) -> list[UUID]:
    """What is asked for and not paid yet to an account."""
    return [row.id for row in uow.read(_open_of, {"of": account_id})]


def name_new_details(uow: UnitOfWork, payee: Any) -> None:
    """Open requests name the version `payee` of their account from now on: whoever approves sees where it goes."""
    for request_id in open_requests(uow, payee.account_id):
        request = rows.get(uow, payment_request, request_id, lock=True)
        if request.status not in UNPAID:  # paid or cancelled while its lock was waited for
            continue
        _thaw(uow, request)
        rows.change(
            uow, payment_request, request_id, payee_account_version_id=payee.id, status=request.status,
        )  # fmt: skip


def document_table(kind: str) -> str:
    """The table of the document that a request of this kind pays."""
    return "erp_supplier_invoice" if kind == "supplier" else "erp_expense_claim"


def _thaw(uow: UnitOfWork, request: Any) -> None:
    if request.status == "submitted":
        rows.change(uow, payment_request, request.id, status="draft")


def _settle(uow: UnitOfWork, request_id: UUID, sign: int) -> None:
    for item in rows.lines(uow, payment_request_item, "request_id", request_id):
        kind = "supplier" if item.supplier_invoice_id is not None else "expense"
        key = item.supplier_invoice_id or item.expense_claim_id
        rows.put(uow, _move[kind], {"of": key, "more": sign * item.amount})


def _document(uow: UnitOfWork, item: Any) -> Any:
    if item.supplier_invoice_id is not None:
        return rows.get(uow, supplier_invoice, item.supplier_invoice_id, lock=True)
    return rows.get(uow, expense_claim, item.expense_claim_id, lock=True)


def _known(uow: UnitOfWork, kind: str, document_id: UUID, amount: Decimal | None, call: OperationCall) -> Any:
    """A live request of the same process (or, outside one, of the same amount) for the same document."""
    if call.instance_id is not None:
        found = uow.read(_asked_here[kind], {"of": document_id, "here": call.instance_id})
    else:
        found = [] if amount is None else uow.read(_asked[kind], {"of": document_id})
    return next((known for known in found if amount is None or known.amount == amount), None)


def _facts(
    document: Any, kind: str, payee: Any, payee_name: str, request_id: UUID, request_no: str, amount: Decimal, *,
    existing: bool,
) -> dict[str, Any]:  # fmt: skip
    return {
        "request_id": request_id, "request_no": request_no, "kind": kind, "amount": amount,
        "currency": document.currency, "payee_name": payee_name, "payee_bank_version": payee.version,
        "existing": existing,
    }  # fmt: skip
