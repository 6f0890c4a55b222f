"""What files would become if they were deployed now: versions that are not stored, compiled and bound like others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from engine import dmn
from engine.bpmn.model import Definition as Drawing
from engine.bpmn.model import Process
from engine.bpmn.program import Program
from engine.db.definition import Kind
from engine.errors import DeploymentRefused
from engine.findings import errors_of
from engine.forms import Form
from engine.repository.definitions import DefinitionInfo, bind, latest_all, program, running_latest, with_pinned
from engine.repository.deploying import changed, with_imports
from engine.repository.pinning import References, unpinnable
from engine.repository.reading import read
from engine.unit_of_work import UnitOfWork
from engine.values import sha256


@dataclass(frozen=True, slots=True)
class Candidate:
    """A process as it would be deployed. `id`: made up, nothing is stored under it; `version`: what it would get.

    `processes`: those that would be deployed with it, by id, itself among them; `forms`, `decisions` likewise.
    """

    id: UUID
    key: str
    version: int
    program: Program
    drawing: Drawing
    processes: Mapping[str, tuple[UUID, Program, Process]]
    forms: Mapping[str, Form]
    decisions: Mapping[str, dmn.Model]

    def references(self, uow: UnitOfWork) -> References:
        """What it would call, show and ask."""
        drawn = {key: process for key, _, process in self.processes.values()}
        return References(uow, drawn.values(), drawn, forms=self.forms, decisions=self.decisions)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a deployment would make. `new`: (kind, key, version) of what differs from its newest version."""

    new: tuple[tuple[Kind, str, int], ...]
    candidates: Mapping[str, Candidate]


def foresee(uow: UnitOfWork, resources: Mapping[str, bytes]) -> Foreseen:
    """What `deploy` would make of these files; nothing is written.

    Raises DeploymentRefused with what cannot be read or bound; `check` finds everything else.
    """
    resources = with_imports(uow, resources)
    reading = read(resources)
    wrong = errors_of([*reading.findings, *unpinnable(uow, reading)])
    if wrong:
        raise DeploymentRefused(wrong)
    new = changed(uow, reading, resources, {path: sha256(content) for path, content in resources.items()})
    own: dict[str, Any] = {str(one.id): one.found.content for one in new if one.found.kind is Kind.DECISION}
    for one in new:  # callees come first
        if one.found.kind is Kind.PROCESS:
            own[str(one.id)] = bind(uow, one.found.content, one.pins, own)
    drawings = {process.id: found for found in reading.drawings.values() for process in found.processes}
    made = {
        one.found.key: (one.id, own[str(one.id)], _process(drawings[one.found.key], one.found.key))
        for one in new if one.found.kind is Kind.PROCESS
    }  # fmt: skip
    shown = MappingProxyType({found.key: found.content for found in reading.of(Kind.FORM)})
    asked = MappingProxyType({found.key: found.content for found in reading.of(Kind.DECISION)})
    numbers = {one.found.key: one.number for one in new if one.found.kind is Kind.PROCESS}
    candidates = {
        key: Candidate(found, key, numbers[key], program, drawings[key], MappingProxyType(made), shown, asked)
        for key, (found, program, _) in made.items()
    }
    return Foreseen(tuple((one.found.kind, one.found.key, one.number) for one in new), candidates)


def following(uow: UnitOfWork, keys: Iterable[str]) -> list[DefinitionInfo]:
    """Other deployed processes that run the newest version of one of these, whoever deploys it; by category and key."""
    wanted = set(keys)
    return running_latest(uow, [info for info in latest_all(uow) if info.key not in wanted], wanted)


def showing(uow: UnitOfWork, form: str) -> list[DefinitionInfo]:
    """Deployed processes whose newest version, or a version that it is pinned to, shows that of a form: at the start or
    in a task; by category and key."""
    return [
        info for info in latest_all(uow)
        if any(form in one.follows_forms for one in with_pinned(str(info.id), program(uow, info.id)).values())
    ]  # fmt: skip


def _process(found: Drawing, key: str) -> Process:
    process = found.process(key)
    assert process is not None  # noqa: S101 - it was found by this key
    return process
