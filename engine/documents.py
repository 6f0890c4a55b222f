"""Files: bytes once by hash, versions that are never overwritten, owned by an instance, a task or a record."""

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, delete, exists, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine import ids
from engine.db.document import blob, document, document_version
from engine.db.instance import instance
from engine.errors import N_, FileTooLarge, InvalidValue, NotFound, Phrase, WrongFileType
from engine.statements import in_parts
from engine.unit_of_work import UnitOfWork
from engine.values import sha256

MEGABYTE = 1024 * 1024
LONGEST_NAME = 200

_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),  # .doc .xls .ppt
)
_OFFICE = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_MARKUP = (b"<!doctype", b"<html", b"<svg", b"<script", b"<?xml")
ACCEPTED = ("pdf", "png", "jpeg", "gif", "webp", "docx", "xlsx", "pptx", "doc", "xls", "ppt", "ofd", "txt", "csv")

_columns = (
    document.c.id, document.c.instance_id, document.c.owner_type, document.c.owner_id, document.c.name,
    document_version.c.version, document_version.c.uploaded_by, document_version.c.uploaded_at, blob.c.size,
    blob.c.media_type, blob.c.digest, document.c.field,
)  # fmt: skip
_current = (
    select(*_columns)
    .join(
        document_version,
        (document_version.c.document_id == document.c.id) & (document_version.c.version == document.c.current_version),
    )
    .join(blob, blob.c.digest == document_version.c.digest)
)
_one = _current.add_columns(blob.c.content).where(document.c.id == bindparam("of"))
_owned = _current.where(document.c.owner_type == bindparam("of_type"), document.c.owner_id == bindparam("of")).order_by(
    document.c.id
)
_same_name = select(document.c.id, document.c.current_version).where(
    document.c.owner_type == bindparam("of_type"),
    document.c.owner_id == bindparam("of"),
    document.c.name == bindparam("called"),
    document.c.field.is_(None),
)
_insert_document = insert(document)
_insert_version = insert(document_version)
_move = update(document).where(document.c.owner_id == bindparam("of"))
_of_field = document.c.field.is_not(None)
_any_version = select(document_version.c.version).where(document_version.c.digest == blob.c.digest).correlate(blob)
_elsewhere = exists(
    _any_version.join(document).outerjoin(instance, instance.c.id == document.c.instance_id)
    .where(or_(~_of_field, instance.c.erased_at.is_(None)))
)  # fmt: skip
"""bytes that are not only in fields of erased requests"""
_bump = update(document).where(document.c.id == bindparam("row"))
_versions = (
    select(document_version.c.version, document_version.c.uploaded_by, document_version.c.uploaded_at, blob.c.size)
    .join(blob, blob.c.digest == document_version.c.digest)
    .where(document_version.c.document_id == bindparam("of"))
    .order_by(document_version.c.version.desc())
)


@dataclass(frozen=True, slots=True)
class Document:
    """The current version of a file. `size` in bytes; `digest` SHA-256; `field`: of the form, dotted, if of one."""

    id: UUID
    instance_id: UUID | None
    owner_type: str
    owner_id: UUID
    name: str
    version: int
    uploaded_by: UUID | None
    uploaded_at: datetime
    size: int
    media_type: str
    digest: bytes
    field: str | None


