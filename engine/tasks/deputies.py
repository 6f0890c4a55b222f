"""Who else may do what somebody is asked to do: his substitutes, as far as they may act on this item now."""

from uuid import UUID

from engine import identity
from engine.tasks import opening
from engine.tasks.titles import reading_as
from engine.unit_of_work import UnitOfWork


def deputies(uow: UnitOfWork, work_item_id: UUID) -> list[UUID]:
    """Active accounts, each once; nobody for an item of a group or one that is decided. Raises NotFound."""
    assignee_id = opening.look(uow, work_item_id).item.assignee_id
    if assignee_id is None:
        return []
    found = []
    for user_id in identity.substitutes_of(uow, assignee_id):
        with reading_as(uow, user_id):
            if opening.entitled(opening.look(uow, work_item_id)):
                found.append(user_id)
    return found
