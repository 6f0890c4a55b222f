"""One row per file of the library, with a version so that two analysts notice each other.

Every state that was saved is a revision too. A drawing of another product becomes a draft by `import_drawing`; what
was done to it is kept beside it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import replace as replace_fields
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, Row, bindparam, delete, func, insert, select, update

from engine import bpmn, dmn, history, operations
from engine.bpmn import element_templates, imports
from engine.bpmn.imports import Dialect, ImportNote, Translation
from engine.db.definition import Kind, definition, resource
from engine.db.draft import draft
from engine.drafts import reviewing, revisions
from engine.errors import N_, AlreadyExists, InvalidValue, NotFound, StaleDraft
from engine.unit_of_work import UnitOfWork

_KINDS = {".bpmn": Kind.PROCESS, ".dmn": Kind.DECISION, ".json": Kind.FORM}
_BY_ENDING = {".scenarios.yml": Kind.SCENARIOS, element_templates.ENDING: Kind.TEMPLATE}
_LONGEST_PATH = 300
_UNUSUAL = re.compile(r"[^\w-]")

_newest = (
    select(func.coalesce(func.max(definition.c.version), 0))
    .where(definition.c.kind == int(Kind.FORM), definition.c.key == draft.c.key)
    .scalar_subquery()
)
_overtaken = ((draft.c.kind == int(Kind.FORM)) & (draft.c.base_version < _newest)).label("overtaken")
_one = select(draft, _overtaken).where(draft.c.path == bindparam("of"))
_all = select(*(column for column in draft.c if column.name not in ("content", "report")), _overtaken).order_by(
    draft.c.path
)
_stored = (
    select(resource.c.content)
    .where(resource.c.path == draft.c.path)
    .order_by(resource.c.id.desc())  # ids are made in order of time
    .limit(1)
    .scalar_subquery()
)
_published = select(draft.c.path).where(draft.c.content == _stored)
_is_published = _published.where(draft.c.path == bindparam("of"))
_drawing = select(draft.c.path, draft.c.version).where(draft.c.key == bindparam("named"), draft.c.kind == Kind.PROCESS)
_insert = insert(draft)
_change = update(draft).where(draft.c.path == bindparam("of"), draft.c.version == bindparam("seen"))
_report = update(draft).where(draft.c.path == bindparam("of")).values(report=bindparam("what"))
_deployed = select(func.coalesce(func.max(definition.c.version), 0)).where(
    definition.c.kind == int(Kind.FORM), definition.c.key == bindparam("named")
)
_deployed_from = (
    select(definition.c.key)
    .join(resource, resource.c.id == definition.c.resource_id)
    .where(resource.c.path == bindparam("of"), definition.c.kind == int(Kind.DECISION))
)
_remove = delete(draft).where(draft.c.path == bindparam("of"))


@dataclass(frozen=True, slots=True)
class DraftInfo:
    """A draft without its content. `path`: as in the library, e.g. processes/oa/expense_claim.bpmn.

    `overtaken`: of a form, a version was deployed after it was saved, so it is no longer what is edited.
    """

    path: str
    kind: str
    key: str
    name: str
    version: int
    saved_by: UUID | None
    saved_at: datetime
    overtaken: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What an import said. `dialect`: whose words the file used."""

    dialect: str
    notes: list[ImportNote]


@dataclass(frozen=True, slots=True)
class Draft(DraftInfo):
    """With its bytes. `report`: of its import, None when it was drawn here or the report was put away."""

    content: bytes
    report: Report | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """A file that was taken in. `draft` is None when it could not be read: `translation.refusal` says why.

    `forms`: drafts of forms that stood in the drawing.
    """

    translation: Translation
    draft: DraftInfo | None
    forms: tuple[DraftInfo, ...] = ()


def open_(uow: UnitOfWork, path: str) -> Draft:
    """Raises NotFound."""
    row = uow.execute(_one, {"of": path}).first()
    if row is None:
        raise NotFound(kind="draft", key=path)
    report = None if row.report is None else Report(row.report["dialect"], imports.restored(row.report["notes"]))
    return Draft(*_facts(row), bytes(row.content), report)


