"""Values in regions: a variable is cut by the constants that it is compared with; expressions are judged on regions.

Within a region no comparison tells one value from another, so that one sample stands for all of them. What an
expression does beyond comparing with constants, with dates, with two variables, by functions, is unknown: true or
false, but the same wherever it is asked again before one of its variables is written. The clock, the directory and the
calendar change meanwhile: what asks them is unknown each time.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from functools import lru_cache
from typing import Any

from engine import feel
from engine.feel import nodes as n
from engine.feel.builtins.conversion import constant
from engine.feel.closures import Builder
from engine.feel.diagnostics import NoValue
from engine.feel.evaluation import Frame, Run
from engine.policy.abstraction import NOT_TOLD

Masks = tuple[int, ...]
"""of each variable the regions in which it may lie, as bits"""
Resolve = Callable[[str], int | None]
"""path as an expression reads it -> number of the variable; None: nothing is known of it"""
Told = Callable[["Term"], Any]
"""what a part says that compares the outcome of an approval: True, False, or UNSURE"""


class _Word:
    def __init__(self, word: str) -> None:
        self.word = word

    def __repr__(self) -> str:
        return self.word


UNSURE = _Word("UNSURE")
"""true or false"""
ANY = _Word("ANY")
"""any value, null included"""
_LITERAL = re.compile(r'("(?:[^"\\]|\\.)*")')
_EXACT, _HALF = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN), Decimal("0.5")
"""a sample that is rounded lies in another region: 10³⁰ - 1 is 10³⁰ in 28 digits"""
RESERVED = frozenset(
    (
        "approval", "process", "loopCounter", "numberOfInstances", "nrOfInstances", "numberOfActiveInstances",
        "nrOfActiveInstances", "numberOfCompletedInstances", "nrOfCompletedInstances", "numberOfTerminatedInstances",
        "nrOfTerminatedInstances", "activationCount", "waitingForStart",
    )
)  # fmt: skip
"""names that the machine gives a meaning of its own"""


class Regions:
    """Of one variable: each number that it is compared with and each stretch between them; each text and any other;
    true; false; null; a list of one value of each of these, which some read as that value; whatever else there is.
    `samples`: a value of each. `tied`: numbers of the variables that are written with it."""

    tied: frozenset[int] = frozenset()

    def __init__(self, constants: Iterable[Any]) -> None:
        known = list(constants)
        self.numbers = sorted({Decimal(one) for one in known if is_number(one)})
        self.texts = sorted({one for one in known if isinstance(one, str)})
        self._texts_at = 2 * len(self.numbers) + 1
        self._true = self._texts_at + len(self.texts) + 1
        self._lists_at = self._true + 3
        self.count = 2 * self._lists_at + 1
        self.everything = (1 << self.count) - 1
        plain: list[Any] = [*self._numbers(), *self.texts, self._other(), True, False, None]
        self.samples: list[Any] = [*plain, *([one] for one in plain), {}]

    def _numbers(self) -> Iterator[Decimal]:
        if not self.numbers:
            yield Decimal(0)
            return
        yield _EXACT.subtract(self.numbers[0], 1)
        for low, high in zip(self.numbers, [*self.numbers[1:], _EXACT.add(self.numbers[-1], 2)], strict=True):
            yield low
            yield _EXACT.multiply(_EXACT.add(low, high), _HALF)

    def _other(self) -> str:
        word = "other"
        while word in self.texts:
            word += "."
        return word

    def locate(self, value: Any) -> int:
        """The region of a value, as a bit."""
        if value is True or value is False:
            return 1 << self._true + (value is False)
        if value is None:
            return 1 << self._true + 2
        if is_number(value):
            place = bisect_left(self.numbers, value)
            return 1 << 2 * place + (place < len(self.numbers) and self.numbers[place] == value)
        if isinstance(value, str):
            place = self.texts.index(value) if value in self.texts else len(self.texts)
            return 1 << self._texts_at + place
        if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], list | dict):
            inner = self.locate(value[0])
            if inner < 1 << self._lists_at:
                return inner << self._lists_at
        return 1 << self.count - 1

    def sample_of(self, mask: int) -> Any:
        """A value in one of these regions."""
        return self.samples[(mask & -mask).bit_length() - 1]


class Answers(Regions):
    """Of a question about several variables: true, false, or null, which says neither."""

    def __init__(self) -> None:
        super().__init__(())
        self.samples, self.count, self.everything = [True, False, None], 3, 7

    def locate(self, value: Any) -> int:
        """The region of an answer, as a bit."""
        return 1 if value is True else 2 if value is False else 4


def is_number(value: Any) -> bool:
    """As FEEL sees it."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


