"""Policies beside what is deployed and who is there: what a change would do, who is indispensable, who owns tables."""

from datetime import timedelta
from decimal import Decimal

import pytest

from engine import audit, bpmn, identity, modification, policy, repository, runtime
from engine.errors import InvalidPolicy, PolicyHold
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import END, START, drawing, flows, user
from tests.engine.policy.test_gate import APPROVE, PAYING, a_bill, agree, pay, people, started
from tests.factories import straight

BOARD = drawing(
    START + APPROVE.format(provides="board_approval").replace("fay,cfo", "root").replace("test_bill", "policy_version")
    .replace("bill_id", "version_id") + END + flows("start fin end"), process_id="board",
)  # fmt: skip

POLICY = """
- id: REF-001
  title: 先审批，后退款
  on: refund.execute
  require:
    - {approval: finance_approval, eligible: '= list contains(actor.roles, "fin")'}
    - {approval: cfo_approval, eligible: '= actor.login = "cfo"', when: "= facts.amount >= 1000"}
  distinct: [requester, approver]
  binds: [amount, payee]
"""
CHANGES = """
- id: POL-001
  title: 改策略要审批
  on: policy.change
  require:
    - {approval: board_approval}
"""


@pytest.fixture
def who(engine) -> dict[str, Actor]:
    return people(engine)


def test_what_if_names_definitions_and_payments_that_would_not_have_passed(engine, who):
    bill_id, large = a_bill(engine), a_bill(engine, cents=50000)
    for one in (bill_id, large):
        instance_id = started(engine, who["req"], one)
        agree(engine, who["fay"])
        pay(engine, instance_id, one)
    text_ = policy_text(require="    - {approval: finance_approval}\n"
                        '    - {approval: cfo_approval, when: "= facts.amount >= 500"}\n')  # fmt: skip
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (milder,) = repository.what_if(uow, policy.read(text_))
        (strict,) = repository.what_if(uow, policy.read(policy_text("    - {approval: board_approval}\n")))

    assert milder.broken == []
    assert [(one.amount, one.subject_id) for one in milder.held] == [(Decimal("500.00"), str(large))]
    assert "cfo_approval" in str(milder.held[0].reasons)
    assert [one.definition.key for one in strict.broken] == ["p"]
    assert len(strict.held) == len(strict.past) == 2


def policy_text(require: str) -> str:
    return f"- id: REF-001\n  title: T\n  on: refund.execute\n  require:\n{require}  distinct: [requester, approver]\n"


def test_changing_a_policy_needs_what_the_policy_about_changes_asks_for(engine, who):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, CHANGES)
        identity.create_group(uow, "controllers", "内控", capabilities="policy")
        for login in ("fay", "cfo"):
            identity.add_member(uow, "controllers", login)
    with engine.unit_of_work(who["fay"]) as uow:
        (made,) = policy.propose(uow, policy_text("    - {approval: finance_approval, people: 3}\n"), "more people")

    with pytest.raises(PolicyHold, match="board_approval"), engine.unit_of_work(who["cfo"]) as uow:
        repository.activate_policy(uow, made.id)
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/board.bpmn": BOARD})
    with engine.unit_of_work(who["req"]) as uow:
        of = runtime.start(uow, "board", {"version_id": str(made.id)}).id
    agree(engine, who["root"])
    with engine.unit_of_work(who["cfo"]) as uow:
        assert repository.activate_policy(uow, made.id).version.state == "active"
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert audit.verify(uow).findings == audit.verify(uow, of).findings == []


OWN_ACTS = """
- id: ROLE-001
  title: 授权要审批
  on: identity.grant_role
  when: '= facts.group = "controllers"'
  require:
    - {approval: finance_approval}
  distinct: [beneficiary, executor, approver]
  binds: [group, user]
  elsewhere: allowed
- id: MOD-001
  title: 干预要审批
  on: instance.modify
  require:
    - {approval: finance_approval}
  binds: [instance]
  elsewhere: allowed
"""


def approve_of(engine, who, subject_type: str, subject: str) -> None:
    """Req asks in a request of its own, Fay agrees."""
    key = f"about_{subject_type}"
    task = (
        APPROVE.format(provides="finance_approval").replace("test_bill", subject_type).replace("= bill_id", "= about")
    )
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {f"{key}.bpmn": straight(task, process_id=key)})
    with engine.unit_of_work(who["req"]) as uow:
        runtime.start(uow, key, {"about": subject})
    agree(engine, who["fay"])


def test_a_role_is_granted_with_the_approval_that_a_policy_asks_for_once(engine, who):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, OWN_ACTS)
        for key in ("controllers", "readers"):
            identity.create_group(uow, key, key)
        ann, bob = (identity.create_user(uow, login, login.title()).id for login in ("ann", "bob"))

    def join(key, person):
        with engine.unit_of_work(who["cfo"]) as uow:
            policy.add_member(uow, key, person)

    def members(key):
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            return [user.login for user in identity.members_of(uow, [identity.group(uow, key).id])]

    join("readers", ann)
    with pytest.raises(PolicyHold, match="finance_approval"):
        join("controllers", ann)
    assert (members("readers"), members("controllers")) == (["ann"], [])
    with engine.unit_of_work(who["fay"]) as uow, pytest.raises(PolicyHold):
        policy.add_member(uow, "controllers", ann)

    approve_of(engine, who, "role", f"controllers/{ann}")
    with pytest.raises(PolicyHold):
        join("controllers", bob)
    with engine.unit_of_work(who["fay"]) as uow, pytest.raises(PolicyHold, match="finance_approval"):
        policy.add_member(uow, "controllers", ann)  # whoever does it is not who approved it
    join("controllers", ann)
    assert members("controllers") == ["ann"]
    with engine.unit_of_work(ENGINE) as uow:
        identity.remove_member(uow, "controllers", ann)
    with pytest.raises(PolicyHold):
        join("controllers", ann)


