"""试运行: a draft is tried step by step, as anybody, on a copy of the company in memory. Nothing is stored."""

import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import current_app, g, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import drafts, forms, identity, repository, tasks
from engine.errors import N_, DeploymentRefused, EngineError, InvalidValue
from engine.findings import Finding
from engine.process_engine import ProcessEngine
from engine.scenarios import playing, saying, words
from engine.scenarios.playing import OpenTask, Playing, Position, Stopped
from engine.scenarios.running import Failed
from engine.scenarios.stage import Stage
from engine.scenarios.words import Scenario
from engine.scenarios.world import World
from engine.unit_of_work import Actor
from engine.values import Values
from webui import errors, filling, rendering, route
from webui.designer.blueprint import designer
from webui.designer.drawing import NotAnObject, findings_out, path_of_draft
from webui.designer.filing import file_of
from webui.designer.library import opened_drawing
from webui.designer.play_words import acts, words_of
from webui.designer.scenario_files import told_in
from webui.rendering import label, render_block
from webui.transaction import own_transactions

_ACTS = ("agree", "reject", "complete", "return")
_MANY = 500


class StepNotPossible(EngineError):
    """The drawing or an answer has changed, and a step that was played no longer fits."""

    message = N_("Step {number} cannot be done any more: the process is elsewhere now.")
    hint = N_("The steps before it stand; go on from there.")
    status = 422


@dataclass(frozen=True)
class Script:
    """What the page sends: the drawing as it stands on the canvas, and everything that was done so far."""

    key: str
    files: dict[str, bytes]
    story: Scenario | None
    item: dict[str, Any]
    person: str
    sample: bool
    at: tuple[str, str]
    typed: Values
    again: bool
    """the last step was taken back: what was typed for it is shown again"""
    follows: dict[str, Any] | None = None
    """the scenario of the file that is played: its name, how many of its steps (`acts`) of how many (`all`)"""


@designer.post("/play/<key>")
@own_transactions
def play(key: str) -> ResponseReturnValue:
    """Play from the start to the last step: marks for the canvas, and the panel beside it."""
    sent = sent_script()
    with reading(installation()):
        script = script_of(key, sent)
    try:
        with stage().trying(script.files) as world:
            if script.story is None:
                stage().forget()
                world.again(words.NOW)
                return _to_start(script, world, None)
            run, stopped = playing.follow(stage(), world, script.story, sample=script.sample)
            if run.instance_id is None:
                return _to_start(script, world, stopped)
            return _standing(script, run, stopped)
    except DeploymentRefused as refused:
        drawing = sent["xml"].encode("utf-8", "surrogatepass")
        with reading(installation()):
            text = broken(script.files, refused.findings)
            return jsonify(detail=text, findings=findings_out(refused.findings, drawing)), refused.status


def broken(files: Collection[str], told: Iterable[Finding]) -> str:
    """Why nothing is tried: the drawing has errors, or decision tables that it asks, which are named."""
    wrong = sorted({one.resource for one in told} & {path for path in files if path.endswith(".dmn")})
    if not wrong:
        return gettext("The drawing cannot be tried while it has errors.")
    names = [file_of("decision", drafts.place(path)[1]).name for path in wrong]
    return gettext("It cannot be tried while these decision tables have errors: %(names)s", names=", ".join(names))


@contextmanager
def reading(engine: ProcessEngine, actor: Actor | None = None) -> Iterator[None]:
    """`g.uow` reads in `engine` as `actor`, the reader unless given."""
    with engine.unit_of_work(actor or Actor(g.reader.id), read_only=True) as g.uow:
        try:
            yield
        finally:
            g.pop("uow")


def stage() -> Stage:
    """The copy of this installation; one for each process of the server."""
    found: Stage | None = current_app.extensions.get("troika_stage")
    if found is None or found.engine is not installation():
        found = current_app.extensions["troika_stage"] = Stage(installation())
    return found


