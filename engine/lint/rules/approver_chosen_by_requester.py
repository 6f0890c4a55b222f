"""Neither the requester nor the approver before chooses who approves what counts for a policy.

Wrong: `troika:policy provides="finance_approval"` on a task whose people stand in a field of the request, or whom the
approver before selects: where the policy does not say who is eligible, his selection is refused.
Right: a group, a chain of leaders or a decision table with constant answers names them. Whom variables name, also
by way of a table or an earlier task, is judged only where a policy leaves open who may approve: a form, or another
program, may have filled them in. To choose among constants is not to name.
Where a policy counts the approval and leaves open who may give it, whoever asks for the money would choose his judge,
and nothing later would tell: that is an error.
"""

from collections.abc import Iterator

from engine.bpmn import chosen
from engine.bpmn.program import Node
from engine.bpmn.steps import BY_REQUESTER
from engine.errors import N_, Term
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.WARN
_BY_REQUESTER = N_("'{name}' provides '{capability}', but the requester can choose who approves ({strategy}).")
_BY_DATA = N_("'{name}' provides '{capability}', but data of the request say who approves ({strategy}).")
_BEFORE = N_("'{name}' provides '{capability}', but the approver before it can choose who approves ({strategy}).")
_TO_ALL = N_(
    "No policy says who may give it, so he could choose anybody. Name a group, a chain of leaders or a decision table, "
    "or have the policy say who is entitled."
)
CHOSEN = {
    **dict.fromkeys(BY_REQUESTER, _BY_REQUESTER),
    "previousApproverSelect": _BEFORE,
}


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each such task."""
    for node in drawn.nodes("userTask"):
        policy, compiled = node.extensions.policy, _compiled(drawn, node.id)
        human = None if compiled is None else chosen.inner(compiled).human
        if policy is None or compiled is None or human is None or drawn.program is None:
            continue
        open_to_all = library.known.leaves_open(policy.provides) and chosen.by_requester(
            compiled, drawn.program.nodes, library.decision
        )
        message = CHOSEN.get(human.strategy, _BY_DATA if open_to_all else None)
        if message is not None:
            yield Remark(
                node, message, _TO_ALL if open_to_all else N_("Name a group, a chain of leaders or a decision table."),
                {"capability": Term("capability", policy.provides), "strategy": human.strategy},
                Level.ERROR if open_to_all else None,
            )  # fmt: skip


def _compiled(drawn: Drawn, node_id: str) -> Node | None:
    return None if drawn.program is None else drawn.program.nodes.get(node_id)
