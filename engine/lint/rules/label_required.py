"""Tasks, events, questions and their answers are named.

Wrong: a gateway without a name whose flows are called nothing.
Right: the gateway asks 同意？, its flows answer 是 and 否.
"""

from collections.abc import Iterator

from engine.bpmn.model import ACTIVITIES, EVENTS
from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.WARN
QUESTIONS = ("exclusiveGateway", "inclusiveGateway")


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each element that a reader cannot call by a name."""
    for node in drawn.nodes():
        asks = node.type in QUESTIONS and len(node.outgoing) > 1
        if not node.name and (asks or node.type in ACTIVITIES | EVENTS):
            yield Remark(
                node, N_("'{element}' has no name."),
                N_("Tasks are verb and object, events are past, gateways ask a question."),
            )  # fmt: skip
        for flow in node.outgoing:
            if not flow.name and flow.condition is not None and flow.id != node.default:
                yield Remark(
                    flow, N_("Flow '{element}' has a condition, but no name."), N_("Let it answer the question.")
                )
