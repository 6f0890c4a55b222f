"""Playing a draft through its address: the panel, what a refusal keeps, and that nothing is stored."""

import html
import json
import re

import pytest
from sqlalchemy import func, select

from engine import drafts, operations
from engine.db.history import history
from engine.db.instance import instance
from engine.unit_of_work import ENGINE
from tests.webui.drawings import CLAIM
from tests.webui.publishing import published
from webui import refusals

GIVEN = {"reason": "客户午餐", "amount": 12.5}


@pytest.fixture
def play(sign_in):
    """Ask with the claim as it is drawn, `change` for what differs; JSON of the answer."""
    root = sign_in("root")

    def ask(expected=200, **change):
        sent = {"xml": CLAIM.decode(), "person": "ann", "given": GIVEN, "steps": [], **change}
        answer = root.post("/designer/play/claim", json=sent, headers={"Accept": "application/json"})
        assert answer.status_code == expected, (change, answer.text)
        return answer.json

    return ask


def test_an_analyst_plays_a_claim_as_its_people_and_nothing_is_stored(play, engine):
    begun = play(given=None)
    assert (begun["started"], begun["flows"]) == (False, [])
    assert "F_reason" in begun["html"]
    assert 'value="ann" selected' in begun["html"]

    started = play()
    assert (started["markers"], started["flows"]) == ({"begin": "passed", "approve": "active"}, ["f1"])
    for text in ("Approve", "Bob", "Carl", "F_centre", "12.5", "One day later"):
        assert text in started["html"]

    agreed = play(steps=[{"task": "approve", "as": "bob", "agree": {"cost_centre": "=1+1"}}])
    assert (agreed["markers"]["pay"], agreed["fresh"]) == ("active", ["f2", "yes"])
    assert "approval.approve.outcome" in agreed["html"]
    assert "=1&#43;1" in agreed["html"].replace("=1+1", "=1&#43;1")

    paid = play(steps=[{"task": "approve", "as": "carl", "agree": {}}, {"task": "pay", "as": "ann", "complete": {}}])
    assert (paid["ended"], paid["steps"]) == ("paid", 2)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert [uow.execute(select(func.count()).select_from(table)).scalar() for table in (instance, history)] == [
            0,
            0,
        ]


def test_the_panel_speaks_in_the_words_of_forms_and_drawing_and_says_what_is_waited_for(play):
    agreed = play(steps=[{"task": "approve", "as": "bob", "agree": {"cost_centre": "R1"}}])
    for text in ("Amount <code>amount</code>", "Cost centre <code>cost_centre</code>", "Approve agreed → yes"):
        assert text in agreed["html"]
    returnable = CLAIM.decode().replace("<troika:approval ", "<troika:return targets='initiator'/><troika:approval ")
    assert '<option value="initiator">The requester</option>' in play(xml=returnable)["html"]

    calls = (
        '<serviceTask id="tell" name="告知"><extensionElements><zeebe:taskDefinition type="notification.notify"/>'
        '<zeebe:ioMapping><zeebe:input source="= [process.initiator.id]" target="user_ids"/>'
        '<zeebe:input source="= &quot;hello&quot;" target="title"/></zeebe:ioMapping></extensionElements></serviceTask>'
        '<sequenceFlow id="f0" sourceRef="begin" targetRef="tell"/><endEvent'
    )
    called = (
        CLAIM.decode().replace("<endEvent", calls, 1).replace('id="f1" sourceRef="begin"', 'id="f1" sourceRef="tell"')
    )
    broken = play(xml=called, steps=[{"operation": "notification.notify", "raises": "OutOfOrder"}])["html"]
    assert "technical failure" in broken
    assert re.search(r"Receivers <code>user_ids</code></th><td [^>]*>[0-9a-f-]{36}</td>", broken)
    assert "Nobody is asked now. It waits for:" in broken
    assert "“告知” is tried again" in broken
    assert "RuntimeError" not in broken


def test_a_table_that_cannot_be_read_is_named_and_not_left_out(play, engine, sign_in):
    asks = (
        '<businessRuleTask id="level" name="权限"><extensionElements><zeebe:calledDecision decisionId="level"'
        ' resultVariable="level"/></extensionElements></businessRuleTask>'
        '<sequenceFlow id="f0" sourceRef="begin" targetRef="level"/><endEvent'
    )
    xml = CLAIM.decode().replace("<endEvent", asks, 1).replace('id="f1" sourceRef="begin"', 'id="f1" sourceRef="level"')
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "processes/oa/level.dmn", b"<definitions><decision", name="级别")

    refused = play(422, xml=xml)

    assert "级别" in refused["detail"]
    assert ("xml", "error") in [(one["rule"], one["level"]) for one in refused["findings"]]
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "processes/oa/claim.bpmn", xml.encode())
    page = sign_in("root").post("/designer/scenarios/claim")
    assert "级别" in page.text


