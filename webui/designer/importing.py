"""Take in a drawing of another product: upload, translate, open as a draft with the report beside it."""

from dataclasses import dataclass, field
from typing import Any

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from engine import drafts
from engine.errors import N_, AlreadyExists, EngineError
from webui import errors
from webui.access import works
from webui.designer.blueprint import designer
from webui.designer.library import KEY, WrongProcessId, areas, draft_of
from webui.designer.report import counts
from webui.designer.way_back import FIRST_AREA
from webui.rendering import page

DRAWINGS = (".bpmn", ".xml")


class NoDrawingSent(EngineError):
    """The form came without a file."""

    message = N_("Expected a file, but none was chosen.")
    hint = N_("Choose a .bpmn or .xml file.")
    status = 422


class NotADrawing(EngineError):
    """A file of another kind."""

    message = N_("Expected a drawing (.bpmn or .xml), found '{name}'.")
    hint = N_("Decisions and forms are made in the designer, or imported with: troika process import.")
    status = 415


class DraftInTheWay(EngineError):
    """An import does not write over what somebody draws, unless told."""

    message = N_("There is already a draft with the id '{key}'.")
    hint = N_("Give another id, or tick that it is replaced.")
    status = 409


@dataclass
class Outcome:
    """What became of one file: `key` when it was taken in, else `problem`."""

    name: str
    key: str = ""
    dialect: str = ""
    counts: list[dict[str, Any]] = field(default_factory=list)
    problem: str = ""


@designer.get("/import")
@works
def import_form() -> ResponseReturnValue:
    """Choose files."""
    return _form({"category": FIRST_AREA})


@designer.post("/import")
def import_files() -> ResponseReturnValue:
    """Drafts of what can be read; the editor for a single one, else a list with what is wrong with the others."""
    area, key = (request.form.get(name, "").strip() for name in ("category", "key"))
    files = [file for file in request.files.getlist("file") if file.filename]
    try:
        for text in filter(None, (area or "-", key)):
            if not KEY.fullmatch(text):
                raise WrongProcessId(found=text)
        if not files:
            raise NoDrawingSent()
    except EngineError as error:
        return _form(request.form, error=errors.explain(error), status=error.status)
    outcomes = [_take(str(file.filename), file.read(), area, key if len(files) == 1 else "") for file in files]
    taken = [outcome for outcome in outcomes if outcome.key]
    if len(files) == len(taken) == 1:
        return redirect(url_for(".editor", key=taken[0].key), 303)
    return _form(request.form, outcomes=outcomes, status=200 if taken else 422)


@designer.delete("/drafts/<key>/report")
def put_report_away(key: str) -> ResponseReturnValue:
    """The analyst has read it."""
    draft = draft_of(key)
    if draft is not None:
        drafts.put_report_away(g.uow, draft.path)
    return "", 204


def _take(name: str, content: bytes, area: str, key: str) -> Outcome:
    try:
        if not name.lower().endswith(DRAWINGS):
            raise NotADrawing(name=name)
        replace = request.form.get("replace") == "yes"
        found = drafts.import_drawing(g.uow, name, content, area, key=key or None, replace=replace)
    except AlreadyExists as error:
        return Outcome(name, problem=errors.explain(DraftInTheWay(key=drafts.place(error.facts["key"])[1])))
    except EngineError as error:
        return Outcome(name, problem=errors.explain(error))
    if found.draft is None:
        refusal = found.translation.refusal
        assert refusal is not None  # noqa: S101 - one of the two is there
        said = (errors.words(refusal.message, refusal.facts), errors.words(refusal.hint, refusal.facts))
        return Outcome(name, problem=" ".join(said))
    translation = found.translation
    return Outcome(name, found.draft.key, translation.dialect.value, counts(translation.notes))


def _form(
    values: Any, error: str = "", outcomes: list[Outcome] | None = None, status: int = 200
) -> ResponseReturnValue:
    return page(
        "designer/import.html", status, block="content", areas=areas(), values=values, error=error,
        outcomes=outcomes or [], accept=",".join(DRAWINGS),
    )  # fmt: skip
