"""Messages and signals between processes and from outside: kept, matched, delivered as jobs of the receiver."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, insert, select, update

from engine import bpmn, crash, identity, repository, runtime, values, workdays
from engine.bpmn.steps import SubscriptionOpened
from engine.db.instance import Instance, Status
from engine.db.job import JobKind, JobState, job
from engine.db.subscription import MessageState, SubscriptionKind, message, message_receiver, subscription
from engine.ids import uuid7
from engine.runtime import correlation, later
from engine.statements import in_parts
from engine.unit_of_work import UnitOfWork
from engine.values import Value, Values

DEFAULT_TTL = timedelta(hours=1)

_insert = insert(message)
_insert_receiver = insert(message_receiver)
_known = select(message.c.id).where(message.c.source == bindparam("of"), message.c.message_id == bindparam("its_id"))
_payload = select(message.c.name, message.c.payload).where(message.c.id == bindparam("of"))
_expire = (
    update(message)
    .where(message.c.state == int(MessageState.WAITING), message.c.expires_at <= bindparam("at"))
    .values(state=int(MessageState.EXPIRED))
)
_over = select(message.c.id).where(
    message.c.state != int(MessageState.WAITING), message.c.received_at < bindparam("before")
)
_carrying = select(job.c.payload).where(job.c.kind == int(JobKind.MESSAGE))
_listeners = select(subscription.c.instance_id, subscription.c.token).where(
    subscription.c.kind == int(SubscriptionKind.SIGNAL),
    subscription.c.name == bindparam("of_name"),
    subscription.c.instance_id.is_not(None),
)
_conditions = select(subscription.c.definition_id, subscription.c.node).where(
    subscription.c.kind == int(SubscriptionKind.CONDITION)
)
_open = select(subscription.c.name, subscription.c.correlation_key).where(
    subscription.c.instance_id == bindparam("of"),
    subscription.c.token == bindparam("waiting"),
    subscription.c.kind == int(SubscriptionKind.MESSAGE),
)


def correlate(
    uow: UnitOfWork,
    name: str,
    key: Value,
    payload: Values | None = None,
    *,
    message_id: str | None = None,
    source: str = "api",
    ttl: timedelta | None = None,
) -> UUID:
    """Publish message `name` for whoever waits with correlation `key` (a value of FEEL; None: without a key).

    Without a waiter it is kept for `ttl` (an hour). `message_id`: the sender's; the same one again changes nothing.
    Returns our id of the message. Raises ReservedName, InvalidValue: the sender hears of it, not the receiver.
    """
    text = "" if key is None else values.canonical_json(values.encode(values.normalise(key))).decode()
    if message_id is not None:
        uow.alone(f"message {source} {message_id}")
    kept_for = DEFAULT_TTL if ttl is None else ttl
    return _publish(uow, name, text, bpmn.admitted(payload or {}), message_id, source, kept_for)


def broadcast_signal(uow: UnitOfWork, name: str, payload: Values | None = None) -> int:
    """Tell everybody who waits for signal `name` now, and start what it starts; returns how many heard it.

    Raises ReservedName, InvalidValue.
    """
    return _broadcast(uow, name, bpmn.admitted(payload or {}), _listeners)


def evaluate_conditions(uow: UnitOfWork, variables: Values) -> int:
    """Start each process whose conditional start event is true of `variables`, which become those of the instance.

    Returns how many begin. Raises ReservedName, InvalidValue.
    """
    given = bpmn.admitted(variables)
    calendar, people = workdays.Asked(uow), identity.Directory(uow)
    begun = 0
    for row in uow.execute(_conditions).all():
        program = repository.program(uow, row.definition_id)
        start = next(found for found in program.starts if found.node == row.node and found.kind == "conditional")
        if start.holds(given, now=uow.now, zone=uow.settings.timezone, calendar=calendar, people=people):
            begun += 1
            payload = {"payload": given, "definition": str(row.definition_id), "node": row.node}
            later.put(uow, JobKind.MESSAGE, "start", payload)
    return begun


def _broadcast(uow: UnitOfWork, name: str, sent: Values, heard: Select[Any]) -> int:
    listeners = uow.execute(heard, {"of_name": name}).all()
    for listener in listeners:
        later.put(
            uow, JobKind.MESSAGE, "deliver", {"payload": sent}, instance_id=listener.instance_id, token=listener.token
        )
    starts = correlation.starts_of(uow, SubscriptionKind.SIGNAL, name)
    for start in starts:
        payload_of_start = {"payload": sent, "definition": str(start.definition_id), "node": start.node}
        later.put(uow, JobKind.MESSAGE, "start", payload_of_start)
    return len(listeners) + len(starts)


def expire(uow: UnitOfWork) -> None:
    """Messages that nobody took in time."""
    uow.execute(_expire, {"at": uow.now})


def forget(uow: UnitOfWork, before: datetime) -> None:
    """Messages that came before then and are over; not those on their way, e.g. to an instance that is suspended."""
    over = set(uow.execute(_over, {"before": before}).scalars())
    over -= {UUID(row.payload["message"]) for row in uow.execute(_carrying) if "message" in row.payload}
    for part in in_parts(sorted(over)):
        # one that was given back in between waits again
        uow.execute(delete(message).where(message.c.id.in_(part), message.c.state != int(MessageState.WAITING)))
        received = message_receiver.c.message_id
        uow.execute(delete(message_receiver).where(received.in_(part), received.not_in(select(message.c.id))))


# ---------------------------------------------------------------- what the jobs of kind `message` do


def run(uow: UnitOfWork, job_id: UUID, handler: str, payload: dict[str, Any]) -> None:
    """Publish what an instance has thrown, or start what a message starts; the job's row is gone already."""
    match handler:
        case "publish":
            ttl = timedelta(seconds=payload["ttl"])
            source = correlation.sent_by(payload["from"])
            _publish(uow, payload["name"], payload["key"] or "", payload["payload"], str(job_id), source, ttl)
        case "signal":  # the thrower has heard it himself; who began to wait since then was too late
            others = _listeners.where(
                subscription.c.instance_id != UUID(payload["from"]), subscription.c.id < job_id
            )  # fmt: skip
            _broadcast(uow, payload["name"], payload["payload"], others)
        case "start":
            definition = repository.definition(uow, UUID(payload["definition"]))
            trigger = _content(uow, payload)
            promised = UUID(payload["instance"]) if "instance" in payload else None
            begun = runtime.start(
                uow, definition.key, {}, definition_id=definition.id, start=payload["node"], trigger=trigger,
                instance_id=promised,
            )  # fmt: skip
            _received(uow, payload, begun.id)
    crash.here("message.published")


