"""Whatever commits, accepts or releases is held where a controller asks for an approval, and runs where nobody does."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from engine import calls, operations, policy, repository, runtime, tasks
from engine.errors import PolicyHold
from engine.ids import uuid7
from engine.modules.crm.operations import orders
from engine.modules.erp.operations import items
from engine.operations import OperationCall
from engine.unit_of_work import Actor
from tests.engine.bpmn.drawing import END, START, drawing, flows
from tests.engine.modules.company import Company, a_call
from tests.engine.modules.test_procure_to_pay import TEN_TEA, an_order, billed, received
from tests.engine.policy.test_gate import APPROVE


def _ordered(firm: Company) -> UUID:
    return an_order(firm)["purchase_order_id"]


def _billed(firm: Company) -> UUID:
    made = an_order(firm)
    received(firm, made, "10")
    return billed(firm, made, "10", "12")["supplier_invoice_id"]


def _sold(firm: Company) -> UUID:
    with firm.acting() as uow:
        known = items.find_items(uow, lines=TEN_TEA)["lines"]
        return orders.create_order(uow, party_id=firm.customer, lines=known, call=a_call())["order_id"]


@dataclass(frozen=True)
class Case:
    """The class of an operation, a document for it, what else it is given."""

    on: str
    document: Callable[[Company], UUID]
    more: dict[str, Any] = field(default_factory=dict)


CASES = {
    "erp.place_purchase_order": Case("purchase.commit", _ordered),
    "erp.release_invoice": Case("invoice.release", _billed, {"reason": "差额由运费引起"}),
    "crm.release_credit_hold": Case("credit.release", _sold),
}
POLICY = """
- id: OWN-001
  title: 先审批
  on: {}
  require: [{{approval: finance_approval}}]
  binds: [{}]
"""


@pytest.mark.parametrize("name", CASES)
def test_it_runs_unless_a_policy_asks_for_an_approval_of_exactly_this(firm: Company, name: str) -> None:
    case, operation = CASES[name], operations.get(name)
    subject = operation.subject
    assert subject is not None
    key = case.document(firm)
    approve = APPROVE.format(provides="finance_approval").replace("test_bill", subject.type).replace("fay,cfo", "bob")
    with firm.acting() as uow:
        repository.deploy(uow, {"p.bpmn": drawing(START + approve + END + flows("start fin end"))})
        facts = subject.read(uow, **{subject.argument: key}).values
    with firm.acting("ann") as uow:
        instance_id = runtime.start(uow, "p", {"bill_id": str(key)}).id

    def perform() -> None:
        with firm.engine.unit_of_work(Actor(None, source="job")) as uow:
            call = OperationCall(uuid7(), instance_id, "act")
            calls.perform(uow, operation, {subject.argument: key, **case.more}, call, uow.lock_instance(instance_id))

    perform()
    with firm.acting() as uow:
        policy.ship(uow, POLICY.format(case.on, ", ".join(facts)))
    with pytest.raises(PolicyHold, match="finance_approval"):
        perform()
    with firm.acting("bob") as uow:
        (item,) = tasks.inbox(uow).items
        shown = tasks.get(uow, item.work_item_id)
        tasks.agree(uow, item.work_item_id, seen_digest=shown.seen_digest)
    perform()
    with pytest.raises(PolicyHold, match="finance_approval"):
        perform()

    assert Decimal(facts["amount"]) > 0
    assert set(subject.shows) == facts.keys() - {"amount_base"}
    assert shown.facts_display is not None
    assert all(shown.facts_display.values())
