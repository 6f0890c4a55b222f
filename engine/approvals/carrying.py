"""Decisions of an earlier round that still stand: carried into a new one, never copied as if made again."""

from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from engine import audit, history, ids
from engine.approvals import timeouts
from engine.approvals.ledger import decide, progress, unsettled
from engine.approvals.rounds import (
    Closing,
    RoundOutcome,
    asks,
    dump,
    ledger_of,
    mode_of,
    number_of,
    path_of,
    put_into_inbox,
    routing,
    sealed,
    unconfirmed,
)
from engine.bpmn.steps import WorkOpened
from engine.db.instance import Instance
from engine.db.task import Cause, ItemStatus, RoundStatus, Source, user_task, work_item
from engine.unit_of_work import UnitOfWork

_NEVER = datetime.max.replace(tzinfo=UTC)
_insert_round = insert(user_task)
_insert_item = insert(work_item)


def carry(uow: UnitOfWork, instance: Instance, fact: WorkOpened, earlier: Any, items: Sequence[Any]) -> bool:
    """A round that is decided as `earlier` was, by the same people, because nothing they decided on has changed.

    `items`: what was decided there. True, as `open_round` says of a round that needs nobody.
    """
    row = _row(uow, instance, fact, RoundStatus.PASSED, Cause.RETURN)
    row |= {"outcome": earlier.outcome, "closed_at": uow.now}
    uow.queue(_insert_round, row)
    made = {item.id: ids.uuid7() for item in items}
    carried = [_carried(uow, row["id"], item, made) for item in items]
    uow.queue(_insert_item, carried)
    for item in carried:
        _record(uow, instance, fact, row, item)
    by = [item["decided_by"] for item in carried if item["decided_by"] is not None]
    outcome = decide(ledger_of(fact.work, items))
    if outcome is None:
        raise RuntimeError(f"round {earlier.id} was passed, but its decisions do not pass it")
    told = RoundOutcome(routing(outcome, earlier.outcome, row["round"], by, uow.now), "flow")
    uow.cache["outcome", fact.token] = told
    uow.cache["closing", fact.token] = Closing(row["id"], RoundStatus.PASSED, earlier.outcome, (), ())
    return True


def reopen_for(
    uow: UnitOfWork, instance: Instance, fact: WorkOpened, items: Sequence[Any], taken_back: UUID
) -> tuple[UUID, UUID]:  # fmt: skip
    """An open round in which `taken_back` is asked again and every other decision of `items` is carried.

    Signers stay with the one who added them. Whoever was not heard any more when the round closed is asked as well,
    unless his group has its result. Returns the ids of the round and of the item in which he is asked.
    """
    row = _row(uow, instance, fact, RoundStatus.OPEN, Cause.WITHDRAW)
    uow.queue(_insert_round, row)
    in_time = sorted(items, key=lambda item: (item.decided_at or _NEVER, item.id))
    new_ids = {item.id: ids.uuid7() for item in in_time}
    asked_id = new_ids.get(taken_back)
    if asked_id is None:
        raise RuntimeError(f"item {taken_back} is not in its own round")
    made = [
        _asked(uow, instance, row["id"], item, fact, new_ids)
        if item.decision is None or item.id == taken_back or unconfirmed(item)
        else _carried(uow, row["id"], item, new_ids)
        for item in items
    ]  # fmt: skip
    made = _placed(fact, made)
    for item in made:
        uow.queue(_insert_item, item)
        if item.get("decision") is not None:
            _record(uow, instance, fact, row, item)
    todo = [item for item in made if item["status"] == ItemStatus.TODO]
    put_into_inbox(uow, todo)
    timeouts.arm(uow, instance.id, fact.token, fact.work, [item["id"] for item in todo])
    history.record(uow, instance, "task.opened", node=fact.node, data=_told(row) | {"asked": []} | asks(made))
    return row["id"], asked_id