def files_of(path: str, xml: bytes) -> dict[str, bytes]:
    """A drawing with the drafts of forms and decisions that it names."""
    decisions = {place: content for place, (content, _) in drafts.decisions_of(g.uow, xml).items()}
    return {path: xml} | drafts.forms_of(g.uow, xml) | decisions


def installation() -> ProcessEngine:
    """The engine of this site."""
    engine: ProcessEngine = current_app.extensions["troika"]
    return engine


def sent_script() -> dict[str, Any]:
    """The body, numbers exact. Raises NotAnObject."""
    try:
        sent = json.loads(request.get_data(), parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise NotAnObject(field="xml") from None
    if not isinstance(sent, dict) or not isinstance(sent.get("xml"), str):
        raise NotAnObject(field="xml")
    return sent


def _no_number(text: str) -> Any:
    raise ValueError(text)


def script_of(key: str, sent: dict[str, Any]) -> Script:
    """What is to be played. Raises InvalidValue, WrongScenario."""
    xml = sent["xml"].encode("utf-8", "surrogatepass")
    person, told = str(sent.get("person") or g.reader.login), sent.get("steps") or []
    given, at = sent.get("given"), sent.get("at") or ["", ""]
    if not isinstance(told, list) or not isinstance(at, list) or len(at) != 2:
        raise InvalidValue(expected=N_("a list of steps"), found=str(told)[:80])
    typed = sent.get("typed") if isinstance(sent.get("typed"), dict) else {}
    story, follows = None, None
    item: dict[str, Any] = {}
    head: dict[str, Any] = {}
    if isinstance(sent.get("follows"), dict):
        head, item, follows = _followed(key, sent["follows"])
        item = item | {"steps": [*item["steps"], *saying.steps(told)]}
        person = str(item["as"])
    elif isinstance(given, dict):
        item = {"name": "trial", "as": person, "given": saying.plain(given), "steps": saying.steps(told)}
    if item:
        story = words.told(item, head, key)
    files = files_of(path_of_draft(key), xml)
    return Script(
        key, files, story, item, person, bool(sent.get("sample")), (str(at[0]), str(at[1])), typed or {},
        sent.get("again") is True, follows,
    )  # fmt: skip


def _followed(key: str, asked: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A scenario of the file up to one of its steps: (head of the file, the scenario, what the page says of it)."""
    name, acts = str(asked.get("name")), asked.get("acts")
    if not isinstance(acts, Decimal) or acts < 0:
        raise InvalidValue(expected=N_("a number of steps"), found=str(acts)[:80])
    head, item = words.as_told(told_in(opened_drawing(key)), "scenarios", name)
    steps = item.get("steps") or []
    every = sum("operation" not in step for step in steps)
    done = every if acts > every else int(acts)
    item = {"as": head.get("as") or g.reader.login, "given": {}, **item, "steps": words.acts_of(steps, done)}
    return head, item, {"name": name, "acts": done, "all": every}


# ---------------------------------------------------------------- before the start


def _to_start(script: Script, world: World, stopped: Stopped | None) -> ResponseReturnValue:
    """The start form of whoever starts."""
    error = stopped.error if stopped is not None else None
    refused = error if isinstance(error, EngineError) else None
    with reading(world.engine, world.actor(script.person)):
        info = repository.latest(g.uow, script.key)
        form_id = repository.program(g.uow, info.id).start_form
        form = repository.form(g.uow, form_id, info.id) if form_id else None
        shown = None
        if form is not None:
            typed = script.typed or None
            shown = filling.shown(form, forms.blank(form), forms.WRITE_ALL, typed=typed, error=refused)
        html = render_block(
            "designer/play.html", "start", form=shown, problems=filling.problems(form, refused), person=script.person,
            people=[(user.login, rendering.person(user)) for user in identity.users(g.uow, limit=_MANY)],
            error=_explained(error, 0) if error is not None else "", sample=script.sample, now=g.uow.now,
        )  # fmt: skip
    return jsonify(html=html, started=False, markers={}, flows=[], fresh=[]), 422 if error is not None else 200


# ---------------------------------------------------------------- where it stands


def _standing(script: Script, run: Playing, stopped: Stopped | None) -> ResponseReturnValue:
    position = run.position()
    refused = stopped is not None and script.story is not None and stopped.number == len(script.story.steps)
    task = _looked_at(script, run, position, stopped.error if stopped is not None and refused else None)
    with reading(run.world.engine, run.world.actor(None)):
        said = words_of(position.view)
        html = render_block(
            "designer/play.html", "standing", position=position, words=said, task=task, sample=script.sample,
            acts=acts(run, said), follows=script.follows, person=script.person,
            variables=said.data(position.view.variables),
            error=_explained(stopped.error, stopped.number, again=not refused) if stopped is not None else "",
            after=playing.duration_between(position.now, position.due[0].at) if position.due else "",
            incidents=[(said.of(one.node), rendering.incident(one)) for one in position.view.incidents],
            reason=route.reason,
        )  # fmt: skip
    flows = [flow for seen in run.seen for process, flow in seen.flows if process == script.key]
    passed = {node: "passed" for seen in run.seen for node in seen.left}
    answer = jsonify(
        html=html, started=True, steps=len(run.seen) - 1, markers=passed | position.view.markers,
        flows=list(dict.fromkeys(flows)), fresh=[flow for process, flow in run.seen[-1].flows if process == script.key],
        ended=position.view.instance.ended_code, follows=script.follows,
        stopped=stopped.number if stopped is not None else None,
    )  # fmt: skip
    return answer, 422 if refused else 200


def _looked_at(script: Script, run: Playing, position: Position, error: EngineError | Failed | None) -> dict[str, Any]:
    """The task that the reader looks at, as the chosen person would see it; the first one when he chose none."""
    ready = [(task, user) for task in position.tasks if not task.waits for user in task.people]
    chosen = next((pair for pair in ready if (pair[0].node, pair[1].login) == script.at), ready[0] if ready else None)
    if chosen is None:
        return {}
    open_task, user = chosen
    refused = error if isinstance(error, EngineError) else None
    with reading(run.world.engine, run.world.actor(user.login)):
        seen = tasks.get(g.uow, open_task.item)
        form = repository.form(g.uow, seen.form_id, seen.definition_id) if seen.form_id else None
        typed = script.typed if error is not None or script.again else None
        shown = None
        if form is not None:
            shown = filling.shown(
                form, seen.values, seen.permissions, typed=typed, error=refused, request_of=seen.instance_id
            )
        targets = tasks.targets(g.uow, open_task.item) if "return" in seen.actions else []
        return {
            "node": open_task.node, "login": user.login, "who": rendering.person(user), "form": shown,
            "problems": filling.problems(form, refused), "opinion": seen.opinion,
            "name": label(seen.labels, seen.name), "actions": _offered(open_task, seen.actions),
            "targets": [(one.word, _target(one)) for one in targets if not one.refused],
        }  # fmt: skip


def _target(one: tasks.Target) -> str:
    return gettext("The requester") if one.word == "initiator" else label(one.labels, one.name)


def _offered(task: OpenTask, actions: tuple[str, ...]) -> list[str]:
    """What can be tried; a task of a group is claimed by whoever acts."""
    if task.group and not set(actions) & set(_ACTS):
        return ["agree", "reject"] if task.approval else ["complete"]
    return [act for act in _ACTS if act in actions]


def _explained(error: EngineError | Failed, number: int, *, again: bool = False) -> str:
    """Why a step was refused; why one that had been played cannot be played any more."""
    if isinstance(error, EngineError) and not again:
        return errors.explain(error)
    return errors.explain(StepNotPossible(number=number))
