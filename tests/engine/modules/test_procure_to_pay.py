"""From a need to a supplier's invoice that may be paid, operations alone, no process."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from engine.errors import BusinessError
from engine.ids import uuid7
from engine.modules.erp.models.item import supplier
from engine.modules.erp.models.purchase import purchase_order, requisition
from engine.modules.erp.models.stock import stock_balance
from engine.modules.erp.operations import payables, purchasing
from tests.engine.modules.company import Company, a_call

TEN_TEA: list[Any] = [{"sku": "TEA", "quantity": Decimal(10)}]


def an_order(firm: Company, lines: Any = None) -> dict[str, Any]:
    """Placed."""
    with firm.acting() as uow:
        made = purchasing.create_purchase_order(
            uow, supplier_id=firm.supplier, lines=lines or TEN_TEA, call=a_call()
        )  # fmt: skip
        purchasing.place_purchase_order(uow, purchase_order_id=made["purchase_order_id"])
    return made


def received(firm: Company, made: dict[str, Any], quantity: str, note: str | None = None) -> dict[str, Any]:
    """So much tea has come."""
    with firm.acting() as uow:
        return purchasing.receive_goods(
            uow, purchase_order_id=made["purchase_order_id"], lines=[{"sku": "TEA", "quantity": Decimal(quantity)}],
            delivery_note=note, call=a_call(),
        )  # fmt: skip


def billed(
    firm: Company, made: dict[str, Any], quantity: str, price: str = "10", number: str = "A-1"
) -> dict[str, Any]:
    """So much tea is on an invoice."""
    with firm.acting() as uow:
        return payables.enter_supplier_invoice(
            uow, purchase_order_id=made["purchase_order_id"], invoice_no=number,
            lines=[{"sku": "TEA", "quantity": Decimal(quantity), "price": Decimal(price)}], call=a_call(),
        )  # fmt: skip


def matched(firm: Company, bill: dict[str, Any], **tolerances: Decimal) -> tuple[str, list[str]]:
    """Verdict and reasons."""
    with firm.acting() as uow:
        answer = payables.match_invoice(uow, supplier_invoice_id=bill["supplier_invoice_id"], **tolerances)
    return answer["verdict"], answer["reasons"]


def test_a_need_becomes_an_order_once(firm: Company) -> None:
    with firm.acting() as uow:
        needs = [
            purchasing.create_requisition(
                uow, lines=[{"sku": "TEA", "quantity": Decimal(10)}], source_no="SO-1", call=a_call()
            )
            for _ in range(2)
        ]  # fmt: skip
        made = [
            purchasing.create_purchase_order(
                uow, supplier_id=needs[0]["supplier_id"], requisition_id=needs[0]["requisition_id"], call=a_call()
            )
            for _ in range(2)
        ]  # fmt: skip
        purchasing.place_purchase_order(uow, purchase_order_id=made[0]["purchase_order_id"])
        later = purchasing.create_requisition(uow, lines=[{"sku": "RICE", "quantity": Decimal(1)}], call=a_call())

    assert [need["existing"] for need in needs] == [order["existing"] for order in made] == [False, True]
    assert (needs[0]["total"], needs[0]["new_supplier"], later["new_supplier"]) == (Decimal("100.00"), True, False)
    assert (made[1]["net"], made[1]["tax"], made[1]["gross"]) == (Decimal(100), Decimal(13), Decimal(113))
    assert {row["status"] for row in firm.rows(requisition)} == {"ordered", "open"}


def test_goods_come_in_parts_and_are_billed_when_they_are_there(firm: Company) -> None:
    made = an_order(firm)

    parts = [received(firm, made, quantity) for quantity in ("4", "6")]
    bill = billed(firm, made, "10")

    assert [part["complete"] for part in parts] == [False, True]
    assert parts[0]["open_lines"] == [{"sku": "TEA", "name": "绿茶", "quantity": Decimal(6)}]
    assert matched(firm, bill) == ("matched", [])
    assert firm.ledger_sum() == {
        "1405": Decimal("100.00"), "220201": Decimal("-113.00"), "22210101": Decimal("13.00")
    }  # fmt: skip


@pytest.mark.parametrize(
    ("received_quantity", "invoiced_quantity", "price", "tolerances", "verdict"),
    [
        ("10", "10", "10", {}, "matched"),
        ("4", "10", "10", {}, "wait"),
        ("10", "12", "10", {}, "exception"),
        ("10", "10", "10.19", {"price_tolerance": "0.02", "absolute_tolerance": "20"}, "matched"),
        ("10", "10", "10.21", {"price_tolerance": "0.02", "absolute_tolerance": "20"}, "exception"),
        ("10", "10", "10.19", {"price_tolerance": "0.02", "absolute_tolerance": "1"}, "exception"),
        ("10", "10.1", "10", {"quantity_tolerance": "0.02"}, "matched"),
        ("4", "10", "11", {}, "exception"),
    ],
)
def test_three_way_match(
    firm: Company, received_quantity: str, invoiced_quantity: str, price: str, tolerances: dict[str, str], verdict: str
) -> None:
    made = an_order(firm)
    received(firm, made, received_quantity)
    bill = billed(firm, made, invoiced_quantity, price)

    found, reasons = matched(firm, bill, **{name: Decimal(text) for name, text in tolerances.items()})

    assert found == verdict
    assert bool(reasons) == (verdict != "matched")


def test_an_item_that_stands_on_two_lines_is_received_and_billed_over_both(firm: Company) -> None:
    made = an_order(
        firm,
        [
            {"sku": "TEA", "quantity": Decimal(2), "price": Decimal("10")},
            {"sku": "TEA", "quantity": Decimal(1), "price": Decimal("10.01")},
        ],
    )

    receipt = received(firm, made, "3")
    with firm.acting() as uow:
        bill = payables.enter_supplier_invoice(
            uow, purchase_order_id=made["purchase_order_id"], invoice_no="A-1", call=a_call()
        )

    assert receipt["complete"] is True
    assert matched(firm, bill)[0] == "matched"
    assert bill["net"] == receipt["value"] == Decimal("30.01")
    assert "220202" not in firm.ledger_sum()


def test_one_line_billed_in_two_parts_clears_to_the_cent(firm: Company) -> None:
    made = an_order(firm, [{"sku": "RICE", "quantity": Decimal(3), "price": Decimal("3.335")}])
    with firm.acting() as uow:
        purchasing.receive_goods(uow, purchase_order_id=made["purchase_order_id"], call=a_call())
        part: Any = {"sku": "RICE", "price": Decimal("3.335")}
        payables.enter_supplier_invoice(
            uow, purchase_order_id=made["purchase_order_id"], invoice_no="A-1",
            lines=[{**part, "quantity": Decimal(1)}, {**part, "quantity": Decimal(2)}], call=a_call(),
        )  # fmt: skip

    assert "220202" not in firm.ledger_sum()


def test_a_waiting_invoice_matches_when_the_rest_arrives(firm: Company) -> None:
    made = an_order(firm)
    received(firm, made, "4")
    bill = billed(firm, made, "10")

    before = matched(firm, bill)
    received(firm, made, "6")

    assert before == ("wait", ["TEA: invoiced 10, expected 4"])
    assert matched(firm, bill) == ("matched", [])


def test_a_released_invoice_stays_released(firm: Company) -> None:
    made = an_order(firm)
    received(firm, made, "10")
    bill = billed(firm, made, "10", "12")

    before = matched(firm, bill)[0]
    with firm.acting() as uow:
        payables.release_invoice(uow, supplier_invoice_id=bill["supplier_invoice_id"], reason="price list of May")

    assert (before, matched(firm, bill)[0]) == ("exception", "matched")
    assert firm.ledger_sum()["5401"] == Decimal("20.00")


def test_a_voided_invoice_leaves_the_books_as_they_were_and_its_number_free(firm: Company) -> None:
    made = an_order(firm)
    received(firm, made, "10")
    before = firm.ledger_sum()
    bill = billed(firm, made, "10", "12")

    with pytest.raises(BusinessError) as refusal:
        billed(firm, made, "10")
    with firm.acting() as uow:
        for _ in range(2):
            payables.void_supplier_invoice(
                uow, supplier_invoice_id=bill["supplier_invoice_id"], reason="wrong price", call=a_call()
            )

    assert refusal.value.code == "ERP.DUPLICATE_INVOICE"
    assert firm.ledger_sum() == before
    assert matched(firm, billed(firm, made, "10")) == ("matched", [])


def test_the_same_process_enters_its_invoice_once(firm: Company) -> None:
    made = an_order(firm)
    received(firm, made, "10")
    instance_id = uuid7()

    with firm.acting() as uow:
        bills = [
            payables.enter_supplier_invoice(
                uow, purchase_order_id=made["purchase_order_id"], invoice_no="A-1", call=a_call(instance_id)
            )
            for _ in range(2)
        ]

    assert [bill["existing"] for bill in bills] == [False, True]
    assert bills[0]["total"] == bills[1]["total"] == Decimal("113.00")


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([{"sku": "TEA", "quantity": Decimal(11)}], "ERP.OVER_RECEIPT"),
        ([{"sku": "TEA", "quantity": Decimal(6)}, {"sku": "TEA", "quantity": Decimal(6)}], "ERP.OVER_RECEIPT"),
        ([{"sku": "RICE", "quantity": Decimal(1)}], "ERP.WRONG_ITEM"),
        ([{"sku": "TEA", "quantity": Decimal(-1)}], "DATA.INVALID"),
        ([{"sku": "TEA", "quantity": Decimal(0)}], "DATA.INVALID"),
    ],
)
def test_what_was_not_ordered_is_not_received(firm: Company, lines: Any, code: str) -> None:
    made = an_order(firm)

    with pytest.raises(BusinessError) as refusal, firm.acting() as uow:
        purchasing.receive_goods(uow, purchase_order_id=made["purchase_order_id"], lines=lines, call=a_call())

    assert refusal.value.code == code
    assert firm.rows(stock_balance) == []


def test_a_delivery_note_is_received_once_and_can_be_sent_back(firm: Company) -> None:
    made = an_order(firm)
    first, again = (received(firm, made, "4", note="L-7") for _ in range(2))

    with firm.acting() as uow:
        for _ in range(2):
            purchasing.reverse_receipt(uow, receipt_id=first["receipt_id"], reason="mouldy", call=a_call())
    back = received(firm, made, "10")

    assert (first["receipt_id"], again["existing"]) == (again["receipt_id"], True)
    assert back["complete"]
    assert [(row["on_hand"], row["value"]) for row in firm.rows(stock_balance)] == [(Decimal(10), Decimal(100))]
    assert firm.ledger_sum() == {"1405": Decimal("100.00"), "220202": Decimal("-100.00")}


def test_orders_are_undone_only_while_nothing_has_arrived(firm: Company) -> None:
    early, late = an_order(firm), an_order(firm)
    received(firm, late, "1")

    with firm.acting() as uow:
        answers = [
            purchasing.cancel_purchase_order(uow, purchase_order_id=made["purchase_order_id"]) for made in (early, late)
        ]
    with pytest.raises(BusinessError) as refusal:
        received(firm, early, "1")

    assert answers == [{"cancelled": True}, {"cancelled": False}]
    assert refusal.value.code == "ERP.PO_CLOSED"
    assert {row["status"] for row in firm.rows(purchase_order)} == {"cancelled", "placed"}


def test_a_blocked_supplier_gets_no_order(firm: Company) -> None:
    with firm.acting() as uow:
        uow.execute(update(supplier).values(blocked=True, block_reason="bankrupt"))

    with pytest.raises(BusinessError) as refusal:
        an_order(firm)

    assert refusal.value.code == "ERP.SUPPLIER_BLOCKED"


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], "DATA.INVALID"),
        ([{"sku": "TEA", "quantity": Decimal("0.00001")}], "DATA.INVALID"),
        ([{"sku": "TEA", "quantity": Decimal(-1)}], "DATA.INVALID"),
        ([{"sku": "X", "quantity": Decimal(1)}], "ERP.ITEM_INACTIVE"),
    ],
)
def test_a_need_names_known_items(firm: Company, lines: Any, code: str) -> None:
    with pytest.raises(BusinessError) as refusal, firm.acting() as uow:
        purchasing.create_requisition(uow, lines=lines, call=a_call())

    assert refusal.value.code == code
