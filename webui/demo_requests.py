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


REQUESTS: tuple[Request, ...] = ()


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
