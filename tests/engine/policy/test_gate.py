"""Grants and the gate: a payment without a live human approval of exactly this cannot run, nor be inserted."""

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine import (
    audit,
    bpmn,
    calls,
    history,
    identity,
    jobs,
    migration,
    modification,
    operations,
    policy,
    repository,
    runtime,
    tasks,
)
from engine.bpmn.steps import Capability
from engine.db.base import metadata
from engine.db.policy import clearance, clearance_grant, policy_grant
from engine.db.task import user_task, work_item
from engine.errors import BusinessError, MoveRefused, PolicyHold, SeparationOfDuties
from engine.ids import uuid7
from engine.operations import Facts, OperationCall
from engine.policy import Yes
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import END, START, drawing, flows, script, service
from tests.factories import deploy, look_at
from tests.lending import begun_once

# the document behind the approvals of these tests is a draft: amount in cents = version, payee = name; key "usd": in
# dollars, at seven to one
bill = metadata.tables["draft"]


@operations.subject("test_bill", id="bill_id")
def bill_facts(uow, *, bill_id: UUID) -> Facts:
    row = uow.execute(select(bill).where(bill.c.path == str(bill_id)).with_for_update()).one()
    amount = f"{Decimal(row.version) / 100:.2f}"
    values = {"amount": amount, "currency": "CNY", "payee": row.name, "payee_bank_version": 1}
    if row.key == "usd":
        values |= {"currency": "USD", "amount_base": f"{Decimal(row.version) * 7 / 100:.2f}"}
    return Facts(
        values=values,
        people={"requester": [] if row.saved_by is None else [row.saved_by]},
        display={"金额": f"{amount} CNY", "收款人": row.name},
        state={"payee_bank_confirmed": row.key != "unconfirmed"},
    )


@operations.operation("test.pay_bill", guarded_by="refund.execute", subject=bill_facts, errors=("TEST.FROZEN",))
def pay_bill(uow, *, bill_id: UUID, refuse: bool = False, call: OperationCall) -> dict[str, Any]:
    if refuse:
        raise BusinessError("TEST.FROZEN")
    change(uow, bill_id, content=b"paid")
    return {"cleared": call.clearance_id}


@operations.operation("test.change_bill", changes_subject=bill_facts)
def change_bill(uow, *, bill_id: UUID, cents: int) -> dict[str, Any]:
    change(uow, bill_id, version=cents)
    return {}


def change(uow, bill_id: UUID, **values: Any) -> None:
    uow.execute(update(bill).where(bill.c.path == str(bill_id)).values(**values))


POLICY = """
- id: REF-001
  title: 先审批，后退款
  on: refund.execute
  require:
    - {approval: finance_approval, people: 1, valid_for: P10D}
    - {approval: cfo_approval, people: 1, when: "= number(facts.amount) >= 1000"}
  distinct: [requester, approver]
  binds: [amount, payee]
"""
APPROVE = """<userTask id="fin" name="财务审批"><extensionElements>
<zeebe:assignmentDefinition candidateUsers="fay,cfo"/><troika:approval mode="any" onReject="flow"/>
<troika:policy provides="{provides}" subject="= bill_id" subjectType="test_bill"/></extensionElements></userTask>"""


PAYING = drawing(
    START + APPROVE.format(provides="finance_approval")
    + '<exclusiveGateway id="ok" name="ok" default="ok_end"/><endEvent id="paid" name="paid"/>'
    + service("pay", "test.pay_bill", in_bill_id="= bill_id") + END
    + flows("start fin ok", 'ok pay ? approval.fin.outcome = "agree"', "pay paid", "ok end")
)  # fmt: skip
SECOND = drawing(START + APPROVE.format(provides="cfo_approval") + END + flows("start fin end"), process_id="second")


FILE = """<userTask id="file" name="file"><extensionElements><zeebe:assignmentDefinition candidateUsers="root"/>
</extensionElements></userTask>"""


