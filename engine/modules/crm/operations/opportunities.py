"""From a first talk to a decision: opportunities, their stages, what was done."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select

from engine.errors import BusinessError
from engine.modules.crm.amounts import ZERO
from engine.modules.crm.models.opportunity import activity, opportunity, stage, stage_change
from engine.modules.crm.models.party import party
from engine.modules.crm.rows import rows
from engine.operations import OperationCall, operation
from engine.unit_of_work import UnitOfWork
from engine.values import blank


@operation(
    "crm.create_opportunity", zh="新建商机", en="Create opportunity",
    outputs={"opportunity_id": "id", "stage": "number", "probability": "number"},
    errors=("DATA.NOT_FOUND",),
)  # fmt: skip
def create_opportunity(
    uow: UnitOfWork, *, party_id: UUID, name: str, next_action_at: datetime, amount: Decimal | None = None,
    expected_close: date | None = None, owner_id: UUID | None = None, call: OperationCall,
) -> dict[str, Any]:  # fmt: skip
    """A chance to sell, in the first stage; there is always a next action."""
    rows.get(uow, party, party_id)
    first = rows.find(uow, select(stage).order_by(stage.c.seq).limit(1))
    if first is None:
        raise BusinessError("DATA.NOT_FOUND", table="crm_stage", key="1")
    opportunity_id = rows.add(
        uow, opportunity, party_id=party_id, name=name, stage_id=first.id, amount=ZERO if amount is None else amount,
        currency="CNY", expected_close=expected_close, next_action_at=next_action_at,
        owner_id=owner_id or uow.actor.user_id, instance_id=call.instance_id, created_at=uow.now,
    )  # fmt: skip
    rows.add(
        uow, stage_change, opportunity_id=opportunity_id, to_stage_id=first.id, at=uow.now, by=uow.actor.user_id
    )  # fmt: skip
    return {"opportunity_id": opportunity_id, "stage": first.seq, "probability": first.probability}


@operation(
    "crm.move_stage", zh="推进商机阶段", en="Move opportunity", compensated_by="crm.move_stage",
    outputs={"probability": "number", "stage": "number", "previous_stage": "number", "closed": "boolean"},
    errors=("DATA.NOT_FOUND", "CRM.REASON_REQUIRED", "CRM.CLOSED"),
)  # fmt: skip
def move_stage(
    uow: UnitOfWork, *, opportunity_id: UUID, stage: int, reason: str | None = None,
    next_action_at: datetime | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Move it to the stage with this number. A lost one needs a reason; a closed one moves no more."""
    found = rows.get(uow, opportunity, opportunity_id, lock=True)
    target = rows.by(uow, _stages, "seq", stage)
    previous = rows.get(uow, _stages, found.stage_id)
    answer = {"probability": target.probability, "stage": target.seq, "previous_stage": previous.seq}
    if target.id == previous.id:
        return {**answer, "closed": found.closed_at is not None}
    if found.closed_at is not None:
        raise BusinessError("CRM.CLOSED", name=found.name)
    if target.is_lost and blank(reason):
        raise BusinessError("CRM.REASON_REQUIRED", name=found.name)
    closed = target.is_won or target.is_lost
    values = {"next_action_at": next_action_at} if next_action_at is not None else {}
    rows.change(
        uow, opportunity, opportunity_id, stage_id=target.id, lost_reason=reason if target.is_lost else None,
        closed_at=uow.now if closed else None, **values,
    )  # fmt: skip
    rows.add(
        uow, stage_change, opportunity_id=opportunity_id, from_stage_id=previous.id, to_stage_id=target.id,
        at=uow.now, by=uow.actor.user_id,
    )  # fmt: skip
    return {**answer, "closed": closed}


@operation(
    "crm.log_activity", zh="记录跟进", en="Log activity", outputs={"activity_id": "id"}, errors=("DATA.NOT_FOUND",),
)  # fmt: skip
def log_activity(
    uow: UnitOfWork, *, party_id: UUID, kind: Literal["call", "visit", "wechat", "mail", "note"], text: str,
    opportunity_id: UUID | None = None, next_action_at: datetime | None = None, call: OperationCall,
) -> dict[str, Any]:  # fmt: skip
    """What was said or done with a customer; it stays as it was written."""
    rows.get(uow, party, party_id)
    if opportunity_id is not None and next_action_at is not None:
        rows.change(uow, opportunity, opportunity_id, next_action_at=next_action_at)
    activity_id = rows.add(
        uow, activity, party_id=party_id, opportunity_id=opportunity_id, kind=kind, at=uow.now, by=uow.actor.user_id,
        text=text, next_action_at=next_action_at, instance_id=call.instance_id,
    )  # fmt: skip
    return {"activity_id": activity_id}


_stages = stage  # `stage` is also the name of an input
