"""Policies and what is deployed: a statement that changes is held against every definition that may start."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from engine import operations, policy
from engine.findings import Finding
from engine.policy import Policy, Version
from engine.repository.definitions import DefinitionInfo, known_form, latest_all
from engine.repository.pinning import Callees
from engine.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Unproved:
    """A definition from which a guarded operation can be reached without what the policies ask for."""

    definition: DefinitionInfo
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Activation:
    """A policy that is in force now. `unproved`: what no longer proves; running instances are held, not broken."""

    version: Version
    unproved: tuple[Unproved, ...]


def activate_policy(uow: UnitOfWork, version_id: UUID) -> Activation:
    """Put a proposed policy in force, by another person than its proposer, and prove every definition again.

    Raises PolicyNotThere, SecondPersonNeeded, WeakerPolicy, Forbidden, PolicyHold.
    """
    version = policy.activate(uow, version_id)
    return Activation(version, tuple(unproved(uow, policy.in_force(uow))))


def unproved(uow: UnitOfWork, policies: Sequence[Policy]) -> list[Unproved]:
    """The newest definitions that do not prove under `policies`, by category and key."""
    catalog = operations.catalog()
    callees, forms = Callees(uow), partial(known_form, uow)
    found = []
    for info in latest_all(uow, "process"):
        findings = policy.prove(callees.drawing(info), catalog, policies=policies, callees=callees, forms=forms)
        if findings:
            found.append(Unproved(info, tuple(findings)))
    return found
