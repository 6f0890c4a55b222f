"""Why a decision came out as it did, for a reader: what he may not see of a request is not in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.forms import Permissions

_UNSEEN = "•••"
"""stands for a value that the reader may not see"""


@dataclass(frozen=True)
class Met:
    """One input: its label, its value as FEEL, and the test of each matching rule that it met."""

    label: str
    value: str
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One decision table that was evaluated. `rules`: numbers from 1, none when nothing matched."""

    name: str
    rules: tuple[int, ...]
    more_rules: int
    inputs: tuple[Met, ...]
    notes: tuple[str, ...]
    result: str


def tables(why: Iterable[Mapping[str, Any]], sight: Permissions) -> tuple[Table, ...]:
    """What `dmn.explain` kept, for a reader with this sight."""
    return tuple(_table(entry, sight) for entry in why)


def may_read(names: Iterable[str], sight: Permissions) -> bool:
    """Whether none of these data, or of their parts, is hidden."""
    hidden = [path for path, permission in sight.by_path.items() if permission == "hidden"]
    return not any(sight.on(name) == "hidden" or any(path.startswith(f"{name}.") for path in hidden) for name in names)


def _table(entry: Mapping[str, Any], sight: Permissions) -> Table:
    seen = [may_read(given["reads"], sight) for given in entry["inputs"]]
    rules = entry["rules"]
    return Table(
        name=entry["owner"],
        rules=tuple(rule["number"] for rule in rules),
        more_rules=entry["more_rules"],
        inputs=tuple(
            Met(
                given["label"],
                given["value"] if visible else _UNSEEN,
                tuple(rule["tests"][index] if visible else _UNSEEN for rule in rules),
            )
            for index, (given, visible) in enumerate(zip(entry["inputs"], seen, strict=True))
        ),
        notes=tuple(note for rule in rules for note in rule["notes"]),
        result=entry["result"],
    )
