"""From a fact to the people who are told of it: one notice per event, item, recipient and channel."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, insert, or_, select

from engine import history, identity, ids, operations, outbox, repository, tasks, webhooks
from engine.approvals import rounds
from engine.db import rows
from engine.db.instance import Instance, Status
from engine.db.job import JobKind, job
from engine.db.notice import DeliveryState, notice_delivery, notice_robot
from engine.db.task import ItemKind, ItemStatus, RoundStatus, task_comment, user_task, work_item
from engine.history import Entry
from engine.notices import hooks, preferences
from engine.notices.events import (
    APP,
    DECISIONS,
    DIGEST,
    EVENTS,
    MAIL,
    PERSONAL_CHANNELS,
    POLICY,
    RECEIVER_OFF,
    ROBOT,
    STATUSES,
    TIMEOUTS,
    Notice,
    line,
)
from engine.runtime import later
from engine.unit_of_work import UnitOfWork

MOST_FACTS = 500
"""read at a time"""
MOST_MEMBERS = 200
"""of a group are told one by one; the robot of a larger one tells it once"""
OPEN = (int(ItemStatus.TODO), int(ItemStatus.ADVISING))
RETRY = "PT10S,PT1M,PT10M,PT1H"

_items = select(work_item).where(
    work_item.c.user_task_id.in_(bindparam("rounds", expanding=True)), work_item.c.status.in_(OPEN),
    work_item.c.kind != int(ItemKind.COPY),
)  # fmt: skip
_items_by_id = select(work_item).where(work_item.c.id.in_(bindparam("items", expanding=True)))
_involved = (
    select(work_item.c.assignee_id)
    .join(user_task, user_task.c.id == work_item.c.user_task_id)
    .where(
        work_item.c.instance_id == bindparam("of"), work_item.c.kind != int(ItemKind.COPY),
        work_item.c.assignee_id.is_not(None),
        or_(
            work_item.c.status == int(ItemStatus.DECIDED),
            and_(work_item.c.status == int(ItemStatus.CANCELLED), user_task.c.status == int(RoundStatus.CANCELLED)),
        ),
    )
    .distinct()
)  # fmt: skip
"""who has decided, or was asked when it ended"""
_members = select(task_comment.c.visible_to).where(task_comment.c.id == bindparam("thread"))
_names = select(user_task.c.node, user_task.c.name, user_task.c.spec).where(user_task.c.instance_id == bindparam("of"))
_sent = select(notice_delivery.c.id).where(notice_delivery.c.id == bindparam("key"))
_robots = select(notice_robot.c.id, notice_robot.c.group_id, notice_robot.c.events)
_planned = select(job.c.id).where(job.c.id == bindparam("row"))
_insert = insert(notice_delivery)
_WORK = frozenset(
    (
        *(*outbox.OF_WORK, "task.confirmed", "task.refused", "task.advised"),
        *("task.transferred", "task.handed_over", "task.delegated", "task.signers_added"),
    )
)


def tell(uow: UnitOfWork, payload: Mapping[str, Any]) -> int:
    """Plan what is to be told of the facts of one transaction. Returns how many notices there are."""
    instance = rows.read(uow, UUID(payload["instance"]))
    mine = _facts(uow, instance.id, int(payload["from"]))
    hooks.plan(uow, instance, mine)
    if not payload.get("people", True):
        return 0
    return plan(uow, instance, _without_doubles([one for fact in mine for one in _of_fact(uow, instance, fact)]))


def plan(uow: UnitOfWork, instance: Instance | None, notices: Sequence[Notice]) -> int:
    """Each where its person wants it, and by the robots that post it. Returns how many there are.

    `instance`: the request that they are about; None: they are about a substitution or a receiver.
    """
    by_event: dict[str, list[Notice]] = {}
    for notice in notices:
        by_event.setdefault(notice.event, []).append(notice)
    told = 0
    for event, listed in by_event.items():
        people = {user.id: user for user in identity.find(uow, [str(one.recipient_id) for one in listed])}
        where = preferences.channels(uow, list(people), event)
        for notice in listed:
            user = people.get(notice.recipient_id)
            if user is not None and user.active:
                told += sum(_plan(uow, instance, notice, channel) for channel in where[user.id])
        told += _plan_robots(uow, instance, event, listed)
    return told


def told(uow: UnitOfWork, notice: Notice) -> bool:
    """Whether this notice about something that is no request was planned, on whichever channel."""
    keys = [_key(notice.about_id, notice, notice.recipient_id, channel) for channel in PERSONAL_CHANNELS]
    return any(uow.read_one(_sent, {"key": key}) is not None for key in keys)


def _facts(uow: UnitOfWork, instance_id: UUID, first: int) -> list[Entry]:
    """Those of one transaction, however many they are: they have one time."""
    found: list[Entry] = []
    while True:
        page = history.timeline(uow, instance_id, after=first - 1 + len(found), limit=MOST_FACTS)
        known = len(found)
        found += [fact for fact in page if fact.at == (found or page)[0].at]
        if len(found) - known < MOST_FACTS:
            return found


# ---------------------------------------------------------------- who is told of what


def _of_fact(uow: UnitOfWork, instance: Instance, fact: Entry) -> Iterator[Notice]:
    words = _words(uow, instance, fact)

    def notice(event: str, recipient: Any, item: Any = None) -> Iterator[Notice]:
        if recipient is not None and UUID(str(recipient)) != fact.actor_id:
            yield Notice(
                event, UUID(str(recipient)), None if item is None else UUID(str(item)), fact.seq, fact.node, words
            )

    data = fact.data
    match fact.kind:
        case "task.transferred":
            yield from notice("transferred", data.get("to"), data.get("item"))
        case "task.handed_over":
            yield from notice("handed_over", data.get("to"), data.get("item"))
        case "task.delegated":
            yield from notice("delegated", data.get("to"), data.get("item"))
        case "task.signers_added":
            yield from _added(uow, notice, data)
        case "task.advised":
            for item in _parents(uow, data.get("item")):
                yield from notice("advice_given", item.assignee_id, item.id)
        case "task.urged":
            for item in uow.execute(_items_by_id, {"items": [UUID(key) for key in data.get("items", ())]}):
                for person in (*_people(uow, item), *tasks.deputies(uow, item.id)):
                    yield from notice("urge", person, item.id)
        case "task.timed_out" if data.get("do") in ("remind", "escalate", *TIMEOUTS):
            yield from _timed_out(uow, instance, notice, data)
        case "copy.sent":
            for person in data.get("to", ()):
                yield from notice("cc", person)
        case "people.mentioned":
            for person in data.get("to", ()):
                yield from notice("mention", person)
        case "consultation.opened" | "consultation.answered":
            for row in uow.execute(_members, {"thread": UUID(data["thread"])}):
                for person in row.visible_to:
                    yield from notice("consult", person)
        case "instance.returned" if data.get("from"):  # by a decision; not when one is taken back, or asked for anew
            yield from notice("returned", instance.starter_id)
        case "instance.ended":
            yield from notice("result", instance.starter_id)
        case "instance.cancelled":
            for row in uow.read(_involved, {"of": instance.id}):
                if row.assignee_id != instance.starter_id:
                    yield from notice("withdrawn", row.assignee_id)
        case "policy.held":
            requester = () if instance.starter_id is None else (str(instance.starter_id),)
            for person in dict.fromkeys((*data.get("tell", ()), *requester)):
                yield from notice("hold", person)
        case "approval.lapsed":
            requester = () if instance.starter_id is None else (str(instance.starter_id),)
            for person in dict.fromkeys((*requester, *data["people"])):
                yield from notice("lapsed", person)
        case "policy.escalated" | "policy.emergency_asked" | "policy.emergency_signed":
            words = {**words, "about": POLICY[fact.kind][0], "about_en": POLICY[fact.kind][1]}
            for person in data.get("tell", ()):
                yield from notice("policy", person)
        case "task.decided" if data.get("decision_source") == "human" and not data.get("unconfirmed"):
            yield from notice("decided", instance.starter_id)
            yield from notice("acted", fact.on_behalf_of_id)
        case "task.confirm_asked":
            yield from notice("confirm", data.get("to"), data.get("item"))
        case "task.confirmed":
            yield from notice("confirmed", data.get("to"))
            if data.get("answer") == "time":
                yield from notice("acted", _assignee(uow, data.get("item")))
            yield from notice("decided", instance.starter_id)
        case "task.refused":
            yield from notice("refused", data.get("to"))
        case "retention.due":
            for person in data.get("tell", ()):
                yield from notice("retention", person)
    if fact.kind in _WORK and data.get("task"):
        for item in uow.execute(_items, {"rounds": [UUID(data["task"])]}):
            event = "todo" if item.assignee_id is not None else "todo_claimable"
            for person in _people(uow, item):
                yield from notice(event, person, item.id)


def _timed_out(uow: UnitOfWork, instance: Instance, notice: Any, data: Mapping[str, Any]) -> Iterator[Notice]:
    """Whoever let the time pass; the requester too when it was decided in nobody's name."""
    for item in uow.execute(_items_by_id, {"items": [UUID(data["item"])]}):
        people = _people(uow, item)
        if data["do"] not in TIMEOUTS:
            for person in people:
                yield from notice("timeout_warning", person, item.id)
            return
        if data["do"] in ("agree", "reject") and instance.starter_id is not None:
            people = [*people, instance.starter_id]
        for person in dict.fromkeys(people):
            yield from notice("timeout_acted", person)


