"""After a return: stepwise, or straight back to whoever sent it back, by carrying what nobody has touched."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from engine import audit, history, identity, migration, policy, repository, tasks
from engine.approvals import rounds
from engine.bpmn.steps import Assignment, Capability, Work
from engine.db.task import Ticket, user_task, work_item
from engine.unit_of_work import ENGINE
from tests.engine.approvals.going import FORK, Case, line, request, step
from tests.engine.bpmn.drawing import END, START, drawing, element, flows, service
from tests.engine.policy.test_gate import POLICY, a_bill, changed, grants, held, state_of
from tests.engine.test_tasks import mine

pytestmark = pytest.mark.approvals
FILLED = '<zeebe:formDefinition formId="oa/claim"/>'
READ = '<zeebe:formDefinition formId="oa/claim"/><troika:fields default="read"/>'


def claim(*nodes: str) -> bytes:
    return line(request(FILLED), *nodes)


def tickets(case: Case) -> list[str]:
    with case.engine.unit_of_work(ENGINE, read_only=True) as uow:
        found = uow.execute(
            select(user_task.c.ticket).where(user_task.c.ticket.is_not(None)).order_by(user_task.c.opened_seq)
        ).scalars()
        return [Ticket(ticket).name.lower() for ticket in found]


def kinds(case: Case) -> list[str]:
    with case.engine.unit_of_work(ENGINE, read_only=True) as uow:
        return [fact.kind for fact in history.timeline(uow, case.id)]


def three(engine: Any) -> Case:
    case = Case(engine, claim(step("a", READ), step("b", READ), step("c", READ)), form=True, amount=100, note="x")
    case.act(tasks.complete, "request", {"amount": "100", "note": "x"})
    case.agree("a", "b")
    return case


# ---------------------------------------------------------------- 18.3


def test_back_to_me_unchanged_goes_straight_to_the_returner(engine):
    case = three(engine)
    case.back("c", "request", resubmit="backToMe")
    assert tickets(case) == ["open"]

    case.act(tasks.complete, "request", {"amount": "100", "note": "x"})

    assert case.waits == ["c"]
    assert case.rounds()[-3:] == [("a", 2, "passed", False), ("b", 2, "passed", False), ("c", 2, "open", False)]
    assert case.items("a", 2) == [("decided", "agreed", "carried")]
    assert tickets(case) == ["used"]
    case.agree("c")
    assert case.status == "completed"


def test_a_changed_amount_is_approved_step_by_step_and_the_requester_is_told_before(engine):
    case = three(engine)
    case.back("c", "request", resubmit="backToMe")
    item = case.item("ann", "request")
    with engine.unit_of_work(case.who["ann"], read_only=True) as uow:
        note = tasks.get(uow, item).note
        same = tasks.resubmission(uow, item, {"amount": "100", "note": "x"})
        other = tasks.resubmission(uow, item, {"amount": "180", "note": "x"})
    assert note is not None
    assert note.straight
    assert (same.straight, same.changed) == (True, ())
    assert (other.straight, other.changed) == (False, ("amount",))

    case.act(tasks.complete, "request", {"amount": "180", "note": "x"})

    assert case.waits == ["a"]
    assert tickets(case) == ["broken"]
    assert ("b", 1, "passed", True) in case.rounds(), "what was parked no longer stands"
    case.agree("a", "b", "c")
    assert case.items("b", 2) == [("decided", "agreed", "human")]
    assert case.status == "completed"


def test_stepwise_asks_everybody_again_even_when_nothing_has_changed(engine):
    case = three(engine)
    case.back("c", "request")

    case.act(tasks.complete, "request", {"amount": "100", "note": "x"})

    assert (case.waits, tickets(case)) == (["a"], [])


def test_a_second_return_breaks_the_ticket_of_the_first(engine):
    case = three(engine)
    case.back("c", "b", resubmit="backToMe")

    case.back("b", "request", resubmit="backToMe")

    assert tickets(case) == ["broken", "open"]
    case.act(tasks.complete, "request", {"amount": "100", "note": "x"})
    assert case.waits == ["b"], "a was carried, and b wanted it straight back"
    case.agree("b", "c")
    assert case.status == "completed"


def test_whoever_has_left_is_not_carried(engine):
    case = three(engine)
    case.back("c", "request", resubmit="backToMe")
    with engine.unit_of_work(ENGINE) as uow:
        identity.disable(uow, identity.user(uow, "bob").id)

    case.act(tasks.complete, "request", {"amount": "100", "note": "x"})

    assert tickets(case) == ["broken"]
    assert case.waits == ["a"]


def test_another_way_breaks_the_ticket(engine):
    xml = drawing(
        START + request(FILLED) + element("exclusiveGateway", "g", default="g_a") + step("a") + step("d") + step("c")
        + END + flows("start request g a c end", "d c", 'g d ? note = "new"')
    )  # fmt: skip
    case = Case(engine, xml, form=True, amount=1, note="x")
    case.act(tasks.complete, "request", {"amount": "1", "note": "x"})
    case.agree("a")
    case.back("c", "request", resubmit="backToMe")

    case.act(tasks.complete, "request", {"amount": "1", "note": "new"})

    assert (case.waits, tickets(case)) == (["d"], ["broken"])
    case.agree("d", "c")
    assert case.status == "completed"


def test_an_opinion_is_erased_where_its_decision_was_carried_to(engine):
    case = Case(engine, claim(step("a", READ), step("c", READ)), form=True, amount=100, note="x")
    case.act(tasks.complete, "request", {"amount": "100", "note": "x"})
    case.act(tasks.agree, "a", opinion="fine")
    case.back("c", "request", resubmit="backToMe")
    case.act(tasks.complete, "request", {"amount": "100", "note": "x"})
    written = select(work_item.c.id).where(work_item.c.opinion == "fine").order_by(work_item.c.id)
    with engine.unit_of_work(ENGINE) as uow:
        _, carried = uow.execute(written).scalars().all()
        tasks.erase_opinion(uow, carried, "he has asked for it")

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(written).scalars().all() == []
        assert audit.verify(uow).findings == []


def test_a_carried_decision_is_carried_again_and_undone_with_the_round_that_carries_it(engine):
    case = three(engine)
    for _ in range(2):
        case.back("c", "request", resubmit="backToMe")
        case.act(tasks.complete, "request", {"amount": "100", "note": "x"})
    assert case.items("a", 3) == [("decided", "agreed", "carried")]
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        evidence = uow.execute(
            select(work_item.c.evidence_id).where(work_item.c.evidence_id.is_not(None)).distinct()
        ).all()
    assert len(evidence) == 2, "each points at the click itself, not at another carried row"

    case.back("c", "request")

    assert all(void for node, _, _, void in case.rounds() if node in ("a", "b"))


def test_back_to_me_from_behind_a_join_carries_only_what_is_done_again(engine):
    case = Case(engine, FORK)
    case.agree("a", "b")

    case.back("c", "a", resubmit="backToMe")
    case.agree("a")

    assert case.waits == ["c"]
    assert tickets(case) == ["used"]
    assert [node for node, *_ in case.rounds()] == ["a", "b", "c", "a", "c"]


def test_nothing_in_the_database_says_that_a_person_clicked_who_did_not(engine):
    case = three(engine)
    case.back("c", "request", resubmit="backToMe")
    case.act(tasks.complete, "request", {"amount": "100", "note": "x"})

    clicks = [fact for fact in timeline(case) if fact.kind == "task.decided"]

    assert [fact.data["decision_source"] for fact in clicks] == [*["human"] * 5, "carried", "carried"]
    assert {"instance.returned", "ticket.used"} <= set(kinds(case))


def timeline(case: Case) -> list[history.Entry]:
    with case.engine.unit_of_work(ENGINE, read_only=True) as uow:
        return history.timeline(uow, case.id)


# ---------------------------------------------------------------- grants: policy.md 4.5


def guarded(engine: Any, head: str = "") -> tuple[Case, UUID]:
    """Request -> fin (finance_approval of a bill) -> c -> pay -> end; waits at c. `head`: extensions of the process."""
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
    bill_id = a_bill(engine)
    fin = step(
        "a", '<troika:policy provides="finance_approval" subject="= bill_id" subjectType="test_bill"/>', who="bob"
    )
    xml = drawing(
        (f"<extensionElements>{head}</extensionElements>" if head else "") + START + request(FILLED) + fin
        + element("exclusiveGateway", "ok", default="ok_no") + step("c")
        + element("exclusiveGateway", "ok2", default="ok2_no") + '<endEvent id="no" name="no"/>'
        + service("pay", "test.pay_bill", in_bill_id="= bill_id") + END
        + flows("start request a ok", 'ok c ? approval.a.outcome = "agree"', "ok no", "c ok2",
                'ok2 pay ? approval.c.outcome = "agree"', "ok2 no", "pay end")
    )  # fmt: skip
    case = Case(engine, xml, form=True, bill_id=str(bill_id), amount=100, note="x")
    case.act(tasks.complete, "request", {"amount": "100", "note": "x"})
    case.agree("a")
    assert case.grants() == [("a", "active")]
    return case, bill_id


def test_a_return_voids_the_grants_of_what_it_undoes(engine):
    case, _ = guarded(engine)

    case.back("c", "request")

    assert case.grants() == [("a", "void")]


def test_back_to_me_parks_the_grant_and_gives_it_back_when_nothing_has_changed(engine):
    case, bill_id = guarded(engine)
    case.back("c", "request", resubmit="backToMe")
    assert case.grants() == [("a", "parked")]

    case.act(tasks.complete, "request", {"amount": "100", "note": "x"})

    assert (case.grants(), case.waits) == ([("a", "active")], ["c"])
    case.agree("c")
    case.jobs()
    assert state_of(engine, bill_id) == "paid"
    assert grants(engine) == [("finance_approval", "consumed")]


def test_back_to_me_with_a_changed_document_voids_the_parked_grant(engine):
    case, bill_id = guarded(engine)
    case.back("c", "request", resubmit="backToMe")
    changed(engine, bill_id, version=18000)

    case.act(tasks.complete, "request", {"amount": "100", "note": "x"})

    assert (case.grants(), case.waits, tickets(case)) == ([("a", "void")], ["a"], ["broken"])
    case.agree("a", "c")
    case.jobs()
    assert state_of(engine, bill_id) == "paid"


def test_a_parked_grant_pays_nothing(engine):
    case, bill_id = guarded(engine)
    case.back("c", "request", resubmit="backToMe")

    assert "finance_approval" in held(engine, case.id, bill_id)


def test_the_way_straight_back_follows_to_another_version(engine):
    """What was renamed is known by its new id: who was passed is carried, and another way is seen as one."""
    case = Case(engine, line(request(), step("a"), step("b"), step("c")))
    case.agree("request", "a", "b")
    case.back("c", "request", resubmit="backToMe")
    renamed = {"request": "ask", "a": "a1"}
    xml = line(request().replace('"request"', '"ask"'), step("a1", who="bob"), step("b"), step("c"))
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/p.bpmn": xml})
        old, new = (info.id for info in reversed(repository.versions(uow, "p")))
        migration.migrate(uow, case.id, migration.Plan(old, new, choices=renamed), reason="better words")

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        ticket = uow.execute(select(user_task.c.guarded).where(user_task.c.ticket.is_not(None))).scalar_one()
    assert ticket["target"] == "ask"
    case.act(tasks.complete, "ask", login="ann")
    assert case.waits == ["c"]
    assert tickets(case) == ["used"]


@pytest.mark.parametrize("rule", ['mode="all" bob,eve', 'mode="any" fay'])
def test_a_version_that_asks_otherwise_is_asked_step_by_step(engine, rule):
    """Else a yes that was enough in the old version would pass what the new one asks of others."""
    case = Case(engine, line(request(), step("a"), step("b"), step("c")))
    case.agree("request", "a", "b")
    case.back("c", "request", resubmit="backToMe")
    mode, _, people = rule.replace('mode="', "").replace('"', "").partition(" ")
    xml = line(request(), step("a", who=people.replace("fay", "dan"), mode=mode), step("b"), step("c"))
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/p.bpmn": xml})
        old, new = (info.id for info in reversed(repository.versions(uow, "p")))
        migration.migrate(uow, case.id, migration.Plan(old, new), reason="better rule")
    item = case.item("ann", "request")
    with engine.unit_of_work(case.who["ann"], read_only=True) as uow:
        told = tasks.resubmission(uow, item, {})
    assert (told.straight, told.changed, told.again) == (False, (), ("a", "b"))

    case.act(tasks.complete, "request", login="ann")

    assert (case.waits, tickets(case)) == (["a"], ["broken"])
    assert {actor for actor in ("bob", "eve", "dan") if mine(engine, case.who[actor])} == (
        {"bob", "eve"} if mode == "all" else {"dan"}
    )


def test_what_counts_for_something_else_is_not_asked_alike():
    """The same people by the same rule, but for another use: their old yes was not meant for it."""
    work = Work("a", Assignment("user"), capability=Capability("finance_approval", "B-1", "test_bill"))
    row = SimpleNamespace(spec=rounds.dump(work))

    def alike(capability: Capability | None) -> bool:
        return rounds.asks_alike(row, replace(work, capability=capability))

    assert alike(Capability("finance_approval", "B-2", "test_bill"))  # which document is compared apart
    assert not alike(Capability("owner_approval", "B-1", "test_bill"))
    assert not alike(Capability("finance_approval", "B-1", "other_bill"))
    assert not alike(None)


def test_an_approval_whose_time_is_over_is_asked_for_again_and_the_requester_is_told_before(engine, clock):
    case, bill_id = guarded(engine)
    case.back("c", "request", resubmit="backToMe")
    item = case.item("ann", "request")

    def told() -> tuple[bool, tuple[str, ...]]:
        with engine.unit_of_work(case.who["ann"], read_only=True) as uow:
            found = tasks.resubmission(uow, item, {"amount": "100", "note": "x"})
        return found.straight, found.again

    assert told() == (True, ())
    clock.advance(timedelta(days=11))  # the policy says valid_for: P10D
    assert told() == (False, ("a",))

    case.act(tasks.complete, "request", {"amount": "100", "note": "x"})

    assert (case.waits, case.grants(), tickets(case)) == (["a"], [("a", "void")], ["broken"])
    case.agree("a", "c")
    case.jobs()
    assert state_of(engine, bill_id) == "paid"
