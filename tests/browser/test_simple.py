"""The simple view in a real Chromium: an approval from nothing by the keyboard alone, and one that can only be read."""

import pytest
from playwright.sync_api import expect

from engine import drafts, repository
from engine.bpmn import read
from engine.bpmn.outline import outline
from engine.unit_of_work import ENGINE
from tests.browser import chromium
from tests.browser.hands import Hands

pytestmark = pytest.mark.browser


IN_ORDER = """ids => {
    const all = [...document.querySelectorAll('[data-card]')].map(found => found.dataset.card);
    return ids.every((id, n) => !n || all.indexOf(ids[n - 1]) < all.indexOf(id));
}"""


def card(page, text):
    return page.locator("[data-card]").filter(has_text=text).first


@pytest.mark.main_job
def test_somebody_builds_an_expense_approval_by_the_keyboard_in_three_minutes_and_a_clerk_starts_it(site):
    page = site.enter("chen")
    site.open(page, "/designer/")
    hands, sheet = Hands(page), page.locator("#sheet")
    hands.to(page.locator("main a[href='/designer/approvals/new']"))
    hands.press("Enter")
    page.wait_for_url("**/designer/approvals/new")
    site.ready(page)
    expect(page.locator("#name")).to_be_focused()
    hands.type("小额报销")
    hands.to(page.get_by_label("字段 2", exact=True))
    hands.type("金额")
    hands.choose(page.get_by_label("字段 2 的类型", exact=True), "金额")
    hands.to(page.locator("[name=required]").nth(1))
    hands.press("Space")
    hands.to(page.get_by_label("字段 3", exact=True))
    hands.type("发票")
    hands.choose(page.get_by_label("字段 3 的类型", exact=True), "文件")
    hands.to(page.locator("[name=required]").nth(2))
    hands.press("Space")
    hands.press("Enter")
    page.wait_for_url("**/designer/simple/**")
    site.ready(page)

    built = page.url.removeprefix(site.address)
    hands.to(card(page, "上级审批"))
    hands.add("condition")
    hands.choose(sheet.get_by_label("字段 1"), "金额")
    hands.choose(sheet.get_by_label("比较 1"), ">")
    hands.to(sheet.get_by_label("值 1"))
    hands.type("5000")
    hands.apply()
    expect(card(page, "条件 1")).to_be_focused()
    expect(card(page, "条件 1")).to_contain_text("金额 > 5000")

    hands.add("approval")
    hands.to(sheet.locator("#name"))
    hands.type("财务审批")
    hands.choose(sheet.locator("#way"), "用户组成员")
    hands.to(sheet.locator("[name=groups][value=cfo]"))
    hands.press("Space")
    hands.apply()
    expect(page.locator(".tk-branch .tk-card").first).to_contain_text("财务审批")

    hands.to(card(page, "条件分支"), key="ArrowUp")
    hands.add("copy")
    hands.choose(sheet.locator("#way"), "发起人")
    hands.to(sheet.locator("#title"))
    hands.apply()
    expect(page.locator(".tk-note")).to_contain_text("可以发布")
    assert chromium.violations(page) == []
    site.picture(page, "simple")

    hands.to(page.locator("#deploy"), key="Shift+Tab")
    hands.press("Enter")
    page.wait_for_url("**/publish/**")
    site.ready(page)
    assert page.locator("#findings .bg-red-lt").count() == 0
    hands.to(page.locator("#note"))
    hands.press("Enter")
    expect(page.locator("h1")).to_contain_text("版本 1")
    assert hands.acts <= 60, hands.acts
    assert hands.seconds < 180, hands.seconds

    clerk = site.enter("ann")
    site.open(clerk, "/requests/")
    clerk.get_by_role("link", name="小额报销").first.click()
    site.ready(clerk)
    clerk.get_by_label("原因").first.fill("打车")
    clerk.get_by_label("金额").first.fill("8000")
    invoice = {"name": "发票.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 invoice"}
    files = clerk.locator(".fjs-form-field-filepicker")
    files.locator("input[type=file]").set_input_files(invoice | {"buffer": b"<html>"})
    expect(files.locator("[role=alert]")).to_contain_text("发票.pdf")
    site.trouble.clear()  # the refusal, in the console too
    files.locator("input[type=file]").set_input_files(invoice)
    expect(files.get_by_role("link", name="发票.pdf")).to_be_visible()
    assert chromium.violations(clerk) == []
    site.submitted(clerk, "提交")
    boss = site.enter("bob")
    site.open(boss, "/inbox/")
    boss.get_by_role("link", name="小额报销").first.click()
    site.ready(boss)
    sent = boss.locator("tk-form").get_by_role("link", name="发票.pdf")
    assert (
        boss.evaluate("at => fetch(at).then(answer => answer.text())", sent.get_attribute("href")) == "%PDF-1.7 invoice"
    )
    assert chromium.violations(boss) == []
    expect(clerk.locator("main")).to_contain_text("上级审批")
    expect(clerk.locator("main")).to_contain_text("财务审批")

    phone = site.enter("chen", width="phone")
    site.open(phone, "/designer/")
    assert not chromium.scrolls_sideways(phone)
    site.open(phone, built)
    expect(card(phone, "条件 1")).to_contain_text("金额 > 5000")
    assert not chromium.scrolls_sideways(phone)
    assert chromium.violations(phone) == []


