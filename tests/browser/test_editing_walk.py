"""Two analysts on one drawing in real browsers: one edits, one takes over, and nothing of either is lost."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import chromium
from tests.browser.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.designer]

RENAME = """name => {
    const { modeler } = tkDesigner, task = modeler.get('elementRegistry').find(found => found.type === 'bpmn:UserTask');
    modeler.get('modeling').updateProperties(task, { name });
}"""
EDITOR = "/designer/edit/travel_declaration"


def rename(page, name):
    page.evaluate(RENAME, name)


def test_taking_over_tells_the_other_and_keeps_his_work_and_so_does_a_crash(site: Site) -> None:
    chen, adam = site.enter("chen"), site.enter("adam", width="phone")
    site.open(chen, EDITOR)
    rename(chen, "已开始")
    expect(chen.locator("#state")).to_have_attribute("data-state", "saved")

    site.open(adam, EDITOR)
    expect(adam.locator("main [role=status]")).to_contain_text("陈晨自")
    assert chromium.violations(adam, "main") == []
    assert not chromium.scrolls_sideways(adam)
    site.picture(adam, "held_zh")
    chen.route("**/designer/drafts/**", lambda route: route.abort())
    rename(chen, "没有保存")
    expect(chen.locator("#state")).to_have_attribute("data-state", "failed")
    adam.locator("summary", has_text="接手编辑").click()
    adam.locator("form button.btn-danger").click()
    adam.wait_for_selector("#canvas .djs-container")
    chen.unroute("**/designer/drafts/**")
    chen.evaluate("tkDesigner.lock.beat()")
    expect(chen.locator("#taken")).to_contain_text("已于")
    assert chromium.violations(chen, "#taken") == []
    site.picture(chen, "taken_zh")
    chen.locator("#taken [data-compare]").click()
    site.ready(chen)
    expect(chen.locator("main dl").first).to_contain_text("没有保存")
    assert chromium.violations(chen, "main") == []

    adam.route("**/designer/drafts/**", lambda route: route.abort())
    rename(adam, "崩溃之前")
    expect(adam.locator("#state")).to_have_attribute("data-state", "failed")
    adam.goto("about:blank")
    adam.unroute("**/designer/drafts/**")
    site.open(adam, EDITOR)
    expect(adam.locator("#unsent")).to_be_visible()
    assert chromium.violations(adam, "#unsent") == []
    assert not chromium.scrolls_sideways(adam)
    adam.locator("#unsent-go-on").click()
    expect(adam.locator("#state")).to_have_attribute("data-state", "saved")
    site.open(adam, "/designer/history/travel_declaration")
    expect(adam.locator("main")).to_contain_text(re.compile("副本"))
    assert chromium.violations(adam, "main") == []
    assert not chromium.scrolls_sideways(adam)
    site.picture(adam, "history_zh")
    site.open(adam, "/designer/comments/travel_declaration?element=edit")
    adam.locator("#text").fill("这里还缺时限")
    adam.locator("main form button").first.click()
    site.ready(adam)
    assert chromium.violations(adam, "main") == []
    assert not chromium.scrolls_sideways(adam)
    site.picture(adam, "comments_zh")
    site.open(adam, EDITOR)
    expect(adam.locator(".tk-comments")).to_have_count(1)
    site.picture(adam, "commented_zh")
    site.trouble.clear()  # requests that this test cut off
