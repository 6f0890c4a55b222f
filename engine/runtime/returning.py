"""Going back: who may, is decided above; whether it can be done, and doing it with every row that hangs on it, is here.

Rounds that were passed since the target no longer stand: their decisions are void, or parked for the way back. What
must be true afterwards is looked at each time; when it is not, everything is undone and an incident says so.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, or_, select, update

from engine import bpmn, history, incidents, operations, repository
from engine.bpmn import chosen
from engine.bpmn.program import Node
from engine.bpmn.state import Scope, State
from engine.bpmn.steps import Step
from engine.db.history import history as facts
from engine.db.instance import Instance
from engine.db.job import IncidentKind, job
from engine.db.policy import policy_grant
from engine.db.subscription import subscription
from engine.db.task import Box, ItemStatus, RoundStatus, Source, Ticket, inbox, user_task, work_item
from engine.errors import N_, OperationRunning, ReturnNotPossible
from engine.findings import Finding, Level
from engine.operations import UnknownOperation
from engine.runtime import proof, reopening
from engine.runtime.environment import beside, env, load
from engine.runtime.reopening import rounds_of
from engine.runtime.settling import settle
from engine.unit_of_work import UnitOfWork

_left = select(func.max(facts.c.seq)).where(
    facts.c.instance_id == bindparam("of"), facts.c.kind == "node.left", facts.c.token == bindparam("of_token")
)
_performed = select(facts.c.node, facts.c.data).where(
    facts.c.instance_id == bindparam("of"), facts.c.kind == "operation.performed", facts.c.seq > bindparam("after")
)
_issue = update(user_task).where(user_task.c.id == bindparam("row"))
_asked = select(user_task.c.token).where(user_task.c.instance_id == bindparam("of"), user_task.c.status == 0)
_jobs = select(job.c.token).where(job.c.instance_id == bindparam("of"), job.c.kind < 4)
_heard = select(subscription.c.token).where(subscription.c.instance_id == bindparam("of"), subscription.c.token > 0)
_boxes = (
    select(inbox.c.work_item_id)
    .join(work_item, work_item.c.id == inbox.c.work_item_id)
    .join(user_task, user_task.c.id == work_item.c.user_task_id)
    .where(
        work_item.c.instance_id == bindparam("of"),
        inbox.c.box != int(Box.COPIED),  # a copy outlives its round
        or_(work_item.c.status != int(ItemStatus.TODO), user_task.c.status != int(RoundStatus.OPEN)),
    )
)
_granted = (
    select(policy_grant.c.id)
    .join(user_task, user_task.c.id == policy_grant.c.user_task_id)
    .where(
        policy_grant.c.instance_id == bindparam("of"), policy_grant.c.state == "active",
        user_task.c.voided_at.is_not(None),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Back:
    """One going back. `tokens`: from where; `target`: the round that was passed there; `by`: the round that is left.

    `straight`: the resubmission comes straight back to `by` when nothing has changed. `recompute`: ask whom the drawing
    names instead of who acted before. `reopen`: opens the target's round instead, when one decision of it is taken
    back, and says what becomes of the others. `compensate`: what was done since then and can be undone is undone first.
    """

    tokens: tuple[int, ...]
    target: Any
    by: Any = None
    straight: bool = False
    recompute: bool = False
    reopen: Callable[[Any], None] | None = None
    compensate: bool = False


class Broken(Exception):
    """A post-condition does not hold: whatever was done must be undone. `target`: of the going back; `found`: what."""

    def __init__(self, target: str, found: list[str]) -> None:
        self.target, self.found = target, found
        super().__init__("; ".join(found))


def passed(rounds: Sequence[Any]) -> dict[str, Any]:
    """Per element the round that was passed last and still stands."""
    return {
        row.node: row for row in rounds
        if row.status == RoundStatus.PASSED and row.voided_at is None and row.parked_by is None
        and row.passed_seq is not None
    }  # fmt: skip


def obstacles(uow: UnitOfWork, instance: Instance, back: Back) -> list[Finding]:
    """Every reason against going back, but for operations under way; nothing is changed."""
    return list(outlook(uow, instance, back).refused)


def outlook(uow: UnitOfWork, instance: Instance, back: Back) -> bpmn.Return:
    """What going back would do, with every reason against it; nothing is changed."""
    state = load(uow, instance)
    found = bpmn.returning(
        state, back.tokens, back.target.node, back.target.passed_seq, compensate=back.compensate
    )  # fmt: skip
    if found.scope not in state.scopes or found.node not in state.scopes[found.scope].program.nodes:
        return found
    scope = state.scopes[found.scope]
    target = scope.program.nodes[found.node]
    if target.scope is not scope.unit:
        return found
    undone = set(found.undone)
    lasting_ = [
        _finding(target.id, _IRREVERSIBLE, element=element)
        for element in _done(uow, instance, scope, target, back.target) if element not in undone
    ]  # fmt: skip
    return replace(found, refused=(*found.refused, *lasting_))


def go(uow: UnitOfWork, instance: Instance, back: Back, decide: Callable[[], None]) -> UUID | None:
    """Go back; the id of the incident when a post-condition failed and nothing was done, None when all is well.

    `decide`: writes the act itself, and is undone with the rest. Raises ReturnNotPossible with every reason,
    OperationRunning.
    """

    def both() -> None:
        check(uow, instance, back)
        decide()
        take(uow, instance, back)

    return undivided(uow, instance, both)


def undivided(uow: UnitOfWork, instance: Instance, act: Callable[[], None]) -> UUID | None:
    """An act that goes back (`take`) as its last part: all of it, or nothing but an incident, whose id is returned."""
    kept = _keep(instance)
    try:
        with uow.savepoint():
            act()
    except Broken as broken:
        for name, value in kept.items():
            setattr(instance, name, value)
        return incidents.raise_incident(
            uow, instance, IncidentKind.PROCESS, "goto_postcondition", str(broken), node=broken.target,
            detail={"target": broken.target, "found": broken.found},
        )  # fmt: skip
    return None


def check(uow: UnitOfWork, instance: Instance, back: Back) -> None:
    """Raises ReturnNotPossible with every reason against it."""
    refused = obstacles(uow, instance, back)
    if refused:
        raise ReturnNotPossible(refused)


def region(instance: Instance, scope: Scope, target: Node) -> Callable[[Any], bool]:
    """Whether a round lies behind `target`, or at it, in `scope`."""
    after = scope.unit.routes.down[target.index] | 1 << target.index
    return lambda row: reopening.within(scope, after, row.scope_path or "0", row.node)


# ---------------------------------------------------------------- doing it


def take(uow: UnitOfWork, instance: Instance, back: Back) -> None:
    """Go back, within `undivided`. Raises Broken, OperationRunning."""
    state = load(uow, instance)
    look = bpmn.returning(state, back.tokens, back.target.node, back.target.passed_seq)
    scope = state.scopes[look.scope]
    target = scope.program.nodes[look.node]
    before = _marking(state)
    reopening.break_ticket(uow, instance, "sent back again")
    undone = _undo_rounds(uow, instance, back, scope, target)
    _forget(scope, undone)
    if back.reopen is not None:
        instance.cache["reopen"] = {target.id: back.reopen}
    else:
        beside(uow, instance).again[target.id] = None if back.recompute else back.target.id
    step = bpmn.goto(
        state, back.tokens, target.id, back.target.passed_seq, now=uow.now, env=env(uow, instance),
        compensate=back.compensate,
    )  # fmt: skip
    running = proof.under_way(uow, instance, step)
    if running:
        raise OperationRunning(operations=", ".join(str(found.element_id) for found in running))
    wrong = misplaced(step, scope, target)
    if wrong:
        raise Broken(target.id, wrong)
    settle(uow, instance, step)
    data = {
        "target": target.id, "from": str(back.by.id) if back.by is not None else None, "undone": undone,
        "straight": back.straight, "before": before, "after": _marking(instance.state),
    }  # fmt: skip
    history.record(uow, instance, "instance.returned", node=target.id, data=data)
    uow.flush()
    wrong = list(faults(uow, instance))
    if wrong:
        raise Broken(target.id, wrong)


def _undo_rounds(uow: UnitOfWork, instance: Instance, back: Back, scope: Scope, target: Node) -> list[str]:
    """Void or park what was decided behind the target and at it; the elements."""
    inside = region(instance, scope, target)
    ticket = back.by.id if back.straight and back.by is not None else None
    undone = []
    variables = bpmn.variables(instance.state, scope.id)
    if ticket is not None:
        issued = {"scope": scope.id, "target": target.id}
        uow.queue(_issue, {"row": ticket, "ticket": int(Ticket.OPEN), "guarded": issued})
        beside(uow, instance).ticket = ticket
    for row in rounds_of(uow, instance.id):
        since = row.passed_seq is not None and row.passed_seq >= back.target.passed_seq
        handed_on = back.by is not None and row.parked_by == back.by.id
        standing = row.voided_at is None and (row.parked_by is None or handed_on)
        if not since or not standing or not inside(row) or (back.by is not None and row.id == back.by.id):
            continue
        undone.append(row.node)
        at_target = row.node == target.id
        kept = ticket is not None and not at_target and not handed_on and row.status == RoundStatus.PASSED
        if ticket is not None and kept and _by_people(uow, row.id):
            names = _guarded(uow, instance, scope, row)
            reopening.park(uow, ticket, row.id, names, reopening.seen(variables, names), "sent back")
        elif back.reopen is None or row.id != back.target.id:  # else only one of its decisions is taken back
            reopening.undo(uow, row.id, "sent back")
    return undone


def _by_people(uow: UnitOfWork, round_id: UUID) -> bool:
    return any(
        item.decision is not None and item.decision_source in (Source.HUMAN, Source.CARRIED)
        for item in reopening.items_of(uow, round_id)
    )


def _guarded(uow: UnitOfWork, instance: Instance, scope: Scope, row: Any) -> list[str] | None:
    """The fields that the people of a round saw; None, without a form: every variable."""
    if row.form is None:
        return None
    form = repository.form(uow, row.form, UUID(scope.definition_id))
    return sorted({field.path.partition(".")[0] for field in form.fields})


def _forget(scope: Scope, nodes: Sequence[str]) -> None:
    """What gateways read of decisions that no longer stand."""
    home = scope.home()
    home.approval = {node: told for node, told in home.approval.items() if node not in nodes}


def _done(uow: UnitOfWork, instance: Instance, scope: Scope, target: Node, row: Any) -> Iterator[str]:
    """Elements behind the target whose operation cannot simply be done again: what is done would be done twice."""
    left = uow.execute(_left, {"of": instance.id, "of_token": row.token}).scalar() or 0
    after = scope.unit.routes.down[target.index]
    for fact in uow.execute(_performed, {"of": instance.id, "after": left}):
        node = scope.program.nodes.get(fact.node)
        if node is not None and not _performs(node, fact.data["operation"]):
            node = None  # another program, which was called, has an element of that id
        while node is not None and node.scope is not scope.unit:
            node = node.scope.node
        if (node is None or after >> node.index & 1) and lasting(fact.data["operation"]):
            yield str(fact.node)


def _performs(node: Node, operation: str) -> bool:
    """Whether an element may call this operation."""
    parts = (chosen.inner(node), *(node.undo.starts if node.undo is not None else ()))
    called = [part.job.type for part in parts if part.job is not None]
    return any(slot.expression is not None or slot.text == operation for slot in called)


def lasting(name: str) -> bool:
    """Whether an operation leaves something behind that going back does not undo."""
    try:
        return operations.get(name).lasts
    except UnknownOperation:
        return True


# ---------------------------------------------------------------- what must be true afterwards


def misplaced(step: Step, scope: Scope, target: Node) -> list[str]:
    """What is wrong with the marking behind the target; only the target itself may be alive there."""
    after = scope.unit.routes.down[target.index]
    alive = [token for token in step.state.tokens.values() if token.scope is scope and not token.host]
    behind = [token.node.id for token in alive if after >> token.node.index & 1 and token.node is not target]
    here = [token for token in alive if token.node is target]
    wrong = [f"a token is left at {node}" for node in behind]
    if len(here) != 1:
        wrong.append(f"expected one token at {target.id}, found {len(here)}")
    for flow in scope.held:
        source = scope.program.flows[flow].source
        if after >> source.index & 1 or source is target:
            wrong.append(f"a join holds a token on {flow}")
    return wrong


def faults(uow: UnitOfWork, instance: Instance) -> Iterator[str]:
    """Rows that do not fit the state of the instance, as they lie in the database now."""
    tokens = instance.state.tokens
    asked = set(uow.execute(_asked, {"of": instance.id}).scalars())
    waits = {key for key, token in tokens.items() if token.wait == "work" and not token.incident}
    if not waits <= asked or not asked <= set(tokens):
        yield f"open rounds {sorted(asked)}, but people are asked at {sorted(waits)}"
    for what, query in (("job", _jobs), ("subscription", _heard)):
        left = set(uow.execute(query, {"of": instance.id}).scalars()) - set(tokens) - {None}
        if left:
            yield f"a {what} of a closed wait is left: {sorted(left)}"
    if uow.execute(_boxes, {"of": instance.id}).first():
        yield "an inbox holds what is closed"
    if uow.execute(_granted, {"of": instance.id}).first():
        yield "an approval that was undone still counts"
    yield from bpmn.check(instance.state)


def _marking(state: State) -> list[str]:
    return sorted(token.node.id for token in state.tokens.values() if not token.host)


def _keep(instance: Instance) -> dict[str, Any]:
    """The row in memory as it is now, its live state left out: that is read again."""
    kept = {part.name: getattr(instance, part.name) for part in fields(instance)}
    kept |= {"parts": dict(instance.parts), "parts_stored": set(instance.parts_stored)}
    return kept | {"state": None, "cache": {}}


_IRREVERSIBLE = N_("'{element}' has done since then what would be done twice: it must be undone first.")


def _finding(target: str, message: str, **told: Any) -> Finding:
    return Finding("move-refused", Level.ERROR, target, message, {"target": target, **told})
