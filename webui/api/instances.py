"""Process instances: start, read, timeline."""

import json
from typing import Any
from uuid import UUID

from flask import g

from engine import forms, pickers, repository, runtime, tasks
from engine.errors import NotFound
from webui import progress, tracking
from webui.api.blueprint import Blueprint
from webui.api.schemas import CopyIn, FutureIn, InstanceOut, LineOut, StartIn, TrackingOut, UrgeIn, UrgeOut
from webui.once import Once

blueprint = Blueprint("api_instances", __name__, url_prefix="/api/v1/instances", description="Process instances")


@blueprint.route("/", methods=["POST"])
@blueprint.arguments(StartIn)
@blueprint.response(201, InstanceOut)
def start(wanted: dict[str, Any]) -> Any:
    """Start the latest version; the start form judges the variables exactly as it does in the browser."""
    process = next((found for found in repository.startable(g.uow) if found.key == wanted["key"]), None)
    if process is None:
        raise NotFound(kind="process that you may start", key=wanted["key"])
    content = json.dumps(wanted, sort_keys=True, default=str)
    once = Once(g.uow, f"api.start.{process.key}"[:120], wanted["request_id"], content)
    started = once.instance()
    if started is None:
        values = wanted["variables"]
        form_id = process.meta.get("form")
        if form_id:
            form = repository.form(g.uow, form_id, process.id)
            values = forms.validate(form, values, stored={}, permissions=forms.WRITE_ALL, now=g.uow.now,
                                    zone=g.uow.settings.timezone, known=pickers.judge(g.uow))  # fmt: skip
        runtime.require_selection(g.uow, process.key, values, wanted["approvers"], department=wanted["department"])
        started = runtime.start(
            g.uow, process.key, values, business_key=wanted["business_key"], definition_id=process.id,
            department=wanted["department"], approvers=wanted["approvers"],
        ).id  # fmt: skip
        once.made(started)
    g.uow.finish()  # the row of the instance too, as it is now: it is read below
    return progress.card(g.uow, started)


@blueprint.route("/<uuid:instance_id>", methods=["GET"])
@blueprint.response(200, InstanceOut)
def read(instance_id: UUID) -> Any:
    """Where it stands."""
    return progress.card(g.uow, instance_id)


@blueprint.route("/<uuid:instance_id>/timeline", methods=["GET"])
@blueprint.response(200, LineOut(many=True))
def timeline(instance_id: UUID) -> Any:
    """Who decided what, and who is asked now."""
    return progress.timeline(g.uow, progress.card(g.uow, instance_id))


@blueprint.route("/<uuid:instance_id>/tracking", methods=["GET"])
@blueprint.response(200, TrackingOut)
def track(instance_id: UUID) -> Any:
    """Each element that was passed or will be: its rounds, people and times, with the mark that the drawing shows."""
    return tracking.of(g.uow, progress.card(g.uow, instance_id))


@blueprint.route("/<uuid:instance_id>/urge", methods=["POST"])
@blueprint.arguments(UrgeIn)
@blueprint.response(200, UrgeOut)
def urge(sent: dict[str, Any], instance_id: UUID) -> Any:
    """Ask those who are asked now to hurry; each of them once within a while (TROIKA_URGE_EVERY_MINUTES)."""
    return {"urged": tasks.urge(g.uow, instance_id, idempotency_key=sent["request_id"])}


@blueprint.route("/<uuid:instance_id>/future-approvers", methods=["POST"])
@blueprint.arguments(FutureIn)
@blueprint.response(204)
def set_future(sent: dict[str, Any], instance_id: UUID) -> None:
    """Say who is asked at a task that has not been reached."""
    tasks.set_future(
        g.uow, instance_id, sent["node"], sent["people"], adds=sent["adds"], idempotency_key=sent["request_id"]
    )


@blueprint.route("/<uuid:instance_id>/copy-to", methods=["POST"])
@blueprint.arguments(CopyIn)
@blueprint.response(204)
def copy_to(sent: dict[str, Any], instance_id: UUID) -> None:
    """Let people read along; each gets one copy."""
    tasks.copy_to(
        g.uow, instance_id, sent["people"], sent["reason"], again=sent["again"], idempotency_key=sent["request_id"]
    )
