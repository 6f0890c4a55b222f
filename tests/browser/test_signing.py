"""Signing by hand on a desk and a phone, or with one's name by the keyboard; axe-clean in both themes."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from engine import identity, repository, runtime, tasks
from engine.bpmn import imports
from engine.unit_of_work import ENGINE, Actor
from tests.browser import chromium
from tests.engine.bpmn.drawing import END, START, drawing, flows

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ASK = drawing(
    START + '<userTask id="check" name="核对合同"><extensionElements><zeebe:assignmentDefinition assignee="bob"/>'
    '<troika:approval mode="any"/><troika:signature required="true"/></extensionElements></userTask>'
    + END + flows("start check end"), process_id="sign",
)  # fmt: skip
WORDS = {
    "zh-CN": {"agree": "同意", "draw": "手写", "typed": "输入姓名", "name": "您的姓名", "whose": "的签名"},
    "en": {"agree": "Agree", "draw": "Draw it", "typed": "Type my name", "name": "Your name", "whose": "Signature of"},
}


def asked(site: Any) -> tuple[str, str]:
    """(request, task) that Bob has to sign."""
    with site.engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/sign.bpmn": imports.translate(ASK).xml or b""})
        ann, bob = (identity.user(uow, login).id for login in ("ann", "bob"))
    with site.engine.unit_of_work(Actor(ann)) as uow:
        instance = runtime.start(uow, "sign", {}).id
    with site.engine.unit_of_work(Actor(bob), read_only=True) as uow:
        found = tasks.inbox(uow, process="sign").items
        return str(instance), str(next(one.work_item_id for one in found if one.instance_id == instance))


def clean(page: Page) -> None:
    """In both themes, and no wider than the window."""
    for theme in ("dark", "light"):
        page.evaluate("theme => document.documentElement.dataset.bsTheme = theme", theme)
        assert chromium.violations(page) == []
    assert not chromium.scrolls_sideways(page)


def draw(page: Page, shift: int = 0) -> None:
    """A few lines on the sheet, with the mouse pressed as a pen is."""
    sheet = page.locator("tk-signature canvas")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20 + shift, box["y"] + 20)
    page.mouse.down()
    for x, y in ((60, 60), (90, 25), (140, 70), (200, 30)):
        page.mouse.move(box["x"] + x, box["y"] + y, steps=4)
    page.mouse.up()


@pytest.mark.parametrize(("language", "width"), [("zh-CN", "phone"), ("en", "desk")])
def test_a_task_is_signed_by_hand_and_the_signature_stands_in_the_timeline(site, language, width):
    request, item = asked(site)
    words = WORDS[language]
    bob = site.enter("bob", language=language, width=width)
    site.open(bob, f"/inbox/{item}")
    expect(bob.get_by_label(words["draw"], exact=True)).to_be_checked()
    clean(bob)

    draw(bob, 5 if width == "phone" else 0)
    site.picture(bob, f"signature_{width}_{language[:2]}")
    site.press(bob, words["agree"])
    site.open(bob, f"/requests/{request}")

    picture = bob.get_by_role("img", name=words["whose"])
    picture.scroll_into_view_if_needed()
    expect(picture).to_be_visible()
    clean(bob)


def test_whoever_cannot_draw_types_the_name(site):
    _, item = asked(site)
    bob = site.enter("bob", language="en")
    site.open(bob, f"/inbox/{item}")

    bob.get_by_label("Draw it", exact=True).focus()
    bob.keyboard.press("ArrowRight")
    expect(bob.get_by_label("Type my name", exact=True)).to_be_checked()
    bob.keyboard.press("Tab")
    bob.keyboard.type("Bob Li")
    expect(bob.locator("#signature-name")).to_have_value("Bob Li")
    with site.engine.unit_of_work(ENGINE, read_only=True) as uow:
        name = identity.user(uow, "bob").name
    bob.locator("#signature-name").fill(name)
    site.press(bob, "Agree")

    site.open(bob, "/signature/")
    clean(bob)
    draw(bob, 9)
    bob.get_by_role("button", name="Save", exact=True).click()
    bob.locator(".alert-success[role=status]").wait_for()
    clean(bob)
