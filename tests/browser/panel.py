"""The panel beside the canvas of the designer, and the way from there to a version."""

from playwright.sync_api import Locator, Page, expect

DRAWN = "() => new Promise(done => requestAnimationFrame(() => setTimeout(() => setTimeout(done))))"
"""The panel listens to what changes of an element once it has drawn it: a hand comes later, a script may not."""


def group(page: Page, name: str) -> Locator:
    """The group of the panel, unfolded."""
    page.evaluate(DRAWN)
    found = page.locator(f'[data-group-id="group-{name}"]')
    if found.locator(".bio-properties-panel-group-entries.open").count() == 0:
        found.locator(".bio-properties-panel-group-header").click()
    return found


def entry(page: Page, name: str) -> Locator:
    """One field of the panel."""
    return page.locator(f'[data-entry-id="{name}"]')


def published(page: Page, note: str) -> None:
    """By the page that says what a new version changes; it is the first one."""
    page.click("#deploy")
    page.fill("#note", note)
    page.click("#publish button[type=submit]")
    expect(page.locator("h1")).to_contain_text("版本 1")
