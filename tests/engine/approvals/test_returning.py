"""退回: to the previous task, to any that was passed, to the requester; what it undoes and what it leaves alone."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event

from engine import bpmn, identity, repository, runtime, tasks
from engine.db.instance import Status
from engine.errors import (
    ActNotOffered,
    AlreadyDecided,
    DeploymentRefused,
    OpinionRequired,
    ReturnNotPossible,
    Suspended,
)
from engine.runtime import returning
from engine.unit_of_work import ENGINE, Actor
from tests.engine.approvals.going import FORK, Case, fork, line, request, step
from tests.engine.bpmn.drawing import END, START, boundary, drawing, element, flows, service, timer
from tests.engine.bpmn.test_compensation import drawing as with_handlers
from tests.engine.bpmn.test_compensation import undoing, undone_by
from tests.engine.test_runtime import tallies
from tests.engine.test_tasks import do, mine, status

pytestmark = pytest.mark.approvals


def reasons(error: ReturnNotPossible) -> list[str]:
    return [found.message.format(**found.facts) for found in error.findings]


# ---------------------------------------------------------------- 18.1: to previous, any passed node, requester


def test_return_to_the_task_before_asks_the_same_person_again_and_nobody_else(engine):
    case = Case(engine, line(step("a", who="bob,eve"), step("c")))
    case.act(tasks.agree, "a", login="eve")

    done = case.back("c", "previous")

    assert done.target == "a"
    assert case.waits == ["a"]
    assert mine(engine, case.who["bob"]) == [], "bob was asked, but eve acted"
    assert [item.round for item in mine(engine, case.who["eve"])] == [2]
    assert case.rounds() == [("a", 1, "passed", True), ("c", 1, "returned", False), ("a", 2, "open", False)]
    assert case.items("c", 1) == [("decided", "returned", "human")]
    case.act(tasks.agree, "a", login="eve")
    case.agree("c")
    assert case.status == "completed"


def test_return_to_any_passed_task_undoes_everything_behind_it(engine):
    case = Case(engine, line(step("a"), step("b"), step("c"), step("d")))
    case.agree("a", "b", "c")

    case.back("d", "a")

    assert case.rounds() == [
        ("a", 1, "passed", True), ("b", 1, "passed", True), ("c", 1, "passed", True), ("d", 1, "returned", False),
        ("a", 2, "open", False),
    ]  # fmt: skip
    case.agree("a", "b", "c", "d")
    assert case.status == "completed"


def test_return_to_the_requester_opens_the_request_task(engine):
    case = Case(engine, line(request(), step("a"), step("b")))
    case.agree("request", "a")

    done = case.back("b", "initiator")

    assert (done.target, case.waits) == ("request", ["request"])
    case.agree("request", "a", "b")
    assert case.status == "completed"


def test_return_to_the_requester_of_a_drawing_without_request_task_leaves_a_draft(engine):
    case = Case(engine, line(step("a"), step("b")), amount=1)
    case.agree("a")

    done = case.back("b", "initiator")

    assert done.draft_id is not None
    assert case.status == "withdrawn"
    assert case.rounds()[-1] == ("b", 1, "returned", False)


def test_return_inside_a_round_of_many_cancels_the_others_and_keeps_their_decisions_on_record(engine):
    case = Case(engine, line(step("a"), step("b", who="bob,eve,cyd", mode="all")))
    case.agree("a")
    case.act(tasks.agree, "b", login="eve")

    case.act(tasks.return_, "b", "previous", "金额不对", login="cyd")

    assert sorted(case.items("b", 1)) == [
        ("cancelled", None, None), ("decided", "agreed", "human"), ("decided", "returned", "human"),
    ]  # fmt: skip
    assert case.waits == ["a"]
    case.agree("a")
    assert len(case.items("b", 2)) == 3, "the round before the return was not passed: everybody is asked"


@pytest.mark.parametrize("kind", ["parallelGateway", "inclusiveGateway"])
def test_return_within_a_branch_leaves_the_other_branch_alone(engine, kind):
    condition, more = ("", {}) if kind == "parallelGateway" else (" ? n = 1", {"default": "f_x"})
    last = '<endEvent id="x" name="x"/>' if more else ""
    xml = drawing(
        START + element(kind, "f", **more) + last + step("a") + step("d") + step("b") + element(kind, "j")
        + step("c") + END + flows(f"f a{condition}", f"f b{condition}", "start f", "a d j c end", "b j")
        + (flows("f x") if more else "")
    )  # fmt: skip
    case = Case(engine, xml, n=1)
    case.agree("a", "b")

    case.back("d", "a")

    assert case.waits == ["a"]
    assert ("b", 1, "passed", False) in case.rounds()
    case.agree("a", "d", "c")
    assert case.status == "completed"


def test_return_in_nested_forks_never_ends_the_process_by_itself(engine):
    xml = drawing(
        START + fork("f") + fork("g") + step("a") + step("b") + fork("h") + step("d") + step("e", who="cyd")
        + fork("j") + step("c") + END
        + flows("start f g a h d j c end", "g b h", "f e j")
    )  # fmt: skip
    case = Case(engine, xml)
    case.agree("a", "b")
    assert case.waits == ["d", "e"]

    case.back("d", "b")

    assert case.waits == ["b", "e"]
    assert case.held() == {"a_h": 1}
    case.agree("b", "d")
    case.act(tasks.agree, "e", login="cyd")
    case.agree("c")
    assert case.status == "completed"


@pytest.mark.parametrize("kind", ["parallelGateway", "inclusiveGateway"])
def test_return_to_the_requester_from_inside_nested_forks_takes_every_branch_away(engine, kind):
    """From a round of many people in the innermost branch, while the other branches wait or have arrived."""
    condition, more = ("", {}) if kind == "parallelGateway" else (" ? n = 1", {"f": "f_x", "g": "g_y"})
    split = "".join(element(kind, key, **({"default": more[key]} if more else {})) for key in ("f", "g"))
    xml = drawing(
        START + request() + split + element(kind, "h") + element(kind, "j") + step("a")
        + step("b", who="bob,eve,cyd", mode="all") + step("d") + step("e", who="cyd") + step("c") + END
        + ('<endEvent id="x" name="x"/><endEvent id="y" name="y"/>' + flows("f x", "g y") if more else "")
        + flows(f"f g{condition}", f"f e{condition}", f"g a{condition}", f"g b{condition}")
        + flows("start request f", "a h d j c end", "b h", "e j")
    )  # fmt: skip
    case = Case(engine, xml, n=1)

    for turn in (1, 2):
        case.agree("request", "a")
        case.act(tasks.agree, "b", login="bob")
        assert case.waits == ["b", "e"]
        if turn == 1:
            case.act(tasks.return_, "b", "initiator", "请补充", login="eve")
            assert (case.waits, case.held(), case.status) == (["request"], {}, "running")
    for login in ("eve", "cyd"):
        case.act(tasks.agree, "b", login=login)
    case.agree("d")
    assert case.status == "running"
    case.act(tasks.agree, "e", login="cyd")
    case.agree("c")
    assert case.status == "completed"


def test_return_into_another_open_branch_is_refused_by_name_and_changes_nothing(engine):
    xml = drawing(
        START + fork("f") + step("a") + step("d") + step("b") + fork("j") + step("c") + END
        + flows("start f a d j c end", "f b j")
    )  # fmt: skip
    case = Case(engine, xml)
    case.agree("a")
    before = case.rounds()

    with pytest.raises(ReturnNotPossible) as refused:
        case.back("b", "a")

    assert refused.value.status == 422
    assert refused.value.code == "return_not_possible"
    assert reasons(refused.value) == ["'a' stands in another branch than 'b', and both are still open."]
    assert case.rounds() == before


# ---------------------------------------------------------------- 18.2: fork(A, B) -> join -> C -> pay


def test_return_behind_a_join_leaves_only_the_branch_that_is_done_again(engine):
    case = Case(engine, FORK)
    case.agree("b", "a")
    assert case.waits == ["c"]

    case.back("c", "a")

    assert case.waits == ["a"]
    assert case.held() == {"b_j": 1}
    assert case.rounds() == [
        ("a", 1, "passed", True), ("b", 1, "passed", False), ("c", 1, "returned", False), ("a", 2, "open", False),
    ]  # fmt: skip
    case.agree("a")
    assert case.waits == ["c"]
    case.agree("c")
    assert case.status == "completed"
    assert sum(node == "b" for node, *_ in case.rounds()) == 1


@pytest.mark.parametrize("back", [["a"], ["b"], ["a", "b"], ["b", "a", "a"]])
def test_what_follows_the_join_runs_once_however_often_a_branch_is_done_again(engine, back):
    xml = drawing(
        START + fork("f") + step("a") + step("b") + fork("j") + step("c") + service("pay", "test.tally", in_name="pay")
        + END + flows("start f a j c pay end", "f b j")
    )  # fmt: skip
    case = Case(engine, xml)
    case.agree("b", "a")

    for target in back:
        case.back("c", target)
        assert case.waits == [target]
        assert tallies(engine) == {}
        case.agree(target)
        assert case.waits == ["c"]
    case.agree("c")
    case.jobs()

    assert (case.status, tallies(engine)) == ("completed", {"pay": 1})
    assert [node for node, *_ in case.rounds() if node in ("a", "b")] == ["a", "b", *back]


# ---------------------------------------------------------------- who, and every reason against


def test_where_only_the_task_before_is_allowed_it_may_be_named_as_it_is_offered(engine):
    case = Case(engine, line(step("a"), step("b"), step("c", back="previous")))
    case.agree("a", "b")

    item = case.item("cyd", "c")
    with engine.unit_of_work(case.who["cyd"]) as uow:
        (offered,) = tasks.targets(uow, item)
    with pytest.raises(ReturnNotPossible):
        case.back("c", "a")

    assert offered.word == "b"
    assert case.back("c", offered.word).target == "b"


def test_a_return_needs_an_opinion_a_button_and_an_allowed_place(engine):
    case = Case(engine, line(step("a"), step("b", back="previous"), step("c", back=""), step("d", back="a")))
    case.agree("a")

    with pytest.raises(OpinionRequired):
        case.back("b", "previous", "  ")
    with pytest.raises(ReturnNotPossible) as elsewhere:
        case.back("b", "c")
    case.agree("b")
    with pytest.raises(ActNotOffered):
        case.back("c", "previous")
    case.agree("c")
    with pytest.raises(ReturnNotPossible) as unlisted:
        case.back("d", "previous")
    with pytest.raises(ReturnNotPossible) as resubmit:
        case.back("d", "a", resubmit="straight")

    assert reasons(elsewhere.value) == ["The drawing does not allow it to go back to 'c', only to: previous."]
    assert reasons(unlisted.value) == ["The drawing does not allow it to go back to 'previous', only to: a."]
    assert reasons(resubmit.value) == ["The drawing does not let the resubmission go 'straight'."]
    assert case.waits == ["d"]


def test_a_task_that_was_not_passed_in_this_submission_is_no_target(engine):
    case = Case(engine, line(step("a"), step("b"), step("c")))
    case.agree("a")

    with pytest.raises(ReturnNotPossible) as ahead:
        case.back("b", "c")
    with pytest.raises(ReturnNotPossible) as itself:
        case.back("b", "b")
    with pytest.raises(ReturnNotPossible) as unknown:
        case.back("b", "nowhere")

    assert [reasons(error.value) for error in (ahead, itself, unknown)] == [
        [f"'{target}' was not passed in this submission."] for target in ("c", "b", "nowhere")
    ]


def test_what_was_done_in_between_is_not_done_twice(engine):
    case = Case(engine, line(step("a"), service("book", "test.booked"), step("c", back="previous a")))
    case.agree("a")

    with pytest.raises(ReturnNotPossible) as refused:
        case.back("c", "a")

    assert reasons(refused.value) == ["'book' has done since then what would be done twice: it must be undone first."]
    assert "return" not in tasks_offered(case, "c")


UNDO_FIRST = '<troika:return targets="any" compensate="true"/>'


def undone(undo: str, pay: str = "test.booked", **inputs: str) -> bytes:
    """Start -> a -> book, which `undo` undoes -> c, which may send it back."""
    book = service("book", pay, **inputs) + undoing(undo) + undone_by("book", undo.split('id="', 1)[1].split('"')[0])
    body = START + step("a", who="bob,eve") + book + step("c", UNDO_FIRST, back="") + END + flows("start a book c end")
    return with_handlers(body)


def test_what_was_done_in_between_is_undone_first_where_the_drawing_says_so(engine):
    case = Case(engine, undone(service("undo", "test.tally", in_name='= "undone"')))
    case.act(tasks.agree, "a", login="eve")
    assert [(place.word, place.undone, place.refused) for place in places(case, "c")[1:]] == [("a", ("book",), ())]

    case.back("c", "a")

    assert tallies(engine) == {"booked": 1, "undone": 1}
    assert case.waits == ["a"]
    assert mine(engine, case.who["bob"]) == [], "eve acted there before"
    case.act(tasks.agree, "a", login="eve")
    case.agree("c")
    assert (case.status, tallies(engine)) == ("completed", {"booked": 2, "undone": 1})


def test_the_people_from_before_are_asked_when_undoing_takes_longer(engine):
    """A job undoes it: nothing of the return is in memory any more when the token arrives."""
    case = Case(engine, undone(service("undo", "test.tell", in_text='= "no"', out_x="= answer")))
    case.act(tasks.agree, "a", login="eve")
    case.back("c", "a")
    assert case.waits == []

    engine.transport = httpx.MockTransport(lambda request: httpx.Response(200, json="ok"))
    object.__setattr__(engine.settings, "outbound_allow", "partner.example")
    case.jobs()

    assert (case.waits, mine(engine, case.who["bob"])) == (["a"], [])
    assert case.rounds()[-1] == ("a", 2, "open", False)


def test_what_nothing_undoes_keeps_it_from_going_back(engine):
    case = Case(engine, line(step("a"), service("book", "test.booked"), step("c", UNDO_FIRST, back="")))
    case.agree("a")

    with pytest.raises(ReturnNotPossible, match="it must be undone first"):
        case.back("c", "a")


def places(case: Case, node: str) -> list[tasks.Target]:
    return do(case.engine, case.who["cyd"], tasks.targets, case.item("cyd", node))


def test_two_people_who_send_back_at_once_make_one_return(engine):
    case = Case(engine, line(step("a"), step("b", who="bob,eve", mode="all")))
    case.agree("a")
    late = case.item("eve", "b")
    case.act(tasks.return_, "b", "previous", "no", login="bob")

    with pytest.raises(AlreadyDecided) as lost:
        do(engine, case.who["eve"], tasks.return_, late, "previous", "no")

    assert lost.value.status == 409
    assert case.waits == ["a"]


def test_the_same_click_twice_sends_back_once(engine):
    case = Case(engine, line(step("a"), step("b")))
    case.agree("a")
    item = case.item("eve", "b")

    first = do(engine, case.who["eve"], tasks.return_, item, "previous", "no", idempotency_key="k")
    second = do(engine, case.who["eve"], tasks.return_, item, "previous", "no", idempotency_key="k")

    assert (first.repeated, second.repeated) == (False, True)
    assert len(case.rounds()) == 3


def test_a_suspended_request_is_not_sent_back(engine):
    case = Case(engine, line(step("a"), step("b")))
    case.agree("a")
    with engine.unit_of_work(case.who["dan"]) as uow:
        runtime.suspend(uow, case.id, "audit")

    with pytest.raises(Suspended):
        do(engine, case.who["eve"], tasks.return_, case.item("eve", "b"), "previous", "no")


def test_timers_and_reminders_of_what_is_left_are_gone(engine, clock):
    xml = drawing(
        START + step("a") + step("b") + boundary("late", "b", timer("P2D"), False)
        + '<endEvent id="told" name="told"/>' + END + flows("start a b end", "late told")
    )  # fmt: skip
    case = Case(engine, xml)
    case.agree("a")

    case.back("b", "a")

    with engine.unit_of_work(case.who["ann"], read_only=True) as uow:
        assert list(returning.faults(uow, runtime.instance_view(uow, case.id).instance)) == []
    assert case.sound()


def test_the_page_offers_to_send_back_only_where_it_is_legal_and_shows_why_it_came_back(engine):
    case = Case(engine, line(step("a", back="previous"), step("b")))

    assert "return" not in tasks_offered(case, "a"), "nobody was asked before"
    case.agree("a")
    assert "return" in tasks_offered(case, "b")
    case.back("b", "a", "发票不清楚")

    item = case.item("bob", "a")
    with engine.unit_of_work(case.who["bob"], read_only=True) as uow:
        note = tasks.get(uow, item).note
    assert note is not None
    assert (note.by, note.opinion, note.task, note.straight) == ("Eve", "发票不清楚", "b", False)


def test_the_places_to_send_back_to_are_listed_with_the_reasons_against_each(engine):
    case = Case(engine, line(request(), step("a"), step("b")))
    case.agree("request", "a")

    item = case.item("eve", "b")
    with engine.unit_of_work(case.who["eve"], read_only=True) as uow:
        found = tasks.targets(uow, item)

    assert [(target.word, target.refused) for target in found] == [("initiator", ()), ("request", ()), ("a", ())]


def tasks_offered(case: Case, node: str) -> tuple[str, ...]:
    login = {"a": "bob", "b": "eve", "c": "cyd"}[node]
    item = case.item(login, node)
    with case.engine.unit_of_work(case.who[login], read_only=True) as uow:
        return tasks.get(uow, item).actions


@pytest.mark.parametrize("node", [step("a", back="nobody"), step("a", extra='onReject="return:nobody"')])
def test_a_drawing_that_goes_back_to_nowhere_is_refused(engine, node):
    with pytest.raises(DeploymentRefused) as refused:
        Case(engine, line(node, step("b")))

    assert [found.rule for found in refused.value.findings] == ["return-target-missing"]


# ---------------------------------------------------------------- a rejection that goes back as drawn


def test_a_rejection_goes_back_to_the_task_that_the_drawing_names(engine):
    case = Case(engine, line(step("a"), step("b"), step("c", extra='onReject="return:a"')))
    case.agree("a", "b")

    acted = case.act(tasks.reject, "c", "不同意")

    assert acted.outcome == "reject"
    assert case.waits == ["a"]
    assert case.rounds()[2] == ("c", 1, "failed", False)
    case.agree("a", "b", "c")
    assert case.status == "completed"


def test_a_rejection_goes_back_to_the_requester(engine):
    case = Case(engine, line(request(), step("a"), step("b", extra='onReject="initiator"')))
    case.agree("request", "a")

    case.act(tasks.reject, "b", "不同意")

    assert case.waits == ["request"]


def test_a_rejection_that_cannot_go_back_is_not_made(engine):
    case = Case(engine, line(step("a"), service("book", "test.booked"), step("c", extra='onReject="return:a"')))
    case.agree("a")

    with pytest.raises(ReturnNotPossible):
        case.act(tasks.reject, "c", "不同意")

    assert case.waits == ["c"]
    assert case.items("c", 1) == [("todo", None, None)]


# ---------------------------------------------------------------- what must be true afterwards


def test_a_return_that_would_leave_a_token_behind_is_undone_whole_and_raises_an_incident(engine, monkeypatch):
    case = Case(engine, FORK)
    case.agree("a", "b")
    before = case.rounds()
    monkeypatch.setattr(returning, "misplaced", lambda *_: ["a token is left at c"])

    done = case.back("c", "a")

    assert (done.target, done.incident_id is None) == (None, False)
    assert [(found.code, found.node) for found in case.view().incidents] == [("goto_postcondition", "a")]
    assert case.rounds() == before
    assert case.items("c", 1) == [("todo", None, None)]
    monkeypatch.undo()
    assert case.back("c", "a").target == "a"


@pytest.mark.parametrize("limited", [False, True], ids=["by a person", "by a time limit"])
def test_a_rejection_that_would_leave_a_token_behind_is_undone_whole(engine, clock, monkeypatch, limited):
    """The item was decided, its round stayed open with nobody to ask, and the incident could not be acted on."""
    limit = '<troika:timeout><troika:step after="PT1H" do="reject"/></troika:timeout>' if limited else ""
    case = Case(engine, line(step("a"), step("c", limit, extra='onReject="return:a"')))
    case.agree("a")
    before = case.rounds()
    monkeypatch.setattr(returning, "misplaced", lambda *_: ["a token is left at c"])

    if limited:
        clock.advance(timedelta(hours=1))
        case.jobs()
    else:
        done = case.act(tasks.reject, "c", "不行")
        assert (done.outcome, done.incident_id is None) == (None, False)

    assert [found.code for found in case.view().incidents] == ["goto_postcondition"]
    assert case.rounds() == before
    assert case.items("c", 1) == [("todo", None, None)]
    monkeypatch.undo()
    case.act(tasks.reject, "c", "不行")
    assert case.waits == ["a"]


def test_a_plain_reset_is_caught_by_what_must_be_true_afterwards(engine, monkeypatch):
    """What another engine did: the branch begins again, and what lay behind the join stays alive."""
    case = Case(engine, FORK)
    case.agree("a", "b")

    def reset(state, tokens, target, passed, *, now, env, irreversible=(), compensate=False):
        return bpmn.modify(state, bpmn.Modification(start=(bpmn.Placing(target),)), now=now, env=env)

    monkeypatch.setattr(bpmn, "goto", reset)
    done = case.back("c", "a")

    assert done.incident_id is not None
    assert case.waits == ["c"]
    (found,) = case.view().incidents
    assert "a token is left at c" in found.message
    assert status(engine, case.id) is Status.RUNNING


def test_whether_a_return_is_offered_costs_the_same_after_many_tasks(engine):
    def statements(passed: int) -> int:
        key = f"p{passed}"
        nodes = [step(f"n{number}", who=f"w{passed}") for number in range(passed + 1)]
        with engine.unit_of_work(ENGINE) as uow:
            worker = Actor(identity.create_user(uow, f"w{passed}", "W").id)
            xml = line(*nodes).replace(b'process id="p"', f'process id="{key}"'.encode())
            repository.deploy(uow, {f"processes/oa/{key}.bpmn": xml})
            runtime.start(uow, key, {})
        for _ in range(passed):
            do(engine, worker, tasks.agree, mine(engine, worker)[0].work_item_id)
        [item] = [found.work_item_id for found in mine(engine, worker)]
        counted: list[str] = []

        def note(*said: Any) -> None:
            counted.append(said[2])

        event.listen(Engine, "before_cursor_execute", note)
        try:
            assert "return" in do(engine, worker, tasks.get, item).actions
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        return len(counted)

    assert statements(12) == statements(2)
