"""Everything that is drawn can happen.

Wrong: a task that no flow leads to. Right: each element lies on a path from a start event.
"""

from collections.abc import Iterator

from engine.bpmn.graph import entries, reachable
from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.ERROR


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each element that no token can reach."""
    if drawn.program is None:
        return
    reached = reachable(entries(drawn.program))
    for node in drawn.nodes():
        if node.id not in reached:
            yield Remark(
                node, N_("'{name}' is never reached: no path leads to it from a start event."),
                N_("Draw a flow to it, or remove it."),
            )  # fmt: skip
