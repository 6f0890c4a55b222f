"""troika:hook: other systems are told by signed CloudEvents; what they answer changes nothing here.

An event is planned by the job that tells of a transaction, sent by a job of its own with no transaction open, and
kept, so that it can be sent again. Headers: `Troika-Timestamp` (seconds since 1970) and `Troika-Signature`
(`v1=` and the hexadecimal HMAC-SHA256 of `<timestamp>.<body>` under the secret of the receiver; two of them, separated
by a comma, for a day after the secret was changed). A receiver refuses what is older than five minutes and ids that it
has seen.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update

from engine import forms, history, identity, ids, incidents, repository, runtime, tasks, values, webhooks
from engine.approvals import rounds
from engine.db.instance import Instance
from engine.db.job import JobKind, JobState, job
from engine.db.task import ItemKind, RoundStatus, user_task, work_item
from engine.db.webhook import webhook_delivery
from engine.errors import (
    N_,
    InvalidValue,
    NotFound,
    OutboundRejected,
    Phrase,
    ReceiverOff,
    ReceiverUnknown,
    WebhookUnderWay,
)
from engine.history import Entry
from engine.notices import fields
from engine.outbound import Answer, Outbound, OutboundFailed
from engine.runtime import later
from engine.unit_of_work import UnitOfWork

SEND, DROP = BACKLOGS = ("send", "drop")
RETRY = "PT10S,PT1M,PT10M,PT1H,PT6H,PT24H"
SENT, WAITING, FAILED, HELD, DROPPED = STATES = ("sent", "waiting", "failed", "held", "dropped")
OFF = "receiver off"
"""handler of the job that tells administrators"""
CREATE, ASSIGN, DECIDE, END = "create", "assign", "decide", "end"
TYPES = {
    CREATE: "cn.troika.task.created.v1", ASSIGN: "cn.troika.task.assigned.v1",
    DECIDE: "cn.troika.task.decided.v1", END: "cn.troika.task.ended.v1",
}  # fmt: skip
STARTED, ENDED = "cn.troika.instance.started.v1", "cn.troika.instance.ended.v1"
_ANSWER_SHOWN = 200
_ASSIGNED = ("task.claimed", "task.transferred", "task.delegated", "task.signers_added", "task.handed_over")

_round = select(user_task).where(user_task.c.id == bindparam("round_id"))
_round_at = (
    select(user_task)
    .where(
        user_task.c.instance_id == bindparam("of"), user_task.c.node == bindparam("at_node"),
        user_task.c.token == bindparam("waited"),
    )
    .order_by(user_task.c.id.desc())
    .limit(1)
)  # fmt: skip
_items = select(work_item).where(
    work_item.c.user_task_id == bindparam("round_id"), work_item.c.kind != int(ItemKind.COPY)
)
_known = select(webhook_delivery.c.id).where(webhook_delivery.c.id == bindparam("key"))
_delivery = select(webhook_delivery).where(webhook_delivery.c.id == bindparam("key"))
_locked = _delivery.with_for_update()
_insert = insert(webhook_delivery)
_tried = (
    update(webhook_delivery)
    .where(webhook_delivery.c.id == bindparam("key"))
    .values(attempts=webhook_delivery.c.attempts + 1, status_code=bindparam("code"), answer=bindparam("told"),
            tried_at=bindparam("now"), sent_at=bindparam("sent"))
)  # fmt: skip
_again = update(webhook_delivery).where(webhook_delivery.c.id == bindparam("key"))
_hold = update(webhook_delivery).where(webhook_delivery.c.id == bindparam("key")).values(standing=HELD)
_held_back = (
    select(webhook_delivery.c.receiver, func.count().label("number"))
    .where(webhook_delivery.c.standing == HELD)
    .group_by(webhook_delivery.c.receiver)
)
_backlog = (
    select(webhook_delivery.c.id, webhook_delivery.c.job_id, job.c.state.label("job_state"))
    .outerjoin(job, job.c.id == webhook_delivery.c.job_id)
    .where(
        webhook_delivery.c.receiver == bindparam("whose"), webhook_delivery.c.sent_at.is_(None),
        or_(
            webhook_delivery.c.standing == HELD,
            and_(job.c.state == int(JobState.DEAD), webhook_delivery.c.tried_at >= bindparam("since")),
        ),
    )
    .order_by(webhook_delivery.c.at, webhook_delivery.c.id)
)  # fmt: skip
"""what a receiver has missed since it began to fail"""
_job_state = select(job.c.state).where(job.c.id == bindparam("row"))


@dataclass(frozen=True, slots=True)
class Happened:
    """One moment that a hook can name. `round`: row of the task, None for the request itself."""

    moment: str
    fact: Entry
    round: Any = None

    @property
    def type(self) -> str:
        """As CloudEvents names it."""
        if self.round is not None:
            return TYPES[self.moment]
        return STARTED if self.moment == CREATE else ENDED


@dataclass(frozen=True, slots=True)
class Signed:
    """Ready to be sent."""

    url: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one receiver. `state`: one of STATES; `next_at`: of the attempt that it waits for.

    held: its receiver is switched off; dropped: when it was switched on, somebody did not want it sent any more.
    """

    id: UUID
    event_id: UUID
    instance_id: UUID
    receiver: str
    url: str
    type: str
    node: str | None
    body: str
    state: str
    attempts: int
    status_code: int | None
    answer: str
    at: datetime
    sent_at: datetime | None
    next_at: datetime | None


