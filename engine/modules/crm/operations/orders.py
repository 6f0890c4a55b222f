"""The customer's order: priced, agreed, handed over, and what the customer sees of it afterwards."""

from datetime import date
from decimal import Decimal
from typing import Any, NotRequired, TypedDict
from uuid import UUID

from sqlalchemy import bindparam, select, update

from engine import counters
from engine.errors import N_, BusinessError
from engine.modules.crm import amounts
from engine.modules.crm.models.order import order, order_line
from engine.modules.crm.models.party import party, price, price_list
from engine.modules.crm.rows import rows
from engine.operations import Facts, OperationCall, of_amount, operation, subject
from engine.unit_of_work import UnitOfWork

NONE = Decimal("0.0000")


class OrderLine(TypedDict):
    """What is ordered, with the facts of the item; without a price the price list of the customer stands."""

    sku: str
    quantity: Decimal
    vat_rate: Decimal
    name: NotRequired[str | None]
    uom: NotRequired[str | None]
    item_id: NotRequired[UUID | None]
    price: NotRequired[Decimal | None]
    discount: NotRequired[Decimal | None]


class Progress(TypedDict):
    """How much of a line has left so far."""

    line_no: int
    shipped: Decimal


@operation(
    "crm.price_lines", zh="计算价格", en="Price lines", effect="read",
    outputs={"lines": "list<context>", "net": "number", "tax": "number", "gross": "number", "discount": "number"},
    errors=("CRM.PRICE_MISSING", "DATA.INVALID"),
)  # fmt: skip
def price_lines(
    uow: UnitOfWork, *, lines: list[OrderLine], party_id: UUID | None = None, price_includes_tax: bool = False
) -> dict[str, Any]:
    """Prices and amounts of `lines`; `discount`: the highest one. Raises CRM.PRICE_MISSING (`skus`)."""
    customer = None if party_id is None else rows.get(uow, party, party_id)
    priced, heads = _priced(uow, customer, lines, price_includes_tax)
    return {
        "lines": priced, "net": heads.net, "tax": heads.tax, "gross": heads.gross,
        "discount": max((line["discount"] for line in priced), default=Decimal(0)),
    }  # fmt: skip


@operation(
    "crm.create_order", zh="建立客户订单", en="Create customer order", compensated_by="crm.cancel_order",
    outputs={"order_id": "id", "order_no": "string", "net": "number", "tax": "number", "gross": "number",
             "currency": "string", "discount": "number", "party_name": "string", "existing": "boolean"},
    errors=("DATA.NOT_FOUND", "DATA.INVALID", "CRM.PRICE_MISSING", "CRM.PARTY_ON_HOLD", "CRM.ORDER_DIFFERS"),
)  # fmt: skip
def create_order(
    uow: UnitOfWork, *, party_id: UUID, lines: list[OrderLine], ship_to: dict[str, Any] | None = None,
    promised_date: date | None = None, channel: str = "sales", channel_order_no: str | None = None,
    price_includes_tax: bool = False, note: str | None = None, call: OperationCall,
) -> dict[str, Any]:  # fmt: skip
    """A draft of what the customer wants. The same number of the same channel is `existing`.

    Raises CRM.PARTY_ON_HOLD, CRM.PRICE_MISSING (`skus`), CRM.ORDER_DIFFERS if a channel sends other contents.
    """
    customer = rows.get(uow, party, party_id)
    if customer.hold or not customer.active:
        raise BusinessError("CRM.PARTY_ON_HOLD", name=customer.name)
    if not lines:
        raise BusinessError("DATA.INVALID", expected=N_("at least one line"), found=N_("none"))
    priced, heads = _priced(uow, customer, lines, price_includes_tax)
    discount = max((line["discount"] for line in priced), default=Decimal(0))
    if channel_order_no is not None:
        known = rows.find(
            uow, select(order).where(order.c.channel == channel, order.c.channel_order_no == channel_order_no)
        )
        if known is not None:
            if (known.gross, known.party_id) != (heads.gross, party_id):
                raise BusinessError("CRM.ORDER_DIFFERS", order_no=known.order_no, channel_order_no=channel_order_no)
            return _facts(known, discount, existing=True)
    today = uow.now.astimezone(uow.settings.zone).date()
    number = counters.next_number(uow, f"crm/SO/{today:%Y%m}")
    order_id = rows.add(
        uow, order, order_no=f"SO-{today:%Y%m}-{number:04d}", business_date=today, created_at=uow.now,
        created_by=uow.actor.user_id, instance_id=call.instance_id, party_id=party_id, party_name=customer.name,
        channel=channel, channel_order_no=channel_order_no, price_includes_tax=price_includes_tax, currency="CNY",
        ship_to=ship_to, promised_date=promised_date, net=heads.net, tax=heads.tax, gross=heads.gross,
        paid_amount=amounts.ZERO, note=note or "",
    )  # fmt: skip
    rows.add_all(uow, order_line, [{"order_id": order_id, **line, "shipped": NONE} for line in priced])
    return _facts(rows.get(uow, order, order_id), discount, existing=False)


