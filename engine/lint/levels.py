"""How much each rule weighs: what `processes/lint.yml` says, for all areas and for one.

rules:
  decision-gap: error
areas:
  oa: {due-date-required: "off"}
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import yaml

from engine.errors import N_, EngineError
from engine.findings import Level

OFF = "off"
WORDS = (*(level.value for level in Level), OFF)


class WrongLevels(EngineError):
    """`processes/lint.yml` says something that cannot be meant."""

    message = N_("processes/lint.yml: expected {expected}, found {found}.")
    hint = N_("Correct the file; without it every rule has the level that it brings.")
    status = 422


@dataclass(frozen=True, slots=True)
class Levels:
    """Rule -> error | warn | info | off; `areas` by the folder below `processes/` or `forms/`."""

    rules: Mapping[str, str] = field(default_factory=dict)
    areas: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def of(self, rule: str, resource: str) -> str | None:
        """The level set for a rule in a file, that of its area before the general one; None when none is set."""
        parts = PurePosixPath(resource).parts
        area = self.areas.get(parts[1], {}) if len(parts) > len(("processes", "area")) else {}
        return area.get(rule) or self.rules.get(rule)


def read(text: str, known: frozenset[str]) -> Levels:
    """The levels in a file. `known`: the rules that may be set. Raises WrongLevels."""
    try:
        document = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise WrongLevels(expected="YAML", found=str(error)) from None
    if not isinstance(document, dict) or not set(document) <= {"rules", "areas"}:
        raise WrongLevels(expected="rules, areas", found=_short(document))
    areas = document.get("areas") or {}
    if not isinstance(areas, dict):
        raise WrongLevels(expected="areas: {area: {rule: level}}", found=_short(areas))
    return Levels(_levels(document.get("rules"), known), {str(key): _levels(of, known) for key, of in areas.items()})


def _levels(document: Any, known: frozenset[str]) -> dict[str, str]:
    levels = {}
    for rule, word in (document or {}).items() if isinstance(document, dict | None) else [(_short(document), "")]:
        word = OFF if word is False else word  # YAML reads a bare `off` as false
        if rule not in known:
            raise WrongLevels(expected=", ".join(sorted(known)), found=str(rule))
        if word not in WORDS:
            raise WrongLevels(expected=", ".join(WORDS), found=f"{rule}: {word}")
        levels[rule] = word
    return levels


def _short(document: Any) -> str:
    return str(document)[:200]
