"""The ten acts that people use most, by hand in a real browser: both languages, on a phone and a desk; the keyboard;
fifty decisions in a row.
"""

import re
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from engine import identity, repository, runtime, tasks
from engine.db.printing import print_record
from engine.unit_of_work import ENGINE, Actor
from tests.browser import chromium
from tests.webui.drawings import APPROVAL_FORM, CLAIM, CLAIM_FORM

pytestmark = pytest.mark.browser

WORDS = {
    "zh-CN": {"agree": "同意", "reject": "不同意", "more": "更多", "transfer": "转办", "delegate": "委派",
              "ask": "征询", "sign": "加签", "add": "加签", "before": "在我之前（前加签）", "return": "退回",
              "copy": "抄送", "send": "发送", "urge": "催办", "withdraw": "撤回", "many": "同意所选", "reason": "原因",
              "question": "问题", "change": "需要修改的内容", "requester": "发起人", "done": "已同意 2 条",
              "consult": "沟通", "future": "改后续审批人", "save": "保存", "comment": "评论",
              "print": "打印"},
    "en": {"agree": "Agree", "reject": "Reject", "more": "More", "transfer": "Transfer", "delegate": "Ask for advice",
           "ask": "Ask", "sign": "Add signers", "add": "Add", "before": "Before me", "return": "Send back",
           "copy": "Send a copy", "send": "Send", "urge": "Urge", "withdraw": "Withdraw",
           "many": "Agree to the ticked ones", "reason": "Reason", "question": "Question",
           "change": "What has to change", "requester": "The requester", "done": "2 of 2 agreed to.",
           "consult": "Talk in private", "future": "Later approvers", "save": "Save", "comment": "Comment",
           "print": "Print"},
}  # fmt: skip


def drawn() -> bytes:
    """The claim, decided by bob alone, with everything allowed."""
    text = CLAIM.decode().replace('candidateGroups="managers"', 'assignee="bob"').replace('id="claim"', 'id="ask"')
    more = '<troika:buttons batch="true" changeFuture="true"/><troika:return targets="initiator any"/>'
    more += "<troika:fields default"
    return (
        text.replace("<troika:fields default", more).replace("</definitions>", _diagram() + "</definitions>").encode()
    )


def _diagram() -> str:
    """Places for what the claim draws, in one row."""
    spots = {"begin": (100, 36), "approve": (200, 100), "agreed": (360, 50), "pay": (480, 100), "paid": (640, 36),
             "rejected": (740, 36)}  # fmt: skip
    ways = {
        "f1": "begin approve",
        "f2": "approve agreed",
        "yes": "agreed pay",
        "no": "agreed rejected",
        "f3": "pay paid",
    }
    shapes = [
        f'<di:BPMNShape bpmnElement="{key}">'
        f'<dc:Bounds x="{x}" y="{150 - w / 2}" width="{w}" height="{w}"/></di:BPMNShape>'
        for key, (x, w) in spots.items()
    ]
    edges = []
    for key, way in ways.items():
        one, two = way.split()
        points = (spots[one][0] + spots[one][1], spots[two][0])
        marks = "".join(f'<w:waypoint x="{x}" y="150"/>' for x in points)
        edges.append(f'<di:BPMNEdge bpmnElement="{key}">{marks}</di:BPMNEdge>')
    return (
        '<di:BPMNDiagram xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" '
        'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:w="http://www.omg.org/spec/DD/20100524/DI">'
        f'<di:BPMNPlane bpmnElement="ask">{"".join(shapes + edges)}</di:BPMNPlane></di:BPMNDiagram>'
    )


