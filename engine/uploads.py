"""Files of a form's fields: held for whoever chose them, until the draft or the request that names them has them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select, update

from engine import audit, documents, history, ids
from engine.db.document import blob, document, document_version
from engine.db.instance import Instance
from engine.documents import Document
from engine.errors import N_, EngineError, NotFound
from engine.forms import Form
from engine.forms.files import File
from engine.forms.model import every
from engine.statements import in_parts
from engine.unit_of_work import UnitOfWork
from engine.values import Values

HELD = "upload"
"""owner of a file that nothing names yet; each is an owner of its own, so no name is a version of another"""
BESIDE = "instance"
"""owner of the files of a request or of its draft"""
MOST, MOST_FULL = 200, 20
"""files that are held for one person, and how many of the largest size their bytes may make"""

_known = (
    select(document.c.id, document.c.owner_type, document.c.owner_id, document.c.created_by, document.c.name,
           blob.c.media_type, blob.c.size)
    .join(document_version, (document_version.c.document_id == document.c.id)
          & (document_version.c.version == document.c.current_version))
    .join(blob, blob.c.digest == document_version.c.digest)
)  # fmt: skip
_known_locked = _known.where(document.c.id == bindparam("wanted")).with_for_update(of=document)
_contents = (
    select(document.c.id, document.c.field, document.c.name, blob.c.digest, blob.c.size)
    .join(document_version, (document_version.c.document_id == document.c.id)
          & (document_version.c.version == document.c.current_version))
    .join(blob, blob.c.digest == document_version.c.digest)
    .order_by(document.c.id)
)  # fmt: skip
_mine = (document.c.owner_type == HELD, document.c.created_by == bindparam("who"))
_holding = (
    select(func.count().label("files"), func.coalesce(func.sum(blob.c.size), 0).label("size")).select_from(document)
    .join(document_version, document_version.c.document_id == document.c.id)
    .join(blob, blob.c.digest == document_version.c.digest).where(*_mine)
)  # fmt: skip


class TooManyFilesHeld(EngineError):
    """Somebody uploads and never submits."""

    message = N_(
        "Expected at most {limit} files of {megabytes} MB in all that are not submitted yet; you have as many."
    )
    hint = N_("Submit what you have begun, or remove files there.")
    status = 422


def hold(uow: UnitOfWork, name: str, content: bytes, media_type: str = "") -> Document:
    """Keep a file for the actor. Raises TooManyFilesHeld, and what `documents.store` raises."""
    holding = uow.execute(_holding, {"who": uow.actor.user_id}).one()
    if holding.files >= MOST or holding.size + len(content) > MOST_FULL * uow.settings.upload_limit:
        raise TooManyFilesHeld(limit=MOST, megabytes=MOST_FULL * uow.settings.upload_limit_mb)
    key = documents.store(uow, HELD, ids.uuid7(), name, content, media_type)
    return documents.open_(uow, key)[0]


def let_go(uow: UnitOfWork, document_id: UUID) -> None:
    """Forget a file that is held for the actor, if it is: what a draft or a request has by now stays there."""
    held = (document.c.owner_type == HELD, document.c.created_by == uow.actor.user_id)
    documents.drop(uow, select(document.c.id).where(document.c.id == document_id, *held))


def open_(uow: UnitOfWork, document_id: UUID) -> tuple[Document, bytes]:
    """One that is held for the actor, with its bytes. Raises NotFound."""
    found, content = documents.open_(uow, document_id)
    if found.owner_type != HELD or found.uploaded_by != uow.actor.user_id:
        raise NotFound(kind="file", key=document_id)
    return found, content


def offered(uow: UnitOfWork, value: Any, beside: UUID | None, brought_by: UUID | None) -> File | None:
    """The file that a field may name: one held for the actor, or one that `brought_by` (None: whoever) has put
    `beside` the request or the draft. Nobody else can take it until the unit of work ends."""
    key = _key(value)
    row = uow.execute(_known_locked, {"wanted": key}).first() if key is not None else None
    if row is None:
        return None
    held = row.owner_type == HELD and row.created_by == uow.actor.user_id
    there = row.owner_type == BESIDE and row.owner_id == beside and brought_by in (None, row.created_by)
    return File(row.name, row.media_type) if held or there else None


def named(uow: UnitOfWork, values: Iterable[Any], beside: UUID | None) -> dict[str, Any]:
    """Files by id, each with `name`, `size` in bytes and `owner_type`: those beside the request or draft, and held ones
    of the actor."""
    return {
        str(row.id): row for row in _rows(uow, values)
        if (row.owner_type == BESIDE and row.owner_id == beside and beside is not None)
        or (row.owner_type == HELD and row.created_by == uow.actor.user_id)
    }  # fmt: skip


def keep(uow: UnitOfWork, draft_id: UUID, form: Form, values: Values, before: Values | None = None) -> None:
    """A draft takes what its fields name and the actor holds, and lets go of what they named `before` and no more."""
    now = ids_of(form, values)
    _take(uow, draft_id, now)
    gone = ids_of(form, before or {}).keys() - now.keys()
    if gone:
        own = (document.c.owner_type == BESIDE, document.c.owner_id == draft_id, document.c.field.is_not(None))
        for part in in_parts(gone):
            documents.drop(uow, select(document.c.id).where(document.c.id.in_(part), *own))


def claim(uow: UnitOfWork, instance: Instance, form: Form, written: Values, node: str | None = None) -> None:
    """The request has what `written` names and the actor holds, on record. `instance` is locked or new."""
    for key in sorted(_take(uow, instance.id, ids_of(form, written))):
        attached(uow, instance, key, node)


def attached(uow: UnitOfWork, instance: Instance, document_id: UUID, node: str | None = None) -> None:
    """The record says that the request has a file, and what is in it."""
    name = uow.execute(select(document.c.name).where(document.c.id == document_id)).scalar_one()
    version, row = audit.sealed_file(uow, document_id)
    data = {"document": str(document_id), "name": name, "version": version, "row": row}
    history.record(uow, instance, "document.attached", node=node, data=data)


def forget(uow: UnitOfWork, before: datetime) -> None:
    """Files that have been held since before then and that nobody has submitted."""
    documents.drop(uow, select(document.c.id).where(document.c.owner_type == HELD, document.c.created_at < before))


def ids_of(form: Form, values: Values) -> dict[UUID, str]:
    """What the fields for files name, in groups and rows too, each with the path of its field."""
    paths = [field.path for field in form.fields if field.type == "filepicker"]
    named = ((_key(one), path) for path in paths for one in every(values, path))
    return {key: path for key, path in named if key is not None}


def contents(uow: UnitOfWork, form: Form | None, values: Values) -> list[Any]:
    """Rows (id, field, name, digest, size) of the files that a form names: what is seen in it beside its values."""
    wanted = ids_of(form, values) if form is not None else {}
    parts = in_parts(sorted(wanted))
    return [row for part in parts for row in uow.execute(_contents.where(document.c.id.in_(part)))]


# ---------------------------------------------------------------- private


def _take(uow: UnitOfWork, owner: UUID, wanted: Mapping[UUID, str]) -> set[UUID]:
    found: set[UUID] = set()
    for part in in_parts(sorted(wanted)):  # in an order in which nobody waits for the other
        mine = select(document.c.id).where(*_mine, document.c.id.in_(part)).order_by(document.c.id).with_for_update()
        found.update(uow.execute(mine, {"who": uow.actor.user_id}).scalars())
    if found:
        moved = update(document).where(document.c.id == bindparam("row"))
        places = [{"row": key, "field": wanted[key]} for key in found]
        uow.execute(
            moved.values(owner_type=BESIDE, owner_id=owner, instance_id=owner, field=bindparam("field")), places
        )
    return found


def _rows(uow: UnitOfWork, values: Iterable[Any]) -> list[Any]:
    parts = in_parts({key for key in map(_key, values) if key is not None})
    return [row for part in parts for row in uow.execute(_known.where(document.c.id.in_(part)))]


def _key(value: Any) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
