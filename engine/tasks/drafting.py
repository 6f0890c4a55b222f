"""Requests that are not yet submitted: kept while they are typed, again after a withdrawal, or from an older one.

A draft is a row of `instance` without number, token or facts; what was typed is never evaluated until it is submitted.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import bindparam, delete, insert, literal, select, update

from engine import bpmn, documents, forms, identity, ids, pickers, repository, runtime, uploads, values
from engine.db.base import Id
from engine.db.history import history as facts
from engine.db.instance import Instance, Status, instance
from engine.errors import N_, ActNotOffered, NotFound, OperationRunning, ProcessRetired, StaleDraft
from engine.runtime import proof, returning
from engine.tasks.erasing import refuse_erased
from engine.unit_of_work import UnitOfWork
from engine.values import Values

KEPT = timedelta(days=90)
"""How long a draft that nobody touches is kept."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
OWNER = "instance"
"""of the files beside a request, drafts included"""

_insert = insert(instance)
_mine = select(instance).where(
    instance.c.id == bindparam("wanted"), instance.c.status == int(Status.DRAFT),
    instance.c.starter_id == bindparam("who"),
)  # fmt: skip
_all = (
    select(instance)
    .where(instance.c.starter_id == bindparam("who"), instance.c.status == int(Status.DRAFT))
    .order_by(instance.c.updated_at.desc(), instance.c.id.desc())
)
_one = select(instance.c.number, instance.c.submission).where(instance.c.id == bindparam("wanted"))
_save = update(instance).where(
    instance.c.id == bindparam("wanted"), instance.c.status == int(Status.DRAFT),
    instance.c.version == bindparam("seen"),
)  # fmt: skip
_discard = delete(instance).where(
    instance.c.id == bindparam("wanted"), instance.c.status == int(Status.DRAFT),
    instance.c.version == bindparam("seen"),
)  # fmt: skip
_performed = select(facts.c.node, facts.c.data).where(
    facts.c.instance_id == bindparam("of"), facts.c.kind == "operation.performed"
)


@dataclass(frozen=True, slots=True)
class RequestDraft:
    """What somebody has begun to ask for. `dropped`: fields that the newest version no longer asks for; `labels`:
    how the form that the draft was made with calls them.

    `loose`: names of the files of those fields, which stay beside the request. `lost`: names of files that its fields
    held and that did not come along; "" for one that somebody else has brought.
    `number`, `submission`: of the withdrawn request that it takes up again, as they will be.
    """

    id: UUID
    process_key: str
    title: str
    form_id: str | None
    values: Values
    dropped: tuple[str, ...]
    number: str | None
    submission: int
    resubmits_id: UUID | None
    version: int
    saved_at: datetime
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    loose: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


