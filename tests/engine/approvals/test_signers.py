"""加签 and 减签: before, after, beside, nested; and 委派, which is never a vote."""

from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import update

from engine import audit, history, identity, tasks
from engine.db.task import ItemStatus, work_item
from engine.errors import (
    ActNotOffered,
    AlreadyDecided,
    CannotAddSigner,
    CannotDelegate,
    CannotRemoveSigner,
    Forbidden,
    InvalidValue,
    NoLongerAsked,
    NotPossibleNow,
    NotYourTask,
    OpinionRequired,
    TaskWaiting,
)
from engine.unit_of_work import ENGINE
from tests.engine.approvals.office import approval, task

pytestmark = pytest.mark.approvals


def test_who_is_added_before_is_heard_first(office):
    instance = office.begin(approval(users="bob"))

    own = office.act("bob", tasks.add_before, ["eve", "fay"], reason="请先看金额")
    assert office.asked() == {"eve", "fay"}
    with pytest.raises(TaskWaiting, match="Eve"):
        office.do("bob", tasks.agree, own)
    office.act("eve", tasks.agree)
    assert office.asked() == {"fay"}
    office.act("fay", tasks.agree, opinion="没问题")

    assert office.asked() == {"bob"}
    assert [(one.name, one.decision, one.opinion) for one in office.view("bob").signers] == [
        ("Eve", "agree", None), ("Fay", "agree", "没问题")
    ]  # fmt: skip
    office.act("bob", tasks.agree)
    assert office.status(instance) == "completed"
    assert office.outcome(instance)["total"] == 1


def test_signers_before_in_sequence_are_asked_one_after_the_other(office):
    office.begin(approval(users="bob"))

    office.act("bob", tasks.add_before, ["eve", "fay"], "sequential")

    assert office.asked() == {"eve"}
    office.act("eve", tasks.agree)
    assert office.asked() == {"fay"}


def test_one_of_any_before_is_enough_and_the_others_are_let_go(office):
    office.begin(approval(users="bob"))

    office.act("bob", tasks.add_before, ["eve", "fay"], "any")
    fays = office.item("fay")
    office.act("eve", tasks.agree)

    assert office.asked() == {"bob"}
    with pytest.raises(NoLongerAsked):
        office.do("fay", tasks.agree, fays)


def test_a_second_group_before_is_counted_on_its_own(office):
    office.begin(approval(users="bob"))

    office.act("bob", tasks.add_before, ["eve"], "any")
    office.act("eve", tasks.agree)
    office.act("bob", tasks.add_before, ["fay"], "any")

    assert office.asked() == {"fay"}
    office.act("fay", tasks.agree)
    assert office.asked() == {"bob"}


def test_a_rejection_before_rejects_or_is_shown_to_the_one_who_asked(office):
    instance = office.begin(approval(users="bob"))
    office.act("bob", tasks.add_before, ["eve"])
    office.act("eve", tasks.reject, "不行")
    assert office.status(instance) == "rejected"

    instance = office.begin(approval(users="bob", extra='beforeReject="ask"'))
    office.act("bob", tasks.add_before, ["eve"])
    office.act("eve", tasks.reject, "不行")
    assert (office.status(instance), office.asked()) == ("running", {"bob"})
    assert office.view("bob").signers[0].opinion == "不行"
    office.act("bob", tasks.agree)
    assert office.status(instance) == "completed"


def test_who_signs_after_decides_whether_the_yes_counts(office):
    for decision, status in ((tasks.agree, "completed"), (tasks.reject, "rejected")):
        instance = office.begin(approval(users="bob"))
        acted = office.act("bob", tasks.add_after, ["eve"], opinion="同意, 请复核")
        assert acted.outcome is None
        assert office.asked() == {"eve"}
        office.act("eve", decision, opinion="看过")
        assert office.status(instance) == status


def test_added_after_in_all_of_three_a_rejection_by_any_of_them_fails_the_round(office):
    instance = office.begin(approval(users="bob,fay,gus"))

    office.act("bob", tasks.add_after, ["eve", "hal"], "any")
    office.act("eve", tasks.reject, "有问题")

    assert office.status(instance) == "rejected"


def test_who_is_added_beside_is_counted_like_everybody(office):
    instance = office.begin(approval(users="bob,eve", mode="ratio", extra='threshold="2/3"'))

    office.act("bob", tasks.add_beside, ["fay", "gus"])  # 4 people, 3 must agree
    office.act("bob", tasks.agree)
    office.act("fay", tasks.agree)
    assert office.status(instance) == "running"
    office.act("gus", tasks.agree)

    assert office.outcome(instance) | {"at": None, "by": None} == {
        "outcome": "agree", "round": 1, "agreed": 3, "rejected": 0, "total": 4, "by": None, "at": None
    }  # fmt: skip


