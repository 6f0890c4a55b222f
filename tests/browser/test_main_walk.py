"""The main walk in a real browser: an expense claim from its requester over two approvals to the payment."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from engine.db.base import metadata
from engine.unit_of_work import ENGINE
from tests.browser import chromium

pytestmark = [pytest.mark.browser, pytest.mark.main_job]

WORDS = {
    "zh-CN": {"start": "费用报销", "amount": "金额（元）", "reason": "事由", "meal": "餐饮", "submit": "提交",
              "agree": "同意", "done": "已完成", "title": "安然的报销 "},
    "en": {"start": "Expense claim", "amount": "Amount (CNY)", "reason": "Reason", "meal": "Meals", "submit": "Submit",
           "agree": "Agree", "done": "completed", "title": "安然的报销 "},
}  # fmt: skip


@pytest.mark.parametrize(("language", "amount"), [("zh-CN", "431"), ("en", "432")])
def test_an_expense_claim_is_submitted_approved_twice_and_paid(site, language, amount):
    words = WORDS[language]
    ann = site.enter("ann", language=language)
    ann.get_by_role("link", name=words["start"], exact=True).click()
    site.ready(ann)
    ann.locator(".fjs-form-field-select .fjs-input-group").click()
    ann.locator(".fjs-dropdownlist-item", has_text=words["meal"]).click()
    ann.get_by_label(words["amount"]).fill(amount)
    ann.get_by_label(words["reason"]).fill("team dinner")
    ann.get_by_role("button", name=words["submit"], exact=True).click()
    ann.wait_for_url("**/requests/*-*")
    address = ann.url.removeprefix(site.address)

    _agree(site, "bob", language, words, amount, width="phone")
    site.work_off()
    _agree(site, "jiangyi", language, words, amount)
    site.work_off()

    site.open(ann, address)
    expect(ann.locator(".page-header .badge", has_text=words["done"])).to_be_visible()
    expect(ann.locator("tk-diagram[data-ready]").first).to_be_visible()
    payment, voucher = metadata.tables["erp_payment"], metadata.tables["erp_voucher_line"]
    with site.engine.unit_of_work(ENGINE, read_only=True) as uow:
        paid = uow.execute(select(func.count()).where(payment.c.amount == int(amount))).scalar_one()
        debit, credit = uow.execute(select(func.sum(voucher.c.debit), func.sum(voucher.c.credit))).one()
    assert paid == 1
    assert debit == credit


def _agree(site, login, language, words, amount, width="desk"):
    page = site.enter(login, language=language, width=width)
    site.open(page, "/inbox/")
    page.get_by_role("link").filter(has_text=f"{words['title']}{amount}").first.click()
    site.ready(page)
    page.get_by_role("button", name=words["agree"], exact=True).click()
    page.wait_for_url("**/inbox/")
    expect(page.get_by_role("status").first).to_be_visible()


PAGES = {
    "ann": ("/", "/requests/", "/requests/mine", "/requests/start/leave_request", "/inbox/", "/messages/", "/records/"),
    "adam": ("/cockpit/", "/cockpit/instances", "/cockpit/incidents", "/cockpit/jobs",
             "/cockpit/versions/expense_claim", "/cockpit/audit", "/people/", "/people/groups", "/records/erp_item"),
}  # fmt: skip


@pytest.mark.parametrize("width", ["phone", "desk"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("login", PAGES)
def test_every_page_is_accessible_and_fits_its_window(site, login, language, width):
    page = site.enter(login, language=language, width=width)
    found = []
    for path in PAGES[login]:
        site.open(page, path)
        found += [f"{path}: {violation}" for violation in chromium.violations(page)]
        if chromium.scrolls_sideways(page):
            found.append(f"{path}: scrolls sideways")

    assert found == []


def test_the_inbox_opens_a_task_by_keyboard_alone(site):
    bob = site.enter("bob")
    site.open(bob, "/inbox/")

    bob.keyboard.press("Tab")
    expect(bob.locator(":focus")).to_have_attribute("href", "#content")
    bob.locator("#tasks a").first.focus()
    bob.keyboard.press("Enter")
    bob.wait_for_url("**/inbox/*-*")
