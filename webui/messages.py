"""What the reader was told, what he wants to be told, and the robots of chat groups."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Table, func, select, update

from engine import identity, notices
from engine.db.base import metadata
from engine.errors import EngineError, NotFound
from engine.notices import robots
from webui.access import needs
from webui.rendering import page
from webui.transaction import shows_again

blueprint = Blueprint("messages", __name__, url_prefix="/messages")

_PAGE = 30
_FURTHEST = 1_000_000


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """A page of notices; unread ones are marked."""
    notice = _notices()
    if notice is None:
        return page("messages/index.html", found=[], unread=0, next="")
    skipped = min(max(request.args.get("after", 0, type=int), 0), _FURTHEST)
    mine = select(notice).where(notice.c.user_id == g.reader.id).order_by(notice.c.created_at.desc(), notice.c.id)
    found: list[Any] = list(g.uow.execute(mine.offset(skipped).limit(_PAGE + 1)).all())
    unread = g.uow.execute(select(func.count()).where(notice.c.user_id == g.reader.id, notice.c.read_at.is_(None)))
    following = url_for(".index", after=skipped + _PAGE) if len(found) > _PAGE else ""
    return page("messages/index.html", found=found[:_PAGE], unread=unread.scalar_one(), next=following)


@blueprint.post("/read")
def read() -> ResponseReturnValue:
    """Mark everything as read."""
    notice = _notices()
    if notice is not None:
        unread = update(notice).where(notice.c.user_id == g.reader.id, notice.c.read_at.is_(None))
        g.uow.execute(unread.values(read_at=g.uow.now))
    return redirect(url_for(".index"), 303)


@blueprint.post("/<uuid:notice_id>/open")
def open_(notice_id: UUID) -> ResponseReturnValue:
    """Mark one as read and go where it leads."""
    notice = _notices()
    mine = None
    if notice is not None:
        mine = (notice.c.id == notice_id) & (notice.c.user_id == g.reader.id)
        row = g.uow.execute(select(notice.c.link, notice.c.instance_id).where(mine)).one_or_none()
    if notice is None or mine is None or row is None:
        raise NotFound(kind="notice", key=str(notice_id))
    g.uow.execute(update(notice).where(mine, notice.c.read_at.is_(None)).values(read_at=g.uow.now))
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
        "messages/settings.html", events=notices.EVENTS.values(), channels=notices.PERSONAL_CHANNELS,
        chosen=notices.chosen(g.uow, g.reader.id), quiet=quiet, error=error, mail=bool(g.uow.settings.smtp_url),
        address=identity.user(g.uow, g.reader.id).email,
    )  # fmt: skip


@blueprint.post("/settings")
@shows_again(_settings)
def choose() -> ResponseReturnValue:
    """Keep what was ticked."""
    ticked = set(request.form.getlist("wanted"))
    wanted = {
        (event.key, channel): f"{event.key} {channel}" in ticked or channel in event.always
        for event in notices.EVENTS.values()
        for channel in notices.PERSONAL_CHANNELS
    }
    notices.choose(g.uow, g.reader.id, wanted)
    start, end = request.form.get("quiet_from", ""), request.form.get("quiet_to", "")
    notices.set_quiet_hours(g.uow, g.reader.id, start, end)
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


def _notices() -> Table | None:
    """Of the module `notification`, if it is there: modules are found at start, never imported."""
    return metadata.tables.get("notification_notice")
