"""What the reader was told, and what he wants to be told; receivers of events and what was sent to them."""

from typing import Any
from uuid import UUID

from flask import g
from marshmallow import Schema, fields, validate

from engine import notices, webhooks
from engine.notices import hooks, inside
from engine.notices.preferences import DIGESTS
from webui.access import guard
from webui.api.blueprint import Blueprint
from webui.api.schemas import Strict, Text


class After(Strict):
    """A page of a list, newest first."""

    after = fields.UUID(load_default=None, metadata={"description": "id of the last one of the page before"})
    limit = fields.Integer(load_default=20, validate=validate.Range(1, 100))


class NoticesIn(After):
    unread = fields.Boolean(load_default=False)


class NoticeOut(Schema):
    id = fields.UUID()
    title = fields.String()
    text = fields.String()
    link = fields.String()
    created_at = fields.AwareDateTime()
    read_at = fields.AwareDateTime(allow_none=True)


class NoticesOut(Schema):
    unread = fields.Integer()
    notices = fields.List(fields.Nested(NoticeOut))


class PreferenceSchema(Strict):
    event = Text(required=True)
    channel = Text(required=True)
    wanted = fields.Boolean(required=True)


class PreferencesSchema(Strict):
    """All of them together: what is not listed goes back to its default."""

    events = fields.List(fields.Nested(PreferenceSchema), required=True)
    digest = Text(load_default="", validate=validate.OneOf(DIGESTS))
    digest_at = Text(load_default="")
    quiet_from = Text(load_default="")
    quiet_to = Text(load_default="")


class ReceiverIn(Strict):
    name = Text(required=True)


class SecretOut(Schema):
    """The only answer that holds the secret."""

    name = fields.String()
    secret = fields.String()


class ReceiverOut(Schema):
    id = fields.UUID()
    name = fields.String()
    created_at = fields.AwareDateTime()
    rotated_at = fields.AwareDateTime(allow_none=True)
    former_until = fields.AwareDateTime(allow_none=True)
    failing_since = fields.AwareDateTime(allow_none=True)
    failures = fields.Integer()
    off_at = fields.AwareDateTime(allow_none=True)
    off_reason = fields.String()


class SwitchOnIn(Strict):
    backlog = Text(required=True, validate=validate.OneOf(hooks.BACKLOGS))


class SwitchedOnOut(Schema):
    """How many events are sent or dropped."""

    events = fields.Integer()


class DeliveriesIn(After):
    state = Text(load_default=None, validate=validate.OneOf(hooks.STATES))
    receiver = Text(load_default=None)
    instance = fields.UUID(load_default=None)


class DeliveryOut(Schema):
    id = fields.UUID()
    event_id = fields.UUID()
    instance_id = fields.UUID()
    receiver = fields.String()
    url = fields.String()
    type = fields.String()
    node = fields.String(allow_none=True)
    body = fields.String()
    state = fields.String()
    attempts = fields.Integer()
    status_code = fields.Integer(allow_none=True)
    answer = fields.String()
    at = fields.AwareDateTime()
    sent_at = fields.AwareDateTime(allow_none=True)
    next_at = fields.AwareDateTime(allow_none=True)


blueprint = Blueprint("api_notices", __name__, url_prefix="/api/v1/notices", description="What the reader was told")
receivers = Blueprint(
    "api_webhooks", __name__, url_prefix="/api/v1/webhook-receivers", description="Other systems that are told"
)
guard(receivers, "admin")


@blueprint.route("/", methods=["GET"])
@blueprint.arguments(NoticesIn, location="query")
@blueprint.response(200, NoticesOut)
def index(asked: dict[str, Any]) -> Any:
    """Newest first, with how many are unread."""
    return {"unread": inside.count_unread(g.uow, g.reader.id), "notices": inside.list_(g.uow, g.reader.id, **asked)}


@blueprint.route("/read", methods=["POST"])
@blueprint.response(204)
def read_all() -> None:
    """Mark all as read."""
    inside.read(g.uow, g.reader.id)


@blueprint.route("/<uuid:notice_id>/read", methods=["POST"])
@blueprint.response(204)
def read(notice_id: UUID) -> None:
    """Mark one as read."""
    inside.read(g.uow, g.reader.id, notice_id)


