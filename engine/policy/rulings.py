"""A decision on regions: what its tables give for each region of what they read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache, reduce
from operator import or_
from typing import Any, NamedTuple

from engine import dmn, feel
from engine.dmn import model as m
from engine.dmn.cells import read_cell
from engine.dmn.inputs import basic, below
from engine.dmn.program import Program, program_of
from engine.feel import nodes as n
from engine.feel.builtins.conversion import constant
from engine.policy.regions import Masks, Regions, is_number, nested, path_of

STUCK = object()
COMBINATIONS = 400
"""A decision is asked for that many combinations of regions; what it gives for more is unknown."""
REMEMBERED = 10 * COMBINATIONS
"""A drawing asks the same at every change, its tables stay the same."""
NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision made of tables whose cells are constants. `reads`: path -> the constants of its columns; `columns`:
    path -> their tests, each a list of rules."""

    model: m.Model
    decision: str
    reads: Mapping[str, tuple[Any, ...]]
    columns: Mapping[str, tuple[tuple[str, ...], ...]]
    _known: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def value(self, given: Sequence[tuple[str, Any]]) -> Any:
        """What it gives for values by path; STUCK where the machine gets stuck and somebody has to repair it."""
        key = repr(given)  # `1`, `True` and `"1"` are three
        if key not in self._known:
            if len(self._known) > REMEMBERED:
                self._known.clear()
            self._known[key] = self._decided(given)
        return self._known[key]

    def _decided(self, given: Sequence[tuple[str, Any]]) -> Any:
        context: dict[str, Any] = {}
        for path, value in given:
            context |= nested(path, value)
        try:
            decided = dmn.decide(self.model, self.decision, context, now=NOW)
        except dmn.DecisionFailed:
            return STUCK
        return STUCK if decided.value is None and decided.diagnostics else decided.value

    def groups(self, path: str, regions: Regions) -> list[tuple[int, Any]]:
        """Regions that no column tells apart, with a sample."""
        program = program_of(self.model)
        found: dict[Any, int] = {}
        for bit, sample in enumerate(regions.samples):
            met = tuple(
                tuple(program.compile(test, "unary_tests").evaluate({}, input=one).value is True for test in column)
                for column in self.columns[path]
                for one in (sample, sample[0] if isinstance(sample, list) else sample)  # the table may take it out
            )
            key = (_kind(sample), met)
            found[key] = found.get(key, 0) | 1 << bit
        return [(mask, regions.sample_of(mask)) for mask in found.values()]


@lru_cache(maxsize=256)
def ruling(model: m.Model, decision: str) -> Ruling | None:
    """None for a decision that is more than tables of constants."""
    element = model.find(decision)
    if not isinstance(element, m.Decision):
        return None
    involved = list(below(model, element))
    if any(not isinstance(one, m.Decision | m.InputData) for one in involved):
        return None
    known = {requirement.namespace for one in involved for requirement in m.requirements_of(one)}
    if known - {None, model.namespace}:
        return None
    program = program_of(model)
    decided = {one.variable for one in involved if isinstance(one, m.Decision)}
    given = {one.variable: one for one in involved if isinstance(one, m.InputData)}
    reads: dict[str, list[Any]] = {}
    columns: dict[str, list[tuple[str, ...]]] = {}
    for one in involved:
        if not isinstance(one, m.Decision):
            continue
        table = one.logic
        if not isinstance(table, m.DecisionTable) or not all(_is_fixed(program, text) for text in _results(table)):
            return None
        for at, clause in enumerate(table.inputs):
            tests = tuple(rule.tests[at] if at < len(rule.tests) else "-" for rule in table.rules)
            path = _path(program, clause.text)
            head = path.partition(".")[0] if path is not None else ""
            source = given.get(head)
            if path is None or (source is not None and source.type and head != path):
                return None
            allowed = [clause.values, basic(model, clause.type)[1], basic(model, source.type)[1] if source else ""]
            cells = [*tests, *(text for text in allowed if text)]
            found = list(_constants(program, cells))
            if None in found:
                return None
            if head not in decided:
                reads.setdefault(path, []).extend(one for values in found for one in values or ())
                columns.setdefault(path, []).append(tuple(cells))
    heads = [path.partition(".")[0] for path in reads]
    if len(set(heads)) < len(heads):
        return None
    return Ruling(
        model, decision, {path: tuple(values) for path, values in reads.items()},
        {path: tuple(tests) for path, tests in columns.items()},
    )  # fmt: skip


def _path(program: Program, text: str) -> str | None:
    try:
        return path_of(program.compile(text.strip()).tree)
    except feel.FeelSyntaxError:
        return None


