"""One thing that a check finds, explained."""

from dataclasses import dataclass

from engine.lint.examples import notation


@dataclass(frozen=True, slots=True)
class Example:
    """`rule`: code of the finding; where a rule finds several things, `kind` tells them apart, and `says` is the
    message of this one. `why`: what it means, why it hurts, what to do. `wrong`, `right`: what to see in each drawing.
    `at`: the element of which the wrong one is found. `drawn`: both, as `notation` reads them.
    """

    rule: str
    title: str
    why: str
    wrong: str
    right: str
    at: str
    drawn: str
    kind: str = ""
    says: str = ""

    @property
    def key(self) -> str:
        """By which it is asked for: the code, with the kind behind a dot."""
        return f"{self.rule}.{self.kind}" if self.kind else self.rule

    @property
    def drawings(self) -> tuple[bytes, bytes]:
        """The wrong one and the right one, as BPMN with a diagram."""
        return notation.drawing(self.drawn, notation.WRONG), notation.drawing(self.drawn, notation.RIGHT)