# ---------------------------------------------------------------- expressions


@dataclass(slots=True, eq=False)
class Term:
    """A part of an expression. `operator`: and, or, not, if: of `parts`; told: the outcome of the approval `path`,
    which is `value` or, `negated`, is not; is: `value`; reads: `path`, as `tree` compares it or, where there is none,
    as it is; asks: `path`, the text of a question about the variables `about`; unknown."""

    operator: str
    parts: tuple["Term", ...] = ()
    path: str = ""
    negated: bool = False
    tree: n.Node | None = None
    value: Any = None
    constants: tuple[Any, ...] = ()
    about: frozenset[str] = frozenset()
    by_region: dict[Regions, dict[Any, int]] = field(default_factory=dict)
    """of a comparison: value -> the regions for which it is that"""

    @property
    def is_read(self) -> bool:
        """Whether nothing in it is unknown."""
        return self.operator not in ("unknown", "asks") and all(part.is_read for part in self.parts)

    @property
    def asks_outcome(self) -> bool:
        """Whether the outcome of an approval is asked for somewhere in it."""
        return any(True for _ in self.told())

    def told(self) -> Iterator["Term"]:
        """Every part that compares the outcome of an approval."""
        if self.operator == "told":
            yield self
        for part in self.parts:
            yield from part.told()

    def leaves(self) -> Iterator["Term"]:
        """Every part that reads a variable."""
        if self.operator in ("reads", "asks"):
            yield self
        for part in self.parts:
            yield from part.leaves()

    def given(self) -> Iterator[Any]:
        """The constants that may be the value of the whole."""
        if self.operator == "is":
            yield self.value
        for part in self.parts[1:] if self.operator == "if" else ():
            yield from part.given()

    def taken(self) -> Iterator[str]:
        """The variables whose value may be the value of the whole."""
        if self.operator == "reads" and self.tree is None:
            yield self.path
        for part in self.parts[1:] if self.operator == "if" else ():
            yield from part.taken()


@dataclass(slots=True)
class Split:
    """Nothing can be said before a variable lies in one of these parts of its regions."""

    variable: int
    parts: tuple[int, ...]


_UNKNOWN = Term("unknown")


@lru_cache(maxsize=4_096)
def term(text: str, *, condition: bool = False) -> Term:
    """An expression without its sign. What cannot be read is unknown: the compiler says so. `condition`: only true and
    false of it matter."""
    try:
        compiled = feel.compile(text)
    except feel.FeelSyntaxError:
        return _UNKNOWN
    return _Reader(compiled).read(compiled.tree, truth=condition)


def spaced(text: str) -> str:
    """An expression as it is compared: with one space between words, unless a comment ends with a line; literals stay
    as they are."""
    parts = _LITERAL.split(text.strip())
    if any("//" in part or "/*" in part for part in parts[::2]):
        return text.strip()
    return "".join(part if part.startswith('"') else re.sub(r"\s+", " ", part) for part in parts)


def path_of(tree: n.Node) -> str | None:
    """`a.b.c` of variables, None for anything else."""
    if isinstance(tree, n.Name):
        return None if tree.name in RESERVED else tree.name
    if isinstance(tree, n.Path):
        above = path_of(tree.source)
        return None if above is None else f"{above}.{tree.name}"
    return None


