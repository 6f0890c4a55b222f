"""场景: what was played is kept as a scenario of the process; all are run, and what they go through is shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, flash, g, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import drafts, repository, runtime, scenarios
from engine.errors import N_, DeploymentRefused, EngineError, InvalidValue, Phrase
from engine.findings import Finding
from engine.scenarios import coverage, playing, saying, writing
from engine.scenarios.coverage import Coverage
from engine.scenarios.tracing import Trace
from engine.unit_of_work import Actor
from webui import errors
from webui.designer.blueprint import designer
from webui.designer.checked import findings_of
from webui.designer.filing import file_of
from webui.designer.library import Opened, draft_of, opened_drawing
from webui.designer.play import files_of, installation, reading, script_of, sent_script, stage
from webui.designer.scenario_files import path_of, told_in
from webui.rendering import as_script_data, label, page
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
class Played:
    """What came of all scenarios of a process, and what they went through. `flows`: (from, name, to) by id."""

    opened: Opened
    outcomes: list[Outcome]
    covered: Coverage
    flows: dict[str, tuple[str, str, str]]


@designer.get("/scenarios/<key>")
def scenario_list(key: str) -> ResponseReturnValue:
    """The scenarios of a process."""
    opened = opened_drawing(key)
    return _shown(opened)


@designer.post("/scenarios/<key>")
@own_transactions
def run_scenarios(key: str) -> ResponseReturnValue:
    """Run all of them on the draft, or on what is deployed, and say what they go through."""
    try:
        ran = played(key)
    except DeploymentRefused as refused:
        with reading(installation()):
            return _shown(opened_drawing(key), wrong=refused.findings), refused.status
    with reading(installation()):
        return _shown(ran.opened, ran)


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


def played(key: str, along: Sequence[str] = ()) -> Played:
    """All scenarios, run now beside the drafts of the drawings `along`. Opens units of work of its own.

    Raises NotFound, DeploymentRefused.
    """
    with reading(installation()):
        opened = opened_drawing(key)
        files, stories = files_of(opened.path, opened.xml), _stories(opened)
        for other in map(opened_drawing, along):
            files |= files_of(other.path, other.xml)
    trace = Trace()
    with stage().trying(files) as world:
        stage().forget()
        with runtime.watching(trace):
            results = list(scenarios.play(stories, world))
        with reading(world.engine, world.actor(None)):
            world_program = repository.program(g.uow, repository.latest(g.uow, key).id)
            asked = [reference.id for reference in world_program.decisions() if reference.id]
            models = [(found, repository.decision(g.uow, found)) for found in dict.fromkeys(asked)]
            covered = coverage.of(world_program, trace.acts, models)
            names = {node.id: label(node.labels, node.name) or node.id for node in world_program.nodes.values()}
            flows = {edge.id: (names[edge.source.id], edge.name, names[edge.target.id])
                     for edge in world_program.flows.values()}  # fmt: skip
    outcomes = [
        Outcome(
            label(one.name.labels, one.name), str(one.name), one.passed,
            errors.words(one.failure.template, one.failure.facts), round(one.took.total_seconds() * 1000),
        )
        for one in results
    ]  # fmt: skip
    return Played(opened, outcomes, covered, flows)


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


def _shown(
    opened: Opened, ran: Played | None = None, error: EngineError | None = None, wrong: Sequence[Finding] = ()
) -> Response:
    """`wrong`: why nothing could be run."""
    files = files_of(opened.path, opened.xml) if wrong else {}
    named = [Outcome(label(story.name.labels, story.name), str(story.name)) for story in _stories(opened)]
    return page(
        "designer/scenarios.html", block="content", key=opened.key, name=opened.line.name, error=error,
        outcomes=named if ran is None else ran.outcomes, found=ran and ran.covered, flows=ran and ran.flows,
        edited=draft_of(opened.key, "scenarios") is not None,
        findings=findings_of(file_of("process", opened.key), files, list(wrong)),
        drawing=ran and as_script_data(_drawing(ran.opened.xml, ran.covered)),
    )  # fmt: skip


def _stories(opened: Opened) -> list[scenarios.Scenario]:
    text = told_in(opened)
    return scenarios.read(text, "scenarios", opened.key) if text else []


def _drawing(xml: bytes, found: Coverage) -> dict[str, object]:
    return {
        "xml": xml.decode("utf-8", "replace"), "markers": dict.fromkeys(found.nodes, "passed"),
        "flows": list(found.flows.covered), "ahead": list(found.flows.missing), "whole": True,
    }  # fmt: skip
