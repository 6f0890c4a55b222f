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

WORDS = {
    "zh-CN": {"difference": "差异", "after": "之后", "name": "直属领导审批", "all": "运行中的申请也改用新版本",
              "can": r"[1-9]\d* 个可以迁移", "none": "0 个不能迁移",
              "moved": r"[1-9]\d* 个已迁移"},
    "en": {"difference": "Difference", "after": "After", "name": "Line manager approves", "all": "Running requests too",
           "can": r"[1-9]\d* can follow", "none": "0 cannot",
           "moved": r"[1-9]\d* moved"},
}  # fmt: skip


@pytest.mark.parametrize(("language", "width"), [("zh-CN", "desk"), ("en", "phone")])
def test_a_running_request_follows_the_version_that_an_analyst_publishes(site: Site, language: str, width: str) -> None:
    words = WORDS[language]
    reason, day = f"探亲 {width}", date(2026, 12, 14 if width == "desk" else 15)
    with site.engine.unit_of_work(ENGINE) as uow:
        ann = Actor(identity.user(uow, "ann").id)
    with site.engine.unit_of_work(ann) as uow:
        values = {"leave_type": "annual", "starts": day, "ends": day, "reason": reason}
        running = runtime.start(uow, "leave_request", values).id

    chen = site.enter("chen", language=language)
    site.open(chen, "/designer/edit/leave_request")
    chen.evaluate(
        "name => { const m = tkDesigner.modeler, manager = m.get('elementRegistry').get('manager');"
        " m.get('modeling').updateProperties(manager, { name }); }",
        f"{words['name']} {width}",
    )
    chen.click("#deploy")
    chen.wait_for_url("**/designer/publish/leave_request")
    site.ready(chen)
    chen.get_by_role("link", name=words["difference"], exact=True).click()
    site.ready(chen)
    expect(chen.locator("dl").first).to_contain_text(f"{words['name']} {width}")
    chen.go_back()
    site.ready(chen)

    chen.set_viewport_size({"width": 1440 if width == "desk" else 375, "height": 900})
    expect(chen.locator("#running")).to_contain_text(re.compile(words["can"]))
    expect(chen.locator("#running")).to_contain_text(words["none"])
    expect(chen.locator("#scenarios [role=status]")).to_have_class(re.compile("text-green"), timeout=60_000)
    assert chromium.violations(chen, "main") == []
    assert not chromium.scrolls_sideways(chen)
    site.picture(chen, f"publish_{language[:2]}")
    chen.get_by_label(words["all"]).check()
    chen.locator("#note").fill("职责调整")
    chen.locator("#publish button[type=submit]").click()
    chen.wait_for_url("**/designer/published/**")
    site.until(chen, chen.locator("[data-done]"))
    expect(chen.locator("#pane")).to_contain_text(re.compile(words["moved"]))
    assert chromium.violations(chen, "main") == []
    assert not chromium.scrolls_sideways(chen)
    site.picture(chen, f"published_{language[:2]}")

    bob = site.enter("bob")
    with site.engine.unit_of_work(ENGINE, read_only=True) as uow:
        title = runtime.instance_view(uow, running).instance.title
    task = site.task("bob", title)
    expect(task.locator("main")).to_contain_text(f"{words['name']} {width}")
    site.press(task, "同意")
    site.open(bob, f"/requests/{running}")
    site.until(bob, bob.locator("main").filter(has_text="已完成"))
