"""流程预测: what is predicted is what happens, for the shipped processes too, after a return and a transfer as well."""

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from engine import forms, jobs, repository, runtime, tasks
from engine.db.base import metadata
from engine.db.task import user_task, work_item
from engine.errors import EngineError
from engine.identity import members_of
from engine.unit_of_work import ENGINE, Actor
from tests.engine.approvals.going import Case, line, request, step
from tests.engine.bpmn.drawing import END, START, drawing, element, flows, service

pytestmark = pytest.mark.approvals
CASES = 12
"""of each process; 500 were run once"""


def foreseen(engine: Any, actor: Actor, key: str, **variables: Any) -> runtime.Route:
    with engine.unit_of_work(actor, read_only=True) as uow:
        return runtime.preview(uow, key, variables)


def test_the_route_names_people_reasons_and_due_dates_and_writes_nothing(engine):
    case = Case(engine, line(step("a"), step("b", who="bob,eve", mode="all")))
    before = rows(engine)

    route = foreseen(engine, case.who["ann"], "p")

    assert [(one.element, one.mode, one.status) for one in route.steps] == [
        ("a", "any", "certain"), ("b", "all", "certain"),
    ]  # fmt: skip
    assert [(who.name, who.reason) for who in route.steps[1].people] == [("Bob", "named"), ("Eve", "named")]
    assert (route.complete, route.ends) == (True, "end")
    assert rows(engine) == before


def rows(engine: Any) -> dict[str, int]:
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return {name: len(uow.execute(select(table)).all()) for name, table in metadata.tables.items()}


def test_what_depends_on_an_operation_that_is_not_called_is_possible(engine):
    xml = drawing(
        START + service("count", "test.tally", out_tally="= tally") + element("exclusiveGateway", "g", default="g_a")
        + step("a") + step("b") + step("c") + END + flows("start count g a c end", "g b ? tally > 5", "b c")
    )  # fmt: skip
    case = Case(engine, xml)

    route = foreseen(engine, case.who["ann"], "p")

    assert {one.element: one.status for one in route.steps} == {"a": "possible", "b": "possible", "c": "certain"}


def test_what_only_reads_is_really_called(engine):
    xml = drawing(
        START + service("look", "test.look", in_value="= amount", out_seen="= seen")
        + element("exclusiveGateway", "g", default="g_a") + step("a") + step("b") + END
        + flows("start look g a end", "g b ? seen > 5", "b end")
    )  # fmt: skip
    case = Case(engine, xml, amount=1)

    assert [one.element for one in foreseen(engine, case.who["ann"], "p", amount=1).steps] == ["a"]
    assert [(one.element, one.status) for one in foreseen(engine, case.who["ann"], "p", amount=9).steps] == [
        ("b", "certain")
    ]


def test_an_endless_drawing_is_given_up_and_says_so(engine):
    xml = drawing(
        START + element("exclusiveGateway", "again", default="again_a") + step("a") + END
        + flows("start again a again", 'again end ? approval.a.outcome = "reject"')
    )  # fmt: skip
    case = Case(engine, xml)

    route = foreseen(engine, case.who["ann"], "p")

    assert not route.complete
    assert len(route.steps) <= 501


def test_a_task_that_a_rule_answers_says_why(engine):
    case = Case(engine, line(step("a", '<troika:onEmpty do="autoPass"/>', who="nobody_"), step("b")))

    (skipped, asked) = foreseen(engine, case.who["ann"], "p").steps

    assert (skipped.people, skipped.skipped_because) == ((), "nobody to ask")
    assert asked.skipped_because is None


def test_a_task_whose_people_the_requester_selects_asks_for_them(engine):
    chosen = (
        '<userTask id="a" name="a"><extensionElements><troika:assignment strategy="initiatorSelect"/>'
        '<troika:approval mode="any" onReject="end"/></extensionElements></userTask>'
    )
    case = Case(engine, line(chosen, step("b")))

    (selected, other) = foreseen(engine, case.who["ann"], "p").steps

    assert (selected.needs_selection, selected.people) == (True, ())
    assert not other.needs_selection