def test_in_sequence_who_is_added_beside_comes_right_after(office):
    instance = office.begin(approval(mode="sequential", users="bob,eve"))

    office.act("bob", tasks.add_beside, ["fay", "gus"])
    order = []
    for _ in range(4):
        [login] = office.asked()
        order.append(login)
        office.act(login, tasks.agree)

    assert order == ["bob", "fay", "gus", "eve"]
    assert office.status(instance) == "completed"


def test_signers_may_add_signers_three_deep(office):
    office.begin(approval(users="bob"))

    for login, added in (("bob", "eve"), ("eve", "fay"), ("fay", "gus")):
        office.act(login, tasks.add_before, [added])
    with pytest.raises(CannotAddSigner, match="three deep"):
        office.act("gus", tasks.add_before, ["hal"])

    for login in ("gus", "fay", "eve", "bob"):
        assert office.asked() == {login}
        office.act(login, tasks.agree)


@pytest.mark.parametrize(
    ("people", "reason"),
    [([], "nobody"), (["eve"], "on the task already"), (["bob"], "on the task already"), (["gone"], "disabled")],
)
def test_people_who_may_not_be_added_are_named(office, people, reason):
    office.begin(approval(users="bob,eve"))
    with office.engine.unit_of_work(ENGINE) as uow:
        identity.disable(uow, identity.create_user(uow, "gone", "Gone").id)

    with pytest.raises(CannotAddSigner, match=reason):
        office.act("bob", tasks.add_before, people)
    with pytest.raises(InvalidValue, match=r"one of all, .*found ratio"):
        office.act("bob", tasks.add_before, ["fay"], "ratio")


def test_removing_a_signer_completes_the_round_at_once(office):
    instance = office.begin(approval(users="bob,eve"))
    office.act("bob", tasks.add_beside, ["fay"])
    [signer] = [one for one in office.view("bob").signers if one.removable]
    office.act("bob", tasks.agree)
    office.act("eve", tasks.agree)
    assert office.asked() == {"fay"}
    fays = office.item("fay")

    acted = office.do("bob", tasks.remove_signer, signer.work_item_id, "不需要了")

    assert (acted.outcome, office.status(instance)) == ("agree", "completed")
    with pytest.raises(AlreadyDecided):
        office.do("fay", tasks.agree, fays)
    assert office.kinds(instance)[-2:] == ["task.decided", "task.signer_removed"]


def test_removing_whole_groups_gives_the_adder_his_item_back_or_his_yes(office):
    instance = office.begin(approval(users="bob"))
    own = office.act("bob", tasks.add_before, ["eve"])
    office.act("eve", tasks.add_before, ["fay"])
    [eves] = [one for one in office.view("bob", own).signers if one.name == "Eve"]
    office.do("bob", tasks.remove_signer, eves.work_item_id)
    assert office.asked() == {"bob"}  # fay, whom eve had added, went with her

    office.act("bob", tasks.add_after, ["eve"])
    office.do("bob", tasks.remove_signer, office.item("eve"))
    assert office.status(instance) == "completed"


def test_who_decided_who_was_drawn_and_the_last_one_cannot_be_removed(office):
    office.begin(approval(users="bob,eve"))
    office.act("bob", tasks.add_beside, ["fay"])
    fays = office.item("fay")
    with pytest.raises(CannotRemoveSigner, match="drawing"):
        office.do("dan", tasks.remove_signer, office.item("bob"))
    with pytest.raises(Forbidden):
        office.do("eve", tasks.remove_signer, fays)
    with office.engine.unit_of_work(ENGINE) as uow, suppress(ZeroDivisionError), uow.savepoint():
        uow.execute(update(work_item).where(work_item.c.id != fays).values(status=int(ItemStatus.REMOVED)))
        with pytest.raises(CannotRemoveSigner, match="nobody else") as last:
            tasks.remove_signer(uow, fays)
        assert (last.value.status, last.value.code) == (422, "last_signer")
        raise ZeroDivisionError  # no act of a person leaves a signer alone, and it does not stay so here
    office.act("fay", tasks.agree)
    with pytest.raises(AlreadyDecided):
        office.do("bob", tasks.remove_signer, fays)


