"""Known ways round approve-before-pay that lead through going back: rows 18, 19, 21 and 26 of the list."""

import pytest

from engine import bpmn, tasks
from engine.errors import NotPossibleNow, PolicyHold, ReturnNotPossible
from tests.engine.approvals.going import Case, line, step
from tests.engine.approvals.test_resubmitting import guarded
from tests.engine.bpmn.drawing import service
from tests.engine.policy.test_gate import grants, held, pay, state_of
from tests.engine.test_tasks import do
from tests.redteam.rows import GATE, MOVE, VERB

pytestmark = [pytest.mark.approvals, pytest.mark.redteam]


@pytest.mark.row(18, MOVE)
def test_18_a_return_that_leaves_the_payer_alive_is_undone_and_pays_nothing(engine, monkeypatch):
    case, bill_id = guarded(engine)

    def reset(state, tokens, target, passed, *, now, env, irreversible=(), compensate=False):
        return bpmn.modify(state, bpmn.Modification(start=(bpmn.Placing(target),)), now=now, env=env)

    monkeypatch.setattr(bpmn, "goto", reset)
    done = case.back("c", "a")

    assert done.incident_id is not None
    assert case.waits == ["c"]
    assert case.grants() == [("a", "active")], "undone whole: the approval stands as before"
    assert state_of(engine, bill_id) == "open"


@pytest.mark.row(18, GATE)
def test_18_behind_the_return_the_grant_is_gone_whatever_token_is_left(engine):
    case, bill_id = guarded(engine)
    case.back("c", "a")

    assert "finance_approval" in held(engine, case.id, bill_id)


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


@pytest.mark.row(21, VERB)
def test_21_nothing_goes_back_over_a_payment_that_was_made_in_between(engine):
    case = Case(engine, line(step("a"), service("book", "test.booked"), step("c")))
    case.agree("a")

    with pytest.raises(ReturnNotPossible):
        case.back("c", "a")


@pytest.mark.row(26, VERB)
def test_26_an_old_yes_is_not_reused_across_a_return(engine):
    once = '<troika:dedupe mode="first"/>'
    case = Case(engine, line(step("a", once), step("c"), step("b", once, who="bob")))
    case.agree("a")
    case.back("c", "a")
    case.agree("a", "c")

    assert [source for _, _, source in case.items("a", 2)] == ["human"], "asked again, not answered by the old yes"
    assert case.grants() == []