def _placed(fact: WorkOpened, made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items with the status that each has now; without those for whom nobody waits."""
    blank = dict.fromkeys(column.name for column in work_item.columns)

    def now(rows: list[dict[str, Any]]) -> Any:
        return ledger_of(fact.work, [SimpleNamespace(**{**blank, **row}) for row in rows])

    left = progress(now(made)).left
    kept = [item for item in made if item["id"] not in left]
    after = unsettled(now(kept))
    for item in kept:
        if item["id"] in after:
            item["status"] = int(ItemStatus.COUNTERSIGNING)
    asked = progress(now(kept)).asked
    for item in kept:
        if item["id"] in asked:
            item["status"] = int(ItemStatus.TODO)
    return kept


def click_of(item: Any) -> UUID:
    """The item in which a person really clicked, for a decision that was carried from there."""
    found: UUID = item.evidence_id if item.decision_source == Source.CARRIED else item.id
    return found


def _row(uow: UnitOfWork, instance: Instance, fact: WorkOpened, status: RoundStatus, cause: Cause) -> dict[str, Any]:
    work = fact.work
    return {
        "id": ids.uuid7(), "instance_id": instance.id, "node": fact.node, "token": fact.token,
        "round": number_of(uow, instance, fact.node), "name": work.name, "form": work.form, "priority": work.priority,
        "due_at": work.due, "follow_up_at": work.follow_up, "mode": mode_of(work), "status": int(status),
        "spec": dump(work), "opened_seq": fact.seq, "outcome": None, "created_at": uow.now, "closed_at": None,
        "scope_path": path_of(instance, fact.scope), "cause": int(cause), "calendar": work.counted.get("calendar"),
    }  # fmt: skip


def _carried(uow: UnitOfWork, round_id: UUID, item: Any, made: dict[UUID, UUID]) -> dict[str, Any]:
    return {
        "id": made[item.id], "parent_id": made.get(item.parent_id), "group_mode": item.group_mode,
        "user_task_id": round_id, "instance_id": item.instance_id, "kind": item.kind, "added_by": item.added_by,
        "seq": item.seq, "weight": item.weight, "assignee_id": item.assignee_id, "group_id": item.group_id,
        "owner_id": item.owner_id, "on_behalf_of_id": item.on_behalf_of_id, "status": int(ItemStatus.DECIDED),
        "decision": item.decision, "decision_source": int(Source.CARRIED), "decided_by": item.decided_by,
        "decided_person_id": item.decided_person_id, "decided_at": uow.now, "opinion": item.opinion,
        "form_digest": item.form_digest, "shown_form": item.shown_form, "subject_type": item.subject_type,
        "subject_id": item.subject_id, "subject_digest": item.subject_digest, "evidence_id": click_of(item),
        "reason": item.reason, "created_at": uow.now,
    }  # fmt: skip


def _asked(
    uow: UnitOfWork, instance: Instance, round_id: UUID, item: Any, fact: WorkOpened, made: dict[UUID, UUID]
) -> dict[str, Any]:
    return {
        "id": made[item.id], "parent_id": made.get(item.parent_id), "group_mode": item.group_mode,
        "user_task_id": round_id, "instance_id": instance.id, "kind": item.kind, "seq": item.seq,
        "weight": item.weight, "assignee_id": item.assignee_id, "group_id": item.group_id,
        "owner_id": item.owner_id, "status": int(ItemStatus.WAIT), "reason": item.reason, "due_at": fact.work.due,
        "added_by": item.added_by, "created_at": uow.now,
    }  # fmt: skip


def _record(uow: UnitOfWork, instance: Instance, fact: WorkOpened, row: dict[str, Any], item: dict[str, Any]) -> None:
    history.record(
        uow, instance, "task.decided", node=fact.node,
        data={
            "round": row["round"], "item": str(item["id"]), "decision": row["outcome"],
            "decision_source": "carried", "evidence": str(item["evidence_id"]), "row": sealed(item), **_told(row),
        },
    )  # fmt: skip


def _told(row: dict[str, Any]) -> dict[str, str]:
    return {"task": str(row["id"]), "task_row": audit.sealed_task(row)}
