"""Options for the pickers of forms, while somebody types, and files for their fields, when somebody chooses them."""

import json
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Response, abort, g, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import pickers, uploads
from engine.documents import Document
from engine.errors import N_, EngineError, InvalidForm
from engine.forms import Form, FormField, files
from engine.forms.model import PICKERS, Message, every
from engine.forms.schema import WRONG_FILE
from engine.values import Values, from_json, normalise
from webui import languages, serving

blueprint = Blueprint("picking", __name__, url_prefix="/options")
NAMED = PICKERS | {"filepicker"}
"""fields whose values `text` calls by their names"""
FILE_MISSING = Message(N_("Please choose a file."))


class WrongFileForField(EngineError):
    """By content something else than the field takes."""

    message = WRONG_FILE
    hint = N_("Choose another file.")
    status = 415


@blueprint.get("/record/<table>")
def records(table: str) -> ResponseReturnValue:
    """Records that fit, for whoever may look them up. `value`: the column that is stored; `filter`: JSON."""
    raw: dict[str, Any] = {"table": table}
    if request.args.get("value"):
        raw["valueColumn"] = request.args["value"]
    if request.args.get("filter"):
        raw["filter"] = _filter(request.args["filter"])
    return _search("record", raw)


@blueprint.get("/dictionary/<key>")
def words(key: str) -> ResponseReturnValue:
    """Words that fit."""
    return _search("dictionary", {"dictionary": key})


@blueprint.get("/<any(person,department):kind>")
def organisation(kind: str) -> ResponseReturnValue:
    """People or departments that fit. `group`: people of these groups only."""
    groups = request.args.getlist("group")
    return _search(kind, {"groups": groups} if groups else {})


@blueprint.post("/files")
def upload() -> ResponseReturnValue:
    """A file for a field, held for whoever sends it until he submits the form. `accept`: what the field takes.

    Answers {id, name, size, href}; size in bytes.
    """
    found = received()
    accept = request.form.get("accept", "")
    if not files.takes(accept, files.File(found.name, found.media_type)):
        raise WrongFileForField(accept=accept, name=found.name)
    return jsonify(_file(str(found.id), found.name, found.size)), 201