def test_a_card_that_is_removed_by_key_comes_back_by_undo(site):
    page = site.enter("chen")
    site.open(page, "/designer/simple/direct_payment")
    title = page.locator(".tk-tree > .tk-path > .tk-step > .tk-card [data-card]").nth(1)
    text = title.locator(".tk-card-title").inner_text()

    title.focus()
    page.keyboard.press("Delete")
    expect(page.locator("#undo")).to_be_enabled()
    page.keyboard.press("Control+z")

    expect(card(page, text)).to_be_visible()
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    with site.engine.unit_of_work(ENGINE) as uow:
        drafts.discard(uow, "processes/oa/direct_payment.bpmn")


@pytest.mark.parametrize("width", ["desk", "phone"])
def test_a_drawing_that_is_no_cards_is_read_only_and_leads_to_what_is_in_the_way(site, width):
    page = site.enter("chen", width=width)
    site.open(page, "/designer/simple/order_to_cash")

    expect(page.locator("#obstacles")).to_contain_text("“等待补货”是卡片视图不支持的网关。")
    assert page.locator(".tk-plus").count() == 0
    assert not chromium.scrolls_sideways(page)
    assert chromium.violations(page) == []
    page.locator("#obstacles a").first.click()
    site.ready(page)
    assert page.evaluate("tkDesigner.modeler.get('selection').get()[0].id") == "wait_supply"


@pytest.mark.parametrize(("language", "theme"), [("zh-CN", "light"), ("en", "dark")])
def test_cards_of_a_shipped_process_are_readable_on_a_phone(site, language, theme):
    page = site.enter("chen", language=language, width="phone")
    site.open(page, "/designer/simple/expense_claim")
    page.evaluate("theme => document.documentElement.dataset.bsTheme = theme", theme)

    assert not chromium.scrolls_sideways(page)
    assert page.evaluate("document.querySelector('#pane').scrollWidth <= innerWidth")
    assert chromium.violations(page) == []
    page.locator("[data-card=manager]").click()
    expect(page.locator("#sheet-title")).to_be_focused()
    assert chromium.violations(page) == []


