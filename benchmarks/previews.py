"""Predicted = executed for every shipped process, at random. `python -m benchmarks.previews [CASES]`."""

import random
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import perf_counter, thread_time
from typing import Any
from uuid import UUID

from sqlalchemy import select

from engine import forms, jobs, repository, runtime, tasks
from engine.db.task import RoundStatus, user_task, work_item
from engine.errors import EngineError
from engine.identity import members_of
from engine.runtime import Route
from engine.scenarios import World, worlds
from engine.unit_of_work import ENGINE, Actor

PROCESSES = (
    "expense_claim", "leave_request", "travel_declaration", "direct_payment", "order_to_cash", "procure_to_pay",
)  # fmt: skip
ACTS = ("none", "transfer", "add_beside", "return")
CUSTOMERS = ("91330100MAPGUDRM8F", "91330100MA21CN3K22")
Met = list[tuple[str, list[str]]]


def a_form(chance: random.Random, key: str, people: dict[str, UUID]) -> dict[str, Any]:
    """What somebody might fill in."""
    starts = date(2026, 11, 30) + timedelta(days=chance.randint(0, 40))
    amount = Decimal(chance.randint(1, 2_000_000)) / 100
    lines = [
        {"sku": f"F{chance.randint(1, 9):04}", "quantity": chance.choice((1, 20, 300, 2000))}
        for _ in range(chance.randint(1, 3))
    ]
    match key:
        case "expense_claim":
            kind = chance.choice(["meal", "travel"])
            return {
                "amount": amount, "category": kind, "reason": "x", "spent_on": "2026-11-20", "cost_center": "sales",
            }  # fmt: skip
        case "leave_request":
            ends = starts + timedelta(days=chance.randint(0, 9))
            kind = chance.choice(["annual", "sick", "personal", "marriage"])
            return {"leave_type": kind, "starts": starts.isoformat(), "ends": ends.isoformat(), "reason": "x"}
        case "travel_declaration":
            way = chance.choice(["administration", "pre_approver", "supervisor"])
            return {"amount": amount, "purpose": "x", "route": way, "next": "submit"}
        case "direct_payment":
            number = f"D-{chance.randint(1, 10**9)}"
            payee = str(people[chance.choice(sorted(people))])
            return {"document_no": number, "payee": payee, "amount": amount, "reason": "x"}
        case "order_to_cash":
            return {
                "customer": chance.choice(CUSTOMERS), "promised_date": starts.isoformat(), "ship_to": "x",
                "lines": lines,
            }  # fmt: skip
    return {"lines": lines, "reason": "x"}


def compare(company: World, key: str, cases: int, seed: int = 7, spent: list[float] | None = None) -> int:
    """The number of tasks that came as they were foretold. Raises AssertionError where one did not.

    `spent` gets the CPU milliseconds of each prediction.
    """
    chance, compared = random.Random(seed), 0
    people = sorted(company.people)
    for number in range(cases):
        login = chance.choice(people)
        actor, given = Actor(company.people[login]), a_form(chance, key, company.people)
        told = f"{key}, case {number}: {login} {given}"
        with company.engine.unit_of_work(actor, read_only=True) as uow:
            info = repository.latest(uow, key)
            form = repository.form(uow, repository.program(uow, info.id).start_form, info.id)
            given = forms.validate(form, given, stored={}, now=uow.now, zone=uow.settings.timezone)
            began = thread_time()
            route = runtime.preview(uow, key, given)
            if spent is not None:
                spent.append((thread_time() - began) * 1000)
        assert route.complete, f"{told}: given up after {len(route.steps)} tasks"
        try:
            with company.engine.unit_of_work(actor) as uow:
                started = runtime.start(uow, key, given).id
        except EngineError:
            assert any(step.refused or step.skipped_because for step in route.steps), told
            continue
        compared += same(route, walked(company, started, chance, actor, steps=chance.randint(0, 2)), told)
        act = chance.choice(ACTS)
        done = acted(company, started, chance, act)
        with company.engine.unit_of_work(ENGINE, read_only=True) as uow:
            route = runtime.preview_instance(uow, started)
            asked = {row.id for row in opened(uow, started)}
        rest = walked(company, started, chance, actor, known=asked)
        compared += same(route, rest, f"{told}, after {act if done else 'nothing'}")
    return compared


