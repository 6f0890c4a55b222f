"""Waiting messages and waiting tokens meet here; both sides lock the same bucket, so that neither misses the other."""

import hashlib
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update

from engine import repository
from engine.bpmn.steps import SubscriptionOpened
from engine.db.definition import definition
from engine.db.instance import Instance
from engine.db.instance import instance as instance_table
from engine.db.job import JobKind, job
from engine.db.subscription import (
    CORRELATION_BUCKETS,
    MessageState,
    SubscriptionKind,
    correlation_lock,
    message,
    subscription,
)
from engine.ids import uuid7
from engine.runtime import later
from engine.unit_of_work import UnitOfWork

_insert = insert(subscription)
_lock = select(correlation_lock.c.bucket).where(correlation_lock.c.bucket == bindparam("wanted")).with_for_update()
_mark = update(message).where(message.c.id == bindparam("row"))
_waiting = (
    select(message.c.id)
    .where(
        message.c.state == int(MessageState.WAITING),
        message.c.name == bindparam("of_name"),
        message.c.correlation_key == bindparam("of_key"),
        message.c.expires_at > bindparam("at"),
    )
    .order_by(message.c.id)
    .limit(1)
)
_busy = (
    select(job.c.id)
    .where(
        job.c.instance_id == subscription.c.instance_id,
        job.c.token == subscription.c.token,
        job.c.kind == int(JobKind.MESSAGE),
    )
    .exists()
)
_waiters = (
    select(subscription.c.instance_id, subscription.c.token, instance_table.c.process_key)
    .join(instance_table, instance_table.c.id == subscription.c.instance_id)
    .where(
        subscription.c.kind == int(SubscriptionKind.MESSAGE),
        subscription.c.name == bindparam("of_name"),
        subscription.c.correlation_key == bindparam("of_key"),
        ~_busy,
    )
    .order_by(subscription.c.id)
)
_starts = (
    select(subscription.c.definition_id, subscription.c.node, definition.c.key)
    .join(definition, definition.c.id == subscription.c.definition_id)
    .where(subscription.c.kind == bindparam("of_kind"), subscription.c.name == bindparam("of_name"))
    .order_by(subscription.c.id)
)
_started = select(subscription.c.correlation_key).where(
    subscription.c.kind == int(SubscriptionKind.STARTED),
    subscription.c.name == bindparam("of_name"),
    subscription.c.correlation_key == bindparam("of_key"),
)
"""`of_key`: process and key, separated by a space"""
_started_by = select(subscription.c.name, subscription.c.correlation_key).where(
    subscription.c.kind == int(SubscriptionKind.STARTED), subscription.c.instance_id == bindparam("of")
)
_forget = delete(subscription).where(
    subscription.c.kind == int(SubscriptionKind.STARTED), subscription.c.instance_id == bindparam("of")
)


def subscribe(uow: UnitOfWork, instance: Instance, fact: SubscriptionOpened) -> None:
    """Write down that a token waits."""
    kind = SubscriptionKind.SIGNAL if fact.subscribed == "signal" else SubscriptionKind.MESSAGE
    uow.queue(
        _insert,
        {
            "id": uuid7(), "kind": int(kind), "name": fact.name, "correlation_key": fact.key or "",
            "instance_id": instance.id, "token": fact.token, "definition_id": None, "node": None,
            "created_at": uow.now,
        },
    )  # fmt: skip


def sent_by(instance_id: UUID | str) -> str:
    """The `source` of the messages that an instance sends."""
    return f"instance {instance_id}"


def take_waiting(uow: UnitOfWork, instance: Instance, opened: Iterable[SubscriptionOpened]) -> None:
    """For tokens that have just begun to wait: take the messages that came before them."""
    waits = sorted(
        ((bucket_of(fact.name, fact.key or ""), fact) for fact in opened if fact.subscribed == "message"),
        key=lambda wait: (wait[0], wait[1].token),
    )
    for bucket, fact in waits:
        lock(uow, bucket)
        found = uow.execute(_waiting, {"of_name": fact.name, "of_key": fact.key or "", "at": uow.now}).scalar()
        if found is not None:
            _deliver(uow, found, instance.id, fact.token)