def store(
    uow: UnitOfWork, owner_type: str, owner_id: UUID, name: str, content: bytes, media_type: str = "", *,
    instance_id: UUID | None = None,
) -> UUID:  # fmt: skip
    """Keep a file and return its id; the same name under the same owner is a new version of it, unless it is a field's.

    The type is judged by content; `media_type`, what the sender says, only tells csv from other text.
    Raises FileTooLarge, WrongFileType, InvalidValue for a name that cannot be.
    """
    name = _clean(name)
    if len(content) > uow.settings.upload_limit:
        raise FileTooLarge(limit=uow.settings.upload_limit_mb, name=name, found=f"{len(content) / MEGABYTE:.1f}")
    found = recognise(name, content)
    if found == "text/plain" and media_type == "text/csv":
        found = media_type
    digest = keep(uow, content, found)
    known = uow.execute(_same_name, {"of_type": owner_type, "of": owner_id, "called": name}).first()
    key: UUID = known.id if known else ids.uuid7()
    version = known.current_version + 1 if known else 1
    if known:
        uow.queue(_bump, {"row": key, "current_version": version})
    else:
        uow.queue(
            _insert_document,
            {
                "id": key, "instance_id": instance_id, "owner_type": owner_type, "owner_id": owner_id, "name": name,
                "current_version": version, "created_by": uow.actor.user_id, "created_at": uow.now,
            },
        )  # fmt: skip
    uow.queue(
        _insert_version,
        {
            "document_id": key, "version": version, "digest": digest, "uploaded_by": uow.actor.user_id,
            "uploaded_at": uow.now,
        },
    )  # fmt: skip
    return key


def keep(uow: UnitOfWork, content: bytes, media_type: str) -> bytes:
    """Store bytes once under their digest, again once erased; the media type is that of whoever brought them first."""
    digest = sha256(content)
    row = {"digest": digest, "size": len(content), "media_type": media_type, "content": content, "created_at": uow.now}
    made: Any = postgresql.insert(blob) if uow.connection.dialect.name == "postgresql" else sqlite.insert(blob)
    again = {"content": made.excluded.content}
    uow.execute(
        made.values(row).on_conflict_do_update(index_elements=["digest"], set_=again, where=blob.c.content == b"")
    )
    return digest


def open_(uow: UnitOfWork, document_id: UUID) -> tuple[Document, bytes]:
    """The current version and its bytes. Who may read it, the caller says. Raises NotFound."""
    row = uow.execute(_one, {"of": document_id}).first()
    if row is None:
        raise NotFound(kind="document", key=document_id)
    return _document(row), bytes(row.content)


def list_(uow: UnitOfWork, owner_type: str, owner_id: UUID) -> list[Document]:
    """The files of an owner, oldest first."""
    return [_document(row) for row in uow.execute(_owned, {"of_type": owner_type, "of": owner_id})]


def names(uow: UnitOfWork, document_ids: Iterable[UUID], brought_by: UUID | None) -> dict[UUID, str]:
    """How files are called that this person has brought himself, wherever they are; of others he is told nothing."""
    query = select(document.c.id, document.c.name).where(
        document.c.id.in_(list(document_ids)), document.c.created_by == brought_by
    )
    return {row.id: row.name for row in uow.execute(query)}


def copy(uow: UnitOfWork, owner_type: str, owner_id: UUID, to: UUID, whose: UUID | None) -> dict[UUID, UUID]:
    """Let `to`, an instance, have what an owner has now, by reference, as if `whose` had brought it; the new id of each
    file by its old one.
    """
    made: dict[UUID, UUID] = {}
    for one in list_(uow, owner_type, owner_id):
        key = made[one.id] = ids.uuid7()
        uow.queue(
            _insert_document,
            {
                "id": key, "instance_id": to, "owner_type": owner_type, "owner_id": to, "name": one.name,
                "current_version": 1, "created_by": whose, "created_at": uow.now, "field": one.field,
            },
        )  # fmt: skip
        uow.queue(
            _insert_version,
            {
                "document_id": key, "version": 1, "digest": one.digest, "uploaded_by": one.uploaded_by,
                "uploaded_at": one.uploaded_at,
            },
        )  # fmt: skip
    return made


def move(uow: UnitOfWork, owner_type: str, owner_id: UUID, to: UUID) -> None:
    """From a draft to the instance `to` that it became."""
    uow.execute(_move.where(document.c.owner_type == owner_type), {"of": owner_id, "owner_id": to, "instance_id": to})


def forget(uow: UnitOfWork, owner_type: str, owners: Any) -> None:
    """Files of `owners`, a query of ids, none of which was ever more than a draft."""
    drop(uow, select(document.c.id).where(document.c.owner_type == owner_type, document.c.owner_id.in_(owners)))


