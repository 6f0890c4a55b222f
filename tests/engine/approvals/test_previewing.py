"""流程预测: what is predicted is what happens, for the shipped processes too, after a return and a transfer as well."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from benchmarks import previews
from engine import repository, runtime, tasks
from engine.db.base import metadata
from engine.errors import CannotChoose
from engine.unit_of_work import ENGINE, Actor
from tests.engine.approvals.going import Case, line, request, step
from tests.engine.bpmn.drawing import END, START, drawing, element, flows, service

pytestmark = pytest.mark.approvals
CASES = 3
"""of each process; `python -m benchmarks.previews` runs 500"""


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


def test_a_way_back_that_nobody_can_foresee_is_shown_once(engine):
    xml = drawing(
        START + step("a") + service("count", "test.tally", out_tally="= tally")
        + element("exclusiveGateway", "g", default="g_a") + step("b") + END
        + flows("start a count g a", "g b ? tally > 5", "b end")
    )  # fmt: skip
    case = Case(engine, xml)

    route = foreseen(engine, case.who["ann"], "p")

    assert [(one.element, one.status) for one in route.steps] == [("a", "certain"), ("b", "unknown")]
    assert route.complete


def test_a_task_inside_a_sub_process_on_a_possible_way_is_possible(engine):
    inside = element("startEvent", "in") + step("a") + element("endEvent", "out") + flows("in a out")
    xml = drawing(
        START + service("count", "test.tally", out_tally="= tally")
        + element("exclusiveGateway", "g", default="g_end") + element("subProcess", "sub", inner=inside) + END
        + flows("start count g end", "g sub ? tally > 5", "sub end")
    )  # fmt: skip
    case = Case(engine, xml)

    route = foreseen(engine, case.who["ann"], "p")

    assert [(one.element, one.status) for one in route.steps] == [("a", "possible")]


def test_a_task_that_a_rule_answers_says_why(engine):
    case = Case(engine, line(step("a", '<troika:onEmpty do="autoPass"/>', who="nobody_"), step("b")))

    (skipped, asked) = foreseen(engine, case.who["ann"], "p").steps

    assert (skipped.people, skipped.skipped_because) == ((), "nobody to ask")
    assert asked.skipped_because is None


def chosen(key: str, more: str = "", strategy: str = "initiatorSelect") -> str:
    return (
        f'<userTask id="{key}" name="{key}"><extensionElements><troika:assignment strategy="{strategy}" {more}/>'
        '<troika:approval mode="any" onReject="end"/></extensionElements></userTask>'
    )


def test_a_task_whose_people_the_requester_selects_asks_for_them_where_it_is_reached(engine):
    xml = drawing(
        START + chosen("a", 'max="2"') + element("exclusiveGateway", "g", default="g_end") + chosen("b") + END
        + flows("start a g end", "g b ? amount > 5", "b end")
    )  # fmt: skip
    case = Case(engine, xml, amount=1)
    ann, bob = case.who["ann"], case.who["bob"]

    def selecting(amount: int, approvers: dict[str, list[str]]) -> list[tuple[str, bool, list[str]]]:
        with engine.unit_of_work(ann, read_only=True) as uow:
            steps = runtime.preview(uow, "p", {"amount": amount}, approvers=approvers).steps
        return [(one.element, one.needs_selection, [who.name for who in one.people]) for one in steps]

    def refused(amount: int, approvers: dict[str, list[str]]) -> str | None:
        with engine.unit_of_work(ann, read_only=True) as uow:
            try:
                runtime.require_selection(uow, "p", {"amount": amount}, approvers)
            except CannotChoose as error:
                return str(error.facts["task"])
        return None

    assert selecting(1, {}) == [("a", True, [])]
    assert selecting(9, {"a": ["bob"], "b": []}) == [("a", False, ["Bob"]), ("b", True, [])]
    assert selecting(1, {"a": ["bob", "eve", "fay"]}) == [("a", True, [])], "more than the drawing allows"
    assert (refused(1, {}), refused(1, {"a": ["bob"]}), refused(9, {"a": ["bob"]})) == ("a", None, "b")
    with engine.unit_of_work(ann, read_only=True) as uow:
        (step,) = runtime.preview(uow, "p", {"amount": 1}).steps
        assert (step.selection.least, step.selection.most) == (1, 2)
        assert bob.user_id in [user.id for user in runtime.selectable(uow, "p", "a", "bo")]
        with pytest.raises(CannotChoose):
            runtime.selectable(uow, "p", "elsewhere")


def test_the_approver_before_selects_and_nobody_else(engine):
    xml = drawing(
        START + step("a") + step("b") + chosen("c", strategy="previousApproverSelect") + END + flows("start a b c end")
    )
    case = Case(engine, xml)
    item = case.item("bob", "a")
    with engine.unit_of_work(case.who["bob"], read_only=True) as uow:
        assert tasks.get(uow, item).selects == ()
    case.agree("a")

    with pytest.raises(CannotChoose, match="nobody is named"):
        case.act(tasks.agree, "b")
    case.act(tasks.agree, "b", approvers={"c": ["bob"]})

    assert case.item("bob", "c")


def test_a_rule_that_rejects_ends_the_route(engine):
    case = Case(engine, line(step("a"), step("b", '<troika:onEmpty do="autoReject"/>', who="nobody_"), step("c")))

    route = foreseen(engine, case.who["ann"], "p")

    assert [one.element for one in route.steps] == ["a", "b"]
    assert (route.steps[1].skipped_because, route.ends) == ("nobody to ask", "rejected")


def test_what_is_not_filled_in_yet_makes_the_route_possible_or_unknown(engine):
    xml = drawing(
        START + element("exclusiveGateway", "g", default="g_a") + step("a") + step("b") + step("c") + END
        + flows("start g a c end", "g b ? amount > 5", "b c")
    )  # fmt: skip
    case = Case(engine, xml, amount=1)

    def statuses(amount: int | None, *missing: str) -> dict[str, str]:
        with engine.unit_of_work(case.who["ann"], read_only=True) as uow:
            steps = runtime.preview(uow, "p", {"amount": amount}, missing=missing).steps
        return {one.element: one.status for one in steps}

    assert statuses(9) == {"b": "certain", "c": "certain"}
    assert statuses(9, "amount") == {"a": "possible", "b": "possible", "c": "certain"}
    assert set(statuses(None, "amount").values()) <= {"possible", "unknown", "certain"}


def test_an_empty_shipped_form_names_who_is_known_and_the_fields_that_the_rest_hangs_on(whole_company):
    with whole_company.engine.unit_of_work(whole_company.actor("ann"), read_only=True) as uow:
        found = {
            key: {one.element: (one.status, len(one.people), one.depends, one.refused) for one in runtime.preview(
                uow, key, {"amount": None, "starts": None, "ends": None, "leave_type": None}, missing=missing
            ).steps}
            for key, missing in (("expense_claim", ["amount"]), ("leave_request", ["leave_type", "ends"]))
        }  # fmt: skip

    assert found["expense_claim"]["manager"] == ("certain", 1, (), None)
    assert found["expense_claim"]["director"] == ("possible", 1, ("amount",), None)
    assert found["expense_claim"]["finance"] == ("possible", 1, ("amount",), None)
    assert list(found["leave_request"]) == ["manager", "director", "hr", "correct"], "corrections come last"
    assert {one[2] for one in found["leave_request"].values()} == {("ends", "leave_type")}


def test_who_reads_along_and_who_has_agreed_before_is_foretold(engine, clock):
    case = Case(
        engine,
        line(
            step("a", '<troika:cc on="pass" users="eve"/>'),
            step("b", '<troika:dedupe mode="first"/>', who="bob"),
            step("c", '<troika:dedupe mode="first"/>', who="bob,eve", mode="all"),
        ),
    )

    (first, second, third) = foreseen(engine, case.who["ann"], "p").steps

    assert [who.name for who in first.copies] == ["Eve"]
    assert (second.skipped_because, second.people) == ("has agreed before", ())
    assert [who.name for who in third.people] == ["Eve"]
    assert copied(case) == set()
    case.agree("a")
    assert copied(case) == {"Eve"}
    assert case.waits == ["c"]
    with pytest.raises(StopIteration):
        case.item("bob", "c")
    case.act(tasks.return_, "c", "a", "请补充", login="eve")
    clock.advance(timedelta(seconds=5))
    with engine.unit_of_work(case.who["ann"], read_only=True) as uow:
        ahead = runtime.preview_instance(uow, case.id).steps
    case.agree("a")
    assert copied(case) == {"Eve"}, "once for each person"
    assert [(one.element, [who.name for who in one.people]) for one in ahead] == [("b", []), ("c", ["Eve"])]
    assert case.waits == ["c"], "he has agreed once more since the return"
    with pytest.raises(StopIteration):
        case.item("bob", "c")


def copied(case: Case) -> set[str]:
    with case.engine.unit_of_work(case.who["ann"], read_only=True) as uow:
        names = [one.reader_name for one in tasks.receipts(uow, case.id)]
    assert len(names) == len(set(names))
    return set(names)


def test_who_is_asked_the_last_time_only_and_where_nobody_is_left_is_foretold(engine):
    case = Case(
        engine,
        line(
            step("a", '<troika:dedupe mode="last"/>', who="bob"),
            step("b", '<troika:dedupe mode="last"/>', who="bob,eve", mode="all"),
            step("c", who="bob"),
        ),
    )
    (first, second, third) = foreseen(engine, case.who["ann"], "p").steps

    assert (first.skipped_because, first.people) == ("is asked later: c", ())
    assert [[who.name for who in one.people] for one in (second, third)] == [["Eve"], ["Bob"]]
    assert case.waits == ["b"]
    case.act(tasks.agree, "b", login="eve")
    assert case.item("bob", "c")
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"p.bpmn": line(step("a", '<troika:onEmpty do="blockStart"/>', who="gone"))})
    assert [one.blocks_start for one in foreseen(engine, case.who["ann"], "p").steps] == [True]


def test_a_running_request_shows_what_comes_next_also_after_a_return(engine):
    case = Case(engine, line(request(), step("a"), step("b"), step("c")))
    case.agree("request", "a")

    def ahead() -> list[str]:
        with engine.unit_of_work(case.who["ann"], read_only=True) as uow:
            return [one.element for one in runtime.preview_instance(uow, case.id).steps]

    assert ahead() == ["c"]
    case.back("b", "request")
    assert ahead() == ["a", "b", "c"]


def test_what_was_decided_before_is_carried_on_the_straight_way_back(engine):
    case = Case(engine, line(request(), step("a"), step("b"), step("c")))
    case.agree("request", "a")
    case.back("b", "request", resubmit="backToMe")

    with engine.unit_of_work(case.who["ann"], read_only=True) as uow:
        (a, b, c) = runtime.preview_instance(uow, case.id).steps

    assert (a.skipped_because, a.people) == ("decided before, and nothing has changed", ())
    assert [(who.name, who.reason) for who in b.people] == [("Eve", "returned it")]
    assert [who.reason for who in c.people] == ["named"]
    case.agree("request")
    assert case.waits == ["b"]


# ---------------------------------------------------------------- predicted = executed


@pytest.mark.slow
@pytest.mark.parametrize("key", previews.PROCESSES)
def test_predicted_is_executed_for_shipped_processes_also_after_a_transfer_a_signer_or_a_return(company, key):
    assert previews.compare(company, key, CASES) >= 1
