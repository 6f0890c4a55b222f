"""Tokens moved by hand in one instance: what it would do, and doing it, with a reason that stays on record."""

from dataclasses import dataclass
from uuid import UUID

from engine import bpmn, history, runtime
from engine.bpmn import reachability
from engine.bpmn.state import State
from engine.bpmn.steps import Fact, Step
from engine.db import rows
from engine.db.instance import Instance
from engine.errors import N_, InvalidValue, MoveRefused
from engine.findings import Finding, Level, errors_of
from engine.runtime import proof
from engine.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Preview:
    """`refused`: why it cannot be done. `warnings`: what may go wrong afterwards, to be accepted by whoever does it.
    `closed`, `opened`: waits; `markers`: element id -> active | incident, afterwards."""

    refused: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    closed: tuple[Fact, ...] = ()
    opened: tuple[Fact, ...] = ()
    markers: dict[str, str] | None = None


def preview(uow: UnitOfWork, instance_id: UUID, plan: bpmn.Modification) -> Preview:
    """What `modify` would do, as far as nobody acts in between; nothing is written. Raises NotFound."""
    instance = rows.read(uow, instance_id)
    if instance.status not in runtime.LIVE:
        return Preview((Finding("move-refused", Level.ERROR, None, N_("It has ended.")),))
    try:
        step, warnings = _moved(uow, instance, plan)
    except MoveRefused as refused:
        return Preview(tuple(refused.findings))
    return Preview((), tuple(warnings), tuple(step.closed), tuple(step.opened), bpmn.markers(step.state))


def modify(
    uow: UnitOfWork, instance_id: UUID, plan: bpmn.Modification, *, reason: str, accept_warnings: bool = False
) -> Instance:
    """Cancel and start tokens. A reason is required, warnings must be accepted, a policy never gives way.

    Raises MoveRefused with what is wrong, what a policy forbids, or the warnings; InvalidValue, NotFound, InstanceOver.
    """
    if not reason.strip():
        raise InvalidValue(expected=N_("a reason"), found=N_("none"))
    instance = runtime.locked(uow, instance_id)
    data = {
        "reason": reason, "cancel": list(plan.cancel),
        "start": [[placing.where, placing.node, placing.scope, sorted(placing.variables)] for placing in plan.start],
    }  # fmt: skip
    history.record(uow, instance, "modification.asked", data=data)
    step, warnings = _moved(uow, instance, plan)
    if warnings and not accept_warnings:
        raise MoveRefused(warnings)
    runtime.settle(uow, instance, step)
    return instance


def _moved(uow: UnitOfWork, instance: Instance, plan: bpmn.Modification) -> tuple[Step, list[Finding]]:
    state = runtime.load(uow, instance)
    before = _prospects(state)
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


_STARVES = N_("Join '{element}' may then wait for ever.")
_DOUBLES = N_("'{element}' may then hold two tokens at once.")
_UNKNOWN = N_("The drawing has too many independent branches to say what may become of it.")
