"""A request that has seen much: an act on it costs what it costs on a young one."""

from uuid import UUID

import pytest
from sqlalchemy import insert, select

from engine import tasks
from engine.db.task import ItemDecision, ItemStatus, RoundStatus, Source, task_comment, user_task, work_item
from engine.ids import uuid7
from engine.unit_of_work import ENGINE
from tests.counting import calls
from tests.engine.approvals.office import Office, approval

pytestmark = pytest.mark.approvals

COMMENTS, ROUNDS, SIGNERS = 5_000, 300, 1_000
STEPS = 100
NODES = [f"n{number}" for number in range(8)]


def grow(office, instance: UUID) -> None:
    """Rounds that are over, their signers and comments, as they lie in the database."""
    with office.engine.unit_of_work(ENGINE) as uow:
        round_ = dict(uow.execute(select(user_task).where(user_task.c.instance_id == instance)).first()._mapping)
        item = dict(uow.execute(select(work_item).where(work_item.c.instance_id == instance)).first()._mapping)
        closed = {"status": int(RoundStatus.PASSED), "outcome": "agree", "closed_at": uow.now, "passed_seq": 1}
        keys = [uuid7() for _ in range(ROUNDS)]
        uow.execute(
            insert(user_task),
            [{**round_, **closed, "id": key, "token": 10_000 + n, "round": n + 2} for n, key in enumerate(keys)],
        )
        decided = {
            "status": int(ItemStatus.DECIDED), "decision": int(ItemDecision.AGREED), "decided_at": uow.now,
            "decision_source": int(Source.HUMAN), "decided_by": item["assignee_id"],
        }  # fmt: skip
        uow.execute(
            insert(work_item),
            [{**item, **decided, "id": uuid7(), "user_task_id": keys[n % ROUNDS]} for n in range(SIGNERS)],
        )
        line = {"instance_id": instance, "author_id": item["assignee_id"], "text": "as I said", "at": uow.now}
        uow.execute(insert(task_comment), [{**line, "id": uuid7()} for _ in range(COMMENTS)])


def cost(office, instance: UUID) -> tuple[int, int, int]:
    """What a yes takes: calls, statements and, where the database works in this process, its steps, STEPS for one."""
    steps = 0

    def note() -> None:
        nonlocal steps
        steps += 1

    item = next(one.work_item_id for one in office.items("bob") if one.instance_id == instance)
    with office.engine.unit_of_work(office.who["bob"]) as uow:
        driver = uow.connection.connection.driver_connection
        if uow.dialect == "sqlite":
            driver.set_progress_handler(note, STEPS)
        made = calls(lambda: (tasks.agree(uow, item), uow.flush()))
        if uow.dialect == "sqlite":
            driver.set_progress_handler(None, 0)
    return made, uow.statements, steps


def test_an_act_costs_the_same_after_5000_comments_300_rounds_and_1000_signers(engine, clock):
    office = Office(engine, clock)
    young = office.begin(*(approval(node, users="bob", mode="any") for node in NODES))
    old = office.start()
    grow(office, old)
    for _ in range(2):
        office.act("bob", tasks.agree)  # the first one of each finds nothing prepared

    usual, statements, steps = cost(office, young)
    found, as_many, stepped = cost(office, old)

    assert as_many == statements
    assert usual > 1_000
    assert found < 1.05 * usual
    assert stepped < steps + COMMENTS / STEPS  # not one for each of them
    with office.engine.unit_of_work(office.who["bob"], read_only=True) as uow:
        assert len(tasks.comments(uow, old)) == 100
