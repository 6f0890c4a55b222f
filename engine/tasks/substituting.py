"""What a substitute sees and may do: the work of his principals that their substitutions cover."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, true

from engine import identity
from engine.db.definition import definition
from engine.db.instance import Instance, instance
from engine.db.task import work_item
from engine.forms import Sum
from engine.identity import Substitution
from engine.unit_of_work import UnitOfWork
from engine.values import HOME_CURRENCY

_kind_of = (
    select(instance.c.process_key, definition.c.category)
    .join(definition, definition.c.id == instance.c.definition_id)
    .where(instance.c.id == bindparam("of"))
)


@dataclass(frozen=True, slots=True)
class Found:
    """`rule`: by which the actor may act on the item, of several the strictest; None: by none.

    `limit`, `over`: the highest limit that would do but for this sum.
    """

    rule: Substitution | None = None
    limit: Sum | None = None
    over: Sum | None = None


def rule_for(
    uow: UnitOfWork, held: Instance, item: Any, actor_id: UUID, sums: Callable[[], Sequence[Sum]]
) -> Found:  # fmt: skip
    """Which substitution in force lets the actor act on the item. `sums`: each has to be within the limit."""
    of_kind = [
        rule for rule in identity.acting_for(uow, actor_id)
        if rule.principal_id == item.assignee_id and _covers(uow, rule, held.id, item.created_at)
    ]  # fmt: skip
    judged = sums() if any(rule.max_amount is not None for rule in of_kind) else ()
    beyond = {rule.id: over for rule in of_kind if (over := first_over(rule, judged)) is not None}
    covering = [rule for rule in of_kind if rule.id not in beyond]
    if covering:
        return Found(max(covering, key=lambda rule: (rule.confirm, rule.unconfirmed == "falls", rule.keep_copy)))
    if not of_kind:
        return Found()
    highest = max(of_kind, key=lambda rule: rule.max_amount or 0)
    return Found(None, Sum(highest.max_amount or 0, HOME_CURRENCY), beyond[highest.id])


def first_over(rule: Substitution, sums: Iterable[Sum]) -> Sum | None:
    """The first sum that the substitution leaves to the principal."""
    return next((one for one in sums if not rule.within(one.amount, one.currency)), None)


def whose_eyes(uow: UnitOfWork, instance_id: UUID, actor_id: UUID) -> list[UUID]:
    """The actor, and those for whom he may look at the instance."""
    rules = identity.acting_for(uow, actor_id)
    return [actor_id, *dict.fromkeys(rule.principal_id for rule in rules if _covers(uow, rule, instance_id))]


def eyes(uow: UnitOfWork, rows: Iterable[Any], actor_id: UUID) -> dict[UUID, list[UUID]]:
    """As `whose_eyes`, of many instances: rows with id, process_key and category."""
    rules = identity.acting_for(uow, actor_id)
    return {
        row.id: [
            actor_id,
            *dict.fromkeys(
                rule.principal_id for rule in rules
                if not rule.limited or rule.covers(row.process_key, row.category)
            ),
        ]
        for row in rows
    }  # fmt: skip


def only_covered(uow: UnitOfWork) -> ColumnElement[bool] | None:
    """Which work of principals a list shows to the actor; None: all of it. Amounts are judged at the click."""
    rules = identity.acting_for(uow, uow.actor.user_id) if uow.actor.user_id else []
    if not any(rule.limited for rule in rules):
        return None
    by_principal: dict[UUID, list[ColumnElement[bool]]] = {}
    for rule in rules:
        by_principal.setdefault(rule.principal_id, []).append(_condition(rule))
    return and_(
        *(
            or_(work_item.c.assignee_id.is_(None), work_item.c.assignee_id != principal, or_(*covered))
            for principal, covered in by_principal.items()
        )
    )


def _condition(rule: Substitution) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    if rule.scope == "processes":
        conditions.append(instance.c.process_key.in_(rule.names))
    elif rule.scope == "categories":
        conditions.append(definition.c.category.in_(rule.names))
    if not rule.include_open:
        conditions.append(work_item.c.created_at >= rule.valid_from)
    return and_(*conditions)


def _covers(uow: UnitOfWork, rule: Substitution, instance_id: UUID, since: Any = None) -> bool:
    if not rule.limited:
        return True
    row = uow.read_one(_kind_of, {"of": instance_id})
    return row is not None and rule.covers(row.process_key, row.category, since)
