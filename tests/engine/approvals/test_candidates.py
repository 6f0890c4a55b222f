"""Who is asked, by every strategy, on a small company."""

from types import SimpleNamespace
from typing import Any

import pytest

from engine import identity, repository, tasks
from engine.approvals import candidates
from engine.approvals.automatic import PROCESS_ADMINS, Automatic, handle
from engine.approvals.candidates import Asking
from engine.bpmn.steps import Assignment, Capability, Work
from engine.db.task import Source
from engine.errors import NobodyToAsk, NotFound, UnknownStrategy
from engine.unit_of_work import ENGINE
from tests.engine.bpmn.drawing import END, START, drawing, element, flows

pytestmark = pytest.mark.approvals


@pytest.fixture
def uow(engine):
    """Boss > cyd (sales) > bob (shop's people: ann, eve); dan administers; gone is disabled."""
    with engine.unit_of_work(ENGINE) as unit:
        identity.create_user(unit, "boss", "Boss")
        identity.create_org_unit(unit, "all", "公司", leader="boss")
        identity.create_user(unit, "cyd", "Cyd")
        identity.create_org_unit(unit, "sales", "销售部", parent="all", leader="cyd")
        identity.change_user(unit, identity.user(unit, "cyd").id, org_unit="sales", manager="boss")
        identity.create_user(unit, "bob", "Bob", manager="cyd", org_unit="sales", position="店长")
        identity.create_org_unit(unit, "shop", "门店", parent="sales", leader="bob")
        for login in ("ann", "eve", "gone"):
            identity.create_user(unit, login, login.title(), manager="bob", org_unit="shop", position="店员")
        identity.disable(unit, identity.user(unit, "gone").id)
        identity.create_user(unit, "dan", "Dan")
        identity.create_group(unit, "finance", "财务部")
        identity.create_group(unit, PROCESS_ADMINS, "流程管理员")
        for group, login in (("finance", "eve"), ("finance", "gone"), ("finance", "dan"), (PROCESS_ADMINS, "dan")):
            identity.add_member(unit, group, login)
        yield unit


def asking(uow, strategy: str, starter: str = "ann", form: dict[str, Any] | None = None, **work: Any) -> Asking:
    values = work.pop("values", {})
    task = Work(name="审批", assignment=Assignment(strategy, values), **work)
    instance: Any = SimpleNamespace(id=None, starter_id=identity.user(uow, starter).id, cache={})
    return Asking(uow, instance, task, lambda: form or {})


def asked(uow, strategy: str, starter: str = "ann", form: dict[str, Any] | None = None, **values: Any) -> list[str]:
    found = candidates.resolve(asking(uow, strategy, starter, form, values=values))
    return [candidate.name for candidate in found]


@pytest.mark.parametrize(
    ("strategy", "values", "expected"),
    [
        ("user", {"users": "bob"}, ["Bob"]),
        ("user", {"users": {"login": "bob", "name": "Bob"}}, ["Bob"]),
        ("users", {"users": "eve, bob ,eve,gone,nobody"}, ["Eve", "Bob"]),
        ("users", {"users": ["bob", "ann"]}, ["Bob", "Ann"]),
        ("groups", {"groups": ["finance"], "users": "bob"}, ["财务部", "Bob"]),
        ("role", {"id": "finance"}, ["Dan", "Eve"]),
        ("userGroup", {"ids": "finance,unknown"}, ["Dan", "Eve"]),
        ("position", {"position": "店员"}, ["Ann", "Eve"]),
        ("initiator", {}, ["Ann"]),
        ("initiatorManager", {}, ["Bob"]),
        ("initiatorManager", {"level": 2}, ["Cyd"]),
        ("initiatorManager", {"level": "9"}, []),
        ("initiatorDeptLeader", {"level": 1}, ["Bob"]),
        ("initiatorDeptLeader", {"level": 2}, ["Cyd"]),
        ("initiatorDeptLeader", {"level": 9}, ["Boss"]),
        ("managerChain", {"to": 2}, ["Bob", "Cyd"]),
        ("managerChain", {"direction": "topDown"}, ["Boss", "Cyd", "Bob"]),
        ("deptLeaderChain", {"from": 2, "to": 3}, ["Cyd", "Boss"]),
        ("deptLeader", {"dept": "sales"}, ["Cyd"]),
        ("deptMember", {"dept": "shop"}, ["Ann", "Eve"]),
        ("formUser", {"field": "who.handler"}, ["Eve"]),
        ("formUser", {"field": "missing.path"}, []),
        ("formUserManager", {"field": "who.handler"}, ["Bob"]),
        ("formUserDeptLeader", {"field": "who.handler"}, ["Bob"]),
        ("formDept", {"field": "unit"}, ["Cyd"]),
        ("expression", {"value": ["eve", "bob"]}, ["Eve", "Bob"]),
        ("decision", {"decisionId": "d", "decided": ["eve", "finance"]}, ["Eve", "Dan"]),
        ("decision", {"decisionId": "d", "decided": {"users": "bob", "groups": ["finance"]}}, ["Bob", "Dan", "Eve"]),
        ("decision", {"decisionId": "d", "decided": None}, []),
        ("managerChain", {"stopAt": "rank:店长"}, ["Bob"]),
        ("managerChain", {"stopAt": "dept:sales"}, ["Bob", "Cyd"]),
        ("deptLeaderChain", {"stopAt": "dept:sales", "direction": "topDown"}, ["Cyd", "Bob"]),
        ("initiatorSelect", {"range": "all"}, []),
        ("previousApproverSelect", {}, []),
        ("open", {}, []),
    ],
)
def test_each_strategy_asks_the_people_it_says(uow, strategy, values, expected):
    form = {"who": {"handler": "eve"}, "unit": "sales"}

    assert asked(uow, strategy, form=form, **values) == expected


