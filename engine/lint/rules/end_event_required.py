"""Every path ends at an end event.

Wrong: the last task has no outgoing flow. Right: it leads to an end event whose name says what has been reached.
"""

from collections.abc import Iterator

from engine.bpmn.model import Process
from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.ERROR


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each scope without an end event, and one for each path that just stops; a global task has none."""
    if drawn.process.is_task:
        return
    for scope in drawn.process.all_scopes():
        owner = scope if isinstance(scope, Process) else drawn.process.node(scope.id)
        if owner is None or not scope.nodes or getattr(owner, "ad_hoc", None) is not None:
            continue  # an ad-hoc sub-process has no set end
        if not any(node.type == "endEvent" for node in scope.nodes.values()):
            yield Remark(
                owner, N_("Expected '{name}' to have an end event, but it has none."),
                N_("Draw an end event behind the last task."),
            )  # fmt: skip
            continue
        linked = {node.id for node, _ in scope.links()}
        for node in scope.nodes.values():
            undone = node.for_compensation or any(event.kind == "compensate" for event in node.events)
            if node.triggered_by_event or undone or node.id in linked:
                continue
            if not node.outgoing and node.type != "endEvent":
                yield Remark(
                    node, N_("The path ends at '{name}' without an end event."),
                    N_("Lead it to an end event, so that everybody sees what has been reached."), level=Level.WARN,
                )  # fmt: skip
