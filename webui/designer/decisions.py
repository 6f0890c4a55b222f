"""Decision tables: all files, a new one, the page that edits one, and what its script asks for."""

import json
from typing import Any

from flask import Response, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine import dmn, drafts, repository
from engine.dmn.simulation import Problem
from engine.errors import N_, EngineError, NotFound
from engine.feel.values import text_of
from webui import datafile, errors, serving, transaction
from webui.access import may, works
from webui.designer import decision_uses, expressions, named_by, table_sheets
from webui.designer.blank_table import blank_table
from webui.designer.blueprint import designer
from webui.designer.decision_files import DecisionFile, content_of, file_of_decisions, files, ids_of
from webui.designer.drawing import NotAnObject, body, findings_out
from webui.designer.filing import saved_by
from webui.designer.library import KEY, WrongProcessId, areas, etag_of
from webui.designer.lock import held, held_page, of_draft
from webui.designer.way_back import area_of, led_by, way_back
from webui.rendering import as_script_data, label, page

ROWS_LIMIT = 10_000
"""rows of a data file on the page; the command line takes more"""
TESTS_LIMIT = 200
SHOWN = 200
"""rows of a data file that the page shows; the download has all of them"""
_MODEL = b"https://www.omg.org/spec/DMN/20191111/MODEL/"
_OTHER_MODELS = (
    b"http://www.omg.org/spec/DMN/20151101/dmn.xsd", b"http://www.omg.org/spec/DMN/20180521/MODEL/",
    b"https://www.omg.org/spec/DMN/20211108/MODEL/", b"https://www.omg.org/spec/DMN/20230324/MODEL/",
)  # fmt: skip


class DecisionIdTaken(EngineError):
    """Two decision files cannot have one name."""

    message = N_("There is already a decision with the id '{key}'.")
    hint = N_("Choose another id, or edit that one.")
    status = 409


class NoModel(EngineError):
    """What was sent cannot be decided."""

    message = N_("The table cannot be decided: {reason}")
    hint = N_("Correct the problems first.")
    status = 422


@designer.get("/decisions/")
def decision_files() -> ResponseReturnValue:
    """Every file of decisions, deployed or only a draft."""
    waiting = {draft.path for draft in drafts.waiting(g.uow)}
    return page("designer/decisions.html", block="content", files=files(), waiting=waiting)


@designer.get("/decisions/new")
@works
def new_decision() -> ResponseReturnValue:
    """The questions before the first table."""
    came = way_back()
    key = request.args.get("key") or named_by.suggested({one.key for one in files()}, "_rule")
    values = {"category": area_of(came["back"]), "key": key}
    return page("designer/new_decision.html", block="content", areas=areas(), values=values, error=None, **came)


def _new_again(error: EngineError) -> str:
    return render_template("designer/new_decision.html", areas=areas(), values=request.form, error=error, **way_back())


@designer.post("/decisions/")
@transaction.shows_again(_new_again)
def create_decision() -> ResponseReturnValue:
    """A draft with a small table; then the page that edits it."""
    key, name, area = (request.form.get(field, "").strip() for field in ("key", "name", "category"))
    for text in (key, area):
        if not KEY.fullmatch(text):
            raise WrongProcessId(found=text)
    if file_of_decisions(key) is not None or repository.versions(g.uow, key, "decision"):
        raise DecisionIdTaken(key=key)
    drafts.save(g.uow, f"processes/{area}/{key}.dmn", blank_table(key, name or key), name=name)
    named_by.name("decision", key)
    return redirect(url_for(".edit_decision", key=key, **led_by()), 303)


@designer.get("/decisions/of/<decision>")
def decision_of(decision: str) -> ResponseReturnValue:
    """To the file that holds a decision; where there is none, to the page that makes one."""
    found = next((file for file in files() if decision in ids_of(file)), None)
    if found is None:
        return redirect(url_for(".new_decision", key=decision, **led_by()))
    return redirect(url_for(".edit_decision", key=found.key, _anchor=decision, **led_by()))


