"""Playing a draft step by step: what is seen, that going on gives what the whole gives, and that nothing leaves."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from engine import identity, policy, repository, runtime, scenarios, webhooks
from engine.db.identity import user_account
from engine.db.instance import instance
from engine.errors import DeploymentRefused, InvalidValue, OpinionRequired
from engine.feel.diagnostics import FeelSyntaxError
from engine.notices import hooks
from engine.process_engine import ProcessEngine
from engine.scenarios import NOW, World, WrongScenario, playing, saying, words, writing
from engine.scenarios.running import Failed
from engine.scenarios.stage import Stage, copied
from engine.settings import Settings
from engine.unit_of_work import ENGINE

LIBRARY = Path(__file__).parents[2]
DRAWING = "processes/oa/expense_claim.bpmn"
CLAIM = {"category": "meal", "amount": Decimal(2000), "reason": "广交会"}
MANAGER = {"task": "manager", "as": "bob", "agree": True}
DIRECTOR = {"task": "director", "as": "sun", "agree": True}
FINANCE = {"task": "finance", "as": "jiangyi", "agree": {"opinion": "= text"}}


@pytest.fixture(scope="module")
def trial(stage: World) -> Stage:
    """Beside the demo company, which is only read."""
    stage.again(NOW)
    return Stage(stage.engine)


def files(old="", new=""):
    return {DRAWING: (LIBRARY / DRAWING).read_text().replace(old, new or old).encode()}


def play(stage, *steps, given=CLAIM, sample=False, drawing=None):
    story = words.told(
        {"name": "trial", "as": "ann", "given": given, "steps": saying.steps(steps)}, {}, "expense_claim"
    )  # fmt: skip
    with stage.trying(drawing or files()) as world:
        run, stopped = playing.follow(stage, world, story, sample=sample)
        return run, stopped, run.position() if run.instance_id is not None else None


def seen(run):
    """Without what differs from run to run."""
    return [
        (act.flows, act.left, [(c.node, [(j.flow, j.value, j.taken) for j in c.judged], c.taken) for c in act.choices],
         [(fact.decision, fact.rules) for fact in act.decisions], [(call.operation, call.how) for call in act.calls])
        for act in run.seen
    ]  # fmt: skip


def test_playing_shows_who_is_asked_what_conditions_gave_which_rules_hit_and_what_was_called(trial):
    run, stopped, position = play(trial, MANAGER)

    assert stopped is None
    assert [(task.node, [user.login for user in task.people]) for task in position.tasks] == [("director", ["sun"])]
    assert position.view.markers == {"director": "active"}
    (decision,) = run.seen[0].decisions
    assert (decision.decision, decision.result) == ("expense_authority", "director")
    yes, needed = run.seen[1].choices
    assert [(one.value, one.taken) for one in yes.judged] == [(True, True)]
    assert (needed.node, needed.judged[0].condition, needed.judged[0].read) == (
        "needs_director", '= authority = "director"', {"authority": "director"},
    )  # fmt: skip
    assert ("expense_claim", "needs_director_to_director") in run.seen[1].flows

    run, _, position = play(trial, MANAGER, DIRECTOR)
    assert [call.operation for call in run.seen[2].calls][:1] == ["erp.book_expense_claim"]
    assert position.due[0].node == "finance_late"


def test_a_payment_past_its_approval_is_played_and_held_and_what_cannot_run_is_refused(trial):
    path = "processes/oa/direct_payment.bpmn"
    drawn = (LIBRARY / path).read_text().replace('targetRef="release"', 'targetRef="pay"')
    drawn = drawn.replace("<bpmn:incoming>submit_request_to_release</bpmn:incoming>", "")
    given = {"document_no": "D-1", "payee": "= people.ann", "amount": Decimal(50), "reason": "补付"}
    told = {"name": "trial", "as": "cash", "given": given, "steps": []}

    with trial.trying({path: drawn.encode()}) as world:
        run, stopped = playing.follow(trial, world, words.told(told, {}, "direct_payment"))
        (stuck,) = run.position().view.incidents

    assert (stopped, stuck.node, stuck.code) == (None, "pay", "policy-hold")
    gone = drawn.replace("erp.execute_payment", "erp.gone")
    with pytest.raises(DeploymentRefused) as refused, trial.trying({path: gone.encode()}):
        pass
    assert {one.rule for one in refused.value.findings} == {"reference-exists"}


def test_nothing_but_a_copy_in_memory_is_deployed_for_a_trial(tmp_path):
    kept = ProcessEngine(Settings(database_url=f"sqlite:///{tmp_path}/troika.db"))
    with pytest.raises(RuntimeError), kept.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, files(), trial=True)


def test_a_trial_that_goes_on_sees_what_one_from_the_start_sees(trial):
    steps = (MANAGER, DIRECTOR, {"after": "P2D"}, FINANCE)
    for number in range(len(steps) + 1):
        grown, _, _ = play(trial, *steps[:number])
    trial.forget()
    whole, stopped, position = play(trial, *steps)

    assert stopped is None
    assert seen(grown) == seen(whole)
    assert position.view.instance.ended_code == "paid"
    assert play(trial, *steps[:2])[2].tasks[0].node == "finance"  # a step back


def test_a_step_that_is_refused_leaves_the_trial_where_it_was(trial):
    _, stopped, position = play(trial, {"task": "manager", "as": "bob", "reject": ""})
    assert (stopped.number, type(stopped.error)) == (1, OpinionRequired)
    assert [task.node for task in position.tasks] == ["manager"]

    _, stopped, position = play(trial, MANAGER, FINANCE, DIRECTOR)
    assert stopped.number == 2
    assert [task.node for task in position.tasks] == ["director"]

    run, stopped, position = play(trial, given={"category": "meal"})
    assert (stopped.number, position, run.instance_id) == (0, None, None)


def test_operations_answer_as_told_with_samples_or_really_and_a_failure_is_tried_again(trial):
    told = {"operation": "erp.book_expense_claim", "raises": "OutOfOrder"}
    run, _, position = play(trial, MANAGER, DIRECTOR, told)
    assert [(call.how, call.code) for call in run.seen[2].calls] == [("told", "RuntimeError")]
    assert [(due.what, due.node) for due in position.due] == [("retry", "book")]

    run, _, _ = play(trial, MANAGER, DIRECTOR, told, {"after": "PT2M"})
    assert run.seen[3].calls[0].how == "run"

    run, _, _ = play(trial, MANAGER, DIRECTOR, sample=True)
    assert {call.how for call in run.seen[2].calls} == {"sample"}


@pytest.mark.parametrize("time", ['P1D") + duration("P2D', 'P1D"', "P1Y", "soon"])
def test_a_time_to_let_pass_is_a_duration_and_no_expression(trial, time):
    _, stopped, position = play(trial, MANAGER, {"after": time})

    assert stopped is not None
    assert stopped.number == 2
    assert isinstance(stopped.error, Failed)
    assert position.now == NOW


def test_a_drawing_with_errors_is_not_played_and_a_changed_one_is_played_as_it_stands(trial):
    with pytest.raises(DeploymentRefused):
        play(trial, drawing=files('assignee="', 'assignee="= nonsense('))
    renamed = files('authority = "director"', 'authority = "nobody"')
    _, stopped, position = play(trial, MANAGER, drawing=renamed)
    assert (stopped, [task.node for task in position.tasks]) == (None, ["finance"])


def test_what_a_person_types_is_never_an_expression():
    told = saying.steps([{"task": "a", "as": "b", "complete": {"text": '=1 + "2"', "list": ["= x"], "n": Decimal(1)}}])
    assert told[0]["complete"] == {"text": '= "=1 + \\"2\\""', "list": ['= "= x"'], "n": Decimal(1)}
    assert saying.lines('amount = 1 + 1\nname = "ann"') == {"amount": Decimal(2), "name": "ann"}
    for wrong, error in (("amount", InvalidValue), ("a b = 1", InvalidValue), ("amount = )", FeelSyntaxError)):
        with pytest.raises(error):
            saying.lines(wrong)


def test_the_stage_copies_an_installation_without_its_secrets_and_never_writes_to_it(company: World):
    with company.engine.unit_of_work(ENGINE) as uow:
        identity.set_password(uow, company.people["ann"], "correct horse battery")
        deployed = {info.key for info in repository.latest_all(uow)}
        in_use = set(uow.execute(select(user_account.c.login).where(user_account.c.disabled_at.is_(None))).scalars())
    with company.engine.unit_of_work(ENGINE, read_only=True) as uow:
        world = copied(uow, NOW)

    with world.acting("ann") as uow:
        runtime.start(uow, "expense_claim", dict(CLAIM))
        assert uow.execute(select(func.count(user_account.c.password_hash))).scalar() == 0
        assert {info.key for info in repository.latest_all(uow)} == deployed
    assert set(world.people) == in_use
    with company.engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(func.count()).select_from(instance)).scalar() == 0


def test_the_stage_has_the_policies_that_people_have_put_in_force(company: World):
    stated = (LIBRARY / "processes" / "policies.yml").read_text(encoding="utf-8").replace("people: 1\n", "people: 2\n")
    with company.acting("dina") as uow:
        proposal = next(one for one in policy.propose(uow, stated) if one.policy.id == "PAY-001")
    with company.acting("qian") as uow:
        repository.activate_policy(uow, proposal.id)

    with company.engine.unit_of_work(ENGINE, read_only=True) as uow:
        world = copied(uow, NOW)

    with world.acting("ann") as uow:
        assert [one.approvals[0].people for one in policy.in_force(uow) if one.id == "PAY-001"] == [2]


def test_a_message_of_a_draft_begins_the_deployed_process_that_awaits_it(trial):
    folder = LIBRARY / "processes/order_to_cash"
    told = (folder / "order_to_cash.scenarios.yml").read_text()
    stories = [
        story
        for story in scenarios.read(told, "scenarios", "order_to_cash")
        if story.name.labels["zh"] in ("缺货，经采购补货后发货", "以为有货其实没有，再次申请")
    ]

    with trial.trying({f"processes/order_to_cash/{file.name}": file.read_bytes() for file in folder.iterdir()
                       if file.suffix in (".bpmn", ".dmn")}) as world:  # fmt: skip
        outcomes = list(scenarios.play(stories, world))

    assert [(str(one.failure), one.passed) for one in outcomes] == [("", True), ("", True)]


def test_a_change_of_the_company_makes_a_new_copy(trial, stage):
    assert play(trial, MANAGER)[2].tasks[0].people[0].login == "sun"
    with stage.acting(None) as uow:
        identity.disable(uow, stage.people["sun"])
    try:
        assert "sun" not in [user.login for task in play(trial, MANAGER)[2].tasks for user in task.people]
    finally:
        stage.again(NOW)


def test_what_is_added_to_a_file_leaves_the_rest_as_it_stands_and_means_what_was_played():
    text = (LIBRARY / "processes/oa/expense_claim.scenarios.yml").read_text()
    item = {"name": "读了：= 1", "as": "ann", "given": {"amount": Decimal("2000.00"), "day": "2026-03-01", "yes": "no"},
            "steps": saying.steps([MANAGER, {"after": "P1D"}, FINANCE]), "ends in": "paid"}  # fmt: skip
    grown = writing.added(text, item, "expense_claim")

    assert grown.startswith(text.rstrip())
    *before, last = words.read(grown, "f", "expense_claim")
    assert before == words.read(text, "f", "expense_claim")
    assert last == replace(words.told(item, {}, "expense_claim"), process="expense_claim")
    assert words.read(writing.added("", item, "expense_claim"), "f", "expense_claim") == [last]
    with pytest.raises(writing.ScenarioNameTaken):
        writing.added(grown, item, "expense_claim")
    with pytest.raises(WrongScenario):
        writing.added("scenarios: [{name: a}]\n", item, "expense_claim")


def test_a_drawing_that_tells_other_systems_is_played_and_nothing_leaves(trial):
    told = '<troika:hook on="create" url="https://partner.example/x" secret="ref:hook1"/><troika:title'
    before, trial.engine.settings = (
        trial.engine.settings,
        replace(trial.engine.settings, outbound_allow="partner.example"),
    )
    try:
        with trial.engine.unit_of_work(ENGINE) as uow:
            secret = webhooks.add(uow, "hook1")
        run, stopped, position = play(trial, MANAGER, {"after": "P3D"}, drawing=files("<troika:title", told))
        with run.world.acting(None) as uow:
            events = [(delivery.state, delivery.status_code) for delivery in hooks.deliveries(uow)]
            known = webhooks.find(uow, "hook1").secrets
    finally:
        trial.engine.settings = before

    assert (stopped, position.view.incidents) == (None, [])
    assert events
    assert set(events) == {("sent", 204)}
    assert secret not in known
