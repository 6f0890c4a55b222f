"""Money that suppliers ask for: enter their invoices, match them with order and receipt, release or refuse them."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, or_, select, update

from engine.errors import N_, BusinessError
from engine.modules.erp import amounts
from engine.modules.erp.models.invoice import match_line, supplier_invoice, supplier_invoice_line
from engine.modules.erp.models.item import supplier
from engine.modules.erp.models.purchase import purchase_line, purchase_order
from engine.modules.erp.models.treasury import payment_request, payment_request_item
from engine.modules.erp.operations import ledger
from engine.modules.erp.operations.context import checked, counted, document_no, entity, head, spread
from engine.modules.erp.operations.lines import InvoicedLine
from engine.modules.erp.rows import rows
from engine.operations import Facts, OperationCall, of_amount, operation, subject
from engine.unit_of_work import UnitOfWork
from engine.values import blank

OF = {
    "supplier": payment_request_item.c.supplier_invoice_id,
    "expense": payment_request_item.c.expense_claim_id,
}
"""kind of payment request -> which document its items name"""

_known = select(supplier_invoice).where(
    supplier_invoice.c.supplier_id == bindparam("of"),
    supplier_invoice.c.invoice_no == bindparam("called"),
    supplier_invoice.c.cancelled_at.is_(None),
)
_requested = {
    kind: select(func.sum(payment_request_item.c.amount).label("amount"))
    .join(payment_request, payment_request.c.id == payment_request_item.c.request_id)
    .where(column == bindparam("of"), or_(payment_request.c.status == "draft", payment_request.c.status == "submitted"))
    for kind, column in OF.items()
}


@operation(
    "erp.enter_supplier_invoice", zh="录入供应商发票", en="Enter supplier invoice",
    compensated_by="erp.void_supplier_invoice",
    outputs={"supplier_invoice_id": "id", "document_no": "string", "net": "number", "tax": "number",
             "total": "number", "currency": "string", "due_date": "date", "voucher_no": "string",
             "existing": "boolean"},
    errors=("DATA.NOT_FOUND", "DATA.INVALID", "ERP.DUPLICATE_INVOICE", "ERP.WRONG_ITEM", "ERP.PO_CLOSED",
            "ERP.PERIOD_CLOSED"),
)  # fmt: skip
def enter_supplier_invoice(
    uow: UnitOfWork, *, purchase_order_id: UUID, invoice_no: str, lines: list[InvoicedLine] | None = None,
    invoice_date: date | None = None, call: OperationCall,
) -> dict[str, Any]:  # fmt: skip
    """Enter an invoice for an order with its voucher; without `lines` it bills what was received and not billed.

    It is blocked until it is matched or released. The number of a supplier is known once: entered again by the same
    process with the same total it is `existing`, else ERP.DUPLICATE_INVOICE.
    """
    invoice_no = checked("invoice_no", invoice_no, 40)
    order = rows.get(uow, purchase_order, purchase_order_id, lock=True)
    if order.status not in ("placed", "closed"):
        raise BusinessError("ERP.PO_CLOSED", po_no=order.po_no, status=order.status)
    known = uow.read_one(_known, {"of": order.supplier_id, "called": invoice_no})
    if known is not None and (call.instance_id is None or known.instance_id != call.instance_id):
        raise BusinessError("ERP.DUPLICATE_INVOICE", invoice_no=invoice_no, document_no=known.document_no)
    if known is not None:
        return _facts(known, existing=True)
    billed = _billed(uow, order, lines)
    return _facts(_enter(uow, order, invoice_no, invoice_date, billed, call), existing=False)


@operation(
    "erp.match_invoice", zh="三单匹配", en="Match invoice",
    outputs={"verdict": "string", "reasons": "list<string>", "lines": "list<context>"},
    errors=("DATA.NOT_FOUND",),
)  # fmt: skip
def match_invoice(
    uow: UnitOfWork, *, supplier_invoice_id: UUID, price_tolerance: Decimal = Decimal(0),
    absolute_tolerance: Decimal = Decimal(0), quantity_tolerance: Decimal = Decimal(0),
) -> dict[str, Any]:  # fmt: skip
    """Compare an invoice with its order and what was received: `verdict` matched, wait or exception.

    Tolerances: share of the price, amount per line in currency, share of the ordered quantity; both price tolerances
    must hold. Computed again at each call; an invoice that a person released stays released (verdict matched).
    """
    invoice = rows.get(uow, supplier_invoice, supplier_invoice_id, lock=True)
    found = uow.execute(
        select(
            supplier_invoice_line.c.id, supplier_invoice_line.c.quantity, supplier_invoice_line.c.price,
            purchase_line.c.id.label("purchase_line_id"), purchase_line.c.sku, purchase_line.c.ordered,
            purchase_line.c.received, purchase_line.c.invoiced, purchase_line.c.price.label("ordered_price"),
            purchase_line.c.match_policy,
        )
        .join(purchase_line, purchase_line.c.id == supplier_invoice_line.c.purchase_line_id)
        .where(supplier_invoice_line.c.invoice_id == supplier_invoice_id)
        .order_by(supplier_invoice_line.c.line_no)
    ).all()  # fmt: skip
    judged = [_judge(line, price_tolerance, absolute_tolerance, quantity_tolerance) for line in found]
    rows.write(uow, delete(match_line).where(match_line.c.invoice_line_id.in_([line.id for line in found])))
    rows.add_all(uow, match_line, [{**_kept(verdict), "matched_at": uow.now} for verdict in judged])
    verdicts = {verdict["verdict"] for verdict in judged}
    verdict = "exception" if "exception" in verdicts else "wait" if "wait" in verdicts else "matched"
    if invoice.match_state == "released":
        verdict = "matched"
    else:
        rows.change(uow, supplier_invoice, invoice.id, match_state=verdict, blocked=verdict != "matched")
    return {
        "verdict": verdict,
        "reasons": [line["reason"] for line in judged if line["reason"]],
        "lines": [
            {name: line[name] for name in ("sku", "verdict", "price_difference", "quantity_difference", "reason")}
            for line in judged
        ],
    }


@subject(
    "erp_supplier_invoice", id="supplier_invoice_id", shows=("amount", "currency", "entity", "supplier", "invoice"),
    refers={"supplier": ("erp_supplier.name",), "invoice": ("erp_supplier_invoice.document_no",)},
)  # fmt: skip
def invoice_facts(uow: UnitOfWork, *, supplier_invoice_id: UUID) -> Facts:
    """What an approval to accept the differences of an invoice binds: amount, currency, supplier, invoice."""
    invoice = rows.get(uow, supplier_invoice, supplier_invoice_id, lock=True)
    uscc, called = entity(uow)
    return Facts(
        values=of_amount(invoice.total, invoice.currency) | {
            "entity": uscc, "supplier": str(invoice.supplier_id), "invoice": str(invoice.id),
        },
        people={"requester": [] if invoice.created_by is None else [invoice.created_by]},
        display={
            N_("Supplier invoice"): f"{invoice.document_no} {invoice.invoice_no}",
            N_("Amount"): f"{invoice.total:,.2f} {invoice.currency}",
            N_("Supplier"): invoice.supplier_name,
            N_("Buying company"): called,
        },
        version=invoice.version,
    )  # fmt: skip


@operation(
    "erp.release_invoice", zh="放行发票", en="Release invoice", guarded_by="invoice.release", subject=invoice_facts,
    outputs={"released": "boolean"}, errors=("DATA.NOT_FOUND", "DATA.INVALID"),
)  # fmt: skip
def release_invoice(uow: UnitOfWork, *, supplier_invoice_id: UUID, reason: str) -> dict[str, Any]:
    """Accept the differences of an invoice, with a reason that stays on it."""
    if blank(reason):
        raise BusinessError("DATA.INVALID", expected=N_("a reason"), found=N_("nothing"))
    rows.get(uow, supplier_invoice, supplier_invoice_id, lock=True)
    rows.change(
        uow, supplier_invoice, supplier_invoice_id, match_state="released", blocked=False, release_reason=reason
    )  # fmt: skip
    return {"released": True}


@operation(
    "erp.void_supplier_invoice", zh="作废供应商发票", en="Void supplier invoice", outputs={"voided": "boolean"},
    errors=("DATA.NOT_FOUND", "ERP.ALREADY_REQUESTED", "ERP.PERIOD_CLOSED"),
)  # fmt: skip
def void_supplier_invoice(
    uow: UnitOfWork, *, supplier_invoice_id: UUID, reason: str = "", call: OperationCall
) -> dict[str, Any]:
    """Give an invoice back to the supplier: red voucher, nothing open. Its number may be entered again."""
    invoice = rows.get(uow, supplier_invoice, supplier_invoice_id, lock=True)
    if invoice.cancelled_at is not None:
        return {"voided": True}
    if requested(uow, "supplier", invoice.id) or invoice.open_amount < invoice.total:
        raise BusinessError("ERP.ALREADY_REQUESTED", document_no=invoice.document_no)
    for line in rows.lines(uow, supplier_invoice_line, "invoice_id", invoice.id):
        rows.write(
            uow,
            update(purchase_line)
            .where(purchase_line.c.id == line.purchase_line_id)
            .values(invoiced=purchase_line.c.invoiced - line.quantity),
        )
    rows.change(
        uow, supplier_invoice, invoice.id, cancelled_at=uow.now, cancel_reason=reason, open_amount=amounts.ZERO,
        blocked=True,
    )  # fmt: skip
    ledger.reverse_of(uow, "supplier_invoice", ("erp_supplier_invoice", invoice.id), reason, call.instance_id)
    return {"voided": True}


def requested(uow: UnitOfWork, kind: str, document_id: UUID) -> Decimal:
    """What live requests that are not paid yet ask for, of this document."""
    amount: Decimal | None = uow.read_one(_requested[kind], {"of": document_id}).amount
    return amount or amounts.ZERO


def _billed(uow: UnitOfWork, order: Any, lines: list[InvoicedLine] | None) -> list[tuple[Any, InvoicedLine]]:
    """(purchase line, invoice line). Raises ERP.WRONG_ITEM, DATA.INVALID."""
    ordered = rows.lines(uow, purchase_line, "order_id", order.id)
    if lines is None:
        unbilled = [(line, line.received - line.invoiced) for line in ordered if line.received > line.invoiced]
        if not unbilled:
            counted([])
        return [(line, {"sku": line.sku, "quantity": left, "price": line.price}) for line, left in unbilled]
    wrong = sorted({line["sku"] for line in lines} - {line.sku for line in ordered})
    if wrong:
        raise BusinessError("ERP.WRONG_ITEM", po_no=order.po_no, skus=wrong)
    counted(lines)
    if any(line["price"] < 0 for line in lines):
        raise BusinessError("DATA.INVALID", expected=N_("prices of 0 or more"), found=N_("a negative one"))
    billed: list[tuple[Any, InvoicedLine]] = []
    room = {line.id: line.received - line.invoiced for line in ordered}
    for line in lines:
        for bought, quantity in spread(
            line["quantity"], [(each, room[each.id]) for each in ordered if each.sku == line["sku"]]
        ):
            room[bought.id] -= quantity
            billed.append((bought, {**line, "quantity": quantity}))
    return billed


def _enter(
    uow: UnitOfWork, order: Any, invoice_no: str, invoice_date: date | None, billed: list[tuple[Any, InvoicedLine]],
    call: OperationCall,
) -> Any:  # fmt: skip
    listed, parts, ordered_value = [], [], amounts.ZERO
    invoiced = {bought.id: bought.invoiced for bought, _ in billed}
    for number, (bought, line) in enumerate(billed, 1):
        rate = line.get("vat_rate")
        rate = bought.vat_rate if rate is None else rate
        price = amounts.unit_price(line["price"])
        part = amounts.line(line["quantity"], price, Decimal(0), rate)
        parts.append(part)
        ordered_value += _ordered_value(bought, invoiced[bought.id], line["quantity"])
        invoiced[bought.id] += line["quantity"]
        listed.append(
            {
                "line_no": number, "purchase_line_id": bought.id, "quantity": line["quantity"], "price": price,
                "vat_rate": rate, "net": part.net, "tax": part.tax, "gross": part.gross,
            }
        )  # fmt: skip
        rows.write(
            uow,
            update(purchase_line)
            .where(purchase_line.c.id == bought.id)
            .values(invoiced=purchase_line.c.invoiced + line["quantity"]),
        )
    heads = amounts.total(parts)
    vendor = rows.get(uow, supplier, order.supplier_id)
    columns = head(uow, call, ("erp_purchase_order", order.id))
    dated = invoice_date or columns["business_date"]
    number_here = document_no(uow, "SI")
    invoice_id = rows.add(
        uow, supplier_invoice, document_no=number_here, **columns, supplier_id=vendor.id, supplier_name=vendor.name,
        invoice_no=invoice_no, order_id=order.id, invoice_date=dated,
        due_date=dated + timedelta(days=vendor.payment_terms_days), currency=order.currency, net=heads.net,
        tax=heads.tax, total=heads.gross, open_amount=heads.gross,
    )  # fmt: skip
    rows.add_all(uow, supplier_invoice_line, [{"invoice_id": invoice_id, **line} for line in listed])
    voucher_no = ledger.post(
        uow, "supplier_invoice", ("erp_supplier_invoice", invoice_id),
        {"ordered_value": ordered_value, "price_difference": heads.net - ordered_value, "tax": heads.tax,
         "gross": heads.gross},
        aux={"supplier": str(vendor.id)}, summary=f"采购发票 {vendor.name} {invoice_no}",
        instance_id=call.instance_id,
    )  # fmt: skip
    rows.change(uow, supplier_invoice, invoice_id, voucher_no=voucher_no)
    return rows.get(uow, supplier_invoice, invoice_id)


def _ordered_value(bought: Any, invoiced: Decimal, quantity: Decimal) -> Decimal:
    """What this part is worth at order price: the value it came in with, to the cent."""
    if invoiced + quantity > bought.ordered:
        return amounts.cents(bought.price * quantity)
    before = amounts.part(bought.net, invoiced, bought.ordered, amounts.ZERO)
    return amounts.part(bought.net, invoiced + quantity, bought.ordered, before)


def _judge(line: Any, price_tolerance: Decimal, absolute: Decimal, quantity_tolerance: Decimal) -> dict[str, Any]:
    price_difference = line.price - line.ordered_price
    expected = line.received if line.match_policy == "three_way_receipt_first" else line.ordered
    quantity_difference = line.invoiced - expected
    price_out = (
        abs(price_difference) > line.ordered_price * price_tolerance
        or abs(price_difference * line.quantity) > absolute
    )  # fmt: skip
    quantity_out = quantity_difference > line.ordered * quantity_tolerance
    beyond_order = line.invoiced - line.ordered > line.ordered * quantity_tolerance
    reasons = []
    if price_out:
        reasons.append(f"{line.sku}: price {line.price.normalize():f}, ordered {line.ordered_price.normalize():f}")
    if quantity_out:
        reasons.append(f"{line.sku}: invoiced {line.invoiced.normalize():f}, expected {expected.normalize():f}")
    if price_out or beyond_order:  # nothing that may still arrive can explain it
        verdict = "exception"
    elif quantity_out or (line.match_policy == "three_way_invoice_first" and line.received < line.invoiced):
        verdict = "wait"
    else:
        verdict = "matched"
    return {
        "invoice_line_id": line.id, "purchase_line_id": line.purchase_line_id, "sku": line.sku,
        "received": line.received, "price_difference": price_difference, "quantity_difference": quantity_difference,
        "verdict": verdict, "reason": "; ".join(reasons),
    }  # fmt: skip


def _kept(judged: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in judged.items() if name != "sku"}


def _facts(invoice: Any, *, existing: bool) -> dict[str, Any]:
    return {
        "supplier_invoice_id": invoice.id, "document_no": invoice.document_no, "net": invoice.net, "tax": invoice.tax,
        "total": invoice.total, "currency": invoice.currency, "due_date": invoice.due_date,
        "voucher_no": invoice.voucher_no, "existing": existing,
    }  # fmt: skip
