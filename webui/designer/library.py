"""Pages of the designer: all processes, a new one, the editor, versions, one version to look at."""

import re
import secrets
import string
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine import drafts, repository
from engine.bpmn.imports.writing import to_bytes
from engine.bpmn.parser.xml import parse
from engine.drafts import DraftInfo, Report
from engine.errors import N_, EngineError, NotFound
from engine.repository import DefinitionInfo
from engine.scenarios import nightly
from webui import scenario_runs, transaction
from webui.access import works
from webui.designer.blank import blank_drawing
from webui.designer.blueprint import designer
from webui.designer.lock import held, held_page, of_draft
from webui.designer.report import shown
from webui.designer.way_back import FIRST_AREA, way_back
from webui.rendering import as_script_data, label, page

KEY = re.compile(r"[a-z][a-z0-9_]{1,62}")
_LETTERS = 6


class WrongProcessId(EngineError):
    """The id of a process and its area are parts of file names and addresses."""

    message = N_("Expected small letters, digits and underscores, 2 to 63 of them, found '{found}'.")
    hint = N_("For example expense_claim.")
    status = 422


class ProcessIdTaken(EngineError):
    """Two processes cannot have one id."""

    message = N_("There is already a process with the id '{key}'.")
    hint = N_("Choose another id, or edit that one.")
    status = 409


@dataclass(frozen=True)
class Line:
    """A process of the library: its newest version, its draft, or both."""

    key: str
    name: str
    category: str
    deployed: DefinitionInfo | None
    draft: DraftInfo | None

    @property
    def path(self) -> str:
        """Where the file stands in the library."""
        return self.draft.path if self.draft is not None else path_of(self.category, self.key)


@dataclass(frozen=True)
class Opened:
    """A process as it is drawn now: the draft, or the newest version as the start of one."""

    key: str
    line: Line
    latest: DefinitionInfo | None
    draft: DraftInfo | None
    xml: bytes
    report: Report | None = None
    """what was translated when it was imported"""

    @property
    def text(self) -> str:
        """The file as characters, whatever encoding it declares."""
        try:
            return self.xml.decode("utf-8")
        except UnicodeDecodeError:
            return to_bytes(parse(self.xml, self.path, keep_comments=True)).decode("utf-8")

    @property
    def path(self) -> str:
        """Where the file stands in the library."""
        return self.line.path


@designer.get("/")
def library() -> ResponseReturnValue:
    """Every process, deployed or only drawn."""
    deployed = {info.key: info for info in repository.latest_all(g.uow)}
    drawn = {draft.key: draft for draft in drafts.list_(g.uow) if draft.kind == "process"}
    waiting = {draft.path: draft for draft in drafts.waiting(g.uow)}
    stories = {draft.key: draft for draft in waiting.values() if draft.kind == "scenarios"}
    lines = [line_of(key, deployed.get(key), drawn.get(key)) for key in sorted({*deployed, *drawn})]
    return page(
        "designer/library.html", block="content", lines=sorted(lines, key=lambda line: (line.category, line.key)),
        reviews=drafts.reviewing.asked(g.uow), areas=repository.areas.areas(g.uow),
        demanding=drafts.reviewing.demanding(g.uow), played=scenario_runs.newest(), round=nightly.last(g.uow),
        now=g.now, stories=stories, waiting=waiting,
    )  # fmt: skip


@designer.get("/new")
@works
def new() -> ResponseReturnValue:
    """The questions before the first drawing."""
    values = {"category": FIRST_AREA, "key": fresh_id("process")}
    return page("designer/new.html", block="content", areas=areas(), values=values, error=None)


def _new_again(error: EngineError) -> str:
    return render_template("designer/new.html", areas=areas(), values=request.form, error=error)


@designer.post("/")
@transaction.shows_again(_new_again)
def create() -> ResponseReturnValue:
    """A draft with a start, a step and an end; then the editor."""
    key, name, area = (request.form.get(field, "").strip() for field in ("key", "name", "category"))
    for text in (key, area):
        if not KEY.fullmatch(text):
            raise WrongProcessId(found=text)
    if repository.versions(g.uow, key) or draft_of(key) is not None:
        raise ProcessIdTaken(key=key)
    drafts.save(g.uow, path_of(area, key), blank_drawing(key, name or key, area), name=name)
    return redirect(url_for(".editor", key=key), 303)


