"""What a law has deleted: the text goes, its digest stays in the chain, so that the record proves itself as before."""

from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select, update

from engine import audit as audit_room
from engine import history, identity
from engine.approvals.carrying import click_of
from engine.db.audit import audit, audit_text
from engine.db.draft import draft_review
from engine.db.history import history_text
from engine.db.instance import Instance
from engine.db.instance import instance as instance_table
from engine.db.job import ItemState, batch, batch_item
from engine.db.policy import ERASED, break_glass, policy_grant, policy_version
from engine.db.task import ItemKind, Source, work_item
from engine.errors import N_, InvalidValue, NotFound, NotPossibleNow
from engine.unit_of_work import UnitOfWork
from engine.values import blank

_erased_at = select(instance_table.c.erased_at).where(instance_table.c.id == bindparam("of"))
_of_item = select(
    work_item.c.id,
    work_item.c.instance_id,
    work_item.c.opinion,
    work_item.c.opinion_salt,
    work_item.c.decision_source,
    work_item.c.evidence_id,
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
    .values(opinion=None, opinion_salt=None)
)
_kept_of = (
    select(history_text.c.seq, history_text.c.name, history_text.c.text)
    .where(history_text.c.instance_id == bindparam("of"), history_text.c.text.is_not(None))
    .order_by(history_text.c.seq, history_text.c.name)
)
_texts_of = _kept_of.where(history_text.c.seq == bindparam("at_seq"))
_erase_texts = (
    update(history_text)
    .where(history_text.c.instance_id == bindparam("of"), history_text.c.seq == bindparam("at_seq"))
    .values(text=None, salt=None)
)
_act_kept_of = (
    select(audit_text.c.seq, audit_text.c.name, audit_text.c.text)
    .where(audit_text.c.scope == bindparam("of"), audit_text.c.text.is_not(None))
    .order_by(audit_text.c.seq, audit_text.c.name)
)
_act_texts_of = _act_kept_of.where(audit_text.c.seq == bindparam("at_seq"))
_erase_act_texts = (
    update(audit_text)
    .where(audit_text.c.scope == bindparam("of"), audit_text.c.seq == bindparam("at_seq"))
    .values(text=None, salt=None)
)
_act_data = select(audit.c.data).where(audit.c.scope == bindparam("of"), audit.c.seq == bindparam("at_seq"))
_waiting = (
    select(batch_item.c.instance_id)
    .where(batch_item.c.batch_id == bindparam("of"), batch_item.c.state == int(ItemState.OPEN))
    .limit(1)
)
_erase_batch = update(batch).where(batch.c.id == bindparam("of")).values(reason="")
_erase_review = (
    update(draft_review)
    .where(
        draft_review.c.path == bindparam("of"),
        draft_review.c.digest == bindparam("wanted"),
        draft_review.c.opinion == bindparam("words"),
    )
    .values(opinion="")
)
_asked_with = (
    select(
        work_item.c.id, work_item.c.kind, work_item.c.parent_id, work_item.c.supersedes_id, work_item.c.assignee_id,
        work_item.c.created_at,
    )
    .where(work_item.c.instance_id == bindparam("of"), work_item.c.reason == bindparam("words"))
    .order_by(work_item.c.created_at, work_item.c.id)
)  # fmt: skip
_erase_why = update(work_item).where(work_item.c.id == bindparam("item")).values(reason=None)
_erase_void = (
    update(work_item)
    .where(work_item.c.id == bindparam("item"), work_item.c.void_reason == bindparam("words"))
    .values(void_reason=None)
)
_erase_copies = (
    update(work_item)
    .where(
        work_item.c.instance_id == bindparam("of"), work_item.c.kind == int(ItemKind.COPY),
        work_item.c.assignee_id.in_(bindparam("readers", expanding=True)), work_item.c.reason == bindparam("words"),
    )
    .values(reason=None)
)  # fmt: skip
_COPYING = ("copy.sent", "people.admitted")
"""the acts whose words stand beside the copies that they send"""
_ASKING = ("task.transferred", "task.delegated", "task.signers_added")
"""the acts whose words stand beside the tasks that they make"""
_OF_EMERGENCY = ("policy.emergency_asked", "policy.emergency_signed")
"""the acts of an emergency of which the chain of its request tells too"""
_erase_turned = (
    update(policy_grant)
    .where(policy_grant.c.id == bindparam("turned"), policy_grant.c.state_reason == bindparam("words"))
    .values(state_reason=None)
)


def erased(uow: UnitOfWork, instance_id: UUID) -> bool:
    """Whether nothing of its forms is left."""
    return uow.execute(_erased_at, {"of": instance_id}).scalar() is not None


