"""How long ended requests stay (troika:retention): what is over, who still holds it, and erasing it.

Erased is what people wrote: the form and the contents of its files, opinions, reasons, comments, and what messages,
events for other systems, answers of operations and incidents said of them. Facts and their digests stay, and with them
number, business key, names of files and attachments: the record proves itself as before. A request on which a payment
stands stays whole.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, bindparam, delete, exists, or_, select, type_coerce, update

from engine import documents, history, identity, repository, runtime
from engine.bpmn import timers
from engine.db.base import metadata
from engine.db.effect import effect
from engine.db.history import history as history_table
from engine.db.instance import instance, instance_field, instance_label
from engine.db.job import JobKind, incident, job
from engine.db.notice import DeliveryState, notice_delivery
from engine.db.policy import clearance, policy_grant
from engine.db.subscription import message, message_receiver
from engine.db.task import ItemKind, task_comment, work_item
from engine.db.webhook import webhook_delivery
from engine.errors import N_, Forbidden, InvalidValue, NotFound, NotPossibleNow, Phrase, Title
from engine.forms import Permissions
from engine.identity import Group, User
from engine.repository import Retention
from engine.runtime import correlation, later
from engine.tasks import titles
from engine.tasks.erasing import erase_opinion, erase_text, erased, written
from engine.tasks.working import may_see, sights
from engine.unit_of_work import UnitOfWork
from engine.values import blank

RELEASED, ERASED = "retention.released", "retention.erased"
_ACTS = (RELEASED, ERASED, "text.erased", "opinion.erased")
"""acts of keeping and erasing: why they were done stays"""
PAGE = 50
LONGEST = 12_000
"""months; versions of before may say more"""
_needed = or_(*(exists().where(table.c.instance_id == instance.c.id) for table in (policy_grant, clearance)))
_released = exists().where(history_table.c.instance_id == instance.c.id, history_table.c.kind == RELEASED)
_one = select(
    instance.c.id, instance.c.definition_id, instance.c.number, instance.c.title, instance.c.process_key,
    instance.c.summary, instance.c.starter_id, instance.c.ended_at, instance.c.erased_at, _needed.label("needed"),
    _released.label("released"),
)  # fmt: skip
_of_id = _one.where(instance.c.id == bindparam("of"))
_in_order = _one.order_by(instance.c.ended_at, instance.c.id)
_place = select(instance.c.ended_at, instance.c.id).where(instance.c.id == bindparam("of"))
_opinion = (
    select(work_item.c.id)
    .where(
        work_item.c.instance_id == bindparam("of"), work_item.c.opinion.is_not(None),
        work_item.c.decided_at.is_not(None),
    )
    .limit(1)
)  # fmt: skip
_items = select(work_item.c.id).where(work_item.c.instance_id == bindparam("of"))
_unspoken = (
    update(work_item)
    .where(work_item.c.instance_id == bindparam("of"), work_item.c.decided_at.is_(None))
    .values(opinion=None, opinion_salt=None, draft=None)
)
_uncopied = (
    update(work_item)
    .where(work_item.c.instance_id == bindparam("of"), work_item.c.kind == int(ItemKind.COPY))
    .values(reason=None)
)
_mark = update(instance).where(instance.c.id == bindparam("row")).values(erased_at=bindparam("at"))
_unsent = select(webhook_delivery.c.job_id).where(
    webhook_delivery.c.instance_id == bindparam("of"), webhook_delivery.c.sent_at.is_(None)
)
_unsend = delete(job).where(job.c.id.in_(_unsent))
_drop = (
    update(webhook_delivery)
    .where(webhook_delivery.c.instance_id == bindparam("of"), webhook_delivery.c.sent_at.is_(None))
    .values(standing="dropped")
)
_untell = update(webhook_delivery).where(webhook_delivery.c.instance_id == bindparam("of")).values(body="", answer="")
_unexplain = (
    update(incident)
    .where(incident.c.instance_id == bindparam("of"))
    .values(message=incident.c.code, detail=None, resolution=None)
)  # fmt: skip
_unanswer = update(effect).where(effect.c.instance_id == bindparam("of")).values(response=None)
_unsay = (
    update(message)
    .where(message.c.source == bindparam("sender"))
    .values(correlation_key="", payload={}, expires_at=bindparam("at"))
)
_heard = select(message_receiver.c.message_id).where(message_receiver.c.instance_id == bindparam("of"))
_on_its_way = exists().where(
    job.c.kind == int(JobKind.MESSAGE), type_coerce(job.c.payload, Text).contains(bindparam("named"))
)
_unhear = update(message).where(message.c.id == bindparam("row")).values(correlation_key="", payload={})
_unplan = delete(job).where(
    or_(
        and_(job.c.instance_id == bindparam("of"), job.c.kind != int(JobKind.BATCH_ITEM)),
        job.c.id.in_(select(notice_delivery.c.id).where(notice_delivery.c.instance_id == bindparam("of"))),
    )
)
_uncollect = (
    update(notice_delivery)
    .where(notice_delivery.c.instance_id == bindparam("of"), notice_delivery.c.state == int(DeliveryState.WAITING))
    .values(state=int(DeliveryState.DROPPED), reason="the request was erased", collected=None)
)
_silence = (
    update(task_comment).where(task_comment.c.instance_id == bindparam("of")).values(text="", mentions=None)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long a request is kept. `until` None: it has not ended. `legal`: the group that must release it, `released`:
    it has; `group`: the one of that name, if there is one; `needed`: a payment or another guarded operation stands
    on it.
    """

    instance_id: UUID
    definition_id: UUID
    number: str | None
    title: str
    process_key: str
    summary: dict[str, Any] | None
    ended_at: datetime | None
    until: datetime | None
    legal: str | None
    group: Group | None
    released: bool
    needed: bool
    erased_at: datetime | None = None

    @property
    def keeper(self) -> Title:
        """The name of the group, in the reader's language where it is shown."""
        if self.group is None:
            return Title(self.legal or "", {})
        return self.group.title

    @property
    def held(self) -> bool:
        """Its group has not released it."""
        return self.legal is not None and not self.released


