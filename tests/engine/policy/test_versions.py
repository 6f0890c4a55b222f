"""Policies as versions: one person proposes, another puts in force, an auditor sees what became weaker."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine import audit, history, identity, jobs, policy, repository
from engine.db.base import metadata
from engine.db.identity import user_account
from engine.db.policy import policy_version
from engine.errors import Forbidden, PolicyNotThere, SecondPersonNeeded, WeakerPolicy
from engine.ids import uuid7
from engine.policy import statement
from engine.policy.versions import ALWAYS
from engine.unit_of_work import ENGINE, Actor
from tests.engine.policy.test_gate import PAYING
from tests.lending import begun_once

SHIPPED = """
- id: REF-001
  title: 先审批，后退款
  on: refund.execute
  require:
    - {approval: finance_approval, people: 1, valid_for: P10D}
  distinct: [requester, approver]
  binds: [amount, payee]
"""
STRICTER = SHIPPED.replace("people: 1", "people: 2")
SHORTER = SHIPPED.replace("P10D", "P9D")
WEAKER = SHIPPED.replace("[requester, approver]", "[approver]")
WITH_CFO = SHIPPED.replace("  distinct:", "    - {approval: cfo_approval}\n  distinct:")


@pytest.fixture
@begun_once
def who(engine) -> dict[str, Actor]:
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "controllers", "内控", capabilities="policy")
        identity.create_group(uow, "auditors", "审计", capabilities="audit")
        for login, group in (("kate", "controllers"), ("karl", "controllers"), ("aud", "auditors"), ("ann", None)):
            identity.create_user(uow, login, login.title())
            if group:
                identity.add_member(uow, group, login)
        identity.create_user(uow, "kate2", "Kate again", person_id=identity.user(uow, "kate").id)
        identity.create_user(uow, "robot", "Robot", person_id=None)
        for login in ("kate2", "robot"):
            identity.add_member(uow, "controllers", login)
        identity.add_member(uow, "auditors", "kate")
        policy.ship(uow, SHIPPED)
        return {person.login: Actor(person.id) for person in identity.users(uow)}


def propose(engine, actor: Actor, text: str, reason: str = "") -> policy.Version:
    with engine.unit_of_work(actor) as uow:
        (made,) = policy.propose(uow, text, reason)
    return made


def activate(engine, actor: Actor, made: policy.Version) -> repository.Activation:
    with engine.unit_of_work(actor) as uow:
        return repository.activate_policy(uow, made.id)


def told(engine):
    """Who was told since the last time: (login, title, text, link)."""
    jobs.run_due(engine)
    notice = metadata.tables["notification_notice"]
    with engine.unit_of_work(ENGINE) as uow:
        logins = {user.id: user.login for user in identity.users(uow)}
        rows = uow.execute(select(notice)).all()
        uow.execute(delete(notice))
        return sorted((logins[row.user_id], row.title, row.text, row.link) for row in rows)


def in_force(engine) -> list[tuple[str, int, str]]:
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return [(one.policy.id, one.number, one.source) for one in policy.versions_in_force(uow)]


def test_another_controller_is_told_of_a_proposal_and_auditors_of_what_becomes_weaker(engine, who):
    link = "/policies/REF-001"
    waits = "Kate提出了「REF-001 先审批，后退款」的第 {} 版，等待另一人生效"
    made = propose(engine, who["kate"], STRICTER)
    assert told(engine) == [(login, waits.format(2), "", link) for login in ("karl", "robot")]
    activate(engine, who["karl"], made)
    assert told(engine) == [], "it asks for more than before"

    made = propose(engine, who["kate"], WEAKER, "few people")
    weaker = "；要求有所放宽，请审阅"
    assert told(engine) == [(login, waits.format(3) + weaker, "few people", link) for login in ("aud", "karl", "robot")]
    activate(engine, who["karl"], made)
    said = "Karl使「REF-001 先审批，后退款」的第 3 版生效" + weaker
    assert told(engine) == [(login, said, "few people", link) for login in ("aud", "kate")]

    with engine.unit_of_work(who["karl"]) as uow:
        policy.propose_retirement(uow, "REF-001", "no refunds")
    said = "Karl提出停用「REF-001 先审批，后退款」，等待另一人停用" + weaker
    assert told(engine) == [(login, said, "no refunds", link) for login in ("aud", "kate", "kate2", "robot")]
    with engine.unit_of_work(who["kate"]) as uow:
        policy.retire(uow, "REF-001")
    with engine.unit_of_work(ENGINE) as uow:
        identity.change_user(uow, who["kate"].user_id, name="凯特", name_en="Kate")
        identity.change_user(uow, who["aud"].user_id, locale="en")
    said = "Kate took “REF-001 先审批，后退款” out of force. It asks less than before: please look at it"
    assert told(engine) == [("aud", said, "no refunds", link)]

    made = propose(engine, who["kate"], SHIPPED)
    with engine.unit_of_work(who["kate"]) as uow:
        policy.withdraw(uow, made.id)
    assert told(engine) == [], "it no longer waits"


def test_what_one_person_proposed_another_puts_in_force(engine, who):
    made = propose(engine, who["kate"], STRICTER)
    assert (made.state, made.number, made.weakens) == ("proposed", 2, False)
    assert in_force(engine) == [("REF-001", 1, "shipped")]

    done = activate(engine, who["karl"], made)

    assert in_force(engine) == [("REF-001", 2, "people")]
    assert (done.version.proposed_by, done.version.approved_by) == (who["kate"].user_id, who["karl"].user_id)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert policy.export(uow) == statement.write(policy.read(STRICTER))
        acts = [act.kind for act in history.acts(uow, "policy")]
        assert audit.verify(uow).findings == []
    assert acts == ["policy.activated", "policy.proposed", "policy.activated"]


@pytest.mark.parametrize("second", ["kate", "kate2"])
def test_neither_the_proposer_nor_his_other_account_is_the_second_person(engine, who, second):
    made = propose(engine, who["kate"], STRICTER)

    with pytest.raises(SecondPersonNeeded):
        activate(engine, who[second], made)

    assert in_force(engine) == [("REF-001", 1, "shipped")]


@pytest.mark.parametrize("actor", ["ann", "aud", "robot"])
def test_only_controllers_who_are_persons_propose(engine, who, actor):
    with engine.unit_of_work(ENGINE) as uow:
        if actor == "robot":
            uow.execute(update(user_account).where(user_account.c.login == "robot").values(person_id=None))

    with pytest.raises(Forbidden):
        propose(engine, who[actor], STRICTER)


def test_the_engine_itself_proposes_nothing(engine, who):
    with pytest.raises(Forbidden):
        propose(engine, ENGINE, STRICTER)


def test_what_asks_less_needs_a_reason_and_stands_before_the_auditors_until_one_has_seen_it(engine, clock, who):
    with pytest.raises(WeakerPolicy, match="An approver may be requester now"):
        propose(engine, who["kate"], WEAKER)
    made = propose(engine, who["kate"], WEAKER, "a one-person company")

    def refused(found):
        with pytest.raises(PolicyNotThere, match=found), engine.unit_of_work(who["aud"]) as uow:
            policy.review(uow, made.id)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert policy.to_review(uow) == []
    refused("found proposed")
    activate(engine, who["karl"], made)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (waiting,) = policy.to_review(uow)
    assert (waiting.weakens, waiting.reason) == (True, "a one-person company")

    with pytest.raises(SecondPersonNeeded), engine.unit_of_work(who["kate"]) as uow:  # an auditor, but it is her own
        policy.review(uow, made.id)
    with engine.unit_of_work(who["aud"]) as uow:
        seen = policy.review(uow, made.id)
    refused("found seen by an auditor")

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert policy.to_review(uow) == []
        assert seen.reviewed_by == policy.version(uow, made.id).reviewed_by == who["aud"].user_id
        (first,) = [one for one in policy.all_versions(uow) if one.number == 1]
    with pytest.raises(PolicyNotThere, match="found no weaker"), engine.unit_of_work(who["aud"]) as uow:
        policy.review(uow, first.id)

    clock.advance(timedelta(days=1))
    for login, verb in (("kate", lambda uow: policy.propose_retirement(uow, "REF-001", "no refunds any more")),
                        ("karl", lambda uow: policy.retire(uow, "REF-001"))):  # fmt: skip
        with engine.unit_of_work(who[login]) as uow:
            verb(uow)
    with engine.unit_of_work(ENGINE) as uow:
        other = Actor(identity.create_user(uow, "ada", "Ada").id)
        identity.add_member(uow, "auditors", "ada")
    with engine.unit_of_work(other) as uow:
        assert [one.id for one in policy.to_review(uow)] == [made.id], "that it has left is another thing to be seen"
        policy.review(uow, made.id)
        assert policy.to_review(uow) == []
        assert audit.verify(uow).findings == []


def test_the_file_of_the_library_changes_nothing_that_a_controller_answers_for(engine, who):
    with engine.unit_of_work(ENGINE) as uow:
        assert policy.ship(uow, STRICTER) == ["REF-001"]
        (shipped,) = policy.versions_in_force(uow)
    assert not shipped.confirmed
    with engine.unit_of_work(who["kate"]) as uow:
        assert policy.confirm(uow, shipped.id).confirmed
    with pytest.raises(PolicyNotThere), engine.unit_of_work(who["karl"]) as uow:
        policy.confirm(uow, shipped.id)

    with engine.unit_of_work(ENGINE) as uow:
        assert policy.ship(uow, WEAKER) == []
        assert policy.differs(uow, WEAKER) == ["REF-001"]
        assert policy.differs(uow, STRICTER) == []
    assert in_force(engine) == [("REF-001", 2, "shipped")]


def test_a_policy_leaves_when_two_people_say_so(engine, who):
    with pytest.raises(PolicyNotThere), engine.unit_of_work(who["kate"]) as uow:
        policy.retire(uow, "REF-001")
    with pytest.raises(WeakerPolicy), engine.unit_of_work(who["kate"]) as uow:
        policy.propose_retirement(uow, "REF-001", " ")
    for login, reason in (("kate", "no refunds"), ("kate2", "no refunds any more")):
        with engine.unit_of_work(who[login]) as uow:
            policy.propose_retirement(uow, "REF-001", reason)
    with pytest.raises(PolicyNotThere, match="decided first"), engine.unit_of_work(who["karl"]) as uow:
        policy.propose_retirement(uow, "REF-001", "yes")
    with pytest.raises(SecondPersonNeeded), engine.unit_of_work(who["kate2"]) as uow:
        policy.retire(uow, "REF-001")
    assert in_force(engine) == [("REF-001", 1, "shipped")]

    with engine.unit_of_work(who["karl"]) as uow:
        done = policy.retire(uow, "REF-001")
    assert (done.state, done.retired_by, done.retire_reason) == ("retired", who["kate2"].user_id, "no refunds any more")

    assert in_force(engine) == []
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert [one.policy.id for one in policy.to_review(uow)] == ["REF-001"]


@pytest.mark.parametrize("login", ["kate2", "karl"])
def test_that_a_policy_leaves_is_taken_back_or_turned_down_and_stays_on_record(engine, who, login):
    asks = [("kate", lambda uow: policy.propose_retirement(uow, "REF-001", "no refunds"))]
    stays = [(login, lambda uow: policy.withdraw_retirement(uow, "REF-001", "somebody refunds"))]
    for actor, verb in asks + stays:
        with engine.unit_of_work(who[actor]) as uow:
            found = verb(uow)
        with engine.unit_of_work(ENGINE) as uow:
            assert audit.verify(uow).findings == []
    assert (found.state, found.retired_by, found.retire_reason) == ("active", None, None)
    assert told(engine) == [], "nobody is asked for what was taken back"
    assert in_force(engine) == [("REF-001", 1, "shipped")]
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        act = next(iter(history.acts(uow, "policy")))
        assert (act.kind, act.actor_id) == ("policy.retirement_withdrawn", who[login].user_id)
        assert act.data["proposed_by"] == str(who["kate"].user_id)
        assert policy.to_review(uow) == []
    for verb in (policy.retire, policy.withdraw_retirement):
        with pytest.raises(PolicyNotThere, match="proposed for retirement"), engine.unit_of_work(who["karl"]) as uow:
            verb(uow, "REF-001")
    with pytest.raises(Forbidden), engine.unit_of_work(ENGINE) as uow:
        policy.withdraw_retirement(uow, "REF-001")

    with engine.unit_of_work(who["kate"]) as uow:
        policy.propose_retirement(uow, "REF-001", "nobody any more")
    with engine.unit_of_work(who["karl"]) as uow:
        assert policy.retire(uow, "REF-001").left
        assert audit.verify(uow).findings == []


def test_a_proposal_is_replaced_by_its_author_only_and_may_be_withdrawn(engine, who):
    first = propose(engine, who["kate"], STRICTER)
    second = propose(engine, who["kate"], STRICTER.replace("P10D", "P9D"))
    with pytest.raises(PolicyNotThere):
        propose(engine, who["karl"], STRICTER)
    with pytest.raises(PolicyNotThere):
        activate(engine, who["karl"], first)
    with engine.unit_of_work(who["karl"]) as uow:
        policy.withdraw(uow, second.id, "no")

    with pytest.raises(PolicyNotThere):
        activate(engine, who["karl"], second)
    assert in_force(engine) == [("REF-001", 1, "shipped")]


def test_what_has_become_weaker_since_it_was_proposed_is_said_at_the_activation(engine, who):
    made = propose(engine, who["kate"], SHIPPED.replace("P10D", "P9D"))
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, STRICTER)

    with pytest.raises(WeakerPolicy, match="1 people instead of 2"):
        activate(engine, who["karl"], made)


def test_activating_names_the_definitions_that_no_longer_prove(engine, who):
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/p.bpmn": PAYING})
    assert activate(engine, who["karl"], propose(engine, who["kate"], SHORTER)).unproved == ()
    (alone,) = activate(
        engine, who["karl"], propose(engine, who["kate"], SHORTER.replace("people: 1", "people: 2"))
    ).unproved
    assert "finance_approval by 2 people" in str(alone.findings[0])

    done = activate(engine, who["karl"], propose(engine, who["kate"], WITH_CFO, "the director looks too"))

    (broken,) = done.unproved
    assert broken.definition.key == "p"
    assert "cfo_approval" in str(broken.findings[0])


def test_a_capability_that_no_task_provides_is_named_where_it_is_missed(engine, who):
    files = {"processes/oa/p.bpmn": PAYING}
    with engine.unit_of_work(ENGINE) as uow:
        assert repository.wanting(uow, policy.in_force(uow)) == [repository.Wanting("REF-001", "finance_approval")]
        told = repository.deploy(uow, files).findings
        assert [one for one in told if one.rule == "capability-not-provided"] == []
        assert repository.wanting(uow, policy.in_force(uow)) == []

    wanted = WITH_CFO.replace("{approval: cfo_approval}", '{approval: cfo_approval, when: "= facts.amount = null"}')
    activate(engine, who["karl"], propose(engine, who["kate"], wanted, "the director looks too"))

    with engine.unit_of_work(ENGINE) as uow:
        assert repository.wanting(uow, policy.in_force(uow)) == [repository.Wanting("REF-001", "cfo_approval")]
        again = repository.check(uow, files)
    assert {one.facts["capability"] for one in again if one.rule == "capability-not-provided"} == {"cfo_approval"}


# ---------------------------------------------------------------- the database alone


def refused(engine, statement) -> str:
    with pytest.raises(IntegrityError) as error, engine.unit_of_work(ENGINE) as uow:
        uow.execute(statement)
    return str(error.value)


def test_a_version_is_never_changed_or_deleted(engine, who):
    made = propose(engine, who["kate"], STRICTER)
    activate(engine, who["karl"], made)
    mine = update(policy_version).where(policy_version.c.id == made.id)

    for change in ({"statement": {"id": "x"}}, {"policy_id": "X"}, {"proposed_by": None}, {"weakens": True},
                   {"state": "proposed"}, {"approved_by": who["ann"].user_id}, {"min_people": 0}):  # fmt: skip
        assert "POLICY.APPEND_ONLY" in refused(engine, mine.values(**change))
    assert "POLICY.APPEND_ONLY" in refused(engine, delete(policy_version))


def a_row(**values):
    row = {
        "id": uuid7(), "policy_id": "REF-001", "version": 9, "operation_class": "refund.execute", "statement": {},
        "state": "active", "source": "people", "valid_from": ALWAYS, "valid_to": None,
    }  # fmt: skip
    return row | values


def test_no_row_is_born_in_force_but_a_first_shipped_one(engine, who):
    with engine.unit_of_work(who["kate"]) as uow:
        policy.confirm(uow, policy.versions_in_force(uow)[0].id)
    kate, karl = who["kate"].user_id, who["karl"].user_id

    for values in (
        {}, {"source": "shipped"}, {"proposed_by": kate, "approved_by": karl}, {"source": "other", "policy_id": "NEW"},
        {"source": "shipped", "policy_id": "NEW", "approved_by": karl},
    ):  # fmt: skip
        assert "POLICY.TWO_PEOPLE" in refused(engine, insert(policy_version).values(**a_row(**values)))


def test_a_proposal_without_two_persons_is_not_put_in_force_by_hand(engine, who):
    made = propose(engine, who["kate"], STRICTER)
    with engine.unit_of_work(ENGINE) as uow:
        uow.execute(
            update(policy_version).where(policy_version.c.state == "active").values(state="retired", valid_to=uow.now)
        )
    mine = update(policy_version).where(policy_version.c.id == made.id)
    kate, karl = who["kate"].user_id, who["karl"].user_id

    for values in ({}, {"approved_by": karl}, {"approved_by": karl, "approved_person_id": kate},
                   {"approved_by": kate, "approved_person_id": karl}):  # fmt: skip
        error = refused(engine, mine.values(state="active", **values))
        assert "POLICY.TWO_PEOPLE" in error or "two_people" in error


def test_one_policy_has_one_version_in_force(engine, who):
    assert "policy_version" in refused(engine, insert(policy_version).values(**a_row(source="shipped")))


def test_the_shipped_file_is_what_is_exported_again(engine):
    text = Path("processes/policies.yml").read_text(encoding="utf-8")
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, text)
        assert policy.read(policy.export(uow)) == sorted(policy.read(text), key=lambda one: one.id)
