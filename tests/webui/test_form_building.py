"""Forms in the designer: files, drafts, checks, what a step lets its people see of one, deployment."""

import json
from typing import Any

import pytest

from engine import drafts, identity, repository
from engine.unit_of_work import ENGINE

HERE = "/designer/forms"
FORM: dict[str, Any] = {
    "id": "oa/visit",
    "type": "default",
    "schemaVersion": 18,
    "components": [
        {"id": "Field_cost", "type": "number", "key": "cost", "label": "费用", "decimalDigits": 2,
         "properties": {"troika:label.en": "Cost"}, "validate": {"required": True, "min": 1}},
        {"id": "Field_secret", "type": "textfield", "key": "secret", "label": "内部备注",
         "properties": {"troika:label.en": "Internal note"}},
    ],
}  # fmt: skip
STEP = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
  xmlns:troika="urn:troika:bpmn:1.0" targetNamespace="urn:t">
  <process id="visit" name="Visit" isExecutable="true">
    <startEvent id="begin"/><sequenceFlow id="f1" sourceRef="begin" targetRef="look"/>
    <userTask id="look" name="Look at it"><extensionElements><zeebe:userTask/><zeebe:formDefinition formId="oa/visit"/>
      <zeebe:assignmentDefinition candidateGroups="analysts"/>
      <troika:fields default="read"><troika:field id="secret" perm="hidden"/></troika:fields></extensionElements>
    </userTask>
    <sequenceFlow id="f2" sourceRef="look" targetRef="done"/><endEvent id="done"/>
  </process>
</definitions>"""


@pytest.fixture
def ana(engine, sign_in, people):
    """An analyst; a drawing whose one step shows the form `oa/visit`, and a draft of that form."""
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "analysts", "Analysts", capabilities="process.design")
        identity.add_member(uow, "analysts", people["dora"].id)
        drafts.save(uow, "processes/oa/visit.bpmn", STEP, name="Visit")
        drafts.save(uow, "forms/oa/visit.json", text(FORM).encode())
    return sign_in("dora")


def text(form):
    return json.dumps(form, ensure_ascii=False)


def shown(client, **more):
    asked = {"content": text(FORM), "use": "", "data": "{}", "language": "en", "filled": ""}
    return client.post(f"{HERE}/preview/oa/visit", json=asked | more)


def test_a_form_is_made_found_saved_and_deployed(ana, engine):
    made = ana.post(f"{HERE}/", data={"key": "trip", "category": "oa"})
    assert (made.status_code, made.location) == (303, f"{HERE}/edit/oa/trip")
    assert ana.post(f"{HERE}/", data={"key": "trip", "category": "oa"}).status_code == 409
    assert f"{HERE}/edit/oa/trip" in ana.get(f"{HERE}/").text
    form = text(FORM | {"id": "oa/trip"})

    saved = ana.put(f"{HERE}/drafts/oa/trip", json={"content": form}, headers={"If-Match": "1-0"})
    late = ana.put(f"{HERE}/drafts/oa/trip", json={"content": form}, headers={"If-Match": "1-0"})
    renamed = ana.put(f"{HERE}/drafts/oa/trip", json={"content": text(FORM)}, headers={"If-Match": "2-0"})

    assert (saved.status_code, saved.json["etag"], late.status_code, renamed.status_code) == (200, "2-0", 409, 422)
    deployed = ana.post(f"{HERE}/deploy/oa/trip", json={"note": "first", "etag": "2-0"})
    assert deployed.json == {"version": 1, "etag": "2-1"}
    seen = {"If-Match": "2-0", "Accept": "application/json"}
    unaware = ana.put(f"{HERE}/drafts/oa/trip", json={"content": form}, headers=seen)
    assert (unaware.status_code, unaware.json["detail"][:25]) == (409, "Dora deployed this form a")
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert [field.path for field in repository.form(uow, "oa/trip").fields] == ["cost", "secret"]


def test_a_form_that_cannot_be_used_is_named_when_it_is_checked_and_not_deployed(ana):
    broken = FORM | {"components": [{"id": "Field_x", "type": "iframe"}]}
    ana.put(f"{HERE}/drafts/oa/visit", json={"content": text(broken)}, headers={"If-Match": "1-0"})

    found = ana.post(f"{HERE}/check/oa/visit", json={"content": text(broken)}).json
    refused = ana.post(f"{HERE}/deploy/oa/visit", json={"note": "no", "etag": "2-0"})

    assert [(one["rule"], one["element"]) for one in found["findings"]] == [("component-refused", "Field_x")]
    assert (refused.status_code, len(refused.json["findings"])) == (422, 1)
    assert "iframe" in shown(ana, content=text(broken)).json["unshown"]


def test_steps_and_fields_say_where_they_are_used(ana):
    answer = ana.post(f"{HERE}/check/oa/visit", json={"content": text(FORM)}).json

    assert [(one["id"], one["address"]) for one in answer["used"]] == [("visit#look", "/designer/edit/visit#look")]
    assert list(answer["fields"]) == ["secret"]
    assert answer["fields"]["secret"][0].startswith("Visit · Look at it: ")


def test_a_form_that_is_only_a_draft_can_be_bound_to_a_step(ana):
    offered = ana.get("/designer/catalogue.json").json["forms"]

    assert ["cost", "secret"] in [
        [field["key"] for field in one["fields"]] for one in offered if one["id"] == "oa/visit"
    ]


def test_what_a_step_hides_is_not_in_its_preview(ana):
    everything = shown(ana).json
    seen = shown(ana, use="visit#look", data=text({"cost": 5, "secret": "not for you"})).json

    assert [one["label"] for one in everything["schema"]["components"]] == ["Cost", "Internal note"]
    assert [(one["key"], one["readonly"]) for one in seen["schema"]["components"]] == [("cost", True)]
    assert seen["data"] == {"cost": 5}
    assert shown(ana, use="visit#nowhere").status_code == 404


def test_a_trial_is_judged_like_a_submit(ana):
    refused = shown(ana, filled=text({"cost": 0.5, "secret": ""})).json
    taken = shown(ana, filled=text({"cost": 12.5, "secret": "x"}), language="zh").json
    forbidden = shown(ana, use="visit#look", data=text({"cost": 5}), filled=text({"cost": 6})).json

    assert (list(refused["errors"]), refused["accepted"]) == (["Field_cost"], None)
    assert (taken["accepted"], taken["complaints"]) == ({"cost": "12.5", "secret": "x"}, [])
    assert taken["schema"]["components"][0]["label"] == "费用"
    assert (list(forbidden["errors"]), forbidden["accepted"]) == (["Field_cost"], None)
