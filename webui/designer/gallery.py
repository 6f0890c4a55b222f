"""Templates: ready processes to begin with. Whoever uses one gets a draft with ids, a form and decisions of its own."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import bpmn, drafts, forms, repository
from engine.bpmn.imports.writing import to_bytes
from engine.bpmn.model import Process
from engine.bpmn.outline import settings
from engine.bpmn.parser.xml import Element, parse
from engine.errors import N_, EngineError, NotFound
from webui import transaction
from webui.designer.blueprint import designer
from webui.designer.library import KEY, ProcessIdTaken, WrongProcessId, areas, draft_of, fresh_id, path_of
from webui.designer.thumbnail import thumbnail
from webui.languages import language
from webui.rendering import label, page

FOLDERS = ("", "templates")
"""libraries inside the library whose processes are offered"""
_STORY = re.compile(rb"^\s*- name:", re.MULTILINE)
_DECISION = re.compile(rb"<(?:\w+:)?decision\b[^>]*?\bid=\"([^\"]+)\"")


class TemplateBroken(EngineError):
    """A file of the library that cannot be read."""

    message = N_("The template {path} cannot be read.")
    hint = N_("Run: troika process lint, and correct the file.")
    status = 422


@dataclass(frozen=True)
class Template:
    """A process of a library folder. `folder`: the library; `path`: of the drawing in it."""

    folder: Path
    path: str
    xml: bytes
    process: Process

    @property
    def key(self) -> str:
        """The id of the process."""
        return self.process.id

    @property
    def name(self) -> str:
        """In the reader's language."""
        return label(self.process.labels, self.process.name) or self.key

    @property
    def about(self) -> str:
        """What it does: the documentation of the process in the reader's language, else in that of the drawing.

        BPMN has a place for several documentations and none for their language: the id of another one ends with it.
        """
        owner = next(found for found in parse(self.xml, self.path).iter("{*}process") if found.get("id") == self.key)
        texts = {
            found.get("id", "").rpartition("_about_")[2]: found.text or ""
            for found in owner.iterchildren("{*}documentation")
        }
        first = next(iter(texts.values()), "")
        return " ".join(texts.get(language(), first).split())

    @property
    def forms(self) -> list[str]:
        """Ids of the forms that it uses."""
        named = {node.extensions.form for node in self.process.all_nodes() if node.extensions.form}
        return sorted(form for form in named if (self.folder / "forms" / f"{form}.json").is_file())

    @property
    def decisions(self) -> dict[str, Path]:
        """Ids of the decisions that it asks, with their files."""
        named = {key for node in self.process.all_nodes() for key in node.asked_decisions()}
        files = sorted((self.folder / self.path).parent.glob("*.dmn"))
        asked = ((key.decode(), file) for file in files for key in _DECISION.findall(file.read_bytes()))
        return {key: file for key, file in asked if key in named}

    @property
    def scenarios(self) -> Path | None:
        """How it must behave."""
        found = (self.folder / self.path).with_suffix(".scenarios.yml")
        return found if found.is_file() else None


@designer.get("/templates/")
def gallery() -> ResponseReturnValue:
    """Every template with a picture of it."""
    return page("designer/gallery.html", block="content", templates=listed(g.uow.settings.library), thumbnail=thumbnail)


@designer.get("/templates/<key>")
def template(key: str) -> ResponseReturnValue:
    """One template, and what the copy is called."""
    found = _template(key)
    suggested = fresh_id(key)
    values = {
        "key": suggested, "category": found.path.split("/")[1], "name": found.process.name,
        "name_en": found.process.labels.get("en", ""),
    }  # fmt: skip
    return page("designer/template.html", block="content", **_shown(found), values=values, error=None)


def _template_again(error: EngineError, key: str) -> str:
    return render_template("designer/template.html", **_shown(_template(key)), values=request.form, error=error)


@designer.post("/templates/<key>")
@transaction.shows_again(_template_again)
def use_template(key: str) -> ResponseReturnValue:
    """A draft of it with its forms, decisions and scenarios under new ids; then its cards."""
    found = _template(key)
    name, english, own, area = (request.form.get(field, "").strip() for field in ("name", "name_en", "key", "category"))
    for text in (own, area):
        if not KEY.fullmatch(text):
            raise WrongProcessId(found=text)
    if repository.versions(g.uow, own) or draft_of(own) is not None:
        raise ProcessIdTaken(key=own)
    for path, content in copies(found, own, name or found.process.name, english, area).items():
        drafts.save(g.uow, path, content, name=name if path.endswith(".bpmn") else "")
    flash(gettext("Here is your own copy. Change what is different with you, then publish it."), "success")
    return redirect(url_for(".simple", key=own), 303)


