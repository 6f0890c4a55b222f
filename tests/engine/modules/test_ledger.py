"""Rules of books and stock, written past the operations: the database keeps them by itself, on both kinds."""

import random
from datetime import date
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.errors import BusinessError
from engine.ids import uuid7
from engine.modules.erp import amounts, posting
from engine.modules.erp.models.item import item, vat_rate, warehouse
from engine.modules.erp.models.ledger import account, period, voucher, voucher_line
from engine.modules.erp.models.stock import stock_balance, stock_move
from engine.modules.erp.operations import ledger, stock
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from engine.unit_of_work import Actor
from tests.engine.modules.company import Company, a_call, a_firm, put_on_hand
from tests.engine.modules.test_order_to_cash import an_order

MONTH = "2026-11"


def a_draft(firm: Company, *lines: tuple[str, str, str]) -> Any:
    """A voucher with lines (account, debit, credit) that is not posted."""
    put_on_hand(firm, "TEA", "1")  # opens the books
    key = uuid7()
    with firm.acting() as uow:
        uow.execute(
            insert(voucher),
            {"id": key, "period_id": MONTH, "business_date": date(2026, 11, 23), "summary": "by hand",
             "event": "by_hand", "source_type": "test", "source_id": str(key), "created_at": uow.now},
        )  # fmt: skip
        for number, (code, debit, credit) in enumerate(lines, 1):
            uow.execute(
                insert(voucher_line),
                {"id": uuid7(), "voucher_id": key, "line_no": number, "account": code, "debit": Decimal(debit),
                 "credit": Decimal(credit)},
            )  # fmt: skip
    return key


def post(firm: Company, key: Any, number: int = 77) -> None:
    """As any program could."""
    with firm.acting() as uow:
        uow.execute(
            update(voucher)
            .where(voucher.c.id == key)
            .values(status="posted", number=number, voucher_no=f"{MONTH} {number}")
        )


@pytest.mark.parametrize(
    "lines",
    [
        [("1002", "10", "0"), ("5001", "0", "9.99")],
        [("1002", "10", "0")],
        [],
        [("1002", "10", "0"), ("5001", "0", "-10")],
    ],
)
def test_a_voucher_that_does_not_balance_is_not_posted(firm: Company, lines: Any) -> None:
    with pytest.raises(IntegrityError, match="erp_voucher_unbalanced"):
        post(firm, a_draft(firm, *lines))


def test_red_entries_balance_on_their_side(firm: Company) -> None:
    post(firm, a_draft(firm, ("1002", "-10", "0"), ("5001", "0", "-10")))

    assert firm.ledger_sum()["1002"] == Decimal("-10.00")


@pytest.mark.parametrize("amounts_", [("0", "0"), ("5", "5")])
def test_a_line_has_one_side(firm: Company, amounts_: tuple[str, str]) -> None:
    with pytest.raises(IntegrityError, match="erp_voucher_line_one_side"):
        a_draft(firm, ("1002", *amounts_))


def test_posted_vouchers_and_their_lines_never_change(firm: Company) -> None:
    key = a_draft(firm, ("1002", "10", "0"), ("5001", "0", "10"))
    post(firm, key)
    extra = {
        "id": uuid7(),
        "voucher_id": key,
        "line_no": 3,
        "account": "1002",
        "debit": Decimal(1),
        "credit": Decimal(0),
    }

    for statement in (
        update(voucher).where(voucher.c.id == key).values(summary="other"),
        update(voucher).where(voucher.c.id == key).values(status="draft"),
        update(voucher_line).where(voucher_line.c.voucher_id == key).values(debit=Decimal(11)),
        delete(voucher_line).where(voucher_line.c.voucher_id == key),
        insert(voucher_line).values(**extra),
    ):
        with pytest.raises(IntegrityError, match="erp_voucher_posted"), firm.acting() as uow:
            uow.execute(statement)
    with pytest.raises(IntegrityError, match="erp_voucher_posted"), firm.acting() as uow:
        uow.execute(
            insert(voucher),
            {"id": uuid7(), "period_id": MONTH, "business_date": date(2026, 11, 23), "summary": "x", "event": "x",
             "source_type": "x", "source_id": "x", "created_at": uow.now, "status": "posted", "number": 5,
             "voucher_no": "5"},
        )  # fmt: skip


