"""What is said beside a request: comments, whom they name, private threads."""

from typing import Any
from uuid import UUID

from flask import g

from engine import tasks
from webui.api.blueprint import Blueprint
from webui.api.schemas import (
    AdmitIn,
    AdmitOut,
    AnswerIn,
    CommentIn,
    CommentOut,
    CommentsQuery,
    ConsultationOut,
    ConsultIn,
    MadeOut,
)

blueprint = Blueprint("api_comments", __name__, url_prefix="/api/v1/instances", description="Comments and threads")


@blueprint.route("/<uuid:instance_id>/comments", methods=["GET"])
@blueprint.arguments(CommentsQuery, location="query")
@blueprint.response(200, CommentOut(many=True))
def comments(query: dict[str, Any], instance_id: UUID) -> Any:
    """The last ones in order of writing."""
    return tasks.comments(g.uow, instance_id, **query)


@blueprint.route("/<uuid:instance_id>/comments", methods=["POST"])
@blueprint.arguments(CommentIn)
@blueprint.response(201, MadeOut)
def comment(sent: dict[str, Any], instance_id: UUID) -> Any:
    """Whoever is mentioned is told; whoever may not read the request, when somebody who may has let him."""
    made = tasks.comment(
        g.uow, instance_id, sent["text"], sent["mentions"], idempotency_key=sent["request_id"]
    )  # fmt: skip
    return {"id": made}


@blueprint.route("/<uuid:instance_id>/comments/<uuid:comment_id>/admit", methods=["POST"])
@blueprint.arguments(AdmitIn)
@blueprint.response(200, AdmitOut)
def admit(sent: dict[str, Any], instance_id: UUID, comment_id: UUID) -> Any:
    """Let somebody who is mentioned read the request."""
    return {"admitted": tasks.admit(g.uow, instance_id, comment_id, sent["person"])}


@blueprint.route("/<uuid:instance_id>/consultations", methods=["GET"])
@blueprint.response(200, ConsultationOut(many=True))
def consultations(instance_id: UUID) -> Any:
    """Private threads of the reader; all of them for audit."""
    return tasks.consultations(g.uow, instance_id)


@blueprint.route("/<uuid:instance_id>/consultations", methods=["POST"])
@blueprint.arguments(ConsultIn)
@blueprint.response(201, MadeOut)
def consult(sent: dict[str, Any], instance_id: UUID) -> Any:
    """Ask people something in private."""
    return {
        "id": tasks.consult(g.uow, instance_id, sent["people"], sent["text"], idempotency_key=sent["request_id"])
    }  # fmt: skip


@blueprint.route("/<uuid:instance_id>/consultations/<uuid:thread_id>", methods=["POST"])
@blueprint.arguments(AnswerIn)
@blueprint.response(201, MadeOut)
def answer(sent: dict[str, Any], instance_id: UUID, thread_id: UUID) -> Any:
    """A further message."""
    return {"id": tasks.answer(g.uow, instance_id, thread_id, sent["text"], idempotency_key=sent["request_id"])}
