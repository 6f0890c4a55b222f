"""How scenarios went last is kept: of the draft, of the version that it becomes, of everything deployed at night. The
database does not matter: that both hold them is looked at where the schema is."""

import html
import re
from datetime import timedelta

import pytest

from engine import drafts, jobs, repository
from engine.dispatch import housekeeping
from engine.scenarios import lasting
from engine.unit_of_work import ENGINE
from tests.webui.drawings import CLAIM
from tests.webui.publishing import publish

PATH = "processes/oa/claim.bpmn"
TOLD = PATH.replace(".bpmn", ".scenarios.yml")
GOOD, BAD = "waits for the manager", "is paid at once"
RENAMED = CLAIM.replace("审批".encode(), "审核".encode())


def file(*names):
    tasks = {GOOD: "approve", BAD: "pay"}
    return "scenarios:\n" + "".join(
        f"  - {{name: {name}, as: ann, given: {{reason: train, amount: 12}}, tasks: [{tasks[name]}]}}\n"
        for name in names
    )


def drawn(engine, path, content, version=0):
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(
            uow, path, content if isinstance(content, bytes) else content.encode(), version=version, name="报销"
        )


def kept(engine):
    """By version: how many were played and which failed."""
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        runs = lasting.of(uow, "claim")
    return {version: (len(run.results), [str(one.name) for one in run.failed]) for version, run in runs.items()}


def text_of(visitor, address):
    page = visitor.get(address).text.partition("<main")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.fixture
def engine(_sqlite, clock):
    yield from _sqlite.lend(clock)


@pytest.fixture
def root(sign_in):
    return sign_in("root")


def test_what_fails_stands_on_the_list_the_versions_and_at_home_until_it_passes(root, engine, clock):
    drawn(engine, TOLD, file(GOOD, BAD))
    assert ["not run" in text_of(root, page) for page in ("/designer/", "/designer/versions/claim")] == [True, True]
    assert "Draft: Scenarios now" in text_of(root, "/designer/")
    assert "its forms or scenarios are edited" in text_of(root, "/designer/versions/claim")
    assert f"Scenarios {TOLD}" in text_of(root, f"/designer/review/{PATH}")

    root.post("/designer/scenarios/claim")

    assert "1 of 2 failed draft · now · 1 of 5 flows" in text_of(root, "/designer/")
    assert f"Claim: 1 of 2 scenarios failed. {BAD}" in text_of(root, "/")
    assert f'href="/designer/scenarios/claim#scenario-1">{BAD}<' in root.get("/").text
    page = root.get("/designer/scenarios/claim").text
    assert re.search(rf'id="scenario-1"><td>{BAD}<div[^>]*>Expected [^<]*pay, found approve', page)

    clock.advance(timedelta(minutes=1))
    drawn(engine, TOLD, file(GOOD), version=1)
    assert "changed since" in text_of(root, "/designer/")
    assert "have changed since: run them again" in text_of(root, "/designer/scenarios/claim")
    root.post("/designer/scenarios/claim")
    assert "1 passed draft" in text_of(root, "/designer/")
    assert "scenarios failed" not in text_of(root, "/")


def test_what_a_draft_gave_is_true_of_the_version_that_it_becomes_unless_another_was_tried(root, engine):
    drawn(engine, TOLD, file(GOOD))
    drawn(engine, PATH, RENAMED)
    root.post("/designer/publish/claim/scenarios")
    assert kept(engine) == {0: (1, [])}

    assert publish(root, "claim").status_code == 303

    assert kept(engine) == {2: (1, [])}
    assert "1 passed now" in text_of(root, "/designer/versions/claim")
    assert "have changed" not in text_of(root, "/designer/scenarios/claim")
    drawn(engine, PATH, CLAIM, version=1)
    root.post("/designer/scenarios/claim")
    drawn(engine, PATH, CLAIM.replace("审批".encode(), "决定".encode()), version=2)
    assert (publish(root, "claim", etag="3").status_code, kept(engine)) == (303, {2: (1, [])})


def test_at_night_those_of_everything_deployed_are_played_once_and_whoever_asks_has_them_at_once(root, engine, clock):
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {PATH: RENAMED, TOLD: file(GOOD, BAD).encode()})

    def night():
        housekeeping.run(engine)
        return jobs.run_due(engine), kept(engine)

    night()
    assert kept(engine) == {}, "what came after the last night waits for the next"
    clock.advance(timedelta(hours=24))
    assert night()[1] == {2: (2, [BAD])}
    assert "1 of 2 failed now" in text_of(root, "/designer/")

    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {TOLD: file(GOOD).encode()})
    night()
    assert kept(engine) == {2: (2, [BAD])}, "this night's are over"
    root.post("/designer/scenarios")
    assert "are being played" in text_of(root, "/designer/")
    jobs.run_due(engine)
    assert kept(engine) == {2: (1, [])}
    assert "All scenarios were played last: now" in text_of(root, "/designer/")


def test_what_a_version_gave_is_shown_of_that_version_while_something_else_is_drawn(root, engine):
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {PATH: RENAMED, TOLD: file(GOOD, BAD).encode()})
    root.post("/designer/scenarios")
    jobs.run_due(engine)
    drawn(engine, PATH, CLAIM)
    drawn(engine, TOLD, file(GOOD))

    link = re.search(rf'href="([^"#]+)#scenario-1">{BAD}<', root.get("/").text).group(1)
    page = root.get(link).text

    assert link == "/designer/scenarios/claim?version=2"
    assert "1 of 2 scenarios failed. Version 2" in text_of(root, link)
    assert re.search(rf'id="scenario-1"><td>{BAD}<div[^>]*>Expected [^<]*pay, found approve', page)
    assert ("Run all" in page, "/remove" in page, "Play in steps" in page) == (False, False, False)
    assert "not run" in text_of(root, "/designer/scenarios/claim"), "what is drawn was not played"
    assert root.get("/designer/scenarios/claim?version=1").status_code == 404, "nothing is kept of it"


def test_a_file_of_scenarios_that_cannot_be_read_any_more_fails_and_keeps_no_other_from_being_played(engine, root):
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {PATH: RENAMED, TOLD: b"scenarios: [{nonsense: 1}]"})
    root.post("/designer/scenarios")

    jobs.run_due(engine)

    assert kept(engine) == {2: (1, ["scenarios"])}
