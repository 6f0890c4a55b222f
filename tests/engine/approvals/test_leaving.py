"""离职转办: everything of somebody who leaves, with its conflicts beforehand and a result for each."""

from decimal import Decimal

import pytest
from sqlalchemy import func, select

from engine import identity, policy, repository, tasks
from engine.db.task import ItemStatus, work_item
from engine.errors import CannotTransfer, Forbidden, InvalidValue
from engine.unit_of_work import ENGINE
from tests.engine.approvals.office import approval
from tests.engine.approvals.test_resubmitting import guarded
from tests.engine.bpmn.drawing import END, START, drawing, flows
from tests.engine.policy.test_gate import POLICY
from tests.engine.test_tasks import mine

pytestmark = pytest.mark.approvals

SECRET = drawing(
    '<extensionElements><troika:title value="= &quot;pay &quot; + string(amount)"/></extensionElements>'
    + START + approval(users="bob") + END + flows("start check end")
)  # fmt: skip
FUTURE = '<troika:buttons changeFuture="true"/>'


def leave(office, leaver: str, to: str, by: str = "dan", **options):
    return tasks.hand_over(office.engine, office.who[by], leaver, to, "离职", **options)


def test_everything_goes_with_a_preview_of_conflicts_and_a_result_each(office):
    alone = [office.begin(approval(users="bob")) for _ in range(10)]
    together = office.begin(approval(users="bob,gus"))
    preview = office.do("dan", tasks.hand_over_preview, "bob", "gus")
    assert [type(line.conflict) for line in preview] == [type(None)] * 10 + [CannotTransfer]

    lines = leave(office, "bob", "gus")

    assert [line.done for line in lines] == [True] * 10 + [False]
    assert [line.instance_id for line in lines] == [*alone, together]
    assert (len(office.items("gus")), len(office.items("bob"))) == (11, 1)
    assert office.kinds(alone[0])[-1] == "task.handed_over"
    [old, new] = office.rows(alone[0])
    assert (new.supersedes_id, new.owner_id, new.assignee_id) == (
        old.id, office.who["bob"].user_id, office.who["gus"].user_id
    )  # fmt: skip
    office.act("gus", tasks.agree)
    assert [line.done for line in leave(office, "bob", "gus")] == [False]  # what is left has the same conflict


def test_a_thousand_items_are_foreseen_and_go_over_in_one_act_but_for_those_in_conflict(office):
    many_go_over(office, 1000 if office.engine.dialect == "sqlite" else 50)  # on both: `python -m benchmarks.leaving`


