"""Whatever is chosen, a process comes to its end: no join waits in vain, nothing runs twice at once.

Wrong: an exclusive choice whose branches a parallel gateway joins. Right: an exclusive gateway joins them.
"""

from collections.abc import Iterator

from engine.bpmn.program import Node, ScopeProgram
from engine.bpmn.reachability import Prospect, from_start
from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.WARN
BUDGET = 3_000
"""Markings that are looked at for each scope: well under a second."""

STARVED = N_("'{name}' can wait for ever for a token that never comes.")
DOUBLED = N_("'{name}' can be reached a second time while the first is not over.")
ENDLESS = N_("From '{name}' nothing leads to an end any more.")


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """Remarks for each scope, every decision taken in every way; data are not looked at."""
    if drawn.program is None:
        return
    for unit in drawn.program.scopes.values():
        if unit.node is None or unit.node.type != "adHocSubProcess":
            for starts in _beginnings(unit):
                yield from _judged(drawn, unit, from_start(unit, starts, once=True, budget=BUDGET))


def _beginnings(unit: ScopeProgram) -> list[list[Node]]:
    events = [[node] for node in unit.nodes if node.type == "startEvent"]
    return events or [list(unit.starts)]


def _judged(drawn: Drawn, unit: ScopeProgram, prospect: Prospect) -> Iterator[Remark]:
    if not prospect.complete:
        yield Remark(
            drawn.process if unit.node is None else drawn.process.node(unit.id) or drawn.process,
            N_("Whether '{name}' always comes to its end was not decided: it can stand in more than {budget} ways."),
            N_("Divide it into sub-processes."), {"budget": BUDGET}, level=Level.INFO,
        )  # fmt: skip
    flows = {flow.id: flow.target.id for flow in unit.edges}
    doubled = {flows.get(place, place) for place in prospect.doubled}
    for node in drawn.nodes():
        if node.id in prospect.starved:
            yield Remark(
                node, STARVED,
                N_("Join branches with the kind of gateway that has split them."),
            )  # fmt: skip
        if node.id in doubled:
            yield Remark(
                node, DOUBLED,
                N_("Join the branches that lead to it, with a parallel or an inclusive gateway."),
            )  # fmt: skip
        if node.id in prospect.endless:
            yield Remark(
                node, ENDLESS,
                N_("Draw a way out of the loop."),
            )  # fmt: skip
