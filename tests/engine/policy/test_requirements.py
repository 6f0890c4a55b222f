"""Each part of a policy at the gate: what it lets pass, and what it holds with which words."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from engine import calls, history, identity, jobs, operations, policy, repository, runtime, tasks
from engine.db import rows
from engine.db.job import incident, job
from engine.db.notice import notice_delivery
from engine.db.policy import clearance, policy_grant, policy_hold
from engine.db.task import work_item
from engine.errors import BusinessError, PolicyHold, SeparationOfDuties
from engine.ids import uuid7
from engine.operations import InvalidInput, OperationCall
from engine.policy import grants as policy_grants
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import END, START, drawing, flows, user
from tests.engine.policy.test_gate import (
    APPROVE,
    PAYING,
    a_bill,
    agree,
    bill_facts,
    change,
    grants,
    held,
    pay,
    started,
    state_of,
)
from tests.lending import begun_once

HEAD = """
- id: REF-001
  title: 先审批，后退款
  on: refund.execute
  distinct: [requester, approver]
  binds: [amount, payee]
"""
FINANCE = "    - {approval: finance_approval}\n"
TABLE = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="refund_authority"
  namespace="urn:t">
 <inputData id="actor" name="actor"/><inputData id="facts" name="facts"/>
 <decision id="refund_authority" name="refund_authority"><variable name="refund_authority" typeRef="boolean"/>
  <informationRequirement id="i1"><requiredInput href="#actor"/></informationRequirement>
  <informationRequirement id="i2"><requiredInput href="#facts"/></informationRequirement>
  <decisionTable id="t" hitPolicy="FIRST">
   <input id="in1" label="login"><inputExpression id="e1"><text>actor.login</text></inputExpression></input>
   <input id="in2" label="amount"><inputExpression id="e2"><text>facts.amount</text></inputExpression></input>
   <output id="o" name="may"/>
   <rule id="small"><inputEntry id="a1"><text>"fay"</text></inputEntry>
    <inputEntry id="b1"><text>&lt;= 150</text></inputEntry>
    <outputEntry id="c1"><text>true</text></outputEntry></rule>
   <rule id="large"><inputEntry id="a2"><text>"cfo"</text></inputEntry><inputEntry id="b2"><text>-</text></inputEntry>
    <outputEntry id="c2"><text>true</text></outputEntry></rule>
  </decisionTable></decision></definitions>"""


@operations.operation("test.pay_part", guarded_by="refund.execute", subject=bill_facts)
def pay_part(uow, *, bill_id: UUID, amount: Decimal, call: OperationCall) -> dict[str, Any]:
    change(uow, bill_id, content=b"paid")
    return {"cleared": call.clearance_id}


@operations.operation("test.refuse_change", changes_subject=bill_facts, errors=("TEST.FROZEN",))
def refuse_change(uow, *, bill_id: UUID) -> dict[str, Any]:
    raise BusinessError("TEST.FROZEN")


@pytest.fixture
@begun_once
def who(engine) -> dict[str, Actor]:
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "process_admin", "流程管理员")
        identity.create_group(uow, "controllers", "内控", capabilities="policy")
        for login in ("req", "fay", "cfo", "root", "dora", "kate"):
            identity.create_user(uow, login, login.title())
        identity.add_member(uow, "controllers", "kate")
        identity.add_member(uow, "process_admin", "root")
        return {person.login: Actor(person.id) for person in identity.users(uow)}


def ship(engine, require: str, more: str = "") -> None:
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, HEAD + "  require:\n" + require + more)


def approvals(engine, *capabilities: str) -> None:
    """Deploy a process `of_<capability>` for each, in which Fay, the CFO or Dora approves the bill."""
    for name in capabilities:
        xml = drawing(
            START + APPROVE.format(provides=name).replace("fay,cfo", "fay,cfo,dora") + END + flows("start fin end"),
            process_id=f"of_{name}",
        )  # fmt: skip
        with engine.unit_of_work(ENGINE) as uow:
            repository.deploy(uow, {f"processes/oa/of_{name}.bpmn": xml})


def approved(engine, who, bill_id: UUID, capability: str, *logins: str) -> None:
    for login in logins:
        with engine.unit_of_work(who["req"]) as uow:
            runtime.start(uow, f"of_{capability}", {"bill_id": str(bill_id)})
        agree(engine, who[login])