def test_the_flowchart_and_the_cards_show_one_draft(site):
    page = site.enter("chen")
    site.open(page, "/designer/edit/leave_request")
    page.evaluate(
        "tkDesigner.modeler.get('selection').select(tkDesigner.modeler.get('elementRegistry').get('manager'))"
    )
    name = page.locator("[data-entry-id=name] textarea, [data-entry-id=name] input").first
    if not name.is_visible():
        page.locator("[data-group-id=group-general] .bio-properties-panel-group-header").click()
    name.fill("主管审批")
    page.locator("#mode-simple").click()  # at once: the panel has not written it yet
    page.wait_for_url("**/designer/simple/leave_request")
    site.ready(page)

    expect(page.locator("[data-card=manager]")).to_contain_text("主管审批")
    page.locator("[data-card=manager]").click()
    page.locator("#sheet #name").fill("主管批准")
    page.locator("[data-card=rule]").click()  # another card, nothing applied
    expect(page.locator("[data-card=manager]")).to_contain_text("主管批准")
    expect(page.locator("#sheet #name")).to_have_value("确定审批人")
    page.locator("#sheet #name").fill("谁先来批")
    behind, copies = page.locator(".tk-plus[data-behind]").first, page.locator("article.tk-of-copy").count()
    behind.locator("summary").click()
    behind.locator("button[value=copy]").dblclick()  # "+", nothing applied; twice is once
    expect(page.locator("[data-card=rule]")).to_contain_text("谁先来批")
    expect(page.locator("article.tk-of-copy")).to_have_count(copies + 1)
    page.locator("[data-card=rule]").click()
    expect(page.locator("#sheet #name")).to_have_value("谁先来批")
    page.locator("#sheet #name").fill("谁来批")
    page.get_by_role("link", name="流程图", exact=True).click()
    page.wait_for_url("**/designer/edit/leave_request")
    site.ready(page)
    drawing = page.evaluate("tkDesigner.modeler.saveXML().then(({ xml }) => xml)")
    assert ("主管批准" in drawing, "谁来批" in drawing) == (True, True)
    with site.engine.unit_of_work(ENGINE) as uow:
        assert "主管批准" in drafts.open_(uow, "processes/oa/leave_request.bpmn").content.decode()
        drafts.discard(uow, "processes/oa/leave_request.bpmn")
        assert repository.latest(uow, "leave_request").version == 1


def test_a_row_offers_what_its_comparison_takes_and_keeps_nothing_of_another(site):
    page = site.enter("chen")
    site.open(page, "/designer/simple/expense_claim?card=manager")
    sheet = page.locator("#sheet")
    rows = sheet.locator("fieldset[data-conditions] [data-row]")
    sheet.locator("details.tk-section").filter(has=page.locator("[data-conditions]")).locator("summary").first.click()
    person, operator, value = (rows.first.locator(f"[name$={part}]") for part in ("field", "operator", "value"))
    person.select_option("process.initiator.login")
    operator.select_option("=")
    value.select_option("ann")
    operator.select_option("has-role")
    expect(value).to_have_value("")
    assert "ann" not in value.locator("option").evaluate_all("found => found.map(({ value }) => value)")
    value.select_option("cfo")

    sheet.locator("fieldset[data-conditions] [data-adds-row]").click()
    rows.nth(1).locator("[name$=field]").select_option("category")
    rows.nth(1).locator("[name$=operator]").select_option("=")
    rows.nth(1).locator("[name$=value]").select_option("travel")
    rows.nth(1).locator("[name$=operator]").select_option("in")
    ticks = rows.nth(1).locator(".tk-ticks input")
    assert ticks.evaluate_all("found => found.filter(one => one.checked).map(one => one.value)") == ["travel"]
    rows.nth(1).locator(".tk-ticks [value=hotel]").check()
    assert chromium.violations(page) == []
    with page.expect_response("**/card/manager"):
        sheet.locator(".tk-sheet-foot button").click()
    expect(sheet).to_have_count(0)

    with site.engine.unit_of_work(ENGINE) as uow:
        drawn = read(drafts.open_(uow, "processes/oa/expense_claim.bpmn").content).definition.process("expense_claim")
        drafts.discard(uow, "processes/oa/expense_claim.bpmn")
    member, several = drawn.nodes["manager"].extensions.skip_when.split(" and ")
    assert member == '= has role(process.initiator.login, "cfo")'
    assert several == 'category in ("hotel", "travel")'


