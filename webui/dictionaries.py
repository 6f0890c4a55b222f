"""The data dictionary: lists of words that forms offer."""

from flask import Blueprint, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import dictionaries
from engine.errors import EngineError
from webui.access import guard
from webui.rendering import page
from webui.transaction import shows_again

blueprint = Blueprint("dictionaries", __name__, url_prefix="/dictionaries")
guard(blueprint, "admin")


def _index(error: EngineError | None = None) -> ResponseReturnValue:
    return page("dictionaries/index.html", found=dictionaries.list_(g.uow), error=error, typed=request.form)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """All of them, and a new one."""
    return _index()


@blueprint.post("/")
@shows_again(_index)
def create() -> ResponseReturnValue:
    """A new one, without words."""
    key = request.form.get("key", "").strip()
    dictionaries.create(g.uow, key, request.form.get("name", ""), request.form.get("name_en", ""))
    return redirect(url_for(".one", key=key), 303)


def _one(key: str, error: EngineError | None = None) -> ResponseReturnValue:
    return page(
        "dictionaries/one.html", found=dictionaries.get(g.uow, key), words=dictionaries.words(g.uow, key), error=error,
        typed=request.form,
    )  # fmt: skip


@blueprint.get("/<key>")
def one(key: str) -> ResponseReturnValue:
    """Its words."""
    return _one(key)


@blueprint.post("/<key>")
@shows_again(lambda error, key: _one(key, error))
def put(key: str) -> ResponseReturnValue:
    """Another word, or another name for one."""
    form = request.form
    dictionaries.put(g.uow, key, form.get("value", ""), form.get("name", ""), form.get("name_en", ""))
    flash(gettext("Saved."), "success")
    return redirect(url_for(".one", key=key), 303)


@blueprint.post("/<key>/retire")
@shows_again(lambda error, key: _one(key, error))
def retire(key: str) -> ResponseReturnValue:
    """Offer a word no more, or again."""
    dictionaries.retire(g.uow, key, request.form.get("value", ""), request.form.get("retired") == "1")
    return redirect(url_for(".one", key=key), 303)
