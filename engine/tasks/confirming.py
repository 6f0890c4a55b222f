"""The principal's word on what his substitute has decided: confirm, refuse, or no answer in time."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, update

from engine import history, ids, policy
from engine.approvals import rounds, timeouts
from engine.db.task import ItemDecision, ItemStatus, work_item
from engine.errors import NothingToConfirm
from engine.tasks import choosing, deciding, opening
from engine.tasks.deciding import Acted
from engine.tasks.opening import Act
from engine.unit_of_work import UnitOfWork

REFUSED, UNANSWERED = "refused", "unanswered"
HANDED_OVER = "handed over"

_answer = update(work_item).where(
    work_item.c.id == bindparam("item_id"), work_item.c.status == int(ItemStatus.COUNTERSIGNING),
    work_item.c.answered_at.is_(None),
)  # fmt: skip
_insert_item = insert(work_item)


def confirm(
    uow: UnitOfWork, work_item_id: UUID, *, version: int | None = None, idempotency_key: str | None = None
) -> Acted:
    """The principal stands by it: from now on the decision counts, as the substitute's on his behalf.

    The same key twice confirms once. Raises NothingToConfirm, NotYourTask, AlreadyDecided, InvalidForm or CannotChoose
    when what the substitute wrote or whom he selected does not fit any more, and what `opening.begin` raises.
    """
    act = _begin(uow, work_item_id, version, idempotency_key, fell=False)
    if act.repeated:
        return Acted(act.instance.id, act.item.id, act.round.outcome, repeated=True)
    return _stand(act, act.actor_id, idempotency_key)


def refuse(
    uow: UnitOfWork, work_item_id: UUID, reason: str = "", *, version: int | None = None,
    idempotency_key: str | None = None,
) -> UUID:  # fmt: skip
    """The decision never counts; the principal is asked again, with what the substitute wrote as his draft.

    The decision and its opinion stay on record. Returns the new item. Raises as `confirm`.
    """
    act = _begin(uow, work_item_id, version, idempotency_key, fell=True)
    if act.repeated:
        following: UUID = next(item.id for item in act.items if item.supersedes_id == act.item.id)
        return following
    return _fall(act, act.actor_id, reason.strip(), idempotency_key)


def unanswered(act: Act) -> bool:
    """The time to confirm is over: the decision stands or falls as the substitution says. False: it was answered."""
    if not rounds.unconfirmed(act.item):
        return False
    if act.item.confirm_else == "stands":
        _stand(act, None, None)
    else:
        _fall(act, None, "", None)
    return True


def fall_to(act: Act, heir: UUID, reason: str) -> UUID:
    """The principal leaves, and nobody else can give his word: the decision falls and `heir` is asked afresh.

    What the substitute wrote is the draft of the new item, whose id is returned.
    """
    return _fall(act, act.actor_id, reason, None, answer=HANDED_OVER, to=heir)


# ---------------------------------------------------------------- private


def _begin(uow: UnitOfWork, item_id: UUID, version: int | None, key: str | None, *, fell: bool) -> Act:
    """`fell`: whether the decision falls by the answer; a key that was used for the other answer repeats nothing."""
    act = opening.look(uow, item_id, lock=True)
    mine = act.item.assignee_id == act.actor_id
    same = mine and key is not None and act.item.answered_by == act.actor_id and act.item.answer_key == key
    if same and (act.item.voided_at == act.item.answered_at) is fell:
        act.repeated = True
        return act
    if mine and act.item.answered_at is not None:
        raise NothingToConfirm(task=act.round.name)
    act = opening.begin(
        uow, item_id, version=version, states=(ItemStatus.TODO, ItemStatus.COUNTERSIGNING), proposable=True
    )  # fmt: skip
    if act.behalf is not None:
        raise opening.not_yours(act)
    if not rounds.unconfirmed(act.item):
        raise NothingToConfirm(task=act.round.name)
    return act


def _answered(act: Act, by: UUID | None, key: str | None, **changes: Any) -> None:
    row = {"item_id": act.item.id, "answered_at": act.uow.now, "answered_by": by, "answer_key": key, "draft": None,
           "version": act.item.version + 1, "status": int(ItemStatus.DECIDED), **changes}  # fmt: skip
    act.uow.queue(_answer, row, expect=1)
    for name, value in row.items():
        if name != "item_id":
            setattr(act.item, name, value)
    timeouts.forget(act.uow, act.instance.id, act.round.token, act.item.id)


def _stand(act: Act, by: UUID | None, key: str | None) -> Acted:
    """The ledger counts it, what was written is written, and the round goes on."""
    capability = act.work.capability
    document = None
    if capability is not None:
        document = policy.document(act.uow, capability.subject_type, capability.subject)
    kept = act.item.draft or {}
    changed = {}
    if "fields" in kept:
        changed = deciding.validated(act, opening.form_of(act), kept["fields"], opening.values_of(act))
    if act.item.decision == ItemDecision.AGREED:
        choosing.select_next(act, kept.get("approvers", {}))

    def write() -> Acted:
        _answered(act, by, key)
        _record(act, "task.confirmed", by)
        return deciding.follow(act, changed, document)

    return deciding.undivided(act, write)


def _fall(
    act: Act, by: UUID | None, reason: str, key: str | None, *, answer: str = "", to: UUID | None = None
) -> UUID:  # fmt: skip
    item, uow = act.item, act.uow
    kept = item.draft or {}
    word = reason or (REFUSED if by is not None else UNANSWERED)
    _answered(act, by, key, voided_at=uow.now, void_reason=word)
    rounds.tell_void(uow, [item.id])
    row = {
        "id": ids.uuid7(), "user_task_id": item.user_task_id, "instance_id": item.instance_id, "kind": item.kind,
        "seq": item.seq, "weight": item.weight, "assignee_id": to or item.assignee_id,
        "owner_id": item.owner_id if to is None else item.owner_id or item.assignee_id,
        "parent_id": item.parent_id, "supersedes_id": item.id, "status": int(ItemStatus.TODO), "reason": item.reason,
        "due_at": item.due_at, "created_at": item.created_at, "added_by": item.added_by, "group_mode": item.group_mode,
        "draft": {"fields": kept["fields"], "opinion": ""} if "fields" in kept else None,
    }  # fmt: skip
    rounds.leave_inbox(uow, [item.id])
    uow.queue(_insert_item, row)
    rounds.put_into_inbox(uow, [row])
    timeouts.arm(uow, item.instance_id, act.round.token, act.work, [row["id"]])
    _record(act, "task.refused", by, answer, word, rounds.asks([row]))
    made: UUID = row["id"]
    return made


def _record(
    act: Act, kind: str, by: UUID | None, answer: str = "", reason: str = "", asks: Mapping[str, Any] | None = None
) -> None:  # fmt: skip
    data: dict[str, Any] = {
        "task": str(act.round.id), "item": str(act.item.id), "to": str(act.item.decided_by),
        "decision": rounds.WORDS[ItemDecision(act.item.decision)],
        "decision_source": "human", "answer": answer or ("principal" if by is not None else "time"), **(asks or {}),
    }  # fmt: skip
    history.record(act.uow, act.instance, kind, node=act.round.node, data=data, texts={"reason": reason})
