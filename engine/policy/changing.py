"""Changing a policy is an act that policies speak about themselves: class `policy.change`, subject `policy_version`."""

from uuid import UUID

from engine.operations import Facts, subject
from engine.policy import gate, versions
from engine.policy.versions import SUBJECT, Version
from engine.policy.weakening import weakening
from engine.unit_of_work import UnitOfWork
from engine.values import binding_digest


@subject(SUBJECT, id="version_id")
def change_facts(uow: UnitOfWork, *, version_id: UUID) -> Facts:
    """What an approval of a proposal binds: the policy, the number of its version and its statement."""
    found = versions.version(uow, version_id)
    before = next((one for one in versions.in_force(uow) if one.id == found.policy.id), None)
    stated = binding_digest(SUBJECT, str(found.id), {"statement": versions.stated(found)})
    return Facts(
        values={
            "policy": found.policy.id, "version": found.number, "statement": stated,
            "weakens": bool(weakening(before, found.policy)),
        },
        people={"requester": [found.proposed_by] if found.proposed_by else []},
        display={"Policy": f"{found.policy.id} v{found.number}", "Title": found.policy.title},
    )  # fmt: skip


def activate(uow: UnitOfWork, version_id: UUID) -> Version:
    """Put a proposal in force as another person than its proposer, with the approvals that `policy.change` asks for.

    Callers outside this room use `repository.activate_policy`, which proves every definition again. Raises
    PolicyNotThere, SecondPersonNeeded, WeakerPolicy, Forbidden, PolicyHold.
    """
    versions.check_activation(uow, version_id)
    gate.admit_act(uow, "policy.change", "policy.activate", SUBJECT, version_id, uow.actor.user_id)
    return versions.activate(uow, version_id)
