"""Cells of decision tables as sets: a column is cut into atoms, each cell covers some of them.

An atom of an ordered column (numbers, dates, durations) is a boundary value or the open stretch between two of them;
of an enumeration, a value or "any other". The index of big tables and the analysis both stand on this.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from engine.feel import nodes as n
from engine.feel.builtins.conversion import constant
from engine.feel.values import text_of
from engine.values import YearsMonths

ORDERED = (int, Decimal, date, timedelta, YearsMonths)
ENUMERATED = (str, bool)


@dataclass(frozen=True, slots=True)
class Span:
    """Values from `low` to `high`; None is without end."""

    low: Any
    high: Any
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """The values that a cell lets through: those in `spans`, or all the others."""

    spans: tuple[Span, ...]
    negated: bool = False


ANYTHING = Cell((), negated=True)


def read_cell(tree: n.Node) -> Cell | None:
    """The set of a cell made of constants; None for any other."""
    if not isinstance(tree, n.Tests):
        return None
    if tree.any_input:
        return ANYTHING
    spans = [_span(test) for test in tree.tests]
    known = tuple(span for span in spans if span is not None)
    return Cell(known, tree.negated) if len(known) == len(spans) else None


def _span(test: n.Node) -> Span | None:
    if isinstance(test, n.Range):
        low, high = constant(test.low), constant(test.high)
        if low is None or high is None:
            return None
        return Span(low, high, test.low_closed, test.high_closed)
    if isinstance(test, n.OperatorTest):
        value = constant(test.operand)
        if value is None or test.operator == "!=":
            return None
        match test.operator[0]:
            case "<":
                return Span(None, value, False, test.operator == "<=")
            case ">":
                return Span(value, None, test.operator == ">=", False)
        return Span(value, value, True, True)
    value = constant(test)
    return None if value is None else Span(value, value, True, True)


class Projection:
    """One column over its atoms. `masks`: for each row the atoms it covers, as bits; None where a cell is no set."""

    def __init__(self, cells: Sequence[Cell | None], allowed: Cell | None = None) -> None:
        spans = [span for cell in (*cells, allowed) if cell is not None for span in cell.spans]
        ends = {end for span in spans for end in (span.low, span.high) if end is not None}
        kinds = {_kind(end) for end in ends}
        self.kind: type | None = kinds.pop() if len(kinds) == 1 else None
        self.ordered = self.kind in (Decimal, *ORDERED)
        points_only = all(span.low is not None and span.low == span.high for span in spans)
        self.usable = not ends or (
            self.kind is not None and (self.ordered or (self.kind in ENUMERATED and points_only))
        )
        self.values: list[Any] = []
        self.masks: list[int | None] = [None] * len(cells)
        if not self.usable:
            return
        self.values = sorted(ends) if self.ordered else [False, True] if self.kind is bool else sorted(ends)
        self.count = len(self.values) * 2 + 1 if self.ordered else len(self.values) + 1
        self.everything = (1 << self.count) - 1
        if self.kind is bool:
            self.everything -= 1 << 2
        if allowed is not None:
            self.everything &= self._mask(allowed)
        elif not ends:
            self.count = self.everything = 1
        self.masks = [None if cell is None else self._mask(cell) & self.everything for cell in cells]

    def _mask(self, cell: Cell) -> int:
        mask = 0
        for span in cell.spans:
            first, last = self._atoms(span)
            if first <= last:
                mask |= (1 << last + 1) - (1 << first)
        return self.everything & ~mask if cell.negated else mask

    def _atoms(self, span: Span) -> tuple[int, int]:
        if not self.ordered:
            position = self.values.index(span.low)
            return position, position
        first = 0 if span.low is None else 2 * bisect_left(self.values, span.low) + (1 if span.low_closed else 2)
        if span.high is None:
            return first, self.count - 1
        return first, 2 * bisect_left(self.values, span.high) + (1 if span.high_closed else 0)

    def locate(self, value: Any) -> int | None:
        """The atom of a value, None for a value of another kind."""
        if self.kind is None or _kind(value) is not self.kind:
            return None
        position = bisect_left(self.values, value)
        found = position < len(self.values) and self.values[position] == value
        if self.ordered:
            return 2 * position + (1 if found else 0)
        return position if found else len(self.values)

    def rows_by_atom(self) -> list[int]:
        """For each atom the rows that cover it, as bits; rows whose cell is no set are in all."""
        changes = [0] * (self.count + 1)
        for row, mask in enumerate(self.masks):
            bit = 1 << row
            covered = self.everything if mask is None else mask
            edges = covered ^ (covered << 1)
            while edges:
                lowest = edges & -edges
                changes[lowest.bit_length() - 1] ^= bit
                edges ^= lowest
        rows, found = 0, []
        for change in changes[: self.count]:
            rows ^= change
            found.append(rows)
        return found

    def words(self, atoms: int) -> str:
        """Some atoms in FEEL."""
        if atoms == self.everything:
            return "-"
        if not self.ordered:
            named = [text_of([value])[1:-1] for place, value in enumerate(self.values) if atoms >> place & 1]
            others = [value for place, value in enumerate(self.values) if not atoms >> place & 1]
            if atoms >> len(self.values) & 1:
                return f"not({', '.join(text_of([value])[1:-1] for value in others)})" if others else "-"
            return ", ".join(named)
        parts, place = [], 0
        while atoms >> place:
            if not atoms >> place & 1:
                place += 1
                continue
            last = place
            while atoms >> last + 1 & 1:
                last += 1
            parts.append(self._stretch(place, last))
            place = last + 1
        return ", ".join(parts)

    def _stretch(self, first: int, last: int) -> str:
        low = None if first == 0 else text_of(self.values[(first - 1) // 2])
        high = None if last == self.count - 1 else text_of(self.values[last // 2])
        if low is None:
            return f"{'<=' if last % 2 else '<'} {high}"
        if high is None:
            return f"{'>=' if first % 2 else '>'} {low}"
        if first == last and first % 2:
            return low
        return f"{'[' if first % 2 else '('}{low}..{high}{']' if last % 2 else ')'}"


def _kind(value: Any) -> type:
    return Decimal if type(value) is int else type(value)
