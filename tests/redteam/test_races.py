"""Two at once: whatever is taken away while somebody approves or pays is gone for the one who comes second."""

from dataclasses import replace
from datetime import timedelta
from threading import Thread
from uuid import UUID

import pytest
from sqlalchemy import select

from engine import identity, policy, repository, runtime, tasks
from engine.db.identity import user_account
from engine.db.policy import policy_grant
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
