"""Every act in each state of the shipped processes: what is offered succeeds, the rest is refused and changes nothing.

The states are those that the scenarios come through. Each act is performed in a transaction that is undone.
"""

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from engine import bpmn, identity, modification, repository, scenarios, tasks
from engine.db import rows
from engine.db.base import metadata
from engine.db.instance import Status
from engine.db.task import ItemStatus, user_task, work_item
from engine.errors import EngineError
from engine.scenarios import Scenario, World
from engine.scenarios.running import Run
from engine.scenarios.words import Step
from engine.unit_of_work import UnitOfWork

pytestmark = pytest.mark.approvals
LIBRARY = Path(__file__).parents[2]
PROCESSES = sorted(
    path.name.removesuffix(scenarios.SUFFIX) for path in LIBRARY.glob(f"processes/*/*{scenarios.SUFFIX}")
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
    "attach": lambda uow, item, told: tasks.attach(uow, item, "receipt.txt", b"paid", "text/plain"),
    "remove_signer": lambda uow, item, told: tasks.remove_signer(uow, item, "not needed"),
    "add_and_remove": lambda uow, item, told: add_and_remove(uow, item, told["other"]),
}
ON_REQUESTS: dict[str, Act] = {
    "withdraw": lambda uow, instance, told: tasks.withdraw(uow, instance, "no longer"),
    "void": lambda uow, instance, told: tasks.void(uow, instance, "wrong"),
    "cancel": lambda uow, instance, told: tasks.cancel(uow, instance, "wrong"),
    "suspend": lambda uow, instance, told: tasks.suspend(uow, instance, "audit"),
    "activate": lambda uow, instance, told: tasks.activate(uow, instance),
    "wake": lambda uow, instance, told: tasks.wake(uow, instance, "mistake"),
    "copy": lambda uow, instance, told: tasks.copy_to_draft(uow, instance),
    "comment": lambda uow, instance, told: tasks.comment(uow, instance, "as I said", [told["other"]]),
    "consult": lambda uow, instance, told: tasks.consult(uow, instance, [told["other"]], "what do you think?"),
    "copy_to": lambda uow, instance, told: tasks.copy_to(uow, instance, [told["other"]]),
    "urge": lambda uow, instance, told: tasks.urge(uow, instance),
    "set_future": lambda uow, instance, told: tasks.set_future(uow, instance, told["later"], [told["other"]]),
    "jump": lambda uow, instance, told: modification.modify(
        uow, instance, told["jump"], reason="urgent", accept_warnings=True
    ),
}


def add_and_remove(uow: UnitOfWork, item: UUID, other: str) -> None:
    """A signer who is removed again: no scenario has one."""
    tasks.add_beside(uow, item, [other])
    uow.flush()
    who = identity.user(uow, other).id
    query = select(work_item.c.id).where(work_item.c.parent_id == item, work_item.c.assignee_id == who)
    tasks.remove_signer(uow, uow.execute(query).scalar_one())


class _Undone(Exception):
    """Ends a transaction that must leave nothing behind."""


@dataclass(frozen=True)
class State:
    """What is known of the request before the acts: what they expect does not come from them."""

    status: Status
    starter: UUID | None
    jump: bpmn.Modification
    asked: bool
    later: bool


def _asked(items: Any) -> bool:
    """Whether somebody can be urged."""
    return any(item.round_status == 0 and item.status == ItemStatus.TODO for item in items)


