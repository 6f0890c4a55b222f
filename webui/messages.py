"""Notices for the reader, newest first."""

from typing import Any

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Table, func, select, update

from engine.db.base import metadata
from webui.rendering import page

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


def _notices() -> Table | None:
    """Of the module `notification`, if it is there: modules are found at start, never imported."""
    return metadata.tables.get("notification_notice")
