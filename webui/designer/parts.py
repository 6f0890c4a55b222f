"""The forms and decisions of one process: the only one is opened at once, several are a list."""

from dataclasses import dataclass
from typing import Any

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from engine import bpmn
from engine.bpmn.model import Node
from webui.access import may
from webui.designer.asking import form_of, title_of
from webui.designer.blueprint import designer
from webui.designer.decision_files import files, ids_of
from webui.designer.library import Opened, opened_drawing
from webui.rendering import label, page


@dataclass(frozen=True)
class Part:
    """A form or a file of decisions. `steps`: of the drawing, each with its editor, which leads back to that step."""

    name: str
    key: str
    steps: list[tuple[str, str]]


@designer.get("/parts/<key>/forms")
def forms_of_process(key: str) -> ResponseReturnValue:
    """Those that its start and its steps show."""
    opened = opened_drawing(key)
    shown: dict[str, list[Node]] = {}
    for node in _nodes(opened):
        if node.extensions.form:
            shown.setdefault(node.extensions.form, []).append(node)
    parts = [
        Part(title_of(form_of(form), form), form, _steps(key, nodes, "designer.build_form", form_id=form))
        for form, nodes in shown.items() if form_of(form) is not None
    ]  # fmt: skip
    return _shown(opened, "forms", parts)


@designer.get("/parts/<key>/decisions")
def decisions_of_process(key: str) -> ResponseReturnValue:
    """Those that its steps ask."""
    opened = opened_drawing(key)
    asking = [(node, node.asked_decisions()) for node in _nodes(opened)]
    parts = []
    for file in files() if any(asked for _, asked in asking) else ():
        held = ids_of(file)
        nodes = [node for node, asked in asking if asked & held]
        if nodes:
            parts.append(Part(file.name, file.key, _steps(key, nodes, "designer.edit_decision", key=file.key)))
    return _shown(opened, "decisions", parts)


def _shown(opened: Opened, kind: str, parts: list[Part]) -> ResponseReturnValue:
    if len(parts) == 1 and may("process.design"):
        return redirect(parts[0].steps[0][1])
    return page("designer/parts.html", block="content", line=opened.line, kind=kind, parts=parts)


def _nodes(opened: Opened) -> list[Node]:
    definition = bpmn.read(opened.xml, opened.path).definition
    return [node for one in definition.processes for node in one.all_nodes()] if definition is not None else []


def _steps(process: str, nodes: list[Node], editor: str, **of: Any) -> list[tuple[str, str]]:
    return [
        (label(node.labels, node.name) or node.id, url_for(editor, process=process, element=node.id, **of))
        for node in nodes
    ]
