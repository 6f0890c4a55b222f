"""What depends on other values: hidden, read-only and computed fields, limits and options; judged on the server."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from engine.feel import Compiled
from engine.forms.model import CONTAINERS, FormField, drop, get, put
from engine.values import Value, Values

ROUNDS = 3
"""computed fields that need more rounds to settle are refused at deploy"""


@dataclass(frozen=True, slots=True)
class Rules:
    """Evaluates the expressions of a form over `data`, which holds the values of every field and variable it reads."""

    data: Values
    now: datetime
    zone: str

    def value(self, expression: Compiled, row: "Place | None" = None) -> Value:
        """In a row of a list `this`, `parent` and `i` are known, as in form-js."""
        context: Mapping[str, Any] = self.data if row is None else {**self.data, **row.context()}
        return expression.evaluate(context, now=self.now, zone=self.zone).value

    def limit(self, component: FormField, name: str, row: "Place | None") -> Value:
        """A number, None for no limit."""
        found = component.limits.get(name)
        if found is None or isinstance(found, Decimal):
            return found
        value = self.value(found, row)
        return value if isinstance(value, int | Decimal) and not isinstance(value, bool) else None

    def options(self, component: FormField, row: "Place | None") -> list[Value] | None:
        """The values that may be chosen; a source that gives no list offers nothing."""
        if component.options is not None:
            return [option.value for option in component.options]
        if component.options_from is None:
            return []
        found = self.value(component.options_from, row)
        if not isinstance(found, list):
            return []
        return [item.get("value") if isinstance(item, dict) else item for item in found]

    def compute(self, components: tuple[FormField, ...]) -> None:
        """Fill computed fields in document order until nothing changes any more."""
        for _ in range(ROUNDS):
            if not self._compute(components, self.data, None):
                return

    def _compute(self, components: tuple[FormField, ...], level: Values, row: "Place | None") -> bool:
        changed = False
        for component in components:
            if component.type in CONTAINERS:
                changed |= self._compute(component.children, level, row)
            elif component.type == "dynamiclist":
                for place in places(component, level, row):
                    changed |= self._compute(component.children, place.this, place)
            elif component.computed is not None:
                value = self.value(component.computed, row)
                if get(level, component.keys) != value:
                    put(level, component.keys, value)
                    changed = True
        return changed

    def hidden(self, components: tuple[FormField, ...]) -> frozenset[str]:
        """Dotted paths, rows by number, of all components that a condition hides; decided on one state of the data."""
        return frozenset(self._hidden(components, self.data, None, False))

    def _hidden(self, components: tuple[FormField, ...], level: Values, row: "Place | None", all_of: bool
                ) -> Iterator[str]:  # fmt: skip
        for component in components:
            hides = all_of or (component.hide is not None and self.value(component.hide, row) is True)
            if component.type in CONTAINERS:
                yield from self._hidden(component.children, level, row, hides)
                continue
            if hides:
                yield where(component, row)
            if component.type == "dynamiclist":
                for place in places(component, level, row):
                    yield from self._hidden(component.children, place.this, place, hides)


@dataclass(frozen=True, slots=True)
class Place:
    """A row: its path with row numbers from 0, its values, and the level around it."""

    path: str
    this: Values
    parent: Values
    i: int

    def context(self) -> Values:
        """What expressions inside the row see besides all data."""
        inner = {"this": self.this, "parent": self.parent, "i": self.i}
        return {**inner, **{f"_{name}_": value for name, value in inner.items()}}


def where(component: FormField, row: Place | None) -> str:
    """Dotted path with row numbers."""
    own = ".".join(component.keys)
    return f"{row.path}.{own}" if row else own


def places(component: FormField, level: Values, row: Place | None) -> Iterator[Place]:
    """The rows of a list."""
    rows = get(level, component.keys)
    if not isinstance(rows, list):
        return
    path = where(component, row)
    for index, this in enumerate(rows):
        if isinstance(this, dict):
            yield Place(f"{path}.{index}", this, level, index + 1)


def without(data: Values, hidden: frozenset[str], components: tuple[FormField, ...]) -> None:
    """Drop the values of hidden fields."""
    _without(data, hidden, components, None)


def _without(level: Values, hidden: frozenset[str], components: tuple[FormField, ...], row: Place | None) -> None:
    for component in components:
        if component.type in CONTAINERS:
            _without(level, hidden, component.children, row)
        elif component.holds_value and where(component, row) in hidden:
            drop(level, component.keys)
        elif component.type == "dynamiclist":
            for place in places(component, level, row):
                _without(place.this, hidden, component.children, place)
