"""Stock: look, promise, move. A promise is one conditional UPDATE: nobody sells the same piece twice."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.errors import BusinessError
from engine.ids import uuid7
from engine.modules.erp import amounts
from engine.modules.erp.models.item import item, supplier_item
from engine.modules.erp.models.sales import sales_line, sales_order
from engine.modules.erp.models.stock import reservation, stock_balance, stock_move
from engine.modules.erp.operations import ledger
from engine.modules.erp.operations.context import active_items, business_date, counted, items_by_sku, warehouse_id
from engine.modules.erp.operations.lines import StockLine
from engine.modules.erp.rows import rows
from engine.operations import OperationCall, operation
from engine.unit_of_work import UnitOfWork

ZERO = Decimal("0.0000")


@operation(
    "erp.check_stock", zh="检查库存", en="Check stock", effect="read",
    outputs={"enough": "boolean", "lines": "list<context>", "short": "list<context>", "short_share": "number",
             "longest_lead_time_days": "number", "source": "string"},
    errors=("DATA.NOT_FOUND", "ERP.ITEM_INACTIVE"),
)  # fmt: skip
def check_stock(
    uow: UnitOfWork, *, sales_order_id: UUID | None = None, lines: list[StockLine] | None = None,
    warehouse: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What is available for the open lines of an order, or for `lines`.

    `short`: per missing item sku, name, quantity (missing), source (buy, make), lead_time_days, supplier_id, price.
    `short_share`: missing quantity divided by wanted quantity.
    """
    if sales_order_id is not None:
        wanted = [(need.sku, need.quantity) for need in _open_needs(uow, sales_order_id)]
    else:
        wanted = [(line["sku"], line["quantity"]) for line in lines or []]
    found = items_by_sku(uow, [sku for sku, _ in wanted])
    if sales_order_id is None:
        active_items(uow, [sku for sku, _ in wanted])
    goods = {row.id for row in found.values() if row.kind != "service"}
    available = _free(uow, goods, warehouse_id(uow, warehouse)) if goods else {}
    prices = {row.item_id: row for row in uow.execute(select(supplier_item).where(supplier_item.c.item_id.in_(goods)))}
    listed, short = [], []
    for sku, quantity in wanted:
        row = found[sku]
        free = available.get(row.id, ZERO) if row.id in goods else quantity
        taken = min(free, quantity)
        if row.id in goods:
            available[row.id] = free - taken
        listed.append({"sku": sku, "name": row.name, "wanted": quantity, "available": taken})
        if taken < quantity:
            offer = prices.get(row.id)
            short.append(
                {
                    "item_id": row.id, "sku": sku, "name": row.name, "uom": row.uom, "quantity": quantity - taken,
                    "source": row.source, "lead_time_days": row.lead_time_days,
                    "supplier_id": offer.supplier_id if offer else None, "price": offer.price if offer else None,
                }
            )  # fmt: skip
    total = sum((quantity for _, quantity in wanted), ZERO)
    missing = sum((each["quantity"] for each in short), ZERO)
    return {
        "enough": not short,
        "lines": listed,
        "short": short,
        "short_share": amounts.quantity(missing / total) if total else ZERO,
        "longest_lead_time_days": max((each["lead_time_days"] for each in short), default=0),
        "source": "make" if any(each["source"] == "make" for each in short) else "buy",
    }


@operation(
    "erp.reserve_stock", zh="预留库存", en="Reserve stock", compensated_by="erp.release_stock",
    outputs={"reserved": "list<context>", "short": "list<context>"}, errors=("ERP.STOCK_SHORT", "DATA.NOT_FOUND"),
)  # fmt: skip
def reserve_stock(
    uow: UnitOfWork, *, sales_order_id: UUID, warehouse: str | None = None, partial: bool = False
) -> dict[str, Any]:
    """Promise every open line of the order what it still needs.

    Raises ERP.STOCK_SHORT (`lines`: sku, quantity missing), or with `partial` promises what there is. A second call
    promises nothing twice.
    """
    rows.get(uow, sales_order, sales_order_id, lock=True)
    place = warehouse_id(uow, warehouse)
    reserved, short = [], []
    for need in sorted(_open_needs(uow, sales_order_id), key=lambda each: str(each.item_id)):
        taken = _take(uow, need.item_id, place, need.quantity, partial=partial)
        if taken < need.quantity:
            free = taken if partial else _free(uow, {need.item_id}, place).get(need.item_id, ZERO)
            short.append({"sku": need.sku, "quantity": need.quantity - free})
        if taken:
            _promise(uow, need.line_id, need.item_id, place, taken)
            reserved.append({"sku": need.sku, "quantity": taken})
    if short and not partial:
        raise BusinessError("ERP.STOCK_SHORT", lines=short)
    return {"reserved": reserved, "short": short}


