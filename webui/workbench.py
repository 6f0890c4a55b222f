"""Home: what waits for me, what I started, and what I may start."""

from datetime import date
from typing import Any

from flask import Blueprint, g
from flask.typing import ResponseReturnValue
from flask_login import current_user

from engine import audit, incidents, repository, tasks, workdays
from engine.audit.verifier import OVERDUE as LATE
from webui import access, languages
from webui.rendering import name_picked, page

blueprint = Blueprint("workbench", __name__)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """My open tasks, my running requests, what I may start; open incidents for operators."""
    context: dict[str, Any] = {
        "todo": tasks.inbox(g.uow, "todo", limit=5),
        "requested": tasks.requested(g.uow, limit=5),
        "startable": repository.startable(g.uow),
        "incidents": incidents.list_open(g.uow, limit=5) if access.may("cockpit") else [],
        "missing": workdays.missing_year(g.uow, _today()) if access.may("admin") else None,
        "record": _record() if access.may(access.AUDIT) else "",
    }
    name_picked([*context["todo"].items, *context["requested"].items])
    return page("workbench/home.html", **context)


def _record() -> str:
    """What an auditor must know at once of the record: broken | late; nothing when all is well."""
    check = audit.last_check(g.uow)
    if check is not None and check.findings and check.exit != LATE:
        return "broken"
    return "late" if audit.standing(g.uow).late else ""


def _today() -> date:
    return g.now.astimezone(languages.zone()).date()


@blueprint.get("/menu")
def menu() -> ResponseReturnValue:
    """The menu as a page of its own, for phones without scripts."""
    return page("workbench/menu.html", name=current_user.name)
