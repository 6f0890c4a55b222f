"""Versions in flight: what still runs on which, what a migration would do, and batches with their results."""

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import batches, bpmn, migration, repository
from engine.bpmn.comparison import kind_of
from engine.bpmn.program import Node
from engine.db import rows
from engine.db.job import ItemState
from engine.errors import N_, EngineError, NotFound
from engine.findings import Finding
from engine.migration import Outline, Plan
from webui import errors
from webui.cockpit import blueprint
from webui.rendering import label, page
from webui.transaction import shows_again

REHEARSED = 500
"""More instances are not tried on one page."""
CHOICE = "to:"
_STATES = {"lost": 0, "changed": 1, "moved": 2, "added": 3, "kept": 4}


_FACETS = {
    "name": N_("Name"), "labels": N_("Name in other languages"), "job": N_("Operation"), "script": N_("Expression"),
    "result": N_("Result"), "call": N_("Called process or decision"), "events": N_("Event"),
    "interrupting": N_("Interrupting"), "inputs": N_("Input mapping"), "outputs": N_("Output mapping"),
    "data": N_("Data"), "loop": N_("Loop"),
    "conditions": N_("Conditions"), "strategy": N_("Assignment"), "parameters": N_("Assignment"),
    "approval": N_("Approval"), "form": N_("Form"), "fields": N_("Fields"), "default_permission": N_("Fields"),
    "due": N_("Due"), "follow_up": N_("Follow-up date"), "priority": N_("Priority"), "buttons": N_("Buttons"),
    "opinion": N_("Opinion"), "provides": N_("Capability"), "subject": N_("Document"),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One element of the comparison. `states`: of _STATES; `choices`: what it may become, (id, name)."""

    old: Node | None
    new: Node | None
    states: tuple[str, ...]
    differences: tuple[Any, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Rehearsal:
    """What a dry run found. `blocked`: (instance row, findings); `left`: instances that were not tried."""

    can: int
    blocked: list[tuple[Any, list[Finding]]]
    reasons: list[tuple[str, int]]
    left: int


@blueprint.get("/versions/<key>")
def versions(key: str) -> ResponseReturnValue:
    """Every version of a process, what still runs on it, and the batches that moved instances."""
    found = repository.versions(g.uow, key)
    return page(
        "cockpit/versions.html", key=key, found=found, running=batches.running_by_version(g.uow, key),
        batches=batches.list_(g.uow, key), versions={info.id: info.version for info in found}, states=ItemState,
    )  # fmt: skip


@blueprint.get("/versions/<key>/migrate")
def plan_migration(key: str) -> ResponseReturnValue:
    """What becomes of which element, with a dry run on request."""
    return _shown(key, request.args)


def _again(error: EngineError, key: str) -> ResponseReturnValue:
    return _shown(key, request.form, error)


@blueprint.post("/versions/<key>/migrate")
@shows_again(_again)
def migrate(key: str) -> ResponseReturnValue:
    """Carry over every instance of the old version, or the one that was asked for; the runners do it."""
    wanted = _plan(key, request.form)
    one = _one(request.form)
    batch_id = batches.create(
        g.uow, wanted, reason=request.form.get("reason", ""), instances=None if one is None else [one]
    )
    return redirect(url_for(".batch", batch_id=batch_id), 303)


@blueprint.get("/compared/<uuid:definition_id>/<uuid:other_id>.json")
def compared(definition_id: UUID, other_id: UUID) -> dict[str, Any]:
    """The drawing of one version, with marks where it differs from another."""
    this, that = repository.definition(g.uow, definition_id), repository.definition(g.uow, other_id)
    found = bpmn.compare(repository.program(g.uow, this.id), repository.program(g.uow, that.id))
    only_here = "passed" if this.version > that.version else "cancelled"
    markers = dict.fromkeys((*found.changed, *found.moved), "active") | dict.fromkeys(found.lost, only_here)
    return {"xml": repository.source(g.uow, definition_id).decode(), "markers": markers, "flows": [], "details": {}}


@blueprint.get("/batches/<uuid:batch_id>")
def batch(batch_id: UUID) -> ResponseReturnValue:
    """How far it is, and the result of each instance."""
    found = batches.get(g.uow, batch_id)
    after = request.args.get("after", type=UUID)
    items = batches.items(g.uow, batch_id, after=after)
    return page(
        "cockpit/batch.html", batch=found, items=items, states=ItemState,
        source=repository.definition(g.uow, found.plan.source), target=repository.definition(g.uow, found.plan.target),
        next=items[-1].instance_id if len(items) == batches.PAGE else None, after=after,
    )  # fmt: skip


# ---------------------------------------------------------------- private


def _shown(key: str, sent: Any, error: EngineError | None = None) -> ResponseReturnValue:
    found = repository.versions(g.uow, key)
    if not found:
        raise NotFound(kind="process", key=key)
    wanted = _plan(key, sent)
    outline = migration.plan(g.uow, wanted) if wanted.source != wanted.target else None
    listed = [] if outline is None else _rows(outline)
    one = _one(sent)
    rehearsal = _rehearse(wanted, one) if outline is not None and sent.get("dry") == "1" else None
    return page(
        "cockpit/migrate.html", key=key, versions=found, plan=wanted, outline=outline, rows=listed, error=error,
        instance=None if one is None else rows.read(g.uow, one), rehearsal=rehearsal, choice=CHOICE,
        running=len(batches.running(g.uow, wanted.source)), counts=Counter(row.states[0] for row in listed),
        reason=sent.get("reason", ""), facet=_facet,
    )  # fmt: skip


def _plan(key: str, sent: Any) -> Plan:
    """From what the page sends; without versions: from the oldest that runs to the newest."""
    known = {info.id: info for info in repository.versions(g.uow, key)}
    source, target = _of(known, key, sent.get("source")), _of(known, key, sent.get("target"))
    if target is None:
        target = next(iter(known), None)
    if source is None:
        going = batches.running_by_version(g.uow, key)
        source = next((version for version in reversed(known) if version in going), target)
    if source is None or target is None:
        raise NotFound(kind="process", key=key)
    choices = {name.removeprefix(CHOICE): value or None for name, value in sent.items() if name.startswith(CHOICE)}
    return Plan(source, target, choices, sent.get("reassign") == "1", sent.get("recompute") == "1")


def _of(known: dict[UUID, Any], process: str, text: str | None) -> UUID | None:
    """The version that was named, None when none was: a wrong one must not become another one."""
    if not text:
        return None
    found = next((key for key in known if str(key) == text), None)
    if found is None:
        raise NotFound(kind="version", key=f"{process} {text[:80]}")
    return found


def _one(sent: Any) -> UUID | None:
    """The instance that was named, None when none was: that means all of them."""
    text = sent.get("instance", "")
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(kind="instance", key=text[:80]) from None


def _rows(outline: Outline) -> list[Row]:
    """Lost ones first, then what changed or moved, new ones, and what stays as it is."""
    found, listed = outline.comparison, []
    for key, node in outline.old.nodes.items():
        states = []
        if key in found.lost:
            states.append("lost")
        if key in found.changed:
            states.append("changed")
        if key in found.moved:
            states.append("moved")
        new = outline.new.nodes.get(found.nodes.get(key, ""))
        choices = tuple(
            (other.id, label(other.labels, other.name))
            for other in outline.new.nodes.values() if kind_of(other) == kind_of(node)
        )  # fmt: skip
        listed.append(Row(node, new, tuple(states or ["kept"]), found.changed.get(key, ()), choices))
    listed += [Row(None, outline.new.nodes[key], ("added",)) for key in found.added]
    return sorted(listed, key=lambda row: _STATES[row.states[0]])


def _rehearse(wanted: Plan, one: UUID | None) -> Rehearsal:
    """On every instance that runs, up to a limit; nothing is written."""
    chosen = batches.running(g.uow, wanted.source) if one is None else [one]
    can, blocked = 0, []
    reasons: Counter[str] = Counter()
    for key in chosen[:REHEARSED]:
        findings = migration.rehearse(g.uow, key, wanted)
        if findings:
            blocked.append((rows.read(g.uow, key), findings))
            reasons.update({_words(finding) for finding in findings})
        else:
            can += 1
    return Rehearsal(can, blocked, reasons.most_common(), max(0, len(chosen) - REHEARSED))


def _words(finding: Finding) -> str:
    return errors.words(finding.message, finding.facts)


def _facet(what: str) -> str:
    """The name of a property in the reader's language."""
    return gettext(_FACETS[what]) if what in _FACETS else what
