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


def test_a_session_that_has_ended_says_so_and_the_work_is_offered_after_the_next_sign_in(site: Site) -> None:
    chen = site.enter("chen")
    site.open(chen, EDITOR)
    chen.evaluate("() => { tkDesigner.modeler.get('troikaVariables').set = () => { throw new Error('broken'); }; }")
    chen.locator("#canvas").press("Control+s")
    expect(chen.locator(".tk-toast", has_text="broken")).to_contain_text("无法检查流程图")
    signed_in = chen.context.cookies()
    chen.context.clear_cookies()
    rename(chen, "没有登录")
    expect(chen.locator("#state")).to_have_text("未保存：请重新登录")
    expect(chen.locator(".tk-toast", has_text="请刷新页面、登录后继续")).to_be_visible()
    chen.locator("#deploy").click()
    expect(chen.locator("input[type=password]")).to_be_visible()  # led to where he signs in
    chen.context.add_cookies(signed_in)
    site.open(chen, EDITOR)
    chen.locator("#unsent-go-on").click()
    expect(chen.locator("#state")).to_have_attribute("data-state", "saved")
    site.trouble.clear()  # what was refused without a session, and what was broken


def test_taking_over_tells_the_other_and_keeps_his_work_and_so_does_a_crash(site: Site) -> None:
    chen, adam = site.enter("chen"), site.enter("adam", width="phone")
    site.open(chen, EDITOR)
    chen.route("**/designer/drafts/**", lambda route: route.abort())
    rename(chen, "已开始")
    expect(chen.locator("#state")).to_have_text("未保存：没有连接")
    expect(chen.locator(".tk-toast")).to_contain_text("连接恢复后自动保存")
    chen.unroute("**/designer/drafts/**")
    expect(chen.locator("#state")).to_have_attribute("data-state", "saved")

    site.open(adam, EDITOR)
    expect(adam.locator("main [role=status]")).to_contain_text("陈晨自")
    assert chromium.violations(adam, "main") == []
    assert not chromium.scrolls_sideways(adam)
    site.picture(adam, "held_zh")
    chen.route("**/designer/drafts/**", lambda route: route.abort())
    rename(chen, "没有保存")
    expect(chen.locator("#state")).to_have_attribute("data-state", "offline")
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
    expect(adam.locator("#state")).to_have_attribute("data-state", "offline")
    adam.goto("about:blank")
    adam.unroute("**/designer/drafts/**")
    site.open(adam, EDITOR)
    expect(adam.locator("#unsent")).to_be_visible()
    assert chromium.violations(adam, "#unsent") == []
    assert not chromium.scrolls_sideways(adam)
    with adam.expect_response(lambda answer: answer.request.method == "PUT"):
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


LABEL = """label => {
    const { editor } = tkForm, last = editor.get('formFieldRegistry').getAll().at(-1);
    editor.get('modeling').editFormField(last, 'label', label);
}"""
CELL = """text => {
    const viewer = tkDecision.modeler.getActiveViewer(), [row] = viewer.get('sheet').getRoot().rows;
    viewer.get('modeling').editCell(row.cells[0].businessObject, text);
}"""
NUMBERED = """() => [...document.querySelectorAll('#fields [data-id], #editor [data-comments]')]
    .filter(part => getComputedStyle(part, '::before').content.includes('” ')).length"""


