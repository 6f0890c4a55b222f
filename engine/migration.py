"""Carry running instances to another version of their process: a plan, a rehearsal, and the move itself."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from engine import bpmn, history, repository, runtime
from engine.bpmn.program import Node, Program
from engine.bpmn.state import Scope, State
from engine.bpmn.steps import Step
from engine.db import rows
from engine.db.instance import Instance
from engine.errors import N_, InvalidValue, MoveRefused, ProcessNotDeployed
from engine.findings import Finding, Level, errors_of
from engine.repository import Candidate, DefinitionInfo
from engine.runtime import proof
from engine.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Plan:
    """From version `source` to version `target` of one process.

    `choices`: old element -> new element, None: it has no counterpart; where they say nothing, `bpmn.compare` does.
    `reassign`: open user tasks are asked again. `recompute`: timers are counted anew. Called processes follow to the
    versions that the new one calls.
    """

    source: UUID
    target: UUID
    choices: Mapping[str, str | None] = field(default_factory=dict)
    reassign: bool = False
    recompute: bool = False

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "source": str(self.source), "target": str(self.target), "choices": dict(self.choices)}

    @classmethod
    def loaded(cls, stored: Mapping[str, Any]) -> "Plan":
        """What `stored` gave."""
        return cls(**{**stored, "source": UUID(stored["source"]), "target": UUID(stored["target"])})


@dataclass(frozen=True, slots=True)
class Outline:
    """What a plan means, for the page that shows it."""

    source: DefinitionInfo
    target: DefinitionInfo | Candidate
    old: Program
    new: Program
    comparison: bpmn.Comparison


def plan(uow: UnitOfWork, wanted: Plan, candidate: Candidate | None = None) -> Outline:
    """Which element becomes which, what changed, moved, is lost or added.

    `candidate`: the target, when it is not deployed. Raises NotFound, and InvalidValue for versions of two processes
    or one and the same.
    """
    source = repository.definition(uow, wanted.source)
    target = _undeployed(wanted, candidate) or repository.definition(uow, wanted.target)
    if source.key != target.key or source.id == target.id:
        expected = N_("two versions of one process")
        raise InvalidValue(expected=expected, found=f"{source.key} v{source.version}, {target.key} v{target.version}")
    old = repository.program(uow, source.id)
    new = target.program if isinstance(target, Candidate) else repository.program(uow, target.id)
    return Outline(source, target, old, new, bpmn.compare(old, new, wanted.choices))


def rehearse(
    uow: UnitOfWork, instance_id: UUID, wanted: Plan, candidate: Candidate | None = None
) -> list[Finding]:  # fmt: skip
    """What stands in the way of one instance; nothing is written. `candidate`: as in `plan`. Raises NotFound."""
    instance = rows.read(uow, instance_id)
    if instance.status not in runtime.LIVE:
        return [Finding("migration-blocked", Level.ERROR, None, N_("It has ended."))]
    try:
        _carry(uow, instance, wanted, candidate)
    except MoveRefused as refused:
        return list(refused.findings)
    return []


def migrate(uow: UnitOfWork, instance_id: UUID, wanted: Plan, *, reason: str) -> Instance:
    """Carry one instance over, its called processes with it.

    Raises MoveRefused with every reason, also when a payment could then be reached without its approval; NotFound,
    InstanceOver.
    """
    instance = runtime.locked(uow, instance_id)
    history.record(uow, instance, "migration.asked", data={"plan": wanted.stored()}, texts={"reason": reason})
    step = _carry(uow, instance, wanted)
    runtime.settle(uow, instance, step)
    return instance


def _undeployed(wanted: Plan, candidate: Candidate | None) -> Candidate | None:
    return candidate if candidate is not None and candidate.id == wanted.target else None


def _carry(uow: UnitOfWork, instance: Instance, wanted: Plan, candidate: Candidate | None = None) -> Step:
    outline = plan(uow, wanted, candidate)
    if instance.definition_id != wanted.source:
        raise MoveRefused([Finding("migration-blocked", Level.ERROR, None, N_("It follows another version already."))])
    state = runtime.load(uow, instance)
    found = outline.comparison
    own = bpmn.Plan(found.nodes, found.flows, wanted.reassign, wanted.recompute)
    targets: dict[str | int, bpmn.Target | None] = {
        str(wanted.source): bpmn.Target(own, str(wanted.target), outline.new)
    }
    _add_called(uow, state, wanted, targets, candidate)
    instance.definition_id = wanted.target  # `process.version` is the new one from here on
    instance.cache.pop("env", None)
    step = bpmn.migrate(state, targets, now=uow.now, env=runtime.env(uow, instance, outline.target.version))
    refused = proof.under_way(uow, instance, step)
    if step.ended is None:
        refused += errors_of(proof.prove(uow, instance, step.state, found.nodes, candidate))
    if refused:
        raise MoveRefused(refused)
    return step


def _add_called(
    uow: UnitOfWork, state: State, wanted: Plan, targets: dict[str | int, bpmn.Target | None],
    candidate: Candidate | None,
) -> None:  # fmt: skip
    """Called processes follow to what the new version of their caller would call, each call on its own."""
    for key in sorted(state.scopes):
        scope = state.scopes[key]
        if scope.kind != "call" or scope.parent is None or scope.definition_id == str(wanted.source):
            continue
        target = _called(
            uow, scope, bpmn.target_of(scope.parent, targets), state.tokens[scope.token].node, wanted, candidate
        )
        targets[key] = target
        if target is not None:
            targets.setdefault(scope.definition_id, target)  # what has completed in such a call


def _called(
    uow: UnitOfWork, scope: Scope, caller: bpmn.Target | None, host: Node, wanted: Plan, candidate: Candidate | None
) -> bpmn.Target | None:  # fmt: skip
    """Where the call in `scope` goes; None: it stays, as when the new version calls another process there."""
    new = caller.program.nodes.get(caller.plan.nodes.get(host.id, "")) if caller is not None else None
    process_id = scope.program.process_id
    call = new.call if new is not None else None
    if caller is None or call is None or (call.id.expression is None and call.id.text != process_id):
        return None
    try:
        bound = caller.program.called(call, process_id) if call.binding != "latest" else None
        target_id, program = bound if bound is not None else _latest(uow, process_id, candidate)
    except ProcessNotDeployed:
        return None
    if target_id == scope.definition_id:
        return None
    found = bpmn.compare(scope.program, program)
    plan = bpmn.Plan(found.nodes, found.flows, wanted.reassign, wanted.recompute)
    return bpmn.Target(plan, target_id, program)


def _latest(uow: UnitOfWork, process_id: str, candidate: Candidate | None) -> tuple[str, Program]:
    """What a call of the latest version enters, once `candidate` is deployed. Raises ProcessNotDeployed."""
    if candidate is not None and process_id in candidate.processes:
        made, program, _ = candidate.processes[process_id]
    else:
        made, program = repository.program_by_key(uow, process_id)
    return str(made), program