def test_a_voucher_is_reversed_once_and_the_reversal_leaves_nothing(firm: Company) -> None:
    put_on_hand(firm, "TEA", "10")
    number = firm.rows(voucher)[0]["voucher_no"]

    with firm.acting() as uow:
        red = ledger.reverse_voucher(uow, voucher_no=number, reason="typing error", call=a_call())
    with pytest.raises(BusinessError) as again, firm.acting() as uow:
        ledger.reverse_voucher(uow, voucher_no=number, reason="again", call=a_call())

    assert (red["voucher_no"], again.value.code) == ("2026-11 记-0002", "ERP.ALREADY_REVERSED")
    assert firm.ledger_sum() == {}


def test_a_closed_month_takes_no_voucher_and_no_draft_is_left_behind(firm: Company) -> None:
    key = a_draft(firm, ("1002", "10", "0"), ("5001", "0", "10"))

    with pytest.raises(IntegrityError, match="erp_period_drafts"), firm.acting() as uow:
        uow.execute(update(period).values(status="closed"))
    post(firm, key)
    with firm.acting() as uow:
        uow.execute(update(period).values(status="closed"))
    with pytest.raises(BusinessError) as refusal:
        put_on_hand(firm, "TEA", "1")

    assert refusal.value.code == "ERP.PERIOD_CLOSED"
    assert [row["on_hand"] for row in firm.rows(stock_balance)] == [Decimal(1)]


def test_two_people_prepare_and_post(firm: Company) -> None:
    key = a_draft(firm, ("1002", "10", "0"), ("5001", "0", "10"))
    bob = firm.people["bob"]

    with pytest.raises(IntegrityError, match="erp_voucher_two_people"), firm.acting() as uow:
        uow.execute(update(voucher).where(voucher.c.id == key).values(prepared_by=bob, posted_by=bob))


def fail_late(firm: Company) -> None:
    """Post, then fall over."""
    with firm.acting() as uow:
        stock.open_stock(uow, sku="TEA", quantity=Decimal(1), unit_cost=Decimal(1), call=a_call())
        raise ZeroDivisionError


def test_numbers_have_no_gap_when_a_posting_fails(firm: Company) -> None:
    for quantity in ("1", "2", "3"):
        put_on_hand(firm, "TEA", quantity)
        with pytest.raises(ZeroDivisionError):
            fail_late(firm)

    assert sorted(row["number"] for row in firm.rows(voucher)) == [1, 2, 3]


def test_the_chart_is_the_published_one(firm: Company) -> None:
    put_on_hand(firm, "TEA", "1")
    accounts = {row["code"]: row for row in firm.rows(account)}

    assert len(accounts) == 83
    assert (accounts["22210102"]["name_zh"], accounts["22210102"]["parent"]) == ("应交增值税-销项税额", "222101")
    used = {rule.account for _, rules in posting.EVENTS.values() for rule in rules}
    assert {code for code in used if not accounts[code]["postable"]} == set()


def test_every_event_balances_for_any_amounts() -> None:
    chosen = random.Random(7)
    for event, (_, rules) in posting.EVENTS.items():
        for _ in range(200):
            facts = _facts(chosen)
            _, lines = posting.lines(event, facts, dict.fromkeys((rule.aux for rule in rules), "x"))
            assert sum(line.debit - line.credit for line in lines) == 0, event


def _facts(chosen: random.Random) -> dict[str, Decimal]:
    """Amounts of one event, red ones too."""
    net, tax, ordered, allocated = (amounts.cents(Decimal(chosen.randint(-(10**6), 10**6)) / 7) for _ in range(4))
    gross = net + tax
    return {
        "net": net, "tax": tax, "gross": gross, "cost": net, "value": net, "amount": gross, "allocated": allocated,
        "rest": gross - allocated, "ordered_value": ordered, "price_difference": net - ordered,
    }  # fmt: skip


# ---------------------------------------------------------------- stock and rates


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"on_hand": Decimal(-1)}, "on_hand|reserved"),
        ({"reserved": Decimal(11)}, "reserved_on_hand"),
        ({"reserved": Decimal(-1)}, "reserved"),
        ({"on_hand": Decimal(0)}, "value"),
        ({"value": Decimal(-1)}, "value"),
    ],
)
def test_stock_is_never_negative_and_nothing_is_worth_nothing(firm: Company, values: Any, name: str) -> None:
    put_on_hand(firm, "TEA", "10")

    with pytest.raises(IntegrityError, match=f"erp_stock_balance_({name})"), firm.acting() as uow:
        uow.execute(update(stock_balance).values(**values))


