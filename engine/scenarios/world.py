"""Where scenarios happen: a small company in memory with the whole library deployed, copied for each scenario."""

import importlib
import importlib.util
import pkgutil
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from engine import identity, policy, repository, workdays
from engine.bpmn import element_templates
from engine.clock import FrozenClock
from engine.errors import NotFound
from engine.process_engine import ProcessEngine
from engine.unit_of_work import ENGINE, Actor, UnitOfWork

SEED = 20260101
MODULES = "engine.modules"
PATIENT = 60_000
"""milliseconds: on a busy machine an act must not turn into a job by itself"""


@dataclass(frozen=True)
class World:
    """An engine in memory, its clock, the people by login, and how it looked before anything happened."""

    engine: ProcessEngine
    clock: FrozenClock
    people: dict[str, UUID]
    beginning: sqlite3.Connection

    def again(self, now: datetime) -> None:
        """Put everything back to the beginning, at `now`."""
        self.engine.restore(self.beginning)
        self.clock.move_to(now)

    def acting(self, login: str | None) -> AbstractContextManager[UnitOfWork]:
        """A unit of work of this person; None: the engine itself."""
        return self.engine.unit_of_work(self.actor(login))

    def actor(self, login: str | None) -> Actor:
        """Who acts under this login. Raises NotFound."""
        if login is None:
            return ENGINE
        if login not in self.people:
            raise NotFound(kind="person", key=login)
        return Actor(self.people[login], source="cli")


def build(library: Path, now: datetime, *, resources: dict[str, bytes] | None = None) -> World:
    """Deploy `library` (its processes/ and forms/) for the demo company. `resources` replace or join its files.

    Raises DeploymentRefused.
    """
    clock = FrozenClock(now)
    engine = ProcessEngine.in_memory(clock, library=library, inline_ms=PATIENT)
    people = furnish(engine, clock, library, resources=resources)
    return World(engine, clock, people, engine.snapshot())


def furnish(
    engine: ProcessEngine, clock: FrozenClock, library: Path, *, resources: dict[str, bytes] | None = None,
    policies: str | None = None,
) -> dict[str, UUID]:  # fmt: skip
    """People, policies, processes and master data in an empty database; ids of the people by login.

    `clock` is the engine's; it ends where it began. `policies`: in place of the library's proposal.
    """
    now = clock.now()
    people = populate(engine)
    deploy(engine, library, resources, policies)
    load_records(engine, clock, people)
    clock.move_to(now)
    return people


def populate(engine: ProcessEngine) -> dict[str, UUID]:
    """Departments, groups and accounts of the demo company, without passwords; ids by login."""
    company = _demo_company()
    people: dict[str, UUID] = {}
    with engine.unit_of_work(ENGINE) as uow:
        workdays.ensure_cn(uow)
        for unit in company.org_units:
            identity.create_org_unit(uow, unit.key, unit.name, name_en=unit.name_en, parent=unit.parent)
        for group in company.groups:
            identity.create_group(uow, group.key, group.name, name_en=group.name_en, capabilities=group.capabilities)
        for person in company.people:
            people[person.login] = identity.create_user(
                uow, person.login, person.name, name_en=person.name_en, password=None, org_unit=person.org_unit,
                position=person.position, manager=person.manager, demo=True,
            ).id  # fmt: skip
        for unit in company.org_units:
            if unit.leader:
                identity.set_leader(uow, unit.key, unit.leader)
        for group in company.groups:
            for login in group.members:
                identity.add_member(uow, group.key, login)
    return people


def deploy(
    engine: ProcessEngine, library: Path, resources: dict[str, bytes] | None = None, policies: str | None = None
) -> None:
    """Policies first, then every drawing, decision and form. Raises DeploymentRefused."""
    files = dict(files_of(library)) | (resources or {})
    proposal = library / "processes" / "policies.yml"
    if policies is None and proposal.is_file():
        policies = proposal.read_text(encoding="utf-8")
    with engine.unit_of_work(ENGINE) as uow:
        if policies is not None:
            policy.ship(uow, policies)
        repository.deploy(uow, files, note="library")


def files_of(library: Path) -> Iterator[tuple[str, bytes]]:
    """What can be deployed, by path inside the library."""
    for folder, endings in (("processes", (".bpmn", ".dmn", element_templates.ENDING)), ("forms", (".json",))):
        for file in sorted((library / folder).rglob("*")):
            if file.name.endswith(endings):
                yield file.relative_to(library).as_posix(), file.read_bytes()


def load_records(engine: ProcessEngine, clock: FrozenClock, people: dict[str, UUID]) -> None:
    """Master data and opening stock of every data module."""

    def uow_factory(login: str | None) -> AbstractContextManager[UnitOfWork]:
        return engine.unit_of_work(Actor(people[login], source="cli") if login else ENGINE)

    facts: dict[str, Any] = {}
    stages = sorted((row for module in _demos() for row in module.STAGES), key=lambda row: row[0])
    for *_, stage in stages:
        stage(uow_factory, people, clock, SEED, "tiny", lambda done, total: None, facts)


def demo_logins() -> set[str]:
    """Of the people whom the demo data name."""
    return {person.login for person in _demo_company().people}


def _demos() -> Iterator[Any]:
    root = importlib.import_module(MODULES)
    for info in pkgutil.iter_modules(root.__path__, f"{MODULES}."):
        if info.ispkg and importlib.util.find_spec(f"{info.name}.demo") is not None:
            yield importlib.import_module(f"{info.name}.demo")


def _demo_company() -> Any:
    return importlib.import_module(f"{MODULES}.oa.demo_people").demo_data()
