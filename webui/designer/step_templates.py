"""Step templates: saved from a step on the canvas, offered in its menus, listed with who, when and where used."""

import json
import re
from typing import Any

from flask import Response, flash, g, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import bpmn, identity, repository
from engine.bpmn import element_templates
from engine.bpmn.element_templates import SERVICE, TYPE, ElementTemplate, Setting
from engine.errors import N_, EngineError, InvalidValue, NotFound
from engine.repository.templates import TemplateInfo
from engine.values import storable
from webui import serving
from webui.designer.blueprint import designer
from webui.designer.drawing import NotAnObject, body, path_of_draft
from webui.designer.library import draft_of, name_of
from webui.designer.ready_steps import about, icon_of, offered, operation_of, wanting
from webui.designer.way_back import way_back
from webui.once import Once
from webui.rendering import label, page, person

_LONGEST = 200


class TemplateNotNamed(EngineError):
    """A step template is read in both languages."""

    message = N_("Expected a name in Chinese and one in English, {limit} characters each at most.")
    hint = N_("Fill in both.")
    status = 422


class TemplateSavedMeanwhile(EngineError):
    """The version on which somebody builds the next one is not the newest any more."""

    message = N_("{name} saved version {version} of this step template at {at}.")
    hint = N_("Load the page again to see it; nothing was written over.")
    status = 409


@designer.get("/step-templates/")
def step_templates() -> ResponseReturnValue:
    """What there is, who saved it and when, which processes have a step of it; what was withdrawn comes last."""
    offered_now, withdrawn = repository.templates.list_(g.uow), repository.templates.list_(g.uow, withdrawn=True)
    found, used = offered_now + withdrawn, repository.templates.uses(g.uow)
    by = {user.id: person(user) for user in identity.find(g.uow, {info.by for info in found if info.by})}
    lines = [
        (info, label(info.template.labels, info.template.name), about(info.template), wanting(info.template),
         [(key, name_of(key), steps) for key, steps in _by_process(used.get(info.template.id, ()))])
        for info in found
    ]  # fmt: skip
    gone = {info.template.id for info in withdrawn}
    return page(
        "designer/step_templates.html", block="content", lines=lines, operation=operation_of, by=by, gone=gone,
        **way_back(),
    )  # fmt: skip


@designer.get("/step-templates/<key>.json")
def step_template_file(key: str) -> Response:
    """The file, as it lies in the library and as Camunda's modeler reads it."""
    info = _one(key)
    return serving.file(repository.source(g.uow, info.id), f"{key}{element_templates.ENDING}", "application/json")


@designer.post("/step-templates/")
def save_step_template() -> ResponseReturnValue:
    """A step of the drawing as a template. `id`: of the one that gets its next version, "" for a new one; `If-Match`:
    the version of it that the page has seen. `fixed`: what the users of the template keep, as `input name`,
    `output name` or `retries`; `icon`: "" for that of the version before; `request_id`: the same send counts once.
    """
    sent = body("key", "xml", "element", "id", "zh", "en", "about_zh", "about_en", "icon")
    fixed = request.get_json().get("fixed")
    if not isinstance(fixed, list) or not all(isinstance(one, str) for one in fixed):
        raise NotAnObject(field="fixed")
    labels = {"": sent["zh"].strip(), "en": sent["en"].strip()}
    if not all(0 < len(text) <= _LONGEST for text in labels.values()):
        raise TemplateNotNamed(limit=_LONGEST)
    area = _area_of(sent["key"])
    g.uow.alone("deploy")
    once = Once(g.uow, "web.step_template", _request_id(), json.dumps([sent, fixed]))
    known = once.instance()
    if known is not None:
        return jsonify(id=repository.definition(g.uow, known).key, templates=offered())
    before = _before(sent["id"])
    xml = sent["xml"].encode("utf-8")
    node = _node(xml, sent["element"])
    service = node.type == SERVICE
    made = ElementTemplate(
        id=sent["id"] or _new_id(labels["en"]), version=1, labels=labels,
        icon=icon_of(sent["icon"]) or (before.icon if before is not None else ""),
        abouts={"": sent["about_zh"].strip(), "en": sent["about_en"].strip()}, element=node.type,
        settings=tuple(_kept(node, set(fixed))) if service else (),
        preset="" if service else element_templates.preset_of(xml, sent["element"]),
    )  # fmt: skip
    if before is not None and before.element != made.element:
        raise InvalidValue(expected=N_("the same kind of step as the version before"), found=made.element)
    path, content = repository.templates.following(g.uow, area, made)
    repository.deploy(g.uow, {path: content})
    once.made(_one(made.id).id)
    return jsonify(id=made.id, templates=offered())