def paying(*order: str) -> bytes:
    """Approve, file and pay, in this order; `ok` asks for the outcome."""
    before, after = order[: order.index("ok") + 1], order[order.index("ok") :]
    ways = flows(" ".join(["start", *before]), "ok end")
    ways += flows(f'ok {after[1]} ? approval.fin.outcome = "agree"', " ".join([*after[1:], "paid"]))
    return drawing(
        START + APPROVE.format(provides="finance_approval") + FILE
        + '<exclusiveGateway id="ok" name="ok" default="ok_end"/><endEvent id="paid" name="paid"/>'
        + service("pay", "test.pay_bill", in_bill_id="= bill_id") + END + ways
    )  # fmt: skip


@pytest.fixture
def who(engine) -> dict[str, Actor]:
    return people(engine)


@begun_once
def people(engine) -> dict[str, Actor]:
    """Who asks, who approves, and the policy in force."""
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        identity.create_group(uow, "process_admin", "流程管理员")
        for login in ("req", "fay", "cfo", "root"):
            identity.create_user(uow, login, login.title())
        identity.create_user(uow, "fay2", "Fay again", person_id=identity.user(uow, "fay").id)
        identity.add_member(uow, "process_admin", "root")
        return {person.login: Actor(person.id) for person in identity.users(uow)}


def a_bill(engine, requester: Actor | None = None, cents: int = 10000) -> UUID:
    key = uuid7()
    with engine.unit_of_work(ENGINE) as uow:
        uow.execute(
            insert(bill),
            {
                "path": str(key), "kind": 1, "key": "", "name": "S-1", "content": b"open", "version": cents,
                "saved_by": requester.user_id if requester else None, "saved_at": uow.now,
            },
        )  # fmt: skip
    return key


def changed(engine, bill_id: UUID, **values: Any) -> None:
    with engine.unit_of_work(ENGINE) as uow:
        change(uow, bill_id, **values)


def started(engine, actor: Actor, bill_id: UUID, process: str = "p") -> UUID:
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/p.bpmn": PAYING, "processes/oa/second.bpmn": SECOND})
    with engine.unit_of_work(actor) as uow:
        return runtime.start(uow, process, {"bill_id": str(bill_id)}).id


def agree(engine, actor: Actor, **options: Any) -> tasks.Acted:
    with engine.unit_of_work(actor) as uow:
        return tasks.agree(uow, tasks.inbox(uow).items[0].work_item_id, **options)


def pay(engine, instance_id: UUID, bill_id: UUID, key: UUID | None = None, **inputs: Any) -> dict[str, Any]:
    with engine.unit_of_work(Actor(None, source="job")) as uow:
        instance = uow.lock_instance(instance_id)
        call = OperationCall(key or uuid7(), instance_id, "pay")
        return calls.perform(uow, operations.get("test.pay_bill"), {"bill_id": bill_id, **inputs}, call, instance)


def held(engine, instance_id: UUID, bill_id: UUID) -> str:
    with pytest.raises(PolicyHold) as refused:
        pay(engine, instance_id, bill_id)
    assert state_of(engine, bill_id) == "open"
    return str(refused.value)


def state_of(engine, bill_id: UUID) -> str:
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return uow.execute(select(bill.c.content).where(bill.c.path == str(bill_id))).scalar_one().decode()


def grants(engine) -> list[tuple[str, str]]:
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        rows = uow.execute(select(policy_grant.c.capability, policy_grant.c.state).order_by(policy_grant.c.id))
        return [tuple(row) for row in rows]


def test_an_approved_payment_runs_once_and_consumes_its_grant(engine, who):
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    assert grants(engine) == [("finance_approval", "active")]

    pay(engine, instance_id, bill_id)

    assert state_of(engine, bill_id) == "paid"
    assert grants(engine) == [("finance_approval", "consumed")]
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        row = uow.execute(select(clearance)).one()
    assert (row.state, row.amount, row.subject_id, row.min_people) == ("used", Decimal("100.00"), str(bill_id), 1)


