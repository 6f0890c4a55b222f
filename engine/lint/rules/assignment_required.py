"""Each user task says who.

Wrong: a user task without assignee, candidates or strategy. Right: `candidateGroups="finance"`.
"""

from collections.abc import Iterator

from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.ERROR


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each task that would reach nobody's inbox."""
    for node in drawn.nodes("userTask"):
        given, strategy = node.extensions.assignees, node.extensions.strategy
        named = given is not None and (given.assignee or given.users or given.groups)
        if not named and strategy is None:
            yield Remark(
                node, N_("User task '{name}' does not say who does it."),
                N_("Choose a person, a group or a rule in its properties."),
            )  # fmt: skip
        elif named and strategy is not None:
            yield Remark(
                node, N_("User task '{name}' is assigned twice; the rule '{strategy}' is followed."),
                N_("Remove the assignee or the candidates."), {"strategy": strategy.name}, Level.WARN,
            )  # fmt: skip
