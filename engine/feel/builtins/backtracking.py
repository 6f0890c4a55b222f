"""How long a pattern may search, judged before it does: the engine of Python tries every way, and cannot be stopped.

A pattern is flattened to steps; what may match more or less of the same characters as the one before it multiplies the
ways. The result is a bound, not a measure: a pattern that is refused for a long text may be quick, one that is admitted
is not slow.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

Characters = Callable[[str], frozenset[str]]

_QUANTIFIER = re.compile(r"([*+?]|\{(\d+)(,?)(\d*)\})\??")
_ASSERTIONS = frozenset(("^", "$", r"\Z"))
COPIES = 6
"""So often is a group with a bounded repetition written out."""


class Step(NamedTuple):
    """Characters that may stand here, whether one must, and how many choices there are.

    No characters: an assertion, which may fail. Choices of None: as many as the text is long.
    """

    characters: frozenset[str]
    must: bool
    choices: int | None = 1


class Effort(NamedTuple):
    """At most `factor * length ** power` ways to try."""

    power: int
    factor: int

    def of(self, length: int) -> int:
        """For a text of this length."""
        return int(self.factor * max(length, 1) ** self.power)


class Endless(Exception):
    """A repetition whose rounds can share their characters in many ways: exponential."""


def effort(parts: Sequence[str], characters: Characters) -> Effort:
    """Of the parts of a translated pattern. Raises Endless."""
    open_groups: list[list[list[list[Step]]]] = [[[]]]  # for each open group its alternatives, each of items
    for part in parts:
        items = open_groups[-1][-1]
        quantifier = _QUANTIFIER.fullmatch(part)
        if part in ("(", "(?:"):
            open_groups.append([[]])
        elif part == "|":
            open_groups[-1].append([])
        elif part == ")":
            group = _flattened(open_groups.pop())
            open_groups[-1][-1].append(group)
        elif quantifier is not None and items:
            items[-1] = _repeated(items[-1], quantifier)
        else:
            items.append([Step(frozenset() if part in _ASSERTIONS else characters(part), part not in _ASSERTIONS)])
    steps = _flattened(open_groups[0])
    begins = [alternative[0] if alternative else [] for alternative in open_groups[0]]
    anchored = parts[:1] == ["^"] and len(begins) == 1
    found = _longest(steps)
    return found if anchored else Effort(found.power + 1, found.factor)


def _flattened(alternatives: list[list[list[Step]]]) -> list[Step]:
    """The steps of a group; alternatives that may begin alike are choices."""
    all_steps = [[step for item in items for step in item] for items in alternatives]
    steps = [step for found in all_steps for step in found]
    if len(alternatives) > 1:
        seen: set[str] = set()
        for found in all_steps:
            first = found[0].characters if found else frozenset()
            if not first or not seen.isdisjoint(first):
                return [Step(_union(steps), False, len(alternatives)), *steps]
            seen |= first
    return steps


def _repeated(item: list[Step], quantifier: re.Match[str]) -> list[Step]:
    low, high = _bounds(quantifier)
    one = len(item) == 1 and item[0].choices == 1
    if high is None:
        if not one and _shares(item):
            raise Endless
        return [Step(_union(item), low > 0, None)]
    choices = Step(_union(item), low > 0, high - low + 1)
    if one:
        return [choices]
    written = item * min(high, COPIES)
    return [choices, *written] if high > low else written


def _bounds(quantifier: re.Match[str]) -> tuple[int, int | None]:
    match quantifier[1]:
        case "*":
            return 0, None
        case "+":
            return 1, None
        case "?":
            return 0, 1
    low = int(quantifier[2])
    if not quantifier[3]:
        return low, low
    return low, int(quantifier[4]) if quantifier[4] else None


def _union(steps: list[Step]) -> frozenset[str]:
    return frozenset().union(*(step.characters for step in steps))


def _shares(item: list[Step]) -> bool:
    """Whether the choices of one round can reach into the next."""
    if all(step.choices == 1 for step in item):
        return False
    chain: frozenset[str] = frozenset()
    first_round = False
    for number, step in enumerate(item * 2):
        if step.choices != 1:
            if chain.isdisjoint(step.characters):
                if chain and not step.must:
                    continue
                chain, first_round = frozenset(), False
            elif first_round and number >= len(item):
                return True
            chain |= step.characters
            first_round = first_round or number < len(item)
        elif step.must and step.characters and chain.isdisjoint(step.characters):
            chain, first_round = frozenset(), False
    return False


def _longest(steps: list[Step]) -> Effort:
    """The chain of choices over common characters with the most ways."""
    last_failure = max((n for n, step in enumerate(steps) if step.must or not step.characters), default=-1)
    best = power = 0
    best_factor = factor = 1
    chain: frozenset[str] = frozenset()
    for number, step in enumerate(steps):
        if step.choices != 1:
            if chain.isdisjoint(step.characters):
                if step.must or not chain:
                    chain, power, factor = frozenset(), 0, 1
                else:
                    continue
            chain |= step.characters
            if number < last_failure:
                power, factor = (power + 1, factor) if step.choices is None else (power, factor * step.choices)
                best, best_factor = max((best, best_factor), (power, factor))
        elif step.must and step.characters and chain.isdisjoint(step.characters):
            chain, power, factor = frozenset(), 0, 1
    return Effort(best, max(best_factor, 1))