class Desk:
    """Requests of ann at bob's, and what the hands of both do."""

    def __init__(self, site, language: str, width: str) -> None:
        self.site, self.words = site, WORDS[language]
        with site.engine.unit_of_work(ENGINE) as uow:
            if not any(info.key == "ask" for info in repository.latest_all(uow)):  # once for all tests of the site
                forms = {"forms/claim.json": CLAIM_FORM, "forms/approval.json": APPROVAL_FORM}
                repository.deploy(uow, {"processes/ask.bpmn": drawn(), **forms}, "acts")
            self.who = {login: Actor(identity.user(uow, login).id) for login in ("ann", "bob")}
        self.bob = site.enter("bob", language=language, width=width, at="/menu")
        self.ann = site.enter("ann", language=language, width=width, at="/menu")

    def ask(self, amount: int) -> UUID:
        """A request of ann."""
        with self.site.engine.unit_of_work(self.who["ann"]) as uow:
            return runtime.start(uow, "ask", {"reason": "taxi", "amount": amount}).id

    def task(self, amount: int) -> Page:
        """A request, opened by bob."""
        instance = self.ask(amount)
        with self.site.engine.unit_of_work(self.who["bob"], read_only=True) as uow:
            items = tasks.inbox(uow, process="ask", limit=50).items
        item = next(one.work_item_id for one in items if one.instance_id == instance)
        return self.site.open(self.bob, f"/inbox/{item}")

    def act(self, page: Page, word: str) -> None:
        """Open the dialog of an act behind "more"."""
        page.locator(".tk-more summary").click()
        page.locator(".tk-more-menu").get_by_role("button", name=self.words[word], exact=True).click()
        page.locator("#tk-dialog[open]").wait_for()

    def choose(self, page: Page, name: str) -> None:
        """A person in the picker of the dialog."""
        page.locator("#tk-dialog tk-people[data-ready]").wait_for()
        page.locator("#tk-dialog tk-people input").first.fill(name)
        page.locator("#tk-dialog .ts-dropdown .option").first.click()

    def confirm(self, page: Page, word: str) -> None:
        """The button of the dialog; the page that follows says that it was done, as the one before may say already."""
        with page.expect_navigation():
            page.locator("#tk-dialog").get_by_role("button", name=self.words[word], exact=True).click()
        self.done(page)

    def done(self, page: Page) -> None:
        """What was done is said, and nothing sticks out."""
        page.locator(".alert-success[role=status]").wait_for()
        self.site.ready(page)
        wide = page.viewport_size
        page.set_viewport_size(dict(zip(("width", "height"), chromium.WIDTHS["phone"], strict=True)))
        assert not chromium.scrolls_sideways(page), "on a phone, whatever it is done on"
        page.set_viewport_size(wide)
        assert not chromium.scrolls_sideways(page)


@pytest.mark.parametrize(("language", "width"), [("zh-CN", "phone"), ("en", "desk")])
def test_the_ten_acts_that_people_use_most(site, language, width):
    desk = Desk(site, language, width)
    bob, ann, words = desk.bob, desk.ann, desk.words

    page = desk.task(1)
    phone = width == "phone"  # the steps as a list stand for the small drawing
    look = chromium.violations
    assert page.locator(".tk-places ol").is_visible() is phone
    assert page.locator("tk-diagram.tk-listed").is_visible() is not phone
    page.get_by_role("button", name=words["agree"], exact=True).click()
    desk.done(page)

    page = desk.task(2)
    page.locator("#opinion").fill("too much")
    page.get_by_role("button", name=words["reject"], exact=True).click()
    desk.done(page)

    desk.act(desk.task(3), "transfer")
    desk.choose(bob, "eve")
    bob.locator("#tk-dialog").get_by_label(words["reason"]).fill("away")
    assert look(bob, "#tk-dialog") == []
    _press_last(desk, bob)

    desk.act(desk.task(4), "delegate")
    desk.choose(bob, "eve")
    bob.locator("#tk-dialog").get_by_label(words["question"]).fill("usual?")
    desk.confirm(bob, "ask")

    desk.act(desk.task(5), "sign")
    desk.choose(bob, "eve")
    bob.locator("#tk-dialog").get_by_label(words["before"]).check()
    _press_last(desk, bob)

    desk.act(desk.task(6), "return")
    bob.locator("#tk-dialog").get_by_label(words["requester"]).check()
    bob.locator("#tk-dialog").get_by_label(words["change"]).fill("the amount")
    _press_last(desk, bob)

    desk.act(desk.task(7), "copy")
    desk.choose(bob, "eve")
    desk.confirm(bob, "send")
    bob.locator("#comment").fill("as last time")
    bob.get_by_role("button", name=words["comment"], exact=True).click()
    bob.get_by_text("as last time").wait_for()
    desk.act(site.ready(bob), "consult")
    desk.choose(bob, "eve")
    bob.locator("#tk-dialog textarea").fill("a fair price?")
    assert look(bob, "#tk-dialog") == []
    desk.confirm(bob, "send")
    desk.act(bob, "future")
    desk.choose(bob, "eve")
    assert look(bob, "#tk-dialog") == []
    desk.confirm(bob, "save")
    assert look(bob) == []

    waiting = desk.ask(8)
    site.open(ann, f"/requests/{waiting}")
    ann.get_by_role("button", name=words["urge"], exact=True).click()
    ann.locator("#tk-dialog[open]").wait_for()
    _press_last(desk, ann)
    ann.get_by_role("button", name=words["withdraw"], exact=True).click()
    ann.locator("#tk-dialog[open]").wait_for()
    ann.locator("#tk-dialog button[type=submit]").click()  # the page still says that it was urged: wait for the next
    ann.wait_for_url(re.compile("/requests/drafts/[0-9a-f-]+$"))
    desk.done(ann)

    desk.ask(91)
    desk.ask(92)
    site.open(bob, "/inbox/?process=ask&text=of 9")
    assert look(bob) == []
    for tick in bob.locator("input[name=line]").all():
        tick.check()
    bob.get_by_role("button", name=words["many"]).click()
    expect(bob.get_by_role("status")).to_contain_text(words["done"])
    assert look(bob) == []


