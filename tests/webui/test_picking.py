"""Options of pickers over HTTP, and the pages of the data dictionary."""

import json

from flask import g

from engine import forms, identity
from engine.unit_of_work import ENGINE, Actor
from webui import filling
from webui.picking import furnish

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
        furnish(form, schema, data, {})

    kind, who = shown["schema"]["components"]
    assert (kind["src"], [one["name"] for one in kind["known"]]) == ("/options/dictionary/kinds", ["专票"])
    assert who["src"].startswith("/options/record/crm_party?value=uscc&filter=")
    assert schema["components"][0]["known"] == []
