"""What is said about the parts of a drawing, a form or a file of decisions: threads, answered and resolved."""

from uuid import UUID

from flask import g, redirect, request
from flask.typing import ResponseReturnValue

from engine import bpmn, drafts, identity, notices
from engine.errors import EngineError, NotFound
from webui import talks
from webui.designer.addresses import page_of
from webui.designer.blueprint import designer
from webui.designer.changes import apart
from webui.designer.filing import KINDS, File, content_of, file_of
from webui.designer.things import named
from webui.rendering import label, page
from webui.transaction import shows_again


@designer.get("/comments/<key>", defaults={"kind": "process"})
@designer.get(f"/comments/{KINDS}")
def comments(kind: str, key: str) -> ResponseReturnValue:
    """All threads, those that wait for somebody first; `element`: the one to speak about."""
    return _shown(kind, key)


def _again(error: EngineError, kind: str, key: str) -> ResponseReturnValue:
    return _shown(kind, key, error)


@designer.post("/comments/<key>", defaults={"kind": "process"})
@designer.post(f"/comments/{KINDS}")
@shows_again(_again)
def say(kind: str, key: str) -> ResponseReturnValue:
    """Begin a thread, or answer in one; who is named in it, and who has to do with it, is told."""
    file, thread = file_of(kind, key), request.form.get("thread", "")
    text = notices.naming(g.uow, request.form.get("text", ""), talks.named())
    if thread:
        said = drafts.comments.answer(g.uow, file.path, _id(thread), text)
    else:
        said = drafts.comments.say(g.uow, file.path, request.form.get("element", ""), text)
        thread = str(said)
    notices.of_comment(g.uow, file.path, file.title, said)
    return redirect(page_of("comments", kind, key, _anchor=thread), 303)


_SETTLE = "<uuid:comment_id>/<any(resolve, reopen):act>"


@designer.post(f"/comments/<key>/{_SETTLE}", defaults={"kind": "process"})
@designer.post(f"/comments/{KINDS}/{_SETTLE}")
def settle_comment(kind: str, key: str, comment_id: UUID, act: str) -> ResponseReturnValue:
    """Nothing is left to be done about a thread, or there is again."""
    drafts.comments.settle(g.uow, file_of(kind, key).path, comment_id, settled=act == "resolve")
    return redirect(page_of("comments", kind, key, _anchor=str(comment_id)), 303)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(kind="comment", key=text[:80]) from None


def _shown(kind: str, key: str, error: EngineError | None = None) -> ResponseReturnValue:
    file = file_of(kind, key)
    found = drafts.comments.threads(g.uow, file.path)
    said = [one for thread in found for one in (thread.first, *thread.answers)]
    ids = {one for comment in said for one in (comment.author_id, comment.resolved_by) if one is not None}
    return page(
        "designer/comments.html", block="content", file=file, error=error, elements=_elements(file),
        threads=sorted(found, key=lambda thread: thread.first.resolved_at is not None),
        people={user.id: user for user in identity.find(g.uow, ids)}, text=request.form.get("text", ""),
        chosen=request.form.get("element") or request.args.get("element", ""),
    )  # fmt: skip


def _elements(file: File) -> dict[str, str]:
    """Names of what can be spoken about, by id; none of what cannot be read."""
    content = content_of(file)
    if file.kind != "process":
        found = {key: name for key, name in named(file.path, content).items() if key}
        return dict(zip(found, apart(list(found.values())), strict=True))
    definition = bpmn.read(content).definition
    nodes = [node for process in definition.processes for node in process.all_nodes()] if definition else []
    return {node.id: label(node.labels, node.name) or node.id for node in nodes}