def drop(uow: UnitOfWork, which: Select[tuple[UUID]]) -> None:
    """Forget the files that a query names, and bytes that nothing else refers to but fields of erased requests.

    The files are locked, and so is what is in them: who takes or sends one meanwhile is waited for, and it stays.
    """
    locked = which.order_by(document.c.id).with_for_update(of=document)
    for gone in in_parts(uow.execute(locked).scalars()):
        of_gone = select(document_version.c.digest).where(document_version.c.document_id.in_(gone))
        contents = select(blob.c.digest).where(blob.c.digest.in_(of_gone)).order_by(blob.c.digest).with_for_update()
        digests = list(uow.execute(contents).scalars())
        uow.execute(delete(document_version).where(document_version.c.document_id.in_(gone)))
        uow.execute(delete(document).where(document.c.id.in_(gone)))
        uow.execute(delete(blob).where(blob.c.digest.in_(digests), ~exists(_any_version)))
        _empty(uow, blob.c.digest.in_(digests))


def empty(uow: UnitOfWork, instance_id: UUID) -> None:
    """Take away the bytes that fields of an erased request have held; names, sizes and digests stay.

    Bytes that lie elsewhere too (another request that is not erased, somebody's draft) stay there.
    """
    own = select(document_version.c.digest).join(document).where(document.c.instance_id == instance_id, _of_field)
    _empty(uow, blob.c.digest.in_(own))


def versions(uow: UnitOfWork, document_id: UUID) -> Sequence[Any]:
    """Rows (version, uploaded_by, uploaded_at, size), newest first."""
    return uow.execute(_versions, {"of": document_id}).all()


def recognise(name: str, content: bytes) -> str:
    """The media type of the content. Raises WrongFileType for programs, markup and what nobody knows."""
    for magic, media_type in _MAGIC:
        if content.startswith(magic):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content.startswith(b"PK\x03\x04"):
        return _recognise_archive(name, content)
    if content[:512].lstrip().lower().startswith(_MARKUP):
        raise _wrong(name, N_("markup that a browser would execute"))
    if not content:
        raise _wrong(name, N_("empty"))
    for encoding in ("utf-8", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if all(character.isprintable() or character in "\t\r\n\ufeff" for character in text):
            return "text/plain"
    raise _wrong(name, N_("of an unknown kind"))


def _empty(uow: UnitOfWork, which: ColumnElement[bool]) -> None:
    uow.execute(update(blob).where(which, ~_elsewhere).values(content=b""))


def _document(row: Any) -> Document:
    return Document(
        row.id, row.instance_id, row.owner_type, row.owner_id, row.name, row.version, row.uploaded_by,
        row.uploaded_at, row.size, row.media_type, row.digest, row.field,
    )  # fmt: skip


def _recognise_archive(name: str, content: bytes) -> str:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError):
        raise _wrong(name, N_("a damaged archive")) from None
    if any(member.endswith("vbaProject.bin") for member in members):
        raise _wrong(name, N_("a document with macros"))
    for folder, media_type in _OFFICE.items():
        if "[Content_Types].xml" in members and any(member.startswith(folder) for member in members):
            return media_type
    if "OFD.xml" in members:
        return "application/ofd"  # GB/T 33190: electronic invoices
    raise _wrong(name, N_("an archive"))


def _wrong(name: str, found: str) -> WrongFileType:
    return WrongFileType(name=name, found=found, accepted=", ".join(ACCEPTED))


def _clean(name: str) -> str:
    base = name.replace("\\", "/").rpartition("/")[2].strip()
    if not base or base in (".", "..") or len(base) > LONGEST_NAME or not base.isprintable():
        raise InvalidValue(
            expected=Phrase(N_("a file name of 1 to {limit} characters"), limit=LONGEST_NAME), found=repr(name[:80])
        )
    return base
