"""Every act in each state of the shipped processes: what is offered succeeds, the rest is refused and changes nothing.

The states are those that the scenarios come through. Each act is performed in a transaction that is undone.
"""

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from engine import identity, scenarios, tasks
from engine.db.base import metadata
from engine.db.task import user_task, work_item
from engine.errors import EngineError
from engine.scenarios import Scenario, World, worlds
from engine.scenarios.running import Run
from engine.scenarios.words import Step
from engine.unit_of_work import UnitOfWork

pytestmark = pytest.mark.approvals
LIBRARY = Path(__file__).parents[2]
PROCESSES = sorted(
    path.name.removesuffix(scenarios.SUFFIX) for path in LIBRARY.rglob(f"processes/*/*{scenarios.SUFFIX}")
)
TABLES = [table for name, table in sorted(metadata.tables.items()) if not name.startswith(("identity", "definition"))]
AGREEING = ("agree", "add_after")
"""what a policy may forbid; the page then says why in place of the button"""
STATES = 15
"""of each process; the first ones are those of its happy and its rejected ends"""
OUTSIDER, ADMINISTRATOR = "zou", "adam"
Act = Callable[[UnitOfWork, UUID, dict[str, Any]], Any]

ON_TASKS: dict[str, Act] = {
    "agree": lambda uow, item, told: tasks.agree(uow, item, told["fields"], "fine"),
    "reject": lambda uow, item, told: tasks.reject(uow, item, "no"),
    "abstain": lambda uow, item, told: tasks.abstain(uow, item, "neither"),
    "complete": lambda uow, item, told: tasks.complete(uow, item, told["fields"], "done"),
    "claim": lambda uow, item, told: tasks.claim(uow, item),
    "unclaim": lambda uow, item, told: tasks.unclaim(uow, item),
    "transfer": lambda uow, item, told: tasks.transfer(uow, item, told["other"], "away"),
    "delegate": lambda uow, item, told: tasks.delegate(uow, item, told["other"], "what do you think?"),
    "hand_back": lambda uow, item, told: tasks.hand_back(uow, item, "as I said"),
    "add_before": lambda uow, item, told: tasks.add_before(uow, item, [told["other"]]),
    "add_after": lambda uow, item, told: tasks.add_after(uow, item, [told["other"]], opinion="fine"),
    "add_beside": lambda uow, item, told: tasks.add_beside(uow, item, [told["other"]]),
    "return": lambda uow, item, told: tasks.return_(uow, item, told["target"], "look again"),
    "recall": lambda uow, item, told: tasks.recall(uow, item, "mistake"),
}
ON_REQUESTS: dict[str, Act] = {
    "withdraw": lambda uow, instance, told: tasks.withdraw(uow, instance, "no longer"),
    "void": lambda uow, instance, told: tasks.void(uow, instance, "wrong"),
    "cancel": lambda uow, instance, told: tasks.cancel(uow, instance, "wrong"),
    "suspend": lambda uow, instance, told: tasks.suspend(uow, instance, "audit"),
    "activate": lambda uow, instance, told: tasks.activate(uow, instance),
    "wake": lambda uow, instance, told: tasks.wake(uow, instance, "mistake"),
    "copy": lambda uow, instance, told: tasks.copy_to_draft(uow, instance),
}


class _Undone(Exception):
    """Ends a transaction that must leave nothing behind."""