def import_drawing(
    uow: UnitOfWork, file_name: str, content: bytes, area: str, *, key: str | None = None, replace: bool = False
) -> Imported:
    """Translate a drawing of any product and store it as processes/<area>/<id of its process>.bpmn.

    `key`: another id for its process. `replace`: write over the draft of that process, wherever it is, and over its
    forms. Forms that stand in the drawing become drafts beside it. Raises InvalidValue, AlreadyExists.
    """
    found = imports.translate(content, file_name, key, area)
    if found.xml is None:
        return Imported(found, None)
    alone(uow, found.forms)
    stem = _UNUSUAL.sub("_", found.key or PurePosixPath(file_name).stem)
    path = f"processes/{area}/{stem}.bpmn"
    there = uow.execute(_drawing, {"named": place(path)[1]}).first()
    path = there.path if there is not None else path
    if there is not None and not replace:
        raise AlreadyExists(kind="draft", key=path)
    saved = save(uow, path, found.xml, version=there.version if there is not None else 0, name=found.name)
    found = replace_fields(found, notes=[*found.notes, *_unknown_jobs(found)])
    report = {"dialect": found.dialect.value, "notes": imports.stored(found.notes)}
    uow.execute(_report, {"of": path, "what": report})
    forms = tuple(_import_form(uow, form, made, replace=replace) for form, made in found.forms.items())
    history.act(uow, "draft", "draft.imported", {"path": path, "file": file_name, "dialect": found.dialect.value})
    return Imported(found, saved, forms)


def _unknown_jobs(found: Translation) -> list[ImportNote]:
    """Job types of Camunda 8 that are no operation here: a worker of that installation did them."""
    definition = bpmn.read(found.xml or b"").definition if found.dialect is Dialect.CAMUNDA8 else None
    nodes = [node for process in definition.processes for node in process.all_nodes()] if definition else []
    known = operations.catalog()
    return [
        ImportNote(
            imports.Kind.DECIDE, node.id, N_("The job type '{type}' is no operation of the catalogue."),
            {"type": task.type}, N_("Choose the operation that does this step."), node.name or node.id,
        )
        for node in nodes if (task := node.extensions.task) and task.type not in known and not task.type.startswith("=")
    ]  # fmt: skip


def forms_of(uow: UnitOfWork, drawing: bytes, reading: bpmn.Reading | None = None) -> dict[str, bytes]:
    """Drafts of forms that a drawing names, unless a later version overtook them: path -> content.

    `reading`: of the drawing, from a caller that has read it already.
    """
    definition = (reading or bpmn.read(drawing)).definition
    named = definition.forms if definition is not None else []
    found = [info.path for info in list_(uow) if info.kind == "form" and info.key in named and not info.overtaken]
    return {path: open_(uow, path).content for path in found}


def scenarios_of(uow: UnitOfWork, key: str) -> dict[str, bytes]:
    """The draft of the scenarios of a process: path -> content."""
    found = [info.path for info in list_(uow) if (info.kind, info.key) == ("scenarios", key)]
    return {path: open_(uow, path).content for path in found}


def decisions_of(
    uow: UnitOfWork, drawing: bytes, reading: bpmn.Reading | None = None
) -> dict[str, tuple[bytes, set[str]]]:
    """Drafts of decisions that a drawing asks: path -> (content, ids of all decisions in it). `reading`: see there."""
    definition = (reading or bpmn.read(drawing)).definition
    processes = definition.processes if definition is not None else []
    asked = {key for process in processes for node in process.all_nodes() for key in node.asked_decisions()}
    tables = {info.path: open_(uow, info.path).content for info in list_(uow) if info.kind == "decision"}
    found = {path: (content, _decisions_in(uow, path, content)) for path, content in tables.items()}
    return {path: (content, ids) for path, (content, ids) in found.items() if ids & asked}


def _decisions_in(uow: UnitOfWork, path: str, content: bytes) -> set[str]:
    """Of a file that cannot be read what was deployed of it last, or what its name says: whoever asks it is to know."""
    model = dmn.read(content, path).model
    if model is None:
        return set(uow.execute(_deployed_from, {"of": path}).scalars()) or {place(path)[1]}
    return {decision.id for decision in (*model.decisions, *model.services)}


def _import_form(uow: UnitOfWork, path: str, content: bytes, *, replace: bool) -> DraftInfo:
    there = uow.execute(_one, {"of": path}).first()
    if there is not None and not replace:
        raise AlreadyExists(kind="draft", key=path)
    return save(uow, path, content, version=there.version if there is not None else 0)


