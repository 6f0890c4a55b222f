"""The whole site with demo people and the shipped processes, a browser, and people signed in to it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from engine import identity
from engine.dispatch import Runners
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from engine.unit_of_work import ENGINE
from tests.browser import chromium
from webui import create_app, demo, node

PATIENT = 30_000
"""Milliseconds until what a page does not show is given up; as long as Playwright waits for what is clicked."""
SCREENSHOTS = Path(__file__).parent / "screenshots"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest tests/browser --screenshots` writes the pictures of the README anew."""
    parser.addoption("--screenshots", action="store_true", help="write the pictures of the README anew")


@dataclass
class Site:
    """`address` of the running site, its engine, and what went wrong in the pages that were opened."""

    address: str
    engine: ProcessEngine
    app: Flask
    profiles: chromium.Profiles
    pictures: bool = False
    trouble: list[str] = field(default_factory=list)

    def enter(self, login: str, *, language: str = "zh-CN", width: str = "desk", at: str = "/") -> Page:
        """The page `at` in a browser of its own in which `login` has signed in."""
        with self.engine.unit_of_work(ENGINE, read_only=True) as uow:
            user = identity.find(uow, [login])[0]
        profile = self.profiles.lend(language, width)
        profile.add_cookies([chromium.signed_in(self.app, user, self.address)])
        return self.open(self.page(profile), at)

    def sign_in(self, login: str, *, language: str = "zh-CN", width: str = "desk") -> Page:
        """The home page, after `login` has signed in by a click on his demo account."""
        page = self.open(self.page(self.profiles.lend(language, width)), "/login")
        button = page.locator(f"button[data-fill*='\"{login}\"']")
        if not button.is_visible():
            page.locator("details summary").click()
        button.click()
        page.wait_for_url(f"{self.address}/")
        return self.ready(page)

    def page(self, profile: BrowserContext) -> Page:
        """An empty one, whose troubles are listened to."""
        page = profile.new_page()
        chromium.listen(page, into=self.trouble)
        return page

    def open(self, page: Page, path: str) -> Page:
        """Go there and wait until everything is drawn."""
        page.goto(f"{self.address}{path}")
        return self.ready(page)

    def ready(self, page: Page) -> Page:
        """Wait until the page and its custom elements are complete."""
        page.wait_for_selector("body[data-ready]")
        return page

    def start(self, page: Page, process: str) -> None:
        """Choose `process` on the home page; its start form is shown."""
        page.get_by_role("link", name=process, exact=True).click()
        self.ready(page)

    def now(self) -> datetime:
        """What the clock of the site shows."""
        return self.engine.clock.now()

    def submitted(self, page: Page, button: str) -> str:
        """Send the start form; the path of the new request's page, which is shown."""
        page.get_by_role("button", name=button, exact=True).click()
        page.wait_for_url("**/requests/*-*")
        self.ready(page)
        return page.url.removeprefix(self.address)

    def task(self, login: str, text: str, *, language: str = "zh-CN", width: str = "desk") -> Page:
        """`login` signs in and opens the one task in the inbox whose line holds `text`."""
        page = self.enter(login, language=language, width=width, at="/inbox/")
        line = page.locator("#tasks a").filter(has_text=text)
        for _ in range(100):  # a job runner may still be at it
            if line.count():
                break
            page.wait_for_timeout(100)
            self.open(page, "/inbox/")
        return self.open(page, line.get_attribute("href") or "")

    def press(self, page: Page, button: str) -> None:
        """Press an action of a task; the page that follows, the next task or the empty inbox, confirms it."""
        page.get_by_role("button", name=button, exact=True).click()
        page.locator(".alert-success[role=status]").wait_for()
        self.ready(page)

    def until(self, page: Page, shown: Locator) -> None:
        """Load the page again until it shows that: what it waits for is the job runners' work."""
        for _ in range(80):
            if shown.count():
                return
            page.wait_for_timeout(100)
            page.reload()
            self.ready(page)
        raise AssertionError(f"{page.url} does not show {shown}")

    def send(self, page: Page, name: str, key: str, payload: dict[str, Any]) -> None:
        """A message from outside, through the public interface, with the session and token of `page`."""
        token = page.locator("meta[name=csrf-token]").get_attribute("content")
        answer = page.request.post(
            f"{self.address}/api/v1/messages/", data={"name": name, "key": key, "payload": payload},
            headers={"X-CSRFToken": token or "", "Referer": self.address},
        )  # fmt: skip
        assert answer.status == 202, answer.text()

    def picture(self, page: Page, name: str) -> None:
        """Keep what the window shows, if the run was asked to."""
        if self.pictures:
            SCREENSHOTS.mkdir(exist_ok=True)
            page.screenshot(path=SCREENSHOTS / f"{name}.png")


def balance(page: Page) -> tuple[Decimal, Decimal]:
    """Debit and credit of the voucher that the page shows."""
    rows = page.locator("section.card", has=page.locator("table")).locator("tbody tr")
    cells = [rows.nth(n).locator("td.tk-money").all_inner_texts() for n in range(rows.count())]
    debit, credit = (sum((Decimal(row[n].replace(",", "")) for row in cells), Decimal(0)) for n in (0, 1))
    return debit, credit


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory) -> Path:
    """Demo people and requests, small master data; loaded once, every module has a copy."""
    node.build(lambda _: None)
    file = tmp_path_factory.mktemp("demo") / "site.db"
    demo.load(Settings(database_url=f"sqlite:///{file}", testing=True), "tiny", say=lambda _: None,
              progress=lambda *_: None)  # fmt: skip
    return file


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One for all tests; each has profiles of its own in it."""
    expect.set_options(timeout=PATIENT)
    with sync_playwright() as playwright:
        started = chromium.launch(playwright)
        yield started
        started.close()


@pytest.fixture(scope="session")
def all_profiles(browser: Browser) -> chromium.Profiles:
    """Those of all tests, whichever site they open."""
    return chromium.Profiles(browser)


@pytest.fixture
def profiles(all_profiles: chromium.Profiles) -> Iterator[chromium.Profiles]:
    """What one test borrows comes back."""
    yield all_profiles
    all_profiles.put_back()


@pytest.fixture(scope="module")
def demo_site(demo_file: Path, all_profiles: chromium.Profiles, tmp_path_factory, pytestconfig) -> Iterator[Site]:
    """Once per module: a site of its own with the demo data, job runners at work."""
    file = tmp_path_factory.mktemp("walk") / "site.db"
    with closing(sqlite3.connect(demo_file)) as loaded, closing(sqlite3.connect(file)) as copy:
        loaded.backup(copy)
    settings = Settings(database_url=f"sqlite:///{file}", testing=True)
    engine = ProcessEngine(settings)
    runners = Runners(engine)
    runners.start()
    app = create_app(settings, engine)
    with chromium.served(app) as address:
        yield Site(address, engine, app, all_profiles, pytestconfig.getoption("screenshots", default=False))
    runners.stop()
    engine.dispose()


@pytest.fixture
def site(demo_site: Site, profiles: chromium.Profiles) -> Iterator[Site]:
    """Fails a test for anything that only the developer tools would show."""
    demo_site.trouble.clear()
    yield demo_site
    assert demo_site.trouble == []
