"""What people do with their work: find it, decide it, lose a race politely, hand it over."""

import json
import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from engine import history, identity, jobs, repository, runtime, tasks, values
from engine.db.instance import Status
from engine.db.task import ItemStatus, Source, work_item
from engine.errors import (
    ActNotOffered,
    AlreadyDecided,
    CannotTransfer,
    ContentChanged,
    EngineError,
    FieldNotWritable,
    Forbidden,
    InvalidForm,
    NotYourTask,
    OpinionRequired,
    Stale,
    Suspended,
    TaskAlreadyClaimed,
    UnknownField,
    WrongFileType,
)
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import END, START, boundary, drawing, flows, timer
from tests.factories import inbox_size, open_rows, straight, waits_of
from tests.lending import begun_once


@begun_once
def people(engine, *logins: str) -> dict[str, Actor]:
    """Accounts; cyd leads everybody, dan administers."""
    made: dict[str, Actor] = {}
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "finance", "财务部")
        identity.create_group(uow, "process_admin", "流程管理员")
        identity.create_user(uow, "cyd", "Cyd")
        for login in ("ann", "bob", "eve", "dan", *logins):
            identity.create_user(uow, login, login.title(), manager="cyd")
        for login in ("bob", "eve"):
            identity.add_member(uow, "finance", login)
        identity.add_member(uow, "process_admin", "dan")
        for person in identity.users(uow):
            made[person.login] = Actor(person.id)
    return made


FORM = {
    "schemaVersion": 18,
    "type": "default",
    "id": "oa/claim",
    "components": [
        {"type": "number", "key": "amount", "id": "f1", "label": "金额", "decimalDigits": 2},
        {"type": "textfield", "key": "note", "id": "f2", "label": "备注"},
        {"type": "textfield", "key": "salary", "id": "f3", "label": "工资"},
    ],
}
FIELDS = (
    '<zeebe:formDefinition formId="oa/claim"/><troika:fields default="read"><troika:field id="note" perm="write"/>'
    '<troika:field id="salary" perm="hidden"/></troika:fields>'
)


def approval(key: str, *more: str, who: str = 'candidateUsers="bob,eve"', mode: str = "all", extra: str = "") -> str:
    return (
        f'<userTask id="{key}" name="{key}"><extensionElements><zeebe:assignmentDefinition {who}/>'
        f'<troika:approval mode="{mode}" {extra}/>{"".join(more)}</extensionElements></userTask>'
    )


def task(key: str, *more: str, who: str = 'candidateGroups="finance"') -> str:
    return (
        f'<userTask id="{key}" name="{key}"><extensionElements><zeebe:assignmentDefinition {who}/>{"".join(more)}'
        "</extensionElements></userTask>"
    )


def begin(engine, actor: Actor, xml: bytes, form: bool = False, **variables: Any) -> UUID:
    files = {"processes/oa/p.bpmn": xml}
    if form:
        files["forms/oa/claim.json"] = json.dumps(FORM).encode()
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, files)
    with engine.unit_of_work(actor) as uow:
        return runtime.start(uow, "p", variables).id


def mine(engine, actor: Actor) -> list[tasks.InboxItem]:
    with engine.unit_of_work(actor, read_only=True) as uow:
        return tasks.inbox(uow).items


def first(engine, actor: Actor) -> UUID:
    return mine(engine, actor)[0].work_item_id


def do(engine, actor: Actor, verb, *arguments, **options):
    with engine.unit_of_work(actor) as uow:
        return verb(uow, *arguments, **options)


def status(engine, instance_id: UUID) -> Status:
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return runtime.instance_view(uow, instance_id).instance.status


def outcome(engine, instance_id: UUID, node: str) -> dict[str, Any]:
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return runtime.instance_view(uow, instance_id).approvals[node]


def test_everybody_must_agree_and_then_the_process_goes_on(engine):
    who = people(engine)
    instance_id = begin(engine, who["ann"], straight(approval("check")))

    do(engine, who["bob"], tasks.agree, first(engine, who["bob"]))
    assert status(engine, instance_id) is Status.RUNNING
    assert mine(engine, who["bob"]) == []
    do(engine, who["eve"], tasks.agree, first(engine, who["eve"]), opinion="fine")

    assert status(engine, instance_id) is Status.COMPLETED
    assert inbox_size(engine) == 0


