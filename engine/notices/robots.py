"""Robots of chat groups: DingTalk, Feishu, WeCom. Addresses and secrets are stored sealed and never shown again."""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update

from engine import history, identity, ids, sealing
from engine.db.base import from_micros, to_micros
from engine.db.identity import user_group
from engine.db.notice import notice_robot
from engine.errors import N_, InvalidValue, NotFound, Phrase, RobotRefused
from engine.notices.events import EVENTS
from engine.notices.preferences import forget_work
from engine.outbound import Outbound, OutboundFailed
from engine.unit_of_work import UnitOfWork
from engine.values import blank

DINGTALK, FEISHU, WECOM = KINDS = ("dingtalk", "feishu", "wecom")
MOST_A_MINUTE = 20
"""as the vendors say; more are refused by them"""
MOST_BYTES = {DINGTALK: 18_000, FEISHU: 18_000, WECOM: 4_096}
"""of a text, below what the vendors say: 20,000 bytes, 20 KB of a whole request, 4,096 bytes"""
LONGEST_TITLE, LONGEST_LINE = 100, 200
"""characters"""
_MINUTE = timedelta(minutes=1)
_TWINS = str.maketrans("*[]<>`#|~@!\\", "＊［］＜＞｀＃｜～＠！＼")
_LEADING = str.maketrans("-+.)", "－＋．）")
_ALONE = re.compile(r"(?<!\w)_|_(?!\w)")
"""emphasis; inside a number or a name it is none"""
_LIST = re.compile(r"^(?:[-+](?=\s|-)|\d+[.)](?=\s))")
"""what would begin a list or draw a line"""
_TOO_FAST = {DINGTALK: (130101,), FEISHU: (9499, 11232), WECOM: (45009,)}

_list = (
    select(
        notice_robot.c.id, notice_robot.c.kind, notice_robot.c.name, notice_robot.c.events, notice_robot.c.created_at,
        user_group.c.name.label("group_name"), user_group.c.name_en.label("group_name_en"),
    )
    .outerjoin(user_group, user_group.c.id == notice_robot.c.group_id)
    .order_by(notice_robot.c.name, notice_robot.c.id)
)  # fmt: skip
_locked = select(notice_robot).where(notice_robot.c.id == bindparam("of")).with_for_update()
_remember = update(notice_robot).where(notice_robot.c.id == bindparam("of"))


@dataclass(frozen=True, slots=True)
class Address:
    """Where a robot listens, unsealed only to send."""

    kind: str
    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Post:
    """One message for a group. `title` is what a list of chats shows; `fields`: of the form, left out when too long."""

    title: str
    lines: Sequence[str]
    link: str
    fields: Sequence[str] = ()


def add(
    uow: UnitOfWork, kind: str, name: str, url: str, *, secret: str = "", events: Sequence[str] = (),
    group: str | UUID | None = None,
) -> UUID:  # fmt: skip
    """A robot that posts `events`; with a `group` only what concerns its members. Raises InvalidValue, NotFound."""
    parts = urlsplit(url.strip())
    if kind not in KINDS:
        raise InvalidValue(expected=Phrase(N_("one of {words}"), words=", ".join(KINDS)), found=kind)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise InvalidValue(
            expected=N_("the address of a robot, beginning with https://"), found=parts.scheme or N_("nothing")
        )
    if blank(name):
        raise InvalidValue(expected=N_("a name for the robot"), found=N_("nothing"))
    told = [event.key for event in EVENTS.values() if not event.private]
    if wrong := sorted(set(events) - set(told)) or not events:
        raise InvalidValue(
            expected=Phrase(N_("events out of {words}"), words=", ".join(told)), found=wrong if events else N_("none")
        )
    key = ids.uuid7()
    row = {
        "id": key, "kind": kind, "name": name.strip(), "events": " ".join(events), "recent": [],
        "group_id": None if group is None else identity.group(uow, group).id,
        "url_sealed": sealing.seal(uow.settings, url.strip()),
        "secret_sealed": sealing.seal(uow.settings, secret.strip()) if secret.strip() else "",
        "created_by": uow.actor.user_id, "created_at": uow.now,
    }  # fmt: skip
    uow.execute(insert(notice_robot), row)
    history.act(uow, "settings", "robot.added", {"robot": str(key), "kind": kind, "name": name.strip()})
    forget_work(uow)
    return key


def list_(uow: UnitOfWork) -> Sequence[Any]:
    """id, kind, name, group_name, events, created_at; neither address nor secret."""
    return uow.execute(_list).all()


def remove(uow: UnitOfWork, robot_id: UUID) -> None:
    """It posts nothing more; what it had not posted yet is dropped. Raises NotFound."""
    found = uow.read_one(_locked, {"of": robot_id})
    if found is None:
        raise NotFound(kind="robot", key=robot_id)
    uow.execute(delete(notice_robot).where(notice_robot.c.id == robot_id))
    history.act(uow, "settings", "robot.removed", {"robot": str(robot_id), "name": found.name})