class Table(Run):
    """A scenario that stops after each step and tries every act of everybody concerned."""

    seen: set[Any]
    known: dict[str, dict[str, Any]]
    count: Counter[str]
    wrongs: list[str]
    recorded: int
    """facts that the last act has left: none, when it found everything as it was to be"""
    recorded_before: int
    state: State

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
                select(work_item, user_task.c.node, user_task.c.token, user_task.c.status.label("round_status"))
                .join(user_task, user_task.c.id == work_item.c.user_task_id)
                .where(work_item.c.instance_id == self.instance_id)
                .order_by(user_task.c.opened_seq, work_item.c.id)
            ).all()  # fmt: skip
            instance = uow.lock_instance(self._main())
            status, self.recorded_before = instance.status, instance.history_seq
            people = sorted(self._concerned(uow, items))
            later = tasks.later(uow, self._main())
            self.state = State(status, instance.starter_id, self._jump(uow, items), _asked(items), bool(later))
        state = (self.scenario.process, status, tuple(sorted((i.node, i.status, i.decision or 0) for i in items)))
        if state in self.seen:
            return
        self.seen.add(state)
        before = digest(self.world)
        for login in people:
            told = {
                "other": next(one for one in ("han", "zou", "sun", "yu") if one in self.world.people and one != login),
                "later": later[0].node if later else "nowhere",
                "jump": self.state.jump,
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

    def _jump(self, uow: UnitOfWork, items: Any) -> bpmn.Modification:
        """Back to where the first task was: all that is open is given up for it."""
        open_ = {item.token for item in items if item.round_status == 0}
        return bpmn.Modification(tuple(sorted(open_)), tuple(bpmn.Placing(item.node) for item in items[:1]))

    def _offered(self, login: str, item: UUID) -> tuple[str, ...]:
        with self.world.acting(login) as uow:
            try:
                view = tasks.get(uow, item)
            except EngineError:
                return ()
        found = [name for name in view.actions if view.objection is None or name not in AGREEING]
        if "add_beside" in found:
            found.append("add_and_remove")
        if any(signer.removable and signer.work_item_id == item for signer in view.signers):
            found.append("remove_signer")
        return tuple(found)

    def _acts(self, login: str) -> tuple[str, ...]:
        with self.world.acting(login) as uow:
            whole, who = tasks.acts(uow, self._main()), self.world.people[login]
            found = [act for act in whole if act != "jump"]  # where to, and whether that can be, the plan says
            running = self.state.status is Status.RUNNING
            cares = repository.manages(uow, rows.read(uow, self._main()))
            if tasks.may_see(uow, self._main()):
                found += ["comment", "copy_to", *(["consult"] if running else [])]
            if running and self.state.asked and (cares or who == self.state.starter):
                found.append("urge")
            if running and self.state.later and (cares or self._chooses_later(uow)):
                found.append("set_future")
            if "jump" in whole and not modification.preview(uow, self._main(), self.state.jump).refused:
                found.append("jump")
        return tuple(found)

    def _chooses_later(self, uow: UnitOfWork) -> bool:
        mine = [item.work_item_id for item in tasks.inbox(uow).items if item.instance_id == self._main()]
        return any("set_future" in tasks.get(uow, item).actions for item in mine)

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

    def _perform(self, login: str, act: Act, on: UUID, said: dict[str, Any]) -> EngineError | None:
        stubs, calls, wrong = {k: deque(v) for k, v in self.stubs.items()}, list(self.calls), self.wrong
        try:
            with self.world.acting(login) as uow:
                act(uow, on, said)
                uow.flush()
                self.recorded = uow.instance.history_seq - self.recorded_before if uow.instance else 0
                raise _Undone
        except _Undone:
            return None
        except EngineError as error:
            return error
        finally:
            self.stubs, self.calls, self.wrong = stubs, calls, wrong


def digest(world: World) -> bytes:
    """Of every row that a process may write; of a database in memory, which an undone transaction leaves bit for bit,
    of the whole file.
    """
    found = hashlib.sha256()
    with world.acting(None) as uow:
        if uow.dialect == "sqlite":
            whole: Any = uow.connection.connection.driver_connection
            return hashlib.sha256(whole.serialize()).digest()
        for table in TABLES:
            rows = sorted(repr(tuple(row)) for row in uow.execute(select(table)))
            found.update(repr((table.name, rows)).encode())
    return found.digest()


@pytest.fixture
def world(stage: World) -> World:
    """The demo company with the whole library."""
    return stage


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
