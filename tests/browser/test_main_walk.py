"""The main walk in a real browser: an expense claim from its requester over two approvals to the payment."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from engine.db.base import metadata
from engine.unit_of_work import ENGINE
from tests.browser.conftest import balance

pytestmark = [pytest.mark.browser, pytest.mark.main_job]

WORDS = {
    "zh-CN": {"start": "费用报销", "amount": "金额（元）", "reason": "事由", "meal": "餐饮", "submit": "提交",
              "agree": "同意", "agreed": "同意", "done": "已完成", "title": "安然的报销 ", "request": "产生它的申请"},
    "en": {"start": "Expense claim", "amount": "Amount (CNY)", "reason": "Reason", "meal": "Meals", "submit": "Submit",
           "agree": "Agree", "agreed": "agreed", "done": "completed", "title": "安然的报销 ",
           "request": "The request that made it"},
}  # fmt: skip


@pytest.mark.parametrize(("language", "amount"), [("zh-CN", "431"), ("en", "432")])
def test_an_expense_claim_is_submitted_approved_twice_and_paid(site, language, amount):
    words = WORDS[language]
    ann = site.sign_in("ann", language=language)
    site.picture(ann, f"home_{language[:2]}")
    site.start(ann, words["start"])
    ann.locator(".fjs-form-field-select .fjs-input-group").click()
    ann.locator(".fjs-dropdownlist-item", has_text=words["meal"]).click()
    ann.get_by_label(words["amount"]).fill(amount)
    ann.get_by_label(words["reason"]).fill("team dinner")
    address = site.submitted(ann, words["submit"])
    if site.pictures:
        _inboxes(site, language)

    claim = f"{words['title']}{amount}"
    bob = site.task("bob", claim, language=language, width="phone")
    site.picture(bob, f"task_phone_{language[:2]}")
    site.press(bob, words["agree"])
    finance = site.task("jiangyi", claim, language=language)
    site.picture(finance, f"task_{language[:2]}")
    if site.pictures:
        _in_the_dark(site, finance, f"task_dark_{language[:2]}")
    site.press(finance, words["agree"])

    site.open(ann, address)
    site.until(ann, ann.locator(".page-header .badge", has_text=words["done"]))
    expect(ann.locator("tk-diagram .tk-passed[data-element-id=pay]")).to_have_count(1)
    bar, drawing = (ann.locator(f"tk-diagram {part}").bounding_box() for part in (".tk-zoom", ".tk-canvas"))
    assert bar["x"] + bar["width"] <= drawing["x"], "the buttons lie upon the drawing"
    decisions = ann.locator(".tk-timeline .step-item .badge").all_inner_texts()
    assert decisions == [words["agreed"], words["agreed"], words["done"]]
    site.open(finance, address)
    vouchers = finance.locator("a[href^='/records/erp_voucher/']")
    addresses = [vouchers.nth(n).get_attribute("href") or "" for n in range(vouchers.count())]
    assert len(addresses) == 2  # claim and payment
    for voucher_address in addresses:
        site.open(finance, voucher_address)
        assert balance(finance) == (Decimal(amount), Decimal(amount))
        expect(finance.get_by_role("link", name=words["request"])).to_have_attribute("href", address)
    payment, voucher = metadata.tables["erp_payment"], metadata.tables["erp_voucher_line"]
    with site.engine.unit_of_work(ENGINE, read_only=True) as uow:
        paid = uow.execute(select(func.count()).where(payment.c.amount == int(amount))).scalar_one()
        debit, credit = uow.execute(select(func.sum(voucher.c.debit), func.sum(voucher.c.credit))).one()
    assert paid == 1
    assert debit == credit


def _inboxes(site, language):
    for width, name in (("desk", "inbox"), ("phone", "inbox_phone")):
        bob = site.enter("bob", language=language, width=width)
        site.picture(site.open(bob, "/inbox/"), f"{name}_{language[:2]}")
        if width == "desk":
            _in_the_dark(site, bob, f"inbox_dark_{language[:2]}")


def _in_the_dark(site, page, name):
    """The same page as somebody sees it who has chosen dark pages; light again afterwards."""
    for theme in ("dark", "light"):
        page.context.add_cookies([{"name": "theme", "value": theme, "url": site.address}])
        page.reload()
        site.ready(page)
        if theme == "dark":
            site.picture(page, name)


def test_the_inbox_opens_a_task_by_keyboard_alone(site):
    bob = site.enter("bob")
    site.open(bob, "/inbox/")
    tabs = bob.locator(".tk-tabs .nav-item").evaluate_all("tabs => tabs.map(tab => tab.offsetTop)")
    assert len(set(tabs)) == 1, "a tab has fallen to a second line"

    bob.keyboard.press("Tab")
    expect(bob.locator(":focus")).to_have_attribute("href", "#content")
    bob.locator("#tasks a").first.focus()
    bob.keyboard.press("Enter")
    bob.locator("#task .tk-task").wait_for()
