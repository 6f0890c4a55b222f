"""A small trading company: people, items, a warehouse, a supplier, a customer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update

from engine import identity, workdays
from engine.db.definition import definition, deployment, resource
from engine.db.instance import instance
from engine.db.policy import clearance, clearance_grant, policy_grant
from engine.db.task import ItemDecision, ItemKind, ItemStatus, RoundStatus, Source, user_task, work_item
from engine.ids import uuid7
from engine.modules.crm.models.opportunity import stage
from engine.modules.crm.models.party import price, price_list
from engine.modules.crm.models.survey import survey, survey_question
from engine.modules.crm.operations import parties
from engine.modules.erp.models.item import company, item, supplier, supplier_item, vat_rate, warehouse
from engine.modules.erp.models.ledger import voucher_line
from engine.modules.erp.operations import payees, stock
from engine.modules.oa.models.leave import leave_type
from engine.modules.oa.operations import employees
from engine.operations import OperationCall
from engine.process_engine import ProcessEngine
from engine.unit_of_work import Actor, UnitOfWork
from tests.lending import begun_once

DAY_ONE = date(2020, 1, 1)


@dataclass
class Company:
    """Ids by name, and short ways to act."""

    engine: ProcessEngine
    people: dict[str, UUID] = field(default_factory=dict)
    customer: UUID = field(default_factory=uuid7)
    supplier: UUID = field(default_factory=uuid7)

    @contextmanager
    def acting(self, login: str = "ann") -> Iterator[UnitOfWork]:
        """One unit of work of this person."""
        with self.engine.unit_of_work(Actor(self.people[login])) as uow:
            yield uow

    def rows(self, table: Any) -> list[dict[str, Any]]:
        """Everything in a table."""
        with self.acting() as uow:
            return [dict(row._mapping) for row in uow.execute(select(table))]

    def ledger_sum(self) -> dict[str, Decimal]:
        """Balance (debit less credit) by account, without those at 0."""
        sums: dict[str, Decimal] = {}
        for line in self.rows(voucher_line):
            sums[line["account"]] = sums.get(line["account"], Decimal(0)) + line["debit"] - line["credit"]
        return {account: amount for account, amount in sorted(sums.items()) if amount}


def a_call(instance_id: UUID | None = None, clearance_id: UUID | None = None) -> OperationCall:
    """What the engine adds to a call."""
    return OperationCall(uuid7(), instance_id, None, clearance_id)


def a_firm(engine: ProcessEngine) -> Company:
    """Opened for business, nothing on hand."""
    people, customer, supplier_id = _opened(engine)
    return Company(engine, dict(people), customer, supplier_id)


@begun_once
def _opened(engine: ProcessEngine) -> tuple[dict[str, UUID], UUID, UUID]:
    """Its people, its customer and its supplier."""
    made = Company(engine)
    with engine.unit_of_work(Actor(None, source="system")) as uow:
        for login in ("ann", "bob", "cid", "dora", "eli"):
            made.people[login] = identity.create_user(uow, login, login.title()).id
        workdays.ensure_cn(uow)
        _goods(uow, made)
        _people(uow, made)
        made.customer = parties.upsert_party(
            uow, name="云水超市有限公司", uscc="91330100MADEM0011P", credit_limit=Decimal(5000), payment_terms_days=30,
            customer_class="B",
        )["party_id"]  # fmt: skip
    entered = []
    with made.acting("eli") as uow:
        for kind, owner in (("supplier", made.supplier), ("employee", made.people["ann"])):
            version = payees.change_payee_account(
                uow,
                owner_kind=kind,
                owner_id=owner,
                account_name="收款人",
                bank_name="工商银行",
                account_no="6222001234567",
            )
            made.people[f"{kind} account"] = version["account_id"]
            entered.append(version["version_id"])
    with made.acting("cid") as uow:
        for version_id in entered:
            payees.confirm_payee_account(uow, version_id=version_id, call=a_call())
    return made.people, made.customer, made.supplier


def _goods(uow: UnitOfWork, made: Company) -> None:
    uow.execute(insert(company), {"id": 1, "name": "青禾食品", "uscc": "91330100MADEM0011P"})
    uow.execute(insert(warehouse), [{"id": uuid7(), "code": code, "name": code} for code in ("MAIN", "SIDE")])
    uow.execute(
        insert(vat_rate),
        [{"id": uuid7(), "category": category, "rate": Decimal(rate), "valid_from": DAY_ONE}
         for category, rate in (("standard", "0.13"), ("reduced", "0.09"))],
    )  # fmt: skip
    uow.execute(insert(supplier), {"id": made.supplier, "code": "S001", "name": "江南农业有限公司"})
    prices = uow.execute(
        insert(price_list).returning(price_list.c.id), {"id": uuid7(), "name": "standard"}
    ).scalar_one()
    for sku, name, kind, category, cost, sale in (
        ("TEA", "绿茶", "goods", "standard", "10", "20"),
        ("RICE", "大米", "goods", "reduced", "3.333333", "5.55"),
        ("CARE", "上门服务", "service", "standard", "0", "100"),
    ):
        key = uuid7()
        uow.execute(
            insert(item),
            {"id": key, "sku": sku, "name": name, "kind": kind, "uom": "袋", "vat_category": category,
             "lead_time_days": 5},
        )  # fmt: skip
        uow.execute(
            insert(supplier_item),
            {"id": uuid7(), "supplier_id": made.supplier, "item_id": key, "price": Decimal(cost)},
        )
        uow.execute(
            insert(price),
            {"id": uuid7(), "price_list_id": prices, "sku": sku, "min_quantity": Decimal(0), "price": Decimal(sale),
             "valid_from": DAY_ONE},
        )  # fmt: skip
    uow.execute(
        insert(stage),
        [
            {"id": uuid7(), "seq": seq, "name_zh": name, "name_en": name, "probability": Decimal(probability),
             "is_won": won, "is_lost": lost}
            for seq, name, probability, won, lost in (
                (1, "初谈", "0.1", False, False), (2, "报价", "0.5", False, False), (3, "赢单", "1", True, False),
                (4, "输单", "0", False, True),
            )
        ],
    )  # fmt: skip
    asked = uuid7()
    uow.execute(insert(survey), {"id": asked, "code": "order", "name": "订单满意度"})
    uow.execute(
        insert(survey_question),
        [{"id": uuid7(), "survey_id": asked, "seq": seq, "kind": kind, "text": kind}
         for seq, kind in ((1, "csat"), (2, "nps"), (3, "text"))],
    )  # fmt: skip


def _people(uow: UnitOfWork, made: Company) -> None:
    uow.execute(
        insert(leave_type),
        [{"id": uuid7(), "code": code, "name_zh": code, "name_en": code, "limited": limited}
         for code, limited in (("annual", True), ("sick", False))],
    )  # fmt: skip
    employees.create_employee(uow, name="Bob", user_id=made.people["bob"])
    employees.create_employee(uow, name="Ann", user_id=made.people["ann"], manager_user_id=made.people["bob"])


def put_on_hand(firm: Company, sku: str, quantity: str, cost: str = "10", place: str = "MAIN") -> None:
    """Opening stock."""
    with firm.acting() as uow:
        stock.open_stock(
            uow, sku=sku, quantity=Decimal(quantity), unit_cost=Decimal(cost), warehouse=place, call=a_call()
        )


def _a_round(uow: UnitOfWork, instance_id: UUID) -> UUID:
    """An instance with one round of approval, as rows: the modules know nothing of processes."""
    deployed, resource_id, defined, round_id = (uuid7() for _ in range(4))
    digest = deployed.bytes * 2
    uow.execute(insert(deployment), {"id": deployed, "name": "", "deployed_at": uow.now, "digest": digest})
    uow.execute(
        insert(resource),
        {"id": resource_id, "deployment_id": deployed, "path": "p", "kind": 0, "digest": digest, "content": b""},
    )
    uow.execute(
        insert(definition),
        {"id": defined, "kind": 0, "key": str(defined), "version": 1, "name": "", "resource_id": resource_id,
         "digest": digest, "meta": {}, "deployed_at": uow.now},
    )  # fmt: skip
    if uow.execute(select(instance.c.id).where(instance.c.id == instance_id)).first() is None:
        uow.execute(
            insert(instance),
            {"id": instance_id, "definition_id": defined, "process_key": "p", "status": 0, "history_hash": digest,
             "codec": 0, "state": b"", "created_at": uow.now, "updated_at": uow.now},
        )  # fmt: skip
    token = uow.execute(select(func.count()).select_from(user_task)).scalar_one()
    uow.execute(
        insert(user_task),
        {"id": round_id, "instance_id": instance_id, "node": "approve", "token": token, "round": 1, "name": "approve",
         "mode": "all", "status": RoundStatus.PASSED, "spec": {}, "opened_seq": 1, "created_at": uow.now},
    )  # fmt: skip
    return round_id


def clear(
    uow: UnitOfWork, request_id: UUID, facts: Any, *, instance_id: UUID, people: tuple[UUID, ...], requester: UUID,
    digest: str = "sha256:right", granted_digest: str = "sha256:right", state: str = "open", min_people: int = 1,
    expires_at: datetime = datetime(2027, 1, 1, tzinfo=UTC), on_behalf_of: UUID | None = None,
    executor: UUID | None = None, amount: Decimal | None = None, payee: str | None = None,
    bank_version: int | None = None, subject_id: str | None = None, of: str = "erp_payment_request",
) -> UUID:  # fmt: skip
    """Grants and clearance as the engine's policy room leaves them, written past it."""
    clearance_id, round_id = uuid7(), _a_round(uow, instance_id)
    values = facts.values
    grants = []
    for seq, person in enumerate(people):
        grants.append(uuid7())
        uow.execute(
            insert(work_item),
            {"id": grants[-1], "user_task_id": round_id, "instance_id": instance_id, "kind": ItemKind.NORMAL,
             "seq": seq, "assignee_id": person, "on_behalf_of_id": on_behalf_of, "status": ItemStatus.DECIDED,
             "decision": ItemDecision.AGREED, "decision_source": Source.HUMAN, "decided_by": person,
             "decided_person_id": person, "decided_at": uow.now, "created_at": uow.now,
             "subject_type": of, "subject_id": subject_id or str(request_id), "subject_digest": granted_digest},
        )  # fmt: skip
        uow.execute(
            insert(policy_grant),
            {
                "id": grants[-1], "instance_id": instance_id, "user_task_id": round_id, "work_item_id": grants[-1],
                "node": "approve", "capability": "finance_approval", "person_id": person, "account_id": person,
                "on_behalf_of_id": on_behalf_of, "principal_person_id": on_behalf_of, "source": "human",
                "subject_type": of,
                "subject_id": subject_id or str(request_id), "subject_digest": granted_digest, "facts": {},
                "granted_at": min(uow.now, expires_at) - timedelta(hours=1), "expires_at": expires_at,
            },
        )  # fmt: skip
    uow.execute(
        insert(clearance),
        {
            "id": clearance_id, "instance_id": instance_id, "operation": "erp.execute_payment",
            "idempotency_key": uuid7(), "policies": [], "subject_type": of,
            "subject_id": subject_id or str(request_id), "subject_digest": digest,
            "amount": amount or Decimal(values["amount"]), "currency": values["currency"],
            "payee_id": payee or values["payee"], "payee_bank_version": bank_version or values["payee_bank_version"],
            "requester_id": requester, "executor_id": executor, "min_people": min_people, "cleared_at": uow.now,
            "state": "open", "operation_class": "payment.execute",
        },
    )  # fmt: skip
    for grant_id in grants:
        uow.execute(
            insert(clearance_grant),
            {"clearance_id": clearance_id, "grant_id": grant_id, "requirement": "finance_approval"},
        )
    if state != "open":
        uow.execute(update(clearance).where(clearance.c.id == clearance_id).values(state=state))
    return clearance_id
