"""A controller states approve before pay; it is proved for every process, and a copy that breaks it is shown."""

import sys

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Site
from tests.browser.hands import Hands
from tests.browser.test_drawing_walk import MIDDLE

pytestmark = [pytest.mark.browser, pytest.mark.designer]
POLICY_ID = "PAY-900"


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
    drawing.click(chen.locator("#fit"))
    drawing.click(chen.evaluate(MIDDLE, "提交付款申请"))
    drawing.click(chen.locator(".djs-context-pad [data-action=connect]"))
    drawing.click(chen.evaluate(MIDDLE, "付款"))
    drawing.click(way)
    expect(chen.locator(".tk-walk-number").last).to_be_visible()
    assert chen.locator("#canvas .djs-connection.tk-walked").count() > 3
    seconds = stating.seconds + agreeing.seconds + drawing.seconds
    with capsys.disabled():
        sys.stdout.write(f"\npolicy: {stating}; put in force: {agreeing}; copy broken: {drawing}; {seconds:.0f} s\n")
    assert stating.acts + agreeing.acts + drawing.acts < 80
