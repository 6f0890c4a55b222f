"""A file of the designer whatever its kind: what it is called, its draft, its versions, and what a save has to show."""

from dataclasses import dataclass
from uuid import UUID

from flask import g

from engine import drafts, identity, repository
from engine.drafts import DraftInfo
from engine.errors import N_, EngineError, NotFound, Title
from engine.repository import DefinitionInfo
from webui.designer.addresses import editor_of
from webui.designer.decision_files import file_of_decisions
from webui.designer.library import draft_of, etag_of, line_of, path_of
from webui.rendering import label, person

KINDS = "<any(form,decision):kind>/<path:key>"
"""in an address, of a file that is no drawing of a process"""

_SUFFIXES = {"process": ".bpmn", "decision": ".dmn", "form": ".json"}


class DeployedMeanwhile(EngineError):
    """A version was deployed since this page was loaded."""

    message = N_("{name} deployed this form at {at}.")
    hint = N_("Open it again; what you typed here is still shown.")
    status = 409


class DraftChangedMeanwhile(EngineError):
    """The draft on the server is not the one that this page was loaded with."""

    message = N_("{name} saved this draft at {at}.")
    hint = N_("Open it again; what you typed here is still shown.")
    status = 409


@dataclass(frozen=True)
class File:
    """`versions`: newest first, of a file with several decisions the one with the highest number of each deployment.

    `draft`: what can be edited, compared and published; None also for one that says what is deployed, and for that of a
    form that is older than its version.
    `etag`: what a save must show to have seen.
    """

    kind: str
    key: str
    path: str
    name: str
    versions: list[DefinitionInfo]
    draft: DraftInfo | None
    etag: str

    @property
    def latest(self) -> DefinitionInfo | None:
        """The version that counts now."""
        return next(iter(self.versions), None)

    @property
    def title(self) -> Title:
        """What it is called in each language."""
        latest = self.latest if self.kind != "form" else None
        return Title(latest.name, latest.labels) if latest is not None else Title(self.name, {})

    @property
    def editor(self) -> str:
        """The address of the page that edits it."""
        return editor_of(self.kind, self.key)


def file_of(kind: str, key: str) -> File:
    """Raises NotFound when there is neither a version nor a draft, nor anything left of one."""
    decisions = file_of_decisions(key) if kind == "decision" else None
    found = decisions.draft if decisions is not None else draft_of(key, kind)
    newest = (
        repository.decisions_in(g.uow, decisions.path)
        if decisions is not None
        else repository.versions(g.uow, key, kind)
    )
    latest = next(iter(newest), None)
    if found is None and latest is None:
        path = drafts.revisions.path_of(g.uow, f"{key}{_SUFFIXES[kind]}")
        if path is None:
            raise NotFound(kind=kind, key=key)
    elif decisions is not None:
        path = decisions.path
    elif found is not None:
        path = found.path
    else:
        path = f"forms/{key}.json" if kind == "form" else path_of(latest.category if latest else "", key)
    etag = f"{found.version if found else 0}-{latest.version if latest else 0}" if kind == "form" else etag_of(found)
    draft = found if found is not None and drafts.waits(g.uow, found) else None
    return File(kind, key, path, _name(kind, key, latest, found), newest, draft, etag)


def file_at(path: str) -> File:
    """The file of a place in the library. Raises InvalidValue, and NotFound also for a kind that has no drafts."""
    kind, key = drafts.place(path)
    name = kind.name.lower()
    if name not in _SUFFIXES:
        raise NotFound(kind=name, key=path)
    return file_of(name, key)


def content_of(file: File) -> bytes:
    """As it is edited now: the draft, else the newest version. Raises NotFound when only its history is left."""
    if file.draft is not None:
        return drafts.open_(g.uow, file.draft.path).content
    if file.latest is None:
        raise NotFound(kind=file.kind, key=file.key)
    return repository.source(g.uow, file.latest.id)


def changed_by(file: File, seen: str) -> EngineError:
    """Who wrote what a page with the ETag `seen` has not seen: of a form a version, unless a draft was saved later."""
    drawn, _, version = seen.partition("-")
    now_drawn, _, now_version = file.etag.partition("-")
    if file.latest is not None and version != now_version and (drawn == now_drawn or file.draft is None):
        deployer = repository.origins(g.uow, [file.latest.id])[file.latest.id].by
        return DeployedMeanwhile(name=_person(deployer), at=file.latest.deployed_at)
    return saved_by(file.draft or draft_of(file.key, file.kind))


def saved_by(draft: DraftInfo | None) -> DraftChangedMeanwhile:
    """Who saved a draft meanwhile."""
    at = draft.saved_at if draft is not None else g.uow.now
    return DraftChangedMeanwhile(name=_person(draft.saved_by if draft is not None else None), at=at)


def _person(user_id: UUID | None) -> str:
    return person(identity.user(g.uow, user_id) if user_id is not None else None)


def _name(kind: str, key: str, latest: DefinitionInfo | None, draft: DraftInfo | None) -> str:
    if kind == "form":
        return key
    if kind == "process":
        return line_of(key, latest, draft).name
    return label(latest.labels, latest.name) if latest is not None else draft.name if draft is not None else key
