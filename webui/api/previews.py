"""The way that a request would take: for a start form that is being filled in, and for a request that runs."""

from typing import Any
from uuid import UUID

from flask import g

from engine import repository, runtime, tasks
from engine.errors import NotFound
from webui.api.blueprint import Blueprint
from webui.api.schemas import PreviewIn, RouteOut

blueprint = Blueprint("api_previews", __name__, url_prefix="/api/v1/previews", description="Predicted routes")


@blueprint.route("/", methods=["POST"])
@blueprint.arguments(PreviewIn)
@blueprint.response(200, RouteOut)
def start(sent: dict[str, Any]) -> Any:
    """Of a request with these values, as far as they are known; nothing is written."""
    if all(process.key != sent["key"] for process in repository.startable(g.uow)):
        raise NotFound(kind="process that you may start", key=sent["key"])
    return runtime.preview(
        g.uow, sent["key"], sent["variables"], department=sent["department"],
        approvers={node: people for node, people in sent["approvers"].items() if people},
    )  # fmt: skip


@blueprint.route("/instances/<uuid:instance_id>", methods=["GET"])
@blueprint.response(200, RouteOut)
def running(instance_id: UUID) -> Any:
    """What comes after those who are asked now."""
    if not tasks.may_see(g.uow, instance_id):
        raise NotFound(kind="request", key=str(instance_id))
    return runtime.preview_instance(g.uow, instance_id)
