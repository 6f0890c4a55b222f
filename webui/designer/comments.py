"""What is said about the elements of a drawing: threads, answered and resolved."""

from uuid import UUID

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from engine import bpmn, drafts, identity, notices
from engine.errors import EngineError, NotFound, Title
from webui import talks
from webui.designer.blueprint import designer
from webui.designer.library import opened_drawing
from webui.rendering import label, page
from webui.transaction import shows_again


@designer.get("/comments/<key>")
def comments(key: str) -> ResponseReturnValue:
    """All threads, those that wait for somebody first; `element`: the one to speak about."""
    return _shown(key)


def _again(error: EngineError, key: str) -> ResponseReturnValue:
    return _shown(key, error)


@designer.post("/comments/<key>")
@shows_again(_again)
def say(key: str) -> ResponseReturnValue:
    """Begin a thread, or answer in one; who is named in it, and who has to do with it, is told."""
    opened, thread = opened_drawing(key), request.form.get("thread", "")
    text = notices.naming(g.uow, request.form.get("text", ""), talks.named())
    if thread:
        said = drafts.comments.answer(g.uow, opened.path, _id(thread), text)
    else:
        said = drafts.comments.say(g.uow, opened.path, request.form.get("element", ""), text)
        thread = str(said)
    latest = opened.latest
    name = Title(latest.name, latest.labels) if latest is not None else Title(opened.line.name, {})
    notices.of_comment(g.uow, opened.path, name, said)
    return redirect(url_for(".comments", key=key, _anchor=thread), 303)


@designer.post("/comments/<key>/<uuid:comment_id>/<any(resolve, reopen):act>")
def settle_comment(key: str, comment_id: UUID, act: str) -> ResponseReturnValue:
    """Nothing is left to be done about a thread, or there is again."""
    drafts.comments.settle(g.uow, opened_drawing(key).path, comment_id, settled=act == "resolve")
    return redirect(url_for(".comments", key=key, _anchor=str(comment_id)), 303)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(kind="comment", key=text[:80]) from None


def _shown(key: str, error: EngineError | None = None) -> ResponseReturnValue:
    opened = opened_drawing(key)
    found = drafts.comments.threads(g.uow, opened.path)
    said = [one for thread in found for one in (thread.first, *thread.answers)]
    ids = {one for comment in said for one in (comment.author_id, comment.resolved_by) if one is not None}
    return page(
        "designer/comments.html", block="content", key=key, name=opened.line.name, error=error,
        threads=sorted(found, key=lambda thread: thread.first.resolved_at is not None), elements=_elements(opened.xml),
        people={user.id: user for user in identity.find(g.uow, ids)}, text=request.form.get("text", ""),
        chosen=request.form.get("element") or request.args.get("element", ""),
    )  # fmt: skip


def _elements(xml: bytes) -> dict[str, str]:
    """Names of elements by id; none of a drawing that cannot be read."""
    definition = bpmn.read(xml).definition
    if definition is None:
        return {}
    return {
        node.id: label(node.labels, node.name) or node.id
        for process in definition.processes for node in process.all_nodes()
    }  # fmt: skip
