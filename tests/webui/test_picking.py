"""Options of pickers over HTTP, and the pages of the data dictionary."""

import json
import re
from decimal import Decimal

import pytest
from flask import g
from sqlalchemy import delete, insert

from benchmarks import inbox
from engine import dictionaries, forms, identity, ids, pickers, repository, runtime, tasks
from engine.db.base import metadata
from engine.db.dictionary import dictionary_entry
from engine.errors import InvalidForm
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import drawing, flows
from webui import filling
from webui.picking import furnish
from webui.printing import paper

FORM = {
    "id": "f", "components": [
        {"id": "F_kind", "type": "dictionary", "key": "kind", "label": "类别", "dictionary": "kinds"},
        {"id": "F_who", "type": "record", "key": "who", "label": "客户", "table": "crm_party", "valueColumn": "uscc",
         "filter": {"active": True}},
    ],
}  # fmt: skip


def test_words_are_offered_to_everybody_and_records_to_who_may_look_them_up(sign_in, engine, people, app):
    root = sign_in("root")
    root.get("/dictionaries/")
    made = root.post("/dictionaries/", data={"key": "kinds", "name": "发票类别", "name_en": "Kinds"})
    twice = root.post("/dictionaries/", data={"key": "kinds", "name": "again"})
    for value, name in (("a", "专票"), ("b", "普票")):
        root.post("/dictionaries/kinds", data={"value": value, "name": name, "name_en": f"Kind {value}"})
    retired = root.post("/dictionaries/kinds/retire", data={"value": "b", "retired": "1"})
    page = root.get("/dictionaries/kinds").text
    ann = sign_in("ann")
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "clerks", "Clerks", capabilities="records")
        identity.add_member(uow, "clerks", "bob")

    assert (made.status_code, twice.status_code, retired.status_code) == (303, 422, 303)
    assert ("专票" in page, "not offered" in page) == (True, True)
    assert [one["name"] for one in ann.get("/options/dictionary/kinds?q=").json] == ["Kind a"]
    assert ann.get("/options/record/crm_party?q=").status_code == 403
    bob = sign_in("bob")
    source = "/options/record/crm_party?value=uscc&filter=%7B%22active%22%3Atrue%7D"
    assert (bob.get(source).status_code, bob.get(source).json) == (200, [])
    for wrong in (
        "record/user_account",
        "record/crm_party?value=version",
        "record/crm_party?filter=%7B%22id%22%3A1%7D",
    ):
        assert bob.get(f"/options/{wrong}").status_code == 404
    for broken in ("%5B1%5D", "nonsense"):
        assert bob.get(f"/options/record/crm_party?filter={broken}").status_code == 400


def test_a_form_tells_its_pickers_where_to_ask_and_what_stored_values_are_called(sign_in, engine, people, app):
    root = sign_in("root")
    root.get("/dictionaries/")
    root.post("/dictionaries/", data={"key": "kinds", "name": "类别"})
    root.post("/dictionaries/kinds", data={"value": "a", "name": "专票"})
    form = forms.read(FORM).form
    assert form is not None
    with app.test_request_context(), engine.unit_of_work(Actor(people["ann"].id), read_only=True) as uow:
        g.uow = uow
        shown = json.loads(filling.shown(form, {"kind": "a"}, forms.WRITE_ALL))
        schema, data = forms.visible(form, {"kind": "gone"}, forms.READ_ALL, "zh")
        furnish(form, schema, data, {}, None)

    kind, who = shown["schema"]["components"]
    assert (kind["src"], [one["name"] for one in kind["known"]]) == ("/options/dictionary/kinds", ["专票"])
    assert who["src"].startswith("/options/record/crm_party?value=uscc&filter=")
    assert schema["components"][0]["known"] == []


