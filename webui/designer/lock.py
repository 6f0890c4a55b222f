"""Who edits a draft: one person at a time; others look on, and may take over."""

import re

from flask import g, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from engine import drafts, identity
from engine.drafts import DraftInfo
from engine.drafts.locking import Lock
from webui.access import may
from webui.designer.addresses import editor_of, page_of
from webui.designer.blueprint import designer
from webui.designer.changes import NotComparable, Thing
from webui.designer.things import things
from webui.rendering import as_script_data, page, person

_HERE = re.compile(r"/designer/[\w/.-]*", re.ASCII)
"""addresses that lead back after taking over"""


@designer.post("/lock/<path:path>")
def hold(path: str) -> ResponseReturnValue:
    """Edit, or go on: the page asks every 20 seconds. The answer names whoever has taken over."""
    drafts.place(path)
    return jsonify(_told(drafts.locking.hold(g.uow, path)))


@designer.delete("/lock/<path:path>")
def let_go(path: str) -> ResponseReturnValue:
    """The page is left."""
    drafts.locking.let_go(g.uow, path)
    return "", 204


@designer.post("/take/<path:path>")
def take_over(path: str) -> ResponseReturnValue:
    """Edit although somebody else does; he is told within 20 seconds, and what he has not sent becomes a copy."""
    kind, key = drafts.place(path)
    drafts.locking.hold(g.uow, path, take=True)
    back = request.form.get("back", "")
    return redirect(back if _HERE.fullmatch(back) else editor_of(kind.name.lower(), key), 303)


def held(path: str) -> Lock | None:
    """Who edits the draft, unless it is the reader."""
    found = drafts.locking.holder(g.uow, path)
    return None if found is None or found.holder == g.reader.id else found


def held_page(kind: str, path: str, name: str, content: bytes, draft: DraftInfo | None) -> ResponseReturnValue:
    """The file to look at, and who edits it since when."""
    found = held(path)
    drawing = {"xml": content.decode("utf-8", "replace"), "markers": {}, "flows": [], "details": {}}
    return page(
        "designer/held.html", block="content", kind=kind, path=path, name=name, draft=draft,
        drawing=as_script_data(drawing) if kind == "process" else "",
        things=[] if kind == "process" else _things(path, content),
        holder=_name(found) if found is not None else "", since=found.since if found is not None else g.uow.now,
    )  # fmt: skip


def of_draft(kind: str, key: str, path: str) -> dict[str, str | None]:
    """What the script of every editor asks about its draft, beside saving it."""
    return {
        "publish": page_of("publish", kind, key), "comments": page_of("comments", kind, key),
        "aside": url_for("designer.put_aside", path=path),
        "lock": url_for("designer.hold", path=path) if may("process.design") else None,
    }  # fmt: skip


def _things(path: str, content: bytes) -> list[Thing]:
    """What a form or a file of decisions says; nothing of one that cannot be read."""
    try:
        return list(things(path, content).values())
    except NotComparable:
        return []


def _told(lock: Lock) -> dict[str, object]:
    return {"mine": lock.holder == g.reader.id, "name": _name(lock), "since": lock.since.isoformat()}


def _name(lock: Lock) -> str:
    return person(identity.user(g.uow, lock.holder))