@designer.get("/edit/<key>")
@works
def editor(key: str) -> ResponseReturnValue:
    """The draft of `key` on the canvas; without one, the newest version as the start of one."""
    opened = opened_drawing(key)
    if held(opened.path) is not None:
        return held_page("process", opened.path, opened.line.name, opened.xml, opened.draft)
    data = {
        "key": key, "xml": opened.text,
        "report": shown(opened.report) if opened.report is not None else None,
        "etag": etag_of(opened.draft), "person": g.reader.login,
        "comments": drafts.comments.counts(g.uow, opened.path),
        "addresses": {
            "catalogue": url_for(".catalogue"), "lint": url_for(".lint"),
            "condition": url_for(".condition"), "expression": url_for(".expression"),
            "try": url_for(".try_expression"), "timer": url_for(".timer"), "play": url_for(".play", key=key),
            "draft": url_for(".save", key=key), **of_draft("process", key, opened.path),
            "report": url_for(".put_report_away", key=key),
            "template": url_for(".save_step_template"),
        },
    }  # fmt: skip
    return page(
        "designer/editor.html",
        block="body",
        line=opened.line,
        latest=opened.latest,
        page_data=as_script_data(data),
        **way_back(),
    )


@designer.get("/view/<uuid:definition_id>")
def view(definition_id: UUID) -> ResponseReturnValue:
    """One version, only to look at."""
    return page("designer/view.html", block="content", info=repository.definition(g.uow, definition_id))


@designer.get("/source/<uuid:definition_id>.bpmn")
def source(definition_id: UUID) -> Response:
    """The file of one version."""
    response = Response(repository.source(g.uow, definition_id), mimetype="application/xml")
    response.headers["Content-Disposition"] = "attachment"
    return response


def opened_drawing(key: str) -> Opened:
    """The draft of `key`, else its newest version. Raises NotFound."""
    latest, draft = next(iter(repository.versions(g.uow, key)), None), draft_of(key)
    line = line_of(key, latest, draft)
    if draft is not None:
        found = drafts.open_(g.uow, draft.path)
        return Opened(key, line, latest, draft, found.content, found.report)
    if latest is not None:
        return Opened(key, line, latest, None, repository.source(g.uow, latest.id))
    raise NotFound(kind="process", key=key)


def name_of(key: str) -> str:
    """What a process is called now, in the language of the reader."""
    return line_of(key, next(iter(repository.versions(g.uow, key)), None), draft_of(key)).name


def draft_of(key: str, kind: str = "process") -> DraftInfo | None:
    """The draft of a process, or of a file of another kind, if there is one."""
    return next((draft for draft in drafts.list_(g.uow) if (draft.kind, draft.key) == (kind, key)), None)


def form_draft(key: str) -> DraftInfo | None:
    """The draft of a form that is still to be published: no version was deployed after it was saved."""
    draft = draft_of(key, "form")
    return None if draft is None or draft.overtaken else draft


def fresh_id(word: str) -> str:
    """An id that nobody has to think of."""
    return f"{word}_" + "".join(secrets.choice(string.ascii_lowercase) for _ in range(_LETTERS))


def path_of(area: str, key: str) -> str:
    """Where the drawing stands in the library of files."""
    return f"processes/{area or FIRST_AREA}/{key}.bpmn"


def etag_of(draft: DraftInfo | None) -> str:
    """What a save must show to have seen; "0" before the first."""
    return str(draft.version) if draft else "0"


def areas() -> list[str]:
    """The folders that there are."""
    return sorted({info.category for info in repository.latest_all(g.uow) if info.category} | {FIRST_AREA})


def line_of(key: str, deployed: DefinitionInfo | None, draft: DraftInfo | None) -> Line:
    labels: dict[str, Any] = deployed.labels if deployed else {}
    name = label(labels, deployed.name if deployed else draft.name if draft else key)
    area = deployed.category if deployed else draft.path.split("/")[1] if draft else ""
    return Line(key, name, area, deployed, draft)