def test_what_was_chosen_and_who_is_asked_about_are_said_in_words(play, engine, people):
    form = {
        "id": "claim", "type": "default", "components": [
            {"id": "a", "type": "taglist", "key": "tags", "label": "标签",
             "values": [{"label": "甲", "value": "x"}, {"label": "乙", "value": "y"}]},
            {"id": "b", "type": "person", "key": "boss", "label": "老板"},
            {"id": "c", "type": "person", "key": "team", "label": "团队", "multiple": True},
        ],
    }  # fmt: skip
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "forms/oa/claim.json", json.dumps(form | {"id": "oa/claim"}).encode())
    drawing = CLAIM.decode().replace('formId="claim"', 'formId="oa/claim"')
    drawing = drawing.replace('approval.approve.outcome = "agree"', 'process.initiator.login = "ann"')
    given = {"tags": ["x", "y"], "boss": "bob", "team": ["carl", "ann"]}

    agreed = play(xml=drawing, given=given, steps=[{"task": "approve", "as": "bob", "agree": {}}])["html"]

    for words in ("甲, 乙", "Carl, Ann", "Requester is Ann → yes"):
        assert words in agreed
    assert re.search(r"<code>boss</code>.{0,80}Bob", agreed, re.DOTALL)


def test_what_was_typed_for_a_step_that_is_taken_back_is_shown_again(play):
    typed = {"cost_centre": "R1"}
    fresh, again = (play(at=["approve", "bob"], typed=typed, again=again)["html"] for again in (False, True))
    assert ("R1" in fresh, "R1" in again) == (False, True)
    assert "12.5" in play(given=None, typed=GIVEN)["html"]


def test_a_refused_step_says_why_and_shows_what_was_typed(play):
    wrong = play(422, given={"amount": 12}, typed={"amount": 12})
    assert not wrong["started"]
    assert "Reason" in wrong["html"]

    step = {"task": "approve", "as": "bob", "agree": {"amount": 99}}
    refused = play(422, steps=[step], typed={"amount": 99}, at=["approve", "bob"])
    assert refused["stopped"] == 1
    assert 'role="alert"' in refused["html"]

    gone = play(steps=[{"task": "pay", "as": "ann", "complete": {}}, {"after": "P1D"}])
    assert (gone["stopped"], gone["steps"]) == (1, 0)
    assert "Step 1 cannot be done any more" in gone["html"]


def test_a_drawing_with_errors_says_what_is_wrong_with_it_and_calls_its_elements_by_name(sign_in, play, engine):
    answer = play(422, xml=CLAIM.decode().replace('formId="approval"', 'formId="nowhere"'))
    assert answer["findings"][0]["element"] == "approve"
    open_ended = CLAIM.decode().replace('targetRef="agreed"', 'targetRef="gone"')
    said = "Flow 'Approve → gone' leads from 'Approve' to 'gone', but not both stand in the scope 'Claim'."
    assert said in [one["message"] for one in play(422, xml=open_ended)["findings"]]
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "processes/oa/claim.bpmn", open_ended.encode())

    ran = sign_in("root").post("/designer/scenarios/claim")

    assert (ran.status_code, "The drawing cannot be tried while it has errors." in ran.text) == (422, True)
    assert said in html.unescape(ran.text)
    assert '<a href="/designer/edit/claim#f2">Approve → gone</a>' in ran.text


def test_what_makes_no_sense_is_refused(play):
    assert play(404, person="nobody")["code"] == "not_found"
    for wrong in (
        {"steps": [1]}, {"steps": "x"}, {"steps": [{"task": "approve"}]}, {"steps": [{"eval": "1"}]},
        {"steps": [{"after": "tomorrow"}]}, {"steps": [{"after": "P1D"}] * 301}, {"given": {"process": 1}},
        {"given": {"amount": "\0"}}, {"xml": 1}, {"xml": "<no"}, {"steps": [{"message": "x", "with": "a = ("}]},
        {"at": [1]}, {"steps": [{"operation": ["x"]}]}, {"steps": [{"operation": "x", "fails with": {}}]},
        {"steps": [{"operation": "x", "times": "often"}]}, {"steps": [{"operation": "x", "returns": [1]}]},
        {"steps": [{"message": "m", "key": {"$": 5}}]}, {"steps": [{"message": "m", "key": {"$": ["dec", "x"]}}]},
        {"steps": [{"signal": "s", "with": [1]}]}, {"steps": [{"task": "approve", "as": ["bob"], "agree": True}]},
    ):  # fmt: skip
        assert play(422, **wrong), wrong


