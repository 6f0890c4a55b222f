"""Messages from outside, correlated to whoever waits for them."""

from typing import Any

from flask import g

from engine import messages as message_verbs
from engine.values import normalise
from webui.access import needs
from webui.api.blueprint import Blueprint
from webui.api.schemas import ConditionsIn, HeardOut, MessageIn, MessageOut, SignalIn

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


@blueprint.route("/signals", methods=["POST"])
@needs("messages.send")
@blueprint.arguments(SignalIn)
@blueprint.response(202, HeardOut)
def broadcast(sent: dict[str, Any]) -> Any:
    """Tell every instance that waits for this signal now, and start what it starts; it is not kept."""
    return {"heard": message_verbs.broadcast_signal(g.uow, sent["name"], normalise(sent["payload"]))}


@blueprint.route("/conditions", methods=["POST"])
@needs("messages.send")
@blueprint.arguments(ConditionsIn)
@blueprint.response(202, HeardOut)
def evaluate(sent: dict[str, Any]) -> Any:
    """Start each process whose conditional start event is true of these variables."""
    return {"heard": message_verbs.evaluate_conditions(g.uow, normalise(sent["variables"]))}