@blueprint.route("/preferences", methods=["GET"])
@blueprint.response(200, PreferencesSchema)
def preferences() -> Any:
    """Where the reader is told of what; mails together or each at once; when no mail comes."""
    return _preferences()


@blueprint.route("/preferences", methods=["PUT"])
@blueprint.arguments(PreferencesSchema)
@blueprint.response(200, PreferencesSchema)
def prefer(sent: dict[str, Any]) -> Any:
    """Keep these. The result of one's own request cannot be switched off."""
    reader = g.reader.id
    notices.choose(g.uow, reader, {(one["event"], one["channel"]): one["wanted"] for one in sent["events"]})
    notices.set_digest(g.uow, reader, sent["digest"], sent["digest_at"])
    notices.set_quiet_hours(g.uow, reader, sent["quiet_from"], sent["quiet_to"])
    return _preferences()


def _preferences() -> dict[str, Any]:
    reader = g.reader.id
    every, at_time = notices.digest(g.uow, reader)
    quiet_from, quiet_to = notices.quiet_hours(g.uow, reader) or ("", "")
    chosen = notices.chosen(g.uow, reader).items()
    return {
        "events": [{"event": event, "channel": channel, "wanted": wanted} for (event, channel), wanted in chosen],
        "digest": every, "digest_at": at_time, "quiet_from": quiet_from, "quiet_to": quiet_to,
    }  # fmt: skip


@receivers.route("/", methods=["GET"])
@receivers.response(200, ReceiverOut(many=True))
def listed() -> Any:
    """By name; no secret."""
    return webhooks.list_(g.uow)


@receivers.route("/", methods=["POST"])
@receivers.arguments(ReceiverIn)
@receivers.response(201, SecretOut)
def add(sent: dict[str, Any]) -> Any:
    """A new receiver with its secret."""
    return {"name": sent["name"].strip(), "secret": webhooks.add(g.uow, sent["name"])}


@receivers.route("/<uuid:receiver_id>/rotate", methods=["POST"])
@receivers.response(200, SecretOut)
def rotate(receiver_id: UUID) -> Any:
    """Another secret; the former one signs too for a day."""
    secret = webhooks.rotate(g.uow, receiver_id)
    return {"name": next(one.name for one in webhooks.list_(g.uow) if one.id == receiver_id), "secret": secret}


@receivers.route("/<uuid:receiver_id>", methods=["DELETE"])
@receivers.response(204)
def remove(receiver_id: UUID) -> None:
    """Nothing is signed for it any more."""
    webhooks.remove(g.uow, receiver_id)


@receivers.route("/<uuid:receiver_id>/off", methods=["POST"])
@receivers.response(204)
def switch_off(receiver_id: UUID) -> None:
    """What it would be told is held back from now on."""
    webhooks.switch_off(g.uow, receiver_id)


@receivers.route("/<uuid:receiver_id>/on", methods=["POST"])
@receivers.arguments(SwitchOnIn)
@receivers.response(200, SwitchedOnOut)
def switch_on(sent: dict[str, Any], receiver_id: UUID) -> Any:
    """It is told again; what it has missed is sent, or dropped and listed as such."""
    return {"events": hooks.switch_on(g.uow, receiver_id, backlog=sent["backlog"])}


@receivers.route("/deliveries", methods=["GET"])
@receivers.arguments(DeliveriesIn, location="query")
@receivers.response(200, DeliveryOut(many=True))
def deliveries(asked: dict[str, Any]) -> Any:
    """What was or is to be sent, newest first."""
    before = None if asked["after"] is None else hooks.delivery(g.uow, asked["after"])
    return hooks.deliveries(
        g.uow, state=asked["state"], receiver=asked["receiver"], instance_id=asked["instance"], before=before,
        limit=asked["limit"],
    )  # fmt: skip


@receivers.route("/deliveries/<uuid:delivery_id>/again", methods=["POST"])
@receivers.response(202)
def again(delivery_id: UUID) -> None:
    """Send the same event once more."""
    hooks.again(g.uow, delivery_id)
