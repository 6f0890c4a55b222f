"""One scenario, from its start to its expected end, on an engine in memory whose clock stands still."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select

from engine import (
    feel,
    forms,
    history,
    identity,
    jobs,
    messages,
    operations,
    pickers,
    repository,
    runtime,
    tasks,
)
from engine.db.base import metadata
from engine.db.instance import Instance, Status
from engine.db.instance import instance as instance_table
from engine.db.task import user_task, work_item
from engine.errors import N_, BusinessError, EngineError, Phrase
from engine.feel.temporal import read_duration
from engine.scenarios import scanning
from engine.scenarios.words import Scenario, Step, Stub
from engine.scenarios.world import World
from engine.tasks import drafting, returning, signatures
from engine.unit_of_work import UnitOfWork
from engine.values import Values, normalise, to_plain

ROUNDS = 50
"""times that a step may wake further work before the scenario is given up"""

_SIGNED = ("complete", "agree", "reject")
_spec = (
    select(user_task.c.spec)
    .join(work_item, work_item.c.user_task_id == user_task.c.id)
    .where(work_item.c.id == bindparam("item"))
)


class Failed(Exception):
    """What was expected and what was found: a sentence with its facts."""

    def __init__(self, message: str, **facts: Any) -> None:
        self.told = Phrase(message, **facts)
        super().__init__(self.told)


@dataclass
class Run:
    """A scenario under way."""

    world: World
    scenario: Scenario
    instance_id: UUID | None = None
    stubs: dict[str, deque[Stub]] = field(default_factory=dict)
    calls: list[tuple[str, Values]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    wrong: Failed | None = None
    """what an operation was called with, when it was told otherwise"""

    def go(self) -> None:
        """Raises Failed at the first thing that is not as told."""
        self.world.again(self.scenario.now)
        with operations.standing_in(Standing(self)):
            for step in self.scenario.background:
                self._step(step)
            self.calls.clear()
            self.counts = {table: self._count(table) for table in self.scenario.records}
            self._start()
            steps = list(self.scenario.steps)
            for number, step in enumerate(steps):
                later = number + 1 < len(steps) and steps[number + 1].verb == "meanwhile"
                self._step(step, settle=not later)
            self._compare()
            self._scan()

    def _scan(self) -> None:
        """Whatever the story says: no decision in a person's name without his act."""
        if self.instance_id is not None:
            with self.world.acting(None) as uow:
                wrong = list(scanning.unmade(uow, self.instance_id))
            if wrong:
                raise Failed("{wrong}", wrong="; ".join(wrong))

    # ------------------------------------------------------------ start

    def _start(self) -> None:
        scenario = self.scenario
        self._expect(scenario.stubs)
        if scenario.start is not None:
            if "signal" in scenario.start:
                with self.world.acting(None) as uow:
                    payload = self._values(uow, scenario.start.get("with") or {})
                    messages.broadcast_signal(uow, scenario.start["signal"], payload)
            else:
                self._publish(scenario.start["message"], scenario.start.get("key"), scenario.start.get("with"))
            self._work_off()
            self.instance_id = self._latest(scenario.process)
        else:
            with self._meeting(scenario.refused), self.world.acting(scenario.person) as uow:
                info = repository.latest(uow, scenario.process)
                given = self._values(uow, scenario.given)
                form_id = repository.program(uow, info.id).start_form
                if form_id is not None:
                    form = repository.form(uow, form_id, info.id)
                    given = forms.validate(
                        form, given, stored={}, now=uow.now, zone=uow.settings.timezone, known=pickers.judge(uow)
                    )
                self.instance_id = runtime.start(uow, scenario.process, given).id
            if scenario.refused is not None:
                return
            self._work_off()
        self._met(scenario.stubs)

    def _latest(self, process: str) -> UUID:
        with self.world.acting(None) as uow:
            found = uow.execute(
                select(instance_table.c.id).where(instance_table.c.process_key == process)
                .order_by(instance_table.c.id.desc())
            ).scalars().first()  # fmt: skip
        if found is None:
            raise Failed(N_("Expected an instance of '{process}' to have started, but there is none."), process=process)
        return UUID(str(found))

    # ------------------------------------------------------------ steps

    def _step(self, step: Step, *, settle: bool = True) -> None:
        self._expect(step.stubs)
        match step.verb:
            case "task":
                self._act(step)
            case "message":
                self._publish(step.name, step.key, step.fields)
            case "signal":
                with self.world.acting(None) as uow:
                    messages.broadcast_signal(uow, step.name, self._values(uow, step.fields or {}))
            case "set":
                with self.world.acting(None) as uow:
                    given = self._values(uow, step.fields or {})
                    runtime.set_variables(uow, self._main(), given, reason="scenario")
            case "after":
                self._wait(step.name)
            case "meanwhile":
                self._meanwhile(step)
            case "cancel":
                with self._meeting(step.refused), self.world.acting(step.person) as uow:
                    runtime.cancel(uow, self._main(), step.name)
            case "withdraw":
                with self._meeting(step.refused), self.world.acting(step.person or self.scenario.person) as uow:
                    tasks.withdraw(uow, self._main(), step.name)
            case "submit again":
                self._submit_again(step)
        if settle:
            self._work_off()
            self._met(step.stubs)

    def _act(self, step: Step) -> None:
        login = step.person or self._member(step)
        with self._meeting(step.refused), self.world.acting(login) as uow:
            item = self._decided(uow, login, step) if step.act == "recall" else self._find(uow, login, step)
            fields = None if step.fields is None else self._values(uow, step.fields)
            signed = _signature(uow, item) if step.signs and step.act in _SIGNED else None
            match step.act:
                case "complete":
                    tasks.complete(uow, item, fields or {}, step.opinion, signature=signed)
                case "agree":
                    tasks.agree(uow, item, fields, step.opinion, signature=signed)
                case "reject":
                    tasks.reject(uow, item, step.opinion, fields, signature=signed)
                case "return":
                    where = {"to": returning.INITIATOR, "resubmit": returning.STEPWISE} | (fields or {})
                    tasks.return_(uow, item, where["to"], step.opinion, resubmit=where["resubmit"])
                case "recall":
                    tasks.recall(uow, item, step.opinion)

    def _submit_again(self, step: Step) -> None:
        """The draft that a withdrawal or a return left to the requester; the story goes on with the new instance."""
        with self._meeting(step.refused), self.world.acting(step.person or self.scenario.person) as uow:
            left = [draft for draft in drafting.list_(uow) if draft.resubmits_id == self._main()]
            if not left:
                raise Failed(
                    N_("Expected the requester to have a draft of the request, but there is none.{stuck}"),
                    stuck=self._stuck(uow),
                )  # fmt: skip
            draft = left[0]
            fields = {**draft.values, **self._values(uow, step.fields or {})}
            self.instance_id = drafting.submit(uow, draft.id, fields, draft.version).id

    def _member(self, step: Step) -> str:
        if step.group is None:
            raise Failed(N_("Step '{step}': say who acts, with 'as' or 'group'."), step=step.name)
        with self.world.acting(None) as uow:
            members = identity.members_of(uow, [identity.group(uow, step.group).id])
        if not members:
            raise Failed(N_("Expected group '{group}' to have members, but it has none."), group=step.group)
        return str(members[0].login)

    def _find(self, uow: UnitOfWork, login: str, step: Step) -> UUID:
        items = [item for item in tasks.inbox(uow, limit=200).items if step.process in (None, item.process_key)]
        for item in items:
            if item.node == step.name:
                if item.claimable:
                    return tasks.claim(uow, item.work_item_id)
                return UUID(str(item.work_item_id))
        who = Phrase(N_("group '{group}'"), group=step.group) if step.group else f"'{login}'"
        raise Failed(
            N_("Expected {who} to find task '{task}' in the inbox, but it holds: {held}.{stuck}"), who=who,
            task=step.name, held=", ".join(f"'{item.node}'" for item in items) or Phrase(N_("nothing")),
            stuck=self._stuck(uow),
        )  # fmt: skip

    def _publish(self, name: str, key: Any, payload: Any) -> None:
        with self.world.acting(None) as uow:
            messages.correlate(uow, name, self._value(uow, key), self._values(uow, payload or {}))

    def _decided(self, uow: UnitOfWork, login: str, step: Step) -> UUID:
        """What `login` decided last on the task."""
        items = [item for item in tasks.done(uow, limit=100).items if item.node == step.name]
        if not items:
            raise Failed(
                N_("Expected '{who}' to have decided '{task}', but there is no such decision."), who=login,
                task=step.name,
            )  # fmt: skip
        return UUID(str(items[0].work_item_id))

    def _wait(self, duration: str) -> None:
        found = read_duration(duration)
        if not isinstance(found, timedelta):
            raise Failed(N_("Expected a duration such as P3D, found '{duration}'."), duration=duration)
        self.world.clock.advance(found)

    def _meanwhile(self, step: Step) -> None:
        """Something else happens between an act and the jobs that follow it: another small process calls `name`."""
        with self.world.acting(step.person) as uow:
            given = self._values(uow, step.fields or {})
            key = "meanwhile_" + step.name.replace(".", "_")
            repository.deploy(uow, {f"processes/meanwhile/{key}.bpmn": _one_task(key, step.name, list(given))})
            runtime.start(uow, key, given)

    def _work_off(self) -> None:
        for _ in range(ROUNDS):
            busy = jobs.run_due(self.world.engine)
            if self.wrong is not None:
                raise self.wrong
            if not busy:
                return
        raise Failed(N_("Expected the process to come to rest, but it keeps working."))

    # ------------------------------------------------------------ operations that are told

    def _expect(self, stubs: tuple[Stub, ...]) -> None:
        for stub in stubs:
            self.stubs.setdefault(stub.operation, deque()).extend([stub] * stub.times)

    def _met(self, stubs: tuple[Stub, ...]) -> None:
        for stub in stubs:
            if stub.raises is None and self.stubs.get(stub.operation):
                raise Failed(
                    N_("Expected operation '{operation}' to be called, but it was not.{stuck}"),
                    operation=stub.operation, stuck=self._stuck(),
                )  # fmt: skip

    def perform(self, name: str, real: Callable[..., Any], args: tuple[Any, ...], inputs: Values) -> Any:
        """What stands in for an operation: its stub, or the operation itself."""
        told = self.stubs.get(name)
        said = {key: value for key, value in inputs.items() if key != "call"}
        self.calls.append((name, said))
        if not told:
            return real(*args, **inputs)
        stub = told.popleft()
        for key, value in (stub.called_with or {}).items():
            if key not in said or normalise(said[key]) != normalise(value):
                # raised later: inside the call it would count as a failure of the operation
                self.wrong = Failed(
                    N_("Expected '{operation}' to be called with {name} = {told}, found {found}."), operation=name,
                    name=key, told=_told(value), found=_told(said.get(key)),
                )  # fmt: skip
        if stub.raises is not None:
            raise RuntimeError(stub.raises)
        if stub.fails_with is not None:
            raise BusinessError(stub.fails_with[0], **stub.fails_with[1])
        return stub.returns if stub.returns is not None else real(*args, **inputs)

    # ------------------------------------------------------------ the end

    def _compare(self) -> None:
        scenario = self.scenario
        if scenario.refused is not None:
            return
        with self.world.acting(None) as uow:
            view = runtime.instance_view(uow, self._main())
            performed = [
                str(entry.data["operation"]) for entry in history.timeline(uow, self._main(), limit=10_000)
                if entry.kind == "operation.performed" and operations.get(entry.data["operation"]).effect != "read"
            ]  # fmt: skip
        if scenario.ends_in is not None:
            self._compare_end(view.instance)
        for name, value in scenario.variables.items():
            if normalise(view.variables.get(name)) != normalise(value):
                raise Failed(
                    N_("Expected variable '{name}' = {told}, found {found}."), name=name, told=_told(value),
                    found=_told(view.variables.get(name)),
                )  # fmt: skip
        if scenario.called is not None and tuple(performed) != scenario.called:
            raise Failed(
                N_("Expected these operations: {told}; performed were: {found}."), told=_listed(scenario.called),
                found=_listed(performed),
            )  # fmt: skip
        for name in scenario.not_called:
            if name in performed:
                raise Failed(N_("Expected '{operation}' not to be performed, but it was."), operation=name)
        if scenario.incidents is not None:
            found = {incident.node: incident.code for incident in view.incidents}
            if found != dict(scenario.incidents):
                raise Failed(
                    N_("Expected incidents {told}, found {found}."), told=_told(dict(scenario.incidents)),
                    found=_told(found),
                )  # fmt: skip
        if scenario.tasks is not None:
            waiting = sorted(node for _, node, kind in view.waits if kind == "work")
            if waiting != sorted(scenario.tasks):
                raise Failed(
                    N_("Expected open tasks {told}, found {found}."), told=_listed(sorted(scenario.tasks)),
                    found=_listed(waiting),
                )  # fmt: skip
        for table, more in scenario.records.items():
            found_more = self._count(table) - self.counts[table]
            if found_more != more:
                raise Failed(
                    N_("Expected {told} new rows in '{table}', found {found}."), told=more, table=table,
                    found=found_more,
                )  # fmt: skip

    def _compare_end(self, instance: Instance) -> None:
        expected = str(self.scenario.ends_in)
        if instance.ended_at is None:
            raise Failed(
                N_("Expected the process to end in '{told}', but it is still running.{stuck}"), told=expected,
                stuck=self._stuck(),
            )  # fmt: skip
        if expected not in (instance.ended_code, Status(instance.status).name.lower()):
            raise Failed(
                N_("Expected the process to end in '{told}', but it ended in '{found}'."), told=expected,
                found=instance.ended_code,
            )  # fmt: skip

    def _stuck(self, uow: UnitOfWork | None = None) -> str:
        """Where the instance stands, for a message that it follows."""
        if self.instance_id is None:
            return ""
        if uow is None:
            with self.world.acting(None) as own:
                return self._stuck(own)
        view = runtime.instance_view(uow, self.instance_id)
        if view.instance.ended_at is not None:
            return Phrase(N_(" The process has ended in '{end}'."), end=view.instance.ended_code)
        waits = sorted(f"{node} ({kind})" for _, node, kind in view.waits)
        trouble = [f"{one.node}: {one.message}" for one in view.incidents]
        stands = Phrase(N_(" The process waits at: {places}."), places=", ".join(waits)) if waits else ""
        if not trouble:
            return stands
        return Phrase(
            "{stands}{trouble}", stands=stands, trouble=Phrase(N_(" Incidents: {list}"), list="; ".join(trouble))
        )

    def _main(self) -> UUID:
        if self.instance_id is None:
            raise Failed(
                N_("Expected an instance of '{process}', but none was started."), process=self.scenario.process
            )
        return self.instance_id

    @contextmanager
    def _meeting(self, code: str | None) -> Iterator[None]:
        """Expect the error `code`, or none."""
        try:
            yield
        except EngineError as error:
            if code is None:
                raise Failed(N_("Expected it to be accepted, but: {why}"), why=reason_of(error)) from error
            if code != error.code:
                raise Failed(
                    N_("Expected it to be refused as '{told}', but it was refused as '{found}': {why}"), told=code,
                    found=error.code, why=reason_of(error),
                ) from error  # fmt: skip
            return
        if code is not None:
            raise Failed(N_("Expected it to be refused as '{told}', but it was accepted."), told=code)

    def _count(self, table: str) -> int:
        if table not in metadata.tables:
            raise Failed(N_("Expected a table '{table}', but there is none."), table=table)
        with self.world.acting(None) as uow:
            return int(uow.execute(select(func.count()).select_from(metadata.tables[table])).scalar_one())

    # ------------------------------------------------------------ values

    def _values(self, uow: UnitOfWork, told: Values) -> Values:
        return {key: self._value(uow, value) for key, value in told.items()}

    def _value(self, uow: UnitOfWork, told: Any) -> Any:
        if isinstance(told, str) and told.startswith("="):
            context: Values = {"people": {login: str(key) for login, key in self.world.people.items()}}
            if self.instance_id is not None:
                view = runtime.instance_view(uow, self.instance_id)
                context |= view.variables | {"process": {"number": view.instance.number, "id": str(view.instance.id)}}
            result = feel.evaluate(told[1:], context, now=uow.now, zone=uow.settings.timezone)
            return result.value
        if isinstance(told, dict):
            return self._values(uow, told)
        if isinstance(told, list):
            return [self._value(uow, item) for item in told]
        return told


