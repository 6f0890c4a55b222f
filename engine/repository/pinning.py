"""Which version a reference means: chosen when the caller is deployed (`deployment`, `versionTag`), or found when it is
entered (`latest`)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from engine import dmn, pickers
from engine.bpmn.model import CalledDecision, CalledElement, Node, Process
from engine.bpmn.model import Definition as Drawing
from engine.bpmn.program import Program, Reference, pin
from engine.db.definition import Kind
from engine.errors import N_, NotFound, ProcessNotDeployed, Title
from engine.findings import Finding, Level
from engine.forms import Form, FormField
from engine.repository.definitions import (
    DefinitionInfo,
    decision,
    definition,
    drawing,
    known_form,
    latest,
    versions,
)
from engine.repository.reading import Found, Reading
from engine.unit_of_work import UnitOfWork


def pins(uow: UnitOfWork, program: Program, ids: Mapping[str, UUID], tags: Mapping[str, str | None]) -> dict[str, str]:
    """What the pinned references of `program` mean, by kind and name.

    `ids`: definitions of this deployment by kind and key, `tags`: their version tags; what is not among them is the
    newest that is deployed. A process that calls itself stays in its version and needs no pin.
    """
    found = {}
    for kind, reference in _pinned(program):
        if reference.id is None or _itself(program, kind, reference):
            continue
        name = f"{kind}:{reference.id}"
        own = ids.get(name) if _bears(reference, tags.get(name)) else None
        chosen = own or _stored(uow, kind, reference)
        if chosen is not None:
            found[f"{kind}:{pin(reference.id, reference.binding, reference.version_tag)}"] = str(chosen)
    return found


def unpinnable(uow: UnitOfWork, reading: Reading) -> list[Finding]:
    """Pinned references of these files that no version answers, or that none can be chosen for."""
    own = {f"{found.kind.name.lower()}:{found.key}": found for found in reading.found}
    wrong = []
    for found in reading.of(Kind.PROCESS):
        for kind, reference in _pinned(found.content):
            reason = _reason(uow, found.content, kind, reference, own)
            if reason is not None:
                wrong.append(_finding(found, kind, reference, *reason))
    return wrong + list(_circles(reading.of(Kind.PROCESS)))


def callees_first(processes: list[Found]) -> list[Found]:
    """In an order in which each process comes after those of them that it pins."""
    by_key = {found.key: found for found in processes}
    ordered: dict[str, Found] = {}

    def visit(found: Found) -> None:
        for reference in _within(found, by_key):
            called = by_key[reference.id or ""]
            if called.key not in ordered:
                visit(called)
        ordered[found.key] = found

    for found in processes:
        if found.key not in ordered:
            visit(found)
    return list(ordered.values())


class References:
    """What the references of a process would mean when it runs, for checks: each process asks for itself, a called one
    by its own pins. `drawn`, `forms`, `decisions`: by id, what is about to be deployed. `candidates`: the processes
    among them that have an id already.
    """

    def __init__(
        self, uow: UnitOfWork, drawn: Iterable[Process] = (), candidates: Mapping[UUID, Process] | None = None, *,
        forms: Mapping[str, Form] | None = None, decisions: Mapping[str, dmn.Model] | None = None,
    ) -> None:  # fmt: skip
        self._uow = uow
        self._candidates = candidates or {}
        self._drawn = {process.id: process for process in drawn}
        self._forms, self._decisions = forms or {}, decisions or {}
        self._homes: dict[int, tuple[Process, DefinitionInfo]] = {}

    def form(self, process: Process, key: str) -> Form | None:
        """The form that `process` shows under this id; None when there is none."""
        home = self._home(process)
        if key in self._forms and (home is None or f"form:{key}" not in _pins(home)):
            return self._forms[key]
        return known_form(self._uow, key, None if home is None else home.id)

    def name(self, field: FormField, value: str) -> Title | None:
        """How a value that is picked in a form is called; None when the actor may not choose it."""
        found = pickers.names(self._uow, field, [value], offered=True).get(value)
        return None if found is None else Title.english(found.name, found.name_en)

    def decision(self, process: Process, called: CalledDecision) -> dmn.Model:
        """The model that `process` asks there. Raises NotFound."""
        home, key = self._home(process), called.decision_id
        if home is not None and called.binding != "latest":
            return decision(self._uow, pin(key, called.binding, called.version_tag), home.id)
        return self._decisions[key] if key in self._decisions else decision(self._uow, key)

    def callee(self, caller: Process, node: Node) -> Process | None:
        """What call activity `node` of `caller` runs; None when nobody can say beforehand, or it does not exist."""
        call = node.call
        if call is None or call.process_id.startswith("="):
            return None
        home = self._home(caller)
        if home is not None and call.binding != "latest":
            return self._pinned(home, call)
        drawn = self._drawn.get(call.process_id)
        reference = Reference(node.id, call.process_id, call.binding, call.version_tag)
        if drawn is not None and _bears(reference, drawn.extensions.version_tag):
            return drawn
        stored = _stored(self._uow, "process", reference)
        return None if stored is None else self.at(stored)

    def at(self, definition_id: UUID) -> Process | None:
        """One version."""
        if definition_id in self._candidates:
            return self._candidates[definition_id]
        info = definition(self._uow, definition_id)
        return self.drawing(info).process(info.key)

    def drawing(self, info: DefinitionInfo) -> Drawing:
        """The drawing of one version, whose references are then followed as it was pinned."""
        found = drawing(self._uow, info.id)
        process = found.process(info.key)
        if process is not None:
            self._homes[id(process)] = (process, info)
        return found

    def _home(self, process: Process) -> DefinitionInfo | None:
        """The version that it is; None while it is not deployed."""
        found = self._homes.get(id(process))
        return None if found is None else found[1]

    def _pinned(self, info: DefinitionInfo, call: CalledElement) -> Process | None:
        known = _pins(info)
        name = pin(call.process_id, call.binding, call.version_tag)
        key = known.get(f"process:{name}") or known.get(f"process:{call.process_id}")
        if key is None:
            return self.at(info.id) if call.process_id == info.key else None
        return self.at(UUID(key))


def _pins(info: DefinitionInfo) -> Mapping[str, str]:
    found: Mapping[str, str] = info.meta.get("pins", {})
    return found


def _pinned(program: Program) -> Iterator[tuple[str, Reference]]:
    named = (("process", program.calls()), ("decision", program.decisions()), ("form", program.shown_forms))
    for kind, references in named:
        for reference in references:
            if reference.pinned:
                yield kind, reference


def _itself(program: Program, kind: str, reference: Reference) -> bool:
    return kind == "process" and reference.id == program.process_id and _bears(reference, program.version_tag)


def _bears(reference: Reference, tag: str | None) -> bool:
    """Whether a version with this tag is what the reference asks for."""
    return reference.binding != "versionTag" or reference.version_tag == tag


def _stored(uow: UnitOfWork, kind: str, reference: Reference) -> UUID | None:
    """The newest deployed version that the reference asks for."""
    assert reference.id is not None  # noqa: S101 - an expression was refused before
    if reference.binding == "versionTag":
        bearing = (info.id for info in versions(uow, reference.id, kind) if _bears(reference, tag_of(info)))
        return next(bearing, None)
    try:
        return latest(uow, reference.id, kind).id
    except (ProcessNotDeployed, NotFound):
        return None


def tag_of(info: DefinitionInfo) -> str | None:
    """The version tag of a deployed process."""
    tag: str | None = info.meta.get("version_tag")
    return tag


def _reason(
    uow: UnitOfWork, program: Program, kind: str, reference: Reference, own: Mapping[str, Found]
) -> tuple[str, str, str] | None:
    """(rule, message, hint) of what is wrong with one pinned reference."""
    if reference.id is None:
        return "binding-not-fixed", _NOT_FIXED, _NAME_IT
    if reference.binding == "versionTag" and kind != "process":
        return "reference-exists", _BEARS_NONE, _BIND_OTHERWISE
    if reference.binding == "versionTag" and not reference.version_tag:
        return "version-tag-missing", _NO_TAG, _GIVE_TAG
    found = own.get(f"{kind}:{reference.id}")
    if _itself(program, kind, reference) or (found is not None and _bears(reference, _tag(found))):
        return None
    if _stored(uow, kind, reference) is None:
        return "reference-exists", _MISSING_TAG if reference.binding == "versionTag" else _MISSING, _DEPLOY_IT
    return None


def _tag(found: Found) -> str | None:
    return found.content.version_tag if found.kind is Kind.PROCESS else None


def _within(found: Found, by_key: Mapping[str, Found]) -> list[Reference]:
    """The references that pin another process of the same deployment."""
    references = [reference for kind, reference in _pinned(found.content) if kind == "process"]
    others = [(reference, by_key.get(reference.id or "")) for reference in references]
    return [
        reference for reference, other in others
        if other is not None and other is not found and _bears(reference, _tag(other))
    ]  # fmt: skip


def _circles(processes: list[Found]) -> Iterator[Finding]:
    """Each reference that leads back to a process on the way to it: no version of either could come first."""
    by_key = {found.key: found for found in processes}
    done: set[str] = set()

    def visit(found: Found, path: tuple[str, ...]) -> Iterator[Finding]:
        for reference in _within(found, by_key):
            if reference.id in path:
                yield _finding(found, "process", reference, "binding-circular", _CIRCULAR, _FOLLOW_LATEST)
            elif reference.id not in done:
                yield from visit(by_key[reference.id or ""], (*path, reference.id or ""))
        done.add(found.key)

    for found in processes:
        if found.key not in done:
            yield from visit(found, (found.key,))


def _finding(found: Found, kind: str, reference: Reference, rule: str, message: str, hint: str) -> Finding:
    facts: dict[str, Any] = {
        "element": reference.element, "kind": kind, "key": reference.id or "", "tag": reference.version_tag or "",
        "binding": reference.binding,
    }  # fmt: skip
    return Finding(rule, Level.ERROR, reference.element, message, facts, hint, resource=found.path)


_NOT_FIXED = N_("'{element}' is bound to one version ({binding}), but an expression says which {kind} it means.")
_NAME_IT = N_("Name it, or bind it to the latest version.")
_NO_TAG = N_("'{element}' is bound to a version tag, but names none.")
_GIVE_TAG = N_("Write the version tag, or choose another binding.")
_MISSING = N_("Expected {kind} '{key}' to be deployed, but there is none.")
_MISSING_TAG = N_("Expected {kind} '{key}' to be deployed with version tag '{tag}', but there is none.")
_BEARS_NONE = N_("'{element}' is bound to a version tag of {kind} '{key}', but only processes bear one.")
_BIND_OTHERWISE = N_("Bind it to the version that is deployed together with this process, or to the latest.")
_DEPLOY_IT = N_("Deploy it together with this process, or before it.")
_CIRCULAR = N_(
    "'{element}' is bound to the version of '{key}' that is deployed together with it, which calls it back so."
)
_FOLLOW_LATEST = N_("Bind one of the two calls to the latest version.")
