"""Break-glass: two people answer for one document, for a while; a third one looks, and the database counts too."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine import audit, calls, identity, jobs, operations, policy, repository, runtime
from engine.db.notice import notice_delivery
from engine.db.policy import break_glass, clearance, clearance_grant, policy_grant
from engine.errors import BreakGlassRefused, Forbidden, PolicyHold, SecondPersonNeeded
from engine.ids import uuid7
from engine.operations import OperationCall
from engine.policy import grants as policy_grants
from engine.unit_of_work import ENGINE, Actor
from tests.engine.policy.test_gate import PAYING, a_bill, agree, change, grants, held, pay, state_of
from tests.lending import begun_once
from tests.redteam.walls import gate_off, only_the_database_stops

POLICY = """
- id: REF-001
  title: 先审批，后退款
  on: refund.execute
  require:
    - {approval: finance_approval, people: 1}
    - state: "= facts.payee_bank_confirmed"
  distinct: [requester, approver]
  binds: [amount, payee]
  break_glass: {people: 2, roles: [cfo, internal_audit], expires: PT24H, reason: required, notify: [internal_audit]}
"""
WHY = "The bank closes in an hour and the whole finance team is ill."


@pytest.fixture
@begun_once
def who(engine) -> dict[str, Actor]:
    groups = {"cfo": "carl req", "internal_audit": "ida ivo carl2", "auditors": "aud ida"}
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        identity.create_group(uow, "process_admin", "流程管理员")
        for login in ("req", "fay", "cfo", "carl", "ida", "ivo", "aud"):
            identity.create_user(uow, login, login.title())
        identity.create_user(uow, "carl2", "Carl again", person_id=identity.user(uow, "carl").id)
        for key, members in groups.items():
            identity.create_group(uow, key, key, capabilities="audit" if key == "auditors" else "")
            for login in members.split():
                identity.add_member(uow, key, login)
        return {person.login: Actor(person.id) for person in identity.users(uow)}


@pytest.fixture
def case(engine, who) -> tuple[UUID, UUID]:
    """A process whose payment nobody has approved, and its bill."""
    bill_id = a_bill(engine)
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/p.bpmn": PAYING})
    with engine.unit_of_work(who["req"]) as uow:
        return runtime.start(uow, "p", {"bill_id": str(bill_id)}).id, bill_id


def ask(engine, actor: Actor, case, reason: str = WHY) -> policy.Emergency:
    with engine.unit_of_work(actor) as uow:
        instance = uow.lock_instance(case[0])
        return policy.ask_emergency(uow, instance, "REF-001", "test_bill", str(case[1]), reason)


def sign(engine, actor: Actor, asked: policy.Emergency) -> policy.Emergency:
    with engine.unit_of_work(actor) as uow:
        return policy.sign_emergency(uow, uow.lock_instance(asked.instance_id), asked.id)


def test_two_people_pay_without_the_approval_and_stand_before_a_third(engine, who, case):
    held(engine, *case)
    asked = ask(engine, who["fay"], case)
    assert sign(engine, who["carl"], asked).state == "asked"
    held(engine, *case)
    assert sign(engine, who["ivo"], asked).state == "signed"

    pay(engine, *case)

    assert state_of(engine, case[1]) == "paid"
    assert grants(engine) == [("break_glass", "consumed"), ("break_glass", "consumed")]
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert [one.id for one in policy.emergencies(uow, state="signed")] == [asked.id]
        assert uow.execute(select(clearance.c.min_people)).scalar_one() == 2
    jobs.run_due(engine)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        told = uow.execute(select(notice_delivery.c.recipient_id).where(notice_delivery.c.event == "policy"))
        assert {who[login].user_id for login in ("ida", "aud")} <= set(told.scalars())
    with engine.unit_of_work(who["aud"]) as uow:
        assert policy.review_emergency(uow, asked.id, "looked at the invoice").state == "reviewed"
        assert policy.emergencies(uow, state="signed") == []
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert audit.verify(uow).findings == []


def test_what_waits_for_a_third_person_is_not_pushed_out_by_what_came_later(engine, who, case):
    waiting = ask(engine, who["fay"], case)
    sign(engine, who["carl"], waiting)
    sign(engine, who["ivo"], waiting)
    for _ in range(2):
        later = ask(engine, who["fay"], case)
        with engine.unit_of_work(who["fay"]) as uow:
            policy.withdraw_emergency(uow, later.id)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert [one.id for one in policy.emergencies(uow, limit=1)] == [waiting.id]
        assert [one.id for one in policy.emergencies(uow, state="signed", limit=1)] == [waiting.id]


def test_one_person_alone_never_suffices_not_even_with_two_accounts(engine, who, case):
    asked = ask(engine, who["carl"], case)
    sign(engine, who["carl"], asked)

    for login in ("carl", "carl2"):
        with pytest.raises(SecondPersonNeeded):
            sign(engine, who[login], asked)

    assert grants(engine) == []


def test_only_people_with_the_roles_who_have_no_part_in_the_payment_sign(engine, who, case):
    asked = ask(engine, who["fay"], case)

    with pytest.raises(Forbidden):
        sign(engine, who["fay"], asked)
    with pytest.raises(BreakGlassRefused, match="requester"):  # has the role, but it is his own
        sign(engine, who["req"], asked)
    with pytest.raises(Forbidden):
        sign(engine, ENGINE, asked)


@pytest.mark.parametrize("role", ["executor", "payee_bank_editor", "beneficiary"])
def test_nobody_signs_who_has_another_part_in_it(engine, who, case, role, monkeypatch):
    """Whoever pays, has entered the account, or the policy keeps from approving; neither has his signature counted."""
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY.replace("[requester, approver]", "[requester, approver, beneficiary]"))
    asked, told = ask(engine, who["fay"], case), policy_grants.roles_of
    sign(engine, who["carl"], asked)

    def with_part(*about: Any) -> dict[str, Any]:
        return {**told(*about), role: frozenset((who["ivo"].user_id,))}

    with monkeypatch.context() as of_ivo:
        of_ivo.setattr(policy_grants, "roles_of", with_part)
        with pytest.raises(BreakGlassRefused, match=role):
            sign(engine, who["ivo"], asked)
    sign(engine, who["ivo"], asked)
    with monkeypatch.context() as of_ivo:
        of_ivo.setattr(policy_grants, "roles_of", with_part)
        held(engine, *case)


def test_a_policy_that_does_not_allow_it_any_more_ends_what_was_signed(engine, who, case, monkeypatch):
    """At the gate; and the database alone takes no grant of it, and counts none that there is."""
    forbidding = "\n".join(line for line in POLICY.splitlines() if "break_glass" not in line)
    asked, late = (ask(engine, who["fay"], case) for _ in range(2))
    for login in ("carl", "ivo"):
        sign(engine, who[login], asked)
    sign(engine, who["carl"], late)
    with engine.unit_of_work(ENGINE) as uow:
        row = dict(uow.execute(select(policy_grant).limit(1)).mappings().one())
        policy.ship(uow, forbidding)
    held(engine, *case)

    gate_off(monkeypatch, places=2)
    only_the_database_stops(engine, *case)
    with engine.unit_of_work(ENGINE) as uow:
        ivo = who["ivo"].user_id
        uow.execute(update(break_glass).where(break_glass.c.id == late.id).values(
            second_by=ivo, second_person_id=ivo, second_at=uow.now, state="signed",
        ))  # fmt: skip
    of_late = {**row, "id": uuid7(), "break_glass_id": late.id, "account_id": ivo, "person_id": ivo}
    refused(engine, insert(policy_grant).values(**of_late), "POLICY.TWO_PEOPLE")


def test_a_reason_is_given_and_the_policy_must_allow_it(engine, who, case):
    with pytest.raises(BreakGlassRefused, match="too short"):
        ask(engine, who["fay"], case, "urgent             ")
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, "\n".join(line for line in POLICY.splitlines() if "break_glass" not in line))

    with pytest.raises(BreakGlassRefused, match="does not allow"):
        ask(engine, who["fay"], case)


def test_it_is_for_these_facts_and_for_a_while_only(engine, who, case, clock):
    asked = ask(engine, who["fay"], case)
    sign(engine, who["carl"], asked)
    with engine.unit_of_work(ENGINE) as uow:
        change(uow, case[1], version=12000)
    with pytest.raises(BreakGlassRefused, match="has changed"):
        sign(engine, who["ivo"], asked)
    with engine.unit_of_work(ENGINE) as uow:
        change(uow, case[1], version=10000)
    sign(engine, who["ivo"], asked)
    with engine.unit_of_work(ENGINE) as uow:
        change(uow, case[1], version=12000)
    held(engine, *case)
    with engine.unit_of_work(ENGINE) as uow:
        change(uow, case[1], version=10000)
    clock.advance(timedelta(hours=25))
    held(engine, *case)

    late = ask(engine, who["fay"], case)
    clock.advance(timedelta(hours=25))
    with pytest.raises(BreakGlassRefused, match="expired"):
        sign(engine, who["carl"], late)


def test_what_the_facts_must_be_is_not_set_aside(engine, who, case):
    asked = ask(engine, who["fay"], case)
    for login in ("carl", "ivo"):
        sign(engine, who[login], asked)
    with engine.unit_of_work(ENGINE) as uow:
        change(uow, case[1], key="unconfirmed")

    assert "facts.payee_bank_confirmed" in held(engine, *case)


def test_nobody_reviews_what_he_asked_for_or_signed(engine, who, case):
    asked = ask(engine, who["aud"], case)
    for login in ("ida", "carl"):
        sign(engine, who[login], asked)

    for login in ("ida", "aud"):  # auditors, but she signed and he asked
        with pytest.raises(SecondPersonNeeded), engine.unit_of_work(who[login]) as uow:
            policy.review_emergency(uow, asked.id, "fine")
    with pytest.raises(Forbidden), engine.unit_of_work(who["ivo"]) as uow:
        policy.review_emergency(uow, asked.id, "fine")


def test_what_is_not_needed_any_more_is_withdrawn(engine, who, case):
    asked = ask(engine, who["fay"], case)
    with engine.unit_of_work(who["fay"]) as uow:
        policy.withdraw_emergency(uow, asked.id)

    with pytest.raises(BreakGlassRefused):
        sign(engine, who["carl"], asked)


# ---------------------------------------------------------------- the database alone


def refused(engine, statement, word: str) -> None:
    with pytest.raises(IntegrityError, match=word), engine.unit_of_work(ENGINE) as uow:
        uow.execute(statement)


def test_the_row_is_frozen_and_signed_by_two(engine, who, case):
    asked = ask(engine, who["fay"], case)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        row = dict(uow.execute(select(break_glass)).mappings().one())
    short = {**row, "id": uuid7(), "reason": "x" * 19 + " "}
    refused(engine, insert(break_glass).values(**short), "reason")
    mine = update(break_glass)
    carl, ivo = who["carl"].user_id, who["ivo"].user_id
    first = {"first_by": carl, "first_person_id": carl}

    for values in ({"state": "signed"}, {"state": "signed", **first},
                   {"state": "signed", **first, "second_by": carl, "second_person_id": ivo}):  # fmt: skip
        refused(engine, mine.values(**values), "POLICY.TWO_PEOPLE")
    refused(engine, mine.values(**first, second_by=ivo, second_person_id=carl), "two_people")
    for values in ({"reason": "x" * 30}, {"subject_digest": "x"}, {"expires_at": asked.expires_at + timedelta(1)},
                   {"state": "reviewed"}):  # fmt: skip
        refused(engine, mine.values(**values), "POLICY.APPEND_ONLY|POLICY.TWO_PEOPLE")
    refused(engine, delete(break_glass), "POLICY.APPEND_ONLY")
    for login in ("carl", "ivo"):
        sign(engine, who[login], asked)
    refused(engine, mine.values(first_by=ivo, first_person_id=ivo), "APPEND_ONLY|two_people|TWO_PEOPLE")
    refused(engine, mine.values(state="reviewed"), "POLICY.TWO_PEOPLE")
    for one in (ivo, carl, who["fay"].user_id):
        refused(engine, mine.values(state="reviewed", reviewed_by=one, reviewed_person_id=one), "third_person")


def test_grants_of_an_emergency_are_its_own_and_count_as_a_pair_only(engine, who, case):
    asked = ask(engine, who["fay"], case)
    for login in ("carl", "ivo"):
        sign(engine, who[login], asked)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        one, other = (dict(row) for row in uow.execute(select(policy_grant)).mappings())
    fay = who["fay"].user_id
    forged = {**one, "id": uuid7(), "person_id": fay, "account_id": fay}

    refused(engine, insert(policy_grant).values(**forged), "POLICY.TWO_PEOPLE")
    refused(engine, insert(policy_grant).values(**{**forged, "break_glass_id": None}), "TWO_PEOPLE|origin")
    refused(engine, insert(policy_grant).values(**{**one, "id": uuid7(), "subject_digest": "x"}), "POLICY.TWO_PEOPLE")
    with engine.unit_of_work(ENGINE) as uow:
        key = uuid7()
        uow.execute(
            insert(clearance),
            {
                "id": key, "instance_id": case[0], "operation": "test.pay_bill", "idempotency_key": key, "policies": [],
                "subject_type": "test_bill", "subject_id": str(case[1]), "subject_digest": one["subject_digest"],
                "amount": 100, "currency": "CNY", "payee_id": "S-1", "payee_bank_version": 1, "requester_id": fay,
                "min_people": 1, "cleared_at": uow.now, "state": "open", "operation_class": "refund.execute",
            },
        )  # fmt: skip
        uow.execute(insert(clearance_grant), {"clearance_id": key, "grant_id": other["id"], "requirement": "x"})
    refused(engine, update(clearance).values(state="used"), "POLICY.NOT_APPROVED")


def test_no_emergency_is_made_past_the_policy(engine, who, case):
    asked = ask(engine, who["fay"], case)
    with engine.unit_of_work(ENGINE) as uow:
        row = dict(uow.execute(select(break_glass)).mappings().one())
        policy.ship(uow, "\n".join(line for line in POLICY.splitlines() if "break_glass" not in line))

    refused(engine, insert(break_glass).values(**{**row, "id": uuid7()}), "POLICY.TWO_PEOPLE")
    with pytest.raises(BreakGlassRefused):
        sign(engine, who["carl"], asked)
    agree(engine, who["fay"])
    pay(engine, *case)  # and the ordinary way is open all the time


# ---------------------------------------------------------------- there is no other way


def test_no_setting_and_no_right_of_whoever_acts_lets_a_payment_pass():
    """What decides reads documents, approvals and policies: no environment, no switch, no capability of an account."""
    root = Path(policy.__file__).parents[1]
    deciding = [root / name for name in ("calls.py", "db/guards_policy.py", "runtime/proof.py")]
    files = [*deciding, *(root / "policy").rglob("*.py"), *(root / "modules/erp").rglob("*.py")]
    read = {file.relative_to(root).as_posix(): file.read_text() for file in files}

    settings = {name for text in read.values() for name in re.findall(r"\bsettings\.(\w+)", text)}
    assert settings == {"revoke_when_disabled", "revoke_when_retired", "timezone", "zone"}, (
        "two take away, two tell time"
    )
    assert [name for name, text in read.items() if re.search(r"\benviron\b|\bgetenv\b", text)] == []
    for name in ("policy/gate.py", "calls.py", "policy/judging.py", "db/guards_policy.py"):
        assert not re.search(r"identity\.(may|require)\b|uow\.actor\b", read[name]), name


def test_an_administrator_with_every_right_is_held_like_everybody(engine, who, case):
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "all", "All", capabilities="admin cockpit policy audit people process.design")
        identity.add_member(uow, "all", "cfo")

    call, pays = OperationCall(uuid7(), case[0], "pay"), operations.get("test.pay_bill")
    with pytest.raises(PolicyHold), engine.unit_of_work(who["cfo"]) as uow:
        calls.perform(uow, pays, {"bill_id": case[1]}, call, uow.lock_instance(case[0]))
    assert state_of(engine, case[1]) == "open"