def test_what_was_played_is_kept_as_a_scenario_that_is_run_and_shows_what_it_covers(sign_in, play):
    root = sign_in("root")
    steps = [{"task": "approve", "as": "bob", "agree": {"cost_centre": "=1+1"}},
             {"task": "pay", "as": "ann", "complete": {}}]  # fmt: skip
    sent = {"xml": CLAIM.decode(), "person": "ann", "given": GIVEN, "steps": steps, "name": "付款了"}
    asks = {"Accept": "application/json"}
    assert root.post("/designer/play/claim/scenario", json=sent, headers=asks).status_code == 201
    assert root.post("/designer/play/claim/scenario", json=sent, headers=asks).json["code"] == "scenario_name_taken"
    assert root.post("/designer/play/claim/scenario", json={**sent, "name": " "}, headers=asks).status_code == 422
    waits = {**sent, "steps": [], "name": "等经理"}
    assert root.post("/designer/play/claim/scenario", json=waits, headers=asks).status_code == 201

    assert "not run" in root.get("/designer/scenarios/claim").text
    page = root.post("/designer/scenarios/claim", follow_redirects=True).text
    assert "All 2 scenarios passed." in page
    assert "data-flows>4 / 5<" in page
    assert "data-outcomes>1 / 2<" in page
    assert "同意？ → 否 → 已驳回" in page
    assert root.get("/designer/scenarios/nothing").status_code == 404

    assert root.post("/designer/scenarios/claim/remove", data={"name": "no such"}).status_code == 404
    for left in ("等经理", ""):
        name = "等经理" if not left else "付款了"
        page = root.post("/designer/scenarios/claim/remove", data={"name": name}, follow_redirects=True).text
        assert (f'value="{name}"' in page, left in page) == (False, True)
    assert "There is no scenario yet." in page
    assert root.post("/designer/play/claim/scenario", json=waits, headers=asks).status_code == 201


def test_a_scenario_of_the_file_is_played_step_by_step_and_left_for_another_way(sign_in, play):
    root = sign_in("root")
    steps = [{"task": "approve", "as": "bob", "agree": {"cost_centre": "R1"}},
             {"task": "pay", "as": "ann", "complete": {}}]  # fmt: skip
    sent = {"xml": CLAIM.decode(), "person": "ann", "given": GIVEN, "steps": steps, "name": "付款了"}
    asks = {"Accept": "application/json"}
    assert root.post("/designer/play/claim/scenario", json=sent, headers=asks).status_code == 201
    assert "/designer/edit/claim?scenario=" in root.get("/designer/scenarios/claim").text

    def at(acts, **more):
        return play(given=None, follows={"name": "付款了", "acts": acts}, **more)

    begun, agreed, paid = (at(acts) for acts in range(3))
    assert [one["markers"] for one in (begun, agreed)] == [
        {"begin": "passed", "approve": "active"}, play(steps=steps[:1])["markers"],
    ]  # fmt: skip
    assert ['data-play="next"' in one["html"] for one in (begun, agreed, paid)] == [True, True, False]
    assert (paid["ended"], paid["follows"]) == ("paid", {"name": "付款了", "acts": 2, "all": 2})
    other = at(0, steps=[{"task": "approve", "as": "bob", "reject": {"opinion": "no"}}])
    assert (other["ended"], 'data-play="next"' in other["html"]) == ("rejected", False)
    play(404, given=None, follows={"name": "no such", "acts": 0})
    play(422, given=None, follows={"name": "付款了", "acts": -1})
    assert at(1e300)["follows"] == paid["follows"]


def test_every_code_with_which_an_operation_refuses_has_words(app):
    with app.test_request_context():
        shipped = [one for one in operations.catalog().values() if one.function.__module__.startswith("engine.")]
        codes = {code for operation in shipped for code in operation.errors}
        assert len(codes) > 40
        assert [code for code in sorted(codes) if refusals.refusal(code) == code] == []
        assert refusals.refusal("ELSEWHERE.1") == "ELSEWHERE.1"


def test_scenarios_are_published_with_the_drawing(sign_in, play, engine):
    root = sign_in("root")
    asks = {"Accept": "application/json"}
    sent = {"xml": CLAIM.decode(), "person": "ann", "given": GIVEN, "steps": [], "name": "等经理"}
    root.post("/designer/play/claim/scenario", json=sent, headers=asks)
    saved = root.put("/designer/drafts/claim", json={"xml": sent["xml"]}, headers={"If-Match": "0"} | asks)
    assert published(root, "claim", saved.json["etag"]) == 1
    with engine.unit_of_work(ENGINE) as uow:
        for info in drafts.list_(uow):
            drafts.discard(uow, info.path)

    assert "等经理" in root.get("/designer/scenarios/claim").text

    told = b"scenarios: [{name: paid, as: ann, given: {reason: x, amount: 12.50}, tasks: [pay]}]"
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "processes/oa/claim.scenarios.yml", told, version=0)
    page = root.post("/designer/scenarios/claim", headers={"Accept-Language": "zh-CN"}, follow_redirects=True).text
    assert "预期未完成的任务为 pay，实际为 approve。" in page
