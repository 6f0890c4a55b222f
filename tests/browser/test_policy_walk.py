"""A controller at work in a real browser: states a policy, sees what it breaks, and lets one held payment through."""

import sys
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect

from engine import identity, runtime, tasks
from engine.unit_of_work import ENGINE, Actor
from tests.browser import chromium
from tests.browser.conftest import Site
from tests.browser.hands import Hands
from tests.browser.test_drawing_walk import LISTENS, MIDDLE

pytestmark = pytest.mark.browser
CLAIM = {"category": "meal", "amount": Decimal("120.00"), "spent_on": date(2026, 11, 20), "cost_center": "销售一部",
         "reason": "午餐"}  # fmt: skip
POLICY_ID = "PAY-900"
WHY = "供应商停机，今天不付就断供，双方签字负责"


def look(page: Page, name: str) -> None:
    """Nothing stands in anybody's way on it, in this language and width."""
    assert chromium.violations(page) == [], name
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} is wider than its window"


def claimed(site: Site) -> UUID:
    """Ann's claim, agreed to by her manager and one person of the finance department."""

    def acting(login: str) -> Actor:
        with site.engine.unit_of_work(ENGINE, read_only=True) as uow:
            return Actor(identity.user(uow, login).id)

    with site.engine.unit_of_work(acting("ann")) as uow:
        key = runtime.start(uow, "expense_claim", dict(CLAIM)).id
    for login in ("bob", "jiangyi"):
        with site.engine.unit_of_work(acting(login)) as uow:
            (item,) = [one for one in tasks.inbox(uow, "todo", limit=200).items if one.instance_id == key]
            if item.claimable:
                tasks.claim(uow, item.work_item_id)
            tasks.agree(uow, item.work_item_id, {}, "发票齐全")
    return key


def test_a_controller_states_a_policy_and_two_people_answer_for_what_it_holds(site: Site) -> None:
    dina = site.enter("dina", at="/policies/PAY-001/change")
    dina.get_by_label("几人", exact=True).first.fill("2")
    dina.get_by_label("紧急情况下可由两人为一张单据负责放行").check()
    dina.locator("[name=glass_roles][value=internal_audit]").check()
    look(dina, "change_zh_desk")
    dina.get_by_role("button", name="查看影响").click()
    site.ready(dina)
    expect(dina.locator("ins")).not_to_have_count(0)
    look(dina, "impact_zh_desk")
    dina.get_by_label("原因").fill("年底起付款须两人审批")
    dina.get_by_role("button", name="提出", exact=True).click()
    dina.locator(".alert-success").wait_for()

    qian = site.enter("qian", language="en", width="phone", at="/policies/PAY-001")
    look(qian, "one_en_phone")
    qian.get_by_role("button", name="Put in force").click()
    qian.locator(".alert-success").wait_for()
    for address, name in (("proofs", "proofs"), ("duties", "duties"), ("grants", "grants"), ("", "index")):
        look(site.open(qian, f"/policies/{address}"), f"{name}_en_phone")
        look(site.open(dina, f"/policies/{address}"), f"{name}_zh_desk")
    site.open(dina, "/policies/proofs")
    dina.locator("tbody a[href^='/policies/proofs/']").first.click()
    site.ready(dina)
    look(dina, "proof_zh_desk")

    claimed(site)
    site.open(dina, "/policies/holds")
    site.until(dina, dina.get_by_text("缺少有效审批：财务审批"))
    look(dina, "holds_zh_desk")
    look(site.open(qian, "/policies/holds"), "holds_en_phone")
    dina.locator("details summary", has_text="应急").first.click()
    dina.get_by_label("理由（至少 20 个字）").fill(WHY)
    dina.get_by_role("button", name="请两人负责放行").click()
    dina.locator(".alert-success").wait_for()

    for login, language, width in (("gao", "en", "phone"), ("xing", "zh-CN", "desk")):
        page = site.enter(login, language=language, width=width, at="/policies/emergencies")
        look(page, f"emergencies_{language[:2]}_{width}")
        page.get_by_role("button", name="I answer for it" if language == "en" else "我负责放行").click()
        page.locator(".alert-success").wait_for()

    site.open(page, "/policies/payments")
    paid = page.locator("tbody tr", has_text="应急")
    site.until(page, paid)
    look(page, "payments_zh_desk")
    look(site.open(qian, "/policies/payments"), "payments_en_phone")
    paid.locator("a[href*='/policies/payments/']").click()
    expect(page.get_by_text(WHY)).to_be_visible()
    expect(page.get_by_role("heading", name="他们看到的内容")).to_be_visible()
    look(page, "payment_zh_desk")
    look(site.open(qian, page.url.removeprefix(site.address)), "payment_en_phone")
    with page.expect_download() as pack:
        page.locator("form[action*=evidence] button").click()
    assert pack.value.path().stat().st_size > 10_000, "what an auditor takes away for this payment"