def _added(uow: UnitOfWork, notice: Any, data: Mapping[str, Any]) -> Iterator[Notice]:
    wanted = set(data.get("who", ()))
    for item in uow.execute(_items, {"rounds": [UUID(data["task"])]}):
        if str(item.assignee_id) in wanted:
            yield from notice("added_signer", item.assignee_id, item.id)


def _assignee(uow: UnitOfWork, item: Any) -> UUID | None:
    found = uow.execute(_items_by_id, {"items": [UUID(str(item))]}).first()
    return None if found is None else found.assignee_id


def _parents(uow: UnitOfWork, item: Any) -> Sequence[Any]:
    if item is None:
        return ()
    found = uow.execute(_items_by_id, {"items": [UUID(str(item))]}).first()
    if found is None or found.parent_id is None:
        return ()
    return uow.execute(_items_by_id, {"items": [found.parent_id]}).all()


def _people(uow: UnitOfWork, item: Any) -> list[UUID]:
    if item.assignee_id is not None:
        return [item.assignee_id]
    members = identity.members_of(uow, [item.group_id]) if item.group_id is not None else []
    return [member.id for member in members[:MOST_MEMBERS]]


def _without_doubles(notices: Sequence[Notice]) -> list[Notice]:
    """Whoever is told that an item came to him need not be told that he has work."""
    special = {(one.recipient_id, one.item_id) for one in notices if not one.event.startswith("todo")}
    copied = {one.recipient_id for one in notices if one.event == "cc"}  # of what was decided for him, if he wants one
    found: dict[tuple[str, UUID, str], Notice] = {}
    for one in notices:
        if one.event == "acted" and one.recipient_id in copied:
            continue
        if not one.event.startswith("todo") or (one.recipient_id, one.item_id) not in special:
            found.setdefault((one.event, one.recipient_id, one.about), one)
    return list(found.values())


