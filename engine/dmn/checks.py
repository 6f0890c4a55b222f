"""What is wrong with a model before anything is decided: texts that are not FEEL, cycles, tables that cannot work."""

from collections.abc import Iterator
from typing import Any, Literal

from engine.dmn import model as m
from engine.dmn.program import parts_of, program_of
from engine.errors import N_
from engine.feel import FeelSyntaxError
from engine.findings import Finding, Level


def check(model: m.Model) -> list[Finding]:
    """Findings of one model."""
    return [*_cycles(model), *_texts(model), *_tables(model)]


def _finding(model: m.Model, rule: str, element: str, line: int | None, message: str, **facts: Any) -> Finding:
    return Finding(rule, Level.ERROR, element, message, facts, line=line, resource=model.resource)


def expressions_of(model: m.Model) -> Iterator[m.Expression]:
    """Every boxed expression of a model, inner ones too."""
    waiting: list[m.Expression] = [
        element.logic
        for element in model.elements.values()
        if isinstance(element, m.Decision | m.Knowledge) and element.logic is not None
    ]
    while waiting:
        expression = waiting.pop()
        yield expression
        waiting.extend(parts_of(expression))


def _texts(model: m.Model) -> Iterator[Finding]:
    program = program_of(model)
    texts: list[tuple[str, int | None, str, Literal["expression", "unary_tests"]]] = []
    for expression in expressions_of(model):
        if isinstance(expression, m.Literal):
            texts.append((expression.id, expression.line, expression.text, "expression"))
        if isinstance(expression, m.DecisionTable):
            texts += _table_texts(expression)
    for owner, line, text, mode in texts:
        if not text:
            continue
        try:
            program.compile(text, mode)
        except FeelSyntaxError as error:
            yield _finding(
                model, "feel-syntax", owner, line,
                N_("Expected {expected} at position {position}, found {found}: {text}"),
                **{name: error.facts[name] for name in ("expected", "position", "found", "text")},
            )  # fmt: skip


def _table_texts(
    table: m.DecisionTable,
) -> Iterator[tuple[str, int | None, str, Literal["expression", "unary_tests"]]]:
    for clause in table.inputs:
        yield clause.id or table.id, clause.line, clause.text, "expression"
        yield clause.id or table.id, clause.line, clause.values, "unary_tests"
    for output in table.outputs:
        yield output.id or table.id, output.line, output.default or "", "expression"
        yield output.id or table.id, output.line, f"[{output.values}]" if output.values else "", "expression"
    for rule in table.rules:
        for test in rule.tests:
            yield rule.id, rule.line, test, "unary_tests"
        for result in rule.outputs:
            yield rule.id, rule.line, result, "expression"


def _tables(model: m.Model) -> Iterator[Finding]:
    for expression in expressions_of(model):
        if not isinstance(expression, m.DecisionTable):
            continue
        if expression.hit_policy in ("P", "O") and not any(output.values for output in expression.outputs):
            yield _finding(
                model, "priority-values", expression.id, expression.line,
                N_("Expected the allowed values of an output, best first: hit policy {policy} ranks by them."),
                policy=expression.hit_policy,
            )  # fmt: skip
        if len(expression.outputs) > 1 and not all(output.name for output in expression.outputs):
            yield _finding(
                model, "output-name", expression.id, expression.line,
                N_("Expected each of several output columns to have a name."),
            )  # fmt: skip


def _cycles(model: m.Model) -> Iterator[Finding]:
    done: set[str] = set()
    for start in model.elements.values():
        trail: list[tuple[str, Iterator[m.Requirement]]] = []
        if start.id not in done:
            trail.append((start.id, iter(m.requirements_of(start))))
        on_trail = {start.id}
        while trail:
            current, requirements = trail[-1]
            requirement = next(requirements, None)
            if requirement is None:
                trail.pop()
                on_trail.discard(current)
                done.add(current)
            elif requirement.id in on_trail and model.model_of(requirement) is model:
                if not (requirement.id == current and isinstance(model.elements[current], m.Knowledge)):
                    yield _finding(
                        model, "cycle", current, model.elements[current].line, N_("'{name}' requires itself."),
                        name=model.elements[requirement.id].name,
                    )  # fmt: skip
            elif model.model_of(requirement) is model and requirement.id not in done:
                below = model.elements.get(requirement.id)
                if below is not None:
                    trail.append((below.id, iter(m.requirements_of(below))))
                    on_trail.add(below.id)