def deliver(uow: UnitOfWork, instance: Instance, token: int, payload: dict[str, Any]) -> None:
    """Hand a message or signal to the locked instance; a message whose waiter is gone waits again.

    For a suspended instance it stands still, too.
    """
    if instance.status is Status.SUSPENDED:
        later.put(
            uow, JobKind.MESSAGE, "deliver", payload, instance_id=instance.id, token=token, state=JobState.SUSPENDED
        )
        return
    delivered = runtime.deliver(uow, instance, token, _content(uow, payload))
    crash.here("message")
    if not delivered:
        if "message" in payload:
            correlation.put_back(uow, UUID(payload["message"]))
        return
    _received(uow, payload, instance.id)
    waiting = uow.execute(_open, {"of": instance.id, "waiting": token}).first()
    if waiting is not None:  # it goes on listening: take the next one that has come meanwhile
        again = SubscriptionOpened(0, token, "", "message", waiting.name, waiting.correlation_key)
        correlation.take_waiting(uow, instance, [again])


def _received(uow: UnitOfWork, payload: dict[str, Any], instance_id: UUID) -> None:
    if "message" in payload:
        uow.queue(_insert_receiver, {"message_id": UUID(payload["message"]), "instance_id": instance_id})


def _content(uow: UnitOfWork, payload: dict[str, Any]) -> Values:
    if "payload" in payload:
        signal: Values = payload["payload"]
        return signal
    content: Values = uow.execute(_payload, {"of": UUID(payload["message"])}).one().payload
    return content


def _publish(
    uow: UnitOfWork, name: str, key: str, payload: Values, message_id: str | None, source: str, ttl: timedelta
) -> UUID:
    new = uuid7()
    correlation.lock(uow, correlation.bucket_of(name, key))
    if message_id is not None:
        known = uow.execute(_known, {"of": source, "its_id": message_id}).scalar()
        if known is not None:
            found: UUID = known
            return found
    uow.queue(
        _insert,
        {
            "id": new, "name": name, "correlation_key": key, "source": source, "message_id": message_id or str(new),
            "payload": values.normalise(payload), "state": int(MessageState.WAITING), "received_at": uow.now,
            "expires_at": uow.now + ttl,
        },
    )  # fmt: skip
    correlation.offer(uow, new, name, key)
    return new