def refuse_erased(uow: UnitOfWork, found: Instance, act: str) -> None:
    """Nobody writes into a request that was erased: it could never be erased again. Raises NotPossibleNow."""
    if erased(uow, found.id):
        raise NotPossibleNow(act=act, instance=found.number or found.id, reason=N_("it was erased already"))


def erase_opinion(uow: UnitOfWork, work_item_id: UUID, reason: str) -> None:
    """Delete what somebody has written beside a decision, and where the decision was carried to; the decision stands.

    The reason stays on record. What was told before (a message, an exported file, a print) is out of reach.

    Raises NotFound (no such decision, or nothing is written beside it), InvalidValue (no reason), Forbidden.
    """
    identity.require(uow, "admin")
    if blank(reason):
        raise InvalidValue(expected=N_("a reason"), found=N_("none"))
    row = uow.execute(_of_item, {"item": work_item_id}).first()
    if row is None or row.opinion is None:
        raise NotFound(kind="opinion", key=work_item_id)
    instance = uow.lock_instance(row.instance_id)
    uow.execute(_erase, {"of": row.instance_id, "click": click_of(row)})
    digest = history.text_digest(row.opinion, row.opinion_salt)
    data = {"item": str(work_item_id), "opinion_digest": digest}
    history.record(uow, instance, "opinion.erased", data=data, texts={"reason": reason.strip()})


def erase_text(uow: UnitOfWork, instance_id: UUID, seq: int, reason: str) -> None:
    """Delete what somebody has written with an act (why he withdrew, handed over, refused …), and beside the tasks that
    this act has made; the act stands, and so do the same words of another act.

    `seq`: the number of the act in the timeline. The reason stays on record. What was told before (a message, an
    exported file, a print) is out of reach.

    Raises NotFound (no such act, or nothing is written beside it), InvalidValue (no reason), Forbidden.
    """
    identity.require(uow, "admin")
    if blank(reason):
        raise InvalidValue(expected=N_("a reason"), found=N_("none"))
    instance = uow.lock_instance(instance_id)
    kept = uow.execute(_texts_of, {"of": instance_id, "at_seq": seq}).all()
    if not kept:
        raise NotFound(kind="text", key=f"{instance_id} {seq}")
    uow.execute(_erase_texts, {"of": instance_id, "at_seq": seq})
    (act,) = history.timeline(uow, instance_id, after=seq - 1, limit=1)
    for row in kept:
        for item in _asked_by(uow, instance_id, act, row.text):
            uow.execute(_erase_why, {"item": item})
        if act.kind in _COPYING:
            readers = [UUID(key) for key in act.data["to"]]
            uow.execute(_erase_copies, {"of": instance_id, "readers": readers, "words": row.text})
        if act.kind == "task.refused":
            uow.execute(_erase_void, {"item": UUID(act.data["item"]), "words": row.text})
        if act.kind.startswith("approval."):
            for turned in act.data["grants"]:
                uow.execute(_erase_turned, {"turned": UUID(turned), "words": row.text})
    data = {"seq": seq, "names": sorted(row.name for row in kept)}
    history.record(uow, instance, "text.erased", data=data, texts={"reason": reason.strip()})


def erase_act(uow: UnitOfWork, scope: str, seq: int, reason: str) -> None:
    """Delete what somebody has written with an act outside requests (why a batch, what a review says); the act stands.

    `seq`: the number of the act in its chain, `scope`: whose it is. The reason stays on record. The same words are
    deleted in the row of the version of a policy or of the emergency, and beside the other acts that tell of it.
    The reason of a batch stands beside each instance that it has carried over too: `erase_text` erases it there.

    Raises NotFound (no such act, or nothing is written beside it), InvalidValue (no reason; a batch that is not
    finished; a policy or an emergency that somebody else still has to decide on), Forbidden.
    """
    identity.require(uow, "admin")
    if blank(reason):
        raise InvalidValue(expected=N_("a reason"), found=N_("none"))
    kept = uow.execute(_act_texts_of, {"of": scope, "at_seq": seq}).all()
    if not kept:
        raise NotFound(kind="text", key=f"{scope} {seq}")
    about = uow.execute(_act_data, {"of": scope, "at_seq": seq}).scalar_one()
    if "batch" in about:
        if uow.execute(_waiting, {"of": UUID(about["batch"])}).first() is not None:
            expected = N_("the batch to be finished")
            raise InvalidValue(expected=expected, found=N_("instances that have not been carried over yet"))
        uow.execute(_erase_batch, {"of": UUID(about["batch"])})
    if scope == audit_room.POLICY_SCOPE and about.keys() & {"emergency", "version"}:
        _erase_with_policy(uow, audit_room.copy_key(about), {row.text for row in kept}, seq, reason.strip())
    uow.execute(_erase_act_texts, {"of": scope, "at_seq": seq})
    if "digest" in about:
        for row in kept:
            uow.execute(_erase_review, {"of": about["path"], "wanted": about["digest"], "words": row.text})
    data = {"seq": seq, "names": sorted(row.name for row in kept)}
    history.act(uow, scope, "text.erased", data, texts={"reason": reason.strip()})