def pay_some(engine, instance_id: UUID, bill_id: UUID, amount: str) -> None:
    with engine.unit_of_work(Actor(None, source="job")) as uow:
        instance = uow.lock_instance(instance_id)
        call = OperationCall(uuid7(), instance_id, "pay")
        inputs = {"bill_id": bill_id, "amount": Decimal(amount)}
        calls.perform(uow, operations.get("test.pay_part"), inputs, call, instance)


def test_missing_evidence_is_made_good_by_its_approval_only(engine, who):
    ship(
        engine,
        FINANCE
        + """    - evidence: "= facts.payee_bank_confirmed"
      or: {approval: match_exception, people: 1}
""",
    )
    approvals(engine, "match_exception")
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    with engine.unit_of_work(ENGINE) as uow:
        change(uow, bill_id, key="unconfirmed")

    assert "live approval: match_exception" in held(engine, instance_id, bill_id)
    approved(engine, who, bill_id, "match_exception", "cfo")
    pay(engine, instance_id, bill_id)

    assert state_of(engine, bill_id) == "paid"
    assert grants(engine) == [("finance_approval", "consumed"), ("match_exception", "consumed")]


def test_with_its_evidence_nobody_is_asked_in_its_place_and_a_state_has_no_other_way(engine, who):
    ship(
        engine,
        FINANCE
        + """    - evidence: "= facts.payee_bank_confirmed"
      or: {approval: match_exception}
    - state: "= facts.payee_bank_confirmed"
""",
    )
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    with engine.unit_of_work(ENGINE) as uow:
        change(uow, bill_id, key="unconfirmed")
    assert "not fulfilled: facts.payee_bank_confirmed" in held(engine, instance_id, bill_id)
    with engine.unit_of_work(ENGINE) as uow:
        change(uow, bill_id, key="")

    pay(engine, instance_id, bill_id)


def test_authority_is_asked_of_the_decision_and_kept_with_the_grant(engine, who):
    ship(engine, """    - {approval: finance_approval, eligible: '= authority("refund_authority", actor, facts)'}\n""")
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/refund_authority.dmn": TABLE})
    small, large = a_bill(engine), a_bill(engine, cents=20000)
    first, second = (started(engine, who["req"], bill_id) for bill_id in (small, large))
    agree(engine, who["fay"])
    agree(engine, who["fay"])  # the round passes, but beyond his limit his yes grants nothing

    pay(engine, first, small)
    assert "live approval: finance_approval" in held(engine, second, large)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        row = uow.execute(select(policy_grant)).one()
    (trace,) = row.authority
    assert (trace["decision"], trace["rules"], trace["result"], trace["version"]) == (
        "refund_authority", ["small"], True, 1,
    )  # fmt: skip
    assert (row.policy_versions, row.limit_amount, row.currency) == (["REF-001@1"], Decimal("100.00"), "CNY")


@pytest.mark.parametrize("asks", ["authority(", "authority (", "authority /* of one */ ("])
def test_split_payments_ask_for_the_authority_again_however_that_is_written(engine, who, asks):
    """The first leaves him within his limit, both together do not."""
    both = 'context put(facts, "amount", get value(facts, "amount" + "_7d"))'
    stated = f"""    - {{approval: finance_approval, eligible: '= {asks}"refund_authority", actor, {both})'}}\n"""
    ship(engine, stated, "  aggregate: {by: [payee], window: P7D, sum: amount, as: amount_7d}\n")
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/refund_authority.dmn": TABLE})
    first, second = a_bill(engine), a_bill(engine)
    one, other = (started(engine, who["req"], bill_id) for bill_id in (first, second))
    agree(engine, who["fay"])
    agree(engine, who["fay"])

    pay(engine, one, first)

    assert "Fay is not entitled to approve this any more" in held(engine, other, second)


def test_without_its_decision_nobody_has_authority(engine, who):
    ship(engine, """    - {approval: finance_approval, eligible: '= authority("refund_authority", actor, facts)'}\n""")
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])

    held(engine, instance_id, bill_id)
    assert grants(engine) == []


