"""What a check says about a drawing, a decision or a form: one shape for parser, lint, decisions and policy."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """How much a finding weighs: an error stops the deployment."""

    ERROR = "error"
    WARN = "warn"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens at an element, in words. `flows`: those that are taken then; `within`: the call activity
    of the drawing in which it happens, "" in the drawing itself."""

    element_id: str
    message: str
    facts: dict[str, Any] = field(default_factory=dict)
    flows: tuple[str, ...] = ()
    within: str = ""


AUTOMATIC = "remove-automatic-pass"


@dataclass(frozen=True, slots=True)
class Fix:
    """A change of the drawing that the designer can make. `id`: which one; `subject`: the field or element that it also
    names."""

    id: str
    element_id: str
    message: str
    facts: dict[str, Any] = field(default_factory=dict)
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark about one element.

    `rule`: stable code, kebab-case. `element_id`: id in the file, None for the file itself. `line`: 1-based, None when
    unknown. `message` and `hint` are templates filled by `facts`; both are translated where they are shown.
    `steps`: what leads there (counter-example), possibly nothing. `fixes`: what would put it right.
    """

    rule: str
    level: Level
    element_id: str | None
    message: str
    facts: dict[str, Any] = field(default_factory=dict)
    hint: str = ""
    line: int | None = None
    steps: tuple[Step, ...] = ()
    fixes: tuple[Fix, ...] = ()
    resource: str = ""

    @property
    def path(self) -> tuple[str, ...]:
        """The elements of `steps`."""
        return tuple(step.element_id for step in self.steps)

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.resource, self.line, self.element_id) if part)
        text = self.message.format(**self.facts)
        hint = f" {self.hint.format(**self.facts)}" if self.hint else ""
        return f"{place}: {self.level} {self.rule}: {text}{hint}"


def errors_of(findings: list[Finding]) -> list[Finding]:
    """Those that stop a deployment."""
    return [finding for finding in findings if finding.level is Level.ERROR]
