"""Who can approve is looked at when people change and every day; what got worse is told, and kept with since when."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine import identity, policy, repository
from engine.db.job import job
from engine.db.policy import policy_staffing
from engine.dispatch import housekeeping
from engine.repository import manning
from engine.unit_of_work import ENGINE, UnitOfWork
from tests.engine.bpmn.drawing import flows, user
from tests.engine.policy.test_gate import APPROVE, PAYING, POLICY
from tests.engine.test_bindings import call
from tests.factories import straight
from tests.lending import begun_once


@pytest.fixture
@begun_once
def people(engine):
    """Fay and Cfo are asked for approvals, Cora looks after policies; everybody is there."""
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        identity.create_group(uow, "controllers", "内控", capabilities="policy")
        identity.create_group(uow, "process_admin", "流程管理员")
        for login in ("fay", "cfo", "cora"):
            identity.create_user(uow, login, login.title())
        identity.add_member(uow, "controllers", "cora")
        repository.deploy(uow, {"processes/oa/p.bpmn": PAYING})
        return {user.login: user.id for user in identity.users(uow)}


def look(engine):
    with engine.unit_of_work(ENGINE) as uow:
        housekeeping.watch_staffing(uow)


def kept(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        rows = uow.execute(select(policy_staffing).order_by(policy_staffing.c.mark)).all()
    return {row.mark.partition(" ")[2].partition(" ")[0]: (row.since, row.ended_at) for row in rows}


def told(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        rows = uow.execute(select(job.c.payload).where(job.c.handler == "notification.notify")).scalars()
        return [(one["user_ids"], one["title"], one["link"]) for one in rows]


def test_who_leaves_is_noticed_at_the_next_look_kept_and_told(engine, people, clock):
    look(engine)
    assert told(engine) == [], "the first look is what others are compared with"
    assert kept(engine) == {}

    clock.advance(timedelta(minutes=1))
    with engine.unit_of_work(ENGINE) as uow:
        identity.disable(uow, people["fay"])
    look(engine)

    assert kept(engine) == dict.fromkeys(("away", "own"), (clock.now(), None)), "all hangs on Cfo now"
    look(engine)
    ((whom, said, link),) = told(engine)
    assert (whom, link) == ([str(people["cora"])], "/policies/duties")
    assert "先审批，后退款" in said

    with engine.unit_of_work(ENGINE) as uow:
        identity.enable(uow, people["fay"])
    clock.advance(timedelta(minutes=1))
    look(engine)
    ended = (clock.now() - timedelta(minutes=1), clock.now())
    assert kept(engine) == dict.fromkeys(("away", "own"), ended), "it stays on record"


def test_two_first_looks_at_once_are_one_after_the_other(engine, people, monkeypatch):
    wait = UnitOfWork.alone

    def another_looks_first(uow, name):
        wait(uow, name)
        monkeypatch.undo()
        repository.watch_staffing(uow)

    monkeypatch.setattr(UnitOfWork, "alone", another_looks_first)
    look(engine)

    assert kept(engine) == {}


def test_it_is_looked_at_every_day_though_nobody_did_anything(engine, people, clock):
    with engine.unit_of_work(ENGINE) as uow:
        identity.substitute(uow, "fay", "cora", clock.now(), clock.now() + timedelta(hours=1))
        repository.watch_staffing(uow)
    for ahead, looked in ((timedelta(hours=23), False), (timedelta(hours=2), True)):
        clock.advance(ahead)
        statements = []
        with engine.unit_of_work(ENGINE) as uow:
            repository.watch_staffing(uow)
            statements.append(uow.statements)
        assert (statements[0] > 3) == looked


def understaffed(findings):
    return [finding.message.format(**finding.facts) for finding in findings if finding.rule == "policy-understaffed"]


def test_who_is_missing_is_said_while_somebody_draws(engine, people, monkeypatch):
    """Where so many people are looked through that somebody would wait, only by the deployment."""
    alone = {"processes/oa/p.bpmn": PAYING.replace(b"fay,cfo", b"fay")}
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert understaffed(repository.check(uow, {"processes/oa/p.bpmn": PAYING}, drawing=True)) == []
        assert understaffed(repository.check(uow, alone, drawing=True)) == [
            "REF-001, always: if Fay is away, nobody can approve."
        ]
        monkeypatch.setattr(manning, "SOON", len(people) - 1)
        assert understaffed(repository.check(uow, alone, drawing=True)) == []
        assert len(understaffed(repository.check(uow, alone))) == 1


def test_those_count_whom_a_called_version_asks_wherever_in_it(engine, people):
    asks = APPROVE.format(provides="finance_approval").replace("fay,cfo", "fay")
    within = (
        f'<subProcess id="sub" name="sub"><startEvent id="s"/>{asks}<endEvent id="e"/>{flows("s fin e")}</subProcess>'
    )
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"ask.bpmn": straight(within, process_id="ask")})
        repository.deploy(uow, {"processes/oa/p.bpmn": straight(call("c", "ask"))})
        repository.deploy(uow, {"ask.bpmn": straight(user("only"), process_id="ask")})

        assert [one.capability for one in repository.wanting(uow, policy.in_force(uow))] == ["cfo_approval"]
        assert [one.kind for one in repository.short_staffed(uow, ["REF-001"])] == ["away"]


def test_a_deployment_and_an_activation_say_who_is_missing(engine, people):
    weaker = POLICY.replace("number(facts.amount) >= 1000", "number(facts.amount) >= 500")
    with engine.unit_of_work(ENGINE) as uow:
        done = repository.deploy(uow, {"processes/oa/p.bpmn": PAYING.replace(b"fay,cfo", b"fay")})
        assert understaffed(done.findings) == ["REF-001, always: if Fay is away, nobody can approve."]
        policy.ship(uow, weaker)
        assert [one.kind for one in repository.short_staffed(uow, ["REF-001"])] == ["away"]
        assert repository.short_staffed(uow, []) == []
