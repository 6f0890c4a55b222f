"""Who has done something, which keeps him from approving it, is said by the engine, never by data of the request.

Wrong: an input `entered_by` of `erp.change_payee_account` from a field of the form: whoever fills it in names somebody
else, and confirms his own bank details.
Right: `= process.initiator.id`, or `= approval.check.by[1]`, one of those who decided there.
"""

from collections.abc import Iterator

from engine.bpmn import chosen
from engine.bpmn.model import Node
from engine.bpmn.program import Slot
from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.ERROR


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each input that says whose act it is, and reads what somebody may have written."""
    for node in drawn.nodes():
        acting = _acting(node, library)
        for name, slot in _given(drawn, node.id) if acting else ():
            if name in acting and not _by_engine(slot):
                yield Remark(
                    node,
                    N_("Input '{input}' of '{name}' says whose act it is, but anybody may have written '{source}'."),
                    N_("Read process.initiator.id, or who decided a step: approval.step.by[1]."),
                    {"input": name, "source": slot.text},
                )  # fmt: skip


def _acting(node: Node, library: Library) -> set[str]:
    """Inputs that say whose act it is, of the operation that is called; of all where that is found out at run time."""
    task = node.extensions.task
    if task is None:
        return set()
    called = library.catalog.values() if task.type.startswith("=") else [library.catalog.get(task.type)]
    return {name for operation in called if operation is not None for name in operation.acting}


def _given(drawn: Drawn, node_id: str) -> Iterator[tuple[str, Slot]]:
    """The inputs of a task as it is compiled: of its mapping, of its data associations, and what they begin with."""
    node = None if drawn.program is None else drawn.program.nodes.get(node_id)
    if node is None:
        return
    node = chosen.inner(node)
    yield from ((line.target[0], line.source) for line in node.inputs)
    for variable in node.data.variables if node.data is not None else ():
        if variable.initial is not None:
            yield variable.name, variable.initial


def _by_engine(slot: Slot) -> bool:
    """Whether it reads nothing but who began the request and who decided."""
    return slot.expression is None or all(map(chosen.by_engine, chosen.read(slot.expression.code.tree)))
