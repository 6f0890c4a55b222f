"""Where a request has been, stands and will go: rounds, people, times, changes, earlier submissions; pages and API."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from engine import audit, history, repository, tasks
from engine.db.history import history as facts
from engine.unit_of_work import ENGINE
from tests.engine.bpmn.drawing import END, START, drawing, element, flows

pytestmark = pytest.mark.approvals

FORM = (
    b'{"schemaVersion": 18, "type": "default", "id": "tracked", "components": ['
    b'{"type": "number", "key": "amount", "id": "f1", "label": "Amount"},'
    b'{"type": "number", "key": "salary", "id": "f2", "label": "Salary"}]}'
)


def step(key: str, who: str, *more: str, mode: str = "any") -> str:
    return (
        f'<userTask id="{key}" name="Task {key}"><extensionElements>'
        f'<zeebe:assignmentDefinition candidateUsers="{who}"/><zeebe:formDefinition formId="tracked"/>'
        f'<troika:approval mode="{mode}" onReject="flow"/><troika:return targets="any" resubmit="stepwise"/>'
        f"{''.join(more)}</extensionElements></userTask>"
    )


SEES = '<troika:fields default="write"/>'
SEES_LESS = '<troika:fields default="read"><troika:field id="salary" perm="hidden"/></troika:fields>'


@pytest.fixture
def request_of_ann(engine, app, sign_in):
    """Bob, who may write, then Carl, who does not see the salary, then nobody by rule, then Dora."""
    formed = '><extensionElements><zeebe:formDefinition formId="tracked"/></extensionElements></startEvent>'
    xml = drawing(
        START.replace("/>", formed, 1) + step("one", "bob", SEES) + element("exclusiveGateway", "g", default="g_end")
        + step("two", "carl", SEES_LESS) + step("three", "nobody_", '<troika:onEmpty do="autoPass"/>')
        + step("four", "dora", SEES_LESS) + END
        + flows("start one g end", 'g two ? approval.one.outcome = "agree"', "two three four end"),
        process_id="tracked",
    )  # fmt: skip
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/tracked.bpmn": xml, "forms/tracked.json": FORM})
    started = sign_in("ann").post("/requests/start/tracked", data={"data": '{"amount": 5, "salary": 100}'})
    assert started.status_code == 303, started.text
    return started.location


def item(visitor):
    return visitor.get("/api/v1/tasks/").json["items"][0]["id"]


def test_rounds_people_times_and_changes_are_told_as_far_as_the_reader_may_see(request_of_ann, sign_in, clock):
    ann, bob, carl = sign_in("ann"), sign_in("bob"), sign_in("carl")
    address = "/api/v1" + request_of_ann.replace("requests", "instances")
    clock.advance(timedelta(hours=3))
    decided = bob.post(f"/api/v1/tasks/{item(bob)}/agree", json={"fields": {"amount": 7, "salary": 45678}})
    assert decided.status_code == 204, decided.text
    clock.advance(timedelta(minutes=30))
    back = carl.post(f"/api/v1/tasks/{item(carl)}/return", json={"target": "one", "opinion": "again, please"})
    assert back.status_code == 200, back.text

    found = {place["element"]: place for place in ann.get(f"{address}/tracking").json["places"]}

    assert {element: place["mark"] for element, place in found.items()} == {
        "start": "passed", "one": "active", "g": "passed", "two": "returned", "three": "predicted",
        "four": "predicted", "end": "predicted",
    }  # fmt: skip
    assert [(one["number"], one["status"], one["void"]) for one in found["one"]["rounds"]] == [
        (1, "passed", True), (2, "open", False),
    ]  # fmt: skip
    first = found["one"]["rounds"][0]["lines"][0]
    assert (first["who"], first["waited_seconds"]) == ("Bob", 3 * 3600)
    assert [(one["label"], one["old"], one["new"]) for one in first["changes"]] == [
        ("Amount", "5", "7"), ("Salary", "100", "45,678"),
    ]  # fmt: skip
    assert found["four"]["foreseen"] == ["Dora"]
    assert found["three"]["foreseen"] == ["nobody to ask"]
    page = ann.get(request_of_ann).text
    for text in ("round 2", "again, please", "<del>100</del>", "after 3 hours"):
        assert text in page, text
    limited = carl.get(request_of_ann).text
    assert "<ins>7</ins>" in limited
    assert "45,678" not in limited
    assert "Salary" not in limited
    diagram = ann.get(f"{request_of_ann}/diagram.json").json
    assert diagram["details"]["one"]["lines"][0].startswith("round 1 · Bob agreed, no longer counts")


def test_what_was_written_into_a_form_is_in_no_chain_and_may_be_erased(engine, request_of_ann, sign_in):
    ann, bob = sign_in("ann"), sign_in("bob")
    bob.post(f"/api/v1/tasks/{item(bob)}/agree", json={"fields": {"amount": 7, "salary": 45678}})
    instance_id = UUID(request_of_ann.rpartition("/")[2])
    with engine.unit_of_work(ENGINE) as uow:
        (decided,) = history.timeline(uow, instance_id, kind="task.decided")
        chained = uow.execute(select(facts.c.data).where(facts.c.seq == decided.seq)).scalar_one()
        tasks.erase_text(uow, instance_id, decided.seq, "the law")

    assert (decided.data["changes"]["salary"], "45678" in str(chained)) == ([100, 45678], False)
    assert "<del>100</del>" not in ann.get(request_of_ann).text
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert audit.verify(uow).findings == []


def test_automatic_steps_give_their_reason_in_the_language_of_the_reader(request_of_ann, sign_in):
    bob, carl, ann = sign_in("bob"), sign_in("carl"), sign_in("ann")
    bob.post(f"/api/v1/tasks/{item(bob)}/agree", json={})
    carl.post(f"/api/v1/tasks/{item(carl)}/agree", json={})
    ann.environ_base["HTTP_ACCEPT_LANGUAGE"] = "zh-CN"

    page = ann.get(request_of_ann).text

    assert "“无处理人”" in page
    assert "nobody to ask" not in page
    lines = ann.get("/api/v1" + request_of_ann.replace("requests", "instances") + "/timeline").json
    assert [one["node"] for one in lines if one["automatic"] and one["text"]] == ["three"]


def test_a_rejected_task_and_the_submission_before_are_shown(request_of_ann, sign_in):
    ann, bob = sign_in("ann"), sign_in("bob")
    instance = "/api/v1" + request_of_ann.replace("requests", "instances")
    draft_id = ann.post(f"{instance}/withdraw", json={"reason": "wrong amount"}).json["draft_id"]
    sent = ann.post(f"/api/v1/drafts/{draft_id}/submit", json={"version": 1, "fields": {"amount": 6, "salary": 1}})
    again = "/requests/" + sent.json["instance_id"]

    page = ann.get(again).text

    assert "Submission 1" in page
    assert request_of_ann in page
    bob.post(f"/api/v1/tasks/{item(bob)}/reject", json={"opinion": "no"})
    assert ann.get(f"{again}/diagram.json").json["markers"]["one"] == "rejected"
