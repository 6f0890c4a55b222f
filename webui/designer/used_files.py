"""The forms, decision tables and called processes of two states of a drawing: which version each went with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from uuid import UUID

from flask import g
from flask_babel import gettext

from engine import bpmn, drafts, repository
from engine.db.definition import Kind
from engine.errors import NotFound
from engine.repository import DefinitionInfo, pinning
from engine.repository.reading import read
from webui.designer.addresses import page_of
from webui.designer.decision_files import files
from webui.designer.drawing import with_forms
from webui.designer.filing import File, file_of

DRAFT = "draft"


@dataclass(frozen=True)
class State:
    """A drawing of a version, of the draft, or of what the draft was (`saved_at`)."""

    content: bytes
    info: DefinitionInfo | None = None
    saved_at: datetime | None = None


@dataclass(frozen=True)
class Used:
    """A file beside a drawing. `was`, `now`: its version in words; `address`: of the difference of the two, if any."""

    kind: str
    name: str
    was: str
    now: str
    address: str


def changed(path: str, before: State, after: State) -> list[Used]:
    """Those that are not the same on both sides, forms first."""
    old, new = _used(path, before), _used(path, after)
    found = []
    for file in dict.fromkeys((*old, *new)):
        was, now = sorted(old.get(file, ())), sorted(new.get(file, ()))
        if was != now:
            kind, key = file
            both = len(was) == len(now) == 1
            address = page_of("difference", kind, key, before=was[0], after=now[0]) if both else ""
            known = file_of(kind, key)
            found.append(Used(_kind(kind), known.name, _word(known, was), _word(known, now), address))
    return sorted(found, key=lambda one: one.kind)


def _used(path: str, state: State) -> dict[tuple[str, str], set[str]]:
    """(kind, key) of a file -> the versions that the state goes with, as the page of the difference calls them."""
    if state.info is None and state.saved_at is None:
        fresh = {drafts.place(one) for one in with_forms(path, state.content)}
    else:
        fresh = set()
    found: dict[tuple[str, str], set[str]] = {}
    for kind, key, pinned in _named(path, state):
        try:
            file = file_of(kind, key)
        except NotFound:
            continue
        drawn = file.draft is not None and drafts.place(file.draft.path) in fresh
        version = None if drawn else _at(file, state, pinned)
        if drawn or version is not None:
            found.setdefault((kind, key), set()).add(DRAFT if version is None else str(version.id))
    return found


def _named(path: str, state: State) -> Iterator[tuple[str, str, str]]:
    """(kind, key of the file, the version that is pinned, "latest" or nothing)."""
    pins = _pins(path, state)
    drawn = bpmn.read(state.content).definition
    nodes = [node for process in drawn.processes for node in process.all_nodes()] if drawn is not None else []
    for form in drawn.forms if drawn is not None else ():
        yield from (("form", form, pinned) for pinned in pins.get(("form", form), [""]))
    asked = {key for node in nodes for key in node.asked_decisions()}
    for file in files() if asked else ():
        for one in file.deployed:
            if one.key in asked:
                yield from (("decision", file.key, pinned) for pinned in pins.get(("decision", one.key), [""]))
    for path in drafts.decisions_of(g.uow, state.content) if state.info is None else ():
        yield "decision", PurePosixPath(path).stem, ""
    for (kind, key), chosen in pins.items():
        if kind == "process":
            yield from ((kind, key, pinned) for pinned in chosen)


def _pins(path: str, state: State) -> dict[tuple[str, str], list[str]]:
    """(kind, key) -> the versions that it was published with; of a draft those of its tags, "" for the newest one."""
    if state.info is not None:
        pins: Mapping[str, str] = state.info.meta.get("pins", {})
    else:
        drawn = read({path: state.content}).of(Kind.PROCESS)
        pins = {name: to for one in drawn for name, to in pinning.pins(g.uow, one.content, {}, {}).items()}
    found: dict[tuple[str, str], list[str]] = {}
    for name, to in pins.items():
        target, _, tag = name.partition("@")
        kind, _, key = target.partition(":")
        found.setdefault((kind, key), []).append(to if tag or state.info is not None else "")
    return found


def _at(file: File, state: State, pinned: str) -> DefinitionInfo | None:
    """The version of a file that went with a state: the pinned one, else the newest one of that time."""
    if pinned and pinned != "latest":
        wanted = repository.definition(g.uow, UUID(pinned)).resource_id
        return next((one for one in file.versions if one.resource_id == wanted), None)
    if state.info is None:
        return next((one for one in file.versions if state.saved_at is None or one.deployed_at <= state.saved_at), None)
    ids = [state.info.id, *(one.id for one in file.versions)]
    order = {key: (one.at, one.deployment_id) for key, one in repository.origins(g.uow, ids).items()}
    return next((one for one in file.versions if order[one.id] <= order[state.info.id]), None)


def _kind(kind: str) -> str:
    return {"form": gettext("Form"), "decision": gettext("Decision table")}.get(kind, gettext("Called process"))


def _word(file: File, values: list[str]) -> str:
    found = [f"v{one.version}" for one in reversed(file.versions) if str(one.id) in values]
    return ", ".join([*found, *([gettext("Draft")] if DRAFT in values else [])]) or "–"