@operation(
    "erp.release_stock", zh="释放库存预留", en="Release stock",
    outputs={"released": "number", "kept": "number"},
)  # fmt: skip
def release_stock(uow: UnitOfWork, *, sales_order_id: UUID) -> dict[str, Any]:
    """Give back what is promised to the order. Promises already shipped are `kept`; never fails because it is late."""
    promises = uow.execute(
        select(reservation)
        .join(sales_line, sales_line.c.id == reservation.c.sales_line_id)
        .where(sales_line.c.order_id == sales_order_id)
        .order_by(reservation.c.item_id)
    ).all()
    active = [promise for promise in promises if promise.status == "active"]
    for promise in active:
        rows.write(
            uow,
            update(stock_balance)
            .where(stock_balance.c.item_id == promise.item_id, stock_balance.c.warehouse_id == promise.warehouse_id)
            .values(reserved=stock_balance.c.reserved - promise.quantity),
        )
        rows.change(uow, reservation, promise.id, status="released")
    return {"released": len(active), "kept": sum(promise.status == "consumed" for promise in promises)}


@operation(
    "erp.open_stock", zh="录入期初库存", en="Enter opening stock", outputs={"value": "number"},
    errors=("ERP.ITEM_INACTIVE", "ERP.PERIOD_CLOSED", "DATA.NOT_FOUND", "DATA.INVALID"),
)  # fmt: skip
def open_stock(
    uow: UnitOfWork, *, sku: str, quantity: Decimal, unit_cost: Decimal, warehouse: str | None = None,
    call: OperationCall,
) -> dict[str, Any]:  # fmt: skip
    """Put the opening stock of an item on hand, with its voucher against capital."""
    counted([{"quantity": quantity}])
    found = active_items(uow, [sku])[sku]
    value = amounts.cents(quantity * unit_cost)
    line_id = call.key
    bring(uow, warehouse_id(uow, warehouse), [(found.id, quantity, value, line_id)], "opening", "erp_opening")
    ledger.post(
        uow, "opening_stock", ("erp_opening", line_id), {"value": value}, summary=f"期初库存 {sku}",
        instance_id=call.instance_id,
    )  # fmt: skip
    return {"value": value}


# ---------------------------------------------------------------- for the neighbours in this module


def bring(
    uow: UnitOfWork, place: UUID, lines: Sequence[tuple[UUID, Decimal, Decimal, UUID]], kind: str, source_type: str
) -> None:
    """Put (item, quantity, value, source line) on hand."""
    _move(uow, place, lines, kind, source_type)
    for item_id, quantity, value, _ in sorted(lines, key=lambda line: str(line[0])):
        if not _add(uow, place, item_id, quantity, value):
            new = {
                "id": uuid7(), "item_id": item_id, "warehouse_id": place, "on_hand": ZERO, "reserved": ZERO,
                "value": amounts.ZERO,
            }  # fmt: skip
            # two first receipts at once: the second waits for the first and then adds to its row
            if uow.dialect == "postgresql":
                rows.write(uow, postgresql.insert(stock_balance).on_conflict_do_nothing(), new)
            else:
                rows.write(uow, sqlite.insert(stock_balance).on_conflict_do_nothing(), new)
            _add(uow, place, item_id, quantity, value)


