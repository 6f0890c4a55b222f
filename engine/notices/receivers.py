"""Who is told that another system is not: administrators, when a receiver of webhooks was switched off."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from engine import identity, webhooks
from engine.errors import NotFound
from engine.notices import telling
from engine.notices.events import RECEIVER_OFF, Notice
from engine.unit_of_work import UnitOfWork

PAGE = "/messages/webhooks/"


def of_receiver(uow: UnitOfWork, payload: Mapping[str, Any]) -> int:
    """Plan the notices; returns how many there are. One that was removed or switched on since is told to nobody."""
    try:
        found = webhooks.get(uow, UUID(payload["receiver"]))
    except NotFound:
        return 0
    if found.off_at is None:
        return 0
    facts = {
        "receiver": found.name, "n": str(found.failures), "text": found.off_reason, "link": PAGE,
        "since": (found.failing_since or found.off_at).astimezone(uow.settings.zone).strftime("%Y-%m-%d %H:%M"),
        "at": found.off_at.isoformat(),
    }  # fmt: skip
    people = identity.people_who_may(uow, "admin")
    seq = int(found.off_at.timestamp())  # told once each time
    return telling.plan(
        uow, None, [Notice(RECEIVER_OFF, user.id, None, seq, None, facts, about_id=found.id) for user in people]
    )