def many_go_over(office, wanted: int) -> None:
    """Bob leaves; of `wanted` tasks one in fifty is one of gus as well."""
    office.deploy(approval(users="bob,gus"))
    both = [office.start() for _ in range(wanted // 50)]
    office.deploy(approval(users="bob"))
    alone = [office.start() for _ in range(wanted - len(both))]

    preview = office.do("dan", tasks.hand_over_preview, "bob", "gus")
    lines = leave(office, "bob", "gus")

    assert {line.instance_id: type(line.conflict) for line in preview} == {
        **dict.fromkeys(alone, type(None)), **dict.fromkeys(both, CannotTransfer),
    }  # fmt: skip
    assert {line.instance_id: line.done for line in lines} == {
        **dict.fromkeys(alone, True),
        **dict.fromkeys(both, False),
    }
    with office.engine.unit_of_work(office.who["dan"], read_only=True) as uow:
        left = uow.execute(
            select(work_item.c.assignee_id, func.count()).where(work_item.c.status == int(ItemStatus.TODO))
            .group_by(work_item.c.assignee_id)
        ).all()  # fmt: skip
    assert {row.assignee_id: row.count for row in left} == {
        office.who["bob"].user_id: len(both), office.who["gus"].user_id: wanted,
    }  # fmt: skip


def test_places_in_a_sequence_questions_and_groups_go_over_as_they_stand(office):
    sequence = office.begin(approval(mode="sequential", users="eve,bob"))
    asking = office.begin(approval(users="bob"))
    own = next(line.work_item_id for line in office.items("bob") if line.instance_id == asking)
    office.do("bob", tasks.delegate, own, "fay", "?")
    before = office.begin(approval(users="bob"))
    office.act("bob", tasks.add_before, ["hal"])

    assert all(line.done for line in leave(office, "bob", "gus"))

    assert office.asked() == {"eve", "fay", "hal"}
    office.act("eve", tasks.agree)
    office.act("fay", tasks.hand_back, "!")
    office.act("hal", tasks.agree)
    assert {line.instance_id for line in office.items("gus")} == {sequence, asking, before}
    for _ in range(3):
        office.act("gus", tasks.agree)
    assert [office.status(key) for key in (sequence, asking, before)] == ["completed"] * 3


@pytest.mark.parametrize("otherwise", ["stands", "falls"])
def test_what_waits_for_the_word_of_somebody_who_leaves_falls_and_the_other_one_is_asked(office, otherwise):
    form = '<zeebe:formDefinition formId="oa/claim"/>'
    first = office.begin(approval("check", form, users="bob"), form=True, amount=Decimal(5), note="a")
    other = office.start(amount=Decimal(6), note="b")
    now = office.clock.now()
    office.do("bob", identity.substitute, "bob", "hal", now, now.replace(day=28), confirm=True, unconfirmed=otherwise)
    for item in [line.work_item_id for line in office.items("hal")]:
        office.do("hal", tasks.agree, item, {"amount": "7.00", "note": "c"}, opinion="fine")
    preview = office.do("dan", tasks.hand_over_preview, "bob", "gus")
    assert [(line.decision, line.decided_by, line.conflict) for line in preview] == [("agree", "Hal", None)] * 2
    assert [one.open for one in left_behind_by_disabling(office, "bob")] == [2]

    leave(office, "bob", "gus", only=[preview[0].work_item_id])

    office.later(hours=25)
    assert office.status(first) == "running"
    assert office.status(other) == ("completed" if otherwise == "stands" else "running")
    [line] = office.items("gus")
    view = office.view("gus", line.work_item_id)
    assert (line.instance_id, view.draft["fields"]["note"], view.values["note"]) == (first, "c", "a")
    old, new = office.rows(first)
    assert (old.void_reason, old.opinion, new.owner_id) == ("离职", "fine", office.who["bob"].user_id)
    assert office.kinds(first)[-2:] == ["task.refused", "task.handed_over"]
    office.act("gus", tasks.reject, "no")
    assert office.status(first) == "rejected"


def left_behind_by_disabling(office, login: str):
    office.do("dan", identity.disable, office.who[login].user_id)
    return office.do("dan", tasks.left_behind)


def test_later_approvers_and_substitutions_follow(office):
    instance = office.begin(approval("one", FUTURE, users="eve"), approval("two", users="fay"))
    office.do("eve", tasks.set_future, instance, "two", ["bob"])
    now = office.clock.now()
    office.do("bob", identity.substitute, "bob", "hal", now, now.replace(day=28))

    leave(office, "bob", "gus")
    office.act("eve", tasks.agree)

    assert office.asked() == {"fay", "gus"}
    assert office.do("bob", identity.substitutions, office.who["bob"].user_id) == []


def test_only_who_looks_after_people_hands_over_and_only_to_somebody_who_is_there(office):
    office.begin(approval(users="bob"))

    with pytest.raises(Forbidden):
        leave(office, "bob", "gus", by="cyd")
    with pytest.raises(Forbidden):
        office.do("cyd", tasks.hand_over_preview, "bob", "gus")
    with pytest.raises(InvalidValue):
        leave(office, "bob", "bob")
    with pytest.raises(InvalidValue, match="reason"):
        tasks.hand_over(office.engine, office.who["dan"], "bob", "gus", " ")
    assert leave(office, "bob", "gus", only=[]) == []
    assert office.asked() == {"bob"}


def test_what_is_left_besides_may_stay_and_one_process_may_be_looked_at_alone(office):
    instance = office.begin(approval("one", FUTURE, users="eve"), approval("two", users="fay"))
    office.do("eve", tasks.set_future, instance, "two", ["bob"])
    now = office.clock.now()
    office.do("bob", identity.substitute, "bob", "hal", now, now.replace(day=28))
    assert office.do("dan", tasks.besides, "bob") == tasks.Besides(later=1, substitutions=1)

    leave(office, "bob", "gus", besides=False)

    assert office.do("dan", tasks.besides, "bob") == tasks.Besides(later=1, substitutions=1)
    assert [line.process for line in office.do("dan", tasks.hand_over_preview, "eve", "gus")] == ["p"]
    assert office.do("dan", tasks.hand_over_preview, "eve", "gus", "another") == []


def test_disabled_accounts_with_open_work_stand_in_a_list(office):
    for _ in range(2):
        office.begin(approval(users="bob,eve"))
    for login in ("bob", "hal"):
        office.do("dan", identity.disable, office.who[login].user_id)

    assert [(one.user.login, one.open) for one in office.do("dan", tasks.left_behind)] == [("bob", 2)]
    leave(office, "bob", "gus")
    assert office.do("dan", tasks.left_behind) == []
    with pytest.raises(Forbidden):
        office.do("eve", tasks.left_behind)


def test_a_request_does_not_go_to_its_requester_where_he_may_not_decide_on_it(office):
    office.begin(approval("check", '<troika:onSelf do="forbid"/>', users="bob"))
    office.begin(approval(users="bob"))

    forbidden, asked = office.do("dan", tasks.hand_over_preview, "bob", "ann")

    assert "his own request" in str(forbidden.conflict)
    assert asked.conflict is None


def test_titles_made_of_what_is_hidden_are_not_shown_to_who_looks_after_people(office):
    office.deploy(approval(users="bob"))
    with office.engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "hr", "人事", capabilities="people")
        identity.add_member(uow, "hr", "ivy")
        repository.deploy(uow, {"p.bpmn": SECRET})
    office.start(amount=9)

    [line] = office.do("ivy", tasks.hand_over_preview, "bob", "gus")

    assert line.title == "P"  # the name of the process


def test_what_counts_for_a_policy_goes_only_to_somebody_who_may_decide_it(engine):
    """By hand as when somebody leaves: not to the requester, and not to whom the policy does not accept."""
    case, _ = guarded(engine)
    case.back("c", "a")
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY.replace("valid_for: P10D", "eligible: '= actor.login != \"cyd\"'", 1))

    for login, found in (("ann", "own request"), ("cyd", "actor.login")):
        with pytest.raises(CannotTransfer) as refused:
            case.act(tasks.transfer, "a", login, "出差")
        assert found in str(refused.value)
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            [line] = tasks.hand_over_preview(uow, "bob", login)
        assert str(line.conflict) == str(refused.value)
    case.act(tasks.transfer, "a", "eve", "出差")
    assert mine(engine, case.who["bob"]) == []
