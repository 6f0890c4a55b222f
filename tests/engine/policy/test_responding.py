"""A time to respond is watched: how many approvals were decided within it, and how many wait too long."""

from datetime import timedelta

from engine import policy
from engine.unit_of_work import ENGINE
from tests.engine.policy.test_gate import POLICY, a_bill, agree, people, started, who  # noqa: F401 - fixtures

HOUR = timedelta(hours=1)


def told(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return [
            (one.policy, one.need.approval, one.decided, one.in_time, one.late, one.waiting, one.overdue, one.longest)
            for one in policy.responses(uow)
        ]


def test_what_was_decided_in_time_late_and_not_yet_is_counted(engine, who, clock):  # noqa: F811
    assert told(engine) == [], "no policy says how soon"
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY.replace("finance_approval,", "finance_approval, respond_within: PT2H,"))
    assert told(engine) == [("REF-001", "finance_approval", 0, 0, 0, 0, 0, None)]

    for wait in (HOUR, 3 * HOUR):
        started(engine, who["req"], a_bill(engine))
        clock.advance(wait)
        agree(engine, who["fay"])
    started(engine, who["req"], a_bill(engine))
    assert told(engine) == [("REF-001", "finance_approval", 2, 1, 1, 1, 0, 3 * HOUR)]
    clock.advance(3 * HOUR)
    assert told(engine) == [("REF-001", "finance_approval", 2, 1, 1, 1, 1, 3 * HOUR)]
    clock.advance(timedelta(days=91))
    assert told(engine) == [("REF-001", "finance_approval", 0, 0, 0, 1, 1, None)], "what waits is never too old"