def test_the_same_job_again_is_answered_from_the_record_and_another_one_is_held(engine, who):
    bill_id, key = a_bill(engine), uuid7()
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])

    once, twice = (pay(engine, instance_id, bill_id, key) for _ in range(2))

    assert once == twice
    with pytest.raises(PolicyHold):
        pay(engine, instance_id, bill_id)


def test_without_an_approval_nothing_is_paid(engine, who):
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)

    assert "finance_approval" in held(engine, instance_id, bill_id)


def test_an_amount_that_changed_after_the_approval_is_held_with_both_amounts(engine, who):
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    changed(engine, bill_id, version=18000)

    told = held(engine, instance_id, bill_id)

    assert "Fay" in told
    assert "amount 100.00" in told
    assert "amount 180.00" in told


def test_a_payee_that_changed_after_the_approval_is_held(engine, who):
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    changed(engine, bill_id, name="S-2")

    assert "payee S-2" in held(engine, instance_id, bill_id)


def test_an_operation_that_changes_the_document_revokes_its_grants(engine, who):
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])

    with engine.unit_of_work(ENGINE) as uow:
        instance = uow.lock_instance(instance_id)
        call = OperationCall(uuid7(), instance_id, "change")
        inputs = {"bill_id": bill_id, "cents": 9000}
        calls.perform(uow, operations.get("test.change_bill"), inputs, call, instance)

    assert grants(engine) == [("finance_approval", "void")]
    held(engine, instance_id, bill_id)


def test_the_facts_are_shown_and_a_click_on_older_ones_is_refused(engine, who):
    bill_id = a_bill(engine)
    started(engine, who["req"], bill_id)
    with engine.unit_of_work(who["fay"], read_only=True) as uow:
        view = tasks.get(uow, tasks.inbox(uow).items[0].work_item_id)
    assert view.facts_display == {"金额": "100.00 CNY", "收款人": "S-1"}
    changed(engine, bill_id, version=18000)

    with pytest.raises(Exception, match=r"180\.00") as refused:
        agree(engine, who["fay"], seen_digest=view.seen_digest)

    assert refused.value.code == "content_changed"
    assert grants(engine) == []


def test_the_requester_of_the_document_may_not_approve_it(engine, who):
    started(engine, who["req"], a_bill(engine, requester=who["fay"]))

    with pytest.raises(SeparationOfDuties):
        agree(engine, who["fay"])


def test_a_second_account_of_the_requesters_person_may_not_approve_either(engine, who):
    bill_id = a_bill(engine, requester=who["fay2"])
    started(engine, who["req"], bill_id)

    with pytest.raises(SeparationOfDuties):
        agree(engine, who["fay"])


def test_a_substitute_of_the_requester_may_not_approve(engine, who, clock):
    bill_id = a_bill(engine, requester=who["fay"])
    started(engine, who["req"], bill_id)
    with engine.unit_of_work(who["fay"]) as uow:
        identity.substitute(uow, "fay", "root", clock.now(), clock.now() + timedelta(days=1))
        item = tasks.inbox(uow).items[0].work_item_id

    with pytest.raises(SeparationOfDuties), engine.unit_of_work(who["root"]) as uow:
        tasks.agree(uow, item)


def test_the_starter_of_the_process_is_a_requester_too(engine, who):
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    other = started(engine, who["fay"], bill_id)  # approved by Fay in one process, paid by Fay's own one

    assert "requester" in held(engine, other, bill_id)
    pay(engine, instance_id, bill_id)


def test_an_expired_approval_is_held(engine, who, clock):
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])

    clock.advance(timedelta(days=11))

    assert "expired" in held(engine, instance_id, bill_id)


def test_an_approval_of_another_document_with_the_same_amount_does_not_count(engine, who):
    approved, other = a_bill(engine), a_bill(engine)
    instance_id = started(engine, who["req"], approved)
    agree(engine, who["fay"])

    held(engine, instance_id, other)