def take_turn(uow: UnitOfWork, robot_id: UUID) -> Address | timedelta | None:
    """The address, counted as one post now; or how long to wait, when it has posted as much as it may; None: gone."""
    row = uow.read_one(_locked, {"of": robot_id})
    if row is None:
        return None
    recent = [at for at in row.recent if from_micros(at) > uow.now - _MINUTE]
    if len(recent) >= MOST_A_MINUTE:
        return from_micros(recent[0]) + _MINUTE - uow.now
    uow.queue(_remember, {"of": robot_id, "recent": [*recent, to_micros(uow.now)]})
    secret = sealing.unseal(uow.settings, row.secret_sealed) if row.secret_sealed else ""
    return Address(row.kind, sealing.unseal(uow.settings, row.url_sealed), secret)


def post(http: Outbound, address: Address, message: Post, now: datetime) -> None:
    """Raises OutboundFailed when another try may help, RobotRefused or OutboundRefused when it will not."""
    url, body = request(address, message, now)
    answer = http.post(url, body).body
    code = None
    if isinstance(answer, dict):
        code = next((answer[name] for name in ("errcode", "code", "StatusCode") if name in answer), None)
    if code == 0:
        return
    if code is None or int(code) in _TOO_FAST[address.kind]:
        raise OutboundFailed(f"{address.kind} answered {str(answer)[:200]}")
    told = answer.get("errmsg") or answer.get("msg") or "" if isinstance(answer, dict) else ""
    raise RobotRefused(kind=address.kind, error_code=int(code), told=str(told)[:200])


def request(address: Address, message: Post, now: datetime) -> tuple[str, dict[str, Any]]:
    """Address and body as the vendor wants them, signed."""
    title = _cut(escape(address.kind, message.title), LONGEST_TITLE)
    match address.kind:
        case "dingtalk":
            return (
                _signed_for_dingtalk(address, now),
                {"msgtype": "markdown", "markdown": {"title": title, "text": _fitting(address.kind, message)}},
            )
        case "feishu":
            body: dict[str, Any] = {"msg_type": "text", "content": {"text": _fitting(address.kind, message)}}
            if address.secret:
                seconds = str(int(now.timestamp()))
                body |= {"timestamp": seconds, "sign": feishu_sign(address.secret, seconds)}
            return address.url, body
        case _:
            return address.url, {"msgtype": "markdown", "markdown": {"content": _fitting(address.kind, message)}}


def escape(kind: str, text: str) -> str:
    """One line of text that stays text: no markup, no link, no call to everybody.

    The vendors document no way to escape; a sign that would mean something is written as its full-width twin.
    """
    plain = " ".join(text.split())
    if kind == FEISHU:  # plain text, in which <at user_id="all"> calls everybody
        return plain.replace("<", "＜")
    plain = _ALONE.sub("＿", plain.translate(_TWINS))
    return _LIST.sub(lambda found: found[0].translate(_LEADING), plain)


def _fitting(kind: str, message: Post) -> str:
    """As much of the fields as the vendor takes; lines and link always."""
    joint, head, link = ("\n", "{}", "{}") if kind == FEISHU else ("\n\n", "**{}**", "[{0}]({0})")
    title = head.format(_cut(escape(kind, message.title), LONGEST_TITLE))
    fixed = [title, *(_mention(kind, _cut(line, LONGEST_LINE)) for line in message.lines)]
    address = link.format(message.link)
    shown: list[str] = []
    for field in message.fields:
        text = joint.join((*fixed, *shown, escape(kind, field), "…", address))
        if len(text.encode()) > MOST_BYTES[kind]:
            shown.append("…")
            break
        shown.append(escape(kind, field))
    return joint.join((*fixed, *shown, address))


def _mention(kind: str, line: str) -> str:
    """The name behind @ is one of ours; the rest is text."""
    return "@" + escape(kind, line[1:]) if line.startswith("@") else escape(kind, line)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def dingtalk_sign(secret: str, milliseconds: str) -> str:
    """HMAC-SHA256 with the secret as key over time and secret; the receiver refuses what is older than an hour."""
    digest = hmac.new(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def feishu_sign(secret: str, seconds: str) -> str:
    """HMAC-SHA256 with time and secret as key over nothing."""
    digest = hmac.new(f"{seconds}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _signed_for_dingtalk(address: Address, now: datetime) -> str:
    if not address.secret:
        return address.url
    milliseconds = str(to_micros(now) // 1000)
    joint = "&" if urlsplit(address.url).query else "?"
    sign = quote(dingtalk_sign(address.secret, milliseconds), safe="")
    return f"{address.url}{joint}timestamp={milliseconds}&sign={sign}"
