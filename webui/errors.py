"""Errors become a page, an htmx fragment or a JSON problem, in the reader's language; nothing typed is lost."""

import re
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from flask import Flask, Response, current_app, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import format_datetime, gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from engine.errors import (
    N_,
    AlreadyDecided,
    ContentChanged,
    EngineError,
    Listed,
    NoLongerAsked,
    Phrase,
    Stale,
    StaleDraft,
    StaleInstance,
    TaskAlreadyClaimed,
    Term,
    Title,
    Written,
    restored,
)
from engine.feel.diagnostics import KINDS
from webui import languages, navigation, origin, policy_conditions, policy_names, rights
from webui.access import SignInFirst

_TYPED_FACTS = ("expected", "found", "left", "right")
_TRANSLATED_FACTS = (
    "kind", "act", "what", "reason", "decision", "by", "assignee", "missing", "capability", *_TYPED_FACTS,
)  # fmt: skip
_KIND = re.compile("|".join(sorted(KINDS, key=len, reverse=True)))
_TYPED = re.compile(rf"((?:{_KIND.pattern})(?:[<|, ]+(?:{_KIND.pattern}))*>*)( .*)?", re.DOTALL)
_TITLES = {
    400: N_("This cannot be done"),
    401: N_("Please sign in"),
    403: N_("Not permitted"),
    404: N_("Not found"),
    405: N_("This cannot be done"),
    409: N_("This cannot be done now"),
    413: N_("Too large"),
    415: N_("Wrong type of file"),
    422: N_("Please check what you entered"),
    423: N_("Suspended"),
    429: N_("Too many attempts"),
    500: N_("Something went wrong here"),
    503: N_("Not available right now"),
}
_FASTER = N_("Somebody was faster")
_RACES = (StaleInstance, Stale, StaleDraft, TaskAlreadyClaimed, AlreadyDecided, NoLongerAsked, ContentChanged)


class PageExpired(EngineError):
    """The CSRF token is too old or missing."""

    message = N_("This page had been open for too long, so nothing was sent.")
    hint = N_("What you typed is below. Check it and send it again.")
    status = 403


class RequestTooLarge(EngineError):
    """More bytes than TROIKA_UPLOAD_LIMIT_MB."""

    message = N_("Expected at most {limit} MB, but more was sent.")
    hint = N_("Make the file smaller or split it.")
    status = 413


class UnexpectedFailure(EngineError):
    """A fault of ours; the log holds the trace under the reference."""

    message = N_("The page failed unexpectedly. Nothing was changed.")
    hint = N_("Try again. If it happens again, tell the operator the reference {reference}.")
    status = 500


class PageMissing(EngineError):
    """No such address."""

    message = N_("There is no page at {path}.")
    hint = N_("Check the address or start from the home page.")
    status = 404


class TooDeep(EngineError):
    """Brackets in brackets, more than any reader follows."""

    message = N_("What was sent is nested too deeply to be read.")
    status = 422


class NotThisWay(EngineError):
    """Werkzeug refused the request before any view saw it."""

    message = N_("The request was refused: {reason}.")
    status = 400


