"""Administrators keep receivers of events, see what was sent and send it again; a secret is shown once."""

import re
from dataclasses import replace

from engine import jobs, runtime, webhooks
from engine.notices import hooks
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import END, START, drawing, flows
from tests.factories import deploy

TASK = (
    '<userTask id="t" name="办理"><extensionElements><zeebe:assignmentDefinition assignee="bob"/></extensionElements>'
    "</userTask>"
)
HOOK = (
    '<extensionElements><troika:hook on="create" url="http://127.0.0.1:1/told" secret="ref:hook1"/></extensionElements>'
)


def secret_in(page):
    return re.search(r"<code[^>]*>([\w-]{43})</code>", page)[1]


def test_a_secret_is_shown_once_and_again_only_as_a_new_one(sign_in, engine):
    root = sign_in("root")
    root.get("/messages/webhooks/")

    first = secret_in(root.post("/messages/webhooks/", data={"name": "hook1"}).text)
    assert first not in root.get("/messages/webhooks/").text
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (row,) = webhooks.list_(uow)
        assert webhooks.find(uow, "hook1").secrets == (first,)
    second = secret_in(root.post(f"/messages/webhooks/{row.id}/rotate").text)
    refused = root.post("/messages/webhooks/", data={"name": "hook1"})

    assert second != first
    assert "the former one signs too" in root.get("/messages/webhooks/").text
    assert (refused.status_code, "no other receiver has" in refused.text) == (422, True)
    root.post(f"/messages/webhooks/{row.id}/remove")
    assert "hook1</div>" not in root.get("/messages/webhooks/").text


def test_what_was_sent_is_listed_with_its_answer_and_can_be_sent_again(sign_in, engine, people):
    with engine.unit_of_work(ENGINE) as uow:
        webhooks.add(uow, "hook1")
    engine.settings = replace(engine.settings, outbound_allow="127.0.0.1")
    deploy(engine, drawing(HOOK + START + TASK + END + flows("start t end")))
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        runtime.start(uow, "p", {})
    jobs.run_due(engine)
    root = sign_in("root")

    shown = root.get("/messages/webhooks/?state=waiting&receiver=hook1").text
    assert "cn.troika.instance.started.v1" in shown
    assert "127.0.0.1: " in shown
    assert "cn.troika" not in root.get("/messages/webhooks/?state=sent").text
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (found,) = hooks.deliveries(uow)
    assert root.post(f"/messages/webhooks/deliveries/{found.id}/again").status_code == 409
    assert root.get("/messages/webhooks/?after=nowhere").status_code == 422
    assert root.get("/messages/webhooks/?state=lost").status_code == 422
    (one,) = root.get("/api/v1/webhook-receivers/deliveries?state=waiting").json
    assert (one["id"], one["attempts"], root.get("/api/v1/webhook-receivers/").json[0]["name"]) == (
        str(found.id), 1, "hook1",
    )  # fmt: skip
    assert root.get(f"/api/v1/webhook-receivers/deliveries?after={found.id}").json == []
    assert root.post(f"/api/v1/webhook-receivers/deliveries/{found.id}/again").status_code == 409
    assert len(root.post("/api/v1/webhook-receivers/", json={"name": "hook2"}).json["secret"]) == 43
    assert sign_in("ann").get("/messages/webhooks/").status_code == 403


def test_a_receiver_is_switched_off_and_on_and_what_was_held_back_is_dropped_or_sent(sign_in, engine, people):
    with engine.unit_of_work(ENGINE) as uow:
        webhooks.add(uow, "hook1")
        (row,) = webhooks.list_(uow)
    engine.settings = replace(engine.settings, outbound_allow="127.0.0.1")
    deploy(engine, drawing(HOOK + START + TASK + END + flows("start t end")))
    root, api = sign_in("root"), f"/api/v1/webhook-receivers/{row.id}"
    assert root.post(f"/messages/webhooks/{row.id}/off").status_code == 303
    assert root.post(f"{api}/off").status_code == 409
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        runtime.start(uow, "p", {})
    jobs.run_due(engine)

    page = root.get("/messages/webhooks/?state=held").text
    assert all(text in page for text in ("Switched off by hand", "Events that are held back: 1.", "held back</span>"))
    assert root.post(f"/messages/webhooks/{row.id}/on", data={"backlog": "lose"}).status_code == 422
    assert root.post(f"/messages/webhooks/{row.id}/on", data={"backlog": "drop"}).status_code == 303
    assert "dropped</span>" in root.get("/messages/webhooks/").text
    assert root.post(f"{api}/on", json={"backlog": "send"}).status_code == 409
    assert root.post(f"{api}/off").status_code == 204
    assert root.get("/api/v1/webhook-receivers/").json[0]["off_at"] is not None
    assert root.post(f"{api}/on", json={"backlog": "send"}).json == {"events": 0}