@pytest.mark.parametrize(("revoking", "left"), [(False, "active"), (True, "void")])
def test_disabling_whoever_approved_takes_the_approval_back_where_the_setting_says_so(engine, who, revoking, left):
    engine.settings = replace(engine.settings, revoke_when_disabled=revoking)
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])

    with engine.unit_of_work(who["root"]) as uow:
        policy.disable_account(uow, who["fay"].user_id)

    assert grants(engine) == [("finance_approval", left)]
    if revoking:
        assert "finance_approval" in held(engine, instance_id, bill_id)
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            assert uow.execute(select(policy_grant.c.state_reason)).scalar_one() == "account disabled"
    else:
        pay(engine, instance_id, bill_id)


@pytest.mark.parametrize(("others", "left"), [("", "void"), (POLICY.replace("REF-001", "REF-002"), "active")])
def test_a_policy_that_leaves_takes_the_approvals_with_it_that_no_other_needs(engine, who, others, left):
    engine.settings = replace(engine.settings, revoke_when_retired=True)
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY + others)
    started(engine, who["req"], a_bill(engine))
    agree(engine, who["fay"])

    with engine.unit_of_work(ENGINE) as uow:
        policy.revoking.of_retired(uow, "REF-001")

    assert grants(engine) == [("finance_approval", left)]


def test_a_rejection_makes_no_grant_and_withdraws_earlier_ones(engine, who):
    bill_id = a_bill(engine)
    first = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    started(engine, who["req"], bill_id)

    with engine.unit_of_work(who["cfo"]) as uow:
        tasks.reject(uow, tasks.inbox(uow).items[0].work_item_id, "too much")

    assert grants(engine) == [("finance_approval", "void")]
    held(engine, first, bill_id)


def test_a_larger_amount_needs_a_second_person(engine, who):
    bill_id = a_bill(engine, cents=100000)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    assert "cfo_approval" in held(engine, instance_id, bill_id)
    started(engine, who["req"], bill_id, "second")
    agree(engine, who["cfo"])

    pay(engine, instance_id, bill_id)

    assert state_of(engine, bill_id) == "paid"
    assert grants(engine) == [("finance_approval", "consumed"), ("cfo_approval", "consumed")]


def test_the_request_that_approved_is_told_what_another_one_has_done_with_it(engine, who):
    bill_id = a_bill(engine)
    approving = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    paying_one = started(engine, who["req"], bill_id)

    pay(engine, paying_one, bill_id)
    jobs.run_due(engine)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (told,) = [fact for fact in history.timeline(uow, approving) if fact.kind == "approval.used"]
        assert "approval.used" not in {fact.kind for fact in history.timeline(uow, paying_one)}
        assert (told.data["by"], told.data["subject"]) == (str(paying_one), f"test_bill {bill_id}")
        assert audit.verify(uow, approving).findings == []


def test_one_person_does_not_count_twice(engine, who):
    bill_id = a_bill(engine, cents=100000)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    with engine.unit_of_work(ENGINE) as uow:
        instance = uow.lock_instance(instance_id)
        item = uow.execute(select(work_item).where(work_item.c.decided_at.is_not(None))).one()
        yes = Yes(item.id, item.decided_by, item.decided_person_id)
        cfo = Capability("cfo_approval", str(bill_id), "test_bill")
        policy.grant(uow, instance, item.user_task_id, "fin", cfo, [yes])

    held(engine, instance_id, bill_id)


def test_many_processes_at_once_pay_once_on_one_approval(engine, who):
    bill_id = a_bill(engine)
    instances = [started(engine, who["req"], bill_id) for _ in range(6)]
    agree(engine, who["fay"])
    together, answers = threading.Barrier(len(instances)), []

    def run(instance_id: UUID) -> None:
        together.wait()
        try:
            pay(engine, instance_id, bill_id)
            answers.append("paid")
        except PolicyHold:
            answers.append("held")

    threads = [threading.Thread(target=run, args=(instance_id,)) for instance_id in instances]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == ["held"] * 5 + ["paid"]
    assert grants(engine) == [("finance_approval", "consumed")]


