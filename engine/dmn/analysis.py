"""Gaps, overlaps and masked rules of decision tables, by exact geometry over the atoms of their columns.

Only tables whose cells are constants, ranges, enumerations, `not` and `-` are analysed; of others it says so.
Null inputs are left out: they match `-` only.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from engine.dmn import model as m
from engine.dmn.cells import Cell, Projection, read_cell
from engine.dmn.checks import expressions_of
from engine.dmn.program import Program, program_of
from engine.errors import N_
from engine.feel import FeelSyntaxError
from engine.findings import Finding, Level

BOXES_LIMIT = 20_000
PAIRS_LIMIT = 250_000
REPORTED_LIMIT = 10
SINGLE_HIT = frozenset("UAPF")


class _TooBig(Exception):
    """The analysis stops and says that it is not complete."""


def analyse(model: m.Model) -> list[Finding]:
    """Findings about every decision table of the model."""
    program = program_of(model)
    found: list[Finding] = []
    for expression in expressions_of(model):
        if isinstance(expression, m.DecisionTable):
            found += _Table(model, program, expression).findings()
    return found


class _Table:
    """One table over its atoms."""

    def __init__(self, model: m.Model, program: Program, table: m.DecisionTable) -> None:
        self.model = model
        self.table = table
        self.program = program
        self.boxes = 0
        self.covering: list[list[int]] = []
        self.columns: list[Projection] = []
        for index, clause in enumerate(table.inputs):
            cells = [self._cell(rule.tests[index] if index < len(rule.tests) else "") for rule in table.rules]
            self.columns.append(Projection(cells, self._cell(clause.values) if clause.values else None))

    def _cell(self, text: str) -> Cell | None:
        try:
            return read_cell(self.program.compile(text or "-", "unary_tests").tree)
        except FeelSyntaxError:
            return None

    def _finding(self, code: str, level: Level, message: str, element: str | None = None, **facts: Any) -> Finding:
        facts["table"] = self.table.id
        return Finding(
            code, level, element or self.table.id, message, facts, line=self.table.line, resource=self.model.resource
        )

    def findings(self) -> list[Finding]:
        """Everything that is to be said."""
        unknown = [
            clause.label
            for clause, column in zip(self.table.inputs, self.columns, strict=True)
            if not column.usable or None in column.masks
        ]
        if unknown:
            return [
                self._finding(
                    "decision-not-analysable",
                    Level.INFO,
                    N_("Gaps and overlaps cannot be computed: column {columns} holds more than constants."),
                    columns=", ".join(unknown),
                )
            ]
        found: list[Finding] = []
        try:
            if self.table.hit_policy in "UA":
                found += self._overlaps()
            if self.table.hit_policy == "F":
                found += self._masked()
            if self.table.hit_policy in SINGLE_HIT and all(output.default is None for output in self.table.outputs):
                found += self._gaps()
        except _TooBig:
            found.append(
                self._finding(
                    "decision-analysis-incomplete", Level.INFO, N_("The table is too big to be analysed completely.")
                )
            )
        return found

    # ------------------------------------------------ overlaps

    def _overlaps(self) -> Iterator[Finding]:
        rules = self.table.rules
        if len(rules) * (len(rules) - 1) // 2 > PAIRS_LIMIT:
            raise _TooBig
        reported = 0
        for (first, one), (second, other) in combinations(enumerate(rules), 2):
            common = [(column.masks[first] or 0) & (column.masks[second] or 0) for column in self.columns]
            if not all(common):
                continue
            differs = one.outputs != other.outputs
            if self.table.hit_policy == "A" and not differs:
                continue
            reported += 1
            if reported > REPORTED_LIMIT:
                return
            yield self._finding(
                "decision-overlap",
                Level.ERROR if differs else Level.WARN,
                N_("Rules {first} and {second} both match: {where}."),
                one.id,
                first=one.id,
                second=other.id,
                where=self._words(common),
            )

    # ------------------------------------------------ gaps

    def _gaps(self) -> Iterator[Finding]:
        whole = [column.everything for column in self.columns]
        rows = (1 << len(self.table.rules)) - 1
        for number, box in enumerate(self._uncovered(whole, rows)):
            if number >= REPORTED_LIMIT:
                return
            yield self._finding("decision-gap", Level.WARN, N_("No rule matches: {where}."), where=self._words(box))

    def _masked(self) -> Iterator[Finding]:
        for index, rule in enumerate(self.table.rules):
            region = [column.masks[index] or 0 for column in self.columns]
            if all(region) and next(self._uncovered(region, (1 << index) - 1), None) is None:
                yield self._finding(
                    "decision-masked", Level.WARN, N_("Rule {rule} never decides: earlier ones cover it."),
                    rule.id, rule=rule.id,
                )  # fmt: skip

    def _uncovered(self, region: list[int], rows: int, depth: int = 0) -> Iterator[list[int]]:
        """Boxes of the region that none of `rows` covers; atoms with the same rows stay together."""
        self.boxes += 1
        if self.boxes > BOXES_LIMIT:
            raise _TooBig
        if not rows:
            yield region
            return
        if depth == len(self.columns):
            return
        for group, atoms in self._groups(depth, region[depth], rows).items():
            yield from self._uncovered([*region[:depth], atoms, *region[depth + 1 :]], group, depth + 1)

    def _groups(self, depth: int, atoms: int, rows: int) -> dict[int, int]:
        """Rows that cover an atom -> the atoms with exactly these rows."""
        groups: dict[int, int] = {}
        covering = self._by_atom(depth)
        while atoms:
            lowest = atoms & -atoms
            group = covering[lowest.bit_length() - 1] & rows
            groups[group] = groups.get(group, 0) | lowest
            atoms ^= lowest
        return groups

    def _by_atom(self, depth: int) -> list[int]:
        if not self.covering:
            self.covering = [column.rows_by_atom() for column in self.columns]
        return self.covering[depth]

    def _words(self, box: list[int]) -> str:
        parts = [
            f"{clause.label}: {column.words(atoms)}"
            for clause, column, atoms in zip(self.table.inputs, self.columns, box, strict=True)
        ]
        return "; ".join(parts)
