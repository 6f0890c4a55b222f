"""流程管理员 (troika:managers): who looks after the requests of one process, and of no other."""

import pytest
from sqlalchemy import event

from engine import identity, modification, repository, runtime, tasks
from engine.bpmn import Modification, Placing
from engine.errors import CannotTransfer, DeploymentRefused, Forbidden, NotFound, OwnRequest
from engine.tasks import working
from engine.unit_of_work import ENGINE
from tests.engine.approvals.office import approval
from tests.engine.approvals.test_timeouts import limit
from tests.engine.bpmn.drawing import END, START, drawing, extensions, flows

pytestmark = pytest.mark.approvals

OF_FINANCE = extensions('<troika:managers groups="finance"/>')


def acts_of(office, login, instance):
    return set(office.do(login, tasks.acts, instance))


def test_managers_see_urge_suspend_move_and_void_requests_of_their_process_only(office):
    instance = office.begin(approval("check", users="hal"), approval("last", users="hal"), head=OF_FINANCE)
    with office.engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"q.bpmn": drawing(
            START + approval("check", users="gus") + END + flows("start check end"), process_id="q"
        )})  # fmt: skip
    with office.engine.unit_of_work(office.who["ann"]) as uow:
        other = runtime.start(uow, "q", {}).id

    assert acts_of(office, "bob", instance) == {"void", "cancel", "suspend", "jump"}
    assert acts_of(office, "bob", other) == acts_of(office, "fay", instance) == set()
    assert [item.instance_id for item in office.do("bob", tasks.managed).items] == [instance]
    assert office.do("fay", tasks.managed).items == []
    assert office.do("bob", tasks.sight, instance).default == "read"
    assert office.do("bob", tasks.urge, instance) == 1
    with pytest.raises(Forbidden):
        office.do("bob", tasks.urge, other)
    with pytest.raises(NotFound):
        office.do("bob", tasks.void, other, "wrong")

    office.do("bob", tasks.suspend, instance, "audit")
    office.do("bob", tasks.activate, instance)
    plan = Modification((office.view("hal").token,), (Placing("last", "before", None, {}),))
    office.do("bob", modification.modify, instance, plan, reason="he is ill", accept_warnings=True)
    assert office.view("hal").node == "last"
    with pytest.raises(Forbidden):
        office.do("fay", modification.modify, instance, plan, reason="me too")
    office.do("bob", tasks.void, instance, "wrong form")
    assert office.status(instance) == "voided"


def test_what_a_manager_may_read_of_many_requests_costs_as_many_statements_as_of_one(office):
    first = office.begin(approval("check", users="hal"), head=OF_FINANCE)
    many = [first, *(office.start(by=login) for login in ("ann", "fay", "gus", "bob"))]
    counted = []
    for wanted in ([first], many):
        with office.engine.unit_of_work(office.who["bob"], read_only=True) as uow:
            sent: list[str] = []

            def note(*call, to=sent):
                to.append(call[2])

            event.listen(uow.connection.engine, "before_cursor_execute", note)
            found = working.sights(uow, wanted)
            event.remove(uow.connection.engine, "before_cursor_execute", note)
        assert {key: sight.default for key, sight in found.items()} == dict.fromkeys(wanted, "read")
        counted.append(len(sent))
    assert counted[0] == counted[1]


def test_nobody_looks_after_his_own_request(office):
    instance = office.begin(approval("check", users="hal"), by="bob", head=OF_FINANCE)

    assert acts_of(office, "bob", instance) == {"withdraw", "void", "copy"}
    assert "suspend" in acts_of(office, "eve", instance)
    plan = Modification((office.view("hal").token,), ())
    with pytest.raises(Forbidden):
        office.do("bob", modification.modify, instance, plan, reason="I want it")


def test_managers_are_asked_and_told_before_the_administrators(office):
    late = limit('after="P1D" do="escalate"')
    office.begin(approval("check", users="nobody"), approval("last", late, users="boss"), head=OF_FINANCE)

    assert office.asked() == {"bob", "eve"}
    office.act("bob", tasks.agree)
    assert office.asked() == {"boss"}
    office.later(days=1)
    assert [len(office.items(login, "copied")) for login in ("bob", "eve", "dan")] == [1, 1, 0]


