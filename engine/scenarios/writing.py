"""Scenarios into their file: what was played is added at the end; everything that stands there stays as it is."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import yaml

from engine.errors import N_, EngineError
from engine.scenarios.words import WrongScenario, read
from engine.values import to_plain

WIDTH = 110


class ScenarioNameTaken(EngineError):
    """Two scenarios of a process cannot have one name."""

    message = N_("There is already a scenario named '{name}'.")
    hint = N_("Choose another name.")
    status = 409


def added(text: str, item: Mapping[str, Any], process: str) -> str:
    """The file with one scenario more. Raises WrongScenario, ScenarioNameTaken."""
    before = read(text, "scenarios", process) if text.strip() else []
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
            file="scenarios", place="the end", expected="a list, each item indented by two", found="another form"
        )  # fmt: skip
    return grown


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