_WITH_FORM = '<zeebe:formDefinition formId="f"/>'
PICKED = drawing(
    f'<startEvent id="start"><extensionElements>{_WITH_FORM}</extensionElements></startEvent>'
    f'<userTask id="check" name="Check"><extensionElements><zeebe:userTask/>{_WITH_FORM}'
    '<zeebe:assignmentDefinition assignee="bob"/></extensionElements></userTask>'
    '<userTask id="look" name="Look"><extensionElements><zeebe:userTask/>'
    f'{_WITH_FORM}<zeebe:assignmentDefinition assignee="bob"/><troika:fields default="read"/></extensionElements>'
    '</userTask><endEvent id="end"/>' + flows("start check look end"), process_id="picked",
)  # fmt: skip
KINDS = json.dumps({"type": "default", "schemaVersion": 18, **FORM, "components": FORM["components"][:1]}).encode()


def known(page):
    """What the picker of the shown form calls its values."""
    shown = json.loads(re.search(r"<tk-form.*?>(?:<template>|<script[^>]*>)(.*?)</(?:template|script)>", page, re.S)[1])
    return [one["name"] for one in shown["schema"]["components"][0]["known"]]


def test_what_was_picked_keeps_the_name_that_it_had(sign_in, engine, people, monkeypatch):
    with engine.unit_of_work(ENGINE) as uow:
        dictionaries.create(uow, "kinds", "类别", "", [("a", "专票", "Special"), ("b", "普票", "Plain")])
        repository.deploy(uow, {"picked.bpmn": PICKED, "f.json": KINDS})
    sheets = []
    monkeypatch.setattr(paper, "pdf", lambda sheet, font: sheets.append(sheet) or b"%PDF-")
    ann, bob = sign_in("ann"), sign_in("bob")
    ann.get("/requests/start/picked")
    # a name that the browser sends along is none of the form's fields
    refused = ann.post("/requests/start/picked", data={"data": '{"kind": "a", "kind_name": "x"}', "request_id": "1"})
    started = ann.post("/requests/start/picked", data={"data": '{"kind": "a"}', "request_id": "2"})

    with engine.unit_of_work(ENGINE) as uow:
        dictionaries.put(uow, "kinds", "a", "专用", "Special invoice")
    own = ann.get(started.location).text
    with engine.unit_of_work(Actor(people["bob"].id)) as uow:
        (item,) = tasks.inbox(uow).items
        tasks.complete(uow, item.work_item_id, {"kind": "b"})
        (item,) = tasks.inbox(uow).items
    with engine.unit_of_work(ENGINE) as uow:
        uow.execute(delete(dictionary_entry).where(dictionary_entry.c.value == "b"))
    page, task = ann.get(started.location).text, bob.get(f"/inbox/{item.work_item_id}").text
    ann.post(f"{started.location}/print.pdf")

    assert refused.status_code == 422
    assert known(own) == ["Special (now: Special invoice)"]
    assert known(page) == known(task) == ["Plain (no longer there)"]
    assert "Special (now: Special invoice)" in page  # the timeline: what bob has changed, from and to
    assert sheets[0].fields == [("类别", "Plain (no longer there)")]


LISTED = json.dumps({"id": "f", "type": "default", "schemaVersion": 18, "components": [
    *FORM["components"],
    {"id": "F_clerk", "type": "person", "key": "clerk", "label": "经办人", "multiple": True},
    {"id": "F_unit", "type": "department", "key": "unit", "label": "部门"},
    {"id": "F_ways", "type": "checklist", "key": "ways", "label": "方式", "values": [
        {"label": "空运", "value": "air", "troika:label.en": "By air"}, {"label": "海运", "value": "sea"}]},
    {"id": "F_sum", "type": "number", "key": "sum", "label": "金额", "properties": {"currency": "CNY"}},
]}).encode()  # fmt: skip
USCC = "91330100MADEM0011P"
_KEYS = b'<extensionElements><troika:summary fields="kind who clerk unit ways sum"/></extensionElements>'
SUMMED = PICKED.replace(b'<startEvent id="start">', _KEYS + b'<startEvent id="start">')


