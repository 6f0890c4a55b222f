"""A planned notice on its way: looked at again, sent with no transaction open, written down."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from engine import forms, identity, mailing, repository, tasks
from engine.db import rows
from engine.db.instance import Instance
from engine.db.notice import DeliveryState, notice_delivery
from engine.notices import fields, mail, robots
from engine.notices.events import DIGEST, MAIL, Notice, line
from engine.notices.telling import beside, link, seen_title, still_open
from engine.outbound import Outbound
from engine.settings import Settings
from engine.unit_of_work import UnitOfWork

_LANGUAGES = ("zh", "en")
_SUBJECT = {"zh": "消息：{n}", "en": "Messages: {n}"}
_collected = (
    select(notice_delivery.c.id, notice_delivery.c.collected)
    .where(
        notice_delivery.c.recipient_id == bindparam("whose"), notice_delivery.c.channel == MAIL,
        notice_delivery.c.state == int(DeliveryState.WAITING), notice_delivery.c.collected.is_not(None),
    )
    .order_by(notice_delivery.c.at, notice_delivery.c.id)
)  # fmt: skip
_close = update(notice_delivery).where(notice_delivery.c.id == bindparam("of"))


class NotYet(Exception):
    """The robot has posted as much as it may in a minute; no attempt is used."""

    def __init__(self, pause: timedelta) -> None:
        super().__init__(f"wait {pause}")
        self.pause = pause


@dataclass(frozen=True, slots=True)
class Parcel:
    """Ready to be sent: a letter, or a post for a robot."""

    now: datetime
    letter: EmailMessage | None = None
    address: robots.Address | None = None
    post: robots.Post | None = None
    covers: tuple[UUID, ...] = ()
    """the notices in it"""


def prepare(uow: UnitOfWork, key: UUID, channel: str, payload: Mapping[str, Any]) -> Parcel | None:
    """What is to be sent; None, and written down as dropped, when nobody needs it any more. Raises NotYet."""
    if channel == DIGEST:
        return _digest(uow, key, UUID(payload["recipient"]))
    instance, notice = _read(uow, payload)
    if not still_open(uow, notice, instance):
        _drop(uow, key, "no longer open")
        return None
    if channel == MAIL:
        return _letter(uow, key, instance, notice)
    turn = robots.take_turn(uow, notice.recipient_id)
    if turn is None:
        _drop(uow, key, "the robot was removed")
        return None
    if isinstance(turn, timedelta):
        raise NotYet(turn)
    return Parcel(uow.now, address=turn, post=_post(uow, instance, notice), covers=(key,))


def send(settings: Settings, http: Outbound, parcel: Parcel) -> None:
    """Raises OutboundFailed, OutboundRefused, RobotRefused, MailRefused."""
    if parcel.letter is not None:
        mailing.send(settings, parcel.letter)
    elif parcel.address is not None and parcel.post is not None:
        robots.post(http, parcel.address, parcel.post, parcel.now)


def sent(uow: UnitOfWork, parcel: Parcel) -> None:
    """Write it down."""
    for key in parcel.covers:
        uow.queue(_close, {"of": key, "state": int(DeliveryState.SENT), "sent_at": uow.now, "reason": ""})


def _read(uow: UnitOfWork, payload: Mapping[str, Any]) -> tuple[Instance | None, Notice]:
    """The notice, and the request that it is about; None: it is about something else."""
    item, about = (None if key is None else UUID(key) for key in (payload.get("item"), payload.get("about")))
    notice = Notice(
        payload["event"], UUID(payload["recipient"]), item, payload["seq"], payload["node"], payload["facts"], about
    )
    return None if about is not None else rows.read(uow, UUID(payload["instance"])), notice


def _drop(uow: UnitOfWork, key: UUID, reason: str) -> None:
    uow.queue(_close, {"of": key, "state": int(DeliveryState.DROPPED), "sent_at": None, "reason": reason})


def _letter(uow: UnitOfWork, key: UUID, instance: Instance | None, notice: Notice) -> Parcel | None:
    user = identity.user(uow, notice.recipient_id)
    if not user.active or not user.email:
        _drop(uow, key, "the account has no address or is closed")
        return None
    first = user.locale or uow.settings.locale
    said = [line(notice, language) for language in sorted(_LANGUAGES, key=lambda one: one != first)]
    if instance is None:
        thread, kind, subject = notice.about_id or key, notice.event.partition("_")[0], said[0]
        more = beside(uow, notice, None, user.id, first)
    else:
        more = _named(uow, instance, user.id)
        thread, kind, subject = instance.id, instance.process_key, f"{said[0]}: {more}"
    lines = (*said, *(("", more) if more else ()))
    letter = mail.Letter(
        key, thread, kind, user.name, user.email, subject, lines, _deep(uow, instance, notice)
    )  # fmt: skip
    return Parcel(uow.now, letter=mail.compose(uow.settings, letter, uow.now), covers=(key,))


def _digest(uow: UnitOfWork, key: UUID, user_id: UUID) -> Parcel | None:
    """One mail with everything that was collected and is still of use."""
    user = identity.user(uow, user_id)
    first = user.locale or uow.settings.locale
    languages = sorted(_LANGUAGES, key=lambda one: one != first)
    covers, lines = [], []
    for row in uow.execute(_collected, {"whose": user_id}).all():
        instance, notice = _read(uow, row.collected)
        if not user.active or not user.email:
            _drop(uow, row.id, "the account has no address or is closed")
        elif not still_open(uow, notice, instance):
            _drop(uow, row.id, "no longer open")
        else:
            covers.append(row.id)
            named = "" if instance is None else ": " + _named(uow, instance, user_id)
            lines += [line(notice, language) + named for language in languages]
            if instance is None and (more := beside(uow, notice, None, user_id, first)):
                lines.append(more)
            lines += [_deep(uow, instance, notice), ""]
    if not covers:
        return None
    subject = " / ".join(_SUBJECT[language].format(n=len(covers)) for language in languages)
    link = uow.settings.site_url.rstrip("/") + "/messages/"
    letter = mail.Letter(key, user_id, "digest", user.name, user.email, subject, tuple(lines), link)
    return Parcel(uow.now, letter=mail.compose(uow.settings, letter, uow.now), covers=tuple(covers))


def _named(uow: UnitOfWork, instance: Instance, user_id: UUID) -> str:
    title = seen_title(uow, instance, user_id)
    return f"{title} [{instance.number}]" if instance.number else title


def _post(uow: UnitOfWork, instance: Instance | None, notice: Notice) -> robots.Post:
    """A group reads no value of a form that the drawing does not let out or that whoever is told may not read: a title
    made of one is the name of the process. Of a substitution it reads no reason.
    """
    if instance is None:
        lines = [line(notice, language) for language in _LANGUAGES]
        return robots.Post(lines[0], [*("@" + who for who in _names(uow, notice)), *lines],
                           _deep(uow, None, notice))  # fmt: skip
    name = repository.definition(uow, instance.definition_id).name
    title = tasks.shown_title(uow, instance.definition_id, instance.title, name, forms.permissions.HIDE_ALL)
    named = f"{title} · {instance.number}" if instance.number else title
    whom = [] if notice.event == "result" else ["@" + who for who in _names(uow, notice)]
    reader = notice.facts.get("reader")
    shown = [] if reader is None else fields.told(uow, instance, notice.item_id, notice.node, UUID(reader))
    return robots.Post(named, [*whom, *(line(notice, language) for language in _LANGUAGES)],
                       _deep(uow, instance, notice), [str(one) for one in shown])  # fmt: skip


def _names(uow: UnitOfWork, notice: Notice) -> list[str]:
    return [notice.facts["whom"]] if notice.facts.get("whom") else []


def _deep(uow: UnitOfWork, instance: Instance | None, notice: Notice) -> str:
    return uow.settings.site_url.rstrip("/") + link(notice, instance)