def test_approve_before_pay_is_stated_proved_for_every_process_and_a_broken_copy_is_shown(site: Site, capsys) -> None:
    """policy.md, end: within five minutes, and without a word of FEEL or YAML."""
    dina = site.enter("dina", at="/policies/")
    stating = Hands(dina)

    def follow(hands: Hands, place: Locator) -> None:
        with hands.page.expect_navigation():
            hands.click(place)
        site.ready(hands.page)

    follow(stating, dina.get_by_role("link", name="新建策略"))
    stating.fill(dina.get_by_label("编号"), POLICY_ID)
    follow(stating, dina.get_by_role("button", name="继续"))
    stating.fill(dina.get_by_label("中文标题"), "先审批，后付款")
    stating.fill(dina.locator("#a0-zh"), "财务审批")
    stating.fill(dina.locator("#a0-name"), "finance_approval")
    for name in ("editors", "payee_bank_editor", "executor"):
        stating.click(dina.locator(f"[name=distinct][value={name}]"))
    for name in ("amount", "currency", "entity", "payee", "payee_bank_version", "invoices"):
        stating.click(dina.locator(f"[name=binds][value={name}]"))
    follow(stating, dina.get_by_role("button", name="查看影响"))
    stating.fill(dina.get_by_label("原因"), "付款须先审批")
    follow(stating, dina.get_by_role("button", name="提出", exact=True))

    qian = site.enter("qian", at=f"/policies/{POLICY_ID}")
    agreeing = Hands(qian)
    follow(agreeing, qian.get_by_role("button", name="使其生效"))
    site.open(qian, "/policies/proofs")
    place = qian.locator("thead th").all_inner_texts().index(f"先审批，后付款 {POLICY_ID}")
    judged = {row.locator("td").first.inner_text(): row.locator("td").nth(place).inner_text()
              for row in qian.locator("tbody tr").all()}  # fmt: skip
    assert [name for name, said in judged.items() if "已证明" in said] == [
        "直接付款 v1", "费用报销 v1", "差旅申报 v1", "采购到付款 v1",
    ], judged  # fmt: skip

    chen = site.enter("chen", at="/designer/templates/expense_claim")
    drawing = Hands(chen)
    drawing.fill(chen.get_by_label("名称", exact=True), "报销副本")
    drawing.fill(chen.get_by_label("标识"), "claim_copy")
    follow(drawing, chen.get_by_role("button", name="生成我的副本"))
    follow(drawing, chen.get_by_role("link", name="流程图", exact=True))
    way = chen.locator(".tk-problem[title=policy-approval-missing]").first
    expect(way).to_have_count(0)
    drawing.click(chen.evaluate(MIDDLE, "提交付款申请"))
    chen.wait_for_function(LISTENS)
    drawing.press("Control+1")
    drawing.click(chen.locator(".djs-context-pad [data-action=connect]"))
    drawing.click(chen.evaluate(MIDDLE, "付款"))
    drawing.click(way)
    expect(chen.locator(".tk-walk-number").last).to_be_visible()
    assert chen.locator("#canvas .djs-connection.tk-walked").count() > 3
    seconds = stating.seconds + agreeing.seconds + drawing.seconds
    with capsys.disabled():
        sys.stdout.write(f"\npolicy: {stating}; put in force: {agreeing}; copy broken: {drawing}; {seconds:.0f} s\n")
    assert stating.acts + agreeing.acts + drawing.acts < 80