@designer.get("/decisions/edit/<key>")
def edit_decision(key: str) -> ResponseReturnValue:
    """The draft of file `key`; without one, the newest version as the start of one."""
    found = _existing(key)
    content = content_of(found)
    if held(found.path) is not None or not may("process.design"):
        return held_page("decision", found.path, found.name, content, found.draft)
    data = {
        "key": key, "person": g.reader.login,
        "xml": _for_the_editor(content).decode("utf-8", "replace"), "etag": etag_of(found.draft),
        "comments": drafts.comments.counts(g.uow, found.path),
        "addresses": {
            "known": url_for(".known_to_decision", key=key),
            "check": url_for(".check_decision", key=key), "draft": url_for(".save_decision", key=key),
            **of_draft("decision", key, found.path), "try": url_for(".try_decision", key=key),
            "simulate": url_for(".simulate_decision", key=key), "sheet": url_for(".decision_sheet", key=key),
            "scenarios": url_for(".cover_decision", key=key),
        },
        "limits": {"megabytes": datafile.FILE_LIMIT_MB, "rows": ROWS_LIMIT},
    }  # fmt: skip
    return page("designer/decision.html", block="body", file=found, page_data=as_script_data(data), **way_back())


@designer.get("/decisions/known/<key>")
def known_to_decision(key: str) -> ResponseReturnValue:
    """The steps that ask the file, what their processes know there, and the functions that its cells may use."""
    askers = list(decision_uses.asking(ids_of(_existing(key))))
    return jsonify(
        used=[one.told() for one in askers], variables=decision_uses.known(askers), functions=expressions.functions()
    )


@designer.post("/decisions/check/<key>")
@transaction.reads_only
def check_decision(key: str) -> ResponseReturnValue:
    """What is wrong with the file as it stands in the editor, and what its decisions read."""
    path, xml = _existing(key).path, body("xml")["xml"].encode("utf-8")
    found = [finding for finding in repository.check(g.uow, {path: xml}) if finding.resource in ("", path)]
    model = _reading(path, xml).model
    shown = findings_out(found)
    for line, finding in zip(shown, found, strict=True):
        line["rules"] = finding.facts.get("rules", [])
        line["numbers"] = [finding.facts[name] for name in ("first", "second", "rule") if name in finding.facts]
        line["numbers"] += finding.facts.get("beside", [])
    return jsonify(findings=shown, decisions=_decisions(model) if model is not None else [])


@designer.put("/decisions/drafts/<key>")
def save_decision(key: str) -> ResponseReturnValue:
    """Store the file; `If-Match` carries the ETag that the page has seen, or * to write over anything."""
    xml = body("xml")["xml"].encode("utf-8")
    found, seen = _existing(key), request.headers.get("If-Match", "")
    if seen not in (etag_of(found.draft), "*"):
        raise saved_by(found.draft)
    model = dmn.read(xml, found.path).model
    name = next((decision.name for decision in model.decisions), key) if model is not None else key
    version = found.draft.version if found.draft else 0
    saved = drafts.save(g.uow, found.path, xml, version=version, name=name)
    return jsonify(etag=etag_of(saved), saved_at=saved.saved_at.isoformat())


@designer.post("/decisions/try/<key>")
def try_decision(key: str) -> ResponseReturnValue:
    """Decide each of the rows that stand beside the table; nothing is stored."""
    sent = body("xml", "decision", "rows")
    try:
        rows = json.loads(sent["rows"])
    except ValueError:
        rows = None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or len(rows) > TESTS_LIMIT:
        raise NotAnObject(field="rows")
    model = _model(key, sent["xml"])
    wanted = [of.name for of in dmn.inputs(model, sent["decision"])]
    names = list(dict.fromkeys([*wanted, *(str(name) for row in rows for name in row)]))
    lines = [names, *([_text(row.get(name)) for name in names] for row in rows)]
    done = dmn.simulate(model, sent["decision"], lines, now=g.uow.now, rows_limit=TESTS_LIMIT, keep_empty=True)
    return jsonify(rows=[_row_out(row) for row in done.rows], coverage=_coverage_out(done))


