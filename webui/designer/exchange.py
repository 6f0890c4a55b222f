"""Whole areas as zip files that lie in `processes/` and `forms/` as they are: for Git, or another installation."""

from flask import Response, g, request
from flask.typing import ResponseReturnValue

from engine import drafts, repository
from engine.errors import N_, EngineError
from engine.repository.areas import NoArchive, Taken
from webui import serving
from webui.designer.blueprint import designer
from webui.rendering import page
from webui.transaction import shows_again


@designer.get("/exchange")
def exchange() -> ResponseReturnValue:
    """Which area to download, or an archive to take in."""
    return _shown()


def _again(error: EngineError) -> ResponseReturnValue:
    return _shown(error)


@designer.get("/exchange/<area>.zip")
def download(area: str) -> Response:
    """One area; `drafts=1`: as it is drawn now, else as it is deployed."""
    packed = repository.areas.pack(g.uow, area, with_drafts=request.args.get("drafts") == "1")
    return serving.file(packed, f"{area}.zip", "application/zip")


@designer.post("/exchange")
@shows_again(_again)
def take_in() -> ResponseReturnValue:
    """Drafts of what differs, step templates in force; a line for every file."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise NoArchive(reason=N_("no file"))
    taken = repository.areas.unpack(g.uow, sent.read(), replace=request.form.get("replace") == "yes")
    return _shown(taken=taken)


def _shown(error: EngineError | None = None, taken: list[Taken] | None = None) -> ResponseReturnValue:
    return page(
        "designer/exchange.html", block="content", areas=repository.areas.areas(g.uow), taken=taken, error=error,
        left=repository.areas.overtaken(g.uow), demanding=drafts.reviewing.demanding(g.uow),
    )  # fmt: skip
