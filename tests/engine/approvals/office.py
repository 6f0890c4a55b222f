"""A small office, a process with one approval, and short words for what its people do."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from engine import history, identity, jobs, repository, runtime, tasks
from engine.db.task import ItemStatus, Source, work_item
from engine.process_engine import ProcessEngine
from engine.unit_of_work import ENGINE, Actor
from tests.consistency import consistent
from tests.engine.bpmn.drawing import END, START, drawing, flows
from tests.lending import begun_once

FORM = {
    "schemaVersion": 18,
    "type": "default",
    "id": "oa/claim",
    "components": [
        {
            "type": "number",
            "key": "amount",
            "id": "f1",
            "label": "金额",
            "decimalDigits": 2,
            "properties": {"currency": "CNY"},
        },
        {"type": "textfield", "key": "note", "id": "f2", "label": "备注"},
    ],
}


@begun_once
def employ(engine: ProcessEngine) -> dict[str, Actor]:
    """The people of the office."""
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_user(uow, "boss", "Boss")
        identity.create_user(uow, "cyd", "Cyd", manager="boss")
        for login in ("ann", "bob", "eve", "fay", "gus", "hal", "ivy", "dan"):
            identity.create_user(uow, login, login.title(), manager="cyd")
        identity.create_group(uow, "process_admin", "流程管理员", capabilities="cockpit people")
        identity.create_group(uow, "finance", "财务部")
        identity.add_member(uow, "process_admin", "dan")
        for login in ("bob", "eve"):
            identity.add_member(uow, "finance", login)
        return {person.login: Actor(person.id) for person in identity.users(uow)}


class Office:
    """ann asks; bob, eve, fay, gus and hal approve and report to cyd; cyd reports to boss; dan administers."""

    def __init__(self, engine: Any, clock: Any) -> None:
        self.engine, self.clock = engine, clock
        self.who = employ(engine)

    def deploy(self, *parts: str, form: bool = False, head: str = "") -> None:
        """A process `p` of these nodes in a row. `head`: its own extension elements."""
        keys = " ".join(part.partition('id="')[2].partition('"')[0] for part in parts)
        files = {"processes/oa/p.bpmn": drawing(head + START + "".join(parts) + END + flows(f"start {keys} end"))}
        if form:
            files["forms/oa/claim.json"] = json.dumps(FORM).encode()
        with self.engine.unit_of_work(ENGINE) as uow:
            repository.deploy(uow, files)

    def start(self, by: str = "ann", **variables: Any) -> UUID:
        """A request of `by`."""
        with self.engine.unit_of_work(self.who[by]) as uow:
            return runtime.start(uow, "p", variables).id

    def begin(self, *parts: str, by: str = "ann", form: bool = False, head: str = "", **variables: Any) -> UUID:
        """Deploy and start."""
        self.deploy(*parts, form=form, head=head)
        return self.start(by, **variables)

    def do(self, login: str, verb: Any, *arguments: Any, **options: Any) -> Any:
        """One verb in a transaction of its own."""
        with self.engine.unit_of_work(self.who[login]) as uow:
            return verb(uow, *arguments, **options)

    def items(self, login: str, box: str = "todo") -> list[tasks.InboxItem]:
        """The list of one person."""
        with self.engine.unit_of_work(self.who[login], read_only=True) as uow:
            return tasks.inbox(uow, box).items

    def item(self, login: str) -> UUID:
        """The first task in his list."""
        return self.items(login)[0].work_item_id

    def asked(self) -> set[str]:
        """Who has something to do."""
        return {login for login in self.who if self.items(login)}

    def act(self, login: str, verb: Any, *arguments: Any, **options: Any) -> Any:
        """A verb on the first task of his list."""
        return self.do(login, verb, self.item(login), *arguments, **options)

    def view(self, login: str, item: UUID | None = None) -> tasks.TaskView:
        """The page of a task."""
        return self.do(login, tasks.get, item or self.item(login))

    def status(self, instance_id: UUID) -> str:
        """Of the instance."""
        with self.engine.unit_of_work(ENGINE, read_only=True) as uow:
            return runtime.instance_view(uow, instance_id).instance.status.name.lower()

    def outcome(self, instance_id: UUID, node: str = "check") -> dict[str, Any]:
        """What gateways read of a node."""
        with self.engine.unit_of_work(ENGINE, read_only=True) as uow:
            return runtime.instance_view(uow, instance_id).approvals[node]

    def kinds(self, instance_id: UUID, prefix: str = "task.") -> list[str]:
        """Facts on record."""
        return [entry.kind for entry in self.facts(instance_id, prefix)]

    def facts(self, instance_id: UUID, prefix: str = "task.") -> list[history.Entry]:
        """Entries on record."""
        with self.engine.unit_of_work(ENGINE, read_only=True) as uow:
            return [entry for entry in history.timeline(uow, instance_id) if entry.kind.startswith(prefix)]

    def rows(self, instance_id: UUID) -> list[Any]:
        """The ledger of the instance."""
        with self.engine.unit_of_work(ENGINE, read_only=True) as uow:
            of = work_item.c.instance_id == instance_id
            return list(uow.execute(select(work_item).where(of).order_by(work_item.c.id)))

    def later(self, **delta: int) -> None:
        """Let time pass and do what falls due."""
        self.clock.advance(timedelta(**delta))
        jobs.run_due(self.engine)

    def clean(self) -> None:
        """Nothing contradicts itself, and no decision of a person was made without one."""
        assert consistent(self.engine)
        with self.engine.unit_of_work(ENGINE, read_only=True) as uow:
            for row in uow.execute(select(work_item).where(work_item.c.decision.is_not(None))):
                if row.decision_source != Source.CARRIED:
                    assert (row.decision_source == Source.HUMAN) == (row.decided_by is not None), row
                assert row.status in (ItemStatus.DECIDED, ItemStatus.COUNTERSIGNING, ItemStatus.CANCELLED), row


def approval(key: str = "check", *more: str, users: str = "bob,eve,fay", mode: str = "all", extra: str = "") -> str:
    """An approval of `users`."""
    return (
        f'<userTask id="{key}" name="{key}"><extensionElements><zeebe:assignmentDefinition candidateUsers="{users}"/>'
        f'<troika:approval mode="{mode}" {extra}/>{"".join(more)}</extensionElements></userTask>'
    )


def task(key: str = "keep", *more: str, who: str = 'candidateUsers="bob"') -> str:
    """A task that is no approval."""
    return (
        f'<userTask id="{key}" name="{key}"><extensionElements><zeebe:assignmentDefinition {who}/>{"".join(more)}'
        "</extensionElements></userTask>"
    )
