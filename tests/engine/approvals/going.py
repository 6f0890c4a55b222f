"""Drawings and clicks for the tests of going back and ending."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from engine import bpmn, jobs, runtime, tasks
from engine.db.policy import policy_grant
from engine.db.task import ItemDecision, ItemStatus, RoundStatus, Source, user_task, work_item
from engine.unit_of_work import ENGINE, Actor
from tests.consistency import consistent
from tests.engine.bpmn.drawing import END, START, drawing, element, flows
from tests.engine.test_tasks import begin, do, mine, people

WHO = {"request": "ann", "a": "bob", "b": "eve", "c": "cyd", "d": "dan"}


def step(key: str, *more: str, who: str | None = None, mode: str = "any", back: str = "any", extra: str = "") -> str:
    """An approval that may be sent back to `back`, straight or stepwise."""
    logins = who or WHO.get(key, "bob")
    sent = f'<troika:return targets="{back}" resubmit="stepwise backToMe"/>' if back else ""
    return (
        f'<userTask id="{key}" name="{key}"><extensionElements><zeebe:assignmentDefinition candidateUsers="{logins}"/>'
        f'<troika:approval mode="{mode}" {extra}/>{sent}{"".join(more)}</extensionElements></userTask>'
    )


def request(*more: str) -> str:
    """Where Ann fills in her request."""
    return (
        '<userTask id="request" name="request" troika:request="true"><extensionElements>'
        f'<zeebe:assignmentDefinition candidateUsers="ann"/>{"".join(more)}</extensionElements></userTask>'
    )


def fork(key: str) -> str:
    return element("parallelGateway", key)


# start -> f -> (a | b) -> j -> c -> end
FORK = drawing(
    START + fork("f") + step("a") + step("b") + fork("j") + step("c") + END
    + flows("start f a j c end", "f b j")
)  # fmt: skip


def line(*nodes: str, more: str = "", attributes: str = "") -> bytes:
    keys = [node.split('id="', 1)[1].split('"', 1)[0] for node in nodes]
    return drawing(START + "".join(nodes) + END + flows(" ".join(["start", *keys, "end"])) + more, "", "p", attributes)


class Case:
    """One request of Ann and what everybody does with it."""

    def __init__(self, engine: Any, xml: bytes, *, form: bool = False, **variables: Any) -> None:
        self.engine = engine
        self.who = people(engine)
        self.id = begin(engine, self.who["ann"], xml, form, **variables)

    def item(self, login: str, node: str) -> UUID:
        return next(item.work_item_id for item in mine(self.engine, self.who[login]) if item.node == node)

    def act(self, verb: Any, node: str, *arguments: Any, login: str | None = None, **options: Any) -> Any:
        who = login or WHO.get(node, "bob")
        done = do(self.engine, self.who[who], verb, self.item(who, node), *arguments, **options)
        assert consistent(self.engine)
        return done

    def agree(self, *nodes: str) -> None:
        for node in nodes:
            verb = tasks.complete if node == "request" else tasks.agree
            self.act(verb, node)

    def back(self, node: str, target: str, opinion: str = "请补充", **options: Any) -> tasks.Returned:
        return self.act(tasks.return_, node, target, opinion, **options)

    def jobs(self) -> None:
        jobs.run_due(self.engine)

    def view(self) -> runtime.InstanceView:
        with self.engine.unit_of_work(ENGINE, read_only=True) as uow:
            return runtime.instance_view(uow, self.id)

    @property
    def waits(self) -> list[str]:
        return sorted(node for _, node, kind in self.view().waits if kind == "work")

    @property
    def status(self) -> str:
        return self.view().instance.status.name.lower()

    def rounds(self) -> list[tuple[str, int, str, bool]]:
        """(node, round, status, void) in the order in which they were opened."""
        with self.engine.unit_of_work(ENGINE, read_only=True) as uow:
            rows = uow.execute(
                select(user_task).where(user_task.c.instance_id == self.id).order_by(user_task.c.opened_seq)
            ).all()
        return [(row.node, row.round, RoundStatus(row.status).name.lower(), row.voided_at is not None) for row in rows]

    def items(self, node: str, number: int) -> list[tuple[str, str | None, str | None]]:
        """(status, decision, source) of one round."""
        with self.engine.unit_of_work(ENGINE, read_only=True) as uow:
            rows = uow.execute(
                select(work_item)
                .join(user_task, user_task.c.id == work_item.c.user_task_id)
                .where(user_task.c.instance_id == self.id, user_task.c.node == node, user_task.c.round == number)
                .order_by(work_item.c.seq, work_item.c.id)
            ).all()
        return [
            (
                ItemStatus(row.status).name.lower(),
                None if row.decision is None else ItemDecision(row.decision).name.lower(),
                None if row.decision_source is None else Source(row.decision_source).name.lower(),
            )
            for row in rows
        ]

    def grants(self) -> list[tuple[str, str]]:
        with self.engine.unit_of_work(ENGINE, read_only=True) as uow:
            rows = uow.execute(
                select(policy_grant.c.node, policy_grant.c.state)
                .where(policy_grant.c.instance_id == self.id)
                .order_by(policy_grant.c.id)
            ).all()
        return [(row.node, row.state) for row in rows]

    def held(self) -> dict[str, int]:
        return dict(self.view().state.root.held)

    def sound(self) -> bool:
        return bpmn.check(self.view().state) == []


def actor(case: Case, login: str) -> Actor:
    return case.who[login]