def issue_promised(
    uow: UnitOfWork, place: UUID, lines: Sequence[tuple[UUID, Decimal, UUID]], kind: str, source_type: str
) -> Decimal:
    """Take promised (item, quantity, source line) away at the moving average; the value that left."""
    if not lines:
        return amounts.ZERO
    held = {
        row.item_id: [row.on_hand, row.value]
        for row in uow.execute(
            select(stock_balance.c.item_id, stock_balance.c.on_hand, stock_balance.c.value)
            .where(stock_balance.c.warehouse_id == place, stock_balance.c.item_id.in_({line[0] for line in lines}))
            .order_by(stock_balance.c.item_id)
            .with_for_update()
        )
    }
    moves, changes = [], []
    for item_id, quantity, line_id in lines:
        if item_id not in held or held[item_id][0] < quantity:
            raise BusinessError("ERP.STOCK_SHORT", lines=[{"item_id": str(item_id), "quantity": quantity}])
        on_hand, worth = held[item_id]
        value = amounts.issue_value(worth, on_hand, quantity)
        held[item_id] = [on_hand - quantity, worth - value]
        moves.append((item_id, -quantity, -value, line_id))
        changes.append({"of_item": item_id, "of_place": place, "less": quantity, "cheaper": value})
    rows.write(uow, _issue, changes)
    _move(uow, place, moves, kind, source_type)
    return -sum((move[2] for move in moves), amounts.ZERO)


_issue = (
    update(stock_balance)
    .where(
        stock_balance.c.item_id == bindparam("of_item", type_=stock_balance.c.item_id.type),
        stock_balance.c.warehouse_id == bindparam("of_place", type_=stock_balance.c.warehouse_id.type),
    )
    .values(
        on_hand=stock_balance.c.on_hand - bindparam("less", type_=stock_balance.c.on_hand.type),
        reserved=stock_balance.c.reserved - bindparam("less", type_=stock_balance.c.reserved.type),
        value=stock_balance.c.value - bindparam("cheaper", type_=stock_balance.c.value.type),
    )
)


def take_back(uow: UnitOfWork, place: UUID, source_line_ids: Sequence[UUID], source_type: str) -> None:
    """Undo receipts by counter moves at the value they came in with. Raises ERP.STOCK_SHORT if it is gone."""
    originals = uow.execute(
        select(stock_move).where(
            stock_move.c.source_type == source_type,
            stock_move.c.source_line_id.in_(source_line_ids),
            stock_move.c.reverses_id.is_(None),
        )
    ).all()
    for original in originals:
        held = rows.find(
            uow,
            select(stock_balance)
            .where(stock_balance.c.item_id == original.item_id, stock_balance.c.warehouse_id == place)
            .with_for_update(),
        )
        if held is None or held.on_hand - held.reserved < original.quantity:
            raise BusinessError("ERP.STOCK_SHORT", lines=[{"item_id": str(original.item_id)}])
        _add(uow, place, original.item_id, -original.quantity, -original.value)
        rows.add(
            uow, stock_move, item_id=original.item_id, warehouse_id=place, kind=original.kind,
            quantity=-original.quantity, value=-original.value, business_date=business_date(uow), at=uow.now,
            source_type=source_type, source_line_id=original.source_line_id, reverses_id=original.id,
        )  # fmt: skip


def _add(uow: UnitOfWork, place: UUID, item_id: UUID, quantity: Decimal, value: Decimal) -> bool:
    return rows.put(
        uow, _more, {"of_item": item_id, "of_place": place, "more": quantity, "dearer": value}, expect=1
    )  # fmt: skip


