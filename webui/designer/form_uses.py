"""Where forms and their fields are used: steps that show them, and what else of a drawing names a field."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

from flask import g
from flask_babel import gettext

from engine import drafts, forms, repository
from engine.bpmn import read
from engine.bpmn.model import Definition, Node, Process
from engine.forms import Permissions
from webui.designer.form_fields import names_in
from webui.designer.vocabulary import PERMISSIONS
from webui.rendering import label


@dataclass(frozen=True)
class Use:
    """A start or a step that shows a form. `permissions`: what its people may do with each field."""

    process: str
    process_name: str
    element: str
    name: str
    permissions: Permissions

    @property
    def id(self) -> str:
        """Names it among all uses of a form."""
        return f"{self.process}#{self.element}"


@dataclass(frozen=True)
class Drawn:
    """A process as it is drawn now: its draft, or its newest version."""

    key: str
    name: str
    definition: Definition

    def showing(self, form_id: str) -> Iterator[Use]:
        """Its steps that show the form."""
        for process in self.definition.processes:
            for node in process.all_nodes():
                if node.extensions.form == form_id:
                    name = label(node.labels, node.name) or node.id
                    yield Use(self.key, self.name, node.id, name, _permissions(node, process))


def drawn() -> list[Drawn]:
    """Every process that can be read, by key."""
    deployed = {info.key: info for info in repository.latest_all(g.uow)}
    found = {}
    for draft in drafts.list_(g.uow):
        if draft.kind == "process":
            definition = read(drafts.open_(g.uow, draft.path).content, draft.path).definition
            if definition is not None:
                process = definition.process(draft.key)
                name = label(process.labels, process.name or "") if process is not None else ""
                found[draft.key] = Drawn(draft.key, name or draft.name or draft.key, definition)
    for key, info in deployed.items():
        if key not in found:
            found[key] = Drawn(key, label(info.labels, info.name), repository.drawing(g.uow, info.id))
    return [found[key] for key in sorted(found)]


def of_fields(definition: Definition, form_id: str) -> dict[str, list[str]]:
    """Where the drawing names a field: key -> words. Steps with this form, conditions, what lists show."""
    found: dict[str, list[str]] = {}
    words = dict(PERMISSIONS)
    for process in definition.processes:
        for node in process.all_nodes():
            for line in node.extensions.fields if node.extensions.form == form_id else ():
                said = gettext(words.get(line.permission, line.permission))
                found.setdefault(line.id, []).append(f"{label(node.labels, node.name) or node.id}: {said}")
        for scope in process.all_scopes():
            for flow in scope.flows:
                name = label(flow.labels, flow.name) or flow.id
                for key in sorted(names_in(flow.condition)):
                    found.setdefault(key, []).append(gettext("condition of “%(branch)s”", branch=name))
        for key in process.extensions.summary:
            found.setdefault(key, []).append(gettext("shown in lists"))
    return found


def _permissions(node: Node, process: Process) -> Permissions:
    """Those of a step; whoever starts a request fills in everything."""
    extensions = node.extensions
    if node.type == "startEvent":
        return forms.WRITE_ALL
    default = extensions.default_permission or process.extensions.default_permission or "write"
    return forms.permissions.of(SimpleNamespace(fields=extensions.fields, default_permission=default))