def reason_of(error: EngineError) -> Phrase:
    """Message and hint, to be translated where they are shown."""
    message, hint = (Phrase(text, **error.facts) for text in (error.message, error.hint))
    return Phrase("{message} {hint}", message=message, hint=hint) if hint else message


class Standing(dict[str, Callable[..., Any]]):
    """Every operation is watched, whether it is told or not."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        for name, operation in operations.catalog().items():
            self[name] = self._watched(run, name, operation.function)

    def _watched(self, run: Run, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **inputs: run.perform(name, real, args, inputs)


def _one_task(key: str, operation: str, names: list[str]) -> bytes:
    inputs = "".join(f'<zeebe:input source="= {name}" target="{name}"/>' for name in names)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="{key}_definitions" targetNamespace="urn:troika:scenarios">
<bpmn:process id="{key}" name="{key}" isExecutable="true">
<bpmn:startEvent id="start" name="start"><bpmn:outgoing>a</bpmn:outgoing></bpmn:startEvent>
<bpmn:serviceTask id="call" name="{operation}"><bpmn:extensionElements><zeebe:taskDefinition type="{operation}"/>
<zeebe:ioMapping>{inputs}</zeebe:ioMapping></bpmn:extensionElements>
<bpmn:incoming>a</bpmn:incoming><bpmn:outgoing>b</bpmn:outgoing></bpmn:serviceTask>
<bpmn:endEvent id="done" name="done"><bpmn:incoming>b</bpmn:incoming></bpmn:endEvent>
<bpmn:sequenceFlow id="a" sourceRef="start" targetRef="call"/>
<bpmn:sequenceFlow id="b" sourceRef="call" targetRef="done"/>
</bpmn:process></bpmn:definitions>""".encode()


def _told(value: Any) -> str:
    plain = to_plain(value) if not isinstance(value, datetime | date) else value.isoformat()
    return Phrase(N_("nothing")) if plain is None else repr(plain)


def _listed(names: Any) -> str:
    return ", ".join(names) or Phrase(N_("none"))


def _signature(uow: UnitOfWork, item: UUID) -> signatures.Sent | None:
    """The typed name of the actor, where the task requires a signature."""
    row = uow.read_one(_spec, {"item": item})
    if row is None or (row.spec or {}).get("signature") != "required" or uow.actor.user_id is None:
        return None
    return signatures.Sent("typed", identity.user(uow, uow.actor.user_id).name)
