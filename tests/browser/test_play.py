"""An analyst tries a drawing beside the canvas, keeps what she did as a scenario, and sees what it covers."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import chromium

pytestmark = pytest.mark.browser
CLAIM = {"category": "meal", "amount": 2000, "reason": "广交会"}


@pytest.mark.main_job
def test_a_claim_with_a_decision_and_a_gateway_is_played_kept_as_a_scenario_and_its_coverage_shown(site):
    page = site.enter("chen")
    site.open(page, "/designer/edit/expense_claim")
    page.keyboard.press("Control+Enter")
    panel = page.locator("#play")
    with page.expect_response("**/designer/play/expense_claim"):
        panel.get_by_label("由谁发起").select_option("ann")
    expect(panel.locator("option[selected]")).to_have_attribute("value", "ann")
    site.ready(page)
    page.locator("#play tk-form[data-ready]").evaluate(
        "(host, data) => host.form.importSchema(host.form._getState().schema, data)", CLAIM
    )
    panel.get_by_role("button", name="发起", exact=True).click()
    for person, task in (("包博", "经理审批"), ("孙立", "上级审批"), ("姜易", "财务审批")):
        chosen = panel.get_by_role("button", name=person, exact=True)
        expect(chosen).to_be_visible(timeout=20_000)
        if chosen.get_attribute("aria-pressed") == "false":
            chosen.click()
        expect(panel.get_by_role("form", name=task)).to_contain_text(person)
        site.ready(page)
        panel.get_by_role("button", name="同意", exact=True).click()
    expect(panel.locator("[data-ended=paid]")).to_be_visible(timeout=20_000)
    expect(page.locator(".djs-connection[data-element-id=needs_director_to_director]")).to_have_class(
        re.compile("tk-taken")
    )
    assert chromium.violations(page, "#play") == []

    panel.get_by_role("button", name="后退一步").click()
    expect(panel.get_by_role("form", name="财务审批")).to_be_visible(timeout=20_000)
    panel.get_by_label("保存为场景").fill("等财务审批")
    panel.get_by_label("保存为场景").press("Enter")
    expect(page.locator(".tk-toast")).to_contain_text("等财务审批")

    site.open(page, "/designer/scenarios/expense_claim")
    page.get_by_role("button", name="全部运行").click()
    expect(page.locator("[data-flows]")).to_contain_text("/ 27", timeout=60_000)
    row = page.get_by_role("row").filter(has_text="等财务审批")
    expect(row).to_contain_text("通过")