@operation(
    "crm.set_credit_hold", zh="设置信用冻结", en="Set credit hold", compensated_by="crm.release_credit_hold",
    outputs={"credit_hold": "boolean"}, errors=("DATA.NOT_FOUND",),
)  # fmt: skip
def set_credit_hold(uow: UnitOfWork, *, order_id: UUID) -> dict[str, Any]:
    """The order waits for a decision about credit and cannot be confirmed."""
    rows.change(uow, order, order_id, credit_hold=True)
    return {"credit_hold": True}


@subject(
    "crm_order", id="order_id", shows=("amount", "currency", "customer", "order"),
    refers={"customer": ("crm_party.name",), "order": ("crm_order.order_no",)},
)  # fmt: skip
def order_facts(uow: UnitOfWork, *, order_id: UUID) -> Facts:
    """What an approval to deliver beyond the credit of a customer binds: amount, currency, customer, order."""
    found = rows.get(uow, order, order_id, lock=True)
    return Facts(
        values=of_amount(found.gross, found.currency) | {"customer": str(found.party_id), "order": str(found.id)},
        people={"requester": [] if found.created_by is None else [found.created_by]},
        display={
            N_("Customer order"): found.order_no,
            N_("Amount"): f"{found.gross:,.2f} {found.currency}",
            N_("Customer"): found.party_name,
        },
        version=found.version,
    )  # fmt: skip


@operation(
    "crm.release_credit_hold", zh="解除信用冻结", en="Release credit hold", compensated_by="crm.set_credit_hold",
    guarded_by="credit.release", subject=order_facts,
    outputs={"credit_hold": "boolean"}, errors=("DATA.NOT_FOUND",),
)  # fmt: skip
def release_credit_hold(uow: UnitOfWork, *, order_id: UUID) -> dict[str, Any]:
    """The order may be confirmed."""
    rows.change(uow, order, order_id, credit_hold=False)
    return {"credit_hold": False}


@operation(
    "crm.confirm_order", zh="确认客户订单", en="Confirm customer order", compensated_by="crm.cancel_order",
    outputs={"order": "context", "order_no": "string", "status": "string"},
    errors=("DATA.NOT_FOUND", "CRM.CLOSED", "CRM.ON_CREDIT_HOLD"),
)  # fmt: skip
def confirm_order(uow: UnitOfWork, *, order_id: UUID) -> dict[str, Any]:
    """Agree to it. `order`: the facts that fulfilment needs, once and for all."""
    found = rows.get(uow, order, order_id, lock=True)
    if found.status == "draft":
        if found.credit_hold:
            raise BusinessError("CRM.ON_CREDIT_HOLD", order_no=found.order_no)
        rows.change(uow, order, order_id, status="confirmed")
        rows.write(
            uow,
            update(party)
            .where(party.c.id == found.party_id, party.c.lifecycle != "customer")
            .values(lifecycle="customer"),
        )
    elif found.status != "confirmed":
        raise BusinessError("CRM.CLOSED", order_no=found.order_no, status=found.status)
    customer = rows.get(uow, party, found.party_id)
    handed = {
        "order_no": found.order_no, "customer_id": found.party_id, "customer_name": found.party_name,
        "customer_uscc": customer.uscc, "currency": found.currency, "ship_to": found.ship_to,
        "promised_date": found.promised_date, "payment_terms_days": customer.payment_terms_days,
        "lines": [
            {
                "line_no": line.line_no, "sku": line.sku, "quantity": line.quantity, "price": line.price,
                "vat_rate": line.vat_rate, "net": line.net, "tax": line.tax, "gross": line.gross,
            }
            for line in rows.lines(uow, order_line, "order_id", order_id)
        ],
    }  # fmt: skip
    return {"order": handed, "order_no": found.order_no, "status": "confirmed"}


