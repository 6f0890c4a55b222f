"""Tokens moved by hand in one instance: what it would do, and doing it, with a reason that stays on record."""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, select

from engine import bpmn, history, identity, operations, policy, repository, runtime
from engine.bpmn import reachability
from engine.bpmn.state import State
from engine.bpmn.steps import Fact, Step
from engine.bpmn.undoing import Region
from engine.bpmn.undoing import nodes as nodes_undone
from engine.db import rows
from engine.db.effect import EffectStatus, effect
from engine.db.history import history as history_table
from engine.db.instance import Instance
from engine.errors import N_, InvalidValue, MoveRefused
from engine.findings import Finding, Level, errors_of
from engine.runtime import proof
from engine.unit_of_work import UnitOfWork
from engine.values import blank

_performed = select(effect.c.node, effect.c.operation).where(
    effect.c.instance_id == bindparam("of"), effect.c.status.in_((int(EffectStatus.DONE), int(EffectStatus.UNKNOWN)))
)
_compensated = select(history_table.c.node).where(
    history_table.c.instance_id == bindparam("of"), history_table.c.kind == "compensation.started"
)
_migrated = (
    select(history_table.c.seq)
    .where(history_table.c.instance_id == bindparam("of"), history_table.c.kind == "instance.migrated")
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Preview:
    """`refused`: why it cannot be done. `warnings`: what may go wrong afterwards, to be accepted by whoever does it.
    `undone`: elements that are compensated first, newest first; `closed`, `opened`: waits; `markers`: element id ->
    active | incident, afterwards."""

    refused: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    closed: tuple[Fact, ...] = ()
    opened: tuple[Fact, ...] = ()
    markers: dict[str, str] | None = None
    undone: tuple[str, ...] = ()


def preview(uow: UnitOfWork, instance_id: UUID, plan: bpmn.Modification) -> Preview:
    """What `modify` would do, as far as nobody acts in between; nothing is written. Raises NotFound."""
    instance = rows.read(uow, instance_id)
    if instance.status not in runtime.LIVE:
        return Preview((Finding("move-refused", Level.ERROR, None, N_("It has ended.")),))
    undone = tuple(bpmn.undone(runtime.load(uow, instance), plan))
    try:
        step, warnings = _moved(uow, instance, plan)
    except MoveRefused as refused:
        return Preview(tuple(refused.findings))
    return Preview((), tuple(warnings), tuple(step.closed), tuple(step.opened), bpmn.markers(step.state), undone)


def modify(
    uow: UnitOfWork, instance_id: UUID, plan: bpmn.Modification, *, reason: str, accept_warnings: bool = False
) -> Instance:
    """跳转, by an administrator or who looks after the process: cancel and start tokens.

    A reason is required, warnings must be accepted. A policy never gives way.

    With `compensate` in the plan, what has completed behind the places where tokens begin is undone first; refused when
    an operation that cannot be taken back has no handler.

    Raises MoveRefused with what is wrong, what a policy forbids, or the warnings; PolicyHold where a policy about
    `instance.modify` asks for approvals; Forbidden, InvalidValue, NotFound, InstanceOver.
    """
    if not repository.manages(uow, rows.read(uow, instance_id)):
        identity.require(uow, repository.ADMINISTER)
    if blank(reason):
        raise InvalidValue(expected=N_("a reason"), found=N_("none"))
    instance = runtime.locked(uow, instance_id)
    policy.admit_modification(uow, instance_id)
    data = {
        "cancel": list(plan.cancel), "compensate": plan.compensate,
        "start": [[placing.where, placing.node, placing.scope, sorted(placing.variables)] for placing in plan.start],
    }  # fmt: skip
    history.record(uow, instance, "modification.asked", data=data, texts={"reason": reason.strip()})
    step, warnings = _moved(uow, instance, plan)
    if warnings and not accept_warnings:
        raise MoveRefused(warnings)
    runtime.settle(uow, instance, step)
    return instance


def _moved(uow: UnitOfWork, instance: Instance, plan: bpmn.Modification) -> tuple[Step, list[Finding]]:
    state = runtime.load(uow, instance)
    before = _prospects(state)
    lasting = _lasting(uow, instance, state, plan)
    if lasting:
        raise MoveRefused(lasting)
    step = bpmn.modify(state, plan, now=uow.now, env=runtime.env(uow, instance))
    refused = proof.under_way(uow, instance, step)
    if step.ended is None:
        refused += errors_of(proof.prove(uow, instance, step.state))
    if refused:
        raise MoveRefused(refused)
    if step.ended is not None:
        return step, []
    after = _prospects(step.state)
    warnings = [_warning(_STARVES, place) for place in sorted(after.starved - before.starved)]
    warnings += [_warning(_DOUBLES, place) for place in sorted(after.doubled - before.doubled)]
    if not after.complete:
        warnings.append(_warning(_UNKNOWN, None))
    return step, warnings


def _lasting(uow: UnitOfWork, instance: Instance, state: State, plan: bpmn.Modification) -> list[Finding]:
    """Operations that cannot be taken back, have been performed where the plan undoes, and have no handler there."""
    if not plan.compensate:
        return []
    undone_before = Counter(uow.execute(_compensated, {"of": instance.id}).scalars())
    performed = (
        Counter(row.node for row in uow.execute(_performed, {"of": instance.id}) if _irreversible(row.operation))
        - undone_before
    )
    found: dict[str, Finding] = {}
    renamed = bool(performed) and uow.execute(_migrated, {"of": instance.id}).first() is not None
    for region, entries in bpmn.first_undone(state, plan):
        undoing = Counter(nodes_undone(entries))
        for node in (performed - undoing) if performed else ():
            if node is not None and _within(region, node, renamed):
                found[node] = Finding("move-refused", Level.ERROR, node, _LASTING, {"element": node})
    return list(found.values())


def _irreversible(operation: str) -> bool:
    try:
        return operations.get(operation).effect == "irreversible"
    except operations.UnknownOperation:
        return True


def _within(region: Region, element: str, renamed: bool) -> bool:
    """Whether an element of the process stands in the region, or may have been called from there; one that may have had
    another id in an earlier version may stand anywhere."""
    node = region.scope.program.nodes.get(element)
    if node is None:
        return renamed or any(region.scope.program.nodes[key].call is not None for key in region.elements)
    unit = node.scope
    while unit is not region.scope.unit:
        if unit.node is None:
            return False
        node, unit = unit.node, unit.node.scope
    return node.id in region.elements


def _prospects(state: State) -> reachability.Prospect:
    """What may become of all scopes."""
    found = reachability.Prospect()
    for scope in state.scopes.values():
        if scope.kind not in ("loop", "turn"):
            ahead = reachability.outlook(scope.unit, reachability.marking(state, scope))
            found.starved |= ahead.starved
            found.doubled |= ahead.doubled
            found.complete = found.complete and ahead.complete
    return found


def _warning(message: str, place: str | None) -> Finding:
    return Finding("move-warning", Level.WARN, place, message, {"element": place or ""})


_LASTING = N_("'{element}' has done what cannot be taken back, and nothing undoes it.")
_STARVES = N_("Join '{element}' may then wait for ever.")
_DOUBLES = N_("'{element}' may then hold two tokens at once.")
_UNKNOWN = N_("The drawing has too many independent branches to say what may become of it.")
