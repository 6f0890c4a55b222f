"""Demo rows: made with the operations, the same for the same seed, and the books are right afterwards."""

import importlib
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from engine.clock import FrozenClock
from engine.db.identity import org_unit, user_account
from engine.ids import uuid7
from engine.modules.crm import demo as crm_demo
from engine.modules.crm.models.order import order
from engine.modules.crm.models.party import party
from engine.modules.erp.demo_goods import goods
from engine.modules.erp.models.invoice import sales_invoice, supplier_invoice
from engine.modules.erp.models.item import item
from engine.modules.erp.models.ledger import voucher, voucher_line
from engine.modules.erp.models.sales import sales_order
from engine.modules.erp.models.stock import stock_balance, stock_move
from engine.modules.oa.demo_people import demo_data
from engine.process_engine import ProcessEngine
from engine.unit_of_work import ENGINE, Actor

SEED = 20260101


def load(engine: ProcessEngine, clock: FrozenClock, size: str) -> dict[str, Any]:
    """As `troika demo` does; what the stages handed on."""
    people = {person.login: uuid7() for person in demo_data().people}
    with engine.unit_of_work(ENGINE) as uow:
        for unit in demo_data().org_units:
            uow.execute(insert(org_unit), {"id": uuid7(), "key": unit.key, "name": unit.name})
        for login, key in people.items():
            uow.execute(
                insert(user_account),
                {"id": key, "login": login, "name": login, "created_at": uow.now, "person_id": key},
            )
    stages = [
        row
        for module in ("crm", "erp", "oa")
        for row in importlib.import_module(f"engine.modules.{module}.demo").STAGES
    ]
    facts: dict[str, Any] = {}
    for _, _, _, stage in sorted(stages, key=lambda row: row[0]):
        stage(
            lambda login: engine.unit_of_work(Actor(people[login], source="cli") if login else ENGINE),
            people, clock, SEED, size, lambda done, total: None, facts,
        )  # fmt: skip
    return facts


def sums(engine: ProcessEngine, *columns: Any) -> list[Any]:
    """One sum per column."""
    with engine.unit_of_work(ENGINE) as uow:
        return [uow.execute(select(func.sum(column))).scalar() for column in columns]


def test_a_tiny_company_is_there_at_once(engine: ProcessEngine, clock: FrozenClock) -> None:
    today = clock.now()

    load(engine, clock, "tiny")

    assert clock.now() == today
    with engine.unit_of_work(ENGINE) as uow:
        counts = [uow.execute(select(func.count()).select_from(table)).scalar() for table in (item, party, order)]
    assert counts == [40, 12, 0]


def test_the_same_seed_gives_the_same_goods() -> None:
    assert goods(SEED, "small") == goods(SEED, "small") != goods(SEED + 1, "small")
    assert len({each.sku for each in goods(SEED, "small")}) == len({each.name for each in goods(SEED, "small")}) == 320


def test_people_are_48_in_9_units_with_managers_before_their_people() -> None:
    company = demo_data()
    logins = [person.login for person in company.people]
    before: set[str] = set()

    for person in company.people:
        assert person.manager is None or person.manager in before
        before.add(person.login)

    assert (len(logins), len(set(logins)), len(company.org_units)) == (48, 48, 9)
    assert {member for group in company.groups for member in group.members} <= before
    assert {unit.leader for unit in company.org_units} <= before
    assert {person.org_unit for person in company.people} == {unit.key for unit in company.org_units}


def test_a_year_of_history_reconciles(clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = ProcessEngine.in_memory(clock)
    monkeypatch.setitem(crm_demo.COUNTS, "small", (180, 60, 120))  # fewer orders, the same year

    load(engine, clock, "small")

    on_hand, moved, worth, moved_value = sums(
        engine, stock_balance.c.on_hand, stock_move.c.quantity, stock_balance.c.value, stock_move.c.value
    )
    with engine.unit_of_work(ENGINE) as uow:
        ledger = {
            row.account: row.balance
            for row in uow.execute(
                select(
                    voucher_line.c.account, func.sum(voucher_line.c.debit - voucher_line.c.credit).label("balance")
                ).group_by(voucher_line.c.account)
            )
        }
        both = uow.execute(
            select(order.c.order_no, order.c.gross, sales_order.c.gross.label("other")).join(
                sales_order, sales_order.c.order_no == order.c.order_no
            )
        ).all()
        drafts = uow.execute(select(voucher.c.id).where(voucher.c.status == "draft")).all()
        counts = [uow.execute(select(func.count()).select_from(table)).scalar() for table in (item, party)]
    receivable, payable = sums(engine, sales_invoice.c.open_amount, supplier_invoice.c.open_amount)
    engine.dispose()

    assert (on_hand, worth, ledger["1405"]) == (moved, moved_value, worth)
    assert (ledger["1122"], -ledger["220201"]) == (receivable, payable)
    assert sum(ledger.values()) == Decimal(0)
    assert len(both) > 100
    assert [row.order_no for row in both if row.gross != row.other] == []
    assert drafts == []
    assert counts[0] >= 300
    assert counts[1] >= 200