@operation(
    "crm.cancel_order", zh="取消客户订单", en="Cancel customer order",
    outputs={"status": "string", "cancelled": "boolean"}, errors=("DATA.NOT_FOUND", "CRM.ALREADY_SHIPPED"),
)  # fmt: skip
def cancel_order(uow: UnitOfWork, *, order_id: UUID, reason: str = "") -> dict[str, Any]:
    """Take it back while nothing has left. Raises CRM.ALREADY_SHIPPED: the way back is a return then."""
    found = rows.get(uow, order, order_id, lock=True)
    if found.delivery_state != "none" or found.status == "closed":
        raise BusinessError("CRM.ALREADY_SHIPPED", order_no=found.order_no)
    if found.status != "cancelled":
        rows.change(uow, order, order_id, status="cancelled", cancelled_at=uow.now, cancel_reason=reason)
    return {"status": "cancelled", "cancelled": True}


@operation(
    "crm.record_progress", zh="回写发货进度", en="Record progress", outputs={"delivery_state": "string"},
    errors=("CRM.UNKNOWN_ORDER", "CRM.OVER_SHIPPED"),
)  # fmt: skip
def record_progress(uow: UnitOfWork, *, order_no: str, lines: list[Progress]) -> dict[str, Any]:
    """How much of each line has left so far; said twice it changes nothing."""
    found = by_number(uow, order_no)
    rows.write(
        uow,
        _shipped,
        [{"of_order": found.id, "of_line": line["line_no"], "so_far": line["shipped"]} for line in lines],
    )
    known = rows.lines(uow, order_line, "order_id", found.id)
    if all(line.shipped >= line.quantity for line in known):
        state = "full"
    else:
        state = "partial" if any(line.shipped for line in known) else "none"
    rows.change(uow, order, found.id, delivery_state=state)
    return {"delivery_state": state}


@operation(
    "crm.record_payment", zh="回写收款", en="Record payment",
    outputs={"paid_amount": "number", "billing_state": "string"}, errors=("CRM.UNKNOWN_ORDER",),
)  # fmt: skip
def record_payment(uow: UnitOfWork, *, order_no: str, paid_amount: Decimal) -> dict[str, Any]:
    """How much of the order is paid so far (cumulative); said twice it changes nothing."""
    found = by_number(uow, order_no)
    paid = max(amounts.ZERO, amounts.cents(paid_amount))
    state = "paid" if paid >= found.gross else "partial" if paid else "unpaid"
    rows.change(uow, order, found.id, paid_amount=paid, billing_state=state)
    return {"paid_amount": paid, "billing_state": state}


@operation(
    "crm.close_order", zh="完成客户订单", en="Close customer order", outputs={"status": "string", "gross": "number"},
    errors=("DATA.NOT_FOUND", "CRM.NOT_COMPLETE"),
)  # fmt: skip
def close_order(uow: UnitOfWork, *, order_id: UUID) -> dict[str, Any]:
    """Close what is delivered and paid. Raises CRM.NOT_COMPLETE with both states."""
    found = rows.get(uow, order, order_id, lock=True)
    if found.status == "closed":
        return {"status": "closed", "gross": found.gross}
    if (found.status, found.delivery_state, found.billing_state) != ("confirmed", "full", "paid"):
        raise BusinessError(
            "CRM.NOT_COMPLETE", order_no=found.order_no, status=found.status, delivery_state=found.delivery_state,
            billing_state=found.billing_state,
        )  # fmt: skip
    rows.change(uow, order, order_id, status="closed")
    return {"status": "closed", "gross": found.gross}


