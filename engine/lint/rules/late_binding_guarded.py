"""A called process that approves or pays is pinned.

Wrong: a call bound `latest` to a process with an approval: tomorrow's version decides.
Right: `bindingType="deployment"`.
"""

from collections.abc import Iterator

from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.WARN


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each call that follows the latest version of such a process."""
    for node in drawn.nodes("callActivity"):
        called = node.call
        key = called.process_id if called is not None else ""
        callee = library.processes.get(key)
        if called is not None and called.binding == "latest" and callee is not None and _guards(callee, library):
            yield Remark(
                node, N_("'{name}' follows the latest version of '{process}', which approves or is guarded."),
                N_("Pin it to the version deployed together with this process."), {"process": key},
            )  # fmt: skip


def _guards(callee: Drawn, library: Library) -> bool:
    for node in callee.nodes():
        if node.extensions.approval is not None:
            return True
        task = node.extensions.task
        operation = library.catalog.get(task.type) if task is not None else None
        if operation is not None and operation.guarded_by is not None:
            return True
    return False
