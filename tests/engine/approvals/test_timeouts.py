"""Time limits: remind, escalate, transfer, agree, reject; in working time, and a race with a click."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from engine import jobs, repository, runtime, tasks, workdays
from engine.db.job import JobKind, job
from engine.db.task import Source, work_item
from engine.errors import AlreadyDecided, CannotTransfer, DeploymentRefused
from engine.unit_of_work import ENGINE
from tests.engine.approvals.going import Case, line, request, step
from tests.engine.approvals.office import approval
from tests.engine.test_tasks import do

pytestmark = pytest.mark.approvals


def limit(*steps: str, calendar: str = "") -> str:
    """troika:timeout with these steps."""
    of = f' calendar="{calendar}"' if calendar else ""
    return f"<troika:timeout{of}>{''.join(f'<troika:step {step}/>' for step in steps)}</troika:timeout>"


def waiting(office) -> int:
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        return uow.execute(select(func.count()).where(job.c.kind == int(JobKind.TIMEOUT))).scalar_one()


def test_reminders_three_times_then_the_manager_is_told(office):
    steps = limit('after="PT24H" do="remind" repeat="3"', 'after="P4D" do="escalate"')
    instance = office.begin(approval("check", steps, users="bob"))

    for count in (1, 2, 3):
        office.later(hours=24)
        assert office.items("bob")[0].urges == count
    assert office.items("cyd", "copied") == []
    office.later(hours=24)

    assert [item.kind for item in office.items("cyd", "copied")] == ["copy"]
    assert [fact.data["do"] for fact in office.facts(instance, "task.timed_out")] == ["remind"] * 3 + ["escalate"]
    assert waiting(office) == 0
    office.act("bob", tasks.agree)


def test_added_signers_have_limits_of_their_own(office):
    office.begin(approval("check", limit('after="P2D" do="remind"'), users="bob"))
    office.later(days=1)
    office.act("bob", tasks.add_beside, ["eve"])

    office.later(days=1)
    assert [office.items(login)[0].urges for login in ("bob", "eve")] == [1, 0]
    office.later(days=1)
    assert [office.items(login)[0].urges for login in ("bob", "eve")] == [1, 1]


@pytest.mark.parametrize("act", [tasks.add_before, tasks.add_after])
def test_signers_before_and_after_are_reminded_three_times_then_their_manager_is_told(office, act):
    steps = limit('after="PT24H" do="remind" repeat="3"', 'after="P4D" do="escalate"')
    instance = office.begin(approval("check", steps, users="bob"))
    office.later(hours=1)
    office.act("bob", act, ["eve"])

    for count in (1, 2, 3):
        office.later(hours=24)
        assert office.items("eve")[0].urges == count
    office.later(hours=24)

    asked = [row for row in office.rows(instance) if row.assignee_id == office.who["eve"].user_id]
    done = [
        fact.data["do"] for fact in office.facts(instance, "task.timed_out") if fact.data["item"] == str(asked[0].id)
    ]
    assert done == ["remind"] * 3 + ["escalate"]
    assert [item.kind for item in office.items("cyd", "copied")] == ["copy"]


@pytest.mark.parametrize(("do", "status", "opinion"), [
    ("agree", "completed", "超时自动通过"), ("reject", "rejected", "超时自动驳回"),
])  # fmt: skip
def test_the_engine_decides_in_nobodys_name(office, do, status, opinion):
    instance = office.begin(approval("check", limit(f'after="PT1H" do="{do}"'), users="bob"))

    office.later(hours=1)

    assert office.status(instance) == status
    [row] = office.rows(instance)
    assert (row.decision_source, row.decided_by, row.opinion) == (Source.AUTO_TIMEOUT, None, opinion)


@pytest.mark.parametrize(("to", "asked"), [("manager", {"cyd"}), ("eve", {"eve"}), ("bob", {"dan"})])
def test_work_goes_to_somebody_else_or_to_the_administrators(office, to, asked):
    instance = office.begin(approval("check", limit(f'after="P1D" do="transfer" to="{to}"'), users="bob"))

    office.later(days=1)

    assert office.asked() == asked
    assert office.rows(instance)[-1].owner_id in (office.who["bob"].user_id, None)


@pytest.mark.parametrize(("to", "waits"), [("", "b"), ('to="a"', "a"), ('to="initiator"', "request")])
def test_work_goes_back_by_itself_in_nobodys_name(engine, clock, to, waits):
    back = limit(f'after="P1D" do="return" {to}')
    case = Case(engine, line(request(), step("a"), step("b"), step("c", back, back="")))
    case.agree("request", "a", "b")

    clock.advance(timedelta(days=1))
    case.jobs()

    assert case.waits == [waits]
    assert case.items("c", 1) == [("decided", "returned", "auto_timeout")]
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        rows = uow.execute(select(work_item).where(work_item.c.decision_source == int(Source.AUTO_TIMEOUT))).all()
    assert [(row.decided_by, row.opinion) for row in rows] == [(None, "超时自动退回")]
    login = {"b": "eve", "a": "bob", "request": "ann"}[waits]
    assert do(engine, case.who[login], tasks.get, case.item(login, waits)).note.by == ""
    case.agree(*("request", "a", "b", "c")[["request", "a", "b"].index(waits) :])
    assert case.status == "completed"


def test_work_that_cannot_go_back_stays_and_an_operator_is_told(engine, clock):
    case = Case(engine, line(step("c", limit('after="P1D" do="return"'))))

    clock.advance(timedelta(days=1))
    case.jobs()

    assert case.waits == ["c"]
    assert [found.code for found in case.view().incidents] == ["return_not_possible"]
    case.act(tasks.agree, "c")


def test_a_place_to_go_back_to_is_one_of_the_process(engine):
    with pytest.raises(DeploymentRefused, match="nowhere"), engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"p.bpmn": line(step("c", limit('after="P1D" do="return" to="nowhere"')))})


def test_a_decision_in_time_ends_the_limits(office):
    office.begin(approval("check", limit('after="PT1H" do="agree"'), users="bob,eve"))
    office.act("bob", tasks.agree)
    assert waiting(office) == 2  # the job of bob's item finds nothing to do

    office.act("eve", tasks.agree)
    assert waiting(office) == 0


def test_a_boundary_or_a_cancel_ends_the_limits(office):
    instance = office.begin(approval("check", limit('after="PT1H" do="agree"'), users="bob,eve"))

    with office.engine.unit_of_work(ENGINE) as uow:
        runtime.cancel(uow, instance, "wrong")

    assert waiting(office) == 0


def test_a_click_that_comes_after_the_limit_is_told_so(office):
    instance = office.begin(approval("check", limit('after="PT1H" do="agree"'), users="bob"))
    item = office.item("bob")
    office.later(hours=1)

    with pytest.raises(AlreadyDecided):
        office.do("bob", tasks.reject, item, "zu spät")
    assert office.status(instance) == "completed"


def test_limits_wait_while_others_are_asked_and_while_the_instance_stands_still(office):
    instance = office.begin(approval("check", limit('after="PT1H" do="agree"', 'after="PT3H" do="agree"'), users="bob"))
    own = office.item("bob")
    office.do("bob", tasks.delegate, own, "eve", "?")
    office.later(hours=1)
    assert office.status(instance) == "running"  # nobody may decide what waits for advice
    office.do("bob", tasks.hand_back, own)
    with office.engine.unit_of_work(ENGINE) as uow:
        runtime.suspend(uow, instance, "audit")
    office.later(hours=2)
    assert office.status(instance) == "suspended"
    with office.engine.unit_of_work(ENGINE) as uow:
        runtime.activate(uow, instance)
    jobs.run_due(office.engine)
    assert office.status(instance) == "completed"


def test_the_last_step_that_falls_due_while_advice_is_asked_for_is_not_lost(office):
    instance = office.begin(approval("check", limit('after="PT1H" do="agree"'), users="bob"))
    own = office.item("bob")
    office.do("bob", tasks.delegate, own, "eve", "?")
    office.later(hours=3)
    office.later(hours=3)
    assert office.status(instance) == "running"

    office.do("bob", tasks.hand_back, own)
    office.later(hours=1)

    assert office.status(instance) == "completed"
    assert [fact.data["do"] for fact in office.facts(instance, "task.timed_out")] == ["wait", "agree"]


def test_who_is_asked_for_advice_is_reminded_and_nothing_is_decided_for_him(office):
    steps = limit('after="PT1H" do="remind"', 'after="PT2H" do="transfer" to="fay"', 'after="PT3H" do="escalate"')
    instance = office.begin(approval("check", steps, users="bob"))
    own = office.item("bob")
    question = office.do("bob", tasks.delegate, own, "eve", "?")

    office.later(hours=1)
    assert office.items("eve")[0].urges == 1
    office.later(hours=2)

    assert office.asked() == {"eve"}
    assert [item.kind for item in office.items("cyd", "copied")] == ["copy"]
    asked = [fact.data["do"] for fact in office.facts(instance, "task.timed_out") if fact.data["item"] == str(question)]
    assert asked == ["remind", "escalate"]
    office.act("eve", tasks.hand_back, "!")
    assert office.asked() == {"bob"}


@pytest.mark.parametrize("way", ["by hand", "by time"])
def test_a_task_is_not_handed_to_whom_its_drawing_does_not_ask(office, way):
    """`onSelf` says that the requester decides on no request of his own."""
    rule = limit('after="PT1H" do="transfer" to="ann"') if way == "by time" else ""
    office.begin(approval("check", '<troika:onSelf do="forbid"/>', rule, users="bob"))

    if way == "by hand":
        with pytest.raises(CannotTransfer, match="own request"):
            office.act("bob", tasks.transfer, "ann", "出差")
        assert office.asked() == {"bob"}
    else:
        office.later(hours=1)
        assert office.asked() == {"dan"}  # the administrators


def test_a_limit_begins_once_when_the_turn_comes_again(office):
    """Those asked before have answered: one reminder, not one of the limit from before as well."""
    office.begin(approval("check", limit('after="PT2H" do="remind"'), users="bob"))
    office.act("bob", tasks.add_before, ["eve"])
    office.later(hours=1)
    office.act("eve", tasks.agree)
    assert office.asked() == {"bob"}

    office.later(hours=2)

    assert office.items("bob")[0].urges == 1
    assert waiting(office) == 0


def test_working_time_knows_national_day_and_a_make_up_saturday(office):
    """PT8H of work from Friday 16:00 before 国庆: one hour on each side of what lies between."""
    with office.engine.unit_of_work(ENGINE) as uow:
        workdays.ensure_cn(uow)
    office.clock.move_to(datetime(2026, 9, 30, 8, 0, tzinfo=UTC))  # Wednesday 16:00 in Shanghai
    office.begin(approval("check", limit('after="PT8H" do="remind"', calendar="work"), users="bob"))

    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        due = uow.execute(select(job.c.visible_at).where(job.c.kind == int(JobKind.TIMEOUT))).scalar_one()

    # 2 h on 30 September, 1 to 7 October are off, 6 h on Thursday 8: 09-12 and 13-16
    assert due == datetime(2026, 10, 8, 8, 0, tzinfo=UTC)
    office.clock.move_to(datetime(2026, 10, 9, 9, 0, tzinfo=UTC))  # Friday 17:00; Saturday 10 October is worked
    office.begin(approval("check", limit('after="PT2H" do="remind"', calendar="work"), users="eve"))
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        dues = uow.execute(select(job.c.visible_at).where(job.c.kind == int(JobKind.TIMEOUT))).scalars().all()
    assert datetime(2026, 10, 10, 2, 0, tzinfo=UTC) in dues