@designer.post("/decisions/simulate/<key>")
def simulate_decision(key: str) -> ResponseReturnValue:
    """Decide each row of an uploaded file; `as=xlsx` answers the file with the results, else what the page shows."""
    xml, decision, upload = (
        request.form.get("xml", ""),
        request.form.get("decision", ""),
        request.files.get("file"),
    )
    if upload is None:
        raise NotAnObject(field="file")
    model = _model(key, xml)
    lines = datafile.rows(upload.filename or "", upload.read(), ROWS_LIMIT)
    done = dmn.simulate(model, decision, lines, now=g.uow.now, rows_limit=ROWS_LIMIT)
    if request.form.get("as") == "xlsx":
        return _download(key, lines, done)
    return jsonify(
        rows=[{**_row_out(row), "data": [_text(cell) for cell in lines[row.number - 1]]} for row in done.rows[:SHOWN]],
        heading=[_text(cell) for cell in lines[0]], count=len(done.rows), failed=done.failed, shown=SHOWN,
        coverage=_coverage_out(done), missing=done.missing, ignored=done.ignored,
    )  # fmt: skip


@designer.post("/decisions/sheet/<key>")
@transaction.reads_only
def decision_sheet(key: str) -> ResponseReturnValue:
    """The rules of a table as a sheet; with `file`, the file of decisions with the rules of that sheet."""
    xml, decision, upload = request.form.get("xml", ""), request.form.get("decision", ""), request.files.get("file")
    model = _model(key, xml)
    if upload is None:
        return _xlsx(key, datafile.as_xlsx(table_sheets.lines(model, decision)))
    lines = datafile.rows(upload.filename or "", upload.read(), ROWS_LIMIT)
    return jsonify(xml=table_sheets.with_rules(xml.encode("utf-8", "replace"), model, decision, lines).decode())


def _existing(key: str) -> DecisionFile:
    found = file_of_decisions(key)
    if found is None:
        raise NotFound(kind="decision", key=key)
    return found


def _for_the_editor(xml: bytes) -> bytes:
    """The editor knows DMN 1.3 only: the tables of the other versions are the same but for the namespace."""
    for namespace in _OTHER_MODELS:
        xml = xml.replace(namespace, _MODEL)
    return xml


def _model(key: str, xml: str) -> dmn.Model:
    reading = _reading(_existing(key).path, xml.encode("utf-8", "replace"))
    if reading.model is None:
        found = reading.findings[0]
        raise NoModel(reason=errors.words(found.message, found.facts))
    return reading.model


def _reading(path: str, xml: bytes) -> dmn.Reading:
    """A file, together with those that it imports."""
    together = {path: xml}
    if dmn.missing_imports(together):
        together |= {found.path: content_of(found) for found in files() if found.path != path}
    return dmn.read_all(together)[path]


def _decisions(model: dmn.Model) -> list[dict[str, Any]]:
    return [
        {
            "id": decision.id, "name": label(dict(decision.labels), decision.name),
            "inputs": [
                {
                    "name": of.name, "type": of.type, "allowed": of.allowed,
                    "label": label(dict(of.labels), of.label or of.name),
                }
                for of in dmn.inputs(model, decision.id)
            ],
        }
        for decision in model.decisions
    ]  # fmt: skip


def _row_out(row: Any) -> dict[str, Any]:
    return {
        "number": row.number, "value": "" if row.value is None else _shown(row.value), "passed": row.passed,
        "rules": [{"table": table, "number": number} for table, number in row.rules],
        "problems": [_problem(problem) for problem in row.problems],
    }  # fmt: skip


def _problem(problem: Problem) -> str:
    return errors.words(problem.message, problem.facts)


def _coverage_out(done: dmn.Simulation) -> list[dict[str, Any]]:
    return [
        {"table": of.table, "owner": of.owner, "rule": of.rule, "number": of.number, "hits": of.hits}
        for of in done.coverage
    ]


def _download(key: str, lines: list[list[Any]], done: dmn.Simulation) -> Response:
    return _xlsx(key, datafile.as_xlsx(datafile.with_results(lines, done, _problem)))


def _xlsx(key: str, content: bytes) -> Response:
    return serving.file(content, f"{key}.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")


def _shown(value: Any) -> str:
    return text_of([value])[1:-1]


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell)[:500]
