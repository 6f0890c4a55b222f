"""What a check finds explains itself: a part of a page for each rule, and where it is reached from."""

import re

import pytest

from engine import drafts
from engine.lint.examples import EXAMPLES
from engine.unit_of_work import ENGINE
from tests.webui.drawings import CLAIM
from webui.designer.thumbnail import thumbnail

PART = {"HX-Request": "true"}


@pytest.fixture
def engine(_sqlite, clock):
    yield from _sqlite.lend(clock)


@pytest.fixture
def ana(analyst):
    return analyst("ana", "安娜")


def test_every_explanation_is_drawn_wrong_and_right_in_both_languages(ana):
    for key, example in EXAMPLES.items():
        english, chinese = (
            ana.get(f"/designer/rules/{key}", headers=PART | {"Accept-Language": language}).text
            for language in ("en", "zh-CN")
        )
        for part in (english, chinese):
            assert part.count('<svg class="tk-thumbnail"') == 2, key
            assert part.count('<g class="tk-is-wrong"') == 1, key
        assert ("Wrong" in english, "Right" in english) == (True, True)
        assert ("错</b>" in chinese, "对</b>" in chinese) == (True, True), key
        assert not re.search(r"[\u4e00-\u9fff]", re.sub(r"付款", "", english)), key
        assert example.why not in chinese


def test_a_browser_that_has_an_explanation_is_not_sent_it_again(ana):
    address = "/designer/rules/sound.starved"

    first = ana.get(address, headers=PART)
    again = ana.get(address, headers=PART | {"If-None-Match": first.headers["ETag"]})
    other = ana.get(address, headers=PART | {"If-None-Match": first.headers["ETag"], "Accept-Language": "zh-CN"})

    assert first.headers["Cache-Control"] == "private, no-cache"
    assert (again.status_code, again.data) == (304, b"")
    assert other.status_code == 200
    assert ana.get(address).headers["Cache-Control"] == "no-store"
    assert ana.get("/designer/rules/nothing", headers=PART).headers["Cache-Control"] == "no-store"


def test_all_of_them_stand_on_one_page_and_what_is_not_there_is_said(ana):
    page = ana.get("/designer/rules/").text

    assert re.findall(r'<details class="tk-why" hx-get="/designer/rules/([\w.-]+)"', page) == list(EXAMPLES)
    assert "A join waits for ever" in page
    assert "A join waits for ever" in ana.get("/designer/rules/", headers=PART).text
    assert (missing := ana.get("/designer/rules/nothing")).status_code == 404
    assert "nothing" in missing.text


def test_a_finding_says_where_it_is_explained_on_the_canvas_and_before_publishing(ana, engine):
    lacking = CLAIM.replace(b'default="no"', b"")
    assert lacking != CLAIM
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "processes/oa/claim.bpmn", lacking, name="报销")

    found = ana.post("/designer/lint", json={"key": "claim", "xml": lacking.decode()}).json["findings"]
    pages = [ana.get(f"/designer/{page}").text for page in ("publish/claim", "review/processes/oa/claim.bpmn")]

    assert ("gateway-default-flow", "/designer/rules/gateway-default-flow") in [
        (one["rule"], one["why"]) for one in found
    ]
    for page in pages:
        assert '<details class="tk-why" hx-get="/designer/rules/gateway-default-flow"' in page


def test_a_picture_with_words_shows_signs_and_the_default_flow(app):
    wrong, right = EXAMPLES["gateway-default-flow"].drawings
    timed = EXAMPLES["boundary-leads-nowhere"].drawings[0]

    with app.test_request_context():
        lines = [thumbnail(drawing, labelled=True).count("<polyline") for drawing in (wrong, right)]
        clock = thumbnail(timed, labelled=True)
        framed = thumbnail(wrong, labelled=True, marks={"p": "wrong"}, prefix="of-")

    assert lines[1] - lines[0] == 1
    assert (clock.count('class="tk-sign"'), clock.count('stroke-dasharray="4 3"')) == (1, 2)
    assert '<g class="tk-is-wrong" id="of-p"><rect class="tk-t-process"' in framed
    assert "tk-sign" not in thumbnail(timed)