def save(
    uow: UnitOfWork, key: str, fields: Mapping[str, Any], *, draft_id: UUID | None = None, version: int = 0
) -> RequestDraft:
    """Keep what was typed into the start form of process `key`. `draft_id`, `version`: as it was opened.

    Raises StaleDraft when another page has saved it since, NotFound.
    """
    content = orjson.dumps(values.encode(values.normalise(dict(fields))))
    if draft_id is None:
        info = _startable(uow, key)
        draft_id = _store(uow, info.id, key, info.name, content, uow.actor.user_id, None)
        _keep_files(uow, key, draft_id, fields, {})
        return open_(uow, draft_id)
    found = open_(uow, draft_id)
    changed = uow.execute(
        _save.values(state=content, version=version + 1, updated_at=uow.now), {"wanted": draft_id, "seen": version}
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleDraft(path=found.title, found=found.version, seen=version)
    _keep_files(uow, found.process_key, draft_id, fields, found.values)
    return open_(uow, draft_id)


def open_(uow: UnitOfWork, draft_id: UUID) -> RequestDraft:
    """A draft of the actor. Raises NotFound, also when it was submitted."""
    row = uow.execute(_mine, {"wanted": draft_id, "who": uow.actor.user_id}).first()
    if row is None:
        raise NotFound(kind="draft", key=draft_id)
    return _draft(uow, row)


def list_(uow: UnitOfWork) -> list[RequestDraft]:
    """草稿: the actor's drafts, newest first."""
    return [_draft(uow, row) for row in uow.execute(_all, {"who": uow.actor.user_id}).all()]


def discard(uow: UnitOfWork, draft_id: UUID, version: int) -> None:
    """Forget it. Raises NotFound, StaleDraft."""
    _remove(uow, open_(uow, draft_id), version)
    documents.forget(uow, OWNER, select(literal(draft_id, Id)))


def submit(
    uow: UnitOfWork, draft_id: UUID, fields: Mapping[str, Any], version: int, *, business_key: str | None = None,
    department: str | None = None, approvers: Mapping[str, Sequence[Any]] | None = None,
) -> Instance:  # fmt: skip
    """Start the request of a draft; after a withdrawal under the same number, one submission later.

    `department`, `approvers`: as of `runtime.start`.

    Raises NotFound when it was submitted already, StaleDraft, InvalidForm, and what `runtime.start` raises.
    """
    draft = open_(uow, draft_id)
    info = _startable(uow, draft.process_key)
    given = dict(fields)
    if draft.form_id is not None:
        form = repository.form(uow, draft.form_id, info.id)
        given = forms.validate(
            form, given, stored={}, permissions=forms.WRITE_ALL, now=uow.now, zone=uow.settings.timezone,
            known=pickers.judge(uow, beside=draft.id),
        )  # fmt: skip
        uploads.keep(uow, draft.id, form, given, draft.values)
    runtime.require_selection(uow, draft.process_key, given, approvers or {}, department=department)
    _remove(uow, draft, version)
    own = documents.list_(uow, OWNER, draft.id)
    started = runtime.start(
        uow, draft.process_key, given, business_key=business_key, definition_id=info.id, number=draft.number,
        submission=draft.submission, resubmits_id=draft.resubmits_id, department=department, approvers=approvers,
    )  # fmt: skip
    documents.move(uow, OWNER, draft.id, started.id)
    for one in own:
        uploads.attached(uow, started, one.id)
    return started


def keep(uow: UnitOfWork, ended: Instance) -> UUID | None:
    """A draft of a request that is about to be withdrawn, for its requester; None when the engine had started it."""
    if ended.starter_id is None:
        return None
    return _copy(uow, ended, ended.title, ended.id)


def copy_to_draft(uow: UnitOfWork, instance_id: UUID) -> RequestDraft:
    """重新发起: a new draft from data and files of an older request of the actor; no number, no approval comes along.

    Raises ActNotOffered for somebody else's request, NotFound, NotPossibleNow (it was erased: nothing is left to copy).
    """
    view = runtime.instance_view(uow, instance_id)
    if view.instance.starter_id is None or view.instance.starter_id != uow.actor.user_id:
        raise ActNotOffered(act="copy", task=view.instance.title, offered="-")
    row = view.instance
    refuse_erased(uow, row, N_("start again"))
    name = repository.latest_active(uow, row.process_key).name
    return open_(uow, _copy(uow, row, name, None))


def forget(uow: UnitOfWork) -> None:
    """Drafts that nobody has touched for long, and files that nobody has submitted for as long."""
    old = (instance.c.status == int(Status.DRAFT), instance.c.updated_at < uow.now - KEPT)
    documents.forget(uow, OWNER, select(instance.c.id).where(*old))
    uow.execute(delete(instance).where(*old))
    uploads.forget(uow, uow.now - KEPT)


def lasting_effects(uow: UnitOfWork, instance_id: UUID) -> list[str]:
    """Elements of a request whose operation left something behind that ending it would not take back."""
    rows = uow.execute(_performed, {"of": instance_id}).all()
    return list(dict.fromkeys(str(row.node) for row in rows if returning.lasting(row.data["operation"])))


def check_nothing_runs(uow: UnitOfWork, ended: Instance) -> None:
    """What is being done now might be done again by the next submission. Raises OperationRunning."""
    running = proof.at_work(uow, ended, runtime.load(uow, ended))
    if running:
        raise OperationRunning(operations=", ".join(running))


# ---------------------------------------------------------------- private


def _startable(uow: UnitOfWork, key: str) -> repository.DefinitionInfo:
    found = next((info for info in repository.startable(uow) if info.key == key), None)
    if found is None:
        raise NotFound(kind="process that you may start", key=key)
    return found


def _keep_files(uow: UnitOfWork, key: str, draft_id: UUID, fields: Mapping[str, Any], before: Values) -> None:
    info = repository.latest(uow, key)
    form_id = repository.program(uow, info.id).start_form
    if form_id is not None:
        uploads.keep(uow, draft_id, repository.form(uow, form_id, info.id), dict(fields), before)


def _copy(uow: UnitOfWork, row: Instance, title: str, resubmits_id: UUID | None) -> UUID:
    """A draft with fields and files of a request; the files are its own."""
    draft_id = ids.uuid7()
    moved = {str(old): str(new) for old, new in documents.copy(uow, OWNER, row.id, draft_id, row.starter_id).items()}
    content = _content(uow, row, moved)
    return _store(
        uow, row.definition_id, row.process_key, title, content, row.starter_id, resubmits_id, draft_id
    )  # fmt: skip


def _content(uow: UnitOfWork, row: Instance, moved: Mapping[str, str]) -> bytes:
    """The fields of the start form as they stand now; without a form nothing was filled in. `moved`: files by id."""
    state = runtime.load(uow, row)
    known = bpmn.variables(state)
    names: list[str] = []
    if state.program.start_form is not None:
        # a form that is bound to its newest version may have lost fields since: they are named, not left out unsaid
        then = repository.forms_since(uow, state.program.start_form, row.definition_id, row.created_at)
        fields = [one for form in then for one in form.fields]
        names = list(dict.fromkeys(one.path.partition(".")[0] for one in fields))
        files = [one.path.split(".") for one in fields if one.type == "filepicker"]
        known = {name: _with_files(known[name], [name], files, moved) for name in names if name in known}
    return orjson.dumps(values.encode({name: known[name] for name in names if name in known}))


def _with_files(value: Any, at: list[str], files: list[list[str]], moved: Mapping[str, str]) -> Any:
    """`value` with its own files in the fields for files; `_draft` leaves out what is none of its own."""
    if at in files:
        return [moved.get(str(one), one) for one in value or ()]
    if isinstance(value, list):
        return [_with_files(one, at, files, moved) for one in value]
    if isinstance(value, dict):
        return {name: _with_files(one, [*at, name], files, moved) for name, one in value.items()}
    return value


def _store(
    uow: UnitOfWork, definition_id: UUID, key: str, title: str, content: bytes, owner: UUID | None,
    resubmits_id: UUID | None, draft_id: UUID | None = None,
) -> UUID:  # fmt: skip
    draft_id = draft_id or ids.uuid7()
    row = {
        "id": draft_id, "definition_id": definition_id, "process_key": key, "title": title, "starter_id": owner,
        "status": int(Status.DRAFT), "history_hash": bytes(32), "codec": 1, "state": content,
        "created_at": uow.now, "updated_at": uow.now, "resubmits_id": resubmits_id,
    }  # fmt: skip
    uow.execute(_insert, row)
    return draft_id


def _remove(uow: UnitOfWork, draft: RequestDraft, version: int) -> None:
    gone = uow.execute(_discard, {"wanted": draft.id, "seen": version})
    if gone.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleDraft(path=draft.title, found=draft.version, seen=version)


def _version(uow: UnitOfWork, row: Any) -> UUID:
    """The one that it would start; while the process takes no requests the one that it was made for."""
    try:
        return repository.latest_active(uow, row.process_key).id
    except ProcessRetired:
        found: UUID = row.definition_id
        return found


def _draft(uow: UnitOfWork, row: Any) -> RequestDraft:
    known: Values = values.decode(orjson.loads(row.state))
    version = _version(uow, row)
    form_id = repository.program(uow, version).start_form
    places: list[list[str]] = []
    gone: dict[str, list[Any]] = {}
    if form_id is not None:
        form = repository.form(uow, form_id, version)
        places = [one.path.split(".") for one in form.fields if one.type == "filepicker"]
        known = _asked_for(known, (), {tuple(one.path.split(".")) for one in form.fields}, gone)
    dropped = tuple(sorted(gone))
    own = {str(one.id): one.name for one in documents.list_(uow, OWNER, row.id)}
    lost: list[str] = []
    kept = {name: _own_files(known[name], [name], places, own, lost) for name in known}
    loose = [own[text] for name in dropped for text in _texts(gone[name]) if text in own]
    earlier = uow.execute(_one, {"wanted": row.resubmits_id}).first() if row.resubmits_id is not None else None
    return RequestDraft(
        row.id, row.process_key, row.title, form_id, kept,
        dropped, earlier.number if earlier else None,
        earlier.submission + 1 if earlier else 1, row.resubmits_id, row.version, row.updated_at,
        _labels(uow, row, dropped) if dropped else {}, tuple(dict.fromkeys(loose)), _names(uow, row, lost),
    )  # fmt: skip


def _asked_for(
    known: Mapping[str, Any], at: tuple[str, ...], fields: Set[tuple[str, ...]], gone: dict[str, list[Any]]
) -> Values:
    """What a form still asks for, in groups and rows too; the values of other fields go to `gone`, by dotted path."""
    found: Values = {}
    for name, value in known.items():
        here = (*at, name)
        inside = any(field[: len(here)] == here and len(field) > len(here) for field in fields)
        if here not in fields and not inside:
            gone.setdefault(".".join(here), []).append(value)
        elif inside and isinstance(value, dict):
            found[name] = _asked_for(value, here, fields, gone)
        elif inside and isinstance(value, list):
            found[name] = [_asked_for(row, here, fields, gone) if isinstance(row, dict) else row for row in value]
        else:
            found[name] = value
    return found


def _own_files(value: Any, at: list[str], places: list[list[str]], own: Mapping[str, str], lost: list[str]) -> Any:
    """`value` with the files of the draft; the ids of others are added to `lost`."""
    if at in places and isinstance(value, list):
        known = [str(one) for one in value]  # of a field that was another one, rows may stand there
        lost += [one for one in known if one not in own]
        return [one for one in known if one in own]
    if isinstance(value, list):
        return [_own_files(one, at, places, own, lost) for one in value]
    if isinstance(value, dict):
        return {name: _own_files(one, [*at, name], places, own, lost) for name, one in value.items()}
    return value


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict | list):
        inside = value.values() if isinstance(value, dict) else value
        return [text for one in inside for text in _texts(one)]
    return [value] if isinstance(value, str) else []


def _names(uow: UnitOfWork, row: Any, lost: Sequence[Any]) -> tuple[str, ...]:
    """One for each that is lost, in their order."""
    if not lost:
        return ()
    ids_ = {str(one): identity.as_id(str(one)) for one in lost}
    known = documents.names(uow, [key for key in ids_.values() if key is not None], row.starter_id)
    by_text = {text: known.get(key, "") if key is not None else "" for text, key in ids_.items()}
    return tuple(by_text[str(one)] for one in lost)


def _labels(uow: UnitOfWork, row: Any, dropped: Sequence[str]) -> dict[str, Mapping[str, str]]:
    """By name, as the last start form that had the field called it."""
    form_id = repository.program(uow, row.definition_id).start_form
    if form_id is None:
        return {}
    found: dict[str, Mapping[str, str]] = {}
    for form in repository.forms_since(uow, form_id, row.definition_id, _LONG_AGO):
        for one in form.fields:
            if one.path in dropped:
                found.setdefault(one.path, {**one.labels, "": one.label})
    return found
