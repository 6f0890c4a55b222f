"""The reader's tasks: inbox, one task, the acts."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import g

from engine import forms, identity, repository, tasks
from webui.api.blueprint import Blueprint
from webui.api.schemas import ActIn, InboxOut, InboxQuery, TaskOut

blueprint = Blueprint("api_tasks", __name__, url_prefix="/api/v1/tasks", description="The reader's tasks")


@blueprint.route("/", methods=["GET"])
@blueprint.arguments(InboxQuery, location="query")
@blueprint.response(200, InboxOut)
def inbox(query: dict[str, Any]) -> Any:
    """One box, a page at a time."""
    return tasks.inbox(g.uow, query.pop("box"), **query)


@blueprint.route("/<uuid:item>", methods=["GET"])
@blueprint.response(200, TaskOut)
def one(item: UUID) -> Any:
    """What the reader may see of a task, and the acts that are offered."""
    task = tasks.get(g.uow, item)
    form = repository.form(g.uow, task.form_id, task.definition_id) if task.form_id else None
    return replace(task, values=forms.readable(form, task.values, task.permissions) if form else {})


@blueprint.route("/<uuid:item>/<any(claim, unclaim, complete, agree, reject, transfer):act>", methods=["POST"])
@blueprint.arguments(ActIn)
@blueprint.response(204)
def perform(sent: dict[str, Any], item: UUID, act: str) -> None:
    """One act; the same `request_id` twice acts once."""
    once, version, fields, opinion = sent["request_id"], sent["version"], sent["fields_"], sent["opinion"]
    match act:
        case "claim":
            tasks.claim(g.uow, item)
        case "unclaim":
            tasks.unclaim(g.uow, item)
        case "complete":
            tasks.complete(g.uow, item, fields, opinion, seen_digest=sent["seen_digest"], version=version,
                           idempotency_key=once)  # fmt: skip
        case "agree":
            tasks.agree(g.uow, item, fields, opinion, seen_digest=sent["seen_digest"], version=version,
                        idempotency_key=once)  # fmt: skip
        case "reject":
            tasks.reject(g.uow, item, opinion, fields, seen_digest=sent["seen_digest"], version=version,
                         idempotency_key=once)  # fmt: skip
        case "transfer":
            tasks.transfer(g.uow, item, identity.user(g.uow, sent["to"]).id, opinion, idempotency_key=once)
