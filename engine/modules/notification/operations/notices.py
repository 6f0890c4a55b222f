"""Telling people something inside the product."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert

from engine.errors import N_, BusinessError, Phrase
from engine.ids import named
from engine.modules.notification.models.notice import notice
from engine.operations import OperationCall, operation
from engine.unit_of_work import UnitOfWork
from engine.values import blank

TITLE_LIMIT = 200
LINK_LIMIT = 400


@operation(
    "notification.notify", zh="站内通知", en="Notify", outputs={"notified": "number"}, errors=("DATA.INVALID",),
)  # fmt: skip
def notify(
    uow: UnitOfWork, *, user_ids: list[UUID], title: str, text: str | None = None, link: str | None = None,
    call: OperationCall,
) -> dict[str, Any]:  # fmt: skip
    """One notice to each of these people. `link`: a path of this site."""
    if blank(title) or len(title) > TITLE_LIMIT:
        raise BusinessError(
            "DATA.INVALID",
            expected=Phrase(N_("a title of 1 to {limit} characters"), limit=TITLE_LIMIT),
            found=len(title),
        )
    if link and (not link.startswith("/") or link.startswith("//") or len(link) > LINK_LIMIT):
        raise BusinessError("DATA.INVALID", expected=N_("a path of this site"), found=link[:80])
    people = list(dict.fromkeys(user_ids))
    if people:
        uow.execute(
            insert(notice),
            [
                {
                    "id": named(call.key, user_id), "user_id": user_id, "title": title.strip(), "text": text or "",
                    "link": link or "", "instance_id": call.instance_id, "created_at": uow.now,
                }
                for user_id in people
            ],
        )  # fmt: skip
    return {"notified": len(people)}
