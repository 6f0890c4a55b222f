"""Forms: all files, a new one, the page that builds one beside its preview, and what its script asks for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from flask import g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Boolean, Integer, Numeric, String

from engine import dictionaries, drafts, forms, identity, pickers, records, repository
from engine.db.base import metadata
from engine.drafts import DraftInfo
from engine.errors import N_, EngineError, InvalidForm, NotFound
from engine.findings import errors_of
from engine.forms import Permissions
from engine.repository import DefinitionInfo
from engine.values import from_json, to_plain
from webui import errors, filling, languages, transaction
from webui.access import works
from webui.designer import form_uses, named_by
from webui.designer.asking import form_of, title_of
from webui.designer.blank_form import blank_form
from webui.designer.blueprint import designer
from webui.designer.drawing import NotAnObject, body, findings_out
from webui.designer.filing import changed_by, file_of
from webui.designer.form_uses import Drawn, Use
from webui.designer.library import KEY, WrongProcessId, areas
from webui.designer.lock import held, held_page, of_draft
from webui.designer.way_back import area_of, led_by, way_back
from webui.rendering import as_script_data, page, person

_COMPARED: dict[str, tuple[type, ...]] = {"yes": (Boolean,), "number": (Integer, Numeric), "text": (String,)}
"""types of columns by what is typed to compare with them"""


class FormIdTaken(EngineError):
    """Two forms cannot have one name."""

    message = N_("There is already a form with the id '{key}'.")
    hint = N_("Choose another id, or edit that one.")
    status = 409


class FormIdChanged(EngineError):
    """Processes find a form by its id: it stays."""

    message = N_("Expected the form to keep its id {expected}, found '{found}'.")
    status = 422


@dataclass(frozen=True)
class FormFile:
    """A form: its newest version, its draft, or both. `draft`: also one that is older than `latest`."""

    id: str
    path: str
    latest: DefinitionInfo | None
    draft: DraftInfo | None

    @property
    def fresh(self) -> DraftInfo | None:
        """The draft, if it is still to be published."""
        return None if self.draft is None or self.draft.overtaken else self.draft

    @property
    def area(self) -> str:
        """The folder of the file."""
        return PurePosixPath(self.path).parent.name

    @property
    def etag(self) -> str:
        """What a save must show to have seen."""
        return f"{self.draft.version if self.draft else 0}-{self.latest.version if self.latest else 0}"

    def content(self) -> bytes:
        """As it is edited now."""
        if self.fresh is not None:
            return drafts.open_(g.uow, self.fresh.path).content
        if self.latest is None:
            raise NotFound(kind="form", key=self.id)
        return repository.source(g.uow, self.latest.id)


@designer.get("/forms/")
def form_files() -> ResponseReturnValue:
    """Every form, deployed or only a draft, and who shows it."""
    processes = form_uses.drawn()
    lines = [(file, title_of(form_of(file.id), ""), _shown_by(processes, file.id)) for file in files()]
    return page("designer/forms.html", block="content", lines=lines)


@designer.get("/forms/new")
@works
def new_form() -> ResponseReturnValue:
    """The questions before the first field."""
    came = way_back()
    area = area_of(came["back"])
    key = named_by.suggested([file.id.removeprefix(f"{area}/") for file in files()])
    values = {"category": area, "key": key}
    return page("designer/new_form.html", block="content", areas=areas(), values=values, error=None, **came)


def _new_again(error: EngineError) -> str:
    return render_template("designer/new_form.html", areas=areas(), values=request.form, error=error, **way_back())


@designer.post("/forms/")
@transaction.shows_again(_new_again)
def create_form() -> ResponseReturnValue:
    """A draft without fields; then the page that builds it."""
    name, area = (request.form.get(field, "").strip() for field in ("key", "category"))
    for text in (name, area):
        if not KEY.fullmatch(text):
            raise WrongProcessId(found=text)
    key = f"{area}/{name}"
    if any(file.id == key for file in files()):
        raise FormIdTaken(key=key)
    drafts.save(g.uow, f"forms/{key}.json", blank_form(key, []), name=key)
    named_by.name("form", key)
    return redirect(url_for(".build_form", form_id=key, **led_by()), 303)


@designer.get("/forms/edit/<path:form_id>")
@works
def build_form(form_id: str) -> ResponseReturnValue:
    """The form as it is edited now. `process`, `element`: the step from which the reader came."""
    file = existing(form_id)
    shown = list(_uses(form_uses.drawn(), form_id))
    came = f"{request.args.get('process', '')}#{request.args.get('element', '')}"
    content = file.content()
    if held(file.path) is not None:
        return held_page("form", file.path, form_id, content, file.fresh)
    data = {
        "id": form_id, "person": g.reader.login, "content": content.decode("utf-8", "replace"), "etag": file.etag,
        "comments": drafts.comments.counts(g.uow, file.path),
        "use": came if any(one.id == came for one in shown) else "", "language": languages.language(),
        "addresses": {
            "check": url_for(".check_form", form_id=form_id), "draft": url_for(".save_form", form_id=form_id),
            **of_draft("form", form_id, file.path), "preview": url_for(".preview_form", form_id=form_id),
            "frame": url_for(".form_frame"),
        },
        "tables": [_table(table) for table in records.tables(g.uow)],
        "dictionaries": [_dictionary(one) for one in dictionaries.list_(g.uow)],
        "groups": [{"name": group.key, "label": person(group)} for group in identity.groups(g.uow)],
    }  # fmt: skip
    return page(
        "designer/form_builder.html", block="body", file=file, title=title_of(form_of(form_id), form_id), uses=shown,
        chosen=data["use"],
        page_data=as_script_data(data), **way_back(),
    )  # fmt: skip


@designer.get("/forms/frame")
def form_frame() -> ResponseReturnValue:
    """The page inside the preview: as wide as a phone or a desk, in the language that is asked for."""
    with languages.speaking(_language(request.args.get("language", ""))):
        return page("designer/form_frame.html", block="body")


@designer.post("/forms/check/<path:form_id>")
@transaction.reads_only
def check_form(form_id: str) -> ResponseReturnValue:
    """What is wrong with the form as it stands in the editor, and where it and its fields are used."""
    path, content = existing(form_id).path, body("content")["content"].encode("utf-8")
    told = repository.check(g.uow, {path: content}, drawing=True)
    found = [one for one in told if one.resource in ("", path)]
    processes = form_uses.drawn()
    return jsonify(
        findings=findings_out(found), fields=_named_fields(processes, form_id),
        used=[_use(one) for one in _uses(processes, form_id)],
    )  # fmt: skip


@designer.put("/forms/drafts/<path:form_id>")
def save_form(form_id: str) -> ResponseReturnValue:
    """Store the form; `If-Match` carries the ETag that the page has seen, or * to write over anything."""
    text = body("content")["content"]
    drafts.alone(g.uow, [existing(form_id).path])
    file, seen = existing(form_id), request.headers.get("If-Match", "")
    if seen not in (file.etag, "*"):
        raise changed_by(file_of("form", form_id), seen)
    _judge_name(text, form_id)
    version = file.draft.version if file.draft else 0
    saved = drafts.save(g.uow, file.path, text.encode("utf-8"), version=version)
    return jsonify(etag=existing(form_id).etag, saved_at=saved.saved_at.isoformat())


@designer.post("/forms/preview/<path:form_id>")
@transaction.reads_only
def preview_form(form_id: str) -> ResponseReturnValue:
    """The form as the people of a step get it, with sample data; nothing is stored.

    `use`: the step whose permissions hold, empty for whoever starts a request. `filled`: what was filled in, to be
    judged as a submit is; empty for only showing the form.
    """
    sent = body("content", "use", "data", "language", "filled")
    reading, permissions = forms.read(sent["content"].encode("utf-8"), form_id), _permissions(form_id, sent["use"])
    form = reading.form
    if form is None:  # what is wrong is listed by `check_form`; here it is only why nothing can be shown
        wrong = errors_of(reading.findings)[0]
        return jsonify(unshown=errors.words(wrong.message, wrong.facts))
    sample, filled = _object(sent["data"], "data"), _object(sent["filled"] or "{}", "filled")
    known, zone = pickers.judge(g.uow, trial=True), g.uow.settings.timezone
    values, _ = forms.so_far(form, sample, now=g.uow.now, zone=zone, known=known)
    refused, accepted = None, None
    with languages.speaking(_language(sent["language"])):
        if sent["filled"]:
            try:
                accepted = forms.validate(
                    form, filled, stored=values, permissions=permissions, now=g.uow.now, zone=zone, known=known
                )
            except InvalidForm as error:
                refused = error
        shown = filling.shown_data(form, values, permissions, typed=to_plain(filled) or None, error=refused,
                                    trial=True)  # fmt: skip
        complaints = [f"{name}: {' '.join(texts)}" for name, texts in filling.problems(form, refused)]
        return jsonify(
            {**shown, "accepted": None if accepted is None else to_plain(accepted), "complaints": complaints}
        )


def files() -> list[FormFile]:
    """Every form by id."""
    deployed = {info.key: info for info in repository.latest_all(g.uow, "form")}
    drawn = {draft.key: draft for draft in drafts.list_(g.uow) if draft.kind == "form"}
    return [_file(key, deployed.get(key), drawn.get(key)) for key in sorted({*deployed, *drawn})]


def existing(form_id: str) -> FormFile:
    """Raises NotFound."""
    found = next((file for file in files() if file.id == form_id), None)
    if found is None:
        raise NotFound(kind="form", key=form_id)
    return found


# ---------------------------------------------------------------- private


def _file(key: str, latest: DefinitionInfo | None, draft: DraftInfo | None) -> FormFile:
    return FormFile(key, draft.path if draft is not None else f"forms/{key}.json", latest, draft)


def _shown_by(processes: Iterable[Drawn], form_id: str) -> list[tuple[str, str]]:
    """(key, name) of the processes that name a form, to show it or to print by it."""
    return [(one.key, one.name) for one in processes if form_id in one.definition.forms]


def _uses(processes: Iterable[Drawn], form_id: str) -> Iterator[Use]:
    for one in processes:
        yield from one.showing(form_id)


def _named_fields(processes: Iterable[Drawn], form_id: str) -> dict[str, list[str]]:
    """Where fields are named, in words: key -> [process · place]."""
    found: dict[str, list[str]] = {}
    for one in processes:
        if any(one.showing(form_id)):
            for key, places in form_uses.of_fields(one.definition, form_id).items():
                found.setdefault(key, []).extend(f"{one.name} · {place}" for place in places)
    return found


def _use(one: Use) -> dict[str, str]:
    address = url_for(".editor", key=one.process) + f"#{one.element}"
    return {"id": one.id, "process": one.process_name, "name": one.name, "address": address}


def _permissions(form_id: str, use: str) -> Permissions:
    """Those of a step; everything for whoever starts a request. Raises NotFound."""
    if not use:
        return forms.WRITE_ALL
    for one in _uses(form_uses.drawn(), form_id):
        if one.id == use:
            return one.permissions
    raise NotFound(kind="step", key=use)


def _judge_name(text: str, form_id: str) -> None:
    """A form is found by its id, which is that of its file."""
    found = _object(text, "content").get("id")
    if found != form_id:
        raise FormIdChanged(expected=form_id, found=str(found)[:200])


def _object(text: str, field: str) -> dict[str, Any]:
    try:
        found = from_json(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise NotAnObject(field=field)
    return found


def _language(text: str) -> str:
    return text if text in languages.LANGUAGES else languages.language()


def _table(table: records.RecordTable) -> dict[str, Any]:
    english = languages.language() == "en"
    columns = [
        {
            "name": name, "label": en if english else zh, "kind": _kind(table.name, name),
            "options": [
                {"name": word, "label": words[english]} for word, words in table.states.get(name, {}).items()
            ],
        }
        for name, zh, en in table.columns
    ]  # fmt: skip
    return {"name": table.name, "label": table.en if english else table.zh, "columns": columns}


def _kind(table: str, column: str) -> str:
    """What a condition on a column compares with; empty: none is offered."""
    kind = type(metadata.tables[table].c[column].type)
    return next((word for word, types in _COMPARED.items() if issubclass(kind, types)), "")


def _dictionary(one: dictionaries.Dictionary) -> dict[str, str]:
    return {"name": one.key, "label": (one.name_en if languages.language() == "en" else "") or one.name}