def by_number(uow: UnitOfWork, order_no: str) -> Any:
    """The order, locked. Raises CRM.UNKNOWN_ORDER."""
    found = rows.find(uow, select(order).where(order.c.order_no == order_no).with_for_update())
    if found is None:
        raise BusinessError("CRM.UNKNOWN_ORDER", order_no=order_no)
    return found


_shipped = (
    update(order_line)
    .where(
        order_line.c.order_id == bindparam("of_order", type_=order_line.c.order_id.type),
        order_line.c.line_no == bindparam("of_line"),
    )
    .values(shipped=bindparam("so_far", type_=order_line.c.shipped.type))
)


def _priced(
    uow: UnitOfWork, customer: Any, lines: list[OrderLine], includes_tax: bool
) -> tuple[list[dict[str, Any]], amounts.Amounts]:
    listed = _list_prices(uow, customer, lines)
    priced, parts, missing = [], [], []
    for number, line in enumerate(lines, 1):
        unit = line.get("price")
        unit = listed.get(number) if unit is None else amounts.unit_price(unit)
        discount = line.get("discount") or Decimal(0)
        if not amounts.is_count(line["quantity"]) or not 0 <= discount < 1 or (unit is not None and unit < 0):
            raise BusinessError(
                "DATA.INVALID", expected=N_("a quantity above 0, a discount below 1"), found=line["sku"]
            )
        if unit is None:
            missing.append(line["sku"])
            continue
        part = amounts.line(line["quantity"], unit, discount, line["vat_rate"], price_includes_tax=includes_tax)
        parts.append(part)
        priced.append(
            {
                "line_no": number, "item_id": line.get("item_id"), "sku": line["sku"],
                "name": line.get("name") or line["sku"], "uom": line.get("uom") or "", "quantity": line["quantity"],
                "price": unit, "discount": discount, "vat_rate": line["vat_rate"], "net": part.net,
                "tax": part.tax, "gross": part.gross,
            }
        )  # fmt: skip
    if missing:
        raise BusinessError("CRM.PRICE_MISSING", skus=missing)
    return priced, amounts.total(parts)


def _list_prices(uow: UnitOfWork, customer: Any, lines: list[OrderLine]) -> dict[int, Decimal]:
    """Line number -> price of the customer's list (else the first list by name) for that quantity today."""
    wanted = {line["sku"] for line in lines if line.get("price") is None}
    if not wanted:
        return {}
    list_id = customer.price_list_id if customer is not None else None
    if list_id is None:
        first = rows.find(uow, select(price_list.c.id).order_by(price_list.c.name).limit(1))
        list_id = None if first is None else first.id
    today = uow.now.astimezone(uow.settings.zone).date()
    offers = uow.execute(
        select(price.c.sku, price.c.min_quantity, price.c.price)
        .where(
            price.c.price_list_id == list_id, price.c.sku.in_(sorted(wanted)), price.c.valid_from <= today,
            (price.c.valid_to.is_(None)) | (price.c.valid_to >= today),
        )
        .order_by(price.c.sku, price.c.min_quantity)
    ).all()  # fmt: skip
    found: dict[int, Decimal] = {}
    for number, line in enumerate(lines, 1):
        for offer in offers:
            if offer.sku == line["sku"] and offer.min_quantity <= line["quantity"]:
                found[number] = offer.price
    return found


def _facts(found: Any, discount: Decimal, *, existing: bool) -> dict[str, Any]:
    return {
        "order_id": found.id, "order_no": found.order_no, "net": found.net, "tax": found.tax, "gross": found.gross,
        "currency": found.currency, "discount": discount, "party_name": found.party_name, "existing": existing,
    }  # fmt: skip
