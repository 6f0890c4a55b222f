"""An approval satisfies the version of the policy that it was given under as a whole, and the one in force."""

from uuid import UUID

import pytest
from sqlalchemy import false

from engine import identity, jobs, policy, repository, runtime, tasks
from engine.policy import gate
from engine.unit_of_work import ENGINE, Actor
from tests.engine.policy.test_approving_again import TIMED
from tests.engine.policy.test_gate import a_bill, agree, changed, held, pay, started, state_of
from tests.engine.policy.test_requirements import FINANCE, HEAD, approvals, ship
from tests.lending import begun_once

BOTH = "    - {approval: finance_approval, people: 2}\n    - {approval: cfo_approval}\n"
OPEN = '    - state: "= facts.payee_bank_confirmed"\n'
AS_CFO = "eligible: '= list contains(actor.roles, \"cfo\")', recheck: both"


@pytest.fixture
@begun_once
def who(engine) -> dict[str, Actor]:
    with engine.unit_of_work(ENGINE) as uow:
        for login in ("req", "fay", "cfo", "dora"):
            identity.create_user(uow, login, login.title())
        identity.create_group(uow, "cfo", "财务总监")
        for login in ("fay", "cfo"):
            identity.add_member(uow, "cfo", login)
        return {person.login: Actor(person.id) for person in identity.users(uow)}


def yes(engine, who, bill_id: UUID, login: str, capability: str = "finance_approval") -> UUID:
    """Approved by that person, in a request of its own; returns that."""
    approvals(engine, capability)
    with engine.unit_of_work(who["req"]) as uow:
        instance_id = runtime.start(uow, f"of_{capability}", {"bill_id": str(bill_id)}).id
    agree(engine, who[login])
    return instance_id


def test_the_one_yes_of_before_pays_only_with_all_that_was_asked_for_then(engine, who):
    ship(engine, BOTH)
    bill_id = a_bill(engine)
    instance_id = yes(engine, who, bill_id, "fay")
    ship(engine, FINANCE)

    told = held(engine, instance_id, bill_id)
    yes(engine, who, bill_id, "dora")

    assert "REF-001, version 1: the approval of Fay was given under this version" in told
    assert "REF-001, version 1: expected a live approval: finance_approval by 2 people, cfo_approval." in told
    assert "REF-001: expected a live approval: finance_approval." in told
    pay(engine, instance_id, bill_id)  # Dora has approved under the version in force


def test_approvals_given_since_complete_what_was_asked_for_then(engine, who):
    ship(engine, BOTH)
    bill_id = a_bill(engine)
    instance_id = yes(engine, who, bill_id, "fay")
    yes(engine, who, bill_id, "cfo", "cfo_approval")
    ship(engine, FINANCE.replace("}", ", eligible: '= actor.login = \"fay\"', recheck: payment}"))
    yes(engine, who, bill_id, "dora")

    pay(engine, instance_id, bill_id)

    assert state_of(engine, bill_id) == "paid"


def test_an_approval_falls_with_that_of_a_version_before_which_it_needs(engine, who):
    ship(engine, BOTH)
    bill_id = a_bill(engine)
    instance_id = yes(engine, who, bill_id, "fay")
    ship(engine, FINANCE.replace("}", ", people: 2}"))
    yes(engine, who, bill_id, "dora")
    ship(engine, FINANCE)

    told = held(engine, instance_id, bill_id)

    assert "REF-001, version 1: the approval of Fay" in told
    assert "REF-001, version 2: the approval of Dora" in told


def test_a_state_that_was_asked_for_then_still_is(engine, who):
    ship(engine, FINANCE + OPEN)
    bill_id = a_bill(engine)
    instance_id = yes(engine, who, bill_id, "fay")
    ship(engine, FINANCE)
    changed(engine, bill_id, key="unconfirmed")

    assert "REF-001, version 1: not fulfilled: facts.payee_bank_confirmed." in held(engine, instance_id, bill_id)


def test_whom_the_version_of_before_does_not_count_is_not_counted_beside_whom_it_does(engine, who):
    ship(engine, FINANCE.replace("}", ", eligible: '= actor.login = \"cfo\"', recheck: payment}"))
    bill_id = a_bill(engine)
    instance_id = yes(engine, who, bill_id, "fay")
    yes(engine, who, bill_id, "cfo")
    ship(engine, FINANCE.replace("}", ", people: 2}"))

    told = held(engine, instance_id, bill_id)

    assert "REF-001, version 1: Fay is not entitled to approve this" in told
    assert "version 1: the approval of Cfo" not in told


