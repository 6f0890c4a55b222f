"""Messages from outside, correlated to whoever waits for them."""

from typing import Any

from flask import g

from engine import messages as message_verbs
from engine.values import normalise
from webui.access import needs
from webui.api.blueprint import Blueprint
from webui.api.schemas import MessageIn, MessageOut

blueprint = Blueprint("api_messages", __name__, url_prefix="/api/v1/messages", description="Messages from outside")


@blueprint.route("/", methods=["POST"])
@needs("messages.send")
@blueprint.arguments(MessageIn)
@blueprint.response(202, MessageOut)
def correlate(sent: dict[str, Any]) -> Any:
    """Deliver to the instance that waits, start what begins with it, or keep it until somebody waits."""
    message_verbs.correlate(
        g.uow, sent["name"], normalise(sent["key"]), normalise(sent["payload"]), message_id=sent["message_id"],
        source="api",
    )  # fmt: skip
    return {"accepted": True}
