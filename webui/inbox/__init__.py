"""The inbox: what waits for me, what I may claim, what I have done, started, was told, began to type."""

from uuid import UUID

from flask import Blueprint, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webui import rendering
from webui.inbox import lists
from webui.inbox.lists import Wanted
from webui.rendering import render_block

blueprint = Blueprint("inbox", __name__, url_prefix="/inbox")


@blueprint.get("/badge")
def badge() -> ResponseReturnValue:
    """The number at the menu entry, asked for every half minute: 304 while it is the same."""
    open_tasks = rendering.open_tasks()
    response = make_response(render_block("inbox/badge.html", "content", count=open_tasks))
    response.set_etag(str(open_tasks))
    return response.make_conditional(request)


@blueprint.get("/next/<uuid:item>")
def following(item: UUID) -> ResponseReturnValue:
    """After an act: the task behind `item` in the list that the reader came from, or the list itself."""
    wanted = Wanted.of(request.args)
    found = lists.following(g.uow, wanted, item)
    if found is None:
        return redirect(url_for(".index", **wanted.query), 303)
    if request.args.get("pane"):
        return redirect(url_for(".index", open=found, **wanted.query), 303)
    return redirect(url_for(".task", item=found, **wanted.query), 303)
