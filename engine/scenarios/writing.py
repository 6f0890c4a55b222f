"""Scenarios into their file and out of it: everything else that stands there stays as it is, comments too."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import yaml

from engine.errors import N_, EngineError, NotFound
from engine.scenarios.words import WrongScenario, read
from engine.values import to_plain

WIDTH = 110
_NONE = "scenarios: []"


class ScenarioNameTaken(EngineError):
    """Two scenarios of a process cannot have one name."""

    message = N_("There is already a scenario named '{name}'.")
    hint = N_("Choose another name.")
    status = 409


class ScenarioStandsIn(EngineError):
    """Others take values from it, or the file is written in another way than one item after the other."""

    message = N_("'{name}' cannot be taken out of the file of scenarios: others stand on it.")
    hint = N_("Export the area, change the file and take it in again.")
    status = 409


def added(text: str, item: Mapping[str, Any], process: str) -> str:
    """The file with one scenario more. Raises WrongScenario, ScenarioNameTaken."""
    before = read(text, "scenarios", process) if text.strip() else []
    text = text if before else text.rstrip().removesuffix(_NONE).rstrip()
    if str(item["name"]) in {name for story in before for name in (story.name, *story.name.labels.values())}:
        raise ScenarioNameTaken(name=item["name"])
    told = yaml.dump(
        [_plain(item)], Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=WIDTH, default_flow_style=None
    )
    block = "".join(f"  {line}\n" if line else "\n" for line in told.rstrip("\n").split("\n"))
    head = text.rstrip("\n") + "\n\n" if before else f"{text.rstrip()}\nscenarios:\n".lstrip()
    grown = head + block
    after = read(grown, "scenarios", process)
    if len(after) != len(before) + 1 or after[:-1] != before:
        raise WrongScenario(
            file="scenarios", place="the end", expected=N_("a list, each item indented by two"),
            found=N_("another form"),
        )  # fmt: skip
    return grown


def removed(text: str, name: str, process: str) -> str:
    """The file without the scenario that is called so. Raises NotFound, ScenarioStandsIn."""
    before = read(text, "scenarios", process)
    place = next((number for number, story in enumerate(before) if story.name == name), None)
    if place is None:
        raise NotFound(kind="scenario", key=name)
    lines, items = text.splitlines(keepends=True), _items(text)
    if len(items) != len(before):
        raise ScenarioStandsIn(name=name)
    first, last = _lines_of(lines, items, place)
    kept = "".join(lines[:first] + lines[last:])
    left = kept if len(before) > 1 else f"{kept.rstrip().removesuffix('scenarios:').rstrip()}\n{_NONE}\n".lstrip()
    try:
        after = read(left, "scenarios", process)
    except WrongScenario:  # an anchor, most likely
        raise ScenarioStandsIn(name=name) from None
    if after != before[:place] + before[place + 1 :]:
        raise ScenarioStandsIn(name=name)
    return left


def _items(text: str) -> list[int]:
    """The lines, from 0, on which the items of a list in block style begin."""
    document: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    listed = next(value for key, value in document.value if key.value == "scenarios")
    return [] if listed.flow_style else [item.start_mark.line for item in listed.value]


def _lines_of(lines: list[str], items: list[int], place: int) -> tuple[int, int]:
    """From the comment above an item to the one above the next; what stands behind the list stays."""
    indent = len(lines[items[place]]) - len(lines[items[place]].lstrip())

    def above(line: int) -> int:
        while line and lines[line - 1].lstrip().startswith("#") and lines[line - 1].index("#") >= indent:
            line -= 1
        return line

    first = above(items[place])
    if place + 1 < len(items):
        return first, above(items[place + 1])
    last = items[place] + 1
    while last < len(lines) and (not lines[last].strip() or lines[last].startswith(" " * (indent + 1))):
        last += 1
    return first, last


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case None | bool() | str() | Decimal() | int() | date() | datetime():
            return value
    return _plain(to_plain(value))


class _Dumper(yaml.SafeDumper):
    """Decimals as they are, without quotes."""

    def ignore_aliases(self, data: Any) -> bool:
        """Every value is written where it stands."""
        return True


_Dumper.add_representer(
    Decimal,
    lambda dumper, value: dumper.represent_scalar(
        "tag:yaml.org,2002:int" if value == value.to_integral_value() and value.as_tuple().exponent == 0
        else "tag:yaml.org,2002:float", f"{value:f}",
    ),
)  # fmt: skip