def put_report_away(uow: UnitOfWork, path: str) -> None:
    """Forget what the import of a draft said; the draft stays."""
    uow.execute(_report, {"of": path, "what": None})


def alone(uow: UnitOfWork, paths: Iterable[str]) -> None:
    """Wait until nobody else saves or deploys the forms among these; ask before reading what is saved or deployed.

    All that one act saves at once and first, so that two acts cannot wait for each other.
    """
    for path in sorted({path for path in paths if path.startswith("forms/") and path.endswith(".json")}):
        uow.alone(f"draft {path}")


def save(uow: UnitOfWork, path: str, content: bytes, *, version: int = 0, name: str = "") -> DraftInfo:
    """Store `content` under `path`. `version`: the one that was opened, 0 for a new draft.

    The draft of a form counts until another version is deployed. Raises InvalidValue for a path outside the library,
    AlreadyExists, StaleDraft.
    """
    kind, key = place(path)
    row: dict[str, Any] = {"content": content, "saved_by": uow.actor.user_id, "saved_at": uow.now}
    if kind is Kind.FORM:
        alone(uow, [path])
        row["base_version"] = uow.execute(_deployed, {"named": key}).scalar_one()
    if name:
        row["name"] = name
    if version == 0:
        if uow.execute(_one, {"of": path}).first():
            raise AlreadyExists(kind="draft", key=path)
        uow.execute(_insert, {"path": path, "kind": int(kind), "key": key, "name": name or key, "version": 1} | row)
        history.act(uow, "draft", "draft.created", {"path": path})
    else:
        changed = uow.execute(_change, {"of": path, "seen": version, "version": version + 1} | row)
        if cast("CursorResult[Any]", changed).rowcount != 1:
            raise StaleDraft(path=path, found=open_(uow, path).version, seen=version)
    revisions.record(uow, path, content)
    return open_(uow, path)


def list_(uow: UnitOfWork) -> list[DraftInfo]:
    """All drafts by path."""
    return [DraftInfo(*_facts(row)) for row in uow.execute(_all)]


def waiting(uow: UnitOfWork) -> list[DraftInfo]:
    """Those of which something is still to be published: no version overtook them, and they say something else."""
    published = set(uow.execute(_published).scalars())
    return [info for info in list_(uow) if not info.overtaken and info.path not in published]


def waits(uow: UnitOfWork, info: DraftInfo) -> bool:
    """Whether that holds of one."""
    return not info.overtaken and uow.execute(_is_published, {"of": info.path}).first() is None


def discard(uow: UnitOfWork, path: str) -> None:
    """Forget the draft; deployed versions stay. Raises NotFound."""
    if cast("CursorResult[Any]", uow.execute(_remove, {"of": path})).rowcount != 1:
        raise NotFound(kind="draft", key=path)
    reviewing.forget(uow, path)
    history.act(uow, "draft", "draft.discarded", {"path": path})


def place(path: str) -> tuple[Kind, str]:
    """Kind and key of a file of the library: processes/<area>/<key>.bpmn, .dmn, forms/<area>/<name>.json.

    Raises InvalidValue.
    """
    parts = PurePosixPath(path)
    kind = next((kind for ending, kind in _BY_ENDING.items() if path.endswith(ending)), _KINDS.get(parts.suffix))
    folder = "forms" if kind is Kind.FORM else "processes"
    names = parts.parts
    usable = all(name not in ("", ".", "..") and not name.startswith(".") for name in names)
    if kind is None or len(names) < 3 or names[0] != folder or not usable or len(path) > _LONGEST_PATH or "\\" in path:
        raise InvalidValue(expected=N_("a path such as processes/oa/claim.bpmn or forms/oa/claim.json"), found=path)
    if kind is Kind.FORM:
        return kind, "/".join((*names[1:-1], parts.stem))
    return kind, parts.name.partition(".")[0]


def _facts(row: Row[Any]) -> tuple[str, str, str, str, int, UUID | None, datetime, bool]:
    kind = Kind(row.kind).name.lower()
    return row.path, kind, row.key, row.name, row.version, row.saved_by, row.saved_at, bool(row.overtaken)
