"""What differs between two files, as lines of a page: their parts are paired by id, whatever kind of file it is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from engine.errors import N_, EngineError


class NotComparable(EngineError):
    """A draft that cannot be read at the moment."""

    message = N_("This file cannot be read, so it cannot be compared: {reason}")
    hint = N_("Open it in the designer and correct it, or choose another version.")
    status = 422


@dataclass(frozen=True)
class Thing:
    """A part of a form or of a table, in the reader's words. `facts`: what is said of it -> its text."""

    kind: str
    name: str
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A property on the page. `words`: from the element inwards; None: it was or is not there."""

    words: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Row:
    """An element on the page. `state`: added | removed | changed | moved."""

    key: str
    state: str
    kind: str
    name: str
    lines: tuple[Line, ...] = ()


def apart(words: Sequence[str]) -> list[str]:
    """The same words twice would hide one of what they stand for."""
    seen: Counter[str] = Counter()
    found = []
    for one in words:
        seen[one] += 1
        found.append(one if seen[one] == 1 else f"{one} ({seen[one]})")
    return found


def rows_between(before: Mapping[str, Thing], after: Mapping[str, Thing]) -> list[Row]:
    """Taken out, added, changed, then those that only stand elsewhere among the others."""
    lines = {key: _lines(before[key].facts, after[key].facts) for key in after if key in before}
    return [
        *(Row(key, "removed", one.kind, one.name) for key, one in before.items() if key not in after),
        *(Row(key, "added", one.kind, one.name) for key, one in after.items() if key not in before),
        *(Row(key, "changed", after[key].kind, after[key].name, found) for key, found in lines.items() if found),
        *(Row(key, "moved", after[key].kind, after[key].name) for key in _moved(before, after) if not lines[key]),
    ]


def _lines(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Line, ...]:
    return tuple(
        Line(words, before.get(words), after.get(words))
        for words in dict.fromkeys((*after, *before)) if before.get(words) != after.get(words)
    )  # fmt: skip


def _moved(before: Mapping[str, Thing], after: Mapping[str, Thing]) -> list[str]:
    """As few as could have been moved to come from one order to the other."""
    old, new = [key for key in before if key in after], [key for key in after if key in before]
    matching = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    stayed = {new[place] for block in matching for place in range(block.b, block.b + block.size)}
    return [key for key in new if key not in stayed]
