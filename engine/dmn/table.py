"""Decision tables: which rules match, and what the hit policy makes of them. Pure, over closures."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from engine.dmn.cells import Cell, Projection
from engine.dmn.model import DecisionTable
from engine.feel import operators
from engine.feel.builtins import lists
from engine.feel.diagnostics import NoValue
from engine.feel.evaluation import Frame
from engine.feel.values import Range, describe

Closure = Callable[[Frame], Any]
INDEX_FROM = 50
"""Rules from which on the columns are indexed."""


@dataclass(frozen=True, slots=True)
class Column:
    """One input: its expression, what converts its value, and what it has to pass (None for anything)."""

    label: str
    value: Closure
    convert: Callable[[Any], Any]
    allowed: Closure | None


@dataclass(frozen=True, slots=True)
class Row:
    """One rule: its place in the table from 1, tests of the columns (None for `-`) and results."""

    id: str
    number: int
    tests: tuple[Closure | None, ...]
    cells: tuple[Cell | None, ...]
    """The tests as sets, None where they are more than constants."""
    outputs: tuple[Closure, ...]


@dataclass(frozen=True, slots=True)
class Output:
    """One result column. `ranks`: the allowed values, best first, and `allowed` the same as a test, None for any;
    `default`: None without one."""

    name: str
    convert: Callable[[Any], Any]
    ranks: Closure | None
    allowed: Closure | None
    default: Closure | None


@dataclass(frozen=True, slots=True)
class Hit:
    """A table was evaluated: the values of its inputs in order, the rules that the result comes from, the result.

    `owner`: the name of the decision or business knowledge model that it belongs to. `numbers`: of the rules, from 1;
    empty when none matched and the value is the default.
    """

    table: DecisionTable
    owner: str
    values: tuple[Any, ...]
    numbers: tuple[int, ...]
    value: Any

    @property
    def rules(self) -> tuple[str, ...]:
        """Ids of the rules."""
        return tuple(self.table.rules[number - 1].id for number in self.numbers)

    @property
    def inputs(self) -> dict[str, Any]:
        """The values by label."""
        return {clause.label: value for clause, value in zip(self.table.inputs, self.values, strict=True)}


class Table:
    """A compiled decision table."""

    def __init__(
        self, source: DecisionTable, owner: str, columns: Sequence[Column], outputs: Sequence[Output],
        rows: Sequence[Row],
    ) -> None:  # fmt: skip
        self.source = source
        self.owner = owner
        self.columns = tuple(columns)
        self.outputs = tuple(outputs)
        self.rows = tuple(rows)
        self._index = self._make_index() if len(self.rows) >= INDEX_FROM else []

    def _make_index(self) -> list[tuple[int, Projection, list[int]]]:
        """Columns that narrow the rows down: number, projection, rows by atom."""
        found = []
        for number in range(len(self.columns)):
            column = Projection([row.cells[number] for row in self.rows])
            if column.usable and column.kind is not None:
                found.append((number, column, column.rows_by_atom()))
        return found

    def _candidates(self, inputs: list[Any]) -> Iterable[Row]:
        """The rows that may match, in order; the index only leaves out what cannot."""
        if not self._index:
            return self.rows
        left = (1 << len(self.rows)) - 1
        for number, column, covering in self._index:
            atom = column.locate(inputs[number])
            if atom is not None:
                left &= covering[atom]
        return self._rows_of(left)

    def _rows_of(self, bits: int) -> Iterator[Row]:
        while bits:
            lowest = bits & -bits
            yield self.rows[lowest.bit_length() - 1]
            bits ^= lowest

    def decide(self, frame: Frame) -> Hit:
        """The result in this frame. Raises NoValue when the hit policy is violated or a value is not allowed."""
        inputs = self._inputs(frame)
        rules, value = self._apply(frame, self._matching(frame, inputs))
        return Hit(self.source, self.owner, tuple(inputs), tuple(row.number for row in rules), value)

    def _inputs(self, frame: Frame) -> list[Any]:
        values = []
        for column in self.columns:
            value = column.convert(column.value(frame))
            if column.allowed is not None and not _passes(frame, column.allowed, value):
                raise NoValue("input-not-allowed", input=column.label, found=describe(value))
            values.append(value)
        return values

    def _matching(self, frame: Frame, inputs: list[Any]) -> list[Row]:
        run = frame.run
        before = run.input
        first_only = self.source.hit_policy == "F"
        matching = []
        try:
            for row in self._candidates(inputs):
                run.spend()
                for test, value in zip(row.tests, inputs, strict=True):
                    if test is not None:
                        run.input = value
                        if test(frame) is not True:
                            break
                else:
                    matching.append(row)
                    if first_only:
                        break
        finally:
            run.input = before
        return matching

    # ------------------------------------------------ hit policies

    def _apply(self, frame: Frame, rows: list[Row]) -> tuple[list[Row], Any]:
        policy = self.source.hit_policy
        if not rows:
            return [], self._nothing(frame)
        if policy == "F":
            return rows[:1], self._result(frame, rows[0])
        if policy == "U":
            if len(rows) > 1:
                raise NoValue("hit-policy-unique", rules=", ".join(row.id for row in rows))
            return rows, self._result(frame, rows[0])
        results = [self._cells(frame, row) for row in rows]
        if policy == "A":
            if not all(operators.same(result, results[0]) for result in results[1:]):
                raise NoValue("hit-policy-any", rules=", ".join(row.id for row in rows))
            return rows, self._shape(results[0])
        if policy in ("P", "O"):
            order = self._by_priority(frame, results)
            if policy == "P":
                return [rows[order[0]]], self._shape(results[order[0]])
            return [rows[index] for index in order], [self._shape(results[index]) for index in order]
        values = [self._shape(result) for result in results]
        return rows, self._aggregate(values) if self.source.aggregation else values

    def _nothing(self, frame: Frame) -> Any:
        if any(output.default is not None for output in self.outputs):
            defaults = [
                output.convert(output.default(frame)) if output.default is not None else None for output in self.outputs
            ]
            return self._shape(defaults)
        if self.source.aggregation:
            return 0 if self.source.aggregation == "COUNT" else None
        return [] if self.source.hit_policy in ("R", "O", "C") else None

    def _result(self, frame: Frame, row: Row) -> Any:
        return self._shape(self._cells(frame, row))

    def _cells(self, frame: Frame, row: Row) -> list[Any]:
        return [_result(frame, output, cell) for output, cell in zip(self.outputs, row.outputs, strict=True)]

    def _shape(self, cells: list[Any]) -> Any:
        if len(self.outputs) == 1:
            return cells[0]
        return {output.name: cell for output, cell in zip(self.outputs, cells, strict=True)}

    def _by_priority(self, frame: Frame, results: list[list[Any]]) -> list[int]:
        """Indexes of the results, best first, compared column by column. Raises NoValue for a value without rank."""
        ranks = [output.ranks(frame) if output.ranks is not None else None for output in self.outputs]

        def rank(index: int) -> tuple[int, ...]:
            return tuple(
                _position(allowed, value, output.name)
                for allowed, value, output in zip(ranks, results[index], self.outputs, strict=True)
                if allowed is not None
            )

        return sorted(range(len(results)), key=rank)

    def _aggregate(self, values: list[Any]) -> Any:
        match self.source.aggregation:
            case "SUM":
                return lists.total(values)
            case "MIN":
                return lists.minimum(values)
            case "MAX":
                return lists.maximum(values)
        return len(values)


def _result(frame: Frame, output: Output, cell: Closure) -> Any:
    value = output.convert(cell(frame))
    if output.allowed is not None and value is not None and not _passes(frame, output.allowed, value):
        raise NoValue("output-not-allowed", output=output.name, found=describe(value))
    return value


def _passes(frame: Frame, test: Closure, value: Any) -> bool:
    """A list passes as a whole, or when each of its items does: allowed values are those of one item."""
    before, frame.run.input = frame.run.input, value
    try:
        if test(frame) is True:
            return True
        return isinstance(value, list) and bool(value) and all(_passes(frame, test, item) for item in value)
    finally:
        frame.run.input = before


def _position(allowed: list[Any], value: Any, column: str) -> int:
    for position, candidate in enumerate(allowed):
        if isinstance(candidate, Range) and operators.in_range(value, candidate) is True:
            return position
        if operators.same(candidate, value):
            return position
    raise NoValue("no-priority", output=column, found=describe(value))