@dataclass(frozen=True, slots=True)
class Erasure:
    """That what people wrote in a request was erased. `by` None: the system. `reason`: the ground that was given."""

    at: datetime
    by: User | None
    reason: str


@dataclass(frozen=True, slots=True)
class Over:
    """Requests whose time is over, the longest ended first. `next`: after which one the next page begins, if any."""

    items: list[Keeping]
    next: UUID | None


def over(uow: UnitOfWork, *, kept: bool = False, after: UUID | None = None, limit: int = PAGE) -> Over:
    """Those that may be erased now; `kept`: those that their group holds still or that a payment stands on."""
    said = repository.retentions(uow)
    may_go = and_(~_needed, or_(_released, instance.c.definition_id.in_(_free(said))))
    return _page(uow, said, [~may_go if kept else may_go], after, limit)


def to_release(uow: UnitOfWork, *, after: UUID | None = None, limit: int = PAGE) -> Over:
    """Those that wait for a group of the actor, but for his own."""
    mine, actor = releasing(uow), uow.actor.user_id
    if not mine or actor is None:
        return Over([], None)
    own = instance.c.starter_id.in_(identity.accounts_of(uow, actor))
    found = _page(uow, mine, [~_released, or_(instance.c.starter_id.is_(None), ~own)], after, limit)
    allowed = sights(uow, [one.instance_id for one in found.items])
    return replace(found, items=[_seen(uow, one, allowed[one.instance_id]) for one in found.items])


def releasing(uow: UnitOfWork) -> list[Retention]:
    """Of the versions of processes that name a group of the actor."""
    actor = uow.actor.user_id
    if actor is None:
        return []
    return [one for one in repository.retentions(uow) if repository.of_group(uow, one.legal, actor)]


def keeping(uow: UnitOfWork, instance_id: UUID) -> Keeping | None:
    """Of one request; None where its process says nothing. Raises NotFound."""
    row = uow.execute(_of_id, {"of": instance_id}).first()
    if row is None:
        raise NotFound(kind="instance", key=instance_id)
    said = repository.retention(uow, row.definition_id)
    return None if said is None else _keeping(uow, row, said, _groups(uow, [said]).get(said.legal))


def erasure(uow: UnitOfWork, instance_id: UUID) -> Erasure | None:
    """Of one request; None: it was not erased."""
    told = history.timeline(uow, instance_id, kind=ERASED, limit=1) if erased(uow, instance_id) else []
    for fact in told:
        by = identity.find(uow, [fact.actor_id] if fact.actor_id else [])
        return Erasure(fact.at, by[0] if by else None, fact.data.get("reason", ""))
    return None


def may_release(uow: UnitOfWork, instance_id: UUID) -> bool:
    """Whether `release` is open to the actor now."""
    kept = keeping(uow, instance_id)
    if kept is None or kept.until is None or kept.until > uow.now or kept.erased_at is not None:
        return False
    return kept.held and _releases(uow, instance_id)


