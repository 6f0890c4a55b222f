"""Where decisions are asked, and what their askers know there: names of data with types, words and what they may be."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import g, url_for

from engine import feel, repository
from engine.bpmn.model import Definition
from engine.feel.types import Type, common
from engine.forms.model import FormField, leaves
from engine.lint import Variables
from webui.designer import expressions, form_uses
from webui.designer.asking import about_requester, form_of, memberships, people
from webui.designer.drawing import with_forms
from webui.designer.form_uses import Drawn
from webui.designer.library import opened_drawing
from webui.rendering import label

_OWN = ("process", "approval")
"""what every process knows: asked for by a path, seldom as it is"""


@dataclass(frozen=True)
class Asker:
    """A step that asks a decision, or whose people a decision names."""

    process: Drawn
    element: str
    name: str
    decision: str

    def told(self) -> dict[str, str]:
        """For the page of the decision; the address leads to the step."""
        address = url_for(".editor", key=self.process.key) + f"#{self.element}"
        return {"process": self.process.name, "name": self.name, "decision": self.decision, "address": address}


def asking(ids: set[str]) -> Iterator[Asker]:
    """The steps of all drawings, as they are drawn now."""
    for one in form_uses.drawn():
        for process in one.definition.processes:
            for node in process.all_nodes():
                for decision in sorted(node.asked_decisions() & ids):
                    yield Asker(one, node.id, label(node.labels, node.name) or node.id, decision)


def known(askers: list[Asker]) -> list[dict[str, Any]]:
    """Data of their processes by name, those of forms first, in the order of the form. As `expressions.names`, with
    `label`: the word of the form, and `choices`: [value as FEEL, word] of what it may be.
    """
    together = Variables()
    words: dict[str, FormField] = {}
    for one in {asker.process.key: asker.process for asker in askers}.values():
        opened = opened_drawing(one.key)
        found = repository.variables(g.uow, with_forms(opened.path, opened.xml)).get(one.key, Variables())
        for name, of in found.types.items():
            before = together.types.get(name)
            together.types[name] = of if before is None else common([before, of])
        for field in _fields(one.definition):
            words.setdefault(field.path, field)
    named = {"person": people(), "department": memberships()["in-department"]} if askers else {}
    lines = [
        _line(line, together.types[line["name"]], words.get(line["name"]), named)
        for line in expressions.names(together)
    ] + _requester(named)
    place = {name: number for number, name in enumerate(words)}
    return sorted(lines, key=lambda line: (line["name"].partition(".")[0] in _OWN, place.get(line["name"], len(place))))


def _line(
    line: dict[str, Any], of: Type, field: FormField | None, named: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    if field is not None and field.type in named:
        choices = _literals(named[field.type])
    elif field is not None and field.options:
        choices = [[feel.literal(one.value), label(one.labels, one.labels.get("", ""))] for one in field.options]
    else:
        choices = [[feel.literal(one), ""] for one in of.options or ()]
    return {**line, "label": label(field.labels, field.label) if field is not None else "", "choices": choices}


def _requester(named: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """Who asks and for which department, as conditions ask about them."""
    asked = about_requester(named.get("person"), named.get("department")) if named else {}
    return [
        {"name": key, "type": "string", "options": None, "entries": [], "origin": None, "label": one.label,
         "choices": _literals(one.options)}
        for key, one in asked.items()
    ]  # fmt: skip


def _literals(words: Mapping[str, str]) -> list[list[str]]:
    return [[feel.literal(value), word] for value, word in words.items()]


def _fields(definition: Definition) -> Iterator[FormField]:
    for key in definition.forms:
        form = form_of(key)
        if form is not None:
            yield from leaves(form.components)
