"""What a law has deleted: the text goes, its digest stays in the chain, so that the record proves itself as before."""

from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select, update

from engine import history, identity
from engine.approvals.carrying import click_of
from engine.db.task import Source, work_item
from engine.errors import N_, InvalidValue, NotFound
from engine.unit_of_work import UnitOfWork
from engine.values import sha256

_of_item = select(
    work_item.c.id, work_item.c.instance_id, work_item.c.opinion, work_item.c.decision_source, work_item.c.evidence_id
).where(work_item.c.id == bindparam("item"), work_item.c.decided_at.is_not(None))
_erase = (
    update(work_item)
    .where(
        work_item.c.instance_id == bindparam("of"),
        or_(
            work_item.c.id == bindparam("click"),
            and_(work_item.c.evidence_id == bindparam("click"), work_item.c.decision_source == int(Source.CARRIED)),
        ),
    )
    .values(opinion=None)
)


def erase_opinion(uow: UnitOfWork, work_item_id: UUID, reason: str) -> None:
    """Delete what somebody has written beside a decision, and where the decision was carried to; the decision stands.

    The reason stays on record. What was told before (a message, an exported file, a print) is out of reach.

    Raises NotFound (no such decision, or nothing is written beside it), InvalidValue (no reason), Forbidden.
    """
    identity.require(uow, "admin")
    if not reason.strip():
        raise InvalidValue(expected=N_("a reason"), found=N_("none"))
    row = uow.execute(_of_item, {"item": work_item_id}).first()
    if row is None or row.opinion is None:
        raise NotFound(kind="opinion", key=work_item_id)
    instance = uow.lock_instance(row.instance_id)
    uow.execute(_erase, {"of": row.instance_id, "click": click_of(row)})
    digest = sha256(row.opinion.encode()).hex()
    data = {"item": str(work_item_id), "opinion_digest": digest, "reason": reason.strip()}
    history.record(uow, instance, "opinion.erased", data=data)
