"""A real Chromium for the tests, and everything that a person would see only in its developer tools."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Playwright
from werkzeug.serving import make_server

from webui import node

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic", "--force-color-profile=srgb",
]  # fmt: skip
AXE = node.ASSETS / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21aa"]
ABORTED = ("htmx:afterRequest, ", "htmx:sendAbort, ")
"""What htmx says of a question it asked every ten seconds when the next page was faster; of an answer that is wrong,
`response` and `requestfailed` tell."""
WIDTHS = {"phone": (375, 812), "desk": (1440, 900)}


def launch(playwright: Playwright) -> Browser:
    """The Chromium or Chrome of the machine."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail(
            f"expected one of {', '.join(BROWSERS)} on the PATH; Debian: apt-get install chromium", pytrace=False
        )
    return playwright.chromium.launch(executable_path=found, args=FLAGS)


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The address of `app`, running in a thread on a free port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def context(browser: Browser, language: str = "zh-CN", width: str = "desk", **options: Any) -> BrowserContext:
    """A browser profile of its own: language, zone, size."""
    x, y = WIDTHS[width]
    return browser.new_context(
        viewport={"width": x, "height": y}, locale=language, timezone_id="Asia/Shanghai", reduced_motion="reduce",
        has_touch=width == "phone", **options,
    )  # fmt: skip


def listen(page: Page, *announced: int, into: list[str] | None = None) -> list[str]:
    """What goes wrong in `page` from now on, kept in `into`; statuses in `announced` are expected."""
    found: list[str] = [] if into is None else into

    def spoken(message: Any) -> None:
        expected = "Failed to load resource" in message.text and any(
            str(status) in message.text for status in announced
        )
        if message.type == "error" and not expected and not message.text.startswith(ABORTED):
            found.append(f"console: {message.text}")

    def failed(request: Any) -> None:
        if request.failure != "net::ERR_ABORTED":  # the next page was faster
            found.append(f"request: {request.url} {request.failure}")

    page.on("console", spoken)
    page.on("pageerror", lambda error: found.append(f"script: {error}"))
    page.on("requestfailed", failed)
    page.on(
        "response",
        lambda answer: (
            found.append(f"{answer.status}: {answer.url}")
            if answer.status >= 400 and answer.status not in announced
            else None
        ),
    )
    return found


def violations(page: Page, within: str = "body") -> list[str]:
    """What axe finds under `within`; injected by `evaluate`, which the page's CSP does not stop."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("([root, rules]) => axe.run(root, {runOnly: rules})", [within, RULES])
    return [f"{rule['id']}: {hit['target'][0]}" for rule in found["violations"] for hit in rule["nodes"]]


def scrolls_sideways(page: Page) -> bool:
    """Whether the page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"))
