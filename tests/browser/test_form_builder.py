"""The form builder in a real browser: a field, its names, the preview as a step sees it, and nothing lost."""

import json
import re

import pytest
from playwright.sync_api import expect

from engine import drafts
from engine.unit_of_work import ENGINE
from tests.browser import chromium

pytestmark = pytest.mark.browser


def test_an_analyst_adds_a_field_and_sees_what_a_step_makes_of_the_form(site):
    page = site.enter("chen", language="zh-CN")
    site.open(page, "/designer/edit/expense_claim#manager")
    before = json.loads(page.request.get(f"{site.address}/designer/catalogue.json").text())["forms"]
    assert "oa/expense_claim" in [one["id"] for one in before]
    page.locator("#panel [data-group-id=group-tk-form] .bio-properties-panel-group-header").click()
    page.locator("#panel [data-saves]").filter(has_text="打开表单").click()
    page.wait_for_url("**/designer/forms/edit/oa/expense_claim?**")
    site.ready(page)
    expect(page.locator("#back")).to_have_attribute("href", "/designer/edit/expense_claim#manager")
    stored, now = page.evaluate("[JSON.parse(document.getElementById('form-data').textContent).content, tkForm.text()]")
    assert json.loads(now) == json.loads(stored), "opening a form changes nothing of it"
    frame = page.frame_locator("#frame")
    expect(frame.locator(".fjs-form-field")).not_to_have_count(0)
    assert chromium.violations(page) == []

    page.locator("#palette [data-preset=money]").click()
    page.locator("[data-group-id=group-general] .bio-properties-panel-group-header").click()
    page.locator("#tk-english-label").fill("Tip")
    page.keyboard.press("Tab")
    page.locator("[data-language=en]").click()

    expect(frame.get_by_text("Tip", exact=True)).to_be_visible()
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    with site.engine.unit_of_work(ENGINE, read_only=True) as uow:
        saved = json.loads(drafts.open_(uow, "forms/oa/expense_claim.json").content)
    assert saved["components"][:-1] == json.loads(stored)["components"]
    assert saved["components"][-1]["properties"] == {"currency": "CNY", "troika:label.en": "Tip"}
    page.get_by_text("标题与英文名称").click()
    for label, text in (("表单标题", "报销单"), ("表单英文标题", "Claim form"), ("“事由”的英文", "Why")):
        field = page.locator("#names").get_by_label(label, exact=True)
        field.fill(text)
        field.press("Tab")
    expect(page.locator("h1")).to_have_text("报销单")
    expect(page.locator("#state")).to_have_attribute("data-state", "unsaved")
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    named = json.loads(page.evaluate("tkForm.text()"))
    assert named["properties"] == {"troika:title": "报销单", "troika:title.en": "Claim form"}
    assert [one["properties"]["troika:label.en"] for one in named["components"] if one.get("label") == "事由"] == [
        "Why"
    ]
    known = json.loads(page.request.get(f"{site.address}/designer/catalogue.json").text())["forms"]
    assert [one["name"] for one in known if one["id"] == "oa/expense_claim"] == ["报销单"]
    page.locator("#undo").click()
    expect(page.locator("#names").get_by_label("“事由”的英文", exact=True)).not_to_have_value("Why")
    page.locator("#use").select_option("expense_claim#manager")
    expect(frame.locator("textarea[readonly]")).to_have_count(1)
    page.locator("[data-width='1200']").click()
    expect(page.locator("#frame")).to_have_css("width", "1200px")
    label = page.locator("#properties #bio-properties-panel-label")
    label.press("End")
    for typed in ("差旅", "金额"):
        page.keyboard.type(typed)
        expect(page.locator("#state")).to_have_attribute("data-state", "unsaved")
        expect(page.locator("#state")).to_have_attribute("data-state", "saved")
        expect(label).to_be_focused()
    assert json.loads(page.evaluate("tkForm.text()"))["components"][-1]["label"].endswith("差旅金额")
    mark = page.locator("#fields .fjs-powered-by")
    expect(mark).to_be_visible()
    assert not chromium.scrolls_sideways(page)

    page.locator("#palette [data-field-type=record]").click()
    page.locator("[data-group-id=group-source] .bio-properties-panel-group-header").click()
    page.locator("#tk-table").select_option("erp_supplier")
    page.locator("#tk-filter-0").select_option("active")
    assert json.loads(page.evaluate("tkForm.text()"))["components"][-1]["filter"] == {"active": True}
    for kind in ("[data-preset=idcard]", "[data-field-type=person]", "[data-field-type=department]"):
        page.locator(f"#palette {kind}").click()
    kinds = [one["type"] for one in json.loads(page.evaluate("tkForm.text()"))["components"][-3:]]
    assert kinds == ["textfield", "person", "department"]
    page.locator("#palette [data-field-type=signature]").click()
    page.locator("#palette [data-field-type=person]").click()
    closed = "#properties .bio-properties-panel-group-header:not(.open)"
    page.evaluate("closed => { for (const one of document.querySelectorAll(closed)) one.click(); }", closed)
    expect(page.locator("#tk-picker-required")).to_be_visible()
    page.locator("#tk-picker-multiple").check()
    page.get_by_label("流程分析师").check()
    chosen = json.loads(page.evaluate("tkForm.text()"))["components"][-1]
    assert (chosen["multiple"], chosen["groups"]) == (True, ["analysts"])
    page.locator("#use").select_option("")
    page.locator("[data-width='375']").click()
    expect(frame.locator("textarea[readonly]")).to_have_count(0)
    expect(frame.locator("select[multiple]")).to_have_count(1)
    frame.locator(".fjs-form-field-picker .ts-control").last.click()
    expect(frame.locator(".ts-dropdown .option").filter(has_text="陈晨")).to_be_visible()
    expect(frame.locator(".ts-dropdown .option").filter(has_text="安达")).to_have_count(0)
    frame.locator(".ts-dropdown .option").filter(has_text="陈晨").click()
    sheet = frame.locator("svg.tk-signed")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 60)
    page.mouse.move(box["x"] + 60, box["y"] + 90)
    page.mouse.up()
    expect(sheet.locator("path")).to_have_count(1)
    expect(page.locator("#sample")).to_have_value(re.compile(r'"M\d+ \d+L'))
    key = json.loads(page.evaluate("tkForm.text()"))["components"][-1]["key"]
    assert json.loads(page.locator("#sample").input_value())[key] == ["chen"]
    page.evaluate("() => { document.documentElement.dataset.bsTheme = 'dark'; }")
    assert chromium.violations(page) == []


