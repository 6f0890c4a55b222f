"""Gaps, overlaps, masked and unreachable rules of decision tables, by exact geometry over the atoms of their columns.

Only tables whose cells are constants, ranges, enumerations, `not`, `null` and `-` are analysed; of others it says so.
Inputs that are null count where a cell of their column speaks of null; elsewhere they match `-` only and are left out.
Every finding names an input that shows it.
"""

from collections.abc import Iterator
from typing import Any

from engine.dmn import model as m
from engine.dmn.cells import Cell, Projection, read_cell
from engine.dmn.checks import expressions_of
from engine.dmn.inputs import basic
from engine.dmn.program import Program, program_of
from engine.errors import N_
from engine.feel import FeelSyntaxError, literal
from engine.feel.builtins.conversion import constant
from engine.findings import Finding, Level

BOXES_LIMIT = 20_000
REPORTED_LIMIT = 10
CODES = (
    "decision-gap", "decision-overlap", "decision-overlap-same", "decision-masked", "decision-unreachable",
    "decision-not-analysable", "decision-analysis-incomplete",
)  # fmt: skip


class _TooBig(Exception):
    """The analysis stops and says that it is not complete."""


def analyse(model: m.Model) -> list[Finding]:
    """Findings about every decision table of the model.

    `decision-gap`, `decision-overlap`, `decision-overlap-same` (the results are equal), `decision-masked`,
    `decision-unreachable`: facts `where` and `example` are FEEL for people, `inputs` the example by input expression;
    rules are numbered from 1 and `rules` are their ids.
    `decision-not-analysable` and `decision-analysis-incomplete` say what was left out.
    """
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
        self.columns: list[Projection] = []
        for index, clause in enumerate(table.inputs):
            cells = [self._cell(rule.tests[index] if index < len(rule.tests) else "") for rule in table.rules]
            of, allowed = self._domain(clause)
            self.columns.append(Projection(cells, self._cell(allowed) if allowed else None, of))
        self.known = all(column.usable and None not in column.masks for column in self.columns)
        self.covering = [column.rows_by_atom() for column in self.columns] if self.known else []

    def _cell(self, text: str) -> Cell | None:
        try:
            return read_cell(self.program.compile(text or "-", "unary_tests").tree)
        except FeelSyntaxError:
            return None

    def _domain(self, clause: m.InputClause) -> tuple[str, str]:
        """(basic type, allowed values) of an input: what its column says, else the type of the element it reads."""
        reference = clause.type
        if not reference or reference == "Any":
            elements = self.model.elements.values()
            reference = next((element.type for element in elements if element.variable == clause.text.strip()), None)
        of, allowed = basic(self.model, reference)
        return of, clause.values or allowed

    def _finding(self, code: str, level: Level, message: str, element: str | None = None, **facts: Any) -> Finding:
        facts["table"] = self.table.id
        return Finding(
            code, level, element or self.table.id, message, facts, line=self.table.line, resource=self.model.resource
        )

    def findings(self) -> list[Finding]:
        """Everything that is to be said."""
        if not self.known:
            columns = zip(self.table.inputs, self.columns, strict=True)
            unknown = [clause.label for clause, column in columns if not column.usable or None in column.masks]
            return [
                self._finding(
                    "decision-not-analysable",
                    Level.INFO,
                    N_("Gaps and overlaps cannot be computed: column {columns} holds more than constants."),
                    columns=", ".join(unknown),
                )
            ]
        found: list[Finding] = [*self._unreachable()]
        try:
            if self.table.hit_policy in "UA":
                found += self._overlaps()
            if self.table.hit_policy in "FP":
                found += self._masked()
            if (
                self.table.inputs
                and self.table.hit_policy in m.SINGLE_HIT
                and all(output.default is None for output in self.table.outputs)
            ):
                found += self._gaps()
        except _TooBig:
            found.append(
                self._finding(
                    "decision-analysis-incomplete", Level.INFO, N_("The table is too big to be analysed completely.")
                )
            )
        return found

    # ------------------------------------------------ one rule

    def _region(self, index: int) -> list[int]:
        return [column.masks[index] or 0 for column in self.columns]

    def _unreachable(self) -> Iterator[Finding]:
        """Rules with a condition that no value of its column can meet."""
        for number, rule in enumerate(self.table.rules, 1):
            for clause, test, atoms in zip(self.table.inputs, rule.tests, self._region(number - 1), strict=False):
                if not atoms:
                    yield self._finding(
                        "decision-unreachable", Level.WARN,
                        N_("Rule {rule} never matches: no allowed value of {input} meets {test}."),
                        rule.id, rule=number, rules=[rule.id], input=clause.label, test=test,
                    )  # fmt: skip
                    break

    # ------------------------------------------------ overlaps

    def _overlaps(self) -> Iterator[Finding]:
        reported = 0
        for first, second in self._overlapping():
            one, other = self.table.rules[first], self.table.rules[second]
            differs = self._results(one) != self._results(other)
            if self.table.hit_policy == "A" and not differs:
                continue
            reported += 1
            if reported > REPORTED_LIMIT:
                return
            common = [mine & theirs for mine, theirs in zip(self._region(first), self._region(second), strict=True)]
            yield self._finding(
                "decision-overlap" if differs else "decision-overlap-same",
                Level.ERROR if differs else Level.WARN,
                N_("Rules {first} and {second} both match: {where}. For example {example}."),
                one.id,
                first=first + 1,
                second=second + 1,
                rules=[one.id, other.id],
                **self._shown(common),
            )

    def _overlapping(self) -> Iterator[tuple[int, int]]:
        """Pairs of rules that share a point: the rows that some atom of each cell has in common."""
        meeting: list[dict[int, int]] = [{} for _ in self.columns]
        for index in range(len(self.table.rules)):
            rows = ~((1 << index + 1) - 1) & ((1 << len(self.table.rules)) - 1)
            for known, covering, atoms in zip(meeting, self.covering, self._region(index), strict=True):
                if atoms not in known:
                    known[atoms] = _rows_of(covering, atoms)
                rows &= known[atoms]
            while rows:
                lowest = rows & -rows
                yield index, lowest.bit_length() - 1
                rows ^= lowest

    def _results(self, rule: m.Rule) -> list[Any]:
        """Its results, as values where they are constants: `1` and `1.0` do not differ."""
        return [self._constant(text) for text in rule.outputs]

    def _constant(self, text: str) -> Any:
        try:
            value = constant(self.program.compile(text).tree) if text else None
        except FeelSyntaxError:
            value = None
        return text if value is None else value

    # ------------------------------------------------ gaps

    def _gaps(self) -> Iterator[Finding]:
        whole = [column.everything for column in self.columns]
        rows = (1 << len(self.table.rules)) - 1
        for number, box in enumerate(self._uncovered(whole, rows)):
            if number >= REPORTED_LIMIT:
                return
            beside = self._beside(box)
            yield self._finding(
                "decision-gap", Level.WARN, N_("No rule matches: {where}. For example {example}."),
                rules=[self.table.rules[index].id for index in beside], beside=[index + 1 for index in beside],
                **self._shown(box),
            )  # fmt: skip

    def _beside(self, box: list[int]) -> list[int]:
        """The rules that the gap lies next to: all columns but one meet it, and that one begins or ends there."""
        wider = [atoms | atoms << 1 | atoms >> 1 for atoms in box]
        found = []
        for index in range(len(self.table.rules)):
            region = self._region(index)
            apart = [place for place, atoms in enumerate(region) if not atoms & box[place]]
            if len(apart) == 1 and region[apart[0]] & wider[apart[0]]:
                found.append(index)
        return found

    def _masked(self) -> Iterator[Finding]:
        """Rules that earlier ones (F) or better ones (P) cover wherever they match."""
        for index, rule in enumerate(self.table.rules):
            region = self._region(index)
            if all(region) and next(self._uncovered(region, self._stronger(index)), None) is None:
                yield self._finding(
                    "decision-masked", Level.WARN,
                    N_("Rule {rule} never decides: stronger ones cover it. For example {example}."),
                    rule.id, rule=index + 1, rules=[rule.id], **self._shown(region),
                )  # fmt: skip

    def _stronger(self, index: int) -> int:
        """The rows that win over one, as bits."""
        if self.table.hit_policy == "F":
            return (1 << index) - 1
        ranks = [self._rank(rule) for rule in self.table.rules]
        mine = ranks[index]
        if mine is None:
            return 0
        better = (
            number for number, rank in enumerate(ranks) if rank is not None and (rank, number) < (mine, index)
        )  # fmt: skip
        return sum(1 << number for number in better)

    def _rank(self, rule: m.Rule) -> tuple[int, ...] | None:
        """Its place by priority; None when a result is no constant of the allowed values."""
        rank = []
        for output, text in zip(self.table.outputs, rule.outputs, strict=False):
            if output.values:
                value = self._constant(text)
                places = [place for place, of in enumerate(self._listed(output.values)) if of == value]
                if not places:
                    return None
                rank.append(places[0])
        return tuple(rank)

    def _listed(self, values: str) -> list[Any]:
        try:
            tree: Any = self.program.compile(f"[{values}]").tree
        except FeelSyntaxError:
            return []
        return [constant(item) for item in tree.items]

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
        covering = self.covering[depth]
        while atoms:
            lowest = atoms & -atoms
            group = covering[lowest.bit_length() - 1] & rows
            groups[group] = groups.get(group, 0) | lowest
            atoms ^= lowest
        return groups

    # ------------------------------------------------ words

    def _shown(self, box: list[int]) -> dict[str, Any]:
        """Facts about a box: where it is, and an example in it."""
        columns = list(zip(self.table.inputs, self.columns, box, strict=True))
        example = [(clause, literal(column.example(atoms))) for clause, column, atoms in columns]
        return {
            "where": "; ".join(f"{clause.label}: {column.words(atoms)}" for clause, column, atoms in columns),
            "example": ", ".join(f"{clause.label} = {text}" for clause, text in example),
            "inputs": {clause.text: text for clause, text in example},
        }


def _rows_of(covering: list[int], atoms: int) -> int:
    rows = 0
    while atoms:
        lowest = atoms & -atoms
        rows |= covering[lowest.bit_length() - 1]
        atoms ^= lowest
    return rows
