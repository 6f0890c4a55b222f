"""New approval: a name, a form, and there it is. For people who have never seen a flowchart."""

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import drafts, repository
from engine.errors import N_, EngineError, NotFound
from engine.forms.model import leaves
from webui import transaction
from webui.access import works
from webui.designer.asking import form_of
from webui.designer.blank import blank_approval
from webui.designer.blank_form import TYPES, NewField, blank_form, split
from webui.designer.blueprint import designer
from webui.designer.cards import form_keys
from webui.designer.library import KEY, ProcessIdTaken, WrongProcessId, areas, draft_of, fresh_id, path_of
from webui.designer.way_back import FIRST_AREA
from webui.rendering import page

ROWS = 8
"""fields that the page offers"""
_LONGEST = 200


class FormWanted(EngineError):
    """An approval is about what somebody fills in."""

    message = N_("Expected a form: choose one, or name at least one field.")
    status = 422


class ChoiceWithoutOptions(EngineError):
    """A field 'one of several' with nothing to choose."""

    message = N_("Expected what '{field}' offers, separated by commas, found nothing.")
    status = 422


class KindNotOffered(EngineError):
    """A field of a kind that the page does not offer."""

    message = N_("Expected '{field}' to be of a kind that is offered, found '{found}'.")
    hint = N_("Choose another kind.")
    status = 422


class NameWanted(EngineError):
    """What people will see in their lists."""

    message = N_("Expected a name of 1 to {limit} characters, found {found}.")
    status = 422


@designer.get("/approvals/new")
@works
def new_approval() -> ResponseReturnValue:
    """The questions before the first card."""
    values = {"key": fresh_id("approval"), "category": FIRST_AREA}
    rows = [NewField(gettext("Reason"), "long", True), *[NewField("", "text")] * (ROWS - 1)]
    return page("designer/new_approval.html", block="content", values=values, rows=rows, error=None, **_offers())


def _again(error: EngineError) -> str:
    rows = (_rows() + [NewField("", "text")] * ROWS)[: max(ROWS, len(_rows()))]
    return render_template("designer/new_approval.html", values=request.form, rows=rows, error=error, **_offers())


@designer.post("/approvals/")
@transaction.shows_again(_again)
def create_approval() -> ResponseReturnValue:
    """A form, unless one was chosen, and a draft that can be published; then its cards."""
    name, english, key, area, form_id = (
        request.form.get(field, "").strip() for field in ("name", "name_en", "key", "category", "form")
    )
    if not 0 < len(name) <= _LONGEST:
        raise NameWanted(limit=_LONGEST, found=len(name))
    for text in (key, area):
        if not KEY.fullmatch(text):
            raise WrongProcessId(found=text)
    if repository.versions(g.uow, key) or draft_of(key) is not None:
        raise ProcessIdTaken(key=key)
    form_id = form_id or _new_form(area, key)
    form = form_of(form_id)
    if form is None:
        raise NotFound(kind="form", key=form_id)
    shown = [field.path for field in leaves(form.components) if field.type not in ("textarea", "filepicker")]
    shown = shown or [field.path for field in leaves(form.components)]
    drafts.save(g.uow, path_of(area, key), blank_approval(key, name, english, area, form_id, shown), name=name)
    flash(gettext("Here it is. Add whoever else decides with “+”, then publish it at the top right."), "success")
    return redirect(url_for(".simple", key=key), 303)


def _new_form(area: str, key: str) -> str:
    """A draft of the form that the page describes, which is deployed with the drawing; its id."""
    fields = [row for row in _rows() if row.label]
    if not fields:
        raise FormWanted
    for field in fields:
        if field.type not in TYPES:
            raise KindNotOffered(field=field.label, found=field.type)
        if field.type == "choice" and not field.options:
            raise ChoiceWithoutOptions(field=field.label)
    form_id = f"{area}/{key}"
    content = blank_form(form_id, fields)
    drafts.save(g.uow, f"forms/{form_id}.json", content)
    return form_id


def _rows() -> list[NewField]:
    """The fields as they were sent."""
    sent = request.form
    required = set(sent.getlist("required"))
    asked = zip(sent.getlist("label"), sent.getlist("type"), sent.getlist("options"), strict=False)
    return [
        NewField(
            " ".join(label.split())[:_LONGEST], kind, str(number) in required, split(options),
        )
        for number, (label, kind, options) in enumerate(asked)
    ]  # fmt: skip


def _offers() -> dict[str, Any]:
    return {"types": TYPES, "known_forms": form_keys(), "areas": areas()}
