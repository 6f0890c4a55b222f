"""Policies and what is deployed: a statement that changes is held against every definition that may start."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from uuid import UUID

from engine import operations, policy
from engine.findings import Finding
from engine.policy import Policy, Verdict, Version
from engine.repository.candidates import Candidate
from engine.repository.definitions import DefinitionInfo, definition, latest_all
from engine.repository.pinning import References
from engine.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Unproved:
    """A definition from which a guarded operation can be reached without what the policies ask for."""

    definition: DefinitionInfo
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Activation:
    """A policy that is in force now. `unproved`: what does not prove because of it; running instances are held."""

    version: Version
    unproved: tuple[Unproved, ...]


def activate_policy(uow: UnitOfWork, version_id: UUID) -> Activation:
    """Put a proposed policy in force, by another person than its proposer, and prove every definition again.

    Raises PolicyNotThere, SecondPersonNeeded, WeakerPolicy, Forbidden, PolicyHold.
    """
    before = {one.definition.id: _said(one) for one in unproved(uow, policy.in_force(uow))}
    version = policy.activate(uow, version_id)
    after = unproved(uow, policy.in_force(uow))
    return Activation(version, tuple(one for one in after if _said(one) - before.get(one.definition.id, set())))


def _said(one: Unproved) -> set[tuple[str | None, str]]:
    return {(finding.element_id, str(finding)) for finding in one.findings}


def unproved(uow: UnitOfWork, policies: Sequence[Policy]) -> list[Unproved]:
    """The newest definitions that do not prove under `policies`, by category and key."""
    return [Unproved(one.definition, tuple(one.findings)) for one in proofs(uow, policies) if one.findings]


@dataclass(frozen=True, slots=True)
class Judged:
    """Processes of a drawing, held against everything in force."""

    verdicts: tuple[Verdict, ...]

    @property
    def classes(self) -> frozenset[str]:
        """Of the guarded operations that it can reach."""
        return frozenset().union(*(one.classes for one in self.verdicts))

    @property
    def findings(self) -> list[Finding]:
        """What stands against it."""
        return [finding for one in self.verdicts for finding in one.findings]

    @property
    def states(self) -> int:
        """How many situations were looked at."""
        return sum(one.states for one in self.verdicts)

    def verdict(self, of: Policy) -> str:
        """What is known about one policy: the worst of its processes."""
        said = [one.about(of) for one in self.verdicts]
        return min(said, key=policy.WORST.index, default=policy.WORST[-1])


@dataclass(frozen=True, slots=True)
class Proof(Judged):
    """A deployed version and what is known of it. `milliseconds`: what that took."""

    definition: DefinitionInfo
    milliseconds: float


def proofs(uow: UnitOfWork, policies: Sequence[Policy] | None = None) -> list[Proof]:
    """Every process that can reach a guarded operation, by category and key. `policies`: instead of those in force."""
    prover = _Prover(uow, policies)
    return [found for info in latest_all(uow, "process") if (found := prover.proof(info)).classes]


def proof(uow: UnitOfWork, definition_id: UUID) -> Proof:
    """Of one version of a process. Raises NotFound."""
    return _Prover(uow, None).proof(definition(uow, definition_id))


def proof_of(uow: UnitOfWork, candidate: Candidate) -> Judged:
    """Of a version that is not deployed."""
    meant = candidate.references(uow)
    told = policy.verdicts(
        candidate.drawing, operations.catalog(), policies=policy.in_force(uow), process_id=candidate.key,
        callees=meant.callee, forms=meant.form, decisions=meant.decision, names=meant.name,
    )  # fmt: skip
    return Judged(tuple(told))


class _Prover:
    """What all proofs of one page share."""

    def __init__(self, uow: UnitOfWork, policies: Sequence[Policy] | None) -> None:
        self.policies = policy.in_force(uow) if policies is None else policies
        self.meant, self.catalog = References(uow), operations.catalog()

    def proof(self, info: DefinitionInfo) -> Proof:
        drawing, meant = self.meant.drawing(info), self.meant
        began = perf_counter()
        told = policy.verdicts(
            drawing, self.catalog, policies=self.policies, callees=meant.callee, forms=meant.form,
            decisions=meant.decision, names=meant.name,
        )  # fmt: skip
        return Proof(tuple(told), info, (perf_counter() - began) * 1000)
