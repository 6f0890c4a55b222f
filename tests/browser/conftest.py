"""The whole site with demo people and the shipped processes, a browser, and people signed in to it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from engine import jobs
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from tests.browser import chromium
from webui import create_app, demo, node


@dataclass
class Site:
    """`address` of the running site, its engine, and what went wrong in the pages that were opened."""

    address: str
    engine: ProcessEngine
    browser: Browser
    trouble: list[str] = field(default_factory=list)
    profiles: list[Any] = field(default_factory=list)

    def enter(self, login: str, *, language: str = "zh-CN", width: str = "desk") -> Page:
        """A browser of its own in which `login` has signed in by a click on his demo account."""
        profile = chromium.context(self.browser, language, width)
        self.profiles.append(profile)
        page = profile.new_page()
        self.trouble = chromium.listen(page)
        page.goto(f"{self.address}/login")
        button = page.locator(f"button[data-fill*='\"{login}\"']")
        if not button.is_visible():
            page.locator("details summary").click()
        button.click()
        page.wait_for_url(f"{self.address}/")
        return self.ready(page)

    def open(self, page: Page, path: str) -> Page:
        """Go there and wait until everything is drawn."""
        page.goto(f"{self.address}{path}")
        return self.ready(page)

    def ready(self, page: Page) -> Page:
        """Wait until the page and its custom elements are complete."""
        page.wait_for_selector("body[data-ready]")
        return page

    def work_off(self) -> None:
        """Run what is due now, as the runners would."""
        jobs.run_due(self.engine)


@pytest.fixture(scope="module")
def demo_site(tmp_path_factory) -> Iterator[Site]:
    """Once per module: demo people and requests, small master data."""
    node.build(lambda _: None)
    settings = Settings(database_url=f"sqlite:///{tmp_path_factory.mktemp('walk')}/site.db", testing=True)
    demo.load(settings, "tiny", say=lambda _: None, progress=lambda *_: None)
    engine = ProcessEngine(settings)
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        with chromium.served(create_app(settings, engine)) as address:
            yield Site(address, engine, browser)
        browser.close()
    engine.dispose()


@pytest.fixture
def site(demo_site: Site) -> Iterator[Site]:
    """Closes what a test opened; fails it for anything that only the developer tools would show."""
    yield demo_site
    for profile in demo_site.profiles:
        profile.close()
    demo_site.profiles.clear()
    assert demo_site.trouble == []