@pytest.mark.parametrize(("recheck", "pays"), [("decision", True), ("payment", False), ("both", False)])
def test_a_role_that_was_lost_after_the_approval_counts_as_the_policy_says(engine, who, recheck, pays):
    eligible = '= list contains(actor.roles, "fin")'
    ship(engine, f"    - {{approval: finance_approval, eligible: '{eligible}', recheck: {recheck}}}\n")
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "fin", "财务")
        identity.add_member(uow, "fin", "fay")
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    with engine.unit_of_work(ENGINE) as uow:
        identity.remove_member(uow, "fin", "fay")

    if pays:
        pay(engine, instance_id, bill_id)
    else:
        assert "Fay is not entitled to approve this any more" in held(engine, instance_id, bill_id)


ASKED_LATE = "eligible: '= actor.login = \"{}\"', recheck: payment"


@pytest.mark.parametrize(
    ("then", "now", "says"),
    [
        (ASKED_LATE.format("cfo"), "people: 1", "REF-001, version 1: Fay is not entitled to approve this any more"),
        (ASKED_LATE.format("fay"), "people: 1", None),
        (ASKED_LATE.format("fay"), ASKED_LATE.format("cfo"), "Fay is not entitled to approve this any more"),
    ],
)  # fmt: skip
def test_an_approval_satisfies_the_version_that_it_was_given_under_and_the_one_in_force(engine, who, then, now, says):
    ship(engine, f"    - {{approval: finance_approval, {then}}}\n")
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    ship(engine, f"    - {{approval: finance_approval, {now}}}\n")

    if says is None:
        pay(engine, instance_id, bill_id)
    else:
        assert says in held(engine, instance_id, bill_id)


def test_an_approval_that_was_not_to_count_elsewhere_does_not_when_the_policy_lets_later_ones(engine, who):
    ship(engine, "    - {approval: finance_approval}\n", "  elsewhere: forbidden\n")
    bill_id = a_bill(engine)
    started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    paying_one = started(engine, who["req"], bill_id)
    ship(engine, "    - {approval: finance_approval}\n", "  elsewhere: allowed\n")

    assert "stems from another process" in held(engine, paying_one, bill_id)


@pytest.mark.parametrize(
    ("rule", "counts"), [("both", False), ("actor", True), ("principal", False)]
)  # fmt: skip
def test_substitute_and_principal_are_both_eligible_unless_the_policy_says_which_one(engine, who, clock, rule, counts):
    eligible = '= actor.login = "root"'
    ship(engine, f"    - {{approval: finance_approval, eligible: '{eligible}', effective_actor: {rule}}}\n")
    bill_id = a_bill(engine)
    with engine.unit_of_work(who["fay"]) as uow:
        identity.substitute(uow, "fay", "root", clock.now(), clock.now() + timedelta(days=1))
    started(engine, who["req"], bill_id)
    with engine.unit_of_work(who["root"]) as uow:
        tasks.agree(uow, tasks.inbox(uow).items[0].work_item_id)

    assert grants(engine) == ([("finance_approval", "active")] if counts else [])


def test_instalments_stay_within_the_approved_amount(engine, who):
    ship(engine, "    - {approval: finance_approval, uses: up_to_amount}\n")
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])

    pay_some(engine, instance_id, bill_id, "60.00")
    assert grants(engine) == [("finance_approval", "active")]
    with pytest.raises(PolicyHold, match=r"of the approval of Fay only 40\.00 are left"):
        pay_some(engine, instance_id, bill_id, "40.01")
    pay_some(engine, instance_id, bill_id, "40.00")

    assert grants(engine) == [("finance_approval", "consumed")]
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        amounts = uow.execute(select(clearance.c.amount, clearance.c.state).order_by(clearance.c.id)).all()
    assert [tuple(row) for row in amounts] == [(Decimal("60.00"), "used"), (Decimal("40.00"), "used")]


@pytest.mark.parametrize("part", ["-500.00", "0.00", "100.01"])
@pytest.mark.parametrize("asked", ["", ', when: "= facts.amount_7d >= 200"'])
def test_a_part_is_some_of_what_the_document_says(engine, who, part, asked):
    """One below 0 took away from the sum of a week, so that later ones stayed below its limit."""
    stated = f"    - {{approval: finance_approval, uses: up_to_amount{asked}}}\n"
    ship(engine, stated, "  aggregate: {by: [payee], window: P7D, sum: amount, as: amount_7d}\n")
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])

    with pytest.raises(InvalidInput, match=r"'amount': expected an amount above 0 and up to 100\.00"):
        pay_some(engine, instance_id, bill_id, part)

    pay_some(engine, instance_id, bill_id, "100.00")
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(clearance.c.amount)).scalars().all() == [Decimal("100.00")]


