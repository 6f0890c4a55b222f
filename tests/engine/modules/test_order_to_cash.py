"""From a customer's order to money, operations alone, no process."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.clock import FrozenClock
from engine.errors import BusinessError
from engine.ids import uuid7
from engine.modules.crm.models.order import order as crm_order
from engine.modules.crm.operations import deliveries, orders, parties
from engine.modules.erp.models.invoice import sales_invoice
from engine.modules.erp.models.stock import stock_balance, stock_move
from engine.modules.erp.operations import items, receivables, sales, stock
from engine.operations import get
from tests.engine.modules.company import Company, a_call, put_on_hand


def an_order(firm: Company, *lines: tuple[str, str], **options: Any) -> dict[str, Any]:
    """Created, confirmed and taken over; ids of both sides."""
    with firm.acting() as uow:
        wanted = [{"sku": sku, "quantity": Decimal(quantity)} for sku, quantity in lines]
        known = items.find_items(uow, lines=wanted)["lines"]
        made = orders.create_order(uow, party_id=firm.customer, lines=known, call=a_call(), **options)
        agreed = orders.confirm_order(uow, order_id=made["order_id"])
        taken = get("erp.open_sales_order").bind({"order": agreed["order"]})
        opened = sales.open_sales_order(uow, **taken, call=a_call())
    return {**made, **opened}


def shipped(firm: Company, made: dict[str, Any]) -> dict[str, Any]:
    """Reserved, packed and gone."""
    with firm.acting() as uow:
        stock.reserve_stock(uow, sales_order_id=made["sales_order_id"], partial=True)
        parcel = sales.create_shipment(uow, sales_order_id=made["sales_order_id"], call=a_call())
        gone = sales.ship(uow, shipment_id=parcel["shipment_id"], carrier="顺丰", call=a_call())
    return {**parcel, **gone}


def test_an_order_is_shipped_billed_paid_and_closed_on_both_sides(firm: Company) -> None:
    put_on_hand(firm, "TEA", "10")
    made = an_order(firm, ("TEA", "3"))

    gone = shipped(firm, made)
    with firm.acting() as uow:
        orders.record_progress(uow, order_no=made["order_no"], lines=gone["lines"])
        sales.mark_delivered(uow, shipment_no=gone["shipment_no"])
        bill = receivables.post_sales_invoice(uow, shipment_id=gone["shipment_id"], call=a_call())
        money = receivables.record_receipt(uow, amount=bill["total"], order_no=made["order_no"], call=a_call())
        orders.record_payment(uow, order_no=made["order_no"], paid_amount=made["gross"] - money["order_open"])
        sales.close_sales_order(uow, sales_order_id=made["sales_order_id"])
        orders.close_order(uow, order_id=made["order_id"])

    assert (gone["cost"], bill["total"], bill["due_date"]) == (Decimal("30.00"), Decimal("67.80"), date(2026, 12, 23))
    assert (money["settled"], money["unallocated"]) == (True, Decimal("0.00"))
    assert firm.ledger_sum() == {
        "1002": Decimal("67.80"), "1405": Decimal("70.00"), "22210102": Decimal("-7.80"), "3001": Decimal("-100.00"),
        "5001": Decimal("-60.00"), "5401": Decimal("30.00"),
    }  # fmt: skip
    assert [row["status"] for row in firm.rows(crm_order)] == ["closed"]


@pytest.mark.parametrize("lines", [(("TEA", "3"), ("CARE", "1")), (("CARE", "1"),)])
def test_services_go_with_the_first_shipment_and_are_billed(firm: Company, lines: Any) -> None:
    put_on_hand(firm, "TEA", "10")
    made = an_order(firm, *lines)

    gone = shipped(firm, made)
    with firm.acting() as uow:
        bill = receivables.post_sales_invoice(uow, shipment_id=gone["shipment_id"], call=a_call())
        receivables.record_receipt(uow, amount=bill["total"], order_no=made["order_no"], call=a_call())
        closed = sales.close_sales_order(uow, sales_order_id=made["sales_order_id"])

    assert gone["complete"] is True
    assert bill["total"] == made["gross"]
    assert closed["status"] == "closed"


def test_parts_of_an_order_never_lose_a_cent(firm: Company) -> None:
    put_on_hand(firm, "RICE", "1", cost="3.33")
    made = an_order(firm, ("RICE", "3"))

    bills = []
    for more in ("1", "1", None):
        gone = shipped(firm, made)
        with firm.acting() as uow:
            bills.append(receivables.post_sales_invoice(uow, shipment_id=gone["shipment_id"], call=a_call()))
        if more:
            put_on_hand(firm, "RICE", more, cost="3.34")

    assert [bill["total"] for bill in bills] == [Decimal("6.05"), Decimal("6.05"), Decimal("6.05")]
    assert sum(bill["total"] for bill in bills) == made["gross"] == Decimal("18.15")
    assert [(row["on_hand"], row["value"]) for row in firm.rows(stock_balance)] == [(Decimal(0), Decimal(0))]


def test_what_is_short_is_named_and_nothing_is_promised(firm: Company) -> None:
    put_on_hand(firm, "TEA", "2")
    made = an_order(firm, ("TEA", "5"), ("CARE", "1"))

    with firm.acting() as uow:
        seen = stock.check_stock(uow, sales_order_id=made["sales_order_id"])
    with pytest.raises(BusinessError) as refusal, firm.acting() as uow:
        stock.reserve_stock(uow, sales_order_id=made["sales_order_id"])

    assert (seen["enough"], seen["longest_lead_time_days"]) == (False, 5)
    assert [(row["sku"], row["quantity"], row["supplier_id"]) for row in seen["short"]] == [
        ("TEA", Decimal(3), firm.supplier)
    ]
    assert refusal.value.code == "ERP.STOCK_SHORT"
    assert refusal.value.facts == {"lines": [{"sku": "TEA", "quantity": Decimal(3)}]}
    assert [row["reserved"] for row in firm.rows(stock_balance)] == [Decimal(0)]


def test_a_promise_is_made_once_and_given_back_once(firm: Company) -> None:
    put_on_hand(firm, "TEA", "10")
    made = an_order(firm, ("TEA", "4"))

    with firm.acting() as uow:
        first = stock.reserve_stock(uow, sales_order_id=made["sales_order_id"])
        again = stock.reserve_stock(uow, sales_order_id=made["sales_order_id"])
        released = stock.release_stock(uow, sales_order_id=made["sales_order_id"])
        nothing = stock.release_stock(uow, sales_order_id=made["sales_order_id"])

    assert [len(answer["reserved"]) for answer in (first, again)] == [1, 0]
    assert (released, nothing) == ({"released": 1, "kept": 0}, {"released": 0, "kept": 0})
    assert [row["reserved"] for row in firm.rows(stock_balance)] == [Decimal(0)]


def test_what_has_left_stays_when_an_order_is_undone(firm: Company) -> None:
    put_on_hand(firm, "TEA", "3")
    made = an_order(firm, ("TEA", "5"))
    gone = shipped(firm, made)

    with firm.acting() as uow:
        released = stock.release_stock(uow, sales_order_id=made["sales_order_id"])
        parcel = sales.cancel_shipment(uow, shipment_id=gone["shipment_id"])
        undone = sales.cancel_sales_order(uow, sales_order_id=made["sales_order_id"])
        orders.record_progress(uow, order_no=made["order_no"], lines=gone["lines"])
    with pytest.raises(BusinessError) as refusal, firm.acting() as uow:
        orders.cancel_order(uow, order_id=made["order_id"])

    assert released == {"released": 0, "kept": 1}
    assert (parcel, undone) == ({"cancelled": False}, {"cancelled": False, "kept": [gone["shipment_no"]]})
    assert refusal.value.code == "CRM.ALREADY_SHIPPED"


def test_a_call_that_comes_twice_under_a_new_key_finds_what_the_first_one_left(firm: Company) -> None:
    put_on_hand(firm, "TEA", "10")
    made = an_order(firm, ("TEA", "3"), channel="shop", channel_order_no="T-1")
    again = an_order(firm, ("TEA", "3"), channel="shop", channel_order_no="T-1")
    gone = shipped(firm, made)

    with firm.acting() as uow:
        twice = sales.ship(uow, shipment_id=gone["shipment_id"], carrier="顺丰", call=a_call())
        bills = [receivables.post_sales_invoice(uow, shipment_id=gone["shipment_id"], call=a_call()) for _ in range(2)]
        money = [
            receivables.record_receipt(
                uow, amount=Decimal(50), order_no=made["order_no"], bank_ref="B-1", call=a_call()
            )
            for _ in range(2)
        ]  # fmt: skip
    with pytest.raises(BusinessError) as refusal, firm.acting() as uow:
        receivables.record_receipt(uow, amount=Decimal(51), order_no=made["order_no"], bank_ref="B-1", call=a_call())

    assert (again["order_id"], again["sales_order_id"], again["existing"]) == (
        made["order_id"], made["sales_order_id"], True,
    )  # fmt: skip
    assert twice["voucher_no"] == gone["voucher_no"]
    assert [bill["existing"] for bill in bills] == [False, True]
    assert [each["receipt_id"] for each in money] == [money[0]["receipt_id"]] * 2
    assert money[1]["order_open"] == Decimal("17.80")
    assert refusal.value.code == "ERP.DUPLICATE_RECEIPT"
    assert len(firm.rows(sales_invoice)) == 1
    assert len([move for move in firm.rows(stock_move) if move["kind"] == "issue"]) == 1


def test_money_too_much_is_kept_and_settles_the_next_invoice(firm: Company) -> None:
    put_on_hand(firm, "TEA", "10")
    bills = []
    for quantity in ("1", "2"):
        gone = shipped(firm, an_order(firm, ("TEA", quantity)))
        with firm.acting() as uow:
            bills.append(receivables.post_sales_invoice(uow, shipment_id=gone["shipment_id"], call=a_call()))

    with firm.acting() as uow:
        money = receivables.record_receipt(uow, amount=Decimal(30), customer_id=firm.customer, call=a_call())
    with pytest.raises(BusinessError) as refusal, firm.acting() as uow:
        receivables.allocate(uow, receipt_id=money["receipt_id"], invoice_id=bills[1]["invoice_id"], call=a_call())
    with firm.acting() as uow:
        more = receivables.record_receipt(uow, amount=Decimal(100), customer_id=firm.customer, call=a_call())
        exposure = receivables.credit_exposure(uow, customer_id=firm.customer)

    assert (money["allocated"], money["unallocated"]) == (Decimal("30.00"), Decimal("0.00"))
    assert refusal.value.code == "ERP.OVER_ALLOCATED"
    assert (more["allocated"], more["unallocated"]) == (Decimal("37.80"), Decimal("62.20"))
    assert exposure["exposure"] == Decimal("0.00")
    assert firm.ledger_sum()["2203"] == Decimal("-62.20")
    assert "1122" not in firm.ledger_sum()


def test_exposure_counts_days_since_the_oldest_unpaid_invoice_was_due(firm: Company, clock: FrozenClock) -> None:
    put_on_hand(firm, "TEA", "10")
    gone = shipped(firm, an_order(firm, ("TEA", "1")))
    with firm.acting() as uow:
        receivables.post_sales_invoice(uow, shipment_id=gone["shipment_id"], call=a_call())
    an_order(firm, ("TEA", "2"))

    clock.advance(timedelta(days=37))

    with firm.acting() as uow:
        exposure = receivables.credit_exposure(uow, customer_id=firm.customer)
        position = parties.credit_position(uow, party_id=firm.customer)
    assert exposure == {"exposure": Decimal("67.80"), "overdue_amount": Decimal("22.60"), "overdue_days": 7}
    assert position == {
        "limit": Decimal("5000.00"), "open": Decimal("67.80"), "available": Decimal("4932.20"), "hold": False,
        "customer_class": "B", "payment_terms_days": 30,
    }  # fmt: skip


def test_prices_come_from_the_list_discounts_from_the_line(firm: Company) -> None:
    with firm.acting() as uow:
        known = items.find_items(
            uow,
            lines=[
                {"sku": "TEA", "quantity": Decimal(3), "discount": Decimal("0.05")},
                {"sku": "RICE", "quantity": Decimal(2), "price": Decimal("5.99")},
                {"sku": "NONE", "quantity": Decimal(1)},
            ],
        )
        priced = orders.price_lines(uow, party_id=firm.customer, lines=known["lines"])

    assert known["unknown"] == ["NONE"]
    assert [(line["price"], line["net"], line["tax"], line["gross"]) for line in priced["lines"]] == [
        (Decimal(20), Decimal("57.00"), Decimal("7.41"), Decimal("64.41")),
        (Decimal("5.99"), Decimal("11.98"), Decimal("1.08"), Decimal("13.06")),
    ]
    assert (priced["gross"], priced["discount"]) == (Decimal("77.47"), Decimal("0.05"))


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ({"sku": "NEW", "quantity": Decimal(1), "vat_rate": Decimal("0.13")}, "CRM.PRICE_MISSING"),
        ({"sku": "TEA", "quantity": Decimal(0), "vat_rate": Decimal("0.13")}, "DATA.INVALID"),
        ({"sku": "TEA", "quantity": Decimal(1), "vat_rate": Decimal("0.13"), "discount": Decimal(1)}, "DATA.INVALID"),
        ({"sku": "TEA", "quantity": Decimal(1), "vat_rate": Decimal("0.13"), "price": Decimal(-1)}, "DATA.INVALID"),
    ],
)
def test_a_line_that_cannot_be_priced_is_refused(firm: Company, line: Any, code: str) -> None:
    with pytest.raises(BusinessError) as refusal, firm.acting() as uow:
        orders.create_order(uow, party_id=firm.customer, lines=[line], call=a_call())

    assert refusal.value.code == code


def test_held_customers_and_held_orders_do_not_go_on(firm: Company) -> None:
    with firm.acting() as uow:
        known = items.find_items(uow, lines=[{"sku": "TEA", "quantity": Decimal(1)}])["lines"]
        made = orders.create_order(uow, party_id=firm.customer, lines=known, call=a_call())
        orders.set_credit_hold(uow, order_id=made["order_id"])
        parties.hold_party(uow, party_id=firm.customer)

    with pytest.raises(BusinessError) as first, firm.acting() as uow:
        orders.confirm_order(uow, order_id=made["order_id"])
    with pytest.raises(BusinessError) as second, firm.acting() as uow:
        orders.create_order(uow, party_id=firm.customer, lines=known, call=a_call())

    assert [refusal.value.code for refusal in (first, second)] == ["CRM.ON_CREDIT_HOLD", "CRM.PARTY_ON_HOLD"]


def test_an_order_is_not_closed_before_it_is_complete(firm: Company) -> None:
    put_on_hand(firm, "TEA", "10")
    made = an_order(firm, ("TEA", "3"))

    with pytest.raises(BusinessError) as commercial, firm.acting() as uow:
        orders.close_order(uow, order_id=made["order_id"])
    with pytest.raises(BusinessError) as fulfilment, firm.acting() as uow:
        sales.close_sales_order(uow, sales_order_id=made["sales_order_id"])

    assert commercial.value.facts["delivery_state"] == "none"
    assert fulfilment.value.facts["unshipped"] == ["TEA"]


def test_tracking_is_pushed_whole_in_any_order_and_kept_once(firm: Company, clock: FrozenClock) -> None:
    made = an_order(firm, ("TEA", "1"))
    told = [
        {"at": clock.now() + timedelta(hours=hours), "state": state, "text": state}
        for hours, state in ((1, "picked_up"), (30, "delivered"), (20, "out_for_delivery"), (40, "in_transit"))
    ]

    def push(*events: Any) -> dict[str, Any]:
        with firm.acting() as uow:
            return deliveries.record_tracking(
                uow,
                order_no=made["order_no"],
                shipment_no="X-1",
                carrier="顺丰",
                tracking_no="SF1",
                events=list(events),
            )

    answers = [push(told[0]), push(told[0], told[2]), push(*told), push(*told)]

    assert [(answer["state"], answer["new_events"]) for answer in answers] == [
        ("picked_up", 1), ("out_for_delivery", 1), ("delivered", 2), ("delivered", 0),
    ]  # fmt: skip
    assert answers[-1]["delivered_at"] == clock.now() + timedelta(hours=30)


def test_unknown_documents_are_named(firm: Company) -> None:
    with firm.acting() as uow:
        for act, code in (
            (lambda: orders.record_payment(uow, order_no="SO-0", paid_amount=Decimal(1)), "CRM.UNKNOWN_ORDER"),
            (lambda: sales.mark_delivered(uow, shipment_no="S-0"), "DATA.NOT_FOUND"),
            (lambda: orders.confirm_order(uow, order_id=uuid7()), "DATA.NOT_FOUND"),
            (lambda: stock.reserve_stock(uow, sales_order_id=uuid7()), "DATA.NOT_FOUND"),
        ):
            with pytest.raises(BusinessError) as refusal:
                act()
            assert refusal.value.code == code


def test_nothing_leaves_or_is_billed_that_was_not_promised(firm: Company) -> None:
    put_on_hand(firm, "TEA", "10")
    made = an_order(firm, ("TEA", "3"))

    with pytest.raises(BusinessError) as nothing, firm.acting() as uow:
        sales.create_shipment(uow, sales_order_id=made["sales_order_id"], call=a_call())
    with firm.acting() as uow:
        stock.reserve_stock(uow, sales_order_id=made["sales_order_id"])
        parcel = sales.create_shipment(uow, sales_order_id=made["sales_order_id"], call=a_call())
        stock.release_stock(uow, sales_order_id=made["sales_order_id"])
    with pytest.raises(BusinessError) as unbilled, firm.acting() as uow:
        receivables.post_sales_invoice(uow, shipment_id=parcel["shipment_id"], call=a_call())
    with pytest.raises(BusinessError) as gone, firm.acting() as uow:
        sales.ship(uow, shipment_id=parcel["shipment_id"], carrier="顺丰", call=a_call())

    assert [refusal.value.code for refusal in (nothing, unbilled, gone)] == [
        "ERP.NOTHING_TO_SHIP", "ERP.NOTHING_TO_BILL", "ERP.STOCK_SHORT",
    ]  # fmt: skip


def test_delivery_is_recorded_once_with_its_first_time(firm: Company, clock: FrozenClock) -> None:
    put_on_hand(firm, "TEA", "10")
    gone = shipped(firm, an_order(firm, ("TEA", "3")))
    early: datetime = clock.now() + timedelta(hours=5)

    with firm.acting() as uow:
        answers = [
            sales.mark_delivered(uow, shipment_no=gone["shipment_no"], delivered_at=at) for at in (early, None)
        ]  # fmt: skip

    assert answers == [{"delivered_at": early}, {"delivered_at": early}]