def evaluate(part: Term, told: Told, resolve: Resolve, regions: Sequence[Regions], masks: Masks) -> Any:
    """The value, ANY, UNSURE, or a Split. Anything but true and false is null where and, or, not take it."""
    match part.operator:
        case "is":
            return part.value
        case "told":
            return told(part)
        case "reads" | "asks":
            variable = resolve(part.path)
            if variable is None:
                return ANY
            return _read(part, variable, regions[variable], masks[variable])
        case "and" | "or":
            return _joined(
                [evaluate(one, told, resolve, regions, masks) for one in part.parts], absorbing=part.operator == "or"
            )
        case "not":
            value = evaluate(part.parts[0], told, resolve, regions, masks)
            if value is True or value is False:
                return not value
            return value if value is ANY or value is UNSURE or isinstance(value, Split) else None
        case "if":
            value = evaluate(part.parts[0], told, resolve, regions, masks)
            if isinstance(value, Split):
                return value
            if value is ANY or value is UNSURE:
                return ANY
            return evaluate(part.parts[1 if value is True else 2], told, resolve, regions, masks)
    return ANY


def cases(
    part: Term, told: Told, resolve: Resolve, regions: Sequence[Regions], masks: Masks
) -> Iterator[tuple[Any, Masks]]:
    """(value, ANY or UNSURE; the regions for which it is that): disjoint, all of them together `masks`."""
    found = evaluate(part, told, resolve, regions, masks)
    if not isinstance(found, Split):
        yield found, masks
        return
    for mask in found.parts:
        split = (*masks[: found.variable], mask, *masks[found.variable + 1 :])
        yield from cases(part, told, resolve, regions, split)


def judged(
    part: Term, told: Told, resolve: Resolve, regions: Sequence[Regions], masks: Masks
) -> tuple[list[tuple[bool | None, Masks]], bool]:
    """A condition: where it is true, where it is false, where (None) it may be either; and whether the machine may get
    stuck at it.

    Where it is null the machine gets stuck; who repairs that may write what the condition reads, and it is asked again.
    """
    found: dict[bool | None, list[Masks]] = {}
    ever = False
    for _ in range(2):
        stuck = False
        for value, of in cases(part, told, resolve, regions, masks):
            if value is True or value is False:
                found.setdefault(value, []).append(of)
            elif value is ANY or value is UNSURE:
                found.setdefault(None, []).append(of)
            stuck = stuck or not (value is True or value is False or value is UNSURE)
        ever = ever or stuck
        read = {number for leaf in part.leaves() if (number := resolve(leaf.path)) is not None}
        read |= {other for number in read for other in regions[number].tied}
        whole = tuple(regions[at].everything if at in read else mask for at, mask in enumerate(masks))
        if not stuck or whole == masks:
            break
        masks = whole
    return [(value, one) for value, ways in found.items() for one in merged(ways)], ever


def truth(condition: str | None, outcomes: Mapping[str, str]) -> bool | None:
    """What a condition says when only the outcomes of approvals are known; None: it depends on something else."""
    if condition is None:
        return None
    part = term(_unsigned(condition), condition=True)
    value = evaluate(part, told_by(outcomes), lambda path: None, (), ())
    return value if value is True or value is False else None


def reads_outcome(condition: str | None) -> set[str]:
    """The approvals whose outcome a condition compares."""
    return {part.path for part in term(_unsigned(condition or ""), condition=True).told()}


def _unsigned(text: str) -> str:
    return text.strip().removeprefix("=").strip()


def is_ever_true(part: Term) -> bool:
    """Whether a condition may be true, whatever its variables are."""
    leaves, constants = list(part.leaves()), dict[str, list[Any]]()
    for leaf in leaves:
        constants.setdefault(leaf.path, []).extend(leaf.constants)
    asked, names = {leaf.path for leaf in leaves if leaf.about}, list(constants)
    regions = [Answers() if path in asked else Regions(constants[path]) for path in names]
    whole = tuple(one.everything for one in regions)
    found = cases(part, lambda asked: UNSURE, names.index, regions, whole)
    return any(value is True or value is ANY or value is UNSURE for value, _ in found)


_READS_AS_ANOTHER = re.compile(
    r"[-+]?[\d.]+([eE][-+]?\d+)?|\{?(urn:uuid:)?[0-9a-fA-F-]{32,}\}?|true|false|null|None|True|False"
)
"""texts that may name the same document as a value of another kind or another text: numbers, words, UUIDs"""