def _words(uow: UnitOfWork, instance: Instance, fact: Entry) -> dict[str, str]:
    """Facts for the line, in both languages."""
    words: dict[str, str] = {}
    if fact.actor_id is not None and not fact.data.get("drawn"):
        user = identity.user(uow, fact.actor_id)
        words |= {"who": user.name, "who_en": user.name_en or user.name}
    if fact.node is not None or fact.kind == "task.urged":
        nodes = {row.node: row for row in uow.read(_names, {"of": instance.id})}
        at = fact.node or next(iter(fact.data.get("nodes", ())), None)
        row = nodes.get(at)
        name, labels = (row.name, row.spec.get("labels", {})) if row else _drawn(uow, instance, str(at or ""))
        words |= {"node": name, "node_en": labels.get("en") or name}
    if decision := DECISIONS.get(str(fact.data.get("decision"))):
        words |= {"decision": decision[0], "decision_en": decision[1]}
    if did := TIMEOUTS.get(str(fact.data.get("do"))):
        words |= {"did": did[0], "did_en": did[1]}
    if fact.kind == "approval.lapsed" and (called := operations.catalog().get(fact.data["operation"])) is not None:
        words |= {"what": called.labels["zh"], "what_en": called.labels["en"]}
    ended = instance.status.name.lower() if fact.kind == "instance.cancelled" else str(fact.data.get("status"))
    if status := STATUSES.get(ended):
        words |= {"status": status[0], "status_en": status[1]}
    return words