# ---------------------------------------------------------------- planning


def plan(uow: UnitOfWork, instance: Instance, facts: Sequence[Entry]) -> int:
    """Queue what drawings tell other systems of these facts; returns how many events there are that were not known."""
    planned = 0
    own = repository.program(uow, instance.definition_id).hooks
    for happened in _happened(uow, instance, facts):
        hooks = [] if happened.round is None else list(rounds.load(happened.round).hooks)
        if happened.round is None or happened.moment in (ASSIGN, DECIDE):
            hooks += own
        receivers = {(hook["url"], hook["secret"]) for hook in hooks if happened.moment in hook["on"]}
        if receivers:
            event_id = ids.named("event", instance.id, happened.fact.seq, happened.moment)
            body = json.dumps(_event(uow, instance, event_id, happened), ensure_ascii=False, separators=(",", ":"))
            planned += sum(_plan(uow, instance, event_id, happened, body, *one) for one in sorted(receivers))
    return planned


def _plan(
    uow: UnitOfWork, instance: Instance, event_id: UUID, happened: Happened, body: str, url: str, receiver: str
) -> int:
    key = ids.named("webhook", event_id, receiver, url)
    if uow.read_one(_known, {"key": key}) is not None:
        return 0
    row = {
        "id": key, "event_id": event_id, "instance_id": instance.id, "receiver": receiver, "url": url,
        "type": happened.type, "node": None if happened.round is None else happened.fact.node, "body": body,
        "job_id": key, "attempts": 0, "answer": "", "at": uow.now, "standing": "",
    }  # fmt: skip
    if webhooks.is_off(uow, receiver, until_the_end=True):
        uow.queue(_insert, row | {"standing": HELD})
        return 1
    uow.queue(_insert, row)
    later.put(uow, JobKind.WEBHOOK, receiver, {"delivery": str(key)}, key=key, retry=RETRY)
    return 1


def _happened(uow: UnitOfWork, instance: Instance, facts: Sequence[Entry]) -> Iterator[Happened]:
    for fact in facts:
        match fact.kind:
            case "instance.started":
                yield Happened(CREATE, fact)
            case "instance.ended":
                yield Happened(END, fact)
            case "task.opened" if found := _round_of(uow, fact):
                yield Happened(CREATE, fact, found)
                yield Happened(ASSIGN, fact, found)
            case "task.decided" if fact.data.get("unconfirmed"):
                continue  # no decision until the principal has confirmed it
            case "task.decided" | "task.confirmed" if found := _round_of(uow, fact):
                yield Happened(DECIDE, fact, found)
            case "node.left" if fact.token is not None:
                ended = uow.read_one(_round_at, {"of": instance.id, "at_node": fact.node, "waited": fact.token})
                if ended is not None:
                    yield Happened(END, fact, ended)
            case kind if kind in _ASSIGNED and (found := _round_of(uow, fact)):
                yield Happened(ASSIGN, fact, found)