def test_a_request_is_moved_by_hand_with_the_approval_that_a_policy_asks_for(engine, who):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, OWN_ACTS)
        repository.deploy(uow, {"idle.bpmn": straight(user("wait"), user("later"), process_id="idle")})
    with engine.unit_of_work(who["req"]) as uow:
        instance_id = runtime.start(uow, "idle", {}).id
    with engine.unit_of_work(ENGINE) as uow:
        (token,) = runtime.load(uow, runtime.locked(uow, instance_id)).tokens
    plan = bpmn.Modification(cancel=(token,), start=(bpmn.Placing("later"),))

    def move():
        with engine.unit_of_work(ENGINE) as uow:
            modification.modify(uow, instance_id, plan, reason="by hand", accept_warnings=True)

    with pytest.raises(PolicyHold, match="finance_approval"):
        move()
    approve_of(engine, who, "instance", str(instance_id))
    move()
    with engine.unit_of_work(ENGINE) as uow:
        (token,) = runtime.load(uow, runtime.locked(uow, instance_id)).tokens.values()
        assert token.node.id == "later"
        assert audit.verify(uow).findings == []


def test_a_policy_about_what_nothing_asks_is_refused_and_one_that_changes_no_proof_names_none(engine, who):
    unproved = """
- id: REF-009
  title: t
  on: refund.execute
  require:
    - {approval: board_approval}
"""
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "controllers", "内控", capabilities="policy")
        for login in ("cfo", "fay"):
            identity.add_member(uow, "controllers", login)
        repository.deploy(uow, {"processes/oa/p.bpmn": PAYING})

    def put_in_force(text):
        with engine.unit_of_work(who["cfo"]) as uow:
            (made,) = policy.propose(uow, text, "")
        with engine.unit_of_work(who["fay"]) as uow:
            return [one.definition.key for one in repository.activate_policy(uow, made.id).unproved]

    assert put_in_force(unproved) == ["p"]
    assert put_in_force(CHANGES.replace("policy.change", "instance.modify")) == []
    with pytest.raises(InvalidPolicy, match="nothing would ask"):
        put_in_force(CHANGES.replace("policy.change", "seal.apply"))


def test_the_people_without_whom_nothing_is_paid_are_named(engine):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        identity.create_org_unit(uow, "finance", "财务部")
        identity.create_group(uow, "fin", "财务")
        for login in ("ann", "fay", "fred", "cfo"):
            identity.create_user(uow, login, login.title(), org_unit=None if login == "ann" else "finance")
        for login in ("fay", "fred"):
            identity.add_member(uow, "fin", login)

    def said() -> list[str]:
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            return [text_.format(**facts) for text_, facts in (one.sentence for one in policy.staffing(uow))]

    assert said() == [
        "REF-001, always: if the whole of 财务部 is away, nobody can approve.",
        "REF-001, amount 1000: if Cfo is away, nobody can approve.",
        "REF-001, amount 1000: what Cfo asks for, nobody can approve.",
    ]
    with engine.unit_of_work(ENGINE) as uow:
        identity.disable(uow, identity.user(uow, "fred").id)
    assert "REF-001, always: if Fay is away, nobody can approve." in said()
    with engine.unit_of_work(ENGINE) as uow:
        identity.disable(uow, identity.user(uow, "fay").id)
    assert said()[0] == "REF-001, always: 1 people must give finance_approval, 0 can."


def test_those_who_could_approve_what_they_ask_for_are_named(engine, clock):
    with engine.unit_of_work(ENGINE) as uow:
        stated = POLICY.replace("[requester, approver]", "[approver]")
        policy.ship(uow, stated.replace("finance_approval,", "finance_approval, effective_actor: principal,"))
        identity.create_org_unit(uow, "sales", "销售部")
        identity.create_group(uow, "fin", "财务")
        for login in ("ann", "fay", "bob"):
            identity.create_user(uow, login, login.title(), org_unit="sales" if login == "bob" else None)
        identity.set_leader(uow, "sales", "bob")
        identity.add_member(uow, "fin", "fay")
    with engine.unit_of_work(Actor(person_id(engine, "fay"))) as uow:
        identity.substitute(uow, "fay", "ann", clock.now(), clock.now() + timedelta(days=1))

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        said = [
            text_.format(**facts)
            for text_, facts in (one.sentence for one in policy.staffing(uow) if one.kind == "self")
        ]
    assert said == [
        "REF-001: Fay may approve what he asks for himself, by his role.",
        "REF-001: Ann may approve what he asks for himself, as the substitute of Fay.",
    ]


def person_id(engine, login: str):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return identity.user(uow, login).id
