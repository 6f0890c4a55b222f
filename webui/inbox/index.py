"""The list of one box beside the task that is open, and the lists that the reader saves."""

import hashlib
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import flash, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import identity, repository, tasks
from engine.errors import EngineError
from engine.tasks import Page, drafting
from webui import rendering
from webui.inbox import blueprint, lists
from webui.inbox.lists import Wanted
from webui.inbox.task import task_context
from webui.navigation import this_page
from webui.rendering import page, render_block


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """A page of the list; `open`: the task beside it; `seen`: what a polling list shows already, 204 while it holds."""
    wanted = Wanted.of(request.args)
    context = _list(wanted)
    if "seen" in request.args:
        if request.args["seen"] == context["seen"]:
            return make_response("", 204)
        return make_response(render_block("inbox/index.html", "list", **context))
    return page("inbox/index.html", **(context | _beside(request.args.get("open", ""), wanted)))


@blueprint.post("/views")
def save_view() -> ResponseReturnValue:
    """Keep the list at hand under a name."""
    wanted = Wanted.of(request.form)
    view = tasks.save_view(g.uow, request.form.get("name", ""), wanted.query)
    flash(gettext("Saved: %(name)s.", name=view.name), "success")
    return redirect(_address(wanted), 303)


@blueprint.post("/views/<uuid:view>/remove")
def remove_view(view: UUID) -> ResponseReturnValue:
    """Forget a saved list."""
    tasks.remove_view(g.uow, view)
    return redirect(url_for(".index"), 303)


def _beside(item: str, wanted: Wanted) -> dict[str, Any]:
    """The open task; why it cannot be shown, when it was decided or given away meanwhile."""
    try:
        key = UUID(item)
    except ValueError:
        return {"task": None, "gone": None}
    try:
        return {"gone": None, **task_context(key, wanted)}
    except EngineError as error:  # the list is still good: the reason stands beside it
        return {"task": None, "gone": error}


def _list(wanted: Wanted) -> dict[str, Any]:
    """What the list side of the page shows."""
    found = lists.read(g.uow, wanted, request.args.get("after"))
    rendering.name_picked(found.items)
    batch = [item.work_item_id for item in found.items if wanted.box in lists.OPEN and item.batch]
    as_list, as_table = (replace(wanted, layout=layout) for layout in ("", "table"))
    return {
        "wanted": wanted, "boxes": _boxes(), "counts": rendering.counts(), "found": found, "seen": _digest(found),
        "here": _address(wanted), "here_as_list": _address(as_list), "here_as_table": _address(as_table),
        "query": urlencode(wanted.query), "orders": _orders(), "dues": _dues(), "waits": lists.WAITING[1:],
        "views": tasks.views(g.uow), "processes": list(rendering.processes().values()), "nodes": _nodes(wanted.process),
        "columns": rendering.summary_columns(wanted.process) if wanted.layout else [],
        "requester": identity.find(g.uow, [wanted.requester]) if wanted.requester else [],
        "next": this_page(after=found.next) if found.next else "", "open_boxes": lists.OPEN,
        "drafts": drafting.list_(g.uow) if wanted.box == "drafts" and not wanted.narrowed else [],
        "many": tasks.seen(g.uow, batch) if batch else {},
    }  # fmt: skip


def _address(wanted: Wanted) -> str:
    return url_for(".index", **wanted.query)


def _digest(found: Page) -> str:
    """Tells one state of a page from another: a list that polls is sent again only when it differs."""
    text = repr([(getattr(one, "work_item_id", one.instance_id), _state(one)) for one in found.items])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _state(item: Any) -> tuple[Any, ...]:
    names = ("version", "urged_at", "due_at", "status", "read_at", "waiting", "draft")
    return tuple(getattr(item, name, None) for name in names)


def _nodes(process: str) -> list[tuple[str, str]]:
    """(id, name) of the tasks of a process that people do."""
    info = rendering.processes().get(process)
    if info is None:
        return []
    nodes = repository.program(g.uow, info.id).nodes.values()
    return [(node.id, rendering.label(node.labels, node.name)) for node in nodes if node.human is not None]


def _boxes() -> list[tuple[str, str]]:
    return [
        ("todo", gettext("My tasks")), ("claimable", gettext("To claim")), ("done", gettext("Done by me")),
        ("requested", gettext("Started by me")), ("copied", gettext("Copied to me")), ("drafts", gettext("Drafts")),
    ]  # fmt: skip


def _orders() -> list[tuple[str, str]]:
    return [
        ("due", gettext("due first")), ("newest", gettext("newest first")), ("waiting", gettext("waiting longest")),
        ("priority", gettext("most important first")),
    ]  # fmt: skip


def _dues() -> list[tuple[str, str]]:
    return [
        ("overdue", gettext("overdue")), ("today", gettext("due today")), ("week", gettext("due within 7 days")),
        ("none", gettext("without a due date")),
    ]  # fmt: skip
