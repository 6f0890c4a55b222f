"""Whether what a page shows of a task still holds, or somebody was faster."""

from uuid import UUID

from engine.db.task import ItemStatus, RoundStatus
from engine.errors import EngineError, Stale
from engine.tasks import opening
from engine.tasks.working import may_see
from engine.unit_of_work import UnitOfWork


def outdated(uow: UnitOfWork, work_item_id: UUID, version: int) -> EngineError | None:
    """Why a page that shows `version` of the item is out of date, in the words of the refused act; None: it is not.

    Raises NotFound, NotYourTask for people who have nothing to do with the instance.
    """
    act = opening.look(uow, work_item_id)
    mine = opening.entitled(act)
    if not mine and not may_see(uow, act.instance.id):
        raise opening.not_yours(act)
    if act.item.status == ItemStatus.DECIDED or act.round.status != RoundStatus.OPEN:
        return opening.already_decided(act)
    if act.item.id != work_item_id or act.item.version != version:
        return Stale(task=act.round.name, found=act.item.version, seen=version)
    return None if mine else opening.not_yours(act)
