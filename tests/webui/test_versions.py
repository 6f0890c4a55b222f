"""Versions of a process and their difference, as an analyst reads them; the database does not matter here."""

import re
from pathlib import Path

import pytest

from engine import drafts, repository, runtime
from engine.unit_of_work import ENGINE, Actor
from tests.webui.drawings import CLAIM
from webui.designer.thumbnail import thumbnail

PATH = "processes/oa/claim.bpmn"
LEAVE = Path(__file__).parents[2] / "processes" / "oa" / "leave_request.bpmn"
NEWER = CLAIM.replace("审批".encode(), "审核".encode()).replace(b">Approve<", b">Check<")


@pytest.fixture
def engine(_sqlite, clock):
    yield from _sqlite.lend(clock)


@pytest.fixture
def ana(engine, people, analyst):
    """An analyst; ann has begun a claim by version 1, ana has deployed version 2."""
    visitor = analyst("ana", "安娜")
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        runtime.start(uow, "claim", {"reason": "train", "amount": 12})
    with engine.unit_of_work(Actor(people["ana"].id)) as uow:
        repository.deploy(uow, {PATH: NEWER}, "审批改称审核")
    return visitor


def text_of(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def save(engine, content):
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, PATH, content, version=0, name="报销")


def test_versions_say_who_deployed_them_why_what_runs_and_whether_they_prove(ana, engine):
    shown = text_of(ana.get("/designer/versions/claim"))

    assert re.search(r"Version 2 new requests follow it .* 安娜 · .* 审批改称审核 0 running", shown)
    assert re.search(r"Version 1 .* 1 running", shown)
    assert shown.count("no guarded operation") == 2


def test_a_difference_names_elements_and_properties_in_words(ana):
    shown = text_of(ana.get("/designer/difference/claim"))

    assert "changed 1" in shown
    assert re.search(r"User task · approve changed Name Before 审批 After 审核", shown)


def test_a_picture_marks_what_differs_with_a_badge_and_an_anchor():
    drawn = thumbnail(LEAVE.read_bytes(), marks={"manager": "changed", "hr": "removed"}, prefix="before-")

    assert dict(re.findall(r'<g class="(tk-is-\w+)" id="(\S+)"', drawn)) == {
        "tk-is-changed": "before-manager", "tk-is-removed": "before-hr",
    }  # fmt: skip


def test_the_draft_is_compared_with_the_newest_version_and_a_draft_that_cannot_be_read_says_why(ana, engine):
    save(engine, NEWER.replace("审核".encode(), "复核".encode()))
    assert "Before 审核 After 复核" in text_of(ana.get("/designer/difference/claim"))
    assert "Draft not published" in text_of(ana.get("/designer/versions/claim"))

    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, PATH, b"<broken", version=1, name="报销")
    answer = ana.get("/designer/difference/claim")
    assert answer.status_code == 422
    assert "cannot be compared" in answer.text


def test_a_version_of_another_process_is_not_taken_for_one_of_this(ana):
    for wrong in ("before=draft", "after=00000000-0000-0000-0000-000000000000"):
        assert ana.get(f"/designer/difference/claim?{wrong}").status_code == 404
    assert ana.get("/designer/difference/nothing").status_code == 404


def test_a_version_does_not_differ_from_itself(ana, engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        newest = repository.latest(uow, "claim").id

    assert "The two do not differ" in ana.get(f"/designer/difference/claim?before={newest}&after={newest}").text