def test_the_administrator_may_remove_a_signer(office):
    office.begin(approval(users="bob,eve"))
    office.act("bob", tasks.add_beside, ["fay"])

    office.do("dan", tasks.remove_signer, office.item("fay"))

    assert office.asked() == {"bob", "eve"}


def test_the_adders_transfer_keeps_what_he_asked_for(office):
    instance = office.begin(approval(users="bob"))
    office.act("bob", tasks.add_before, ["eve"])
    office.act("eve", tasks.agree)
    office.act("bob", tasks.transfer, "gus", "出差")
    office.act("gus", tasks.add_after, ["fay"])
    office.act("fay", tasks.agree)

    assert office.status(instance) == "completed"


def test_advice_is_never_a_vote(office):
    instance = office.begin(approval(users="bob"))
    own = office.item("bob")

    office.do("bob", tasks.delegate, own, "eve", "合同条款对吗?")
    assert office.asked() == {"eve"}
    assert office.view("eve").actions == ("hand_back", "comment", "attach")
    with pytest.raises(ActNotOffered):
        office.act("eve", tasks.agree)
    with pytest.raises(TaskWaiting, match="Eve"):
        office.do("bob", tasks.agree, own)
    with pytest.raises(OpinionRequired):
        office.act("eve", tasks.hand_back)
    office.act("eve", tasks.hand_back, "第三条要改")

    assert office.asked() == {"bob"}
    assert office.status(instance) == "running"
    [advice] = office.view("bob").signers
    assert (advice.name, advice.kind, advice.opinion) == ("Eve", "advice", "第三条要改")
    office.act("bob", tasks.agree)
    assert office.outcome(instance)["total"] == 1


def test_advice_is_erased_and_stands_nowhere_else(office):
    instance = office.begin(approval(users="bob"))
    office.act("bob", tasks.delegate, "eve", "合同条款对吗?")
    item = office.item("eve")
    office.do("eve", tasks.hand_back, item, "第三条要改")

    with office.engine.unit_of_work(ENGINE) as uow:
        tasks.erase_opinion(uow, item, "she has asked for it")
        report = audit.verify(uow)
        told = str([fact.data for fact in history.timeline(uow, instance)])

    assert office.view("bob").signers[0].opinion is None
    assert "第三条要改" not in told
    assert "opinion_digest" in told
    assert "decision-changed" not in {finding.rule for finding in report.findings}


def test_the_owner_takes_his_question_back(office):
    office.begin(approval(users="bob"))
    own = office.item("bob")
    office.do("bob", tasks.delegate, own, "eve", "对吗?")
    eves = office.item("eve")

    assert office.view("bob", own).actions == ("hand_back",)
    office.do("bob", tasks.hand_back, own)

    assert office.asked() == {"bob"}
    with pytest.raises(NoLongerAsked):
        office.do("eve", tasks.hand_back, eves, "对")


@pytest.mark.parametrize(
    ("to", "question", "reason"), [("eve", " ", "question"), ("bob", "?", "already")]
)  # fmt: skip
def test_a_question_that_breaks_a_rule_is_refused(office, to, question, reason):
    office.begin(approval(users="bob"))

    with pytest.raises(CannotDelegate, match=reason):
        office.act("bob", tasks.delegate, to, question)


def test_the_same_click_twice_adds_once(office):
    office.begin(approval(users="bob,eve"))
    own = office.item("bob")

    for _ in range(2):
        office.do("bob", tasks.add_beside, own, ["fay"], idempotency_key="k1")
        office.do("bob", tasks.add_before, own, ["gus"], idempotency_key="k2")
    assert office.asked() == {"eve", "fay", "gus"}
    gus = office.item("gus")
    for _ in range(2):
        office.do("bob", tasks.remove_signer, gus, idempotency_key="k3")
    for _ in range(2):
        made = office.do("bob", tasks.delegate, own, "hal", "?", idempotency_key="k4")
    for _ in range(2):
        office.do("hal", tasks.hand_back, made, "!", idempotency_key="k5")
    assert office.asked() == {"bob", "eve", "fay"}


def test_acts_on_signers_are_offered_where_the_drawing_lets_them(office):
    buttons = '<troika:buttons addBefore="false" addAfter="false" addBeside="false" delegate="false"/>'
    office.begin(approval("check", buttons, users="bob"))

    assert office.view("bob").actions == ("agree", "reject", "transfer", "comment", "attach")
    for verb in (tasks.add_before, tasks.add_beside, tasks.add_after):
        with pytest.raises(ActNotOffered):
            office.act("bob", verb, ["eve"])


def test_what_is_only_handled_has_no_signers(office):
    office.begin(task())

    assert office.view("bob").actions == ("complete", "transfer", "delegate", "comment", "attach")


