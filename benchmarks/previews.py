"""Predicted = executed for every shipped process, at random. `python -m benchmarks.previews [CASES] [PROCESS …]`.

Approvals are agreed to, forms of tasks are filled in, messages that are awaited come, and where nothing else can happen
time passes: so the walks come to what lies behind a delivery, an invoice or a payment.
"""

import json
import random
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import perf_counter, thread_time
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from engine import forms, jobs, messages, repository, runtime, tasks
from engine.db.instance import Status
from engine.db.subscription import SubscriptionKind, subscription
from engine.db.task import RoundStatus, user_task, work_item
from engine.errors import EngineError
from engine.identity import members_of
from engine.modules.erp.models.payee import payee_account
from engine.modules.erp.operations.payees import change_payee_account, confirm_payee_account
from engine.operations import OperationCall
from engine.runtime import Route
from engine.scenarios import World, worlds
from engine.unit_of_work import ENGINE, Actor

PROCESSES = (
    "expense_claim", "leave_request", "travel_declaration", "direct_payment", "order_to_cash", "procure_to_pay",
)  # fmt: skip
ACTS = ("none", "transfer", "add_beside", "return", "reject")
CUSTOMERS = (
    "91330100MAPGUDRM8F", "91330100MA21CN3K22", "91330100MA1RRUM29W", "91330100MAFQT30T14", "91330100MAW3BX3D30",
    "91330100MAGP0J2Y1A", "91330100MA13PP778A", "91330100MA13PP7780",
)  # fmt: skip
"""with and without a credit limit, paying in advance, on hold, unknown"""
ITEMS = (*(f"F{number:04}" for number in range(1, 10)), "P0001", "V0001", "X9999")
"""bought, made without a supplier, a service, unknown"""
SEED = 7
BEGAN = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
IN_ONE_COMPANY = 20
"""inputs after which stock, credit and books are as in the beginning again"""
Met = list[tuple[str, list[str]]]


def a_form(chance: random.Random, key: str, people: dict[str, UUID]) -> dict[str, Any]:
    """What somebody might fill in."""
    starts = date(2026, 11, 30) + timedelta(days=chance.randint(0, 40))
    amount = Decimal(chance.randint(1, 2_000_000)) / 100
    lines = some_lines(chance)
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


def some_lines(chance: random.Random) -> list[dict[str, Any]]:
    """Of an order or a request; now and then one that somebody has to correct."""
    known = ITEMS if chance.random() < RARELY else ITEMS[:9]
    return [
        {"sku": chance.choice(known), "quantity": chance.choice((1, 1, 5, 20, 20, 300, 2000))}
        for _ in range(chance.randint(1, 3))
    ]


RARELY = 0.2


def filled_in(chance: random.Random, node: str) -> dict[str, Any]:
    """What somebody might fill in where a task of a shipped process asks for more than a yes."""
    match node:
        case "administration":
            return {"budget_check": chance.random() < 1 / 2}
        case "pick":
            used = chance.choice(("T1", "T2")) if chance.random() < RARELY else None  # refused the second time
            return {"carrier": chance.choice(("SF", "JD")), "tracking_no": used or f"T{chance.randint(1, 10**9)}"}
        case "correct_order":
            lines = some_lines(chance)
            return {"customer": chance.choice(CUSTOMERS[:-1]), "lines": lines, "next": chance.choice(AGAIN)}
        case "correct_waybill":
            return {"carrier": "SF", "tracking_no": f"T{chance.randint(1, 10**9)}"}
        case "chase":
            return {"carrier_answer": "x"}
        case "dun":
            return {"promise": "x"}
        case "check_receipt":
            return {"finding": "x"}
        case "renegotiate":
            return {"keep_waiting": chance.random() < 1 / 2, "promised_date": "2027-01-31"}
        case "correct_request":
            return {"lines": some_lines(chance), "supplier_code": "", "next": chance.choice(AGAIN)}
        case "choose_supplier":
            return {"supplier_code": "S003", "lines": [{"sku": "F0001", "quantity": 20, "price": 50}]}
        case "receive":
            return {"delivery_note": f"DN-{chance.randint(1, 10**9)}", "no_more": chance.random() < 1 / 2}
        case "enter_invoice":
            entered = {"invoice_no": f"INV-{chance.randint(1, 10**9)}", "invoice_date": "2026-11-23"}
            wrong = [{"sku": "F0001", "quantity": 25, "price": 60}]
            return entered | {"invoiced": wrong if chance.random() < RARELY else []}  # none: as received
        case "resolve":
            word = chance.choice(("match_again", "new_invoice", "accept", "dispute"))
            return {"resolution": word, "accepted_because": "x"} if word == "accept" else {"resolution": word}
    return {}


