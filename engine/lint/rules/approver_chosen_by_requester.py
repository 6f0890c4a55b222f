"""Neither the requester nor the approver before chooses who approves what counts for a policy.

Wrong: `troika:policy provides="finance_approval"` on a task whose people stand in a field of the request, or whom the
approver before selects: where the policy does not say who is eligible, his selection is refused.
Right: a group, a chain of leaders or a decision table names them.
"""

from collections.abc import Iterator

from engine.errors import N_, Term
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.WARN
_BY_REQUESTER = N_("'{name}' provides '{capability}', but the requester can choose who approves ({strategy}).")
_BEFORE = N_("'{name}' provides '{capability}', but the approver before it can choose who approves ({strategy}).")
CHOSEN = {
    **dict.fromkeys(
        ("initiatorSelect", "formUser", "formUserManager", "formUserDeptLeader", "formDept"), _BY_REQUESTER
    ),
    "previousApproverSelect": _BEFORE,
}


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each such task."""
    for node in drawn.nodes("userTask"):
        policy, strategy = node.extensions.policy, node.extensions.strategy
        if policy is not None and strategy is not None and strategy.name in CHOSEN:
            yield Remark(
                node, CHOSEN[strategy.name],
                N_("Name a group, a chain of leaders or a decision table."),
                {"capability": Term("capability", policy.provides), "strategy": strategy.name},
            )  # fmt: skip
