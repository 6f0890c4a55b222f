"""What decisions answer, as conditions ask about it: the columns of their tables, with the words of their values."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from flask import g

from engine import feel, repository
from engine.bpmn.model import Process
from engine.dmn.model import SINGLE_HIT, Decision, DecisionTable, Model, OutputClause
from engine.errors import NotFound
from webui.designer.asking import about_requester, fields_of
from webui.designer.conditions import DATE, LIST, MOMENT, NUMBER, TEXT, TRUTH, Field
from webui.designer.decision_files import drawn_models
from webui.rendering import label

_TYPES = frozenset((NUMBER, TEXT, TRUTH, DATE, MOMENT))


def start_form(process: Process) -> str | None:
    """The form that begins it."""
    start = next((node for node in process.nodes.values() if node.type == "startEvent"), None)
    return start.extensions.form if start is not None else None


def asked_of(
    process: Process, people: Mapping[str, str] | None = None, departments: Mapping[str, str] | None = None
) -> dict[str, Field]:
    """What conditions may ask about: the form that starts the process, what decisions answer, and the requester.

    `people`, `departments`: names by login and key.
    """
    called = [node.extensions.decision for node in process.all_nodes() if node.extensions.decision is not None]
    fields = fields_of(start_form(process), people, departments)
    answers = beside(fields, [(one.decision_id, one.result_variable) for one in called])
    return answers | about_requester(people, departments)


def beside(fields: Mapping[str, Field], called: Sequence[tuple[str, str]]) -> dict[str, Field]:
    """Fields of a form, and what decisions write beside them. `called`: (decision, name under which it answers)."""
    drawn = drawn_models() if called else {}
    answers = [found for key, name in called for found in answers_of(model_of(key, drawn), key, name)]
    return {**fields, **{found.key: found for found in answers if found.key not in fields}}


def model_of(decision_id: str, drawn: dict[str, Model]) -> Model | None:
    """As it will be once what is drawn is published. `drawn`: the models of drafts."""
    if decision_id in drawn:
        return drawn[decision_id]
    try:
        return repository.decision(g.uow, decision_id)
    except NotFound:
        return None


def answers_of(model: Model | None, decision_id: str, name: str) -> list[Field]:
    """What the decision gives under `name`: itself, or each column of several. Other than tables say nothing of it."""
    decision = model.elements.get(decision_id) if model is not None else None
    if not isinstance(decision, Decision) or not isinstance(decision.logic, DecisionTable):
        return []
    table = decision.logic
    several = len(table.outputs) > 1
    many = table.hit_policy not in SINGLE_HIT
    if many and (several or table.aggregation):
        return []
    title = "" if several else label(dict(decision.labels), decision.name)
    return [
        _field(f"{name}.{output.name}" if several else name, title, output, _texts(table, place), many)
        for place, output in enumerate(table.outputs)
    ]


def _field(key: str, title: str, output: OutputClause, texts: list[str], many: bool) -> Field:
    of = output.type or (TEXT if texts else "")
    options = {text: label(output.words.get(text, {}), output.words.get(text, {}).get("", text)) for text in texts}
    words = label(output.labels, output.label) or title or output.name or key
    return Field(key, words, LIST if many else of if of in _TYPES else "", options)


def _texts(table: DecisionTable, place: int) -> list[str]:
    """The texts that a column may give, as they stand in its rows and its default; the check says what is no FEEL."""
    cells = [rule.outputs[place] for rule in table.rules] + [table.outputs[place].default or ""]
    values: list[Any] = []
    for cell in dict.fromkeys(cells):
        with suppress(feel.FeelSyntaxError):
            values.append(feel.evaluate(cell, {}).value if cell.startswith('"') else None)
    return [value for value in dict.fromkeys(values) if isinstance(value, str)]
