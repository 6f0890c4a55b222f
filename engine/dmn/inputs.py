"""What a decision reads: the data that somebody has to give, with their types, through all that it requires."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.dmn import model as m
from engine.dmn.program import Program, expressions_in, free_names, program_of
from engine.feel import types
from engine.feel.reference import functions

FUNCTIONS = frozenset(info.name for info in functions())


@dataclass(frozen=True, slots=True)
class Field:
    """A name that a decision reads from its context. `type`: a FEEL type, "" when nothing says it; `allowed`: tests.

    `name` may be a path, e.g. `order.amount`, where a column of a table reads a member. `labels`: in other languages.
    """

    name: str
    type: str
    allowed: str = ""
    label: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


def inputs(model: m.Model, decision: str) -> tuple[Field, ...]:
    """The data below a decision or a service, in the order in which the file names them."""
    element = model.find(decision)
    if element is None:
        return ()
    program = program_of(model)
    involved = list(below(model, element))
    names = {found.variable for found in involved if isinstance(found, m.InputData)}
    if isinstance(element, m.Service):
        names |= {found.variable for found in involved if found.id in {each.id for each in element.input_decisions}}
    for found in involved:
        if isinstance(found, m.Decision | m.Knowledge):
            names |= sources(program, free_names(program, found.logic)) - _own(model)
    clauses = {clause.text.strip(): clause for found in involved for clause in _clauses(found)}
    names |= (clauses.keys() & FUNCTIONS) - _own(model)  # a column cannot mean the function of that name
    fields = [field for name in names for field in _fields(model, name, clauses)]
    place = {text: number for number, text in enumerate(clauses)}
    return tuple(sorted(fields, key=lambda field: (place.get(field.name, len(place)), field.name)))


def conditions(model: m.Model, decision: str) -> Iterable[str]:
    """FEEL texts by which a decision chooses, itself or through what it requires; a cell with what its column reads."""
    for expression in _logic(model, decision):
        if isinstance(expression, m.DecisionTable):
            for rule in expression.rules:
                for clause, test in zip(expression.inputs, rule.tests, strict=True):
                    if test.strip() not in ("", "-"):
                        yield f"({clause.text}) in ({test})"
        elif isinstance(expression, m.Literal):
            yield expression.text


def results(model: m.Model, decision: str) -> Iterable[str]:
    """FEEL texts of what a decision may answer with, and of what goes into that."""
    for expression in _logic(model, decision):
        if isinstance(expression, m.DecisionTable):
            yield from (text for rule in expression.rules for text in rule.outputs)
            yield from (output.default for output in expression.outputs if output.default)
        elif isinstance(expression, m.Literal):
            yield expression.text


def _logic(model: m.Model, decision: str) -> Iterable[m.Expression]:
    element = model.find(decision)
    for found in below(model, element) if element is not None else ():
        yield from expressions_in(found)


def sources(program: Program, names: Iterable[str]) -> set[str]:
    """Names of input data, or of what belongs to no element, behind these names; decisions in between are followed."""
    elements = {element.variable: element for element in program.model.elements.values()}
    waiting = list(names)
    found: set[str] = set()
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        element = elements.get(name)
        if isinstance(element, m.Decision | m.Knowledge):
            waiting += free_names(program, element.logic)
        elif isinstance(element, m.Service):
            waiting += program.model.requires(element.id)
        else:
            found.add(name)
    return found


def _own(model: m.Model) -> set[str]:
    """Names of elements and imports: what is read of them comes in by requirements."""
    return {element.variable for element in model.elements.values()} | {found.name for found in model.imports}


def below(model: m.Model, element: m.Element) -> Iterable[m.Element]:
    """An element and all that it requires, each once; of a service nothing below its input decisions."""
    waiting, seen = [element], set()
    while waiting:
        found = waiting.pop(0)
        if found.id in seen:
            continue
        seen.add(found.id)
        yield found
        stops = {each.id for each in element.input_decisions} if isinstance(element, m.Service) else set()
        if found.id in stops:
            continue
        for requirement in m.requirements_of(found):
            owner = model.model_of(requirement)
            required = owner.elements.get(requirement.id) if owner is not None else None
            if required is not None:
                waiting.append(required)


def _clauses(element: m.Element) -> Iterable[m.InputClause]:
    for expression in expressions_in(element):
        if isinstance(expression, m.DecisionTable):
            yield from expression.inputs


def _fields(model: m.Model, name: str, clauses: dict[str, m.InputClause]) -> Iterable[Field]:
    """The name itself, or the members of it that columns read."""
    element = next((found for found in model.elements.values() if found.variable == name), None)
    if name in clauses:
        yield _of_clause(model, name, clauses[name], element)
        return
    members = [text for text in clauses if text.startswith(f"{name}.") and " " not in text.removeprefix(name)]
    if members:
        for path in members:
            yield _of_clause(model, path, clauses[path], None)
    else:
        of, allowed = basic(model, element.type if element is not None else None)
        yield Field(name, of, allowed)


def _of_clause(model: m.Model, name: str, clause: m.InputClause, element: m.Element | None) -> Field:
    reference = clause.type if clause.type not in (None, "Any") else element.type if element is not None else None
    of, allowed = basic(model, reference)
    own = "" if clause.label == clause.text else clause.label
    return Field(name, of, clause.values or allowed, own, clause.labels)


def basic(model: m.Model, reference: str | None) -> tuple[str, str]:
    """(FEEL type, allowed values) that a typeRef comes down to; "" for one that is no simple type."""
    allowed = ""
    for _ in range(len(model.types)):
        definition = model.types.get(reference or "")
        if definition is None:
            break
        if definition.collection or definition.components or definition.parameters is not None:
            return "", allowed
        allowed = allowed or definition.allowed
        reference = definition.reference
    of = program_of(model).types.reference(reference)
    return (of.kind if of.kind in types.SIMPLE else ""), allowed
