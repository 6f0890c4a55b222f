"""Every scope starts somewhere.

Wrong: a sub-process whose first task has no start event before it. Right: a start event leads to the first task.
"""

from collections.abc import Iterator

from engine.bpmn.model import Process
from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.ERROR


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each scope without a start event; a global task is called as it is."""
    if drawn.process.is_task:
        return
    for scope in drawn.process.all_scopes():
        if scope.nodes and not any(node.type == "startEvent" or node.instantiate for node in scope.nodes.values()):
            owner = scope if isinstance(scope, Process) else drawn.process.node(scope.id)
            if owner is not None and getattr(owner, "ad_hoc", None) is None:
                yield Remark(
                    owner, N_("Expected '{name}' to have a start event, but it has none."),
                    N_("Draw a start event and lead it to the first task."),
                )  # fmt: skip
