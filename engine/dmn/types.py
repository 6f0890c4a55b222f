"""Item definitions as types of FEEL, looked up by name, recursive ones included."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from engine.dmn.model import Import, ItemDefinition, Model
from engine.feel import FeelSyntaxError, types
from engine.feel.compiler import compile_typed
from engine.feel.evaluation import Frame, Run
from engine.feel.types import ANY, Type

CAMUNDA = {"integer": "number", "long": "number", "double": "number"}
"""Types of Camunda 7 that are not of the standard."""


class TypeTable(Mapping[str, Type]):
    """The types of a model by name, those of its imports as `import.name`; built when first asked for."""

    def __init__(self, model: Model, names: frozenset[str]) -> None:
        self._model = model
        self._names = names
        self._built: dict[str, Type] = {}

    def __getitem__(self, name: str) -> Type:
        if name not in self._built:
            definition, owner = self._find(name)
            table = self if owner is self._model else TypeTable(owner, self._names)
            self._built[name] = Type("Any", name=name, resolve=_later(table, definition))
        return self._built[name]

    def _find(self, name: str) -> tuple[ItemDefinition, Model]:
        definition = self._model.types.get(name)
        if definition is not None:
            return definition, self._model
        for found in self._model.imports:
            inner = name.removeprefix(_prefix(found))
            if name.startswith(_prefix(found)) and inner in found.model.types:
                return found.model.types[inner], found.model
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        yield from self._model.types
        for found in self._model.imports:
            yield from (f"{_prefix(found)}{inner}" for inner in found.model.types)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def reference(self, name: str | None) -> Type:
        """The type of a typeRef: Any without one or for an unknown one."""
        if not name:
            return ANY
        return self.get(name) or types.simple(CAMUNDA.get(name, name)) or ANY

    def knows(self, name: str | None) -> bool:
        """Whether a typeRef names a type; one that is left out does."""
        return not name or name in self or types.simple(CAMUNDA.get(name, name)) is not None

    def build(self, definition: ItemDefinition) -> Type:
        """The type that a definition describes."""
        if definition.parameters is not None:
            arguments = tuple(self.reference(of) for _, of in definition.parameters)
            base = Type("function", arguments, result=self.reference(definition.result))
        elif definition.components:
            members = tuple((part.name, self._component(part)) for part in definition.components)
            base = Type("context", members=members)
        else:
            base = self.reference(definition.reference)
        item = self._allowed(base, definition.allowed)
        whole = types.list_of(item) if definition.collection else item
        return types.named(self._allowed(whole, definition.constraint), definition.name)

    def _component(self, definition: ItemDefinition) -> Type:
        if not (definition.components or definition.collection or definition.allowed or definition.parameters):
            return self.reference(definition.reference)
        return self.build(definition)

    def _allowed(self, base: Type, text: str) -> Type:
        if not text:
            return base
        try:
            tests = compile_typed(text, names=self._names, mode="unary_tests", types=self)
        except FeelSyntaxError:
            return base

        def allowed(value: Any) -> bool:
            return tests.evaluate_in(Frame({}, None, Run(input=value))) is True

        inner = types.resolved(base)
        before = inner.allowed
        if before is None:
            test: Callable[[Any], bool] = allowed
        else:
            first = before

            def test(value: Any) -> bool:
                return first(value) and allowed(value)

        return Type(inner.kind, inner.arguments, inner.members, inner.result, test, base.name)


def _prefix(found: Import) -> str:
    return f"{found.name}." if found.name else ""


def _later(table: TypeTable, definition: ItemDefinition) -> Callable[[], Type]:
    built: list[Type] = []

    def resolve() -> Type:
        if not built:
            built.append(table.build(definition))
        return built[0]

    return resolve
