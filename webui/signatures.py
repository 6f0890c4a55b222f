"""The reader's own signature, kept for the next time, and the pictures of those on decisions that he may see."""

from uuid import UUID

from flask import Blueprint, Response, flash, g, make_response, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import tasks
from engine.errors import EngineError, NotFound
from engine.tasks import signatures
from webui import signing
from webui.rendering import page
from webui.transaction import shows_again

blueprint = Blueprint("signatures", __name__, url_prefix="/signature")


def _page(error: EngineError | None = None) -> ResponseReturnValue:
    return page("signatures/mine.html", error=error)


@blueprint.get("/")
def mine() -> ResponseReturnValue:
    """What it looks like, and a sheet to draw it anew."""
    return _page()


@blueprint.post("/")
@shows_again(_page)
def keep() -> ResponseReturnValue:
    """The lines that were drawn become the reader's stored signature."""
    signatures.store(g.uow, signing.strokes())
    flash(gettext("Saved."), "success")
    return redirect(url_for(".mine"), 303)


@blueprint.post("/forget")
def forget() -> ResponseReturnValue:
    """What was signed with it stays signed."""
    signatures.forget(g.uow)
    flash(gettext("Removed."), "success")
    return redirect(url_for(".mine"), 303)


@blueprint.get("/mine.svg")
def own_picture() -> Response:
    """The stored one."""
    picture = signatures.stored(g.uow)
    if picture is None:
        raise NotFound(kind="signature", key=g.reader.login)
    return _svg(picture)


@blueprint.get("/<uuid:item>.svg")
def picture(item: UUID) -> Response:
    """The signature of one decision, for whoever may see the request."""
    instance_id, signed = signatures.of_item(g.uow, item)
    if not tasks.may_see(g.uow, instance_id):
        raise NotFound(kind="signature", key=str(item))
    return _svg(signed.picture)


def _svg(content: bytes) -> Response:
    response = make_response(content)
    response.content_type = "image/svg+xml"
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response
