"""Journey 2: an analyst edits, compares, publishes, carries over what runs, and an employee finishes it."""

import re
from datetime import date

import pytest
from playwright.sync_api import expect

from engine import identity, runtime
from engine.unit_of_work import ENGINE, Actor
from tests.browser import chromium
from tests.browser.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.designer, pytest.mark.main_job]

NEW = "直属领导审批 2"


def test_a_running_request_follows_the_version_that_an_analyst_publishes(site: Site) -> None:
    """In Chinese on a desk; on a phone the analyst reads English, and somebody decides."""
    with site.engine.unit_of_work(ENGINE) as uow:
        ann = Actor(identity.user(uow, "ann").id)
    with site.engine.unit_of_work(ann) as uow:
        day = date(2026, 12, 14)
        values = {"leave_type": "annual", "starts": day, "ends": day, "reason": "探亲"}
        running = runtime.start(uow, "leave_request", values).id

    chen = site.enter("chen")
    site.open(chen, "/designer/edit/leave_request")
    chen.evaluate(
        "name => { const m = tkDesigner.modeler, manager = m.get('elementRegistry').get('manager');"
        " m.get('modeling').updateProperties(manager, { name }); }",
        NEW,
    )
    chen.click("#deploy")
    chen.wait_for_url("**/designer/publish/leave_request")
    site.ready(chen)
    chen.get_by_role("link", name="差异", exact=True).click()
    site.ready(chen)
    expect(chen.locator("dl").first).to_contain_text(NEW)
    chen.go_back()
    site.ready(chen)

    expect(chen.locator("#running")).to_contain_text(re.compile(r"[1-9]\d* 个可以迁移"))
    expect(chen.locator("#running")).to_contain_text("0 个不能迁移")
    expect(chen.locator("#scenarios [role=status]")).to_have_class(re.compile("text-green"), timeout=60_000)
    assert chromium.wherever_it_is_read(chen, "main") == []
    site.picture(chen, "publish_zh")
    phone = site.enter("chen", language="en", width="phone", at="/designer/publish/leave_request")
    expect(phone.locator("#running")).to_contain_text(re.compile(r"[1-9]\d* can follow"))
    expect(phone.locator("#running")).to_contain_text("0 cannot")
    assert not chromium.scrolls_sideways(phone)
    chen.get_by_label("运行中的申请也改用新版本").check()
    chen.locator("#note").fill("职责调整")
    chen.locator("#publish button[type=submit]").click()
    chen.wait_for_url("**/designer/published/**")
    site.until(chen, chen.locator("[data-done]"))
    expect(chen.locator("#pane")).to_contain_text(re.compile(r"[1-9]\d* 个已迁移"))
    assert chromium.wherever_it_is_read(chen, "main") == []
    site.picture(chen, "published_zh")
    site.open(phone, chen.url.removeprefix(site.address))
    site.until(phone, phone.locator("#pane").filter(has_text=re.compile(r"[1-9]\d* moved")))
    assert not chromium.scrolls_sideways(phone)

    with site.engine.unit_of_work(ENGINE, read_only=True) as uow:
        title = runtime.instance_view(uow, running).instance.title
    task = site.task("bob", title, width="phone")
    expect(task.locator("main")).to_contain_text(NEW)
    site.press(task, "同意")
    bob = site.enter("bob", at=f"/requests/{running}")
    site.until(bob, bob.locator("main").filter(has_text="已完成"))