def test_a_rejection_is_routed_by_the_drawing(engine):
    who = people(engine)
    xml = drawing(
        START + approval("check", mode="any") + '<exclusiveGateway id="ok" name="ok" default="ok_no"/>'
        '<endEvent id="yes" name="yes"/><endEvent id="no" name="no"/>'
        + flows("start check ok", 'ok yes ? approval.check.outcome = "agree"', "ok no")
    )  # fmt: skip
    instance_id = begin(engine, who["ann"], xml)

    acted = do(engine, who["bob"], tasks.reject, first(engine, who["bob"]), "没有发票")

    assert acted.outcome == "reject"
    found = outcome(engine, instance_id, "check")
    assert {key: found[key] for key in ("outcome", "round", "agreed", "rejected", "total")} == {
        "outcome": "reject", "round": 1, "agreed": 0, "rejected": 1, "total": 2,
    }  # fmt: skip
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert runtime.instance_view(uow, instance_id).instance.ended_code == "no"
        statuses = uow.execute(select(work_item.c.status).order_by(work_item.c.seq)).scalars().all()
    assert statuses == [ItemStatus.DECIDED, ItemStatus.CANCELLED]


def test_a_rejection_that_nobody_routes_ends_the_request_as_rejected(engine):
    who = people(engine)
    instance_id = begin(engine, who["ann"], straight(approval("check", mode="any", extra='onReject="end"')))

    do(engine, who["bob"], tasks.reject, first(engine, who["bob"]), "no")

    assert status(engine, instance_id) is Status.REJECTED
    assert inbox_size(engine) == 0
    assert open_rows(engine, instance_id) == set()


def test_a_rejection_needs_an_opinion(engine):
    who = people(engine)
    begin(engine, who["ann"], straight(approval("check")))

    with pytest.raises(OpinionRequired):
        do(engine, who["bob"], tasks.reject, first(engine, who["bob"]), "   ")

    assert len(mine(engine, who["bob"])) == 1


def test_two_approvers_at_once_make_one_decision_and_a_friendly_answer(engine, clock):
    who = people(engine)
    begin(engine, who["ann"], straight(approval("check", mode="any")))
    bobs, eves = first(engine, who["bob"]), first(engine, who["eve"])

    do(engine, who["bob"], tasks.agree, bobs)
    with pytest.raises(AlreadyDecided) as late:
        do(engine, who["eve"], tasks.reject, eves, "no")

    assert late.value.status == 409
    assert late.value.code == "already_decided"
    assert late.value.facts == {"task": "check", "decision": "agree", "by": "Bob", "at": clock.now()}