def offer(uow: UnitOfWork, message_id: UUID, name: str, key: str) -> bool:
    """Give a stored message to the oldest waiter of each process, and to the processes that it starts.

    It starts none of a process in which it has a waiter; nor, with a key, while an instance runs that it has started
    with the same key. The caller has locked the bucket. False: nobody takes it, the message stays in the buffer.
    """
    served: set[str] = set()
    for waiter in uow.execute(_waiters, {"of_name": name, "of_key": key}).all():
        if waiter.process_key not in served:
            served.add(waiter.process_key)
            _deliver(uow, message_id, waiter.instance_id, waiter.token)
    begun: set[str] = set()
    for start in starts_of(uow, SubscriptionKind.MESSAGE, name):
        if start.key in served or start.key in begun:
            continue
        if key and uow.execute(_started, {"of_name": name, "of_key": f"{start.key} {key}"}).first():
            continue
        begun.add(start.key)
        payload = {"message": str(message_id), "definition": str(start.definition_id), "node": start.node}
        if key:
            instance_id = uuid7()
            payload["instance"] = str(instance_id)
            for other in _begins_together(uow, start.definition_id, start.node, name):
                _remember(uow, instance_id, other, f"{start.key} {key}")
        later.put(uow, JobKind.MESSAGE, "start", payload)
    if begun and not served:
        _mark_as(uow, message_id, MessageState.DELIVERED)
    return bool(served or begun)


def started_has_ended(uow: UnitOfWork, instance: Instance) -> None:
    """What a message has started is over: the next one with its key may start the next."""
    found = uow.execute(_started_by, {"of": instance.id}).all()
    if not found:
        return
    uow.execute(_forget, {"of": instance.id})
    freed = [(row.name, row.correlation_key.partition(" ")[2]) for row in found]
    for name, key in sorted(freed, key=lambda pair: bucket_of(*pair)):
        lock(uow, bucket_of(name, key))
        message_id = uow.execute(_waiting, {"of_name": name, "of_key": key, "at": uow.now}).scalar()
        if message_id is not None:
            offer(uow, message_id, name, key)


def starts_of(uow: UnitOfWork, kind: SubscriptionKind, name: str) -> list[Any]:
    """Start events that wait for `name`: rows with definition_id, node, key of the process."""
    return list(uow.execute(_starts, {"of_kind": int(kind), "of_name": name}).all())


def put_back(uow: UnitOfWork, message_id: UUID) -> None:
    """Its waiter is gone: the message waits again, or somebody else takes it."""
    row = uow.execute(select(message.c.name, message.c.correlation_key).where(message.c.id == message_id)).one()
    lock(uow, bucket_of(row.name, row.correlation_key))
    _mark_as(uow, message_id, MessageState.WAITING)
    offer(uow, message_id, row.name, row.correlation_key)


def lock(uow: UnitOfWork, bucket: int) -> None:
    """Order publishers and subscribers of one bucket; SQLite has one writer at a time anyway."""
    if uow.dialect == "postgresql":
        uow.execute(_lock, {"wanted": bucket})


def bucket_of(name: str, key: str) -> int:
    """Which of the lock rows orders this name and key."""
    return int.from_bytes(hashlib.sha256(f"{name}\0{key}".encode()).digest()[:4], "big") % CORRELATION_BUCKETS


def _begins_together(uow: UnitOfWork, definition_id: UUID, node: str, name: str) -> Iterable[str]:
    """Names of the messages that one instance takes together: those of a parallel event-based gateway."""
    program = repository.program(uow, definition_id)
    incoming = program.nodes[node].incoming
    if not incoming or not incoming[0].source.together:
        return (name,)
    family = {edge.target.id for edge in incoming[0].source.out}
    return sorted({start.name for start in program.starts if start.node in family and start.name is not None})


def _remember(uow: UnitOfWork, instance_id: UUID, name: str, key: str) -> None:
    uow.queue(
        _insert,
        {
            "id": uuid7(), "kind": int(SubscriptionKind.STARTED), "name": name, "correlation_key": key,
            "instance_id": instance_id, "token": 0, "definition_id": None, "node": None, "created_at": uow.now,
        },
    )  # fmt: skip


def _deliver(uow: UnitOfWork, message_id: UUID, instance_id: UUID, token: int) -> None:
    later.put(uow, JobKind.MESSAGE, "deliver", {"message": str(message_id)}, instance_id=instance_id, token=token)
    _mark_as(uow, message_id, MessageState.DELIVERED)


def _mark_as(uow: UnitOfWork, message_id: UUID, state: MessageState) -> None:
    uow.queue(_mark, {"row": message_id, "state": int(state)})
