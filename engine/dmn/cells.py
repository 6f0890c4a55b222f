"""Cells of decision tables as sets: a column is cut into atoms, each cell covers some of them.

An atom of an ordered column (numbers, dates, moments, durations) is a boundary value or the open stretch between two
of them; of an enumeration, a value or "any other". Where a cell speaks of null, null is an atom too. The index of big
tables and the analysis both stand on this.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.feel import literal, operators
from engine.feel import nodes as n
from engine.feel.builtins.conversion import constant
from engine.values import YearsMonths


class Zoned:
    """The kind of a date and time with an offset or a zone: those without one cannot be compared with it."""


ORDERED = (Decimal, date, datetime, Zoned, timedelta, YearsMonths)
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
    """The values that a cell lets through: those in `spans`, or all the others; `null`: whether null too.

    `names_null`: the cell speaks of null, so whoever wrote the table thought of it.
    """

    spans: tuple[Span, ...]
    negated: bool = False
    null: bool = False
    names_null: bool = False


ANYTHING = Cell((), negated=True, null=True)


def read_cell(tree: n.Node) -> Cell | None:
    """The set of a cell made of constants; None for any other."""
    if not isinstance(tree, n.Tests):
        return None
    if tree.any_input:
        return ANYTHING
    nulls = [test for test in tree.tests if _is_null(test)]
    others = [test for test in tree.tests if not _is_null(test)]
    spans = tuple(span for span in map(_span, others) if span is not None)
    if len(spans) < len(others):
        return None
    # not(...) of an order is null for null; of equalities it is true
    null = all(_is_equality(test) for test in others) and not nulls if tree.negated else bool(nulls)
    return Cell(spans, tree.negated, null, bool(nulls))


def _is_null(test: n.Node) -> bool:
    return isinstance(test, n.Literal) and test.value is None and not test.unreadable


def _is_equality(test: n.Node) -> bool:
    return not isinstance(test, n.Range) and (not isinstance(test, n.OperatorTest) or test.operator == "=")


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
    """One column over its atoms. `masks`: for each row the atoms it covers, as bits; None where a cell is no set.

    `allowed`: what the input may be at all. `of`: its type where that is declared, a FEEL name.
    """

    def __init__(self, cells: Sequence[Cell | None], allowed: Cell | None = None, of: str = "") -> None:
        self.of = of
        spans = [span for cell in (*cells, allowed) if cell is not None for span in cell.spans]
        ends = {end for span in spans for end in (span.low, span.high) if end is not None}
        kinds = {_kind(end) for end in ends}
        self.kind: type | None = kinds.pop() if len(kinds) == 1 else None
        self.ordered = self.kind in ORDERED
        points_only = all(span.low is not None and span.low == span.high for span in spans)
        self.usable = not ends or (
            self.kind is not None and (self.ordered or (self.kind in ENUMERATED and points_only))
        )
        self.values: list[Any] = []
        self.null = 0
        self.masks: list[int | None] = [None] * len(cells)
        if not self.usable:
            return
        self.values = sorted(ends) if self.ordered else [False, True] if self.kind is bool else sorted(ends)
        self.count = len(self.values) * 2 + 1 if self.ordered else len(self.values) + 1
        self.everything = ((1 << self.count) - 1) & ~self._empty()
        if any(cell is not None and cell.names_null for cell in (cells if allowed is None else (allowed,))):
            self.null = 1 << self.count
            self.everything |= self.null
            self.count += 1
        if allowed is not None:
            self.everything &= self._mask(allowed)
        self.masks = [None if cell is None else self._mask(cell) & self.everything for cell in cells]

    def _empty(self) -> int:
        """Atoms that hold no value: anything but true and false, the stretch between two neighbouring days."""
        if self.kind is bool:
            return 1 << 2
        empty = 0
        for place in range(1, len(self.values)):
            after = _next(self.values[place - 1])
            if after is not None and after == self.values[place]:
                empty |= 1 << 2 * place
        return empty

    def _mask(self, cell: Cell) -> int:
        mask = 0
        for span in cell.spans:
            first, last = self._atoms(span)
            if first <= last:
                mask |= (1 << last + 1) - (1 << first)
        mask = self.everything & ~self.null & ~mask if cell.negated else mask
        return mask | self.null if cell.null else mask

    def _atoms(self, span: Span) -> tuple[int, int]:
        if not self.ordered:
            position = self.values.index(span.low)
            return position, position
        first = 0 if span.low is None else 2 * bisect_left(self.values, span.low) + (1 if span.low_closed else 2)
        if span.high is None:
            return first, 2 * len(self.values)
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
        if atoms & self.null:
            rest = self.words(atoms & ~self.null) if atoms & ~self.null else ""
            return f"{rest}, null" if rest else "null"
        if not self.ordered:
            named = [literal(value) for place, value in enumerate(self.values) if atoms >> place & 1]
            others = [value for place, value in enumerate(self.values) if not atoms >> place & 1]
            if atoms >> len(self.values) & 1:
                return f"not({', '.join(map(literal, others))})" if others else "-"
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
        low = None if first == 0 else literal(self.values[(first - 1) // 2])
        high = None if last == 2 * len(self.values) else literal(self.values[last // 2])
        if low is None:
            return f"{'<=' if last % 2 else '<'} {high}"
        if high is None:
            return f"{'>=' if first % 2 else '>'} {low}"
        if first == last and first % 2:
            return low
        return f"{'[' if first % 2 else '('}{low}..{high}{']' if last % 2 else ')'}"

    def example(self, atoms: int) -> Any:
        """A value in one of these atoms, a plain one where there is a choice."""
        if self.kind is None:
            return None if atoms == self.null else PLAIN.get(self.of, 0 if self.null else None)
        place = (atoms & -atoms).bit_length() - 1
        if 1 << place == self.null:
            return None
        if not self.ordered:
            return self.values[place] if place < len(self.values) else self._other()
        wanted = atoms & ~1 & ~(1 << 2 * len(self.values)) & ~self.null
        place = (wanted & -wanted).bit_length() - 1 if wanted else place
        if place % 2:
            return self.values[place // 2]
        low = self.values[place // 2 - 1] if place else None
        high = self.values[place // 2] if place < 2 * len(self.values) else None
        return _between(low, high)

    def _other(self) -> str:
        word, number = "other", 1
        while word in self.values:
            number += 1
            word = f"other {number}"
        return word


PLAIN = {"number": 0, "string": "any", "boolean": True, "date": date(2026, 1, 1)}
"""Values of a column in which every cell is `-`."""
_STEPS = {date: timedelta(days=1), datetime: timedelta(hours=1), timedelta: timedelta(days=1)}


def _next(value: Any) -> Any:
    """The value after one of a kind that has no values in between; None for other kinds."""
    if type(value) is date:
        return value + timedelta(days=1) if value < date.max else None
    return YearsMonths(value.months + 1) if type(value) is YearsMonths else None


def _between(low: Any, high: Any) -> Any:
    """A value between two, one step beyond the end where there is only one."""
    if low is None:
        return _moved(high, -1)
    beyond = _moved(low, 1)
    if high is None or beyond < high:
        return beyond
    if _kind(low) is Decimal:
        return operators.divide(operators.add(low, high), 2)
    return low + (high - low) / 2


def _moved(value: Any, sign: int) -> Any:
    if type(value) is YearsMonths:
        return YearsMonths(value.months + sign)
    if _kind(value) is Decimal:
        whole = int(value)
        if value != whole:
            return whole + (sign if (value > 0) == (sign > 0) else 0)
        return whole + sign * max(1, abs(whole) >> 40)  # a step that 34 digits can show
    try:
        return value + sign * _STEPS[type(value)]
    except OverflowError:
        return value


def _kind(value: Any) -> type:
    if type(value) is int:
        return Decimal
    if type(value) is datetime and value.tzinfo is not None:
        return Zoned
    return type(value)