def test_split_payments_are_added_up_this_one_included(engine, who, clock):
    ship(
        engine,
        FINANCE + '    - {approval: cfo_approval, when: "= facts.amount_7d >= 200"}\n',
        "  aggregate: {by: [payee], window: P7D, sum: amount, as: amount_7d}\n",
    )
    bills = [a_bill(engine) for _ in range(3)]
    instances = [started(engine, who["req"], bill_id) for bill_id in bills]
    for _ in bills:
        agree(engine, who["fay"])

    pay(engine, instances[0], bills[0])
    assert "live approval: cfo_approval" in held(engine, instances[1], bills[1])
    with engine.unit_of_work(ENGINE) as uow:
        change(uow, bills[2], name="S-2")
    held(engine, instances[2], bills[2])  # another payee, but nobody has approved it
    clock.advance(timedelta(days=7, seconds=1))
    pay(engine, instances[1], bills[1])

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        found = [row.reasons["REF-001@1"]["sums"] for row in uow.execute(select(clearance).order_by(clearance.c.id))]
    assert found == [{"amount_7d": "100.00"}, {"amount_7d": "100.00"}]


def test_split_payments_are_added_up_in_the_currency_of_the_books(engine, who):
    ship(
        engine,
        """    - {approval: finance_approval, uses: up_to_amount}
    - {approval: cfo_approval, when: "= facts.base_7d > 700"}
""",
        "  aggregate: {by: [payee], window: P7D, sum: amount_base, as: base_7d}\n",
    )
    bill_id = a_bill(engine)
    with engine.unit_of_work(ENGINE) as uow:
        change(uow, bill_id, key="usd")
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])

    pay_some(engine, instance_id, bill_id, "60.00")
    pay_some(engine, instance_id, bill_id, "40.00")
    other = a_bill(engine, cents=1)
    with engine.unit_of_work(ENGINE) as uow:
        change(uow, other, key="usd")
    second = started(engine, who["req"], other)
    agree(engine, who["fay"])
    assert "live approval: cfo_approval" in held(engine, second, other)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        found = [row.reasons["REF-001@1"]["sums"] for row in uow.execute(select(clearance).order_by(clearance.c.id))]
    assert found == [{"base_7d": "420.00"}, {"base_7d": "700.00"}]


def test_people_are_moved_between_requirements_until_all_are_met(engine, who):
    always = 'when: "= facts.amount > 0"}\n'  # the drawing is not asked for it, the gate is
    ship(engine, f"    - {{approval: cfo_approval, {always}    - {{approval: finance_approval, people: 2, {always}")
    approvals(engine, "cfo_approval", "finance_approval")
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    approved(engine, who, bill_id, "cfo_approval", "fay", "cfo")
    approved(engine, who, bill_id, "finance_approval", "fay")
    assert "finance_approval by 2 people" in held(engine, instance_id, bill_id)  # one of the two is the same person
    approved(engine, who, bill_id, "finance_approval", "dora")

    pay(engine, instance_id, bill_id)  # Fay counts for finance, the CFO for himself

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(clearance.c.min_people)).scalar_one() == 3


def test_whoever_had_a_bound_fact_changed_does_not_approve_it(engine, who):
    """Not where he has changed it, and an approval that he gave elsewhere does not count for it."""
    with engine.unit_of_work(ENGINE) as uow:
        head = HEAD.replace("[requester, approver]", "[requester, approver, editors]")
        policy.ship(uow, head + "  require:\n" + FINANCE)
    approvals(engine, "finance_approval")
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    with engine.unit_of_work(who["cfo"]) as uow:
        call, instance = OperationCall(uuid7(), instance_id, "change"), uow.lock_instance(instance_id)
        calls.perform(uow, operations.get("test.change_bill"), {"bill_id": bill_id, "cents": 9000}, call, instance)

    with pytest.raises(SeparationOfDuties, match="editors may not approve"):
        agree(engine, who["cfo"])
    with engine.unit_of_work(who["req"]) as uow:
        other = runtime.start(uow, "of_finance_approval", {"bill_id": str(bill_id)}).id
    with engine.unit_of_work(who["cfo"]) as uow:
        item = next(one for one in tasks.inbox(uow).items if one.instance_id == other)
        tasks.agree(uow, item.work_item_id)
    assert "Cfo may not approve as editors" in held(engine, instance_id, bill_id)