def _drawn(uow: UnitOfWork, instance: Instance, node: str) -> tuple[str, Mapping[str, str]]:
    """Name and labels of what is no task; of a called process the id has to do."""
    found = repository.program(uow, instance.definition_id).nodes.get(node)
    return (found.name or node, found.labels) if found is not None else (node, {})


# ---------------------------------------------------------------- where


def _plan(
    uow: UnitOfWork, instance: Instance | None, notice: Notice, channel: str, recipient: UUID | None = None
) -> int:  # fmt: skip
    """Queue one notice, once; 0 when it was planned before or cannot reach anybody."""
    recipient = recipient or notice.recipient_id
    if channel == MAIL and not (uow.settings.smtp_url and identity.user(uow, recipient).email):
        return 0
    instance_id = None if instance is None else instance.id
    key = _key(instance_id or notice.about_id, notice, recipient, channel)
    if uow.read_one(_sent, {"key": key}) is not None:
        return 0
    in_app = channel == APP
    facts = dict(notice.facts)
    if channel == ROBOT:
        facts |= {"whom": identity.user(uow, notice.recipient_id).name, "reader": str(notice.recipient_id)}
    payload = {
        "instance": _text(instance_id), "about": _text(notice.about_id), "event": notice.event,
        "recipient": str(recipient), "seq": notice.seq, "item": _text(notice.item_id), "node": notice.node,
        "facts": facts,
    }  # fmt: skip
    until = None
    if channel == MAIL and not EVENTS[notice.event].urgent:
        until = preferences.collected_until(uow, recipient, uow.now)
    uow.queue(
        _insert,
        {
            "id": key, "instance_id": instance_id, "event": notice.event, "channel": channel, "recipient_id": recipient,
            "item_id": notice.item_id, "state": int(DeliveryState.SENT if in_app else DeliveryState.WAITING),
            "at": uow.now, "sent_at": uow.now if in_app else None, "reason": "",
            "collected": None if until is None else payload,
        },
    )  # fmt: skip
    if in_app:
        _tell_inside(uow, instance, notice, key)
        return 1
    if until is not None:
        _collect(uow, recipient, until)
        return 1
    at = preferences.not_before(uow, recipient, uow.now) if channel == MAIL else None
    later.put(uow, JobKind.NOTICE, channel, payload, key=key, at=at, retry=RETRY)
    return 1


def _key(subject_id: UUID | None, notice: Notice, recipient: UUID, channel: str) -> UUID:
    return ids.named("notice", subject_id, notice.event, notice.about, recipient, channel)


