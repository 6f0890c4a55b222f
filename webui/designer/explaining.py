"""Why a finding matters: each thing that a check finds, in words and drawn wrong and right."""

from dataclasses import dataclass
from functools import cache

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup

from engine.errors import NotFound
from engine.findings import Finding
from engine.lint.examples import EXAMPLES, PARTS, Example, example_for
from webui.designer.blueprint import designer
from webui.designer.thumbnail import thumbnail
from webui.languages import language
from webui.rendering import page


@dataclass(frozen=True)
class Explained:
    """In the reader's language. `sides`: whether it is right, what to see, and the picture."""

    key: str
    rule: str
    title: str
    why: str
    sides: tuple[tuple[bool, str, Markup], ...]


@designer.get("/rules/")
def rules() -> ResponseReturnValue:
    """Everything that a check explains, by what it is about."""
    parts = {gettext(title): [(_address(one), gettext(one.title)) for one in part] for title, part in PARTS.items()}
    return page("designer/rules.html", block="content", parts=parts)


@designer.get("/rules/<key>")
def rule(key: str) -> ResponseReturnValue:
    """One of them. A part of a page is the same each time: a browser that has it is told so."""
    if key not in EXAMPLES:
        raise NotFound(kind="rule", key=key)
    response = page("designer/rule.html", one=_explained(key, language()))
    if "HX-Request" in request.headers:
        response.add_etag()
        response.cache_control.private = response.cache_control.no_cache = True
        response.make_conditional(request)
    return response


def address_of(finding: Finding) -> str:
    """Where a finding is explained, "" where it is not."""
    found = example_for(finding)
    return _address(found) if found is not None else ""


def _address(example: Example) -> str:
    return url_for("designer.rule", key=example.key)


@cache
def _explained(key: str, _language: str) -> Explained:
    example = EXAMPLES[key]
    wrong, right = example.drawings
    sides = (
        (False, gettext(example.wrong), thumbnail(wrong, labelled=True, marks={example.at: "wrong"}, prefix=f"{key}-")),
        (True, gettext(example.right), thumbnail(right, labelled=True)),
    )
    return Explained(key, example.rule, gettext(example.title), gettext(example.why), sides)
