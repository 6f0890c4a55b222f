"""What an evaluation says besides its value: diagnostics, the result, the error of a text that does not parse."""

from dataclasses import dataclass, field
from typing import Any

from engine.errors import N_, EngineError

MESSAGES: dict[str, str] = {
    "unknown-name": N_("There is no name '{name}' here."),
    "unknown-function": N_("There is no function '{name}'."),
    "type-mismatch": N_("'{operator}' cannot be applied to {left} and {right}."),
    "operand": N_("'{operator}' cannot be applied to {found}."),
    "not-a-boolean": N_("'{operator}' expects true or false, found {found}."),
    "not-callable": N_("Expected a function to call, found {found}."),
    "bad-argument": N_("{function}: parameter '{parameter}' expects {expected}, found {found}."),
    "wrong-arguments": N_("{function}: no form of it takes these arguments ({found})."),
    "no-member": N_("{found} has no member '{name}'."),
    "division-by-zero": N_("Division by zero."),
    "out-of-range": N_("{what}: {found} is out of range."),
    "invalid-literal": N_("{function} cannot read '{found}'."),
    "index-out-of-range": N_("There is no item {index} in a list of {count}."),
    "not-a-list": N_("Expected a list or a range to go through, found {found}."),
    "invalid-pattern": N_("'{pattern}' is not a pattern that can be used: {reason}."),
    "unknown-type": N_("There is no type '{name}'."),
    "no-environment": N_("{function} needs {missing}, which this place does not provide."),
    "not-in-directory": N_(
        "{function}: there is no {kind} '{key}'. Correct the name, or add the {kind} to the organisation."
    ),
    "assertion": N_("The value does not meet its assertion."),
    "result-type": N_("The result of '{name}' is {found}, which is not a {expected}."),
    "not-feel": N_("The text is not FEEL: expected {expected}, found {found}."),
    "missing-input": N_("The input '{name}' was not given."),
    "input-not-allowed": N_("Input '{input}' does not allow {found}."),
    "output-not-allowed": N_("Result '{output}' does not allow {found}."),
    "hit-policy-unique": N_("More than one rule matches: {rules}."),
    "hit-policy-any": N_("The matching rules {rules} have different results."),
    "no-priority": N_("Result '{output}' has no priority for {found}."),
    "cycle": N_("'{name}' requires itself."),
    "invalid-text": N_("The text is not FEEL: expected {expected}, found {found}. {remedy}"),
    "condition": N_("A condition gives true or false, this gives {found}."),
    "unreachable": N_("This branch is never taken."),
    "contradiction": N_("This is never true: no value of '{name}' meets it."),
    "not-an-option": N_("'{name}' is never {found}."),
    "ambiguous-name": N_("'{name}' is read as one name, not as a calculation."),
    "budget": N_("The evaluation was stopped: more than {limit} {what}."),
}
"""Templates by code; the facts of the diagnostic fill them."""

KINDS = (
    N_("number"), N_("string"), N_("boolean"), N_("date"), N_("time"), N_("date and time"),
    N_("days and time duration"), N_("years and months duration"), N_("list"), N_("context"), N_("range"),
    N_("function"), N_("null"), N_("Any"), N_("Null"),
)  # fmt: skip
"""Words for what values are, as facts name them."""

DIAGNOSTICS_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Why a value is null. `start` and `end`: characters of the expression's text, 0-based, `end` exclusive."""

    code: str
    start: int
    end: int
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """The template; `facts` fill it, and it is translated where it is shown."""
        return MESSAGES[self.code]

    def plain(self) -> dict[str, Any]:
        """As data that can be kept and shown later, in any language."""
        facts = {name: fact if isinstance(fact, int | str) else str(fact) for name, fact in self.facts.items()}
        return {"code": self.code, "text": str(self), "start": self.start, "end": self.end, "facts": facts}

    def __str__(self) -> str:
        return self.message.format(**self.facts)


@dataclass(frozen=True, slots=True)
class Result:
    """A value and what was odd on the way. `value` is None for a FEEL error; nothing is raised."""

    value: Any
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def over_budget(self) -> bool:
        """The evaluation was stopped, so its null says nothing about the data."""
        return any(diagnostic.code == "budget" for diagnostic in self.diagnostics)


class NoValue(Exception):
    """Raised by operators and built-ins for "null, because"; turned into a diagnostic where the call stands."""

    def __init__(self, code: str, **facts: Any) -> None:
        self.code = code
        self.facts = facts
        super().__init__(code)


class OverBudget(Exception):
    """Stops one evaluation; `Compiled.evaluate` answers it with null and a diagnostic."""

    def __init__(self, what: str, limit: int) -> None:
        self.what = what
        self.limit = limit
        super().__init__(what)


class FeelSyntaxError(EngineError):
    """A text that is not FEEL. Facts: text, position (0-based), expected (words), found."""

    message = N_("Expected {expected} at position {position}, found {found}: {text}")
    hint = N_("{remedy}")
    status = 422

    def __init__(self, *, text: str, position: int, expected: str, found: str, remedy: str = "") -> None:
        super().__init__(text=text, position=position, expected=expected, found=found, remedy=remedy)