_here = (
    stock_balance.c.item_id == bindparam("of_item", type_=stock_balance.c.item_id.type),
    stock_balance.c.warehouse_id == bindparam("of_place", type_=stock_balance.c.warehouse_id.type),
)
_more = (
    update(stock_balance)
    .where(*_here)
    .values(
        on_hand=stock_balance.c.on_hand + bindparam("more", type_=stock_balance.c.on_hand.type),
        value=stock_balance.c.value + bindparam("dearer", type_=stock_balance.c.value.type),
    )
)
_free_here = select((stock_balance.c.on_hand - stock_balance.c.reserved).label("free")).where(*_here).with_for_update()
_asked = bindparam("asked", type_=stock_balance.c.reserved.type)
# the condition is part of the UPDATE: no window between looking and taking
_reserve = (
    update(stock_balance)
    .where(*_here, stock_balance.c.on_hand - stock_balance.c.reserved >= _asked)
    .values(reserved=stock_balance.c.reserved + _asked)
)
_promise_more = (
    update(reservation)
    .where(
        reservation.c.sales_line_id == bindparam("of_line", type_=reservation.c.sales_line_id.type),
        reservation.c.warehouse_id == bindparam("of_place", type_=reservation.c.warehouse_id.type),
        reservation.c.status == "active",
    )
    .values(quantity=reservation.c.quantity + bindparam("more", type_=reservation.c.quantity.type))
)


def _needs() -> Select[Any]:
    promised = (
        select(reservation.c.sales_line_id, func.sum(reservation.c.quantity).label("quantity"))
        .join(sales_line, sales_line.c.id == reservation.c.sales_line_id)
        .where(reservation.c.status == "active", sales_line.c.order_id == bindparam("of_order"))
        .group_by(reservation.c.sales_line_id)
        .subquery()
    )
    none = sales_line.c.ordered - sales_line.c.ordered
    open_quantity = sales_line.c.ordered - sales_line.c.shipped - func.coalesce(promised.c.quantity, none)
    return (
        select(
            sales_line.c.id.label("line_id"), sales_line.c.item_id, sales_line.c.sku, open_quantity.label("quantity")
        )
        .join(item, item.c.id == sales_line.c.item_id)
        .join(promised, promised.c.sales_line_id == sales_line.c.id, isouter=True)
        .where(sales_line.c.order_id == bindparam("of_order"), item.c.kind != "service", open_quantity > ZERO)
        .order_by(sales_line.c.line_no)
    )  # fmt: skip


_open = _needs()


def _move(
    uow: UnitOfWork, place: UUID, lines: Sequence[tuple[UUID, Decimal, Decimal, UUID]], kind: str, source_type: str
) -> None:
    on = business_date(uow)
    rows.add_all(
        uow,
        stock_move,
        [
            {
                "item_id": item_id, "warehouse_id": place, "kind": kind, "quantity": quantity,
                "value": value, "business_date": on, "at": uow.now, "source_type": source_type,
                "source_line_id": line_id, "reverses_id": None,
            }
            for item_id, quantity, value, line_id in lines
        ],
    )  # fmt: skip


def _open_needs(uow: UnitOfWork, sales_order_id: UUID) -> list[Any]:
    """(line_id, item_id, sku, quantity) still to be promised."""
    return uow.read(_open, {"of_order": sales_order_id})


def _free(uow: UnitOfWork, item_ids: set[UUID], place: UUID) -> dict[UUID, Decimal]:
    query = select(stock_balance.c.item_id, (stock_balance.c.on_hand - stock_balance.c.reserved).label("free")).where(
        stock_balance.c.item_id.in_(item_ids), stock_balance.c.warehouse_id == place
    )
    return {row.item_id: row.free for row in uow.execute(query)}


def _take(uow: UnitOfWork, item_id: UUID, place: UUID, quantity: Decimal, *, partial: bool) -> Decimal:
    """How much could be promised: all or, if `partial`, what is free."""
    here = {"of_item": item_id, "of_place": place}
    if partial:
        free = uow.read_one(_free_here, here)
        quantity = min(quantity, free.free) if free is not None else ZERO
    if not quantity:
        return ZERO
    return quantity if rows.put(uow, _reserve, {**here, "asked": quantity}, expect=1) else ZERO


def _promise(uow: UnitOfWork, line_id: UUID, item_id: UUID, place: UUID, quantity: Decimal) -> None:
    known = rows.put(
        uow, _promise_more, {"of_line": line_id, "of_place": place, "more": quantity}, expect=1
    )  # fmt: skip
    if not known:
        rows.add(
            uow, reservation, sales_line_id=line_id, item_id=item_id, warehouse_id=place, quantity=quantity,
            status="active", created_at=uow.now,
        )  # fmt: skip
