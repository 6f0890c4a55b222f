"""Files for the fields of forms."""

from typing import Any
from uuid import UUID

from flask import g

from engine import uploads
from webui import picking
from webui.api.blueprint import Blueprint
from webui.api.schemas import FileIn, FileOut

blueprint = Blueprint("api_files", __name__, url_prefix="/api/v1/files", description="Files for fields of forms")


@blueprint.route("/", methods=["POST"])
@blueprint.arguments(FileIn, location="files")
@blueprint.response(201, FileOut)
def upload(_: dict[str, Any]) -> Any:
    """Hold a file until its sender submits a form that names its id: in a list, as the value of a field for files.

    It is forgotten after 90 days if nobody does. What the field takes is judged when the form is submitted.
    """
    return picking.received()


@blueprint.route("/<uuid:document_id>", methods=["DELETE"])
@blueprint.response(204)
def let_go(document_id: UUID) -> None:
    """Forget a file that its sender will not submit, if it is held: what a draft or a request has by now stays."""
    uploads.let_go(g.uow, document_id)
