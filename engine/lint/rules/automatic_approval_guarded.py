"""A node that guards a payment has no automatic pass.

Wrong: `troika:policy provides="finance_approval"` beside `troika:onEmpty do="autoPass"`.
Right: nobody found goes to the process administrators.
"""

from collections.abc import Iterator

from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.ERROR
AUTOMATIC = frozenset(("autoPass",))
SKIPPING = frozenset(("skip",))


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each way in which such a node could pass without a person."""
    for node in drawn.nodes("userTask"):
        if node.extensions.policy is None:
            continue
        for word, value, automatic in (
            ("onEmpty", node.extensions.on_empty or "", AUTOMATIC),
            ("onSelf", node.extensions.on_self or "", SKIPPING),
        ):
            if value in automatic:
                yield Remark(
                    node, N_("'{name}' provides '{capability}', but {word}=\"{value}\" passes it without a person."),
                    N_("Let somebody else be asked: such a pass never counts for the policy."),
                    {"capability": node.extensions.policy.provides, "word": word, "value": value},
                )  # fmt: skip