def test_a_class_that_must_be_policed_holds_while_no_policy_is_in_force(engine, who):
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    with engine.unit_of_work(ENGINE) as uow:
        uow.execute(update(metadata.tables["policy_version"]).values(state="retired"))

    assert "No policy" in held(engine, instance_id, bill_id)


def test_a_business_refusal_keeps_the_approval_for_another_try(engine, who):
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])

    with engine.unit_of_work(Actor(None, source="job")) as uow:
        instance = uow.lock_instance(instance_id)
        call = OperationCall(uuid7(), instance_id, "pay")
        with pytest.raises(BusinessError):
            calls.perform(uow, operations.get("test.pay_bill"), {"bill_id": bill_id, "refuse": True}, call, instance)

    assert grants(engine) == [("finance_approval", "active")]
    pay(engine, instance_id, bill_id)


def test_shipping_the_same_policies_again_changes_nothing(engine):
    with engine.unit_of_work(ENGINE) as uow:
        assert policy.ship(uow, POLICY) == ["REF-001"]
        assert policy.ship(uow, POLICY) == []
        assert policy.ship(uow, POLICY.replace("P10D", "P20D")) == ["REF-001"]
        assert [found.approvals[0].valid_for for found in policy.in_force(uow)] == [timedelta(days=20)]


# ---------------------------------------------------------------- wall 3: the database alone


def refused(engine, statement, parameters=None) -> str:
    with pytest.raises(IntegrityError) as error, engine.unit_of_work(ENGINE) as uow:
        uow.execute(statement, parameters)
    return str(error.value)


@pytest.fixture
def approved(engine, who) -> UUID:
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    return instance_id


@pytest.mark.parametrize(
    "change",
    [
        {"decision": 1}, {"decided_by": UUID(int=1)}, {"opinion": "other"}, {"status": 1}, {"decision_source": 7},
        {"assignee_id": UUID(int=2)}, {"subject_digest": "x"},
    ],
)  # fmt: skip
def test_a_decision_is_frozen_in_the_database(engine, approved, change):
    decided = update(work_item).where(work_item.c.decided_at.is_not(None))

    assert "POLICY.APPEND_ONLY" in refused(engine, decided.values(**change))
    with engine.unit_of_work(ENGINE) as uow:
        uow.execute(decided.values(void_reason="returned", voided_at=uow.now))


def test_nothing_of_the_gate_is_ever_deleted(engine, approved, who):
    pay(engine, approved, bill_of(engine))

    for table in (work_item, policy_grant, clearance, clearance_grant):
        assert "POLICY.APPEND_ONLY" in refused(engine, delete(table))


def bill_of(engine) -> UUID:
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return UUID(uow.execute(select(bill.c.path)).scalar_one())


@pytest.mark.parametrize(
    "change",
    [
        {"person_id": UUID(int=1)}, {"subject_digest": "x"}, {"subject_id": "x"}, {"capability": "cfo_approval"},
        {"facts": {"amount": "9"}}, {"on_behalf_of_id": UUID(int=1)},
    ],
)  # fmt: skip
def test_a_grant_changes_its_state_only(engine, approved, change):
    assert "POLICY.APPEND_ONLY" in refused(engine, update(policy_grant).values(**change))


def test_a_void_or_consumed_grant_never_lives_again(engine, approved):
    pay(engine, approved, bill_of(engine))

    for state in ("active", "parked", "void"):
        assert "POLICY.APPEND_ONLY" in refused(engine, update(policy_grant).values(state=state))


