"""An area of the library as one archive, file by file as it lies in `processes/` and `forms/`, out and in again."""

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath

from sqlalchemy import select

from engine import drafts
from engine.db.definition import Kind, deployment, resource
from engine.errors import N_, EngineError, InvalidValue
from engine.findings import Finding, errors_of
from engine.repository import templates
from engine.repository.definitions import file, latest, latest_all
from engine.repository.deploying import check, deploy
from engine.unit_of_work import UnitOfWork
from engine.values import storable

MOST_FILES = 1000
MOST_BYTES = 50_000_000
"""unpacked"""
_PLACE = re.compile(r"(processes|forms)/[^/]+/.")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""others are unpacked whole, however large that becomes"""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_SCENARIOS = (
    select(resource.c.path, resource.c.content)
    .join(deployment, deployment.c.id == resource.c.deployment_id)
    .where(resource.c.kind == int(Kind.SCENARIOS))
    .order_by(deployment.c.deployed_at.desc(), deployment.c.id.desc())
)
NEW, CHANGED, SAME, DRAWN = "new", "changed", "same", "drawn"
FOREIGN, ELSEWHERE, ENCODED, UNFIT = "foreign", "elsewhere", "encoded", "unfit"
IN_FORCE, WITHDRAWN = "in_force", "withdrawn"


class NoArchive(EngineError):
    """Something else than a usable zip file."""

    message = N_("Expected a zip file with the folders processes/ and forms/, found: {reason}")
    status = 422


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one file of an archive.

    `outcome`: NEW or CHANGED: a draft now; SAME: as it is here already; DRAWN: another draft is in the way; ELSEWHERE:
    its process is in another folder, here or in the archive; FOREIGN: no file of a library; ENCODED: no UTF-8, which
    the designer needs. Of a step template, which runs nothing: IN_FORCE at once; UNFIT: `findings` say why not;
    WITHDRAWN: here, and it stays so until somebody offers it again.
    """

    path: str
    outcome: str
    findings: tuple[Finding, ...] = ()


def areas(uow: UnitOfWork) -> list[str]:
    """The folders that have something deployed or drafted, by name."""
    return sorted({path.split("/")[1] for path in current(uow)})


def current(uow: UnitOfWork, *, with_drafts: bool = True) -> dict[str, bytes]:
    """Every file as it was deployed last, or as its draft stands, unless a later version overtook that.

    Without step templates that were withdrawn.
    """
    found: dict[str, bytes] = {}
    for row in uow.execute(_SCENARIOS):
        found.setdefault(row.path, bytes(row.content))
    for kind in ("process", "decision", "form"):
        found |= dict(file(uow, info.id) for info in latest_all(uow, kind))
    found |= dict(file(uow, info.id) for info in templates.list_(uow))
    if with_drafts:
        found |= {info.path: drafts.open_(uow, info.path).content for info in drafts.list_(uow) if not info.overtaken}
    return {path: content for path, content in found.items() if _PLACE.match(path)}


def overtaken(uow: UnitOfWork) -> list[str]:
    """Drafts of forms that no export holds, since another version was deployed after they were saved."""
    return [
        info.path for info in drafts.list_(uow)
        if info.overtaken and drafts.open_(uow, info.path).content != file(uow, latest(uow, info.key, "form").id)[1]
    ]  # fmt: skip


def pack(uow: UnitOfWork, area: str, *, with_drafts: bool = False) -> bytes:
    """A zip of one area; the same files give the same bytes. Raises InvalidValue when there is nothing."""
    found = {path: content for path, content in current(uow, with_drafts=with_drafts).items() if _in(area, path)}
    if not found:
        raise InvalidValue(expected=N_("an area that has files"), found=area[:80])
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for path in sorted(found):
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, found[path])
    return written.getvalue()


def unpack(uow: UnitOfWork, content: bytes, *, replace: bool = False) -> list[Taken]:
    """Drafts of what an archive has and this installation has not so. `replace`: over drafts that differ.

    Raises NoArchive; nothing is taken in then.
    """
    files = _read(content)
    drafts.alone(uow, files)
    there, known = current(uow, with_drafts=False), {info.path: info for info in drafts.list_(uow)}
    withdrawn = {info.path for info in templates.list_(uow, withdrawn=True)}
    homes = {drafts.place(path): path for path in (*there, *known, *withdrawn)}
    taken = []
    for path, new in files.items():
        outcome = _outcome(path, new, there, homes)
        draft = known.get(path)
        if outcome in (NEW, CHANGED, SAME) and draft is not None and not draft.overtaken:
            same = drafts.open_(uow, path).content == new
            outcome = SAME if same else CHANGED if replace else DRAWN
        findings: list[Finding] = []
        if path in withdrawn and outcome in (NEW, CHANGED):
            outcome = WITHDRAWN
        elif outcome in (NEW, CHANGED) and drafts.place(path)[0] is Kind.TEMPLATE:
            findings = errors_of(check(uow, {path: new}))
            outcome = UNFIT if findings else IN_FORCE
            if not findings:
                deploy(uow, {path: new})
        elif outcome in (NEW, CHANGED):
            drafts.save(uow, path, new, version=draft.version if draft is not None else 0)
            homes[drafts.place(path)] = path
        taken.append(Taken(path, outcome, tuple(findings)))
    return taken


def _in(area: str, path: str) -> bool:
    return path.split("/")[1] == area


def _outcome(path: str, new: bytes, there: dict[str, bytes], homes: dict[tuple[Kind, str], str]) -> str:
    try:
        place = drafts.place(path)
    except InvalidValue:
        return FOREIGN
    if str(PurePosixPath(path)) != path or not storable(path):
        return FOREIGN
    if homes.get(place, path) != path:
        return ELSEWHERE
    if there.get(path) == new:
        return SAME
    if not _text(new):
        return ENCODED
    return CHANGED if path in there else NEW


def _text(content: bytes) -> bool:
    try:
        return storable(content.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _read(content: bytes) -> dict[str, bytes]:
    """Its files by path, folders left out."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > MOST_BYTES:
                raise NoArchive(reason=f"{len(entries)} files, {sum(entry.file_size for entry in entries)} bytes")
            if len({entry.filename for entry in entries}) != len(entries):
                raise NoArchive(reason=N_("one name twice"))
            return {entry.filename: _unpacked(archive, entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
        raise NoArchive(reason=str(error)) from None


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Never more in memory than the archive has said: `ZipFile.read` unpacks everything first."""
    if entry.compress_type not in _METHODS:
        raise NoArchive(reason=N_("a compression other than deflate"))
    with archive.open(entry) as packed:
        return packed.read(entry.file_size + 1)
