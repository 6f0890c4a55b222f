"""What the engine does when somebody lets a time limit pass: remind, escalate, transfer, return, agree, reject."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, update

from engine import audit, history, identity, policy
from engine.approvals import automatic, copies, rounds, timeouts
from engine.db.instance import Status
from engine.db.task import ItemDecision, ItemKind, ItemStatus, RoundStatus, Source, work_item
from engine.errors import OperationRunning, Suspended
from engine.identity import User
from engine.runtime import LIVE
from engine.tasks import confirming, deciding, handing_over, opening, returning
from engine.tasks.deciding import Acted
from engine.tasks.opening import Act
from engine.tasks.working import succeed
from engine.unit_of_work import UnitOfWork

PASSED, FAILED, RETURNED = "超时自动通过", "超时自动驳回", "超时自动退回"
"""What stands in the place of an opinion; the source says that nobody has written it."""
LOOK_AGAIN = timedelta(hours=1)
"""while advice is asked for"""
TRY_AGAIN = timedelta(minutes=1)
"""while an operation is under way that going back would take away"""

_urge = update(work_item).where(work_item.c.id == bindparam("item_id"))
_decide = update(work_item).where(work_item.c.id == bindparam("item_id"), work_item.c.status == int(ItemStatus.TODO))


def time_out(uow: UnitOfWork, payload: dict[str, Any]) -> bool:
    """One step of the time limit of one item; False: nobody waits for it any more. Raises Suspended.

    The engine's act: it decides in nobody's name, and what it decides never counts for a policy.
    """
    act = opening.look(uow, UUID(payload["item"]), lock=True)
    if act.instance.status is Status.SUSPENDED:
        raise Suspended(instance=act.instance.number or act.instance.id)
    if act.instance.status not in LIVE or act.round.status != RoundStatus.OPEN or act.item.status not in rounds.OPEN:
        return False
    if payload.get("confirm"):
        return confirming.unanswered(act)
    step = act.work.timeout[payload["step"]]
    if act.item.status == ItemStatus.ADVISING:
        return _wait_for_advice(act, payload)
    if act.item.status != ItemStatus.TODO:
        return False  # his turn comes again with a limit of its own, or he has answered
    acts = step["do"]
    asked = act.item.kind != ItemKind.ADVICE or acts in ("remind", "escalate")
    if asked:  # who is asked for advice is reminded; nothing is decided for him, and the question is not given away
        _record(act, payload, acts)
    payload = {name: value for name, value in payload.items() if name not in ("waited", "counted")}
    match acts if asked else None:
        case "remind":
            _urge_again(act)
        case "escalate":
            _urge_again(act)
            people = [user.id for user in _above(act)]
            copies.send(uow, act.instance, people, act.round.id, act.round.name, again=True)
        case "transfer":
            _transfer(act, step["to"])
            return True
        case "return":
            _return(act, payload, step["to"] or returning.PREVIOUS)
            return True
        case "agree" | "reject":
            deciding.undivided(act, lambda: _decide_for_nobody(act, agreed=acts == "agree"))
            return True
    _go_on(act, payload, step)
    return True


def _wait_for_advice(act: Act, payload: dict[str, Any]) -> bool:
    """The step is not lost: it is looked at again until the advice is given, and is then due."""
    if not payload.get("waited"):
        _record(act, payload, "wait")
    timeouts.put_at(act.uow, act.instance.id, act.round.token, {**payload, "waited": True}, act.uow.now + LOOK_AGAIN)
    return True


def _record(act: Act, payload: dict[str, Any], does: str) -> None:
    history.record(
        act.uow, act.instance, "task.timed_out", node=act.round.node,
        data={"task": str(act.round.id), "item": str(act.item.id), "do": does, "turn": payload["turn"]},
    )  # fmt: skip


def _go_on(act: Act, payload: dict[str, Any], step: dict[str, Any]) -> None:
    """The same step once more, or the next one, which counts from the arrival like the first."""
    token, work = act.round.token, act.work
    if payload["turn"] < step["repeat"]:
        timeouts.put(act.uow, act.instance.id, token, work, {**payload, "turn": payload["turn"] + 1}, act.uow.now)
    elif payload["step"] + 1 < len(work.timeout):
        arrived = datetime.fromisoformat(payload["arrived"])
        following = {**payload, "step": payload["step"] + 1, "turn": 1}
        timeouts.put(act.uow, act.instance.id, token, work, following, arrived)


def _urge_again(act: Act) -> None:
    row = {"item_id": act.item.id, "urged_at": act.uow.now, "urges": (act.item.urges or 0) + 1}
    act.uow.queue(_urge, row)


def _above(act: Act) -> list[User]:
    """The manager of who is asked, else who looks after the process."""
    manager = None
    if act.item.assignee_id is not None:
        manager = next((user for user in identity.management_line(act.uow, act.item.assignee_id) if user.active), None)
    if manager is not None:
        return [manager]
    return identity.members_of(act.uow, [group.id for group in automatic.managers(act.uow, act.instance, act.work)])


def _transfer(act: Act, to: str) -> None:
    """To the person named, or the manager; to those who look after the process when he is gone or may not have it.

    Raises NobodyToAsk when there is none of them.
    """
    found = _above(act)[:1] if to == "manager" else identity.find(act.uow, [to])
    person = next((user for user in found if handing_over.hindrance(act, user) is None), None)
    if person is not None:
        who: dict[str, Any] = {"assignee_id": person.id, "group_id": None}
    else:
        who = {"assignee_id": None, "group_id": automatic.manager(act.uow, act.instance, act.work).id}
    made = succeed(act, **who, reason=automatic.TIMED_OUT, draft=None)
    history.record(
        act.uow, act.instance, "task.transferred", node=act.round.node,
        data={
            "task": str(act.round.id), "item": str(made), "to": str(who["assignee_id"] or who["group_id"]),
            "reason": automatic.TIMED_OUT, "decision_source": "auto_timeout",
            "asks": {str(made): str(who["assignee_id"] or who["group_id"])},
        },
    )  # fmt: skip


def _return(act: Act, payload: dict[str, Any], to: str) -> None:
    """Sent back in nobody's name. What cannot be: an incident says why, and the task stays where it is."""
    try:
        returning.by_itself(act, to, RETURNED)
    except OperationRunning:
        again = act.uow.now + TRY_AGAIN
        timeouts.put_at(act.uow, act.instance.id, act.round.token, payload, again)


