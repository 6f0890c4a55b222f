"""What each finding means: why it matters, what to do, and the same thing drawn wrong and right."""

from collections.abc import Mapping

from engine.findings import Finding
from engine.lint.examples import calls, events, gateways, paths, payments, people, texts, undoing
from engine.lint.examples.example import Example
from engine.lint.examples.unexplained import UNEXPLAINED

__all__ = ["EXAMPLES", "PARTS", "UNEXPLAINED", "Example", "example_for"]

PARTS: Mapping[str, tuple[Example, ...]] = {
    part.TITLE: part.EXAMPLES for part in (paths, gateways, events, people, calls, undoing, payments, texts)
}
"""By what they are about, in the order in which people read them."""
EXAMPLES: Mapping[str, Example] = {one.key: one for part in PARTS.values() for one in part}
"""By key."""


def example_for(finding: Finding) -> Example | None:
    """The one that explains a finding, if there is one."""
    found = [one for one in EXAMPLES.values() if one.rule == finding.rule]
    return next((one for one in found if one.says in ("", finding.message)), None)
