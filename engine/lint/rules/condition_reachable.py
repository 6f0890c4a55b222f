"""Every condition of an exclusive gateway can be the first that is true.

Wrong: `amount > 100`, and behind it `amount > 500`. Right: `amount > 500` first.
"""

from collections.abc import Iterator

from engine.bpmn.program import Edge
from engine.errors import N_, Title
from engine.feel.demands import Demand, covers, demands_of
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.WARN


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each flow whose condition is true only when that of an earlier one is."""
    del library
    if drawn.program is None:
        return
    flows = drawn.flows()
    for node in drawn.nodes("exclusiveGateway"):
        earlier: list[tuple[Edge, dict[str, Demand]]] = []
        for edge in drawn.program.nodes[node.id].out:
            if edge.condition is None:
                continue
            demands, complete = demands_of(edge.condition.code.tree)
            masked = next((one for one, before in earlier if complete and covers(before, demands)), None)
            if masked is not None:
                yield Remark(
                    flows[edge.id], N_("'{name}' is never taken: '{first}' before it is true whenever this is."),
                    N_("Put the narrower condition first."),
                    {"first": Title(masked.name or masked.id, flows[masked.id].labels)},
                )  # fmt: skip
            elif complete:
                earlier.append((edge, demands))