def centre(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drawn(site, key="leave_request"):
    """The cards of the draft: (ids from top to bottom, branches of `second` in their order)."""
    with site.engine.unit_of_work(ENGINE) as uow:
        found = outline(read(drafts.open_(uow, f"processes/oa/{key}.bpmn").content).definition)
    return [card.id for card in found.path.cards], [path.flow for path in found.card("second").branches]


def lift(page, card):
    """Press upon a card and draw it away from its place."""
    x, y = centre(card)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 4, y + 12, steps=3)
    expect(page.locator(".tk-ghost")).to_be_visible()


def test_cards_and_branches_are_dragged_to_the_places_that_are_shown_by_mouse_and_by_finger(site):
    page = site.enter("chen")
    site.open(page, "/designer/simple/leave_request")
    cards = page.locator(".tk-tree > .tk-path > .tk-step > .tk-card")
    rule, before = cards.filter(has=page.locator("[data-card=rule]")), cards.all_inner_texts()

    lift(page, rule.locator("[data-card]"))
    places = page.locator(".tk-place")
    assert places.count() == len(rule.get_attribute("data-places").split())
    assert rule.locator("xpath=..").locator(".tk-place").count() == 0  # not where it stands
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(places).to_have_count(0)
    expect(page.locator("#told")).to_have_text("“确定审批人”已放回原处。")
    assert cards.all_inner_texts() == before
    expect(page.locator("#sheet")).to_have_count(0)

    lift(page, rule.locator("[data-card]"))
    page.mouse.move(*centre(places.filter(has_text="“请假已申请”之后")), steps=5)
    page.mouse.up()
    expect(page.locator("#told")).to_have_text("“确定审批人”现在位于“请假已申请”之后。")
    expect(page.locator("[data-card=rule]")).to_be_focused()
    assert drawn(site)[0][:4] == ["submitted", "rule", "check", "bookable"]

    hr = page.locator("[data-card=second_to_hr]")
    hr.scroll_into_view_if_needed()
    lift(page, hr)
    assert places.count() == 1  # the other one that is asked; the default stays last
    page.mouse.move(*centre(places), steps=5)
    page.mouse.up()
    expect(page.locator("#told")).to_contain_text("现在是第 1 个分支，共 3 个。")
    assert drawn(site)[1] == ["second_to_hr", "second_to_director", "second_to_approved"]
    for left in (["second_to_director", "second_to_hr"], ["check", "bookable", "rule"]):
        page.keyboard.press("Control+z")
        expect(page.locator("#state")).to_have_attribute("data-state", "saved")
        page.wait_for_function(IN_ORDER, arg=left)

    phone = site.enter("chen", width="phone")
    site.open(phone, "/designer/simple/leave_request")
    finger = phone.context.new_cdp_session(phone)
    x, y = centre(phone.locator(".tk-card", has=phone.locator("[data-card=check]")).locator("[data-grip]"))
    touch(finger, "touchStart", x, y)
    for step in range(1, 6):
        touch(finger, "touchMove", x - step * 10, y + step * 12)
    target = phone.locator(".tk-place").filter(has_text="“可休？”之后")
    touch(finger, "touchMove", *centre(target))
    touch(finger, "touchEnd")
    expect(phone.locator("#told")).to_have_text("“核对请假余额”现在位于“可休？”之后。")
    assert drawn(site)[0][:4] == ["submitted", "bookable", "check", "rule"]

    phone.locator("[data-card=check]").focus()
    phone.keyboard.press("Alt+ArrowUp")
    expect(phone.locator("#told")).to_have_text("“核对请假余额”现在位于“请假已申请”之后。")
    phone.get_by_label("“核对请假余额”的操作").click()
    phone.get_by_role("button", name="移到别处…").filter(visible=True).click()
    expect(phone.locator("#lifted")).to_contain_text("“核对请假余额”放到哪里？")
    assert chromium.violations(phone) == []
    phone.keyboard.press("ArrowDown")
    phone.keyboard.press("Enter")
    expect(phone.locator("#told")).to_contain_text("“核对请假余额”现在位于")
    with site.engine.unit_of_work(ENGINE) as uow:
        drafts.discard(uow, "processes/oa/leave_request.bpmn")


def touch(finger, kind, *point):
    points = [{"x": point[0], "y": point[1]}] if point else []
    finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