def _erase_with_policy(uow: UnitOfWork, key: tuple[str, ...], words: set[str], seq: int, reason: str) -> None:
    """The same words in its row, beside its other acts and beside those of an emergency in the chain of its request."""
    if len(key) == 1:
        row = uow.execute(select(break_glass).where(break_glass.c.id == UUID(key[0]))).one()
        instance = uow.lock_instance(row.instance_id)
        if row.state == "asked":
            raise InvalidValue(expected=N_("an emergency that is decided"), found=N_("people who have to read why"))
        acts = [act for kind in _OF_EMERGENCY for act in history.timeline(uow, instance.id, kind=kind)]
        of_this = {act.seq for act in acts if act.data["emergency"] == key[0]}
        for place in uow.execute(_kept_of, {"of": instance.id}).all():
            if place.seq in of_this and place.text in words:
                erase_text(uow, instance.id, place.seq, reason)
        gone: dict[str, str | None] = {"reason": ERASED} if row.reason in words else {}
        if row.review in words:
            gone["review"] = None
        change = update(break_glass).where(break_glass.c.id == row.id)
    else:
        stated = (policy_version.c.policy_id == key[0]) & (policy_version.c.version == int(key[1]))
        row = uow.execute(select(policy_version).where(stated)).one()
        if row.state == "proposed" or (row.state == "active" and row.retire_reason in words):
            raise InvalidValue(expected=N_("a proposal that is decided"), found=N_("people who have to read why"))
        gone = {"reason": ""} if row.reason in words else {}
        if row.retire_reason in words:
            gone["retire_reason"] = None
        change = update(policy_version).where(stated)
    if gone:
        uow.execute(change.values(gone))
    for other in uow.execute(_act_kept_of, {"of": audit_room.POLICY_SCOPE}).all():
        if other.seq == seq or other.text not in words:
            continue
        about = uow.execute(_act_data, {"of": audit_room.POLICY_SCOPE, "at_seq": other.seq}).scalar_one()
        if about.keys() & {"emergency", "version"} and audit_room.copy_key(about) == key:
            uow.execute(_erase_act_texts, {"of": audit_room.POLICY_SCOPE, "at_seq": other.seq})
            data = {"seq": other.seq, "names": [other.name]}
            history.act(uow, audit_room.POLICY_SCOPE, "text.erased", data, texts={"reason": reason})


def written_with_acts(uow: UnitOfWork, scope: str) -> list[tuple[int, str, str]]:
    """(number of the act, name, text) of what people have written with acts of a scope and nobody has erased."""
    return [(row.seq, row.name, row.text) for row in uow.execute(_act_kept_of, {"of": scope})]


def written(uow: UnitOfWork, instance_id: UUID) -> list[tuple[int, str, str]]:
    """(number of the act, name, text) of what people have written with their acts and nobody has erased."""
    return [(row.seq, row.name, row.text) for row in uow.execute(_kept_of, {"of": instance_id})]


def _asked_by(uow: UnitOfWork, instance_id: UUID, act: history.Entry, words: str) -> list[UUID]:
    """The tasks that ask somebody with the words of this act, and those that came after them with the same words: taken
    over, recalled, carried into another round. One that no act can be found for counts too: better too much is erased
    than too little.
    """
    if act.kind not in _ASKING:
        return []
    acts = [one for kind in _ASKING for one in history.timeline(uow, instance_id, kind=kind)]
    owner: dict[UUID, int | None] = {}
    latest: dict[tuple[int, UUID | None], int] = {}
    for item in uow.execute(_asked_with, {"of": instance_id, "words": words}):
        place = (item.kind, item.assignee_id)
        by = next((one.seq for one in acts if _made(one, item)), owner.get(item.supersedes_id) or latest.get(place))
        owner[item.id] = by
        if by is not None:
            latest[place] = by
    return [item for item, by in owner.items() if by in (act.seq, None)]


def _made(act: history.Entry, item: Any) -> bool:
    if act.kind != "task.signers_added":
        return bool(str(item.id) == act.data["item"])
    added = str(item.parent_id) == act.data["item"] and str(item.assignee_id) in act.data["who"]
    return added and bool(item.created_at == act.at)
