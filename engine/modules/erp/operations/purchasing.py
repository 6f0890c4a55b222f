"""Buying goods: ask for them, order them, take them in."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from engine.errors import N_, BusinessError
from engine.modules.erp import amounts
from engine.modules.erp.models.item import supplier, supplier_item
from engine.modules.erp.models.purchase import (
    goods_receipt,
    goods_receipt_line,
    purchase_line,
    purchase_order,
    requisition,
    requisition_line,
)  # fmt: skip
from engine.modules.erp.operations import ledger, stock
from engine.modules.erp.operations.context import (
    CURRENCY,
    active_items,
    business_date,
    checked,
    counted,
    document_no,
    entity,
    head,
    rate_of,
    spread,
    vat_rates,
    warehouse_id,
)  # fmt: skip
from engine.modules.erp.operations.lines import PurchaseLine, ReceivedLine, RequisitionLine
from engine.modules.erp.rows import rows
from engine.operations import Facts, OperationCall, of_amount, operation, subject
from engine.unit_of_work import UnitOfWork


@operation(
    "erp.create_requisition", zh="建立采购申请", en="Create requisition", compensated_by="erp.cancel_requisition",
    outputs={"requisition_id": "id", "requisition_no": "string", "total": "number", "currency": "string",
             "supplier_id": "id", "supplier_name": "string", "new_supplier": "boolean", "lines": "list<context>",
             "existing": "boolean"},
    errors=("ERP.ITEM_INACTIVE", "ERP.NO_SUPPLIER", "DATA.INVALID"),
)  # fmt: skip
def create_requisition(
    uow: UnitOfWork, *, lines: list[RequisitionLine], requested_by: UUID | None = None, supplier_id: UUID | None = None,
    supplier_code: str | None = None, cost_centre: str | None = None, reason: str | None = None,
    source_no: str | None = None, call: OperationCall,
) -> dict[str, Any]:  # fmt: skip
    """Write down what is needed, at the supplier's price unless given.

    `source_no`: the order that is short of it; asked for again, the first requisition comes back as `existing`.
    `supplier_id`, or `supplier_code` as people know it: who usually delivers the first item, unless given;
    `new_supplier`: never ordered from before.
    """
    counted(lines)
    items = active_items(uow, [line["sku"] for line in lines])
    offers = _offers(uow, [items[line["sku"]].id for line in lines])
    first = offers.get(items[lines[0]["sku"]].id)
    if supplier_code is not None and supplier_code.strip():
        supplier_id = rows.by(uow, supplier, "code", supplier_code.strip().upper()).id
    supplier_id = supplier_id or (first.supplier_id if first else None)
    if supplier_id is None:
        raise BusinessError("ERP.NO_SUPPLIER", sku=lines[0]["sku"])
    vendor = rows.get(uow, supplier, supplier_id)
    known = None
    if source_no is not None:
        known = rows.find(
            uow,
            select(requisition).where(requisition.c.source_type == "order", requisition.c.source_id == source_no),
        )
    if known is None:
        listed = [_requisition_line(items, offers, number, line) for number, line in enumerate(lines, 1)]
        total = sum((amounts.cents(line["quantity"] * line["price"]) for line in listed), amounts.ZERO)
        requisition_no = document_no(uow, "PR")
        requisition_id = rows.add(
            uow, requisition, requisition_no=requisition_no,
            **head(uow, call, ("order", source_no) if source_no is not None else None), requested_by=requested_by,
            cost_centre=cost_centre or "", total=total, currency=CURRENCY, reason=reason or "",
        )  # fmt: skip
        rows.add_all(uow, requisition_line, [{"requisition_id": requisition_id, **line} for line in listed])
    else:
        requisition_id, requisition_no, total = known.id, known.requisition_no, known.total
    before = rows.find(
        uow,
        select(purchase_order.c.id)
        .where(purchase_order.c.supplier_id == supplier_id, purchase_order.c.status.in_(("placed", "closed")))
        .limit(1),
    )
    return {
        "requisition_id": requisition_id, "requisition_no": requisition_no, "total": total, "currency": CURRENCY,
        "supplier_id": vendor.id, "supplier_name": vendor.name, "new_supplier": before is None,
        "lines": [
            {"sku": line.sku, "name": line.name, "quantity": line.quantity, "price": line.price}
            for line in rows.lines(uow, requisition_line, "requisition_id", requisition_id)
        ],
        "existing": known is not None,
    }  # fmt: skip


@operation(
    "erp.cancel_requisition", zh="取消采购申请", en="Cancel requisition", outputs={"cancelled": "boolean"},
    errors=("DATA.NOT_FOUND",),
)  # fmt: skip
def cancel_requisition(uow: UnitOfWork, *, requisition_id: UUID, reason: str = "") -> dict[str, Any]:
    """Cancel it unless it was ordered."""
    row = rows.get(uow, requisition, requisition_id, lock=True)
    if row.status == "open":
        rows.change(uow, requisition, requisition_id, status="cancelled", cancelled_at=uow.now, cancel_reason=reason)
    return {"cancelled": row.status != "ordered"}


@operation(
    "erp.create_purchase_order", zh="建立采购订单", en="Create purchase order",
    compensated_by="erp.cancel_purchase_order",
    outputs={"purchase_order_id": "id", "po_no": "string", "net": "number", "tax": "number", "gross": "number",
             "currency": "string", "supplier_name": "string", "existing": "boolean"},
    errors=("DATA.NOT_FOUND", "DATA.INVALID", "ERP.SUPPLIER_BLOCKED", "ERP.VAT_UNKNOWN", "ERP.ITEM_INACTIVE"),
)  # fmt: skip
def create_purchase_order(
    uow: UnitOfWork, *, supplier_id: UUID, requisition_id: UUID | None = None,
    lines: list[PurchaseLine] | None = None, expected_date: date | None = None, call: OperationCall,
) -> dict[str, Any]:  # fmt: skip
    """An order to a supplier for `lines`, or for those of the requisition. One live order per requisition."""
    vendor = rows.get(uow, supplier, supplier_id)
    if vendor.blocked or not vendor.active:
        raise BusinessError("ERP.SUPPLIER_BLOCKED", supplier=vendor.name, reason=vendor.block_reason)
    if requisition_id is not None:
        rows.get(uow, requisition, requisition_id, lock=True)
        known = rows.find(
            uow,
            select(purchase_order).where(
                purchase_order.c.requisition_id == requisition_id, purchase_order.c.status != "cancelled"
            ),
        )
        if known is not None:
            return _order_facts(known, existing=True)
        if lines is None:
            lines = [
                {"sku": line.sku, "quantity": line.quantity, "price": line.price}
                for line in rows.lines(uow, requisition_line, "requisition_id", requisition_id)
            ]
    lines = lines or []
    counted(lines)
    items = active_items(uow, [line["sku"] for line in lines])
    offers = _offers(uow, [row.id for row in items.values()])
    rates = vat_rates(uow, business_date(uow))
    listed, parts = [], []
    for number, line in enumerate(lines, 1):
        row = items[line["sku"]]
        price = _price(line.get("price"), offers.get(row.id), row.sku)
        rate = line.get("vat_rate")
        rate = rate_of(rates, row.vat_category) if rate is None else rate
        part = amounts.line(line["quantity"], price, Decimal(0), rate)
        parts.append(part)
        listed.append(
            {
                "line_no": number, "item_id": row.id, "sku": row.sku, "name": row.name, "uom": row.uom,
                "price": price, "vat_rate": rate, "ordered": line["quantity"], "may_receive": line["quantity"],
                "received": stock.ZERO, "invoiced": stock.ZERO, "net": part.net, "tax": part.tax,
                "gross": part.gross, "match_policy": line.get("match_policy") or "three_way_receipt_first",
            }
        )  # fmt: skip
    heads = amounts.total(parts)
    lead = max(row.lead_time_days for row in items.values())
    order_id = rows.add(
        uow, purchase_order, po_no=document_no(uow, "PO"), **head(uow, call, ("erp_requisition", requisition_id)
        if requisition_id is not None else None), supplier_id=supplier_id, supplier_name=vendor.name,
        requisition_id=requisition_id, currency=CURRENCY, net=heads.net, tax=heads.tax, gross=heads.gross,
        expected_date=expected_date or business_date(uow) + timedelta(days=lead), status="draft",
    )  # fmt: skip
    rows.add_all(uow, purchase_line, [{"order_id": order_id, **line} for line in listed])
    return _order_facts(rows.get(uow, purchase_order, order_id), existing=False)


@subject(
    "erp_purchase_order", id="purchase_order_id", shows=("amount", "currency", "entity", "supplier", "order"),
    refers={"supplier": ("erp_supplier.name",), "order": ("erp_purchase_order.po_no",)},
)  # fmt: skip
def order_facts(uow: UnitOfWork, *, purchase_order_id: UUID) -> Facts:
    """What an approval to commit to a purchase binds: amount, currency, supplier, order."""
    order = rows.get(uow, purchase_order, purchase_order_id, lock=True)
    wanted = None if order.requisition_id is None else rows.get(uow, requisition, order.requisition_id)
    asking = [order.created_by, None if wanted is None else wanted.requested_by]
    uscc, called = entity(uow)
    return Facts(
        values=of_amount(order.gross, order.currency) | {
            "entity": uscc, "supplier": str(order.supplier_id), "order": str(order.id),
        },
        people={"requester": [one for one in asking if one is not None]},
        display={
            N_("Purchase order"): order.po_no,
            N_("Amount"): f"{order.gross:,.2f} {order.currency}",
            N_("Supplier"): order.supplier_name,
            N_("Buying company"): called,
        },
        version=order.version,
    )  # fmt: skip


@operation(
    "erp.place_purchase_order", zh="下达采购订单", en="Place purchase order", guarded_by="purchase.commit",
    subject=order_facts, compensated_by="erp.cancel_purchase_order",
    outputs={"status": "string", "po_no": "string", "expected_date": "date"},
    errors=("DATA.NOT_FOUND", "ERP.SUPPLIER_BLOCKED", "ERP.PO_CLOSED"),
)  # fmt: skip
def place_purchase_order(uow: UnitOfWork, *, purchase_order_id: UUID) -> dict[str, Any]:
    """Commit to the order; from now on goods may be received for it."""
    order = rows.get(uow, purchase_order, purchase_order_id, lock=True)
    if order.status == "draft":
        vendor = rows.get(uow, supplier, order.supplier_id)
        if vendor.blocked or not vendor.active:
            raise BusinessError("ERP.SUPPLIER_BLOCKED", supplier=vendor.name, reason=vendor.block_reason)
        rows.change(uow, purchase_order, order.id, status="placed")
        if order.requisition_id is not None:
            rows.change(uow, requisition, order.requisition_id, status="ordered")
    elif order.status != "placed":
        raise BusinessError("ERP.PO_CLOSED", po_no=order.po_no, status=order.status)
    return {"status": "placed", "po_no": order.po_no, "expected_date": order.expected_date}


@operation(
    "erp.cancel_purchase_order", zh="取消采购订单", en="Cancel purchase order", outputs={"cancelled": "boolean"},
    errors=("DATA.NOT_FOUND",),
)  # fmt: skip
def cancel_purchase_order(uow: UnitOfWork, *, purchase_order_id: UUID, reason: str = "") -> dict[str, Any]:
    """Cancel an order of which nothing has arrived; `cancelled` is false when something has."""
    order = rows.get(uow, purchase_order, purchase_order_id, lock=True)
    lines = rows.lines(uow, purchase_line, "order_id", purchase_order_id)
    if any(line.received for line in lines) or order.status == "closed":
        return {"cancelled": False}
    if order.status != "cancelled":
        rows.change(
            uow, purchase_order, order.id, status="cancelled", cancelled_at=uow.now, cancel_reason=reason
        )  # fmt: skip
    return {"cancelled": True}


@operation(
    "erp.receive_goods", zh="采购收货", en="Receive goods", compensated_by="erp.reverse_receipt",
    outputs={"receipt_id": "id", "receipt_no": "string", "value": "number", "voucher_no": "string",
             "complete": "boolean", "open_lines": "list<context>", "existing": "boolean"},
    errors=("DATA.NOT_FOUND", "DATA.INVALID", "ERP.OVER_RECEIPT", "ERP.PO_CLOSED", "ERP.WRONG_ITEM",
            "ERP.PERIOD_CLOSED"),
)  # fmt: skip
def receive_goods(
    uow: UnitOfWork, *, purchase_order_id: UUID, lines: list[ReceivedLine] | None = None, warehouse: str | None = None,
    delivery_note: str | None = None, call: OperationCall,
) -> dict[str, Any]:  # fmt: skip
    """Take goods in at order price, with the voucher for goods not invoiced yet; without `lines` all that is open.

    One receipt per delivery note. Raises ERP.WRONG_ITEM (`skus` that were not ordered), ERP.OVER_RECEIPT (`lines`).
    """
    order = rows.get(uow, purchase_order, purchase_order_id, lock=True)
    if delivery_note is not None:
        delivery_note = checked("delivery_note", delivery_note, 60)
        known = rows.find(
            uow,
            select(goods_receipt).where(
                goods_receipt.c.order_id == purchase_order_id, goods_receipt.c.delivery_note == delivery_note
            ),
        )
        if known is not None:
            values = [line.value for line in rows.lines(uow, goods_receipt_line, "receipt_id", known.id)]
            return {
                **_receipt_facts(uow, order, known.id, known.receipt_no), "value": sum(values, amounts.ZERO),
                "voucher_no": known.voucher_no, "existing": True,
            }  # fmt: skip
    if order.status not in ("placed", "closed"):
        raise BusinessError("ERP.PO_CLOSED", po_no=order.po_no, status=order.status)
    taken = _arrivals(uow, order, lines)
    place = warehouse_id(uow, warehouse)
    receipt_no = document_no(uow, "GR")
    receipt_id = rows.add(
        uow, goods_receipt, receipt_no=receipt_no, **head(uow, call, ("erp_purchase_order", order.id)),
        order_id=order.id, warehouse_id=place, delivery_note=delivery_note,
    )  # fmt: skip
    listed = rows.add_all(
        uow,
        goods_receipt_line,
        [
            {
                "receipt_id": receipt_id, "line_no": number, "purchase_line_id": line.id, "quantity": quantity,
                "value": amounts.part(line.net, line.received + quantity, line.ordered,
                                      amounts.part(line.net, line.received, line.ordered, amounts.ZERO)),
            }
            for number, (line, quantity) in enumerate(taken, 1)
        ],
    )  # fmt: skip
    for line, quantity in taken:
        rows.write(
            uow,
            update(purchase_line)
            .where(purchase_line.c.id == line.id)
            .values(received=purchase_line.c.received + quantity),
        )
    stock.bring(
        uow, place,
        [(line.item_id, quantity, row["value"], row["id"]) for (line, quantity), row in zip(taken, listed,
        strict=True)],
        "receipt", "erp_goods_receipt_line",
    )  # fmt: skip
    value = sum((row["value"] for row in listed), amounts.ZERO)
    voucher_no = ledger.post(
        uow, "goods_receipt", ("erp_goods_receipt", receipt_id), {"value": value},
        aux={"supplier": str(order.supplier_id)}, summary=f"暂估入库 {order.supplier_name} {receipt_no}",
        instance_id=call.instance_id,
    )  # fmt: skip
    rows.change(uow, goods_receipt, receipt_id, voucher_no=voucher_no)
    return {
        **_receipt_facts(uow, order, receipt_id, receipt_no), "value": value, "voucher_no": voucher_no,
        "existing": False,
    }  # fmt: skip


@operation(
    "erp.reverse_receipt", zh="冲销收货", en="Reverse receipt", outputs={"reversed": "boolean"},
    errors=("DATA.NOT_FOUND", "ERP.STOCK_SHORT", "ERP.PERIOD_CLOSED"),
)  # fmt: skip
def reverse_receipt(uow: UnitOfWork, *, receipt_id: UUID, reason: str = "", call: OperationCall) -> dict[str, Any]:
    """Send goods back: counter moves, red voucher, received quantities. Raises ERP.STOCK_SHORT if they are gone."""
    done = rows.get(uow, goods_receipt, receipt_id, lock=True)
    if done.reversed:
        return {"reversed": True}
    lines = rows.lines(uow, goods_receipt_line, "receipt_id", receipt_id)
    stock.take_back(uow, done.warehouse_id, [line.id for line in lines], "erp_goods_receipt_line")
    for line in lines:
        rows.write(
            uow,
            update(purchase_line)
            .where(purchase_line.c.id == line.purchase_line_id)
            .values(received=purchase_line.c.received - line.quantity),
        )
    rows.change(uow, goods_receipt, receipt_id, reversed=True, cancel_reason=reason, cancelled_at=uow.now)
    ledger.reverse_of(uow, "goods_receipt", ("erp_goods_receipt", receipt_id), reason, call.instance_id)
    return {"reversed": True}


def _arrivals(uow: UnitOfWork, order: Any, lines: list[ReceivedLine] | None) -> list[tuple[Any, Decimal]]:
    """(purchase line, quantity) of what arrived. Raises ERP.WRONG_ITEM, ERP.OVER_RECEIPT, DATA.INVALID."""
    ordered = rows.lines(uow, purchase_line, "order_id", order.id)
    if lines is None:
        taken = [(line, line.ordered - line.received) for line in ordered if line.received < line.ordered]
    else:
        wrong = sorted({line["sku"] for line in lines} - {line.sku for line in ordered})
        if wrong:
            raise BusinessError("ERP.WRONG_ITEM", po_no=order.po_no, skus=wrong)
        sums: dict[str, Decimal] = {}
        for line in lines:
            sums[line["sku"]] = sums.get(line["sku"], stock.ZERO) + line["quantity"]
        counted(line for line in lines if line["quantity"])  # a scan list names what did not come with 0
        taken = [
            share
            for sku, quantity in sums.items()
            for share in spread(quantity, [(line, line.ordered - line.received) for line in ordered if line.sku == sku])
        ]
    over = [
        {"sku": line.sku, "quantity": line.received + quantity - line.may_receive}
        for line, quantity in taken
        if line.received + quantity > line.may_receive
    ]
    if over:
        raise BusinessError("ERP.OVER_RECEIPT", po_no=order.po_no, lines=over)
    if not taken:
        raise BusinessError("DATA.INVALID", expected=N_("something received"), found=N_("nothing"))
    return taken


def _receipt_facts(uow: UnitOfWork, order: Any, receipt_id: UUID, receipt_no: str) -> dict[str, Any]:
    left = [
        {"sku": line.sku, "name": line.name, "quantity": line.ordered - line.received}
        for line in rows.lines(uow, purchase_line, "order_id", order.id)
        if line.received < line.ordered
    ]
    return {"receipt_id": receipt_id, "receipt_no": receipt_no, "complete": not left, "open_lines": left}


def _order_facts(order: Any, *, existing: bool) -> dict[str, Any]:
    return {
        "purchase_order_id": order.id, "po_no": order.po_no, "net": order.net, "tax": order.tax, "gross": order.gross,
        "currency": order.currency, "supplier_name": order.supplier_name, "existing": existing,
    }  # fmt: skip


def _offers(uow: UnitOfWork, item_ids: list[UUID]) -> dict[UUID, Any]:
    query = select(supplier_item).where(supplier_item.c.item_id.in_(item_ids))
    return {row.item_id: row for row in uow.execute(query)}


def _requisition_line(items: Any, offers: Any, number: int, line: RequisitionLine) -> dict[str, Any]:
    row = items[line["sku"]]
    return {
        "line_no": number, "item_id": row.id, "sku": row.sku, "name": row.name, "uom": row.uom,
        "quantity": line["quantity"], "price": _price(line.get("price"), offers.get(row.id), row.sku),
        "need_by": line.get("need_by"),
    }  # fmt: skip


def _price(given: Decimal | None, offer: Any, sku: str) -> Decimal:
    if given is not None:
        return amounts.unit_price(given)
    if offer is None:
        raise BusinessError("ERP.NO_SUPPLIER", sku=sku)
    price: Decimal = offer.price
    return price