@pytest.mark.parametrize(
    "change",
    [
        {"person_id": UUID(int=1)}, {"account_id": UUID(int=1)}, {"work_item_id": None},
        {"on_behalf_of_id": UUID(int=1)}, {"user_task_id": None}, {"subject_digest": "x"}, {"subject_id": "x"},
    ],
)  # fmt: skip
def test_a_grant_without_its_human_decision_is_not_accepted(engine, approved, change):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        row = dict(uow.execute(select(policy_grant)).one()._mapping)
        open_item = uow.execute(select(work_item.c.id).where(work_item.c.decided_at.is_(None))).scalar()
    forged = row | {"id": uuid7(), "capability": "other"} | change
    if change.get("work_item_id", "") is None:
        forged["work_item_id"] = open_item
    if change.get("user_task_id", "") is None:
        forged["user_task_id"] = uuid7()

    assert "POLICY.NO_DECISION" in refused(engine, insert(policy_grant), forged)


def test_a_clearance_is_never_changed(engine, approved):
    pay(engine, approved, bill_of(engine))

    for change in ({"amount": Decimal(9)}, {"state": "open"}, {"requester_id": UUID(int=1)}):
        assert "POLICY.APPEND_ONLY" in refused(engine, update(clearance).values(**change))
    assert "POLICY.APPEND_ONLY" in refused(engine, update(clearance_grant).values(requirement="x"))


# ---------------------------------------------------------------- tokens moved by hand, other versions


def move(engine, instance_id: UUID, node: str, to: str) -> None:
    with engine.unit_of_work(ENGINE) as uow:
        instance = uow.lock_instance(instance_id)
        token = next(token for token, at, _ in bpmn.waits(runtime.load(uow, instance)) if at == node)
        plan = bpmn.Modification((token,), (bpmn.Placing(to),))
        modification.modify(uow, instance_id, plan, reason="urgent", accept_warnings=True)


def test_nobody_moves_a_token_past_the_approval(engine, who):
    instance_id = started(engine, who["req"], a_bill(engine))

    with pytest.raises(MoveRefused, match="can be reached without finance_approval"):
        move(engine, instance_id, "fin", "pay")

    assert grants(engine) == []


SMALL = drawing(
    START + script("rate", "false", "small") + service("count", "test.tally", in_refuse="= refuse")
    + '<exclusiveGateway id="which" name="which" default="which_fin"/>' + APPROVE.format(provides="finance_approval")
    + '<exclusiveGateway id="ok" name="ok" default="ok_end"/>'
    + service("pay", "test.pay_bill", in_bill_id="= bill_id") + END
    + flows("start rate count which fin ok", "which pay ? small", 'ok pay ? approval.fin.outcome = "agree"',
            "pay end", "ok end")
)  # fmt: skip


def test_nobody_writes_a_variable_that_leads_past_the_approval(engine, who):
    """A repair, or an administrator, may write what no way through the drawing does."""
    deploy(engine, SMALL)
    bill_id = str(a_bill(engine))
    with engine.unit_of_work(who["req"]) as uow:
        instance_id = runtime.start(uow, "p", {"bill_id": bill_id, "refuse": True}).id
    (stuck,) = look_at(engine, instance_id).incidents

    unapproved = "can be reached without finance_approval"
    with pytest.raises(MoveRefused, match=unapproved) as refused, engine.unit_of_work(ENGINE) as uow:
        runtime.resolve(uow, stuck.id, {"refuse": False, "small": True})
    with pytest.raises(MoveRefused), engine.unit_of_work(ENGINE) as uow:
        runtime.set_variables(uow, instance_id, {"small": True}, reason="urgent")
    assert "'which' goes on to 'pay'" in str(refused.value), "the way is told"
    with engine.unit_of_work(ENGINE) as uow:
        assert [one.id for one in runtime.instance_view(uow, instance_id).incidents] == [stuck.id]
        runtime.resolve(uow, stuck.id, {"refuse": False})
    agree(engine, who["fay"])  # the process has gone on to whoever approves