def test_a_variable_names_who_is_asked_and_a_called_process_knows_only_what_it_is_given(office):
    """The called one asks whom its own `approver` names; that of the caller is no variable of it."""
    called = drawing(START + by_variable("inner") + END + flows("start inner end"), process_id="called")
    given = '<zeebe:ioMapping><zeebe:input source="= deputy" target="approver"/></zeebe:ioMapping>'

    def calling(*more: str) -> bytes:
        call = '<zeebe:calledElement processId="called" propagateAllParentVariables="false"/>'
        body = START + by_variable("outer") + element("callActivity", "call", call, *more) + END
        return drawing(body + flows("start outer call end"))

    for xml, asked_there in ((calling(given), {"eve"}), (calling(), {"dan"})):
        with office.engine.unit_of_work(ENGINE) as uow:
            repository.deploy(uow, {"called.bpmn": called, "p.bpmn": xml})
        instance = office.start(approver="bob", deputy="eve")
        assert office.asked() == {"bob"}
        office.act("bob", tasks.agree)
        assert office.asked() == asked_there  # nobody is named: who administers processes
        [login] = asked_there
        office.act(login, tasks.claim if login == "dan" else tasks.agree)
        if login == "dan":
            office.act(login, tasks.agree)
        assert office.status(instance) == "completed"


def by_variable(key: str) -> str:
    return (
        f'<userTask id="{key}" name="{key}"><extensionElements><zeebe:assignmentDefinition assignee="= approver"/>'
        '<troika:approval mode="any"/></extensionElements></userTask>'
    )


def test_the_leader_of_a_department_is_judged_one_level_up(uow):
    assert asked(uow, "initiatorDeptLeader", starter="bob", level=1) == ["Cyd"]
    assert asked(uow, "initiatorDeptLeader", starter="cyd", level=1) == ["Boss"]


@pytest.mark.parametrize(
    ("missing", "chain", "second", "managers"),
    [
        ("climb", ["Bob", "Boss"], ["Boss"], ["Bob", "Boss"]),
        ("skip", ["Bob", "Boss"], [], ["Bob", "Boss"]),
        ("empty", [], [], []),
    ],
)
def test_a_level_without_a_leader_is_climbed_over_left_out_or_empties_the_node(uow, missing, chain, second, managers):
    identity.disable(uow, identity.user(uow, "cyd").id)

    assert asked(uow, "deptLeaderChain", onMissingLevel=missing) == chain
    assert asked(uow, "initiatorDeptLeader", level=2, onMissingLevel=missing) == second
    assert asked(uow, "managerChain", onMissingLevel=missing) == managers


def test_who_leads_his_own_department_may_be_asked_himself(uow):
    assert asked(uow, "initiatorDeptLeader", starter="cyd", selfIsLeader="self") == ["Cyd"]


def test_an_unknown_strategy_or_department_is_an_answer_that_names_it(uow):
    with pytest.raises(UnknownStrategy, match="horoscope"):
        asked(uow, "horoscope")
    with pytest.raises(NotFound, match="moon"):
        asked(uow, "deptLeader", dept="moon")


def result(uow, strategy: str, *, values: dict[str, Any], **work: Any) -> Any:
    question = asking(uow, strategy, values=values, **work)
    found = handle(question, candidates.resolve(question))
    return found if isinstance(found, Automatic) else [candidate.name for candidate in found]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("processAdmin", ["流程管理员"]),
        ("blockStart", ["流程管理员"]),
        ("users:bob,eve", ["Bob", "Eve"]),
        ("users:gone", ["流程管理员"]),
        ("autoPass", Automatic(True, Source.AUTO_EMPTY, "nobody to ask")),
        ("autoReject", Automatic(False, Source.AUTO_EMPTY, "nobody to ask")),
    ],
)
def test_nobody_left_is_handled_as_the_drawing_says(uow, rule, expected):
    assert result(uow, "users", values={"users": "gone"}, on_empty=rule) == expected


@pytest.mark.parametrize(
    ("rule", "users", "expected"),
    [
        ("ask", "ann", ["Ann"]),
        ("skip", "ann,eve", ["Eve"]),
        ("skip", "ann", Automatic(True, Source.AUTO_SELF, "the requester is the approver")),
        ("manager", "ann", ["Bob"]),
        ("manager", "ann,bob", ["Bob"]),
        ("deptLeader", "ann", ["Bob"]),
        ("forbid", "ann", ["流程管理员"]),
    ],
)
def test_the_requester_among_the_approvers_is_handled_as_the_drawing_says(uow, rule, users, expected):
    assert result(uow, "users", values={"users": users}, on_self=rule) == expected


def test_the_requester_is_never_asked_for_what_counts_towards_a_payment(uow):
    mark = Capability("finance_approval", "1", "erp_payment_request")

    assert result(uow, "users", values={"users": "ann"}, on_self="ask", capability=mark) == ["Bob"]


def test_a_second_account_of_the_requester_counts_as_himself(uow):
    identity.create_user(uow, "ann2", "Ann 2", person_id=identity.user(uow, "ann").id)

    assert result(uow, "users", values={"users": "ann2"}, on_self="forbid") == ["流程管理员"]


def test_without_administrators_the_request_is_refused_with_a_hint(uow):
    identity.remove_member(uow, PROCESS_ADMINS, "dan")

    with pytest.raises(NobodyToAsk, match="process_admin"):
        result(uow, "users", values={"users": "gone"})
