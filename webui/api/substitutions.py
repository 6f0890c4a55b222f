"""代理: who acts for whom, for a time."""

from typing import Any
from uuid import UUID

from flask import g

from engine import identity
from webui.api.blueprint import Blueprint
from webui.api.schemas import JudgeIn, SubstitutionIn, SubstitutionOut, SubstitutionTermsIn

blueprint = Blueprint(
    "api_substitutions", __name__, url_prefix="/api/v1/substitutions", description="Who acts for whom"
)  # fmt: skip


@blueprint.route("/", methods=["GET"])
@blueprint.response(200, SubstitutionOut(many=True))
def index() -> Any:
    """Those that the reader gave or received, present and future."""
    return identity.substitutions(g.uow, g.reader.id)


@blueprint.route("/to-judge", methods=["GET"])
@blueprint.response(200, SubstitutionOut(many=True))
def to_judge() -> Any:
    """Those that begin when the reader, as the manager, says yes."""
    return identity.substitutions_to_judge(g.uow)


@blueprint.route("/", methods=["POST"])
@blueprint.arguments(SubstitutionIn)
@blueprint.response(201, SubstitutionOut)
def make(sent: dict[str, Any]) -> Any:
    """Somebody acts for the reader; for long or large ones when the reader's manager has agreed."""
    return identity.substitute(
        g.uow, g.reader.id, sent["substitute"], sent["valid_from"], sent["valid_to"], sent["reason"],
        scope=sent["scope"], names=sent["names"], max_amount=sent["max_amount"], include_open=sent["include_open"],
        confirm=sent["confirm"], unconfirmed=sent["unconfirmed"], keep_copy=sent["keep_copy"],
    )  # fmt: skip


@blueprint.route("/<uuid:substitution>", methods=["PUT"])
@blueprint.arguments(SubstitutionTermsIn)
@blueprint.response(200, SubstitutionOut)
def put(sent: dict[str, Any], substitution: UUID) -> Any:
    """Another end, scope and amount of one that runs or is going to; what needs the manager's word is refused."""
    return identity.change_substitution(
        g.uow, substitution, sent["valid_to"], scope=sent["scope"], names=sent["names"], max_amount=sent["max_amount"]
    )


@blueprint.route("/<uuid:substitution>/<any(end, approve, refuse):act>", methods=["POST"])
@blueprint.arguments(JudgeIn)
@blueprint.response(204)
def change(sent: dict[str, Any], substitution: UUID, act: str) -> None:
    """End one's own, or judge one of somebody whose manager the reader is; a no says why."""
    if act == "end":
        identity.end_substitution(g.uow, substitution)
    else:
        identity.approve_substitution(g.uow, substitution, approved=act == "approve", reason=sent["reason"])