def test_a_running_request_shows_what_comes_next_also_after_a_return(engine):
    case = Case(engine, line(request(), step("a"), step("b"), step("c")))
    case.agree("request", "a")

    def ahead() -> list[str]:
        with engine.unit_of_work(case.who["ann"], read_only=True) as uow:
            return [one.element for one in runtime.preview_instance(uow, case.id).steps]

    assert ahead() == ["c"]
    case.back("b", "request")
    assert ahead() == ["a", "b", "c"]


# ---------------------------------------------------------------- predicted = executed


def a_form(chance: random.Random, key: str) -> dict[str, Any]:
    if key == "expense_claim":
        return {
            "amount": Decimal(chance.randint(1, 2_000_000)) / 100, "category": chance.choice(["meal", "travel"]),
            "reason": "x", "spent_on": "2026-11-20", "cost_center": "sales",
        }  # fmt: skip
    starts = date(2026, 11, 30) + timedelta(days=chance.randint(0, 40))
    return {
        "leave_type": chance.choice(["annual", "sick", "personal", "marriage"]), "starts": starts.isoformat(),
        "ends": (starts + timedelta(days=chance.randint(0, 9))).isoformat(), "reason": "x",
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("key", ["expense_claim", "leave_request"])
def test_predicted_is_executed_for_shipped_processes_and_random_inputs(company, key):
    chance, compared = random.Random(7), 0
    people = sorted(company.people)
    for _ in range(CASES):
        login = chance.choice(people)
        actor, given = Actor(company.people[login]), a_form(chance, key)
        with company.engine.unit_of_work(actor, read_only=True) as uow:
            info = repository.latest(uow, key)
            form = repository.form(uow, repository.program(uow, info.id).start_form, info.id)
            given = forms.validate(form, given, stored={}, now=uow.now, zone=uow.settings.timezone)
            route = runtime.preview(uow, key, given)
        try:
            with company.engine.unit_of_work(actor) as uow:
                started = runtime.start(uow, key, given).id
        except EngineError:
            refused = [one.element for one in route.steps if one.skipped_because]
            assert refused, (login, given)
            continue
        met = walked(company, started, chance, actor)
        told = {one.element: one for one in route.steps}
        assert {node for node, _ in met} <= set(told), (login, given)
        for node, asked in met:
            if told[node].people:
                assert sorted(asked) == sorted(str(who.id) for who in told[node].people), (node, login, given)
        certain = [one.element for one in route.steps if one.status == "certain"]
        order = [node for node, _ in met if node in certain]
        assert order == certain[: len(order)], (login, given)
        compared += len(order)
    assert compared >= CASES


def walked(company: Any, instance_id: UUID, chance: random.Random, starter: Actor) -> list[tuple[str, list[str]]]:
    """(task, who is asked) in their order when everybody agrees, until somebody has to fill in."""
    met: list[tuple[str, list[str]]] = []
    for _ in range(20):
        jobs.run_due(company.engine)
        with company.engine.unit_of_work(ENGINE, read_only=True) as uow:
            found = uow.execute(
                select(user_task.c.node, user_task.c.id, work_item.c.id.label("item"), work_item.c.assignee_id,
                       work_item.c.group_id)
                .join(work_item, work_item.c.user_task_id == user_task.c.id)
                .where(user_task.c.instance_id == instance_id, user_task.c.status == 0)
                .order_by(work_item.c.seq)
            ).all()  # fmt: skip
            if not found:
                return met
            first = [row for row in found if row.id == found[0].id]
            members = members_of(uow, [row.group_id for row in first if row.group_id])
        met.append((first[0].node, [str(row.assignee_id or row.group_id) for row in first]))
        who = [row.assignee_id for row in first if row.assignee_id] or [
            member.id for member in members if member.id != starter.user_id
        ]
        try:
            with company.engine.unit_of_work(Actor(chance.choice(who))) as uow:
                tasks.agree(uow, first[0].item)
        except EngineError:
            return met
    return met
