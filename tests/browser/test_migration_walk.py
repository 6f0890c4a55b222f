"""An administrator carries running leave requests over to a new version of their drawing, and moves one by hand."""

import re
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import expect

from engine import identity, repository, runtime
from engine.unit_of_work import ENGINE, Actor
from tests.browser import chromium

pytestmark = [pytest.mark.browser]

DRAWING = Path(__file__).parents[2] / "processes" / "oa" / "leave_request.bpmn"
WORDS = {
    "zh-CN": {"migrate": "迁移", "dry": "试运行", "can": "个可以迁移", "lost": "无对应", "moved": "个已迁移",
              "becomes": "经理审批 对应为", "new": "直属领导审批 (boss)", "tokens": "移动令牌", "look": "预览",
              "do": "移动令牌", "closed": "关闭"},
    "en": {"migrate": "Migrate", "dry": "Dry run", "can": "can follow", "lost": "lost", "moved": "moved",
           "becomes": "Manager approves becomes", "new": "Line manager approves (boss)", "tokens": "Move tokens",
           "look": "Preview", "do": "Move the tokens", "closed": "closed"},
}  # fmt: skip


def newer() -> bytes:
    """The drawing with its first approval under another id and name."""
    text = (
        DRAWING.read_text(encoding="utf-8")
        .replace('"manager"', '"boss"')
        .replace("approval.manager.", "approval.boss.")
    )
    text = text.replace('<troika:onSelf do="boss"/>', '<troika:onSelf do="manager"/>')
    return (
        text.replace('name="经理审批"', 'name="直属领导审批"', 1)
        .replace("Manager approves", "Line manager approves", 1)
        .encode()
    )


@pytest.fixture
def requests(site):
    """Two leave requests that wait for the manager in the shipped version; two versions are deployed."""
    made = []
    with site.engine.unit_of_work(ENGINE) as uow:
        ann = Actor(identity.user(uow, "ann").id)
        shipped = repository.versions(uow, "leave_request")[-1].id
    for day in (9, 16):
        values = {
            "leave_type": "annual",
            "starts": date(2026, 12, day),
            "ends": date(2026, 12, day),
            "reason": "家中有事",
        }
        with site.engine.unit_of_work(ann) as uow:
            made.append(runtime.start(uow, "leave_request", values, definition_id=shipped).id)
    with site.engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/leave_request.bpmn": newer()})
    return made


@pytest.mark.parametrize(("language", "width"), [("zh-CN", "desk"), ("en", "phone")])
def test_an_administrator_migrates_what_runs_and_moves_a_token(site, requests, language, width):
    words, name = WORDS[language], f"{language[:2]}" if width == "desk" else f"phone_{language[:2]}"
    root = site.enter("adam", language=language, width=width)

    def looked_at(what: str) -> None:
        assert chromium.violations(root, "main") == []
        assert not chromium.scrolls_sideways(root)
        site.picture(root, f"{what}_{name}")

    site.open(root, "/cockpit/versions/leave_request")
    looked_at("versions")
    root.get_by_role("link", name=words["migrate"], exact=True).last.click()
    site.ready(root)
    expect(root.locator(".badge", has_text=words["lost"]).first).to_be_visible()

    root.get_by_label(words["becomes"]).select_option(label=words["new"])
    root.get_by_role("button", name=words["dry"], exact=True).click()
    site.ready(root)
    expect(root.locator("#rehearsal")).to_contain_text(re.compile(rf"[2-9] {words['can']}"))
    looked_at("migration")
    root.locator("#rehearsal").scroll_into_view_if_needed()
    looked_at("rehearsal")

    root.get_by_role("button", name=words["migrate"], exact=True).first.click()
    root.locator("#apply-reason").fill("职责调整")
    root.locator("#apply button.btn-primary").click()
    root.wait_for_url("**/cockpit/batches/**")
    site.until(root, root.locator("[data-done]"))
    expect(root.locator("main")).to_contain_text(re.compile(rf"[2-9] {words['moved']}"))
    looked_at("batch")

    site.open(root, f"/cockpit/instances/{requests[0]}")
    expect(root.locator("tk-diagram .tk-active[data-element-id=boss]")).to_have_count(1)
    root.get_by_role("link", name=words["tokens"], exact=True).click()
    site.ready(root)
    root.locator("input[name=cancel]").first.check()
    root.locator("#node").select_option("correct")
    root.get_by_role("button", name=words["look"], exact=True).click()
    site.ready(root)
    expect(root.locator("#preview")).to_contain_text(words["closed"])
    looked_at("modify")
    root.locator("#reason").fill("日期写错")
    root.get_by_role("button", name=words["do"], exact=True).click()
    root.wait_for_url(f"**/cockpit/instances/{requests[0]}")
    site.ready(root)
    expect(root.locator("tk-diagram .tk-active[data-element-id=correct]")).to_have_count(1)