def forget_accounts(company: World) -> None:
    """Nobody has an account in force any more: what is to be paid waits until one is confirmed."""
    with company.engine.unit_of_work(ENGINE) as uow:
        uow.execute(update(payee_account).values(current_version=None))


def confirm_accounts(company: World) -> None:
    """One person enters the accounts that are not in force, another one confirms them."""
    with company.acting("fin") as uow:
        lost = uow.execute(select(payee_account).where(payee_account.c.current_version.is_(None))).all()
        entered = [
            change_payee_account(
                uow, owner_kind=one.owner_kind, owner_id=one.owner_id, account_name=one.owner_name, bank_name="x",
                account_no="6222020200000000",
            )
            for one in lost
        ]  # fmt: skip
    with company.acting("jiangyi") as uow:
        for version in entered:
            confirm_payee_account(uow, version_id=version["version_id"], call=OperationCall(version["version_id"]))


AGAIN = ("submit", "submit", "withdraw")


def compare(
    company: World, key: str, cases: int, seed: int = SEED, spent: list[float] | None = None,
    visits: Counter[str] | None = None,
) -> int:  # fmt: skip
    """The number of tasks that came as they were foretold. Raises AssertionError where one did not.

    `spent` gets the CPU milliseconds of each prediction, `visits` how often each task came.
    """
    chance, compared = random.Random(seed), 0
    people = sorted(company.people)
    for number in range(cases):
        (forget_accounts if chance.random() < RARELY else confirm_accounts)(company)
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
        begun = walked(company, started, chance, actor, steps=chance.randint(0, 2))
        compared += same(route, begun, told)
        act = chance.choice(ACTS)
        with company.engine.unit_of_work(ENGINE, read_only=True) as uow:
            before = {row.id for row in opened(uow, started)}
        done = acted(company, started, chance, act)
        with company.engine.unit_of_work(ENGINE, read_only=True) as uow:
            route = runtime.preview_instance(uow, started)
            asked = {row.id: row.node for row in opened(uow, started)}
        rest = walked(company, started, chance, actor, known=set(asked))
        compared += same(route, rest, f"{told}, after {act if done else 'nothing'}")
        if visits is not None:
            visits.update(node for node, _ in begun + rest)
            visits.update(node for key, node in asked.items() if key not in before)  # by the act itself
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
    """(task, who is asked) in their order when everybody agrees or fills in, at most `steps` times.

    `known`: rounds that were open before.
    """
    met: Met = []
    seen = set(known or ())
    for turn in range(steps + 1):
        jobs.run_due(company.engine)
        with company.engine.unit_of_work(ENGINE, read_only=True) as uow:
            found = opened(uow, instance_id)
            first = [row for row in found if row.id == found[0].id]
            members = [
                (member.id, row.item) for row in first if row.group_id for member in members_of(uow, [row.group_id])
            ]
        for round_id, node in dict.fromkeys((row.id, row.node) for row in found):
            if round_id not in seen:
                seen.add(round_id)
                met.append((node, [str(row.assignee_id or row.group_id) for row in found if row.id == round_id]))
        if turn == steps:
            return met
        if not found:
            if not happens(company, instance_id, chance):
                return met
            continue
        who = [(row.assignee_id, row.item) for row in first if row.assignee_id]
        who = who or [(member, item) for member, item in members if member != starter.user_id]
        if first[0].node == "confirm_account":
            confirm_accounts(company)
        if not who or not _agreed(company, *chance.choice(who), filled_in(chance, first[0].node)):
            return met
    return met


def happens(company: World, instance_id: UUID, chance: random.Random) -> bool:
    """Somebody outside does what the instance waits for, or time passes; False: it has ended."""
    with company.engine.unit_of_work(ENGINE) as uow:
        view = runtime.instance_view(uow, instance_id)
        if view.instance.status != Status.RUNNING:
            return False
        awaited = {row.name: json.loads(row.correlation_key or "null") for row in uow.execute(_awaited(instance_id))}
        said = {name: _said(chance, name, view.variables, uow.now) for name in awaited}
        possible = sorted(name for name, payload in said.items() if payload is not None)
        if possible and chance.random() > RARELY:
            name = chance.choice(possible)
            messages.correlate(uow, name, awaited[name], said[name])
            return True
    company.clock.advance(timedelta(hours=chance.choice((1, 30, 80, 24 * 15, 24 * 33))))
    return True


