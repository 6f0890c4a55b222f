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


@pytest.mark.parametrize(("language", "quantity", "cfo"), [("zh-CN", "21", False), ("en", "2000", True)])
def test_a_purchase_goes_from_the_request_to_the_payment(
    site: Site, language: str, quantity: str, cfo: bool
) -> None:  # fmt: skip
    words = WORDS[language]
    eve = site.enter("eve", language=language)
    site.start(eve, words["process"])
    eve.get_by_label(words["sku"]).fill("F0001")
    eve.get_by_label(words["quantity"]).fill(quantity)
    eve.get_by_label(words["reason"]).fill("stock for the holidays")
    path = site.submitted(eve, words["submit"])
    waits = eve.locator(".datagrid-item").nth(1)
    site.until(eve, waits.filter(has_text=words["head"]))
    requisition = eve.locator(".datagrid-item").nth(4).locator(".datagrid-content").inner_text()

    site.press(site.task("cai", requisition, language=language), words["agree"])
    if cfo:  # the decision table asks the chief financial officer from 50,000 on
        site.press(site.task("qian", requisition, language=language, width="phone"), words["agree"])
    wes = site.task("wes", requisition, language=language, width="phone")
    wes.get_by_label(words["note"]).fill(f"DN-{language}")
    site.press(wes, words["complete"])
    fin = site.task("fin", requisition, language=language)
    fin.get_by_label(words["invoice"]).first.fill(f"INV-{language}")
    site.press(fin, words["complete"])
    site.open(eve, path)
    site.until(eve, waits.filter(has_text=words["finance"]))
    approver = site.task("jiangyi", requisition, language=language)
    site.picture(approver, f"payment_{language[:2]}")
    site.press(approver, words["agree"])

    site.until(eve, eve.locator(".page-header .badge", has_text=words["done"]))
    for node in ("head", *(("cfo",) if cfo else ()), "receive", "enter_invoice", "match", "finance", "pay", "paid"):
        expect(eve.locator(f"tk-diagram .tk-passed[data-element-id={node}]")).to_have_count(1)
    expect(eve.locator("tk-diagram .tk-passed[data-element-id=cfo]")).to_have_count(int(cfo))
    timeline = eve.locator(".tk-timeline .step-item strong").all_inner_texts()
    asked = [words[name] for name in ("head", *(("cfo",) if cfo else ()), "receive", "enter", "finance")]
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