def _round_of(uow: UnitOfWork, fact: Entry) -> Any:
    return uow.read_one(_round, {"round_id": UUID(fact.data["task"])}) if fact.data.get("task") else None


def _event(uow: UnitOfWork, instance: Instance, event_id: UUID, happened: Happened) -> dict[str, Any]:
    """CloudEvents 1.0, structured: no opinion, and of the form only what the drawing lets out (notify="true")."""
    site = urlsplit(uow.settings.site_url)
    subject = f"instances/{instance.id}"
    if happened.round is not None:
        subject += f"/tasks/{happened.round.id}"
    return {
        "specversion": "1.0", "id": str(event_id), "source": f"/troika/{site.hostname}", "type": happened.type,
        "subject": subject, "time": happened.fact.at.isoformat(), "datacontenttype": "application/json",
        "data": _data(uow, instance, happened),
    }  # fmt: skip


def _data(uow: UnitOfWork, instance: Instance, happened: Happened) -> dict[str, Any]:
    info = repository.definition(uow, instance.definition_id)
    title = tasks.shown_title(uow, info.id, instance.title, info.name, forms.permissions.HIDE_ALL)
    fact, found = happened.fact, happened.round
    data: dict[str, Any] = {
        "instance": str(instance.id), "process": instance.process_key, "version": info.version,
        "number": instance.number, "title": title,
        "link": f"{uow.settings.site_url.rstrip('/')}/requests/{instance.id}",
        "requester": _login(uow, instance.starter_id), "actor": _login(uow, fact.actor_id),
        "fields": {name: values.to_plain(value) for name, value in fields.marked(uow, instance, found).items()},
    }  # fmt: skip
    if found is None:
        if happened.moment == END:
            data["status"] = fact.data.get("status")
        return data
    work = rounds.load(found)
    data |= {"task": str(found.id), "node": found.node, "name": work.name, "names": dict(work.labels)}
    if happened.moment in (CREATE, ASSIGN):
        data["people"], data["groups"] = _asked(uow, found.id)
    if happened.moment == DECIDE:
        data |= {"decision": fact.data.get("decision"), "decidedBy": fact.data.get("decision_source")}
    if happened.moment == END:
        data |= {"status": RoundStatus(found.status).name.lower(), "outcome": found.outcome}
    return data


def _asked(uow: UnitOfWork, round_id: UUID) -> tuple[list[str], list[str]]:
    """Who has it to do now: logins, and keys of groups whose members may claim it."""
    open_items = [item for item in uow.execute(_items, {"round_id": round_id}) if item.status in rounds.OPEN]
    people = [_login(uow, item.assignee_id) for item in open_items if item.assignee_id is not None]
    groups = [identity.group(uow, item.group_id).key for item in open_items if item.group_id is not None]
    return sorted(str(one) for one in set(people)), sorted(set(groups))


def _login(uow: UnitOfWork, user_id: UUID | None) -> str | None:
    return None if user_id is None else identity.user(uow, user_id).login


# ---------------------------------------------------------------- sending


def prepare(uow: UnitOfWork, key: UUID) -> Signed | None:
    """The event, signed for this attempt; None, and held back, when its receiver is switched off.

    Raises ReceiverUnknown, SealBroken, NotFound.
    """
    row = uow.read_one(_delivery, {"key": key})
    if row is None:
        raise NotFound(kind="webhook delivery", key=key)
    receiver = webhooks.find(uow, row.receiver)
    if receiver is None:
        raise ReceiverUnknown(receiver=row.receiver)
    if webhooks.is_off(uow, row.receiver, until_the_end=True):
        uow.execute(_hold, {"key": key})
        return None
    body = row.body.encode()
    seconds = str(int(uow.now.timestamp()))
    headers = {
        "Content-Type": "application/cloudevents+json; charset=utf-8", "Troika-Timestamp": seconds,
        "Troika-Signature": ",".join(f"v1={sign(secret, seconds, body)}" for secret in receiver.secrets),
    }  # fmt: skip
    return Signed(row.url, body, headers)


