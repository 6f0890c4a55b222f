"""Exclusive and inclusive gateways always have a way out.

Wrong: two conditions and no default flow. Right: one flow is the default.
"""

from collections.abc import Iterator

from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.ERROR


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each gateway that could find no condition true."""
    for node in drawn.nodes("exclusiveGateway", "inclusiveGateway"):
        if len(node.outgoing) > 1 and node.default is None:
            yield Remark(
                node, N_("Expected gateway '{name}' to have a default flow, but it has none."),
                N_("Choose the flow that is taken when no condition is true."),
            )  # fmt: skip
