"""Approvals carry a due date or a timer.

Wrong: an approval that may lie for ever.
Right: `dueDate="= now() + duration(&quot;P3D&quot;)"`, or a timer boundary event.
"""

from collections.abc import Iterator

from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.WARN


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each approval without either."""
    timed = {
        event.attached_to
        for event in drawn.nodes("boundaryEvent")
        if any(found.kind == "timer" for found in event.events)
    }
    for node in drawn.nodes("userTask"):
        rule = node.extensions.approval
        if rule is not None and rule.mode != "inform" and node.extensions.due is None and node.id not in timed:
            yield Remark(
                node, N_("Approval '{name}' has neither a due date nor a timer."),
                N_("Enter a due date, or attach a timer event that reminds or escalates."),
            )  # fmt: skip