def never_gives(text: str, name: str) -> bool:
    """Whether an expression never has the value of the variable in it, as in `if x = "A" then "B" else "A"`."""
    part = term(text)
    leaves = list(part.leaves())
    if not part.is_read or not leaves or any(leaf.path != name for leaf in leaves):
        return False
    if not all(isinstance(one, str) and not _READS_AS_ANOTHER.fullmatch(one) for one in part.given()):
        return False
    regions = Regions([*part.given(), *(one for leaf in leaves for one in leaf.constants)])
    for bit in bits(regions.everything):
        for value, _ in cases(part, lambda asked: ANY, lambda path: 0, (regions,), (1 << bit,)):
            if value is ANY or value is UNSURE or regions.locate(value) == 1 << bit:
                return False
    return True


def merged(found: Iterable[Masks]) -> list[Masks]:
    """Fewer of them: without those that lie in another one, and two that differ in one variable are one."""
    left = list(dict.fromkeys(found))
    place = 0
    while place < len(left):
        for other in range(place):
            both = _together(left[place], left[other])
            if both is not None:
                del left[place]
                left[other] = both
                place = -1
                break
        place += 1
    return left


def _together(one: Masks, other: Masks) -> Masks | None:
    """Both as one; None when that would be more than they are."""
    differing = [at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    if len(differing) <= 1:
        return tuple(a | b for a, b in zip(one, other, strict=True))
    if all(a | b == a for a, b in zip(one, other, strict=True)):
        return one
    return other if all(a | b == b for a, b in zip(one, other, strict=True)) else None


def nested(path: str, value: Any) -> dict[str, Any]:
    """The variables of which `path` is a member."""
    head, _, rest = path.partition(".")
    return {head: nested(rest, value) if rest else value}


def _read(part: Term, variable: int, regions: Regions, mask: int) -> Any:
    if part.tree is None:
        if mask & mask - 1:
            return Split(variable, tuple(1 << bit for bit in bits(mask)))
        return regions.sample_of(mask)
    known = part.by_region.get(regions)
    if known is None:
        known = part.by_region[regions] = _by_value(part, regions)
    parts = [(value, mask & of) for value, of in known.items() if mask & of]
    return parts[0][0] if len(parts) == 1 else Split(variable, tuple(found for _, found in parts))


def _by_value(part: Term, regions: Regions) -> dict[Any, int]:
    assert part.tree is not None  # noqa: S101 - the caller looks
    closure = Builder({}).build(part.tree)
    found: dict[Any, int] = {}
    for bit, sample in enumerate(regions.samples):
        try:
            value = closure(Frame(nested(part.path, sample), None, Run()))
        except NoValue:
            value = None
        value = value if value is True or value is False else None
        found[value] = found.get(value, 0) | 1 << bit
    return found


def _joined(values: list[Any], *, absorbing: bool) -> Any:
    known = (True, False, ANY, UNSURE)
    plain = [one if isinstance(one, Split) or any(one is word for word in known) else None for one in values]
    if any(one is absorbing for one in plain):
        return absorbing
    splits = [one for one in plain if isinstance(one, Split)]
    if splits:
        return splits[0]
    if ANY in plain:
        return ANY
    if None in plain:
        return ANY if UNSURE in plain else None
    return UNSURE if UNSURE in plain else not absorbing


class _Reader:
    """A tree as terms."""

    def __init__(self, compiled: feel.Compiled) -> None:
        self._excerpt = compiled.excerpt

    def read(self, node: n.Node, *, truth: bool = False) -> Term:
        """`truth`: only true and false matter, all else is one."""
        path = path_of(node)
        if path is not None:
            return Term("reads", path=path, tree=node if truth else None)
        match node:
            case n.Literal() if not node.unreadable and _is_plain(node.value):
                return Term("is", value=node.value)
            case n.Negate() if is_number(constant(node)):
                return Term("is", value=constant(node))
            case n.Logic():
                return Term(node.operator, tuple(self.read(one, truth=True) for one in node.operands))
            case n.Call(function=n.Name(name="not"), arguments=[inner]) if node.names is None:
                return Term("not", (self.read(inner, truth=True),))
            case n.If():
                asked = self.read(node.condition, truth=True)
                return Term("if", (asked, self.read(node.yes, truth=truth), self.read(node.no, truth=truth)))
            case n.Compare() | n.Between() | n.In():
                found = self._compared(node)
                return found if found.operator != "unknown" else self._asked(node)
        return self._asked(node) if truth else _UNKNOWN

    def _asked(self, node: n.Node) -> Term:
        """A question about variables; of two that are compared, < and = in one order stand for all."""
        if not isinstance(node, n.Compare):
            return _question(self._excerpt(node))
        left, right = map(self._excerpt, (node.left, node.right))
        negated = node.operator in ("!=", ">=", "<=")
        if node.operator in (">", "<=") or (node.operator in ("=", "!=") and left > right):
            left, right = right, left
        found = _question(f"({left}) {'=' if node.operator in ('=', '!=') else '<'} ({right})")
        return Term("not", (found,)) if negated and found.operator == "asks" else found

    def _compared(self, node: n.Compare | n.Between | n.In) -> Term:
        match node:
            case n.Compare():
                sides = (node.left, node.right)
                approvals = [name for side in sides if (name := _outcome_of(side)) is not None]
                words = [side.value for side in sides if isinstance(side, n.Literal) and isinstance(side.value, str)]
                if len(approvals) == len(words) == 1 and node.operator in ("=", "!="):
                    return Term("told", path=approvals[0], value=words[0], negated=node.operator == "!=")
                paths = [path for side in sides if (path := path_of(side)) is not None]
                found = [
                    value for side in sides if (value := _constants(side, node.operator in ("=", "!="))) is not None
                ]
            case n.Between():
                paths = [path] if (path := path_of(node.value)) is not None else []
                found = [value for side in (node.low, node.high) if (value := _constants(side, False)) is not None]
                found = [[one for value in found for one in value]] if len(found) == len((node.low, node.high)) else []
            case n.In():
                paths = [path] if (path := path_of(node.value)) is not None else []
                tested = [_tested(test) for test in node.tests]
                found = [] if None in tested else [[one for value in tested for one in value or ()]]
        if len(paths) != 1 or len(found) != 1:
            return _UNKNOWN
        return Term("reads", path=paths[0], tree=node, constants=tuple(found[0]))


def _question(text: str) -> Term:
    compiled = feel.compile(text)
    if compiled.asks or not compiled.names or not compiled.names.isdisjoint(RESERVED):
        return _UNKNOWN
    return Term("asks", path=spaced(text), about=compiled.names)


def _outcome_of(node: n.Node) -> str | None:
    """The approval in `approval.x.outcome`; None for anything else."""
    match node:
        case n.Path(source=n.Path(source=n.Name(name="approval"), name=approval), name="outcome"):
            return approval
    return None


def _constants(node: n.Node, any_kind: bool) -> list[Any] | None:
    """What a variable is compared with: one constant, of which kind it may be; None when it is something else."""
    if isinstance(node, n.Literal) and not node.unreadable and node.value is None:
        return [None] if any_kind else None
    value = constant(node)
    if is_number(value) or (any_kind and value is not None and _is_plain(value)):
        return [value]
    return None


def _tested(test: n.Node) -> list[Any] | None:
    match test:
        case n.Range():
            low, high = _constants(test.low, False), _constants(test.high, False)
            return None if low is None or high is None else [*low, *high]
        case n.OperatorTest():
            return _constants(test.operand, test.operator in ("=", "!="))
    return _constants(test, True)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | str) or is_number(value)


def told_by(outcomes: Mapping[str, str]) -> Told:
    """By the outcomes that are known, of approvals by name: what is not decided yet is no word."""

    def told(part: Term) -> Any:
        known = outcomes.get(part.path)
        return UNSURE if known == NOT_TOLD else (known == part.value) is not part.negated

    return told
