"""What the gate holds because its document changed is approved anew, without ending the request."""

from uuid import UUID

import pytest
from sqlalchemy import select

from engine import audit, calls, history, jobs, operations, policy, repository, runtime, tasks
from engine.db.notice import notice_delivery
from engine.errors import Forbidden, NotHeld, NotPossibleNow
from engine.ids import uuid7
from engine.operations import OperationCall
from engine.unit_of_work import ENGINE, Actor
from tests.engine.policy.test_gate import PAYING, POLICY, a_bill, agree, grants, people, state_of

TIMED = PAYING.replace(
    b'<serviceTask id="pay"', b'<serviceTask xmlns:troika="urn:troika:bpmn:1.0" troika:async="true" id="pay"'
)


@pytest.fixture
def who(engine) -> dict[str, Actor]:
    return people(engine)


def held_since(engine, who) -> tuple[UUID, UUID, policy.Hold]:
    """(request, document, hold): approved by fay, changed from another request before it was paid."""
    bill_id, another = a_bill(engine), a_bill(engine)
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/p.bpmn": TIMED})
    with engine.unit_of_work(who["req"]) as uow:
        instance_id = runtime.start(uow, "p", {"bill_id": str(bill_id)}).id
    with engine.unit_of_work(who["root"]) as uow:
        other = runtime.start(uow, "p", {"bill_id": str(another)}).id
    with engine.unit_of_work(who["fay"]) as uow:
        (item,) = [one for one in tasks.inbox(uow).items if one.instance_id == instance_id]
        tasks.agree(uow, item.work_item_id)
    with engine.unit_of_work(ENGINE) as uow:
        call, instance = OperationCall(uuid7(), other, "change"), uow.lock_instance(other)
        calls.perform(uow, operations.get("test.change_bill"), {"bill_id": bill_id, "cents": 20000}, call, instance)
    jobs.run_due(engine)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (found,) = policy.open_holds(uow)
    return instance_id, bill_id, found


def test_a_held_payment_is_approved_anew_as_it_is_now_and_paid(engine, who):
    instance_id, bill_id, found = held_since(engine, who)
    with engine.unit_of_work(who["fay"]) as uow:
        assert tasks.approvable_again(uow, found) is None
        with pytest.raises(Forbidden):
            tasks.approve_again(uow, found.job_id)
    with engine.unit_of_work(who["req"]) as uow:
        offered = tasks.approvable_again(uow, found)
        assert tasks.approve_again(uow, found.job_id) is None
    with engine.unit_of_work(who["req"]) as uow, pytest.raises(NotHeld):
        tasks.approve_again(uow, found.job_id)
    jobs.run_due(engine)
    assert state_of(engine, bill_id) == "open"
    with engine.unit_of_work(who["fay"]) as uow:
        (item,) = [one for one in tasks.inbox(uow).items if one.instance_id == instance_id]
        tasks.agree(uow, item.work_item_id)
    jobs.run_due(engine)

    assert offered == "财务审批"
    assert state_of(engine, bill_id) == "paid"
    assert sorted(grants(engine)) == [("finance_approval", "consumed"), ("finance_approval", "void")]
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert policy.open_holds(uow) == []
        assert "approval.asked_again" in {fact.kind for fact in history.timeline(uow, instance_id)}
        assert audit.verify(uow, instance_id).findings == []  # though another chain tells why the first is void


@pytest.mark.parametrize("vote", ['ratio" threshold="1/2', 'weight" threshold="50%'])
def test_a_vote_that_one_of_two_decides_is_not_asked_again_for_two(engine, who, vote):
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/p.bpmn": TIMED.replace(b'mode="any"', f'mode="{vote}"'.encode())})
        policy.ship(uow, POLICY.replace("finance_approval, people: 1", "finance_approval, people: 2"))
    bill_id = a_bill(engine)
    with engine.unit_of_work(who["req"]) as uow:
        runtime.start(uow, "p", {"bill_id": str(bill_id)})
    agree(engine, who["fay"])
    jobs.run_due(engine)

    with engine.unit_of_work(who["req"]) as uow:
        (found,) = policy.open_holds(uow)
        assert tasks.approvable_again(uow, found) is None


@pytest.mark.parametrize("handed_on", [False, True])
def test_what_a_drawing_asks_too_few_people_for_is_not_asked_again_in_vain(engine, who, handed_on):
    """One of two approves, or who has it from the only one; the policy wants two: another round gives one again."""
    alone = TIMED.replace(b'candidateUsers="fay,cfo"', b'candidateUsers="fay"').replace(b'mode="any"', b'mode="all"')
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/p.bpmn": alone if handed_on else TIMED})
        policy.ship(uow, POLICY.replace("finance_approval, people: 1", "finance_approval, people: 2"))
    bill_id = a_bill(engine)
    with engine.unit_of_work(who["req"]) as uow:
        runtime.start(uow, "p", {"bill_id": str(bill_id)})
    if handed_on:
        with engine.unit_of_work(who["fay"]) as uow:
            tasks.transfer(uow, tasks.inbox(uow).items[0].work_item_id, "cfo", "away")
    approver, other = ("cfo", "fay") if handed_on else ("fay", "cfo")
    agree(engine, who[approver])
    jobs.run_due(engine)

    with engine.unit_of_work(who["req"]) as uow:
        (found,) = policy.open_holds(uow)
        assert tasks.approvable_again(uow, found) is None
        with pytest.raises(NotPossibleNow):
            tasks.approve_again(uow, found.job_id)
    said = [text.format_map({name: str(value) for name, value in facts.items()}) for text, facts in found.reasons]
    assert said[-1].startswith("REF-001: approvals of '财务审批' that count: 1; it gives no more.")
    with engine.unit_of_work(who["req"]) as uow:
        runtime.start(uow, "p", {"bill_id": str(bill_id)})
    agree(engine, who[other])  # in another request: both count
    jobs.run_due(engine)
    assert state_of(engine, bill_id) == "paid"


def test_the_hold_says_what_was_approved_and_what_it_is_now(engine, who):
    _, _, found = held_since(engine, who)

    said = [text.format_map({name: str(value) for name, value in facts.items()}) for text, facts in found.reasons]

    assert said[0] == "REF-001: the approval of Fay was for amount 100.00, now it is amount 200.00."


def test_requester_and_approver_are_told_that_an_approval_lapsed(engine, who):
    instance_id, _, _ = held_since(engine, who)
    jobs.run_due(engine)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        told = select(notice_delivery.c.recipient_id).where(notice_delivery.c.event == "lapsed")
        assert set(uow.execute(told).scalars()) == {who["req"].user_id, who["fay"].user_id}
        assert "approval.lapsed" in {fact.kind for fact in history.timeline(uow, instance_id)}
