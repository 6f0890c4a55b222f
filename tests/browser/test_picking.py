"""Pickers of a form and the pages of the data dictionary: used with the mouse, axe-clean in both themes."""

import json

import pytest
from playwright.sync_api import expect

from engine import dictionaries, repository, runtime
from engine.bpmn import imports
from engine.db.definition import Kind
from engine.unit_of_work import ENGINE
from tests.browser.test_signing import clean
from tests.engine.bpmn.drawing import END, drawing, flows
from tests.webui.test_picking import KINDS, PICKED

pytestmark = [pytest.mark.browser, pytest.mark.slow]

START = (
    '<startEvent id="start"><extensionElements><zeebe:formDefinition formId="oa/pick"/></extensionElements>'
    "</startEvent>"
)
FORM = {
    "id": "oa/pick", "type": "default", "schemaVersion": 18,
    "components": [
        {"id": "F_customer", "type": "record", "key": "customer", "label": "客户", "table": "crm_party",
         "valueColumn": "uscc", "filter": {"active": True}, "properties": {"troika:label.en": "Customer"}},
        {"id": "F_kind", "type": "dictionary", "key": "kind", "label": "类别", "dictionary": "kinds",
         "properties": {"troika:label.en": "Kind"}},
    ],
}  # fmt: skip


def test_a_customer_is_found_by_name_and_every_page_of_it_is_clean(site):
    xml = imports.translate(drawing(START + END + flows("start end"), process_id="pick")).xml
    with site.engine.unit_of_work(ENGINE) as uow:
        dictionaries.create(uow, "kinds", "发票类别", "Kinds", [("a", "专票", "Special"), ("b", "普票", "Plain")])
        files = {"forms/oa/pick.json": json.dumps(FORM).encode(), "processes/oa/pick.bpmn": xml or b""}
        (process,) = [info.key for info in repository.deploy(uow, files).new if info.kind is Kind.PROCESS]

    for language, width in (("zh-CN", "phone"), ("en", "desk")):
        ann = site.enter("ann", language=language, width=width)
        site.open(ann, f"/requests/start/{process}")
        ann.locator(".ts-control input").first.click()
        ann.locator(".ts-dropdown .option").first.wait_for()
        site.picture(ann, f"picker_{width}")
        ann.locator(".ts-dropdown .option").first.click()
        expect(ann.locator(".ts-control .item")).to_have_count(1)
        clean(ann)
        adam = site.enter("adam", language=language, width=width)
        for address in ("/dictionaries/", "/dictionaries/kinds"):
            site.open(adam, address)
            clean(adam)


def test_what_was_chosen_keeps_its_name_when_the_options_come(site):
    with site.engine.unit_of_work(ENGINE) as uow:
        dictionaries.create(uow, "sorts", "类别", "Kinds", [("a", "专票", "Special"), ("b", "普票", "Plain")])
        repository.deploy(
            uow, {"picked.bpmn": imports.translate(PICKED).xml or b"", "f.json": KINDS.replace(b'"kinds"', b'"sorts"')}
        )
        runtime.start(uow, "picked", {"kind": "a"})
        dictionaries.put(uow, "sorts", "a", "专用", "Special invoice")

    bob = site.task("bob", "Check", language="en", width="phone")
    bob.locator(".ts-control").first.click()
    expect(bob.locator(".ts-dropdown .option")).to_have_text(["Special (now: Special invoice)", "Plain"])
    expect(bob.locator(".ts-control .item")).to_contain_text("Special (now: Special invoice)")