def test_moves_are_made_once_and_stay(firm: Company) -> None:
    put_on_hand(firm, "TEA", "10")
    [move] = firm.rows(stock_move)

    for statement in (update(stock_move).values(quantity=Decimal(1)), delete(stock_move)):
        with pytest.raises(IntegrityError, match="erp_stock_move_append_only"), firm.acting() as uow:
            uow.execute(statement)
    with pytest.raises(IntegrityError), firm.acting() as uow:
        uow.execute(insert(stock_move), {**move, "id": uuid7()})


def test_rates_of_a_category_do_not_overlap(firm: Company) -> None:
    def enter(begins: date) -> None:
        with firm.acting() as uow:
            uow.execute(
                insert(vat_rate),
                {"id": uuid7(), "category": "standard", "rate": Decimal("0.1"), "valid_from": begins},
            )

    with pytest.raises(IntegrityError, match="erp_vat_rate_overlap"):
        enter(date(2030, 1, 1))
    with firm.acting() as uow:
        uow.execute(update(vat_rate).values(valid_to=date(2029, 12, 31)))
    enter(date(2030, 1, 1))


def test_balance_is_the_sum_of_moves_after_a_busy_year(firm: Company) -> None:
    chosen = random.Random(3)
    for _ in range(6):
        put_on_hand(firm, "TEA", str(chosen.randint(1, 9)), cost=str(chosen.randint(1, 99) / 7)[:6])
        made = an_order(firm, ("TEA", "2"))
        with firm.acting() as uow:
            stock.reserve_stock(uow, sales_order_id=made["sales_order_id"], partial=True)

    [balance] = firm.rows(stock_balance)
    moves = firm.rows(stock_move)
    assert (balance["on_hand"], balance["value"]) == (
        sum(move["quantity"] for move in moves), sum(move["value"] for move in moves),
    )  # fmt: skip
    assert firm.ledger_sum()["1405"] == balance["value"]


@pytest.mark.postgres
def test_rivals_never_sell_the_same_piece_twice(postgres_database: str, clock: Any) -> None:
    opened = ProcessEngine(Settings(database_url=postgres_database), clock=clock)
    firm = a_firm(opened)
    put_on_hand(firm, "TEA", "10")
    orders = [an_order(firm, ("TEA", "1"))["sales_order_id"] for _ in range(14)]
    answers: list[str] = []

    def take(order_id: Any) -> None:
        try:
            with opened.unit_of_work(Actor(firm.people["ann"])) as uow:
                stock.reserve_stock(uow, sales_order_id=order_id)
            answers.append("taken")
        except BusinessError as refusal:
            answers.append(refusal.code)

    rivals = [Thread(target=take, args=(order_id,)) for order_id in orders]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join()
    balances = firm.rows(stock_balance)
    opened.dispose()

    assert sorted(answers) == ["ERP.STOCK_SHORT"] * 4 + ["taken"] * 10
    assert [row["reserved"] for row in balances] == [Decimal(10)]


def test_amounts_round_half_up_and_parts_add_up() -> None:
    line = amounts.line(Decimal(3), Decimal("3.335"), Decimal(0), Decimal("0.13"))
    retail = amounts.line(Decimal(1), Decimal("9.99"), Decimal(0), Decimal("0.13"), price_includes_tax=True)

    assert line == amounts.Amounts(Decimal("10.01"), Decimal("1.30"), Decimal("11.31"))
    assert retail == amounts.Amounts(Decimal("8.84"), Decimal("1.15"), Decimal("9.99"))
    chosen = random.Random(11)
    for _ in range(500):
        whole, ordered = Decimal(chosen.randint(0, 10**7)) / 100, chosen.randint(1, 40)
        done = amounts.ZERO
        for reached in sorted({*chosen.choices(range(1, ordered + 1), k=3), ordered}):
            done += amounts.part(whole, Decimal(reached), Decimal(ordered), done)
        assert done == whole


def test_floats_and_hidden_cents_never_reach_a_column(firm: Company) -> None:
    for wrong in (0.1, Decimal("0.001")):
        with pytest.raises(Exception, match=r"float|decimals"), firm.acting() as uow:
            uow.execute(update(stock_balance).values(value=wrong))
    with firm.acting() as uow:
        assert uow.execute(select(item.c.id).where(item.c.sku == "TEA")).first() is not None
        assert uow.execute(select(warehouse.c.code).order_by(warehouse.c.code)).scalars().all() == ["MAIN", "SIDE"]
