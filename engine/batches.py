"""A verb over many instances: one job and one transaction each, a result for every instance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, update

from engine import history, migration
from engine.db.instance import instance as instance_table
from engine.db.job import ItemState, JobKind, batch, batch_item
from engine.errors import N_, EngineError, InvalidValue, MoveRefused, NotFound
from engine.findings import Finding
from engine.ids import uuid7
from engine.migration import Plan
from engine.runtime import LIVE, later
from engine.unit_of_work import UnitOfWork
from engine.values import blank

PAGE = 100

_insert = insert(batch)
_insert_item = insert(batch_item)
_running = (
    select(instance_table.c.id)
    .where(
        instance_table.c.definition_id == bindparam("of"),
        instance_table.c.status.in_([int(status) for status in LIVE]),
    )
    .order_by(instance_table.c.id)
)
_by_version = (
    select(instance_table.c.definition_id, func.count().label("number"))
    .where(
        instance_table.c.process_key == bindparam("of"),
        instance_table.c.status.in_([int(status) for status in LIVE]),
    )
    .group_by(instance_table.c.definition_id)
)
_finish = update(batch_item).where(
    batch_item.c.batch_id == bindparam("batch"), batch_item.c.instance_id == bindparam("of"),
    batch_item.c.state == int(ItemState.OPEN),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """`counts`: items by state."""

    id: UUID
    process_key: str
    plan: Plan
    reason: str
    created_by: UUID | None
    created_at: datetime
    counts: dict[ItemState, int]

    @property
    def total(self) -> int:
        """Of its instances."""
        return sum(self.counts.values())

    @property
    def done(self) -> bool:
        """Nothing is left to be done."""
        return not self.counts.get(ItemState.OPEN)


@dataclass(frozen=True, slots=True)
class Item:
    """The result for one instance. `findings`: (message template, facts) of why it was refused."""

    instance_id: UUID
    title: str
    number: str | None
    state: ItemState
    findings: tuple[tuple[str, dict[str, Any]], ...]
    finished_at: datetime | None


def running(uow: UnitOfWork, definition_id: UUID, limit: int | None = None) -> list[UUID]:
    """Live instances of one version, oldest first."""
    return list(uow.execute(_running.limit(limit), {"of": definition_id}).scalars())


def running_by_version(uow: UnitOfWork, process_key: str) -> dict[UUID, int]:
    """How many live instances each version of a process has; versions without one are left out."""
    return {row.definition_id: row.number for row in uow.execute(_by_version, {"of": process_key})}


def create(uow: UnitOfWork, wanted: Plan, *, reason: str, instances: Sequence[UUID] | None = None) -> UUID:
    """Migrate every live instance of `wanted.source`, or only `instances`; the runners do it.

    Raises InvalidValue without a reason or without an instance, and what `migration.plan` raises.
    """
    if blank(reason):
        raise InvalidValue(expected=N_("a reason"), found=N_("none"))
    outline = migration.plan(uow, wanted)
    chosen = list(dict.fromkeys(running(uow, wanted.source) if instances is None else instances))
    if not chosen:
        raise InvalidValue(expected=N_("an instance that runs"), found=N_("none"))
    key = uuid7()
    row = {
        "id": key, "verb": "migrate", "process_key": outline.source.key, "plan": wanted.stored(), "reason": reason,
        "created_by": uow.actor.user_id, "created_at": uow.now,
    }  # fmt: skip
    uow.execute(_insert, row)
    uow.execute(
        _insert_item,
        [
            {"batch_id": key, "instance_id": of, "state": int(ItemState.OPEN), "findings": None, "finished_at": None}
            for of in chosen
        ],
    )
    for of in chosen:
        later.put(uow, JobKind.BATCH_ITEM, "migrate", {"batch": str(key)}, instance_id=of)
    data = {
        "batch": str(key), "process": outline.source.key, "from": outline.source.version, "to": outline.target.version,
        "instances": len(chosen),
    }  # fmt: skip
    history.act(uow, "batch", "batch.created", data, texts={"reason": reason.strip()})
    return key


def run_item(uow: UnitOfWork, batch_id: UUID, instance_id: UUID) -> None:
    """Do it for one instance, in the caller's transaction. Raises what the verb raises."""
    found = get(uow, batch_id)
    migration.migrate(uow, instance_id, found.plan, reason=found.reason)
    _finished(uow, batch_id, instance_id, ItemState.DONE, [])


def refuse_item(uow: UnitOfWork, batch_id: UUID, instance_id: UUID, error: Exception) -> None:
    """Write down why it was not done."""
    if isinstance(error, MoveRefused):
        reasons = [_reason(finding) for finding in error.findings]
    elif isinstance(error, EngineError):
        reasons = [[error.message, {name: str(value) for name, value in error.facts.items()}]]
    else:
        reasons = [["{error}", {"error": f"{type(error).__name__}: {error}"[:500]}]]
    _finished(uow, batch_id, instance_id, ItemState.REFUSED, reasons)


def get(uow: UnitOfWork, batch_id: UUID) -> Batch:
    """Raises NotFound."""
    row = uow.execute(select(batch).where(batch.c.id == batch_id)).first()
    if row is None:
        raise NotFound(kind="batch", key=batch_id)
    return _batch(row, _counts(uow, [row.id]))


def list_(uow: UnitOfWork, process_key: str, *, limit: int = 20) -> list[Batch]:
    """The newest of a process."""
    query = select(batch).where(batch.c.process_key == process_key).order_by(batch.c.id.desc()).limit(limit)
    found = uow.execute(query).all()
    counts = _counts(uow, [row.id for row in found])
    return [_batch(row, counts) for row in found]


def items(uow: UnitOfWork, batch_id: UUID, *, after: UUID | None = None, limit: int = PAGE) -> list[Item]:
    """Results in the order of the instances, refused ones with their reasons."""
    query = (
        select(batch_item, instance_table.c.title, instance_table.c.number)
        .join(instance_table, instance_table.c.id == batch_item.c.instance_id)
        .where(batch_item.c.batch_id == batch_id)
        .order_by(batch_item.c.instance_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(batch_item.c.instance_id > after)
    return [
        Item(
            row.instance_id, row.title, row.number, ItemState(row.state),
            tuple((message, facts) for message, facts in row.findings or ()), row.finished_at,
        )
        for row in uow.execute(query)
    ]  # fmt: skip


def _finished(uow: UnitOfWork, batch_id: UUID, instance_id: UUID, state: ItemState, reasons: list[Any]) -> None:
    row = {"state": int(state), "findings": reasons or None, "finished_at": uow.now}
    uow.execute(_finish.values(row), {"batch": batch_id, "of": instance_id})


def _reason(finding: Finding) -> list[Any]:
    return [finding.message, {name: str(value) for name, value in finding.facts.items()}]


def _counts(uow: UnitOfWork, keys: Sequence[UUID]) -> dict[UUID, dict[ItemState, int]]:
    query = (
        select(batch_item.c.batch_id, batch_item.c.state, func.count().label("amount"))
        .where(batch_item.c.batch_id.in_(keys))
        .group_by(batch_item.c.batch_id, batch_item.c.state)
    )
    found: dict[UUID, dict[ItemState, int]] = {}
    for row in uow.execute(query):
        found.setdefault(row.batch_id, {})[ItemState(row.state)] = row.amount
    return found


def _batch(row: Any, counts: dict[UUID, dict[ItemState, int]]) -> Batch:
    return Batch(
        row.id, row.process_key, Plan.loaded(row.plan), row.reason, row.created_by, row.created_at,
        counts.get(row.id, {}),
    )  # fmt: skip