def test_a_kind_that_is_not_known_is_shown_kept_and_said(site):
    odd = {
        "id": "oa/odd", "type": "default",
        "components": [
            {"id": "a", "type": "textfield", "key": "a", "label": "甲"}, {"id": "b", "type": "hologram", "seen": 1},
        ],
    }  # fmt: skip
    with site.engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "forms/oa/odd.json", json.dumps(odd).encode())
    page = site.enter("chen", language="zh-CN")
    site.open(page, "/designer/forms/edit/oa/odd")
    expect(page.locator("#fields .tk-strange")).to_have_text("这里没有的组件：hologram")
    expect(page.locator("#palette [data-field-type=hologram]")).to_be_hidden()
    expect(page.locator("#problems")).to_contain_text("不能使用组件类型“hologram”")
    assert json.loads(page.evaluate("tkForm.text()"))["components"] == odd["components"]


def test_the_canvas_shows_the_readers_language_and_stores_what_the_file_says(site):
    named = {"properties": {"troika:label.en": "Room"}, "label": "房间"}
    form = {
        "id": "oa/room", "type": "default", "properties": {"troika:title": "用房", "troika:title.en": "Room request"},
        "components": [
            {"id": "a", "type": "select", "key": "a", **named,
             "values": [{"value": "s", "label": "小", "troika:label.en": "Small"}]},
            {"id": "b", "type": "datetime", "key": "b", "subtype": "date", "label": "日期",
             "properties": {"troika:label.en": "Day"}},
            {"id": "c", "type": "textfield", "key": "c", "label": "备注"},
        ],
    }  # fmt: skip
    with site.engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "forms/oa/room.json", json.dumps(form).encode())
    page = site.open(site.enter("chen", language="en"), "/designer/forms/edit/oa/room")

    labels = page.locator("#fields .fjs-form-field label")
    expect(labels.filter(has_text="Room")).to_be_visible()
    assert page.locator("#fields").inner_text().count("房间") == 0
    expect(labels.filter(has_text="Day")).to_be_visible()
    expect(labels.filter(has_text="备注")).to_be_visible()
    expect(page.locator("h1")).to_have_text("Room request")
    page.locator("#fields [data-id=a]").click()
    page.locator("[data-group-id=group-general] .bio-properties-panel-group-header").click()
    expect(page.locator("#properties #bio-properties-panel-label")).to_contain_text("房间")
    page.locator("#tk-english-label").fill("Hall")
    page.keyboard.press("Tab")
    expect(labels.filter(has_text="Hall")).to_be_visible()
    now = json.loads(page.evaluate("tkForm.text()"))["components"]
    assert (now[0]["label"], now[0]["values"], now[1:]) == (
        "房间",
        form["components"][0]["values"],
        form["components"][1:],
    )
