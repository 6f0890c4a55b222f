"""Going back and ending over the wire: return, recall; what is done with a whole request; drafts of requests."""

from typing import Any
from uuid import UUID

from flask import g, url_for

from engine import bpmn, modification, tasks
from engine.errors import NotFound
from engine.tasks import drafting
from webui.api.blueprint import Blueprint
from webui.api.schemas import (
    ActsOut,
    DraftIn,
    DraftOut,
    DraftSubmitIn,
    EndedOut,
    JumpIn,
    ReasonIn,
    RecallIn,
    ResubmissionIn,
    ResubmissionOut,
    ReturnedOut,
    ReturnIn,
    TargetOut,
)
from webui.errors import words

of_tasks = Blueprint("api_returns", __name__, url_prefix="/api/v1/tasks", description="Going back from a task")
of_instances = Blueprint("api_ends", __name__, url_prefix="/api/v1/instances", description="Acts on a whole request")
of_drafts = Blueprint("api_drafts", __name__, url_prefix="/api/v1/drafts", description="Requests not yet submitted")


# ---------------------------------------------------------------- tasks


@of_tasks.route("/<uuid:item>/return", methods=["POST"])
@of_tasks.arguments(ReturnIn)
@of_tasks.response(200, ReturnedOut)
def return_(sent: dict[str, Any], item: UUID) -> Any:
    """Send a task back; the same `request_id` twice sends it back once.

    `incident_id`: nothing was done, because the result would not have been right; the incident says what was found.
    """
    return tasks.return_(
        g.uow, item, sent["target"], sent["opinion"], resubmit=sent["resubmit"], recompute=sent["recompute"],
        version=sent["version"], idempotency_key=sent["request_id"],
    )  # fmt: skip


@of_tasks.route("/<uuid:item>/recall", methods=["POST"])
@of_tasks.arguments(RecallIn)
@of_tasks.response(204)
def recall(sent: dict[str, Any], item: UUID) -> None:
    """Take one's own decision back while nobody has built on it; the same `request_id` twice takes it back once."""
    tasks.recall(g.uow, item, sent["reason"], version=sent["version"], idempotency_key=sent["request_id"])


@of_tasks.route("/<uuid:item>/opened", methods=["POST"])
@of_tasks.response(204)
def opened(item: UUID) -> None:
    """The person who is asked has opened the task."""
    tasks.opened(g.uow, item)


@of_tasks.route("/<uuid:item>/return-targets", methods=["GET"])
@of_tasks.response(200, TargetOut(many=True))
def targets(item: UUID) -> Any:
    """Where the task could be sent back to, each with the reasons against it."""
    tasks.get(g.uow, item)  # whoever may not look learns nothing
    return [
        {
            "target": found.word, "name": found.name, "labels": found.labels,
            "refused": [words(reason.message, reason.facts) for reason in found.refused], "undone": list(found.undone),
        }
        for found in tasks.targets(g.uow, item)
    ]  # fmt: skip


@of_tasks.route("/<uuid:item>/resubmission", methods=["POST"])
@of_tasks.arguments(ResubmissionIn)
@of_tasks.response(200, ResubmissionOut)
def resubmission(sent: dict[str, Any], item: UUID) -> Any:
    """Where a task that was sent back would go with these fields; nothing is written."""
    return tasks.resubmission(g.uow, item, sent["fields_"])


# ---------------------------------------------------------------- instances


@of_instances.route("/<uuid:instance_id>/acts", methods=["GET"])
@of_instances.response(200, ActsOut)
def acts(instance_id: UUID) -> Any:
    """What the reader may do with the request as a whole now."""
    if not tasks.may_see(g.uow, instance_id):
        raise NotFound(kind="request", key=str(instance_id))
    return {"acts": list(tasks.acts(g.uow, instance_id))}


@of_instances.route(
    "/<uuid:instance_id>/<any(withdraw, void, cancel, suspend, activate, wake, copy):act>", methods=["POST"]
)
@of_instances.arguments(ReasonIn)
@of_instances.response(200, EndedOut)
def perform(sent: dict[str, Any], instance_id: UUID, act: str) -> Any:
    """One act on the request; `draft_id` is the requester's draft, `confirmed` false waits for a second person."""
    reason = sent["reason"]
    match act:
        case "withdraw":
            return {"draft_id": tasks.withdraw(g.uow, instance_id, reason)}
        case "void":
            tasks.void(g.uow, instance_id, reason)
        case "cancel":
            tasks.cancel(g.uow, instance_id, reason)
        case "suspend":
            tasks.suspend(g.uow, instance_id, reason)
        case "activate":
            tasks.activate(g.uow, instance_id)
        case "wake":
            return {"confirmed": tasks.wake(g.uow, instance_id, reason).confirmed}
        case "copy":
            return {"draft_id": tasks.copy_to_draft(g.uow, instance_id).id}
    return {}


@of_instances.route("/<uuid:instance_id>/jump", methods=["POST"])
@of_instances.arguments(JumpIn)
@of_instances.response(204)
def jump(sent: dict[str, Any], instance_id: UUID) -> None:
    """Tokens moved by hand by who looks after the process; no policy gives way, warnings must be accepted."""
    plan = bpmn.Modification(
        tuple(sent["cancel"]),
        tuple(bpmn.Placing(place["element"], place["where"], place["scope"]) for place in sent["start"]),
    )
    modification.modify(g.uow, instance_id, plan, reason=sent["reason"], accept_warnings=sent["accept_warnings"])


# ---------------------------------------------------------------- drafts


@of_drafts.route("/", methods=["GET"])
@of_drafts.response(200, DraftOut(many=True))
def drafts() -> Any:
    """The reader's drafts, newest first."""
    return drafting.list_(g.uow)


@of_drafts.route("/", methods=["POST"])
@of_drafts.arguments(DraftIn)
@of_drafts.response(201, DraftOut)
def begin(sent: dict[str, Any]) -> Any:
    """Keep what was typed into a start form; nothing is evaluated."""
    return drafting.save(g.uow, sent["key"], sent["fields_"])


@of_drafts.route("/<uuid:draft_id>", methods=["GET"])
@of_drafts.response(200, DraftOut)
def read(draft_id: UUID) -> Any:
    """With the fields that the newest form no longer has."""
    return drafting.open_(g.uow, draft_id)


@of_drafts.route("/<uuid:draft_id>", methods=["PUT"])
@of_drafts.arguments(DraftIn)
@of_drafts.response(200, DraftOut)
def save(sent: dict[str, Any], draft_id: UUID) -> Any:
    """Save again; a second page that has saved it since is refused."""
    return drafting.save(g.uow, sent["key"], sent["fields_"], draft_id=draft_id, version=sent["version"])


@of_drafts.route("/<uuid:draft_id>/submit", methods=["POST"])
@of_drafts.arguments(DraftSubmitIn)
@of_drafts.response(201, EndedOut)
def submit(sent: dict[str, Any], draft_id: UUID) -> Any:
    """Start the request; its draft is gone."""
    started = drafting.submit(
        g.uow, draft_id, sent["fields_"], sent["version"], department=sent["department"], approvers=sent["approvers"]
    )
    where = url_for("api_instances.read", instance_id=started.id)
    return {"instance_id": started.id}, 201, {"Location": where}


@of_drafts.route("/<uuid:draft_id>", methods=["DELETE"])
@of_drafts.arguments(DraftIn)
@of_drafts.response(204)
def discard(sent: dict[str, Any], draft_id: UUID) -> None:
    """Forget it."""
    drafting.discard(g.uow, draft_id, sent["version"])