def tell_due(uow: UnitOfWork, instance_id: UUID) -> bool:
    """Put on record, once, that the time of a request is over and its group may release it; they are told of that.

    False: there is nothing to tell. What has been woken and ended later is put off until its time is over.
    """
    found = uow.lock_instance(instance_id)
    kept = keeping(uow, instance_id)
    if kept is None or kept.until is None or kept.erased_at is not None or not kept.held:
        return False
    if kept.until > uow.now:
        payload = {"instance": str(instance_id)}
        later.put(uow, JobKind.MAINTENANCE, repository.RELEASE_DUE, payload, at=kept.until)
        return False
    told = history.timeline(uow, instance_id, kind=repository.RELEASE_DUE)
    if kept.ended_at is not None and any(fact.at > kept.ended_at for fact in told):
        return False
    own = set() if found.starter_id is None else identity.accounts_of(uow, found.starter_id)
    people = [] if kept.group is None else identity.members_of(uow, [kept.group.id])
    tell = [str(person.id) for person in people if person.id not in own]
    history.record(uow, found, repository.RELEASE_DUE, data={"tell": tell})
    return True


def release(uow: UnitOfWork, instance_id: UUID, reason: str) -> None:
    """By one of the group that the process names as `legal`, and not its requester: what it holds may be erased. Once
    its time is over.

    Raises NotPossibleNow, Forbidden, InvalidValue.
    """
    found = uow.lock_instance(instance_id)
    kept = _due(uow, instance_id, N_("release"), reason)
    if not _releases(uow, instance_id):
        raise Forbidden(actor=_name(uow), act=N_("release what is kept"))
    if kept.released:
        raise _refused(N_("release"), kept, N_("it was released already"))
    history.record(uow, found, RELEASED, texts={"reason": reason.strip()})


def erase_request(uow: UnitOfWork, instance_id: UUID, reason: str) -> None:
    """Erase what people wrote in a request whose time is over. By an administrator; the reason stays on record.

    Number and business key stay: the first fact of the record holds them. What was sent outside (a mail, an exported
    file, a print) is out of reach, and so are records of data modules: they are books of their own. A message that
    another request has still to receive stays until it has.

    Raises NotPossibleNow (kept still, held, or a payment stands on it), Forbidden, InvalidValue.
    """
    identity.require(uow, "admin")
    found = uow.lock_instance(instance_id)
    kept = _due(uow, instance_id, N_("erase"), reason)
    if kept.held:
        raise _refused(N_("erase"), kept, Phrase(N_("group '{group}' has not released it"), group=kept.keeper))
    if kept.needed:
        raise _refused(N_("erase"), kept, N_("a payment or another guarded operation stands on it"))
    own = {act.seq for act in history.timeline(uow, instance_id, limit=100_000) if act.kind in _ACTS}
    texts = {seq for seq, _, _ in written(uow, instance_id)} - own
    for seq in sorted(texts):
        erase_text(uow, instance_id, seq, reason)
    opinions = 0
    while (item := uow.execute(_opinion, {"of": instance_id}).scalar()) is not None:
        erase_opinion(uow, item, reason)
        opinions += 1
    runtime.empty(uow, found)
    for statement in (
        _unspoken,
        _uncopied,
        _silence,
        _unsend,
        _drop,
        _untell,
        _unexplain,
        _unplan,
        _uncollect,
        _unanswer,
    ):
        uow.execute(statement, {"of": instance_id})
    for key in uow.execute(_heard, {"of": instance_id}).scalars().all():
        if not uow.execute(select(_on_its_way), {"named": str(key)}).scalar():
            uow.execute(_unhear, {"row": key})
    uow.execute(_unsay, {"sender": correlation.sent_by(instance_id), "at": uow.now})
    for table in (instance_field, instance_label):
        uow.execute(delete(table).where(table.c.instance_id == instance_id))
    _empty_messages(uow, instance_id, repository.definition(uow, found.definition_id).name)
    uow.execute(_mark, {"row": instance_id, "at": uow.now})
    documents.empty(uow, instance_id)
    data = {
        "texts": len(texts),
        "opinions": opinions,
        "until": kept.until.isoformat() if kept.until else None,
    }
    history.record(uow, found, ERASED, data=data, texts={"reason": reason.strip()})


# ---------------------------------------------------------------- private


def _page(
    uow: UnitOfWork, said: Sequence[Retention], wanted: list[ColumnElement[bool]], after: UUID | None, limit: int
) -> Over:
    """Of the versions that say so; one page in as many statements as a short one."""
    of = {one.definition_id: one for one in said}
    periods: dict[str, list[UUID]] = {}
    for one in said:
        periods.setdefault(one.after, []).append(one.definition_id)
    due = [
        and_(instance.c.definition_id.in_(versions), instance.c.ended_at <= latest)
        for period, versions in periods.items()
        if (latest := _ended_by(uow, period)) is not None
    ]
    if not due:
        return Over([], None)
    query = _in_order.where(or_(*due), instance.c.erased_at.is_(None), *wanted).limit(limit + 1)
    if after is not None and (place := uow.execute(_place, {"of": after}).first()) is not None:
        later, same = instance.c.ended_at > place.ended_at, instance.c.ended_at == place.ended_at
        query = query.where(or_(later, and_(same, instance.c.id > place.id)))
    rows = uow.execute(query).all()
    groups = _groups(uow, said)
    kept = [(row, of[row.definition_id]) for row in rows[:limit]]
    items = [_keeping(uow, row, one, groups.get(one.legal)) for row, one in kept]
    return Over(items, rows[limit - 1].id if len(rows) > limit else None)


