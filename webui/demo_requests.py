"""Live instances of the demo company: started and decided through the verbs that people use, over the last days."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from engine import forms, jobs, repository, runtime, tasks
from engine.clock import FrozenClock
from engine.process_engine import ProcessEngine
from engine.unit_of_work import Actor


@dataclass(frozen=True)
class Decision:
    """`login` finds the task of `node` in his inbox and agrees, rejects (with an opinion) or completes it."""

    login: str
    node: str
    act: str = "agree"
    opinion: str = ""
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """`login` starts `process` with `values`, `hours` ago; each decision follows three hours later."""

    process: str
    login: str
    hours: int
    values: dict[str, Any]
    decisions: tuple[Decision, ...] = ()


REQUESTS = (
    Request(
        "expense_claim", "li", 120,
        {"category": "hotel", "amount": 1280, "reason": "嘉兴客户拜访，两晚住宿", "cost_center": "销售一部"},
        (Decision("bob", "manager"), Decision("jiangyi", "finance")),
    ),
    Request(
        "expense_claim", "ann", 74,
        {"category": "entertainment", "amount": 860, "reason": "客户晚宴", "cost_center": "销售一部"},
        (Decision("bob", "manager", "reject", "请补充客户名单和发票"),),
    ),
    Request(
        "expense_claim", "ann", 50,
        {"category": "travel", "amount": 6800, "reason": "广州展会往返机票与展位交通", "cost_center": "销售一部"},
        (Decision("bob", "manager", opinion="展会已列入年度计划"),),
    ),
    Request(
        "expense_claim", "ann", 5,
        {"category": "meal", "amount": 320, "reason": "加班餐费", "cost_center": "销售一部"},
    ),
    Request(
        "expense_claim", "wang", 30,
        {"category": "office", "amount": 215.5, "reason": "征信报告查询费", "cost_center": "销售一部"},
        (Decision("sun", "manager"),),
    ),
    Request(
        "leave_request", "ann", 26,
        {"leave_type": "annual", "starts": "2027-01-11", "ends": "2027-01-12", "reason": "家人来访"},
    ),
    Request(
        "leave_request", "li", 52,
        {"leave_type": "personal", "starts": "2027-01-18", "ends": "2027-01-18", "reason": "办理落户"},
        (Decision("bob", "manager"),),
    ),
)  # fmt: skip


def start(engine: ProcessEngine, clock: FrozenClock, people: dict[str, UUID]) -> int:
    """Play REQUESTS, oldest first, with the clock where each act belongs; the clock stands at today again."""
    today = clock.now()
    for request in sorted(REQUESTS, key=lambda request: -request.hours):
        clock.move_to(today - timedelta(hours=request.hours))
        with engine.unit_of_work(Actor(people[request.login], source="cli")) as uow:
            process = repository.latest(uow, request.process)
            form = repository.form(uow, process.meta["form"], process.id)
            values = forms.validate(form, request.values, stored={}, now=uow.now, zone=engine.settings.timezone)
            instance_id = runtime.start(uow, process.key, values, definition_id=process.id).id
        for decision in request.decisions:
            jobs.run_due(engine)
            clock.advance(timedelta(hours=3))
            _decide(engine, people[decision.login], instance_id, decision)
        jobs.run_due(engine)
    clock.move_to(today)
    return len(REQUESTS)


def _decide(engine: ProcessEngine, user_id: UUID, instance_id: UUID, decision: Decision) -> None:
    with engine.unit_of_work(Actor(user_id, source="cli")) as uow:
        item = next(
            item.work_item_id
            for item in tasks.inbox(uow, limit=100).items
            if item.instance_id == instance_id and item.node == decision.node
        )
        match decision.act:
            case "agree":
                tasks.agree(uow, item, decision.values, decision.opinion)
            case "reject":
                tasks.reject(uow, item, decision.opinion, decision.values)
            case "complete":
                tasks.complete(uow, item, decision.values, decision.opinion)