def _text(key: UUID | None) -> str | None:
    return None if key is None else str(key)


def _collect(uow: UnitOfWork, user_id: UUID, until: datetime) -> None:
    """The one mail of a person for the hour or the day, unless it is planned."""
    key = ids.named("digest", user_id, until.isoformat())
    if uow.read_one(_planned, {"row": key}) is None and ("digest", key) not in uow.cache:
        uow.cache["digest", key] = True
        at = preferences.not_before(uow, user_id, until)
        later.put(uow, JobKind.NOTICE, DIGEST, {"recipient": str(user_id)}, key=key, at=at, retry=RETRY)


def _plan_robots(uow: UnitOfWork, instance: Instance | None, event: str, notices: Sequence[Notice]) -> int:
    """A robot posts once per event and item to its group, whomever it concerns."""
    told = 0
    if EVENTS[event].private:
        return told
    for robot in uow.execute(_robots):
        if event not in robot.events.split():
            continue
        members = None
        if robot.group_id is not None:
            members = {member.id for member in identity.members_of(uow, [robot.group_id])}
        for notice in notices:
            if members is None or notice.recipient_id in members:
                told += _plan(uow, instance, notice, ROBOT, robot.id)
    return told


def _tell_inside(uow: UnitOfWork, instance: Instance | None, notice: Notice, key: UUID) -> None:
    user = identity.user(uow, notice.recipient_id)
    language = user.locale or uow.settings.locale
    inputs = {
        "user_ids": [str(user.id)],
        "title": line(notice, language)[:200],
        "text": beside(uow, notice, instance, user.id, language),
        "link": link(notice, instance),
    }
    later.put(uow, JobKind.NOTICE, "notification.notify", inputs, key=key, retry=RETRY)


def link(notice: Notice, instance: Instance | None) -> str:
    """The page of the task, of the request, or of what else it is about."""
    if instance is None:
        return notice.facts["link"]
    if EVENTS[notice.event].of_item and notice.item_id is not None:
        return f"/inbox/{notice.item_id}"
    return f"/requests/{instance.id}"


def beside(uow: UnitOfWork, notice: Notice, instance: Instance | None, user_id: UUID, language: str) -> str:
    """What is said beside the line, as this person may read it: the title and number of the request, or the reason."""
    if instance is None:
        facts = notice.facts
        return (facts.get("text_en") if language == "en" else None) or facts.get("text", "")
    return " · ".join(part for part in (seen_title(uow, instance, user_id), instance.number) if part)


def _holds(uow: UnitOfWork, notice: Notice) -> bool:
    if notice.event == RECEIVER_OFF:
        return webhooks.is_off(uow, notice.facts["receiver"])
    state = {"substitution_asked": "pending", "substitution_given": "active"}.get(notice.event)
    if state is None or notice.about_id is None:
        return True
    rule = identity.find_substitution(uow, notice.about_id)
    return rule.state == state and rule.over_at > uow.now


def seen_title(uow: UnitOfWork, instance: Instance, user_id: UUID) -> str:
    """The title as this person may read it."""
    name = repository.definition(uow, instance.definition_id).name
    with tasks.reading_as(uow, user_id):
        allowed = tasks.sight(uow, instance.id)
    return tasks.shown_title(uow, instance.definition_id, instance.title, name, allowed)


def still_open(uow: UnitOfWork, notice: Notice, instance: Instance | None) -> bool:
    """Whether what the notice asks for can still be done, or what it says still holds."""
    if instance is None:
        return _holds(uow, notice)
    if not EVENTS[notice.event].of_item or notice.item_id is None:
        return True
    item = uow.execute(_items_by_id, {"items": [notice.item_id]}).first()
    if item is None or instance.status not in (Status.RUNNING, Status.SUSPENDED):
        return False
    return item.status in OPEN or (item.status == ItemStatus.COUNTERSIGNING and rounds.unconfirmed(item))
