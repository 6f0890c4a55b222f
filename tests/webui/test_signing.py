"""Signing on a page: with lines, with one's name and no script, with the stored signature; shown to who may see it."""

import json

import pytest
from sqlalchemy import select

from engine import repository, runtime, tasks
from engine.db.signature import signature
from engine.unit_of_work import ENGINE, Actor
from tests.webui.drawings import CLAIM
from webui.printing import content, paper

LINES = [[[10, 20], [60, 80], [120, 30], [180, 90]], [[200, 100], [300, 60]]]
SIGNED = CLAIM.replace(
    b'<troika:approval mode="any"', b'<troika:signature required="true"/><troika:approval mode="any"'
)


@pytest.fixture
def item(engine, people, app):
    """A claim that Bob has to sign."""
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"claim.bpmn": SIGNED})
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        runtime.start(uow, "claim", {"reason": "lunch", "amount": 120})
    with engine.unit_of_work(Actor(people["bob"].id), read_only=True) as uow:
        return tasks.inbox(uow).items[0]


def kinds(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return [row.kind for row in uow.execute(select(signature))]


def test_a_task_is_signed_and_the_signature_is_seen_by_who_takes_part(sign_in, engine, item, monkeypatch):
    bob, address = sign_in("bob"), f"/inbox/{item.work_item_id}"
    sheets = []
    monkeypatch.setattr(paper, "pdf", lambda sheet, font, draw=paper.pdf: sheets.append(sheet) or draw(sheet, font))

    page = bob.get(address).text
    refused = bob.post(address, data={"action": "agree", "data": "{}"})
    mangled = bob.post(address, data={"action": "agree", "signature": "drawn", "signature_strokes": "[[[1"})
    signed = {"action": "agree", "signature": "drawn", "signature_strokes": json.dumps(LINES), "signature_keep": "1"}
    agreed = bob.post(address, data=signed)

    assert 'name="signature" value="typed"' in page
    assert (refused.status_code, mangled.status_code, agreed.status_code) == (422, 422, 303)
    assert "Expected a signature for" in refused.text
    assert kinds(engine) == [1]
    picture = f"/signature/{item.work_item_id}.svg"
    ann = sign_in("ann")
    seen = ann.get(picture)
    assert (seen.mimetype, b'd="M10 20L60 80L120 30L180 90"' in seen.data) == ("image/svg+xml", True)
    assert picture in ann.get(f"/requests/{item.instance_id}").text
    assert sign_in("dora").get(picture).status_code == 404
    assert bob.get("/signature/mine.svg").data == seen.data
    assert ann.get("/signature/mine.svg").status_code == 404
    assert ann.post(f"/requests/{item.instance_id}/print.pdf").data.startswith(b"%PDF-")
    assert [one.signature.strokes[1] for one in sheets[0].decided] == [[(200, 100), (300, 60)]]
    assert content.Decided.__annotations__["signature"]


def test_a_name_signs_without_a_script_and_the_api_takes_a_stored_one(sign_in, engine, item):
    bob, address = sign_in("bob"), f"/inbox/{item.work_item_id}"
    bob.get(address)
    wrong = bob.post(address, data={"action": "agree", "signature": "typed", "signature_name": "Carl"})
    kept = bob.post("/signature/", data={"signature_strokes": json.dumps(LINES)})
    again = bob.post("/signature/", data={"signature_strokes": json.dumps(LINES)})
    page = bob.get(address).text
    act = {"fields": {}, "signature": {"kind": "stored"}}
    told = bob.get(f"/api/v1/tasks/{item.work_item_id}").json["signature"]
    agreed = bob.post(f"/api/v1/tasks/{item.work_item_id}/agree", json=act)

    assert (wrong.status_code, kept.status_code, again.status_code) == (422, 303, 422)
    assert 'value="Carl"' in wrong.text
    assert 'value="stored"' in page
    assert (told, agreed.status_code, kinds(engine)) == ("required", 204, [3])
    line = next(one for one in bob.get(f"/api/v1/instances/{item.instance_id}/timeline").json if one["signature"])
    assert (line["signature"]["kind"], line["signature"]["name"], line["signature"]["intact"]) == (
        "stored",
        "Bob",
        True,
    )
    bob.post("/signature/forget")
    assert bob.get("/signature/mine.svg").status_code == 404
    assert line["signature"]["intact"]