def test_a_change_that_is_refused_takes_no_approval_back(engine, who):
    ship(engine, FINANCE)
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])

    refused = operations.get("test.refuse_change")
    with engine.unit_of_work(ENGINE) as uow:
        call, instance = OperationCall(uuid7(), instance_id, "change"), uow.lock_instance(instance_id)
        with pytest.raises(BusinessError):
            calls.perform(uow, refused, {"bill_id": bill_id}, call, instance)

    assert grants(engine) == [("finance_approval", "active")]


def test_the_approver_must_be_who_the_policy_says(engine, who):
    ship(engine, FINANCE, "  same: [beneficiary]\n")
    started(engine, who["req"], a_bill(engine))

    with pytest.raises(SeparationOfDuties, match="only beneficiary may approve"):
        agree(engine, who["fay"])


def test_whoever_executes_is_neither_requester_nor_approver_nor_has_a_part_in_the_account(engine, who, monkeypatch):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(
            uow, (HEAD + "  require:\n" + FINANCE).replace("[requester, approver]", "[requester, approver, executor]")
        )
    bill_id = a_bill(engine)
    xml = drawing(
        START + APPROVE.format(provides="finance_approval")
        + '<userTask id="do" name="执行"><extensionElements><zeebe:assignmentDefinition candidateUsers="fay,req,dora"/>'
        '<troika:policy role="executor"/></extensionElements></userTask>' + user("wait") + END
        + flows("start fin do wait end"), process_id="executing",
    )  # fmt: skip
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/executing.bpmn": xml})

    def executed_by(login: str) -> UUID:
        with engine.unit_of_work(who["req"]) as uow:
            instance_id = runtime.start(uow, "executing", {"bill_id": str(bill_id)}).id
        agree(engine, who["fay"])
        with engine.unit_of_work(who[login]) as uow:
            item = next(one for one in tasks.inbox(uow).items if one.task_name == "执行")
            tasks.claim(uow, item.work_item_id)
            tasks.complete(uow, item.work_item_id, {})
        return instance_id

    assert "Fay may not approve as executor" in held(engine, executed_by("fay"), bill_id)
    assert "whoever executes may not be requester" in held(engine, executed_by("req"), bill_id)

    with engine.unit_of_work(ENGINE) as uow:
        roles = "[requester, approver, executor, payee_bank_editor, payee_bank_confirmer, beneficiary]"
        policy.ship(uow, (HEAD + "  require:\n" + FINANCE).replace("[requester, approver]", roles))
    instance_id, told, dora = executed_by("dora"), policy_grants.roles_of, who["dora"].user_id
    for role in ("payee_bank_editor", "payee_bank_confirmer", "beneficiary"):
        monkeypatch.setattr(policy_grants, "roles_of", lambda *about, role=role: {**told(*about), role: {dora}})
        assert f"whoever executes may not be {role}" in held(engine, instance_id, bill_id)


def test_an_approval_of_another_process_counts_only_where_the_policy_lets_it(engine, who):
    ship(engine, FINANCE, "  elsewhere: forbidden\n")
    approvals(engine, "finance_approval")
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    approved(engine, who, bill_id, "finance_approval", "dora")

    assert "stems from another process" in held(engine, instance_id, bill_id)


# ---------------------------------------------------------------- what is held


def run_to_hold(engine, who) -> tuple[UUID, UUID]:
    """A process whose payment job is held: the bill was changed after the approval."""
    bill_id = a_bill(engine)
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/p.bpmn": PAYING})
    with engine.unit_of_work(who["req"]) as uow:
        instance_id = runtime.start(uow, "p", {"bill_id": str(bill_id)}).id
    agree(engine, who["fay"])
    with engine.unit_of_work(ENGINE) as uow:
        change(uow, bill_id, version=12000)
    jobs.run_due(engine)
    return instance_id, bill_id