def _results(table: m.DecisionTable) -> Iterator[str]:
    for rule in table.rules:
        yield from rule.outputs
    yield from (output.default for output in table.outputs if output.default is not None)


def _is_fixed(program: Program, text: str) -> bool:
    if not text.strip():
        return True
    try:
        tree = program.compile(text).tree
    except feel.FeelSyntaxError:
        return False
    return isinstance(tree, n.Literal) or constant(tree) is not None


def _constants(program: Program, cells: Sequence[str]) -> Iterator[list[Any] | None]:
    """Of each cell; None for one that is more than numbers, texts, true and false."""
    for text in cells:
        try:
            cell = read_cell(program.compile(text or "-", "unary_tests").tree)
        except feel.FeelSyntaxError:
            cell = None
        if cell is None:
            yield None
            continue
        ends = [end for span in cell.spans for end in (span.low, span.high) if end is not None]
        points = all(span.low == span.high for span in cell.spans if not is_number(span.low or span.high))
        plain = all(is_number(end) or isinstance(end, str | bool) for end in ends)
        yield ends if plain and (points or all(map(is_number, ends))) else None


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return f"list of {_kind(value[0])}"
    return "number" if is_number(value) else type(value).__name__


class Answer(NamedTuple):
    """`given`: what it means for the one that asks, None when it gives nothing; `stuck`: it may get stuck."""

    given: Masks | None
    stuck: bool


class Asked:
    """A ruling where it is asked: which variables it reads, what it gives for their regions.

    `give`: what a value means for the one that asks; equal answers are put together.
    """

    def __init__(
        self, ruling: Ruling, variables: Mapping[str, int | None], regions: Sequence[Regions],
        give: Callable[[Any], Masks],
    ) -> None:  # fmt: skip
        self._ruling, self._give = ruling, give
        self._paths = list(ruling.reads)
        self.reads = [variables[path] for path in self._paths]
        self._groups = [
            [] if number is None else ruling.groups(path, regions[number])
            for path, number in zip(self._paths, self.reads, strict=True)
        ]
        self._known: dict[tuple[int, ...], Answer] = {}

    def answers(self, masks: Masks) -> list[tuple[Answer, Masks]] | None:
        """(what it gives, the regions of all variables for which it gives that); None: nothing is known of what it
        reads, or it would have to be asked too often."""
        parts: list[list[tuple[int, int]]] = []
        size = 1
        for number, groups in zip(self.reads, self._groups, strict=True):
            if number is None:
                return None
            met = [(at, mask & masks[number]) for at, (mask, _) in enumerate(groups) if mask & masks[number]]
            parts.append(met)
            size *= len(met)
        if size > COMBINATIONS:
            return None
        return [(answer, self._placed(masks, of)) for answer, of in self._boxes(parts, ())]

    def _boxes(self, parts: list[list[tuple[int, int]]], chosen: tuple[int, ...]) -> list[tuple[Answer, Masks]]:
        """(what it gives, the regions from here on); groups with the same continuation are one."""
        if len(chosen) == len(parts):
            return [(self._answer(chosen), ())]
        found: dict[tuple[tuple[Answer, Masks], ...], int] = {}
        for at, mask in parts[len(chosen)]:
            below = tuple(self._boxes(parts, (*chosen, at)))
            found[below] = found.get(below, 0) | mask
        return [(answer, (mask, *rest)) for below, mask in found.items() for answer, rest in below]

    def _answer(self, chosen: tuple[int, ...]) -> Answer:
        if chosen not in self._known:
            samples = [
                (path, groups[at][1]) for path, groups, at in zip(self._paths, self._groups, chosen, strict=True)
            ]
            value = self._ruling.value(samples)
            found = [Answer(None, True) if value is STUCK else Answer(self._give(value), False)]
            for at in (at for at, (_, sample) in enumerate(samples) if isinstance(sample, dict)):
                for _, plain in self._groups[at]:  # there are longer lists, and lists in lists
                    for other in ([plain, plain], [[plain]]):
                        value = self._ruling.value([*samples[:at], (samples[at][0], other), *samples[at + 1 :]])
                        found.append(Answer(None, True) if value is STUCK else Answer(self._give(value), False))
            self._known[chosen] = _either(found)
        return self._known[chosen]

    def _placed(self, masks: Masks, of: Masks) -> Masks:
        found = list(masks)
        for number, mask in zip(self.reads, of, strict=True):
            if number is not None:
                found[number] &= mask
        return tuple(found)


def _either(answers: Sequence[Answer]) -> Answer:
    given = [answer.given for answer in answers if answer.given is not None]
    masks = tuple(reduce(or_, of) for of in zip(*given, strict=True)) if given else None
    return Answer(masks, any(answer.stuck for answer in answers))
