"""Known ways round approve-before-pay that lead through going back: rows 18, 19, 21 and 26 of the list."""

import pytest
from sqlalchemy import bindparam, select

from engine import approvals, bpmn, policy, tasks
from engine.approvals import automatic
from engine.db.task import ItemDecision, RoundStatus, user_task, work_item
from engine.errors import NotPossibleNow, PolicyHold, ReturnNotPossible
from engine.runtime import returning
from engine.tasks import drafting
from engine.unit_of_work import ENGINE
from tests.engine.approvals.going import Case, line, step
from tests.engine.approvals.test_ending import numbered
from tests.engine.approvals.test_resubmitting import guarded
from tests.engine.bpmn.drawing import service
from tests.engine.policy.test_gate import POLICY, a_bill, grants, pay, state_of
from tests.engine.test_tasks import do
from tests.redteam.rows import DATABASE, GATE, MOVE, THROUGH, VERB
from tests.redteam.walls import gate_off, held_at, only_the_database_stops

pytestmark = [pytest.mark.approvals, pytest.mark.redteam]
ONCE_AGREED = (
    select(*automatic._agreed.selected_columns)
    .join(user_task, user_task.c.id == work_item.c.user_task_id)
    .where(
        work_item.c.instance_id == bindparam("of"), work_item.c.decision == int(ItemDecision.AGREED),
        user_task.c.status == int(RoundStatus.PASSED),
    )
)  # fmt: skip
"""decisions whether they stand or not"""


@pytest.mark.row(18, MOVE, GATE, DATABASE, THROUGH)
def test_18_a_return_that_leaves_the_payer_alive_is_undone_and_pays_nothing(engine, monkeypatch):
    case, bill_id = guarded(engine)

    def reset(state, tokens, target, passed, *, now, env, irreversible=(), compensate=False):
        both = bpmn.Modification(tokens, (bpmn.Placing(target), bpmn.Placing("c")))
        return bpmn.modify(state, both, now=now, env=env)

    monkeypatch.setattr(bpmn, "goto", reset)
    done = case.back("c", "a")

    assert done.incident_id is not None
    assert case.waits == ["c"]
    assert case.grants() == [("a", "active")], "undone whole: the approval stands as before"
    assert state_of(engine, bill_id) == "open"

    monkeypatch.setattr(returning, "misplaced", lambda *_: [])
    case.back("c", "a")
    assert case.waits == ["a", "c"], "the payer goes on beside whoever is asked again"
    case.agree("c")
    case.jobs()
    assert (held_at(engine, case.id), state_of(engine, bill_id)) == (["pay"], "open"), "the grant was undone"
    gate_off(monkeypatch)
    only_the_database_stops(engine, case.id, bill_id)


@pytest.mark.row(19, GATE)
def test_19_a_consumed_grant_pays_once_and_nothing_goes_back_over_the_payment(engine):
    case, bill_id = guarded(engine)
    case.agree("c")
    case.jobs()
    assert (state_of(engine, bill_id), grants(engine)) == ("paid", [("finance_approval", "consumed")])

    case.jobs()

    assert case.status == "completed"
    assert "finance_approval" in refused(engine, case, bill_id)


def refused(engine, case, bill_id) -> str:
    """What the gate says to a second payment."""
    with pytest.raises(PolicyHold) as stopped:
        pay(engine, case.id, bill_id)
    return str(stopped.value)


@pytest.mark.row(21, VERB)
def test_21_nothing_is_taken_back_after_the_payment(engine):
    case, bill_id = guarded(engine)
    item = case.item("cyd", "c")
    case.agree("c")
    case.jobs()

    with pytest.raises(NotPossibleNow):
        do(engine, case.who["cyd"], tasks.recall, item)
    with pytest.raises(NotPossibleNow):
        do(engine, case.who["ann"], tasks.withdraw, case.id)

    assert state_of(engine, bill_id) == "paid"


@pytest.mark.row(21, VERB, THROUGH)
def test_21_nothing_goes_back_over_a_payment_that_was_made_in_between(engine, monkeypatch):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
    bill_id = a_bill(engine)
    capability = '<troika:policy provides="finance_approval" subject="= bill_id" subjectType="test_bill"/>'
    pays = service("pay", "test.pay_bill", in_bill_id="= bill_id")
    xml = numbered(step("a", capability), pays, step("c"), more='<troika:withdraw until="anytime"/>')
    case = Case(engine, xml, form=True, amount=10, note="x", bill_id=str(bill_id))
    item = case.item("bob", "a")
    case.agree("a")
    case.jobs()
    assert state_of(engine, bill_id) == "paid"

    with pytest.raises(ReturnNotPossible):
        case.back("c", "a")
    with pytest.raises(ReturnNotPossible):
        do(engine, case.who["bob"], tasks.recall, item)
    with pytest.raises(NotPossibleNow, match="must be taken back by the process that reverses it"):
        do(engine, case.who["ann"], tasks.withdraw, case.id)

    monkeypatch.setattr(drafting, "lasting_effects", lambda *_: [])
    do(engine, case.who["ann"], tasks.withdraw, case.id)
    assert (case.status, state_of(engine, bill_id)) == ("withdrawn", "paid"), "paid for a request that never was"


@pytest.mark.row(26, VERB, THROUGH)
@pytest.mark.parametrize("guarded", [True, False])
def test_26_an_old_yes_is_not_reused_across_a_return(engine, monkeypatch, guarded):
    if not guarded:
        monkeypatch.setattr(automatic, "_returned_at", lambda *_: None)
        monkeypatch.setattr(automatic, "_agreed", ONCE_AGREED)
        opened = approvals.open_round
        monkeypatch.setattr(
            approvals,
            "open_round",
            lambda uow, instance, fact, *_, later=dict: opened(uow, instance, fact, None, later),
        )
    once = '<troika:dedupe mode="first"/>'
    case = Case(engine, line(step("a", once), step("c"), step("b", once, who="bob")))
    case.agree("a")
    case.back("c", "a")

    if not guarded:
        assert case.waits == ["c"], "the old yes has answered"
        return
    case.agree("a", "c")
    assert [source for _, _, source in case.items("a", 2)] == ["human"], "asked again, not answered by the old yes"
    assert case.grants() == []