def sign(secret: str, seconds: str, body: bytes) -> str:
    """As the receiver computes it to compare."""
    return hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()


def send(http: Outbound, signed: Signed) -> Answer:
    """Raises OutboundFailed for every answer but 2xx: whoever is refused today may be heard in an hour.

    Raises OutboundRefused for a host that is not allowed any more.
    """
    try:
        return http.post_bytes(signed.url, signed.body, headers=signed.headers)
    except OutboundRejected as error:
        raise OutboundFailed(str(error), error.facts["status_code"]) from error


def tried(uow: UnitOfWork, key: UUID, error: Exception) -> None:
    """Write down an attempt that failed; a receiver that fails for days is switched off, and somebody told."""
    code = error.status if isinstance(error, OutboundFailed) else None
    told = str(error)[:_ANSWER_SHOWN]
    uow.execute(_tried, {"key": key, "code": code, "told": told, "now": uow.now, "sent": None})
    row = uow.read_one(_delivery, {"key": key})
    if row is None or not isinstance(error, OutboundFailed):
        return  # it was not called at all
    switched_off = webhooks.failed(uow, row.receiver, told)
    if switched_off is not None:
        later.put(uow, JobKind.EVENT, OFF, {"receiver": str(switched_off)}, retry="PT10S,PT1M,PT10M,PT1H")


def delivered(uow: UnitOfWork, key: UUID, answer: Answer) -> None:
    """Write down that it has arrived."""
    told = answer.body[:_ANSWER_SHOWN]
    uow.execute(_tried, {"key": key, "code": answer.status, "told": told, "now": uow.now, "sent": uow.now})
    row = uow.read_one(_delivery, {"key": key})
    if row is not None:
        webhooks.arrived(uow, row.receiver)


# ---------------------------------------------------------------- looking and sending again


def deliveries(
    uow: UnitOfWork, *, state: str | None = None, receiver: str | None = None, instance_id: UUID | None = None,
    before: Delivery | tuple[datetime, UUID] | None = None, limit: int = 50,
) -> list[Delivery]:  # fmt: skip
    """What was or is to be sent, newest first; `before`: the last of the page before. Raises InvalidValue."""
    if state is not None and state not in STATES:
        raise InvalidValue(expected=Phrase(N_("one of {words}"), words=", ".join(STATES)), found=state)
    query = (
        select(webhook_delivery, job.c.state.label("job_state"), job.c.visible_at.label("next_at"))
        .outerjoin(job, job.c.id == webhook_delivery.c.job_id)
        .order_by(webhook_delivery.c.at.desc(), webhook_delivery.c.id.desc())
        .limit(limit)
    )
    if state == SENT:
        query = query.where(webhook_delivery.c.sent_at.is_not(None))
    elif state in (HELD, DROPPED):
        query = query.where(webhook_delivery.c.standing == state)
    elif state is not None:
        query = query.where(webhook_delivery.c.sent_at.is_(None), webhook_delivery.c.standing == "")
        live = job.c.state == int(JobState.LIVE)
        query = query.where(live) if state == WAITING else query.where(job.c.state.is_(None) | ~live)
    if receiver is not None:
        query = query.where(webhook_delivery.c.receiver == receiver)
    if instance_id is not None:
        query = query.where(webhook_delivery.c.instance_id == instance_id)
    if before is not None:
        at, key = (before.at, before.id) if isinstance(before, Delivery) else before
        same = (webhook_delivery.c.at == at) & (webhook_delivery.c.id < key)
        query = query.where((webhook_delivery.c.at < at) | same)
    return [_read(row) for row in uow.execute(query)]


def delivery(uow: UnitOfWork, key: UUID) -> Delivery:
    """One of them. Raises NotFound."""
    query = select(webhook_delivery, job.c.state.label("job_state"), job.c.visible_at.label("next_at"))
    query = query.outerjoin(job, job.c.id == webhook_delivery.c.job_id).where(webhook_delivery.c.id == key)
    row = uow.execute(query).one_or_none()
    if row is None:
        raise NotFound(kind="webhook delivery", key=key)
    return _read(row)


