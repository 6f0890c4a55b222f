"""A purchase in a real browser: requested, approved by amount, ordered, received, matched, approved again and paid."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Site, balance

pytestmark = [pytest.mark.browser, pytest.mark.main_job]

WORDS = {
    "zh-CN": {
        "process": "采购到付款", "sku": "物料编码", "quantity": "数量", "reason": "事由", "submit": "提交",
        "agree": "同意", "note": "送货单号", "complete": "完成", "invoice": "发票号码", "done": "已完成",
        "request": "产生它的申请",
        "head": "采购审批", "cfo": "财务总监审批", "receive": "收货", "enter": "录入供应商发票", "finance": "付款审批",
    },
    "en": {
        "process": "Procure to pay", "sku": "SKU", "quantity": "Quantity", "reason": "Reason", "submit": "Submit",
        "agree": "Agree", "note": "Delivery note", "complete": "Complete", "invoice": "Invoice number",
        "done": "completed", "request": "The request that made it", "head": "Approve purchase", "cfo": "CFO approves",
        "receive": "Receive goods", "enter": "Enter supplier invoice", "finance": "Approve payment",
    },
}  # fmt: skip


def test_a_purchase_goes_from_the_request_to_the_payment(site: Site) -> None:
    """Who asks and who pays read Chinese, the others English. What a smaller amount leaves out: the scenarios."""
    words, theirs = WORDS["zh-CN"], WORDS["en"]
    eve = site.enter("eve")
    site.start(eve, words["process"])
    eve.get_by_label(words["sku"]).fill("F0001")
    eve.get_by_label(words["quantity"]).fill(
        "2000"
    )  # from 50,000 on the decision table asks the chief financial officer
    eve.get_by_label(words["reason"]).fill("stock for the holidays")
    path = site.submitted(eve, words["submit"])
    waits = eve.locator(".datagrid-item").nth(1)
    site.until(eve, waits.filter(has_text=words["head"]))
    requisition = eve.locator(".datagrid-item").nth(4).locator(".datagrid-content").inner_text()

    site.press(site.task("cai", requisition, language="en"), theirs["agree"])
    site.press(site.task("qian", requisition, language="en", width="phone"), theirs["agree"])
    wes = site.task("wes", requisition, language="en", width="phone")
    wes.get_by_label(theirs["note"]).fill("DN-1")
    site.press(wes, theirs["complete"])
    fin = site.task("fin", requisition, language="en")
    fin.get_by_label(theirs["invoice"]).first.fill("INV-1")
    site.press(fin, theirs["complete"])
    site.open(eve, path)
    site.until(eve, waits.filter(has_text=words["finance"]))
    approver = site.task("jiangyi", requisition)
    site.picture(approver, "payment_zh")
    site.press(approver, words["agree"])

    site.until(eve, eve.locator(".page-header .badge", has_text=words["done"]))
    for node in ("head", "cfo", "receive", "enter_invoice", "match", "finance", "pay", "paid"):
        expect(eve.locator(f"tk-diagram .tk-passed[data-element-id={node}]")).to_have_count(1)
    timeline = eve.locator(".tk-timeline .step-item strong").all_inner_texts()
    asked = [words[name] for name in ("head", "cfo", "receive", "enter", "finance")]
    assert [title for title in timeline if title in asked] == asked

    for table in ("erp_requisition", "erp_purchase_order", "erp_goods_receipt", "erp_supplier_invoice"):
        expect(eve.locator(f"a[href^='/records/{table}/']")).to_have_count(1)
    site.open(approver, path)
    vouchers = approver.locator("a[href^='/records/erp_voucher/']")
    addresses = [vouchers.nth(n).get_attribute("href") or "" for n in range(vouchers.count())]
    assert len(addresses) == 3  # goods in, invoice, payment
    for address in addresses:
        site.open(approver, address)
        debit, credit = balance(approver)
        assert debit == credit > Decimal(0)
        expect(approver.get_by_role("link", name=words["request"])).to_have_attribute("href", path)
    site.open(approver, path)
    expect(approver.locator("a[href^='/records/erp_payment/']")).to_have_count(1)
