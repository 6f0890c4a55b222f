"""The operators' view: processes, instances, incidents, jobs, versions."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import audit, history, identity, runtime, tasks
from engine import jobs as job_verbs
from engine.db.instance import Status
from engine.db.job import IncidentKind, JobKind, JobState
from engine.dispatch import housekeeping
from engine.errors import N_, InvalidValue
from engine.values import Values, from_json
from webui import progress, tracking
from webui.access import guard, needs
from webui.cockpit import facts as fact_words
from webui.cockpit import handlers, queries
from webui.navigation import this_page
from webui.rendering import page

blueprint = Blueprint("cockpit", __name__, url_prefix="/cockpit")
guard(blueprint, "cockpit")


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Per process what runs and what is in trouble; the backlog of jobs; the newest incidents."""
    found, _ = queries.incidents(g.uow)
    return page("cockpit/index.html", processes=queries.overview(g.uow), backlog=queries.backlog(g.uow),
                incidents=found[:5], kinds=_kinds(IncidentKind))  # fmt: skip


@blueprint.get("/instances")
def instances() -> ResponseReturnValue:
    """All instances, filtered, newest first."""
    filters = {name: request.args.get(name, "").strip() for name in ("process", "status", "text")}
    trouble = request.args.get("trouble") == "1"
    found, following = queries.instances(g.uow, **filters, trouble=trouble, before=_before())
    return page(
        "cockpit/instances.html", found=found, filters=filters, trouble=trouble, processes=queries.overview(g.uow),
        statuses=[status.name for status in Status], status_of=lambda value: Status(value).name.lower(),
        next=_next(following),
    )  # fmt: skip


@blueprint.get("/instances/<uuid:instance_id>")
def instance(instance_id: UUID) -> ResponseReturnValue:
    """Drawing with tokens and incidents, every fact, variables, jobs, whether the chain is unbroken."""
    found = progress.card(g.uow, instance_id)
    facts = history.timeline(g.uow, instance_id, limit=2000)
    people = {user.id: user for user in identity.find(g.uow, {fact.actor_id for fact in facts if fact.actor_id})}
    jobs, _ = queries.jobs(g.uow, instance_id=instance_id)
    view = runtime.instance_view(g.uow, instance_id)
    return page(
        "cockpit/instance.html", instance=found, facts=facts, people=people, jobs=jobs, job_kinds=_kinds(JobKind),
        job_states=_kinds(JobState), incidents=queries.incidents_of(g.uow, instance_id), kinds=_kinds(IncidentKind),
        variables=view.variables, choices=view.choices, audit=audit.verify(g.uow, instance_id),
        said=fact_words.said, about=fact_words.about, does=handlers.said,
    )  # fmt: skip


@blueprint.get("/instances/<uuid:instance_id>/diagram.json")
def diagram(instance_id: UUID) -> dict[str, Any]:
    """The drawing with its marks."""
    return tracking.diagram(g.uow, progress.card(g.uow, instance_id))


@blueprint.post("/instances/<uuid:instance_id>/<any(suspend, activate, cancel, compensate):act>")
def change(instance_id: UUID, act: str) -> ResponseReturnValue:
    """Suspend, activate, cancel or compensate, with a reason that stays in the history."""
    reason = request.form.get("reason", "").strip()
    match act:
        case "suspend":
            runtime.suspend(g.uow, instance_id, reason)
        case "activate":
            runtime.activate(g.uow, instance_id)
        case "cancel":
            runtime.cancel(g.uow, instance_id, reason)
        case "compensate":
            runtime.compensate(g.uow, instance_id, reason)
    flash(gettext("Done."), "success")
    return redirect(url_for(".instance", instance_id=instance_id), 303)


