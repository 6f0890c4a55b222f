"""Forms in the designer: files, drafts, checks, what a step lets its people see of one, deployment."""

import json
import re
from typing import Any

import pytest
from sqlalchemy import func, select

from engine import drafts, identity, repository, runtime
from engine.unit_of_work import ENGINE, Actor
from tests.webui.publishing import publish
from tests.webui.test_publishing import text_of

HERE = "/designer/forms"
LOCK = func.hashtextextended("draft forms/oa/visit.json", 0)
"""what whoever saves the form waits for"""
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
    assert publish(ana, "form/oa/trip", "2-0", note="").status_code == 422
    assert publish(ana, "form/oa/trip", "2-0", note="first").location == "/designer/versions/form/oa/trip"
    seen = {"If-Match": "2-0", "Accept": "application/json"}
    unaware = ana.put(f"{HERE}/drafts/oa/trip", json={"content": form}, headers=seen)
    assert (unaware.status_code, unaware.json["detail"][:25]) == (409, "Dora deployed this form a")
    assert "Open it again; what you typed here is still shown." in unaware.json["detail"]
    assert 'href="/designer/history/form/oa/trip"' in ana.get("/designer/versions/form/oa/trip").text
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert [field.path for field in repository.form(uow, "oa/trip").fields] == ["cost", "secret"]


def test_a_form_that_cannot_be_used_is_named_when_it_is_checked_and_not_deployed(ana):
    broken = FORM | {"components": [{"id": "Field_x", "type": "iframe"}]}
    ana.put(f"{HERE}/drafts/oa/visit", json={"content": text(broken)}, headers={"If-Match": "1-0"})

    found = ana.post(f"{HERE}/check/oa/visit", json={"content": text(broken)}).json
    refused = publish(ana, "form/oa/visit", "2-0")

    assert [(one["rule"], one["element"]) for one in found["findings"]] == [("component-refused", "Field_x")]
    assert (refused.status_code, "It cannot be published while it has errors." in refused.text) == (422, True)
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


def test_publishing_a_form_tells_whom_it_concerns_and_which_words_it_would_orphan(ana, engine, people):
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/visit.bpmn": STEP, "forms/oa/visit.json": text(FORM).encode()})
    with engine.unit_of_work(Actor(people["dora"].id)) as uow:
        runtime.start(uow, "visit", {})
    poorer = FORM | {"components": [FORM["components"][0] | {"label": "花费"}]}
    ana.put(f"{HERE}/drafts/oa/visit", json={"content": text(poorer)}, headers={"If-Match": "1-1"})

    shown = text_of(ana.get("/designer/publish/form/oa/visit"))
    compared = text_of(ana.get("/designer/difference/form/oa/visit"))

    assert "Visit: new requests follow this version at once. visit Running requests that follow at once: 1." in shown
    assert "secret : Visit · Look at it: Hidden" in shown
    assert re.search(r"Internal note Text · Field_secret taken out", compared)
    assert re.search(r"Cost Numeric value · Field_cost changed Name Before 费用 After 花费", compared)


def test_a_second_editor_of_a_form_looks_on_and_its_history_leads_back(ana, sign_in, engine, people):
    with engine.unit_of_work(ENGINE) as uow:
        identity.add_member(uow, "analysts", people["bob"].id)
    bob, lock = sign_in("bob"), "/designer/lock/forms/oa/visit.json"
    assert ana.post(lock, json={}).json["mine"]
    renamed = text(FORM).replace("费用", "花费")
    ana.put(f"{HERE}/drafts/oa/visit", json={"content": renamed}, headers={"If-Match": "1-0"})

    looking = text_of(bob.get(f"{HERE}/edit/oa/visit"))
    assert ("Dora is editing this form since" in looking, "Name: 花费" in looking) == (True, True)
    assert 'id="form-data"' in bob.post("/designer/take/forms/oa/visit.json", follow_redirects=True).text
    aside = ana.post("/designer/aside/forms/oa/visit.json", json={"content": text(FORM)}).json["address"]
    back = re.search(r'action="(/designer/history/form/oa/visit/[^"]+)"', ana.get(aside).text)[1]

    assert "put aside Dora" in text_of(bob.get("/designer/history/form/oa/visit"))
    assert ana.post(back, data={"etag": "1-0"}).status_code == 409
    assert ana.post(back, data={"etag": "2-0"}).location == f"{HERE}/edit/oa/visit"
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert json.loads(drafts.open_(uow, "forms/oa/visit.json").content) == FORM