def install(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(EngineError, answer)
    app.register_error_handler(CSRFError, lambda _: answer(PageExpired()))
    app.register_error_handler(RecursionError, lambda _: answer(TooDeep()))
    app.register_error_handler(HTTPException, _of_werkzeug)
    app.register_error_handler(Exception, _unexpected)


def words(template: str, facts: dict[str, Any]) -> str:
    """`template` in the reader's language, filled with `facts`."""
    return gettext(template).format_map(_Shown(facts)) if template else ""


def say_stored(template: str, facts: dict[str, Any]) -> str:
    """The same for facts as they are kept."""
    return words(template, {name: restored(fact) for name, fact in facts.items()})


def title_of(error: EngineError) -> str:
    """The heading: by the HTTP status, or that somebody else was faster."""
    return gettext(_FASTER if isinstance(error, _RACES) else _TITLES.get(error.status, _TITLES[400]))


def explain(error: EngineError) -> str:
    """Message and hint in the reader's language."""
    return f"{words(error.message, error.facts)} {words(error.hint, error.facts)}".strip()


def answer(error: EngineError) -> Response:
    """The page of `error`, or what the caller asked for instead."""
    if wants_json():
        return problem(error)
    if isinstance(error, SignInFirst):
        wanted = request.full_path.rstrip("?") if request.method == "GET" else None
        return _redirect(url_for("login.form", next=wanted))
    facts = {
        "title": title_of(error), "message": words(error.message, error.facts),
        "hint": words(error.hint, error.facts), "status": error.status, "typed": _typed(),
        "back": request.referrer if request.referrer and origin.ours(request.referrer) else "/",
    }  # fmt: skip
    template = "error_fragment.html" if "HX-Request" in request.headers else "error.html"
    return make_response(render_template(template, **facts), error.status)


def problem(error: EngineError) -> Response:
    """RFC 9457 with a stable `code` and the facts."""
    body = {
        "type": "about:blank", "title": title_of(error), "status": error.status, "code": error.code,
        "detail": explain(error), "facts": {name: _plain(value) for name, value in error.facts.items()},
    }  # fmt: skip
    if hasattr(error, "errors"):
        body["errors"] = _said(error.errors)
    response = make_response(jsonify(body), error.status)
    response.content_type = "application/problem+json"
    return response


def wants_json() -> bool:
    """The API, and our own scripts that say so."""
    return request.path.startswith("/api/") or request.accept_mimetypes.best == "application/json"


def _of_werkzeug(error: HTTPException) -> Response:
    if isinstance(error, RequestEntityTooLarge):
        return answer(RequestTooLarge(limit=current_app.config["TROIKA"].upload_limit_mb))
    if error.code == 404:
        return answer(PageMissing(path=request.path))
    if error.code is not None and error.code < 400:
        return error.get_response()  # type: ignore[return-value]
    refused = NotThisWay(reason=error.description or error.name)
    refused.status = error.code or 500  # type: ignore[misc]
    response = answer(refused)
    if isinstance(error, MethodNotAllowed):
        response.allow.update(error.valid_methods or ())
    return response


def _unexpected(error: Exception) -> Response:
    reference = uuid.uuid4().hex[:8]
    current_app.logger.exception("reference %s: %s %s", reference, request.method, request.path, exc_info=error)
    return answer(UnexpectedFailure(reference=reference))


def _redirect(address: str) -> Response:
    if "HX-Request" in request.headers:
        response = make_response("", 204)
        response.headers["HX-Redirect"] = address
        return response
    return redirect(address, 303)  # type: ignore[return-value]


def _typed() -> list[tuple[str, str]]:
    """What the person had filled in, so that the page can give it back; never secrets."""
    if request.method != "POST":
        return []
    hidden = ("csrf_token", "request_id", "password", "new_password", "version", "seen_digest")
    try:
        return [(name, value) for name, value in request.form.items(multi=True) if name not in hidden and value]
    except RequestEntityTooLarge:  # reading the body is what failed
        return []


class _Shown(dict[str, Any]):
    """Facts as words; an unknown name stays visible as `{name}`."""

    def __getitem__(self, name: str) -> str:
        value = super().__getitem__(name)
        text = _shown(value)
        if not text or name not in _TRANSLATED_FACTS:
            return text
        return gettext(text) if name not in _TYPED_FACTS else _typed_words(text)

    def __missing__(self, name: str) -> str:
        return "{" + name + "}"


def _typed_words(text: str) -> str:
    """`number 5`, `list<string>` and `a name or a number` with their words in the reader's language."""
    whole = gettext(text)
    if whole != text:
        return whole
    match = _TYPED.fullmatch(text)
    if match is not None:
        return _KIND.sub(lambda kind: gettext(kind[0]), match[1]) + (match[2] or "")
    either = gettext("or")
    return f" {either} ".join(gettext(part) for part in text.split(" or "))


def _shown(value: Any) -> str:
    if isinstance(value, Phrase):
        return words(value.template, value.facts)
    if isinstance(value, Listed):
        separator = gettext(", ") if value.separator == ", " else value.separator
        return separator.join(map(_shown, value.parts))
    if isinstance(value, Written):
        return str(current_app.jinja_env.filters["written"](value))
    if isinstance(value, Term):
        return _SAID_OF_TERMS.get(value.kind, policy_names.said)(value)
    if isinstance(value, Title):
        return value.labels.get(languages.language()) or str(value)
    if isinstance(value, datetime):
        return str(format_datetime(value, "short"))
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list | tuple | set | frozenset):
        return gettext(", ").join(_shown(item) for item in value)
    return str(value)


_SAID_OF_TERMS: Mapping[str, Callable[[Any], str]] = {
    "condition": policy_conditions.said, "page": navigation.called, "right": rights.named,
}  # fmt: skip
"""those that policies do not speak of"""


def _said(value: Any) -> Any:
    """What is wrong with each field or file, in the reader's language."""
    if isinstance(value, dict):
        return {str(key): _said(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_said(item) for item in value]
    return words(value.template, value.facts) if isinstance(value, Phrase) else _plain(value)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else str(value)
