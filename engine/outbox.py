"""Facts that somebody may have to be told of: a job of the same transaction, which finds out whom."""

from datetime import timedelta
from typing import Any

from sqlalchemy import exists, insert, literal, or_, select

from engine import ids
from engine.db.instance import Instance
from engine.db.job import JobKind, job
from engine.db.notice import notice_preference, notice_robot
from engine.unit_of_work import UnitOfWork

HANDLER = "tell"
PERSONAL = frozenset(
    (
        *("task.transferred", "task.delegated", "task.advised", "task.signers_added", "task.urged", "copy.sent"),
        *("instance.returned", "policy.escalated", "policy.emergency_asked", "policy.emergency_signed"),
        *("people.mentioned", "consultation.opened", "consultation.answered"),
        *("task.confirm_asked", "task.confirmed", "task.refused"),
    )
)
"""Facts about which somebody in particular is told."""
OF_WORK = frozenset(("task.opened", "task.decided", "task.released", "task.taken_back"))
"""Facts after which somebody has work, which his inbox shows by itself."""
ENDED = "instance.ended"
_RETRY = "PT10S,PT1M,PT10M,PT1H"
_LOOK_AGAIN = timedelta(minutes=1)

_insert = insert(job)
_of_work = or_(*(notice_preference.c.event == event for event in ("todo", "todo_claimable", "decided")))
_asked_for = select(
    exists(select(notice_robot.c.id)).label("robots"),
    exists(select(literal(1)).where(_of_work)).label("people"),
)


def publish(uow: UnitOfWork, instance: Instance, kind: str, seq: int) -> None:
    """Queue the job that tells of fact `seq` and those after it in this transaction, unless it is queued already."""
    if not _concerns_somebody(uow, instance, kind) or ("told", instance.id) in uow.cache:
        return
    uow.cache["told", instance.id] = seq
    key = ids.uuid7()
    payload: dict[str, Any] = {"instance": str(instance.id), "from": seq}
    uow.queue(
        _insert,
        {
            "id": key, "instance_id": None, "token": None, "kind": int(JobKind.EVENT), "handler": HANDLER,
            "payload": payload, "shard": instance.id.bytes[-1] % 64, "visible_at": uow.now, "state": 0, "attempts": 0,
            "retry": _RETRY, "last_error": None, "created_at": uow.now,
        },
    )  # fmt: skip
    uow.wake_runners()


def _concerns_somebody(uow: UnitOfWork, instance: Instance, kind: str) -> bool:
    if uow.actor.source == "system":
        return False  # set-up and repairs tell nobody
    if kind in PERSONAL:
        return True
    if kind == ENDED:
        return instance.starter_id is not None and instance.starter_id != uow.actor.user_id
    return kind in OF_WORK and _work_is_told(uow)


def _work_is_told(uow: UnitOfWork) -> bool:
    """Whether anybody is told of new work by anything but his inbox; asked once a minute."""
    if uow.settings.smtp_url:
        return True
    known = uow.shared.get(("outbox", "work"))
    if known is None or not known[0] <= uow.now < known[0] + _LOOK_AGAIN:
        row = uow.read(_asked_for)[0]
        known = uow.shared["outbox", "work"] = (uow.now, any(row))
    return bool(known[1])