def test_a_held_payment_is_a_row_with_sentences_and_runs_when_a_yes_for_its_document_appears(engine, who):
    ship(engine, FINANCE)
    approvals(engine, "finance_approval")
    instance_id, bill_id = run_to_hold(engine, who)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (hold,) = policy.open_holds(uow)
        stuck = uow.execute(select(incident).where(incident.c.resolved_at.is_(None))).one()
    assert (hold.instance_id, hold.subject_id, hold.times, hold.operation) == (
        instance_id, str(bill_id), 1, "test.pay_bill",
    )  # fmt: skip
    assert "for amount 100.00, now it is amount 120.00" in stuck.message
    assert hold.reasons[0][1]["approved"] == "amount 100.00"

    approved(engine, who, bill_id, "finance_approval", "dora")
    jobs.run_due(engine)

    assert state_of(engine, bill_id) == "paid"
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert policy.open_holds(uow) == []
        assert uow.execute(select(incident).where(incident.c.resolved_at.is_(None))).first() is None
        assert uow.execute(select(policy_hold.c.ended_at)).scalar_one() is not None


def test_a_hold_that_nobody_ends_in_three_working_days_is_told_once(engine, who, clock):
    ship(engine, FINANCE)
    run_to_hold(engine, who)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        waiting = uow.execute(select(job.c.visible_at).where(job.c.handler == policy.ESCALATE)).scalar_one()
    assert waiting - clock.now() == timedelta(days=3)  # Monday to Thursday

    clock.advance(timedelta(days=3))
    jobs.run_due(engine)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (hold,) = policy.open_holds(uow)
        assert hold.escalated_at == clock.now()
        recipients = uow.execute(select(notice_delivery.c.recipient_id).where(notice_delivery.c.event == "policy"))
        assert recipients.scalars().all() == [who["kate"].user_id]


def test_asking_again_without_a_new_approval_holds_again(engine, who):
    ship(engine, FINANCE)
    run_to_hold(engine, who)
    with engine.unit_of_work(ENGINE) as uow:
        runtime.resolve(uow, uow.execute(select(incident.c.id)).scalar_one())

    jobs.run_due(engine)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (hold,) = policy.open_holds(uow)
        told = select(notice_delivery.c.recipient_id).where(notice_delivery.c.event == "hold")
        recipients = set(uow.execute(told).scalars())
        held = len(history.timeline(uow, hold.instance_id, kind="policy.held"))
        starter = rows.read(uow, hold.instance_id).starter_id
    assert (hold.times, held) == (2, 1)
    assert recipients == {who["kate"].user_id, starter} - {None}


# ---------------------------------------------------------------- what would count if one condition were not asked


def test_one_who_has_given_two_approvals_is_counted_where_nobody_else_can_be(engine, who):
    ship(engine, FINANCE)
    approvals(engine, "finance_approval", "cfo_approval")
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])  # hers comes first and would be taken
    ship(engine, FINANCE + "    - {approval: cfo_approval}\n")
    approved(engine, who, bill_id, "finance_approval", "dora")
    approved(engine, who, bill_id, "cfo_approval", "fay")

    pay(engine, instance_id, bill_id)

    assert state_of(engine, bill_id) == "paid"


def test_an_approval_whose_decision_was_undone_counts_for_nothing_though_nobody_took_it_back(engine, who):
    ship(engine, FINANCE)
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    with engine.unit_of_work(ENGINE) as uow:
        uow.execute(update(work_item).where(work_item.c.decided_at.is_not(None)).values(voided_at=uow.now))
    assert grants(engine) == [("finance_approval", "active")]

    assert "was undone" in held(engine, instance_id, bill_id)


def test_a_policy_that_changed_holds_approvals_that_were_given_before(engine, who):
    """Retro-activity: they must fulfil the version in force when it is paid."""
    parts = FINANCE.replace("}", ", uses: up_to_amount}")
    approvals(engine, "finance_approval")
    ship(engine, parts)
    bill_id, other = a_bill(engine), a_bill(engine)
    approved(engine, who, bill_id, "finance_approval", "fay")
    approved(engine, who, other, "finance_approval", "fay")
    instance_id = started(engine, who["req"], bill_id)
    pay_some(engine, instance_id, bill_id, "40.00")
    with engine.unit_of_work(ENGINE) as uow:
        change(uow, bill_id, content=b"open")

    ship(engine, FINANCE)
    assert "has been used in part already" in held(engine, instance_id, bill_id)
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(
            uow, HEAD.replace("distinct: [requester, approver]", "same: [requester]") + "  require:\n" + FINANCE
        )
    assert "only requester may" in held(engine, instance_id, other)
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, HEAD.replace("[amount, payee]", "[amount, entity]") + "  require:\n" + FINANCE)
    assert "the document has no fact 'entity'" in held(engine, instance_id, other)
