"""Who is asked because somebody said so: the requester, an approver, or later on; and for which department."""

import pytest

from engine import identity, runtime, tasks
from engine.errors import CannotChoose, Forbidden, InvalidValue, Suspended
from engine.tasks import drafting
from engine.unit_of_work import ENGINE
from tests.engine.approvals.office import approval

pytestmark = pytest.mark.approvals


def selected(strategy: str, more: str = "", key: str = "check", extra: str = "") -> str:
    """An approval whose people somebody selects."""
    return (
        f'<userTask id="{key}" name="{key}"><extensionElements><troika:assignment strategy="{strategy}" {more}/>'
        f'<troika:approval mode="all"/>{extra}</extensionElements></userTask>'
    )


def start(office, approvers=None, by: str = "ann", **options):
    with office.engine.unit_of_work(office.who[by]) as uow:
        return runtime.start(uow, "p", {}, approvers=approvers, **options).id


def test_the_requester_selects_who_is_asked(office):
    office.deploy(selected("initiatorSelect", 'range="finance" max="2"'))

    instance = start(office, {"check": ["bob", "eve"]})

    assert office.asked() == {"bob", "eve"}
    assert office.kinds(instance, "approvers.") == ["approvers.chosen"]


def test_the_requester_selects_on_a_draft_too(office):
    office.deploy(selected("initiatorSelect", 'range="finance" max="2"'))
    draft = office.do("ann", drafting.save, "p", {})

    office.do("ann", drafting.submit, draft.id, {}, draft.version, approvers={"check": ["bob"]})

    assert office.asked() == {"bob"}


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [(["fay"], "finance"), (["bob", "eve", "fay"], "3"), ([], "nobody"), (["bobb"], "bobb")],
)
def test_a_selection_outside_of_what_the_drawing_allows_is_refused(office, chosen, reason):
    office.deploy(selected("initiatorSelect", 'range="finance" max="2"'))

    with pytest.raises(CannotChoose, match=reason):
        start(office, {"check": chosen})
    with pytest.raises(CannotChoose, match="elsewhere"):
        start(office, {"elsewhere": ["bob"]})


def test_without_a_selection_the_node_is_empty(office):
    office.deploy(selected("initiatorSelect"))
    start(office)

    assert office.asked() == {"dan"}


def test_the_previous_approver_selects_who_is_next(office):
    office.begin(approval("one", users="bob"), selected("previousApproverSelect", 'max="1"', key="two"))
    assert [(one.node, one.most) for one in office.view("bob").selects] == [("two", 1)]
    item = office.item("bob")

    with pytest.raises(CannotChoose):
        office.do("bob", tasks.agree, item, approvers={"two": ["eve", "fay"]})
    office.do("bob", tasks.agree, item, approvers={"two": ["fay"]})

    assert office.asked() == {"fay"}


FUTURE = '<troika:buttons changeFuture="true"/>'


def test_later_approvers_are_added_or_replaced(office):
    instance = office.begin(approval("one", FUTURE, users="bob"), approval("two", users="eve"))
    office.do("bob", tasks.set_future, instance, "two", ["fay"])
    office.act("bob", tasks.agree)
    assert office.asked() == {"eve", "fay"}
    with pytest.raises(CannotChoose, match="reached"):
        office.do("dan", tasks.set_future, instance, "two", ["gus"])

    instance = office.begin(approval("one", FUTURE, users="bob"), approval("two", users="hal"))
    office.do("dan", tasks.set_future, instance, "two", ["gus"], adds=False)
    office.act("bob", tasks.agree)
    assert office.asked() == {"eve", "fay", "gus"}


def test_only_who_is_asked_where_the_drawing_lets_him_changes_later_approvers(office):
    instance = office.begin(approval("one", FUTURE, users="bob"), approval("two", users="eve"))

    for login in ("ann", "eve"):
        with pytest.raises(Forbidden):
            office.do(login, tasks.set_future, instance, "two", ["fay"])
    with pytest.raises(CannotChoose, match="no such task"):
        office.do("bob", tasks.set_future, instance, "three", ["fay"])
    for _ in range(2):
        office.do("bob", tasks.set_future, instance, "two", ["fay"], idempotency_key="k")
    assert office.kinds(instance, "approvers.") == ["approvers.chosen"]


def test_a_requester_with_several_departments_says_for_which_he_asks(office):
    with office.engine.unit_of_work(ENGINE) as uow:
        identity.create_org_unit(uow, "shop", "门店", leader="bob")
        identity.create_org_unit(uow, "lab", "实验室", leader="eve")
        identity.change_user(uow, identity.user(uow, "ann").id, org_unit="shop")
        identity.join_department(uow, "ann", "lab")
        assert [unit.key for unit in identity.departments_of(uow, "ann")] == ["shop", "lab"]
    leader = '<userTask id="check" name="check"><extensionElements><troika:assignment strategy="initiatorDeptLeader"/>'
    office.deploy(leader + '<troika:approval mode="all"/></extensionElements></userTask>')

    start(office)
    assert office.asked() == {"bob"}
    start(office, department="lab")
    assert office.asked() == {"bob", "eve"}
    with pytest.raises(InvalidValue, match="moon"):
        start(office, department="moon")


@pytest.mark.parametrize("reads", ["copy", "advice"])
def test_who_only_reads_or_advises_does_not_choose_who_is_asked_later(office, reads):
    instance = office.begin(
        approval("check", '<troika:buttons changeFuture="true"/>', users="bob"), approval("next", users="eve")
    )
    if reads == "copy":
        office.do("bob", tasks.copy_to, instance, ["ivy"])
    else:
        office.act("bob", tasks.delegate, "ivy", "?")

    with pytest.raises(Forbidden):
        office.do("ivy", tasks.set_future, instance, "next", ["ivy"], adds=False)


def test_later_approvers_of_a_suspended_request_stay_as_they_are(office):
    instance = office.begin(approval("one", FUTURE, users="bob"), approval("two", users="eve"))
    office.do("dan", runtime.suspend, instance, "audit")

    with pytest.raises(Suspended):
        office.do("bob", tasks.set_future, instance, "two", ["fay"])

    assert office.kinds(instance, "approvers.") == []
