"""场景: what was played is kept as a scenario of the process; all are run, and what they go through is shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask import Response, flash, g, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import bpmn, drafts, repository, scenarios
from engine.db.definition import Kind
from engine.errors import N_, DeploymentRefused, EngineError, InvalidValue, NotFound, Phrase
from engine.findings import Finding
from engine.scenarios import Result, lasting, nightly, playing, saying, writing
from engine.scenarios.coverage import Coverage
from engine.scenarios.lasting import DRAFT, Played
from engine.unit_of_work import Actor
from webui import errors
from webui.designer.blueprint import designer
from webui.designer.checked import findings_of
from webui.designer.filing import file_of
from webui.designer.library import Opened, draft_of, opened_drawing
from webui.designer.play import broken, files_of, installation, reading, script_of, sent_script, stage
from webui.designer.scenario_files import path_of, told_in
from webui.rendering import as_script_data, label, page
from webui.scenario_runs import told
from webui.transaction import own_transactions, shows_again

LONGEST_NAME = 200


@dataclass(frozen=True)
class Outcome:
    """One scenario on the page, `key` in its file; `failure` says in one sentence what was not as told.

    `passed` is None: not run yet.
    """

    name: str
    key: str
    passed: bool | None = None
    failure: str = ""
    milliseconds: int = 0


@dataclass(frozen=True)
class Trial:
    """What is tried of a process as it stands: `files` by path, `edited` those that differ from what is deployed.

    `told`: its scenarios. `version`: of the process when nothing of it is edited, else DRAFT.
    """

    opened: Opened
    files: dict[str, bytes]
    edited: frozenset[str]
    told: str
    version: int

    @property
    def digest(self) -> str:
        """Of what makes it another trial."""
        files = {path: self.files[path] for path in {*self.edited, self.opened.path} & set(self.files)}
        return lasting.digest_of(files, self.opened.path, self.told)


@designer.get("/scenarios/<key>")
def scenario_list(key: str) -> ResponseReturnValue:
    """The scenarios of a process as it is drawn, or how those of a `version` went last. Raises NotFound."""
    opened = opened_drawing(key)
    version = request.args.get("version", type=int)
    return _shown(opened) if version is None or version == trial(key).version else _shown_of(opened, version)


@designer.post("/scenarios/<key>")
@own_transactions
def run_scenarios(key: str) -> ResponseReturnValue:
    """Run all of them on the draft, or on what is deployed, and say what they go through."""
    try:
        played(key)
    except DeploymentRefused as refused:
        with reading(installation()):
            return _shown(opened_drawing(key), wrong=refused.findings), refused.status
    return redirect(url_for(".scenario_list", key=key), 303)


@designer.post("/scenarios")
def run_all_scenarios() -> ResponseReturnValue:
    """Have those of everything that is deployed played now, by a job."""
    nightly.ask(g.uow)
    return redirect(url_for(".library"), 303)


def _again(error: EngineError, key: str) -> ResponseReturnValue:
    return _shown(opened_drawing(key), error=error)


@designer.post("/scenarios/<key>/remove")
@shows_again(_again)
def remove_scenario(key: str) -> ResponseReturnValue:
    """Take one out of the draft of the file."""
    opened, name = opened_drawing(key), request.form.get("name", "")
    keep(opened, writing.removed(told_in(opened), name, key))
    flash(gettext("“%(name)s” is removed from the draft of the scenarios.", name=name), "success")
    return redirect(url_for(".scenario_list", key=key), 303)


def trial(key: str, along: Sequence[str] = ()) -> Trial:
    """What is tried now, beside the drawings `along`. Raises NotFound."""
    opened, *others = map(opened_drawing, (key, *along))
    files = {path: content for one in (*others, opened) for path, content in files_of(one.path, one.xml).items()}
    edited = {path for path, content in files.items() if _deployed(path) != content}
    text = told_in(opened)
    if text != lasting.deployed(g.uow, opened.path):
        edited.add(path_of(opened))
    version = DRAFT if edited or opened.latest is None else opened.latest.version
    return Trial(opened, files, frozenset(edited), text, version)


def _deployed(path: str) -> bytes | None:
    """The newest version of a file."""
    kind, key = drafts.place(path)
    found = (
        repository.decisions_in(g.uow, path) if kind is Kind.DECISION else repository.versions(g.uow, key, kind.name)
    )
    return repository.source(g.uow, found[0].id) if found else None


def played(key: str, along: Sequence[str] = ()) -> Played:
    """All scenarios, run now beside the drafts of the drawings `along`, and kept. Opens units of work of its own.

    Raises NotFound, WrongScenario, DeploymentRefused.
    """
    with reading(installation()):
        tried = trial(key, along)
    stories = _stories(tried.told, key)
    with stage().trying(tried.files) as world:
        stage().forget()
        found = lasting.play_all(world, key, stories)
    with installation().unit_of_work(Actor(g.reader.id)) as uow:
        lasting.keep(uow, key, tried.version, tried.digest, found)
    return found


def outcomes_of(results: Iterable[Result]) -> list[Outcome]:
    """As the reader is told of them."""
    return [
        Outcome(
            label(one.name.labels, one.name), str(one.name), one.passed,
            errors.words(one.failure.template, one.failure.facts) if one.failure else "",
            round(one.took.total_seconds() * 1000),
        )
        for one in results
    ]  # fmt: skip


@designer.post("/play/<key>/scenario")
@own_transactions
def save_scenario(key: str) -> ResponseReturnValue:
    """Add what was played to the draft of the scenarios; they are published with the drawing."""
    sent = sent_script()
    name = str(sent.get("name") or "").strip()
    if not name or len(name) > LONGEST_NAME:
        raise InvalidValue(
            expected=Phrase(N_("a name of 1 to {limit} characters"), limit=LONGEST_NAME), found=str(len(name))
        )
    with reading(installation()):
        script = script_of(key, sent)
    if script.story is None:
        raise InvalidValue(expected=N_("something that was played"), found=N_("nothing"))
    with stage().trying(script.files) as world:
        run, stopped = playing.follow(stage(), world, script.story, sample=script.sample)
        if stopped is not None or run.instance_id is None:
            raise InvalidValue(
                expected=N_("steps that can all be done"),
                found=Phrase(N_("step {number}"), number=stopped.number if stopped else 0),
            )
        item = saying.story_of(name, run, script.item)
    with installation().unit_of_work(Actor(g.reader.id)) as g.uow:
        try:
            opened = opened_drawing(key)
            keep(opened, writing.added(told_in(opened), item, key))
        finally:
            g.pop("uow")
    return jsonify(name=name, address=url_for(".scenario_list", key=key)), 201


def keep(opened: Opened, text: str) -> None:
    """Save the file of scenarios."""
    there = draft_of(opened.key, "scenarios")
    path, version = (there.path, there.version) if there is not None else (path_of(opened), 0)
    drafts.save(g.uow, path, text.encode(), version=version, name=opened.line.name)


def _shown(opened: Opened, error: EngineError | None = None, wrong: Sequence[Finding] = ()) -> Response:
    """`wrong`: why nothing could be run."""
    tried = trial(opened.key)
    run = lasting.of(g.uow, opened.key).get(tried.version)
    known = {one.key: one for one in outcomes_of(run.results)} if run is not None else {}
    named = [Outcome(label(one.name.labels, one.name), str(one.name)) for one in _stories(tried.told, opened.key)]
    fresh = run is not None and run.digest == tried.digest
    found = run.covered if run is not None and fresh else None
    return page(
        "designer/scenarios.html", block="content", key=opened.key, name=opened.line.name, past=None, error=error,
        outcomes=[known.get(one.key, one) for one in named], found=found, run=run and told(run, not fresh),
        flows=_flows(opened.xml) if found is not None else {},
        edited=any((one.kind, one.key) == ("scenarios", opened.key) for one in drafts.waiting(g.uow)),
        findings=findings_of(file_of("process", opened.key), tried.files, list(wrong)) if wrong else [],
        broken=broken(tried.files, wrong) if wrong else "",
        drawing=found and as_script_data(_drawing(opened.xml, found)),
    )  # fmt: skip


def _shown_of(opened: Opened, version: int) -> Response:
    """Of a version, while something else is drawn: nothing of it can be changed or run."""
    run = lasting.of(g.uow, opened.key).get(version)
    info = next((one for one in repository.versions(g.uow, opened.key) if one.version == version), None)
    if run is None or info is None:
        raise NotFound(kind="version", key=f"{opened.key} {version}")
    xml = repository.source(g.uow, info.id)
    return page(
        "designer/scenarios.html", block="content", key=opened.key, name=opened.line.name, past=version, error=None,
        findings=[], edited=False,
        outcomes=outcomes_of(run.results), found=run.covered, run=told(run), flows=_flows(xml),
        drawing=as_script_data(_drawing(xml, run.covered)),
    )  # fmt: skip


def _stories(text: str, key: str) -> list[scenarios.Scenario]:
    return scenarios.read(text, "scenarios", key) if text else []


def _flows(xml: bytes) -> dict[str, tuple[str, str, str]]:
    """From where, by which name, to where: by id."""
    read = bpmn.read(xml).definition
    scopes = [scope for process in read.processes for scope in process.all_scopes()] if read is not None else []
    names = {node.id: label(node.labels, node.name) or node.id for scope in scopes for node in scope.nodes.values()}
    return {
        flow.id: (names[flow.source], label(flow.labels, flow.name), names[flow.target])
        for scope in scopes for flow in scope.flows
    }  # fmt: skip


def _drawing(xml: bytes, found: Coverage) -> dict[str, object]:
    return {
        "xml": xml.decode("utf-8", "replace"), "markers": dict.fromkeys(found.nodes, "passed"),
        "flows": list(found.flows.covered), "ahead": list(found.flows.missing), "whole": True,
    }  # fmt: skip
