"""Home: what waits for me, what I started, and what I may start."""

from datetime import date
from typing import Any

from flask import Blueprint, g, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from engine import audit, drafts, incidents, policy, repository, tasks, workdays
from engine.audit.verifier import OVERDUE as LATE
from engine.drafts import DraftInfo
from webui import access, languages, scenario_runs
from webui.rendering import name_picked, page
from webui.scenario_runs import Told

blueprint = Blueprint("workbench", __name__)
_EDITORS = {
    "process": ("designer.editor", "key"), "form": ("designer.build_form", "form_id"),
    "decision": ("designer.edit_decision", "key"),
}  # fmt: skip
_MOST_DRAFTS = 5


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """My open tasks, my running requests, what I may start; for operators open incidents, for controllers and auditors
    what is held or waits for them, for analysts their drafts and scenarios that fail."""
    context: dict[str, Any] = {
        "todo": tasks.inbox(g.uow, "todo", limit=5),
        "requested": tasks.requested(g.uow, limit=5),
        "startable": repository.startable(g.uow),
        "incidents": incidents.list_open(g.uow, limit=5) if access.may("cockpit") else [],
        "missing": workdays.missing_year(g.uow, _today()) if access.may("admin") else None,
        "record": _record() if access.may(access.AUDIT) else "",
        "watched": _watched(),
        "failing": _failing() if access.may("process.design") else [],
        "drafts": _drafts() if access.may("process.design") else [],
    }
    name_picked([*context["todo"].items, *context["requested"].items])
    return page("workbench/home.html", **context)


def _watched() -> list[tuple[str, int, str]]:
    """What waits for controllers and auditors: what it is, how much of it, and its page; only what there is."""
    if not access.may_read("policy|audit"):
        return []
    open_ones = [one for one in policy.emergencies(g.uow) if one.state in ("asked", "signed")]
    index = url_for("policies.index")
    found = [
        (gettext("Held operations"), len(policy.open_holds(g.uow)), url_for("policies.holds")),
        (gettext("Open emergencies"), len(open_ones), url_for("policies.emergencies")),
    ]
    if access.may("policy"):
        proposed = [one for one in policy.all_versions(g.uow) if one.state == "proposed"]
        others = [one for one in proposed if one.proposed_by != g.reader.id]
        found.append((gettext("Changes of policies that wait for a second controller: you"), len(others), index))
    if access.may(access.AUDIT):
        weaker = len(policy.to_review(g.uow))
        found.append((gettext("Became weaker, not yet seen by audit"), weaker, f"{index}#weaker"))
    return [one for one in found if one[1]]


def _failing() -> list[Told]:
    """Processes of which scenarios failed when they were played last, by name."""
    return sorted((one for one in scenario_runs.newest().values() if one.failed), key=lambda one: one.name)


def _drafts() -> list[tuple[DraftInfo, str]]:
    """The newest drafts that the reader has saved, each with its editor."""
    own = [one for one in drafts.waiting(g.uow) if one.saved_by == g.reader.id and one.kind in _EDITORS]
    own.sort(key=lambda one: one.saved_at, reverse=True)
    return [(one, _editor(one)) for one in own[:_MOST_DRAFTS]]


def _editor(draft: DraftInfo) -> str:
    endpoint, name = _EDITORS[draft.kind]
    values: dict[str, Any] = {name: draft.key}
    return url_for(endpoint, **values)


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
