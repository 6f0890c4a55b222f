"""Receivers of events: a name that drawings refer to, and the secret by which the receiver knows that it is us."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update

from engine import history, ids, sealing
from engine.db.webhook import webhook
from engine.errors import N_, InvalidValue, NotFound, ReceiverStands
from engine.unit_of_work import UnitOfWork

OUT = "out"
BOTH_SECRETS = timedelta(hours=24)
"""so long after a rotation the former secret signs too"""
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,79}")

LEAST_FAILURES = 5
"""attempts: one lost event in a quiet week is no reason to switch a receiver off"""
_list = select(
    webhook.c.id, webhook.c.name, webhook.c.created_at, webhook.c.rotated_at, webhook.c.former_until,
    webhook.c.failing_since, webhook.c.failures, webhook.c.off_at, webhook.c.off_reason,
).order_by(webhook.c.name)  # fmt: skip
_by_name = select(webhook).where(webhook.c.direction == OUT, webhook.c.name == bindparam("called"))
_locked_by_name = _by_name.with_for_update()
_kept_by_name = _by_name.with_for_update(read=True)
_well = update(webhook).where(
    webhook.c.direction == OUT,
    webhook.c.name == bindparam("called"),
    webhook.c.failing_since.is_not(None),
    webhook.c.off_at.is_(None),
)
_by_id = select(webhook).where(webhook.c.id == bindparam("of")).with_for_update()


@dataclass(frozen=True, slots=True)
class Receiver:
    """One that can be signed for. `secrets`: the newest first; a receiver that knows one of them is content."""

    name: str
    secrets: tuple[str, ...]


def add(uow: UnitOfWork, name: str) -> str:
    """A new receiver; returns its secret, which nobody can read again. Raises InvalidValue."""
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise InvalidValue(expected=N_("a name of small letters, digits, '.', '_' and '-', such as hook1"), found=name)
    if known(uow, name):
        raise InvalidValue(expected=N_("a name that no other receiver has"), found=name)
    secret = secrets.token_urlsafe(32)
    row = {
        "id": ids.uuid7(), "direction": OUT, "name": name, "secret_sealed": sealing.seal(uow.settings, secret),
        "former_sealed": "", "created_by": uow.actor.user_id, "created_at": uow.now,
    }  # fmt: skip
    uow.execute(insert(webhook), row)
    history.act(uow, "settings", "webhook.added", {"name": name})
    return secret


def rotate(uow: UnitOfWork, receiver_id: UUID) -> str:
    """A new secret; the former one signs too for a day, so that the receiver can change at leisure. Raises NotFound."""
    found = _one(uow, receiver_id)
    secret = secrets.token_urlsafe(32)
    changes = {
        "secret_sealed": sealing.seal(uow.settings, secret), "former_sealed": found.secret_sealed,
        "former_until": uow.now + BOTH_SECRETS, "rotated_at": uow.now,
    }  # fmt: skip
    uow.execute(update(webhook).where(webhook.c.id == receiver_id).values(**changes))
    history.act(uow, "settings", "webhook.rotated", {"name": found.name})
    return secret


def remove(uow: UnitOfWork, receiver_id: UUID) -> str:
    """Nothing is signed for it any more; returns its name. Raises NotFound."""
    found = _one(uow, receiver_id)
    uow.execute(delete(webhook).where(webhook.c.id == receiver_id))
    history.act(uow, "settings", "webhook.removed", {"name": found.name})
    return str(found.name)


def list_(uow: UnitOfWork) -> Sequence[Any]:
    """id, name, created_at, rotated_at, former_until, failing_since, failures, off_at, off_reason; no secret."""
    return uow.execute(_list).all()


def failed(uow: UnitOfWork, name: str, told: str) -> UUID | None:
    """An attempt has not arrived. Returns the receiver's id when it was switched off by that: after
    `TROIKA_WEBHOOK_OFF_AFTER_DAYS` in which nothing arrived, of several attempts.
    """
    row = uow.read_one(_locked_by_name, {"called": name})
    if row is None or row.off_at is not None:
        return None
    since, failures = row.failing_since or uow.now, row.failures + 1
    uow.execute(update(webhook).where(webhook.c.id == row.id).values(failing_since=since, failures=failures))
    if failures < LEAST_FAILURES or uow.now - since < timedelta(days=uow.settings.webhook_off_after_days):
        return None
    _off(uow, row.id, name, told)
    found: UUID = row.id
    return found


def arrived(uow: UnitOfWork, name: str) -> None:
    """It is well; one that is switched off stays so, with since when it had failed."""
    uow.execute(_well.values(failing_since=None, failures=0), {"called": name})


def switch_off(uow: UnitOfWork, receiver_id: UUID) -> None:
    """By hand: from now on what it would be told is held back. Raises NotFound, ReceiverStands."""
    found = _one(uow, receiver_id)
    if found.off_at is not None:
        raise ReceiverStands(receiver=found.name, state=N_("switched off"))
    _off(uow, receiver_id, found.name, "")


def switch_on(uow: UnitOfWork, receiver_id: UUID) -> str:
    """It is told again; returns its name. What becomes of what was held back: `hooks.switch_on`.

    Raises NotFound, ReceiverStands.
    """
    found = _one(uow, receiver_id)
    if found.off_at is None:
        raise ReceiverStands(receiver=found.name, state=N_("switched on"))
    changes = {"off_at": None, "off_reason": "", "failing_since": None, "failures": 0}
    uow.execute(update(webhook).where(webhook.c.id == receiver_id).values(**changes))
    return str(found.name)


def is_off(uow: UnitOfWork, name: str, *, until_the_end: bool = False) -> bool:
    """Whether what it would be told is held back. `until_the_end`: nobody switches it before the transaction is over,
    so that what is held back then is among what `switch_on` finds."""
    row = uow.read_one(_kept_by_name if until_the_end else _by_name, {"called": name})
    return row is not None and row.off_at is not None


def get(uow: UnitOfWork, receiver_id: UUID) -> Any:
    """One as `list_` gives it. Raises NotFound."""
    row = uow.execute(_list.where(webhook.c.id == receiver_id)).one_or_none()
    if row is None:
        raise NotFound(kind="webhook", key=receiver_id)
    return row


def known(uow: UnitOfWork, name: str) -> bool:
    """Whether there is a receiver of this name."""
    return uow.read_one(_by_name, {"called": name}) is not None


def find(uow: UnitOfWork, name: str) -> Receiver | None:
    """The receiver of this name with its secrets. Raises SealBroken."""
    row = uow.read_one(_by_name, {"called": name})
    if row is None:
        return None
    sealed = [row.secret_sealed]
    if row.former_sealed and row.former_until is not None and row.former_until > uow.now:
        sealed.append(row.former_sealed)
    return Receiver(row.name, tuple(sealing.unseal(uow.settings, text) for text in sealed))


def _off(uow: UnitOfWork, receiver_id: UUID, name: str, reason: str) -> None:
    changes = {"off_at": uow.now, "off_reason": reason}
    uow.execute(update(webhook).where(webhook.c.id == receiver_id).values(**changes))
    history.act(uow, "settings", "webhook.switched_off", {"name": name, "reason": reason})


def _one(uow: UnitOfWork, receiver_id: UUID) -> Any:
    found = uow.read_one(_by_id, {"of": receiver_id})
    if found is None:
        raise NotFound(kind="webhook", key=receiver_id)
    return found
