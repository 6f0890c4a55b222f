"""What policies would change before they are in force: every drawing proved again, what ran of late judged again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from engine import policy
from engine.errors import N_, EngineError, Listed, Term
from engine.findings import Finding
from engine.policy import Past, Policy
from engine.policy.hindsight import DAYS
from engine.policy.weakening import Sentence
from engine.repository.policing import Proof, proofs
from engine.unit_of_work import UnitOfWork


class NothingAsks(EngineError):
    """A policy that would be in force for nothing."""

    message = N_("Policy '{policy}' speaks about: {found}. Nothing asks for such a policy before it acts.")
    hint = N_("What is asked for: {known}. State the policy about one of these.")
    status = 422


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Of one policy. `before`: what is in force under its number; `weaker`: what it asks less than that; `turned`: each
    process that can reach such an operation, what is known of it now, and what would be."""

    wanted: Policy
    before: Policy | None
    weaker: list[Sentence]
    unknown: list[Finding]
    turned: list[tuple[Proof, str, str]]
    past: list[Past]
    days: int

    @property
    def same(self) -> bool:
        """Whether it says what is in force."""
        return self.before == self.wanted

    @property
    def held(self) -> list[Past]:
        """What ran and would be held."""
        return [one for one in self.past if one.reasons]

    @property
    def broken(self) -> list[Proof]:
        """Processes that would not prove, and are not worse off already."""
        open_ = (policy.VIOLATED, policy.UNKNOWN)
        return [proof for proof, now, then in self.turned if then in open_ and now not in open_]


def what_if(uow: UnitOfWork, wanted: Sequence[Policy], days: int = DAYS) -> list[WhatIf]:
    """What each of `wanted` would change, all of them together beside the others in force.

    Raises InvalidPolicy for one about another class than until now, NothingAsks.
    """
    now = {one.id: one for one in policy.in_force(uow)}
    for one in wanted:
        policy.check_class(now.get(one.id), one)
        check_enforced(one.id, one.on)
    after = {**now, **{one.id: one for one in wanted}}
    proved = {one.definition.id: one for one in proofs(uow)}
    foreseen = proofs(uow, list(after.values()))
    return [_what_if(uow, one, now.get(one.id), proved, foreseen, days) for one in wanted]


def check_enforced(policy_id: str, on: str) -> None:
    """Raise NothingAsks for a class without an operation, and without an act of the engine's own."""
    if on not in policy.enforced():
        known = Listed(Term("class", one) for one in sorted(policy.enforced()))
        raise NothingAsks(policy=Term("policy", policy_id), found=Term("class", on), known=known)


def _what_if(
    uow: UnitOfWork, wanted: Policy, before: Policy | None, proved: Mapping[UUID, Proof], foreseen: list[Proof],
    days: int,
) -> WhatIf:  # fmt: skip
    turned = [
        (one, policy.WORST[-1] if before is None else proved[one.definition.id].verdict(before), one.verdict(wanted))
        for one in foreseen if wanted.on in one.classes
    ]  # fmt: skip
    return WhatIf(
        wanted, before, policy.weakening(before, wanted), policy.unknown_names(uow, wanted), turned,
        policy.replay_cleared(uow, [wanted], days), days,
    )  # fmt: skip