@pytest.mark.parametrize(("language", "same", "changed"), [
    ("en", "Nothing has changed", "Something has happened"), ("zh-CN", "打印之后没有变动", "打印之后该申请有变动"),
])  # fmt: skip
def test_a_request_is_printed_and_its_code_tells_of_a_later_change(site, language, same, changed):
    desk = Desk(site, language, "phone")
    instance = desk.ask(21)
    page = site.open(desk.ann, f"/requests/{instance}")

    with page.context.expect_event("response", lambda answer: answer.url.endswith("print.pdf")) as printed:
        page.get_by_role("button", name=f"{desk.words['print']} A4", exact=True).click()
    assert printed.value.headers["content-type"] == "application/pdf"
    with site.engine.unit_of_work(ENGINE, read_only=True) as uow:
        code = uow.execute(select(print_record.c.code).where(print_record.c.instance_id == instance)).scalar_one()
    expect(site.open(page, f"/verify/{code}").locator("body")).to_contain_text(same)
    assert chromium.violations(page) == []
    with site.engine.unit_of_work(ENGINE) as uow:
        runtime.set_variables(uow, instance, {"amount": 22}, reason="corrected")

    expect(site.open(page, f"/verify/{code}").locator("body")).to_contain_text(changed)


def _press_last(desk: Desk, page: Page) -> None:
    page.locator("#tk-dialog button[type=submit]").click()
    desk.done(page)


AGREE = """async count => {
  let page = document, opened = [];
  for (; opened.length < count;) {
    const form = page.querySelector('#task-form'), data = new URLSearchParams(new FormData(form));
    data.set('action', 'agree');
    data.set('data', '{}');
    const answer = await fetch(form.getAttribute('action'), { method: 'POST', body: data });
    page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    opened.push(new URL(answer.url).pathname + new URL(answer.url).search);
  }
  return opened;
}"""
"""What a press on Agree sends, so many times; the addresses that are shown after each."""


def test_fifty_decisions_in_a_row_keep_the_place_in_the_list(site):
    desk = Desk(site, "zh-CN", "phone")
    page = desk.bob
    page.set_viewport_size({"width": 390, "height": 844})
    for amount in range(7000, 7052):
        desk.ask(amount)
    with site.engine.unit_of_work(desk.who["bob"], read_only=True) as uow:
        order = [str(one.work_item_id) for one in tasks.inbox(uow, text="of 70", sort="newest", limit=60).items]
    assert len(order) == 52
    site.open(page, "/inbox/?text=of 70&sort=newest")
    page.locator("#tasks a").nth(2).click()
    page.locator(f".tk-task[data-task='{order[2]}']").wait_for()

    page.get_by_role("button", name=desk.words["agree"], exact=True).click()
    page.wait_for_url(f"**/inbox/{order[3]}?*")
    opened = page.evaluate(AGREE, 48)
    site.open(page, opened[-1])
    page.get_by_role("button", name=desk.words["agree"], exact=True).click()
    page.wait_for_url(f"**/inbox/{order[0]}?*")  # after the last one the first

    assert [address.partition("?")[0] for address in opened] == [f"/inbox/{key}" for key in order[4:]]
    assert {address.partition("?")[2] for address in opened} == {"text=of+70&sort=newest"}
    site.ready(page)
    assert (chromium.violations(page), chromium.scrolls_sideways(page)) == ([], False)
    page.locator(".page-pretitle a").click()
    page.wait_for_url("**/inbox/?text=of+70&sort=newest")
    found = site.ready(page).locator("#tasks a")
    assert [found.nth(n).get_attribute("data-item") for n in range(found.count())] == order[:2]
    assert (chromium.violations(page), chromium.scrolls_sideways(page)) == ([], False)