def listed(library: Path, key: str = "*") -> list[Template]:
    """What the library folder holds, its own processes first; only `key` if it is given. Raises TemplateBroken."""
    found = []
    for folder in (library / inside for inside in FOLDERS):
        for file in sorted((folder / "processes").glob(f"*/{key}.bpmn")):
            path, xml = file.relative_to(folder).as_posix(), file.read_bytes()
            definition = bpmn.read(xml, path).definition
            if definition is None or not definition.executable:
                raise TemplateBroken(path=path)
            found.append(Template(folder, path, xml, definition.executable[0]))
    return found


def copies(found: Template, key: str, name: str, english: str, area: str) -> dict[str, bytes]:
    """The files of a template under ids of its own: path in the library -> content."""
    own_forms = {form: f"{area}/{_own(key, found.key, form.rpartition('/')[2])}" for form in found.forms}
    own_decisions = {decision: _own(key, "", decision) for decision in found.decisions}
    files = {path_of(area, key): _own_drawing(found, key, (name, english), area, own_forms, own_decisions)}
    for form, own in own_forms.items():
        document = json.loads((found.folder / "forms" / f"{form}.json").read_bytes())
        files[f"forms/{own}.json"] = (json.dumps({**document, "id": own}, ensure_ascii=False, indent=2) + "\n").encode(
            "utf-8"
        )
    for file in dict.fromkeys(found.decisions.values()):
        first = next(own for decision, own in own_decisions.items() if found.decisions[decision] == file)
        files[f"processes/{area}/{first}.dmn"] = _own_table(file.read_bytes(), own_decisions)
    if found.scenarios is not None:
        files[f"processes/{area}/{key}.scenarios.yml"] = found.scenarios.read_bytes()
    return files


def _own(key: str, old: str, name: str) -> str:
    """The new name of a file: that of the process where it had its name, else that name behind it."""
    return key if name == old else f"{key}_{name}"


def _own_drawing(
    found: Template, key: str, names: tuple[str, str], area: str, own_forms: dict[str, str], decisions: dict[str, str]
) -> bytes:
    root = parse(found.xml, found.path, keep_comments=True)
    for element in root.iter("*"):
        for word, new in (("formId", own_forms), ("decisionId", decisions)):
            if element.get(word) in new:
                element.set(word, new[element.get(word)])
        for word in ("bpmnElement", "processRef"):
            if element.get(word) == found.key:
                element.set(word, key)
    owner = next(element for element in root.iter("{*}process") if element.get("id") == found.key)
    owner.set("id", key)
    owner.set("{urn:troika:bpmn:1.0}category", area)
    settings.name(owner, *names)
    return to_bytes(root)


def _own_table(content: bytes, own: dict[str, str]) -> bytes:
    root: Element = parse(content, "", keep_comments=True)
    for element in root.iter("*"):
        if element.get("id") in own and element.tag.endswith("}decision"):
            element.set("id", own[element.get("id")])
        for word in ("href", "dmnElementRef"):
            target = (element.get(word) or "").removeprefix("#")
            if target in own:
                element.set(word, element.get(word).replace(target, own[target]))
    return to_bytes(root)


def _template(key: str) -> Template:
    found = next(iter(listed(g.uow.settings.library, key)), None) if KEY.fullmatch(key) else None
    if found is None:
        raise NotFound(kind="template", key=key)
    return found


def _shown(found: Template) -> dict[str, Any]:
    names = {}
    for form in found.forms:
        read = forms.read((found.folder / "forms" / f"{form}.json").read_bytes(), form).form
        names[form] = [label(field.labels, field.label) for field in read.fields if field.label] if read else []
    return {
        "found": found, "picture": thumbnail(found.xml, labelled=True), "fields": names, "areas": areas(),
        "scenario_count": len(_STORY.findall(found.scenarios.read_bytes())) if found.scenarios else 0,
    }  # fmt: skip
