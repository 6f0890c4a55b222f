"""Demo data: a trading company with a year behind it, loaded through the same verbs as people's actions."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from engine import history, identity, jobs, policy, repository
from engine.clock import FrozenClock, SystemClock
from engine.db.identity import user_account
from engine.errors import N_, EngineError
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from engine.unit_of_work import ENGINE, Actor, UnitOfWork
from webui import demo_requests

VERSION = 1
SEED = 20260101
SIZES = ("tiny", "small", "full")
PASSWORD = "troika-demo"  # noqa: S105 - printed at the start and on the login page; refused in production mode
SCOPE = "demo"
MAIN_ACCOUNTS = ("ann", "bob", "jiangyi", "fin", "cash", "eve", "wes", "wang", "chen", "adam")
"""those that the shipped processes need, in the order in which a newcomer meets them"""

Say = Callable[[str], None]
Progress = Callable[[str, int, int], None]


class DemoHalfLoaded(EngineError):
    """A load that was interrupted; its rows cannot be told from real ones."""

    message = N_("Expected an empty database or one with complete demo data, found a load that was interrupted.")
    hint = N_("Remove the database ({database}) or name another one in TROIKA_DATABASE_URL, then start again.")
    status = 500


@dataclass(frozen=True)
class Account:
    """A demo account as the login page and the first lines of `troika serve` show it."""

    login: str
    name: str
    name_en: str
    role: str
    role_en: str
    password: str = PASSWORD


def accounts(uow: UnitOfWork) -> list[Account]:
    """Those that can sign in, the main ones first, if demo data is loaded; nothing in production mode."""
    if uow.settings.mode == "production":
        return []
    rows = uow.execute(_accounts)
    found = {
        row.login: Account(row.login, row.name, row.name_en, row.position, row.position_en or row.position)
        for row in rows
    }
    first = [login for login in MAIN_ACCOUNTS if login in found]
    return [found[login] for login in (*first, *(login for login in found if login not in first))]


def load(settings: Settings, size: str, *, say: Say, progress: Progress) -> bool:
    """Make the schema and load everything; False when this version is there already. Raises DemoHalfLoaded."""
    clock = FrozenClock(SystemClock().now())
    engine = ProcessEngine(settings, clock=clock)
    try:
        engine.upgrade()
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            kinds = {act.kind: act.data for act in history.acts(uow, SCOPE)}
            users = uow.execute(select(user_account.c.id).limit(1)).first()
        if "demo.loaded" in kinds:
            return False
        if "demo.started" in kinds:
            raise DemoHalfLoaded(database=settings.database_url)
        if users is not None:
            say("The database holds accounts already: no demo data is loaded.")
            return False
        _load(engine, clock, size, say, progress)
    finally:
        engine.dispose()
    return True


def _load(engine: ProcessEngine, clock: FrozenClock, size: str, say: Say, progress: Progress) -> None:
    _act(engine, "demo.started", {"version": VERSION, "size": size})
    say("Demo data, first run only:")
    people = load_people(engine)
    say(f"  {len(people)} people")
    deployed = deploy_library(engine)
    say(f"  {deployed} processes, decisions and forms deployed")

    def uow_factory(login: str | None) -> AbstractContextManager[UnitOfWork]:
        return engine.unit_of_work(Actor(people[login], source="cli") if login else ENGINE)

    facts: dict[str, Any] = {}
    for _, zh, en, stage in _stages():
        title = zh if engine.settings.locale == "zh" else en
        say(f"  {title}")
        stage(uow_factory, people, clock, SEED, size, lambda done, total, title=title: progress(title, done, total),
              facts)  # fmt: skip
    clock.move_to(SystemClock().now())
    started = demo_requests.start(engine, clock, people)
    say(f"  {started} requests under way")
    jobs.run_due(engine)
    _act(engine, "demo.loaded", {"version": VERSION, "size": size})


def load_people(engine: ProcessEngine) -> dict[str, UUID]:
    """Departments, groups and accounts of the demo company; ids by login."""
    company = _people()
    people: dict[str, UUID] = {}
    with engine.unit_of_work(ENGINE) as uow:
        for unit in company.org_units:
            identity.create_org_unit(uow, unit.key, unit.name, name_en=unit.name_en, parent=unit.parent)
        for group in company.groups:
            identity.create_group(uow, group.key, group.name, name_en=group.name_en, capabilities=group.capabilities)
        for person in company.people:
            people[person.login] = identity.create_user(
                uow, person.login, person.name, name_en=person.name_en, email=f"{person.login}@qinghe.example",
                password=PASSWORD if person.signs_in else None, org_unit=person.org_unit, position=person.position,
                position_en=person.position_en, manager=person.manager, demo=True,
            ).id  # fmt: skip
        for unit in company.org_units:
            if unit.leader:
                identity.set_leader(uow, unit.key, unit.leader)
        for group in company.groups:
            for login in group.members:
                identity.add_member(uow, group.key, login)
    return people


def deploy_library(engine: ProcessEngine) -> int:
    """Policies first, then everything in processes/ and forms/ as one deployment; the number of resources."""
    library = engine.settings.library
    resources = dict(_resources(library))
    with engine.unit_of_work(ENGINE) as uow:
        policies = library / "processes" / "policies.yml"
        if policies.is_file():
            policy.ship(uow, policies.read_text(encoding="utf-8"))
        if resources:
            repository.deploy(uow, resources, note="demo")
    return len(resources)


def _resources(library: Path) -> Iterator[tuple[str, bytes]]:
    for folder, endings in (("processes", (".bpmn", ".dmn")), ("forms", (".json",))):
        for file in sorted((library / folder).rglob("*")):
            if file.suffix in endings:
                yield file.relative_to(library).as_posix(), file.read_bytes()


def _stages() -> list[Any]:
    modules = importlib.import_module("engine.modules")
    names = [module.name for module in pkgutil.iter_modules(modules.__path__) if module.ispkg]
    found = []
    for name in names:
        try:
            found.extend(importlib.import_module(f"engine.modules.{name}.demo").STAGES)
        except ModuleNotFoundError as missing:
            if missing.name != f"engine.modules.{name}.demo":
                raise
    return sorted(found, key=lambda row: row[0])


def _people() -> Any:
    return importlib.import_module("engine.modules.oa.demo_people").demo_data()


def _act(engine: ProcessEngine, kind: str, data: dict[str, Any]) -> None:
    with engine.unit_of_work(ENGINE) as uow:
        history.act(uow, SCOPE, kind, data)


_accounts = (
    select(
        user_account.c.login, user_account.c.name, user_account.c.name_en, user_account.c.position,
        user_account.c.position_en,
    )
    .where(user_account.c.demo, user_account.c.disabled_at.is_(None), user_account.c.password_hash.is_not(None))
    .order_by(user_account.c.id)
)  # fmt: skip
