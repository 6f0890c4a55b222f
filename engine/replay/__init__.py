"""Replay of a recorded log: every act of every case is performed by the person of its role, at its time."""

import csv
import gzip
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from sqlalchemy import bindparam, select

from engine import bpmn, feel, forms, identity, incidents, jobs, messages, pickers, repository, runtime, tasks
from engine.bpmn.steps import JobOpened
from engine.clock import FrozenClock
from engine.db import rows
from engine.db.instance import Instance
from engine.db.task import ItemStatus, user_task, work_item
from engine.errors import N_, EngineError, Phrase
from engine.process_engine import ProcessEngine
from engine.runtime import settling
from engine.unit_of_work import ENGINE, Actor, UnitOfWork
from engine.values import Values

SUFFIX = ".replay.yml"
NEW, OTHERWISE = "new", "otherwise"
COLUMNS = frozenset(("case", "seq", "timestamp", "activity", "role", "amount", "budget"))

_open_items = (
    select(work_item.c.id, user_task.c.node)
    .join(user_task, user_task.c.id == work_item.c.user_task_id)
    .where(work_item.c.instance_id == bindparam("of"), work_item.c.status == int(ItemStatus.TODO))
)


class WrongLog(EngineError):
    """A log, or the description of its acts, that cannot be read."""

    message = N_("{file}: expected {expected}, found {found}.")
    status = 422


@dataclass(frozen=True, slots=True)
class Event:
    """One recorded act."""

    case: str
    at: datetime
    activity: str
    role: str
    amount: Decimal
    budget: str


@dataclass(frozen=True, slots=True)
class Case:
    """The acts of one case in their order."""

    id: str
    events: tuple[Event, ...]

    @property
    def variant(self) -> tuple[str, ...]:
        """The activities in their order: what cases have in common."""
        return tuple(event.activity for event in self.events)


@dataclass(frozen=True, slots=True)
class Deviation:
    """The first act that could not be performed as recorded, and why."""

    number: int
    activity: str
    reason: str


@dataclass(frozen=True, slots=True)
class Played:
    """What became of a case. `held`: why the policy gate refused a payment that was made in reality."""

    case: Case
    instance_id: UUID | None
    ended_in: str | None
    paid: bool
    recorded_paid: bool
    held: str | None = None
    deviation: Deviation | None = None

    @property
    def same(self) -> bool:
        """Every act was performed and the case ended as recorded."""
        return self.deviation is None and self.held is None and self.paid == self.recorded_paid


@dataclass(frozen=True)
class Acts:
    """The description of a log's acts, read from the file beside the process."""

    process: str
    ends_in: str
    paid: str
    approved: str
    roles: Mapping[str, Any]
    values: Mapping[str, Any]
    acts: Mapping[str, Mapping[str, Mapping[str, Any]]]
    valid_for: str | None = None
    """how long an approval counted where the log comes from"""


