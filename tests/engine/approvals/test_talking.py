"""评论 with @mention, and 沟通: who is told, who may read, and what stays private."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine import identity, jobs, tasks
from engine.db.notice import notice_delivery
from engine.errors import Forbidden, InstanceOver, InvalidValue, NotFound, Suspended
from engine.unit_of_work import ENGINE
from tests.engine.approvals.office import approval

pytestmark = pytest.mark.approvals

HIDDEN = (
    '<zeebe:formDefinition formId="oa/claim"/><troika:fields default="read"><troika:field id="note" perm="hidden"/>'
    "</troika:fields>"
)


def told(office):
    """(event, whom) in the order in which people were told inside the product."""
    logins = {actor.user_id: login for login, actor in office.who.items()}
    jobs.run_due(office.engine)
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        rows = uow.execute(select(notice_delivery).order_by(notice_delivery.c.at, notice_delivery.c.id))
        return [(row.event, logins[row.recipient_id]) for row in rows]


def mentions(office, login, instance):
    [comment] = office.do(login, tasks.comments, instance)
    return {mention.name: mention.reads for mention in comment.mentions}


def test_a_mention_lets_nobody_read_until_somebody_who_may_has_confirmed_it(office):
    instance = office.begin(approval("check", HIDDEN, users="bob"), form=True, amount=1, note="secret")
    comment = office.do("bob", tasks.comment, instance, "what do you say?", ["ann", "fay"])

    assert mentions(office, "bob", instance) == {"Ann": True, "Fay": False}
    assert not office.do("fay", tasks.may_see, instance)
    assert [event for event, who in told(office) if who == "fay"] == []
    assert ("mention", "ann") in told(office)
    with pytest.raises(Forbidden):
        office.do("fay", tasks.admit, instance, comment, "fay")
    with pytest.raises(NotFound):  # only who was mentioned
        office.do("bob", tasks.admit, instance, comment, "gus")

    assert office.do("ann", tasks.admit, instance, comment, "fay") is True
    assert office.do("bob", tasks.admit, instance, comment, "fay") is False

    assert [event for event, who in told(office) if who == "fay"] == ["mention"]
    assert mentions(office, "fay", instance) == {"Ann": True, "Fay": True}
    allowed = office.do("fay", tasks.sight, instance)
    assert (allowed.on("amount"), allowed.on("note")) == ("read", "hidden")
    assert [item.instance_id for item in office.items("fay", "copied")] == [instance]


def test_a_comment_names_people_who_are_there_and_comes_once(office):
    instance = office.begin(approval(users="bob"))
    with office.engine.unit_of_work(ENGINE) as uow:
        identity.disable(uow, identity.user(uow, "hal").id)

    with pytest.raises(InvalidValue, match="Hal"):
        office.do("bob", tasks.comment, instance, "?", ["hal"])
    with pytest.raises(NotFound):
        office.do("bob", tasks.comment, instance, "?", ["nobody"])
    one, two = (office.do("bob", tasks.comment, instance, "?", idempotency_key="c") for _ in range(2))

    assert one == two
    assert len(office.do("bob", tasks.comments, instance)) == 1


def test_the_last_comments_are_shown_and_those_before_on_demand(office):
    instance = office.begin(approval(users="bob"))
    for number in range(5):
        office.do("bob", tasks.comment, instance, f"{number}")

    last = office.do("bob", tasks.comments, instance, limit=2)
    before = office.do("bob", tasks.comments, instance, before=last[0].id, limit=2)

    assert [comment.text for comment in (*before, *last)] == ["1", "2", "3", "4"]


def test_a_private_thread_is_for_its_members_and_for_audit(office):
    with office.engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "auditors", "审计", capabilities="audit")
        identity.add_member(uow, "auditors", "ivy")
    instance = office.begin(approval(users="bob,eve"))

    thread = office.do("bob", tasks.consult, instance, ["ann", "fay"], "is the price right?")
    office.do("fay", tasks.answer, instance, thread, "yes, I asked")

    def read(login):
        found = office.do(login, tasks.consultations, instance)
        return [(one.people, [said.text for said in one.messages], one.mine) for one in found]

    said = (("Bob", "Ann", "Fay"), ["is the price right?", "yes, I asked"])
    for login in ("ann", "bob", "fay"):
        assert read(login) == [(*said, True)]
    assert read("ivy") == [(*said, False)]
    assert read("eve") == read("dan") == []  # asked too, and the cockpit: not theirs
    assert office.do("eve", tasks.comments, instance) == []
    for login in ("eve", "ivy", "dan"):
        with pytest.raises(NotFound):
            office.do(login, tasks.answer, instance, thread, "me too")
    with pytest.raises(Forbidden):
        office.do("gus", tasks.consultations, instance)
    assert not any("price" in str(fact.data) or "Fay" in str(fact.data) for fact in office.facts(instance, ""))


def test_members_of_a_thread_are_told_each_time_and_groups_never(office):
    instance = office.begin(approval(users="bob"))

    thread = office.do("bob", tasks.consult, instance, ["fay"], "?")
    assert told(office) == [("consult", "fay")]
    office.clock.advance(timedelta(minutes=1))
    office.do("fay", tasks.answer, instance, thread, "!")

    assert told(office) == [("consult", "fay"), ("consult", "bob")]


def test_threads_begin_while_the_request_runs_and_are_answered_afterwards(office):
    instance = office.begin(approval(users="bob"))
    thread = office.do("bob", tasks.consult, instance, ["ann"], "?", idempotency_key="t")
    assert office.do("bob", tasks.consult, instance, ["ann"], "?", idempotency_key="t") == thread
    with pytest.raises(Forbidden):
        office.do("gus", tasks.consult, instance, ["ann"], "?")
    for people in ([], ["bob"]):
        with pytest.raises(InvalidValue):
            office.do("bob", tasks.consult, instance, people, "?")
    office.do("dan", tasks.suspend, instance, "audit")
    with pytest.raises(Suspended):
        office.do("bob", tasks.consult, instance, ["ann"], "?")
    office.do("dan", tasks.activate, instance)
    office.act("bob", tasks.agree)
    with pytest.raises(InstanceOver):
        office.do("bob", tasks.consult, instance, ["ann"], "?")

    office.do("ann", tasks.answer, instance, thread, "!")
    office.do("ann", tasks.comment, instance, "thank you")