def again(uow: UnitOfWork, key: UUID) -> None:
    """Send the same event once more, signed anew; what had failed gets all its attempts back.

    Raises NotFound, WebhookUnderWay, ReceiverOff.
    """
    row = uow.read_one(_locked, {"key": key})
    if row is None:
        raise NotFound(kind="webhook delivery", key=key)
    if webhooks.is_off(uow, row.receiver):
        raise ReceiverOff(receiver=row.receiver)
    waits = uow.read_one(_job_state, {"row": row.job_id})
    if waits is not None and waits.state == JobState.LIVE:
        raise WebhookUnderWay(receiver=row.receiver)
    history.act(uow, "settings", "webhook.sent_again", {"delivery": str(key), "receiver": row.receiver})
    if waits is None:
        job_id = later.put(uow, JobKind.WEBHOOK, row.receiver, {"delivery": str(key)}, retry=RETRY)
        uow.queue(_again, {"key": key, "job_id": job_id, "sent_at": None, "standing": ""})
        return
    _retry(uow, row.job_id)


def held_back(uow: UnitOfWork) -> dict[str, int]:
    """By receiver, how many events wait for it to be switched on."""
    return {row.receiver: row.number for row in uow.execute(_held_back)}


def switch_on(uow: UnitOfWork, receiver_id: UUID, *, backlog: str) -> int:
    """The receiver is told again. `backlog`: what was held back or given up while it failed is sent | dropped; dropped
    events, and those that were given up, stay listed and can be sent one by one. Returns how many are sent or dropped.

    Raises NotFound, ReceiverStands, InvalidValue.
    """
    if backlog not in BACKLOGS:
        raise InvalidValue(expected=Phrase(N_("one of {words}"), words=", ".join(BACKLOGS)), found=backlog)
    found = webhooks.get(uow, receiver_id)
    since = found.failing_since or found.off_at
    name = webhooks.switch_on(uow, receiver_id)
    sending = backlog == SEND
    missed = uow.execute(_backlog, {"whose": name, "since": since or uow.now}).all()
    rows = [row for row in missed if sending or row.job_state is None]
    for row in rows:
        if row.job_state is None:
            job_id = row.job_id
            if sending:
                job_id = later.put(uow, JobKind.WEBHOOK, name, {"delivery": str(row.id)}, retry=RETRY)
            standing = "" if sending else DROPPED
            uow.queue(_again, {"key": row.id, "job_id": job_id, "sent_at": None, "standing": standing})
        else:
            _retry(uow, row.job_id)
    history.act(uow, "settings", "webhook.switched_on", {"name": name, "backlog": backlog, "events": len(rows)})
    return len(rows)


def forget(uow: UnitOfWork) -> None:
    """Events of long ago that nothing is left to do for, held ones too: nobody expects them any more."""
    old = webhook_delivery.c.at < uow.now - timedelta(days=uow.settings.webhook_keep_days)
    under_way = select(job.c.id).where(job.c.id == webhook_delivery.c.job_id).exists()
    uow.execute(delete(webhook_delivery).where(old, ~under_way))


def _retry(uow: UnitOfWork, job_id: UUID) -> None:
    incident = incidents.of_job(uow, job_id)
    if incident is None:
        runtime.retry_job(uow, job_id)
    else:
        runtime.resolve(uow, incident.id)


def _read(row: Any) -> Delivery:
    waits = row.sent_at is None and row.job_state == JobState.LIVE
    state = row.standing or (SENT if row.sent_at is not None else WAITING if waits else FAILED)
    found: Mapping[str, Any] = row._mapping
    plain = {name: found[name] for name in _PLAIN}
    return Delivery(**plain, state=state, next_at=row.next_at if waits else None)


_PLAIN = (
    "id", "event_id", "instance_id", "receiver", "url", "type", "node", "body", "attempts", "status_code", "answer",
    "at", "sent_at",
)  # fmt: skip
SAID = {
    SENT: N_("sent"), WAITING: N_("waiting"), FAILED: N_("failed"), HELD: N_("held back"), DROPPED: N_("dropped"),
}  # fmt: skip
"""the states, for people"""