def read_log(path: Path) -> list[Case]:
    """The cases of a CSV (or .csv.gz), each sorted by `seq`, in the order of their first lines. Raises WrongLog."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")
    reader = csv.DictReader(io.StringIO(text))
    if not set(reader.fieldnames or ()) >= COLUMNS:
        raise WrongLog(
            file=path.name,
            expected=Phrase(N_("columns {words}"), words=", ".join(sorted(COLUMNS))),
            found=str(reader.fieldnames),
        )
    grouped: dict[str, list[tuple[int, Event]]] = {}
    for number, row in enumerate(reader, 2):
        try:
            event = Event(
                row["case"], datetime.fromisoformat(row["timestamp"]), row["activity"], row["role"],
                Decimal(row["amount"]), row["budget"],
            )  # fmt: skip
            grouped.setdefault(event.case, []).append((int(row["seq"]), event))
        except (ValueError, ArithmeticError, TypeError) as error:
            raise WrongLog(file=f"{path.name}:{number}", expected=N_("a recorded act"), found=str(error)) from None
    return [
        Case(key, tuple(event for _, event in sorted(found, key=lambda item: item[0])))
        for key, found in grouped.items()
    ]


def read_acts(library: Path, process: str) -> Acts:
    """The description `<process>.replay.yml` beside the drawing. Raises WrongLog."""
    for file in sorted((library / "processes").rglob(f"{process}{SUFFIX}")):
        try:
            document = yaml.safe_load(file.read_text(encoding="utf-8"))
            return Acts(
                document["process"], document["ends in"], document["paid"], document["approved"], document["roles"],
                document.get("values") or {}, document["acts"], document.get("approvals valid for"),
            )  # fmt: skip
        except (yaml.YAMLError, KeyError, TypeError) as error:
            raise WrongLog(
                file=file.name, expected=N_("process, paid, approved, ends in, roles, acts"), found=repr(error)
            ) from None
    raise WrongLog(file=f"{process}{SUFFIX}", expected=N_("a file beside the drawing"), found=N_("none"))


def policies(library: Path, acts: Acts) -> str:
    """The proposed policies of the library, with approvals that count as long as they did where the log comes from."""
    document = yaml.safe_load((library / "processes" / "policies.yml").read_text(encoding="utf-8"))
    for statement in document:
        for requirement in statement.get("require", ()):
            if acts.valid_for is not None and "approval" in requirement:
                requirement["valid_for"] = acts.valid_for
    return str(yaml.safe_dump(document, allow_unicode=True))


def play(engine: ProcessEngine, clock: FrozenClock, acts: Acts, cases: Sequence[Case],
         progress: Callable[[int, int], None] = lambda done, total: None) -> Iterator[Played]:  # fmt: skip
    """Perform the cases one after the other; `clock`, that of `engine`, moves with their acts.

    The engine's world must be furnished. Its `wake` is taken for the time being: jobs are run when there are some.
    """
    cast = _cast(engine, acts)
    work = _Work(engine)
    with work.watched():
        for number, case in enumerate(cases, 1):
            yield _Player(engine, clock, acts, cast, work, case, number).play()
            progress(number, len(cases))


def summary(played: Sequence[Played]) -> list[tuple[tuple[str, ...], int, int, str]]:
    """Per variant, commonest first: (activities, cases, of these the same, what differs in the first that does)."""
    counts = Counter(one.case.variant for one in played)
    same = Counter(one.case.variant for one in played if one.same)
    differs: dict[tuple[str, ...], str] = {}
    for one in played:
        if not one.same:
            differs.setdefault(one.case.variant, _difference(one))
    return [(variant, n, same[variant], differs.get(variant, "")) for variant, n in counts.most_common()]


def _difference(one: Played) -> str:
    if one.held is not None:
        return f"{one.case.id}: held: {one.held}"
    if one.deviation is not None:
        return f"{one.case.id}: {one.deviation.number} {one.deviation.activity}: {one.deviation.reason}"
    return f"{one.case.id}: expected {'paid' if one.recorded_paid else 'unpaid'}, ended in {one.ended_in}"


# ---------------------------------------------------------------- who is who


def _cast(engine: ProcessEngine, acts: Acts) -> dict[str, list[UUID]]:
    """The accounts behind each role. Raises NotFound."""
    with engine.unit_of_work(ENGINE) as uow:
        found: dict[str, list[UUID]] = {}
        for role, told in acts.roles.items():
            if isinstance(told, str) and told.startswith("group "):
                group = identity.group(uow, told.removeprefix("group "))
                found[role] = [member.id for member in identity.members_of(uow, [group.id])]
            else:
                found[role] = [identity.user(uow, login).id for login in told]
        return found


# ---------------------------------------------------------------- one case


@dataclass
class _Work:
    """Runs what an act left to do, and only then asks the database for it."""

    engine: ProcessEngine
    due: bool = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        before = self.engine.wake
        self.engine.wake = self._note
        try:
            yield
        finally:
            self.engine.wake = before

    def _note(self) -> None:
        self.due = True

    def off(self) -> None:
        while self.due:
            self.due = False
            for claimed in jobs.claim(self.engine, "replay", 20):
                jobs.execute(self.engine, claimed)


class _Cannot(Exception):
    """An act that cannot be performed where the instance stands."""


@dataclass
class _Player:
    engine: ProcessEngine
    clock: FrozenClock
    acts: Acts
    cast: Mapping[str, list[UUID]]
    work: _Work
    case: Case
    number: int
    instance_id: UUID | None = None
    instance_number: str | None = None
    demanded: UUID | None = None
    employee: UUID = field(init=False)

    def __post_init__(self) -> None:
        employees = self.cast[self.case.events[0].role]
        self.employee = employees[self.number % len(employees)]

    def play(self) -> Played:
        deviation, forced = None, False
        for number, event in enumerate(self.case.events, 1):
            self.clock.move_to(event.at)
            following = self.case.events[number].activity if number < len(self.case.events) else None
            try:
                forced = self._act(event, following) or forced
            except (_Cannot, EngineError) as error:
                deviation = Deviation(number, event.activity, str(error))
                break
        return self._end(forced, deviation)

    def _act(self, event: Event, following: str | None) -> bool:
        """Perform one act; true when it was forced past the drawing, so that only the gate stood before it."""
        places = self.acts.acts.get(event.activity)
        if places is None:
            raise _Cannot("the description of the log has no such act")
        people = self.cast[event.role]
        person = self.employee if self.employee in people else people[0]
        with self.engine.unit_of_work(Actor(person, source="cli")) as uow:
            place, item = self._place(uow, places)
            told = places[place]
            context = self._context(event, following)
            forced = "force" in told
            if forced:
                self._force(uow, told, context)
            else:
                self._perform(uow, told, item, context)
        self.work.off()
        return forced

    def _place(self, uow: UnitOfWork, places: Mapping[str, Any]) -> tuple[str, UUID | None]:
        if self.instance_id is None:
            if NEW in places:
                return NEW, None
            raise _Cannot("the case has not begun")
        items = {row.node: row.id for row in uow.read(_open_items, {"of": self.instance_id})}
        for node, item in items.items():
            if node in places:
                return node, item
        if OTHERWISE in places:
            return OTHERWISE, None
        raise _Cannot(f"the process waits at: {', '.join(sorted(items)) or 'no task'}")

    def _perform(self, uow: UnitOfWork, told: Mapping[str, Any], item: UUID | None, context: Values) -> None:
        match told:
            case {"start": given}:
                instance = self._start(uow, self.acts.process, self._values(given, context))
                self.instance_id, self.instance_number = instance.id, instance.number
            case {"complete": given} if item is not None:
                tasks.complete(uow, item, self._values(given, context))
            case {"agree": given} if item is not None:
                tasks.agree(uow, item, self._values(given, context) if isinstance(given, dict) else None)
            case {"reject": why} if item is not None:
                tasks.reject(uow, item, _value(why, context) if isinstance(why, str) else "")
            case {"comment": text} if self.instance_id is not None:
                tasks.comment(uow, self.instance_id, _value(text, context))
            case {"leave": True}:
                pass  # what the process does by itself, or has no step for
            case {"message": name, "key": key}:
                messages.correlate(uow, name, _value(key, context), ttl=None)
            case {"demand": process, "with": given}:
                self.demanded = self._start(uow, process, self._values(given, context)).id
            case _:
                raise _Cannot(f"the description of the log says nothing that can be done: {dict(told)}")

    def _start(self, uow: UnitOfWork, process: str, given: Values) -> Instance:
        info = repository.latest(uow, process)
        form_id = repository.program(uow, info.id).start_form
        if form_id is not None:
            form = repository.form(uow, form_id, info.id)
            given = forms.validate(
                form, given, stored={}, now=uow.now, zone=uow.settings.timezone, known=pickers.judge(uow)
            )
        return runtime.start(uow, process, given)

    def _force(self, uow: UnitOfWork, told: Mapping[str, Any], context: Values) -> None:
        """Pay although nobody approved: a job for the operation is put behind the waiting task, past the drawing."""
        if self.demanded is None:
            raise _Cannot("there is no payment request")
        instance = uow.lock_instance(self.demanded)
        known = context | bpmn.variables(runtime.load(uow, instance))
        token, node, _ = next(wait for wait in bpmn.waits(instance.state) if wait[2] == "work")
        inputs = {name: _value(told_value, known) for name, told_value in told["inputs"].items()}
        runtime.without_row(instance, token)
        settling.put_service(uow, instance, JobOpened(0, token, node, 0, told["force"], inputs))

    def _end(self, forced: bool, deviation: Deviation | None) -> Played:
        ended_in, held = None, None
        with self.engine.unit_of_work(ENGINE, read_only=True) as uow:
            if self.instance_id is not None:
                ended_in = rows.read(uow, self.instance_id).ended_code
            if forced and self.demanded is not None:
                found = incidents.list_open(uow, instance_id=self.demanded)
                held = "; ".join(f"{incident.code}: {incident.message}" for incident in found) or None
        paid = self.acts.paid in self.case.variant
        return Played(self.case, self.instance_id, ended_in, ended_in == self.acts.ends_in, paid, held, deviation)

    # ------------------------------------------------------------ values

    def _context(self, event: Event, following: str | None) -> Values:
        context: Values = {
            "case": event.case, "activity": event.activity, "amount": event.amount, "budget": event.budget,
            "following": following,
            "number": self.instance_number, "employee": str(self.employee),
        }  # fmt: skip
        for name, told in self.acts.values.items():
            context[name] = _value(told, context)
        return context

    def _values(self, told: Mapping[str, Any], context: Values) -> Values:
        return {name: _value(value, context) for name, value in told.items()}


def _value(told: Any, context: Values) -> Any:
    if isinstance(told, str) and told.startswith("="):
        return feel.evaluate(told[1:], context).value
    return told
