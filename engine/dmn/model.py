"""A decision model as frozen data: what the reader makes of XML and everything else works on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Expression:
    """Base of every boxed expression. `id` of its element or of the nearest one around it; `type` as written."""

    id: str
    line: int | None = field(kw_only=True, default=None)
    type: str | None = field(kw_only=True, default=None)


@dataclass(frozen=True, slots=True)
class Literal(Expression):
    """A FEEL text; empty means null."""

    text: str


@dataclass(frozen=True, slots=True)
class ContextEntry:
    """`name` None: the result of the context."""

    name: str | None
    type: str | None
    value: Expression | None


@dataclass(frozen=True, slots=True)
class Context(Expression):
    """Entries from top to bottom; later ones see earlier ones."""

    entries: tuple[ContextEntry, ...]


@dataclass(frozen=True, slots=True)
class Invocation(Expression):
    """A call with named arguments."""

    function: Expression | None
    bindings: tuple[tuple[str, Expression | None], ...]


@dataclass(frozen=True, slots=True)
class FunctionDefinition(Expression):
    """Parameters as (name, type); `kind` other than FEEL is refused."""

    parameters: tuple[tuple[str, str | None], ...]
    body: Expression | None
    kind: str = "FEEL"


@dataclass(frozen=True, slots=True)
class ListExpression(Expression):
    """Items in order."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Relation(Expression):
    """A list of contexts: column names and rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Expression, ...], ...]


@dataclass(frozen=True, slots=True)
class Conditional(Expression):
    """if, then, else."""

    condition: Expression | None
    yes: Expression | None
    no: Expression | None


@dataclass(frozen=True, slots=True)
class Filter(Expression):
    """Items of `source` that match."""

    source: Expression | None
    match: Expression | None


@dataclass(frozen=True, slots=True)
class Iteration(Expression):
    """`kind`: for, some, every."""

    kind: str
    variable: str
    source: Expression | None
    body: Expression | None


@dataclass(frozen=True, slots=True)
class InputClause:
    """A column of conditions. `values`: unary tests that the input has to pass; empty for any.

    `labels`: `label` in other languages.
    """

    id: str
    label: str
    text: str
    type: str | None
    values: str
    line: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutputClause:
    """A column of results. `values`: allowed ones, best first for priority. `default`: FEEL text, None without one.

    `words`: what a text that it may give is called, by language, "" for that of the file.
    """

    id: str
    name: str | None
    type: str | None
    values: str
    default: str | None
    line: int | None = None
    label: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    words: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: unary tests and output texts in the order of the columns; annotations as written."""

    id: str
    tests: tuple[str, ...]
    outputs: tuple[str, ...]
    annotations: tuple[str, ...] = ()
    line: int | None = None


SINGLE_HIT = frozenset("UAPF")
"""hit policies of which at most one rule counts"""


@dataclass(frozen=True, slots=True)
class DecisionTable(Expression):
    """`hit_policy`: one of U A P F R O C; `aggregation`: SUM MIN MAX COUNT or None."""

    hit_policy: str
    aggregation: str | None
    inputs: tuple[InputClause, ...]
    outputs: tuple[OutputClause, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Requirement:
    """What an element needs: an element of this model, or of the imported one with this namespace."""

    id: str
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """Base of the elements of the requirements graph. `variable`: the name under which others read it."""

    id: str
    name: str
    variable: str
    type: str | None = None
    line: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InputData(Element):
    """A value that the caller gives."""


@dataclass(frozen=True, slots=True)
class Decision(Element):
    """Something to decide; without logic it is null."""

    logic: Expression | None = None
    requirements: tuple[Requirement, ...] = ()


@dataclass(frozen=True, slots=True)
class Knowledge(Element):
    """A business knowledge model: a function."""

    logic: FunctionDefinition | None = None
    requirements: tuple[Requirement, ...] = ()


@dataclass(frozen=True, slots=True)
class Service(Element):
    """A decision service: a part of the graph as a function of its inputs."""

    outputs: tuple[Requirement, ...] = ()
    encapsulated: tuple[Requirement, ...] = ()
    input_decisions: tuple[Requirement, ...] = ()
    input_data: tuple[Requirement, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemDefinition:
    """A named type: a reference, a structure, or a function; a collection of it; with allowed values as unary tests."""

    name: str
    reference: str | None = None
    components: tuple["ItemDefinition", ...] = ()
    parameters: tuple[tuple[str, str | None], ...] | None = None
    result: str | None = None
    collection: bool = False
    allowed: str = ""
    constraint: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Import:
    """Another model whose elements and types are read as `name.element`, without a prefix when `name` is empty."""

    name: str
    model: "Model"


@dataclass(frozen=True, eq=False)
class Model:
    """One DMN file. `elements` by id, in the order of the file."""

    id: str
    name: str
    namespace: str
    elements: Mapping[str, Element]
    types: Mapping[str, ItemDefinition] = field(default_factory=dict)
    imports: tuple[Import, ...] = ()
    resource: str = ""
    compiled: dict[str, Any] = field(default_factory=dict, repr=False)
    """Filled by `evaluation` when an element is first evaluated."""

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """In the order of the file."""
        return tuple(element for element in self.elements.values() if isinstance(element, Decision))

    @property
    def services(self) -> tuple[Service, ...]:
        """In the order of the file."""
        return tuple(element for element in self.elements.values() if isinstance(element, Service))

    def find(self, id_or_name: str) -> Element | None:
        """By id, else by name."""
        found = self.elements.get(id_or_name)
        if found is not None:
            return found
        return next((element for element in self.elements.values() if element.name == id_or_name), None)

    def requires(self, id_or_name: str) -> frozenset[str]:
        """Names of the input data below an element: what `decide` reads from its context."""
        element = self.find(id_or_name)
        return frozenset(self._inputs_below(element, set())) if element is not None else frozenset()

    def _inputs_below(self, element: Element, seen: set[str]) -> Iterator[str]:
        if element.id in seen:
            return
        seen.add(element.id)
        if isinstance(element, InputData):
            yield element.variable
        for requirement in requirements_of(element):
            model = self.model_of(requirement)
            below = model.elements.get(requirement.id) if model is not None else None
            if model is not None and below is not None:
                yield from model._inputs_below(below, seen)

    def model_of(self, requirement: Requirement) -> "Model | None":
        """The model that a requirement points into, None when it is not imported."""
        if requirement.namespace in (None, self.namespace):
            return self
        found = self._import_of(requirement)
        return found.model if found is not None else None

    def import_name(self, requirement: Requirement) -> str | None:
        """The name before the dot under which a required element is read; None without one."""
        if requirement.namespace in (None, self.namespace):
            return None
        found = self._import_of(requirement)
        return found.name or None if found is not None else None

    def _import_of(self, requirement: Requirement) -> Import | None:
        return next((found for found in self.imports if found.model.namespace == requirement.namespace), None)


def requirements_of(element: Element) -> tuple[Requirement, ...]:
    """Everything that an element points at."""
    match element:
        case Decision() | Knowledge():
            return element.requirements
        case Service():
            return element.outputs + element.encapsulated + element.input_decisions + element.input_data
    return ()
