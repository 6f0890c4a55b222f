"""Whom a new version of a form or of a decision file concerns: processes that use it, their requests, their words."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from flask import g

from engine import batches, dmn, drafts, forms, repository
from engine.bpmn.model import Definition, Node
from engine.forms.model import leaves
from engine.repository import DefinitionInfo
from webui.designer import form_uses
from webui.designer.filing import File, content_of, file_of
from webui.rendering import label


@dataclass(frozen=True)
class Concerned:
    """A process that shows a form or asks a decision. `at_once`, `kept`: requests that run by a version of it which
    follows the newest one, or which keeps the one that it was published with. `follows`: new requests do.
    """

    key: str
    name: str
    follows: bool
    at_once: int
    kept: int


def concerned(file: File, content: bytes) -> list[Concerned]:
    """Deployed processes, by category and key."""
    ids = _ids(file, content)
    found = []
    for info in repository.latest_all(g.uow):
        running = batches.running_by_version(g.uow, info.key)
        bound = {one: _bindings(repository.drawing(g.uow, one), file.kind, ids) for one in {info.id, *running}}
        if any(bound.values()):
            found.append(_of(info, running, bound))
    return found


def missed(file: File, content: bytes) -> list[tuple[str, list[str]]]:
    """Fields of the newest version that the form no longer has, and where drawings still name each: permission lists,
    conditions, lists. A field that nobody names is left out.
    """
    if file.kind != "form" or file.latest is None:
        return []
    gone = _fields(repository.source(g.uow, file.latest.id), file.key) - _fields(content, file.key)
    named: dict[str, list[str]] = {}
    for one in form_uses.drawn() if gone else ():
        if any(one.showing(file.key)):
            for key, places in form_uses.of_fields(one.definition, file.key).items():
                named.setdefault(key, []).extend(f"{one.name} · {place}" for place in places)
    return [(key, named[key]) for key in sorted(gone & named.keys())]


def together(file: File) -> list[tuple[str, str]]:
    """Drawings in drafts that show the form, by key with their names: what is published with each is this draft too."""
    return _edited_showing({file.key}) if file.kind == "form" and file.draft is not None else []


def along(file: File, files: Collection[str]) -> list[tuple[str, str]]:
    """Other drawings in drafts, by key with their names, that show a form which is published with this drawing.

    `files`: paths of what is published with it.
    """
    shown = {path.removeprefix("forms/").removesuffix(".json") for path in files if path.startswith("forms/")}
    return [one for one in _edited_showing(shown) if one[0] != file.key] if file.kind == "process" and shown else []


def apart(file: File, files: Collection[str]) -> list[tuple[str, str]]:
    """Files of decisions that a drawing asks and that are edited, by key with their names: each is published by itself.

    `files`: paths of what is published with the drawing.
    """
    if file.kind != "process":
        return []
    asked = drafts.decisions_of(g.uow, content_of(file))
    edited = [one for one in drafts.waiting(g.uow) if one.path in asked and one.path not in files]
    return [(one.key, file_of("decision", one.key).name) for one in edited]


def _edited_showing(shown: Collection[str]) -> list[tuple[str, str]]:
    edited = {draft.key for draft in drafts.waiting(g.uow) if draft.kind == "process"}
    return [
        (one.key, one.name) for one in form_uses.drawn()
        if one.key in edited and any(any(one.showing(form)) for form in shown)
    ]  # fmt: skip


def _of(info: DefinitionInfo, running: dict[UUID, int], bound: dict[UUID, set[str]]) -> Concerned:
    at_once = sum(number for one, number in running.items() if "latest" in bound[one])
    kept = sum(number for one, number in running.items() if bound[one] and "latest" not in bound[one])
    return Concerned(info.key, label(info.labels, info.name), "latest" in bound[info.id], at_once, kept)


def _ids(file: File, content: bytes) -> set[str]:
    """What drawings call it: the form, or each decision that the file has or had."""
    if file.kind == "form":
        return {file.key}
    contents = [content, *([repository.source(g.uow, file.latest.id)] if file.latest is not None else [])]
    models = [dmn.read(one, file.path).model for one in contents]
    return {one.id for model in models if model is not None for one in (*model.decisions, *model.services)}


def _bindings(drawing: Definition, kind: str, ids: set[str]) -> set[str]:
    """How a drawing chooses the version: "latest", "deployment", "versionTag"."""
    nodes = [node for process in drawing.processes for node in process.all_nodes()]
    if kind == "form":
        return {node.extensions.form_binding for node in nodes if node.extensions.form in ids}
    return {how for node in nodes for how in _of_decision(node, ids)}


def _of_decision(node: Node, ids: set[str]) -> set[str]:
    called = node.extensions.decision
    asked = node.asked_decisions() & ids
    own = {called.binding} if called is not None and called.decision_id in ids else set()
    others = asked - ({called.decision_id} if called is not None else set())
    return own | ({"latest"} if others else set())


def _fields(content: bytes, key: str) -> set[str]:
    form = forms.read(content, key).form
    return {field.path for field in leaves(form.components)} if form is not None else set()
