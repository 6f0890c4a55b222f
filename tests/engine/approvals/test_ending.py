"""撤回, 取回, 作废, 终止, 唤醒, 重新发起: who may, until when, and what is left of the request."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from engine import documents, identity, modification, policy, repository, runtime, tasks
from engine.bpmn import Modification, Placing
from engine.db.instance import Status
from engine.db.job import job
from engine.errors import (
    Forbidden,
    InvalidForm,
    MoveRefused,
    NotFound,
    NotPossibleNow,
    NotYourTask,
    OperationRunning,
    OpinionRequired,
    ReturnNotPossible,
    StaleDraft,
    UnknownField,
)
from engine.ids import uuid7
from engine.tasks import drafting
from engine.unit_of_work import ENGINE
from tests.consistency import consistent
from tests.engine.approvals.going import FORK, WHO, Case, line, request, step
from tests.engine.approvals.test_resubmitting import guarded
from tests.engine.bpmn.drawing import END, START, drawing, element, extensions, flows, script, service, timer
from tests.engine.bpmn.test_event_sub_processes import handler
from tests.engine.policy.test_gate import POLICY, a_bill, changed, state_of
from tests.engine.test_tasks import FORM, begin, do, mine

pytestmark = pytest.mark.approvals

NUMBERED = '<troika:numbering pattern="BX{seq:4}" period="never"/>'
STARTED = (
    '<startEvent id="start" name="start"><extensionElements><zeebe:formDefinition formId="oa/claim"/>'
    "</extensionElements></startEvent>"
)


def numbered(*nodes: str, more: str = "") -> bytes:
    keys = [node.split('id="', 1)[1].split('"', 1)[0] for node in nodes]
    head = f"<extensionElements>{NUMBERED}{more}</extensionElements>"
    return drawing(head + STARTED + "".join(nodes) + END + flows(" ".join(["start", *keys, "end"])))


def reason(error: NotPossibleNow) -> str:
    return str(error.facts["reason"])


def admins(case: Case, *logins: str) -> None:
    with case.engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "operators", "运维", capabilities="cockpit")
        for login in logins:
            identity.add_member(uow, "operators", login)


def acts(case: Case, login: str) -> set[str]:
    with case.engine.unit_of_work(case.who[login], read_only=True) as uow:
        return set(tasks.acts(uow, case.id))


# ---------------------------------------------------------------- withdraw: 18.9


def test_a_withdrawn_request_keeps_its_number_and_comes_back_as_submission_two(engine):
    case = Case(engine, numbered(step("a"), step("b")), form=True, amount=10, note="x")
    assert acts(case, "ann") == {"withdraw", "void", "copy"}

    draft_id = do(engine, case.who["ann"], tasks.withdraw, case.id, "写错了")

    assert case.status == "withdrawn"
    assert mine(engine, case.who["bob"]) == []
    assert acts(case, "ann") == {"copy"}
    with engine.unit_of_work(case.who["ann"], read_only=True) as uow:
        draft = drafting.open_(uow, draft_id)
        assert [one.id for one in drafting.list_(uow)] == [draft_id]
    assert (draft.number, draft.submission, draft.values) == ("BX0001", 2, {"amount": 10, "note": "x"})
    again = do(engine, case.who["ann"], drafting.submit, draft_id, {"amount": "12"}, draft.version)
    assert (again.number, again.submission, again.resubmits_id) == ("BX0001", 2, case.id)
    with pytest.raises(NotFound):
        do(engine, case.who["ann"], drafting.submit, draft_id, {"amount": "12"}, draft.version)
    assert consistent(engine)
    with engine.unit_of_work(case.who["ann"], read_only=True) as uow:
        assert [one.number for one in tasks.requested(uow).items] == ["BX0001", "BX0001"]


def test_after_the_first_decision_it_is_too_late_unless_the_drawing_says_otherwise(engine):
    case = Case(engine, line(step("a"), step("b")))
    case.agree("a")

    with pytest.raises(NotPossibleNow) as late:
        do(engine, case.who["ann"], tasks.withdraw, case.id)

    assert (late.value.status, reason(late.value)) == (409, "somebody has decided already")
    assert case.status == "running"


@pytest.mark.parametrize(
    ("until", "days", "refusal"),
    [
        ("anytime", 0, None),
        ("never", 0, "its drawing does not allow it"),
        ("approvedWithin:P3D", 2, None),
        ("approvedWithin:P3D", 4, "it was approved more than 3 days ago"),
    ],
)
def test_until_when_a_request_may_be_withdrawn_is_drawn(engine, clock, until, days, refusal):
    case = Case(engine, numbered(step("a"), step("b"), more=f'<troika:withdraw until="{until}"/>'), form=True)
    case.agree("a")
    clock.advance(timedelta(days=days))

    if refusal is None:
        draft_id = do(engine, case.who["ann"], tasks.withdraw, case.id)
        draft = do(engine, case.who["ann"], drafting.open_, draft_id)
        assert (case.status, draft.number, draft.submission) == ("withdrawn", "BX0001", 2)
        assert mine(engine, case.who["eve"]) == []
    else:
        with pytest.raises(NotPossibleNow) as refused:
            do(engine, case.who["ann"], tasks.withdraw, case.id)
        assert reason(refused.value) == refusal


def test_nobody_withdraws_the_request_of_somebody_else(engine):
    case = Case(engine, line(step("a")))

    with pytest.raises(NotPossibleNow) as refused:
        do(engine, case.who["bob"], tasks.withdraw, case.id)

    assert reason(refused.value) == "only its requester may do that"


def test_a_request_that_has_had_an_effect_is_reversed_and_not_withdrawn(engine):
    case = Case(engine, line(service("book", "test.booked"), step("a")))

    with pytest.raises(NotPossibleNow) as refused:
        do(engine, case.who["ann"], tasks.withdraw, case.id)

    assert reason(refused.value) == "'book' must be taken back by the process that reverses it"


@pytest.mark.parametrize("before", ["active", "parked"])
@pytest.mark.parametrize("verb", ["withdraw", "void", "cancel"])
def test_a_withdrawal_voids_every_grant(engine, before, verb):
    case, bill_id = guarded(engine, '<troika:withdraw until="anytime"/>')
    admins(case, "dan")
    if before == "parked":
        case.back("c", "request", resubmit="backToMe")
    assert case.grants() == [("a", before)]

    do(engine, case.who["ann" if verb == "withdraw" else "dan"], getattr(tasks, verb), case.id, "写错了")

    assert case.grants() == [("a", "void")]
    assert state_of(engine, bill_id) == "open"


@pytest.mark.parametrize("verb", [tasks.withdraw, tasks.void])
def test_nothing_is_withdrawn_while_something_is_being_done_outside(engine, clock, verb):
    xml = numbered(service("send", "test.wire", in_text='= "x"'), more='<troika:withdraw until="anytime"/>')
    case = Case(engine, xml, form=True, amount=10, note="x")
    with engine.unit_of_work(ENGINE) as uow:
        uow.execute(update(job).values(lock_token=uuid7(), visible_at=clock.now() + timedelta(minutes=5)))

    with pytest.raises(OperationRunning, match="send"):
        do(engine, case.who["ann"], verb, case.id, "写错了")

    assert case.status == "running"
    with engine.unit_of_work(ENGINE) as uow:
        uow.execute(update(job).values(lock_token=None, visible_at=clock.now()))
    do(engine, case.who["ann"], verb, case.id, "写错了")


# ---------------------------------------------------------------- recall: 18.8


def test_a_decision_among_many_is_taken_back_while_the_others_are_asked(engine):
    case = Case(engine, line(step("a", who="bob,eve", mode="all"), step("c")))
    item = case.item("bob", "a")
    do(engine, case.who["bob"], tasks.agree, item)
    with engine.unit_of_work(case.who["bob"], read_only=True) as uow:
        assert tasks.get(uow, item).actions == ("recall",)

    made = do(engine, case.who["bob"], tasks.recall, item)

    assert [found.work_item_id for found in mine(engine, case.who["bob"])] == [made]
    assert consistent(engine)
    case.act(tasks.agree, "a", login="eve")
    assert case.waits == ["a"], "what was taken back does not count"
    case.act(tasks.agree, "a", login="bob")
    assert case.waits == ["c"]


def test_a_passed_round_is_taken_back_before_the_next_decides_and_the_other_decisions_are_carried(engine):
    case = Case(engine, line(step("a", who="bob,eve", mode="all"), step("c"), step("d")))
    case.act(tasks.agree, "a", login="bob")
    item = case.item("eve", "a")
    case.act(tasks.agree, "a", login="eve")
    assert case.waits == ["c"]

    do(engine, case.who["eve"], tasks.recall, item)

    assert consistent(engine)
    assert case.waits == ["a"]
    assert sorted(case.items("a", 2), key=str) == [
        ("decided", "agreed", "carried"), ("todo", None, None),
    ]  # fmt: skip
    assert mine(engine, case.who["cyd"]) == []
    case.act(tasks.agree, "a", login="eve")
    assert case.waits == ["c"]


def paid_by_two(engine: Any) -> tuple[Case, Any]:
    """Approval a (finance_approval of a bill by two people) -> c -> pay -> end; waits at c."""
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY.replace("people: 1, valid_for", "people: 2, valid_for"))
    bill_id = a_bill(engine)
    provides = '<troika:policy provides="finance_approval" subject="= bill_id" subjectType="test_bill"/>'
    xml = drawing(
        START + step("a", provides, who="bob,eve", mode="all") + step("c")
        + element("exclusiveGateway", "ok", default="ok_end") + service("pay", "test.pay_bill", in_bill_id="= bill_id")
        + END + flows("start a c ok", 'ok pay ? approval.a.outcome = "agree"', "pay end", "ok end")
    )  # fmt: skip
    case = Case(engine, xml, bill_id=str(bill_id))
    case.act(tasks.agree, "a", login="bob")
    return case, bill_id


def test_the_others_need_not_approve_again_when_one_takes_his_approval_back(engine):
    case, bill_id = paid_by_two(engine)
    item = case.item("eve", "a")
    case.act(tasks.agree, "a", login="eve")
    assert case.grants() == [("a", "active")] * 2

    do(engine, case.who["eve"], tasks.recall, item)

    assert sorted(state for _, state in case.grants()) == ["parked", "void"], "nothing counts while she is asked"
    case.act(tasks.agree, "a", login="eve")
    assert sorted(state for _, state in case.grants()) == ["active", "active", "void"]
    case.agree("c")
    case.jobs()
    assert (case.status, state_of(engine, bill_id)) == ("completed", "paid")


@pytest.mark.parametrize(("change", "active"), [("document", 1), ("rejected", 0), ("returned", 0)])
def test_approvals_that_wait_for_a_taken_back_one_fall_with_it(engine, change, active):
    case, bill_id = paid_by_two(engine)
    item = case.item("eve", "a")
    case.act(tasks.agree, "a", login="eve")
    do(engine, case.who["eve"], tasks.recall, item)
    if change == "rejected":
        case.act(tasks.reject, "a", "不行", login="eve")
    elif change == "document":
        changed(engine, bill_id, version=20000)
        case.act(tasks.agree, "a", login="eve")
    else:
        case.act(tasks.agree, "a", login="eve")
        case.back("c", "a")

    assert [state for _, state in case.grants()].count("active") == active


def test_after_the_next_has_decided_nothing_is_taken_back(engine):
    case = Case(engine, line(step("a"), step("c"), step("d")))
    item = case.item("bob", "a")
    case.agree("a", "c")

    with pytest.raises(NotPossibleNow) as refused:
        do(engine, case.who["bob"], tasks.recall, item)

    assert reason(refused.value) == "'c' was decided already"
    with engine.unit_of_work(case.who["bob"], read_only=True) as uow:
        assert tasks.get(uow, item).actions == ()


def test_who_takes_his_decision_back_is_asked_again_with_what_was_computed_since(engine):
    case = Case(engine, line(step("a"), script("s", "count + 1", "count"), step("c")), count=1)
    item = case.item("bob", "a")
    case.agree("a")

    do(engine, case.who["bob"], tasks.recall, item)

    assert (case.waits, case.view().variables["count"]) == (["a"], 2)


@pytest.mark.parametrize(("until", "possible"), [("beforeNextDecision", True), ("beforeNextSeen", False)])
def test_whether_the_next_has_seen_it_counts_when_the_drawing_says_so(engine, until, possible):
    case = Case(engine, line(step("a", f'<troika:recall until="{until}"/>'), step("c")))
    item = case.item("bob", "a")
    case.agree("a")
    do(engine, case.who["cyd"], tasks.opened, case.item("cyd", "c"))

    if possible:
        do(engine, case.who["bob"], tasks.recall, item)
        assert case.waits == ["a"]
    else:
        with pytest.raises(NotPossibleNow) as refused:
            do(engine, case.who["bob"], tasks.recall, item)
        assert reason(refused.value) == "the next person has seen it already"


def test_what_cannot_be_undone_in_between_stops_a_recall(engine):
    case = Case(engine, line(step("a"), service("book", "test.booked"), step("c")))
    item = case.item("bob", "a")
    case.agree("a")

    with pytest.raises(ReturnNotPossible):
        do(engine, case.who["bob"], tasks.recall, item)

    assert case.waits == ["c"]


def test_what_a_called_process_has_done_stops_a_recall_though_the_caller_has_an_element_of_that_id(engine):
    books = drawing(START + END + service("x", "test.booked") + flows("start x end"), process_id="sub")
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/sub.bpmn": books})
    called = extensions('<zeebe:calledElement processId="sub"/>')
    call = f'<callActivity id="call" name="call">{called}</callActivity>'
    case = Case(engine, line(script("x", "1", "one"), step("a"), call, step("c")))
    item = case.item("bob", "a")
    case.agree("a")

    with pytest.raises(ReturnNotPossible):
        do(engine, case.who["bob"], tasks.recall, item)

    assert case.waits == ["c"]


def test_the_loser_of_an_or_sign_has_nothing_to_take_back(engine):
    case = Case(engine, line(step("a", who="bob,eve"), step("c")))
    lost = case.item("eve", "a")
    case.act(tasks.agree, "a", login="bob")

    with pytest.raises(NotYourTask):
        do(engine, case.who["eve"], tasks.recall, lost)


def test_in_sequence_the_next_waits_again(engine):
    case = Case(engine, line(step("a", who="bob,eve", mode="sequential"), step("c")))
    item = case.item("bob", "a")
    do(engine, case.who["bob"], tasks.agree, item)

    do(engine, case.who["bob"], tasks.recall, item)

    assert consistent(engine)
    assert mine(engine, case.who["eve"]) == []
    case.act(tasks.agree, "a", login="bob")
    case.act(tasks.agree, "a", login="eve")
    assert case.waits == ["c"]


def test_a_recall_behind_a_join_gives_the_other_branch_back_to_it(engine):
    case = Case(engine, FORK)
    case.agree("b")
    item = case.item("bob", "a")
    case.agree("a")

    do(engine, case.who["bob"], tasks.recall, item)

    assert (case.waits, case.held()) == (["a"], {"b_j": 1})
    assert consistent(engine)


# ---------------------------------------------------------------- void, cancel, wake, jump


def test_an_administrator_voids_and_cancels_with_a_reason(engine):
    voided, cancelled = (Case(engine, line(step("a"))) if index == 0 else None for index in range(2))
    assert cancelled is None
    assert voided is not None
    admins(voided, "dan")
    with pytest.raises(OpinionRequired):
        do(engine, voided.who["dan"], tasks.void, voided.id, " ")

    do(engine, voided.who["dan"], tasks.void, voided.id, "重复")

    assert voided.status == "voided"
    assert acts(voided, "dan") == set()
    with pytest.raises(NotPossibleNow) as over:
        do(engine, voided.who["dan"], tasks.cancel, voided.id, "again")
    assert reason(over.value) == "it has ended"


def test_only_an_administrator_cancels(engine):
    case = Case(engine, line(step("a")))
    admins(case, "dan")

    with pytest.raises(NotPossibleNow):
        do(engine, case.who["ann"], tasks.cancel, case.id, "no")
    do(engine, case.who["dan"], tasks.cancel, case.id, "no")

    assert case.status == "terminated"


def rejected(engine: Any) -> Case:
    case = Case(engine, line(step("a"), step("b", extra='onReject="end"'), step("c")))
    admins(case, "dan", "cyd")
    case.agree("a")
    case.act(tasks.reject, "b", "no")
    assert case.status == "rejected"
    return case


def test_two_administrators_wake_a_rejected_request_at_its_last_task(engine):
    case = rejected(engine)
    assert "wake" in acts(case, "dan")

    first = do(engine, case.who["dan"], tasks.wake, case.id, "误拒")
    again = do(engine, case.who["dan"], tasks.wake, case.id, "误拒")
    assert (first.confirmed, again.confirmed, case.status) == (False, False, "rejected")
    second = do(engine, case.who["cyd"], tasks.wake, case.id, "同意")

    assert second.confirmed
    assert (case.status, case.waits) == ("running", ["b"])
    assert case.rounds()[-1] == ("b", 2, "open", False)
    assert consistent(engine)
    case.agree("b", "c")
    assert case.status == "completed"


def test_what_waits_beside_a_request_waits_again_when_it_is_woken(engine, clock):
    late = handler("late", timer("P3D"), step("called", who="cyd"), "late_start called late_end", interrupting=False)
    case = Case(engine, line(step("a", extra='onReject="end"'), step("c"), more=late))
    admins(case, "dan", "cyd")
    case.act(tasks.reject, "a", "no")
    assert case.view().waits == []

    for login in ("dan", "cyd"):
        do(engine, case.who[login], tasks.wake, case.id, "误拒")

    assert {node for _, node, _ in case.view().waits} == {"a", "late_start"}
    assert consistent(engine)
    clock.advance(timedelta(days=3))
    case.jobs()
    assert case.waits == ["a", "called"]


def test_a_request_is_not_woken_when_what_waits_beside_it_cannot_wait(engine):
    late = handler("late", timer("= limit"), step("called", who="cyd"), "late_start called late_end")
    case = Case(engine, line(step("a", extra='onReject="end"'), more=late), limit="P3D")
    admins(case, "dan", "cyd")
    with engine.unit_of_work(ENGINE) as uow:
        runtime.set_variables(uow, case.id, {"limit": 3}, reason="test")
    case.act(tasks.reject, "a", "no")

    do(engine, case.who["dan"], tasks.wake, case.id, "误拒")
    with pytest.raises(MoveRefused, match="cannot wait again: timer-invalid"):
        do(engine, case.who["cyd"], tasks.wake, case.id, "误拒")

    assert case.status == "rejected"


def test_a_request_to_wake_stands_for_a_week(engine, clock):
    case = rejected(engine)
    do(engine, case.who["dan"], tasks.wake, case.id, "误拒")
    clock.advance(timedelta(days=8))

    assert not do(engine, case.who["cyd"], tasks.wake, case.id, "同意").confirmed
    assert case.status == "rejected"


def test_earlier_approvals_stay_void_when_a_request_is_woken(engine):
    case, bill_id = guarded(engine)
    admins(case, "dan", "eve")
    with engine.unit_of_work(ENGINE) as uow:
        runtime.cancel(uow, case.id, "no", status=Status.REJECTED)

    do(engine, case.who["dan"], tasks.wake, case.id, "误拒")
    with pytest.raises(MoveRefused):
        do(engine, case.who["eve"], tasks.wake, case.id, "同意")

    assert state_of(engine, bill_id) == "open"
    assert case.status == "rejected", "behind its approval it could pay without one: the proof stops it"


def test_a_jump_over_a_guarding_approval_is_blocked(engine):
    case, bill_id = guarded(engine)
    case.back("c", "request")
    token = next(token for token, node, _ in case.view().waits if node == "request")
    plan = Modification((token,), (Placing("pay"),))

    with pytest.raises(Forbidden):
        do(engine, case.who["dan"], modification.modify, case.id, plan, reason="quick", accept_warnings=True)
    admins(case, "dan")
    with pytest.raises(MoveRefused):
        do(engine, case.who["dan"], modification.modify, case.id, plan, reason="quick", accept_warnings=True)

    assert state_of(engine, bill_id) == "open"
    assert case.waits == ["request"]


# ---------------------------------------------------------------- drafts, again: 18.28


def test_a_draft_is_saved_while_it_is_typed_and_a_second_page_is_told(engine):
    case = Case(engine, numbered(step("a")), form=True)
    ann = case.who["ann"]
    draft = do(engine, ann, drafting.save, "p", {"amount": "not yet", "note": "x"})

    saved = do(engine, ann, drafting.save, "p", {"amount": "12"}, draft_id=draft.id, version=draft.version)
    with pytest.raises(StaleDraft) as elsewhere:
        do(engine, ann, drafting.save, "p", {"amount": "13"}, draft_id=draft.id, version=draft.version)
    with pytest.raises(NotFound):
        do(engine, case.who["bob"], drafting.open_, draft.id)

    assert (saved.version, saved.values, saved.number) == (2, {"amount": "12"}, None)
    assert elsewhere.value.status == 409
    with pytest.raises(InvalidForm):
        do(engine, ann, drafting.submit, draft.id, {"amount": "much"}, saved.version)
    for key in ("lane_owners", "approval", "process"):
        with pytest.raises(UnknownField, match=key):
            do(engine, ann, drafting.submit, draft.id, {"amount": "12", key: {"a": ["ann"]}}, saved.version)
    begun = do(engine, ann, drafting.submit, draft.id, {"amount": "12"}, saved.version)
    assert (begun.number, begun.submission) == ("BX0002", 1)
    assert consistent(engine)


def test_an_old_draft_is_forgotten_and_a_discarded_one_is_gone(engine, clock):
    case = Case(engine, numbered(step("a")), form=True)
    kept = do(engine, case.who["ann"], drafting.save, "p", {"note": "x"})
    gone = do(engine, case.who["ann"], drafting.save, "p", {"note": "y"})

    do(engine, case.who["ann"], drafting.discard, gone.id, gone.version)
    clock.advance(timedelta(days=91))
    do(engine, ENGINE, drafting.forget)

    for draft in (kept, gone):
        with pytest.raises(NotFound):
            do(engine, case.who["ann"], drafting.open_, draft.id)
    assert case.status == "running"


def test_a_request_is_made_again_from_an_older_one_and_the_fields_that_are_gone_are_named(engine):
    case = Case(engine, numbered(step("a")), form=True, amount=7, note="x")
    case.agree("a")

    draft = do(engine, case.who["ann"], tasks.copy_to_draft, case.id)

    assert (draft.values, draft.dropped, draft.number, draft.submission) == ({"amount": 7, "note": "x"}, (), None, 1)
    do(engine, case.who["ann"], drafting.save, "p", {"amount": 7, "old": 1}, draft_id=draft.id, version=draft.version)
    with engine.unit_of_work(case.who["ann"], read_only=True) as uow:
        assert drafting.open_(uow, draft.id).dropped == ("old",)


def files(engine, actor, instance_id):
    return [(one.name, one.size) for one in do(engine, actor, tasks.attachments, instance_id)]


@pytest.mark.parametrize("act", ["copy_to_draft", "withdraw"])
def test_files_come_along_by_reference_and_go_with_a_draft_that_is_thrown_away(engine, act):
    case = Case(engine, numbered(step("a")), form=True, amount=7, note="x")
    ann = case.who["ann"]
    case.act(tasks.attach, "a", "receipt.txt", b"paid", "text/plain")

    made = do(engine, ann, getattr(tasks, act), case.id)
    draft = do(engine, ann, drafting.open_, getattr(made, "id", made))
    again = do(engine, ann, drafting.submit, draft.id, dict(draft.values), draft.version)

    assert files(engine, ann, again.id) == files(engine, ann, case.id) == [("receipt.txt", 4)]
    draft = do(engine, ann, tasks.copy_to_draft, again.id)
    do(engine, ann, drafting.discard, draft.id, draft.version)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert len(uow.connection.exec_driver_sql("SELECT id FROM document").all()) == 2


@pytest.mark.parametrize("act", ["copy_to_draft", "withdraw"])
def test_files_that_a_form_names_are_those_of_the_draft_and_no_others_come_along(engine, monkeypatch, act):
    """And fields inside groups come along as well."""
    inner = [{"id": "Files", "type": "filepicker", "key": "files", "multiple": True, "label": "files"},
             {"id": "Why", "type": "textfield", "key": "why", "label": "why"}]  # fmt: skip
    group = {"id": "Group", "type": "group", "path": "proof", "components": inner}
    monkeypatch.setitem(FORM, "components", [*FORM["components"], group])
    case = Case(engine, numbered(step("a")), form=True, amount=7, note="x")
    given_in = case.act(tasks.attach, "a", "receipt.txt", b"paid", "text/plain")
    elsewhere = do(engine, case.who["ann"], documents.store, "elsewhere", case.id, "mine.txt", b"x")
    foreign = do(engine, ENGINE, documents.store, "elsewhere", case.id, "theirs.txt", b"x")
    named = [str(given_in), str(elsewhere), str(foreign), str(case.id)]
    given = {"proof": {"files": named, "why": "lost"}}
    do(engine, ENGINE, runtime.set_variables, case.id, given, reason="filled in")

    made = do(engine, case.who["ann"], getattr(tasks, act), case.id)
    draft = do(engine, case.who["ann"], drafting.open_, getattr(made, "id", made))

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        [own] = documents.list_(uow, "instance", draft.id)
    assert own.id != given_in
    assert draft.values["proof"] == {"files": [str(own.id)], "why": "lost"}
    assert (draft.lost, draft.loose) == (("mine.txt", "", ""), ())
    do(engine, case.who["ann"], drafting.save, "p", draft.values, draft_id=draft.id, version=draft.version)
    assert do(engine, case.who["ann"], drafting.open_, draft.id).lost == ()


def test_files_of_a_field_that_is_gone_are_named_and_stay_beside_the_request(engine, monkeypatch, clock):
    without = list(FORM["components"])
    proof = {"id": "Files", "type": "filepicker", "key": "proof", "multiple": True, "label": "Proof"}
    monkeypatch.setitem(FORM, "components", [*without, proof])
    case = Case(engine, numbered(step("a")), form=True, amount=7, note="x")
    given_in = case.act(tasks.attach, "a", "receipt.txt", b"paid", "text/plain")
    do(engine, ENGINE, runtime.set_variables, case.id, {"proof": [str(given_in)]}, reason="filled in")
    monkeypatch.setitem(FORM, "components", without)
    clock.advance(timedelta(days=1))
    begin(engine, case.who["ann"], numbered(step("a")), form=True, amount=1, note="newer")

    draft = do(engine, case.who["ann"], tasks.copy_to_draft, case.id)

    assert (draft.dropped, draft.loose, draft.lost) == (("proof",), ("receipt.txt",), ())
    assert draft.labels["proof"][""] == "Proof"
    assert files(engine, case.who["ann"], draft.id) == [("receipt.txt", 4)]


def test_fields_that_are_gone_inside_groups_and_lists_are_named_with_their_files(engine, monkeypatch, clock):
    def files_and(key, *, with_files):
        proof = {"id": f"F_{key}", "type": "filepicker", "key": "files", "multiple": True, "label": f"{key} proof"}
        return [{"id": f"W_{key}", "type": "textfield", "key": "why", "label": "why"}, *([proof] if with_files else [])]

    def components(*, with_files):
        return [
            *FORM["components"],
            {"id": "G", "type": "group", "path": "trip", "components": files_and("trip", with_files=with_files)},
            {"id": "L", "type": "dynamiclist", "path": "lines", "components": files_and("line", with_files=with_files)},
        ]

    before, after = components(with_files=True), components(with_files=False)
    monkeypatch.setitem(FORM, "components", before)
    case = Case(engine, numbered(step("a")), form=True, amount=7, note="x")
    names = ("hotel.txt", "train.txt", "taxi.txt")
    hotel, train, taxi = (str(case.act(tasks.attach, "a", name, b"paid", "text/plain")) for name in names)
    given = {"trip": {"why": "fair", "files": [hotel]},
             "lines": [{"why": "there", "files": [train]}, {"why": "back", "files": [taxi]}]}  # fmt: skip
    do(engine, ENGINE, runtime.set_variables, case.id, given, reason="filled in")
    monkeypatch.setitem(FORM, "components", after)
    clock.advance(timedelta(days=1))
    begin(engine, case.who["ann"], numbered(step("a")), form=True, amount=1, note="newer")

    draft = do(engine, case.who["ann"], tasks.copy_to_draft, case.id)

    assert draft.dropped == ("lines.files", "trip.files")
    assert (sorted(draft.loose), draft.lost) == (sorted(names), ())
    assert [draft.labels[path][""] for path in draft.dropped] == ["line proof", "trip proof"]
    assert (draft.values["trip"], draft.values["lines"]) == ({"why": "fair"}, [{"why": "there"}, {"why": "back"}])


def test_rows_in_a_field_that_is_one_for_files_now_do_not_stop_a_draft(engine, monkeypatch):
    proof = {"id": "Files", "type": "filepicker", "key": "proof", "multiple": True, "label": "Proof"}
    monkeypatch.setitem(FORM, "components", [*FORM["components"], proof])
    case = Case(engine, numbered(step("a")), form=True, amount=7, note="x")
    do(engine, ENGINE, runtime.set_variables, case.id, {"proof": [{"what": "receipt"}]}, reason="an older form")

    draft = do(engine, case.who["ann"], tasks.copy_to_draft, case.id)

    assert (draft.values["proof"], draft.lost) == ([], ("",))


def test_what_a_requester_and_an_administrator_may_do_depends_on_the_state(engine):
    case = Case(engine, line(request(), step("a"), step("b", extra='onReject="end"')))
    admins(case, "dan")
    assert WHO["request"] == "ann"
    seen = [(acts(case, "ann"), acts(case, "dan"), acts(case, "bob"))]

    do(engine, case.who["dan"], runtime.suspend, case.id, "audit")
    seen.append((acts(case, "ann"), acts(case, "dan"), acts(case, "bob")))
    do(engine, case.who["dan"], runtime.activate, case.id)
    case.agree("request", "a")
    seen.append((acts(case, "ann"), acts(case, "dan"), acts(case, "bob")))

    assert seen == [
        ({"withdraw", "void", "copy"}, {"void", "cancel", "suspend", "jump"}, set()),
        ({"copy"}, {"void", "cancel", "activate", "jump"}, set()),
        ({"copy"}, {"void", "cancel", "suspend", "jump"}, set()),
    ]


def test_drafts_are_still_there_while_their_process_takes_no_requests(engine):
    case = Case(engine, numbered(step("a")), form=True, amount=10, note="x")
    do(engine, case.who["ann"], tasks.withdraw, case.id)
    with engine.unit_of_work(ENGINE) as uow:
        repository.retire(uow, "p")

    with engine.unit_of_work(case.who["ann"]) as uow:
        [draft] = drafting.list_(uow)
        assert draft.values["note"] == "x"
        drafting.discard(uow, draft.id, draft.version)
        assert drafting.list_(uow) == []