def same(route: Route, met: Met, told: str) -> int:
    """Every task that was met is foretold, for the same people; those that were certain came in their order.

    Where the prediction gave up (a loop without an end that it could see) only what it names is compared.
    """
    foretold: dict[str, list[Any]] = {}
    for step in route.steps:
        foretold.setdefault(step.element, []).append(step)
    met = met if route.complete else [one for one in met if one[0] in foretold]
    assert {node for node, _ in met} <= set(foretold), f"{told}: met {met}, foretold {list(foretold)}"
    for node, asked in met:
        step = foretold[node].pop(0) if len(foretold[node]) > 1 else foretold[node][0]
        if step.people and step.people_known:
            expected = sorted(str(who.id) for who in step.people)
            assert sorted(asked) == expected, f"{told}: {node} asked {asked}, foretold {expected}"
    certain = [step.element for step in route.steps if step.status == "certain" and not step.skipped_because]
    certain = list(dict.fromkeys(certain))  # the second visit of a task may be uncertain where the first is not
    order = list(dict.fromkeys(node for node, _ in met if node in certain))
    assert order == certain[: len(order)], f"{told}: met {order}, foretold {certain}"
    return len(met)


def opened(uow: Any, instance_id: UUID) -> list[Any]:
    """Items of the open rounds of an instance."""
    rows = (
        select(user_task.c.node, user_task.c.id, work_item.c.id.label("item"), work_item.c.assignee_id,
               work_item.c.group_id)
        .join(work_item, work_item.c.user_task_id == user_task.c.id)
        .where(user_task.c.instance_id == instance_id, user_task.c.status == int(RoundStatus.OPEN),
               work_item.c.status <= 1)
        .order_by(user_task.c.opened_seq, work_item.c.seq)
    )  # fmt: skip
    return list(uow.execute(rows).all())


def walked(
    company: World, instance_id: UUID, chance: random.Random, starter: Actor, *, steps: int = 20,
    known: set[UUID] | None = None,
) -> Met:  # fmt: skip
    """(task, who is asked) in their order when everybody agrees, until somebody has to fill in, or `steps` agreed.

    `known`: rounds that were open before.
    """
    met: Met = []
    seen = set(known or ())
    for turn in range(steps + 1):
        jobs.run_due(company.engine)
        with company.engine.unit_of_work(ENGINE, read_only=True) as uow:
            found = opened(uow, instance_id)
            first = [row for row in found if row.id == found[0].id]
            members = members_of(uow, [row.group_id for row in first if row.group_id])
        for round_id, node in dict.fromkeys((row.id, row.node) for row in found):
            if round_id not in seen:
                seen.add(round_id)
                met.append((node, [str(row.assignee_id or row.group_id) for row in found if row.id == round_id]))
        if not found or turn == steps:
            return met
        who = [row.assignee_id for row in first if row.assignee_id]
        who = who or [member.id for member in members if member.id != starter.user_id]
        if not who or not _agreed(company, chance.choice(who), first[0].item):
            return met
    return met


def _agreed(company: World, who: UUID, item: UUID) -> bool:
    for verb in (tasks.agree, tasks.complete):
        try:
            with company.engine.unit_of_work(Actor(who)) as uow:
                verb(uow, item)
        except EngineError:
            continue
        return True
    return False


def acted(company: World, instance_id: UUID, chance: random.Random, act: str) -> bool:
    """One act by somebody who is asked, if it is possible."""
    with company.engine.unit_of_work(ENGINE, read_only=True) as uow:
        asked = [row for row in opened(uow, instance_id) if row.assignee_id]
    if act == "none" or not asked:
        return False
    row, other = asked[0], company.people[chance.choice(sorted(company.people))]
    try:
        with company.engine.unit_of_work(Actor(row.assignee_id)) as uow:
            if act == "transfer":
                tasks.transfer(uow, row.item, other, "away")
            elif act == "add_beside":
                tasks.add_beside(uow, row.item, [other])
            else:
                possible = [target.word for target in tasks.targets(uow, row.item) if not target.refused]
                tasks.return_(uow, row.item, chance.choice(possible or ["initiator"]), "again")
    except EngineError:
        return False
    return True


def main() -> None:
    """Print how many tasks came as foretold, by process, and what a prediction costs."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    for key in PROCESSES:
        company = worlds.build(Path(__file__).parents[1], datetime(2026, 11, 23, 1, 0, tzinfo=UTC))
        began = perf_counter()
        spent: list[float] = []
        compared = compare(company, key, cases, spent=spent)
        print(
            f"{key}: {cases} cases, {compared} tasks as foretold, {perf_counter() - began:.0f} s, a prediction"
            f" {median(spent):.1f} ms of CPU, {max(spent):.1f} at most", flush=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
