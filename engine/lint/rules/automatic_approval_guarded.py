"""A node that guards a payment has no automatic pass, and is not agreed to from a list unless its policies allow it.

Wrong: `troika:policy provides="finance_approval"` beside `troika:onEmpty do="autoPass"`.
Right: nobody found goes to the process administrators.
"""

from collections.abc import Iterator

from engine.bpmn.model import Extensions
from engine.errors import N_, Term, Title
from engine.findings import AUTOMATIC, Fix, Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.ERROR
_FIX = N_("Take away what lets '{name}' pass without anybody")


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each way in which such a node could pass without a person who has looked at it."""
    for node in drawn.nodes("userTask"):
        policy = node.extensions.policy
        if policy is None:
            continue
        for word, value in _automatic(node.extensions):
            yield Remark(
                node, N_("'{name}' provides '{capability}', but {word}=\"{value}\" passes it without a person."),
                N_("Let somebody else be asked: such a pass never counts for the policy."),
                {"capability": Term("capability", policy.provides), "word": word, "value": value},
                fixes=(Fix(AUTOMATIC, node.id, _FIX, {"name": Title(node.name or node.id, node.labels)}),),
            )  # fmt: skip
        if node.extensions.buttons.get("batch") == "true" and not library.known.batch(policy.provides):
            yield Remark(
                node, N_("'{name}' provides '{capability}', but may be agreed to from a list, without looking at it."),
                N_("Remove batch=\"true\" from its buttons, or let its policies say batch: allowed."),
                {"capability": Term("capability", policy.provides)},
            )  # fmt: skip


def _automatic(found: Extensions) -> Iterator[tuple[str, str]]:
    if found.on_empty == "autoPass":
        yield "onEmpty", found.on_empty
    if found.on_self == "skip":
        yield "onSelf", found.on_self
    if found.skip_when is not None:
        yield "skipWhen", found.skip_when
    if found.dedupe not in (None, "none"):
        yield "dedupe", found.dedupe or ""
    for step in found.timeout:
        if step.do == "agree":
            yield "timeout", step.do
