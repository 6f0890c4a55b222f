"""Fulfilling a customer's order: open it, ship it, see it delivered, close it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select, update

from engine.errors import BusinessError
from engine.modules.erp import amounts
from engine.modules.erp.models.invoice import sales_invoice
from engine.modules.erp.models.item import item
from engine.modules.erp.models.sales import sales_line, sales_order, shipment, shipment_line
from engine.modules.erp.models.stock import reservation
from engine.modules.erp.operations import ledger, stock
from engine.modules.erp.operations.context import CURRENCY, active_items, checked, head, warehouse_id
from engine.modules.erp.operations.lines import SalesOrder
from engine.modules.erp.rows import rows
from engine.operations import OperationCall, operation
from engine.unit_of_work import UnitOfWork


@operation(
    "erp.open_sales_order", zh="建立销售订单", en="Open sales order", compensated_by="erp.cancel_sales_order",
    outputs={"sales_order_id": "id", "order_no": "string", "existing": "boolean"},
    errors=("ERP.ITEM_INACTIVE", "ERP.ORDER_DIFFERS"),
)  # fmt: skip
def open_sales_order(uow: UnitOfWork, *, order: SalesOrder, call: OperationCall) -> dict[str, Any]:
    """Take over a confirmed customer order under its number. The same order again is `existing`.

    Raises ERP.ITEM_INACTIVE (`skus`), ERP.ORDER_DIFFERS if the number is known with another total.
    """
    lines = order["lines"]
    heads = amounts.total([amounts.Amounts(line["net"], line["tax"], line["gross"]) for line in lines])
    known = rows.find(uow, select(sales_order).where(sales_order.c.order_no == order["order_no"]))
    if known is not None:
        if known.gross != heads.gross or known.status == "cancelled":
            raise BusinessError(
                "ERP.ORDER_DIFFERS", order_no=order["order_no"], expected=known.gross, found=heads.gross
            )
        return {"sales_order_id": known.id, "order_no": known.order_no, "existing": True}
    items = active_items(uow, [line["sku"] for line in lines])
    order_id = rows.add(
        uow, sales_order, order_no=order["order_no"], **head(uow, call, ("crm_order", order["order_no"])),
        customer_id=order["customer_id"], customer_name=order["customer_name"],
        customer_uscc=order.get("customer_uscc"), ship_to=order.get("ship_to"),
        currency=order.get("currency") or CURRENCY, promised_date=order.get("promised_date"),
        net=heads.net, tax=heads.tax, gross=heads.gross, payment_terms_days=order.get("payment_terms_days") or 0,
    )  # fmt: skip
    rows.add_all(
        uow,
        sales_line,
        [
            {
                "order_id": order_id, "line_no": line["line_no"], "item_id": items[line["sku"]].id,
                "sku": line["sku"], "name": items[line["sku"]].name, "uom": items[line["sku"]].uom,
                "price": line["price"], "vat_rate": line["vat_rate"], "ordered": line["quantity"],
                "may_ship": line["quantity"], "shipped": stock.ZERO, "invoiced": stock.ZERO,
                "net": line["net"], "tax": line["tax"], "gross": line["gross"],
            }
            for line in lines
        ],
    )  # fmt: skip
    return {"sales_order_id": order_id, "order_no": order["order_no"], "existing": False}


@operation(
    "erp.cancel_sales_order", zh="取消销售订单", en="Cancel sales order",
    outputs={"cancelled": "boolean", "kept": "list<string>"}, errors=("DATA.NOT_FOUND",),
)  # fmt: skip
def cancel_sales_order(uow: UnitOfWork, *, sales_order_id: UUID, reason: str = "") -> dict[str, Any]:
    """Cancel what can still be cancelled: an order of which something has left stays, `kept` names its shipments."""
    order = rows.get(uow, sales_order, sales_order_id, lock=True)
    kept = [
        row.shipment_no
        for row in uow.execute(
            select(shipment.c.shipment_no).where(
                shipment.c.order_id == sales_order_id, shipment.c.status.in_(("shipped", "delivered"))
            )
        )
    ]
    if not kept and order.status == "open":
        rows.change(uow, sales_order, sales_order_id, status="cancelled", cancelled_at=uow.now, cancel_reason=reason)
    return {"cancelled": not kept, "kept": kept}


@operation(
    "erp.create_shipment", zh="建立发货单", en="Create shipment", compensated_by="erp.cancel_shipment",
    outputs={"shipment_id": "id", "shipment_no": "string", "lines": "list<context>", "existing": "boolean"},
    errors=("ERP.NOTHING_TO_SHIP", "DATA.NOT_FOUND"),
)  # fmt: skip
def create_shipment(
    uow: UnitOfWork, *, sales_order_id: UUID, warehouse: str | None = None, call: OperationCall
) -> dict[str, Any]:
    """A shipment of everything that is promised to the order in this warehouse; a draft of it is `existing`.

    Services need no promise: what is still to be done of them goes with the first shipment.
    """
    order = rows.get(uow, sales_order, sales_order_id, lock=True)
    place = warehouse_id(uow, warehouse)
    known = rows.find(
        uow,
        select(shipment).where(
            shipment.c.order_id == sales_order_id, shipment.c.warehouse_id == place, shipment.c.status == "draft"
        ),
    )
    promises = uow.execute(
        select(sales_line.c.id, sales_line.c.line_no, sales_line.c.sku, sales_line.c.name, reservation.c.quantity)
        .join(reservation, reservation.c.sales_line_id == sales_line.c.id)
        .where(
            sales_line.c.order_id == sales_order_id, reservation.c.warehouse_id == place,
            reservation.c.status == "active",
        )
        .order_by(sales_line.c.line_no)
    ).all()  # fmt: skip
    promises = sorted([*promises, *_services(uow, sales_order_id, place)], key=lambda row: row.line_no)
    listed = [{"line_no": row.line_no, "sku": row.sku, "name": row.name, "quantity": row.quantity} for row in promises]
    if not promises:
        raise BusinessError("ERP.NOTHING_TO_SHIP", order_no=order.order_no)
    if known is not None:  # more may have been promised since
        rows.write(uow, delete(shipment_line).where(shipment_line.c.shipment_id == known.id))
        _fill(uow, known.id, promises)
        return {"shipment_id": known.id, "shipment_no": known.shipment_no, "lines": listed, "existing": True}
    waves = rows.find(uow, select(func.max(shipment.c.wave).label("last")).where(shipment.c.order_id == sales_order_id))
    wave = (waves.last or 0) + 1 if waves else 1
    shipment_no = f"{order.order_no}-S{wave}"
    shipment_id = rows.add(
        uow, shipment, shipment_no=shipment_no, **head(uow, call, ("erp_sales_order", sales_order_id)),
        order_id=sales_order_id, warehouse_id=place, wave=wave, status="draft", cost=amounts.ZERO,
    )  # fmt: skip
    _fill(uow, shipment_id, promises)
    return {"shipment_id": shipment_id, "shipment_no": shipment_no, "lines": listed, "existing": False}


@operation(
    "erp.cancel_shipment", zh="取消发货单", en="Cancel shipment", outputs={"cancelled": "boolean"},
    errors=("DATA.NOT_FOUND",),
)  # fmt: skip
def cancel_shipment(uow: UnitOfWork, *, shipment_id: UUID, reason: str = "") -> dict[str, Any]:
    """Cancel a draft; what has left stays (`cancelled` is false)."""
    row = rows.get(uow, shipment, shipment_id, lock=True)
    if row.status == "draft":
        rows.change(uow, shipment, shipment_id, status="cancelled", cancelled_at=uow.now, cancel_reason=reason)
    return {"cancelled": row.status in ("draft", "cancelled")}


@operation(
    "erp.ship", zh="发货", en="Ship",
    outputs={"shipment_no": "string", "tracking_no": "string", "carrier": "string", "lines": "list<context>",
             "cost": "number", "voucher_no": "string", "complete": "boolean", "shipped_at": "date and time"},
    errors=("DATA.NOT_FOUND", "ERP.SHIPMENT_CANCELLED", "ERP.STOCK_SHORT", "ERP.PERIOD_CLOSED",
            "ERP.TRACKING_USED", "DATA.INVALID"),
)  # fmt: skip
def ship(
    uow: UnitOfWork, *, shipment_id: UUID, carrier: str, tracking_no: str | None = None, call: OperationCall
) -> dict[str, Any]:
    """Let the goods leave: stock moves at moving average, its voucher, the promises consumed. The point of no return.

    `lines`: line_no, sku, shipped (cumulative per order line). `complete`: nothing of the order is left to ship.
    """
    order = rows.get(uow, sales_order, rows.get(uow, shipment, shipment_id).order_id, lock=True)
    row = rows.get(uow, shipment, shipment_id, lock=True)
    if row.status == "cancelled":
        raise BusinessError("ERP.SHIPMENT_CANCELLED", shipment_no=row.shipment_no)
    if row.status == "draft":
        carrier = checked("carrier", carrier, 40)
        tracking_no = checked("tracking_no", tracking_no or row.shipment_no, 60)
        _leave(uow, row, order, carrier, tracking_no, call)
    shipped = uow.execute(
        select(sales_line).where(sales_line.c.order_id == order.id).order_by(sales_line.c.line_no)
    ).all()
    row = rows.get(uow, shipment, shipment_id)
    return {
        "shipment_no": row.shipment_no, "tracking_no": row.tracking_no, "carrier": row.carrier,
        "lines": [{"line_no": line.line_no, "sku": line.sku, "shipped": line.shipped} for line in shipped],
        "cost": row.cost, "voucher_no": row.voucher_no,
        "complete": all(line.shipped >= line.ordered for line in shipped),
        "shipped_at": row.shipped_at,
    }  # fmt: skip


@operation(
    "erp.mark_delivered", zh="登记签收", en="Record delivery", outputs={"delivered_at": "date and time"},
    errors=("DATA.NOT_FOUND", "ERP.NOT_SHIPPED"),
)  # fmt: skip
def mark_delivered(uow: UnitOfWork, *, shipment_no: str, delivered_at: datetime | None = None) -> dict[str, Any]:
    """The customer has it; the first time stands."""
    row = rows.by(uow, shipment, "shipment_no", shipment_no, lock=True)
    if row.status == "delivered":
        return {"delivered_at": row.delivered_at}
    if row.status != "shipped":
        raise BusinessError("ERP.NOT_SHIPPED", shipment_no=shipment_no)
    rows.change(uow, shipment, row.id, status="delivered", delivered_at=delivered_at or uow.now)
    return {"delivered_at": delivered_at or uow.now}


@operation(
    "erp.close_sales_order", zh="关闭销售订单", en="Close sales order", outputs={"status": "string"},
    errors=("DATA.NOT_FOUND", "ERP.NOT_COMPLETE"),
)  # fmt: skip
def close_sales_order(uow: UnitOfWork, *, sales_order_id: UUID) -> dict[str, Any]:
    """Close an order that is shipped, invoiced and paid. Raises ERP.NOT_COMPLETE naming what is open."""
    order = rows.get(uow, sales_order, sales_order_id, lock=True)
    if order.status == "closed":
        return {"status": "closed"}
    lines = rows.lines(uow, sales_line, "order_id", sales_order_id)
    unpaid = rows.find(
        uow,
        select(func.sum(sales_invoice.c.open_amount).label("amount")).where(sales_invoice.c.order_id == sales_order_id),
    )
    left = {
        "unshipped": [line.sku for line in lines if line.shipped < line.ordered],
        "uninvoiced": [line.sku for line in lines if line.invoiced < line.shipped],
        "unpaid": (unpaid.amount if unpaid else None) or amounts.ZERO,
    }
    if any(left.values()):
        raise BusinessError("ERP.NOT_COMPLETE", order_no=order.order_no, **left)
    rows.change(uow, sales_order, sales_order_id, status="closed")
    return {"status": "closed"}


def _services(uow: UnitOfWork, order_id: UUID, place: UUID) -> Sequence[Any]:
    """Lines of services that no other shipment carries."""
    elsewhere = (
        select(shipment_line.c.sales_line_id)
        .join(shipment, shipment.c.id == shipment_line.c.shipment_id)
        .where(shipment.c.order_id == order_id, shipment.c.status != "cancelled")
        .where((shipment.c.warehouse_id != place) | (shipment.c.status != "draft"))
    )
    return uow.execute(
        select(
            sales_line.c.id, sales_line.c.line_no, sales_line.c.sku, sales_line.c.name,
            sales_line.c.ordered.label("quantity"),
        )
        .join(item, item.c.id == sales_line.c.item_id)
        .where(sales_line.c.order_id == order_id, item.c.kind == "service", sales_line.c.id.not_in(elsewhere))
    ).all()  # fmt: skip


def _fill(uow: UnitOfWork, shipment_id: UUID, promises: Sequence[Any]) -> None:
    rows.add_all(
        uow,
        shipment_line,
        [
            {"shipment_id": shipment_id, "line_no": number, "sales_line_id": row.id, "quantity": row.quantity}
            for number, row in enumerate(promises, 1)
        ],
    )


_count_shipped = (
    update(sales_line)
    .where(sales_line.c.id == bindparam("of_line", type_=sales_line.c.id.type))
    .values(shipped=sales_line.c.shipped + bindparam("more", type_=sales_line.c.shipped.type))
)
_consume = (
    update(reservation)
    .where(
        reservation.c.sales_line_id == bindparam("of_line", type_=reservation.c.sales_line_id.type),
        reservation.c.warehouse_id == bindparam("of_place", type_=reservation.c.warehouse_id.type),
        reservation.c.status == "active",
        reservation.c.quantity == bindparam("exactly", type_=reservation.c.quantity.type),
    )
    .values(status="consumed")
)


def _leave(uow: UnitOfWork, row: Any, order: Any, carrier: str, tracking_no: str, call: OperationCall) -> None:
    lines = uow.execute(
        select(shipment_line, sales_line.c.item_id, item.c.kind)
        .join(sales_line, sales_line.c.id == shipment_line.c.sales_line_id)
        .join(item, item.c.id == sales_line.c.item_id)
        .where(shipment_line.c.shipment_id == row.id)
        .order_by(shipment_line.c.line_no)
    ).all()
    goods = [line for line in lines if line.kind != "service"]
    for line in goods:
        consumed = rows.write(
            uow, _consume, {"of_line": line.sales_line_id, "of_place": row.warehouse_id, "exactly": line.quantity}
        )
        if consumed.rowcount != 1:  # released or changed since the shipment was made
            raise BusinessError("ERP.STOCK_SHORT", lines=[{"line_no": line.line_no, "quantity": line.quantity}])
    cost: Decimal = stock.issue_promised(
        uow, row.warehouse_id, [(line.item_id, line.quantity, line.id) for line in goods], "issue", "erp_shipment_line"
    )
    rows.write(uow, _count_shipped, [{"of_line": line.sales_line_id, "more": line.quantity} for line in lines])
    voucher_no = ledger.post(
        uow, "shipment", ("erp_shipment", row.id), {"cost": cost}, summary=f"发货 {row.shipment_no}",
        instance_id=call.instance_id,
    )  # fmt: skip
    rows.change(
        uow, shipment, row.id, status="shipped", carrier=carrier, tracking_no=tracking_no, shipped_at=uow.now,
        cost=cost, voucher_no=voucher_no,
    )  # fmt: skip
