"""Which language and zone a page is in, and the compiled catalogues."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import tzinfo
from functools import lru_cache
from typing import Any

from babel import Locale
from flask import Flask, current_app, g, has_request_context, request
from flask_babel import Babel, force_locale, get_locale, get_translations
from markupsafe import Markup

from engine.settings import Settings
from webui import catalogues

LANGUAGES = {"zh": "中文", "en": "English"}
COOKIE = "language"


def install(app: Flask, settings: Settings) -> None:
    """Give `app` its catalogues and the choice of language: reader, cookie, browser, setting."""
    catalogues.compile_all()
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(catalogues.FOLDER)
    Babel(app, locale_selector=_language, timezone_selector=lambda: settings.timezone, default_locale=settings.locale)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda text: get_translations().ugettext(text),
        ngettext=lambda one, many, number: get_translations().ungettext(one, many, number), newstyle=True,
    )  # fmt: skip
    # what the library does for each word in three calls through the template: a list asks for a hundred words
    app.jinja_env.globals["_"] = _words


def language() -> str:
    """`zh` or `en`: of the page at hand, chosen once."""
    try:
        return str(g.language)
    except AttributeError:
        locale = get_locale()
        g.language = "zh" if isinstance(locale, Locale) and locale.language == "zh" else "en"
        return str(g.language)


@contextmanager
def speaking(wanted: str) -> Iterator[None]:
    """Words and moments are in the language `wanted` inside, whoever reads."""
    before = language()
    with force_locale(wanted):
        g.language = wanted
        try:
            yield
        finally:
            g.language = before


def zone() -> tzinfo:
    """The zone of business dates."""
    settings: Settings = current_app.config["TROIKA"]
    return settings.zone


def _words(text: str, **facts: Any) -> Markup:
    """`_()` of the templates; what stands in `facts` is escaped."""
    return _pattern(text, language()) % facts if facts else _sentence(text, language())


@lru_cache(10_000)
def _pattern(text: str, _of: str) -> Markup:
    return Markup(get_translations().ugettext(text))  # noqa: S704 - words of ours, as the library takes them


@lru_cache(10_000)
def _sentence(text: str, of: str) -> Markup:
    return _pattern(text, of) % {}


def _language() -> str:
    if not has_request_context():
        return str(current_app.config["TROIKA"].locale)
    reader = g.get("reader")
    wanted = (reader.locale if reader else "") or request.cookies.get(COOKIE, "")
    if wanted in LANGUAGES:
        return wanted
    return request.accept_languages.best_match(LANGUAGES) or str(current_app.config["TROIKA"].locale)
