"""What an operator does by hand in the cockpit, in a real Chromium: ad-hoc activities, compensation, history."""

import pytest
from playwright.sync_api import expect

from engine import identity, jobs, runtime
from engine.bpmn import imports
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from engine.unit_of_work import ENGINE, Actor
from tests.browser import chromium
from tests.engine.bpmn.drawing import END, START, element, flows, service, user
from tests.engine.bpmn.test_compensation import drawing, undoing, undone_by
from tests.engine.test_runtime import tallies
from tests.factories import deploy, look_at
from webui import create_app, node

pytestmark = pytest.mark.browser

MANUAL = '<troika:adHoc activation="manual"/>'
FREE = element("adHocSubProcess", "free", MANUAL, inner=user("call") + user("visit"))
PAID = service("pay", "test.tally", in_name='= "paid"')
UNDO = undoing(service("undo", "test.tally", in_name='= "undone"')) + undone_by("pay", "undo")
BARE = drawing(START + PAID + FREE + user("last") + END + flows("start pay free last end") + UNDO)
DRAWN = imports.translate(BARE).xml or b""
"""with its layout"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site with one request; olga may operate."""
    node.build(lambda _: None)
    settings = Settings(database_url=f"sqlite:///{tmp_path_factory.mktemp('site')}/site.db", testing=True)
    engine = ProcessEngine(settings)
    engine.create_schema()
    with engine.unit_of_work(ENGINE) as uow:
        for key in ("staff", "process_admin"):
            identity.create_group(uow, key, key)
        identity.create_group(uow, "operators", "运维", capabilities="cockpit")
        olga = identity.create_user(uow, "olga", "奥尔加", name_en="Olga", password=None)
        for key in ("operators", "staff", "process_admin"):
            identity.add_member(uow, key, "olga")
    deploy(engine, DRAWN)
    app = create_app(settings, engine)
    with chromium.served(app) as address:
        yield address, engine, Actor(olga.id), chromium.signed_in(app, olga, address)
    engine.dispose()


@pytest.fixture
def opened(site, profiles):
    """opened(language) -> the page of a new request in the cockpit, the request, and what goes wrong."""
    address, engine, olga, cookie = site

    def open_(language="zh-CN"):
        with engine.unit_of_work(olga) as uow:
            instance = runtime.start(uow, "p", {}).id
        jobs.run_due(engine)
        profile = profiles.lend(language, address=address)
        profile.add_cookies([cookie])
        page = profile.new_page()
        wrong = chromium.listen(page)
        page.goto(f"/cockpit/instances/{instance}")
        page.wait_for_selector("body[data-ready]")
        return page, instance, wrong

    return open_


def pressed(page, button):
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_role("status").first).to_be_visible()
    page.wait_for_selector("body[data-ready]")


def test_ad_hoc_activities_are_started_and_ended_by_hand(site, opened):
    _, engine, *_ = site
    page, instance, wrong = opened()

    pressed(page, "call")
    assert look_at(engine, instance).markers["call"] == "active"
    pressed(page, "visit")
    pressed(page, "到此为止")

    expect(page.get_by_role("button", name="call", exact=True)).to_have_count(0)
    expect(page.locator("td", has_text="人工开始自由活动")).to_have_count(2)
    expect(page.locator("td", has_text="人工结束自由子流程")).to_have_count(1)
    assert {"call", "visit"} <= look_at(engine, instance).markers.keys()
    assert wrong == []


def test_what_has_completed_is_undone_by_hand_with_a_reason(site, opened):
    _, engine, *_ = site
    before = tallies(engine).get("undone", 0)
    page, _, wrong = opened("en")

    page.get_by_role("button", name="Compensate", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("paid twice")
    dialog.get_by_role("button", name="Compensate", exact=True).click()
    expect(page.get_by_role("status").first).to_be_visible()

    assert tallies(engine)["undone"] == before + 1
    asked = page.locator("tr", has_text="Compensation asked for by hand")
    expect(asked).to_contain_text("paid twice")
    expect(page.locator("tr", has_text="Is being undone")).to_have_count(1)
    assert wrong == []
