"""What is wrong with a model before anything is decided: texts that are not FEEL, cycles, tables that cannot work."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from engine.dmn import model as m
from engine.dmn.program import Text, expressions_in, free_names, program_of, texts_of
from engine.errors import N_
from engine.feel import FeelSyntaxError
from engine.feel.builtins.conversion import constant
from engine.findings import Finding, Level


def check(model: m.Model) -> list[Finding]:
    """Findings of one model."""
    return [*_cycles(model), *_texts(model), *_types(model), *_scopes(model), *_tables(model)]


def _finding(
    model: m.Model, rule: str, element: str, line: int | None, message: str, level: Level = Level.ERROR,
    hint: str = "", **facts: Any,
) -> Finding:  # fmt: skip
    return Finding(rule, level, element, message, facts, hint, line=line, resource=model.resource)


def expressions_of(model: m.Model) -> Iterator[m.Expression]:
    """Every boxed expression of a model, inner ones too."""
    for element in model.elements.values():
        yield from expressions_in(element)


def _texts(model: m.Model) -> Iterator[Finding]:
    program = program_of(model)
    texts = (text for expression in expressions_of(model) for text in texts_of(expression))
    for owner, line, text, mode in (*texts, *_constraints(model)):
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


def _constraints(model: m.Model) -> Iterator[Text]:
    for definition in _definitions(model):
        for text in (definition.allowed, definition.constraint):
            yield definition.name, definition.line, text, "unary_tests"


def _definitions(model: m.Model) -> Iterator[m.ItemDefinition]:
    """Item definitions and their components at any depth."""
    waiting = list(model.types.values())
    while waiting:
        definition = waiting.pop()
        yield definition
        waiting += definition.components


# ---------------------------------------------------------------- types


def _types(model: m.Model) -> Iterator[Finding]:
    """A typeRef that names nothing would be read as Any: no value would ever be checked."""
    known = program_of(model).types
    for owner, line, reference in _references(model):
        if not known.knows(reference):
            yield _finding(
                model, "unknown-type", owner, line, N_("There is no type '{name}'."), name=reference,
                hint=N_("Define it, or use one of number, string, boolean, date, time, date and time, Any."),
            )  # fmt: skip


def _references(model: m.Model) -> Iterator[tuple[str, int | None, str | None]]:
    """(whose, where, typeRef)."""
    for element in model.elements.values():
        yield element.id, element.line, element.type
        for expression in expressions_in(element):
            yield expression.id, expression.line, expression.type
            for reference in _references_in(expression):
                yield expression.id, expression.line, reference
    for definition in _definitions(model):
        for reference in (definition.reference, definition.result, *(of for _, of in definition.parameters or ())):
            yield definition.name, definition.line, reference


def _references_in(expression: m.Expression) -> Iterator[str | None]:
    match expression:
        case m.Context():
            yield from (entry.type for entry in expression.entries)
        case m.FunctionDefinition():
            yield from (of for _, of in expression.parameters)
        case m.DecisionTable():
            yield from (clause.type for clause in expression.inputs)
            yield from (clause.type for clause in expression.outputs)


# ---------------------------------------------------------------- names


def _scopes(model: m.Model) -> Iterator[Finding]:
    """Names of elements that are read without being required: they are unknown when it is decided."""
    everything = {element.variable for element in model.elements.values()}
    for element in model.elements.values():
        if not isinstance(element, m.Decision | m.Knowledge):
            continue
        known = {element.variable} if isinstance(element, m.Knowledge) else set()
        for requirement in element.requirements:
            owner = model.model_of(requirement)
            required = owner.elements.get(requirement.id) if owner is not None else None
            known |= {required.variable} if required is not None else set()
        for name in sorted(free_names(program_of(model), element.logic) & everything - known):
            yield _finding(
                model, "not-required", element.id, element.line,
                N_("'{decision}' reads '{name}', but no requirement leads there."), Level.WARN,
                decision=element.name, name=name, hint=N_("Draw an information or knowledge requirement to it."),
            )  # fmt: skip


# ---------------------------------------------------------------- tables


def _tables(model: m.Model) -> Iterator[Finding]:
    for expression in expressions_of(model):
        if isinstance(expression, m.DecisionTable):
            yield from _ranked(model, expression)
            yield from _results(model, expression)


def _ranked(model: m.Model, table: m.DecisionTable) -> Iterator[Finding]:
    if table.hit_policy in ("P", "O") and not any(output.values for output in table.outputs):
        yield _finding(
            model, "priority-values", table.id, table.line,
            N_("Expected the allowed values of an output, best first: hit policy {policy} ranks by them."),
            policy=table.hit_policy,
        )  # fmt: skip
    if len(table.outputs) > 1 and not all(output.name for output in table.outputs):
        yield _finding(
            model, "output-name", table.id, table.line, N_("Expected each of several output columns to have a name."),
        )  # fmt: skip


def _results(model: m.Model, table: m.DecisionTable) -> Iterator[Finding]:
    """Constant results, and defaults, that the allowed values of their column do not hold."""
    program = program_of(model)
    for index, output in enumerate(table.outputs):
        if not output.values:
            continue
        cells = [(rule.id, rule.line, rule.outputs[index]) for rule in table.rules if index < len(rule.outputs)]
        for owner, line, text in [*cells, (output.id or table.id, output.line, output.default or "")]:
            with suppress(FeelSyntaxError):
                value = constant(program.compile(text).tree) if text else None
                if (
                    value is not None
                    and program.compile(output.values, "unary_tests").evaluate({}, input=value).value is False
                ):
                    yield _finding(
                        model, "output-not-allowed", owner, line,
                        N_("Expected one of {values} in column '{output}', found {text}."),
                        values=output.values, output=output.name or "", text=text,
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
