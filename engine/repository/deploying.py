"""Checking and deploying: what is wrong is said at once; what is deployed is pinned, versioned and never changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select

from engine import (
    audit,
    bpmn,
    crash,
    dmn,
    drafts,
    history,
    identity,
    lint,
    operations,
    outbound,
    outbox,
    pickers,
    policy,
    values,
    webhooks,
)
from engine.bpmn.program import Program
from engine.db.connections import MEMORY
from engine.db.definition import Kind, definition, deployment, resource
from engine.errors import DeploymentRefused
from engine.findings import Finding, Level, errors_of
from engine.ids import uuid7
from engine.repository import manning, providing, proving, starts, templates
from engine.repository.definitions import (
    DefinitionInfo,
    decision,
    file,
    form,
    latest_all,
    program,
    running,
    versions,
)
from engine.repository.definitions import definition as definition_info
from engine.repository.pinning import callees_first, pins, unpinnable
from engine.repository.reading import Found, Reading, kind_of, read
from engine.unit_of_work import UnitOfWork

_insert_deployment = insert(deployment)
_insert_resource = insert(resource)
_insert_definition = insert(definition)


@dataclass(frozen=True, slots=True)
class Deployment:
    """What one act deployed. `new`: definitions that got a version; unchanged ones keep theirs.

    `findings`: warnings.
    """

    id: UUID
    new: tuple[DefinitionInfo, ...]
    findings: tuple[Finding, ...] = ()


_APART = ("approver-chosen-by-requester", "acting-person-known")


def outlived(uow: UnitOfWork) -> list[tuple[DefinitionInfo, Finding]]:
    """Processes, the newest and those under way, deployed before a rule or while another policy was in force, which
    let the requester choose his judge: what they approve does not count, and what they ask for is held.
    """
    infos = {info.id: info for info in (*latest_all(uow, "process"), *running(uow))}
    known, catalog = _known(uow), operations.catalog()
    return [
        (info, finding)
        for info in infos.values()
        for finding in errors_of(lint.check(dict([file(uow, info.id)]), catalog, known=known))
        if finding.rule in _APART
    ]


def check(
    uow: UnitOfWork,
    resources: Mapping[str, bytes],
    *,
    drawing: bool = False,
    readings: Mapping[str, bpmn.Reading] | None = None,
) -> list[Finding]:
    """Everything that is wrong with these files together with what is deployed, errors first.

    `drawing`: somebody waits for it at each change, so that ways round an approval are not tried on the machine, and a
    proof is given up sooner. `readings`: path -> a drawing that the caller has read already.
    """
    resources = with_imports(uow, resources)
    reading = read(resources, readings)
    findings = _check(uow, resources, reading, drawing=drawing)
    return findings if errors_of(findings) else findings + _staffing(uow, reading)


def variables(
    uow: UnitOfWork, resources: Mapping[str, bytes], readings: Mapping[str, bpmn.Reading] | None = None
) -> dict[str, lint.Variables]:
    """What expressions of the processes in these files may read, by process id; deployed forms are known."""
    return lint.variables(resources, operations.catalog(), _known(uow), readings)


def deploy(uow: UnitOfWork, resources: Mapping[str, bytes], note: str = "", *, trial: bool = False) -> Deployment:
    """Store the files and a version of each definition that changed; start events follow the newest version.

    The same set of bytes again is the same deployment, unless a version or a file is new by it. `trial`: in a copy of
    the company in memory, so that only what cannot run is refused. Raises DeploymentRefused with every finding.
    """
    if trial and uow.settings.database_url != MEMORY:
        raise RuntimeError("a trial runs in memory only")
    drafts.alone(uow, resources)
    uow.alone("deploy")
    resources = with_imports(uow, resources)
    reading = read(resources)
    findings = _check(uow, resources, reading, drawing=trial)
    refused = [one for one in errors_of(findings) if not trial or _stands_in_the_way(one, reading)]
    if refused:
        raise DeploymentRefused(refused)
    findings += _staffing(uow, reading)
    digests = {path: values.sha256(content) for path, content in resources.items()}
    new = changed(uow, reading, resources, digests)
    deployment_id, stored, fresh = _store(uow, resources, digests, note, new=bool(new))
    hooked: dict[str, bool] = {}
    for version in new:
        hooked[str(version.id)] = _hooked(uow, version, hooked)
        uow.queue(_insert_definition, version.row(stored[version.found.path], uow, hooked=hooked[str(version.id)]))
    uow.flush()
    for version in new:
        if version.found.kind is Kind.PROCESS:
            starts.replace(uow, version.found.key, version.id, version.found.content)
    crash.here("deploy")
    if fresh:
        listed = [f"{version.found.kind.name.lower()} {version.found.key} v{version.number}" for version in new]
        rows = audit.sealed_deployed(uow, deployment_id, [version.id for version in new])
        data = {"deployment": str(deployment_id), "new": listed, "note": note, "rows": rows}
        history.act(uow, "deployment", "deployed", data)
    uow.wake_runners()
    return Deployment(deployment_id, tuple(definition_info(uow, version.id) for version in new), tuple(findings))


@dataclass(frozen=True, slots=True)
class New:
    """A version that a deployment makes."""

    id: UUID
    found: Found
    number: int
    digest: bytes
    pins: dict[str, str]

    def row(self, resource_id: UUID, uow: UnitOfWork, *, hooked: bool) -> dict[str, Any]:
        meta = _meta(self.found, self.pins, hooked=hooked)
        return {
            "id": self.id, "kind": int(self.found.kind), "key": self.found.key, "version": self.number,
            "name": self.found.name, "category": meta.get("category", ""), "resource_id": resource_id,
            "digest": self.digest, "state": 0, "meta": meta, "deployed_at": uow.now,
        }  # fmt: skip


def _staffing(uow: UnitOfWork, reading: Reading) -> list[Finding]:
    if not identity.users(uow, limit=1):  # a library is deployed before there is anybody
        return []
    return manning.warnings(uow, policy.in_force(uow), reading)


_PROVABLE = "automatic-approval-guarded"
"""an error that leaves nothing unread: the way round it is shown beside it"""


def _check(
    uow: UnitOfWork, resources: Mapping[str, bytes], reading: Reading, *, drawing: bool = False
) -> list[Finding]:  # fmt: skip
    findings = list(reading.findings)
    catalog = operations.catalog()
    for finding in lint.check(resources, catalog, _levels(uow), _known(uow), reading.drawn):
        if finding not in findings:
            findings.append(finding)
    for found in reading.of(Kind.FORM):
        findings += pickers.findings(uow, found.content, found.path)
    told = {(finding.rule, finding.element_id) for finding in errors_of(findings)}
    findings += templates.stale(uow, reading)
    findings += [finding for finding in unpinnable(uow, reading) if (finding.rule, finding.element_id) not in told]
    if wrong := [one for one in errors_of(findings) if one.rule != _PROVABLE]:
        findings += proving.so_far(uow, reading, catalog, wrong)
    else:
        findings += proving.findings(uow, reading, catalog, _known(uow).form, drawing=drawing)
    findings += providing.warnings(uow, policy.in_force(uow), list(reading.drawings.values()))
    return sorted(findings, key=lambda finding: finding.level is not Level.ERROR)


def _stands_in_the_way(found: Finding, reading: Reading) -> bool:
    """Whether nothing can be tried before it is mended; what a person could decide otherwise is only played."""
    return found.rule in _NOT_THERE or found in reading.findings


_NOT_THERE = frozenset(
    ("reference-exists", "binding-not-fixed", "binding-circular", "version-tag-missing", "start-event-required")
)


def _known(uow: UnitOfWork) -> lint.KnownThings:
    processes, decisions, forms = (
        frozenset(info.key for info in latest_all(uow, kind)) for kind in ("process", "decision", "form")
    )
    calls = cache(lambda: [{call.id for call in program(uow, info.id).calls()} for info in latest_all(uow)])
    made, gone = cache(lambda: templates.known(uow)), cache(lambda: templates.known(uow, withdrawn=True))
    units = {name for unit in identity.org_units(uow) for name in (unit.key, str(unit.id))}
    # a library is deployed when the engine is set up, before anybody has entered an organisation to judge it by
    return lint.KnownThings(
        processes, decisions, forms,
        form=lambda key: form(uow, key) if key in forms else None,
        decision=lambda key: decision(uow, key) if key in decisions else None,
        user=lambda key: not units or bool(identity.find(uow, [key])),
        group=lambda key: not units or bool(identity.find_groups(uow, [key])),
        department=lambda key: not units or key in units,
        members=lambda key: len(identity.members_of(uow, [group.id for group in identity.find_groups(uow, [key])])),
        template=lambda key: made().get(key),
        withdrawn=lambda key: gone().get(key),
        host=lambda name: name in outbound.listed(uow.settings.outbound_allow),
        receiver=lambda name: webhooks.known(uow, name),
        batch=lambda capability: policy.batch_allowed(uow, capability),
        leaves_open=lambda capability: policy.leaves_open(uow, capability),
        called=lambda key: any(key in called for called in calls()),
        begun_by=lambda message: starts.begun_by(uow, message),
        banks=outbound.listed(uow.settings.bank_hosts),
    )  # fmt: skip


def _levels(uow: UnitOfWork) -> lint.Levels:
    """Raises WrongLevels."""
    file = uow.settings.library / "processes" / "lint.yml"
    return lint.levels_in(file.read_text(encoding="utf-8")) if file.is_file() else lint.Levels()


def with_imports(uow: UnitOfWork, resources: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """With the newest deployed decision models that these import: a deployment holds all that its decisions need."""
    found = dict(resources)
    candidates: list[tuple[str, bytes]] | None = None
    while missing := dmn.missing_imports(_decisions(found)):
        if candidates is None:
            candidates = [file(uow, info.id) for info in latest_all(uow, "decision")]
        more = {
            path: content for path, content in candidates if path not in found and dmn.namespaces(content)[0] in missing
        }
        if not more:
            break
        found |= more
    return found


def _decisions(resources: Mapping[str, bytes]) -> dict[str, bytes]:
    return {path: content for path, content in resources.items() if kind_of(path) is Kind.DECISION}


def changed(
    uow: UnitOfWork, reading: Reading, resources: Mapping[str, bytes], digests: Mapping[str, bytes]
) -> list[New]:
    """The definitions whose bytes, pinned references or imports differ from the newest version; callees first."""
    decisions = _decisions(resources)
    ids: dict[str, UUID] = {}
    tags = {f"process:{found.key}": found.content.version_tag for found in reading.of(Kind.PROCESS)}
    changed = []
    apart = (found for kind in (Kind.TEMPLATE, Kind.FORM, Kind.DECISION) for found in reading.of(kind))
    for found in [*apart, *callees_first(reading.of(Kind.PROCESS))]:
        pinned = pins(uow, found.content, ids, tags) if found.kind is Kind.PROCESS else {}
        imported = dmn.imported(found.path, decisions) if found.kind is Kind.DECISION else []
        digest = values.sha256(
            b"\0".join(
                [
                    found.key.encode(),
                    digests[found.path],
                    *(f"{name}={pin}".encode() for name, pin in sorted(pinned.items())),
                    *(digests[path] for path in sorted(imported)),
                ]
            )
        )
        newest = next(iter(versions(uow, found.key, found.kind.name.lower())), None)
        if newest is None or newest.digest != digest:
            version = New(uuid7(), found, 1 if newest is None else newest.version + 1, digest, pinned)
            changed.append(version)
            ids[f"{found.kind.name.lower()}:{found.key}"] = version.id
        else:
            ids[f"{found.kind.name.lower()}:{found.key}"] = newest.id
    return changed


def _store(
    uow: UnitOfWork, resources: Mapping[str, bytes], digests: Mapping[str, bytes], note: str, *, new: bool
) -> tuple[UUID, dict[str, UUID], bool]:
    """The deployment, the id of each of its files, and whether it was made now: the last one of exactly these bytes
    when nothing is `new`.

    Another one of the same bytes says who made it, when and why; its digest is over the one before, too.
    """
    whole, known = values.sha256(b"".join(path.encode() + b"\0" + digests[path] for path in sorted(digests))), None
    while found := uow.execute(select(deployment.c.id).where(deployment.c.digest == whole)).scalar():
        whole, known = values.sha256(whole + found.bytes), found
    if known is not None and not new and _newest_files(uow, digests) == digests:
        files = select(resource.c.path, resource.c.id).where(resource.c.deployment_id == known)
        return known, {row.path: row.id for row in uow.execute(files)}, False
    deployment_id = uuid7()
    uow.execute(
        _insert_deployment,
        {
            "id": deployment_id, "name": ", ".join(sorted(resources))[:500], "deployed_by": uow.actor.user_id,
            "deployed_at": uow.now, "note": note, "digest": whole,
        },
    )  # fmt: skip
    stored = {path: uuid7() for path in resources}
    uow.execute(
        _insert_resource,
        [
            {
                "id": stored[path], "deployment_id": deployment_id, "path": path, "kind": int(kind_of(path) or 0),
                "digest": digests[path], "content": content,
            }
            for path, content in resources.items()
        ],
    )  # fmt: skip
    return deployment_id, stored, True


def _newest_files(uow: UnitOfWork, paths: Iterable[str]) -> dict[str, bytes]:
    """The digest of each as it was deployed last."""
    order = func.row_number().over(partition_by=resource.c.path, order_by=resource.c.deployment_id.desc())
    found = select(resource.c.path, resource.c.digest, order.label("age")).where(resource.c.path.in_(paths)).subquery()
    return {row.path: row.digest for row in uow.execute(select(found).where(found.c.age == 1))}


def _hooked(uow: UnitOfWork, version: New, known: Mapping[str, bool]) -> bool:
    """Whether another system may be told of what it does, or a process that it calls; `known`: callees come first."""
    if version.found.kind is not Kind.PROCESS:
        return False
    program: Program = version.found.content
    if program.hooks or any(node.human is not None and node.human.hooks for node in program.nodes.values()):
        return True
    if any(not call.pinned for call in program.calls()):
        return True  # nobody knows what the newest version will be
    called = [key for name, key in version.pins.items() if name.startswith("process:")]
    return any(known[key] if key in known else _tells(uow, UUID(key)) for key in called)


def _tells(uow: UnitOfWork, definition_id: UUID) -> bool:
    return bool(definition_info(uow, definition_id).meta.get(outbox.HOOKED, True))


def _meta(found: Found, pins: dict[str, str], *, hooked: bool) -> dict[str, Any]:
    if found.kind is Kind.TEMPLATE:
        return {"labels": found.content.labels, "category": PurePosixPath(found.path).parts[1]}
    if found.kind is Kind.DECISION:
        return {"labels": dict(found.content.elements[found.key].labels)}
    if found.kind is not Kind.PROCESS:
        return {}
    program: Program = found.content
    said: dict[str, Any] = {"managers": list(program.managers)} if program.managers else {}
    if program.retention is not None:
        said["retention"] = [program.retention.after, program.retention.legal]
    return {
        **said, "labels": program.labels, "category": program.category or "", "form": program.start_form,
        "starters": program.starters, "starts": [start.kind for start in program.starts],
        "version_tag": program.version_tag, "time_to_live": program.time_to_live, "pins": pins,
        "data": True,  # what it draws as data is executed
        outbox.HOOKED: hooked,
    }  # fmt: skip
