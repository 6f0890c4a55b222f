"""An order in a real browser: from sales over credit, warehouse, carrier, bank and survey to the customer's profile."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, balance

pytestmark = [pytest.mark.browser, pytest.mark.main_job]

CUSTOMER = "91330100MA21CN3K22"  # without a limit: somebody looks at every order
NAME = "宁波云锦餐饮管理有限公司"

WORDS = {
    "zh-CN": {
        "process": "订单到收款", "customer": "客户统一社会信用代码", "promised": "承诺日期", "to": "收货地址",
        "sku": "物料编码", "quantity": "数量", "submit": "提交", "review": "信用审核", "opinion": "审批意见",
        "agree": "同意", "pick": "拣货", "express": "顺丰", "tracking": "运单号", "complete": "完成",
        "date": "%Y/%m/%d", "money": "等待到款", "parcel": "等待物流", "answer": "等待评价", "profile": "客户画像",
        "done": "已完成", "request": "产生它的申请",
    },
    "en": {
        "process": "Order to cash", "customer": "Customer's credit code", "promised": "Promised date", "to": "Ship to",
        "sku": "SKU", "quantity": "Quantity", "submit": "Submit", "review": "Review credit", "opinion": "Opinion",
        "agree": "Agree", "pick": "Pick and pack", "express": "SF Express", "tracking": "Tracking number",
        "complete": "Complete", "date": "%m/%d/%Y", "money": "Await money", "parcel": "Await tracking",
        "answer": "Await answer", "profile": "Customer profiles", "done": "completed",
        "request": "The request that made it",
    },
}  # fmt: skip


def test_an_order_goes_from_the_customer_to_the_survey(site: Site) -> None:
    """Sales reads English, the others Chinese; a purchase (`test_purchase_walk`) goes the other way round."""
    words, theirs, nps, tracking_no = WORDS["en"], WORDS["zh-CN"], 7, "SF-1"
    ann = site.enter("ann", language="en")
    path = _order(site, ann, words)
    order_no, gross = _told(ann, 0), Decimal(re.sub(r"[^\d.]", "", _told(ann, 2)))

    wang = site.task("wang", order_no, width="phone")
    wang.get_by_label(theirs["opinion"]).fill("regular customer")
    site.press(wang, theirs["agree"])
    wes = site.task("wes", order_no)
    wes.locator(".fjs-form-field-select .fjs-input-group").click()
    wes.locator(".fjs-dropdownlist-item", has_text=theirs["express"]).click()
    wes.get_by_label(theirs["tracking"]).fill(tracking_no)
    site.press(wes, theirs["complete"])

    site.open(ann, path)
    waits = ann.locator(".datagrid-item").nth(1)
    site.until(ann, waits.filter(has_text=words["parcel"]))
    site.until(ann, waits.filter(has_text=words["money"]))
    expect(ann.locator(".tk-timeline")).to_contain_text("regular customer")
    expect(ann.locator("tk-diagram[data-ready]")).to_be_visible()
    expect(ann.locator("tk-diagram .tk-passed[data-element-id=pick]")).to_have_count(1)
    expect(ann.locator("tk-diagram .tk-active[data-element-id=tracking]")).to_have_count(1)
    site.picture(ann, "order_en")

    outside = site.enter("adam")  # holds the key of the public interface
    for state, text in (("in_transit", "已揽收"), ("delivered", "已签收")):
        event = {"at": f"{site.now():%Y-%m-%dT%H:%M:%S%z}", "state": state, "text": text}
        site.send(outside, "shipment.tracking", tracking_no, {"events": [event]})
    site.send(outside, "payment.received", order_no, {"amount": str(gross), "bank_ref": "B-1"})
    site.open(ann, path)
    site.until(ann, waits.filter(has_text=words["answer"]))
    site.open(outside, path)
    token = outside.locator("tr", has=outside.get_by_role("cell", name="survey_token", exact=True)).locator("td").nth(2)
    site.send(outside, "survey.answered", token.inner_text(), {"csat": 4, "nps": nps, "text": "quick"})
    site.open(ann, path)
    site.until(ann, ann.locator(".page-header .badge", has_text=words["done"]))
    expect(ann.locator("tk-diagram .tk-passed[data-element-id=completed]")).to_have_count(1)

    _records(site, ann, outside, path, order_no, gross)
    _profile(site, ann, words["profile"], nps)


def _order(site: Site, ann: Page, words: dict[str, str]) -> str:
    site.start(ann, words["process"])
    ann.get_by_label(words["customer"]).fill(CUSTOMER)
    ann.get_by_label(words["promised"]).fill((site.now() + timedelta(days=10)).strftime(words["date"]))
    ann.keyboard.press("Tab")
    ann.get_by_label(words["to"]).fill("宁波市海曙区解放街 2 号")
    ann.get_by_label(words["sku"]).fill("F0002")
    ann.get_by_label(words["quantity"]).fill("10")
    path = site.submitted(ann, words["submit"])
    site.until(ann, ann.locator(".datagrid-item").nth(1).filter(has_text=words["review"]))
    return path


def _told(page: Page, which: int) -> str:
    """A key field of the request: after status, wait, starter and beginning."""
    return page.locator(".datagrid-item").nth(4 + which).locator(".datagrid-content").inner_text()


def _records(site: Site, ann: Page, operator: Page, path: str, order_no: str, gross: Decimal) -> None:
    """Order, shipment and invoice as sales sees them; vouchers as operators do: each balances and leads back."""
    for title in (order_no, f"{order_no}-S1", "INV-"):
        site.open(ann, path)
        ann.locator("a[href^='/records/']", has_text=title).first.click()
        site.ready(ann)
        ann.get_by_role("link", name=WORDS["en"]["request"]).click()
        ann.wait_for_url(f"**{path}")
    site.open(operator, path)
    vouchers = operator.locator("a[href^='/records/erp_voucher/']")
    addresses = [vouchers.nth(n).get_attribute("href") or "" for n in range(vouchers.count())]
    assert len(addresses) == 3  # goods out, invoice, money
    debits = []
    for address in addresses:
        site.open(operator, address)
        debit, credit = balance(operator)
        assert debit == credit
        debits.append(debit)
        expect(operator.get_by_role("link", name=WORDS["zh-CN"]["request"])).to_have_attribute("href", path)
    assert debits.count(gross) == 2


def _profile(site: Site, ann: Page, title: str, nps: int) -> None:
    site.open(ann, "/records/crm_party")
    ann.get_by_role("searchbox").fill(NAME)
    ann.keyboard.press("Enter")
    ann.wait_for_url("**?search=*")  # the list that was there before is swapped: a click on it may come to nothing
    ann.locator("tbody a", has_text=NAME).first.click()
    site.ready(ann)
    profile = ann.locator("section.card", has=ann.get_by_role("heading", name=title)).locator("tbody td")
    expect(profile.nth(3)).to_have_text("4")
    expect(profile.nth(4)).to_have_text(str(nps))