def test_nobody_names_another_document_than_the_approved_one_by_hand(engine, who):
    deploy(engine, SMALL)
    bill_id, other = str(a_bill(engine)), str(a_bill(engine))
    with engine.unit_of_work(who["req"]) as uow:
        instance_id = runtime.start(uow, "p", {"bill_id": bill_id, "refuse": False}).id
    agree(engine, who["fay"])

    with pytest.raises(MoveRefused), engine.unit_of_work(ENGINE) as uow:
        runtime.set_variables(uow, instance_id, {"bill_id": other}, reason="urgent")
    with engine.unit_of_work(ENGINE) as uow:
        runtime.set_variables(uow, instance_id, {"remark": "x"}, reason="a note")


def test_what_leads_past_the_approval_already_can_be_repaired(engine, who, monkeypatch):
    """It was deployed before the policy, or the check, knew of it; the gate holds it."""
    drawn = (
        START
        + service("count", "test.tally", in_refuse="= refuse")
        + service("pay", "test.pay_bill", in_bill_id="= bill_id")
    )
    with monkeypatch.context() as before:
        before.setattr(policy, "prove", lambda *_, **__: [])
        deploy(engine, drawing(drawn + END + flows("start count pay end")))
    bill_id = a_bill(engine)
    with engine.unit_of_work(who["req"]) as uow:
        instance_id = runtime.start(uow, "p", {"bill_id": str(bill_id), "refuse": True}).id
    (stuck,) = look_at(engine, instance_id).incidents

    with engine.unit_of_work(ENGINE) as uow:
        runtime.set_variables(uow, instance_id, {"remark": "looked at"}, reason="a note")
        runtime.resolve(uow, stuck.id, {"refuse": False})
    jobs.run_due(engine)

    assert state_of(engine, bill_id) == "open"
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert [one.instance_id for one in policy.open_holds(uow)] == [instance_id]


def test_behind_the_approval_a_token_may_be_moved_while_the_grant_lives(engine, who):
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])

    move(engine, instance_id, "pay", "pay")

    changed(engine, bill_id, version=20000)
    with engine.unit_of_work(ENGINE) as uow:
        policy.revoke(uow, "test_bill", str(bill_id), "changed")
    with pytest.raises(MoveRefused):
        move(engine, instance_id, "pay", "pay")


def test_an_instance_follows_to_no_version_in_which_it_stands_behind_an_approval_it_never_had(engine, who):
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/p.bpmn": paying("file", "fin", "ok", "pay")})
    with engine.unit_of_work(who["req"]) as uow:
        instance_id = runtime.start(uow, "p", {"bill_id": "x"}).id
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/p.bpmn": paying("fin", "ok", "file", "pay")})
        versions = {info.version: info.id for info in repository.versions(uow, "p")}
        plan = migration.Plan(versions[1], versions[2])

    with (
        pytest.raises(MoveRefused, match="can be reached without finance_approval"),
        engine.unit_of_work(ENGINE) as uow,
    ):
        migration.migrate(uow, instance_id, plan, reason="a shorter way")


def test_an_approval_counts_under_each_name_that_its_element_is_given(engine, who):
    def named(key: str) -> bytes:
        xml = PAYING.replace(b'"fin"', f'"{key}"'.encode()).replace(b"approval.fin.", f"approval.{key}.".encode())
        return xml.replace(b"start_fin", f"start_{key}".encode()).replace(b"fin_ok", f"{key}_ok".encode())

    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    for before, after in (("fin", "check"), ("check", "sign")):
        with engine.unit_of_work(ENGINE) as uow:
            repository.deploy(uow, {"processes/oa/p.bpmn": named(after)})
            new, old, *_ = (info.id for info in repository.versions(uow, "p"))
            plan = migration.Plan(old, new, choices={before: after})
            migration.migrate(uow, instance_id, plan, reason="a better word")

    with engine.unit_of_work(ENGINE) as uow:
        assert uow.execute(select(user_task.c.node)).scalars().all() == ["sign"]
        assert uow.execute(select(policy_grant.c.node)).scalars().all() == ["fin"], "a grant is never changed"
    move(engine, instance_id, "pay", "pay")
    pay(engine, instance_id, bill_id)
    assert state_of(engine, bill_id) == "paid"
