"""Reading what is deployed: immutable versions, compiled once per process."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, exists, func, select, text, update

from engine import bpmn, dmn, forms, history, identity
from engine.bpmn.model import Definition as Drawing
from engine.bpmn.program import Program
from engine.db.definition import DefinitionState, Kind, deployment, resource
from engine.db.definition import definition as definition_table
from engine.db.instance import instance
from engine.errors import NotFound, ProcessNotDeployed, ProcessRetired
from engine.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class DefinitionInfo:
    """One version. `meta`: labels, form (start form), starters, starts, time_to_live, pins ("decision:x" -> id).

    And `data`: its data objects are executed; `hooked`: other systems may be told of what it does. Both are absent
    from what was deployed before they were written.
    """

    id: UUID
    kind: Kind
    key: str
    version: int
    name: str
    category: str
    meta: dict[str, Any]
    deployed_at: datetime
    resource_id: UUID
    digest: bytes

    @property
    def labels(self) -> dict[str, str]:
        """Name in other languages."""
        labels: dict[str, str] = self.meta.get("labels", {})
        return labels


_COLUMNS = (
    definition_table.c.id, definition_table.c.kind, definition_table.c.key, definition_table.c.version,
    definition_table.c.name, definition_table.c.category, definition_table.c.meta, definition_table.c.deployed_at,
    definition_table.c.resource_id, definition_table.c.digest,
)  # fmt: skip
_by_id = select(*_COLUMNS).where(definition_table.c.id == bindparam("of"))
_latest_id = (
    select(definition_table.c.id, definition_table.c.state)
    .where(definition_table.c.kind == bindparam("of_kind"), definition_table.c.key == bindparam("of_key"))
    .order_by(definition_table.c.version.desc())
    .limit(1)
)
_versions = (
    select(*_COLUMNS)
    .where(definition_table.c.kind == bindparam("of_kind"), definition_table.c.key == bindparam("of_key"))
    .order_by(definition_table.c.version.desc())
)
_highest = (
    select(definition_table.c.key, func.max(definition_table.c.version).label("version"))
    .where(definition_table.c.kind == bindparam("of_kind"))
    .group_by(definition_table.c.key)
    .subquery()
)
_newest_of = (
    select(*_COLUMNS)
    .join(_highest, (definition_table.c.key == _highest.c.key) & (definition_table.c.version == _highest.c.version))
    .where(definition_table.c.kind == bindparam("of_kind"))
    .order_by(definition_table.c.category, definition_table.c.key)
)
_newest_active = _newest_of.where(definition_table.c.state == int(DefinitionState.ACTIVE))
_running = (
    select(*_COLUMNS)
    .where(exists().where(instance.c.definition_id == definition_table.c.id, text("status IN (0, 1)")))  # its index
    .order_by(definition_table.c.key, definition_table.c.version)
)
_other = resource.alias("other")
_beside = (
    select(_other.c.path, _other.c.content)
    .join(resource, resource.c.deployment_id == _other.c.deployment_id)
    .join(definition_table, definition_table.c.resource_id == resource.c.id)
    .where(definition_table.c.id == bindparam("of"), _other.c.kind == int(Kind.DECISION))
)
_with = (
    select(*_COLUMNS)
    .join(_other, _other.c.id == definition_table.c.resource_id)
    .join(resource, resource.c.deployment_id == _other.c.deployment_id)
    .where(
        resource.c.id == bindparam("of"), definition_table.c.kind == int(Kind.PROCESS),
        definition_table.c.resource_id != bindparam("of"),
    )
    .order_by(definition_table.c.key)
)  # fmt: skip
_of_file = (
    select(definition_table.c.id)
    .join(resource, definition_table.c.resource_id == resource.c.id)
    .where(
        definition_table.c.kind == int(Kind.FORM), definition_table.c.key == bindparam("of_key"),
        resource.c.digest == bindparam("of_digest"),
    )
    .order_by(definition_table.c.version.desc())
    .limit(1)
)  # fmt: skip
_content = (
    select(resource.c.path, resource.c.content)
    .join(definition_table, definition_table.c.resource_id == resource.c.id)
    .where(definition_table.c.id == bindparam("of"))
)


def latest(uow: UnitOfWork, key: str, kind: str = "process") -> DefinitionInfo:
    """The newest version of `key`; `kind`: process, decision or form. Raises ProcessNotDeployed or NotFound."""
    wanted = Kind[kind.upper()]
    row = uow.read_one(_latest_id, {"of_kind": int(wanted), "of_key": key})
    if row is None:
        raise ProcessNotDeployed(key=key) if wanted is Kind.PROCESS else NotFound(kind=kind, key=key)
    return definition(uow, row.id)


def latest_active(uow: UnitOfWork, key: str) -> DefinitionInfo:
    """The newest version of process `key`, to start it. Raises ProcessNotDeployed, ProcessRetired."""
    row = uow.read_one(_latest_id, {"of_kind": int(Kind.PROCESS), "of_key": key})
    if row is None:
        raise ProcessNotDeployed(key=key)
    if row.state != DefinitionState.ACTIVE:
        raise ProcessRetired(key=key)
    return definition(uow, row.id)


def latest_all(uow: UnitOfWork, kind: str = "process") -> list[DefinitionInfo]:
    """The newest version of every key, by category and key."""
    return [_info(row) for row in uow.read(_newest_of, {"of_kind": int(Kind[kind.upper()])})]


def versions(uow: UnitOfWork, key: str, kind: str = "process") -> list[DefinitionInfo]:
    """All versions of `key`, newest first."""
    found = uow.execute(_versions, {"of_kind": int(Kind[kind.upper()]), "of_key": key})
    return [_info(row) for row in found]


def definition(uow: UnitOfWork, definition_id: UUID) -> DefinitionInfo:
    """One version. Raises NotFound."""
    known = uow.shared.get(("definition", definition_id))
    if known is None:
        row = uow.read_one(_by_id, {"of": definition_id})
        if row is None:
            raise NotFound(kind="definition", key=definition_id)
        known = uow.shared[("definition", definition_id)] = _info(row)
    found: DefinitionInfo = known
    return found


def deployed_with(uow: UnitOfWork, info: DefinitionInfo) -> list[DefinitionInfo]:
    """Versions of processes in other files that came in the same deployment."""
    return [_info(row) for row in uow.execute(_with, {"of": info.resource_id})]


def program(uow: UnitOfWork, definition_id: UUID) -> Program:
    """The compiled process with what it is pinned to; cached per process. Raises NotFound."""
    cached = uow.shared.get(("program", definition_id))
    if cached is None:
        cached = uow.shared[("program", definition_id)] = _compile(uow, definition_id)
    compiled: Program = cached
    return compiled


def program_by_key(uow: UnitOfWork, key: str) -> tuple[UUID, Program]:
    """What a `latest` call enters now. Raises ProcessNotDeployed."""
    info = latest(uow, key)
    return info.id, program(uow, info.id)


def source(uow: UnitOfWork, definition_id: UUID) -> bytes:
    """The file as it was deployed. Raises NotFound."""
    return file(uow, definition_id)[1]


def file(uow: UnitOfWork, definition_id: UUID) -> tuple[str, bytes]:
    """The path of the file in the library, and its content as it was deployed. Raises NotFound."""
    found = uow.read_one(_content, {"of": definition_id})
    if found is None:
        raise NotFound(kind="definition", key=definition_id)
    return found.path, bytes(found.content)


def drawing(uow: UnitOfWork, definition_id: UUID) -> Drawing:
    """A deployed process as it was drawn, for checks. Raises NotFound."""
    cached: Drawing | None = uow.shared.get(("drawing", definition_id))
    if cached is None:
        info = definition(uow, definition_id)
        cached = uow.shared[("drawing", definition_id)] = bpmn.read(source(uow, definition_id), info.key).definition
    if cached is None:
        raise NotFound(kind="process", key=definition_id)
    return cached


def form(uow: UnitOfWork, form_id: str, definition_id: UUID | None = None) -> forms.Form:
    """The form that version `definition_id` of a process is pinned to, else the newest. Raises NotFound."""
    pinned = _pin(uow, f"form:{form_id}", definition_id)
    return _form(uow, form_id, pinned or latest(uow, form_id, "form").id)


def form_of_file(uow: UnitOfWork, form_id: str, digest: bytes) -> forms.Form:
    """The form whose file has this SHA-256. Raises NotFound, also where the file is not as it was deployed."""
    found = uow.read_one(_of_file, {"of_key": form_id, "of_digest": digest})
    form = None if found is None else _form(uow, form_id, found.id)
    if form is None or form.digest != digest:
        raise NotFound(kind="form", key=form_id)
    return form


def _form(uow: UnitOfWork, form_id: str, key: UUID) -> forms.Form:
    cached: forms.Form | None = uow.shared.get(("form", key))
    if cached is None:
        cached = uow.shared[("form", key)] = forms.read(source(uow, key), form_id).form
    if cached is None:
        raise NotFound(kind="form", key=form_id)
    return cached


def forms_since(uow: UnitOfWork, form_id: str, definition_id: UUID, at: datetime) -> list[forms.Form]:
    """The forms that somebody can have filled in from `at` on: the newest one first, then those before it, down to the
    one that was in force at `at`; only the one that version `definition_id` is pinned to, if it is.
    """
    pinned = _pin(uow, f"form:{form_id}", definition_id)
    if pinned is not None:
        return [form(uow, form_id, definition_id)]
    found: list[forms.Form] = []
    for info in versions(uow, form_id, "form"):
        read = uow.shared.get(("form", info.id)) or forms.read(source(uow, info.id), form_id).form
        if read is not None:
            found.append(read)
        if info.deployed_at <= at:
            break
    return found


def known_form(uow: UnitOfWork, form_id: str, definition_id: UUID | None = None) -> forms.Form | None:
    """As `form`; None for one that is not deployed."""
    try:
        return form(uow, form_id, definition_id)
    except NotFound:
        return None


def decision(uow: UnitOfWork, decision_id: str, definition_id: UUID | None = None) -> dmn.Model:
    """The model that holds the decision: the pinned version, else the newest. Raises NotFound."""
    key = _pin(uow, f"decision:{decision_id}", definition_id) or latest(uow, decision_id, "decision").id
    return _model(uow, key)


def startable(uow: UnitOfWork) -> list[DefinitionInfo]:
    """The processes that the actor may start by hand, newest versions, by category and key."""
    return [
        info
        for info in (_info(row) for row in uow.read(_newest_active, {"of_kind": int(Kind.PROCESS)}))
        if "none" in info.meta.get("starts", ()) and may_start(uow, info)
    ]


def may_start(uow: UnitOfWork, info: DefinitionInfo) -> bool:
    """Whether the drawing lets the actor start it: no starters named means everybody, a department means those
    below it too; the engine may always.
    """
    starters: dict[str, list[str]] = info.meta.get("starters") or {}
    if uow.actor.user_id is None or not any(starters.values()):
        return True
    person = identity.user(uow, uow.actor.user_id)
    if {person.login, str(person.id)} & set(starters.get("users", ())):
        return True
    if any(group.key in starters.get("groups", ()) for group in identity.groups_of(uow, person.id)):
        return True
    units = set(starters.get("departments", ()))
    return bool(units) and any(
        units & {above.key, str(above.id)}
        for own in identity.departments_of(uow, person.id) for above in identity.units_above(uow, own.id)
    )  # fmt: skip


def retire(uow: UnitOfWork, key: str, *, retired: bool = True) -> None:
    """Let process `key` start nothing new, or let it again; running instances go on."""
    found = latest(uow, key)
    state = DefinitionState.RETIRED if retired else DefinitionState.ACTIVE
    uow.execute(update(definition_table).where(definition_table.c.id == found.id).values(state=int(state)))
    history.act(uow, "deployment", "process.retired" if retired else "process.reopened", {"key": key})


def deployments(uow: UnitOfWork, *, limit: int = 50) -> Sequence[Any]:
    """The newest deployments: rows with id, name, deployed_by, deployed_at, note."""
    columns = (
        deployment.c.id,
        deployment.c.name,
        deployment.c.deployed_by,
        deployment.c.deployed_at,
        deployment.c.note,
    )
    return uow.execute(select(*columns).order_by(deployment.c.id.desc()).limit(limit)).all()


def bind(uow: UnitOfWork, compiled: Program, pins: Mapping[str, str], own: Mapping[str, Any]) -> Program:
    """`compiled` with what it is pinned to. `own`: programs and models that are not stored, by their id."""
    programs: dict[str, tuple[str, Program]] = {}
    decisions: dict[str, dmn.Model] = {}
    for reference, pinned in pins.items():
        what, _, key = reference.partition(":")
        if what == "process":
            programs[key] = (pinned, own[pinned] if pinned in own else program(uow, UUID(pinned)))
        elif what == "decision":
            decisions[key] = own[pinned] if pinned in own else _model(uow, UUID(pinned))
    return compiled.bind(programs=programs, decisions=decisions)


def drawings_in_use(uow: UnitOfWork, without: Collection[str] = ()) -> list[Drawing]:
    """Of the newest versions, but those of the keys `without`, and of all versions that one of them is pinned to."""
    found = {info.id: info for info in latest_all(uow) if info.key not in without}
    todo = list(found.values())
    for info in todo:
        pinned = [UUID(key) for name, key in info.meta.get("pins", {}).items() if name.startswith("process:")]
        more = {key: definition(uow, key) for key in pinned if key not in found}
        found |= more
        todo += more.values()
    return [drawing(uow, key) for key in found]


def programs_in_use(uow: UnitOfWork, without: Collection[str] = ()) -> list[Program]:
    """As `drawings_in_use`, compiled."""
    found: dict[str, Program] = {}
    for info in latest_all(uow):
        if info.key not in without:
            found |= with_pinned(str(info.id), program(uow, info.id))
    return list(found.values())


def running(uow: UnitOfWork) -> list[DefinitionInfo]:
    """The versions of processes by which an instance runs or is suspended, by key and version."""
    return [_info(row) for row in uow.read(_running, {})]


def running_latest(
    uow: UnitOfWork, deployed: Sequence[DefinitionInfo], keys: Collection[str], decisions: Collection[str] = (),
    shown: Collection[str] = (),
) -> list[DefinitionInfo]:  # fmt: skip
    """Those of `deployed` that will run the newest version of one of `keys`, ask that of one of `decisions` or show
    that of one of the forms `shown`: by themselves, or by a call of a process that does. The newest of a key is last.
    """
    newest = {info.key: str(info.id) for info in deployed}
    programs = {key: one for info in deployed for key, one in with_pinned(str(info.id), program(uow, info.id)).items()}
    calling: dict[str, list[str]] = {}
    running: list[str] = []
    for key, found in programs.items():
        latest_ones = {call.id for call in found.calls() if not call.pinned and call.id is not None}
        asked = {one.id for one in found.decisions() if not one.pinned}
        if latest_ones & set(keys) or asked & set(decisions) or found.follows_forms & set(shown):
            running.append(key)
        bound = [called for called, _ in found.bound_programs.values()]
        for called in (*(newest[name] for name in latest_ones if name in newest), *bound):
            calling.setdefault(called, []).append(key)
    known = set(running)
    for key in running:
        above = [caller for caller in calling.get(key, ()) if caller not in known]
        known.update(above)
        running.extend(above)
    return [info for info in deployed if str(info.id) in known]


def with_pinned(key: str, compiled: Program) -> dict[str, Program]:
    """A version and all that it is pinned to, at any depth, by their ids."""
    programs = {key: compiled}
    todo = [compiled]
    for one in todo:
        more = {called: pinned for called, pinned in one.bound_programs.values() if called not in programs}
        programs |= more
        todo += more.values()
    return programs


def _compile(uow: UnitOfWork, definition_id: UUID) -> Program:
    info = definition(uow, definition_id)
    reading = bpmn.read(source(uow, definition_id), info.key)
    if reading.definition is None:
        raise NotFound(kind="process", key=info.key)
    if not info.meta.get("data"):  # deployed before data objects were executed
        bpmn.set_aside(reading.definition)
    compiled = bpmn.compile(reading.definition, info.key, accepted=True)
    return bind(uow, compiled, info.meta.get("pins", {}), {})


def _model(uow: UnitOfWork, definition_id: UUID) -> dmn.Model:
    cached: dmn.Model | None = uow.shared.get(("decision", definition_id))
    if cached is None:
        path, content = file(uow, definition_id)
        files = {path: content}
        if dmn.missing_imports(files):  # what it imports was deployed together with it
            files |= {row.path: bytes(row.content) for row in uow.execute(_beside, {"of": definition_id})}
        cached = uow.shared[("decision", definition_id)] = dmn.read_all(files)[path].model
    if cached is None:
        raise NotFound(kind="decision", key=definition_id)
    return cached


def _pin(uow: UnitOfWork, reference: str, definition_id: UUID | None) -> UUID | None:
    if definition_id is None:
        return None
    pinned = definition(uow, definition_id).meta.get("pins", {}).get(reference)
    return None if pinned is None else UUID(pinned)


def _info(row: Any) -> DefinitionInfo:
    return DefinitionInfo(
        row.id, Kind(row.kind), row.key, row.version, row.name, row.category, row.meta, row.deployed_at,
        row.resource_id, row.digest,
    )  # fmt: skip