def test_two_people_who_click_in_the_same_moment_make_one_decision(engine):
    who = people(engine)
    instance_id = begin(engine, who["ann"], straight(approval("check", mode="any"), approval("again", mode="any")))
    clicks = [(who[login], first(engine, who[login])) for login in ("bob", "eve")]
    together, answers = threading.Barrier(2), []

    def click(actor: Actor, item: UUID) -> None:
        together.wait()
        try:
            answers.append(do(engine, actor, tasks.agree, item).outcome)
        except AlreadyDecided as late:
            answers.append(late.code)

    threads = [threading.Thread(target=click, args=arguments) for arguments in clicks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == ["agree", "already_decided"]
    assert [entry.node for entry in decisions(engine, instance_id)] == ["check"]


def test_a_decision_and_the_next_persons_task_take_twelve_statements(engine):
    who = people(engine)
    second = approval("again", mode="any", who='assignee="eve"')
    begin(engine, who["ann"], straight(approval("check", mode="any", who='assignee="bob"'), second))
    item = first(engine, who["bob"])

    with engine.unit_of_work(who["bob"]) as uow:
        tasks.agree(uow, item)
        uow.finish()
        assert uow.statements <= 12


def test_a_double_click_with_the_same_key_is_answered_once_more_and_done_once(engine):
    who = people(engine)
    instance_id = begin(engine, who["ann"], straight(approval("check", mode="any"), approval("again", mode="any")))
    item = first(engine, who["bob"])

    once = do(engine, who["bob"], tasks.agree, item, idempotency_key="k1")
    twice = do(engine, who["bob"], tasks.agree, item, idempotency_key="k1")
    with pytest.raises(AlreadyDecided):
        do(engine, who["bob"], tasks.agree, item, idempotency_key="k2")

    assert (once.outcome, once.repeated) == ("agree", False)
    assert (twice.outcome, twice.repeated) == ("agree", True)
    assert [entry.node for entry in decisions(engine, instance_id)] == ["check"]


def decisions(engine, instance_id: UUID) -> list[history.Entry]:
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return [entry for entry in history.timeline(uow, instance_id) if entry.kind == "task.decided"]


def test_a_decision_is_on_record_with_who_what_and_why(engine):
    who = people(engine)
    instance_id = begin(engine, who["ann"], straight(approval("check", mode="any")))

    do(engine, who["bob"], tasks.agree, first(engine, who["bob"]), opinion="看过了")

    (entry,) = decisions(engine, instance_id)
    assert entry.actor_id == who["bob"].user_id
    assert (entry.data["decision"], entry.data["decision_source"]) == ("agree", "human")
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        salt = uow.execute(select(work_item.c.opinion_salt).where(work_item.c.opinion.is_not(None))).scalar_one()
    assert entry.data["opinion_digest"] == values.sha256(salt + "看过了".encode()).hex()
    assert "opinion" not in entry.data, "its text can be erased, the chain cannot"


@pytest.mark.parametrize("login", ["ann", "eve", "dan"])
def test_nobody_decides_what_is_not_his(engine, login):
    who = people(engine)
    begin(engine, who["ann"], straight(approval("check", who='assignee="bob"', mode="any")))

    with pytest.raises(NotYourTask) as refused:
        do(engine, who[login], tasks.agree, first(engine, who["bob"]))

    assert refused.value.facts["assignee"] == "Bob"


def test_sequential_approval_asks_one_after_the_other(engine):
    who = people(engine)
    instance_id = begin(
        engine, who["ann"], straight(approval("check", mode="sequential", who='candidateUsers="eve,bob"'))
    )
    assert mine(engine, who["bob"]) == []

    do(engine, who["eve"], tasks.agree, first(engine, who["eve"]))
    do(engine, who["bob"], tasks.agree, first(engine, who["bob"]))

    assert status(engine, instance_id) is Status.COMPLETED


def test_ratio_counts_those_who_agree(engine):
    who = people(engine, "fay", "gus")
    xml = straight(approval("check", mode="ratio", who='candidateUsers="bob,eve,fay,gus"', extra='threshold="1/2"'))
    instance_id = begin(engine, who["ann"], xml)

    for login in ("bob", "eve"):
        do(engine, who[login], tasks.reject, first(engine, who[login]), "no")
    assert status(engine, instance_id) is Status.RUNNING
    for login in ("fay", "gus"):
        do(engine, who[login], tasks.agree, first(engine, who[login]))

    assert status(engine, instance_id) is Status.COMPLETED


# ---------------------------------------------------------------- groups


def test_a_group_task_is_claimed_done_and_never_shown_to_others(engine):
    who = people(engine)
    instance_id = begin(engine, who["ann"], straight(task("handle")))
    item = first(engine, who["bob"])
    assert mine(engine, who["bob"])[0].claimable
    assert mine(engine, who["ann"]) == []

    claimed = do(engine, who["bob"], tasks.claim, item)
    assert mine(engine, who["eve"]) == []
    with pytest.raises(TaskAlreadyClaimed) as late:
        do(engine, who["eve"], tasks.claim, item)
    assert late.value.facts["assignee"] == "Bob"
    assert [one.work_item_id for one in mine(engine, who["bob"])] == [claimed]
    do(engine, who["bob"], tasks.complete, item)  # the old address leads to his own item

    assert status(engine, instance_id) is Status.COMPLETED


def test_a_released_task_is_the_groups_again(engine):
    who = people(engine)
    begin(engine, who["ann"], straight(task("handle", who='candidateGroups="finance,process_admin"')))

    claimed = do(engine, who["bob"], tasks.claim, first(engine, who["bob"]))
    assert mine(engine, who["dan"]) == []
    do(engine, who["bob"], tasks.unclaim, claimed)

    assert [len(mine(engine, who[login])) for login in ("bob", "eve", "dan")] == [1, 1, 1]


def test_a_member_may_act_without_claiming_first(engine):
    who = people(engine)
    instance_id = begin(engine, who["ann"], straight(task("handle")))

    do(engine, who["eve"], tasks.complete, first(engine, who["eve"]))

    assert status(engine, instance_id) is Status.COMPLETED


def test_a_new_member_sees_open_group_tasks_at_once(engine):
    who = people(engine)
    begin(engine, who["ann"], straight(task("handle")))

    with engine.unit_of_work(ENGINE) as uow:
        identity.add_member(uow, "finance", "dan")

    assert len(mine(engine, who["dan"])) == 1


def test_acts_that_the_drawing_does_not_offer_are_refused(engine):
    who = people(engine)
    begin(engine, who["ann"], straight(approval("check", '<troika:buttons transfer="false"/>', mode="any")))
    item = first(engine, who["bob"])

    for verb, arguments in ((tasks.complete, ()), (tasks.transfer, ("eve", "ill")), (tasks.unclaim, ())):
        with pytest.raises(ActNotOffered):
            do(engine, who["bob"], verb, item, *arguments)
    assert do(engine, who["bob"], tasks.get, item).actions == (
        "agree", "reject", "delegate", "add_before", "add_after", "add_beside", "comment", "attach"
    )  # fmt: skip


# ---------------------------------------------------------------- forms


def test_the_approver_writes_what_he_may_and_reads_the_rest(engine):
    who = people(engine)
    xml = straight(approval("check", FIELDS, mode="any"))
    instance_id = begin(engine, who["ann"], xml, form=True, amount=120, note="", salary="9000")

    do(engine, who["bob"], tasks.agree, first(engine, who["bob"]), {"note": "ok"})

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        known = runtime.instance_view(uow, instance_id).variables
    assert (known["amount"], known["note"], known["salary"]) == (120, "ok", "9000")


@pytest.mark.parametrize(
    ("fields", "error", "named"),
    [
        ({"lane_owners": {"check": ["ann"]}}, UnknownField, "lane_owners"),
        ({"approval": {"check": {"outcome": "agree"}}}, UnknownField, "approval"),
        ({"process": {}}, UnknownField, "process"),
        ({"amount": 1}, FieldNotWritable, "amount"),
        ({"salary": "1"}, FieldNotWritable, "salary"),
    ],
)
def test_unknown_and_read_only_keys_are_refused_by_name_and_nothing_changes(engine, fields, error, named):
    who = people(engine)
    instance_id = begin(engine, who["ann"], straight(approval("check", FIELDS, mode="any")), form=True, amount=120)
    item = first(engine, who["bob"])

    with pytest.raises(error) as refused:
        do(engine, who["bob"], tasks.agree, item, fields)

    assert refused.value.status == 422
    assert named in str(refused.value)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert runtime.instance_view(uow, instance_id).variables["amount"] == 120
    assert len(mine(engine, who["bob"])) == 1


def test_a_task_without_a_form_takes_no_fields(engine):
    who = people(engine)
    begin(engine, who["ann"], straight(approval("check", mode="any")))

    with pytest.raises(UnknownField):
        do(engine, who["bob"], tasks.agree, first(engine, who["bob"]), {"approved": True})


def test_a_required_field_is_asked_for(engine):
    who = people(engine)
    fields = FIELDS.replace('perm="write"/>', 'perm="write" required="true"/>')
    begin(engine, who["ann"], straight(approval("check", fields, mode="any")), form=True)

    with pytest.raises(InvalidForm):
        do(engine, who["bob"], tasks.agree, first(engine, who["bob"]))


def test_content_that_changed_since_it_was_seen_must_be_seen_again(engine):
    who = people(engine)
    xml = straight(approval("check", FIELDS))
    begin(engine, who["ann"], xml, form=True, amount=120, note="")
    seen = do(engine, who["eve"], tasks.get, first(engine, who["eve"])).seen_digest

    do(engine, who["bob"], tasks.agree, first(engine, who["bob"]), {"note": "changed"})

    item = first(engine, who["eve"])
    with pytest.raises(ContentChanged) as late:
        do(engine, who["eve"], tasks.agree, item, seen_digest=seen)
    assert late.value.facts["fields"] == [{"field": "note", "old": "", "new": "changed"}]
    assert str(late.value).startswith("The content has changed since you looked at it: note.")
    fresh = do(engine, who["eve"], tasks.get, item)
    assert fresh.values["note"] == "changed"
    do(engine, who["eve"], tasks.agree, item, seen_digest=fresh.seen_digest)


def test_what_goes_back_with_a_decision_tells_nobody_a_value_that_he_may_not_see(engine):
    who = people(engine)
    begin(engine, who["ann"], straight(approval("check", FIELDS)), form=True, amount=120, note="", salary=7350)
    item = first(engine, who["bob"])

    for looks in ("ann", "eve"):
        assert do(engine, who[looks], tasks.get, item).seen_digest is None
    whole, *marks = do(engine, who["bob"], tasks.get, item).seen_digest.split("|")
    assert [mark.partition("=")[0] for mark in marks] == ["amount", "note"]
    assert values.digest([["amount", 120], ["note", ""], ["salary", 7350]]).hex() not in whole
    assert not values.digest([120]).hex().startswith(marks[0].partition("=")[2])


def test_a_stale_page_is_told_so(engine):
    who = people(engine)
    begin(engine, who["ann"], straight(approval("check", mode="any")))
    item = first(engine, who["bob"])
    seen = do(engine, who["bob"], tasks.get, item).version

    do(engine, who["bob"], tasks.save_draft, item, {"note": "half"}, "draft opinion")
    with pytest.raises(Stale):
        do(engine, who["bob"], tasks.agree, item, version=seen)

    view = do(engine, who["bob"], tasks.get, item)
    assert view.draft == {"fields": {"note": "half"}, "opinion": "draft opinion"}
    do(engine, who["bob"], tasks.agree, item, version=view.version)


def test_the_page_of_a_task_shows_all_that_is_needed(engine):
    who = people(engine)
    begin(engine, who["ann"], straight(approval("check", FIELDS)), form=True, amount=120)

    view = do(engine, who["bob"], tasks.get, first(engine, who["bob"]))

    assert (view.name, view.node, view.status, view.round, view.mode) == ("check", "check", "todo", 1, "all")
    assert (view.form_id, view.values["amount"], view.opinion) == ("oa/claim", 120, "onReject")
    assert (view.permissions.on("note"), view.permissions.on("amount")) == ("write", "read")
    assert view.actions == (
        "agree", "reject", "transfer", "delegate", "add_before", "add_after", "add_beside", "comment", "attach"
    )  # fmt: skip
    assert (view.assignee_name, view.progress) == ("Bob", (0, 2))
    watching = do(engine, who["ann"], tasks.get, view.work_item_id)
    assert watching.actions == ()
    with pytest.raises(NotYourTask):
        do(engine, who["dan"], tasks.get, view.work_item_id)


# ---------------------------------------------------------------- handing over and substitutes


def test_a_transfer_keeps_the_owner_and_moves_the_work(engine):
    who = people(engine)
    instance_id = begin(engine, who["ann"], straight(approval("check", who='assignee="bob"', mode="any")))

    made = do(engine, who["bob"], tasks.transfer, first(engine, who["bob"]), "eve", "出差")
    assert mine(engine, who["bob"]) == []
    do(engine, who["eve"], tasks.agree, made)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        row = uow.execute(select(work_item).where(work_item.c.id == made)).one()
    assert (row.owner_id, row.decided_by) == (who["bob"].user_id, who["eve"].user_id)
    assert status(engine, instance_id) is Status.COMPLETED


@pytest.mark.parametrize(("to", "reason"), [("bob", "x"), ("eve", "x"), ("zoe", "x"), ("dan", " ")])
def test_a_transfer_that_breaks_a_rule_is_refused(engine, to, reason):
    who = people(engine, "zoe")
    begin(engine, who["ann"], straight(approval("check")))
    with engine.unit_of_work(ENGINE) as uow:
        identity.disable(uow, who["zoe"].user_id)

    with pytest.raises(CannotTransfer):
        do(engine, who["bob"], tasks.transfer, first(engine, who["bob"]), to, reason)


def test_a_transfer_with_the_same_key_is_done_once(engine):
    who = people(engine)
    begin(engine, who["ann"], straight(approval("check", who='assignee="bob"', mode="any")))
    item = first(engine, who["bob"])

    once = do(engine, who["bob"], tasks.transfer, item, "eve", "出差", idempotency_key="t")
    twice = do(engine, who["bob"], tasks.transfer, item, "eve", "出差", idempotency_key="t")

    assert once == twice == first(engine, who["eve"])


def test_a_substitute_sees_and_does_the_work_and_both_names_are_kept(engine, clock):
    who = people(engine)
    instance_id = begin(engine, who["ann"], straight(approval("check", who='assignee="bob"', mode="any")))
    with engine.unit_of_work(who["bob"]) as uow:
        identity.substitute(uow, "bob", "eve", clock.now(), clock.now() + timedelta(days=7), "年假")

    (item,) = mine(engine, who["eve"])
    assert (item.mine, item.principal) == (False, "Bob")
    do(engine, who["eve"], tasks.agree, item.work_item_id)

    (entry,) = decisions(engine, instance_id)
    assert (entry.actor_id, entry.on_behalf_of_id) == (who["eve"].user_id, who["bob"].user_id)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        row = uow.execute(select(work_item)).one()
    assert (row.decided_by, row.on_behalf_of_id) == (who["eve"].user_id, who["bob"].user_id)


def test_a_substitute_may_not_decide_on_his_own_request(engine, clock):
    who = people(engine)
    begin(engine, who["eve"], straight(approval("check", who='assignee="bob"', mode="any")))
    with engine.unit_of_work(who["bob"]) as uow:
        identity.substitute(uow, "bob", "eve", clock.now(), clock.now() + timedelta(days=7))

    with pytest.raises(NotYourTask):
        do(engine, who["eve"], tasks.agree, first(engine, who["bob"]))


def test_a_substitution_that_ended_shows_nothing_any_more(engine, clock):
    who = people(engine)
    begin(engine, who["ann"], straight(approval("check", who='assignee="bob"', mode="any")))
    with engine.unit_of_work(who["bob"]) as uow:
        identity.substitute(uow, "bob", "eve", clock.now(), clock.now() + timedelta(days=7))

    clock.advance(timedelta(days=8))

    assert mine(engine, who["eve"]) == []


# ---------------------------------------------------------------- what happens without people


def test_nobody_left_means_the_process_administrators(engine):
    who = people(engine)
    begin(engine, who["ann"], straight(approval("check", who='assignee="nobody"', mode="any")))

    assert [item.node for item in mine(engine, who["dan"])] == ["check"]


def test_an_automatic_pass_is_recorded_as_one_and_asks_nobody(engine):
    who = people(engine)
    xml = straight(approval("check", '<troika:onEmpty do="autoPass"/>', who='assignee="nobody"', mode="any"))
    instance_id = begin(engine, who["ann"], xml)

    assert status(engine, instance_id) is Status.COMPLETED
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        row = uow.execute(select(work_item)).one()
    assert (row.decision_source, row.decided_by, row.assignee_id) == (Source.AUTO_EMPTY, None, None)
    (entry,) = decisions(engine, instance_id)
    assert (entry.actor_id, entry.data["decision_source"]) == (who["ann"].user_id, "auto_empty")


def test_an_automatic_rejection_ends_the_request(engine):
    who = people(engine)
    empty = '<troika:onEmpty do="autoReject"/>'
    instance_id = begin(
        engine,
        who["ann"],
        straight(approval("check", empty, who='assignee="nobody"', mode="any", extra='onReject="end"')),
    )

    assert status(engine, instance_id) is Status.REJECTED


@pytest.mark.parametrize(("rule", "asked"), [("ask", "ann"), ("manager", "cyd"), ("forbid", "dan")])
def test_the_requester_as_approver_is_handled_as_the_drawing_says(engine, rule, asked):
    who = people(engine)
    own = f'<troika:onSelf do="{rule}"/>'
    begin(engine, who["ann"], straight(approval("check", own, who='assignee="= process.initiator"', mode="any")))

    assert [login for login in who if mine(engine, who[login])] == [asked]


def test_a_timer_that_interrupts_takes_the_work_out_of_every_inbox(engine, clock):
    who = people(engine)
    xml = drawing(
        START + approval("check") + boundary("late", "check", timer("PT1H")) + task("chase") + END
        + flows("start check end", "late chase end").replace("chase_end", "chase_end2")
    )  # fmt: skip
    instance_id = begin(engine, who["ann"], xml)
    item = first(engine, who["bob"])

    clock.advance(timedelta(hours=2))
    jobs.run_due(engine)

    assert [one.node for one in mine(engine, who["bob"])] == ["chase"]
    assert open_rows(engine, instance_id) == waits_of(engine, instance_id)
    with pytest.raises(AlreadyDecided):
        do(engine, who["bob"], tasks.agree, item)


def test_a_suspended_instance_accepts_comments_only(engine):
    who = people(engine)
    instance_id = begin(engine, who["ann"], straight(approval("check")))
    item = first(engine, who["bob"])
    with engine.unit_of_work(ENGINE) as uow:
        runtime.suspend(uow, instance_id, "audit")

    with pytest.raises(Suspended):
        do(engine, who["bob"], tasks.agree, item)
    do(engine, who["bob"], tasks.comment, instance_id, "why?")


# ---------------------------------------------------------------- telling


def test_comments_stay_in_order_and_a_repeated_one_is_written_once(engine):
    who = people(engine)
    instance_id = begin(engine, who["ann"], straight(approval("check")))

    do(engine, who["ann"], tasks.comment, instance_id, "please hurry", idempotency_key="1")
    do(engine, who["ann"], tasks.comment, instance_id, "please hurry", idempotency_key="1")
    do(engine, who["bob"], tasks.comment, instance_id, "tomorrow")

    said = do(engine, who["ann"], tasks.comments, instance_id)
    assert [(one.author_name, one.text) for one in said] == [("Ann", "please hurry"), ("Bob", "tomorrow")]
    with pytest.raises(Forbidden):
        do(engine, who["dan"], tasks.comment, instance_id, "what is this?")
    with pytest.raises(EngineError):
        do(engine, who["ann"], tasks.comment, instance_id, "  ")


def test_files_beside_a_task_are_seen_by_its_people_only(engine):
    who = people(engine)
    instance_id = begin(engine, who["ann"], straight(approval("check")))
    item = first(engine, who["bob"])

    document_id = do(engine, who["bob"], tasks.attach, item, "发票.pdf", b"%PDF-1.7 x", "application/pdf")
    with pytest.raises(WrongFileType):
        do(engine, who["bob"], tasks.attach, item, "run.pdf", b"MZ\x90\x00\xff\xfe", "application/pdf")

    found, content = do(engine, who["ann"], tasks.open_attachment, document_id)
    assert (found.name, found.media_type, content) == ("发票.pdf", "application/pdf", b"%PDF-1.7 x")
    assert [one.id for one in do(engine, who["eve"], tasks.attachments, instance_id)] == [document_id]
    with pytest.raises(Forbidden):
        do(engine, who["dan"], tasks.open_attachment, document_id)


def test_each_round_of_a_loop_is_counted_on_its_own(engine):
    who = people(engine)
    xml = drawing(
        START + approval("check", mode="any") + '<exclusiveGateway id="ok" name="ok" default="ok_end"/>'
        + task("mend", who='assignee="= process.initiator"') + END
        + flows("start check ok", 'ok mend ? approval.check.outcome = "reject"', "ok end", "mend check")
    )  # fmt: skip
    instance_id = begin(engine, who["ann"], xml)

    do(engine, who["bob"], tasks.reject, first(engine, who["bob"]), "again")
    do(engine, who["ann"], tasks.complete, first(engine, who["ann"]))
    assert mine(engine, who["eve"])[0].round == 2
    do(engine, who["eve"], tasks.agree, first(engine, who["eve"]))

    assert status(engine, instance_id) is Status.COMPLETED
    assert outcome(engine, instance_id, "check")["round"] == 2
