"""Business rule tasks: a decision evaluated in the step."""

from engine.bpmn.machine.core import Run
from engine.bpmn.machine.evaluation import Stuck
from engine.bpmn.program import Edge, Node
from engine.bpmn.state import Scope


def decide(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """The decision that the drawing names, on the variables that are visible here."""
    run.enter(scope, node)
    raise Stuck("decision-failed", reason="decisions are not available")
