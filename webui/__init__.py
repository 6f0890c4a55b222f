"""The site: pages, API and command line on top of the engine. `create_app` is the whole wiring."""

from flask import Flask, Response, request

from engine.process_engine import ProcessEngine
from engine.settings import Settings
from webui import (
    api,
    errors,
    languages,
    leaving,
    manifest,
    origin,
    people,
    policies,
    reader,
    records,
    rendering,
    signatures,
    transaction,
)  # fmt: skip

from webui import (  # isort: skip
    about, auditing, cockpit, designer, dictionaries, health, inbox, login, messages, picking, requests, substitutions,
    verifying, webhooks, workbench, workdays,
)  # fmt: skip
from webui.cockpit import modify as _modify_pages  # noqa: F401
from webui.cockpit import versions as _version_pages  # noqa: F401
from webui.inbox import ahead as _further_pages  # noqa: F401
from webui.inbox import handing_over as _hand_over_pages  # noqa: F401
from webui.inbox import index as _list_pages  # noqa: F401
from webui.inbox import many as _many_pages  # noqa: F401
from webui.inbox import returning as _return_pages  # noqa: F401
from webui.inbox import signers as _signer_pages  # noqa: F401
from webui.inbox import task as _task_pages  # noqa: F401
from webui.policies import logs as _log_pages  # noqa: F401
from webui.policies import register as _register_pages  # noqa: F401
from webui.printing import paper
from webui.requests import acts as _act_pages  # noqa: F401
from webui.requests import ahead as _ahead_pages  # noqa: F401
from webui.requests import drafts as _draft_pages  # noqa: F401
from webui.requests import instance as _instance_pages  # noqa: F401
from webui.requests import printing as _print_pages  # noqa: F401

CSP = "; ".join(
    (
        "default-src 'self'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data: blob:",
        "font-src 'self' data:", "connect-src 'self'", "worker-src 'self'", "object-src 'none'", "base-uri 'self'",
        "form-action 'self'", "frame-ancestors 'self'",
    )
)  # fmt: skip

KEPT = ("designer.rule",)
"""views with parts that a browser may keep as long as it asks each time: they hold nothing of anybody"""


def create_app(settings: Settings, engine: ProcessEngine | None = None) -> Flask:
    """The WSGI application on `engine`, or on one opened as `settings` say. Runs no jobs."""
    app = Flask(__name__, static_folder=None)
    production = settings.mode == "production"
    app.config.update(
        TROIKA=settings, SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=settings.upload_limit + 100_000,  # what goes with a file
        MAX_FORM_MEMORY_SIZE=settings.upload_limit,  # a table goes with a file of data as a field
        SESSION_COOKIE_NAME="troika", SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=production, WTF_CSRF_TIME_LIMIT=12 * 3600, WTF_CSRF_SSL_STRICT=production,
        TEMPLATES_AUTO_RELOAD=settings.testing,
    )  # fmt: skip
    languages.install(app, settings)
    manifest.register(app)
    origin.install(app)
    reader.manager.init_app(app)
    rendering.install(app)
    for page in (login, workbench, inbox, requests, substitutions, cockpit, records, people, leaving, messages,
                 webhooks, verifying, health, workdays, signatures, auditing, picking, dictionaries,
                 policies, about):  # fmt: skip
        app.register_blueprint(page.blueprint)
    app.register_blueprint(designer.designer)
    api.install(app)
    errors.install(app)
    app.after_request(_headers)
    if settings.print_font:
        paper.check_font(settings.print_font)
    transaction.install(app, engine or ProcessEngine(settings))
    return app


def _headers(response: Response) -> Response:
    """What every answer carries; built files are cached for ever, pages never."""
    response.headers.setdefault("Content-Security-Policy", CSP)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if request.endpoint != "build" or response.status_code >= 400:
        if request.endpoint not in KEPT or "ETag" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        response.vary.add("HX-Request")
        response.vary.add("Cookie")
    return response