def _awaited(instance_id: UUID) -> Any:
    return select(subscription.c.name, subscription.c.correlation_key).where(
        subscription.c.instance_id == instance_id, subscription.c.kind == int(SubscriptionKind.MESSAGE)
    )


def _said(chance: random.Random, name: str, known: dict[str, Any], now: datetime) -> dict[str, Any] | None:
    match name:
        case "shipment.tracking":
            state = chance.choice(("in_transit", "delivered"))
            return {"events": [{"at": now.isoformat(), "state": state, "text": "x"}]}
        case "payment.received":
            amount = chance.choice((known.get("open_amount"), known.get("gross"), Decimal(100)))
            amount = Decimal("0.005") if chance.random() < RARELY else amount  # part of a cent: refused
            return {"amount": amount or Decimal(100), "bank_ref": f"B-{chance.randint(1, 10**9)}"}
        case "survey.answered":
            return {"csat": chance.randint(1, 5), "nps": chance.randint(0, 10), "text": ""}
        case "stock.available":
            return {}
        case "order.cancel":
            return {"reason": "x"} if chance.random() < RARELY else None
    return None


def _agreed(company: World, who: UUID, item: UUID, fields: dict[str, Any]) -> bool:
    for verb in (tasks.agree, tasks.complete):
        try:
            with company.engine.unit_of_work(Actor(who)) as uow:
                verb(uow, item, fields, "x")
        except EngineError:
            continue
        return True
    return False


def acted(company: World, instance_id: UUID, chance: random.Random, act: str) -> bool:
    """One act by somebody who is asked, if it is possible."""
    with company.engine.unit_of_work(ENGINE, read_only=True) as uow:
        asked = [
            (row, who) for row in opened(uow, instance_id)
            for who in ([row.assignee_id] if row.assignee_id else [one.id for one in members_of(uow, [row.group_id])])
        ]  # fmt: skip
    if act == "none" or not asked:
        return False
    (row, who), other = asked[0], company.people[chance.choice(sorted(company.people))]
    try:
        with company.engine.unit_of_work(Actor(who)) as uow:
            if act == "transfer":
                tasks.transfer(uow, row.item, other, "away")
            elif act == "add_beside":
                tasks.add_beside(uow, row.item, [other])
            elif act == "reject":
                tasks.reject(uow, row.item, "no")
            else:
                possible = [target.word for target in tasks.targets(uow, row.item) if not target.refused]
                tasks.return_(uow, row.item, chance.choice(possible or ["initiator"]), "again")
    except EngineError:
        return False
    return True


def tasks_of(company: World, key: str) -> set[str]:
    """The user tasks of a process."""
    with company.engine.unit_of_work(ENGINE, read_only=True) as uow:
        nodes = repository.program(uow, repository.latest(uow, key).id).nodes
        return {name for name, node in nodes.items() if node.human is not None}


def main() -> None:
    """Print how many tasks came as foretold, by process, which, and what a prediction costs.

    Fails where a task never came: what leads to it has to be among the inputs.
    """
    never: list[str] = []
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    for key in sys.argv[2:] or PROCESSES:
        company = worlds.build(Path(__file__).parents[1], BEGAN)
        began, compared = perf_counter(), 0
        spent: list[float] = []
        visits: Counter[str] = Counter()
        for first in range(0, cases, IN_ONE_COMPANY):
            company.again(BEGAN)
            some = min(IN_ONE_COMPANY, cases - first)
            compared += compare(company, key, some, SEED + first, spent, visits)
        print(
            f"{key}: {cases} cases, {len(spent)} predictions of a start, {compared} tasks as foretold,"
            f" {perf_counter() - began:.0f} s, a prediction {median(spent):.1f} ms of CPU, {max(spent):.1f} at most\n"
            f"  {dict(visits.most_common())}", flush=True,
        )  # fmt: skip
        never += [f"{key}: {name}" for name in sorted(tasks_of(company, key) - set(visits))]
    if never:
        sys.exit(f"Expected every task to come at least once, these never came: {', '.join(never)}")


if __name__ == "__main__":
    main()
