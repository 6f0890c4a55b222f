"""The inbox: what waits for me, what I may claim, what I have done."""

from flask import Blueprint, g, make_response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import repository, tasks
from webui.navigation import this_page
from webui.rendering import page, render_block

blueprint = Blueprint("inbox", __name__, url_prefix="/inbox")

_BOXES = ("todo", "claimable", "done")
_ORDERS = ("due", "newest")


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """One box, filtered, a page at a time; the cursor is the last key of the page before."""
    box = _one_of(request.args.get("box"), _BOXES)
    filters = {
        "process": request.args.get("process", ""), "text": request.args.get("text", "").strip(),
        "sort": _one_of(request.args.get("sort"), _ORDERS),
    }  # fmt: skip
    cursor = request.args.get("after")
    if box == "done":
        found = tasks.done(g.uow, cursor=cursor)
    else:
        found = tasks.inbox(
            g.uow, box, cursor=cursor, process=filters["process"] or None, text=filters["text"] or None,
            sort=filters["sort"],
        )  # fmt: skip
    return page(
        "inbox/index.html", box=box, boxes=_boxes(), counts=tasks.count(g.uow), filters=filters, found=found,
        processes=repository.latest_all(g.uow), next=_next(found.next),
    )  # fmt: skip


@blueprint.get("/badge")
def badge() -> ResponseReturnValue:
    """The number at the menu entry, asked for every half minute: 304 while it is the same."""
    open_tasks = tasks.count(g.uow)["todo"]
    response = make_response(render_block("inbox/badge.html", "content", count=open_tasks))
    response.set_etag(str(open_tasks))
    return response.make_conditional(request)


def _boxes() -> list[tuple[str, str]]:
    return [("todo", gettext("My tasks")), ("claimable", gettext("To claim")), ("done", gettext("Done by me"))]


def _next(cursor: str | None) -> str:
    return this_page(after=cursor) if cursor else ""


def _one_of(wanted: str | None, known: tuple[str, ...]) -> str:
    return wanted if wanted in known else known[0]
