"""Between `engine/forms` and `<tk-form>`: what the browser gets, what it sent, and what was wrong with it."""

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import request
from markupsafe import Markup

from engine import forms
from engine.errors import EngineError, InvalidForm
from engine.forms import Form, Permissions
from engine.values import Values
from webui import errors, languages, picking
from webui.rendering import as_script_data


def shown(form: Form, values: Values, permissions: Permissions, *, typed: dict[str, Any] | None = None,
          error: EngineError | None = None, read_only: bool = False, request_of: UUID | None = None,
          draft_of: UUID | None = None) -> Markup:  # fmt: skip
    """The content of the data script of a `<tk-form>`. `typed` is shown instead of what is stored, in `request_of`.

    `draft_of`: the draft that is filled in.
    """
    return as_script_data(
        shown_data(form, values, permissions, typed=typed, error=error, read_only=read_only, request_of=request_of,
                   draft_of=draft_of)
    )  # fmt: skip


def shown_data(form: Form, values: Values, permissions: Permissions, *, typed: dict[str, Any] | None = None,
               error: EngineError | None = None, read_only: bool = False, request_of: UUID | None = None,
               draft_of: UUID | None = None, trial: bool = False) -> dict[str, Any]:  # fmt: skip
    """The same as data, for a script that asks for it. `trial`: nothing of it is sent anywhere."""
    schema, data = forms.visible(form, values, permissions, languages.language())
    picking.furnish(form, schema, data | (typed or {}), values, request_of, trial=trial, draft_of=draft_of)
    complaints = translated(error.errors) if isinstance(error, InvalidForm) else {}
    return {
        "schema": schema, "data": data | (typed or {}), "errors": forms.by_component(form, complaints),
        "readOnly": read_only,
    }  # fmt: skip


def sent() -> dict[str, Any]:
    """What `<tk-form name="data">` posted, numbers exact; empty without scripts. Raises InvalidForm."""
    text = request.form.get("data", "")
    if not text:
        return {}
    try:
        data = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise InvalidForm(errors={"data": ["not JSON"]}) from None
    if not isinstance(data, dict):
        raise InvalidForm(errors={"data": ["not an object"]})
    return data


def typed() -> dict[str, Any]:
    """The same for showing it again: what cannot be read is left out."""
    try:
        return sent()
    except InvalidForm:
        return {}


def problems(form: Form | None, error: EngineError | None) -> list[tuple[str, list[str]]]:
    """(label of the field, complaints) for the list above the form."""
    if not isinstance(error, InvalidForm):
        return []
    return [(_label(form, path), texts) for path, texts in translated(error.errors).items()]


def translated(complaints: dict[str, list[str]]) -> dict[str, list[str]]:
    """Messages in the reader's language."""
    return {path: [_text(text) for text in texts] for path, texts in complaints.items()}


def _text(text: str) -> str:
    return errors.words(text.template, text.facts) if isinstance(text, forms.Message) else errors.words(text, {})


def _label(form: Form | None, path: str) -> str:
    names = [part for part in path.split(".") if not part.isdigit()]
    rows = [int(part) + 1 for part in path.split(".") if part.isdigit()]
    field = form.field(".".join(names)) if form else None
    label = field.labels.get(languages.language(), field.label) if field else path
    return f"{label} ({rows[0]})" if rows else label