def _seen(uow: UnitOfWork, kept: Keeping, allowed: Permissions) -> Keeping:
    """As the actor may read it."""
    name = repository.definition(uow, kept.definition_id).name
    read = {field: value for field, value in (kept.summary or {}).items() if allowed.on(field) != "hidden"}
    return replace(kept, title=titles.shown(uow, kept.definition_id, kept.title, name, allowed), summary=read)


def _groups(uow: UnitOfWork, said: Sequence[Retention]) -> dict[str | None, Group]:
    """By the word that names them: key or id."""
    found = identity.find_groups(uow, {one.legal for one in said})
    return {word: group for group in found for word in (group.key, str(group.id))}


def _free(said: Sequence[Retention]) -> list[UUID]:
    return [one.definition_id for one in said if one.legal is None]


def _ended_by(uow: UnitOfWork, period: str) -> datetime | None:
    """The latest end, to the second, whose time is over now: months have no one length, so it is looked for. None:
    nothing that has a date can have ended so long ago.
    """
    duration = timers.duration_of(period)
    if duration is None or isinstance(duration, timedelta):
        return uow.now - (duration or timedelta())
    if duration.months > LONGEST:
        return None
    first = uow.now - timedelta(days=31 * duration.months + 2)
    seconds = range(int(timedelta(days=3 * duration.months + 4).total_seconds()))
    zone = uow.settings.timezone
    passed = bisect_right(
        seconds, uow.now, key=lambda second: timers.later(first + timedelta(seconds=second), duration, zone)
    )
    return first + timedelta(seconds=passed - 1)


def _keeping(uow: UnitOfWork, row: Any, said: Retention, group: Group | None) -> Keeping:
    return Keeping(
        row.id, row.definition_id, row.number, row.title, row.process_key, row.summary, row.ended_at,
        repository.kept_until(uow, row), said.legal, group, said.legal is not None and row.released, row.needed,
        row.erased_at,
    )  # fmt: skip


def _releases(uow: UnitOfWork, instance_id: UUID) -> bool:
    actor = uow.actor.user_id
    row = uow.execute(_of_id, {"of": instance_id}).one()
    if actor is None or not repository.keeps(uow, row, actor) or not may_see(uow, instance_id):
        return False
    return row.starter_id not in identity.accounts_of(uow, actor)


def _empty_messages(uow: UnitOfWork, instance_id: UUID, process: str) -> None:
    """What people were told inside the product: rows of module `notification`, if it is there. Those of the engine hold
    the title of the request beside their line; what a drawing sends is words of the form as a whole.
    """
    table = metadata.tables.get("notification_notice")
    if table is None:
        return
    items = uow.execute(_items, {"of": instance_id}).scalars()
    links = [f"/requests/{instance_id}", *(f"/inbox/{item}" for item in items)]
    uow.execute(update(table).where(table.c.link.in_(links)).values(text=""))
    drawn = update(table).where(table.c.instance_id == instance_id)
    uow.execute(drawn.values(title=process, text=""))


def _due(uow: UnitOfWork, instance_id: UUID, act: str, reason: str) -> Keeping:
    """How a request is kept whose time is over and that is not erased yet."""
    if blank(reason):
        raise InvalidValue(expected=N_("a reason"), found=N_("none"))
    kept = keeping(uow, instance_id)
    if kept is None:
        raise NotPossibleNow(act=act, instance=instance_id, reason=N_("its process does not say how long it is kept"))
    if kept.until is None:
        raise _refused(act, kept, N_("it has not ended") if kept.ended_at is None else N_("it is kept for good"))
    if kept.until > uow.now:
        day = kept.until.astimezone(uow.settings.zone).date()
        raise _refused(act, kept, Phrase(N_("it is kept until {day}"), day=day))
    if kept.erased_at is not None:
        raise _refused(act, kept, N_("it was erased already"))
    return kept


def _refused(act: str, kept: Keeping, reason: str) -> NotPossibleNow:
    return NotPossibleNow(act=act, instance=kept.number or kept.instance_id, reason=reason)


def _name(uow: UnitOfWork) -> str:
    return next(iter(identity.names(uow, [uow.actor.user_id]).values()), "Nobody")