def test_abstaining_is_offered_where_votes_are_counted_against_a_threshold(office):
    instance = office.begin(approval(users="bob,eve,fay", mode="ratio", extra='threshold="1/2" abstain="exclude"'))
    assert office.view("bob").actions[:3] == ("agree", "reject", "abstain")

    office.act("bob", tasks.abstain)
    office.act("eve", tasks.agree)

    assert office.outcome(instance)["agreed"] == 1
    office.begin(approval())
    with pytest.raises(ActNotOffered):
        office.act("bob", tasks.abstain)


def test_nobody_acts_on_signers_of_others(office):
    office.begin(approval(users="bob,eve"))

    with pytest.raises(NotYourTask):
        office.do("gus", tasks.add_before, office.item("bob"), ["fay"])
    with pytest.raises(NotYourTask):
        office.do("gus", tasks.delegate, office.item("bob"), "fay", "?")


# ---------------------------------------------------------------- taken back, with signers around


def after(office, login, verb, *arguments, **options):
    """An act a little later than the one before."""
    item = office.item(login)
    office.clock.advance(timedelta(seconds=5))
    office.act(login, verb, *arguments, **options)
    return item


def test_who_signed_last_after_somebody_takes_it_back(office):
    instance = office.begin(approval(users="bob"), task("keep", who='candidateUsers="hal"'))
    after(office, "bob", tasks.add_after, ["eve"])
    signed = after(office, "eve", tasks.agree)

    office.do("eve", tasks.recall, signed)

    assert office.asked() == {"eve"}
    office.act("eve", tasks.reject, "不行")
    assert office.status(instance) == "rejected"


def test_what_signers_have_said_still_counts_when_another_decision_is_taken_back(office):
    half = 'threshold="1/2"'
    instance = office.begin(
        approval(users="bob,fay,gus", mode="ratio", extra=half), task("keep", who='candidateUsers="hal"')
    )
    after(office, "bob", tasks.add_after, ["eve"])
    after(office, "eve", tasks.reject, "不行")
    after(office, "gus", tasks.agree)
    decided = after(office, "fay", tasks.agree)

    office.do("fay", tasks.recall, decided)

    assert office.asked() == {"fay"}
    office.act("fay", tasks.reject, "不行")
    assert office.status(instance) == "rejected"  # one yes of three: the yes of bob was not signed


def test_a_yes_that_waits_for_signers_waits_again_when_another_decision_is_taken_back(office):
    instance = office.begin(approval(users="bob,fay", mode="any"), task("keep", who='candidateUsers="hal"'))
    after(office, "bob", tasks.add_after, ["eve"])
    decided = after(office, "fay", tasks.agree)

    office.do("fay", tasks.recall, decided)

    assert office.asked() == {"eve", "fay"}
    office.act("fay", tasks.reject, "不行")
    assert office.status(instance) == "rejected"


def test_who_was_heard_before_takes_it_back_until_the_one_who_asked_decides(office):
    office.begin(approval(users="bob,fay"))
    after(office, "bob", tasks.add_before, ["eve", "gus"], "any")
    heard = after(office, "eve", tasks.agree)

    again = office.do("eve", tasks.recall, heard)

    assert office.asked() == {"eve", "fay"}
    assert [row.group_mode for row in office.rows(office.items("fay")[0].instance_id) if row.id == again] == ["any"]
    office.act("eve", tasks.agree)
    after(office, "bob", tasks.agree)
    with pytest.raises(NotPossibleNow, match="decided already"):
        office.do("eve", tasks.recall, again)


def test_who_was_heard_before_stays_with_whom_takes_his_own_back(office):
    office.begin(approval(users="bob,fay"))
    after(office, "bob", tasks.add_before, ["eve"])
    heard = after(office, "eve", tasks.agree, opinion="金额不对")
    decided = after(office, "bob", tasks.agree)

    own = office.do("bob", tasks.recall, decided)

    assert [(one.name, one.decision) for one in office.view("bob").signers] == [("Eve", "agree")]
    office.do("eve", tasks.recall, heard)
    with pytest.raises(TaskWaiting, match="Eve"):
        office.do("bob", tasks.agree, own)
    office.act("eve", tasks.reject, "不行")
    assert office.asked() == set()  # the rejection of whom he had asked is his own, as it was


