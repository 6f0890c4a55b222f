"""离职转办: everything of somebody who leaves, with its conflicts beforehand and a result for each."""

import pytest

from engine import identity, tasks
from engine.errors import CannotTransfer, Forbidden, InvalidValue
from tests.engine.approvals.office import approval

pytestmark = pytest.mark.approvals

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
