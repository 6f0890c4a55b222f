"""What the reader was told, what he wants to be told, and the robots of chat groups."""

from uuid import UUID

from flask import Blueprint, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import identity, notices
from engine.errors import N_, EngineError, InvalidValue
from engine.notices import inside, robots
from engine.notices.events import Event
from webui.access import needs
from webui.rendering import page
from webui.transaction import shows_again

blueprint = Blueprint("messages", __name__, url_prefix="/messages")

_PAGE = 30


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """A page of notices; unread ones are marked."""
    found = list(inside.list_(g.uow, g.reader.id, after=_after(), limit=_PAGE + 1))
    unread = inside.count_unread(g.uow, g.reader.id)
    following = url_for(".index", after=found[_PAGE - 1].id) if len(found) > _PAGE else ""
    return page("messages/index.html", found=found[:_PAGE], unread=unread, next=following)


def _after() -> UUID | None:
    text = request.args.get("after", "")
    try:
        return UUID(text) if text else None
    except ValueError:
        raise InvalidValue(expected=N_("the address of a page, as the page before gave it"), found=text) from None


@blueprint.post("/read")
def read() -> ResponseReturnValue:
    """Mark everything as read."""
    inside.read(g.uow, g.reader.id)
    return redirect(url_for(".index"), 303)


@blueprint.post("/<uuid:notice_id>/open")
def open_(notice_id: UUID) -> ResponseReturnValue:
    """Mark one as read and go where it leads."""
    row = inside.get(g.uow, g.reader.id, notice_id)
    inside.read(g.uow, g.reader.id, notice_id)
    if row.link:
        return redirect(row.link, 303)
    if row.instance_id is not None:
        return redirect(url_for("requests.instance", instance_id=row.instance_id), 303)
    return redirect(url_for(".index"), 303)


@blueprint.get("/settings")
def settings() -> ResponseReturnValue:
    """Which events reach the reader where, and when not."""
    return _settings()


def _settings(error: EngineError | None = None) -> ResponseReturnValue:
    quiet = notices.quiet_hours(g.uow, g.reader.id) or ("", "")
    return page(
        "messages/settings.html", events=_offered(), channels=notices.PERSONAL_CHANNELS,
        chosen=notices.chosen(g.uow, g.reader.id), quiet=quiet,
        digest=notices.digest(g.uow, g.reader.id), error=error, mail=bool(g.uow.settings.smtp_url),
        address=identity.user(g.uow, g.reader.id).email,
    )  # fmt: skip


def _offered() -> list[Event]:
    """What the reader can be told of."""
    known = {event for event, _ in notices.chosen(g.uow, g.reader.id)}
    return [event for event in notices.EVENTS.values() if event.key in known]


@blueprint.post("/settings")
@shows_again(_settings)
def choose() -> ResponseReturnValue:
    """Keep what was ticked."""
    ticked = set(request.form.getlist("wanted"))
    wanted = {
        (event.key, channel): f"{event.key} {channel}" in ticked or channel in event.always
        for event in _offered()
        for channel in notices.PERSONAL_CHANNELS
    }
    notices.choose(g.uow, g.reader.id, wanted)
    start, end = request.form.get("quiet_from", ""), request.form.get("quiet_to", "")
    notices.set_quiet_hours(g.uow, g.reader.id, start, end)
    notices.set_digest(g.uow, g.reader.id, request.form.get("every", ""), request.form.get("digest_at", ""))
    flash(gettext("Saved."), "success")
    return redirect(url_for(".settings"), 303)


@blueprint.get("/robots")
@needs("admin")
def robot_list() -> ResponseReturnValue:
    """Robots of chat groups; neither their address nor their secret is shown."""
    return _robots()


def _robots(error: EngineError | None = None) -> ResponseReturnValue:
    return page(
        "messages/robots.html", found=robots.list_(g.uow), kinds=robots.KINDS,
        events=[event for event in notices.EVENTS.values() if not event.private],
        groups=identity.groups(g.uow), error=error, names=notices.EVENTS,
    )  # fmt: skip


@blueprint.post("/robots")
@needs("admin")
@shows_again(_robots)
def add_robot() -> ResponseReturnValue:
    """A new one; its address and secret are sealed."""
    form = request.form
    robots.add(
        g.uow, form.get("kind", ""), form.get("name", ""), form.get("url", ""), secret=form.get("secret", ""),
        events=form.getlist("events"), group=form.get("group") or None,
    )  # fmt: skip
    flash(gettext("Saved."), "success")
    return redirect(url_for(".robot_list"), 303)


@blueprint.post("/robots/<uuid:robot_id>/remove")
@needs("admin")
def remove_robot(robot_id: UUID) -> ResponseReturnValue:
    """It posts nothing more."""
    robots.remove(g.uow, robot_id)
    flash(gettext("Removed."), "success")
    return redirect(url_for(".robot_list"), 303)


@blueprint.get("/badge")
def badge() -> ResponseReturnValue:
    """The number at the menu; asked again every 30 seconds."""
    return page("messages/badge.html")
