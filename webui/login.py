"""Signing in and out, the language and the colours of the pages."""

import re

from flask import Blueprint, current_app, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user, login_user, logout_user

from engine import identity
from engine.errors import EngineError
from engine.process_engine import ProcessEngine
from engine.unit_of_work import Actor
from webui import demo, errors, languages
from webui.access import public
from webui.reader import Reader
from webui.rendering import THEME_COOKIE, THEMES, page
from webui.transaction import own_transactions

blueprint = Blueprint("login", __name__)

# a browser leaves out tabs and line ends, and takes \ for /: no such character may follow or stand within
_HERE = re.compile(r"/(?![/\\])[^\s\\\x00-\x1f\x7f]*")


@blueprint.get("/login")
@public
def form() -> ResponseReturnValue:
    """Name and password; demo accounts as buttons where demo data is loaded."""
    if current_user.is_authenticated:
        return redirect(_home_or(request.args.get("next")), 303)
    return _form()


@blueprint.post("/login")
@public
@own_transactions
def sign_in() -> ResponseReturnValue:
    """Check name and password in a transaction that also counts the failures."""
    engine: ProcessEngine = current_app.extensions["troika"]
    name, password = request.form.get("login", ""), request.form.get("password", "")
    try:
        checked = identity.check_password(engine, name, password)
        with engine.unit_of_work(Actor(None)) as uow:
            user = identity.authenticate(uow, name, password, checked)
            reader = Reader.of(uow, user) if user else None
    except EngineError as error:
        refusal, status = errors.explain(error), error.status
    else:
        if reader is not None:
            session.clear()  # nothing that was there before, the token least of all, goes on
            login_user(reader)
            return redirect(_home_or(request.form.get("next")), 303)
        refusal, status = gettext("Name or password is not right."), 401
    with engine.unit_of_work(Actor(None), read_only=True) as g.uow:
        response = _form(refusal, status)
    g.pop("uow")
    return response


@blueprint.post("/logout")
@public
def sign_out() -> ResponseReturnValue:
    """End this session."""
    logout_user()
    session.clear()
    flash(gettext("You have signed out."), "success")
    return redirect(url_for("login.form"), 303)


@blueprint.post("/language")
@public
def language() -> ResponseReturnValue:
    """Choose the language of the pages: kept on the account, and in a cookie for the login page."""
    wanted = request.form.get("language", "")
    response = redirect(_home_or(request.form.get("next")), 303)
    if wanted in languages.LANGUAGES:
        if current_user.is_authenticated:
            identity.change_user(g.uow, current_user.id, locale=wanted)
        response.set_cookie(languages.COOKIE, wanted, max_age=31_536_000, samesite="Lax", httponly=True,
                            secure=current_app.config["SESSION_COOKIE_SECURE"])  # fmt: skip
    return response


@blueprint.post("/theme")
@public
def theme() -> ResponseReturnValue:
    """Choose light or dark pages: kept in this browser, since it depends on the screen and the room."""
    wanted = request.form.get("theme", "")
    response = redirect(_home_or(request.form.get("next")), 303)
    if wanted in THEMES:
        response.set_cookie(THEME_COOKIE, wanted, max_age=31_536_000, samesite="Lax", httponly=True,
                            secure=current_app.config["SESSION_COOKIE_SECURE"])  # fmt: skip
    return response


def _form(refusal: str = "", status: int = 200) -> ResponseReturnValue:
    return page(
        "login/form.html", status, block="content", refusal=refusal, login=request.form.get("login", ""),
        next=request.values.get("next", ""), accounts=demo.accounts(g.uow),
    )  # fmt: skip


def _home_or(wanted: str | None) -> str:
    """`wanted` if it is a page of this site, else home: nobody is led elsewhere by a link."""
    if wanted and _HERE.fullmatch(wanted):
        return wanted
    return url_for("workbench.home")