def test_what_does_not_count_by_either_version_is_told_once(engine, who):
    ship(engine, FINANCE)
    bill_id = a_bill(engine)
    instance_id = yes(engine, who, bill_id, "fay")
    ship(engine, FINANCE.replace("}", ", valid_for: P9D}"))
    changed(engine, bill_id, version=18000)

    told = held(engine, instance_id, bill_id)

    assert "REF-001: the approval of Fay was for amount 100.00, now it is amount 180.00." in told
    assert "version 1" not in told


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("先审批，后退款", "先审批后退款"),
        ("id: REF-001", "id: REF-001\n  owner: controller"),
        ("valid_for: P10D", "valid_for: P11D"),
    ],
)
def test_what_does_not_concern_a_document_holds_no_approval_of_before(engine, who, was, becomes):
    large = f'    - {{approval: finance_approval, when: "= number(facts.amount) >= 1000", {AS_CFO}}}\n'
    text = HEAD + "  require:\n    - {approval: finance_approval, valid_for: P10D}\n" + large
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, text)
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    with engine.unit_of_work(ENGINE) as uow:
        identity.remove_member(uow, "cfo", "fay")
        assert policy.ship(uow, text.replace(was, becomes)) == ["REF-001"]

    pay(engine, instance_id, bill_id)

    assert state_of(engine, bill_id) == "paid"


@pytest.mark.parametrize("was", [True, False])
def test_it_is_approved_again_where_only_some_of_several_people_still_count(engine, who, was):
    """`was`: two of the version of before, and one of that in force; else two that are asked for now."""
    pair = f"    - {{approval: finance_approval, people: 2, {AS_CFO}}}\n"
    ship(engine, pair)
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/p.bpmn": TIMED.replace(b'mode="any"', b'mode="all"')})
    bill_id = a_bill(engine)
    with engine.unit_of_work(who["req"]) as uow:
        runtime.start(uow, "p", {"bill_id": str(bill_id)})
    for login in ("fay", "cfo"):
        agree(engine, who[login])
    with engine.unit_of_work(ENGINE) as uow:
        identity.remove_member(uow, "cfo", "cfo")
    if was:
        ship(engine, FINANCE)
    jobs.run_due(engine)
    assert state_of(engine, bill_id) == "open"

    with engine.unit_of_work(who["req"]) as uow:
        (found,) = policy.open_holds(uow)
        assert tasks.approvable_again(uow, found) == "财务审批"
        assert tasks.approve_again(uow, found.job_id) is None
    with engine.unit_of_work(ENGINE) as uow:
        identity.add_member(uow, "cfo", "cfo")
    for login in ("fay", "cfo"):
        agree(engine, who[login])
    jobs.run_due(engine)
    assert state_of(engine, bill_id) == "paid"


def test_an_approval_whose_task_is_not_there_is_held_as_nobody_knows_who_was_named(engine, who, monkeypatch):
    ship(engine, FINANCE)
    bill_id = a_bill(engine)
    instance_id = yes(engine, who, bill_id, "fay")
    monkeypatch.setattr(gate, "_spec", gate._spec.where(false()))

    assert "of the approval of Fay it is not known who named him" in held(engine, instance_id, bill_id)


def test_an_approval_satisfies_a_policy_that_has_left_since_while_others_of_its_class_are_in_force(engine, who):
    """Two controllers who retire a policy loosen it no less; with the last one everything is held."""
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "controllers", "内控", capabilities="policy")
        for login in ("kate", "karl"):
            identity.create_user(uow, login, login)
            identity.add_member(uow, "controllers", login)
        kate, karl = (Actor(identity.user(uow, login).id) for login in ("kate", "karl"))
        one = (HEAD + "  require:\n" + FINANCE).replace("REF-001", "REF-002")
        policy.ship(uow, one + one.replace("REF-002", "REF-003") + HEAD + "  require:\n" + BOTH)

    def retire(name: str) -> None:
        with engine.unit_of_work(kate) as uow:
            policy.propose_retirement(uow, name, "said twice")
        with engine.unit_of_work(karl) as uow:
            policy.retire(uow, name)

    bill_id = a_bill(engine)
    instance_id = yes(engine, who, bill_id, "fay")
    retire("REF-001")
    told = held(engine, instance_id, bill_id)
    assert "REF-001, version 1: the approval of Fay was given under this version" in told
    assert told.count("REF-001, version 1: expected a live approval: finance_approval by 2 people, cfo_approval.") == 1
    yes(engine, who, bill_id, "dora")

    pay(engine, instance_id, bill_id)  # Dora has approved since, under what is left

    bill_id = a_bill(engine)
    instance_id = yes(engine, who, bill_id, "fay")
    for name in ("REF-002", "REF-003"):
        retire(name)
    assert "No policy is in force" in held(engine, instance_id, bill_id)
