"""Which language and zone a page is in, and the compiled catalogues."""

from datetime import tzinfo
from typing import Any

from babel import Locale
from flask import Flask, current_app, g, has_request_context, request
from flask_babel import Babel, get_locale, get_translations

from engine.settings import Settings
from webui import catalogues

LANGUAGES = {"zh": "中文", "en": "English"}
COOKIE = "language"


def install(app: Flask, settings: Settings) -> None:
    """Give `app` its catalogues and the choice of language: reader, cookie, browser, setting."""
    catalogues.compile_all()
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(catalogues.FOLDER)
    Babel(app, locale_selector=_language, timezone_selector=lambda: settings.timezone, default_locale=settings.locale)
    # as the library does, with the catalogue looked up once a page, as its language is: a list asks for a hundred words
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda text: _catalogue().ugettext(text),
        ngettext=lambda one, many, number: _catalogue().ungettext(one, many, number), newstyle=True,
    )  # fmt: skip


def language() -> str:
    """`zh` or `en`: of the page at hand."""
    locale = get_locale()
    return "zh" if isinstance(locale, Locale) and locale.language == "zh" else "en"


def zone() -> tzinfo:
    """The zone of business dates."""
    settings: Settings = current_app.config["TROIKA"]
    return settings.zone


def _catalogue() -> Any:
    if "catalogue" not in g:
        g.catalogue = get_translations()
    return g.catalogue


def _language() -> str:
    if not has_request_context():
        return str(current_app.config["TROIKA"].locale)
    reader = g.get("reader")
    wanted = (reader.locale if reader else "") or request.cookies.get(COOKIE, "")
    if wanted in LANGUAGES:
        return wanted
    return request.accept_languages.best_match(LANGUAGES) or str(current_app.config["TROIKA"].locale)
