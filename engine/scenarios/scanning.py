"""The record against the ledger: no decision stands in a person's name without the act of that person."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import select

from engine.db.history import history
from engine.db.task import Source, work_item
from engine.unit_of_work import UnitOfWork

_ACTS = ("task.decided", "task.advised")
_items = select(work_item.c.id, work_item.c.decided_by, work_item.c.decision_source).where(
    work_item.c.decision.is_not(None)
)
_facts = select(history.c.kind, history.c.actor_id, history.c.data).where(history.c.kind.in_(_ACTS))


def unmade(uow: UnitOfWork, instance_id: UUID | None = None) -> Iterator[str]:
    """Decisions said to be a person's that nobody has made, of one instance or of all: one sentence each."""
    items, facts = _items, _facts
    if instance_id is not None:
        items = items.where(work_item.c.instance_id == instance_id)
        facts = facts.where(history.c.instance_id == instance_id)
    acts: dict[str, Any] = {}
    for fact in uow.execute(facts):
        by_person = fact.kind == "task.advised" or fact.data.get("decision_source") == "human"
        if by_person:
            acts[fact.data["item"]] = fact.actor_id
            if fact.actor_id is None:
                yield f"item {fact.data['item']} was decided by a person, but nobody acted"
    for item in uow.execute(items):
        human = item.decision_source == Source.HUMAN
        if human and (item.decided_by is None or acts.get(str(item.id)) != item.decided_by):
            yield f"item {item.id} stands in the name of {item.decided_by}, whose act is not on record"
        if not human and str(item.id) in acts:
            yield f"item {item.id} is the engine's, but an act is on record"