@blueprint.post("/instances/<uuid:instance_id>/ad-hoc")
def ad_hoc(instance_id: UUID) -> ResponseReturnValue:
    """Start an activity of an ad-hoc sub-process, or say that it is enough."""
    scope, node = request.form.get("scope", type=int, default=-1), request.form.get("node", "")
    if node:
        runtime.start_ad_hoc(g.uow, instance_id, scope, node)
    else:
        runtime.finish_ad_hoc(g.uow, instance_id, scope)
    flash(gettext("Done."), "success")
    return redirect(url_for(".instance", instance_id=instance_id), 303)


@blueprint.get("/incidents")
def incidents() -> ResponseReturnValue:
    """Open ones, newest first."""
    found, following = queries.incidents(g.uow, before=_before())
    return page("cockpit/incidents.html", found=found, kinds=_kinds(IncidentKind), next=_next(following))


@blueprint.post("/incidents/<uuid:incident_id>/resolve")
def resolve(incident_id: UUID) -> ResponseReturnValue:
    """Set what is stuck going again, after writing corrected variables, or after saying whether a call happened."""
    happened = {"yes": True, "no": False}.get(request.form.get("happened", ""))
    runtime.resolve(g.uow, incident_id, _repair(request.form.get("variables", "")), happened=happened)
    flash(gettext("The step is tried again."), "success")
    return redirect(url_for(".incidents"), 303)


def _repair(text: str) -> Values | None:
    """Corrected variables as a JSON object; None when there are none. Raises InvalidValue."""
    if not text.strip():
        return None
    try:
        found = from_json(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvalidValue(expected=N_('{"name": value, …}'), found=text[:80])
    return found


@blueprint.get("/jobs")
def jobs() -> ResponseReturnValue:
    """What must happen later."""
    state = request.args.get("state", "")
    found, following = queries.jobs(g.uow, state=state, before=_before())
    return page("cockpit/jobs.html", found=found, state=state, kinds=_kinds(JobKind), states=_kinds(JobState),
                does=handlers.said, backlog=queries.backlog(g.uow), next=_next(following))  # fmt: skip


@blueprint.post("/jobs/<uuid:job_id>/retry")
def retry(job_id: UUID) -> ResponseReturnValue:
    """Run it now, with fresh attempts."""
    job_verbs.retry(g.uow, job_id)
    flash(gettext("The job runs again."), "success")
    return redirect(url_for(".jobs"), 303)


@blueprint.get("/retention")
def retention() -> ResponseReturnValue:
    """Ended requests that are kept no longer; `?kept=1`: those that a group or a payment keeps still."""
    kept = request.args.get("kept") == "1"
    found = tasks.over(g.uow, kept=kept, after=request.args.get("after", type=UUID))
    following = this_page(after=str(found.next)) if found.next else ""
    return page(
        "cockpit/retention.html", found=found.items, kept=kept, next=following,
        remembered=housekeeping.REMEMBERED.days,
    )  # fmt: skip


@blueprint.post("/retention/<uuid:instance_id>")
@needs("admin")
def erase(instance_id: UUID) -> ResponseReturnValue:
    """Erase what people wrote in one of them."""
    tasks.erase_request(g.uow, instance_id, request.form.get("reason", ""))
    flash(gettext("Erased."), "success")
    return redirect(url_for(".retention"), 303)


@blueprint.get("/audit")
def acts() -> ResponseReturnValue:
    """Acts outside instances; whether all chains are whole is the auditors' page."""
    found = queries.acts(g.uow)
    people = identity.find(g.uow, {act.data["user"] for act in found if act.data.get("user")})
    return page(
        "cockpit/audit.html", acts=found, people={str(user.id): user for user in people}, said=fact_words.said,
        about=fact_words.about, check=audit.last_check(g.uow),
    )  # fmt: skip


def _kinds(words: Any) -> dict[int, str]:
    return {int(word): word.name.lower().replace("_", " ") for word in words}


def _before() -> UUID | None:
    return request.args.get("before", type=UUID)


def _next(key: UUID | None) -> str:
    return this_page(before=str(key)) if key else ""