def _decide_for_nobody(act: Act, *, agreed: bool) -> Acted:
    voting = rounds.mode_of(act.work) != "inform"
    decision = (ItemDecision.AGREED if voting else ItemDecision.HANDLED) if agreed else ItemDecision.REJECTED
    row: dict[str, Any] = {
        "item_id": act.item.id, "status": int(ItemStatus.DECIDED), "decision": int(decision),
        "decision_source": int(Source.AUTO_TIMEOUT), "decided_at": act.uow.now,
        "opinion": PASSED if agreed else FAILED, "draft": None, "version": act.item.version + 1,
    }  # fmt: skip
    act.uow.queue(_decide, row, expect=1)
    for name, value in row.items():
        if name != "item_id":
            setattr(act.item, name, value)
    history.record(
        act.uow, act.instance, "task.decided", node=act.round.node,
        data={
            "task": str(act.round.id), "item": str(act.item.id), "round": act.round.round,
            "decision": rounds.WORDS[decision], "decision_source": "auto_timeout", "reason": row["opinion"],
            "row": audit.sealed_item(act.item, {}),
        },
    )  # fmt: skip
    capability = act.work.capability
    document = None
    if capability is not None:
        document = policy.document(act.uow, capability.subject_type, capability.subject)
    return deciding.follow(act, {}, document)
