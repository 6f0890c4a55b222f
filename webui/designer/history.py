"""What a draft was: who saved it when, what somebody could not save, and back to any of it."""

from dataclasses import dataclass
from uuid import UUID

from flask import flash, g, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import drafts, identity, repository
from engine.drafts.revisions import Revision
from engine.errors import NotFound
from webui.designer.addresses import page_of
from webui.designer.blueprint import designer
from webui.designer.drawing import body
from webui.designer.filing import KINDS, changed_by, file_at, file_of
from webui.designer.library import draft_of
from webui.rendering import page, person


@dataclass(frozen=True)
class Line:
    """A state on the page. `who`: empty when nobody signed in has saved it."""

    revision: Revision
    who: str


@designer.get("/history/<key>", defaults={"kind": "process"})
@designer.get(f"/history/{KINDS}")
def history(kind: str, key: str) -> ResponseReturnValue:
    """States of the draft, newest first."""
    file = file_of(kind, key)
    found = drafts.revisions.list_(g.uow, file.path)
    if draft_of(key, kind) is None and not found:
        raise NotFound(kind="draft", key=key)
    people = {user.id: user for user in identity.find(g.uow, {one.saved_by for one in found if one.saved_by})}
    lines = [Line(one, person(people[one.saved_by]) if one.saved_by in people else "") for one in found]
    return page("designer/history.html", block="content", file=file, lines=lines)


@designer.post("/history/<key>/<uuid:revision_id>", defaults={"kind": "process"})
@designer.post(f"/history/{KINDS}/<uuid:revision_id>")
def restore(kind: str, key: str, revision_id: UUID) -> ResponseReturnValue:
    """Make a state the draft again; what the draft was is kept like every other."""
    found, content = drafts.revisions.open_(g.uow, revision_id)
    if drafts.place(found.path) != drafts.place(file_of(kind, key).path):
        raise NotFound(kind="revision", key=revision_id)
    return _make_draft(kind, key, content)


@designer.post("/versions/<key>/<uuid:definition_id>", defaults={"kind": "process"})
@designer.post(f"/versions/{KINDS}/<uuid:definition_id>")
def restore_version(kind: str, key: str, definition_id: UUID) -> ResponseReturnValue:
    """Make a version the draft again; forms and tables that went with it stay as they are."""
    if definition_id not in [one.id for one in file_of(kind, key).versions]:
        raise NotFound(kind="version", key=definition_id)
    return _make_draft(kind, key, repository.source(g.uow, definition_id))


def _make_draft(kind: str, key: str, content: bytes) -> ResponseReturnValue:
    drafts.alone(g.uow, [file_of(kind, key).path])
    file, draft = file_of(kind, key), draft_of(key, kind)
    if request.form.get("etag") != file.etag:
        raise changed_by(file, request.form.get("etag", ""))
    name = draft.name if draft is not None else file.name
    drafts.save(g.uow, file.path, content, version=draft.version if draft is not None else 0, name=name)
    flash(gettext("It is the draft again."), "success")
    return redirect(file.editor, 303)


@designer.post("/discard/<key>", defaults={"kind": "process"})
@designer.post(f"/discard/{KINDS}")
def discard_draft(kind: str, key: str) -> ResponseReturnValue:
    """Forget the draft: the newest version stands, or nothing; its states are still listed."""
    drafts.alone(g.uow, [file_of(kind, key).path])
    file = file_of(kind, key)
    draft = file.draft or draft_of(key, kind)
    if draft is None:
        raise NotFound(kind="draft", key=key)
    if request.form.get("etag") != file.etag:
        raise changed_by(file, request.form.get("etag", ""))
    drafts.discard(g.uow, draft.path)
    flash(gettext("The draft is discarded."), "success")
    return redirect(page_of("history", kind, key), 303)


@designer.post("/aside/<path:path>")
def put_aside(path: str) -> ResponseReturnValue:
    """Keep what cannot be saved, since something else was; the answer leads to both beside each other."""
    return jsonify(address=aside(path, body("content")["content"].encode("utf-8"))), 201


def aside(path: str, content: bytes) -> str:
    """Keep a copy; the address of both beside each other."""
    file = file_at(path)
    kept = drafts.revisions.put_aside(g.uow, file.path, content)
    before = {"before": "draft"} if file.draft is not None else {}
    return page_of("difference", file.kind, file.key, **before, after=str(kept))