class Table(Run):
    """A scenario that stops after each step and tries every act of everybody concerned."""

    seen: set[Any]
    known: dict[str, dict[str, Any]]
    count: Counter[str]
    wrongs: list[str]
    recorded: int
    """facts that the last act has left: none, when it found everything as it was to be"""

    def _step(self, step: Step, *, settle: bool = True) -> None:
        if self.instance_id is not None:
            self._try()
        super()._step(step, settle=settle)

    def _compare(self) -> None:
        if self.instance_id is not None:
            self._try()

    def _try(self) -> None:
        with self.world.acting(None) as uow:
            items = uow.execute(
                select(work_item, user_task.c.node, user_task.c.status.label("round_status"))
                .join(user_task, user_task.c.id == work_item.c.user_task_id)
                .where(work_item.c.instance_id == self.instance_id)
            ).all()  # fmt: skip
            status = uow.lock_instance(self._main()).status
            people = sorted(self._concerned(uow, items))
        state = (self.scenario.process, status, tuple(sorted((i.node, i.status, i.decision or 0) for i in items)))
        if state in self.seen:
            return
        self.seen.add(state)
        before = digest(self.world)
        for login in people:
            told = {
                "other": next(one for one in ("han", "zou", "sun", "yu") if one in self.world.people and one != login)
            }
            for item in items:
                if not self._asks(login, item):
                    continue
                self._each(login, item.id, self._offered(login, item.id), ON_TASKS, item.node, told)
            self._each(login, self._main(), self._acts(login), ON_REQUESTS, "request", told)
        if digest(self.world) != before:
            self.wrongs.append(f"{state}: rows are not as before")

    def _concerned(self, uow: UnitOfWork, items: Any) -> Iterator[str]:
        by_id = {key: login for login, key in self.world.people.items()}
        groups = [item.group_id for item in items if item.group_id is not None]
        found = {by_id[who] for item in items for who in (item.assignee_id, item.decided_by) if who in by_id}
        found |= {identity.members_of(uow, [group])[0].login for group in groups}
        found |= {self.scenario.person, OUTSIDER, ADMINISTRATOR} - {None}
        yield from found

    def _asks(self, login: str, item: Any) -> bool:
        """Whoever is asked or has decided tries each act; of everybody else one, and on what is open only."""
        mine = self.world.people[login] in (item.assignee_id, item.decided_by)
        return (
            mine
            or (item.round_status == 0 and login in (OUTSIDER, self.scenario.person))
            or (item.group_id is not None and item.round_status == 0)
        )

    def _offered(self, login: str, item: UUID) -> tuple[str, ...]:
        with self.world.acting(login) as uow:
            try:
                view = tasks.get(uow, item)
                return tuple(name for name in view.actions if view.objection is None or name not in AGREEING)
            except EngineError:
                return ()

    def _acts(self, login: str) -> tuple[str, ...]:
        with self.world.acting(login) as uow:
            return tasks.acts(uow, self._main())

    def _each(
        self, login: str, on: UUID, offered: tuple[str, ...], acts: dict[str, Act], node: str, told: dict[str, Any]
    ) -> None:
        for name, act in acts.items():
            for target in self._targets(login, on) if name == "return" and name in offered else ("initiator",):
                self._one(login, on, name in offered, (name, act), node, {**told, "target": target})

    def _targets(self, login: str, on: UUID) -> tuple[str, ...]:
        with self.world.acting(login) as uow:
            return tuple(one.word for one in tasks.targets(uow, on) if not one.refused)

    def _one(
        self, login: str, on: UUID, offered: bool, named: tuple[str, Act], node: str, told: dict[str, Any]
    ) -> None:
        name, act = named
        said = {**told, "fields": None}
        if name in ("complete", "agree") and node in self.known:
            with self.world.acting(login) as uow:
                said["fields"] = self._values(uow, self.known[node])
        problem = self._perform(login, act, on, said)
        where = f"{self.scenario.process}, {self.scenario.name}: {name} of {node} by {login}"
        self.count["legal" if offered else "illegal"] += 1
        if offered and problem is not None:
            self.wrongs.append(f"{where} is offered, but: {problem.code}: {problem}")
        elif not offered and problem is None and self.recorded:
            self.wrongs.append(f"{where} is not offered, but was accepted")
        elif problem is not None and not (400 <= problem.status < 500 and len(str(problem)) > 10):
            self.wrongs.append(f"{where}: {problem.status} '{problem}'")

    def _facts(self, uow: UnitOfWork) -> int:
        return int(uow.execute(select(func.count()).select_from(metadata.tables["history"])).scalar_one())

    def _perform(self, login: str, act: Act, on: UUID, said: dict[str, Any]) -> EngineError | None:
        stubs, calls, wrong = {k: deque(v) for k, v in self.stubs.items()}, list(self.calls), self.wrong
        try:
            with self.world.acting(login) as uow:
                known = self._facts(uow)
                act(uow, on, said)
                uow.flush()
                self.recorded = self._facts(uow) - known
                raise _Undone
        except _Undone:
            return None
        except EngineError as error:
            return error
        finally:
            self.stubs, self.calls, self.wrong = stubs, calls, wrong


def digest(world: World) -> bytes:
    """Of every row that a process may write."""
    found = hashlib.sha256()
    with world.acting(None) as uow:
        for table in TABLES:
            rows = sorted(repr(tuple(row)) for row in uow.execute(select(table)))
            found.update(repr((table.name, rows)).encode())
    return found.digest()


@pytest.fixture(scope="module")
def world() -> World:
    """The demo company with the whole library."""
    return worlds.build(LIBRARY, scenarios.NOW)


def fields_of(stories: list[Scenario]) -> dict[str, dict[str, Any]]:
    """What is filled in at each task by the first story that is accepted there."""
    known: dict[str, dict[str, Any]] = {}
    for story in stories:
        for step in story.steps:
            if step.act in ("complete", "agree") and step.fields and step.refused is None:
                known.setdefault(step.name, step.fields)
    return known


class Copy(World):
    """A database of its own, used for one story: it needs no way back."""

    def again(self, now: datetime) -> None:
        """Only the time is put back."""
        self.clock.move_to(now)


def table_of(world: World, stories: list[Scenario], states: int) -> tuple[Counter[str], list[str]]:
    """How many acts were tried, and what was wrong."""
    seen: set[Any] = set()
    count: Counter[str] = Counter()
    wrongs: list[str] = []
    for story in stories:
        if story.refused is None and story.ends_in is not None and len(seen) < states:
            run = Table(world, story)
            run.seen, run.known, run.count, run.wrongs = seen, fields_of(stories), count, wrongs
            run.go()
    return count, wrongs


def test_the_acts_of_a_claim_and_a_leave_on_both_databases(company: World) -> None:
    copy = Copy(company.engine, company.clock, company.people, company.beginning)
    for process in ("leave_request", "expense_claim"):
        count, wrongs = table_of(copy, scenarios.find(LIBRARY, process), 1)

        assert wrongs == []
        assert count["legal"] > 5


@pytest.mark.slow
@pytest.mark.parametrize("process", PROCESSES)
def test_what_is_offered_succeeds_and_what_is_not_is_refused_and_changes_nothing(world: World, process: str) -> None:
    count, wrongs = table_of(world, scenarios.find(LIBRARY, process), STATES)

    assert wrongs == []
    assert count["legal"] > 10
    assert count["illegal"] > count["legal"]