@pytest.mark.parametrize(
    ("file", "editor", "tool", "change"),
    [("form/oa/leave_request", "/designer/forms/edit/oa/leave_request", "tkForm", LABEL),
     ("decision/leave_rule", "/designer/decisions/edit/leave_rule", "tkDecision", CELL)],
)  # fmt: skip
def test_forms_and_tables_are_taken_over_and_nothing_of_them_is_lost(site, file, editor, tool, change):
    chen, adam = site.enter("chen"), site.enter("adam", width="phone")
    saved, unsaved, saves = "first_said", "left_behind", re.compile("/drafts/")
    site.open(chen, editor)
    chen.evaluate(change, saved)
    expect(chen.locator("#state")).to_have_attribute("data-state", "saved")
    site.open(adam, editor)
    expect(adam.locator("main [role=status]")).to_contain_text("陈晨自")
    expect(adam.locator("main")).to_contain_text(saved)
    assert chromium.violations(adam, "main") == []
    assert not chromium.scrolls_sideways(adam)

    chen.route(saves, lambda route: route.abort())
    chen.evaluate(change, unsaved)
    expect(chen.locator("#state")).to_have_attribute("data-state", "offline")
    adam.locator("summary", has_text="接手编辑").click()
    with adam.expect_navigation():
        adam.locator("form button.btn-danger").click()
    site.ready(adam)
    chen.evaluate(f"{tool}.lock.beat()")
    chen.locator("#taken [data-compare]").click()
    site.ready(chen)
    expect(chen.locator("main dl").first).to_contain_text(unsaved)
    chen.unroute(saves)

    adam.route(saves, lambda route: route.abort())
    adam.evaluate(change, unsaved)
    expect(adam.locator("#state")).to_have_attribute("data-state", "offline")
    adam.goto("about:blank")
    adam.unroute(saves)
    site.open(adam, editor)
    assert chromium.violations(adam, "#unsent") == []
    with adam.expect_response(lambda answer: answer.request.method == "PUT"):
        adam.locator("#unsent-go-on").click()
    expect(adam.locator("#state")).to_have_attribute("data-state", "saved")
    adam.goto("about:blank")
    content = chen.locator("#form-data, #decision-data")
    for _ in range(50):  # nobody waits for a page that says it is left
        site.open(chen, editor)
        if content.count():
            break
    expect(chen.locator("#unsent")).to_be_hidden()
    assert unsaved in (content.text_content() or "")
    assert chen.evaluate(NUMBERED) == 0
    site.open(chen, f"/designer/comments/{file}")
    chen.locator("#element").select_option(index=2)
    chen.locator("#text").fill("还要吗？")
    chen.locator("main form button").first.click()
    site.ready(chen)
    assert chromium.violations(chen, "main") == []
    chen.get_by_role("link", name="显示", exact=True).click()
    site.ready(chen)
    assert chen.evaluate(NUMBERED) == 1
    assert chromium.violations(chen, "#content") == []
    chen.locator("#discards").click()
    assert chromium.violations(chen, "#discard") == []
    chen.locator("#discard .btn-danger").click()
    chen.wait_for_url(f"**/designer/history/{file}")
    site.ready(chen)
    expect(chen.locator("main")).to_contain_text("草稿已放弃")
    site.trouble.clear()  # requests that this test cut off


def test_settings_of_a_card_and_the_rows_of_a_form_are_taken_over_too(site):
    chen, adam = site.enter("chen"), site.enter("adam")
    cards = "/designer/simple/leave_request?card=manager"
    site.open(chen, cards)
    sheet = chen.locator("#sheet")
    sheet.locator("#name").fill("直属上级批")
    sheet.locator("details", has=chen.locator("[name=amount]")).locator("summary").first.click()
    sheet.locator("[name=amount]").fill("99999")
    sheet.locator("footer button").click()
    expect(sheet.locator("#refusal")).to_contain_text("99999")
    expect(sheet.locator("#name")).to_have_value("直属上级批")
    site.open(adam, cards)
    adam.locator("summary", has_text="接手编辑").click()
    adam.locator("form button.btn-danger").click()
    adam.wait_for_url("**/designer/simple/leave_request*")
    sheet.locator("[name=amount]").fill("4")
    with chen.expect_response("**/card/manager"):
        chen.clock.fast_forward(20_000)
    chen.locator("#taken [data-compare]").click()
    site.ready(chen)
    expect(chen.locator("main")).to_contain_text("直属上级批")

    rows = "/designer/simple/expense_claim/forms/oa/expense_claim"
    site.open(chen, rows)
    chen.get_by_label("字段 1", exact=True).fill("没有保存的名字")
    site.open(adam, rows)
    expect(adam.locator("main [role=status]")).to_contain_text("陈晨自")
    adam.locator("summary", has_text="接手编辑").click()
    adam.locator("form button.btn-danger").click()
    adam.wait_for_url(f"**{rows}")
    chen.route(f"**{rows}", lambda route: route.abort())
    with chen.expect_response("**/lock/**"):
        chen.clock.fast_forward(20_000)
    expect(chen.locator("#taken")).to_contain_text("已于")
    expect(chen.locator("#taken")).to_contain_text("它仍在本页上")
    assert chromium.violations(chen, "#taken") == []
    site.picture(chen, "not_put_aside_zh")
    chen.unroute(f"**{rows}")
    chen.locator("#taken [data-again]").click()
    expect(chen.locator("#taken [data-again]")).to_be_hidden()
    assert chromium.violations(chen, "#taken") == []
    chen.locator("#taken [data-compare]").click()
    site.ready(chen)
    expect(chen.locator("main dl").first).to_contain_text("没有保存的名字")
    site.picture(chen, "aside_form_zh")
    site.trouble.clear()  # the request that this test cut off
