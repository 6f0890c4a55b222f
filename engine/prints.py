"""Prints of requests: the code on the paper tells anybody whether the request still stands as it was printed."""

import base64
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, insert, select

from engine import forms, identity, repository, tasks
from engine.db import rows
from engine.db.identity import membership
from engine.db.instance import Status
from engine.db.printing import print_record
from engine.db.task import ItemKind, user_task, work_item
from engine.errors import N_, Forbidden, NotFound, Title
from engine.unit_of_work import UnitOfWork

_CODE = re.compile(r"[A-Z2-7]{26}")
_asked = (
    select(user_task.c.spec)
    .select_from(work_item)
    .outerjoin(user_task, (user_task.c.id == work_item.c.user_task_id) & (work_item.c.kind != int(ItemKind.COPY)))
    .where(
        work_item.c.instance_id == bindparam("of"),
        (work_item.c.assignee_id == bindparam("who"))
        | (work_item.c.decided_by == bindparam("who"))
        | work_item.c.group_id.in_(select(membership.c.group_id).where(membership.c.user_id == bindparam("who"))),
    )
)
"""what the tasks of somebody say; None: a copy, which may be printed"""
_record = select(print_record).where(print_record.c.code == bindparam("of"))


@dataclass(frozen=True, slots=True)
class Verified:
    """What a code proves to somebody without an account. `changed`: whether anything happened since the print."""

    number: str | None
    title: Title
    status: str
    ended_at: datetime | None
    printed_at: datetime
    changed: bool
    document_sha256: str


def new_code() -> str:
    """128 random bits that people can type."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=")


def allowed(uow: UnitOfWork, instance_id: UUID) -> bool:
    """Whether the actor may print the request: who takes part in it, unless every task in which he does is drawn with
    `print="false"`.
    """
    if not tasks.may_see(uow, instance_id):
        return False
    instance = rows.read(uow, instance_id)
    if repository.manages(uow, instance) or identity.may(uow, "audit"):
        return True
    asked = uow.execute(_asked, {"of": instance_id, "who": uow.actor.user_id}).scalars().all()
    if instance.starter_id == uow.actor.user_id or not asked:
        return True
    return any(spec is None or spec.get("buttons", {}).get("print") != "false" for spec in asked)


def record(uow: UnitOfWork, instance_id: UUID, code: str, document_sha256: bytes) -> None:
    """Remember a print made by the actor, and how far the facts of the instance went then. Raises Forbidden."""
    printed_by = uow.actor.user_id
    if printed_by is None or not allowed(uow, instance_id):
        raise Forbidden(actor="Nobody", act=N_("print this request"))
    instance = rows.read(uow, instance_id)
    row = {
        "code": code, "instance_id": instance_id, "history_seq": instance.history_seq,
        "history_hash": instance.history_hash, "document_sha256": document_sha256, "printed_by": printed_by,
        "at": uow.now,
    }  # fmt: skip
    uow.execute(insert(print_record), row)


def verify(uow: UnitOfWork, code: str) -> Verified:
    """Nothing of the forms: a title made of their fields is the name of the process. Raises NotFound."""
    wanted = code.strip().upper()
    row = uow.read_one(_record, {"of": wanted}) if _CODE.fullmatch(wanted) else None
    if row is None:
        raise NotFound(kind="print", key=code[:40])
    instance = rows.read(uow, row.instance_id)
    info = repository.definition(uow, instance.definition_id)
    title = tasks.shown_title(uow, instance.definition_id, instance.title, info.name, forms.permissions.HIDE_ALL)
    title = Title(title, info.labels if title == info.name else {})
    changed = instance.history_hash != row.history_hash
    return Verified(
        instance.number, title, Status(instance.status).name.lower(), instance.ended_at, row.at, changed,
        row.document_sha256.hex(),
    )  # fmt: skip
