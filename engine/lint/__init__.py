"""Checks of drawings before they are deployed: what the readers and the compiler find, and one rule per file."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from engine import bpmn, dmn, forms
from engine.bpmn import element_templates
from engine.errors import CannotCompile, Title
from engine.findings import Finding, Level
from engine.lint import rules
from engine.lint.levels import OFF, Levels
from engine.lint.levels import read as read_levels
from engine.lint.library import Drawn, KnownThings, Library, Remark
from engine.lint.variables import Variables, variables_of

__all__ = ["KnownThings", "Levels", "Rule", "Variables", "check", "discovered", "levels_in", "variables"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A file of `rules`. `code`: its name in kebab-case; `level`: unless the caller says otherwise."""

    code: str
    level: Level
    check: Callable[[Drawn, Library], Iterable[Remark]]
    doc: str


def check(
    resources: Mapping[str, bytes],
    catalog: Mapping[str, Any],
    levels: Levels | None = None,
    known: KnownThings | None = None,
    readings: Mapping[str, bpmn.Reading] | None = None,
) -> list[Finding]:
    """Everything that is wrong with these files, errors first.

    `resources`: path -> content; .bpmn, .dmn and .json are read, other files are left alone. `catalog`: operations by
    name. `levels`: what is set for a rule instead of what it brings. `known`: what is deployed and may be referred to.
    `readings`: path -> a drawing of `resources` that the caller has read already.
    """
    levels = levels or Levels()
    library = Library(catalog, known or KnownThings())
    findings = _read(resources, library, readings)
    for drawn in library.processes.values():
        for rule in discovered().values():
            findings.extend(_finding(rule, drawn, remark) for remark in rule.check(drawn, library))
    judged: list[Finding] = []
    for finding in findings:
        level = levels.of(finding.rule, finding.resource) or _usual(finding)
        if level != OFF:
            judged.append(finding if level is None else replace(finding, level=Level(level)))
    order = list(Level)
    return sorted(_once(judged), key=lambda finding: order.index(finding.level))


def variables(
    resources: Mapping[str, bytes],
    catalog: Mapping[str, Any],
    known: KnownThings | None = None,
    readings: Mapping[str, bpmn.Reading] | None = None,
) -> dict[str, Variables]:
    """What the expressions of each process in these files may read, by process id. `readings`: as in `check`."""
    library = Library(catalog, known or KnownThings())
    _read(resources, library, readings)
    return {key: variables_of(drawn, library) for key, drawn in library.processes.items()}


def levels_in(text: str) -> Levels:
    """What a `lint.yml` sets: rules, constraints of the standard and findings about tables. Raises WrongLevels."""
    return read_levels(text, frozenset((*discovered(), *bpmn.CONSTRAINTS, *dmn.ANALYSIS)))


@cache
def discovered() -> dict[str, Rule]:
    """Every rule, by code."""
    found = {}
    for info in sorted(pkgutil.iter_modules(rules.__path__), key=lambda item: item.name):
        module = importlib.import_module(f"{rules.__name__}.{info.name}")
        code = info.name.replace("_", "-")
        found[code] = Rule(code, module.LEVEL, module.check, module.__doc__ or "")
    return found


def _usual(finding: Finding) -> str | None:
    """Off for a constraint that is looked at only when somebody asks for it, else None: the level that it has."""
    constraint = bpmn.CONSTRAINTS.get(finding.rule)
    return OFF if constraint is not None and constraint.level is None else None


def _read(
    resources: Mapping[str, bytes], library: Library, readings: Mapping[str, bpmn.Reading] | None = None
) -> list[Finding]:
    findings: list[Finding] = []
    decisions = dmn.read_all({path: content for path, content in resources.items() if path.endswith(".dmn")})
    for path, content in resources.items():
        if path.endswith(".bpmn"):
            reading = (readings or {}).get(path) or bpmn.read(content, path)
            findings.extend(_read_process(path, content, reading, library))
        elif path.endswith(".dmn"):
            decision = decisions[path]
            findings.extend(decision.findings)
            if decision.model is not None:
                findings.extend(dmn.analyse(decision.model))
                library.add_decision(decision.model)
        elif path.endswith(".json") and not path.endswith(element_templates.ENDING):
            form = forms.read(content, path)
            findings.extend(form.findings)
            if form.form is not None:
                library.add_form(path, form.form)
    return findings


def _read_process(path: str, content: bytes, reading: bpmn.Reading, library: Library) -> list[Finding]:
    findings = list(reading.findings)
    if reading.definition is None:
        return findings
    findings.extend(bpmn.violations(content, path, reading.findings))
    for process in reading.definition.executable:
        program = None
        try:
            program = bpmn.compile(reading.definition, process.id)
        except CannotCompile as error:
            findings.extend(error.findings)
        library.processes[process.id] = Drawn(process, program, path)
    return findings


def _finding(rule: Rule, drawn: Drawn, remark: Remark) -> Finding:
    element = remark.element
    facts = {"element": element.id, "name": Title(element.name or element.id, element.labels), **remark.facts}
    return Finding(
        rule.code, remark.level or rule.level, element.id, remark.message, facts, remark.hint, element.line,
        fixes=remark.fixes, resource=drawn.resource,
    )  # fmt: skip


def _once(findings: list[Finding]) -> list[Finding]:
    """A finding that both the reader and the compiler report counts once."""
    kept: dict[tuple[Any, ...], Finding] = {}
    for finding in findings:
        facts = tuple(sorted((name, repr(value)) for name, value in finding.facts.items()))
        key = (finding.rule, finding.level, finding.resource, finding.element_id, finding.line, finding.path, facts)
        kept.setdefault(key, finding)
    return list(kept.values())
