"""The reader's tasks: inbox, one task, the acts."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import current_app, g, jsonify

from engine import forms, identity, tasks
from engine.process_engine import ProcessEngine
from engine.unit_of_work import Actor
from webui import errors
from webui.access import needs
from webui.api.blueprint import Blueprint
from webui.api.schemas import (
    ActIn,
    HandOverIn,
    HandOverOut,
    InboxOut,
    InboxQuery,
    ManyIn,
    ManyOut,
    TaskOut,
    UndoneOut,
)
from webui.transaction import own_transactions

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
    return replace(task, values=forms.readable(task.form, task.values, task.permissions) if task.form else {})


@blueprint.route("/agree-many", methods=["POST"])
@blueprint.arguments(ManyIn)
@blueprint.response(200, ManyOut(many=True))
@own_transactions
def agree_many(sent: dict[str, Any]) -> Any:
    """Agree to each of them for itself; what is refused stays as it was and says why."""
    chosen = [tasks.Chosen(line["id"], line["seen_digest"]) for line in sent["tasks"]]
    engine: ProcessEngine = current_app.extensions["troika"]
    actor = Actor(g.reader.id, source="api")
    results = tasks.agree_many(engine, actor, chosen, sent["opinion"], idempotency_key=sent["request_id"])
    return [
        {
            "id": result.work_item_id, "outcome": result.outcome,
            "code": result.error.code if result.error else None,
            "message": errors.explain(result.error) if result.error else None,
        }
        for result in results
    ]  # fmt: skip


@blueprint.route("/hand-over", methods=["POST"])
@needs("people")
@blueprint.arguments(HandOverIn)
@blueprint.response(200, HandOverOut(many=True))
@own_transactions
def hand_over(sent: dict[str, Any]) -> Any:
    """All open work of somebody who leaves goes to somebody else, as far as nothing stands against it."""
    engine: ProcessEngine = current_app.extensions["troika"]
    actor = Actor(g.reader.id, source="api")
    if sent["preview"]:
        with engine.unit_of_work(actor, read_only=True) as uow:
            lines = tasks.hand_over_preview(uow, sent["leaver"], sent["to"], sent["process"])
    else:
        lines = tasks.hand_over(
            engine, actor, sent["leaver"], sent["to"], sent["reason"], sent["tasks"], besides=sent["besides"]
        )
    return [
        {
            "work_item_id": line.work_item_id, "instance_id": line.instance_id, "number": line.number,
            "title": line.title, "task": line.task, "done": line.done,
            "conflict": errors.explain(line.conflict) if line.conflict else None,
        }
        for line in lines
    ]  # fmt: skip


_ACTS: dict[str, Callable[[UUID, dict[str, Any]], object]] = {
    "claim": lambda item, sent: tasks.claim(g.uow, item, **_once(sent)),
    "unclaim": lambda item, sent: tasks.unclaim(g.uow, item, **_once(sent)),
    "complete": lambda item, sent: tasks.complete(
        g.uow, item, sent["fields_"], sent["opinion"], approvers=sent["approvers"], **_decided(sent)
    ),
    "agree": lambda item, sent: tasks.agree(
        g.uow, item, sent["fields_"], sent["opinion"], approvers=sent["approvers"], **_decided(sent)
    ),
    "reject": lambda item, sent: tasks.reject(g.uow, item, sent["opinion"], sent["fields_"], **_decided(sent)),
    "abstain": lambda item, sent: tasks.abstain(g.uow, item, sent["opinion"], **_decided(sent)),
    "confirm": lambda item, sent: tasks.confirm(g.uow, item, **_once(sent)),
    "refuse": lambda item, sent: tasks.refuse(g.uow, item, sent["opinion"], **_once(sent)),
    "transfer": lambda item, sent: tasks.transfer(
        g.uow, item, identity.user(g.uow, sent["to"]).id, sent["opinion"], **_once(sent)
    ),
    "delegate": lambda item, sent: tasks.delegate(g.uow, item, sent["to"], sent["opinion"], **_once(sent)),
    "hand-back": lambda item, sent: tasks.hand_back(g.uow, item, sent["opinion"], **_once(sent)),
    "add-before": lambda item, sent: tasks.add_before(
        g.uow, item, sent["people"], sent["mode"], sent["opinion"], **_once(sent)
    ),
    "add-after": lambda item, sent: tasks.add_after(
        g.uow, item, sent["people"], sent["mode"], sent["fields_"], sent["opinion"], **_decided(sent)
    ),
    "add-beside": lambda item, sent: tasks.add_beside(g.uow, item, sent["people"], sent["opinion"], **_once(sent)),
    "remove-signer": lambda item, sent: tasks.remove_signer(
        g.uow, item, sent["opinion"], idempotency_key=sent["request_id"]
    ),
    "read": lambda item, sent: tasks.read_copy(g.uow, item),
}


@blueprint.route("/<uuid:item>/<any(" + ", ".join(f"'{name}'" for name in _ACTS) + "):act>", methods=["POST"])
@blueprint.arguments(ActIn)
@blueprint.response(204)
@blueprint.alt_response(200, schema=UndoneOut)
def perform(sent: dict[str, Any], item: UUID, act: str) -> Any:
    """One act; the same `request_id` twice acts once. `opinion` is the reason of a hand-over too.

    204: done. 200 with `incident_id`: a rejection should have gone back, which would not have been right; nothing was
    done, and the incident says what was found.
    """
    done = _ACTS[act](item, sent)
    if isinstance(done, tasks.Acted) and done.incident_id is not None:
        return jsonify(UndoneOut().dump(done))
    return None


def _once(sent: dict[str, Any]) -> dict[str, Any]:
    return {"version": sent["version"], "idempotency_key": sent["request_id"]}


def _decided(sent: dict[str, Any]) -> dict[str, Any]:
    signature = sent["signature"]
    return {
        **_once(sent), "seen_digest": sent["seen_digest"] or "",
        "signature": None if signature is None else tasks.Sent(**signature),
    }  # fmt: skip
