"""A site on the engine of the test, and people who are signed in to it."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engine import identity, repository
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from engine.unit_of_work import ENGINE
from tests.lending import begun_once
from tests.webui.drawings import APPROVAL_FORM, CLAIM, CLAIM_FORM
from webui import create_app

PASSWORD = "correct horse battery"
PEOPLE = {
    "ann": ("staff",), "bob": ("staff", "managers"), "carl": ("staff", "managers"), "olga": ("staff", "operators"),
    "root": ("staff", "admins"), "dora": ("staff",),
}  # fmt: skip
CAPABILITIES = {"staff": "", "managers": "", "operators": "cockpit", "admins": "admin"}


class Visitor(FlaskClient):
    """A browser without scripts: carries the CSRF token of the last page into what it posts."""

    token = ""

    def open(self, *args, **kwargs) -> TestResponse:
        if kwargs.get("method") == "POST" and "json" not in kwargs:
            kwargs["data"] = {"csrf_token": self.token, **(kwargs.get("data") or {})}
        elif "json" in kwargs:
            kwargs["headers"] = {"X-CSRFToken": self.token, **kwargs.get("headers", {})}
        response = super().open(*args, **{"buffered": True, **kwargs})  # read to the end, as a browser does
        found = (
            re.search(r'name="csrf-token" content="([^"]+)"', response.text)
            if response.mimetype == "text/html"
            else None
        )
        if found:
            self.token = found[1]
        return response


@begun_once
def settle(engine: ProcessEngine) -> dict[str, identity.User]:
    """Four groups and six people; the password of ann and bob is PASSWORD."""
    with engine.unit_of_work(ENGINE) as uow:
        for key, capabilities in CAPABILITIES.items():
            identity.create_group(uow, key, key.title(), capabilities=capabilities)
        identity.create_group(uow, "process_admins", "Process administrators")
        made = {}
        for login, groups in PEOPLE.items():
            made[login] = identity.create_user(
                uow, login, login.title(), password=PASSWORD if login in ("ann", "bob") else None
            )
            for group in groups:
                identity.add_member(uow, group, made[login].id)
        identity.add_member(uow, "process_admins", "root")
    return made


@pytest.fixture
def people(engine: ProcessEngine) -> dict[str, identity.User]:
    """Those of `settle`."""
    return settle(engine)


@pytest.fixture
def app(engine: ProcessEngine, people) -> Flask:
    """The site with process `claim` deployed."""
    return site(engine)


def site(engine: ProcessEngine) -> Flask:
    """The site of `engine` with process `claim` deployed; its visitors are Visitors."""
    deploy_claim(engine)
    return site_of(engine, locale="en", upload_limit_mb=1)


@begun_once
def deploy_claim(engine: ProcessEngine) -> None:
    """A process with its two forms."""
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(
            uow,
            {"processes/claim.bpmn": CLAIM, "forms/claim.json": CLAIM_FORM, "forms/approval.json": APPROVAL_FORM},
        )


_sites: dict[Settings, tuple[Flask, dict[str, Any]]] = {}


def site_of(engine: ProcessEngine, **changes: Any) -> Flask:
    """The site with these settings on `engine`; made once, since its hundreds of addresses take as long as a test.

    Whoever asks next gets the same one, configured anew, on an engine of his own.
    """
    settings = Settings(database_url=engine.settings.database_url, testing=True, **changes)
    kind = replace(settings, database_url="")
    if kind not in _sites:
        made = create_app(settings, engine)
        made.test_client_class = Visitor
        made.after_request(_sendable)
        _sites[kind] = made, dict(made.config)
    found, config = _sites[kind]
    found.config.clear()
    found.config.update(config, TROIKA=settings)
    found.extensions["troika"] = engine
    return found


def _sendable(response: Response) -> Response:
    """Fails where a server would: it sends headers in Latin letters."""
    for name, value in response.headers:
        f"{name}: {value}".encode("latin-1")
    return response


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Nobody yet."""
    return app.test_client()


@pytest.fixture
def sign_in(app: Flask, people) -> Callable[[str], FlaskClient]:
    """sign_in("ann") -> her browser, in English, with a fresh token; the password check itself is tested once."""

    def enter(login: str) -> FlaskClient:
        visitor = app.test_client()
        with visitor.session_transaction() as session:
            session["_user_id"] = f"{people[login].id}:{people[login].session_epoch}"
            session["_fresh"] = True
        visitor.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
        assert visitor.get("/menu").status_code == 200
        return visitor

    return enter


@pytest.fixture
def analyst(engine: ProcessEngine, app: Flask, people, sign_in) -> Callable[[str, str], FlaskClient]:
    """analyst("ana", "安娜") -> the browser of somebody new who may design, as `sign_in` gives it."""
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "analysts", "流程分析", capabilities="process.design")

    def enter(login: str, name: str) -> FlaskClient:
        with engine.unit_of_work(ENGINE) as uow:
            people[login] = identity.create_user(uow, login, name, password=None)
            identity.add_member(uow, "analysts", login)
        return sign_in(login)

    return enter
