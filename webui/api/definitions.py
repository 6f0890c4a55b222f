"""Deployed processes."""

from typing import Any
from uuid import UUID

from flask import Response, g, make_response

from engine import repository
from engine.errors import NotFound
from engine.repository import DefinitionInfo
from webui import access
from webui.api.blueprint import Blueprint
from webui.api.schemas import DefinitionOut

blueprint = Blueprint("api_definitions", __name__, url_prefix="/api/v1/definitions", description="Deployed processes")


@blueprint.route("/", methods=["GET"])
@blueprint.response(200, DefinitionOut(many=True))
def index() -> Any:
    """What the reader may start, in its latest version."""
    return repository.startable(g.uow)


@blueprint.route("/<uuid:definition_id>", methods=["GET"])
@blueprint.response(200, DefinitionOut)
def one(definition_id: UUID) -> Any:
    """One version, for who may start it, draws processes or operates them."""
    return _visible(definition_id)


@blueprint.route("/<uuid:definition_id>/source", methods=["GET"])
def source(definition_id: UUID) -> Response:
    """The drawing, byte for byte, for the same people."""
    _visible(definition_id)
    response = make_response(repository.source(g.uow, definition_id))
    response.content_type = "application/xml"
    response.headers["Content-Disposition"] = "attachment"
    return response


def _visible(definition_id: UUID) -> DefinitionInfo:
    found = repository.definition(g.uow, definition_id)
    if access.may_read("process.design") or access.may("cockpit"):
        return found
    if found.key not in {info.key for info in repository.startable(g.uow)}:
        raise NotFound(kind="definition", key=str(definition_id))
    return found
