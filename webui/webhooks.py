"""Webhooks: receivers with the secrets that sign, what was sent to them, and sending it again."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import webhooks
from engine.errors import N_, EngineError, InvalidValue
from engine.notices import hooks
from webui.access import guard
from webui.rendering import page
from webui.transaction import shows_again

blueprint = Blueprint("webhooks", __name__, url_prefix="/messages/webhooks")
guard(blueprint, "admin")

_PAGE = 30


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Receivers, and the newest events with what came of them."""
    return _index()


def _index(error: EngineError | None = None, shown: tuple[str, str] | None = None, **_: Any) -> ResponseReturnValue:
    """`shown`: name and secret of a receiver, this one time."""
    state, receiver = request.args.get("state") or None, request.args.get("receiver") or None
    found = hooks.deliveries(g.uow, state=state, receiver=receiver, before=_place(), limit=_PAGE + 1)
    following = ""
    if len(found) > _PAGE:
        last = found[_PAGE - 1]
        place = f"{last.at.isoformat()} {last.id}"
        following = url_for(".index", state=state, receiver=receiver, after=place)
    return page(
        "messages/webhooks.html", receivers=webhooks.list_(g.uow), found=found[:_PAGE], next=following, error=error,
        shown=shown, held=hooks.held_back(g.uow), keep=g.uow.settings.webhook_keep_days,
        off_after=g.uow.settings.webhook_off_after_days, states=hooks.SAID, state=state, receiver=receiver,
        typed=request.form, now=g.uow.now, pretty=_pretty,
        allowed=sorted(g.uow.settings.outbound_allow.replace(",", " ").split()),
    )  # fmt: skip


def _pretty(body: str) -> str:
    return json.dumps(json.loads(body), ensure_ascii=False, indent=2)


def _place() -> tuple[datetime, UUID] | None:
    """Where the page before ended."""
    text = request.args.get("after", "")
    if not text:
        return None
    at, _, key = text.rpartition(" ")
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError(at)
        return moment, UUID(key)
    except ValueError:
        raise InvalidValue(expected=N_("the address of a page, as the page before gave it"), found=text) from None


@blueprint.post("/")
@shows_again(_index)
def add() -> ResponseReturnValue:
    """A new receiver; the answer is the only page that shows its secret."""
    name = request.form.get("name", "")
    return _index(shown=(name.strip(), webhooks.add(g.uow, name)))


@blueprint.post("/<uuid:receiver_id>/rotate")
@shows_again(_index)
def rotate(receiver_id: UUID) -> ResponseReturnValue:
    """Another secret; the former one signs too for a day."""
    name = next((one.name for one in webhooks.list_(g.uow) if one.id == receiver_id), "")
    return _index(shown=(name, webhooks.rotate(g.uow, receiver_id)))


@blueprint.post("/<uuid:receiver_id>/remove")
def remove(receiver_id: UUID) -> ResponseReturnValue:
    """Nothing is signed for it any more."""
    webhooks.remove(g.uow, receiver_id)
    flash(gettext("Removed."), "success")
    return redirect(url_for(".index"), 303)


@blueprint.post("/<uuid:receiver_id>/off")
@shows_again(_index)
def switch_off(receiver_id: UUID) -> ResponseReturnValue:
    """What it would be told is held back from now on."""
    webhooks.switch_off(g.uow, receiver_id)
    flash(gettext("Switched off. What it would be told is held back."), "success")
    return redirect(url_for(".index"), 303)


@blueprint.post("/<uuid:receiver_id>/on")
@shows_again(_index)
def switch_on(receiver_id: UUID) -> ResponseReturnValue:
    """It is told again; the button says what becomes of what it has missed."""
    backlog = request.form.get("backlog", "")
    number = hooks.switch_on(g.uow, receiver_id, backlog=backlog)
    if backlog == hooks.SEND:
        flash(gettext("Switched on. Events that are sent now: %(n)s.", n=number), "success")
    else:
        flash(gettext("Switched on. Events that were dropped: %(n)s.", n=number), "success")
    return redirect(url_for(".index"), 303)


@blueprint.post("/deliveries/<uuid:delivery_id>/again")
@shows_again(_index)
def again(delivery_id: UUID) -> ResponseReturnValue:
    """Send the same event once more."""
    hooks.again(g.uow, delivery_id)
    flash(gettext("It is sent again."), "success")
    return redirect(url_for(".index"), 303)
