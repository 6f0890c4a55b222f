"""A controller at work in a real browser: states a policy, sees what it breaks, and lets one held payment through."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from engine import identity, runtime, tasks
from engine.unit_of_work import ENGINE, Actor
from tests.browser import chromium
from tests.browser.conftest import Site

pytestmark = pytest.mark.browser
CLAIM = {"category": "meal", "amount": Decimal("120.00"), "spent_on": date(2026, 11, 20), "cost_center": "销售一部",
         "reason": "午餐"}  # fmt: skip
LOG = Path(__file__).parents[1] / "data" / "bpi2020_domestic_500.csv.gz"
WHY = "供应商停机，今天不付就断供，双方签字负责"
SEEN = "one => one.viewer.get('canvas').viewbox().x"


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
    site.open(qian, dina.url.removeprefix(site.address))
    drawing = qian.locator("tk-diagram").first
    drawing.scroll_into_view_if_needed()
    there = drawing.element_handle()
    qian.wait_for_function("one => one.viewer", arg=there)  # it is drawn once it is in sight
    box = drawing.bounding_box() or {}
    before = drawing.evaluate(SEEN)
    touch = qian.context.new_cdp_session(qian)
    for kind, points in (("touchStart", [200]), ("touchMove", [160]), ("touchMove", [80]), ("touchEnd", [])):
        places = [{"x": box["x"] + x, "y": box["y"] + 60} for x in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
    moved = f"([one, before]) => ({SEEN})(one) > before"
    qian.wait_for_function(moved, arg=[there, before])  # a finger moves what a phone shows of it

    for page in (dina, qian):
        site.open(page, "/policies/logs")
        page.set_input_files("#log", LOG)
        page.locator("[name='operation'][value='Payment Handled']").check()
        for column in ("case", "activity"):
            page.locator("#activity").select_option(column)
            ticked = page.locator("[name='operation'][value='Payment Handled']:checked")
            expect(ticked).to_have_count(int(column == "activity"))
        page.locator("[value=judge]").click()
        expect(page.locator("#found ~ .list-group .list-group-item")).to_have_count(200)
        expect(page.locator("#found")).to_be_focused()
        expect(page.locator("#found")).to_be_in_viewport()
        look(page, "logs")

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