@designer.post("/step-templates/<key>/withdraw")
def withdraw_step_template(key: str) -> ResponseReturnValue:
    """Offer it no longer."""
    repository.templates.withdraw(g.uow, key)
    flash(gettext("The step template is withdrawn; steps that were made of it stay."), "success")
    return redirect(url_for(".step_templates"), 303)


@designer.post("/step-templates/<key>/offer")
def offer_step_template(key: str) -> ResponseReturnValue:
    """Offer again what was withdrawn."""
    repository.templates.offer(g.uow, key)
    flash(gettext("The step template is offered again."), "success")
    return redirect(url_for(".step_templates"), 303)


def _request_id() -> str:
    """What the page carried, "" when it came without."""
    found = request.get_json().get("request_id", "")
    if not isinstance(found, str) or not storable(found):
        raise NotAnObject(field="request_id")
    return found


def _one(key: str) -> TemplateInfo:
    found = next((info for info in repository.templates.list_(g.uow) if info.template.id == key), None)
    if found is None:
        raise NotFound(kind="template", key=key)
    return found


def _area_of(process: str) -> str:
    """Raises NotFound."""
    if draft_of(process) is None and not repository.versions(g.uow, process):
        raise NotFound(kind="process", key=process)
    return path_of_draft(process).split("/")[1]


def _before(key: str) -> ElementTemplate | None:
    """What the next version follows. Raises NotFound, TemplateSavedMeanwhile."""
    if not key:
        return None
    info = _one(key)
    if request.headers.get("If-Match", "") != str(info.template.version):
        by = person(identity.user(g.uow, info.by) if info.by is not None else None)
        raise TemplateSavedMeanwhile(name=by, version=info.template.version, at=info.at)
    return info.template


def _node(xml: bytes, element_id: str) -> Any:
    """The step in the drawing. Raises InvalidValue."""
    drawing = bpmn.read(xml).definition
    nodes = [node for process in drawing.processes for node in process.all_nodes()] if drawing is not None else []
    kinds = (SERVICE, element_templates.USER)
    found = next((node for node in nodes if node.id == element_id and node.type in kinds), None)
    if found is None or (found.type == SERVICE and found.extensions.task is None):
        raise InvalidValue(expected=N_("a user task, or an automatic step with an operation"), found=element_id)
    return found


def _kept(node: Any, fixed: set[str]) -> list[Setting]:
    return [
        Setting(one.kind, one.name, one.value, one.kind == TYPE or f"{one.kind} {one.name}".strip() in fixed)
        for one in element_templates.settings_of(node)
    ]


def _new_id(name: str) -> str:
    """An id that no template has or ever had, from its English name."""
    stem = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:50]
    stem = stem if element_templates.KEY.fullmatch(stem) else "step_template"
    number = 1
    while repository.versions(g.uow, stem if number == 1 else f"{stem}_{number}", "template"):
        number += 1
    return stem if number == 1 else f"{stem}_{number}"


def _by_process(uses: Any) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for process, step, _ in uses:
        found.setdefault(process, []).append(step)
    return sorted(found.items())
