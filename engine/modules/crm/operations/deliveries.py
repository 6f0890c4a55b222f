"""Where the goods are: carriers push the whole list of events each time, in any order."""

import hashlib
from datetime import UTC, datetime
from typing import Any, Literal, NotRequired, TypedDict

from sqlalchemy import insert, select

from engine.ids import uuid7
from engine.modules.crm.models.order import delivery, tracking
from engine.modules.crm.operations.orders import by_number
from engine.modules.crm.rows import rows
from engine.operations import operation
from engine.unit_of_work import UnitOfWork


class TrackingEvent(TypedDict):
    """One line of what the carrier reports."""

    at: datetime
    state: Literal["picked_up", "in_transit", "out_for_delivery", "problem", "delivered", "returning"]
    text: NotRequired[str | None]


@operation(
    "crm.record_tracking", zh="回写物流轨迹", en="Record tracking",
    outputs={"state": "string", "delivered": "boolean", "delivered_at": "date and time", "new_events": "number"},
    errors=("CRM.UNKNOWN_ORDER",),
)  # fmt: skip
def record_tracking(
    uow: UnitOfWork, *, order_no: str, shipment_no: str, carrier: str, tracking_no: str,
    events: list[TrackingEvent] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Keep each event once. The state is that of the newest event; what was delivered only goes back by a return."""
    found = by_number(uow, order_no)
    known = rows.find(uow, select(delivery).where(delivery.c.shipment_no == shipment_no).with_for_update())
    delivery_id = (
        rows.add(
            uow, delivery, order_id=found.id, shipment_no=shipment_no, carrier=carrier, tracking_no=tracking_no,
            state="picked_up",
        )
        if known is None
        else known.id
    )  # fmt: skip
    seen = set(uow.execute(select(tracking.c.digest).where(tracking.c.delivery_id == delivery_id)).scalars())
    fresh = {_digest(event): event for event in events or []}
    new = [(digest, event) for digest, event in fresh.items() if digest not in seen]
    if new:
        rows.write(
            uow,
            insert(tracking),
            [
                {
                    "id": uuid7(), "delivery_id": delivery_id, "at": event["at"], "state": event["state"],
                    "text": event.get("text") or "", "digest": digest,
                }
                for digest, event in new
            ],
        )  # fmt: skip
    told = uow.execute(
        select(tracking.c.at, tracking.c.state).where(tracking.c.delivery_id == delivery_id).order_by(tracking.c.at)
    ).all()
    state, state_at, delivered_at = "picked_up", None, None
    for event in told:
        if state != "delivered" or event.state in ("delivered", "returning"):
            state, state_at = event.state, event.at
        if event.state == "delivered" and delivered_at is None:
            delivered_at = event.at
    rows.change(uow, delivery, delivery_id, state=state, state_at=state_at, delivered_at=delivered_at)
    return {
        "state": state, "delivered": state == "delivered", "delivered_at": delivered_at, "new_events": len(new),
    }  # fmt: skip


def _digest(event: TrackingEvent) -> bytes:
    told = f"{event['at'].astimezone(UTC).isoformat()}\0{event['state']}\0{event.get('text') or ''}"
    return hashlib.sha256(told.encode()).digest()
