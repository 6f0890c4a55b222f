"""The form of a process, edited as a table of fields: its draft is published with the drawing."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from flask import flash, g, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import drafts, forms, repository
from engine.bpmn import read
from engine.bpmn.model import Definition
from engine.drafts import DraftInfo
from engine.errors import N_, EngineError, NotFound, Phrase
from engine.findings import Level
from engine.repository import DefinitionInfo
from webui import transaction
from webui.access import works
from webui.designer import form_uses
from webui.designer.blank_form import COMPONENTS, TYPES, blank_form, split
from webui.designer.blueprint import designer
from webui.designer.filing import File, changed_by, content_of, file_of
from webui.designer.form_fields import LIMIT, FieldRow, Plain, rows_of, with_rows, written
from webui.designer.form_things import KINDS
from webui.designer.history import aside
from webui.designer.library import Opened, draft_of, form_draft, opened_drawing
from webui.designer.lock import held, held_page
from webui.designer.new_approval import ChoiceWithoutOptions, FormWanted
from webui.rendering import page

_LONGEST = 200


class FormNotStorable(EngineError):
    """Fields that are no form together."""

    message = N_("This form cannot be stored: {reason}")
    status = 422


class TooManyFields(EngineError):
    """More rows than anybody could look through."""

    message = N_("Expected at most {limit} fields, found {found}.")
    status = 422


class UnknownStep(EngineError):
    """A button that the page does not have."""

    message = N_("Expected to save, add, move or remove a field, found '{found}'.")
    status = 422


@dataclass(frozen=True)
class _Form:
    """A form of a drawing as it is now. `draft`: of the form, also one that is older than `latest`."""

    id: str
    drawing: Opened
    definition: Definition
    content: bytes
    draft: DraftInfo | None
    latest: DefinitionInfo | None

    @property
    def etag(self) -> str:
        """What a save must show to have seen."""
        return f"{self.draft.version if self.draft else 0}-{self.latest.version if self.latest else 0}"

    @property
    def path(self) -> str:
        """Where it stands in the library."""
        return self.draft.path if self.draft is not None else f"forms/{self.id}.json"

    def plain(self) -> Plain:
        """Its rows, or why there are none."""
        reading = forms.read(self.content, self.id)
        if reading.form is None:
            wrong = [found for found in reading.findings if found.level is Level.ERROR]
            return Plain(
                (), tuple((found.element_id or self.id, Phrase(found.message, **found.facts)) for found in wrong)
            )
        return rows_of(json.loads(self.content))

    def uses(self) -> dict[str, list[str]]:
        """Where the drawing names a field: key -> words."""
        return form_uses.of_fields(self.definition, self.id)


@designer.get("/simple/<key>/forms/<path:form_id>")
@works
def edit_form(key: str, form_id: str) -> ResponseReturnValue:
    """The fields of a form that the drawing names."""
    form = _form_of(key, form_id)
    if held(form.path) is not None:
        return held_page("form", form.path, form.id, form.content, form.draft)
    plain = form.plain()
    return _page(form, plain, list(plain.rows), obstacles=plain.obstacles)


def _again(error: EngineError, key: str, form_id: str) -> ResponseReturnValue:
    form = _form_of(key, form_id)
    return _page(form, form.plain(), _sent(), error=error, etag=request.form.get("etag", ""))


@designer.post("/simple/<key>/forms/<path:form_id>")
@transaction.shows_again(_again)
def change_form(key: str, form_id: str) -> ResponseReturnValue:
    """`do` is save; aside, which keeps what cannot be saved as a copy; or add, up:n, down:n, remove:n, which only draw
    the page anew with what was typed.
    """
    rows, act = _sent(), request.form.get("do", "save")
    if act == "aside":
        return _put_aside(form_id, rows)
    if act == "save":
        drafts.alone(g.uow, [_form_of(key, form_id).path])
    form = _form_of(key, form_id)
    plain = form.plain()
    if act == "save":
        return _save(form, plain, rows)
    rows, place = _stepped(rows, act)
    word = {("up", 0): "down", ("down", len(rows) - 1): "up"}.get((act.partition(":")[0], place), act.partition(":")[0])
    return _page(form, plain, rows, etag=request.form.get("etag", ""), focus=(word, place))


def _save(form: _Form, plain: Plain, rows: list[FieldRow]) -> ResponseReturnValue:
    if request.form.get("etag", "") != form.etag:
        raise changed_by(file_of("form", form.id), request.form.get("etag", ""))
    if plain.obstacles:
        raise FormNotStorable(reason=plain.obstacles[0][1])
    rows = [row for row in rows if row.id or row.label]
    if not rows:
        raise FormWanted
    if len(rows) > LIMIT:
        raise TooManyFields(limit=LIMIT, found=len(rows))
    for row in rows:
        if row.type == "choice" and not row.options:
            raise ChoiceWithoutOptions(field=row.label)
    before = json.loads(form.content)
    after = with_rows(before, rows)
    if after != before:
        content = written(after)
        reading = forms.read(content, form.id)
        if reading.form is None:
            wrong = next(found for found in reading.findings if found.level is Level.ERROR)
            raise FormNotStorable(reason=Phrase(wrong.message, **wrong.facts))
        drafts.save(g.uow, form.path, content, version=form.draft.version if form.draft else 0)
        if form.drawing.draft is None:  # what is published is a draft of the drawing with its forms
            drafts.save(g.uow, form.drawing.path, form.drawing.xml, name=form.drawing.line.name)
        flash(gettext("The form is saved as a draft. It is published with the process."), "success")
    for row in _removed(plain, rows):
        if places := form.uses().get(row.key):
            text = gettext("“%(field)s” is removed from the form, but the process still names it: %(places)s",
                           field=row.label, places=" · ".join(places))  # fmt: skip
            flash(text, "warning")
    return redirect(url_for(".simple", key=form.drawing.key), 303)


def _put_aside(form_id: str, rows: list[FieldRow]) -> ResponseReturnValue:
    """Whatever it is worth: somebody else has taken over, so nobody can be asked for what is missing."""
    file = file_of("form", form_id)
    named = [replace(row, label=row.label or row.key or row.id) for row in rows if row.id or row.label]
    known = [row for row in named if row.id]
    opened = _opened(file, {row.id for row in known})
    if opened is None:  # nothing of what it was is left but the rows
        opened = json.loads(blank_form(form_id, []))
        opened["components"] = [
            COMPONENTS.get(row.type, {"type": row.type}) | {"id": row.id, "key": row.key} for row in known
        ]
    return jsonify(address=aside(file.path, written(with_rows(opened, named)))), 201


def _opened(file: File, ids: set[str]) -> dict[str, Any] | None:
    """The newest state of a form that has these fields, whatever others have made of it since."""
    for content in _states(file):
        if forms.read(content, file.key).form is not None:
            document: dict[str, Any] = json.loads(content)
            plain = rows_of(document)
            if not plain.obstacles and ids <= {row.id for row in plain.rows}:
                return document
    return None


def _states(file: File) -> Iterator[bytes]:
    """What a form is, and what it was, newest first."""
    if file.draft is not None:
        yield content_of(file)
    for one in drafts.revisions.list_(g.uow, file.path):
        if not one.aside:
            yield drafts.revisions.open_(g.uow, one.id)[1]
    for info in file.versions:
        yield repository.source(g.uow, info.id)


# ---------------------------------------------------------------- the page


def _page(
    form: _Form, plain: Plain, rows: list[FieldRow], *, error: EngineError | None = None, etag: str = "",
    focus: tuple[str, int] = ("", -1), obstacles: tuple[tuple[str, Phrase], ...] = (),
) -> ResponseReturnValue:  # fmt: skip
    return page(
        "designer/form.html", block="content", line=form.drawing.line, form_id=form.id, rows=rows, types=TYPES,
        kinds=KINDS, etag=etag or form.etag, obstacles=obstacles, uses=form.uses(), removed=_removed(plain, rows),
        error=error, focus=focus, unsaved=rows != list(plain.rows), lock=url_for(".hold", path=form.path),
        action=url_for(".change_form", key=form.drawing.key, form_id=form.id),
    )  # fmt: skip


def _form_of(key: str, form_id: str) -> _Form:
    drawing = opened_drawing(key)
    definition = read(drawing.xml, drawing.path).definition
    draft = draft_of(form_id, "form")
    latest = next(iter(repository.versions(g.uow, form_id, "form")), None)
    fresh = form_draft(form_id)
    if definition is None or form_id not in definition.forms:
        raise NotFound(kind="form", key=form_id)
    if fresh is not None:
        content = drafts.open_(g.uow, fresh.path).content
    elif latest is not None:
        content = repository.source(g.uow, latest.id)
    else:
        raise NotFound(kind="form", key=form_id)
    return _Form(form_id, drawing, definition, content, draft, latest)


def _sent() -> list[FieldRow]:
    """The rows as they were sent."""
    sent = request.form
    required = set(sent.getlist("required"))
    asked = zip(*(sent.getlist(part) for part in ("id", "field", "label", "english", "type", "options")), strict=True)
    return [
        FieldRow(
            own, key, _tidy(text), _tidy(english), kind[:_LONGEST], str(number) in required,
            split(options) if kind == "choice" else (),
        )
        for number, (own, key, text, english, kind, options) in enumerate(asked)
    ]  # fmt: skip


def _tidy(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]


def _stepped(rows: list[FieldRow], act: str) -> tuple[list[FieldRow], int]:
    """The rows after a button, and the row that it brought about."""
    word, _, text = act.partition(":")
    if word == "add":
        return [*rows, FieldRow()], len(rows)
    if word not in ("up", "down", "remove") or not (text.isascii() and text.isdigit()) or int(text) >= len(rows):
        raise UnknownStep(found=act[:60])
    place = int(text)
    moved = rows.pop(place)
    if word == "remove":
        return rows, min(place, len(rows) - 1)
    to = min(max(place + (-1 if word == "up" else 1), 0), len(rows))
    rows.insert(to, moved)
    return rows, to


def _removed(plain: Plain, rows: Iterable[FieldRow]) -> list[FieldRow]:
    """Fields of the form that the rows lack."""
    kept = {row.id for row in rows}
    return [row for row in plain.rows if row.id not in kept]
