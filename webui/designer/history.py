"""What a draft was: who saved it when, what somebody could not save, and back to any of it."""

from dataclasses import dataclass
from uuid import UUID

from flask import flash, g, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import drafts, identity
from engine.db.definition import Kind
from engine.drafts.revisions import Revision
from engine.errors import NotFound
from webui.designer.blueprint import designer
from webui.designer.drawing import body, changed_by, path_of_draft
from webui.designer.library import draft_of, etag_of, name_of
from webui.rendering import page, person


@dataclass(frozen=True)
class Line:
    """A state on the page. `who`: empty when nobody signed in has saved it."""

    revision: Revision
    who: str


@designer.get("/history/<key>")
def history(key: str) -> ResponseReturnValue:
    """States of the draft, newest first."""
    path, draft = path_of_draft(key), draft_of(key)
    found = drafts.revisions.list_(g.uow, path)
    if draft is None and not found:
        raise NotFound(kind="draft", key=key)
    people = {user.id: user for user in identity.find(g.uow, {one.saved_by for one in found if one.saved_by})}
    lines = [Line(one, person(people[one.saved_by]) if one.saved_by in people else "") for one in found]
    return page(
        "designer/history.html", block="content", key=key, name=name_of(key), lines=lines, draft=draft,
        etag=etag_of(draft),
    )  # fmt: skip


@designer.post("/history/<key>/<uuid:revision_id>")
def restore(key: str, revision_id: UUID) -> ResponseReturnValue:
    """Make a state the draft again; what the draft was is kept like every other."""
    found, content = drafts.revisions.open_(g.uow, revision_id)
    draft = draft_of(key)
    if drafts.place(found.path) != (Kind.PROCESS, key):
        raise NotFound(kind="revision", key=revision_id)
    if request.form.get("etag") != etag_of(draft):
        raise changed_by(draft)
    path = draft.path if draft is not None else found.path
    name = draft.name if draft is not None else name_of(key)
    drafts.save(g.uow, path, content, version=draft.version if draft is not None else 0, name=name)
    flash(gettext("It is the draft again."), "success")
    return redirect(url_for(".editor", key=key), 303)


@designer.post("/aside/<path:path>")
def put_aside(path: str) -> ResponseReturnValue:
    """Keep a drawing that cannot be saved, since another one was; the answer leads to both beside each other."""
    key = drafts.place(path)[1]
    kept = drafts.revisions.put_aside(g.uow, path, body("xml")["xml"].encode("utf-8"))
    return jsonify(address=url_for(".difference", key=key, before="draft", after=str(kept))), 201
