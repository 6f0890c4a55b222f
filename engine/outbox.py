"""Facts that somebody may have to be told of: a job of the same transaction, which finds out whom."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, exists, insert, literal, or_, select

from engine import ids
from engine.db.definition import definition
from engine.db.instance import Instance
from engine.db.job import JobKind, job
from engine.db.notice import notice_preference, notice_robot
from engine.unit_of_work import UnitOfWork

HANDLER = "tell"
SET_UP = "system"
"""source of set-up and repairs, of which nobody is told; other systems are"""
SUBSTITUTION = "substitution"
POLICY = "policy"
PERSONAL = frozenset(
    (
        *("task.transferred", "task.handed_over", "task.delegated", "task.advised", "task.signers_added"),
        *("task.urged", "copy.sent"),
        *("instance.returned", "policy.escalated", "policy.emergency_asked", "policy.emergency_signed"),
        *("people.mentioned", "consultation.opened", "consultation.answered"),
        *("instance.cancelled", "task.timed_out", "policy.held", "approval.lapsed"),
        *("task.confirm_asked", "task.confirmed", "task.refused", "retention.due"),
    )
)
"""Facts about which somebody in particular is told."""
OF_WORK = frozenset(("task.opened", "task.decided", "task.released", "task.taken_back"))
"""Facts after which somebody has work, which his inbox shows by itself."""
ENDED = "instance.ended"
HOOKED = "hooked"
"""in the meta of a definition: whether other systems may be told of what its instances do"""
TO_SYSTEMS = frozenset(
    (
        *("instance.started", ENDED, "task.opened", "task.claimed", "task.transferred", "task.delegated"),
        *("task.signers_added", "task.handed_over", "task.decided", "task.confirmed", "node.left"),
    )
)
"""Facts that a drawing may tell other systems of."""
_RETRY = "PT10S,PT1M,PT10M,PT1H"
_LOOK_AGAIN = timedelta(minutes=1)

_insert = insert(job)
_meta = select(definition.c.meta).where(definition.c.id == bindparam("of"))
_of_work = or_(*(notice_preference.c.event == event for event in ("todo", "todo_claimable", "decided")))
_asked_for = select(
    exists(select(notice_robot.c.id)).label("robots"),
    exists(select(literal(1)).where(_of_work)).label("people"),
)


def plan_substitution(
    uow: UnitOfWork, substitution_id: UUID, what: str, at: datetime | None = None, **more: Any
) -> None:
    """A job, now or `at` a time, that tells of a substitution: given, asked, judged, changed or ended."""
    by = str(uow.actor.user_id) if uow.actor.user_id is not None and at is None else None
    _queue(uow, SUBSTITUTION, {"substitution": str(substitution_id), "what": what, "by": by, **more}, at)


def plan_policy(uow: UnitOfWork, version_id: UUID, what: str) -> None:
    """A job that tells of a version of a policy: proposed, activated, leaving (that is proposed) or retired."""
    by = None if uow.actor.user_id is None else str(uow.actor.user_id)
    _queue(uow, POLICY, {"version": str(version_id), "what": what, "by": by})


def _queue(uow: UnitOfWork, handler: str, payload: dict[str, Any], at: datetime | None = None) -> None:
    key = ids.uuid7()
    uow.queue(
        _insert,
        {
            "id": key, "instance_id": None, "token": None, "kind": int(JobKind.EVENT), "handler": handler,
            "payload": payload, "shard": key.bytes[-1] % 64, "visible_at": at or uow.now, "state": 0,
            "attempts": 0, "retry": _RETRY, "last_error": None, "created_at": uow.now,
        },
    )  # fmt: skip
    if at is None:
        uow.wake_runners()


def publish(uow: UnitOfWork, instance: Instance, kind: str, seq: int) -> None:
    """Queue the job that tells of fact `seq` and those after it in this transaction, unless it is queued already."""
    people = _concerns_somebody(uow, instance, kind)
    if not (people or kind in TO_SYSTEMS) or ("told", instance.id) in uow.cache:
        return
    if not people and not _hooked(uow, instance):
        return
    uow.cache["told", instance.id] = seq
    key = ids.uuid7()
    payload: dict[str, Any] = {"instance": str(instance.id), "from": seq}
    if uow.actor.source == SET_UP:
        payload["people"] = False
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
    if uow.actor.source == SET_UP:
        return False
    if kind in PERSONAL or (kind == "task.decided" and uow.actor.on_behalf_of is not None):
        return True
    if kind == ENDED:
        return instance.starter_id is not None and instance.starter_id != uow.actor.user_id
    return kind in OF_WORK and _work_is_told(uow)


def _hooked(uow: UnitOfWork, instance: Instance) -> bool:
    """What is said of a version never changes: asked once, unless it has been read before."""
    key = instance.definition_id
    found = uow.shared.get(("definition", key))
    if found is not None:
        return bool(found.meta.get(HOOKED, True))
    told = uow.shared.get(("outbox", key))
    if told is None:
        row = uow.read_one(_meta, {"of": key})
        told = uow.shared["outbox", key] = bool(row is None or (row.meta or {}).get(HOOKED, True))
    return bool(told)


def _work_is_told(uow: UnitOfWork) -> bool:
    """Whether anybody is told of new work by anything but his inbox; asked once a minute."""
    if uow.settings.smtp_url:
        return True
    known = uow.shared.get(("outbox", "work"))
    if known is None or not known[0] <= uow.now < known[0] + _LOOK_AGAIN:
        row = uow.read(_asked_for)[0]
        known = uow.shared["outbox", "work"] = (uow.now, any(row))
    return bool(known[1])
