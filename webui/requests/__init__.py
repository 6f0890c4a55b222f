"""Requests: what may be started, the start form, and what I started."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import forms, identity, pickers, repository, runtime, tasks
from engine.db.instance import Status
from engine.errors import EngineError, NotFound
from engine.forms import Form
from engine.repository import DefinitionInfo
from webui import filling, rendering, route
from webui.navigation import this_page
from webui.once import Once
from webui.rendering import name_picked, page
from webui.transaction import shows_again

blueprint = Blueprint("requests", __name__, url_prefix="/requests")


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """The catalogue of what this person may start, by category."""
    categories: dict[str, list[DefinitionInfo]] = {}
    for process in repository.startable(g.uow):
        categories.setdefault(process.category or gettext("Other"), []).append(process)
    return page("requests/index.html", categories=sorted(categories.items()))


@blueprint.get("/start/<key>")
def start(key: str) -> ResponseReturnValue:
    """The start form of the latest version."""
    return start_page(key)


def start_page(key: str, error: EngineError | None = None, *, again: bool = False) -> ResponseReturnValue:
    """`again`: with what was typed, and the way that it would take."""
    process, form = startable(key)
    typed = filling.typed() if error or again else None
    shown = None
    if form is not None:
        shown = filling.shown(form, forms.blank(form), forms.WRITE_ALL, typed=typed, error=error)
    return page(
        "requests/start.html", process=process, form=shown, error=error, problems=filling.problems(form, error),
        **for_whom(key, form, typed),
    )  # fmt: skip


def for_whom(key: str, form: Form | None, typed: dict[str, Any] | None) -> dict[str, Any]:
    """What a start asks besides the form: the departments of somebody who has several, people whom he selects.

    `way` is None while nothing was typed: scripts ask for it when the page is there.
    """
    own = identity.departments_of(g.uow, g.reader.id)
    way = None if typed is None else route.of_start(key, form, typed)
    return {"way": way, "departments": own if len(own) > 1 else [], "department": route.department()}


def _again(error: EngineError, key: str) -> ResponseReturnValue:
    return start_page(key, error)


@blueprint.post("/start/<key>")
@shows_again(_again)
def begin(key: str) -> ResponseReturnValue:
    """Judge the form and start; the same page sent twice starts once."""
    process, form = startable(key)
    values = {}
    if form is not None:
        values = forms.validate(form, filling.sent(), stored={}, permissions=forms.WRITE_ALL, now=g.uow.now,
                                zone=g.uow.settings.timezone, known=pickers.judge(g.uow))  # fmt: skip
    once = Once(g.uow, f"web.start.{key}"[:120], request.form.get("request_id", ""), request.form.get("data", ""))
    started = once.instance()
    if started is None:
        wanted, department = route.selected(), route.department()
        runtime.require_selection(g.uow, key, values, wanted, department=department)
        started = runtime.start(
            g.uow, key, values, definition_id=process.id, department=department, approvers=wanted
        ).id
        once.made(started)
        flash(gettext("Submitted: %(name)s.", name=rendering.label(process.labels, process.name)), "success")
    return redirect(url_for(".instance", instance_id=started), 303)


@blueprint.get("/start/<key>/drawing.json")
def drawing(key: str) -> dict[str, Any]:
    """The way that a request will go."""
    process, _ = startable(key)
    return {"xml": repository.source(g.uow, process.id).decode()}


@blueprint.get("/mine")
def mine() -> ResponseReturnValue:
    """What I started, newest first; the page asks again every ten seconds."""
    found = tasks.requested(g.uow, cursor=request.args.get("after"))
    name_picked(found.items)
    following = url_for(".mine", after=found.next) if found.next else ""
    return page("requests/mine.html", found=found, next=following, boxes=_boxes())


@blueprint.get("/managed")
def managed() -> ResponseReturnValue:
    """Requests of the processes that I look after, newest first."""
    wanted = {name: request.args.get(name, "").strip() for name in ("text", "status")}
    found = tasks.managed(g.uow, cursor=request.args.get("after"), text=wanted["text"], status=wanted["status"])
    name_picked(found.items)
    statuses = [status.name.lower() for status in Status if status is not Status.DRAFT]
    following = this_page(after=found.next) if found.next else ""
    return page("requests/managed.html", found=found, next=following, wanted=wanted, statuses=statuses,
                boxes=_boxes())  # fmt: skip


@blueprint.get("/kept")
def kept() -> ResponseReturnValue:
    """Requests whose time is over and that a group of the reader has to release, the longest ended first."""
    found = tasks.to_release(g.uow, after=request.args.get("after", type=UUID))
    name_picked(found.items)
    following = this_page(after=str(found.next)) if found.next else ""
    return page("requests/kept.html", found=found.items, next=following, boxes=_boxes())


def _boxes() -> list[str]:
    """The lists of requests that the reader has: his own, those that he looks after, those that he releases."""
    more = {"managed": repository.managed(g.uow), "kept": tasks.releasing(g.uow)}
    return ["mine", *(name for name, found in more.items() if found)]


def startable(key: str) -> tuple[DefinitionInfo, Form | None]:
    """A process that the reader may start, with its form. Raises NotFound."""
    process = next((found for found in repository.startable(g.uow) if found.key == key), None)
    if process is None:
        raise NotFound(kind="process that you may start", key=key)
    form_id = process.meta.get("form")
    return process, repository.form(g.uow, form_id, process.id) if form_id else None