@pytest.mark.parametrize("again", [tasks.agree, tasks.reject])
def test_who_signs_after_somebody_waits_again_when_he_takes_his_yes_back(office, again):
    instance = office.begin(approval(users="bob,fay,gus", mode="ratio", extra='threshold="1/3"'))
    signed = after(office, "bob", tasks.add_after, ["eve", "hal"])

    office.do("bob", tasks.recall, signed)

    assert office.asked() == {"bob", "fay", "gus"}
    office.act("bob", again, opinion="不行")
    if again is tasks.agree:
        assert office.asked() == {"eve", "hal", "fay", "gus"}
        after(office, "eve", tasks.agree)
        with pytest.raises(NotPossibleNow, match="decided already"):
            office.do("bob", tasks.recall, own_of(office, instance, "bob"))
        office.act("hal", tasks.agree)
        assert office.status(instance) == "completed"
    else:
        assert office.asked() == {"fay", "gus"}  # nobody signs after a no


def test_a_yes_is_not_taken_back_when_who_signs_after_it_has_asked_others(office):
    office.begin(approval(users="bob,fay"))
    signed = after(office, "bob", tasks.add_after, ["eve"])
    office.act("eve", tasks.add_before, ["gus"])

    assert office.view("bob", signed).actions == ()
    with pytest.raises(NotPossibleNow, match="asked others"):
        office.do("bob", tasks.recall, signed)


def test_a_yes_stays_too_when_who_has_asked_others_after_it_has_left(office):
    office.begin(approval(users="bob,fay"))
    signed = after(office, "bob", tasks.add_after, ["eve"])
    office.act("eve", tasks.add_before, ["gus"])
    tasks.hand_over(office.engine, office.who["dan"], "eve", "hal", "left")

    with pytest.raises(NotPossibleNow, match="asked others"):
        office.do("bob", tasks.recall, signed)


def test_a_yes_can_be_taken_back_when_those_asked_after_it_are_removed_again(office):
    office.begin(approval(users="bob,fay"))
    signed = after(office, "bob", tasks.add_after, ["eve"])
    office.act("eve", tasks.add_before, ["gus"])
    office.do("eve", tasks.remove_signer, office.item("gus"))

    office.do("bob", tasks.recall, signed)

    assert office.asked() == {"bob", "fay"}


def test_who_was_added_beside_stays_when_the_adder_takes_his_own_back(office):
    instance = office.begin(approval(users="bob,fay"))
    office.act("bob", tasks.add_beside, ["eve"])
    decided = after(office, "bob", tasks.agree)

    office.do("bob", tasks.recall, decided)

    assert office.asked() == {"bob", "fay", "eve"}
    for login in ("bob", "fay", "eve"):
        office.act(login, tasks.agree)
    assert (office.status(instance), office.outcome(instance)["total"]) == ("completed", 3)


def test_taking_back_is_no_transfer(office):
    office.begin(approval(users="bob,fay"))
    decided = after(office, "bob", tasks.agree)
    for _ in range(6):
        decided = office.do("bob", tasks.recall, decided)
        office.do("bob", tasks.agree, decided)
    office.do("bob", tasks.recall, decided)

    office.act("bob", tasks.transfer, "eve", "请处理")

    assert office.asked() == {"eve", "fay"}


def own_of(office, instance, login):
    """His last item that is no advice."""
    return [row.id for row in office.rows(instance) if row.assignee_id == office.who[login].user_id][-1]


def test_advice_is_not_taken_back(office):
    office.begin(approval(users="bob,fay"))
    office.act("bob", tasks.delegate, "eve", "?")
    given = after(office, "eve", tasks.hand_back, "好")

    assert office.view("eve", given).actions == ()
    with pytest.raises(NotPossibleNow):
        office.do("eve", tasks.recall, given)


def test_groups_that_gave_way_to_a_claim_are_not_asked_again_when_signers_decide(office):
    with office.engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "legal", "法务部")
        identity.add_member(uow, "legal", "gus")
    groups = 'candidateGroups="finance,legal"'
    office.begin(
        f'<userTask id="check" name="check"><extensionElements><zeebe:assignmentDefinition {groups}/>'
        '<troika:approval mode="claim"/></extensionElements></userTask>'
    )
    mine = office.act("bob", tasks.claim)
    office.do("bob", tasks.add_before, mine, ["ivy"])

    office.act("ivy", tasks.agree)

    assert office.asked() == {"bob"}
    office.do("bob", tasks.unclaim, mine)
    assert office.asked() == {"bob", "eve", "gus"}


def test_somebody_named_twice_is_added_once(office):
    office.begin(approval(users="bob"))

    office.act("bob", tasks.add_before, ["eve", office.who["eve"].user_id])

    assert office.asked() == {"eve"}
