"""What the build made: `asset()` and `icon()` for templates, and the files themselves, cached for ever."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, current_app, g, request, send_from_directory, url_for
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from markupsafe import Markup, escape

from webui.node import BUILD

LAZY = ("viewer", "form", "people", "inbox", "signature")
"""Entries that custom elements load when the first of them appears in a page."""
_LONGEST_NAME = 100
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_TYPES = {
    ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff": "font/woff", ".woff2": "font/woff2",
}  # fmt: skip


class Manifest:
    """`manifest.json` and `icons.json` of a build, read again when they change.

    `tags`: what was made of `manifest.json` for a page, by entry and root of the site; forgotten with it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tags: dict[tuple[str, str], Markup] = {}
        self._read: dict[str, tuple[int, dict[str, Any]]] = {}

    def entry(self, name: str) -> dict[str, Any] | None:
        """`{js, css, preload}` of entry `name`; None without a build."""
        return self._document("manifest.json").get(name)

    def icons(self) -> dict[str, str]:
        """Inner SVG of each icon; none without a build."""
        return self._document("icons.json")

    def _document(self, name: str) -> dict[str, Any]:
        file = self.folder / name
        try:
            changed = file.stat().st_mtime_ns
        except FileNotFoundError:
            return {}
        known = self._read.get(name)
        if known is None or known[0] != changed:
            known = self._read[name] = (changed, json.loads(file.read_text(encoding="utf-8")))
            self.tags = {}
        return known[1]


def register(app: Flask, folder: Path = BUILD) -> None:
    """Give the app the Jinja globals `asset(entry)` and `icon(name)` and the address /static/build/<name>."""
    app.extensions["manifest"] = Manifest(folder)
    app.jinja_env.globals.update(asset=asset, icon=icon)
    app.add_url_rule("/static/build/<path:name>", "build", _file)
    app.session_interface = _Sessions()


def asset(name: str) -> Markup:
    """Stylesheet, preloads and module script of an entry; `app` also tells what custom elements may load later."""
    manifest = _manifest()
    entry = manifest.entry(name)
    if entry is None:
        return Markup()
    key = name, request.script_root
    if key not in manifest.tags:
        manifest.tags[key] = _tags(name, entry)
    return manifest.tags[key]


def _tags(name: str, entry: dict[str, Any]) -> Markup:
    lines = [_tag('<link rel="stylesheet" href="%s">', entry["css"])] if entry["css"] else []
    lines += [_tag('<link rel="modulepreload" href="%s">', chunk) for chunk in entry["preload"]]
    if name == "app":
        lines.append(_lazy())
    lines.append(_tag('<script type="module" src="%s"></script>', entry["js"]))
    return Markup("\n").join(lines)


def icon(name: str, label: str = "") -> Markup:
    """An outline icon, inlined; decoration unless it has a `label`."""
    return _drawn(drawing_of(name), label)


def drawing_of(name: str) -> str:
    """What is inside the SVG of an icon, 24 by 24; "" for one that no template mentions."""
    icons: dict[str, str] | None = g.get("icons")
    if icons is None:  # a page asks for many: the file is looked at once
        icons = g.icons = _manifest().icons()
    return icons.get(name, "")


@lru_cache(1000)
def _drawn(inner: str, label: str) -> Markup:
    if not inner:
        return Markup()
    meaning = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup(
        '<svg class="icon" width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor"'
        ' stroke-width="2" stroke-linecap="round" stroke-linejoin="round" {}>{}</svg>'
    ).format(meaning, Markup(inner))  # noqa: S704 - the drawing comes from our own build


class _Sessions(SecureCookieSessionInterface):
    """Signed cookies; built files are the same for everybody.

    An answer whose session somebody looked at varies with the cookie: after each sign-in a browser would ask again for
    every file that it may keep for ever.
    """

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Not with a built file."""
        if request.endpoint != "build":
            super().save_session(app, session, response)


def _manifest() -> Manifest:
    manifest: Manifest = current_app.extensions["manifest"]
    return manifest


def _tag(template: str, file: str) -> Markup:
    return Markup(template) % escape(url_for("build", name=file))  # noqa: S704 - templates stand in this file


def _lazy() -> Markup:
    entries = {name: _manifest().entry(name) for name in LAZY}
    addresses = {
        name: {kind: url_for("build", name=entry[kind]) for kind in ("js", "css") if entry[kind]}
        for name, entry in entries.items()
        if entry
    }
    text = json.dumps(addresses).replace("<", "\\u003c")
    return Markup('<script type="application/json" id="tk-assets">{}</script>').format(Markup(text))  # noqa: S704


def _file(name: str) -> Response:
    """A built file, compressed when the browser takes it. Its name holds a hash of its content: cached for ever."""
    folder = _manifest().folder
    if len(name) > _LONGEST_NAME:  # a file system may refuse to look for it at all
        abort(404)
    for encoding, ending in _ENCODINGS:
        if request.accept_encodings[encoding] and (folder / (name + ending)).is_file():
            response = send_from_directory(folder, name + ending, mimetype=_media_type(name))
            response.headers["Content-Encoding"] = encoding
            break
    else:
        response = send_from_directory(folder, name, mimetype=_media_type(name))
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Vary"] = "Accept-Encoding"
    return response


def _media_type(name: str) -> str | None:
    """Not left to the machine's table of endings: a module script of another type is refused by browsers."""
    return _TYPES.get(Path(name).suffix)
