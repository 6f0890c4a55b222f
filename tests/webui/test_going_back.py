"""Going back and ending over the wire: the same verbs, the same refusals."""

import pytest

from engine import repository
from engine.unit_of_work import ENGINE
from tests.engine.bpmn.drawing import END, START, drawing, flows

pytestmark = pytest.mark.approvals


def step(key: str, who: str) -> str:
    return (
        f'<userTask id="{key}" name="{key}"><extensionElements><zeebe:assignmentDefinition candidateUsers="{who}"/>'
        '<troika:approval mode="any" onReject="end"/><troika:return targets="any" resubmit="stepwise backToMe"/>'
        "</extensionElements></userTask>"
    )


@pytest.fixture
def begun(engine, app, sign_in):
    """A request of Ann that waits for Bob, then for Carl."""
    xml = drawing(START + step("a", "bob") + step("b", "carl") + END + flows("start a b end"), process_id="sent")
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/sent.bpmn": xml})
    answer = sign_in("ann").post("/api/v1/instances/", json={"key": "sent"})
    assert answer.status_code == 201, answer.text
    return f"/api/v1/instances/{answer.json['id']}"


def first(visitor):
    return "/api/v1/tasks/" + visitor.get("/api/v1/tasks/").json["items"][0]["id"]


def test_a_task_is_sent_back_and_says_why(begun, sign_in):
    bob, carl = sign_in("bob"), sign_in("carl")
    assert bob.post(f"{first(bob)}/agree", json={}).status_code == 204
    item = first(carl)
    assert "return" in carl.get(item).json["actions"]
    assert [(found["target"], found["refused"]) for found in carl.get(f"{item}/return-targets").json] == [
        ("initiator", []), ("a", []),
    ]  # fmt: skip

    refused = carl.post(f"{item}/return", json={"target": "nowhere", "opinion": "no"})
    done = carl.post(f"{item}/return", json={"target": "a", "opinion": "no receipt", "request_id": "1"})

    assert (refused.status_code, refused.json["code"]) == (422, "return_not_possible")
    assert "'nowhere' was not passed" in refused.json["detail"]
    assert (done.status_code, done.json["target"], done.json["incident_id"]) == (200, "a", None)
    note = bob.get(first(bob)).json["note"]
    assert (note["by"], note["opinion"], note["straight"]) == ("Carl", "no receipt", False)
    assert bob.post(f"{first(bob)}/resubmission", json={}).json == {"straight": False, "changed": [], "again": []}
    assert bob.post(f"{first(bob)}/opened", json={}).status_code == 204


def test_a_decision_is_taken_back(begun, sign_in):
    bob = sign_in("bob")
    item = first(bob)
    bob.post(f"{item}/agree", json={})

    assert bob.get(item).json["actions"] == ["recall"]
    assert bob.post(f"{item}/recall", json={}).status_code == 204
    assert len(bob.get("/api/v1/tasks/").json["items"]) == 1


def test_a_request_is_withdrawn_and_its_draft_submitted_again(begun, sign_in):
    ann = sign_in("ann")
    assert ann.get(f"{begun}/acts").json == {"acts": ["withdraw", "void", "copy"]}
    assert sign_in("dora").get(f"{begun}/acts").status_code == 404

    draft_id = ann.post(f"{begun}/withdraw", json={"reason": "wrong"}).json["draft_id"]

    (draft,) = ann.get("/api/v1/drafts/").json
    assert (draft["id"], draft["submission"]) == (draft_id, 2)
    again = ann.post(f"{begun}/withdraw", json={})
    assert (again.status_code, again.json["code"]) == (409, "not_possible_now")
    started = ann.post(f"/api/v1/drafts/{draft_id}/submit", json={"version": draft["version"]})
    assert started.status_code == 201, started.text
    read = ann.get(f"/api/v1/instances/{started.json['instance_id']}").json
    assert (read["status"], read["submission"]) == ("running", 2)
    assert ann.get("/api/v1/drafts/").json == []


def test_drafts_are_saved_by_version_and_thrown_away(begun, sign_in):
    ann = sign_in("ann")
    made = ann.post("/api/v1/drafts/", json={"key": "sent", "fields": {"note": "x"}})
    assert made.status_code == 201, made.text
    where = f"/api/v1/drafts/{made.json['id']}"

    saved = ann.put(where, json={"fields": {"note": "y"}, "version": 1})
    stale = ann.put(where, json={"fields": {"note": "z"}, "version": 1})

    assert (saved.status_code, saved.json["version"]) == (200, 2)
    assert (stale.status_code, stale.json["code"]) == (409, "stale_draft")
    assert sign_in("bob").get(where).status_code == 404
    assert ann.delete(where, json={"version": 2}).status_code == 204
    assert ann.get(where).status_code == 404


def test_only_administrators_cancel_suspend_wake_and_jump(begun, sign_in):
    ann, olga, root = sign_in("ann"), sign_in("olga"), sign_in("root")
    place = {"cancel": [1], "start": [{"element": "b"}], "reason": "urgent"}

    for act in ("cancel", "suspend", "wake"):
        assert ann.post(f"{begun}/{act}", json={"reason": "x"}).status_code == 409
    assert ann.post(f"{begun}/jump", json=place).status_code == 403
    assert olga.post(f"{begun}/suspend", json={"reason": "audit"}).status_code == 200
    assert olga.post(f"{begun}/activate", json={}).status_code == 200
    bob = sign_in("bob")
    bob.post(f"{first(bob)}/reject", json={"opinion": "no"})
    assert olga.post(f"{begun}/wake", json={"reason": "mistake"}).json["confirmed"] is False
    assert root.post(f"{begun}/wake", json={"reason": "yes"}).json["confirmed"] is True
    assert root.post(f"{begun}/cancel", json={"reason": "x"}).status_code == 200
    assert ann.get(begun).json["status"] == "terminated"


def test_the_route_is_foretold_for_a_form_and_for_a_running_request(begun, sign_in):
    ann = sign_in("ann")

    ahead = ann.post("/api/v1/previews/", json={"key": "sent"})
    running = ann.get(begun.replace("instances", "previews/instances"))

    assert ahead.status_code == 200, ahead.text
    assert [(one["element"], [who["name"] for who in one["people"]]) for one in ahead.json["steps"]] == [
        ("a", ["Bob"]), ("b", ["Carl"]),
    ]  # fmt: skip
    assert [one["element"] for one in running.json["steps"]] == ["b"]
    assert sign_in("dora").get(begun.replace("instances", "previews/instances")).status_code == 404
    assert ann.post("/api/v1/previews/", json={"key": "nothing"}).status_code == 404
