"""A set of files, read: which processes, decisions and forms they hold, and what is wrong with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine import bpmn, dmn, forms
from engine.bpmn import element_templates
from engine.bpmn.model import Definition as Drawing
from engine.bpmn.program import Program
from engine.db.definition import Kind
from engine.errors import N_, CannotCompile
from engine.findings import Finding, Level, errors_of

KINDS = {
    ".bpmn": Kind.PROCESS, ".dmn": Kind.DECISION, element_templates.ENDING: Kind.TEMPLATE, ".json": Kind.FORM,
    ".scenarios.yml": Kind.SCENARIOS,
}  # fmt: skip
"""by the end of a name; the first that fits"""


@dataclass(frozen=True, slots=True)
class Found:
    """One definition in a file. `content`: Program, dmn.Model, forms.Form or ElementTemplate."""

    kind: Kind
    key: str
    name: str
    path: str
    content: Any


@dataclass(slots=True)
class Reading:
    """`drawn`: what the reader made of each drawing, by path."""

    found: list[Found] = field(default_factory=list)
    drawn: dict[str, bpmn.Reading] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def drawings(self) -> dict[str, Drawing]:
        """Those that could be read, by path."""
        return {path: one.definition for path, one in self.drawn.items() if one.definition is not None}

    def of(self, kind: Kind) -> list[Found]:
        """The definitions of one kind."""
        return [found for found in self.found if found.kind is kind]

    @property
    def programs(self) -> list[Program]:
        """Compiled processes, not yet bound."""
        return [found.content for found in self.of(Kind.PROCESS)]


def kind_of(path: str) -> Kind | None:
    """By the end of its name; None for a file that nobody deploys."""
    return next((kind for ending, kind in KINDS.items() if path.endswith(ending)), None)


def read(resources: Mapping[str, bytes], readings: Mapping[str, bpmn.Reading] | None = None) -> Reading:
    """Read every file; never raises for bad input. `readings`: path -> a drawing that the caller has read already."""
    reading = Reading()
    decisions = dmn.read_all({path: content for path, content in resources.items() if kind_of(path) is Kind.DECISION})
    for path, content in sorted(resources.items()):
        match kind_of(path):
            case Kind.PROCESS:
                _read_drawing(reading, path, (readings or {}).get(path) or bpmn.read(content, path))
            case Kind.DECISION:
                _read_decisions(reading, path, decisions[path])
            case Kind.FORM:
                _read_form(reading, path, content)
            case Kind.TEMPLATE:
                _read_template(reading, path, content)
            case Kind.SCENARIOS:
                pass
            case None:
                message = N_("Expected a drawing, a decision, a form or scenarios, but the name ends otherwise.")
                hint = N_("Expected one of: {known}.")
                facts = {"known": ", ".join(KINDS)}
                reading.findings.append(
                    Finding("unknown-resource", Level.ERROR, None, message, facts, hint, resource=path)
                )
    _refuse_doubles(reading)
    return reading


def _read_drawing(reading: Reading, path: str, result: bpmn.Reading) -> None:
    reading.drawn[path] = result
    reading.findings += result.findings
    if result.definition is None:
        return
    if errors_of(result.findings):
        return
    for process in result.definition.executable:
        try:
            program = bpmn.compile(result.definition, process.id)
        except CannotCompile as error:
            reading.findings += [finding for finding in error.findings if finding not in reading.findings]
        else:
            reading.found.append(Found(Kind.PROCESS, process.id, program.name or process.id, path, program))


def _read_decisions(reading: Reading, path: str, result: dmn.Reading) -> None:
    reading.findings += result.findings
    if result.model is not None:
        for decision in (*result.model.decisions, *result.model.services):
            reading.found.append(Found(Kind.DECISION, decision.id, decision.name or decision.id, path, result.model))


def _read_form(reading: Reading, path: str, content: bytes) -> None:
    result = forms.read(content, path)
    reading.findings += result.findings
    if result.form is not None:
        reading.found.append(Found(Kind.FORM, result.form.id, result.form.id, path, result.form))


def _read_template(reading: Reading, path: str, content: bytes) -> None:
    result = element_templates.read(content, path)
    reading.findings += result.findings
    if result.template is not None:
        reading.found.append(Found(Kind.TEMPLATE, result.template.id, result.template.name, path, result.template))


def _refuse_doubles(reading: Reading) -> None:
    seen: dict[tuple[Kind, str], str] = {}
    for found in reading.found:
        other = seen.setdefault((found.kind, found.key), found.path)
        if other != found.path:
            message = N_("Expected id '{key}' in one file only, but {other} has it too.")
            reading.findings.append(
                Finding(
                    "id-twice", Level.ERROR, found.key, message, {"key": found.key, "other": other}, resource=found.path
                )
            )
