"""Taking a decision of one's own back: recall 取回, while nobody has built on it."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, update

from engine import approvals, history, ids, policy, runtime
from engine.approvals import rounds, timeouts
from engine.bpmn.steps import WorkOpened
from engine.db.instance import Status
from engine.db.task import ItemKind, ItemStatus, RoundStatus, Source, user_task, work_item
from engine.errors import N_, NotPossibleNow, Phrase, Stale
from engine.runtime import reopening, returning
from engine.runtime.returning import Back
from engine.tasks import opening
from engine.tasks.opening import Act
from engine.tasks.repeating import once_per_task
from engine.unit_of_work import UnitOfWork

_void = update(work_item).where(work_item.c.id == bindparam("item_id"), work_item.c.voided_at.is_(None))
_wait = update(work_item).where(work_item.c.id == bindparam("item_id"), work_item.c.status == int(ItemStatus.TODO))
_insert_item = insert(work_item)
_touch = update(user_task).where(user_task.c.id == bindparam("round_id"))


@once_per_task
def recall(
    uow: UnitOfWork, work_item_id: UUID, reason: str = "", *, version: int | None = None,
    idempotency_key: str | None = None,
) -> UUID | None:  # fmt: skip
    """取回: the actor's decision no longer counts, he is asked again; the decisions of others are kept.

    Returns his new item; None when an incident was raised instead. Raises NotPossibleNow with the reason,
    ReturnNotPossible, OperationRunning, NotYourTask, NotFound, Stale.
    """
    act = opening.look(uow, work_item_id, lock=True)
    if act.item.decided_by != act.actor_id:
        raise opening.not_yours(act)
    if version is not None and version != act.item.version:
        raise Stale(task=act.round.name, found=act.item.version, seen=version)
    refusal = _refusal(act)
    if refusal is not None:
        raise NotPossibleNow(act=N_("recall"), instance=act.instance.number or act.instance.id, reason=refusal)
    told = {"task": str(act.round.id), "item": str(act.item.id)}
    texts = {"reason": reason.strip()}
    if act.round.status == RoundStatus.OPEN:
        again = _again(act)
        data = told | rounds.asks([again])
        history.record(uow, act.instance, "task.recalled", node=act.round.node, data=data, texts=texts)
        return _ask_again(act, again)
    made: list[UUID] = []

    def decide() -> None:
        history.record(uow, act.instance, "task.recalled", node=act.round.node, data=told, texts=texts)

    def reopen(fact: WorkOpened) -> None:
        later, asked = approvals.reopen_for(uow, act.instance, fact, _standing(act), act.item.id)
        reopening.hand_on(uow, act.round.id, act.item.id, later, "recalled")
        made.append(asked)

    returning.go(uow, act.instance, Back(_tokens(act), act.round, reopen=reopen), decide)
    return made[0] if made else None


def offered(act: Act) -> tuple[str, ...]:
    """The act on a task that the actor has decided, while it is possible."""
    if act.item.decided_by != act.actor_id or _refusal(act) is not None:
        return ()
    if act.round.status == RoundStatus.OPEN:
        return ("recall",)
    refused = returning.obstacles(act.uow, act.instance, Back(_tokens(act), act.round))
    return () if refused else ("recall",)


# ---------------------------------------------------------------- whether


def _refusal(act: Act) -> str | None:
    """Why the decision cannot be taken back, as people understand it; None: it can, as far as the drawing goes."""
    if act.instance.status is Status.SUSPENDED:
        return N_("it is suspended")
    if act.instance.status is not Status.RUNNING:
        return N_("it has ended")
    signed = act.item.status == ItemStatus.COUNTERSIGNING and not rounds.unconfirmed(act.item)
    if not (signed or act.item.status == ItemStatus.DECIDED) or act.item.voided_at is not None:
        return N_("the decision does not stand any more")
    no_vote = act.item.kind not in rounds.VOTING or act.item.decision_source != Source.HUMAN
    if no_vote or act.round.status == RoundStatus.RETURNED:
        return N_("it was no decision that can be taken back")
    if act.work.recall == "never":
        return N_("its drawing does not allow it")
    if act.round.voided_at is not None or act.round.parked_by is not None:
        return N_("the decision does not stand any more")
    if act.round.status == RoundStatus.OPEN and act.round.outcome is not None:
        return N_("the round has its result, which waits for the other branches")
    if act.round.status == RoundStatus.OPEN:
        return _later_in_turn(act)
    if act.round.status not in rounds.DECIDED or act.round.passed_seq is None:
        return N_("the decision does not stand any more")
    return _built_on(act)


def _later_in_turn(act: Act) -> str | None:
    """Somebody who is asked after the actor has decided, or seen it: in sequence, as one whom he has added after
    himself, or as the one who has added him."""
    signers = _signers(act)
    if any(item.status == ItemStatus.ADVISING or _added(act, item, ItemKind.SIGN_BEFORE) for item in signers):
        return N_("the next person has asked others already")
    later = [*_after(act), *signers]
    owner = _owner(act)
    if owner is not None and act.item.kind == ItemKind.SIGN_AFTER and owner.status != ItemStatus.COUNTERSIGNING:
        return N_("the decision does not stand any more")
    if owner is not None and act.item.kind == ItemKind.SIGN_BEFORE:
        if owner.status not in (ItemStatus.WAIT, ItemStatus.TODO):
            return N_("the next person has decided already")
        later = [*later, owner]
    if any(item.decided_at is not None for item in later):
        return N_("the next person has decided already")
    return _seen(act, later)


def _after(act: Act) -> list[Any]:
    """Who is asked after the actor in the same sequence."""
    item = act.item
    if item.kind in rounds.TOP:
        peers = [one for one in act.items if one.kind in rounds.TOP] if act.round.mode == "sequential" else []
    else:
        peers = [
            one for one in act.items
            if one.parent_id == item.parent_id and one.kind == item.kind and one.group_mode == "sequential"
            and one.seq // rounds.GROUP == item.seq // rounds.GROUP
        ]  # fmt: skip
    return [one for one in peers if one.seq > item.seq and one.voided_at is None]


def _signers(act: Act) -> list[Any]:
    """Whom the actor has added after himself."""
    return _added(act, act.item, ItemKind.SIGN_AFTER)


def _added(act: Act, item: Any, kind: ItemKind) -> list[Any]:
    """Whom an item has added in this way, also before it was handed on, as far as they still count."""
    heirs = _heirs(act)
    return [
        one for one in act.items
        if one.kind == kind and rounds.heir(heirs, one.parent_id) == item.id
        and one.voided_at is None and one.status not in rounds.GONE
    ]  # fmt: skip


def _owner(act: Act) -> Any:
    """Whoever has now the item that added the actor before or after it."""
    if act.item.kind in rounds.TOP:
        return None
    key = rounds.heir(_heirs(act), act.item.parent_id)
    return next((one for one in act.items if one.id == key), None)


def _heirs(act: Act) -> dict[UUID, UUID]:
    return {item.supersedes_id: item.id for item in act.items if item.supersedes_id is not None}


def _built_on(act: Act) -> str | None:
    if act.item.id not in {item.id for item in _last_decided(act)}:
        return N_("somebody else decided after you")
    for row in runtime.rounds_of(act.uow, act.instance.id):
        if row.opened_seq < act.round.passed_seq or row.voided_at is not None:
            continue
        items = reopening.items_of(act.uow, row.id)
        if any(item.decided_at is not None and item.decision_source == Source.HUMAN for item in items):
            return Phrase(N_("'{task}' was decided already"), task=row.name)
        seen = _seen(act, items)
        if seen is not None:
            return seen
    if not _tokens(act):
        return N_("nothing waits behind it")
    return None


def _seen(act: Act, items: Sequence[Any]) -> str | None:
    if act.work.recall == "beforeNextSeen" and any(item.first_seen_at is not None for item in items):
        return N_("the next person has seen it already")
    return None


def _last_decided(act: Act) -> list[Any]:
    """The decisions that closed the round: the last in time, and those of the same moment."""
    decided = [item for item in act.items if item.decided_at is not None and item.voided_at is None]
    counted = {item.id: item.answered_at or item.decided_at for item in decided}
    last = max(counted.values())
    return [item for item in decided if counted[item.id] == last]


def _tokens(act: Act) -> tuple[int, ...]:
    """What waits behind the task now."""
    state = runtime.load(act.uow, act.instance)
    path = (act.round.scope_path or "0").split("/")
    scope = state.scopes.get(int(path[-1].partition("@")[0]))
    target = scope.program.nodes.get(act.round.node) if scope is not None else None
    if scope is None or target is None or target.scope is not scope.unit:
        return ()
    after = scope.unit.routes.down[target.index]
    return tuple(
        token.id for token in state.tokens.values()
        if token.scope is scope and not token.host and after >> token.node.index & 1
    )  # fmt: skip


# ---------------------------------------------------------------- doing it


def _standing(act: Act) -> list[Any]:
    """The people of the round, each once: decided, or not heard because it was over before."""
    heirs = _heirs(act)
    return [
        SimpleNamespace(**{**vars(item), "parent_id": rounds.heir(heirs, item.parent_id)}) for item in act.items
        if item.kind in rounds.VOTING and item.voided_at is None
        and item.status in (ItemStatus.DECIDED, ItemStatus.CANCELLED)
    ]  # fmt: skip


def _again(act: Act) -> dict[str, Any]:
    """The item that asks him in place of his decision."""
    item = act.item
    return {
        "id": ids.uuid7(), "user_task_id": item.user_task_id, "instance_id": item.instance_id, "kind": item.kind,
        "seq": item.seq, "weight": item.weight, "assignee_id": item.assignee_id, "group_id": item.group_id,
        "owner_id": item.owner_id, "parent_id": item.parent_id, "supersedes_id": item.id,
        "status": int(ItemStatus.TODO), "reason": item.reason, "due_at": item.due_at, "created_at": act.uow.now,
        "added_by": item.added_by, "group_mode": item.group_mode,
    }  # fmt: skip


def _ask_again(act: Act, row: dict[str, Any]) -> UUID:
    """The round is still open: his decision is void, a new item asks him in its place, so that those whom he has added
    stay with him; whoever comes after him waits again."""
    uow, item = act.uow, act.item
    status = ItemStatus.DECIDED if item.status == ItemStatus.DECIDED else ItemStatus.CANCELLED
    uow.queue(
        _void, {"item_id": item.id, "voided_at": uow.now, "void_reason": "recalled", "status": int(status)}
    )  # fmt: skip
    rounds.tell_void(uow, [item.id])
    policy.undo(uow, [item.id], "recalled")
    uow.queue(_insert_item, row)
    rounds.put_into_inbox(uow, [row])
    timeouts.arm(uow, item.instance_id, act.round.token, act.work, [row["id"]])
    owner = _owner(act) if item.kind == ItemKind.SIGN_BEFORE else None
    later = [one for one in (*_after(act), *_signers(act), owner) if one is not None and one.status == ItemStatus.TODO]
    uow.queue(_wait, [{"item_id": one.id, "status": int(ItemStatus.WAIT)} for one in later])
    rounds.leave_inbox(uow, [one.id for one in later])
    made: UUID = row["id"]
    return made
