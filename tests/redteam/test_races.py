"""Two at once: whatever is taken away while somebody approves or pays is gone for the one who comes second."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from engine import audit, calls, identity, jobs, operations, policy, repository, runtime, tasks
from engine.db.identity import user_account
from engine.db.policy import clearance, policy_grant
from engine.errors import PolicyHold
from engine.ids import uuid7
from engine.operations import OperationCall
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import END, START, drawing, flows
from tests.engine.policy.test_gate import (
    APPROVE,
    PAYING,
    POLICY,
    a_bill,
    agree,
    held,
    pay,
    people,
    started,
    state_of,
)
from tests.postgres import until_one_waits

pytestmark = pytest.mark.redteam
ALL = PAYING.replace(b'mode="any"', b'mode="all"')
ELSEWHERE = drawing(
    START + APPROVE.format(provides="finance_approval") + END + flows("start fin end"), process_id="second"
)  # fmt: skip
LARGE = """
- id: REF-002
  title: 大额退款
  on: refund.execute
  when: "= number(facts.amount) >= 1000"
  require:
    - {approval: cfo_approval, people: 1}
"""


@pytest.fixture
def who(engine) -> dict[str, Actor]:
    return people(engine)


def asked_of_all(engine, who, bill_id: UUID) -> None:
    """A process in which Fay and the CFO both have to agree."""
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/p.bpmn": ALL})
    with engine.unit_of_work(who["req"]) as uow:
        runtime.start(uow, "p", {"bill_id": str(bill_id)})


def given(engine) -> list[tuple[str, str]]:
    """(who, state) of each approval."""
    query = select(user_account.c.login, policy_grant.c.state).join(
        user_account, user_account.c.id == policy_grant.c.account_id
    )
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return [tuple(row) for row in uow.execute(query.order_by(policy_grant.c.id))]


def disabled(engine, who, login: str) -> None:
    with engine.unit_of_work(who["root"]) as uow:
        policy.disable_account(uow, who[login].user_id)


# ---------------------------------------------------------------- policies


def test_a_policy_that_is_replaced_meanwhile_does_not_vanish(engine, who, clock):
    """Whoever pays may have begun, and waited for a lock, before its next version was put in force."""
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, LARGE)
    clock.advance(timedelta(seconds=2))
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY.replace("P10D", "P9D"))
    clock.advance(timedelta(seconds=-1))

    assert "finance_approval" in held(engine, instance_id, bill_id)


@pytest.mark.parametrize("lapses", [True, False])
def test_an_approval_that_was_not_there_yet_when_its_policy_left_counts_for_no_other(engine, who, monkeypatch, lapses):
    engine.settings = replace(engine.settings, revoke_when_retired=lapses)
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY.replace("REF-001", "REF-003"))
        (left,) = [one for one in policy.versions_in_force(uow) if one.policy.id == "REF-001"]
        uow.execute(policy.versions._change, {"row": left.id, "state": "retired", "valid_to": uow.now})

    if lapses:
        assert "was given under policies that have left" in held(engine, instance_id, bill_id)
    else:
        pay(engine, instance_id, bill_id)


# ---------------------------------------------------------------- people


def test_who_leaves_before_the_others_have_agreed_leaves_no_approval_behind(engine, who):
    engine.settings = replace(engine.settings, revoke_when_disabled=True)
    asked_of_all(engine, who, a_bill(engine))
    agree(engine, who["fay"])
    disabled(engine, who, "fay")

    agree(engine, who["cfo"])

    assert given(engine) == [("cfo", "active")]


def test_a_principal_who_leaves_before_the_others_have_agreed_leaves_no_approval_behind(engine, who, clock):
    engine.settings = replace(engine.settings, revoke_when_disabled=True)
    with engine.unit_of_work(who["fay"]) as uow:
        identity.substitute(uow, "fay", "root", clock.now(), clock.now() + timedelta(days=1))
    asked_of_all(engine, who, a_bill(engine))
    agree(engine, who["root"])
    disabled(engine, who, "fay")

    agree(engine, who["cfo"])

    assert given(engine) == [("cfo", "active")]


@pytest.mark.parametrize(("lapses", "left"), [(True, "void"), (False, "active")])
def test_an_account_that_is_disabled_while_it_approves_leaves_no_approval_behind(engine, who, lapses, left):
    engine.settings = replace(engine.settings, revoke_when_disabled=lapses)
    started(engine, who["req"], a_bill(engine))
    leaving = Thread(target=disabled, args=(engine, who, "fay"))

    with engine.unit_of_work(who["fay"]) as uow:
        tasks.agree(uow, tasks.inbox(uow).items[0].work_item_id)
        uow.flush()
        leaving.start()
        if lapses:
            until_one_waits(engine)
    leaving.join()

    assert given(engine) == [("fay", left)]


def test_an_approval_that_waits_for_an_account_that_is_being_disabled_is_none(engine, who):
    engine.settings = replace(engine.settings, revoke_when_disabled=True)
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    approving = Thread(target=agree, args=(engine, who["fay"]))

    with engine.unit_of_work(who["root"]) as uow:
        policy.disable_account(uow, who["fay"].user_id)
        uow.flush()
        approving.start()
        until_one_waits(engine)
    approving.join()

    assert given(engine) == []
    held(engine, instance_id, bill_id)


# ---------------------------------------------------------------- paying


def paid_by(engine, instance_id: UUID, bill_id: UUID, answers: list[str]) -> None:
    try:
        pay(engine, instance_id, bill_id)
        answers.append("paid")
    except PolicyHold:
        answers.append("held")


TAKING = {
    "the document is changed": lambda uow, who, instance_id, bill_id: policy.revoke(
        uow, "test_bill", str(bill_id), "test.change_bill"
    ),
    "the request is cancelled": lambda uow, who, instance_id, bill_id: runtime.cancel(uow, instance_id, "not needed"),
    "his account is disabled": lambda uow, who, instance_id, bill_id: policy.disable_account(uow, who["fay"].user_id),
}
"""how an approval is taken back"""


@pytest.mark.parametrize("how", TAKING)
def test_what_is_taken_back_while_it_is_about_to_be_paid_is_not_paid(engine, who, how):
    engine.settings = replace(engine.settings, revoke_when_disabled=True)
    bill_id, answers = a_bill(engine), []
    approving = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    paying = started(engine, who["req"], bill_id)
    second = Thread(target=paid_by, args=(engine, paying, bill_id, answers))

    with engine.unit_of_work(who["req"]) as uow:
        TAKING[how](uow, who, approving, bill_id)
        uow.flush()
        second.start()
        until_one_waits(engine)
    second.join()

    assert answers == ["held"]
    assert (state_of(engine, bill_id), given(engine)) == ("open", [("fay", "void")])


@pytest.mark.parametrize("how", TAKING)
def test_what_is_being_paid_can_no_longer_be_taken_back(engine, who, how):
    engine.settings = replace(engine.settings, revoke_when_disabled=True)
    bill_id = a_bill(engine)
    approving = started(engine, who["req"], bill_id)
    agree(engine, who["fay"])
    paying = started(engine, who["req"], bill_id)

    def take_back() -> None:
        with engine.unit_of_work(who["req"]) as uow:
            TAKING[how](uow, who, approving, bill_id)

    second = Thread(target=take_back)
    with engine.unit_of_work(Actor(None, source="job")) as uow:
        call, operation = OperationCall(uuid7(), paying, "pay"), operations.get("test.pay_bill")
        calls.perform(uow, operation, {"bill_id": bill_id}, call, uow.lock_instance(paying))
        uow.flush()
        second.start()
        until_one_waits(engine)
    second.join()

    assert (state_of(engine, bill_id), given(engine)) == ("paid", [("fay", "consumed")])
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(clearance.c.state)).scalars().all() == ["used"]
        assert audit.verify(uow).findings == []


def test_twenty_who_pay_and_take_back_at_once_end_in_one_of_the_two(engine, who):
    engine.settings = replace(engine.settings, revoke_when_disabled=True)
    bills = [a_bill(engine) for _ in range(10)]
    approving = {bill_id: started(engine, who["req"], bill_id) for bill_id in bills}
    for _ in bills:
        agree(engine, who["fay"])
    answers: dict[UUID, list[str]] = {bill_id: [] for bill_id in bills}
    together = Barrier(2 * len(bills))

    def take_back(bill_id: UUID) -> None:
        together.wait()
        with engine.unit_of_work(who["req"]) as uow:
            TAKING["the document is changed"](uow, who, approving[bill_id], bill_id)

    def pay_it(bill_id: UUID) -> None:
        together.wait()
        paid_by(engine, approving[bill_id], bill_id, answers[bill_id])

    threads = [Thread(target=act, args=(bill_id,)) for bill_id in bills for act in (take_back, pay_it)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    ends = {"paid": "consumed", "held": "void"}
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        rows = uow.execute(select(policy_grant.c.subject_id, policy_grant.c.state)).all()
    assert {row.subject_id: row.state for row in rows} == {
        str(bill_id): ends[told] for bill_id, (told,) in answers.items()
    }
    assert {str(bill_id): state_of(engine, bill_id) for bill_id in bills} == {
        row.subject_id: "paid" if row.state == "consumed" else "open" for row in rows
    }


# ---------------------------------------------------------------- what is held


def about_to_be_held(engine, who) -> UUID:
    """The bill of a payment that is due, whose approval has lapsed; Fay is asked for another one elsewhere."""
    bill_id = a_bill(engine)
    started(engine, who["req"], bill_id)
    with engine.unit_of_work(who["fay"]) as uow:
        tasks.agree(uow, tasks.inbox(uow).items[0].work_item_id)
        policy.revoke(uow, "test_bill", str(bill_id), "changed")
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/second.bpmn": ELSEWHERE})
    with engine.unit_of_work(who["req"]) as uow:
        runtime.start(uow, "second", {"bill_id": str(bill_id)})
    return bill_id


def before_it_is_noted(monkeypatch, do: Callable[[], Any]) -> None:
    """`do` once between what the gate says and when that is written down, which is another transaction."""
    give_up, todo = jobs.running._give_up, [do]

    def slowly(*about):
        while todo:
            todo.pop()()
        return give_up(*about)

    monkeypatch.setattr(jobs.running, "_give_up", slowly)


def test_an_approval_that_comes_before_a_hold_is_written_down_ends_it(engine, who, monkeypatch):
    bill_id = about_to_be_held(engine, who)
    before_it_is_noted(monkeypatch, lambda: agree(engine, who["fay"]))

    jobs.run_due(engine)

    assert state_of(engine, bill_id) == "paid"
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert policy.open_holds(uow) == []


def test_an_approval_that_is_younger_than_the_payment_that_finds_it_ends_its_hold(engine, who, clock, monkeypatch):
    """Whoever pays may have begun, and waited for a lock, before it was given."""
    bill_id, moment = about_to_be_held(engine, who), timedelta(seconds=1)
    clock.advance(moment)
    agree(engine, who["fay"])
    clock.advance(-moment)
    before_it_is_noted(monkeypatch, lambda: clock.advance(moment))

    jobs.run_due(engine)

    assert state_of(engine, bill_id) == "paid"


def test_an_approval_of_a_clock_that_was_set_back_is_not_looked_at_for_ever(engine, who, clock):
    bill_id, hour = about_to_be_held(engine, who), timedelta(hours=1)
    clock.advance(hour)
    agree(engine, who["fay"])
    clock.advance(-hour)

    jobs.run_due(engine)

    assert state_of(engine, bill_id) == "open"
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (found,) = policy.open_holds(uow)
    assert found.times == 1
