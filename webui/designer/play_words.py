"""A trial in the words of the drawing and its forms: what was done, what was asked and given, what is known now."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import g
from flask_babel import gettext

from engine import feel, forms, identity, operations, repository
from engine.bpmn.model import Process
from engine.bpmn.program import Program
from engine.bpmn.steps import DecisionEvaluated
from engine.errors import NotFound
from engine.feel.temporal import read_duration
from engine.operations import Operation
from engine.runtime import InstanceView
from engine.scenarios.playing import Playing
from engine.scenarios.tracing import Choice, Seen
from engine.scenarios.words import Step
from engine.values import Values
from webui import operation_names, reasons, rendering
from webui.designer import conditions, results
from webui.designer.asking import about_requester, field_of, memberships, named_fields, people
from webui.rendering import label

_UNSEEN = ("process", "approval")
_TYPED = {
    "string": "text", "id": "text", "number": "number", "boolean": "boolean", "date": "date",
    "date and time": "moment",
}  # fmt: skip


@dataclass(frozen=True)
class Way:
    """A condition that was asked, as FEEL and in words; `read`: what it read."""

    flow: str
    condition: str
    words: str
    value: str
    taken: bool
    read: list["Datum"]


@dataclass(frozen=True)
class Act:
    """One step as the list shows it."""

    number: int
    title: str
    who: str
    choices: list[tuple[str, list[Way]]]
    decisions: list[tuple[str, str, tuple[reasons.Table, ...]]]
    calls: list[dict[str, Any]]
    thrown: list[tuple[str, str]]
    ended: str
    nodes: list[str]


@dataclass(frozen=True)
class Datum:
    """A value that the process knows. `label`: as its form or the operation that gave it calls it, else ""."""

    name: str
    label: str
    value: str


@dataclass
class Words:
    """Names of elements, fields and answers of operations of a drawing and of the processes that it calls."""

    names: dict[str, str] = field(default_factory=dict)
    fields: dict[str, conditions.Field] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    known: dict[str, dict[str, str]] = field(default_factory=memberships)
    people: dict[str, str] = field(default_factory=people)

    @property
    def asked(self) -> dict[str, conditions.Field]:
        """What conditions may ask about."""
        return self.fields | about_requester(self.people, self.known["in-department"])

    def learn(self, program: Program, definition_id: Any) -> "Words":
        """What this program and its forms call things; what is known already stays."""
        found = {node.id: label(node.labels, node.name) or node.id for node in program.nodes.values()}
        self.names = found | self.names
        for key in program.forms():
            try:
                form = repository.form(g.uow, key, definition_id)
            except NotFound:  # its name is computed, or it has gone
                continue
            named = {"person": self.people, "department": self.known["in-department"]}
            self.fields = {path: field_of(one, named) for path, one in named_fields(form)} | self.fields
        self.fields = results.beside(self.fields, _asked(program))
        self.answers = _given(
            (node.job.type.text, {".".join(one.target): one.source.text for one in node.outputs})
            for node in program.nodes.values() if node.job is not None
        ) | self.answers  # fmt: skip
        return self

    def of(self, node: str | None) -> str:
        """The name of an element."""
        return self.names.get(node or "", node or "")

    def value(self, name: str, value: Any) -> str:
        """As its form says it: the words of what was chosen."""
        options = self.fields[name].options if name in self.fields else {}
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            return "; ".join(self._row(name, row) for row in value)
        if isinstance(value, list):
            return rendering.value_text([options.get(str(part)) or part for part in value])
        return options.get(str(value)) or rendering.value_text(value)

    def data(self, values: Values) -> list[Datum]:
        """By name."""
        return [
            Datum(name, self._label(name), self.value(name, value))
            for name, value in sorted(values.items()) if name not in _UNSEEN
        ]  # fmt: skip

    def _row(self, name: str, row: Values) -> str:
        """One row of a list, its parts as the form calls them."""
        parts = [(self._label(f"{name}.{part}") or part, self.value(f"{name}.{part}", row[part])) for part in row]
        colon = gettext(": ")
        return ", ".join(word + colon + text for word, text in parts)

    def _label(self, name: str) -> str:
        return self.fields[name].label if name in self.fields else self.answers.get(name, "")


def given_in(process: Process) -> dict[str, str]:
    """What operations give, under the names that the drawing has for it: mapped as it is, or all of it."""
    return _given(
        (task.type, {one.target: one.source for one in node.extensions.outputs})
        for node in process.all_nodes() if (task := node.extensions.task) is not None
    )  # fmt: skip


def _given(tasks: Iterable[tuple[str, Mapping[str, str]]]) -> dict[str, str]:
    """`tasks`: the operation of each, and its mapped outputs with their sources."""
    found: dict[str, str] = {}
    catalogue = operations.catalog()
    for operation, mapped in tasks:
        given = catalogue[operation].outputs if operation in catalogue else {}
        outputs = {name: source.removeprefix("=").strip() for name, source in mapped.items()}
        for name, source in (outputs or dict(zip(given, given, strict=True))).items():
            if source in given:
                found.setdefault(name, operation_names.item(operation, source))
    return found


def _asked(program: Program) -> list[tuple[str, str]]:
    """Decisions that are called by their id, each with the name under which it answers."""
    calls = [node.call for node in program.nodes.values() if node.type == "businessRuleTask"]
    known = [call for call in calls if call is not None and call.id.expression is None]
    return [(call.id.text, call.result) for call in known if call.result]


def words_of(view: InstanceView) -> Words:
    """Those of an instance as it stands."""
    program = view.state.program
    words = Words().learn(program, view.instance.definition_id)
    for call in program.calls():
        for info in repository.versions(g.uow, call.id)[:1] if call.id else []:
            words.learn(repository.program(g.uow, info.id), info.id)
    return words


def acts(run: Playing, words: Words) -> list[Act]:
    """The start, and each step."""
    found = []
    for number, (step, seen) in enumerate(zip([None, *run.scenario.steps], run.seen, strict=True)):
        title, who = (gettext("Start"), run.scenario.person or "") if step is None else title_of(step, words)
        found.append(
            Act(
                number, title, called(who), [_choice(choice, words) for choice in seen.choices],
                [_decision(fact, words) for fact in seen.decisions], _calls(seen),
                [(words.of(node), name) for node, name in seen.thrown], seen.ended or "", seen.left,
            )
        )  # fmt: skip
    return found


def title_of(step: Step, words: Words) -> tuple[str, str]:
    """What is done, and the login of who does it."""
    name = words.of(step.name)
    said = {
        "agree": gettext("agreed: %(name)s", name=name), "reject": gettext("rejected: %(name)s", name=name),
        "complete": gettext("done: %(name)s", name=name), "return": gettext("sent back: %(name)s", name=name),
        "recall": gettext("taken back: %(name)s", name=name),
        "after": gettext("%(time)s later", time=_time(step.name)), "message": gettext("message %(name)s", name=name),
        "signal": gettext("signal %(name)s", name=name), "withdraw": gettext("withdrawn"),
        "submit again": gettext("submitted again"), "set": gettext("variables set"), "cancel": gettext("cancelled"),
        "meanwhile": gettext("meanwhile: %(name)s", name=operation_names.called(step.name)),
    }  # fmt: skip
    return said.get(step.act or step.verb, step.verb), step.person or ""


def _time(duration: str) -> str:
    found = read_duration(duration)
    return rendering.value_text(found) if isinstance(found, timedelta) else duration


def called(login: str) -> str:
    """A person by his login."""
    user = next(iter(identity.find(g.uow, [login])), None) if login else None
    return rendering.person(user) if user is not None else login


def _choice(choice: Choice, words: Words) -> tuple[str, list[Way]]:
    asked = words.asked
    ways = [
        Way(
            one.flow, one.condition, conditions.words_of(one.condition, asked, words.names, words.known),
            rendering.value_text(one.value), one.taken, words.data(one.read),
        )
        for one in choice.judged
    ]  # fmt: skip
    if choice.taken and not any(way.taken for way in ways):
        ways.append(Way(choice.taken[0], "", "", "", True, []))
    return words.of(choice.node), ways


def _decision(fact: DecisionEvaluated, words: Words) -> tuple[str, str, tuple[reasons.Table, ...]]:
    result = fact.result
    if isinstance(result, dict):
        result = ", ".join(f"{name}: {rendering.value_text(part)}" for name, part in result.items())
    tables = reasons.tables(fact.why, forms.WRITE_ALL)
    return words.names.get(fact.node, fact.decision), rendering.value_text(result), tables


def _calls(seen: Seen) -> list[dict[str, Any]]:
    catalogue, counted, found = operations.catalog(), Counter[str](), []
    for call in seen.calls:
        operation = catalogue[call.operation]
        found.append(
            {
                "name": call.operation, "label": label(operation.labels, call.operation), "how": call.how,
                "inputs": _titled(operation, call.inputs), "outputs": _titled(operation, call.outputs or {}),
                "code": call.code,
                "text": call.text, "broke": call.broke, "index": counted[call.operation],
                "answers": _answers(operation, call.outputs or {}), "errors": list(operation.errors),
            }
        )  # fmt: skip
        counted[call.operation] += 1
    return found


def _answers(operation: Operation, given: Values) -> list[tuple[str, str, str, str | None]]:
    """(name, title, how it is typed, what was given) of each result: as text, number, day or yes and no; the rest as
    FEEL. None: nothing was given.
    """
    kinds = {name: _TYPED.get(kind, "feel") for name, kind in operation.outputs.items()}
    return [
        (name, operation_names.item(operation.name, name), kind, _as_typed(kind, given.get(name)))
        for name, kind in kinds.items()
    ]


def _as_typed(kind: str, value: Any) -> str | None:
    if value is None or (isinstance(value, str) and kind != "feel"):
        return value
    text = feel.literal(value)
    return text.removeprefix('@"').removesuffix('"') if kind in ("date", "moment") else text


def _titled(operation: Operation, values: Values) -> list[tuple[str, str, str]]:
    """(name, title, value) of each input or result."""
    return [
        (name, operation_names.item(operation.name, name), rendering.value_text(value))
        for name, value in sorted(values.items())
        if name not in _UNSEEN
    ]