def received() -> Document:
    """What was sent as `file`, held now. Raises InvalidForm, and what `uploads.hold` raises."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise InvalidForm(errors={"file": [FILE_MISSING]})
    sent.stream.seek(0)  # a repeated attempt reads it again
    return uploads.hold(g.uow, sent.filename, sent.stream.read(), sent.mimetype)


@blueprint.get("/files/<uuid:document_id>")
def held(document_id: UUID) -> Response:
    """One of them, for whoever has sent it."""
    return serving.document(*uploads.open_(g.uow, document_id))


@blueprint.delete("/files/<uuid:document_id>")
def let_go(document_id: UUID) -> ResponseReturnValue:
    """Whoever has sent it has removed it."""
    uploads.let_go(g.uow, document_id)
    return "", 204


def _file(key: str, name: str, size: int, *, beside: bool = False) -> dict[str, Any]:
    href = url_for("requests.document" if beside else "picking.held", document_id=key)
    return {"id": key, "name": name, "size": size, "href": href}


def _search(kind: str, raw: dict[str, Any]) -> ResponseReturnValue:
    field = FormField("", kind, "", (), "", {}, raw)
    return jsonify([_plain(one) for one in pickers.search(g.uow, field, request.args.get("q", ""))])


def _filter(text: str) -> dict[str, Any]:
    try:
        found = normalise(from_json(text))
    except ValueError:
        abort(400)
    return found if isinstance(found, dict) else abort(400)


def furnish(form: Form, schema: dict[str, Any], data: dict[str, Any], values: Values, request_of: UUID | None, *,
            trial: bool = False, draft_of: UUID | None = None) -> None:  # fmt: skip
    """Tell the pickers of a shown form where their options are, and how what is chosen is called.

    `data`: as it is shown; `values`: what is stored in the request `request_of`. Of everything else, what was typed
    or kept as a draft, the reader is told what he may choose. `draft_of`: the draft that files may stand beside; in a
    `trial` files stay where they are.
    """
    places = {field.id: field.path for field in form.fields if field.type == "filepicker"}
    if places:
        src = None if trial or pickers.is_trial(g.uow) else url_for("picking.upload")
        _furnish_files(places, schema["components"], data, src, request_of or draft_of)
    fields = {field.id: field for field in pickers.used(form)}
    if fields:
        _furnish(fields, schema["components"], data, values if request_of is not None else {}, request_of)


def _furnish(fields: dict[str, FormField], components: list[dict[str, Any]], data: Values, values: Values,
             request_of: UUID | None) -> None:  # fmt: skip
    for component in components:
        field = fields.get(str(component.get("id")))
        if field is not None and field.type in PICKERS:
            known = pickers.names(g.uow, field, every(data, field.path), offered=True)
            options = {one.value: _plain(one) for one in known.values()}
            if request_of is not None:
                kept = pickers.recorded(g.uow, request_of, field, every(values, field.path))
                options |= {value: _plain(one.then) | {"name": told(one)} for value, one in kept.items()}
            component["src"] = _address(field)
            component["known"] = list(options.values())
        _furnish(fields, component.get("components", ()), data, values, request_of)


def _furnish_files(places: dict[str, str], components: list[dict[str, Any]], data: Values, src: str | None,
                   beside: UUID | None) -> None:  # fmt: skip
    for component in components:
        if component.get("id") in places:
            found = uploads.named(g.uow, every(data, places[component["id"]]), beside)
            component["src"], component["limit"] = src, g.uow.settings.upload_limit_mb
            component["known"] = [
                _file(key, one.name, one.size, beside=one.owner_type == uploads.BESIDE) for key, one in found.items()
            ]
        _furnish_files(places, component.get("components", ()), data, src, beside)


def _address(field: FormField) -> str:
    raw = field.raw
    if field.type == "dictionary":
        return url_for("picking.words", key=raw["dictionary"])
    if field.type in ("person", "department"):
        return url_for("picking.organisation", kind=field.type, group=raw.get("groups") or None)
    more = {
        "value": raw.get("valueColumn"),
        "filter": json.dumps(raw["filter"], ensure_ascii=False) if raw.get("filter") else None,
    }
    query = urlencode({name: value for name, value in more.items() if value})
    return url_for("picking.records", table=raw["table"]) + (f"?{query}" if query else "")


def name(choice: pickers.Choice) -> str:
    """Of an option, in the reader's language."""
    return (choice.name_en if languages.language() == "en" else "") or choice.name


def told(found: pickers.Named) -> str:
    """How a value of a request was called, and how it is called now where that differs."""
    then = name(found.then)
    if found.today is None:
        return gettext("%(name)s (no longer there)", name=then)
    today = name(found.today)
    return then if then == today else gettext("%(name)s (now: %(today)s)", name=then, today=today)


def text(field: FormField, value: Any, request_of: UUID) -> str:
    """The same, of what a picker holds; a value of which nobody knows the name as it is."""
    values = value if isinstance(value, list) else [value]
    if field.type == "filepicker":
        known = uploads.named(g.uow, values, request_of)
        return ", ".join(known[one].name if one in known else str(one) for one in values)
    found = pickers.recorded(g.uow, request_of, field, values)
    return _joined(values, {value: told(named) for value, named in found.items()})


def texts(field: FormField, picked: dict[UUID, Any]) -> dict[UUID, str]:
    """For a list: what a picker holds in each of many requests, as it was called then; files are counted."""
    lists = {request: value if isinstance(value, list) else [value] for request, value in picked.items()}
    if field.type == "filepicker":
        return {request: gettext("files: %(n)s", n=len(values)) for request, values in lists.items()}
    found = pickers.recorded_in(g.uow, field, lists)
    return {
        request: _joined(values, {value: name(named.then) for value, named in found.get(request, {}).items()})
        for request, values in lists.items()
    }


def _joined(values: list[Any], names: dict[str, str]) -> str:
    return ", ".join(names.get(one, one) if isinstance(one, str) else str(one) for one in values)


def _plain(choice: pickers.Choice) -> dict[str, str]:
    return {
        "id": choice.value, "name": name(choice), "note": choice.note,
        "also": f"{choice.value} {choice.name} {choice.name_en} {choice.note}",
    }  # fmt: skip