@pytest.mark.parametrize("own", ["", '<troika:onSelf do="forbid"/>'])
def test_a_manager_who_asks_decides_nothing_that_came_to_his_group_in_place_of_somebody(office, own):
    late = limit('after="P1D" do="transfer" to="nobody"')
    instance = office.begin(
        approval("check", own, users="bob" if own else "nobody"), approval("last", late, users="hal"),
        by="bob", head=OF_FINANCE,
    )  # fmt: skip

    for due in ("check", "last"):
        item = office.item("eve")
        for verb in (tasks.claim, tasks.agree):
            with pytest.raises(OwnRequest, match="about your own request"):
                office.do("bob", verb, item)
        assert office.view("bob", item).actions == ()
        item = office.do("eve", tasks.claim, item)
        with pytest.raises(CannotTransfer):
            office.do("eve", tasks.transfer, item, "bob", "yours")
        assert office.view("eve", item).node == due
        office.do("eve", tasks.agree, item)
        office.later(days=1)
    assert office.status(instance) == "completed"


def test_a_group_of_the_requester_alone_leaves_it_to_the_next_and_to_the_administrators(office):
    with office.engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "alone", "独")
        identity.add_member(uow, "alone", "bob")
    late = limit('after="P1D" do="transfer" to="nobody"')
    nodes = approval("check", users="nobody"), approval("last", late, users="hal")
    for groups, asked in (("alone", {"dan"}), ("alone finance", {"bob", "eve"})):
        office.begin(*nodes, by="bob", head=extensions(f'<troika:managers groups="{groups}"/>'))
        for _ in nodes:
            assert office.asked() == asked, groups
            item = office.item(min(asked - {"bob"}))
            office.do(min(asked - {"bob"}), tasks.agree, item)
            office.later(days=1)
        assert office.asked() == set()


def test_of_two_groups_the_first_that_has_people_is_asked_on_arrival_and_when_time_is_up(office):
    with office.engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "empty", "空")
        identity.create_group(uow, "hr", "人事部")
        identity.add_member(uow, "hr", "gus")
    late = limit('after="P1D" do="transfer" to="nobody"')
    head = extensions('<troika:managers groups="empty hr finance"/>')
    office.begin(approval("check", users="nobody"), approval("last", late, users="hal"), head=head)

    assert office.asked() == {"gus"}
    office.act("gus", tasks.agree)
    assert office.asked() == {"hal"}
    office.later(days=1)
    assert office.asked() == {"gus"}


@pytest.mark.parametrize("do", ["forbid", "skip", "manager", "deptLeader"])
def test_a_requester_of_the_group_that_is_asked_decides_nothing_where_the_drawing_keeps_him_from_it(office, do):
    kept = f'<troika:onSelf do="{do}"/>'
    asked = approval("check", kept, users="finance").replace("candidateUsers", "candidateGroups")
    instance = office.begin(asked, by="bob")
    item = office.item("eve")

    for verb in (tasks.claim, tasks.agree):
        with pytest.raises(OwnRequest, match="about your own request"):
            office.do("bob", verb, item)
    office.do("eve", tasks.agree, office.do("eve", tasks.claim, item))
    assert office.status(instance) == "completed"


def test_a_group_of_the_requester_alone_is_nobody_where_the_drawing_keeps_him_from_it(office):
    with office.engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "alone", "独")
        identity.add_member(uow, "alone", "bob")
    kept = approval("check", '<troika:onSelf do="forbid"/>', users="alone")
    office.begin(kept.replace("candidateUsers", "candidateGroups"), by="bob")
    assert office.asked() == {"dan"}


def test_a_group_called_managers_that_may_start_a_process_manages_nothing_by_its_name(office):
    with office.engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "managers", "经理")
        identity.add_member(uow, "managers", "ann")
        identity.add_member(uow, "managers", "bob")
    office.begin(approval("check", users="hal"), head=extensions('<troika:starters groups="managers"/>'))

    assert office.do("ann", tasks.managed).items == office.do("bob", tasks.managed).items == []


def test_managers_who_have_nobody_leave_it_to_the_administrators(office):
    with office.engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "empty", "空")
    office.begin(approval("check", users="nobody"), head=extensions('<troika:managers groups="empty"/>'))
    assert office.asked() == {"dan"}


def test_a_group_that_is_not_there_is_refused_when_it_is_deployed(office):
    with office.engine.unit_of_work(ENGINE) as uow:
        identity.create_org_unit(uow, "hq", "总部")
    with pytest.raises(DeploymentRefused) as refused:
        office.deploy(approval("check", users="bob"), head=extensions('<troika:managers groups="finanse"/>'))
    assert [finding.facts["key"] for finding in refused.value.findings] == ["finanse"]