@pytest.mark.parametrize(("language", "bar"), [("zh-CN", "常用页面"), ("en", "Most used pages")])
def test_a_phone_has_the_first_pages_at_its_bottom_and_nothing_is_covered_by_them(site, language, bar):
    desk = Desk(site, language, "phone")
    page = site.open(desk.bob, "/inbox/")
    below = page.get_by_role("navigation", name=bar)
    height = page.viewport_size["height"]
    box = below.bounding_box()
    assert box["y"] + box["height"] == height
    links = below.get_by_role("link")
    assert [links.nth(n).get_attribute("href") for n in range(links.count())] == [
        "/", "/inbox/", "/requests/", "/requests/mine",
    ]  # fmt: skip
    expect(below.locator("[aria-current=page]")).to_have_attribute("href", "/inbox/")
    assert min(links.nth(n).bounding_box()["height"] for n in range(4)) >= 44

    desk.task(61)
    assert below.bounding_box()["y"] > height, "the actions of a task stand there"
    page.get_by_role("button", name=desk.words["agree"], exact=True).click(trial=True)
    page.evaluate("scrollTo(0, document.querySelector('#task-form > .card-body').getBoundingClientRect().bottom - 200)")
    foot = page.locator(".tk-actions").bounding_box()
    assert foot["y"] + foot["height"] == height, "what is decided is in reach while what stands below the form is read"
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(below).to_be_in_viewport(ratio=0.9)

    site.open(page, "/requests/start/expense_claim")
    for place in ("0", "document.querySelector('#start-form > .card-body').getBoundingClientRect().bottom - 200"):
        page.evaluate(f"scrollTo(0, {place})")
        foot = page.locator(".tk-actions").bounding_box()
        assert foot["y"] + foot["height"] == height, "a request is sent from wherever its page is read"
    below.locator(".badge").evaluate("badge => badge.textContent = '12'")  # of one digit axe says nothing
    assert (chromium.violations(page), chromium.scrolls_sideways(page)) == ([], False)

    site.open(page, "/inbox/?box=done")
    before = below.locator(".badge").inner_text()
    desk.ask(62)
    page.evaluate("document.body.dispatchEvent(new Event('inbox-changed'))")
    expect(below.locator(".badge")).not_to_have_text(before)
    page.locator("[data-unfolds]").focus()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", expanded=True)).to_be_visible()
    menu = page.locator("#menu")
    expect(menu.locator("#tk-open-tasks")).to_have_text(below.locator(".badge").inner_text())
    page.keyboard.press(" ")
    expect(menu).to_be_hidden()
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(below).to_be_hidden()


def test_the_inbox_is_worked_with_the_keyboard_alone(site):
    desk = Desk(site, "en", "desk")
    for amount in (11, 12):
        desk.ask(amount)
    page = site.open(desk.bob, "/inbox/?process=ask&sort=newest")

    page.keyboard.press("j")
    page.locator("#task .tk-task").wait_for()
    first = page.locator("#task .tk-task").get_attribute("data-task")
    page.keyboard.press("j")
    page.locator(f"#task .tk-task:not([data-task='{first}'])").wait_for()
    site.ready(page)
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.locator(":focus")).to_have_attribute("value", "agree")
    page.keyboard.press("Enter")
    desk.done(page)
    page.keyboard.press("/")
    expect(page.locator(":focus")).to_have_attribute("name", "text")