def test_lists_call_what_was_picked_by_its_name_in_as_many_statements_as_there_are_pickers(sign_in, engine, people):
    party = metadata.tables["crm_party"]
    with engine.unit_of_work(ENGINE) as uow:
        dictionaries.create(uow, "kinds", "类别", "", [("a", "专票", "Special")])
        identity.create_org_unit(uow, "finance", "财务部", name_en="Finance")
        row = {"id": ids.uuid7(), "name": "Blue Tea", "uscc": USCC, "credit_limit": Decimal(0), "created_at": uow.now}
        uow.execute(insert(party), row)
        repository.deploy(uow, {"picked.bpmn": SUMMED, "f.json": LISTED})
    sent = {"kind": "a", "who": USCC, "clerk": ["ann", "bob"], "unit": "finance", "ways": ["air", "sea"],
            "sum": Decimal("1320.5")}  # fmt: skip
    asked = {}
    for count in (1, 4):
        for _ in range(count):
            with engine.unit_of_work(Actor(people["ann"].id)) as uow:
                runtime.start(uow, "picked", sent)
        page = inbox.web_page(engine, Actor(people["bob"].id), "/inbox/")
        page()
        asked[count] = inbox.statements(page)
    with engine.unit_of_work(ENGINE) as uow:
        dictionaries.put(uow, "kinds", "a", "专用", "Special invoice")
    bob, ann = sign_in("bob"), sign_in("ann")
    seen = {
        "list": bob.get("/inbox/").text, "table": bob.get("/inbox/?process=picked&layout=table").text,
        "home": bob.get("/").text, "mine": ann.get("/requests/mine").text,
    }  # fmt: skip

    words = ("Special", "Blue Tea", "Ann, Bob", "Finance", "By air, 海运", "1,320.50 CNY")
    missing = [(name, word) for name, text in seen.items() for word in words if word not in text]
    assert missing == []
    assert asked[1] == asked[4]


def test_of_what_somebody_has_only_typed_the_page_tells_no_name_that_he_may_not_look_up(sign_in, engine, people, app):
    form = forms.read(FORM).form
    assert form is not None
    with engine.unit_of_work(ENGINE) as uow:
        dictionaries.create(uow, "kinds", "类别", "", [("a", "专票", "")])
        dictionaries.retire(uow, "kinds", "a")

    with app.test_request_context(), engine.unit_of_work(Actor(people["ann"].id), read_only=True) as uow:
        g.uow = uow
        started = json.loads(filling.shown(form, forms.blank(form), forms.WRITE_ALL, typed={"kind": "a"}))
        drafted = json.loads(filling.shown(form, {"kind": "a"}, forms.WRITE_ALL))

    for shown in (started, drafted):
        assert shown["schema"]["components"][0]["known"] == []


def test_people_and_departments_are_chosen_by_login_and_key(sign_in, engine, people, app):
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_org_unit(uow, "finance", "财务部", name_en="Finance")
        form = forms.read({"id": "f", "components": [
            {"id": "F_who", "type": "person", "key": "who", "label": "经办人"},
            {"id": "F_where", "type": "department", "key": "where", "label": "部门"}]}).form  # fmt: skip
        known, sent = pickers.judge(uow), {"who": "ann", "where": "finance"}
        assert forms.validate(form, sent, stored={}, now=uow.now, known=known) == sent
        for wrong in ({"who": "nobody"}, {"where": str(people["ann"].id)}, {"who": str(people["ann"].id)}):
            with pytest.raises(InvalidForm):
                forms.validate(form, sent | wrong, stored={}, now=uow.now, known=known)
    ann = sign_in("ann")

    assert [(one["id"], one["name"]) for one in ann.get("/options/department?q=FIN").json] == [("finance", "Finance")]
    assert [one["id"] for one in ann.get("/options/person?q=bo").json] == ["bob"]
    assert ann.get("/options/anything?q=").status_code == 404
