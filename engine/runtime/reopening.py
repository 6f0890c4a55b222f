"""A round is opened: for the first time, again after going back, or carried because nothing has changed since."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select, update

from engine import approvals, bpmn, history, identity, policy
from engine.approvals import rounds
from engine.approvals.candidates import Candidate, people
from engine.approvals.carrying import click_of
from engine.approvals.rounds import TOP, VOTING, asks_alike
from engine.bpmn.state import Scope
from engine.bpmn.steps import WorkOpened
from engine.db.instance import Instance
from engine.db.task import Cause, ItemStatus, Source, Ticket, user_task, work_item
from engine.errors import NotFound
from engine.identity import User
from engine.runtime.environment import beside
from engine.unit_of_work import UnitOfWork
from engine.values import Values, digest

_rounds = select(user_task).where(user_task.c.instance_id == bindparam("of")).order_by(user_task.c.opened_seq)
_round = select(user_task).where(user_task.c.id == bindparam("of"))
_parked = select(user_task).where(user_task.c.parked_by == bindparam("of"), user_task.c.voided_at.is_(None))
_carried = select(work_item.c.evidence_id).where(
    work_item.c.instance_id == bindparam("of"),
    work_item.c.decision_source == int(Source.CARRIED),
    work_item.c.voided_at.is_(None),
)
_kin = select(work_item.c.id, work_item.c.user_task_id).where(
    or_(
        work_item.c.id == bindparam("click"),
        and_(work_item.c.evidence_id == bindparam("click"), work_item.c.decision_source == int(Source.CARRIED)),
    )
)
_items = select(work_item).where(work_item.c.user_task_id == bindparam("of")).order_by(work_item.c.seq, work_item.c.id)
_punch = update(user_task).where(user_task.c.id == bindparam("row"))
_void_round = update(user_task).where(user_task.c.id == bindparam("row"), user_task.c.voided_at.is_(None))
_void_item = update(work_item).where(work_item.c.id == bindparam("row"), work_item.c.voided_at.is_(None))


def rounds_of(uow: UnitOfWork, instance_id: UUID) -> list[Any]:
    """Every round of the instance, oldest first."""
    return uow.read(_rounds, {"of": instance_id})


def open_round(uow: UnitOfWork, instance: Instance, fact: WorkOpened, later: approvals.Later) -> bool:
    """As `approvals.open_round`; after a return the same people, or their decisions, see `approvals.md` 7.3."""
    reopen = instance.cache.get("reopen", {}).pop(fact.node, None)
    if reopen is not None:  # somebody takes his own decision back
        reopen(fact)
        return False
    known = beside(uow, instance).again
    if fact.node in known:
        earlier = known.pop(fact.node)
        people = () if earlier is None else people_of(uow, items_of(uow, earlier), "acted here before")
        return approvals.open_round(uow, instance, fact, approvals.Again(Cause.RETURN, people))
    ticket = beside(uow, instance).ticket
    if ticket is None:
        return approvals.open_round(uow, instance, fact, later=later)
    return _with_ticket(uow, instance, fact, ticket, later)


def people_of(uow: UnitOfWork, items: Sequence[Any], reason: str) -> tuple[Candidate, ...]:
    """Who acted in a round, principals rather than their substitutes, in the order of the round; active ones only."""
    acted = [
        item.assignee_id or item.decided_by for item in items
        if item.kind in TOP and item.decision is not None and item.decision_source in (Source.HUMAN, Source.CARRIED)
    ]  # fmt: skip
    known = {user.id: user for user in identity.find(uow, list(dict.fromkeys(acted)))}
    found: list[User] = [known[key] for key in dict.fromkeys(acted) if key in known]
    return tuple(people(found, reason))


def items_of(uow: UnitOfWork, round_id: UUID) -> list[Any]:
    """The ledger of a round, whatever its state."""
    return uow.read(_items, {"of": round_id})


def undo(uow: UnitOfWork, round_id: UUID, reason: str) -> None:
    """The decisions of a round no longer stand; neither do the clicks that they carry, in whatever round."""
    items = [item for item in items_of(uow, round_id) if item.decision is not None]
    clicks = [click_of(item) for item in items]
    kin = [row for click in clicks for row in uow.read(_kin, {"click": click})]
    tasks = {round_id, *(row.user_task_id for row in kin)}
    for key in tasks:
        uow.queue(_void_round, {"row": key, "voided_at": uow.now})
    gone = {*(item.id for item in items), *(row.id for row in kin)}
    rounds.tell_void(uow, gone, tasks)
    for key in gone:
        uow.queue(_void_item, {"row": key, "voided_at": uow.now, "void_reason": reason})
    policy.undo(uow, clicks, reason)


def hand_on(uow: UnitOfWork, round_id: UUID, taken_back: UUID, later: UUID, reason: str) -> None:
    """Somebody takes his decision of a round back: the others stand in the round `later`, and count when it passes."""
    items = [item for item in items_of(uow, round_id) if item.decision is not None]
    uow.queue(_void_item, {"row": taken_back, "voided_at": uow.now, "void_reason": reason})
    rounds.tell_void(uow, [taken_back])
    policy.undo(uow, [taken_back], reason)
    policy.park(uow, [click_of(item) for item in items if item.id != taken_back], reason)
    uow.queue(_punch, {"row": round_id, "parked_by": later})


def park(uow: UnitOfWork, ticket: UUID, round_id: UUID, names: list[str] | None, seen: bytes, reason: str) -> None:
    """Keep the decisions of a round for the way back; `names`: fields that must not change, None: all variables."""
    uow.queue(_punch, {"row": round_id, "parked_by": ticket, "guarded": names, "guarded_digest": seen})
    items = [item for item in items_of(uow, round_id) if item.decision is not None]
    policy.park(uow, [click_of(item) for item in items], reason)


def seen(variables: Values, names: list[str] | None) -> bytes:
    """What parked decisions hang on, as one digest."""
    return digest([[name, variables.get(name)] for name in (sorted(variables) if names is None else names)])


def break_ticket(uow: UnitOfWork, instance: Instance, reason: str) -> None:
    """From here on stepwise: what is still parked no longer stands."""
    _end(uow, instance, Ticket.BROKEN, reason)


def within(scope: Scope, after: int, path: str, node: str) -> bool:
    """Whether a round at `node` under `path` lies in the region `after` of `scope`."""
    parts = path.split("/")
    numbers = [part.partition("@")[0] for part in parts]
    if str(scope.id) not in numbers:
        return False
    inside = numbers.index(str(scope.id)) + 1
    name = node if inside == len(parts) else _activity(parts[inside])
    found = scope.program.nodes.get(name)
    return found is not None and bool(after >> found.index & 1)


# ---------------------------------------------------------------- on the way back to whoever returned it


def returned_by(uow: UnitOfWork, instance: Instance, fact: WorkOpened, ticket: UUID) -> tuple[Candidate, ...] | None:
    """Who sent it back, when this is the place where it was sent back; else None."""
    returned = uow.read_one(_round, {"of": ticket})
    path = _shape(approvals.path_of(instance, fact.scope))
    if fact.node != returned.node or path != _shape(returned.scope_path):
        return None
    return people_of(uow, items_of(uow, ticket), "returned it")


def parked_for(uow: UnitOfWork, instance: Instance, fact: WorkOpened, ticket: UUID) -> tuple[Any, list[Any]] | None:
    """The earlier round whose decisions may be carried into this one, with its items."""
    path = _shape(approvals.path_of(instance, fact.scope))
    parked = [
        row for row in uow.read(_parked, {"of": ticket})
        if row.node == fact.node and _shape(row.scope_path) == path
    ]  # fmt: skip
    if not parked:
        return None
    earlier = max(parked, key=lambda row: row.passed_seq)
    items = [
        item for item in items_of(uow, earlier.id)
        if item.kind in VOTING and item.status == ItemStatus.DECIDED and item.voided_at is None
    ]  # fmt: skip
    return earlier, items


def _with_ticket(
    uow: UnitOfWork, instance: Instance, fact: WorkOpened, ticket: UUID, later: approvals.Later
) -> bool:  # fmt: skip
    asked = returned_by(uow, instance, fact, ticket)
    if asked is not None:
        _end(uow, instance, Ticket.USED, "not passed on the way back")
        return approvals.open_round(uow, instance, fact, approvals.Again(Cause.RETURN, asked))
    parked = parked_for(uow, instance, fact, ticket)
    if parked is None:
        returned = uow.read_one(_round, {"of": ticket})
        scope = instance.state.scopes[fact.scope]
        if scope.id == int(returned.guarded["scope"]) and _follows(scope, returned.guarded["target"], fact.node):
            break_ticket(uow, instance, "another way was taken")
        return approvals.open_round(uow, instance, fact, later=later)
    earlier, items = parked
    reason = changed(uow, instance, fact, earlier, items)
    if reason is not None:
        break_ticket(uow, instance, reason)
        return approvals.open_round(uow, instance, fact, later=later)
    policy.restore(uow, [click_of(item) for item in items], "carried")
    return approvals.carry(uow, instance, fact, earlier, items)


def _activity(part: str) -> str:
    return part.partition("@")[2].partition("#")[0]


def _shape(path: str) -> list[str]:
    """The activities around a round; the scopes are new ones when it is entered again."""
    return [part.partition("@")[2] for part in path.split("/")]


def _follows(scope: Scope, target: str, node: str) -> bool:
    nodes = scope.program.nodes
    return (
        target in nodes and node in nodes and bool(scope.unit.routes.down[nodes[target].index] >> nodes[node].index & 1)
    )


def changed(uow: UnitOfWork, instance: Instance, fact: WorkOpened, earlier: Any, items: Sequence[Any]) -> str | None:
    """Why the decisions of a parked round cannot be carried, or None."""
    if seen(bpmn.variables(instance.state, fact.scope), earlier.guarded) != earlier.guarded_digest:
        return "what they decided on has changed"
    people = [item.assignee_id or item.decided_by for item in items]
    active = {user.id for user in identity.find(uow, [key for key in people if key is not None]) if user.active}
    if not active.issuperset(key for key in people if key is not None):
        return "somebody who decided has left"
    if not asks_alike(earlier, fact.work):
        return "another version asks otherwise"
    if over(uow, items):
        return "an approval is not valid any more"
    capability = fact.work.capability
    if capability is None:
        return None
    try:
        document = policy.document(uow, capability.subject_type, capability.subject)
    except NotFound:
        return "the document is another one"
    for item in items:
        if item.subject_id != document.id or item.subject_digest != document.digest:
            return "the document has changed"
        if policy.objection(uow, instance, capability, document, item.decided_by, item.on_behalf_of_id) is not None:
            return "somebody who decided may no longer do so"
    return None


def over(uow: UnitOfWork, items: Sequence[Any]) -> bool:
    """Whether an approval that was made by one of these decisions has been parked for longer than it is valid."""
    return policy.expired(uow, [click_of(item) for item in items if item.decision is not None])


def _end(uow: UnitOfWork, instance: Instance, how: Ticket, reason: str) -> None:
    kept = beside(uow, instance)
    if kept.ticket is None:
        return
    uow.queue(_punch, {"row": kept.ticket, "ticket": int(how)})
    carried = set(uow.execute(_carried, {"of": instance.id}).scalars())
    for row in uow.read(_parked, {"of": kept.ticket}):
        items = [item for item in items_of(uow, row.id) if item.decision is not None]
        if not any((click_of(item)) in carried for item in items):
            undo(uow, row.id, reason)
    history.record(uow, instance, f"ticket.{how.name.lower()}", data={"task": str(kept.ticket), "reason": reason})
    kept.ticket = None
