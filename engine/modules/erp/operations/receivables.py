"""Money owed to us: invoices for what was shipped, receipts and what they settle, how far a customer stands in debt."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from engine.errors import N_, BusinessError
from engine.modules.erp import amounts
from engine.modules.erp.models.invoice import sales_invoice, sales_invoice_line
from engine.modules.erp.models.sales import sales_line, sales_order, shipment, shipment_line
from engine.modules.erp.models.treasury import allocation, receipt
from engine.modules.erp.operations import ledger
from engine.modules.erp.operations.context import CURRENCY, business_date, checked, document_no, head
from engine.modules.erp.rows import rows
from engine.operations import OperationCall, operation
from engine.unit_of_work import UnitOfWork


@operation(
    "erp.post_sales_invoice", zh="开具销售发票", en="Post sales invoice",
    outputs={"invoice_id": "id", "invoice_no": "string", "total": "number", "open_amount": "number",
             "currency": "string", "due_date": "date", "voucher_no": "string", "existing": "boolean"},
    errors=("DATA.NOT_FOUND", "ERP.NOTHING_TO_BILL", "ERP.PERIOD_CLOSED"),
)  # fmt: skip
def post_sales_invoice(uow: UnitOfWork, *, shipment_id: UUID, call: OperationCall) -> dict[str, Any]:
    """Bill a shipment that has left, with its voucher. Once per shipment; parts never lose a cent."""
    known = rows.find(uow, select(sales_invoice).where(sales_invoice.c.shipment_id == shipment_id))
    if known is None:
        left = rows.get(uow, shipment, shipment_id)
        if left.status not in ("shipped", "delivered"):
            raise BusinessError("ERP.NOTHING_TO_BILL", shipment_no=left.shipment_no)
        return {**_invoice(uow, left, call), "existing": False}
    return {
        "invoice_id": known.id, "invoice_no": known.invoice_no, "total": known.total, "open_amount": known.open_amount,
        "currency": known.currency, "due_date": known.due_date, "voucher_no": known.voucher_no, "existing": True,
    }  # fmt: skip


@operation(
    "erp.record_receipt", zh="登记收款", en="Record receipt of money",
    outputs={"receipt_id": "id", "receipt_no": "string", "allocated": "number", "unallocated": "number",
             "order_open": "number", "settled": "boolean", "voucher_no": "string", "existing": "boolean"},
    errors=("DATA.INVALID", "DATA.NOT_FOUND", "ERP.DUPLICATE_RECEIPT", "ERP.PERIOD_CLOSED"),
)  # fmt: skip
def record_receipt(
    uow: UnitOfWork, *, amount: Decimal, order_no: str | None = None, customer_id: UUID | None = None,
    payer: str | None = None, bank_ref: str | None = None, call: OperationCall,
) -> dict[str, Any]:  # fmt: skip
    """Money has come in: it settles open invoices of the order (or of the customer), oldest first; the rest is kept.

    The same `bank_ref` and amount is `existing`. `order_open`: what is left of the order, `settled`: nothing is.
    """
    if not amounts.is_money(amount) or (order_no is None and customer_id is None):
        raise BusinessError(
            "DATA.INVALID", expected=N_("an amount above 0 in cents and an order or a customer"), found=str(amount)
        )
    bank_ref = None if bank_ref is None else checked("bank_ref", bank_ref, 60)
    order = None if order_no is None else rows.by(uow, sales_order, "order_no", order_no, lock=True)
    owner = order.customer_id if order is not None else customer_id
    known = None
    if bank_ref is not None:
        known = rows.find(uow, select(receipt).where(receipt.c.bank_ref == bank_ref))
        if known is not None and (known.amount, known.customer_id) != (amount, owner):
            raise BusinessError("ERP.DUPLICATE_RECEIPT", bank_ref=bank_ref)
    if known is None:
        made = _take_in(uow, order, owner, amount, payer, bank_ref, call)
    else:
        made = {
            "receipt_id": known.id, "receipt_no": known.receipt_no, "allocated": known.amount - known.unallocated,
            "unallocated": known.unallocated, "voucher_no": known.voucher_no,
        }  # fmt: skip
    left = _open_of(uow, order.id) if order is not None else amounts.ZERO
    return {**made, "order_open": left, "settled": not left, "existing": known is not None}


@operation(
    "erp.allocate", zh="核销收款", en="Allocate receipt",
    outputs={"open_amount": "number", "unallocated": "number", "voucher_no": "string"},
    errors=("DATA.NOT_FOUND", "DATA.INVALID", "ERP.OVER_ALLOCATED", "ERP.PERIOD_CLOSED"),
)  # fmt: skip
def allocate(
    uow: UnitOfWork, *, receipt_id: UUID, invoice_id: UUID, amount: Decimal | None = None, call: OperationCall
) -> dict[str, Any]:
    """Settle an invoice with what is left of a receipt. Raises ERP.OVER_ALLOCATED."""
    invoice = rows.get(uow, sales_invoice, invoice_id, lock=True)
    money = rows.get(uow, receipt, receipt_id, lock=True)
    share = min(invoice.open_amount, money.unallocated) if amount is None else amount
    if not amounts.is_money(share):
        raise BusinessError("ERP.OVER_ALLOCATED", invoice_no=invoice.invoice_no, receipt_no=money.receipt_no)
    if money.customer_id != invoice.customer_id:
        raise BusinessError("DATA.INVALID", expected=invoice.customer_name, found=money.payer)
    rows.change(uow, receipt, receipt_id, unallocated=receipt.c.unallocated - share)
    allocation_id = _settle(uow, receipt_id, invoice_id, share)
    voucher_no = ledger.post(
        uow, "allocation", ("erp_allocation", allocation_id), {"amount": share},
        aux={"customer": str(invoice.customer_id)}, summary=f"核销 {invoice.invoice_no} {money.receipt_no}",
        instance_id=call.instance_id,
    )  # fmt: skip
    return {
        "open_amount": invoice.open_amount - share, "unallocated": money.unallocated - share, "voucher_no": voucher_no
    }  # fmt: skip


@operation(
    "erp.credit_exposure", zh="查询应收风险", en="Credit exposure", effect="read",
    outputs={"exposure": "number", "overdue_amount": "number", "overdue_days": "number"},
)  # fmt: skip
def credit_exposure(uow: UnitOfWork, *, customer_id: UUID) -> dict[str, Any]:
    """What the customer owes by open invoices and by orders not billed yet; days since the oldest due."""
    today = business_date(uow)
    unpaid = uow.execute(
        select(sales_invoice.c.open_amount, sales_invoice.c.due_date).where(
            sales_invoice.c.customer_id == customer_id, sales_invoice.c.open_amount > amounts.ZERO
        )
    ).all()
    unbilled = uow.execute(
        select(sales_line.c.gross, sales_line.c.ordered, sales_line.c.invoiced)
        .join(sales_order, sales_order.c.id == sales_line.c.order_id)
        .where(
            sales_order.c.customer_id == customer_id,
            sales_order.c.status == "open",
            sales_line.c.invoiced < sales_line.c.ordered,
        )
    ).all()
    ordered = sum(
        (row.gross - amounts.part(row.gross, row.invoiced, row.ordered, amounts.ZERO) for row in unbilled), amounts.ZERO
    )
    overdue = [row for row in unpaid if row.due_date < today]
    return {
        "exposure": sum((row.open_amount for row in unpaid), amounts.ZERO) + ordered,
        "overdue_amount": sum((row.open_amount for row in overdue), amounts.ZERO),
        "overdue_days": max(((today - row.due_date).days for row in overdue), default=0),
    }


def _invoice(uow: UnitOfWork, left: Any, call: OperationCall) -> dict[str, Any]:
    order = rows.get(uow, sales_order, left.order_id, lock=True)
    billed = (
        select(
            sales_invoice_line.c.sales_line_id,
            func.sum(sales_invoice_line.c.net).label("net"),
            func.sum(sales_invoice_line.c.tax).label("tax"),
        )
        .join(sales_line, sales_line.c.id == sales_invoice_line.c.sales_line_id)
        .where(sales_line.c.order_id == order.id)
        .group_by(sales_invoice_line.c.sales_line_id)
        .subquery()
    )
    found = uow.execute(
        select(sales_line, shipment_line.c.quantity, billed.c.net.label("billed_net"), billed.c.tax.label("billed_tax"))
        .join(shipment_line, shipment_line.c.sales_line_id == sales_line.c.id)
        .join(billed, billed.c.sales_line_id == sales_line.c.id, isouter=True)
        .where(shipment_line.c.shipment_id == left.id)
        .order_by(sales_line.c.line_no)
    ).all()
    listed, parts = [], []
    for number, line in enumerate(found, 1):
        cumulative = line.invoiced + line.quantity
        net = amounts.part(line.net, cumulative, line.ordered, line.billed_net or amounts.ZERO)
        tax = amounts.part(line.tax, cumulative, line.ordered, line.billed_tax or amounts.ZERO)
        parts.append(amounts.Amounts(net, tax, net + tax))
        listed.append(
            {
                "line_no": number, "sales_line_id": line.id, "quantity": line.quantity, "vat_rate": line.vat_rate,
                "net": net, "tax": tax, "gross": net + tax,
            }
        )  # fmt: skip
        rows.write(
            uow,
            update(sales_line).where(sales_line.c.id == line.id).values(invoiced=sales_line.c.invoiced + line.quantity),
        )
    heads = amounts.total(parts)
    columns = head(uow, call, ("erp_shipment", left.id))
    due_date = columns["business_date"] + timedelta(days=order.payment_terms_days)
    invoice_no = document_no(uow, "INV")
    invoice_id = rows.add(
        uow, sales_invoice, invoice_no=invoice_no, **columns, order_id=order.id, shipment_id=left.id,
        customer_id=order.customer_id, customer_name=order.customer_name, currency=order.currency, net=heads.net,
        tax=heads.tax, total=heads.gross, open_amount=heads.gross, due_date=due_date,
    )  # fmt: skip
    rows.add_all(uow, sales_invoice_line, [{"invoice_id": invoice_id, **line} for line in listed])
    voucher_no = ledger.post(
        uow, "sales_invoice", ("erp_sales_invoice", invoice_id),
        {"gross": heads.gross, "net": heads.net, "tax": heads.tax}, aux={"customer": str(order.customer_id)},
        summary=f"销售 {order.customer_name} {invoice_no}", instance_id=call.instance_id,
    )  # fmt: skip
    rows.change(uow, sales_invoice, invoice_id, voucher_no=voucher_no)
    return {
        "invoice_id": invoice_id, "invoice_no": invoice_no, "total": heads.gross, "open_amount": heads.gross,
        "currency": order.currency, "due_date": due_date, "voucher_no": voucher_no,
    }  # fmt: skip


def _take_in(
    uow: UnitOfWork, order: Any, owner: UUID | None, amount: Decimal, payer: str | None, bank_ref: str | None,
    call: OperationCall,
) -> dict[str, Any]:  # fmt: skip
    query = select(sales_invoice).where(sales_invoice.c.open_amount > amounts.ZERO)
    if order is not None:
        query = query.where(sales_invoice.c.order_id == order.id)
    else:
        query = query.where(sales_invoice.c.customer_id == owner)
    unpaid = uow.execute(query.order_by(sales_invoice.c.due_date, sales_invoice.c.id).with_for_update()).all()
    name = payer or (order.customer_name if order is not None else "") or (unpaid[0].customer_name if unpaid else "")
    left, settled = amount, []
    for invoice in unpaid:
        share = min(left, invoice.open_amount)
        if share > 0:
            settled.append((invoice.id, share))
            left -= share
    receipt_no = document_no(uow, "RC")
    receipt_id = rows.add(
        uow, receipt, receipt_no=receipt_no,
        **head(uow, call, ("erp_sales_order", order.id) if order is not None else None),
        customer_id=owner, payer=name, bank_ref=bank_ref, amount=amount,
        currency=order.currency if order is not None else CURRENCY, unallocated=left,
    )  # fmt: skip
    for invoice_id, share in settled:
        _settle(uow, receipt_id, invoice_id, share)
    voucher_no = ledger.post(
        uow, "customer_receipt", ("erp_receipt", receipt_id),
        {"amount": amount, "allocated": amount - left, "rest": left}, aux={"customer": str(owner)},
        summary=f"收款 {name} {receipt_no}", instance_id=call.instance_id,
    )  # fmt: skip
    rows.change(uow, receipt, receipt_id, voucher_no=voucher_no)
    return {
        "receipt_id": receipt_id, "receipt_no": receipt_no, "allocated": amount - left, "unallocated": left,
        "voucher_no": voucher_no,
    }  # fmt: skip


def _settle(uow: UnitOfWork, receipt_id: UUID, invoice_id: UUID, share: Decimal) -> UUID:
    rows.change(uow, sales_invoice, invoice_id, open_amount=sales_invoice.c.open_amount - share)
    return rows.add(
        uow, allocation, receipt_id=receipt_id, sales_invoice_id=invoice_id, amount=share, at=uow.now
    )  # fmt: skip


def _open_of(uow: UnitOfWork, order_id: UUID) -> Decimal:
    """What the order still owes: open invoices, and what is not billed yet."""
    invoices = uow.execute(
        select(sales_invoice.c.total, sales_invoice.c.open_amount).where(sales_invoice.c.order_id == order_id)
    ).all()
    order = rows.get(uow, sales_order, order_id)
    billed: Decimal = sum((row.total for row in invoices), amounts.ZERO)
    unpaid: Decimal = sum((row.open_amount for row in invoices), amounts.ZERO)
    left: Decimal = order.gross - billed + unpaid
    return left
