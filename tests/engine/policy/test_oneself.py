"""Who is named as his own judge is one whom the engine lets approve, and nobody else is."""

from datetime import timedelta
from uuid import UUID

import pytest

from engine import identity, policy, repository, runtime, tasks
from engine.errors import ActNotOffered, CannotTransfer, NotYourTask
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import END, START, drawing, flows
from tests.engine.policy.test_gate import APPROVE, POLICY, a_bill, grants
from tests.lending import begun_once

WEEK = timedelta(days=7)
NAMED = '<zeebe:assignmentDefinition candidateUsers="fay,cfo"/>'
NOT_APART = POLICY.replace("[requester, approver]", "[approver]").replace("    - {approval: cfo_approval", "#")
ENTITLED = NOT_APART.replace("people: 1, valid_for: P10D", "eligible: '= actor.position = \"主管\"'")


@pytest.fixture
@begun_once
def who(engine) -> dict[str, Actor]:
    """Bob manages ann and eve; he, his second account and cyd hold a position."""
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "process_admin", "流程管理员")
        for login in ("bob", "cyd", "ann", "eve", "dan"):
            identity.create_user(uow, login, login.title(), manager="bob" if login in ("ann", "eve") else None)
        identity.create_user(uow, "bob2", "Bob again", person_id=identity.user(uow, "bob").person_id)
        for login in ("bob", "bob2"):
            identity.change_user(uow, identity.user(uow, login).id, position="主管")
        return {user.login: Actor(user.id) for user in identity.users(uow)}


def stands_in(engine, principal: Actor, substitute: str, **options) -> None:
    with engine.unit_of_work(principal) as uow:
        identity.substitute(uow, principal.user_id, substitute, uow.now, uow.now + WEEK, **options)


def set_up(engine, stated: str, assigned: str) -> None:
    asking = drawing(START + APPROVE.format(provides="finance_approval").replace(NAMED, assigned) + END
                     + flows("start fin end"))  # fmt: skip
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, stated)
        repository.deploy(uow, {"processes/oa/p.bpmn": asking})


def judges(engine) -> list[str]:
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        said = [one.sentence for one in repository.staffing(uow) if one.kind == "self"]
        return [text.format(**facts).removeprefix("REF-001").lstrip(": ") for text, facts in said]


def asked_for(engine, requester: Actor, starter: Actor) -> None:
    """Somebody begins what is about another one's document."""
    bill_id = a_bill(engine, requester)
    with engine.unit_of_work(starter) as uow:
        runtime.start(uow, "p", {"bill_id": str(bill_id)})


def item_of(engine, actor: Actor, *before: UUID) -> UUID:
    with engine.unit_of_work(actor, read_only=True) as uow:
        [found] = [one.work_item_id for one in tasks.inbox(uow).items if one.work_item_id not in before]
        return found


def agrees(engine, actor: Actor, item: UUID) -> list[tuple[str, str]]:
    with engine.unit_of_work(actor) as uow:
        tasks.agree(uow, item)
    return grants(engine)


MANAGER = '<troika:assignment strategy="initiatorManager"/>'
POSITION = '<troika:assignment strategy="position" position="主管"/>'
GIVEN = [("finance_approval", "active")]
OWN = "{} may approve what he asks for himself, "
HANDED = "does not say who may give finance_approval: whoever is asked may hand it to the person who asks."
BY_LINE = OWN.format("Bob") + "as manager of those who ask."


def test_the_substitute_of_his_manager_is_named_and_nobody_two_steps_away(engine, who):
    set_up(engine, NOT_APART, MANAGER)
    stands_in(engine, who["bob"], "ann")
    stands_in(engine, who["ann"], "dan")
    assert judges(engine) == [BY_LINE, OWN.format("Ann") + "as the substitute of Bob.", HANDED]

    asked_for(engine, who["ann"], who["eve"])
    item = item_of(engine, who["ann"])
    with pytest.raises(NotYourTask), engine.unit_of_work(who["dan"]) as uow:
        tasks.agree(uow, item)
    assert agrees(engine, who["ann"], item) == GIVEN


def test_who_stands_in_elsewhere_or_is_not_entitled_himself_is_not_named(engine, who):
    set_up(engine, NOT_APART, MANAGER)
    stands_in(engine, who["bob"], "ann", scope="processes", names=["other"])
    assert judges(engine) == [BY_LINE, HANDED]
    asked_for(engine, who["ann"], who["eve"])
    item = item_of(engine, who["bob"])
    with pytest.raises(NotYourTask), engine.unit_of_work(who["ann"]) as uow:
        tasks.agree(uow, item)

    set_up(engine, ENTITLED, MANAGER)
    stands_in(engine, who["bob"], "eve", scope="processes", names=["p"])
    assert judges(engine) == [BY_LINE]
    asked_for(engine, who["eve"], who["ann"])
    assert agrees(engine, who["eve"], item_of(engine, who["eve"], item)) == []


def test_a_task_is_handed_to_the_requester_where_nothing_says_who_may_and_advice_is_no_approval(engine, who):
    set_up(engine, ENTITLED, MANAGER)
    asked_for(engine, who["ann"], who["eve"])
    item = item_of(engine, who["bob"])
    with pytest.raises(CannotTransfer), engine.unit_of_work(who["bob"]) as uow:
        tasks.transfer(uow, item, "ann", "busy")
    with engine.unit_of_work(who["bob"]) as uow:
        tasks.delegate(uow, item, "ann", "what do you say?")
    with pytest.raises(ActNotOffered), engine.unit_of_work(who["ann"]) as uow:
        tasks.agree(uow, tasks.inbox(uow).items[0].work_item_id)
    assert judges(engine) == [BY_LINE]

    set_up(engine, NOT_APART, MANAGER)
    assert judges(engine) == [BY_LINE, HANDED]
    asked_for(engine, who["dan"], who["eve"])
    item = item_of(engine, who["bob"], item)
    with engine.unit_of_work(who["bob"]) as uow:
        handed = tasks.transfer(uow, item, "dan", "busy")
    assert agrees(engine, who["dan"], handed) == GIVEN


def test_two_accounts_of_one_person_are_one_and_one_address_of_two_persons_is_told(engine, who):
    with engine.unit_of_work(ENGINE) as uow:
        for login in ("dan", "cyd"):
            identity.change_user(
                uow, identity.user(uow, login).id, email=f"{'D' if login == 'dan' else 'd'}an@example.com"
            )
    apart = ENTITLED.replace("distinct: [approver]", "distinct: [requester, approver]")
    set_up(engine, apart, POSITION)
    assert judges(engine) == []
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        away = [one.kind for one in repository.short_staffed(uow, ["REF-001"])]
    assert away == ["away"], "who holds it twice is one person"

    with engine.unit_of_work(ENGINE) as uow:
        identity.change_user(uow, identity.user(uow, "cyd").id, position="主管")
    assert judges(engine) == [
        "Cyd (cyd) and Dan (dan) share an e-mail address but count as two: one may approve for the other."
    ]
    asked_for(engine, who["dan"], who["dan"])
    assert agrees(engine, who["cyd"], item_of(engine, who["cyd"])) == GIVEN