@pytest.mark.parametrize("engine", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_a_form_waits_to_be_saved_while_a_process_that_shows_it_is_published(ana, engine, monkeypatch):
    free = []

    def deploying(uow, files, note):
        with uow.connection.engine.connect() as other:
            free.append(other.execute(select(func.pg_try_advisory_xact_lock(LOCK))).scalar())
        return deploy(uow, files, note)

    deploy = repository.deploy
    monkeypatch.setattr(repository, "deploy", deploying)

    assert publish(ana, "visit").status_code == 303
    assert free == [False]


SENT = {
    "id": ["Field_cost", "Field_secret", ""], "field": ["cost", "secret", ""], "label": ["花费", "", "天数"],
    "english": ["Cost", "Internal note", ""], "type": ["money", "text", "number"], "options": ["", "", ""],
    "required": ["0"],
}  # fmt: skip


@pytest.mark.parametrize(
    "taken",
    [
        text(FORM | {"components": FORM["components"][:1]}),
        text(FORM | {"components": [{"type": "separator", "id": "S"}]}),
        "{",
    ],
    ids=["a field less", "no field", "no form"],
)
def test_typed_rows_are_kept_whatever_whoever_took_over_has_saved(ana, engine, people, taken):
    rows = "/designer/simple/visit/forms/oa/visit"
    ana.get(rows)
    with engine.unit_of_work(Actor(people["bob"].id)) as uow:
        drafts.save(uow, "forms/oa/visit.json", taken.encode(), version=1)

    late = ana.post(rows, data={**SENT, "etag": "1-0", "do": "save"})
    kept = ana.post(rows, data={**SENT, "etag": "1-0", "do": "aside"})
    gone = ana.post(rows, data={**SENT, "id": ["X", "Y", ""], "etag": "1-0", "do": "aside"})

    assert (late.status_code, 'value="花费"' in late.text) == (409, True)
    assert (kept.status_code, gone.status_code) == (201, 201)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        newest = drafts.revisions.list_(uow, "forms/oa/visit.json")[:2]
        new, old = [json.loads(drafts.revisions.open_(uow, one.id)[1])["components"] for one in newest]
    assert old[0] == FORM["components"][0] | {"label": "花费"}
    assert [one["id"] for one in new] == ["X", "Y", "Field_days"]
    assert [one["label"] for one in old] == [one["label"] for one in new] == ["花费", "secret", "天数"]


def test_what_is_played_is_the_form_that_is_edited_now(ana, engine):
    labelled = {word: text(FORM).replace('"Cost"', f'"{word}"').encode() for word in ("OLDDRAFT", "NEWVERSION")}
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "forms/oa/visit.json", labelled["OLDDRAFT"], version=1)
        repository.deploy(uow, {"forms/oa/visit.json": labelled["NEWVERSION"]})

    asked = {"xml": STEP.decode(), "person": "dora", "given": {}, "steps": []}
    played = ana.post("/designer/play/visit", json=asked, headers={"Accept": "application/json"}).text

    assert ("NEWVERSION" in played, "OLDDRAFT" in played) == (True, False)


def test_a_form_that_lays_paper_out_belongs_to_the_drawing_that_names_it(ana, engine):
    head = b'isExecutable="true"><extensionElements><troika:print template="oa/paper"/></extensionElements>'
    drawing, paper = STEP.replace(b'isExecutable="true">', head), text(FORM | {"id": "oa/paper"}).encode()
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "processes/oa/visit.bpmn", drawing, version=1, name="Visit")
        drafts.save(uow, "forms/oa/paper.json", paper)

    assert "No process" not in text_of(ana.get(HERE + "/"))
    assert publish(ana, "visit", "2").status_code == 303
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert repository.source(uow, repository.latest(uow, "oa/paper", "form").id) == paper
