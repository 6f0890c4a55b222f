"""Migration and tokens moved by hand, through the pages and the command line; the database does not matter here."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from engine import jobs, repository, runtime
from engine.db.job import batch
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import element, user
from tests.engine.bpmn.test_loops import multiple
from tests.engine.test_runtime import tallies
from tests.engine.test_undoing import TALLY
from tests.factories import begun, complete, deploy, look_at, straight
from tests.webui.drawings import CLAIM, CLAIM_FORM
from webui.cli import instance as commands

RENAMED = CLAIM.replace(b'id="approve" name="\xe5\xae\xa1\xe6\x89\xb9"', b'id="check" name="\xe5\xae\xa1\xe6\xa0\xb8"')
CHECKED = (
    RENAMED.replace(b'targetRef="approve"', b'targetRef="check"').replace(b'sourceRef="approve"', b'sourceRef="check"')
    .replace(b"approval.approve.outcome", b"approval.check.outcome").replace(b">Approve<", b">Check<")
)  # fmt: skip
"""the claim with its approval renamed and given another id"""


@pytest.fixture
def engine(_sqlite, clock):
    yield from _sqlite.lend(clock)


@pytest.fixture
def started(engine, app, people):
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        instance = runtime.start(uow, "claim", {"reason": "train", "amount": 12}).id
    jobs.run_due(engine)
    return instance


@pytest.fixture
def two_versions(engine, started):
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/claim.bpmn": CHECKED}, "another word")
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        new, old = (info.id for info in repository.versions(uow, "claim"))
    return {"source": str(old), "target": str(new)}


def standing(engine, instance):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        view = runtime.instance_view(uow, instance)
        return view.definition.version, view.markers


def test_a_plan_shows_what_is_lost_and_a_choice_lets_everybody_follow(engine, started, two_versions, sign_in):
    olga = sign_in("olga")
    assert "/cockpit/versions/claim/migrate?" in olga.get("/cockpit/versions/claim").text

    lost = olga.get("/cockpit/versions/claim/migrate", query_string={**two_versions, "dry": "1"}).text
    chosen = {**two_versions, "to:approve": "check"}
    found = olga.get("/cockpit/versions/claim/migrate", query_string={**chosen, "dry": "1"}).text

    assert "Migrate Claim" in lost
    assert "Versions of Claim" in lost
    assert "0 can follow" in lost
    assert 'id="plan" data-outdates="#outdated"' in lost
    assert '<span id="outdated" hidden>Update the plan first.</span>' in lost
    assert "waits, but the other version has no counterpart for it" in lost
    assert "1 can follow" in found
    assert re.search(r'<option value="check" selected>Check \(check\)', found)
    assert standing(engine, started) == (1, {"approve": "active"})

    answer = olga.post("/cockpit/versions/claim/migrate", data={**chosen, "reason": "a clearer word"})
    assert answer.status_code == 303
    assert "1 waiting" in olga.get(answer.location).text
    jobs.run_due(engine)

    page = olga.get(answer.location).text
    assert "1 moved" in page
    assert "a clearer word" in page
    assert standing(engine, started) == (2, {"check": "active"})
    assert "a clearer word" in olga.get("/cockpit/versions/claim").text


def test_a_refused_instance_is_a_result_with_its_reason(engine, started, two_versions, sign_in):
    olga = sign_in("olga")

    answer = olga.post("/cockpit/versions/claim/migrate", data={**two_versions, "reason": "try"})
    jobs.run_due(engine)

    page = olga.get(answer.location).text
    assert "1 refused" in page
    assert "has no counterpart for it" in page
    assert olga.get("/cockpit/incidents").text.count("No open incidents") == 1


def test_without_a_reason_the_plan_is_shown_again_with_what_was_chosen(engine, two_versions, sign_in):
    chosen = {**two_versions, "to:approve": "check", "reassign": "1"}

    answer = sign_in("olga").post("/cockpit/versions/claim/migrate", data={**chosen, "reason": " "})

    assert answer.status_code == 422
    assert "Expected a reason" in answer.text
    assert 'name="to:approve"' in answer.text
    assert re.search(r'name="reassign" value="1" checked', answer.text)


def test_one_instance_alone_is_migrated_from_its_page(engine, people, started, two_versions, sign_in):
    old = UUID(two_versions["source"])
    with engine.unit_of_work(Actor(people["bob"].id)) as uow:
        other = runtime.start(uow, "claim", {"reason": "x", "amount": 1}, definition_id=old).id
    olga = sign_in("olga")
    assert f"instance={started}" in olga.get(f"/cockpit/instances/{started}").text

    chosen = {**two_versions, "to:approve": "check", "reason": "only this", "instance": str(started)}

    olga.post("/cockpit/versions/claim/migrate", data=chosen)
    jobs.run_due(engine)

    assert (standing(engine, started)[0], standing(engine, other)[0]) == (2, 1)


@pytest.mark.parametrize("bound", [b"", b' bindingType="deployment"'], ids=["newest", "deployed together"])
def test_a_request_that_has_followed_shows_the_form_that_it_was_started_with(
    engine, app, people, clock, sign_in, bound
):
    named = b'formId="claim"'

    def deploy_with(form, drawing=CLAIM):
        drawing = drawing.replace(named + b"/>", named + bound + b"/>")
        with engine.unit_of_work(ENGINE) as uow:
            repository.deploy(uow, {"processes/claim.bpmn": drawing, "forms/claim.json": form})
        clock.advance(timedelta(minutes=1))
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            return str(repository.latest(uow, "claim").id)

    asked = CLAIM_FORM.replace(b'"Reason"', b'"Asked then"')
    source = deploy_with(asked)
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        key = runtime.start(uow, "claim", {"reason": "train", "amount": 12}).id
    jobs.run_due(engine)
    clock.advance(timedelta(minutes=1))
    target = deploy_with(CLAIM_FORM.replace(b'"Reason"', b'"Asked since"'), CHECKED)
    chosen = {"source": source, "target": target, "to:approve": "check", "reason": "newer", "instance": str(key)}
    sign_in("olga").post("/cockpit/versions/claim/migrate", data=chosen)
    jobs.run_due(engine)

    page = sign_in("ann").get(f"/requests/{key}").text

    assert standing(engine, key)[1] == {"check": "active"}
    assert ("Asked then" in page, "Asked since" in page) == (True, False)


def test_a_token_is_moved_after_a_look_and_with_a_reason(engine, started, sign_in):
    olga, address = sign_in("olga"), f"/cockpit/instances/{started}/modify"
    plain = olga.get(address).text
    token = re.search(r'name="cancel" value="(\d+)"', plain)[1]
    plan = {"cancel": token, "node": "pay", "where": "before", "variables": ""}

    look = olga.get(address, query_string={**plan, "look": "1"}).text
    assert "What would happen" in look
    assert re.search(r"closed</dt><dd[^>]*>Approve</dd>", look)
    assert re.search(r"opened</dt><dd[^>]*>Pay</dd>", look)
    assert standing(engine, started)[1] == {"approve": "active"}

    assert olga.post(address, data={**plan, "reason": ""}).status_code == 422
    assert olga.post(address, data={**plan, "reason": "the boss has called"}).status_code == 303

    assert standing(engine, started)[1] == {"pay": "active"}
    assert "the boss has called" in olga.get(f"/cockpit/instances/{started}").text


@pytest.fixture
def paid(engine, app, people):
    """An instance that has performed an operation which another one undoes."""
    deploy(engine, TALLY)
    key = begun(engine)
    complete(engine, key, "first")
    return key


def test_what_has_completed_is_undone_before_a_token_arrives(engine, paid, sign_in):
    olga, address = sign_in("olga"), f"/cockpit/instances/{paid}/modify"
    token = re.search(r'name="cancel" value="(\d+)"', olga.get(address).text)[1]
    plan = {"cancel": token, "node": "first", "where": "before", "variables": "", "compensate": "1"}

    look = olga.get(address, query_string={**plan, "look": "1"}).text
    assert re.search(r"undone first</dt><dd[^>]*>pay</dd>", look)
    assert 'name="compensate" value="1"' in look.partition('id="preview"')[2]
    assert olga.post(address, data={**plan, "reason": "wrong amount"}).status_code == 303

    assert tallies(engine) == {"paid": 1, "undone": 1}
    assert standing(engine, paid)[1] == {"first": "active"}


def test_the_command_line_undoes_what_has_completed_first(app, engine, paid):
    words = ["modify", str(paid), "--cancel", "last", "--start", "before:first", "--compensate", "--reason", "x"]

    with app.app_context():
        look = CliRunner().invoke(commands.group, [*words, "--dry-run"])
        done = CliRunner().invoke(commands.group, words)

    assert look.output.splitlines()[0] == "undone  pay"
    assert done.exit_code == 0
    assert tallies(engine) == {"paid": 1, "undone": 1}


@pytest.fixture
def shared_out(engine, app, people):
    """An instance in which two people work at once."""
    marker = multiple(inputCollection="= items", inputElement="item")
    task = element("userTask", "t", '<zeebe:assignmentDefinition candidateGroups="staff"/>', inner=marker)
    deploy(engine, straight(task, user("after")))
    return begun(engine, items=["x", "y"])


def test_one_instance_of_a_multi_instance_is_picked_by_its_number(engine, shared_out, sign_in):
    olga, address = sign_in("olga"), f"/cockpit/instances/{shared_out}/modify"
    shown = re.findall(
        r'value="(\d+)"><span class="form-check-label">t .*?(?:· instance (\d))?</span>', olga.get(address).text
    )
    token = next(number for number, turn in shown if turn == "2")

    assert olga.post(address, data={"cancel": token, "reason": "on leave"}).status_code == 303

    assert [turn for _, turn in shown if turn] == ["1", "2"]
    assert len(waiting(engine, shared_out)) == 1


def test_the_command_line_takes_one_instance_out(app, engine, shared_out):
    words = ["modify", str(shared_out), "--cancel", "t#1", "--reason", "on leave"]

    with app.app_context():
        assert CliRunner().invoke(commands.group, words).exit_code == 0

    assert len(waiting(engine, shared_out)) == 1


def waiting(engine, instance):
    return [token for token, _, kind in look_at(engine, instance).waits if kind == "work"]


def test_a_move_that_makes_no_sense_says_why(started, sign_in):
    olga, address = sign_in("olga"), f"/cockpit/instances/{started}/modify"
    token = re.search(r'name="cancel" value="(\d+)"', olga.get(address).text)[1]

    look = olga.get(address, query_string={"cancel": token, "look": "1"}).text
    answer = olga.post(address, data={"cancel": token, "reason": "x"})

    assert "Nothing would be left: cancel the instance instead." in look
    assert answer.status_code == 409
    assert "Nothing would be left" in answer.text


@pytest.mark.parametrize(
    "wrong", [{"instance": "x"}, {"source": "x"}, {"target": "0192f7a0-0000-7000-8000-000000000000"}]
)
def test_a_migration_of_what_does_not_exist_moves_nobody(engine, started, two_versions, sign_in, wrong):
    sent = {**two_versions, "to:approve": "check", "reason": "typed wrong"} | wrong

    answer = sign_in("olga").post("/cockpit/versions/claim/migrate", data=sent)
    jobs.run_due(engine)

    assert answer.status_code == 404
    assert standing(engine, started)[0] == 1
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(batch.c.id)).all() == []


# ---------------------------------------------------------------- command line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cancel", "chekc", "--start", "before:pay"], "expected one of 1, approve, found chekc"),
        (["--set", "x=1"], "expected --start"),
        (["--cancel", "approve", "--compensate"], "expected --start"),
        (["--set", "x=yes", "--start", "before:pay"], "expected NAME=JSON, found x=yes"),
    ],
)
def test_the_command_line_refuses_a_move_with_a_word_that_means_nothing(app, engine, started, words, said):
    with app.app_context():
        answer = CliRunner().invoke(commands.group, ["modify", str(started), *words, "--reason", "x"])

    assert answer.exit_code == 2
    assert said in re.sub(r"\d+, approve", "1, approve", answer.output)
    assert standing(engine, started)[1] == {"approve": "active"}


def test_the_command_line_rehearses_migrates_and_modifies(app, engine, started, two_versions):
    def run(*words):
        with app.app_context():
            return CliRunner().invoke(commands.group, words)

    from_to = ["--to", "2", "--map", "approve=check", "--reason", "clearer"]
    dry = run("migrate", "claim", *from_to, "--dry-run")
    assert (dry.exit_code, dry.output.splitlines()[-1]) == (0, "1 can follow, 0 cannot.")
    assert standing(engine, started)[0] == 1
    refused = run("migrate", str(started), "--to", "2", "--reason", "x")
    assert refused.exit_code == 1
    assert "has no counterpart" in refused.output
    done = run("migrate", str(started), *from_to)
    assert (done.exit_code, standing(engine, started)) == (0, (2, {"check": "active"}))

    move = ["modify", str(started), "--cancel", "check", "--start", "before:pay", "--reason", "urgent"]
    look = run(*move, "--dry-run")
    assert (look.exit_code, "opened  pay" in look.output) == (0, True)
    assert standing(engine, started)[1] == {"check": "active"}
    assert run(*move).exit_code == 0
    assert standing(engine, started)[1] == {"pay": "active"}
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(batch.c.id)).all() == []


def test_the_command_line_moves_all_of_a_process_by_a_batch(app, engine, started, two_versions):
    words = ["migrate", "claim", "--to", "2", "--map", "approve=check", "--reason", "clearer"]

    with app.app_context():
        done = CliRunner().invoke(commands.group, words)
    jobs.run_due(engine)

    assert done.exit_code == 0
    assert "1 instances" in done.output
    assert standing(engine, started)[0] == 2
