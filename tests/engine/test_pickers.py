"""Pickers: records and words that the server finds, judges and names; what a browser sends is never trusted."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from engine import dictionaries, forms, identity, pickers, repository, runtime
from engine.db.base import metadata
from engine.errors import DeploymentRefused, Forbidden, InvalidForm, InvalidValue, NotFound
from engine.forms.types import types_of
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import END, drawing, flows

FORM = {
    "id": "oa/pick", "type": "default", "schemaVersion": 18,
    "components": [
        {"id": "F_supplier", "type": "record", "key": "supplier", "label": "供应商", "table": "erp_supplier",
         "valueColumn": "code", "filter": {"active": True}, "properties": {"troika:label.en": "Supplier"}},
        {"id": "F_kind", "type": "dictionary", "key": "kind", "label": "类别", "dictionary": "invoice_kind",
         "validate": {"required": True}, "properties": {"troika:label.en": "Kind"}},
        {"id": "F_lines", "type": "dynamiclist", "path": "lines", "label": "明细", "components": [
            {"id": "F_item", "type": "record", "key": "item", "label": "物料", "table": "erp_item",
             "properties": {"troika:label.en": "Item"}}]},
    ],
}  # fmt: skip


@pytest.fixture
def form() -> forms.Form:
    found = forms.read(FORM).form
    assert found is not None
    return found


def with_words(company: Any) -> Actor:
    """Three kinds of invoices; an actor without any capability."""
    with company.engine.unit_of_work(ENGINE) as uow:
        dictionaries.create(uow, "invoice_kind", "发票类别", "Kinds of invoices", [
            ("special", "专用发票", "Special"), ("plain", "普通发票", "Plain"), ("old", "旧版", "Old"),
        ])  # fmt: skip
        dictionaries.retire(uow, "invoice_kind", "old")
        return Actor(identity.create_user(uow, "nobody", "Nobody").id)


def submitted(uow: Any, form: forms.Form, data: dict[str, Any], **stored: Any) -> dict[str, Any]:
    return forms.validate(form, data, stored=stored, now=uow.now, known=pickers.judge(uow))


def refused(uow: Any, form: forms.Form, data: dict[str, Any], **stored: Any) -> list[str]:
    with pytest.raises(InvalidForm) as caught:
        submitted(uow, form, data, **stored)
    return sorted(caught.value.errors)


def test_options_are_searched_judged_and_named_on_the_server(company, form):
    nobody = with_words(company)
    supplier_table, items = metadata.tables["erp_supplier"], metadata.tables["erp_item"]
    supplier, kind, item = form.fields[0], form.fields[1], form.field("lines.item")
    assert item is not None
    with company.acting(None) as uow:
        first = uow.execute(select(supplier_table).where(supplier_table.c.active.is_(True)).limit(1)).one()
        thing = uow.execute(select(items.c.id, items.c.name).limit(1)).one()
        uow.execute(supplier_table.update().where(supplier_table.c.id != first.id).values(active=False))
        blocked = uow.execute(select(supplier_table.c.code).where(supplier_table.c.id != first.id).limit(1)).scalar()
    good = {"supplier": first.code, "kind": "plain", "lines": [{"item": str(thing.id)}]}

    with company.acting("ann") as uow:
        assert [one.value for one in pickers.search(uow, supplier, "")] == [first.code]
        assert [one.name for one in pickers.search(uow, supplier, first.name[:2])] == [first.name]
        assert [(one.value, one.name_en) for one in pickers.search(uow, kind, "")] == [
            ("special", "Special"), ("plain", "Plain"),
        ]  # fmt: skip
        assert [one.value for one in pickers.search(uow, kind, "专用")] == ["special"]
        assert submitted(uow, form, good) == good
        for wrong, path in (
            ({"supplier": blocked}, "supplier"),
            ({"supplier": "' OR 1=1 --"}, "supplier"), ({"supplier": 7}, "supplier"),
            ({"kind": "old"}, "kind"), ({"kind": ["plain"]}, "kind"), ({"kind": ""}, "kind"),
            ({"lines": [{"item": "00000000-0000-0000-0000-000000000000"}]}, "lines.0.item"),
            ({"lines": [{"item": "not a key"}]}, "lines.0.item"),
        ):  # fmt: skip
            assert refused(uow, form, good | wrong) == [path], wrong
        # what stood there before it was blocked or retired may stay
        kept = good | {"supplier": blocked, "kind": "old"}
        assert submitted(uow, form, kept, **kept)["supplier"] == blocked
        assert pickers.names(uow, kind, ["old", "nothing"])["old"].name == "旧版"
    with company.engine.unit_of_work(nobody) as uow:
        with pytest.raises(Forbidden):
            pickers.search(uow, supplier, "")
        assert refused(uow, form, good) == ["lines.0.item", "supplier"]
        assert pickers.names(uow, supplier, [first.code])[first.code].name == first.name


def test_a_form_whose_source_there_is_not_is_refused(engine, form):
    with engine.unit_of_work(ENGINE) as uow:
        for change, word in ({"table": "user_account"}, "user_account"), ({"valueColumn": "bank"}, "erp_supplier.bank"):
            wrong = {**FORM, "components": [FORM["components"][0] | change]}
            read = forms.read(wrong).form
            assert read is not None
            (finding,) = pickers.findings(uow, read, "f.json")
            assert word in finding.facts["source"]
            with pytest.raises(DeploymentRefused):
                repository.deploy(uow, {"f.json": json.dumps(wrong).encode()})
    assert forms.read({**FORM, "components": [{"id": "F", "type": "record", "key": "k"}]}).form is None
    with pytest.raises(InvalidForm):  # whoever forgets to ask refuses everything
        forms.validate(form, {"kind": "plain"}, stored={}, now=engine.clock.now())


def test_dictionaries_keep_their_order_and_refuse_what_is_none(engine):
    with engine.unit_of_work(ENGINE) as uow:
        dictionaries.create(uow, "colour", "颜色")
        for value in ("red", "blue"):
            dictionaries.put(uow, "colour", value, value)
        dictionaries.put(uow, "colour", "red", "红", "Red")
        assert [(one.value, one.name) for one in dictionaries.words(uow, "colour")] == [("red", "红"), ("blue", "blue")]
        for key, name in (("colour", "x"), ("Colour", "x"), ("", "x"), ("size", " ")):
            with pytest.raises(InvalidValue):
                dictionaries.create(uow, key, name)
        for value, name in (("", "x"), ("x" * 61, "x"), ("a\n", ""), ("a", " ")):
            with pytest.raises(InvalidValue):
                dictionaries.put(uow, "colour", value, name)
        for verb in (lambda: dictionaries.put(uow, "none", "a", "b"), lambda: dictionaries.retire(uow, "colour", "x")):
            with pytest.raises(NotFound):
                verb()


def test_a_name_is_kept_from_when_a_value_was_chosen_and_anew_when_it_is_chosen_again(engine, form):
    kind = form.field("kind")
    assert kind is not None
    with engine.unit_of_work(ENGINE) as uow:
        dictionaries.create(uow, "invoice_kind", "发票类别", "", [("a", "甲", ""), ("b", "乙", ""), ("$", "元", "")])
        repository.deploy(uow, {"p.bpmn": drawing('<startEvent id="start"/>' + END + flows("start end"))})
        of = runtime.start(uow, "p", {}).id

    def act(written: dict[str, Any], stored: dict[str, Any], **renamed: str) -> dict[str, tuple[str, str | None]]:
        with engine.unit_of_work(ENGINE) as uow:
            pickers.freeze(uow, of, form, written, stored)
            for value, name in renamed.items():
                dictionaries.put(uow, "invoice_kind", value, name)
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            found = pickers.recorded(uow, of, kind, ["a", "b", "$", "c", None, 7])
            return {value: (one.then.name, one.today and one.today.name) for value, one in sorted(found.items())}

    others = {"b": ("乙", "乙"), "$": ("元", "元")}
    assert act({"kind": "a"}, {}, a="甲二") == {"a": ("甲", "甲二"), **others}
    assert act({}, {"kind": "a"}, b="乙二") == {"a": ("甲", "甲二"), "$": ("元", "元"), "b": ("乙二", "乙二")}
    assert act({"kind": "a"}, {"kind": "b"}, a="甲三")["a"] == ("甲二", "甲三")
    assert act({"kind": "$"}, {"kind": "a"}) == {"$": ("元", "元"), "a": ("甲二", "甲三"), "b": ("乙二", "乙二")}


def test_several_people_of_some_groups_are_chosen_kept_and_named(company):
    several = {
        "id": "oa/team", "type": "default", "components": [
            {"id": "F_team", "type": "person", "key": "team", "label": "成员", "multiple": True, "groups": ["choir"]},
            {"id": "F_units", "type": "department", "key": "units", "label": "部门", "multiple": True},
        ],
    }  # fmt: skip
    form = forms.read(several).form
    assert form is not None
    team = form.fields[0]
    with company.engine.unit_of_work(ENGINE) as uow:
        assert [found.facts["source"] for found in pickers.findings(uow, form, "oa/team")] == ["group choir"]
        identity.create_group(uow, "choir", "合唱团", name_en="Choir")
        for login in ("ann", "bob"):
            identity.add_member(uow, "choir", login)
        assert pickers.findings(uow, form, "oa/team") == []

        assert [one.value for one in pickers.search(uow, team, "")] == ["ann", "bob"]
        assert [one.value for one in pickers.search(uow, team, "BO")] == ["bob"]
        taken = submitted(uow, form, {"team": ["bob", "ann", "bob"], "units": []})
        assert taken == {"team": ["bob", "ann"], "units": []}
        assert refused(uow, form, {"team": ["ann", "chen"], "units": ["nowhere"]}) == ["team", "units"]
        assert refused(uow, form, {"team": "ann"}) == ["team"]
        assert submitted(uow, form, {"team": ["chen"], "units": []}, team=["chen"])["team"] == ["chen"]  # stood there
        assert str(types_of(form.components)["team"]) == "list<string>"
    wrong = forms.read(several | {"components": [several["components"][0] | {"groups": "choir"}]})
    assert "form-groups-invalid" in [found.rule for found in wrong.findings]
