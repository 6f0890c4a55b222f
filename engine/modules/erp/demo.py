"""Demo rows of this module: what a food trader keeps, and a year of buying, shipping, billing and being paid.

Made with the module's own operations, but for master data and for supplier payments before the first day of Troika:
those were made elsewhere and are taken over from the old books.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from engine.clock import FrozenClock
from engine.db.identity import user_account
from engine.ids import named
from engine.modules.erp.amounts import ZERO, cents
from engine.modules.erp.demo_goods import UNTIL, Goods, goods, supplier_names
from engine.modules.erp.models.invoice import supplier_invoice
from engine.modules.erp.models.item import company, item, supplier, supplier_item, vat_rate, warehouse
from engine.modules.erp.operations import ledger, payables, payees, purchasing, receivables, sales, stock
from engine.operations import OperationCall, get
from engine.unit_of_work import UnitOfWork

Factory = Callable[[str | None], AbstractContextManager[UnitOfWork]]
Progress = Callable[[int, int], None]
Act = Callable[[UnitOfWork], None]

COMPANY = {"id": 1, "name": "杭州青禾食品有限公司", "name_en": "Hangzhou Qinghe Foods Co., Ltd.",
           "uscc": "91330100MADEM0011P", "region": "330100"}  # fmt: skip
WAREHOUSES = (("MAIN", "杭州主仓", "Hangzhou"), ("JX", "嘉兴仓", "Jiaxing"), ("RET", "退货仓", "Returns"))
VAT = (("standard", "0.13"), ("reduced", "0.09"), ("service", "0.06"))
CASH = Decimal("3000000.00")
KEPT_OPEN_DAYS = 12
"""Supplier invoices that fell due lately are left for people to pay."""


def load_masters(
    uow_factory: Factory, people: dict[str, UUID], clock: FrozenClock, seed: int, size: str, progress: Progress,
    facts: dict[str, Any],
) -> None:  # fmt: skip
    """Company, rates, warehouses, items, suppliers, payee accounts, opening stock and cash a year ago."""
    today = clock.now()
    kept = goods(seed, size)
    clock.move_to(_morning(_first_day(today), today) if size != "tiny" else today)
    with uow_factory("eve") as uow:
        _write_masters(uow, seed, kept)
    _open_accounts(uow_factory, people, seed, kept)
    for start in range(0, len(kept), 80):
        with uow_factory("tao") as uow:
            for each in kept[start : start + 80]:
                if each.opening:
                    stock.open_stock(
                        uow, sku=each.sku, quantity=each.opening, unit_cost=each.cost,
                        call=OperationCall(named(seed, "opening", each.sku)),
                    )  # fmt: skip
        progress(min(start + 80, len(kept)), len(kept))
    with uow_factory("tao") as uow:
        source = ("erp_opening", named(seed, "cash"))
        ledger.post(uow, "opening_cash", source, {"amount": CASH}, summary="期初银行存款")
    facts["items"] = [
        {
            "item_id": named(seed, "item", each.sku), "sku": each.sku, "name": each.name, "uom": each.uom,
            "vat_rate": Decimal(dict(VAT)[each.vat]), "price": each.price, "popular": each.popular,
        }
        for each in kept
    ]  # fmt: skip
    clock.move_to(today)


def load_history(
    uow_factory: Factory, people: dict[str, UUID], clock: FrozenClock, seed: int, size: str, progress: Progress,
    facts: dict[str, Any],
) -> None:  # fmt: skip
    """Fulfil the orders that `facts["orders"]` hands over; `facts["progress"]` says what became of them."""
    orders = facts.get("orders", [])
    facts["progress"] = []
    if not orders:
        return
    today = clock.now()
    story = _Story(seed, today.date(), facts["progress"])
    agenda: dict[date, list[tuple[int, Act]]] = defaultdict(list)
    story.agenda = agenda
    story.plan_buying(orders)
    story.plan_selling(orders)
    done, days = 0, (today.date() - min(agenda)).days
    while agenda:
        day = min(agenda)
        if day >= today.date():
            break
        clock.move_to(_morning(day, today))
        while agenda[day]:  # what is done today may add to today
            with uow_factory(None) as uow:
                for _, act in sorted(agenda.pop(day), key=lambda entry: entry[0]):
                    act(uow)
        del agenda[day]
        done += 1
        if done % 10 == 0:
            progress((day - _first_day(today)).days, days)
    progress(days, days)
    clock.move_to(today)


class _Story:
    """What happens on which day. Rank: what comes first on a day."""

    def __init__(self, seed: int, today: date, told: list[dict[str, Any]]) -> None:
        self.seed, self.today, self.told = seed, today, told
        self.chosen = random.Random(f"{seed}/erp/history")  # noqa: S311 - the same rows for the same seed
        self.agenda: dict[date, list[tuple[int, Act]]] = {}

    def at(self, day: date, rank: int, act: Act) -> None:
        """Put it on the agenda."""
        self.agenda[day].append((rank, act))

    def call(self, *parts: object) -> OperationCall:
        """The same key for the same act."""
        return OperationCall(named(self.seed, *parts))

    # ------------------------------------------------------------ buying: the demand of two months before they begin

    def plan_buying(self, orders: Iterable[dict[str, Any]]) -> None:
        """One order per supplier and two months for what will be sold."""
        wanted: dict[tuple[str, str], Decimal] = defaultdict(lambda: Decimal(0))
        by_sku = {each.sku: each for each in goods(self.seed, "full")}
        first = min(order["day"] for order in orders)
        for order in orders:
            for line in order["order"]["lines"]:
                wanted[_pair(order["day"]), line["sku"]] += line["quantity"]
        lots: dict[tuple[str, int], list[Any]] = defaultdict(list)
        for (month, sku), quantity in sorted(wanted.items()):
            each = by_sku[sku]
            if each.supplier is not None:
                lots[month, each.supplier].append({"sku": sku, "quantity": quantity, "price": each.cost})
        for (month, number), lines in lots.items():
            day = max(date.fromisoformat(f"{month}-01") - timedelta(days=10 + number % 5), first - timedelta(days=8))
            self.at(day, 0, self._buy(month, number, lines, day))

    def _buy(self, month: str, number: int, lines: list[Any], day: date) -> Act:
        def buy(uow: UnitOfWork) -> None:
            made = purchasing.create_purchase_order(
                uow, supplier_id=named(self.seed, "supplier", number), lines=lines,
                expected_date=day + timedelta(days=6),
                call=self.call("buy", month, number),
            )  # fmt: skip
            purchasing.place_purchase_order(uow, purchase_order_id=made["purchase_order_id"])
            self.at(day + timedelta(days=5 + number % 2), 0, self._receive(made, month, number, day))

        return buy

    def _receive(self, made: dict[str, Any], month: str, number: int, day: date) -> Act:
        def receive(uow: UnitOfWork) -> None:
            purchasing.receive_goods(
                uow, purchase_order_id=made["purchase_order_id"], delivery_note=f"SH{month}-{number:02d}",
                call=self.call("receive", month, number),
            )  # fmt: skip
            self.at(day + timedelta(days=9 + number % 4), 1, self._bill(made, month, number, day))

        return receive

    def _bill(self, made: dict[str, Any], month: str, number: int, day: date) -> Act:
        def bill(uow: UnitOfWork) -> None:
            entered = payables.enter_supplier_invoice(
                uow, purchase_order_id=made["purchase_order_id"], invoice_no=f"{month.replace('-', '')}{number:04d}",
                call=self.call("bill", month, number),
            )  # fmt: skip
            payables.match_invoice(uow, supplier_invoice_id=entered["supplier_invoice_id"])
            if entered["due_date"] < self.today - timedelta(days=KEPT_OPEN_DAYS):
                self.at(entered["due_date"], 2, self._take_over_payment(entered, number))

        return bill

    def _take_over_payment(self, entered: dict[str, Any], number: int) -> Act:
        """Paid before Troika: no clearance, hence no row of `erp_payment`; only the old voucher and the open amount."""

        def take_over(uow: UnitOfWork) -> None:
            key = entered["supplier_invoice_id"]
            ledger.post(
                uow, "supplier_payment", ("erp_supplier_invoice", key), {"amount": entered["total"]},
                aux={"supplier": str(named(self.seed, "supplier", number))},
                summary=f"旧账付款 {entered['document_no']}",
            )  # fmt: skip
            uow.execute(
                update(supplier_invoice)
                .where(supplier_invoice.c.id == key)
                .values(open_amount=ZERO, note="旧账已付 paid in the old books")
            )

        return take_over

    # ------------------------------------------------------------ selling

    def plan_selling(self, orders: Iterable[dict[str, Any]]) -> None:
        """Each order is taken over on its day and leaves a day or two later."""
        for order in orders:
            leaves = order["day"] + timedelta(days=self.chosen.choice((0, 1, 1, 2)))
            self.at(leaves, 2, self._ship(order, leaves))

    def _ship(self, order: dict[str, Any], day: date) -> Act:
        def ship(uow: UnitOfWork) -> None:
            number = order["order"]["order_no"]
            taken = get("erp.open_sales_order").bind({"order": order["order"]})
            opened = sales.open_sales_order(uow, **taken, call=self.call("open", number))
            stock.reserve_stock(uow, sales_order_id=opened["sales_order_id"])
            parcel = sales.create_shipment(
                uow, sales_order_id=opened["sales_order_id"], call=self.call("pack", number)
            )  # fmt: skip
            carrier = self.chosen.choice(("顺丰", "中通", "京东物流", "德邦"))
            gone = sales.ship(
                uow, shipment_id=parcel["shipment_id"], carrier=carrier,
                tracking_no=f"{self.chosen.randrange(10**12):012d}", call=self.call("ship", number),
            )  # fmt: skip
            told = {**order, **gone, "shipped_on": day, "delivered_on": None, "paid": []}
            self.told.append(told)
            arrives = day + timedelta(days=self.chosen.choice((1, 2, 2, 3, 4)))
            self.at(arrives, 3, self._deliver(told, arrives))
            self.at(day, 4, self._invoice(told, parcel["shipment_id"], opened["sales_order_id"], day))

        return ship

    def _deliver(self, told: dict[str, Any], day: date) -> Act:
        def deliver(uow: UnitOfWork) -> None:
            sales.mark_delivered(uow, shipment_no=told["shipment_no"])
            told["delivered_on"] = day

        return deliver

    def _invoice(
        self, told: dict[str, Any], shipment_id: UUID, order_id: UUID, day: date
    ) -> Act:  # fmt: skip
        def invoice(uow: UnitOfWork) -> None:
            number = told["order"]["order_no"]
            billed = receivables.post_sales_invoice(uow, shipment_id=shipment_id, call=self.call("invoice", number))
            delay = max(1, min(120, round(self.chosen.lognormvariate(3.18, 0.6))))  # median 24 days
            half = cents(billed["total"] / 2) if self.chosen.random() < 0.06 else None
            pays = day + timedelta(days=delay)
            if half is None:
                self.at(pays, 5, self._pay(told, order_id, billed["total"], pays))
            else:
                self.at(pays, 5, self._pay(told, order_id, half, pays))
                rest = pays + timedelta(days=14)
                self.at(rest, 5, self._pay(told, order_id, billed["total"] - half, rest))

        return invoice

    def _pay(self, told: dict[str, Any], order_id: UUID, amount: Decimal, day: date) -> Act:
        def pay(uow: UnitOfWork) -> None:
            number, part = told["order"]["order_no"], len(told["paid"])
            money = receivables.record_receipt(
                uow,
                amount=amount,
                order_no=number,
                bank_ref=f"{number}/{part + 1}",
                call=self.call("pay", number, part),
            )
            told["paid"].append((day, told["gross"] - money["order_open"]))
            if money["settled"]:
                sales.close_sales_order(uow, sales_order_id=order_id)

        return pay


def _write_masters(uow: UnitOfWork, seed: int, kept: list[Goods]) -> None:
    uow.execute(insert(company), COMPANY)
    uow.execute(
        insert(warehouse),
        [
            {"id": named(seed, "warehouse", code), "code": code, "name": zh, "name_en": en}
            for code, zh, en in WAREHOUSES
        ],
    )
    uow.execute(
        insert(vat_rate),
        [
            {"id": named(seed, "vat", category), "category": category, "rate": Decimal(rate), "valid_from": UNTIL}
            for category, rate in VAT
        ],
    )
    used = sorted({each.supplier for each in kept if each.supplier is not None})
    names = supplier_names()
    uow.execute(
        insert(supplier),
        [
            {
                "id": named(seed, "supplier", number), "code": f"S{number + 1:03d}", "name": names[number],
                "contact": f"0571-0000-{1000 + number:04d}", "payment_terms_days": (15, 30, 30, 45)[number % 4],
            }
            for number in used
        ],
    )  # fmt: skip
    uow.execute(
        insert(item),
        [
            {
                "id": named(seed, "item", each.sku), "sku": each.sku, "name": each.name, "name_en": each.name_en,
                "kind": each.kind, "uom": each.uom, "vat_category": each.vat,
                "source": "make" if each.kind == "finished" else "buy", "lead_time_days": each.lead_time_days,
                "abc": each.abc,
            }
            for each in kept
        ],
    )  # fmt: skip
    uow.execute(
        insert(supplier_item),
        [
            {
                "id": named(seed, "offer", each.sku), "supplier_id": named(seed, "supplier", each.supplier),
                "item_id": named(seed, "item", each.sku), "price": each.cost,
            }
            for each in kept
            if each.supplier is not None
        ],
    )  # fmt: skip


def _open_accounts(uow_factory: Factory, people: dict[str, UUID], seed: int, kept: list[Goods]) -> None:
    """Accounts of suppliers and employees: entered by one person, confirmed by another. Numbers fail the Luhn check."""
    names = supplier_names()
    owners = [
        ("supplier", named(seed, "supplier", number), names[number])
        for number in sorted({each.supplier for each in kept if each.supplier is not None})
    ]
    with uow_factory("you") as uow:
        called = {row.id: row.name for row in uow.execute(select(user_account.c.id, user_account.c.name))}
    owners += [("employee", user_id, called[user_id]) for _login, user_id in sorted(people.items())]
    entered = []
    with uow_factory("you") as uow:  # who keeps bank details approves no payment
        for number, (kind, owner_id, name) in enumerate(owners):
            entered.append(
                payees.change_payee_account(
                    uow, owner_kind="supplier" if kind == "supplier" else "employee", owner_id=owner_id,
                    account_name=name, bank_name="中国工商银行杭州分行", account_no=f"62220000{number:07d}1",
                )
            )  # fmt: skip
    with uow_factory("jiangyi") as uow:
        for version in entered:
            key = version["version_id"]
            payees.confirm_payee_account(uow, version_id=key, call=OperationCall(named(seed, "confirmed", key)))


def _pair(day: date) -> str:
    """The month in which the pair of months of `day` begins."""
    return f"{day.year}-{day.month - (day.month - 1) % 2:02d}"


def _first_day(today: datetime) -> date:
    """Books begin a year and a month ago, on the first of a month."""
    day = today.date() - timedelta(days=395)
    return day.replace(day=1)


def _morning(day: date, today: datetime) -> datetime:
    """09:30 in Shanghai."""
    return datetime.combine(day, time(1, 30), tzinfo=today.tzinfo)


STAGES = (
    (20, "物料、供应商与期初", "Items, suppliers, opening balances", load_masters),
    (50, "一年的采购、发货、发票与收款", "A year of purchases, shipments, invoices and receipts", load_history),
)
