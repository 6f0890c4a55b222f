"""What an approval decided is read behind it.

Wrong: a gateway asks for `approval.fin.outcome` on a way that never comes from task `fin`: it is null there.
Right: the gateway stands behind the task.
"""

from collections.abc import Iterator

from engine.bpmn import outcomes
from engine.bpmn.program import Node
from engine.errors import N_, Title
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.WARN


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each condition of a flow that reads an approval from which no way leads to it."""
    if drawn.program is None:
        return
    nodes = drawn.program.nodes
    for flow in drawn.flows().values():
        for key in dict.fromkeys(outcomes.read_in(flow.condition or "")):
            asked, source = nodes.get(key), nodes.get(flow.source)
            if asked is None or source is None or asked.scope is not source.scope:
                continue  # another scope: what is not there at all is another rule's finding
            if asked is not source and not _leads(asked, source):
                yield Remark(
                    flow, N_("The condition reads what '{task}' decided, but no way leads from there: it is null."),
                    N_("Put the gateway behind the task, or ask for another approval."),
                    {"task": Title(asked.name or asked.id, asked.labels)},
                )  # fmt: skip


def _leads(start: Node, goal: Node) -> bool:
    """Along flows and boundary events, loops included."""
    seen: set[int] = set()
    todo = [start]
    while todo:
        node = todo.pop()
        ways = [*node.out, *([node.default] if node.default is not None else [])]
        for edge in (*ways, *(out for guard in node.boundaries for out in guard.out)):
            if edge.target is goal:
                return True
            if id(edge.target) not in seen:
                seen.add(id(edge.target))
                todo.append(edge.target)
    return False
