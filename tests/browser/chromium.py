"""A real Chromium for the tests, and everything that a person would see only in its developer tools."""

import shutil
import socket
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Playwright
from werkzeug.serving import make_server

from engine.identity import User
from webui import node

BROWSERS = (
    "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
)  # fmt: skip
"""The shell is the same engine without windows and tabs around a page, which take as long as the page does."""
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic", "--force-color-profile=srgb",
]  # fmt: skip
AXE = node.ASSETS / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21aa"]
ABORTED = ("htmx:afterRequest, ", "htmx:sendAbort, ")
"""What htmx says of a question it asked every ten seconds when the next page was faster; of an answer that is wrong,
`response` and `requestfailed` tell."""
STORED = "local_storage,indexeddb,service_workers,cache_storage"
"""of a site, in a browser; not the files it has loaded"""
WIDTHS = {"phone": (375, 812), "desk": (1440, 900)}


def launch(playwright: Playwright) -> Browser:
    """The Chromium or Chrome of the machine, its headless shell first."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail(
            f"expected one of {', '.join(BROWSERS)} on the PATH; Debian: apt-get install chromium-headless-shell",
            pytrace=False,
        )
    return playwright.chromium.launch(executable_path=found, args=FLAGS)


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The address of `app`, running in a thread: one port for all sites of a process, so that a browser knows their
    built files already; a second site at the same time gets another."""
    with _door() as door:
        server = make_server("127.0.0.1", 0, app, threaded=True, fd=door.fileno())
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _door() -> socket.socket:
    try:
        door = socket.create_server(("127.0.0.1", _ports[0] if _ports else 0))
    except OSError:  # in use
        return socket.create_server(("127.0.0.1", 0))
    _ports[:] = [door.getsockname()[1]]
    return door


_ports: list[int] = []


def signed_in(app: Flask, user: User, address: str) -> dict[str, str]:
    """The cookie of `user`, for `add_cookies`: what a sign-in at `address` gives."""
    session = app.session_interface.get_signing_serializer(app).dumps(
        {"_user_id": f"{user.id}:{user.session_epoch}", "_fresh": True}
    )
    return {"name": "troika", "value": session, "url": address}


class Profiles:
    """Browser profiles, each a person's own: language, zone, size.

    A new one costs more than most pages do. One that comes back is lent again: it has lost its pages, cookies and
    storage, and keeps the site's built files.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[tuple[str, str, str], list[BrowserContext]] = defaultdict(list)
        self._lent: list[tuple[tuple[str, str, str], BrowserContext]] = []

    def lend(self, language: str = "zh-CN", width: str = "desk", address: str = "") -> BrowserContext:
        """One that nobody else has; paths without a host belong to `address`."""
        kind = (language, width, address)
        free = self._free[kind]
        profile = free.pop() if free else self._new(*kind)
        self._lent.append((kind, profile))
        return profile

    def put_back(self) -> None:
        """Everybody has left."""
        for kind, profile in self._lent:
            for origin in {page.evaluate("origin") for page in profile.pages} - {"null"}:
                devtools = profile.new_cdp_session(profile.pages[0])
                devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": STORED})
            for page in profile.pages:
                page.close()
            profile.clear_cookies()
            self._free[kind].append(profile)
        self._lent.clear()

    def _new(self, language: str, width: str, address: str) -> BrowserContext:
        x, y = WIDTHS[width]
        return self._browser.new_context(
            viewport={"width": x, "height": y}, locale=language, timezone_id="Asia/Shanghai", reduced_motion="reduce",
            has_touch=width == "phone", base_url=address or None,
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


def violations(
    page: Page, within: str | dict[str, list[str]] = "body", *, only: Sequence[str] = (), without: Sequence[str] = ()
) -> list[str]:
    """What axe finds under `within` (a selector, or what axe calls a context), by all rules or by those named.

    It is injected by `evaluate`, which the page's CSP does not stop. A link is judged as part of a text if the words
    around it are longer, so distances of time ("now") are spelled out meanwhile: findings do not hang on the hour.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    spared = {rule: {"enabled": False} for rule in (*without, *({OF_SHEETS} - {*only}))}
    found: list[str] = page.evaluate(RUN, [within, only or RULES, spared])
    return found


RUN = """async ([root, runOnly, rules]) => {
  const moving = document.getAnimations().filter(one => one instanceof CSSTransition);
  await Promise.allSettled(moving.map(one => one.finished));
  const times = [...document.querySelectorAll('time[title]')].map(one => [one, one.textContent]);
  for (const [one] of times) one.textContent = one.title;
  const found = await axe.run(root, { runOnly, rules, resultTypes: ['violations'] });
  for (const [one, ago] of times) one.textContent = ago;
  return found.violations.flatMap(rule => rule.nodes.map(hit => `${rule.id}: ${hit.target[0]}`));
}"""
OF_SHEETS = "css-orientation-lock"
"""reads every style sheet anew, which takes as long as all other rules; it is asked by name, of `html`"""
COLOURS = ["color-contrast", "link-in-text-block"]
"""the rules that look at them"""
NAMES = [
    "document-title", "html-has-lang", "html-lang-valid", "label", "select-name", "button-name", "link-name",
    "input-button-name", "aria-input-field-name", "aria-toggle-field-name", "aria-command-name", "image-alt",
    "svg-img-alt", "role-img-alt", "frame-title",
]  # fmt: skip
"""the rules that look for what a thing is called, which a language may lack"""


def wherever_it_is_read(page: Page, within: str = "body") -> list[str]:
    """What is wrong with the page as it stands in both colours, on a phone and on a desk; it is loaded only once.

    `within`: where it is looked at; what stands around it is on every page.
    """
    found = []
    for width in WIDTHS:
        for theme in ("dark", "light"):
            with shown(page, width, theme):
                found += [f"{width}, {theme}: {violation}" for violation in violations(page, within, only=COLOURS)]
        with shown(page, width, "light"):
            found += [f"{width}: {violation}" for violation in violations(page, within, without=COLOURS)]
            found += [f"{width}: scrolls sideways"] * scrolls_sideways(page)
    return found


@contextmanager
def shown(page: Page, width: str, theme: str) -> Iterator[None]:
    """The page as it stands at that width and in these colours, without being loaded again."""
    before = page.viewport_size, page.evaluate(THEME, theme)
    page.set_viewport_size(dict(zip(("width", "height"), WIDTHS[width], strict=True)))
    yield
    page.set_viewport_size(before[0])
    page.evaluate(THEME, before[1])


THEME = """theme => {
  const root = document.documentElement, before = root.dataset.bsTheme;
  root.dataset.bsTheme = theme;
  return before;
}"""
"""chooses one and tells the one before"""


def scrolls_sideways(page: Page) -> bool:
    """Whether the page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"))
